//! A body on its way to the SDK, looked on at.

use std::pin::Pin;
use std::task::{Context, Poll};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::bodies::NewBody;
use super::file::Ended;

/// The longest document that is held in memory; longer ones the host refuses before.
const MAX_DOCUMENT: usize = 40 << 20;

/// What has passed.
#[derive(Debug)]
pub(super) enum Captured {
    /// A document, whole in memory.
    Document(Vec<u8>),
    /// Bytes that are kept elsewhere.
    Content(NewBody),
}

/// What is done with what has passed, when nothing more will.
pub(super) type Done = Box<dyn FnOnce(Captured, Ended) + Send + Sync>;

/// A body that is passed on frame by frame.
pub(super) struct Capture {
    inner: SdkBody,
    /// What it is to have, if that is known.
    length: Option<u64>,
    passed: u64,
    /// `None` once it is over.
    to: Option<(Captured, Done)>,
}

impl Capture {
    pub(super) fn of(inner: SdkBody, length: Option<u64>, to: Captured, done: Done) -> SdkBody {
        SdkBody::from_body_1_x(Self { inner, length, passed: 0, to: Some((to, done)) })
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.passed += bytes.len() as u64;
        match &mut self.to {
            Some((Captured::Document(document), _)) => {
                let room = MAX_DOCUMENT.saturating_sub(document.len());
                document.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            }
            Some((Captured::Content(body), _)) => body.write(bytes),
            None => {}
        }
    }

    fn end(&mut self, ended: Ended) {
        if let Some((captured, done)) = self.to.take() {
            done(captured, ended);
        }
    }
}

impl Body for Capture {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(bytes) = frame.data_ref() {
                    self.pass(bytes);
                }
            }
            Poll::Ready(Some(Err(_))) => self.end(Ended::Cut),
            Poll::Ready(None) => self.end(Ended::Whole),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&self.inner)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        // Who has read as much as was announced does not look for an end.
        let whole = self.inner.is_end_stream() || self.length == Some(self.passed);
        self.end(if whole { Ended::Whole } else { Ended::Unread });
    }
}
