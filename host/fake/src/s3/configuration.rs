//! What a bucket is configured with besides versioning: kept, given back, and, but for what the answers themselves show, not
//! acted on. No rule expires an object, no policy is evaluated, no preflight is answered.

use http::StatusCode;
use s3s::dto::{
    BucketLifecycleConfiguration, CORSConfiguration, DeleteBucketCorsInput, DeleteBucketCorsOutput,
    DeleteBucketEncryptionInput, DeleteBucketEncryptionOutput, DeleteBucketLifecycleInput,
    DeleteBucketLifecycleOutput, DeleteBucketOwnershipControlsInput, DeleteBucketOwnershipControlsOutput,
    DeleteBucketPolicyInput, DeleteBucketPolicyOutput, DeleteBucketTaggingInput, DeleteBucketTaggingOutput,
    DeletePublicAccessBlockInput, DeletePublicAccessBlockOutput, GetBucketAccelerateConfigurationInput,
    GetBucketAccelerateConfigurationOutput, GetBucketAclInput, GetBucketAclOutput, GetBucketCorsInput,
    GetBucketCorsOutput, GetBucketEncryptionInput, GetBucketEncryptionOutput,
    GetBucketLifecycleConfigurationInput, GetBucketLifecycleConfigurationOutput, GetBucketLoggingInput,
    GetBucketLoggingOutput, GetBucketNotificationConfigurationInput,
    GetBucketNotificationConfigurationOutput, GetBucketOwnershipControlsInput,
    GetBucketOwnershipControlsOutput, GetBucketPolicyInput, GetBucketPolicyOutput,
    GetBucketRequestPaymentInput, GetBucketRequestPaymentOutput, GetBucketTaggingInput,
    GetBucketTaggingOutput, GetBucketWebsiteInput, GetBucketWebsiteOutput, GetObjectAclInput,
    GetObjectAclOutput, GetPublicAccessBlockInput, GetPublicAccessBlockOutput, Grant, Grantee,
    ObjectOwnership, OwnershipControls, OwnershipControlsRule, Payer, Permission,
    PublicAccessBlockConfiguration, PutBucketCorsInput, PutBucketCorsOutput, PutBucketEncryptionInput,
    PutBucketEncryptionOutput, PutBucketLifecycleConfigurationInput, PutBucketLifecycleConfigurationOutput,
    PutBucketOwnershipControlsInput, PutBucketOwnershipControlsOutput, PutBucketPolicyInput,
    PutBucketPolicyOutput, PutBucketTaggingInput, PutBucketTaggingOutput, PutPublicAccessBlockInput,
    PutPublicAccessBlockOutput, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Type,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::bucket::{bucket_in, bucket_mut, owner};
use super::error::{custom_with, error_with, not_implemented};
use super::read::find_in;
use crate::fake::Shared;

/// The most tags of a bucket.
const MAX_TAGS: usize = 50;
/// The longest bucket policy, in bytes.
const MAX_POLICY: usize = 20 * 1024;

/// The configuration of a bucket. None is what a new bucket has.
#[derive(Debug, Default)]
pub(crate) struct Configuration {
    tags: Option<Vec<Tag>>,
    cors: Option<CORSConfiguration>,
    lifecycle: Option<BucketLifecycleConfiguration>,
    policy: Option<String>,
    public_access_block: Removable<PublicAccessBlockConfiguration>,
    ownership: Removable<OwnershipControls>,
    encryption: Option<ServerSideEncryptionConfiguration>,
}

/// A part of the configuration that a new bucket has, and that can be taken away.
#[derive(Debug, Default)]
enum Removable<T> {
    #[default]
    New,
    Set(T),
    Removed,
}

impl<T: Clone> Removable<T> {
    fn get(&self, new: impl FnOnce() -> T) -> Option<T> {
        match self {
            Self::New => Some(new()),
            Self::Set(value) => Some(value.clone()),
            Self::Removed => None,
        }
    }
}

type Answer<T> = S3Result<S3Response<T>>;

pub(crate) fn put_tagging(
    shared: &Shared,
    request: S3Request<PutBucketTaggingInput>,
) -> Answer<PutBucketTaggingOutput> {
    let PutBucketTaggingInput { bucket, tagging, .. } = request.input;
    let tags = tagging.tag_set;
    let mut keys: Vec<_> = tags.iter().map(|tag| tag.key.as_deref().unwrap_or_default()).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(invalid_tag("Cannot provide multiple Tags with the same key"));
    }
    if keys.iter().any(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(invalid_tag("System tags cannot be added/updated by requester"));
    }
    if keys.iter().any(|key| key.is_empty() || key.chars().count() > 128) {
        return Err(invalid_tag("The TagKey you have provided is invalid"));
    }
    if tags.len() > MAX_TAGS {
        return Err(error_with(
            S3ErrorCode::InvalidTag,
            format!("Bucket tag count cannot be greater than {MAX_TAGS}"),
        ));
    }
    change(shared, &bucket, |configuration| configuration.tags = Some(tags))?;
    Ok(S3Response::with_status(PutBucketTaggingOutput {}, StatusCode::NO_CONTENT))
}

