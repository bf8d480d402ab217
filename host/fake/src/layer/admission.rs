use http::StatusCode;

use super::answer::AwsError;
use super::endpoint::Endpoint;
use super::signature::{MAX_SKEW, Signed, mismatch, verify};
use super::signer::{SignatureVersion, Signer, SignerError};
use crate::calls::Service;
use crate::fake::Shared;

/// Whether a request may come in, and who makes it.
///
/// Nobody makes an anonymous request; only S3 has any that are to be answered, as far as a bucket lets everybody in. What can be told without their secret is held as AWS holds it: the scope of the signature,
/// the expiry of a presigned URL, and that of a session which the fake itself has issued. The signature is verified where
/// the secret is known, and any other credentials are refused once an identity is registered.
pub(super) fn admit(
    shared: &Shared,
    endpoint: &Endpoint,
    signer: Result<Option<Signer>, SignerError>,
    signed: &Signed<'_>,
) -> Result<Option<Signer>, AwsError> {
    let s3 = endpoint.service == Service::S3;
    let signer = match signer {
        Ok(Some(signer)) => signer,
        Ok(None) => return Ok(None),
        Err(SignerError::Malformed(place)) => return Err(malformed(s3, place)),
        // Both are part of what is signed, so that no signature is right.
        Err(SignerError::Repeated) => return Err(mismatch(&endpoint.service)),
    };
    check_scope(endpoint, &signer)?;
    let now = shared.clock.now();
    if let (Some(date), Some(lifetime)) = (signer.date, signer.lifetime) {
        if now > date + lifetime {
            return Err(denied("AccessDenied", "Request has expired"));
        }
        if now + MAX_SKEW < date {
            return Err(denied("AccessDenied", "Request is not valid yet"));
        }
    }
    shared.sts.admit(&signer, now, &endpoint.service)?;
    verify(shared, &endpoint.service, &signer, signed)?;
    Ok(Some(signer))
}

/// What a service answers that has nothing for everybody.
pub(super) fn unsigned() -> AwsError {
    denied("MissingAuthenticationToken", "Request is missing Authentication Token")
}

/// The signature has to be for the service and the region of the endpoint.
fn check_scope(endpoint: &Endpoint, signer: &Signer) -> Result<(), AwsError> {
    let (what, is, expected) = match &endpoint.region {
        _ if signer.service != endpoint.service.as_str() => {
            ("service", &signer.service, endpoint.service.as_str())
        }
        Some(region) if *region != signer.region && signer.version == SignatureVersion::V4 => {
            ("region", &signer.region, region.as_str())
        }
        _ => return Ok(()),
    };
    Err(if endpoint.service == Service::S3 {
        AwsError::new(
            StatusCode::BAD_REQUEST,
            "AuthorizationHeaderMalformed",
            format!(
                "The authorization header is malformed; the {what} '{is}' is wrong; expecting '{expected}'"
            ),
        )
    } else {
        denied("SignatureDoesNotMatch", format!("Credential should be scoped to a valid {what}, not '{is}'."))
    })
}

fn malformed(s3: bool, place: &str) -> AwsError {
    let (code, message) = match (s3, place) {
        (true, "Authorization") => ("AuthorizationHeaderMalformed", "The authorization header is malformed"),
        (true, _) => (
            "AuthorizationQueryParametersError",
            "Error parsing the X-Amz-* query parameters of the signature",
        ),
        (false, _) => ("IncompleteSignature", "The request signature does not conform to AWS standards"),
    };
    AwsError::new(StatusCode::BAD_REQUEST, code, format!("{message}: {place}"))
}

pub(super) fn denied(code: &str, message: impl Into<String>) -> AwsError {
    AwsError::new(StatusCode::FORBIDDEN, code, message)
}
