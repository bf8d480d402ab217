//! REST JSON, Lambda's protocol: the operation in method and path, and what each of them answers.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use s3s::Body;
use serde_json::Value;
use url::form_urlencoded;

use super::error::error;
use super::invoke::{MAX_SYNC, invoke, invoke_with_response_stream};
use super::name::{FunctionId, Reference, is_qualifier};
use super::{access, aliases, configuration as ops, create, layers, mappings, policy, settings};
use crate::fake::Shared;
use crate::layer::{Answer, AwsError};

/// The longest body of a request that invokes nothing, which may have an archive in it.
const MAX_REQUEST: usize = 70_167_211;

/// A request, as far as its head tells.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// Its name in the API.
    operation: &'static str,
    /// What the path names.
    names: Names,
    /// The parameters of the query.
    query: Vec<(String, String)>,
}

/// What stands in a path in the places of a template.
#[derive(Clone, Debug, Default)]
struct Names {
    /// `FunctionName`, in whatever form; of tags the ARN of what has them.
    function: Option<String>,
    /// `LayerName`, in whatever form.
    layer: Option<String>,
    /// `VersionNumber`, of a layer.
    version: Option<String>,
    /// What of the function or layer it is about, by name: an alias, a statement. Of event source mappings their UUID.
    part: Option<String>,
}

/// Who asks, and where.
pub(crate) struct Context<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) region: String,
    /// The account of who asks; none is that of the fake itself.
    pub(crate) account_id: Option<String>,
    pub(crate) caller_arn: String,
    /// Whether the request came over https.
    pub(crate) is_secure: bool,
    pub(crate) request_id: String,
}

impl Context<'_> {
    /// The account of who asks.
    pub(super) fn account(&self) -> &str {
        self.account_id.as_deref().unwrap_or(&self.shared.account_id)
    }
}

/// The function that a request is about.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) function: FunctionId,
    pub(super) qualifier: Option<String>,
}

impl Target {
    pub(super) fn name(&self) -> &str {
        &self.function.name
    }

    /// The account that the function is of.
    pub(super) fn account_id<'a>(&'a self, cx: &'a Context<'_>) -> &'a str {
        self.function.account_id.as_deref().unwrap_or(&cx.shared.account_id)
    }

    /// The ARN with the qualifier of the request, if it has one.
    pub(super) fn arn(&self, cx: &Context<'_>) -> String {
        self.arn_of(cx, self.qualifier.as_deref())
    }

    /// The ARN with another qualifier, or none.
    pub(super) fn arn_of(&self, cx: &Context<'_>, qualifier: Option<&str>) -> String {
        self.function.arn(&cx.region, &cx.shared.account_id, qualifier)
    }
}

