//! The `upload-listing` resource.

use aws_sdk_s3::types::EncodingType;
use innkeeper_policy::S3Operation;

use super::{Next, Selection, common_prefixes, decoder, field};
use crate::bindings::s3_types::{Error, ListUploadsOptions, UnfinishedUpload, UploadPage};
use crate::context::AwsCtx;
use crate::s3::bucket::Bucket;
use crate::s3::token::Purpose;
use crate::s3::{convert, settle};

/// A listing of unfinished uploads under way.
#[derive(Debug)]
pub struct UploadListing {
    bucket: Bucket,
    selection: Selection,
    next: Next,
}

impl UploadListing {
    pub(crate) fn new(ctx: &AwsCtx, bucket: Bucket, options: ListUploadsOptions) -> Result<Self, Error> {
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
            operation: "ListMultipartUploads",
            bucket: self.bucket.arn().to_string(),
            arguments: vec![prefix.as_deref(), delimiter.as_deref()],
        }
    }

    pub(crate) async fn next_page(&mut self, ctx: &AwsCtx) -> Result<Option<UploadPage>, Error> {
        let Some(place) = self.next.place() else { return Ok(None) };
        let Selection { prefix, delimiter, page_size } = &self.selection;
        let operation = S3Operation::ListMultipartUploads {
            bucket: self.bucket.arn(),
            prefix: prefix.as_deref(),
            delimiter: delimiter.as_deref(),
            max_keys: Some(*page_size),
        };
        let mut permit = ctx.gate().s3(operation).await?;
        let request = permit
            .client
            .list_multipart_uploads()
            .bucket(self.bucket.name())
            .set_expected_bucket_owner(self.bucket.owner())
            .set_prefix(prefix.clone())
            .set_delimiter(delimiter.clone())
            .max_uploads(self.selection.max_keys())
            .set_key_marker(field(&place, 0))
            .set_upload_id_marker(field(&place, 1))
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
        let more = more.map(|key| vec![Some(decode(key)), output.next_upload_id_marker.clone()]);
        let next = Next::behind(&place, more, &mut permit.call)?;
        permit.call.succeed();
        self.next = next;
        let uploads = output.uploads.iter().flatten().filter_map(|upload| {
            Some(UnfinishedUpload {
                key: decode(upload.key()?),
                upload_id: upload.upload_id.clone()?,
                initiated: upload.initiated.as_ref().map(convert::timestamp),
                storage_class: upload.storage_class.as_ref().map(|class| class.as_str().to_owned()),
            })
        });
        Ok(Some(UploadPage {
            uploads: uploads.collect(),
            common_prefixes: common_prefixes(output.common_prefixes.as_ref(), decode),
        }))
    }
}
