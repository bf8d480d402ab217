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
mod date;
mod download;
mod endpoint;
mod operation;
mod signature;
mod signature_v2;
mod signer;
mod subresource;
mod upload;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use percent_encoding::percent_decode_str;
use s3s::{Body, StdError};
use time::OffsetDateTime;
use time::macros::format_description;

pub(crate) use answer::{Answer, AwsError, ErrorCode, RequestIds, STS_NAMESPACE, xml};
pub(crate) use canonical::latin_1;
pub(crate) use chunked::ChunkedError;
pub(crate) use connector::Client;
pub use connector::give_no_connection;
pub(crate) use download::Download;
pub(crate) use endpoint::names_bucket;
pub(crate) use operation::s3_operations;
pub(crate) use signature::verify_policy;
pub(crate) use signer::{Signer, is_signature_parameter};
pub(crate) use upload::Trailers;

use crate::account::Caller;
use crate::calls::{Call, Entry, Service};
use crate::fake::Shared;
use crate::fault::{Effect, Plan};
use crate::s3::S3Service;
use crate::{lambda, sqs, sts};
use admission::{admit, unsigned};
use endpoint::Endpoint;
use operation::{Level, PREFLIGHT, s3_operation};
use signature::Signed;
use signer::SignerError;
use subresource::{Misfit, misfit};
use upload::{Transfer, Upload};

/// The longest body of a form (STS). AWS's own limit on a session policy is far below.
const MAX_FORM: usize = 64 * 1024;
/// The region of a request that names none.
pub(crate) const DEFAULT_REGION: &str = "us-east-1";
/// The longest body of a request to SQS: a batch of 1 MiB whose every character is escaped, and what stands around it.
const MAX_SQS: usize = 16 * 1024 * 1024;

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

/// A request as the layer understands it.
struct Received {
    parts: Parts,
    content: Content,
    endpoint: Endpoint,
    target: Target,
    signer: Result<Option<Signer>, SignerError>,
    /// The body as it came, where it has been read to know what the request is about.
    read: Option<Bytes>,
    ids: RequestIds,
}

/// The body of a request: of S3, on its way; of the others read already, since what they are about stands in it.
enum Content {
    Upload(Upload),
    Known(Known),
}

/// What a request asks of a service whose requests say so in their bodies.
enum Known {
    Form(Bytes),
    Sqs(sqs::Request),
    /// Without the body if that is too long.
    Lambda(lambda::Route, Option<Bytes>),
}

/// What a request to S3 is about, as the layer sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Target {
    /// The operation's name in the AWS API.
    pub(crate) operation: &'static str,
    pub(crate) style: Style,
    pub(crate) bucket: Option<String>,
    pub(crate) key: Option<String>,
    /// Why the request is none that its resource has.
    misfit: Option<Misfit>,
}

/// Where a request to S3 has its bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    #[default]
    Path,
    VirtualHost,
}

/// What the operations need to know about a request besides its input. Travels in the request's extensions.
#[derive(Clone, Debug)]
pub(crate) struct RequestContext {
    /// The region of the endpoint, if it is one of AWS's own.
    pub(crate) endpoint_region: Option<String>,
    /// The region of the endpoint, or of the signature where the endpoint has none.
    pub(crate) region: String,
    pub(crate) caller: Caller,
    /// The id of the user or role session, where there is one.
    pub(crate) user_id: Option<String>,
    /// By which the answer is known.
    pub(crate) request_id: String,
    /// Of the signature, if there is one.
    pub(crate) access_key_id: Option<Arc<str>>,
    /// How it is signed, as the condition keys `s3:signatureversion` and `s3:authType` name it.
    pub(crate) signature: Option<(&'static str, &'static str)>,
    /// Whether it came over https.
    pub(crate) is_secure: bool,
    /// The address that it came from, where it came over a network.
    pub(crate) source_ip: Option<IpAddr>,
}

/// The address that a request came from. Travels in the request's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SourceIp(pub(crate) IpAddr);

impl Default for RequestContext {
    /// That of a request of which nothing is known.
    fn default() -> Self {
        Self {
            endpoint_region: None,
            region: DEFAULT_REGION.to_owned(),
            caller: Caller::Anonymous,
            user_id: None,
            request_id: String::new(),
            access_key_id: None,
            signature: None,
            is_secure: false,
            source_ip: None,
        }
    }
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

