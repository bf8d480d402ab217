//! What each of the two names as it likes: ids that differ, and mean the same.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What one of the two has named so far, in the order of its first use.
#[derive(Debug, Default)]
pub(crate) struct Names {
    seen: BTreeMap<&'static str, Vec<String>>,
    /// The versions of each object, by bucket and key.
    versions: BTreeMap<(String, String), Vec<String>>,
    pub(crate) etags: BTreeMap<(String, String), String>,
    pub(crate) uploads: Vec<Upload>,
    pub(crate) receipts: Vec<Receipt>,
    /// By the id that a message has: the how manieth it was that was sent.
    messages: BTreeMap<String, usize>,
    sent: usize,
}

/// An upload in parts that was begun.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) bucket: &'static str,
    pub(crate) key: &'static str,
    pub(crate) id: String,
    /// The entity tags of its parts, by number.
    pub(crate) parts: BTreeMap<i32, String>,
}

/// A message that was received.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    pub(crate) queue: &'static str,
    pub(crate) handle: String,
}

impl Names {
    /// The name that a name has in both: its kind, and the how manieth of it it is.
    pub(crate) fn common(&mut self, kind: &'static str, name: Option<&str>) -> Value {
        let Some(name) = name else { return Value::Null };
        // The version that every object without a version has.
        if name == "null" {
            return json!(name);
        }
        let seen = self.seen.entry(kind).or_default();
        let number = seen.iter().position(|it| it == name).unwrap_or_else(|| {
            seen.push(name.to_owned());
            seen.len() - 1
        });
        json!(format!("{kind} {number}"))
    }

    /// Keeps the version that an object has got.
    pub(crate) fn add_version(&mut self, bucket: &str, key: &str, id: Option<&str>) -> Value {
        if let Some(id) = id {
            let versions = self.versions.entry((bucket.to_owned(), key.to_owned())).or_default();
            if !versions.iter().any(|it| it == id) {
                versions.push(id.to_owned());
            }
        }
        self.common("version", id)
    }

    /// The version that an operation means by a number.
    pub(crate) fn version(&self, bucket: &str, key: &str, number: Option<u8>) -> Option<String> {
        let versions = self.versions.get(&(bucket.to_owned(), key.to_owned()))?;
        versions.get(usize::from(number?) % versions.len()).cloned()
    }

    /// The name of a message by its number: one that was sent a second time has that of the first.
    pub(crate) fn sent(&mut self, id: Option<&str>) -> Value {
        self.sent += 1;
        let Some(id) = id else { return Value::Null };
        let number = self.messages.entry(id.to_owned()).or_insert(self.sent);
        json!(format!("message {number}"))
    }

    /// The name of a message that was received.
    pub(crate) fn received(&self, id: Option<&str>) -> Value {
        json!(id.and_then(|id| self.messages.get(id)).map(|number| format!("message {number}")))
    }

    pub(crate) fn upload(&mut self, number: u8) -> Option<&mut Upload> {
        let count = self.uploads.len();
        self.uploads.get_mut(usize::from(number).checked_rem(count)?)
    }

    pub(crate) fn receipt(&self, number: u8) -> Option<&Receipt> {
        self.receipts.get(usize::from(number).checked_rem(self.receipts.len())?)
    }
}
