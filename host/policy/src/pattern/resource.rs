use super::glob::{Glob, Scope, VariableError};
use crate::{
    action::{ResourceType, Service},
    arn::{ArnError, ArnField, BucketName, BucketNameError, Fields, Partition, is_account_field, is_label},
    text::quoted,
};

/// A pattern for ARNs, as IAM has them: `*`, or an ARN of six fields with wildcards in any field but the service's.
///
/// IAM's rule for wildcards and fields: a wildcard stands for characters of its own field, except that a `*` at the end of a
/// field may run on over colons. In the last field both stand for anything, `/` and `:` as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResourcePattern {
    /// The whole pattern.
    whole: Glob,
    /// What is known of the fields; `None` for `*`.
    fields: Option<PatternFields>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct PatternFields {
    service: Service,
    place: Place,
    /// The last field.
    path: Glob,
}

/// What a pattern says of region and account, the two fields that tell a queue, function or access point from a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// Both can be empty. A star stands for nothing, too.
    may_be_none: bool,
    /// Both can be there.
    may_be_some: bool,
    /// One of them has a wildcard.
    is_wild: bool,
}

/// A text that is no pattern for resources, or one that could never match.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {reason}", quoted(text))]
pub(crate) struct ResourcePatternError {
    text: String,
    reason: Reason,
}

