//! Faults as documents: what `POST /_innkeeper/faults` takes.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use super::{BodyEffect, Effect, Fault, operation};
use crate::calls::Service;

/// A [`Fault`] as a document, one field for each of its methods.
///
/// What happens: `error` (an AWS error's code, to which belong `message` and `status`), `throttle`, a bare `status`,
/// `cut-before`, `lose-answer`, `cut-at`, `truncate`, `corrupt-body`, `bytes-per-second`; or nothing but a delay. To which
/// calls: `service`, `operation`, and `bucket`, `key`, `queue`, `function`, which may be patterns with `*` and `?`; all of
/// them have to fit. To which of those: the `nth`, or after `skip` calls and `times` of them (one, if nothing is said;
/// `"always"`), with a `probability` whose draws begin at `seed`.
///
/// The same document may stand in any format that serde reads: JSON over HTTP, TOML in a file.
///
/// ```
/// use innkeeper_fake::{FakeAws, FaultRule};
///
/// let rule: FaultRule = serde_json::from_str(r#"{ "error": "SlowDown", "operation": "PutObject", "times": 2 }"#)?;
/// let fake = FakeAws::new();
/// fake.faults().push(rule.fault()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "a rule as it is written down, of which one thing happens")]
pub struct FaultRule {
    /// [`Fault::error`]: the code of an AWS error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// [`Fault::with_message`]: the message of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// [`Fault::throttle`].
    #[serde(skip_serializing_if = "is_false")]
    pub throttle: bool,
    /// [`Fault::with_status`] of an error, or else [`Fault::status`]: an HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// [`Fault::cut_before`].
    #[serde(skip_serializing_if = "is_false")]
    pub cut_before: bool,
    /// [`Fault::lose_answer`].
    #[serde(skip_serializing_if = "is_false")]
    pub lose_answer: bool,
    /// [`Fault::cut_at`]: a byte of the answer's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_at: Option<u64>,
    /// [`Fault::truncate`]: a byte of the answer's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncate: Option<u64>,
    /// [`Fault::corrupt_body`].
    #[serde(skip_serializing_if = "is_false")]
    pub corrupt_body: bool,
    /// [`Fault::drip`]: how fast the answer's body comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_second: Option<u64>,
    /// [`Fault::after`], in milliseconds: how long the answer takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_millis: Option<u64>,
    /// [`Fault::connect_delay`], in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_delay_millis: Option<u64>,
    /// [`Fault::with_header`]: headers of the answer.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// [`Fault::service`], by its endpoint prefix: `s3`, `sqs`, `lambda`, `sts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// [`Fault::on`]: an operation, by its name in the AWS API. There has to be one of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// [`Fault::bucket`]: a name or a pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// [`Fault::key`]: a name or a pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// [`Fault::queue`]: a name or a pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// [`Fault::function`]: a name or a pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// [`Fault::skip`].
    #[serde(skip_serializing_if = "is_zero")]
    pub skip: u64,
    /// [`Fault::times`], or [`Fault::always`].
    pub times: Times,
    /// [`Fault::nth`], in place of `skip` and `times`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// [`Fault::probability`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// [`Fault::seed`].
    #[serde(skip_serializing_if = "is_zero")]
    pub seed: u64,
}

/// To how many calls a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Times {
    /// To this many.
    Number(u64),
    /// To every one: `"always"`.
    Always(Always),
}

/// The word `always`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Always {
    /// To every matching call.
    Always,
}

impl Default for Times {
    fn default() -> Self {
        Self::Number(1)
    }
}

/// Why a document is no fault.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultRuleError {
    /// More than one thing is to happen.
    #[error("a fault has one of {EFFECTS}, and this one has `{0}` and `{1}`")]
    Several(&'static str, &'static str),
    /// Nothing is to happen.
    #[error("a fault needs one of {EFFECTS}, or a delay, or headers")]
    Nothing,
    /// Not an HTTP status that ends a request: 200 to 599.
    #[error("`{0}` is no HTTP status from 200 to 599")]
    Status(u16),
    /// A message without an error to say it.
    #[error("`message` belongs to `error`")]
    Message,
    /// A name or value that HTTP does not allow.
    #[error("`{0}` is no header of HTTP, or its value is none")]
    Header(String),
    /// A service that the fake does not have.
    #[error("the fake has no service `{0}`: it has `s3`, `sqs`, `lambda`, `sts`, `iam`")]
    Service(String),
    /// No operation of the service, or of any; with what may have been meant.
    #[error("there is no operation `{0}` that a fault could be for{1}")]
    Operation(String, String),
    /// A fault that never happens.
    #[error("`times` is at least 1, or `\"always\"`")]
    Never,
    /// Calls are counted from 1, and the nth is one call.
    #[error("`nth` is at least 1, and stands without `skip` and `times`")]
    Nth,
    /// Not a probability at which something can happen.
    #[error("`{0}` is no probability: more than 0 and up to 1")]
    Probability(f64),
    /// A seed without anything to draw.
    #[error("`seed` belongs to `probability`")]
    Seed,
    /// A body that never comes.
    #[error("`bytes-per-second` is at least 1")]
    Slow,
}

