use std::{fmt, str::FromStr};

use super::{AccountId, AccountRegion, Arn, ArnError};

/// The name of a Lambda function: 1 to 64 letters, digits, hyphens and underscores.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionName(Box<str>);

/// Which version of a function: `$LATEST`, a version's number, or an alias, which is 1 to 128 letters, digits, hyphens and
/// underscores.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Qualifier(Box<str>);

/// Why a text names no function.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FunctionNameError {
    /// It begins like an ARN, and is none.
    #[error(transparent)]
    Arn(#[from] ArnError),
    /// It is the ARN of something else.
    #[error("{} is not the ARN of a function, `arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME`", crate::text::quoted(.0))]
    NotAFunction(String),
    /// The name is none.
    #[error("a function name is 1 to {} letters, digits, hyphens and underscores", FunctionName::MAX_LENGTH)]
    Name,
    /// The qualifier is none.
    #[error(
        "a qualifier is `$LATEST`, or 1 to {} letters, digits, hyphens and underscores",
        Qualifier::MAX_LENGTH
    )]
    Qualifier,
    /// There is a qualifier in the name and another one beside it.
    #[error("the qualifier in the function's name is not the one that is given beside it")]
    TwoQualifiers,
}

fn is_name(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

impl FunctionName {
    /// The longest name.
    pub const MAX_LENGTH: usize = 64;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FunctionName {
    type Err = FunctionNameError;

    fn from_str(name: &str) -> Result<Self, FunctionNameError> {
        if is_name(name, Self::MAX_LENGTH) { Ok(Self(name.into())) } else { Err(FunctionNameError::Name) }
    }
}

impl Qualifier {
    /// The longest alias.
    pub const MAX_LENGTH: usize = 128;

    const LATEST: &str = "$LATEST";

    /// The qualifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Qualifier {
    type Err = FunctionNameError;

    fn from_str(text: &str) -> Result<Self, FunctionNameError> {
        if text == Self::LATEST || is_name(text, Self::MAX_LENGTH) {
            Ok(Self(text.into()))
        } else {
            Err(FunctionNameError::Qualifier)
        }
    }
}

/// A function, or a version or alias of one, as IAM names it: `arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionArn {
    place: AccountRegion,
    name: FunctionName,
    qualifier: Option<Qualifier>,
}

impl FunctionArn {
    /// The account and region that the function is in.
    pub fn place(&self) -> &AccountRegion {
        &self.place
    }

    /// The function's name.
    pub fn name(&self) -> &FunctionName {
        &self.name
    }

    /// Which version of it.
    pub fn qualifier(&self) -> Option<&Qualifier> {
        self.qualifier.as_ref()
    }

    /// The same function without qualifier.
    #[must_use]
    pub fn unqualified(&self) -> Self {
        Self { qualifier: None, ..self.clone() }
    }
}

impl fmt::Display for FunctionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        write!(
            f,
            "arn:{}:lambda:{}:{}:function:{}",
            place.partition(),
            place.region(),
            place.account(),
            self.name.as_str()
        )?;
        match &self.qualifier {
            Some(qualifier) => write!(f, ":{}", qualifier.as_str()),
            None => Ok(()),
        }
    }
}

/// What a function is called in any of the ways that Lambda knows: `NAME`, `function:NAME`, `ACCOUNT:function:NAME`, or the ARN,
/// each with or without `:QUALIFIER`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionReference {
    place: Place,
    name: FunctionName,
    qualifier: Option<Qualifier>,
}

/// How much of its place a reference says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Here,
    Account(AccountId),
    Whole(AccountRegion),
}

impl FunctionReference {
    /// Adds a qualifier that is given beside the name.
    ///
    /// # Errors
    ///
    /// If it is none, or the name has another one.
    pub fn with_qualifier(self, qualifier: &str) -> Result<Self, FunctionNameError> {
        let qualifier: Qualifier = qualifier.parse()?;
        match &self.qualifier {
            Some(other) if *other != qualifier => Err(FunctionNameError::TwoQualifiers),
            _ => Ok(Self { qualifier: Some(qualifier), ..self }),
        }
    }

    /// The account and region that it says whole, or `None` where [`resolve`](Self::resolve) has to fill something in.
    pub fn place(&self) -> Option<&AccountRegion> {
        match &self.place {
            Place::Whole(place) => Some(place),
            Place::Here | Place::Account(_) => None,
        }
    }

    /// The account that it says.
    pub fn account(&self) -> Option<&AccountId> {
        match &self.place {
            Place::Whole(place) => Some(place.account()),
            Place::Account(account) => Some(account),
            Place::Here => None,
        }
    }

    /// The ARN, with what the reference leaves out taken from `here`.
    pub fn resolve(self, here: &AccountRegion) -> FunctionArn {
        let place = match self.place {
            Place::Here => here.clone(),
            Place::Account(account) => here.of_account(account),
            Place::Whole(place) => place,
        };
        FunctionArn { place, name: self.name, qualifier: self.qualifier }
    }
}

impl FromStr for FunctionReference {
    type Err = FunctionNameError;

