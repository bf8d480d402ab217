use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, HOST, IF_MATCH, IF_NONE_MATCH, RANGE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use md5::{Digest as _, Md5};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::S3ServiceBuilder;
use s3s::{Body, S3Error, S3ErrorCode, S3Response};
use sha2::Sha256;
use url::form_urlencoded;

use super::access;
use super::arguments;
use super::checksum::{ChecksumAlgorithm, declared, verify};
use super::configuration::TagsOfNewBucket;
use super::cors;
use super::description::check_encryption;
use super::details::{self, Named};
use super::error::{error, message};
use super::operations::Operations;
use crate::calls::Service;
use crate::fake::Shared;
use crate::layer::{
    Answer, AwsError, ErrorCode, RequestContext, RequestIds, Style, Target, Trailers, is_signature_parameter,
    latin_1,
};

/// The longest XML document that a request may carry; that of a `DeleteObjects` of a thousand long keys fits.
const MAX_DOCUMENT: usize = 4 * 1024 * 1024;
const RESPONSE_EXPIRES: &str = "response-expires";

/// S3's protocol, by s3s, between the layer and the operations.
///
/// s3s's own authentication is not used: it would need the secret of every caller, and it knows only the machine's
/// clock. Neither is its parsing of hosts, since the layer has done that. What s3s gets is a plain path-style request.
#[derive(Clone)]
pub(crate) struct S3Service {
    pub(super) shared: Arc<Shared>,
    inner: s3s::service::S3Service,
}

