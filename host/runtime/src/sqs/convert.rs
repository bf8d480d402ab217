//! Between the records of the WIT interface and the SDK's. Nothing here decides or sends.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    Message as SdkMessage, MessageAttributeValue, MessageSystemAttributeName,
    MessageSystemAttributeNameForSends, MessageSystemAttributeValue,
};
use innkeeper_policy::QueueArn;

use crate::bindings::common_types::Timestamp;
use crate::bindings::sqs_types::{
    AttributeValue, Error, FifoError, MessageAttribute, MessageContent, SendOptions,
};

/// The longest message, its attributes included, and the longest batch.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// The most attributes of a message.
const MAX_ATTRIBUTES: usize = 10;

/// The longest name and the longest type of an attribute.
const MAX_NAME: usize = 256;

/// The longest group id and deduplication id.
const MAX_ID: usize = 128;

/// The longest delay of a message in seconds.
pub(crate) const MAX_DELAY: u32 = 900;

/// The longest visibility timeout in seconds: 12 hours.
pub(crate) const MAX_VISIBILITY: u32 = 43_200;

/// The longest header of X-Ray that makes sense: a root, a parent, a flag and some lineage.
const MAX_TRACE_HEADER: usize = 1_024;

pub(crate) fn invalid(text: impl Into<String>) -> Error {
    Error::InvalidArgument(text.into())
}

/// Checks a number of the guest's against SQS's bounds for it.
pub(crate) fn within(name: &str, value: u32, bounds: std::ops::RangeInclusive<u32>) -> Result<i32, Error> {
    if !bounds.contains(&value) {
        return Err(invalid(format!("{name} has to be {} to {}", bounds.start(), bounds.end())));
    }
    i32::try_from(value).map_err(|_| invalid(format!("{name} is too large")))
}

/// The same for one that need not be given.
pub(crate) fn option_within(
    name: &str,
    value: Option<u32>,
    bounds: std::ops::RangeInclusive<u32>,
) -> Result<Option<i32>, Error> {
    value.map(|value| within(name, value, bounds)).transpose()
}

/// Refuses a message that a queue of this kind would never take. The answer is its length in bytes.
///
/// All that SQS looks at is looked at, so that what SQS then calls an invalid parameter of a message without deduplication id is that
/// alone: its code does not say, and its text is not for matching.
pub(crate) fn check(is_fifo: bool, body: &str, options: &SendOptions) -> Result<usize, Error> {
    if body.is_empty() {
        return Err(invalid("the body is empty"));
    }
    if !is_xml(body) {
        return Err(Error::InvalidMessageContents);
    }
    let attributes = check_attributes(&options.attributes)?;
    for (name, id) in [("group-id", &options.group_id), ("deduplication-id", &options.deduplication_id)] {
        let is_id =
            |id: &String| (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
        if !id.as_ref().is_none_or(is_id) {
            return Err(invalid(format!(
                "{name} has to be 1 to {MAX_ID} ASCII letters, digits and punctuation"
            )));
        }
    }
    if let Some(header) = &options.trace_header {
        let is_header = !header.is_empty() && header.bytes().all(|b| b.is_ascii_graphic());
        if !is_header || header.len() > MAX_TRACE_HEADER {
            return Err(invalid(format!(
                "trace-header has to be 1 to {MAX_TRACE_HEADER} printable ASCII characters"
            )));
        }
    }
    option_within("delay-seconds", options.delay_seconds, 0..=MAX_DELAY)?;
    match is_fifo {
        true if options.group_id.is_none() => return Err(Error::Fifo(FifoError::GroupIdRequired)),
        true if options.delay_seconds.is_some() => return Err(Error::Fifo(FifoError::DelayRefused)),
        false if options.deduplication_id.is_some() => {
            return Err(Error::Fifo(FifoError::DeduplicationIdRefused));
        }
        _ => {}
    }
    match body.len() + attributes {
        length @ ..=MAX_BYTES => Ok(length),
        length => Err(Error::MessageTooLong(length as u64)),
    }
}

/// Checks attributes. The answer is their length in bytes, as SQS counts it.
fn check_attributes(attributes: &[MessageAttribute]) -> Result<usize, Error> {
    if attributes.len() > MAX_ATTRIBUTES {
        return Err(invalid(format!("a message has {MAX_ATTRIBUTES} attributes at most")));
    }
    let mut names = BTreeSet::new();
    let mut length = 0;
    for attribute in attributes {
        let name = &attribute.name;
        if !is_label(name) || is_reserved(name) {
            return Err(invalid(format!(
                "the name of an attribute has to be 1 to {MAX_NAME} ASCII letters, digits, `-`, `_` and inner single `.`, and not to \
                 begin with `AWS.` or `Amazon.`"
            )));
        }
        if !names.insert(name) {
            return Err(invalid("the name of an attribute is given twice"));
        }
        if !attribute.custom_type.as_deref().is_none_or(is_label) {
            return Err(invalid(
                "a custom type has to be of ASCII letters, digits, `-`, `_` and inner single `.`",
            ));
        }
        let value = match &attribute.value {
            AttributeValue::Text(text) if !is_xml(text) => {
                return Err(Error::InvalidMessageContents);
            }
            AttributeValue::Text(text) => text.len(),
            AttributeValue::Number(text) if !is_number(text) => {
                return Err(invalid(
                    "the value of a numeric attribute is no decimal number of up to 38 digits",
                ));
            }
            AttributeValue::Number(text) => text.len(),
            AttributeValue::Binary(bytes) => bytes.len(),
        };
        let data_type = data_type(attribute);
        if value == 0 || data_type.len() > MAX_NAME {
            return Err(invalid("the value of an attribute is empty, or its type too long"));
        }
        length += name.len() + data_type.len() + value;
    }
    Ok(length)
}

fn is_label(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && !text.starts_with('.')
        && !text.ends_with('.')
        && !text.contains("..")
}

fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("aws.") || name.starts_with("amazon.")
}

