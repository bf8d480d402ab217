//! Functions that clients make, change and delete. Their code is kept as far as it is shown, and never run.

use std::collections::HashMap;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::create_function::builders::CreateFunctionFluentBuilder;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    AliasRoutingConfiguration, Architecture, Environment, FunctionCode, FunctionUrlAuthType,
    FunctionUrlConfig, PackageType, Runtime, State,
};
use innkeeper_fake::FakeAws;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::aws::{client, echo, invoke, payload, refused};

const ARN: &str = "arn:aws:lambda:eu-west-1:000000000000:function";
const ROLE: &str = "arn:aws:iam::000000000000:role/worker";
/// An archive with nothing in it.
const ARCHIVE: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
/// SHA-256 of [`ARCHIVE`], in Base64.
const SHA256: &str = "hznHbmgfkAkjuQDJ3w73XPQh05yrtUZQxLmtGbanbYU=";

fn zip(archive: &[u8]) -> FunctionCode {
    FunctionCode::builder().zip_file(Blob::new(archive)).build()
}

fn create(client: &Client, name: &str) -> CreateFunctionFluentBuilder {
    let create = client.create_function().function_name(name).role(ROLE).handler("main.handle");
    create.runtime(Runtime::Python312).code(zip(ARCHIVE))
}

/// A fake with the function `made`.
async fn made() -> (FakeAws, Client) {
    let fake = FakeAws::new();
    let client = client(&fake);
    create(&client, "made").send().await.unwrap();
    (fake, client)
}

