//! AWS JSON 1.0, the protocol that SDKs speak to SQS: the operation in a header, input and result as documents.

use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use s3s::Body;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::name::of_url;
use super::operations as ops;
use super::operations::Context;
use crate::fake::Shared;
use crate::layer::{Answer, AwsError};

pub(super) const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
/// What `x-amz-target` begins with.
const TARGET: &str = "AmazonSQS.";

/// A request whose document has been read.
pub(crate) struct Request {
    operation: String,
    input: Result<Map<String, Value>, AwsError>,
}

/// Who asks, and at which endpoint.
pub(crate) struct Caller {
    pub(crate) region: String,
    pub(crate) sender_id: String,
    /// Scheme and host.
    pub(crate) endpoint: String,
}

impl Request {
    pub(crate) fn read(parts: &Parts, body: &[u8]) -> Self {
        let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.strip_prefix(TARGET)).unwrap_or_default().to_owned();
        // An operation without parameters may come without a document.
        let document = if body.is_empty() { b"{}" } else { body };
        let input = serde_json::from_slice(document).map_err(|error| serialization(&error));
        Self { operation, input }
    }

    /// The name of the queue that the request is about, for the call log and for faults.
    pub(crate) fn queue(&self, account_id: &str, region: &str) -> Option<String> {
        let input = self.input.as_ref().ok()?;
        let text = |name: &str| input.get(name).and_then(Value::as_str);
        let arn = || text("SourceArn").and_then(|arn| arn.rsplit(':').next()).map(str::to_owned);
        text("QueueUrl")
            .and_then(|url| of_url(url, account_id, region).ok())
            .or_else(|| text("QueueName").map(str::to_owned))
            .or_else(arn)
    }

    /// Answers the request.
    pub(crate) async fn call(self, shared: &Shared, caller: Caller) -> Result<Answer, AwsError> {
        let Caller { region, sender_id, endpoint } = caller;
        let cx = &Context { shared, region, sender_id, endpoint };
        let input = Value::Object(self.input?);
        match self.operation.as_str() {
            "CancelMessageMoveTask" => run(cx, input, ops::cancel_message_move_task),
            "ChangeMessageVisibility" => run(cx, input, ops::change_message_visibility),
            "ChangeMessageVisibilityBatch" => run(cx, input, ops::change_message_visibility_batch),
            "CreateQueue" => run(cx, input, ops::create_queue),
            "DeleteMessage" => run(cx, input, ops::delete_message),
            "DeleteMessageBatch" => run(cx, input, ops::delete_message_batch),
            "DeleteQueue" => run(cx, input, ops::delete_queue),
            "GetQueueAttributes" => run(cx, input, ops::get_queue_attributes),
            "GetQueueUrl" => run(cx, input, ops::get_queue_url),
            "ListDeadLetterSourceQueues" => run(cx, input, ops::list_dead_letter_source_queues),
            "ListMessageMoveTasks" => run(cx, input, ops::list_message_move_tasks),
            "ListQueueTags" => run(cx, input, ops::list_queue_tags),
            "ListQueues" => run(cx, input, ops::list_queues),
            "PurgeQueue" => run(cx, input, ops::purge_queue),
            "ReceiveMessage" => {
                let result = ops::receive_message(cx, parse(input)?).await?;
                answer(&result)
            }
            "SendMessage" => run(cx, input, ops::send_message),
            "SendMessageBatch" => run(cx, input, ops::send_message_batch),
            "SetQueueAttributes" => run(cx, input, ops::set_queue_attributes),
            "StartMessageMoveTask" => run(cx, input, ops::start_message_move_task),
            "TagQueue" => run(cx, input, ops::tag_queue),
            "UntagQueue" => run(cx, input, ops::untag_queue),
            other => {
                let message = format!("the fake has no operation `{other}` of SQS over AWS JSON");
                Err(AwsError::new(StatusCode::BAD_REQUEST, "UnknownOperationException", message))
            }
        }
    }
}

fn run<I: DeserializeOwned, O: Serialize>(
    cx: &Context<'_>,
    input: Value,
    operation: impl FnOnce(&Context<'_>, I) -> Result<O, AwsError>,
) -> Result<Answer, AwsError> {
    answer(&operation(cx, parse(input)?)?)
}

fn parse<I: DeserializeOwned>(input: Value) -> Result<I, AwsError> {
    serde_json::from_value(input).map_err(|error| serialization(&error))
}

fn answer(result: &impl Serialize) -> Result<Answer, AwsError> {
    let body = serde_json::to_vec(result).map_err(|error| {
        AwsError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", error.to_string())
    })?;
    let mut answer = Response::new(Body::from(body));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    Ok(answer)
}

fn serialization(error: &serde_json::Error) -> AwsError {
    AwsError::new(StatusCode::BAD_REQUEST, "SerializationException", error.to_string())
}
