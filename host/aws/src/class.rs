//! Configuration classes: the timeouts and retries that a kind of call needs.

use crate::error::ConfigurationError;
use crate::service::Service;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

/// The longest that SQS holds a ReceiveMessage open when there is no message (`WaitTimeSeconds`).
const LONGEST_POLL: Duration = Duration::from_secs(20);

/// The name of a configuration class.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(Cow<'static, str>);

impl Class {
    /// For requests and answers without a large body: connect 5 s, attempt 30 s, operation 120 s, 5 attempts.
    pub const STANDARD: Self = Self(Cow::Borrowed("standard"));
    /// For object bodies: connect 5 s, no limit on an attempt, but one that stalls for 20 s is cut; 3 attempts.
    pub const DATA: Self = Self(Cow::Borrowed("data"));
    /// For synchronous Lambda invocations: connect 5 s, 900 s in all, 1 attempt, since a retry can run the function twice.
    pub const LONG: Self = Self(Cow::Borrowed("long"));
    /// For invocations of which the guest says that they do no harm twice: as `long`, with 3 attempts.
    pub const IDEMPOTENT: Self = Self(Cow::Borrowed("idempotent"));
    /// For SQS's ReceiveMessage: as `standard`, but its attempt must outlast a long poll (20 s).
    pub const POLL: Self = Self(Cow::Borrowed("poll"));
    /// For a check that must not hang: 5 s in all, 1 attempt.
    pub const PROBE: Self = Self(Cow::Borrowed("probe"));

    /// The classes that there are without a manifest.
    pub const BUILT_IN: [Self; 6] =
        [Self::STANDARD, Self::DATA, Self::LONG, Self::IDEMPOTENT, Self::POLL, Self::PROBE];

    /// A class of the manifest's own; it has to be defined in the factory's [`Classes`].
    pub fn named(name: impl Into<String>) -> Self {
        Self(Cow::Owned(name.into()))
    }

    /// The class that an operation runs under unless the manifest says otherwise.
    ///
    /// `operation` is the name of the API operation, such as `GetObject`. An operation without an entry of its own gets
    /// the default of its service, which is [`Class::STANDARD`] for every service.
    ///
    /// ```
    /// use innkeeper_aws::{Class, Service};
    ///
    /// assert_eq!(Class::of(Service::S3, "GetObject"), Class::DATA);
    /// assert_eq!(Class::of(Service::S3, "ListObjectsV2"), Class::STANDARD);
    /// ```
    pub fn of(service: Service, operation: &str) -> Self {
        match (service, operation) {
            // Bodies of any size. Copies and completions answer at once and then keep the body open while they work.
            (
                Service::S3,
                "GetObject"
                | "PutObject"
                | "UploadPart"
                | "CopyObject"
                | "UploadPartCopy"
                | "CompleteMultipartUpload"
                | "SelectObjectContent",
            ) => Self::DATA,
            (Service::Sqs, "ReceiveMessage") => Self::POLL,
            (Service::Lambda, "Invoke" | "InvokeWithResponseStream") => Self::LONG,
            _ => Self::STANDARD,
        }
    }

    /// The class's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Class {
    fn default() -> Self {
        Self::STANDARD
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the SDK paces its retries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RetryMode {
    /// Backoff with jitter, and a token bucket that stops retrying when most calls fail.
    #[default]
    Standard,
    /// As `Standard`, and first attempts are slowed down too when the service throttles.
    Adaptive,
}

/// What is done about a body that no longer flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StallProtection {
    /// A body that moves less than a byte a second for the grace period is an error.
    After(Duration),
    /// A body may stand still for as long as the other limits of the class allow.
    Off,
}

/// The limits of a class. A limit of `None` does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassConfig {
    /// Until the connection stands, TLS included.
    pub connect_timeout: Duration,
    /// From the sending of one attempt to the head of its answer (for answers that are not streamed, to their end).
    pub attempt_timeout: Option<Duration>,
    /// All attempts and the pauses between them.
    pub operation_timeout: Option<Duration>,
    /// Attempts in all, the first included.
    pub max_attempts: NonZeroU32,
    /// How retries are paced.
    pub retry_mode: RetryMode,
    /// What is done about a body that no longer flows.
    pub stall_protection: StallProtection,
}

