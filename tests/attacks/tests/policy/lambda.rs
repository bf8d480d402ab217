//! Functions by other names.

use innkeeper_attacks::Siege;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{TRIES, is_denied, is_granted, is_refused, with};

const RESIZE: &str = "arn:aws:lambda:eu-west-1:000000000000:function:resize";
const LIVE: &str = "arn:aws:lambda:eu-west-1:000000000000:function:resize:live";

fn siege() -> Siege {
    let siege = Siege::new();
    for name in ["resize", "other"] {
        let function = siege.aws().lambda().function(name, |_| async { Ok("\"done\"") }).unwrap();
        let version = function.publish();
        function.alias("live", version).unwrap();
    }
    siege
}

fn invoke(function: &str) -> Value {
    json!({ "do": "lambda.invoke", "function": function, "payload": "{}" })
}

#[tokio::test(start_paused = true)]
async fn a_function_by_a_name_that_is_not_granted() {
    let siege = siege().allow("lambda:InvokeFunction", LIVE);
    let besieged = siege.attacker(TRIES).await;
    // All the names of what is granted, and what is sent for each.
    for (function, qualifier) in [
        ("resize", Some("live")),
        ("resize:live", None),
        ("resize:live", Some("live")),
        ("000000000000:function:resize:live", None),
        ("000000000000:function:resize", Some("live")),
        ("function:resize:live", None),
        (LIVE, None),
        (RESIZE, Some("live")),
    ] {
        siege.forget_sent();
        let call = with(invoke(function), json!({ "qualifier": qualifier }));
        let outcome = besieged.tries_one(call.clone()).await;
        if outcome.as_str().is_some_and(|outcome| outcome.starts_with("error: InvalidArgument")) {
            // A form that is not taken is no attack.
            assert_eq!(siege.sent(), []);
            continue;
        }
        assert_eq!(outcome, "\"done\"", "{call}");
        let sent = siege.sent().pop().unwrap();
        assert_eq!(sent.host(), "lambda.eu-west-1.amazonaws.com");
        let path = percent_decode_str(sent.path()).decode_utf8().unwrap();
        assert_eq!(path, format!("/2015-03-31/functions/{RESIZE}/invocations"), "{call}");
        assert_eq!(sent.query(), "Qualifier=live", "{call}");
    }
    let invoked = siege.aws().lambda().invocations().len();
    assert!(invoked >= 4, "{invoked}");
    for (function, qualifier) in [
        // Without a qualifier, with another one, and with two that contradict each other.
        ("resize", None),
        (RESIZE, None),
        ("000000000000:function:resize", None),
        ("resize", Some("$LATEST")),
        ("resize:$LATEST", None),
        ("resize", Some("1")),
        ("resize:1", None),
        ("resize", Some("Live")),
        ("resize:live", Some("$LATEST")),
        ("resize:$LATEST", Some("live")),
        (LIVE, Some("1")),
        // Another function, account, region, partition, service.
        ("other:live", None),
        ("Resize:live", None),
        ("111111111111:function:resize:live", None),
        ("arn:aws:lambda:eu-west-1:111111111111:function:resize:live", None),
        ("arn:aws:lambda:us-east-1:000000000000:function:resize:live", None),
        ("arn:aws-cn:lambda:eu-west-1:000000000000:function:resize:live", None),
        ("arn:aws:lambda:x@evil.example/:000000000000:function:resize:live", None),
        ("arn:aws:sqs:eu-west-1:000000000000:resize", None),
        ("arn:aws:lambda:eu-west-1:000000000000:layer:resize:1", None),
        // A qualifier, or a path, smuggled in the name; a name in the qualifier.
        ("resize:live:live", None),
        ("resize%3Alive", None),
        ("resize?Qualifier=live", None),
        ("resize/../other:live", None),
        ("resize/invocations", Some("live")),
        ("../resize", Some("live")),
        ("resize#", Some("live")),
        ("resize\0", Some("live")),
        ("resize\r\nhost: evil.example", Some("live")),
        ("resize ", Some("live")),
        ("r\u{435}size", Some("live")),
        ("", Some("live")),
        ("*", Some("live")),
        ("resize", Some("")),
        ("resize", Some("*")),
        ("resize", Some("live&X=1")),
        ("resize", Some("live/../../other")),
        ("resize", Some("live\r\n")),
        ("resize", Some("live:live")),
    ] {
        is_refused(&siege, &besieged, with(invoke(function), json!({ "qualifier": qualifier }))).await;
    }
    assert_eq!(siege.aws().lambda().invocations().len(), invoked);
}

#[tokio::test(start_paused = true)]
async fn a_function_without_qualifier_that_is_used_with_one() {
    // As in AWS: a grant on a function is none on its versions and aliases.
    let siege = siege().allow("lambda:InvokeFunction", RESIZE);
    let besieged = siege.attacker(TRIES).await;
    assert_eq!(is_granted(&besieged, invoke("resize")).await, "\"done\"");
    for qualifier in ["live", "1", "$LATEST"] {
        is_denied(&siege, &besieged, with(invoke("resize"), json!({ "qualifier": qualifier }))).await;
    }
    for call in ["lambda.configuration", "lambda.status"] {
        is_denied(&siege, &besieged, json!({ "do": call, "function": "resize" })).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_context_that_would_be_a_header() {
    let siege = siege().allow("lambda:InvokeFunction", RESIZE);
    let besieged = siege.attacker(TRIES).await;
    for context in [
        "{}\r\nx-amz-invocation-type: Event",
        "{\"\u{e9}\":1}",
        "{\"a\":\"b\\r\\nhost: evil\"}",
        "\0",
        "",
        "[]",
    ] {
        siege.forget_sent();
        let outcome = besieged.tries_one(with(invoke("resize"), json!({ "client-context": context }))).await;
        for sent in siege.sent() {
            let header = sent.header("x-amz-client-context").unwrap_or_default();
            let is_base64 = header.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
            assert!(is_base64, "{context:?}: {header}");
            let kind = sent.header("x-amz-invocation-type").unwrap_or("RequestResponse");
            assert_eq!(kind, "RequestResponse", "{context:?}: {outcome}");
        }
    }
}
