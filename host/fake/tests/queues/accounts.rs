//! Queues of more than one account: those that the roles of others make are their own.

#![expect(clippy::disallowed_methods, reason = "these tests are about what lies under a client")]

use aws_sdk_sqs::config::Credentials;
use innkeeper_fake::FakeAws;
use pretty_assertions::assert_eq;

use crate::aws::{ACCOUNT, Queue, client_in, client_of, config, queue, refused};

const OTHER: &str = "111111111111";

/// A client with a session of a role of [`OTHER`].
async fn other(fake: &FakeAws) -> aws_sdk_sqs::Client {
    let user = Credentials::from_keys("AKIDEXAMPLE", "secret", None);
    let sts = aws_sdk_sts::Config::builder()
        .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
        .region(aws_sdk_sts::config::Region::new("eu-west-1"))
        .credentials_provider(user)
        .http_client(fake.http_client())
        .time_source(fake.time_source())
        .sleep_impl(fake.sleep())
        .build();
    let assume = aws_sdk_sts::Client::from_conf(sts).assume_role().role_session_name("session");
    let assumed = assume.role_arn(format!("arn:aws:iam::{OTHER}:role/worker")).send().await.unwrap();
    let given = assumed.credentials().unwrap();
    let token = Some(given.session_token().to_owned());
    let session = Credentials::new(given.access_key_id(), given.secret_access_key(), token, None, "test");
    client_of(config(fake, "eu-west-1").credentials_provider(session))
}

#[tokio::test(start_paused = true)]
async fn own_their_queues() {
    let queue = queue().await;
    let client = other(&queue.fake).await;
    let unknown = client.get_queue_url().queue_name("orders").send().await;
    refused(unknown, 400, "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.");
    // Of the same name, and another queue.
    let url = client.create_queue().queue_name("orders").send().await.unwrap().queue_url.unwrap();
    assert!(url.ends_with(&format!("/{OTHER}/orders")), "{url}");
    assert!(queue.url.ends_with(&format!("/{ACCOUNT}/orders")), "{}", queue.url);
    let theirs = Queue { client, url, fake: queue.fake.clone() };
    assert_eq!(theirs.arn().await, format!("arn:aws:sqs:eu-west-1:{OTHER}:orders"));
    theirs.send("theirs").send().await.unwrap();
    queue.send("ours").send().await.unwrap();
    assert_eq!(theirs.bodies().await, ["theirs"]);
    assert_eq!(queue.bodies().await, ["ours"]);
    for owner in [&theirs, &queue] {
        let listed = owner.client.list_queues().send().await.unwrap();
        assert_eq!(listed.queue_urls(), std::slice::from_ref(&owner.url));
    }
}

#[tokio::test(start_paused = true)]
async fn have_files_of_their_own() {
    let queue = queue().await;
    let client = other(&queue.fake).await;
    let url = client.create_queue().queue_name("orders").send().await.unwrap().queue_url.unwrap();
    Queue { client, url, ..queue.clone() }.send("theirs").send().await.unwrap();
    queue.send("ours").send().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let saved = FakeAws::new().snapshot().changes_to(&queue.fake.snapshot()).save(dir.path()).unwrap();
    let path = |name: &str| dir.path().join("sqs").join(name);
    assert_eq!(saved.queues, [path("orders@eu-west-1.json"), path("orders@eu-west-1@111111111111.json")]);
    let again = FakeAws::new();
    assert_eq!(again.seed(dir.path()).unwrap().queues, 2);
    for (client, body) in [(client_in(&again, "eu-west-1"), "ours"), (other(&again).await, "theirs")] {
        let url = client.get_queue_url().queue_name("orders").send().await.unwrap().queue_url.unwrap();
        assert_eq!(Queue { fake: again.clone(), client, url }.bodies().await, [body]);
    }
}

#[tokio::test(start_paused = true)]
async fn are_let_in_by_a_permission() {
    let queue = queue().await;
    let client = other(&queue.fake).await;
    let theirs = Queue { client, ..queue.clone() };
    refused(theirs.send("x").send().await, 403, "AccessDeniedException", "");
    let permit = queue.client.add_permission().queue_url(&queue.url).label("other");
    permit.aws_account_ids(OTHER).actions("SendMessage").send().await.unwrap();
    theirs.send("x").send().await.unwrap();
    refused(theirs.receive().send().await, 403, "AccessDeniedException", "");
    assert_eq!(queue.bodies().await, ["x"]);
    let url = theirs.client.get_queue_url().queue_name("orders").queue_owner_aws_account_id(ACCOUNT).send();
    refused(url.await, 400, "AWS.SimpleQueueService.NonExistentQueue", "");
    queue.client.remove_permission().queue_url(&queue.url).label("other").send().await.unwrap();
    refused(theirs.send("x").send().await, 403, "AccessDeniedException", "");
}
