use crate::{
    action::Action,
    arn::{BucketArn, ObjectKey, Partition},
    condition::ConditionKey,
    request::{Context, ContextText, Request, Resource},
};

/// A call of Amazon S3.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum S3Operation<'a> {
    /// Reads an object, or a range of it.
    GetObject {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
        /// The version that is named. `None`: the current one.
        version: Option<&'a str>,
    },
    /// Reads what S3 keeps beside the bytes of an object.
    HeadObject {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
        /// The version that is named. `None`: the current one.
        version: Option<&'a str>,
    },
    /// Signs a URL with which whoever has it can read an object.
    PresignGetObject {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
        /// The version that is named. `None`: the current one.
        version: Option<&'a str>,
    },
    /// Stores an object.
    PutObject {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
        /// The tags that are set.
        tags: &'a [(String, String)],
        /// How it is stored.
        stored: StoredAs<'a>,
        /// The bytes of the body.
        content_length: Option<u64>,
    },
    /// Signs a URL with which whoever has it can store an object.
    PresignPutObject {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
        /// The bytes of the body.
        content_length: Option<u64>,
    },
    /// Copies an object, at most 5 GiB long, within S3.
    CopyObject {
        /// The bucket that is copied from.
        source: &'a BucketArn,
        /// The key that is copied from.
        source_key: &'a ObjectKey,
        /// The version that is copied. `None`: the current one.
        source_version: Option<&'a str>,
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
        /// What becomes of the tags.
        tags: CopiedTags<'a>,
        /// How the copy is stored.
        stored: StoredAs<'a>,
    },
    /// Deletes an object, or puts a delete marker on it; or deletes a version for good.
    DeleteObject {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
        /// The version that is named. `None`: the current one.
        version: Option<&'a str>,
    },
    /// Deletes several objects, each of which is decided on: `DeleteObjects`.
    DeleteObjects {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The objects.
        objects: &'a [DeleteTarget],
    },
    /// Reads an object's tags.
    GetObjectTagging {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
        /// The version that is named. `None`: the current one.
        version: Option<&'a str>,
    },
    /// Sets an object's tags, in place of those that it has.
    PutObjectTagging {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
        /// The version that is named. `None`: the current one.
        version: Option<&'a str>,
        /// The tags that are set.
        tags: &'a [(String, String)],
    },
    /// Deletes an object's tags.
    DeleteObjectTagging {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
        /// The version that is named. `None`: the current one.
        version: Option<&'a str>,
    },
    /// Reads an object's size, checksums and parts.
    GetObjectAttributes {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
        /// The version that is named. `None`: the current one.
        version: Option<&'a str>,
    },
    /// Asks for a readable copy of an archived object.
    RestoreObject {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
        /// The version that is named. `None`: the current one.
        version: Option<&'a str>,
    },
    /// Begins an upload in parts.
    CreateMultipartUpload {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
        /// The tags that are set.
        tags: &'a [(String, String)],
        /// How it is stored.
        stored: StoredAs<'a>,
    },
    /// Sends a part.
    UploadPart {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
        /// The bytes of the body.
        content_length: Option<u64>,
    },
    /// Makes a part of another object's bytes.
    UploadPartCopy {
        /// The bucket that is copied from.
        source: &'a BucketArn,
        /// The key that is copied from.
        source_key: &'a ObjectKey,
        /// The version that is copied. `None`: the current one.
        source_version: Option<&'a str>,
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
    },
    /// Makes an object of the parts.
    CompleteMultipartUpload {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
    },
    /// Gives up an upload that the same caller has begun: `AbortMultipartUpload`. As in AWS, its initiator may.
    AbandonUpload {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
    },
    /// Gives up any upload, whoever has begun it.
    AbortMultipartUpload {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
    },
    /// Lists one page of a bucket's objects: `ListObjectsV2`.
    ///
    /// What is `None` here has to be absent from the call as well, since a policy can tell an empty prefix from none.
    ListObjects {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The prefix that is sent.
        prefix: Option<&'a str>,
        /// The delimiter that is sent.
        delimiter: Option<&'a str>,
        /// The page size that is sent.
        max_keys: Option<u32>,
    },
    /// Lists one page of the versions of a bucket's objects. `None` as with `ListObjects`.
    ListObjectVersions {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The prefix that is sent.
        prefix: Option<&'a str>,
        /// The delimiter that is sent.
        delimiter: Option<&'a str>,
        /// The page size that is sent.
        max_keys: Option<u32>,
    },
    /// Lists one page of a bucket's unfinished uploads. `None` as with `ListObjects`.
    ListMultipartUploads {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The prefix that is sent.
        prefix: Option<&'a str>,
        /// The delimiter that is sent.
        delimiter: Option<&'a str>,
        /// The page size that is sent.
        max_keys: Option<u32>,
    },
    /// Lists one page of the account's buckets.
    ListBuckets {
        /// The partition of the account.
        partition: Partition,
    },
    /// Asks whether a bucket exists.
    HeadBucket {
        /// The bucket.
        bucket: &'a BucketArn,
    },
    /// Creates a bucket.
    CreateBucket {
        /// The bucket.
        bucket: &'a BucketArn,
    },
    /// Deletes an empty bucket.
    DeleteBucket {
        /// The bucket.
        bucket: &'a BucketArn,
    },
    /// Asks for the region of a bucket.
    GetBucketLocation {
        /// The bucket.
        bucket: &'a BucketArn,
    },
}

