//! Deleting many objects at once.

use std::collections::HashMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{Delete, ObjectIdentifier as Identifier};
use innkeeper_policy::{DeleteTarget, S3Operation};

use crate::bindings::s3_types::{DeleteObjectOptions, DeleteObjectOutput, Error, ObjectIdentifier};
use crate::context::AwsCtx;
use crate::gate::Permit;
use crate::s3::bucket::{Bucket, object_key};
use crate::s3::object::{self, hide_absence};
use crate::s3::{convert, error, settle};

/// What S3 takes at once.
const MAX_OBJECTS: usize = 1_000;

/// An object, where it stands in the guest's list, and its condition.
struct Target {
    index: usize,
    object: DeleteTarget,
    if_match: Option<String>,
}

type Outcome = Result<DeleteObjectOutput, Error>;

/// The results are in the order of the guest's list. Nothing is sent before all of the list is checked.
pub(crate) async fn delete_many(
    ctx: &AwsCtx,
    bucket: &Bucket,
    objects: Vec<ObjectIdentifier>,
) -> Result<Vec<Outcome>, Error> {
    let mut targets = Vec::with_capacity(objects.len());
    for (index, object) in objects.into_iter().enumerate() {
        convert::check_header("if-match", object.if_match.as_ref())?;
        let (key, version) = (object_key(object.key)?, convert::version_id(object.version_id)?);
        targets.push(Target { index, object: DeleteTarget { key, version }, if_match: object.if_match });
    }
    let mut outcomes: Vec<Outcome> = vec![Err(Error::AccessDenied); targets.len()];
    let mut set = |index: usize, outcome| {
        if let Some(place) = outcomes.get_mut(index) {
            *place = outcome;
        }
    };

    let (together, alone): (Vec<_>, Vec<_>) =
        targets.into_iter().partition(|target| can_be_xml(target.object.key.as_str()));
    for target in alone {
        let Target { index, object: DeleteTarget { key, version: version_id }, if_match } = target;
        set(index, object::delete(ctx, bucket, &key, DeleteObjectOptions { version_id, if_match }).await);
    }
    let mut together = together.into_iter();
    loop {
        let batch: Vec<Target> = together.by_ref().take(MAX_OBJECTS).collect();
        if batch.is_empty() {
            return Ok(outcomes);
        }
        for (index, outcome) in delete_batch(ctx, bucket, batch).await {
            set(index, outcome);
        }
    }
}

/// One call of AWS, for those of the objects that the policy allows; all others are left as they are, which is denied.
async fn delete_batch(ctx: &AwsCtx, bucket: &Bucket, batch: Vec<Target>) -> Vec<(usize, Outcome)> {
    let objects: Vec<DeleteTarget> = batch.iter().map(|target| target.object.clone()).collect();
    let asked =
        ctx.gate().s3_each(S3Operation::DeleteObjects { bucket: bucket.arn(), objects: &objects }).await;
    let (permit, allowed) = match asked {
        Ok(granted) => granted,
        Err(refusal) => {
            let error = Error::from(refusal);
            return batch.into_iter().map(|target| (target.index, Err(error.clone()))).collect();
        }
    };
    let batch: Vec<Target> =
        batch.into_iter().zip(allowed).filter_map(|(target, allowed)| allowed.then_some(target)).collect();
    match send(ctx, bucket, &batch, permit).await {
        Ok(mut results) => batch
            .into_iter()
            .map(|target| {
                let DeleteTarget { key, version } = target.object;
                // Two of the same are one to S3.
                let outcome = results.entry((key.into_string(), version)).or_insert_with(|| {
                    Err(Error::Other("the answer has no result for the object".to_owned()))
                });
                (target.index, outcome.clone())
            })
            .collect(),
        Err(error) => batch.into_iter().map(|target| (target.index, Err(error.clone()))).collect(),
    }
}

async fn send(
    ctx: &AwsCtx,
    bucket: &Bucket,
    batch: &[Target],
    mut permit: Permit<Client>,
) -> Result<HashMap<(String, Option<String>), Outcome>, Error> {
    let incomplete = |_| Error::InvalidArgument("the request cannot be made of these arguments".to_owned());
    let mut identifiers = Vec::with_capacity(batch.len());
    for Target { object: DeleteTarget { key, version }, if_match, .. } in batch {
        let identifier = Identifier::builder().key(key.as_str()).set_version_id(version.clone());
        identifiers.push(identifier.set_e_tag(if_match.clone()).build().map_err(incomplete)?);
    }
    let delete = Delete::builder().set_objects(Some(identifiers)).quiet(false).build().map_err(incomplete)?;

    let request = permit
        .client
        .delete_objects()
        .bucket(bucket.name())
        .set_expected_bucket_owner(bucket.owner())
        .delete(delete)
        .send();
    let answer = permit.call.observe(request).await;
    let output = match answer {
        Ok(output) => output,
        Err(error) => return Err(settle(&mut permit.call, &error)),
    };
    permit.call.succeed();

    let mut results = HashMap::with_capacity(batch.len());
    for deleted in output.deleted.into_iter().flatten() {
        let Some(key) = deleted.key else { continue };
        let outcome = DeleteObjectOutput {
            delete_marker: deleted.delete_marker.unwrap_or_default(),
            version_id: deleted.delete_marker_version_id.or_else(|| deleted.version_id.clone()),
        };
        results.insert((key, deleted.version_id), Ok(outcome));
    }
    for failed in output.errors.into_iter().flatten() {
        let Some(key) = failed.key else { continue };
        let error = error::from_code_alone(failed.code.as_deref());
        // An empty element is what S3 sends for an object without a version.
        let version = failed.version_id.filter(|version| !version.is_empty());
        results.insert((key, version), Err(hide_absence(ctx, bucket, error)));
    }
    Ok(results)
}

/// Whether the request can carry the key, byte for byte: it is XML, which knows no control characters.
fn can_be_xml(key: &str) -> bool {
    key.chars().all(|c| !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\r' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_xml_would_change_is_sent_alone() {
        assert!(can_be_xml("a/../b <&>\"' \u{e9}\u{1f600}\t\n"));
        for key in ["\0", "a\u{1}", "a\rb", "\u{b}", "\u{ffff}"] {
            assert!(!can_be_xml(key), "{key:?}");
        }
    }
}
