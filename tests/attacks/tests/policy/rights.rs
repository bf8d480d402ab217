//! Operations that need more than one right, or a right for longer than a moment; and what belongs to others.

use std::time::Duration;

use innkeeper::CallError;
use innkeeper_attacks::{Sent, Siege, core_guest};
use innkeeper_fake::NewObject;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{DENIED, TRIES, is_denied, is_granted, is_invalid, on_key, with};

fn copy() -> Value {
    json!({ "do": "s3.copy", "bucket": "uploads", "key": "to/k", "source-bucket": "uploads", "source-key": "from/k" })
}

#[tokio::test(start_paused = true)]
async fn a_copy_with_the_right_to_read_or_to_write_alone() {
    const SOURCE: &str = "arn:aws:s3:::uploads/from/*";
    const DESTINATION: &str = "arn:aws:s3:::uploads/to/*";
    let siege = || {
        let siege = Siege::new();
        siege.aws().s3().put("uploads", "from/k", NewObject::new("secret").tag("secret", "tag")).unwrap();
        siege
    };
    let untagged = with(copy(), json!({ "replace-tags": true }));
    let tagged = with(copy(), json!({ "replace-tags": true, "tags": [["a", "b"]] }));
    let versioned = with(untagged.clone(), json!({ "source-version": "null" }));
    for (rights, call) in [
        (vec![("s3:GetObject", SOURCE)], &untagged),
        (vec![("s3:PutObject", DESTINATION)], &untagged),
        // The rights are there, the other way round.
        (vec![("s3:GetObject", DESTINATION), ("s3:PutObject", SOURCE)], &untagged),
        // The tags of the source are a right of their own, and so are those of the copy.
        (vec![("s3:GetObject", SOURCE), ("s3:PutObject", DESTINATION)], &copy()),
        (
            vec![("s3:GetObject", SOURCE), ("s3:PutObject", DESTINATION), ("s3:GetObjectTagging", SOURCE)],
            &copy(),
        ),
        (vec![("s3:GetObject", SOURCE), ("s3:PutObject", DESTINATION)], &tagged),
        // So is a version of the source.
        (vec![("s3:GetObject", SOURCE), ("s3:PutObject", DESTINATION)], &versioned),
    ] {
        let siege = rights.iter().fold(siege(), |siege, (action, on)| siege.allow(action, on));
        let besieged = siege.attacker(TRIES).await;
        assert_eq!(besieged.tries_one(call.clone()).await, DENIED, "{rights:?}");
        assert_eq!(siege.aws().s3().keys("uploads"), ["from/k"]);
        // That an object has tags is seen from its head, which the guest may see.
        let writes = siege.sent().into_iter().filter(|sent| sent.method != "HEAD").count();
        assert_eq!(writes, 0, "{rights:?}");
    }
    let siege = siege().allow("s3:GetObject", SOURCE).allow("s3:PutObject", DESTINATION);
    let besieged = siege.attacker(TRIES).await;
    is_granted(&besieged, untagged).await;
    assert_eq!(siege.aws().s3().keys("uploads"), ["from/k", "to/k"]);
}

