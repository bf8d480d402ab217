use s3s::dto::{
    DeleteBucketLifecycleInput, DeleteBucketLifecycleOutput, ExpirationStatus,
    GetBucketLifecycleConfigurationInput, GetBucketLifecycleConfigurationOutput, LifecycleRule,
    PutBucketLifecycleConfigurationInput, PutBucketLifecycleConfigurationOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use time::{OffsetDateTime, Time};

use super::{Answer, change, look, missing};
use crate::fake::Shared;
use crate::s3::error::{error, error_with};

/// The longest name of a rule, in characters.
const MAX_ID: usize = 255;

pub(crate) fn put_lifecycle(
    shared: &Shared,
    request: S3Request<PutBucketLifecycleConfigurationInput>,
) -> Answer<PutBucketLifecycleConfigurationOutput> {
    let input = request.input;
    let mut lifecycle = input.lifecycle_configuration;
    let rules = lifecycle.as_mut().map(|lifecycle| &mut lifecycle.rules).filter(|rules| !rules.is_empty());
    let rules = rules.ok_or_else(|| error(S3ErrorCode::MalformedXML))?;
    for rule in rules.iter() {
        check(rule)?;
    }
    let mut ids: Vec<_> = rules.iter().filter_map(|rule| rule.id.as_deref()).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(invalid("Rule ID must be unique. Found same ID for more than one rule"));
    }
    for rule in rules {
        // S3 names a rule that has no name.
        rule.id.get_or_insert_with(|| shared.ids.uuid("lifecycle-rule"));
    }
    change(shared, &input.bucket, |configuration| configuration.lifecycle = lifecycle)?;
    Ok(S3Response::new(PutBucketLifecycleConfigurationOutput {
        transition_default_minimum_object_size: input.transition_default_minimum_object_size,
    }))
}

/// What S3 refuses of a rule by itself.
fn check(rule: &LifecycleRule) -> S3Result {
    let malformed = || Err(error(S3ErrorCode::MalformedXML));
    if ![ExpirationStatus::ENABLED, ExpirationStatus::DISABLED].contains(&rule.status.as_str()) {
        return malformed();
    }
    // The prefix is the older form of a filter.
    let filters = match (&rule.filter, &rule.prefix) {
        (Some(filter), None) => {
            let said = [
                filter.and.is_some(),
                filter.tag.is_some(),
                filter.prefix.is_some(),
                filter.object_size_greater_than.is_some(),
                filter.object_size_less_than.is_some(),
            ];
            said.into_iter().filter(|said| *said).count()
        }
        (None, Some(_)) => 1,
        _ => return malformed(),
    };
    if filters > 1 {
        return malformed();
    }
    if rule.id.as_ref().is_some_and(|id| id.chars().count() > MAX_ID) {
        return Err(invalid("ID length should not exceed allowed limit of 255"));
    }
    let transitions = rule.noncurrent_version_transitions.iter().flatten();
    for transition in transitions {
        if transition.noncurrent_days.is_none() || transition.storage_class.is_none() {
            return malformed();
        }
    }
    if let Some(expiration) = &rule.expiration {
        let said = [
            expiration.days.is_some(),
            expiration.date.is_some(),
            expiration.expired_object_delete_marker.is_some(),
        ];
        if said.into_iter().filter(|said| *said).count() != 1 {
            return malformed();
        }
        if expiration.days.is_some_and(|days| days <= 0) {
            return Err(invalid("'Days' for Expiration action must be a positive integer"));
        }
        let date = expiration.date.clone().map(OffsetDateTime::from);
        if date.is_some_and(|date| date.time() != Time::MIDNIGHT) {
            return Err(invalid("'Date' must be at midnight GMT"));
        }
    }
    Ok(())
}

fn invalid(message: &'static str) -> S3Error {
    error_with(S3ErrorCode::InvalidArgument, message)
}

pub(crate) fn get_lifecycle(
    shared: &Shared,
    request: &S3Request<GetBucketLifecycleConfigurationInput>,
) -> Answer<GetBucketLifecycleConfigurationOutput> {
    let lifecycle = look(shared, &request.input.bucket, |configuration| configuration.lifecycle.clone())?;
    let lifecycle = lifecycle.ok_or_else(|| {
        missing("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
    })?;
    Ok(S3Response::new(GetBucketLifecycleConfigurationOutput {
        rules: Some(lifecycle.rules),
        ..GetBucketLifecycleConfigurationOutput::default()
    }))
}

pub(crate) fn delete_lifecycle(
    shared: &Shared,
    request: &S3Request<DeleteBucketLifecycleInput>,
) -> Answer<DeleteBucketLifecycleOutput> {
    change(shared, &request.input.bucket, |configuration| configuration.lifecycle = None)?;
    Ok(S3Response::new(DeleteBucketLifecycleOutput {}))
}
