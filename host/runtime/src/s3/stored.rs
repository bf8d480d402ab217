//! What stands beside the bytes of an object that is written: headers, user metadata, tags, storage class, encryption, checksum.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_s3::types::{ChecksumAlgorithm, ServerSideEncryption, StorageClass};
use aws_smithy_types::DateTime;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use innkeeper_policy::StoredAs;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::bindings::s3_types::{
    self, Checksum, ChecksumChoice, Encryption, Error, ObjectHeaders, PutObjectOptions,
};
use crate::context::AwsCtx;
use crate::s3::convert::{check_header, date};

/// What S3 takes of user metadata, names and values together.
const MAX_METADATA_BYTES: usize = 2 * 1024;

/// What S3 takes of tags, and of the characters of their names and values.
const MAX_TAGS: usize = 10;
const MAX_TAG_NAME: usize = 128;
const MAX_TAG_VALUE: usize = 256;

/// Everything that is no letter or digit, but for what RFC 3986 never encodes.
pub(crate) const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What stands beside the bytes of a write, checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stored {
    /// `None`: for a copy, those of the source.
    pub(crate) headers: Option<Headers>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) storage_class: Option<StorageClass>,
    pub(crate) encryption: Option<ServerSideEncryption>,
    /// The ARN of a key that the manifest names.
    pub(crate) kms_key: Option<String>,
    pub(crate) checksum: ChecksumOfWrite,
}

impl Stored {
    /// What a policy can ask about.
    pub(crate) fn storage(&self) -> StoredAs<'_> {
        StoredAs {
            storage_class: self.storage_class.as_ref().map(StorageClass::as_str),
            encryption: self.encryption.as_ref().map(ServerSideEncryption::as_str),
        }
    }
}

/// Headers and user metadata, checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers {
    pub(crate) content_type: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) expires: Option<DateTime>,
    pub(crate) metadata: HashMap<String, String>,
}

/// Which checksum goes with the bytes.
#[derive(Clone, Debug, Default)]
pub(crate) enum ChecksumOfWrite {
    /// The SDK's choice, CRC-32.
    #[default]
    Default,
    Computed(ChecksumAlgorithm),
    Given(Checksum),
}

/// On which conditions a write is made, checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriteConditions {
    pub(crate) if_match: Option<String>,
    pub(crate) if_none_match: Option<String>,
}

/// Sets what is stored on the builder of a request that writes. The SDK's builders have the same setters and no trait for them.
macro_rules! with_stored {
    ($request:expr, $stored:expr) => {{
        let stored: &crate::s3::stored::Stored = $stored;
        let headers = stored.headers.clone().unwrap_or_default();
        $request
            .set_content_type(headers.content_type)
            .set_cache_control(headers.cache_control)
            .set_content_disposition(headers.content_disposition)
            .set_content_encoding(headers.content_encoding)
            .set_content_language(headers.content_language)
            .set_expires(headers.expires)
            .set_metadata((!headers.metadata.is_empty()).then_some(headers.metadata))
            .set_tagging(stored.tagging())
            .set_storage_class(stored.storage_class.clone())
            .set_server_side_encryption(stored.encryption.clone())
            .set_ssekms_key_id(stored.kms_key.clone())
    }};
}
pub(crate) use with_stored;

/// Sets a checksum that the guest has computed.
macro_rules! with_checksum {
    ($request:expr, $checksum:expr) => {{
        use crate::bindings::s3_types::ChecksumAlgorithm as Algorithm;
        let checksum: crate::bindings::s3_types::Checksum = $checksum;
        match checksum.algorithm {
            Algorithm::Crc32 => $request.checksum_crc32(checksum.value),
            Algorithm::Crc32c => $request.checksum_crc32_c(checksum.value),
            Algorithm::Crc64nvme => $request.checksum_crc64_nvme(checksum.value),
            Algorithm::Sha1 => $request.checksum_sha1(checksum.value),
            Algorithm::Sha256 => $request.checksum_sha256(checksum.value),
        }
    }};
}
pub(crate) use with_checksum;

impl Stored {
    /// What a put or an upload stores, and on which conditions.
    pub(crate) fn of_put(ctx: &AwsCtx, options: PutObjectOptions) -> Result<(Self, WriteConditions), Error> {
        let headers = Headers::of(ObjectHeaders {
            content_type: options.content_type,
            cache_control: options.cache_control,
            content_disposition: options.content_disposition,
            content_encoding: options.content_encoding,
            content_language: options.content_language,
            expires: options.expires,
            metadata: options.metadata,
        })?;
        check_tags(&options.tags)?;
        let mut stored = Self { headers: Some(headers), tags: options.tags, ..Self::default() };
        stored.set_storage(ctx, options.storage_class, options.encryption)?;
        stored.checksum = match options.checksum {
            None => ChecksumOfWrite::Default,
            Some(ChecksumChoice::Computed(choice)) => ChecksumOfWrite::Computed(algorithm(choice)),
            Some(ChecksumChoice::Given(checksum)) => ChecksumOfWrite::Given(check_checksum(checksum)?),
        };
        Ok((stored, WriteConditions::new(options.if_match, options.if_none_match)?))
    }

