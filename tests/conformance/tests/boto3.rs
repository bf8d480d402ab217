//! boto3 as a client of the listening fake: the scripts of `python/boto3_*.py`, which check what they get themselves.

// Where clippy looks for what may unwrap.
#![cfg(test)]

use std::path::Path;
use std::process::Stdio;

use innkeeper_conformance::python::PythonEnvironment;
use innkeeper_fake::{Clock, FakeAws, FunctionError, FunctionResponse, Server};
use serde_json::{Value, json};

/// The release that the scripts know, with what it needs to verify checksums of its own.
const BOTO3: &str = "boto3==1.44.5";

/// Runs a script against a fake, and ends the test with what it says if it fails.
async fn run(fake: &FakeAws, script: &str) {
    run_with(fake, script, &[]).await;
}

async fn run_with(fake: &FakeAws, script: &str, arguments: &[&str]) {
    let Some(environment) = PythonEnvironment::install("boto3-1.44.5", &[BOTO3]) else { return };
    let server = Server::bind(fake, "127.0.0.1:0").await.unwrap();
    let url = server.url();
    let serving = tokio::spawn(server.run(std::future::pending()));
    let output = tokio::process::Command::new(environment.program("python"))
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(script))
        .arg(&url)
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    serving.abort();
    let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat();
    assert!(output.status.success(), "{script}: {said}");
}

fn fake() -> FakeAws {
    FakeAws::builder().clock(Clock::real()).build()
}

#[tokio::test]
async fn the_whole_life_of_a_message() {
    run_with(&fake(), "boto3_sqs.py", &["json"]).await;
}

#[tokio::test]
async fn the_whole_life_of_a_message_in_the_older_protocol() {
    run_with(&fake(), "boto3_sqs.py", &["query"]).await;
}

#[tokio::test]
async fn the_whole_life_of_an_invocation() {
    let fake = fake();
    let lambda = fake.lambda();
    let price = lambda.function("price", |event| async move {
        let order: Value = event.json()?;
        event.log.line(format_args!("pricing {order}"));
        let count = order["count"].as_i64().ok_or_else(|| FunctionError::new("ValueError", "no count"))?;
        Ok(json!({ "total": count * 3, "stage": event.client_context.map(|context| context["custom"].clone()) }))
    });
    let version = price.unwrap().publish();
    lambda.function("pieces", |_| async { Ok(FunctionResponse::chunks(["one ", "two ", "three"])) }).unwrap();
    lambda.function("busy", |_| async { Ok(json!(null)) }).unwrap().reserved_concurrency(0);
    lambda.function("received", |_| async { Ok(json!(null)) }).unwrap();
    assert_eq!(version, "1");
    run(&fake, "boto3_lambda.py").await;
    fake.lambda().idle().await;
    let [received] = &fake.lambda().invocations_of("received")[..] else { panic!("one letter") };
    let event: Value = serde_json::from_slice(&received.payload).unwrap();
    assert_eq!(event["Records"][0]["body"], "a letter");
    assert!(fake.sqs().messages("inbox").is_empty());
    let events = fake.lambda().invocations_of("price");
    assert!(
        events
            .iter()
            .any(|event| event.invocation_type == innkeeper_fake::InvocationType::Event && event.done)
    );
}

#[tokio::test]
async fn buckets_and_objects() {
    run(&fake(), "boto3_s3.py").await;
}

#[tokio::test]
async fn roles() {
    run(&fake(), "boto3_sts.py").await;
}

#[tokio::test]
async fn accounts_and_their_policies() {
    let fake = FakeAws::builder().clock(Clock::real()).region("eu-west-1");
    let fake = fake.identity("AKIDONE", "one-secret").identity("AKIDTWO", "two-secret").build();
    fake.lambda().function("price", |event| async move { Ok(event.payload) }).unwrap();
    run(&fake, "boto3_accounts.py").await;
}
