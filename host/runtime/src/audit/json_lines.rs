//! The audit trail as lines of JSON, written in the background.
//!
//! # The schema, version 1
//!
//! Each line is one JSON object. All have
//!
//! | key | value |
//! |---|---|
//! | `version` | `1`. Keys may be added to a version; what is there keeps its name and meaning. |
//! | `sequence` | the number of the line, from 0, without gaps |
//! | `event` | `"start"`, `"decision"`, `"call"`, `"http-decision"`, `"http-request"` or `"end"`. Events may be added to a version. |
//!
//! `start` is the first line of a trail and has `time` and `host`, the name and version of the host. `end` is the last line of a
//! trail that is complete: one that does not end with it was cut short.
//!
//! `decision`: the policy was asked about one IAM request, or a quota about one call.
//!
//! | key | value |
//! |---|---|
//! | `time` | RFC 3339, in UTC, by the clock that requests are signed with |
//! | `guest` | the guest's name |
//! | `id` | the operation's number. The decisions and the calls of one operation have the same; unique in a guest and a trail |
//! | `operation` | the operation's name in AWS's API, `GetObject` |
//! | `action` | the IAM action, `s3:GetObject` |
//! | `resource` | the ARN that it is asked about |
//! | `context` | the values of the operation's own condition keys, `{"s3:prefix": "a/"}`, and the tags of the object that were looked up for the decision, `{"s3:ExistingObjectTag/team": "red"}`; absent where there are none |
//! | `decision` | `"allow"` or `"deny"` |
//! | `rule` | where the rule stands that decided, `FILE:LINE:COLUMN`; `null` where no rule allows it |
//! | `reason`, `suggestion` | of a denial: why, and what to change in the manifest so that it would be allowed |
//!
//! `call`: a call of AWS has come to its end.
//!
//! | key | value |
//! |---|---|
//! | `time`, `guest`, `id`, `operation`, `resource` | as above; `time` is when it began |
//! | `service` | `"s3"`, `"sqs"`, `"lambda"` |
//! | `purpose` | why the host made the call of its own accord: `"existing-object-tags"`, to decide on the operation of the same `id`; absent where it is what the guest asked for |
//! | `attempts` | how often the request was sent |
//! | `bytes-sent`, `bytes-received` | of the bodies, once, whatever was sent again |
//! | `duration` | seconds, for a body that streams to its end |
//! | `request-id` | AWS's id of the last attempt, or `null` |
//! | `outcome` | `"success"`, `"cancelled"`, or `"failure"` with `error`, the case of the WIT error, and `cause` |
//!
//! `http-decision`: the manifest was asked about a request that a guest would send.
//!
//! | key | value |
//! |---|---|
//! | `time`, `guest`, `id` | as above |
//! | `method` | `"GET"` |
//! | `url` | scheme, host, port and path, without the query |
//! | `address` | the address because of which it is denied, or `null` |
//! | `decision`, `rule`, `reason`, `suggestion` | as above; the rule is a grant of `wasi.http` |
//!
//! `http-request`: a request that a guest has sent has come to its end.
//!
//! | key | value |
//! |---|---|
//! | `time`, `guest`, `id`, `method`, `url` | as above |
//! | `address` | the address that was connected to, or `null` |
//! | `status` | of the response, or `null` |
//! | `bytes-sent`, `bytes-received`, `duration` | of the bodies; seconds, to the end of the response's body |
//! | `outcome` | as above; `error` is the case of WASI's `error-code` |

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::line::Line;
use super::{AuditSink, Call, Decision, HttpDecision, HttpRequest, rfc3339};

/// The version of the schema.
pub const SCHEMA_VERSION: u32 = 1;

/// How many bytes may wait for the writer. A call that would add more waits until there is room: what cannot be written down must not
/// go on happening.
const CAPACITY: usize = 1 << 20;

/// How long the writer waits for more after the first line. To wake a thread costs more than to add a line, and it is woken once
/// for all that come in this time.
const LINGER: Duration = Duration::from_millis(10);

