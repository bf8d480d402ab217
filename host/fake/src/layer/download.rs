use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use s3s::{Body, StdError};
use tokio::time::Sleep;

use crate::calls::Entry;
use crate::fault::BodyEffect;

/// The body of an answer on its way to the client: counted, and spoilt where a fault says so.
pub(crate) struct Download {
    body: Body,
    entry: Arc<Entry>,
    effect: Option<BodyEffect>,
    sent: u64,
    ended: bool,
    /// What a slow body holds back, and until when.
    held: Bytes,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Download {
    pub(crate) fn new(body: Body, effect: Option<BodyEffect>, entry: Arc<Entry>) -> Self {
        Self { body, entry, effect, sent: 0, ended: false, held: Bytes::new(), pause: None }
    }

    /// Whether it ends elsewhere than it would by itself.
    pub(crate) fn is_spoilt(&self) -> bool {
        matches!(self.effect, Some(BodyEffect::Cut(_) | BodyEffect::Truncate(_)))
    }

    /// The next piece of a slow body: about ten a second, or single bytes.
    fn poll_slow(
        &mut self,
        cx: &mut Context<'_>,
        bytes_per_second: u64,
    ) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        while self.held.is_empty() {
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)) else { return self.end() };
            match frame?.into_data() {
                Ok(data) => self.held = data,
                Err(frame) => return Poll::Ready(Some(Ok(frame))),
            }
        }
        let piece = (bytes_per_second / 10).max(1);
        let length = self.held.len().min(usize::try_from(piece).unwrap_or(usize::MAX));
        let data = self.held.split_to(length);
        let nanoseconds = (length as u64).saturating_mul(1_000_000_000) / bytes_per_second.max(1);
        self.pause = Some(Box::pin(tokio::time::sleep(Duration::from_nanos(nanoseconds))));
        Poll::Ready(Some(Ok(Frame::data(self.count(data)))))
    }

    fn count(&mut self, data: Bytes) -> Bytes {
        self.sent += data.len() as u64;
        self.entry.bytes_out.fetch_add(data.len() as u64, Ordering::Relaxed);
        data
    }

    fn end(&mut self) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        self.ended = true;
        if matches!(self.effect, Some(BodyEffect::Cut(_))) {
            let error = io::Error::new(io::ErrorKind::ConnectionReset, "injected fault: connection reset");
            return Poll::Ready(Some(Err(error.into())));
        }
        Poll::Ready(None)
    }
}

impl http_body::Body for Download {
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Some(BodyEffect::Drip(bytes_per_second)) = self.effect {
            return self.poll_slow(cx, bytes_per_second);
        }
        let limit = match self.effect {
            Some(BodyEffect::Cut(byte) | BodyEffect::Truncate(byte)) => Some(byte - byte.min(self.sent)),
            Some(BodyEffect::Corrupt | BodyEffect::Drip(_)) | None => None,
        };
        if limit == Some(0) {
            return self.end();
        }
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            // A body shorter than the byte to be cut at is cut at its end.
            None => return self.end(),
        };
        let mut data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => return Poll::Ready(Some(Ok(frame))),
        };
        if let Some(limit) = limit {
            data.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        if self.effect == Some(BodyEffect::Corrupt) && self.sent == 0 {
            data = corrupted(&data);
        }
        Poll::Ready(Some(Ok(Frame::data(self.count(data)))))
    }

    fn is_end_stream(&self) -> bool {
        // A body that will be cut has an error to come even where no bytes are.
        self.ended || (self.effect.is_none() && self.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        if self.effect.is_none() { self.body.size_hint() } else { SizeHint::default() }
    }
}

fn corrupted(data: &Bytes) -> Bytes {
    let mut copy = data.to_vec();
    if let Some(byte) = copy.first_mut() {
        *byte ^= 1;
    }
    copy.into()
}
