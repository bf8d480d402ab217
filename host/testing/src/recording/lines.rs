//! The lines of a recording that is being made, as the text that will be in the file.
//!
//! As text, since a guest can make millions of calls and a line in pieces takes several times the memory. What comes to a line later is
//! put in by reading it again.

use std::collections::HashMap;

use super::file::{Exchange, Line, Recording, Response};

/// The lines until now. Once they are more than a recording may have, there are none, and there will be none.
#[derive(Debug)]
pub(super) struct Lines {
    /// How many bytes they may have.
    most: u64,
    texts: Vec<String>,
    /// Where the exchanges are, by their numbers.
    exchanges: HashMap<u64, usize>,
    bytes: u64,
    full: bool,
    /// Why a line could not be written. None is expected to be of such a kind.
    failed: Option<serde_json::Error>,
}

impl Default for Lines {
    fn default() -> Self {
        Self::of_at_most(Recording::MAX_BYTES)
    }
}

impl Lines {
    fn of_at_most(most: u64) -> Self {
        Self { most, texts: Vec::new(), exchanges: HashMap::new(), bytes: 0, full: false, failed: None }
    }

    /// Adds a line, and says where. `None`: there is no room.
    pub(super) fn push(&mut self, line: &Line) -> Option<usize> {
        if self.full {
            return None;
        }
        let place = self.texts.len();
        if let Line::Exchange(exchange) = line {
            self.exchanges.insert(exchange.id, place);
        }
        self.texts.push(String::new());
        // Its line break.
        self.bytes += 1;
        self.put(place, line);
        (!self.full).then_some(place)
    }

    /// Changes an exchange, if there is one of this number.
    pub(super) fn exchange(&mut self, id: u64, note: impl FnOnce(&mut Exchange)) {
        let Some(&place) = self.exchanges.get(&id) else { return };
        self.change(place, |line| {
            if let Line::Exchange(exchange) = line {
                note(exchange);
            }
        });
    }

    /// Notes what came for what was sent.
    pub(super) fn answer(&mut self, place: usize, response: Response) {
        self.change(place, |line| {
            if let Line::Answer(answer) = line {
                answer.response = Some(response);
            }
        });
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

    fn change(&mut self, place: usize, change: impl FnOnce(&mut Line)) {
        let Some(text) = self.texts.get(place) else { return };
        match serde_json::from_str(text) {
            Ok(mut line) => {
                change(&mut line);
                self.put(place, &line);
            }
            Err(error) => {
                self.failed.get_or_insert(error);
            }
        }
    }

    fn put(&mut self, place: usize, line: &Line) {
        let text = match serde_json::to_string(line) {
            Ok(text) => text,
            Err(error) => {
                self.failed.get_or_insert(error);
                return;
            }
        };
        let Some(slot) = self.texts.get_mut(place) else { return };
        self.bytes = (self.bytes + text.len() as u64).saturating_sub(slot.len() as u64);
        *slot = text;
        if self.bytes > self.most {
            *self = Self { full: true, ..Self::of_at_most(self.most) };
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
            lines.push(&exchange(id, "b"));
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
    }

    #[test]
    fn what_is_too_much_is_let_go_of_and_nothing_is_added() {
        let mut line = Lines::default();
        line.push(&exchange(1, "b"));
        let one = line.bytes;
        let mut lines = Lines::of_at_most(9 * one);
        for id in 1..10 {
            assert!(lines.push(&exchange(id, "b")).is_some());
        }
        assert!(!lines.are_too_many());
        assert_eq!(lines.push(&exchange(0, "b")), None);
        assert!(lines.are_too_many() && lines.texts().unwrap().is_empty());
        assert_eq!(lines.push(&exchange(0, "")), None);
        lines.exchange(1, |_| panic!("it is gone"));
    }

    #[test]
    fn what_comes_to_a_line_counts() {
        let mut lines = Lines::of_at_most(1_000);
        lines.push(&exchange(1, "b"));
        let before = lines.bytes;
        lines.exchange(1, |exchange| exchange.answer = json!("x".repeat(100)));
        assert_eq!(lines.bytes, before + 98, "102 in place of `null`");
        let written: u64 = lines.texts().unwrap().iter().map(|text| text.len() as u64 + 1).sum();
        assert_eq!(lines.bytes, written);
        lines.exchange(1, |exchange| exchange.answer = json!("x".repeat(1_000)));
        assert!(lines.are_too_many());
    }
}
