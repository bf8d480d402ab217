//! Which calls and denials are meant, and how often they are to be there.

use std::fmt;

use innkeeper::audit::{Call, Decision, Outcome};
use innkeeper::policy::source::nearest;
use innkeeper::policy::{Action, Operation};

/// Calls of AWS. What is not said fits any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallPattern {
    /// The operation in AWS's API, such as `GetObject`, or with its service: `s3:GetObject`.
    pub operation: String,
    /// The ARN; `*` and `?` as in IAM.
    pub resource: Option<String>,
    /// The case of the WIT error that the guest got, such as `no-such-key`, or [`CANCELLED`](Self::CANCELLED).
    pub error: Option<String>,
    /// How often the request was sent.
    pub attempts: Option<u32>,
}

/// Requests that the policy denied. What is not said fits any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DenialPattern {
    /// The IAM action, such as `s3:GetObject`, without regard to case; `*` and `?` as in IAM.
    pub action: String,
    /// The ARN; `*` and `?` as in IAM.
    pub resource: Option<String>,
}

/// How often something is to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// As often as this; of zero, never.
    Exactly(usize),
    /// As often as this, or more often.
    AtLeast(usize),
}

/// A name that nothing can match, so that what is said of it would hold whatever the guest does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    what: &'static str,
    name: String,
    nearest: Option<&'static str>,
}

impl UnknownName {
    /// The known name that is nearest.
    pub fn nearest(&self) -> Option<&'static str> {
        self.nearest
    }
}

/// Without the nearest name.
impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no guest can ask for the {} `{}`", self.what, self.name.escape_debug())
    }
}

impl std::error::Error for UnknownName {}

impl CallPattern {
    /// The word in place of an error for a call that was cut short: the guest dropped it, or its time was over.
    pub const CANCELLED: &str = "cancelled";

    /// Calls of an operation.
    pub fn new(operation: impl Into<String>) -> Self {
        Self { operation: operation.into(), ..Self::default() }
    }

    /// Whether there is such an operation.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn check(&self) -> Result<(), UnknownName> {
        let (service, operation) = match self.operation.split_once(':') {
            Some((service, operation)) => (Some(service), operation),
            None => (None, self.operation.as_str()),
        };
        let known = || {
            let services = Operation::NAMES
                .iter()
                .filter(|(name, _)| service.is_none_or(|service| service == name.as_str()));
            services.flat_map(|(_, operations)| operations.iter().copied())
        };
        if known().any(|name| name == operation) {
            return Ok(());
        }
        Err(UnknownName {
            what: "operation",
            name: self.operation.clone(),
            nearest: nearest(operation, known()),
        })
    }

    /// Whether a call is meant.
    pub fn matches(&self, call: &Call) -> bool {
        let operation = match self.operation.split_once(':') {
            Some((service, operation)) => service == call.service && operation == call.operation,
            None => self.operation == call.operation,
        };
        let error = match (&self.error, &call.outcome) {
            (None, _) => true,
            (Some(wanted), Outcome::Failure { error, .. }) => wanted == error,
            (Some(wanted), Outcome::Cancelled) => wanted == Self::CANCELLED,
            (Some(_), Outcome::Success) => false,
        };
        operation
            && error
            && self.resource.as_ref().is_none_or(|resource| glob(resource, &call.resource))
            && self.attempts.is_none_or(|attempts| attempts == call.attempts)
    }
}

impl fmt::Display for CallPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a call of `{}`", self.operation)?;
        if let Some(resource) = &self.resource {
            write!(f, " on `{resource}`")?;
        }
        match self.error.as_deref() {
            Some(Self::CANCELLED) => f.write_str(" that is cancelled")?,
            Some(error) => write!(f, " that fails with `{error}`")?,
            None => {}
        }
        match self.attempts {
            Some(1) => f.write_str(" at the first attempt"),
            Some(attempts) => write!(f, " after {attempts} attempts"),
            None => Ok(()),
        }
    }
}

impl DenialPattern {
    /// Denials of an action.
    pub fn new(action: impl Into<String>) -> Self {
        Self { action: action.into(), resource: None }
    }