const EFFECTS: &str = "`error`, `throttle`, `status`, `cut-before`, `lose-answer`, `cut-at`, `truncate`, `corrupt-body`, \
                       `bytes-per-second`";

impl FaultRule {
    /// The fault.
    ///
    /// # Errors
    ///
    /// The document contradicts itself, or could never happen.
    pub fn fault(&self) -> Result<Fault, FaultRuleError> {
        let mut fault = Fault::new(self.effect()?);
        fault.delay = Duration::from_millis(self.delay_millis.unwrap_or_default());
        fault.connect_delay = Duration::from_millis(self.connect_delay_millis.unwrap_or_default());
        for (name, value) in &self.headers {
            if HeaderName::from_bytes(name.as_bytes()).is_err() || HeaderValue::from_str(value).is_err() {
                return Err(FaultRuleError::Header(name.clone()));
            }
            fault = fault.with_header(name, value);
        }
        fault.service = self.service.as_deref().map(service).transpose()?;
        if let Some(name) = &self.operation {
            operation::check(name, fault.service.as_ref())
                .map_err(|meant| FaultRuleError::Operation(name.clone(), meant))?;
        }
        fault.operation.clone_from(&self.operation);
        fault.bucket.clone_from(&self.bucket);
        fault.key.clone_from(&self.key);
        fault.queue.clone_from(&self.queue);
        fault.function.clone_from(&self.function);
        fault.skip = self.skip;
        fault.left = match self.times {
            Times::Number(0) => return Err(FaultRuleError::Never),
            Times::Number(times) => Some(times),
            Times::Always(Always::Always) => None,
        };
        if let Some(nth) = self.nth {
            if nth == 0 || self.skip > 0 || self.times != Times::default() {
                return Err(FaultRuleError::Nth);
            }
            fault = fault.nth(nth);
        }
        match self.probability {
            Some(probability) if probability > 0.0 && probability <= 1.0 => {
                fault = fault.probability(probability).seed(self.seed);
            }
            Some(other) => return Err(FaultRuleError::Probability(other)),
            None if self.seed != 0 => return Err(FaultRuleError::Seed),
            None => {}
        }
        Ok(fault)
    }

    fn effect(&self) -> Result<Effect, FaultRuleError> {
        let status = self.status.map(status).transpose()?;
        let error = self.error.clone().map(|code| {
            let message = self.message.clone().unwrap_or_else(|| format!("injected fault: {code}"));
            Effect::Error { code, message, status }
        });
        if self.message.is_some() && error.is_none() {
            return Err(FaultRuleError::Message);
        }
        // Of an error the status is a part.
        let bare = status.filter(|_| error.is_none()).map(Effect::Status);
        let body = |effect: Option<BodyEffect>| effect.map(Effect::Body);
        if self.bytes_per_second == Some(0) {
            return Err(FaultRuleError::Slow);
        }
        let mut effects = [
            ("error", error),
            ("throttle", self.throttle.then_some(Effect::Throttle)),
            ("status", bare),
            ("cut-before", self.cut_before.then_some(Effect::CutBefore)),
            ("lose-answer", self.lose_answer.then_some(Effect::LoseAnswer)),
            ("cut-at", body(self.cut_at.map(BodyEffect::Cut))),
            ("truncate", body(self.truncate.map(BodyEffect::Truncate))),
            ("corrupt-body", body(self.corrupt_body.then_some(BodyEffect::Corrupt))),
            ("bytes-per-second", body(self.bytes_per_second.map(BodyEffect::Drip))),
        ]
        .into_iter()
        .filter_map(|(name, effect)| Some((name, effect?)));
        match (effects.next(), effects.next()) {
            (Some((first, _)), Some((second, _))) => Err(FaultRuleError::Several(first, second)),
            (Some((_, effect)), None) => Ok(effect),
            (None, _) => {
                let slow = self.delay_millis.is_some() || self.connect_delay_millis.is_some();
                if slow || !self.headers.is_empty() { Ok(Effect::None) } else { Err(FaultRuleError::Nothing) }
            }
        }
    }
}

