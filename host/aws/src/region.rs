//! AWS regions, checked for their form, and the partitions they belong to.

use crate::error::RegionError;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The longest region name that is accepted. AWS's longest, `us-gov-west-1` and its like, have less than half of it.
const MAX_LENGTH: usize = 32;

/// An AWS region whose form has been checked, such as `eu-west-1`.
///
/// A region becomes part of the host name that a request is sent to, so that a hostile one (`x@evil.example/`) would
/// choose who gets the request. A value of this type can only be lower-case letters, digits and inner hyphens, of the
/// shape *letters* `-` *word* (`-` *word*)… `-` *number*, and always lies in a partition that the SDK knows.
///
/// ```
/// use innkeeper_aws::{Partition, Region};
///
/// let region: Region = "us-gov-west-1".parse()?;
/// assert_eq!(region.partition(), Partition::AwsUsGov);
/// assert!("x@evil.example/".parse::<Region>().is_err());
/// # Ok::<(), innkeeper_aws::RegionError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region {
    name: Arc<str>,
    partition: Partition,
}

impl Region {
    /// Checks `name` and finds its partition.
    ///
    /// # Errors
    ///
    /// [`RegionError::Malformed`] for what could not be a region, [`RegionError::UnknownPartition`] for a well-formed
    /// name of which no partition is known.
    pub fn new(name: &str) -> Result<Self, RegionError> {
        if !is_well_formed(name) {
            return Err(RegionError::Malformed { region: name.to_owned() });
        }
        let partition =
            Partition::of(name).ok_or_else(|| RegionError::UnknownPartition { region: name.to_owned() })?;
        Ok(Self { name: name.into(), partition })
    }

    /// The region's name, as AWS spells it.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The partition that the region belongs to.
    pub fn partition(&self) -> Partition {
        self.partition
    }

    pub(crate) fn to_sdk(&self) -> aws_types::region::Region {
        aws_types::region::Region::new(self.name.to_string())
    }
}

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Region").field(&self.as_str()).finish()
    }
}