fn is_number(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    is_plain && digits <= 41 && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Whether a text is of `Char` of XML 1.0 only, which is what SQS takes.
fn is_xml(text: &str) -> bool {
    let is_char =
        |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    // What is none has a byte below the space, or begins with 0xEF. Hardly a text has either, and bytes are looked at many at once, since
    // what is found is gathered by `|`, without a branch.
    let may_be_none = |byte| u8::from(byte < b' ') | u8::from(byte == 0xef);
    text.bytes().fold(0, |found, byte| found | may_be_none(byte)) == 0 || text.chars().all(is_char)
}

/// AWS's type of an attribute: `Number`, or `Number.int`.
pub(crate) fn data_type(attribute: &MessageAttribute) -> String {
    let kind = match attribute.value {
        AttributeValue::Text(_) => "String",
        AttributeValue::Number(_) => "Number",
        AttributeValue::Binary(_) => "Binary",
    };
    match &attribute.custom_type {
        Some(custom) => format!("{kind}.{custom}"),
        None => kind.to_owned(),
    }
}

/// The attributes of a message to be sent, which have been checked.
pub(crate) fn attributes(
    attributes: &[MessageAttribute],
) -> Result<HashMap<String, MessageAttributeValue>, Error> {
    let mut sent = HashMap::new();
    for attribute in attributes {
        let value = MessageAttributeValue::builder().data_type(data_type(attribute));
        let value = match &attribute.value {
            AttributeValue::Text(text) | AttributeValue::Number(text) => value.string_value(text),
            AttributeValue::Binary(bytes) => value.binary_value(Blob::new(bytes.clone())),
        };
        let value = value.build().map_err(|error| invalid(error.to_string()))?;
        sent.insert(attribute.name.clone(), value);
    }
    Ok(sent)
}

/// The system attributes of a message to be sent.
pub(crate) fn system_attributes(
    options: &SendOptions,
) -> Result<HashMap<MessageSystemAttributeNameForSends, MessageSystemAttributeValue>, Error> {
    let Some(header) = &options.trace_header else { return Ok(HashMap::new()) };
    let value = MessageSystemAttributeValue::builder().data_type("String").string_value(header).build();
    let value = value.map_err(|error| invalid(error.to_string()))?;
    Ok(HashMap::from([(MessageSystemAttributeNameForSends::AwsTraceHeader, value)]))
}

/// Takes a message apart into what it says and its receipt. `None` for one without id, body or receipt, which SQS never sends.
pub(crate) fn content(message: SdkMessage) -> Option<(MessageContent, String)> {
    let mut attributes: Vec<MessageAttribute> = message
        .message_attributes
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| received_attribute(name, value))
        .collect();
    attributes.sort_by(|a, b| a.name.cmp(&b.name));
    let mut system = message.attributes.unwrap_or_default();
    let mut take = |name: MessageSystemAttributeName| system.remove(&name);
    let content = MessageContent {
        message_id: message.message_id?,
        body: message.body?,
        attributes,
        sent: take(MessageSystemAttributeName::SentTimestamp).and_then(|text| milliseconds(&text)),
        first_received: take(MessageSystemAttributeName::ApproximateFirstReceiveTimestamp)
            .and_then(|text| milliseconds(&text)),
        receive_count: take(MessageSystemAttributeName::ApproximateReceiveCount)
            .and_then(|text| text.parse().ok()),
        group_id: take(MessageSystemAttributeName::MessageGroupId),
        deduplication_id: take(MessageSystemAttributeName::MessageDeduplicationId),
        sequence_number: take(MessageSystemAttributeName::SequenceNumber),
        dead_letter_source: take(MessageSystemAttributeName::DeadLetterQueueSourceArn)
            .and_then(|arn| queue_name_in_arn(&arn)),
        trace_header: take(MessageSystemAttributeName::AwsTraceHeader),
    };
    Some((content, message.receipt_handle?))
}

