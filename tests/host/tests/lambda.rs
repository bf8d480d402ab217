//! `innkeeper:aws/lambda`: each program of `tests/programs` named `lambda_*` has its test here, under its name. A denial stands beside
//! every success.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use innkeeper::audit::Outcome;
use innkeeper_fake::{Fault, FunctionError, FunctionResponse, FunctionState, InvocationType};
use innkeeper_tests::value::{error, with};
use innkeeper_tests::{TestHost, has_a_test, program};
use serde_json::{Value, json};

const PRICE: &str = "arn:aws:lambda:eu-west-1:000000000000:function:price";
const LIVE: &str = "arn:aws:lambda:eu-west-1:000000000000:function:price:live";

// Does not compile where a program has no test of its name.
innkeeper_tests::foreach_lambda!(has_a_test);

/// A guest without grants, and a function that says what it was given.
fn host() -> TestHost {
    let host = TestHost::new().setting("limits.timeout = \"20m\"");
    let function = host.aws().lambda().function("price", |event| async move {
        event.log.line("pricing");
        let payload: Value = event.json()?;
        match payload["fail"].as_str() {
            Some("handled") => Err(FunctionError::new("NoPrice", "there is no price").handled()),
            Some(_) => Err(FunctionError::new("Crash", "it broke")),
            None => Ok(json!({ "got": payload, "context": event.client_context })),
        }
    });
    let function =
        function.unwrap().description("prices things").timeout(Duration::from_mins(1)).memory_size(256);
    let version = function.publish();
    function.alias("live", version).unwrap();
    host
}

/// A guest that may do something with the function without qualifier.
fn allowed(action: &str) -> TestHost {
    host().allow(&format!("lambda:{action}"), PRICE)
}

fn price() -> Value {
    json!({ "function": "price", "payload": "{\"item\":\"tie\"}" })
}

/// The requests that Lambda has had, by operation.
fn requests(host: &TestHost) -> Vec<String> {
    let calls = host.aws().calls().into_iter().map(|call| call.operation);
    calls.filter(|operation| operation != "GetCallerIdentity").collect()
}

/// Calls a program with what nobody allows it, and sees that nothing of it was sent.
async fn is_denied(program: &str, input: &Value) {
    let host = host();
    assert_eq!(host.call(program, input).await, error("AccessDenied"), "{program}");
    assert!(requests(&host).is_empty(), "{:?}", requests(&host));
}

#[tokio::test(start_paused = true)]
async fn lambda_open() {
    let host = host().setting(&format!("names = {{ mine = \"{LIVE}\", theirs = \"price:live\" }}"));
    for name in [
        "price",
        "price:live",
        "price:$LATEST",
        "function:price",
        "000000000000:function:price",
        "000000000000:function:price:7",
        PRICE,
        LIVE,
        "mine",
        "theirs",
        // Another account's: whether it may be invoked is for the policy to say.
        "arn:aws:lambda:eu-west-1:210987654321:function:price",
    ] {
        let answer = host.call(program::LAMBDA_OPEN, &json!({ "function": name })).await;
        assert_eq!(answer, json!({ "ok": {} }), "{name}");
    }
    for (name, qualifier) in [
        ("", None),
        ("a/b", None),
        ("../price", None),
        ("price?Qualifier=live", None),
        ("price#", None),
        ("price:a:b", None),
        ("price:", None),
        ("price", Some("")),
        ("price", Some("live/..")),
        ("price", Some("$latest")),
        ("price:live", Some("prod")),
        ("mine", Some("prod")),
        ("arn:aws:lambda:us-east-1:000000000000:function:price", None),
        ("arn:aws-cn:lambda:cn-north-1:000000000000:function:price", None),
        ("arn:aws:lambda:eu-west-1:000000000000:layer:price", None),
        ("arn:aws:sqs:eu-west-1:000000000000:price", None),
        ("https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/price/invocations", None),
    ] {
        let answer =
            host.call(program::LAMBDA_OPEN, &json!({ "function": name, "qualifier": qualifier })).await;
        assert!(
            answer["error"].as_str().unwrap_or_default().starts_with("InvalidArgument"),
            "{name}: {answer}"
        );
    }
    assert!(requests(&host).is_empty(), "opening asks nothing of Lambda");
}

