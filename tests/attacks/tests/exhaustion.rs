//! Exhausting or crashing the host.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use innkeeper::{CallError, Limit};
use innkeeper_attacks::{Answer, Besieged, Component, Frames, HOSTILE_BUCKET, Siege, core_guest, program};
use innkeeper_tests::program as test_program;
use serde_json::json;

/// The limit that ends the attack.
async fn limit(besieged: &Besieged) -> Limit {
    match besieged.attack(b"").await.unwrap_err() {
        CallError::Limit { limit, .. } => limit,
        other => panic!("{other}"),
    }
}

/// The trap that ends the attack.
async fn trap(besieged: &Besieged) -> String {
    match besieged.attack(b"").await.unwrap_err() {
        CallError::Trap { reason, .. } => reason,
        other => panic!("{other}"),
    }
}

/// Little CPU time, so that an attack that needs all of it is over soon.
fn hasty() -> Siege {
    Siege::new().setting("limits.cpu-time = \"200ms\"")
}

const CPU_TIME: Limit = Limit::CpuTime { after: Duration::from_millis(200) };

// Memory, tables, instances

#[tokio::test(start_paused = true)]
async fn memory_beyond_the_limit() {
    let besieged = Siege::new()
        .setting("limits.memory = \"8MiB\"")
        .attacker(Component::test(test_program::MEMORY))
        .await;
    assert_eq!(limit(&besieged).await, Limit::Memory { bytes: 8 << 20 });
}

#[tokio::test(start_paused = true)]
async fn memory_beyond_the_limit_from_the_first_instruction() {
    let wat = core_guest("", "", "(unreachable)");
    let besieged = Siege::new().setting("limits.memory = \"64KiB\"").attacker(wat).await;
    assert_eq!(limit(&besieged).await, Limit::Memory { bytes: 64 << 10 });
}

#[tokio::test(start_paused = true)]
async fn tables_beyond_the_limit() {
    let wat = core_guest(
        "",
        "(table $t 1 funcref)",
        "(loop $again (br_if $again (i32.ge_s (table.grow $t (ref.null func) (i32.const 1000)) (i32.const 0)))) (unreachable)",
    );
    let besieged = Siege::new().setting("limits.table-elements = 5000").attacker(wat).await;
    assert_eq!(limit(&besieged).await, Limit::TableElements { elements: 5000 });
}

#[tokio::test(start_paused = true)]
async fn a_table_of_four_billion_elements() {
    let wat = core_guest(
        "",
        "(table $t 1 funcref)",
        "(drop (table.grow $t (ref.null func) (i32.const -2))) (unreachable)",
    );
    assert!(matches!(limit(&Siege::new().attacker(wat).await).await, Limit::TableElements { .. }));
}

