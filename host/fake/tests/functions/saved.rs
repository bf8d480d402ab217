//! Functions that clients have made, saved and seeded.

use std::fs;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Environment, FunctionCode, FunctionUrlAuthType, Runtime};
use innkeeper_fake::FakeAws;
use pretty_assertions::assert_eq;

use crate::aws::{client, invoke, payload};

/// An archive without a file.
const ARCHIVE: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// Everything that a client can see of a function.
async fn seen(client: &Client) -> Vec<String> {
    let name = "stock";
    let function = client.get_function().function_name(name).send().await.unwrap();
    let tags = function.tags().cloned().unwrap_or_default().into_iter();
    let versions = client.list_versions_by_function().function_name(name).send().await.unwrap();
    let aliases = client.list_aliases().function_name(name).send().await.unwrap();
    let policy = client.get_policy().function_name(name).send().await.unwrap();
    let events = client.get_function_event_invoke_config().function_name(name).send().await.unwrap();
    let url = client.get_function_url_config().function_name(name).send().await.unwrap();
    vec![
        format!("{:?} {:?}", function.configuration(), function.code()),
        format!("{:?} {:?}", tags.collect::<std::collections::BTreeMap<_, _>>(), function.concurrency()),
        format!("{:?}", versions.versions()),
        format!("{:?}", aliases.aliases()),
        format!("{:?} {:?}", policy.policy(), policy.revision_id()),
        format!("{:?} {:?}", events.maximum_retry_attempts(), events.last_modified()),
        format!("{:?} {:?}", url.function_url(), url.creation_time()),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_clients_have_made_of_a_function_is_there_again() {
    let fake = FakeAws::new();
    let made = client(&fake);
    let code = FunctionCode::builder().zip_file(Blob::new(ARCHIVE)).build();
    let create = made.create_function().function_name("stock").code(code).handler("main.handler");
    let create = create.runtime(Runtime::Python312).role("arn:aws:iam::000000000000:role/stock").timeout(7);
    let environment = Environment::builder().variables("STAGE", "test").build();
    create.environment(environment).tags("team", "sales").publish(true).send().await.unwrap();
    made.update_function_configuration().function_name("stock").memory_size(512).send().await.unwrap();
    made.publish_version().function_name("stock").send().await.unwrap();
    made.delete_function().function_name("stock").qualifier("1").send().await.unwrap();
    let alias = made.create_alias().function_name("stock").name("live").function_version("2");
    alias.description("what runs").send().await.unwrap();
    let permission =
        made.add_permission().function_name("stock").statement_id("s3").principal("s3.amazonaws.com");
    permission.action("lambda:InvokeFunction").send().await.unwrap();
    made.put_function_concurrency()
        .function_name("stock")
        .reserved_concurrent_executions(5)
        .send()
        .await
        .unwrap();
    let events = made.put_function_event_invoke_config().function_name("stock").maximum_retry_attempts(1);
    events.send().await.unwrap();
    let url = made.create_function_url_config().function_name("stock").auth_type(FunctionUrlAuthType::None);
    url.send().await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let saved = fake.save(folder.path()).unwrap();
    assert_eq!(saved.functions, [folder.path().join("lambda/stock.json")]);
    let again = FakeAws::new();
    assert_eq!(again.seed(folder.path()).unwrap().functions, 1);
    let seeded = client(&again);
    assert_eq!(seen(&seeded).await, seen(&made).await);
    // Version 1 is gone, and its number is not given again; version 2 has not changed since.
    let same = seeded.publish_version().function_name("stock").send().await.unwrap();
    assert_eq!(same.version(), Some("2"));
    let output = invoke(&seeded, "stock", "{}").send().await.unwrap();
    assert_eq!(payload(&output)["errorType"], "Fake.CodeNotRun");
}

#[tokio::test(start_paused = true)]
async fn answers_and_guests_are_saved_and_rust_is_not() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("lambda")).unwrap();
    fs::write(
        folder.path().join("lambda/price.json"),
        r#"{ "versions": 1, "answers": [{ "when": { "sku": "A1" }, "payload": 3 }, { "payload": null, "log": ["none"] }] }"#,
    )
    .unwrap();
    fs::write(folder.path().join("lambda/guest.json"), r#"{ "guest": "pricing", "timeout": 5 }"#).unwrap();
    let fake = FakeAws::new();
    fake.seed(folder.path()).unwrap();
    fake.lambda().function("rust", |event| async move { Ok(event.payload) }).unwrap();
    let made = client(&fake);
    made.tag_resource()
        .resource("arn:aws:lambda:eu-west-1:000000000000:function:price")
        .tags("a", "b")
        .send()
        .await
        .unwrap();
    made.update_function_configuration().function_name("guest").timeout(9).send().await.unwrap();
    fake.save(folder.path()).unwrap();

    let again = FakeAws::new();
    again.seed(folder.path()).unwrap();
    assert_eq!(again.lambda().functions(), ["guest", "price"]);
    let seeded = client(&again);
    for (version, function) in [("1", "price:1"), ("$LATEST", "price")] {
        let output = invoke(&seeded, function, r#"{"sku":"A1"}"#).send().await.unwrap();
        assert_eq!((output.executed_version(), payload(&output)), (Some(version), 3.into()));
    }
    let [guest] = &again.lambda().guest_functions()[..] else { panic!("one guest") };
    assert_eq!((guest.name(), guest.guest()), ("guest", "pricing"));
    let price = seeded.get_function().function_name("price").send().await.unwrap();
    assert_eq!(price.tags().unwrap()["a"], "b");
    // The guest's code does not undo what a client has set.
    guest.clone().default_timeout(30).resolve(Echo).unwrap();
    let guest = seeded.get_function_configuration().function_name("guest").send().await.unwrap();
    assert_eq!(guest.timeout(), Some(9));
}

struct Echo;

#[async_trait::async_trait]
impl innkeeper_fake::Handler for Echo {
    async fn handle(
        &self,
        event: innkeeper_fake::FunctionEvent,
    ) -> Result<innkeeper_fake::FunctionResponse, innkeeper_fake::FunctionError> {
        Ok(event.payload.into())
    }
}

#[test]
fn what_no_function_can_have_had_is_refused() {
    let refused = |kept: &str| {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("lambda")).unwrap();
        let version = r#"{ "configuration": { "description": "", "timeout": 3, "memory-size": 128, "environment": {},
                           "shown": {}, "code": null }, "modified": "2026-01-01T00:00:00Z", "revision-id": "r" }"#;
        let kept = kept.replace("VERSION", version);
        let text = format!(r#"{{ "uploaded": true, "kept": {{ "latest": {version}, {kept} }} }}"#);
        fs::write(folder.path().join("lambda/f.json"), text).unwrap();
        let error = FakeAws::new().seed(folder.path()).unwrap_err();
        std::error::Error::source(&error).unwrap().to_string()
    };
    assert!(refused(r#""last": 1, "versions": { "2": VERSION }"#).contains("version 2"));
    let alias = r#""aliases": { "live": { "version": "1", "description": "", "revision-id": "r", "routing": null } }"#;
    assert!(refused(alias).contains("`live`"));
}
