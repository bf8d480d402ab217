//! The answer of a function, on its way to the guest while it is being made.

use async_trait::async_trait;
use aws_sdk_lambda::error::SdkError;
use aws_sdk_lambda::types::error::InvokeWithResponseStreamResponseEventError;
use aws_sdk_lambda::types::{
    InvokeWithResponseStreamCompleteEvent as CompleteEvent, InvokeWithResponseStreamResponseEvent as Event,
};
use aws_smithy_types::event_stream::RawMessage;
use bytes::Bytes;
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError, StreamResult};

use crate::bindings::lambda_types::{Error, FunctionFailure};
use crate::gate::CallRecord;
use crate::lambda::error;
use crate::sdk_error;

/// The SDK's side of an event stream.
type Receiver = aws_sdk_lambda::primitives::event_stream::EventReceiver<
    Event,
    InvokeWithResponseStreamResponseEventError,
>;

/// The longest text of a function's failure that is passed on.
const MAX_DETAILS: usize = 4 << 10;

/// A `wasi:io` input-stream of what a function answers.
///
/// It takes from the connection only when the guest has read what there is, so at most one chunk is held here. The SDK verifies the
/// checksums of the frames as they pass. An answer without its end is a broken connection.
pub(crate) struct Body {
    source: Receiver,
    /// The chunk that the guest is reading.
    chunk: Bytes,
    state: State,
}

#[expect(clippy::large_enum_variant, reason = "a stream has one, and nearly all its life the large variant")]
enum State {
    /// More may come.
    Open(CallRecord),
    /// Nothing more comes, and the guest is still to be told why.
    Failed(Error),
    /// Nothing more comes.
    Closed,
}

/// The error of a stream, as `wasi:io` carries it; `stream-error` of the interface finds it there.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{}` of the response stream", error::case(.0))]
pub(crate) struct BodyError(pub(crate) Error);

impl Body {
    pub(crate) fn new(source: Receiver, call: CallRecord) -> Self {
        Self { source, chunk: Bytes::new(), state: State::Open(call) }
    }

    /// Waits for the next chunk with bytes in it, or for the end. A chunk without bytes tells the guest nothing, and an endless row of
    /// them must not look like data.
    async fn fill(&mut self) {
        while self.chunk.is_empty() {
            let State::Open(call) = &mut self.state else { return };
            let ended = match self.source.recv().await {
                Ok(Some(Event::PayloadChunk(update))) => {
                    self.chunk =
                        update.payload.map(|payload| Bytes::from(payload.into_inner())).unwrap_or_default();
                    call.received(self.chunk.len());
                    continue;
                }
                Ok(Some(Event::InvokeComplete(complete))) => failure(complete).map_or(Ok(()), Err),
                // An event of a kind that is not known here.
                Ok(Some(_)) => continue,
                Ok(None) => Err(Error::Connection),
                Err(cause) => {
                    let error = stream_error(&cause);
                    call.fail(error::case(&error), &cause);
                    Err(error)
                }
            };
            self.state = match ended {
                Ok(()) => {
                    call.succeed();
                    State::Closed
                }
                Err(error) => {
                    call.fail(error::case(&error), &BodyError(error.clone()));
                    State::Failed(error)
                }
            };
        }
    }
}

/// How the function failed, if it did.
fn failure(complete: CompleteEvent) -> Option<Error> {
    let code = complete.error_code?;
    let details = complete.error_details.map(|mut details| {
        details.truncate(details.floor_char_boundary(MAX_DETAILS));
        details
    });
    Some(Error::FunctionFailed(FunctionFailure { code, details }))
}

fn stream_error(cause: &SdkError<InvokeWithResponseStreamResponseEventError, RawMessage>) -> Error {
    match cause {
        SdkError::TimeoutError(_) => Error::Timeout,
        // A frame that is none: its checksum differs, or it ends in its middle.
        SdkError::ResponseError(_) => Error::Integrity,
        SdkError::ServiceError(_) => Error::Service,
        _ => error::from_fault(sdk_error::body_fault(cause)),
    }
}

#[async_trait]
impl Pollable for Body {
    async fn ready(&mut self) {
        self.fill().await;
    }
}

#[async_trait]
impl InputStream for Body {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if !self.chunk.is_empty() {
            let length = size.min(self.chunk.len());
            return Ok(self.chunk.split_to(length));
        }
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Open(call) => {
                self.state = State::Open(call);
                Ok(Bytes::new())
            }
            State::Failed(error) => Err(StreamError::LastOperationFailed(BodyError(error).into())),
            State::Closed => Err(StreamError::Closed),
        }
    }
}