impl From<&Fault> for FaultRule {
    fn from(fault: &Fault) -> Self {
        let millis =
            |time: Duration| (!time.is_zero()).then(|| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        let mut rule = Self {
            delay_millis: millis(fault.delay),
            connect_delay_millis: millis(fault.connect_delay),
            headers: fault.headers.iter().cloned().collect(),
            service: fault.service.as_ref().map(ToString::to_string),
            operation: fault.operation.clone(),
            bucket: fault.bucket.clone(),
            key: fault.key.clone(),
            queue: fault.queue.clone(),
            function: fault.function.clone(),
            skip: fault.skip,
            times: fault.left.map_or(Times::Always(Always::Always), Times::Number),
            probability: (fault.probability < 1.0).then_some(fault.probability),
            seed: fault.seed,
            ..Self::default()
        };
        match &fault.effect {
            Effect::None => {}
            Effect::Error { code, message, status } => {
                rule.error = Some(code.clone());
                rule.message = Some(message.clone());
                rule.status = status.map(|status| status.as_u16());
            }
            Effect::Throttle => rule.throttle = true,
            Effect::Status(status) => rule.status = Some(status.as_u16()),
            Effect::CutBefore => rule.cut_before = true,
            Effect::LoseAnswer => rule.lose_answer = true,
            Effect::Body(BodyEffect::Cut(byte)) => rule.cut_at = Some(*byte),
            Effect::Body(BodyEffect::Truncate(byte)) => rule.truncate = Some(*byte),
            Effect::Body(BodyEffect::Corrupt) => rule.corrupt_body = true,
            Effect::Body(BodyEffect::Drip(bytes)) => rule.bytes_per_second = Some(*bytes),
        }
        rule
    }
}

fn service(name: &str) -> Result<Service, FaultRuleError> {
    match Service::of(name) {
        Service::Other(name) => Err(FaultRuleError::Service(name)),
        service => Ok(service),
    }
}

/// A status below 200 does not end a request.
fn status(number: u16) -> Result<StatusCode, FaultRuleError> {
    let status = StatusCode::from_u16(number).ok().filter(|_| (200..600).contains(&number));
    status.ok_or(FaultRuleError::Status(number))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    fn read(document: &str) -> Result<FaultRule, String> {
        let rule: FaultRule = serde_json::from_str(document).map_err(|error| error.to_string())?;
        rule.fault().map_err(|error| error.to_string())?;
        Ok(rule)
    }

    #[test]
    fn a_fault_reads_back_as_the_same_rule() {
        for document in [
            r#"{"error":"SlowDown","message":"later","status":503,"service":"s3","operation":"PutObject","times":2}"#,
            r#"{"status":502,"delay-millis":20,"headers":{"x-a":"b"},"skip":1,"times":"always"}"#,
            r#"{"cut-before":true,"bucket":"b","key":"k","times":1}"#,
            r#"{"lose-answer":true,"queue":"q","times":1}"#,
            r#"{"cut-at":0,"function":"f","times":1}"#,
            r#"{"truncate":7,"times":1}"#,
            r#"{"corrupt-body":true,"times":1}"#,
            r#"{"throttle":true,"queue":"orders-*","times":"always","probability":0.25,"seed":7}"#,
            r#"{"bytes-per-second":9,"skip":2,"times":1}"#,
            r#"{"connect-delay-millis":5,"times":1}"#,
        ] {
            let rule = read(document).unwrap();
            let again = FaultRule::from(&rule.fault().unwrap());
            assert_eq!(again, rule, "{document}");
            assert_eq!(
                serde_json::to_value(&again).unwrap(),
                serde_json::from_str::<serde_json::Value>(document).unwrap()
            );
        }
    }

    #[test]
    fn the_nth_call_is_one_after_those_before_it() {
        let rule = read(r#"{"throttle":true,"nth":3}"#).unwrap();
        let fault = rule.fault().unwrap();
        assert_eq!((fault.skip, fault.left), (2, Some(1)));
    }

    #[test]
    fn errors_when_a_rule_contradicts_itself_or_does_nothing() {
        for (document, said) in [
            ("{}", "needs one of"),
            (r#"{"cut-at":1,"truncate":1}"#, "`cut-at` and `truncate`"),
            (r#"{"error":"A","cut-before":true}"#, "`error` and `cut-before`"),
            (r#"{"status":100}"#, "`100` is no HTTP status"),
            (r#"{"status":503,"message":"a"}"#, "`message` belongs to `error`"),
            (r#"{"cut-before":true,"times":0}"#, "`times` is at least 1"),
            (r#"{"cut-before":true,"service":"kms"}"#, "no service `kms`"),
            (r#"{"throttle":true,"operation":"PutObjec"}"#, "did you mean `PutObject`?"),
            (r#"{"throttle":true,"service":"sqs","operation":"PutObject"}"#, "it is one of `s3`"),
            (r#"{"throttle":true,"operation":"Put*"}"#, "no operation `Put*`"),
            (r#"{"delay-millis":1,"headers":{"a b":"c"}}"#, "`a b` is no header"),
            (r#"{"eror":"A"}"#, "unknown field `eror`"),
            (r#"{"throttle":true,"nth":0}"#, "`nth` is at least 1"),
            (r#"{"throttle":true,"nth":2,"times":2}"#, "without `skip` and `times`"),
            (r#"{"throttle":true,"nth":2,"skip":1}"#, "without `skip` and `times`"),
            (r#"{"throttle":true,"probability":0}"#, "`0` is no probability"),
            (r#"{"throttle":true,"probability":1.5}"#, "`1.5` is no probability"),
            (r#"{"throttle":true,"seed":3}"#, "`seed` belongs to `probability`"),
            (r#"{"bytes-per-second":0}"#, "`bytes-per-second` is at least 1"),
            (r#"{"throttle":true,"error":"A"}"#, "`error` and `throttle`"),
        ] {
            let error = read(document).unwrap_err();
            assert!(error.contains(said), "{document}: {error}");
        }
    }
}
