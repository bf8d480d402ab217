//! What a queue is called: its name, its ARN, its URL.

use crate::account::is_account_id;
use crate::layer::AwsError;
use crate::region::partition;

use super::error::{error, no_such_queue};

/// The longest name of a queue, the suffix of a FIFO queue included.
const MAX_NAME: usize = 80;
const FIFO_SUFFIX: &str = ".fifo";

/// A queue's name, region and account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct QueueId {
    pub(crate) name: String,
    /// None belongs to whichever region asks.
    pub(crate) region: Option<String>,
    /// None is the account of the fake itself.
    pub(crate) account_id: Option<String>,
}

/// What a `QueueUrl` says of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// None is that of whoever asks.
    pub(crate) account_id: Option<String>,
    pub(crate) name: String,
}

/// `arn:aws:sqs:REGION:ACCOUNT:NAME`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueueArn {
    pub(crate) region: String,
    pub(crate) account_id: String,
    pub(crate) name: String,
}

impl QueueArn {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let ("arn", partition, "sqs") = (parts.next()?, parts.next()?, parts.next()?) else { return None };
        let (region, account_id, name) = (parts.next()?, parts.next()?, parts.next()?);
        let complete = partition.starts_with("aws") && !region.is_empty() && !account_id.is_empty();
        (complete && parts.next().is_none() && (is_plain_name(name) || is_fifo_name(name))).then(|| Self {
            region: region.to_owned(),
            account_id: account_id.to_owned(),
            name: name.to_owned(),
        })
    }
}

pub(super) fn arn(region: &str, account_id: &str, name: &str) -> String {
    format!("arn:{}:sqs:{region}:{account_id}:{name}", partition(region))
}

pub(crate) fn is_fifo_name(name: &str) -> bool {
    name.len() <= MAX_NAME && name.strip_suffix(FIFO_SUFFIX).is_some_and(is_plain_name)
}

pub(crate) fn is_plain_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The queue that a `QueueUrl` is about, as it is seen from a region.
///
/// A URL names the host, the account and the queue; AWS also takes a plain name. The host is not followed, but one of
/// AWS's own that is of another region has none of this region's queues.
pub(super) fn of_url(url: &str, region: &str) -> Result<Address, AwsError> {
    let named = |account: Option<&str>, name: &str| {
        Ok(Address { account_id: account.map(str::to_owned), name: name.to_owned() })
    };
    let Some((_, rest)) = url.split_once("://") else {
        let path = url.trim_matches('/');
        return match path.split('/').collect::<Vec<_>>()[..] {
            [name] if !name.is_empty() => named(None, name),
            [.., account, name] if is_account_id(account) => named(Some(account), name),
            _ => Err(invalid_address(url)),
        };
    };
    let mut parts = rest.trim_end_matches('/').split('/');
    let host = parts.next().unwrap_or_default();
    let path: Vec<&str> = parts.collect();
    if region_of_host(host).is_some_and(|other| other != region) {
        return Err(invalid_address(url));
    }
    let [.., account, name] = path[..] else { return Err(no_such_queue()) };
    named(Some(account), name)
}

/// The region of one of AWS's own hosts: `sqs.REGION.amazonaws.com`, or as older URLs have it `REGION.queue.amazonaws.com`
/// and, for the first of all regions, `queue.amazonaws.com`.
fn region_of_host(host: &str) -> Option<&str> {
    let (name, _) = host.split_once(".amazonaws.com")?;
    match name.split_once('.') {
        Some(("sqs", region) | (region, "queue")) => Some(region),
        None if name == "queue" => Some("us-east-1"),
        _ => None,
    }
}

fn invalid_address(url: &str) -> AwsError {
    let host = url
        .find("://")
        .and_then(|scheme| url.get(scheme + 3..)?.find('/').and_then(|end| url.get(..scheme + 4 + end)));
    error("InvalidAddress", format!("The address {} is not valid for this endpoint.", host.unwrap_or(url)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_arn_of_a_queue_and_of_nothing_else() {
        let arn = QueueArn::parse("arn:aws:sqs:eu-west-1:000000000000:orders.fifo").unwrap();
        assert_eq!(
            (&*arn.region, &*arn.account_id, &*arn.name),
            ("eu-west-1", "000000000000", "orders.fifo")
        );
        for text in [
            "dummy",
            "arn:aws:sns:eu-west-1:000000000000:orders",
            "arn:aws:sqs:eu-west-1:000000000000",
            "arn:aws:sqs:eu-west-1:000000000000:",
            "arn:aws:sqs:eu-west-1:000000000000:a:b",
            "arn:aws:sqs::000000000000:a",
        ] {
            assert_eq!(QueueArn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn takes_a_url_of_this_region_only() {
        let of = |url| of_url(url, "eu-west-1").map_err(|error| error.code);
        let (account, name) = (Some("000000000000".to_owned()), "orders".to_owned());
        for url in [
            "https://sqs.eu-west-1.amazonaws.com/000000000000/orders",
            "https://eu-west-1.queue.amazonaws.com/000000000000/orders",
            "http://127.0.0.1:4566/000000000000/orders",
            "http://localhost:4566/queue/eu-west-1/000000000000/orders",
            "/000000000000/orders",
            "000000000000/orders",
        ] {
            let address = Address { account_id: account.clone(), name: name.clone() };
            assert_eq!(of(url), Ok(address), "{url}");
        }
        assert_eq!(of("orders"), Ok(Address { account_id: None, name }));
        assert_eq!(of("https://orders"), Err("QueueDoesNotExist".to_owned()));
        for url in [
            "",
            "https://sqs.us-east-1.amazonaws.com/000000000000/orders",
            "https://queue.amazonaws.com/000000000000/orders",
            "a/b/c/d",
        ] {
            assert_eq!(of(url), Err("InvalidAddress".to_owned()), "{url}");
        }
    }

    #[test]
    fn knows_the_names_of_queues() {
        assert!(is_plain_name("a_B-9") && is_plain_name(&"a".repeat(80)));
        assert!(!is_plain_name("") && !is_plain_name("a.b") && !is_plain_name(&"a".repeat(81)));
        assert!(is_fifo_name("a.fifo") && is_fifo_name(&format!("{}.fifo", "a".repeat(75))));
        assert!(
            !is_fifo_name(".fifo")
                && !is_fifo_name("a")
                && !is_fifo_name(&format!("{}.fifo", "a".repeat(76)))
        );
    }
}
