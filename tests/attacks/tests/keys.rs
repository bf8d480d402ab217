//! Getting at the keys: what the host holds, and what it can reach, that a guest is not to have.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::many_single_char_names,
    reason = "a test fails by panicking"
)]

use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, OnceLock};

use innkeeper::audit::{AuditSink as _, JsonLines};
use innkeeper::aws::StaticKeys;
use innkeeper::{CallError, Host};
use innkeeper_attacks::{Answer, Component, Frames, Siege, core_guest, program};
use innkeeper_fake::{FakeAws, Fault, Role};
use innkeeper_tests::{SECRET, program as test_program};
use serde_json::{Value, json};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::prelude::*;

/// In every token of these tests.
const TOKEN: &str = "IQoJb3JpZ2luX2VjTOKENTOKENTOKEN/+=";

const ACCOUNT: &str = "998877665544";

// What WASI could give away. The guests are WebAssembly text: not every toolchain lets a Rust program ask.

/// Calls a function of WASI that returns a list, and answers with its length.
async fn length_of(import: &str) -> u32 {
    let wat =
        core_guest(import, "", "(call $list (i32.const 64)) (call $answer (i32.const 68) (i32.const 4))");
    let reply = Siege::new().attacker(wat).await.attack(b"").await.unwrap();
    u32::from_le_bytes(reply.output.try_into().unwrap())
}

