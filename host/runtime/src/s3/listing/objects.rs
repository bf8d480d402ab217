//! The `object-listing` resource.

use aws_sdk_s3::types::EncodingType;
use innkeeper_policy::S3Operation;

use super::{Next, Selection, argument, common_prefixes, decoder, field};
use crate::bindings::s3_types::{Error, ListObjectsOptions, ObjectPage};
use crate::context::AwsCtx;
use crate::s3::bucket::Bucket;
use crate::s3::token::Purpose;
use crate::s3::{convert, settle};

/// A listing of objects under way.
#[derive(Debug)]
pub struct ObjectListing {
    bucket: Bucket,
    selection: Selection,
    start_after: Option<String>,
    next: Next,
}

impl ObjectListing {
    pub(crate) fn new(ctx: &AwsCtx, bucket: Bucket, options: ListObjectsOptions) -> Result<Self, Error> {
        let selection = Selection::new(options.prefix, options.delimiter, options.page_size)?;
        let start_after = argument("start-after", options.start_after)?;
        let mut listing = Self { bucket, selection, start_after, next: Next::First };
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
            operation: "ListObjectsV2",
            bucket: self.bucket.arn().to_string(),
            arguments: vec![prefix.as_deref(), delimiter.as_deref(), self.start_after.as_deref()],
        }
    }

    pub(crate) async fn next_page(&mut self, ctx: &AwsCtx) -> Result<Option<ObjectPage>, Error> {
        let Some(place) = self.next.place() else { return Ok(None) };
        let Selection { prefix, delimiter, page_size } = &self.selection;
        let operation = S3Operation::ListObjects {
            bucket: self.bucket.arn(),
            prefix: prefix.as_deref(),
            delimiter: delimiter.as_deref(),
            max_keys: Some(*page_size),
        };
        let mut permit = ctx.gate().s3(operation).await?;
        let request = permit
            .client
            .list_objects_v2()
            .bucket(self.bucket.name())
            .set_expected_bucket_owner(self.bucket.owner())
            .set_prefix(prefix.clone())
            .set_delimiter(delimiter.clone())
            .set_start_after(self.start_after.clone())
            .max_keys(self.selection.max_keys())
            .set_continuation_token(field(&place, 0))
            // Keys may hold what XML cannot.
            .encoding_type(EncodingType::Url)
            .send();
        let answer = permit.call.observe(request).await;
        let output = match answer {
            Ok(output) => output,
            Err(error) => return Err(settle(&mut permit.call, &error)),
        };

        let more = output.next_continuation_token.filter(|_| output.is_truncated == Some(true));
        let next = Next::behind(&place, more.map(|token| vec![Some(token)]), &mut permit.call)?;
        let decode = decoder(output.encoding_type.as_ref());
        let page = ObjectPage {
            objects: output
                .contents
                .iter()
                .flatten()
                .filter_map(|object| convert::summary(object, decode))
                .collect(),
            common_prefixes: common_prefixes(output.common_prefixes.as_ref(), decode),
        };
        permit.call.succeed();
        self.next = next;
        Ok(Some(page))
    }
}
