//! `[aws]`

use std::collections::BTreeMap;

use innkeeper_aws::{Class, Classes, Compute, Endpoint, Identity, Region};
use innkeeper_policy::AccountId;
use serde::Deserialize;
use toml::Spanned;

use super::identity::{Credentials, Written};
use super::{Reader, class};

/// How AWS is reached, for all guests that do not say otherwise.
#[derive(Clone, Debug)]
pub struct AwsSection {
    /// `region`.
    pub region: Option<Region>,
    /// `account`: the account of the identity here, which plain names of queues and functions belong to. `None`: STS is asked for it,
    /// as for every guest with an identity of its own.
    pub account: Option<AccountId>,
    /// `credentials`, `profile`, `web-identity-token-file`, `role-arn` and what belongs to it. Default: the default chain.
    pub identity: Identity,
    /// `endpoint-url`: an endpoint in place of AWS's own, for all services.
    pub endpoint: Option<Endpoint>,
    /// `allowed-regions`: no guest is given a client in another. `None`: any region.
    pub allowed_regions: Option<Vec<Region>>,
    /// `compute = "aws"`: the host runs on AWS, so that instance metadata may be asked. Default: it does not.
    pub compute: Compute,
    /// `[aws.class.NAME]`: the built-in configuration classes, changed, and others.
    pub classes: Classes,
    /// `[aws.class-of]`: the class of an operation, by its name in AWS's API, where it is not the built-in one.
    pub class_of: BTreeMap<String, Class>,
}

/// The section as TOML has it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Raw {
    region: Option<Spanned<String>>,
    account: Option<Spanned<String>>,
    endpoint_url: Option<Spanned<String>>,
    allowed_regions: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    compute: RawCompute,
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
    class: BTreeMap<String, Spanned<class::Raw>>,
    #[serde(default)]
    class_of: BTreeMap<String, Spanned<String>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawCompute {
    Aws,
    #[default]
    Other,
}

impl AwsSection {
    pub(super) fn read(raw: &Raw, reader: &mut Reader<'_>) -> Option<Self> {
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
        let identity = written.read(Identity::DefaultChain, reader);
        let region = region(raw.region.as_ref(), reader);
        let account = match &raw.account {
            Some(written) => reader.check(written, |id| id.parse::<AccountId>()).map(Some),
            None => Some(None),
        };
        let endpoint = match &raw.endpoint_url {
            Some(url) => reader.check(url, |url| Endpoint::new(url)).map(Some),
            None => Some(None),
        };
        let allowed_regions = match &raw.allowed_regions {
            Some(written) => {
                let regions: Vec<_> =
                    written.iter().map(|region| reader.check(region, |name| Region::new(name))).collect();
                regions.into_iter().collect::<Option<Vec<_>>>().map(Some)
            }
            None => Some(None),
        };
        let classes = class::read(&raw.class, reader);
        let class_of = class::read_choice(&raw.class_of, classes.as_ref(), reader);
        Some(Self {
            region: region?,
            account: account?,
            identity: identity?,
            endpoint: endpoint?,
            allowed_regions: allowed_regions?,
            compute: match raw.compute {
                RawCompute::Aws => Compute::OnAws,
                RawCompute::Other => Compute::NotOnAws,
            },
            classes: classes?,
            class_of: class_of?,
        })
    }
}

/// A region: `Some(None)` where none is written, `None` where what is written is none.
#[expect(clippy::option_option, reason = "the outer one is whether it could be read, as for every other key")]
pub(super) fn region(written: Option<&Spanned<String>>, reader: &mut Reader<'_>) -> Option<Option<Region>> {
    match written {
        Some(written) => reader.check(written, |name| Region::new(name)).map(Some),
        None => Some(None),
    }
}
