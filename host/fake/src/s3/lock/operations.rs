use http::StatusCode;
use s3s::dto::{
    GetObjectLegalHoldInput, GetObjectLegalHoldOutput, GetObjectLockConfigurationInput,
    GetObjectLockConfigurationOutput, GetObjectRetentionInput, GetObjectRetentionOutput, ObjectLockEnabled,
    ObjectLockLegalHold, ObjectLockLegalHoldStatus, ObjectLockRetention, ObjectLockRetentionMode,
    ObjectLockRule, PutObjectLegalHoldInput, PutObjectLegalHoldOutput, PutObjectLockConfigurationInput,
    PutObjectLockConfigurationOutput, PutObjectRetentionInput, PutObjectRetentionOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use time::OffsetDateTime;

use super::{Bypass, Mode, Retention, in_the_past, protected, status};
use crate::fake::Shared;
use crate::s3::bucket::{bucket_in, bucket_mut};
use crate::s3::error::{custom_with, error, invalid_argument};
use crate::s3::read::find_in;
use crate::s3::versions::Versioning;

/// The longest default retention, in days and in years.
const MAX_DAYS: i32 = 36_500;
const MAX_YEARS: i32 = 100;

pub(crate) fn put_configuration(
    shared: &Shared,
    request: S3Request<PutObjectLockConfigurationInput>,
) -> S3Result<S3Response<PutObjectLockConfigurationOutput>> {
    let PutObjectLockConfigurationInput { bucket, object_lock_configuration, .. } = request.input;
    let configuration = object_lock_configuration.ok_or_else(|| {
        custom_with("MissingRequestBodyError", StatusCode::BAD_REQUEST, "Request Body is empty")
    })?;
    let enabled = configuration.object_lock_enabled.as_ref().map(ObjectLockEnabled::as_str);
    if enabled != Some(ObjectLockEnabled::ENABLED) {
        return Err(error(S3ErrorCode::MalformedXML));
    }
    if let Some(rule) = &configuration.rule {
        check_rule(rule)?;
    }
    let mut buckets = shared.store.lock();
    let bucket = bucket_mut(&mut buckets, &bucket)?;
    if bucket.versioning != Versioning::Enabled {
        let message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
        return Err(custom_with("InvalidBucketState", StatusCode::CONFLICT, message));
    }
    bucket.configuration.object_lock = Some(configuration);
    Ok(S3Response::new(PutObjectLockConfigurationOutput::default()))
}

fn check_rule(rule: &ObjectLockRule) -> S3Result {
    let malformed = || error(S3ErrorCode::MalformedXML);
    let retention = rule.default_retention.as_ref().ok_or_else(malformed)?;
    Mode::parse(retention.mode.as_ref().ok_or_else(malformed)?.as_str())?;
    let (unit, count, most) = match (retention.days, retention.years) {
        (Some(days), None) => ("Days", days, MAX_DAYS),
        (None, Some(years)) => ("Years", years, MAX_YEARS),
        _ => return Err(malformed()),
    };
    let invalid = |message: &str| Err(invalid_argument(unit, &count.to_string(), message));
    match count {
        ..=0 => invalid("Default retention period must be a positive integer value."),
        count if count > most => invalid("Default retention period too large."),
        _ => Ok(()),
    }
}

pub(crate) fn get_configuration(
    shared: &Shared,
    request: &S3Request<GetObjectLockConfigurationInput>,
) -> S3Result<S3Response<GetObjectLockConfigurationOutput>> {
    let kept = bucket_in(&shared.store.lock(), &request.input.bucket)?.configuration.object_lock.clone();
    let kept = kept.ok_or_else(|| {
        custom_with(
            "ObjectLockConfigurationNotFoundError",
            StatusCode::NOT_FOUND,
            "Object Lock configuration does not exist for this bucket",
        )
    })?;
    Ok(S3Response::new(GetObjectLockConfigurationOutput { object_lock_configuration: Some(kept) }))
}

pub(crate) fn put_retention(
    shared: &Shared,
    request: S3Request<PutObjectRetentionInput>,
) -> S3Result<S3Response<PutObjectRetentionOutput>> {
    let input = request.input;
    let mut buckets = shared.store.lock();
    let bucket = bucket_mut(&mut buckets, &input.bucket)?;
    bucket.check_has_lock()?;
    let now = shared.clock.now();
    let asked = match input.retention.map(|retention| (retention.mode, retention.retain_until_date)) {
        Some((Some(mode), Some(until))) => {
            let until = OffsetDateTime::from(until).into();
            if until <= now {
                return Err(in_the_past());
            }
            Some(Retention { mode: Mode::parse(mode.as_str())?, until })
        }
        // An empty element takes the retention away.
        Some((None, None)) => None,
        _ => return Err(error(S3ErrorCode::MalformedXML)),
    };
    let mut object = (*find_in(bucket, &input.key, input.version_id.as_deref())?).clone();
    if let Some(kept) = object.lock.retention.filter(|kept| now < kept.until) {
        // Anybody may lengthen it. Another mode is another lock, the stricter one too.
        let longer = asked.is_some_and(|asked| asked.until >= kept.until && asked.mode == kept.mode);
        let bypassed =
            kept.mode == Mode::Governance && Bypass::of(input.bypass_governance_retention) == Bypass::Asked;
        if !(longer || bypassed) {
            return Err(protected());
        }
    }
    object.lock.retention = asked;
    bucket.replace(&input.key, object);
    Ok(S3Response::new(PutObjectRetentionOutput::default()))
}

pub(crate) fn get_retention(
    shared: &Shared,
    request: &S3Request<GetObjectRetentionInput>,
) -> S3Result<S3Response<GetObjectRetentionOutput>> {
    let input = &request.input;
    let buckets = shared.store.lock();
    let bucket = bucket_in(&buckets, &input.bucket)?;
    bucket.check_has_lock()?;
    let object = find_in(bucket, &input.key, input.version_id.as_deref())?;
    let retention = object.lock.retention.ok_or_else(no_lock)?;
    let retention = ObjectLockRetention {
        mode: Some(ObjectLockRetentionMode::from_static(retention.mode.as_str())),
        retain_until_date: Some(retention.until.into()),
    };
    Ok(S3Response::new(GetObjectRetentionOutput { retention: Some(retention) }))
}

pub(crate) fn put_legal_hold(
    shared: &Shared,
    request: S3Request<PutObjectLegalHoldInput>,
) -> S3Result<S3Response<PutObjectLegalHoldOutput>> {
    let input = request.input;
    let mut buckets = shared.store.lock();
    let bucket = bucket_mut(&mut buckets, &input.bucket)?;
    bucket.check_has_lock()?;
    let asked = input.legal_hold.and_then(|hold| hold.status);
    let on = match asked.as_ref().map(ObjectLockLegalHoldStatus::as_str) {
        Some(ObjectLockLegalHoldStatus::ON) => true,
        Some(ObjectLockLegalHoldStatus::OFF) => false,
        _ => return Err(error(S3ErrorCode::MalformedXML)),
    };
    let mut object = (*find_in(bucket, &input.key, input.version_id.as_deref())?).clone();
    object.lock.legal_hold = Some(on);
    bucket.replace(&input.key, object);
    Ok(S3Response::new(PutObjectLegalHoldOutput::default()))
}

pub(crate) fn get_legal_hold(
    shared: &Shared,
    request: &S3Request<GetObjectLegalHoldInput>,
) -> S3Result<S3Response<GetObjectLegalHoldOutput>> {
    let input = &request.input;
    let buckets = shared.store.lock();
    let bucket = bucket_in(&buckets, &input.bucket)?;
    bucket.check_has_lock()?;
    let object = find_in(bucket, &input.key, input.version_id.as_deref())?;
    let on = object.lock.legal_hold.ok_or_else(no_lock)?;
    let legal_hold = ObjectLockLegalHold { status: Some(status(on)) };
    Ok(S3Response::new(GetObjectLegalHoldOutput { legal_hold: Some(legal_hold) }))
}

fn no_lock() -> S3Error {
    custom_with(
        "NoSuchObjectLockConfiguration",
        StatusCode::NOT_FOUND,
        "The specified object does not have a ObjectLock configuration",
    )
}
