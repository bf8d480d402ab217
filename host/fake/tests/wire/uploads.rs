use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sdk_s3::types::ChecksumAlgorithm;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use innkeeper_fake::{FakeAws, Fault};

use crate::aws::{HOUR, bucket, coded, error, path_style, send, text};

/// A body that breaks off: a guest's stream whose guest has trapped.
struct Broken(Pieces);

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        match Pin::new(&mut self.0).poll_frame(cx) {
            Poll::Ready(None) => Poll::Ready(Some(Err(std::io::Error::other("broken off")))),
            frame => frame.map_err(|error| match error {}),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.left.len() as u64 + 1)
    }
}

/// A body of a known length that gives its bytes in pieces, once: what a guest's stream is to the SDK.
struct Pieces {
    left: Bytes,
    piece: usize,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.piece.min(self.left.len());
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(length)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

fn stream(bytes: Bytes, piece: usize) -> ByteStream {
    ByteStream::new(SdkBody::from_body_1_x(Pieces { left: bytes, piece }))
}

fn megabytes(count: usize) -> Bytes {
    (0..count * 1_000_000).map(|index| u8::try_from(index % 251).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn takes_a_stream_with_its_checksum_in_a_trailer() {
    let (fake, client) = bucket();
    for algorithm in [ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Crc64Nvme, ChecksumAlgorithm::Sha256] {
        let body = megabytes(1);
        let put = client
            .put_object()
            .bucket("bucket")
            .key("key")
            .content_encoding("gzip")
            .checksum_algorithm(algorithm.clone())
            .body(stream(body.clone(), 4096));
        let put = put.send().await.unwrap();
        let object = fake.s3().get("bucket", "key").unwrap();
        assert_eq!(object.body, body);
        assert_eq!(object.checksum.algorithm.to_string(), algorithm.as_str());
        assert_eq!(object.headers.content_encoding.as_deref(), Some("gzip"));
        assert_eq!(put.e_tag(), Some(&*format!("\"{}\"", object.etag)));
        // As transferred, a little more than what is carried.
        assert!(fake.calls().last().unwrap().bytes_in > 1_000_000);
    }
}

#[tokio::test(start_paused = true)]
async fn takes_a_stream_over_plain_http() {
    let (fake, _) = bucket();
    let put = path_style(&fake).put_object().bucket("bucket").key("key").body(stream(megabytes(1), 1000));
    put.send().await.unwrap();
    assert_eq!(fake.s3().get("bucket", "key").unwrap().body, megabytes(1));
}

#[tokio::test(start_paused = true)]
async fn takes_and_gives_ten_megabytes() {
    let (fake, client) = bucket();
    let body = megabytes(10);
    client.put_object().bucket("bucket").key("big").body(stream(body.clone(), 65_536)).send().await.unwrap();
    let mut get = client.get_object().bucket("bucket").key("big").send().await.unwrap();
    assert_eq!(get.content_length(), Some(10_000_000));
    let (mut read, mut pieces) = (Vec::new(), 0);
    while let Some(piece) = get.body.next().await {
        read.extend_from_slice(&piece.unwrap());
        pieces += 1;
    }
    assert!(read == body, "the bytes differ");
    assert!(pieces > 100, "{pieces} pieces");
    assert_eq!(fake.calls().last().unwrap().bytes_out, 10_000_000);
}

#[tokio::test(start_paused = true)]
async fn reads_an_upload_to_its_end_even_if_it_fails() {
    let (fake, client) = bucket();
    let put = client.put_object().bucket("missing").key("key").body(stream(megabytes(1), 4096)).send().await;
    assert_eq!(error(put), coded(404, "NoSuchBucket"));
    assert!(fake.calls().last().unwrap().bytes_in > 1_000_000);
}

const KEY: &str = "https://bucket.s3.eu-west-1.amazonaws.com/key";

/// Puts what no SDK would: `body` as it is, chunks and trailers included.
async fn put_chunked(fake: &FakeAws, body: &str, length: &str) -> String {
    let headers = [
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("x-amz-decoded-content-length", length),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    ];
    text(send(fake, "PUT", KEY, &headers, body).await).await
}

#[tokio::test(start_paused = true)]
async fn holds_a_stream_to_its_trailer() {
    let (fake, _) = bucket();
    let answer = put_chunked(&fake, "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", "5").await;
    assert!(answer.contains("<Code>BadDigest</Code>"), "{answer}");
    let answer = put_chunked(&fake, "5\r\nhello\r\n0\r\n\r\n", "5").await;
    assert!(answer.contains("<Code>InvalidRequest</Code>"), "{answer}");
    assert!(fake.s3().get("bucket", "key").is_none());
    // The published check value of CRC-32.
    put_chunked(&fake, "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n", "9").await;
    assert_eq!(fake.s3().get("bucket", "key").unwrap().body, "123456789");
}

#[tokio::test(start_paused = true)]
async fn refuses_a_body_of_another_length_than_it_says() {
    let (fake, _) = bucket();
    let whole = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    for (body, length, code) in [
        (whole, "6", "IncompleteBody"),
        (whole, "4", "IncompleteBody"),
        ("5\r\nhel", "5", "IncompleteBody"),
        ("five\r\nhello\r\n", "5", "InvalidRequest"),
    ] {
        let answer = put_chunked(&fake, body, length).await;
        assert!(answer.contains(&format!("<Code>{code}</Code>")), "{body:?} {length}: {answer}");
    }
    assert!(fake.s3().get("bucket", "key").is_none());
    put_chunked(&fake, whole, "5").await;
    assert_eq!(fake.s3().get("bucket", "key").unwrap().body, "hello");
    let answer = text(send(&fake, "PUT", KEY, &[], "no length").await).await;
    assert!(answer.contains("<Code>MissingContentLength</Code>"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn refuses_a_payload_that_is_not_the_signed_one() {
    let (fake, _) = bucket();
    let put = async |digest: &str| {
        let headers = [("x-amz-content-sha256", digest), ("content-length", "5")];
        text(send(&fake, "PUT", KEY, &headers, "hello").await).await
    };
    let answer = put(&"0".repeat(64)).await;
    assert!(answer.contains("<Code>XAmzContentSHA256Mismatch</Code>"), "{answer}");
    assert!(fake.s3().get("bucket", "key").is_none());
    put("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824").await;
    assert_eq!(fake.s3().get("bucket", "key").unwrap().body, "hello");
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_no_stalled_upload() {
    let (fake, client) = bucket();
    fake.faults().push(Fault::delay(HOUR));
    client.put_object().bucket("bucket").key("key").body(stream(megabytes(1), 4096)).send().await.unwrap();
    assert_eq!(fake.s3().get("bucket", "key").unwrap().size(), 1_000_000);
    assert_eq!(fake.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_breaks_off_gets_no_answer() {
    let (fake, client) = bucket();
    for name in ["bucket", "missing"] {
        let body =
            ByteStream::new(SdkBody::from_body_1_x(Broken(Pieces { left: megabytes(1), piece: 4096 })));
        let put = client.put_object().bucket(name).key("key").body(body).send().await;
        assert!(matches!(&put, Err(SdkError::DispatchFailure(failure)) if failure.is_user()), "{put:?}");
        assert_eq!(fake.calls().pop().unwrap().status, None);
    }
    assert!(fake.s3().get("bucket", "key").is_none());
}
