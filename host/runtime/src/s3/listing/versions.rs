//! The `version-listing` resource.

use std::cmp::Reverse;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::EncodingType;
use innkeeper_policy::S3Operation;

use super::{Next, Selection, common_prefixes, decoder, field};
use crate::bindings::s3_types::{Error, ListObjectVersionsOptions, ObjectVersion, VersionPage};
use crate::context::AwsCtx;
use crate::s3::bucket::Bucket;
use crate::s3::token::Purpose;
use crate::s3::{convert, settle};

/// A listing of versions under way.
#[derive(Debug)]
pub struct VersionListing {
    bucket: Bucket,
    selection: Selection,
    next: Next,
}

impl VersionListing {
    pub(crate) fn new(
        ctx: &AwsCtx,
        bucket: Bucket,
        options: ListObjectVersionsOptions,
    ) -> Result<Self, Error> {
        let selection = Selection::new(options.prefix, options.delimiter, options.page_size)?;
        let mut listing = Self { bucket, selection, next: Next::First };
        listing.next = Next::resume(ctx, &listing.purpose(ctx), options.continuation_token)?;
        Ok(listing)
    }

    pub(crate) fn continuation_token(&self, ctx: &AwsCtx) -> Option<String> {
        self.next.token(ctx, &self.purpose(ctx))
    }

    fn purpose<'a>(&'a self, ctx: &'a AwsCtx) -> Purpose<'a> {
        let Selection { prefix, delimiter, .. } = &self.selection;
        Purpose {
            guest: ctx.gate().guest(),
            operation: "ListObjectVersions",
            bucket: self.bucket.arn().to_string(),
            arguments: vec![prefix.as_deref(), delimiter.as_deref()],
        }
    }

    pub(crate) async fn next_page(&mut self, ctx: &AwsCtx) -> Result<Option<VersionPage>, Error> {
        let Some(place) = self.next.place() else { return Ok(None) };
        let Selection { prefix, delimiter, page_size } = &self.selection;
        let operation = S3Operation::ListObjectVersions {
            bucket: self.bucket.arn(),
            prefix: prefix.as_deref(),
            delimiter: delimiter.as_deref(),
            max_keys: Some(*page_size),
        };
        let mut permit = ctx.gate().s3(operation).await?;
        let request = permit
            .client
            .list_object_versions()
            .bucket(self.bucket.name())
            .set_expected_bucket_owner(self.bucket.owner())
            .set_prefix(prefix.clone())
            .set_delimiter(delimiter.clone())
            .max_keys(self.selection.max_keys())
            .set_key_marker(field(&place, 0))
            .set_version_id_marker(field(&place, 1))
            // Keys may hold what XML cannot.
            .encoding_type(EncodingType::Url)
            .send();
        let answer = permit.call.observe(request).await;
        let output = match answer {
            Ok(output) => output,
            Err(error) => return Err(settle(&mut permit.call, &error)),
        };

        let decode = decoder(output.encoding_type.as_ref());
        let more = output.next_key_marker.as_deref().filter(|_| output.is_truncated == Some(true));
        let more = more.map(|key| vec![Some(decode(key)), output.next_version_id_marker.clone()]);
        let next = Next::behind(&place, more, &mut permit.call)?;
        permit.call.succeed();
        self.next = next;
        Ok(Some(VersionPage {
            versions: versions(&output, decode),
            common_prefixes: common_prefixes(output.common_prefixes.as_ref(), decode),
        }))
    }
}

/// S3 sends versions and delete markers in one order, which the SDK takes apart.
fn versions(output: &ListObjectVersionsOutput, decode: fn(&str) -> String) -> Vec<ObjectVersion> {
    let versions = output.versions.iter().flatten().filter_map(|version| {
        Some(ObjectVersion {
            key: decode(version.key()?),
            version_id: version.version_id.clone()?,
            is_latest: version.is_latest.unwrap_or_default(),
            delete_marker: false,
            size: convert::length(version.size),
            etag: version.e_tag.clone(),
            last_modified: version.last_modified.as_ref().map(convert::timestamp),
            storage_class: version.storage_class.as_ref().map(|class| class.as_str().to_owned()),
        })
    });
    let markers = output.delete_markers.iter().flatten().filter_map(|marker| {
        Some(ObjectVersion {
            key: decode(marker.key()?),
            version_id: marker.version_id.clone()?,
            is_latest: marker.is_latest.unwrap_or_default(),
            delete_marker: true,
            size: 0,
            etag: None,
            last_modified: marker.last_modified.as_ref().map(convert::timestamp),
            storage_class: None,
        })
    });
    let mut all: Vec<_> = versions.chain(markers).collect();
    let written =
        |version: &ObjectVersion| version.last_modified.map(|time| (time.seconds, time.nanoseconds));
    // Stable, so that what S3 alone can tell apart stays as S3 has it.
    all.sort_by(|a, b| {
        let order = |version: &ObjectVersion| (Reverse(version.is_latest), Reverse(written(version)));
        a.key.cmp(&b.key).then_with(|| order(a).cmp(&order(b)))
    });
    all
}
