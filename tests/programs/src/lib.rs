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
//!     let info = Bucket::open(input.text("bucket"))?.head_object(input.text("key"), &Default::default())?;
//!     Ok(json!({ "size": info.size }))
//! }
//! ```
//!
//! They take JSON and answer with JSON: `{"ok": ...}`, or `{"error": "NoSuchKey"}` for an error of the interface. The host's test
//! of the same name says what it expects.

pub mod http;
pub mod wasi;

use std::fmt::Debug;

pub use innkeeper_guest::{Plugin, config, lambda, plugin, s3, sqs};
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

    /// A number of 32 bits that may be there; one that does not fit is the largest.
    pub fn small(&self, name: &str) -> Option<u32> {
        self.number(name).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// A time, in seconds since 1970, that may be there.
    pub fn time(&self, name: &str) -> Option<s3::Timestamp> {
        self.0[name].as_i64().map(|seconds| s3::Timestamp { seconds, nanoseconds: 0 })
    }

    /// Whether something is said to be so.
    pub fn is(&self, name: &str) -> bool {
        self.0[name] == true
    }

    /// Texts; none if they are not there.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let texts = self.0[name].as_array().map(Vec::as_slice).unwrap_or_default();
        texts.iter().map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Objects, each as an input of its own; none if they are not there.
    pub fn objects(&self, name: &str) -> Vec<Input> {
        self.0[name].as_array().map(Vec::as_slice).unwrap_or_default().iter().cloned().map(Input).collect()
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

/// What goes with a message that the input names.
pub fn send_options(input: &Input) -> sqs::SendOptions {
    sqs::SendOptions {
        attributes: input
            .pairs("attributes")
            .into_iter()
            .map(|(n, v)| sqs::MessageAttribute::text(n, v))
            .collect(),
        delay_seconds: input.small("delay"),
        group_id: input.option("group"),
        deduplication_id: input.option("deduplication"),
        trace_header: input.option("trace-header"),
    }
}

/// The receive that the input names.
pub fn receive_options(input: &Input) -> sqs::ReceiveOptions {
    sqs::ReceiveOptions {
        max_messages: input.small("max"),
        wait_time_seconds: input.small("wait"),
        visibility_timeout: input.small("visibility"),
    }
}

/// The settings of a queue that the input names.
pub fn queue_settings(input: &Input) -> sqs::QueueSettings {
    let redrive =
        input.option("dead-letter-queue").map(|dead_letter_queue| match dead_letter_queue.as_str() {
            "" => sqs::RedriveChange::Remove,
            _ => sqs::RedriveChange::Set(sqs::RedrivePolicy {
                dead_letter_queue,
                max_receive_count: input.small("max-receive-count").unwrap_or(3),
            }),
        });
    sqs::QueueSettings {
        visibility_timeout: input.small("visibility-timeout"),
        message_retention_period: input.small("message-retention-period"),
        delay_seconds: input.small("delay-seconds"),
        redrive_policy: redrive,
        content_based_deduplication: input.is("content-based-deduplication").then_some(true),
        ..sqs::QueueSettings::default()
    }
}

/// What came of each of many, as JSON.
pub fn results<T, E: Debug>(results: Vec<Result<T, E>>, value: impl Fn(T) -> Value) -> Value {
    let result = |result: Result<T, E>| match result {
        Ok(it) => json!({ "ok": value(it) }),
        Err(error) => json!({ "error": format!("{error:?}") }),
    };
    results.into_iter().map(result).collect()
}

/// A message as JSON.
pub fn content(content: &sqs::MessageContent) -> Value {
    let attribute = |attribute: &sqs::MessageAttribute| match &attribute.value {
        sqs::AttributeValue::Text(text) | sqs::AttributeValue::Number(text) => json!([attribute.name, text]),
        sqs::AttributeValue::Binary(bytes) => json!([attribute.name, bytes]),
    };
    json!({
        "body": content.body,
        "attributes": content.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "sent": content.sent.map(|time| time.seconds),
        "receive-count": content.receive_count,
        "group": content.group_id,
        "deduplication": content.deduplication_id,
        "sequence-number": content.sequence_number,
        "dead-letter-source": content.dead_letter_source,
        "trace-header": content.trace_header,
        "debug": format!("{content:?}"),
    })
}

/// A function's configuration as JSON.
pub fn configuration(function: &lambda::FunctionConfiguration) -> Value {
    json!({
        "name": function.name,
        "version": function.version,
        "description": function.description,
        "memory-size": function.memory_size,
        "timeout": function.timeout,
        "status": function.status.as_ref().map(|status| format!("{status:?}")),
        "debug": format!("{function:?}"),
    })
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
        "content-disposition": info.content_disposition,
        "content-encoding": info.content_encoding,
        "content-language": info.content_language,
        "expires": info.expires,
        "last-modified": info.last_modified.map(|time| time.seconds),
        "version": info.version_id,
        "storage-class": info.storage_class,
        "metadata": info.metadata,
        "checksum": info.checksum.as_ref().map(checksum),
        "encryption": info.encryption.map(|kind| format!("{kind:?}")),
        "parts": info.parts_count,
        "restore": info.restore.map(|restore| restore.in_progress),
    })
}

/// A checksum, as JSON: its algorithm and its value.
pub fn checksum(checksum: &s3::Checksum) -> Value {
    json!([format!("{:?}", checksum.algorithm), checksum.value])
}

