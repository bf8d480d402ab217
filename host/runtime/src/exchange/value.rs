//! Values of the WIT package as JSON: in WIT's words, with bytes as digests and without what gives access.

use serde::ser::{
    Impossible, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant,
};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// What stands for bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BodyDigest {
    /// How many there are.
    pub bytes: u64,
    /// Their SHA-256, in hexadecimal digits.
    pub sha256: String,
}

impl BodyDigest {
    /// Of bytes that are there.
    pub fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len() as u64, sha256: hex::encode(Sha256::digest(bytes)) }
    }

    /// As it is written.
    pub fn to_value(&self) -> Value {
        let members = [("bytes", Value::from(self.bytes)), ("sha256", Value::from(self.sha256.clone()))];
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// A record, variant or list of the WIT package.
pub(super) fn of(value: &impl Serialize) -> Value {
    // It fails for types that the WIT package does not have.
    value.serialize(Wit).map_or(Value::Null, Written::into_value)
}

/// What is written for a field or argument of this name.
pub(super) fn concealed(name: &str, value: Value) -> Value {
    match (name, value) {
        ("body" | "bytes" | "payload", Value::String(text)) => BodyDigest::of(text.as_bytes()).to_value(),
        // Bytes that are none cannot be told from an empty list by their type.
        ("body" | "bytes" | "payload", Value::Array(list)) if list.is_empty() => {
            BodyDigest::of(&[]).to_value()
        }
        // Behind the `?` of a presigned URL stands all that it takes to use it.
        ("url", Value::String(url)) => match url.split_once('?') {
            Some((before, _)) => Value::String(before.to_owned()),
            None => Value::String(url),
        },
        ("continuation-token", Value::String(_)) => "given".into(),
        (_, value) => value,
    }
}

/// `no_such_key` and `NoSuchKey` as WIT spells them, `no-such-key`.
fn kebab(name: &str) -> String {
    let mut spelled = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character == '_' {
            spelled.push('-');
        } else if character.is_ascii_uppercase() {
            if !spelled.is_empty() {
                spelled.push('-');
            }
            spelled.push(character.to_ascii_lowercase());
        } else {
            spelled.push(character);
        }
    }
    spelled
}

/// A value, or a byte of what may be a list of bytes.
enum Written {
    Byte(u8),
    Value(Value),
}

impl Written {
    fn into_value(self) -> Value {
        match self {
            Self::Byte(byte) => byte.into(),
            Self::Value(value) => value,
        }
    }
}

/// Why a type cannot be written: the WIT package has none such.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotWit(String);

impl serde::ser::Error for NotWit {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

struct Wit;

/// Elements of a list or tuple, of the variant of this name if there is one.
struct Elements {
    variant: Option<&'static str>,
    elements: Vec<Written>,
}

/// Fields of a record.
struct Fields {
    variant: Option<&'static str>,
    fields: Map<String, Value>,
}

fn wrapped(variant: Option<&'static str>, value: Value) -> Written {
    Written::Value(match variant {
        None => value,
        Some(variant) => Value::Object(Map::from_iter([(kebab(variant), value)])),
    })
}

impl Elements {
    fn new(variant: Option<&'static str>) -> Self {
        Self { variant, elements: Vec::new() }
    }

    fn push(&mut self, element: &(impl Serialize + ?Sized)) -> Result<(), NotWit> {
        self.elements.push(element.serialize(Wit)?);
        Ok(())
    }

    fn list(self) -> Written {
        let bytes = self.elements.iter().map(|element| match element {
            Written::Byte(byte) => Some(*byte),
            Written::Value(_) => None,
        });
        match bytes.collect::<Option<Vec<u8>>>() {
            Some(bytes) if !bytes.is_empty() => wrapped(self.variant, BodyDigest::of(&bytes).to_value()),
            _ => wrapped(self.variant, self.elements.into_iter().map(Written::into_value).collect::<Value>()),
        }
    }
}

macro_rules! scalars {
    ($($method:ident $ty:ty),*) => {
        $(fn $method(self, value: $ty) -> Result<Written, NotWit> {
            Ok(Written::Value(Value::from(value)))
        })*
    };
}

impl Serializer for Wit {
    type Ok = Written;
    type Error = NotWit;
    type SerializeSeq = Elements;
    type SerializeTuple = Elements;
    type SerializeTupleStruct = Elements;
    type SerializeTupleVariant = Elements;
    type SerializeMap = Impossible<Written, NotWit>;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Fields;

    scalars! {
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_f32 f32, serialize_f64 f64, serialize_str &str
    }

    fn serialize_u8(self, value: u8) -> Result<Written, NotWit> {
        Ok(Written::Byte(value))
    }

