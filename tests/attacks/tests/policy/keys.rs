//! Keys that are nearly those that are granted.

use innkeeper_attacks::Siege;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{DENIED, TRIES, is_denied, is_granted, is_invalid, object, on_key, with};

/// Keys that somebody, somewhere, takes for one another.
const LOOK_ALIKES: &[&str] = &[
    "a/b",
    "a/./b",
    "a/../a/b",
    "../uploads/a/b",
    "a//b",
    "/a/b",
    "//a/b",
    "a/b/",
    "a/b/.",
    "a/b/..",
    "a%2Fb",
    "a%2fb",
    "a%252Fb",
    "%61/b",
    "%2e%2e/a/b",
    "a/%2e%2e%2fb",
    "A/b",
    "a/B",
    "a/b ",
    " a/b",
    "a/b\t",
    "a\\b",
    "a+b",
    "a b",
    "a/b?versionId=null",
    "a/b#fragment",
    "a/b;x",
    "a/b&x",
    "a/*",
    "a/?",
    "*",
    // The slashes and letters of other alphabets, and both forms of one with an accent.
    "a\u{2215}b",
    "a\u{ff0f}b",
    "\u{430}/b",
    "a/\u{e9}",
    "a/e\u{301}",
    "a/b\u{feff}",
    "a/\u{202e}b",
    "a/\u{df}",
    "a/ss",
    ".",
    "..",
];

fn siege() -> Siege {
    let siege = Siege::new();
    for key in LOOK_ALIKES {
        siege.aws().s3().put("uploads", *key, *key).unwrap();
    }
    siege
}

