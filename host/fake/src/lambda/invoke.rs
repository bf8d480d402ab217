//! `Invoke` and `InvokeWithResponseStream`: what is checked before a function runs, and what becomes of its answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue as EventHeader, Message};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::{Bytes, BytesMut};
use futures::stream;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::StreamBody;
use s3s::{Body, StdError};
use serde_json::{Value, json};

use super::error::{error, no_such_function, validation};
use super::handler::{FunctionError, FunctionLog};
use super::record::{Invocation, InvocationOutcome, InvocationType, Record};
use super::rest::{Context, Target};
use super::run::{Job, Run};
use crate::fake::Shared;
use crate::layer::{Answer, AwsError};

/// The longest payload of a synchronous invocation.
pub(crate) const MAX_SYNC: usize = 6 * 1024 * 1024;
/// The longest payload of an asynchronous one.
const MAX_ASYNC: usize = 1024 * 1024;
/// The longest client context, in base64.
const MAX_CLIENT_CONTEXT: usize = 3583;
/// The last of a log that an answer has.
const LOG_TAIL: usize = 4 * 1024;
/// What follows a failed attempt at an event: a wait, and another attempt.
const RETRIES: [Duration; 2] = [Duration::from_mins(1), Duration::from_mins(2)];
/// How long an event is attempted.
const MAX_AGE: Duration = Duration::from_hours(6);
/// The first and the longest wait of an event whose function is throttled.
const THROTTLED: [Duration; 2] = [Duration::from_secs(1), Duration::from_mins(5)];

/// `Invoke`
pub(super) async fn invoke(
    cx: &Context<'_>,
    target: &Target,
    headers: &HeaderMap,
    body: Option<Bytes>,
) -> Result<Answer, AwsError> {
    let invocation_type = match text(headers, "x-amz-invocation-type") {
        None | Some("RequestResponse") => InvocationType::RequestResponse,
        Some("Event") => InvocationType::Event,
        Some("DryRun") => InvocationType::DryRun,
        Some(other) => {
            return Err(validation(
                other,
                "invocationType",
                "Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
            ));
        }
    };
    let tail = log_type(headers)?;
    let (job, record) = accept(cx, target, headers, body, invocation_type)?;
    let mut answer = Response::new(Body::empty());
    // When an event is taken nothing has been executed yet.
    if invocation_type != InvocationType::Event {
        insert(&mut answer, "x-amz-executed-version", &job.version);
    }
    match invocation_type {
        InvocationType::DryRun => *answer.status_mut() = StatusCode::NO_CONTENT,
        InvocationType::Event => {
            *answer.status_mut() = StatusCode::ACCEPTED;
            tokio::spawn(attempt(Arc::clone(cx.shared), job, record));
        }
        InvocationType::RequestResponse | InvocationType::ResponseStream => {
            let (run, result) = job.run(cx.shared, 1).await;
            note(&record, &result, &run, 1, true);
            if tail == LogType::Tail {
                insert(&mut answer, "x-amz-log-result", &log_tail(&run.log));
            }
            answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *answer.body_mut() = match result {
                Ok(payload) => Body::from(payload),
                Err(error) => {
                    insert(&mut answer, "x-amz-function-error", error.kind.as_str());
                    Body::from(error.payload.to_string())
                }
            };
        }
    }
    Ok(answer)
}

/// `InvokeWithResponseStream`
pub(super) async fn invoke_with_response_stream(
    cx: &Context<'_>,
    target: &Target,
    headers: &HeaderMap,
    body: Option<Bytes>,
) -> Result<Answer, AwsError> {
    let dry_run = match text(headers, "x-amz-invocation-type") {
        None | Some("RequestResponse") => false,
        Some("DryRun") => true,
        Some(other) => {
            return Err(validation(
                other,
                "invocationType",
                "Member must satisfy enum value set: [RequestResponse, DryRun]",
            ));
        }
    };
    let tail = log_type(headers)?;
    let kind = if dry_run { InvocationType::DryRun } else { InvocationType::ResponseStream };
    let (job, record) = accept(cx, target, headers, body, kind)?;
    let mut answer = Response::new(Body::empty());
    insert(&mut answer, "x-amz-executed-version", &job.version);
    if dry_run {
        *answer.status_mut() = StatusCode::NO_CONTENT;
        return Ok(answer);
    }
    let events = Events::start(job, cx.shared, record, tail).await;
    let frames = stream::unfold(events, |mut events| async {
        let bytes = events.next().await?;
        Some((Ok::<_, StdError>(Frame::data(bytes)), events))
    });
    let content_type = HeaderValue::from_static("application/vnd.amazon.eventstream");
    answer.headers_mut().insert(header::CONTENT_TYPE, content_type);
    *answer.body_mut() = Body::http_body_unsync(StreamBody::new(frames));
    Ok(answer)
}

