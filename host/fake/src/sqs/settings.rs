//! The attributes of a queue that can be set.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::error::{error, invalid_parameter, unknown_attribute};
use super::name::{is_fifo_name, is_plain_name};
use super::redrive::{RedriveAllowPolicy, RedrivePolicy};
use crate::layer::AwsError;

/// The longest message and the longest batch, in bytes.
pub(super) const MAX_MESSAGE: u32 = 1024 * 1024;

const DELAYS: RangeInclusive<u32> = 0..=900;
const SIZES: RangeInclusive<u32> = 1024..=MAX_MESSAGE;
const RETENTIONS: RangeInclusive<u32> = 60..=1_209_600;
const WAITS: RangeInclusive<u32> = 0..=20;
pub(super) const VISIBILITIES: RangeInclusive<u32> = 0..=43_200;
const KMS_REUSES: RangeInclusive<u32> = 60..=86_400;

/// What a queue has been told to be. Times are in seconds, as the attributes have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    delay: u32,
    pub(super) max_size: u32,
    retention: u32,
    wait: u32,
    visibility: u32,
    pub(super) fifo: Option<Fifo>,
    policy: Option<String>,
    pub(super) redrive: Option<RedrivePolicy>,
    pub(super) redrive_allow: Option<RedriveAllowPolicy>,
    kms_key: Option<String>,
    kms_reuse: u32,
    managed_encryption: bool,
}

/// What only a FIFO queue has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fifo {
    pub(super) content_based_deduplication: bool,
    pub(super) scope: Scope,
    per_group_throughput: bool,
}

/// What a deduplication id is unique in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Queue,
    Group,
}

/// Attributes as a request gives them.
pub(crate) type Attributes = BTreeMap<String, String>;

impl Settings {
    /// The settings of a new queue. The name is checked with them, since it has to say whether it is a FIFO queue.
    pub(super) fn of_new(name: &str, attributes: &Attributes) -> Result<Self, AwsError> {
        let fifo = attributes.get("FifoQueue").map(|value| bool_of("FifoQueue", value)).transpose()?;
        match fifo {
            Some(true) if !is_fifo_name(name) => {
                return Err(invalid_parameter(
                    "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end \
                     with .fifo suffix and be 1 to 80 in length",
                ));
            }
            Some(false) => return Err(unknown_attribute("FifoQueue")),
            None if !is_plain_name(name) => {
                return Err(invalid_parameter(
                    "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
                ));
            }
            Some(true) | None => {}
        }
        let mut settings = Self::new(fifo.is_some());
        settings.set(attributes)?;
        Ok(settings)
    }

    fn new(fifo: bool) -> Self {
        Self {
            delay: 0,
            max_size: MAX_MESSAGE,
            retention: 345_600,
            wait: 0,
            visibility: 30,
            fifo: fifo.then_some(Fifo {
                content_based_deduplication: false,
                scope: Scope::Queue,
                per_group_throughput: false,
            }),
            policy: None,
            redrive: None,
            redrive_allow: None,
            kms_key: None,
            kms_reuse: 300,
            managed_encryption: true,
        }
    }

    /// `Policy`, a JSON document.
    pub(super) fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    pub(super) fn set_policy(&mut self, policy: Option<String>) {
        self.policy = policy;
    }

    pub(super) fn delay(&self) -> Duration {
        Duration::from_secs(self.delay.into())
    }

    pub(super) fn retention(&self) -> Duration {
        Duration::from_secs(self.retention.into())
    }

    pub(super) fn wait(&self) -> Duration {
        Duration::from_secs(self.wait.into())
    }

    pub(super) fn visibility(&self) -> Duration {
        Duration::from_secs(self.visibility.into())
    }

    /// Changes what `attributes` names, or nothing if one of them is invalid. An empty string removes what can be absent.
    pub(super) fn set(&mut self, attributes: &Attributes) -> Result<(), AwsError> {
        let mut changed = self.clone();
        for (name, value) in attributes {
            changed.set_one(name, value)?;
        }
        let kms = attributes.get("KmsMasterKeyId").is_some_and(|key| !key.is_empty());
        if kms && attributes.get("SqsManagedSseEnabled").is_some_and(|value| value == "true") {
            return Err(error(
                "InvalidAttributeName",
                "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS \
                 SSE.",
            ));
        }
        if kms {
            changed.managed_encryption = false;
        }
        if changed.fifo.is_some_and(|fifo| fifo.per_group_throughput && fifo.scope == Scope::Queue) {
            return Err(error(
                "InvalidAttributeValue",
                "Invalid value for the parameter FifoThroughputLimit. Reason: It can be perMessageGroupId only where \
                 DeduplicationScope is messageGroup.",
            ));
        }
        *self = changed;
        Ok(())
    }

