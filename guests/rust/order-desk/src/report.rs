//! What was done: the answer.

use std::fmt;

use serde::Serialize;

/// The answer.
#[derive(Debug, Default, Serialize, PartialEq, Eq)]
pub(crate) struct Report {
    /// How many messages were received, and in how many batches.
    pub(crate) received: u32,
    pub(crate) batches: u32,
    /// What all accepted orders cost together, in cents.
    pub(crate) total: u128,
    pub(crate) accepted: Vec<Accepted>,
    pub(crate) rejected: Vec<Rejected>,
    pub(crate) later: Vec<Later>,
    pub(crate) kept: Vec<Kept>,
}

/// An order that was written down. Its message is deleted.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) id: String,
    pub(crate) total: u64,
    pub(crate) key: String,
}

/// A message that went to the other queue, and is deleted in its own.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct Rejected {
    pub(crate) message: String,
    pub(crate) reason: String,
}

/// An order without a price, which is tried again later.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct Later {
    pub(crate) id: String,
    /// What lacks a price.
    pub(crate) sku: String,
}

/// A message that is still in its queue, since something went wrong.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) message: String,
    pub(crate) reason: String,
}

impl Report {
    /// Adds an order that was written down.
    pub(crate) fn accept(&mut self, id: String, total: u64, key: String) {
        self.total += u128::from(total);
        self.accepted.push(Accepted { id, total, key });
    }

    /// Adds a message that stays where it is.
    pub(crate) fn keep(&mut self, message: &str, reason: &dyn fmt::Display) {
        self.kept.push(Kept { message: message.to_owned(), reason: reason.to_string() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_adds_up_more_than_an_order_can_cost() {
        let mut report = Report::default();
        report.accept("A-1".to_owned(), u64::MAX, "a".to_owned());
        report.accept("A-2".to_owned(), 1, "b".to_owned());
        assert_eq!((report.total, report.accepted.len()), (1 << 64, 2));
        assert!(serde_json::to_string(&report).unwrap().contains("18446744073709551616"));
    }
}
