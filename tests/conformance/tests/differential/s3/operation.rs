//! What a trace can ask of S3. Buckets, keys and bodies are few, so that operations meet.

use aws_sdk_s3::types::{BucketVersioningStatus, Tag, Tagging, VersioningConfiguration};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::{listings, objects, uploads};
use crate::names::Names;
use crate::side::{REGION, Side, failure};

const BUCKETS: &[&str] = &["first-bucket", "second-bucket"];
const KEYS: &[&str] = &["a", "a/b", "a/b/c", "a/d", "b", "b c+&é", "z"];

#[derive(Clone, Debug)]
pub(crate) enum S3 {
    CreateBucket(&'static str),
    DeleteBucket(&'static str),
    HeadBucket(&'static str),
    GetBucketLocation(&'static str),
    ListBuckets,
    /// Enabled, or suspended.
    PutBucketVersioning(&'static str, bool),
    GetBucketVersioning(&'static str),
    PutBucketTagging(&'static str, Tags),
    GetBucketTagging(&'static str),
    DeleteBucketTagging(&'static str),
    PutObject(Place, objects::Put),
    GetObject(Place, objects::Read),
    HeadObject(Place, objects::Read),
    GetObjectAttributes(Place, Version),
    DeleteObject(Place, Version),
    DeleteObjects(&'static str, Vec<&'static str>),
    CopyObject(objects::Copy),
    PutObjectTagging(Place, Version, Tags),
    GetObjectTagging(Place, Version),
    DeleteObjectTagging(Place, Version),
    ListObjects(&'static str, listings::Page),
    ListObjectsV2(&'static str, listings::Page),
    ListObjectVersions(&'static str, listings::Page),
    ListMultipartUploads(&'static str, listings::Page),
    CreateMultipartUpload(Place),
    UploadPart(uploads::Part),
    UploadPartCopy(uploads::PartCopy),
    ListParts(u8, Option<i32>),
    CompleteMultipartUpload(u8, uploads::Completion),
    AbortMultipartUpload(u8),
}

/// Where an object is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) bucket: &'static str,
    pub(crate) key: &'static str,
}

/// The current version, or one of those that have been, by number.
pub(crate) type Version = Option<u8>;

pub(crate) type Tags = Vec<(&'static str, &'static str)>;

/// What every trace begins with.
pub(crate) fn first() -> Vec<S3> {
    vec![S3::CreateBucket(BUCKETS[0])]
}

pub(crate) fn operation() -> impl Strategy<Value = S3> {
    let buckets = prop_oneof![
        6 => bucket().prop_map(S3::CreateBucket),
        1 => bucket().prop_map(S3::DeleteBucket),
        1 => bucket().prop_map(S3::HeadBucket),
        1 => bucket().prop_map(S3::GetBucketLocation),
        1 => Just(S3::ListBuckets),
        4 => (bucket(), prop::bool::weighted(0.8)).prop_map(|(bucket, on)| S3::PutBucketVersioning(bucket, on)),
        1 => bucket().prop_map(S3::GetBucketVersioning),
        1 => (bucket(), tags()).prop_map(|(bucket, tags)| S3::PutBucketTagging(bucket, tags)),
        1 => bucket().prop_map(S3::GetBucketTagging),
        1 => bucket().prop_map(S3::DeleteBucketTagging),
    ];
    let objects = prop_oneof![
        12 => (place(), objects::put()).prop_map(|(place, put)| S3::PutObject(place, put)),
        8 => (place(), objects::read()).prop_map(|(place, read)| S3::GetObject(place, read)),
        5 => (place(), objects::read()).prop_map(|(place, read)| S3::HeadObject(place, read)),
        2 => (place(), version()).prop_map(|(place, version)| S3::GetObjectAttributes(place, version)),
        5 => (place(), version()).prop_map(|(place, version)| S3::DeleteObject(place, version)),
        2 => (bucket(), prop::collection::vec(key(), 1..4)).prop_map(|(bucket, keys)| S3::DeleteObjects(bucket, keys)),
        6 => objects::copy().prop_map(S3::CopyObject),
        2 => (place(), version(), tags()).prop_map(|(place, version, tags)| S3::PutObjectTagging(place, version, tags)),
        2 => (place(), version()).prop_map(|(place, version)| S3::GetObjectTagging(place, version)),
        1 => (place(), version()).prop_map(|(place, version)| S3::DeleteObjectTagging(place, version)),
    ];
    let listings = prop_oneof![
        2 => (bucket(), listings::page()).prop_map(|(bucket, page)| S3::ListObjects(bucket, page)),
        3 => (bucket(), listings::page()).prop_map(|(bucket, page)| S3::ListObjectsV2(bucket, page)),
        2 => (bucket(), listings::page()).prop_map(|(bucket, page)| S3::ListObjectVersions(bucket, page)),
        1 => (bucket(), listings::page()).prop_map(|(bucket, page)| S3::ListMultipartUploads(bucket, page)),
    ];
    let uploads = prop_oneof![
        3 => place().prop_map(S3::CreateMultipartUpload),
        4 => uploads::part().prop_map(S3::UploadPart),
        1 => uploads::part_copy().prop_map(S3::UploadPartCopy),
        1 => (any::<u8>(), option::of(1..3)).prop_map(|(upload, most)| S3::ListParts(upload, most)),
        3 => (any::<u8>(), uploads::completion()).prop_map(|(upload, how)| S3::CompleteMultipartUpload(upload, how)),
        1 => any::<u8>().prop_map(S3::AbortMultipartUpload),
    ];
    prop_oneof![1 => buckets, 5 => objects, 2 => listings, 2 => uploads]
}

pub(super) fn bucket() -> impl Strategy<Value = &'static str> {
    // Most is done in one, so that things meet.
    prop_oneof![4 => Just(BUCKETS[0]), 1 => Just(BUCKETS[1])]
}

pub(super) fn key() -> impl Strategy<Value = &'static str> {
    select(KEYS)
}

pub(super) fn place() -> impl Strategy<Value = Place> {
    (bucket(), key()).prop_map(|(bucket, key)| Place { bucket, key })
}

pub(super) fn version() -> impl Strategy<Value = Version> {
    option::weighted(0.3, any::<u8>())
}

pub(super) fn tags() -> impl Strategy<Value = Tags> {
    let tag = (select(&["colour", "size", "é"][..]), select(&["", "blue", "1 + 1"][..]));
    prop::collection::btree_map(tag.0, tag.1, 0..3).prop_map(|tags| tags.into_iter().collect())
}

pub(super) fn tag_set(tags: &Tags) -> Tagging {
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build().unwrap());
    Tagging::builder().set_tag_set(Some(tags.collect())).build().unwrap()
}

/// Tags in the order of their keys, which no service promises.
pub(super) fn shown_tags(tags: &[Tag]) -> Value {
    let mut tags: Vec<_> = tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
    tags.sort();
    json!(tags)
}

/// The answer as a document: what `$shown` makes of a success, or the failure.
macro_rules! answer {
    ($request:expr, $output:ident => $shown:expr) => {
        match $request.send().await {
            Ok($output) => $shown,
            Err(error) => $crate::side::failure(&error),
        }
    };
}

pub(super) use answer;

impl crate::Operation for S3 {
    fn name(&self) -> &'static str {
        match self {
            Self::CreateBucket(_) => "CreateBucket",
            Self::DeleteBucket(_) => "DeleteBucket",
            Self::HeadBucket(_) => "HeadBucket",
            Self::GetBucketLocation(_) => "GetBucketLocation",
            Self::ListBuckets => "ListBuckets",
            Self::PutBucketVersioning(..) => "PutBucketVersioning",
            Self::GetBucketVersioning(_) => "GetBucketVersioning",
            Self::PutBucketTagging(..) => "PutBucketTagging",
            Self::GetBucketTagging(_) => "GetBucketTagging",
            Self::DeleteBucketTagging(_) => "DeleteBucketTagging",
            Self::PutObject(..) => "PutObject",
            Self::GetObject(..) => "GetObject",
            Self::HeadObject(..) => "HeadObject",
            Self::GetObjectAttributes(..) => "GetObjectAttributes",
            Self::DeleteObject(..) => "DeleteObject",
            Self::DeleteObjects(..) => "DeleteObjects",
            Self::CopyObject(_) => "CopyObject",
            Self::PutObjectTagging(..) => "PutObjectTagging",
            Self::GetObjectTagging(..) => "GetObjectTagging",
            Self::DeleteObjectTagging(..) => "DeleteObjectTagging",
            Self::ListObjects(..) => "ListObjects",
            Self::ListObjectsV2(..) => "ListObjectsV2",
            Self::ListObjectVersions(..) => "ListObjectVersions",
            Self::ListMultipartUploads(..) => "ListMultipartUploads",
            Self::CreateMultipartUpload(_) => "CreateMultipartUpload",
            Self::UploadPart(_) => "UploadPart",
            Self::UploadPartCopy(_) => "UploadPartCopy",
            Self::ListParts(..) => "ListParts",
            Self::CompleteMultipartUpload(..) => "CompleteMultipartUpload",
            Self::AbortMultipartUpload(_) => "AbortMultipartUpload",
        }
    }

    async fn run(&self, side: &Side, names: &mut Names) -> Value {
        let s3 = &side.s3;
        match self.clone() {
            Self::CreateBucket(bucket) => create_bucket(side, bucket).await,
            Self::DeleteBucket(bucket) => answer!(s3.delete_bucket().bucket(bucket), _done => json!({})),
            Self::HeadBucket(bucket) => {
                answer!(s3.head_bucket().bucket(bucket), it => json!({ "region": it.bucket_region }))
            }
            Self::GetBucketLocation(bucket) => answer!(s3.get_bucket_location().bucket(bucket), it => {
                json!({ "region": it.location_constraint.map(|region| region.as_str().to_owned()) })
            }),
            Self::ListBuckets => answer!(s3.list_buckets(), it => {
                json!({ "buckets": it.buckets().iter().map(|bucket| bucket.name()).collect::<Vec<_>>() })
            }),
            Self::PutBucketVersioning(bucket, on) => {
                let status =
                    if on { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
                let configuration = VersioningConfiguration::builder().status(status).build();
                let put = s3.put_bucket_versioning().bucket(bucket).versioning_configuration(configuration);
                answer!(put, _done => json!({}))
            }
            Self::GetBucketVersioning(bucket) => answer!(s3.get_bucket_versioning().bucket(bucket), it => {
                json!({ "status": it.status.map(|status| status.as_str().to_owned()) })
            }),
            Self::PutBucketTagging(bucket, tags) => {
                answer!(s3.put_bucket_tagging().bucket(bucket).tagging(tag_set(&tags)), _done => json!({}))
            }
            Self::GetBucketTagging(bucket) => {
                answer!(s3.get_bucket_tagging().bucket(bucket), it => json!({ "tags": shown_tags(it.tag_set()) }))
            }
            Self::DeleteBucketTagging(bucket) => {
                answer!(s3.delete_bucket_tagging().bucket(bucket), _done => json!({}))
            }
            Self::PutObject(place, put) => put.run(side, place, names).await,
            Self::GetObject(place, read) => read.get(side, place, names).await,
            Self::HeadObject(place, read) => read.head(side, place, names).await,
            Self::GetObjectAttributes(place, version) => {
                objects::attributes(side, place, version, names).await
            }
            Self::DeleteObject(place, version) => objects::delete(side, place, version, names).await,
            Self::DeleteObjects(bucket, keys) => objects::delete_all(side, bucket, &keys, names).await,
            Self::CopyObject(copy) => copy.run(side, names).await,
            Self::PutObjectTagging(place, version, tags) => {
                let version = names.version(place.bucket, place.key, version);
                let put = s3.put_object_tagging().bucket(place.bucket).key(place.key).set_version_id(version);
                answer!(put.tagging(tag_set(&tags)), it => {
                    json!({ "version": names.common("version", it.version_id.as_deref()) })
                })
            }
            Self::GetObjectTagging(place, version) => {
                let version = names.version(place.bucket, place.key, version);
                let get = s3.get_object_tagging().bucket(place.bucket).key(place.key).set_version_id(version);
                answer!(get, it => json!({
                    "tags": shown_tags(it.tag_set()),
                    "version": names.common("version", it.version_id.as_deref()),
                }))
            }
            Self::DeleteObjectTagging(place, version) => {
                let version = names.version(place.bucket, place.key, version);
                let delete =
                    s3.delete_object_tagging().bucket(place.bucket).key(place.key).set_version_id(version);
                answer!(delete, it => json!({ "version": names.common("version", it.version_id.as_deref()) }))
            }
            Self::ListObjects(bucket, page) => page.objects(side, bucket).await,
            Self::ListObjectsV2(bucket, page) => page.objects_v2(side, bucket).await,
            Self::ListObjectVersions(bucket, page) => page.versions(side, bucket, names).await,
            Self::ListMultipartUploads(bucket, page) => page.uploads(side, bucket, names).await,
            Self::CreateMultipartUpload(place) => uploads::create(side, place, names).await,
            Self::UploadPart(part) => part.run(side, names).await,
            Self::UploadPartCopy(part) => part.run(side, names).await,
            Self::ListParts(upload, most) => uploads::list(side, upload, most, names).await,
            Self::CompleteMultipartUpload(upload, how) => how.run(side, upload, names).await,
            Self::AbortMultipartUpload(upload) => uploads::abort(side, upload, names).await,
        }
    }
}

async fn create_bucket(side: &Side, bucket: &str) -> Value {
    let region = aws_sdk_s3::types::BucketLocationConstraint::from(REGION);
    let configuration =
        aws_sdk_s3::types::CreateBucketConfiguration::builder().location_constraint(region).build();
    let create = side.s3.create_bucket().bucket(bucket).create_bucket_configuration(configuration);
    match create.send().await {
        Ok(_) => json!({}),
        Err(error) => failure(&error),
    }
}
