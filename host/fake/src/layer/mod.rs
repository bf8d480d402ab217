//! The layer between a client and the services: what AWS does with every request whatever it asks.
//!
//! A request is received (which service, which operation, who signed it, which fault waits for it), answered by its
//! service, and finished (request ids, `Date`, the call log). Faults and the clock live here and nowhere else. A client
//! enters through [`connector`]; a listening server would call the same three steps.

mod admission;
mod answer;
mod canonical;
mod chunked;
mod connector;
mod context;
mod date;
mod download;
mod endpoint;
mod operation;
mod receive;
mod signature;
mod signature_v2;
mod signer;
mod subresource;
mod target;
mod upload;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use s3s::{Body, StdError};
use time::OffsetDateTime;
use time::macros::format_description;

pub(crate) use answer::{Answer, AwsError, ErrorCode, RequestIds, STS_NAMESPACE, xml};
pub(crate) use canonical::latin_1;
pub(crate) use chunked::ChunkedError;
pub(crate) use connector::Client;
pub use connector::give_no_connection;
pub(crate) use context::{DEFAULT_REGION, RequestContext, SourceIp};
pub(crate) use download::Download;
pub(crate) use endpoint::names_bucket;
pub(crate) use operation::s3_operations;
pub(crate) use signature::verify_policy;
pub(crate) use signer::{Signer, is_signature_parameter};
pub(crate) use target::{Style, Target};
pub(crate) use upload::Trailers;

use crate::account::Caller;
use crate::calls::{Entry, Service};
use crate::fake::Shared;
use crate::fault::{Effect, Plan};
use crate::s3::S3Service;
use crate::{lambda, sqs, sts};
use admission::{admit, unsigned};
use endpoint::Endpoint;
use operation::PREFLIGHT;
use receive::{Content, Known, Received};
use signature::Signed;

/// The wire side of a fake: every request to any of its services goes through here.
#[derive(Clone)]
pub(crate) struct Layer {
    shared: Arc<Shared>,
    s3: S3Service,
}

/// A request that has been received and waits for its answer.
pub(crate) struct Exchange {
    request: Received,
    entry: Arc<Entry>,
    plan: Plan,
}

/// Why there is no answer: the client knows nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// A fault has closed the connection.
    #[error("injected fault: connection closed before the answer")]
    ConnectionClosed,
    /// The client could not send its body to the end, so that no server would have answered.
    #[error("error from the body of the request")]
    RequestBody(#[source] StdError),
}

