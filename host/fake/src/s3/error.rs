use http::{HeaderValue, StatusCode};
use s3s::{S3Error, S3ErrorCode};

use super::checksum::ChecksumError;
use super::details::with_details;
use super::object::Object;
use super::versions::{DeleteMarker, NULL};
use crate::layer::http_date;

/// An error with the message that AWS gives with its code.
pub(crate) fn error(code: S3ErrorCode) -> S3Error {
    let text = message(code.as_str());
    S3Error::with_message(code, text)
}

/// An error whose code s3s does not know.
pub(crate) fn custom(code: &'static str, status: StatusCode) -> S3Error {
    let mut error = error(S3ErrorCode::Custom(code.into()));
    error.set_status_code(status);
    error
}

/// An error whose code s3s does not know, with words of its own.
pub(crate) fn custom_with(code: &'static str, status: StatusCode, message: impl Into<String>) -> S3Error {
    let mut error = error_with(S3ErrorCode::Custom(code.into()), message);
    error.set_status_code(status);
    error
}

/// An error about a version that is a delete marker, which the answer names.
pub(crate) fn deleted(code: S3ErrorCode, marker: &DeleteMarker) -> S3Error {
    let named = code == S3ErrorCode::MethodNotAllowed;
    let mut error = error(code);
    let mut headers = http::HeaderMap::new();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    headers.insert("x-amz-delete-marker", HeaderValue::from_static("true"));
    if let Ok(id) = HeaderValue::from_str(marker.version_id.as_deref().unwrap_or(NULL)) {
        headers.insert("x-amz-version-id", id);
    }
    if named {
        headers.insert(http::header::ALLOW, HeaderValue::from_static("DELETE"));
        if let Ok(date) = HeaderValue::from_str(&http_date(marker.last_modified)) {
            headers.insert(http::header::LAST_MODIFIED, date);
        }
    }
    error.set_headers(headers);
    if named { with_details(error, &[("ResourceType", "DeleteMarker")]) } else { error }
}

/// AWS's own words for a code.
pub(crate) fn message(code: &str) -> &'static str {
    match code {
        "AccessDenied" => "Access Denied",
        "AccessControlListNotSupported" => "The bucket does not allow ACLs",
        "BadDigest" => "The Content-MD5 you specified did not match what we received.",
        "BucketAlreadyExists" => {
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again."
        }
        "BucketAlreadyOwnedByYou" => {
            "Your previous request to create the named bucket succeeded and you already own it."
        }
        "BucketNotEmpty" => "The bucket you tried to delete is not empty",
        "EntityTooSmall" => "Your proposed upload is smaller than the minimum allowed size",
        "EntityTooLarge" => "Your proposed upload exceeds the maximum allowed size",
        "IllegalLocationConstraintException" => {
            "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to."
        }
        "IncompleteBody" => {
            "You did not provide the number of bytes specified by the Content-Length HTTP header"
        }
        "InternalError" => "We encountered an internal error. Please try again.",
        "InvalidBucketAclWithObjectOwnership" => {
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
        }
        "InvalidBucketName" => "The specified bucket is not valid.",
        "InvalidDigest" => "The Content-MD5 you specified was invalid.",
        "InvalidLocationConstraint" => "The specified location-constraint is not valid",
        "InvalidObjectState" => "The operation is not valid for the object's storage class",
        "InvalidPart" => {
            "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."
        }
        "InvalidPartOrder" => {
            "The list of parts was not in ascending order. Parts must be ordered by part number."
        }
        "InvalidPartNumber" => "The requested partnumber is not satisfiable",
        "InvalidRange" => "The requested range is not satisfiable",
        "InvalidRedirectLocation" => {
            "The website redirect location must have a prefix of 'http://' or 'https://' or '/'."
        }
        "InvalidStorageClass" => "The storage class you specified is not valid",
        "InvalidURI" => "Couldn't parse the specified URI.",
        "KeyTooLongError" => "Your key is too long",
        "MalformedACLError" | "MalformedXML" => {
            "The XML you provided was not well-formed or did not validate against our published schema"
        }
        "MaxMessageLengthExceeded" => "Your request was too big.",
        "MetadataTooLarge" => "Your metadata headers exceed the maximum allowed metadata size",
        "MethodNotAllowed" => "The specified method is not allowed against this resource.",
        "MissingContentLength" => "You must provide the Content-Length HTTP header.",
        "NoSuchBucket" => "The specified bucket does not exist",
        "NoSuchKey" => "The specified key does not exist.",
        "NoSuchVersion" => "The specified version does not exist.",
        "NoSuchUpload" => {
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
        }
        "NotImplemented" => "A header you provided implies functionality that is not implemented",
        "PermanentRedirect" => {
            "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint."
        }
        "PreconditionFailed" => "At least one of the pre-conditions you specified did not hold",
        "RestoreAlreadyInProgress" => "Object restore is already in progress",
        "XAmzContentSHA256Mismatch" => {
            "The provided 'x-amz-content-sha256' header does not match what was computed."
        }
        _ => "The request could not be served.",
    }
}

/// An error with words of its own.
pub(crate) fn error_with(code: S3ErrorCode, message: impl Into<String>) -> S3Error {
    S3Error::with_message(code, message.into())
}

/// `InvalidArgument`, which names the argument and repeats what it was given.
pub(crate) fn invalid_argument(name: &str, value: &str, message: impl Into<String>) -> S3Error {
    let error = error_with(S3ErrorCode::InvalidArgument, message);
    with_details(error, &[("ArgumentName", name), ("ArgumentValue", value)])
}

/// `NotImplemented`, which names what is not.
pub(crate) fn not_implemented(what: &str) -> S3Error {
    error_with(S3ErrorCode::NotImplemented, format!("the fake does not implement {what}"))
}

/// 304, which carries the validators of the object in place of a body.
pub(crate) fn not_modified(object: &Object) -> S3Error {
    let mut error = S3Error::new(S3ErrorCode::NotModified);
    let mut headers = http::HeaderMap::new();
    for (name, value) in [
        (http::header::ETAG, format!("\"{}\"", object.etag)),
        (http::header::LAST_MODIFIED, http_date(object.last_modified)),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    error.set_headers(headers);
    error
}

impl From<ChecksumError> for S3Error {
    fn from(reason: ChecksumError) -> Self {
        match reason {
            ChecksumError::Multiple => error_with(
                S3ErrorCode::InvalidRequest,
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
            ),
            ChecksumError::Malformed(header) => {
                error_with(S3ErrorCode::InvalidRequest, format!("Value for {header} header is invalid."))
            }
            ChecksumError::Mismatch(algorithm) => error_with(
                S3ErrorCode::BadDigest,
                format!("The {algorithm} you specified did not match the calculated checksum."),
            ),
            ChecksumError::MissingTrailer => error_with(
                S3ErrorCode::InvalidRequest,
                "x-amz-trailer announces a checksum, and the body has no such trailer",
            ),
        }
    }
}