impl S3Service {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let mut builder = S3ServiceBuilder::new(Operations { shared: Arc::clone(&shared) });
        let mut config = S3Config::default();
        config.xml_max_body_size = MAX_DOCUMENT;
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        Self { shared, inner: builder.build() }
    }

    pub(crate) async fn call(&self, parts: Parts, body: Body, target: &Target, ids: &RequestIds) -> Answer {
        let named = Named::of(target, &parts);
        let cors = cors::Allowed::of(&self.shared, target, &parts);
        let answer = if parts.method == Method::OPTIONS {
            cors::preflight(cors.as_ref(), &parts.headers)
        } else {
            self.call_inner(parts, body, target).await
        };
        let mut answer = answer.unwrap_or_else(|error| error.answer(&Service::S3, ids));
        if !answer.status().is_success() {
            answer.extensions_mut().insert(named);
        }
        if let Some(cors) = cors {
            cors.write(answer.headers_mut());
        }
        answer
    }

    /// Puts the ids of the request into an error document of s3s, and AWS's words where it has none. Gives the code.
    pub(crate) fn complete_error(answer: &mut Answer, ids: &RequestIds) -> Option<String> {
        let body = answer.body().bytes()?;
        let text = std::str::from_utf8(&body).ok()?;
        if answer.status().is_success() {
            return None;
        }
        let document = text.strip_suffix("</Error>")?;
        let (_, rest) = document.split_once("<Code>")?;
        let (code, _) = rest.split_once("</Code>")?;
        let code = code.to_owned();
        let mut document = document.to_owned();
        if !document.contains("<Message>") {
            document.push_str("<Message>");
            document.push_str(&message(&code).replace('\'', "&apos;"));
            document.push_str("</Message>");
        }
        if let Some(named) = answer.extensions_mut().remove::<Named>() {
            details::write(&mut document, &code, &named, answer.headers_mut());
        }
        if !document.contains("<HostId>") {
            document.push_str("<RequestId>");
            document.push_str(&ids.request_id);
            document.push_str("</RequestId><HostId>");
            document.push_str(&ids.host_id);
            document.push_str("</HostId>");
        }
        document.push_str("</Error>");
        answer.headers_mut().remove(CONTENT_LENGTH);
        *answer.body_mut() = Body::from(document);
        answer.extensions_mut().insert(ErrorCode(code.clone()));
        Some(code)
    }

    async fn call_inner(&self, parts: Parts, body: Body, target: &Target) -> Result<Answer, AwsError> {
        let context = parts.extensions.get::<RequestContext>().cloned().unwrap_or_default();
        self.check_region(&parts, target)?;
        self.check_owner(&parts, target)?;
        if target.operation == "PostObject" {
            return Box::pin(self.post(parts, body, target)).await;
        }
        access::check(&self.shared, &context, &parts, target)?;
        self.perform(parts, body, target).await
    }

    /// Has s3s call the operation, of a request that may be answered.
    pub(super) async fn perform(
        &self,
        mut parts: Parts,
        body: Body,
        target: &Target,
    ) -> Result<Answer, AwsError> {
        keep_expires(&mut parts);
        plain_uri(&mut parts, target)?;
        check_encryption(&parts.headers, target.operation).map_err(|error| from_s3s(&error))?;
        plain_headers(&mut parts.headers);
        arguments::check(target.operation, parts.uri.query(), &parts.headers)
            .map_err(|error| from_s3s(&error))?;
        if parts.headers.get("content-md5").is_some_and(HeaderValue::is_empty) {
            // s3s takes it for none.
            return Err(from_s3s(&error(S3ErrorCode::InvalidDigest)));
        }
        let body = match target.operation {
            "PutObject" | "UploadPart" => body,
            // Its checksum headers are about the object.
            "CompleteMultipartUpload" => read_document(&mut parts, body).await?.into(),
            operation => {
                let document = read_document(&mut parts, body).await?;
                verify_document(&parts, &document, operation == "DeleteObjects")?;
                if operation == "CreateBucket" {
                    let tags = TagsOfNewBucket::read(&document).map_err(|error| from_s3s(&error))?;
                    parts.extensions.insert(tags);
                }
                document.into()
            }
        };
        let answer = self.inner.call(Request::from_parts(parts, body)).await;
        let mut answer = answer.map_err(|_| internal_error())?;
        if let Some(Status(status)) = answer.extensions().get() {
            *answer.status_mut() = *status;
        }
        if target.operation == "GetObjectAttributes" {
            bare_entity_tag(&mut answer);
        }
        Ok(answer)
    }

    /// A bucket answers only at its own region's endpoint. `GetBucketLocation` and `CreateBucket` are about the region
    /// itself.
    fn check_region(&self, parts: &Parts, target: &Target) -> Result<(), AwsError> {
        let asked =
            parts.extensions.get::<RequestContext>().and_then(|context| context.endpoint_region.clone());
        let region =
            target.bucket.as_ref().and_then(|bucket| self.shared.store.lock().get(bucket)?.region.clone());
        let (Some(asked), Some(region)) = (asked, region) else { return Ok(()) };
        let about_region = matches!(target.operation, "GetBucketLocation" | "CreateBucket");
        if asked == region || about_region {
            return Ok(());
        }
        let mut error =
            AwsError::new(StatusCode::MOVED_PERMANENTLY, "PermanentRedirect", message("PermanentRedirect"));
        error.headers.push(("x-amz-bucket-region", region));
        Err(error)
    }

    fn check_owner(&self, parts: &Parts, target: &Target) -> Result<(), AwsError> {
        let Some(expected) = parts.headers.get("x-amz-expected-bucket-owner") else { return Ok(()) };
        let buckets = self.shared.store.lock();
        let bucket = target.bucket.as_ref().and_then(|name| buckets.get(name));
        if bucket.is_some_and(|bucket| bucket.owner.id.as_bytes() != expected.as_bytes()) {
            return Err(AwsError::new(StatusCode::FORBIDDEN, "AccessDenied", message("AccessDenied")));
        }
        Ok(())
    }
}

/// The status of an answer where it is not the operation's own one. s3s takes none, and so it travels in the extensions.
#[derive(Clone, Copy, Debug)]
struct Status(StatusCode);

/// The output of an operation, with a status.
pub(crate) fn with_status<T>(output: T, status: StatusCode) -> S3Response<T> {
    let mut response = S3Response::new(output);
    response.extensions.insert(Status(status));
    response
}

/// Path style and without a signature, whatever came.
fn plain_uri(parts: &mut Parts, target: &Target) -> Result<(), AwsError> {
    let path = parts.uri.path();
    let path = match (&target.bucket, target.style) {
        (Some(bucket), Style::VirtualHost) => format!("/{bucket}{path}"),
        _ => path.to_owned(),
    };
    let mut query = Vec::new();
    for pair in parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let Some((name, value)) = form_urlencoded::parse(pair.as_bytes()).next() else { continue };
        if is_signature_parameter(&name) || name == RESPONSE_EXPIRES {
            continue;
        }
        // A presigned URL may carry as a parameter what would else be a header.
        let header = name.to_ascii_lowercase();
        if is_checksum(&header) {
            continue;
        }
        if let (true, Ok(header), Ok(value)) =
            (header.starts_with("x-amz-"), HeaderName::try_from(&*header), HeaderValue::try_from(&*value))
        {
            parts.headers.entry(header).or_insert(value);
            continue;
        }
        query.push(pair.to_owned());
    }
    let uri = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    parts.uri = Uri::try_from(uri)
        .map_err(|_| AwsError::new(StatusCode::BAD_REQUEST, "InvalidURI", message("InvalidURI")))?;
    Ok(())
}

