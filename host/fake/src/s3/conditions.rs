use std::time::SystemTime;

use http::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};
use s3s::dto::{ETagCondition, Timestamp};
use s3s::{S3Error, S3ErrorCode};
use time::OffsetDateTime;

use super::details::with_details;
use super::error::{error, error_with, not_modified};
use super::object::Object;

/// The conditions of a read (`If-*`), or of the source of a copy (`x-amz-copy-source-if-*`).
#[derive(Debug, Default)]
#[expect(clippy::struct_field_names, reason = "the names of the headers")]
pub(crate) struct ReadConditions {
    pub(crate) if_match: Option<ETagCondition>,
    pub(crate) if_none_match: Option<ETagCondition>,
    pub(crate) if_modified_since: Option<Timestamp>,
    pub(crate) if_unmodified_since: Option<Timestamp>,
}

/// How the conditions of a read come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Holds,
    PreconditionFailed,
    NotModified,
}

impl ReadConditions {
    /// 412 or 304, if that is the answer.
    pub(crate) fn check(self, object: &Object) -> Result<(), S3Error> {
        match self.outcome(object) {
            Outcome::Holds => Ok(()),
            Outcome::PreconditionFailed => Err(error(S3ErrorCode::PreconditionFailed)),
            Outcome::NotModified => Err(not_modified(object)),
        }
    }

    /// A copy has no "not modified": whatever does not hold is 412.
    pub(crate) fn check_copy(self, object: &Object) -> Result<(), S3Error> {
        match self.outcome(object) {
            Outcome::Holds => Ok(()),
            Outcome::PreconditionFailed | Outcome::NotModified => Err(error(S3ErrorCode::PreconditionFailed)),
        }
    }

    /// RFC 9110, section 13.2.2: an entity tag, where given, decides in place of the date beside it.
    fn outcome(self, object: &Object) -> Outcome {
        let failed = match (self.if_match, self.if_unmodified_since) {
            (Some(condition), _) => !matches(&condition, object),
            (None, Some(since)) => object.last_modified > system_time(since),
            (None, None) => false,
        };
        if failed {
            return Outcome::PreconditionFailed;
        }
        let unchanged = match (self.if_none_match, self.if_modified_since) {
            (Some(condition), _) => matches(&condition, object),
            (None, Some(since)) => object.last_modified <= system_time(since),
            (None, None) => false,
        };
        if unchanged { Outcome::NotModified } else { Outcome::Holds }
    }
}

/// What a condition is of. They differ in the conditions that they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Put,
    CompleteMultipartUpload,
    Delete,
}

impl Write {
    /// `NotImplemented`, if S3 has no such condition of this operation. What is there makes no difference.
    fn check(
        self,
        if_match: Option<&ETagCondition>,
        if_none_match: Option<&ETagCondition>,
    ) -> Result<(), S3Error> {
        let refused = |header: &str, message: &str| {
            let details = [("Header", header), ("additionalMessage", message)];
            Err(with_details(error(S3ErrorCode::NotImplemented), &details))
        };
        let value_of = |header: &str| {
            refused(header, &format!("We don't accept the provided value of {header} header for this API"))
        };
        match (self, if_match, if_none_match) {
            (_, Some(_), Some(_)) => refused(
                "If-Match,If-None-Match",
                "Multiple conditional request headers present in the request",
            ),
            (_, None, Some(ETagCondition::ETag(_))) => value_of("If-None-Match"),
            (Self::Put, Some(ETagCondition::Any), None) => value_of("If-Match"),
            // AWS names the other header here.
            (Self::CompleteMultipartUpload, Some(ETagCondition::Any), None) => value_of("If-None-Match"),
            _ => Ok(()),
        }
    }
}

/// The conditions of a write, against what is there at the moment of writing.
pub(crate) fn check_write(
    write: Write,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    existing: Option<&Object>,
) -> Result<(), S3Error> {
    write.check(if_match, if_none_match)?;
    match (if_match, existing) {
        (Some(_), None) => return Err(error(S3ErrorCode::NoSuchKey)),
        (Some(condition), Some(object)) if !matches(condition, object) => {
            return Err(error(S3ErrorCode::PreconditionFailed));
        }
        _ => {}
    }
    match (if_none_match, existing) {
        (Some(_), Some(_)) => Err(error(S3ErrorCode::PreconditionFailed)),
        _ => Ok(()),
    }
}

pub(crate) fn matches(condition: &ETagCondition, object: &Object) -> bool {
    match condition {
        ETagCondition::Any => true,
        // S3 minds no quote that lacks its other one. Seen on AWS.
        ETagCondition::ETag(etag) => etag.value().trim_matches('"') == object.etag,
    }
}

