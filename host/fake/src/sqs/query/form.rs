//! A form of the query protocol as the document that AWS JSON would have for it.
//!
//! Lists and maps are numbered parameters (`AttributeName.1`, `Tag.2.Key`), and have the name of what they are of.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::error::invalid_parameter;
use crate::layer::AwsError;

/// The parameters that are lists, and what the documents call them.
const LISTS: &[(&str, &str)] = &[
    ("AttributeName", "AttributeNames"),
    ("MessageAttributeName", "MessageAttributeNames"),
    ("MessageSystemAttributeName", "MessageSystemAttributeNames"),
    ("TagKey", "TagKeys"),
    ("AWSAccountId", "AWSAccountIds"),
    ("ActionName", "Actions"),
];
/// The parameters that are maps, what the documents call them, and where the key of an entry stands.
const MAPS: &[(&str, &str, &str)] = &[
    ("Attribute", "Attributes", "Name"),
    ("MessageAttribute", "MessageAttributes", "Name"),
    ("MessageSystemAttribute", "MessageSystemAttributes", "Name"),
    ("Tag", "Tags", "Key"),
];
/// How the parameters end that are the entries of a batch.
const ENTRIES: &str = "BatchRequestEntry";
const NUMBERS: &[&str] = &[
    "DelaySeconds",
    "MaxNumberOfMessages",
    "MaxNumberOfMessagesPerSecond",
    "MaxResults",
    "VisibilityTimeout",
    "WaitTimeSeconds",
];

/// Parameters by what is left of their names.
type Fields = BTreeMap<String, String>;

/// Where in an input the fields stand. Only the whole of it has entries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Whole,
    Entry,
}

/// The input of `operation`.
pub(super) fn document(operation: &str, fields: Fields) -> Result<Map<String, Value>, AwsError> {
    let mut document = structure(fields, Place::Whole)?;
    // Unlike every other name, this one begins with a small letter.
    if operation == "CreateQueue"
        && let Some(tags) = document.remove("Tags")
    {
        document.insert("tags".to_owned(), tags);
    }
    // Recorded on AWS: in this protocol the older of the two parameters is the one that counts.
    if document.contains_key("AttributeNames") {
        document.remove("MessageSystemAttributeNames");
    }
    Ok(document)
}

fn structure(fields: Fields, place: Place) -> Result<Map<String, Value>, AwsError> {
    let mut document = Map::new();
    let mut numbered: BTreeMap<String, BTreeMap<usize, Fields>> = BTreeMap::new();
    for (name, value) in fields {
        let Some((head, rest)) = name.split_once('.') else {
            // How clients write a list that is empty.
            if is_plural(&name) {
                continue;
            }
            let value = scalar(&name, value)?;
            document.insert(name, value);
            continue;
        };
        let (number, rest) = rest.split_once('.').unwrap_or((rest, ""));
        // Anything else is a parameter that SQS does not know, which it passes over.
        if let Ok(number) = number.parse() {
            let members = numbered.entry(head.to_owned()).or_default();
            members.entry(number).or_default().insert(rest.to_owned(), value);
        }
    }
    for (name, members) in numbered {
        let members = members.into_values();
        if let Some((_, plural)) = LISTS.iter().find(|(list, _)| *list == name) {
            let values = members.filter_map(|mut fields| fields.remove("")).map(Value::String);
            document.insert((*plural).to_owned(), values.collect());
        } else if let Some((_, plural, key)) = MAPS.iter().find(|(map, _, _)| *map == name) {
            let entries = members.map(|fields| entry(fields, key));
            document.insert((*plural).to_owned(), Value::Object(entries.collect()));
        } else if place == Place::Whole && name.ends_with(ENTRIES) {
            let entries = members.map(|fields| structure(fields, Place::Entry).map(Value::Object));
            document.insert("Entries".to_owned(), entries.collect::<Result<Value, _>>()?);
        }
    }
    Ok(document)
}

