//! Message attributes: their rules, and the digests that AWS answers for them.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use super::error::{error, invalid_parameter};
use crate::layer::AwsError;

/// The most attributes that a message can have.
const MAX_ATTRIBUTES: usize = 10;
/// The longest name and the longest data type of an attribute.
const MAX_NAME: usize = 256;

/// An attribute of a message, set by its sender (`MessageAttributeValue`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "WireAttribute")]
pub struct MessageAttribute {
    data_type: String,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    String(String),
    Binary(Bytes),
}

/// The attributes of a message by name, in the order in which they are digested.
pub(crate) type MessageAttributes = BTreeMap<String, MessageAttribute>;

/// An attribute as it is transferred, before it has been checked.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct WireAttribute {
    #[serde(default)]
    data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    string_value: Option<String>,
    /// In base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
}

impl MessageAttribute {
    /// An attribute of the type `String`.
    pub fn string(value: impl Into<String>) -> Self {
        Self { data_type: "String".to_owned(), value: Value::String(value.into()) }
    }

    /// An attribute of the type `Number`: decimal digits, as AWS keeps them.
    pub fn number(value: impl Into<String>) -> Self {
        Self { data_type: "Number".to_owned(), value: Value::String(value.into()) }
    }

    /// An attribute of the type `Binary`.
    pub fn binary(value: impl Into<Bytes>) -> Self {
        Self { data_type: "Binary".to_owned(), value: Value::Binary(value.into()) }
    }

    /// The same with a label of one's own after its type: `Number.int`.
    #[must_use]
    pub fn label(mut self, label: impl AsRef<str>) -> Self {
        self.data_type = format!("{}.{}", self.data_type, label.as_ref());
        self
    }

    /// `DataType`: `String`, `Number` or `Binary`, with a label after a dot if the sender has set one.
    pub fn data_type(&self) -> &str {
        &self.data_type
    }

    /// The value of a `String` or `Number`.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(value) => Some(value),
            Value::Binary(_) => None,
        }
    }

    /// The bytes of the value, whatever its type.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.value {
            Value::String(value) => value.as_bytes(),
            Value::Binary(value) => value,
        }
    }
}

impl From<MessageAttribute> for WireAttribute {
    fn from(attribute: MessageAttribute) -> Self {
        let (string_value, binary_value) = match attribute.value {
            Value::String(value) => (Some(value), None),
            Value::Binary(value) => (None, Some(BASE64_STANDARD.encode(value))),
        };
        Self { data_type: attribute.data_type, string_value, binary_value }
    }
}

/// The attributes of a message, checked.
pub(super) fn check(wire: BTreeMap<String, WireAttribute>) -> Result<MessageAttributes, AwsError> {
    if wire.len() > MAX_ATTRIBUTES {
        return Err(invalid_parameter(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{MAX_ATTRIBUTES}].",
            wire.len()
        )));
    }
    wire.into_iter()
        .map(|(name, attribute)| {
            check_name(&name)?;
            let attribute = check_value(&name, attribute)?;
            Ok((name, attribute))
        })
        .collect()
}

fn check_name(name: &str) -> Result<(), AwsError> {
    let lower = name.to_ascii_lowercase();
    // AWS says A to Z, and takes the letters of every script.
    let characters = name.chars().all(|character| character.is_alphanumeric() || "_-.".contains(character));
    let fits = (1..=MAX_NAME).contains(&name.len());
    let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
    if lower.starts_with("aws.") || lower.starts_with("amazon.") {
        return Err(invalid_parameter(format!(
            "Message (user) attribute name '{name}' is reserved: it cannot start with AWS. or Amazon."
        )));
    }
    if characters && fits && !dots {
        return Ok(());
    }
    Err(invalid_parameter(format!(
        "The message attribute name '{name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen \
         (-), and period (.) characters."
    )))
}

