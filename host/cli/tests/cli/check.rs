use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::guests;
use crate::support::Project;

const TWO: &str = r#"
[aws]
region = "eu-west-1"

[guest.broken]
component = "none.wasm"

[guest.echo]
component = "echo.wasm"
region = "us-east-1"
"#;

fn two() -> Project {
    Project::new(TWO).with("echo.wasm", guests::echo())
}

#[test]
fn a_sound_manifest_is_ok() {
    let project = Project::new("[aws]\nregion = \"eu-west-1\"\n[guest.echo]\ncomponent = \"echo.wasm\"\n");
    project
        .with("echo.wasm", guests::echo())
        .innkeeper(&["check"])
        .exits(0)
        .prints("ok     echo  eu-west-1\n");
}

#[test]
fn one_broken_guest_does_not_hide_the_others() {
    let run = two().innkeeper(&["check"]).exits(4);
    let stdout = String::from_utf8_lossy(&run.stdout);
    assert!(stdout.contains("failed broken\n       error: there is no component `none.wasm`"), "{run}");
    assert!(stdout.contains("ok     echo    us-east-1"), "{run}");
    assert!(stdout.ends_with("1 of 2 failed\n"), "{run}");
}

#[test]
fn the_document_has_every_guest() {
    let document = two().innkeeper(&["check", "--json"]).exits(4).json();
    assert_eq!(document[0]["guest"], json!("broken"));
    assert_eq!(document[0]["error"]["kind"], json!("component"));
    assert_eq!(
        document[1],
        json!({"guest": "echo", "ok": true, "region": "us-east-1", "account": null, "principal": null, "error": null, "findings": []})
    );
}

#[test]
fn without_credentials_nobody_is_anybody() {
    let run = two().innkeeper(&["check", "--aws", "--json"]).exits(4);
    assert_eq!(run.json()[1]["error"]["kind"], json!("aws"), "{run}");
}

#[test]
fn a_manifest_without_guests_is_wrong() {
    Project::new("").innkeeper(&["check"]).exits(3).says(&["has no guest", "help: "]);
}

#[test]
fn aws_says_who_each_guest_is() {
    let sts = Sts::start();
    let manifest = format!(
        r#"
[aws]
region = "eu-west-1"
endpoint-url = "{}"

[guest.plain]
component = "echo.wasm"

[guest.refused]
component = "echo.wasm"
role-arn = "arn:aws:iam::123456789012:role/refused"

[guest.thumbnailer]
component = "echo.wasm"
region = "us-east-1"
role-arn = "arn:aws:iam::123456789012:role/thumbnailer"
"#,
        sts.url
    );
    let project = Project::new(&manifest)
        .with("echo.wasm", guests::echo())
        .env("AWS_ACCESS_KEY_ID", "AKIABASE")
        .env("AWS_SECRET_ACCESS_KEY", "hunter2");
    let run = project.innkeeper(&["check", "--aws"]).exits(5);
    let stdout = String::from_utf8_lossy(&run.stdout);
    for text in [
        "ok     plain        eu-west-1  123456789012  arn:aws:iam::123456789012:user/base\n",
        "ok     thumbnailer  us-east-1  123456789012  arn:aws:sts::123456789012:assumed-role/thumbnailer/innkeeper\n",
        "failed refused\n       error: role `arn:aws:iam::123456789012:role/refused` could not be assumed",
        "1 of 3 failed\n",
    ] {
        assert!(stdout.contains(text), "`{text}` is not in\n{run}");
    }
    assert!(!stdout.contains("hunter"), "{run}");

    let document = project.innkeeper(&["check", "--aws", "--json"]).exits(5).json();
    assert_eq!(document[0]["principal"], json!("arn:aws:iam::123456789012:user/base"));
    assert_eq!(document[1]["error"]["kind"], json!("aws"));
    assert_eq!(document[2]["account"], json!("123456789012"));
    // AssumeRole and GetCallerIdentity, and nothing else.
    assert_eq!(sts.actions(), ["AssumeRole", "GetCallerIdentity"]);
}

/// As much of STS as a check asks, on a port of its own.
struct Sts {
    url: String,
    actions: Arc<Mutex<BTreeSet<String>>>,
}

impl Sts {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let actions = Arc::<Mutex<BTreeSet<String>>>::default();
        let seen = Arc::clone(&actions);
        std::thread::spawn(move || {
            // A connection for each request, one after the other: the check asks for one guest at a time.
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let request = read(&connection);
                let action =
                    request.body.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap_or("none");
                seen.lock().unwrap().insert(action.to_owned());
                let (status, body) = answer(action, &request);
                write!(
                    connection,
                    "HTTP/1.1 {status}\r\ncontent-type: text/xml\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                )
                .unwrap();
            }
        });
        Self { url, actions }
    }

    fn actions(&self) -> Vec<String> {
        self.actions.lock().unwrap().iter().cloned().collect()
    }
}

