//! The lines of a recording that is being made, as the text that will be in the file.
//!
//! As text, since a guest can make millions of calls and a line in pieces takes several times the memory.

use std::collections::HashMap;

use super::file::{Exchange, Line, Recording, Response};

/// The lines until now. Once they are more than a recording may have, there are none, and there will be none.
#[derive(Debug, Default)]
pub(super) struct Lines {
    texts: Vec<String>,
    /// Those that are not known whole yet: a guest has no more calls under way than its limits allow.
    open: HashMap<usize, Line>,
    /// Where the exchanges are, by their numbers.
    exchanges: HashMap<u64, usize>,
    bytes: u64,
    full: bool,
    /// Why a line could not be written. None is expected to be of such a kind.
    failed: Option<serde_json::Error>,
}

/// Whether more of a line is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    ToCome,
    None,
}

impl Lines {
    /// Adds a line, and says where. `None`: there is no room.
    pub(super) fn push(&mut self, line: Line, rest: Rest) -> Option<usize> {
        if self.full {
            return None;
        }
        let place = self.texts.len();
        if let Line::Exchange(exchange) = &line {
            self.exchanges.insert(exchange.id, place);
        }
        self.texts.push(String::new());
        // Its line break.
        self.bytes += 1;
        self.put(place, line, rest);
        (!self.full).then_some(place)
    }

    /// Changes an exchange, if there is one of this number.
    pub(super) fn exchange(&mut self, id: u64, note: impl FnOnce(&mut Exchange)) {
        let Some(&place) = self.exchanges.get(&id) else { return };
        // What streams does so after it was answered.
        let line = self.open.remove(&place).or_else(|| serde_json::from_str(self.texts.get(place)?).ok());
        if let Some(Line::Exchange(mut exchange)) = line {
            note(&mut exchange);
            self.put(place, Line::Exchange(exchange), Rest::None);
        }
    }

    /// Notes what came for what was sent.
    pub(super) fn answer(&mut self, place: usize, response: Response) {
        if let Some(Line::Answer(mut answer)) = self.open.remove(&place) {
            answer.response = Some(response);
            self.put(place, Line::Answer(answer), Rest::None);
        }
    }

    /// Whether there were more than a recording may have.
    pub(super) fn are_too_many(&self) -> bool {
        self.full
    }

    /// The lines without their line breaks.
    ///
    /// # Errors
    ///
    /// Why one of them could not be written.
    pub(super) fn texts(&mut self) -> Result<&[String], serde_json::Error> {
        self.failed.take().map_or(Ok(&self.texts), Err)
    }

    fn put(&mut self, place: usize, line: Line, rest: Rest) {
        let text = match serde_json::to_string(&line) {
            Ok(text) => text,
            Err(error) => {
                self.failed.get_or_insert(error);
                return;
            }
        };
        let Some(slot) = self.texts.get_mut(place) else { return };
        self.bytes = (self.bytes + text.len() as u64).saturating_sub(slot.len() as u64);
        *slot = text;
        if rest == Rest::ToCome {
            self.open.insert(place, line);
        }
        if self.bytes > Recording::MAX_BYTES {
            *self = Self { full: true, ..Self::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::super::file::StreamedBody;
    use super::*;

    fn exchange(id: u64, on: &str) -> Line {
        Line::Exchange(Exchange {
            id,
            function: "s3.bucket.open".to_owned(),
            on: Some(on.to_owned()),
            arguments: Map::new(),
            answer: Value::Null,
            body: None,
        })
    }

    fn read(lines: &mut Lines) -> Vec<Line> {
        lines.texts().unwrap().iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    #[test]
    fn an_exchange_is_answered_and_streams_wherever_it_stands() {
        let mut lines = Lines::default();
        for id in 1..4 {
            lines.push(exchange(id, "b"), Rest::ToCome);
        }
        lines.exchange(2, |exchange| exchange.answer = json!({ "ok": 2 }));
        lines.exchange(1, |exchange| exchange.answer = json!({ "ok": 1 }));
        let body = StreamedBody { bytes: 1, sha256: "00".to_owned(), whole: true };
        lines.exchange(2, |exchange| exchange.body = Some(body.clone()));
        lines.exchange(9, |_| panic!("there is none"));
        let read = read(&mut lines);
        let all = read.iter().map(|line| match line {
            Line::Exchange(exchange) => (exchange.id, exchange.answer.clone(), exchange.body.clone()),
            other => panic!("{other:?}"),
        });
        assert_eq!(
            all.collect::<Vec<_>>(),
            [(1, json!({ "ok": 1 }), None), (2, json!({ "ok": 2 }), Some(body)), (3, Value::Null, None)]
        );
        assert_eq!(lines.open.len(), 1);
    }

    #[test]
    fn what_is_too_much_is_let_go_of_and_nothing_is_added() {
        let mut lines = Lines::default();
        let name = "n".repeat(1 << 20);
        let room = usize::try_from(Recording::MAX_BYTES >> 20).unwrap();
        for id in 0..room as u64 - 1 {
            assert!(lines.push(exchange(id, &name), Rest::None).is_some());
        }
        assert!(!lines.are_too_many());
        assert_eq!(lines.push(exchange(1000, &name), Rest::ToCome), None);
        assert!(lines.are_too_many() && lines.texts().unwrap().is_empty() && lines.open.is_empty());
        assert_eq!(lines.push(exchange(1001, "b"), Rest::ToCome), None);
        lines.exchange(1000, |_| panic!("it is gone"));
    }

    #[test]
    fn what_comes_to_a_line_counts() {
        let mut lines = Lines::default();
        lines.push(exchange(1, "b"), Rest::ToCome);
        let before = lines.bytes;
        lines.exchange(1, |exchange| exchange.answer = json!("x".repeat(100)));
        assert_eq!(lines.bytes, before + 98, "102 in place of `null`");
        let written: u64 = lines.texts().unwrap().iter().map(|text| text.len() as u64 + 1).sum();
        assert_eq!(lines.bytes, written);
        let too_much = "x".repeat(usize::try_from(Recording::MAX_BYTES).unwrap());
        lines.exchange(1, |exchange| exchange.answer = json!(too_much));
        assert!(lines.are_too_many());
    }
}
