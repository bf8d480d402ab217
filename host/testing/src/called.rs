//! What came of a call of a guest.

use std::fmt;
use std::time::Duration;

use innkeeper::CallError;
use innkeeper::audit::{Call, Decision, Verdict};
use innkeeper_fake::FakeAws;

use crate::trail::{Event, asked};

/// What came of a call of a guest: its result, what it asked of AWS, and the AWS that it has left behind.
#[derive(Debug)]
pub struct Called {
    pub(crate) guest: String,
    pub(crate) result: Result<Vec<u8>, CallError>,
    pub(crate) log: Vec<u8>,
    pub(crate) elapsed: Duration,
    pub(crate) events: Vec<Event>,
    pub(crate) aws: FakeAws,
}

/// How a call failed, as a test names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `reported`: the guest reports a failure in its own words.
    Reported,
    /// `exit`: the guest ended itself with a status.
    Exit,
    /// `limit`: the guest reached one of its limits.
    Limit,
    /// `trap`: the guest did what WebAssembly does not allow, or gave up.
    Trap,
}

impl ErrorKind {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Reported, Self::Exit, Self::Limit, Self::Trap];

    /// The kind of an error. One that is none of the others counts as a trap.
    pub fn of(error: &CallError) -> Self {
        match error {
            CallError::Reported(_) => Self::Reported,
            CallError::Exit { .. } => Self::Exit,
            CallError::Limit { .. } => Self::Limit,
            _ => Self::Trap,
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Exit => "exit",
            Self::Limit => "limit",
            Self::Trap => "trap",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Called {
    /// The guest's name.
    pub fn guest(&self) -> &str {
        &self.guest
    }

    /// What it returned, or why it did not.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub fn result(&self) -> Result<&[u8], &CallError> {
        self.result.as_deref()
    }

    /// What the guest wrote beside its result. What is not UTF-8 is replaced.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&self.log).into_owned()
    }

    /// How long the call took, by the clock of tokio: if that is paused, how long the guest waited.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// What was asked of AWS, in the order in which it happened.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The calls of AWS, in the order in which they ended.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.events.iter().filter_map(|event| match event {
            Event::Call(call) => Some(&**call),
            Event::Decision(_) => None,
        })
    }

    /// What the policy denied, in order.
    pub fn denials(&self) -> impl Iterator<Item = &Decision> {
        self.events.iter().filter_map(|event| match event {
            Event::Decision(decision) if matches!(decision.verdict, Verdict::Deny { .. }) => {
                Some(&**decision)
            }
            Event::Decision(_) | Event::Call(_) => None,
        })
    }

    /// The AWS that the guest was called on, as it is now.
    pub fn aws(&self) -> &FakeAws {
        &self.aws
    }

    /// What was asked of AWS, as a numbered list for people.
    pub fn asked(&self) -> impl fmt::Display {
        asked(&self.events)
    }
}