    /// Storage class and encryption.
    pub(crate) fn set_storage(
        &mut self,
        ctx: &AwsCtx,
        storage_class: Option<String>,
        encryption: Option<Encryption>,
    ) -> Result<(), Error> {
        check_header("storage-class", storage_class.as_ref())?;
        self.storage_class = storage_class.map(|class| StorageClass::from(class.as_str()));
        let (encryption, key) = match encryption {
            None => (None, None),
            Some(Encryption::S3) => (Some(ServerSideEncryption::Aes256), None),
            Some(Encryption::Kms(key)) => (Some(ServerSideEncryption::AwsKms), key),
            Some(Encryption::KmsDsse(key)) => (Some(ServerSideEncryption::AwsKmsDsse), key),
        };
        self.encryption = encryption;
        // A guest has no grants for KMS, so it can choose among those keys alone that the operator has given a name.
        self.kms_key = key.map(|name| kms_key(ctx, &name)).transpose()?;
        Ok(())
    }

    /// `x-amz-tagging`.
    pub(crate) fn tagging(&self) -> Option<String> {
        let encode = |text| utf8_percent_encode(text, UNRESERVED);
        let pairs: Vec<String> =
            self.tags.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        (!pairs.is_empty()).then(|| pairs.join("&"))
    }
}

impl Headers {
    pub(crate) fn of(headers: ObjectHeaders) -> Result<Self, Error> {
        for (name, value) in [
            ("content-type", &headers.content_type),
            ("cache-control", &headers.cache_control),
            ("content-disposition", &headers.content_disposition),
            ("content-encoding", &headers.content_encoding),
            ("content-language", &headers.content_language),
        ] {
            check_header(name, value.as_ref())?;
        }
        Ok(Self {
            content_type: headers.content_type,
            cache_control: headers.cache_control,
            content_disposition: headers.content_disposition,
            content_encoding: headers.content_encoding,
            content_language: headers.content_language,
            expires: headers.expires.map(|time| date("expires", time)).transpose()?,
            metadata: check_metadata(&headers.metadata)?.into_iter().collect(),
        })
    }
}

impl WriteConditions {
    pub(crate) fn new(if_match: Option<String>, if_none_match: Option<String>) -> Result<Self, Error> {
        check_header("if-match", if_match.as_ref())?;
        if if_none_match.as_deref().is_some_and(|value| value != "*") {
            return Err(Error::InvalidArgument("if-none-match of a write can only be `*`".to_owned()));
        }
        Ok(Self { if_match, if_none_match })
    }
}

/// The key that a name of the manifest stands for.
fn kms_key(ctx: &AwsCtx, name: &str) -> Result<String, Error> {
    let arn = ctx.resolve(name);
    let is_key = arn.parse::<innkeeper_policy::Arn>().is_ok_and(|arn| arn.service() == "kms");
    if arn == name || !is_key {
        return Err(Error::InvalidArgument(
            "the key of an encryption has to be a name that the manifest gives to one".to_owned(),
        ));
    }
    Ok(arn.to_owned())
}

/// The SDK's word for an algorithm.
pub(crate) fn algorithm(algorithm: s3_types::ChecksumAlgorithm) -> ChecksumAlgorithm {
    match algorithm {
        s3_types::ChecksumAlgorithm::Crc32 => ChecksumAlgorithm::Crc32,
        s3_types::ChecksumAlgorithm::Crc32c => ChecksumAlgorithm::Crc32C,
        s3_types::ChecksumAlgorithm::Crc64nvme => ChecksumAlgorithm::Crc64Nvme,
        s3_types::ChecksumAlgorithm::Sha1 => ChecksumAlgorithm::Sha1,
        s3_types::ChecksumAlgorithm::Sha256 => ChecksumAlgorithm::Sha256,
    }
}

/// A digest in base64, of the length that its algorithm has.
pub(crate) fn check_checksum(checksum: Checksum) -> Result<Checksum, Error> {
    let length = match checksum.algorithm {
        s3_types::ChecksumAlgorithm::Crc32 | s3_types::ChecksumAlgorithm::Crc32c => 4,
        s3_types::ChecksumAlgorithm::Crc64nvme => 8,
        s3_types::ChecksumAlgorithm::Sha1 => 20,
        s3_types::ChecksumAlgorithm::Sha256 => 32,
    };
    if checksum.value.len() > 64
        || STANDARD.decode(&checksum.value).map_or(0, |digest| digest.len()) != length
    {
        return Err(Error::InvalidArgument(format!("the checksum is not {length} bytes in base64")));
    }
    Ok(checksum)
}

