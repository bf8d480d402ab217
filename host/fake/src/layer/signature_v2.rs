//! Signature Version 2: what the oldest clients of S3 still sign with.

use std::fmt::Write as _;
use std::time::SystemTime;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::request::Parts;
use percent_encoding::percent_decode_str;
use s3s::crypto::{Checksum as _, Sha1};
use url::form_urlencoded;

use super::answer::AwsError;
use super::canonical::latin_1;
use super::date;
use super::signature::{MAX_SKEW, mismatch, no_date, skewed};
use super::signer::Signer;
use crate::calls::Service;
use crate::identity::Secret;

/// The parameters that are a part of what is signed; all others are not.
const SIGNED_PARAMETERS: [&str; 33] = [
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "delete",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "select",
    "select-type",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// Why a request that is signed so is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Date,
    Skewed { sent: String, now: SystemTime },
    Mismatch { string_to_sign: String },
}

/// Verifies the signature of a request, in the header or in a presigned URL, whose expiry has been looked at before.
/// `bucket` is that of a virtual-host style request.
pub(super) fn verify(
    signer: &Signer,
    secret: &Secret,
    parts: &Parts,
    bucket: Option<&str>,
    now: SystemTime,
) -> Result<(), Refused> {
    let header = |name: &str| parts.headers.get(name).map(latin_1).unwrap_or_default();
    let date = if let Some(expires) = signer.lifetime {
        expires.as_secs().to_string()
    } else {
        let sent = date::sent(&parts.headers).unwrap_or_default();
        let time = date::parse(sent).ok_or(Refused::Date)?;
        let apart = time.duration_since(now).unwrap_or_else(|error| error.duration());
        if apart > MAX_SKEW {
            return Err(Refused::Skewed { sent: sent.to_owned(), now });
        }
        if parts.headers.contains_key("x-amz-date") { String::new() } else { sent.to_owned() }
    };
    let text = |path: &str| {
        format!(
            "{}\n{}\n{}\n{date}\n{}{}",
            parts.method,
            header("content-md5"),
            header("content-type"),
            amz_headers(parts),
            resource(parts, bucket, path)
        )
    };
    let is_signed = |text: &str| signature(secret, text.as_bytes()) == signer.signature;
    let path = parts.uri.path();
    let string_to_sign = text(path);
    // A bucket in path style is signed with a slash at its end by some, botocore among them, though none is sent.
    let bucket_only = bucket.is_none() && path.len() > 1 && path.rfind('/') == Some(0);
    if is_signed(&string_to_sign) || (bucket_only && is_signed(&text(&format!("{path}/")))) {
        Ok(())
    } else {
        Err(Refused::Mismatch { string_to_sign })
    }
}

/// What Signature Version 2 makes of a text: its HMAC-SHA1 in base64.
pub(super) fn signature(secret: &Secret, text: &[u8]) -> String {
    BASE64_STANDARD.encode(hmac_sha1(secret.expose().as_bytes(), text))
}

impl Refused {
    pub(super) fn error(self, signer: &Signer) -> AwsError {
        match self {
            Self::Date => no_date(),
            Self::Skewed { sent, now } => skewed(&sent, now),
            Self::Mismatch { string_to_sign } => mismatch(&Service::S3).with_signed(signer, string_to_sign),
        }
    }
}

/// The `x-amz-*` headers by name, each on a line. Those of a name stand together.
fn amz_headers(parts: &Parts) -> String {
    let mut names: Vec<_> = parts
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .filter(|name| name.starts_with("x-amz-"))
        .collect();
    names.sort_unstable();
    let mut lines = String::new();
    for name in names {
        let values = parts.headers.get_all(name).iter();
        let values: Vec<_> =
            values.map(|value| latin_1(value).trim_matches([' ', '\t']).to_owned()).collect();
        // Writing to memory does not fail.
        let _ = writeln!(lines, "{name}:{}", values.join(","));
    }
    lines
}

/// The path as it was sent, with the bucket in front, and the parameters that count.
fn resource(parts: &Parts, bucket: Option<&str>, path: &str) -> String {
    let bucket = bucket.map(|bucket| format!("/{bucket}")).unwrap_or_default();
    let mut parameters: Vec<String> = parts
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| {
            let (name, _) = form_urlencoded::parse(pair.as_bytes()).next()?;
            SIGNED_PARAMETERS.contains(&&*name).then_some(())?;
            // A `+` stands for itself here.
            let value = pair.split_once('=').map(|(_, value)| percent_decode_str(value).decode_utf8_lossy());
            Some(value.map_or_else(|| name.to_string(), |value| format!("{name}={value}")))
        })
        // A client that writes `acl=` has signed `acl`.
        .map(|pair| pair.strip_suffix('=').map(str::to_owned).unwrap_or(pair))
        .collect();
    parameters.sort_unstable();
    let separator = if parameters.is_empty() { "" } else { "?" };
    format!("{bucket}{path}{separator}{}", parameters.join("&"))
}

/// RFC 2104.
fn hmac_sha1(key: &[u8], text: &[u8]) -> [u8; 20] {
    const BLOCK: usize = 64;
    let mut padded = [0; BLOCK];
    let hashed = sha1(&[key]);
    let key = if key.len() > BLOCK { &hashed[..] } else { key };
    for (place, byte) in padded.iter_mut().zip(key) {
        *place = *byte;
    }
    let inner = sha1(&[&padded.map(|byte| byte ^ 0x36), text]);
    sha1(&[&padded.map(|byte| byte ^ 0x5c), &inner])
}

fn sha1(pieces: &[&[u8]]) -> [u8; 20] {
    let mut hash = Sha1::new();
    for piece in pieces {
        hash.update(piece);
    }
    hash.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes_the_hmacs_of_rfc_2202() {
        let hmac = |key: &[u8], text: &[u8]| hex::encode(hmac_sha1(key, text));
        assert_eq!(hmac(&[0x0b; 20], b"Hi There"), "b617318655057264e28bc0b6fb378c8ef146be00");
        assert_eq!(
            hmac(&[0xaa; 80], b"Test Using Larger Than Block-Size Key - Hash Key First"),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112"
        );
    }

    /// The examples of the Amazon S3 Developer Guide, "Signing and authenticating REST requests".
    #[test]
    fn verifies_the_examples_of_the_guide() {
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned());
        let request = http::Request::get("/photos/puppy.jpg")
            .header("date", "Tue, 27 Mar 2007 19:36:42 +0000")
            .header("authorization", "AWS AKIAIOSFODNN7EXAMPLE:bWq2s1WEIj+Ydj0vQ697zp+IXMU=");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let signer = Signer::of(&parts.headers, None).unwrap().unwrap();
        let now = date::parse("Tue, 27 Mar 2007 19:40:00 GMT").unwrap();
        let check = |bucket, now| verify(&signer, &secret, &parts, bucket, now);
        assert!(matches!(check(Some("awsexamplebucket1"), now), Err(Refused::Mismatch { .. })));
        assert_eq!(check(Some("johnsmith"), now), Ok(()));
        assert!(matches!(check(Some("johnsmith"), now + 2 * MAX_SKEW), Err(Refused::Skewed { .. })));
    }
}
