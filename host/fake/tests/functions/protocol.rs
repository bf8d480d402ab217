//! Lambda at the wire: headers, the call log, faults.

use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::error::ProvideErrorMetadata as _;
use aws_sdk_lambda::operation::invoke::InvokeError;
use aws_smithy_runtime_api::client::http::{HttpClient as _, HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use innkeeper_fake::{FakeAws, Fault, Service};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::aws::{client_of, config, echo, invoke, refused};

const SCOPE: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/lambda/aws4_request, \
                     SignedHeaders=host, Signature=00";

async fn send(fake: &FakeAws, method: &str, path: &str, authorization: Option<&str>) -> HttpResponse {
    let uri = format!("https://lambda.eu-west-1.amazonaws.com{path}");
    let mut request = http::Request::builder().method(method).uri(uri);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let request = request.body(SdkBody::from("{}")).unwrap();
    let components = RuntimeComponentsBuilder::for_tests().build().unwrap();
    let connector = fake.http_client().http_connector(&HttpConnectorSettings::builder().build(), &components);
    connector.call(HttpRequest::try_from(request).unwrap()).await.unwrap()
}

async fn document(response: HttpResponse) -> Value {
    let body = ByteStream::new(response.into_body()).collect().await.unwrap();
    serde_json::from_slice(&body.to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn writes_errors_as_rest_json() {
    let fake = FakeAws::new();
    let answer = send(&fake, "GET", "/2015-03-31/functions/missing", Some(SCOPE)).await;
    assert_eq!(answer.status().as_u16(), 404);
    assert_eq!(answer.headers().get("x-amzn-errortype"), Some("ResourceNotFoundException"));
    assert_eq!(answer.headers().get("content-type"), Some("application/json"));
    assert_eq!(answer.headers().get("x-amzn-requestid").unwrap().len(), 36);
    let message = "Function not found: arn:aws:lambda:eu-west-1:000000000000:function:missing";
    assert_eq!(document(answer).await, json!({ "Type": "User", "Message": message }));
    let anonymous = send(&fake, "GET", "/2015-03-31/functions/", None).await;
    assert_eq!(anonymous.status().as_u16(), 403);
    for (method, path) in
        [("PUT", "/2015-03-31/functions/f"), ("GET", "/"), ("PATCH", "/2015-03-31/functions/f")]
    {
        let unknown = send(&fake, method, path, Some(SCOPE)).await;
        assert_eq!(unknown.status().as_u16(), 404);
        assert_eq!(unknown.headers().get("x-amzn-errortype"), Some("UnknownOperationException"));
    }
}

#[tokio::test(start_paused = true)]
async fn logs_calls_with_their_function() {
    let (fake, client) = echo();
    invoke(&client, "arn:aws:lambda:eu-west-1:000000000000:function:echo:$LATEST", "{}")
        .send()
        .await
        .unwrap();
    client.list_functions().send().await.unwrap();
    let calls = fake.calls();
    let seen: Vec<_> =
        calls.iter().map(|call| (&call.service, call.operation.as_str(), call.function.as_deref())).collect();
    assert_eq!(seen, [(&Service::Lambda, "Invoke", Some("echo")), (&Service::Lambda, "ListFunctions", None)]);
}

#[tokio::test(start_paused = true)]
async fn faults_meet_the_calls_of_a_function() {
    let (fake, client) = echo();
    fake.lambda().function("other", |event| async move { Ok(event.payload) }).unwrap();
    let push = |code: &str| fake.faults().push(Fault::error(code).function("echo").on("Invoke"));
    push("TooManyRequestsException");
    invoke(&client, "other", "{}").send().await.unwrap();
    let throttled = invoke(&client, "echo", "{}").send().await.unwrap_err().into_service_error();
    let InvokeError::TooManyRequestsException(throttled) = throttled else { panic!("{throttled:?}") };
    assert_eq!(throttled.reason().unwrap().as_str(), "CallerRateLimitExceeded");
    for (code, status) in [
        ("RecursiveInvocationException", 400),
        ("EFSIOException", 410),
        ("KMSDisabledException", 502),
        ("SnapStartNotReadyException", 409),
        ("AccessDeniedException", 403),
        ("ServiceException", 500),
    ] {
        push(code);
        let failed = invoke(&client, "echo", "{}").send().await;
        assert_eq!(failed.as_ref().unwrap_err().code(), Some(code));
        refused(failed, status, code, "injected fault");
    }
    fake.faults().push(Fault::error("ServiceException").function("echo").times(2));
    let retrying = client_of(config(&fake, "eu-west-1").retry_config(RetryConfig::standard()));
    invoke(&retrying, "echo", "{}").send().await.unwrap();
    assert_eq!(fake.lambda().invocations_of("echo").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_and_a_retry_run_the_function_twice() {
    let (fake, _) = echo();
    fake.faults().push(Fault::lose_answer().function("echo"));
    let retrying = client_of(config(&fake, "eu-west-1").retry_config(RetryConfig::standard()));
    invoke(&retrying, "echo", "{}").send().await.unwrap();
    assert_eq!(fake.lambda().invocations().len(), 2);
}
