//! What a bucket tells queues and functions.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketVersioningStatus, CompletedMultipartUpload, CompletedPart, Delete, Event, FilterRule,
    FilterRuleName, LambdaFunctionConfiguration, NotificationConfiguration, NotificationConfigurationFilter,
    ObjectCannedAcl, ObjectIdentifier, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
    QueueConfiguration, RestoreRequest, S3KeyFilter, Tag, Tagging, VersioningConfiguration,
};
use innkeeper_fake::{FakeAws, InvocationType, NewObject};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::aws::{bucket, coded, error, send, text};
use crate::forms::send_form;

const QUEUE: &str = "arn:aws:sqs:eu-west-1:000000000000:events";

/// Lets S3 send to the queue for the bucket `bucket`.
fn policy() -> String {
    json!({ "Statement": {
        "Effect": "Allow",
        "Principal": { "Service": "s3.amazonaws.com" },
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
        "Condition": {
            "ArnEquals": { "aws:SourceArn": "arn:aws:s3:::bucket" },
            "StringEquals": { "aws:SourceAccount": "000000000000" },
        },
    }})
    .to_string()
}

fn queue(fake: &FakeAws, policy: &str) {
    fake.sqs().create_queue_with("events", [("Policy", policy)]).unwrap();
}

fn configuration(arn: &str, events: &[&str], filter: &[(&str, &str)]) -> QueueConfiguration {
    let rules = filter
        .iter()
        .map(|(name, value)| FilterRule::builder().name(FilterRuleName::from(*name)).value(*value).build());
    let key = S3KeyFilter::builder().set_filter_rules(Some(rules.collect())).build();
    let filter = (!filter.is_empty()).then(|| NotificationConfigurationFilter::builder().key(key).build());
    QueueConfiguration::builder()
        .id("of-tests")
        .queue_arn(arn)
        .set_events(Some(events.iter().map(|event| Event::from(*event)).collect()))
        .set_filter(filter)
        .build()
        .unwrap()
}

/// What is set of the bucket.
macro_rules! notify {
    ($client:expr, $configuration:expr) => {
        $client
            .put_bucket_notification_configuration()
            .bucket("bucket")
            .notification_configuration($configuration)
    };
}

fn to_queues(queues: impl IntoIterator<Item = QueueConfiguration>) -> NotificationConfiguration {
    NotificationConfiguration::builder().set_queue_configurations(Some(queues.into_iter().collect())).build()
}

/// The messages since the last time, without the test event.
fn told(fake: &FakeAws) -> Vec<Value> {
    let messages = fake.sqs().messages("events");
    fake.sqs().purge("events");
    messages
        .iter()
        .map(|message| serde_json::from_str::<Value>(&message.body).unwrap())
        .filter(|event| event.get("Event").is_none_or(|event| event != "s3:TestEvent"))
        .map(|event| {
            assert_eq!(event.pointer("/Records/1"), None);
            event.pointer("/Records/0").unwrap().clone()
        })
        .collect()
}

/// The names of events and the keys that they are of.
fn names(fake: &FakeAws) -> Vec<(String, String)> {
    let text = |event: &Value, what: &str| event.pointer(what).and_then(Value::as_str).unwrap().to_owned();
    told(fake).iter().map(|event| (text(event, "/eventName"), text(event, "/s3/object/key"))).collect()
}

fn pair(name: &str, key: &str) -> (String, String) {
    (name.to_owned(), key.to_owned())
}

