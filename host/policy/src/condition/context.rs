//! The values of condition keys as text: as they are asked about on a command line, and as they are written down.

use std::borrow::Cow;

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
    /// The key has a value already, and can have one.
    #[error("{} has two values, and a request has one at most", quoted(.name))]
    Twice {
        /// The key, as it was named the second time.
        name: String,
    },
    /// `innkeeper:Guest` is the guest that is asked about, and cannot be another.
    #[error("`innkeeper:Guest` is the guest that is asked about")]
    Guest,
}

fn did_you_mean(nearest: Option<&'static str>) -> String {
    nearest.map(|key| format!("; did you mean `{key}`?")).unwrap_or_default()
}

/// The values of condition keys, from text: what a command line or a document says of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextValues {
    /// By key; not those of tags.
    values: Vec<(ConditionKey, String)>,
    request_tags: Vec<(String, String)>,
    request_tag_keys: Vec<String>,
    existing_tags: Vec<(String, String)>,
}

impl ContextValues {
    /// Sets the value of the key of this name, from the text that a policy would compare it with. Of `s3:RequestObjectTagKeys` it
    /// adds a value; the keys of `s3:RequestObjectTag/<key>` are among them anyway.
    ///
    /// # Errors
    ///
    /// [`ContextValueError`] for a key that there is not, for one that has a value, and for a text that is no value of the key's
    /// type.
    pub fn set(&mut self, name: &str, text: impl Into<String>) -> Result<(), ContextValueError> {
        let Some((key, tag)) = ConditionKey::parse(name) else {
            let nearest = nearest(name, ConditionKey::ALL.iter().map(|key| key.as_str()));
            return Err(ContextValueError::UnknownKey { name: name.to_owned(), nearest });
        };
        let text = text.into();
        Context::default().set(key, &text)?;
        let twice = || ContextValueError::Twice { name: name.to_owned() };
        let tags = match key {
            ConditionKey::RequestObjectTag => &mut self.request_tags,
            ConditionKey::ExistingObjectTag => &mut self.existing_tags,
            ConditionKey::RequestObjectTagKeys => {
                if !self.request_tag_keys.contains(&text) {
                    self.request_tag_keys.push(text);
                }
                return Ok(());
            }
            _ if self.values.iter().any(|(other, _)| *other == key) => return Err(twice()),
            _ => {
                self.values.push((key, text));
                return Ok(());
            }
        };
        let tag = tag.unwrap_or_default();
        if tags.iter().any(|(other, _)| other == tag) {
            return Err(twice());
        }
        tags.push((tag.to_owned(), text));
        Ok(())
    }

    /// The values, for a request.
    pub fn context(&self) -> Context<'_> {
        let mut context = Context {
            request_tags: &self.request_tags,
            request_tag_keys: &self.request_tag_keys,
            existing_tags: &self.existing_tags,
            ..Context::default()
        };
        for (key, text) in &self.values {
            // It was tried when the text was taken.
            let _ = context.set(*key, text);
        }
        context
    }
}