/// `^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`, the form of every region that AWS has.
fn is_well_formed(name: &str) -> bool {
    if name.len() > MAX_LENGTH {
        return false;
    }
    let words: Vec<&str> = name.split('-').collect();
    let [first, middle @ .., number] = words.as_slice() else { return false };
    let letters = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    (2..=4).contains(&first.len())
        && letters(first)
        && !middle.is_empty()
        && middle.iter().all(|word| letters(word))
        && (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// An AWS partition: a separate AWS with its own accounts, ARNs and DNS suffix.
///
/// The SDK has this table too, but keeps it private; a test holds the two together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Partition {
    /// `aws`, the commercial regions.
    Aws,
    /// `aws-cn`, China.
    AwsCn,
    /// `aws-eusc`, the European Sovereign Cloud.
    AwsEusc,
    /// `aws-iso`.
    AwsIso,
    /// `aws-iso-b`.
    AwsIsoB,
    /// `aws-iso-e`.
    AwsIsoE,
    /// `aws-iso-f`.
    AwsIsoF,
    /// `aws-us-gov`, GovCloud (US).
    AwsUsGov,
}

impl Partition {
    /// Every partition.
    pub const ALL: [Self; 8] = [
        Self::Aws,
        Self::AwsCn,
        Self::AwsEusc,
        Self::AwsIso,
        Self::AwsIsoB,
        Self::AwsIsoE,
        Self::AwsIsoF,
        Self::AwsUsGov,
    ];

    /// The partition's identifier, as it stands in the second field of an ARN.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsEusc => "aws-eusc",
            Self::AwsIso => "aws-iso",
            Self::AwsIsoB => "aws-iso-b",
            Self::AwsIsoE => "aws-iso-e",
            Self::AwsIsoF => "aws-iso-f",
            Self::AwsUsGov => "aws-us-gov",
        }
    }

    /// The suffix of the partition's host names, without a leading dot.
    pub fn dns_suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::AwsUsGov => "amazonaws.com",
            Self::AwsCn => "amazonaws.com.cn",
            Self::AwsEusc => "amazonaws.eu",
            Self::AwsIso => "c2s.ic.gov",
            Self::AwsIsoB => "sc2s.sgov.gov",
            Self::AwsIsoE => "cloud.adc-e.uk",
            Self::AwsIsoF => "csp.hci.ic.gov",
        }
    }

    /// The region expressions of the SDK's partition data. All but the first are a prefix, one word and a number; the
    /// commercial regions are known by their first word, and have exactly three.
    fn of(region: &str) -> Option<Self> {
        const PREFIXES: [(&str, Partition); 7] = [
            ("cn-", Partition::AwsCn),
            ("eusc-de-", Partition::AwsEusc),
            ("us-iso-", Partition::AwsIso),
            ("us-isob-", Partition::AwsIsoB),
            ("eu-isoe-", Partition::AwsIsoE),
            ("us-isof-", Partition::AwsIsoF),
            ("us-gov-", Partition::AwsUsGov),
        ];
        const COMMERCIAL: [&str; 9] = ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"];

        let word_and_number = |rest: &str| rest.split('-').count() == 2;
        for (prefix, partition) in PREFIXES {
            if region.strip_prefix(prefix).is_some_and(word_and_number) {
                return Some(partition);
            }
        }
        let (first, rest) = region.split_once('-')?;
        (COMMERCIAL.contains(&first) && word_and_number(rest)).then_some(Self::Aws)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
    use proptest::prelude::*;

    #[test]
    fn regions_lie_in_their_partitions() {
        for (region, partition) in [
            ("eu-west-1", Partition::Aws),
            ("ap-southeast-7", Partition::Aws),
            ("mx-central-1", Partition::Aws),
            ("cn-northwest-1", Partition::AwsCn),
            ("eusc-de-east-1", Partition::AwsEusc),
            ("us-iso-east-1", Partition::AwsIso),
            ("us-isob-east-1", Partition::AwsIsoB),
            ("eu-isoe-west-1", Partition::AwsIsoE),
            ("us-isof-south-1", Partition::AwsIsoF),
            ("us-gov-west-1", Partition::AwsUsGov),
        ] {
            assert_eq!(Region::new(region).unwrap().partition(), partition, "{region}");
        }
    }

    #[tokio::test]
    async fn the_partition_table_agrees_with_the_sdk() {
        for region in [
            "eu-west-1",
            "cn-north-1",
            "eusc-de-east-1",
            "us-iso-west-1",
            "us-isob-east-1",
            "eu-isoe-west-1",
            "us-isof-east-1",
            "us-gov-east-1",
        ] {
            let params = Params::builder().region(region).build().unwrap();
            let endpoint = DefaultResolver::new().resolve_endpoint(&params).await.unwrap();
            let suffix = Region::new(region).unwrap().partition().dns_suffix();
            assert_eq!(endpoint.url(), format!("https://sts.{region}.{suffix}"));
        }
    }

    #[test]
    fn errors_when_a_region_could_change_the_host() {
        for hostile in [
            "",
            "x@evil.example/",
            "eu-west-1/",
            "eu-west-1.evil.example",
            "eu-west-1#",
            "eu-west-1?",
            "eu-west-1:443",
            "eu-west-1\n",
            "EU-WEST-1",
            "eu--west-1",
            "-eu-west-1",
            "eu-west-",
            "eu-1",
            "eu-west-111",
            "europe-west-1",
            "eu-wëst-1",
            "aws-global",
            "us-east-1-evil",
        ] {
            assert!(matches!(Region::new(hostile), Err(RegionError::Malformed { .. })), "{hostile}");
        }
    }

    #[test]
    fn errors_when_no_partition_has_the_region() {
        for unknown in ["xx-west-1", "eusc-fr-east-1", "us-evil-east-1", "us-gov-very-west-1"] {
            assert!(matches!(Region::new(unknown), Err(RegionError::UnknownPartition { .. })), "{unknown}");
        }
    }

    proptest! {
        #[test]
        fn a_region_that_is_accepted_is_one_dns_label(name in "\\PC{0,40}") {
            if let Ok(region) = Region::new(&name) {
                prop_assert!(region.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
                prop_assert!(region.as_str().len() < 64);
            }
        }

        #[test]
        fn what_stands_after_a_region_is_never_accepted(rest in "[^0-9]\\PC{0,10}") {
            let region = format!("eu-west-1{rest}");
            prop_assert!(Region::new(&region).is_err());
        }
    }
}
