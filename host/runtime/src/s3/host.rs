//! The functions of `innkeeper:aws/s3`, as wasmtime calls them: handles in, work elsewhere, handles out.

use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, IoError};

use crate::bindings::{s3, s3_types};
use crate::context::AwsCtxView;
use crate::gate::Refusal;
use crate::s3::body::BodyError;
use crate::s3::bucket::{Bucket, object_key};
use crate::s3::wait::Thing;
use crate::s3::{
    BucketListing, Failure, ObjectListing, Upload, UploadListing, VersionListing, administration, attributes,
    copy, delete_many, multipart, object, presign, tags, wait,
};

impl From<Refusal> for s3_types::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied => Self::AccessDenied,
            Refusal::Quota(key) => Self::QuotaExceeded(key.to_owned()),
            Refusal::Limit(key) => Self::LimitExceeded(key.to_owned()),
            Refusal::Tags(error) => error,
            Refusal::Host => Self::Credentials,
        }
    }
}

impl s3_types::Host for AwsCtxView<'_> {
    fn convert_error(&mut self, failure: Failure) -> wasmtime::Result<s3_types::Error> {
        failure.into_error()
    }
}

impl s3::Host for AwsCtxView<'_> {
    async fn stream_error(&mut self, error: Resource<IoError>) -> wasmtime::Result<Option<s3_types::Error>> {
        let error = self.table.get(&error)?;
        Ok(error.downcast_ref::<BodyError>().map(|BodyError(error)| error.clone()))
    }

    async fn list_buckets(
        &mut self,
        options: s3_types::ListBucketsOptions,
    ) -> Result<Resource<BucketListing>, Failure> {
        let listing = BucketListing::new(self.ctx, options)?;
        Ok(self.table.push(listing)?)
    }
}

