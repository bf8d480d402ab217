//! The functions of `innkeeper:aws/s3`, recorded. The table is the interface's: one that is missing does not compile.

use serde_json::{Value, json};
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::p2::{DynOutputStream, IoError};

use super::stream::{Digest, TeeInput};
use super::{Labels, Recorded, Written, argument, dropped, exchange, handles, value, written};
use crate::bindings::s3::{self, Host, HostBucket};
use crate::bindings::s3_types::{
    self, BucketPage, BucketStatus, CopyObjectOptions, DeleteObjectOptions, DeleteObjectOutput, Error,
    Existence, GetObjectOptions, HeadObjectOptions, ListBucketsOptions, ListObjectVersionsOptions,
    ListObjectsOptions, ListUploadsOptions, ObjectAttributes, ObjectAttributesOptions, ObjectBytes,
    ObjectIdentifier, ObjectInfo, ObjectPage, PresignGetOptions, PresignPutOptions, PresignedRequest,
    PutObjectOptions, PutObjectOutput, RestoreObjectOptions, RestoreOutcome, UploadPage, VersionPage,
};
use crate::s3::{Bucket, BucketListing, Failure, ObjectListing, Upload, UploadListing, VersionListing};

impl s3_types::Host for Recorded<'_> {
    fn convert_error(&mut self, failure: Failure) -> wasmtime::Result<Error> {
        failure.into_error()
    }
}

impl Host for Recorded<'_> {
    async fn stream_error(&mut self, error: Resource<IoError>) -> wasmtime::Result<Option<Error>> {
        Host::stream_error(&mut self.view, error).await
    }

    exchange!(function s3::Host, "s3.", list_buckets(options: ListBucketsOptions) -> Resource<BucketListing>);
}

macro_rules! bucket {
    ($($name:ident($($argument:ident: $ty:ty),*) -> $out:ty;)*) => {
        impl HostBucket for Recorded<'_> {
            exchange!(function s3::HostBucket, "s3.bucket.", open(name: String) -> Resource<Bucket>);
            $(exchange!(method s3::HostBucket, "s3.", "bucket" Bucket, $name($($argument: $ty),*) -> $out);)*
            dropped!(s3::HostBucket, Bucket);
        }
    };
}

bucket! {
    get_object(key: String, options: GetObjectOptions) -> s3::Object;
    read_object(key: String, max_bytes: u64, options: GetObjectOptions) -> ObjectBytes;
    head_object(key: String, options: HeadObjectOptions) -> ObjectInfo;
    put_object(key: String, body: Vec<u8>, options: PutObjectOptions) -> PutObjectOutput;
    delete_object(key: String, options: DeleteObjectOptions) -> DeleteObjectOutput;
    delete_objects(objects: Vec<ObjectIdentifier>) -> Vec<Result<DeleteObjectOutput, Error>>;
    copy_object(key: String, source: Resource<Bucket>, source_key: String, options: CopyObjectOptions) -> PutObjectOutput;
    get_object_tags(key: String, version_id: Option<String>) -> Vec<(String, String)>;
    set_object_tags(key: String, version_id: Option<String>, tags: Vec<(String, String)>) -> ();
    delete_object_tags(key: String, version_id: Option<String>) -> ();
    get_object_attributes(key: String, options: ObjectAttributesOptions) -> ObjectAttributes;
    restore_object(key: String, options: RestoreObjectOptions) -> RestoreOutcome;
    wait_for_object(key: String, until: Existence, seconds: u32) -> ();
    presign_get_object(key: String, options: PresignGetOptions) -> PresignedRequest;
    presign_put_object(key: String, options: PresignPutOptions) -> PresignedRequest;
    create() -> ();
    delete() -> ();
    status() -> BucketStatus;
    location() -> String;
    wait(until: Existence, seconds: u32) -> ();
    upload_object(key: String, size: Option<u64>, options: PutObjectOptions) -> Resource<Upload>;
    abort_upload(key: String, upload_id: String) -> ();
    list_objects(options: ListObjectsOptions) -> Resource<ObjectListing>;
    list_object_versions(options: ListObjectVersionsOptions) -> Resource<VersionListing>;
    list_uploads(options: ListUploadsOptions) -> Resource<UploadListing>;
}

impl s3::HostUpload for Recorded<'_> {
    exchange!(method s3::HostUpload, "s3.", "upload" Upload, body() -> Resource<DynOutputStream>);
    exchange!(method s3::HostUpload, "s3.", "upload" Upload, finish() -> PutObjectOutput);
    exchange!(method s3::HostUpload, "s3.", "upload" Upload, abort() -> ());
    dropped!(s3::HostUpload, Upload);
}

macro_rules! listing {
    ($host:ident $kind:literal $listing:ty, $page:ty) => {
        impl s3::$host for Recorded<'_> {
            exchange!(method s3::$host, "s3.", $kind $listing, next_page() -> Option<$page>);

            async fn continuation_token(
                &mut self,
                listing: Resource<$listing>,
            ) -> wasmtime::Result<Option<String>> {
                s3::$host::continuation_token(&mut self.view, listing).await
            }

            dropped!(s3::$host, $listing);
        }
    };
}

listing!(HostObjectListing "object-listing" ObjectListing, ObjectPage);
listing!(HostVersionListing "version-listing" VersionListing, VersionPage);
listing!(HostUploadListing "upload-listing" UploadListing, UploadPage);
listing!(HostBucketListing "bucket-listing" BucketListing, BucketPage);

handles! {
    "bucket" Bucket,
    "upload" Upload,
    "object-listing" ObjectListing,
    "version-listing" VersionListing,
    "upload-listing" UploadListing,
    "bucket-listing" BucketListing,
}

written! {
    GetObjectOptions, ObjectBytes, HeadObjectOptions, ObjectInfo, PutObjectOptions, PutObjectOutput, DeleteObjectOptions,
    DeleteObjectOutput, Vec<ObjectIdentifier>, Vec<Result<DeleteObjectOutput, Error>>, CopyObjectOptions,
    ObjectAttributesOptions, ObjectAttributes, RestoreObjectOptions, RestoreOutcome, Existence, PresignGetOptions,
    PresignPutOptions, BucketStatus, ListBucketsOptions, ListObjectsOptions, ListObjectVersionsOptions,
    ListUploadsOptions, Option<ObjectPage>, Option<VersionPage>, Option<UploadPage>, Option<BucketPage>,
}

impl Written for PresignedRequest {
    fn write(&self, _: &mut Labels) -> Value {
        let mut written = value::of(self);
        // It says when it was signed, which is another second in every run.
        if let Some(members) = written.as_object_mut() {
            members.remove("expires");
        }
        written
    }
}

impl Written for s3::Object {
    fn write(&self, _: &mut Labels) -> Value {
        json!({ "info": value::of(&self.info), "body": "stream" })
    }

    fn tee(&mut self, table: &mut ResourceTable, digest: impl FnOnce() -> Digest) {
        TeeInput::put_before(table, &self.body, digest());
    }
}