/// Whether a parameter is the checksum of a body that a presigned URL was made without, and S3 does not look at: the SDK for
/// JavaScript puts that of no bytes into every URL for an upload.
fn is_checksum(name: &str) -> bool {
    name == "x-amz-sdk-checksum-algorithm"
        || ChecksumAlgorithm::ALL.iter().any(|algorithm| algorithm.header() == name)
}

/// Headers as s3s wants them.
fn plain_headers(headers: &mut HeaderMap) {
    // Nothing behind here needs them, and s3s logs every request with its headers.
    headers.remove(AUTHORIZATION);
    headers.remove("x-amz-security-token");
    for (name, value) in headers.iter_mut() {
        value.set_sensitive(name.as_str().ends_with("-server-side-encryption-customer-key"));
        // S3 reads bytes as ISO-8859-1, and s3s as UTF-8.
        if name.as_str().starts_with("x-amz-meta-")
            && std::str::from_utf8(value.as_bytes()).is_err()
            && let Ok(utf_8) = HeaderValue::from_str(&latin_1(value))
        {
            *value = utf_8;
        }
    }
    // Without it, s3s cannot guess at a virtual host that the layer has resolved already.
    headers.remove(HOST);
    if let Some(length) = headers.remove("x-amz-decoded-content-length") {
        headers.insert(CONTENT_LENGTH, length);
    }
    drop_aws_chunked(headers);
    quote_entity_tags(headers);
    let range = headers.get(RANGE).and_then(|range| range.to_str().ok()).and_then(readable_range);
    match range.and_then(|range| HeaderValue::try_from(range).ok()) {
        Some(range) => drop(headers.insert(RANGE, range)),
        // S3 answers a range that it cannot read with the whole object; s3s would refuse it.
        None => drop(headers.remove(RANGE)),
    }
}

/// The largest position in a range that s3s takes. No object is as long, so that a larger one means the same.
const LAST_POSITION: u64 = i64::MAX.unsigned_abs();

/// One range of bytes (`bytes=0-9`, `bytes=10-` or `bytes=-5`) as s3s reads it. `None` for what is no such range.
fn readable_range(range: &str) -> Option<String> {
    let number = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u64>().ok()).flatten().map(|number| number.min(LAST_POSITION))
    };
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    match (first, last) {
        ("", last) => Some(format!("bytes=-{}", number(last)?)),
        (first, "") => Some(format!("bytes={}-", number(first)?)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| format!("bytes={first}-{last}"))
        }
    }
}

/// `Expires` and `response-expires` as they came. S3 keeps any text; s3s would refuse what is no date.
#[derive(Clone, Debug)]
struct Expires {
    header: Option<String>,
    overridden: Option<String>,
}

/// `Expires` of the object that a request writes.
pub(crate) fn expires_of(extensions: &http::Extensions) -> Option<String> {
    extensions.get::<Expires>()?.header.clone()
}

/// `Expires` of the answer to a read: what the request wants there, or else the object's.
pub(crate) fn answered_expires(
    extensions: &http::Extensions,
    object: Option<&String>,
) -> Option<HeaderValue> {
    let overridden = extensions.get::<Expires>().and_then(|expires| expires.overridden.as_ref());
    HeaderValue::from_str(overridden.or(object)?).ok()
}

fn keep_expires(parts: &mut Parts) {
    let header = parts.headers.remove(http::header::EXPIRES);
    let query = parts.uri.query().unwrap_or_default();
    let overridden = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == RESPONSE_EXPIRES);
    let expires = Expires {
        header: header.and_then(|value| value.to_str().map(str::to_owned).ok()),
        overridden: overridden.map(|(_, value)| value.into_owned()),
    };
    parts.extensions.insert(expires);
}

