//! The operations of `innkeeper:aws/s3` on a bucket itself.
use std::time::Duration;

use innkeeper_fake::Fault;
use innkeeper_tests::s3::{BUCKET, calls_of, error, host, is_error, requests};
use innkeeper_tests::{TestHost, has_a_test, program};
use serde_json::json;

// Does not compile where a program has no test of its name.
innkeeper_tests::foreach_s3_buckets!(has_a_test);

#[tokio::test(start_paused = true)]
async fn s3_bucket_create() {
    let host = TestHost::new().allow("s3:CreateBucket", "arn:aws:s3:::mine-*");
    let mine = json!({ "bucket": "mine-1" });
    assert_eq!(host.call(program::S3_BUCKET_CREATE, &mine).await, json!({ "ok": {} }));
    assert_eq!(host.aws().s3().buckets(), ["mine-1"]);
    assert_eq!(host.call(program::S3_BUCKET_CREATE, &mine).await, error("BucketAlreadyOwnedByYou"));
    host.aws().faults().push(Fault::error("BucketAlreadyExists").on("CreateBucket"));
    assert_eq!(host.call(program::S3_BUCKET_CREATE, &mine).await, error("BucketAlreadyExists"));

    let before = requests(&host);
    assert_eq!(
        host.call(program::S3_BUCKET_CREATE, &json!({ "bucket": "yours" })).await,
        error("AccessDenied")
    );
    let point = json!({ "bucket": "arn:aws:s3:eu-west-1:123456789012:accesspoint/mine-1" });
    assert!(is_error(&host.call(program::S3_BUCKET_CREATE, &point).await, "InvalidArgument"));
    assert_eq!(requests(&host), before);
}

#[tokio::test(start_paused = true)]
async fn s3_bucket_delete() {
    let host = host().allow("s3:DeleteBucket", BUCKET);
    host.aws().s3().create_bucket("others").unwrap();
    let input = json!({ "bucket": "uploads" });
    assert_eq!(host.call(program::S3_BUCKET_DELETE, &input).await, error("BucketNotEmpty"));
    for key in host.aws().s3().keys("uploads") {
        host.aws().s3().delete("uploads", key);
    }
    assert_eq!(host.call(program::S3_BUCKET_DELETE, &input).await, json!({ "ok": {} }));
    assert_eq!(host.aws().s3().buckets(), ["others"]);
    assert_eq!(host.call(program::S3_BUCKET_DELETE, &input).await, error("NoSuchBucket"));
    assert_eq!(
        host.call(program::S3_BUCKET_DELETE, &json!({ "bucket": "others" })).await,
        error("AccessDenied")
    );
    assert_eq!(host.aws().s3().buckets(), ["others"]);
}

#[tokio::test(start_paused = true)]
async fn s3_bucket_status() {
    let host = host().allow("s3:ListBucket", "arn:aws:s3:::*");
    let status =
        async |bucket: &str| host.call(program::S3_BUCKET_STATUS, &json!({ "bucket": bucket })).await;
    assert_eq!(status("uploads").await, json!({ "ok": "BucketStatus::Exists" }));
    assert_eq!(status("no-such-bucket").await, json!({ "ok": "BucketStatus::NotFound" }));
    host.aws().faults().push(Fault::status(403.try_into().unwrap()).on("HeadBucket"));
    assert_eq!(status("uploads").await, json!({ "ok": "BucketStatus::NotAccessible" }));
    host.aws().faults().push(Fault::status(301.try_into().unwrap()).on("HeadBucket"));
    assert_eq!(status("uploads").await, error("WrongRegion"));

    let blind = TestHost::new().allow("s3:ListBucket", "arn:aws:s3:::others");
    for bucket in ["uploads", "no-such-bucket"] {
        assert_eq!(
            blind.call(program::S3_BUCKET_STATUS, &json!({ "bucket": bucket })).await,
            error("AccessDenied")
        );
    }
    assert_eq!(requests(&blind), 0, "it says the same of what exists and what does not");
}

#[tokio::test(start_paused = true)]
async fn s3_bucket_location() {
    let host = host().allow("s3:GetBucketLocation", BUCKET);
    host.aws().s3().create_bucket_in("elsewhere", "us-east-1").unwrap();
    let answer = host.call(program::S3_BUCKET_LOCATION, &json!({ "bucket": "uploads" })).await;
    assert_eq!(answer, json!({ "ok": "eu-west-1" }));
    let other = host.call(program::S3_BUCKET_LOCATION, &json!({ "bucket": "elsewhere" })).await;
    assert_eq!(other, error("AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn s3_bucket_wait() {
    let host = host().allow("s3:ListBucket", "arn:aws:s3:::*");
    assert_eq!(
        host.call(program::S3_BUCKET_WAIT, &json!({ "bucket": "uploads" })).await,
        json!({ "ok": {} })
    );
    let late = json!({ "bucket": "late-bucket", "seconds": 20 });
    let (answer, ()) = tokio::join!(host.call(program::S3_BUCKET_WAIT, &late), async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        host.aws().s3().create_bucket("late-bucket").unwrap();
    });
    assert_eq!(answer, json!({ "ok": {} }));
    assert!(calls_of(&host, "HeadBucket") > 2);
    let never = json!({ "bucket": "uploads", "seconds": 3, "gone": true });
    assert_eq!(host.call(program::S3_BUCKET_WAIT, &never).await, error("Timeout"));

    let denied = self::host();
    assert_eq!(
        denied.call(program::S3_BUCKET_WAIT, &json!({ "bucket": "uploads" })).await,
        error("AccessDenied")
    );
    assert_eq!(requests(&denied), 0);
}
