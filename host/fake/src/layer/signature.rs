use std::time::{Duration, SystemTime};

use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::HeaderName;
use http::StatusCode;
use http::request::Parts;
use sha2::{Digest as _, Sha256};

use super::admission::denied;
use super::answer::AwsError;
use super::canonical::{self, PathForm};
use super::date;
use super::endpoint::Endpoint;
use super::signature_v2;
use super::signer::{SignatureVersion, Signer};
use crate::calls::Service;
use crate::fake::Shared;
use crate::identity::Secret;

/// How far the time of a signature may be from the fake's.
pub(super) const MAX_SKEW: Duration = Duration::from_mins(15);

/// The regions of AWS that still take Signature Version 2. A custom endpoint does too.
const VERSION_2_REGIONS: [&str; 8] = [
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
];

/// What a signature is over.
pub(super) struct Signed<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) parts: &'a Parts,
    /// The body, if it has been read. None where a service's body was too long to be kept, which the service refuses by
    /// itself; S3 has its digest in a header, and proves the body by it as it comes.
    pub(super) body: Option<Bytes>,
}

/// Verifies a signature, by signing the request once more with the secret of the signer.
pub(super) fn verify(
    shared: &Shared,
    service: &Service,
    signer: &Signer,
    signed: &Signed<'_>,
) -> Result<(), AwsError> {
    let Some(secret) = secret_of(shared, service, signer)? else { return Ok(()) };
    if signer.version == SignatureVersion::V2 {
        // As in every region that is younger than 2014.
        if signed.endpoint.region.as_deref().is_some_and(|region| !VERSION_2_REGIONS.contains(&region)) {
            let message = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
            return Err(AwsError::new(StatusCode::BAD_REQUEST, "InvalidRequest", message));
        }
        let bucket = signed.endpoint.bucket.as_deref();
        return signature_v2::verify(signer, &secret, signed.parts, bucket, shared.clock.now())
            .map_err(|refused| refused.error(signer));
    }
    let s3 = *service == Service::S3;
    let Some(date) = signer.date else { return Err(if s3 { no_date() } else { mismatch(service) }) };
    let now = shared.clock.now();
    if signer.lifetime.is_none() && distance(date, now) > MAX_SKEW {
        return Err(skewed(date::sent(&signed.parts.headers).unwrap_or_default(), now));
    }
    let unsigned = unsigned_headers(signed.parts, signer);
    if s3 && !unsigned.is_empty() {
        let message = "There were headers present in the request which were not signed";
        return Err(denied("AccessDenied", message).with("HeadersNotSigned", unsigned.join(", ")));
    }
    if s3 && signer.lifetime.is_none() && !signed.parts.headers.contains_key("x-amz-content-sha256") {
        let message = "Missing required header for this request: x-amz-content-sha256";
        return Err(AwsError::new(StatusCode::BAD_REQUEST, "InvalidRequest", message));
    }
    let Some(payload) = payload(s3, signer, signed) else { return Ok(()) };
    let proof = Proof::of(s3, signer, date, &payload, signed.parts);
    if has_signed_headers(signed.parts, signer) && proof.holds(signer, &secret, date) {
        Ok(())
    } else {
        Err(if s3 { proof.mismatch(signer) } else { mismatch(service) })
    }
}

/// Verifies the signature of the policy of a form, which is all that is signed of one.
pub(crate) fn verify_policy(shared: &Shared, signer: &Signer, policy: &str) -> Result<(), AwsError> {
    let now = shared.clock.now();
    shared.sts.admit(signer, now, &Service::S3)?;
    let Some(secret) = secret_of(shared, &Service::S3, signer)? else { return Ok(()) };
    let expected = match signer.version {
        SignatureVersion::V2 => signature_v2::signature(&secret, policy.as_bytes()),
        SignatureVersion::V4 => {
            let date = signer.date.ok_or_else(|| mismatch(&Service::S3))?;
            let key = v4::generate_signing_key(secret.expose(), date, &signer.region, &signer.service);
            v4::calculate_signature(key, policy.as_bytes())
        }
    };
    if expected == signer.signature {
        Ok(())
    } else {
        Err(mismatch(&Service::S3).with_signed(signer, policy.to_owned()))
    }
}

/// The secret of a signer. None if there is nothing to be held to, since no identity is registered.
fn secret_of(shared: &Shared, service: &Service, signer: &Signer) -> Result<Option<Secret>, AwsError> {
    let known = shared.identities.secret(&signer.access_key_id).cloned();
    match known.or_else(|| shared.sts.secret(&signer.access_key_id)) {
        Some(secret) => Ok(Some(secret)),
        None if shared.identities.is_empty() => Ok(None),
        None => Err(unknown_key(service).with("AWSAccessKeyId", &signer.access_key_id)),
    }
}

