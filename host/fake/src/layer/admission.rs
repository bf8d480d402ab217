use http::StatusCode;

use super::answer::AwsError;
use super::endpoint::Endpoint;
use super::signer::{Signer, SignerError};
use crate::calls::Service;
use crate::fake::Shared;

/// Whether a request may come in, and who makes it.
///
/// Any credentials will do, but there must be some, and what can be told without their secret is held as AWS holds it:
/// the scope of the signature, the expiry of a presigned URL, and that of a session which the fake itself has issued.
pub(super) fn admit(
    shared: &Shared,
    endpoint: &Endpoint,
    signer: Result<Option<Signer>, SignerError>,
) -> Result<Signer, AwsError> {
    let s3 = endpoint.service == Service::S3;
    let signer = match signer {
        Ok(Some(signer)) => signer,
        Ok(None) if s3 => return Err(denied("AccessDenied", "Access Denied")),
        Ok(None) => {
            return Err(denied("MissingAuthenticationToken", "Request is missing Authentication Token"));
        }
        Err(SignerError::Malformed(place)) => return Err(malformed(s3, place)),
    };
    check_scope(endpoint, &signer)?;
    let now = shared.clock.now();
    if signer.expires.is_some_and(|expires| now > expires) {
        return Err(denied("AccessDenied", "Request has expired"));
    }
    shared.sts.admit(&signer, now, &endpoint.service)?;
    Ok(signer)
}

/// The signature has to be for the service and the region of the endpoint.
fn check_scope(endpoint: &Endpoint, signer: &Signer) -> Result<(), AwsError> {
    let (what, is, expected) = match &endpoint.region {
        _ if signer.service != endpoint.service.as_str() => {
            ("service", &signer.service, endpoint.service.as_str())
        }
        Some(region) if *region != signer.region => ("region", &signer.region, region.as_str()),
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

fn denied(code: &str, message: impl Into<String>) -> AwsError {
    AwsError::new(StatusCode::FORBIDDEN, code, message)
}
