//! The MD5 digests in SQS's answers, which the SDK does not look at: they say whether a message arrived as it was sent.

use md5::digest::Output;
use md5::{Digest as _, Md5};

use crate::bindings::sqs_types::{AttributeValue, Error, MessageAttribute};

/// Compares what SQS says that it has with what there is. A digest that is not given is none that differs: SQS gives none where FIPS
/// forbids MD5.
pub(crate) fn verify(
    body: &str,
    attributes: &[MessageAttribute],
    md5_of_body: Option<&str>,
    md5_of_attributes: Option<&str>,
) -> Result<(), Error> {
    if differs(md5_of_body, || Md5::digest(body)) || differs(md5_of_attributes, || of_attributes(attributes))
    {
        return Err(Error::Integrity);
    }
    Ok(())
}

/// Whether a digest that is given, in hexadecimal, is another one.
fn differs(given: Option<&str>, digest: impl FnOnce() -> Output<Md5>) -> bool {
    given.is_some_and(|given| {
        let mut bytes = Output::<Md5>::default();
        hex::decode_to_slice(given, &mut bytes).is_err() || bytes != digest()
    })
}

/// SQS's digest of attributes: each in the order of their names, with its name, its type, a byte for the kind of its value, and its
/// value, each text behind its length as four bytes.
fn of_attributes(attributes: &[MessageAttribute]) -> Output<Md5> {
    let mut sorted: Vec<&MessageAttribute> = attributes.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let mut md5 = Md5::new();
    for attribute in sorted {
        let (kind, bytes): (u8, &[u8]) = match &attribute.value {
            AttributeValue::Text(text) | AttributeValue::Number(text) => (1, text.as_bytes()),
            AttributeValue::Binary(bytes) => (2, bytes),
        };
        update(&mut md5, attribute.name.as_bytes());
        update(&mut md5, super::convert::data_type(attribute).as_bytes());
        md5.update([kind]);
        update(&mut md5, bytes);
    }
    md5.finalize()
}

fn update(md5: &mut Md5, bytes: &[u8]) {
    md5.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    md5.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_that_differs_is_found() {
        let hello = "5d41402abc4b2a76b9719d911017c592";
        assert!(verify("hello", &[], Some(hello), None).is_ok());
        assert!(verify("hello", &[], None, None).is_ok());
        assert!(matches!(verify("hellp", &[], Some(hello), None), Err(Error::Integrity)));
        for of_attributes in
            ["", "0", hello, "5d41402abc4b2a76b9719d911017c59", "5d41402abc4b2a76b9719d911017c592ff", "é"]
        {
            assert!(matches!(verify("hello", &[], Some(hello), Some(of_attributes)), Err(Error::Integrity)));
        }
    }

    #[test]
    fn the_digest_of_attributes_is_that_of_sqs() {
        let attribute = |name: &str, value, custom_type: Option<&str>| MessageAttribute {
            name: name.to_owned(),
            value,
            custom_type: custom_type.map(str::to_owned),
        };
        // From moto's tests, which have it from SQS.
        let timestamp = attribute("timestamp", AttributeValue::Number("1493147359900".to_owned()), None);
        assert_eq!(hex::encode(of_attributes(&[timestamp])), "235c5c510d26fb653d073faed50ae77c");
        let named = attribute("öther_encodings", AttributeValue::Text("fööt".to_owned()), Some("ut\u{e9}"));
        assert_ne!(of_attributes(&[named]), of_attributes(&[]));
    }
}
