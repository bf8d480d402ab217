//! Between the records of the WIT interface and the SDK's. Nothing here decides or sends.

use std::collections::BTreeMap;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::Object;
use aws_smithy_types::DateTime;

use crate::bindings::s3_types::{ByteRange, Error, ObjectInfo, ObjectSummary, PutObjectOptions, Timestamp};

/// What S3 takes of user metadata, names and values together.
const MAX_METADATA_BYTES: usize = 2 * 1024;

/// S3 takes 8 KB of headers in all, so no single one can be longer.
const MAX_HEADER_BYTES: usize = 8 * 1024;

/// Refuses what cannot be the value of an HTTP header, so that no line break ends one header and begins another.
pub(crate) fn check_header(name: &str, value: Option<&String>) -> Result<(), Error> {
    let Some(value) = value else { return Ok(()) };
    let printable = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !printable || value.is_empty() || value.trim() != value || value.len() > MAX_HEADER_BYTES {
        return Err(Error::InvalidArgument(format!(
            "{name} has to be printable ASCII without surrounding spaces, of 1 to {MAX_HEADER_BYTES} bytes"
        )));
    }
    Ok(())
}

/// The `Range` header for a range of the interface.
pub(crate) fn range_header(range: ByteRange) -> Result<String, Error> {
    match range {
        ByteRange::Between((first, last)) if first > last => {
            Err(Error::InvalidArgument("the range ends before it begins".to_owned()))
        }
        ByteRange::Between((first, last)) => Ok(format!("bytes={first}-{last}")),
        ByteRange::StartingAt(first) => Ok(format!("bytes={first}-")),
        ByteRange::Last(0) => Err(Error::InvalidRange),
        ByteRange::Last(length) => Ok(format!("bytes=-{length}")),
    }
}

/// The length of the whole object, from the `Content-Range` of an answer with a part of it: `bytes 0-9/1234`.
fn size_in_content_range(header: &str) -> Option<u64> {
    header.strip_prefix("bytes ")?.rsplit_once('/')?.1.parse().ok()
}

/// The user metadata of an upload, as S3 will store it.
pub(crate) fn metadata(options: &PutObjectOptions) -> Result<BTreeMap<String, String>, Error> {
    let mut stored = BTreeMap::new();
    let mut bytes = 0;
    for (name, value) in &options.metadata {
        let name_is_token = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        if !name_is_token {
            return Err(Error::InvalidArgument(
                "a name of metadata has to be of ASCII letters, digits, `-`, `_` and `.`".to_owned(),
            ));
        }
        if !value.is_empty() {
            check_header("a value of metadata", Some(value))?;
        }
        bytes += name.len() + value.len();
        if bytes > MAX_METADATA_BYTES {
            return Err(Error::InvalidArgument(format!("metadata is longer than {MAX_METADATA_BYTES} bytes")));
        }
        if stored.insert(name.to_ascii_lowercase(), value.clone()).is_some() {
            return Err(Error::InvalidArgument("a name of metadata is given twice".to_owned()));
        }
    }
    Ok(stored)
}

fn timestamp(time: &DateTime) -> Timestamp {
    Timestamp { seconds: time.secs(), nanoseconds: time.subsec_nanos() }
}

fn length(length: Option<i64>) -> u64 {
    length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default()
}

/// The outputs of `GetObject` and `HeadObject` have the same fields and no trait for them.
macro_rules! object_info {
    ($output:expr, $size:expr) => {
        ObjectInfo {
            size: $size,
            etag: $output.e_tag.clone(),
            last_modified: $output.last_modified.as_ref().map(timestamp),
            version_id: $output.version_id.clone(),
            storage_class: $output.storage_class.as_ref().map(|class| class.as_str().to_owned()),
            content_type: $output.content_type.clone(),
            cache_control: $output.cache_control.clone(),
            content_disposition: $output.content_disposition.clone(),
            content_encoding: $output.content_encoding.clone(),
            content_language: $output.content_language.clone(),
            metadata: sorted($output.metadata.iter().flatten()),
        }
    };
}

pub(crate) fn info_of_get(output: &GetObjectOutput) -> ObjectInfo {
    let whole = output.content_range.as_deref().and_then(size_in_content_range);
    object_info!(output, whole.unwrap_or_else(|| length(output.content_length)))
}

pub(crate) fn info_of_head(output: &HeadObjectOutput) -> ObjectInfo {
    object_info!(output, length(output.content_length))
}

fn sorted<'a>(metadata: impl Iterator<Item = (&'a String, &'a String)>) -> Vec<(String, String)> {
    let sorted: BTreeMap<_, _> = metadata.collect();
    sorted.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// One line of a listing. `None` for one without a key, which S3 never sends.
pub(crate) fn summary(object: &Object, key: impl FnOnce(&str) -> String) -> Option<ObjectSummary> {
    Some(ObjectSummary {
        key: key(object.key()?),
        size: length(object.size),
        etag: object.e_tag.clone(),
        last_modified: object.last_modified.as_ref().map(timestamp),
        storage_class: object.storage_class.as_ref().map(|class| class.as_str().to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(metadata: &[(&str, &str)]) -> PutObjectOptions {
        PutObjectOptions {
            content_type: None,
            cache_control: None,
            content_disposition: None,
            content_encoding: None,
            content_language: None,
            metadata: metadata.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            if_match: None,
            if_none_match: None,
        }
    }

    #[test]
    fn a_header_with_a_line_break_is_refused() {
        for value in ["a\r\nx-amz-acl: public-read", "a\nb", "a\0", "ü", " a", "a ", ""] {
            assert!(check_header("content-type", Some(&value.to_owned())).is_err(), "{value:?}");
        }
        assert!(check_header("content-type", Some(&"text/plain; charset=utf-8".to_owned())).is_ok());
    }

    #[test]
    fn metadata_cannot_become_a_control_header() {
        for name in ["", "a b", "a:b", "a\r\nhost", "x\0", "ü", "a/b"] {
            assert!(metadata(&put(&[(name, "v")])).is_err(), "{name:?}");
        }
        // Whatever the name, it goes out behind `x-amz-meta-`.
        assert!(metadata(&put(&[("content-length", "0"), ("Host", "h")])).is_ok());
    }

    #[test]
    fn metadata_names_that_differ_in_case_alone_are_refused() {
        assert!(metadata(&put(&[("Name", "a"), ("name", "b")])).is_err());
        assert_eq!(metadata(&put(&[("Name", "a")])).unwrap()["name"], "a");
    }

    #[test]
    fn metadata_of_2048_bytes_is_the_most() {
        let value = "v".repeat(2047);
        assert!(metadata(&put(&[("n", &value)])).is_ok());
        assert!(metadata(&put(&[("nn", &value)])).is_err());
    }

    #[test]
    fn ranges_at_the_ends_of_what_a_guest_can_say() {
        assert_eq!(range_header(ByteRange::Between((0, u64::MAX))).unwrap(), "bytes=0-18446744073709551615");
        assert!(matches!(range_header(ByteRange::Between((1, 0))), Err(Error::InvalidArgument(_))));
        assert!(matches!(range_header(ByteRange::Last(0)), Err(Error::InvalidRange)));
        assert_eq!(range_header(ByteRange::StartingAt(7)).unwrap(), "bytes=7-");
    }

    #[test]
    fn the_size_of_the_whole_is_read_from_content_range() {
        assert_eq!(size_in_content_range("bytes 0-9/1234"), Some(1234));
        assert_eq!(size_in_content_range("bytes 0-9/*"), None);
        assert_eq!(size_in_content_range("nonsense"), None);
    }
}