fn received_attribute(name: String, value: MessageAttributeValue) -> Option<MessageAttribute> {
    let (kind, custom_type) = match value.data_type.split_once('.') {
        Some((kind, custom)) => (kind, Some(custom.to_owned())),
        None => (value.data_type.as_str(), None),
    };
    let value = match kind {
        "Number" => AttributeValue::Number(value.string_value?),
        "Binary" => AttributeValue::Binary(value.binary_value?.into_inner()),
        _ => AttributeValue::Text(value.string_value?),
    };
    Some(MessageAttribute { name, value, custom_type })
}

/// How many bytes of a message reach the guest.
pub(crate) fn length(content: &MessageContent) -> usize {
    let attribute = |attribute: &MessageAttribute| {
        let value = match &attribute.value {
            AttributeValue::Text(text) | AttributeValue::Number(text) => text.len(),
            AttributeValue::Binary(bytes) => bytes.len(),
        };
        attribute.name.len() + value
    };
    content.body.len() + content.attributes.iter().map(attribute).sum::<usize>()
}

/// A queue as a guest may know it: the account in the ARN is not told.
pub(crate) fn queue_name_in_arn(arn: &str) -> Option<String> {
    arn.parse::<QueueArn>().ok().map(|arn| arn.name().to_string())
}

/// SQS writes most times as milliseconds.
fn milliseconds(text: &str) -> Option<Timestamp> {
    text.parse().ok().map(timestamp_of_milliseconds)
}

