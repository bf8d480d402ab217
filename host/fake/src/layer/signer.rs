use std::fmt;
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::AUTHORIZATION;
use time::PrimitiveDateTime;
use time::macros::format_description;
use url::form_urlencoded;

/// Who says that they signed a request, from `Authorization` or from a presigned URL.
///
/// What they say is proven only where the fake knows their secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Signer {
    pub(crate) version: SignatureVersion,
    pub(crate) access_key_id: String,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) session_token: Option<String>,
    /// When the request was signed, if it says so.
    pub(crate) date: Option<SystemTime>,
    /// How long a presigned URL lasts.
    pub(crate) lifetime: Option<Duration>,
    /// The names of the headers that were signed, in lower case.
    pub(crate) signed_headers: Vec<String>,
    /// The signature, in hexadecimal.
    pub(crate) signature: String,
}

/// How a request is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureVersion {
    /// Signature Version 2, which boto3 still presigns URLs of S3 with where it may. It names neither service nor region.
    V2,
    V4,
}

/// Why a request's signature cannot be taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SignerError {
    /// The `Authorization` header, or a presigned URL's parameter, is not as Signature Version 4 has it.
    Malformed(&'static str),
    /// A parameter of a presigned URL stands in it twice, so that there are two things that may have been signed.
    Repeated,
}

/// Without the token and the signature: that of a presigned URL is as good as a key.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("access_key_id", &self.access_key_id)
            .field("region", &self.region)
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// The signer of a request; none if it is anonymous.
    pub(crate) fn of(headers: &HeaderMap, query: Option<&str>) -> Result<Option<Self>, SignerError> {
        if let Some(value) = headers.get(AUTHORIZATION) {
            let value = value.to_str().map_err(|_| SignerError::Malformed("Authorization"))?;
            if let Some(credential) = value.strip_prefix("AWS ") {
                return Self::of_version_2(credential, headers).map(Some);
            }
            return Self::of_header(value, headers).map(Some);
        }
        let presigned = [SignatureVersion::V2, SignatureVersion::V4]
            .into_iter()
            .find(|version| has_parameter(query, version.signature_parameter()));
        if let Some(version) = presigned
            && version.parameters().iter().any(|name| is_repeated(query, name))
        {
            return Err(SignerError::Repeated);
        }
        let parameter = |name: &str| {
            form_urlencoded::parse(query?.as_bytes())
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        if let (Some(access_key_id), Some(signature)) = (parameter("AWSAccessKeyId"), parameter("Signature"))
        {
            let expires = parameter("Expires").and_then(|seconds| seconds.parse().ok());
            // The end of the year 9999: later is no date.
            let expires = expires.filter(|seconds| *seconds < 253_402_300_800);
            let expires = expires.ok_or(SignerError::Malformed("Expires"))?;
            return Ok(Some(Self {
                // It says when it ends, and not when it began.
                date: Some(SystemTime::UNIX_EPOCH),
                lifetime: Some(Duration::from_secs(expires)),
                session_token: parameter("x-amz-security-token"),
                signature,
                ..Self::version_2(access_key_id)
            }));
        }
        let Some(signature) = parameter("X-Amz-Signature") else { return Ok(None) };
        let credential = parameter("X-Amz-Credential").ok_or(SignerError::Malformed("X-Amz-Credential"))?;
        let mut signer =
            Self::of_credential(&credential).ok_or(SignerError::Malformed("X-Amz-Credential"))?;
        let date = parameter("X-Amz-Date").and_then(|date| amz_date(&date));
        let seconds = parameter("X-Amz-Expires").and_then(|seconds| seconds.parse().ok());
        let date = date.ok_or(SignerError::Malformed("X-Amz-Date"))?;
        // A week is the most that Signature Version 4 allows.
        let seconds =
            seconds.filter(|seconds| *seconds <= 604_800).ok_or(SignerError::Malformed("X-Amz-Expires"))?;
        signer.date = Some(date);
        signer.lifetime = Some(Duration::from_secs(seconds));
        signer.session_token = parameter("X-Amz-Security-Token");
        signer.signed_headers = names(&parameter("X-Amz-SignedHeaders").unwrap_or_default());
        signer.signature = signature;
        Ok(Some(signer))
    }

    /// The signer of a form's policy, by the fields of the form. None if it names none.
    pub(crate) fn of_form<'a>(field: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let token = field("x-amz-security-token").map(str::to_owned);
        if let (Some(access_key_id), Some(signature)) = (field("awsaccesskeyid"), field("signature")) {
            let signature = signature.to_owned();
            return Some(Self {
                signature,
                session_token: token,
                ..Self::version_2(access_key_id.to_owned())
            });
        }
        let signer = Self::of_credential(field("x-amz-credential")?)?;
        Some(Self {
            date: amz_date(field("x-amz-date")?),
            signature: field("x-amz-signature")?.to_owned(),
            session_token: token,
            ..signer
        })
    }

    /// `AWS AKID:SIGNATURE`
    fn of_version_2(credential: &str, headers: &HeaderMap) -> Result<Self, SignerError> {
        let (access_key_id, signature) =
            credential.split_once(':').ok_or(SignerError::Malformed("Authorization"))?;
        let token = headers.get("x-amz-security-token").and_then(|token| token.to_str().ok());
        Ok(Self {
            session_token: token.map(str::to_owned),
            signature: signature.to_owned(),
            ..Self::version_2(access_key_id.to_owned())
        })
    }

    fn version_2(access_key_id: String) -> Self {
        Self {
            version: SignatureVersion::V2,
            access_key_id,
            region: "us-east-1".to_owned(),
            service: "s3".to_owned(),
            session_token: None,
            date: None,
            lifetime: None,
            signed_headers: Vec::new(),
            signature: String::new(),
        }
    }

    fn of_header(value: &str, headers: &HeaderMap) -> Result<Self, SignerError> {
        let malformed = || SignerError::Malformed("Authorization");
        let rest = value.strip_prefix("AWS4-HMAC-SHA256").ok_or_else(malformed)?;
        let part = |name: &str| {
            rest.split(',').find_map(|part| part.trim().strip_prefix(name)).ok_or_else(malformed)
        };
        let mut signer = Self::of_credential(part("Credential=")?).ok_or_else(malformed)?;
        signer.signed_headers = names(part("SignedHeaders=")?);
        part("Signature=")?.clone_into(&mut signer.signature);
        let date = headers.get("x-amz-date").and_then(|date| date.to_str().ok());
        signer.date = date.and_then(amz_date);
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
        Some(Self {
            version: SignatureVersion::V4,
            access_key_id,
            region,
            service,
            session_token: None,
            date: None,
            lifetime: None,
            signed_headers: Vec::new(),
            signature: String::new(),
        })
    }
}

