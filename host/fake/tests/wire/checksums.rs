use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode};
use innkeeper_fake::Fault;

use crate::aws::{bucket, client_of, coded, config, error};

const ALGORITHMS: [ChecksumAlgorithm; 5] = [
    ChecksumAlgorithm::Crc32,
    ChecksumAlgorithm::Crc32C,
    ChecksumAlgorithm::Crc64Nvme,
    ChecksumAlgorithm::Sha1,
    ChecksumAlgorithm::Sha256,
];

#[tokio::test(start_paused = true)]
async fn verifies_and_keeps_every_algorithm() {
    let (fake, client) = bucket();
    for algorithm in ALGORITHMS {
        let body = ByteStream::from_static(b"hello");
        let put =
            client.put_object().bucket("bucket").key("key").checksum_algorithm(algorithm.clone()).body(body);
        put.send().await.unwrap();
        let kept = &fake.s3().get("bucket", "key").unwrap().checksum;
        assert_eq!(kept.algorithm.to_string(), algorithm.as_str());
        // The SDK verifies what is echoed, and says so only by an error.
        let get = client.get_object().bucket("bucket").key("key").checksum_mode(ChecksumMode::Enabled);
        let get = get.send().await.unwrap();
        let echoed = [
            get.checksum_crc32(),
            get.checksum_crc32_c(),
            get.checksum_crc64_nvme(),
            get.checksum_sha1(),
            get.checksum_sha256(),
        ];
        assert_eq!(echoed.into_iter().flatten().collect::<Vec<_>>(), [kept.value.as_str()]);
        get.body.collect().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn refuses_wrong_checksums_and_digests() {
    let (fake, client) = bucket();
    let put = || client.put_object().bucket("bucket").key("key").body(ByteStream::from_static(b"hello"));
    assert_eq!(error(put().checksum_crc32("AAAAAA==").send().await), coded(400, "BadDigest"));
    assert_eq!(error(put().checksum_sha256("AAAAAA==").send().await), coded(400, "InvalidRequest"));
    put().content_md5("XUFAKrxLKna5cZ2REBfFkg==").send().await.unwrap();
    assert_eq!(error(put().content_md5("AAAAAAAAAAAAAAAAAAAAAA==").send().await), coded(400, "BadDigest"));
    assert_eq!(error(put().content_md5("nonsense").send().await), coded(400, "InvalidDigest"));
    assert_eq!(fake.s3().get("bucket", "key").unwrap().body, "hello");
}

#[tokio::test(start_paused = true)]
async fn computes_a_checksum_for_an_upload_without() {
    let (fake, _) = bucket();
    let plain = config(&fake).request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
    let put =
        client_of(plain).put_object().bucket("bucket").key("key").body(ByteStream::from_static(b"hello"));
    put.send().await.unwrap();
    let kept = &fake.s3().get("bucket", "key").unwrap().checksum;
    assert_eq!(kept.algorithm.to_string(), "CRC64NVME");
}

#[tokio::test(start_paused = true)]
async fn a_corrupted_download_fails_in_the_client() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", "hello").unwrap();
    fake.faults().push(Fault::corrupt_body().on("GetObject"));
    let get = client.get_object().bucket("bucket").key("key").send().await.unwrap();
    let error = get.body.collect().await.unwrap_err();
    assert!(format!("{error:?}").contains("ChecksumMismatch"), "{error:?}");
    let get = client.get_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(get.body.collect().await.unwrap().to_vec(), b"hello");
}

#[tokio::test(start_paused = true)]
async fn a_part_carries_no_checksum_of_the_whole() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", "hello").unwrap();
    let get = client
        .get_object()
        .bucket("bucket")
        .key("key")
        .checksum_mode(ChecksumMode::Enabled)
        .range("bytes=0-1");
    assert_eq!(get.send().await.unwrap().checksum_crc64_nvme(), None);
    let head =
        client.head_object().bucket("bucket").key("key").checksum_mode(ChecksumMode::Enabled).send().await;
    assert!(head.unwrap().checksum_crc64_nvme().is_some());
}
