use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Project, Run};

const MANIFEST: &str = r#"
[guest.thumbnailer]
component = "thumbnailer.wasm"

[[guest.thumbnailer.allow]]
actions = ["s3:GetObject", "s3:PutObject"]
resources = ["arn:aws:s3:::uploads/*"]

[[guest.thumbnailer.allow]]
actions = ["s3:ListBucket"]
resources = ["arn:aws:s3:::uploads"]
condition.StringLike."s3:prefix" = "incoming/*"
condition.StringEquals."innkeeper:Trigger" = "run"

[[guest.thumbnailer.deny]]
actions = ["s3:*"]
resources = ["arn:aws:s3:::uploads/private/*"]

[guest.reader]
component = "reader.wasm"
policy = "reader.policy.json"
"#;

const READER: &str = r#"{
  "Version": "2012-10-17",
  "Statement": {
    "Effect": "Allow",
    "Action": "s3:Get*",
    "Resource": "*"
  }
}"#;

const OBJECT: &str = "arn:aws:s3:::uploads/a.jpg";
const PRIVATE: &str = "arn:aws:s3:::uploads/private/a.jpg";

fn project() -> Project {
    Project::new(MANIFEST).with("reader.policy.json", READER)
}

fn explain(arguments: &[&str]) -> Run {
    project().innkeeper(&[&["policy", "explain"], arguments].concat())
}

