//! What the suites of S3 have in common.

use innkeeper::aws::{Identity, Region, Scope, StaticKeys};
use innkeeper_fake::{FakeAws, NewObject};
use serde_json::{Value, json};

pub use crate::value::{error, is_error, with};
use crate::{SECRET, TestHost};

/// The bucket of [`host`].
pub const BUCKET: &str = "arn:aws:s3:::uploads";

/// All of its objects.
pub const OBJECTS: &str = "arn:aws:s3:::uploads/*";

/// Those below `incoming/`.
pub const INCOMING: &str = "arn:aws:s3:::uploads/incoming/*";

/// A guest without grants, and a bucket with a few objects.
pub fn host() -> TestHost {
    let host = TestHost::new();
    let s3 = host.aws().s3();
    s3.create_bucket("uploads").expect("an empty AWS has no such bucket");
    let hello = NewObject::new("hello, world").content_type("text/plain").metadata("owner", "ada");
    s3.put("uploads", "incoming/hello.txt", hello).expect("the bucket is there");
    s3.put("uploads", "private/secret.txt", "secret").expect("the bucket is there");
    host
}

/// The object that a guest may often have.
pub fn hello() -> Value {
    json!({ "bucket": "uploads", "key": "incoming/hello.txt" })
}

/// The object that it may not have.
pub fn secret() -> Value {
    json!({ "bucket": "uploads", "key": "private/secret.txt" })
}

/// What a program says of a body that is too large to be answered with: FNV-1a of 64 bits, in hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    let digest = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| {
        (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{digest:016x}")
}

/// A client of the fake AWS, past the host: for what a test does as somebody else.
pub async fn client(aws: &FakeAws) -> aws_sdk_s3::Client {
    crate::factory(aws).s3(&scope(None)).await.expect("a client")
}

/// The same of the AWS that listens at a URL.
pub async fn client_at(url: &str) -> aws_sdk_s3::Client {
    crate::network_factory().s3(&scope(Some(url))).await.expect("a client")
}

fn scope(url: Option<&str>) -> Scope {
    Scope::builder()
        .identity(Identity::Static(StaticKeys::new("AKIDEXAMPLE", SECRET)))
        .region("eu-west-1".parse::<Region>().expect("it is a region"))
        .endpoint(url.map(crate::endpoint))
        .build()
        .expect("a scope")
}

/// How many requests AWS has had.
pub fn requests(host: &TestHost) -> usize {
    host.aws().calls().len()
}

/// How often an operation was asked of AWS.
pub fn calls_of(host: &TestHost, operation: &str) -> usize {
    host.aws().calls().iter().filter(|call| call.operation == operation).count()
}