/// The user metadata of a write, as S3 will store it.
fn check_metadata(metadata: &[(String, String)]) -> Result<BTreeMap<String, String>, Error> {
    let mut stored = BTreeMap::new();
    let mut bytes = 0;
    for (name, value) in metadata {
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
            return Err(Error::InvalidArgument(format!(
                "metadata is longer than {MAX_METADATA_BYTES} bytes"
            )));
        }
        if stored.insert(name.to_ascii_lowercase(), value.clone()).is_some() {
            return Err(Error::InvalidArgument("a name of metadata is given twice".to_owned()));
        }
    }
    Ok(stored)
}

/// Refuses tags that S3 does not take, or that XML could not carry.
pub(crate) fn check_tags(tags: &[(String, String)]) -> Result<(), Error> {
    let refuse = |text: String| Err(Error::InvalidArgument(text));
    if tags.len() > MAX_TAGS {
        return refuse(format!("an object has {MAX_TAGS} tags at most"));
    }
    let mut names = BTreeSet::new();
    for (name, value) in tags {
        if !(1..=MAX_TAG_NAME).contains(&name.chars().count()) || value.chars().count() > MAX_TAG_VALUE {
            return refuse(format!(
                "a tag has a name of 1 to {MAX_TAG_NAME} and a value of up to {MAX_TAG_VALUE} characters"
            ));
        }
        if name.chars().chain(value.chars()).any(char::is_control) {
            return refuse("a tag has no control characters".to_owned());
        }
        if !names.insert(name) {
            return refuse("a tag is given twice".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn metadata_cannot_become_a_control_header() {
        for name in ["", "a b", "a:b", "a\r\nhost", "x\0", "ü", "a/b"] {
            assert!(check_metadata(&pairs(&[(name, "v")])).is_err(), "{name:?}");
        }
        // Whatever the name, it goes out behind `x-amz-meta-`.
        assert!(check_metadata(&pairs(&[("content-length", "0"), ("Host", "h")])).is_ok());
    }

    #[test]
    fn metadata_names_that_differ_in_case_alone_are_refused() {
        assert!(check_metadata(&pairs(&[("Name", "a"), ("name", "b")])).is_err());
        assert_eq!(check_metadata(&pairs(&[("Name", "a")])).unwrap()["name"], "a");
    }

    #[test]
    fn metadata_of_2048_bytes_is_the_most() {
        let value = "v".repeat(2047);
        assert!(check_metadata(&pairs(&[("n", &value)])).is_ok());
        assert!(check_metadata(&pairs(&[("nn", &value)])).is_err());
    }

    #[test]
    fn tags_at_the_ends_of_what_s3_takes() {
        assert!(check_tags(&pairs(&[(&"n".repeat(128), &"v".repeat(256))])).is_ok());
        assert!(check_tags(&pairs(&[(&"é".repeat(128), "")])).is_ok());
        for wrong in [
            pairs(&[("", "v")]),
            pairs(&[(&"n".repeat(129), "v")]),
            pairs(&[("n", &"v".repeat(257))]),
            pairs(&[("n", "a\0")]),
            pairs(&[("n", "a"), ("n", "b")]),
            vec![("n".to_owned(), String::new()); 40_000],
        ] {
            assert!(check_tags(&wrong).is_err());
        }
    }

    #[test]
    fn a_tag_cannot_become_two() {
        let stored = Stored { tags: pairs(&[("a&b=c", "d e+f%&")]), ..Stored::default() };
        assert_eq!(stored.tagging().unwrap(), "a%26b%3Dc=d%20e%2Bf%25%26");
        assert_eq!(Stored::default().tagging(), None);
    }

    #[test]
    fn a_checksum_has_the_length_of_its_algorithm() {
        let checksum =
            |algorithm, value: &str| check_checksum(Checksum { algorithm, value: value.to_owned() });
        assert!(checksum(s3_types::ChecksumAlgorithm::Crc32, "DUoRhQ==").is_ok());
        for value in ["", "DUoRhQ", "not base64", "DUoRhQ==\r\nhost: evil", &"A".repeat(1 << 20)] {
            assert!(checksum(s3_types::ChecksumAlgorithm::Crc32, value).is_err());
        }
        assert!(checksum(s3_types::ChecksumAlgorithm::Sha256, "DUoRhQ==").is_err());
    }
}