/// Writes the audit trail to a file or pipe: a line of JSON per decision and per call, in the order in which they happened, from a
/// thread of its own. The schema is described in the [module](self).
///
/// A line is made where the entry comes from, so that no memory goes from thread to thread, and written and flushed within some ten
/// milliseconds. [`finish`](Self::finish) writes all there are and ends the trail.
///
/// An output that fails closes the trail, and guests can do nothing more that would have to be in it
/// ([`AuditSink::is_open`]). What they did in those ten milliseconds is lost with it.
#[derive(Debug)]
pub struct JsonLines {
    waiting: Arc<Waiting>,
    writer: Mutex<Option<JoinHandle<io::Result<()>>>>,
}

/// What waits for the writer.
#[derive(Debug, Default)]
struct Waiting {
    queue: Mutex<Queue>,
    /// There is something for the writer to do.
    work: Condvar,
    /// The writer has taken what was there.
    room: Condvar,
    /// [`Queue::closed`], for who only wants to know.
    is_closed: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    lines: Vec<u8>,
    /// The number of the next line.
    sequence: u64,
    /// What the writer has to be woken for.
    wake: Wake,
    /// No more is taken: the trail is ended, or cannot be written.
    closed: bool,
    /// Why the trail has to end, if it is for an entry that cannot be written as JSON.
    unwritable: Option<io::Error>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wake {
    /// For nothing: it is at work, and looks by itself.
    #[default]
    Never,
    /// For the first line.
    First,
    /// For so many that there is no use in waiting for more.
    Many,
}

/// What comes once in a while, as a line, but for what is known only when it is its turn: the number.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Event<'a> {
    Start {
        #[serde(serialize_with = "rfc3339")]
        time: SystemTime,
        host: &'a str,
    },
    HttpDecision(&'a HttpDecision),
    HttpRequest(&'a HttpRequest),
    End,
}

impl JsonLines {
    /// Begins a trail.
    ///
    /// # Errors
    ///
    /// Where no thread can be started.
    pub fn new(output: impl Write + Send + 'static) -> io::Result<Self> {
        let waiting = Arc::<Waiting>::default();
        let host = concat!("innkeeper ", env!("CARGO_PKG_VERSION"));
        waiting.add_event(&Event::Start { time: SystemTime::now(), host });
        let work = Arc::clone(&waiting);
        let writer = std::thread::Builder::new().name("innkeeper-audit".to_owned());
        let writer = writer.spawn(move || write(output, &work))?;
        Ok(Self { waiting, writer: Mutex::new(Some(writer)) })
    }

    /// Writes all that is waiting, ends the trail, and says whether all of it could be written. What comes later is lost. Blocks
    /// until it is written.
    ///
    /// # Errors
    ///
    /// The first error of the output. Nothing was written from there on.
    pub fn finish(&self) -> io::Result<()> {
        self.waiting.end(&serde_json::to_vec(&Event::End)?);
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        match writer.map(JoinHandle::join) {
            Some(Ok(written)) => written,
            Some(Err(_)) => Err(io::Error::other("the writer of the audit trail has failed")),
            None => Ok(()),
        }
    }
}

impl AuditSink for JsonLines {
    fn decision(&self, decision: &Decision) {
        self.waiting.add(|line| Line::begin(line, "decision").decision(decision));
    }

    fn call(&self, call: &Call) {
        self.waiting.add(|line| Line::begin(line, "call").call(call));
    }

    fn http_decision(&self, decision: &HttpDecision) {
        self.waiting.add_event(&Event::HttpDecision(decision));
    }

    fn http_request(&self, request: &HttpRequest) {
        self.waiting.add_event(&Event::HttpRequest(request));
    }

    fn is_open(&self) -> bool {
        !self.waiting.is_closed.load(Ordering::Relaxed)
    }
}

thread_local! {
    /// The line that this thread makes.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Waiting {
    fn add_event(&self, event: &Event<'_>) {
        self.add(|line| serde_json::to_writer(line, event));
    }

    /// Adds the line that `make` makes, once there is room for it.
    fn add(&self, make: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>) {
        LINE.with_borrow_mut(|line| {
            line.clear();
            let made = make(line);
            self.add_line(made.map(|()| line.as_slice()));
        });
    }

    fn add_line(&self, line: serde_json::Result<&[u8]>) {
        let mut queue = self.lock();
        while queue.lines.len() >= CAPACITY && !queue.closed {
            queue = self.room.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if queue.closed {
            // `finish` tells why nothing more is written.
            return;
        }
        match line {
            Ok(line) => queue.push(line),
            Err(error) => {
                queue.unwritable = Some(error.into());
                return self.close(queue);
            }
        }
        let is_due = match queue.wake {
            Wake::Never => false,
            Wake::First => true,
            Wake::Many => queue.lines.len() >= CAPACITY / 2,
        };
        if is_due {
            queue.wake = Wake::Never;
            // The writer is not made to wait for the lock.
            drop(queue);
            self.work.notify_one();
        }
    }

    /// Takes what is waiting in exchange for an empty buffer, or nothing once there will be no more.
    fn take(&self, emptied: Vec<u8>) -> io::Result<Option<Vec<u8>>> {
        let mut queue = self.lock();
        while queue.lines.is_empty() && !queue.closed {
            queue.wake = Wake::First;
            queue = self.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if queue.lines.len() < CAPACITY / 2 && !queue.closed {
            queue.wake = Wake::Many;
            let lingered = self.work.wait_timeout(queue, LINGER);
            queue = lingered.unwrap_or_else(PoisonError::into_inner).0;
        }
        queue.wake = Wake::Never;
        let lines = std::mem::replace(&mut queue.lines, emptied);
        if lines.is_empty() {
            return queue.unwritable.take().map_or(Ok(None), Err);
        }
        drop(queue);
        self.room.notify_all();
        Ok(Some(lines))
    }

    /// Adds the last line, unless there can be no more.
    fn end(&self, line: &[u8]) {
        let mut queue = self.lock();
        if !queue.closed {
            queue.push(line);
        }
        // Under the same lock, so that no line of another thread comes behind it.
        self.close(queue);
    }

    fn close(&self, mut queue: MutexGuard<'_, Queue>) {
        queue.closed = true;
        self.is_closed.store(true, Ordering::Relaxed);
        drop(queue);
        self.work.notify_all();
        self.room.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing that could panic runs under the lock.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Adds a line, an object of which the first keys are still missing.
    fn push(&mut self, line: &[u8]) {
        let Some((b'{', rest)) = line.split_first() else { return };
        self.lines.extend_from_slice(b"{\"version\":");
        self.push_number(SCHEMA_VERSION.into());
        self.lines.extend_from_slice(b",\"sequence\":");
        self.push_number(self.sequence);
        self.lines.push(b',');
        self.lines.extend_from_slice(rest);
        self.lines.push(b'\n');
        self.sequence += 1;
    }

    fn push_number(&mut self, number: u64) {
        // A number is always JSON, and memory takes all that is written to it.
        let _ = serde_json::to_writer(&mut self.lines, &number);
    }
}

impl Drop for JsonLines {
    fn drop(&mut self) {
        if let Err(error) = self.finish() {
            tracing::error!(error = &error as &dyn std::error::Error, "the audit trail is not complete");
        }
    }
}

/// Writes what is waiting, until there is no more.
fn write(mut output: impl Write, waiting: &Waiting) -> io::Result<()> {
    let _closes = Closes(waiting);
    let mut write_all = || {
        let mut lines = Vec::new();
        while let Some(taken) = waiting.take(lines)? {
            output.write_all(&taken)?;
            output.flush()?;
            lines = taken;
            lines.clear();
        }
        Ok(())
    };
    write_all().inspect_err(|error: &io::Error| {
        tracing::error!(error = error as &dyn std::error::Error, "the audit trail cannot be written");
    })
}

/// A writer that ends, for whatever reason, takes nothing more: nobody must wait for it.
struct Closes<'a>(&'a Waiting);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        self.0.close(self.0.lock());
    }
}

#[cfg(test)]
mod tests {
    use innkeeper_policy::Location;
    use serde_json::{Value, json};

    use super::*;
    use crate::audit::{OperationId, Outcome, Verdict};

    /// An output that can be looked into.
    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Output {
        fn lines(&self) -> Vec<Value> {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            assert!(text.ends_with('\n'));
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        }
    }

    fn decision(id: u64) -> Decision {
        Decision {
            time: SystemTime::UNIX_EPOCH,
            guest: "g".into(),
            id: OperationId(id),
            operation: "ListObjectsV2",
            action: "s3:ListBucket",
            resource: "arn:aws:s3:::uploads".into(),
            context: [("s3:prefix".into(), "a\n".to_owned())].into(),
            verdict: Verdict::Allow { rule: Some(Location { file: "m.toml".into(), line: 1, column: 1 }) },
        }
    }

    fn call() -> Call {
        Call {
            time: SystemTime::UNIX_EPOCH,
            guest: "g".into(),
            id: OperationId(0),
            service: "s3",
            operation: "ListObjectsV2",
            purpose: None,
            resource: "arn:aws:s3:::uploads".into(),
            attempts: 2,
            bytes_sent: 0,
            bytes_received: 7,
            duration: Duration::from_millis(1_500),
            request_id: Some("R".to_owned()),
            outcome: Outcome::Success,
        }
    }

    #[test]
    fn the_lines_are_those_of_the_schema() {
        let output = Output::default();
        let trail = JsonLines::new(output.clone()).unwrap();
        trail.decision(&decision(0));
        trail.call(&call());
        trail.finish().unwrap();
        trail.call(&call());
        let lines = output.lines();
        assert_eq!(lines.len(), 4);
        assert_eq!((&lines[0]["version"], &lines[0]["event"]), (&json!(1), &json!("start")));
        assert_eq!(
            lines[1],
            json!({
                "version": 1, "sequence": 1, "event": "decision", "time": "1970-01-01T00:00:00Z", "guest": "g", "id": 0,
                "operation": "ListObjectsV2", "action": "s3:ListBucket", "resource": "arn:aws:s3:::uploads",
                "context": {"s3:prefix": "a\n"}, "decision": "allow", "rule": "m.toml:1:1",
            })
        );
        assert_eq!(
            lines[2],
            json!({
                "version": 1, "sequence": 2, "event": "call", "time": "1970-01-01T00:00:00Z", "guest": "g", "id": 0,
                "service": "s3", "operation": "ListObjectsV2", "resource": "arn:aws:s3:::uploads", "attempts": 2,
                "bytes-sent": 0, "bytes-received": 7, "duration": 1.5, "request-id": "R", "outcome": "success",
            })
        );
        assert_eq!(lines[3], json!({"version": 1, "sequence": 3, "event": "end"}));
    }

    #[test]
    fn more_entries_than_may_wait_are_written_in_order() {
        let output = Output::default();
        let trail = JsonLines::new(output.clone()).unwrap();
        let count = 20_000;
        for id in 0..count {
            trail.decision(&decision(id));
        }
        drop(trail);
        assert!(output.0.lock().unwrap().len() > 2 * CAPACITY);
        let lines = output.lines();
        assert_eq!(lines.len() as u64, count + 2);
        for (index, line) in lines.iter().enumerate() {
            assert_eq!(line["sequence"], json!(index));
        }
        let ids: Vec<_> = lines.iter().filter_map(|line| line["id"].as_u64()).collect();
        assert!(ids.into_iter().eq(0..count));
    }

    #[test]
    fn nothing_comes_behind_the_end() {
        let output = Output::default();
        let trail = Arc::new(JsonLines::new(output.clone()).unwrap());
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let trail = Arc::clone(&trail);
                std::thread::spawn(move || (0..2_000).for_each(|id| trail.decision(&decision(id))))
            })
            .collect();
        trail.finish().unwrap();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let lines = output.lines();
        assert_eq!(lines.last().unwrap()["event"], "end");
        assert!(lines.iter().enumerate().all(|(index, line)| line["sequence"] == json!(index)));
    }

    #[test]
    fn an_entry_that_cannot_be_written_ends_the_trail() {
        let output = Output::default();
        let trail = JsonLines::new(output.clone()).unwrap();
        trail.decision(&decision(0));
        let mut from_before_1970 = decision(1);
        from_before_1970.time = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        trail.decision(&from_before_1970);
        trail.decision(&decision(2));
        assert!(trail.finish().unwrap_err().to_string().contains("before 1970"));
        let events: Vec<_> = output.lines().into_iter().map(|line| line["event"].clone()).collect();
        assert_eq!(events, ["start", "decision"], "a trail without its end was cut short");
    }

    #[test]
    fn an_output_that_fails_is_told_at_the_end_and_blocks_nobody() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let trail = JsonLines::new(Full).unwrap();
        for id in 0..20_000 {
            trail.decision(&decision(id));
        }
        while trail.is_open() {
            std::thread::yield_now();
        }
        assert_eq!(trail.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
