use aws_sdk_s3::types::EncodingType;
use innkeeper_fake::FakeAws;
use proptest::prelude::*;

use crate::aws::{bucket, client, coded, error};

fn filled(keys: &[&str]) -> (FakeAws, aws_sdk_s3::Client) {
    let (fake, client) = bucket();
    for key in keys {
        fake.s3().put("bucket", *key, "x").unwrap();
    }
    (fake, client)
}

#[tokio::test(start_paused = true)]
async fn lists_entries_in_full() {
    let (fake, client) = filled(&["a", "b/c"]);
    let page = client.list_objects_v2().bucket("bucket").fetch_owner(true).send().await.unwrap();
    assert_eq!((page.key_count(), page.is_truncated(), page.max_keys()), (Some(2), Some(false), Some(1000)));
    let entry = &page.contents()[0];
    assert_eq!((entry.key(), entry.size()), (Some("a"), Some(1)));
    assert_eq!(entry.e_tag(), Some(&*format!("\"{}\"", fake.s3().get("bucket", "a").unwrap().etag)));
    assert_eq!(entry.last_modified().unwrap().secs(), 1_767_225_600);
    assert_eq!(entry.storage_class().map(|class| class.as_str().to_owned()).as_deref(), Some("STANDARD"));
    assert_eq!(entry.owner().unwrap().id().unwrap().len(), 64);
    let without = client.list_objects_v2().bucket("bucket").send().await.unwrap();
    assert!(without.contents()[0].owner().is_none());
    assert_eq!(error(client.list_objects_v2().bucket("missing").send().await), coded(404, "NoSuchBucket"));
}

#[tokio::test(start_paused = true)]
async fn goes_on_where_a_page_ended() {
    let (_, client) = filled(&["a", "b", "c", "d"]);
    let list = || client.list_objects_v2().bucket("bucket").max_keys(3);
    let first = list().send().await.unwrap();
    assert_eq!((first.is_truncated(), first.key_count()), (Some(true), Some(3)));
    let token = first.next_continuation_token().unwrap();
    let second = list().continuation_token(token).send().await.unwrap();
    assert_eq!(second.contents()[0].key(), Some("d"));
    assert_eq!(second.next_continuation_token(), None);
    let started = list().start_after("b").send().await.unwrap();
    assert_eq!(started.contents()[0].key(), Some("c"));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_worthless_to_another_listing() {
    let (fake, client) = filled(&["a", "b", "c"]);
    fake.s3().create_bucket("other").unwrap();
    let first = client.list_objects_v2().bucket("bucket").max_keys(1).send().await.unwrap();
    let token = first.next_continuation_token().unwrap().to_owned();
    for list in [
        client.list_objects_v2().bucket("other").continuation_token(&token),
        client.list_objects_v2().bucket("bucket").prefix("a").continuation_token(&token),
        client.list_objects_v2().bucket("bucket").delimiter("/").continuation_token(&token),
        client.list_objects_v2().bucket("bucket").continuation_token("nonsense"),
        client.list_objects_v2().bucket("bucket").continuation_token("é".repeat(9)),
    ] {
        assert_eq!(error(list.send().await), coded(400, "InvalidArgument"));
    }
}

#[tokio::test(start_paused = true)]
async fn encodes_keys_when_told_to() {
    let (_, client) = filled(&["quux ab/thud", "asdf+b", "a~b*c d", "foo/bar", "odd\u{1}"]);
    let list = client.list_objects_v2().bucket("bucket").delimiter("/").encoding_type(EncodingType::Url);
    let page = list.send().await.unwrap();
    let keys: Vec<_> = page.contents().iter().filter_map(|entry| entry.key()).collect();
    assert_eq!(keys, ["asdf%2Bb", "a%7Eb*c+d", "odd%01"]);
    let prefixes: Vec<_> = page.common_prefixes().iter().filter_map(|prefix| prefix.prefix()).collect();
    assert_eq!(prefixes, ["foo/", "quux+ab/"]);
    let list = client.list_objects_v2().bucket("bucket").encoding_type(EncodingType::from("base64"));
    assert_eq!(error(list.send().await), coded(400, "InvalidArgument"));
}

#[tokio::test(start_paused = true)]
async fn bounds_the_page() {
    let (_, client) = filled(&["a"]);
    let list = |max| client.list_objects_v2().bucket("bucket").max_keys(max).send();
    let none = list(0).await.unwrap();
    assert_eq!((none.key_count(), none.is_truncated()), (Some(0), Some(false)));
    assert_eq!(list(5000).await.unwrap().max_keys(), Some(1000));
    assert_eq!(error(list(-1).await), coded(400, "InvalidArgument"));
}

#[tokio::test(start_paused = true)]
async fn version_one_goes_on_by_marker() {
    let (_, client) = filled(&["a/1", "a/2", "b", "c/1"]);
    let list = |marker: &str| {
        client.list_objects().bucket("bucket").delimiter("/").max_keys(1).marker(marker).send()
    };
    let first = list("").await.unwrap();
    assert_eq!(first.common_prefixes()[0].prefix(), Some("a/"));
    assert_eq!((first.is_truncated(), first.next_marker()), (Some(true), Some("a/")));
    let second = list("a/").await.unwrap();
    assert_eq!((second.contents()[0].key(), second.next_marker()), (Some("b"), Some("b")));
    let third = list("b").await.unwrap();
    assert_eq!((third.is_truncated(), third.next_marker()), (Some(false), None));
    let plain = client.list_objects().bucket("bucket").max_keys(1).send().await.unwrap();
    assert_eq!((plain.is_truncated(), plain.next_marker()), (Some(true), None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_paginator_gives_every_key_in_byte_order(keys in prop::collection::btree_set("[a-c/é😀 +]{1,5}", 0..25), max in 1i32..7) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let keys: Vec<_> = keys.into_iter().collect();
        let listed = runtime.block_on(async {
            let fake = FakeAws::new();
            fake.s3().create_bucket("bucket").unwrap();
            for key in &keys {
                fake.s3().put("bucket", key, "x").unwrap();
            }
            let mut pages = client(&fake).list_objects_v2().bucket("bucket").max_keys(max).into_paginator().send();
            let mut listed = Vec::new();
            while let Some(page) = pages.next().await {
                listed.extend(page.unwrap().contents().iter().filter_map(|entry| entry.key()).map(str::to_owned));
            }
            listed
        });
        prop_assert_eq!(listed, keys);
    }
}
