//! What a function is to the fake: code that answers events.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream, Stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The longest log of one invocation that is kept, in bytes. The last of it is what `X-Amz-Log-Result` shows.
const MAX_LOG: usize = 64 * 1024;

/// The code of a function: whatever answers events. Closures do ([`Lambda::function`]); implement this for what has a
/// state of its own, such as a guest of a host.
///
/// [`Lambda::function`]: crate::Lambda::function
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Answers one event. Runs for each attempt at an invocation, concurrently with others, with the function's timeout
    /// over it; dropped when that has run out. A panic is an error of the function.
    ///
    /// # Errors
    ///
    /// What the function fails with: a success of the call that says so.
    async fn handle(&self, event: FunctionEvent) -> Result<FunctionResponse, FunctionError>;
}

/// One invocation, as the function sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FunctionEvent {
    /// The payload, a JSON document. `{}` if the caller sent none.
    pub payload: Bytes,
    /// The function's name.
    pub function_name: String,
    /// The ARN that was invoked, with the qualifier if there was one.
    pub invoked_function_arn: String,
    /// The version that runs: `$LATEST` or a number.
    pub version: String,
    /// The request id, the same in each attempt at an asynchronous invocation.
    pub request_id: String,
    /// `X-Amz-Client-Context`, decoded; never of an asynchronous invocation.
    pub client_context: Option<Value>,
    /// Which attempt it is, from 1. Only asynchronous invocations have a second and a third.
    pub attempt: u32,
    /// When the function's time is over.
    pub deadline: SystemTime,
    /// Where the function logs.
    pub log: FunctionLog,
}

/// The log of an invocation. Clones are the same log.
#[derive(Clone, Debug, Default)]
pub struct FunctionLog(Arc<Mutex<Vec<u8>>>);

/// What a function answers: bytes at once, or as they come.
pub struct FunctionResponse(pub(super) BoxStream<'static, Result<Bytes, FunctionError>>);

/// Why a function failed. Made from any error with `?`, with the type `Error`.
///
/// It is no [`std::error::Error`] itself: to the caller of `Invoke` it is a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FunctionError {
    /// `X-Amz-Function-Error`.
    pub kind: FunctionErrorKind,
    /// The payload: a JSON document, of most functions with `errorType` and `errorMessage`.
    pub payload: Value,
}

/// `X-Amz-Function-Error`: who reported the failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum FunctionErrorKind {
    /// The function's own code, in a way that the runtime calls handled.
    Handled,
    /// The runtime: an exception, a timeout, a crash. What nearly all failures are.
    #[default]
    Unhandled,
}

impl FunctionErrorKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Handled => "Handled",
            Self::Unhandled => "Unhandled",
        }
    }
}

impl FunctionEvent {
    /// The payload as a value.
    ///
    /// # Errors
    ///
    /// The payload is no such value. `?` in a function makes it the function's failure.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_slice(&self.payload)
    }
}

impl FunctionLog {
    /// Logs a line.
    pub fn line(&self, line: impl fmt::Display) {
        self.write(format!("{line}\n").as_bytes());
    }

    /// Logs bytes as they are.
    pub fn write(&self, bytes: &[u8]) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        let excess = log.len().saturating_sub(MAX_LOG);
        log.drain(..excess);
    }

    /// The last bytes of the log.
    pub(super) fn tail(&self, length: usize) -> Vec<u8> {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.get(log.len().saturating_sub(length)..).unwrap_or_default().to_vec()
    }

    /// All of the log that is kept.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.tail(MAX_LOG)).into_owned()
    }
}

impl FunctionResponse {
    /// An answer in pieces, which `InvokeWithResponseStream` passes on as they are. `Invoke` answers them in one.
    pub fn chunks<C: Into<Bytes>>(chunks: impl IntoIterator<Item = C>) -> Self {
        let chunks: Vec<_> = chunks.into_iter().map(|chunk| Ok(chunk.into())).collect();
        Self(stream::iter(chunks).boxed())
    }

    /// An answer that comes bit by bit, and may fail in the middle.
    pub fn stream(stream: impl Stream<Item = Result<Bytes, FunctionError>> + Send + 'static) -> Self {
        Self(stream.boxed())
    }
}

impl From<Bytes> for FunctionResponse {
    fn from(payload: Bytes) -> Self {
        Self::chunks([payload])
    }
}

impl From<Vec<u8>> for FunctionResponse {
    fn from(payload: Vec<u8>) -> Self {
        Bytes::from(payload).into()
    }
}

impl From<String> for FunctionResponse {
    fn from(payload: String) -> Self {
        Bytes::from(payload).into()
    }
}

impl From<&'static str> for FunctionResponse {
    fn from(payload: &'static str) -> Self {
        Bytes::from_static(payload.as_bytes()).into()
    }
}

impl From<Value> for FunctionResponse {
    fn from(payload: Value) -> Self {
        payload.to_string().into()
    }
}

impl fmt::Debug for FunctionResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionResponse").finish_non_exhaustive()
    }
}

impl FunctionError {
    /// A failure with `errorType` and `errorMessage`, unhandled.
    pub fn new(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        let payload = json!({ "errorMessage": message.into(), "errorType": error_type.into() });
        Self { kind: FunctionErrorKind::Unhandled, payload }
    }

    /// A failure with a payload of one's own, unhandled.
    pub fn payload(payload: Value) -> Self {
        Self { kind: FunctionErrorKind::Unhandled, payload }
    }

    /// The same, as one that the function has handled.
    #[must_use]
    pub fn handled(mut self) -> Self {
        self.kind = FunctionErrorKind::Handled;
        self
    }
}

impl<E: std::error::Error> From<E> for FunctionError {
    fn from(error: E) -> Self {
        Self::new("Error", error.to_string())
    }
}

/// A closure as a handler.
pub(super) struct Closure<F>(pub(super) F);

#[async_trait]
impl<F, Fut, T> Handler for Closure<F>
where
    F: Fn(FunctionEvent) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, FunctionError>> + Send + 'static,
    T: Into<FunctionResponse> + Send + 'static,
{
    async fn handle(&self, event: FunctionEvent) -> Result<FunctionResponse, FunctionError> {
        (self.0)(event).await.map(Into::into)
    }
}
