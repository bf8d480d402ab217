//! Invoking a function, in each of the ways that there are.

use aws_sdk_lambda::operation::RequestId as _;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{InvocationType, LogType};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use innkeeper_aws::Class;
use innkeeper_policy::LambdaOperation;

use crate::bindings::lambda_types::{
    Error, FunctionError, Invocation, InvokeAsyncOptions, InvokeOptions, InvokeStreamOptions,
};
use crate::context::AwsCtx;
use crate::gate::CallRecord;
use crate::lambda::body::Body;
use crate::lambda::function::Function;
use crate::lambda::{error, settle};

/// The longest payload of a synchronous invocation.
const MAX_PAYLOAD: usize = 6 << 20;

/// The longest payload of an asynchronous invocation.
const MAX_ASYNC_PAYLOAD: usize = 1 << 20;

/// The longest client context, in base64.
const MAX_CLIENT_CONTEXT: usize = 3_583;

/// What stands in a log in place of the request's id.
const NO_ID: &str = "-";

pub(crate) async fn invoke(
    ctx: &AwsCtx,
    function: &Function,
    payload: Vec<u8>,
    options: InvokeOptions,
) -> Result<Invocation, Error> {
    check_payload(&payload, MAX_PAYLOAD)?;
    let client_context = client_context(options.client_context.as_deref())?;
    let log_type = if options.log_tail { LogType::Tail } else { LogType::None };
    let request = Request {
        payload,
        kind: InvocationType::RequestResponse,
        log_type: Some(log_type),
        client_context,
        class: class(options.idempotent),
    };
    let (output, mut call) = send(ctx, function, request).await?;
    let request_id = output.request_id().unwrap_or_default().to_owned();
    let payload = output.payload.map(Blob::into_inner).unwrap_or_default();
    let log_tail = output.log_result.filter(|_| options.log_tail).map(|log| decode_log(&log, &request_id));
    let bytes = payload.len() + log_tail.as_ref().map_or(0, String::len);
    if bytes as u64 > ctx.call_bytes() {
        let error = Error::LimitExceeded("host-call-bytes".to_owned());
        call.fail(error::case(&error), &TooLong);
        return Err(error);
    }
    call.received(payload.len());
    call.succeed();
    let function_error = output.function_error.map(|kind| match kind.as_str() {
        "Handled" => FunctionError::Handled,
        _ => FunctionError::Unhandled,
    });
    Ok(Invocation { payload, function_error, executed_version: output.executed_version, log_tail })
}

pub(crate) async fn invoke_async(
    ctx: &AwsCtx,
    function: &Function,
    payload: Vec<u8>,
    options: InvokeAsyncOptions,
) -> Result<(), Error> {
    check_payload(&payload, MAX_ASYNC_PAYLOAD)?;
    let request = Request {
        payload,
        kind: InvocationType::Event,
        log_type: None,
        client_context: None,
        class: class(options.idempotent),
    };
    let (_, mut call) = send(ctx, function, request).await?;
    call.succeed();
    Ok(())
}

pub(crate) async fn dry_run(ctx: &AwsCtx, function: &Function) -> Result<(), Error> {
    let request = Request {
        payload: Vec::new(),
        kind: InvocationType::DryRun,
        log_type: None,
        client_context: None,
        // Nothing runs.
        class: Some(Class::STANDARD),
    };
    let (_, mut call) = send(ctx, function, request).await?;
    call.succeed();
    Ok(())
}

/// What a function answers, as it answers.
pub(crate) struct Streamed {
    pub(crate) executed_version: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Body,
}

pub(crate) async fn invoke_with_response_stream(
    ctx: &AwsCtx,
    function: &Function,
    payload: Vec<u8>,
    options: InvokeStreamOptions,
) -> Result<Streamed, Error> {
    check_payload(&payload, MAX_PAYLOAD)?;
    let client_context = client_context(options.client_context.as_deref())?;
    let (name, qualifier) = function.parameters();
    let operation = LambdaOperation::InvokeWithResponseStream { function: function.arn() };
    let mut permit = ctx.gate().lambda(operation, class(options.idempotent)).await?;
    permit.call.sent(payload.len());
    let request = permit
        .client
        .invoke_with_response_stream()
        .function_name(name)
        .set_qualifier(qualifier)
        .set_client_context(client_context)
        .set_payload(given(payload))
        .send();
    let answer = permit.call.observe(request).await;
    match answer {
        Ok(output) => Ok(Streamed {
            executed_version: output.executed_version,
            content_type: output.response_stream_content_type,
            body: Body::new(output.event_stream, permit.call),
        }),
        Err(error) => Err(settle(&mut permit.call, &error)),
    }
}