    fn serialize_char(self, value: char) -> Result<Written, NotWit> {
        Ok(Written::Value(value.to_string().into()))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Written, NotWit> {
        Ok(Written::Value(BodyDigest::of(bytes).to_value()))
    }

    fn serialize_none(self) -> Result<Written, NotWit> {
        Ok(Written::Value(Value::Null))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Written, NotWit> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Written, NotWit> {
        Ok(Written::Value(Value::Null))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Written, NotWit> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Written, NotWit> {
        Ok(Written::Value(kebab(variant).into()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Written, NotWit> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Written, NotWit> {
        Ok(wrapped(Some(variant), value.serialize(Self)?.into_value()))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Elements, NotWit> {
        Ok(Elements::new(None))
    }

    fn serialize_tuple(self, _: usize) -> Result<Elements, NotWit> {
        Ok(Elements::new(None))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Elements, NotWit> {
        Ok(Elements::new(None))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Elements, NotWit> {
        Ok(Elements::new(Some(variant)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, NotWit> {
        Err(NotWit("WIT has no maps".to_owned()))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields, NotWit> {
        Ok(Fields { variant: None, fields: Map::new() })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields, NotWit> {
        Ok(Fields { variant: Some(variant), fields: Map::new() })
    }
}

macro_rules! elements {
    ($($trait:ident $method:ident),*) => {
        $(impl $trait for Elements {
            type Ok = Written;
            type Error = NotWit;

            fn $method<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), NotWit> {
                self.push(element)
            }

            fn end(self) -> Result<Written, NotWit> {
                Ok(self.list())
            }
        })*
    };
}
elements!(
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
);

macro_rules! fields {
    ($($trait:ident),*) => {
        $(impl $trait for Fields {
            type Ok = Written;
            type Error = NotWit;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), NotWit> {
                let name = kebab(name);
                let value = concealed(&name, value.serialize(Wit)?.into_value());
                self.fields.insert(name, value);
                Ok(())
            }

            fn end(self) -> Result<Written, NotWit> {
                Ok(wrapped(self.variant, Value::Object(self.fields)))
            }
        })*
    };
}
fields!(SerializeStruct, SerializeStructVariant);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bindings::{s3_types, sqs_types};

    #[test]
    fn values_are_written_in_the_words_of_wit() {
        let range = s3_types::ByteRange::Between((1, 2));
        assert_eq!(of(&range), json!({ "between": [1, 2] }));
        assert_eq!(of(&s3_types::Error::NoSuchKey), json!("no-such-key"));
        assert_eq!(of(&s3_types::Error::Other("x".to_owned())), json!({ "other": "x" }));
        assert_eq!(
            of(&vec![Ok(1_u32), Err(s3_types::Error::AccessDenied)]),
            json!([{ "ok": 1 }, { "err": "access-denied" }])
        );
        assert_eq!(of(&s3_types::ChecksumAlgorithm::Crc64nvme), json!("crc64nvme"));
        assert_eq!(
            of(&s3_types::Checksum { algorithm: s3_types::ChecksumAlgorithm::Sha256, value: "v".to_owned() }),
            json!({ "algorithm": "sha256", "value": "v" })
        );
        assert_eq!(
            of(&s3_types::ListBucketsOptions {
                prefix: None,
                page_size: Some(3),
                continuation_token: Some("sealed".to_owned()),
            }),
            json!({ "prefix": null, "page-size": 3, "continuation-token": "given" })
        );
    }

    #[test]
    fn bodies_are_digests_and_a_presigned_url_has_no_signature() {
        let hello = json!({
            "bytes": 5,
            "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        });
        let options = || sqs_types::SendOptions {
            attributes: vec![sqs_types::MessageAttribute {
                name: "a".to_owned(),
                value: sqs_types::AttributeValue::Binary(b"hello".to_vec()),
                custom_type: None,
            }],
            delay_seconds: None,
            group_id: None,
            deduplication_id: None,
            trace_header: None,
        };
        let entry = of(&sqs_types::SendEntry { body: "hello".to_owned(), options: options() });
        assert_eq!(entry["body"], hello);
        assert_eq!(entry["options"]["attributes"][0]["value"], json!({ "binary": hello }));

        let signed = of(&s3_types::PresignedRequest {
            method: "GET".to_owned(),
            url: "https://uploads.s3.amazonaws.com/a?X-Amz-Signature=secret".to_owned(),
            headers: Vec::new(),
            expires: crate::bindings::common_types::Timestamp { seconds: 1, nanoseconds: 0 },
        });
        assert_eq!(signed["url"], json!("https://uploads.s3.amazonaws.com/a"));
        assert!(!signed.to_string().contains("secret"));
    }
}
