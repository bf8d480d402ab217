mod operation;
mod rule;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;

pub use self::rule::{Always, FaultRule, FaultRuleError, Times};
use crate::calls::{Call, Service};
use crate::pattern::fits;

/// Something that goes wrong in the fake on purpose: what, and for which calls.
///
/// A new fault meets the next call, whatever it is; narrow it with [`on`](Self::on), [`service`](Self::service),
/// [`bucket`](Self::bucket), [`key`](Self::key), [`queue`](Self::queue) and [`function`](Self::function), whose names may
/// be patterns: `*` stands for any characters, `?` for one. Choose among the calls that are left with
/// [`nth`](Self::nth), [`skip`](Self::skip) and [`probability`](Self::probability), and meet more than one with
/// [`times`](Self::times) or [`always`](Self::always). An SDK's retries are calls of their own: `Fault::error("SlowDown").times(2)` fails two
/// attempts and lets the third one through.
///
/// ```
/// # use std::time::Duration;
/// # use innkeeper_fake::{FakeAws, Fault};
/// let fake = FakeAws::new();
/// fake.faults().push(Fault::error("SlowDown").on("PutObject").times(2));
/// fake.faults().push(Fault::cut_at(100).on("GetObject").key("big.bin"));
/// fake.faults().push(Fault::delay(Duration::from_secs(3600)).bucket("slow-*").always());
/// fake.faults().push(Fault::throttle().queue("orders").probability(0.3).always());
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    effect: Effect,
    delay: Duration,
    connect_delay: Duration,
    headers: Vec<(String, String)>,
    service: Option<Service>,
    operation: Option<String>,
    bucket: Option<String>,
    key: Option<String>,
    queue: Option<String>,
    function: Option<String>,
    skip: u64,
    left: Option<u64>,
    probability: f64,
    /// Where the draws begin, and where they are.
    seed: u64,
    draws: u64,
}

/// What a fault does to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    Error { code: String, message: String, status: Option<StatusCode> },
    Throttle,
    Status(StatusCode),
    CutBefore,
    LoseAnswer,
    Body(BodyEffect),
}

/// What a fault does to the body of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyEffect {
    Cut(u64),
    Truncate(u64),
    Corrupt,
    /// Bytes a second.
    Drip(u64),
}

impl Fault {
    /// An AWS error with this code (`SlowDown`, `AccessDenied`, `InternalError`, `PermanentRedirect`), in the error
    /// format of the service that is asked, with the HTTP status that belongs to the code. The operation does not
    /// happen. A code that the fake does not know has status 400 unless [`with_status`](Self::with_status) is used.
    pub fn error(code: impl Into<String>) -> Self {
        let code = code.into();
        let message = format!("injected fault: {code}");
        Self::new(Effect::Error { code, message, status: None })
    }

    /// The error with which the service that is asked throttles its callers: `SlowDown` of S3, `RequestThrottled` of SQS,
    /// `TooManyRequestsException` of Lambda, `Throttling` of the others. The operation does not happen.
    pub fn throttle() -> Self {
        Self::new(Effect::Throttle)
    }

    /// A bare HTTP status without a body, as a proxy or a load balancer would answer. The operation does not happen.
    pub fn status(status: StatusCode) -> Self {
        Self::new(Effect::Status(status))
    }

    /// The answer comes only after this time, by the clock of tokio. With the SDK's read timeout below it, the call
    /// times out; the operation has not happened then.
    pub fn delay(delay: Duration) -> Self {
        Self { delay, ..Self::new(Effect::None) }
    }

    /// The connection is established only after this time: what a connect timeout is for.
    pub fn connect_delay(delay: Duration) -> Self {
        Self { connect_delay: delay, ..Self::new(Effect::None) }
    }

    /// The connection is closed before the request is handled. The operation does not happen.
    pub fn cut_before() -> Self {
        Self::new(Effect::CutBefore)
    }

    /// The operation happens, but the connection is closed before a byte of the answer: the client cannot know.
    pub fn lose_answer() -> Self {
        Self::new(Effect::LoseAnswer)
    }

    /// The operation happens, and the connection is reset after this many bytes of the answer's body.
    pub fn cut_at(byte: u64) -> Self {
        Self::new(Effect::Body(BodyEffect::Cut(byte)))
    }

    /// The operation happens, and the answer's body ends cleanly after this many bytes, short of its
    /// `Content-Length`.
    pub fn truncate(byte: u64) -> Self {
        Self::new(Effect::Body(BodyEffect::Truncate(byte)))
    }

    /// The operation happens, and a bit of the answer's body is flipped, so that a checksum is wrong.
    pub fn corrupt_body() -> Self {
        Self::new(Effect::Body(BodyEffect::Corrupt))
    }

    /// The operation happens, and the answer's body comes slowly: so many bytes a second, by the clock of tokio. At least
    /// one.
    pub fn drip(bytes_per_second: u64) -> Self {
        Self::new(Effect::Body(BodyEffect::Drip(bytes_per_second.max(1))))
    }

    /// Only calls of this operation, by its name in the AWS API.
    #[must_use]
    pub fn on(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Only calls of this service.
    #[must_use]
    pub fn service(mut self, service: Service) -> Self {
        self.service = Some(service);
        self
    }

    /// Only calls about this bucket, or about those that fit this pattern.
    #[must_use]
    pub fn bucket(mut self, bucket: impl Into<String>) -> Self {
        self.bucket = Some(bucket.into());
        self
    }

    /// Only calls about this key, or about those that fit this pattern.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Only calls about this queue, by its name, or about those that fit this pattern.
    #[must_use]
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.queue = Some(queue.into());
        self
    }

