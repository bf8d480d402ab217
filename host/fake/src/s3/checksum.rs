use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::Checksum as _;
use serde::{Deserialize, Serialize};

/// A checksum that S3 keeps with an object (`x-amz-checksum-*`), or with a part of one.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Checksum {
    /// How it was computed.
    pub algorithm: ChecksumAlgorithm,
    /// What it was computed over.
    pub kind: ChecksumKind,
    /// The digest in base64, as in the header. A composite one ends with `-` and the number of parts.
    pub value: String,
}

/// An output of s3s: its five checksum fields from an `Option<&Checksum>`, and the others as they are given.
macro_rules! with_checksum {
    ($output:ident, $checksum:expr, { $($field:ident: $value:expr,)* $(..$rest:expr)? }) => {{
        let checksum: Option<&$crate::s3::Checksum> = $checksum;
        let value = |algorithm| checksum.and_then(|checksum| checksum.value_of(algorithm));
        $output {
            checksum_crc32: value($crate::s3::ChecksumAlgorithm::Crc32),
            checksum_crc32c: value($crate::s3::ChecksumAlgorithm::Crc32c),
            checksum_crc64nvme: value($crate::s3::ChecksumAlgorithm::Crc64Nvme),
            checksum_sha1: value($crate::s3::ChecksumAlgorithm::Sha1),
            checksum_sha256: value($crate::s3::ChecksumAlgorithm::Sha256),
            $($field: $value,)*
            $(..$rest)?
        }
    }};
}
pub(crate) use with_checksum;

/// What a checksum is computed over (`x-amz-checksum-type`).
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum ChecksumKind {
    /// Over the bytes of the whole object.
    #[default]
    FullObject,
    /// Over the checksums of the object's parts.
    Composite,
}

impl ChecksumKind {
    /// The name in the AWS API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FullObject => "FULL_OBJECT",
            Self::Composite => "COMPOSITE",
        }
    }
}

impl Checksum {
    pub(crate) fn of(algorithm: ChecksumAlgorithm, body: &[u8]) -> Self {
        let mut hasher = ChecksumHasher::default();
        match algorithm {
            ChecksumAlgorithm::Crc32 => hasher.crc32 = Some(s3s::crypto::Crc32::new()),
            ChecksumAlgorithm::Crc32c => hasher.crc32c = Some(s3s::crypto::Crc32c::new()),
            ChecksumAlgorithm::Crc64Nvme => hasher.crc64nvme = Some(s3s::crypto::Crc64Nvme::new()),
            ChecksumAlgorithm::Sha1 => hasher.sha1 = Some(s3s::crypto::Sha1::new()),
            ChecksumAlgorithm::Sha256 => hasher.sha256 = Some(s3s::crypto::Sha256::new()),
        }
        hasher.update(body);
        let sums = hasher.finalize();
        let value = match algorithm {
            ChecksumAlgorithm::Crc32 => sums.checksum_crc32,
            ChecksumAlgorithm::Crc32c => sums.checksum_crc32c,
            ChecksumAlgorithm::Crc64Nvme => sums.checksum_crc64nvme,
            ChecksumAlgorithm::Sha1 => sums.checksum_sha1,
            ChecksumAlgorithm::Sha256 => sums.checksum_sha256,
        };
        Self { algorithm, kind: ChecksumKind::FullObject, value: value.unwrap_or_default() }
    }

    /// The checksum of an object from those of its parts, all of one algorithm.
    pub(crate) fn composite<'a>(
        algorithm: ChecksumAlgorithm,
        parts: impl ExactSizeIterator<Item = &'a Self>,
    ) -> Self {
        let count = parts.len();
        let digests: Vec<u8> =
            parts.flat_map(|part| BASE64_STANDARD.decode(&part.value).unwrap_or_default()).collect();
        let value = format!("{}-{count}", Self::of(algorithm, &digests).value);
        Self { algorithm, kind: ChecksumKind::Composite, value }
    }

    /// The digest alone, as `GetObjectAttributes` has it, of a composite checksum too.
    pub(crate) fn without_count(&self) -> Self {
        // No base64 of S3's has a hyphen.
        let digest = self.value.split('-').next().unwrap_or_default();
        Self { value: digest.to_owned(), ..self.clone() }
    }

    /// The value if it is of that algorithm: how the answers' five checksum fields are filled.
    pub(crate) fn value_of(&self, algorithm: ChecksumAlgorithm) -> Option<String> {
        (self.algorithm == algorithm).then(|| self.value.clone())
    }

    /// `x-amz-checksum-type`.
    pub(crate) fn type_of(&self) -> s3s::dto::ChecksumType {
        s3s::dto::ChecksumType::from_static(self.kind.as_str())
    }
}

