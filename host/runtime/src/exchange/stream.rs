//! Bodies that stream, looked on at.

use sha2::{Digest as _, Sha256};
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::pipe::{ClosedInputStream, ClosedOutputStream};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult,
};

use super::value::BodyDigest;

type Told = Box<dyn FnOnce(&BodyDigest, bool) + Send>;

/// The digest of what has passed, which is told when the stream is dropped.
pub(super) struct Digest {
    sha256: Sha256,
    bytes: u64,
    whole: bool,
    told: Option<Told>,
}

impl Digest {
    pub(super) fn new(told: impl FnOnce(&BodyDigest, bool) + Send + 'static) -> Self {
        Self { sha256: Sha256::new(), bytes: 0, whole: false, told: Some(Box::new(told)) }
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl Drop for Digest {
    fn drop(&mut self) {
        if let Some(told) = self.told.take() {
            let sha256 = hex::encode(std::mem::take(&mut self.sha256).finalize());
            told(&BodyDigest { bytes: self.bytes, sha256 }, self.whole);
        }
    }
}

/// A body that the guest reads.
pub(super) struct TeeInput {
    inner: DynInputStream,
    digest: Digest,
}

impl TeeInput {
    /// Takes the place of a stream. A handle that is not there is found out by whoever uses it.
    pub(super) fn put_before(table: &mut ResourceTable, stream: &Resource<DynInputStream>, digest: Digest) {
        if let Ok(place) = table.get_mut(stream) {
            let inner = std::mem::replace(place, Box::new(ClosedInputStream));
            *place = Box::new(Self { inner, digest });
        }
    }
}

#[async_trait]
impl Pollable for TeeInput {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

#[async_trait]
impl InputStream for TeeInput {
    fn read(&mut self, size: usize) -> StreamResult<bytes::Bytes> {
        let read = self.inner.read(size);
        match &read {
            Ok(bytes) => self.digest.pass(bytes),
            Err(StreamError::Closed) => self.digest.whole = true,
            Err(_) => {}
        }
        read
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}

/// A body that the guest writes.
pub(super) struct TeeOutput {
    inner: DynOutputStream,
    digest: Digest,
}

impl TeeOutput {
    /// Takes the place of a stream. A handle that is not there is found out by whoever uses it.
    pub(super) fn put_before(table: &mut ResourceTable, stream: &Resource<DynOutputStream>, digest: Digest) {
        if let Ok(place) = table.get_mut(stream) {
            let inner = std::mem::replace(place, Box::new(ClosedOutputStream));
            *place = Box::new(Self { inner, digest });
        }
    }
}

#[async_trait]
impl Pollable for TeeOutput {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

#[async_trait]
impl OutputStream for TeeOutput {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        let written = bytes.clone();
        self.inner.write(bytes)?;
        self.digest.pass(&written);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.inner.check_write()
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}