impl ClassConfig {
    /// The SDK's own grace period.
    const STALL: StallProtection = StallProtection::After(Duration::from_secs(20));

    /// [`Class::STANDARD`].
    pub fn standard() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            attempt_timeout: Some(Duration::from_secs(30)),
            operation_timeout: Some(Duration::from_mins(2)),
            max_attempts: attempts(5),
            retry_mode: RetryMode::Standard,
            stall_protection: Self::STALL,
        }
    }

    /// [`Class::DATA`].
    pub fn data() -> Self {
        Self { attempt_timeout: None, operation_timeout: None, max_attempts: attempts(3), ..Self::standard() }
    }

    /// [`Class::LONG`].
    pub fn long() -> Self {
        let limit = Some(Duration::from_mins(15));
        Self {
            attempt_timeout: limit,
            operation_timeout: limit,
            max_attempts: attempts(1),
            ..Self::standard()
        }
    }

    /// [`Class::IDEMPOTENT`].
    pub fn idempotent() -> Self {
        Self { max_attempts: attempts(3), ..Self::long() }
    }

    /// [`Class::POLL`].
    pub fn poll() -> Self {
        Self::standard()
    }

    /// [`Class::PROBE`].
    pub fn probe() -> Self {
        let limit = Duration::from_secs(5);
        Self {
            connect_timeout: limit,
            attempt_timeout: Some(limit),
            operation_timeout: Some(limit),
            max_attempts: attempts(1),
            ..Self::standard()
        }
    }

    fn check(&self, class: &Class) -> Result<(), ConfigurationError> {
        let refuse = |reason| Err(ConfigurationError::Class { class: class.to_string(), reason });
        let limits = [Some(self.connect_timeout), self.attempt_timeout, self.operation_timeout];
        if limits.into_iter().flatten().any(|limit| limit.is_zero()) {
            return refuse("a limit of 0 would fail every call");
        }
        if *class == Class::LONG && self.max_attempts.get() > 1 {
            return refuse("a second attempt could run a function twice");
        }
        if *class == Class::POLL {
            let shortest = self.attempt_timeout.into_iter().chain(self.operation_timeout).min();
            if shortest.is_some_and(|limit| limit <= LONGEST_POLL) {
                return refuse("its limits must outlast a long poll of 20 s");
            }
        }
        Ok(())
    }
}

impl Default for ClassConfig {
    /// [`ClassConfig::standard`].
    fn default() -> Self {
        Self::standard()
    }
}

/// The configuration classes of a factory: the built-in ones, changed at will, and any others.
///
/// ```
/// use innkeeper_aws::{Class, ClassConfig, Classes};
/// use std::time::Duration;
///
/// let patient = ClassConfig { operation_timeout: Some(Duration::from_secs(600)), ..ClassConfig::standard() };
/// let classes = Classes::default().with(Class::named("patient"), patient)?;
/// assert!(classes.get(&Class::named("patient")).is_ok());
/// assert!(classes.get(&Class::named("hasty")).is_err());
/// # Ok::<(), innkeeper_aws::ConfigurationError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes(BTreeMap<Class, ClassConfig>);

impl Default for Classes {
    /// `standard`, `data`, `long`, `idempotent`, `poll` and `probe`.
    fn default() -> Self {
        Self(BTreeMap::from([
            (Class::STANDARD, ClassConfig::standard()),
            (Class::DATA, ClassConfig::data()),
            (Class::LONG, ClassConfig::long()),
            (Class::IDEMPOTENT, ClassConfig::idempotent()),
            (Class::POLL, ClassConfig::poll()),
            (Class::PROBE, ClassConfig::probe()),
        ]))
    }
}

impl Classes {
    /// Adds a class, or replaces one.
    ///
    /// # Errors
    ///
    /// [`ConfigurationError::Class`] for a limit of 0, a `poll` that a long poll of SQS would outlast, or a `long` that tries twice.
    pub fn with(mut self, class: Class, config: ClassConfig) -> Result<Self, ConfigurationError> {
        config.check(&class)?;
        self.0.insert(class, config);
        Ok(self)
    }