fn check_value(name: &str, wire: WireAttribute) -> Result<MessageAttribute, AwsError> {
    let WireAttribute { data_type, string_value, binary_value } = wire;
    let prefix = data_type.clone();
    if data_type.is_empty() {
        return Err(invalid_parameter(format!(
            "The message attribute '{name}' must contain non-empty message attribute type."
        )));
    }
    let base = prefix.split('.').next().unwrap_or_default();
    if !matches!(base, "String" | "Number" | "Binary") || data_type.len() > MAX_NAME {
        return Err(invalid_parameter(format!(
            "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is \
             Binary, Number, and String."
        )));
    }
    let empty = || {
        invalid_parameter(format!(
            "Message (user) attribute '{name}' must contain a non-empty value of type '{base}'."
        ))
    };
    let value = match (base, string_value, binary_value) {
        ("Binary", None, Some(text)) => {
            let bytes = BASE64_STANDARD.decode(text).map_err(|_| empty())?;
            Value::Binary(bytes.into())
        }
        ("String" | "Number", Some(text), None) => Value::String(text),
        _ => return Err(empty()),
    };
    let attribute = MessageAttribute { data_type, value };
    if attribute.as_bytes().is_empty() {
        return Err(empty());
    }
    if let Some(text) = attribute.as_str() {
        // Unlike a body's, a code of its own this is not.
        if !text.chars().all(is_allowed) {
            return Err(invalid_parameter(format!(
                "Invalid characters found in the value of attribute '{name}'. {CHARACTERS}"
            )));
        }
        if attribute.data_type.starts_with("Number") && text.parse::<f64>().is_err() {
            return Err(invalid_parameter(format!(
                "Can't cast the value of message (user) attribute '{name}' to a number."
            )));
        }
    }
    Ok(attribute)
}

/// Refuses what XML could not carry, which is what bodies are limited to.
pub(super) fn check_characters(text: &str) -> Result<(), AwsError> {
    if text.chars().all(is_allowed) {
        return Ok(());
    }
    Err(error("InvalidMessageContents", format!("Invalid characters found. {CHARACTERS}")))
}

const CHARACTERS: &str = "Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to \
                          #x10FFFF";

fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

/// The bytes that attributes count for: names, types and values.
pub(super) fn size(attributes: &MessageAttributes) -> usize {
    attributes.iter().map(|(name, it)| name.len() + it.data_type.len() + it.as_bytes().len()).sum()
}

/// `MD5OfMessageAttributes`: of each attribute in the order of the names, the name, the type, a byte that says how the
/// value is kept, and the value, each with its length in front. None for no attributes.
pub(super) fn md5(attributes: &MessageAttributes) -> Option<String> {
    fn part(digest: &mut Md5, bytes: &[u8]) {
        digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        digest.update(bytes);
    }
    if attributes.is_empty() {
        return None;
    }
    let mut digest = Md5::new();
    for (name, attribute) in attributes {
        part(&mut digest, name.as_bytes());
        part(&mut digest, attribute.data_type.as_bytes());
        digest.update(match attribute.value {
            Value::String(_) => [1],
            Value::Binary(_) => [2],
        });
        part(&mut digest, attribute.as_bytes());
    }
    Some(hex::encode(digest.finalize()))
}

/// The MD5 of a body.
pub(super) fn md5_of(text: &str) -> String {
    hex::encode(Md5::digest(text.as_bytes()))
}

