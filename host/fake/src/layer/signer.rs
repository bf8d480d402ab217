use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::AUTHORIZATION;
use time::PrimitiveDateTime;
use time::macros::format_description;
use url::form_urlencoded;

/// Who says that they signed a request, from `Authorization` or from a presigned URL.
///
/// What they say is not proven: the fake accepts any credentials, and does not know their secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signer {
    pub(crate) access_key_id: String,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) session_token: Option<String>,
    /// When a presigned URL ends.
    pub(crate) expires: Option<SystemTime>,
}

/// Why a request's signature cannot be taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SignerError {
    /// The `Authorization` header, or a presigned URL's parameter, is not as Signature Version 4 has it.
    Malformed(&'static str),
}

impl Signer {
    /// The signer of a request; none if it is anonymous.
    pub(crate) fn of(headers: &HeaderMap, query: Option<&str>) -> Result<Option<Self>, SignerError> {
        if let Some(value) = headers.get(AUTHORIZATION) {
            let value = value.to_str().map_err(|_| SignerError::Malformed("Authorization"))?;
            return Self::of_header(value, headers).map(Some);
        }
        let parameter = |name: &str| {
            form_urlencoded::parse(query?.as_bytes())
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        if parameter("X-Amz-Signature").is_none() {
            return Ok(None);
        }
        let credential = parameter("X-Amz-Credential").ok_or(SignerError::Malformed("X-Amz-Credential"))?;
        let mut signer =
            Self::of_credential(&credential).ok_or(SignerError::Malformed("X-Amz-Credential"))?;
        let date = parameter("X-Amz-Date").and_then(|date| amz_date(&date));
        let seconds = parameter("X-Amz-Expires").and_then(|seconds| seconds.parse().ok());
        let date = date.ok_or(SignerError::Malformed("X-Amz-Date"))?;
        // A week is the most that Signature Version 4 allows.
        let seconds =
            seconds.filter(|seconds| *seconds <= 604_800).ok_or(SignerError::Malformed("X-Amz-Expires"))?;
        signer.expires = Some(date + Duration::from_secs(seconds));
        signer.session_token = parameter("X-Amz-Security-Token");
        Ok(Some(signer))
    }

    fn of_header(value: &str, headers: &HeaderMap) -> Result<Self, SignerError> {
        let malformed = || SignerError::Malformed("Authorization");
        let rest = value.strip_prefix("AWS4-HMAC-SHA256").ok_or_else(malformed)?;
        let credential =
            rest.split(',').find_map(|part| part.trim().strip_prefix("Credential=")).ok_or_else(malformed)?;
        let mut signer = Self::of_credential(credential).ok_or_else(malformed)?;
        let token = headers.get("x-amz-security-token").and_then(|token| token.to_str().ok());
        signer.session_token = token.map(str::to_owned);
        Ok(signer)
    }

    /// `AKID/20260101/eu-west-1/s3/aws4_request`
    fn of_credential(credential: &str) -> Option<Self> {
        let mut parts = credential.rsplitn(5, '/');
        if parts.next() != Some("aws4_request") {
            return None;
        }
        let service = parts.next()?.to_owned();
        let region = parts.next()?.to_owned();
        let _date = parts.next()?;
        let access_key_id = parts.next()?.to_owned();
        Some(Self { access_key_id, region, service, session_token: None, expires: None })
    }
}

/// The query parameters by which a presigned URL carries its signature.
pub(crate) fn is_signature_parameter(name: &str) -> bool {
    matches!(
        name,
        "X-Amz-Algorithm"
            | "X-Amz-Credential"
            | "X-Amz-Date"
            | "X-Amz-Expires"
            | "X-Amz-SignedHeaders"
            | "X-Amz-Signature"
            | "X-Amz-Security-Token"
    )
}

fn amz_date(text: &str) -> Option<SystemTime> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    PrimitiveDateTime::parse(text, format).ok().map(|date| date.assume_utc().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_credential_of_a_header() {
        let mut headers = HeaderMap::new();
        let value = "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=00";
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        headers.insert("x-amz-security-token", "token".parse().unwrap());
        let signer = Signer::of(&headers, None).unwrap().unwrap();
        assert_eq!(
            (signer.access_key_id.as_str(), signer.region.as_str(), signer.service.as_str()),
            ("AKID", "eu-west-1", "s3")
        );
        assert_eq!(signer.session_token.as_deref(), Some("token"));
    }

    #[test]
    fn reads_the_expiry_of_a_presigned_url() {
        let query = "X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-Signature=00";
        let signer = Signer::of(&HeaderMap::new(), Some(query)).unwrap().unwrap();
        let epoch = SystemTime::UNIX_EPOCH + Duration::from_secs(crate::TEST_EPOCH_SECS);
        assert_eq!(signer.expires, Some(epoch + Duration::from_mins(1)));
    }

    #[test]
    fn takes_an_unsigned_request_for_anonymous_and_refuses_a_malformed_signature() {
        assert_eq!(Signer::of(&HeaderMap::new(), Some("prefix=a")), Ok(None));
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, "Basic abc".parse().unwrap());
        assert_eq!(Signer::of(&headers, None), Err(SignerError::Malformed("Authorization")));
        let query = "X-Amz-Credential=a%2Fb%2Fc%2Fs3%2Faws4_request&X-Amz-Date=today&X-Amz-Signature=00";
        assert_eq!(Signer::of(&HeaderMap::new(), Some(query)), Err(SignerError::Malformed("X-Amz-Date")));
    }
}
