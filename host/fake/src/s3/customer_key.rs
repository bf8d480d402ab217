//! SSE-C: objects that are encrypted with keys of their writers, who have to bring them again to read.
//!
//! The fake keeps plain bytes. Of a key it keeps the MD5, which answers repeat and by which it is known again; the key itself
//! is forgotten as soon as it has been looked at. AWS takes keys over HTTPS only; the fake has no TLS of its own, and takes
//! them over whatever it is spoken to. Buckets that AWS has made since April 2026 refuse such writes until somebody allows
//! them (`BlockedEncryptionTypes`); those of the fake take them.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::StatusCode;
use md5::{Digest as _, Md5};
use s3s::dto::ServerSideEncryption;
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::details::with_details;
use super::error::{error_with, invalid_argument};
use super::object::{Encryption, Object};

/// The length of a key, in bytes: AES-256's.
pub(crate) const KEY_LENGTH: usize = 32;
/// What errors call the argument, whichever header they are about.
const ARGUMENT: &str = "x-amz-server-side-encryption";

/// The headers of a request with a key, as they came. They hold a secret, and so are not to be printed.
#[derive(Clone, Copy)]
pub(crate) struct CustomerKeyHeaders<'a> {
    pub(crate) algorithm: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
    pub(crate) md5: Option<&'a str>,
}

/// The [`CustomerKeyHeaders`] in an input of s3s: those of the object, or those of the `source` of a copy.
macro_rules! customer_key_headers {
    ($input:expr) => {
        $crate::s3::customer_key::CustomerKeyHeaders {
            algorithm: $input.sse_customer_algorithm.as_deref(),
            key: $input.sse_customer_key.as_deref(),
            md5: $input.sse_customer_key_md5.as_deref(),
        }
    };
    ($input:expr, source) => {
        $crate::s3::customer_key::CustomerKeyHeaders {
            algorithm: $input.copy_source_sse_customer_algorithm.as_deref(),
            key: $input.copy_source_sse_customer_key.as_deref(),
            md5: $input.copy_source_sse_customer_key_md5.as_deref(),
        }
    };
}
pub(crate) use customer_key_headers;

/// A key, as far as it is kept: its MD5 in base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CustomerKey(String);

impl CustomerKeyHeaders<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.algorithm.is_none() && self.key.is_none() && self.md5.is_none()
    }

    /// The key, if there is one, which is as it should be.
    pub(crate) fn key(&self) -> S3Result<Option<CustomerKey>> {
        if self.is_empty() {
            return Ok(None);
        }
        let lacks = |what: &str| {
            let required =
                "Requests specifying Server Side Encryption with Customer provided keys must provide";
            invalid(format!("{required} {what}."))
        };
        let algorithm = self.algorithm.ok_or_else(|| lacks("a valid encryption algorithm"))?;
        let key = self.key.ok_or_else(|| lacks("an appropriate secret key"))?;
        if algorithm != ServerSideEncryption::AES256 {
            return Err(with_details(
                error_with(
                    S3ErrorCode::InvalidEncryptionAlgorithmError,
                    "The Encryption request you specified is not valid. Supported value: AES256.",
                ),
                &[("ArgumentName", ARGUMENT), ("ArgumentValue", algorithm)],
            ));
        }
        let md5 = self.md5.ok_or_else(|| lacks("the client calculated MD5 of the secret key"))?;
        let unsuited = || invalid("The secret key was invalid for the specified algorithm.");
        let key = BASE64_STANDARD.decode(key).map_err(|_| unsuited())?;
        if md5_of(&key) != md5 {
            return Err(invalid(
                "The calculated MD5 hash of the key did not match the hash that was provided.",
            ));
        }
        if key.len() == KEY_LENGTH { Ok(Some(CustomerKey(md5.to_owned()))) } else { Err(unsuited()) }
    }

    /// `InvalidArgument`, where the request names another encryption as well.
    pub(crate) fn check_alone(&self, algorithm: Option<&str>) -> S3Result {
        match algorithm {
            Some(algorithm) if !self.is_empty() => Err(invalid_argument(
                ARGUMENT,
                algorithm,
                "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
            )),
            _ => Ok(()),
        }
    }
}

impl Encryption {
    /// Of an object that is encrypted with this key.
    pub(crate) fn of_customer(CustomerKey(md5): CustomerKey) -> Self {
        Self { customer_key_md5: Some(md5), ..Self::default() }
    }

    /// `x-amz-server-side-encryption-customer-algorithm`, beside the MD5 of the key.
    pub(crate) fn customer_algorithm(&self) -> Option<String> {
        self.customer_key_md5.is_some().then(|| ServerSideEncryption::AES256.to_owned())
    }