impl Route {
    /// The names of all operations.
    pub(crate) fn operations() -> impl Iterator<Item = &'static str> {
        OPERATIONS.iter().map(|(_, _, operation)| *operation).chain(["GetLayerVersionByArn"])
    }

    pub(crate) fn of(parts: &Parts) -> Self {
        let path = parts.uri.path().trim_end_matches('/');
        let segments: Vec<String> = path
            .split('/')
            .skip(1)
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let found = OPERATIONS.iter().find_map(|(method, template, operation)| {
            (*method == parts.method.as_str())
                .then(|| fit(template, &segments))
                .flatten()
                .map(|names| (*operation, names))
        });
        let (operation, names) = found.unwrap_or(("Unknown", Names::default()));
        let query = parts.uri.query().unwrap_or_default();
        let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut route = Self { operation, names, query };
        // The one operation that only the query tells from another.
        if operation == "ListLayers" && route.parameter("find") == Some("LayerVersion") {
            route.operation = "GetLayerVersionByArn";
        }
        route
    }

    /// The longest body that the operation takes.
    pub(crate) fn max_body(&self) -> usize {
        if self.operation.starts_with("Invoke") { MAX_SYNC } else { MAX_REQUEST }
    }

    /// `LayerName`, as it is given.
    pub(super) fn layer(&self) -> &str {
        self.names.layer.as_deref().unwrap_or_default()
    }

    /// `VersionNumber`, as it is given.
    pub(super) fn version(&self) -> &str {
        self.names.version.as_deref().unwrap_or_default()
    }

    /// What of a function or layer it is about; of event source mappings the UUID.
    pub(super) fn part(&self) -> &str {
        self.names.part.as_deref().unwrap_or_default()
    }

    /// The ARN of what has tags.
    pub(super) fn resource(&self) -> &str {
        self.names.function.as_deref().unwrap_or_default()
    }

    /// The operation's name in the API.
    pub(crate) fn operation(&self) -> &'static str {
        self.operation
    }

    /// The name of the function, without all that may be around it, for the call log and for faults.
    pub(crate) fn function(&self) -> Option<String> {
        self.names
            .function
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
        let part = self.part();
        let body = body.ok_or(self.operation);
        let (ok, made) = (StatusCode::OK, StatusCode::CREATED);
        match self.operation {
            "CreateFunction" => return document(made, &create::create_function(cx, &input(body)?)?),
            "GetAccountSettings" => return document(ok, &settings::account_settings(cx)),
            "ListFunctions" => return document(ok, &ops::list_functions(cx, self)?),
            operation if operation.contains("Layer") => return layers::answer(cx, self, body),
            operation if operation.contains("EventSourceMapping") || mappings::has_tags(self) => {
                return mappings::answer(cx, self, body);
            }
            "Unknown" => {
                let (method, path) = (&parts.method, parts.uri.path());
                let message = format!("the fake has no such operation of Lambda: {method} {path}");
                return Err(AwsError::new(StatusCode::NOT_FOUND, "UnknownOperationException", message));
            }
            "ListTags" | "TagResource" | "UntagResource" => settings::check_resource(self)?,
            _ => {}
        }
        let target = &self.target(cx)?;
        match self.operation {
            "Invoke" => return invoke(cx, target, &parts.headers, body.ok()).await,
            // `Invoke` as it once was: for events only.
            "InvokeAsync" => {
                let mut headers = parts.headers.clone();
                headers.insert("x-amz-invocation-type", HeaderValue::from_static("Event"));
                return invoke(cx, target, &headers, body.ok()).await;
            }
            "InvokeWithResponseStream" => {
                return invoke_with_response_stream(cx, target, &parts.headers, body.ok()).await;
            }
            "DeleteAlias" => return nothing(aliases::delete_alias(cx, target, part)),
            "DeleteFunction" => return nothing(create::delete_function(cx, target)),
            "DeleteFunctionConcurrency" => return nothing(settings::delete_concurrency(cx, target)),
            "DeleteFunctionEventInvokeConfig" => {
                return nothing(settings::delete_event_invoke_config(cx, target));
            }
            "DeleteFunctionUrlConfig" => return nothing(settings::delete_url_config(cx, target)),
            "RemovePermission" => return nothing(policy::remove_permission(cx, target, self)),
            "TagResource" => return nothing(settings::tag_resource(cx, target, &input(body)?)),
            "UntagResource" => return nothing(settings::untag_resource(cx, target, self)),
            "AddPermission" => return document(made, &policy::add_permission(cx, target, &input(body)?)?),
            "CreateAlias" => return document(made, &aliases::create_alias(cx, target, &input(body)?)?),
            "CreateFunctionUrlConfig" => {
                return document(made, &settings::create_url_config(cx, target, &input(body)?)?);
            }
            "PublishVersion" => return document(made, &ops::publish_version(cx, target, &input(body)?)?),
            _ => {}
        }
        let answer = match self.operation {
            "GetAlias" => aliases::get_alias(cx, target, part)?,
            "GetFunction" => ops::get_function(cx, target)?,
            "GetFunctionCodeSigningConfig" => settings::get_code_signing_config(cx, target)?,
            "GetFunctionConcurrency" => settings::get_concurrency(cx, target)?,
            "GetFunctionConfiguration" => ops::get_function_configuration(cx, target)?,
            "GetFunctionEventInvokeConfig" => settings::get_event_invoke_config(cx, target)?,
            "GetFunctionUrlConfig" => settings::get_url_config(cx, target)?,
            "GetPolicy" => policy::get_policy(cx, target)?,
            "ListAliases" => aliases::list_aliases(cx, target, self)?,
            "ListFunctionEventInvokeConfigs" => settings::list_event_invoke_configs(cx, target)?,
            "ListFunctionUrlConfigs" => settings::list_url_configs(cx, target, self)?,
            "ListTags" => settings::list_tags(cx, target)?,
            "ListVersionsByFunction" => ops::list_versions(cx, target, self)?,
            "PutFunctionConcurrency" => settings::put_concurrency(cx, target, &input(body)?)?,
            "PutFunctionEventInvokeConfig" => {
                settings::set_event_invoke_config(cx, target, &input(body)?, true)?
            }
            "UpdateAlias" => aliases::update_alias(cx, target, part, &input(body)?)?,
            "UpdateFunctionCode" => create::update_function_code(cx, target, &input(body)?)?,
            "UpdateFunctionConfiguration" => {
                create::update_function_configuration(cx, target, &input(body)?)?
            }
            "UpdateFunctionEventInvokeConfig" => {
                settings::set_event_invoke_config(cx, target, &input(body)?, false)?
            }
            "UpdateFunctionUrlConfig" => settings::update_url_config(cx, target, &input(body)?)?,
            other => return Err(super::error::unknown_operation(other)),
        };
        document(ok, &answer)
    }

    /// The function that is asked for, if it can be one of this account and region.
    fn target(&self, cx: &Context<'_>) -> Result<Target, AwsError> {
        let reference = Reference::parse(self.resource())?;
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
        let account_id = reference.account_id.as_deref().unwrap_or(cx.account());
        let account_id = cx.shared.other_account(Some(account_id));
        let function = FunctionId { account_id: account_id.map(str::to_owned), name: reference.name };
        let target = Target { function, qualifier };
        if target.function.account_id != cx.account_id {
            self.check_access(cx, &target)?;
        }
        if let Some(region) = reference.region.filter(|region| *region != cx.region) {
            return Err(error(
                "ResourceNotFoundException",
                format!("Functions from '{region}' are not reachable in this region ('{}')", cx.region),
            ));
        }
        // The functions of a fake are in its region; one without a region has them in every region.
        if cx.shared.region.as_ref().is_some_and(|region| *region != cx.region) {
            return Err(super::error::no_such_function(&target.arn(cx)));
        }
        Ok(target)
    }

    /// Refuses what no policy of a function of another account allows.
    fn check_access(&self, cx: &Context<'_>, target: &Target) -> Result<(), AwsError> {
        let operation = if self.operation.starts_with("Invoke") { "InvokeFunction" } else { self.operation };
        let functions = cx.shared.lambda.functions();
        let function = functions.by_id.get(&target.function);
        let policy = function.and_then(|function| function.policy(target.qualifier.as_deref()));
        let (action, arn) = (format!("lambda:{operation}"), target.arn(cx));
        access::check(cx, policy.unwrap_or_default(), &action, &arn, target.account_id(cx))
    }

    /// Every value of a parameter that may be repeated.
    pub(super) fn parameters<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Method, path, operation; in braces the fields of [`Names`].