/// An object, or a version of one, that is to be deleted with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteTarget {
    /// The object's key.
    pub key: ObjectKey,
    /// The version that is named. `None`: the current one.
    pub version: Option<String>,
}

/// How an object is to be stored, in the words of S3's headers. `None`: nothing is said, and no header is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoredAs<'a> {
    /// `x-amz-storage-class`.
    pub storage_class: Option<&'a str>,
    /// `x-amz-server-side-encryption`.
    pub encryption: Option<&'a str>,
}

impl<'a> StoredAs<'a> {
    fn context(self) -> Context<'a> {
        let Self { storage_class, encryption: server_side_encryption } = self;
        Context { storage_class, server_side_encryption, ..Context::default() }
    }
}

/// What becomes of the tags of an object that is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CopiedTags<'a> {
    /// The copy has those of the source, so that whoever can read the copy's tags can read them.
    Source,
    /// The copy has these; none if there are none.
    Given(&'a [(String, String)]),
}

impl<'a> CopiedTags<'a> {
    /// The tags that the request carries. As in AWS, those of the source are none of them.
    fn given(self) -> &'a [(String, String)] {
        match self {
            Self::Source => &[],
            Self::Given(tags) => tags,
        }
    }
}

names! {
    S3Operation:
    GetObject => "GetObject",
    HeadObject => "HeadObject",
    PresignGetObject => "PresignGetObject",
    PutObject => "PutObject",
    PresignPutObject => "PresignPutObject",
    CopyObject => "CopyObject",
    DeleteObject => "DeleteObject",
    DeleteObjects => "DeleteObjects",
    GetObjectTagging => "GetObjectTagging",
    PutObjectTagging => "PutObjectTagging",
    DeleteObjectTagging => "DeleteObjectTagging",
    GetObjectAttributes => "GetObjectAttributes",
    RestoreObject => "RestoreObject",
    CreateMultipartUpload => "CreateMultipartUpload",
    UploadPart => "UploadPart",
    UploadPartCopy => "UploadPartCopy",
    CompleteMultipartUpload => "CompleteMultipartUpload",
    AbandonUpload | AbortMultipartUpload => "AbortMultipartUpload",
    ListObjects => "ListObjectsV2",
    ListObjectVersions => "ListObjectVersions",
    ListMultipartUploads => "ListMultipartUploads",
    ListBuckets => "ListBuckets",
    HeadBucket => "HeadBucket",
    CreateBucket => "CreateBucket",
    DeleteBucket => "DeleteBucket",
    GetBucketLocation => "GetBucketLocation",
}

