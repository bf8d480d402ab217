//! IAM policy documents in JSON.

use std::{borrow::Cow, fmt, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use toml::Spanned;

use super::{Effect, Patterns, Statement, WrittenCondition, conditions::Conditions};
use crate::{
    source::{Diagnostic, Source},
    text::quoted,
};

/// Reads the statements of an IAM policy document. What is wrong with its form is added to `found`.
pub(crate) fn read(source: &Source, found: &mut Vec<Diagnostic>) -> Vec<(Effect, Spanned<Statement>)> {
    Reader { source, found }.document().unwrap_or_default()
}

/// Each step is `None` if it added to `found`.
struct Reader<'a> {
    source: &'a Source,
    found: &'a mut Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Option<Vec<(Effect, Spanned<Statement>)>> {
        let whole: &RawValue = self.json(self.source.text())?;
        let (mut version, mut statements) = (None, None);
        for (key, value) in self.object(whole)? {
            match key.get_ref().as_str() {
                "Version" => version = Some(self.string(value)?),
                "Id" => drop(self.string(value)?),
                "Statement" => statements = Some(value),
                _ => self.unknown(&key, &["Version", "Id", "Statement"]),
            }
        }
        self.version(version.as_ref());
        let Some(statements) = statements else {
            return self.wrong(whole, "the policy document has no `Statement`");
        };
        let elements: Vec<&RawValue> =
            if is_array(statements) { self.json(statements.get())? } else { vec![statements] };
        Some(elements.into_iter().filter_map(|statement| self.statement(statement)).collect())
    }

    /// In the version of 2008 `${...}` is text and not a variable, and it is the default.
    fn version(&mut self, version: Option<&Spanned<String>>) {
        const CURRENT: &str = "2012-10-17";
        let (span, version) = match version {
            Some(version) => (version.span(), version.get_ref().as_str()),
            None => (0..0, "2008-10-17"),
        };
        let help = format!("write `\"Version\": \"{CURRENT}\"`");
        if !matches!(version, CURRENT | "2008-10-17") {
            let message = format!("unknown version {} of IAM's policy language", quoted(version));
            self.found.push(Diagnostic::at(self.source, span, message).with_help(help));
        } else if version != CURRENT && self.source.text().contains("${") {
            let message = "this version of IAM's policy language has no policy variables such as `${*}`";
            self.found.push(Diagnostic::at(self.source, span, message).with_help(help));
        }
    }

    fn statement(&mut self, whole: &'a RawValue) -> Option<(Effect, Spanned<Statement>)> {
        let mut effect = None;
        let mut statement = Statement {
            actions: None,
            not_actions: None,
            resources: None,
            not_resources: None,
            condition: Conditions::default(),
            quota: None,
        };
        for (key, value) in self.object(whole)? {
            match key.get_ref().as_str() {
                "Sid" => drop(self.string(value)?),
                "Effect" => effect = Some(self.effect(value)?),
                "Action" => statement.actions = Some(self.patterns(value)?),
                "NotAction" => statement.not_actions = Some(self.patterns(value)?),
                "Resource" => statement.resources = Some(self.patterns(value)?),
                "NotResource" => statement.not_resources = Some(self.patterns(value)?),
                "Condition" => statement.condition = self.conditions(value)?,
                "Principal" | "NotPrincipal" => {
                    let diagnostic =
                        Diagnostic::at(self.source, key.span(), "a guest's policy names no principal");
                    self.found
                        .push(diagnostic.with_help("the policy is about the guest whose manifest names it"));
                }
                _ => {
                    let known =
                        ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
                    self.unknown(&key, &known);
                }
            }
        }
        let Some(effect) = effect else {
            return self.wrong(whole, "the statement has no `Effect`");
        };
        Some((effect, Spanned::new(self.span(whole), statement)))
    }

    fn effect(&mut self, value: &'a RawValue) -> Option<Effect> {
        match self.string(value)?.get_ref().as_str() {
            "Allow" => Some(Effect::Allow),
            "Deny" => Some(Effect::Deny),
            other => {
                let message = format!("unknown effect {}: it is `Allow` or `Deny`", quoted(other));
                self.wrong(value, &message)
            }
        }
    }

    fn conditions(&mut self, value: &'a RawValue) -> Option<Conditions> {
        let mut conditions = Vec::new();
        for (operator, tests) in self.object(value)? {
            for (key, values) in self.object(tests)? {
                let values = self.patterns(values)?;
                conditions.push(WrittenCondition { operator: operator.clone(), key, values });
            }
        }
        Some(Conditions(conditions))
    }

    /// A string, number or boolean, or an array of them.
    fn patterns(&mut self, value: &'a RawValue) -> Option<Patterns> {
        let values = if is_array(value) { self.json(value.get())? } else { vec![value] };
        let texts = values.into_iter().map(|value| self.scalar(value)).collect::<Option<Vec<_>>>()?;
        Some(Spanned::new(self.span(value), texts))
    }

    fn scalar(&mut self, value: &'a RawValue) -> Option<Spanned<String>> {
        match value.get().bytes().next() {
            Some(b't' | b'f' | b'-' | b'0'..=b'9') => {
                Some(Spanned::new(self.span(value), value.get().to_owned()))
            }
            Some(b'"') => self.string(value),
            _ => self.wrong(value, "this is not a string, nor an array of strings"),
        }
    }

    fn string(&mut self, value: &'a RawValue) -> Option<Spanned<String>> {
        if value.get().starts_with('"') {
            Some(Spanned::new(self.span(value), self.json(value.get())?))
        } else {
            self.wrong(value, "this is not a string")
        }
    }

    /// The members of an object. A name that stands twice is wrong: parsers differ in which of the two they take.
    fn object(&mut self, value: &'a RawValue) -> Option<Vec<(Spanned<String>, &'a RawValue)>> {
        if !value.get().starts_with('{') {
            return self.wrong(value, "this is not an object");
        }
        let mut members: Vec<(Spanned<String>, &RawValue)> = Vec::new();
        let mut is_unique = true;
        for (key, value) in self.json::<Members<'_>>(value.get())?.0 {
            let span = match &key.0 {
                // With its quotes, which a key without escapes has right beside it.
                Cow::Borrowed(key) => {
                    let inner = self.span_of(key);
                    inner.start.saturating_sub(1)..inner.end + 1
                }
                Cow::Owned(_) => self.span(value),
            };
            let key = Spanned::new(span, key.0.into_owned());
            if members.iter().any(|(other, _)| other == &key) {
                let message = format!("{} stands here twice", quoted(key.get_ref()));
                self.found.push(Diagnostic::at(self.source, key.span(), message));
                is_unique = false;
            }
            members.push((key, value));
        }
        is_unique.then_some(members)
    }

    /// Parses a part of the source.
    fn json<T: Deserialize<'a>>(&mut self, part: &'a str) -> Option<T> {
        match serde_json::from_str(part) {
            Ok(value) => Some(value),
            Err(error) => {
                let line_start: usize =
                    part.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
                let at = self.span_of(part).start + line_start + error.column().saturating_sub(1);
                // The parser ends its message with a place, which is one in the part.
                let message = error.to_string();
                let message =
                    message.split_once(" at line ").map_or(message.as_str(), |(message, _)| message);
                self.found.push(Diagnostic::at(self.source, at..at + 1, message));
                None
            }
        }
    }

    fn unknown(&mut self, key: &Spanned<String>, known: &[&str]) {
        self.found.push(Diagnostic::unknown_key(self.source, key.span(), key.get_ref(), known));
    }

    fn wrong<T>(&mut self, value: &RawValue, message: &str) -> Option<T> {
        self.found.push(Diagnostic::at(self.source, self.span(value), message));
        None
    }

    fn span(&self, value: &RawValue) -> Range<usize> {
        self.span_of(value.get())
    }

    /// The place of a text that is part of the source.
    fn span_of(&self, part: &str) -> Range<usize> {
        let start = part.as_ptr().addr().saturating_sub(self.source.text().as_ptr().addr());
        start..start + part.len()
    }
}

fn is_array(value: &RawValue) -> bool {
    value.get().starts_with('[')
}

/// An object's members in their order, unlike in a map with the ones that stand twice.
struct Members<'a>(Vec<(Key<'a>, &'a RawValue)>);

/// A member's name; borrowed, so that its place is known, unless it has escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
