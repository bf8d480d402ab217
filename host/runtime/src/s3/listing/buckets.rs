//! The `bucket-listing` resource.

use innkeeper_policy::S3Operation;

use super::{Next, argument, check_page_size, field};
use crate::bindings::s3_types::{BucketPage, BucketSummary, Error, ListBucketsOptions};
use crate::context::AwsCtx;
use crate::s3::token::Purpose;
use crate::s3::{convert, settle};

/// The most buckets that S3 puts on a page.
const MAX_PAGE_SIZE: u32 = 10_000;

/// A listing of the account's buckets under way.
#[derive(Debug)]
pub struct BucketListing {
    prefix: Option<String>,
    page_size: u32,
    next: Next,
}

impl BucketListing {
    pub(crate) fn new(ctx: &AwsCtx, options: ListBucketsOptions) -> Result<Self, Error> {
        let prefix = argument("prefix", options.prefix)?;
        let page_size = check_page_size(options.page_size, MAX_PAGE_SIZE)?;
        let mut listing = Self { prefix, page_size, next: Next::First };
        listing.next = Next::resume(ctx, &listing.purpose(ctx), options.continuation_token)?;
        Ok(listing)
    }

    pub(crate) fn continuation_token(&self, ctx: &AwsCtx) -> Option<String> {
        self.next.token(ctx, &self.purpose(ctx))
    }

    fn purpose<'a>(&'a self, ctx: &'a AwsCtx) -> Purpose<'a> {
        Purpose {
            guest: ctx.gate().guest(),
            operation: "ListBuckets",
            bucket: String::new(),
            arguments: vec![self.prefix.as_deref()],
        }
    }

    pub(crate) async fn next_page(&mut self, ctx: &AwsCtx) -> Result<Option<BucketPage>, Error> {
        let Some(place) = self.next.place() else { return Ok(None) };
        let partition = ctx.gate().partition().await?;
        let mut permit = ctx.gate().s3(S3Operation::ListBuckets { partition }).await?;
        let request = permit
            .client
            .list_buckets()
            .set_prefix(self.prefix.clone())
            .max_buckets(i32::try_from(self.page_size).unwrap_or(i32::MAX))
            .set_continuation_token(field(&place, 0))
            .send();
        let answer = permit.call.observe(request).await;
        let output = match answer {
            Ok(output) => output,
            Err(error) => return Err(settle(&mut permit.call, &error)),
        };

        let more = output.continuation_token.filter(|token| !token.is_empty());
        let next = Next::behind(&place, more.map(|token| vec![Some(token)]), &mut permit.call)?;
        permit.call.succeed();
        self.next = next;
        let buckets = output.buckets.into_iter().flatten().filter_map(|bucket| {
            Some(BucketSummary {
                name: bucket.name?,
                created: bucket.creation_date.as_ref().map(convert::timestamp),
                region: bucket.bucket_region,
            })
        });
        Ok(Some(BucketPage { buckets: buckets.collect() }))
    }
}