impl<'a> Context<'a> {
    /// Sets the value of a key, but for those of tags.
    fn set(&mut self, key: ConditionKey, text: &'a str) -> Result<(), ContextValueError> {
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
            ConditionKey::RequestObjectTag
            | ConditionKey::RequestObjectTagKeys
            | ConditionKey::ExistingObjectTag => {}
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

    /// The names of the keys that have a value, with the text of it, which [`ContextValues::set`] takes back. The keys of the tags
    /// in `s3:RequestObjectTag/<key>` are not told again.
    pub fn values(&self) -> Vec<(Cow<'static, str>, String)> {
        let mut values = Vec::new();
        if self.is_empty() {
            return values;
        }
        let facts = Facts { guest: "", context: self };
        for key in ConditionKey::ALL {
            if matches!(key, ConditionKey::Guest | ConditionKey::RequestObjectTagKeys) {
                continue;
            }
            if let Some(value) = facts.value(*key) {
                values.push((Cow::Borrowed(key.as_str()), text(value)));
            }
            for (tag, value) in facts.tags(*key) {
                let name = key.as_str().strip_suffix("<key>").unwrap_or_default();
                values.push((Cow::Owned(format!("{name}{tag}")), value.clone()));
            }
        }
        values
    }

    /// Whether no key has a value.
    fn is_empty(&self) -> bool {
        // All by name, so that none is forgotten.
        let Self {
            prefix,
            delimiter,
            max_keys,
            version_id,
            storage_class,
            server_side_encryption,
            copy_source,
            request_tags,
            request_tag_keys,
            existing_tags,
            trigger,
            content_length,
            requested_region,
            current_time,
            secure_transport,
            resource_account,
            function_arn,
        } = self;
        let of_the_operation = [prefix, delimiter, version_id, storage_class, server_side_encryption];
        let of_the_host = [trigger, requested_region, resource_account];
        of_the_operation.iter().chain(&of_the_host).all(|text| text.is_none())
            && max_keys.is_none()
            && copy_source.is_none()
            && request_tags.is_empty()
            && request_tag_keys.is_empty()
            && existing_tags.is_empty()
            && content_length.is_none()
            && current_time.is_none()
            && secure_transport.is_none()
            && function_arn.is_none()
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
        Value::Texts(texts) => texts.iter().collect::<Vec<_>>().join(","),
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
        ("s3:RequestObjectTag/team", "red"),
        ("s3:RequestObjectTag/a/b", ""),
        ("s3:ExistingObjectTag/Team", "blue"),
        ("innkeeper:Trigger", "run"),
        ("innkeeper:ContentLength", "1024"),
        ("aws:RequestedRegion", "eu-west-1"),
        ("aws:CurrentTime", "2026-01-31T23:59:59Z"),
        ("aws:SecureTransport", "true"),
        ("aws:ResourceAccount", "123456789012"),
        ("lambda:FunctionArn", "arn:aws:lambda:eu-west-1:123456789012:function:resize"),
    ];

    /// The name in capitals, but for the tag's key.
    fn loud(name: &str) -> String {
        let (key, tag) = name.split_once('/').unwrap_or((name, ""));
        let slash = if tag.is_empty() { "" } else { "/" };
        format!("{}{slash}{tag}", key.to_uppercase())
    }

    #[test]
    fn values_are_taken_back() {
        let mut values = ContextValues::default();
        assert_eq!(values.context().values(), []);
        for (name, text) in VALUES {
            values.set(&loud(name), *text).unwrap();
        }
        let found = values.context().values();
        let found: Vec<_> = found.iter().map(|(key, text)| (&**key, text.as_str())).collect();
        assert_eq!(found, VALUES);
    }

    #[test]
    fn a_key_has_one_value_but_for_the_one_that_may_have_several() {
        let mut values = ContextValues::default();
        for (name, text) in VALUES {
            values.set(name, *text).unwrap();
            let twice = ContextValueError::Twice { name: (*name).to_owned() };
            assert_eq!(values.set(name, *text).unwrap_err(), twice);
        }
        for text in ["a", "b", "a"] {
            values.set("s3:requestobjecttagkeys", text).unwrap();
        }
        assert_eq!(values.context().request_tag_keys, ["a", "b"]);
        values.set("s3:ExistingObjectTag/team", "S3 knows it for another tag").unwrap();
    }

    #[test]
    fn errors_name_the_key_and_what_is_wrong() {
        let error = |name: &str, text: &'static str| {
            ContextValues::default().set(name, text).unwrap_err().to_string()
        };
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
        for name in ["s3:ExistingObjectTag", "s3:ExistingObjectTag/", "s3:RequestObjectTagKeys/a"] {
            assert!(error(name, "").starts_with("unknown condition key"), "{name}");
        }
        assert_eq!(error("innkeeper:Guest", "g"), "`innkeeper:Guest` is the guest that is asked about");
    }
}
