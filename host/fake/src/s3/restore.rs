use std::time::{Duration, SystemTime};

use http::StatusCode;
use s3s::dto::{RestoreObjectInput, RestoreObjectOutput, StorageClass, Tier};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};
use time::OffsetDateTime;

use super::bucket::{bucket_mut, context};
use super::details::with_details;
use super::error::{custom, error, error_with, not_implemented};
use super::notifications::{Happening, tell};
use super::object::{Object, Restore};
use super::read::find_in;
use super::wire::with_status;
use crate::fake::Shared;
use crate::layer::http_date;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

pub(crate) fn restore_object(
    shared: &Shared,
    request: S3Request<RestoreObjectInput>,
) -> S3Result<S3Response<RestoreObjectOutput>> {
    let context = context(&request);
    let input = request.input;
    let asked = input.restore_request.ok_or_else(|| error(S3ErrorCode::MalformedXML))?;
    if asked.select_parameters.is_some() || asked.output_location.is_some() || asked.type_.is_some() {
        return Err(not_implemented("restoring by S3 Select"));
    }
    let days = asked.days.and_then(|days| u32::try_from(days).ok()).filter(|days| *days > 0);
    let days = days.ok_or_else(|| error(S3ErrorCode::MalformedXML))?;
    let tier = asked.glacier_job_parameters.map(|parameters| parameters.tier).or(asked.tier);

    let mut buckets = shared.store.lock();
    let bucket = bucket_mut(&mut buckets, &input.bucket)?;
    let mut object = (*find_in(bucket, &input.key, input.version_id.as_deref())?).clone();
    if !is_archived(&object) {
        let message = "Restore is not allowed for the object's current storage class";
        let error = error_with(S3ErrorCode::InvalidObjectState, message);
        return Err(with_details(error, &[("StorageClass", object.storage_class())]));
    }
    let duration = duration(object.storage_class(), tier.as_ref())?;
    let now = shared.clock.now();
    let (ready, status) = match object.restore {
        Some(restore) if now < restore.ready => {
            return Err(custom("RestoreAlreadyInProgress", StatusCode::CONFLICT));
        }
        // A copy that is there only gets another end.
        Some(restore) if now < restore.expires => (restore.ready, StatusCode::OK),
        _ => (now + duration, StatusCode::ACCEPTED),
    };
    object.restore = Some(Restore { ready, expires: midnight_after(ready.max(now) + DAY * days) });
    let happening = Happening::created("ObjectRestore:Post", &input.key, &object);
    bucket.replace(&input.key, object);
    tell(shared, &context, &input.bucket, bucket, &happening);
    Ok(with_status(RestoreObjectOutput::default(), status))
}

/// An archived object cannot be read before it is restored, nor after the copy has gone again.
pub(crate) fn check_active(object: &Object, now: SystemTime) -> S3Result {
    let restored = object.restore.is_some_and(|restore| (restore.ready..restore.expires).contains(&now));
    if is_archived(object) && !restored {
        let details = [("StorageClass", object.storage_class())];
        return Err(with_details(error(S3ErrorCode::InvalidObjectState), &details));
    }
    Ok(())
}

/// `x-amz-restore`, while there is something to say.
pub(crate) fn restore_header(object: &Object, now: SystemTime) -> Option<String> {
    let restore = object.restore.filter(|restore| now < restore.expires)?;
    Some(if now < restore.ready {
        "ongoing-request=\"true\"".to_owned()
    } else {
        format!("ongoing-request=\"false\", expiry-date=\"{}\"", http_date(restore.expires))
    })
}

fn is_archived(object: &Object) -> bool {
    matches!(object.storage_class(), StorageClass::GLACIER | StorageClass::DEEP_ARCHIVE)
}

/// How long the retrieval takes: the longest that AWS documents for the tier.
fn duration(class: &str, tier: Option<&Tier>) -> S3Result<Duration> {
    let deep = class == StorageClass::DEEP_ARCHIVE;
    match tier.map_or(Tier::STANDARD, Tier::as_str) {
        Tier::EXPEDITED if deep => Err(error_with(
            S3ErrorCode::InvalidArgument,
            "Retrieval option is not supported by this storage class",
        )),
        Tier::EXPEDITED => Ok(Duration::from_mins(5)),
        Tier::STANDARD => Ok(if deep { 12 * HOUR } else { 5 * HOUR }),
        Tier::BULK => Ok(if deep { 48 * HOUR } else { 12 * HOUR }),
        _ => Err(error(S3ErrorCode::MalformedXML)),
    }
}

/// The next midnight in UTC, to which S3 rounds the end of a restored copy up.
fn midnight_after(time: SystemTime) -> SystemTime {
    let date = OffsetDateTime::from(time);
    if date.time() == time::Time::MIDNIGHT {
        time
    } else {
        (date.replace_time(time::Time::MIDNIGHT) + DAY).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_up_to_midnight() {
        let day = SystemTime::UNIX_EPOCH + 3 * DAY;
        assert_eq!(midnight_after(day), day);
        assert_eq!(midnight_after(day + Duration::from_secs(1)), day + DAY);
        assert_eq!(midnight_after(day + DAY - Duration::from_secs(1)), day + DAY);
    }

    #[test]
    fn deep_archives_take_longer_and_have_no_expedited_tier() {
        let tier = |name: &'static str| Tier::from_static(name);
        assert_eq!(duration("GLACIER", None).unwrap(), 5 * HOUR);
        assert_eq!(duration("GLACIER", Some(&tier("Expedited"))).unwrap(), Duration::from_mins(5));
        assert_eq!(duration("DEEP_ARCHIVE", Some(&tier("Bulk"))).unwrap(), 48 * HOUR);
        assert!(duration("DEEP_ARCHIVE", Some(&tier("Expedited"))).is_err());
        assert!(duration("GLACIER", Some(&tier("Slow"))).is_err());
    }
}