    /// Whether there is an action that it can match.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn check(&self) -> Result<(), UnknownName> {
        let known = || Action::ALL.iter().map(|action| action.as_str());
        let pattern = self.action.to_ascii_lowercase();
        if known().any(|action| glob(&pattern, &action.to_ascii_lowercase())) {
            return Ok(());
        }
        Err(UnknownName {
            what: "action",
            name: self.action.clone(),
            nearest: nearest(&self.action, known()),
        })
    }

    /// Whether a denial is meant.
    pub fn matches(&self, decision: &Decision) -> bool {
        glob(&self.action.to_ascii_lowercase(), &decision.action.to_ascii_lowercase())
            && self.resource.as_ref().is_none_or(|resource| glob(resource, &decision.resource))
    }
}

impl fmt::Display for DenialPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a denial of `{}`", self.action)?;
        match &self.resource {
            Some(resource) => write!(f, " on `{resource}`"),
            None => Ok(()),
        }
    }
}

impl Times {
    /// Whether a number fits.
    pub fn fits(self, number: usize) -> bool {
        match self {
            Self::Exactly(times) => number == times,
            Self::AtLeast(times) => number >= times,
        }
    }
}

/// As in `expected ... once`.
impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(0) => f.write_str("never"),
            Self::Exactly(1) => f.write_str("once"),
            Self::Exactly(times) => write!(f, "{times} times"),
            Self::AtLeast(1) => f.write_str("at least once"),
            Self::AtLeast(times) => write!(f, "at least {times} times"),
        }
    }
}

/// IAM's wildcards: `*` for any run of characters, `?` for one. Steps back only to the last `*`, so that it takes at most the product of
/// the two lengths, whatever a guest chose for a key.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&character) = text.get(from) {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == character => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((last, taken)) = star else { return false };
                star = Some((last, taken + 1));
                (at, from) = (last + 1, taken + 1);
            }
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_those_of_iam() {
        for (pattern, text) in [
            ("*", ""),
            ("a*c", "abbc"),
            ("a*", "a"),
            ("?", "ü"),
            ("a*b*c", "a-b-b-c"),
            ("arn:*/x?", "arn:aws/x1"),
        ] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("", "a"), ("a", ""), ("?", ""), ("a*c", "abbd"), ("A", "a"), ("a*b", "a-b-c")]
        {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_name_that_nothing_matches_is_refused() {
        for operation in ["GetObject", "s3:GetObject", "sqs:SendMessage", "Invoke"] {
            assert_eq!(CallPattern::new(operation).check(), Ok(()), "{operation}");
        }
        let unknown = CallPattern::new("s3:GetObjekt").check().unwrap_err();
        assert_eq!(unknown.nearest(), Some("GetObject"));
        assert_eq!(unknown.to_string(), "no guest can ask for the operation `s3:GetObjekt`");
        assert!(CallPattern::new("sqs:GetObject").check().is_err());
        for action in ["s3:GetObject", "s3:*", "S3:getobject", "*"] {
            assert_eq!(DenialPattern::new(action).check(), Ok(()), "{action}");
        }
        assert_eq!(DenialPattern::new("s3:PutObjekt").check().unwrap_err().nearest(), Some("s3:PutObject"));
        assert!(DenialPattern::new("GetObject").check().is_err());
    }

    #[test]
    fn every_operation_of_the_policy_can_be_meant() {
        for (service, operations) in Operation::NAMES {
            assert!(!operations.is_empty());
            for operation in *operations {
                assert_eq!(CallPattern::new(*operation).check(), Ok(()), "{operation}");
                assert_eq!(CallPattern::new(format!("{service}:{operation}")).check(), Ok(()), "{operation}");
            }
        }
    }

    #[test]
    fn times_read_as_words() {
        assert!(Times::Exactly(0).fits(0) && !Times::Exactly(0).fits(1));
        assert!(Times::AtLeast(2).fits(3) && !Times::AtLeast(2).fits(1));
        assert_eq!(Times::Exactly(1).to_string(), "once");
        assert_eq!(Times::AtLeast(1).to_string(), "at least once");
    }
}
