use std::{collections::BTreeMap, fmt};

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{Compiled, Entry, List, Polarity, Policy};
use crate::statement::{Effect, Spelling};

/// A policy as an IAM policy document. Serializes as its JSON; `Display` is that JSON on one line, and over several with
/// `{:#}`.
///
/// What IAM does not know, the condition keys `innkeeper:...`, is written as it is: AWS would refuse it.
#[derive(Clone, Copy, Debug)]
pub struct IamDocument<'p>(&'p Policy);

impl Policy {
    /// The policy as an IAM policy document: what is allowed, then what is denied.
    pub fn to_iam(&self) -> IamDocument<'_> {
        IamDocument(self)
    }
}

impl Serialize for IamDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let statements: Vec<&Compiled> = self.0.allows.all.iter().chain(&self.0.denies.all).collect();
        let mut document = serializer.serialize_struct("Document", 2)?;
        document.serialize_field("Version", "2012-10-17")?;
        document.serialize_field("Statement", &statements)?;
        document.end()
    }
}

impl fmt::Display for IamDocument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json =
            if f.alternate() { serde_json::to_string_pretty(self) } else { serde_json::to_string(self) };
        f.write_str(&json.map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Compiled {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let effect = match self.effect {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        };
        let mut statement = serializer.serialize_struct("Statement", 4)?;
        statement.serialize_field("Effect", effect)?;
        let (name, texts) = element(Spelling::Json.actions(), &self.action_patterns);
        statement.serialize_field(name, &texts)?;
        let (name, texts) = element(Spelling::Json.resources(), &self.resource_patterns);
        statement.serialize_field(name, &texts)?;
        if !self.conditions.is_empty() {
            let mut operators: BTreeMap<&str, BTreeMap<&str, &[String]>> = BTreeMap::new();
            for condition in &self.conditions {
                let written = &condition.written;
                operators.entry(&written.operator).or_default().insert(&written.key, &written.values);
            }
            statement.serialize_field("Condition", &operators)?;
        }
        statement.end()
    }
}

/// The element's name and its patterns, as they are written.
fn element<'a, T>([only, all_but]: [&'static str; 2], list: &'a List<T>) -> (&'static str, Vec<&'a str>) {
    let name = match list.polarity {
        Polarity::Only => only,
        Polarity::AllBut => all_but,
    };
    (name, list.entries.iter().map(|Entry { text, .. }| text.as_str()).collect())
}