/// A plugin that would answer, behind `count` instances of a module.
fn crowd(module: &str, count: usize) -> Component {
    let instances: String = (0..count).map(|_| "(core instance (instantiate $m))\n").collect();
    Component::text(&format!(
        r#"(component
            (core module $m {module})
            {instances}
            (core module $run
                (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
                (func (export "run") (param i32 i32) (result i32) (i32.const 0)))
            (core instance $i (instantiate $run))
            (func $run (param "input" (list u8)) (result (result (list u8) (error string)))
                (canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
            (export "run" (func $run)))"#
    ))
}

#[tokio::test(start_paused = true)]
async fn instances_beyond_the_limit() {
    let besieged = Siege::new().attacker(crowd("", 150)).await;
    assert!(trap(&besieged).await.contains("instance"));
    assert!(Siege::new().attacker(crowd("", 50)).await.attack(b"").await.is_ok(), "so many are allowed");
}

#[tokio::test(start_paused = true)]
async fn memories_beyond_the_limit() {
    let besieged = Siege::new().setting("limits.instances = 1000").attacker(crowd("(memory 16)", 100)).await;
    // 100 memories of 1 MiB: their number is allowed, their sum is not.
    assert!(matches!(limit(&besieged).await, Limit::Memory { .. }));
    let besieged = Siege::new().setting("limits.instances = 20").attacker(crowd("(memory 0)", 18)).await;
    assert!(besieged.attack(b"").await.is_ok());
    let besieged =
        Siege::new().setting("limits.instances = 20").attacker(crowd("(memory 0) (memory 0)", 18)).await;
    assert!(trap(&besieged).await.contains("memory count"));
}

#[tokio::test(start_paused = true)]
async fn tables_beyond_their_number() {
    let besieged = Siege::new()
        .setting("limits.instances = 20")
        .attacker(crowd("(table 0 funcref) (table 0 funcref)", 18))
        .await;
    assert!(trap(&besieged).await.contains("table count"));
}

// Recursion

#[tokio::test(start_paused = true)]
async fn recursion_to_stack_overflow() {
    let besieged = Siege::new().attacker(Component::test(test_program::RECURSION)).await;
    assert!(trap(&besieged).await.contains("call stack exhausted"));
}

const OPEN: &str =
    r#"(import "innkeeper:aws/s3@0.2.0" "[static]bucket.open" (func $open (param i32 i32 i32)))"#;

#[tokio::test(start_paused = true)]
async fn recursion_down_to_the_last_byte_of_the_stack_and_then_a_host_call() {
    // Each depth calls the host: the one that has the least stack left calls it as well.
    let wat = core_guest(
        OPEN,
        r#"(data (i32.const 0) "uploads")
           (func $deeper
             (call $open (i32.const 0) (i32.const 7) (i32.const 64))
             (call $deeper))"#,
        "(call $deeper) (unreachable)",
    );
    let besieged = Siege::new().setting("limits.handles = 100000000").attacker(wat).await;
    assert!(besieged.attack(b"").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_host_call_from_within_the_allocator() {
    // The host asks the guest for room for its input, and the guest calls the host from there.
    let Component::Bytes(component) = core_guest(OPEN, "", "(unreachable)") else { panic!() };
    let besieged = Siege::new().attacker(Component::Bytes(component)).await;
    assert!(besieged.attack(b"").await.is_err());
    let wat = Component::text(
        r#"(component
            (core module $m
                (memory (export "memory") 1)
                (func $realloc (export "realloc") (param i32 i32 i32 i32) (result i32)
                    (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1)))
                (func (export "run") (param i32 i32) (result i32) (i32.const 0)))
            (core instance $i (instantiate $m))
            (func $run (param "input" (list u8)) (result (result (list u8) (error string)))
                (canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
            (export "run" (func $run)))"#,
    );
    match Siege::new().attacker(wat).await.attack(b"input").await.unwrap_err() {
        CallError::Trap { reason, .. } => assert!(reason.contains("call stack exhausted"), "{reason}"),
        other => panic!("{other}"),
    }
}

// Busy loops

#[tokio::test(start_paused = true)]
async fn a_busy_loop() {
    assert_eq!(limit(&hasty().attacker(Component::test(test_program::BUSY)).await).await, CPU_TIME);
}

/// A plugin that loops for ever in one of its functions.
fn loops_in(start: &str, realloc: &str, post_return: &str) -> Component {
    Component::text(&format!(
        r#"(component
            (core module $m
                (memory (export "memory") 1)
                (func $start {start})
                (start $start)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) {realloc} (i32.const 64))
                (func (export "run") (param i32 i32) (result i32) (i32.const 0))
                (func (export "post") (param i32) {post_return}))
            (core instance $i (instantiate $m))
            (func $run (param "input" (list u8)) (result (result (list u8) (error string)))
                (canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "realloc")) (post-return (core func $i "post"))))
            (export "run" (func $run)))"#
    ))
}

