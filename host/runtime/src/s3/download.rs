//! A run of bytes of an object, over as many connections as it takes.

use std::ops::Range;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use innkeeper_policy::S3Operation;
use innkeeper_policy::arn::ObjectKey;
use tokio::time::Instant;

use crate::bindings::s3_types::Error;
use crate::context::AwsCtx;
use crate::gate::CallRecord;
use crate::s3::bucket::Bucket;
use crate::s3::object::hide_absence;
use crate::s3::{convert, error, settle};
use crate::sdk_error::{self, Fault};

/// How often in a row a connection may break without a byte having come.
const MAX_STALLED: u32 = 3;

/// How often connections may break in all: so often, and once more for so many bytes. A server that sends a byte and hangs up, again
/// and again, is not worth an object.
const MAX_RESUMED: u64 = 16;
const BYTES_PER_RESUME: u64 = 64 << 20;

/// How many frames of a run may have no bytes. HTTP/2 ends a body with one.
const MAX_EMPTY: u32 = 1_000;

/// Where the bytes come from, and how to ask for them again.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) ctx: AwsCtx,
    pub(crate) bucket: Bucket,
    pub(crate) key: ObjectKey,
    pub(crate) version: Option<String>,
    /// The object that the guest was given the first bytes of. Another one must not be given to it as the rest.
    pub(crate) etag: String,
}

/// A run of bytes, in order, from first to last.
pub(crate) struct Run {
    /// `None`: nothing is known that could be asked for again.
    origin: Option<Origin>,
    /// What is still to come: the next byte, and the one behind the last. `None`: not known.
    span: Option<Range<u64>>,
    /// Whether the run ends before its body does.
    cut: bool,
    connection: Connection,
    /// How many bytes have come, since when none has come, and how often a connection has broken.
    received: u64,
    stalled: u32,
    resumed: u64,
    empty: EmptyFrames,
}

enum Connection {
    Open {
        stream: ByteStream,
        call: CallRecord,
    },
    /// To be made, not before this.
    None(Instant),
    /// All bytes have come. Whether they are the right ones is for whoever has them all.
    Over(CallRecord),
    /// No longer needed.
    Done,
}

/// The answer is not what was asked for.
#[derive(Debug, thiserror::Error)]
enum Unexpected {
    #[error("the answer has other bytes than those that were asked for")]
    Range,
    #[error("the body has more bytes than its answer says")]
    Longer,
    #[error("the body has fewer bytes than its answer says")]
    Shorter,
    #[error("the body has more than {MAX_EMPTY} frames without a byte in them")]
    Empty,
}

/// The frames without bytes that have come. A server can send them at no cost, and as fast as they are read: they never make the host
/// wait, so neither time nor another task would get its turn.
#[derive(Default)]
struct EmptyFrames(u32);

impl EmptyFrames {
    /// Whether one more is still to be borne.
    fn one_more(&mut self) -> bool {
        self.0 += 1;
        self.0 <= MAX_EMPTY
    }
}

impl Origin {
    /// Asks for a range of the object, if it is still the same.
    async fn get(&self, span: &Range<u64>) -> Result<(ByteStream, CallRecord), Error> {
        let Self { ctx, bucket, key, version, etag } = self;
        let operation = S3Operation::GetObject { bucket: bucket.arn(), key, version: version.as_deref() };
        let mut permit = ctx.gate().s3(operation).await?;
        let request = permit
            .client
            .get_object()
            .bucket(bucket.name())
            .set_expected_bucket_owner(bucket.owner())
            .key(key.as_str())
            .set_version_id(version.clone())
            .if_match(etag)
            .range(format!("bytes={}-{}", span.start, span.end.saturating_sub(1)))
            .send();
        let answer = permit.call.observe(request).await;
        match answer {
            Ok(output) if convert::span_of_get(&output).as_ref() == Some(span) => {
                Ok((output.body, permit.call))
            }
            Ok(_) => Err(fail(&mut permit.call, Error::Integrity, &Unexpected::Range)),
            Err(error) => Err(hide_absence(ctx, bucket, settle(&mut permit.call, &error))),
        }
    }
}

impl Run {
    /// The body of an answer that has come.
    pub(crate) fn of(
        stream: ByteStream,
        call: CallRecord,
        span: Option<Range<u64>>,
        origin: Option<Origin>,
    ) -> Self {
        let connection = Connection::Open { stream, call };
        Self {
            origin,
            span,
            cut: false,
            connection,
            received: 0,
            stalled: 0,
            resumed: 0,
            empty: EmptyFrames::default(),
        }
    }

    /// A range that is still to be asked for.
    pub(crate) fn ask(origin: Origin, span: Range<u64>) -> Self {
        let connection = Connection::None(Instant::now());
        Self {
            origin: Some(origin),
            span: Some(span),
            cut: false,
            connection,
            received: 0,
            stalled: 0,
            resumed: 0,
            empty: EmptyFrames::default(),
        }
    }

    /// What is still to come, and how to ask for it; `None` where that is not known.
    pub(crate) fn rest(&self) -> Option<(&Origin, Range<u64>)> {
        Some((self.origin.as_ref()?, self.span.clone()?))
    }

    /// Ends the run at a byte before its end.
    pub(crate) fn stop_at(&mut self, end: u64) {
        if let Some(span) = &mut self.span {
            self.cut |= end < span.end;
            span.end = span.end.min(end);
        }
    }

