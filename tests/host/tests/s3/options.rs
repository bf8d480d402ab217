//! What an operation can be told beside its object.

use innkeeper_tests::s3::{BUCKET, INCOMING, OBJECTS, error, hello, host, is_error, requests, with};
use innkeeper_tests::{TestHost, program};
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn a_put_stores_all_that_it_is_told() {
    let host = host()
        .allow("s3:PutObject", INCOMING)
        .allow("s3:PutObjectTagging", INCOMING)
        .allow("s3:GetObject", INCOMING);
    let input = json!({
        "bucket": "uploads", "key": "incoming/all", "body": "all",
        "content-type": "text/plain", "cache-control": "no-store", "content-disposition": "inline",
        "content-encoding": "identity", "content-language": "en", "expires": 1_356_048_000,
        "tags": [["team", "a+b = c"]], "storage-class": "STANDARD_IA", "algorithm": "SHA256", "encryption": "s3",
    });
    let stored = host.call(program::S3_PUT_OBJECT, &input).await;
    assert_eq!(stored["ok"]["checksum"][0], "ChecksumAlgorithm::Sha256", "{stored}");
    let head = host.call(program::S3_HEAD_OBJECT, &input).await;
    for (name, value) in [
        ("content-type", "text/plain"),
        ("cache-control", "no-store"),
        ("content-disposition", "inline"),
        ("content-encoding", "identity"),
        ("content-language", "en"),
        ("expires", "Fri, 21 Dec 2012 00:00:00 GMT"),
        ("storage-class", "STANDARD_IA"),
        ("encryption", "EncryptionKind::S3"),
    ] {
        assert_eq!(head["ok"][name], value, "{name}: {head}");
    }
    assert_eq!(head["ok"]["checksum"], stored["ok"]["checksum"]);
    assert_eq!(host.aws().s3().get("uploads", "incoming/all").unwrap().tags["team"], "a+b = c");
}

#[tokio::test(start_paused = true)]
async fn a_put_with_tags_needs_the_right_to_tag() {
    let host = host().allow("s3:PutObject", OBJECTS);
    let input = json!({ "bucket": "uploads", "key": "k", "body": "x", "tags": [["team", "red"]] });
    assert_eq!(host.call(program::S3_PUT_OBJECT, &input).await, error("AccessDenied"));
    assert_eq!(requests(&host), 0);
}

#[tokio::test(start_paused = true)]
async fn a_checksum_of_the_guests_own_is_held_against_the_body() {
    let host = host().allow("s3:PutObject", OBJECTS);
    let put = |checksum: &str| json!({ "bucket": "uploads", "key": "k", "body": "123456789", "algorithm": "CRC32", "checksum": checksum });
    assert!(host.call(program::S3_PUT_OBJECT, &put("y/Q5Jg==")).await["ok"].is_object());
    assert_eq!(host.call(program::S3_PUT_OBJECT, &put("AAAAAA==")).await, error("Integrity"));
    assert!(is_error(&host.call(program::S3_PUT_OBJECT, &put("y/Q5")).await, "InvalidArgument"));
}

#[tokio::test(start_paused = true)]
async fn a_guest_chooses_among_those_keys_alone_that_have_a_name() {
    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let host = host().allow("s3:*", OBJECTS).setting(&format!("names.photos-key = {KEY:?}"));
    let put = |key: Value| with(hello(), &json!({ "body": "x", "encryption": "kms", "kms-key": key }));
    for key in [
        json!("arn:aws:kms:eu-west-1:210987654321:key/other"),
        json!(KEY),
        json!("alias/other"),
        json!("nothing"),
    ] {
        let answer = host.call(program::S3_PUT_OBJECT, &put(key)).await;
        assert!(is_error(&answer, "InvalidArgument"), "{answer}");
    }
    assert_eq!(requests(&host), 0);
    let put = host.call(program::S3_PUT_OBJECT, &put(json!("photos-key"))).await;
    assert!(put["ok"].is_object(), "{put}");
    let head = host.call(program::S3_HEAD_OBJECT, &hello()).await;
    assert_eq!(head["ok"]["encryption"], "EncryptionKind::Kms");
    assert!(!head.to_string().contains("123456789012"), "the guest does not learn the account: {head}");
}

#[tokio::test(start_paused = true)]
async fn a_version_is_a_right_of_its_own() {
    let versioned = |host: TestHost| {
        host.aws().s3().enable_versioning("uploads").unwrap();
        host.aws().s3().put("uploads", "incoming/v", "one").unwrap();
        host.aws().s3().put("uploads", "incoming/v", "two").unwrap();
        host
    };
    let host = versioned(host().allow("s3:GetObject", INCOMING).allow("s3:DeleteObject", INCOMING));
    let plain = json!({ "bucket": "uploads", "key": "incoming/v" });
    for version in host.aws().s3().versions("uploads", "incoming/v") {
        let input = with(plain.clone(), &json!({ "version": version }));
        for program in [
            program::S3_GET_OBJECT,
            program::S3_READ_OBJECT,
            program::S3_HEAD_OBJECT,
            program::S3_DELETE_OBJECT,
        ] {
            assert_eq!(host.call(program, &input).await, error("AccessDenied"), "{program}");
        }
    }
    assert_eq!(requests(&host), 0);

    let host = versioned(
        self::host().allow("s3:GetObjectVersion", INCOMING).allow("s3:DeleteObjectVersion", INCOMING),
    );
    let mut bodies = Vec::new();
    for version in host.aws().s3().versions("uploads", "incoming/v") {
        let input = with(plain.clone(), &json!({ "version": version }));
        let answer = host.call(program::S3_READ_OBJECT, &input).await;
        assert_eq!(answer["ok"]["info"]["version"], json!(version));
        bodies.push(answer["ok"]["body"].clone());
        assert_eq!(host.call(program::S3_DELETE_OBJECT, &input).await["ok"]["version"], json!(version));
    }
    bodies.sort_by_key(Value::to_string);
    assert_eq!(bodies, ["one", "two"]);
    assert_eq!(
        host.call(program::S3_READ_OBJECT, &plain).await,
        error("AccessDenied"),
        "the current one is another right"
    );
}

