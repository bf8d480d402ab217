//! What a guest may use of the host, and how the store holds it to that.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::error::Limit;
use crate::quota::Rate;

/// What one call of a guest may use. Everything that a guest can make grow has its bound here.
///
/// The defaults are for code of which nothing is known: enough for ordinary work, little enough that a thousand such guests do
/// not harm the host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Linear memory in bytes, all memories of the guest together. Default 64 MiB.
    pub memory: u64,
    /// Elements of tables, all tables together. Default 100,000: an order above what compilers emit for large programs.
    pub table_elements: usize,
    /// Instances of core modules, and memories and tables, each. Default 100: a component is made of a handful.
    pub instances: usize,
    /// Handles (buckets, listings, bodies, streams) that the guest holds at once. Default 1,000.
    pub handles: usize,
    /// Wall time from the start of the call to its end, waiting for AWS included. Default 30 s.
    pub timeout: Duration,
    /// Time in which the call occupies a thread: the guest's instructions and the host's work for it, to within 10 ms; waiting for AWS is
    /// not counted. Default 10 s.
    pub cpu_time: Duration,
    /// Bytes that one host call may take from the guest as arguments, and likewise return. Default 16 MiB. Bodies that stream
    /// are not counted: they pass in pieces.
    pub host_call_bytes: u64,
    /// Bytes of objects that the uploads and downloads of the call hold at once, beside one frame for each body. It bounds how many
    /// parts are under way at the same time, and an object that is uploaded without its length being known: to 10,000 parts of a
    /// quarter of it. Default 48 MiB, for six parts of 8 MiB.
    pub transfer_memory: u64,
    /// How long a presigned URL is good at most. Default 15 min.
    pub presigned_url_expiry: Duration,
    /// Bytes of standard output, and likewise of standard error, that are kept; what is written beyond is dropped. Default
    /// 1 MiB.
    pub output_bytes: u64,
    /// Calls of AWS that are under way at once. One lasts until the body of its answer is read or dropped, so a guest that opens bodies
    /// and reads none holds connections of the host. What is beyond fails with `limit-exceeded`. Default 64: an upload or a download in
    /// parts has six, and eight guests of this kind are within what an operating system lets a process open.
    pub in_flight_calls: usize,
    /// Lines that the host writes to its log (`tracing`) about what the guest is denied and what fails for it, all calls of the guest
    /// on a host together. What is beyond is counted and told in a line later; the audit trail has everything. Default 20 a second, of
    /// which 100 at once: a person can read them, and a loop of denied calls does not fill a disk.
    pub log_rate: Rate,
    /// Outgoing HTTP requests that are under way at once, from their beginning to the end of the response's body. What is beyond fails
    /// with `connection-limit-reached`. Default 8: more than a browser opens to a host.
    pub http_requests: usize,
    /// One outgoing HTTP request, from looking up its host to the last byte of the response. What the guest wishes for itself may be
    /// shorter. Default 30 s, as the whole call.
    pub http_timeout: Duration,
    /// Bytes of the body of an outgoing HTTP request, and likewise of its response. Default 16 MiB, as one host call: bodies stream, so
    /// it bounds traffic and not memory.
    pub http_body_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            table_elements: 100_000,
            instances: 100,
            handles: 1_000,
            timeout: Duration::from_secs(30),
            cpu_time: Duration::from_secs(10),
            host_call_bytes: 16 << 20,
            transfer_memory: 48 << 20,
            presigned_url_expiry: Duration::from_mins(15),
            output_bytes: 1 << 20,
            in_flight_calls: 64,
            log_rate: Rate::PER_SECOND_20,
            http_requests: 8,
            http_timeout: Duration::from_secs(30),
            http_body_bytes: 16 << 20,
        }
    }
}

/// Holds one store to its limits, and remembers the limit that refused something: a guest seldom survives that, and "out of
/// memory" is a better answer than the `unreachable` that its allocator ends in.
#[derive(Debug)]
pub(crate) struct StoreLimiter {
    memory: u64,
    memory_left: u64,
    table_elements: usize,
    table_elements_left: usize,
    instances: usize,
    refused: Option<Limit>,
}

impl StoreLimiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory: limits.memory,
            memory_left: limits.memory,
            table_elements: limits.table_elements,
            table_elements_left: limits.table_elements,
            instances: limits.instances,
            refused: None,
        }
    }

    /// The last limit that refused the guest something.
    pub(crate) fn refused(&self) -> Option<Limit> {
        self.refused.clone()
    }
}

impl ResourceLimiter for StoreLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current) as u64;
        if let Some(left) = self.memory_left.checked_sub(more) {
            self.memory_left = left;
            Ok(true)
        } else {
            self.refused = Some(Limit::Memory { bytes: self.memory });
            Ok(false)
        }
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if let Some(left) = self.table_elements_left.checked_sub(desired.saturating_sub(current)) {
            self.table_elements_left = left;
            Ok(true)
        } else {
            self.refused = Some(Limit::TableElements { elements: self.table_elements });
            Ok(false)
        }
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.instances
    }

    fn memories(&self) -> usize {
        self.instances
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_counted_over_all_memories() {
        let mut limiter = StoreLimiter::new(&Limits { memory: 3 << 16, ..Limits::default() });
        assert!(limiter.memory_growing(0, 1 << 16, None).unwrap());
        assert!(limiter.memory_growing(0, 2 << 16, None).unwrap());
        assert!(limiter.refused().is_none());
        assert!(!limiter.memory_growing(1 << 16, 2 << 16, None).unwrap());
        assert_eq!(limiter.refused(), Some(Limit::Memory { bytes: 3 << 16 }));
    }

    #[test]
    fn tables_are_counted_together() {
        let mut limiter = StoreLimiter::new(&Limits { table_elements: 10, ..Limits::default() });
        assert!(limiter.table_growing(0, 10, None).unwrap());
        assert!(!limiter.table_growing(0, 1, None).unwrap());
        assert_eq!(limiter.refused(), Some(Limit::TableElements { elements: 10 }));
    }
}
