//! What a policy is asked, as it is written on a command line or in a line of JSON.

use std::fmt;

use innkeeper::Manifest;
use innkeeper::aws::Region;
use innkeeper::manifest::GuestSection;
use innkeeper::policy::source::nearest;
use innkeeper::policy::{
    AccountId, Action, Arn, Candidate, ContextValues, Decision, Policy, Request, Resource, ResourceType,
    Service,
};
use serde::Serialize;

/// What a policy is asked.
pub(crate) struct Question {
    action: Action,
    asked: Asked,
    context: ContextValues,
}

/// What a question is about.
enum Asked {
    /// The resource of this ARN.
    Resource(Arn),
    /// `*`, for an action that is about no resource in particular.
    All,
}

/// Where a guest is, as far as its manifest says: what `*` of SQS and Lambda is all resources of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place<'a> {
    region: Option<&'a str>,
    account: Option<&'a str>,
}

impl<'a> Place<'a> {
    pub(super) fn of(manifest: &'a Manifest, section: &'a GuestSection) -> Self {
        let account = manifest.aws().account.as_ref();
        Self { region: section.region.as_ref().map(Region::as_str), account: account.map(AccountId::as_str) }
    }
}

/// Why something cannot be asked.
#[derive(Debug)]
pub(crate) enum WrongQuestion {
    /// It makes no sense.
    Malformed(String),
    /// It makes sense in IAM, but no guest could do it whatever it is granted.
    NotProvided(String),
}

impl fmt::Display for WrongQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Malformed(why) | Self::NotProvided(why)) = self;
        f.write_str(why)
    }
}

/// What a policy says, and why: a line of `--batch` and the document of `--json`.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    decision: &'static str,
    /// Where the rule stands that decided; `None`: no rule allows it.
    rule: Option<String>,
    reason: String,
    /// What is to be known beside the decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
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
    /// The question.
    pub(crate) fn new(
        action: &str,
        resource: &str,
        context: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, WrongQuestion> {
        let mut values = ContextValues::default();
        for (key, value) in context {
            values.set(&key, value).map_err(|error| WrongQuestion::Malformed(error.to_string()))?;
        }
        let known = Action::from_name(action);
        if let ("*", Some(action)) = (resource, known)
            && action.resource_type() == ResourceType::All
        {
            return Ok(Self { action, asked: Asked::All, context: values });
        }
        // All that is in S3 has a name there.
        let resource = match (resource, known.map(Action::service)) {
            ("*", Some(Service::S3) | None) => "arn:aws:s3:::*",
            _ => resource,
        };
        let resource: Arn = resource
            .parse()
            .map_err(|error| WrongQuestion::Malformed(format!("`{resource}` is no resource: {error}")))?;
        let action = known.ok_or_else(|| unknown(action))?;
        if Resource::from_arn(&resource).is_none() {
            let service = resource.service();
            return Err(WrongQuestion::NotProvided(format!("no guest can be given the service `{service}`")));
        }
        Ok(Self { action, asked: Asked::Resource(resource), context: values })
    }

    /// What a policy says. Keys that were not given have no value.
    pub(crate) fn ask(&self, policy: &Policy, place: Place<'_>) -> Option<Answer> {
        let all;
        let arn = match &self.asked {
            Asked::Resource(arn) => arn,
            Asked::All => {
                let Place { region, account } = match self.action.service() {
                    Service::S3 => Place::default(),
                    _ => place,
                };
                let [region, account] = [region, account].map(Option::unwrap_or_default);
                all = format!("arn:aws:{}:{region}:{account}:*", self.action.service()).parse().ok()?;
                &all
            }
        };
        let resource = Resource::from_arn(arn)?;
        let request = Request { action: self.action, resource, context: self.context.context() };
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
            note: None,
            suggestion,
            rules: policy.candidates(&request).map(Bearing::from).collect(),
        })
    }
}

/// Why an action of this name cannot be asked about.
fn unknown(action: &str) -> WrongQuestion {
    let is_name = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if !action.split_once(':').is_some_and(|(service, name)| is_name(service) && is_name(name)) {
        let form = "an action is `SERVICE:NAME`, such as `s3:GetObject`";
        return WrongQuestion::Malformed(format!("unknown action `{action}`: {form}"));
    }
    let near = nearest(action, Action::ALL.iter().map(|action| action.as_str()));
    let help = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    WrongQuestion::NotProvided(format!("unknown action `{action}`: no operation of this host needs it{help}"))
}

impl Answer {
    /// What IAM says of what nothing allows.
    pub(super) fn not_provided(note: String) -> Self {
        Self {
            decision: "deny",
            rule: None,
            reason: "not granted".to_owned(),
            note: Some(note),
            suggestion: None,
            rules: Vec::new(),
        }
    }

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
