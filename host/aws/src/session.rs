//! A session: the region and the credentials that the clients of equal scopes share.

use crate::credentials::{CellProvider, CredentialsCell};
use crate::digest::Digest;
use crate::endpoint::Endpoint;
use crate::error::{CredentialsError, Error};
use crate::host::Host;
use crate::identity::Identity;
use crate::profiles::{self, Profiles};
use crate::region::Region;
use crate::scope::Scope;
use crate::service::Service;
use crate::service_endpoint::Variant;
use crate::{region_chain, service_endpoint};
use aws_credential_types::provider::SharedCredentialsProvider;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The region and the credentials of a scope, found once.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) region: Region,
    /// None for an anonymous session.
    pub(crate) credentials: Option<Arc<CredentialsCell>>,
    pub(crate) variant: Variant,
    endpoints: Vec<(Service, Endpoint)>,
}

impl Session {
    /// Finds the region and the endpoints of a scope. Credentials are not loaded yet.
    pub(crate) async fn open(host: &Arc<Host>, cells: &Cells, scope: &Scope) -> Result<Arc<Self>, Error> {
        let identity_profile = profile_of(scope.identity());
        let selected = profiles::selected(&host.environment);
        let profile = identity_profile.unwrap_or_else(|| selected.name());
        let credentials_error =
            |source| Error::Credentials { identity: scope.identity().to_string(), source: Box::new(source) };
        let profiles = Profiles::load(&host.environment).await.map_err(credentials_error)?;
        if identity_profile.is_some() && profiles.get(profile).is_none() {
            let missing: CredentialsError = profiles.missing(profile, None);
            return Err(credentials_error(missing));
        }
        let region = region_chain::resolve(host, scope.region(), &profiles, profile).await?;
        let mut endpoints = Vec::new();
        for service in Service::ALL {
            let endpoint = match scope.endpoint() {
                Some(endpoint) => Some(endpoint.clone()),
                None => service_endpoint::configured(service, &host.environment, &profiles, profile)?,
            };
            endpoints.extend(endpoint.map(|endpoint| (service, endpoint)));
        }
        let variant = service_endpoint::variant(&host.environment, &profiles, profile)?;
        let mut session = Self { region, credentials: None, variant, endpoints };
        if *scope.identity() != Identity::Anonymous {
            session.credentials =
                Some(cells.get(host, scope.identity(), session.endpoint(Service::Sts), variant));
        }
        Ok(Arc::new(session))
    }

    /// The endpoint in place of AWS's own.
    pub(crate) fn endpoint(&self, service: Service) -> Option<&Endpoint> {
        self.endpoints.iter().find(|(of, _)| *of == service).map(|(_, endpoint)| endpoint)
    }

    pub(crate) fn provider(&self) -> Option<SharedCredentialsProvider> {
        let cell = Arc::clone(self.credentials.as_ref()?);
        Some(SharedCredentialsProvider::new(CellProvider { cell, region: self.region.clone() }))
    }
}

/// The profile at the bottom of an identity.
fn profile_of(identity: &Identity) -> Option<&str> {
    match identity {
        Identity::Profile(name) => Some(name),
        Identity::AssumeRole(role) => profile_of(&role.base),
        _ => None,
    }
}

/// The credentials of every identity that some session uses.
#[derive(Debug, Default)]
pub(crate) struct Cells(Mutex<CellMap>);

#[derive(Debug, Default)]
struct CellMap {
    cells: HashMap<Digest, Weak<CredentialsCell>>,
    /// How many entries there may be before those of forgotten sessions are swept out.
    sweep_at: usize,
}

impl Cells {
    /// The credentials of an identity, the same for all who ask. STS is asked at `endpoint`.
    fn get(
        &self,
        host: &Arc<Host>,
        identity: &Identity,
        endpoint: Option<&Endpoint>,
        variant: Variant,
    ) -> Arc<CredentialsCell> {
        let base = match identity {
            Identity::AssumeRole(role) => Some(self.get(host, &role.base, endpoint, variant)),
            _ => None,
        };
        let key = Digest::of("cell", |writer| {
            writer.field(identity.digest().as_bytes());
            writer.optional(endpoint.map(Endpoint::as_str));
            writer.field([u8::from(variant.fips), u8::from(variant.dual_stack)]);
        });
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = map.cells.get(&key).and_then(Weak::upgrade) {
            return cell;
        }
        if map.cells.len() >= map.sweep_at {
            map.cells.retain(|_, cell| cell.strong_count() > 0);
            map.sweep_at = map.cells.len().saturating_mul(2).max(64);
        }
        let cell = CredentialsCell::new(
            Arc::clone(host),
            Arc::new(identity.clone()),
            endpoint.cloned(),
            variant,
            base,
        );
        map.cells.insert(key, Arc::downgrade(&cell));
        cell
    }

    /// Forgets every cell but those in `kept`, so that a new session loads its credentials anew, even while calls on
    /// cleared clients still use the old ones.
    pub(crate) fn keep_only(&self, kept: &[Arc<CredentialsCell>]) {
        let mut kept_cells: Vec<&Arc<CredentialsCell>> = kept.iter().collect();
        let mut with_bases = HashSet::new();
        while let Some(cell) = kept_cells.pop() {
            with_bases.insert(Arc::as_ptr(cell));
            kept_cells.extend(cell.base());
        }
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.cells.retain(|_, cell| with_bases.contains(&cell.as_ptr()));
    }
}