#[tokio::test(start_paused = true)]
async fn lambda_invoke() {
    let host = allowed("InvokeFunction");
    let answer = host
        .call(program::LAMBDA_INVOKE, &with(price(), &json!({ "client-context": "{\"custom\":{\"a\":1}}" })))
        .await;
    let payload: Value = serde_json::from_str(answer["ok"]["payload"].as_str().unwrap()).unwrap();
    assert_eq!(payload["got"], json!({ "item": "tie" }));
    assert_eq!(payload["context"], json!({ "custom": { "a": 1 } }));
    assert_eq!(answer["ok"]["function-error"], Value::Null);
    assert_eq!(answer["ok"]["executed-version"], "$LATEST");
    assert_eq!(answer["ok"]["log-tail"], Value::Null, "it was not asked for");

    let call = host.audit().calls().pop().unwrap();
    assert_eq!((call.service, call.operation, &*call.resource), ("lambda", "Invoke", PRICE));
    assert_eq!((call.outcome, call.bytes_sent), (Outcome::Success, 14));
    assert!(call.request_id.is_some());

    is_denied(program::LAMBDA_INVOKE, &price()).await;
}

#[tokio::test(start_paused = true)]
async fn lambda_invoke_async() {
    let host = allowed("InvokeFunction");
    assert_eq!(host.call(program::LAMBDA_INVOKE_ASYNC, &price()).await, json!({ "ok": null }));
    host.aws().lambda().idle().await;
    let invocation = host.aws().lambda().invocations_of("price").pop().unwrap();
    assert_eq!(invocation.invocation_type, InvocationType::Event);
    assert_eq!(invocation.payload, "{\"item\":\"tie\"}");

    is_denied(program::LAMBDA_INVOKE_ASYNC, &price()).await;
}

#[tokio::test(start_paused = true)]
async fn lambda_dry_run() {
    let host = allowed("InvokeFunction");
    assert_eq!(host.call(program::LAMBDA_DRY_RUN, &price()).await, json!({ "ok": null }));
    let ran =
        host.aws().lambda().invocations().into_iter().filter(|i| i.invocation_type != InvocationType::DryRun);
    assert_eq!(ran.count(), 0, "nothing ran");
    let missing = json!({ "function": "missing" });
    assert_eq!(
        TestHost::new().allow("lambda:*", "*").call(program::LAMBDA_DRY_RUN, &missing).await,
        error("FunctionNotFound")
    );

    is_denied(program::LAMBDA_DRY_RUN, &price()).await;
}

/// A function that answers in pieces, a second apart, and may fail behind them.
fn streaming(host: &TestHost, pieces: usize, fails: bool) {
    let function = host.aws().lambda().function("price", move |_| async move {
        let pieces = futures::stream::iter(0..pieces).then(|n| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(Bytes::from(format!("piece {n};")))
        });
        let end = futures::stream::iter(fails.then(|| Err(FunctionError::new("Crash", "it broke"))));
        Ok(FunctionResponse::stream(pieces.chain(end)))
    });
    function.unwrap().timeout(Duration::from_mins(1));
}

#[tokio::test(start_paused = true)]
async fn lambda_invoke_with_response_stream() {
    let host = allowed("InvokeFunction");
    streaming(&host, 3, false);
    let started = tokio::time::Instant::now();
    let answer = host.call(program::LAMBDA_INVOKE_WITH_RESPONSE_STREAM, &price()).await["ok"].clone();
    assert_eq!((&answer["body"], &answer["error"]), (&json!("piece 0;piece 1;piece 2;"), &Value::Null));
    assert_eq!(answer["executed-version"], "$LATEST");
    assert_eq!(started.elapsed().as_secs(), 3);
    let call = host.audit().calls().pop().unwrap();
    assert_eq!((call.operation, call.bytes_received), ("InvokeWithResponseStream", 24));
    assert_eq!(call.outcome, Outcome::Success);

    // One that the guest drops is written down as such.
    let first = with(price(), &json!({ "stop-after": 8 }));
    let answer = host.call(program::LAMBDA_INVOKE_WITH_RESPONSE_STREAM, &first).await;
    assert_eq!(answer["ok"]["body"], "piece 0;");
    assert_eq!(host.audit().calls().pop().unwrap().outcome, Outcome::Cancelled);

    is_denied(program::LAMBDA_INVOKE_WITH_RESPONSE_STREAM, &price()).await;
}

