//! The query protocol: the operation and its parameters in a form or in the URL, the result in XML.
//!
//! Clients from before AWS JSON speak it, and whoever has only a URL and a signature. A queue's URL is an endpoint of its
//! own there: a request to it is about that queue, unless it names another.

mod form;
mod result;

use std::collections::BTreeMap;

use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use s3s::Body;
use serde::Serialize;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::error::{modern_name, query_code};
use crate::layer::{Answer, AwsError, ErrorCode, RequestIds};

const NAMESPACE: &str = "http://queue.amazonaws.com/doc/2012-11-05/";
const XML: &str = "text/xml";
const JSON: &str = "application/json";
const DECLARATION: &str = "<?xml version=\"1.0\"?>";
/// The operations that are about no queue, and so nothing that a queue's URL answers.
const WITHOUT_QUEUE: &[&str] = &["CreateQueue", "ListQueues"];
/// What a request that names no operation is answered.
const NO_OPERATION: &str = "UnknownOperationException";

/// What a client would read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Xml,
    Json,
}

impl Format {
    pub(super) fn of(parts: &Parts) -> Self {
        let accept = parts.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        if accept.is_some_and(|accept| accept.starts_with(JSON)) { Self::Json } else { Self::Xml }
    }
}

/// The operation and the input of a request.
pub(super) fn read(parts: &Parts, body: &[u8]) -> (String, Result<Map<String, Value>, AwsError>) {
    let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let form = if parts.method == Method::POST { body } else { b"" };
    let mut fields: BTreeMap<String, String> =
        query.into_owned().chain(form_urlencoded::parse(form).into_owned()).collect();
    let operation = fields.remove("Action").unwrap_or_default();
    if operation.is_empty() {
        let message = "the request names no operation";
        return (operation, Err(AwsError::new(StatusCode::NOT_FOUND, NO_OPERATION, message)));
    }
    if is_of_queue(parts.uri.path()) {
        if WITHOUT_QUEUE.contains(&operation.as_str()) {
            let refused = unknown(&operation);
            return (operation, Err(refused));
        }
        fields.entry("QueueUrl".to_owned()).or_insert_with(|| parts.uri.path().to_owned());
    }
    let input = form::document(&operation, fields);
    (operation, input)
}

/// Whether a path is that of a queue's URL: `/ACCOUNT/QUEUE`.
fn is_of_queue(path: &str) -> bool {
    path.trim_matches('/').contains('/')
}

/// An operation that there is not, or not where it is asked for.
pub(super) fn unknown(operation: &str) -> AwsError {
    let message = format!("The action {operation} is not valid for this endpoint.");
    AwsError::new(StatusCode::BAD_REQUEST, "InvalidAction", message)
}

pub(super) fn answer(
    operation: &str,
    result: &impl Serialize,
    format: Format,
    ids: &RequestIds,
) -> serde_json::Result<Answer> {
    let result = serde_json::to_value(result)?;
    let none = Map::new();
    let result = result.as_object().unwrap_or(&none);
    let request_id = &ids.request_id;
    let body = match format {
        Format::Xml => {
            let elements = result::elements(operation, result);
            let result = match (result::has_result(operation), elements.as_str()) {
                (false, _) => String::new(),
                (true, "") => format!("<{operation}Result/>"),
                (true, elements) => format!("<{operation}Result>{elements}</{operation}Result>"),
            };
            format!(
                "{DECLARATION}<{operation}Response xmlns=\"{NAMESPACE}\">{result}<ResponseMetadata><RequestId>{request_id}\
                 </RequestId></ResponseMetadata></{operation}Response>"
            )
        }
        Format::Json => {
            let mut response = json!({ "ResponseMetadata": { "RequestId": request_id } });
            if let (true, Some(response)) = (result::has_result(operation), response.as_object_mut()) {
                response.insert(format!("{operation}Result"), result::json_of(operation, result));
            }
            json!({ format!("{operation}Response"): response }).to_string()
        }
    };
    Ok(written(StatusCode::OK, format, body))
}

/// The error, by the code that it has had since before AWS JSON.
pub(super) fn refuse(error: &AwsError, format: Format, ids: &RequestIds) -> Answer {
    let code = query_code(&error.code);
    let fault = if error.status.is_server_error() { "Receiver" } else { "Sender" };
    let message = match modern_name(&error.code) {
        // Recorded on AWS: here, and only here, it tells of its own past.
        "QueueDoesNotExist" if error.message.ends_with("queue does not exist.") => {
            "The specified queue does not exist for this wsdl version."
        }
        _ => error.message.as_str(),
    };
    let mut answer = match format {
        // Whatever format is asked for.
        _ if error.code == NO_OPERATION => {
            written(error.status, Format::Xml, "<UnknownOperationException/>\n".to_owned())
        }
        Format::Xml => {
            let [code, message] = [code, message].map(result::escape);
            let body = format!(
                "{DECLARATION}<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{fault}</Type><Code>{code}</Code><Message>\
                 {message}</Message><Detail/></Error><RequestId>{}</RequestId></ErrorResponse>",
                ids.request_id
            );
            written(error.status, format, body)
        }
        Format::Json => {
            let error_of = json!({ "Type": fault, "Code": code, "Message": message, "Detail": null });
            let body = json!({ "Error": error_of, "RequestId": ids.request_id });
            written(error.status, format, body.to_string())
        }
    };
    answer.extensions_mut().insert(ErrorCode(modern_name(&error.code).to_owned()));
    answer
}

fn written(status: StatusCode, format: Format, body: String) -> Answer {
    let mut answer = Response::new(Body::from(body.into_bytes()));
    *answer.status_mut() = status;
    let content_type = match format {
        Format::Xml => XML,
        Format::Json => JSON,
    };
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}
