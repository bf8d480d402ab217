//! The lines that every call of a guest waits for, a decision's and a call's, as JSON.
//!
//! They say what `Serialize` of the entries says, which the tests hold them to, and take less of the call's time: what is known when this is
//! compiled is not looked at again, and of texts hardly one has anything to escape. `--bench overhead` has what both lines are a part of.

use std::time::SystemTime;

use innkeeper_policy::Location;
use serde::Serialize;
use serde::ser::Error as _;
use serde_json::{Error, Result};

use super::time::with_rfc3339;
use super::{Call, Decision, Outcome, Purpose, Verdict};

/// A JSON object under way.
pub(super) struct Line<'a>(&'a mut Vec<u8>);

impl<'a> Line<'a> {
    /// Begins the line of an event, whose name needs no escape.
    pub(super) fn begin(buffer: &'a mut Vec<u8>, event: &'static str) -> Self {
        buffer.extend_from_slice(b"{\"event\":");
        let mut line = Self(buffer);
        line.quoted(event);
        line
    }

    pub(super) fn decision(mut self, decision: &Decision) -> Result<()> {
        let Decision { time, guest, id, operation, action, resource, context, verdict } = decision;
        self.time(*time)?;
        self.text("guest", guest)?;
        self.value("id", id)?;
        self.word("operation", operation);
        self.word("action", action);
        self.text("resource", resource)?;
        if !context.is_empty() {
            self.value("context", context)?;
        }
        match verdict {
            Verdict::Allow { rule } => {
                self.word("decision", "allow");
                self.rule(rule.as_ref())?;
            }
            Verdict::Deny { rule, reason, suggestion } => {
                self.word("decision", "deny");
                self.rule(rule.as_ref())?;
                self.text("reason", reason)?;
                self.text("suggestion", suggestion)?;
            }
        }
        self.end();
        Ok(())
    }

    pub(super) fn call(mut self, call: &Call) -> Result<()> {
        let Call { time, guest, id, service, operation, purpose, resource, .. } = call;
        let Call { attempts, bytes_sent, bytes_received, duration, request_id, outcome, .. } = call;
        self.time(*time)?;
        self.text("guest", guest)?;
        self.value("id", id)?;
        self.word("service", service);
        self.word("operation", operation);
        if let Some(purpose) = purpose {
            self.value::<Purpose>("purpose", purpose)?;
        }
        self.text("resource", resource)?;
        self.value("attempts", attempts)?;
        self.value("bytes-sent", bytes_sent)?;
        self.value("bytes-received", bytes_received)?;
        self.value("duration", &duration.as_secs_f64())?;
        match request_id {
            Some(id) => self.text("request-id", id)?,
            None => self.value("request-id", &())?,
        }
        match outcome {
            Outcome::Success => self.word("outcome", "success"),
            Outcome::Failure { error, cause } => {
                self.word("outcome", "failure");
                self.word("error", error);
                self.text("cause", cause)?;
            }
            Outcome::Cancelled => self.word("outcome", "cancelled"),
        }
        self.end();
        Ok(())
    }

    fn time(&mut self, time: SystemTime) -> Result<()> {
        self.key("time");
        with_rfc3339(time, |text| self.quoted(text)).ok_or_else(|| Error::custom(super::NO_TEXT))
    }

    /// The place of a rule, `file:line:column`.
    fn rule(&mut self, rule: Option<&Location>) -> Result<()> {
        let Some(Location { file, line, column }) = rule else { return self.value("rule", &()) };
        self.text("rule", file)?;
        // In place of the quotation mark.
        self.0.pop();
        for number in [line, column] {
            self.0.push(b':');
            serde_json::to_writer(&mut *self.0, number)?;
        }
        self.0.push(b'"');
        Ok(())
    }

    /// A word of this program's own, which needs no escape: the name of an action, of a case.
    #[inline]
    fn word(&mut self, key: &'static str, word: &'static str) {
        self.key(key);
        self.quoted(word);
    }

    #[inline]
    fn text(&mut self, key: &'static str, text: &str) -> Result<()> {
        self.key(key);
        self.string(text)
    }

    fn value<T: Serialize>(&mut self, key: &'static str, value: &T) -> Result<()> {
        self.key(key);
        serde_json::to_writer(&mut *self.0, value)
    }

