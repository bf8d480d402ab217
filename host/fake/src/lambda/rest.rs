//! REST JSON, Lambda's protocol: the operation in method and path, and what each of them answers.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use s3s::Body;
use serde_json::Value;
use url::form_urlencoded;

use super::configuration as ops;
use super::error::error;
use super::invoke::{invoke, invoke_with_response_stream};
use super::name::{Reference, arn, is_qualifier};
use crate::fake::Shared;
use crate::layer::{Answer, AwsError};

/// An operation of Lambda, as method and path name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    CreateAlias,
    GetAlias,
    GetFunction,
    GetFunctionConfiguration,
    Invoke,
    InvokeWithResponseStream,
    ListAliases,
    ListFunctions,
    ListVersionsByFunction,
    PublishVersion,
    Other(&'static str),
}

/// A request, as far as its head tells.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    operation: Operation,
    /// `FunctionName`, in whatever form.
    function: Option<String>,
    /// `Name`, of an alias.
    alias: Option<String>,
    /// The parameters of the query.
    query: Vec<(String, String)>,
}

/// Who asks, and where.
pub(crate) struct Context<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) region: String,
    pub(crate) caller_arn: String,
    pub(crate) request_id: String,
}

/// The function that a request is about.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) qualifier: Option<String>,
}

impl Target {
    /// The ARN with the qualifier of the request, if it has one.
    pub(super) fn arn(&self, cx: &Context<'_>) -> String {
        arn(&cx.region, &cx.shared.account_id, &self.name, self.qualifier.as_deref())
    }
}

impl Route {
    pub(crate) fn of(parts: &Parts) -> Self {
        let path = parts.uri.path().trim_end_matches('/');
        let segments: Vec<String> = path
            .split('/')
            .skip(1)
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (operation, function, alias) = match (&parts.method, &segments[..]) {
            (&Method::GET, ["2015-03-31", "functions"]) => (Operation::ListFunctions, None, None),
            (method, ["2015-03-31", "functions", function, rest @ ..]) => {
                let (operation, alias) = of_function(method, rest);
                (operation, Some(*function), alias)
            }
            (&Method::POST, ["2021-11-15", "functions", function, "response-streaming-invocations"]) => {
                (Operation::InvokeWithResponseStream, Some(*function), None)
            }
            _ => (Operation::Other("Unknown"), None, None),
        };
        let query = parts.uri.query().unwrap_or_default();
        Self {
            operation,
            function: function.map(str::to_owned),
            alias: alias.map(str::to_owned),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        }
    }

