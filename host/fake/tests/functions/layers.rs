//! Layers: what is published, shown and deleted, and which of it functions can have.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::publish_layer_version::builders::PublishLayerVersionFluentBuilder;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, FunctionCode, LayerVersionContentInput, Runtime};
use innkeeper_fake::FakeAws;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::aws::{client, client_of, config, refused};

const ARN: &str = "arn:aws:lambda:eu-west-1:000000000000:layer";
/// An archive with nothing in it.
const ARCHIVE: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
/// SHA-256 of [`ARCHIVE`], in Base64.
const SHA256: &str = "hznHbmgfkAkjuQDJ3w73XPQh05yrtUZQxLmtGbanbYU=";

fn publish(client: &Client, name: &str) -> PublishLayerVersionFluentBuilder {
    let content = LayerVersionContentInput::builder().zip_file(Blob::new(ARCHIVE)).build();
    client.publish_layer_version().layer_name(name).content(content)
}

/// A fake with two versions of the layer `deps`.
async fn published() -> (FakeAws, Client) {
    let fake = FakeAws::new();
    let client = client(&fake);
    let first = publish(&client, "deps").description("first").license_info("MIT");
    let first = first.compatible_runtimes(Runtime::Python312);
    first.compatible_architectures(Architecture::X8664).send().await.unwrap();
    publish(&client, "deps").compatible_runtimes(Runtime::Nodejs20x).send().await.unwrap();
    (fake, client)
}

async fn numbers(client: &Client, name: &str) -> Vec<i64> {
    let listed = client.list_layer_versions().layer_name(name).send().await.unwrap();
    listed.layer_versions().iter().map(aws_sdk_lambda::types::LayerVersionsListItem::version).collect()
}