    /// A key, which needs no escape.
    // In its place, where the length of the key is known.
    #[inline]
    fn key(&mut self, key: &'static str) {
        self.0.extend_from_slice(b",\"");
        self.0.extend_from_slice(key.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    fn string(&mut self, text: &str) -> Result<()> {
        if has_special(text.as_bytes()) {
            return serde_json::to_writer(&mut *self.0, text);
        }
        self.quoted(text);
        Ok(())
    }

    fn quoted(&mut self, text: &str) {
        self.0.push(b'"');
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(b'"');
    }

    fn end(self) {
        self.0.push(b'}');
    }
}

/// Whether a text has a byte that JSON escapes: a control character, `"` or `\`.
fn has_special(text: &[u8]) -> bool {
    let (words, rest) = text.as_chunks::<WORD>();
    if words.iter().any(|word| has_special_byte(*word)) {
        return true;
    }
    match text.last_chunk::<WORD>() {
        // Some of it a second time, which takes less than a look at each byte of the rest.
        Some(last) => !rest.is_empty() && has_special_byte(*last),
        None => rest.iter().any(|byte| matches!(byte, ..b' ' | b'"' | b'\\')),
    }
}

/// How many bytes are looked at in one step.
const WORD: usize = 8;

/// Whether one of eight bytes is special: each of them lies in a number of 64 bits, and calculations with that are done with all eight.
fn has_special_byte(bytes: [u8; WORD]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([0x01; WORD]);
    const HIGHEST_BITS: u64 = u64::from_ne_bytes([0x80; WORD]);
    let word = u64::from_ne_bytes(bytes);
    // A byte below `bound` borrows from its highest bit, which it has not itself. A borrow that goes on to the next byte begins in a byte that is below.
    let has_less = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word & HIGHEST_BITS;
    let has = |byte: u8| has_less(word ^ (ONES * u64::from(byte)), 1);
    has_less(word, b' ') | has(b'"') | has(b'\\') != 0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::audit::OperationId;

    /// What is in a line, in the order of its keys.
    fn line(make: impl FnOnce(Line<'_>) -> Result<()>) -> String {
        let mut buffer = Vec::new();
        make(Line::begin(&mut buffer, "event")).unwrap();
        String::from_utf8(buffer).unwrap()
    }

    /// What `Serialize` makes of an entry, as the rest of a line.
    fn serialized(entry: &impl Serialize) -> String {
        let text = serde_json::to_string(entry).unwrap();
        text.replacen('{', "{\"event\":\"event\",", 1)
    }

    fn time() -> impl Strategy<Value = SystemTime> {
        (0_u64..253_402_300_800, 0_u32..1_000_000_000)
            .prop_map(|(seconds, nanos)| SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos))
    }

    fn rule() -> impl Strategy<Value = Option<Location>> {
        let location =
            |(file, line, column): (String, usize, usize)| Location { file: file.into(), line, column };
        proptest::option::of((any::<String>(), any::<usize>(), any::<usize>()).prop_map(location))
    }

    fn verdict() -> impl Strategy<Value = Verdict> {
        prop_oneof![
            rule().prop_map(|rule| Verdict::Allow { rule }),
            (rule(), any::<String>(), any::<String>()).prop_map(|(rule, reason, suggestion)| Verdict::Deny {
                rule,
                reason: reason.into(),
                suggestion: suggestion.into()
            }),
        ]
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            Just(Outcome::Success),
            Just(Outcome::Cancelled),
            any::<String>().prop_map(|cause| Outcome::Failure { error: "no-such-key", cause }),
        ]
    }

    proptest! {
        #[test]
        fn a_line_says_of_a_decision_what_serialize_says(
            time in time(),
            (guest, resource, id) in any::<(String, String, u64)>(),
            context in any::<BTreeMap<String, String>>(),
            verdict in verdict(),
        ) {
            let decision = Decision {
                time,
                guest: guest.into(),
                id: OperationId(id),
                operation: "GetObject",
                action: "s3:GetObject",
                resource: resource.into(),
                context: context.into_iter().map(|(key, value)| (key.into(), value)).collect(),
                verdict,
            };
            prop_assert_eq!(line(|line| line.decision(&decision)), serialized(&decision));
        }

        #[test]
        fn a_line_says_of_a_call_what_serialize_says(
            time in time(),
            (guest, resource, id) in any::<(String, String, u64)>(),
            (attempts, bytes_sent, bytes_received) in any::<(u32, u64, u64)>(),
            duration in any::<Duration>(),
            request_id in any::<Option<String>>(),
            is_look_up in any::<bool>(),
            outcome in outcome(),
        ) {
            let call = Call {
                time,
                guest: guest.into(),
                id: OperationId(id),
                service: "s3",
                operation: "GetObject",
                purpose: is_look_up.then_some(Purpose::ExistingObjectTags),
                resource: resource.into(),
                attempts,
                bytes_sent,
                bytes_received,
                duration,
                request_id,
                outcome,
            };
            prop_assert_eq!(line(|line| line.call(&call)), serialized(&call));
        }
    }

    #[test]
    fn errors_when_a_time_has_no_text() {
        let mut buffer = Vec::new();
        let before_1970 = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        let error = Line::begin(&mut buffer, "event").time(before_1970).unwrap_err();
        assert!(error.to_string().contains("before 1970"), "{error}");
    }

    #[test]
    fn a_special_byte_is_found_wherever_it_is() {
        for byte in 0..=u8::MAX {
            let is_special = matches!(byte, ..b' ' | b'"' | b'\\');
            for length in 1..20 {
                for place in 0..length {
                    for other in [b'x', b' ', b'!', 0x7f, 0x80, 0xff] {
                        let mut text = vec![other; length];
                        text[place] = byte;
                        assert_eq!(has_special(&text), is_special, "{byte} at {place} of {length} {other}");
                    }
                }
            }
        }
        assert!(!has_special(b""));
    }

    #[test]
    fn what_needs_an_escape_is_escaped() {
        for text in [
            "plain",
            "a\"b",
            "a\\b",
            "a\nb",
            "a\u{0}b",
            "ä\u{2028}",
            "",
            "longer than one word",
            "longer than\tone word",
        ] {
            let made = line(|mut line| {
                line.text("text", text)?;
                line.end();
                Ok(())
            });
            let read: Value = serde_json::from_str(&made).unwrap();
            assert_eq!(read, json!({ "event": "event", "text": text }));
        }
    }
}
