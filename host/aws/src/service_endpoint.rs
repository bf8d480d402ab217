//! What the environment and the profile say about endpoints: `AWS_ENDPOINT_URL` and its relations, FIPS and dual stack.
//!
//! Ignoring them would be worse than having them: who points the AWS tools at a local stack, or at validated
//! cryptography, does not expect one of them to go on to the usual AWS.

use crate::endpoint::Endpoint;
use crate::environment::Environment;
use crate::error::ConfigurationError;
use crate::profiles::Profiles;
use crate::service::Service;
use aws_runtime::env_config::property::PropertiesKey;

/// The endpoint of `service` that the environment or `profile` names, in the order of the AWS SDKs: the variable of the
/// service, the variable of all services, the service in the profile, all services in the profile.
pub(crate) fn configured(
    service: Service,
    environment: &Environment,
    profiles: &Profiles,
    profile: &str,
) -> Result<Option<Endpoint>, ConfigurationError> {
    if is_ignored(environment, profiles, profile) {
        return Ok(None);
    }
    let variables =
        [format!("AWS_ENDPOINT_URL_{}", service.as_str().to_uppercase()), "AWS_ENDPOINT_URL".to_owned()];
    for variable in variables {
        if let Some(url) = environment.variable(&variable) {
            return from(format!("`{variable}`"), &url).map(Some);
        }
    }
    let place = || format!("profile `{profile}`");
    if let Some(url) = of_service(service, profiles, profile) {
        return from(place(), url).map(Some);
    }
    match profiles.get(profile).and_then(|profile| profile.get("endpoint_url")) {
        Some(url) => from(place(), url).map(Some),
        None => Ok(None),
    }
}

/// Which of AWS's own endpoints are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Variant {
    /// Those with FIPS 140 validated cryptography.
    pub(crate) fips: bool,
    /// Those that have an IPv6 address too.
    pub(crate) dual_stack: bool,
}

/// The variant that the environment or `profile` asks for.
pub(crate) fn variant(
    environment: &Environment,
    profiles: &Profiles,
    profile: &str,
) -> Result<Variant, ConfigurationError> {
    let is_set = |variable: &str, setting: &str| {
        let (place, value) = match environment.variable(variable) {
            Some(value) => (format!("`{variable}`"), value),
            None => match profiles.get(profile).and_then(|profile| profile.get(setting)) {
                Some(value) => (format!("`{setting}` of profile `{profile}`"), value.to_owned()),
                None => return Ok(false),
            },
        };
        match value.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(ConfigurationError::NotBoolean { place, value }),
        }
    };
    Ok(Variant {
        fips: is_set("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?,
        dual_stack: is_set("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?,
    })
}

fn is_ignored(environment: &Environment, profiles: &Profiles, profile: &str) -> bool {
    let variable = environment.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    let setting = profiles.get(profile).and_then(|profile| profile.get("ignore_configured_endpoint_urls"));
    variable.as_deref().or(setting).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
}

/// The `endpoint_url` of a service in the `[services NAME]` that the profile names.
fn of_service<'a>(service: Service, profiles: &'a Profiles, profile: &str) -> Option<&'a str> {
    let section = profiles.get(profile)?.get("services")?;
    let key = PropertiesKey::builder()
        .section_key("services")
        .section_name(section)
        .property_name(service.as_str())
        .sub_property_name("endpoint_url")
        .build()
        .ok()?;
    profiles.set().other_sections().get(&key).map(String::as_str)
}

fn from(place: String, url: &str) -> Result<Endpoint, ConfigurationError> {
    Endpoint::new(url).map_err(|source| ConfigurationError::From { place, source: Box::new(source) })
}