pub(crate) fn get_tagging(
    shared: &Shared,
    request: &S3Request<GetBucketTaggingInput>,
) -> Answer<GetBucketTaggingOutput> {
    let tags = look(shared, &request.input.bucket, |configuration| configuration.tags.clone())?;
    let tag_set = tags.ok_or_else(|| missing("NoSuchTagSet", "The TagSet does not exist"))?;
    Ok(S3Response::new(GetBucketTaggingOutput { tag_set }))
}

pub(crate) fn delete_tagging(
    shared: &Shared,
    request: &S3Request<DeleteBucketTaggingInput>,
) -> Answer<DeleteBucketTaggingOutput> {
    change(shared, &request.input.bucket, |configuration| configuration.tags = None)?;
    Ok(S3Response::with_status(DeleteBucketTaggingOutput {}, StatusCode::NO_CONTENT))
}

pub(crate) fn put_cors(
    shared: &Shared,
    request: S3Request<PutBucketCorsInput>,
) -> Answer<PutBucketCorsOutput> {
    const METHODS: [&str; 5] = ["GET", "PUT", "HEAD", "POST", "DELETE"];
    let PutBucketCorsInput { bucket, cors_configuration, .. } = request.input;
    let rules = &cors_configuration.cors_rules;
    if rules.is_empty() || rules.len() > 100 {
        return Err(error_with(S3ErrorCode::MalformedXML, super::error::message("MalformedXML")));
    }
    let unknown = rules
        .iter()
        .flat_map(|rule| &rule.allowed_methods)
        .find(|method| !METHODS.contains(&method.as_str()));
    if let Some(method) = unknown {
        return Err(error_with(
            S3ErrorCode::InvalidRequest,
            format!("Found unsupported HTTP method in CORS config. Unsupported method is {method}"),
        ));
    }
    change(shared, &bucket, |configuration| configuration.cors = Some(cors_configuration))?;
    Ok(S3Response::new(PutBucketCorsOutput {}))
}

pub(crate) fn get_cors(
    shared: &Shared,
    request: &S3Request<GetBucketCorsInput>,
) -> Answer<GetBucketCorsOutput> {
    let cors = look(shared, &request.input.bucket, |configuration| configuration.cors.clone())?;
    let cors =
        cors.ok_or_else(|| missing("NoSuchCORSConfiguration", "The CORS configuration does not exist"))?;
    Ok(S3Response::new(GetBucketCorsOutput { cors_rules: Some(cors.cors_rules) }))
}

pub(crate) fn delete_cors(
    shared: &Shared,
    request: &S3Request<DeleteBucketCorsInput>,
) -> Answer<DeleteBucketCorsOutput> {
    change(shared, &request.input.bucket, |configuration| configuration.cors = None)?;
    Ok(S3Response::with_status(DeleteBucketCorsOutput {}, StatusCode::NO_CONTENT))
}

pub(crate) fn put_lifecycle(
    shared: &Shared,
    request: S3Request<PutBucketLifecycleConfigurationInput>,
) -> Answer<PutBucketLifecycleConfigurationOutput> {
    let input = request.input;
    let mut lifecycle = input.lifecycle_configuration;
    let rules = lifecycle.as_mut().map(|lifecycle| &mut lifecycle.rules).filter(|rules| !rules.is_empty());
    let rules =
        rules.ok_or_else(|| error_with(S3ErrorCode::MalformedXML, super::error::message("MalformedXML")))?;
    for rule in rules {
        // S3 names a rule that has no name.
        rule.id.get_or_insert_with(|| shared.ids.uuid("lifecycle-rule"));
    }
    change(shared, &input.bucket, |configuration| configuration.lifecycle = lifecycle)?;
    Ok(S3Response::new(PutBucketLifecycleConfigurationOutput {
        transition_default_minimum_object_size: input.transition_default_minimum_object_size,
    }))
}

