//! Conditions on the tags of objects: `s3:ExistingObjectTag`, which the host looks up, and `s3:RequestObjectTag`, which a write sets.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use innkeeper::audit::{Outcome, Purpose, Verdict};
use innkeeper_fake::{Fault, NewObject};
use innkeeper_tests::s3::{OBJECTS, calls_of, error, host, requests, with};
use innkeeper_tests::{TestHost, has_a_test, program};
use serde_json::{Value, json};

// Does not compile where a program has no test of its name.
innkeeper_tests::foreach_s3_tags!(has_a_test);

const PUBLIC: &str = "StringEquals.\"s3:ExistingObjectTag/class\" = \"public\"";
const SECRET: &str = "StringEquals.\"s3:ExistingObjectTag/class\" = \"secret\"";

/// The operations that read an object or its tags, and those that change its tags.
const OF_EXISTING: [&str; 8] =
    ["get", "read", "head", "attributes", "presign", "get-tags", "set-tags", "delete-tags"];
const WRITES: [&str; 3] = ["copy", "put", "upload"];

/// A bucket with an object that everybody may read, one that nobody may, and one without tags.
fn tagged() -> TestHost {
    let host = host();
    let s3 = host.aws().s3();
    for class in ["public", "secret"] {
        let object = NewObject::new(class).tag("class", class).tag("team", "red");
        s3.put("uploads", class, object).unwrap();
    }
    s3.put("uploads", "plain", "plain").unwrap();
    host
}

fn on(key: &str) -> Value {
    json!({ "bucket": "uploads", "key": key, "to": "new/a", "set-tags": [["class", "public"]] })
}

async fn outcomes(host: &TestHost, input: &Value) -> Value {
    host.call(program::S3_TAG_CONDITIONS, input).await["ok"].clone()
}

fn assert_all(outcomes: &Value, operations: &[&str], expected: &str) {
    for operation in operations {
        assert_eq!(outcomes[operation], expected, "{operation} of {outcomes}");
    }
}

#[tokio::test(start_paused = true)]
async fn s3_tag_conditions() {
    // By the tags that the object has, allowed.
    let allowed = |actions: &[&str]| {
        actions.iter().fold(tagged(), |host, action| host.allow(action, OBJECTS).on_condition(PUBLIC))
    };
    let reading = ["s3:GetObject", "s3:GetObjectAttributes", "s3:*ObjectTagging"];
    let host = allowed(&reading).allow("s3:PutObject", OBJECTS);
    let found = outcomes(&host, &on("public")).await;
    assert_all(&found, &OF_EXISTING, "ok");
    assert_all(&found, &WRITES, "ok");
    for key in ["secret", "plain", "no-such-key"] {
        let found = outcomes(&host, &on(key)).await;
        assert_all(&found, &OF_EXISTING, "AccessDenied");
        assert_eq!(found["copy"], "AccessDenied", "its source is none that may be read");
        assert_all(&found, &["put", "upload"], "ok");
    }

    // And denied.
    let host = ["s3:GetObject", "s3:GetObjectAttributes", "s3:*ObjectTagging", "s3:PutObject"]
        .iter()
        .fold(tagged(), |host, action| host.allow(action, OBJECTS))
        .deny("s3:*", "*")
        .on_condition(SECRET);
    assert_all(&outcomes(&host, &on("public")).await, &OF_EXISTING, "ok");
    let found = outcomes(&host, &on("secret")).await;
    assert_all(&found, &OF_EXISTING, "AccessDenied");
    assert_all(&found, &WRITES[1..], "ok");
    assert_eq!(host.aws().s3().get("uploads", "secret").unwrap().tags["class"], "secret");

    // By the tags that a write sets.
    let sets = |condition: &str| {
        tagged().allow("s3:PutObject*", OBJECTS).on_condition(condition).allow("s3:GetObject", OBJECTS)
    };
    let red = "StringEquals.\"s3:RequestObjectTag/team\" = \"red\"";
    let keys = "\"ForAllValues:StringEquals\".\"s3:RequestObjectTagKeys\" = [\"team\"]";
    let setting = ["copy", "put", "upload", "set-tags"];
    for (condition, tags, expected) in [
        (red, json!([["team", "red"], ["x", "y"]]), "ok"),
        (red, json!([["team", "blue"]]), "AccessDenied"),
        (red, json!([["x", "red"]]), "AccessDenied"),
        (red, json!([]), "AccessDenied"),
        (keys, json!([["team", "blue"]]), "ok"),
        (keys, json!([["team", "blue"], ["x", "y"]]), "AccessDenied"),
        (keys, json!([]), "ok"),
    ] {
        let host = sets(condition);
        let input = with(on("public"), &json!({ "tags": tags, "set-tags": tags }));
        assert_all(&outcomes(&host, &input).await, &setting, expected);
        assert_eq!(calls_of(&host, "GetObjectTagging"), 0, "nothing is to be looked up");
        assert_eq!(host.aws().s3().get("uploads", "new/a").is_some(), expected == "ok");
    }
}