/// `aws-chunked` is about the transfer, and S3 does not keep it.
fn drop_aws_chunked(headers: &mut HeaderMap) {
    // Clients send it beside others, or as a header of its own.
    let values = headers.get_all(CONTENT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let encodings = values.flat_map(|value| value.split(',')).map(str::trim);
    let (chunked, kept): (Vec<&str>, Vec<&str>) = encodings.partition(|encoding| *encoding == "aws-chunked");
    if chunked.is_empty() {
        return;
    }
    match HeaderValue::try_from(kept.join(",")) {
        Ok(encoding) if !encoding.is_empty() => headers.insert(CONTENT_ENCODING, encoding),
        _ => headers.remove(CONTENT_ENCODING),
    };
}

/// S3 takes an entity tag without its quotes; s3s does not.
fn quote_entity_tags(headers: &mut HeaderMap) {
    for name in [
        IF_MATCH,
        IF_NONE_MATCH,
        HeaderName::from_static("x-amz-copy-source-if-match"),
        HeaderName::from_static("x-amz-copy-source-if-none-match"),
    ] {
        let etag = headers.get(&name).and_then(|value| value.to_str().ok()).filter(|etag| !is_quoted(etag));
        if let Some(Ok(quoted)) = etag.map(|etag| HeaderValue::try_from(format!("\"{etag}\""))) {
            headers.insert(name, quoted);
        }
    }
}

fn is_quoted(etag: &str) -> bool {
    etag == "*" || etag.starts_with('"') || etag.starts_with("W/")
}

/// The XML document of a request, whole: s3s would answer a body that it cannot read with `InternalError`.
async fn read_document(parts: &mut Parts, body: Body) -> Result<Bytes, AwsError> {
    let document = Limited::new(body, MAX_DOCUMENT).collect().await.map_err(|reason| {
        let too_long = reason.is::<LengthLimitError>();
        let code = if too_long { S3ErrorCode::MaxMessageLengthExceeded } else { S3ErrorCode::IncompleteBody };
        from_s3s(&error(code))
    })?;
    let document = document.to_bytes();
    let digest = parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
    if digest.is_some_and(|digest| !is_digest_of(digest, &document)) {
        let code = "XAmzContentSHA256Mismatch";
        return Err(AwsError::new(StatusCode::BAD_REQUEST, code, message(code)));
    }
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(document.len()));
    Ok(document)
}

/// `GetObjectAttributes` is the one answer that has an entity tag without its quotes.
fn bare_entity_tag(answer: &mut Answer) {
    let Some(body) = answer.body().bytes() else { return };
    let document =
        String::from_utf8_lossy(&body).replace("<ETag>\"", "<ETag>").replace("\"</ETag>", "</ETag>");
    answer.headers_mut().remove(CONTENT_LENGTH);
    *answer.body_mut() = Body::from(document);
}

/// Proves the document of a request by the digests that came with it. A `DeleteObjects` has to have one.
fn verify_document(parts: &Parts, document: &[u8], required: bool) -> Result<(), AwsError> {
    let md5 = parts.headers.get("content-md5");
    if let Some(md5) = md5 {
        check_md5(md5.as_bytes(), document)?;
    }
    let trailers = parts.extensions.get::<Trailers>().and_then(Trailers::get);
    let checksum = declared(&parts.headers, trailers).map_err(|reason| from_s3s(&reason.into()))?;
    if required && checksum.is_none() && md5.is_none() {
        let message = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*";
        return Err(AwsError::new(StatusCode::BAD_REQUEST, "InvalidRequest", message));
    }
    match checksum {
        Some(checksum) => verify(&checksum, document).map_err(|reason| from_s3s(&reason.into())),
        None => Ok(()),
    }
}

/// Whether `x-amz-content-sha256` is of these bytes, or says that the payload is unsigned or signed in chunks.
pub(crate) fn is_digest_of(header: &str, body: &[u8]) -> bool {
    header.len() != 64 || header == hex::encode(Sha256::digest(body))
}

/// `Content-MD5` against the bytes that came.
pub(crate) fn check_md5(header: &[u8], body: &[u8]) -> Result<(), AwsError> {
    let digest = BASE64_STANDARD.decode(header).ok().filter(|digest| digest.len() == 16);
    let digest = digest.ok_or_else(|| from_s3s(&error(S3ErrorCode::InvalidDigest)))?;
    if digest == Md5::digest(body).as_slice() {
        Ok(())
    } else {
        Err(from_s3s(&error(S3ErrorCode::BadDigest)))
    }
}

fn from_s3s(error: &S3Error) -> AwsError {
    let status = error.status_code().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answered = AwsError::new(status, error.code().as_str(), error.message().unwrap_or_default());
    for (element, value) in error.headers().into_iter().flat_map(details::details_in) {
        answered = answered.with(element, value);
    }
    answered
}

fn internal_error() -> AwsError {
    AwsError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message("InternalError"))
}
