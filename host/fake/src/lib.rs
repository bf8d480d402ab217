//! An AWS in memory, at the wire.
//!
//! [`FakeAws`] sits under an AWS SDK as its HTTP client. Everything above is what runs in production: endpoint rules,
//! signing, retries, checksums, streaming, parsing of answers and errors. Everything below is here: S3 and STS with the
//! status codes, error codes and headers of the real ones, a clock that a test can wind on, faults on demand, and a log
//! of every request. Nothing touches a network, and nothing is global: two fakes in one process share nothing.
//!
//! # Example
//!
//! ```
//! use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
//! use innkeeper_fake::{FakeAws, Fault};
//!
//! #[tokio::main(flavor = "current_thread", start_paused = true)]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let fake = FakeAws::new();
//!     let config = aws_sdk_s3::Config::builder()
//!         .behavior_version(BehaviorVersion::latest())
//!         .region(Region::new("eu-west-1"))
//!         .credentials_provider(Credentials::from_keys("AKIDEXAMPLE", "secret", None))
//!         .http_client(fake.http_client())
//!         .time_source(fake.time_source())
//!         .sleep_impl(fake.sleep())
//!         .build();
//!     let client = aws_sdk_s3::Client::from_conf(config);
//!
//!     // Put something there, past the wire, and make the first attempt to read it fail.
//!     fake.s3().create_bucket("photos")?;
//!     fake.s3().put("photos", "cat.jpg", "not really a cat")?;
//!     fake.faults().push(Fault::error("SlowDown").on("GetObject"));
//!
//!     let object = client.get_object().bucket("photos").key("cat.jpg").send().await?;
//!     assert_eq!(object.body.collect().await?.to_vec(), b"not really a cat");
//!
//!     // The SDK has tried again, by itself, and its backoff took no time at all.
//!     let calls = fake.calls();
//!     assert_eq!(calls.len(), 2);
//!     assert_eq!(calls[0].error_code.as_deref(), Some("SlowDown"));
//!     assert_eq!(calls[1].status, Some(200));
//!
//!     // What a client writes can be looked at, compared and saved.
//!     let before = fake.snapshot();
//!     client.put_object().bucket("photos").key("dog.jpg").body(b"woof".to_vec().into()).send().await?;
//!     assert_eq!(fake.s3().get("photos", "dog.jpg").ok_or("no dog")?.body, "woof");
//!     let changes = before.changes_to(&fake.snapshot());
//!     assert_eq!(changes.s3.objects[0].key, "dog.jpg");
//!     Ok(())
//! }
//! ```
//!
//! # What is here
//!
//! - **S3**: `CreateBucket`, `DeleteBucket`, `HeadBucket`, `ListBuckets`, `GetBucketLocation`, `PutObject`, `GetObject`,
//!   `HeadObject`, `DeleteObject`, `DeleteObjects`, `CopyObject`, `ListObjectsV2`, `ListObjects`; in virtual-host and
//!   path style; conditional requests, ranges, all five checksum algorithms in headers and trailers. All else answers
//!   `NotImplemented`.
//! - **STS**: `AssumeRole` and `GetCallerIdentity`, with sessions that expire.
//!
//! # What is not checked
//!
//! Any credentials are accepted and no signature is verified: the fake does not know the secrets of its callers. A
//! request has to be signed, though, for the service and the region of its endpoint; a presigned URL expires, and so do
//! the sessions that the fake has issued. No policy is evaluated, neither IAM's nor a bucket's.
//!
//! # Time
//!
//! There is one [`Clock`]. Give it to the SDK too ([`FakeAws::time_source`], [`FakeAws::sleep`]), and use
//! `start_paused = true`: retries, timeouts and expiry then take no real time, and an hour of backoff is a millisecond.

mod calls;
mod clock;
mod fake;
mod fault;
pub mod folder;
mod ids;
mod layer;
mod s3;
mod snapshot;
mod sts;

pub use calls::{CALL_LOG_LIMIT, Call, Service};
pub use clock::{Clock, TEST_EPOCH_SECS};
pub use fake::{DEFAULT_ACCOUNT_ID, FakeAws, FakeAwsBuilder};
pub use fault::{Fault, Faults};
pub use folder::{SaveError, Saved, SeedError, Seeded};
pub use s3::{Checksum, ChecksumAlgorithm, NewObject, Object, ObjectHeaders, S3, S3DirectError};
pub use snapshot::{ChangeKind, Changes, ObjectChange, S3Changes, Snapshot};
pub use sts::{Role, RoleSession, Sts};
