//! Between the records of the WIT interface and the SDK's. Nothing here decides or sends.

use std::collections::BTreeMap;
use std::ops::Range;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{ChecksumType as SdkChecksumType, Object, ServerSideEncryption};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use crate::bindings::s3_types::{
    ByteRange, ChecksumType, EncryptionKind, Error, ObjectInfo, ObjectSummary, RestoreStatus, Timestamp,
};

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

/// Which bytes of the object the body of an answer has: the first, and the one behind the last. `None` where it does not say.
pub(crate) fn span_of_get(output: &GetObjectOutput) -> Option<Range<u64>> {
    let Some(header) = output.content_range.as_deref() else {
        return Some(0..u64::try_from(output.content_length?).ok()?);
    };
    let (first, last) = header.strip_prefix("bytes ")?.split_once('/')?.0.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some(first..last.checked_add(1)?)
}

/// What a year of four digits can say.
const DATES: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// A time that the guest has given.
pub(crate) fn date(name: &str, time: Timestamp) -> Result<DateTime, Error> {
    if !DATES.contains(&time.seconds) || time.nanoseconds > 999_999_999 {
        return Err(Error::InvalidArgument(format!("{name} is no time of the years 1 to 9999")));
    }
    Ok(DateTime::from_secs_and_nanos(time.seconds, time.nanoseconds))
}

/// The number of a part.
pub(crate) fn part_number(number: Option<u32>) -> Result<Option<i32>, Error> {
    match number {
        None => Ok(None),
        Some(number @ 1..=10_000) => Ok(i32::try_from(number).ok()),
        Some(_) => Err(Error::InvalidArgument("the number of a part is 1 to 10,000".to_owned())),
    }
}

/// A version that the guest names. S3's are of up to 1,024 URL-safe bytes.
pub(crate) fn version_id(version: Option<String>) -> Result<Option<String>, Error> {
    match version {
        Some(version)
            if version.is_empty()
                || version.len() > 1_024
                || !version.bytes().all(|b| b.is_ascii_graphic()) =>
        {
            Err(Error::InvalidArgument("the version is none of S3's".to_owned()))
        }
        version => Ok(version),
    }
}

pub(crate) fn timestamp(time: &DateTime) -> Timestamp {
    Timestamp { seconds: time.secs(), nanoseconds: time.subsec_nanos() }
}

pub(crate) fn length(length: Option<i64>) -> u64 {
    length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default()
}

/// The checksum in an output. S3 says one at most, beside what is older than checksums.
macro_rules! checksum_of {
    ($output:expr) => {{
        use crate::bindings::s3_types::ChecksumAlgorithm as Algorithm;
        [
            (Algorithm::Crc64nvme, &$output.checksum_crc64_nvme),
            (Algorithm::Crc32, &$output.checksum_crc32),
            (Algorithm::Crc32c, &$output.checksum_crc32_c),
            (Algorithm::Sha256, &$output.checksum_sha256),
            (Algorithm::Sha1, &$output.checksum_sha1),
        ]
        .into_iter()
        .find_map(|(algorithm, value)| {
            Some(crate::bindings::s3_types::Checksum { algorithm, value: value.clone()? })
        })
    }};
}
pub(crate) use checksum_of;

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
            expires: $output.expires_string.clone(),
            metadata: sorted($output.metadata.iter().flatten()),
            checksum: checksum_of!($output),
            checksum_type: checksum_type($output.checksum_type.as_ref()),
            encryption: $output.server_side_encryption.as_ref().and_then(encryption),
            parts_count: $output.parts_count.and_then(|count| u32::try_from(count).ok()),
            restore: $output.restore.as_deref().map(restore_status),
        }
    };
}

pub(crate) fn checksum_type(stored: Option<&SdkChecksumType>) -> Option<ChecksumType> {
    match stored? {
        SdkChecksumType::FullObject => Some(ChecksumType::FullObject),
        SdkChecksumType::Composite => Some(ChecksumType::Composite),
        _ => None,
    }
}

fn encryption(stored: &ServerSideEncryption) -> Option<EncryptionKind> {
    match stored {
        ServerSideEncryption::Aes256 => Some(EncryptionKind::S3),
        ServerSideEncryption::AwsKms => Some(EncryptionKind::Kms),
        ServerSideEncryption::AwsKmsDsse => Some(EncryptionKind::KmsDsse),
        _ => None,
    }
}

/// `x-amz-restore`: `ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"`.
fn restore_status(header: &str) -> RestoreStatus {
    let expires = header.split_once("expiry-date=\"").and_then(|(_, rest)| rest.split_once('"'));
    RestoreStatus {
        in_progress: header.contains("ongoing-request=\"true\""),
        expires: expires
            .and_then(|(date, _)| DateTime::from_str(date, Format::HttpDate).ok())
            .as_ref()
            .map(timestamp),
    }
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

    #[test]
    fn a_header_with_a_line_break_is_refused() {
        for value in ["a\r\nx-amz-acl: public-read", "a\nb", "a\0", "ü", " a", "a ", ""] {
            assert!(check_header("content-type", Some(&value.to_owned())).is_err(), "{value:?}");
        }
        assert!(check_header("content-type", Some(&"text/plain; charset=utf-8".to_owned())).is_ok());
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

    #[test]
    fn the_span_of_a_body_is_what_the_answer_says() {
        let span = |range: Option<&str>, length| {
            let output = GetObjectOutput::builder()
                .set_content_range(range.map(str::to_owned))
                .set_content_length(length);
            span_of_get(&output.build())
        };
        assert_eq!(span(None, Some(7)), Some(0..7));
        assert_eq!(span(Some("bytes 3-9/20"), Some(7)), Some(3..10));
        for hostile in ["bytes 9-3/20", "bytes 0-18446744073709551615/1", "bytes */20", "3-9/20", ""] {
            assert_eq!(span(Some(hostile), Some(7)), None, "{hostile}");
        }
        assert_eq!(span(None, Some(-1)), None);
    }

    #[test]
    fn times_that_no_date_can_say_are_refused() {
        let time = |seconds, nanoseconds| date("expires", Timestamp { seconds, nanoseconds });
        assert!(time(-1, 0).is_ok());
        for (seconds, nanoseconds) in [(i64::MAX, 0), (i64::MIN, 0), (0, 1_000_000_000), (0, u32::MAX)] {
            assert!(time(seconds, nanoseconds).is_err(), "{seconds} {nanoseconds}");
        }
    }

    #[test]
    fn a_version_that_would_change_the_url_is_refused() {
        for version in ["", "a b", "a\r\nb", "\u{fc}", &"v".repeat(1_025)] {
            assert!(version_id(Some(version.to_owned())).is_err(), "{version:?}");
        }
        assert!(version_id(Some("3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY".to_owned())).is_ok());
        assert!(version_id(Some("null".to_owned())).is_ok());
    }

    #[test]
    fn the_state_of_a_restore_is_read() {
        let status =
            restore_status("ongoing-request=\"false\", expiry-date=\"Fri, 21 Dec 2012 00:00:00 GMT\"");
        assert!(!status.in_progress);
        assert_eq!(status.expires.unwrap().seconds, 1_356_048_000);
        assert!(restore_status("ongoing-request=\"true\"").in_progress);
    }
}
