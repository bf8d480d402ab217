use std::{fmt, net::Ipv4Addr, str::FromStr};

use super::{Arn, ArnError, Partition};

/// The name of an S3 bucket, by the rules for general purpose buckets: 3 to 63 lower-case letters, digits, dots and hyphens,
/// with a letter or digit at both ends, no two dots in a row, not an IPv4 address, and none of the prefixes and suffixes that
/// AWS reserves.
///
/// Nothing else can become part of a host name or path, so a name that is a URL, an ARN, has a slash, an `@` or a colon is an
/// error here. Buckets with older, laxer names (upper case, underscores) cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketName(Box<str>);

/// Why a text is no bucket name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BucketNameError {
    /// It is shorter than 3 or longer than 63 characters.
    #[error("a bucket name has 3 to 63 characters, not {0}")]
    Length(usize),
    /// It has a character that is no lower-case letter, digit, dot or hyphen.
    #[error("a bucket name is made of lower-case letters, digits, dots and hyphens, not {0:?}")]
    Character(char),
    /// It begins or ends with a dot or hyphen.
    #[error("a bucket name begins and ends with a letter or digit")]
    Edge,
    /// It has two dots in a row.
    #[error("a bucket name has no two dots in a row")]
    AdjacentDots,
    /// It is an IPv4 address.
    #[error("a bucket name is not an IP address")]
    IpAddress,
    /// It begins with a prefix that AWS keeps for itself.
    #[error("the prefix `{0}` is reserved by AWS")]
    ReservedPrefix(&'static str),
    /// It ends with a suffix that AWS keeps for itself or for other kinds of bucket.
    #[error("the suffix `{0}` is reserved by AWS")]
    ReservedSuffix(&'static str),
}

impl BucketName {
    const RESERVED_PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
    const RESERVED_SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn check(name: &str) -> Result<(), BucketNameError> {
        let length = name.chars().count();
        if !(3..=63).contains(&length) {
            return Err(BucketNameError::Length(length));
        }
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
        if let Some(other) = name.chars().find(|&c| !allowed(c)) {
            return Err(BucketNameError::Character(other));
        }
        if name.starts_with(['.', '-']) || name.ends_with(['.', '-']) {
            return Err(BucketNameError::Edge);
        }
        if name.contains("..") {
            return Err(BucketNameError::AdjacentDots);
        }
        // AWS speaks of the format: `192.168.5.400` is no address, and refused all the same.
        if name.parse::<Ipv4Addr>().is_ok()
            || (name.split('.').count() == 4
                && name.split('.').all(|part| part.bytes().all(|b| b.is_ascii_digit())))
        {
            return Err(BucketNameError::IpAddress);
        }
        if let Some(prefix) = Self::RESERVED_PREFIXES.into_iter().find(|prefix| name.starts_with(prefix)) {
            return Err(BucketNameError::ReservedPrefix(prefix));
        }
        if let Some(suffix) = Self::RESERVED_SUFFIXES.into_iter().find(|suffix| name.ends_with(suffix)) {
            return Err(BucketNameError::ReservedSuffix(suffix));
        }
        Ok(())
    }
}

impl FromStr for BucketName {
    type Err = BucketNameError;

    fn from_str(name: &str) -> Result<Self, BucketNameError> {
        Self::check(name).map(|()| Self(name.into()))
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A bucket as IAM names it: `arn:PARTITION:s3:::NAME`, or an access point to one:
/// `arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME`.
///
/// What is asked of an access point is decided on its own ARN, as IAM does it: a grant on the bucket behind it does not reach it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BucketArn {
    partition: Partition,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Place {
    Bucket(BucketName),
    AccessPoint { region: Box<str>, account: Box<str>, name: Box<str> },
}

/// An access point to a bucket: a name of its own, in a region and an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessPoint<'a> {
    /// The region that it, and the bucket behind it, are in.
    pub region: &'a str,
    /// The account that it belongs to, of twelve digits.
    pub account: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// Why a text is not the ARN of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BucketArnError {
    /// It is no ARN.
    #[error(transparent)]
    Arn(#[from] ArnError),
    /// It is the ARN of something else.
    #[error(
        "{} is not the ARN of a bucket, `arn:PARTITION:s3:::BUCKET`, or of an access point, \
         `arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME`",
        crate::text::quoted(.0)
    )]
    NotABucket(String),
    /// The bucket's name is none.
    #[error(transparent)]
    Name(#[from] BucketNameError),
    /// The access point's name is none.
    #[error(
        "the name of an access point has 3 to 50 lower-case letters, digits and hyphens, with no hyphen at its ends"
    )]
    AccessPointName,
}