#[tokio::test(start_paused = true)]
async fn environment_variables_and_arguments() {
    assert!(std::env::vars().count() > 0 && std::env::args().count() > 0, "the host has some");
    for function in ["get-environment", "get-arguments"] {
        let import =
            format!(r#"(import "wasi:cli/environment@0.2.12" "{function}" (func $list (param i32)))"#);
        assert_eq!(length_of(&import).await, 0, "{function}");
    }
}

#[tokio::test(start_paused = true)]
async fn preopened_directories() {
    // Without a directory there is no descriptor to open `/proc`, `/etc` or anything else from: WASI has no other way to a file.
    let import = r#"(import "wasi:filesystem/preopens@0.2.12" "get-directories" (func $list (param i32)))"#;
    assert_eq!(length_of(import).await, 0);
}

#[tokio::test(start_paused = true)]
async fn configuration_that_the_manifest_gives_to_another_guest() {
    let siege = Siege::new().setting("config.own = \"mine\"").accomplice("config.secret = \"yours\"");
    let besieged = siege.attacker(Component::test(test_program::CONFIG_GET)).await;
    assert_eq!(besieged.attack_with(&json!({ "key": "own" })).await["ok"], "mine");
    for key in ["secret", "AWS_SECRET_ACCESS_KEY", "PATH", "HOME", "region", ""] {
        assert_eq!(besieged.attack_with(&json!({ "key": key })).await["ok"], Value::Null, "{key}");
    }
}

/// The tag of WASI's error codes of sockets in a flat `result`, as `network.wit` numbers them.
const ACCESS_DENIED: u8 = 1;
const NOT_SUPPORTED: u8 = 2;

#[tokio::test(start_paused = true)]
async fn the_network_the_metadata_address_and_loopback() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let v4 = |port: u16, [a, b, c, d]: [u8; 4]| {
        let address = [a.into(), b.into(), c.into(), d.into(), 0, 0, 0, 0, 0].map(|n: u16| n);
        (0, port, address)
    };
    let v6 = |port: u16, address: [u16; 8]| {
        let [a, b, c, d, e, f, g, h] = address;
        (1, port, [0, a, b, c, d, e, f, g, h])
    };
    for (family, port, address) in [
        v4(port, [127, 0, 0, 1]),
        v4(port, [0, 0, 0, 0]),
        v4(80, [169, 254, 169, 254]),
        v4(80, [169, 254, 170, 2]),
        v4(80, [169, 254, 170, 23]),
        v4(80, [10, 0, 0, 1]),
        v4(80, [192, 0, 2, 1]),
        v6(port, [0, 0, 0, 0, 0, 0, 0, 1]),
        v6(80, [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]),
        v6(80, [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23]),
        v6(80, [0xfe80, 0, 0, 0, 0, 0, 0, 1]),
        v6(80, [0, 0, 0, 0, 0, 0xffff, 0xa9fe, 0xa9fe]),
        v6(port, [0, 0, 0, 0, 0, 0xffff, 0x7f00, 1]),
    ] {
        let imports = r#"
            (import "wasi:sockets/instance-network@0.2.12" "instance-network" (func $network (result i32)))
            (import "wasi:sockets/tcp-create-socket@0.2.12" "create-tcp-socket" (func $create (param i32 i32)))
            (import "wasi:sockets/tcp@0.2.12" "[method]tcp-socket.start-connect" (func $connect
                (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#;
        // The flat form of an address: the tag, then the port, and for IPv6 the flow, eight groups and the scope, of which IPv4 has four.
        let address = address.map(|n| format!("(i32.const {n})")).join(" ");
        let run = format!(
            "(call $create (i32.const {family}) (i32.const 64))
             (if (i32.load8_u (i32.const 64)) (then
                (return (call $answer (i32.const 68) (i32.const 1)))))
             (call $connect (i32.load (i32.const 68)) (call $network) (i32.const {family}) (i32.const {port})
                {address} (i32.const 0) (i32.const 80))
             (if (i32.load8_u (i32.const 80)) (then
                (return (call $answer (i32.const 81) (i32.const 1)))))
             (call $answer (i32.const 0) (i32.const 0))"
        );
        let reply = Siege::new().attacker(core_guest(imports, "", &run)).await.attack(b"").await.unwrap();
        assert!(
            matches!(reply.output[..], [ACCESS_DENIED | NOT_SUPPORTED]),
            "{address}: {:?}, where nothing would be a connection",
            reply.output
        );
    }
    assert!(listener.accept().is_err(), "nobody has connected");
}

#[tokio::test(start_paused = true)]
async fn names_of_hosts_that_are_looked_up() {
    // What is asked of a resolver leaves the machine too.
    let imports = r#"
        (import "wasi:sockets/instance-network@0.2.12" "instance-network" (func $network (result i32)))
        (import "wasi:sockets/ip-name-lookup@0.2.12" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))"#;
    for name in
        ["localhost", "metadata", "secret.evil.example", "169.254.169.254", "instance-data.ec2.internal"]
    {
        let length = name.len();
        let run = format!(
            "(call $resolve (call $network) (i32.const 0) (i32.const {length}) (i32.const 64))
             (call $answer (i32.const 64) (i32.const 8))"
        );
        let data = format!("(data (i32.const 0) \"{name}\")");
        let reply = Siege::new().attacker(core_guest(imports, &data, &run)).await.attack(b"").await.unwrap();
        assert_eq!(reply.output[0], 1, "{name}: {:?}", reply.output);
        // A literal address is itself, and needs no resolver.
    }
}

// What the host prints and returns

/// All that is logged in this process, at every level, by every thread; but for what the built-in AWS logs, which is no part of the host.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn begin() -> Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            let writer = log.clone();
            let hosts = filter_fn(|metadata| !metadata.target().starts_with("s3s"));
            let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || writer.clone());
            tracing_subscriber::registry().with(layer.with_filter(hosts)).init();
            log
        })
        .clone()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn search(what: &str, text: &str, secrets: &[&str]) {
    for secret in secrets {
        if let Some(at) = text.find(secret) {
            let from = text.floor_char_boundary(at.saturating_sub(400));
            let to = text.ceil_char_boundary((at + 100).min(text.len()));
            panic!("{what} shows `{secret}`: ...{}...", text.get(from..to).unwrap_or_default());
        }
    }
}