    fn from_str(text: &str) -> Result<Self, FunctionNameError> {
        let (place, rest) = if text.starts_with("arn:") {
            let arn: Arn = text.parse()?;
            let other = || FunctionNameError::NotAFunction(text.to_owned());
            let place =
                AccountRegion::of_arn(&arn).filter(|_| arn.service() == "lambda").ok_or_else(other)?;
            let prefix = text.len() - arn.resource().len();
            let name = text
                .get(prefix..)
                .and_then(|resource| resource.strip_prefix("function:"))
                .ok_or_else(other)?;
            (Place::Whole(place), name)
        } else {
            let (place, rest) = match text.split_once(':') {
                Some((account, rest))
                    if AccountId::is_account_id(account) && rest.starts_with("function:") =>
                {
                    (Place::Account(account.parse().map_err(|_| FunctionNameError::Name)?), rest)
                }
                _ => (Place::Here, text),
            };
            (place, rest.strip_prefix("function:").unwrap_or(rest))
        };
        let (name, qualifier) = match rest.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier.parse()?)),
            None => (rest, None),
        };
        Ok(Self { place, name: name.parse()?, qualifier })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn here() -> AccountRegion {
        AccountRegion::new("eu-west-1", "123456789012".parse().unwrap()).unwrap()
    }

    fn arn(text: &str) -> String {
        text.parse::<FunctionReference>().unwrap().resolve(&here()).to_string()
    }

    fn error(text: &str) -> FunctionNameError {
        text.parse::<FunctionReference>().unwrap_err()
    }

    #[test]
    fn every_form_of_a_name_is_one_arn() {
        for (text, whole) in [
            ("price", "arn:aws:lambda:eu-west-1:123456789012:function:price"),
            ("function:price", "arn:aws:lambda:eu-west-1:123456789012:function:price"),
            ("price:live", "arn:aws:lambda:eu-west-1:123456789012:function:price:live"),
            ("price:7", "arn:aws:lambda:eu-west-1:123456789012:function:price:7"),
            ("price:$LATEST", "arn:aws:lambda:eu-west-1:123456789012:function:price:$LATEST"),
            ("210987654321:function:price", "arn:aws:lambda:eu-west-1:210987654321:function:price"),
            ("210987654321:function:price:live", "arn:aws:lambda:eu-west-1:210987654321:function:price:live"),
            (
                "arn:aws-cn:lambda:cn-north-1:210987654321:function:price:live",
                "arn:aws-cn:lambda:cn-north-1:210987654321:function:price:live",
            ),
            // A function that is called like an account.
            ("210987654321:live", "arn:aws:lambda:eu-west-1:123456789012:function:210987654321:live"),
        ] {
            assert_eq!(arn(text), whole, "{text}");
        }
    }

    #[test]
    fn refuses_what_names_no_function() {
        for text in [
            "",
            ":",
            "a b",
            "a/b",
            "../a",
            "price?Qualifier=live",
            "price#",
            "pri%63e",
            "functíon",
            "$LATEST",
            "*",
            "function:",
            "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/price/invocations",
            &"a".repeat(65),
        ] {
            assert!(
                matches!(error(text), FunctionNameError::Name | FunctionNameError::Qualifier),
                "{text:?}"
            );
        }
        for text in ["price:", "price:live:2", "price:$latest", "price:$LATEST.", "price:*", "price:a b"] {
            assert_eq!(error(text), FunctionNameError::Qualifier, "{text:?}");
        }
        for text in [
            "arn:aws:lambda:eu-west-1:123456789012:layer:price",
            "arn:aws:lambda:::function:price",
            "arn:aws:lambda:eu-west-1::function:price",
            "arn:aws:sqs:eu-west-1:123456789012:function:price",
        ] {
            assert_eq!(error(text), FunctionNameError::NotAFunction(text.into()));
        }
        assert!(matches!(error("arn:aws:lambda:x@evil/:123456789012:function:a"), FunctionNameError::Arn(_)));
    }

    #[test]
    fn two_qualifiers_have_to_be_the_same() {
        let named = |text: &str| text.parse::<FunctionReference>().unwrap();
        let with = |text: &str, qualifier| {
            named(text).with_qualifier(qualifier).map(|reference| reference.resolve(&here()).to_string())
        };
        assert!(with("price", "live").unwrap().ends_with(":price:live"));
        assert!(with("price:live", "live").unwrap().ends_with(":price:live"));
        assert_eq!(with("price:live", "prod"), Err(FunctionNameError::TwoQualifiers));
        assert_eq!(with("price", "live:x"), Err(FunctionNameError::Qualifier));
        assert_eq!(with("price", ""), Err(FunctionNameError::Qualifier));
    }

    #[test]
    fn without_its_qualifier_it_is_the_function() {
        let qualified = "price:live".parse::<FunctionReference>().unwrap().resolve(&here());
        assert_eq!(qualified.qualifier().map(Qualifier::as_str), Some("live"));
        assert_eq!(qualified.unqualified().to_string(), arn("price"));
    }

    proptest! {
        #[test]
        fn an_arn_reads_as_it_is_written(
            name in "[a-zA-Z0-9_-]{1,64}",
            qualifier in prop::option::of("[a-zA-Z0-9_-]{1,128}|\\$LATEST"),
        ) {
            let qualifier = qualifier.map(|text| format!(":{text}")).unwrap_or_default();
            let text = format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}{qualifier}");
            prop_assert_eq!(arn(&text), text);
        }
    }
}