impl s3::HostBucket for AwsCtxView<'_> {
    async fn open(&mut self, name: String) -> Result<Resource<Bucket>, Failure> {
        let bucket = Bucket::open(self.ctx, &name).await?;
        Ok(self.table.push(bucket)?)
    }

    async fn get_object(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        options: s3_types::GetObjectOptions,
    ) -> Result<s3::Object, Failure> {
        let bucket = self.table.get(&bucket)?;
        let (info, body) = object::get(self.ctx, bucket, object_key(key)?, options).await?;
        let body = self.table.push(Box::new(body) as DynInputStream)?;
        Ok(s3::Object { info, body })
    }

    async fn read_object(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        max_bytes: u64,
        options: s3_types::GetObjectOptions,
    ) -> Result<s3_types::ObjectBytes, Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(object::read(self.ctx, bucket, object_key(key)?, max_bytes, options).await?)
    }

    async fn head_object(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        options: s3_types::HeadObjectOptions,
    ) -> Result<s3_types::ObjectInfo, Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(object::head(self.ctx, bucket, &object_key(key)?, options).await?)
    }

    async fn put_object(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        body: Vec<u8>,
        options: s3_types::PutObjectOptions,
    ) -> Result<s3_types::PutObjectOutput, Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(object::put(self.ctx, bucket, &object_key(key)?, body, options).await?)
    }

    async fn delete_object(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        options: s3_types::DeleteObjectOptions,
    ) -> Result<s3_types::DeleteObjectOutput, Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(object::delete(self.ctx, bucket, &object_key(key)?, options).await?)
    }

    async fn delete_objects(
        &mut self,
        bucket: Resource<Bucket>,
        objects: Vec<s3_types::ObjectIdentifier>,
    ) -> Result<Vec<Result<s3_types::DeleteObjectOutput, s3_types::Error>>, Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(delete_many::delete_many(self.ctx, bucket, objects).await?)
    }

    async fn copy_object(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        source: Resource<Bucket>,
        source_key: String,
        options: s3_types::CopyObjectOptions,
    ) -> Result<s3_types::PutObjectOutput, Failure> {
        let (bucket, source) = (self.table.get(&bucket)?, self.table.get(&source)?);
        let (key, source_key) = (object_key(key)?, object_key(source_key)?);
        Ok(copy::copy(self.ctx, bucket, &key, source, source_key, options).await?)
    }

    async fn get_object_tags(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        version_id: Option<String>,
    ) -> Result<Vec<(String, String)>, Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(tags::get(self.ctx, bucket, &object_key(key)?, version_id).await?)
    }

    async fn set_object_tags(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        version_id: Option<String>,
        tags: Vec<(String, String)>,
    ) -> Result<(), Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(tags::set(self.ctx, bucket, &object_key(key)?, version_id, tags).await?)
    }

    async fn delete_object_tags(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        version_id: Option<String>,
    ) -> Result<(), Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(tags::delete(self.ctx, bucket, &object_key(key)?, version_id).await?)
    }

    async fn get_object_attributes(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        options: s3_types::ObjectAttributesOptions,
    ) -> Result<s3_types::ObjectAttributes, Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(attributes::get(self.ctx, bucket, &object_key(key)?, options).await?)
    }

    async fn restore_object(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        options: s3_types::RestoreObjectOptions,
    ) -> Result<s3_types::RestoreOutcome, Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(attributes::restore(self.ctx, bucket, &object_key(key)?, options).await?)
    }

    async fn wait_for_object(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        until: s3_types::Existence,
        seconds: u32,
    ) -> Result<(), Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(wait::wait(self.ctx, Thing::Object(bucket, &object_key(key)?), until, seconds).await?)
    }

    async fn presign_get_object(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        options: s3_types::PresignGetOptions,
    ) -> Result<s3_types::PresignedRequest, Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(presign::get(self.ctx, bucket, &object_key(key)?, options).await?)
    }

    async fn presign_put_object(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        options: s3_types::PresignPutOptions,
    ) -> Result<s3_types::PresignedRequest, Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(presign::put(self.ctx, bucket, &object_key(key)?, options).await?)
    }

    async fn create(&mut self, bucket: Resource<Bucket>) -> Result<(), Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(administration::create(self.ctx, bucket).await?)
    }

    async fn delete(&mut self, bucket: Resource<Bucket>) -> Result<(), Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(administration::delete(self.ctx, bucket).await?)
    }

    async fn status(&mut self, bucket: Resource<Bucket>) -> Result<s3_types::BucketStatus, Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(administration::status(self.ctx, bucket).await?)
    }

    async fn location(&mut self, bucket: Resource<Bucket>) -> Result<String, Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(administration::location(self.ctx, bucket).await?)
    }

    async fn wait(
        &mut self,
        bucket: Resource<Bucket>,
        until: s3_types::Existence,
        seconds: u32,
    ) -> Result<(), Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(wait::wait(self.ctx, Thing::Bucket(bucket), until, seconds).await?)
    }

    async fn upload_object(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        size: Option<u64>,
        options: s3_types::PutObjectOptions,
    ) -> Result<Resource<Upload>, Failure> {
        let bucket = self.table.get(&bucket)?;
        let upload = Upload::begin(self.ctx, bucket, object_key(key)?, size, options).await?;
        Ok(self.table.push(upload)?)
    }

    async fn abort_upload(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        upload_id: String,
    ) -> Result<(), Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(multipart::abort(self.ctx, bucket, &object_key(key)?, &upload_id).await?)
    }

    async fn list_objects(
        &mut self,
        bucket: Resource<Bucket>,
        options: s3_types::ListObjectsOptions,
    ) -> Result<Resource<ObjectListing>, Failure> {
        let bucket = self.table.get(&bucket)?.clone();
        Ok(self.table.push(ObjectListing::new(self.ctx, bucket, options)?)?)
    }

    async fn list_object_versions(
        &mut self,
        bucket: Resource<Bucket>,
        options: s3_types::ListObjectVersionsOptions,
    ) -> Result<Resource<VersionListing>, Failure> {
        let bucket = self.table.get(&bucket)?.clone();
        Ok(self.table.push(VersionListing::new(self.ctx, bucket, options)?)?)
    }

    async fn list_uploads(
        &mut self,
        bucket: Resource<Bucket>,
        options: s3_types::ListUploadsOptions,
    ) -> Result<Resource<UploadListing>, Failure> {
        let bucket = self.table.get(&bucket)?.clone();
        Ok(self.table.push(UploadListing::new(self.ctx, bucket, options)?)?)
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl s3::HostUpload for AwsCtxView<'_> {
    async fn body(&mut self, upload: Resource<Upload>) -> Result<Resource<DynOutputStream>, Failure> {
        let body = self.table.get_mut(&upload)?.body()?;
        Ok(self.table.push(Box::new(body) as DynOutputStream)?)
    }

    async fn finish(&mut self, upload: Resource<Upload>) -> Result<s3_types::PutObjectOutput, Failure> {
        Ok(self.table.delete(upload)?.finish().await?)
    }

    async fn abort(&mut self, upload: Resource<Upload>) -> Result<(), Failure> {
        Ok(self.table.delete(upload)?.abort().await?)
    }

    async fn drop(&mut self, upload: Resource<Upload>) -> wasmtime::Result<()> {
        self.table.delete(upload)?;
        Ok(())
    }
}

/// All listings have the same two functions, for pages of their own.
macro_rules! listing {
    ($host:ident, $listing:ty, $page:ty) => {
        impl s3::$host for AwsCtxView<'_> {
            async fn next_page(&mut self, listing: Resource<$listing>) -> Result<Option<$page>, Failure> {
                let listing = self.table.get_mut(&listing)?;
                Ok(listing.next_page(self.ctx).await?)
            }

            async fn continuation_token(
                &mut self,
                listing: Resource<$listing>,
            ) -> wasmtime::Result<Option<String>> {
                Ok(self.table.get(&listing)?.continuation_token(self.ctx))
            }

            async fn drop(&mut self, listing: Resource<$listing>) -> wasmtime::Result<()> {
                self.table.delete(listing)?;
                Ok(())
            }
        }
    };
}

listing!(HostObjectListing, ObjectListing, s3_types::ObjectPage);
listing!(HostVersionListing, VersionListing, s3_types::VersionPage);
listing!(HostUploadListing, UploadListing, s3_types::UploadPage);
listing!(HostBucketListing, BucketListing, s3_types::BucketPage);
