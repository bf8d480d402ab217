//! What an order costs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What is asked: orders, each to be priced by itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    pub(crate) orders: Vec<Order>,
}

/// What of an order matters here.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    /// Whoever asks finds its order again by it.
    pub(crate) id: String,
    pub(crate) lines: Vec<Line>,
}

/// So many of one thing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) quantity: u32,
}

/// Prices in cents by SKU; `null` for what will have a price.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct PriceList(BTreeMap<String, Option<u64>>);

/// The answer: a price for each order, in their order.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) prices: Vec<Price>,
}

/// What became of one order.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct Price {
    pub(crate) id: String,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

/// What an order costs, or why nobody can say.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// Cents.
    Total(u64),
    /// It has no price yet; somebody may ask again later. The SKU that lacks one.
    Later(String),
    /// It never will have one.
    Refused(String),
}

impl Request {
    /// Reads the input.
    pub(crate) fn parse(input: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(input).map_err(|error| format!("wrong input: {error}"))
    }
}

impl PriceList {
    /// Reads the list.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(text).map_err(|error| format!("the price list is wrong: {error}"))
    }
}

impl Answer {
    /// Prices each order.
    pub(crate) fn to(request: &Request, prices: &PriceList) -> Self {
        let price = |order: &Order| Price { id: order.id.clone(), outcome: outcome(order, prices) };
        Self { prices: request.orders.iter().map(price).collect() }
    }
}

/// What is refused comes before what is only not known yet: waiting would not help.
fn outcome(order: &Order, prices: &PriceList) -> Outcome {
    let mut total = 0_u64;
    let mut later = None;
    for Line { sku, quantity } in &order.lines {
        match prices.0.get(sku) {
            None => return Outcome::Refused(format!("there is no `{sku}`")),
            Some(None) => later = later.or(Some(sku)),
            Some(Some(price)) => {
                let sum = price.checked_mul(u64::from(*quantity)).and_then(|sum| total.checked_add(sum));
                match sum {
                    Some(sum) => total = sum,
                    None => return Outcome::Refused("nobody could pay it".to_owned()),
                }
            }
        }
    }
    match later {
        Some(sku) => Outcome::Later(sku.clone()),
        None => Outcome::Total(total),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn prices() -> PriceList {
        PriceList::parse(br#"{"tie": 1999, "shirt": 4950, "coat": null, "yacht": 18446744073709551615}"#)
            .unwrap()
    }

    fn answer(lines: &serde_json::Value) -> serde_json::Value {
        let request = json!({ "orders": [{ "id": "A-1", "lines": lines }] }).to_string();
        serde_json::to_value(Answer::to(&Request::parse(request.as_bytes()).unwrap(), &prices())).unwrap()
    }

    #[test]
    fn an_order_costs_the_sum_of_its_lines() {
        let lines = json!([{ "sku": "tie", "quantity": 2 }, { "sku": "shirt", "quantity": 1 }]);
        assert_eq!(answer(&lines), json!({ "prices": [{ "id": "A-1", "total": 8948 }] }));
        assert_eq!(answer(&json!([])), json!({ "prices": [{ "id": "A-1", "total": 0 }] }));
    }

    #[test]
    fn what_has_no_price_yet_is_for_later_and_what_there_is_not_is_refused() {
        let coat = json!({ "sku": "coat", "quantity": 1 });
        let boat = json!({ "sku": "boat", "quantity": 1 });
        assert_eq!(answer(&json!([coat]))["prices"][0], json!({ "id": "A-1", "later": "coat" }));
        let refused = json!({ "id": "A-1", "refused": "there is no `boat`" });
        assert_eq!(answer(&json!([coat, boat]))["prices"][0], refused, "waiting would not help");
    }

    #[test]
    fn a_sum_that_is_no_number_is_refused() {
        for lines in [
            json!([{ "sku": "yacht", "quantity": 2 }]),
            json!([{ "sku": "yacht", "quantity": 1 }, { "sku": "tie", "quantity": 1 }]),
        ] {
            assert_eq!(answer(&lines)["prices"][0]["refused"], "nobody could pay it");
        }
    }

    #[test]
    fn a_wrong_input_or_list_is_named() {
        for input in ["", "[]", r#"{"orders":[{"id":1}]}"#, r#"{"orders":[],"more":1}"#] {
            assert!(Request::parse(input.as_bytes()).unwrap_err().starts_with("wrong input: "), "{input}");
        }
        let error = PriceList::parse(br#"{"tie": -1}"#).unwrap_err();
        assert!(error.starts_with("the price list is wrong: "), "{error}");
    }

    proptest! {
        #[test]
        fn each_order_has_one_answer_in_its_place(lines in prop::collection::vec(("tie|shirt|coat|boat|yacht", any::<u32>()), 0..8)) {
            let lines: Vec<_> = lines.iter().map(|(sku, quantity)| json!({ "sku": sku, "quantity": quantity })).collect();
            let orders: Vec<_> = (0..3).map(|id| json!({ "id": id.to_string(), "lines": lines })).collect();
            let request = Request::parse(json!({ "orders": orders }).to_string().as_bytes()).unwrap();
            let answer = Answer::to(&request, &prices());
            let ids: Vec<_> = answer.prices.iter().map(|price| price.id.as_str()).collect();
            prop_assert_eq!(ids, ["0", "1", "2"]);
        }
    }
}
