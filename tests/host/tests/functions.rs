//! Functions of the fake Lambda that are guests: a guest that invokes a function, and the function, on one AWS.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use innkeeper::audit::Outcome;
use innkeeper::policy::Source;
use innkeeper::{Host, Manifest};
use innkeeper_fake::InvocationOutcome;
use innkeeper_tests::{PROGRAMS, TestHost, program};
use serde_json::{Value, json};
use tempfile::TempDir;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A host with the guest `caller`, which may invoke everything, and other guests, some of which are functions of the same name.
struct World {
    test: TestHost,
    /// Of the components, and of what the fake is filled with.
    folder: TempDir,
    manifest: String,
    functions: Vec<(&'static str, String)>,
}

impl World {
    /// A caller, and nothing to call.
    fn of(caller: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("aws/lambda")).unwrap();
        let world = Self { test: TestHost::new(), folder, manifest: String::new(), functions: Vec::new() };
        world.guest("caller", caller, "limits.timeout = \"20m\"").allow(
            "caller",
            "lambda:InvokeFunction",
            "*",
        )
    }

    /// A guest that is a function.
    fn function(mut self, name: &'static str, program: &str, lines: &str) -> Self {
        self.functions.push((name, json!({ "guest": name }).to_string()));
        self.guest(name, program, lines)
    }

    fn guest(mut self, name: &str, program: &str, lines: &str) -> Self {
        // A program that there is not is missing in this folder too.
        let _ = fs::copy(
            Path::new(PROGRAMS).join(program).with_extension("wasm"),
            self.folder.path().join(format!("{program}.wasm")),
        );
        let section = format!("[guest.{name}]\ncomponent = \"{program}.wasm\"\n{lines}\n");
        self.manifest.push_str(&section);
        self
    }

    fn allow(mut self, guest: &str, action: &str, resource: &str) -> Self {
        writeln!(
            self.manifest,
            "[[guest.{guest}.allow]]\nactions = [{action:?}]\nresources = [{resource:?}]"
        )
        .unwrap();
        self
    }

    /// With more in the file of a function.
    fn document(mut self, name: &'static str, document: &Value) -> Self {
        self.functions.retain(|(function, _)| *function != name);
        self.functions.push((name, document.to_string()));
        self
    }

    /// The host, whose functions are what they are.
    async fn host(&self) -> Result<Host, String> {
        let seed = self.folder.path().join("aws");
        for (name, document) in &self.functions {
            fs::write(seed.join(format!("lambda/{name}.json")), document).unwrap();
        }
        self.test.aws().seed(&seed).unwrap();
        let folder = Dir::open_ambient_dir(self.folder.path(), ambient_authority()).unwrap();
        let text = format!("[aws]\nregion = \"eu-west-1\"\n{}", self.manifest);
        let host = self.test.host_of(Manifest::parse(Source::new("innkeeper.toml", text), folder).unwrap());
        self.test.resolve_functions(&host).await.map_err(|error| {
            let cause = error.source().map(ToString::to_string).unwrap_or_default();
            format!("{error}: {cause}")
        })?;
        Ok(host)
    }

    /// Calls the caller.
    async fn call(&self, input: &Value) -> Value {
        let guest = self.host().await.unwrap().guest("caller").await.unwrap();
        serde_json::from_slice(&guest.run(input.to_string().as_bytes()).await.unwrap().output).unwrap()
    }
}

fn invoke(function: &str, payload: &Value) -> Value {
    json!({ "function": function, "payload": payload.to_string(), "log-tail": true })
}