/// Calls of every kind: some that go well, some that are denied, some that AWS refuses at length.
///
/// With `arns` the guest says which account it means; otherwise the host asks STS.
fn calls(arns: bool) -> Value {
    let queue =
        |name: &str| if arns { format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:{name}") } else { name.to_owned() };
    let function = |name: &str| if arns { format!("{ACCOUNT}:function:{name}") } else { name.to_owned() };
    let key = |call: &str, key: &str| json!({ "do": call, "bucket": "uploads", "key": key, "tags": [["a", "b"]], "body": "x" });
    json!([
        key("s3.put", "k"), key("s3.read", "k"), key("s3.read", "gone"), key("s3.head", "refused"), key("s3.read", "refused"),
        key("s3.put", "refused"), key("s3.delete", "denied"), key("s3.tags", "k"), key("s3.attributes", "k"),
        { "do": "s3.list", "bucket": "uploads" }, { "do": "s3.list", "bucket": "gone" }, { "do": "s3.location", "bucket": "uploads" },
        { "do": "s3.delete-many", "bucket": "uploads", "objects": [{ "key": "refused" }, { "key": "k2" }] },
        { "do": "s3.upload", "bucket": "uploads", "key": "large", "bytes": 6 << 20 },
        { "do": "s3.status", "bucket": "gone" }, { "do": "s3.read", "bucket": "not a bucket", "key": "k" },
        { "do": "sqs.send", "queue": queue("jobs"), "body": "x" }, { "do": "sqs.shown", "queue": queue("jobs") }, { "do": "sqs.open", "queue": queue("jobs") },
        { "do": "sqs.attributes", "queue": queue("jobs") }, { "do": "sqs.attributes", "queue": queue("gone") }, { "do": "sqs.purge", "queue": queue("refused") },
        { "do": "sqs.send", "queue": "arn:aws:sqs:us-east-1:111111111111:jobs", "body": "x" },
        { "do": "lambda.invoke", "function": function("resize"), "payload": "{}" }, { "do": "lambda.invoke", "function": function("gone"), "payload": "{}" },
        { "do": "lambda.invoke", "function": function("refused"), "payload": "{}" }, { "do": "lambda.configuration", "function": function("resize") },
        { "do": "lambda.status", "function": function("resize") },
    ])
}

/// What AWS says in its errors: who asked, and, where a signature is wrong, what was signed.
fn talkative(code: &str, token: &str) -> Fault {
    Fault::error(code).with_message(format!(
        "User: arn:aws:sts::{ACCOUNT}:assumed-role/host/session is not authorized; the canonical request was \
         x-amz-security-token:{token}"
    ))
}

/// A host with keys of a session, an AWS that calls them by this token, and something of everything.
fn siege(token: &str) -> Siege {
    let siege = Siege::on(FakeAws::builder().account_id(ACCOUNT).build())
        .keys(StaticKeys::new("AKIDEXAMPLE", SECRET).with_session_token(TOKEN))
        .allow_all_of_s3()
        .allow("sqs:*", "arn:aws:sqs:*:*:*")
        .allow("lambda:*", "arn:aws:lambda:*:*:function:*")
        .statement(
            "[[guest.attacker.deny]]\nactions = [\"s3:*\"]\nresources = [\"arn:aws:s3:::uploads/denied\"]",
        )
        .setting("limits.timeout = \"1h\"");
    let aws = siege.aws();
    aws.sqs().create_queue("jobs").unwrap();
    aws.sqs().create_queue("refused").unwrap();
    aws.lambda().function("resize", |_| async { Ok("\"done\"") }).unwrap();
    aws.lambda().function("refused", |_| async { Ok("\"done\"") }).unwrap();
    aws.faults().push(talkative("AccessDenied", token).key("refused").always());
    aws.faults().push(talkative("AccessDenied", token).queue("refused").always());
    aws.faults().push(talkative("AccessDeniedException", token).function("refused").always());
    siege
}

/// All that shows of a host and its audit trail, but for its log.
fn shown(siege: &Siege, host: &Host) -> String {
    let lines = Log::default();
    let trail = JsonLines::new(lines.clone()).unwrap();
    let (decisions, calls) = (siege.audit().decisions(), siege.audit().calls());
    decisions.iter().for_each(|decision| trail.decision(decision));
    calls.iter().for_each(|call| trail.call(call));
    trail.finish().unwrap();
    assert!(lines.text().lines().count() > decisions.len() + calls.len());
    let scope = host.scope("attacker").unwrap();
    format!(
        "{} {decisions:?} {calls:?} {host:?} {:?} {:?} {scope:?} {:?}",
        lines.text(),
        host.manifest(),
        host.factory(),
        scope.identity()
    )
}

#[tokio::test(start_paused = true)]
async fn all_that_the_host_prints_or_returns() {
    let log = Log::begin();
    let siege = siege(TOKEN);
    let besieged = siege.attacker(program::TRIES).await;
    let outcomes = besieged.tries(calls(false)).await;
    let refused =
        outcomes.iter().filter(|outcome| outcome.as_str().is_some_and(|o| o.starts_with("error:"))).count();
    assert!((8..=20).contains(&refused), "some fail, some do not: {outcomes:#?}");
    let told = Value::from(outcomes).to_string();
    search("an answer to the guest", &told, &[SECRET, TOKEN, ACCOUNT, "AKIDEXAMPLE", "assumed-role"]);
    search("the host or its audit trail", &shown(&siege, besieged.host()), &[SECRET, TOKEN]);
    let text = log.text();
    assert!(
        text.contains("TRACE aws_smithy_runtime") || text.contains("aws_smithy_runtime::client"),
        "the SDK logs too"
    );
    search("the log", &text, &[SECRET, TOKEN]);
}

#[tokio::test(start_paused = true)]
async fn credentials_of_a_role() {
    const ROLE_SECRET: &str = "ROLESECRETROLESECRETROLESECRETROLESECRET";
    const ROLE_TOKEN: &str = "ROLETOKENROLETOKENROLETOKEN";
    let log = Log::begin();
    let answer = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
         <AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>{ROLE_SECRET}</SecretAccessKey>\
         <SessionToken>{ROLE_TOKEN}</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>\
         </AssumeRoleResult></AssumeRoleResponse>"
    );
    let siege = siege(ROLE_TOKEN)
        .setting(&format!(
            "role-arn = \"arn:aws:iam::{ACCOUNT}:role/attacker\"\nexternal-id = \"EXTERNALEXTERNAL\""
        ))
        .hostile_service("sts.", move |_, _| -> Answer {
            http::Response::new(Frames::whole(answer.clone()))
        });
    let besieged = siege.attacker(program::TRIES).await;
    let outcomes = besieged.tries(calls(true)).await;
    let signed =
        siege.sent().iter().filter(|sent| sent.header("x-amz-security-token") == Some(ROLE_TOKEN)).count();
    assert!(signed > 5, "{signed} requests carry the role's token");
    let told = Value::from(outcomes).to_string();
    let secrets = [SECRET, TOKEN, ROLE_SECRET, ROLE_TOKEN, "EXTERNALEXTERNAL"];
    search("an answer to the guest", &told, &secrets);
    search("an answer to the guest", &told, &[ACCOUNT, "ASIAEXAMPLE"]);
    search("the host or its audit trail", &shown(&siege, besieged.host()), &secrets[..4]);
    search("the log", &log.text(), &secrets[..4]);
}

