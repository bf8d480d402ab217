//! What the guests of `src/bin` have in common. Each is one file of a few lines:
//!
//! ```
//! #![no_main]
//! //! Asks what S3 keeps beside the bytes of an object.
//!
//! use test_programs::s3::{Bucket, Error};
//! use test_programs::{Input, Value, json};
//!
//! test_programs::program!(run);
//!
//! fn run(input: &Input) -> Result<Value, Error> {
//!     let info = Bucket::open(input.text("bucket"))?.head_object(input.text("key"))?;
//!     Ok(json!({ "size": info.size }))
//! }
//! ```
//!
//! They take JSON and answer with JSON: `{"ok": ...}`, or `{"error": "NoSuchKey"}` for an error of the interface. The host's test
//! of the same name says what it expects.

use std::fmt::Debug;

pub use innkeeper_guest::{Plugin, config, plugin, s3};
pub use serde_json::{Value, json};

/// What a program is called with: a JSON object.
pub struct Input(Value);

impl Input {
    /// Reads the bytes of a call; no bytes are an empty object.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let bytes = if bytes.is_empty() { b"{}" } else { bytes };
        serde_json::from_slice(bytes).map(Self).map_err(|error| error.to_string())
    }

    /// A text that has to be there.
    pub fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("`{name}` is missing"))
    }

    /// A text that may be there.
    pub fn option(&self, name: &str) -> Option<String> {
        self.0[name].as_str().map(str::to_owned)
    }

    /// A number that may be there.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.0[name].as_u64()
    }

    /// Pairs of text; none if they are not there.
    pub fn pairs(&self, name: &str) -> Vec<(String, String)> {
        let pairs = self.0[name].as_array().map(Vec::as_slice).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        pairs.iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
    }

    /// A range: `[first, last]`, `[first, null]` or `[null, length]`.
    pub fn range(&self, name: &str) -> Option<s3::ByteRange> {
        let range = self.0[name].as_array()?;
        match (range[0].as_u64(), range[1].as_u64()) {
            (Some(first), Some(last)) => Some(s3::ByteRange::Between((first, last))),
            (Some(first), None) => Some(s3::ByteRange::StartingAt(first)),
            (None, Some(length)) => Some(s3::ByteRange::Last(length)),
            (None, None) => None,
        }
    }
}

/// The answer for a result.
pub fn answer<E: Debug>(result: Result<Value, E>) -> Vec<u8> {
    let answer = match result {
        Ok(value) => json!({ "ok": value }),
        Err(error) => json!({ "error": format!("{error:?}") }),
    };
    answer.to_string().into_bytes()
}

/// What S3 keeps beside an object, as JSON.
pub fn info(info: &s3::ObjectInfo) -> Value {
    json!({
        "size": info.size,
        "etag": info.etag,
        "content-type": info.content_type,
        "cache-control": info.cache_control,
        "last-modified": info.last_modified.map(|time| time.seconds),
        "metadata": info.metadata,
    })
}

/// The options of a get that the input names.
pub fn get_options(input: &Input) -> s3::GetObjectOptions {
    s3::GetObjectOptions {
        range: input.range("range"),
        if_match: input.option("if-match"),
        if_none_match: input.option("if-none-match"),
    }
}

/// Makes a function from an [`Input`] to a JSON value the guest's `run`.
#[macro_export]
macro_rules! program {
    ($run:path) => {
        struct Program;

        impl $crate::Plugin for Program {
            fn run(input: Vec<u8>) -> Result<Vec<u8>, String> {
                Ok($crate::answer($run(&$crate::Input::read(&input)?)))
            }
        }

        $crate::plugin!(Program);
    };
}

/// Makes a function from bytes to bytes the guest's `run`.
#[macro_export]
macro_rules! raw_program {
    ($run:path) => {
        struct Program;

        impl $crate::Plugin for Program {
            fn run(input: Vec<u8>) -> Result<Vec<u8>, String> {
                $run(input)
            }
        }

        $crate::plugin!(Program);
    };
}
