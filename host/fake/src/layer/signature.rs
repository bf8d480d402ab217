use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::HeaderName;
use http::StatusCode;
use http::request::Parts;
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::admission::denied;
use super::answer::AwsError;
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
            .map_err(|refused| refused.error());
    }
    let Some(date) = signer.date else { return Err(mismatch(service)) };
    if signer.lifetime.is_none() && distance(date, shared.clock.now()) > MAX_SKEW {
        return Err(denied(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        ));
    }
    let s3 = *service == Service::S3;
    if s3 && has_unsigned_headers(signed.parts, signer) {
        return Err(denied(
            "AccessDenied",
            "There were headers present in the request which were not signed",
        ));
    }
    if s3 && signer.lifetime.is_none() && !signed.parts.headers.contains_key("x-amz-content-sha256") {
        let message = "Missing required header for this request: x-amz-content-sha256";
        return Err(AwsError::new(StatusCode::BAD_REQUEST, "InvalidRequest", message));
    }
    let Some(payload) = payload(s3, signer, signed) else { return Ok(()) };
    match signature(s3, signer, &secret, date, payload, signed.parts) {
        Some(expected) if expected == signer.signature => Ok(()),
        _ => Err(mismatch(service)),
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
    if expected == signer.signature { Ok(()) } else { Err(mismatch(&Service::S3)) }
}

/// The secret of a signer. None if there is nothing to be held to, since no identity is registered.
fn secret_of(shared: &Shared, service: &Service, signer: &Signer) -> Result<Option<Secret>, AwsError> {
    let known = shared.identities.secret(&signer.access_key_id).cloned();
    match known.or_else(|| shared.sts.secret(&signer.access_key_id)) {
        Some(secret) => Ok(Some(secret)),
        None if shared.identities.is_empty() => Ok(None),
        None => Err(unknown_key(service)),
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

fn signature(
    s3: bool,
    signer: &Signer,
    secret: &Secret,
    date: SystemTime,
    payload: String,
    parts: &Parts,
) -> Option<String> {
    if !signer.signed_headers.iter().any(|name| name == "host") {
        return None;
    }
    let mut headers = Vec::new();
    for name in &signer.signed_headers {
        let values: Vec<_> = parts.headers.get_all(HeaderName::try_from(name).ok()?).iter().collect();
        if values.is_empty() {
            return None;
        }
        for value in values {
            headers.push((name.as_str(), value.to_str().ok()?));
        }
    }
    let credentials = Credentials::new(
        &signer.access_key_id,
        secret.expose(),
        signer.session_token.clone(),
        None,
        "innkeeper-fake",
    );
    let identity = credentials.into();
    let mut settings = SigningSettings::default();
    settings.excluded_headers = None;
    if s3 {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    if let Some(lifetime) = signer.lifetime {
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(lifetime);
    }
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&signer.region)
        .name(&signer.service)
        .time(date)
        .settings(settings)
        .build()
        .ok()?;
    let request = SignableRequest::new(
        parts.method.as_str(),
        unsigned_uri(parts, signer),
        headers.into_iter(),
        SignableBody::Precomputed(payload),
    );
    let (_, signature) = sign(request.ok()?, &params.into()).ok()?.into_parts();
    Some(signature)
}

/// The URI before a signature of version 4 was put into it. The host is signed as a header, and so may be any here.
fn unsigned_uri(parts: &Parts, signer: &Signer) -> String {
    let query = parts.uri.query().unwrap_or_default();
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| signer.lifetime.is_none() || !is_signature(pair))
        .filter(|pair| !pair.is_empty())
        .collect();
    let separator = if kept.is_empty() { "" } else { "?" };
    format!("https://localhost{}{separator}{}", parts.uri.path(), kept.join("&"))
}

fn is_signature(pair: &str) -> bool {
    let name = form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name);
    name.is_some_and(|name| SignatureVersion::V4.parameters().contains(&&*name))
}

/// Whether the request has an `x-amz-*` header that its signature does not cover: somebody else could have added it.
fn has_unsigned_headers(parts: &Parts, signer: &Signer) -> bool {
    parts
        .headers
        .keys()
        .map(HeaderName::as_str)
        // Clients that presign leave it out, since whoever uses the URL may not know it.
        .filter(|name| {
            name.starts_with("x-amz-") && *name != "x-amz-content-sha256" && *name != "x-amz-user-agent"
        })
        .any(|name| !signer.signed_headers.iter().any(|signed| signed == name))
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
