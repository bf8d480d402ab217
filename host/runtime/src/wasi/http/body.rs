//! Bodies with a bound on their bytes and their time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::{Error, WasiBody};

use super::record::RequestRecord;

/// The body of a request: counted, and cut where it goes beyond the limit.
pub(super) struct Sent {
    body: WasiBody,
    limit: u64,
    count: Arc<AtomicU64>,
}

impl Sent {
    pub(super) fn new(body: WasiBody, limit: u64, count: Arc<AtomicU64>) -> Self {
        Self { body, limit, count }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && !fits(frame, &self.count, self.limit)
        {
            return Poll::Ready(Some(Err(Error::HttpRequestBodySize(Some(self.limit)))));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of a response. The request is over when it ends, or is dropped.
pub(super) struct Received {
    body: hyper::body::Incoming,
    limit: u64,
    count: Arc<AtomicU64>,
    /// When the whole of the request is over.
    deadline: Pin<Box<Sleep>>,
    /// When the next bytes have to have come, as the guest wishes.
    between: Option<(Duration, Pin<Box<Sleep>>)>,
    /// `None` once it is written down.
    record: Option<RequestRecord>,
}

impl Received {
    pub(super) fn new(
        body: hyper::body::Incoming,
        limit: u64,
        deadline: Instant,
        between: Option<Duration>,
        record: RequestRecord,
    ) -> Self {
        let timer = |wait: Duration| {
            let first = Instant::now().checked_add(wait)?;
            Some((wait, Box::pin(tokio::time::sleep_until(first))))
        };
        let mut received = Self {
            limit,
            count: record.received(),
            deadline: Box::pin(tokio::time::sleep_until(deadline)),
            between: between.and_then(timer),
            record: Some(record),
            body,
        };
        // Of a response without a body (to HEAD, 204) a guest seldom asks for the end.
        if received.body.is_end_stream() {
            received.succeed();
        }
        received
    }

    fn succeed(&mut self) {
        if let Some(record) = self.record.take() {
            record.succeed();
        }
    }

    fn fail(&mut self, error: Error) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(record) = self.record.take() {
            record.fail(&error);
        }
        Poll::Ready(Some(Err(error)))
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        // First of all: a body that always has more is over at its time too.
        if this.deadline.as_mut().poll(context).is_ready() {
            return this.fail(Error::HttpResponseTimeout);
        }
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                if !fits(&frame, &this.count, this.limit) {
                    return this.fail(Error::HttpResponseBodySize(Some(this.limit)));
                }
                if let Some((wait, timer)) = &mut this.between
                    && let Some(next) = Instant::now().checked_add(*wait)
                {
                    timer.as_mut().reset(next);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => this.fail(Error::from(error)),
            Poll::Ready(None) => {
                this.succeed();
                Poll::Ready(None)
            }
            Poll::Pending => {
                if let Some((_, timer)) = &mut this.between
                    && timer.as_mut().poll(context).is_ready()
                {
                    return this.fail(Error::ConnectionReadTimeout);
                }
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        // So that the end is asked for, and with it the record is written.
        self.record.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Whether the data of a frame is within the limit, with all that came before it.
fn fits(frame: &Frame<Bytes>, count: &AtomicU64, limit: u64) -> bool {
    let more = frame.data_ref().map_or(0, |data| data.len() as u64);
    count.fetch_add(more, Ordering::Relaxed).saturating_add(more) <= limit
}
