//! Why a role could not be assumed.

use super::Source;
use crate::region::Region;
use std::time::Duration;

/// Why a role could not be assumed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoleError {
    /// The role's trust policy, or the policies of the base identity, do not allow it.
    #[error("AWS denied it to {base}{}", external_id_hint(*external_id))]
    AccessDenied {
        /// Whose credentials were used.
        base: String,
        /// Whether an external id was sent; AWS says the same for a missing, a wrong and a needless one.
        external_id: ExternalId,
        /// The answer.
        #[source]
        source: Source,
    },
    /// The duration is longer than the role allows.
    #[error("a duration of {} s is over the role's maximum", duration.as_secs())]
    DurationOverMaximum {
        /// What was asked for.
        duration: Duration,
        /// The answer.
        #[source]
        source: Source,
    },
    /// AWS does not accept the session policy.
    #[error("AWS does not accept the session policy")]
    SessionPolicy {
        /// The answer.
        #[source]
        source: Source,
    },
    /// STS is not activated in the region for the role's account.
    #[error("STS is not activated in region `{region}` for the account")]
    RegionDisabled {
        /// The region.
        region: Region,
        /// The answer.
        #[source]
        source: Source,
    },
    /// The role is in another partition than the region, so that no call can reach both.
    #[error("region `{region}` is in partition `{}`, and the role is not", region.partition())]
    OtherPartition {
        /// The region.
        region: Region,
    },
    /// AWS does not accept the web identity token: it has expired, or the role does not trust who issued it.
    #[error("AWS does not accept the web identity token")]
    WebIdentityToken {
        /// The answer.
        #[source]
        source: Source,
    },
    /// STS could not be reached.
    #[error("no answer from STS")]
    Connection {
        /// What went wrong.
        #[source]
        source: Source,
    },
    /// STS answered with another error.
    #[error("STS answered with `{code}`")]
    Service {
        /// AWS's error code, or `unknown`.
        code: String,
        /// The answer.
        #[source]
        source: Source,
    },
}

/// Whether an external id was sent with AssumeRole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternalId {
    /// One was sent.
    Sent,
    /// None was sent.
    NotSent,
}

fn external_id_hint(external_id: ExternalId) -> &'static str {
    match external_id {
        ExternalId::Sent => "",
        ExternalId::NotSent => " (no external id was sent; the role's trust policy may ask for one)",
    }
}
