//! An AWS in memory, at the wire.
//!
//! [`FakeAws`] sits under an AWS SDK as its HTTP client. Everything above is what runs in production: endpoint rules,
//! signing, retries, checksums, streaming, parsing of answers and errors. Everything below is here: S3, SQS, Lambda and
//! STS with the status codes, error codes and headers of the real ones, a clock that a test can wind on, faults on demand, and a log
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
//! - **S3**: buckets (create, delete, head, list, location, versioning), objects (put, get, head, copy, delete one and
//!   many, attributes, tags, restore from the archive), multipart uploads with copies into parts, and the listings of
//!   objects in both versions, object versions, uploads and parts. In virtual-host and path style, and through access
//!   points; with conditional requests, ranges and part numbers, all five checksum algorithms in headers and trailers,
//!   of the whole and of parts, presigned URLs, storage classes, object lock, default encryption, cross-origin rules, ACLs
//!   (where a bucket has them, see [`ObjectOwnership`]), policies and uploads by form. Queues and functions are notified
//!   of objects, where their policies let S3 do it. Lifecycles, replication, inventories, metrics,
//!   logging and websites are kept and given back, and do nothing, but that answers say when a lifecycle would expire an
//!   object or abort an upload. Encryption is a label, customer keys excepted: they are asked for, over HTTP
//!   too. All else answers `NotImplemented`: `SelectObjectContent`, torrents.
//! - **SQS**: queues and their attributes, sending, receiving (with long polls), deleting and visibility, one by one and in
//!   batches, FIFO queues, dead letters, message move tasks, tags and permissions, in the JSON protocol and the query protocol.
//! - **Lambda**: `Invoke` in its three forms, `InvokeWithResponseStream`, and the management of functions (versions, aliases,
//!   configuration, permissions, URLs, event configurations), of layers, and of event source mappings, by which queues call
//!   functions. Functions are Rust closures ([`Lambda::function`]), anything else that answers events ([`Handler`]), or files.
//! - **STS**: `AssumeRole`, `GetSessionToken` and `GetCallerIdentity`, with sessions that expire.
//!
//! # What is not checked
//!
//! Any credentials are accepted, since the fake does not know the secrets of its callers, until one is registered with
//! [`FakeAwsBuilder::identity`]: from then on every signature is verified. That of a session which the fake has issued
//! always is. A request has to be signed in any case, for the service and the region of its endpoint, unless an ACL lets
//! everybody in; a presigned URL expires, and so does a session. Each identity is an account of its own, which owns what
//! it makes. Of a body in signed chunks only the first signature is verified, and not that of each
//! chunk. Policies of buckets, queues, functions and layers are evaluated, with their conditions; a denial binds the owner too, who can
//! always mend the policy. IAM has none: whoever has an identity may do all that its account may. So may a session: the `Policy`, `PolicyArns` and `Tags` of an
//! `AssumeRole` are kept ([`RoleSession`]) and narrow nothing. Nor is a code of a second factor looked at.
//!
//! # Time
//!
//! There is one [`Clock`]. Give it to the SDK too ([`FakeAws::time_source`], [`FakeAws::sleep`]), and use
//! `start_paused = true`: retries, timeouts and expiry then take no real time, and an hour of backoff is a millisecond.

mod account;
mod calls;
mod clock;
mod fake;
mod fault;
pub mod folder;
mod identity;
mod ids;
mod instant;
mod lambda;
mod layer;
mod pattern;
mod region;
mod resource_policy;
mod s3;
mod server;
mod snapshot;
mod sqs;
mod sts;

pub use calls::{CALL_LOG_LIMIT, Call, Service};
pub use clock::{Clock, TEST_EPOCH_SECS};
pub use fake::{DEFAULT_ACCOUNT_ID, FakeAws, FakeAwsBuilder};
pub use fault::{Always, Fault, FaultRule, FaultRuleError, Faults, Times};
pub use folder::{InlineSeed, InlineSeedError, SaveError, Saved, SeedError, Seeded};
pub use lambda::{
    EventSourceMappingDocument, FunctionDocument, FunctionError, FunctionErrorKind, FunctionEvent,
    FunctionLog, FunctionResponse, FunctionState, GuestFunction, Handler, INVOCATION_LIMIT, Invocation,
    InvocationOutcome, InvocationType, Lambda, LambdaDirectError, LambdaFunction,
};
pub use layer::give_no_connection;
pub use s3::{
    Checksum, ChecksumAlgorithm, ChecksumKind, Encryption, NewObject, Object, ObjectHeaders, ObjectOwnership,
    ObjectPart, Restore, S3, S3DirectError,
};
pub use server::Server;
pub use snapshot::{ChangeKind, Changes, LambdaChanges, ObjectChange, S3Changes, Snapshot};
pub use sqs::{
    MessageAttribute, MessageChange, MessageState, NewMessage, QueueChange, QueueDocument, QueueMessage,
    QueueSnapshot, Sqs, SqsChanges, SqsDirectError,
};
pub use sts::{Role, RoleSession, Sts};
