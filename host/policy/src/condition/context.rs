//! The values of condition keys as text: as they are asked about on a command line, and as they are written down.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    key::{ConditionKey, Facts, Value},
    predicate,
};
use crate::{
    request::{Context, ContextText},
    source::nearest,
    text::quoted,
};

/// Why a text cannot be the value of a condition key in a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContextValueError {
    /// There is no such key.
    #[error("unknown condition key {}{}", quoted(.name), did_you_mean(*.nearest))]
    UnknownKey {
        /// The key that was named.
        name: String,
        /// The key that was most likely meant.
        nearest: Option<&'static str>,
    },
    /// The value is none of the key's type.
    #[error("{} is {}: {reason}", quoted(.key.as_str()), .key.value_type().singular())]
    Value {
        /// The key.
        key: ConditionKey,
        /// What is wrong with the value.
        reason: String,
    },
    /// `innkeeper:Guest` is the guest that is asked about, and cannot be another.
    #[error("`innkeeper:Guest` is the guest that is asked about")]
    Guest,
}

fn did_you_mean(nearest: Option<&'static str>) -> String {
    nearest.map(|key| format!("; did you mean `{key}`?")).unwrap_or_default()
}

impl<'a> Context<'a> {
    /// Sets the value of the key of this name, from the text that a policy would compare it with.
    ///
    /// # Errors
    ///
    /// [`ContextValueError`] for a key that there is not, and for a text that is no value of the key's type.
    pub fn set(&mut self, name: &str, text: &'a str) -> Result<(), ContextValueError> {
        let Some(key) = ConditionKey::from_name(name) else {
            let nearest = nearest(name, ConditionKey::ALL.iter().map(|key| key.as_str()));
            return Err(ContextValueError::UnknownKey { name: name.to_owned(), nearest });
        };
        let wrong = |reason: String| ContextValueError::Value { key, reason };
        let number = |text: &str| {
            text.parse::<u64>().map_err(|_| wrong(format!("{} is no whole number", quoted(text))))
        };
        match key {
            ConditionKey::Prefix => self.prefix = Some(text),
            ConditionKey::Delimiter => self.delimiter = Some(text),
            ConditionKey::MaxKeys => {
                let keys = u32::try_from(number(text)?);
                self.max_keys = Some(keys.map_err(|_| wrong(format!("{} is too large", quoted(text))))?);
            }
            ConditionKey::VersionId => self.version_id = Some(text),
            ConditionKey::StorageClass => self.storage_class = Some(text),
            ConditionKey::ServerSideEncryption => self.server_side_encryption = Some(text),
            ConditionKey::CopySource => self.copy_source = Some(ContextText::Written(text)),
            ConditionKey::Guest => return Err(ContextValueError::Guest),
            ConditionKey::Trigger => self.trigger = Some(text),
            ConditionKey::ContentLength => self.content_length = Some(number(text)?),
            ConditionKey::RequestedRegion => self.requested_region = Some(text),
            ConditionKey::CurrentTime => {
                self.current_time = Some(predicate::date(text).map_err(|error| wrong(error.to_string()))?);
            }
            ConditionKey::SecureTransport => {
                self.secure_transport =
                    Some(predicate::bool(text).map_err(|error| wrong(error.to_string()))?);
            }
            ConditionKey::ResourceAccount => self.resource_account = Some(text),
            ConditionKey::FunctionArn => self.function_arn = Some(ContextText::Written(text)),
        }
        Ok(())
    }

    /// The keys that have a value, with the text of it, which [`set`](Self::set) takes back.
    pub fn values(&self) -> impl Iterator<Item = (ConditionKey, String)> {
        let facts = Facts { guest: "", context: self };
        let keys = ConditionKey::ALL.iter().filter(|&&key| key != ConditionKey::Guest);
        keys.filter_map(move |&key| Some((key, text(facts.value(key)?))))
    }
}

fn text(value: Value<'_>) -> String {
    match value {
        Value::Text(text) => text.to_owned(),
        Value::Pieces(pieces) => pieces.concat(),
        Value::Number(number) => number.to_string(),
        // A time that RFC 3339 cannot say is beyond the year 9999.
        Value::Date(time) => OffsetDateTime::from(time).format(&Rfc3339).unwrap_or_default(),
        Value::Bool(value) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    /// A value of each key.
    const VALUES: &[(&str, &str)] = &[
        ("s3:prefix", "incoming/"),
        ("s3:delimiter", "/"),
        ("s3:max-keys", "10"),
        ("s3:VersionId", "3HL4kqtJlcpXroDTDmJ"),
        ("s3:x-amz-storage-class", "STANDARD_IA"),
        ("s3:x-amz-server-side-encryption", "aws:kms"),
        ("s3:x-amz-copy-source", "uploads/incoming/a.jpg"),
        ("innkeeper:Trigger", "run"),
        ("innkeeper:ContentLength", "1024"),
        ("aws:RequestedRegion", "eu-west-1"),
        ("aws:CurrentTime", "2026-01-31T23:59:59Z"),
        ("aws:SecureTransport", "true"),
        ("aws:ResourceAccount", "123456789012"),
        ("lambda:FunctionArn", "arn:aws:lambda:eu-west-1:123456789012:function:resize"),
    ];

    #[test]
    fn values_are_taken_back() {
        let mut context = Context::default();
        assert_eq!(context.values().count(), 0);
        for (name, text) in VALUES {
            context.set(&name.to_uppercase(), text).unwrap();
        }
        let found: Vec<_> = context.values().map(|(key, text)| (key.as_str(), text)).collect();
        let found: Vec<_> = found.iter().map(|(key, text)| (*key, text.as_str())).collect();
        assert_eq!(found, VALUES);
    }

    #[test]
    fn errors_name_the_key_and_what_is_wrong() {
        let error =
            |name: &str, text: &'static str| Context::default().set(name, text).unwrap_err().to_string();
        assert_eq!(error("s3:prefx", ""), "unknown condition key `s3:prefx`; did you mean `s3:prefix`?");
        assert_eq!(error("colour", ""), "unknown condition key `colour`");
        assert_eq!(error("s3:max-keys", "-1"), "`s3:max-keys` is a number: `-1` is no whole number");
        assert_eq!(
            error("s3:max-keys", "4294967296"),
            "`s3:max-keys` is a number: `4294967296` is too large"
        );
        assert!(
            error("aws:CurrentTime", "soon").starts_with("`aws:CurrentTime` is a date: `soon` is no date")
        );
        assert!(error("aws:SecureTransport", "yes").starts_with("`aws:SecureTransport` is a boolean: "));
        assert_eq!(error("innkeeper:Guest", "g"), "`innkeeper:Guest` is the guest that is asked about");
    }
}
