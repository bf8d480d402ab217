//! What is expected of bytes, and how they differ from it.

use std::fmt;

use serde_json::{Map, Value};
use similar::{ChangeTag, TextDiff};

use crate::trail::escaped;

/// What bytes are expected to be: of a result, an object, a message, a payload.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// This text.
    Text(String),
    /// Text in which this one occurs.
    TextWith(String),
    /// A JSON document that says the same: the order of members and the space between tokens do not matter.
    Json(Value),
    /// A JSON document that says at least this: of objects every member that is named, of arrays each element in turn, of all else the
    /// same.
    JsonWith(Value),
}

/// How something differs from what was expected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference(Vec<DiffLine>);

/// A line of a [`Difference`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    /// Whose line it is.
    pub kind: LineKind,
    /// Its text, without a line break.
    pub text: String,
}

/// Whose a line of a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Both have it.
    Both,
    /// Only what was expected has it.
    Expected,
    /// Only what came has it.
    Actual,
    /// A remark about both.
    Remark,
}

impl LineKind {
    /// The mark in front of the line.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Both => " ",
            Self::Expected => "-",
            Self::Actual => "+",
            Self::Remark => "#",
        }
    }
}

/// How many lines around a change are shown.
const CONTEXT: usize = 3;
/// How many lines of a difference are shown. A guest chooses how long its result is.
const MAX_LINES: usize = 200;
/// How many bytes at each side of the first that differs are shown.
const BYTES: usize = 16;

/// Text, to the last character.
impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Content {
    /// Compares bytes with what is expected of them.
    ///
    /// # Errors
    ///
    /// How they differ.
    pub fn compare(&self, actual: &[u8]) -> Result<(), Difference> {
        match self {
            Self::Bytes(expected) => compare_bytes(expected, actual),
            Self::Text(expected) => match std::str::from_utf8(actual) {
                Ok(actual) if actual == expected => Ok(()),
                Ok(actual) => Err(Difference::of_text(expected, actual)),
                Err(_) => compare_bytes(expected.as_bytes(), actual),
            },
            Self::TextWith(part) => {
                let actual = String::from_utf8_lossy(actual);
                if actual.contains(part.as_str()) {
                    return Ok(());
                }
                let mut lines = vec![line(LineKind::Remark, "somewhere in it was expected:".to_owned())];
                lines.extend(text_lines(LineKind::Expected, part));
                lines.push(line(LineKind::Remark, "it is:".to_owned()));
                lines.extend(text_lines(LineKind::Actual, &actual));
                Err(Difference::bounded(lines))
            }
            Self::Json(expected) => {
                let actual = document(actual, expected)?;
                if actual == *expected { Ok(()) } else { Err(Difference::of_json(expected, &actual)) }
            }
            Self::JsonWith(expected) => {
                let actual = document(actual, expected)?;
                if contains(&actual, expected) {
                    return Ok(());
                }
                Err(Difference::of_json(expected, &restricted(&actual, expected)))
            }
        }
    }

    /// The content, as it is shown in a list of several; `actual` shows bytes in the same form.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Bytes(bytes) => shown_bytes(bytes),
            Self::Text(text) => text.clone(),
            Self::TextWith(text) => format!("... {text} ..."),
            Self::Json(value) | Self::JsonWith(value) => pretty(value),
        }
    }

    /// Bytes in the form in which [`Content::shown`] shows what is expected of them.
    pub(crate) fn actual(&self, actual: &[u8]) -> String {
        match self {
            Self::Json(_) => {
                serde_json::from_slice(actual).map_or_else(|_| shown_bytes(actual), |value| pretty(&value))
            }
            Self::JsonWith(expected) => serde_json::from_slice(actual)
                .map_or_else(|_| shown_bytes(actual), |value| pretty(&restricted(&value, expected))),
            // As if it were what was expected, so that lists differ only where they do.
            Self::TextWith(_) if self.compare(actual).is_ok() => self.shown(),
            _ => shown_bytes(actual),
        }
    }
}

