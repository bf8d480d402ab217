//! From a session to the client of a service.

use crate::bounded::BoundInterceptor;
use crate::class::ClassConfig;
use crate::endpoint::AddressingStyle;
use crate::host::Host;
use crate::observe::ObserveInterceptor;
use crate::rejection::{OtherRetries, RejectionClassifier, RejectionInterceptor};
use crate::scrub::ScrubInterceptor;
use crate::service::Service;
use crate::session::Session;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_types::SdkConfig;
use std::sync::Arc;

/// A client of one service, in the SDK's own type.
pub(crate) trait ServiceClient: Clone + Send + Sync + 'static {
    const SERVICE: Service;

    fn build(recipe: &Recipe<'_>) -> Self;
}

/// What a client is made of.
pub(crate) struct Recipe<'a> {
    pub(crate) host: &'a Host,
    pub(crate) session: &'a Session,
    pub(crate) guest: Option<&'a str>,
    pub(crate) class: &'a ClassConfig,
    pub(crate) partition: RetryPartition,
}

impl Recipe<'_> {
    fn sdk_config(&self, service: Service) -> SdkConfig {
        // The second attempt of a class with one is for rejected credentials alone: see `OtherRetries`.
        let class = ClassConfig { max_attempts: self.class.max_attempts.max(TWO), ..self.class.clone() };
        let mut config = self.host.sdk_config(&class, &self.session.region, self.session.variant);
        if let Some(before) = &self.host.service_http {
            config.set_http_client(Some(before.wrap(service, self.guest, self.host.http.clone())));
        }
        config.set_credentials_provider(self.session.provider());
        config.set_endpoint_url(self.session.endpoint(service).map(|endpoint| endpoint.as_str().to_owned()));
        config.build()
    }

    fn classifier(&self) -> RejectionClassifier {
        RejectionClassifier::new(match self.class.max_attempts.get() {
            1 => OtherRetries::Forbidden,
            _ => OtherRetries::Allowed,
        })
    }

    fn interceptor(&self) -> Option<RejectionInterceptor> {
        self.session.credentials.as_ref().map(|cell| RejectionInterceptor::new(Arc::clone(cell)))
    }
}

const TWO: std::num::NonZeroU32 = std::num::NonZeroU32::MIN.saturating_add(1);

/// The part that is the same for every service, in its own types.
macro_rules! configure {
    ($service:ident, $recipe:expr) => {{
        let recipe = $recipe;
        let mut config = $service::config::Builder::from(&recipe.sdk_config(Self::SERVICE))
            .retry_partition(recipe.partition.clone())
            .retry_classifier(recipe.classifier());
        // They are permanent: no call can do without them, and none looks in each of its phases whether they are disabled.
        config.push_interceptor(SharedInterceptor::permanent(BoundInterceptor(Self::SERVICE)));
        config.push_interceptor(SharedInterceptor::permanent(ScrubInterceptor));
        config.push_interceptor(SharedInterceptor::permanent(ObserveInterceptor));
        match recipe.interceptor() {
            Some(interceptor) => {
                config.push_interceptor(SharedInterceptor::permanent(interceptor));
            }
            None => config = config.allow_no_auth(),
        }
        config
    }};
}

impl ServiceClient for aws_sdk_s3::Client {
    const SERVICE: Service = Service::S3;

    fn build(recipe: &Recipe<'_>) -> Self {
        let style = recipe.session.endpoint(Service::S3).map(crate::endpoint::Endpoint::style);
        let config = configure!(aws_sdk_s3, recipe)
            .force_path_style(style == Some(AddressingStyle::Path))
            // A directory bucket is called with the identity's own signature: sessions for it would be credentials of
            // another cache, whose token the SDK logs at trace level.
            .disable_s3_express_session_auth(true);
        Self::from_conf(config.build())
    }
}

impl ServiceClient for aws_sdk_sqs::Client {
    const SERVICE: Service = Service::Sqs;

    fn build(recipe: &Recipe<'_>) -> Self {
        Self::from_conf(configure!(aws_sdk_sqs, recipe).build())
    }
}

impl ServiceClient for aws_sdk_lambda::Client {
    const SERVICE: Service = Service::Lambda;

    fn build(recipe: &Recipe<'_>) -> Self {
        Self::from_conf(configure!(aws_sdk_lambda, recipe).build())
    }
}

impl ServiceClient for aws_sdk_sts::Client {
    const SERVICE: Service = Service::Sts;

    fn build(recipe: &Recipe<'_>) -> Self {
        Self::from_conf(configure!(aws_sdk_sts, recipe).build())
    }
}