#[tokio::test(start_paused = true)]
async fn dates_are_conditions_too() {
    let host = host().allow("s3:GetObject", OBJECTS);
    let written = host.call(program::S3_HEAD_OBJECT, &hello()).await["ok"]["last-modified"].as_i64().unwrap();
    for program in [program::S3_GET_OBJECT, program::S3_HEAD_OBJECT] {
        for (condition, case) in [
            (json!({ "if-modified-since": written + 1 }), Some("NotModified")),
            (json!({ "if-modified-since": written - 1 }), None),
            (json!({ "if-unmodified-since": written - 1 }), Some("PreconditionFailed")),
            (json!({ "if-unmodified-since": written + 1 }), None),
        ] {
            let answer = host.call(program, &with(hello(), &condition)).await;
            match case {
                Some(case) => assert_eq!(answer, error(case), "{program} {condition}"),
                None => assert!(answer["ok"].is_object(), "{program} {condition}: {answer}"),
            }
        }
        let never = with(hello(), &json!({ "if-modified-since": i64::MAX }));
        assert!(is_error(&host.call(program, &never).await, "InvalidArgument"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_headers_of_an_answer_can_be_chosen() {
    let host = host().allow("s3:GetObject", OBJECTS);
    let input =
        with(hello(), &json!({ "response-content-type": "text/html", "response-cache-control": "no-store" }));
    let info = host.call(program::S3_GET_OBJECT, &input).await["ok"]["info"].clone();
    assert_eq!((&info["content-type"], &info["cache-control"]), (&json!("text/html"), &json!("no-store")));
    let hostile = with(hello(), &json!({ "response-content-type": "a\r\nset-cookie: b" }));
    assert!(is_error(&host.call(program::S3_GET_OBJECT, &hostile).await, "InvalidArgument"));
}

#[tokio::test(start_paused = true)]
async fn an_access_point_opens_a_bucket_and_is_decided_on_by_its_own_name() {
    let host = host();
    let point = format!("arn:aws:s3:eu-west-1:{}:accesspoint/photos", host.aws().account_id());
    let input = json!({ "bucket": point, "key": "incoming/hello.txt" });
    let host = host.allow("s3:GetObject", &format!("{point}/object/incoming/*"));
    host.aws().s3().access_point("photos", "uploads");
    let answer = host.call(program::S3_READ_OBJECT, &input).await;
    assert_eq!(answer["ok"]["body"], "hello, world", "{answer}");
    assert_eq!(*host.audit().decisions()[0].resource, *format!("{point}/object/incoming/hello.txt"));
    let secret = with(input.clone(), &json!({ "key": "private/secret.txt" }));
    assert_eq!(host.call(program::S3_READ_OBJECT, &secret).await, error("AccessDenied"));

    let host = self::host().allow("s3:*", OBJECTS).allow("s3:*", BUCKET);
    host.aws().s3().access_point("photos", "uploads");
    assert_eq!(
        host.call(program::S3_READ_OBJECT, &input).await,
        error("AccessDenied"),
        "the bucket is another resource"
    );
    for elsewhere in [
        "arn:aws:s3:us-east-1:123456789012:accesspoint/photos",
        "arn:aws:s3::123456789012:accesspoint/photos.mrap",
        "arn:aws:s3:eu-west-1:123456789012:accesspoint/photos@evil.example",
        "arn:aws:s3-object-lambda:eu-west-1:123456789012:accesspoint/photos",
    ] {
        let answer = host.call(program::S3_OPEN, &json!({ "bucket": elsewhere })).await;
        assert!(is_error(&answer, "InvalidArgument"), "{elsewhere}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_of_somebody_else_is_not_taken_for_the_guests() {
    for (account, expected) in [("123456789012", "ok"), ("210987654321", "error")] {
        let host = host().allow("s3:*", OBJECTS).allow("s3:*", BUCKET);
        let account = if expected == "ok" { host.aws().account_id().to_owned() } else { account.to_owned() };
        let host = host
            .setting("names.mine = \"arn:aws:s3:::uploads\"")
            .setting(&format!("accounts.mine = {account:?}"));
        // Whatever the guest calls it.
        for name in ["mine", "uploads", "arn:aws:s3:::uploads"] {
            let input = with(hello(), &json!({ "bucket": name, "body": "x" }));
            for program in [
                program::S3_HEAD_OBJECT,
                program::S3_GET_OBJECT,
                program::S3_PUT_OBJECT,
                program::S3_LIST_OBJECTS,
            ] {
                let answer = host.call(program, &input).await;
                assert!(answer.get(expected).is_some(), "{program} of {name}, {account}: {answer}");
            }
        }
    }
}
