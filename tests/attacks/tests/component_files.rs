//! Files that are no components, or more than components.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use innkeeper::{Engine, Error, Problem};
use innkeeper_attacks::{Component, Siege, core_guest};
use innkeeper_tests::{PROGRAMS, program};
use tempfile::TempDir;

/// What is wrong with the component, according to the host. The innocent guest of the same host has been served meanwhile.
async fn problem(component: Component) -> Problem {
    problem_of(Siege::new().try_attacker(component).await.err())
}

fn problem_of(error: Option<Error>) -> Problem {
    match error {
        Some(Error::Component(error)) => {
            assert!(!error.to_string().is_empty());
            error.problem
        }
        other => panic!("{other:?}"),
    }
}

async fn problem_in(folder: TempDir) -> Problem {
    problem_of(Siege::new().try_attacker_in(folder).await.err())
}

fn echo() -> Vec<u8> {
    fs::read(Path::new(PROGRAMS).join("echo.wasm")).unwrap()
}

#[tokio::test]
async fn a_file_that_is_no_component() {
    for bytes in [
        &b""[..],
        b"#!/bin/sh\nrm -rf /\n",
        b"\x7fELF\x02\x01\x01\0",
        b"MZ\x90\0",
        b"\0as",
        b"\xff\xfe\0\0",
        &[0; 4096],
    ] {
        assert!(matches!(problem(Component::Bytes(bytes.to_vec())).await, Problem::NotWasm(_)), "{bytes:?}");
    }
}

#[tokio::test]
async fn a_truncated_component() {
    let whole = echo();
    for length in (9..whole.len()).step_by(whole.len() / 40) {
        let problem = problem(Component::Bytes(whole[..length].to_vec())).await;
        assert!(
            matches!(problem, Problem::Damaged { .. } | Problem::NoEntry(_) | Problem::Types(_)),
            "{length}: {problem}"
        );
    }
}

#[tokio::test]
async fn a_component_with_a_bit_changed() {
    let whole = echo();
    for number in 0..60 {
        let position = 8 + number * (whole.len() - 8) / 60;
        let mut changed = whole.clone();
        changed[position] ^= 1 << (number % 8);
        // It may still be a component. What counts is that the host says so or not, and goes on.
        if let Ok(besieged) =
            Siege::new().setting("limits.cpu-time = \"200ms\"").try_attacker(Component::Bytes(changed)).await
        {
            let _ = besieged.attack(b"hello").await;
        }
    }
}

#[tokio::test]
async fn a_core_module() {
    let module = wat::parse_str("(module (import \"env\" \"system\" (func)))").unwrap();
    assert!(matches!(problem(Component::Bytes(module)).await, Problem::BareModule(_)));
}

#[tokio::test]
async fn a_file_of_a_gibibyte() {
    let folder = tempfile::tempdir().unwrap();
    // Sparse: it takes no room here, and would take all of it in memory.
    let file = File::create(folder.path().join("attacker.wasm")).unwrap();
    fs::write(folder.path().join("attacker.wasm"), b"\0asm\x0d\0\x01\0").unwrap();
    file.set_len(1 << 30).unwrap();
    assert!(matches!(problem_in(folder).await, Problem::TooLarge));
}

#[cfg(unix)]
#[tokio::test]
async fn a_component_that_is_a_folder_a_pipe_or_a_device() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("attacker.wasm")).unwrap();
    assert!(matches!(problem_in(folder).await, Problem::Read(_)));

    // Nobody ever writes to the pipe: whoever opens it to read waits for ever.
    let folder = tempfile::tempdir().unwrap();
    assert!(Command::new("mkfifo").arg(folder.path().join("attacker.wasm")).status().unwrap().success());
    let read = tokio::time::timeout(std::time::Duration::from_mins(1), problem_in(folder));
    assert!(matches!(read.await.unwrap_or_else(|_| std::process::abort()), Problem::Read(_)));

    // Its length is 0, and it never ends.
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("attacker.wasm")).unwrap();
    assert!(matches!(problem_in(folder).await, Problem::Read(_)));
}

