//! `Invoke`, and functions that fail.

use std::time::Duration;

use aws_sdk_lambda::types::{InvocationType as Type, LogType};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use innkeeper_fake::{
    FakeAws, FunctionError, FunctionErrorKind, FunctionEvent, FunctionResponse, FunctionState, Handler,
    InvocationType,
};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::aws::{client, client_of, config, echo, invoke, pass, payload, refused};

const ARN: &str = "arn:aws:lambda:eu-west-1:000000000000:function";

#[tokio::test(start_paused = true)]
async fn gives_what_the_function_returns() {
    let (fake, client) = echo();
    let output = invoke(&client, "echo", r#"{"a":1}"#).send().await.unwrap();
    assert_eq!(
        (output.status_code(), output.function_error(), output.executed_version()),
        (200, None, Some("$LATEST"))
    );
    assert_eq!(output.log_result(), None);
    assert_eq!(payload(&output), json!({ "a": 1 }));
    let none = client.invoke().function_name("echo").send().await.unwrap();
    assert_eq!(payload(&none), json!({}));
    let invocations = fake.lambda().invocations();
    assert_eq!(invocations.len(), 2);
    assert_eq!((invocations[0].number, invocations[0].attempts, invocations[0].done), (1, 1, true));
    assert_eq!(invocations[0].outcome.as_ref().unwrap().returned(), Some(&br#"{"a":1}"#[..]));
}

#[tokio::test(start_paused = true)]
async fn a_function_that_fails_is_a_call_that_succeeds() {
    let fake = FakeAws::new();
    fake.lambda()
        .function("fail", |event| async move {
            let kind: String = event.json()?;
            let error = FunctionError::new("ValueError", "no");
            if kind == "handled" { Err::<Value, _>(error.handled()) } else { Err(error) }
        })
        .unwrap();
    let client = client(&fake);
    for (kind, expected) in [("handled", "Handled"), ("other", "Unhandled")] {
        let output = invoke(&client, "fail", &format!("\"{kind}\"")).send().await.unwrap();
        assert_eq!((output.status_code(), output.function_error()), (200, Some(expected)));
        assert_eq!(payload(&output), json!({ "errorMessage": "no", "errorType": "ValueError" }));
    }
    // `?` made one of an error of serde's.
    let output = invoke(&client, "fail", "1").send().await.unwrap();
    assert_eq!(payload(&output)["errorType"], "Error");
    let outcome = fake.lambda().invocations()[1].outcome.clone().unwrap();
    assert_eq!(outcome.error_kind(), Some(FunctionErrorKind::Unhandled));
}

#[tokio::test(start_paused = true)]
async fn a_panic_and_a_timeout_are_errors_of_the_function() {
    let fake = FakeAws::new();
    fake.lambda().function("panic", |_| async move { panic!("on purpose") as Result<Value, _> }).unwrap();
    fake.lambda()
        .function("slow", |_| async move {
            pass(3600).await;
            Ok("\"late\"")
        })
        .unwrap()
        .timeout(Duration::from_secs(5));
    let client = client(&fake);
    let output = invoke(&client, "panic", "{}").send().await.unwrap();
    assert_eq!(output.function_error(), Some("Unhandled"));
    assert_eq!(payload(&output)["errorType"], "Runtime.ExitError");
    let start = tokio::time::Instant::now();
    let output = invoke(&client, "slow", "{}").send().await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    assert_eq!(payload(&output)["errorType"], "Sandbox.Timedout");
    let message = payload(&output)["errorMessage"].as_str().unwrap().to_owned();
    assert!(message.ends_with("Error: Task timed out after 5.00 seconds"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn shows_the_end_of_the_log() {
    let fake = FakeAws::new();
    fake.lambda()
        .function("talk", |event| async move {
            for line in 0..1000 {
                event.log.line(format_args!("line {line}"));
            }
            Ok(Value::Null)
        })
        .unwrap()
        .memory_size(256);
    let client = client(&fake);
    let output = invoke(&client, "talk", "{}").log_type(LogType::Tail).send().await.unwrap();
    let log = BASE64_STANDARD.decode(output.log_result().unwrap()).unwrap();
    assert_eq!(log.len(), 4096);
    let log = String::from_utf8(log).unwrap();
    let lines: Vec<_> = log.lines().collect();
    assert!(lines.contains(&"line 999") && !lines.contains(&"line 0"));
    assert!(lines[lines.len() - 2].starts_with("END RequestId: "));
    assert!(lines[lines.len() - 1].ends_with("Memory Size: 256 MB\tMax Memory Used: 64 MB\t"));
    assert!(fake.lambda().invocations()[0].log.starts_with("START RequestId: "));
    let other = invoke(&client, "talk", "{}").log_type(LogType::from("Head")).send().await;
    refused(other, 400, "ValidationException", "logType");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_checks_and_does_not_run() {
    let (fake, client) = echo();
    let output = invoke(&client, "echo", "{}").invocation_type(Type::DryRun).send().await.unwrap();
    assert_eq!(
        (output.status_code(), output.payload().map_or(0, |payload| payload.as_ref().len())),
        (204, 0)
    );
    let invocation = &fake.lambda().invocations()[0];
    assert_eq!((invocation.invocation_type, invocation.attempts), (InvocationType::DryRun, 0));
    let missing = invoke(&client, "missing", "{}").invocation_type(Type::DryRun).send().await;
    refused(missing, 404, "ResourceNotFoundException", "");
    let other = invoke(&client, "echo", "{}").invocation_type(Type::from("Later")).send().await;
    refused(other, 400, "ValidationException", "invocationType");
}

#[tokio::test(start_paused = true)]
async fn the_function_sees_how_it_was_called() {
    let fake = FakeAws::new();
    fake.lambda()
        .function("see", |event| async move {
            Ok(json!({
                "arn": event.invoked_function_arn,
                "version": event.version,
                "context": event.client_context,
                "attempt": event.attempt,
            }))
        })
        .unwrap();
    let client = client(&fake);
    let context = BASE64_STANDARD.encode(r#"{"custom":{"a":"b"}}"#);
    let output = invoke(&client, "see", "{}").client_context(context).send().await.unwrap();
    let context = json!({ "custom": { "a": "b" } });
    let expected =
        json!({ "arn": format!("{ARN}:see"), "version": "$LATEST", "context": context, "attempt": 1 });
    assert_eq!(payload(&output), expected);
    for context in ["?", &BASE64_STANDARD.encode("1"), &BASE64_STANDARD.encode(vec![b' '; 3000])] {
        let invalid = invoke(&client, "see", "{}").client_context(context).send().await;
        refused(invalid, 400, "InvalidRequestContentException", "Client context");
    }
}

#[tokio::test(start_paused = true)]
async fn finds_a_function_by_every_form_of_its_name() {
    let (fake, client) = echo();
    let function = fake.lambda().function("echo", |event| async move { Ok(event.version) }).unwrap();
    let version = function.publish();
    assert_eq!(version, "1");
    function.alias("live", "1").unwrap();
    function.update(|_| async move { Ok("\"new\"") });
    for (name, qualifier, executed) in [
        ("echo", None, "$LATEST"),
        ("echo:$LATEST", None, "$LATEST"),
        ("echo", Some("1"), "1"),
        ("echo:live", None, "1"),
        ("echo:live", Some("live"), "1"),
        ("000000000000:function:echo", Some("live"), "1"),
        (&format!("{ARN}:echo"), Some("1"), "1"),
        (&format!("{ARN}:echo:live"), None, "1"),
    ] {
        let output =
            invoke(&client, name, "{}").set_qualifier(qualifier.map(str::to_owned)).send().await.unwrap();
        assert_eq!(output.executed_version(), Some(executed), "{name} {qualifier:?}");
        let payload = output.payload().unwrap().as_ref();
        assert_eq!(payload, if executed == "1" { &b"1"[..] } else { &b"\"new\""[..] });
    }
}

#[tokio::test(start_paused = true)]
async fn misses_functions_versions_and_aliases() {
    let (fake, client) = echo();
    let missing = |name: &str, qualifier: Option<&str>| {
        invoke(&client, name, "{}").set_qualifier(qualifier.map(str::to_owned)).send()
    };
    let not_found = missing("missing", None).await;
    assert!(not_found.as_ref().unwrap_err().as_service_error().unwrap().is_resource_not_found_exception());
    refused(not_found, 404, "ResourceNotFoundException", &format!("Function not found: {ARN}:missing"));
    for qualifier in ["1", "live"] {
        let reason = format!("Function not found: {ARN}:echo:{qualifier}");
        refused(missing("echo", Some(qualifier)).await, 404, "ResourceNotFoundException", &reason);
    }
    let both = missing("echo:live", Some("1")).await;
    refused(both, 400, "InvalidParameterValueException", "does not match the specified qualifier");
    refused(missing("a b", None).await, 400, "ValidationException", "functionName");
    refused(missing("echo", Some("a b")).await, 400, "ValidationException", "qualifier");
    let account = missing("arn:aws:lambda:eu-west-1:111111111111:function:echo", None).await;
    refused(account, 403, "AccessDeniedException", "not authorized to perform: lambda:InvokeFunction");
    let region = missing("arn:aws:lambda:us-east-1:000000000000:function:echo", None).await;
    refused(region, 404, "ResourceNotFoundException", "not reachable in this region");
    assert_eq!(fake.lambda().invocations(), []);

    let fake = FakeAws::builder().region("eu-west-1").build();
    fake.lambda().function("echo", |event| async move { Ok(event.payload) }).unwrap();
    let other = client_of(config(&fake, "us-east-1"));
    refused(invoke(&other, "echo", "{}").send().await, 404, "ResourceNotFoundException", "us-east-1");
}

#[tokio::test(start_paused = true)]
async fn a_function_runs_only_when_it_is_active() {
    let fake = FakeAws::new();
    let function = fake.lambda().function("echo", |event| async move { Ok(event.payload) }).unwrap();
    let client = client(&fake);
    let invoked = || invoke(&client, "echo", "{}").send();
    function.pending_for(Duration::from_secs(30));
    let pending = invoked().await;
    assert!(pending.as_ref().unwrap_err().as_service_error().unwrap().is_resource_conflict_exception());
    refused(pending, 409, "ResourceConflictException", "in the following state: Pending");
    pass(30).await;
    invoked().await.unwrap();
    function.state(FunctionState::Failed);
    refused(invoked().await, 409, "ResourceConflictException", "in the following state: Failed");
    function.state(FunctionState::Inactive);
    let inactive = invoked().await;
    assert!(inactive.as_ref().unwrap_err().as_service_error().unwrap().is_resource_not_ready_exception());
    refused(inactive, 502, "ResourceNotReadyException", "inactive");
    refused(invoked().await, 409, "ResourceConflictException", "Pending");
    pass(10).await;
    invoked().await.unwrap();
    assert_eq!(fake.lambda().invocations().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_handler_has_a_state_of_its_own_and_may_call_the_fake() {
    struct Archive(FakeAws);

    #[async_trait::async_trait]
    impl Handler for Archive {
        async fn handle(&self, event: FunctionEvent) -> Result<FunctionResponse, FunctionError> {
            self.0.s3().put("archive", event.request_id.clone(), event.payload)?;
            let nested = invoke(&client(&self.0), "echo", "\"nested\"").send().await?;
            Ok(payload(&nested).into())
        }
    }

    let (fake, client) = echo();
    fake.s3().create_bucket("archive").unwrap();
    fake.lambda().handler("archive", Archive(fake.clone())).unwrap();
    let output = invoke(&client, "archive", "{}").send().await.unwrap();
    assert_eq!(payload(&output), json!("nested"));
    let request_id = &fake.lambda().invocations_of("archive")[0].request_id;
    assert_eq!(fake.s3().keys("archive"), [request_id.as_str()]);
    assert!(fake.lambda().remove("archive"));
    refused(invoke(&client, "archive", "{}").send().await, 404, "ResourceNotFoundException", "");
}
