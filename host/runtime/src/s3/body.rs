//! The body of an object, on its way from S3 to the guest.

use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_checksums::http::HttpChecksum;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use tokio::time::Instant;
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError, StreamResult};

use crate::bindings::s3_types::{Error, ObjectInfo};
use crate::gate::CallRecord;
use crate::s3::download::{Origin, Run};
use crate::s3::error;
use crate::s3::prefetch::{Prefetch, SEGMENT};

/// What a guest has to read before more connections are made for it: many look at the beginning of an object alone.
const INTEREST: u64 = 1 << 20;

/// From how many bytes a second on one connection is enough. A connection to S3 gives some 80 MB/s, and several give that each; what
/// is faster is near, and more requests would cost more than they bring.
const FAST: u64 = 256_000_000;

/// A `wasi:io` input-stream of the bytes of one answer.
///
/// It takes from the connection only when the guest has read what there is, so at most one frame of the body is held here, and
/// a guest that does not read slows down the sender, not the host. A connection that breaks is made again at the byte where it broke;
/// a large body that keeps the guest waiting comes over several, within the call's memory for transfers. Its checksum is therefore not left to
/// the SDK, which knows of one connection: see [`AttemptObserver::verifies_objects`](innkeeper_aws::AttemptObserver::verifies_objects).
pub(crate) struct Body {
    run: Run,
    /// What comes behind the run.
    ahead: Ahead,
    /// Of the bytes so far, where S3 has said the checksum of its answer: an object, or a part of one.
    digest: Option<Digest>,
    /// The frame that the guest is reading.
    frame: Bytes,
    state: State,
}

#[expect(clippy::large_enum_variant, reason = "a body has one")]
enum Ahead {
    /// Nothing, as long as the one connection is fast enough.
    Nothing(Pace),
    /// Nothing, and nothing will be: the rest is short, or there is no memory.
    Never,
    Prefetch(Prefetch),
}

enum State {
    /// More may come.
    Open,
    /// Nothing more comes, and the guest is still to be told why.
    Failed(Error),
    /// Nothing more comes.
    Closed,
}

/// How fast the bytes come, measured anew for each [`INTEREST`] of them.
#[derive(Default)]
struct Pace {
    bytes: u64,
    /// How long the guest had to wait for them. In the time that it takes itself, the connection may have more for it.
    waited: Duration,
}

impl Pace {
    /// Counts some more bytes, and says whether so many have come that it is clear that one connection is too slow.
    fn is_slow(&mut self, bytes: usize, waited: Duration) -> bool {
        self.bytes += bytes as u64;
        self.waited += waited;
        if self.bytes < INTEREST {
            return false;
        }
        let Self { bytes, waited } = std::mem::take(self);
        waited.as_nanos() * u128::from(FAST) > u128::from(bytes) * 1_000_000_000
    }
}

struct Digest {
    so_far: Box<dyn HttpChecksum>,
    expected: String,
}

/// The bytes are not those that S3 has the checksum of.
#[derive(Debug, thiserror::Error)]
#[error("the body has the checksum {found}, and its answer says {expected}")]
struct WrongChecksum {
    expected: String,
    found: String,
}

/// The error of a stream, as `wasi:io` carries it; `stream-error` of the interface finds it there.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{}` of the body", error::case(.0))]
pub(crate) struct BodyError(pub(crate) Error);

impl Body {
    /// `span` says which bytes of the object the stream has, `origin` how to ask for more of them; `None` where the answer does not say
    /// enough.
    pub(crate) fn new(
        stream: ByteStream,
        call: CallRecord,
        info: &ObjectInfo,
        span: Option<Range<u64>>,
        origin: Option<Origin>,
    ) -> Self {
        Self {
            digest: Digest::of(info),
            run: Run::of(stream, call, span, origin),
            ahead: Ahead::Nothing(Pace::default()),
            frame: Bytes::new(),
            state: State::Open,
        }
    }

