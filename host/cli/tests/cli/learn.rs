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

const CALLER: &str = "[guest.caller]\ncomponent = \"caller.wasm\"\n";

fn caller(aws: &str) -> Project {
    Project::new(&format!("{aws}{CALLER}"))
        .with("caller.wasm", guests::caller())
        .with("aws/lambda/pricing.json", r#"{ "answers": [{ "payload": 3 }] }"#)
}

#[test]
fn the_account_of_the_fake_is_a_wildcard_that_says_why() {
    let learn = |project: &Project| {
        project.innkeeper(&["policy", "learn", "--", "run", "--fake", "aws", "caller", "1"])
    };
    let project = caller("[aws]\nregion = \"eu-west-1\"\n");
    let run = learn(&project).exits(0);
    let diff = String::from_utf8(run.stdout.clone()).unwrap();
    let line = "+    \"arn:aws:lambda:eu-west-1:*:function:pricing\", # a wildcard: the account is that of the fake\n";
    assert!(diff.contains(line), "{run}");
    // A denial suggests the same, and what it suggests is accepted.
    let run = project.innkeeper(&["run", "--fake", "aws", "caller", "1"]);
    run.says(&["resources = [\"arn:aws:lambda:eu-west-1:*:function:pricing\"]"]);
    let added: String = diff
        .lines()
        .skip(3)
        .filter_map(|line| line.strip_prefix('+').map(|line| format!("{line}\n")))
        .collect();
    let manifest = std::fs::read_to_string(project.file("innkeeper.toml")).unwrap() + &added;
    let project = project.with("innkeeper.toml", manifest);
    project.innkeeper(&["check"]).exits(0);
    learn(&project).exits(0).prints("");

    // The account that the manifest names is the guest's own.
    for account in ["123456789012", "000000000000"] {
        let run =
            learn(&caller(&format!("[aws]\nregion = \"eu-west-1\"\naccount = \"{account}\"\n"))).exits(0);
        let line = format!("+resources = [\"arn:aws:lambda:eu-west-1:{account}:function:pricing\"]\n");
        assert!(String::from_utf8_lossy(&run.stdout).contains(&line), "{run}");
    }
}
