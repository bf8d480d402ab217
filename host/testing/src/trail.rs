//! What a guest asked of AWS, in the order in which it happened.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use innkeeper::audit::{AuditSink, Call, Decision, Outcome, Verdict};

/// An entry of the audit trail.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The policy has decided on a request.
    Decision(Arc<Decision>),
    /// A call of AWS has come to its end.
    Call(Arc<Call>),
}

/// An audit trail in memory that keeps decisions and calls in one order.
#[derive(Debug, Default)]
pub struct Trail(Mutex<Vec<Event>>);

impl Trail {
    /// How many events there are so far.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nothing has happened yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The events from a number on; of the first `0`.
    pub fn since(&self, first: usize) -> Vec<Event> {
        self.lock().get(first..).unwrap_or_default().to_vec()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Event>> {
        // A panic elsewhere leaves nothing half done here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AuditSink for Trail {
    fn decision(&self, decision: &Decision) {
        self.lock().push(Event::Decision(Arc::new(decision.clone())));
    }

    fn call(&self, call: &Call) {
        self.lock().push(Event::Call(Arc::new(call.clone())));
    }
}

impl Event {
    /// Whether it belongs in a list of what was asked: what was allowed is there as the call that came of it.
    pub(crate) fn is_told(&self) -> bool {
        match self {
            Self::Decision(decision) => matches!(decision.verdict, Verdict::Deny { .. }),
            Self::Call(_) => true,
        }
    }
}

/// In one line.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(call) => {
                write!(f, "{} {} on {}: ", call.service, call.operation, escaped(&call.resource))?;
                match &call.outcome {
                    Outcome::Success => f.write_str("ok")?,
                    Outcome::Failure { error, .. } => f.write_str(error)?,
                    Outcome::Cancelled => f.write_str("cancelled")?,
                }
                if call.attempts > 1 { write!(f, " after {} attempts", call.attempts) } else { Ok(()) }
            }
            Self::Decision(decision) => {
                write!(f, "{} on {}: ", decision.action, escaped(&decision.resource))?;
                match &decision.verdict {
                    Verdict::Allow { .. } => f.write_str("allowed"),
                    Verdict::Deny { reason, .. } => write!(f, "denied ({})", escaped(reason)),
                }
            }
        }
    }
}

/// On one line: a guest chooses the key.
pub(crate) fn escaped(text: &str) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        text.chars().try_for_each(|c| {
            if c.is_control() { write!(f, "{}", c.escape_default()) } else { write!(f, "{c}") }
        })
    })
}

/// How many events are listed at each end of a long list.
const SHOWN: usize = 20;

/// What was asked of AWS, numbered, for people: below a mismatch it says how it came to that.
pub(crate) fn asked(events: &[Event]) -> impl fmt::Display {
    let told: Vec<&Event> = events.iter().filter(|event| event.is_told()).collect();
    fmt::from_fn(move |f| {
        if told.is_empty() {
            return f.write_str("Nothing was asked of AWS.");
        }
        write!(f, "Asked of AWS ({}):", told.len())?;
        let last = told.len().saturating_sub(SHOWN);
        for (number, event) in told.iter().enumerate() {
            if number < SHOWN || number >= last {
                write!(f, "\n  {}. {event}", number + 1)?;
            } else if number == SHOWN {
                write!(f, "\n  ... {} more ...", last - SHOWN)?;
            }
        }
        Ok(())
    })
}
