//! What the manifest grants of WASI: each program of `tests/programs` whose name begins with `wasi_` has its test here. Beside each
//! thing that is granted stands that it is not there without.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use innkeeper::policy::Source;
use innkeeper::{CallError, Error, Guest, Limit, Manifest};
use innkeeper_tests::{PROGRAMS, TestHost, engine, has_a_test, program};
use serde_json::{Value, json};
use tempfile::TempDir;

// Does not compile where a program has no test of its name.
innkeeper_tests::foreach_wasi!(has_a_test);

#[tokio::test]
async fn wasi_environment() {
    let answer = TestHost::new().call(program::WASI_ENVIRONMENT, &json!({})).await;
    assert_eq!(answer["ok"], json!({ "environment": [], "arguments": [] }));

    let host = TestHost::new()
        .setting("wasi.environment = { LOG = \"info\", TOKEN = { inherit = \"FETCH_TOKEN\" } }")
        .setting("wasi.arguments = [\"fetch\", \"--all\"]");
    let builder = host.builder(host.manifest(Path::new(PROGRAMS), "wasi_environment.wasm"), engine());
    let variables = [("FETCH_TOKEN", "t0k3n"), ("HOME", "/root")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let guest = builder.environment(variables).build().unwrap().guest("guest").await.unwrap();
    assert_eq!(
        answer_of(&guest, &json!({})).await["ok"],
        json!({ "environment": [["LOG", "info"], ["TOKEN", "t0k3n"]], "arguments": ["fetch", "--all"] })
    );
}

#[tokio::test]
async fn a_variable_that_is_not_there_to_be_inherited_is_told_at_the_start() {
    let host = TestHost::new().setting("wasi.environment.TOKEN = { inherit = \"INNKEEPER_NO_SUCH\" }");
    let host = host.host(Path::new(PROGRAMS), "wasi_environment.wasm");
    let error = host.guest("guest").await.unwrap_err().to_string();
    assert_eq!(
        error,
        "innkeeper.toml:6:26: the variable `TOKEN` of the guest is to be inherited, and `INNKEEPER_NO_SUCH` is not set"
    );
}

#[tokio::test]
async fn wasi_clocks() {
    let answer = TestHost::new().call(program::WASI_CLOCKS, &json!({})).await;
    assert_eq!(answer["ok"]["wall-resolution"], json!([0, 1_000_000]), "a millisecond, if nothing is said");
    assert_eq!(answer["ok"]["wall"][1].as_u64().unwrap() % 1_000_000, 0);
    assert_eq!(answer["ok"]["monotonic"].as_u64().unwrap() % 1_000_000, 0);

    let host = TestHost::new().setting("wasi.clock-resolution = \"1h\"");
    let answer = host.call(program::WASI_CLOCKS, &json!({})).await;
    assert_eq!(answer["ok"]["wall-resolution"], json!([3600, 0]));
    assert_eq!(answer["ok"]["monotonic-resolution"], json!(3_600_000_000_000_u64));
    assert_eq!(answer["ok"]["wall"][0].as_u64().unwrap() % 3600, 0);
    assert_eq!(answer["ok"]["monotonic"], 0);

    let host = TestHost::new().setting("wasi.clock-resolution = \"1ns\"");
    let answer = host.call(program::WASI_CLOCKS, &json!({})).await;
    assert_eq!(answer["ok"]["monotonic-resolution"], 1);
}

#[tokio::test(start_paused = true)]
async fn wasi_sleep() {
    let week = 7 * 24 * 3600;
    let started = std::time::Instant::now();
    let host = TestHost::new().setting("limits.timeout = \"30days\"");
    let answer = host.call(program::WASI_SLEEP, &json!({ "seconds": week })).await;
    let epoch = innkeeper_fake::TEST_EPOCH_SECS;
    assert_eq!(answer["ok"], json!({ "began": epoch, "wall": week, "monotonic": week }));
    // The AWS of the same host has seen the week go by as well, and the next call begins after it.
    let answer = host.call(program::WASI_SLEEP, &json!({ "seconds": 1 })).await;
    assert_eq!(answer["ok"], json!({ "began": epoch + week, "wall": 1, "monotonic": 1 }));
    assert!(started.elapsed() < Duration::from_mins(1), "nobody waits for what is virtual");
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_sleeps_too_long_is_ended_by_the_same_clock() {
    let host = TestHost::new().setting("limits.timeout = \"1m\"");
    let error = host.run(program::WASI_SLEEP, br#"{"seconds": 61}"#).await.unwrap_err();
    let limit = Limit::Timeout { after: Duration::from_mins(1) };
    assert!(matches!(&error, CallError::Limit { limit: is, .. } if *is == limit), "{error}");
}

#[tokio::test]
async fn wasi_random() {
    let host = TestHost::new();
    let call = async || host.call(program::WASI_RANDOM, &json!({})).await;
    let (one, other) = (call().await, call().await);
    assert_ne!(one["ok"]["secure"], other["ok"]["secure"]);
    assert_ne!(one["ok"]["insecure"], other["ok"]["insecure"]);

    let seeded = async |seed: u64| {
        let host = TestHost::new().setting(&format!("wasi.random-seed = {seed}"));
        host.call(program::WASI_RANDOM, &json!({})).await
    };
    let (one, again, other) = (seeded(1).await, seeded(1).await, seeded(2).await);
    assert_eq!(one, again);
    assert_ne!(one["ok"]["secure"], one["ok"]["insecure"]);
    assert_ne!(one["ok"]["secure"], other["ok"]["secure"]);
}

/// A folder with a manifest's guest in it, and beside it what is nobody's business.
struct Folder {
    outside: TempDir,
}

impl Folder {
    fn new() -> Self {
        Self::holding(program::WASI_DIRECTORY)
    }

    /// With this program as the guest.
    fn holding(program: &str) -> Self {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret.txt"), "secret").unwrap();
        let inside = outside.path().join("inside");
        fs::create_dir_all(inside.join("data/below")).unwrap();
        fs::write(inside.join("data/a.txt"), "hello").unwrap();
        fs::write(inside.join("data/below/b.txt"), "below").unwrap();
        fs::create_dir(inside.join("more")).unwrap();
        fs::copy(Path::new(PROGRAMS).join(format!("{program}.wasm")), inside.join("guest.wasm")).unwrap();
        Self { outside }
    }

    fn inside(&self, path: &str) -> std::path::PathBuf {
        self.outside.path().join("inside").join(path)
    }

    async fn call(&self, grant: &str, input: &Value) -> Value {
        let host = TestHost::new().setting(grant).host(&self.inside(""), "guest.wasm");
        answer_of(&host.guest("guest").await.unwrap(), input).await["ok"].clone()
    }
}

async fn answer_of(guest: &Guest, input: &Value) -> Value {
    serde_json::from_slice(&guest.run(input.to_string().as_bytes()).await.unwrap().output).unwrap()
}

const READ_ONLY: &str = "wasi.directories = [{ path = \"data\", name = \"/data\" }]";
const READ_WRITE: &str =
    "wasi.directories = [{ path = \"data\", name = \"/data\", access = \"read-write\" }]";

#[tokio::test]
async fn wasi_directory() {
    let folder = Folder::new();
    let steps = json!({ "in": "/data", "steps": [
        { "read": "a.txt" },
        { "read": "below/b.txt" },
        { "write": "new.txt", "content": "new" },
        { "write": "a.txt", "content": "gone" },
        { "link": "link", "to": "../../secret.txt" },
        { "remove": "a.txt" },
    ] });
    let nothing = folder.call("", &steps).await;
    assert_eq!(nothing, json!({ "directories": [], "steps": [] }));

    let read = folder.call(READ_ONLY, &steps).await;
    assert_eq!(read["directories"], json!(["/data"]));
    assert_eq!((&read["steps"][0], &read["steps"][1]), (&json!("hello"), &json!("below")));
    for refused in 2..6 {
        assert!(read["steps"][refused]["error"].is_string(), "{read}");
    }
    assert_eq!(fs::read_to_string(folder.inside("data/a.txt")).unwrap(), "hello");
    assert_eq!(fs::read_dir(folder.inside("data")).unwrap().count(), 2);

    let written = folder.call(READ_WRITE, &steps).await;
    assert_eq!((&written["steps"][2], &written["steps"][5]), (&json!(3), &Value::Null));
    assert_eq!(fs::read_to_string(folder.inside("data/new.txt")).unwrap(), "new");
    assert!(!folder.inside("data/a.txt").exists());
}

/// A directory that may hold so many bytes, and another one.
fn bounded(bytes: u64) -> String {
    format!(
        "wasi.directories = [{{ path = \"data\", name = \"/data\", access = \"read-write\", max-bytes = \"{bytes}\" }}, \
         {{ path = \"more\", name = \"/more\", access = \"read-write\" }}]"
    )
}

/// What is in a folder, without what each thing costs beside its bytes.
fn bytes_in(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap());
    entries.map(|entry| if entry.is_file() { entry.len() } else { 0 }).sum()
}

/// What an entry costs beside its bytes.
const ENTRY: u64 = 4096;

#[tokio::test]
async fn wasi_directory_fill() {
    // `a.txt`, `below` and `below/b.txt`, of 5 bytes each, and room for 10,000 bytes and 4 files.
    let max = 3 * ENTRY + 10 + 4 * ENTRY + 10_000;
    for (step, expected) in [
        (json!({ "do": "replace", "path": "x", "bytes": 10_000 }), "ok"),
        (json!({ "do": "replace", "path": "x", "bytes": 10_000 + 4 * ENTRY }), "quota"),
        (json!({ "do": "append", "path": "x", "bytes": 10_000 }), "ok"),
        (json!({ "do": "append", "path": "x", "bytes": 1 << 20 }), "quota"),
        (json!({ "do": "stream-at", "path": "x", "at": 9_000, "bytes": 1000 }), "ok"),
        (json!({ "do": "stream-at", "path": "x", "at": 1_u64 << 40, "bytes": 1 }), "quota"),
        (json!({ "do": "write-when-ready", "path": "x", "bytes": 10_000 }), "ok"),
        (json!({ "do": "write-when-ready", "path": "x", "bytes": 1 << 20 }), "quota"),
        (json!({ "do": "write", "path": "x", "bytes": 10_000 }), "ok"),
        (json!({ "do": "write", "path": "x", "bytes": 1 << 20 }), "quota"),
        (json!({ "do": "write", "path": "x", "at": u64::MAX, "bytes": 1 }), "quota"),
        (json!({ "do": "set-size", "path": "a.txt", "size": 10_000 }), "ok"),
        (json!({ "do": "set-size", "path": "a.txt", "size": 1_u64 << 40 }), "quota"),
        (json!({ "do": "make-many", "path": "x", "count": 6 }), "ok"),
        (json!({ "do": "make-many", "path": "x", "count": 7 }), "quota"),
        (json!({ "do": "make-directory", "path": "x" }), "ok"),
        (json!({ "do": "link", "path": "a.txt", "to": "x" }), "ok"),
        (json!({ "do": "link-by-name", "path": "x", "to": "a.txt" }), "ok"),
        (json!({ "do": "link-by-name", "path": "x", "to": "y".repeat(40_000) }), "quota"),
    ] {
        let folder = Folder::holding(program::WASI_DIRECTORY_FILL);
        let done = folder.call(&bounded(max), &json!({ "in": "/data", "steps": [step] })).await;
        assert_eq!(done, json!([expected]), "{}", step.to_string().get(..60).unwrap_or_default());
        assert!(bytes_in(&folder.inside("data")) <= max, "{step}");
    }
}

#[tokio::test]
async fn what_a_guest_removes_is_room_again_and_what_it_writes_over_is_counted_once() {
    let folder = Folder::holding(program::WASI_DIRECTORY_FILL);
    let write = |path: &str| json!({ "do": "replace", "path": path, "bytes": 100_000 });
    let mut steps = Vec::new();
    for _ in 0..5 {
        steps.extend([write("x"), write("y"), json!({ "do": "remove", "path": "x" })]);
        // The same file again and again.
        steps.extend([write("y"), write("y"), write("y")]);
    }
    let max = 250_000 + 10 * ENTRY;
    let done = folder.call(&bounded(max), &json!({ "in": "/data", "steps": steps })).await;
    assert!(done.as_array().unwrap().iter().all(|done| done == "ok"), "{done}");
    let steps = json!({ "in": "/data", "steps": [write("z"), write("w")] });
    assert_eq!(folder.call(&bounded(max), &steps).await, json!(["ok", "quota"]), "in the next run as well");
    assert!(bytes_in(&folder.inside("data")) <= max);
}

#[cfg(unix)]
#[tokio::test]
async fn what_a_guest_removes_and_holds_open_is_no_room() {
    let folder = Folder::holding(program::WASI_DIRECTORY_FILL);
    let hold = |count: u64| json!({ "in": "/data", "steps": [{ "do": "hold-removed", "path": "x", "bytes": 100_000, "count": count }] });
    // What is there, as in `wasi_directory_fill`, and room for two.
    let max = 3 * ENTRY + 10 + 2 * (ENTRY + 100_000);
    assert_eq!(folder.call(&bounded(max), &hold(10)).await, json!(["quota"]));
    assert_eq!(
        folder.call(&bounded(max), &hold(2)).await,
        json!(["ok"]),
        "the first run holds none any more"
    );
    assert!(!folder.inside("data/x").exists());
}

#[tokio::test]
async fn nothing_moves_between_directories_with_bounds_of_their_own() {
    let folder = Folder::holding(program::WASI_DIRECTORY_FILL);
    let to = |step: &str| json!({ "do": step, "path": "a.txt", "to": "x", "to-in": "/more" });
    let done =
        folder.call(&bounded(1 << 20), &json!({ "in": "/data", "steps": [to("rename"), to("link")] })).await;
    assert_eq!(done, json!(["cross-device", "cross-device"]));
    assert!(folder.inside("data/a.txt").exists() && !folder.inside("more/x").exists());
}

#[tokio::test]
async fn no_path_and_no_link_leads_out_of_a_directory() {
    let folder = Folder::new();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../../secret.txt", folder.inside("data/relative")).unwrap();
        std::os::unix::fs::symlink(folder.outside.path().join("secret.txt"), folder.inside("data/absolute"))
            .unwrap();
        std::os::unix::fs::symlink("/proc/self/environ", folder.inside("data/environ")).unwrap();
    }
    let paths = [
        "../guest.wasm",
        "../../secret.txt",
        "below/../../guest.wasm",
        "/etc/passwd",
        "relative",
        "absolute",
        "environ",
    ];
    let steps: Vec<Value> = paths.iter().map(|path| json!({ "read": path })).collect();
    let answer = folder.call(READ_WRITE, &json!({ "in": "/data", "steps": steps })).await;
    for (path, step) in paths.iter().zip(answer["steps"].as_array().unwrap()) {
        assert!(step["error"].is_string(), "`{path}` was read: {step}");
    }
    let write = json!({ "in": "/data", "steps": [{ "write": "../new.txt", "content": "x" }, { "write": "relative", "content": "x" }] });
    let answer = folder.call(READ_WRITE, &write).await;
    assert!(answer["steps"].as_array().unwrap().iter().all(|step| step["error"].is_string()), "{answer}");
    assert_eq!(fs::read_to_string(folder.outside.path().join("secret.txt")).unwrap(), "secret");
}

#[tokio::test]
async fn a_directory_that_is_a_link_out_of_the_folder_is_not_opened() {
    let folder = Folder::new();
    #[cfg(unix)]
    std::os::unix::fs::symlink("..", folder.inside("up")).unwrap();
    for path in ["up", "none", "data/a.txt"] {
        let grant = format!("wasi.directories = [{{ path = {path:?}, name = \"/data\" }}]");
        let host = TestHost::new().setting(&grant).host(&folder.inside(""), "guest.wasm");
        let error = host.guest("guest").await.unwrap_err();
        assert!(matches!(&error, Error::Wasi(_)), "{path}: {error}");
        assert!(error.to_string().contains(&format!("the directory `{path}` cannot be opened")), "{error}");
    }
}

#[tokio::test]
async fn a_guest_cannot_be_let_to_write_what_says_what_it_may() {
    let folder = Folder::new();
    #[cfg(unix)]
    std::os::unix::fs::symlink(".", folder.inside("data/here")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(".", folder.inside("self")).unwrap();
    let wrong = |component: &str, path: &str| {
        let text = format!(
            "[guest.guest]\ncomponent = {component:?}\n[[guest.guest.wasi.directories]]\npath = {path:?}\nname = \"/\"\naccess = \"read-write\"\n"
        );
        let directory =
            cap_std::fs::Dir::open_ambient_dir(folder.inside(""), cap_std::ambient_authority()).unwrap();
        Manifest::parse(Source::new("innkeeper.toml", text), directory).err().map(|error| error.to_string())
    };
    for (component, path) in [
        ("guest.wasm", "."),
        ("guest.wasm", "./"),
        ("data/guest.wasm", "data"),
        ("data/below/g.wasm", "./data"),
        ("guest.wasm", "self"),
    ] {
        let error = wrong(component, path).unwrap_or_else(|| panic!("`{path}` can be written to"));
        assert!(error.contains("a guest that may write to this directory could replace"), "{error}");
    }
    assert_eq!(wrong("guest.wasm", "data"), None);
    assert_eq!(wrong("data.wasm", "data"), None);
}