/// An entry of a map: its key, and its value, which may be a structure.
fn entry(mut fields: Fields, key: &str) -> (String, Value) {
    let name = fields.remove(key).unwrap_or_default();
    if let Some(value) = fields.remove("Value") {
        return (name, Value::String(value));
    }
    let parts = fields
        .into_iter()
        .filter_map(|(part, value)| Some((part.strip_prefix("Value.")?.to_owned(), Value::String(value))));
    (name, Value::Object(parts.collect()))
}

/// Whether a document has a list or a map by this name.
fn is_plural(name: &str) -> bool {
    matches!(name, "Entries" | "tags")
        || LISTS.iter().any(|(_, plural)| *plural == name)
        || MAPS.iter().any(|(_, plural, _)| *plural == name)
}

fn scalar(name: &str, value: String) -> Result<Value, AwsError> {
    if !NUMBERS.contains(&name) {
        return Ok(Value::String(value));
    }
    let number: i64 = value.parse().map_err(|_| {
        invalid_parameter(format!("Value ({value}) for parameter {name} is invalid. Must be an integer."))
    })?;
    Ok(number.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(operation: &str, form: &str) -> Value {
        let fields = form.split('&').map(|pair| pair.split_once('=').unwrap());
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Value::Object(document(operation, fields).unwrap())
    }

    #[test]
    fn reads_lists_in_the_order_of_their_numbers() {
        assert_eq!(
            read("GetQueueAttributes", "AttributeName.10=c&AttributeName.2=b&AttributeName.1=a&QueueUrl=q"),
            json!({ "QueueUrl": "q", "AttributeNames": ["a", "b", "c"] })
        );
    }

    #[test]
    fn reads_maps_of_texts_and_of_structures() {
        let form = "Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Tag.1.Key=k&Tag.1.Value=";
        assert_eq!(
            read("CreateQueue", form),
            json!({ "Attributes": { "DelaySeconds": "5" }, "tags": { "k": "" } })
        );
        assert_eq!(read("TagQueue", "Tag.1.Key=k&Tag.1.Value=v"), json!({ "Tags": { "k": "v" } }));
        let form = "MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=v";
        assert_eq!(
            read("SendMessage", form),
            json!({ "MessageAttributes": { "n": { "DataType": "String", "StringValue": "v" } } })
        );
    }

    #[test]
    fn reads_the_entries_of_a_batch() {
        let form = "SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.DelaySeconds=3&\
                    SendMessageBatchRequestEntry.2.Id=b&\
                    SendMessageBatchRequestEntry.2.MessageAttribute.1.Name=n&\
                    SendMessageBatchRequestEntry.2.MessageAttribute.1.Value.DataType=String";
        let attributes = json!({ "n": { "DataType": "String" } });
        assert_eq!(
            read("SendMessageBatch", form),
            json!({ "Entries": [{ "Id": "a", "DelaySeconds": 3 }, { "Id": "b", "MessageAttributes": attributes }] })
        );
    }

    #[test]
    fn an_empty_list_is_written_by_its_own_name() {
        assert_eq!(
            read("SendMessageBatch", "Entries=&AttributeNames=&QueueUrl=q"),
            json!({ "QueueUrl": "q" })
        );
    }

    #[test]
    fn a_number_that_is_none_is_an_error() {
        for value in ["", "x", "1.5", "99999999999999999999"] {
            let fields = Fields::from([("MaxNumberOfMessages".to_owned(), value.to_owned())]);
            let refused = document("ReceiveMessage", fields).unwrap_err();
            assert_eq!(refused.code, "InvalidParameterValueException", "{value}");
        }
    }

    #[test]
    fn entries_within_entries_are_none() {
        // However deep they are nested.
        let name = "ABatchRequestEntry.1.".repeat(10_000);
        let fields = Fields::from([(format!("{name}Id"), "a".to_owned())]);
        assert_eq!(Value::Object(document("SendMessageBatch", fields).unwrap()), json!({ "Entries": [{}] }));
    }

    proptest! {
        #[test]
        fn never_panics(fields in proptest::collection::btree_map("[A-Za-z.0-9]{0,40}", ".{0,8}", 0..8)) {
            let _ = document("SendMessage", fields);
        }
    }
}
