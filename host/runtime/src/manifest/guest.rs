//! `[guest.NAME]`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use innkeeper_aws::{Identity, Region};
use innkeeper_policy::{
    Arn, BucketArn, BucketName, Diagnostic, FunctionReference, Location, Policy, QueueName, QueueUrl,
    Statement,
};
use serde::Deserialize;
use toml::Spanned;

use super::aws::{self, AwsSection};
use super::expect::{self, Expectation};
use super::identity::{Credentials, Written};
use super::wasi::{self, WasiSection};
use super::{Reader, limits, policy, quota};
use crate::limits::Limits;
use crate::quota::Quotas;

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
    /// `accounts`: the accounts that buckets belong to, by what the manifest calls the buckets: a name of `names`, a bucket's name, or
    /// an ARN. S3 refuses the guest's calls where such a bucket belongs to somebody else.
    pub accounts: BTreeMap<String, String>,
    /// `limits`.
    pub limits: Limits,
    /// `quota` and `quotas`.
    pub quotas: Quotas,
    /// `wasi`: what it is granted of WASI.
    pub wasi: WasiSection,
    /// `allow` and `deny`, or the IAM policy document in JSON that `policy` names.
    pub policy: Policy,
    /// The file that `policy` names.
    pub policy_document: Option<PathBuf>,
    /// `expect`: what the policy is held to by `innkeeper check`.
    pub expectations: Vec<Expectation>,
    /// Where the names are written.
    pub(super) name_locations: BTreeMap<String, Location>,
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
    accounts: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    limits: limits::Raw,
    #[serde(default)]
    pub(super) wasi: wasi::Raw,
    quota: Option<Spanned<quota::Raw>>,
    #[serde(default)]
    quotas: BTreeMap<String, Spanned<quota::Raw>>,
    policy: Option<Spanned<String>>,
    #[serde(default)]
    allow: Vec<Spanned<Statement>>,
    #[serde(default)]
    deny: Vec<Spanned<Statement>>,
    #[serde(default)]
    expect: Vec<Spanned<expect::Raw>>,
}

impl Raw {
    /// The files that it names: what the guest is, and what it may do.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.component).chain(&self.policy).map(|path| path.get_ref().as_str())
    }
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
        let names: Option<BTreeMap<_, _>> = raw
            .names
            .iter()
            .map(|(alias, target)| Some((alias.clone(), read_target(target, reader)?)))
            .collect();
        let accounts = accounts(raw, reader);
        let limits = raw.limits.read(reader);
        let wasi = raw.wasi.read(reader);

        let quotas = quota::read(raw.quota.as_ref(), &raw.quotas, reader);
        let written = policy::Written {
            document: raw.policy.as_ref(),
            allow: &raw.allow,
            deny: &raw.deny,
            quotas: raw.quotas.keys().map(String::as_str).collect(),
        };
        let policy = written.read(name.get_ref(), reader);
        let expectations: Vec<_> =
            raw.expect.iter().map(|written| Expectation::read(written, reader)).collect();
        let expectations: Option<Vec<_>> = expectations.into_iter().collect();
        named?;
        Some(Self {
            component: component?,
            region: region?.or_else(|| aws.and_then(|aws| aws.region.clone())),
            identity: identity?,
            config: raw.config.clone(),
            names: names?,
            accounts: accounts?,
            limits,
            quotas: quotas?,
            wasi: wasi?,
            policy: policy?,
            policy_document: raw.policy.as_ref().map(|path| PathBuf::from(path.get_ref())),
            expectations: expectations?,
            name_locations: raw
                .names
                .iter()
                .map(|(name, target)| (name.clone(), reader.source.locate(target.span().start)))
                .collect(),
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

/// The accounts that buckets belong to.
fn accounts(raw: &Raw, reader: &mut Reader<'_>) -> Option<BTreeMap<String, String>> {
    let mut read = Some(BTreeMap::new());
    for (bucket, account) in &raw.accounts {
        let target = raw.names.get(bucket.get_ref()).map_or(bucket.get_ref(), Spanned::get_ref);
        let named = reader.check(bucket, |bucket| {
            let is_bucket = target.parse::<BucketArn>().is_ok() || target.parse::<BucketName>().is_ok();
            is_bucket.then_some(()).ok_or_else(|| {
                format!(
                    "`{}` is no bucket: it has to be a key of `names`, a bucket's name, or its ARN",
                    bucket.escape_debug()
                )
            })
        });
        let owner = reader.check(account, |account| {
            let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
            is_account.then(|| account.to_owned()).ok_or_else(|| {
                format!("`{}` is no account: it has to be twelve digits", account.escape_debug())
            })
        });
        match (named, owner, &mut read) {
            (Some(()), Some(owner), Some(read)) => drop(read.insert(target.clone(), owner)),
            _ => read = None,
        }
    }
    read
}

/// What a name of the guest stands for: an ARN, the URL of a queue, or the name of a bucket, queue or function.
fn read_target(target: &Spanned<String>, reader: &mut Reader<'_>) -> Option<String> {
    let text = target.get_ref();
    let checked = if text.starts_with("arn:") {
        text.parse::<Arn>().map(drop).map_err(|error| error.to_string())
    } else if QueueUrl::is_url(text) {
        text.parse::<QueueUrl>().map(drop).map_err(|error| error.to_string())
    } else if text.parse::<QueueName>().is_ok() || text.parse::<FunctionReference>().is_ok() {
        Ok(())
    } else {
        text.parse::<BucketName>().map(drop).map_err(|error| error.to_string())
    };
    match checked {
        Ok(()) => Some(text.clone()),
        Err(error) => {
            reader.found.push(
                Diagnostic::at(reader.source, target.span(), error)
                    .with_help("a name stands for an ARN, such as `arn:aws:s3:::uploads`, for the URL of a queue, or for the name of a \
                                bucket, queue or function"),
            );
            None
        }
    }
}
