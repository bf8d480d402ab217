//! `RedrivePolicy` and `RedriveAllowPolicy`, the two attributes that are JSON documents.

use serde_json::{Value, json};

use super::error::{error, invalid_value};
use super::name::QueueArn;
use crate::layer::AwsError;

/// The most receives that a redrive policy can ask for.
const MAX_RECEIVE_COUNT: u64 = 1000;
/// The most source queues that an allow policy can list.
const MAX_SOURCES: usize = 10;

/// Where the messages go that nobody could handle, and after how many receives.
#[derive(Clone, Debug)]
pub(crate) struct RedrivePolicy {
    /// As it was given, where that says no more than is understood of it.
    text: Option<String>,
    pub(crate) target: String,
    pub(crate) arn: QueueArn,
    pub(crate) max_receive_count: u32,
}

/// Policies that say the same are the same, however they are written.
impl PartialEq for RedrivePolicy {
    fn eq(&self, other: &Self) -> bool {
        (&self.arn, self.max_receive_count) == (&other.arn, other.max_receive_count)
    }
}

impl Eq for RedrivePolicy {}

/// Which queues may use this one for their dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RedriveAllowPolicy {
    AllowAll,
    DenyAll,
    ByQueue(Vec<String>),
}

impl RedrivePolicy {
    pub(super) fn parse(text: &str) -> Result<Self, AwsError> {
        let invalid = |reason: &str| invalid_value(text, "RedrivePolicy", reason);
        let document: Value =
            serde_json::from_str(text).map_err(|_| invalid("Redrive policy is not a valid JSON map."))?;
        let document =
            document.as_object().ok_or_else(|| invalid("Redrive policy is not a valid JSON map."))?;
        let mandatory = |name: &str| {
            document.get(name).ok_or_else(|| {
                invalid(&format!("Redrive policy does not contain mandatory attribute: {name}."))
            })
        };
        let target = mandatory("deadLetterTargetArn")?;
        let count = mandatory("maxReceiveCount")?;
        let target = target.as_str().unwrap_or_default();
        let arn = QueueArn::parse(target).ok_or_else(|| invalid("Invalid value for deadLetterTargetArn."))?;
        let number = count.as_u64().or_else(|| count.as_str()?.parse().ok());
        let number = number.filter(|number| (1..=MAX_RECEIVE_COUNT).contains(number));
        let number = number.and_then(|number| u32::try_from(number).ok());
        let max_receive_count = number.ok_or_else(|| {
            let given = count.as_str().map_or_else(|| count.to_string(), str::to_owned);
            invalid(&format!(
                "Invalid value for maxReceiveCount: {given}, valid values are from 1 to {MAX_RECEIVE_COUNT} both inclusive."
            ))
        })?;
        let mut policy = Self { text: None, target: target.to_owned(), arn, max_receive_count };
        policy.text = (Value::Object(document.clone()) == policy.document()).then(|| text.to_owned());
        Ok(policy)
    }

    pub(super) fn render(&self) -> String {
        self.text.clone().unwrap_or_else(|| self.document().to_string())
    }

    fn document(&self) -> Value {
        json!({ "deadLetterTargetArn": self.target, "maxReceiveCount": self.max_receive_count })
    }
}

impl RedriveAllowPolicy {
    pub(super) fn parse(text: &str) -> Result<Self, AwsError> {
        let invalid =
            || error("InvalidAttributeValue", "Invalid value for the parameter RedriveAllowPolicy.");
        let document: Value = serde_json::from_str(text).map_err(|_| invalid())?;
        let sources = document.get("sourceQueueArns");
        match (document.get("redrivePermission").and_then(Value::as_str), sources) {
            (Some("allowAll"), None) => Ok(Self::AllowAll),
            (Some("denyAll"), None) => Ok(Self::DenyAll),
            (Some("byQueue"), Some(Value::Array(sources))) if (1..=MAX_SOURCES).contains(&sources.len()) => {
                let arns: Option<Vec<String>> = sources
                    .iter()
                    .map(|source| {
                        source.as_str().filter(|arn| QueueArn::parse(arn).is_some()).map(str::to_owned)
                    })
                    .collect();
                arns.map(Self::ByQueue).ok_or_else(invalid)
            }
            _ => Err(invalid()),
        }
    }

    pub(super) fn render(&self) -> String {
        match self {
            Self::AllowAll => json!({ "redrivePermission": "allowAll" }),
            Self::DenyAll => json!({ "redrivePermission": "denyAll" }),
            Self::ByQueue(arns) => json!({ "redrivePermission": "byQueue", "sourceQueueArns": arns }),
        }
        .to_string()
    }

    /// Whether the queue of this ARN may send its dead letters here.
    pub(super) fn allows(&self, source: &str) -> bool {
        match self {
            Self::AllowAll => true,
            Self::DenyAll => false,
            Self::ByQueue(arns) => arns.iter().any(|arn| arn == source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sqs:eu-west-1:000000000000:dead";

    #[test]
    fn reads_counts_as_numbers_and_as_strings() {
        for count in ["3", "\"3\""] {
            let policy = format!("{{\"deadLetterTargetArn\":\"{ARN}\",\"maxReceiveCount\":{count}}}");
            let policy = RedrivePolicy::parse(&policy).unwrap();
            assert_eq!((policy.target.as_str(), policy.max_receive_count), (ARN, 3));
        }
    }

    #[test]
    fn refuses_a_policy_that_names_no_queue_or_no_count() {
        for (policy, reason) in [
            ("nonsense", "not a valid JSON map"),
            ("[]", "not a valid JSON map"),
            (r#"{"maxReceiveCount":1}"#, "mandatory attribute: deadLetterTargetArn"),
            (
                r#"{"deadLetterTargetArn":"dummy","maxReceiveCount":1}"#,
                "Invalid value for deadLetterTargetArn",
            ),
        ] {
            assert!(RedrivePolicy::parse(policy).unwrap_err().message.contains(reason), "{policy}");
        }
        for count in ["0", "1001", "\"x\"", "null"] {
            let policy = format!("{{\"deadLetterTargetArn\":\"{ARN}\",\"maxReceiveCount\":{count}}}");
            assert!(RedrivePolicy::parse(&policy).unwrap_err().message.contains("from 1 to 1000"), "{count}");
        }
    }

    #[test]
    fn an_allow_policy_lists_queues_only_by_queue() {
        let by_queue = format!("{{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\"{ARN}\"]}}");
        let policy = RedriveAllowPolicy::parse(&by_queue).unwrap();
        assert!(policy.allows(ARN) && !policy.allows("arn:aws:sqs:eu-west-1:000000000000:other"));
        assert_eq!(RedriveAllowPolicy::parse(&policy.render()).unwrap(), policy);
        for policy in ["{}", r#"{"redrivePermission":"some"}"#, r#"{"redrivePermission":"byQueue"}"#, "x"] {
            assert_eq!(
                RedriveAllowPolicy::parse(policy).unwrap_err().code,
                "InvalidAttributeValue",
                "{policy}"
            );
        }
    }
}
