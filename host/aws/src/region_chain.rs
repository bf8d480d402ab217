//! Which region a scope is in.

use crate::credentials::instance_metadata;
use crate::error::{Looked, RegionError};
use crate::host::Host;
use crate::profiles::Profiles;
use crate::region::Region;

/// Finds the region, in this order: the scope (a guest's own), the factory (`[aws]` in the manifest), `AWS_REGION`,
/// `AWS_DEFAULT_REGION`, the profile, and instance metadata where it may be asked. The first that names one decides: a
/// name that is no region is an error, and so is a region that is not allowed.
pub(crate) async fn resolve(
    host: &Host,
    scope: Option<&Region>,
    profiles: &Profiles,
    profile: &str,
) -> Result<Region, RegionError> {
    let mut searched = Vec::new();
    for (place, region) in [("the guest", scope), ("`[aws]`", host.region.as_ref())] {
        match region {
            Some(region) => return allowed(host, region.clone(), place),
            None => searched.push(Looked::new(place, "none")),
        }
    }
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        let place = format!("`{name}`");
        match host.environment.variable(name) {
            Some(region) => return named(host, region.trim(), &place),
            None => searched.push(Looked::new(place, "not set")),
        }
    }
    let place = format!("profile `{profile}`");
    match of_profile(profiles, profile) {
        Ok(region) => return named(host, region, &place),
        Err(found) => searched.push(Looked::new(place, found)),
    }
    if let Some(region) = instance_metadata::region(host).await {
        return named(host, &region, "instance metadata");
    }
    let found = instance_metadata::refusal(host).unwrap_or("no answer");
    searched.push(Looked::new("instance metadata", found));
    Err(RegionError::NotFound { searched })
}

/// The region of a profile, or else of the nearest `source_profile` that has one.
fn of_profile<'a>(profiles: &'a Profiles, name: &str) -> Result<&'a str, &'static str> {
    let mut profile = profiles.get(name).ok_or("it does not exist")?;
    let mut visited = vec![profile.name()];
    loop {
        if let Some(region) = profile.get("region") {
            return Ok(region);
        }
        match profile.get("source_profile").and_then(|source| profiles.get(source)) {
            Some(source) if !visited.contains(&source.name()) => profile = source,
            _ => return Err("it has no `region`"),
        }
        visited.push(profile.name());
    }
}

fn named(host: &Host, region: &str, place: &str) -> Result<Region, RegionError> {
    match Region::new(region) {
        Ok(region) => allowed(host, region, place),
        Err(source) => Err(RegionError::From { place: place.to_owned(), source: Box::new(source) }),
    }
}

fn allowed(host: &Host, region: Region, place: &str) -> Result<Region, RegionError> {
    match &host.allowed_regions {
        Some(allowed) if !allowed.contains(&region) => {
            Err(RegionError::NotAllowed { region, place: place.to_owned(), allowed: allowed.clone() })
        }
        _ => Ok(region),
    }
}
