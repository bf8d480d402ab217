use std::sync::LazyLock;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::complete_multipart_upload::builders::CompleteMultipartUploadFluentBuilder;
use aws_sdk_s3::operation::upload_part::UploadPartOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart, StorageClass,
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use innkeeper_fake::{ChecksumKind, FakeAws, Fault};
use md5::{Digest as _, Md5};
use proptest::prelude::*;
use sha2::Sha256;

use crate::aws::{bucket, coded, error};

const MIB: usize = 1024 * 1024;

/// Bytes that differ from place to place, so that a part in the wrong one shows.
pub(crate) fn bytes(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|index| (index / 7 + usize::from(seed)).to_le_bytes()[0]).collect()
}

pub(crate) async fn create(client: &Client, key: &str) -> String {
    let upload = client.create_multipart_upload().bucket("bucket").key(key).send().await.unwrap();
    upload.upload_id.unwrap()
}

pub(crate) async fn part(client: &Client, id: &str, number: i32, body: Vec<u8>) -> CompletedPart {
    let part = client.upload_part().bucket("bucket").key("key").upload_id(id).part_number(number);
    completed(number, &part.body(ByteStream::from(body)).send().await.unwrap())
}

fn completed(number: i32, part: &UploadPartOutput) -> CompletedPart {
    CompletedPart::builder()
        .part_number(number)
        .set_e_tag(part.e_tag.clone())
        .set_checksum_crc32(part.checksum_crc32.clone())
        .set_checksum_crc32_c(part.checksum_crc32_c.clone())
        .set_checksum_crc64_nvme(part.checksum_crc64_nvme.clone())
        .set_checksum_sha1(part.checksum_sha1.clone())
        .set_checksum_sha256(part.checksum_sha256.clone())
        .build()
}

fn bare(number: i32, etag: &str) -> CompletedPart {
    CompletedPart::builder().part_number(number).e_tag(etag).build()
}

fn complete(client: &Client, id: &str, parts: Vec<CompletedPart>) -> CompleteMultipartUploadFluentBuilder {
    let upload = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    client.complete_multipart_upload().bucket("bucket").key("key").upload_id(id).multipart_upload(upload)
}