pub(crate) fn timestamp_of_milliseconds(milliseconds: i64) -> Timestamp {
    let within_second = u32::try_from(milliseconds.rem_euclid(1_000)).unwrap_or_default();
    Timestamp { seconds: milliseconds.div_euclid(1_000), nanoseconds: within_second * 1_000_000 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> SendOptions {
        SendOptions {
            attributes: Vec::new(),
            delay_seconds: None,
            group_id: None,
            deduplication_id: None,
            trace_header: None,
        }
    }

    fn text(name: &str, value: &str) -> MessageAttribute {
        MessageAttribute {
            name: name.to_owned(),
            value: AttributeValue::Text(value.to_owned()),
            custom_type: None,
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "called with what was just returned")]
    fn is_invalid<T>(result: Result<T, Error>) -> bool {
        matches!(result, Err(Error::InvalidArgument(_)))
    }

    #[test]
    fn a_message_of_1_mib_is_the_longest() {
        assert_eq!(check(false, &"x".repeat(MAX_BYTES), &options()).unwrap(), MAX_BYTES);
        let longer = check(false, &"x".repeat(MAX_BYTES + 1), &options());
        assert!(matches!(longer, Err(Error::MessageTooLong(length)) if length == MAX_BYTES as u64 + 1));
        // The name, the word `String` and the value count too.
        let with = SendOptions { attributes: vec![text("n", "v")], ..options() };
        assert!(check(false, &"x".repeat(MAX_BYTES - 8), &with).is_ok());
        assert!(check(false, &"x".repeat(MAX_BYTES - 7), &with).is_err());
    }

    #[test]
    fn what_xml_cannot_hold_is_refused() {
        for body in ["\0", "a\u{1}", "\u{fffe}", "\u{ffff}", "\u{b}"] {
            assert!(matches!(check(false, body, &options()), Err(Error::InvalidMessageContents)), "{body:?}");
        }
        for body in ["\t\r\n", "\u{85}", "\u{d7ff}\u{e000}\u{fffd}", "\u{10ffff}"] {
            assert!(check(false, body, &options()).is_ok(), "{body:?}");
        }
        assert!(is_invalid(check(false, "", &options())));
    }

    #[test]
    fn attributes_are_held_to_their_bounds() {
        let with = |attributes| check(false, "x", &SendOptions { attributes, ..options() });
        let many = |count: usize| (0..count).map(|n| text(&format!("n{n}"), "v")).collect::<Vec<_>>();
        assert!(with(many(10)).is_ok());
        assert!(is_invalid(with(many(11))));
        assert!(is_invalid(with(vec![text("n", "a"), text("n", "b")])));
        for name in [
            "",
            ".a",
            "a.",
            "a..b",
            "a b",
            "a:b",
            "ü",
            "a\r\nb",
            "AWS.x",
            "aws.x",
            "Amazon.x",
            &"n".repeat(257),
        ] {
            assert!(is_invalid(with(vec![text(name, "v")])), "{name:?}");
        }
        assert!(with(vec![text(&"n".repeat(256), "v")]).is_ok());
        assert!(is_invalid(with(vec![text("n", "")])));
        assert!(with(vec![text("n", "\0")]).is_err());
        for (number, good) in
            [("1", true), ("-1.5e3", true), ("", false), ("NaN", false), ("inf", false), ("0x1", false)]
        {
            let value = AttributeValue::Number(number.to_owned());
            let attribute =
                MessageAttribute { name: "n".to_owned(), value, custom_type: Some("int".to_owned()) };
            assert_eq!(with(vec![attribute]).is_ok(), good, "{number:?}");
        }
    }

    #[test]
    fn each_kind_of_queue_has_its_demands() {
        let group = || SendOptions { group_id: Some("g".to_owned()), ..options() };
        let fifo = |result: Result<usize, Error>| match result {
            Err(Error::Fifo(error)) => Some(error),
            _ => None,
        };
        assert_eq!(fifo(check(true, "x", &options())), Some(FifoError::GroupIdRequired));
        assert!(check(true, "x", &group()).is_ok());
        assert!(check(false, "x", &group()).is_ok(), "groups of a standard queue are for fairness");
        let deduplicated = SendOptions { deduplication_id: Some("d".to_owned()), ..group() };
        assert!(check(true, "x", &deduplicated).is_ok());
        assert_eq!(fifo(check(false, "x", &deduplicated)), Some(FifoError::DeduplicationIdRefused));
        let delayed = SendOptions { delay_seconds: Some(0), ..group() };
        assert_eq!(fifo(check(true, "x", &delayed)), Some(FifoError::DelayRefused));
        assert!(check(false, "x", &delayed).is_ok());
    }

    #[test]
    fn ids_and_delays_are_held_to_their_bounds() {
        for id in ["", "a b", "ü", "a\n", &"i".repeat(129)] {
            let id = Some(id.to_owned());
            assert!(
                is_invalid(check(true, "x", &SendOptions { group_id: id.clone(), ..options() })),
                "{id:?}"
            );
            let deduplication = SendOptions { deduplication_id: id.clone(), ..options() };
            assert!(is_invalid(check(true, "x", &deduplication)), "{id:?}");
        }
        for (delay, good) in [(0, true), (900, true), (901, false), (u32::MAX, false)] {
            let delayed = SendOptions { delay_seconds: Some(delay), ..options() };
            assert_eq!(check(false, "x", &delayed).is_ok(), good, "{delay}");
        }
    }

    #[test]
    fn an_attribute_comes_back_as_it_went() {
        let sent = vec![
            MessageAttribute {
                name: "bytes".to_owned(),
                value: AttributeValue::Binary(vec![0, 255]),
                custom_type: Some("png".to_owned()),
            },
            MessageAttribute {
                name: "count".to_owned(),
                value: AttributeValue::Number("7".to_owned()),
                custom_type: Some("int.64".to_owned()),
            },
            text("word", "ü"),
        ];
        let message = SdkMessage::builder()
            .message_id("id")
            .body("body")
            .receipt_handle("receipt")
            .set_message_attributes(Some(attributes(&sent).unwrap()))
            .attributes(MessageSystemAttributeName::SentTimestamp, "1767225600123")
            .attributes(MessageSystemAttributeName::ApproximateReceiveCount, "2")
            .attributes(
                MessageSystemAttributeName::DeadLetterQueueSourceArn,
                "arn:aws:sqs:eu-west-1:123456789012:orders",
            )
            .build();
        let (content, receipt) = content(message).unwrap();
        assert_eq!(receipt, "receipt");
        assert_eq!(format!("{:?}", content.attributes), format!("{sent:?}"));
        let sent = content.sent.unwrap();
        assert_eq!((sent.seconds, sent.nanoseconds), (1_767_225_600, 123_000_000));
        assert_eq!(content.receive_count, Some(2));
        assert_eq!(content.dead_letter_source.as_deref(), Some("orders"), "the account is not told");
    }
}
