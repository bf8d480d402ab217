use std::collections::BTreeMap;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use s3s::dto::{
    Bucket as BucketEntry, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput,
    DeleteBucketInput, DeleteBucketOutput, GetBucketLocationInput, GetBucketLocationOutput, HeadBucketInput,
    HeadBucketOutput, ListBucketsInput, ListBucketsOutput, ObjectOwnership as OwnershipName,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::acl::{acl_request, owner_of};
use super::configuration::{Configuration, TagsOfNewBucket, check_ownership};
use super::error::{custom_with, error, error_with};
use super::lock;
use super::store::Bucket;
use super::versions::Versioning;
use crate::account::{Account, Caller};
use crate::fake::Shared;
use crate::layer::{DEFAULT_REGION, RequestContext};
use crate::region::partition;

/// The name that eu-west-1 had first. A bucket that is made by it is located by it.
pub(crate) const EU: &str = "EU";
const IRELAND: &str = "eu-west-1";
/// Where the name of a new bucket is to be unique, and the value for the account's own names.
const NAMESPACE: &str = "x-amz-bucket-namespace";
const ACCOUNT_REGIONAL: &str = "account-regional";
/// The most buckets on a page of `ListBuckets`.
const MAX_BUCKETS: i32 = 10_000;

pub(crate) fn create(
    shared: &Shared,
    request: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let context = context(&request);
    let tags = request.extensions.get::<TagsOfNewBucket>().cloned();
    let of_account = request.headers.get(NAMESPACE).is_some_and(|namespace| namespace == ACCOUNT_REGIONAL);
    let input = request.input;
    let constraint =
        input.create_bucket_configuration.as_ref().and_then(|config| config.location_constraint.clone());
    // The name `us-east-1` is left out of what is answered, and is none that may be asked for.
    let region = region_of(constraint.as_ref().map(BucketLocationConstraint::as_str), &context)?;
    let owner = account(shared, &context.caller);
    let said = acl_request!(input, grant_write);
    let acl = said.of_bucket(&owner.canonical_id)?;
    let mut configuration = Configuration::new(shared.object_ownership);
    if let Some(ownership) = input.object_ownership {
        check_ownership(&ownership)?;
        configuration.set_object_ownership(ownership);
    }
    if let Some(tags) = tags {
        configuration.tag_new_bucket(tags)?;
    }
    let new_ownership = configuration.object_ownership();
    if new_ownership == Some(OwnershipName::BUCKET_OWNER_ENFORCED) && acl.lets_others_in() {
        return Err(error(S3ErrorCode::InvalidBucketAclWithObjectOwnership));
    }
    let name = input.bucket;
    // A hyphen beside a dot is no hostname, and s3s takes it.
    if name.contains("-.") || name.contains(".-") {
        return Err(error(S3ErrorCode::InvalidBucketName));
    }
    let located = region.clone().unwrap_or_else(|| context.region.clone());
    if of_account {
        check_namespace(&name, &owner.id, &located)?;
    }
    let mut buckets = shared.store.lock();
    match buckets.get_mut(&name) {
        Some(bucket) if bucket.owner != owner => return Err(error(S3ErrorCode::BucketAlreadyExists)),
        // us-east-1 alone answers the owner's second creation of a bucket there as if it were the first, and sets the
        // ACL anew.
        Some(bucket)
            if [Some(&context.region), bucket.region.as_ref()].into_iter().flatten().any(is_elsewhere) =>
        {
            return Err(error(S3ErrorCode::BucketAlreadyOwnedByYou));
        }
        Some(bucket) => bucket.acl = Some(acl),
        None => {
            let mut bucket = Bucket::new(shared.clock.now(), region, owner, configuration);
            bucket.is_eu = constraint.as_ref().is_some_and(|constraint| constraint.as_str() == EU);
            if input.object_lock_enabled_for_bucket == Some(true) {
                bucket.configuration.object_lock = Some(lock::of_new_bucket());
                bucket.versioning = Versioning::Enabled;
            }
            bucket.check_public(&acl)?;
            bucket.acl = Some(acl);
            buckets.insert(name.clone(), bucket);
        }
    }
    // That of an account's own namespace is named by its path in every region.
    let location = if of_account { format!("/{name}") } else { location_of_new(&name, &context.region) };
    let mut response = S3Response::new(CreateBucketOutput { location: Some(location) });
    if let Ok(arn) = HeaderValue::try_from(format!("arn:{}:s3:::{name}", partition(&located))) {
        response.headers.insert("x-amz-bucket-arn", arn);
    }
    Ok(response)
}

/// The name of a bucket that only its account could make ends with the account and the region.
fn check_namespace(name: &str, account_id: &str, region: &str) -> S3Result {
    let suffix = format!("-{account_id}-{region}-an");
    if name.strip_suffix(&suffix).is_some_and(|prefix| !prefix.is_empty()) {
        return Ok(());
    }
    let message = format!(
        "The requested bucket name did not include the account-regional namespace suffix, but the provided \
         x-amz-bucket-namespace header value is account-regional. Specify {suffix} as the bucket name suffix to create a \
         bucket in your account-regional namespace, or remove the header."
    );
    Err(custom_with("InvalidNamespaceHeader", StatusCode::BAD_REQUEST, message))
}

fn is_elsewhere(region: &String) -> bool {
    region != DEFAULT_REGION
}

/// What the answer to a creation says of where the bucket is: us-east-1 names a path, every other region a host.
fn location_of_new(name: &str, region: &str) -> String {
    match (region, partition(region)) {
        (DEFAULT_REGION, _) => format!("/{name}"),
        (_, "aws-cn") => format!("http://{name}.s3.amazonaws.com.cn/"),
        _ => format!("http://{name}.s3.amazonaws.com/"),
    }
}

/// The region of a new bucket: what is asked for has to be what the endpoint serves.
fn region_of(constraint: Option<&str>, context: &RequestContext) -> S3Result<Option<String>> {
    let constraint = match constraint.filter(|constraint| !constraint.is_empty()) {
        Some(EU) => Some(IRELAND),
        other => other,
    };
    // A custom endpoint takes the region that the request was signed for.
    let elsewhere = |constraint| is_elsewhere(&context.region) && context.region != constraint;
    match constraint {
        Some(constraint) if elsewhere(constraint) => Err(error_with(
            S3ErrorCode::IllegalLocationConstraintException,
            format!(
                "The {constraint} location constraint is incompatible for the region specific endpoint this request was sent to."
            ),
        )),
        None if is_elsewhere(&context.region) => Err(error(S3ErrorCode::IllegalLocationConstraintException)),
        Some(DEFAULT_REGION) => Err(error(S3ErrorCode::InvalidLocationConstraint)),
        Some(constraint) => Ok(Some(constraint.to_owned())),
        // A custom endpoint is of no region, and so is a bucket that was made there without one.
        None => Ok(context.endpoint_region.clone()),
    }
}

pub(crate) fn delete(
    shared: &Shared,
    request: &S3Request<DeleteBucketInput>,
) -> S3Result<S3Response<DeleteBucketOutput>> {
    let mut buckets = shared.store.lock();
    if !bucket_in(&buckets, &request.input.bucket)?.is_empty() {
        return Err(error(S3ErrorCode::BucketNotEmpty));
    }
    buckets.remove(&request.input.bucket);
    Ok(S3Response::new(DeleteBucketOutput {}))
}

pub(crate) fn head(
    shared: &Shared,
    request: &S3Request<HeadBucketInput>,
) -> S3Result<S3Response<HeadBucketOutput>> {
    let region = region(shared, &request.input.bucket, &context(request))?;
    let mut response = S3Response::new(HeadBucketOutput {
        bucket_region: Some(region),
        access_point_alias: Some(false),
        ..HeadBucketOutput::default()
    });
    // There is no document, and S3 says all the same what it would be.
    response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    Ok(response)
}

pub(crate) fn location(
    shared: &Shared,
    request: &S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    let context = context(request);
    let region = {
        let buckets = shared.store.lock();
        let bucket = bucket_in(&buckets, &request.input.bucket)?;
        if bucket.is_eu { EU.to_owned() } else { region_or_asked(bucket.region.as_ref(), &context) }
    };
    let constraint = (region != DEFAULT_REGION).then(|| BucketLocationConstraint::from(region));
    Ok(S3Response::new(GetBucketLocationOutput { location_constraint: constraint }))
}

pub(crate) fn list(
    shared: &Shared,
    request: S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let context = context(&request);
    let input = request.input;
    let max = input.max_buckets.unwrap_or(MAX_BUCKETS);
    let max = usize::try_from(max).ok().filter(|_| (1..=MAX_BUCKETS).contains(&max));
    let max = max.ok_or_else(|| {
        error_with(S3ErrorCode::InvalidArgument, format!("max-buckets must be between 1 and {MAX_BUCKETS}"))
    })?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let mut after = None;
    if let Some(token) = &input.continuation_token {
        after = Some(super::list_objects::open_token(shared, &prefix, token)?);
    }
    let owner = account(shared, &context.caller);
    let buckets = shared.store.lock();
    let mut entries = Vec::new();
    let mut next = None;
    for (name, bucket) in buckets.iter() {
        let region = region_or_asked(bucket.region.as_ref(), &context);
        let listed = bucket.owner == owner
            && name.starts_with(&prefix)
            && after.as_ref().is_none_or(|after| name > after)
            && input.bucket_region.as_ref().is_none_or(|wanted| *wanted == region);
        if !listed {
            continue;
        }
        if entries.len() == max {
            let last = entries.last().and_then(|entry: &BucketEntry| entry.name.clone()).unwrap_or_default();
            next = Some(super::list_objects::seal_token(shared, &prefix, &last));
            break;
        }
        entries.push(BucketEntry {
            bucket_region: Some(region),
            creation_date: Some(bucket.created.into()),
            name: Some(name.clone()),
        });
    }
    Ok(S3Response::new(ListBucketsOutput {
        buckets: Some(entries),
        continuation_token: next,
        owner: Some(owner_of(&shared.accounts, &owner.canonical_id)),
        prefix: input.prefix,
    }))
}

/// The account of a caller who has one; nobody else gets here.
fn account(shared: &Shared, caller: &Caller) -> Arc<Account> {
    match caller {
        Caller::Account(account) => Arc::clone(account),
        Caller::Anonymous => Arc::clone(shared.accounts.own()),
    }
}

fn region(shared: &Shared, bucket: &str, context: &RequestContext) -> S3Result<String> {
    let buckets = shared.store.lock();
    let bucket = bucket_in(&buckets, bucket)?;
    Ok(region_or_asked(bucket.region.as_ref(), context))
}

fn region_or_asked(region: Option<&String>, context: &RequestContext) -> String {
    region.unwrap_or(&context.region).clone()
}

/// The bucket of that name, or `NoSuchBucket`.
pub(crate) fn bucket_in<'a>(buckets: &'a BTreeMap<String, Bucket>, name: &str) -> S3Result<&'a Bucket> {
    buckets.get(name).ok_or_else(|| error(S3ErrorCode::NoSuchBucket))
}

/// [`bucket_in`], to be changed.
pub(crate) fn bucket_mut<'a>(
    buckets: &'a mut BTreeMap<String, Bucket>,
    name: &str,
) -> S3Result<&'a mut Bucket> {
    buckets.get_mut(name).ok_or_else(|| error(S3ErrorCode::NoSuchBucket))
}

/// What the layer knows about a request.
pub(crate) fn context<T>(request: &S3Request<T>) -> RequestContext {
    request.extensions.get().cloned().unwrap_or_default()
}