/// What is wrong with the text of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error("is no resource: {0}")]
    Arn(#[from] ArnError),
    #[error("is no resource: {0}")]
    Variable(#[from] VariableError),
    #[error("has a wildcard as its service, which IAM does not take")]
    ServiceWildcard,
    #[error("could never match: no guest can be given the service {}", quoted(.0))]
    UnknownService(String),
    #[error("could never match: {0}")]
    BucketName(#[from] BucketNameError),
    #[error("could never match: {0}")]
    Shape(&'static str),
}

/// The kinds of resource that a pattern can match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResourceTypes(Vec<ResourceType>);

impl ResourceTypes {
    pub(crate) fn contains(&self, kind: ResourceType) -> bool {
        self.0.contains(&kind)
    }

    pub(crate) fn first(&self) -> Option<ResourceType> {
        self.0.first().copied()
    }
}

impl ResourcePattern {
    pub(crate) fn parse(text: &str) -> Result<Self, ResourcePatternError> {
        Self::read(text).map_err(|reason| ResourcePatternError { text: text.to_owned(), reason })
    }

    fn read(text: &str) -> Result<Self, Reason> {
        let mut whole = Glob::default();
        if text == "*" {
            whole.push(text, Scope::Text, Scope::Text)?;
            return Ok(Self { whole, fields: None });
        }
        // A variable may hold colons, so they are looked for before the fields are.
        Glob::default().push(text, Scope::Text, Scope::Text)?;
        let fields = Fields::split(text)?;
        let is_wild = |field: &str| field.contains(['*', '?']);

        if !is_wild(fields.partition) {
            fields.partition.parse::<Partition>().map_err(ArnError::Partition)?;
        }
        if is_wild(fields.service) {
            return Err(Reason::ServiceWildcard);
        }
        if fields.service.is_empty() {
            return Err(ArnError::EmptyField(ArnField::Service).into());
        }
        let service = Service::from_namespace(fields.service)
            .ok_or_else(|| Reason::UnknownService(fields.service.to_owned()))?;
        if !is_wild(fields.region) && !fields.region.is_empty() && !is_label(fields.region) {
            return Err(ArnError::Region(fields.region.to_owned()).into());
        }
        if !is_wild(fields.account) && !is_account_field(fields.account) {
            return Err(ArnError::Account(fields.account.to_owned()).into());
        }
        if fields.resource.is_empty() {
            return Err(ArnError::EmptyField(ArnField::Resource).into());
        }

        whole.push_literal("arn");
        for field in [fields.partition, fields.service, fields.region, fields.account] {
            whole.push_literal(":");
            whole.push(field, Scope::Field, Scope::Text)?;
        }
        whole.push_literal(":");
        whole.push(fields.resource, Scope::Text, Scope::Text)?;
        let mut path = Glob::default();
        path.push(fields.resource, Scope::Text, Scope::Text)?;
        let of_place = [fields.region, fields.account];
        let place = Place {
            may_be_none: of_place.iter().all(|field| field.bytes().all(|byte| byte == b'*')),
            may_be_some: of_place.iter().all(|field| !field.is_empty()),
            is_wild: of_place.iter().any(|field| is_wild(field)),
        };
        let known = PatternFields { service, place, path };
        known.check(fields.resource)?;
        Ok(Self { whole, fields: Some(known) })
    }

    /// Whether the pattern stands for the ARN that the segments make up together. Allocates nothing.
    pub(crate) fn matches(&self, segments: &[&str]) -> bool {
        self.whole.matches(segments)
    }

    /// Whether the pattern stands for all that the other stands for. Never `true` where it does not.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.whole.covers(&other.whole)
    }

    /// Whether there is a resource that both stand for.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.whole.overlaps(&other.whole)
    }

    /// Whether the pattern stands for an ARN that the text pattern does, too.
    pub(crate) fn overlaps_text(&self, text: &Glob) -> bool {
        self.whole.overlaps(text)
    }

    /// Whether the pattern is `*`.
    pub(crate) fn is_all(&self) -> bool {
        self.fields.is_none()
    }

    /// The text with which every ARN begins that the pattern stands for.
    pub(crate) fn start(&self) -> &[u8] {
        self.whole.prefix()
    }

    /// The kinds of resource that the pattern can match at all.
    pub(crate) fn types(&self) -> ResourceTypes {
        use ResourceType::{All, Bucket, Function, Object, Queue};
        let Some(PatternFields { service, place, path }) = &self.fields else {
            return ResourceTypes(vec![Bucket, Object, Queue, Function, All]);
        };
        let mut types = match service {
            Service::S3 => place.types_of_s3(path),
            Service::Sqs => vec![Queue],
            Service::Lambda => vec![Function],
        };
        if path.is_any() {
            types.push(All);
        }
        ResourceTypes(types)
    }
}

impl Place {
    fn types_of_s3(self, path: &Glob) -> Vec<ResourceType> {
        let slashes = path.literals().flatten().filter(|&&b| b == b'/').count();
        // What is bound to a place is an access point, with one slash more: `accesspoint/NAME[/object/KEY]`.
        let of_a_bucket = [
            self.may_be_none.then_some(0),
            (self.may_be_some && may_begin_with(path, ACCESS_POINT)).then_some(1),
        ];
        let slashes_of_a_bucket = || of_a_bucket.into_iter().flatten();
        let is_bucket = slashes_of_a_bucket().any(|of_a_bucket| slashes <= of_a_bucket);
        let is_object = slashes_of_a_bucket().any(|of_a_bucket| slashes > of_a_bucket) || !path.is_literal()
            // A star at the end of a field runs on over colons, to the last ones of a key.
            || self.is_wild;
        let types = [(is_bucket, ResourceType::Bucket), (is_object, ResourceType::Object)];
        types.into_iter().filter(|(is, _)| *is).map(|(_, kind)| kind).collect()
    }
}

impl PatternFields {
    /// Refuses what no resource of the service could look like.
    fn check(&self, resource: &str) -> Result<(), Reason> {
        let Self { service, place, path } = self;
        match service {
            Service::S3 if place.may_be_none && !place.is_wild => {
                let bucket = resource.split('/').next().unwrap_or_default();
                if !bucket.contains(['*', '?', '$']) {
                    BucketName::check(bucket)?;
                }
                // A wildcard may stand for the slash, and what is behind it for a key.
                if !bucket.contains(['*', '?']) && resource.strip_prefix(bucket) == Some("/") {
                    return Err(Reason::Shape("an object key has at least one byte"));
                }
            }
            Service::S3
                if !place.may_be_none
                    && !(place.may_be_some && (place.is_wild || may_begin_with(path, ACCESS_POINT))) =>
            {
                return Err(Reason::Shape("the ARN of a bucket or object has no region and no account"));
            }
            Service::Sqs | Service::Lambda if !place.may_be_some => {
                return Err(Reason::Shape(
                    "the ARN of a queue or function has a region and an account, if only `*`",
                ));
            }
            Service::Sqs if path.has_literal(b'/') || path.has_literal(b':') => {
                return Err(Reason::Shape("the name of a queue has no slash and no colon"));
            }
            Service::Lambda if !may_begin_with(path, b"function:") => {
                return Err(Reason::Shape("the ARN of a function ends with `function:NAME`"));
            }
            _ => {}
        }
        Ok(())
    }
}

impl ResourcePatternError {
    /// What to write instead.
    pub(crate) fn help(&self) -> Option<String> {
        let text = &self.text;
        match &self.reason {
            Reason::Arn(ArnError::Prefix) if BucketName::check(text).is_ok() => {
                Some(format!("a bucket is `arn:aws:s3:::{text}`, its objects are `arn:aws:s3:::{text}/*`"))
            }
            Reason::Arn(ArnError::Prefix) => Some(match text.strip_prefix("s3://") {
                Some(path) => format!("as an ARN this is {}", quoted(&format!("arn:aws:s3:::{path}"))),
                None => "`*` stands for all resources".into(),
            }),
            Reason::Arn(ArnError::MissingField(_)) => {
                let path = text.strip_prefix("arn:aws:s3:")?.trim_start_matches(':');
                Some(format!("did you mean {}?", quoted(&format!("arn:aws:s3:::{path}"))))
            }
            Reason::Variable(_) => Some("write `${*}`, `${?}` or `${$}` for the character itself".into()),
            Reason::Shape(_) if text.ends_with('/') => {
                Some(format!("did you mean {}?", quoted(&format!("{text}*"))))
            }
            Reason::Arn(_)
            | Reason::ServiceWildcard
            | Reason::UnknownService(_)
            | Reason::BucketName(_)
            | Reason::Shape(_) => None,
        }
    }
}

/// With what the last field of an access point's ARN begins.
const ACCESS_POINT: &[u8] = b"accesspoint/";

/// Whether some text that the pattern matches begins with `start`.
fn may_begin_with(path: &Glob, start: &[u8]) -> bool {
    let prefix = path.prefix();
    prefix.starts_with(start) || (start.starts_with(prefix) && !path.is_literal())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{arn::Arn, request::Resource};

    fn matches(pattern: &str, arn: &str) -> bool {
        let arn: Arn = arn.parse().unwrap();
        ResourcePattern::parse(pattern).unwrap().matches(&Resource::from_arn(&arn).unwrap().segments())
    }

    fn error(pattern: &str) -> ResourcePatternError {
        ResourcePattern::parse(pattern).unwrap_err()
    }

    fn reason(pattern: &str) -> Reason {
        error(pattern).reason
    }

    fn types(pattern: &str) -> Vec<ResourceType> {
        ResourcePattern::parse(pattern).unwrap().types().0
    }

    #[test]
    fn matches_within_the_last_field_over_slashes_and_colons() {
        assert!(matches("arn:aws:s3:::uploads/*", "arn:aws:s3:::uploads/a/b:c"));
        assert!(matches("arn:aws:s3:::uploads/*/c", "arn:aws:s3:::uploads/a/b/c"));
        assert!(matches("arn:aws:s3:::uploads/a?b", "arn:aws:s3:::uploads/a:b"));
        assert!(matches("arn:aws:s3:::up*", "arn:aws:s3:::uploads/a"), "IAM's star does not stop at a slash");
        assert!(!matches("arn:aws:s3:::uploads/*", "arn:aws:s3:::uploads"));
        assert!(!matches("arn:aws:s3:::uploads/*", "arn:aws:s3:::uploads2/a"));
        assert!(matches(
            "arn:aws:lambda:eu-west-1:123456789012:function:f*",
            "arn:aws:lambda:eu-west-1:123456789012:function:f:live"
        ));
        assert!(!matches(
            "arn:aws:lambda:eu-west-1:123456789012:function:f",
            "arn:aws:lambda:eu-west-1:123456789012:function:f:live"
        ));
    }

    #[test]
    fn compares_every_field() {
        let queue = "arn:aws:sqs:eu-west-1:123456789012:orders";
        assert!(matches(queue, queue));
        for other in [
            "arn:aws-cn:sqs:eu-west-1:123456789012:orders",
            "arn:aws:sqs:eu-west-2:123456789012:orders",
            "arn:aws:sqs:eu-west-1:123456789013:orders",
            "arn:aws:sqs:eu-west-1:123456789012:Orders",
            "arn:aws:lambda:eu-west-1:123456789012:function:orders",
        ] {
            assert!(!matches(queue, other), "{other}");
        }
    }

    #[test]
    fn takes_wildcards_in_partition_region_and_account() {
        let queue = "arn:aws:sqs:eu-west-1:123456789012:orders";
        for pattern in [
            "*",
            "arn:*:sqs:*:*:*",
            "arn:aws:sqs:eu-*:123456789012:orders",
            "arn:aws:sqs:*-west-?:*:orders",
            "arn:aws*:sqs:eu-west-1:1234*:o*s",
        ] {
            assert!(matches(pattern, queue), "{pattern}");
        }
        assert!(!matches("arn:aws:sqs:us-*:*:orders", queue));
        assert!(!matches("arn:aws:sqs:*:*:order", queue));
        assert!(!matches("arn:*:s3:*:*:*", queue));
        assert!(matches("arn:*:s3:::uploads/*", "arn:aws-us-gov:s3:::uploads/a"));
    }

    #[test]
    fn refuses_what_is_no_arn() {
        assert!(matches!(reason("uploads"), Reason::Arn(ArnError::Prefix)));
        assert!(error("uploads").help().unwrap().contains("arn:aws:s3:::uploads/*"));
        assert_eq!(error("s3://uploads/a").help().unwrap(), "as an ARN this is `arn:aws:s3:::uploads/a`");
        assert_eq!(error("arn:aws:s3:uploads").help().unwrap(), "did you mean `arn:aws:s3:::uploads`?");
        assert!(matches!(reason(""), Reason::Arn(ArnError::Prefix)));
        assert!(matches!(reason("**"), Reason::Arn(ArnError::Prefix)));
        assert!(matches!(reason("arn:aws:s3:::"), Reason::Arn(ArnError::EmptyField(_))));
        assert!(matches!(reason("arn:amazon:s3:::uploads"), Reason::Arn(ArnError::Partition(_))));
        assert!(matches!(reason("arn:aws:sqs:EU:123456789012:q"), Reason::Arn(ArnError::Region(_))));
        assert!(matches!(reason("arn:aws:sqs:eu-west-1:1:q"), Reason::Arn(ArnError::Account(_))));
        assert!(matches!(reason("arn:aws:s*:::uploads"), Reason::ServiceWildcard));
        assert!(matches!(reason("arn:aws:s3:::${aws:username}/*"), Reason::Variable(..)));
    }

    #[test]
    fn refuses_what_could_never_match() {
        assert!(matches!(
            reason("arn:aws:ec2:eu-west-1:123456789012:instance/*"),
            Reason::UnknownService(..)
        ));
        assert!(matches!(reason("arn:aws:s3:::Uploads/*"), Reason::BucketName(..)));
        assert_eq!(error("arn:aws:s3:::uploads/").help().unwrap(), "did you mean `arn:aws:s3:::uploads/*`?");
        for pattern in [
            "arn:aws:s3:::uploads/",
            "arn:aws:s3:eu-west-1:123456789012:uploads",
            "arn:aws:s3::123456789012:uploads/*",
            "arn:aws:s3:eu-west-1::accesspoint/photos",
            "arn:aws:sqs::*:orders",
            "arn:aws:sqs:eu-west-1:123456789012:orders/a",
            "arn:aws:sqs:::orders",
            "arn:aws:lambda:eu-west-1:123456789012:resize",
            "arn:aws:lambda:eu-west-1:123456789012:layer:*",
        ] {
            assert!(matches!(reason(pattern), Reason::Shape(..)), "{pattern}");
        }
    }

    #[test]
    fn a_wildcard_may_stand_for_the_slash_behind_the_bucket() {
        assert!(matches("arn:aws:s3:::*/", "arn:aws:s3:::uploads/incoming/"));
        assert!(matches("arn:aws:s3:::up*in/", "arn:aws:s3:::uploads/in/"));
        assert!(matches("arn:aws:s3:::uploads?in/", "arn:aws:s3:::uploads/in/"));
        assert!(!matches("arn:aws:s3:::*/", "arn:aws:s3:::uploads/incoming"));
        assert_eq!(types("arn:aws:s3:::*/"), [ResourceType::Object]);
    }

    #[test]
    fn a_star_may_stand_for_no_region_and_no_account() {
        use ResourceType::{All, Bucket, Object};
        assert!(matches("arn:aws:s3:*:*:uploads/x", "arn:aws:s3:::uploads/x"));
        assert!(matches("arn:aws:s3::*:uploads/*", "arn:aws:s3:::uploads/x"));
        assert!(!matches("arn:aws:s3:?*:*:uploads/x", "arn:aws:s3:::uploads/x"));
        assert_eq!(types("arn:aws:s3:*:*:uploads/x"), [Object]);
        assert_eq!(types("arn:aws:s3:*:*:uploads"), [Bucket, Object]);
        assert_eq!(types("arn:aws:s3::*:uploads/*"), [Object]);
        assert_eq!(types("arn:aws:s3:*:*:*"), [Bucket, Object, All]);
        assert_eq!(types("arn:aws:s3:*:*:accesspoint/photos"), [Bucket, Object]);
    }

    #[test]
    fn knows_which_kinds_of_resource_a_pattern_can_match() {
        use ResourceType::{All, Bucket, Function, Object, Queue};
        assert_eq!(types("*"), [Bucket, Object, Queue, Function, All]);
        assert_eq!(types("arn:aws:s3:::uploads"), [Bucket]);
        assert_eq!(types("arn:aws:s3:::uploads/*"), [Object]);
        assert_eq!(types("arn:aws:s3:::uploads*"), [Bucket, Object]);
        assert_eq!(types("arn:aws:s3:::upload?"), [Bucket, Object]);
        assert_eq!(types("arn:aws:s3:::*"), [Bucket, Object, All]);
        assert_eq!(types("arn:aws:s3:eu-west-1:123456789012:accesspoint/photos"), [Bucket]);
        assert_eq!(types("arn:aws:s3:eu-west-1:123456789012:accesspoint/photo*"), [Bucket, Object]);
        assert_eq!(types("arn:aws:s3:eu-west-1:123456789012:accesspoint/photos/object/*"), [Object]);
        assert_eq!(types("arn:aws:sqs:eu-west-1:123456789012:*"), [Queue, All]);
        assert_eq!(types("arn:aws:lambda:eu-west-1:123456789012:function:*"), [Function]);
    }
}
