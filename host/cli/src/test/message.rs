//! What stands in a test file for a message of a queue: its body as content, or a table that says more.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use innkeeper_testing::{ExpectedMessage, MessageState};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use toml::Spanned;

use super::content;
use super::file::Reader;

/// The message as TOML has it.
#[derive(Debug)]
pub(super) enum Raw {
    /// Content: its body, whatever else it has.
    Body(content::Raw),
    /// A table with a `body`.
    Message(Box<Table>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Table {
    body: content::Raw,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    group_id: Option<String>,
    deduplication_id: Option<String>,
    delay_seconds: Option<u32>,
    state: Option<State>,
    receive_count: Option<u32>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Visible,
    InFlight,
    Delayed,
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;

        impl<'de> Visitor<'de> for TextOrTable {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a content such as `{ json = ... }`, or a table with a `body`")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Raw, E> {
                content::Raw::deserialize(serde::de::value::StrDeserializer::new(text)).map(Raw::Body)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Raw, A::Error> {
                let table = toml::Table::deserialize(MapAccessDeserializer::new(map))?;
                let is_message = table.contains_key("body");
                let value = toml::Value::Table(table);
                if is_message {
                    let table = Table::deserialize(value).map_err(A::Error::custom)?;
                    Ok(Raw::Message(Box::new(table)))
                } else {
                    content::Raw::deserialize(value).map(Raw::Body).map_err(A::Error::custom)
                }
            }
        }

        deserializer.deserialize_any(TextOrTable)
    }
}

impl Raw {
    pub(super) fn read(written: &Spanned<Self>, reader: &mut Reader<'_>) -> Option<ExpectedMessage> {
        let span = written.span();
        match written.get_ref() {
            Self::Body(body) => body.content_at(span, reader).map(ExpectedMessage::new),
            Self::Message(table) => {
                let mut message = ExpectedMessage::new(table.body.content_at(span, reader)?);
                message.attributes.clone_from(&table.attributes);
                message.group_id.clone_from(&table.group_id);
                message.deduplication_id.clone_from(&table.deduplication_id);
                message.delay = table.delay_seconds.map(|seconds| Duration::from_secs(seconds.into()));
                message.state = table.state.map(|state| match state {
                    State::Visible => MessageState::Visible,
                    State::InFlight => MessageState::InFlight,
                    State::Delayed => MessageState::Delayed,
                });
                message.receive_count = table.receive_count;
                Some(message)
            }
        }
    }
}