/// `If-Match` and `If-None-Match` of a copy, which are about its destination. s3s does not read them.
pub(crate) fn conditions_of_destination(
    headers: &HeaderMap,
) -> Result<(Option<ETagCondition>, Option<ETagCondition>), S3Error> {
    let condition = |name: HeaderName| {
        let Some(value) = headers.get(&name) else { return Ok(None) };
        let condition = value.to_str().ok().and_then(|value| value.parse().ok());
        let invalid = || error_with(S3ErrorCode::InvalidArgument, format!("{name} is no entity tag"));
        condition.map(Some).ok_or_else(invalid)
    };
    Ok((condition(IF_MATCH)?, condition(IF_NONE_MATCH)?))
}

fn system_time(time: Timestamp) -> SystemTime {
    OffsetDateTime::from(time).into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use s3s::dto::ETag;

    use super::*;
    use crate::s3::{Checksum, ChecksumAlgorithm, ObjectHeaders};

    fn object() -> Object {
        let checksum = Checksum::of(ChecksumAlgorithm::Crc32, b"");
        Object::new(Bytes::new(), ObjectHeaders::default(), checksum, at(100))
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn etag(value: &str) -> ETagCondition {
        ETagCondition::ETag(ETag::Strong(value.to_owned()))
    }

    fn right() -> ETagCondition {
        etag(&object().etag)
    }

    #[test]
    fn an_entity_tag_decides_in_place_of_a_date() {
        let outcome = |conditions: ReadConditions| conditions.outcome(&object());
        let none = ReadConditions::default;
        let since = |seconds| Some(Timestamp::from(at(seconds)));
        assert_eq!(outcome(none()), Outcome::Holds);
        assert_eq!(outcome(ReadConditions { if_match: Some(right()), ..none() }), Outcome::Holds);
        assert_eq!(
            outcome(ReadConditions { if_match: Some(etag("x")), ..none() }),
            Outcome::PreconditionFailed
        );
        assert_eq!(
            outcome(ReadConditions { if_match: Some(right()), if_unmodified_since: since(1), ..none() }),
            Outcome::Holds
        );
        assert_eq!(
            outcome(ReadConditions { if_unmodified_since: since(99), ..none() }),
            Outcome::PreconditionFailed
        );
        assert_eq!(outcome(ReadConditions { if_unmodified_since: since(100), ..none() }), Outcome::Holds);
        assert_eq!(outcome(ReadConditions { if_none_match: Some(right()), ..none() }), Outcome::NotModified);
        assert_eq!(
            outcome(ReadConditions { if_none_match: Some(ETagCondition::Any), ..none() }),
            Outcome::NotModified
        );
        assert_eq!(
            outcome(ReadConditions {
                if_none_match: Some(etag("x")),
                if_modified_since: since(200),
                ..none()
            }),
            Outcome::Holds
        );
        assert_eq!(outcome(ReadConditions { if_modified_since: since(100), ..none() }), Outcome::NotModified);
        assert_eq!(outcome(ReadConditions { if_modified_since: since(99), ..none() }), Outcome::Holds);
    }

    #[test]
    fn writes_are_held_to_what_is_there() {
        let object = object();
        let code = |result: Result<(), S3Error>| result.err().map(|error| error.code().clone());
        assert_eq!(code(check_write(Write::Put, None, Some(&ETagCondition::Any), None)), None);
        assert_eq!(
            code(check_write(Write::Put, None, Some(&ETagCondition::Any), Some(&object))),
            Some(S3ErrorCode::PreconditionFailed)
        );
        assert_eq!(code(check_write(Write::Put, Some(&right()), None, Some(&object))), None);
        assert_eq!(
            code(check_write(Write::Put, Some(&etag("x")), None, Some(&object))),
            Some(S3ErrorCode::PreconditionFailed)
        );
        assert_eq!(code(check_write(Write::Put, Some(&right()), None, None)), Some(S3ErrorCode::NoSuchKey));
    }

    #[test]
    fn conditions_that_an_operation_does_not_take_are_refused_whatever_is_there() {
        let object = object();
        let (any, tag) = (ETagCondition::Any, right());
        for (write, if_match, if_none_match, taken) in [
            (Write::Put, Some(&tag), Some(&any), false),
            (Write::Put, None, Some(&tag), false),
            (Write::Put, Some(&any), None, false),
            (Write::CompleteMultipartUpload, Some(&any), None, false),
            (Write::CompleteMultipartUpload, None, Some(&tag), false),
            (Write::CompleteMultipartUpload, Some(&tag), Some(&any), false),
            // That it is there at all is a condition of its deletion alone.
            (Write::Delete, Some(&any), None, true),
        ] {
            for existing in [None, Some(&object)] {
                let refused = check_write(write, if_match, if_none_match, existing).err();
                let refused = refused.is_some_and(|error| *error.code() == S3ErrorCode::NotImplemented);
                assert_eq!(refused, !taken, "{write:?} {if_match:?} {if_none_match:?}");
            }
        }
    }
}
