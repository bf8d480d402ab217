//! What stands in a test file for bytes: an input, an object, a message, what a result has to be.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use innkeeper_testing::Content;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use toml::Spanned;

use super::file::Reader;

/// The content as TOML has it: a string is text, and a table says which kind it is.
#[derive(Debug, Default)]
pub(super) struct Raw(Table);

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    text: Option<String>,
    text_with: Option<String>,
    json: Option<Value>,
    json_with: Option<Value>,
    file: Option<String>,
    json_file: Option<String>,
    base64: Option<String>,
    snapshot: Option<String>,
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;

        impl<'de> Visitor<'de> for TextOrTable {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, or a table such as `{ json = ... }` or `{ file = \"...\" }`")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Raw, E> {
                Ok(Raw(Table { text: Some(text.to_owned()), ..Table::default() }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Raw, A::Error> {
                Table::deserialize(MapAccessDeserializer::new(map)).map(Raw)
            }
        }

        deserializer.deserialize_any(TextOrTable)
    }
}

/// What something has to be.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    /// What stands in the test file.
    Content(Content),
    /// What is in this file, below the folder of the test file.
    Snapshot(PathBuf),
}

impl Raw {
    /// The bytes, where a test file gives some away.
    pub(super) fn given(written: &Spanned<Self>, reader: &mut Reader<'_>) -> Option<Vec<u8>> {
        match Self::read(written, reader)? {
            Expected::Content(Content::Text(text)) => Some(text.into_bytes()),
            Expected::Content(Content::Bytes(bytes)) => Some(bytes),
            Expected::Content(Content::Json(value)) => Some(value.to_string().into_bytes()),
            _ => {
                reader.wrong(
                    written.span(),
                    "`text-with`, `json-with` and `snapshot` say what is expected, and this is given"
                        .to_owned(),
                    Some("give it as `text`, `json`, `file`, `json-file` or `base64`"),
                );
                None
            }
        }
    }

    /// What is expected, where no snapshot can be taken.
    pub(super) fn content(written: &Spanned<Self>, reader: &mut Reader<'_>) -> Option<Content> {
        written.get_ref().content_at(written.span(), reader)
    }

    /// The same, of what stands there.
    pub(super) fn content_at(&self, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Content> {
        match self.read_at(span.clone(), reader)? {
            Expected::Content(content) => Some(content),
            Expected::Snapshot(_) => {
                let help = "there are snapshots of results, logs and objects";
                reader.wrong(span, "there is no snapshot of this".to_owned(), Some(help));
                None
            }
        }
    }

    /// What is expected.
    pub(super) fn read(written: &Spanned<Self>, reader: &mut Reader<'_>) -> Option<Expected> {
        written.get_ref().read_at(written.span(), reader)
    }

    fn read_at(&self, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Expected> {
        let Table { text, text_with, json, json_with, file, json_file, base64, snapshot } = &self.0;
        let names: BTreeMap<&str, bool> = BTreeMap::from([
            ("text", text.is_some()),
            ("text-with", text_with.is_some()),
            ("json", json.is_some()),
            ("json-with", json_with.is_some()),
            ("file", file.is_some()),
            ("json-file", json_file.is_some()),
            ("base64", base64.is_some()),
            ("snapshot", snapshot.is_some()),
        ]);
        let given: Vec<_> = names.into_iter().filter_map(|(name, given)| given.then_some(name)).collect();
        if given.len() != 1 {
            let keys = "`text`, `text-with`, `json`, `json-with`, `file`, `json-file`, `base64`, `snapshot`";
            let given: Vec<_> = given.iter().map(|name| format!("`{name}`")).collect();
            let message = match given.as_slice() {
                [] => format!("one of {keys} is missing"),
                given => format!("only one of {} can be", given.join(", ")),
            };
            reader.wrong(span.clone(), message, None);
            return None;
        }
        let json_of = |value: &Value, reader: &mut Reader<'_>| {
            if has_date(value) {
                let help = "JSON has no dates: write it as a string";
                reader.wrong(span.clone(), "there is a date of TOML in this JSON".to_owned(), Some(help));
                return None;
            }
            Some(value.clone())
        };
        let content = if let Some(text) = text {
            Content::Text(text.clone())
        } else if let Some(text) = text_with {
            Content::TextWith(text.clone())
        } else if let Some(value) = json {
            Content::Json(json_of(value, reader)?)
        } else if let Some(value) = json_with {
            Content::JsonWith(json_of(value, reader)?)
        } else if let Some(path) = file {
            Content::Bytes(reader.file(path, span.clone())?)
        } else if let Some(path) = json_file {
            let bytes = reader.file(path, span.clone())?;
            match serde_json::from_slice(&bytes) {
                Ok(value) => Content::Json(value),
                Err(error) => {
                    reader.wrong(span.clone(), format!("`{path}` is no JSON: {error}"), None);
                    return None;
                }
            }
        } else if let Some(text) = base64 {
            match STANDARD.decode(text) {
                Ok(bytes) => Content::Bytes(bytes),
                Err(error) => {
                    reader.wrong(span.clone(), format!("this is no base64: {error}"), None);
                    return None;
                }
            }
        } else {
            let path = Path::new(snapshot.as_deref().unwrap_or_default());
            if !is_below(path) {
                let help =
                    "a snapshot lies in the folder of the test file or below it, and its path has no `..`";
                reader.wrong(
                    span.clone(),
                    "the snapshot leaves the test file's folder".to_owned(),
                    Some(help),
                );
                return None;
            }
            return Some(Expected::Snapshot(path.to_owned()));
        };
        Some(Expected::Content(content))
    }
}

/// Whether a path stays where it begins. What opens it holds it to that anyway; here it is told at its place.
fn is_below(path: &Path) -> bool {
    let mut components = path.components().peekable();
    components.peek().is_some()
        && components.all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// A date of TOML reaches other formats as a table with a key of its own.
fn has_date(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(key, value)| key == "$__toml_private_datetime" || has_date(value))
        }
        Value::Array(elements) => elements.iter().any(has_date),
        _ => false,
    }
}