const OPERATIONS: &[(&str, &str, &str)] = &[
    ("GET", "2016-08-19/account-settings", "GetAccountSettings"),
    ("GET", "2015-03-31/functions", "ListFunctions"),
    ("POST", "2015-03-31/functions", "CreateFunction"),
    ("GET", "2015-03-31/functions/{function}", "GetFunction"),
    ("DELETE", "2015-03-31/functions/{function}", "DeleteFunction"),
    ("GET", "2015-03-31/functions/{function}/configuration", "GetFunctionConfiguration"),
    ("PUT", "2015-03-31/functions/{function}/configuration", "UpdateFunctionConfiguration"),
    ("PUT", "2015-03-31/functions/{function}/code", "UpdateFunctionCode"),
    ("GET", "2015-03-31/functions/{function}/versions", "ListVersionsByFunction"),
    ("POST", "2015-03-31/functions/{function}/versions", "PublishVersion"),
    ("GET", "2015-03-31/functions/{function}/aliases", "ListAliases"),
    ("POST", "2015-03-31/functions/{function}/aliases", "CreateAlias"),
    ("GET", "2015-03-31/functions/{function}/aliases/{part}", "GetAlias"),
    ("PUT", "2015-03-31/functions/{function}/aliases/{part}", "UpdateAlias"),
    ("DELETE", "2015-03-31/functions/{function}/aliases/{part}", "DeleteAlias"),
    ("POST", "2015-03-31/functions/{function}/invocations", "Invoke"),
    ("POST", "2014-11-13/functions/{function}/invoke-async", "InvokeAsync"),
    ("POST", "2021-11-15/functions/{function}/response-streaming-invocations", "InvokeWithResponseStream"),
    ("GET", "2015-03-31/functions/{function}/policy", "GetPolicy"),
    ("POST", "2015-03-31/functions/{function}/policy", "AddPermission"),
    ("DELETE", "2015-03-31/functions/{function}/policy/{part}", "RemovePermission"),
    ("PUT", "2017-10-31/functions/{function}/concurrency", "PutFunctionConcurrency"),
    ("DELETE", "2017-10-31/functions/{function}/concurrency", "DeleteFunctionConcurrency"),
    ("GET", "2019-09-30/functions/{function}/concurrency", "GetFunctionConcurrency"),
    ("GET", "2019-09-25/functions/{function}/event-invoke-config", "GetFunctionEventInvokeConfig"),
    ("PUT", "2019-09-25/functions/{function}/event-invoke-config", "PutFunctionEventInvokeConfig"),
    ("POST", "2019-09-25/functions/{function}/event-invoke-config", "UpdateFunctionEventInvokeConfig"),
    ("DELETE", "2019-09-25/functions/{function}/event-invoke-config", "DeleteFunctionEventInvokeConfig"),
    ("GET", "2019-09-25/functions/{function}/event-invoke-config/list", "ListFunctionEventInvokeConfigs"),
    ("GET", "2020-06-30/functions/{function}/code-signing-config", "GetFunctionCodeSigningConfig"),
    ("GET", "2021-10-31/functions/{function}/urls", "ListFunctionUrlConfigs"),
    ("GET", "2021-10-31/functions/{function}/url", "GetFunctionUrlConfig"),
    ("POST", "2021-10-31/functions/{function}/url", "CreateFunctionUrlConfig"),
    ("PUT", "2021-10-31/functions/{function}/url", "UpdateFunctionUrlConfig"),
    ("DELETE", "2021-10-31/functions/{function}/url", "DeleteFunctionUrlConfig"),
    ("GET", "2018-10-31/layers", "ListLayers"),
    ("GET", "2018-10-31/layers/{layer}/versions", "ListLayerVersions"),
    ("POST", "2018-10-31/layers/{layer}/versions", "PublishLayerVersion"),
    ("GET", "2018-10-31/layers/{layer}/versions/{version}", "GetLayerVersion"),
    ("DELETE", "2018-10-31/layers/{layer}/versions/{version}", "DeleteLayerVersion"),
    ("GET", "2018-10-31/layers/{layer}/versions/{version}/policy", "GetLayerVersionPolicy"),
    ("POST", "2018-10-31/layers/{layer}/versions/{version}/policy", "AddLayerVersionPermission"),
    ("DELETE", "2018-10-31/layers/{layer}/versions/{version}/policy/{part}", "RemoveLayerVersionPermission"),
    ("GET", "2015-03-31/event-source-mappings", "ListEventSourceMappings"),
    ("POST", "2015-03-31/event-source-mappings", "CreateEventSourceMapping"),
    ("GET", "2015-03-31/event-source-mappings/{part}", "GetEventSourceMapping"),
    ("PUT", "2015-03-31/event-source-mappings/{part}", "UpdateEventSourceMapping"),
    ("DELETE", "2015-03-31/event-source-mappings/{part}", "DeleteEventSourceMapping"),
    ("GET", "2017-03-31/tags/{function}", "ListTags"),
    ("POST", "2017-03-31/tags/{function}", "TagResource"),
    ("DELETE", "2017-03-31/tags/{function}", "UntagResource"),
];

