//! The state of a fake as files: what [`FakeAws::seed`](crate::FakeAws::seed) reads and
//! [`Changes::save`](crate::Changes::save) writes.
//!
//! # Layout
//!
//! ```text
//! DIR/s3/BUCKET/KEY...
//! DIR/sqs/QUEUE.json
//! DIR/lambda/FUNCTION.json
//! ```
//!
//! A file below a bucket's folder is an object. Its key is the path from there, with `/` between the names; its content
//! type is that of its extension. A bucket's folder may be empty. Names that start with a dot (`.gitkeep`, `.git/`,
//! `.DS_Store`) are skipped everywhere.
//!
//! # What files do not say
//!
//! Other content headers, user metadata, tags, the storage class and the encryption of objects stand in
//! `s3/BUCKET/.innkeeper.json`, by key. It can be written by hand, and saving keeps it: only objects that need it are in it,
//! and what it says about objects that are not saved stays. All members may be left out; a `content-type` of `null` is
//! none, where one that is left out is that of the extension. A key that has no file is passed over.
//!
//! ```json
//! {
//!   "objects": {
//!     "incoming/photo": {
//!       "content-type": "image/jpeg",
//!       "cache-control": "no-store",
//!       "storage-class": "STANDARD_IA",
//!       "metadata": { "camera": "Leica" },
//!       "tags": { "team": "sales" }
//!     }
//!   }
//! }
//! ```
//!
//! There are also `content-encoding`, `content-language`, `content-disposition`, `expires`, `website-redirect-location`,
//! `encryption`, `kms-key-id`, `bucket-key-enabled` and `customer-key-md5`, of the key without which the object cannot be read.
//!
//! Where the whole state is saved ([`FakeAws::save`](crate::FakeAws::save), `innkeeper fake --save`), the document also has what no
//! writer says, and what the bucket itself is:
//!
//! ```json
//! {
//!   "bucket": {
//!     "region": "eu-west-1",
//!     "owner": "111111111111",
//!     "created": "2026-01-01T00:00:00Z",
//!     "versioning": "Enabled",
//!     "acl": { "owner": "CANONICAL-ID", "grants": [{ "grantee": "all-users", "permission": "READ" }] },
//!     "configuration": {
//!       "cors": "<CORSConfiguration>...</CORSConfiguration>",
//!       "policy": "{\"Version\": \"2012-10-17\", \"Statement\": []}",
//!       "public-access-block": null
//!     }
//!   },
//!   "objects": {
//!     "photo": {
//!       "kept": {
//!         "last-modified": "2026-01-01T00:00:00Z",
//!         "version-id": "00000000000000010ABCDEFGHIJKLMNO",
//!         "lock": { "retention": { "mode": "GOVERNANCE", "until": "2030-01-01T00:00:00Z" }, "legal-hold": true }
//!       }
//!     }
//!   },
//!   "versions": {
//!     "photo": [
//!       { "object": { "file": "1", "object": { "kept": { "last-modified": "2025-12-31T00:00:00Z" } } } },
//!       { "delete-marker": { "last-modified": "2026-01-01T00:00:00Z" } }
//!     ]
//!   }
//! }
//! ```
//!
//! A bucket that was made with the location constraint `EU` has it as its `location-constraint`. An owner is an account, by its id; of an
//! ACL it is one by its canonical user id, and so is a grantee (`{ "account": "..." }`) that is none of `all-users`,
//! `authenticated-users` and `log-delivery`. Each configuration is the document that S3's API takes, in XML, or
//! in JSON if it is the policy: `tagging`, `cors`, `lifecycle`, `policy`, `public-access-block`, `ownership-controls`, `encryption`,
//! `logging`, `notification`, `accelerate`, `request-payment`, `website`, `replication` and `object-lock`; a list of such documents are
//! `analytics`, `intelligent-tiering`, `inventory` and `metrics`; with a lifecycle there can be its `transition-default-minimum-object-size`, `all_storage_classes_128K` or `varies_by_storage_class`. What a new bucket has is
//! left out, and `null` where it was taken away. `kept` can also have an `etag` and a `checksum`, where they are not those of the
//! bytes, `parts`, `restore` and an `acl`. `versions` are those that are not current, oldest first, with their bytes in
//! `s3/BUCKET/.versions/FILE`.
//!
//! Unfinished multipart uploads are not saved: a client that goes on with one is told `NoSuchUpload`.
//!
//! Saving the whole state replaces `s3`, `sqs` and `lambda`, and leaves a mark that it may do so again: `.innkeeper.json` at the top of
//! the folder, which is `{"saved":"whole"}`, and which a seed passes over. `innkeeper fake --save` refuses a folder with anything in it
//! that has no mark and is not the one that it was seeded from ([`FakeAws::check_save`](crate::FakeAws::check_save)).
//!
//! # Keys that are no paths
//!
//! S3 takes any UTF-8 as a key; `../x`, `/etc/passwd`, `a//b`, a NUL, or `a` beside `a/b` are all fine. As files they are
//! written so that none can leave the folder, none hides another, and each reads back as the same key:
//!
//! | in the key | in the path |
//! |---|---|
//! | a control character, or one of `% \ : * ? " < > \|` | `%` and two hexadecimal digits for each byte |
//! | a dot at the start of a segment | `%2E` |
//! | an empty segment (`a//b`, a key that ends with `/`) | `%empty` |
//! | a key that is also the folder of another (`a` beside `a/b`) | `%file` after its name |
//! | a segment longer than 200 bytes | pieces, as folders, all but the last with `%+` after them |
//!
//! A `%` in a file that is to be seeded is therefore written `%25`.