fn names(signed_headers: &str) -> Vec<String> {
    signed_headers.split(';').map(str::to_ascii_lowercase).collect()
}

impl SignatureVersion {
    /// The query parameters by which a presigned URL carries its signature.
    pub(super) const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::V2 => &["AWSAccessKeyId", "Signature", "Expires", "x-amz-security-token"],
            Self::V4 => &[
                "X-Amz-Algorithm",
                "X-Amz-Credential",
                "X-Amz-Date",
                "X-Amz-Expires",
                "X-Amz-SignedHeaders",
                "X-Amz-Signature",
                "X-Amz-Security-Token",
            ],
        }
    }

    const fn signature_parameter(self) -> &'static str {
        match self {
            Self::V2 => "Signature",
            Self::V4 => "X-Amz-Signature",
        }
    }
}

/// Whether a query parameter belongs to the signature of a presigned URL, of whichever version.
pub(crate) fn is_signature_parameter(name: &str) -> bool {
    [SignatureVersion::V2, SignatureVersion::V4].iter().any(|version| version.parameters().contains(&name))
}

fn has_parameter(query: Option<&str>, name: &str) -> bool {
    query.is_some_and(|query| form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key == name))
}

fn is_repeated(query: Option<&str>, name: &str) -> bool {
    let parameters =
        |query: &str| form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name).count();
    query.map_or(0, parameters) > 1
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
        assert_eq!((signer.date, signer.lifetime), (Some(epoch), Some(Duration::from_mins(1))));
    }

    #[test]
    fn refuses_a_parameter_of_the_signature_that_stands_twice() {
        let v4 = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&\
                  X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Security-Token=t&X-Amz-Signature=00";
        let v2 = "AWSAccessKeyId=AKID&Signature=a%2Bb%3D&Expires=60&x-amz-security-token=t";
        for (url, version) in [(v4, SignatureVersion::V4), (v2, SignatureVersion::V2)] {
            assert!(Signer::of(&HeaderMap::new(), Some(url)).unwrap().is_some());
            for name in version.parameters() {
                for twice in [format!("{url}&{name}=60"), format!("{name}=60&{url}"), format!("{url}&{name}")]
                {
                    let refused = Signer::of(&HeaderMap::new(), Some(&twice));
                    assert_eq!(refused, Err(SignerError::Repeated), "{twice}");
                }
            }
            assert!(Signer::of(&HeaderMap::new(), Some(&format!("{url}&prefix=a&prefix=b"))).is_ok());
        }
    }

    #[test]
    fn reads_what_was_signed_in_version_2() {
        let query = "AWSAccessKeyId=AKID&Signature=a%2Bb%3D&Expires=60";
        let signer = Signer::of(&HeaderMap::new(), Some(query)).unwrap().unwrap();
        assert_eq!((signer.version, signer.access_key_id.as_str()), (SignatureVersion::V2, "AKID"));
        assert_eq!(
            signer.date.unwrap() + signer.lifetime.unwrap(),
            SystemTime::UNIX_EPOCH + Duration::from_mins(1)
        );
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, "AWS AKID:a+b=".parse().unwrap());
        let signer = Signer::of(&headers, None).unwrap().unwrap();
        assert_eq!((signer.access_key_id.as_str(), signer.signature.as_str()), ("AKID", "a+b="));
        headers.insert(AUTHORIZATION, "AWS AKID".parse().unwrap());
        assert_eq!(Signer::of(&headers, None), Err(SignerError::Malformed("Authorization")));
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