#[tokio::test(start_paused = true)]
async fn a_busy_loop_where_no_one_expects_it() {
    const FOREVER: &str = "(loop $forever (br $forever))";
    assert!(hasty().attacker(loops_in("", "", "")).await.attack(b"input").await.is_ok());
    for component in [loops_in(FOREVER, "", ""), loops_in("", FOREVER, ""), loops_in("", "", FOREVER)] {
        let error = hasty().attacker(component).await.attack(b"input").await.unwrap_err();
        assert!(matches!(&error, CallError::Limit { limit, .. } if *limit == CPU_TIME), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_instruction_that_takes_long() {
    // `memory.fill` of the whole memory, again and again: each is one instruction.
    let wat = core_guest(
        "",
        "(func $fill (drop (memory.grow (i32.const 500))) (loop $again
            (memory.fill (i32.const 2048) (i32.const 1) (i32.const 30000000)) (br $again)))",
        "(call $fill) (unreachable)",
    );
    assert_eq!(limit(&hasty().attacker(wat).await).await, CPU_TIME);
}

#[tokio::test(start_paused = true)]
async fn a_loop_of_cheap_host_calls() {
    let besieged = hasty().attacker(program::KNOCK).await;
    let opened = besieged.attack(json!({ "bucket": "uploads" }).to_string().as_bytes()).await.unwrap_err();
    assert!(matches!(&opened, CallError::Limit { limit, .. } if *limit == CPU_TIME), "{opened}");
}

#[tokio::test(start_paused = true)]
async fn a_loop_of_denied_calls() {
    let siege = hasty();
    let besieged = siege.attacker(program::KNOCK).await;
    let denied =
        besieged.attack(json!({ "bucket": "uploads", "key": "k" }).to_string().as_bytes()).await.unwrap_err();
    assert!(matches!(&denied, CallError::Limit { limit, .. } if *limit == CPU_TIME), "{denied}");
    assert_eq!(siege.requests_about("uploads"), 0, "none of it is sent");
}

// Handles

#[tokio::test(start_paused = true)]
async fn millions_of_handles() {
    let siege = Siege::new().allow_all_of_s3();
    siege.aws().s3().put("uploads", "k", "body").unwrap();
    // A body that is not read to its end is a call under way, of which there is a smaller number.
    for (kind, limit, most) in [("listing", "handles", 1_000), ("body", "in-flight-calls", 64)] {
        let besieged = siege.attacker(program::HOARD).await;
        let answer = besieged.attack_with(&json!({ "bucket": "uploads", "key": "k", "kind": kind })).await;
        assert_eq!(answer["ok"]["error"], format!("LimitExceeded({limit:?})"), "{answer}");
        let held = answer["ok"]["held"].as_u64().unwrap();
        assert!((most * 9 / 10..=most).contains(&held), "{held}");
    }
}

#[tokio::test(start_paused = true)]
async fn millions_of_handles_of_wasi() {
    for (import, call) in [
        (
            r#"(import "wasi:clocks/monotonic-clock@0.2.12" "subscribe-duration" (func $f (param i64) (result i32)))"#,
            "(drop (call $f (i64.const 1000000000000)))",
        ),
        (r#"(import "wasi:cli/stdout@0.2.12" "get-stdout" (func $f (result i32)))"#, "(drop (call $f))"),
        (
            r#"(import "wasi:sockets/tcp-create-socket@0.2.12" "create-tcp-socket" (func $f (param i32 i32)))"#,
            "(call $f (i32.const 0) (i32.const 64))",
        ),
    ] {
        // A guest that is refused a handle either traps, or is told so and goes on until its time is over.
        let wat = core_guest(import, "", &format!("(loop $again {call} (br $again)) (unreachable)"));
        match hasty().attacker(wat).await.attack(b"").await.unwrap_err() {
            CallError::Trap { reason, .. } => {
                assert!(reason.contains("resource table"), "{import}: {reason}");
            }
            CallError::Limit { limit, .. } => assert_eq!(limit, CPU_TIME),
            other => panic!("{other}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn millions_of_resources_of_the_guests_own() {
    let wat = Component::text(
        r#"(component
            (type $r (resource (rep i32)))
            (core func $new (canon resource.new $r))
            (core module $m
                (import "" "new" (func $new (param i32) (result i32)))
                (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
                (func (export "run") (param i32 i32) (result i32)
                    (loop $again (drop (call $new (i32.const 1))) (br $again))
                    (unreachable)))
            (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
            (func $run (param "input" (list u8)) (result (result (list u8) (error string)))
                (canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
            (export "run" (func $run)))"#,
    );
    match Siege::new().attacker(wat).await.attack(b"").await.unwrap_err() {
        CallError::Trap { reason, .. } => assert!(reason.contains("handle"), "{reason}"),
        other => panic!("{other}"),
    }
}

const HEAD: &str = r#"
    (import "innkeeper:aws/s3@0.2.0" "[method]bucket.delete-object" (func $delete
        (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "innkeeper:aws/s3@0.2.0" "[resource-drop]bucket" (func $drop (param i32)))
    (import "innkeeper:aws/s3@0.2.0" "[resource-drop]object-listing" (func $drop-listing (param i32)))"#;

#[tokio::test(start_paused = true)]
async fn handles_that_the_guest_does_not_have() {
    let imports = format!("{OPEN}{HEAD}");
    let open = "(call $open (i32.const 0) (i32.const 7) (i32.const 64))";
    let handle = "(i32.load (i32.const 68))";
    // The key, no version, no condition, and where the answer goes.
    let delete = |handle: &str| {
        format!(
            "(call $delete {handle} (i32.const 0) (i32.const 7) {} (i32.const 128))",
            "(i32.const 0) ".repeat(6)
        )
    };
    for (attack, run) in [
        ("of nothing", delete("(i32.const 0)")),
        ("guessed", delete("(i32.const 7)")),
        ("negative", delete("(i32.const -1)")),
        ("beyond the range", delete("(i32.const 0x10000001)")),
        ("dropped", format!("{open} (call $drop {handle}) {}", delete(handle))),
        ("dropped twice", format!("{open} (call $drop {handle}) (call $drop {handle})")),
        ("of another type", format!("{open} (call $drop-listing {handle})")),
    ] {
        let siege = Siege::new().allow_all_of_s3();
        let wat = core_guest(&imports, "(data (i32.const 0) \"uploads\")", &format!("{run} (unreachable)"));
        let reason = trap(&siege.attacker(wat).await).await;
        assert!(reason.contains("handle") || reason.contains("resource"), "{attack}: {reason}");
        assert_eq!(siege.requests_about("uploads"), 0, "{attack}");
    }
}

// Arguments

#[tokio::test(start_paused = true)]
async fn arguments_that_lie_outside_of_the_guests_memory() {
    for (place, length) in [(0, -1), (-1, 1), (0, 0x7fff_ffff), (131_071, 2), (-1, -1)] {
        let run =
            format!("(call $open (i32.const {place}) (i32.const {length}) (i32.const 64)) (unreachable)");
        let reason = trap(&Siege::new().attacker(core_guest(OPEN, "", &run)).await).await;
        assert!(!reason.contains("unreachable"), "{place} {length}: {reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_that_is_written_outside_of_the_guests_memory() {
    for place in [-4, 131_072, 131_068, 1] {
        let run = format!("(call $open (i32.const 0) (i32.const 7) (i32.const {place})) (unreachable)");
        let wat = core_guest(OPEN, "(data (i32.const 0) \"uploads\")", &run);
        let reason = trap(&Siege::new().attacker(wat).await).await;
        assert!(!reason.contains("unreachable"), "{place}: {reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_lies_outside_of_the_guests_memory() {
    for (place, length) in [(0, -1), (-1, 1), (131_071, 2)] {
        let run = format!("(call $answer (i32.const {place}) (i32.const {length}))");
        assert!(
            Siege::new().attacker(core_guest("", "", &run)).await.attack(b"").await.is_err(),
            "{place} {length}"
        );
    }
    // More than the host takes at once, though the guest has it.
    let run = "(drop (memory.grow (i32.const 400))) (call $answer (i32.const 0) (i32.const 20000000))";
    let error = Siege::new().attacker(core_guest("", "", run)).await.attack(b"").await.unwrap_err();
    assert!(error.to_string().contains("too much data"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn texts_that_are_not_unicode() {
    let wat = core_guest(
        OPEN,
        "(data (i32.const 0) \"\\ff\\fe\\c0\\80\\ed\\a0\\80\")",
        "(call $open (i32.const 0) (i32.const 7) (i32.const 64)) (unreachable)",
    );
    let reason = trap(&Siege::new().attacker(wat).await).await;
    assert!(reason.contains("utf-8"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn huge_arguments() {
    let siege = Siege::new().allow_all_of_s3().setting("limits.memory = \"256MiB\"");
    let besieged = siege.attacker(Component::test(test_program::LARGE_ARGUMENT)).await;
    for bytes in [16_u64 << 20, 60 << 20, 100 << 20] {
        let input = json!({ "bucket": "uploads", "bytes": bytes }).to_string();
        let error = besieged.attack(input.as_bytes()).await.unwrap_err();
        assert!(error.to_string().contains("too much data"), "{error}");
    }
    assert_eq!(siege.requests_about("uploads"), 0);
}

#[tokio::test(start_paused = true)]
async fn more_random_bytes_than_there_is_memory() {
    for length in ["0xffffffffffffffff", "0x100000000", "1000000000"] {
        let wat = core_guest(
            r#"(import "wasi:random/random@0.2.12" "get-random-bytes" (func $random (param i64 i32)))"#,
            "",
            &format!("(call $random (i64.const {length}) (i32.const 64)) (unreachable)"),
        );
        let reason = trap(&Siege::new().attacker(wat).await).await;
        assert!(!reason.contains("unreachable"), "{length}: {reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_32768_entries_of_metadata() {
    let siege = Siege::new().allow_all_of_s3();
    let besieged = siege.attacker(program::METADATA).await;
    for count in [32_768, 32_769, 65_537, 200_000] {
        for name in [json!(null), json!("same"), json!("")] {
            let answer =
                besieged.attack_with(&json!({ "bucket": "uploads", "count": count, "name": name })).await;
            let error = answer["error"].as_str().unwrap_or_default();
            assert!(error.starts_with("InvalidArgument"), "{count} {name}: {answer}");
        }
    }
    assert_eq!(siege.requests_about("uploads"), 0, "nothing of it is sent");
}

#[tokio::test(start_paused = true)]
async fn metadata_that_is_empty_huge_foreign_or_has_line_breaks() {
    let siege = Siege::new().allow_all_of_s3();
    let besieged = siege.attacker(Component::test(test_program::S3_PUT_OBJECT)).await;
    let long = "x".repeat(1 << 20);
    for (name, value) in [
        ("", "v"),
        (long.as_str(), "v"),
        ("n", long.as_str()),
        ("\u{fc}", "v"),
        ("n", "\u{fc}\u{1f512}"),
        ("n", "a\0b"),
        ("n\0", "v"),
        ("n", "a\r\nx-amz-acl: public-read"),
        ("n\r\nx-amz-acl", "public-read"),
        ("n", "\u{7f}"),
        ("n n", "v"),
        ("n:", "v"),
    ] {
        let input = json!({ "bucket": "uploads", "key": "k", "body": "", "metadata": [[name, value]] });
        let answer = besieged.attack_with(&input).await;
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(error.starts_with("InvalidArgument"), "{name:.20?} {value:.20?}: {answer}");
    }
    assert_eq!(siege.requests_about("uploads"), 0);
}

#[tokio::test(start_paused = true)]
async fn boundary_values_of_ranges_and_sizes() {
    let siege = Siege::new().allow_all_of_s3();
    siege.aws().s3().put("uploads", "k", "hello").unwrap();
    let read = siege.attacker(Component::test(test_program::S3_READ_OBJECT)).await;
    for (range, expected) in [
        (json!([0, 0]), "h"),
        (json!([0, u64::MAX]), "hello"),
        (json!([null, u64::MAX]), "hello"),
        (json!([4, null]), "o"),
    ] {
        let input = json!({ "bucket": "uploads", "key": "k", "range": range });
        assert_eq!(read.attack_with(&input).await["ok"]["body"], expected, "{range}");
    }
    for range in
        [json!([u64::MAX, 0]), json!([i64::MAX, i64::MAX]), json!([5, null]), json!([null, 0]), json!([5, 4])]
    {
        let answer = read.attack_with(&json!({ "bucket": "uploads", "key": "k", "range": range })).await;
        assert!(answer["error"].is_string(), "{range}: {answer}");
    }
    for (most, ok) in [(0, false), (4, false), (5, true), (u64::MAX, true)] {
        let answer = read.attack_with(&json!({ "bucket": "uploads", "key": "k", "max-bytes": most })).await;
        assert_eq!(answer["ok"].is_object(), ok, "{most}: {answer}");
    }
    let list = siege.attacker(Component::test(test_program::S3_LIST_OBJECTS)).await;
    for (size, ok) in [(0, false), (1, true), (1000, true), (1001, false), (u32::MAX, false)] {
        let answer = list.attack_with(&json!({ "bucket": "uploads", "page-size": size })).await;
        assert_eq!(answer["ok"].is_object(), ok, "{size}: {answer}");
    }
}

// Calls that are dropped in flight

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_and_the_same_guest_again() {
    let siege = Siege::new().allow_all_of_s3();
    siege.aws().s3().put("uploads", "k", "x".repeat(300_000)).unwrap();
    let besieged = siege.attacker(Component::test(test_program::S3_READ_OBJECT)).await;
    let input = json!({ "bucket": "uploads", "key": "k" }).to_string();
    let mut context = Context::from_waker(Waker::noop());
    for polls in 0..60 {
        let mut call = Box::pin(besieged.attacker().run(input.as_bytes()));
        for _ in 0..polls {
            if call.as_mut().poll(&mut context).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(call);
    }
    besieged.serve().await;
    assert!(besieged.attack(input.as_bytes()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_times_out_while_aws_does_not_answer_and_the_same_guest_again() {
    let siege = Siege::new().allow_all_of_s3().setting("limits.timeout = \"1s\"");
    siege.aws().s3().put("uploads", "k", "x").unwrap();
    siege
        .aws()
        .faults()
        .push(innkeeper_fake::Fault::delay(Duration::from_hours(1)).bucket("uploads").times(20));
    let besieged = siege.attacker(Component::test(test_program::S3_READ_OBJECT)).await;
    let input = json!({ "bucket": "uploads", "key": "k" }).to_string();
    for _ in 0..20 {
        let error = besieged.attack(input.as_bytes()).await.unwrap_err();
        assert!(matches!(error, CallError::Limit { limit: Limit::Timeout { .. }, .. }), "{error}");
    }
    assert!(besieged.attack(input.as_bytes()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_hundred_calls_at_once_that_are_all_dropped() {
    let siege = hasty();
    let besieged = siege.attacker(Component::test(test_program::BUSY)).await;
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let attacker = besieged.attacker().clone();
            tokio::spawn(async move { attacker.run(b"").await.is_err() })
        })
        .collect();
    besieged.serve().await;
    for call in calls {
        call.abort();
        let _ = call.await;
    }
    assert_eq!(limit(&besieged).await, CPU_TIME);
}

// Streams

fn answer(frames: Frames) -> Answer {
    http::Response::builder().header("etag", "\"e\"").body(frames).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_never_ends() {
    // Read whole: as much as one call may return, and no more of it is taken.
    let siege = Siege::new()
        .allow_all_of_s3()
        .setting("limits.host-call-bytes = \"1MiB\"")
        .hostile_aws(|_, _| answer(Frames::endless("", vec![b'x'; 1 << 16], 40)));
    let besieged = siege.attacker(Component::test(test_program::S3_READ_OBJECT)).await;
    let answered = besieged.attack_with(&json!({ "bucket": HOSTILE_BUCKET, "key": "k" })).await;
    assert_eq!(answered["error"], "LimitExceeded(\"host-call-bytes\")", "{answered}");

    // Read as a stream: until the guest's own time is over.
    let siege = hasty()
        .allow_all_of_s3()
        .hostile_aws(|_, _| answer(Frames::endless("", vec![b'x'; 1 << 10], u64::MAX)));
    let besieged = siege.attacker(program::READ_ON).await;
    let input = json!({ "bucket": HOSTILE_BUCKET, "key": "k" }).to_string();
    let error = besieged.attack(input.as_bytes()).await.unwrap_err();
    assert!(matches!(&error, CallError::Limit { limit, .. } if *limit == CPU_TIME), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_pieces_without_bytes() {
    for program in [program::READ_ON, Component::test(test_program::S3_READ_OBJECT)] {
        let siege = hasty()
            .allow_all_of_s3()
            .setting("limits.timeout = \"2s\"")
            .hostile_aws(|_, _| answer(Frames::endless("x", Vec::new(), 1_000_000)));
        let besieged = siege.attacker(program).await;
        let input = json!({ "bucket": HOSTILE_BUCKET, "key": "k" }).to_string();
        let ended = besieged.attack(input.as_bytes()).await;
        assert!(ended.is_err() || !ended.unwrap().output.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_pieces_without_bytes_behind_its_end() {
    for program in [program::READ_ON, Component::test(test_program::S3_READ_OBJECT)] {
        let siege = hasty().allow_all_of_s3().hostile_aws(|_, _| {
            let mut answer = answer(Frames::repeated("hello", Vec::new(), 200_000));
            answer.headers_mut().insert("content-length", 5.into());
            answer
        });
        let besieged = siege.attacker(program).await;
        let input = json!({ "bucket": HOSTILE_BUCKET, "key": "k" }).to_string();
        let ended = besieged.attack(input.as_bytes()).await;
        assert!(ended.is_err() || !ended.unwrap().output.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_read_behind_its_end_or_its_error_or_never() {
    let siege = Siege::new().allow_all_of_s3();
    siege.aws().s3().put("uploads", "k", "x".repeat(300_000)).unwrap();
    let besieged = siege.attacker(program::READ_ON).await;
    let input = json!({ "bucket": "uploads", "key": "k" });
    let answer = besieged.attack_with(&input).await;
    assert_eq!(answer["ok"], json!({ "bytes": 300_000, "ends": ["closed", "closed", "closed"] }));

    siege.aws().faults().push(innkeeper_fake::Fault::corrupt_body().bucket("uploads"));
    let answer = besieged.attack_with(&input).await;
    assert_eq!(answer["ok"]["ends"], json!(["failed", "closed", "closed"]), "{answer}");

    let never = json!({ "bucket": "uploads", "key": "k", "never": "yes" });
    assert_eq!(besieged.attack_with(&never).await["ok"], json!({}));
}

// Output

#[tokio::test(start_paused = true)]
async fn stdout_and_stderr_without_end() {
    for (interface, function) in [("stdout", "get-stdout"), ("stderr", "get-stderr")] {
        let imports = format!(
            r#"(import "wasi:cli/{interface}@0.2.12" "{function}" (func $get (result i32)))
               (import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush"
                   (func $write (param i32 i32 i32 i32)))"#
        );
        let write = "(call $write (local.get $out) (i32.const 0) (i32.const 4096) (i32.const 64))";
        let body = |times: &str| format!("(call $talk {times}) (call $answer (i32.const 0) (i32.const 0))");
        let talk = format!(
            "(func $talk (param $times i32) (local $out i32) (local.set $out (call $get))
                (loop $again {write} (local.set $times (i32.sub (local.get $times) (i32.const 1)))
                    (br_if $again (local.get $times))))"
        );
        // A hundred times what is kept, and the guest goes on.
        let siege = Siege::new().setting("limits.output-bytes = \"4KiB\"");
        let besieged = siege.attacker(core_guest(&imports, &talk, &body("(i32.const 100)"))).await;
        assert_eq!(besieged.attack(b"").await.unwrap().log.len(), 4096);
        // Without end: until its time is over.
        let siege = hasty().setting("limits.output-bytes = \"4KiB\"");
        let besieged = siege.attacker(core_guest(&imports, &talk, &body("(i32.const -1)"))).await;
        assert_eq!(limit(&besieged).await, CPU_TIME);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_before_its_first_poll() {
    let besieged = hasty().attacker(Component::test(test_program::BUSY)).await;
    for _ in 0..1_000 {
        let _never_polled = pin!(besieged.attacker().run(b""));
    }
    besieged.serve().await;
}
