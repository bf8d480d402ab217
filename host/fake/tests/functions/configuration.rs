//! Functions as they are shown and published.

use aws_sdk_lambda::types::{
    FunctionVersion, LogFormat, LoggingConfig, State, StateReasonCode, SystemLogLevel,
};
use innkeeper_fake::{FakeAws, FunctionState, LambdaDirectError};
use pretty_assertions::assert_eq;
use serde_json::Value;
use std::time::Duration;

use crate::aws::{client, echo, invoke, refused};

const ARN: &str = "arn:aws:lambda:eu-west-1:000000000000:function";

#[tokio::test(start_paused = true)]
async fn shows_a_function() {
    let (fake, client) = echo();
    let function = fake.lambda().function("echo", |event| async move { Ok(event.payload) }).unwrap();
    function.timeout(Duration::from_secs(7)).memory_size(512).description("says it").environment("A", "b");
    function.reserved_concurrency(4);
    let shown = client.get_function_configuration().function_name("echo").send().await.unwrap();
    assert_eq!(shown.function_name(), Some("echo"));
    assert_eq!(shown.function_arn(), Some(&*format!("{ARN}:echo")));
    assert_eq!(
        (shown.timeout(), shown.memory_size(), shown.description()),
        (Some(7), Some(512), Some("says it"))
    );
    assert_eq!(shown.environment().unwrap().variables().unwrap()["A"], "b");
    assert_eq!((shown.version(), shown.state()), (Some("$LATEST"), Some(&State::Active)));
    assert_eq!(shown.last_modified(), Some("2026-01-01T00:00:00.000+0000"));
    let whole = client.get_function().function_name(format!("{ARN}:echo:$LATEST")).send().await.unwrap();
    assert_eq!(whole.configuration().unwrap().function_arn(), Some(&*format!("{ARN}:echo:$LATEST")));
    assert_eq!(whole.concurrency().unwrap().reserved_concurrent_executions(), Some(4));
    let missing = client.get_function().function_name("missing").send().await;
    refused(missing, 404, "ResourceNotFoundException", &format!("Function not found: {ARN}:missing"));
    let missing = client.get_function_configuration().function_name("echo").qualifier("9").send().await;
    refused(missing, 404, "ResourceNotFoundException", &format!("Function not found: {ARN}:echo:9"));
}

#[tokio::test(start_paused = true)]
async fn shows_states_with_their_reasons() {
    let (fake, client) = echo();
    let function = fake.lambda().function("echo", |event| async move { Ok(event.payload) }).unwrap();
    for (state, shown, code) in [
        (FunctionState::Active, State::Active, None),
        (FunctionState::Pending, State::Pending, Some(StateReasonCode::Creating)),
        (FunctionState::Inactive, State::Inactive, Some(StateReasonCode::Idle)),
        (FunctionState::Failed, State::Failed, Some(StateReasonCode::InternalError)),
    ] {
        function.state(state);
        let is = client.get_function_configuration().function_name("echo").send().await.unwrap();
        assert_eq!((is.state(), is.state_reason_code()), (Some(&shown), code.as_ref()));
    }
}

#[tokio::test(start_paused = true)]
async fn lists_functions_in_pages() {
    let fake = FakeAws::new();
    for number in 0..60 {
        fake.lambda().function(format!("f{number:02}"), |_| async move { Ok(Value::Null) }).unwrap();
    }
    let client = client(&fake);
    let first = client.list_functions().send().await.unwrap();
    assert_eq!(first.functions().len(), 50);
    let second = client.list_functions().marker(first.next_marker().unwrap()).send().await.unwrap();
    let names: Vec<_> = second.functions().iter().map(|function| function.function_name().unwrap()).collect();
    assert_eq!(names, (50..60).map(|number| format!("f{number}")).collect::<Vec<_>>());
    assert_eq!(second.next_marker(), None);
    let pages: Vec<_> =
        client.list_functions().into_paginator().page_size(7).items().send().try_collect().await.unwrap();
    assert_eq!(pages.len(), 60);
    refused(client.list_functions().max_items(0).send().await, 400, "ValidationException", "maxItems");
    refused(
        client.list_functions().marker("?").send().await,
        400,
        "InvalidParameterValueException",
        "marker",
    );
}

#[tokio::test(start_paused = true)]
async fn publishes_versions_that_stay_as_they_are() {
    let (fake, client) = echo();
    let function = fake.lambda().function("echo", |_| async move { Ok("\"one\"") }).unwrap();
    let publish = || client.publish_version().function_name("echo");
    let first = publish().send().await.unwrap();
    assert_eq!((first.version(), first.function_arn()), (Some("1"), Some(&*format!("{ARN}:echo:1"))));
    assert_eq!(publish().send().await.unwrap().version(), Some("1"), "nothing is new");
    function.update(|_| async move { Ok("\"two\"") });
    let second = publish().description("second").send().await.unwrap();
    assert_eq!((second.version(), second.description()), (Some("2"), Some("second")));
    for (qualifier, text) in [("1", "\"one\""), ("2", "\"two\""), ("$LATEST", "\"two\"")] {
        let output = invoke(&client, "echo", "{}").qualifier(qualifier).send().await.unwrap();
        assert_eq!(output.payload().unwrap().as_ref(), text.as_bytes());
    }
    let versions = client.list_versions_by_function().function_name("echo").send().await.unwrap();
    let versions: Vec<_> = versions.versions().iter().map(|version| version.version().unwrap()).collect();
    assert_eq!(versions, ["$LATEST", "1", "2"]);
    let all = client.list_functions().function_version(FunctionVersion::All).send().await.unwrap();
    assert_eq!(all.functions().len(), 3);
    let stale = publish().revision_id("old").send().await;
    refused(stale, 412, "PreconditionFailedException", "Revision Id");
    let missing = client.publish_version().function_name("missing").send().await;
    refused(missing, 404, "ResourceNotFoundException", "");
    let missing = client.list_versions_by_function().function_name("missing").send().await;
    refused(missing, 404, "ResourceNotFoundException", "");
}