    /// The operation's name in the API.
    pub(crate) fn operation(&self) -> &'static str {
        match self.operation {
            Operation::CreateAlias => "CreateAlias",
            Operation::GetAlias => "GetAlias",
            Operation::GetFunction => "GetFunction",
            Operation::GetFunctionConfiguration => "GetFunctionConfiguration",
            Operation::Invoke => "Invoke",
            Operation::InvokeWithResponseStream => "InvokeWithResponseStream",
            Operation::ListAliases => "ListAliases",
            Operation::ListFunctions => "ListFunctions",
            Operation::ListVersionsByFunction => "ListVersionsByFunction",
            Operation::PublishVersion => "PublishVersion",
            Operation::Other(name) => name,
        }
    }

    /// The name of the function, without all that may be around it, for the call log and for faults.
    pub(crate) fn function(&self) -> Option<String> {
        self.function
            .as_ref()
            .and_then(|function| Reference::parse(function).ok())
            .map(|function| function.name)
    }

    /// Answers the request. `body` is none if it is longer than any operation takes.
    pub(crate) async fn call(
        &self,
        cx: &Context<'_>,
        parts: &Parts,
        body: Option<Bytes>,
    ) -> Result<Answer, AwsError> {
        let target = || self.target(cx);
        let alias = self.alias.as_deref().unwrap_or_default();
        let (ok, made) = (StatusCode::OK, StatusCode::CREATED);
        match self.operation {
            Operation::Invoke => invoke(cx, &target()?, &parts.headers, body).await,
            Operation::InvokeWithResponseStream => {
                invoke_with_response_stream(cx, &target()?, &parts.headers, body).await
            }
            Operation::ListFunctions => document(ok, &ops::list_functions(cx, self)?),
            Operation::GetFunction => document(ok, &ops::get_function(cx, &target()?)?),
            Operation::GetFunctionConfiguration => {
                document(ok, &ops::get_function_configuration(cx, &target()?)?)
            }
            Operation::ListVersionsByFunction => document(ok, &ops::list_versions(cx, &target()?, self)?),
            Operation::PublishVersion => {
                document(made, &ops::publish_version(cx, &target()?, &input(body)?)?)
            }
            Operation::ListAliases => document(ok, &ops::list_aliases(cx, &target()?, self)?),
            Operation::CreateAlias => document(made, &ops::create_alias(cx, &target()?, &input(body)?)?),
            Operation::GetAlias => document(ok, &ops::get_alias(cx, &target()?, alias)?),
            Operation::Other(name) => {
                let (method, path) = (&parts.method, parts.uri.path());
                let message = format!("the fake has no operation `{name}` of Lambda: {method} {path}");
                Err(AwsError::new(StatusCode::NOT_FOUND, "UnknownOperationException", message))
            }
        }
    }

    /// The function that is asked for, if it can be one of this account and region.
    fn target(&self, cx: &Context<'_>) -> Result<Target, AwsError> {
        let reference = Reference::parse(self.function.as_deref().unwrap_or_default())?;
        let given = self.parameter("Qualifier").filter(|qualifier| !qualifier.is_empty());
        if let Some(qualifier) = given.filter(|qualifier| !is_qualifier(qualifier)) {
            let pattern = "Member must satisfy regular expression pattern: (|[a-zA-Z0-9$_-]+)";
            return Err(super::error::validation(qualifier, "qualifier", pattern));
        }
        if let (Some(of_name), Some(given)) = (&reference.qualifier, given)
            && of_name != given
        {
            return Err(error(
                "InvalidParameterValueException",
                "The derived qualifier from the function name does not match the specified qualifier.",
            ));
        }
        let qualifier = reference.qualifier.or_else(|| given.map(str::to_owned));
        if reference.account_id.is_some_and(|account| account != cx.shared.account_id) {
            return Err(AwsError::new(
                StatusCode::FORBIDDEN,
                "AccessDeniedException",
                format!(
                    "User: {} is not authorized to perform: lambda:{} on resource: {} because no resource-based policy \
                     allows it",
                    cx.caller_arn,
                    if self.operation().starts_with("Invoke") { "InvokeFunction" } else { self.operation() },
                    self.function.as_deref().unwrap_or_default(),
                ),
            ));
        }
        if let Some(region) = reference.region.filter(|region| *region != cx.region) {
            return Err(error(
                "ResourceNotFoundException",
                format!("Functions from '{region}' are not reachable in this region ('{}')", cx.region),
            ));
        }
        let target = Target { name: reference.name, qualifier };
        // The functions of a fake are in its region; one without a region has them in every region.
        if cx.shared.region.as_ref().is_some_and(|region| *region != cx.region) {
            return Err(super::error::no_such_function(&target.arn(cx)));
        }
        Ok(target)
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// An operation on one function, by what follows its name in the path.
fn of_function<'a>(method: &Method, rest: &[&'a str]) -> (Operation, Option<&'a str>) {
    let operation = match (method.as_str(), rest) {
        ("GET", []) => Operation::GetFunction,
        ("GET", ["configuration"]) => Operation::GetFunctionConfiguration,
        ("GET", ["versions"]) => Operation::ListVersionsByFunction,
        ("POST", ["versions"]) => Operation::PublishVersion,
        ("GET", ["aliases"]) => Operation::ListAliases,
        ("POST", ["aliases"]) => Operation::CreateAlias,
        ("GET", ["aliases", alias]) => return (Operation::GetAlias, Some(alias)),
        ("POST", ["invocations"]) => Operation::Invoke,
        ("DELETE", []) => Operation::Other("DeleteFunction"),
        ("PUT", ["code"]) => Operation::Other("UpdateFunctionCode"),
        ("PUT", ["configuration"]) => Operation::Other("UpdateFunctionConfiguration"),
        ("PUT", ["aliases", _]) => Operation::Other("UpdateAlias"),
        ("DELETE", ["aliases", _]) => Operation::Other("DeleteAlias"),
        _ => Operation::Other("Unknown"),
    };
    (operation, None)
}

fn input(body: Option<Bytes>) -> Result<Value, AwsError> {
    let body = body.unwrap_or_default();
    if body.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    let input = serde_json::from_slice(&body).ok().filter(Value::is_object);
    input.ok_or_else(|| error("InvalidRequestContentException", "Could not parse request body into json"))
}

#[expect(clippy::unnecessary_wraps, reason = "the end of an operation that may have failed before")]
fn document(status: StatusCode, body: &Value) -> Result<Answer, AwsError> {
    let mut answer = Response::new(Body::from(body.to_string().into_bytes()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(answer)
}
