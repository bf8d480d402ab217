//! What stands between the clients of services and the HTTP client.

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::service::Service;

type Wrap = dyn Fn(Service, Option<&str>, SharedHttpClient) -> SharedHttpClient + Send + Sync;

/// From a service, a guest and an HTTP client to the HTTP client that is used in its place.
#[derive(Clone)]
pub(crate) struct ServiceHttp(Arc<Wrap>);

impl ServiceHttp {
    pub(crate) fn new(
        wrap: impl Fn(Service, Option<&str>, SharedHttpClient) -> SharedHttpClient + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(wrap))
    }

    pub(crate) fn wrap(
        &self,
        service: Service,
        guest: Option<&str>,
        http: SharedHttpClient,
    ) -> SharedHttpClient {
        (self.0)(service, guest, http)
    }
}

impl fmt::Debug for ServiceHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceHttp")
    }
}