async fn put(client: &Client, key: &str) {
    let put = client.put_object().bucket("bucket").key(key).body(ByteStream::from_static(b"hello"));
    put.send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_queue_is_told_of_an_object_that_is_put() {
    let (fake, client) = bucket();
    queue(&fake, &policy());
    let to = configuration(QUEUE, &["s3:ObjectCreated:*"], &[]);
    notify!(client, to_queues([to])).send().await.unwrap();
    let test: Value = serde_json::from_str(&fake.sqs().messages("events")[0].body).unwrap();
    assert_eq!((&test["Service"], &test["Event"]), (&json!("Amazon S3"), &json!("s3:TestEvent")));
    assert_eq!((&test["Bucket"], &test["Time"]), (&json!("bucket"), &json!("2026-01-01T00:00:00.000Z")));
    fake.sqs().purge("events");

    put(&client, "a b/ü@.txt").await;
    let mut event = told(&fake).remove(0);
    let call = fake.calls().pop().unwrap();
    for name in ["sequencer", "eTag"] {
        assert!(event["s3"]["object"][name].take().is_string(), "{name}");
    }
    assert!(event["responseElements"]["x-amz-id-2"].take().is_string());
    let request_id = event["responseElements"]["x-amz-request-id"].take();
    assert_eq!(request_id.as_str().map(str::len), Some(16), "{call:?}");
    let expected = json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": "2026-01-01T00:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": { "principalId": "AWS:AIDAFAKEFAKEFAKEFAKE2" },
        "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "responseElements": { "x-amz-request-id": null, "x-amz-id-2": null },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "of-tests",
            "bucket": {
                "name": "bucket",
                "ownerIdentity": { "principalId": event["s3"]["bucket"]["ownerIdentity"]["principalId"] },
                "arn": "arn:aws:s3:::bucket",
            },
            "object": { "key": "a+b/%C3%BC%40.txt", "size": 5, "eTag": null, "sequencer": null },
        },
    });
    assert_eq!(event, expected);
    // What a test puts past the wire is told to nobody, and neither is what fails.
    fake.s3().put("bucket", "key", "x").unwrap();
    let failed = client.put_object().bucket("bucket").key("key").if_none_match("*").send().await;
    assert_eq!(error(failed), coded(412, "PreconditionFailed"));
    assert!(told(&fake).is_empty());
}

