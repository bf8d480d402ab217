use std::fmt;
use std::time::Duration;

use aws_smithy_async::future::timeout::Timeout;
use aws_smithy_async::rt::sleep::{AsyncSleep as _, SharedAsyncSleep};
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http::{HeaderValue, Request, header};
use s3s::Body;

use super::{Layer, NoAnswer};

/// A fake as the HTTP client of an AWS SDK: requests go to the [`Layer`] in place of a socket, bodies frame by frame.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) layer: Layer,
}

/// A [`Client`] with the timeouts of one operation.
struct Connector {
    layer: Layer,
    connect_timeout: Option<Duration>,
    read_timeout: Option<Duration>,
    sleep: Option<SharedAsyncSleep>,
}

/// Why the SDK gets a timeout.
#[derive(Debug, thiserror::Error)]
#[error("HTTP {phase} timeout after {timeout:?}")]
struct HttpTimeout {
    phase: &'static str,
    timeout: Duration,
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            layer: self.layer.clone(),
            connect_timeout: settings.connect_timeout(),
            read_timeout: settings.read_timeout(),
            sleep: components.sleep_impl(),
        })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let layer = self.layer.clone();
        let sleep = self.sleep.clone();
        let (connect_timeout, read_timeout) = (self.connect_timeout, self.read_timeout);
        HttpConnectorFuture::new(async move {
            let request = request_of(request)?;
            give_no_connection(request.extensions());
            let exchange = layer.receive(request).await;
            within(connect_timeout, "connect", sleep.as_ref(), layer.connect(&exchange))
                .await
                .map_err(ConnectorError::never_connected)?;
            // Boxed, since it has in it what any operation of any service may keep.
            let answer = Box::pin(layer.answer(exchange));
            let answer = within(read_timeout, "read", sleep.as_ref(), answer).await?;
            let answer = answer.map_err(|reason| match reason {
                NoAnswer::ConnectionClosed => ConnectorError::io(reason.into()),
                // As hyper has it: a body that fails is its owner's fault, and retrying will not help.
                NoAnswer::RequestBody(_) => ConnectorError::user(reason.into()),
            })?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

fn request_of(request: HttpRequest) -> Result<Request<Body>, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let mut request = request.map(Body::http_body);
    // Hyper would set it; a request to a virtual host means nothing without.
    if let (false, Some(authority)) =
        (request.headers().contains_key(header::HOST), request.uri().authority())
    {
        let host =
            HeaderValue::from_str(authority.as_str()).map_err(|error| ConnectorError::user(error.into()))?;
        request.headers_mut().insert(header::HOST, host);
    }
    Ok(request)
}

/// For an HTTP client under the SDK that has no connections: the SDK closes the one behind an answer such as 503, and logs an error
/// where it finds none. From here on it finds one, of which nothing has to be closed. `extensions` are those of the request.
pub fn give_no_connection(extensions: &http::Extensions) {
    if let Some(capture) = extensions.get::<CaptureSmithyConnection>() {
        let connection = || ConnectionMetadata::builder().proxied(false).poison_fn(|| {}).build();
        capture.set_connection_retriever(move || Some(connection()));
    }
}

async fn within<T>(
    timeout: Option<Duration>,
    phase: &'static str,
    sleep: Option<&SharedAsyncSleep>,
    future: impl Future<Output = T> + Send,
) -> Result<T, ConnectorError> {
    let (Some(timeout), Some(sleep)) = (timeout, sleep) else { return Ok(future.await) };
    let timed = Timeout::new(Box::pin(future), sleep.sleep(timeout)).await;
    timed.map_err(|_| ConnectorError::timeout(HttpTimeout { phase, timeout }.into()))
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeAws")
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeAws")
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_async::rt::sleep::TokioSleep;
    use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;

    use super::*;
    use crate::FakeAws;

    #[tokio::test]
    async fn the_sdk_finds_a_connection_to_close() {
        let client = FakeAws::new().http_client();
        let components = RuntimeComponentsBuilder::for_tests().with_sleep_impl(Some(TokioSleep::new()));
        let settings = HttpConnectorSettings::default();
        let connector = client.http_connector(&settings, &components.build().unwrap());
        let capture = CaptureSmithyConnection::new();
        let mut request = HttpRequest::get("https://s3.eu-west-1.amazonaws.com/").unwrap();
        request.add_extension(capture.clone());
        connector.call(request).await.unwrap();
        assert!(capture.get().is_some());
    }
}
