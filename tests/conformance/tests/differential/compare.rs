//! Where two answers differ.

use std::fmt;

use serde_json::Value;

/// The field that says whether an operation has succeeded.
const OUTCOME: &str = "outcome";

/// A place in an answer that the fake fills otherwise than moto.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// As AWS spells it.
    pub(crate) operation: &'static str,
    /// Names of members with dots between them; `*` is any element of a list.
    pub(crate) field: String,
    pub(crate) fake: String,
    pub(crate) moto: String,
}

impl Difference {
    /// Whether one has done what the other has refused.
    pub(crate) fn is_of_outcome(&self) -> bool {
        self.field == OUTCOME
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, field, fake, moto } = self;
        write!(f, "{operation} {field}: fake {fake}, moto {moto}")
    }
}

/// What differs between two answers to an operation. An answer is an object; that of a failure has the member `error`.
pub(crate) fn differences(operation: &'static str, fake: &Value, moto: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    let outcome = |answer: &Value| answer.get("error").map_or("ok".to_owned(), shown);
    if fake.get("error").is_some() == moto.get("error").is_some() {
        walk(operation, "", fake, moto, &mut found);
    } else {
        let field = OUTCOME.to_owned();
        found.push(Difference { operation, field, fake: outcome(fake), moto: outcome(moto) });
    }
    found
}

fn walk(operation: &'static str, field: &str, fake: &Value, moto: &Value, found: &mut Vec<Difference>) {
    let below = |name: &str| if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") };
    match (fake, moto) {
        (Value::Object(fake), Value::Object(moto)) => {
            let more = moto.keys().filter(|name| !fake.contains_key(*name));
            for name in fake.keys().chain(more) {
                let member = |of: &serde_json::Map<String, Value>| of.get(name).cloned().unwrap_or_default();
                walk(operation, &below(name), &member(fake), &member(moto), found);
            }
        }
        (Value::Array(fake), Value::Array(moto)) if fake.len() == moto.len() => {
            for (fake, moto) in fake.iter().zip(moto) {
                walk(operation, &below("*"), fake, moto, found);
            }
        }
        (fake, moto) if fake == moto => {}
        (fake, moto) => {
            let (fake, moto) = (shown(fake), shown(moto));
            found.push(Difference { operation, field: field.to_owned(), fake, moto });
        }
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::differences;

    #[test]
    fn a_difference_has_its_place() {
        let fake = json!({ "etag": "a", "pages": [{ "keys": ["a"] }], "size": 1 });
        let moto = json!({ "etag": "a", "pages": [{ "keys": ["b"] }], "version": "1" });
        let found: Vec<_> = differences("List", &fake, &moto).iter().map(ToString::to_string).collect();
        let expected = [
            "List pages.*.keys.*: fake a, moto b",
            "List size: fake 1, moto null",
            "List version: fake null, moto 1",
        ];
        assert_eq!(found, expected);
        let found = differences("List", &fake, &json!({ "error": "NoSuchBucket", "status": 404 }));
        assert_eq!(found[0].to_string(), "List outcome: fake ok, moto NoSuchBucket");
        assert_eq!(found.len(), 1);
        assert_eq!(differences("List", &fake, &fake), []);
    }
}