    fn set_one(&mut self, name: &str, value: &str) -> Result<(), AwsError> {
        match name {
            "DelaySeconds" => self.delay = number(name, value, DELAYS)?,
            "MaximumMessageSize" => self.max_size = number(name, value, SIZES)?,
            "MessageRetentionPeriod" => self.retention = number(name, value, RETENTIONS)?,
            "ReceiveMessageWaitTimeSeconds" => self.wait = number(name, value, WAITS)?,
            "VisibilityTimeout" => self.visibility = number(name, value, VISIBILITIES)?,
            "KmsDataKeyReusePeriodSeconds" => self.kms_reuse = number(name, value, KMS_REUSES)?,
            "SqsManagedSseEnabled" => {
                self.managed_encryption = bool_of(name, value)?;
                if self.managed_encryption {
                    self.kms_key = None;
                }
            }
            "KmsMasterKeyId" => self.kms_key = (!value.is_empty()).then(|| value.to_owned()),
            "Policy" => {
                if !value.is_empty() && serde_json::from_str::<serde_json::Map<_, _>>(value).is_err() {
                    return Err(invalid_attribute(name));
                }
                self.policy = (!value.is_empty()).then(|| value.to_owned());
            }
            "RedrivePolicy" => {
                self.redrive = match value {
                    "" => None,
                    value => Some(RedrivePolicy::parse(value)?),
                };
            }
            "RedriveAllowPolicy" => {
                self.redrive_allow = match value {
                    "" => None,
                    value => Some(RedriveAllowPolicy::parse(value)?),
                };
            }
            "FifoQueue" => self.check_type(value)?,
            "ContentBasedDeduplication" | "DeduplicationScope" | "FifoThroughputLimit" => {
                let fifo = self.fifo.as_mut().ok_or_else(|| only_of_fifo(name))?;
                fifo.set(name, value)?;
            }
            _ => return Err(unknown_attribute(name)),
        }
        Ok(())
    }

    /// The type of a queue is for ever.
    fn check_type(&self, value: &str) -> Result<(), AwsError> {
        match (self.fifo.is_some(), bool_of("FifoQueue", value)?) {
            (true, true) => Ok(()),
            (true, false) => Err(error(
                "InvalidAttributeValue",
                "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
            )),
            (false, _) => Err(unknown_attribute("FifoQueue")),
        }
    }

    /// The settings as attributes; what is absent is left out.
    pub(super) fn render(&self) -> Attributes {
        let mut attributes: Attributes = [
            ("DelaySeconds", self.delay),
            ("MaximumMessageSize", self.max_size),
            ("MessageRetentionPeriod", self.retention),
            ("ReceiveMessageWaitTimeSeconds", self.wait),
            ("VisibilityTimeout", self.visibility),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_string()))
        .collect();
        let mut put = |name: &str, value: String| attributes.insert(name.to_owned(), value);
        put("SqsManagedSseEnabled", self.managed_encryption.to_string());
        if let Some(key) = &self.kms_key {
            put("KmsMasterKeyId", key.clone());
            put("KmsDataKeyReusePeriodSeconds", self.kms_reuse.to_string());
        }
        if let Some(policy) = &self.policy {
            put("Policy", policy.clone());
        }
        if let Some(redrive) = &self.redrive {
            put("RedrivePolicy", redrive.render());
        }
        if let Some(allow) = &self.redrive_allow {
            put("RedriveAllowPolicy", allow.render());
        }
        if let Some(fifo) = &self.fifo {
            put("FifoQueue", "true".to_owned());
            put("ContentBasedDeduplication", fifo.content_based_deduplication.to_string());
            let scope = match fifo.scope {
                Scope::Queue => "queue",
                Scope::Group => "messageGroup",
            };
            put("DeduplicationScope", scope.to_owned());
            let limit = if fifo.per_group_throughput { "perMessageGroupId" } else { "perQueue" };
            put("FifoThroughputLimit", limit.to_owned());
        }
        attributes
    }

    /// The settings that are not those of every new queue.
    pub(super) fn render_changed(&self) -> Attributes {
        let defaults = Self::new(self.fifo.is_some()).render();
        let mut attributes = self.render();
        attributes.retain(|name, value| name != "FifoQueue" && defaults.get(name) != Some(value));
        attributes
    }
}

