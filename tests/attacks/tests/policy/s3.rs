//! Buckets, and what goes beside the bytes of an object.

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use innkeeper::Manifest;
use innkeeper::policy::Source;
use innkeeper_attacks::Siege;
use serde_json::{Value, json};

use super::{DENIED, TRIES, is_denied, is_error, is_granted, is_invalid, is_refused, on_key, with};

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_something_else() {
    let siege = Siege::new()
        .allow_all_of_s3()
        .allow("s3:*", "arn:aws:s3:eu-west-1:*:accesspoint/*")
        .allow("s3:*", "arn:aws:s3:eu-west-1:*:accesspoint/*/object/*");
    let besieged = siege.attacker(TRIES).await;
    for bucket in [
        "",
        ".",
        "..",
        "a",
        "Uploads",
        "uploads.",
        ".uploads",
        "up..loads",
        "uploads ",
        "uploads\0",
        "uploads\r\nhost: evil.example",
        "uploads/incoming",
        "uploads%2fincoming",
        "uploads\\incoming",
        "../uploads",
        "uploads?versions",
        "uploads#",
        "uploads:443",
        "user@uploads",
        "uploads@evil.example",
        "evil.example/uploads",
        "//evil.example/uploads",
        "https://evil.example/uploads",
        "s3://uploads",
        "127.0.0.1",
        "169.254.169.254",
        "xn--uploads",
        "uploads--x-s3",
        "uploads--ol-s3",
        "uploads-s3alias",
        "up\u{142}oads",
        "arn:",
        "arn:aws:s3:::",
        "arn:aws:s3:::uploads/incoming",
        "arn:aws:s3:::uploads/*",
        "arn:aws:s3:::*",
        "arn:aws:s3:eu-west-1:000000000000:uploads",
        "arn:aws-cn:s3:::uploads",
        "arn:evil:s3:::uploads",
        "arn:aws:sqs:eu-west-1:000000000000:jobs",
        "arn:aws:s3:us-east-1:000000000000:accesspoint/point",
        "arn:aws:s3:x@evil.example/:000000000000:accesspoint/point",
        "arn:aws:s3:evil.example#:000000000000:accesspoint/point",
        "arn:aws:s3:eu-west-1:x@evil.example/:accesspoint/point",
        "arn:aws:s3:eu-west-1:000000000000:accesspoint/evil.example/x",
        "arn:aws:s3:eu-west-1:000000000000:accesspoint/point/object/key",
        "arn:aws:s3::000000000000:accesspoint/point.mrap",
        "arn:aws:s3-object-lambda:eu-west-1:000000000000:accesspoint/point",
        "arn:aws:s3-outposts:eu-west-1:000000000000:outpost/op-1/accesspoint/point",
    ] {
        is_refused(&siege, &besieged, json!({ "do": "s3.read", "bucket": bucket, "key": "k" })).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_by_another_name_is_the_same_to_the_policy() {
    let siege =
        Siege::new().allow("s3:GetObject", "arn:aws:s3:::uploads/*").setting("names.alias = \"innocent\"");
    siege.aws().s3().put("uploads", "k", "uploads").unwrap();
    siege.aws().s3().access_point("point", "innocent");
    let besieged = siege.attacker(TRIES).await;
    let read = |bucket: &str, key: &str| json!({ "do": "s3.read", "bucket": bucket, "key": key });
    for bucket in ["uploads", "arn:aws:s3:::uploads"] {
        siege.forget_sent();
        assert_eq!(is_granted(&besieged, read(bucket, "k")).await, "uploads");
        assert_eq!(siege.only_sent().host(), "uploads.s3.eu-west-1.amazonaws.com");
    }
    // By its name, its ARN, an access point, and the manifest's own name for it.
    let point = "arn:aws:s3:eu-west-1:000000000000:accesspoint/point";
    for bucket in ["innocent", "arn:aws:s3:::innocent", point, "alias"] {
        is_denied(&siege, &besieged, read(bucket, "letter")).await;
    }
}

#[tokio::test]
async fn a_region_that_would_change_the_endpoints_host() {
    let folder = tempfile::tempdir().unwrap();
    for region in [
        "x@evil.example/",
        "evil.example#",
        "evil.example/",
        "eu-west-1.evil.example",
        "eu-west-1:443",
        "eu-west-1?",
        "EU-WEST-1",
        "eu west 1",
        "",
        "..",
    ] {
        for text in [
            format!("[aws]\nregion = {region:?}\n[guest.g]\ncomponent = \"g.wasm\""),
            format!("[guest.g]\ncomponent = \"g.wasm\"\nregion = {region:?}"),
            format!("[aws]\nallowed-regions = [{region:?}]\n[guest.g]\ncomponent = \"g.wasm\""),
        ] {
            let folder = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
            let manifest = Manifest::parse(Source::new("innkeeper.toml", text.clone()), folder);
            assert!(manifest.is_err(), "{text}");
        }
    }
}

/// Headers that mean something to S3 or to a proxy on the way, and of which a guest sets none.
const CONTROL: &[&str] = &[
    "x-amz-acl",
    "x-amz-grant-full-control",
    "x-amz-website-redirect-location",
    "x-amz-server-side-encryption-customer-key",
    "x-amz-copy-source",
    "x-amz-object-lock-mode",
    "x-amz-request-payer",
    "x-http-method-override",
    "x-forwarded-host",
    "transfer-encoding",
    "connection",
    "expect",
];

#[tokio::test(start_paused = true)]
async fn user_metadata_that_would_become_control_headers() {
    let siege = Siege::new().allow("s3:PutObject", "arn:aws:s3:::uploads/*");
    let besieged = siege.attacker(TRIES).await;
    let names = CONTROL.iter().chain(&[
        "host",
        "authorization",
        "content-length",
        "content-type",
        "x-amz-security-token",
        "x-amz-date",
        "x-amz-meta-x-amz-acl",
    ]);
    for name in names {
        siege.forget_sent();
        let put = with(on_key("s3.put", "k"), json!({ "body": "four", "metadata": [[name, "evil"]] }));
        is_granted(&besieged, put).await;
        let sent = siege.only_sent();
        assert_eq!(sent.header(&format!("x-amz-meta-{name}")), Some("evil"), "{sent:?}");
        let evil: Vec<_> = sent.headers.iter().filter(|(_, value)| value == "evil").collect();
        assert_eq!(evil.len(), 1, "{name}: {evil:?}");
        for name in ["host", "authorization", "content-length", "x-amz-date"] {
            assert!(sent.headers.iter().filter(|(header, _)| header == name).count() <= 1, "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn tags_that_would_become_control_headers() {
    let siege = Siege::new()
        .allow("s3:PutObject", "arn:aws:s3:::uploads/*")
        .allow("s3:PutObjectTagging", "arn:aws:s3:::uploads/*")
        .allow("s3:GetObjectTagging", "arn:aws:s3:::uploads/*");
    let besieged = siege.attacker(TRIES).await;
    for (name, value, is_a_tag) in [
        ("x-amz-acl", "public-read", true),
        ("a&x-amz-acl=public-read&b", "c", false),
        ("a", "b&c=d", false),
        ("a=b", "c", true),
        ("a", "b#c?d", false),
        ("a+b", "c d", true),
        ("\u{e9}", "\u{df}", true),
    ] {
        siege.forget_sent();
        let outcome =
            besieged.tries_one(with(on_key("s3.put", "k"), json!({ "tags": [[name, value]] }))).await;
        assert_eq!(is_invalid(&outcome), !is_a_tag, "S3 refuses characters that no tag has: {outcome}");
        let sent = siege.only_sent();
        let tagging = sent.header("x-amz-tagging").unwrap();
        assert_eq!((tagging.matches('&').count(), tagging.matches('=').count()), (0, 1), "{tagging}");
        assert!(CONTROL.iter().all(|name| sent.header(name).is_none()), "{sent:?}");
        if !is_a_tag {
            continue;
        }
        assert_eq!(is_granted(&besieged, on_key("s3.tags", "k")).await, json!([[name, value]]));
        is_granted(&besieged, with(on_key("s3.set-tags", "k"), json!({ "tags": [[name, value]] }))).await;
        assert_eq!(is_granted(&besieged, on_key("s3.tags", "k")).await, json!([[name, value]]));
    }
}

#[tokio::test(start_paused = true)]
async fn headers_that_would_end_and_begin_another() {
    let siege = Siege::new().allow_all_of_s3();
    let besieged = siege.attacker(TRIES).await;
    let end = "text/plain\r\nx-amz-acl: public-read";
    for (call, field) in [
        ("s3.put", "content-type"),
        ("s3.put", "cache-control"),
        ("s3.put", "content-disposition"),
        ("s3.put", "content-encoding"),
        ("s3.put", "content-language"),
        ("s3.put", "storage-class"),
        ("s3.put", "if-match"),
        ("s3.put", "if-none-match"),
        ("s3.read", "if-match"),
        ("s3.read", "if-none-match"),
        ("s3.read", "version"),
        ("s3.read", "response-content-type"),
        ("s3.head", "version"),
        ("s3.delete", "version"),
        ("s3.tags", "version"),
        ("s3.attributes", "version"),
        ("s3.presign-get", "response-content-disposition"),
        ("s3.presign-put", "content-type"),
    ] {
        for value in [end, "a\nb", "a\rb", "a\0b", "\u{e9}", "", " a"] {
            siege.forget_sent();
            let outcome = besieged.tries_one(with(on_key(call, "k"), json!({ field: value }))).await;
            assert!(is_invalid(&outcome), "{call} {field} {value:?}: {outcome}");
            assert_eq!(siege.sent(), []);
        }
    }
    // A key of KMS is one that the manifest names, or none.
    for key in ["alias/aws/s3", "arn:aws:kms:eu-west-1:111111111111:key/evil", end] {
        let put = with(on_key("s3.put", "k"), json!({ "encryption": "kms", "kms-key": key }));
        assert!(is_invalid(&besieged.tries_one(put).await), "{key}");
    }
    assert_eq!(siege.sent(), []);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_was_deleted_and_made_again_by_somebody_else() {
    let calls = [
        on_key("s3.read", "k"),
        on_key("s3.head", "k"),
        with(on_key("s3.put", "k"), json!({ "body": "secret" })),
        on_key("s3.delete", "k"),
        on_key("s3.tags", "k"),
        with(on_key("s3.set-tags", "k"), json!({ "tags": [["a", "b"]] })),
        on_key("s3.delete-tags", "k"),
        on_key("s3.attributes", "k"),
        json!({ "do": "s3.delete-many", "bucket": "uploads", "objects": [{ "key": "k" }] }),
        json!({ "do": "s3.list", "bucket": "uploads" }),
        json!({ "do": "s3.versions", "bucket": "uploads" }),
        json!({ "do": "s3.uploads", "bucket": "uploads" }),
        json!({ "do": "s3.upload", "bucket": "uploads", "key": "large", "bytes": 6 << 20 }),
        json!({
            "do": "s3.copy", "bucket": "uploads", "key": "c", "source-bucket": "uploads", "source-key": "k",
            "replace-tags": true,
        }),
    ];
    for (owner, is_the_same) in [("000000000000", true), ("111111111111", false)] {
        let siege = Siege::new().allow_all_of_s3().setting(&format!("accounts.uploads = \"{owner}\""));
        let besieged = siege.attacker(TRIES).await;
        for call in &calls {
            siege.aws().s3().put("uploads", "k", "x").unwrap();
            siege.forget_sent();
            let outcome = besieged.tries_one(call.clone()).await;
            let refused = outcome == DENIED || outcome == json!([DENIED]);
            assert_eq!(refused, !is_the_same, "{call}: {outcome}");
            assert_eq!(is_error(&outcome), refused && outcome.is_string(), "{call}: {outcome}");
            let sent = siege.sent();
            assert!(!sent.is_empty(), "{call}");
            for sent in sent {
                assert_eq!(sent.header("x-amz-expected-bucket-owner"), Some(owner), "{call}: {sent:?}");
                if sent.header("x-amz-copy-source").is_some() {
                    assert_eq!(sent.header("x-amz-source-expected-bucket-owner"), Some(owner));
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn another_guests_continuation_token() {
    let list = "[[guest.accomplice.allow]]\nactions = [\"s3:ListBucket\"]\nresources = [\"arn:aws:s3:::*\"]";
    let siege = Siege::new().allow("s3:ListBucket", "arn:aws:s3:::*").accomplice(list);
    for key in ["a", "b", "c"] {
        siege.aws().s3().put("uploads", key, key).unwrap();
    }
    let besieged = siege.attacker(TRIES).await;
    let page = |more: Value| with(json!({ "do": "s3.list", "bucket": "uploads", "page-size": 1 }), more);
    let token = |outcome: &Value| outcome["token"].as_str().unwrap().to_owned();
    let stolen = token(&besieged.accomplice_tries(json!([page(json!({}))])).await[0]);
    let own = token(&is_granted(&besieged, page(json!({}))).await);
    assert_eq!(is_granted(&besieged, page(json!({ "token": own }))).await["keys"], json!(["b"]));

    siege.forget_sent();
    let flipped = own.replacen(&own[..1], if own.starts_with('A') { "B" } else { "A" }, 1);
    for (attack, call) in [
        ("of another guest", page(json!({ "token": stolen }))),
        ("for another bucket", page(json!({ "bucket": "innocent", "token": own }))),
        ("for another prefix", page(json!({ "prefix": "b", "token": own }))),
        ("for another listing", page(json!({ "do": "s3.versions", "token": own }))),
        ("with a bit changed", page(json!({ "token": flipped }))),
        ("cut short", page(json!({ "token": own[..own.len() - 1] }))),
        ("of S3 itself", page(json!({ "token": "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=" }))),
        ("huge", page(json!({ "token": "A".repeat(1 << 20) }))),
        ("empty", page(json!({ "token": "" }))),
    ] {
        let outcome = besieged.tries_one(call).await;
        assert!(is_invalid(&outcome) || outcome == DENIED, "{attack}: {outcome}");
    }
    assert_eq!(siege.sent(), []);
}