/// A checksum algorithm by its name in AWS.
pub fn algorithm(name: &str) -> s3::ChecksumAlgorithm {
    match name {
        "CRC32" => s3::ChecksumAlgorithm::Crc32,
        "CRC32C" => s3::ChecksumAlgorithm::Crc32c,
        "CRC64NVME" => s3::ChecksumAlgorithm::Crc64nvme,
        "SHA1" => s3::ChecksumAlgorithm::Sha1,
        "SHA256" => s3::ChecksumAlgorithm::Sha256,
        other => panic!("`{other}` is no algorithm"),
    }
}

/// The options of a get that the input names.
pub fn get_options(input: &Input) -> s3::GetObjectOptions {
    s3::GetObjectOptions {
        range: input.range("range"),
        part_number: input.small("part"),
        version_id: input.option("version"),
        if_match: input.option("if-match"),
        if_none_match: input.option("if-none-match"),
        if_modified_since: input.time("if-modified-since"),
        if_unmodified_since: input.time("if-unmodified-since"),
        response_headers: response_headers(input),
    }
}

/// The headers of an answer that the input names: those that begin with `response-`.
pub fn response_headers(input: &Input) -> s3::ResponseHeaders {
    s3::ResponseHeaders {
        content_type: input.option("response-content-type"),
        cache_control: input.option("response-cache-control"),
        content_disposition: input.option("response-content-disposition"),
        content_encoding: input.option("response-content-encoding"),
        content_language: input.option("response-content-language"),
        expires: input.time("response-expires"),
    }
}

/// The options of a put that the input names.
pub fn put_options(input: &Input) -> s3::PutObjectOptions {
    s3::PutObjectOptions {
        content_type: input.option("content-type"),
        cache_control: input.option("cache-control"),
        content_disposition: input.option("content-disposition"),
        content_encoding: input.option("content-encoding"),
        content_language: input.option("content-language"),
        metadata: input.pairs("metadata"),
        expires: input.time("expires"),
        tags: input.pairs("tags"),
        storage_class: input.option("storage-class"),
        checksum: match (input.option("algorithm"), input.option("checksum")) {
            (None, _) => None,
            (Some(name), None) => Some(s3::ChecksumChoice::Computed(algorithm(&name))),
            (Some(name), Some(value)) => {
                Some(s3::ChecksumChoice::Given(s3::Checksum { algorithm: algorithm(&name), value }))
            }
        },
        encryption: encryption(input),
        if_match: input.option("if-match"),
        if_none_match: input.option("if-none-match"),
    }
}

/// The encryption that the input names: `s3`, `kms` or `kms-dsse`, and a `kms-key`.
pub fn encryption(input: &Input) -> Option<s3::Encryption> {
    let key = input.option("kms-key");
    Some(match input.option("encryption")?.as_str() {
        "s3" => s3::Encryption::S3,
        "kms" => s3::Encryption::Kms(key),
        "kms-dsse" => s3::Encryption::KmsDsse(key),
        other => panic!("`{other}` is no encryption"),
    })
}

/// What to wait for, as the input says.
pub fn existence(input: &Input) -> s3::Existence {
    if input.is("gone") { s3::Existence::NotFound } else { s3::Existence::Exists }
}

/// What S3 says of an object that it has stored, as JSON.
pub fn stored(output: &s3::PutObjectOutput) -> Value {
    json!({
        "etag": output.etag,
        "version": output.version_id,
        "checksum": output.checksum.as_ref().map(checksum),
    })
}

/// A presigned request, as JSON.
pub fn presigned(request: &s3::PresignedRequest) -> Value {
    json!({
        "method": request.method,
        "url": request.url,
        "headers": request.headers,
        "expires": request.expires.seconds,
    })
}

/// The byte at a place of a body that is made up: no two parts of it are the same.
pub fn byte_at(place: u64) -> u8 {
    (place ^ (place >> 8) ^ (place >> 16) ^ (place >> 24)) as u8
}

/// What a body is told by that is too large to be answered with: FNV-1a of 64 bits, in hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    let digest = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| {
        (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{digest:016x}")
}

/// Calls a listing until its end, or for so many `pages` as the input says, and answers with its pages, made of `page`, and with the
/// place to go on at. After an error it asks once more, where the input says `again`.
pub fn pages<L: s3::Listing>(
    input: &Input,
    listing: &L,
    page: impl Fn(L::Page) -> Value,
    token: impl Fn(&L) -> Option<String>,
) -> Result<Value, s3::Error> {
    let (mut pages, mut errors) = (Vec::new(), Vec::new());
    let most = input.number("pages").unwrap_or(u64::MAX);
    while (pages.len() as u64) < most {
        match listing.page() {
            Ok(Some(next)) => pages.push(page(next)),
            Ok(None) => break,
            Err(error) if errors.is_empty() && input.option("again").is_some() => {
                errors.push(format!("{error:?}"))
            }
            Err(error) => return Err(error),
        }
    }
    Ok(json!({ "pages": pages, "errors": errors, "token": token(listing) }))
}

/// Calls a listing until its end, and answers with its pages, made of `page`, and the errors on the way: after the first one it asks for
/// the same page again.
pub fn pages_and_errors<P, E: Debug>(
    mut next: impl FnMut() -> Result<Option<P>, E>,
    page: impl Fn(P) -> Value,
) -> Result<Value, E> {
    let (mut pages, mut errors) = (Vec::new(), Vec::new());
    loop {
        match next() {
            Ok(Some(next)) => pages.push(page(next)),
            Ok(None) => return Ok(json!({ "pages": pages, "errors": errors })),
            Err(error) if errors.is_empty() => errors.push(format!("{error:?}")),
            Err(error) => return Err(error),
        }
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
