//! Results as the query protocol has them: in XML, or in JSON for who asks for that.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// The lists, what each of their members is called in XML, and what the list is called in JSON.
const LISTS: &[(&str, &str, &str)] = &[
    ("Messages", "Message", "messages"),
    ("QueueUrls", "QueueUrl", "queueUrls"),
    ("queueUrls", "QueueUrl", "queueUrls"),
    ("Results", "ListMessageMoveTasksResultEntry", "Results"),
    ("Failed", "BatchResultErrorEntry", "Failed"),
];
/// The maps, what each of their entries is called in XML, and what its key is.
const MAPS: &[(&str, &str, &str)] = &[
    ("Attributes", "Attribute", "Name"),
    ("MessageAttributes", "MessageAttribute", "Name"),
    ("Tags", "Tag", "Key"),
];
/// The operations that answer nothing, not even an empty result.
const WITHOUT_RESULT: &[&str] = &[
    "AddPermission",
    "ChangeMessageVisibility",
    "DeleteMessage",
    "DeleteQueue",
    "PurgeQueue",
    "RemovePermission",
    "SetQueueAttributes",
    "TagQueue",
    "UntagQueue",
];

pub(super) fn has_result(operation: &str) -> bool {
    !WITHOUT_RESULT.contains(&operation)
}

/// A result as the elements of `<OPERATIONResult>`.
pub(super) fn elements(operation: &str, result: &Map<String, Value>) -> String {
    let mut xml = String::new();
    structure(&mut xml, operation, result);
    xml
}

fn structure(xml: &mut String, operation: &str, fields: &Map<String, Value>) {
    for (name, value) in fields {
        match value {
            Value::Array(members) => {
                let member = LISTS.iter().find(|(list, _, _)| list == name).map(|(_, member, _)| *member);
                let successful = format!("{operation}ResultEntry");
                let member = member.unwrap_or(if name == "Successful" { &successful } else { name });
                for value in members {
                    element(xml, member, |xml| content(xml, operation, value));
                }
            }
            Value::Object(entries) if let Some((_, entry, key)) = map_of(name) => {
                for (name, value) in entries {
                    element(xml, entry, |xml| {
                        element(xml, key, |xml| xml.push_str(&escape(name)));
                        element(xml, "Value", |xml| content(xml, operation, value));
                    });
                }
            }
            value => element(xml, name, |xml| content(xml, operation, value)),
        }
    }
}

fn content(xml: &mut String, operation: &str, value: &Value) {
    match value {
        Value::Object(fields) => structure(xml, operation, fields),
        Value::String(text) => xml.push_str(&escape(text)),
        other => xml.push_str(&escape(&other.to_string())),
    }
}

fn element(xml: &mut String, name: &str, write: impl FnOnce(&mut String)) {
    // Writing to memory does not fail.
    let _ = write!(xml, "<{name}>");
    write(xml);
    let _ = write!(xml, "</{name}>");
}

/// A text as it stands in XML. A carriage return has to be escaped, or it would be read as a line feed; what XML cannot
/// have at all, and only an error that repeats its input may contain, is replaced.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#xD;"),
            '\t' | '\n' | ' '..='\u{FFFD}' | '\u{10000}'.. => escaped.push(character),
            _ => escaped.push(char::REPLACEMENT_CHARACTER),
        }
    }
    escaped
}

/// A result as its JSON: maps are lists of their entries, and a list without a member is null.
pub(super) fn json_of(operation: &str, result: &Map<String, Value>) -> Value {
    let mut json = renamed(result);
    if operation == "ReceiveMessage" {
        json.entry("messages").or_insert(Value::Null);
    }
    Value::Object(json)
}

fn renamed(fields: &Map<String, Value>) -> Map<String, Value> {
    let fields = fields.iter().map(|(name, value)| match value {
        Value::Array(members) => {
            let list =
                LISTS.iter().find(|(list, _, _)| list == name).map_or(name.as_str(), |(_, _, list)| list);
            let members = members.iter().map(|member| match member {
                Value::Object(fields) => Value::Object(renamed(fields)),
                member => member.clone(),
            });
            (list.to_owned(), members.collect())
        }
        Value::Object(entries) if let Some((_, _, key)) = map_of(name) => {
            let entries = entries.iter().map(|(name, value)| json!({ *key: name, "Value": value }));
            (name.clone(), entries.collect())
        }
        value => (name.clone(), value.clone()),
    });
    fields.collect()
}

fn map_of(name: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    MAPS.iter().find(|(map, _, _)| *map == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn writes_maps_and_lists_flat() {
        let message = json!({
            "Body": "a&b\r",
            "Attributes": { "SenderId": "AIDA" },
            "MessageAttributes": { "n": { "DataType": "String", "StringValue": "v" } },
        });
        let result = object(&json!({ "Messages": [message] }));
        assert_eq!(
            elements("ReceiveMessage", &result),
            "<Message><Attribute><Name>SenderId</Name><Value>AIDA</Value></Attribute><Body>a&amp;b&#xD;</Body>\
             <MessageAttribute><Name>n</Name><Value><DataType>String</DataType><StringValue>v</StringValue></Value>\
             </MessageAttribute></Message>"
        );
        let json = json_of("ReceiveMessage", &result);
        assert_eq!(json["messages"][0]["Attributes"], json!([{ "Name": "SenderId", "Value": "AIDA" }]));
        assert_eq!(json_of("ReceiveMessage", &Map::new()), json!({ "messages": null }));
    }

    #[test]
    fn names_the_entries_of_a_batch_by_its_operation() {
        let failed = json!({ "Id": "b", "SenderFault": true, "Code": "C", "Message": "m" });
        let result = object(&json!({ "Successful": [{ "Id": "a" }], "Failed": [failed] }));
        assert_eq!(
            elements("DeleteMessageBatch", &result),
            "<BatchResultErrorEntry><Code>C</Code><Id>b</Id><Message>m</Message><SenderFault>true</SenderFault>\
             </BatchResultErrorEntry><DeleteMessageBatchResultEntry><Id>a</Id></DeleteMessageBatchResultEntry>"
        );
    }

    #[test]
    fn what_xml_cannot_have_is_replaced() {
        assert_eq!(escape("<\"\u{1}\u{FFFF}\u{1F600}>"), "&lt;&quot;\u{FFFD}\u{FFFD}\u{1F600}&gt;");
    }
}
