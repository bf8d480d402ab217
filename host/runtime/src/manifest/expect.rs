//! `[[guest.NAME.expect]]`

use std::collections::BTreeMap;

use innkeeper_policy::source::nearest;
use innkeeper_policy::{
    Action, Arn, ContextValues, Diagnostic, Effect, Location, Request, Resource, ResourceType,
};
use serde::Deserialize;
use toml::Spanned;

use super::Reader;

/// What the guest's policy is expected to say of a request. `innkeeper check` holds the policy to it.
#[derive(Clone, Debug)]
pub struct Expectation {
    effect: Effect,
    action: Action,
    resource: Arn,
    context: ContextValues,
    location: Location,
}

/// The section as TOML has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Raw {
    allow: Option<Spanned<String>>,
    deny: Option<Spanned<String>>,
    on: Spanned<String>,
    #[serde(default)]
    context: BTreeMap<Spanned<String>, Spanned<String>>,
}

impl Expectation {
    /// Whether the request is to be allowed or denied.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Where it is written.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The request, with the condition keys of `context` and no others. `None` does not occur: the section was checked.
    pub fn request(&self) -> Option<Request<'_>> {
        let resource = Resource::from_arn(&self.resource)?;
        Some(Request { action: self.action, resource, context: self.context.context() })
    }

    pub(super) fn read(written: &Spanned<Raw>, reader: &mut Reader<'_>) -> Option<Self> {
        let raw = written.get_ref();
        let (effect, action) = match (&raw.allow, &raw.deny) {
            (Some(action), None) => (Effect::Allow, action),
            (None, Some(action)) => (Effect::Deny, action),
            (Some(_), Some(other)) => {
                reader.wrong(other, "an expectation is either `allow` or `deny`".to_owned(), None);
                return None;
            }
            (None, None) => {
                let help = "write `allow = \"s3:GetObject\"` and `on = \"arn:aws:s3:::BUCKET/KEY\"`";
                reader.wrong(
                    written,
                    "the expectation says neither `allow` nor `deny`".to_owned(),
                    Some(help),
                );
                return None;
            }
        };
        let named = read_action(action, reader);
        let resource = reader.check(&raw.on, |text| read_resource(text, named));
        let (mut context, mut is_sound) = (ContextValues::default(), true);
        for (key, value) in &raw.context {
            is_sound &= reader.check(value, |value| context.set(key.get_ref(), value)).is_some();
        }
        Some(Self {
            effect,
            action: named?,
            resource: resource?,
            context: is_sound.then_some(context)?,
            location: reader.source.locate(written.span().start),
        })
    }
}

fn read_action(written: &Spanned<String>, reader: &mut Reader<'_>) -> Option<Action> {
    let name = written.get_ref();
    let action = Action::from_name(name);
    if action.is_none() {
        let message = format!("unknown action `{}`", name.escape_debug());
        let diagnostic = Diagnostic::at(reader.source, written.span(), message);
        let nearest = nearest(name, Action::ALL.iter().map(|action| action.as_str()));
        reader.found.push(match nearest {
            Some(nearest) => diagnostic.with_help(format!("did you mean `{nearest}`?")),
            None => diagnostic,
        });
    }
    action
}

/// An ARN; of an action that is about all resources `*` too, as IAM writes it.
fn read_resource(text: &str, action: Option<Action>) -> Result<Arn, String> {
    let all = action.filter(|action| text == "*" && action.resource_type() == ResourceType::All);
    let all = all.map(|action| format!("arn:aws:{}:::*", action.service().as_str()));
    let arn: Arn = all
        .as_deref()
        .unwrap_or(text)
        .parse()
        .map_err(|error: innkeeper_policy::arn::ArnError| error.to_string())?;
    match Resource::from_arn(&arn) {
        Some(_) => Ok(arn),
        None => Err(format!("no guest can be given the service `{}`", arn.service())),
    }
}
