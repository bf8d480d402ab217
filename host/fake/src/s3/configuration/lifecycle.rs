use s3s::dto::{
    DeleteBucketLifecycleInput, DeleteBucketLifecycleOutput, ExpirationStatus,
    GetBucketLifecycleConfigurationInput, GetBucketLifecycleConfigurationOutput, LifecycleRule,
    PutBucketLifecycleConfigurationInput, PutBucketLifecycleConfigurationOutput, Timestamp, Transition,
    TransitionDefaultMinimumObjectSize, TransitionStorageClass,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use time::{OffsetDateTime, Time, UtcOffset};

use super::{Answer, change, look, missing};
use crate::fake::Shared;
use crate::s3::details::with_details;
use crate::s3::error::{error, error_with};

/// The longest name of a rule, in characters.
const MAX_ID: usize = 255;
/// How many days an object stays where it is before it goes to a class for infrequent access.
const MIN_INFREQUENT: i32 = 30;
/// The storage classes that a rule moves objects to.
const TRANSITION_CLASSES: [&str; 6] = [
    TransitionStorageClass::STANDARD_IA,
    TransitionStorageClass::ONEZONE_IA,
    TransitionStorageClass::INTELLIGENT_TIERING,
    TransitionStorageClass::GLACIER,
    TransitionStorageClass::GLACIER_IR,
    TransitionStorageClass::DEEP_ARCHIVE,
];

pub(crate) fn put_lifecycle(
    shared: &Shared,
    request: S3Request<PutBucketLifecycleConfigurationInput>,
) -> Answer<PutBucketLifecycleConfigurationOutput> {
    let input = request.input;
    let mut lifecycle = input.lifecycle_configuration;
    let rules = lifecycle.as_mut().map(|lifecycle| &mut lifecycle.rules).filter(|rules| !rules.is_empty());
    let rules = rules.ok_or_else(|| error(S3ErrorCode::MalformedXML))?;
    let minimum = input.transition_default_minimum_object_size;
    if let Some(minimum) = &minimum {
        check_minimum(minimum.as_str())
            .map_err(|message| error_with(S3ErrorCode::InvalidRequest, message))?;
    }
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
    let answered = minimum_or_default(minimum.clone());
    change(shared, &input.bucket, |configuration| {
        configuration.lifecycle = lifecycle;
        configuration.transition_minimum = minimum;
    })?;
    Ok(S3Response::new(PutBucketLifecycleConfigurationOutput {
        transition_default_minimum_object_size: Some(answered),
    }))
}

/// Whether it is a default of the smallest object that goes to another class
/// (`x-amz-transition-default-minimum-object-size`).
pub(super) fn check_minimum(minimum: &str) -> Result<(), String> {
    match minimum {
        TransitionDefaultMinimumObjectSize::ALL_STORAGE_CLASSES_128K
        | TransitionDefaultMinimumObjectSize::VARIES_BY_STORAGE_CLASS => Ok(()),
        other => Err(format!("Invalid TransitionDefaultMinimumObjectSize found: {other}")),
    }
}

/// That of every lifecycle put since September 2024, unless its writer says otherwise.
fn minimum_or_default(
    minimum: Option<TransitionDefaultMinimumObjectSize>,
) -> TransitionDefaultMinimumObjectSize {
    minimum.unwrap_or_else(|| {
        TransitionDefaultMinimumObjectSize::from_static(
            TransitionDefaultMinimumObjectSize::ALL_STORAGE_CLASSES_128K,
        )
    })
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
    if !has_action(rule) {
        return Err(error_with(
            S3ErrorCode::InvalidRequest,
            "At least one action needs to be specified in a rule",
        ));
    }
    for transition in rule.transitions.iter().flatten() {
        check_transition(transition)?;
    }
    for transition in rule.noncurrent_version_transitions.iter().flatten() {
        if transition.noncurrent_days.is_none() || !is_class(transition.storage_class.as_ref()) {
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
        check_date(expiration.date.as_ref())?;
    }
    if let Some(abort) = &rule.abort_incomplete_multipart_upload {
        if abort.days_after_initiation.is_some_and(|days| days <= 0) {
            return Err(invalid(
                "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer",
            ));
        }
        check_abort(rule)?;
    }
    check_together(rule)
}

/// Uploads have a key alone: their tags and their size nobody knows.
fn check_abort(rule: &LifecycleRule) -> S3Result {
    let Some(filter) = &rule.filter else { return Ok(()) };
    let and = filter.and.as_ref();
    let is_tagged = filter.tag.is_some() || and.is_some_and(|and| and.tags.iter().flatten().next().is_some());
    let sizes = [filter.object_size_greater_than, filter.object_size_less_than];
    let sizes_too = and.map(|and| [and.object_size_greater_than, and.object_size_less_than]);
    let is_sized = sizes.iter().chain(sizes_too.iter().flatten()).any(Option::is_some);
    let what = match (is_tagged, is_sized) {
        (true, _) => "Tags",
        (false, true) => "Object Size",
        (false, false) => return Ok(()),
    };
    let message = format!("AbortIncompleteMultipartUpload cannot be specified with {what}.");
    Err(error_with(S3ErrorCode::InvalidRequest, message))
}

/// What S3 refuses of the actions of a rule beside each other.
fn check_together(rule: &LifecycleRule) -> S3Result {
    let transitions = rule.transitions.as_deref().unwrap_or_default();
    let refused = |message: String| Err(error_with(S3ErrorCode::InvalidRequest, message));
    let filter = filter_of(rule);
    let mut classes: Vec<_> = transitions.iter().filter_map(|it| it.storage_class.as_ref()).collect();
    classes.sort_unstable_by_key(|class| class.as_str());
    if classes.windows(2).any(|pair| pair.first() == pair.last()) {
        return refused(format!(
            "'StorageClass' must be different for 'Transition' actions in same 'Rule' with {filter}"
        ));
    }
    let by_days = transitions.iter().any(|transition| transition.days.is_some());
    let by_date = transitions.iter().any(|transition| transition.date.is_some());
    if by_days && by_date {
        return refused(format!(
            "Found mixed 'Date' and 'Days' based Transition actions in lifecycle rule for {filter}"
        ));
    }
    let Some(expiration) = &rule.expiration else { return Ok(()) };
    if (expiration.days.is_some() && by_date) || (expiration.date.is_some() && by_days) {
        return refused(format!(
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for {filter}"
        ));
    }
    let last = transitions.iter().filter_map(|transition| transition.days).max();
    match (expiration.days, last) {
        (Some(days), Some(last)) if days <= last => Err(error_with(
            S3ErrorCode::InvalidArgument,
            format!(
                "'Days' in the Expiration action for {filter} must be greater than 'Days' in the Transition action"
            ),
        )),
        _ => Ok(()),
    }
}

/// What a rule is for, as errors say it. How they write tags and sizes is not known, and so only the prefix is there.
fn filter_of(rule: &LifecycleRule) -> String {
    let Some(filter) = &rule.filter else {
        return format!("prefix '{}'", rule.prefix.as_deref().unwrap_or_default());
    };
    let prefix = filter.prefix.as_ref().or_else(|| filter.and.as_ref()?.prefix.as_ref());
    format!("filter '(prefix={})'", prefix.map(String::as_str).unwrap_or_default())
}

fn has_action(rule: &LifecycleRule) -> bool {
    rule.expiration.is_some()
        || rule.transitions.iter().flatten().next().is_some()
        || rule.noncurrent_version_expiration.is_some()
        || rule.noncurrent_version_transitions.iter().flatten().next().is_some()
        || rule.abort_incomplete_multipart_upload.is_some()
}

fn check_transition(transition: &Transition) -> S3Result {
    let class = transition.storage_class.as_ref();
    if !is_class(class) || transition.days.is_some() == transition.date.is_some() {
        return Err(error(S3ErrorCode::MalformedXML));
    }
    check_date(transition.date.as_ref())?;
    let infrequent = class.map(TransitionStorageClass::as_str).filter(|class| {
        [TransitionStorageClass::STANDARD_IA, TransitionStorageClass::ONEZONE_IA].contains(class)
    });
    match (infrequent, transition.days) {
        (Some(class), Some(days)) if days < MIN_INFREQUENT => Err(error_with(
            S3ErrorCode::InvalidArgument,
            format!(
                "'Days' in Transition action must be greater than or equal to {MIN_INFREQUENT} for storageClass '{class}'"
            ),
        )),
        _ => Ok(()),
    }
}

fn is_class(class: Option<&TransitionStorageClass>) -> bool {
    class.is_some_and(|class| TRANSITION_CLASSES.contains(&class.as_str()))
}

/// Whether a date, if there is one, is the beginning of a day.
fn check_date(date: Option<&Timestamp>) -> S3Result {
    let date = date.cloned().map(OffsetDateTime::from);
    if date.is_none_or(|date| date.to_offset(UtcOffset::UTC).time() == Time::MIDNIGHT) {
        return Ok(());
    }
    Err(with_details(invalid("'Date' must be at midnight GMT"), &[("ArgumentName", "Date")]))
}

fn invalid(message: &'static str) -> S3Error {
    error_with(S3ErrorCode::InvalidArgument, message)
}

pub(crate) fn get_lifecycle(
    shared: &Shared,
    request: &S3Request<GetBucketLifecycleConfigurationInput>,
) -> Answer<GetBucketLifecycleConfigurationOutput> {
    let (lifecycle, minimum) = look(shared, &request.input.bucket, |configuration| {
        (configuration.lifecycle.clone(), configuration.transition_minimum.clone())
    })?;
    let lifecycle = lifecycle.ok_or_else(|| {
        missing("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
    })?;
    Ok(S3Response::new(GetBucketLifecycleConfigurationOutput {
        rules: Some(lifecycle.rules),
        transition_default_minimum_object_size: Some(minimum_or_default(minimum)),
    }))
}

pub(crate) fn delete_lifecycle(
    shared: &Shared,
    request: &S3Request<DeleteBucketLifecycleInput>,
) -> Answer<DeleteBucketLifecycleOutput> {
    change(shared, &request.input.bucket, |configuration| {
        configuration.lifecycle = None;
        configuration.transition_minimum = None;
    })?;
    Ok(S3Response::new(DeleteBucketLifecycleOutput {}))
}