/// The digest of the body as it was signed. None if there is no body left to be digested.
fn payload(s3: bool, signer: &Signer, signed: &Signed<'_>) -> Option<String> {
    if !s3 {
        return signed.body.as_ref().map(|body| hex::encode(Sha256::digest(body)));
    }
    let header = signed.parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
    // A presigned URL leaves the body open, unless its digest is among what was signed.
    let binding =
        signer.lifetime.is_none() || signer.signed_headers.iter().any(|name| name == "x-amz-content-sha256");
    Some(header.filter(|_| binding).unwrap_or("UNSIGNED-PAYLOAD").to_owned())
}

/// What can have been signed of a request.
struct Proof {
    canonical_request: String,
    /// With the date in the form of the signature, and with the date as it was sent, where that is another.
    strings_to_sign: Vec<String>,
}

impl Proof {
    fn of(s3: bool, signer: &Signer, date: SystemTime, payload: &str, parts: &Parts) -> Self {
        let form = if s3 { PathForm::AsSent } else { PathForm::Normalized };
        let canonical_request = canonical::request(form, signer, payload, parts);
        let own = date::to_amz_date(date);
        let day = own.get(..8).unwrap_or_default();
        let scope = format!("{day}/{}/{}/aws4_request", signer.region, signer.service);
        let sent = date::sent(&parts.headers).filter(|_| signer.lifetime.is_none());
        let sent = sent.filter(|sent| *sent != own);
        let strings_to_sign = [Some(own.as_str()), sent]
            .into_iter()
            .flatten()
            .map(|date| canonical::string_to_sign(date, &scope, &canonical_request))
            .collect();
        Self { canonical_request, strings_to_sign }
    }

    /// Whether the signature is of this, by whoever has the secret.
    fn holds(&self, signer: &Signer, secret: &Secret, date: SystemTime) -> bool {
        let key = v4::generate_signing_key(secret.expose(), date, &signer.region, &signer.service);
        self.strings_to_sign
            .iter()
            .any(|text| v4::calculate_signature(&key, text.as_bytes()) == signer.signature)
    }

    /// What S3 tells of a signature that is not of this.
    fn mismatch(self, signer: &Signer) -> AwsError {
        let string_to_sign = self.strings_to_sign.into_iter().next().unwrap_or_default();
        let error = mismatch(&Service::S3).with_signed(signer, string_to_sign);
        let bytes = spaced_hex(&self.canonical_request);
        error.with("CanonicalRequest", self.canonical_request).with("CanonicalRequestBytes", bytes)
    }
}

impl AwsError {
    /// What a signature ought to have been of.
    pub(super) fn with_signed(self, signer: &Signer, string_to_sign: String) -> Self {
        let bytes = spaced_hex(&string_to_sign);
        self.with("AWSAccessKeyId", &signer.access_key_id)
            .with("StringToSign", string_to_sign)
            .with("SignatureProvided", &signer.signature)
            .with("StringToSignBytes", bytes)
    }
}

fn spaced_hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// Whether the host and every header that is said to be signed are there.
fn has_signed_headers(parts: &Parts, signer: &Signer) -> bool {
    let signed = &signer.signed_headers;
    signed.iter().any(|name| name == "host") && signed.iter().all(|name| parts.headers.contains_key(name))
}

/// The `x-amz-*` headers of a request that its signature does not cover: somebody else could have added them.
fn unsigned_headers<'a>(parts: &'a Parts, signer: &Signer) -> Vec<&'a str> {
    parts
        .headers
        .keys()
        .map(HeaderName::as_str)
        // Clients that presign leave it out, since whoever uses the URL may not know it.
        .filter(|name| {
            name.starts_with("x-amz-") && *name != "x-amz-content-sha256" && *name != "x-amz-user-agent"
        })
        .filter(|name| !signer.signed_headers.iter().any(|signed| signed == name))
        .collect()
}

pub(super) fn no_date() -> AwsError {
    denied("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
}

pub(super) fn skewed(sent: &str, now: SystemTime) -> AwsError {
    let message = "The difference between the request time and the current time is too large.";
    denied("RequestTimeTooSkewed", message)
        .with("RequestTime", sent)
        .with("ServerTime", date::timestamp(now))
        .with("MaxAllowedSkewMilliseconds", MAX_SKEW.as_millis().to_string())
}

fn distance(a: SystemTime, b: SystemTime) -> Duration {
    a.duration_since(b).unwrap_or_else(|error| error.duration())
}

fn unknown_key(service: &Service) -> AwsError {
    match service {
        Service::S3 => {
            denied("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
        }
        Service::Lambda => denied("UnrecognizedClientException", INVALID_TOKEN),
        _ => denied("InvalidClientTokenId", INVALID_TOKEN),
    }
}

const INVALID_TOKEN: &str = "The security token included in the request is invalid.";

pub(super) fn mismatch(service: &Service) -> AwsError {
    let code = match service {
        Service::Lambda => "InvalidSignatureException",
        _ => "SignatureDoesNotMatch",
    };
    denied(
        code,
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    )
}
