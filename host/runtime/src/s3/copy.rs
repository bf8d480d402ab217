//! Copies within S3.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{MetadataDirective, TaggingDirective};
use aws_smithy_types::DateTime;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use innkeeper_policy::arn::ObjectKey;
use innkeeper_policy::{CopiedTags, S3Operation, StoredAs};
use percent_encoding::{AsciiSet, utf8_percent_encode};

use crate::bindings::s3_types::{
    CopiedMetadata, CopiedTags as GuestTags, CopyObjectOptions, Error, HeadObjectOptions, PutObjectOutput,
};
use crate::context::AwsCtx;
use crate::s3::bucket::Bucket;
use crate::s3::convert::{self, checksum_of};
use crate::s3::multipart::{MAX_PARTS, Multipart};
use crate::s3::object::{hide_absence, send_head};
use crate::s3::stored::{self, ChecksumOfWrite, Headers, Stored, UNRESERVED, WriteConditions, with_stored};
use crate::s3::{settle, tags};

/// What S3 copies at once.
const MAX_COPY: u64 = 5 << 30;

/// The parts of a copy that is longer: large, since none of their bytes passes through here.
const PART: u64 = 512 << 20;

/// How many parts are copied at the same time.
const PARTS_AT_ONCE: usize = 8;

/// A key in `x-amz-copy-source`: its slashes stay.
const KEY: &AsciiSet = &UNRESERVED.remove(b'/');

/// The object that is copied.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) bucket: Bucket,
    pub(crate) key: ObjectKey,
    pub(crate) version: Option<String>,
}

/// On which conditions on its source a copy is made, checked.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_field_names, reason = "the names of the headers")]
struct SourceConditions {
    if_match: Option<String>,
    if_none_match: Option<String>,
    if_modified_since: Option<DateTime>,
    if_unmodified_since: Option<DateTime>,
}

impl Source {
    /// `x-amz-copy-source`: the SDK sends it as it is.
    pub(crate) fn header(&self) -> String {
        let key = utf8_percent_encode(self.key.as_str(), KEY);
        let mut header = match self.bucket.arn().access_point() {
            None => format!("{}/{key}", self.bucket.name()),
            Some(_) => format!("{}/object/{key}", self.bucket.name()),
        };
        if let Some(version) = &self.version {
            header.push_str("?versionId=");
            header.extend(utf8_percent_encode(version, UNRESERVED));
        }
        header
    }
}