impl BucketArn {
    /// The ARN of the bucket of this name in this partition.
    pub fn new(partition: Partition, name: BucketName) -> Self {
        Self { partition, place: Place::Bucket(name) }
    }

    /// The partition that the bucket is in.
    pub fn partition(&self) -> Partition {
        self.partition
    }

    /// The bucket's name; `None` for an access point, which hides it.
    pub fn name(&self) -> Option<&BucketName> {
        match &self.place {
            Place::Bucket(name) => Some(name),
            Place::AccessPoint { .. } => None,
        }
    }

    /// The access point, if it is one.
    pub fn access_point(&self) -> Option<AccessPoint<'_>> {
        match &self.place {
            Place::Bucket(_) => None,
            Place::AccessPoint { region, account, name } => Some(AccessPoint { region, account, name }),
        }
    }
}

impl TryFrom<&Arn> for BucketArn {
    type Error = BucketArnError;

    fn try_from(arn: &Arn) -> Result<Self, BucketArnError> {
        let partition = arn.partition();
        let (region, account, resource) = (arn.region(), arn.account(), arn.resource());
        if arn.service() == "s3" && region.is_empty() && account.is_empty() && !resource.contains('/') {
            return Ok(Self { partition, place: Place::Bucket(resource.parse()?) });
        }
        match resource.strip_prefix("accesspoint/") {
            // No region: a multi-region access point, which is called in a way of its own.
            Some(name)
                if arn.service() == "s3"
                    && !region.is_empty()
                    && !account.is_empty()
                    && !name.contains(['/', ':']) =>
            {
                check_access_point_name(name)?;
                let place =
                    Place::AccessPoint { region: region.into(), account: account.into(), name: name.into() };
                Ok(Self { partition, place })
            }
            _ => Err(BucketArnError::NotABucket(arn.to_string())),
        }
    }
}

/// The name becomes part of a host name.
fn check_access_point_name(name: &str) -> Result<(), BucketArnError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let edges = name.starts_with('-') || name.ends_with('-');
    if (3..=50).contains(&name.len()) && name.chars().all(allowed) && !edges && !name.ends_with("-s3alias") {
        return Ok(());
    }
    Err(BucketArnError::AccessPointName)
}

impl FromStr for BucketArn {
    type Err = BucketArnError;

    fn from_str(text: &str) -> Result<Self, BucketArnError> {
        Self::try_from(&text.parse::<Arn>()?)
    }
}