    /// Only calls about this function, by its name, or about those that fit this pattern.
    #[must_use]
    pub fn function(mut self, function: impl Into<String>) -> Self {
        self.function = Some(function.into());
        self
    }

    /// Lets this many matching calls pass first.
    #[must_use]
    pub fn skip(mut self, calls: u64) -> Self {
        self.skip = calls;
        self
    }

    /// Applies to the nth matching call alone, from 1: what `skip(n - 1).times(1)` does.
    #[must_use]
    pub fn nth(self, number: u64) -> Self {
        self.skip(number.saturating_sub(1)).times(1)
    }

    /// Applies to each matching call with this probability, from 0 to 1. Which calls those are depends on
    /// [`seed`](Self::seed) and the order of the calls, and is the same in every run.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Where the draws of [`probability`](Self::probability) begin. The default is 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Applies to this many calls. The default is one.
    #[must_use]
    pub fn times(mut self, calls: u64) -> Self {
        self.left = Some(calls);
        self
    }

    /// Applies to every matching call until [`Faults::clear`].
    #[must_use]
    pub fn always(mut self) -> Self {
        self.left = None;
        self
    }

    /// Waits this long before doing what it does.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The HTTP status of [`Fault::error`], in place of the code's own.
    #[must_use]
    pub fn with_status(mut self, value: StatusCode) -> Self {
        if let Effect::Error { status, .. } = &mut self.effect {
            *status = Some(value);
        }
        self
    }

    /// The message of [`Fault::error`].
    #[must_use]
    pub fn with_message(mut self, text: impl Into<String>) -> Self {
        if let Effect::Error { message, .. } = &mut self.effect {
            *message = text.into();
        }
        self
    }

    /// Adds a header to the answer, for example `x-amz-bucket-region` to a `PermanentRedirect`. Names and values that
    /// HTTP does not allow are left out.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    fn new(effect: Effect) -> Self {
        Self {
            effect,
            delay: Duration::ZERO,
            connect_delay: Duration::ZERO,
            headers: Vec::new(),
            service: None,
            operation: None,
            bucket: None,
            key: None,
            queue: None,
            function: None,
            skip: 0,
            left: Some(1),
            probability: 1.0,
            seed: 0,
            draws: 0,
        }
    }

    fn matches(&self, call: &Call) -> bool {
        fn same(wanted: Option<&String>, is: Option<&String>) -> bool {
            wanted.is_none_or(|pattern| is.is_some_and(|name| fits(pattern, name)))
        }
        self.service.as_ref().is_none_or(|service| *service == call.service)
            && self.operation.as_ref().is_none_or(|operation| *operation == call.operation)
            && same(self.bucket.as_ref(), call.bucket.as_ref())
            && same(self.key.as_ref(), call.key.as_ref())
            && same(self.queue.as_ref(), call.queue.as_ref())
            && same(self.function.as_ref(), call.function.as_ref())
    }

    /// Whether a matching call is one of those that the fault happens to.
    fn meets(&mut self) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.left != Some(0) && self.draw() < self.probability
    }

    /// The next of the numbers from 0 to 1 that follow from the seed (SplitMix64).
    fn draw(&mut self) -> f64 {
        self.draws += 1;
        let mut bits = self.seed.wrapping_add(self.draws.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^= bits >> 31;
        // The upper 32 bits are all that a draw needs, and a float holds them exactly.
        let upper = u32::try_from(bits >> 32).unwrap_or(u32::MAX);
        f64::from(upper) / (f64::from(u32::MAX) + 1.0)
    }
}

/// The faults of a fake that are still to come. Cheap to clone: all clones are the same list.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<Fault>>>);

impl Faults {
    /// Adds a fault. Each call meets at most one: the first in the list that matches and still has calls to fail.
    pub fn push(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// How many faults have not been used up. A test that expects every fault to have happened asserts zero.
    pub fn remaining(&self) -> usize {
        self.lock().len()
    }

    /// The faults that have not been used up, in their order, as rules.
    pub fn rules(&self) -> Vec<FaultRule> {
        self.lock().iter().map(FaultRule::from).collect()
    }

    pub(crate) fn take(&self, call: &Call) -> Plan {
        let mut faults = self.lock();
        let found = faults.iter_mut().position(|fault| fault.matches(call) && fault.meets());
        let Some(fault) = found.and_then(|index| faults.get_mut(index)) else { return Plan::default() };
        if let Some(left) = &mut fault.left {
            *left -= 1;
        }
        let plan = Plan {
            effect: fault.effect.clone(),
            delay: fault.delay,
            connect_delay: fault.connect_delay,
            headers: fault.headers.clone(),
            faulted: true,
        };
        faults.retain(|fault| fault.left != Some(0));
        plan
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What shall happen to one call.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) effect: Effect,
    pub(crate) delay: Duration,
    pub(crate) connect_delay: Duration,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) faulted: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            effect: Effect::None,
            delay: Duration::ZERO,
            connect_delay: Duration::ZERO,
            headers: Vec::new(),
            faulted: false,
        }
    }
}