/// What an invocation that failed says of it.
fn failure(answer: &Value) -> (String, Value) {
    let kind = answer["ok"]["function-error"].as_str().unwrap_or_default().to_owned();
    (kind, serde_json::from_str(answer["ok"]["payload"].as_str().unwrap()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_guest_invokes_another_and_gets_what_it_returns() {
    let world = World::of(program::LAMBDA_INVOKE).function("echo", program::ECHO, "");
    let answer = world.call(&invoke("echo", &json!({ "item": "tie" }))).await;
    assert_eq!(answer["ok"]["payload"], r#"{"item":"tie"}"#);
    assert_eq!(
        (&answer["ok"]["function-error"], &answer["ok"]["executed-version"]),
        (&Value::Null, &json!("$LATEST"))
    );
    let invocation = world.test.aws().lambda().invocations_of("echo").pop().unwrap();
    assert_eq!(invocation.outcome.unwrap().returned(), Some(br#"{"item":"tie"}"#.as_slice()));
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_may_not_invoke_a_function_runs_none() {
    let mut world = World::of(program::LAMBDA_INVOKE).function("echo", program::ECHO, "");
    world.manifest =
        world.manifest.replace("resources = [\"*\"]", "resources = [\"arn:aws:lambda:*:*:function:other\"]");
    assert_eq!(world.call(&invoke("echo", &json!({}))).await, json!({ "error": "AccessDenied" }));
    assert!(world.test.aws().lambda().invocations().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_function_has_the_policy_of_its_guest_and_not_that_of_its_caller() {
    let read = invoke("reader", &json!({ "bucket": "prices", "key": "tie" }));
    for (allowed, expected) in [("reader", "1999"), ("caller", "AccessDenied")] {
        let world = World::of(program::LAMBDA_INVOKE).function("reader", program::S3_READ_OBJECT, "").allow(
            allowed,
            "s3:GetObject",
            "arn:aws:s3:::prices/*",
        );
        world.test.aws().s3().create_bucket("prices").unwrap();
        world.test.aws().s3().put("prices", "tie", "1999").unwrap();
        let answer = world.call(&read).await;
        assert!(answer["ok"]["payload"].as_str().unwrap().contains(expected), "{answer}");
        let decision = world.test.audit().decisions().pop().unwrap();
        assert_eq!((&*decision.guest, decision.action), ("reader", "s3:GetObject"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_guest_reports_is_a_handled_error_and_what_ends_it_an_unhandled_one() {
    let world = World::of(program::LAMBDA_INVOKE)
        .function("fail", program::FAIL, "")
        .function("trap", program::TRAP, "")
        .function("memory", program::MEMORY, "limits.memory = \"2MiB\"");
    let reported = world.call(&invoke("fail", &json!("out of luck"))).await;
    let expected = json!({ "errorType": "Error", "errorMessage": "\"out of luck\"" });
    assert_eq!(failure(&reported), ("FunctionError::Handled".to_owned(), expected));

    let trapped = world.call(&invoke("trap", &json!({}))).await;
    let (kind, payload) = failure(&trapped);
    assert_eq!(
        (kind.as_str(), &payload["errorType"]),
        ("FunctionError::Unhandled", &json!("Runtime.ExitError"))
    );
    assert!(
        payload["errorMessage"].as_str().unwrap().contains("guest `trap`: the guest trapped: "),
        "{payload}"
    );
    let log = trapped["ok"]["log-tail"].as_str().unwrap();
    assert!(log.contains("guest `trap`: the guest trapped: ") && log.contains("END RequestId"), "{log}");

    let (kind, payload) = failure(&world.call(&invoke("memory", &json!({}))).await);
    assert_eq!(kind, "FunctionError::Unhandled");
    assert!(
        payload["errorMessage"].as_str().unwrap().contains("reached its limit: memory, 2.0 MiB"),
        "{payload}"
    );
}

/// A guest that writes what it is called with to its standard error, and returns `{}`. Those of `tests/programs` have none.
fn talker() -> Vec<u8> {
    let text = r#"(module
        (import "wasi:cli/stderr@0.2.12" "get-stderr" (func $stderr (result i32)))
        (import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush"
            (func $write (param i32 i32 i32 i32)))
        (memory (export "memory") 2)
        (global $top (mut i32) (i32.const 4096))
        (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
            (local $place i32)
            (local.set $place (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
            (global.set $top (i32.add (local.get $place) (local.get $size)))
            (local.get $place))
        (data (i32.const 0) "{}")
        (func (export "run") (param $at i32) (param $length i32) (result i32)
            (call $write (call $stderr) (local.get $at) (local.get $length) (i32.const 64))
            (i32.store (i32.const 1032) (i32.const 2))
            (i32.const 1024)))"#;
    let mut module = wat::parse_str(text).unwrap();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut resolve = Resolve::default();
    resolve.push_dir(tests.join("../wit")).unwrap();
    // It has WASI for guests in the text format.
    let package = resolve.push_file(tests.join("attacks/wit/wasi.wit")).unwrap();
    let world = resolve.select_world(&[package], Some("attacker")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_a_guest_writes_is_the_functions_log() {
    let world = World::of(program::LAMBDA_INVOKE).function("talker", "talker", "");
    fs::write(world.folder.path().join("talker.wasm"), talker()).unwrap();
    let answer = world.call(&invoke("talker", &json!("priced 7"))).await;
    assert_eq!(answer["ok"]["payload"], "{}");
    let tail = answer["ok"]["log-tail"].as_str().unwrap();
    assert!(tail.contains("\n\"priced 7\"\nEND RequestId"), "on a line of its own: {tail}");
    assert!(world.test.aws().lambda().invocations()[0].log.contains("priced 7"));
}

/// A function `waits` that invokes one that takes an hour.
fn waiting(lines: &str) -> (World, Value) {
    let world = World::of(program::LAMBDA_INVOKE).function("waits", program::LAMBDA_INVOKE, lines).allow(
        "waits",
        "lambda:InvokeFunction",
        "*",
    );
    let slow = world.test.aws().lambda().function("slow", |_| async {
        tokio::time::sleep(Duration::from_hours(1)).await;
        Ok("")
    });
    slow.unwrap().timeout(Duration::from_hours(2));
    (world, invoke("waits", &invoke("slow", &json!({}))))
}

#[tokio::test(start_paused = true)]
async fn a_function_has_the_time_of_its_guest() {
    let (world, input) = waiting("limits.timeout = \"7s\"");
    let started = tokio::time::Instant::now();
    let (kind, payload) = failure(&world.call(&input).await);
    assert_eq!(
        (kind.as_str(), &payload["errorType"]),
        ("FunctionError::Unhandled", &json!("Sandbox.Timedout"))
    );
    assert!(
        payload["errorMessage"].as_str().unwrap().ends_with("Task timed out after 7.00 seconds"),
        "{payload}"
    );
    assert_eq!(started.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_its_document_gives_less_time_is_stopped_with_what_it_does() {
    let (world, input) = waiting("limits.timeout = \"7s\"");
    let world = world.document("waits", &json!({ "guest": "waits", "timeout": 2 }));
    let (_, payload) = failure(&world.call(&input).await);
    assert!(
        payload["errorMessage"].as_str().unwrap().ends_with("Task timed out after 2.00 seconds"),
        "{payload}"
    );
    // The task of the guest ends, in a moment.
    while !world.test.audit().calls().iter().any(|call| &*call.guest == "waits") {
        tokio::task::yield_now().await;
    }
    let calls = world.test.audit().calls();
    let of_function = calls.iter().find(|call| &*call.guest == "waits").unwrap();
    assert_eq!(of_function.outcome, Outcome::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_invokes_itself_is_held_to_the_functions_concurrency() {
    let innermost = invoke("echo", &json!("deep"));
    let input = (0..5).fold(innermost, |input, _| invoke("again", &input));
    for (concurrency, reached) in [(100, true), (3, false)] {
        let world = World::of(program::LAMBDA_INVOKE)
            .function("again", program::LAMBDA_INVOKE, "")
            .allow("again", "lambda:InvokeFunction", "*")
            .document("again", &json!({ "guest": "again", "reserved-concurrency": concurrency }))
            .function("echo", program::ECHO, "");
        let answer = world.call(&input).await.to_string();
        assert_eq!(answer.contains("deep"), reached, "{answer}");
        assert_eq!(answer.contains("Throttled"), !reached, "{answer}");
        let ran = world.test.aws().lambda().invocations_of("again").len();
        assert_eq!(ran, if reached { 5 } else { 3 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_guest_is_attempted_three_times_where_nobody_waits_for_it() {
    let world = World::of(program::LAMBDA_INVOKE_ASYNC).function("fail", program::FAIL, "").function(
        "echo",
        program::ECHO,
        "",
    );
    for (function, attempts) in [("fail", 3), ("echo", 1)] {
        assert_eq!(world.call(&invoke(function, &json!("x"))).await, json!({ "ok": null }));
        world.test.aws().lambda().idle().await;
        let invocation = world.test.aws().lambda().invocations_of(function).pop().unwrap();
        assert_eq!(invocation.attempts, attempts, "{function}");
        let failed = matches!(invocation.outcome, Some(InvocationOutcome::Failed(_)));
        assert_eq!(failed, function == "fail");
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_stream_has_what_a_guest_returns_in_one_piece() {
    let world = World::of(program::LAMBDA_INVOKE_WITH_RESPONSE_STREAM)
        .function("echo", program::ECHO, "")
        .function("trap", program::TRAP, "");
    let answer = world.call(&invoke("echo", &json!([1, 2]))).await;
    assert_eq!((&answer["ok"]["body"], &answer["ok"]["error"]), (&json!("[1,2]"), &Value::Null));
    let answer = world.call(&invoke("trap", &json!({}))).await;
    assert!(answer["ok"]["error"].as_str().unwrap().starts_with("FunctionFailed("), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_there_is_not_is_named_with_the_file_that_wants_it() {
    let world = World::of(program::LAMBDA_INVOKE).document("price", &json!({ "guest": "pricing" }));
    let error = world.host().await.unwrap_err();
    assert!(
        error.contains("lambda/price.json` says that the function `price` is the guest `pricing`"),
        "{error}"
    );
    assert!(error.contains("`innkeeper.toml` has no guest `pricing`"), "{error}");

    let world = World::of(program::LAMBDA_INVOKE).function("price", "missing", "");
    let error = world.host().await.unwrap_err();
    assert!(error.contains("lambda/price.json`") && error.contains("missing.wasm"), "{error}");
}