/// An invocation by Lambda itself, for an event source, which waits for the answer as any other caller does. None if the function
/// could not be called, or has failed.
pub(super) async fn invoke_for_source(cx: &Context<'_>, target: &Target, event: Bytes) -> Option<Bytes> {
    let headers = HeaderMap::new();
    let (job, record) = accept(cx, target, &headers, Some(event), InvocationType::RequestResponse).ok()?;
    let (run, result) = job.run(cx.shared, 1).await;
    note(&record, &result, &run, 1, true);
    result.ok()
}

/// An invocation by another service, which does not wait. What cannot be invoked is not told.
pub(super) fn invoke_event(cx: &Context<'_>, target: &Target, event: Bytes) {
    let accepted = accept(cx, target, &HeaderMap::new(), Some(event), InvocationType::Event);
    if let Ok((job, record)) = accepted {
        tokio::spawn(attempt(Arc::clone(cx.shared), job, record));
    }
}

/// What is checked of every invocation, in Lambda's order. What passes is recorded, and one that runs at once is counted
/// in: its [`Run`] counts it out.
fn accept(
    cx: &Context<'_>,
    target: &Target,
    headers: &HeaderMap,
    body: Option<Bytes>,
    invocation_type: InvocationType,
) -> Result<(Job, Record), AwsError> {
    let limit = if invocation_type == InvocationType::Event { MAX_ASYNC } else { MAX_SYNC };
    let payload = body.filter(|body| body.len() <= limit).ok_or_else(|| {
        error(
            "RequestTooLargeException",
            format!("Request must be smaller than {limit} bytes for the InvokeFunction operation"),
        )
    })?;
    let payload = if payload.is_empty() { Bytes::from_static(b"{}") } else { payload };
    serde_json::from_slice::<serde::de::IgnoredAny>(&payload).map_err(|why| {
        error("InvalidRequestContentException", format!("Could not parse request body into json: {why}"))
    })?;
    let client_context = client_context(headers)?;
    let now = cx.shared.clock.now();
    let mut functions = cx.shared.lambda.functions();
    let arn = target.arn(cx);
    let function = functions.get_mut(cx, target)?;
    let found = function.version(target.qualifier.as_deref());
    let (version, found) = found.ok_or_else(|| no_such_function(&arn))?;
    let job = Job {
        handler: Arc::clone(&found.handler),
        configuration: found.configuration.clone(),
        function: target.function.clone(),
        arn: arn.clone(),
        version,
        request_id: cx.request_id.clone(),
        payload,
        // As Lambda has it, only a caller who waits has a context.
        client_context: client_context.filter(|_| invocation_type != InvocationType::Event),
    };
    function.check_state(now)?;
    if matches!(invocation_type, InvocationType::RequestResponse | InvocationType::ResponseStream) {
        functions.enter(&target.function)?;
    }
    let record = cx.shared.lambda.record(Invocation {
        number: 0,
        time: now,
        account_id: job.function.account_id.clone(),
        function: job.function.name.clone(),
        qualifier: target.qualifier.clone(),
        version: job.version.clone(),
        invocation_type,
        request_id: job.request_id.clone(),
        payload: job.payload.clone(),
        attempts: 0,
        outcome: None,
        done: invocation_type == InvocationType::DryRun,
        log: String::new(),
    });
    Ok((job, record))
}

/// Attempts an event until it succeeds, has failed three times, is too old, or has lost its function.
async fn attempt(shared: Arc<Shared>, job: Job, record: Record) {
    let expires = shared.clock.now() + MAX_AGE;
    let mut retries = RETRIES.into_iter();
    let mut throttled = THROTTLED[0];
    let mut number = 0;
    loop {
        let entered = {
            let mut functions = shared.lambda.functions();
            functions.by_id.contains_key(&job.function).then(|| functions.enter(&job.function))
        };
        let Some(entered) = entered else {
            give_up(&record);
            break;
        };
        let wait = if entered.is_err() {
            let wait = throttled;
            throttled = (throttled * 2).min(THROTTLED[1]);
            wait
        } else {
            number += 1;
            let (run, result) = job.run(&shared, number).await;
            let retry = if result.is_err() { retries.next() } else { None };
            note(&record, &result, &run, number, retry.is_none());
            drop(run);
            match retry {
                Some(wait) => wait,
                None => break,
            }
        };
        if shared.clock.now() + wait > expires {
            give_up(&record);
            break;
        }
        tokio::time::sleep(wait).await;
    }
    shared.lambda.settled();
}

