//! The pricing function: everything that talks to Lambda.

use innkeeper_guest::lambda::{Function, InvokeOptions};

use crate::order::{Order, told};
use crate::price::{Price, Request};

/// The function, by the name that the manifest gives it or that it has.
const FUNCTION: &str = "pricing";

/// How many bytes of what a failed function says are told.
const MOST_FAILURE: usize = 500;

/// Has orders priced. The error says why nobody knows a price of any of them.
pub(crate) fn price<'a>(orders: impl IntoIterator<Item = &'a Order>) -> Result<Vec<Price>, String> {
    let request = Request::new(orders);
    let payload = serde_json::to_vec(&request).map_err(|error| format!("cannot ask for prices: {error}"))?;
    let failed = |what: String| format!("the function `{FUNCTION}` did not price the orders: {what}");
    // It answers the same however often it is asked, so the host may try again by itself.
    let options = InvokeOptions { idempotent: true, ..InvokeOptions::default() };
    let answer = Function::open(FUNCTION, None)
        .and_then(|function| function.invoke(&payload, &options))
        .map_err(|error| failed(error.to_string()))?;
    if answer.function_error.is_some() {
        let said = answer.payload.get(..MOST_FAILURE).unwrap_or(&answer.payload);
        return Err(failed(told(&String::from_utf8_lossy(said))));
    }
    request.read(&answer.payload).map_err(failed)
}
