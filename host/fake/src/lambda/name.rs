//! The forms in which a function is named.

use super::error::validation;
use crate::account::is_account_id;
use crate::layer::AwsError;
use crate::region::partition;

/// `$LATEST`, the version that is not published.
pub(super) const LATEST: &str = "$LATEST";
/// The longest name of a function.
const MAX_NAME: usize = 64;
/// The longest `FunctionName` of a request, which may be an ARN.
const MAX_REFERENCE: usize = 256;
/// The longest qualifier.
const MAX_QUALIFIER: usize = 128;

/// A `FunctionName`: a name, a partial ARN (`ACCOUNT:function:NAME`) or a full one, each with a qualifier or without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) qualifier: Option<String>,
    pub(super) account_id: Option<String>,
    pub(super) region: Option<String>,
}

impl Reference {
    pub(super) fn parse(text: &str) -> Result<Self, AwsError> {
        let parsed = (text.len() <= MAX_REFERENCE).then(|| Self::read(text)).flatten();
        parsed.ok_or_else(|| {
            validation(
                text,
                "functionName",
                "Member must satisfy regular expression pattern: \
                 (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?\
                 ([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?",
            )
        })
    }

    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let (region, account_id, rest) = match &parts[..] {
            ["arn", partition, "lambda", region, account, "function", rest @ ..]
                if partition.starts_with("aws") && !region.is_empty() && is_account_id(account) =>
            {
                (Some(*region), Some(*account), rest)
            }
            [account, "function", rest @ ..] if is_account_id(account) => (None, Some(*account), rest),
            ["function", rest @ ..] if !rest.is_empty() => (None, None, rest),
            rest => (None, None, rest),
        };
        let (name, qualifier) = match rest {
            [name] => (name, None),
            [name, qualifier] => (name, Some(*qualifier)),
            _ => return None,
        };
        (is_name(name) && qualifier.is_none_or(is_qualifier)).then(|| Self {
            name: (*name).to_owned(),
            qualifier: qualifier.map(str::to_owned),
            account_id: account_id.map(str::to_owned),
            region: region.map(str::to_owned),
        })
    }
}

/// Which function of a fake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FunctionId {
    /// None is the account of the fake itself.
    pub(crate) account_id: Option<String>,
    pub(crate) name: String,
}

impl FunctionId {
    /// A function of the fake's own account.
    pub(crate) fn own(name: impl Into<String>) -> Self {
        Self { account_id: None, name: name.into() }
    }

    /// What a file of it is called, without extension: `NAME`, or `NAME@ACCOUNT`.
    pub(crate) fn stem(&self) -> String {
        let account_id = self.account_id.as_deref().map(|id| format!("@{id}")).unwrap_or_default();
        format!("{}{account_id}", self.name)
    }

    /// The function whose file is called so.
    pub(crate) fn of_stem(stem: &str) -> Option<Self> {
        let (name, account_id) = stem.split_once('@').map_or((stem, None), |(name, id)| (name, Some(id)));
        (is_name(name) && account_id.is_none_or(is_account_id))
            .then(|| Self { account_id: account_id.map(str::to_owned), name: name.to_owned() })
    }

    /// The ARN, qualified or not. `own` is the account of the fake.
    pub(super) fn arn(&self, region: &str, own: &str, qualifier: Option<&str>) -> String {
        let partition = partition(region);
        let account_id = self.account_id.as_deref().unwrap_or(own);
        let qualifier = qualifier.map(|qualifier| format!(":{qualifier}")).unwrap_or_default();
        format!("arn:{partition}:lambda:{region}:{account_id}:function:{}{qualifier}", self.name)
    }
}

pub(super) fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

pub(super) fn is_qualifier(qualifier: &str) -> bool {
    qualifier == LATEST || (is_word(qualifier) && qualifier.len() <= MAX_QUALIFIER)
}

/// The name of an alias, which cannot be that of a version.
pub(super) fn is_alias(name: &str) -> bool {
    is_word(name) && name.len() <= MAX_QUALIFIER && !name.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_of_a_name() {
        let read = |text: &str| {
            let reference = Reference::parse(text).unwrap();
            (reference.name, reference.qualifier, reference.account_id, reference.region)
        };
        let some = |text: &str| Some(text.to_owned());
        let (id, region) = (some("000000000000"), some("eu-west-1"));
        assert_eq!(read("price"), ("price".into(), None, None, None));
        assert_eq!(read("price:live"), ("price".into(), some("live"), None, None));
        assert_eq!(read("price:$LATEST"), ("price".into(), some("$LATEST"), None, None));
        assert_eq!(read("function:price:3"), ("price".into(), some("3"), None, None));
        assert_eq!(read("000000000000:function:price"), ("price".into(), None, id.clone(), None));
        assert_eq!(
            read("arn:aws:lambda:eu-west-1:000000000000:function:price:live"),
            ("price".into(), some("live"), id, region)
        );
    }

    #[test]
    fn refuses_what_names_no_function() {
        for text in [
            "",
            ":",
            "a b",
            "a:",
            "a:b:c",
            "arn:aws:lambda:eu-west-1:0:function:a",
            "arn:aws:sqs:eu-west-1:000000000000:a",
            "a:$OLD",
        ] {
            assert_eq!(Reference::parse(text).unwrap_err().code, "ValidationException", "{text}");
        }
        assert!(Reference::parse(&"a".repeat(65)).is_err());
    }

    #[test]
    fn a_file_is_named_by_function_and_account() {
        let (own, other) = (FunctionId::own("price"), Some("111111111111".to_owned()));
        let other = FunctionId { account_id: other, name: "price".to_owned() };
        for (id, stem) in [(own, "price"), (other, "price@111111111111")] {
            assert_eq!(id.stem(), stem);
            assert_eq!(FunctionId::of_stem(stem), Some(id));
        }
        for bad in ["", "a b", "@111111111111", "price@", "price@1", "price@111111111111@111111111111"] {
            assert_eq!(FunctionId::of_stem(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_alias_is_no_number() {
        assert!(is_alias("v1") && is_alias("live"));
        assert!(!is_alias("1") && !is_alias("") && !is_alias("$LATEST"));
    }
}
