use std::borrow::Cow;

use http::{HeaderValue, Response, StatusCode, header};
use s3s::xml::{SerResult, Serializer};
use s3s::{Body, S3ErrorCode};

use crate::calls::Service;
use crate::{lambda, sqs};

/// An answer of a service.
pub(crate) type Answer = Response<Body>;

/// An AWS error, before it is written in the format of the service that answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AwsError {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) status: StatusCode,
    /// Headers beside the document, such as `x-amz-bucket-region`.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Elements beside the message, in an error of S3.
    pub(crate) details: Vec<(Cow<'static, str>, String)>,
    /// Why, of a throttling: Lambda's `Reason`.
    pub(crate) reason: Option<&'static str>,
}

/// The ids of a request, which every error repeats.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestIds {
    pub(crate) request_id: String,
    pub(crate) host_id: String,
}

impl AwsError {
    pub(crate) fn new(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        let (headers, details) = (Vec::new(), Vec::new());
        Self { code: code.into(), message: message.into(), status, headers, details, reason: None }
    }

    /// The error with an element more, as S3 writes it.
    #[must_use]
    pub(crate) fn with(mut self, element: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.details.push((element.into(), value.into()));
        self
    }

    /// The error with the status that belongs to its code.
    pub(crate) fn of_code(service: &Service, code: String, message: String) -> Self {
        let known = match service {
            Service::Sqs => sqs::status_of(&code),
            Service::Lambda => lambda::status_of(&code),
            Service::S3 | Service::Sts | Service::Iam | Service::Other(_) => None,
        };
        let known =
            known.or_else(|| S3ErrorCode::from_bytes(code.as_bytes()).and_then(|code| code.status_code()));
        let status = known.unwrap_or(match code.as_str() {
            "AccessDeniedException" | "AuthFailure" | "OptInRequired" | "ExpiredTokenException" => {
                StatusCode::FORBIDDEN
            }
            "InternalFailure" | "InternalServerError" => StatusCode::INTERNAL_SERVER_ERROR,
            "ServiceUnavailableException" => StatusCode::SERVICE_UNAVAILABLE,
            "TooManyRequestsException" => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::BAD_REQUEST,
        });
        Self::new(status, code, message)
    }

    /// The error as `service` would answer it.
    pub(crate) fn answer(&self, service: &Service, ids: &RequestIds) -> Answer {
        let (content_type, body) = match service {
            Service::S3 => ("application/xml", xml(|s| self.s3_xml(s, ids))),
            Service::Sts | Service::Iam => ("text/xml", xml(|s| self.query_xml(s, ids))),
            // One whose protocol is not known: what SDKs speak.
            Service::Sqs => return sqs::Protocol::Json.refuse(self, ids),
            Service::Lambda => return lambda::error_answer(self),
            Service::Other(_) => {
                let json = serde_json::json!({ "__type": self.code, "message": self.message });
                ("application/x-amz-json-1.0", json.to_string().into_bytes())
            }
        };
        let mut answer = Response::new(Body::from(body));
        *answer.status_mut() = self.status;
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                answer.headers_mut().insert(*name, value);
            }
        }
        answer.extensions_mut().insert(ErrorCode(self.code.clone()));
        if matches!(service, Service::Other(_))
            && let Ok(code) = HeaderValue::from_str(&self.code)
        {
            answer.headers_mut().insert("x-amzn-errortype", code);
        }
        answer
    }

    fn s3_xml<W: std::io::Write>(&self, s: &mut Serializer<W>, ids: &RequestIds) -> SerResult {
        s.element("Error", |s| {
            s.content("Code", &self.code)?;
            s.content("Message", &self.message)?;
            for (element, value) in &self.details {
                s.content(element, &carried(value))?;
            }
            s.content("RequestId", &ids.request_id)?;
            s.content("HostId", &ids.host_id)
        })
    }

    fn query_xml<W: std::io::Write>(&self, s: &mut Serializer<W>, ids: &RequestIds) -> SerResult {
        s.element_with_ns("ErrorResponse", STS_NAMESPACE, |s| {
            s.element("Error", |s| {
                s.content("Type", if self.status.is_server_error() { "Receiver" } else { "Sender" })?;
                s.content("Code", &self.code)?;
                s.content("Message", &self.message)
            })?;
            s.content("RequestId", &ids.request_id)
        })
    }
}

/// A text that came in a request, without what XML cannot carry at all.
fn carried(text: &str) -> String {
    let carries = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    text.chars().map(|c| if carries(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// The AWS error code of an answer, for the call log. Travels in the answer's extensions.
#[derive(Clone, Debug)]
pub(crate) struct ErrorCode(pub(crate) String);

/// The XML namespace of STS's answers.
pub(crate) const STS_NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// An XML document written by `write`.
pub(crate) fn xml(write: impl FnOnce(&mut Serializer<&mut Vec<u8>>) -> SerResult) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::new(&mut bytes);
    // Writing to memory does not fail.
    let result = serializer.decl().and_then(|()| write(&mut serializer));
    debug_assert!(result.is_ok());
    bytes
}
