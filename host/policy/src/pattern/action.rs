use super::glob::{Glob, Scope};
use crate::{
    action::{Action, ActionSet, Service},
    source::nearest,
    text::quoted,
};

/// `s3:GetObject`, `s3:Get*`, `s3:*` or `*`, resolved to the actions that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActionPattern {
    pub(crate) actions: ActionSet,
}

/// Why a text names no action.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ActionPatternError {
    #[error("{} is no action: an action is `SERVICE:NAME`", quoted(.0))]
    Form(String),
    #[error("the service of {} is a wildcard, which IAM does not take", quoted(.0))]
    ServiceWildcard(String),
    #[error("no guest can be given the service {}", quoted(.0))]
    UnknownService(String),
    #[error("unknown action {}", quoted(.0))]
    UnknownAction(String),
    #[error("{} could never match: there is no such action", quoted(.0))]
    NeverMatches(String),
}

impl ActionPattern {
    pub(crate) fn parse(text: &str) -> Result<Self, ActionPatternError> {
        if text == "*" {
            return Ok(Self { actions: Action::ALL.iter().copied().collect() });
        }
        let (service, name) =
            text.split_once(':').ok_or_else(|| ActionPatternError::Form(text.to_owned()))?;
        if service.contains(['*', '?']) {
            return Err(ActionPatternError::ServiceWildcard(text.to_owned()));
        }
        if Service::from_namespace(&service.to_ascii_lowercase()).is_none() {
            return Err(ActionPatternError::UnknownService(service.to_owned()));
        }
        let mut glob = Glob::default();
        // IAM has no variables in actions, and no action has a dollar sign: what fails here could never match.
        let is_pattern = glob.push(&text.to_ascii_lowercase(), Scope::Text, Scope::Text).is_ok();
        let actions: ActionSet = Action::ALL
            .iter()
            .copied()
            .filter(|action| is_pattern && glob.matches(&[&action.as_str().to_ascii_lowercase()]))
            .collect();
        if !actions.is_empty() {
            Ok(Self { actions })
        } else if name.contains(['*', '?']) {
            Err(ActionPatternError::NeverMatches(text.to_owned()))
        } else {
            Err(ActionPatternError::UnknownAction(text.to_owned()))
        }
    }
}

impl ActionPatternError {
    /// What to write instead.
    pub(crate) fn help(&self) -> Option<String> {
        let names = || Action::ALL.iter().map(|action| action.as_str());
        match self {
            Self::Form(text) => {
                let nearest = nearest(text, names().filter_map(|name| Some(name.split_once(':')?.1)))?;
                let action = names().find(|name| name.ends_with(&format!(":{nearest}")))?;
                Some(format!("did you mean `{action}`?"))
            }
            Self::ServiceWildcard(_) => {
                Some("`*` stands for all actions of all services, `s3:*` for those of S3".into())
            }
            Self::UnknownService(service) => {
                let services = Service::ALL.map(Service::as_str);
                Some(match nearest(service, services) {
                    Some(nearest) => format!("did you mean `{nearest}`?"),
                    None => {
                        format!("guests can be given {}", services.map(|name| format!("`{name}`")).join(", "))
                    }
                })
            }
            Self::UnknownAction(text) => {
                nearest(text, names()).map(|nearest| format!("did you mean `{nearest}`?"))
            }
            Self::NeverMatches(text) => {
                let start = text.split(['*', '?']).next()?;
                nearest(start, names()).map(|nearest| format!("did you mean `{nearest}`?"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actions(text: &str) -> Vec<Action> {
        ActionPattern::parse(text).unwrap().actions.iter().collect()
    }

    fn error(text: &str) -> (ActionPatternError, Option<String>) {
        let error = ActionPattern::parse(text).unwrap_err();
        let help = error.help();
        (error, help)
    }

    #[test]
    fn names_one_action_whatever_the_case() {
        assert_eq!(actions("s3:GetObject"), [Action::S3GetObject]);
        assert_eq!(actions("S3:getobject"), [Action::S3GetObject]);
        assert_eq!(actions("sqs:SendMessage"), [Action::SqsSendMessage]);
    }

    #[test]
    fn names_many_with_wildcards() {
        assert_eq!(actions("*").len(), Action::ALL.len());
        assert!(actions("s3:*").iter().all(|action| action.service() == Service::S3));
        assert_eq!(actions("S3:deleteobject"), [Action::S3DeleteObject]);
        assert_eq!(actions("lambda:get?lias"), [Action::LambdaGetAlias]);
        assert!(actions("s3:Get*").contains(&Action::S3GetObjectTagging));
        assert!(!actions("s3:Get*").contains(&Action::S3PutObject));
    }

    #[test]
    fn refuses_what_names_none() {
        let unknown = |text: &str| ActionPatternError::UnknownAction(text.into());
        assert_eq!(
            error("s3:GetObjekt"),
            (unknown("s3:GetObjekt"), Some("did you mean `s3:GetObject`?".into()))
        );
        assert_eq!(error("s3:"), (unknown("s3:"), None));
        assert_eq!(error("s3:Git*").0, ActionPatternError::NeverMatches("s3:Git*".into()));
        assert_eq!(error("s3:${aws:username}").0, unknown("s3:${aws:username}"));
        assert_eq!(error("s3: GetObject").0, unknown("s3: GetObject"));
        assert_eq!(
            error("GetObject"),
            (ActionPatternError::Form("GetObject".into()), Some("did you mean `s3:GetObject`?".into()))
        );
        assert_eq!(error("").0, ActionPatternError::Form(String::new()));
        assert_eq!(error("s?:GetObject").0, ActionPatternError::ServiceWildcard("s?:GetObject".into()));
        assert_eq!(
            error("ec2:RunInstances"),
            (
                ActionPatternError::UnknownService("ec2".into()),
                Some("guests can be given `s3`, `sqs`, `lambda`".into())
            )
        );
        assert_eq!(error("lamda:InvokeFunction").1, Some("did you mean `lambda`?".into()));
    }
}
