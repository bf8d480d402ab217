//! The example guest `guests/rust/order-desk`, with its own manifest and its own orders, and the guest that is its pricing function, on
//! the built-in AWS; and on moto_server, which runs no functions: there the answers of the function are those that it gave on the fake.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::types::CreateBucketConfiguration;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use innkeeper::audit::AuditLog;
use innkeeper::aws::{ClientFactory, Endpoint, Environment, Identity, Scope, StaticKeys};
use innkeeper::policy::Source;
use innkeeper::{CallError, Guest, Host, Manifest};
use innkeeper_conformance::moto::Moto;
use innkeeper_fake::{Fault, FunctionError, MessageState};
use innkeeper_tests::{ORDER_DESK, SECRET, TestHost, engine};
use serde_json::{Value, json};

const ACCEPTED: [&str; 6] = ["A-1001", "A-1002", "A-1003", "A-1007", "A-1009", "A-1011"];

/// What the accepted orders cost, in cents.
const TOTAL: u64 = 120_636;

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/rust/order-desk")
}

/// The example's manifest, with something in place of something else, and with the components that these tests have built.
fn manifest(from: &str, to: &str) -> Manifest {
    let text = std::fs::read_to_string(example().join("innkeeper.toml")).unwrap();
    assert!(text.contains(from), "{from}");
    let folder = Dir::open_ambient_dir(Path::new(ORDER_DESK).parent().unwrap(), ambient_authority()).unwrap();
    Manifest::parse(Source::new("innkeeper.toml", text.replace(from, to)), folder).unwrap()
}

/// An AWS with what the example's folder holds, and the order desk.
async fn desk_with(from: &str, to: &str) -> (TestHost, Guest) {
    let test = TestHost::new();
    test.aws().seed(example().join("aws")).unwrap();
    let host = test.host_of(manifest(from, to));
    test.resolve_functions(&host).await.unwrap();
    let guest = host.guest("order-desk").await.unwrap();
    (test, guest)
}

async fn desk() -> (TestHost, Guest) {
    desk_with("", "").await
}

async fn run(guest: &Guest, input: &str) -> Value {
    serde_json::from_slice(&guest.run(input.as_bytes()).await.unwrap().output).unwrap()
}

/// How a run that ends with an error words it.
async fn fails(guest: &Guest) -> String {
    match guest.run(b"").await {
        Err(CallError::Reported(message)) => message,
        other => panic!("{other:?}"),
    }
}

/// A field of each entry of a list in the report, sorted.
fn all(report: &Value, list: &str, field: &str) -> Vec<String> {
    let text = |entry: &Value| entry[field].as_str().unwrap().to_owned();
    let mut all: Vec<_> = report[list].as_array().unwrap().iter().map(text).collect();
    all.sort();
    all
}

/// What has to be true of the report, wherever it was made.
fn check(report: &Value) {
    assert_eq!(report["received"], 13, "{report:#}");
    assert_eq!(all(report, "accepted", "id"), ACCEPTED);
    assert_eq!(report["total"], TOTAL);
    assert_eq!(report["later"], json!([{ "id": "A-1004", "sku": "coat" }]));
    assert_eq!(report["kept"], json!([]));
    let reasons = all(report, "rejected", "reason");
    assert_eq!(reasons.len(), 6, "{reasons:#?}");
    for reason in [
        "there is no `boat`",
        "it wants 0 of `tie`",
        "its `id` is not",
        "it has 0 lines",
        "unknown field `discount`",
        "it is no order: expected ident",
    ] {
        assert!(reasons.iter().any(|told| told.contains(reason)), "{reason}: {reasons:#?}");
    }
}

/// The bodies of a queue's messages, sorted.
fn bodies(test: &TestHost, queue: &str) -> Vec<String> {
    let mut bodies: Vec<_> =
        test.aws().sqs().messages(queue).into_iter().map(|message| message.body).collect();
    bodies.sort();
    bodies
}

