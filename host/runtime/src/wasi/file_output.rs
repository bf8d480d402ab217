//! A stream to a file of a directory that has a bound.

use std::sync::Arc;

use bytes::Bytes;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamError, StreamResult};

use super::budget::{Budget, Full, Reservation};

/// What a stream reserves at a time.
const CHUNK: u64 = 64 << 10;

/// A stream of `wasmtime-wasi`'s that takes no more than there is room for.
pub(super) struct FileOutput {
    inner: DynOutputStream,
    budget: Arc<Budget>,
    /// Bytes between the end of the file and the place that the stream begins at. They become part of the file with the first byte.
    gap: u64,
    room: Option<Reservation>,
    /// What `inner` has taken and may not have written yet.
    in_flight: u64,
    /// How much the guest has been told that it can write.
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// There is no room, which the guest is still to be told.
    Full,
    Closed,
}

impl FileOutput {
    pub(super) fn new(inner: DynOutputStream, budget: Arc<Budget>, gap: u64) -> Self {
        Self { inner, budget, gap, room: None, in_flight: 0, state: State::Open }
    }

    /// What can be written without more being reserved.
    fn room(&self) -> u64 {
        self.room.as_ref().map_or(0, |room| room.bytes().saturating_sub(self.in_flight))
    }

    /// `inner` has written all that it had taken.
    fn landed(&mut self) {
        let landed = std::mem::take(&mut self.in_flight);
        if let Some(room) = &mut self.room {
            room.spend(landed);
        }
    }

    fn take_room(&mut self, mut room: Reservation) {
        room.spend(std::mem::take(&mut self.gap));
        self.room = Some(room);
    }

    /// Reserves room for `bytes` more, beside what is there.
    async fn reserve(&mut self, least: u64, most: u64) -> Result<(), Full> {
        self.landed();
        // What is left of the old one is given back first: it is part of what there is.
        self.room = None;
        let gap = self.gap;
        let room = self.budget.reserve(least.saturating_add(gap), most.saturating_add(gap)).await?;
        self.take_room(room);
        Ok(())
    }

    fn full(&mut self) -> StreamError {
        self.state = State::Closed;
        StreamError::LastOperationFailed(Full.into())
    }
}

#[async_trait]
impl OutputStream for FileOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let length = bytes.len() as u64;
        if self.state != State::Open || length > self.room() {
            return Err(StreamError::Trap(wasmtime::format_err!(
                "more was written than `check-write` has said"
            )));
        }
        self.inner.write(bytes)?;
        self.in_flight += length;
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        match self.state {
            State::Open => self.inner.flush(),
            State::Full => Err(self.full()),
            State::Closed => Err(StreamError::Closed),
        }
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        match self.state {
            State::Open => {}
            State::Full => return Err(self.full()),
            State::Closed => return Err(StreamError::Closed),
        }
        let permit = self.inner.check_write()?;
        if permit == 0 {
            return Ok(0);
        }
        self.landed();
        if self.room() == 0 {
            self.room = None;
            let (least, most) = (self.gap.saturating_add(1), self.gap.saturating_add(CHUNK));
            match self.budget.try_reserve(least, most) {
                Some(room) => self.take_room(room),
                // `ready` waits until it is known whether there is more.
                None => return Ok(0),
            }
        }
        Ok(permit.min(usize::try_from(self.room()).unwrap_or(usize::MAX)))
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        match self.state {
            State::Open => {}
            State::Full => return Err(self.full()),
            State::Closed => return Err(StreamError::Closed),
        }
        self.inner.ready().await;
        let length = bytes.len() as u64;
        if length > self.room() && self.reserve(length, length.max(CHUNK)).await.is_err() {
            return Err(self.full());
        }
        self.landed();
        self.in_flight = length;
        let written = self.inner.blocking_write_and_flush(bytes).await;
        // Also where it failed: some of it may have been written.
        self.landed();
        written
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
        self.landed();
    }
}

#[async_trait]
impl Pollable for FileOutput {
    async fn ready(&mut self) {
        self.inner.ready().await;
        self.landed();
        if self.state == State::Open && self.room() == 0 && self.reserve(1, CHUNK).await.is_err() {
            self.state = State::Full;
        }
    }
}

impl Drop for FileOutput {
    fn drop(&mut self) {
        self.landed();
    }
}