    /// Waits for the next frame with bytes in it, or for the end.
    async fn fill(&mut self) {
        while self.frame.is_empty() && matches!(self.state, State::Open) {
            let asked = Instant::now();
            match self.next().await {
                Ok(Some(frame)) => {
                    self.look_ahead(frame.len(), asked.elapsed());
                    if let Some(digest) = &mut self.digest {
                        digest.so_far.update(&frame);
                    }
                    self.frame = frame;
                }
                Ok(None) => {
                    self.state = match self.digest.take().map_or(Ok(()), Digest::verify) {
                        Ok(()) => {
                            self.run.succeed();
                            State::Closed
                        }
                        Err(cause) => State::Failed(self.run.give_up(Error::Integrity, &cause)),
                    };
                }
                Err(error) => self.state = State::Failed(error),
            }
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        match (self.run.next().await?, &mut self.ahead) {
            (None, Ahead::Prefetch(prefetch)) => {
                // It ended before its body did.
                self.run.succeed();
                prefetch.next().await
            }
            (frame, _) => Ok(frame),
        }
    }

    /// Asks for more connections, once so many bytes have been waited for so long that they are worth it.
    fn look_ahead(&mut self, bytes: usize, waited: Duration) {
        let Ahead::Nothing(pace) = &mut self.ahead else { return };
        if !pace.is_slow(bytes, waited) {
            return;
        }
        let begun =
            self.run.rest().and_then(|(origin, rest)| Some((rest.start, Prefetch::begin(origin, &rest)?)));
        self.ahead = match begun {
            Some((start, prefetch)) => {
                self.run.stop_at(start + SEGMENT);
                Ahead::Prefetch(prefetch)
            }
            None => Ahead::Never,
        };
    }

    /// Reads to the end: `max_bytes` at most, which the guest has set, and `call_bytes` at most, which the host has.
    ///
    /// `length` is what the sender says that will come. It can end the transfer before it begins, and allocates nothing: the
    /// buffer grows with what arrives.
    pub(crate) async fn collect(
        mut self,
        length: Option<u64>,
        max_bytes: u64,
        call_bytes: u64,
    ) -> Result<Vec<u8>, Error> {
        let check = |bytes: u64, length| match bytes {
            bytes if bytes > max_bytes => Err(Error::ObjectTooLarge(length)),
            bytes if bytes > call_bytes => Err(Error::LimitExceeded("host-call-bytes".to_owned())),
            _ => Ok(()),
        };
        let mut bytes = Vec::new();
        let mut fits = check(length.unwrap_or_default(), length);
        while fits.is_ok() {
            self.fill().await;
            let frame = std::mem::take(&mut self.frame);
            if frame.is_empty() {
                return match self.state {
                    State::Failed(error) => Err(error),
                    State::Open | State::Closed => Ok(bytes),
                };
            }
            fits = check((bytes.len() + frame.len()) as u64, None);
            bytes.extend_from_slice(&frame);
        }
        let error = fits.err().unwrap_or(Error::Cancelled);
        let cause = BodyError(error.clone());
        Err(self.run.give_up(error, &cause))
    }
}

impl Digest {
    /// `None` where S3 has said no checksum, or one of the parts' checksums, which ends with their number.
    fn of(info: &ObjectInfo) -> Option<Self> {
        use crate::bindings::s3_types::ChecksumAlgorithm as Algorithm;
        use aws_smithy_checksums::ChecksumAlgorithm as Sdk;
        let checksum = info.checksum.as_ref()?;
        if checksum.value.contains('-') {
            return None;
        }
        let algorithm = match checksum.algorithm {
            Algorithm::Crc32 => Sdk::Crc32,
            Algorithm::Crc32c => Sdk::Crc32c,
            Algorithm::Crc64nvme => Sdk::Crc64Nvme,
            Algorithm::Sha1 => Sdk::Sha1,
            Algorithm::Sha256 => Sdk::Sha256,
        };
        Some(Self { so_far: algorithm.into_impl(), expected: checksum.value.clone() })
    }

    fn verify(self) -> Result<(), WrongChecksum> {
        let found = STANDARD.encode(self.so_far.finalize());
        if found == self.expected { Ok(()) } else { Err(WrongChecksum { expected: self.expected, found }) }
    }
}

#[async_trait]
impl Pollable for Body {
    async fn ready(&mut self) {
        self.fill().await;
    }
}

#[async_trait]
impl InputStream for Body {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if !self.frame.is_empty() {
            let length = size.min(self.frame.len());
            return Ok(self.frame.split_to(length));
        }
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Open => {
                self.state = State::Open;
                Ok(Bytes::new())
            }
            State::Failed(error) => Err(StreamError::LastOperationFailed(BodyError(error).into())),
            State::Closed => Err(StreamError::Closed),
        }
    }
}
