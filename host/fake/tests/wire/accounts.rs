//! Several accounts in one fake, and what ACLs let the others do.

#![expect(clippy::disallowed_methods, reason = "these tests are about what lies under a client")]

use aws_sdk_s3::config::Credentials;
use aws_sdk_s3::types::{
    AccessControlPolicy, BucketCannedAcl, Grant, Grantee, ObjectCannedAcl, ObjectOwnership as Ownership,
    Permission, Type,
};
use aws_sdk_sqs::types::QueueAttributeName;
use innkeeper_fake::{FakeAws, ObjectOwnership};

use crate::aws::{anonymous, client_of, coded, config, error};

/// A fake of two accounts, with buckets as they were before ACLs were disabled.
fn two_accounts() -> (FakeAws, aws_sdk_s3::Client, aws_sdk_s3::Client) {
    let fake = FakeAws::builder()
        .region("eu-west-1")
        .identity("AKIDONE", "one-secret")
        .identity("AKIDTWO", "two-secret")
        .object_ownership(ObjectOwnership::ObjectWriter)
        .build();
    fake.s3().create_bucket("bucket").unwrap();
    let client = |id: &str, secret: &str| {
        client_of(config(&fake).credentials_provider(Credentials::from_keys(id, secret, None)))
    };
    let (one, two) = (client("AKIDONE", "one-secret"), client("AKIDTWO", "two-secret"));
    (fake, one, two)
}

/// A client of another service than S3, with the keys of an identity.
macro_rules! client {
    ($sdk:ident, $fake:expr, $id:expr, $secret:expr) => {{
        let config = $sdk::Config::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
            .region(aws_sdk_s3::config::Region::new("eu-west-1"))
            .credentials_provider(Credentials::from_keys($id, $secret, None))
            .http_client($fake.http_client())
            .time_source($fake.time_source())
            .sleep_impl($fake.sleep());
        $sdk::Client::from_conf(config.build())
    }};
}

async fn put(client: &aws_sdk_s3::Client, key: &str, acl: Option<ObjectCannedAcl>) {
    client
        .put_object()
        .bucket("bucket")
        .key(key)
        .set_acl(acl)
        .body(b"x".to_vec().into())
        .send()
        .await
        .unwrap();
}

async fn get(client: &aws_sdk_s3::Client, key: &str) -> Result<(), (u16, Option<String>)> {
    let got = client.get_object().bucket("bucket").key(key).send().await;
    if got.is_ok() { Ok(()) } else { Err(error(got)) }
}

fn denied() -> (u16, Option<String>) {
    coded(403, "AccessDenied")
}

#[tokio::test(start_paused = true)]
async fn each_account_has_its_own_buckets() {
    let (_fake, one, two) = two_accounts();
    let mine = two.create_bucket().bucket("theirs").create_bucket_configuration(
        aws_sdk_s3::types::CreateBucketConfiguration::builder()
            .location_constraint(aws_sdk_s3::types::BucketLocationConstraint::EuWest1)
            .build(),
    );
    mine.send().await.unwrap();
    let names = async |client: &aws_sdk_s3::Client| {
        let listed = client.list_buckets().send().await.unwrap();
        let names = listed.buckets().iter().filter_map(|bucket| bucket.name().map(str::to_owned));
        (names.collect::<Vec<_>>(), listed.owner().and_then(|owner| owner.id()).map(str::to_owned))
    };
    let ((first, owner), (second, other)) = (names(&one).await, names(&two).await);
    assert_eq!((first, second), (vec!["bucket".to_owned()], vec!["theirs".to_owned()]));
    assert_ne!(owner, other);

    let taken = one.create_bucket().bucket("theirs").create_bucket_configuration(
        aws_sdk_s3::types::CreateBucketConfiguration::builder()
            .location_constraint(aws_sdk_s3::types::BucketLocationConstraint::EuWest1)
            .build(),
    );
    assert_eq!(error(taken.send().await), coded(409, "BucketAlreadyExists"));
    assert_eq!(error(one.list_objects_v2().bucket("theirs").send().await), denied());
    assert_eq!(error(one.delete_bucket().bucket("theirs").send().await), denied());
    assert_eq!(error(two.put_object().bucket("bucket").key("key").send().await), denied());
    assert_eq!(error(two.get_bucket_policy().bucket("bucket").send().await), denied());
    assert_eq!(error(two.list_objects_v2().bucket("missing").send().await), coded(404, "NoSuchBucket"));
}