#[cfg(unix)]
#[tokio::test]
async fn a_component_that_is_a_link_out_of_the_folder() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.wasm"), echo()).unwrap();
    for target in [
        outside.path().join("secret.wasm"),
        "../../../../../../etc/passwd".into(),
        "/proc/self/environ".into(),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(target, folder.path().join("attacker.wasm")).unwrap();
        assert!(matches!(problem_in(folder).await, Problem::Read(_)));
    }
}

#[tokio::test]
async fn imports_that_the_host_does_not_have() {
    for import in [
        "acme:db/query@1.0.0",
        "innkeeper:aws/iam@0.2.0",
        "innkeeper:aws/s3@9.0.0",
        "wasi:http/outgoing-handler@0.2.0",
        "wasi:nn/graph@0.2.0",
    ] {
        let wat = format!("(component (import {import:?} (instance (export \"ask\" (func)))))");
        let problem = problem(Component::text(&wat)).await;
        assert!(
            matches!(
                &problem,
                Problem::UnknownImports(_)
                    | Problem::Mismatch(_)
                    | Problem::NoEntry(_)
                    | Problem::UngrantedHttp { .. }
            ),
            "{import}: {problem}"
        );
    }
    // What the host has, with other types: a handle where a text should be.
    let wat = r#"(component (import "innkeeper:aws/s3@0.2.0" (instance
        (export "bucket" (type $b (sub resource)))
        (export "[static]bucket.open" (func (param "name" u64) (result (own $b)))))))"#;
    assert!(matches!(problem(Component::text(wat)).await, Problem::Mismatch(_)));
}

#[tokio::test]
async fn features_that_are_switched_off() {
    for module in [
        "(memory i64 1)",
        "(memory 1 1 shared)",
        "(func (result v128) (i32x4.relaxed_trunc_f32x4_s (v128.const i64x2 0 0)))",
    ] {
        let wat = format!("(component (core module {module}))");
        let problem = problem(Component::text(&wat)).await;
        assert!(
            matches!(&problem, Problem::Compile(_) | Problem::NoEntry(_) | Problem::Damaged { .. }),
            "{module}: {problem}"
        );
        let run = core_guest("", "", "(unreachable)");
        assert!(Siege::new().try_attacker(run).await.is_ok());
    }
}

#[tokio::test]
async fn components_within_components_without_end() {
    for depth in [50, 1_000, 10_000] {
        let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
        for _ in 0..depth {
            let mut outer = b"\0asm\x0d\0\x01\0\x04".to_vec();
            let mut length = bytes.len();
            while length >= 0x80 {
                outer.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
                length >>= 7;
            }
            outer.push(u8::try_from(length).unwrap());
            outer.extend_from_slice(&bytes);
            bytes = outer;
        }
        assert!(Siege::new().try_attacker(Component::Bytes(bytes)).await.is_err(), "{depth}");
    }
}

#[tokio::test]
async fn a_type_that_doubles_with_every_line() {
    let doubling: String =
        (1..60).map(|n| format!("(type $t{n} (tuple $t{} $t{}))\n", n - 1, n - 1)).collect();
    let wat =
        format!("(component (type $t0 (tuple u64 u64))\n{doubling}(import \"a\" (func (param \"p\" $t59))))");
    assert!(Siege::new().try_attacker(Component::text(&wat)).await.is_err());
    let wat = format!("(component (type $t0 (tuple u64 u64))\n{doubling}(export \"a\" (type $t59)))");
    assert!(Siege::new().try_attacker(Component::text(&wat)).await.is_err());
}

#[tokio::test]
async fn a_function_of_fifty_thousand_locals_and_as_many_blocks() {
    let blocks = format!("{}{}", "(block ".repeat(900), ")".repeat(900));
    let wat = core_guest(
        "",
        &format!("(func $f (local{}) {blocks})", " i64".repeat(49_000)),
        "(call $f) (call $answer (i32.const 0) (i32.const 0))",
    );
    if let Ok(besieged) = Siege::new().try_attacker(wat).await {
        let _ = besieged.attack(b"").await;
    }
    let many = "(br_table 0 0 0 0 0 0 0 0 0 (i32.const 0))".repeat(2_000);
    let wat =
        core_guest("", &format!("(func $f {many})"), "(call $f) (call $answer (i32.const 0) (i32.const 0))");
    let _ = Siege::new().attacker(wat).await.attack(b"").await;
}

