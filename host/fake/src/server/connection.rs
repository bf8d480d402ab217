//! One connection, and how a fault ends it at the byte that it names.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use s3s::StdError;
use tokio::net::TcpStream;

use crate::layer::Download;

/// What the body of an answer knows of the socket that it goes to.
#[derive(Clone, Debug, Default)]
pub(super) struct Line(Arc<Mutex<LineState>>);

#[derive(Debug, Default)]
struct LineState {
    /// Whether the system would not take the last write: the client reads slowly.
    blocked: bool,
    /// Whoever waits until it takes more.
    waiting: Option<Waker>,
    /// Whether the connection is to be reset rather than closed.
    reset: bool,
}

/// A connection to a client.
pub(super) struct Socket {
    stream: TokioIo<TcpStream>,
    line: Line,
}

/// The body of an answer on its way to a socket.
///
/// When a body fails hyper drops what it has not yet written. A fault at byte N is to come after N bytes, so the failure
/// is held back until the system has taken everything before it.
pub(super) struct Outgoing {
    body: Download,
    line: Line,
    end: End,
}

/// How far the end of a body has come.
enum End {
    /// It has not.
    None,
    /// It is there; hyper may still have bytes to write.
    Held(Option<StdError>),
    /// Hyper has been asked to write them.
    Flushing(Option<StdError>),
    Done,
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, LineState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wrote<T>(&self, result: Poll<T>) -> Poll<T> {
        let mut state = self.lock();
        state.blocked = result.is_pending();
        if !state.blocked
            && let Some(waker) = state.waiting.take()
        {
            waker.wake();
        }
        result
    }
}

impl Outgoing {
    pub(super) fn new(body: Download, line: Line) -> Self {
        Self { body, line, end: End::None }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        let this = &mut *self;
        loop {
            match std::mem::replace(&mut this.end, End::Done) {
                End::None => {
                    this.end = End::None;
                    match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                        Some(Ok(frame)) => return Poll::Ready(Some(Ok(frame))),
                        None if !this.body.is_spoilt() => {
                            this.end = End::Done;
                            return Poll::Ready(None);
                        }
                        None => this.end = End::Held(None),
                        Some(Err(error)) => this.end = End::Held(Some(error)),
                    }
                }
                End::Held(error) => {
                    this.end = End::Flushing(error);
                    // Once this returns hyper writes what it has, and asks again.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                End::Flushing(error) => {
                    let mut state = this.line.lock();
                    if state.blocked {
                        state.waiting = Some(cx.waker().clone());
                        this.end = End::Held(error);
                        return Poll::Pending;
                    }
                    state.reset = error.is_some();
                    return Poll::Ready(error.map(Err));
                }
                End::Done => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self.end {
            End::None => self.body.is_end_stream(),
            End::Held(_) | End::Flushing(_) => false,
            End::Done => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Socket {
    pub(super) fn new(stream: TcpStream, line: Line) -> Self {
        Self { stream: TokioIo::new(stream), line }
    }
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl Write for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.line.wrote(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.line.wrote(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A connection that is to be reset has no orderly end before.
        if self.line.lock().reset {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.line.lock().reset {
            // Closing the socket then sends a reset. Where that cannot be asked for, it is closed in order.
            let _ = self.stream.inner().set_zero_linger();
        }
    }
}