    /// Takes a request in: from here on it is in the call log, and its fault is chosen.
    pub(crate) async fn receive(&self, request: Request<Body>) -> Exchange {
        lambda::poll_all(&self.shared);
        let (mut parts, body) = request.into_parts();
        let signer = Signer::of(&parts.headers, parts.uri.query());
        let known = signer.as_ref().ok().and_then(Option::as_ref);
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host =
            host.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default();
        let endpoint = Endpoint::of(host, &parts.headers, known);
        let mut target =
            if endpoint.service == Service::S3 { Target::of(&endpoint, &parts) } else { Target::default() };
        if target.style == Style::VirtualHost {
            target.bucket = target.bucket.map(|name| self.shared.store.bucket_of(&name));
        }
        let request_id = match endpoint.service {
            Service::Sqs | Service::Lambda => self.shared.ids.uuid("request"),
            Service::S3 | Service::Sts | Service::Iam | Service::Other(_) => self.shared.ids.request_id(),
        };
        let ids = RequestIds { host_id: self.shared.ids.host_id(&request_id), request_id };
        let entry = self.shared.log.enter(Call {
            number: 0,
            time: self.shared.clock.now(),
            service: endpoint.service.clone(),
            operation: operation_of(&endpoint, &target, &parts),
            bucket: target.bucket.clone(),
            key: target.key.clone(),
            queue: None,
            function: None,
            region: endpoint.region.clone().or_else(|| known.map(|signer| signer.region.clone())),
            access_key_id: known.map(|signer| signer.access_key_id.clone()),
            attempt: attempt(&parts),
            status: None,
            error_code: None,
            faulted: false,
            bytes_in: 0,
            bytes_out: 0,
        });
        let (upload, trailers) = Upload::new(body, transfer(&parts), Arc::clone(&entry));
        parts.extensions.insert(trailers);
        let mut read = None;
        let content = match endpoint.service {
            Service::Sts | Service::Iam => {
                // A form that is too long or that breaks off has no action; its service says so.
                let form = whole(upload, MAX_FORM)
                    .await
                    .inspect(|body| read = Some(body.clone()))
                    .unwrap_or_default();
                entry.update(|call| call.operation = sts::operation(&form));
                Content::Known(Known::Form(form))
            }
            Service::Sqs => {
                // A document that is too long is none, which its service says.
                let body = whole(upload, MAX_SQS).await.inspect(|body| read = Some(body.clone()));
                let body = body.unwrap_or(Bytes::from_static(b"too long"));
                let request = sqs::Request::read(&parts, &body);
                entry.update(|call| {
                    request.operation().clone_into(&mut call.operation);
                    let region = call.region.clone().unwrap_or_default();
                    call.queue = request.queue(&region);
                });
                Content::Known(Known::Sqs(request))
            }
            Service::Lambda => {
                let route = lambda::Route::of(&parts);
                let body = whole(upload, route.max_body()).await.inspect(|body| read = Some(body.clone()));
                entry.update(|call| {
                    route.operation().clone_into(&mut call.operation);
                    call.function = route.function();
                });
                Content::Known(Known::Lambda(route, body))
            }
            Service::S3 | Service::Other(_) => Content::Upload(upload),
        };
        let mut plan = Plan::default();
        entry.update(|call| {
            plan = self.shared.faults.take(call);
            call.faulted = plan.faulted;
        });
        Exchange { request: Received { parts, content, endpoint, target, signer, read, ids }, entry, plan }
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
                    user_id: signer.as_ref().map(|signer| sts::caller(&self.shared, signer).0),
                    request_id: ids.request_id.clone(),
                    access_key_id: signer.as_ref().map(|signer| signer.access_key_id.as_str().into()),
                    signature: signer.as_ref().map(|signer| {
                        let form =
                            if signer.lifetime.is_some() { "REST-QUERY-STRING" } else { "REST-HEADER" };
                        (signer.version.algorithm(), form)
                    }),
                    is_secure: is_secure(&parts),
                    source_ip: parts.extensions.get::<SourceIp>().map(|SourceIp(address)| *address),
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
                let trace_header = parts.headers.get("x-amzn-trace-id");
                let trace_header = trace_header.and_then(|header| header.to_str().ok()).map(str::to_owned);
                let caller = sqs::Caller { region, id, arn, endpoint: origin, trace_header };
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

impl Target {
    fn of(endpoint: &Endpoint, parts: &Parts) -> Self {
        let path = parts.uri.path();
        let path = path.strip_prefix('/').unwrap_or(path);
        let (style, bucket, key) = if let Some(bucket) = &endpoint.bucket {
            (Style::VirtualHost, bucket.clone(), path)
        } else {
            let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
            (Style::Path, percent_decode_str(bucket).decode_utf8_lossy().into_owned(), key)
        };
        let key = percent_decode_str(key).decode_utf8_lossy().into_owned();
        let (bucket, key) = ((!bucket.is_empty()).then_some(bucket), (!key.is_empty()).then_some(key));
        let level = match (&bucket, &key) {
            (None, _) => Level::Service,
            (Some(_), None) => Level::Bucket,
            (Some(_), Some(_)) => Level::Object,
        };
        let misfit = misfit(&parts.method, level, parts.uri.query());
        let operation = match misfit {
            None => s3_operation(&parts.method, level, parts.uri.query(), &parts.headers),
            Some(_) => "Unknown",
        };
        Self { operation, style, bucket, key, misfit }
    }
}

impl Target {
    /// The object that a form puts.
    pub(crate) fn of_form(bucket: String, key: String) -> Self {
        Self { operation: "PutObject", bucket: Some(bucket), key: Some(key), ..Self::default() }
    }
}

/// The name of the operation, as far as the head of the request tells it.
fn operation_of(endpoint: &Endpoint, target: &Target, parts: &Parts) -> String {
    if endpoint.service == Service::S3 {
        return target.operation.to_owned();
    }
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    target.and_then(|target| target.rsplit('.').next()).unwrap_or("Unknown").to_owned()
}

/// A body, or none if it is longer than `limit`. One that breaks off ends there.
async fn whole(upload: Upload, limit: usize) -> Option<Bytes> {
    let collected = Limited::new(upload.clone(), limit).collect().await;
    // What is left of a body that is too long; how it ends makes no difference any more.
    let _ = upload.drain().await;
    match collected {
        Ok(body) => Some(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => None,
        Err(_) => Some(Bytes::new()),
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
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default();
    format!("{}://{host}", parts.uri.scheme_str().unwrap_or("http"))
}

/// The number of the attempt, which SDKs send as `amz-sdk-request: attempt=2; max=3`.
fn attempt(parts: &Parts) -> Option<u32> {
    let value = parts.headers.get("amz-sdk-request")?.to_str().ok()?;
    value.split(';').find_map(|part| part.trim().strip_prefix("attempt="))?.parse().ok()
}

fn transfer(parts: &Parts) -> Transfer {
    let digest = parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
    if digest.is_some_and(|digest| digest.starts_with("STREAMING-")) {
        Transfer::AwsChunked
    } else {
        Transfer::Plain
    }
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
