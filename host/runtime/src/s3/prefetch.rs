//! The rest of a large object, over several connections at once.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;
use tokio::task::JoinHandle;

use crate::bindings::s3_types::Error;
use crate::s3::download::{Origin, Run};
use crate::s3::transfer::Reservation;

/// What is asked for at once: enough that the round trip does not matter, little enough that a few fit into the memory.
pub(crate) const SEGMENT: u64 = 4 << 20;

/// So many connections, at most, for one body.
const MAX_CONNECTIONS: u64 = 8;

/// Less than this is not worth a second connection.
const WORTH_IT: u64 = 3 * SEGMENT;

/// The segments of a range, asked for ahead of the guest and given to it in order.
pub(crate) struct Prefetch {
    origin: Origin,
    /// What has not been asked for.
    rest: Range<u64>,
    segments: VecDeque<Segment>,
    /// What has come of the first segment, and is being read.
    frames: VecDeque<Bytes>,
    _memory: Vec<Reservation>,
}

/// A segment under way. It is given up when this is dropped.
struct Segment(JoinHandle<Result<VecDeque<Bytes>, Error>>);

impl Drop for Segment {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Prefetch {
    /// Begins at the second segment of a range, where the range is large, and the memory for two segments is free. The first is for
    /// the connection that there is.
    pub(crate) fn begin(origin: &Origin, range: &Range<u64>) -> Option<Self> {
        let length = range.end.saturating_sub(range.start);
        if length < WORTH_IT {
            return None;
        }
        let transfers = origin.ctx.transfers();
        // Half of the memory at most, so that a guest that reads one object can write another, and no more calls than it may have beside
        // the one that there is.
        let calls = u64::try_from(origin.ctx.gate().concurrency()).unwrap_or(u64::MAX).saturating_sub(1);
        let most = (transfers.memory() / 2 / SEGMENT).min(MAX_CONNECTIONS).min(calls).min(length / SEGMENT);
        let memory: Vec<_> = (0..most).map_while(|_| transfers.reserve(SEGMENT)).collect();
        if memory.len() < 2 {
            return None;
        }
        let connections = memory.len();
        let mut begun = Self {
            origin: origin.clone(),
            rest: range.start + SEGMENT..range.end,
            segments: VecDeque::with_capacity(connections),
            frames: VecDeque::new(),
            _memory: memory,
        };
        (0..connections).for_each(|_| begun.ask());
        Some(begun)
    }

    /// The next bytes; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                if self.frames.is_empty() {
                    // All of its segment is with the guest, so there is memory for another.
                    self.ask();
                }
                return Ok(Some(frame));
            }
            let Some(Segment(task)) = self.segments.front_mut() else { return Ok(None) };
            // It is still the first if this is dropped while it waits.
            let ended = task.await;
            self.segments.pop_front();
            // It ends without a result only where the runtime does.
            self.frames = ended.unwrap_or(Err(Error::Cancelled))?;
        }
    }

    fn ask(&mut self) {
        if self.rest.is_empty() {
            return;
        }
        let end = self.rest.end.min(self.rest.start.saturating_add(SEGMENT));
        let mut run = Run::ask(self.origin.clone(), self.rest.start..end);
        self.rest.start = end;
        self.segments.push_back(Segment(tokio::spawn(async move {
            // No more than the segment, since a run gives no more.
            let mut frames = VecDeque::new();
            while let Some(frame) = run.next().await? {
                frames.push_back(frame);
            }
            run.succeed();
            Ok(frames)
        })));
    }
}
