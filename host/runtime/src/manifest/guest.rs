//! `[guest.NAME]`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use innkeeper_aws::{Identity, Region};
use innkeeper_policy::{Arn, BucketName, Diagnostic, Effect, Policy, Statement};
use serde::Deserialize;
use toml::Spanned;

use super::aws::{self, AwsSection};
use super::identity::{Credentials, Written};
use super::{Reader, limits};
use crate::limits::Limits;

/// A guest: its component, what it may do, and as whom.
#[derive(Clone, Debug)]
pub struct GuestSection {
    /// `component`: the file, from the manifest's folder.
    pub component: PathBuf,
    /// `region`, or the one of `[aws]`.
    pub region: Option<Region>,
    /// The identity of its calls: its own, or the one of `[aws]`.
    pub identity: Identity,
    /// `config`: what it reads through `wasi:config/store`.
    pub config: BTreeMap<String, String>,
    /// `names`: what it calls things, and what they are.
    pub names: BTreeMap<String, String>,
    /// `limits`.
    pub limits: Limits,
    /// `allow` and `deny`.
    pub policy: Policy,
}

/// The section as TOML has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Raw {
    component: Spanned<String>,
    region: Option<Spanned<String>>,
    credentials: Option<Spanned<Credentials>>,
    profile: Option<Spanned<String>>,
    web_identity_token_file: Option<Spanned<String>>,
    #[serde(default)]
    role_chain: Vec<Spanned<String>>,
    role_arn: Option<Spanned<String>>,
    external_id: Option<Spanned<String>>,
    session_name: Option<Spanned<String>>,
    session_policy: Option<Spanned<String>>,
    session_duration: Option<Spanned<String>>,
    #[serde(default)]
    config: BTreeMap<String, String>,
    #[serde(default)]
    names: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    limits: limits::Raw,
    #[serde(default)]
    allow: Vec<Spanned<Statement>>,
    #[serde(default)]
    deny: Vec<Spanned<Statement>>,
}

/// The longest name of a guest: it stands in logs, audit lines and session names.
const MAX_NAME: usize = 64;

impl GuestSection {
    pub(super) fn read(
        name: &Spanned<String>,
        raw: &Raw,
        aws: Option<&AwsSection>,
        reader: &mut Reader<'_>,
    ) -> Option<Self> {
        let named = reader.check(name, |name| check_name(name));
        let component = reader.check(&raw.component, |path| check_path(path));
        let region = aws::region(raw.region.as_ref(), reader);
        let identity = identity(raw, aws, reader);
        let names: Option<BTreeMap<_, _>> =
            raw.names.iter().map(|(alias, target)| Some((alias.clone(), read_target(target, reader)?))).collect();
        let limits = raw.limits.read(reader);

        let mut policy = Policy::builder(name.get_ref().as_str());
        for (effect, statements) in [(Effect::Allow, &raw.allow), (Effect::Deny, &raw.deny)] {
            for statement in statements {
                policy.statement(effect, statement, reader.source);
            }
        }
        let policy = match policy.build() {
            Ok(policy) => Some(policy),
            Err(diagnostics) => {
                reader.found.extend(diagnostics);
                None
            }
        };
        named?;
        Some(Self {
            component: component?,
            region: region?.or_else(|| aws.and_then(|aws| aws.region.clone())),
            identity: identity?,
            config: raw.config.clone(),
            names: names?,
            limits,
            policy: policy?,
        })
    }
}

/// The guest's own identity. A role of its own is assumed with the credentials that `[aws]` names, not with `[aws]`'s role: a
/// guest's role beats the default.
fn identity(raw: &Raw, aws: Option<&AwsSection>, reader: &mut Reader<'_>) -> Option<Identity> {
    let written = Written {
        credentials: raw.credentials.as_ref(),
        profile: raw.profile.as_ref(),
        web_identity_token_file: raw.web_identity_token_file.as_ref(),
        role_chain: &raw.role_chain,
        role_arn: raw.role_arn.as_ref(),
        external_id: raw.external_id.as_ref(),
        session_name: raw.session_name.as_ref(),
        session_policy: raw.session_policy.as_ref(),
        session_duration: raw.session_duration.as_ref(),
    };
    let default = aws.map(|aws| aws.identity.clone()).unwrap_or_default();
    if written.is_empty() {
        return written.read(default, reader);
    }
    let mut base = default;
    while let Identity::AssumeRole(role) = base {
        base = role.base;
    }
    written.read(base, reader)
}

fn check_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(plain) {
        return Err(format!(
            "`{}` cannot be the name of a guest: it has to be 1 to {MAX_NAME} of letters, digits, `-`, `_` and `.`",
            name.escape_debug()
        ));
    }
    Ok(())
}

/// Refuses at once what opening it would refuse later.
fn check_path(path: &str) -> Result<PathBuf, &'static str> {
    if path.is_empty() {
        return Err("`component` is empty");
    }
    let path = Path::new(path);
    if path.is_absolute() || path.components().any(|part| part == std::path::Component::ParentDir) {
        return Err("`component` leaves the manifest's folder: it has to be a path below it, without `..`");
    }
    Ok(path.to_owned())
}

/// What a name of the guest stands for: an ARN, or the name of a bucket.
fn read_target(target: &Spanned<String>, reader: &mut Reader<'_>) -> Option<String> {
    let text = target.get_ref();
    let checked = if text.starts_with("arn:") {
        text.parse::<Arn>().map(drop).map_err(|error| error.to_string())
    } else {
        text.parse::<BucketName>().map(drop).map_err(|error| error.to_string())
    };
    match checked {
        Ok(()) => Some(text.clone()),
        Err(error) => {
            reader.found.push(
                Diagnostic::at(reader.source, target.span(), error)
                    .with_help("a name stands for an ARN, such as `arn:aws:s3:::uploads`, or for the name of a bucket"),
            );
            None
        }
    }
}