#[tokio::test(start_paused = true)]
async fn makes_a_function() {
    let (fake, client) = echo();
    let made = create(&client, "made").timeout(7).memory_size(512).description("first").tags("team", "a");
    let made = made.publish(true).send().await.unwrap();
    assert_eq!((made.function_arn(), made.version()), (Some(&*format!("{ARN}:made")), Some("1")));
    assert_eq!((made.role(), made.handler()), (Some(ROLE), Some("main.handle")));
    assert_eq!((made.timeout(), made.memory_size(), made.code_size()), (Some(7), Some(512), 22));
    assert_eq!((made.code_sha256(), made.description()), (Some(SHA256), Some("first")));
    assert_eq!(made.last_modified(), Some("2026-01-01T00:00:00.000+0000"));
    let got = client.get_function().function_name("made").send().await.unwrap();
    let shown = got.configuration().unwrap();
    assert_eq!((shown.runtime(), shown.state()), (Some(&Runtime::Python312), Some(&State::Active)));
    assert_eq!(shown.package_type(), Some(&PackageType::Zip));
    assert_eq!(got.code().unwrap().repository_type(), Some("S3"));
    assert_eq!(got.tags().unwrap()["team"], "a");
    // Beside those that are made in Rust, and not run as they are.
    let listed = client.list_functions().send().await.unwrap();
    assert!(listed.functions().iter().all(|function| function.state().is_none()), "lists do not say");
    let names: Vec<_> = listed.functions().iter().map(|function| function.function_name().unwrap()).collect();
    assert_eq!(names, ["echo", "made"]);
    let answer = invoke(&client, "made", "{}").send().await.unwrap();
    assert_eq!(answer.function_error(), Some("Unhandled"));
    assert_eq!(payload(&answer)["errorType"], "Fake.CodeNotRun");
    assert_eq!(fake.lambda().invocations_of("made").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn refuses_what_makes_no_function() {
    let (_fake, client) = made().await;
    let again = create(&client, "made").send().await;
    refused(again, 409, "ResourceConflictException", "Function already exist: made");
    let text = create(&client, "other").code(zip(b"def handle(): pass")).send().await;
    refused(text, 400, "InvalidParameterValueException", "Could not unzip uploaded file.");
    let nothing = create(&client, "other").code(FunctionCode::builder().build()).send().await;
    refused(nothing, 400, "InvalidParameterValueException", "Please provide a source for function code.");
    let foreign = create(&client, "other").role("arn:aws:iam::111111111111:role/worker").send().await;
    refused(foreign, 400, "InvalidParameterValueException", "Cross-account pass role is not allowed.");
    let no_role = create(&client, "other").role("worker").send().await;
    refused(no_role, 400, "ValidationException", "Value 'worker' at 'role' failed to satisfy constraint");
    let slow = create(&client, "other").timeout(901).send().await;
    refused(slow, 400, "ValidationException", "Member must have value less than or equal to 900");
    let architecture = create(&client, "other").architectures(Architecture::from("sparc")).send().await;
    refused(architecture, 400, "ValidationException", "Value '[sparc]' at 'architectures'");
    let both = create(&client, "other").architectures(Architecture::X8664).architectures(Architecture::Arm64);
    refused(both.send().await, 400, "ValidationException", "Member must have length less than or equal to 1");
    let small = create(&client, "other").memory_size(64).send().await;
    refused(small, 400, "ValidationException", "Member must have value greater than or equal to 128");
    assert_eq!(client.list_functions().send().await.unwrap().functions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_archive_has_a_runtime_and_a_handler() {
    let (_fake, client) = made().await;
    let bare = || client.create_function().function_name("other").role(ROLE).code(zip(ARCHIVE));
    let mandatory =
        "Runtime and Handler are mandatory parameters for functions created with deployment packages.";
    for incomplete in [bare(), bare().handler("main.handle"), bare().runtime(Runtime::Python312)] {
        refused(incomplete.send().await, 400, "InvalidParameterValueException", mandatory);
    }
    let unknown =
        "Value foo at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs";
    let made_so = create(&client, "other").runtime(Runtime::from("foo")).send().await;
    refused(made_so, 400, "InvalidParameterValueException", unknown);
    let change = || client.update_function_configuration().function_name("made");
    let changed = change().runtime(Runtime::from("foo")).send().await;
    refused(changed, 400, "InvalidParameterValueException", unknown);
    for handler in ["", "main handle"] {
        let reason = format!("Value '{handler}' at 'handler' failed to satisfy constraint");
        refused(change().handler(handler).send().await, 400, "ValidationException", &reason);
    }
    refused(change().handler("h".repeat(129)).send().await, 400, "ValidationException", "length less than");
    assert_eq!(client.list_functions().send().await.unwrap().functions().len(), 1);
    let changed = change().runtime(Runtime::Python313).handler("main.other").send().await.unwrap();
    assert_eq!((changed.runtime(), changed.handler()), (Some(&Runtime::Python313), Some("main.other")));
}

#[tokio::test(start_paused = true)]
async fn an_environment_is_small_and_of_names_that_are_free() {
    let (_fake, client) = made().await;
    let variables = |name: &str, value: &str| Environment::builder().variables(name, value).build();
    let long = "x".repeat(4096);
    for (name, value, code, reason) in [
        ("1A", "x", "ValidationException", "Value at 'environment.variables' failed to satisfy constraint"),
        (
            "AWS_REGION",
            "x",
            "InvalidParameterValueException",
            "Reserved keys used in this request: AWS_REGION",
        ),
        (
            "AA",
            &long,
            "InvalidParameterValueException",
            "exceeded the 4KB limit. String measured: {\"AA\":\"x",
        ),
    ] {
        let made_so = create(&client, "other").environment(variables(name, value)).send().await;
        refused(made_so, 400, code, reason);
        let change = client.update_function_configuration().function_name("made");
        refused(change.environment(variables(name, value)).send().await, 400, code, reason);
    }
    let made_so = create(&client, "other").environment(variables("STAGE", "test")).send().await.unwrap();
    assert_eq!(made_so.environment().unwrap().variables().unwrap()["STAGE"], "test");
    let shown = client.get_function_configuration().function_name("made").send().await.unwrap();
    assert!(shown.environment().is_none());
}

#[tokio::test(start_paused = true)]
async fn takes_code_from_buckets_and_registries() {
    let (fake, client) = made().await;
    let code = |key: &str| FunctionCode::builder().s3_bucket("code").s3_key(key).build();
    let reason = "S3 Error Code: NoSuchBucket";
    let of = |name: &str, key: &str| create(&client, name).code(code(key)).send();
    refused(of("a", "a.zip").await, 400, "InvalidParameterValueException", reason);
    fake.s3().create_bucket("code").unwrap();
    refused(of("a", "a.zip").await, 400, "InvalidParameterValueException", "S3 Error Code: NoSuchKey");
    fake.s3().put("code", "a.zip", ARCHIVE).unwrap();
    assert_eq!(of("a", "a.zip").await.unwrap().code_sha256(), Some(SHA256));
    let image = "000000000000.dkr.ecr.eu-west-1.amazonaws.com/worker:1";
    let image = FunctionCode::builder().image_uri(image).build();
    let create_image = || client.create_function().function_name("b").role(ROLE).code(image.clone());
    let create_image = || create_image().package_type(PackageType::Image);
    let reason = "Please don't provide Handler or Runtime or Layer";
    for refused_image in [create_image().handler("main.handle"), create_image().runtime(Runtime::Python312)] {
        refused(refused_image.send().await, 400, "InvalidParameterValueException", reason);
    }
    let unpacked = create_image().code(zip(ARCHIVE)).send().await;
    refused(unpacked, 400, "InvalidParameterValueException", "Please provide ImageUri");
    let packed = create(&client, "b").package_type(PackageType::Zip).code(image.clone()).send().await;
    refused(packed, 400, "InvalidParameterValueException", "Please don't provide ImageUri");
    let made = create_image().send().await.unwrap();
    assert_eq!(made.package_type(), Some(&PackageType::Image));
    assert_eq!((made.runtime(), made.handler()), (None, None));
    let shown = client.get_function_configuration().function_name("b").send().await.unwrap();
    assert_eq!((shown.runtime(), shown.handler()), (None, None));
    let change = client.update_function_configuration().function_name("b").runtime(Runtime::Python312);
    refused(change.send().await, 400, "InvalidParameterValueException", reason);
    let code = client.get_function().function_name("b").send().await.unwrap().code().unwrap().clone();
    assert_eq!(code.repository_type(), Some("ECR"));
    assert!(code.resolved_image_uri().unwrap().contains("worker@sha256:"), "{code:?}");
}

#[tokio::test(start_paused = true)]
async fn changes_a_function() {
    let (_fake, client) = made().await;
    let before = client.get_function_configuration().function_name("made").send().await.unwrap();
    let change = || client.update_function_configuration().function_name("made");
    let changed = change().timeout(60).description("second").send().await.unwrap();
    assert_eq!((changed.timeout(), changed.description()), (Some(60), Some("second")));
    assert_eq!(changed.handler(), Some("main.handle"));
    let late = change().revision_id(before.revision_id().unwrap()).timeout(1).send().await;
    refused(late, 412, "PreconditionFailedException", "does not match the latest Revision Id");
    let change_code = || client.update_function_code().function_name("made");
    let archive: Vec<u8> = [ARCHIVE, b"more"].concat();
    let changed = change_code().zip_file(Blob::new(archive)).publish(true).send().await.unwrap();
    assert_eq!((changed.version(), changed.code_size()), (Some("1"), 26));
    assert_ne!(changed.code_sha256(), before.code_sha256());
    let bad = change_code().zip_file(Blob::new("none")).send().await;
    refused(bad, 400, "InvalidParameterValueException", "Could not unzip uploaded file.");
    let image = change_code().image_uri("000000000000.dkr.ecr.eu-west-1.amazonaws.com/worker:1").send().await;
    let reason = "Please don't provide ImageUri when updating a function with packageType Zip.";
    refused(image, 400, "InvalidParameterValueException", reason);
    let other = client.publish_version().function_name("made").code_sha256("other").send().await;
    refused(other, 400, "InvalidParameterValueException", "CodeSHA256 (other) is different from current");
    let nothing = client.update_function_configuration().function_name("none").timeout(1).send().await;
    refused(nothing, 404, "ResourceNotFoundException", &format!("Function not found: {ARN}:none"));
}

#[tokio::test(start_paused = true)]
async fn deletes_versions_and_functions() {
    let (_fake, client) = made().await;
    client.publish_version().function_name("made").send().await.unwrap();
    client.create_alias().function_name("made").name("live").function_version("1").send().await.unwrap();
    let delete = |qualifier: Option<&str>| {
        client.delete_function().function_name("made").set_qualifier(qualifier.map(str::to_owned)).send()
    };
    let latest = delete(Some("$LATEST")).await;
    refused(latest, 400, "InvalidParameterValueException", "$LATEST version cannot be deleted");
    refused(delete(Some("1")).await, 409, "ResourceConflictException", "Alias live points to the version");
    client.delete_alias().function_name("made").name("live").send().await.unwrap();
    delete(Some("1")).await.unwrap();
    refused(delete(Some("1")).await, 404, "ResourceNotFoundException", "Function not found");
    let next = client.publish_version().function_name("made").send().await.unwrap();
    assert_eq!(next.version(), Some("2"), "no number is given twice");
    delete(None).await.unwrap();
    refused(delete(None).await, 404, "ResourceNotFoundException", "Function not found");
    let gone = invoke(&client, "made", "{}").send().await;
    refused(gone, 404, "ResourceNotFoundException", "Function not found");
}

#[tokio::test(start_paused = true)]
async fn moves_an_alias() {
    let (_fake, client) = made().await;
    for _ in 0..2 {
        client.publish_version().function_name("made").send().await.unwrap();
        client.update_function_configuration().function_name("made").timeout(9).send().await.unwrap();
    }
    let alias = || client.update_alias().function_name("made").name("live");
    refused(alias().send().await, 404, "ResourceNotFoundException", &format!("{ARN}:made:live"));
    client.create_alias().function_name("made").name("live").function_version("1").send().await.unwrap();
    let routing = AliasRoutingConfiguration::builder().additional_version_weights("1", 0.1).build();
    let moved = alias().function_version("2").routing_config(routing).send().await.unwrap();
    assert_eq!(moved.function_version(), Some("2"));
    let weights = moved.routing_config().unwrap().additional_version_weights().unwrap();
    assert!((weights["1"] - 0.1).abs() < f64::EPSILON);
    let nowhere = alias().function_version("9").send().await;
    refused(nowhere, 404, "ResourceNotFoundException", &format!("Function not found: {ARN}:made:9"));
    let stale = alias().revision_id("00000000-0000-0000-0000-000000000000").send().await;
    refused(stale, 412, "PreconditionFailedException", "does not match the latest Revision Id");
}

#[tokio::test(start_paused = true)]
async fn keeps_tags_and_a_policy() {
    let (_fake, client) = made().await;
    let arn = format!("{ARN}:made");
    client.tag_resource().resource(&arn).tags("a", "1").tags("b", "2").send().await.unwrap();
    client.untag_resource().resource(&arn).tag_keys("a").send().await.unwrap();
    let tags = client.list_tags().resource(&arn).send().await.unwrap();
    assert_eq!(tags.tags().unwrap().iter().collect::<Vec<_>>(), [(&"b".to_owned(), &"2".to_owned())]);
    let unknown = client.list_tags().resource(format!("{ARN}:none")).send().await;
    refused(unknown, 404, "ResourceNotFoundException", "Function not found");
    let version = client.tag_resource().resource(format!("{arn}:$LATEST")).tags("a", "1").send().await;
    let reason = "Tags on function aliases and versions are not supported.";
    refused(version, 400, "InvalidParameterValueException", reason);
    refused(client.list_tags().resource("made").send().await, 400, "ValidationException", "at 'resource'");
    let none = client.tag_resource().resource(&arn).set_tags(Some(HashMap::new())).send().await;
    refused(none, 400, "InvalidParameterValueException", "the request cannot be processed");
    let many = (0..50).map(|number| (number.to_string(), String::new())).collect();
    let many = client.tag_resource().resource(&arn).set_tags(Some(many)).send().await;
    refused(many, 400, "InvalidParameterValueException", "Number of tags exceeds resource tag limit.");
    let bare = client.untag_resource().resource(&arn).set_tag_keys(Some(Vec::new())).send().await;
    refused(bare, 400, "ValidationException", "Value null at 'tagKeys'");

    let policy = || client.get_policy().function_name("made").send();
    refused(policy().await, 404, "ResourceNotFoundException", "The resource you requested does not exist.");
    let add =
        client.add_permission().function_name("made").statement_id("s3").action("lambda:InvokeFunction");
    let add = add.principal("s3.amazonaws.com").source_arn("arn:aws:s3:::bucket");
    add.clone().send().await.unwrap();
    let again = add.clone().send().await;
    refused(again, 409, "ResourceConflictException", "The statement id (s3) provided already exists.");
    let stale = add.clone().revision_id("00000000-0000-0000-0000-000000000000").send().await;
    refused(stale, 412, "PreconditionFailedException", "does not match the latest Revision Id");
    let alias = add.clone().qualifier("live").send().await;
    refused(alias, 404, "ResourceNotFoundException", &format!("Cannot find alias arn: {arn}:live"));
    let version = add.qualifier("42").send().await;
    refused(version, 404, "ResourceNotFoundException", &format!("Function not found: {arn}:42"));
    let nobody = client.remove_permission().function_name("none").statement_id("s3").send().await;
    refused(nobody, 404, "ResourceNotFoundException", &format!("No policy found for: {ARN}:none"));
    let shown: Value = serde_json::from_str(policy().await.unwrap().policy().unwrap()).unwrap();
    let statement = json!({
        "Sid": "s3",
        "Effect": "Allow",
        "Principal": { "Service": "s3.amazonaws.com" },
        "Action": "lambda:InvokeFunction",
        "Resource": arn,
        "Condition": { "ArnLike": { "AWS:SourceArn": "arn:aws:s3:::bucket" } },
    });
    assert_eq!(shown["Statement"], json!([statement]));
    let remove = || client.remove_permission().function_name("made").statement_id("s3").send();
    remove().await.unwrap();
    refused(remove().await, 404, "ResourceNotFoundException", "No policy is associated");
}

#[tokio::test(start_paused = true)]
async fn reserves_concurrency() {
    let (_fake, client) = made().await;
    let put = |count: i32| {
        client.put_function_concurrency().function_name("made").reserved_concurrent_executions(count).send()
    };
    let get = || client.get_function_concurrency().function_name("made").send();
    assert_eq!(get().await.unwrap().reserved_concurrent_executions(), None);
    refused(put(901).await, 400, "InvalidParameterValueException", "below its minimum value of [100]");
    assert_eq!(put(0).await.unwrap().reserved_concurrent_executions(), Some(0));
    assert_eq!(get().await.unwrap().reserved_concurrent_executions(), Some(0));
    let busy = invoke(&client, "made", "{}").send().await;
    refused(busy, 429, "TooManyRequestsException", "Rate Exceeded");
    client.delete_function_concurrency().function_name("made").send().await.unwrap();
    invoke(&client, "made", "{}").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn keeps_what_becomes_of_events() {
    let (_fake, client) = made().await;
    let get = || client.get_function_event_invoke_config().function_name("made").send();
    refused(get().await, 404, "ResourceNotFoundException", "doesn't have an EventInvokeConfig");
    let put = || client.put_function_event_invoke_config().function_name("made");
    let three = put().maximum_retry_attempts(3).send().await;
    refused(three, 400, "ValidationException", "Member must have value less than or equal to 2");
    put().maximum_retry_attempts(1).send().await.unwrap();
    let update = client.update_function_event_invoke_config().function_name("made");
    update.maximum_event_age_in_seconds(60).send().await.unwrap();
    let config = get().await.unwrap();
    assert_eq!((config.maximum_retry_attempts(), config.maximum_event_age_in_seconds()), (Some(1), Some(60)));
    assert_eq!(config.function_arn(), Some(&*format!("{ARN}:made:$LATEST")));
    // Put anew, there is nothing of what was before.
    put().maximum_retry_attempts(2).send().await.unwrap();
    assert_eq!(get().await.unwrap().maximum_event_age_in_seconds(), None);
    client.delete_function_event_invoke_config().function_name("made").send().await.unwrap();
    refused(get().await, 404, "ResourceNotFoundException", "doesn't have an EventInvokeConfig");
}

#[tokio::test(start_paused = true)]
async fn gives_a_function_a_url() {
    let (_fake, client) = made().await;
    let create =
        || client.create_function_url_config().function_name("made").auth_type(FunctionUrlAuthType::None);
    let url = create().send().await.unwrap();
    assert!(url.function_url().ends_with(".lambda-url.eu-west-1.on.aws/"), "{url:?}");
    refused(create().send().await, 409, "ResourceConflictException", "FunctionUrlConfig exists");
    let update = client.update_function_url_config().function_name("made");
    update.auth_type(FunctionUrlAuthType::AwsIam).send().await.unwrap();
    let get = || client.get_function_url_config().function_name("made").send();
    assert_eq!(get().await.unwrap().auth_type(), &FunctionUrlAuthType::AwsIam);
    let listed = client.list_function_url_configs().function_name("made").send().await.unwrap();
    let urls: Vec<_> = listed.function_url_configs().iter().map(FunctionUrlConfig::function_url).collect();
    assert_eq!(urls, [get().await.unwrap().function_url()]);
    let missing = client.list_function_url_configs().function_name("missing").send().await;
    refused(missing, 404, "ResourceNotFoundException", "");
    client.delete_function_url_config().function_name("made").send().await.unwrap();
    refused(get().await, 404, "ResourceNotFoundException", "The resource you requested does not exist.");
}

#[tokio::test(start_paused = true)]
#[expect(deprecated, reason = "what is older than `Invoke` is asked for still")]
async fn takes_events_in_the_older_way() {
    let (fake, client) = echo();
    let call = |function: &str, event: &'static str| {
        let call = client.invoke_async().function_name(function);
        call.invoke_args(aws_sdk_lambda::primitives::ByteStream::from_static(event.as_bytes())).send()
    };
    assert_eq!(call("echo", "{}").await.unwrap().status(), 202);
    fake.lambda().idle().await;
    assert_eq!(fake.lambda().invocations_of("echo").len(), 1);
    refused(call("echo", "{").await, 400, "InvalidRequestContentException", "");
    refused(call("none", "{}").await, 404, "ResourceNotFoundException", "");
}