#[tokio::test(start_paused = true)]
async fn a_presigned_url() {
    // It has the access key id and, of a session, the token in it, since AWS wants them there. It has no secret, and the manifest has to
    // grant it: what it lets its holder do is the request that it was signed for.
    let siege = siege(TOKEN);
    let besieged = siege.attacker(program::TRIES).await;
    let presign = |call: &str| json!({ "do": call, "bucket": "uploads", "key": "k" });
    let urls = besieged.tries(json!([presign("s3.presign-get"), presign("s3.presign-put")])).await;
    let urls = Value::from(urls).to_string();
    assert!(urls.contains("X-Amz-Security-Token=IQoJb3JpZ2luX2Vj"), "{urls}");
    search("a presigned URL", &urls, &[SECRET, ACCOUNT]);
    let denied = Siege::new().attacker(program::TRIES).await.tries(json!([presign("s3.presign-get")])).await;
    assert_eq!(denied, ["error: AccessDenied"]);
}

#[tokio::test(start_paused = true)]
async fn traps_backtraces_and_panics_of_guests() {
    let log = Log::begin();
    for component in [
        Component::test(test_program::TRAP),
        Component::test(test_program::RECURSION),
        Component::test(test_program::FAIL),
        core_guest("", "", "(unreachable)"),
    ] {
        let siege = siege(TOKEN).setting("limits.cpu-time = \"1s\"");
        let besieged = siege.attacker(component).await;
        let called = besieged.attacker().call(b"{}").await;
        let error = called.result.unwrap_err();
        assert!(
            matches!(error, CallError::Trap { .. } | CallError::Limit { .. } | CallError::Reported(_)),
            "{error:?}"
        );
        let text = format!("{error} {error:?} {error:#?} {}", String::from_utf8_lossy(&called.log));
        search("an error of a call", &text, &[SECRET, TOKEN, ACCOUNT, "AKIDEXAMPLE"]);
    }
    search("the log", &log.text(), &[SECRET, TOKEN]);
}

// The cache of clients

/// A guest that reads `uploads`, with keys of `[guest.NAME]`.
fn reader(keys: &str, guest: &str) -> String {
    let read = "actions = [\"s3:GetObject\"]\nresources = [\"arn:aws:s3:::uploads/*\"]";
    format!("{keys}\n[[guest.{guest}.allow]]\n{read}")
}

