//! The body of an object, on its way from S3 to the guest.

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError, StreamResult};

use crate::bindings::s3_types::Error;
use crate::gate::CallRecord;
use crate::s3::error;
use crate::sdk_error;

/// A `wasi:io` input-stream of the bytes of one answer.
///
/// It takes from the connection only when the guest has read what there is, so at most one frame of the body is held here, and
/// a guest that does not read slows down the sender, not the host. The SDK verifies checksum and length as the bytes pass.
pub(crate) struct Body {
    source: ByteStream,
    /// The frame that the guest is reading.
    frame: Bytes,
    state: State,
}

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
#[error("`{}` of the body", error::case(.0))]
pub(crate) struct BodyError(pub(crate) Error);

impl Body {
    pub(crate) fn new(source: ByteStream, call: CallRecord) -> Self {
        Self { source, frame: Bytes::new(), state: State::Open(call) }
    }

    /// Waits for the next frame with bytes in it, or for the end. A frame without bytes tells the guest nothing, and an endless
    /// row of them must not look like data.
    async fn fill(&mut self) {
        while self.frame.is_empty() {
            let State::Open(call) = &mut self.state else { return };
            match self.source.next().await {
                Some(Ok(frame)) => {
                    call.received(frame.len());
                    self.frame = frame;
                }
                Some(Err(cause)) => {
                    let error = error::from_fault(sdk_error::body_fault(&cause));
                    call.fail(error::case(&error), &cause);
                    self.state = State::Failed(error);
                }
                None => {
                    call.succeed();
                    self.state = State::Closed;
                }
            }
        }
    }

    /// Reads to the end: `max_bytes` at most, which the guest has set, and `call_bytes` at most, which the host has.
    ///
    /// `length` is what the sender says that will come. It can end the transfer before it begins, and allocates nothing: the
    /// buffer grows with what arrives.
    pub(crate) async fn collect(
        mut self,
        length: Option<u64>,
        max_bytes: u64,
        call_bytes: u64,
    ) -> Result<Vec<u8>, Error> {
        let check = |bytes: u64, length| match bytes {
            bytes if bytes > max_bytes => Err(Error::ObjectTooLarge(length)),
            bytes if bytes > call_bytes => Err(Error::LimitExceeded("host-call-bytes".to_owned())),
            _ => Ok(()),
        };
        let mut bytes = Vec::new();
        let mut fits = check(length.unwrap_or_default(), length);
        while fits.is_ok() {
            self.fill().await;
            let frame = std::mem::take(&mut self.frame);
            if frame.is_empty() {
                return match self.state {
                    State::Failed(error) => Err(error),
                    State::Open(_) | State::Closed => Ok(bytes),
                };
            }
            fits = check((bytes.len() + frame.len()) as u64, None);
            bytes.extend_from_slice(&frame);
        }
        let error = fits.err().unwrap_or(Error::Cancelled);
        if let State::Open(call) = &mut self.state {
            call.fail(error::case(&error), &BodyError(error.clone()));
        }
        Err(error)
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
        if !self.frame.is_empty() {
            let length = size.min(self.frame.len());
            return Ok(self.frame.split_to(length));
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
