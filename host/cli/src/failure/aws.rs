//! What is wrong with region, credentials or configuration, and what to do about it.

use innkeeper::aws::{CredentialsError, Error, Looked, RegionError, RoleError};

use super::Failure;
use crate::exit::Exit;

pub(super) fn failure(error: &Error) -> Failure {
    let failure = match searched(error) {
        Some((cause, searched)) => {
            let places: Vec<_> = searched.iter().map(|looked| format!("\n  {looked}")).collect();
            Failure::new(Exit::Aws, error.to_string()).with_cause(format!("{cause}:{}", places.concat()))
        }
        None => Failure::because(Exit::Aws, error),
    };
    match help(error) {
        Some(help) => failure.with_help(help),
        None => failure,
    }
}

/// What was looked at in vain: a list that is better read as one.
fn searched(error: &Error) -> Option<(&'static str, &[Looked])> {
    match error {
        Error::Credentials { source, .. } => match &**source {
            CredentialsError::NotFound { searched } => {
                Some(("there are none in the default chain", searched))
            }
            _ => None,
        },
        Error::Region(RegionError::NotFound { searched }) => Some(("none is configured", searched)),
        _ => None,
    }
}

fn help(error: &Error) -> Option<String> {
    match error {
        Error::Credentials { source, .. } => credentials(source),
        Error::Region(error) => region(error),
        Error::Role { source, .. } => role(source),
        Error::Connection { .. } => Some(
            "check the network, and the endpoint (`--endpoint-url`, `endpoint-url` in `[aws]`)".to_owned(),
        ),
        _ => None,
    }
}

fn credentials(error: &CredentialsError) -> Option<String> {
    Some(match error {
        CredentialsError::NotFound { .. } => {
            "name a profile with `--profile` or with `profile` in `[aws]`, or set \
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; `innkeeper run --fake` needs neither"
                .to_owned()
        }
        CredentialsError::HalfGiven { given, missing, .. } => {
            format!("set `{missing}` too, or remove `{given}`")
        }
        CredentialsError::NoSuchProfile { nearest: Some(nearest), .. } => {
            format!("did you mean `{nearest}`?")
        }
        CredentialsError::NoSuchProfile { profile, .. } => {
            format!("`aws configure --profile {profile}` makes one")
        }
        CredentialsError::SsoSession { command, .. } => format!("run `{command}`"),
        CredentialsError::InstanceMetadataNotAllowed { .. } => {
            "if this machine runs on AWS, say so in the manifest: `compute = \"aws\"` in `[aws]`".to_owned()
        }
        _ => return None,
    })
}

fn region(error: &RegionError) -> Option<String> {
    match error {
        RegionError::NotFound { .. } => {
            Some("give one with `--region`, with `region` in `[aws]`, or with AWS_REGION".to_owned())
        }
        RegionError::Malformed { .. } | RegionError::UnknownPartition { .. } => {
            Some("a region is named as in `eu-west-1`".to_owned())
        }
        RegionError::From { source, .. } => region(source),
        _ => None,
    }
}

fn role(error: &RoleError) -> Option<String> {
    match error {
        RoleError::AccessDenied { .. } => Some(
            "the role's trust policy has to name who assumes it (and the external id, if there is one), and who assumes it \
             needs `sts:AssumeRole` on the role"
                .to_owned(),
        ),
        RoleError::DurationOverMaximum { .. } => {
            Some("lower `session-duration`, or raise the role's maximum session duration".to_owned())
        }
        RoleError::RegionDisabled { region, .. } => {
            Some(format!("activate STS in `{region}` in the account's settings, or use another region"))
        }
        _ => None,
    }
}