/// Writes down that there will be no other attempt.
fn give_up(record: &Record) {
    record.update(|invocation| {
        invocation.outcome.get_or_insert(InvocationOutcome::Dropped);
        invocation.done = true;
    });
}

/// Writes down what came of an attempt.
fn note(record: &Record, result: &Result<Bytes, FunctionError>, run: &Run, attempts: u32, done: bool) {
    record.update(|invocation| {
        invocation.attempts = attempts;
        invocation.outcome = Some(match result {
            Ok(payload) => InvocationOutcome::Returned(payload.clone()),
            Err(error) => InvocationOutcome::Failed(error.clone()),
        });
        invocation.done = done;
        invocation.log = run.log.text();
    });
}

/// The frames of a response stream: the pieces of the answer, and how it ended.
struct Events {
    run: Option<Run>,
    /// A function that failed before it began to answer.
    failed: Option<FunctionError>,
    record: Record,
    sent: BytesMut,
    tail: LogType,
}

impl Events {
    async fn start(job: Job, shared: &Arc<Shared>, record: Record, tail: LogType) -> Self {
        let (run, failed) = match job.start(shared, 1).await {
            Ok(run) => (run, None),
            Err((run, error)) => (run, Some(error)),
        };
        Self { run: Some(run), failed, record, sent: BytesMut::new(), tail }
    }

    async fn next(&mut self) -> Option<Bytes> {
        let run = self.run.as_mut()?;
        let result = match self.failed.take() {
            Some(error) => Err(error),
            None => match run.next().await {
                Some(Ok(chunk)) => {
                    self.sent.extend_from_slice(&chunk);
                    return Some(frame("PayloadChunk", "application/octet-stream", chunk));
                }
                Some(Err(error)) => Err(error),
                None => Ok(std::mem::take(&mut self.sent).freeze()),
            },
        };
        run.end();
        note(&self.record, &result, run, 1, true);
        let mut complete = BTreeMap::new();
        if let Err(error) = &result {
            complete.insert("ErrorCode", error.kind.as_str().to_owned());
            complete.insert("ErrorDetails", error.payload.to_string());
        }
        if self.tail == LogType::Tail {
            complete.insert("LogResult", log_tail(&run.log));
        }
        self.run = None;
        Some(frame("InvokeComplete", "application/json", json!(complete).to_string().into()))
    }
}

fn frame(event: &'static str, content_type: &'static str, payload: Bytes) -> Bytes {
    let header =
        |name: &'static str, value: &'static str| Header::new(name, EventHeader::String(value.into()));
    let message = Message::new(payload)
        .add_header(header(":message-type", "event"))
        .add_header(header(":event-type", event))
        .add_header(header(":content-type", content_type));
    let mut bytes = BytesMut::new();
    // Fails only for headers that are too long.
    let written = write_message_to(&message, &mut bytes);
    debug_assert!(written.is_ok());
    bytes.freeze()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LogType {
    None,
    Tail,
}

fn log_type(headers: &HeaderMap) -> Result<LogType, AwsError> {
    match text(headers, "x-amz-log-type") {
        None | Some("None") => Ok(LogType::None),
        Some("Tail") => Ok(LogType::Tail),
        Some(other) => Err(validation(other, "logType", "Member must satisfy enum value set: [None, Tail]")),
    }
}

fn client_context(headers: &HeaderMap) -> Result<Option<Value>, AwsError> {
    let Some(value) = text(headers, "x-amz-client-context") else { return Ok(None) };
    let invalid = |what: &str| error("InvalidRequestContentException", format!("Client context {what}"));
    if value.len() > MAX_CLIENT_CONTEXT {
        return Err(invalid("must be no more than 3583 bytes when base64-encoded."));
    }
    let json =
        BASE64_STANDARD.decode(value).map_err(|_| invalid("must be a valid Base64-encoded JSON object."))?;
    let context: Option<Value> = serde_json::from_slice(&json).ok().filter(Value::is_object);
    context.map(Some).ok_or_else(|| invalid("must be a valid Base64-encoded JSON object."))
}

fn log_tail(log: &FunctionLog) -> String {
    BASE64_STANDARD.encode(log.tail(LOG_TAIL))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn insert(answer: &mut Answer, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}
