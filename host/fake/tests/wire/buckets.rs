use aws_sdk_s3::config::Region;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, Tag};
use innkeeper_fake::FakeAws;
use proptest::prelude::*;

use crate::aws::{bucket, client, client_of, coded, config, error, one_attempt, path_style};

fn ireland() -> CreateBucketConfiguration {
    CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest1).build()
}

#[tokio::test(start_paused = true)]
async fn creates_lists_and_deletes_buckets() {
    let fake = FakeAws::new();
    let client = client(&fake);
    for name in ["one", "two"] {
        client.create_bucket().bucket(name).create_bucket_configuration(ireland()).send().await.unwrap();
    }
    let listed = client.list_buckets().send().await.unwrap();
    let names: Vec<_> = listed.buckets().iter().filter_map(|bucket| bucket.name()).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(listed.buckets()[0].creation_date().unwrap().secs(), 1_767_225_600);
    client.delete_bucket().bucket("one").send().await.unwrap();
    assert_eq!(fake.s3().buckets(), ["two"]);
    assert_eq!(error(client.delete_bucket().bucket("one").send().await), coded(404, "NoSuchBucket"));
}

#[tokio::test(start_paused = true)]
async fn a_new_bucket_has_the_tags_that_it_is_made_with() {
    let fake = FakeAws::new();
    let client = client(&fake);
    let create = |name: &str, tags: &[(&str, &str)]| {
        let tags = tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build().unwrap());
        let configuration = CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::EuWest1)
            .set_tags(Some(tags.collect()))
            .build();
        client.create_bucket().bucket(name).create_bucket_configuration(configuration).send()
    };
    create("tagged", &[("team", "a&b"), ("stage", "")]).await.unwrap();
    let tags = client.get_bucket_tagging().bucket("tagged").send().await.unwrap().tag_set;
    let tags: Vec<_> = tags.iter().map(|tag| (tag.key(), tag.value())).collect();
    assert_eq!(tags, [("team", "a&b"), ("stage", "")]);
    create("plain", &[]).await.unwrap();
    assert_eq!(error(client.get_bucket_tagging().bucket("plain").send().await), coded(404, "NoSuchTagSet"));
    for tags in [&[("team", "a"), ("team", "b")][..], &[("aws:team", "a")]] {
        assert_eq!(error(create("refused", tags).await), coded(400, "InvalidTag"));
    }
    assert_eq!(fake.s3().buckets(), ["plain", "tagged"]);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_made_in_the_eu_is_located_there() {
    let fake = FakeAws::new();
    let client = path_style(&fake);
    let eu = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::Eu).build();
    client.create_bucket().bucket("old").create_bucket_configuration(eu).send().await.unwrap();
    client.create_bucket().bucket("new").create_bucket_configuration(ireland()).send().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    fake.save(dir.path()).unwrap();
    let again = FakeAws::new();
    again.seed(dir.path()).unwrap();
    for fake in [&fake, &again] {
        let client = path_style(fake);
        for (name, expected) in [("old", "EU"), ("new", "eu-west-1")] {
            let location = client.get_bucket_location().bucket(name).send().await.unwrap();
            assert_eq!(location.location_constraint().map(BucketLocationConstraint::as_str), Some(expected));
            let head = client.head_bucket().bucket(name).send().await.unwrap();
            assert_eq!(head.bucket_region(), Some("eu-west-1"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pages_through_buckets() {
    let fake = FakeAws::new();
    for name in ["aaa", "abc", "abd", "xyz"] {
        fake.s3().create_bucket(name).unwrap();
    }
    let client = client(&fake);
    let first = client.list_buckets().prefix("a").max_buckets(2).send().await.unwrap();
    let token = first.continuation_token().unwrap();
    let second =
        client.list_buckets().prefix("a").max_buckets(2).continuation_token(token).send().await.unwrap();
    let names: Vec<_> =
        first.buckets().iter().chain(second.buckets()).filter_map(|bucket| bucket.name()).collect();
    assert_eq!(names, ["aaa", "abc", "abd"]);
    assert_eq!(second.continuation_token(), None);
    let other = client.list_buckets().prefix("x").continuation_token(token).send().await;
    assert_eq!(error(other), coded(400, "InvalidArgument"));
}

#[tokio::test(start_paused = true)]
async fn refuses_buckets_that_exist_or_are_misnamed_or_elsewhere() {
    let fake = FakeAws::new();
    let client = path_style(&fake);
    client.create_bucket().bucket("bucket").create_bucket_configuration(ireland()).send().await.unwrap();
    let again = client.create_bucket().bucket("bucket").create_bucket_configuration(ireland()).send().await;
    assert!(again.as_ref().unwrap_err().as_service_error().unwrap().is_bucket_already_owned_by_you());
    assert_eq!(error(again), coded(409, "BucketAlreadyOwnedByYou"));
    assert_eq!(error(client.create_bucket().bucket("No").send().await), coded(400, "InvalidBucketName"));
    let regional = one_attempt(&fake);
    let unspecified = regional.create_bucket().bucket("other").send().await;
    assert_eq!(error(unspecified), coded(400, "IllegalLocationConstraintException"));
}

#[tokio::test(start_paused = true)]
async fn refuses_to_delete_a_bucket_with_objects() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", "1").unwrap();
    assert_eq!(error(client.delete_bucket().bucket("bucket").send().await), coded(409, "BucketNotEmpty"));
    fake.s3().delete("bucket", "key");
    client.delete_bucket().bucket("bucket").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn heads_and_locates_buckets() {
    let (fake, client) = bucket();
    fake.s3().create_bucket_in("virginia", "us-east-1").unwrap();
    let head = client.head_bucket().bucket("bucket").send().await.unwrap();
    assert_eq!(head.bucket_region(), Some("eu-west-1"));
    let missing = client.head_bucket().bucket("missing").send().await;
    assert!(missing.as_ref().unwrap_err().as_service_error().unwrap().is_not_found());
    let location = client.get_bucket_location().bucket("bucket").send().await.unwrap();
    assert_eq!(location.location_constraint(), Some(&BucketLocationConstraint::EuWest1));
    let location = client.get_bucket_location().bucket("virginia").send().await.unwrap();
    assert!(location.location_constraint().is_none_or(|region| region.as_str().is_empty()));
    assert_eq!(
        error(client.get_bucket_location().bucket("missing").send().await),
        coded(404, "NoSuchBucket")
    );
}

#[tokio::test(start_paused = true)]
async fn a_bucket_answers_only_in_its_region() {
    let fake = FakeAws::builder().region("eu-west-1").build();
    fake.s3().create_bucket("bucket").unwrap();
    fake.s3().put("bucket", "key", "here").unwrap();
    client(&fake).get_object().bucket("bucket").key("key").send().await.unwrap();
    let ohio = client_of(config(&fake).region(Region::new("us-east-2")));
    let moved = ohio.get_object().bucket("bucket").key("key").send().await;
    let raw = moved.as_ref().unwrap_err().raw_response().unwrap();
    assert_eq!(raw.headers().get("x-amz-bucket-region"), Some("eu-west-1"));
    assert_eq!(error(moved), coded(301, "PermanentRedirect"));
}

#[tokio::test(start_paused = true)]
async fn works_in_path_style_and_with_buckets_with_dots() {
    let fake = FakeAws::new();
    fake.s3().create_bucket("my.dotted.bucket").unwrap();
    fake.s3().create_bucket("plain").unwrap();
    for client in
        [client(&fake), path_style(&fake), client_of(config(&fake).endpoint_url("http://localhost:4566"))]
    {
        for bucket in ["my.dotted.bucket", "plain"] {
            for key in ["key", "a//b/../c", "/leading", "ü %25+?&=#😀", "trailing/", "."] {
                client.put_object().bucket(bucket).key(key).body(b"x".to_vec().into()).send().await.unwrap();
                assert!(fake.s3().get(bucket, key).is_some(), "{bucket} {key}");
                client.get_object().bucket(bucket).key(key).send().await.unwrap();
                assert_eq!(fake.calls().last().unwrap().key.as_deref(), Some(key));
                client.delete_object().bucket(bucket).key(key).send().await.unwrap();
                assert!(fake.s3().get(bucket, key).is_none(), "{bucket} {key}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_creation_in_virginia_is_no_error() {
    let fake = FakeAws::new();
    let virginia = client_of(config(&fake).region(Region::new("us-east-1")));
    for _ in 0..2 {
        virginia.create_bucket().bucket("bucket").send().await.unwrap();
    }
    let constraint = CreateBucketConfiguration::builder().location_constraint("us-east-1".into()).build();
    let named = virginia.create_bucket().bucket("other").create_bucket_configuration(constraint).send().await;
    assert_eq!(error(named), coded(400, "InvalidLocationConstraint"));
}

#[tokio::test(start_paused = true)]
async fn a_custom_endpoint_is_of_the_region_that_a_request_is_signed_for() {
    let fake = FakeAws::new();
    let custom = |region: &'static str| {
        let config = config(&fake).region(Region::new(region)).endpoint_url("http://127.0.0.1:4566");
        client_of(config.retry_config(RetryConfig::disabled()).force_path_style(true))
    };
    let (virginia, ireland_client, stockholm) =
        (custom("us-east-1"), custom("eu-west-1"), custom("eu-north-1"));
    let unspecified = ireland_client.create_bucket().bucket("bucket").send().await;
    assert_eq!(error(unspecified), coded(400, "IllegalLocationConstraintException"));
    let other =
        stockholm.create_bucket().bucket("bucket").create_bucket_configuration(ireland()).send().await;
    assert_eq!(error(other), coded(400, "IllegalLocationConstraintException"));
    let create = ireland_client.create_bucket().bucket("bucket").create_bucket_configuration(ireland());
    assert_eq!(create.send().await.unwrap().location(), Some("http://bucket.s3.amazonaws.com/"));
    assert_eq!(virginia.create_bucket().bucket("other").send().await.unwrap().location(), Some("/other"));
    // Not even Virginia makes a bucket again that is elsewhere.
    let again = virginia.create_bucket().bucket("bucket").send().await;
    assert_eq!(error(again), coded(409, "BucketAlreadyOwnedByYou"));
    virginia.create_bucket().bucket("other").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_bucket_in_the_namespace_of_an_account_is_named_after_it() {
    let fake = FakeAws::new();
    let client = client(&fake);
    let create = async |name: &str| {
        let create = client.create_bucket().bucket(name).create_bucket_configuration(ireland());
        let create = create.customize().mutate_request(|request| {
            request.headers_mut().insert("x-amz-bucket-namespace", "account-regional");
        });
        create.send().await
    };
    let created = create("mine-000000000000-eu-west-1-an").await.unwrap();
    assert_eq!(created.location(), Some("/mine-000000000000-eu-west-1-an"));
    assert_eq!(created.bucket_arn(), Some("arn:aws:s3:::mine-000000000000-eu-west-1-an"));
    for name in ["mine", "mine-111111111111-eu-west-1-an", "mine-000000000000-us-east-1-an"] {
        assert_eq!(error(create(name).await), coded(400, "InvalidNamespaceHeader"), "{name}");
    }
    assert_eq!(fake.s3().buckets(), ["mine-000000000000-eu-west-1-an"]);
}

/// Sends an operation of a client for the owner of the bucket, and for another one.
macro_rules! for_owners {
    ($($operation:expr),* $(,)?) => {{
        $(
            $operation.expected_bucket_owner("000000000000").send().await.unwrap();
            let denied = $operation.expected_bucket_owner("111111111111").send().await;
            assert_eq!(error(denied).0, 403, stringify!($operation));
        )*
    }};
}

#[tokio::test(start_paused = true)]
async fn every_operation_is_held_to_the_owner_that_it_expects() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", "x").unwrap();
    let upload = client.create_multipart_upload().bucket("bucket").key("upload").send().await.unwrap();
    let id = upload.upload_id().unwrap();
    let body = || b"x".to_vec().into();
    for_owners!(
        client.head_bucket().bucket("bucket"),
        client.get_bucket_location().bucket("bucket"),
        client.get_bucket_versioning().bucket("bucket"),
        client.list_objects().bucket("bucket"),
        client.list_objects_v2().bucket("bucket"),
        client.list_object_versions().bucket("bucket"),
        client.list_multipart_uploads().bucket("bucket"),
        client.list_parts().bucket("bucket").key("upload").upload_id(id),
        client.upload_part().bucket("bucket").key("upload").upload_id(id).part_number(1).body(body()),
        client
            .upload_part_copy()
            .bucket("bucket")
            .key("upload")
            .upload_id(id)
            .part_number(1)
            .copy_source("bucket/key"),
        client.get_object().bucket("bucket").key("key"),
        client.head_object().bucket("bucket").key("key"),
        client.put_object().bucket("bucket").key("key").body(body()),
        client.copy_object().bucket("bucket").key("copy").copy_source("bucket/key"),
        client.get_object_tagging().bucket("bucket").key("key"),
        client.delete_object_tagging().bucket("bucket").key("key"),
        client.delete_object().bucket("bucket").key("key"),
    );
    fake.s3().put("bucket", "key", "x").unwrap();
    let copy = client.copy_object().bucket("bucket").key("copy").copy_source("bucket/key");
    let copy = copy.expected_source_bucket_owner("111111111111").send().await;
    assert_eq!(error(copy).0, 403);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pages_together_are_the_buckets_with_the_prefix(
        names in prop::collection::btree_set("[ab]{3,5}", 0..20),
        prefix in "[ab]{0,2}",
        max in 1i32..6,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let listed = runtime.block_on(async {
            let fake = FakeAws::new();
            for name in &names {
                fake.s3().create_bucket(name).unwrap();
            }
            let list = client(&fake).list_buckets().prefix(&prefix).max_buckets(max);
            let mut pages = list.into_paginator().send();
            let mut listed = Vec::new();
            while let Some(page) = pages.next().await {
                let page = page.unwrap();
                assert!(page.buckets().len() <= usize::try_from(max).unwrap());
                listed.extend(page.buckets().iter().filter_map(|bucket| bucket.name()).map(str::to_owned));
            }
            listed
        });
        let expected: Vec<_> = names.into_iter().filter(|name| name.starts_with(&prefix)).collect();
        prop_assert_eq!(listed, expected);
    }
}
