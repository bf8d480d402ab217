//! The `upload` resource: an object of which the guest writes the bytes to a stream.
//!
//! A task of its own takes the bytes, fills parts with them and sends several at once. A small object is put whole. The memory is
//! bounded: the guest can write on when there is room for another part, and each part that has been sent makes room.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use aws_sdk_s3::types::CompletedPart;
use bytes::{Bytes, BytesMut};
use innkeeper_policy::S3Operation;
use innkeeper_policy::arn::ObjectKey;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::bindings::s3_types::{Error, PutObjectOptions, PutObjectOutput};
use crate::context::AwsCtx;
use crate::s3::body::BodyError;
use crate::s3::bucket::Bucket;
use crate::s3::multipart::{MAX_PARTS, Multipart};
use crate::s3::object::send_put;
use crate::s3::stored::{ChecksumOfWrite, Stored, WriteConditions};
use crate::s3::transfer::Reservation;

/// What a guest may write at once.
const CHUNK: usize = 64 * 1024;

/// How many such writes wait for the task.
const CHUNKS_WAITING: usize = 4;

/// The shortest part that S3 takes, but for the last.
const MIN_PART: u64 = 5 << 20;

/// The longest part that S3 takes.
const MAX_PART: u64 = 5 << 30;

/// The longest object that S3 takes.
const MAX_OBJECT: u64 = 5 << 40;

/// After so many parts they become twice as long: most objects are sent in short parts, of which many are under way at once, and
/// the longest fits all the same.
const PARTS_OF_A_SIZE: u32 = 950;

/// How many parts are under way at once, at most.
const MAX_IN_FLIGHT: usize = 16;

/// An upload under way, of one guest. Dropped, it is given up.
pub struct Upload {
    /// Until the guest has taken its stream.
    chunks: Option<mpsc::Sender<Bytes>>,
    failed: Arc<OnceLock<Error>>,
    end: Option<oneshot::Sender<End>>,
    task: JoinHandle<Result<Option<PutObjectOutput>, Error>>,
}

/// What the guest says at the end.
#[derive(Clone, Copy, Debug)]
enum End {
    Finish,
    Abort,
}

impl Upload {
    /// Begins an upload. Nothing is sent before there is a part's worth of bytes, or the end of them; but what the policy denies, it
    /// denies now.
    pub(crate) async fn begin(
        ctx: &AwsCtx,
        bucket: &Bucket,
        key: ObjectKey,
        size: Option<u64>,
        options: PutObjectOptions,
    ) -> Result<Self, Error> {
        let (stored, conditions) = Stored::of_put(ctx, options)?;
        if matches!(stored.checksum, ChecksumOfWrite::Given(_)) {
            return Err(Error::InvalidArgument(
                "the checksum of an upload is computed by the host".to_owned(),
            ));
        }
        if size.is_some_and(|size| size > MAX_OBJECT) {
            return Err(Error::EntityTooLarge);
        }
        let put = S3Operation::PutObject {
            bucket: bucket.arn(),
            key: &key,
            tags: &stored.tags,
            stored: stored.storage(),
            content_length: size,
        };
        if !ctx.gate().would_allow_s3(put).await? {
            ctx.gate().s3(put).await?.call.forget();
            return Err(Error::AccessDenied);
        }

        let memory = Memory::new(ctx, size)?;
        let (chunks, received) = mpsc::channel(CHUNKS_WAITING);
        let (end, ended) = oneshot::channel();
        let failed = Arc::new(OnceLock::new());
        let writer = Writer {
            ctx: ctx.clone(),
            bucket: bucket.clone(),
            key,
            stored: Arc::new(stored),
            size,
            written: 0,
            part: BytesMut::new(),
            memory,
            multipart: None,
        };
        let (told, failure) = (Arc::clone(&failed), writer.write(received, ended, conditions));
        let task = tokio::spawn(async move {
            let result = failure.await;
            if let Err(error) = &result {
                // Before the stream finds that nobody reads it.
                let _ = told.set(error.clone());
            }
            result
        });
        Ok(Self { chunks: Some(chunks), failed, end: Some(end), task })
    }

    /// The stream to write to; once.
    pub(crate) fn body(&mut self) -> Result<UploadStream, Error> {
        let chunks = self.chunks.take();
        let chunks =
            chunks.ok_or_else(|| Error::InvalidArgument("the body of an upload is taken once".to_owned()))?;
        Ok(UploadStream { state: Waiting::Idle(chunks), failed: Arc::clone(&self.failed) })
    }

