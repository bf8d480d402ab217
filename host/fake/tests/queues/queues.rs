//! Queues: made, found, listed, deleted, purged, tagged.

use aws_sdk_sqs::error::SdkError;
use aws_sdk_sqs::operation::create_queue::CreateQueueError;
use aws_sdk_sqs::types::QueueAttributeName;
use innkeeper_fake::FakeAws;
use pretty_assertions::assert_eq;

use crate::aws::{ACCOUNT, client_in, client_of, config, pass, queue, refused};

#[tokio::test(start_paused = true)]
async fn makes_a_queue_once() {
    let queue = queue().await;
    assert_eq!(queue.url, format!("https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/orders"));
    let create = || queue.client.create_queue().queue_name("orders");
    assert_eq!(create().send().await.unwrap().queue_url.unwrap(), queue.url);
    let same = create().attributes(QueueAttributeName::DelaySeconds, "0").send().await.unwrap();
    assert_eq!(same.queue_url.unwrap(), queue.url);
    let other = create().attributes(QueueAttributeName::DelaySeconds, "1").send().await;
    let SdkError::ServiceError(service) = other.as_ref().unwrap_err() else { panic!("{other:?}") };
    assert!(matches!(service.err(), CreateQueueError::QueueNameExists(_)));
    refused(other, 400, "QueueAlreadyExists", "different value for attribute DelaySeconds");
    assert_eq!(queue.fake.sqs().queues(), ["orders"]);
}