    /// The limits of a class.
    ///
    /// # Errors
    ///
    /// [`ConfigurationError::UnknownClass`], which lists the classes that there are.
    pub fn get(&self, class: &Class) -> Result<&ClassConfig, ConfigurationError> {
        self.0.get(class).ok_or_else(|| ConfigurationError::UnknownClass {
            class: class.to_string(),
            known: self.0.keys().map(ToString::to_string).collect(),
        })
    }

    /// Every class with its limits, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Class, &ClassConfig)> {
        self.0.iter()
    }
}

const fn attempts(attempts: u32) -> NonZeroU32 {
    match NonZeroU32::new(attempts) {
        Some(attempts) => attempts,
        None => NonZeroU32::MIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_classes_are_as_documented() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let classes = Classes::default();
        for (class, attempt, operation, attempts) in [
            (Class::STANDARD, seconds(30), seconds(120), 5),
            (Class::DATA, None, None, 3),
            (Class::LONG, seconds(900), seconds(900), 1),
            (Class::IDEMPOTENT, seconds(900), seconds(900), 3),
            (Class::POLL, seconds(30), seconds(120), 5),
            (Class::PROBE, seconds(5), seconds(5), 1),
        ] {
            let config = classes.get(&class).unwrap();
            assert_eq!(config.attempt_timeout, attempt, "{class}");
            assert_eq!(config.operation_timeout, operation, "{class}");
            assert_eq!(config.max_attempts.get(), attempts, "{class}");
            assert_eq!(config.connect_timeout, Duration::from_secs(5), "{class}");
        }
        assert!(matches!(classes.get(&Class::DATA).unwrap().stall_protection, StallProtection::After(_)));
    }

    #[test]
    fn operations_have_their_default_class() {
        for (service, operation, class) in [
            (Service::S3, "GetObject", Class::DATA),
            (Service::S3, "UploadPart", Class::DATA),
            (Service::S3, "HeadObject", Class::STANDARD),
            (Service::Sqs, "ReceiveMessage", Class::POLL),
            (Service::Sqs, "SendMessage", Class::STANDARD),
            (Service::Lambda, "Invoke", Class::LONG),
            (Service::Lambda, "GetFunction", Class::STANDARD),
            (Service::Sts, "GetCallerIdentity", Class::STANDARD),
        ] {
            assert_eq!(Class::of(service, operation), class, "{operation}");
        }
    }

    #[test]
    fn a_receive_outlasts_its_long_poll() {
        let classes = Classes::default();
        let class = Class::of(Service::Sqs, "ReceiveMessage");
        assert!(classes.get(&class).unwrap().attempt_timeout.unwrap() > LONGEST_POLL);
        for seconds in [1, 20] {
            let limit = Some(Duration::from_secs(seconds));
            for hasty in [
                ClassConfig { attempt_timeout: limit, ..ClassConfig::poll() },
                ClassConfig { operation_timeout: limit, ..ClassConfig::poll() },
            ] {
                assert!(Classes::default().with(Class::POLL, hasty.clone()).is_err());
                assert!(Classes::default().with(Class::STANDARD, hasty).is_ok());
            }
        }
    }

    #[test]
    fn errors_when_a_class_could_only_fail() {
        let never = ClassConfig { connect_timeout: Duration::ZERO, ..ClassConfig::standard() };
        assert!(Classes::default().with(Class::named("never"), never).is_err());
    }

    #[test]
    fn what_may_not_run_twice_has_one_attempt() {
        let eager = ClassConfig { max_attempts: attempts(2), ..ClassConfig::long() };
        assert!(Classes::default().with(Class::LONG, eager.clone()).is_err());
        assert!(Classes::default().with(Class::IDEMPOTENT, eager).is_ok());
    }

    #[test]
    fn an_unknown_class_is_answered_with_the_known_ones() {
        let error = Classes::default().get(&Class::named("fast")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no configuration class `fast`; there are `data`, `idempotent`, `long`, `poll`, `probe`, \
             `standard`"
        );
    }
}
