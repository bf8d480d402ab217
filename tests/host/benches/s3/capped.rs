//! A connection that carries so many bytes a second, both ways together, and no more.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// What goes at once.
const PIECE: usize = 256 << 10;

/// What a connection that was idle may make up for: less than what a timer is inexact by, so that the rate is held on the whole.
const SLACK: Duration = Duration::from_millis(4);

pub(crate) struct Capped {
    stream: TcpStream,
    /// In bytes a second.
    rate: Option<u64>,
    /// When what has been carried would have arrived.
    until: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Capped {
    pub(crate) fn new(stream: TcpStream, rate: Option<u64>) -> Self {
        let now = Instant::now();
        Self { stream, rate, until: now, timer: Box::pin(sleep_until(now)) }
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.rate.is_none() || self.until <= Instant::now() {
            return Poll::Ready(());
        }
        let until = self.until;
        self.timer.as_mut().reset(until);
        self.timer.as_mut().poll(cx)
    }

    fn carried(&mut self, bytes: usize) {
        if let Some(rate) = self.rate {
            let from = self.until.max(Instant::now() - SLACK);
            self.until = from + Duration::from_secs_f64(bytes as f64 / rate as f64);
        }
    }
}

impl AsyncRead for Capped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_turn(cx));
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        self.carried(buffer.filled().len() - before);
        Poll::Ready(read)
    }
}

impl AsyncWrite for Capped {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_turn(cx));
        let piece = bytes.get(..PIECE).unwrap_or(bytes);
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, piece));
        if let Ok(written) = written {
            self.carried(written);
        }
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