//!
//! # Queues
//!
//! `sqs/orders.json` is the queue `orders`, `sqs/orders.fifo.json` the FIFO queue `orders.fifo`. All members may be left
//! out:
//!
//! ```json
//! {
//!   "attributes": { "VisibilityTimeout": 60, "RedrivePolicy": { "deadLetterTargetArn": "dead", "maxReceiveCount": 3 } },
//!   "tags": { "team": "sales" },
//!   "messages": [
//!     "a body",
//!     { "body": "{}", "attributes": { "kind": { "DataType": "String", "StringValue": "order" } }, "delay-seconds": 5 },
//!     { "body": "{}", "group-id": "customer-1", "deduplication-id": "1", "trace-header": "Root=1-5759e988-bd862e3fe1be46a994272793" }
//!   ]
//! }
//! ```
//!
//! `attributes` are those of `CreateQueue`, with numbers, booleans and documents as themselves; the dead-letter queue may be
//! given by its name. A queue of another region than the fake's has it in its file's name: `orders@us-east-1.json`, and
//! so has one of another account: `orders@us-east-1@111111111111.json`, or `orders@111111111111.json`.
//! Saving writes a queue that has changed with all that is in it: a message in flight as one that can be received, a delayed one with
//! what is left of its delay (in a FIFO queue too, where no sender can say any), and none with its id, its age, or its count of receives.
//! In a queue with a delay of its own a message that has waited has a `delay-seconds` of 0.
//!
//! # Functions
//!
//! `lambda/price.json` is the function `price`. It answers with the first of its answers whose `when` the event contains
//! (of objects every member of `when`, of all else the same), and fails with `NoAnswer` if there is none:
//!
//! ```json
//! {
//!   "timeout": 10,
//!   "versions": 1,
//!   "aliases": { "live": "1" },
//!   "answers": [
//!     { "when": { "sku": "A1" }, "payload": { "total": 3 }, "log": ["priced A1"] },
//!     { "when": { "sku": "B2" }, "error": { "errorType": "NoPrice", "errorMessage": "unknown" } },
//!     { "payload": { "total": 0 }, "delay-millis": 250 }
//!   ]
//! }
//! ```
//!
//! There are also `description`, `memory-size` (MB), `reserved-concurrency`, and of an answer `error-kind` (`Handled` or
//! `Unhandled`). Where the whole state is saved, `kept` has all else that clients have made of the function: its versions, aliases,
//! environment, tags, permissions, URLs and so on, in place of what the other members say. A function whose code a client has uploaded
//! is `{ "uploaded": true, "kept": {...} }`; the code itself is not kept, nor run. A function that is Rust is not saved. One of another account
//! than the fake's has it in its file's name: `price@111111111111.json`.
//!
//! In place of `answers` a function can have a `guest`, as in `{ "guest": "pricing" }`: then its code is a WebAssembly component.
//! The fake runs none; whoever has seeded it and has a host gives the function its code
//! ([`Lambda::guest_functions`](crate::Lambda::guest_functions)). `innkeeper run --fake` takes the name for that of a section
//! `[guest.NAME]` of the manifest.
//!
//! # Layers and event source mappings
//!
//! What Lambda has beside functions stands in `lambda/.innkeeper.json`. Saving the whole state writes all of it; by hand an event
//! source mapping needs no more than its function and its queue, by name or ARN:
//!
//! ```json
//! {
//!   "event-source-mappings": [
//!     {
//!       "function": "price",
//!       "source": "orders",
//!       "settings": { "batch-size": 1, "report-batch-item-failures": true }
//!     }
//!   ]
//! }
//! ```
//!
//! There are also `qualifier`, `enabled`, `uuid`, `region`, `account-id`, `modified` and `tags`, and of the settings `batching-window` (seconds),
//! `maximum-concurrency`, `filters` (patterns, as text) and `shown`, what has no effect. A mapping that is seeded is enabled, or
//! disabled, at once. Of `layers` there are `name`, `region`, `last`, the number that was given last, and `versions` by number; what is
//! in a layer is not kept.

mod documents;
mod hidden;
mod inline;
mod mark;
mod metadata;
mod path;
mod replace;
mod save;
mod seed;
mod whole;

#[cfg(test)]
mod round_trip;

pub use inline::{InlineSeed, InlineSeedError};
pub use path::PathError;
pub use save::{SaveError, Saved, SavedObject};
pub use seed::{SeedError, Seeded};

pub(crate) use inline::seed_inline;
pub(crate) use mark::check as check_save;
pub(crate) use replace::save_whole;
pub(crate) use seed::{FoundBucket, FoundVersion, seed};
