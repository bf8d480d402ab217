//! What a guest's calls run under.

use crate::class::Class;
use crate::digest::Digest;
use crate::endpoint::Endpoint;
use crate::error::ConfigurationError;
use crate::identity::Identity;
use crate::region::Region;
use std::sync::Arc;

/// What a guest's calls run under: region, identity, endpoint, configuration class, and the guest itself.
///
/// A scope is a checked value, cheap to clone, and carries the key of its clients: make it once per guest, not once per
/// call. Two scopes that differ in anything never share a client.
///
/// ```
/// use innkeeper_aws::{Class, Identity, Region, Scope};
///
/// let scope = Scope::builder()
///     .identity(Identity::Profile("prod".into()).assume_role("arn:aws:iam::123456789012:role/thumbnailer"))
///     .region(Region::new("eu-west-1")?)
///     .guest("thumbnailer")
///     .build()?;
/// let bodies = scope.with_class(Class::DATA);
/// assert_eq!(bodies.guest(), Some("thumbnailer"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scope(Arc<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    identity: Arc<Identity>,
    identity_digest: Digest,
    region: Option<Region>,
    endpoint: Option<Endpoint>,
    class: Class,
    guest: Option<Arc<str>>,
    session_digest: Digest,
    digest: Digest,
}

impl Scope {
    /// A scope with the default chain, the factory's region, AWS's own endpoints, [`Class::STANDARD`] and no guest
    /// unless set otherwise.
    pub fn builder() -> ScopeBuilder {
        ScopeBuilder::default()
    }

    /// The same scope with another configuration class.
    #[must_use]
    pub fn with_class(&self, class: Class) -> Self {
        Self::new(Parts { class, ..Parts::clone(&self.0) })
    }

    /// The same scope in another region.
    #[must_use]
    pub fn with_region(&self, region: Region) -> Self {
        Self::new(Parts { region: Some(region), ..Parts::clone(&self.0) })
    }

    /// Where its credentials come from.
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// The region that was asked for; where there is none the factory finds one.
    pub fn region(&self) -> Option<&Region> {
        self.0.region.as_ref()
    }

    /// The endpoint in place of AWS's own.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        self.0.endpoint.as_ref()
    }

    /// The configuration class.
    pub fn class(&self) -> &Class {
        &self.0.class
    }

    /// The guest whose retries are counted together.
    pub fn guest(&self) -> Option<&str> {
        self.0.guest.as_deref()
    }

    /// Stands for what a session depends on: identity, region and endpoint.
    pub(crate) fn session_digest(&self) -> Digest {
        self.0.session_digest
    }

    /// Stands for the whole scope.
    pub(crate) fn digest(&self) -> Digest {
        self.0.digest
    }

    fn new(mut parts: Parts) -> Self {
        parts.session_digest = Digest::of("session", |writer| {
            writer.field(parts.identity_digest.as_bytes());
            writer.optional(parts.region.as_ref().map(Region::as_str));
            writer.optional(parts.endpoint.as_ref().map(Endpoint::as_str));
            writer.optional(parts.endpoint.as_ref().map(|endpoint| [endpoint.style() as u8]));
        });
        parts.digest = Digest::of("scope", |writer| {
            writer.field(parts.session_digest.as_bytes());
            writer.field(parts.class.as_str());
            writer.optional(parts.guest.as_deref());
        });
        Self(Arc::new(parts))
    }
}

/// Equal in everything that a client depends on.
impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        self.digest() == other.digest()
    }
}

impl Eq for Scope {}

/// Makes a [`Scope`].
#[derive(Clone, Debug, Default)]
pub struct ScopeBuilder {
    identity: Identity,
    region: Option<Region>,
    endpoint: Option<Endpoint>,
    class: Class,
    guest: Option<Arc<str>>,
}

impl ScopeBuilder {
    /// Where the credentials come from. Default: [`Identity::DefaultChain`].
    #[must_use]
    pub fn identity(mut self, identity: impl Into<Identity>) -> Self {
        self.identity = identity.into();
        self
    }

    /// The region. Default: the one that the factory finds.
    #[must_use]
    pub fn region(mut self, region: impl Into<Option<Region>>) -> Self {
        self.region = region.into();
        self
    }

    /// An endpoint in place of AWS's own, for every service and for AssumeRole too. Default: `AWS_ENDPOINT_URL_*`,
    /// `AWS_ENDPOINT_URL` and their counterparts in the profile, or else AWS's own.
    #[must_use]
    pub fn endpoint(mut self, endpoint: impl Into<Option<Endpoint>>) -> Self {
        self.endpoint = endpoint.into();
        self
    }

    /// The configuration class. Default: [`Class::STANDARD`].
    #[must_use]
    pub fn class(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    /// The guest, which has its own retry budget in every service. Default: none, which is the host itself.
    #[must_use]
    pub fn guest(mut self, guest: impl Into<Arc<str>>) -> Self {
        self.guest = Some(guest.into());
        self
    }

    /// Checks the identity and makes the scope.
    ///
    /// # Errors
    ///
    /// [`ConfigurationError::Identity`] for an identity that could never have credentials.
    pub fn build(self) -> Result<Scope, ConfigurationError> {
        self.identity.check()?;
        let identity_digest = self.identity.digest();
        Ok(Scope::new(Parts {
            identity: Arc::new(self.identity),
            identity_digest,
            region: self.region,
            endpoint: self.endpoint,
            class: self.class,
            guest: self.guest,
            session_digest: identity_digest,
            digest: identity_digest,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::AddressingStyle;
    use crate::identity::{AssumeRole, StaticKeys};

    #[test]
    fn scopes_that_differ_in_anything_have_different_keys() {
        let role = || Identity::DefaultChain.assume_role("arn:aws:iam::123456789012:role/a");
        let scope = || Scope::builder().identity(role()).guest("a");
        let endpoint = || Endpoint::new("http://localhost:9000").unwrap();
        let scopes = [
            scope(),
            scope().guest("b"),
            scope().class(Class::DATA),
            scope().region(Region::new("eu-west-1").unwrap()),
            scope().region(Region::new("us-east-1").unwrap()),
            scope().endpoint(endpoint()),
            scope().endpoint(endpoint().with_style(AddressingStyle::VirtualHost)),
            scope().endpoint(Endpoint::new("http://localhost:9001").unwrap()),
            scope().identity(Identity::DefaultChain.assume_role("arn:aws:iam::123456789012:role/b")),
            scope().identity(AssumeRole { external_id: Some("one".into()), ..role() }),
            scope().identity(AssumeRole { external_id: Some("two".into()), ..role() }),
            scope().identity(AssumeRole { session_policy: Some("{}".into()), ..role() }),
            scope().identity(Identity::Static(StaticKeys::new("AKID", "one"))),
            scope().identity(Identity::Static(StaticKeys::new("AKID", "two"))),
            Scope::builder().identity(role()),
        ]
        .map(|builder| builder.build().unwrap());
        for (i, left) in scopes.iter().enumerate() {
            for (j, right) in scopes.iter().enumerate() {
                assert_eq!(left == right, i == j, "{left:?} {right:?}");
            }
        }
    }

    #[test]
    fn a_scope_that_changes_back_has_its_old_key() {
        let scope = Scope::builder().build().unwrap();
        assert_ne!(scope, scope.with_class(Class::PROBE));
        assert_eq!(scope, scope.with_class(Class::PROBE).with_class(Class::STANDARD));
    }

    #[test]
    fn errors_when_the_identity_could_never_work() {
        assert!(Scope::builder().identity(Identity::DefaultChain.assume_role("nonsense")).build().is_err());
    }
}