#[tokio::test(start_paused = true)]
async fn keys_that_look_like_the_one_that_is_granted() {
    for granted in LOOK_ALIKES {
        let siege = siege().allow("s3:GetObject", &object("uploads", granted));
        let besieged = siege.attacker(TRIES).await;
        let outcomes = besieged.tries(LOOK_ALIKES.iter().map(|key| on_key("s3.read", key)).collect()).await;
        for (key, outcome) in LOOK_ALIKES.iter().zip(&outcomes) {
            let expected = if key == granted { key } else { DENIED };
            assert_eq!(outcome, expected, "granted {granted:?}, asked for {key:?}");
        }
        let sent = siege.only_sent();
        assert_eq!(sent.host(), "uploads.s3.eu-west-1.amazonaws.com");
        let path = percent_decode_str(sent.path()).decode_utf8().unwrap();
        assert_eq!(path, format!("/{granted}"), "the key that was decided on is the key that is sent");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_written_are_the_keys_that_were_decided_on() {
    let siege = Siege::new().allow("s3:PutObject", "arn:aws:s3:::uploads/*");
    let besieged = siege.attacker(TRIES).await;
    for key in LOOK_ALIKES {
        is_granted(&besieged, on_key("s3.put", key)).await;
        assert_eq!(siege.aws().s3().keys("uploads"), [*key]);
        assert!(siege.aws().s3().delete("uploads", *key));
        let decided = siege.audit().decisions();
        let decided = decided.iter().rfind(|decision| &*decision.guest == "attacker").unwrap();
        assert_eq!(*decided.resource, *format!("arn:aws:s3:::uploads/{key}"));
    }
}

#[tokio::test(start_paused = true)]
async fn prefix_a_and_key_ab() {
    let siege = Siege::new()
        .allow("s3:GetObject", "arn:aws:s3:::uploads/a/*")
        .statement("[[guest.attacker.allow]]\nactions = [\"s3:ListBucket\"]\nresources = [\"arn:aws:s3:::uploads\"]\ncondition.StringLike.\"s3:prefix\" = \"a/*\"");
    for key in ["a", "ab", "a/x", "ab/x", "b"] {
        siege.aws().s3().put("uploads", key, key).unwrap();
    }
    let besieged = siege.attacker(TRIES).await;
    assert_eq!(is_granted(&besieged, on_key("s3.read", "a/x")).await, "a/x");
    for key in ["a", "ab", "ab/x", "b"] {
        is_denied(&siege, &besieged, on_key("s3.read", key)).await;
    }
    let list = |prefix: Option<&str>| json!({ "do": "s3.list", "bucket": "uploads", "prefix": prefix });
    assert_eq!(is_granted(&besieged, list(Some("a/"))).await["keys"], json!(["a/x"]));
    for prefix in [None, Some(""), Some("a"), Some("ab"), Some("A/"), Some("/a/"), Some("./a/"), Some("%61/")]
    {
        is_denied(&siege, &besieged, list(prefix)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_leave_the_prefix_for_whoever_resolves_dots() {
    // To IAM and S3 `a/../b` is below `a/`. So it is granted, and what is sent is `a/../b`: nobody has made a `b` of it on the way.
    let siege = Siege::new().allow("s3:GetObject", "arn:aws:s3:::uploads/a/*");
    let keys = ["a/../b", "a/%2e%2e/b", "a/..%2fb", "a//../../b", "a/.."];
    siege.aws().s3().put("uploads", "b", "not yours").unwrap();
    for key in keys {
        siege.aws().s3().put("uploads", key, "yours").unwrap();
    }
    let besieged = siege.attacker(TRIES).await;
    for key in keys {
        siege.forget_sent();
        assert_eq!(is_granted(&besieged, on_key("s3.read", key)).await, "yours", "{key}");
        let path = siege.only_sent().path().to_owned();
        assert_eq!(percent_decode_str(&path).decode_utf8().unwrap(), format!("/{key}"));
    }
    is_denied(&siege, &besieged, on_key("s3.read", "b")).await;
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_empty_or_too_long() {
    let siege = Siege::new().allow_all_of_s3();
    let besieged = siege.attacker(TRIES).await;
    let longest = ["k".repeat(1_024), "\u{e9}".repeat(512), "\u{1f512}".repeat(256)];
    for key in &longest {
        is_granted(&besieged, on_key("s3.put", key)).await;
        assert_eq!(siege.aws().s3().keys("uploads"), [key.as_str()]);
        assert!(siege.aws().s3().delete("uploads", key));
    }
    siege.forget_sent();
    for call in ["s3.read", "s3.head", "s3.put", "s3.delete", "s3.tags", "s3.attributes", "s3.presign-get"] {
        assert!(is_invalid(&besieged.tries_one(on_key(call, "")).await), "{call}");
        for key in ["k".repeat(1_025), "\u{e9}".repeat(513), "k".repeat(100_000)] {
            assert_eq!(besieged.tries_one(on_key(call, &key)).await, "error: KeyTooLong", "{call}");
        }
    }
    let copy = json!({ "do": "s3.copy", "bucket": "uploads", "key": "k", "source-bucket": "uploads", "source-key": "" });
    assert!(is_invalid(&besieged.tries_one(copy.clone()).await));
    let long = with(copy, json!({ "source-key": "k".repeat(1_025) }));
    assert_eq!(besieged.tries_one(long).await, "error: KeyTooLong");
    assert_eq!(siege.sent(), []);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_says_more_than_a_key_in_the_header_of_a_copy() {
    // The source of a copy is a header, `BUCKET/KEY?versionId=...`, so a key could name a version, or another bucket.
    let siege = Siege::new().allow("s3:*", "arn:aws:s3:::uploads/mine/*");
    siege.aws().s3().create_bucket("secrets").unwrap();
    siege.aws().s3().put("secrets", "k", "secret").unwrap();
    let besieged = siege.attacker(TRIES).await;
    for key in
        ["mine/k?versionId=v", "mine/../../secrets/k", "mine/k%3FversionId=v", "mine/k#x", "mine/%2e%2e/k"]
    {
        siege.aws().s3().put("uploads", key, "mine").unwrap();
        siege.forget_sent();
        let copy = json!({
            "do": "s3.copy", "bucket": "uploads", "key": "mine/copy", "source-bucket": "uploads", "source-key": key,
            "replace-tags": true,
        });
        is_granted(&besieged, copy).await;
        let sent = siege.sent();
        let source = sent.iter().find_map(|sent| sent.header("x-amz-copy-source")).unwrap();
        let (decoded, version) = source.split_once('?').unwrap_or((source, ""));
        assert_eq!(percent_decode_str(decoded).decode_utf8().unwrap(), format!("uploads/{key}"));
        assert_eq!(version, "", "{source}");
        assert_eq!(siege.aws().s3().get("uploads", "mine/copy").unwrap().body, "mine");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_ends_the_element_that_it_stands_in() {
    // The keys of `DeleteObjects` are elements of an XML document.
    let siege = Siege::new().allow("s3:DeleteObject", "arn:aws:s3:::uploads/mine/*");
    siege.aws().s3().put("uploads", "yours", "x").unwrap();
    let besieged = siege.attacker(TRIES).await;
    let keys = [
        "mine/</Key></Object><Object><Key>yours</Key></Object><Object><Key>mine/",
        "mine/&#x79;ours",
        "mine/<![CDATA[yours]]>",
        "mine/\u{0}yours",
        "mine/\r\nyours",
        "mine/&yours;",
    ];
    for key in keys {
        siege.aws().s3().put("uploads", key, "x").unwrap();
    }
    let objects: Vec<Value> = keys.iter().map(|key| json!({ "key": key })).collect();
    let outcome =
        is_granted(&besieged, json!({ "do": "s3.delete-many", "bucket": "uploads", "objects": objects }))
            .await;
    assert_eq!(outcome, json!(vec!["deleted"; keys.len()]));
    assert_eq!(siege.aws().s3().keys("uploads"), ["yours"]);
}
