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
        json!({"guest": "echo", "ok": true, "region": "us-east-1", "account": null, "principal": null, "error": null})
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
