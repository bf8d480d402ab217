//! What the policy of a queue says of those who use it.

use std::time::SystemTime;

use super::operations::Caller;
use crate::account::account_of;
use crate::fake::Shared;
use crate::resource_policy::{Client, Common, Policy, Question, Verdict};

/// The operations in batches, which need the permission of the single one.
const BATCHES: &[(&str, &str)] = &[
    ("SendMessageBatch", "SendMessage"),
    ("DeleteMessageBatch", "DeleteMessage"),
    ("ChangeMessageVisibilityBatch", "ChangeMessageVisibility"),
];

/// The operations that no policy lets other accounts have:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-limitations-of-custom-policies.html>.
const FOR_THE_OWNER: &[&str] = &[
    "AddPermission",
    "CancelMessageMoveTask",
    "CreateQueue",
    "DeleteQueue",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "ListQueues",
    "RemovePermission",
    "SetQueueAttributes",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
];

/// Whether an operation is for the account of the queue alone, whatever a policy says.
pub(super) fn is_for_the_owner(operation: &str) -> bool {
    FOR_THE_OWNER.contains(&operation)
}

/// Where and when a queue is asked for something.
pub(super) struct Asked<'a> {
    pub(super) shared: &'a Shared,
    pub(super) caller: &'a Caller,
    /// The ARN of the queue.
    pub(super) queue: &'a str,
    pub(super) region: &'a str,
    pub(super) is_secure: bool,
    pub(super) now: SystemTime,
}

impl Asked<'_> {
    /// What a policy says of what the caller asks. A queue keeps whatever JSON it is given for one; what is no policy says nothing.
    pub(super) fn verdict(&self, policy: &str) -> Verdict {
        let Ok(policy) = Policy::parse(policy) else { return Verdict::Silent };
        let operation = self.caller.operation.as_str();
        let single = BATCHES.iter().find(|(batch, _)| *batch == operation);
        let action = format!("sqs:{}", single.map_or(operation, |(_, single)| single));
        let caller = Some(self.shared.accounts.principal(&self.caller.account_id, &self.caller.arn));
        let facts = &Common {
            principal: caller,
            now: self.now,
            region: self.region,
            resource_account: account_of(self.queue),
            is_secure: self.is_secure,
            client: Client {
                user_id: Some(self.caller.sender_id.as_str()).filter(|id| !id.is_empty()),
                source_ip: self.caller.source_ip,
                user_agent: self.caller.user_agent.as_deref(),
                referer: None,
            },
        };
        policy.verdict(&Question { caller, action: &action, resource: self.queue, facts })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::FakeAws;

    const QUEUE: &str = "arn:aws:sqs:eu-west-1:000000000000:orders";

    fn ask(statements: &Value, operation: &str) -> Verdict {
        let fake = FakeAws::new();
        let caller = Caller {
            account_id: "111111111111".into(),
            arn: "arn:aws:iam::111111111111:user/fake".into(),
            sender_id: "AIDA".into(),
            operation: operation.into(),
            source_ip: Some([203, 0, 113, 7].into()),
            user_agent: None,
        };
        let asked = Asked {
            shared: fake.shared(),
            caller: &caller,
            queue: QUEUE,
            region: "eu-west-1",
            is_secure: true,
            now: SystemTime::UNIX_EPOCH,
        };
        asked.verdict(&json!({ "Statement": statements }).to_string())
    }

    #[test]
    fn a_statement_names_the_account_the_action_and_the_queue() {
        let of = |principal: Value, action: Value, queue: &str| json!({ "Effect": "Allow", "Principal": principal, "Action": action, "Resource": queue });
        let other = json!({ "AWS": "111111111111" });
        assert_eq!(ask(&of(other.clone(), json!("sqs:SendMessage"), QUEUE), "SendMessage"), Verdict::Allow);
        assert_eq!(ask(&of(json!("*"), json!(["SQS:sendmessage"]), "*"), "SendMessageBatch"), Verdict::Allow);
        assert_eq!(
            ask(&of(other.clone(), json!("sqs:SendMessage"), QUEUE), "ReceiveMessage"),
            Verdict::Silent
        );
        assert_eq!(
            ask(&of(other.clone(), json!("sqs:*"), &format!("{QUEUE}2")), "SendMessage"),
            Verdict::Silent
        );
        assert_eq!(
            ask(&of(json!({ "AWS": "222222222222" }), json!("sqs:*"), QUEUE), "SendMessage"),
            Verdict::Silent
        );
        assert_eq!(ask(&of(other, json!("s3:*"), QUEUE), "SendMessage"), Verdict::Silent);
        assert_eq!(ask(&json!([]), "SendMessage"), Verdict::Silent);
        assert_eq!(ask(&json!("none"), "SendMessage"), Verdict::Silent);
    }

    #[test]
    fn a_denial_wins_and_conditions_count() {
        let allow = json!({ "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*" });
        let deny =
            json!({ "Effect": "Deny", "Principal": "*", "Action": "sqs:DeleteMessage", "Resource": "*" });
        let both = json!([allow, deny]);
        assert_eq!(ask(&both, "SendMessage"), Verdict::Allow);
        assert_eq!(ask(&both, "DeleteMessageBatch"), Verdict::Deny);
        let on = |condition: Value| {
            let mut conditional = allow.clone();
            conditional["Condition"] = condition;
            ask(&conditional, "SendMessage")
        };
        assert_eq!(on(json!({ "StringEquals": { "aws:PrincipalAccount": "111111111111" } })), Verdict::Allow);
        assert_eq!(
            on(json!({ "StringEquals": { "aws:PrincipalAccount": "222222222222" } })),
            Verdict::Silent
        );
        let from = |network: &str| on(json!({ "IpAddress": { "aws:SourceIp": network } }));
        assert_eq!((from("203.0.113.0/24"), from("192.0.2.0/24")), (Verdict::Allow, Verdict::Silent));
        assert_eq!(on(json!({ "StringEquals": { "aws:userid": "AIDA" } })), Verdict::Allow);
        // It is no service that asks, which would have a source.
        assert_eq!(on(json!({ "ArnEquals": { "aws:SourceArn": "arn:aws:s3:::b" } })), Verdict::Silent);
    }
}