impl Difference {
    /// Between two texts, line by line.
    pub fn of_text(expected: &str, actual: &str) -> Self {
        let diff = TextDiff::from_lines(expected, actual);
        let mut lines = Vec::new();
        for (number, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
            if number > 0 {
                lines.push(line(LineKind::Remark, "...".to_owned()));
            }
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let kind = match change.tag() {
                    ChangeTag::Equal => LineKind::Both,
                    ChangeTag::Delete => LineKind::Expected,
                    ChangeTag::Insert => LineKind::Actual,
                };
                let text = change.value();
                lines.push(line(kind, text.strip_suffix('\n').unwrap_or(text).to_owned()));
            }
        }
        // The lines do not show a line break that is missing at the end. Where there is nothing else, there is no end.
        let remark = match (expected.ends_with('\n'), actual.ends_with('\n')) {
            _ if expected.is_empty() || actual.is_empty() => None,
            (true, false) => Some("a line break was expected at the end"),
            (false, true) => Some("no line break was expected at the end"),
            _ => None,
        };
        lines.extend(remark.map(|remark| line(LineKind::Remark, remark.to_owned())));
        Self::bounded(lines)
    }

    /// A remark in place of a diff.
    pub fn remark(text: impl Into<String>) -> Self {
        Self(vec![line(LineKind::Remark, text.into())])
    }

    /// The lines.
    pub fn lines(&self) -> &[DiffLine] {
        &self.0
    }

    fn of_json(expected: &Value, actual: &Value) -> Self {
        Self::of_text(&pretty(expected), &pretty(actual))
    }

    fn bounded(mut lines: Vec<DiffLine>) -> Self {
        let total = lines.len();
        if total > MAX_LINES {
            lines.truncate(MAX_LINES);
            lines.push(line(LineKind::Remark, format!("{} more lines", total - MAX_LINES)));
        }
        Self(lines)
    }
}

/// Each line with its mark, without a final line break. What a terminal would act on is escaped.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, line) in self.0.iter().enumerate() {
            let gap = if number == 0 { "" } else { "\n" };
            write!(f, "{gap}  {} {}", line.kind.mark(), escaped(&line.text))?;
        }
        Ok(())
    }
}

fn line(kind: LineKind, text: String) -> DiffLine {
    DiffLine { kind, text }
}

fn text_lines(kind: LineKind, text: &str) -> impl Iterator<Item = DiffLine> {
    text.lines().map(move |text| line(kind, text.to_owned()))
}

fn compare_bytes(expected: &[u8], actual: &[u8]) -> Result<(), Difference> {
    if expected == actual {
        return Ok(());
    }
    if let (Ok(expected), Ok(actual)) = (std::str::from_utf8(expected), std::str::from_utf8(actual)) {
        return Err(Difference::of_text(expected, actual));
    }
    let first = expected.iter().zip(actual).take_while(|(a, b)| a == b).count();
    let around = |bytes: &[u8]| {
        let from = first.saturating_sub(BYTES);
        let part = bytes.get(from..bytes.len().min(first + BYTES)).unwrap_or_default();
        hex(part)
    };
    Err(Difference(vec![
        line(
            LineKind::Remark,
            format!(
                "expected {} bytes, and these are {}; the first that differs is number {first}, counted from 0",
                expected.len(),
                actual.len()
            ),
        ),
        line(LineKind::Expected, around(expected)),
        line(LineKind::Actual, around(actual)),
    ]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

fn shown_bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!(
            "{} bytes: {}{}",
            bytes.len(),
            hex(bytes.get(..BYTES).unwrap_or(bytes)),
            if bytes.len() > BYTES { " ..." } else { "" }
        ),
    }
}

/// The bytes as JSON, or a difference that says that they are none.
fn document(actual: &[u8], expected: &Value) -> Result<Value, Difference> {
    serde_json::from_slice(actual).map_err(|error| {
        let mut lines = vec![line(LineKind::Remark, format!("it is no JSON ({error}); expected was:"))];
        lines.extend(text_lines(LineKind::Expected, &pretty(expected)));
        lines.extend(text_lines(LineKind::Actual, &shown_bytes(actual)));
        Difference::bounded(lines)
    })
}

/// Whether `value` says at least what `part` says.
fn contains(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (Value::Object(value), Value::Object(part)) => {
            part.iter().all(|(key, part)| value.get(key).is_some_and(|value| contains(value, part)))
        }
        (Value::Array(value), Value::Array(part)) => {
            value.len() == part.len() && value.iter().zip(part).all(|(value, part)| contains(value, part))
        }
        (value, part) => value == part,
    }
}

