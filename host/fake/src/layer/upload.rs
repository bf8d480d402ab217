use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use s3s::{Body, StdError};

use super::chunked::{ChunkedError, Decoder};
use crate::calls::Entry;

/// The body of a request, as the operations read it: counted, and freed of `aws-chunked`.
///
/// Clones read the same body. One goes to the operation; the layer keeps another to read what the operation left, since
/// an SDK whose upload nobody reads takes the connection for stalled.
#[derive(Clone)]
pub(crate) struct Upload(Arc<Mutex<Inner>>);

struct Inner {
    body: Body,
    entry: Arc<Entry>,
    decoder: Option<Decoder>,
    trailers: Trailers,
    buffered: VecDeque<Result<Frame<Bytes>, StdError>>,
    failure: Option<StdError>,
    ended: bool,
    /// Whether anybody has asked for any of it.
    started: bool,
}

/// What an operation sees of a body that the client has failed to give. Why is the client's own affair.
#[derive(Debug, thiserror::Error)]
#[error("the client ended the body of the request with an error")]
struct Aborted;

/// The trailers of a request's body, which are there once it has been read to its end. Travels in the request's
/// extensions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trailers(Arc<OnceLock<HeaderMap>>);

impl Trailers {
    pub(crate) fn get(&self) -> Option<&HeaderMap> {
        self.0.get()
    }

    fn set(&self, trailers: HeaderMap) {
        // Only the end of the body sets it, and there is one.
        let _ = self.0.set(trailers);
    }
}

/// How the body of a request is transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transfer {
    Plain,
    AwsChunked,
}

impl Upload {
    pub(crate) fn new(body: Body, transfer: Transfer, entry: Arc<Entry>) -> (Self, Trailers) {
        let trailers = Trailers::default();
        let decoder = (transfer == Transfer::AwsChunked).then(Decoder::default);
        let inner = Inner {
            body,
            entry,
            decoder,
            trailers: trailers.clone(),
            buffered: VecDeque::new(),
            failure: None,
            ended: false,
            started: false,
        };
        (Self(Arc::new(Mutex::new(inner))), trailers)
    }

    /// Reads what is left, and keeps it for whoever reads next.
    pub(crate) async fn buffer(mut self) {
        let mut pieces = VecDeque::new();
        while let Some(frame) = self.frame().await {
            pieces.push_back(frame);
        }
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.buffered = pieces;
    }

    /// Whether anybody has asked for any of it.
    pub(crate) fn is_started(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).started
    }

    /// Reads and drops what is left. Errs if the client's own body failed, now or before.
    pub(crate) async fn drain(mut self) -> Result<(), StdError> {
        while let Some(frame) = self.frame().await {
            // What is malformed is still read, but as it comes.
            drop(frame);
        }
        let failure = self.0.lock().unwrap_or_else(PoisonError::into_inner).failure.take();
        failure.map_or(Ok(()), Err)
    }
}

impl http_body::Body for Upload {
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.started = true;
        inner.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.buffered.is_empty() && (inner.ended || (inner.decoder.is_none() && inner.body.is_end_stream()))
    }

    fn size_hint(&self) -> SizeHint {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A chunked body's own length is not that of what it carries, and a buffered one has none left.
        if inner.decoder.is_none() && inner.buffered.is_empty() {
            inner.body.size_hint()
        } else {
            SizeHint::default()
        }
    }
}

impl Inner {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        if let Some(frame) = self.buffered.pop_front() {
            return Poll::Ready(Some(frame));
        }
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            if let Some(decoder) = &mut self.decoder {
                match decoder.next() {
                    Ok(Some(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                    Ok(None) => {}
                    Err(error) => return Poll::Ready(Some(Err(self.fail(error)))),
                }
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        self.entry.bytes_in.fetch_add(data.len() as u64, Ordering::Relaxed);
                        match &mut self.decoder {
                            Some(decoder) => decoder.feed(&data),
                            None => return Poll::Ready(Some(Ok(Frame::data(data)))),
                        }
                    }
                    Err(frame) => {
                        if let Ok(trailers) = frame.into_trailers() {
                            self.trailers.set(trailers);
                        }
                    }
                },
                Some(Err(error)) => {
                    self.ended = true;
                    self.failure = Some(error);
                    return Poll::Ready(Some(Err(Box::new(Aborted))));
                }
                None => {
                    self.ended = true;
                    match self.decoder.take().map(Decoder::finish) {
                        Some(Ok(trailers)) => self.trailers.set(trailers),
                        Some(Err(error)) => return Poll::Ready(Some(Err(self.fail(error)))),
                        None => {}
                    }
                }
            }
        }
    }

    /// What follows a malformed chunk is still read by [`Upload::drain`], but no longer decoded.
    fn fail(&mut self, error: ChunkedError) -> StdError {
        self.decoder = None;
        Box::new(error)
    }
}