#[tokio::test(start_paused = true)]
async fn the_parts_of_an_upload_carry_no_tags() {
    let red = "\"s3:RequestObjectTag/team\" = \"red\"";
    for (operator, team, expected) in [
        ("StringEqualsIfExists", "red", "ok"),
        ("StringEqualsIfExists", "blue", "AccessDenied"),
        // As in IAM: what begins the upload is allowed, and what sends a part has no tag that could be red.
        ("StringEquals", "red", "AccessDenied"),
    ] {
        let host = tagged().allow("s3:PutObject*", OBJECTS).on_condition(&format!("{operator}.{red}"));
        let input = json!({ "tags": [["team", team]], "upload-bytes": 6 << 20 });
        let found = outcomes(&host, &with(on("public"), &input)).await;
        assert_eq!(found["upload"], expected, "{operator} {team}");
        assert!(host.aws().s3().unfinished_uploads("uploads").is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_is_decided_on_by_its_own_tags() {
    let host = tagged()
        .allow("s3:GetObjectVersion*", OBJECTS)
        .on_condition(PUBLIC)
        .allow("s3:GetObject", OBJECTS)
        .on_condition(PUBLIC);
    let s3 = host.aws().s3();
    s3.enable_versioning("uploads").unwrap();
    s3.put("uploads", "a", NewObject::new("1").tag("class", "public")).unwrap();
    s3.put("uploads", "a", NewObject::new("2").tag("class", "secret")).unwrap();
    let versions = s3.versions("uploads", "a");
    let reading = ["get", "read", "head", "attributes", "presign", "get-tags"];
    let input = |version: &str| with(on("a"), &json!({ "version": version }));
    assert_all(&outcomes(&host, &input(&versions[1])).await, &reading, "ok");
    assert_all(&outcomes(&host, &input(&versions[0])).await, &reading, "AccessDenied");
    let current = host.call(program::S3_READ_OBJECT, &with(on("a"), &json!({ "max-bytes": 9 }))).await;
    assert_eq!(current, error("AccessDenied"), "the current version is the secret one");
}

#[tokio::test(start_paused = true)]
async fn a_look_up_is_in_the_audit_trail_as_what_it_is() {
    let host = tagged().allow("s3:GetObject", OBJECTS).on_condition(PUBLIC);
    let head = |key: &'static str| json!({ "bucket": "uploads", "key": key });
    assert!(host.call(program::S3_HEAD_OBJECT, &head("public")).await["ok"].is_object());

    let [look_up, called] = &host.audit().calls()[..] else { panic!("two calls") };
    assert_eq!(
        (look_up.operation, look_up.purpose, &look_up.outcome),
        ("GetObjectTagging", Some(Purpose::ExistingObjectTags), &Outcome::Success)
    );
    assert!(look_up.request_id.is_some() && look_up.resource.ends_with("uploads/public"));
    assert_eq!((called.operation, called.purpose), ("HeadObject", None));
    assert_eq!(serde_json::to_value(look_up).unwrap()["purpose"], "existing-object-tags");
    assert!(serde_json::to_value(called).unwrap().get("purpose").is_none());

    let [decision] = &host.audit().decisions()[..] else { panic!("the guest's own right alone") };
    assert_eq!((decision.action, decision.id), ("s3:GetObject", look_up.id));
    assert_eq!(called.id, look_up.id);
    assert_eq!(decision.context["s3:ExistingObjectTag/class"], "public");

    assert_eq!(host.call(program::S3_HEAD_OBJECT, &head("secret")).await, error("AccessDenied"));
    let denial = host.audit().denials().pop().unwrap();
    assert_eq!(denial.context["s3:ExistingObjectTag/class"], "secret");
    let Verdict::Deny { suggestion, .. } = denial.verdict else { panic!("a denial") };
    assert!(suggestion.contains("`StringEquals` of `s3:ExistingObjectTag/class`"), "{suggestion}");
    assert_eq!(calls_of(&host, "HeadObject"), 1, "what is denied is not sent");
}

#[tokio::test(start_paused = true)]
async fn nobody_pays_for_tags_that_decide_nothing() {
    let input = json!({ "bucket": "uploads", "key": "public" });
    for host in [
        tagged().allow("s3:GetObject", OBJECTS),
        tagged().allow("s3:GetObject", OBJECTS).allow("s3:GetObject", "*").on_condition(PUBLIC),
        tagged()
            .allow("s3:GetObject", OBJECTS)
            .deny("s3:GetObject", "arn:aws:s3:::other/*")
            .on_condition(SECRET),
        tagged().allow("s3:GetObject", OBJECTS).deny("s3:PutObjectTagging", "*").on_condition(SECRET),
    ] {
        assert!(host.call(program::S3_HEAD_OBJECT, &input).await["ok"].is_object());
        assert_eq!(requests(&host), 1);
    }
    let host = tagged().allow("s3:GetObject", "arn:aws:s3:::other/*").on_condition(PUBLIC);
    assert_eq!(host.call(program::S3_HEAD_OBJECT, &input).await, error("AccessDenied"));
    assert_eq!(requests(&host), 0, "nothing is looked up for whom nothing would allow it");
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_fails_denies() {
    let input = json!({ "bucket": "uploads", "key": "public" });
    for (fault, expected) in [
        (Fault::error("AccessDenied"), "AccessDenied"),
        (Fault::error("NoSuchBucket"), "AccessDenied"),
        (Fault::error("SomethingNew").with_status(http::StatusCode::NOT_FOUND), "AccessDenied"),
        (Fault::error("MethodNotAllowed"), "AccessDenied"),
        (Fault::throttle(), "Throttled"),
        (Fault::error("InternalError"), "Unavailable"),
    ] {
        // A `deny` that nobody could prove to hold, and an `allow`.
        for host in [
            tagged().allow("s3:GetObject", OBJECTS).deny("s3:GetObject", "*").on_condition(SECRET),
            tagged().allow("s3:GetObject", OBJECTS).on_condition(PUBLIC),
        ] {
            host.aws().faults().push(fault.clone().on("GetObjectTagging").always());
            assert_eq!(host.call(program::S3_HEAD_OBJECT, &input).await, error(expected), "{fault:?}");
            assert_eq!(calls_of(&host, "HeadObject"), 0);
            let [denial] = &host.audit().denials()[..] else { panic!("one denial") };
            let Verdict::Deny { reason, suggestion, .. } = &denial.verdict else { panic!("a denial") };
            assert!(reason.contains("they cannot be looked up"), "{reason}");
            assert!(suggestion.contains("`s3:GetObjectTagging`"), "{suggestion}");
            let [look_up] = &host.audit().calls()[..] else { panic!("one call") };
            assert!(matches!(look_up.outcome, Outcome::Failure { .. }));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_not_there_has_no_tags() {
    let input = json!({ "bucket": "uploads", "key": "none" });
    let host = tagged()
        .allow("s3:GetObject", OBJECTS)
        .allow("s3:ListBucket", "arn:aws:s3:::uploads")
        .deny("s3:GetObject", "*")
        .on_condition(SECRET);
    assert_eq!(host.call(program::S3_HEAD_OBJECT, &input).await, error("NoSuchKey"));
    let host = tagged().allow("s3:GetObject", OBJECTS).on_condition(PUBLIC);
    assert_eq!(host.call(program::S3_HEAD_OBJECT, &input).await, error("AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn a_look_up_counts_as_the_guests_own_call() {
    let input = json!({ "bucket": "uploads", "key": "public" });
    let host = |calls: u32| {
        tagged()
            .setting(&format!("quota.calls-per-run = {calls}"))
            .allow("s3:GetObject", OBJECTS)
            .on_condition(PUBLIC)
    };
    assert!(host(2).call(program::S3_HEAD_OBJECT, &input).await["ok"].is_object());
    let host = host(1);
    assert_eq!(host.call(program::S3_HEAD_OBJECT, &input).await, error("QuotaExceeded(\"calls-per-run\")"));
    assert_eq!(requests(&host), 1);
}
