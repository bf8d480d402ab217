use crate::guests;
use crate::support::{Project, Run};

const BEGINNING: &str = "[guest.keeper]\ncomponent = \"keeper.wasm\"\n";

fn keeper(policy: &str) -> Project {
    Project::new(&format!("{BEGINNING}{policy}"))
        .with("keeper.wasm", guests::keeper())
        .with("aws/s3/uploads/old.txt", "gone soon")
}

fn learn(project: &Project) -> Run {
    project.innkeeper(&["policy", "learn", "--", "run", "--fake", "aws", "keeper"])
}

#[test]
fn what_a_guest_asks_for_is_proposed_and_nothing_is_changed() {
    let project = keeper("");
    let run = learn(&project).exits(0);
    run.prints(
        r#"--- innkeeper.toml
+++ innkeeper.toml
@@ -1,2 +1,13 @@
 [guest.keeper]
 component = "keeper.wasm"
+
+[[guest.keeper.allow]]
+actions = ["s3:PutObject"]
+resources = [
+    "arn:aws:s3:::uploads/private/x",
+    "arn:aws:s3:::uploads/thumbs/a.txt",
+]
+
+[[guest.keeper.allow]]
+actions = ["s3:DeleteObject"]
+resources = ["arn:aws:s3:::uploads/old.txt"]
"#,
    );
    assert_eq!(std::fs::read_to_string(project.file("innkeeper.toml")).unwrap(), BEGINNING);
    assert_eq!(std::fs::read(project.file("aws/s3/uploads/old.txt")).unwrap(), b"gone soon");
}

#[test]
fn with_what_is_proposed_the_guest_is_denied_nothing() {
    let project = keeper("");
    let diff = String::from_utf8(learn(&project).stdout).unwrap();
    let added: String = diff
        .lines()
        .skip(3)
        .filter_map(|line| line.strip_prefix('+').map(|line| format!("{line}\n")))
        .collect();
    let project = keeper(&added);
    learn(&project).exits(0).prints("");
    project
        .innkeeper(&["run", "--fake", "aws", "keeper"])
        .exits(0)
        .prints(r#"{"put":"0 ","delete":"0 ","private":"0 "}"#);
}

#[test]
fn what_is_granted_is_not_proposed_and_what_is_denied_is_told() {
    let run = learn(&keeper(
        "[[guest.keeper.allow]]\nactions = [\"s3:*\"]\nresources = [\"arn:aws:s3:::uploads/*\"]\n\
         [[guest.keeper.deny]]\nactions = [\"s3:*\"]\nresources = [\"arn:aws:s3:::uploads/private/*\"]\n",
    ));
    run.exits(0)
        .says(&["denied: s3:PutObject on arn:aws:s3:::uploads/private/x: denied by `arn:aws:s3:::uploads/private/*` at"])
        .prints("");
}

#[test]
fn a_policy_document_is_proposed_statements_in_json() {
    let document = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}}"#;
    let run = learn(&keeper("policy = \"keeper.json\"\n").with("keeper.json", document)).exits(0);
    assert_eq!(
        run.json(),
        serde_json::json!([{"Effect": "Allow", "Action": ["s3:DeleteObject"], "Resource": ["arn:aws:s3:::uploads/old.txt"]}])
    );
}

#[test]
fn errors_when_it_would_not_run_on_the_fake() {
    let learn = |arguments: &[&str]| keeper("").innkeeper(&[&["policy", "learn", "--"], arguments].concat());
    learn(&["run", "--profile", "prod", "keeper"]).exits(2).says(&["on the fake alone"]).prints("");
    learn(&["run", "--endpoint-url", "http://127.0.0.1:1", "keeper"]).exits(2).prints("");
    learn(&["inspect", "keeper.wasm"]).exits(2).says(&["what is learnt from is a `run`"]);
    learn(&["run", "--nonsense"]).exits(2);
    // Without a folder the fake is empty, and the environment is not looked at.
    let run =
        keeper("").env("AWS_PROFILE", "prod").innkeeper(&["policy", "learn", "--", "run", "keeper"]).exits(0);
    assert!(String::from_utf8_lossy(&run.stdout).contains("+actions = [\"s3:PutObject\"]"), "{run}");
}
