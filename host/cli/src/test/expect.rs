//! `[case.expect]`: what has to come of a call.

use std::collections::BTreeMap;

use innkeeper_testing::{
    CallPattern, Content, DenialPattern, ErrorKind, ExpectedMessage, Times, UnknownName,
};
use serde::Deserialize;
use toml::Spanned;

use super::content::{self, Expected};
use super::file::Reader;
use super::message;

/// The section as TOML has it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Raw {
    result: Option<Spanned<content::Raw>>,
    error: Option<Spanned<RawError>>,
    log: Vec<Spanned<content::Raw>>,
    object: Vec<Spanned<RawObject>>,
    messages: BTreeMap<String, Vec<Spanned<message::Raw>>>,
    invocations: BTreeMap<String, Vec<Spanned<content::Raw>>>,
    call: Vec<Spanned<RawCall>>,
    denied: Option<Vec<Spanned<RawDenied>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawError {
    kind: Option<Spanned<String>>,
    text: Option<String>,
    text_with: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawObject {
    bucket: String,
    key: String,
    content: Option<Spanned<content::Raw>>,
    content_type: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    absent: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawCall {
    operation: Spanned<String>,
    on: Option<String>,
    error: Option<String>,
    attempts: Option<u32>,
    times: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawDenied {
    action: Spanned<String>,
    on: Option<String>,
    times: Option<usize>,
}

/// What has to come of a call.
#[derive(Clone, Debug)]
pub(super) struct Expect {
    pub(super) ending: Ending,
    pub(super) log: Vec<Expected>,
    pub(super) objects: Vec<ExpectedObject>,
    /// By queue.
    pub(super) messages: BTreeMap<String, Vec<ExpectedMessage>>,
    /// By function.
    pub(super) invocations: BTreeMap<String, Vec<Content>>,
    pub(super) calls: Vec<(CallPattern, Times)>,
    /// `None`: nothing is said of what is denied. `Some`: these and no others.
    pub(super) denied: Option<Vec<(DenialPattern, Times)>>,
}

/// How the call has to end.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    /// With a result, whatever it is.
    Success,
    /// With this result.
    Result(Expected),
    /// With a failure.
    Error { kind: Option<ErrorKind>, message: Option<Content> },
}

/// What an object has to be.
#[derive(Clone, Debug)]
pub(super) struct ExpectedObject {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) is: Presence,
}

/// Whether an object has to be there, and how.
#[derive(Clone, Debug)]
pub(super) enum Presence {
    Absent,
    Present {
        content: Option<Expected>,
        content_type: Option<String>,
        metadata: BTreeMap<String, String>,
        tags: BTreeMap<String, String>,
    },
}

impl Raw {
    pub(super) fn read(&self, reader: &mut Reader<'_>) -> Option<Expect> {
        let ending = self.ending(reader);
        let log = all(&self.log, |content| content::Raw::read(content, reader));
        let objects = all(&self.object, |object| object.get_ref().read(object, reader));
        let messages = lists(&self.messages, |message| message::Raw::read(message, reader));
        let invocations = lists(&self.invocations, |content| content::Raw::content(content, reader));
        let calls = all(&self.call, |call| call.get_ref().read(reader));
        let denied = self.denied.as_ref().map(|denied| all(denied, |denied| denied.get_ref().read(reader)));
        Some(Expect {
            ending: ending?,
            log: log?,
            objects: objects?,
            messages: messages?,
            invocations: invocations?,
            calls: calls?,
            denied: match denied {
                None => None,
                Some(denied) => Some(denied?),
            },
        })
    }

    fn ending(&self, reader: &mut Reader<'_>) -> Option<Ending> {
        match (&self.result, &self.error) {
            (None, None) => Some(Ending::Success),
            (Some(result), None) => content::Raw::read(result, reader).map(Ending::Result),
            (None, Some(error)) => error.get_ref().read(error, reader),
            (Some(_), Some(error)) => {
                let message = "a call ends with a `result` or with an `error`, not with both".to_owned();
                reader.wrong(error.span(), message, None);
                None
            }
        }
    }
}

impl RawError {
    fn read(&self, written: &Spanned<Self>, reader: &mut Reader<'_>) -> Option<Ending> {
        let kind = match &self.kind {
            None => None,
            Some(word) => {
                let kind = ErrorKind::ALL.iter().copied().find(|kind| kind.as_str() == word.get_ref());
                if kind.is_none() {
                    let known: Vec<_> = ErrorKind::ALL.iter().map(|kind| format!("`{kind}`")).collect();
                    let message = format!("`{}` is no way to fail", word.get_ref().escape_debug());
                    reader.wrong(word.span(), message, Some(&format!("there are {}", known.join(", "))));
                }
                Some(kind?)
            }
        };
        let message = match (&self.text, &self.text_with) {
            (Some(_), Some(_)) => {
                reader.wrong(written.span(), "only one of `text`, `text-with` can be".to_owned(), None);
                return None;
            }
            (Some(text), None) => Some(Content::Text(text.clone())),
            (None, Some(part)) => Some(Content::TextWith(part.clone())),
            (None, None) => None,
        };
        Some(Ending::Error { kind, message })
    }
}

impl RawObject {
    fn read(&self, written: &Spanned<Self>, reader: &mut Reader<'_>) -> Option<ExpectedObject> {
        let described = self.content.is_some()
            || self.content_type.is_some()
            || !self.metadata.is_empty()
            || !self.tags.is_empty();
        let is = match (self.absent, described) {
            (true, true) => {
                let message = "an object that is `absent` has no content, type, metadata or tags".to_owned();
                reader.wrong(written.span(), message, None);
                return None;
            }
            (true, false) => Presence::Absent,
            (false, _) => Presence::Present {
                content: match &self.content {
                    Some(content) => Some(content::Raw::read(content, reader)?),
                    None => None,
                },
                content_type: self.content_type.clone(),
                metadata: self.metadata.clone(),
                tags: self.tags.clone(),
            },
        };
        Some(ExpectedObject { bucket: self.bucket.clone(), key: self.key.clone(), is })
    }
}

impl RawCall {
    fn read(&self, reader: &mut Reader<'_>) -> Option<(CallPattern, Times)> {
        let mut pattern = CallPattern::new(self.operation.get_ref());
        pattern.resource.clone_from(&self.on);
        pattern.error.clone_from(&self.error);
        pattern.attempts = self.attempts;
        known(pattern.check(), &self.operation, reader)?;
        Some((pattern, times(self.times)))
    }
}

impl RawDenied {
    fn read(&self, reader: &mut Reader<'_>) -> Option<(DenialPattern, Times)> {
        let mut pattern = DenialPattern::new(self.action.get_ref());
        pattern.resource.clone_from(&self.on);
        known(pattern.check(), &self.action, reader)?;
        Some((pattern, times(self.times)))
    }
}

/// A name that nothing can have would make an expectation that always holds, or never.
fn known(checked: Result<(), UnknownName>, written: &Spanned<String>, reader: &mut Reader<'_>) -> Option<()> {
    let unknown = match checked {
        Ok(()) => return Some(()),
        Err(unknown) => unknown,
    };
    let help = unknown.nearest().map(|nearest| format!("did you mean `{nearest}`?"));
    reader.wrong(written.span(), unknown.to_string(), help.as_deref());
    None
}

fn times(number: Option<usize>) -> Times {
    number.map_or(Times::AtLeast(1), Times::Exactly)
}

/// Reads all, so that each mistake is told, and gives them if there was none.
fn all<T, V>(written: &[T], read: impl FnMut(&T) -> Option<V>) -> Option<Vec<V>> {
    let read: Vec<_> = written.iter().map(read).collect();
    read.into_iter().collect()
}

fn lists<T, V>(
    written: &BTreeMap<String, Vec<T>>,
    mut read: impl FnMut(&T) -> Option<V>,
) -> Option<BTreeMap<String, Vec<V>>> {
    let read: Vec<_> =
        written.iter().map(|(name, list)| Some((name.clone(), all(list, &mut read)?))).collect();
    read.into_iter().collect()
}
