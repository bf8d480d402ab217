//! How what fails is told.

use std::time::Duration;

use innkeeper::audit::Outcome;
use innkeeper_fake::Fault;
use innkeeper_tests::s3::{BUCKET, INCOMING, OBJECTS, error, hello, host, requests, with};
use innkeeper_tests::{TestHost, program};
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn a_missing_key_is_seen_by_those_alone_who_may_list() {
    let missing = json!({ "bucket": "uploads", "key": "incoming/missing" });
    for program in [program::S3_GET_OBJECT, program::S3_READ_OBJECT, program::S3_HEAD_OBJECT] {
        let blind = host().allow("s3:GetObject", INCOMING);
        assert_eq!(blind.call(program, &missing).await, error("AccessDenied"), "{program}");
        let call = blind.audit().calls().pop().unwrap();
        assert!(
            matches!(call.outcome, Outcome::Failure { error: "no-such-key", .. }),
            "the operator sees it"
        );

        let seeing = host().allow("s3:GetObject", INCOMING).allow("s3:ListBucket", BUCKET);
        assert_eq!(seeing.call(program, &missing).await, error("NoSuchKey"), "{program}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_bucket_is_named_as_such() {
    let host = TestHost::new().allow("s3:*", BUCKET).allow("s3:*", OBJECTS);
    for program in [program::S3_GET_OBJECT, program::S3_LIST_OBJECTS, program::S3_PUT_OBJECT] {
        let input = with(hello(), &json!({ "body": "x" }));
        assert_eq!(host.call(program, &input).await, error("NoSuchBucket"), "{program}");
    }
}

#[tokio::test(start_paused = true)]
async fn conditions_are_s3s() {
    let host =
        host().allow("s3:GetObject", OBJECTS).allow("s3:PutObject", OBJECTS).allow("s3:ListBucket", BUCKET);
    let etag = format!("\"{}\"", host.aws().s3().get("uploads", "incoming/hello.txt").unwrap().etag);
    let get = |more: Value| with(hello(), &more);
    let call = async |program, input: Value| host.call(program, &input).await;

    assert!(call(program::S3_GET_OBJECT, get(json!({ "if-match": etag }))).await["ok"].is_object());
    assert_eq!(
        call(program::S3_GET_OBJECT, get(json!({ "if-match": "\"x\"" }))).await,
        error("PreconditionFailed")
    );
    assert_eq!(
        call(program::S3_GET_OBJECT, get(json!({ "if-none-match": etag }))).await,
        error("NotModified")
    );

    let put = |more: Value| with(with(hello(), &json!({ "body": "again" })), &more);
    assert_eq!(
        call(program::S3_PUT_OBJECT, put(json!({ "if-none-match": "*" }))).await,
        error("PreconditionFailed")
    );
    assert_eq!(
        call(program::S3_PUT_OBJECT, put(json!({ "if-match": "\"x\"" }))).await,
        error("PreconditionFailed")
    );
    assert!(call(program::S3_PUT_OBJECT, put(json!({ "if-match": etag }))).await["ok"].is_object());
    let other = call(program::S3_PUT_OBJECT, put(json!({ "if-none-match": etag }))).await;
    assert!(other["error"].as_str().unwrap().starts_with("InvalidArgument"), "{other}");
}

#[tokio::test(start_paused = true)]
async fn ranges_at_the_ends_of_an_object() {
    let host = host().allow("s3:GetObject", OBJECTS);
    for (range, body) in [
        (json!([0, 4]), "hello"),
        (json!([7, null]), "world"),
        (json!([null, 5]), "world"),
        (json!([0, u64::MAX]), "hello, world"),
        (json!([null, u64::MAX]), "hello, world"),
    ] {
        let answer = host.call(program::S3_GET_OBJECT, &with(hello(), &json!({ "range": range }))).await;
        assert_eq!(answer["ok"]["body"], body, "{range}");
        assert_eq!(answer["ok"]["info"]["size"], 12, "the size is that of the whole object");
    }
    for (range, case) in [
        (json!([12, null]), "InvalidRange"),
        (json!([null, 0]), "InvalidRange"),
        (json!([5, 4]), "InvalidArgument(\"the range ends before it begins\")"),
    ] {
        let answer = host.call(program::S3_GET_OBJECT, &with(hello(), &json!({ "range": range }))).await;
        assert_eq!(answer, error(case), "{range}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_error_of_s3_has_its_case() {
    for (code, case) in [
        ("AccessDenied", "AccessDenied"),
        ("AllAccessDisabled", "AccessDenied"),
        ("AccountProblem", "AccessDenied"),
        ("NoSuchBucket", "NoSuchBucket"),
        ("NoSuchKey", "NoSuchKey"),
        ("NoSuchVersion", "NoSuchKey"),
        ("NoSuchUpload", "NoSuchUpload"),
        ("PreconditionFailed", "PreconditionFailed"),
        ("NotModified", "NotModified"),
        ("ConditionalRequestConflict", "Conflict"),
        ("OperationAborted", "Conflict"),
        ("BucketAlreadyExists", "BucketAlreadyExists"),
        ("BucketAlreadyOwnedByYou", "BucketAlreadyOwnedByYou"),
        ("BucketNotEmpty", "BucketNotEmpty"),
        ("InvalidPart", "InvalidPart"),
        ("InvalidPartOrder", "InvalidPartOrder"),
        ("EntityTooSmall", "EntityTooSmall"),
        ("EntityTooLarge", "EntityTooLarge"),
        ("KeyTooLongError", "KeyTooLong"),
        ("InvalidRange", "InvalidRange"),
        ("InvalidPartNumber", "InvalidRange"),
        ("InvalidObjectState", "InvalidObjectState"),
        ("BadDigest", "Integrity"),
        ("InvalidDigest", "Integrity"),
        ("IncompleteBody", "Integrity"),
        ("XAmzContentSHA256Mismatch", "Integrity"),
        ("XAmzContentChecksumMismatch", "Integrity"),
        ("PermanentRedirect", "WrongRegion"),
        ("TemporaryRedirect", "WrongRegion"),
        ("Redirect", "WrongRegion"),
        ("IllegalLocationConstraintException", "WrongRegion"),
        ("AuthorizationHeaderMalformed", "WrongRegion"),
        ("ExpiredToken", "Credentials"),
        ("InvalidAccessKeyId", "Credentials"),
        ("InvalidToken", "Credentials"),
        ("RequestTimeTooSkewed", "Credentials"),
        ("SignatureDoesNotMatch", "Credentials"),
        ("TokenRefreshRequired", "Credentials"),
        ("SlowDown", "Throttled"),
        ("Throttling", "Throttled"),
        ("ThrottlingException", "Throttled"),
        ("TooManyRequestsException", "Throttled"),
        ("RequestLimitExceeded", "Throttled"),
        ("InternalError", "Unavailable"),
        ("ServiceUnavailable", "Unavailable"),
        ("RequestTimeout", "Unavailable"),
        ("InvalidArgument", "InvalidArgument(\"InvalidArgument\")"),
        ("InvalidBucketName", "InvalidArgument(\"InvalidBucketName\")"),
        ("InvalidRequest", "InvalidArgument(\"InvalidRequest\")"),
        ("InvalidStorageClass", "InvalidArgument(\"InvalidStorageClass\")"),
        ("InvalidURI", "InvalidArgument(\"InvalidURI\")"),
        ("MetadataTooLarge", "InvalidArgument(\"MetadataTooLarge\")"),
        ("InvalidTag", "InvalidArgument(\"InvalidTag\")"),
        ("MalformedXML", "InvalidArgument(\"MalformedXML\")"),
        ("MethodNotAllowed", "InvalidArgument(\"MethodNotAllowed\")"),
        ("MissingContentLength", "InvalidArgument(\"MissingContentLength\")"),
        ("NotImplemented", "InvalidArgument(\"NotImplemented\")"),
        ("TooManyBuckets", "InvalidArgument(\"TooManyBuckets\")"),
        ("SomethingNew", "Other(\"SomethingNew\")"),
    ] {
        let host = host().allow("s3:*", OBJECTS).allow("s3:*", BUCKET).setting("limits.timeout = \"1h\"");
        host.aws().faults().push(Fault::error(code).always());
        // A read, a write, and an answer that is a document.
        for program in [program::S3_GET_OBJECT, program::S3_PUT_OBJECT, program::S3_LIST_OBJECTS] {
            let answer = host.call(program, &with(hello(), &json!({ "body": "x" }))).await;
            assert_eq!(answer, error(case), "{code} of {program}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_status_without_a_code_has_its_case() {
    for (status, case) in [
        (301, "WrongRegion"),
        (304, "NotModified"),
        (403, "AccessDenied"),
        (404, "NoSuchKey"),
        (409, "Conflict"),
        (412, "PreconditionFailed"),
        (416, "InvalidRange"),
        (429, "Throttled"),
        (500, "Unavailable"),
        (503, "Unavailable"),
        (418, "Other(\"status 418\")"),
    ] {
        let host = host().allow("s3:*", OBJECTS).allow("s3:*", BUCKET).setting("limits.timeout = \"1h\"");
        host.aws().faults().push(Fault::status(status.try_into().unwrap()).always());
        assert_eq!(host.call(program::S3_HEAD_OBJECT, &hello()).await, error(case), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_is_tried_again() {
    let host = host().allow("s3:GetObject", OBJECTS);
    host.aws().faults().push(Fault::error("SlowDown").on("GetObject").times(2));
    assert_eq!(host.call(program::S3_READ_OBJECT, &hello()).await["ok"]["body"], "hello, world");
    assert_eq!(host.audit().calls().pop().unwrap().attempts, 3);
    assert_eq!(requests(&host), 3);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_is_tried_again_and_then_reported() {
    let host = host().allow("s3:GetObject", OBJECTS);
    host.aws().faults().push(Fault::cut_before().times(1));
    assert_eq!(host.call(program::S3_READ_OBJECT, &hello()).await["ok"]["body"], "hello, world");

    host.aws().faults().push(Fault::cut_before().always());
    assert_eq!(host.call(program::S3_READ_OBJECT, &hello()).await, error("Connection"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_comes_is_a_timeout() {
    let host = host().allow("s3:*", BUCKET).allow("s3:*", OBJECTS).setting("limits.timeout = \"1h\"");
    host.aws().faults().push(Fault::delay(Duration::from_hours(168)).always());
    assert_eq!(host.call(program::S3_LIST_OBJECTS, &json!({ "bucket": "uploads" })).await, error("Timeout"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_damaged_is_a_typed_error_of_the_stream() {
    for program in [program::S3_GET_OBJECT, program::S3_READ_OBJECT] {
        let host = host().allow("s3:GetObject", OBJECTS);
        host.aws().s3().put("uploads", "big", "x".repeat(300_000)).unwrap();
        host.aws().faults().push(Fault::corrupt_body());
        let answer = host.call(program, &json!({ "bucket": "uploads", "key": "big" })).await;
        assert_eq!(answer, error("Integrity"), "{program}");
        let call = host.audit().calls().pop().unwrap();
        assert!(matches!(call.outcome, Outcome::Failure { .. }), "{:?}", call.outcome);
    }
}
