//! Guests and their limits: each program of `tests/programs` that is not about a service has its test here, under its name.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use innkeeper::{CallError, Error, Limit, Problem};
use innkeeper_tests::{PROGRAMS, SECRET, TestHost, has_a_test, program};
use serde_json::json;

// Does not compile where a program has no test of its name.
innkeeper_tests::foreach_guest!(has_a_test);

/// The limit that a program reaches.
async fn limit(host: &TestHost, program: &str) -> Limit {
    match host.run(program, b"").await.unwrap_err() {
        CallError::Limit { limit, .. } => limit,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn echo() {
    let host = TestHost::new();
    assert_eq!(host.run(program::ECHO, b"hello").await.unwrap().output, b"hello");
    assert_eq!(host.run(program::ECHO, b"").await.unwrap().output, b"");
}

#[tokio::test]
async fn fail() {
    let error = TestHost::new().run(program::FAIL, b"out of luck").await.unwrap_err();
    assert!(matches!(&error, CallError::Reported(message) if message == "out of luck"), "{error}");
}

#[tokio::test]
async fn trap() {
    let host = TestHost::new();
    let CallError::Trap { reason, backtrace } = host.run(program::TRAP, b"").await.unwrap_err() else {
        panic!("no trap")
    };
    assert!(reason.contains("unreachable"), "{reason}");
    let frames = backtrace.frames().join("\n");
    assert!(frames.contains("out_of_bounds"), "the backtrace has the guest's functions:\n{frames}");
    // The same guest goes on: a call has a store of its own.
    assert!(host.run(program::TRAP, b"").await.is_err());
}

#[tokio::test]
async fn config_get() {
    let host = TestHost::new().setting("config = { quality = \"80\" }");
    assert_eq!(host.call(program::CONFIG_GET, &json!({ "key": "quality" })).await, json!({ "ok": "80" }));
    assert_eq!(host.call(program::CONFIG_GET, &json!({ "key": "other" })).await, json!({ "ok": null }));
}

#[tokio::test]
async fn memory() {
    let host = TestHost::new().setting("limits.memory = \"8MiB\"");
    assert_eq!(limit(&host, program::MEMORY).await, Limit::Memory { bytes: 8 << 20 });
}

#[tokio::test]
async fn busy() {
    let host = TestHost::new().setting("limits.cpu-time = \"50ms\"");
    assert_eq!(limit(&host, program::BUSY).await, Limit::CpuTime { after: Duration::from_millis(50) });

    let host = TestHost::new().setting("limits.timeout = \"50ms\"");
    assert_eq!(limit(&host, program::BUSY).await, Limit::Timeout { after: Duration::from_millis(50) });
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_computes_ends_although_the_clock_stands_still() {
    let host = TestHost::new().setting("limits.cpu-time = \"50ms\"");
    assert_eq!(limit(&host, program::BUSY).await, Limit::CpuTime { after: Duration::from_millis(50) });
}

#[tokio::test]
async fn recursion() {
    let error = TestHost::new().run(program::RECURSION, b"").await.unwrap_err();
    assert!(
        matches!(&error, CallError::Trap { reason, .. } if reason.contains("call stack exhausted")),
        "{error}"
    );
}

#[tokio::test]
async fn handles() {
    let host = TestHost::new().setting("limits.handles = 20");
    let answer = host.call(program::HANDLES, &json!({ "bucket": "uploads" })).await;
    assert_eq!(answer["ok"]["error"], "LimitExceeded(\"handles\")");
    assert_eq!(answer["ok"]["held"], 20);
}

#[tokio::test]
async fn large_argument() {
    let host = TestHost::new()
        .allow("s3:PutObject", "arn:aws:s3:::uploads/*")
        .setting("limits.host-call-bytes = \"1MiB\"");
    host.aws().s3().create_bucket("uploads").unwrap();
    let small = json!({ "bucket": "uploads", "bytes": 1_000_000 });
    assert_eq!(host.call(program::LARGE_ARGUMENT, &small).await, json!({ "ok": 1_000_000 }));
    let large = json!({ "bucket": "uploads", "bytes": 1 << 20 });
    let error = host.run(program::LARGE_ARGUMENT, large.to_string().as_bytes()).await.unwrap_err();
    assert!(error.to_string().contains("too much data"), "{error}");
}

#[tokio::test]
async fn in_flight() {
    let host =
        TestHost::new().allow("s3:GetObject", "arn:aws:s3:::uploads/*").setting("limits.in-flight-calls = 3");
    host.aws().s3().create_bucket("uploads").unwrap();
    host.aws().s3().put("uploads", "a", vec![b'x'; 1 << 20]).unwrap();
    let input = |times: u64| json!({ "bucket": "uploads", "key": "a", "times": times });
    let within = host.call(program::IN_FLIGHT, &input(3)).await;
    assert_eq!(within["ok"], json!({ "held": 3, "refused": null, "again": true }));
    let beyond = host.call(program::IN_FLIGHT, &input(4)).await;
    assert_eq!(
        beyond["ok"],
        json!({ "held": 3, "refused": "LimitExceeded(\"in-flight-calls\")", "again": true })
    );
    let denials = host.audit().denials();
    assert_eq!(denials.len(), 1);
    assert!(
        format!("{:?}", denials[0].verdict).contains("raise `in-flight-calls` in `[guest.guest.limits]`")
    );
}

#[tokio::test]
async fn quota_loop() {
    let host = TestHost::new().allow("s3:DeleteObject", "arn:aws:s3:::uploads/*");
    host.aws().s3().create_bucket("uploads").unwrap();
    let input = json!({ "bucket": "uploads", "times": 10 });
    assert_eq!(host.call(program::QUOTA_LOOP, &input).await, json!({ "ok": 0 }));
    let host = host.setting("quota.calls-per-run = 3");
    assert_eq!(host.call(program::QUOTA_LOOP, &input).await, json!({ "ok": 7 }));
    assert_eq!(host.audit().denials().len(), 7);
}

#[tokio::test]
async fn an_innocent_guest_is_served_while_others_misbehave() {
    let busy = TestHost::new().setting("limits.cpu-time = \"300ms\"");
    let innocent = TestHost::new();
    let (busy_guest, echo) = (busy.guest(program::BUSY).await, innocent.guest(program::ECHO).await);
    // One thread: only interruption lets the innocent one in.
    let attack = async { busy_guest.run(b"").await };
    let work = async {
        for _ in 0..20 {
            assert_eq!(echo.run(b"hello").await.unwrap().output, b"hello");
            tokio::task::yield_now().await;
        }
    };
    let (attacked, ()) = tokio::join!(attack, work);
    assert!(attacked.is_err());
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_the_guest_usable() {
    let host = TestHost::new();
    let guest = host.guest(program::BUSY).await;
    assert!(tokio::time::timeout(Duration::from_millis(30), guest.run(b"")).await.is_err());
    let echo = host.guest(program::ECHO).await;
    assert_eq!(echo.run(b"still here").await.unwrap().output, b"still here");
}

// Components that cannot be run

/// The problem with a component of this text.
async fn problem(wat: &str) -> Problem {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("guest.wasm"), wat::parse_str(wat).unwrap()).unwrap();
    match TestHost::new().host(folder.path(), "guest.wasm").guest("guest").await.unwrap_err() {
        Error::Component(error) => error.problem,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_component_that_imports_what_nobody_provides_is_refused_with_its_name() {
    let problem =
        problem(r#"(component (import "acme:db/query@1.0.0" (instance (export "ask" (func)))))"#).await;
    assert!(
        matches!(&problem, Problem::UnknownImports(names) if names == &["acme:db/query@1.0.0"]),
        "{problem}"
    );
}

#[tokio::test]
async fn a_component_for_another_world_is_refused_with_what_it_exports() {
    let problem = problem(
        "(component (core module $m (func (export \"f\"))) (core instance $i (instantiate $m)) \
         (func $f (canon lift (core func $i \"f\"))) (export \"compute\" (func $f)))",
    )
    .await;
    assert!(matches!(&problem, Problem::NoEntry(names) if names == &["compute"]), "{problem}");
}

#[tokio::test]
async fn a_run_of_another_type_is_refused() {
    let problem = problem(
        "(component (core module $m (func (export \"f\"))) (core instance $i (instantiate $m)) \
         (func $f (canon lift (core func $i \"f\"))) (export \"run\" (func $f)))",
    )
    .await;
    assert!(matches!(&problem, Problem::Mismatch(_)), "{problem}");
}

#[tokio::test]
async fn a_missing_component_is_named() {
    let host = TestHost::new().host(Path::new(PROGRAMS), "missing.wasm");
    let error = host.guest("guest").await.unwrap_err();
    assert!(matches!(&error, Error::Component(e) if matches!(e.problem, Problem::Read(_))), "{error}");
}

#[tokio::test]
async fn a_core_module_that_carries_its_wit_is_made_a_component() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_dir(root.join("wit")).unwrap();
    let world = resolve.select_world(&[package], Some("plugin")).unwrap();
    // Answers with its input: `run` gets (pointer, length) and returns the place of (ok, pointer, length).
    let mut module = wat::parse_str(
        r#"(module
            (memory (export "memory") 1)
            (global $top (mut i32) (i32.const 1024))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.get $top)
                (global.set $top (i32.add (global.get $top) (local.get 3))))
            (func (export "run") (param $pointer i32) (param $length i32) (result i32)
                (i32.store (i32.const 0) (i32.const 0))
                (i32.store (i32.const 4) (local.get $pointer))
                (i32.store (i32.const 8) (local.get $length))
                (i32.const 0)))"#,
    )
    .unwrap();
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, encoding).unwrap();
    std::fs::write(folder.path().join("guest.wasm"), module).unwrap();

    let guest = TestHost::new().host(folder.path(), "guest.wasm").guest("guest").await.unwrap();
    assert_eq!(guest.run(b"hello").await.unwrap().output, b"hello");
}

// Secrets

#[tokio::test]
async fn nothing_that_the_host_returns_contains_the_secret() {
    let host = TestHost::new().allow("s3:GetObject", "arn:aws:s3:::uploads/*");
    let input = json!({ "bucket": "uploads", "key": "a" });
    let mut seen = host.call(program::S3_GET_OBJECT, &input).await.to_string();
    seen += &format!("{:?}{:?}", host.audit().calls(), host.audit().decisions());
    let host = host.host(Path::new(PROGRAMS), "echo.wasm");
    seen += &format!("{host:?}{:?}{:?}{:?}", host.manifest(), host.factory(), host.scope("guest").unwrap());
    assert!(!seen.contains(SECRET), "{seen}");
}
