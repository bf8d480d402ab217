use http::HeaderMap;

use super::signer::Signer;
use crate::calls::Service;

/// Where a request is addressed: the service, and what its host name says besides.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) service: Service,
    /// The region of one of AWS's own endpoints.
    pub(crate) region: Option<String>,
    /// The bucket of a virtual-host style request to S3.
    pub(crate) bucket: Option<String>,
}

/// What stands for S3 in a host of AWS: what is left of it is a bucket, or the `NAME-ACCOUNT` of an access point.
const S3_LABELS: [&str; 5] = ["s3", "s3-fips", "s3-accelerate", "s3-accesspoint", "s3-accesspoint-fips"];

impl Endpoint {
    /// Reads the host as AWS's own endpoints are built, or else, at a custom endpoint, what the request carries.
    pub(crate) fn of(host: &str, headers: &HeaderMap, signer: Option<&Signer>) -> Self {
        let host = host_name(host).to_ascii_lowercase();
        let aws = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"]
            .iter()
            .find_map(|suffix| host.strip_suffix(suffix));
        if let Some(name) = aws {
            return Self::of_aws(name);
        }
        let service = service_of(headers, signer);
        let bucket = (service == Service::S3).then(|| custom_bucket(&host)).flatten();
        Self { service, region: None, bucket }
    }

    /// `name` is the host without AWS's domain: `s3.eu-west-1`, `bucket.s3.eu-west-1`, `sts`.
    fn of_aws(name: &str) -> Self {
        let labels: Vec<&str> = name.split('.').collect();
        // From the right: a bucket may have a label `s3` of its own.
        let s3 = labels.iter().rposition(|label| S3_LABELS.contains(label));
        if let Some(at) = s3 {
            let (bucket, after) = labels.split_at(at);
            let region = after.iter().skip(1).find(|label| **label != "dualstack");
            let accelerated = after.first() == Some(&"s3-accelerate");
            return Self {
                service: Service::S3,
                // The endpoint without a region is the one of `us-east-1`, except for that of all regions.
                region: (!accelerated).then(|| region.map_or("us-east-1", |region| region).to_owned()),
                bucket: (!bucket.is_empty()).then(|| bucket.join(".")),
            };
        }
        // The oldest endpoints of SQS, which some clients still have.
        if let ["queue"] | [_, "queue"] = labels.as_slice() {
            let region = labels.first().filter(|_| labels.len() == 2).unwrap_or(&"us-east-1");
            return Self { service: Service::Sqs, region: Some((*region).to_owned()), bucket: None };
        }
        // Before the service may stand an account or a resource: `portal.sso.eu-west-1`.
        let (service, region) = match labels.as_slice() {
            [.., service, region] => (*service, *region),
            _ => (name, "us-east-1"),
        };
        Self { service: Service::of(service), region: Some(region.to_owned()), bucket: None }
    }
}

/// The service of a request to a custom endpoint: what it was signed for, or else what its protocol shows.
fn service_of(headers: &HeaderMap, signer: Option<&Signer>) -> Service {
    if let Some(signer) = signer {
        return Service::of(&signer.service);
    }
    if let Some(target) = headers.get("x-amz-target").and_then(|value| value.to_str().ok()) {
        let prefix = target.split('.').next().unwrap_or_default();
        if prefix == "AmazonSQS" {
            return Service::Sqs;
        }
        return Service::Other(prefix.to_ascii_lowercase());
    }
    let form = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if form.is_some_and(|value| value.starts_with("application/x-www-form-urlencoded")) {
        return Service::Sts;
    }
    Service::S3
}

/// Whether the host of a request to S3 is that of a bucket, so that its whole path is a key.
pub(crate) fn names_bucket(headers: &HeaderMap) -> bool {
    let host = headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    Endpoint::of(host, headers, None).bucket.is_some()
}