impl<'a> S3Operation<'a> {
    /// What the operation is done on.
    pub fn resource(&self) -> Resource<'a> {
        match *self {
            Self::GetObject { bucket, key, .. }
            | Self::HeadObject { bucket, key, .. }
            | Self::PresignGetObject { bucket, key, .. }
            | Self::PutObject { bucket, key, .. }
            | Self::PresignPutObject { bucket, key, .. }
            | Self::CopyObject { bucket, key, .. }
            | Self::DeleteObject { bucket, key, .. }
            | Self::GetObjectTagging { bucket, key, .. }
            | Self::PutObjectTagging { bucket, key, .. }
            | Self::DeleteObjectTagging { bucket, key, .. }
            | Self::GetObjectAttributes { bucket, key, .. }
            | Self::RestoreObject { bucket, key, .. }
            | Self::CreateMultipartUpload { bucket, key, .. }
            | Self::UploadPart { bucket, key, .. }
            | Self::UploadPartCopy { bucket, key, .. }
            | Self::CompleteMultipartUpload { bucket, key, .. }
            | Self::AbandonUpload { bucket, key, .. }
            | Self::AbortMultipartUpload { bucket, key, .. } => Resource::object(bucket, key),
            Self::DeleteObjects { bucket, .. }
            | Self::ListObjects { bucket, .. }
            | Self::ListObjectVersions { bucket, .. }
            | Self::ListMultipartUploads { bucket, .. }
            | Self::HeadBucket { bucket, .. }
            | Self::CreateBucket { bucket, .. }
            | Self::DeleteBucket { bucket, .. }
            | Self::GetBucketLocation { bucket, .. } => Resource::bucket(bucket),
            Self::ListBuckets { partition } => Resource::all_of_s3(partition),
        }
    }

    /// The object, and the version of it, that the request of this number is about; `None` where it is about no object, and where
    /// its action carries no tags of an object.
    ///
    /// Its tags are what [`Context::existing_tags`](crate::Context::existing_tags) of the request is about.
    pub fn tagged_object(&self, index: usize) -> Option<(&'a BucketArn, &'a ObjectKey, Option<&'a str>)> {
        if !ConditionKey::ExistingObjectTag.is_carried_by(self.request(index)?.action) {
            return None;
        }
        match (*self, index) {
            (
                Self::CopyObject { source, source_key, source_version, .. }
                | Self::UploadPartCopy { source, source_key, source_version, .. },
                0,
            )
            | (Self::CopyObject { source, source_key, source_version, tags: CopiedTags::Source, .. }, 2) => {
                Some((source, source_key, source_version))
            }
            (
                Self::GetObject { bucket, key, version }
                | Self::HeadObject { bucket, key, version }
                | Self::PresignGetObject { bucket, key, version }
                | Self::GetObjectAttributes { bucket, key, version }
                | Self::GetObjectTagging { bucket, key, version }
                | Self::PutObjectTagging { bucket, key, version, .. }
                | Self::DeleteObjectTagging { bucket, key, version },
                _,
            ) => Some((bucket, key, version)),
            // The tags of what is written over.
            (
                Self::PutObject { bucket, key, .. }
                | Self::CreateMultipartUpload { bucket, key, .. }
                | Self::CopyObject { bucket, key, .. },
                _,
            ) => Some((bucket, key, None)),
            _ => None,
        }
    }

    /// The bytes of the body that is sent or may be sent, if they are known.
    pub(super) fn content_length(&self) -> Option<u64> {
        match *self {
            Self::PutObject { content_length, .. }
            | Self::PresignPutObject { content_length, .. }
            | Self::UploadPart { content_length, .. } => content_length,
            _ => None,
        }
    }

    /// The table of what each operation needs: its requests, counted from 0, up to the first `None`.
    ///
    /// An operation with two needs has two lines (a copy: 0 reads the source, 1 writes the destination); one with a need per
    /// element takes the element at `index` (a delete of many: the key at `index`).
    #[expect(clippy::too_many_lines, reason = "one table, a line or two for each operation")]
    pub(super) fn request(&self, index: usize) -> Option<Request<'a>> {
        // A named version has actions of its own.
        let of = |version: Option<&str>, current, other| if version.is_some() { other } else { current };
        let read = |version| of(version, Action::S3GetObject, Action::S3GetObjectVersion);
        let read_tags = |version| of(version, Action::S3GetObjectTagging, Action::S3GetObjectVersionTagging);

        let named = |version_id: Option<&'a str>| Context { version_id, ..Context::default() };
        let tagged = |request_tags| Context { request_tags, ..Context::default() };

        let (action, resource, context) = match (*self, index) {
            (
                Self::GetObject { bucket, key, version }
                | Self::HeadObject { bucket, key, version }
                | Self::PresignGetObject { bucket, key, version }
                | Self::GetObjectAttributes { bucket, key, version },
                0,
            ) => (read(version), Resource::object(bucket, key), named(version)),
            (Self::GetObjectAttributes { bucket, key, version }, 1) => (
                of(version, Action::S3GetObjectAttributes, Action::S3GetObjectVersionAttributes),
                Resource::object(bucket, key),
                named(version),
            ),

            (Self::PutObject { bucket, key, content_length, stored, tags }, 0) => (
                Action::S3PutObject,
                Resource::object(bucket, key),
                Context { content_length, request_tags: tags, ..stored.context() },
            ),
            (
                Self::PresignPutObject { bucket, key, content_length }
                | Self::UploadPart { bucket, key, content_length },
                0,
            ) => (
                Action::S3PutObject,
                Resource::object(bucket, key),
                Context { content_length, ..Context::default() },
            ),
            (Self::CompleteMultipartUpload { bucket, key } | Self::AbandonUpload { bucket, key }, 0) => {
                (Action::S3PutObject, Resource::object(bucket, key), Context::default())
            }
            (Self::CreateMultipartUpload { bucket, key, stored, tags }, 0) => (
                Action::S3PutObject,
                Resource::object(bucket, key),
                Context { request_tags: tags, ..stored.context() },
            ),
            (Self::CopyObject { source, source_key, bucket, key, stored, tags, .. }, 1) => (
                Action::S3PutObject,
                Resource::object(bucket, key),
                Context {
                    copy_source: Some(ContextText::CopySource(Resource::object(source, source_key))),
                    request_tags: tags.given(),
                    ..stored.context()
                },
            ),
            (Self::UploadPartCopy { source, source_key, bucket, key, .. }, 1) => (
                Action::S3PutObject,
                Resource::object(bucket, key),
                Context {
                    copy_source: Some(ContextText::CopySource(Resource::object(source, source_key))),
                    ..Context::default()
                },
            ),
            (
                Self::PutObject { bucket, key, tags, .. }
                | Self::CreateMultipartUpload { bucket, key, tags, .. },
                1,
            )
            | (Self::CopyObject { bucket, key, tags: CopiedTags::Given(tags), .. }, 2)
                if !tags.is_empty() =>
            {
                (Action::S3PutObjectTagging, Resource::object(bucket, key), tagged(tags))
            }

            (
                Self::CopyObject { source, source_key, source_version, .. }
                | Self::UploadPartCopy { source, source_key, source_version, .. },
                0,
            ) => (read(source_version), Resource::object(source, source_key), named(source_version)),
            (Self::CopyObject { source, source_key, source_version, tags: CopiedTags::Source, .. }, 2) => {
                (read_tags(source_version), Resource::object(source, source_key), named(source_version))
            }
            (Self::CopyObject { bucket, key, tags: CopiedTags::Source, .. }, 3) => {
                (Action::S3PutObjectTagging, Resource::object(bucket, key), Context::default())
            }

            (Self::DeleteObject { bucket, key, version }, 0) => (
                of(version, Action::S3DeleteObject, Action::S3DeleteObjectVersion),
                Resource::object(bucket, key),
                named(version),
            ),
            (Self::DeleteObjects { bucket, objects }, index) => {
                let DeleteTarget { key, version } = objects.get(index)?;
                return Self::DeleteObject { bucket, key, version: version.as_deref() }.request(0);
            }
            (Self::AbortMultipartUpload { bucket, key }, 0) => {
                (Action::S3AbortMultipartUpload, Resource::object(bucket, key), Context::default())
            }

            (Self::GetObjectTagging { bucket, key, version }, 0) => {
                (read_tags(version), Resource::object(bucket, key), named(version))
            }
            (Self::PutObjectTagging { bucket, key, version, tags }, 0) => (
                of(version, Action::S3PutObjectTagging, Action::S3PutObjectVersionTagging),
                Resource::object(bucket, key),
                Context { request_tags: tags, ..named(version) },
            ),
            (Self::DeleteObjectTagging { bucket, key, version }, 0) => (
                of(version, Action::S3DeleteObjectTagging, Action::S3DeleteObjectVersionTagging),
                Resource::object(bucket, key),
                named(version),
            ),
            (Self::RestoreObject { bucket, key, .. }, 0) => {
                (Action::S3RestoreObject, Resource::object(bucket, key), Context::default())
            }

            (Self::ListObjects { bucket, prefix, delimiter, max_keys }, 0) => (
                Action::S3ListBucket,
                Resource::bucket(bucket),
                Context { prefix, delimiter, max_keys, ..Context::default() },
            ),
            (Self::ListObjectVersions { bucket, prefix, delimiter, max_keys }, 0) => (
                Action::S3ListBucketVersions,
                Resource::bucket(bucket),
                Context { prefix, delimiter, max_keys, ..Context::default() },
            ),
            (Self::ListMultipartUploads { bucket, prefix, delimiter, max_keys }, 0) => (
                Action::S3ListBucketMultipartUploads,
                Resource::bucket(bucket),
                Context { prefix, delimiter, max_keys, ..Context::default() },
            ),
            (Self::ListBuckets { partition }, 0) => {
                (Action::S3ListAllMyBuckets, Resource::all_of_s3(partition), Context::default())
            }
            (Self::HeadBucket { bucket }, 0) => {
                (Action::S3ListBucket, Resource::bucket(bucket), Context::default())
            }
            (Self::CreateBucket { bucket }, 0) => {
                (Action::S3CreateBucket, Resource::bucket(bucket), Context::default())
            }
            (Self::DeleteBucket { bucket }, 0) => {
                (Action::S3DeleteBucket, Resource::bucket(bucket), Context::default())
            }
            (Self::GetBucketLocation { bucket }, 0) => {
                (Action::S3GetBucketLocation, Resource::bucket(bucket), Context::default())
            }
            _ => return None,
        };
        Some(Request { action, resource, context })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;

    fn bucket() -> BucketArn {
        "arn:aws-cn:s3:::uploads".parse().unwrap()
    }

    fn needs(operation: S3Operation<'_>) -> Vec<String> {
        let operation = Operation::from(operation);
        operation.requests().map(|request| format!("{} {}", request.action, request.resource)).collect()
    }

    #[test]
    fn an_operation_on_an_object_needs_its_action_on_the_object() {
        let (bucket, key) = (&bucket(), &ObjectKey::new("incoming/a.jpg").unwrap());
        let object = "arn:aws-cn:s3:::uploads/incoming/a.jpg";
        let (tags, content_length, stored) = (&[][..], Some(7), StoredAs::default());
        for (version, suffix) in [(None, ""), (Some("v"), "Version")] {
            for (operation, action) in [
                (S3Operation::GetObject { bucket, key, version }, format!("GetObject{suffix}")),
                (S3Operation::HeadObject { bucket, key, version }, format!("GetObject{suffix}")),
                (S3Operation::PresignGetObject { bucket, key, version }, format!("GetObject{suffix}")),
                (S3Operation::DeleteObject { bucket, key, version }, format!("DeleteObject{suffix}")),
                (S3Operation::GetObjectTagging { bucket, key, version }, format!("GetObject{suffix}Tagging")),
                (
                    S3Operation::PutObjectTagging { bucket, key, version, tags },
                    format!("PutObject{suffix}Tagging"),
                ),
                (
                    S3Operation::DeleteObjectTagging { bucket, key, version },
                    format!("DeleteObject{suffix}Tagging"),
                ),
                (S3Operation::RestoreObject { bucket, key, version }, "RestoreObject".to_owned()),
                (
                    S3Operation::PutObject { bucket, key, tags, stored, content_length },
                    "PutObject".to_owned(),
                ),
                (S3Operation::PresignPutObject { bucket, key, content_length }, "PutObject".to_owned()),
                (S3Operation::CreateMultipartUpload { bucket, key, tags, stored }, "PutObject".to_owned()),
                (S3Operation::UploadPart { bucket, key, content_length }, "PutObject".to_owned()),
                (S3Operation::CompleteMultipartUpload { bucket, key }, "PutObject".to_owned()),
                (S3Operation::AbandonUpload { bucket, key }, "PutObject".to_owned()),
                (S3Operation::AbortMultipartUpload { bucket, key }, "AbortMultipartUpload".to_owned()),
            ] {
                assert_eq!(needs(operation), [format!("s3:{action} {object}")], "{operation:?}");
            }
            assert_eq!(
                needs(S3Operation::GetObjectAttributes { bucket, key, version }),
                [
                    format!("s3:GetObject{suffix} {object}"),
                    format!("s3:GetObject{suffix}Attributes {object}")
                ]
            );
        }
    }

    #[test]
    fn a_write_with_tags_needs_the_right_to_tag() {
        let (bucket, key) = (&bucket(), &ObjectKey::new("a").unwrap());
        let tags = &[("team".to_owned(), "red".to_owned())][..];
        let object = "arn:aws-cn:s3:::uploads/a";
        let needed = [format!("s3:PutObject {object}"), format!("s3:PutObjectTagging {object}")];
        let stored = StoredAs::default();
        assert_eq!(needs(S3Operation::PutObject { bucket, key, tags, stored, content_length: None }), needed);
        assert_eq!(needs(S3Operation::CreateMultipartUpload { bucket, key, tags, stored }), needed);
    }

    #[test]
    fn a_copy_needs_a_read_of_the_source_and_a_write_of_the_destination() {
        let (source, source_key) =
            (&"arn:aws-cn:s3:::originals".parse().unwrap(), &ObjectKey::new("o").unwrap());
        let (bucket, key) = (&bucket(), &ObjectKey::new("c").unwrap());
        let given = [("team".to_owned(), "red".to_owned())];
        let copy = |source_version, tags| {
            let stored = StoredAs::default();
            needs(S3Operation::CopyObject { source, source_key, source_version, bucket, key, tags, stored })
        };
        let write = "s3:PutObject arn:aws-cn:s3:::uploads/c";
        let read = "s3:GetObject arn:aws-cn:s3:::originals/o";
        assert_eq!(copy(None, CopiedTags::Given(&[])), [read, write]);
        assert_eq!(
            copy(Some("v"), CopiedTags::Source),
            [
                "s3:GetObjectVersion arn:aws-cn:s3:::originals/o",
                write,
                "s3:GetObjectVersionTagging arn:aws-cn:s3:::originals/o",
                "s3:PutObjectTagging arn:aws-cn:s3:::uploads/c",
            ]
        );
        assert_eq!(
            copy(None, CopiedTags::Given(&given)),
            [read, write, "s3:PutObjectTagging arn:aws-cn:s3:::uploads/c"]
        );
        let part = S3Operation::UploadPartCopy { source, source_key, source_version: None, bucket, key };
        assert_eq!(needs(part), [read, write]);
    }

    #[test]
    fn a_write_carries_how_it_stores_and_what_it_copies() {
        let (source, source_key) =
            (&"arn:aws:s3:::originals".parse().unwrap(), &ObjectKey::new("o").unwrap());
        let (bucket, key) = (&bucket(), &ObjectKey::new("c").unwrap());
        let stored = StoredAs { storage_class: Some("GLACIER"), encryption: Some("aws:kms") };
        let values = |operation: S3Operation<'_>, index| {
            let context = operation.request(index).unwrap().context;
            context.values().into_iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>()
        };
        let how = ["s3:x-amz-storage-class=GLACIER", "s3:x-amz-server-side-encryption=aws:kms"];
        assert_eq!(values(S3Operation::CreateMultipartUpload { bucket, key, tags: &[], stored }, 0), how);
        assert_eq!(
            values(S3Operation::PutObject { bucket, key, tags: &[], stored, content_length: None }, 0),
            how
        );
        let tags = CopiedTags::Source;
        let copy = S3Operation::CopyObject {
            source,
            source_key,
            source_version: Some("v"),
            bucket,
            key,
            tags,
            stored,
        };
        assert_eq!(values(copy, 0), ["s3:VersionId=v"]);
        assert_eq!(values(copy, 1), [how[0], how[1], "s3:x-amz-copy-source=originals/o"]);
        assert_eq!(values(copy, 2), ["s3:VersionId=v"]);
        let get = S3Operation::GetObject { bucket, key, version: None };
        assert!(values(get, 0).is_empty());
    }

    #[test]
    fn a_write_carries_its_tags_and_knows_whose_tags_are_asked_about() {
        let (source, source_key) =
            (&"arn:aws:s3:::originals".parse().unwrap(), &ObjectKey::new("o").unwrap());
        let (bucket, key) = (&bucket(), &ObjectKey::new("c").unwrap());
        let (stored, content_length) = (StoredAs::default(), None);
        let tags = &[("team".to_owned(), "red".to_owned())][..];
        let given = CopiedTags::Given(tags);
        let copy = |tags| S3Operation::CopyObject {
            source,
            source_key,
            source_version: Some("v"),
            bucket,
            key,
            tags,
            stored,
        };
        // What the requests carry of tags, and the key of the object whose tags they are about.
        let version = None;
        for (operation, expected) in [
            (S3Operation::PutObject { bucket, key, tags, stored, content_length }, "red, red c"),
            (S3Operation::CreateMultipartUpload { bucket, key, tags, stored }, "red, red c"),
            (S3Operation::PutObjectTagging { bucket, key, version, tags }, "red c"),
            (copy(given), "o v, red, red c"),
            (copy(CopiedTags::Source), "o v, , o v, c"),
            (S3Operation::GetObjectAttributes { bucket, key, version: Some("w") }, "c w, c w"),
            (S3Operation::DeleteObject { bucket, key, version: Some("w") }, ""),
        ] {
            let requests = Operation::from(operation).requests().enumerate();
            let told = requests.map(|(index, request)| {
                let object = operation.tagged_object(index);
                if let Some((bucket, key, version)) = object {
                    assert_eq!(request.resource.to_string(), Resource::object(bucket, key).to_string());
                    assert_eq!(request.context.version_id, version);
                }
                let value = request.context.request_tags.iter().map(|(_, value)| value.as_str());
                let object = object.into_iter().flat_map(|(_, key, version)| [Some(key.as_str()), version]);
                value.chain(object.flatten()).collect::<Vec<_>>().join(" ")
            });
            assert_eq!(told.collect::<Vec<_>>().join(", "), expected, "{operation:?}");
        }
    }

    #[test]
    fn a_delete_of_many_needs_each() {
        let bucket = &bucket();
        let target = |key, version: Option<&str>| DeleteTarget {
            key: ObjectKey::new(key).unwrap(),
            version: version.map(str::to_owned),
        };
        let objects = &[target("a", None), target("b", Some("v"))][..];
        assert_eq!(
            needs(S3Operation::DeleteObjects { bucket, objects }),
            ["s3:DeleteObject arn:aws-cn:s3:::uploads/a", "s3:DeleteObjectVersion arn:aws-cn:s3:::uploads/b"]
        );
    }

    #[test]
    fn an_operation_on_a_bucket_needs_its_action_on_the_bucket() {
        let bucket = &bucket();
        let (prefix, delimiter, max_keys) = (None, None, None);
        for (operation, action) in [
            (S3Operation::ListObjectVersions { bucket, prefix, delimiter, max_keys }, "ListBucketVersions"),
            (
                S3Operation::ListMultipartUploads { bucket, prefix, delimiter, max_keys },
                "ListBucketMultipartUploads",
            ),
            (S3Operation::HeadBucket { bucket }, "ListBucket"),
            (S3Operation::CreateBucket { bucket }, "CreateBucket"),
            (S3Operation::DeleteBucket { bucket }, "DeleteBucket"),
            (S3Operation::GetBucketLocation { bucket }, "GetBucketLocation"),
        ] {
            assert_eq!(needs(operation), [format!("s3:{action} arn:aws-cn:s3:::uploads")]);
        }
        let all = S3Operation::ListBuckets { partition: Partition::Aws };
        assert_eq!(needs(all), ["s3:ListAllMyBuckets arn:aws:s3:::*"]);
    }

    #[test]
    fn a_listing_needs_its_action_on_the_bucket_and_carries_its_arguments() {
        let bucket = &bucket();
        let operation = S3Operation::ListObjects {
            bucket,
            prefix: Some("incoming/"),
            delimiter: None,
            max_keys: Some(10),
        };
        assert_eq!(needs(operation), ["s3:ListBucket arn:aws-cn:s3:::uploads"]);
        let context = Operation::from(operation).requests().next().unwrap().context;
        assert_eq!(
            (context.prefix, context.delimiter, context.max_keys),
            (Some("incoming/"), None, Some(10))
        );
    }

    #[test]
    fn shows_its_name_and_resource_on_one_line() {
        let (bucket, key) = (&bucket(), &ObjectKey::new("a\n\u{1b}[2Jb").unwrap());
        let operation = Operation::from(S3Operation::GetObject { bucket, key, version: None });
        assert_eq!(operation.to_string(), "GetObject arn:aws-cn:s3:::uploads/a\\n\\u{1b}[2Jb");
        let operation = Operation::from(S3Operation::ListObjects {
            bucket,
            prefix: None,
            delimiter: None,
            max_keys: None,
        });
        assert_eq!(operation.to_string(), "ListObjectsV2 arn:aws-cn:s3:::uploads");
        assert_eq!(operation.service(), crate::Service::S3);
    }
}
