//! Guests in the text format, so that no toolchain is needed: core modules that carry the WIT of `innkeeper:aws/plugin`.

use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// What every plugin has: a memory, and an allocator that never frees.
const ALLOCATOR: &str = r#"
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 16384))
    (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
        (global.set $next (i32.add (local.get $at) (local.get $size)))
        (local.get $at))
"#;

/// A plugin of which `imports` and `rest` are the module's text.
fn plugin(imports: &str, rest: &str) -> Vec<u8> {
    let mut module = wat::parse_str(format!("(module {imports} {ALLOCATOR} {rest})")).unwrap();
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")).unwrap();
    let world = resolve.select_world(&[package], Some("plugin")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}

/// Returns its input.
pub(crate) fn echo() -> Vec<u8> {
    plugin(
        "",
        r#"(func (export "run") (param $at i32) (param $length i32) (result i32)
            (i32.store8 (i32.const 1024) (i32.const 0))
            (i32.store (i32.const 1028) (local.get $at))
            (i32.store (i32.const 1032) (local.get $length))
            (i32.const 1024))"#,
    )
}

/// Reports its input as a failure.
pub(crate) fn fail() -> Vec<u8> {
    plugin(
        "",
        r#"(func (export "run") (param $at i32) (param $length i32) (result i32)
            (i32.store8 (i32.const 1024) (i32.const 1))
            (i32.store (i32.const 1028) (local.get $at))
            (i32.store (i32.const 1032) (local.get $length))
            (i32.const 1024))"#,
    )
}

/// Gives up, two functions deep.
pub(crate) fn trap() -> Vec<u8> {
    plugin(
        "",
        r#"(func $broken (unreachable))
        (func $middle (call $broken))
        (func (export "run") (param i32 i32) (result i32) (call $middle) (i32.const 0))"#,
    )
}

/// Computes for ever.
pub(crate) fn spin() -> Vec<u8> {
    plugin("", r#"(func (export "run") (param i32 i32) (result i32) (loop $l (br $l)) (i32.const 0))"#)
}

/// A command, of which `wasi:cli/run` returns `0` (done) or `1` (failed).
pub(crate) fn command(result: u8) -> Vec<u8> {
    let component = format!(
        r#"(component
            (core module $m (func (export "run") (result i32) (i32.const {result})))
            (core instance $i (instantiate $m))
            (func $run (result (result)) (canon lift (core func $i "run")))
            (instance $exports (export "run" (func $run)))
            (export "wasi:cli/run@0.2.3" (instance $exports)))"#
    );
    wat::parse_str(component).unwrap()
}

