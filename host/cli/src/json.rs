//! JSON that others wrote, without changing what it says.

use std::fmt::Write as _;

use serde_json::value::RawValue;

use crate::text::is_acted_on;

/// A text as JSON, if it is one whole document. Numbers and the order of keys stay as they are written.
pub(crate) fn parse(text: &str) -> Option<&RawValue> {
    serde_json::from_str(text.trim_ascii()).ok()
}

/// A document over several lines, for people: only the space between the tokens differs, and what a terminal would act on
/// is written as JSON's escapes.
///
/// Not through a tree of values: that would round numbers and sort keys.
pub(crate) fn pretty(document: &RawValue) -> String {
    let mut pretty = Pretty::default();
    document.get().chars().for_each(|c| pretty.push(c));
    pretty.out
}

/// The escapes of JSON in place of what a terminal would act on. Outside of strings a document has no such characters but
/// white space.
pub(crate) fn visible(document: &str) -> String {
    document.chars().fold(String::with_capacity(document.len()), |mut out, c| {
        if is_acted_on(c) && !c.is_ascii_whitespace() {
            push_escape(&mut out, c);
        } else {
            out.push(c);
        }
        out
    })
}

fn push_escape(out: &mut String, c: char) {
    let mut units = [0; 2];
    for unit in c.encode_utf16(&mut units) {
        // Writing to a string cannot fail.
        let _ = write!(out, "\\u{unit:04x}");
    }
}

#[derive(Default)]
struct Pretty {
    out: String,
    depth: usize,
    place: Place,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// Between tokens, or in a number or a word.
    #[default]
    Plain,
    /// Behind `{` or `[`: a line break is due unless the bracket is closed at once.
    Opened,
    String,
    /// Behind a backslash.
    Escape,
}

/// How far lines are set in. A guest that nests a thousand levels deep would otherwise print a million spaces.
const MAX_INDENT: usize = 40;

impl Pretty {
    fn push(&mut self, c: char) {
        match self.place {
            Place::String | Place::Escape => {
                self.place = match (self.place, c) {
                    (Place::String, '\\') => Place::Escape,
                    (Place::String, '"') => Place::Plain,
                    _ => Place::String,
                };
                if is_acted_on(c) { push_escape(&mut self.out, c) } else { self.out.push(c) }
            }
            Place::Plain | Place::Opened => self.push_plain(c),
        }
    }

    fn push_plain(&mut self, c: char) {
        if c.is_ascii_whitespace() {
            return;
        }
        let opened = std::mem::replace(&mut self.place, Place::Plain) == Place::Opened;
        match c {
            '}' | ']' => {
                self.depth = self.depth.saturating_sub(1);
                if !opened {
                    self.line();
                }
                self.out.push(c);
                return;
            }
            _ if opened => self.line(),
            _ => {}
        }
        self.out.push(c);
        match c {
            '{' | '[' => {
                self.depth += 1;
                self.place = Place::Opened;
            }
            ',' => self.line(),
            ':' => self.out.push(' '),
            '"' => self.place = Place::String,
            _ => {}
        }
    }

    fn line(&mut self) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", self.depth.min(MAX_INDENT)));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn pretty_says_the_same_as_serde_json(value in value()) {
            let text = value.to_string();
            let pretty = pretty(parse(&text).unwrap());
            prop_assert_eq!(serde_json::from_str::<Value>(&pretty).unwrap(), value.clone());
            let acted_on = pretty.chars().any(|c| is_acted_on(c) && c != '\n');
            prop_assert!(!acted_on, "{}", pretty);
            if !text.chars().any(is_acted_on) {
                prop_assert_eq!(pretty, serde_json::to_string_pretty(&value).unwrap());
            }
        }

        #[test]
        fn visible_says_the_same(value in value()) {
            let visible = visible(&value.to_string());
            prop_assert_eq!(serde_json::from_str::<Value>(&visible).unwrap(), value);
            prop_assert!(!visible.chars().any(is_acted_on));
        }
    }

    #[test]
    fn numbers_and_order_stay() {
        let pretty = pretty(parse(r#" {"b":12345678901234567890123,"a":1.0e5 , "c":[ ]} "#).unwrap());
        assert_eq!(pretty, "{\n  \"b\": 12345678901234567890123,\n  \"a\": 1.0e5,\n  \"c\": []\n}");
    }

    #[test]
    fn deep_nesting_is_no_danger() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        if let Some(document) = parse(&deep) {
            assert!(pretty(document).len() < 20_000_000);
        }
    }

    #[test]
    fn what_is_no_document_is_none() {
        for text in ["", "{", "{} {}", "thumbs", "{'a': 1}"] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
