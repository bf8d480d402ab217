use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use s3s::{Body, StdError};

use crate::calls::Entry;
use crate::fault::BodyEffect;

/// The body of an answer on its way to the client: counted, and spoilt where a fault says so.
pub(crate) struct Download {
    body: Body,
    entry: Arc<Entry>,
    effect: Option<BodyEffect>,
    sent: u64,
    ended: bool,
}

impl Download {
    pub(crate) fn new(body: Body, effect: Option<BodyEffect>, entry: Arc<Entry>) -> Self {
        Self { body, entry, effect, sent: 0, ended: false }
    }

    /// Whether it ends elsewhere than it would by itself.
    pub(crate) fn is_spoilt(&self) -> bool {
        matches!(self.effect, Some(BodyEffect::Cut(_) | BodyEffect::Truncate(_)))
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
        let limit = match self.effect {
            Some(BodyEffect::Cut(byte) | BodyEffect::Truncate(byte)) => Some(byte - byte.min(self.sent)),
            Some(BodyEffect::Corrupt) | None => None,
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
        self.sent += data.len() as u64;
        self.entry.bytes_out.fetch_add(data.len() as u64, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(data))))
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