/// A command that sleeps for ten minutes.
pub(crate) fn sleeper() -> Vec<u8> {
    let component = r#"(component
        (import "wasi:io/poll@0.2.0" (instance $poll
            (export "pollable" (type $pollable (sub resource)))
            (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
        (alias export $poll "pollable" (type $pollable))
        (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
            (alias outer 1 $pollable (type $outer))
            (export "pollable" (type $pollable (eq $outer)))
            (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
        (core func $block (canon lower (func $poll "[method]pollable.block")))
        (core func $subscribe (canon lower (func $clock "subscribe-duration")))
        (core module $m
            (import "host" "block" (func $block (param i32)))
            (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
            (func (export "run") (result i32)
                (call $block (call $subscribe (i64.const 600_000_000_000)))
                (i32.const 0)))
        (core instance $i (instantiate $m (with "host" (instance
            (export "block" (func $block))
            (export "subscribe" (func $subscribe))))))
        (func $run (result (result)) (canon lift (core func $i "run")))
        (instance $exports (export "run" (func $run)))
        (export "wasi:cli/run@0.2.3" (instance $exports)))"#;
    wat::parse_str(component).unwrap()
}

/// In the bucket `uploads`, puts `thumbs/a.txt`, deletes `old.txt`, and puts `private/x`. Returns what came of each: `0` for a
/// success, or `1` and a letter, which counts the cases of the WIT error from `A`.
pub(crate) fn keeper() -> Vec<u8> {
    plugin(
        r#"(import "innkeeper:aws/s3@0.2.0" "[static]bucket.open" (func $open (param i32 i32 i32)))
        (import "innkeeper:aws/s3@0.2.0" "[method]bucket.put-object" (func $put (param i32 i32)))
        (import "innkeeper:aws/s3@0.2.0" "[method]bucket.delete-object"
            (func $delete (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#,
        r#"(data (i32.const 0) "uploads")
        (data (i32.const 16) "thumbs/a.txt")
        (data (i32.const 32) "old.txt")
        (data (i32.const 48) "private/x")
        (data (i32.const 64) "hello")
        ;; Of the answer: the digits stand at 8, 22 and 37, a letter behind each.
        (data (i32.const 512) "{\"put\":\"0 \",\"delete\":\"0 \",\"private\":\"0 \"}")

        ;; Writes the outcome of the result at 2048 to the answer.
        (func $note (param $at i32)
            (if (i32.load8_u (i32.const 2048)) (then
                (i32.store8 (i32.add (local.get $at) (i32.const 512)) (i32.const 49))
                (i32.store8 (i32.add (local.get $at) (i32.const 513))
                    (i32.add (i32.const 65) (i32.load8_u (i32.const 2056)))))))

        ;; The arguments stand in memory at 4096: bucket, key, body, and options that are all none.
        (func $put-hello (param $bucket i32) (param $key i32) (param $length i32)
            (i32.store (i32.const 4096) (local.get $bucket))
            (i32.store (i32.const 4100) (local.get $key))
            (i32.store (i32.const 4104) (local.get $length))
            (i32.store (i32.const 4108) (i32.const 64))
            (i32.store (i32.const 4112) (i32.const 5))
            (call $put (i32.const 4096) (i32.const 2048)))

        (func (export "run") (param i32 i32) (result i32)
            (local $bucket i32)
            (call $open (i32.const 0) (i32.const 7) (i32.const 2048))
            (if (i32.load8_u (i32.const 2048)) (then (unreachable)))
            (local.set $bucket (i32.load (i32.const 2056)))
            (call $put-hello (local.get $bucket) (i32.const 16) (i32.const 12))
            (call $note (i32.const 8))
            (call $delete (local.get $bucket) (i32.const 32) (i32.const 7)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 2048))
            (call $note (i32.const 22))
            (call $put-hello (local.get $bucket) (i32.const 48) (i32.const 9))
            (call $note (i32.const 37))
            (i32.store8 (i32.const 1024) (i32.const 0))
            (i32.store (i32.const 1028) (i32.const 512))
            (i32.store (i32.const 1032) (i32.const 41))
            (i32.const 1024))"#,
    )
}

/// Puts an object with its input as the key into the bucket `uploads`, as often as told, whatever it is answered. Returns nothing.
pub(crate) fn knocker(times: usize) -> Vec<u8> {
    plugin(
        r#"(import "innkeeper:aws/s3@0.2.0" "[static]bucket.open" (func $open (param i32 i32 i32)))
        (import "innkeeper:aws/s3@0.2.0" "[method]bucket.put-object" (func $put (param i32 i32)))"#,
        &format!(
            r#"(data (i32.const 0) "uploads")
        (func (export "run") (param $at i32) (param $length i32) (result i32)
            (local $left i32) (local $memory i32)
            (local.set $left (i32.const {times}))
            (call $open (i32.const 0) (i32.const 7) (i32.const 2048))
            (if (i32.load8_u (i32.const 2048)) (then (unreachable)))
            ;; The arguments stand in memory: bucket, key, body, and options that are all none.
            (i32.store (i32.const 4096) (i32.load (i32.const 2056)))
            (i32.store (i32.const 4100) (local.get $at))
            (i32.store (i32.const 4104) (local.get $length))
            ;; What it is answered needs the memory of the last answer and no more.
            (local.set $memory (global.get $next))
            (loop $again
                (global.set $next (local.get $memory))
                (call $put (i32.const 4096) (i32.const 2048))
                (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                (br_if $again (local.get $left)))
            (i32.store8 (i32.const 1024) (i32.const 0))
            (i32.store (i32.const 1032) (i32.const 0))
            (i32.const 1024))"#
        ),
    )
}

/// Asks for what S3 keeps beside `old.txt` in the bucket `uploads`, and returns its input.
pub(crate) fn header() -> Vec<u8> {
    plugin(
        r#"(import "innkeeper:aws/s3@0.2.0" "[static]bucket.open" (func $open (param i32 i32 i32)))
        (import "innkeeper:aws/s3@0.2.0" "[method]bucket.head-object" (func $head (param i32 i32)))"#,
        r#"(data (i32.const 0) "uploads")
        (data (i32.const 32) "old.txt")
        (func (export "run") (param $at i32) (param $length i32) (result i32)
            (call $open (i32.const 0) (i32.const 7) (i32.const 2048))
            (if (i32.load8_u (i32.const 2048)) (then (unreachable)))
            ;; The arguments stand in memory: bucket, key, and options that are all none.
            (i32.store (i32.const 4096) (i32.load (i32.const 2056)))
            (i32.store (i32.const 4100) (i32.const 32))
            (i32.store (i32.const 4104) (i32.const 7))
            (call $head (i32.const 4096) (i32.const 2048))
            (if (i32.load8_u (i32.const 2048)) (then (unreachable)))
            (i32.store8 (i32.const 1024) (i32.const 0))
            (i32.store (i32.const 1028) (local.get $at))
            (i32.store (i32.const 1032) (local.get $length))
            (i32.const 1024))"#,
    )
}

/// Has the function `pricing` run with its input at some time soon, and returns its input.
pub(crate) fn notifier() -> Vec<u8> {
    plugin(
        r#"(import "innkeeper:aws/lambda@0.2.0" "[static]function.open"
            (func $open (param i32 i32 i32 i32 i32 i32)))
        (import "innkeeper:aws/lambda@0.2.0" "[method]function.invoke-async"
            (func $invoke (param i32 i32 i32 i32 i32)))"#,
        r#"(data (i32.const 0) "pricing")
        (func (export "run") (param $at i32) (param $length i32) (result i32)
            (call $open (i32.const 0) (i32.const 7) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 2048))
            (if (i32.load8_u (i32.const 2048)) (then (unreachable)))
            (call $invoke (i32.load (i32.const 2052)) (local.get $at) (local.get $length) (i32.const 0)
                (i32.const 2080))
            (if (i32.load8_u (i32.const 2080)) (then (unreachable)))
            (i32.store8 (i32.const 1024) (i32.const 0))
            (i32.store (i32.const 1028) (local.get $at))
            (i32.store (i32.const 1032) (local.get $length))
            (i32.const 1024))"#,
    )
}

/// Invokes the function `pricing` with its input. Returns what the function returns, and reports what it fails with.
pub(crate) fn caller() -> Vec<u8> {
    plugin(
        r#"(import "innkeeper:aws/lambda@0.2.0" "[static]function.open"
            (func $open (param i32 i32 i32 i32 i32 i32)))
        (import "innkeeper:aws/lambda@0.2.0" "[method]function.invoke"
            (func $invoke (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#,
        r#"(data (i32.const 0) "pricing")
        (func (export "run") (param $at i32) (param $length i32) (result i32)
            (call $open (i32.const 0) (i32.const 7) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 2048))
            (if (i32.load8_u (i32.const 2048)) (then (unreachable)))
            (call $invoke (i32.load (i32.const 2052)) (local.get $at) (local.get $length)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 2080))
            (if (i32.load8_u (i32.const 2080)) (then (unreachable)))
            ;; An error where there is a `function-error`; the payload either way.
            (i32.store8 (i32.const 1024) (i32.load8_u (i32.const 2092)))
            (i32.store (i32.const 1028) (i32.load (i32.const 2084)))
            (i32.store (i32.const 1032) (i32.load (i32.const 2088)))
            (i32.const 1024))"#,
    )
}
