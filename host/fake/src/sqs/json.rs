//! AWS JSON 1.0, the protocol that SDKs speak to SQS: the operation in a header, input and result as documents.

use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use s3s::Body;
use serde::Serialize;
use serde_json::{Map, Value};

use super::error::{modern_name, query_code, shape};
use crate::layer::{Answer, AwsError, ErrorCode};

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
/// What `x-amz-target` begins with.
const TARGET: &str = "AmazonSQS.";

/// The operation that a request's header names. None if it is not in this protocol; empty if it names one of none of
/// SQS's.
pub(super) fn operation(parts: &Parts) -> Option<String> {
    let target = parts.headers.get("x-amz-target")?;
    let operation = target.to_str().ok().and_then(|target| target.strip_prefix(TARGET));
    Some(operation.unwrap_or_default().to_owned())
}

pub(super) fn read(body: &[u8]) -> Result<Map<String, Value>, AwsError> {
    // An operation without parameters may come without a document.
    let document = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(document).map_err(|error| serialization(&error))
}

pub(super) fn answer(result: &impl Serialize) -> serde_json::Result<Answer> {
    let mut answer = Response::new(Body::from(serde_json::to_vec(result)?));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    Ok(answer)
}

pub(super) fn serialization(error: &serde_json::Error) -> AwsError {
    AwsError::new(StatusCode::BAD_REQUEST, "SerializationException", error.to_string())
}

/// The error, with the code that the query protocol has for it beside: SDKs that are older than this protocol know no
/// other.
pub(super) fn refuse(error: &AwsError) -> Answer {
    let body = serde_json::json!({ "__type": shape(&error.code), "message": error.message });
    let mut answer = Response::new(Body::from(body.to_string().into_bytes()));
    *answer.status_mut() = error.status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    let fault = if error.status.is_server_error() { "Receiver" } else { "Sender" };
    if let Ok(value) = HeaderValue::from_str(&format!("{};{fault}", query_code(&error.code))) {
        answer.headers_mut().insert("x-amzn-query-error", value);
    }
    answer.extensions_mut().insert(ErrorCode(modern_name(&error.code).to_owned()));
    answer
}
