//! SQS at the wire: headers, the call log, faults, credentials.

use aws_sdk_sqs::config::retry::RetryConfig;
use aws_smithy_runtime_api::client::http::{HttpClient as _, HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use innkeeper_fake::{FakeAws, Fault, Service};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::aws::{client_in, client_of, config, queue, refused};

const SCOPE: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/sqs/aws4_request, SignedHeaders=host, \
                     Signature=00";

async fn send(fake: &FakeAws, operation: &str, authorization: Option<&str>, body: &str) -> HttpResponse {
    let mut request = http::Request::builder()
        .method("POST")
        .uri("https://sqs.eu-west-1.amazonaws.com/")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("AmazonSQS.{operation}"));
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let request = request.body(SdkBody::from(body)).unwrap();
    let components = RuntimeComponentsBuilder::for_tests().build().unwrap();
    let connector = fake.http_client().http_connector(&HttpConnectorSettings::builder().build(), &components);
    connector.call(HttpRequest::try_from(request).unwrap()).await.unwrap()
}

async fn document(response: HttpResponse) -> Value {
    let body = ByteStream::new(response.into_body()).collect().await.unwrap();
    serde_json::from_slice(&body.to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn writes_errors_as_aws_json_and_for_the_query_protocol() {
    let fake = FakeAws::new();
    let answer = send(&fake, "GetQueueUrl", Some(SCOPE), r#"{"QueueName":"missing"}"#).await;
    assert_eq!(answer.status().as_u16(), 400);
    let header = |name: &str| answer.headers().get(name).map(str::to_owned);
    assert_eq!(header("content-type").as_deref(), Some("application/x-amz-json-1.0"));
    assert_eq!(
        header("x-amzn-query-error").as_deref(),
        Some("AWS.SimpleQueueService.NonExistentQueue;Sender")
    );
    assert_eq!(header("x-amzn-requestid").unwrap().len(), 36);
    let expected = json!({ "__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "The specified queue does not exist." });
    assert_eq!(document(answer).await, expected);
    assert_eq!(fake.calls()[0].error_code.as_deref(), Some("QueueDoesNotExist"));
}

#[tokio::test(start_paused = true)]
async fn refuses_what_no_sdk_would_send() {
    let fake = FakeAws::new();
    for (operation, body, shape) in [
        ("SendMessage", "{", "com.amazon.coral.service#SerializationException"),
        ("SendMessage", "[]", "com.amazon.coral.service#SerializationException"),
        ("SendMessage", r#"{"QueueUrl":1}"#, "com.amazon.coral.service#SerializationException"),
        ("SendMessage", "{}", "com.amazonaws.sqs#MissingRequiredParameterException"),
        ("CreateQueue", "", "com.amazonaws.sqs#MissingRequiredParameterException"),
        ("DestroyQueue", "{}", "com.amazon.coral.service#UnknownOperationException"),
    ] {
        let answer = send(&fake, operation, Some(SCOPE), body).await;
        assert_eq!(answer.status().as_u16(), 400);
        assert_eq!(document(answer).await["__type"], shape, "{operation} {body}");
    }
    let anonymous = send(&fake, "ListQueues", None, "{}").await;
    assert_eq!(anonymous.status().as_u16(), 403);
    assert_eq!(document(anonymous).await["__type"], "com.amazon.coral.service#MissingAuthenticationToken");
    let s3 = send(&fake, "ListQueues", Some(&SCOPE.replace("sqs", "s3")), "{}").await;
    assert_eq!(s3.status().as_u16(), 403);
    assert_eq!(fake.sqs().queues(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn logs_calls_with_their_queue() {
    let queue = queue().await;
    queue.send("x").send().await.unwrap();
    queue.client.list_queues().send().await.unwrap();
    let calls = queue.fake.calls();
    let seen: Vec<_> =
        calls.iter().map(|call| (&call.service, call.operation.as_str(), call.queue.as_deref())).collect();
    assert_eq!(
        seen,
        [
            (&Service::Sqs, "CreateQueue", Some("orders")),
            (&Service::Sqs, "SendMessage", Some("orders")),
            (&Service::Sqs, "ListQueues", None),
        ]
    );
    assert_eq!(calls[1].region.as_deref(), Some("eu-west-1"));
    assert!(calls[1].bytes_in > 0 && calls[1].bytes_out > 0);
}

#[tokio::test(start_paused = true)]
async fn faults_meet_the_calls_of_a_queue() {
    let queue = queue().await;
    let other = queue.other("other", &[]).await;
    queue.fake.faults().push(Fault::error("RequestThrottled").queue("orders").on("SendMessage").times(2));
    other.send("x").send().await.unwrap();
    let throttled = queue.send("x").send().await;
    assert!(throttled.as_ref().unwrap_err().as_service_error().unwrap().is_request_throttled());
    refused(throttled, 403, "RequestThrottled", "injected fault");
    // The SDK tries a throttled call again by itself.
    let retrying = client_of(config(&queue.fake, "eu-west-1").retry_config(RetryConfig::standard()));
    retrying.send_message().queue_url(&queue.url).message_body("x").send().await.unwrap();
    assert_eq!(queue.fake.faults().remaining(), 0);
    assert_eq!(queue.bodies().await, ["x"]);

    queue.fake.faults().push(Fault::error("AWS.SimpleQueueService.NonExistentQueue").service(Service::Sqs));
    let missing = queue.send("x").send().await;
    assert!(missing.as_ref().unwrap_err().as_service_error().unwrap().is_queue_does_not_exist());
    queue.fake.faults().push(Fault::error("KmsThrottled").service(Service::Sqs));
    let kms = queue.send("x").send().await;
    assert!(kms.as_ref().unwrap_err().as_service_error().unwrap().is_kms_throttled());
    queue.fake.faults().push(Fault::error("AccessDeniedException").service(Service::Sqs));
    refused(queue.send("x").send().await, 403, "AccessDeniedException", "");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_leaves_the_message() {
    let queue = queue().await;
    queue.fake.faults().push(Fault::lose_answer().on("SendMessage"));
    queue.send("x").send().await.unwrap_err();
    assert_eq!(queue.bodies().await, ["x"]);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_ids() {
    let run = || async {
        let fake = FakeAws::builder().seed(7).build();
        let client = client_in(&fake, "eu-west-1");
        let url = client.create_queue().queue_name("q").send().await.unwrap().queue_url.unwrap();
        let sent = client.send_message().queue_url(&url).message_body("x").send().await.unwrap();
        let received = client.receive_message().queue_url(&url).send().await.unwrap();
        (sent.message_id, received.messages.unwrap().remove(0).receipt_handle)
    };
    assert_eq!(run().await, run().await);
}