#[tokio::test(start_paused = true)]
async fn a_function_that_fails_midway_ends_its_stream_with_that() {
    let host = allowed("InvokeFunction");
    streaming(&host, 2, true);
    let answer = host.call(program::LAMBDA_INVOKE_WITH_RESPONSE_STREAM, &price()).await["ok"].clone();
    assert_eq!(answer["body"], "piece 0;piece 1;");
    assert!(
        answer["error"].as_str().unwrap().starts_with("FunctionFailed(FunctionFailure { code: "),
        "{answer}"
    );
    let call = host.audit().calls().pop().unwrap();
    assert!(matches!(call.outcome, Outcome::Failure { error: "function-failed", .. }), "{call:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_cut_or_damaged_says_so() {
    for (fault, case) in [
        (Fault::cut_at(60), "Connection"),
        (Fault::truncate(60), "Connection"),
        (Fault::corrupt_body(), "Integrity"),
    ] {
        let host = allowed("InvokeFunction");
        streaming(&host, 3, false);
        host.aws().faults().push(fault.clone().on("InvokeWithResponseStream"));
        let answer = host.call(program::LAMBDA_INVOKE_WITH_RESPONSE_STREAM, &price()).await["ok"].clone();
        let found = answer["error"].as_str().unwrap_or_default();
        assert!(found == case || found == "Integrity", "{fault:?}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn lambda_get_configuration() {
    let host = allowed("GetFunctionConfiguration").allow("lambda:GetFunctionConfiguration", LIVE);
    host.aws()
        .lambda()
        .function("price", |_| async { Ok("") })
        .unwrap()
        .description("prices")
        .memory_size(256)
        .environment("TOKEN", "hunter2");
    let answer = host.call(program::LAMBDA_GET_CONFIGURATION, &price()).await["ok"].clone();
    assert_eq!((&answer["name"], &answer["version"]), (&json!("price"), &json!("$LATEST")));
    assert_eq!((&answer["description"], &answer["memory-size"]), (&json!("prices"), &json!(256)));
    assert!(answer["status"].as_str().unwrap().contains("Active"), "{answer}");
    for hidden in ["hunter2", "000000000000", "arn:"] {
        assert!(!answer.to_string().contains(hidden), "{hidden}: {answer}");
    }
    is_denied(program::LAMBDA_GET_CONFIGURATION, &price()).await;
}

#[tokio::test(start_paused = true)]
async fn lambda_status() {
    for (state, status) in [
        (FunctionState::Active, "Active"),
        (FunctionState::Pending, "Pending"),
        (FunctionState::Inactive, "Inactive"),
        (FunctionState::Failed, "Failed(\"InternalError\")"),
    ] {
        let host = allowed("GetFunctionConfiguration");
        host.aws().lambda().function("price", |_| async { Ok("") }).unwrap().state(state);
        let answer = host.call(program::LAMBDA_STATUS, &price()).await;
        assert!(answer["ok"].as_str().unwrap().ends_with(status), "{answer}");
    }
    let host = allowed("GetFunctionConfiguration");
    let function = host.aws().lambda().function("price", |_| async { Ok("") }).unwrap();
    function.pending_for(Duration::from_secs(10));
    let started = tokio::time::Instant::now();
    let answer = host.call(program::LAMBDA_STATUS, &with(price(), &json!({ "wait": 5 }))).await;
    assert_eq!(answer, error("NotReady"));
    assert!(started.elapsed().as_secs() <= 5);
    let answer = host.call(program::LAMBDA_STATUS, &with(price(), &json!({ "wait": 60 }))).await;
    assert!(answer["ok"].as_str().unwrap().ends_with("Active"), "{answer}");
    assert!((9..13).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());

    is_denied(program::LAMBDA_STATUS, &price()).await;
    is_denied(program::LAMBDA_STATUS, &with(price(), &json!({ "wait": 5 }))).await;
}

#[tokio::test(start_paused = true)]
async fn lambda_list_functions() {
    let host = host().allow("lambda:ListFunctions", "*");
    for number in 0..4 {
        host.aws().lambda().function(format!("a{number}"), |_| async { Ok("") }).unwrap();
    }
    let answer = host.call(program::LAMBDA_LIST_FUNCTIONS, &json!({ "page-size": 2 })).await["ok"].clone();
    let names: Vec<Vec<&str>> = answer
        .as_array()
        .unwrap()
        .iter()
        .map(|page| {
            page.as_array().unwrap().iter().map(|function| function["name"].as_str().unwrap()).collect()
        })
        .collect();
    assert_eq!(names, [vec!["a0", "a1"], vec!["a2", "a3"], vec!["price"]]);
    assert!(!answer.to_string().contains("000000000000"), "{answer}");
    for wrong in [0, 51] {
        let answer = host.call(program::LAMBDA_LIST_FUNCTIONS, &json!({ "page-size": wrong })).await;
        assert!(answer["error"].as_str().unwrap().starts_with("InvalidArgument"), "{answer}");
    }
    is_denied(program::LAMBDA_LIST_FUNCTIONS, &json!({})).await;
}

#[tokio::test(start_paused = true)]
async fn lambda_list_versions() {
    let host = allowed("ListVersionsByFunction");
    // The handle's qualifier is no matter here.
    for input in [price(), with(price(), &json!({ "qualifier": "live" }))] {
        let answer = host.call(program::LAMBDA_LIST_VERSIONS, &input).await;
        assert_eq!(answer["ok"], json!(["$LATEST", "1"]));
    }
    is_denied(program::LAMBDA_LIST_VERSIONS, &price()).await;
}

#[tokio::test(start_paused = true)]
async fn lambda_list_aliases() {
    let host = allowed("ListAliases");
    let answer = host.call(program::LAMBDA_LIST_ALIASES, &price()).await;
    assert_eq!(answer["ok"], json!([["live", "1"]]));
    is_denied(program::LAMBDA_LIST_ALIASES, &price()).await;
}

#[tokio::test(start_paused = true)]
async fn a_listing_goes_on_with_the_page_that_failed() {
    let host = TestHost::new()
        .allow("lambda:ListFunctions", "*")
        .allow("lambda:ListVersionsByFunction", PRICE)
        .allow("lambda:ListAliases", PRICE);
    let function = host.aws().lambda().function("price", |_| async { Ok("") }).unwrap();
    for number in 0..4_u32 {
        let version = function.memory_size(128 + number).publish();
        function.alias(format!("v{version}"), version).unwrap();
        host.aws().lambda().function(format!("a{number}"), |_| async { Ok("") }).unwrap();
    }
    for (program, operation, pages) in [
        (program::LAMBDA_LIST_FUNCTIONS, "ListFunctions", json!([["a0", "a1"], ["a2", "a3"], ["price"]])),
        (
            program::LAMBDA_LIST_VERSIONS,
            "ListVersionsByFunction",
            json!([["$LATEST", "1"], ["2", "3"], ["4"]]),
        ),
        (program::LAMBDA_LIST_ALIASES, "ListAliases", json!([["v1", "v2"], ["v3", "v4"]])),
    ] {
        let input = json!({ "function": "price", "page-size": 2, "again": true });
        host.aws().faults().push(Fault::error("SomethingNewException").on(operation).skip(1));
        let answer = host.call(program, &input).await["ok"].clone();
        assert_eq!(
            (&answer["pages"], &answer["errors"]),
            (&pages, &json!(["Other(\"SomethingNewException\")"])),
            "{program}"
        );
        assert_eq!(host.aws().faults().remaining(), 0, "{program}");
        is_denied(program, &input).await;
    }
    function.alias("v5", "1").unwrap();
    let input = json!({ "function": "price", "page-size": 2, "again": true });
    let answer = host.call(program::LAMBDA_LIST_ALIASES, &input).await["ok"]["pages"].clone();
    assert_eq!(answer, json!([["v1", "v2"], ["v3", "v4"], ["v5"]]));
}

// What is asked of the policy

#[tokio::test(start_paused = true)]
async fn whatever_it_is_called_the_whole_qualified_arn_is_decided_on() {
    let host = host().setting("names.mine = \"price:live\"");
    for (name, qualifier, arn) in [
        ("price", None, PRICE),
        ("price", Some("live"), LIVE),
        ("price:live", None, LIVE),
        ("price:live", Some("live"), LIVE),
        ("mine", None, LIVE),
        ("000000000000:function:price:live", None, LIVE),
        (PRICE, Some("live"), LIVE),
        ("210987654321:function:price", None, "arn:aws:lambda:eu-west-1:210987654321:function:price"),
    ] {
        let input = with(price(), &json!({ "function": name, "qualifier": qualifier }));
        assert_eq!(host.call(program::LAMBDA_INVOKE, &input).await, error("AccessDenied"));
        let denial = host.audit().denials().pop().unwrap();
        assert_eq!((denial.action, &*denial.resource), ("lambda:InvokeFunction", arn), "{name}");
    }
    assert!(requests(&host).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_grant_of_one_qualifier_is_for_that_one() {
    let live = with(price(), &json!({ "qualifier": "live" }));
    let host = allowed("InvokeFunction");
    assert_eq!(
        host.call(program::LAMBDA_INVOKE, &live).await,
        error("AccessDenied"),
        "the bare ARN is no other"
    );
    let host = self::host().allow("lambda:InvokeFunction", LIVE);
    let answer = host.call(program::LAMBDA_INVOKE, &live).await;
    assert_eq!(answer["ok"]["executed-version"], "1");
    for other in [json!({}), json!({ "qualifier": "1" }), json!({ "qualifier": "$LATEST" })] {
        assert_eq!(
            host.call(program::LAMBDA_INVOKE, &with(price(), &other)).await,
            error("AccessDenied"),
            "{other}"
        );
    }
}

// What comes of an invocation

#[tokio::test(start_paused = true)]
async fn a_function_that_fails_is_a_success_of_the_call() {
    let host = allowed("InvokeFunction");
    for (fail, kind, kind_of) in
        [("handled", "FunctionError::Handled", "NoPrice"), ("x", "FunctionError::Unhandled", "Crash")]
    {
        let input = with(price(), &json!({ "payload": json!({ "fail": fail }).to_string() }));
        let answer = host.call(program::LAMBDA_INVOKE, &input).await["ok"].clone();
        assert_eq!(answer["function-error"], kind);
        assert!(answer["payload"].as_str().unwrap().contains(kind_of), "{answer}");
        assert_eq!(host.audit().calls().pop().unwrap().outcome, Outcome::Success);
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_tail_comes_decoded_and_without_the_requests_id() {
    let host = allowed("InvokeFunction");
    let answer = host.call(program::LAMBDA_INVOKE, &with(price(), &json!({ "log-tail": true }))).await;
    let log = answer["ok"]["log-tail"].as_str().unwrap();
    assert!(log.contains("pricing"), "{log}");
    let id = host.audit().calls().pop().unwrap().request_id.unwrap();
    assert!(!answer.to_string().contains(&id), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn payloads_are_measured_before_they_are_sent() {
    let host = allowed("InvokeFunction");
    for (program, longest) in [(program::LAMBDA_INVOKE, 6 << 20), (program::LAMBDA_INVOKE_ASYNC, 1 << 20)] {
        let longer = json!({ "function": "price", "length": longest + 1 });
        assert_eq!(host.call(program, &longer).await, error("PayloadTooLarge"), "{program}");
    }
    let context = with(price(), &json!({ "client-context": "x".repeat(2_688) }));
    let answer = host.call(program::LAMBDA_INVOKE, &context).await;
    assert!(answer["error"].as_str().unwrap().starts_with("InvalidArgument"), "{answer}");
    assert!(requests(&host).is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_held_to_the_hosts_own_bound() {
    let host = allowed("InvokeFunction").setting("limits.host-call-bytes = \"1KiB\"");
    host.aws().lambda().function("price", |_| async { Ok("x".repeat(1_025)) }).unwrap();
    let answer = host.call(program::LAMBDA_INVOKE, &price()).await;
    assert_eq!(answer, error("LimitExceeded(\"host-call-bytes\")"));
    // As a stream it passes in pieces.
    let answer = host
        .call(program::LAMBDA_INVOKE_WITH_RESPONSE_STREAM, &with(price(), &json!({ "stop-after": 10 })))
        .await;
    assert_eq!(answer["ok"]["body"], "x".repeat(10));
}

#[tokio::test(start_paused = true)]
async fn a_quota_ends_what_the_policy_allows() {
    let host = allowed("InvokeFunction").setting("quota.calls-per-run = 1");
    let twice = json!({ "function": "price", "payload": "{}", "times": 2 });
    assert!(host.call(program::LAMBDA_INVOKE, &price()).await["ok"].is_object());
    let answer = host.call(program::LAMBDA_INVOKE, &twice).await;
    assert!(answer["error"].as_str().unwrap_or_default().starts_with("QuotaExceeded("), "{answer}");
    assert_eq!(host.aws().lambda().invocations_of("price").len(), 2, "the third was not sent");
}

#[tokio::test(start_paused = true)]
async fn a_function_that_does_not_answer_in_the_hosts_time_may_have_run() {
    let host = TestHost::new().allow("lambda:*", "*").setting("limits.timeout = \"2h\"");
    host.aws().lambda().function("price", |_| async { Ok("") }).unwrap();
    for (program, operation) in
        [(program::LAMBDA_INVOKE, "Invoke"), (program::LAMBDA_GET_CONFIGURATION, "GetFunctionConfiguration")]
    {
        host.aws().faults().push(Fault::delay(Duration::from_hours(1)).on(operation).always());
        assert_eq!(host.call(program, &price()).await, error("Timeout"), "{program}");
        host.aws().faults().clear();
    }
}

// Retries

#[tokio::test(start_paused = true)]
async fn nothing_runs_twice_unless_the_guest_says_that_it_may() {
    for fault in ["TooManyRequestsException", "ServiceException"] {
        for (program, operation) in [
            (program::LAMBDA_INVOKE, "Invoke"),
            (program::LAMBDA_INVOKE_ASYNC, "Invoke"),
            (program::LAMBDA_INVOKE_WITH_RESPONSE_STREAM, "InvokeWithResponseStream"),
        ] {
            let host = allowed("InvokeFunction");
            host.aws().faults().push(Fault::error(fault).on(operation).always());
            assert!(host.call(program, &price()).await["error"].is_string());
            assert_eq!(requests(&host), [operation], "{fault} of {program}");

            let host = allowed("InvokeFunction");
            host.aws().faults().push(Fault::error(fault).on(operation).times(2));
            let answer = host.call(program, &with(price(), &json!({ "idempotent": true }))).await;
            assert!(answer.get("ok").is_some(), "{fault} of {program}: {answer}");
            assert_eq!(requests(&host).len(), 3, "{fault} of {program}");
        }
    }
    let host = allowed("InvokeFunction");
    host.aws().faults().push(Fault::lose_answer().on("Invoke"));
    assert_eq!(host.call(program::LAMBDA_INVOKE, &price()).await, error("Connection"));
    assert_eq!(host.aws().lambda().invocations_of("price").len(), 1, "it ran, and that is not known");
}

#[tokio::test(start_paused = true)]
async fn a_function_of_fifteen_minutes_is_waited_for() {
    let host = allowed("InvokeFunction");
    let function = host.aws().lambda().function("price", |_| async {
        tokio::time::sleep(Duration::from_secs(880)).await;
        Ok("\"slow\"")
    });
    function.unwrap().timeout(Duration::from_mins(15));
    for more in [json!({}), json!({ "idempotent": true })] {
        let answer = host.call(program::LAMBDA_INVOKE, &with(price(), &more)).await;
        assert_eq!(answer["ok"]["payload"], "\"slow\"", "{answer}");
    }
}

// Errors

#[tokio::test(start_paused = true)]
async fn each_error_of_lambda_has_its_case() {
    for (code, case) in [
        ("AccessDeniedException", "AccessDenied"),
        ("ResourceNotFoundException", "FunctionNotFound"),
        ("RequestTooLargeException", "PayloadTooLarge"),
        ("InvalidRequestContentException", "InvalidRequest(\"InvalidRequestContentException\")"),
        ("UnsupportedMediaTypeException", "InvalidRequest(\"UnsupportedMediaTypeException\")"),
        ("InvalidParameterValueException", "InvalidArgument(\"InvalidParameterValueException\")"),
        ("RecursiveInvocationException", "RecursiveInvocation"),
        ("ResourceNotReadyException", "NotReady"),
        ("SnapStartNotReadyException", "NotReady"),
        ("ENINotReadyException", "NotReady"),
        ("ResourceConflictException", "Conflict"),
        ("EC2AccessDeniedException", "ResourceUnavailable(NeededResource::Vpc)"),
        ("ENILimitReachedException", "ResourceUnavailable(NeededResource::Vpc)"),
        ("SubnetIPAddressLimitReachedException", "ResourceUnavailable(NeededResource::Vpc)"),
        ("EFSIOException", "ResourceUnavailable(NeededResource::FileSystem)"),
        ("EFSMountFailureException", "ResourceUnavailable(NeededResource::FileSystem)"),
        ("KMSAccessDeniedException", "ResourceUnavailable(NeededResource::Kms)"),
        ("KMSDisabledException", "ResourceUnavailable(NeededResource::Kms)"),
        ("InvalidZipFileException", "ResourceUnavailable(NeededResource::Code)"),
        ("InvalidRuntimeException", "ResourceUnavailable(NeededResource::Code)"),
        ("SnapStartException", "ResourceUnavailable(NeededResource::Snapshot)"),
        ("ServiceException", "Service"),
        ("ExpiredTokenException", "Credentials"),
        ("UnrecognizedClientException", "Credentials"),
        ("InvalidSignatureException", "Credentials"),
        ("SomethingNewException", "Other(\"SomethingNewException\")"),
    ] {
        let host = allowed("InvokeFunction");
        host.aws().faults().push(Fault::error(code).always());
        let host = host.setting("names.it = \"arn:aws:lambda:eu-west-1:000000000000:function:price\"");
        let input = with(price(), &json!({ "function": "it" }));
        for program in [
            program::LAMBDA_INVOKE,
            program::LAMBDA_INVOKE_WITH_RESPONSE_STREAM,
            program::LAMBDA_INVOKE_ASYNC,
        ] {
            assert_eq!(host.call(program, &input).await, error(case), "{code} of {program}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_says_what_there_was_too_much_of() {
    let host = allowed("InvokeFunction");
    let function = host.aws().lambda().function("price", |_| async { Ok("") }).unwrap();
    function.reserved_concurrency(0);
    let answer = host.call(program::LAMBDA_INVOKE, &price()).await;
    assert_eq!(answer, error("Throttled(Some(ThrottleReason::ReservedConcurrentInvocations))"));
    let host = allowed("InvokeFunction");
    host.aws().lambda().set_account_concurrency(0);
    let answer = host.call(program::LAMBDA_INVOKE, &price()).await;
    assert_eq!(answer, error("Throttled(Some(ThrottleReason::ConcurrentInvocations))"));
}

#[tokio::test(start_paused = true)]
async fn a_function_that_cannot_run_is_an_error_of_the_call() {
    for (state, case) in [
        (FunctionState::Pending, "Conflict"),
        (FunctionState::Inactive, "NotReady"),
        (FunctionState::Failed, "Conflict"),
    ] {
        let host = allowed("InvokeFunction");
        host.aws().lambda().function("price", |_| async { Ok("") }).unwrap().state(state);
        assert_eq!(host.call(program::LAMBDA_INVOKE, &price()).await, error(case), "{state:?}");
    }
    let host = TestHost::new().allow("lambda:*", "*");
    assert_eq!(host.call(program::LAMBDA_INVOKE, &price()).await, error("FunctionNotFound"));
    let host = self::host().allow("lambda:*", "*");
    let nowhere = with(price(), &json!({ "qualifier": "nowhere" }));
    assert_eq!(host.call(program::LAMBDA_INVOKE, &nowhere).await, error("FunctionNotFound"));
    let garbage = with(price(), &json!({ "payload": "not json" }));
    let answer = host.call(program::LAMBDA_INVOKE, &garbage).await;
    assert!(answer["error"].as_str().unwrap().starts_with("InvalidRequest"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_function_that_answers_too_much_has_failed() {
    let host = allowed("InvokeFunction").setting("limits.memory = \"128MiB\"");
    host.aws().lambda().function("price", |_| async { Ok(format!("\"{}\"", "x".repeat(7 << 20))) }).unwrap();
    let answer = host.call(program::LAMBDA_INVOKE, &price()).await["ok"].clone();
    assert_eq!(answer["function-error"], "FunctionError::Unhandled");
    assert!(answer["payload"].as_str().unwrap().contains("ResponseSizeTooLarge"), "{answer}");
}