/// What a receiver asks for: `All`, `.*`, `*`, `prefix.*` (also of what has no dot there), or a name.
pub(super) fn select(attributes: &MessageAttributes, wanted: &[String]) -> MessageAttributes {
    let matches = |name: &str| {
        wanted.iter().any(|wanted| match wanted.as_str() {
            "All" | "*" | ".*" => true,
            wanted => match wanted.strip_suffix(".*").or_else(|| wanted.strip_suffix('*')) {
                Some(prefix) => name.starts_with(prefix),
                None => wanted == name,
            },
        })
    };
    attributes
        .iter()
        .filter(|(name, _)| matches(name))
        .map(|(name, attribute)| (name.clone(), attribute.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(pairs: &[(&str, MessageAttribute)]) -> MessageAttributes {
        pairs.iter().map(|(name, attribute)| ((*name).to_owned(), attribute.clone())).collect()
    }

    fn wire(name: &str, attribute: MessageAttribute) -> BTreeMap<String, WireAttribute> {
        BTreeMap::from([(name.to_owned(), attribute.into())])
    }

    #[test]
    fn digests_attributes_as_aws_does() {
        // Recorded on AWS.
        let binary = MessageAttribute::binary(
            &b"traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01"[..],
        );
        assert_eq!(md5(&attributes(&[("attr1", binary)])).unwrap(), "8cbe4db156db8a94db8b801b7addb984");
        let all = attributes(&[
            ("Hello", MessageAttribute::string("There")),
            ("General", MessageAttribute::string("Kenobi")),
            ("Help.Me", MessageAttribute::string("Me")),
        ]);
        assert_eq!(md5(&all).unwrap(), "4c360f3fdafd970e05fae2f149d997f5");
        let selected = select(&all, &["Hello".into(), "General".into()]);
        assert_eq!(md5(&selected).unwrap(), "fca026605781cb4126a1e9044df24232");
        assert_eq!(md5(&attributes(&[])), None);
    }

    #[test]
    fn selects_by_name_prefix_and_all() {
        let all = attributes(&[
            ("Hello", MessageAttribute::string("x")),
            ("Help.Me", MessageAttribute::string("x")),
            ("Other", MessageAttribute::string("x")),
        ]);
        let names = |wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|&name| name.to_owned()).collect();
            select(&all, &wanted).into_keys().collect::<Vec<_>>()
        };
        assert_eq!(names(&[]), [""; 0]);
        assert_eq!(names(&["All"]).len(), 3);
        assert_eq!(names(&[".*"]).len(), 3);
        assert_eq!(names(&["Hel*"]), ["Hello", "Help.Me"]);
        // Recorded on AWS.
        assert_eq!(names(&["Hel.*"]), ["Hello", "Help.Me"]);
        assert_eq!(names(&["Help.*", "Missing"]), ["Help.Me"]);
    }

    #[test]
    fn refuses_what_is_no_attribute() {
        let long = "x".repeat(257);
        for name in ["", ".a", "a.", "a..b", "a b", "AWS.a", "amazon.b", long.as_str()] {
            let refused = check(wire(name, MessageAttribute::string("x"))).unwrap_err();
            assert_eq!(refused.code, "InvalidParameterValueException", "{name}");
        }
        for attribute in
            [MessageAttribute::string(""), MessageAttribute::number("one"), MessageAttribute::binary("")]
        {
            assert!(check(wire("a", attribute.clone())).is_err(), "{attribute:?}");
        }
        let typed = |data_type: &str| WireAttribute {
            data_type: data_type.into(),
            string_value: Some("x".into()),
            binary_value: None,
        };
        for data_type in ["", "Text", "Binary", "string"] {
            assert!(check(BTreeMap::from([("a".into(), typed(data_type))])).is_err(), "{data_type}");
        }
        let many = (0..11).map(|index| (format!("a{index}"), typed("String"))).collect();
        assert!(check(many).unwrap_err().message.contains("exceeds the allowed maximum [10]"));
        let control = check(wire("a", MessageAttribute::string("\u{1}"))).unwrap_err();
        // Recorded on AWS: not what a body's would be.
        assert_eq!(control.code, "InvalidParameterValueException");
        assert!(check(wire("attr.1øßä", MessageAttribute::string("x"))).is_ok());
        assert!(check(wire("a§", MessageAttribute::string("x"))).is_err());
    }

    #[test]
    fn takes_labels_and_numbers() {
        let taken = check(wire("a", MessageAttribute::number("-1.5e3").label("float"))).unwrap();
        assert_eq!(taken["a"].data_type(), "Number.float");
    }
}
