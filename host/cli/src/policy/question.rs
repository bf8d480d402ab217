//! What a policy is asked, as it is written on a command line or in a line of JSON.

use innkeeper::policy::source::nearest;
use innkeeper::policy::{
    Action, Arn, Candidate, ContextValues, Decision, Policy, Request, Resource, Service,
};
use serde::Serialize;

/// What a policy is asked.
pub(crate) struct Question {
    action: Action,
    resource: Arn,
    context: ContextValues,
}

/// What a policy says, and why: a line of `--batch` and the document of `--json`.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    decision: &'static str,
    /// Where the rule stands that decided; `None`: no rule allows it.
    rule: Option<String>,
    reason: String,
    /// What to change so that it would be allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<String>,
    /// The rules about the action and the resource, those first that deny.
    rules: Vec<Bearing>,
}

/// A rule about the action and the resource.
#[derive(Debug, Serialize)]
pub(super) struct Bearing {
    pub(super) effect: &'static str,
    pub(super) location: String,
    pub(super) action: String,
    pub(super) resource: String,
    /// The condition that does not hold; `None`: the rule applies.
    pub(super) unmet: Option<String>,
}

impl Question {
    /// The question, or what is wrong with it in a line.
    pub(crate) fn new(
        action: &str,
        resource: &str,
        context: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, String> {
        let action = Action::from_name(action).ok_or_else(|| {
            let near = nearest(action, Action::ALL.iter().map(|action| action.as_str()));
            let help = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            format!("unknown action `{action}`{help}")
        })?;
        // What is about no resource in particular is asked about by S3's own name for all.
        let resource = match (resource, action.service()) {
            ("*", Service::S3) => "arn:aws:s3:::*",
            _ => resource,
        };
        let resource: Arn =
            resource.parse().map_err(|error| format!("`{resource}` is no resource: {error}"))?;
        if Resource::from_arn(&resource).is_none() {
            return Err(format!("no guest can be given the service `{}`", resource.service()));
        }
        let mut values = ContextValues::default();
        for (key, value) in context {
            values.set(&key, value).map_err(|error| error.to_string())?;
        }
        Ok(Self { action, resource, context: values })
    }

    /// The request that a policy is asked about. Keys that were not given have no value.
    fn request(&self) -> Option<Request<'_>> {
        let resource = Resource::from_arn(&self.resource)?;
        Some(Request { action: self.action, resource, context: self.context.context() })
    }

    /// What a policy says.
    pub(crate) fn ask(&self, policy: &Policy) -> Option<Answer> {
        let request = self.request()?;
        let decision = policy.decide(&request);
        let rule = decision.rule().map(|rule| rule.resource().location.to_string());
        let (reason, suggestion) = match decision {
            Decision::Allow(rule) => (rule.to_string(), None),
            Decision::Deny(denial) => (denial.to_string(), Some(denial.suggestion(&request).to_string())),
        };
        Some(Answer {
            decision: if decision.is_allowed() { "allow" } else { "deny" },
            rule,
            reason,
            suggestion,
            rules: policy.candidates(&request).map(Bearing::from).collect(),
        })
    }
}

impl Answer {
    pub(crate) fn is_allowed(&self) -> bool {
        self.decision == "allow"
    }

    pub(super) fn decision(&self) -> &'static str {
        self.decision
    }

    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    pub(crate) fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }

    pub(super) fn rules(&self) -> &[Bearing] {
        &self.rules
    }
}

impl From<Candidate<'_>> for Bearing {
    fn from(Candidate { rule, unmet }: Candidate<'_>) -> Self {
        Self {
            effect: rule.effect().as_str(),
            location: rule.resource().location.to_string(),
            action: rule.action().text.to_owned(),
            resource: rule.resource().text.to_owned(),
            unmet: unmet.map(|condition| condition.to_string()),
        }
    }
}

/// `KEY=VALUE` of the option `--context`.
pub(super) fn context(argument: &str) -> Result<(String, String), String> {
    let (key, value) =
        argument.split_once('=').ok_or("a condition key and its value are written `s3:prefix=incoming/`")?;
    ContextValues::default().set(key, value).map_err(|error| error.to_string())?;
    Ok((key.to_owned(), value.to_owned()))
}