/// The bucket in the host of a custom endpoint: `BUCKET.localhost`, `BUCKET.s3.anything`. Every other host is
/// addressed in path style, since nobody could tell a bucket from a machine.
fn custom_bucket(host: &str) -> Option<String> {
    let bucket =
        host.strip_suffix(".localhost").or_else(|| host.split_once(".s3.").map(|(bucket, _)| bucket))?;
    let bucket = bucket.strip_suffix(".s3").unwrap_or(bucket);
    (!bucket.is_empty() && bucket != "s3").then(|| bucket.to_owned())
}

/// A host without its port.
fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(host: &str) -> (String, Option<String>, Option<String>) {
        let endpoint = Endpoint::of(host, &HeaderMap::new(), None);
        (endpoint.service.to_string(), endpoint.region, endpoint.bucket)
    }

    #[test]
    fn reads_the_hosts_of_aws() {
        for (host, service, region, bucket) in [
            ("s3.eu-west-1.amazonaws.com", "s3", "eu-west-1", None),
            ("b.s3.eu-west-1.amazonaws.com", "s3", "eu-west-1", Some("b".to_owned())),
            ("my.s3.b.s3.eu-west-1.amazonaws.com", "s3", "eu-west-1", Some("my.s3.b".to_owned())),
            ("b.s3.dualstack.eu-west-1.amazonaws.com", "s3", "eu-west-1", Some("b".to_owned())),
            ("b.s3-fips.us-gov-west-1.amazonaws.com", "s3", "us-gov-west-1", Some("b".to_owned())),
            ("b.s3.cn-north-1.amazonaws.com.cn", "s3", "cn-north-1", Some("b".to_owned())),
            ("s3.amazonaws.com:443", "s3", "us-east-1", None),
            ("ap-1.s3-accesspoint.eu-west-1.amazonaws.com", "s3", "eu-west-1", Some("ap-1".to_owned())),
            ("sts.eu-west-1.amazonaws.com", "sts", "eu-west-1", None),
            ("sts.amazonaws.com", "sts", "us-east-1", None),
            ("kms.eu-west-1.amazonaws.com", "kms", "eu-west-1", None),
            ("sqs.eu-west-1.amazonaws.com", "sqs", "eu-west-1", None),
            ("eu-west-1.queue.amazonaws.com", "sqs", "eu-west-1", None),
            ("queue.amazonaws.com", "sqs", "us-east-1", None),
            ("lambda.eu-west-1.amazonaws.com", "lambda", "eu-west-1", None),
            ("portal.sso.eu-west-1.amazonaws.com", "sso", "eu-west-1", None),
            ("iam.amazonaws.com", "iam", "us-east-1", None),
        ] {
            assert_eq!(endpoint(host), (service.to_owned(), Some(region.to_owned()), bucket), "{host}");
        }
    }

    #[test]
    fn reads_custom_hosts_in_path_style_unless_they_say_otherwise() {
        assert_eq!(endpoint("127.0.0.1:5000"), ("s3".into(), None, None));
        assert_eq!(endpoint("aws.example.com"), ("s3".into(), None, None));
        assert_eq!(endpoint("localhost:4566"), ("s3".into(), None, None));
        assert_eq!(endpoint("[::1]:4566"), ("s3".into(), None, None));
        assert_eq!(endpoint("b.localhost:4566"), ("s3".into(), None, Some("b".to_owned())));
        assert_eq!(endpoint("b.s3.localhost:4566"), ("s3".into(), None, Some("b".to_owned())));
        assert_eq!(endpoint("b.s3.example.com"), ("s3".into(), None, Some("b".to_owned())));
    }

    #[test]
    fn reads_the_service_from_the_request_at_a_custom_host() {
        let headers = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            headers
        };
        let sqs = Endpoint::of("localhost", &headers("x-amz-target", "AmazonSQS.SendMessage"), None);
        assert_eq!(sqs.service, Service::Sqs);
        let form = headers("content-type", "application/x-www-form-urlencoded");
        assert_eq!(Endpoint::of("localhost", &form, None).service, Service::Sts);
    }
}