impl fmt::Display for BucketArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Bucket(name) => write!(f, "arn:{}:s3:::{name}", self.partition),
            Place::AccessPoint { region, account, name } => {
                write!(f, "arn:{}:s3:{region}:{account}:accesspoint/{name}", self.partition)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(name: &str) -> BucketNameError {
        name.parse::<BucketName>().unwrap_err()
    }

    #[test]
    fn takes_what_aws_takes() {
        for name in [
            "abc",
            "my-bucket",
            "my.bucket.example",
            "123",
            "a--b",
            "1.2.3",
            "prod-uploads-eu",
            &"a".repeat(63),
        ] {
            assert_eq!(name.parse::<BucketName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn refuses_what_aws_refuses() {
        assert_eq!(error(""), BucketNameError::Length(0));
        assert_eq!(error("ab"), BucketNameError::Length(2));
        assert_eq!(error(&"a".repeat(64)), BucketNameError::Length(64));
        assert_eq!(error("Uploads"), BucketNameError::Character('U'));
        assert_eq!(error("my_bucket"), BucketNameError::Character('_'));
        assert_eq!(error("bücket"), BucketNameError::Character('ü'));
        assert_eq!(error("-abc"), BucketNameError::Edge);
        assert_eq!(error("abc."), BucketNameError::Edge);
        assert_eq!(error("a..b"), BucketNameError::AdjacentDots);
        assert_eq!(error("192.168.5.4"), BucketNameError::IpAddress);
        assert_eq!(error("192.168.5.400"), BucketNameError::IpAddress);
        assert_eq!(error("xn--abc"), BucketNameError::ReservedPrefix("xn--"));
        assert_eq!(error("sthree-abc"), BucketNameError::ReservedPrefix("sthree-"));
        assert_eq!(error("amzn-s3-demo-bucket"), BucketNameError::ReservedPrefix("amzn-s3-demo-"));
        assert_eq!(error("abc-s3alias"), BucketNameError::ReservedSuffix("-s3alias"));
        assert_eq!(error("abc--ol-s3"), BucketNameError::ReservedSuffix("--ol-s3"));
        assert_eq!(error("abc.mrap"), BucketNameError::ReservedSuffix(".mrap"));
        assert_eq!(error("abc--usw2-az1--x-s3"), BucketNameError::ReservedSuffix("--x-s3"));
        assert_eq!(error("abc--table-s3"), BucketNameError::ReservedSuffix("--table-s3"));
    }

    #[test]
    fn refuses_what_would_change_the_host_or_path() {
        for name in [
            "a/b",
            "a@b.example",
            "abc?x",
            "abc#x",
            "abc:80",
            "https://abc",
            "arn:aws:s3:::abc",
            "abc\n",
            "a b",
        ] {
            assert!(matches!(error(name), BucketNameError::Character(_)), "{name}");
        }
    }

    #[test]
    fn reads_the_arn_of_a_bucket() {
        let arn: BucketArn = "arn:aws-cn:s3:::uploads".parse().unwrap();
        assert_eq!(arn.partition(), Partition::AwsCn);
        assert_eq!(arn.name().unwrap().as_str(), "uploads");
        assert!(arn.access_point().is_none());
        assert_eq!(arn.to_string(), "arn:aws-cn:s3:::uploads");
    }

    #[test]
    fn reads_the_arn_of_an_access_point() {
        let text = "arn:aws:s3:eu-west-1:123456789012:accesspoint/photos";
        let arn: BucketArn = text.parse().unwrap();
        let point = arn.access_point().unwrap();
        assert_eq!((point.region, point.account, point.name), ("eu-west-1", "123456789012", "photos"));
        assert!(arn.name().is_none());
        assert_eq!(arn.to_string(), text);
    }

    #[test]
    fn refuses_an_access_point_whose_name_would_change_the_host() {
        for name in [
            "ab",
            "Photos",
            "pho.tos",
            "-photos",
            "photos-",
            "photos@evil.example",
            "photos-s3alias",
            &"a".repeat(51),
        ] {
            let text = format!("arn:aws:s3:eu-west-1:123456789012:accesspoint/{name}");
            assert_eq!(text.parse::<BucketArn>().unwrap_err(), BucketArnError::AccessPointName, "{name}");
        }
    }

    #[test]
    fn refuses_the_arn_of_anything_else() {
        let error = |text: &str| text.parse::<BucketArn>().unwrap_err();
        for text in [
            "arn:aws:s3:::uploads/key",
            "arn:aws:s3:eu-west-1:123456789012:accesspoint/photos/object/key",
            "arn:aws:s3:eu-west-1:123456789012:accesspoint:photos",
            "arn:aws:s3:eu-west-1::accesspoint/photos",
            "arn:aws:s3::123456789012:accesspoint/photos.mrap",
            "arn:aws:s3-object-lambda:eu-west-1:123456789012:accesspoint/photos",
            "arn:aws:s3::123456789012:uploads",
            "arn:aws:sqs:eu-west-1:123456789012:uploads",
        ] {
            assert_eq!(error(text), BucketArnError::NotABucket(text.into()));
        }
        assert!(matches!(error("uploads"), BucketArnError::Arn(_)));
        assert!(matches!(error("arn:aws:s3:::Uploads"), BucketArnError::Name(_)));
    }
}
