//! Taking a request in: which service it is for, what it asks, who has signed it, and which fault waits for it.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use s3s::Body;

use super::answer::RequestIds;
use super::endpoint::Endpoint;
use super::signer::{Signer, SignerError};
use super::target::{Style, Target};
use super::upload::{Transfer, Upload};
use super::{Exchange, Layer, host};
use crate::calls::{Call, Service};
use crate::fault::Plan;
use crate::{lambda, sqs, sts};

/// The longest body of a form (STS). AWS's own limit on a session policy is far below.
const MAX_FORM: usize = 64 * 1024;
/// The longest body of a request to SQS: a batch of 1 MiB whose every character is escaped, and what stands around it.
const MAX_SQS: usize = 16 * 1024 * 1024;

/// A request as the layer understands it.
pub(super) struct Received {
    pub(super) parts: Parts,
    pub(super) content: Content,
    pub(super) endpoint: Endpoint,
    pub(super) target: Target,
    pub(super) signer: Result<Option<Signer>, SignerError>,
    /// The body as it came, where it has been read to know what the request is about.
    pub(super) read: Option<Bytes>,
    pub(super) ids: RequestIds,
}

/// The body of a request: of S3, on its way; of the others read already, since what they are about stands in it.
pub(super) enum Content {
    Upload(Upload),
    Known(Known),
}

/// What a request asks of a service whose requests say so in their bodies.
pub(super) enum Known {
    Form(Bytes),
    Sqs(sqs::Request),
    /// Without the body if that is too long.
    Lambda(lambda::Route, Option<Bytes>),
}

impl Layer {
    /// Takes a request in: from here on it is in the call log, and its fault is chosen.
    pub(crate) async fn receive(&self, request: Request<Body>) -> Exchange {
        lambda::poll_all(&self.shared);
        let (mut parts, body) = request.into_parts();
        let signer = Signer::of(&parts.headers, parts.uri.query());
        let known = signer.as_ref().ok().and_then(Option::as_ref);
        let endpoint = Endpoint::of(host(&parts), &parts.headers, known);
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
