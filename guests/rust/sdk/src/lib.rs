//! What a guest of Innkeeper written in Rust depends on: AWS without a key.
//!
//! A guest is a library that is compiled for WebAssembly and run by a host. It holds no credential and opens no connection: it asks
//! the host, which asks AWS if the guest's policy allows it. A guest of this crate is called with bytes and answers with bytes:
//!
//! ```no_run
//! use innkeeper_guest::{Plugin, s3};
//!
//! struct CountObjects;
//!
//! impl Plugin for CountObjects {
//!     fn run(input: Vec<u8>) -> Result<Vec<u8>, String> {
//!         let bucket = String::from_utf8(input).map_err(|_| "the input is no text")?;
//!         let count = count(&bucket).map_err(|error| format!("cannot list `{bucket}`: {error}"))?;
//!         Ok(count.to_string().into_bytes())
//!     }
//! }
//!
//! fn count(bucket: &str) -> Result<usize, s3::Error> {
//!     let bucket = s3::Bucket::open(bucket)?;
//!     let options = s3::ListObjectsOptions { prefix: Some("incoming/".into()), ..Default::default() };
//!     let mut count = 0;
//!     for page in bucket.list_objects(&options)?.pages() {
//!         count += page?.objects.len();
//!     }
//!     Ok(count)
//! }
//!
//! innkeeper_guest::plugin!(CountObjects);
//! # fn main() {}
//! ```
//!
//! with this in its `Cargo.toml`:
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib"]
//! ```
//!
//! The types are those of the WIT package `innkeeper:aws`, with what one expects of Rust's own: [`s3::Error`] is an
//! [`Error`](std::error::Error), option records have a [`Default`], listings are [iterators](s3::Pages), bodies can be
//! [read](std::io::Read).
//!
//! The crate compiles natively too, so that a guest's own code can be tested with `cargo test`. A function that is the host's to
//! carry out panics there.

pub mod config;
pub mod lambda;
pub mod s3;
pub mod sqs;

mod body;

pub use bindings::Guest as Plugin;

/// What `wit-bindgen` makes of the world `plugin`.
#[doc(hidden)]
#[expect(clippy::same_length_and_capacity, reason = "generated code")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit",
        world: "plugin",
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export",
        default_bindings_module: "innkeeper_guest::bindings",
        with: {
            "innkeeper:aws/lambda-types@0.2.0/error": crate::lambda::Error,
            "innkeeper:aws/s3-types@0.2.0/error": crate::s3::Error,
            "innkeeper:aws/sqs-types@0.2.0/error": crate::sqs::Error,
        },
        additional_type_attributes: {
            "innkeeper:aws/common-types@0.2.0/timestamp": [#[derive(PartialEq, Eq, PartialOrd, Ord)]],
            "innkeeper:aws/lambda-types@0.2.0/function-alias": [#[derive(PartialEq)]],
            "innkeeper:aws/lambda-types@0.2.0/function-configuration": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/lambda-types@0.2.0/function-failure": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/lambda-types@0.2.0/function-status": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/lambda-types@0.2.0/invocation": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/lambda-types@0.2.0/invoke-async-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/lambda-types@0.2.0/invoke-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/lambda-types@0.2.0/invoke-stream-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/bucket-page": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/bucket-summary": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/byte-range": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/checksum": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/checksum-choice": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/copied-metadata": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/copied-tags": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/copy-object-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/delete-object-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/delete-object-output": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/encryption": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/get-object-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/head-object-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/list-buckets-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/list-object-versions-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/list-objects-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/list-uploads-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/object-attributes": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/object-attributes-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/object-bytes": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/object-headers": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/object-identifier": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/object-info": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/object-page": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/object-part": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/object-parts": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/object-summary": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/object-version": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/presign-get-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/presign-put-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/presigned-request": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/put-object-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/put-object-output": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/response-headers": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/restore-object-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/restore-status": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/unfinished-upload": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/upload-page": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/s3-types@0.2.0/version-page": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/sqs-types@0.2.0/attribute-value": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/sqs-types@0.2.0/fifo-attributes": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/sqs-types@0.2.0/list-queues-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/sqs-types@0.2.0/message-attribute": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/sqs-types@0.2.0/message-content": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/sqs-types@0.2.0/move-task-info": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/sqs-types@0.2.0/queue-attributes": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/sqs-types@0.2.0/queue-settings": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/sqs-types@0.2.0/receive-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/sqs-types@0.2.0/redrive-change": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/sqs-types@0.2.0/redrive-policy": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/sqs-types@0.2.0/send-entry": [#[derive(PartialEq, Eq)]],
            "innkeeper:aws/sqs-types@0.2.0/send-options": [#[derive(Default, PartialEq, Eq)]],
            "innkeeper:aws/sqs-types@0.2.0/send-output": [#[derive(PartialEq, Eq)]],
        },
    });
}

/// Makes a type that implements [`Plugin`] the guest's `run`. Once in a guest, where items can be.
///
/// ```
/// struct Echo;
///
/// impl innkeeper_guest::Plugin for Echo {
///     fn run(input: Vec<u8>) -> Result<Vec<u8>, String> {
///         Ok(input)
///     }
/// }
///
/// innkeeper_guest::plugin!(Echo);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! plugin {
    ($plugin:ident) => {
        $crate::bindings::export!($plugin with_types_in $crate::bindings);
    };
}
