//! URLs of queues, held against a general parser of URLs: two parsers that disagree about the host are an attack.

use innkeeper_policy::QueueUrl;
use url::Url;

/// The domains of AWS in its partitions.
const AWS: [&str; 11] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".api.aws",
    ".api.amazonwebservices.com.cn",
    ".api.amazonwebservices.eu",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".cloud.adc-e.uk",
    ".csp.hci.ic.gov",
    ".api.cloud-aws.adc-e.uk",
];

/// Reads a text as the URL of a queue. Whoever reads the same text as a URL finds the same host and the same path, and nothing more.
pub fn queue_url(text: &str) {
    let Ok(queue) = text.parse::<QueueUrl>() else { return };
    assert_eq!(queue.as_str(), text);
    let url = Url::parse(text)
        .unwrap_or_else(|error| panic!("`{text}` is the URL of a queue, and no URL: {error}"));
    assert!(url.username().is_empty() && url.password().is_none(), "`{text}` has a user");
    assert!(url.query().is_none() && url.fragment().is_none(), "`{text}` has a query or a fragment");
    assert!(matches!(url.scheme(), "http" | "https"));
    let authority = queue.origin().split_once("://").map_or("", |(_, authority)| authority);
    let host = authority.split(':').next();
    assert_eq!(url.host_str(), host, "`{text}`: the host means the same to all");
    let path = text.strip_prefix(queue.origin()).expect("the origin is how it begins");
    assert_eq!(url.path(), path, "`{text}`: the path means the same to all");

    let arn = queue.to_arn("eu-west-1");
    if let Some(arn) = &arn {
        let place = arn.place();
        assert_eq!(path, format!("/{}/{}", place.account(), arn.name()));
        assert_eq!(queue.region().unwrap_or("eu-west-1"), place.region());
    }
    if let Some(region) = queue.region() {
        let host = url.host_str().unwrap_or_default();
        let is_awss = AWS.iter().any(|domain| host.ends_with(domain));
        assert!(url.scheme() == "https" && is_awss, "`{text}` has a region, and is nobody's that is AWS");
        assert!(host.contains(region) || host == "queue.amazonaws.com", "`{text}`");
        assert!(url.port().is_none(), "`{text}`");
    }
}