/// What `Invoke` is asked.
struct Request {
    payload: Vec<u8>,
    kind: InvocationType,
    log_type: Option<LogType>,
    client_context: Option<String>,
    class: Option<Class>,
}

async fn send(
    ctx: &AwsCtx,
    function: &Function,
    request: Request,
) -> Result<(InvokeOutput, CallRecord), Error> {
    let (name, qualifier) = function.parameters();
    let operation = LambdaOperation::Invoke { function: function.arn() };
    let mut permit = ctx.gate().lambda(operation, request.class).await?;
    permit.call.sent(request.payload.len());
    let request = permit
        .client
        .invoke()
        .function_name(name)
        .set_qualifier(qualifier)
        .invocation_type(request.kind)
        .set_log_type(request.log_type)
        .set_client_context(request.client_context)
        .set_payload(given(request.payload))
        .send();
    let answer = permit.call.observe(request).await;
    match answer {
        Ok(output) => Ok((output, permit.call)),
        Err(error) => Err(settle(&mut permit.call, &error)),
    }
}

/// Why an invocation failed, for the audit trail.
#[derive(Debug, thiserror::Error)]
#[error("the answer is longer than one host call may return")]
struct TooLong;

/// The configuration class of an invocation. By itself, an operation that runs a function has one attempt.
fn class(idempotent: bool) -> Option<Class> {
    idempotent.then_some(Class::IDEMPOTENT)
}

fn check_payload(payload: &[u8], max: usize) -> Result<(), Error> {
    if payload.len() > max { Err(Error::PayloadTooLarge) } else { Ok(()) }
}

/// No bytes are no payload: a function gets `null` then.
fn given(payload: Vec<u8>) -> Option<Blob> {
    Some(payload).filter(|payload| !payload.is_empty()).map(Blob::new)
}

/// The header of a client context.
fn client_context(json: Option<&str>) -> Result<Option<String>, Error> {
    let encoded = json.map(|json| STANDARD.encode(json));
    if encoded.as_ref().is_some_and(|encoded| encoded.len() > MAX_CLIENT_CONTEXT) {
        return Err(Error::InvalidArgument(format!(
            "client-context is longer than {MAX_CLIENT_CONTEXT} bytes when encoded in base64"
        )));
    }
    Ok(encoded)
}

/// The end of a log, without the id that Lambda writes into it.
fn decode_log(log: &str, request_id: &str) -> String {
    let bytes = STANDARD.decode(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    if request_id.is_empty() { text.into_owned() } else { text.replace(request_id, NO_ID) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_end_where_lambdas_do() {
        for (max, length, fits) in [
            (MAX_PAYLOAD, 6_291_456, true),
            (MAX_PAYLOAD, 6_291_457, false),
            (MAX_ASYNC_PAYLOAD, 1_048_576, true),
            (MAX_ASYNC_PAYLOAD, 1_048_577, false),
        ] {
            assert_eq!(check_payload(&vec![b' '; length], max).is_ok(), fits, "{length}");
        }
    }

    #[test]
    fn a_client_context_is_3583_bytes_at_most() {
        assert_eq!(client_context(None).unwrap(), None);
        assert_eq!(client_context(Some("{}")).unwrap().as_deref(), Some("e30="));
        assert!(client_context(Some(&"x".repeat(2_685))).is_ok());
        assert!(client_context(Some(&"x".repeat(2_688))).is_err());
    }

    #[test]
    fn a_log_does_not_tell_the_requests_id() {
        let id = "8a2c1b7e-0000-4000-8000-000000000000";
        let log = STANDARD.encode(format!("START RequestId: {id} Version: 1\nhello\nEND RequestId: {id}\n"));
        assert_eq!(decode_log(&log, id), "START RequestId: - Version: 1\nhello\nEND RequestId: -\n");
        assert_eq!(decode_log("not base64", id), "");
        assert_eq!(decode_log(&STANDARD.encode([0xff, b'a']), id), "\u{fffd}a");
    }

    #[test]
    fn only_what_is_idempotent_is_tried_again() {
        assert_eq!(class(false), None);
        assert_eq!(Class::of(innkeeper_aws::Service::Lambda, "Invoke"), Class::LONG);
        assert_eq!(class(true), Some(Class::IDEMPOTENT));
    }
}
