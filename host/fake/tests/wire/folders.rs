use std::error::Error as _;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use innkeeper_fake::{Encryption, FakeAws, NewObject, SeedError, Snapshot};
use proptest::prelude::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

#[test]
fn seeds_buckets_and_objects_from_a_folder() {
    let dir = folder(&[
        ("s3/uploads/incoming/a.jpg", "jpeg"),
        ("s3/uploads/notes.txt", "text"),
        ("s3/uploads/no-extension", "?"),
        ("s3/uploads/%2Ehidden", "shown"),
        ("s3/uploads/.git/config", "skipped"),
        ("s3/empty/.gitkeep", ""),
        (".DS_Store", "skipped"),
    ]);
    let fake = FakeAws::new();
    let seeded = fake.seed(dir.path()).unwrap();
    assert_eq!((seeded.buckets, seeded.objects, seeded.bytes), (2, 4, 14));
    assert_eq!(fake.s3().buckets(), ["empty", "uploads"]);
    assert_eq!(fake.s3().keys("uploads"), [".hidden", "incoming/a.jpg", "no-extension", "notes.txt"]);
    let s3 = fake.s3();
    let content_type = |key: &str| s3.get("uploads", key).unwrap().headers.content_type.clone();
    assert_eq!(content_type("incoming/a.jpg").as_deref(), Some("image/jpeg"));
    assert_eq!(content_type("notes.txt").as_deref(), Some("text/plain"));
    assert_eq!(content_type("no-extension"), None);
    assert!(fake.calls().is_empty());
}

fn refused(dir: &tempfile::TempDir) -> String {
    let fake = FakeAws::new();
    let error = fake.seed(dir.path()).unwrap_err();
    assert!(fake.s3().buckets().is_empty(), "nothing is kept of a seed that failed");
    let prefix = dir.path().to_str().unwrap();
    let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    format!("{error}{cause}").replace(prefix, "DIR")
}

#[test]
fn names_the_place_of_what_is_no_seed() {
    let top = folder(&[("s3/bucket/key", ""), ("dynamodb/table", "")]);
    assert_eq!(
        refused(&top),
        "`DIR/dynamodb` is not part of a seed: known at the top of its folder are `s3`, `sqs` and `lambda`"
    );
    let file = folder(&[("s3", "")]);
    assert_eq!(
        refused(&file),
        "`DIR/s3` is not a folder: objects lie in `s3/BUCKET/`, queues in `sqs/`, functions in `lambda/`"
    );
    let object = folder(&[("s3/key", "")]);
    assert_eq!(
        refused(&object),
        "`DIR/s3/key` is not a folder: objects lie in `s3/BUCKET/`, queues in `sqs/`, functions in `lambda/`"
    );
    let bucket = folder(&[("s3/fine/key", ""), ("s3/My_Bucket/key", "")]);
    assert_eq!(
        refused(&bucket),
        "cannot seed `DIR/s3/My_Bucket`: `My_Bucket` is not a bucket name: 3 to 63 of a-z, 0-9, `.` and `-`, starting \
         and ending with a letter or digit"
    );
    let escape = folder(&[("s3/bucket/100%.txt", "")]);
    assert_eq!(
        refused(&escape),
        "`DIR/s3/bucket/100%.txt` is not the path of a key: a `%` in a name is written `%25`"
    );
    let twice = folder(&[("s3/bucket/a", ""), ("s3/bucket/%61", "")]);
    assert_eq!(refused(&twice), "`DIR/s3/bucket/a` has the key `a`, and so does another file");
    let missing = FakeAws::new().seed("/no/such/folder").unwrap_err();
    assert_eq!(missing.to_string(), "cannot read `/no/such/folder`");
}

