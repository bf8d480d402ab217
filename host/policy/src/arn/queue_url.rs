use std::{fmt, net::Ipv4Addr, str::FromStr};

use super::{AccountId, AccountRegion, Partition, QueueArn, QueueName, is_label};

/// The URL of a queue, taken apart: `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`, or another host with the same path, as a
/// local stack has it.
///
/// It is a name, and nothing is ever sent to it. The grammar is strict, so that there is nothing to disagree about: no user, no
/// query, no fragment, no escapes, no empty or further segments, and of the host only lower-case letters, digits, dots and
/// hyphens, with a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QueueUrl {
    text: Box<str>,
    /// Where the path begins.
    path: usize,
    /// The region that a host of AWS's own is in.
    region: Option<Box<str>>,
    account: AccountId,
    name: QueueName,
}

/// Why a text is not the URL of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the URL of a queue is `https://sqs.REGION.amazonaws.com/ACCOUNT/QUEUE`, and nothing more")]
pub struct QueueUrlError;

impl QueueUrl {
    /// Whether a text is meant as a URL.
    pub fn is_url(text: &str) -> bool {
        text.contains("://")
    }

    /// Scheme, host and port: `https://sqs.eu-west-1.amazonaws.com`.
    pub fn origin(&self) -> &str {
        self.text.get(..self.path).unwrap_or_default()
    }

    /// The region of a host of SQS, by the host's name; `None` for another host.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The queue that it names; `region` is that of a host which is not AWS's own.
    pub fn to_arn(&self, region: &str) -> Option<QueueArn> {
        let region = self.region.as_deref().unwrap_or(region);
        let place = AccountRegion::new(region, self.account.clone()).ok()?;
        Some(QueueArn::new(place, self.name.clone()))
    }

    /// The whole URL.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for QueueUrl {
    type Err = QueueUrlError;

    fn from_str(text: &str) -> Result<Self, QueueUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(QueueUrlError)?;
        let (authority, path) = rest.split_once('/').ok_or(QueueUrlError)?;
        let (account, name) = path.split_once('/').ok_or(QueueUrlError)?;
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        if !matches!(scheme, "http" | "https") || !is_plain_host(host) || port.is_some_and(|p| !is_port(p)) {
            return Err(QueueUrlError);
        }
        let region = match (scheme, port) {
            ("https", None) => region_of(host),
            _ => None,
        };
        // A host that looks like AWS's own without being it is nobody's local stack.
        if region.is_none()
            && Partition::ALL.iter().any(|p| suffixes(*p).iter().any(|suffix| host.ends_with(suffix)))
        {
            return Err(QueueUrlError);
        }
        Ok(Self {
            text: text.into(),
            path: scheme.len() + "://".len() + authority.len(),
            region: region.map(Into::into),
            account: account.parse().map_err(|_| QueueUrlError)?,
            name: name.parse().map_err(|_| QueueUrlError)?,
        })
    }
}