    /// Makes an object of what has been written.
    pub(crate) async fn finish(mut self) -> Result<PutObjectOutput, Error> {
        self.end(End::Finish).await?.ok_or(Error::Cancelled)
    }

    /// Gives the upload up, and waits until S3 has forgotten it.
    pub(crate) async fn abort(mut self) -> Result<(), Error> {
        self.end(End::Abort).await.map(drop)
    }

    async fn end(&mut self, end: End) -> Result<Option<PutObjectOutput>, Error> {
        self.chunks = None;
        if let Some(sender) = self.end.take() {
            // The task may have ended, with an error, which is told now.
            let _ = sender.send(end);
        }
        // It ends without a result only where the runtime does.
        (&mut self.task).await.unwrap_or(Err(Error::Cancelled))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A `wasi:io` output-stream into an upload.
pub(crate) struct UploadStream {
    state: Waiting,
    failed: Arc<OnceLock<Error>>,
}

enum Waiting {
    Idle(mpsc::Sender<Bytes>),
    /// There is room for one write.
    Ready(mpsc::OwnedPermit<Bytes>),
    /// The task takes no more.
    Closed,
}

impl UploadStream {
    fn error(&self) -> StreamError {
        match self.failed.get() {
            Some(error) => StreamError::LastOperationFailed(BodyError(error.clone()).into()),
            None => StreamError::Closed,
        }
    }
}

#[async_trait]
impl Pollable for UploadStream {
    async fn ready(&mut self) {
        // The sender stays here while it waits, so that a wait that is dropped loses nothing.
        let Waiting::Idle(chunks) = &self.state else { return };
        self.state = match chunks.clone().reserve_owned().await {
            Ok(permit) => Waiting::Ready(permit),
            Err(_) => Waiting::Closed,
        };
    }
}

#[async_trait]
impl OutputStream for UploadStream {
    fn check_write(&mut self) -> StreamResult<usize> {
        match std::mem::replace(&mut self.state, Waiting::Closed) {
            Waiting::Idle(chunks) => match chunks.try_reserve_owned() {
                Ok(permit) => {
                    self.state = Waiting::Ready(permit);
                    Ok(CHUNK)
                }
                Err(mpsc::error::TrySendError::Full(chunks)) => {
                    self.state = Waiting::Idle(chunks);
                    Ok(0)
                }
                Err(mpsc::error::TrySendError::Closed(_)) => Err(self.error()),
            },
            Waiting::Ready(permit) => {
                self.state = Waiting::Ready(permit);
                Ok(CHUNK)
            }
            Waiting::Closed => Err(self.error()),
        }
    }

    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.len() > CHUNK {
            return Err(StreamError::trap("more bytes were written than `check-write` allowed"));
        }
        match std::mem::replace(&mut self.state, Waiting::Closed) {
            Waiting::Ready(permit) => {
                self.state = Waiting::Idle(permit.send(bytes));
                Ok(())
            }
            state @ Waiting::Idle(_) => {
                self.state = state;
                Err(StreamError::trap("bytes were written that `check-write` did not allow"))
            }
            Waiting::Closed => Err(self.error()),
        }
    }

    /// What was written is with the host; S3 has it when the upload is finished.
    fn flush(&mut self) -> StreamResult<()> {
        match self.state {
            Waiting::Closed => Err(self.error()),
            Waiting::Idle(_) | Waiting::Ready(_) => Ok(()),
        }
    }
}

/// The task of an upload.
struct Writer {
    ctx: AwsCtx,
    bucket: Bucket,
    key: ObjectKey,
    stored: Arc<Stored>,
    /// What the guest says that it will write.
    size: Option<u64>,
    written: u64,
    /// The part that is being filled.
    part: BytesMut,
    memory: Memory,
    multipart: Option<Parts>,
}

/// An upload that has become one of parts.
struct Parts {
    upload: Arc<Multipart>,
    /// The number of the last part that was sent.
    last: u32,
    in_flight: JoinSet<Result<(CompletedPart, Buffer), Error>>,
    completed: Vec<CompletedPart>,
}

impl Writer {
    async fn write(
        mut self,
        mut chunks: mpsc::Receiver<Bytes>,
        mut ended: oneshot::Receiver<End>,
        conditions: WriteConditions,
    ) -> Result<Option<PutObjectOutput>, Error> {
        let mut end = None;
        loop {
            let chunk = tokio::select! {
                biased;
                chunk = chunks.recv() => chunk,
                said = &mut ended, if end.is_none() => {
                    // Dropped without a word is the same: this future is then dropped too.
                    end = Some(said.unwrap_or(End::Abort));
                    // What was written before is still taken.
                    chunks.close();
                    continue;
                }
            };
            match chunk {
                Some(chunk) if !matches!(end, Some(End::Abort)) => self.take(chunk).await?,
                Some(_) => {}
                None => break,
            }
        }
        let end = match end {
            Some(end) => end,
            None => ended.await.unwrap_or(End::Abort),
        };
        match end {
            End::Finish => self.finish(conditions).await.map(Some),
            End::Abort => self.abort().await.map(|()| None),
        }
    }