pub(crate) fn get_lifecycle(
    shared: &Shared,
    request: &S3Request<GetBucketLifecycleConfigurationInput>,
) -> Answer<GetBucketLifecycleConfigurationOutput> {
    let lifecycle = look(shared, &request.input.bucket, |configuration| configuration.lifecycle.clone())?;
    let lifecycle = lifecycle.ok_or_else(|| {
        missing("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
    })?;
    Ok(S3Response::new(GetBucketLifecycleConfigurationOutput {
        rules: Some(lifecycle.rules),
        ..GetBucketLifecycleConfigurationOutput::default()
    }))
}

pub(crate) fn delete_lifecycle(
    shared: &Shared,
    request: &S3Request<DeleteBucketLifecycleInput>,
) -> Answer<DeleteBucketLifecycleOutput> {
    change(shared, &request.input.bucket, |configuration| configuration.lifecycle = None)?;
    Ok(S3Response::with_status(DeleteBucketLifecycleOutput {}, StatusCode::NO_CONTENT))
}

pub(crate) fn put_policy(
    shared: &Shared,
    request: S3Request<PutBucketPolicyInput>,
) -> Answer<PutBucketPolicyOutput> {
    let PutBucketPolicyInput { bucket, policy, .. } = request.input;
    let document: Option<serde_json::Value> = serde_json::from_str(&policy).ok();
    if document.is_none_or(|document| document.get("Statement").is_none()) || policy.len() > MAX_POLICY {
        let message = "This policy contains invalid Json";
        return Err(custom_with("MalformedPolicy", StatusCode::BAD_REQUEST, message));
    }
    change(shared, &bucket, |configuration| configuration.policy = Some(policy))?;
    Ok(S3Response::with_status(PutBucketPolicyOutput {}, StatusCode::NO_CONTENT))
}

pub(crate) fn get_policy(
    shared: &Shared,
    request: &S3Request<GetBucketPolicyInput>,
) -> Answer<GetBucketPolicyOutput> {
    let policy = look(shared, &request.input.bucket, |configuration| configuration.policy.clone())?;
    let policy = policy.ok_or_else(|| missing("NoSuchBucketPolicy", "The bucket policy does not exist"))?;
    Ok(S3Response::new(GetBucketPolicyOutput { policy: Some(policy) }))
}

pub(crate) fn delete_policy(
    shared: &Shared,
    request: &S3Request<DeleteBucketPolicyInput>,
) -> Answer<DeleteBucketPolicyOutput> {
    change(shared, &request.input.bucket, |configuration| configuration.policy = None)?;
    Ok(S3Response::with_status(DeleteBucketPolicyOutput {}, StatusCode::NO_CONTENT))
}

pub(crate) fn put_public_access_block(
    shared: &Shared,
    request: S3Request<PutPublicAccessBlockInput>,
) -> Answer<PutPublicAccessBlockOutput> {
    let PutPublicAccessBlockInput { bucket, public_access_block_configuration: block, .. } = request.input;
    // What is not said is not blocked.
    let block = PublicAccessBlockConfiguration {
        block_public_acls: Some(block.block_public_acls.unwrap_or_default()),
        block_public_policy: Some(block.block_public_policy.unwrap_or_default()),
        ignore_public_acls: Some(block.ignore_public_acls.unwrap_or_default()),
        restrict_public_buckets: Some(block.restrict_public_buckets.unwrap_or_default()),
    };
    change(shared, &bucket, |configuration| configuration.public_access_block = Removable::Set(block))?;
    Ok(S3Response::new(PutPublicAccessBlockOutput {}))
}

pub(crate) fn get_public_access_block(
    shared: &Shared,
    request: &S3Request<GetPublicAccessBlockInput>,
) -> Answer<GetPublicAccessBlockOutput> {
    // Since April 2023 a new bucket blocks all public access.
    let all = || PublicAccessBlockConfiguration {
        block_public_acls: Some(true),
        block_public_policy: Some(true),
        ignore_public_acls: Some(true),
        restrict_public_buckets: Some(true),
    };
    let block =
        look(shared, &request.input.bucket, |configuration| configuration.public_access_block.get(all))?;
    let block = block.ok_or_else(|| {
        missing("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")
    })?;
    Ok(S3Response::new(GetPublicAccessBlockOutput { public_access_block_configuration: Some(block) }))
}

pub(crate) fn delete_public_access_block(
    shared: &Shared,
    request: &S3Request<DeletePublicAccessBlockInput>,
) -> Answer<DeletePublicAccessBlockOutput> {
    change(shared, &request.input.bucket, |configuration| {
        configuration.public_access_block = Removable::Removed;
    })?;
    Ok(S3Response::with_status(DeletePublicAccessBlockOutput {}, StatusCode::NO_CONTENT))
}

pub(crate) fn put_ownership_controls(
    shared: &Shared,
    request: S3Request<PutBucketOwnershipControlsInput>,
) -> Answer<PutBucketOwnershipControlsOutput> {
    let PutBucketOwnershipControlsInput { bucket, ownership_controls: controls, .. } = request.input;
    if controls.rules.len() != 1 {
        return Err(error_with(S3ErrorCode::MalformedXML, super::error::message("MalformedXML")));
    }
    change(shared, &bucket, |configuration| configuration.ownership = Removable::Set(controls))?;
    Ok(S3Response::new(PutBucketOwnershipControlsOutput {}))
}

pub(crate) fn get_ownership_controls(
    shared: &Shared,
    request: &S3Request<GetBucketOwnershipControlsInput>,
) -> Answer<GetBucketOwnershipControlsOutput> {
    let enforced = || OwnershipControls {
        rules: vec![OwnershipControlsRule {
            object_ownership: ObjectOwnership::from_static(ObjectOwnership::BUCKET_OWNER_ENFORCED),
        }],
    };
    let controls =
        look(shared, &request.input.bucket, |configuration| configuration.ownership.get(enforced))?;
    let controls = controls.ok_or_else(|| {
        missing("OwnershipControlsNotFoundError", "The bucket ownership controls were not found")
    })?;
    Ok(S3Response::new(GetBucketOwnershipControlsOutput { ownership_controls: Some(controls) }))
}

pub(crate) fn delete_ownership_controls(
    shared: &Shared,
    request: &S3Request<DeleteBucketOwnershipControlsInput>,
) -> Answer<DeleteBucketOwnershipControlsOutput> {
    change(shared, &request.input.bucket, |configuration| configuration.ownership = Removable::Removed)?;
    Ok(S3Response::with_status(DeleteBucketOwnershipControlsOutput {}, StatusCode::NO_CONTENT))
}

/// `PutBucketEncryption`: only what every bucket has. Another default would have to be seen on each object.
pub(crate) fn put_encryption(
    shared: &Shared,
    request: S3Request<PutBucketEncryptionInput>,
) -> Answer<PutBucketEncryptionOutput> {
    let input = request.input;
    let encryption = input.server_side_encryption_configuration;
    let default =
        encryption.rules.iter().filter_map(|rule| rule.apply_server_side_encryption_by_default.as_ref());
    if default.map(|default| default.sse_algorithm.as_str()).any(|name| name != ServerSideEncryption::AES256)
    {
        return Err(not_implemented("a bucket's default encryption other than AES256"));
    }
    change(shared, &input.bucket, |configuration| configuration.encryption = Some(encryption))?;
    Ok(S3Response::new(PutBucketEncryptionOutput {}))
}

pub(crate) fn get_encryption(
    shared: &Shared,
    request: &S3Request<GetBucketEncryptionInput>,
) -> Answer<GetBucketEncryptionOutput> {
    let encryption = look(shared, &request.input.bucket, |configuration| configuration.encryption.clone())?;
    let encryption = encryption.unwrap_or_else(|| ServerSideEncryptionConfiguration {
        rules: vec![ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: Some(ServerSideEncryptionByDefault {
                kms_master_key_id: None,
                sse_algorithm: ServerSideEncryption::from_static(ServerSideEncryption::AES256),
            }),
            bucket_key_enabled: Some(false),
            ..ServerSideEncryptionRule::default()
        }],
    });
    Ok(S3Response::new(GetBucketEncryptionOutput { server_side_encryption_configuration: Some(encryption) }))
}