struct Request {
    headers: String,
    body: String,
}

fn read(connection: &TcpStream) -> Request {
    let mut reader = BufReader::new(connection);
    let mut headers = String::new();
    while reader.read_line(&mut headers).unwrap() > 2 {}
    let length = headers
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length: ").map(|n| n.parse().unwrap())
        })
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Request { headers, body: String::from_utf8(body).unwrap() }
}

fn answer(action: &str, request: &Request) -> (&'static str, String) {
    if action == "AssumeRole" && request.body.contains("refused") {
        let error = "<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error>";
        return ("403 Forbidden", format!("<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>"));
    }
    let result = if action == "AssumeRole" {
        "<Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>hunter3</SecretAccessKey>\
         <SessionToken>hunter4</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>"
            .to_owned()
    } else {
        let arn = if request.headers.contains("ASIAROLE") {
            "arn:aws:sts::123456789012:assumed-role/thumbnailer/innkeeper"
        } else {
            "arn:aws:iam::123456789012:user/base"
        };
        format!("<Arn>{arn}</Arn><UserId>u</UserId><Account>123456789012</Account>")
    };
    ("200 OK", format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"))
}

/// The guest puts and deletes, and imports nothing else.
fn keeper(lines: &str) -> Project {
    let manifest = format!(
        "[aws]\nregion = \"eu-west-1\"\n[guest.keeper]\ncomponent = \"keeper.wasm\"\nnames = {{ uploads = \"uploads\" }}\n{lines}"
    );
    Project::new(&manifest).with("keeper.wasm", guests::keeper())
}

const GRANT: &str = "[[guest.keeper.allow]]\nactions = [\"s3:PutObject\", \"s3:DeleteObject\"]\nresources = [\"arn:aws:s3:::uploads/*\"]\n";

/// The kinds of what is found.
fn found(project: &Project) -> Vec<String> {
    let run = project.innkeeper(&["check", "--json"]);
    let document = run.json();
    let findings = document[0]["findings"].as_array().unwrap();
    run.exits(if findings.is_empty() { 0 } else { 3 });
    findings.iter().map(|finding| finding["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_guest_that_is_granted_what_it_imports_is_ok() {
    assert_eq!(found(&keeper(GRANT)), [""; 0]);
}

#[test]
fn a_grant_that_is_missing_or_of_no_use_is_found() {
    let project = keeper(&GRANT.replace("s3:DeleteObject", "s3:GetObject"));
    assert_eq!(found(&project), ["ungranted-import", "unusable-grant"]);
    let run = project.innkeeper(&["check"]).exits(3);
    assert_eq!(
        String::from_utf8_lossy(&run.stdout),
        "found  keeper  eu-west-1\n       \
         `keeper.wasm` imports `bucket.delete-object` of `innkeeper:aws/s3@0.2.0`, which needs `s3:DeleteObject`, and nothing \
         allows that (ungranted-import)\n       \
         innkeeper.toml:7:28: `keeper.wasm` imports no function that needs `s3:GetObject` (unusable-grant)\n\
         1 of 1 failed\n"
    );
    project.innkeeper(&["check", "--allow", "ungranted-import"]).exits(3);
    project.innkeeper(&["check", "--allow", "ungranted-import", "--allow", "unusable-grant"]).exits(0);
    project.innkeeper(&["check", "--allow", "nonsense"]).exits(2);
}

#[test]
fn what_is_granted_of_wasi_and_not_imported_is_found() {
    let wasi = "[guest.keeper.wasi]
environment = { LOG = \"info\" }
arguments = [\"all\"]
clock-resolution = \"1s\"
random-seed = 1
directories = [{ path = \"data\", name = \"/data\" }]
[[guest.keeper.wasi.http]]
hosts = [\"api.example.com\"]
methods = [\"GET\"]
";
    let project = keeper(&(wasi.to_owned() + GRANT)).with("data/a.txt", b"a");
    assert_eq!(found(&project), ["unusable-grant"; 6]);
    let run = project.innkeeper(&["check"]).exits(3);
    let stdout = String::from_utf8_lossy(&run.stdout);
    for text in [
        "innkeeper.toml:7:15: `keeper.wasm` does not import `wasi:cli/environment`, so it has no use for `environment`",
        "innkeeper.toml:9:20: `keeper.wasm` does not import `wasi:clocks/wall-clock` or `wasi:clocks/monotonic-clock`",
        "innkeeper.toml:11:16: `keeper.wasm` does not import `wasi:filesystem/preopens`, so it has no use for the directory `data`",
        "innkeeper.toml:12:1: `keeper.wasm` does not import `wasi:http/outgoing-handler`",
    ] {
        assert!(stdout.contains(text), "`{text}` is not in\n{run}");
    }
}

#[test]
fn a_component_that_sends_requests_and_is_granted_none_is_found() {
    let wat = "(component (import \"wasi:http/outgoing-handler@0.2.0\" (instance)))";
    let manifest = "[aws]\nregion = \"eu-west-1\"\n[guest.fetch]\ncomponent = \"fetch.wasm\"\n";
    let project = Project::new(manifest).with("fetch.wasm", wat::parse_str(wat).unwrap());
    let run = project.innkeeper(&["check"]).exits(4);
    let stdout = String::from_utf8_lossy(&run.stdout);
    for text in [
        "imports `wasi:http/outgoing-handler@0.2.0`, and its manifest grants it no request",
        "grant the requests that it needs in `[[guest.NAME.wasi.http]]`",
        "(ungranted-import)",
    ] {
        assert!(stdout.contains(text), "`{text}` is not in\n{run}");
    }
    let granted = manifest.to_owned() + "wasi.http = [{ hosts = [\"a.example\"], methods = [\"GET\"] }]\n";
    let run = Project::new(&granted).with("fetch.wasm", wat::parse_str(wat).unwrap()).innkeeper(&["check"]);
    assert!(!String::from_utf8_lossy(&run.stdout).contains("ungranted"), "{run}");
}

#[test]
fn what_is_wrong_with_a_grant_of_wasi_is_told_at_its_place() {
    let wrong = |lines: &str, texts: &[&str]| {
        keeper(&format!("{lines}\n{GRANT}")).innkeeper(&["check"]).exits(3).says(texts);
    };
    wrong("wasi.enviroment = {}", &["unknown field `enviroment`"]);
    wrong(
        "wasi.environment = { A = 1 }",
        &["innkeeper.toml:6:26", "expected a text, or `{ inherit = \"NAME\" }`"],
    );
    wrong(
        "wasi.environment = { KEY = { inherit = \"AWS_SECRET_ACCESS_KEY\" } }",
        &["`AWS_SECRET_ACCESS_KEY` cannot be inherited: a guest never holds the host's credentials"],
    );
    wrong("wasi.environment = { \"A=B\" = \"c\" }", &["`A=B` is no name of a variable"]);
    wrong("wasi.clock-resolution = \"0s\"", &["a time has to be above 0"]);
    wrong("wasi.random-seed = -1", &["innkeeper.toml:6:20"]);
    wrong("wasi.directories = [{ path = \"../up\", name = \"/\" }]", &["leaves the manifest's folder"]);
    wrong("wasi.directories = [{ path = \"/etc\", name = \"/\" }]", &["leaves the manifest's folder"]);
    wrong(
        "wasi.directories = [{ path = \"a\", name = \"/\" }, { path = \"b\", name = \"/\" }]",
        &["two directories are called `/`"],
    );
    let bounded = |access: &str, most: &str| {
        format!(
            "wasi.directories = [{{ path = \"a\", name = \"/\", access = {access:?}, max-bytes = {most:?} }}]"
        )
    };
    wrong(&bounded("read-only", "1MiB"), &["so there is nothing to bound", "leave `max-bytes` out"]);
    wrong(&bounded("read-write", "lots"), &["`lots` is no size"]);
    wrong(&bounded("read-write", "0"), &["a size has to be above 0"]);
    wrong(
        "wasi.directories = [{ path = \".\", name = \"/\", access = \"read-write\" }]",
        &["a guest that may write to this directory could replace `innkeeper.toml`"],
    );
    let two = |outer: &str, inner: &str| {
        let outer = format!("{{ path = \"data\", name = \"/data\", access = \"{outer}\" }}");
        format!(
            "wasi.directories = [{outer}, {{ path = \"{inner}\", name = \"/inner\", access = \"read-only\" }}]"
        )
    };
    for inner in ["data/inner", "./data/./inner/a"] {
        let refused = "could put a link in the place of";
        wrong(&two("read-write", inner), &[refused, "grant directories that lie beside each other"]);
    }
    for lines in [two("read-only", "data/inner"), two("read-write", "database")] {
        let run = keeper(&format!("{lines}\n{GRANT}")).innkeeper(&["check"]);
        assert!(!run.stderr.contains("in the place of"), "{run}");
    }
    wrong("wasi.http = [{ hosts = [], methods = [\"GET\"] }]", &["`hosts` is empty"]);
    wrong("wasi.http = [{ hosts = [\"a.example\"], methods = [\"get\"] }]", &["did you mean `GET`?"]);
    wrong(
        "wasi.http = [{ hosts = [\"https://a.example/path\"], methods = [\"GET\"] }]",
        &["it can name no path"],
    );
    wrong(
        "wasi.http = [{ hosts = [\"a.example\"], methods = [\"GET\"], addresses = [\"10.1.2.3/8\"] }]",
        &["innkeeper.toml:6:71", "its first address is `10.0.0.0`"],
    );
    wrong("limits.in-flight-calls = 0", &["innkeeper.toml:6:26"]);
    wrong("limits.log-rate = \"lots\"", &["`lots` is no rate"]);
}

#[test]
fn a_rule_that_is_denied_or_never_matches_is_found() {
    let deny = "[[guest.keeper.deny]]\nactions = [\"*\"]\nresources = [\"arn:aws:s3:::uploads/*\"]\n";
    assert_eq!(found(&keeper(&(GRANT.to_owned() + deny))), ["shadowed"]);
    let never = "condition.StringEquals.\"innkeeper:Guest\" = \"another\"\n";
    assert_eq!(found(&keeper(&(GRANT.to_owned() + never))), ["never-matches"]);
    let over = "condition.DateLessThan.\"aws:CurrentTime\" = 2020-01-01\n";
    assert_eq!(found(&keeper(&(GRANT.to_owned() + over))), ["never-matches"]);
}

#[test]
fn a_pattern_that_runs_over_its_fields_is_found_with_one_that_does_not() {
    let point = "arn:aws:s3:*:123456789012:accesspoint/photos/object/*";
    let grant = |resource: &str| {
        let more = "[[guest.keeper.allow]]\nactions = [\"s3:PutObject\"]\n";
        keeper(&format!("{GRANT}{more}resources = [\"{resource}\"]\n"))
    };
    assert_eq!(found(&grant(point)), ["crosses-fields"]);
    let run = grant(point).innkeeper(&["check"]).exits(3);
    let safe = "arn:aws:s3:*-?:123456789012:accesspoint/photos/object/*";
    assert!(
        String::from_utf8_lossy(&run.stdout).contains(&format!("`{safe}` does not (crosses-fields)")),
        "{run}"
    );
    assert_eq!(found(&grant(safe)), [""; 0]);
    grant(point).innkeeper(&["check", "--allow", "crosses-fields"]).exits(0);
}

#[test]
fn a_condition_on_tags_that_some_actions_pass_over_is_found() {
    let deny = "[[guest.keeper.deny]]\nactions = [\"s3:*\"]\nresources = [\"*\"]\n";
    let secret = "condition.StringEquals.\"s3:ExistingObjectTag/class\" = \"secret\"\n";
    assert_eq!(found(&keeper(&format!("{GRANT}{deny}{secret}"))), ["tags-not-known"]);
}

#[test]
fn a_name_on_which_nothing_is_allowed_is_found() {
    assert_eq!(found(&keeper(&GRANT.replace("uploads", "downloads"))), ["unused-name"]);
}

#[test]
fn an_expectation_that_is_not_met_is_found() {
    let expect = |line: &str, on: &str| {
        keeper(&format!("{GRANT}[[guest.keeper.expect]]\n{line}\non = \"arn:aws:s3:::uploads/{on}\"\n"))
    };
    assert_eq!(found(&expect("allow = \"s3:PutObject\"", "a")), [""; 0]);
    // What is about all resources is asked about as IAM writes it.
    for (expected, unmet) in [("allow", vec!["unmet-expectation"]), ("deny", vec![])] {
        for action in ["s3:ListAllMyBuckets", "sqs:ListQueues", "lambda:ListFunctions"] {
            let lines = format!("{GRANT}[[guest.keeper.expect]]\n{expected} = \"{action}\"\non = \"*\"\n");
            assert_eq!(found(&keeper(&lines)), unmet, "{action}");
        }
    }
    assert_eq!(found(&expect("deny = \"s3:GetObject\"", "a")), [""; 0]);
    assert_eq!(found(&expect("deny = \"s3:PutObject\"", "a")), ["unmet-expectation"]);
    let run = expect("allow = \"s3:GetObject\"", "a").innkeeper(&["check"]).exits(3);
    let stdout = String::from_utf8_lossy(&run.stdout);
    assert!(
        stdout.contains(
            "innkeeper.toml:9:1: expected to allow `s3:GetObject` on `arn:aws:s3:::uploads/a`, which is not granted; add \
             `\"s3:GetObject\"` to `actions` at innkeeper.toml:7:11 (unmet-expectation)"
        ),
        "{run}"
    );
    let wrong = |line: &str, text: &str| {
        expect(line, "a").innkeeper(&["check"]).exits(3).says(&[text]);
    };
    wrong("allow = \"s3:GetObjekt\"", "did you mean `s3:GetObject`?");
    wrong("", "the expectation says neither `allow` nor `deny`");
    wrong("allow = \"s3:GetObject\"\ndeny = \"s3:GetObject\"", "an expectation is either `allow` or `deny`");
    wrong("allow = \"s3:GetObject\"\ncontext = { \"s3:prefx\" = \"a\" }", "did you mean `s3:prefix`?");
}
