use std::borrow::Cow;

use super::{Common, Facts, Policy, Principal, Question, Verdict};

/// What a service of AWS asks by itself, because of something that somebody has in it.
pub(crate) struct ServiceCall<'a> {
    /// The service as policies name it: `s3.amazonaws.com`.
    pub(crate) service: &'a str,
    /// The ARN of what it asks because of.
    pub(crate) source_arn: &'a str,
    /// The account which that is of.
    pub(crate) source_account: &'a str,
    pub(crate) common: Common<'a>,
}

impl ServiceCall<'_> {
    /// What a policy says of it. It has to say yes: a service has no other permission.
    pub(crate) fn verdict(&self, policy: &Policy, action: &str, resource: &str) -> Verdict {
        // A service is of no account, and no account is called as one.
        let caller = Principal { account: "", arn: self.service, canonical_id: "" };
        policy.verdict(&Question { caller: Some(caller), action, resource, facts: self })
    }
}

impl Facts for ServiceCall<'_> {
    fn values(&self, key: &str) -> Vec<Cow<'_, str>> {
        match key {
            "aws:sourcearn" => vec![self.source_arn.into()],
            "aws:sourceaccount" => vec![self.source_account.into()],
            "aws:principalisawsservice" => vec!["true".into()],
            "aws:principalservicename" => vec![self.service.into()],
            // Of users and roles.
            key if key.starts_with("aws:principal") || key == "aws:userid" => Vec::new(),
            key => self.common.values(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use serde_json::{Value, json};

    use super::super::Client;
    use super::*;

    fn ask(principal: &Value, condition: Value) -> Verdict {
        let mut statement = json!({
            "Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", "Resource": "*",
        });
        statement["Condition"] = condition;
        let policy = Policy::parse(&json!({ "Statement": statement }).to_string()).unwrap();
        let call = ServiceCall {
            service: "s3.amazonaws.com",
            source_arn: "arn:aws:s3:::uploads",
            source_account: "000000000000",
            common: Common {
                principal: None,
                now: SystemTime::UNIX_EPOCH,
                region: "eu-west-1",
                resource_account: "000000000000",
                is_secure: true,
                client: Client::default(),
            },
        };
        call.verdict(&policy, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:000000000000:q")
    }

    #[test]
    fn a_service_is_who_is_named_as_one_or_anybody() {
        for principal in [
            json!({ "Service": "s3.amazonaws.com" }),
            json!({ "Service": ["sns.amazonaws.com", "s3.amazonaws.com"] }),
            json!("*"),
            json!({ "AWS": "*" }),
        ] {
            assert_eq!(ask(&principal, json!({})), Verdict::Allow, "{principal}");
        }
        for principal in [
            json!({ "Service": "sns.amazonaws.com" }),
            json!({ "AWS": "000000000000" }),
            json!({ "AWS": "arn:aws:iam::000000000000:root" }),
        ] {
            assert_eq!(ask(&principal, json!({})), Verdict::Silent, "{principal}");
        }
    }

    #[test]
    fn conditions_are_about_what_it_asks_because_of() {
        let service = json!({ "Service": "s3.amazonaws.com" });
        for (condition, verdict) in [
            (json!({ "ArnLike": { "aws:SourceArn": "arn:aws:s3:::up*" } }), Verdict::Allow),
            (json!({ "ArnEquals": { "aws:SourceArn": "arn:aws:s3:::other" } }), Verdict::Silent),
            (json!({ "StringEquals": { "aws:SourceAccount": "000000000000" } }), Verdict::Allow),
            (json!({ "StringEquals": { "aws:SourceAccount": "111111111111" } }), Verdict::Silent),
            (json!({ "Bool": { "aws:PrincipalIsAWSService": "true" } }), Verdict::Allow),
            (json!({ "StringEquals": { "aws:PrincipalAccount": "000000000000" } }), Verdict::Silent),
        ] {
            assert_eq!(ask(&service, condition.clone()), verdict, "{condition}");
        }
    }
}
