use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http::{Extensions, HeaderMap, StatusCode};
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::checksum::{Checksum, declared, verify};
use super::error::{custom, error, error_with};
use super::wire::{check_md5, is_digest_of};
use crate::layer::{ChunkedError, Trailers};

/// The longest object that one `PutObject` makes, the longest part, and the longest source of a copy: 5 GiB.
pub(crate) const MAX_BODY: u64 = 5 * 1024 * 1024 * 1024;

/// The body of an upload, and how it was to be proven.
pub(crate) struct UploadBody<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) extensions: &'a Extensions,
    pub(crate) body: Option<StreamingBlob>,
    pub(crate) content_length: Option<i64>,
    pub(crate) content_md5: Option<String>,
}

impl UploadBody<'_> {
    /// Reads the body to its end and holds it to every digest that came with it. Gives the checksum, if there was one.
    pub(crate) async fn receive(self) -> S3Result<(Bytes, Option<Checksum>)> {
        let body = read(self.body, self.content_length).await?;
        if let Some(md5) = &self.content_md5 {
            check_md5(md5.as_bytes(), &body).map_err(|reason| {
                let code = S3ErrorCode::from_bytes(reason.code.as_bytes()).unwrap_or(S3ErrorCode::BadDigest);
                error_with(code, reason.message)
            })?;
        }
        let digest = self.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
        if digest.is_some_and(|digest| !is_digest_of(digest, &body)) {
            return Err(custom("XAmzContentSHA256Mismatch", StatusCode::BAD_REQUEST));
        }
        let trailers = self.extensions.get::<Trailers>().and_then(Trailers::get);
        let checksum = declared(self.headers, trailers)?;
        if let Some(checksum) = &checksum {
            verify(checksum, &body)?;
        }
        Ok((body, checksum))
    }
}

async fn read(body: Option<StreamingBlob>, content_length: Option<i64>) -> S3Result<Bytes> {
    let expected = content_length.and_then(|length| u64::try_from(length).ok());
    if expected.is_some_and(|length| length > MAX_BODY) {
        return Err(error(S3ErrorCode::EntityTooLarge));
    }
    let Some(mut body) = body else {
        return if expected.unwrap_or(0) == 0 {
            Ok(Bytes::new())
        } else {
            Err(error(S3ErrorCode::IncompleteBody))
        };
    };
    let expected = expected.ok_or_else(|| error(S3ErrorCode::MissingContentLength))?;
    let (mut only, mut rest): (Option<Bytes>, Option<BytesMut>) = (None, None);
    let mut length = 0;
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|reason| body_error(reason.as_ref()))?;
        length += piece.len() as u64;
        if length > expected {
            return Err(error(S3ErrorCode::IncompleteBody));
        }
        // A body of one piece, which an in-memory upload is, stays where it is.
        match (&mut rest, only.take()) {
            (Some(rest), _) => rest.extend_from_slice(&piece),
            (None, None) => only = Some(piece),
            (None, Some(first)) => {
                let mut bytes = BytesMut::from(&first[..]);
                bytes.extend_from_slice(&piece);
                rest = Some(bytes);
            }
        }
    }
    if length < expected {
        return Err(error(S3ErrorCode::IncompleteBody));
    }
    Ok(rest.map(BytesMut::freeze).or(only).unwrap_or_default())
}

fn body_error(reason: &(dyn std::error::Error + Send + Sync + 'static)) -> S3Error {
    match reason.downcast_ref() {
        Some(ChunkedError::Malformed) => {
            error_with(S3ErrorCode::InvalidRequest, "The aws-chunked body of the request is malformed.")
        }
        Some(ChunkedError::Incomplete) | None => error(S3ErrorCode::IncompleteBody),
    }
}
