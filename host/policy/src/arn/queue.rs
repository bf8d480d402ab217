use std::{fmt, str::FromStr};

use super::{AccountRegion, Arn, ArnError};

/// The name of an SQS queue: 1 to 80 letters, digits, hyphens and underscores, or up to 75 of them and `.fifo`.
///
/// Nothing else can become part of a path, so a name that is a URL, an ARN, has a slash, an `@` or a colon is an error here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueName(Box<str>);

/// Why a text is no queue name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueueNameError {
    /// It is empty or longer than 80 characters.
    #[error("a queue name has 1 to 80 characters, not {0}")]
    Length(usize),
    /// It has a character that is no letter, digit, hyphen or underscore.
    #[error(
        "a queue name is made of letters, digits, hyphens and underscores, with `.fifo` behind for a FIFO queue, not {0:?}"
    )]
    Character(char),
}

impl QueueName {
    /// The longest name, `.fifo` included.
    pub const MAX_LENGTH: usize = 80;

    const FIFO: &str = ".fifo";

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the queue is a FIFO queue. SQS decides by the name too: that of every FIFO queue ends with `.fifo`, and no other
    /// queue's can.
    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(Self::FIFO)
    }
}

impl FromStr for QueueName {
    type Err = QueueNameError;

    fn from_str(name: &str) -> Result<Self, QueueNameError> {
        let stem = name.strip_suffix(Self::FIFO).unwrap_or(name);
        let length = name.chars().count();
        if stem.is_empty() || length > Self::MAX_LENGTH {
            return Err(QueueNameError::Length(length));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        match stem.chars().find(|&c| !allowed(c)) {
            Some(other) => Err(QueueNameError::Character(other)),
            None => Ok(Self(name.into())),
        }
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A queue as IAM names it: `arn:PARTITION:sqs:REGION:ACCOUNT:NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueArn {
    place: AccountRegion,
    name: QueueName,
}

/// Why a text is not the ARN of a queue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueueArnError {
    /// It is no ARN.
    #[error(transparent)]
    Arn(#[from] ArnError),
    /// It is the ARN of something else.
    #[error("{} is not the ARN of a queue, `arn:PARTITION:sqs:REGION:ACCOUNT:QUEUE`", crate::text::quoted(.0))]
    NotAQueue(String),
    /// The queue's name is none.
    #[error(transparent)]
    Name(#[from] QueueNameError),
}

impl QueueArn {
    /// The ARN of the queue of this name in this account and region.
    pub fn new(place: AccountRegion, name: QueueName) -> Self {
        Self { place, name }
    }

    /// The account and region that the queue is in.
    pub fn place(&self) -> &AccountRegion {
        &self.place
    }

    /// The queue's name.
    pub fn name(&self) -> &QueueName {
        &self.name
    }
}

impl TryFrom<&Arn> for QueueArn {
    type Error = QueueArnError;

    fn try_from(arn: &Arn) -> Result<Self, QueueArnError> {
        match AccountRegion::of_arn(arn) {
            Some(place) if arn.service() == "sqs" => Ok(Self { place, name: arn.resource().parse()? }),
            _ => Err(QueueArnError::NotAQueue(arn.to_string())),
        }
    }
}

impl FromStr for QueueArn {
    type Err = QueueArnError;

    fn from_str(text: &str) -> Result<Self, QueueArnError> {
        Self::try_from(&text.parse::<Arn>()?)
    }
}

impl fmt::Display for QueueArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        write!(f, "arn:{}:sqs:{}:{}:{}", place.partition(), place.region(), place.account(), self.name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    #[expect(
        clippy::case_sensitive_file_extension_comparisons,
        reason = "no file: SQS takes `.fifo` in lower case alone"
    )]
    fn takes_the_names_that_sqs_takes() {
        for name in
            ["a", "orders", "Orders_2-b", "orders.fifo", &"a".repeat(80), &format!("{}.fifo", "a".repeat(75))]
        {
            let parsed: QueueName = name.parse().unwrap();
            assert_eq!(parsed.as_str(), name);
            assert_eq!(parsed.is_fifo(), name.ends_with(".fifo"));
        }
    }

    #[test]
    fn refuses_all_others() {
        let error = |name: &str| name.parse::<QueueName>().unwrap_err();
        assert_eq!(error(""), QueueNameError::Length(0));
        assert_eq!(error(".fifo"), QueueNameError::Length(5));
        assert_eq!(error(&"a".repeat(81)), QueueNameError::Length(81));
        assert_eq!(error(&format!("{}.fifo", "a".repeat(76))), QueueNameError::Length(81));
        for name in
            ["a.b", "a.fifo.fifo", "a.FIFO", "a/b", "a:b", "a@b", "a?b", "a#b", "a b", "a\n", "ä", "*"]
        {
            assert!(matches!(error(name), QueueNameError::Character(_)), "{name:?}");
        }
    }

    #[test]
    fn reads_the_arn_of_a_queue() {
        let arn: QueueArn = "arn:aws-cn:sqs:cn-north-1:123456789012:orders.fifo".parse().unwrap();
        assert_eq!(arn.place().region(), "cn-north-1");
        assert_eq!(arn.place().account().as_str(), "123456789012");
        assert_eq!(arn.name().as_str(), "orders.fifo");
        assert_eq!(arn.to_string(), "arn:aws-cn:sqs:cn-north-1:123456789012:orders.fifo");
    }

    #[test]
    fn refuses_the_arn_of_anything_else() {
        let error = |text: &str| text.parse::<QueueArn>().unwrap_err();
        for text in [
            "arn:aws:sns:eu-west-1:123456789012:orders",
            "arn:aws:sqs::123456789012:orders",
            "arn:aws:sqs:eu-west-1::orders",
            "arn:aws:sqs:eu-west-1:aws:orders",
            "arn:aws:s3:::orders",
        ] {
            assert_eq!(error(text), QueueArnError::NotAQueue(text.into()));
        }
        assert!(matches!(error("orders"), QueueArnError::Arn(_)));
        assert!(matches!(error("arn:aws:sqs:eu-west-1:123456789012:a/b"), QueueArnError::Name(_)));
        assert!(matches!(error("arn:aws:sqs:eu-west-1:123456789012:*"), QueueArnError::Name(_)));
    }

    proptest! {
        #[test]
        fn an_arn_reads_as_it_is_written(name in "[a-zA-Z0-9_-]{1,75}(\\.fifo)?", account in "[0-9]{12}") {
            let text = format!("arn:aws:sqs:eu-west-1:{account}:{name}");
            prop_assert_eq!(text.parse::<QueueArn>().unwrap().to_string(), text);
        }
    }
}
