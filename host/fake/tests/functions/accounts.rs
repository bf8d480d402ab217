//! Functions, layers and event source mappings of more than one account, and what their policies let another one do.

use std::fs;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::Credentials;
use aws_sdk_lambda::operation::create_function::builders::CreateFunctionFluentBuilder;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, LayerVersionContentInput, Runtime};
use innkeeper_fake::FakeAws;
use pretty_assertions::assert_eq;

use crate::aws::{client_of, config, invoke, payload, refused};

const OTHER: &str = "000000000001";
const ARN: &str = "arn:aws:lambda:eu-west-1:000000000000:function:echo";
/// An archive without a file.
const ARCHIVE: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// A fake with a function `echo`, and clients of its own account and of another.
fn two() -> (FakeAws, Client, Client) {
    let fake = empty();
    fake.lambda().function("echo", |event| async move { Ok(event.payload) }).unwrap();
    let [own, other] = clients(&fake);
    (fake, own, other)
}

fn empty() -> FakeAws {
    FakeAws::builder().identity("AKIDONE", "one-secret").identity("AKIDTWO", "two-secret").build()
}

fn clients(fake: &FakeAws) -> [Client; 2] {
    [("AKIDONE", "one-secret"), ("AKIDTWO", "two-secret")].map(|(id, secret)| {
        client_of(config(fake, "eu-west-1").credentials_provider(Credentials::from_keys(id, secret, None)))
    })
}

fn create(client: &Client, name: &str, account: &str) -> CreateFunctionFluentBuilder {
    let code = FunctionCode::builder().zip_file(Blob::new(ARCHIVE)).build();
    let create = client.create_function().function_name(name).code(code).handler("main.handler");
    create.runtime(Runtime::Python312).role(format!("arn:aws:iam::{account}:role/worker"))
}

