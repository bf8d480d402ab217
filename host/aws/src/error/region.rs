//! Why a region cannot be used.

use super::{Looked, list};
use crate::region::Region;

/// Why a region cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegionError {
    /// Nobody names one.
    #[error("none is configured: {}", list(searched))]
    NotFound {
        /// What was looked at, in order, with what was found there.
        searched: Vec<Looked>,
    },
    /// The name has not the form of a region, and could change the host that is called.
    #[error("`{}` is not a region", region.escape_debug())]
    Malformed {
        /// What was given.
        region: String,
    },
    /// The name has the form of a region, but no partition has one like it.
    #[error("region `{region}` is in no partition that the SDK knows")]
    UnknownPartition {
        /// What was given.
        region: String,
    },
    /// A source names something that is no region.
    #[error("from {place}")]
    From {
        /// The source.
        place: String,
        /// What is wrong with it.
        #[source]
        source: Box<RegionError>,
    },
    /// The region is not among those that the manifest allows.
    #[error("region `{region}` (from {place}) is not among `allowed-regions`: {}", list(allowed))]
    NotAllowed {
        /// The region.
        region: Region,
        /// What named it.
        place: String,
        /// Those that are allowed.
        allowed: Vec<Region>,
    },
}