#[tokio::test(start_paused = true)]
async fn versions_are_published_and_shown() {
    let (fake, client) = published().await;
    let get = client.get_layer_version().layer_name("deps").version_number(1).send().await.unwrap();
    assert_eq!((get.layer_arn(), get.version()), (Some(&*format!("{ARN}:deps")), 1));
    assert_eq!((get.description(), get.license_info()), (Some("first"), Some("MIT")));
    assert_eq!(get.compatible_runtimes(), [Runtime::Python312]);
    assert_eq!(get.compatible_architectures(), [Architecture::X8664]);
    assert_eq!(get.created_date(), Some("2026-01-01T00:00:00.000+0000"));
    let content = get.content().unwrap();
    assert_eq!((content.code_sha256(), content.code_size()), (Some(SHA256), 22));
    let by_arn = client.get_layer_version_by_arn().arn(format!("{ARN}:deps:1")).send().await.unwrap();
    assert_eq!(by_arn.layer_version_arn(), get.layer_version_arn());
    assert_eq!(numbers(&client, "deps").await, [2, 1]);
    assert_eq!(numbers(&client, &format!("{ARN}:deps")).await, [2, 1]);
    assert_eq!(numbers(&client, "none").await, [0; 0]);
    publish(&client, "other").send().await.unwrap();
    let latest = |listed: &aws_sdk_lambda::operation::list_layers::ListLayersOutput| -> Vec<_> {
        let newest = |layer: &aws_sdk_lambda::types::LayersListItem| {
            (layer.layer_name().unwrap().to_owned(), layer.latest_matching_version().unwrap().version())
        };
        listed.layers().iter().map(newest).collect()
    };
    let all = client.list_layers().send().await.unwrap();
    assert_eq!(latest(&all), [("deps".to_owned(), 2), ("other".to_owned(), 1)]);
    let python = client.list_layers().compatible_runtime(Runtime::Python312).send().await.unwrap();
    assert_eq!(latest(&python), [("deps".to_owned(), 1)]);
    // Layers are of a region.
    let elsewhere = client_of(config(&fake, "us-east-1"));
    assert_eq!(numbers(&elsewhere, "deps").await, [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_version_is_gone_and_its_number_is_not_given_again() {
    let (_fake, client) = published().await;
    let delete = |number| client.delete_layer_version().layer_name("deps").version_number(number).send();
    for number in [2, 1, 1] {
        delete(number).await.unwrap();
    }
    let get = client.get_layer_version().layer_name("deps").version_number(1).send().await;
    refused(get, 404, "ResourceNotFoundException", "The resource you requested does not exist.");
    assert!(client.list_layers().send().await.unwrap().layers().is_empty());
    assert_eq!(publish(&client, "deps").send().await.unwrap().version(), 3);
    let none = delete(0).await;
    refused(none, 400, "InvalidParameterValueException", "Layer Version Cannot be less than 1");
}

#[tokio::test(start_paused = true)]
async fn refuses_what_is_no_layer() {
    let (_fake, client) = published().await;
    let content = |archive: &[u8]| LayerVersionContentInput::builder().zip_file(Blob::new(archive)).build();
    let text = publish(&client, "a").content(content(b"text")).send().await;
    refused(text, 400, "InvalidParameterValueException", "Could not unzip uploaded file.");
    let nothing = publish(&client, "a").content(LayerVersionContentInput::builder().build()).send().await;
    refused(nothing, 400, "InvalidParameterValueException", "Missing Content");
    refused(publish(&client, "a b").send().await, 400, "ValidationException", "at 'layerName'");
    let architecture =
        publish(&client, "a").compatible_architectures(Architecture::from("sparc")).send().await;
    let reason = "Value '[sparc]' at 'compatibleArchitectures' failed to satisfy constraint";
    refused(architecture, 400, "ValidationException", reason);
    let listed = client.list_layers().compatible_architecture(Architecture::from("sparc")).send().await;
    refused(listed, 400, "ValidationException", "Value 'sparc' at 'compatibleArchitecture'");
    let get = |number| client.get_layer_version().layer_name("deps").version_number(number).send();
    refused(get(3).await, 404, "ResourceNotFoundException", "The resource you requested does not exist.");
    refused(get(-1).await, 400, "InvalidParameterValueException", "Layer Version Cannot be less than 1");
    let by_arn = |arn: String| client.get_layer_version_by_arn().arn(arn).send();
    refused(by_arn(format!("{ARN}:deps")).await, 400, "ValidationException", "at 'arn'");
    refused(by_arn(format!("{ARN}:deps:9")).await, 404, "ResourceNotFoundException", "does not exist");
    let foreign = by_arn("arn:aws:lambda:eu-west-1:111111111111:layer:deps:1".to_owned()).await;
    refused(
        foreign,
        403,
        "AccessDeniedException",
        "no resource-based policy allows the lambda:GetLayerVersion",
    );
}

#[tokio::test(start_paused = true)]
async fn functions_have_layers() {
    let (_fake, client) = published().await;
    let code = FunctionCode::builder().zip_file(Blob::new(ARCHIVE)).build();
    let create = client.create_function().function_name("f").handler("main.handle").code(code);
    let create = create.runtime(Runtime::Python312).role("arn:aws:iam::000000000000:role/worker");
    let made = create.layers(format!("{ARN}:deps:1")).send().await.unwrap();
    let shown = |layers: &[aws_sdk_lambda::types::Layer]| -> Vec<(String, i64)> {
        layers.iter().map(|layer| (layer.arn().unwrap().to_owned(), layer.code_size())).collect()
    };
    assert_eq!(shown(made.layers()), [(format!("{ARN}:deps:1"), 22)]);
    let update = |layers: &[&str]| {
        let layers = layers.iter().map(|layer| (*layer).to_owned()).collect();
        client.update_function_configuration().function_name("f").set_layers(Some(layers)).send()
    };
    let deps = |number| format!("{ARN}:deps:{number}");
    // One of another account is taken as it is named.
    let public = "arn:aws:lambda:eu-west-1:017000801446:layer:Powertools:3";
    let changed = update(&[&deps(2), public]).await.unwrap();
    assert_eq!(shown(changed.layers()), [(deps(2), 22), (public.to_owned(), 0)]);
    // A function keeps a layer that is deleted.
    client.delete_layer_version().layer_name("deps").version_number(2).send().await.unwrap();
    let kept = client.get_function_configuration().function_name("f").send().await.unwrap();
    assert_eq!(kept.layers().len(), 2);

    let invalid = "InvalidParameterValueException";
    refused(update(&[&deps(9)]).await, 400, invalid, &format!("Layer version {} does not exist.", deps(9)));
    let twice = format!("{} and {} are versions of the same layer.", deps(1), deps(1));
    refused(update(&[&deps(1), &deps(1)]).await, 400, invalid, &twice);
    refused(update(&[public; 6]).await, 400, invalid, "Cannot reference more than 5 layers.");
    let elsewhere = update(&["arn:aws:lambda:us-east-1:000000000000:layer:deps:1"]).await;
    refused(elsewhere, 400, invalid, "Layers are expected to be in region eu-west-1.");
    let unversioned = update(&[&format!("{ARN}:deps")]).await;
    refused(unversioned, 400, "ValidationException", "at 'layers' failed to satisfy constraint");
    let kept = client.get_function_configuration().function_name("f").send().await.unwrap();
    assert_eq!(kept.layers().len(), 2, "what is refused changes nothing");
    assert!(update(&[]).await.unwrap().layers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn versions_have_a_policy() {
    let (_fake, client) = published().await;
    let get = || client.get_layer_version_policy().layer_name("deps").version_number(1).send();
    let none = "No policy is associated with the given resource.";
    refused(get().await, 404, "ResourceNotFoundException", none);
    let add = || {
        let add = client.add_layer_version_permission().layer_name("deps").version_number(1);
        add.action("lambda:GetLayerVersion").statement_id("s1").principal("*")
    };
    let first = add().organization_id("o-1234567890").send().await.unwrap();
    let shown = get().await.unwrap();
    assert_eq!(shown.revision_id(), first.revision_id());
    let policy: Value = serde_json::from_str(shown.policy().unwrap()).unwrap();
    let statement = json!({
        "Sid": "s1",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "lambda:GetLayerVersion",
        "Resource": format!("{ARN}:deps:1"),
        "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-1234567890" } },
    });
    assert_eq!(policy["Statement"], json!([statement]));
    refused(
        add().send().await,
        409,
        "ResourceConflictException",
        "The statement id (s1) provided already exists.",
    );
    let stale = add().statement_id("s2").revision_id("00000000-0000-0000-0000-000000000000").send().await;
    refused(stale, 412, "PreconditionFailedException", "Call the GetLayerPolicy API");
    let everything = add().statement_id("s2").action("*").send().await;
    let pattern = "Value '*' at 'action' failed to satisfy constraint: Member must satisfy regular expression pattern: \
                   lambda:GetLayerVersion";
    refused(everything, 400, "ValidationException", pattern);
    let missing = add().version_number(9).send().await;
    refused(
        missing,
        404,
        "ResourceNotFoundException",
        &format!("Layer version {ARN}:deps:9 does not exist."),
    );
    let remove = |id: &str| {
        let remove = client.remove_layer_version_permission().layer_name("deps").version_number(1);
        remove.statement_id(id).send()
    };
    let unknown = "Statement s2 is not found in resource policy.";
    refused(remove("s2").await, 404, "ResourceNotFoundException", unknown);
    remove("s1").await.unwrap();
    refused(get().await, 404, "ResourceNotFoundException", none);
}

#[tokio::test(start_paused = true)]
async fn layers_are_saved() {
    let (fake, client) = published().await;
    client.delete_layer_version().layer_name("deps").version_number(2).send().await.unwrap();
    let permission = client.add_layer_version_permission().layer_name("deps").version_number(1);
    let permission = permission.action("lambda:GetLayerVersion").statement_id("s1").principal("*");
    permission.send().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    fake.save(folder.path()).unwrap();
    let again = FakeAws::new();
    again.seed(folder.path()).unwrap();
    let seeded = crate::aws::client(&again);
    let get = |client: &Client| client.get_layer_version().layer_name("deps").version_number(1).send();
    let (before, after) = (get(&client).await.unwrap(), get(&seeded).await.unwrap());
    assert_eq!(format!("{:?}", after.content()), format!("{:?}", before.content()));
    assert_eq!((after.created_date(), after.description()), (before.created_date(), before.description()));
    let policy =
        |client: &Client| client.get_layer_version_policy().layer_name("deps").version_number(1).send();
    assert_eq!(policy(&seeded).await.unwrap().policy(), policy(&client).await.unwrap().policy());
    assert_eq!(publish(&seeded, "deps").send().await.unwrap().version(), 3);

    let file = folder.path().join("lambda/.innkeeper.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace(r#""last": 2"#, r#""last": 0"#)).unwrap();
    let error = FakeAws::new().seed(folder.path()).unwrap_err();
    assert!(
        std::error::Error::source(&error).unwrap().to_string().contains("version 1 of `deps`"),
        "{error:?}"
    );
}