    fn has_key(&self, CustomerKey(md5): &CustomerKey) -> bool {
        self.customer_key_md5.as_ref() == Some(md5)
    }

    /// Whether a part comes with the key that its upload was created with, if any.
    pub(crate) fn check_part(&self, given: Option<&CustomerKey>) -> S3Result {
        let refused = |message: &str| Err(error_with(S3ErrorCode::InvalidRequest, message.to_owned()));
        match (&self.customer_key_md5, given) {
            (None, None) => Ok(()),
            (Some(_), Some(given)) if self.has_key(given) => Ok(()),
            (Some(_), Some(_)) => {
                refused("The provided encryption parameters did not match the ones used originally.")
            }
            (Some(_), None) | (None, Some(_)) => refused(
                "The multipart upload initiate requested encryption. Subsequent part requests must include the \
                 appropriate encryption parameters.",
            ),
        }
    }
}

impl Object {
    /// Whether who reads it brings the key that it was written with, if any.
    pub(crate) fn check_key(&self, given: Option<&CustomerKey>) -> S3Result {
        match (&self.encryption.customer_key_md5, given) {
            (None, None) => Ok(()),
            (Some(_), Some(given)) if self.encryption.has_key(given) => Ok(()),
            (Some(_), Some(_)) => {
                let mut denied = error_with(
                    S3ErrorCode::AccessDenied,
                    "Requests specifying Server Side Encryption with Customer provided keys must provide the correct \
                     secret key.",
                );
                denied.set_status_code(StatusCode::FORBIDDEN);
                Err(denied)
            }
            (Some(_), None) => Err(error_with(
                S3ErrorCode::InvalidRequest,
                "The object was stored using a form of Server Side Encryption. The correct parameters must be provided \
                 to retrieve the object.",
            )),
            (None, Some(_)) => Err(error_with(
                S3ErrorCode::InvalidRequest,
                "The encryption parameters are not applicable to this object.",
            )),
        }
    }
}

/// The MD5 of a key, as headers have it.
pub(super) fn md5_of(key: &[u8]) -> String {
    BASE64_STANDARD.encode(Md5::digest(key))
}

fn invalid(message: impl Into<String>) -> S3Error {
    invalid_argument(ARGUMENT, "null", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code of what becomes of such headers, `""` if there is a key, with the beginning of the message.
    fn outcome(algorithm: Option<&str>, key: Option<&[u8]>, md5: Option<&str>) -> (String, String) {
        let key = key.map(|key| BASE64_STANDARD.encode(key));
        match (CustomerKeyHeaders { algorithm, key: key.as_deref(), md5 }).key() {
            Ok(key) => (String::new(), key.map(|CustomerKey(md5)| md5).unwrap_or_default()),
            Err(error) => (error.code().as_str().to_owned(), error.message().unwrap_or_default().to_owned()),
        }
    }

    #[test]
    fn takes_a_key_of_aes_256_with_its_digest() {
        let (key, short) = ([7; KEY_LENGTH], [7; KEY_LENGTH - 1]);
        let (md5, md5_of_short) = (md5_of(&key), md5_of(&short));
        let (aes, md5) = (Some("AES256"), Some(md5.as_str()));
        assert_eq!(outcome(aes, Some(&key), md5), (String::new(), md5.unwrap().to_owned()));
        assert_eq!(outcome(None, None, None), (String::new(), String::new()));
        for (algorithm, key, md5, code, message) in [
            (None, Some(&key[..]), md5, "InvalidArgument", "a valid encryption algorithm."),
            (None, None, md5, "InvalidArgument", "a valid encryption algorithm."),
            (aes, None, None, "InvalidArgument", "an appropriate secret key."),
            (aes, Some(&key), None, "InvalidArgument", "MD5 of the secret key."),
            (Some("AES128"), Some(&key), md5, "InvalidEncryptionAlgorithmError", "Supported value: AES256."),
            (aes, Some(&short), md5, "InvalidArgument", "did not match the hash that was provided."),
            (
                aes,
                Some(&short),
                Some(&md5_of_short),
                "InvalidArgument",
                "invalid for the specified algorithm.",
            ),
        ] {
            let (actual, text) = outcome(algorithm, key, md5);
            assert_eq!(actual, code, "{text}");
            assert!(text.ends_with(message), "{text}");
        }
        let no_base64 = CustomerKeyHeaders { algorithm: aes, key: Some("?"), md5 };
        assert_eq!(no_base64.key().unwrap_err().code(), &S3ErrorCode::InvalidArgument);
    }
}
