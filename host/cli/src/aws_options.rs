//! `--region`, `--profile` and `--endpoint-url`: how AWS is reached, in place of what the manifest says.

use innkeeper::HostBuilder;
use innkeeper::aws::{Endpoint, Identity, Region};

use crate::exit::Exit;
use crate::failure::Failure;

/// The options as they are given.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "AWS")]
pub(crate) struct AwsOptions {
    /// The region, in place of those of the manifest and of `AWS_REGION`
    #[arg(long, value_name = "REGION")]
    region: Option<String>,

    /// The profile that credentials come from, in place of what the manifest says
    ///
    /// A profile of `~/.aws/config` or `~/.aws/credentials`. The roles that the manifest names are still assumed, with this
    /// profile's credentials.
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,

    /// An endpoint in place of AWS's own, for all services: another S3, a local stack
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
}

/// The options, checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct AwsOverrides {
    region: Option<Region>,
    profile: Option<String>,
    endpoint: Option<Endpoint>,
}

impl AwsOptions {
    /// Whether they name a place or credentials that are not the fake's.
    pub(crate) fn is_about_aws(&self) -> bool {
        self.profile.is_some() || self.endpoint_url.is_some()
    }

    pub(crate) fn check(self) -> Result<AwsOverrides, Failure> {
        let region = self.region.map(|name| Region::new(&name)).transpose();
        let endpoint = self.endpoint_url.map(|url| Endpoint::new(&url)).transpose();
        Ok(AwsOverrides {
            region: region.map_err(|error| {
                Failure::doing(Exit::Usage, "wrong value for `--region`", &error)
                    .with_help("a region is named as in `eu-west-1`")
            })?,
            profile: self.profile,
            endpoint: endpoint.map_err(|error| {
                Failure::doing(Exit::Usage, "wrong value for `--endpoint-url`", &error)
                    .with_help("an endpoint is a place only, as in `http://127.0.0.1:5000`")
            })?,
        })
    }
}

impl AwsOverrides {
    /// Gives them to a host.
    pub(crate) fn apply(self, mut host: HostBuilder) -> HostBuilder {
        if let Some(region) = self.region {
            host = host.region(region);
        }
        if let Some(profile) = self.profile {
            host = host.credentials(Identity::Profile(profile));
        }
        if let Some(endpoint) = self.endpoint {
            host = host.endpoint(endpoint);
        }
        host
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_endpoint_is_not_repeated() {
        let options =
            AwsOptions { endpoint_url: Some("https://me:hunter2@host/".to_owned()), ..AwsOptions::default() };
        let failure = options.check().unwrap_err();
        assert_eq!(failure.exit(), Exit::Usage);
        assert!(!failure.to_string().contains("hunter2"), "{failure}");
    }

    #[test]
    fn a_region_that_is_none_is_a_wrong_usage() {
        let options = AwsOptions { region: Some("x@evil.example/".to_owned()), ..AwsOptions::default() };
        assert_eq!(options.check().unwrap_err().exit(), Exit::Usage);
    }
}