impl Layer {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { s3: S3Service::new(Arc::clone(&shared)), shared }
    }

    /// Waits until the connection stands, which takes time only under a fault.
    pub(crate) async fn connect(&self, exchange: &Exchange) {
        if !exchange.plan.connect_delay.is_zero() {
            tokio::time::sleep(exchange.plan.connect_delay).await;
        }
    }

    /// Performs the operation and gives its answer.
    pub(crate) async fn answer(&self, exchange: Exchange) -> Result<Response<Download>, NoAnswer> {
        let Exchange { request, entry, plan } = exchange;
        let left = match &request.content {
            Content::Upload(upload) => Some(upload.clone()),
            Content::Known(_) => None,
        };
        if !plan.delay.is_zero() {
            // A slow service has taken the request: what it is slow about is the answer.
            if let Some(upload) = &left {
                upload.clone().buffer().await;
            }
            tokio::time::sleep(plan.delay).await;
        }
        let method = request.parts.method.clone();
        let expect = request.parts.headers.get(header::EXPECT);
        let asks_first = expect.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        let (service, ids) = (request.endpoint.service.clone(), request.ids.clone());
        let refusal = request.refusal();
        let mut answer = match &plan.effect {
            Effect::CutBefore => return Err(NoAnswer::ConnectionClosed),
            Effect::Status(status) => {
                let mut answer = Response::new(Body::empty());
                *answer.status_mut() = *status;
                answer
            }
            Effect::Throttle => {
                let code = throttling_code(&service);
                refusal.of(&AwsError::of_code(&service, code.to_owned(), format!("injected fault: {code}")))
            }
            Effect::Error { code, message, status } => {
                let mut error = AwsError::of_code(&service, code.clone(), message.clone());
                error.status = status.unwrap_or(error.status);
                refusal.of(&error)
            }
            Effect::None | Effect::LoseAnswer | Effect::Body(_) => self.perform(request).await,
        };
        if let Some(upload) = left {
            // A client that has asked whether to send its body is told by the answer that it need not.
            let unwanted = asks_first && answer.status().is_client_error() && !upload.is_started();
            if unwanted {
                // It may have begun to send it all the same, so that nobody knows where its next request begins.
                answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            } else {
                upload.drain().await.map_err(NoAnswer::RequestBody)?;
            }
        }
        if plan.effect == Effect::LoseAnswer {
            return Err(NoAnswer::ConnectionClosed);
        }
        let code = if service == Service::S3 { S3Service::complete_error(&mut answer, &ids) } else { None };
        entry.update(|call| {
            call.status = Some(answer.status().as_u16());
            call.error_code = code.or_else(|| answer.extensions().get().map(|ErrorCode(code)| code.clone()));
        });
        tracing::debug!(%service, status = answer.status().as_u16(), request_id = %ids.request_id, "answered");
        self.stamp(&mut answer, &service, &ids, &plan);
        Ok(outgoing(answer, &method, &plan, entry))
    }

    async fn perform(&self, request: Received) -> Answer {
        let refusal = request.refusal();
        let Received { mut parts, content, endpoint, target, signer, read, ids } = request;
        if let Service::Other(name) = &endpoint.service {
            let message =
                format!("the fake has no service `{name}`; it has S3, SQS, Lambda, STS and roles of IAM");
            return refusal.of(&AwsError::new(
                StatusCode::NOT_IMPLEMENTED,
                "UnknownOperationException",
                message,
            ));
        }
        if let Some(misfit) = &target.misfit {
            return refusal.of(&misfit.error(&parts.method));
        }
        let signed = Signed { endpoint: &endpoint, parts: &parts, body: read };
        let admitted = if target.operation == PREFLIGHT {
            // A browser asks with the URL that it has, which may have been signed for what is to follow.
            Ok(None)
        } else {
            admit(&self.shared, &endpoint, signer, &signed)
        };
        let signer = match admitted {
            Ok(signer) => signer,
            Err(error) => return refusal.of(&error),
        };
        let (signer, content) = match (signer, content) {
            (signer, Content::Upload(upload)) => {
                let signed = signer.as_ref().map(|signer| signer.region.clone());
                let region = endpoint.region.clone().or(signed);
                parts.extensions.insert(RequestContext {
                    region: region.unwrap_or_else(|| DEFAULT_REGION.to_owned()),
                    endpoint_region: endpoint.region,
                    caller: Caller::of(&self.shared, signer.as_ref()),
                    request_id: ids.request_id.clone(),
                    access_key_id: signer.as_ref().map(|signer| signer.access_key_id.as_str().into()),
                    signature: signer.as_ref().map(|signer| {
                        let form =
                            if signer.lifetime.is_some() { "REST-QUERY-STRING" } else { "REST-HEADER" };
                        (signer.version.algorithm(), form)
                    }),
                    presigned: signer.as_ref().and_then(|signer| signer.lifetime.and(signer.date)),
                    is_secure: is_secure(&parts),
                    source_ip: source_ip(&parts),
                });
                return Box::pin(self.s3.call(parts, Body::http_body(upload), &target, &ids)).await;
            }
            (Some(signer), Content::Known(content)) => (signer, content),
            (None, Content::Known(Known::Form(form))) if endpoint.service == Service::Sts => {
                return refusal.of(&sts::refuse_unsigned(&form).unwrap_or_else(unsigned));
            }
            (None, Content::Known(_)) => return refusal.of(&unsigned()),
        };
        match content {
            Known::Form(form) => {
                let call = if endpoint.service == Service::Iam { sts::call_iam } else { sts::call };
                call(&self.shared, &form, &signer, &ids).unwrap_or_else(|error| refusal.of(&error))
            }
            Known::Sqs(request) => {
                let (id, arn) = sts::caller(&self.shared, &signer);
                let origin = origin(&endpoint, &parts);
                let region = endpoint.region.unwrap_or(signer.region);
                let header = |name| parts.headers.get(name)?.to_str().ok().map(str::to_owned);
                let caller = sqs::Caller {
                    region,
                    id,
                    arn,
                    endpoint: origin,
                    trace_header: header("x-amzn-trace-id"),
                    source_ip: source_ip(&parts),
                    user_agent: header("user-agent"),
                };
                let answer = request.call(&self.shared, caller, &ids).await;
                answer.unwrap_or_else(|error| refusal.of(&error))
            }
            Known::Lambda(route, body) => {
                let (_, caller_arn) = sts::caller(&self.shared, &signer);
                let account_id = caller_arn.split(':').nth(4).map(str::to_owned);
                let account_id = self.shared.other_account(account_id);
                let is_secure = is_secure(&parts);
                let region = endpoint.region.unwrap_or(signer.region);
                let request_id = ids.request_id.clone();
                let cx = lambda::Context {
                    shared: &self.shared,
                    region,
                    account_id,
                    caller_arn,
                    is_secure,
                    request_id,
                };
                let answer = route.call(&cx, &parts, body).await;
                answer.unwrap_or_else(|error| refusal.of(&error))
            }
        }
    }

    /// What AWS puts on every answer.
    fn stamp(&self, answer: &mut Answer, service: &Service, ids: &RequestIds, plan: &Plan) {
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                answer.headers_mut().insert(name, value);
            }
        };
        set(header::DATE, &http_date(self.shared.clock.now()));
        if *service == Service::S3 {
            set(header::SERVER, "AmazonS3");
            set(HeaderName::from_static("x-amz-request-id"), &ids.request_id);
            set(HeaderName::from_static("x-amz-id-2"), &ids.host_id);
        } else {
            set(HeaderName::from_static("x-amzn-requestid"), &ids.request_id);
        }
        for (name, value) in &plan.headers {
            if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
                set(name, value);
            }
        }
    }
}

