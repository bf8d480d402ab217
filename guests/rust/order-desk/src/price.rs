//! What the pricing function is asked, and what it answers. It is somebody else's: what it answers is checked.

use serde::{Deserialize, Serialize};

use crate::order::{Line, Order};

/// What it is asked.
#[derive(Debug, Serialize)]
pub(crate) struct Request<'a> {
    orders: Vec<Unpriced<'a>>,
}

/// What it needs to know of an order.
#[derive(Debug, Serialize)]
struct Unpriced<'a> {
    id: &'a str,
    lines: &'a [Line],
}

/// What it says of one order.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Price {
    /// Cents.
    Total(u64),
    /// It has no price yet: the SKU that lacks one.
    Later(String),
    /// It never will have one: why.
    Refused(String),
}

#[derive(Deserialize)]
struct Answer {
    prices: Vec<Priced>,
}

#[derive(Deserialize)]
struct Priced {
    id: String,
    #[serde(flatten)]
    price: Price,
}

impl<'a> Request<'a> {
    pub(crate) fn new(orders: impl IntoIterator<Item = &'a Order>) -> Self {
        let unpriced = |order: &'a Order| Unpriced { id: &order.id, lines: &order.lines };
        Self { orders: orders.into_iter().map(unpriced).collect() }
    }

    /// The price of each order, in their order; or what is wrong with the answer.
    pub(crate) fn read(&self, answer: &[u8]) -> Result<Vec<Price>, String> {
        let answer: Answer = serde_json::from_slice(answer)
            .map_err(|error| format!("it answered with something else than prices: {error}"))?;
        let asked = self.orders.iter().map(|order| order.id);
        if !asked.eq(answer.prices.iter().map(|priced| priced.id.as_str())) {
            return Err("it answered with prices of other orders".to_owned());
        }
        Ok(answer.prices.into_iter().map(|priced| priced.price).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn orders() -> Vec<Order> {
        let order =
            |id: &str| json!({ "id": id, "customer": "ada", "lines": [{ "sku": "tie", "quantity": 2 }] });
        ["A-1", "A-2", "A-3"].iter().map(|id| Order::parse(&order(id).to_string()).unwrap()).collect()
    }

    #[test]
    fn a_price_is_asked_without_the_customer() {
        let orders = orders();
        let request = serde_json::to_value(Request::new(&orders[..1])).unwrap();
        assert_eq!(
            request,
            json!({ "orders": [{ "id": "A-1", "lines": [{ "sku": "tie", "quantity": 2 }] }] })
        );
    }

    #[test]
    fn each_order_gets_its_price() {
        let orders = orders();
        let answer = json!({ "prices": [
            { "id": "A-1", "total": 7 }, { "id": "A-2", "later": "coat" }, { "id": "A-3", "refused": "no" },
        ] });
        let prices = Request::new(&orders).read(answer.to_string().as_bytes());
        let expected = [Price::Total(7), Price::Later("coat".to_owned()), Price::Refused("no".to_owned())];
        assert_eq!(prices.unwrap(), expected);
    }

    #[test]
    fn an_answer_that_does_not_fit_the_question_is_no_answer() {
        let orders = orders();
        for answer in [
            json!({ "prices": [] }),
            json!({ "prices": [{ "id": "A-2", "total": 7 }] }),
            json!({ "prices": [{ "id": "A-1", "total": 7 }, { "id": "A-1", "total": 7 }] }),
            json!({ "prices": [{ "id": "A-1", "total": -7 }] }),
            json!({ "prices": [{ "id": "A-1" }] }),
            json!("Simple Lambda happy path OK"),
        ] {
            assert!(Request::new(&orders[..1]).read(answer.to_string().as_bytes()).is_err(), "{answer}");
        }
        assert!(Request::new(&orders).read(b"").is_err());
    }
}