#[tokio::test(start_paused = true)]
async fn parts_become_an_object_with_everything_that_was_said_at_the_start() {
    let (fake, client) = bucket();
    let upload = client
        .create_multipart_upload()
        .bucket("bucket")
        .key("key")
        .content_type("video/mp4")
        .content_language("en")
        .cache_control("no-store")
        .metadata("Camera", "Leica")
        .tagging("team=a&stage=b")
        .storage_class(StorageClass::StandardIa)
        .send()
        .await
        .unwrap();
    let id = upload.upload_id().unwrap();
    let (first, second) = (bytes(5 * MIB, 1), bytes(10, 2));
    // Out of order, and the second of them twice: the later one counts.
    let last = part(&client, id, 2, bytes(3, 9)).await;
    let last = {
        drop(last);
        part(&client, id, 2, second.clone()).await
    };
    let parts = vec![part(&client, id, 1, first.clone()).await, last];
    assert!(fake.s3().get("bucket", "key").is_none());
    let done = complete(&client, id, parts).send().await.unwrap();

    let digests = [Md5::digest(&first), Md5::digest(&second)].concat();
    let etag = format!("{}-2", hex::encode(Md5::digest(digests)));
    assert_eq!(done.e_tag(), Some(&*format!("\"{etag}\"")));
    assert_eq!(done.location(), Some("https://bucket.s3.eu-west-1.amazonaws.com/key"));
    let object = fake.s3().get("bucket", "key").unwrap();
    assert!(object.body == [first, second].concat(), "the bytes differ");
    assert_eq!((object.content_type(), object.metadata("camera")), ("video/mp4", Some("Leica")));
    assert_eq!(object.headers.content_language.as_deref(), Some("en"));
    assert_eq!(object.storage_class(), "STANDARD_IA");
    assert_eq!((object.tags["team"].as_str(), object.tags["stage"].as_str()), ("a", "b"));
    assert_eq!(object.parts.iter().map(|part| part.size).collect::<Vec<_>>(), [5 * 1024 * 1024, 10]);
    assert!(fake.s3().unfinished_uploads("bucket").is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_is_not_there_is_no_upload() {
    let (_, client) = bucket();
    let id = create(&client, "key").await;
    let missing = |key: &str, id: &str| {
        client
            .upload_part()
            .bucket("bucket")
            .key(key)
            .upload_id(id)
            .part_number(1)
            .body(ByteStream::from_static(b"x"))
    };
    assert_eq!(error(missing("other", &id).send().await), coded(404, "NoSuchUpload"));
    assert_eq!(error(missing("key", "nothing").send().await), coded(404, "NoSuchUpload"));
    let abort = || client.abort_multipart_upload().bucket("bucket").key("key").upload_id(&id).send();
    let done = part(&client, &id, 1, b"x".to_vec()).await;
    abort().await.unwrap();
    assert_eq!(error(abort().await), coded(404, "NoSuchUpload"));
    assert_eq!(error(missing("key", &id).send().await), coded(404, "NoSuchUpload"));
    assert_eq!(error(complete(&client, &id, vec![done]).send().await), coded(404, "NoSuchUpload"));
    let list = client.list_parts().bucket("bucket").key("key").upload_id(&id).send().await;
    assert_eq!(error(list), coded(404, "NoSuchUpload"));
    let create = client.create_multipart_upload().bucket("missing").key("key").send().await;
    assert_eq!(error(create), coded(404, "NoSuchBucket"));
}

#[tokio::test(start_paused = true)]
async fn part_numbers_have_bounds() {
    let (_, client) = bucket();
    let id = create(&client, "key").await;
    for number in [0, -1, 10_001] {
        let part = client.upload_part().bucket("bucket").key("key").upload_id(&id).part_number(number);
        let part = part.body(ByteStream::from_static(b"x")).send().await;
        assert_eq!(error(part), coded(400, "InvalidArgument"), "{number}");
    }
    part(&client, &id, 10_000, b"x".to_vec()).await;
}

#[tokio::test(start_paused = true)]
async fn refuses_parts_that_are_wrong_missing_unordered_or_small() {
    let (fake, client) = bucket();
    let id = create(&client, "key").await;
    let first = part(&client, &id, 1, bytes(5 * MIB - 1, 1)).await;
    let second = part(&client, &id, 2, bytes(10, 2)).await;
    let refused = async |parts: Vec<CompletedPart>| error(complete(&client, &id, parts).send().await);
    assert_eq!(refused(vec![]).await, coded(400, "MalformedXML"));
    assert_eq!(
        refused(vec![bare(1, "\"00000000000000000000000000000000\"")]).await,
        coded(400, "InvalidPart")
    );
    assert_eq!(refused(vec![bare(3, first.e_tag().unwrap())]).await, coded(400, "InvalidPart"));
    assert_eq!(refused(vec![second.clone(), first.clone()]).await, coded(400, "InvalidPartOrder"));
    assert_eq!(refused(vec![first.clone(), first.clone()]).await, coded(400, "InvalidPartOrder"));
    assert_eq!(refused(vec![first.clone(), second.clone()]).await, coded(400, "EntityTooSmall"));
    let mut wrong = first.clone();
    wrong.checksum_crc32 = Some("AAAAAA==".to_owned());
    assert_eq!(refused(vec![wrong]).await, coded(400, "InvalidPart"));
    let sized = complete(&client, &id, vec![second.clone()]).mpu_object_size(11).send().await;
    assert_eq!(error(sized), coded(400, "InvalidRequest"));
    assert!(fake.s3().get("bucket", "key").is_none());
    // The upload is still there, and a single part may be as short as it likes.
    complete(&client, &id, vec![second]).mpu_object_size(10).send().await.unwrap();
    assert_eq!(fake.s3().get("bucket", "key").unwrap().size(), 10);
}

#[tokio::test(start_paused = true)]
async fn completes_on_condition() {
    let (fake, client) = bucket();
    let there = fake.s3().put("bucket", "key", "there").unwrap().etag.clone();
    let id = create(&client, "key").await;
    let parts = vec![part(&client, &id, 1, b"new".to_vec()).await];
    let once = complete(&client, &id, parts.clone()).if_none_match("*").send().await;
    assert_eq!(error(once), coded(412, "PreconditionFailed"));
    let other = complete(&client, &id, parts.clone()).if_match("\"other\"").send().await;
    assert_eq!(error(other), coded(412, "PreconditionFailed"));
    for refused in [
        complete(&client, &id, parts.clone()).if_match("*"),
        complete(&client, &id, parts.clone()).if_none_match("\"other\""),
        complete(&client, &id, parts.clone()).if_match("\"other\"").if_none_match("*"),
    ] {
        assert_eq!(error(refused.send().await), coded(501, "NotImplemented"));
    }
    complete(&client, &id, parts.clone()).if_match(format!("\"{there}\"")).send().await.unwrap();
    assert_eq!(fake.s3().get("bucket", "key").unwrap().body, "new");
    fake.s3().delete("bucket", "key");
    let id = create(&client, "key").await;
    let parts = vec![part(&client, &id, 1, b"new".to_vec()).await];
    let gone = complete(&client, &id, parts.clone()).if_match("\"other\"").send().await;
    assert_eq!(error(gone), coded(404, "NoSuchKey"));
    complete(&client, &id, parts).if_none_match("*").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn completing_again_gives_the_same_answer() {
    let (fake, client) = bucket();
    let id = create(&client, "key").await;
    let parts = vec![part(&client, &id, 1, b"once".to_vec()).await];
    // The client has lost the answer, and its retry finds the upload gone.
    fake.faults().push(Fault::lose_answer().on("CompleteMultipartUpload"));
    let done = complete(&client, &id, parts.clone()).send().await.unwrap();
    assert_eq!(fake.calls().iter().filter(|call| call.operation == "CompleteMultipartUpload").count(), 2);
    let again = complete(&client, &id, parts).send().await.unwrap();
    assert_eq!(done.e_tag(), again.e_tag());
    let other = complete(&client, &id, vec![bare(2, "\"x\"")]).send().await;
    assert_eq!(error(other), coded(404, "NoSuchUpload"));
}

async fn create_with(client: &Client, algorithm: ChecksumAlgorithm, kind: Option<ChecksumType>) -> String {
    let upload = client.create_multipart_upload().bucket("bucket").key("key");
    let upload = upload.checksum_algorithm(algorithm).set_checksum_type(kind).send().await.unwrap();
    upload.upload_id.unwrap()
}

#[tokio::test(start_paused = true)]
async fn composite_checksums_are_of_the_checksums_of_parts() {
    let (fake, client) = bucket();
    for algorithm in [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ] {
        let id = create_with(&client, algorithm.clone(), None).await;
        let upload = client.upload_part().bucket("bucket").key("key").upload_id(&id).part_number(1);
        let upload = upload.checksum_algorithm(algorithm.clone()).body(ByteStream::from_static(b"123456789"));
        let part = upload.send().await.unwrap();
        // Without the checksum of each part, it is no complete request.
        let without = complete(&client, &id, vec![bare(1, part.e_tag().unwrap())]).send().await;
        assert_eq!(error(without), coded(400, "InvalidRequest"), "{algorithm}");
        let full = complete(&client, &id, vec![completed(1, &part)]).checksum_type(ChecksumType::FullObject);
        assert_eq!(error(full.send().await), coded(400, "InvalidRequest"), "{algorithm}");
        let done = complete(&client, &id, vec![completed(1, &part)]).send().await.unwrap();
        assert_eq!(done.checksum_type(), Some(&ChecksumType::Composite));
        let object = fake.s3().get("bucket", "key").unwrap();
        assert_eq!(object.checksum.kind, ChecksumKind::Composite);
        if let Some(sum) = part.checksum_sha256() {
            let whole = BASE64_STANDARD.encode(Sha256::digest(BASE64_STANDARD.decode(sum).unwrap()));
            assert_eq!(object.checksum.value, format!("{whole}-1"));
        }
        let get = client.get_object().bucket("bucket").key("key").checksum_mode(ChecksumMode::Enabled);
        let get = get.send().await.unwrap();
        assert_eq!(get.checksum_type(), Some(&ChecksumType::Composite));
        assert_eq!(get.body.collect().await.unwrap().to_vec(), b"123456789");
    }
}

#[tokio::test(start_paused = true)]
async fn whole_checksums_are_of_the_joined_bytes() {
    let (fake, client) = bucket();
    for (algorithm, sum) in [
        (ChecksumAlgorithm::Crc32, "y/Q5Jg=="),
        (ChecksumAlgorithm::Crc32C, "4waSgw=="),
        (ChecksumAlgorithm::Crc64Nvme, "rosUhgp5mIg="),
    ] {
        let id = create_with(&client, algorithm.clone(), Some(ChecksumType::FullObject)).await;
        let upload = client.upload_part().bucket("bucket").key("key").upload_id(&id).part_number(1);
        let part = upload.checksum_algorithm(algorithm.clone()).body(ByteStream::from_static(b"123456789"));
        let part = part.send().await.unwrap();
        let with = |value: &str| {
            let request = complete(&client, &id, vec![bare(1, part.e_tag().unwrap())]);
            match algorithm {
                ChecksumAlgorithm::Crc32 => request.checksum_crc32(value),
                ChecksumAlgorithm::Crc32C => request.checksum_crc32_c(value),
                _ => request.checksum_crc64_nvme(value),
            }
        };
        let wrong = if sum.len() == 8 { "AAAAAA==" } else { "AAAAAAAAAAA=" };
        assert_eq!(error(with(wrong).send().await), coded(400, "BadDigest"), "{algorithm}");
        let done = with(sum).checksum_type(ChecksumType::FullObject).send().await.unwrap();
        assert_eq!(done.checksum_type(), Some(&ChecksumType::FullObject));
        let object = fake.s3().get("bucket", "key").unwrap();
        assert_eq!((object.checksum.value.as_str(), object.checksum.kind), (sum, ChecksumKind::FullObject));
    }
}

#[tokio::test(start_paused = true)]
async fn refuses_checksums_that_do_not_suit_the_upload() {
    let (_, client) = bucket();
    let start = client.create_multipart_upload().bucket("bucket").key("key");
    let start = start.checksum_algorithm(ChecksumAlgorithm::Sha256).checksum_type(ChecksumType::FullObject);
    assert_eq!(error(start.send().await), coded(400, "InvalidRequest"));
    let id = create_with(&client, ChecksumAlgorithm::Sha256, None).await;
    let part = client.upload_part().bucket("bucket").key("key").upload_id(&id).part_number(1);
    let part =
        part.checksum_algorithm(ChecksumAlgorithm::Crc32).body(ByteStream::from_static(b"x")).send().await;
    assert_eq!(error(part), coded(400, "InvalidRequest"));
    let part = client.upload_part().bucket("bucket").key("key").upload_id(&id).part_number(1);
    let part = part
        .checksum_sha256("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
        .body(ByteStream::from_static(b"x"));
    assert_eq!(error(part.send().await), coded(400, "BadDigest"));
}

#[tokio::test(start_paused = true)]
async fn copies_ranges_into_parts() {
    let (fake, client) = bucket();
    let source = bytes(6 * MIB, 3);
    fake.s3().put("bucket", "source", source.clone()).unwrap();
    let id = create(&client, "key").await;
    let copy = |number: i32, range: &str| {
        let copy = client.upload_part_copy().bucket("bucket").key("key").upload_id(&id).part_number(number);
        copy.copy_source("bucket/source").copy_source_range(range).send()
    };
    let first = copy(1, &format!("bytes=1-{}", 5 * MIB)).await.unwrap().copy_part_result.unwrap();
    let second = copy(2, "bytes=0-0").await.unwrap().copy_part_result.unwrap();
    assert_eq!(error(copy(3, "bytes=0-99999999").await), coded(400, "InvalidArgument"));
    assert_eq!(error(copy(3, "bytes=5-").await), coded(400, "InvalidArgument"));
    let missing = client.upload_part_copy().bucket("bucket").key("key").upload_id(&id).part_number(3);
    assert_eq!(error(missing.copy_source("bucket/missing").send().await), coded(404, "NoSuchKey"));
    let failed = client.upload_part_copy().bucket("bucket").key("key").upload_id(&id).part_number(3);
    let failed = failed.copy_source("bucket/source").copy_source_if_match("\"other\"").send().await;
    assert_eq!(error(failed), coded(412, "PreconditionFailed"));
    let part = |number, result: &aws_sdk_s3::types::CopyPartResult| {
        let mut part = bare(number, result.e_tag().unwrap());
        part.checksum_crc32 = result.checksum_crc32.clone();
        part
    };
    complete(&client, &id, vec![part(1, &first), part(2, &second)]).send().await.unwrap();
    let object = fake.s3().get("bucket", "key").unwrap();
    assert!(object.body == [&source[1..=5 * MIB], &source[..1]].concat(), "the bytes differ");
}

#[tokio::test(start_paused = true)]
async fn reads_by_part_number() {
    let (_, client) = bucket();
    let id = create_with(&client, ChecksumAlgorithm::Crc32, None).await;
    let (first, second) = (bytes(5 * MIB, 1), bytes(10, 2));
    let parts = vec![part(&client, &id, 1, first.clone()).await, part(&client, &id, 2, second.clone()).await];
    complete(&client, &id, parts).send().await.unwrap();
    let get = |number| client.get_object().bucket("bucket").key("key").part_number(number);
    let answer = get(2).send().await.unwrap();
    assert_eq!(answer.parts_count(), Some(2));
    assert_eq!(answer.content_range(), Some("bytes 5242880-5242889/5242890"));
    assert!(answer.checksum_crc32().is_some_and(|sum| !sum.contains('-')), "a part's own checksum");
    assert_eq!(answer.body.collect().await.unwrap().to_vec(), second);
    let answer = get(1).send().await.unwrap();
    assert!(answer.body.collect().await.unwrap().to_vec() == first);
    assert_eq!(error(get(3).send().await), coded(416, "InvalidPartNumber"));
    let head = client.head_object().bucket("bucket").key("key").part_number(1).send().await.unwrap();
    assert_eq!((head.parts_count(), head.content_length()), (Some(2), Some(5 * 1024 * 1024)));
}

/// What the parts of [`any_split_is_the_same_bytes`] are copied from.
static SOURCE: LazyLock<Bytes> = LazyLock::new(|| bytes(6 * MIB + 5, 1).into());

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn any_split_is_the_same_bytes(
        // Offsets in the source and lengths: all parts but the last are long, and are copied, since that is quick.
        long in prop::collection::vec((0usize..MIB, 5 * MIB..5 * MIB + 5), 0..3),
        last in 1usize..9,
        numbers in prop::collection::btree_set(1i32..=10_000, 3),
        read in (0usize..16 * MIB, 1usize..MIB),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (fake, client) = bucket();
            let source = &*SOURCE;
            fake.s3().put("bucket", "source", source.clone()).unwrap();
            let id = create_with(&client, ChecksumAlgorithm::Crc32, Some(ChecksumType::FullObject)).await;
            let (mut whole, mut parts) = (Vec::new(), Vec::new());
            let mut numbers = numbers.into_iter();
            for ((start, length), number) in long.into_iter().zip(numbers.by_ref()) {
                let copy = client.upload_part_copy().bucket("bucket").key("key").upload_id(&id).part_number(number);
                let copy = copy.copy_source("bucket/source");
                let copy = copy.copy_source_range(format!("bytes={start}-{}", start + length - 1)).send().await.unwrap();
                parts.push(bare(number, copy.copy_part_result().unwrap().e_tag().unwrap()));
                whole.extend_from_slice(&source[start..start + length]);
            }
            let body = bytes(last, 9);
            whole.extend_from_slice(&body);
            parts.push(part(&client, &id, numbers.next().unwrap(), body).await);
            complete(&client, &id, parts).send().await.unwrap();
            let object = fake.s3().get("bucket", "key").unwrap();
            assert!(object.body == whole, "the bytes differ");
            let start = read.0 % whole.len();
            let end = (start + read.1).min(whole.len());
            let get = client.get_object().bucket("bucket").key("key").range(format!("bytes={start}-{}", end - 1));
            assert!(get.send().await.unwrap().body.collect().await.unwrap().to_vec() == whole[start..end]);
        });
    }
}

#[tokio::test(start_paused = true)]
async fn takes_ten_thousand_parts_and_names_of_any_kind() {
    let fake = FakeAws::new();
    fake.s3().create_bucket("bucket").unwrap();
    let client = crate::aws::path_style(&fake);
    let id = create(&client, "ü %25+?&=#😀").await;
    let part = client.upload_part().bucket("bucket").key("ü %25+?&=#😀").upload_id(&id).part_number(1);
    let part = part.body(ByteStream::from_static(b"x")).send().await.unwrap();
    let upload = CompletedMultipartUpload::builder().parts(completed(1, &part)).build();
    let done = client.complete_multipart_upload().bucket("bucket").key("ü %25+?&=#😀").upload_id(&id);
    let done = done.multipart_upload(upload).send().await.unwrap();
    assert_eq!(done.key(), Some("ü %25+?&=#😀"));
    // A request of ten thousand parts is a document that fits; these were never uploaded.
    let id = create(&client, "key").await;
    let parts = (1..=10_000).map(|number| bare(number, "\"00000000000000000000000000000000\"")).collect();
    assert_eq!(error(complete(&client, &id, parts).send().await), coded(400, "InvalidPart"));
}
