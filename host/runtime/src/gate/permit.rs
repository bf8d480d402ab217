//! The leave to carry out an operation, or why there is none.

use innkeeper_aws::{ClientFactory, Scope, Service};

use super::CallRecord;
use crate::bindings::s3_types;

/// The leave to carry out one operation, once.
pub(crate) struct Permit<C> {
    pub(crate) client: C,
    pub(crate) call: CallRecord,
}

/// Why there is no leave.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The policy says no.
    Denied,
    /// The quota of this key is used up.
    Quota(&'static str),
    /// The limit of this key is reached.
    Limit(&'static str),
    /// A condition asks for the tags of an object, and they cannot be looked up.
    Tags(s3_types::Error),
    /// The host cannot: it has no region, no credentials. The cause is in the log and the audit trail.
    Host,
}

/// A service's client, and where it comes from.
pub(super) trait Client: Sized {
    const SERVICE: Service;

    fn of(
        factory: &ClientFactory,
        scope: &Scope,
    ) -> impl Future<Output = Result<Self, innkeeper_aws::Error>> + Send;
}

impl Client for aws_sdk_s3::Client {
    const SERVICE: Service = Service::S3;

    async fn of(factory: &ClientFactory, scope: &Scope) -> Result<Self, innkeeper_aws::Error> {
        factory.s3(scope).await
    }
}

impl Client for aws_sdk_sqs::Client {
    const SERVICE: Service = Service::Sqs;

    async fn of(factory: &ClientFactory, scope: &Scope) -> Result<Self, innkeeper_aws::Error> {
        factory.sqs(scope).await
    }
}

impl Client for aws_sdk_lambda::Client {
    const SERVICE: Service = Service::Lambda;

    async fn of(factory: &ClientFactory, scope: &Scope) -> Result<Self, innkeeper_aws::Error> {
        factory.lambda(scope).await
    }
}
