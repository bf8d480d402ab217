//! What a guest writes to its standard output and standard error.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// How much a guest may write at once; as in `wasmtime-wasi`.
const WRITE: usize = 64 * 1024;

/// Keeps the first so many bytes that are written, and drops the rest: a guest that talks too much is not worth a trap.
#[derive(Clone, Debug)]
pub(crate) struct BoundedOutput {
    kept: Arc<Mutex<Vec<u8>>>,
    limit: usize,
}

impl BoundedOutput {
    pub(crate) fn new(limit: u64) -> Self {
        Self { kept: Arc::default(), limit: usize::try_from(limit).unwrap_or(usize::MAX) }
    }

    /// What has been kept, leaving nothing behind.
    pub(crate) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.lock())
    }

    fn keep(&self, bytes: &[u8]) {
        let mut kept = self.lock();
        let room = self.limit.saturating_sub(kept.len()).min(bytes.len());
        kept.extend_from_slice(bytes.get(..room).unwrap_or_default());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IsTerminal for BoundedOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for BoundedOutput {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for BoundedOutput {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for BoundedOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.keep(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE)
    }
}

impl AsyncWrite for BoundedOutput {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.keep(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_fits_and_drops_the_rest() {
        let output = BoundedOutput::new(5);
        for piece in ["abc", "def", "ghi"] {
            output.clone().write(Bytes::from(piece)).unwrap();
        }
        assert_eq!(output.take(), b"abcde");
    }
}
