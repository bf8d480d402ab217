use aws_sdk_s3::Client;

use crate::aws::{bucket, coded, error};
use crate::multipart::{bytes, create, part};

#[tokio::test(start_paused = true)]
async fn lists_parts_page_by_page() {
    let (_, client) = bucket();
    let id = create(&client, "key").await;
    for number in [1, 2, 5, 7, 9] {
        part(&client, &id, number, bytes(usize::try_from(number).unwrap(), 0)).await;
    }
    let mut pages =
        client.list_parts().bucket("bucket").key("key").upload_id(&id).max_parts(2).into_paginator().send();
    let (mut listed, mut count) = (Vec::new(), 0);
    while let Some(page) = pages.next().await {
        count += 1;
        let page = page.unwrap();
        listed.extend(page.parts().iter().map(|part| (part.part_number().unwrap(), part.size().unwrap())));
    }
    assert_eq!(listed, [(1, 1), (2, 2), (5, 5), (7, 7), (9, 9)]);
    assert_eq!(count, 3);
    let none =
        client.list_parts().bucket("bucket").key("key").upload_id(&id).max_parts(0).send().await.unwrap();
    assert_eq!((none.parts().len(), none.is_truncated()), (0, Some(false)));
    let negative = client.list_parts().bucket("bucket").key("key").upload_id(&id).max_parts(-1).send().await;
    assert_eq!(error(negative), coded(400, "InvalidArgument"));
}

/// Every upload of a listing, page by page: keys with upload ids, and common prefixes.
async fn uploads(
    client: &Client,
    prefix: &str,
    delimiter: Option<&str>,
    max: i32,
) -> (Vec<(String, String)>, Vec<String>) {
    let (mut uploads, mut prefixes) = (Vec::new(), Vec::new());
    let (mut key, mut id) = (None, None);
    loop {
        let list = client.list_multipart_uploads().bucket("bucket").prefix(prefix).max_uploads(max);
        let list =
            list.set_delimiter(delimiter.map(str::to_owned)).set_key_marker(key).set_upload_id_marker(id);
        let page = list.send().await.unwrap();
        assert!(page.uploads().len() + page.common_prefixes().len() <= usize::try_from(max).unwrap());
        let entry = |upload: &aws_sdk_s3::types::MultipartUpload| {
            (upload.key().unwrap().to_owned(), upload.upload_id().unwrap().to_owned())
        };
        uploads.extend(page.uploads().iter().map(entry));
        prefixes.extend(page.common_prefixes().iter().map(|prefix| prefix.prefix().unwrap().to_owned()));
        if page.is_truncated() != Some(true) {
            return (uploads, prefixes);
        }
        (key, id) = (page.next_key_marker, page.next_upload_id_marker);
    }
}

#[tokio::test(start_paused = true)]
async fn lists_uploads_page_by_page_and_rolled_up() {
    let (fake, client) = bucket();
    for key in ["a", "a", "a", "b/1", "b/2", "c/1", "d"] {
        create(&client, key).await;
    }
    let expected = fake.s3().unfinished_uploads("bucket");
    for max in 1..=8 {
        let (listed, prefixes) = uploads(&client, "", None, max).await;
        assert_eq!((listed, prefixes.len()), (expected.clone(), 0), "{max}");
        let (listed, prefixes) = uploads(&client, "", Some("/"), max).await;
        assert_eq!(
            listed.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(),
            ["a", "a", "a", "d"],
            "{max}"
        );
        assert_eq!(prefixes, ["b/", "c/"], "{max}");
        let (listed, _) = uploads(&client, "b/", None, max).await;
        assert_eq!(listed.len(), 2, "{max}");
    }
    let missing = client.list_multipart_uploads().bucket("missing").send().await;
    assert_eq!(error(missing), coded(404, "NoSuchBucket"));
}