/// The order book: its keys, each with what is written there.
fn book(test: &TestHost) -> BTreeMap<String, Value> {
    let s3 = test.aws().s3();
    let read = |key: String| {
        let entry = serde_json::from_slice(&s3.get("order-book", &key).unwrap().body).unwrap();
        (key, entry)
    };
    s3.keys("order-book").into_iter().map(read).collect()
}

#[tokio::test(start_paused = true)]
async fn handles_every_order_once_and_loses_none() {
    let (test, guest) = desk().await;
    check(&run(&guest, "").await);

    let book = book(&test);
    assert_eq!(book.len(), ACCEPTED.len());
    assert_eq!(
        book["orders/ada/A-1001.json"],
        json!({
            "id": "A-1001", "customer": "ada", "total": 8948,
            "lines": [{ "sku": "tie", "quantity": 2 }, { "sku": "shirt", "quantity": 1 }],
        })
    );
    let object = test.aws().s3().get("order-book", "orders/ada/A-1001.json").unwrap();
    assert_eq!(object.content_type(), "application/json");

    let rejected = test.aws().sqs().messages("rejected-orders");
    assert_eq!(rejected.len(), 6);
    for message in &rejected {
        assert_eq!(message.attributes.keys().collect::<Vec<_>>(), ["message-id", "reason"], "{message:?}");
    }
    assert!(rejected.iter().any(|message| message.body == "two ties, please"), "it is sent on as it came");

    let left = test.aws().sqs().messages("orders");
    assert_eq!((left.len(), left[0].state), (1, MessageState::InFlight), "what has no price is put off");
    assert!(left[0].body.contains("A-1004"));

    let invocations = test.aws().lambda().invocations_of("pricing");
    assert!(
        invocations.len() >= 2
            && invocations.iter().all(|invocation| invocation.outcome.as_ref().unwrap().returned().is_some())
    );
    assert!(test.audit().denials().is_empty());
    // Each did what its own policy allows.
    for (guest, service) in [("order-desk", "sqs"), ("order-desk", "lambda"), ("pricing", "s3")] {
        assert!(
            test.audit().calls().iter().any(|call| &*call.guest == guest && call.service == service),
            "{guest}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_that_was_put_off_is_accepted_when_it_has_a_price() {
    let (test, guest) = desk().await;
    run(&guest, "").await;
    assert_eq!(run(&guest, "").await["received"], 0, "it is not to be had yet");
    test.aws().s3().put("price-list", "prices.json", r#"{"coat": 12900}"#).unwrap();
    tokio::time::advance(Duration::from_secs(601)).await;
    let report = run(&guest, "").await;
    assert_eq!(
        report["accepted"],
        json!([{ "id": "A-1004", "total": 12900, "key": "orders/linus/A-1004.json" }])
    );
    assert!(bodies(&test, "orders").is_empty());
}

#[tokio::test(start_paused = true)]
async fn receives_no_more_than_it_is_told_to() {
    let (test, guest) = desk().await;
    let report = run(&guest, r#"{"most":3}"#).await;
    assert_eq!(report["received"], 3);
    let untouched = test
        .aws()
        .sqs()
        .messages("orders")
        .into_iter()
        .filter(|message| message.state == MessageState::Visible);
    assert_eq!(untouched.count(), 10);
    let error = guest.run(b"all").await.unwrap_err().to_string();
    assert!(error.contains("it should be like"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn orders_that_nobody_can_price_are_given_back() {
    let (test, guest) = desk().await;
    let broken = |_| async { Err::<&str, _>(FunctionError::new("Broken", "the till is shut")) };
    test.aws().lambda().function("pricing", broken).unwrap();
    let error = fails(&guest).await;
    assert!(error.contains("the till is shut") && error.contains("orders were given back"), "{error}");
    let orders = test.aws().sqs().messages("orders");
    assert!(
        orders.iter().all(|message| message.state == MessageState::Visible),
        "somebody else may have them"
    );
    assert_eq!(orders.len() + bodies(&test, "rejected-orders").len(), 13, "none is lost");
    assert!(book(&test).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_function_that_is_throttled_is_asked_again() {
    let (test, guest) = desk().await;
    test.aws().faults().push(Fault::error("TooManyRequestsException").on("Invoke").times(2));
    check(&run(&guest, "").await);
}

#[tokio::test(start_paused = true)]
async fn what_it_may_not_do_leaves_every_message_where_it_is() {
    let seeded = {
        let (test, _) = desk().await;
        bodies(&test, "orders")
    };
    // It may not write: good orders stay.
    let (test, guest) = desk_with("order-book/orders/*", "order-book/elsewhere/*").await;
    let report = run(&guest, "").await;
    assert_eq!(
        (report["accepted"].clone(), report["kept"].as_array().unwrap().len()),
        (json!([]), 6),
        "{report:#}"
    );
    assert!(report["kept"].to_string().contains("access denied"));
    assert!(book(&test).is_empty());
    assert_eq!(bodies(&test, "orders").len(), 7);

    // It may not send: bad orders stay.
    let (test, guest) = desk_with("\"sqs:GetQueueUrl\", \"sqs:SendMessage\"", "\"sqs:GetQueueUrl\"").await;
    let report = run(&guest, "").await;
    assert_eq!(
        (all(&report, "accepted", "id").len(), report["kept"].as_array().unwrap().len()),
        (6, 6),
        "{report:#}"
    );
    assert!(bodies(&test, "rejected-orders").is_empty());
    assert_eq!(bodies(&test, "orders").len(), 7);

    // It may not invoke, or not even receive: all stay.
    for (from, to) in [("function:pricing", "function:other"), ("\"sqs:ReceiveMessage\", ", "")] {
        let (test, guest) = desk_with(from, to).await;
        let error = fails(&guest).await;
        assert!(error.contains("access denied"), "{error}");
        assert_eq!(bodies(&test, "orders").len() + bodies(&test, "rejected-orders").len(), seeded.len());
        assert!(book(&test).is_empty());
    }
    // The function may not read its list: to whoever invokes it, a function error.
    let (_, guest) = desk_with("price-list/prices.json", "price-list/other.json").await;
    let error = fails(&guest).await;
    assert!(error.contains("cannot read the price list: access denied"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_comes_twice_is_the_same_twice() {
    let (test, guest) = desk().await;
    test.aws().faults().push(Fault::error("InvalidAddress").on("DeleteMessageBatch").always());
    let first = run(&guest, "").await;
    assert_eq!(first["kept"].as_array().unwrap().len(), 12, "they are done with, and still there: {first:#}");
    let written = book(&test);
    test.aws().faults().clear();
    tokio::time::advance(Duration::from_secs(121)).await;
    let second = run(&guest, "").await;
    assert_eq!((all(&second, "accepted", "id").len(), &second["kept"]), (ACCEPTED.len(), &json!([])));
    assert_eq!(book(&test), written);
    assert_eq!(bodies(&test, "orders").len(), 1);
}

#[tokio::test]
async fn does_the_same_on_moto_server() {
    let Some(moto) = Moto::start() else { return };
    let (test, on_fake) = desk().await;
    let expected = run(&on_fake, "").await;

    // moto runs no functions: it gives the answers that it is told, in their order, or the payload itself.
    let mut prices = BTreeMap::new();
    for invocation in test.aws().lambda().invocations_of("pricing") {
        let answer: Value = serde_json::from_slice(invocation.outcome.unwrap().returned().unwrap()).unwrap();
        for price in answer["prices"].as_array().unwrap() {
            prices.insert(price["id"].as_str().unwrap().to_owned(), price.clone());
        }
    }
    let seed: Value =
        serde_json::from_slice(&std::fs::read(example().join("aws/sqs/orders.json")).unwrap()).unwrap();
    let messages: Vec<_> =
        seed["messages"].as_array().unwrap().iter().map(|body| body.as_str().unwrap().to_owned()).collect();
    let answer = |batch: &[String]| {
        let id = |body: &String| serde_json::from_str::<Value>(body).ok()?["id"].as_str().map(str::to_owned);
        let of_batch: Vec<_> = batch.iter().filter_map(id).filter_map(|id| prices.get(&id)).collect();
        json!({ "prices": of_batch }).to_string()
    };
    let answers: Vec<_> = messages.chunks(10).map(answer).collect();
    moto.post("/moto-api/config", &json!({ "lambda": { "use_docker": false } }));
    moto.post(
        "/moto-api/static/lambda-simple/response",
        &json!({ "results": answers, "region": "eu-west-1" }),
    );

    let nothing: [(&str, &str); 0] = [];
    let factory = ClientFactory::builder().environment(Environment::fixed(nothing, nothing)).build().unwrap();
    let identity = Identity::Static(StaticKeys::new("AKIDEXAMPLE", SECRET));
    let endpoint = Endpoint::new(moto.url()).unwrap();
    let region = "eu-west-1".parse::<innkeeper::aws::Region>().unwrap();
    let scope = Scope::builder()
        .identity(identity.clone())
        .endpoint(endpoint.clone())
        .region(region)
        .build()
        .unwrap();

    // The same as on the fake, put there by the bare SDK.
    let (s3, sqs) = (factory.s3(&scope).await.unwrap(), factory.sqs(&scope).await.unwrap());
    let configuration = CreateBucketConfiguration::builder().location_constraint("eu-west-1".into()).build();
    s3.create_bucket().bucket("order-book").create_bucket_configuration(configuration).send().await.unwrap();
    let mut urls = Vec::new();
    for queue in ["orders", "rejected-orders"] {
        urls.push(sqs.create_queue().queue_name(queue).send().await.unwrap().queue_url.unwrap());
    }
    for body in &messages {
        sqs.send_message().queue_url(&urls[0]).message_body(body).send().await.unwrap();
    }

    let audit = Arc::new(AuditLog::new());
    let host = Host::builder(manifest("", ""))
        .engine(engine())
        .factory(factory)
        .identity(identity)
        .endpoint(endpoint)
        .audit(audit.clone())
        .build()
        .unwrap();
    let report = run(&host.guest("order-desk").await.unwrap(), "").await;
    check(&report);
    assert!(audit.denials().is_empty(), "{:?}", audit.denials());
    for list in ["accepted", "later"] {
        assert_eq!(report[list], expected[list], "moto and the fake agree");
    }
    assert_eq!(all(&report, "rejected", "reason"), all(&expected, "rejected", "reason"));

    let mut on_moto = BTreeMap::new();
    for object in s3.list_objects_v2().bucket("order-book").send().await.unwrap().contents() {
        let key = object.key().unwrap().to_owned();
        let body = s3.get_object().bucket("order-book").key(&key).send().await.unwrap().body;
        on_moto.insert(key, serde_json::from_slice(&body.collect().await.unwrap().into_bytes()).unwrap());
    }
    assert_eq!(on_moto, book(&test));

    let received =
        sqs.receive_message().queue_url(&urls[1]).max_number_of_messages(10).message_attribute_names("All");
    let received = received.send().await.unwrap();
    let mut rejected: Vec<_> =
        received.messages().iter().map(|message| message.body().unwrap().to_owned()).collect();
    rejected.sort();
    assert_eq!(rejected, bodies(&test, "rejected-orders"));
    for message in received.messages() {
        let reason = message.message_attributes().unwrap()["reason"].string_value().unwrap();
        assert!(all(&report, "rejected", "reason").contains(&reason.to_owned()), "{reason}");
    }
    let left = sqs.receive_message().queue_url(&urls[0]).send().await.unwrap();
    assert!(left.messages().is_empty(), "what has no price is put off");
}
