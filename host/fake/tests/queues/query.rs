//! The query protocol: forms and URLs in, XML out, as clients from before AWS JSON have it. What is expected is what has
//! been recorded on AWS.

use aws_smithy_runtime_api::client::http::{HttpClient as _, HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use innkeeper_fake::{FakeAws, Fault, Service};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::aws::ACCOUNT;

const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/sqs/aws4_request, \
                             SignedHeaders=host, Signature=00";
const NAMESPACE: &str = "http://queue.amazonaws.com/doc/2012-11-05/";

/// Status and body of an answer.
type Answer = (u16, String);

async fn request(fake: &FakeAws, request: http::request::Builder, body: &str) -> Answer {
    let request = request
        .header("host", "127.0.0.1:4566")
        .header("authorization", AUTHORIZATION)
        .body(SdkBody::from(body))
        .unwrap();
    let components = RuntimeComponentsBuilder::for_tests().build().unwrap();
    let connector = fake.http_client().http_connector(&HttpConnectorSettings::builder().build(), &components);
    let response = connector.call(HttpRequest::try_from(request).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = ByteStream::new(response.into_body()).collect().await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// A form to the endpoint.
async fn post(fake: &FakeAws, form: &str) -> Answer {
    let http = http::Request::builder().method("POST").uri("http://127.0.0.1:4566/");
    request(fake, http.header("content-type", "application/x-www-form-urlencoded"), form).await
}

/// A URL and nothing else.
async fn get(fake: &FakeAws, path: &str) -> Answer {
    request(fake, http::Request::builder().uri(format!("http://127.0.0.1:4566{path}")), "").await
}

async fn get_json(fake: &FakeAws, path: &str) -> (u16, Value) {
    let http = http::Request::builder().uri(format!("http://127.0.0.1:4566{path}"));
    let (status, body) = request(fake, http.header("accept", "application/json"), "").await;
    (status, serde_json::from_str(&body).unwrap())
}

/// What stands in the first element of this name.
fn text<'a>(xml: &'a str, element: &str) -> &'a str {
    let start = format!("<{element}>");
    assert!(xml.contains(&start), "no {element} in {xml}");
    let (_, rest) = xml.split_once(&start).unwrap();
    rest.split_once(&format!("</{element}>")).unwrap().0
}

/// Code, type and message.
fn error(answer: &Answer) -> (u16, &str, &str, &str) {
    assert!(answer.1.contains(&format!("<ErrorResponse xmlns=\"{NAMESPACE}\"><Error>")), "{}", answer.1);
    (answer.0, text(&answer.1, "Type"), text(&answer.1, "Code"), text(&answer.1, "Message"))
}

#[tokio::test(start_paused = true)]
async fn the_whole_life_of_a_message() {
    let fake = FakeAws::new();
    let (status, created) = post(
        &fake,
        "Action=CreateQueue&Version=2012-11-05&QueueName=orders&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=5&\
         Tag.1.Key=team&Tag.1.Value=sales",
    )
    .await;
    assert_eq!(status, 200);
    assert!(created.contains(&format!("<CreateQueueResponse xmlns=\"{NAMESPACE}\"><CreateQueueResult>")));
    assert!(created.contains("</CreateQueueResult><ResponseMetadata><RequestId>"));
    let url = text(&created, "QueueUrl").to_owned();
    assert_eq!(url, format!("http://127.0.0.1:4566/{ACCOUNT}/orders"));
    let tags = post(&fake, &format!("Action=ListQueueTags&QueueUrl={url}")).await.1;
    assert_eq!(text(&tags, "ListQueueTagsResult"), "<Tag><Key>team</Key><Value>sales</Value></Tag>");

    let sent = post(
        &fake,
        &format!(
            "Action=SendMessage&QueueUrl={url}&MessageBody=a%26b%0D&MessageAttribute.1.Name=k&\
             MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=v"
        ),
    )
    .await
    .1;
    let received = post(
        &fake,
        &format!("Action=ReceiveMessage&QueueUrl={url}&AttributeName.1=ApproximateReceiveCount&MessageAttributeName.1=All"),
    )
    .await
    .1;
    let message = text(&received, "Message");
    assert_eq!(text(message, "MessageId"), text(&sent, "MessageId"));
    assert_eq!(text(message, "Body"), "a&amp;b&#xD;");
    assert_eq!(text(message, "Attribute"), "<Name>ApproximateReceiveCount</Name><Value>1</Value>");
    assert_eq!(
        text(message, "MessageAttribute"),
        "<Name>k</Name><Value><DataType>String</DataType><StringValue>v</StringValue></Value>"
    );
    assert_eq!(text(message, "MD5OfMessageAttributes"), text(&sent, "MD5OfMessageAttributes"));

    let handle: String =
        url::form_urlencoded::byte_serialize(text(message, "ReceiptHandle").as_bytes()).collect();
    let entry = "DeleteMessageBatchRequestEntry";
    let deleted = post(
        &fake,
        &format!(
            "Action=DeleteMessageBatch&QueueUrl={url}&{entry}.1.Id=a&{entry}.1.ReceiptHandle={handle}&{entry}.2.Id=b&\
             {entry}.2.ReceiptHandle=x"
        ),
    )
    .await
    .1;
    assert_eq!(text(&deleted, "DeleteMessageBatchResultEntry"), "<Id>a</Id>");
    assert_eq!(text(text(&deleted, "BatchResultErrorEntry"), "Code"), "ReceiptHandleIsInvalid");
    assert_eq!(fake.sqs().messages("orders"), []);
    let deleted = post(&fake, &format!("Action=DeleteQueue&QueueUrl={url}")).await;
    assert!(deleted.0 == 200 && deleted.1.contains("<DeleteQueueResponse ") && !deleted.1.contains("Result"));
    let calls: Vec<_> = fake.calls().into_iter().map(|call| (call.operation, call.queue)).collect();
    assert_eq!(calls[2], ("SendMessage".to_owned(), Some("orders".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn the_url_of_a_queue_is_an_endpoint() {
    let fake = FakeAws::new();
    for queue in ["orders", "other"] {
        post(&fake, &format!("Action=CreateQueue&QueueName={queue}")).await;
    }
    let path = format!("/{ACCOUNT}/orders");
    let attributes = get(&fake, &format!("{path}?Action=GetQueueAttributes&AttributeName.1=All")).await.1;
    let arn = format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:orders");
    assert!(
        attributes.contains(&format!("<Attribute><Name>QueueArn</Name><Value>{arn}</Value></Attribute>"))
    );
    assert!(attributes.contains("<Attribute><Name>VisibilityTimeout</Name><Value>30</Value></Attribute>"));

    let none = get(&fake, &format!("{path}?Action=ReceiveMessage")).await;
    assert!(none.0 == 200 && none.1.contains("<ReceiveMessageResult/>"), "{}", none.1);
    assert_eq!(get(&fake, &format!("{path}?Action=SendMessage&MessageBody=x")).await.0, 200);
    assert_eq!(fake.sqs().messages("orders").len(), 1);
    // Another queue goes before that of the path.
    let url = format!("http://127.0.0.1:4566/{ACCOUNT}/other");
    let other =
        get(&fake, &format!("{path}?Action=GetQueueAttributes&QueueUrl={url}&AttributeName.1=QueueArn"))
            .await
            .1;
    assert!(other.contains(":other") && !other.contains(":orders"));

    let refused = get(&fake, &format!("{path}?Action=SendMessage")).await;
    assert_eq!(
        error(&refused),
        (400, "Sender", "MissingParameter", "The request must contain the parameter MessageBody.")
    );
    for action in ["FooBar", "CreateQueue", "ListQueues"] {
        let refused = get(&fake, &format!("{path}?Action={action}&QueueName=x")).await;
        let message = format!("The action {action} is not valid for this endpoint.");
        assert_eq!(error(&refused), (400, "Sender", "InvalidAction", message.as_str()));
    }
    let unknown = get(&fake, &path).await;
    assert_eq!((unknown.0, unknown.1.trim()), (404, "<UnknownOperationException/>"));
    assert_eq!(fake.sqs().queues(), ["orders", "other"]);
}

#[tokio::test(start_paused = true)]
async fn errors_have_the_older_codes() {
    let fake = FakeAws::new();
    let missing = post(&fake, "Action=GetQueueUrl&QueueName=missing").await;
    let gone = "The specified queue does not exist for this wsdl version.";
    assert_eq!(error(&missing), (400, "Sender", "AWS.SimpleQueueService.NonExistentQueue", gone));
    assert!(missing.1.contains("<Detail/>"));
    assert_eq!(fake.calls()[0].error_code.as_deref(), Some("QueueDoesNotExist"));
    fake.faults().push(Fault::error("RequestThrottled").service(Service::Sqs));
    let throttled = post(&fake, "Action=ListQueues").await;
    assert_eq!(error(&throttled), (403, "Sender", "RequestThrottled", "injected fault: RequestThrottled"));
    let number = post(&fake, "Action=ListQueues&MaxResults=x").await;
    assert_eq!(error(&number).2, "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn answers_in_json_who_asks_for_it() {
    let fake = FakeAws::new();
    post(&fake, "Action=CreateQueue&QueueName=orders").await;
    let path = format!("/{ACCOUNT}/orders");
    let url = format!("http://127.0.0.1:4566{path}");
    let (status, queues) = get_json(&fake, "/?Action=ListQueues&Version=2012-11-05").await;
    assert_eq!(status, 200);
    assert_eq!(queues["ListQueuesResponse"]["ListQueuesResult"], json!({ "queueUrls": [url] }));
    post(&fake, "Action=SendMessage&QueueUrl=orders&MessageBody=x").await;
    let (_, received) = get_json(&fake, &format!("{path}?Action=ReceiveMessage")).await;
    assert_eq!(received["ReceiveMessageResponse"]["ReceiveMessageResult"]["messages"][0]["Body"], "x");
    let (_, attributes) =
        get_json(&fake, &format!("{path}?Action=GetQueueAttributes&AttributeName.1=DelaySeconds")).await;
    assert_eq!(
        attributes["GetQueueAttributesResponse"]["GetQueueAttributesResult"]["Attributes"],
        json!([{ "Name": "DelaySeconds", "Value": "0" }])
    );
    let (status, refused) = get_json(&fake, &format!("{path}?Action=ListQueues")).await;
    assert_eq!(status, 400);
    assert_eq!(refused["Error"]["Code"], "InvalidAction");
}

#[tokio::test(start_paused = true)]
async fn of_two_lists_of_system_attributes_the_older_counts() {
    let fake = FakeAws::new();
    post(&fake, "Action=CreateQueue&QueueName=orders").await;
    post(&fake, "Action=SendMessage&QueueUrl=orders&MessageBody=x").await;
    let received = post(
        &fake,
        "Action=ReceiveMessage&QueueUrl=orders&MessageSystemAttributeName.1=All&AttributeName.1=SenderId",
    )
    .await
    .1;
    assert_eq!(received.matches("<Attribute>").count(), 1);
    assert_eq!(text(text(&received, "Attribute"), "Name"), "SenderId");
}