    async fn take(&mut self, mut chunk: Bytes) -> Result<(), Error> {
        self.written += chunk.len() as u64;
        if self.written > self.size.unwrap_or(MAX_OBJECT) {
            return Err(match self.size {
                Some(_) => Error::InvalidArgument(
                    "more bytes were written than the upload was said to have".to_owned(),
                ),
                None => Error::EntityTooLarge,
            });
        }
        while !chunk.is_empty() {
            let full = usize::try_from(self.memory.part()).unwrap_or(usize::MAX);
            if self.part.len() >= full {
                self.send().await?;
                continue;
            }
            let room = full - self.part.len();
            self.part.extend_from_slice(&chunk.split_to(room.min(chunk.len())));
        }
        Ok(())
    }

    /// Sends the part that is full, and makes room for another.
    async fn send(&mut self) -> Result<(), Error> {
        let mut parts = match self.multipart.take() {
            Some(parts) => parts,
            None => Parts {
                upload: Arc::new(Multipart::begin(&self.ctx, &self.bucket, &self.key, &self.stored).await?),
                last: 0,
                in_flight: JoinSet::new(),
                completed: Vec::new(),
            },
        };
        if parts.last >= MAX_PARTS {
            // Longer parts would have gone further; there was no memory for them.
            return Err(Error::LimitExceeded("transfer-memory".to_owned()));
        }
        parts.send(std::mem::take(&mut self.part).freeze(), self.memory.take_buffer());
        let next = parts.last + 1;
        // More of them than the guest may have calls under way would be refused.
        let most = MAX_IN_FLIGHT.min(self.ctx.gate().concurrency());
        while !self.memory.make_buffer(next) || parts.in_flight.len() >= most {
            let buffer = parts.wait().await?;
            self.memory.give_back(buffer);
        }
        self.multipart = Some(parts);
        self.part = BytesMut::with_capacity(usize::try_from(self.memory.part()).unwrap_or_default());
        Ok(())
    }

    async fn finish(mut self, conditions: WriteConditions) -> Result<PutObjectOutput, Error> {
        if self.size.is_some_and(|size| size != self.written) {
            let error = Error::InvalidArgument(
                "fewer bytes were written than the upload was said to have".to_owned(),
            );
            return Err(error);
        }
        let body = std::mem::take(&mut self.part).freeze();
        let Some(mut parts) = self.multipart.take() else {
            return send_put(&self.ctx, &self.bucket, &self.key, body, &self.stored, conditions).await;
        };
        if !body.is_empty() {
            if parts.last >= MAX_PARTS {
                return Err(Error::LimitExceeded("transfer-memory".to_owned()));
            }
            parts.send(body, self.memory.take_buffer());
        }
        while !parts.in_flight.is_empty() {
            parts.wait().await?;
        }
        parts.completed.sort_by_key(CompletedPart::part_number);
        // All parts have been sent, and nobody else has it.
        let upload = Arc::into_inner(parts.upload).ok_or(Error::Cancelled)?;
        upload.complete(parts.completed, self.written, conditions).await
    }

    async fn abort(mut self) -> Result<(), Error> {
        let Some(mut parts) = self.multipart.take() else { return Ok(()) };
        parts.in_flight.shutdown().await;
        match Arc::into_inner(parts.upload) {
            Some(upload) => upload.abandon().await,
            None => Ok(()),
        }
    }
}

impl Parts {
    fn send(&mut self, body: Bytes, buffer: Buffer) {
        self.last += 1;
        let (upload, number) = (Arc::clone(&self.upload), i32::try_from(self.last).unwrap_or(i32::MAX));
        self.in_flight.spawn(async move { Ok((upload.send_part(number, body).await?, buffer)) });
    }