/// What stands in a path for the names of a template. None if the path is another one.
fn fit(template: &str, segments: &[&str]) -> Option<Names> {
    let mut names = Names::default();
    let mut given = segments.iter();
    for wanted in template.split('/') {
        let segment = *given.next()?;
        let name = match wanted {
            "{function}" => &mut names.function,
            "{layer}" => &mut names.layer,
            "{version}" => &mut names.version,
            "{part}" => &mut names.part,
            wanted if wanted == segment => continue,
            _ => return None,
        };
        *name = Some(segment.to_owned());
    }
    given.next().is_none().then_some(names)
}

pub(super) fn nothing(done: Result<(), AwsError>) -> Result<Answer, AwsError> {
    done?;
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    Ok(answer)
}

/// A body, or the operation for which it was too long.
pub(super) type Input = Result<Bytes, &'static str>;

pub(super) fn input(body: Input) -> Result<Value, AwsError> {
    let body = body.map_err(|operation| {
        error(
            "RequestEntityTooLargeException",
            format!("Request must be smaller than {MAX_REQUEST} bytes for the {operation} operation"),
        )
    })?;
    if body.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    let input = serde_json::from_slice(&body).ok().filter(Value::is_object);
    input.ok_or_else(|| error("InvalidRequestContentException", "Could not parse request body into json"))
}

#[expect(clippy::unnecessary_wraps, reason = "the end of an operation that may have failed before")]
pub(super) fn document(status: StatusCode, body: &Value) -> Result<Answer, AwsError> {
    let mut answer = Response::new(Body::from(body.to_string().into_bytes()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(answer)
}
