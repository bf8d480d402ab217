//! Hosts that record, and that replay.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use innkeeper::aws::{Compute, Endpoint, Environment, Identity, Region, StaticKeys};
use innkeeper::{Error, Host, HostBuilder, Manifest, Resolver};
use innkeeper_fake::Clock;

use super::{Player, Recorder, Start};

/// The region of a recording that has none, since its host had none.
const NO_REGION: &str = "us-east-1";

/// A host for the guests of a manifest whose AWS gives the recorded answers, looked on at by a recorder.
///
/// Nothing of the process's environment is read, no role is assumed and nothing is sent to AWS. Region, endpoint and the time at which
/// the call begins are the recorded ones; make it where the clock of tokio is paused, and the guest's sleeps and the SDK's backoff take
/// no time. Names of hosts that the guest would send requests to (`wasi:http`) are not looked up.
///
/// # Errors
///
/// [`Error::Aws`] for settings that a factory refuses: a region that the manifest does not allow.
pub fn host_on_recording(
    start: &Start,
    player: &Player,
    recorder: &Recorder,
    manifest: Manifest,
) -> Result<HostBuilder, Error> {
    let no_files: [(&str, &str); 0] = [];
    let region = start.region.as_deref().unwrap_or(NO_REGION);
    let (play, record) = (player.before(), recorder.before());
    let factory = manifest
        .client_factory()
        .http_client(player.nothing())
        .service_http(move |service, guest, http| record(service, guest, play(service, guest, http)))
        .time_source(Clock::tokio_from(start.began()))
        .environment(Environment::fixed([("AWS_REGION", region)], no_files))
        .compute(Compute::NotOnAws)
        .build()
        .map_err(innkeeper::aws::Error::from)?;
    let keys = StaticKeys::new("REPLAY", "a recording takes any key");
    let mut host = Host::builder(manifest)
        .factory(factory)
        .identity(Identity::Static(keys))
        .region(Region::new(region).map_err(innkeeper::aws::Error::from)?)
        .audit(Arc::new(recorder.clone()))
        .exchanges(Arc::new(recorder.clone()))
        .resolver(Arc::new(NoNames));
    if let Some(endpoint) = &start.endpoint {
        host = host.endpoint(Endpoint::new(endpoint).map_err(innkeeper::aws::Error::from)?);
    }
    Ok(host)
}

/// Knows no host.
struct NoNames;

#[async_trait]
impl Resolver for NoNames {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Err(io::Error::new(io::ErrorKind::NotFound, "no names are looked up in a replay"))
    }
}
