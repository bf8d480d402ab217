//! The functions of `innkeeper:aws/s3`, as wasmtime calls them: handles in, work elsewhere, handles out.

use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynInputStream, IoError};

use crate::bindings::{s3, s3_types};
use crate::context::AwsCtxView;
use crate::gate::Refusal;
use crate::s3::body::BodyError;
use crate::s3::bucket::{Bucket, object_key};
use crate::s3::{Failure, ObjectListing, object};

impl From<Refusal> for s3_types::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied => Self::AccessDenied,
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
        let (info, body) = object::get(self.ctx, bucket, &object_key(key)?, options).await?;
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
        Ok(object::read(self.ctx, bucket, &object_key(key)?, max_bytes, options).await?)
    }

    async fn head_object(&mut self, bucket: Resource<Bucket>, key: String) -> Result<s3_types::ObjectInfo, Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(object::head(self.ctx, bucket, &object_key(key)?).await?)
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
    ) -> Result<s3_types::DeleteObjectOutput, Failure> {
        let bucket = self.table.get(&bucket)?;
        Ok(object::delete(self.ctx, bucket, &object_key(key)?).await?)
    }

    async fn list_objects(
        &mut self,
        bucket: Resource<Bucket>,
        options: s3_types::ListObjectsOptions,
    ) -> Result<Resource<ObjectListing>, Failure> {
        let bucket = self.table.get(&bucket)?.clone();
        Ok(self.table.push(ObjectListing::new(bucket, options)?)?)
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl s3::HostObjectListing for AwsCtxView<'_> {
    async fn next_page(
        &mut self,
        listing: Resource<ObjectListing>,
    ) -> Result<Option<s3_types::ObjectPage>, Failure> {
        let listing = self.table.get_mut(&listing)?;
        Ok(listing.next_page(self.ctx).await?)
    }

    async fn drop(&mut self, listing: Resource<ObjectListing>) -> wasmtime::Result<()> {
        self.table.delete(listing)?;
        Ok(())
    }
}
