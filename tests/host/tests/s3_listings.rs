//! The listings of `innkeeper:aws/s3`: each over three pages, with an error on the second, and gone on with from a stored place.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use innkeeper::audit::Verdict;
use innkeeper_fake::Fault;
use innkeeper_tests::s3::{BUCKET, calls_of, client, error, host, is_error, requests, with};
use innkeeper_tests::{TestHost, has_a_test, program};
use serde_json::{Value, json};

// Does not compile where a program has no test of its name.
innkeeper_tests::foreach_s3_listings!(has_a_test);

/// A host, a program, what it lists over three pages, and all that the pages then have.
struct Listing {
    host: TestHost,
    program: &'static str,
    operation: &'static str,
    input: Value,
    pages: Value,
}

/// Five objects.
fn objects() -> Listing {
    let host = host().allow("s3:ListBucket", BUCKET);
    for number in 0..5 {
        host.aws().s3().put("uploads", format!("n/{number}"), "x").unwrap();
    }
    Listing {
        host,
        program: program::S3_LIST_OBJECTS,
        operation: "ListObjectsV2",
        input: json!({ "bucket": "uploads", "prefix": "n/", "page-size": 2 }),
        pages: json!([["n/0", "n/1"], ["n/2", "n/3"], ["n/4"]]),
    }
}

/// Two objects with two versions each, one of them deleted.
fn versions() -> Listing {
    let host = host().allow("s3:ListBucketVersions", BUCKET);
    let s3 = host.aws().s3();
    s3.enable_versioning("uploads").unwrap();
    let mut all = Vec::new();
    for key in ["n/0", "n/1"] {
        s3.put("uploads", key, "x").unwrap();
        s3.put("uploads", key, "xy").unwrap();
    }
    s3.delete("uploads", "n/1");
    // From the newest to the oldest.
    for (key, markers) in [("n/0", 0), ("n/1", 1)] {
        for (place, version) in s3.versions("uploads", key).into_iter().enumerate() {
            let marker = place < markers;
            let size = if marker {
                0
            } else if place == markers {
                2
            } else {
                1
            };
            all.push(json!([key, version, place == 0, marker, size]));
        }
    }
    assert_eq!(all.len(), 5);
    Listing {
        host,
        program: program::S3_LIST_OBJECT_VERSIONS,
        operation: "ListObjectVersions",
        input: json!({ "bucket": "uploads", "prefix": "n/", "page-size": 2 }),
        pages: json!([all[0..2], all[2..4], all[4..5]]),
    }
}

/// Five uploads that nobody finishes.
async fn uploads() -> Listing {
    let host = host().allow("s3:ListBucketMultipartUploads", BUCKET);
    let client = client(host.aws()).await;
    for number in 0..5 {
        client.create_multipart_upload().bucket("uploads").key(format!("n/{number}")).send().await.unwrap();
    }
    let all: Vec<Value> =
        host.aws().s3().unfinished_uploads("uploads").into_iter().map(|(key, id)| json!([key, id])).collect();
    host.aws().clear_calls();
    Listing {
        host,
        program: program::S3_LIST_UPLOADS,
        operation: "ListMultipartUploads",
        input: json!({ "bucket": "uploads", "prefix": "n/", "page-size": 2 }),
        pages: json!([all[0..2], all[2..4], all[4..5]]),
    }
}

/// Five buckets.
fn buckets() -> Listing {
    let host = TestHost::new().allow("s3:ListAllMyBuckets", "*");
    for number in 0..5 {
        host.aws().s3().create_bucket(format!("bucket-{number}")).unwrap();
    }
    Listing {
        host,
        program: program::S3_LIST_BUCKETS,
        operation: "ListBuckets",
        input: json!({ "page-size": 2 }),
        pages: json!([["bucket-0", "bucket-1"], ["bucket-2", "bucket-3"], ["bucket-4"]]),
    }
}

