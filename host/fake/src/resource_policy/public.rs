//! What AWS calls public: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>.

use ipnet::{IpNet, Ipv4Net};

use super::condition::{Condition, network};

/// The keys that hold a statement for everybody to some, where their values are fixed.
const NARROWING: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    ACCESS_POINT,
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];

/// Of its value the name of the access point may be any.
const ACCESS_POINT: &str = "s3:dataaccesspointarn";

/// The widest networks that are not everybody's.
const WIDEST: (u8, u8) = (8, 32);

/// Whether a condition holds a statement that is for everybody to some.
pub(super) fn narrows(condition: &Condition) -> bool {
    let key = condition.key();
    let is_fixed = |value: &String| match key {
        "aws:sourceip" => network(value).is_some_and(|network| is_narrow(&network)),
        ACCESS_POINT => value.rsplit_once(':').is_some_and(|(account, _)| has_no_wildcard(account)),
        _ => has_no_wildcard(value),
    };
    NARROWING.contains(&key) && condition.is_demanded() && condition.values().iter().all(is_fixed)
}

fn has_no_wildcard(value: &str) -> bool {
    !value.contains(['*', '?']) && !value.contains("${")
}

fn is_narrow(network: &IpNet) -> bool {
    match network {
        IpNet::V4(network) => network.prefix_len() >= WIDEST.0 || is_private(*network),
        IpNet::V6(network) => network.prefix_len() >= WIDEST.1,
    }
}

/// RFC 1918
fn is_private(network: Ipv4Net) -> bool {
    network.network().is_private() && network.broadcast().is_private()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::resource_policy::condition::parse;

    fn is_narrowed(condition: &Value) -> bool {
        parse(condition).unwrap().iter().any(narrows)
    }

    #[test]
    fn only_fixed_values_of_who_and_from_where_narrow() {
        for condition in [
            json!({ "StringEquals": { "aws:PrincipalOrgID": "o-aaaaaaaaaa" } }),
            json!({ "StringLike": { "AWS:SourceVpc": ["vpc-1", "vpc-2"] } }),
            json!({ "ArnLike": { "aws:SourceArn": "arn:aws:sns:eu-west-1:123456789012:topic" } }),
            json!({ "ArnLike": { "s3:DataAccessPointArn": "arn:aws:s3:eu-west-1:123456789012:accesspoint/*" } }),
            json!({ "IpAddress": { "aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32", "192.0.2.1"] } }),
            json!({ "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } }),
        ] {
            assert!(is_narrowed(&condition), "{condition}");
        }
        for condition in [
            json!({}),
            json!({ "Bool": { "aws:SecureTransport": "true" } }),
            json!({ "StringEquals": { "aws:Referer": "http://a.example/" } }),
            json!({ "StringEquals": { "s3:x-amz-acl": "private" } }),
            json!({ "StringLike": { "aws:SourceVpc": "vpc-*" } }),
            json!({ "StringEquals": { "aws:SourceVpc": "${aws:SourceVpc}" } }),
            json!({ "StringLike": { "aws:SourceVpc": ["vpc-1", "*"] } }),
            json!({ "StringEqualsIfExists": { "aws:SourceVpc": "vpc-1" } }),
            json!({ "ForAllValues:StringEquals": { "aws:PrincipalOrgPaths": "o-a/r-b/" } }),
            json!({ "StringNotEquals": { "aws:SourceVpc": "vpc-1" } }),
            json!({ "Null": { "aws:SourceVpc": "false" } }),
            json!({ "ArnLike": { "s3:DataAccessPointArn": "arn:aws:s3:*:*:accesspoint/mine" } }),
            json!({ "IpAddress": { "aws:SourceIp": "0.0.0.0/0" } }),
            json!({ "IpAddress": { "aws:SourceIp": ["203.0.113.0/24", "64.0.0.0/7"] } }),
            json!({ "IpAddress": { "aws:SourceIp": "2001::/16" } }),
            json!({ "NotIpAddress": { "aws:SourceIp": "203.0.113.0/24" } }),
        ] {
            assert!(!is_narrowed(&condition), "{condition}");
        }
    }
}