#[tokio::test(start_paused = true)]
async fn a_client_of_another_role_session_policy_external_id_or_region() {
    const A: &str = "role-arn = \"arn:aws:iam::998877665544:role/a\"";
    const B: &str = "role-arn = \"arn:aws:iam::998877665544:role/b\"";
    let read_only = r#"session-policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}'"#;
    let all = r#"session-policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'"#;
    let with = |role: &str, more: &str| format!("{role}\n{more}");
    for (attacker, accomplice) in [
        (A.to_owned(), B.to_owned()),
        (with(A, read_only), A.to_owned()),
        (with(A, read_only), with(A, all)),
        (with(A, "external-id = \"one\""), with(A, "external-id = \"two\"")),
        (with(A, "external-id = \"one\""), A.to_owned()),
        (with(A, "session-name = \"one\""), with(A, "session-name = \"two\"")),
        (with(A, "role-chain = [\"arn:aws:iam::998877665544:role/base\"]"), A.to_owned()),
        (with(A, "region = \"us-east-1\""), with(A, "region = \"eu-central-1\"")),
        // With a role, and with the host's own keys.
        (A.to_owned(), String::new()),
    ] {
        let siege = Siege::on(FakeAws::builder().account_id(ACCOUNT).build())
            .keys(StaticKeys::new("AKIDEXAMPLE", SECRET))
            .setting(&attacker)
            .statement(&reader("", "attacker"))
            .accomplice(&reader(&accomplice, "accomplice"));
        siege.aws().s3().put("uploads", "k", "x").unwrap();
        let besieged = siege.attacker(program::TRIES).await;
        let read = json!([{ "do": "s3.read", "bucket": "uploads", "key": "k" }]);
        // In turn, so that each finds the other's client in the cache.
        for _ in 0..3 {
            assert_eq!(besieged.tries(read.clone()).await, ["x"], "{attacker}");
            is_signed_as(&siege, &attacker);
            assert_eq!(besieged.accomplice_tries(read.clone()).await, ["x"], "{accomplice}");
            is_signed_as(&siege, &accomplice);
        }
    }
}

/// The last request to S3 was signed with a session, or with keys, as `keys` of the manifest say.
fn is_signed_as(siege: &Siege, keys: &str) {
    let value = |key: &str| {
        let line = keys.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        line.map(|value| value.trim_matches(['"', '\'']).to_owned())
    };
    let sent = siege.sent().pop().unwrap();
    assert!(sent.host().starts_with("uploads.s3."), "{sent:?}");
    let region = value("region").unwrap_or_else(|| "eu-west-1".to_owned());
    assert_eq!(sent.host(), format!("uploads.s3.{region}.amazonaws.com"));
    let signer =
        sent.header("authorization").unwrap().split_once("Credential=").unwrap().1.split('/').next().unwrap();
    let Some(role) = value("role-arn") else { return assert_eq!(signer, "AKIDEXAMPLE", "{keys}") };
    let sessions = siege.aws().sts().sessions();
    let session = sessions.iter().find(|session| session.access_key_id == signer).unwrap();
    assert_eq!(session.role_arn, role, "{keys}");
    assert_eq!(session.policy, value("session-policy"), "{keys}");
    assert_eq!(session.external_id, value("external-id"), "{keys}");
    if let Some(name) = value("session-name") {
        assert_eq!(session.session_name, name);
    }
    let is_chained = session.caller != "AKIDEXAMPLE";
    assert_eq!(is_chained, keys.contains("role-chain"), "{keys}");
}

#[tokio::test(start_paused = true)]
async fn a_role_that_the_host_may_not_assume_in_place_of_which_it_could_use_its_own_keys() {
    const ROLE: &str = "arn:aws:iam::000000000000:role/closed";
    let siege =
        Siege::new().keys(StaticKeys::new("AKIDEXAMPLE", SECRET)).setting(&format!("role-arn = \"{ROLE}\""));
    let siege = siege.allow_all_of_s3();
    siege.aws().sts().add_role(Role::new(ROLE).denied());
    let besieged = siege.attacker(program::TRIES).await;
    let read = json!([{ "do": "s3.read", "bucket": "innocent", "key": "letter" }]);
    assert_eq!(besieged.tries(read).await, ["error: Credentials"]);
    assert!(siege.sent().iter().all(|sent| sent.host().starts_with("sts.")), "{:?}", siege.sent());
}