#[tokio::test(start_paused = true)]
async fn an_expected_owner_has_to_be_the_owner() {
    let (_fake, one, _) = two_accounts();
    let head = |account: &str| one.list_objects_v2().bucket("bucket").expected_bucket_owner(account).send();
    head("000000000000").await.unwrap();
    assert_eq!(error(head("000000000001").await), denied());
}

#[tokio::test(start_paused = true)]
async fn sts_says_whose_account_it_is() {
    let (fake, _, _) = two_accounts();
    let account = async |id: &str, secret: &str| {
        let client = client!(aws_sdk_sts, &fake, id, secret);
        client.get_caller_identity().send().await.unwrap().account().unwrap().to_owned()
    };
    assert_eq!(account("AKIDONE", "one-secret").await, "000000000000");
    assert_eq!(account("AKIDTWO", "two-secret").await, "000000000001");
}

#[tokio::test(start_paused = true)]
async fn no_policy_of_a_queue_gives_it_away() {
    let (fake, _, _) = two_accounts();
    let client = |id: &str, secret: &str| client!(aws_sdk_sqs, &fake, id, secret);
    let (one, two) = (client("AKIDONE", "one-secret"), client("AKIDTWO", "two-secret"));
    let url = one.create_queue().queue_name("orders").send().await.unwrap().queue_url.unwrap();
    let anything = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}}"#;
    let set = |client: &aws_sdk_sqs::Client| {
        client.set_queue_attributes().queue_url(&url).attributes(QueueAttributeName::Policy, anything).send()
    };
    set(&one).await.unwrap();
    two.send_message().queue_url(&url).message_body("x").send().await.unwrap();
    let refused = coded(403, "AccessDeniedException");
    assert_eq!(error(set(&two).await), refused);
    assert_eq!(error(two.tag_queue().queue_url(&url).tags("a", "b").send().await), refused);
    assert_eq!(error(two.list_queue_tags().queue_url(&url).send().await), refused);
    assert_eq!(error(two.delete_queue().queue_url(&url).send().await), refused);
    one.delete_queue().queue_url(&url).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn canned_acls_let_others_in_as_far_as_they_say() {
    let (fake, one, two) = two_accounts();
    let nobody = client_of(anonymous(&fake).allow_no_auth());
    put(&one, "private", None).await;
    put(&one, "public", Some(ObjectCannedAcl::PublicRead)).await;
    put(&one, "accounts", Some(ObjectCannedAcl::AuthenticatedRead)).await;
    assert_eq!((get(&two, "private").await, get(&nobody, "private").await), (Err(denied()), Err(denied())));
    assert_eq!((get(&two, "public").await, get(&nobody, "public").await), (Ok(()), Ok(())));
    assert_eq!((get(&two, "accounts").await, get(&nobody, "accounts").await), (Ok(()), Err(denied())));
    // Whoever may not list is not told what is not there.
    assert_eq!(get(&two, "missing").await, Err(denied()));
    assert_eq!(error(nobody.list_objects_v2().bucket("bucket").send().await), denied());

    one.put_bucket_acl().bucket("bucket").acl(BucketCannedAcl::PublicRead).send().await.unwrap();
    nobody.list_objects_v2().bucket("bucket").send().await.unwrap();
    assert_eq!(get(&two, "missing").await, Err(coded(404, "NoSuchKey")));
    assert_eq!(get(&two, "private").await, Err(denied()));
    assert_eq!(error(two.put_object().bucket("bucket").key("public").send().await), denied());
    assert_eq!(error(nobody.list_buckets().send().await), denied());
}