#[tokio::test(start_paused = true)]
async fn a_version_with_the_right_to_the_object_alone() {
    let siege = [
        "GetObject",
        "PutObject",
        "DeleteObject",
        "GetObjectTagging",
        "PutObjectTagging",
        "DeleteObjectTagging",
    ]
    .iter()
    .fold(Siege::new(), |siege, action| siege.allow(&format!("s3:{action}"), "arn:aws:s3:::uploads/*"))
    .allow("s3:GetObjectAttributes", "arn:aws:s3:::uploads/*")
    .allow("s3:RestoreObject", "arn:aws:s3:::uploads/*")
    .allow("s3:ListBucket", "arn:aws:s3:::uploads");
    let s3 = siege.aws().s3();
    s3.enable_versioning("uploads").unwrap();
    s3.put("uploads", "k", "what it was").unwrap();
    s3.put("uploads", "k", "what it is").unwrap();
    let versions = s3.versions("uploads", "k");
    assert_eq!(versions.len(), 2);
    let besieged = siege.attacker(TRIES).await;
    assert_eq!(is_granted(&besieged, on_key("s3.read", "k")).await, "what it is");
    for version in versions.iter().map(String::as_str).chain(["null", "another"]) {
        for call in [
            "s3.read",
            "s3.head",
            "s3.delete",
            "s3.tags",
            "s3.set-tags",
            "s3.delete-tags",
            "s3.attributes",
            "s3.presign-get",
        ] {
            let call = with(on_key(call, "k"), json!({ "version": version, "tags": [["a", "b"]] }));
            is_denied(&siege, &besieged, call).await;
        }
        let objects = json!([{ "key": "k", "version": version }]);
        siege.forget_sent();
        let many = json!({ "do": "s3.delete-many", "bucket": "uploads", "objects": objects });
        assert_eq!(is_granted(&besieged, many).await, json!([DENIED]));
        assert_eq!(siege.sent(), []);
    }
    is_denied(&siege, &besieged, json!({ "do": "s3.versions", "bucket": "uploads" })).await;
    assert_eq!(siege.aws().s3().versions("uploads", "k"), versions);
}

#[tokio::test(start_paused = true)]
async fn many_deleted_with_one_that_is_not_granted() {
    let siege = Siege::new().allow("s3:DeleteObject", "arn:aws:s3:::uploads/mine/*");
    for key in ["mine/a", "mine/b", "yours/a", "mine"] {
        siege.aws().s3().put("uploads", key, "x").unwrap();
    }
    let besieged = siege.attacker(TRIES).await;
    let objects = json!([
        { "key": "mine/a" }, { "key": "yours/a" }, { "key": "mine/b" }, { "key": "mine" },
        { "key": "yours/missing" }, { "key": "mine/../yours/a" }, { "key": "mine/a", "version": "null" },
    ]);
    let many = json!({ "do": "s3.delete-many", "bucket": "uploads", "objects": objects });
    let outcome = is_granted(&besieged, many).await;
    // `mine/../yours/a` is below `mine/`, to IAM and to S3, where there is no such object to be deleted.
    let expected = json!(["deleted", DENIED, "deleted", DENIED, DENIED, "deleted", DENIED]);
    assert_eq!(outcome, expected);
    assert_eq!(siege.aws().s3().keys("uploads"), ["mine", "yours/a"]);
    let body = siege.only_sent().text();
    assert!(body.contains("<Key>mine/a</Key>") && !body.contains("<Key>yours"), "{body}");
    assert!(!body.contains("VersionId"), "{body}");

    siege.forget_sent();
    let none = json!({ "do": "s3.delete-many", "bucket": "uploads", "objects": [{ "key": "yours/a" }] });
    assert_eq!(is_granted(&besieged, none).await, json!([DENIED]));
    assert_eq!(siege.sent(), [], "nothing is left to ask for");
}