/// What is true of every listing.
async fn check(Listing { host, program, operation, input, pages }: Listing) {
    let answer = host.call(program, &input).await;
    assert_eq!(answer["ok"]["pages"], pages, "{answer}");
    assert_eq!(answer["ok"]["token"], Value::Null, "there is no place behind the last page");
    assert_eq!(calls_of(&host, operation), 3);
    let decisions = host.audit().decisions();
    assert_eq!(decisions.len(), 3, "every page is decided on");
    assert!(decisions.iter().all(|decision| matches!(decision.verdict, Verdict::Allow { .. })));

    // An error on the second page, and the same page again.
    let fault = || Fault::error("AccessDenied").on(operation).skip(1).times(1);
    host.aws().faults().push(fault());
    assert_eq!(host.call(program, &input).await, error("AccessDenied"));
    host.aws().faults().push(fault());
    let again = host.call(program, &with(input.clone(), &json!({ "again": "yes" }))).await;
    assert_eq!(again["ok"]["pages"], pages);
    assert_eq!(again["ok"]["errors"], json!(["AccessDenied"]));

    // Page by page, each in a call of its own.
    let mut token = Value::Null;
    for page in pages.as_array().unwrap() {
        let answer = host.call(program, &with(input.clone(), &json!({ "pages": 1, "token": token }))).await;
        assert_eq!(answer["ok"]["pages"], json!([page]), "{answer}");
        token = answer["ok"]["token"].clone();
    }
    assert_eq!(token, Value::Null);

    // What the guest makes of a place is none.
    let first = host.call(program, &with(input.clone(), &json!({ "pages": 1 }))).await;
    let token = first["ok"]["token"].as_str().unwrap().to_owned();
    let before = requests(&host);
    let mut flipped = token.clone().into_bytes();
    flipped[0] = if flipped[0] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    for hostile in ["", "n/3", &flipped, &token[..token.len() - 1], &token.repeat(1_000), "\u{0}"] {
        let answer = host.call(program, &with(input.clone(), &json!({ "token": hostile }))).await;
        assert!(is_error(&answer, "InvalidArgument"), "{hostile:?}: {answer}");
    }
    let elsewhere = with(input.clone(), &json!({ "token": token, "prefix": "private/" }));
    assert!(
        is_error(&host.call(program, &elsewhere).await, "InvalidArgument"),
        "a place is bound to its listing"
    );
    assert_eq!(requests(&host), before);

    for size in [0, 10_001, u64::MAX] {
        let answer = host.call(program, &with(input.clone(), &json!({ "page-size": size }))).await;
        assert!(is_error(&answer, "InvalidArgument"), "{answer}");
    }

    let denied = TestHost::new().allow("s3:GetObject", "*");
    assert_eq!(denied.call(program, &input).await, error("AccessDenied"));
    assert_eq!(requests(&denied), 0);
}

#[tokio::test(start_paused = true)]
async fn s3_list_objects() {
    check(objects()).await;

    let Listing { host, program, .. } = objects();
    let rolled_up = json!({ "bucket": "uploads", "delimiter": "/" });
    assert_eq!(
        host.call(program, &rolled_up).await["ok"]["prefixes"],
        json!(["incoming/", "n/", "private/"])
    );
    let behind = json!({ "bucket": "uploads", "prefix": "n/", "start-after": "n/2" });
    assert_eq!(host.call(program, &behind).await["ok"]["pages"], json!([["n/3", "n/4"]]));
}

#[tokio::test(start_paused = true)]
async fn s3_list_object_versions() {
    check(versions()).await;
}

#[tokio::test(start_paused = true)]
async fn s3_list_uploads() {
    check(uploads().await).await;
}

#[tokio::test(start_paused = true)]
async fn s3_list_buckets() {
    check(buckets()).await;
}

#[tokio::test(start_paused = true)]
async fn a_place_of_one_bucket_is_worthless_in_another() {
    let Listing { host, program, input, .. } = objects();
    host.aws().s3().create_bucket("others").unwrap();
    let host = host.allow("s3:ListBucket", "arn:aws:s3:::others");
    let token = host.call(program, &with(input.clone(), &json!({ "pages": 1 }))).await["ok"]["token"].clone();
    assert!(token.is_string());
    let other = with(input.clone(), &json!({ "bucket": "others", "token": token }));
    assert!(is_error(&host.call(program, &other).await, "InvalidArgument"));
    // A listing of another kind of the same bucket.
    let host = host.allow("s3:ListBucketVersions", BUCKET);
    let versions = with(input, &json!({ "token": token }));
    assert!(is_error(&host.call(program::S3_LIST_OBJECT_VERSIONS, &versions).await, "InvalidArgument"));
}