/// The body of an answer as it goes out: none where HTTP has none, and spoilt by a fault.
fn outgoing(mut answer: Answer, method: &Method, plan: &Plan, entry: Arc<Entry>) -> Response<Download> {
    let bodiless = *method == Method::HEAD
        || matches!(answer.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let effect = match plan.effect {
        Effect::Body(effect) if !bodiless => Some(effect),
        _ => None,
    };
    if bodiless {
        *answer.body_mut() = Body::empty();
    } else if let Some(size) = http_body::Body::size_hint(answer.body()).exact() {
        answer.headers_mut().entry(header::CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(size));
    }
    answer.map(|body| Download::new(body, effect, entry))
}

/// The error with which a service throttles.
fn throttling_code(service: &Service) -> &'static str {
    match service {
        Service::S3 => "SlowDown",
        Service::Sqs => "RequestThrottled",
        Service::Lambda => "TooManyRequestsException",
        Service::Sts | Service::Iam | Service::Other(_) => "Throttling",
    }
}

/// How errors of a request are answered.
struct Refusal {
    service: Service,
    /// SQS has two.
    protocol: Option<sqs::Protocol>,
    ids: RequestIds,
}

impl Refusal {
    fn of(&self, error: &AwsError) -> Answer {
        match self.protocol {
            Some(protocol) => protocol.refuse(error, &self.ids),
            None => error.answer(&self.service, &self.ids),
        }
    }
}

impl Received {
    fn refusal(&self) -> Refusal {
        let protocol = match &self.content {
            Content::Known(Known::Sqs(request)) => Some(request.protocol()),
            Content::Upload(_) | Content::Known(Known::Form(_) | Known::Lambda(..)) => None,
        };
        Refusal { service: self.endpoint.service.clone(), protocol, ids: self.ids.clone() }
    }
}

fn is_secure(parts: &Parts) -> bool {
    parts.uri.scheme() == Some(&http::uri::Scheme::HTTPS)
}

/// Scheme and host of the endpoint of SQS, as its client sees it.
fn origin(endpoint: &Endpoint, parts: &Parts) -> String {
    if let Some(region) = &endpoint.region {
        return format!("https://sqs.{region}.amazonaws.com");
    }
    format!("{}://{}", parts.uri.scheme_str().unwrap_or("http"), host(parts))
}

/// The host that a client has called, with the port.
fn host(parts: &Parts) -> &str {
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default()
}

fn source_ip(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<SourceIp>().map(|SourceIp(address)| *address)
}

/// A time as HTTP writes it.
pub(crate) fn http_date(time: SystemTime) -> String {
    let format = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    OffsetDateTime::from(time).format(&format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn writes_dates_as_http_does() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(http_date(time), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