impl fmt::Display for QueueUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether all who read a host read the same. One whose last label is a number is an address, of which there are many notations (`127.1`,
/// `0177.0.0.1`, `0x7f.1`), and some take what is none for a name; a label of another alphabet (`xn--`) is a name to some and nothing to others.
fn is_plain_host(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x");
    host.split('.').all(|label| is_label(label) && !label.starts_with("xn--"))
        && (!is_number || host.parse::<Ipv4Addr>().is_ok())
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The DNS suffixes of a partition: that of its endpoints, and that of those that speak IPv6 too.
fn suffixes(partition: Partition) -> &'static [&'static str] {
    match partition {
        Partition::Aws | Partition::AwsUsGov => &[".amazonaws.com", ".api.aws"],
        Partition::AwsCn => &[".amazonaws.com.cn", ".api.amazonwebservices.com.cn"],
        Partition::AwsEusc => &[".amazonaws.eu", ".api.amazonwebservices.eu"],
        Partition::AwsIso => &[".c2s.ic.gov"],
        Partition::AwsIsoB => &[".sc2s.sgov.gov"],
        Partition::AwsIsoE => &[".cloud.adc-e.uk"],
        Partition::AwsIsoF => &[".csp.hci.ic.gov"],
    }
}

/// The region of a host of SQS: `sqs.REGION.SUFFIX`, its FIPS form, or the older `REGION.queue.SUFFIX` and `queue.SUFFIX`.
fn region_of(host: &str) -> Option<&str> {
    let of_region = |region: &str| Partition::of_region(region);
    let in_partition = |stem: &str, partition: Partition| {
        suffixes(partition).iter().any(|suffix| host.strip_suffix(suffix) == Some(stem))
    };
    if in_partition("queue", Partition::Aws) {
        return Some("us-east-1");
    }
    let mut labels = host.splitn(3, '.');
    let (first, second) = (labels.next()?, labels.next()?);
    let (("sqs" | "sqs-fips", region) | (region, "queue")) = (first, second) else { return None };
    // A label without a hyphen is no region, such as the `amazonaws` of `sqs.amazonaws.com`.
    let stem = host.get(..first.len() + 1 + second.len())?;
    (region.contains('-') && in_partition(stem, of_region(region))).then_some(region)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(url: &str) -> Result<QueueUrl, QueueUrlError> {
        url.parse()
    }

    #[test]
    fn takes_the_url_of_a_queue_apart() {
        for (origin, region) in [
            ("https://sqs.eu-west-1.amazonaws.com", "eu-west-1"),
            ("https://sqs.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("https://sqs.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
            ("https://sqs-fips.us-east-2.amazonaws.com", "us-east-2"),
            ("https://sqs.eu-west-1.api.aws", "eu-west-1"),
            ("https://eu-west-1.queue.amazonaws.com", "eu-west-1"),
            ("https://queue.amazonaws.com", "us-east-1"),
        ] {
            let text = format!("{origin}/123456789012/orders.fifo");
            let url = parse(&text).unwrap();
            assert_eq!((url.origin(), url.region(), url.as_str()), (origin, Some(region), text.as_str()));
            let arn = url.to_arn("ignored-1").unwrap();
            assert_eq!(arn.place().region(), region);
            assert_eq!(arn.name().as_str(), "orders.fifo");
        }
    }

    #[test]
    fn another_host_has_no_region_of_its_own() {
        let url = parse("http://localhost:4566/000000000000/orders").unwrap();
        assert_eq!((url.origin(), url.region()), ("http://localhost:4566", None));
        assert_eq!(url.to_arn("eu-west-1").unwrap().to_string(), "arn:aws:sqs:eu-west-1:000000000000:orders");
        assert_eq!(
            parse("http://127.0.0.1:4566/000000000000/orders").unwrap().origin(),
            "http://127.0.0.1:4566"
        );
        let url = parse("https://sqs.eu-west-1.evil.example/123456789012/orders").unwrap();
        assert_eq!(url.region(), None, "the host looks like it, and is not AWS's");
    }

    #[test]
    fn refuses_whatever_else_a_url_can_have() {
        for url in [
            "",
            "orders",
            "sqs.eu-west-1.amazonaws.com/123456789012/orders",
            "ftp://sqs.eu-west-1.amazonaws.com/123456789012/orders",
            "https:///123456789012/orders",
            "https://user@sqs.eu-west-1.amazonaws.com/123456789012/orders",
            "https://sqs.eu-west-1.amazonaws.com@evil.example/123456789012/orders",
            "https://user:pass@sqs.eu-west-1.amazonaws.com/123456789012/orders",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/orders?Action=DeleteQueue",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/orders#x",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/orders/",
            "https://sqs.eu-west-1.amazonaws.com//123456789012/orders",
            "https://sqs.eu-west-1.amazonaws.com/x/../123456789012/orders",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/%6frders",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/",
            "https://sqs.eu-west-1.amazonaws.com/12345/orders",
            "https://sqs.eu-west-1.amazonaws.com",
            "https://sqs.eu-west-1.amazonaws.com:443/123456789012/orders",
            "http://sqs.eu-west-1.amazonaws.com/123456789012/orders",
            "https://s3.eu-west-1.amazonaws.com/123456789012/orders",
            "https://SQS.eu-west-1.amazonaws.com/123456789012/orders",
            "https://sqs.eu-west-1.amazonaws.com./123456789012/orders",
            "https://sqs.eu-west-1.amazonaws.com.cn/123456789012/orders",
            "https://sqs.amazonaws.com/123456789012/orders",
            "https://x.sqs.eu-west-1.amazonaws.com/123456789012/orders",
            "http://localhost:99999/123456789012/orders",
            "http://localhost:+80/123456789012/orders",
            "http://localhost:/123456789012/orders",
            "http://[::1]/123456789012/orders",
            "http://127.1/123456789012/orders",
            "http://2130706433/123456789012/orders",
            "http://0177.0.0.1/123456789012/orders",
            "http://0x7f.0.0.0x1/123456789012/orders",
            "http://169.21645.9.254/123456789012/orders",
            "http://evil.1/123456789012/orders",
            "http://xn--a/123456789012/orders",
            "https://sqs.eu-west-1.amazonaws.com\\@evil.example/123456789012/orders",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/orders\n",
            " https://sqs.eu-west-1.amazonaws.com/123456789012/orders",
        ] {
            assert_eq!(parse(url), Err(QueueUrlError), "{url:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_a_url_by_more_than_its_own_words(text in "https?://[a-z.@:/?#%0-9-]{0,60}") {
            if let Ok(url) = parse(&text) {
                prop_assert!(!text.contains(['@', '?', '#', '%']));
                prop_assert_eq!(url.as_str(), text);
            }
        }
    }
}