#[tokio::test(start_paused = true)]
async fn names_versions() {
    let (_fake, client) = echo();
    client.publish_version().function_name("echo").send().await.unwrap();
    let create = |name: &str, version: &str| {
        client.create_alias().function_name("echo").name(name).function_version(version).send()
    };
    let made = create("live", "1").await.unwrap();
    assert_eq!(made.alias_arn(), Some(&*format!("{ARN}:echo:live")));
    create("next", "$LATEST").await.unwrap();
    let exists = create("live", "1").await;
    refused(exists, 409, "ResourceConflictException", &format!("Alias already exists: {ARN}:echo:live"));
    refused(create("x", "9").await, 404, "ResourceNotFoundException", &format!("{ARN}:echo:9"));
    refused(create("1", "1").await, 400, "ValidationException", "name");
    let get = |name: &str| client.get_alias().function_name("echo").name(name).send();
    assert_eq!(get("live").await.unwrap().function_version(), Some("1"));
    let missing = format!("Cannot find alias arn: {ARN}:echo:missing");
    refused(get("missing").await, 404, "ResourceNotFoundException", &missing);
    let list = || client.list_aliases().function_name("echo");
    let all = list().send().await.unwrap();
    assert_eq!(all.aliases().iter().map(|alias| alias.name().unwrap()).collect::<Vec<_>>(), ["live", "next"]);
    let of_one = list().function_version("1").send().await.unwrap();
    assert_eq!(of_one.aliases().len(), 1);
    let first = list().max_items(1).send().await.unwrap();
    let rest = list().marker(first.next_marker().unwrap()).send().await.unwrap();
    assert_eq!(rest.aliases()[0].name(), Some("next"));
}

#[test]
fn refuses_functions_that_lambda_would_not_have() {
    let fake = FakeAws::new();
    for name in ["", "a b", "a:b", &"x".repeat(65)] {
        let error = fake.lambda().function(name, |_| async move { Ok(Value::Null) }).unwrap_err();
        assert_eq!(error, LambdaDirectError::InvalidName(name.to_owned()));
    }
    let function = fake.lambda().function("f", |_| async move { Ok(Value::Null) }).unwrap();
    assert_eq!(function.alias("1", "$LATEST").unwrap_err(), LambdaDirectError::InvalidAlias("1".into()));
    let missing = LambdaDirectError::NoSuchVersion { function: "f".into(), version: "1".into() };
    assert_eq!(function.alias("live", "1").unwrap_err(), missing);
}

#[tokio::test(start_paused = true)]
async fn shows_where_a_function_logs_and_what_runs_it() {
    let (_fake, client) = echo();
    let shown = async || client.get_function_configuration().function_name("echo").send().await.unwrap();
    let logging = shown().await.logging_config.unwrap();
    assert_eq!(
        (logging.log_format(), logging.log_group()),
        (Some(&LogFormat::Text), Some("/aws/lambda/echo"))
    );
    assert_eq!((logging.system_log_level(), logging.application_log_level()), (None, None));
    let runtime = shown().await.runtime_version_config.unwrap();
    let runtime = runtime.runtime_version_arn().unwrap();
    assert!(runtime.starts_with("arn:aws:lambda:eu-west-1::runtime:"), "{runtime}");
    let json = LoggingConfig::builder().log_format(LogFormat::Json).log_group("/shop").build();
    client.update_function_configuration().function_name("echo").logging_config(json).send().await.unwrap();
    let logging = shown().await.logging_config.unwrap();
    assert_eq!((logging.log_format(), logging.log_group()), (Some(&LogFormat::Json), Some("/shop")));
    assert_eq!(logging.system_log_level(), Some(&SystemLogLevel::Info));
}

#[tokio::test(start_paused = true)]
async fn says_what_the_account_may_have_and_has() {
    let (fake, client) = echo();
    let settings = async || client.get_account_settings().send().await.unwrap();
    let limit = settings().await.account_limit.unwrap();
    assert_eq!((limit.concurrent_executions(), limit.unreserved_concurrent_executions()), (1000, Some(1000)));
    assert_eq!(settings().await.account_usage.unwrap().function_count(), 1);
    fake.lambda().function("other", |_| async move { Ok(Value::Null) }).unwrap().reserved_concurrency(4);
    assert_eq!(settings().await.account_limit.unwrap().unreserved_concurrent_executions(), Some(996));
    assert_eq!(settings().await.account_usage.unwrap().function_count(), 2);
}
