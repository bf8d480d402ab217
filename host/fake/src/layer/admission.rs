use http::StatusCode;
use http::header::AUTHORIZATION;

use super::answer::AwsError;
use super::canonical::latin_1;
use super::date::timestamp;
use super::endpoint::Endpoint;
use super::signature::{MAX_SKEW, Signed, mismatch, verify};
use super::signer::{AuthorizationError, ParameterError, SignatureVersion, Signer, SignerError};
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
        // S3 takes an empty header for none.
        Ok(None) if !s3 && signed.parts.headers.contains_key(AUTHORIZATION) => {
            return Err(incomplete("Authorization"));
        }
        Ok(None) => return Ok(None),
        Err(SignerError::Authorization(_)) if !s3 => return Err(incomplete("Authorization")),
        Err(SignerError::Parameter(name, _)) if !s3 => return Err(incomplete(name)),
        Err(SignerError::Authorization(reason)) => {
            let header = signed.parts.headers.get(AUTHORIZATION).map(latin_1);
            return Err(authorization_error(reason, &header.unwrap_or_default()));
        }
        Err(SignerError::Parameter(name, reason)) => return Err(parameter_error(name, reason)),
        // Both are part of what is signed, so that no signature is right.
        Err(SignerError::Repeated) => return Err(mismatch(&endpoint.service)),
    };
    check_scope(endpoint, &signer)?;
    let now = shared.clock.now();
    if let (Some(date), Some(lifetime)) = (signer.date, signer.lifetime) {
        if now > date + lifetime {
            let mut error = denied("AccessDenied", "Request has expired");
            if signer.version == SignatureVersion::V4 {
                error = error.with("X-Amz-Expires", lifetime.as_secs().to_string());
            }
            return Err(error.with("Expires", timestamp(date + lifetime)).with("ServerTime", timestamp(now)));
        }
        if now + MAX_SKEW < date {
            return Err(denied("AccessDenied", "Request is not yet valid"));
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

/// What a service other than S3 answers to a signature that it cannot read.
fn incomplete(place: &str) -> AwsError {
    let message = format!("The request signature does not conform to AWS standards: {place}");
    AwsError::new(StatusCode::BAD_REQUEST, "IncompleteSignature", message)
}

/// What S3 answers to a header that is none.
fn authorization_error(reason: AuthorizationError, header: &str) -> AwsError {
    let bad = |code: &str, message: &str| AwsError::new(StatusCode::BAD_REQUEST, code, message);
    let invalid = |message: &str| {
        bad("InvalidArgument", message).with("ArgumentName", "Authorization").with("ArgumentValue", header)
    };
    let malformed = |message: &str| {
        bad("AuthorizationHeaderMalformed", &format!("The authorization header is malformed; {message}"))
    };
    match reason {
        AuthorizationError::Space => {
            invalid("Authorization header is invalid -- one and only one ' ' (space) required")
        }
        AuthorizationError::Version2 => {
            invalid("AWS authorization header is invalid.  Expected AwsAccessKeyId:signature")
        }
        AuthorizationError::Scheme => invalid("Unsupported Authorization Type"),
        AuthorizationError::Components => malformed(
            "the authorization header requires three components: Credential, SignedHeaders, and Signature.",
        ),
        AuthorizationError::Credential => malformed(
            "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
        ),
    }
}

/// What S3 answers to a presigned URL whose parameter is none.
fn parameter_error(name: &str, reason: ParameterError) -> AwsError {
    let message = match (name, reason) {
        (_, ParameterError::Missing) => {
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, \
             X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
        }
        ("X-Amz-Date", _) => "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
        ("X-Amz-Expires", ParameterError::TooLong) => {
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than \
             604800 seconds"
        }
        ("X-Amz-Expires", ParameterError::Negative) => "X-Amz-Expires must be non-negative",
        ("X-Amz-Expires", _) => "X-Amz-Expires should be a number",
        ("X-Amz-Credential", _) => {
            "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting \
             \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."
        }
        (name, _) => {
            let message = format!("Error parsing the query parameters of the signature: {name}");
            return AwsError::new(StatusCode::BAD_REQUEST, PARAMETERS, message);
        }
    };
    AwsError::new(StatusCode::BAD_REQUEST, PARAMETERS, message)
}

const PARAMETERS: &str = "AuthorizationQueryParametersError";

pub(super) fn denied(code: &str, message: impl Into<String>) -> AwsError {
    AwsError::new(StatusCode::FORBIDDEN, code, message)
}
