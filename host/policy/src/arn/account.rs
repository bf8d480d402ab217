use std::{fmt, str::FromStr};

use super::{Partition, is_label};

/// The id of an AWS account: twelve digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(Box<str>);

/// Why a text is no account id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an account id is twelve digits, not {}", crate::text::quoted(.0))]
pub struct AccountIdError(pub String);

impl AccountId {
    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn is_account_id(text: &str) -> bool {
        text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
    }
}

impl FromStr for AccountId {
    type Err = AccountIdError;

    fn from_str(text: &str) -> Result<Self, AccountIdError> {
        if Self::is_account_id(text) { Ok(Self(text.into())) } else { Err(AccountIdError(text.to_owned())) }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account in a region: where a queue or a function lives, and what a plain name of one is short for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountRegion {
    partition: Partition,
    region: Box<str>,
    account: AccountId,
}

/// Why a text is no region.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the region {} is not lower-case letters, digits and hyphens", crate::text::quoted(.0))]
pub struct RegionNameError(pub String);

impl AccountRegion {
    /// An account in a region, in the partition that the region belongs to.
    ///
    /// # Errors
    ///
    /// If the region has characters that no region's name has, and that could change a host name that it becomes part of.
    pub fn new(region: &str, account: AccountId) -> Result<Self, RegionNameError> {
        if !is_label(region) {
            return Err(RegionNameError(region.to_owned()));
        }
        Ok(Self { partition: Partition::of_region(region), region: region.into(), account })
    }

    /// What the fields of an ARN say, or `None` where one is missing or is not that of an account.
    pub(super) fn of_arn(arn: &super::Arn) -> Option<Self> {
        if arn.region().is_empty() {
            return None;
        }
        let account = arn.account().parse().ok()?;
        Some(Self { partition: arn.partition(), region: arn.region().into(), account })
    }

    /// The same region, of another account.
    pub(super) fn of_account(&self, account: AccountId) -> Self {
        Self { account, ..self.clone() }
    }

    /// The partition.
    pub fn partition(&self) -> Partition {
        self.partition
    }

    /// The region's name.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The account.
    pub fn account(&self) -> &AccountId {
        &self.account
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_twelve_digits() {
        assert_eq!("123456789012".parse::<AccountId>().unwrap().to_string(), "123456789012");
        for wrong in ["", "aws", "12345678901", "1234567890123", "12345678901a", "١٢٣٤٥٦٧٨٩٠١٢"] {
            assert_eq!(wrong.parse::<AccountId>(), Err(AccountIdError(wrong.into())));
        }
    }

    #[test]
    fn a_region_brings_its_partition() {
        let account: AccountId = "123456789012".parse().unwrap();
        assert_eq!(AccountRegion::new("cn-north-1", account.clone()).unwrap().partition(), Partition::AwsCn);
        assert_eq!(AccountRegion::new("eu-west-1", account.clone()).unwrap().partition(), Partition::Aws);
        for wrong in ["", "x@evil.example/", "EU-WEST-1", "eu west"] {
            assert_eq!(AccountRegion::new(wrong, account.clone()), Err(RegionNameError(wrong.into())));
        }
    }
}
