//! Bucket policies: which are taken, and what they let whom do.

use aws_sdk_s3::config::Credentials;
use aws_sdk_s3::types::{
    CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier, PublicAccessBlockConfiguration,
    ServerSideEncryption, Tag, Tagging,
};
use innkeeper_fake::{FakeAws, NewObject, ObjectOwnership};

use crate::aws::{anonymous, bucket, client_of, coded, config, error};

fn policy(statement: &str) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*", {statement}}}]}}"#
    )
}

const PUBLIC: &str = r#""Effect": "Allow", "Principal": "*""#;

#[tokio::test(start_paused = true)]
async fn a_public_policy_is_refused_where_they_are_blocked() {
    let (_fake, client) = bucket();
    let put = |statement: &str| client.put_bucket_policy().bucket("bucket").policy(policy(statement)).send();
    let block = |it: bool| {
        let block = PublicAccessBlockConfiguration::builder().block_public_policy(it).build();
        client.put_public_access_block().bucket("bucket").public_access_block_configuration(block).send()
    };
    // A new bucket blocks them.
    assert_eq!(error(put(PUBLIC).await), coded(403, "AccessDenied"));
    put(r#""Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}"#).await.unwrap();
    put(r#""Effect": "Deny", "Principal": "*""#).await.unwrap();
    block(false).await.unwrap();
    put(PUBLIC).await.unwrap();
    block(true).await.unwrap();
    assert_eq!(error(put(PUBLIC).await), coded(403, "AccessDenied"));
    // The one that is there stays.
    let status = client.get_bucket_policy_status().bucket("bucket").send().await.unwrap();
    assert_eq!(status.policy_status().unwrap().is_public(), Some(true));
}

#[tokio::test(start_paused = true)]
async fn a_policy_cannot_allow_all_but_some() {
    let (_fake, client) = bucket();
    let put = |effect: &str| {
        let principal = r#""NotPrincipal": {"AWS": "arn:aws:iam::123456789012:root"}"#;
        let statement = format!(r#""Effect": "{effect}", {principal}"#);
        client.put_bucket_policy().bucket("bucket").policy(policy(&statement)).send()
    };
    let refused = put("Allow").await;
    let message = refused.as_ref().err().and_then(|error| error.as_service_error()).unwrap().meta().message();
    assert_eq!(message, Some("Allow with NotPrincipal is not allowed."));
    assert_eq!(error(refused), coded(400, "MalformedPolicy"));
    put("Deny").await.unwrap();
    let nothing = client.put_bucket_policy().bucket("bucket").policy("{}").send().await;
    assert_eq!(error(nothing), coded(400, "MalformedPolicy"));
}

const OWNER: &str = "000000000000";
const OTHER: &str = "000000000001";

/// A bucket without a public access block, and its clients.
struct Shop {
    fake: FakeAws,
    owner: aws_sdk_s3::Client,
    other: aws_sdk_s3::Client,
    nobody: aws_sdk_s3::Client,
}

impl Shop {
    fn new() -> Self {
        let fake = FakeAws::builder()
            .region("eu-west-1")
            .identity("AKIDONE", "one-secret")
            .identity("AKIDTWO", "two-secret")
            .object_ownership(ObjectOwnership::ObjectWriter)
            .build();
        fake.s3().create_bucket("bucket").unwrap();
        for key in ["open/a", "open/b", "shut/a"] {
            fake.s3().put("bucket", key, NewObject::new(key.as_bytes().to_vec())).unwrap();
        }
        let client = |id: &str, secret: &str| {
            client_of(config(&fake).credentials_provider(Credentials::from_keys(id, secret, None)))
        };
        let (owner, other) = (client("AKIDONE", "one-secret"), client("AKIDTWO", "two-secret"));
        let nobody = client_of(anonymous(&fake));
        Self { fake, owner, other, nobody }
    }

    /// Has the owner put a policy of these statements.
    async fn policy(&self, statements: &str) {
        let policy = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
        self.owner.put_bucket_policy().bucket("bucket").policy(policy).send().await.unwrap();
    }
}

async fn get(client: &aws_sdk_s3::Client, key: &str) -> Result<(), (u16, Option<String>)> {
    let got = client.get_object().bucket("bucket").key(key).send().await;
    if got.is_ok() { Ok(()) } else { Err(error(got)) }
}

fn denied() -> (u16, Option<String>) {
    coded(403, "AccessDenied")
}

#[tokio::test(start_paused = true)]
async fn a_policy_lets_another_account_do_what_it_names_and_no_more() {
    let shop = Shop::new();
    assert_eq!(get(&shop.other, "open/a").await, Err(denied()));
    shop.policy(&format!(
        r#"{{"Effect": "Allow", "Principal": {{"AWS": "{OTHER}"}}, "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": "arn:aws:s3:::bucket/open/*"}}"#
    ))
    .await;
    get(&shop.other, "open/a").await.unwrap();
    assert_eq!(get(&shop.other, "shut/a").await, Err(denied()));
    assert_eq!(get(&shop.nobody, "open/a").await, Err(denied()));
    let put = |key: &str| shop.other.put_object().bucket("bucket").key(key).send();
    put("open/c").await.unwrap();
    assert_eq!(error(put("shut/c").await), denied());
    // Tags and an ACL are actions of their own.
    let put = shop.other.put_object().bucket("bucket").key("open/c").tagging("a=b").send();
    assert_eq!(error(put.await), denied());
    // Who may not list is not told what is not there.
    assert_eq!(get(&shop.other, "open/missing").await, Err(denied()));
    assert_eq!(error(shop.other.list_objects_v2().bucket("bucket").send().await), denied());
    assert_eq!(error(shop.other.delete_object().bucket("bucket").key("open/a").send().await), denied());
    shop.owner.delete_bucket_policy().bucket("bucket").send().await.unwrap();
    assert_eq!(get(&shop.other, "open/a").await, Err(denied()));
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_for_no_other_account_to_see_or_change() {
    let shop = Shop::new();
    let get = || shop.other.get_bucket_policy().bucket("bucket").send();
    let delete = || shop.other.delete_bucket_policy().bucket("bucket").send();
    assert_eq!(error(get().await), denied());
    shop.policy(
        r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]}"#,
    )
    .await;
    let anything = policy(PUBLIC);
    let put = shop.other.put_bucket_policy().bucket("bucket").policy(anything).send();
    for refused in [error(get().await), error(put.await), error(delete().await)] {
        assert_eq!(refused, coded(405, "MethodNotAllowed"));
    }
    shop.other.get_bucket_policy_status().bucket("bucket").send().await.unwrap();
    shop.owner.get_bucket_policy().bucket("bucket").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_listing_is_held_to_its_prefix() {
    let shop = Shop::new();
    shop.policy(
        r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket",
            "Condition": {"StringLike": {"s3:prefix": "open/*"}, "NumericLessThanEquals": {"s3:max-keys": 10}}}"#,
    )
    .await;
    let list = |prefix: &str, max: i32| {
        shop.nobody.list_objects_v2().bucket("bucket").prefix(prefix).max_keys(max).send()
    };
    assert_eq!(list("open/", 10).await.unwrap().key_count(), Some(2));
    assert_eq!(error(list("open/", 11).await), denied());
    assert_eq!(error(list("", 10).await), denied());
    assert_eq!(error(shop.nobody.list_objects_v2().bucket("bucket").send().await), denied());
}

#[tokio::test(start_paused = true)]
async fn a_missing_key_is_told_to_who_may_list_what_begins_with_it() {
    let shop = Shop::new();
    shop.policy(
        r#"{"Effect": "Allow", "Principal": "*", "Action": ["s3:ListBucket"], "Resource": "arn:aws:s3:::bucket",
            "Condition": {"StringLike": {"s3:prefix": "open/*"}}}"#,
    )
    .await;
    assert_eq!(get(&shop.other, "open/missing").await, Err(coded(404, "NoSuchKey")));
    assert_eq!(get(&shop.other, "shut/missing").await, Err(denied()));
    let head = shop.other.head_object().bucket("bucket").key("open/missing").send().await;
    assert_eq!(head.unwrap_err().raw_response().unwrap().status().as_u16(), 404);
}

#[tokio::test(start_paused = true)]
async fn a_denial_binds_the_owner_who_can_mend_it() {
    let shop = Shop::new();
    shop.policy(
        r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]}"#,
    )
    .await;
    assert_eq!(get(&shop.owner, "open/a").await, Err(denied()));
    assert_eq!(error(shop.owner.list_objects_v2().bucket("bucket").send().await), denied());
    assert_eq!(error(shop.owner.get_bucket_tagging().bucket("bucket").send().await), denied());
    shop.owner.get_bucket_policy().bucket("bucket").send().await.unwrap();
    shop.owner.delete_bucket_policy().bucket("bucket").send().await.unwrap();
    get(&shop.owner, "open/a").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_not_encrypted_as_the_policy_says_is_denied() {
    let shop = Shop::new();
    shop.policy(
        r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*",
            "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}}"#,
    )
    .await;
    let put = || shop.owner.put_object().bucket("bucket").key("new");
    assert_eq!(error(put().send().await), denied());
    assert_eq!(error(put().server_side_encryption(ServerSideEncryption::Aes256).send().await), denied());
    put().server_side_encryption(ServerSideEncryption::AwsKms).send().await.unwrap();
    let upload = || shop.owner.create_multipart_upload().bucket("bucket").key("new");
    assert_eq!(error(upload().send().await), denied());
    // A part has what its upload was begun with.
    let upload = upload().server_side_encryption(ServerSideEncryption::AwsKms).send().await.unwrap();
    let part = shop.owner.upload_part().bucket("bucket").key("new").part_number(1);
    part.set_upload_id(upload.upload_id).body(b"x".to_vec().into()).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn each_of_many_keys_is_asked_about() {
    let shop = Shop::new();
    shop.policy(&format!(
        r#"{{"Effect": "Allow", "Principal": {{"AWS": "{OTHER}"}}, "Action": "s3:DeleteObject",
             "Resource": "arn:aws:s3:::bucket/open/*"}},
           {{"Effect": "Deny", "Principal": {{"AWS": "{OWNER}"}}, "Action": "s3:DeleteObject",
             "Resource": "arn:aws:s3:::bucket/shut/*"}}"#
    ))
    .await;
    let delete = async |client: &aws_sdk_s3::Client| {
        let keys = ["open/a", "shut/a"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
        let delete = Delete::builder().set_objects(Some(keys.to_vec())).build().unwrap();
        let output = client.delete_objects().bucket("bucket").delete(delete).send().await.unwrap();
        let failed = output
            .errors()
            .iter()
            .map(|error| (error.key().unwrap().to_owned(), error.code().unwrap().to_owned()));
        (output.deleted().len(), failed.collect::<Vec<_>>())
    };
    for client in [&shop.other, &shop.owner] {
        assert_eq!(delete(client).await, (1, vec![("shut/a".to_owned(), "AccessDenied".to_owned())]));
    }
    assert_eq!(delete(&shop.nobody).await.0, 0);
    shop.fake.s3().get("bucket", "shut/a").unwrap();
    assert!(shop.fake.s3().get("bucket", "open/a").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_copy_needs_to_read_its_source() {
    let shop = Shop::new();
    shop.policy(&format!(
        r#"{{"Effect": "Allow", "Principal": {{"AWS": "{OTHER}"}}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*"}},
           {{"Effect": "Allow", "Principal": {{"AWS": "{OTHER}"}}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/open/*"}}"#
    ))
    .await;
    let copy = |source: &str| {
        shop.other.copy_object().bucket("bucket").key("copy").copy_source(format!("bucket/{source}")).send()
    };
    copy("open/a").await.unwrap();
    assert_eq!(error(copy("shut/a").await), denied());
}

#[tokio::test(start_paused = true)]
async fn the_tags_of_what_is_there_can_be_asked_for() {
    let shop = Shop::new();
    let tag = Tag::builder().key("team").value("red").build().unwrap();
    let tagging = Tagging::builder().tag_set(tag).build().unwrap();
    shop.owner.put_object_tagging().bucket("bucket").key("open/a").tagging(tagging).send().await.unwrap();
    shop.policy(&format!(
        r#"{{"Effect": "Allow", "Principal": {{"AWS": "{OTHER}"}}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
             "Condition": {{"StringEquals": {{"s3:ExistingObjectTag/team": "red"}}}}}}"#
    ))
    .await;
    get(&shop.other, "open/a").await.unwrap();
    assert_eq!(get(&shop.other, "open/b").await, Err(denied()));
}

#[tokio::test(start_paused = true)]
async fn a_public_policy_lets_nobody_in_where_that_is_restricted() {
    let shop = Shop::new();
    shop.policy(r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}"#)
        .await;
    get(&shop.nobody, "open/a").await.unwrap();
    let block = PublicAccessBlockConfiguration::builder().restrict_public_buckets(true).build();
    let block =
        shop.owner.put_public_access_block().bucket("bucket").public_access_block_configuration(block);
    block.send().await.unwrap();
    assert_eq!(get(&shop.nobody, "open/a").await, Err(denied()));
    assert_eq!(get(&shop.other, "open/a").await, Err(denied()));
    get(&shop.owner, "open/a").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_no_policy_of_the_bucket_is_refused() {
    let (_fake, client) = bucket();
    for (statement, message) in [
        (r#""Effect": "Deny", "Principal": "me""#, "Invalid principal in policy"),
        (r#""Effect": "Deny""#, "Missing required field Principal"),
        (
            r#""Effect": "Deny", "Principal": "*", "Condition": {"Like": {"a": "b"}}"#,
            "Invalid Condition type : Like",
        ),
    ] {
        let put =
            client.put_bucket_policy().bucket("bucket").policy(policy(statement)).send().await.unwrap_err();
        let put = put.into_service_error();
        let meta = aws_sdk_s3::error::ProvideErrorMetadata::meta(&put);
        assert_eq!((meta.code(), meta.message()), (Some("MalformedPolicy"), Some(message)));
    }
}

#[tokio::test(start_paused = true)]
async fn the_tags_that_are_set_can_be_asked_for_whether_in_a_header_or_in_a_body() {
    let shop = Shop::new();
    shop.policy(&format!(
        r#"{{"Effect": "Allow", "Principal": {{"AWS": "{OTHER}"}}, "Action": ["s3:PutObject", "s3:PutObjectTagging"],
             "Resource": "arn:aws:s3:::bucket/*", "Condition": {{"ForAnyValue:StringEquals": {{"s3:RequestObjectTagKeys": "team"}}}}}},
           {{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObjectTagging", "Resource": "arn:aws:s3:::bucket/*",
             "Condition": {{"StringEquals": {{"s3:RequestObjectTag/Team": "blue"}}}}}}"#
    ))
    .await;
    let set = async |client: &aws_sdk_s3::Client, key: &str, value: &str| {
        let tag = Tag::builder().key(key).value(value).build().unwrap();
        let tagging = Tagging::builder().tag_set(tag).build().unwrap();
        let set = client.put_object_tagging().bucket("bucket").key("open/a").tagging(tagging).send().await;
        if set.is_ok() { Ok(()) } else { Err(error(set)) }
    };
    let put = async |client: &aws_sdk_s3::Client, tagging: &str| {
        let put = client.put_object().bucket("bucket").key("open/c").tagging(tagging).send().await;
        if put.is_ok() { Ok(()) } else { Err(error(put)) }
    };
    assert_eq!(set(&shop.other, "team", "red").await, Ok(()));
    assert_eq!(put(&shop.other, "team=red").await, Ok(()));
    assert_eq!(set(&shop.other, "cost", "red").await, Err(denied()));
    assert_eq!(put(&shop.other, "cost=red").await, Err(denied()));
    for client in [&shop.other, &shop.owner] {
        assert_eq!(set(client, "team", "blue").await, Err(denied()));
        assert_eq!(put(client, "team=blue").await, Err(denied()));
    }
    assert_eq!(set(&shop.owner, "cost", "red").await, Ok(()));
    assert_eq!(set(&shop.nobody, "team", "red").await, Err(denied()));
    // Of what is not allowed it is not told whether it could be.
    assert_eq!(set(&shop.nobody, "aws:", "red").await, Err(denied()));
    assert_eq!(set(&shop.owner, "aws:", "red").await, Err(coded(400, "InvalidTag")));
}

#[tokio::test(start_paused = true)]
async fn the_tags_of_what_is_there_do_not_count_where_it_is_overwritten_or_deleted() {
    let shop = Shop::new();
    let tag = Tag::builder().key("team").value("red").build().unwrap();
    let tagging = Tagging::builder().tag_set(tag).build().unwrap();
    shop.owner.put_object_tagging().bucket("bucket").key("open/a").tagging(tagging).send().await.unwrap();
    shop.policy(&format!(
        r#"{{"Effect": "Allow", "Principal": {{"AWS": "{OTHER}"}}, "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/*",
             "Condition": {{"StringEquals": {{"s3:ExistingObjectTag/Team": "red"}}}}}}"#
    ))
    .await;
    get(&shop.other, "open/a").await.unwrap();
    let object = || shop.other.put_object().bucket("bucket").key("open/a");
    assert_eq!(error(object().send().await), denied());
    assert_eq!(error(shop.other.delete_object().bucket("bucket").key("open/a").send().await), denied());
}

#[tokio::test(start_paused = true)]
async fn a_policy_can_demand_that_writes_are_conditional() {
    let shop = Shop::new();
    shop.policy(
        r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*",
            "Condition": {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}}}"#,
    )
    .await;
    let put = || shop.owner.put_object().bucket("bucket").key("new");
    assert_eq!(error(put().send().await), denied());
    put().if_none_match("*").send().await.unwrap();
    // What begins an upload makes no object yet, and what ends it does.
    let upload = shop.owner.create_multipart_upload().bucket("bucket").key("large").send().await.unwrap();
    let id = upload.upload_id.unwrap();
    let part = shop.owner.upload_part().bucket("bucket").key("large").part_number(1).upload_id(&id);
    let part = part.body(b"x".to_vec().into()).send().await.unwrap();
    let part = CompletedPart::builder().part_number(1).set_e_tag(part.e_tag).build();
    let upload = CompletedMultipartUpload::builder().parts(part).build();
    let complete = || {
        let complete = shop.owner.complete_multipart_upload().bucket("bucket").key("large");
        complete.upload_id(&id).multipart_upload(upload.clone())
    };
    assert_eq!(error(complete().send().await), denied());
    complete().if_none_match("*").send().await.unwrap();
    let copy = shop.owner.copy_object().bucket("bucket").key("copy").copy_source("bucket/open/a");
    assert_eq!(error(copy.send().await), denied());
}

#[tokio::test(start_paused = true)]
async fn an_exception_from_a_denial_names_the_account_and_the_user() {
    let shop = Shop::new();
    let user = format!("arn:aws:iam::{OWNER}:user/fake");
    let root = format!("arn:aws:iam::{OWNER}:root");
    for (names, spared) in [
        (format!(r#""{root}", "{user}""#), Ok(())),
        (format!(r#""{root}""#), Err(denied())),
        (format!(r#""{user}""#), Err(denied())),
    ] {
        shop.policy(&format!(
            r#"{{"Effect": "Deny", "NotPrincipal": {{"AWS": [{names}]}}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}},
               {{"Effect": "Allow", "Principal": {{"AWS": "{OTHER}"}}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}}"#
        ))
        .await;
        assert_eq!(get(&shop.owner, "open/a").await, spared, "{names}");
        assert_eq!(get(&shop.other, "open/a").await, Err(denied()), "{names}");
    }
}