#[test]
fn refuses_names_that_are_not_utf8() {
    let dir = folder(&[("s3/bucket/key", "")]);
    fs::write(dir.path().join("s3/bucket").join(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap();
    assert!(matches!(FakeAws::new().seed(dir.path()), Err(SeedError::NotUtf8 { .. })));
}

#[test]
fn follows_links_within_the_folder_and_none_out_of_it() {
    let dir = folder(&[("s3/bucket/real", "text"), ("s3/other/x", "")]);
    std::os::unix::fs::symlink("../bucket/real", dir.path().join("s3/other/link")).unwrap();
    let fake = FakeAws::new();
    fake.seed(dir.path()).unwrap();
    assert_eq!(fake.s3().get("other", "link").unwrap().body, "text");

    std::os::unix::fs::symlink("/etc/hostname", dir.path().join("s3/other/absolute")).unwrap();
    assert_eq!(refused(&dir), "cannot read `DIR/s3/other/absolute`: a path led outside of the filesystem");
    fs::remove_file(dir.path().join("s3/other/absolute")).unwrap();
    std::os::unix::fs::symlink("../../../../../etc/hostname", dir.path().join("s3/other/relative")).unwrap();
    assert_eq!(refused(&dir), "cannot read `DIR/s3/other/relative`: a path led outside of the filesystem");
    fs::remove_file(dir.path().join("s3/other/relative")).unwrap();
    std::os::unix::fs::symlink("..", dir.path().join("s3/other/loop")).unwrap();
    assert_eq!(refused(&dir), "`DIR/s3/other/loop` is neither a file nor a folder, nor a link to a file");
}

#[test]
fn saves_what_was_added_and_changed() {
    let fake = FakeAws::new();
    let s3 = fake.s3();
    s3.create_bucket("bucket").unwrap();
    s3.put("bucket", "same", "1").unwrap();
    s3.put("bucket", "changed", "1").unwrap();
    s3.put("bucket", "removed", "1").unwrap();
    let before = fake.snapshot();
    s3.put("bucket", "changed", "2").unwrap();
    s3.put("bucket", "thumbs/a.png", "png").unwrap();
    s3.delete("bucket", "removed");
    s3.create_bucket("empty").unwrap();
    let out = tempfile::tempdir().unwrap();
    let changes = before.changes_to(&fake.snapshot());
    let saved = changes.save(out.path().join("new/out")).unwrap();
    assert_eq!(saved.bytes, 4);
    assert_eq!(saved.objects[1].path, out.path().join("new/out/s3/bucket/thumbs/a.png"));
    let seeded = FakeAws::new();
    seeded.seed(out.path().join("new/out")).unwrap();
    assert_eq!(seeded.s3().buckets(), ["bucket", "empty"]);
    assert_eq!(seeded.s3().keys("bucket"), ["changed", "thumbs/a.png"]);
    // Again, over what is there.
    s3.put("bucket", "changed", "3").unwrap();
    before.changes_to(&fake.snapshot()).save(out.path().join("new/out")).unwrap();
    assert_eq!(fs::read(out.path().join("new/out/s3/bucket/changed")).unwrap(), b"3");
}

#[test]
fn writes_through_no_link_that_lies_in_the_folder() {
    let (out, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("file"), "untouched").unwrap();
    fs::create_dir_all(out.path().join("s3/bucket")).unwrap();
    std::os::unix::fs::symlink(outside.path(), out.path().join("s3/bucket/dir")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("file"), out.path().join("s3/bucket/file")).unwrap();
    let fake = FakeAws::new();
    fake.s3().create_bucket("bucket").unwrap();
    let before = fake.snapshot();
    fake.s3().put("bucket", "file", "mine").unwrap();
    before.changes_to(&fake.snapshot()).save(out.path()).unwrap();
    assert_eq!(fs::read(out.path().join("s3/bucket/file")).unwrap(), b"mine");
    fake.s3().put("bucket", "dir/file", "mine").unwrap();
    assert!(before.changes_to(&fake.snapshot()).save(out.path()).is_err());
    assert_eq!(fs::read(outside.path().join("file")).unwrap(), b"untouched");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

fn saved_again(keys: &[String]) -> Vec<String> {
    let fake = FakeAws::new();
    fake.s3().create_bucket("bucket").unwrap();
    for key in keys {
        fake.s3().put("bucket", key, key.clone()).unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    Snapshot::default().changes_to(&fake.snapshot()).save(&out).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "something was written beside the folder");
    let seeded = FakeAws::new();
    seeded.seed(&out).unwrap();
    let keys = seeded.s3().keys("bucket");
    for key in &keys {
        assert_eq!(seeded.s3().get("bucket", key).unwrap().text(), Some(key.as_str()));
    }
    keys
}

#[test]
fn hostile_keys_are_saved_inside_the_folder_and_read_back() {
    let mut keys: Vec<String> = [
        "../x",
        "../../../../x",
        "/absolute",
        "a//b",
        "a",
        "a/",
        "a/b",
        "nul\0",
        ".",
        "..",
        "./x",
        "%2E%2E/x",
        "%empty",
        "x%file",
        "c:\\x",
        "\n",
        "\u{7f}",
        "-rf",
        "~",
        "con",
    ]
    .map(str::to_owned)
    .to_vec();
    keys.push("é".repeat(512));
    keys.push("%".repeat(1024));
    keys.sort();
    assert_eq!(saved_again(&keys), keys);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_keys_are_saved_and_read_back(keys in prop::collection::btree_set("([a-b./%\\\\\u{0}é+]|\\PC){1,12}", 1..8)) {
        let keys: Vec<_> = keys.into_iter().collect();
        prop_assert_eq!(saved_again(&keys), keys);
    }
}

#[test]
fn what_is_said_about_objects_is_saved_and_read_back() {
    let headers = |object: NewObject| object.content_type("text/x-odd").metadata("Camera", "Leica ü");
    let fake = FakeAws::new();
    let s3 = fake.s3();
    s3.create_bucket("bucket").unwrap();
    s3.put("bucket", "../hostile\0key", headers(NewObject::new("1")).tag("team", "a b")).unwrap();
    s3.put("bucket", "cold.txt", NewObject::new("2").content_type("text/plain").storage_class("GLACIER"))
        .unwrap();
    s3.put("bucket", "untyped.txt", "3").unwrap();
    s3.put("bucket", "secret", NewObject::new("6").encryption(Encryption::kms("alias/key"))).unwrap();
    s3.put("bucket", "plain.txt", NewObject::new("4").content_type("text/plain")).unwrap();
    s3.put("bucket", ".innkeeper.json", headers(NewObject::new("5"))).unwrap();
    let dir = tempfile::tempdir().unwrap();
    Snapshot::default().changes_to(&fake.snapshot()).save(dir.path()).unwrap();

    let seeded = FakeAws::new();
    seeded.seed(dir.path()).unwrap();
    assert!(fake.snapshot().changes_to(&seeded.snapshot()).is_empty());
    let document = fs::read_to_string(dir.path().join("s3/bucket/.innkeeper.json")).unwrap();
    assert!(document.contains("\"content-type\": null") && !document.contains("plain.txt"), "{document}");

    // Saving one of them again leaves what is said about the others.
    let before = seeded.snapshot();
    seeded.s3().put("bucket", "cold.txt", NewObject::new("2").content_type("text/plain")).unwrap();
    before.changes_to(&seeded.snapshot()).save(dir.path()).unwrap();
    let again = FakeAws::new();
    again.seed(dir.path()).unwrap();
    assert_eq!(again.s3().get("bucket", "cold.txt").unwrap().storage_class(), "STANDARD");
    assert_eq!(again.s3().get("bucket", "../hostile\0key").unwrap().metadata("camera"), Some("Leica ü"));
}

#[test]
fn names_the_place_of_what_is_wrong_about_an_object() {
    let dir = folder(&[
        ("s3/bucket/key", "x"),
        ("s3/bucket/.innkeeper.json", "{\n  \"objects\": { \"key\": { \"colour\": 1 } }\n}"),
    ]);
    let message = refused(&dir);
    assert!(message.starts_with("`DIR/s3/bucket/.innkeeper.json` is not a document of"), "{message}");
    assert!(message.contains("unknown field `colour`") && message.contains("line 2 column"), "{message}");
    let dir = folder(&[
        ("s3/bucket/key", "x"),
        ("s3/bucket/.innkeeper.json", "{\n  \"objects\": { \"key\": { \"customer-key-md5\": \"eA==\" } }\n}"),
    ]);
    let message = refused(&dir);
    assert!(message.contains("`eA==` is no MD5 in base64") && message.contains("line 2 column"), "{message}");
    let fake = FakeAws::new();
    fake.s3().create_bucket("bucket").unwrap();
    let before = fake.snapshot();
    fake.s3().put("bucket", "other", NewObject::new("x").tag("a", "b")).unwrap();
    let error = before.changes_to(&fake.snapshot()).save(dir.path()).unwrap_err();
    assert!(error.to_string().contains(".innkeeper.json"), "{error}");
}

#[test]
fn reads_what_a_person_has_written_about_objects() {
    let document = r#"{ "objects": { "a.txt": { "tags": { "x": "1" } }, "b.txt": { "content-type": null }, "gone": {} } }"#;
    let dir = folder(&[
        ("s3/bucket/a.txt", "1"),
        ("s3/bucket/b.txt", "2"),
        ("s3/bucket/.innkeeper.json", document),
    ]);
    let fake = FakeAws::new();
    assert_eq!(fake.seed(dir.path()).unwrap().objects, 2);
    let typed = fake.s3().get("bucket", "a.txt").unwrap();
    assert_eq!((typed.headers.content_type.as_deref(), typed.tags["x"].as_str()), (Some("text/plain"), "1"));
    assert_eq!(fake.s3().get("bucket", "b.txt").unwrap().headers.content_type, None);
}
