//! Functions as files.

use std::fs;

use aws_sdk_lambda::types::LogType;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use innkeeper_fake::{FakeAws, FunctionError, FunctionEvent, FunctionResponse, Handler, SeedError};
use pretty_assertions::assert_eq;
use serde_json::json;

use crate::aws::{client, invoke, payload};

fn seeded(name: &str, text: &str) -> (FakeAws, Result<innkeeper_fake::Seeded, SeedError>) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("lambda")).unwrap();
    fs::write(dir.path().join("lambda").join(name), text).unwrap();
    let fake = FakeAws::new();
    let seeded = fake.seed(dir.path());
    (fake, seeded)
}

#[tokio::test(start_paused = true)]
async fn answers_with_the_first_that_fits() {
    let (fake, seeded) = seeded(
        "price.json",
        r#"{
            "timeout": 1,
            "versions": 2,
            "aliases": { "live": "1" },
            "answers": [
                { "when": { "sku": "A1" }, "payload": { "total": 3 }, "log": ["priced A1"] },
                { "when": { "sku": "B2" }, "error": { "errorType": "NoPrice" }, "error-kind": "Handled" },
                { "when": { "sku": "slow" }, "delay-millis": 1001 },
                { "when": { "any": true }, "payload": 0 }
            ]
        }"#,
    );
    assert_eq!(seeded.unwrap().functions, 1);
    let client = client(&fake);
    let output =
        invoke(&client, "price", r#"{"sku":"A1","any":true}"#).log_type(LogType::Tail).send().await.unwrap();
    assert_eq!(payload(&output), json!({ "total": 3 }));
    let log = BASE64_STANDARD.decode(output.log_result().unwrap()).unwrap();
    assert!(String::from_utf8(log).unwrap().contains("priced A1"));
    let output = invoke(&client, "price", r#"{"sku":"B2"}"#).send().await.unwrap();
    assert_eq!(
        (output.function_error(), payload(&output)),
        (Some("Handled"), json!({ "errorType": "NoPrice" }))
    );
    let output = invoke(&client, "price", r#"{"sku":"slow"}"#).send().await.unwrap();
    assert_eq!(payload(&output)["errorType"], "Sandbox.Timedout");
    let output = invoke(&client, "price:live", r#"{"any":true}"#).send().await.unwrap();
    assert_eq!((output.executed_version(), payload(&output)), (Some("1"), json!(0)));
    let output = invoke(&client, "price", r#"{"sku":"Z"}"#).send().await.unwrap();
    assert_eq!(
        (output.function_error(), &payload(&output)["errorType"]),
        (Some("Unhandled"), &json!("NoAnswer"))
    );
}

#[test]
fn says_which_document_is_wrong_and_where() {
    for (name, document, reason) in [
        ("a b.json", "{}", "is not named `FUNCTION.json or FUNCTION@ACCOUNT.json`"),
        ("a.py", "", "is not named `FUNCTION.json or FUNCTION@ACCOUNT.json`"),
        ("a.json", "{}", "`answers` or a `guest`; this has neither"),
        ("a.json", r#"{ "answers": [], "guest": "g" }"#, "`answers` or a `guest`, not both"),
        ("a.json", r#"{ "guest": "" }"#, "`guest` is empty"),
        ("a.json", r#"{ "guest": "g", "aliases": { "live": "1" } }"#, "there is no version `1` of `a`"),
        ("a.json", "{\n  \"answers\": [{ \"paylod\": 1 }]\n}", "line 2 column"),
        ("a.json", r#"{ "answers": [{ "payload": 1, "error": {} }] }"#, "answer 1 has both"),
        ("a.json", r#"{ "answers": [], "aliases": { "live": "1" } }"#, "there is no version `1` of `a`"),
    ] {
        let error = seeded(name, document).1.unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        let text = format!("{error}: {source}");
        assert!(text.contains(reason) && text.contains(&format!("lambda/{name}")), "{text}");
    }
}

const GUEST: &str = r#"{ "guest": "pricing", "memory-size": 64, "versions": 1, "aliases": { "live": "1" } }"#;

#[tokio::test(start_paused = true)]
async fn a_guest_is_for_whoever_runs_guests_to_resolve() {
    let (fake, seeded) = seeded("price.json", GUEST);
    assert_eq!(seeded.unwrap().functions, 1);
    let client = client(&fake);
    let output = invoke(&client, "price", "{}").send().await.unwrap();
    assert_eq!(
        (output.function_error(), &payload(&output)["errorType"]),
        (Some("Unhandled"), &json!("NoCode"))
    );
    let message = payload(&output)["errorMessage"].to_string();
    assert!(message.contains("lambda/price.json` says") && message.contains("`pricing`"), "{message}");

    let function = fake.lambda().guest_functions().pop().unwrap();
    assert_eq!((function.name(), function.guest()), ("price", "pricing"));
    assert!(function.file().ends_with("lambda/price.json"));
    function.default_timeout(7).default_memory_size(512).resolve(Echo).unwrap();
    assert!(fake.lambda().guest_functions().is_empty());
    // So have the versions that are published.
    for qualifier in ["$LATEST", "1", "live"] {
        let output = invoke(&client, "price", "[1]").qualifier(qualifier).send().await.unwrap();
        assert_eq!((output.function_error(), payload(&output)), (None, json!([1])), "{qualifier}");
        let configuration = client
            .get_function_configuration()
            .function_name("price")
            .qualifier(qualifier)
            .send()
            .await
            .unwrap();
        assert_eq!(
            (configuration.timeout(), configuration.memory_size()),
            (Some(7), Some(64)),
            "the document comes first"
        );
    }
}

#[test]
fn what_takes_the_place_of_a_guest_needs_no_code_any_more() {
    let (fake, seeded) = seeded("price.json", GUEST);
    seeded.unwrap();
    fake.lambda().function("price", |_| async { Ok("") }).unwrap();
    assert!(fake.lambda().guest_functions().is_empty());
    for forget in [|fake: &FakeAws| assert!(fake.lambda().remove("price")), FakeAws::reset] {
        let (fake, seeded) = self::seeded("price.json", GUEST);
        seeded.unwrap();
        forget(&fake);
        assert!(fake.lambda().guest_functions().is_empty());
    }
}

struct Echo;

#[async_trait::async_trait]
impl Handler for Echo {
    async fn handle(&self, event: FunctionEvent) -> Result<FunctionResponse, FunctionError> {
        Ok(event.payload.into())
    }
}