pub(crate) fn delete_encryption(
    shared: &Shared,
    request: &S3Request<DeleteBucketEncryptionInput>,
) -> Answer<DeleteBucketEncryptionOutput> {
    change(shared, &request.input.bucket, |configuration| configuration.encryption = None)?;
    Ok(S3Response::with_status(DeleteBucketEncryptionOutput {}, StatusCode::NO_CONTENT))
}

/// `GetBucketAcl`: the one that every bucket has whose owner alone counts.
pub(crate) fn get_acl(shared: &Shared, request: &S3Request<GetBucketAclInput>) -> Answer<GetBucketAclOutput> {
    look(shared, &request.input.bucket, |_| ())?;
    Ok(S3Response::new(GetBucketAclOutput { grants: Some(grants(shared)), owner: Some(owner(shared)) }))
}

/// `GetObjectAcl`: the same of an object.
pub(crate) fn get_object_acl(
    shared: &Shared,
    request: &S3Request<GetObjectAclInput>,
) -> Answer<GetObjectAclOutput> {
    let input = &request.input;
    let buckets = shared.store.lock();
    find_in(bucket_in(&buckets, &input.bucket)?, &input.key, input.version_id.as_deref())?;
    Ok(S3Response::new(GetObjectAclOutput {
        grants: Some(grants(shared)),
        owner: Some(owner(shared)),
        ..GetObjectAclOutput::default()
    }))
}