/// Copies `source` to `key` of `bucket`.
///
/// The source is looked at first: its length says how it is copied, and whether it has tags says what the guest needs.
#[expect(clippy::too_many_lines, reason = "what is checked, asked and sent, in its order")]
pub(crate) async fn copy(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    source: &Bucket,
    source_key: ObjectKey,
    options: CopyObjectOptions,
) -> Result<PutObjectOutput, Error> {
    let version = convert::version_id(options.source_version_id)?;
    let source = Source { bucket: source.clone(), key: source_key, version };
    let date = |name, time: Option<_>| time.map(|time| convert::date(name, time)).transpose();
    let source_conditions = SourceConditions {
        if_match: options.source_if_match,
        if_none_match: options.source_if_none_match,
        if_modified_since: date("source-if-modified-since", options.source_if_modified_since)?,
        if_unmodified_since: date("source-if-unmodified-since", options.source_if_unmodified_since)?,
    };
    convert::check_header("source-if-match", source_conditions.if_match.as_ref())?;
    convert::check_header("source-if-none-match", source_conditions.if_none_match.as_ref())?;
    let conditions = WriteConditions::new(options.if_match, options.if_none_match)?;
    let mut stored = Stored::default();
    stored.set_storage(ctx, options.storage_class, options.encryption)?;
    if let Some(algorithm) = options.checksum {
        stored.checksum = ChecksumOfWrite::Computed(stored::algorithm(algorithm));
    }
    if let Some(CopiedMetadata::Replace(headers)) = options.metadata {
        stored.headers = Some(Headers::of(headers)?);
    }
    let copies_tags = match options.tags {
        None | Some(GuestTags::Copy) => true,
        Some(GuestTags::Replace(tags)) => {
            stored::check_tags(&tags)?;
            stored.tags = tags;
            false
        }
    };

    // Both rights at once, before anything is sent: without the second nothing of the source is looked at either.
    let least = operation(&source, bucket, key, CopiedTags::Given(&stored.tags), stored.storage());
    if !ctx.gate().would_allow_s3(least).await? {
        return match ctx.gate().s3(least).await {
            Err(refusal) => Err(refusal.into()),
            Ok(permit) => {
                permit.call.forget();
                Err(Error::AccessDenied)
            }
        };
    }
    let asked = HeadObjectOptions {
        part_number: None,
        version_id: source.version.clone(),
        if_match: None,
        if_none_match: None,
        if_modified_since: None,
        if_unmodified_since: None,
    };
    let head = send_head(ctx, &source.bucket, &source.key, asked).await?;
    let tagged = copies_tags && head.tag_count.is_some_and(|count| count > 0);
    let size = convert::length(head.content_length);
    if size > MAX_COPY {
        return copy_in_parts(
            ctx,
            bucket,
            key,
            &source,
            &source_conditions,
            &head,
            stored,
            conditions,
            tagged,
        )
        .await;
    }

    let tags = if tagged { CopiedTags::Source } else { CopiedTags::Given(&stored.tags) };
    let mut permit = ctx.gate().s3(operation(&source, bucket, key, tags, stored.storage())).await?;
    let metadata =
        if stored.headers.is_some() { MetadataDirective::Replace } else { MetadataDirective::Copy };
    // A source without tags is copied without: whatever tags it is given meanwhile, the guest was not asked about.
    let tagging = if tagged { TaggingDirective::Copy } else { TaggingDirective::Replace };
    let request = with_stored!(permit.client.copy_object(), &stored);
    let request = match stored.checksum {
        ChecksumOfWrite::Computed(algorithm) => request.checksum_algorithm(algorithm),
        ChecksumOfWrite::Default | ChecksumOfWrite::Given(_) => request,
    };
    let request = request
        .bucket(bucket.name())
        .set_expected_bucket_owner(bucket.owner())
        .key(key.as_str())
        .copy_source(source.header())
        .set_expected_source_bucket_owner(source.bucket.owner())
        .metadata_directive(metadata)
        .tagging_directive(tagging)
        .set_copy_source_if_match(source_conditions.if_match)
        .set_copy_source_if_none_match(source_conditions.if_none_match)
        .set_copy_source_if_modified_since(source_conditions.if_modified_since)
        .set_copy_source_if_unmodified_since(source_conditions.if_unmodified_since)
        .set_if_match(conditions.if_match)
        .set_if_none_match(conditions.if_none_match)
        .send();
    let answer = permit.call.observe(request).await;
    match answer {
        Ok(output) => {
            permit.call.succeed();
            // S3 says 200 before it has copied, and the result when it has: without one, nothing may have been.
            let copied = output.copy_object_result;
            let copied =
                copied.ok_or_else(|| Error::Other("the answer has no result of the copy".to_owned()))?;
            let checksum = checksum_of!(copied);
            Ok(PutObjectOutput { etag: copied.e_tag, version_id: output.version_id, checksum })
        }
        Err(error) => {
            let error = hide_absence(ctx, &source.bucket, settle(&mut permit.call, &error));
            Err(hide_absence(ctx, bucket, error))
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the rest of one function, for the objects that few have")]
async fn copy_in_parts(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    source: &Source,
    source_conditions: &SourceConditions,
    head: &HeadObjectOutput,
    mut stored: Stored,
    conditions: WriteConditions,
    tagged: bool,
) -> Result<PutObjectOutput, Error> {
    let etag = head.e_tag.clone().ok_or_else(|| Error::Other("the source has no etag".to_owned()))?;
    if !source_conditions.hold(head, &etag) {
        return Err(Error::PreconditionFailed);
    }
    if stored.headers.is_none() {
        stored.headers = Some(headers_of(head));
    }
    if tagged {
        stored.tags = tags::get(ctx, &source.bucket, &source.key, source.version.clone()).await?;
    }

    let size = convert::length(head.content_length);
    let upload = Multipart::begin(ctx, bucket, key, &stored).await?;
    let parts = ranges(size).map(|(number, range)| {
        let (upload, etag) = (&upload, &etag);
        async move { upload.copy_part(number, source, etag, range).await }
    });
    let parts = stream::iter(parts).buffered(PARTS_AT_ONCE).try_collect().await?;
    upload.complete(parts, size, conditions).await
}

fn operation<'a>(
    source: &'a Source,
    bucket: &'a Bucket,
    key: &'a ObjectKey,
    tags: CopiedTags<'a>,
    stored: StoredAs<'a>,
) -> S3Operation<'a> {
    S3Operation::CopyObject {
        source: source.bucket.arn(),
        source_key: &source.key,
        source_version: source.version.as_deref(),
        bucket: bucket.arn(),
        key,
        tags,
        stored,
    }
}

impl SourceConditions {
    /// As S3 decides: an etag that matches outweighs a date that does not.
    fn hold(&self, head: &HeadObjectOutput, etag: &str) -> bool {
        let written = head.last_modified.as_ref().map(DateTime::secs);
        let matches = |given: &str| given == "*" || given.trim_matches('"') == etag.trim_matches('"');
        let unchanged = match (&self.if_match, &self.if_unmodified_since) {
            (Some(given), _) => matches(given),
            (None, Some(since)) => written.is_none_or(|written| written <= since.secs()),
            (None, None) => true,
        };
        let changed = match (&self.if_none_match, &self.if_modified_since) {
            (Some(given), _) => !matches(given),
            (None, Some(since)) => written.is_none_or(|written| written > since.secs()),
            (None, None) => true,
        };
        unchanged && changed
    }
}

fn headers_of(head: &HeadObjectOutput) -> Headers {
    let expires = head.expires_string.as_deref();
    Headers {
        content_type: head.content_type.clone(),
        cache_control: head.cache_control.clone(),
        content_disposition: head.content_disposition.clone(),
        content_encoding: head.content_encoding.clone(),
        content_language: head.content_language.clone(),
        expires: expires
            .and_then(|text| DateTime::from_str(text, aws_smithy_types::date_time::Format::HttpDate).ok()),
        metadata: head.metadata.clone().unwrap_or_default(),
    }
}

/// The parts of a copy: their numbers, and the first and the last byte of each.
fn ranges(size: u64) -> impl Iterator<Item = (i32, (u64, u64))> {
    let part = PART.max(size.div_ceil(u64::from(MAX_PARTS)));
    (1..).zip(0..size.div_ceil(part)).map(move |(number, index)| {
        let first = index * part;
        (number, (first, (first + part).min(size) - 1))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn source(key: &str, version: Option<&str>) -> Source {
        Source {
            bucket: Bucket::for_tests("uploads"),
            key: ObjectKey::new(key).unwrap(),
            version: version.map(str::to_owned),
        }
    }

    #[test]
    fn the_source_of_a_copy_is_its_key_byte_for_byte() {
        assert_eq!(source("a/../b//c", None).header(), "uploads/a/../b//c");
        assert_eq!(source("a?versionId=x", None).header(), "uploads/a%3FversionId%3Dx");
        assert_eq!(
            source("%2e%2e/a b+\u{e9}\r\n", Some("v+1")).header(),
            "uploads/%252e%252e/a%20b%2B%C3%A9%0D%0A?versionId=v%2B1"
        );
    }

    #[test]
    fn an_etag_outweighs_a_date() {
        let head = HeadObjectOutput::builder().last_modified(DateTime::from_secs(100)).build();
        let early = Some(DateTime::from_secs(50));
        let matching = |etag: &str| Some(etag.to_owned());
        for (conditions, holds) in [
            (SourceConditions::default(), true),
            (SourceConditions { if_match: matching("\"e\""), ..SourceConditions::default() }, true),
            (SourceConditions { if_match: matching("\"f\""), ..SourceConditions::default() }, false),
            (
                SourceConditions {
                    if_match: matching("e"),
                    if_unmodified_since: early,
                    ..SourceConditions::default()
                },
                true,
            ),
            (SourceConditions { if_unmodified_since: early, ..SourceConditions::default() }, false),
            (SourceConditions { if_none_match: matching("\"e\""), ..SourceConditions::default() }, false),
            (SourceConditions { if_modified_since: early, ..SourceConditions::default() }, true),
        ] {
            assert_eq!(conditions.hold(&head, "\"e\""), holds, "{conditions:?}");
        }
    }

    proptest! {
        #[test]
        fn the_parts_of_a_copy_are_all_of_it_once(size in MAX_COPY..(5 << 40)) {
            let mut next = 0;
            let mut count = 0;
            for (number, (first, last)) in ranges(size) {
                count += 1;
                prop_assert_eq!(number, count);
                prop_assert_eq!(first, next);
                prop_assert!(last >= first && last - first < MAX_COPY);
                next = last + 1;
            }
            prop_assert_eq!(next, size);
            prop_assert!(count <= 10_000);
        }
    }
}
