//! Orders, as customers send them: nothing in one is to be trusted.

use serde::{Deserialize, Serialize};

/// How many characters an id has at most. It becomes part of a key.
const MOST_ID: usize = 64;
/// How many lines an order has at most.
const MOST_LINES: usize = 100;
/// How many of one thing somebody can order.
const MOST_OF_ONE: u32 = 10_000;
/// How many characters of a reason are told.
const MOST_REASON: usize = 500;

/// An order that can be priced.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) customer: String,
    pub(crate) lines: Vec<Line>,
}

/// So many of one thing.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) quantity: u32,
}

impl Order {
    /// Reads the body of a message, or says why it is no order.
    pub(crate) fn parse(body: &str) -> Result<Self, String> {
        let order: Self =
            serde_json::from_str(body).map_err(|error| told(&format!("it is no order: {error}")))?;
        order.check()?;
        Ok(order)
    }

    fn check(&self) -> Result<(), String> {
        for (what, id) in [("id", &self.id), ("customer", &self.customer)] {
            if !is_id(id) {
                return Err(format!("its `{what}` is not 1 to {MOST_ID} letters, digits, `-` and `_`"));
            }
        }
        if self.lines.is_empty() || self.lines.len() > MOST_LINES {
            return Err(format!("it has {} lines, and not 1 to {MOST_LINES}", self.lines.len()));
        }
        for Line { sku, quantity } in &self.lines {
            if !is_id(sku) {
                return Err(format!("an `sku` is not 1 to {MOST_ID} letters, digits, `-` and `_`"));
            }
            if !(1..=MOST_OF_ONE).contains(quantity) {
                return Err(format!("it wants {quantity} of `{sku}`, and not 1 to {MOST_OF_ONE}"));
            }
        }
        Ok(())
    }

    /// The key of its object. One of another customer cannot take its place, whatever its id is.
    pub(crate) fn key(&self) -> String {
        format!("orders/{}/{}.json", self.customer, self.id)
    }
}

/// What is safe in a key, whatever reads it.
fn is_id(text: &str) -> bool {
    (1..=MOST_ID).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A reason as a message can carry it: of bounded length, without what SQS does not take in a text.
pub(crate) fn told(reason: &str) -> String {
    reason
        .chars()
        .map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { '\u{fffd}' } else { c })
        .take(MOST_REASON)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn order() -> serde_json::Value {
        json!({ "id": "A-1", "customer": "ada", "lines": [{ "sku": "tie", "quantity": 2 }] })
    }

    #[test]
    fn an_order_has_an_id_a_customer_and_lines() {
        let parsed = Order::parse(&order().to_string()).unwrap();
        assert_eq!(parsed.key(), "orders/ada/A-1.json");
        assert_eq!(serde_json::to_value(parsed).unwrap(), order());
    }

    #[test]
    fn what_is_wrong_with_an_order_is_told() {
        for (pointer, value, reason) in [
            ("/id", json!(""), "its `id` is not 1 to 64 letters"),
            ("/id", json!("../A-1"), "its `id` is not"),
            ("/id", json!("a".repeat(65)), "its `id` is not"),
            ("/id", json!("ä"), "its `id` is not"),
            ("/id", json!(1), "it is no order: invalid type: integer `1`, expected a string"),
            ("/customer", json!("a/b"), "its `customer` is not"),
            ("/lines", json!([]), "it has 0 lines"),
            ("/lines/0/sku", json!("a b"), "an `sku` is not"),
            ("/lines/0/quantity", json!(0), "it wants 0 of `tie`"),
            ("/lines/0/quantity", json!(10_001), "it wants 10001 of `tie`"),
            ("/lines/0/quantity", json!(-1), "it is no order: invalid value: integer `-1`"),
        ] {
            let mut order = order();
            *order.pointer_mut(pointer).unwrap() = value;
            let error = Order::parse(&order.to_string()).unwrap_err();
            assert!(error.starts_with(reason), "{order}: {error}");
        }
        let mut lines = order();
        lines["lines"] = json!(vec![lines["lines"][0].clone(); 101]);
        assert!(Order::parse(&lines.to_string()).unwrap_err().starts_with("it has 101 lines"));
        let mut more = order();
        more["discount"] = json!(100);
        assert!(Order::parse(&more.to_string()).unwrap_err().contains("unknown field `discount`"));
        assert!(Order::parse("two ties, please").unwrap_err().starts_with("it is no order: "));
    }

    proptest! {
        #[test]
        fn whatever_a_body_is_its_reason_can_be_sent(name in "\\PC{0,20}|[\u{0}-\u{1f}]{1,20}", length in 0_usize..2000) {
            let name = format!("{name}{}", "x".repeat(length));
            let body = json!({ name: 1 }).to_string();
            let reason = Order::parse(&body).unwrap_err();
            prop_assert!(!reason.is_empty() && reason.chars().count() <= MOST_REASON);
            prop_assert!(!reason.contains(char::is_control), "{:?}", reason);
        }

        #[test]
        fn a_key_of_an_order_stays_in_its_folder(id in ".{0,20}", customer in ".{0,20}") {
            let body = json!({ "id": id, "customer": customer, "lines": [{ "sku": "tie", "quantity": 1 }] });
            if let Ok(order) = Order::parse(&body.to_string()) {
                prop_assert_eq!(order.key().matches('/').count(), 2);
                prop_assert!(!order.key().contains(".."));
            }
        }
    }
}