    /// Waits until one of the parts has been sent.
    async fn wait(&mut self) -> Result<Buffer, Error> {
        match self.in_flight.join_next().await {
            Some(Ok(sent)) => {
                let (part, buffer) = sent?;
                self.completed.push(part);
                Ok(buffer)
            }
            // The runtime ends; or there is none to wait for, and so no memory to be had from one.
            Some(Err(_)) => Err(Error::Cancelled),
            None => Err(Error::LimitExceeded("transfer-memory".to_owned())),
        }
    }
}

/// The memory of an upload: what is reserved for its parts.
struct Memory {
    ctx: AwsCtx,
    /// What the guest says that it will write.
    size: Option<u64>,
    /// For the part that is being filled. `None` between two parts.
    filling: Option<Buffer>,
    /// Of parts that have been sent.
    free: Vec<Buffer>,
    /// All that is reserved, in bytes.
    held: u64,
}

/// Memory for one part.
struct Buffer {
    bytes: u64,
    reserved: Reservation,
}

impl Memory {
    fn new(ctx: &AwsCtx, size: Option<u64>) -> Result<Self, Error> {
        let mut memory = Self { ctx: ctx.clone(), size, filling: None, free: Vec::new(), held: 0 };
        let fits = size.is_none_or(|size| part_size(1, Some(size)) <= longest_part(ctx.transfers().memory()));
        if fits && memory.make_buffer(1) {
            Ok(memory)
        } else {
            Err(Error::LimitExceeded("transfer-memory".to_owned()))
        }
    }

    /// How long the part that is being filled becomes.
    fn part(&self) -> u64 {
        self.filling.as_ref().map_or(0, |buffer| buffer.bytes)
    }

    fn take_buffer(&mut self) -> Buffer {
        match self.filling.take() {
            Some(buffer) => buffer,
            // A part of no bytes needs none.
            None => Buffer { bytes: 0, reserved: Reservation::none() },
        }
    }

    fn give_back(&mut self, buffer: Buffer) {
        self.free.push(buffer);
    }

    /// Memory for the part of this number: as much as it should have, or else as much as a part before it had. `false`: there is none
    /// before another part has been sent.
    fn make_buffer(&mut self, number: u32) -> bool {
        if self.filling.is_some() {
            return true;
        }
        let transfers = self.ctx.transfers();
        let wanted = part_size(number, self.size).min(longest_part(transfers.memory()));
        // Memory that has become too short for a part of its own is put together.
        let mut buffer = Buffer { bytes: 0, reserved: Reservation::none() };
        while buffer.bytes < wanted
            && let Some(free) = self.free.pop()
        {
            buffer.add(free.bytes, free.reserved);
        }
        // What is held stays below half of all, so that a guest can read one object and write another.
        let missing = wanted.saturating_sub(buffer.bytes);
        if missing > 0
            && (self.held == 0 || self.held + missing <= transfers.memory() / 2)
            && let Some(more) = transfers.reserve(missing)
        {
            buffer.add(missing, more);
            self.held += missing;
        }
        // Nothing else of this upload is under way, so nothing will make more room.
        let is_all = self.held == buffer.bytes && buffer.bytes >= MIN_PART;
        if buffer.bytes >= wanted || is_all {
            self.filling = Some(buffer);
            return true;
        }
        if buffer.bytes > 0 {
            self.free.push(buffer);
        }
        false
    }
}

impl Buffer {
    fn add(&mut self, bytes: u64, reserved: Reservation) {
        self.bytes += bytes;
        self.reserved.add(reserved);
    }
}

/// How long a part may be: four of them are to fit into the memory, where S3 takes parts so short.
fn longest_part(memory: u64) -> u64 {
    (memory / 4).max(MIN_PART)
}

/// How long the part of this number should be: so that 10,000 parts are enough for an object of this size, or for any.
fn part_size(number: u32, size: Option<u64>) -> u64 {
    let wanted = match size {
        Some(size) => size.div_ceil(u64::from(MAX_PARTS)),
        None => MIN_PART << (number.saturating_sub(1) / PARTS_OF_A_SIZE).min(10),
    };
    wanted.clamp(MIN_PART, MAX_PART)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_longest_object_fits_into_10_000_parts_without_its_length_being_known() {
        let most: u64 = (1..=MAX_PARTS).map(|number| part_size(number, None)).sum();
        assert!(most >= MAX_OBJECT, "{most}");
        assert_eq!(part_size(1, None), MIN_PART);
        assert!((1..=MAX_PARTS).all(|number| part_size(number, None) <= MAX_PART));
    }

    proptest! {
        #[test]
        fn an_object_of_known_length_fits_into_10_000_parts(size in 0..=MAX_OBJECT) {
            let part = part_size(1, Some(size));
            prop_assert!((MIN_PART..=MAX_PART).contains(&part));
            prop_assert!(size.div_ceil(part) <= u64::from(MAX_PARTS));
        }
    }
}