fn grants(shared: &Shared) -> Vec<Grant> {
    let grantee = Grantee {
        display_name: None,
        email_address: None,
        id: owner(shared).id,
        type_: Type::from_static(Type::CANONICAL_USER),
        uri: None,
    };
    vec![Grant {
        grantee: Some(grantee),
        permission: Some(Permission::from_static(Permission::FULL_CONTROL)),
    }]
}

pub(crate) fn get_logging(
    shared: &Shared,
    request: &S3Request<GetBucketLoggingInput>,
) -> Answer<GetBucketLoggingOutput> {
    look(shared, &request.input.bucket, |_| ())?;
    Ok(S3Response::new(GetBucketLoggingOutput::default()))
}

pub(crate) fn get_notification(
    shared: &Shared,
    request: &S3Request<GetBucketNotificationConfigurationInput>,
) -> Answer<GetBucketNotificationConfigurationOutput> {
    look(shared, &request.input.bucket, |_| ())?;
    Ok(S3Response::new(GetBucketNotificationConfigurationOutput::default()))
}

pub(crate) fn get_accelerate(
    shared: &Shared,
    request: &S3Request<GetBucketAccelerateConfigurationInput>,
) -> Answer<GetBucketAccelerateConfigurationOutput> {
    look(shared, &request.input.bucket, |_| ())?;
    Ok(S3Response::new(GetBucketAccelerateConfigurationOutput::default()))
}

pub(crate) fn get_request_payment(
    shared: &Shared,
    request: &S3Request<GetBucketRequestPaymentInput>,
) -> Answer<GetBucketRequestPaymentOutput> {
    look(shared, &request.input.bucket, |_| ())?;
    let payer = Some(Payer::from_static(Payer::BUCKET_OWNER));
    Ok(S3Response::new(GetBucketRequestPaymentOutput { payer }))
}

pub(crate) fn get_website(
    shared: &Shared,
    request: &S3Request<GetBucketWebsiteInput>,
) -> Answer<GetBucketWebsiteOutput> {
    look(shared, &request.input.bucket, |_| ())?;
    let message = "The specified bucket does not have a website configuration";
    Err(missing("NoSuchWebsiteConfiguration", message))
}

fn look<T>(shared: &Shared, bucket: &str, look: impl FnOnce(&Configuration) -> T) -> S3Result<T> {
    Ok(look(&bucket_in(&shared.store.lock(), bucket)?.configuration))
}

fn change(shared: &Shared, bucket: &str, change: impl FnOnce(&mut Configuration)) -> S3Result {
    change(&mut bucket_mut(&mut shared.store.lock(), bucket)?.configuration);
    Ok(())
}

fn missing(code: &'static str, message: &'static str) -> S3Error {
    custom_with(code, StatusCode::NOT_FOUND, message)
}

fn invalid_tag(message: &'static str) -> S3Error {
    error_with(S3ErrorCode::InvalidTag, message)
}