/// The checksum algorithms of S3 (`x-amz-checksum-algorithm`).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum ChecksumAlgorithm {
    /// CRC-32 (ISO HDLC), what SDKs send unless told otherwise.
    Crc32,
    /// CRC-32C (Castagnoli).
    Crc32c,
    /// CRC-64/NVME, what S3 computes for an upload without a checksum.
    Crc64Nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl ChecksumAlgorithm {
    pub(crate) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// The algorithm of that name, in any case, as in `x-amz-checksum-algorithm`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.to_string().eq_ignore_ascii_case(name))
    }

    /// The header (or trailer) that carries it.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The length of the digest in bytes.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

impl fmt::Display for ChecksumAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        })
    }
}

/// Why the checksum of an upload is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ChecksumError {
    /// More than one `x-amz-checksum-*`.
    Multiple,
    /// Not base64, or of the wrong length.
    Malformed(&'static str),
    /// The body is not what the sender summed.
    Mismatch(ChecksumAlgorithm),
    /// `x-amz-trailer` announced one that never came.
    MissingTrailer,
}

/// The one checksum that a request declares, in its headers or (once the body is read) in its trailers.
pub(crate) fn declared(
    headers: &HeaderMap,
    trailers: Option<&HeaderMap>,
) -> Result<Option<Checksum>, ChecksumError> {
    let mut found = None;
    for map in [Some(headers), trailers].into_iter().flatten() {
        for algorithm in ChecksumAlgorithm::ALL {
            let Some(value) = map.get(algorithm.header()) else { continue };
            if found.is_some() {
                return Err(ChecksumError::Multiple);
            }
            let malformed = || ChecksumError::Malformed(algorithm.header());
            let value = value.to_str().map_err(|_| malformed())?.trim();
            let digest = BASE64_STANDARD.decode(value).map_err(|_| malformed())?;
            if digest.len() != algorithm.length() {
                return Err(malformed());
            }
            found = Some(Checksum { algorithm, kind: ChecksumKind::FullObject, value: value.to_owned() });
        }
    }
    let announced = headers
        .get("x-amz-trailer")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|names| names.to_ascii_lowercase().contains("x-amz-checksum-"));
    if announced && found.is_none() {
        return Err(ChecksumError::MissingTrailer);
    }
    Ok(found)
}

/// Proves a declared checksum by the bytes that came.
pub(crate) fn verify(checksum: &Checksum, body: &[u8]) -> Result<(), ChecksumError> {
    if Checksum::of(checksum.algorithm, body).value == checksum.value {
        Ok(())
    } else {
        Err(ChecksumError::Mismatch(checksum.algorithm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published check values: each algorithm over the nine digits.
    #[test]
    fn computes_every_algorithm() {
        let sum = |algorithm| {
            hex::encode(BASE64_STANDARD.decode(Checksum::of(algorithm, b"123456789").value).unwrap())
        };
        assert_eq!(sum(ChecksumAlgorithm::Crc32), "cbf43926");
        assert_eq!(sum(ChecksumAlgorithm::Crc32c), "e3069283");
        assert_eq!(sum(ChecksumAlgorithm::Crc64Nvme), "ae8b14860a799888");
        assert_eq!(sum(ChecksumAlgorithm::Sha1), "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
        assert_eq!(
            sum(ChecksumAlgorithm::Sha256),
            "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"
        );
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn finds_the_checksum_in_headers_and_in_trailers() {
        let sum = Checksum::of(ChecksumAlgorithm::Crc32, b"hello");
        let map = headers(&[("x-amz-checksum-crc32", &sum.value)]);
        assert_eq!(declared(&map, None), Ok(Some(sum.clone())));
        let announced = headers(&[("x-amz-trailer", "x-amz-checksum-crc32")]);
        assert_eq!(declared(&announced, Some(&map)), Ok(Some(sum)));
    }

    #[test]
    fn refuses_what_is_malformed_doubled_or_missing() {
        let short = headers(&[("x-amz-checksum-crc32", "AAA=")]);
        assert_eq!(declared(&short, None), Err(ChecksumError::Malformed("x-amz-checksum-crc32")));
        let two = headers(&[("x-amz-checksum-crc32", "AAAAAA=="), ("x-amz-checksum-crc32c", "AAAAAA==")]);
        assert_eq!(declared(&two, None), Err(ChecksumError::Multiple));
        let announced = headers(&[("x-amz-trailer", "x-amz-checksum-crc32")]);
        assert_eq!(declared(&announced, Some(&HeaderMap::new())), Err(ChecksumError::MissingTrailer));
    }

    #[test]
    fn refuses_a_checksum_of_other_bytes() {
        let sum = Checksum::of(ChecksumAlgorithm::Sha256, b"hello");
        assert_eq!(verify(&sum, b"hello"), Ok(()));
        assert_eq!(verify(&sum, b"hullo"), Err(ChecksumError::Mismatch(ChecksumAlgorithm::Sha256)));
    }
}
