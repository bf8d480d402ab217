//! Where credentials come from: the keys that `[aws]` and `[guest.NAME]` have in common.

use std::path::PathBuf;

use innkeeper_aws::{AssumeRole, Identity, Scope, WebIdentity};
use serde::Deserialize;
use toml::Spanned;

use super::{Reader, value};

/// `credentials = "..."`: which source is asked, in place of the default chain.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Credentials {
    /// The default chain of AWS's tools.
    DefaultChain,
    /// The credentials endpoint of ECS or EKS.
    Container,
    /// The role of the EC2 instance.
    InstanceMetadata,
    /// None: requests are not signed.
    Anonymous,
}

/// The keys as they are written. There is none for a secret access key: a manifest is no place for one.
#[derive(Default)]
pub(super) struct Written<'a> {
    pub(super) credentials: Option<&'a Spanned<Credentials>>,
    pub(super) profile: Option<&'a Spanned<String>>,
    pub(super) web_identity_token_file: Option<&'a Spanned<String>>,
    pub(super) role_chain: &'a [Spanned<String>],
    pub(super) role_arn: Option<&'a Spanned<String>>,
    pub(super) external_id: Option<&'a Spanned<String>>,
    pub(super) session_name: Option<&'a Spanned<String>>,
    pub(super) session_policy: Option<&'a Spanned<String>>,
    pub(super) session_duration: Option<&'a Spanned<String>>,
}

impl Written<'_> {
    /// Whether nothing is written.
    pub(super) fn is_empty(&self) -> bool {
        self.source().is_none() && self.role_chain.is_empty() && self.role_arn.is_none()
    }

    /// The identity: a source (or `base` where none is named), the roles of `role-chain` one on top of the other, and `role-arn` on
    /// top of them.
    pub(super) fn read(&self, base: Identity, reader: &mut Reader<'_>) -> Option<Identity> {
        self.refuse_contradictions(reader)?;
        let mut role_arn = self.role_arn;
        let mut identity = match (
            self.credentials.map(Spanned::get_ref),
            self.profile,
            self.web_identity_token_file,
        ) {
            (Some(Credentials::DefaultChain), ..) => Identity::DefaultChain,
            (Some(Credentials::Container), ..) => Identity::Container,
            (Some(Credentials::InstanceMetadata), ..) => Identity::InstanceMetadata,
            (Some(Credentials::Anonymous), ..) => Identity::Anonymous,
            (None, Some(profile), _) => Identity::Profile(profile.get_ref().clone()),
            (None, None, Some(file)) => {
                let Some(role) = role_arn.take() else {
                    reader.wrong(
                        file,
                        "`web-identity-token-file` needs a `role-arn`: the role that the token is exchanged for".to_owned(),
                        None,
                    );
                    return None;
                };
                Identity::WebIdentity(WebIdentity {
                    role_arn: role.get_ref().clone(),
                    token_file: PathBuf::from(file.get_ref()),
                    session_name: self.session_name.map(|name| name.get_ref().clone()),
                })
            }
            (None, None, None) => base,
        };
        for role in self.role_chain {
            identity = identity.assume_role(role.get_ref()).into();
            check(&identity, role, reader)?;
        }
        let Some(role) = role_arn else {
            let written = self.source().map_or(0..0, Placed::span);
            return check(&identity, &Spanned::new(written, ()), reader).map(|()| identity);
        };
        let duration = match self.session_duration {
            Some(written) => Some(reader.check(written, |text| value::duration(text))?),
            None => None,
        };
        let given = |written: Option<&Spanned<String>>| written.map(|written| written.get_ref().clone());
        let identity = Identity::from(AssumeRole {
            external_id: given(self.external_id),
            session_name: given(self.session_name),
            session_policy: given(self.session_policy),
            duration,
            ..identity.assume_role(role.get_ref())
        });
        check(&identity, role, reader).map(|()| identity)
    }

    /// What names the source of the credentials.
    fn source(&self) -> Option<&dyn Placed> {
        let sources: [Option<&dyn Placed>; 3] = [
            self.credentials.map(|written| written as &dyn Placed),
            self.profile.map(|written| written as &dyn Placed),
            self.web_identity_token_file.map(|written| written as &dyn Placed),
        ];
        sources.into_iter().flatten().next()
    }

    fn refuse_contradictions(&self, reader: &mut Reader<'_>) -> Option<()> {
        let sources =
            [self.credentials.is_some(), self.profile.is_some(), self.web_identity_token_file.is_some()];
        if sources.into_iter().filter(|given| *given).count() > 1 {
            let written = Spanned::new(self.source().map_or(0..0, Placed::span), ());
            reader.wrong(
                &written,
                "more than one of `credentials`, `profile` and `web-identity-token-file` is given".to_owned(),
                Some("keep the one that the credentials are to come from"),
            );
            return None;
        }
        if self.role_arn.is_none() {
            let for_a_role = [
                ("external-id", self.external_id),
                ("session-name", self.session_name),
                ("session-policy", self.session_policy),
                ("session-duration", self.session_duration),
            ];
            if let Some((key, written)) =
                for_a_role.iter().find_map(|(key, written)| Some((key, (*written)?)))
            {
                reader.wrong(
                    written,
                    format!("`{key}` is for a role, and there is no `role-arn` here"),
                    None,
                );
                return None;
            }
        }
        Some(())
    }
}

/// Something with a place in the manifest.
trait Placed {
    fn span(&self) -> std::ops::Range<usize>;
}

impl<T> Placed for Spanned<T> {
    fn span(&self) -> std::ops::Range<usize> {
        Spanned::span(self)
    }
}

/// Lets the factory's crate check an identity, since it knows the rules.
fn check<T>(identity: &Identity, written: &Spanned<T>, reader: &mut Reader<'_>) -> Option<()> {
    reader.check(written, |_| Scope::builder().identity(identity.clone()).build()).map(drop)
}