#[tokio::test(start_paused = true)]
async fn a_writer_owns_what_it_writes_into_a_bucket_of_another() {
    let (_fake, one, two) = two_accounts();
    one.put_bucket_acl().bucket("bucket").acl(BucketCannedAcl::PublicReadWrite).send().await.unwrap();
    put(&two, "theirs", None).await;
    assert_eq!((get(&two, "theirs").await, get(&one, "theirs").await), (Ok(()), Err(denied())));
    let acl = two.get_object_acl().bucket("bucket").key("theirs").send().await.unwrap();
    let listed = one.list_objects().bucket("bucket").send().await.unwrap();
    assert_eq!(listed.contents()[0].owner().unwrap().id(), acl.owner().unwrap().id());
    put(&two, "shared", Some(ObjectCannedAcl::BucketOwnerFullControl)).await;
    assert_eq!(get(&one, "shared").await, Ok(()));
    let upload = two.create_multipart_upload().bucket("bucket").key("parts").send().await.unwrap();
    let uploads = one.list_multipart_uploads().bucket("bucket").send().await.unwrap();
    assert_eq!(uploads.uploads()[0].initiator().unwrap().id(), acl.owner().unwrap().id());
    assert_eq!(uploads.uploads()[0].upload_id(), upload.upload_id());
    // The owner of the bucket may always take it out.
    one.delete_object().bucket("bucket").key("theirs").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn grants_are_kept_and_obeyed() {
    let (_fake, one, two) = two_accounts();
    put(&one, "key", None).await;
    let owner = one.get_bucket_acl().bucket("bucket").send().await.unwrap().owner.unwrap();
    let other = two.list_buckets().send().await.unwrap().owner.unwrap();
    let grant = |id: &str, permission: Permission| {
        let grantee = Grantee::builder().r#type(Type::CanonicalUser).id(id).build().unwrap();
        Grant::builder().grantee(grantee).permission(permission).build()
    };
    let list = |grants: Vec<Grant>| {
        AccessControlPolicy::builder().owner(owner.clone()).set_grants(Some(grants)).build()
    };
    let set = |list: AccessControlPolicy| {
        one.put_object_acl().bucket("bucket").key("key").access_control_policy(list).send()
    };
    set(list(vec![grant(other.id().unwrap(), Permission::ReadAcp)])).await.unwrap();
    assert_eq!(get(&two, "key").await, Err(denied()));
    two.get_object_acl().bucket("bucket").key("key").send().await.unwrap();
    set(list(vec![grant(other.id().unwrap(), Permission::FullControl)])).await.unwrap();
    assert_eq!(get(&two, "key").await, Ok(()));
    let acl = two.get_object_acl().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(acl.grants(), [grant_shown(&other)]);
    // The owner needs no grant.
    assert_eq!(get(&one, "key").await, Ok(()));
    assert_eq!(error(set(list(vec![grant("_foo", Permission::Read)])).await), coded(400, "InvalidArgument"));
    let header = one
        .put_object_acl()
        .bucket("bucket")
        .key("key")
        .grant_read(format!("id=\"{}\"", other.id().unwrap()));
    header.send().await.unwrap();
    assert_eq!(get(&two, "key").await, Ok(()));
}

fn grant_shown(owner: &aws_sdk_s3::types::Owner) -> Grant {
    let grantee = Grantee::builder()
        .r#type(Type::CanonicalUser)
        .set_id(owner.id().map(str::to_owned))
        .set_display_name(Some("AKIDTWO".to_owned()));
    Grant::builder().grantee(grantee.build().unwrap()).permission(Permission::FullControl).build()
}

#[tokio::test(start_paused = true)]
async fn a_copy_needs_leave_to_read_its_source() {
    let (fake, one, two) = two_accounts();
    put(&one, "private", None).await;
    put(&one, "public", Some(ObjectCannedAcl::PublicRead)).await;
    let configuration = aws_sdk_s3::types::CreateBucketConfiguration::builder()
        .location_constraint(aws_sdk_s3::types::BucketLocationConstraint::EuWest1)
        .build();
    two.create_bucket().bucket("theirs").create_bucket_configuration(configuration).send().await.unwrap();
    let copy = |key: &str| {
        two.copy_object().bucket("theirs").key("copy").copy_source(format!("bucket/{key}")).send()
    };
    assert_eq!(error(copy("private").await), denied());
    assert_eq!(error(copy("missing").await), denied());
    assert!(fake.s3().keys("theirs").is_empty());
    copy("public").await.unwrap();
    assert_eq!(fake.s3().keys("theirs"), ["copy"]);
}

#[tokio::test(start_paused = true)]
async fn new_buckets_refuse_acls_unless_they_are_made_otherwise() {
    let fake = FakeAws::builder().region("eu-west-1").build();
    fake.s3().create_bucket("bucket").unwrap();
    let client = crate::aws::client(&fake);
    let set = |acl: BucketCannedAcl| client.put_bucket_acl().bucket("bucket").acl(acl).send();
    assert_eq!(error(set(BucketCannedAcl::PublicRead).await), coded(400, "AccessControlListNotSupported"));
    let controls = client.get_bucket_ownership_controls().bucket("bucket").send().await.unwrap();
    let rule = &controls.ownership_controls().unwrap().rules()[0];
    assert_eq!(*rule.object_ownership(), Ownership::BucketOwnerEnforced);
    let create = |name: &str| {
        let configuration = aws_sdk_s3::types::CreateBucketConfiguration::builder()
            .location_constraint(aws_sdk_s3::types::BucketLocationConstraint::EuWest1)
            .build();
        client.create_bucket().bucket(name).create_bucket_configuration(configuration)
    };
    let public = create("public").acl(BucketCannedAcl::PublicRead).send().await;
    assert_eq!(error(public), coded(400, "InvalidBucketAclWithObjectOwnership"));
    create("writers").object_ownership(Ownership::ObjectWriter).send().await.unwrap();
    let put = || client.put_object().bucket("writers").key("key").acl(ObjectCannedAcl::PublicRead).send();
    // All public access is still blocked.
    assert_eq!(error(put().await), denied());
    client.delete_public_access_block().bucket("writers").send().await.unwrap();
    put().await.unwrap();
    // What is so already cannot be said on a bucket without ACLs.
    let put_as = |acl: ObjectCannedAcl| client.put_object().bucket("bucket").key("key").acl(acl).send();
    let private = put_as(ObjectCannedAcl::Private).await;
    assert_eq!(error(private), coded(400, "AccessControlListNotSupported"));
    let upload = client.create_multipart_upload().bucket("bucket").key("key").acl(ObjectCannedAcl::Private);
    assert_eq!(error(upload.send().await), coded(400, "AccessControlListNotSupported"));
    put_as(ObjectCannedAcl::BucketOwnerFullControl).await.unwrap();
    let nobody = client_of(anonymous(&fake).allow_no_auth());
    nobody.get_object().bucket("writers").key("key").send().await.unwrap();
    // With the ownership enforced the grant is there no more.
    let enforced =
        aws_sdk_s3::types::OwnershipControlsRule::builder().object_ownership(Ownership::BucketOwnerEnforced);
    let enforced =
        aws_sdk_s3::types::OwnershipControls::builder().rules(enforced.build().unwrap()).build().unwrap();
    let enforce = || {
        let put = client.put_bucket_ownership_controls().bucket("writers");
        put.ownership_controls(enforced.clone()).send()
    };
    // A bucket that lets others in has to be closed first.
    let let_in = |acl: BucketCannedAcl| client.put_bucket_acl().bucket("writers").acl(acl).send();
    let_in(BucketCannedAcl::AuthenticatedRead).await.unwrap();
    assert_eq!(error(enforce().await), coded(400, "InvalidBucketAclWithObjectOwnership"));
    let_in(BucketCannedAcl::Private).await.unwrap();
    enforce().await.unwrap();
    let got = nobody.get_object().bucket("writers").key("key").send().await;
    assert_eq!(error(got), denied());
}