#[tokio::test(start_paused = true)]
async fn refuses_names_that_no_queue_has() {
    let client = client_in(&FakeAws::new(), "eu-west-1");
    let long = "x".repeat(81);
    for name in ["", "a.b", "a/b", "ä", "a.fifo", long.as_str()] {
        refused(
            client.create_queue().queue_name(name).send().await,
            400,
            "InvalidParameterValue",
            "Can only include alphanumeric characters",
        );
    }
    let fifo = client.create_queue().queue_name("a").attributes(QueueAttributeName::FifoQueue, "true");
    refused(fifo.send().await, 400, "InvalidParameterValue", "must end with .fifo suffix");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_queue_is_gone_and_its_name_is_free_after_a_minute() {
    let queue = queue().await;
    queue.send("lost").send().await.unwrap();
    let delete = || queue.client.delete_queue().queue_url(&queue.url).send();
    delete().await.unwrap();
    refused(delete().await, 400, "AWS.SimpleQueueService.NonExistentQueue", "does not exist");
    refused(queue.send("x").send().await, 400, "AWS.SimpleQueueService.NonExistentQueue", "");
    let create = || queue.client.create_queue().queue_name("orders").send();
    pass(59).await;
    refused(create().await, 400, "AWS.SimpleQueueService.QueueDeletedRecently", "60 seconds");
    pass(1).await;
    create().await.unwrap();
    assert_eq!(queue.bodies().await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn finds_the_url_of_a_name() {
    let queue = queue().await;
    let get = || queue.client.get_queue_url().queue_name("orders");
    assert_eq!(get().send().await.unwrap().queue_url.unwrap(), queue.url);
    let own = get().queue_owner_aws_account_id(ACCOUNT).send().await.unwrap();
    assert_eq!(own.queue_url.unwrap(), queue.url);
    let code = "AWS.SimpleQueueService.NonExistentQueue";
    refused(get().queue_owner_aws_account_id("111111111111").send().await, 400, code, "");
    let missing = queue.client.get_queue_url().queue_name("missing").send().await;
    assert!(missing.as_ref().unwrap_err().as_service_error().unwrap().is_queue_does_not_exist());
    refused(missing, 400, code, "The specified queue does not exist.");
}

#[tokio::test(start_paused = true)]
async fn a_queue_is_in_one_region() {
    let queue = queue().await;
    let other = client_in(&queue.fake, "us-east-1");
    let code = "AWS.SimpleQueueService.NonExistentQueue";
    refused(other.get_queue_url().queue_name("orders").send().await, 400, code, "");
    let send = other.send_message().queue_url(&queue.url).message_body("x").send().await;
    refused(send, 404, "InvalidAddress", "not valid for this endpoint");
    other.create_queue().queue_name("orders").send().await.unwrap();
    assert_eq!(queue.fake.sqs().queues(), ["orders"]);
    queue.fake.sqs().create_queue("everywhere").unwrap();
    for client in [&queue.client, &other] {
        client.get_queue_url().queue_name("everywhere").send().await.unwrap();
        assert_eq!(client.list_queues().send().await.unwrap().queue_urls().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn urls_lead_back_to_a_custom_endpoint() {
    let fake = FakeAws::new();
    let client = client_of(config(&fake, "eu-west-1").endpoint_url("http://127.0.0.1:4566"));
    let url = client.create_queue().queue_name("orders").send().await.unwrap().queue_url.unwrap();
    assert_eq!(url, format!("http://127.0.0.1:4566/{ACCOUNT}/orders"));
    client.send_message().queue_url(&url).message_body("x").send().await.unwrap();
    client.send_message().queue_url("orders").message_body("x").send().await.unwrap();
    assert_eq!(fake.sqs().messages("orders").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn lists_by_prefix_and_in_pages() {
    let queue = queue().await;
    for name in ["b-1", "b-2", "b-3", "c"] {
        queue.other(name, &[]).await;
    }
    let names = |urls: &[String]| -> Vec<String> {
        urls.iter().map(|url| url.rsplit('/').next().unwrap().to_owned()).collect()
    };
    let all = queue.client.list_queues().send().await.unwrap();
    assert_eq!(names(all.queue_urls()), ["b-1", "b-2", "b-3", "c", "orders"]);
    assert_eq!(all.next_token(), None);
    let none = queue.client.list_queues().queue_name_prefix("x").send().await.unwrap();
    assert_eq!(none.queue_urls(), [""; 0]);
    let page = || queue.client.list_queues().queue_name_prefix("b").max_results(2);
    let first = page().send().await.unwrap();
    assert_eq!(names(first.queue_urls()), ["b-1", "b-2"]);
    let second = page().next_token(first.next_token().unwrap()).send().await.unwrap();
    assert_eq!(names(second.queue_urls()), ["b-3"]);
    assert_eq!(second.next_token(), None);
    for max in [0, 1001] {
        refused(page().max_results(max).send().await, 400, "InvalidParameterValue", "between 1 and 1000");
    }
    refused(page().next_token("?").send().await, 400, "InvalidParameterValue", "next token");
}

#[tokio::test(start_paused = true)]
async fn purges_once_a_minute() {
    let queue = queue().await;
    for body in ["visible", "in flight", "delayed"] {
        let delay = if body == "delayed" { 60 } else { 0 };
        queue.send(body).delay_seconds(delay).send().await.unwrap();
    }
    queue.receive().max_number_of_messages(1).send().await.unwrap();
    assert_eq!(queue.counts().await, [1, 1, 1]);
    let purge = || queue.client.purge_queue().queue_url(&queue.url).send();
    purge().await.unwrap();
    assert_eq!(queue.counts().await, [0, 0, 0]);
    pass(59).await;
    let again = purge().await;
    assert!(again.as_ref().unwrap_err().as_service_error().unwrap().is_purge_queue_in_progress());
    refused(
        again,
        403,
        "AWS.SimpleQueueService.PurgeQueueInProgress",
        "on orders is allowed every 60 seconds",
    );
    pass(1).await;
    purge().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn tags_queues() {
    let queue = queue().await;
    let tags = || async {
        let tags = queue
            .client
            .list_queue_tags()
            .queue_url(&queue.url)
            .send()
            .await
            .unwrap()
            .tags
            .unwrap_or_default();
        let mut tags: Vec<_> = tags.into_iter().collect();
        tags.sort();
        tags
    };
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(tags().await, []);
    queue.client.tag_queue().queue_url(&queue.url).tags("a", "1").tags("b", "").send().await.unwrap();
    queue.client.tag_queue().queue_url(&queue.url).tags("a", "2").send().await.unwrap();
    assert_eq!(tags().await, [pair("a", "2"), pair("b", "")]);
    let untag = queue.client.untag_queue().queue_url(&queue.url).tag_keys("a").tag_keys("missing");
    untag.send().await.unwrap();
    assert_eq!(tags().await, [pair("b", "")]);
    let mut many = queue.client.tag_queue().queue_url(&queue.url);
    for number in 0..50 {
        many = many.tags(format!("tag-{number}"), "x");
    }
    refused(many.send().await, 400, "InvalidParameterValue", "Too many tags added for queue orders.");
    let reserved = queue.client.tag_queue().queue_url(&queue.url).tags("aws:x", "1").send().await;
    refused(reserved, 400, "InvalidParameterValue", "invalid");
}
