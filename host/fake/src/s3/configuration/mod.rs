//! What a bucket is configured with besides versioning: kept, given back, and, but for what the answers themselves show, not
//! acted on. No rule expires an object. The policy is evaluated where requests are let in, and what is to be notified is in
//! [`notifications`](super::notifications).

mod access;
mod cors;
mod documents;
mod encryption;
mod expiration;
mod identified;
mod lifecycle;
mod plain;
mod policy;
mod tagging;

use http::StatusCode;
use s3s::dto::{
    BucketAccelerateStatus, BucketLifecycleConfiguration, CORSConfiguration, LoggingEnabled,
    NotificationConfiguration, ObjectLockConfiguration, OwnershipControls, Payer,
    PublicAccessBlockConfiguration, ReplicationConfiguration, ServerSideEncryptionConfiguration, Tag,
    TransitionDefaultMinimumObjectSize, WebsiteConfiguration,
};
use s3s::{S3Error, S3Response, S3Result};

pub use access::ObjectOwnership;
pub(crate) use access::{
    check_ownership, delete_ownership_controls, delete_public_access_block, get_ownership_controls,
    get_public_access_block, put_ownership_controls, put_public_access_block,
};
pub(crate) use cors::{delete_cors, get_cors, put_cors};
pub(crate) use encryption::{delete_encryption, get_encryption, put_encryption};
pub(crate) use identified::{
    delete_analytics, delete_inventory, delete_metrics, delete_tiering, get_analytics, get_inventory,
    get_metrics, get_tiering, list_analytics, list_inventories, list_metrics, list_tiering, put_analytics,
    put_inventory, put_metrics, put_tiering,
};
pub(crate) use lifecycle::{delete_lifecycle, get_lifecycle, put_lifecycle};
pub(crate) use plain::{
    delete_replication, delete_website, get_accelerate, get_logging, get_notification, get_replication,
    get_request_payment, get_website, put_accelerate, put_logging, put_notification, put_replication,
    put_request_payment, put_website,
};
pub(crate) use policy::{delete_policy, get_policy, get_policy_status, put_policy};
pub(crate) use tagging::{TagsOfNewBucket, delete_tagging, get_tagging, put_tagging};

use identified::Identified;
use policy::BucketPolicy;

use super::bucket::{bucket_in, bucket_mut};
use super::error::custom_with;
use crate::fake::Shared;
use crate::resource_policy::Policy;

/// The configuration of a bucket. None is what nobody has put there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Configuration {
    tags: Option<Vec<Tag>>,
    cors: Option<CORSConfiguration>,
    lifecycle: Option<BucketLifecycleConfiguration>,
    /// What the lifecycle was put with. It moves no object, and Terraform waits until it reads what it wrote.
    transition_minimum: Option<TransitionDefaultMinimumObjectSize>,
    policy: Option<BucketPolicy>,
    /// Of a new bucket there may be one, that can be taken away.
    public_access_block: Option<PublicAccessBlockConfiguration>,
    /// Of a new bucket there may be one, that can be taken away.
    ownership: Option<OwnershipControls>,
    encryption: Option<ServerSideEncryptionConfiguration>,
    logging: Option<LoggingEnabled>,
    notification: Option<NotificationConfiguration>,
    accelerate: Option<BucketAccelerateStatus>,
    payer: Option<Payer>,
    website: Option<WebsiteConfiguration>,
    replication: Option<ReplicationConfiguration>,
    identified: Identified,
    /// Where there is one, versions can be locked.
    pub(crate) object_lock: Option<ObjectLockConfiguration>,
}

type Answer<T> = S3Result<S3Response<T>>;

impl Configuration {
    /// That of a new bucket.
    pub(crate) fn new(ownership: ObjectOwnership) -> Self {
        let (ownership, public_access_block) = access::of_new_bucket(ownership);
        Self {
            tags: None,
            cors: None,
            lifecycle: None,
            transition_minimum: None,
            policy: None,
            public_access_block,
            ownership,
            encryption: None,
            logging: None,
            notification: None,
            accelerate: None,
            payer: None,
            website: None,
            replication: None,
            identified: Identified::default(),
            object_lock: None,
        }
    }

    pub(crate) fn public_access_block(&self) -> Option<&PublicAccessBlockConfiguration> {
        self.public_access_block.as_ref()
    }

    /// The policy, as it is evaluated.
    pub(crate) fn policy(&self) -> Option<&Policy> {
        self.policy.as_ref().map(|policy| &*policy.policy)
    }

    /// Whether a public policy lets nobody in but the owner (`RestrictPublicBuckets`).
    pub(crate) fn restricts_public_policies(&self) -> bool {
        self.public_access_block().is_some_and(|block| block.restrict_public_buckets == Some(true))
    }

    /// What is told of objects, and to whom.
    pub(crate) fn notification(&self) -> Option<&NotificationConfiguration> {
        self.notification.as_ref()
    }

    pub(crate) fn cors(&self) -> Option<&CORSConfiguration> {
        self.cors.as_ref()
    }
}

fn look<T>(shared: &Shared, bucket: &str, look: impl FnOnce(&Configuration) -> T) -> S3Result<T> {
    Ok(look(&bucket_in(&shared.store.lock(), bucket)?.configuration))
}

fn change<T>(shared: &Shared, bucket: &str, change: impl FnOnce(&mut Configuration) -> T) -> S3Result<T> {
    Ok(change(&mut bucket_mut(&mut shared.store.lock(), bucket)?.configuration))
}

fn missing(code: &'static str, message: &'static str) -> S3Error {
    custom_with(code, StatusCode::NOT_FOUND, message)
}
