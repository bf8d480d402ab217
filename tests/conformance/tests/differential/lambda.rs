//! Operations of Lambda that run no code: moto would want Docker for that.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Environment, FunctionCode, Runtime};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::layers::{self, Layer};
use crate::names::Names;
use crate::side::{REGION, ROLE, Side, failure};

pub(crate) const FUNCTIONS: &[&str] = &["price", "stock"];
const ALIASES: &[&str] = &["live", "next"];
const QUALIFIERS: &[&str] = &["$LATEST", "1", "2", "live"];
/// Archives without a file in them, that differ in their comment.
pub(crate) const ARCHIVES: &[&[u8]] = &[
    b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0a",
    b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0b",
];

#[derive(Clone, Debug)]
pub(crate) enum Lambda {
    CreateFunction(&'static str, Settings, &'static [u8]),
    GetFunction(&'static str, Option<&'static str>),
    GetFunctionConfiguration(&'static str, Option<&'static str>),
    UpdateFunctionConfiguration(&'static str, Settings),
    UpdateFunctionCode(&'static str, &'static [u8]),
    DeleteFunction(&'static str, Option<&'static str>),
    ListFunctions(bool),
    PublishVersion(&'static str),
    ListVersionsByFunction(&'static str),
    CreateAlias(&'static str, &'static str, &'static str),
    GetAlias(&'static str, &'static str),
    UpdateAlias(&'static str, &'static str, &'static str),
    DeleteAlias(&'static str, &'static str),
    ListAliases(&'static str),
    TagResource(&'static str, &'static str),
    UntagResource(&'static str, &'static str),
    ListTags(&'static str),
    PutFunctionConcurrency(&'static str, i32),
    GetFunctionConcurrency(&'static str),
    DeleteFunctionConcurrency(&'static str),
    AddPermission(&'static str, &'static str),
    RemovePermission(&'static str, &'static str),
    GetPolicy(&'static str),
    Layer(Layer),
}

/// What a function is made with, or made to be.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    description: Option<&'static str>,
    timeout: Option<i32>,
    memory: Option<i32>,
    environment: Option<&'static str>,
    runtime: Option<Runtime>,
}

/// What every trace begins with.
pub(crate) fn first() -> Vec<Lambda> {
    let settings =
        Settings { description: None, timeout: None, memory: None, environment: None, runtime: None };
    vec![Lambda::CreateFunction(FUNCTIONS[0], settings, ARCHIVES[0])]
}

pub(crate) fn operation() -> impl Strategy<Value = Lambda> {
    let functions = prop_oneof![
        3 => (function(), settings(), select(ARCHIVES)).prop_map(|(name, with, code)| Lambda::CreateFunction(name, with, code)),
        3 => (function(), qualifier()).prop_map(|(name, of)| Lambda::GetFunction(name, of)),
        3 => (function(), qualifier()).prop_map(|(name, of)| Lambda::GetFunctionConfiguration(name, of)),
        3 => (function(), settings()).prop_map(|(name, with)| Lambda::UpdateFunctionConfiguration(name, with)),
        2 => (function(), select(ARCHIVES)).prop_map(|(name, code)| Lambda::UpdateFunctionCode(name, code)),
        1 => (function(), qualifier()).prop_map(|(name, of)| Lambda::DeleteFunction(name, of)),
        1 => any::<bool>().prop_map(Lambda::ListFunctions),
    ];
    let versions = prop_oneof![
        4 => function().prop_map(Lambda::PublishVersion),
        2 => function().prop_map(Lambda::ListVersionsByFunction),
        4 => (function(), alias(), select(QUALIFIERS)).prop_map(|(name, alias, of)| Lambda::CreateAlias(name, alias, of)),
        2 => (function(), alias()).prop_map(|(name, alias)| Lambda::GetAlias(name, alias)),
        1 => (function(), alias(), select(QUALIFIERS)).prop_map(|(name, alias, of)| Lambda::UpdateAlias(name, alias, of)),
        1 => (function(), alias()).prop_map(|(name, alias)| Lambda::DeleteAlias(name, alias)),
        1 => function().prop_map(Lambda::ListAliases),
    ];
    let tags = select(&["team", "cost"][..]);
    let statements = select(&["s3", "events"][..]);
    let rest = prop_oneof![
        2 => (function(), tags.clone()).prop_map(|(name, tag)| Lambda::TagResource(name, tag)),
        1 => (function(), tags).prop_map(|(name, tag)| Lambda::UntagResource(name, tag)),
        1 => function().prop_map(Lambda::ListTags),
        1 => (function(), select(&[0, 5, 100][..])).prop_map(|(name, most)| Lambda::PutFunctionConcurrency(name, most)),
        1 => function().prop_map(Lambda::GetFunctionConcurrency),
        1 => function().prop_map(Lambda::DeleteFunctionConcurrency),
        2 => (function(), statements.clone()).prop_map(|(name, id)| Lambda::AddPermission(name, id)),
        1 => (function(), statements).prop_map(|(name, id)| Lambda::RemovePermission(name, id)),
        1 => function().prop_map(Lambda::GetPolicy),
    ];
    prop_oneof![4 => functions, 3 => versions, 2 => rest, 3 => layers::operation().prop_map(Lambda::Layer)]
}

fn function() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just(FUNCTIONS[0]), 1 => Just(FUNCTIONS[1])]
}

fn alias() -> impl Strategy<Value = &'static str> {
    select(ALIASES)
}

fn qualifier() -> impl Strategy<Value = Option<&'static str>> {
    option::weighted(0.4, select(QUALIFIERS))
}

fn settings() -> impl Strategy<Value = Settings> {
    (
        option::weighted(0.4, select(&["prices", ""][..])),
        option::weighted(0.4, select(&[1, 900][..])),
        option::weighted(0.4, select(&[128, 512][..])),
        option::weighted(0.3, select(&["prod", "test"][..])),
        option::weighted(0.3, select(vec![Runtime::Python312, Runtime::Nodejs20x])),
    )
        .prop_map(|(description, timeout, memory, environment, runtime)| Settings {
            description,
            timeout,
            memory,
            environment,
            runtime,
        })
}

/// The answer as a document: what `$shown` makes of a success, or the failure.
macro_rules! answer {
    ($request:expr, $output:ident => $shown:expr) => {
        match $request.send().await {
            Ok($output) => $shown,
            Err(error) => failure(&error),
        }
    };
}
pub(crate) use answer;

/// The members of a configuration, of whichever of the types that have them.
macro_rules! configuration {
    ($it:ident) => {
        json!({
            "name": $it.function_name(), "arn": $it.function_arn(), "version": $it.version(),
            "role": $it.role(), "handler": $it.handler(), "timeout": $it.timeout(), "memory": $it.memory_size(),
            "description": $it.description(), "sha256": $it.code_sha256(), "size": $it.code_size(),
            "runtime": $it.runtime().map(Runtime::as_str),
            "state": $it.state().map(|state| state.as_str()),
            "package": $it.package_type().map(|package| package.as_str()),
            "environment": sorted($it.environment().and_then(|it| it.variables())),
            "architectures": $it.architectures().iter().map(|it| it.as_str()).collect::<Vec<_>>(),
        })
    };
}

macro_rules! alias {
    ($it:ident) => {
        json!({
            "name": $it.name(), "arn": $it.alias_arn(), "version": $it.function_version(), "description": $it.description(),
        })
    };
}

fn sorted(map: Option<&HashMap<String, String>>) -> Option<BTreeMap<&String, &String>> {
    map.map(|map| map.iter().collect())
}

fn arn(function: &str) -> String {
    format!("arn:aws:lambda:{REGION}:123456789012:function:{function}")
}

impl Settings {
    fn environment(&self) -> Option<Environment> {
        self.environment.map(|stage| Environment::builder().variables("STAGE", stage).build())
    }
}

impl crate::Operation for Lambda {
    fn name(&self) -> &'static str {
        match self {
            Self::CreateFunction(..) => "CreateFunction",
            Self::GetFunction(..) => "GetFunction",
            Self::GetFunctionConfiguration(..) => "GetFunctionConfiguration",
            Self::UpdateFunctionConfiguration(..) => "UpdateFunctionConfiguration",
            Self::UpdateFunctionCode(..) => "UpdateFunctionCode",
            Self::DeleteFunction(..) => "DeleteFunction",
            Self::ListFunctions(_) => "ListFunctions",
            Self::PublishVersion(_) => "PublishVersion",
            Self::ListVersionsByFunction(_) => "ListVersionsByFunction",
            Self::CreateAlias(..) => "CreateAlias",
            Self::GetAlias(..) => "GetAlias",
            Self::UpdateAlias(..) => "UpdateAlias",
            Self::DeleteAlias(..) => "DeleteAlias",
            Self::ListAliases(_) => "ListAliases",
            Self::TagResource(..) => "TagResource",
            Self::UntagResource(..) => "UntagResource",
            Self::ListTags(_) => "ListTags",
            Self::PutFunctionConcurrency(..) => "PutFunctionConcurrency",
            Self::GetFunctionConcurrency(_) => "GetFunctionConcurrency",
            Self::DeleteFunctionConcurrency(_) => "DeleteFunctionConcurrency",
            Self::AddPermission(..) => "AddPermission",
            Self::RemovePermission(..) => "RemovePermission",
            Self::GetPolicy(_) => "GetPolicy",
            Self::Layer(operation) => operation.name(),
        }
    }

    #[expect(clippy::too_many_lines, reason = "an arm for each operation")]
    async fn run(&self, side: &Side, _: &mut Names) -> Value {
        let lambda = &side.lambda;
        match self.clone() {
            Self::CreateFunction(name, with, code) => {
                let environment = with.environment();
                let code = FunctionCode::builder().zip_file(Blob::new(code)).build();
                let create = lambda
                    .create_function()
                    .function_name(name)
                    .role(ROLE)
                    .handler("main.handler")
                    .code(code);
                let create =
                    create.runtime(with.runtime.unwrap_or(Runtime::Python312)).set_environment(environment);
                let create = create.set_timeout(with.timeout).set_memory_size(with.memory);
                answer!(create.set_description(with.description.map(str::to_owned)), it => configuration!(it))
            }
            Self::GetFunction(name, of) => {
                answer!(lambda.get_function().function_name(name).set_qualifier(of.map(str::to_owned)), it => {
                    let configuration = it.configuration().map(|it| configuration!(it));
                    json!({ "configuration": configuration, "tags": sorted(it.tags()) })
                })
            }
            Self::GetFunctionConfiguration(name, of) => {
                let get = lambda.get_function_configuration().function_name(name);
                answer!(get.set_qualifier(of.map(str::to_owned)), it => configuration!(it))
            }
            Self::UpdateFunctionConfiguration(name, with) => {
                let environment = with.environment();
                let update =
                    lambda.update_function_configuration().function_name(name).set_runtime(with.runtime);
                let update = update
                    .set_timeout(with.timeout)
                    .set_memory_size(with.memory)
                    .set_environment(environment);
                answer!(update.set_description(with.description.map(str::to_owned)), it => configuration!(it))
            }
            Self::UpdateFunctionCode(name, code) => {
                let update = lambda.update_function_code().function_name(name).zip_file(Blob::new(code));
                answer!(update, it => configuration!(it))
            }
            Self::DeleteFunction(name, of) => {
                let delete =
                    lambda.delete_function().function_name(name).set_qualifier(of.map(str::to_owned));
                answer!(delete, _done => json!({}))
            }
            Self::ListFunctions(all) => {
                let list = lambda.list_functions();
                let list = if all {
                    list.function_version(aws_sdk_lambda::types::FunctionVersion::All)
                } else {
                    list
                };
                answer!(list, it => {
                    let functions = it.functions().iter().map(|it| json!([it.function_arn(), it.version()]));
                    let mut functions: Vec<_> = functions.collect();
                    functions.sort_by_key(Value::to_string);
                    json!({ "functions": functions })
                })
            }
            Self::PublishVersion(name) => {
                answer!(lambda.publish_version().function_name(name), it => configuration!(it))
            }
            Self::ListVersionsByFunction(name) => {
                answer!(lambda.list_versions_by_function().function_name(name), it => {
                    json!({ "versions": it.versions().iter().map(|it| configuration!(it)).collect::<Vec<_>>() })
                })
            }
            Self::CreateAlias(name, alias, of) => {
                let create = lambda.create_alias().function_name(name).name(alias).function_version(of);
                answer!(create, it => alias!(it))
            }
            Self::GetAlias(name, alias) => {
                answer!(lambda.get_alias().function_name(name).name(alias), it => alias!(it))
            }
            Self::UpdateAlias(name, alias, of) => {
                let update = lambda.update_alias().function_name(name).name(alias).function_version(of);
                answer!(update, it => alias!(it))
            }
            Self::DeleteAlias(name, alias) => {
                answer!(lambda.delete_alias().function_name(name).name(alias), _done => json!({}))
            }
            Self::ListAliases(name) => answer!(lambda.list_aliases().function_name(name), it => {
                let mut aliases: Vec<_> = it.aliases().iter().map(|it| alias!(it)).collect();
                aliases.sort_by_key(Value::to_string);
                json!({ "aliases": aliases })
            }),
            Self::TagResource(name, tag) => {
                answer!(lambda.tag_resource().resource(arn(name)).tags(tag, "sales"), _done => json!({}))
            }
            Self::UntagResource(name, tag) => {
                answer!(lambda.untag_resource().resource(arn(name)).tag_keys(tag), _done => json!({}))
            }
            Self::ListTags(name) => {
                answer!(lambda.list_tags().resource(arn(name)), it => json!({ "tags": sorted(it.tags()) }))
            }
            Self::PutFunctionConcurrency(name, most) => {
                let put = lambda
                    .put_function_concurrency()
                    .function_name(name)
                    .reserved_concurrent_executions(most);
                answer!(put, it => json!({ "most": it.reserved_concurrent_executions }))
            }
            Self::GetFunctionConcurrency(name) => {
                answer!(lambda.get_function_concurrency().function_name(name), it => {
                    json!({ "most": it.reserved_concurrent_executions })
                })
            }
            Self::DeleteFunctionConcurrency(name) => {
                answer!(lambda.delete_function_concurrency().function_name(name), _done => json!({}))
            }
            Self::AddPermission(name, id) => {
                let add = lambda.add_permission().function_name(name).statement_id(id);
                let add = add.action("lambda:InvokeFunction").principal(format!("{id}.amazonaws.com"));
                answer!(add, it => json!({ "statement": document(it.statement()) }))
            }
            Self::RemovePermission(name, id) => {
                answer!(lambda.remove_permission().function_name(name).statement_id(id), _done => json!({}))
            }
            Self::GetPolicy(name) => {
                answer!(lambda.get_policy().function_name(name), it => json!({ "policy": document(it.policy()) }))
            }
            Self::Layer(operation) => operation.run(side).await,
        }
    }
}

pub(crate) fn document(text: Option<&str>) -> Value {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}
