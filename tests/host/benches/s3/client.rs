//! The bare SDK: a client as anybody would make one, with no part of the host in it.
#![expect(clippy::disallowed_methods, reason = "what is measured is what lies under the host's clients")]

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Builder, Credentials, Region};
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use innkeeper_fake::FakeAws;
use innkeeper_tests::SECRET;
use tokio::io::AsyncReadExt as _;

use crate::server::MadeUp;
use crate::side::BUCKET;

/// What is read at once, by the guest too.
const PIECE: usize = 64 * 1024;

fn config() -> Builder {
    aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("AKIDEXAMPLE", SECRET, None, None, "benchmark"))
}

/// Of what listens at a URL.
pub(crate) fn at(url: &str) -> Client {
    let http = aws_smithy_http_client::Builder::new().build_http();
    Client::from_conf(config().http_client(http).endpoint_url(url).force_path_style(true).build())
}

/// Of the built-in fake, in this process.
pub(crate) fn of(fake: &FakeAws) -> Client {
    let config = config().http_client(fake.http_client()).time_source(fake.time_source());
    Client::from_conf(config.sleep_impl(fake.sleep()).build())
}

/// Reads an object as a stream, piece by piece into memory of its own, and keeps nothing of it.
pub(crate) async fn get(client: &Client, key: &str) -> u64 {
    let body = client.get_object().bucket(BUCKET).key(key).send().await.unwrap().body;
    let (mut body, mut piece, mut length) = (body.into_async_read(), vec![0; PIECE], 0);
    loop {
        match body.read(&mut piece).await.unwrap() {
            0 => return length,
            read => length += read as u64,
        }
    }
}

/// Reads an object whole.
pub(crate) async fn read(client: &Client, key: &str) -> u64 {
    let answer = client.get_object().bucket(BUCKET).key(key).send().await.unwrap();
    answer.body.collect().await.unwrap().to_vec().len() as u64
}

/// Writes an object whole.
pub(crate) async fn put(client: &Client, key: &str, body: Bytes) {
    client.put_object().bucket(BUCKET).key(key).body(body.into()).send().await.unwrap();
}

/// Writes an object from a stream of a length that is known, without which the SDK takes none.
pub(crate) async fn put_stream(client: &Client, key: &str, bytes: u64) {
    let body = ByteStream::new(SdkBody::from_body_1_x(MadeUp::new(bytes)));
    client.put_object().bucket(BUCKET).key(key).body(body).send().await.unwrap();
}

/// How long an object is.
pub(crate) async fn size(client: &Client, key: &str) -> u64 {
    let head = client.head_object().bucket(BUCKET).key(key).send().await.unwrap();
    u64::try_from(head.content_length.unwrap()).unwrap()
}
