//! Waiting until something exists or does not.

use std::time::Duration;

use innkeeper_policy::arn::ObjectKey;
use tokio::time::Instant;

use crate::bindings::s3_types::{BucketStatus, Error, Existence, HeadObjectOptions};
use crate::context::AwsCtx;
use crate::s3::bucket::Bucket;
use crate::s3::{administration, object};

/// The first pause and the longest. Each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What is left of the guest's call for it to say that the time is over.
const MARGIN: Duration = Duration::from_millis(250);

/// What is waited for.
#[derive(Clone, Copy)]
pub(crate) enum Thing<'a> {
    Object(&'a Bucket, &'a ObjectKey),
    Bucket(&'a Bucket),
}

impl Thing<'_> {
    async fn ask(self, ctx: &AwsCtx) -> Result<Existence, Error> {
        match self {
            Self::Object(bucket, key) => {
                let options = HeadObjectOptions {
                    part_number: None,
                    version_id: None,
                    if_match: None,
                    if_none_match: None,
                    if_modified_since: None,
                    if_unmodified_since: None,
                };
                match object::head(ctx, bucket, key, options).await {
                    Ok(_) => Ok(Existence::Exists),
                    Err(Error::NoSuchKey) => Ok(Existence::NotFound),
                    Err(error) => Err(error),
                }
            }
            Self::Bucket(bucket) => Ok(match administration::status(ctx, bucket).await? {
                BucketStatus::Exists | BucketStatus::NotAccessible => Existence::Exists,
                BucketStatus::NotFound => Existence::NotFound,
            }),
        }
    }
}

/// Asks until the answer is `until`, once at least. What the SDK has tried again already is an error here.
pub(crate) async fn wait(
    ctx: &AwsCtx,
    thing: Thing<'_>,
    until: Existence,
    seconds: u32,
) -> Result<(), Error> {
    let own = Instant::now().checked_add(Duration::from_secs(seconds.into()));
    let call = ctx.transfers().deadline().map(|deadline| deadline.checked_sub(MARGIN).unwrap_or(deadline));
    let deadline = own.into_iter().chain(call).min();
    let mut pause = FIRST_PAUSE;
    loop {
        let answer = match deadline {
            Some(deadline) => {
                tokio::time::timeout_at(deadline, thing.ask(ctx)).await.map_err(|_| Error::Timeout)?
            }
            None => thing.ask(ctx).await,
        };
        if answer? == until {
            return Ok(());
        }
        let next = Instant::now() + pause;
        if deadline.is_some_and(|deadline| next >= deadline) {
            if let Some(deadline) = deadline {
                tokio::time::sleep_until(deadline).await;
            }
            return Err(Error::Timeout);
        }
        tokio::time::sleep_until(next).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