#[tokio::test(start_paused = true)]
async fn tells_what_is_made_in_any_way() {
    let (fake, client) = bucket();
    queue(&fake, &policy());
    let to = configuration(QUEUE, &["s3:ObjectCreated:*"], &[]);
    notify!(client, to_queues([to])).send().await.unwrap();
    put(&client, "a").await;
    client.copy_object().bucket("bucket").key("b").copy_source("bucket/a").send().await.unwrap();
    let upload = client.create_multipart_upload().bucket("bucket").key("c").send().await.unwrap();
    let id = upload.upload_id().unwrap();
    let part = client.upload_part().bucket("bucket").key("c").upload_id(id).part_number(1);
    let part = part.body(ByteStream::from_static(b"x")).send().await.unwrap();
    let part = CompletedPart::builder().part_number(1).set_e_tag(part.e_tag).build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    let complete = client.complete_multipart_upload().bucket("bucket").key("c").upload_id(id);
    complete.multipart_upload(parts).send().await.unwrap();
    let everybody = json!({ "Statement": {
        "Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*",
    }});
    client.delete_public_access_block().bucket("bucket").send().await.unwrap();
    client.put_bucket_policy().bucket("bucket").policy(everybody.to_string()).send().await.unwrap();
    assert_eq!(send_form(&fake, &[("key", "d")], "x").await.status().as_u16(), 204);
    let made = names(&fake);
    assert_eq!(
        made,
        [
            pair("ObjectCreated:Put", "a"),
            pair("ObjectCreated:Copy", "b"),
            pair("ObjectCreated:CompleteMultipartUpload", "c"),
            pair("ObjectCreated:Post", "d"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn tells_what_is_removed_and_changed() {
    let (fake, client) = bucket();
    queue(&fake, &policy());
    let events = ["s3:ObjectRemoved:*", "s3:ObjectTagging:Put"];
    notify!(client, to_queues([configuration(QUEUE, &events, &[])])).send().await.unwrap();
    for key in ["a", "b"] {
        put(&client, key).await;
    }
    let tags = Tagging::builder().tag_set(Tag::builder().key("k").value("v").build().unwrap());
    let tag = client.put_object_tagging().bucket("bucket").key("a").tagging(tags.build().unwrap());
    tag.send().await.unwrap();
    // Nobody has asked for this one.
    client.delete_object_tagging().bucket("bucket").key("a").send().await.unwrap();
    client.delete_object().bucket("bucket").key("a").send().await.unwrap();
    // What was not there has not gone.
    client.delete_object().bucket("bucket").key("a").send().await.unwrap();
    let keys = ["b", "missing"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(keys.into())).build().unwrap();
    client.delete_objects().bucket("bucket").delete(delete).send().await.unwrap();
    assert_eq!(
        names(&fake),
        [
            pair("ObjectTagging:Put", "a"),
            pair("ObjectRemoved:Delete", "a"),
            pair("ObjectRemoved:Delete", "b")
        ]
    );

    let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let versioning = client.put_bucket_versioning().bucket("bucket").versioning_configuration(enabled);
    versioning.send().await.unwrap();
    put(&client, "a").await;
    let deleted = client.delete_object().bucket("bucket").key("a").send().await.unwrap();
    let marker = deleted.version_id().unwrap();
    client.delete_object().bucket("bucket").key("a").version_id(marker).send().await.unwrap();
    let events = told(&fake);
    let objects: Vec<_> = events.iter().map(|event| (&event["eventName"], &event["s3"]["object"])).collect();
    assert_eq!(objects.len(), 2, "{objects:?}");
    assert_eq!(objects[0].0, "ObjectRemoved:DeleteMarkerCreated");
    assert_eq!((&objects[0].1["versionId"], objects[0].1.get("size")), (&json!(marker), None));
    assert_eq!((objects[1].0, &objects[1].1["versionId"]), (&json!("ObjectRemoved:Delete"), &json!(marker)));
}

#[tokio::test(start_paused = true)]
async fn tells_of_acls_of_tags_that_go_and_of_restores() {
    let (fake, client) = bucket();
    queue(&fake, &policy());
    let events = ["s3:ObjectAcl:Put", "s3:ObjectTagging:*", "s3:ObjectRestore:Post"];
    notify!(client, to_queues([configuration(QUEUE, &events, &[])])).send().await.unwrap();
    let rule =
        OwnershipControlsRule::builder().object_ownership(ObjectOwnership::ObjectWriter).build().unwrap();
    let controls = OwnershipControls::builder().rules(rule).build().unwrap();
    client
        .put_bucket_ownership_controls()
        .bucket("bucket")
        .ownership_controls(controls)
        .send()
        .await
        .unwrap();
    fake.s3().put("bucket", "cold", NewObject::new("x").storage_class("GLACIER")).unwrap();
    put(&client, "a").await;

    let acl = client.put_object_acl().bucket("bucket").key("a").acl(ObjectCannedAcl::BucketOwnerRead);
    acl.send().await.unwrap();
    client.delete_object_tagging().bucket("bucket").key("a").send().await.unwrap();
    let restore = || {
        let request = RestoreRequest::builder().days(1).build();
        client.restore_object().bucket("bucket").key("cold").restore_request(request).send()
    };
    restore().await.unwrap();
    // What fails is not told.
    assert_eq!(error(restore().await), coded(409, "RestoreAlreadyInProgress"));
    assert_eq!(
        names(&fake),
        [pair("ObjectAcl:Put", "a"), pair("ObjectTagging:Delete", "a"), pair("ObjectRestore:Post", "cold")]
    );
}

#[tokio::test(start_paused = true)]
async fn tells_only_of_the_keys_that_are_asked_for() {
    let (fake, client) = bucket();
    queue(&fake, &policy());
    let filter = [("PREFIX", "in/"), ("suffix", ".jpg")];
    let to = configuration(QUEUE, &["s3:ObjectCreated:Put"], &filter);
    notify!(client, to_queues([to])).send().await.unwrap();
    for key in ["in/a.jpg", "in/a.png", "out/a.jpg"] {
        put(&client, key).await;
    }
    assert_eq!(names(&fake), [pair("ObjectCreated:Put", "in/a.jpg")]);
    let got = client.get_bucket_notification_configuration().bucket("bucket").send().await.unwrap();
    let rules = got.queue_configurations()[0].filter().unwrap().key().unwrap().filter_rules().to_vec();
    let written: Vec<_> = rules.iter().map(|rule| rule.name().unwrap().as_str()).collect();
    assert_eq!(written, ["Prefix", "Suffix"]);
    let refused = configuration(QUEUE, &["s3:ObjectCreated:Put"], &[("infix", "a")]);
    let refused = notify!(client, to_queues([refused])).send().await.unwrap_err();
    assert_eq!(refused.message(), Some("filter rule name must be either prefix or suffix"));
}

#[tokio::test(start_paused = true)]
async fn refuses_destinations_that_it_does_not_reach() {
    let (fake, client) = bucket();
    let arn = |name: &str| format!("arn:aws:sqs:eu-west-1:000000000000:{name}");
    let to = |arn: &str| to_queues([configuration(arn, &["s3:ObjectCreated:*"], &[])]);
    let refused = async |arn: &str| {
        let refused = notify!(client, to(arn)).send().await;
        let message = refused.as_ref().err().and_then(|error| error.message()).map(str::to_owned);
        assert_eq!(error(refused), coded(400, "InvalidArgument"));
        message.unwrap()
    };
    let unreachable = "Unable to validate the following destination configurations";
    assert_eq!(refused("events").await, "The ARN could not be parsed");
    assert_eq!(refused(&arn("events")).await, unreachable);
    let of_region =
        "The notification destination service region is not valid for the bucket location constraint";
    assert_eq!(refused("arn:aws:sqs:us-east-1:000000000000:events").await, of_region);
    // There, but nobody lets S3 send.
    fake.sqs().create_queue("events").unwrap();
    assert_eq!(refused(&arn("events")).await, unreachable);
    fake.sqs().set_attributes("events", [("Policy", policy().replace("s3:::bucket", "s3:::other"))]).unwrap();
    assert_eq!(refused(&arn("events")).await, unreachable);
    // What is wrong with which is said of each.
    let document = "<NotificationConfiguration><QueueConfiguration><Queue>arn:aws:sqs:eu-west-1:000000000000:no</Queue>\
                    <Event>s3:ObjectCreated:*</Event></QueueConfiguration><QueueConfiguration><Queue>\
                    arn:aws:sqs:eu-west-1:000000000000:events</Queue><Event>s3:ObjectCreated:*</Event>\
                    </QueueConfiguration></NotificationConfiguration>";
    let uri = "https://bucket.s3.eu-west-1.amazonaws.com/?notification";
    let answer = text(send(&fake, "PUT", uri, &[], document).await).await;
    for element in [
        "<ArgumentName1>arn:aws:sqs:eu-west-1:000000000000:no</ArgumentName1>",
        "<ArgumentValue1>The destination queue does not exist</ArgumentValue1>",
        "<ArgumentName2>arn:aws:sqs:eu-west-1:000000000000:events</ArgumentName2>",
        "<ArgumentValue2>Permissions on the destination queue do not allow S3",
    ] {
        assert!(answer.contains(element), "{answer}");
    }

    // Taken all the same, nobody is told as long as S3 may not.
    notify!(client, to(&arn("events"))).skip_destination_validation(true).send().await.unwrap();
    put(&client, "a").await;
    assert!(fake.sqs().messages("events").is_empty());
    fake.sqs().set_attributes("events", [("Policy", policy())]).unwrap();
    put(&client, "b").await;
    assert_eq!(names(&fake), [pair("ObjectCreated:Put", "b")]);
}

#[tokio::test(start_paused = true)]
async fn a_function_is_invoked_with_an_event() {
    let (fake, client) = bucket();
    fake.lambda().function("index", |event| async move { Ok(event.payload) }).unwrap();
    let function = LambdaFunctionConfiguration::builder()
        .lambda_function_arn("arn:aws:lambda:eu-west-1:000000000000:function:index")
        .events(Event::S3ObjectCreatedPut)
        .build()
        .unwrap();
    let configuration = NotificationConfiguration::builder().lambda_function_configurations(function).build();
    let set = || notify!(client, configuration.clone()).send();
    let refused = set().await.unwrap_err();
    assert_eq!(refused.message(), Some("Unable to validate the following destination configurations"));
    let add = json!({
        "StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com",
        "SourceArn": "arn:aws:s3:::bucket", "SourceAccount": "000000000000",
    });
    let uri = "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/index/policy";
    let signature = crate::aws::signature("lambda");
    let added = send(&fake, "POST", uri, &[("authorization", &signature)], &add.to_string()).await;
    assert_eq!(added.status().as_u16(), 201);
    set().await.unwrap();
    put(&client, "a").await;
    fake.lambda().idle().await;
    let invocation = fake.lambda().invocations().remove(0);
    assert_eq!((&*invocation.function, invocation.invocation_type), ("index", InvocationType::Event));
    let event: Value = serde_json::from_slice(&invocation.payload).unwrap();
    assert_eq!(event["Records"][0]["s3"]["object"]["key"], "a");
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_seeded_tells_what_it_is_configured_to() {
    let (fake, client) = bucket();
    queue(&fake, &policy());
    let to = configuration(QUEUE, &["s3:ObjectRemoved:*"], &[]);
    notify!(client, to_queues([to])).send().await.unwrap();
    fake.s3().put("bucket", "key", NewObject::new("x")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    fake.sqs().purge("events");
    fake.save(dir.path()).unwrap();
    let again = FakeAws::new();
    again.seed(dir.path()).unwrap();
    let client = crate::aws::client(&again);
    client.delete_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(names(&again), [pair("ObjectRemoved:Delete", "key")]);
}
