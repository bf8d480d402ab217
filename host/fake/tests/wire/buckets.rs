use aws_sdk_s3::config::Region;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use innkeeper_fake::FakeAws;

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