/// What `value` says of what `part` is about, so that a diff shows nothing else.
fn restricted(value: &Value, part: &Value) -> Value {
    match (value, part) {
        (Value::Object(value), Value::Object(part)) => part
            .iter()
            .filter_map(|(key, part)| Some((key.clone(), restricted(value.get(key)?, part))))
            .collect::<Map<_, _>>()
            .into(),
        (Value::Array(value), Value::Array(part)) => value
            .iter()
            .enumerate()
            .map(|(index, value)| {
                part.get(index).map_or_else(|| value.clone(), |part| restricted(value, part))
            })
            .collect::<Vec<_>>()
            .into(),
        (value, _) => value.clone(),
    }
}

/// Over several lines, with the members of objects in order.
pub(crate) fn pretty(value: &Value) -> String {
    // The alternate form of a value cannot fail, and with maps that keep no order of their own it is sorted.
    format!("{value:#}")
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde_json::json;

    use super::*;

    fn difference(content: &Content, actual: &[u8]) -> String {
        content.compare(actual).unwrap_err().to_string()
    }

    #[test]
    fn json_is_compared_by_what_it_says() {
        let expected = Content::Json(json!({ "a": 1, "b": [1, 2] }));
        assert_eq!(expected.compare(br#" {"b":[1,2],"a":1} "#), Ok(()));
        assert_eq!(
            difference(&expected, br#"{"a":1,"b":[1,3]}"#),
            "      \"a\": 1,\n      \"b\": [\n        1,\n  -     2\n  +     3\n      ]\n    }"
        );
        assert!(difference(&expected, b"nothing").contains("# it is no JSON (expected ident at line 1"));
    }

    #[test]
    fn a_part_of_json_is_compared_with_what_it_names() {
        let expected = Content::JsonWith(json!({ "totals": { "made": 2 }, "objects": [{ "key": "a" }] }));
        assert_eq!(
            expected.compare(br#"{"totals":{"made":2,"skipped":1},"objects":[{"key":"a","size":3}],"x":0}"#),
            Ok(())
        );
        let shown =
            difference(&expected, br#"{"totals":{"made":3,"skipped":1},"objects":[{"key":"a"}],"x":0}"#);
        assert!(shown.contains("-     \"made\": 2\n  +     \"made\": 3"), "{shown}");
        assert!(!shown.contains("skipped") && !shown.contains("\"x\""), "{shown}");
        // One object more is another array.
        assert!(expected.compare(br#"{"totals":{"made":2},"objects":[{"key":"a"},{"key":"b"}]}"#).is_err());
    }

    #[test]
    fn text_is_shown_as_a_diff_with_its_end() {
        let expected = Content::Text("one\ntwo\n".to_owned());
        assert_eq!(expected.compare(b"one\ntwo\n"), Ok(()));
        assert_eq!(difference(&expected, b"one\nthree\n"), "    one\n  - two\n  + three");
        assert!(difference(&expected, b"one\ntwo").ends_with("# a line break was expected at the end"));
    }

    #[test]
    fn bytes_are_shown_where_they_differ() {
        let expected = Content::Bytes(vec![0xff, 1, 2]);
        assert_eq!(
            difference(&expected, &[0xff, 1, 3, 4]),
            "  # expected 3 bytes, and these are 4; the first that differs is number 2, counted from 0\n  \
             - ff 01 02\n  + ff 01 03 04"
        );
    }

    #[test]
    fn a_guest_cannot_write_on_the_terminal_and_not_without_end() {
        let shown = difference(&Content::Text(String::new()), b"\x1b[31mred");
        assert!(shown.contains("\\u{1b}[31mred"), "{shown}");
        let long = "line\n".repeat(10_000);
        assert!(
            Content::Text(String::new()).compare(long.as_bytes()).unwrap_err().lines().len() <= MAX_LINES + 1
        );
    }
}
