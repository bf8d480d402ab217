//! What the policy of a queue lets other accounts do.

use serde_json::Value;

use super::operations::Caller;

/// The operations in batches, which need the permission of the single one.
const BATCHES: &[(&str, &str)] = &[
    ("SendMessageBatch", "SendMessage"),
    ("DeleteMessageBatch", "DeleteMessage"),
    ("ChangeMessageVisibilityBatch", "ChangeMessageVisibility"),
];

/// Whether a queue's policy lets a caller of another account do what they ask. A statement with conditions allows nothing,
/// and denies: the fake does not evaluate them.
pub(super) fn allows(policy: &str, caller: &Caller) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else { return false };
    let statements = list(policy.get("Statement"));
    let meant = |statement: &&&Value, effect: &str| {
        statement.get("Effect").and_then(Value::as_str) == Some(effect)
            && list(statement.get("Principal")).into_iter().any(|principal| is_principal(principal, caller))
            && list(statement.get("Action")).into_iter().any(|action| is_action(action, &caller.operation))
    };
    let denied = statements.iter().any(|statement| meant(&statement, "Deny"));
    let mut unconditional = statements.iter().filter(|statement| statement.get("Condition").is_none());
    !denied && unconditional.any(|statement| meant(&statement, "Allow"))
}

fn is_principal(principal: &Value, caller: &Caller) -> bool {
    let names = match principal {
        Value::Object(principals) => list(principals.get("AWS")),
        other => vec![other],
    };
    let account = format!(":iam::{}:root", caller.account_id);
    names.into_iter().filter_map(Value::as_str).any(|name| {
        name == "*" || name == caller.account_id || name == caller.arn || name.ends_with(&account)
    })
}

fn is_action(action: &Value, operation: &str) -> bool {
    let operation =
        BATCHES.iter().find(|(batch, _)| *batch == operation).map_or(operation, |(_, single)| single);
    let Some(action) = action.as_str() else { return false };
    let name =
        action.get(..4).filter(|service| service.eq_ignore_ascii_case("sqs:")).and_then(|_| action.get(4..));
    action == "*" || name.is_some_and(|name| name == "*" || name.eq_ignore_ascii_case(operation))
}

/// The members of a list, or the one value that stands in its place.
fn list(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn may(statements: &Value, operation: &str) -> bool {
        let caller = Caller {
            account_id: "111111111111".into(),
            arn: "arn:aws:iam::111111111111:user/fake".into(),
            sender_id: "AIDA".into(),
            operation: operation.into(),
        };
        allows(&json!({ "Statement": statements }).to_string(), &caller)
    }

    #[test]
    fn a_statement_names_the_account_and_the_action() {
        let of = |principal: Value, action: Value| json!({ "Effect": "Allow", "Principal": principal, "Action": action });
        for principal in [
            json!("*"),
            json!({ "AWS": "*" }),
            json!({ "AWS": "111111111111" }),
            json!({ "AWS": ["222222222222", "arn:aws:iam::111111111111:root"] }),
            json!({ "AWS": "arn:aws:iam::111111111111:user/fake" }),
        ] {
            assert!(may(&of(principal.clone(), json!("sqs:SendMessage")), "SendMessage"), "{principal}");
        }
        let all = json!("*");
        assert!(!may(&of(json!({ "AWS": "222222222222" }), json!("sqs:*")), "SendMessage"));
        assert!(may(&json!([of(all.clone(), json!(["SQS:sendmessage"]))]), "SendMessageBatch"));
        assert!(!may(&of(all.clone(), json!("sqs:SendMessage")), "ReceiveMessage"));
        assert!(!may(&of(all, json!("s3:*")), "SendMessage"));
        assert!(!may(&json!([]), "SendMessage"));
    }

    #[test]
    fn a_denial_wins_and_conditions_allow_nothing() {
        let allow = json!({ "Effect": "Allow", "Principal": "*", "Action": "sqs:*" });
        let deny = json!({ "Effect": "Deny", "Principal": "*", "Action": "sqs:DeleteMessage" });
        let both = json!([allow, deny]);
        assert!(may(&both, "SendMessage") && !may(&both, "DeleteMessageBatch"));
        let mut conditional = allow;
        conditional["Condition"] = json!({ "ArnEquals": { "aws:SourceArn": "x" } });
        assert!(!may(&conditional, "SendMessage"));
    }
}