#[tokio::test(start_paused = true)]
async fn an_upload_in_parts_that_is_begun_with_a_right_and_finished_after_its_end() {
    // The right ends in an hour; the guest begins now, and goes on in two. Whether or not a part has been sent before the end of the
    // right, and whether or not one is to be sent after it.
    const PART: u64 = (5 << 20) + 1;
    for (bytes, more) in [(PART, PART), (PART, 0), (1, 1)] {
        let siege = Siege::new().setting("limits.timeout = \"3h\"");
        let end = OffsetDateTime::from(siege.aws().now() + Duration::from_hours(1)).format(&Rfc3339).unwrap();
        let siege = siege.statement(&format!(
            "[[guest.attacker.allow]]\nactions = [\"s3:PutObject\"]\nresources = [\"arn:aws:s3:::uploads/*\"]\n\
             condition.DateLessThan.\"aws:CurrentTime\" = \"{end}\""
        ));
        // The guest lets time go by waiting for an object that never comes.
        let siege = siege
            .allow("s3:GetObject", "arn:aws:s3:::uploads/never")
            .allow("s3:ListBucket", "arn:aws:s3:::uploads");
        let besieged = siege.attacker(TRIES).await;
        let upload = |pause: u64| {
            with(on_key("s3.upload", "k"), json!({ "bytes": bytes, "pause": pause, "more": more }))
        };
        is_granted(&besieged, upload(60)).await;
        assert!(siege.aws().s3().delete("uploads", "k"));

        siege.forget_sent();
        assert_eq!(besieged.tries_one(upload(7_200)).await, DENIED, "{bytes} {more}");
        assert_eq!(siege.aws().s3().keys("uploads"), Vec::<String>::new(), "{bytes} {more}");
        let unfinished = siege.aws().s3().unfinished_uploads("uploads");
        assert_eq!(unfinished, [], "it is given up, with the leave that was had at its beginning");
        let finished = |sent: &Sent| sent.method == "POST" && sent.query().contains("uploadId");
        assert!(!siege.sent().iter().any(finished), "{bytes} {more}");
        // By now the right is gone altogether.
        is_denied(&siege, &besieged, upload(0)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_upload_id_of_somebody_else() {
    let siege = Siege::new().allow("s3:*", "arn:aws:s3:::uploads/mine/*");
    let other = innkeeper_tests::s3::client(siege.aws()).await;
    let begun = other.create_multipart_upload().bucket("uploads").key("yours/k").send().await.unwrap();
    let upload = begun.upload_id().unwrap();
    let besieged = siege.attacker(TRIES).await;
    let abort = |key: &str, upload: &str| with(on_key("s3.abort", key), json!({ "upload": upload }));
    is_denied(&siege, &besieged, abort("yours/k", upload)).await;
    is_denied(&siege, &besieged, json!({ "do": "s3.uploads", "bucket": "uploads" })).await;
    // Under a key that it may write to: to S3 an id without its key is none, and so it is to the guest.
    for key in ["mine/k", "mine/../yours/k"] {
        for upload in [upload, "another"] {
            assert_eq!(besieged.tries_one(abort(key, upload)).await, "error: NoSuchUpload", "{key}");
        }
    }
    siege.forget_sent();
    for upload in
        ["", "a&partNumber=1", "a b", "a#", "\u{e9}", "a\r\nb", &"A".repeat(1_025), &"A".repeat(1 << 20)]
    {
        let outcome = besieged.tries_one(abort("mine/k", upload)).await;
        let sent = siege.sent();
        // What could be an id is sent as one parameter; all else is not sent.
        assert!(outcome == "error: NoSuchUpload" || is_invalid(&outcome), "{upload:.20?}: {outcome}");
        assert!(sent.iter().all(|sent| sent.query().matches('&').count() <= 1), "{sent:?}");
        siege.forget_sent();
    }
    assert_eq!(siege.aws().s3().unfinished_uploads("uploads").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_handles_of_another_run_and_of_another_guest() {
    // Called with input, the guest opens a bucket, and so has handle 1; called without, it uses all that there could be.
    let imports = r#"
        (import "innkeeper:aws/s3@0.2.0" "[static]bucket.open" (func $open (param i32 i32 i32)))
        (import "innkeeper:aws/s3@0.2.0" "[method]bucket.delete-object" (func $delete
            (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#;
    let options = "(i32.const 0) ".repeat(6);
    for handle in [1, 2, 3, 4, 64, 1_000] {
        let run = format!(
            "(if (local.get $length) (then
                (call $open (i32.const 0) (i32.const 7) (i32.const 64))
                (return (call $answer (i32.const 0) (i32.const 7)))))
             (call $delete (i32.const {handle}) (i32.const 0) (i32.const 7) {options} (i32.const 128))
             (unreachable)"
        );
        let wat = core_guest(imports, "(data (i32.const 0) \"uploads\")", &run);
        let siege = Siege::new().allow_all_of_s3();
        let besieged = siege.attacker(wat).await;
        assert_eq!(besieged.attack(b"open").await.unwrap().output, b"uploads");
        assert_eq!(besieged.accomplice().run(b"open").await.unwrap().output, b"uploads");
        match besieged.attack(b"").await.unwrap_err() {
            CallError::Trap { reason, .. } => assert!(reason.contains("handle"), "{handle}: {reason}"),
            other => panic!("{other}"),
        }
        assert_eq!(siege.sent(), []);
    }
}
