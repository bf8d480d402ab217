//! The tags that objects have, where a policy asks about them: `s3:ExistingObjectTag/<key>`.
//!
//! The host looks them up before it decides, and only where what is decided depends on them. The look-up is a call of AWS like
//! others: it counts against the guest's quotas, since the guest is what causes it, and is in the audit trail under the number of
//! the operation that it is for. It needs no right of the guest's, and the guest learns nothing of it but the decision.
//!
//! A look-up that fails denies the operation. To decide as if the object had no tags would be to let whoever can make a look-up fail
//! past every `deny` that asks for one.
//!
//! Between the look-up and the operation somebody else can set other tags, or put another object in the place: what is decided on is
//! what was there a moment before. AWS itself has no such moment, and holds the host's role to the same conditions, where the role has
//! the policy that `innkeeper policy iam` prints.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use innkeeper_policy::{BucketArn, ObjectKey, Operation, Request, S3Operation};

use super::decide::Asked;
use super::log::log;
use super::{Gate, Permit, Refusal};
use crate::audit::{OperationId, Purpose, Verdict};
use crate::bindings::s3_types::Error;
use crate::quota::Place;
use crate::s3::error;

type Tags = Vec<(String, String)>;

/// The tags that the requests of one operation are about.
#[derive(Debug, Default)]
pub(super) struct ExistingTags<'a>(Vec<LookedUp<'a>>);

#[derive(Debug)]
struct LookedUp<'a> {
    object: Object<'a>,
    /// The numbers of the requests that are about the object.
    requests: Vec<usize>,
    tags: Tags,
}

/// An object, and the version of it that is named.
type Object<'a> = (&'a BucketArn, &'a ObjectKey, Option<&'a str>);

impl ExistingTags<'_> {
    /// Fills into the request of this number the tags that it is about.
    pub(super) fn fill_in<'r>(&'r self, index: usize, request: &mut Request<'r>) {
        let found = self.0.iter().find(|looked_up| looked_up.requests.contains(&index));
        if let Some(LookedUp { tags, .. }) = found {
            request.context.existing_tags = tags;
        }
    }
}

impl Gate {
    /// The tags that decisions about an operation depend on.
    pub(super) async fn existing_tags<'a>(
        &self,
        id: OperationId,
        operation: Operation<'a>,
    ) -> Result<ExistingTags<'a>, Refusal> {
        match operation {
            // In a box, so that operations of policies that do not ask have no room for a call of the SDK in their futures.
            Operation::S3(of_s3) if self.shared.policy.asks_about_existing_tags() => {
                Box::pin(self.look_up_each(id, of_s3)).await
            }
            _ => Ok(ExistingTags::default()),
        }
    }

    /// Looks up the tags that decisions about an operation depend on, once for each object.
    async fn look_up_each<'a>(
        &self,
        id: OperationId,
        of_s3: S3Operation<'a>,
    ) -> Result<ExistingTags<'a>, Refusal> {
        let operation = Operation::from(of_s3);
        let mut known = ExistingTags::default();
        for (index, request) in operation.requests().enumerate() {
            let mut asked = request;
            self.add_facts(&mut asked, self.now());
            if !self.shared.policy.depends_on_existing_tags(&asked) {
                // Nothing behind a no is asked about.
                if !self.shared.policy.allows(&asked) {
                    break;
                }
                continue;
            }
            let Some(object) = of_s3.tagged_object(index) else { continue };
            if let Some(before) = known.0.iter_mut().find(|looked_up| looked_up.object == object) {
                before.requests.push(index);
                continue;
            }
            let tags = self.look_up(id, object, &operation, &request).await?;
            known.0.push(LookedUp { object, requests: vec![index], tags });
        }
        Ok(known)
    }

    /// The tags of an object; none where there is no object. `request` is what they are looked up for.
    async fn look_up(
        &self,
        id: OperationId,
        (bucket, key, version): Object<'_>,
        operation: &Operation<'_>,
        request: &Request<'_>,
    ) -> Result<Tags, Refusal> {
        let look_up = Operation::from(S3Operation::GetObjectTagging { bucket, key, version });
        let purpose = Some(Purpose::ExistingObjectTags);
        let admission = self.admit(id, &look_up, &[], Place::Taken).await?;
        let mut permit: Permit<aws_sdk_s3::Client> =
            self.hand_out(id, &look_up, &[], None, purpose, admission).await?;
        let sent = permit
            .client
            .get_object_tagging()
            .bucket(bucket.name().map_or_else(|| bucket.to_string(), ToString::to_string))
            .set_expected_bucket_owner(self.owner(bucket).map(str::to_owned))
            .key(key.as_str())
            .set_version_id(version.map(str::to_owned))
            .send();
        let answer = permit.call.observe(sent).await;
        let failed = match answer {
            Ok(output) => {
                permit.call.succeed();
                return Ok(output.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect());
            }
            Err(failed) => failed,
        };
        let found = error::from_sdk(&failed);
        permit.call.fail(error::case(&found), &failed);
        // By the code alone: an answer that only looks like this one is a failure.
        let code = failed.as_service_error().and_then(|error| error.code());
        if matches!(code, Some("NoSuchKey" | "NoSuchVersion")) {
            return Ok(Tags::new());
        }
        let guest = self.guest();
        log!(self, ERROR, guest, error = &failed as &dyn std::error::Error, "no tags of an object");
        let verdict = Verdict::Deny {
            rule: None,
            reason: format!(
                "a condition asks for the tags of the object, and they cannot be looked up: {}",
                error::case(&found)
            )
            .into(),
            suggestion: format!(
                "let the host's role do `{}` on the object, as `innkeeper policy iam` says",
                if version.is_some() { "s3:GetObjectVersionTagging" } else { "s3:GetObjectTagging" }
            )
            .into(),
        };
        let asked = Asked::new(id, operation, request, request.resource.into());
        self.write_down(self.now(), asked, verdict);
        Err(Refusal::Tags(for_guest(found)))
    }
}

/// What a guest may know of a look-up that failed: what may pass if it tries again. All else would tell of an object, or of a bucket,
/// that it may not see.
fn for_guest(error: Error) -> Error {
    match error {
        Error::Throttled
        | Error::Unavailable
        | Error::Timeout
        | Error::Connection
        | Error::Credentials
        | Error::QuotaExceeded(_) => error,
        _ => Error::AccessDenied,
    }
}