impl Fifo {
    fn set(&mut self, name: &str, value: &str) -> Result<(), AwsError> {
        match (name, value) {
            ("ContentBasedDeduplication", value) => self.content_based_deduplication = bool_of(name, value)?,
            ("DeduplicationScope", "queue") => self.scope = Scope::Queue,
            ("DeduplicationScope", "messageGroup") => self.scope = Scope::Group,
            ("FifoThroughputLimit", "perQueue") => self.per_group_throughput = false,
            ("FifoThroughputLimit", "perMessageGroupId") => self.per_group_throughput = true,
            _ => return Err(invalid_attribute(name)),
        }
        Ok(())
    }
}

fn number(name: &str, value: &str, range: RangeInclusive<u32>) -> Result<u32, AwsError> {
    // `parse` would take a sign.
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse().ok().filter(|number| digits && range.contains(number));
    number.ok_or_else(|| invalid_attribute(name))
}

fn bool_of(name: &str, value: &str) -> Result<bool, AwsError> {
    if value.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if value.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(invalid_attribute(name))
    }
}

/// An attribute that a standard queue does not have.
fn only_of_fifo(name: &str) -> AwsError {
    if name == "ContentBasedDeduplication" {
        return unknown_attribute(name);
    }
    error("InvalidAttributeName", format!("You can specify the {name} only when FifoQueue is set to true."))
}

fn invalid_attribute(name: &str) -> AwsError {
    error("InvalidAttributeValue", format!("Invalid value for the parameter {name}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(pairs: &[(&str, &str)]) -> Attributes {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn takes_what_lies_on_the_limits_and_refuses_what_lies_beyond() {
        for (name, low, high) in [
            ("DelaySeconds", 0, 900),
            ("MaximumMessageSize", 1024, 1_048_576),
            ("MessageRetentionPeriod", 60, 1_209_600),
            ("ReceiveMessageWaitTimeSeconds", 0, 20),
            ("VisibilityTimeout", 0, 43_200),
        ] {
            for value in [low, high] {
                let value = value.to_string();
                let settings = Settings::of_new("q", &attributes(&[(name, &value)])).unwrap();
                assert_eq!(settings.render()[name], value);
            }
            for value in
                [(low - 1).to_string(), (high + 1).to_string(), "+5".into(), "x".into(), String::new()]
            {
                let refused = Settings::of_new("q", &attributes(&[(name, &value)])).unwrap_err();
                assert_eq!(refused.code, "InvalidAttributeValue", "{name}={value}");
            }
        }
    }

    #[test]
    fn a_fifo_queue_says_so_in_its_name_and_its_attributes() {
        let fifo = attributes(&[("FifoQueue", "true")]);
        assert!(Settings::of_new("q.fifo", &fifo).unwrap().fifo.is_some());
        assert_eq!(Settings::of_new("q", &fifo).unwrap_err().code, "InvalidParameterValueException");
        let none = Attributes::new();
        assert_eq!(Settings::of_new("q.fifo", &none).unwrap_err().code, "InvalidParameterValueException");
        let standard = attributes(&[("FifoQueue", "false")]);
        assert_eq!(Settings::of_new("q", &standard).unwrap_err().code, "InvalidAttributeName");
        let dedup = attributes(&[("ContentBasedDeduplication", "true")]);
        assert_eq!(Settings::of_new("q", &dedup).unwrap_err().code, "InvalidAttributeName");
        let mut settings = Settings::of_new("q.fifo", &fifo).unwrap();
        assert_eq!(settings.set(&standard).unwrap_err().code, "InvalidAttributeValue");
    }

    #[test]
    fn an_invalid_attribute_changes_none_of_them() {
        let mut settings = Settings::of_new("q", &Attributes::new()).unwrap();
        let before = settings.clone();
        settings.set(&attributes(&[("DelaySeconds", "5"), ("Unknown", "1")])).unwrap_err();
        assert_eq!(settings, before);
    }

    #[test]
    fn an_empty_policy_is_none() {
        let mut settings = Settings::of_new("q", &attributes(&[("Policy", "{}")])).unwrap();
        assert_eq!(settings.render_changed(), attributes(&[("Policy", "{}")]));
        settings.set(&attributes(&[("Policy", ""), ("RedrivePolicy", "")])).unwrap();
        assert_eq!(settings.render_changed(), Attributes::new());
    }
}