#[tokio::test]
async fn a_memory_or_data_beyond_what_there_can_be() {
    let wat = core_guest("", "(data (i32.const -1) \"x\")", "(unreachable)");
    assert!(Siege::new().attacker(wat).await.attack(b"").await.is_err());
    let wat = Component::text("(component (core module $m (memory 65536)) (core instance (instantiate $m)))");
    assert!(matches!(problem(wat).await, Problem::NoEntry(_)));
}

// The cache of compiled code

/// The files of the cache, which has one entry for each of the two guests.
fn entries(cache: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// What is done to a file of the cache.
type Tamper = fn(&[u8]) -> Vec<u8>;

#[tokio::test]
async fn a_tampered_file_in_the_compiled_code_cache() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("code");
    let siege = || Siege::new().engine(Engine::new().unwrap().with_cache(&cache).unwrap());
    let works = async || {
        siege().attacker(Component::Bytes(echo())).await.attack(b"hello").await.unwrap().output == b"hello"
    };
    assert!(works().await);
    assert_eq!(entries(&cache).len(), 2);
    let sound: Vec<_> = entries(&cache).into_iter().map(|file| (fs::read(&file).unwrap(), file)).collect();

    let tampers: [Tamper; 6] = [
        |_| Vec::new(),
        |code| code[..code.len() / 2].to_vec(),
        |code| [code, b"more"].concat(),
        |code| [&code[..code.len() - 100], &[0xcc; 100]].concat(),
        |code| [&code[..16], &[0; 32], &code[48..]].concat(),
        |_| b"\x7fELF\x02\x01\x01\0".to_vec(),
    ];
    for tamper in tampers {
        for (code, file) in &sound {
            fs::write(file, tamper(code)).unwrap();
        }
        assert!(works().await);
        for (code, file) in &sound {
            assert_eq!(&fs::read(file).unwrap(), code, "it is compiled again, and kept");
        }
    }
}

#[tokio::test]
async fn an_entry_of_the_cache_under_the_name_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("code");
    let siege = || Siege::new().engine(Engine::new().unwrap().with_cache(&cache).unwrap());
    siege().attacker(Component::Bytes(echo())).await;
    let files = entries(&cache);
    let [first, second] = files.as_slice() else { panic!("{files:?}") };
    let (one, other) = (fs::read(first).unwrap(), fs::read(second).unwrap());
    fs::write(first, other).unwrap();
    fs::write(second, one).unwrap();
    // The innocent guest would run the attacker's code.
    let besieged = siege().attacker(Component::Bytes(echo())).await;
    assert_eq!(besieged.attack(b"hello").await.unwrap().output, b"hello");
}

#[cfg(unix)]
#[tokio::test]
async fn a_cache_that_others_may_write_to() {
    use std::os::unix::fs::PermissionsExt;
    for mode in [0o777, 0o770, 0o702] {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        assert!(
            matches!(Engine::new().unwrap().with_cache(folder.path()), Err(Error::Cache { .. })),
            "{mode:o}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), b"").unwrap();
    assert!(Engine::new().unwrap().with_cache(&folder.path().join("file")).is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn an_entry_of_the_cache_that_is_a_link_or_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("code");
    let siege = || Siege::new().engine(Engine::new().unwrap().with_cache(&cache).unwrap());
    siege().attacker(Component::Bytes(echo())).await;
    for file in entries(&cache) {
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &file).unwrap();
    }
    assert!(siege().attacker(Component::test(program::ECHO)).await.attack(b"hello").await.is_ok());
    assert!(!fs::read("/etc/passwd").unwrap().starts_with(b"innkeeper"));
}