async fn functions(client: &Client) -> Vec<String> {
    let listed = client.list_functions().send().await.unwrap();
    listed.functions().iter().map(|function| function.function_arn().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn each_owns_what_it_makes() {
    let (fake, own, other) = two();
    refused(
        create(&other, "echo", "000000000000").send().await,
        400,
        "InvalidParameterValueException",
        "Cross-account pass role is not allowed.",
    );
    // Of the same name, and another function.
    let made = create(&other, "echo", OTHER).timeout(9).send().await.unwrap();
    let theirs = format!("arn:aws:lambda:eu-west-1:{OTHER}:function:echo");
    assert_eq!(made.function_arn(), Some(&*theirs));
    assert_eq!(functions(&own).await, [ARN]);
    assert_eq!(functions(&other).await, [&*theirs]);
    assert_eq!(payload(&invoke(&own, "echo", "1").send().await.unwrap()), 1);
    let output = invoke(&other, "echo", "1").send().await.unwrap();
    assert_eq!(payload(&output)["errorType"], "Fake.CodeNotRun");
    let invoked: Vec<_> = fake.lambda().invocations().into_iter().map(|it| it.account_id).collect();
    assert_eq!(invoked, [None, Some(OTHER.to_owned())]);
    assert_eq!(fake.lambda().invocations_of("echo").len(), 1);
    // What one account has reserved, the other does not miss.
    for client in [&own, &other] {
        let reserve = client.put_function_concurrency().function_name("echo");
        reserve.reserved_concurrent_executions(900).send().await.unwrap();
    }
    other.delete_function().function_name("echo").send().await.unwrap();
    assert_eq!(fake.lambda().functions(), ["echo"]);
}

#[tokio::test(start_paused = true)]
async fn a_function_is_for_others_as_far_as_its_policy_lets_it_be() {
    let (_fake, own, other) = two();
    let get = || other.get_function_configuration().function_name(ARN).send();
    let permit = |id: &str, action: &str| {
        own.add_permission().function_name("echo").statement_id(id).action(action).principal(OTHER)
    };
    let denied = |action: &str, arn: &str| {
        format!(
            "User: arn:aws:iam::{OTHER}:user/fake is not authorized to perform: {action} on resource: {arn} because no \
             resource-based policy allows the {action} action"
        )
    };
    let invoked = denied("lambda:InvokeFunction", ARN);
    refused(invoke(&other, ARN, "1").send().await, 403, "AccessDeniedException", &invoked);
    let missing = ARN.replace("echo", "none");
    let invoked = denied("lambda:InvokeFunction", &missing);
    refused(invoke(&other, &missing, "1").send().await, 403, "AccessDeniedException", &invoked);
    permit("invoke", "lambda:InvokeFunction").send().await.unwrap();
    assert_eq!(payload(&invoke(&other, ARN, "1").send().await.unwrap()), 1);
    let partial = "000000000000:function:echo";
    assert_eq!(payload(&invoke(&other, partial, "2").send().await.unwrap()), 2);
    // Not by name, which is one of their own, and nothing else.
    refused(invoke(&other, "echo", "1").send().await, 404, "ResourceNotFoundException", OTHER);
    let shown = denied("lambda:GetFunctionConfiguration", ARN);
    refused(get().await, 403, "AccessDeniedException", &shown);
    permit("get", "lambda:Get*").send().await.unwrap();
    assert_eq!(get().await.unwrap().function_arn(), Some(ARN));
    own.remove_permission().function_name("echo").statement_id("invoke").send().await.unwrap();
    refused(invoke(&other, ARN, "1").send().await, 403, "AccessDeniedException", "lambda:InvokeFunction");
}

#[tokio::test(start_paused = true)]
async fn a_permission_is_of_one_qualifier_and_of_who_is_meant() {
    let (fake, own, other) = two();
    let version = fake.lambda().function("echo", |event| async move { Ok(event.payload) }).unwrap();
    let number = version.publish();
    version.alias("live", number).unwrap();
    let live = format!("{ARN}:live");
    let permit = |id: &str| own.add_permission().statement_id(id).action("lambda:InvokeFunction");
    permit("live").function_name("echo").qualifier("live").principal(OTHER).send().await.unwrap();
    assert_eq!(payload(&invoke(&other, &live, "1").send().await.unwrap()), 1);
    for arn in [ARN.to_owned(), format!("{ARN}:1")] {
        refused(invoke(&other, &arn, "1").send().await, 403, "AccessDeniedException", &arn);
    }
    // A service, its source, an organization, another account: none is whoever asks.
    let on = |id: &str, principal: &str| permit(id).function_name("echo").principal(principal);
    on("service", "s3.amazonaws.com").send().await.unwrap();
    on("source", OTHER).source_arn("arn:aws:s3:::bucket").send().await.unwrap();
    on("organization", "*").principal_org_id("o-aaaaaaaaaa").send().await.unwrap();
    on("stranger", "222222222222").send().await.unwrap();
    on("user", &format!("arn:aws:iam::{OTHER}:user/somebody")).send().await.unwrap();
    refused(invoke(&other, ARN, "1").send().await, 403, "AccessDeniedException", "");
    on("this-user", &format!("arn:aws:iam::{OTHER}:user/fake")).send().await.unwrap();
    assert_eq!(payload(&invoke(&other, ARN, "1").send().await.unwrap()), 1);
}

#[tokio::test(start_paused = true)]
async fn a_layer_is_for_others_as_far_as_its_policy_lets_it_be() {
    let (_fake, own, other) = two();
    let content = LayerVersionContentInput::builder().zip_file(Blob::new(ARCHIVE)).build();
    let publish = own.publish_layer_version().layer_name("deps").content(content);
    let arn = publish.send().await.unwrap().layer_version_arn.unwrap();
    assert!(other.list_layers().send().await.unwrap().layers().is_empty());
    let get = || other.get_layer_version_by_arn().arn(&arn).send();
    let with_layer = || create(&other, "work", OTHER).layers(&arn).send();
    refused(get().await, 403, "AccessDeniedException", &format!("on resource: {arn} because"));
    refused(with_layer().await, 403, "AccessDeniedException", "lambda:GetLayerVersion");
    let permit = own.add_layer_version_permission().layer_name("deps").version_number(1);
    let permit = permit.statement_id("other").action("lambda:GetLayerVersion").principal(OTHER);
    permit.send().await.unwrap();
    assert_eq!(get().await.unwrap().layer_version_arn(), Some(&*arn));
    assert_eq!(with_layer().await.unwrap().layers()[0].code_size(), 22);
    let (layer, _) = arn.rsplit_once(':').unwrap();
    let delete = other.delete_layer_version().layer_name(layer).version_number(1).send().await;
    refused(delete, 403, "AccessDeniedException", "lambda:DeleteLayerVersion");
    let missing = other.get_layer_version_by_arn().arn(format!("{layer}:2")).send().await;
    refused(missing, 403, "AccessDeniedException", "lambda:GetLayerVersion");
}

#[tokio::test(start_paused = true)]
async fn a_mapping_is_of_its_functions_account() {
    let (fake, own, other) = two();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sqs")).unwrap();
    let policy =
        r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}}"#;
    let open = format!(r#"{{ "attributes": {{ "Policy": {policy} }} }}"#);
    for (queue, document) in [("open", &*open), ("shut", "{}")] {
        fs::write(folder.path().join("sqs").join(format!("{queue}.json")), document).unwrap();
    }
    fake.seed(folder.path()).unwrap();
    create(&other, "work", OTHER).send().await.unwrap();
    let map = |client: &Client, function: &str, queue: &str| {
        let source = format!("arn:aws:sqs:eu-west-1:000000000000:{queue}");
        client.create_event_source_mapping().event_source_arn(source).function_name(function).send()
    };
    // A queue of this account, for a function of that one.
    let reason = "does not have permissions to call ReceiveMessage on SQS";
    refused(map(&other, "work", "shut").await, 400, "InvalidParameterValueException", reason);
    let mapping = map(&other, "work", "open").await.unwrap();
    let theirs = format!("arn:aws:lambda:eu-west-1:{OTHER}:");
    assert_eq!(mapping.function_arn(), Some(&*format!("{theirs}function:work")));
    assert!(mapping.event_source_mapping_arn().unwrap().starts_with(&theirs));
    assert!(own.list_event_source_mappings().send().await.unwrap().event_source_mappings().is_empty());
    let get = own.get_event_source_mapping().uuid(mapping.uuid().unwrap()).send().await;
    refused(get, 404, "ResourceNotFoundException", "The resource you requested does not exist.");
    refused(
        map(&own, "work", "open").await,
        400,
        "InvalidParameterValueException",
        "Function does not exist",
    );
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    fake.sqs().send("open", "a letter").unwrap();
    fake.lambda().idle().await;
    let [invoked] = &fake.lambda().invocations()[..] else { panic!("one invocation") };
    assert_eq!((invoked.account_id.as_deref(), &*invoked.function), (Some(OTHER), "work"));

    fake.save(folder.path()).unwrap();
    let saved = fs::read_to_string(folder.path().join("lambda/work@000000000001.json")).unwrap();
    assert!(saved.contains(r#""uploaded": true"#), "{saved}");
    let again = empty();
    assert_eq!(again.seed(folder.path()).unwrap().functions, 1);
    let [own, other] = clients(&again);
    assert!(functions(&own).await.is_empty());
    assert_eq!(functions(&other).await, [format!("{theirs}function:work")]);
    let listed = other.list_event_source_mappings().send().await.unwrap();
    assert_eq!(listed.event_source_mappings()[0].uuid(), mapping.uuid());
    // For a fake whose own account it is it is an own function.
    let theirs = FakeAws::builder().account_id(OTHER).build();
    theirs.seed(folder.path()).unwrap();
    assert_eq!(theirs.lambda().functions(), ["work"]);
}
