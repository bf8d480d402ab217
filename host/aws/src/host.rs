//! What every session and client of a factory has in common.

use crate::class::{ClassConfig, Classes, RetryMode, StallProtection};
use crate::environment::{Compute, Environment};
use crate::region::Region;
use crate::service_endpoint::Variant;
use crate::service_http::ServiceHttp;
use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::app_name::AppName;

/// What every session and client of a factory has in common.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) http: SharedHttpClient,
    /// What stands before it in the clients of services.
    pub(crate) service_http: Option<ServiceHttp>,
    pub(crate) time: SharedTimeSource,
    pub(crate) sleep: SharedAsyncSleep,
    pub(crate) environment: Environment,
    pub(crate) compute: Compute,
    pub(crate) region: Option<Region>,
    pub(crate) allowed_regions: Option<Vec<Region>>,
    pub(crate) classes: Classes,
}

/// Pinned, so that an update of the SDK does not change timeouts, retries or checksums unseen.
pub(crate) fn behavior_version() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

impl Host {
    /// The part of a client's configuration that does not depend on its service.
    pub(crate) fn sdk_config(
        &self,
        class: &ClassConfig,
        region: &Region,
        variant: Variant,
    ) -> aws_types::sdk_config::Builder {
        let mut config = SdkConfig::builder()
            .behavior_version(behavior_version())
            .http_client(self.http.clone())
            .time_source(self.time.clone())
            .sleep_impl(self.sleep.clone())
            .timeout_config(timeouts(class))
            .retry_config(retries(class))
            .stalled_stream_protection(stall_protection(class.stall_protection))
            // The cells of the factory are the cache.
            .identity_cache(aws_smithy_runtime::client::identity::IdentityCache::no_cache())
            .region(region.to_sdk())
            .use_fips(variant.fips)
            .use_dual_stack(variant.dual_stack);
        config.set_app_name(AppName::new("innkeeper").ok());
        config
    }
}

fn timeouts(class: &ClassConfig) -> TimeoutConfig {
    let mut timeouts = TimeoutConfig::builder().connect_timeout(class.connect_timeout);
    timeouts.set_operation_attempt_timeout(class.attempt_timeout);
    timeouts.set_operation_timeout(class.operation_timeout);
    timeouts.build()
}

fn retries(class: &ClassConfig) -> RetryConfig {
    let retries = match class.retry_mode {
        RetryMode::Standard => RetryConfig::standard(),
        RetryMode::Adaptive => RetryConfig::adaptive(),
    };
    retries.with_max_attempts(class.max_attempts.get())
}

fn stall_protection(protection: StallProtection) -> StalledStreamProtectionConfig {
    match protection {
        StallProtection::After(grace) => StalledStreamProtectionConfig::enabled().grace_period(grace).build(),
        StallProtection::Off => StalledStreamProtectionConfig::disabled(),
    }
}
