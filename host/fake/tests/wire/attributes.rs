use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart, ObjectAttributes,
    ServerSideEncryption, StorageClass,
};
use innkeeper_fake::NewObject;

use crate::aws::{bucket, coded, error};

#[tokio::test(start_paused = true)]
async fn tells_only_what_is_asked() {
    let (fake, client) = bucket();
    let object =
        fake.s3().put("bucket", "key", NewObject::new("hello").storage_class("STANDARD_IA")).unwrap();
    let get = || client.get_object_attributes().bucket("bucket").key("key");
    let size = get().object_attributes(ObjectAttributes::ObjectSize).send().await.unwrap();
    assert_eq!((size.object_size(), size.e_tag(), size.storage_class()), (Some(5), None, None));
    let all = get()
        .object_attributes(ObjectAttributes::Etag)
        .object_attributes(ObjectAttributes::Checksum)
        .object_attributes(ObjectAttributes::ObjectParts)
        .object_attributes(ObjectAttributes::StorageClass)
        .send()
        .await
        .unwrap();
    // The one answer whose entity tag has no quotes.
    assert_eq!(all.e_tag(), Some(object.etag.as_str()));
    assert_eq!(all.storage_class(), Some(&StorageClass::StandardIa));
    let checksum = all.checksum().unwrap();
    assert_eq!(checksum.checksum_crc64_nvme(), Some(object.checksum.value.as_str()));
    assert_eq!(checksum.checksum_type(), Some(&ChecksumType::FullObject));
    assert!(all.object_parts().is_none());
    assert_eq!(all.last_modified().unwrap().secs(), 1_767_225_600);
    let unknown = get().object_attributes(ObjectAttributes::from("Colour")).send().await;
    assert_eq!(error(unknown), coded(400, "InvalidArgument"));
    let missing = client.get_object_attributes().bucket("bucket").key("missing");
    let missing = missing.object_attributes(ObjectAttributes::Etag).send().await.unwrap_err();
    assert_eq!(missing.code(), Some("NoSuchKey"));
}

#[tokio::test(start_paused = true)]
async fn lists_the_parts_of_a_composite_object() {
    let (fake, client) = bucket();
    upload(&client, ChecksumType::Composite).await;
    let page = |marker: Option<&str>| {
        let get = client.get_object_attributes().bucket("bucket").key("key").max_parts(2);
        let get = get.set_part_number_marker(marker.map(str::to_owned));
        get.object_attributes(ObjectAttributes::ObjectParts).send()
    };
    let first = page(None).await.unwrap().object_parts.unwrap();
    assert_eq!(
        (first.total_parts_count(), first.is_truncated(), first.parts().len()),
        (Some(3), Some(true), 2)
    );
    let second = page(first.next_part_number_marker()).await.unwrap().object_parts.unwrap();
    assert_eq!((second.parts()[0].size(), second.is_truncated()), (Some(7), Some(false)));
    assert!(second.parts()[0].checksum_crc32_c().is_some());
    let object = fake.s3().get("bucket", "key").unwrap();
    assert_eq!(object.parts.len(), 3);
    // Everywhere else the count of the parts stands behind it.
    let get = client.get_object_attributes().bucket("bucket").key("key");
    let get = get.object_attributes(ObjectAttributes::Checksum).send().await.unwrap();
    let digest = get.checksum().unwrap().checksum_crc32_c().unwrap();
    assert_eq!(format!("{digest}-3"), object.checksum.value);
}

#[tokio::test(start_paused = true)]
async fn counts_the_parts_of_an_object_whose_checksum_is_of_the_whole() {
    let (_, client) = bucket();
    upload(&client, ChecksumType::FullObject).await;
    let get = client.get_object_attributes().bucket("bucket").key("key");
    let parts =
        get.object_attributes(ObjectAttributes::ObjectParts).send().await.unwrap().object_parts.unwrap();
    assert_eq!((parts.total_parts_count(), parts.parts().len(), parts.max_parts()), (Some(3), 0, None));
}

/// An object of three parts.
async fn upload(client: &Client, kind: ChecksumType) {
    let upload = client.create_multipart_upload().bucket("bucket").key("key").checksum_type(kind);
    let upload = upload.checksum_algorithm(ChecksumAlgorithm::Crc32C).send().await.unwrap();
    let id = upload.upload_id().unwrap();
    let mut parts = Vec::new();
    for (number, size) in [(1, 5 << 20), (2, 5 << 20), (3, 7)] {
        let part = client.upload_part().bucket("bucket").key("key").upload_id(id).part_number(number);
        let part = part.checksum_algorithm(ChecksumAlgorithm::Crc32C).body(ByteStream::from(vec![0; size]));
        let part = part.send().await.unwrap();
        let completed = CompletedPart::builder().part_number(number).set_e_tag(part.e_tag);
        parts.push(completed.set_checksum_crc32_c(part.checksum_crc32_c).build());
    }
    let upload = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let complete = client.complete_multipart_upload().bucket("bucket").key("key").upload_id(id);
    complete.multipart_upload(upload).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn encryption_is_a_label() {
    let (fake, client) = bucket();
    let put = || client.put_object().bucket("bucket").key("key").body(ByteStream::from_static(b"hello"));
    let plain = put().send().await.unwrap();
    assert_eq!(plain.server_side_encryption(), Some(&ServerSideEncryption::Aes256));
    let kms = put()
        .server_side_encryption(ServerSideEncryption::AwsKms)
        .ssekms_key_id("1234")
        .send()
        .await
        .unwrap();
    let key = Some("arn:aws:kms:eu-west-1:000000000000:key/1234");
    assert_eq!(kms.ssekms_key_id(), key);
    // Under KMS it is no MD5 of the bytes.
    assert_ne!(kms.e_tag(), plain.e_tag());
    let get = client.get_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(
        (get.server_side_encryption(), get.ssekms_key_id()),
        (Some(&ServerSideEncryption::AwsKms), key)
    );
    assert_eq!(get.e_tag(), kms.e_tag());
    assert_eq!(fake.s3().get("bucket", "key").unwrap().encryption.algorithm, "aws:kms");
    let alone = put().ssekms_key_id("1234").send().await;
    assert_eq!(error(alone), coded(400, "InvalidArgument"));
}

#[tokio::test(start_paused = true)]
async fn expires_is_any_text() {
    let (fake, client) = bucket();
    let put = client.put_object().bucket("bucket").key("key").body(ByteStream::from_static(b"x"));
    let put = put.customize().mutate_request(|request| {
        request.headers_mut().insert("expires", "tomorrow");
    });
    put.send().await.unwrap();
    assert_eq!(fake.s3().get("bucket", "key").unwrap().headers.expires.as_deref(), Some("tomorrow"));
    let head = client.head_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(head.expires_string(), Some("tomorrow"));
    let get = client.get_object().bucket("bucket").key("key");
    let get = get.response_expires(aws_sdk_s3::primitives::DateTime::from_secs(0)).send().await.unwrap();
    assert_eq!(get.expires_string(), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
}