    /// Ends the run with an error, which is handed back.
    pub(crate) fn give_up(&mut self, error: Error, cause: &(dyn std::error::Error + 'static)) -> Error {
        if let Connection::Open { call, .. } | Connection::Over(call) = &mut self.connection {
            call.fail(error::case(&error), cause);
        }
        self.connection = Connection::Done;
        error
    }

    /// The bytes are the right ones, if all have come.
    pub(crate) fn succeed(&mut self) {
        if let Connection::Over(call) = &mut self.connection {
            call.succeed();
            self.connection = Connection::Done;
        }
    }

    /// The next bytes, at least one; `None` at the end, upon which comes [`succeed`](Self::succeed) or [`give_up`](Self::give_up).
    ///
    /// To be dropped at any time: a guest that waits for several things at once makes that happen.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if self.span.as_ref().is_some_and(Range::is_empty) && self.received > 0 {
                return self.end().await;
            }
            match &mut self.connection {
                Connection::Over(_) | Connection::Done => return Ok(None),
                Connection::None(after) => {
                    tokio::time::sleep_until(*after).await;
                    self.connect().await?;
                }
                Connection::Open { stream, call } => match stream.next().await {
                    // A frame without bytes tells the guest nothing, and an endless row of them must not look like data.
                    Some(Ok(frame)) if frame.is_empty() => {
                        if !self.empty.one_more() {
                            return Err(self.give_up(Error::Integrity, &Unexpected::Empty));
                        }
                    }
                    Some(Ok(frame)) => {
                        call.received(frame.len());
                        return self.accept(frame).map(Some);
                    }
                    Some(Err(cause)) => {
                        let fault = sdk_error::body_fault(&cause);
                        let error = error::from_fault(fault);
                        call.fail(error::case(&error), &cause);
                        self.resume(fault, error)?;
                    }
                    None if self.span.as_ref().is_none_or(Range::is_empty) => self.is_over(),
                    None => {
                        let error = fail(call, Error::Connection, &Unexpected::Shorter);
                        self.resume(Fault::Connection, error)?;
                    }
                },
            }
        }
    }

    /// All bytes have come. The body is read to its end, where there may be more than its answer says; unless the run was cut short.
    async fn end(&mut self) -> Result<Option<Bytes>, Error> {
        if let Connection::Open { stream, .. } = &mut self.connection {
            let mut rest = if self.cut { None } else { stream.next().await };
            while matches!(&rest, Some(Ok(frame)) if frame.is_empty()) {
                if !self.empty.one_more() {
                    return Err(self.give_up(Error::Integrity, &Unexpected::Empty));
                }
                rest = stream.next().await;
            }
            match rest {
                Some(Ok(_)) => return Err(self.give_up(Error::Integrity, &Unexpected::Longer)),
                Some(Err(cause)) if sdk_error::body_fault(&cause) == Fault::Integrity => {
                    return Err(self.give_up(Error::Integrity, &cause));
                }
                // The bytes are there; how the connection ends is not of interest.
                Some(Err(_)) | None => self.is_over(),
            }
        }
        Ok(None)
    }

    fn is_over(&mut self) {
        self.connection = match std::mem::replace(&mut self.connection, Connection::Done) {
            Connection::Open { call, .. } => Connection::Over(call),
            other => other,
        };
    }

    fn accept(&mut self, mut frame: Bytes) -> Result<Bytes, Error> {
        if let Some(span) = &mut self.span {
            let wanted = span.end.saturating_sub(span.start);
            if (frame.len() as u64) > wanted {
                // More than was asked for, or the rest of a body whose run was cut short.
                frame.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
            }
            span.start += frame.len() as u64;
        }
        self.received += frame.len() as u64;
        self.stalled = 0;
        if frame.is_empty() {
            return Err(self.give_up(Error::Integrity, &Unexpected::Longer));
        }
        Ok(frame)
    }

    /// Prepares for another connection, if that can be of use.
    fn resume(&mut self, fault: Fault, error: Error) -> Result<(), Error> {
        let unfinished = self.span.as_ref().is_some_and(|span| !span.is_empty());
        // A body that ends too soon is an integrity fault to the SDK.
        let may_be_mended = matches!(fault, Fault::Connection | Fault::Timeout | Fault::Integrity);
        let allowed = MAX_RESUMED + self.received / BYTES_PER_RESUME;
        if self.origin.is_none()
            || !unfinished
            || !may_be_mended
            || self.stalled >= MAX_STALLED
            || self.resumed >= allowed
        {
            self.connection = Connection::Done;
            return Err(error);
        }
        // At once where bytes have come, and then later and later.
        let pause = if self.stalled == 0 {
            Duration::ZERO
        } else {
            Duration::from_millis(100) * 4_u32.pow(self.stalled)
        };
        self.stalled += 1;
        self.resumed += 1;
        self.connection = Connection::None(Instant::now() + pause);
        Ok(())
    }

    async fn connect(&mut self) -> Result<(), Error> {
        let (Some(origin), Some(span)) = (&self.origin, &self.span) else {
            self.connection = Connection::Done;
            return Err(Error::Connection);
        };
        match origin.get(span).await {
            Ok((stream, call)) => self.connection = Connection::Open { stream, call },
            Err(error @ Error::Connection) => self.resume(Fault::Connection, error)?,
            Err(error @ Error::Timeout) => self.resume(Fault::Timeout, error)?,
            Err(error) => {
                self.connection = Connection::Done;
                return Err(error);
            }
        }
        Ok(())
    }
}

fn fail(call: &mut CallRecord, error: Error, cause: &(dyn std::error::Error + 'static)) -> Error {
    call.fail(error::case(&error), cause);
    error
}