/// What a batch of these lines is answered with.
fn batch(lines: &str, code: i32) -> Vec<Value> {
    let project = project();
    let mut child = project.command(&["policy", "explain", "--batch"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines = lines.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
    let run = Run::from(child.wait_with_output().unwrap()).exits(code);
    writer.join().unwrap();
    String::from_utf8(run.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn an_allowed_request_is_explained_by_its_rule() {
    explain(&["thumbnailer", "s3:GetObject", OBJECT]).exits(0).prints(
        "allow s3:GetObject on arn:aws:s3:::uploads/a.jpg for `thumbnailer`: allow at innkeeper.toml:7:14\n  \
         allow at innkeeper.toml:7:14: `s3:GetObject` on `arn:aws:s3:::uploads/*`\n",
    );
}

#[test]
fn a_denied_request_is_explained_by_every_rule() {
    explain(&["thumbnailer", "s3:GetObject", PRIVATE]).exits(12).prints(
        "deny s3:GetObject on arn:aws:s3:::uploads/private/a.jpg for `thumbnailer`: denied by \
         `arn:aws:s3:::uploads/private/*` at innkeeper.toml:17:14\n  \
         deny  at innkeeper.toml:17:14: `s3:*` on `arn:aws:s3:::uploads/private/*`\n  \
         allow at innkeeper.toml:7:14: `s3:GetObject` on `arn:aws:s3:::uploads/*`\n\
         help: remove or narrow the deny of `arn:aws:s3:::uploads/private/*` at innkeeper.toml:17:14\n",
    );
}

#[test]
fn a_condition_holds_for_the_context_that_is_given() {
    let listing = ["thumbnailer", "s3:ListBucket", "arn:aws:s3:::uploads"];
    let run = explain(&listing).exits(12);
    assert!(
        String::from_utf8_lossy(&run.stdout)
            .contains("but not here: `StringEquals` of `innkeeper:Trigger` at innkeeper.toml:13:"),
        "{run}"
    );
    let context = ["--context", "s3:prefix=incoming/a", "--context", "innkeeper:Trigger=run"];
    explain(&[&listing[..], &context].concat()).exits(0);
    let context = ["--context", "s3:prefix=private/", "--context", "innkeeper:Trigger=run"];
    explain(&[&listing[..], &context].concat()).exits(12);
}

#[test]
fn a_policy_document_decides_with_its_own_lines() {
    explain(&["reader", "s3:GetObjectTagging", OBJECT, "--json"]).exits(0);
    let answer = explain(&["reader", "s3:GetObject", OBJECT, "--json"]).exits(0).json();
    assert_eq!(
        answer,
        json!({
            "decision": "allow", "rule": "reader.policy.json:6:17", "reason": "allow at reader.policy.json:6:17",
            "rules": [{
                "effect": "allow", "location": "reader.policy.json:6:17", "action": "s3:Get*", "resource": "*", "unmet": null
            }],
        })
    );
}

#[test]
fn what_makes_no_sense_is_a_wrong_usage() {
    explain(&["thumbnailer", "s3:GetObjekt", OBJECT])
        .exits(2)
        .says(&["did you mean `s3:GetObject`?"])
        .prints("");
    explain(&["thumbnailer", "s3:GetObject", "uploads"]).exits(2).says(&["`uploads` is no resource"]);
    explain(&["thumbnailer", "s3:GetObject", "arn:aws:ec2:::x"]).exits(2).says(&["no guest can be given"]);
    explain(&["thumbnailer", "s3:GetObject", OBJECT, "--context", "s3:prefx=a"])
        .exits(2)
        .says(&["s3:prefix"]);
    let twice = ["--context", "s3:prefix=a", "--context", "S3:PREFIX=b"];
    let arguments = [&["thumbnailer", "s3:ListBucket", "arn:aws:s3:::uploads"][..], &twice].concat();
    explain(&arguments).exits(2).says(&["has two values"]);
    explain(&["thumbnailer", "s3:GetObject"]).exits(2);
    explain(&["thumbnail", "s3:GetObject", OBJECT]).exits(3).says(&["did you mean `thumbnailer`?"]);
}

#[test]
fn a_batch_is_answered_line_by_line_and_in_order() {
    let mut lines = String::new();
    for number in 0..5_000 {
        let folder = if number % 2 == 0 { "private/" } else { "" };
        let resource = format!("arn:aws:s3:::uploads/{folder}{number}");
        let request = json!({"guest": "thumbnailer", "action": "s3:PutObject", "resource": resource});
        lines.push_str(&format!("{request}\n"));
    }
    let answers = batch(&lines, 0);
    assert_eq!(answers.len(), 5_000);
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer["decision"], if number % 2 == 0 { "deny" } else { "allow" }, "{number}");
    }
}

#[test]
fn a_line_that_makes_no_sense_is_answered_too() {
    let listing = |context: Value| json!({"guest": "thumbnailer", "action": "s3:ListBucket", "resource": "arn:aws:s3:::uploads", "context": context});
    let lines = [
        "{".to_owned(),
        listing(json!({"s3:prefix": "incoming/", "s3:max-keys": 10, "innkeeper:Trigger": "run"})).to_string(),
        listing(json!({"s3:prefix": ["incoming/"], "innkeeper:Trigger": ["run"], "s3:delimiter": []}))
            .to_string(),
        listing(json!({"s3:prefix": ["incoming/", "private/"]})).to_string(),
        listing(json!({"s3:prefix": "incoming/", "S3:Prefix": "private/"})).to_string(),
        listing(json!({"s3:prefix": {"a": 1}})).to_string(),
        json!({"guest": "nobody", "action": "s3:GetObject", "resource": OBJECT}).to_string(),
        format!("{{\"guest\": \"{}\"}}", "x".repeat(2 << 20)),
        json!(["reader", "s3:GetObject", OBJECT, {}]).to_string(),
        // Without a line break at its end.
        json!({"guest": "reader", "action": "s3:GetObject", "resource": OBJECT}).to_string(),
    ];
    let answers = batch(&lines.join("\n"), 2);
    let decisions: Vec<_> = answers.iter().map(|answer| answer["decision"].as_str()).collect();
    assert_eq!(
        decisions,
        [None, Some("allow"), Some("allow"), None, None, None, None, None, None, Some("allow")]
    );
    assert_eq!(answers[8]["error"], "a request is a JSON object, and not a list");
    assert_eq!(answers[3]["error"], "`s3:prefix` has two values, and a request has one at most");
    assert!(answers[4]["error"].as_str().unwrap().ends_with("has two values, and a request has one at most"));
    assert_eq!((&answers[0]["line"], &answers[7]["line"]), (&json!(1), &json!(8)));
    assert_eq!(answers[5]["error"], "the value of `s3:prefix` is no string, number or boolean");
    assert_eq!(answers[6]["error"], "`innkeeper.toml` has no guest `nobody`");
    assert_eq!(answers[7]["error"], "the line has more than 1048576 bytes");
}

#[test]
fn what_no_operation_needs_is_denied_with_a_note() {
    let line = |action: &str, resource: &str| {
        json!({"guest": "reader", "action": action, "resource": resource}).to_string() + "\n"
    };
    let not_provided = [
        line("s3:PutBucketPolicy", "arn:aws:s3:::uploads"),
        line("ec2:RunInstances", "arn:aws:ec2:eu-west-1:123456789012:instance/*"),
        line("dynamodb:ListTables", "*"),
        line("s3:GetObject", "arn:aws:ec2:eu-west-1:123456789012:instance/i-1"),
        line("s3:GetObjekt", OBJECT),
    ];
    let answers = batch(&not_provided.concat(), 0);
    for (answer, note) in answers.iter().zip([
        "unknown action `s3:PutBucketPolicy`: no operation of this host needs it",
        "unknown action `ec2:RunInstances`: no operation of this host needs it",
        "unknown action `dynamodb:ListTables`: no operation of this host needs it",
        "no guest can be given the service `ec2`",
        "unknown action `s3:GetObjekt`: no operation of this host needs it; did you mean `s3:GetObject`?",
    ]) {
        let note_of = answer["note"].as_str().unwrap();
        assert!(note_of.starts_with(note), "{note_of}");
        assert_eq!(
            answer,
            &json!({"decision": "deny", "rule": null, "reason": "not granted", "note": note_of, "rules": []})
        );
    }
    assert_eq!(answers.len(), 5);

    let malformed = [
        "\n".to_owned(),
        line("s3:GetObject", OBJECT),
        line("GetObject", OBJECT),
        line("s3:Get*", OBJECT),
        line("ec2:RunInstances", "instance/*"),
        json!({"guest": "reader", "action": "s3:GetObject"}).to_string() + "\n",
        json!({"guest": "nobody", "action": "ec2:RunInstances", "resource": "*"}).to_string(),
    ];
    let answers = batch(&malformed.concat(), 2);
    let lines: Vec<_> = answers.iter().map(|answer| answer["line"].as_u64()).collect();
    assert_eq!(lines, [None, Some(3), Some(4), Some(5), Some(6), Some(7)]);
    assert_eq!(answers[0]["decision"], "allow");
    assert!(answers[1]["error"].as_str().unwrap().contains("an action is `SERVICE:NAME`"), "{}", answers[1]);
}

#[test]
fn the_tags_of_objects_can_be_asked_about() {
    let manifest = r#"
[guest.g]
component = "g.wasm"

[[guest.g.allow]]
actions = ["s3:GetObject"]
resources = ["arn:aws:s3:::uploads/*"]
condition.StringEquals."s3:ExistingObjectTag/class" = "public"

[[guest.g.allow]]
actions = ["s3:PutObject"]
resources = ["arn:aws:s3:::uploads/*"]
condition."ForAllValues:StringEquals"."s3:RequestObjectTagKeys" = ["class", "team"]
condition.StringEquals."s3:RequestObjectTag/class" = "public"

[[guest.g.expect]]
allow = "s3:GetObject"
on = "arn:aws:s3:::uploads/a"
context = { "s3:ExistingObjectTag/class" = "public" }

[[guest.g.expect]]
deny = "s3:GetObject"
on = "arn:aws:s3:::uploads/a"
"#;
    let ask = |action: &str, context: &[&str]| {
        let context = context.iter().flat_map(|value| ["--context", value]);
        let arguments: Vec<&str> =
            ["policy", "explain", "g", action, OBJECT].into_iter().chain(context).collect();
        Project::new(manifest).innkeeper(&arguments)
    };
    ask("s3:GetObject", &["s3:ExistingObjectTag/class=public"]).exits(0);
    ask("s3:GetObject", &["s3:ExistingObjectTag/class=secret"]).exits(12);
    ask("s3:GetObject", &[]).exits(12);
    ask("s3:PutObject", &["s3:RequestObjectTag/class=public"]).exits(0);
    ask("s3:PutObject", &["s3:RequestObjectTag/class=public", "s3:RequestObjectTagKeys=team"]).exits(0);
    ask("s3:PutObject", &["s3:RequestObjectTag/class=public", "s3:RequestObjectTagKeys=other"]).exits(12);
    ask("s3:GetObject", &["s3:ExistingObjectTag=a"]).exits(2).says(&["unknown condition key"]);

    let role = Project::new(manifest).innkeeper(&["policy", "iam", "g"]).exits(0);
    let role = role.says(&["warning: a condition is about the tags that an object has"]).json();
    let look_up =
        json!({"Effect": "Allow", "Action": "s3:GetObjectTagging", "Resource": "arn:aws:s3:::uploads/*"});
    assert!(role["Statement"].as_array().unwrap().contains(&look_up), "{role}");
}

#[test]
fn who_lists_the_guests_that_may_and_those_that_might() {
    let who = |arguments: &[&str]| project().innkeeper(&[&["policy", "who"], arguments].concat()).exits(0);
    who(&["s3:GetObject", OBJECT])
        .prints("reader       allow at reader.policy.json:6:17\nthumbnailer  allow at innkeeper.toml:7:14\n");
    who(&["s3:GetObject", PRIVATE]).prints("reader  allow at reader.policy.json:6:17\n");
    who(&["s3:DeleteObject", OBJECT]).prints("");
    let might = who(&["s3:ListBucket", "arn:aws:s3:::uploads", "--json"]).json();
    assert_eq!(might[0]["guest"], json!("thumbnailer"));
    assert_eq!(might[0]["decision"], json!("deny"));
    assert_eq!(might[0]["unmet"].as_array().unwrap().len(), 1);
}

#[test]
fn the_policy_of_a_role_is_as_small_as_can_be() {
    let run = project().innkeeper(&["policy", "iam", "thumbnailer", "--session"]).exits(0);
    let run =
        run.says(&["warning: AWS does not check `innkeeper:Trigger`: what is allowed at innkeeper.toml:13:"]);
    let document = run.json();
    let statements = document["Statement"].as_array().unwrap();
    assert_eq!(
        statements[..2],
        [
            json!({"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::uploads/*"}),
            json!({
                "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::uploads",
                "Condition": {"StringLike": {"s3:prefix": "incoming/*"}},
            }),
        ]
    );
    assert_eq!(statements[2]["Effect"], json!("Deny"));
    assert_eq!(statements[2]["Resource"], json!("arn:aws:s3:::uploads/private/*"));
    assert_eq!(statements.len(), 3);
}

#[test]
fn a_session_policy_that_is_too_long_says_by_how_much() {
    let resources: Vec<String> = (0..100).map(|n| format!("\"arn:aws:s3:::uploads/{n:03}/*\"")).collect();
    let manifest = format!(
        "[guest.g]\ncomponent = \"g.wasm\"\n[[guest.g.allow]]\nactions = [\"s3:GetObject\"]\nresources = [{}]\n",
        resources.join(", ")
    );
    let project = Project::new(&manifest);
    let role = project.innkeeper(&["policy", "iam", "g"]).exits(0).json();
    let over = serde_json::to_string(&role).unwrap().chars().count() - 2_048;
    project
        .innkeeper(&["policy", "iam", "g", "--session"])
        .exits(3)
        .says(&[&format!("{over} more than the 2048 that a session policy may have")])
        .prints("");
}

#[test]
fn a_guest_that_may_do_nothing_needs_no_policy() {
    let project = Project::new("[guest.g]\ncomponent = \"g.wasm\"\n");
    project.innkeeper(&["policy", "iam", "g"]).exits(3).says(&["guest `g` may do nothing"]);
}

#[test]
fn errors_when_a_policy_document_is_wrong_at_its_own_line() {
    let wrong = |document: &str| {
        project().with("reader.policy.json", document).innkeeper(&["policy", "who", "s3:GetObject", OBJECT])
    };
    wrong(&READER.replace("s3:Get*", "s3:Got*"))
        .exits(3)
        .says(&["`s3:Got*` could never match: there is no such action", "reader.policy.json:5:15"]);
    wrong("{").exits(3).says(&["reader.policy.json:1:"]);
    let manifest = |line: &str| {
        Project::new(&format!("[guest.g]\ncomponent = \"g.wasm\"\npolicy = \"{line}\"\n"))
            .innkeeper(&["policy", "iam", "g"])
            .exits(3)
    };
    manifest("../p.json").says(&["the policy document cannot be read", "innkeeper.toml:3:10"]);
    manifest("none.json").says(&["the policy document cannot be read", "innkeeper.toml:3:10"]);
    let both = MANIFEST.to_owned() + "[[guest.reader.allow]]\nactions = [\"s3:*\"]\nresources = [\"*\"]\n";
    project()
        .with("innkeeper.toml", both)
        .innkeeper(&["policy", "iam", "reader"])
        .exits(3)
        .says(&["the guest has a `policy`"]);
}

const LISTER: &str = r#"
[aws]
region = "eu-west-1"

[guest.lister]
component = "lister.wasm"

[guest.queues]
component = "queues.wasm"

[[guest.queues.allow]]
actions = ["sqs:ListQueues"]
resources = ["arn:aws:sqs:eu-west-1:*:*"]

[guest.all]
component = "all.wasm"

[[guest.all.allow]]
actions = ["s3:ListAllMyBuckets", "sqs:ListQueues", "lambda:ListFunctions"]
resources = ["*"]
"#;

#[test]
fn what_is_about_all_resources_is_asked_about_as_in_iam() {
    let project = Project::new(LISTER);
    let explain = |guest: &str, action: &str| project.innkeeper(&["policy", "explain", guest, action, "*"]);
    for action in ["s3:ListAllMyBuckets", "sqs:ListQueues", "lambda:ListFunctions"] {
        explain("lister", action).exits(12).prints(&format!(
            "deny {action} on * for `lister`: not granted\nhelp: add this to the manifest:\n      \
             [[guest.lister.allow]]\n      actions = [\"{action}\"]\n      resources = [\"*\"]\n"
        ));
        let granted =
            format!("{LISTER}[[guest.lister.allow]]\nactions = [\"{action}\"]\nresources = [\"*\"]\n");
        let project = Project::new(&granted);
        project.innkeeper(&["policy", "explain", "lister", action, "*"]).exits(0);
        let who = project.innkeeper(&["policy", "who", action, "*", "--json"]).exits(0).json();
        let guests: Vec<_> = who.as_array().unwrap().iter().map(|guest| guest["guest"].clone()).collect();
        let queues = (action == "sqs:ListQueues").then(|| json!("queues"));
        assert_eq!(guests, [json!("all"), json!("lister")].into_iter().chain(queues).collect::<Vec<_>>());
    }
    explain("queues", "sqs:ListQueues").exits(0);
    // Of another region nothing is granted.
    let elsewhere = Project::new(&LISTER.replacen("eu-west-1", "eu-west-2", 1));
    elsewhere.innkeeper(&["policy", "explain", "queues", "sqs:ListQueues", "*"]).exits(12);
    // A star is no queue.
    explain("queues", "sqs:SendMessage").exits(2).says(&["`*` is no resource"]);
}

#[test]
fn nothing_is_suggested_that_would_be_refused() {
    let said = "help: nothing that is added could allow it: `s3:PutObject` is about an object, `arn:aws:s3:::BUCKET/KEY`\n";
    let run = explain(&["thumbnailer", "s3:PutObject", "arn:aws:s3:::order-book"]).exits(12);
    assert!(String::from_utf8_lossy(&run.stdout).ends_with(said), "{run}");
}

#[test]
fn a_batch_takes_a_star_as_well() {
    let lines = ["s3:ListAllMyBuckets", "sqs:ListQueues", "lambda:ListFunctions"]
        .map(|action| json!({"guest": "thumbnailer", "action": action, "resource": "*"}).to_string());
    for answer in batch(&lines.join("\n"), 0) {
        assert_eq!(answer["decision"], "deny");
        assert!(answer["suggestion"].as_str().unwrap().ends_with("resources = [\"*\"]"), "{answer}");
    }
}
