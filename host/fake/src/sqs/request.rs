//! A request to SQS, in either of its protocols, and which operation answers it.

use std::net::IpAddr;

use http::StatusCode;
use http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::name::of_url;
use super::operations as ops;
use super::operations::Context;
use super::{json, query};
use crate::fake::Shared;
use crate::layer::{Answer, AwsError, RequestIds};

/// How a request is written, and so its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// AWS JSON 1.0.
    Json,
    /// The older one: parameters in a form or in the URL.
    Query(query::Format),
}

/// A request whose input has been read into a document.
pub(crate) struct Request {
    protocol: Protocol,
    operation: String,
    input: Result<Map<String, Value>, AwsError>,
}

/// Who asks, and at which endpoint.
pub(crate) struct Caller {
    pub(crate) region: String,
    /// Of the user or the role session, as STS tells it.
    pub(crate) id: String,
    pub(crate) arn: String,
    /// Scheme and host.
    pub(crate) endpoint: String,
    /// `X-Amzn-Trace-Id`.
    pub(crate) trace_header: Option<String>,
    /// The address that the request came from, where it came over a network.
    pub(crate) source_ip: Option<IpAddr>,
    pub(crate) user_agent: Option<String>,
}

impl Request {
    pub(crate) fn read(parts: &Parts, body: &[u8]) -> Self {
        if let Some(operation) = json::operation(parts) {
            return Self { protocol: Protocol::Json, operation, input: json::read(body) };
        }
        let (operation, input) = query::read(parts, body);
        Self { protocol: Protocol::Query(query::Format::of(parts)), operation, input }
    }

    /// The operation's name in the API; `Unknown` if there is none.
    pub(crate) fn operation(&self) -> &str {
        if self.operation.is_empty() { "Unknown" } else { &self.operation }
    }

    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The name of the queue that the request is about, for the call log and for faults.
    pub(crate) fn queue(&self, region: &str) -> Option<String> {
        let input = self.input.as_ref().ok()?;
        let text = |name: &str| input.get(name).and_then(Value::as_str);
        let arn = || text("SourceArn").and_then(|arn| arn.rsplit(':').next()).map(str::to_owned);
        text("QueueUrl")
            .and_then(|url| of_url(url, region).ok())
            .map(|address| address.name)
            .or_else(|| text("QueueName").map(str::to_owned))
            .or_else(arn)
    }

    /// Answers the request.
    pub(crate) async fn call(
        self,
        shared: &Shared,
        caller: Caller,
        ids: &RequestIds,
    ) -> Result<Answer, AwsError> {
        let Caller { region, id, arn, endpoint, trace_header, source_ip, user_agent } = caller;
        let account_id = arn.split(':').nth(4).unwrap_or(&shared.account_id).to_owned();
        let operation = self.operation.clone();
        let caller = ops::Caller { account_id, arn, sender_id: id, operation, source_ip, user_agent };
        let cx = &Context { shared, region, caller, endpoint, trace_header };
        let input = Value::Object(self.input?);
        let to = Respond { protocol: self.protocol, operation: &self.operation, ids };
        match self.operation.as_str() {
            "AddPermission" => to.run(cx, input, ops::add_permission),
            "CancelMessageMoveTask" => to.run(cx, input, ops::cancel_message_move_task),
            "ChangeMessageVisibility" => to.run(cx, input, ops::change_message_visibility),
            "ChangeMessageVisibilityBatch" => to.run(cx, input, ops::change_message_visibility_batch),
            "CreateQueue" => to.run(cx, input, ops::create_queue),
            "DeleteMessage" => to.run(cx, input, ops::delete_message),
            "DeleteMessageBatch" => to.run(cx, input, ops::delete_message_batch),
            "DeleteQueue" => to.run(cx, input, ops::delete_queue),
            "GetQueueAttributes" => to.run(cx, input, ops::get_queue_attributes),
            "GetQueueUrl" => to.run(cx, input, ops::get_queue_url),
            "ListDeadLetterSourceQueues" => to.run(cx, input, ops::list_dead_letter_source_queues),
            "ListMessageMoveTasks" => to.run(cx, input, ops::list_message_move_tasks),
            "ListQueueTags" => to.run(cx, input, ops::list_queue_tags),
            "ListQueues" => to.run(cx, input, ops::list_queues),
            "PurgeQueue" => to.run(cx, input, ops::purge_queue),
            "ReceiveMessage" => {
                let result = ops::receive_message(cx, parse(input)?).await?;
                to.answer(&result)
            }
            "RemovePermission" => to.run(cx, input, ops::remove_permission),
            "SendMessage" => to.run(cx, input, ops::send_message),
            "SendMessageBatch" => to.run(cx, input, ops::send_message_batch),
            "SetQueueAttributes" => to.run(cx, input, ops::set_queue_attributes),
            "StartMessageMoveTask" => to.run(cx, input, ops::start_message_move_task),
            "TagQueue" => to.run(cx, input, ops::tag_queue),
            "UntagQueue" => to.run(cx, input, ops::untag_queue),
            other => Err(match self.protocol {
                Protocol::Json => {
                    let message = format!("the fake has no operation `{other}` of SQS over AWS JSON");
                    AwsError::new(StatusCode::BAD_REQUEST, "UnknownOperationException", message)
                }
                Protocol::Query(_) => query::unknown(other),
            }),
        }
    }
}

impl Protocol {
    /// The error as this protocol has it.
    pub(crate) fn refuse(self, error: &AwsError, ids: &RequestIds) -> Answer {
        match self {
            Self::Json => json::refuse(error),
            Self::Query(format) => query::refuse(error, format, ids),
        }
    }
}

/// How to answer a request.
struct Respond<'a> {
    protocol: Protocol,
    operation: &'a str,
    ids: &'a RequestIds,
}

impl Respond<'_> {
    fn run<I: DeserializeOwned, O: Serialize>(
        &self,
        cx: &Context<'_>,
        input: Value,
        operation: impl FnOnce(&Context<'_>, I) -> Result<O, AwsError>,
    ) -> Result<Answer, AwsError> {
        self.answer(&operation(cx, parse(input)?)?)
    }

    fn answer(&self, result: &impl Serialize) -> Result<Answer, AwsError> {
        let answer = match self.protocol {
            Protocol::Json => json::answer(result),
            Protocol::Query(format) => query::answer(self.operation, result, format, self.ids),
        };
        answer.map_err(|error| {
            AwsError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", error.to_string())
        })
    }
}

fn parse<I: DeserializeOwned>(input: Value) -> Result<I, AwsError> {
    serde_json::from_value(input).map_err(|error| json::serialization(&error))
}
