use std::fmt;
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::AUTHORIZATION;
use url::form_urlencoded;

use super::canonical::latin_1;
use super::date::{self, amz_date};

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

impl SignatureVersion {
    /// As AWS names it in the condition key `s3:signatureversion`.
    pub(crate) fn algorithm(self) -> &'static str {
        match self {
            Self::V2 => "AWS",
            Self::V4 => "AWS4-HMAC-SHA256",
        }
    }
}

/// Why a request's signature cannot be taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SignerError {
    /// The `Authorization` header is none.
    Authorization(AuthorizationError),
    /// A parameter of a presigned URL is not as it has to be.
    Parameter(&'static str, ParameterError),
    /// A parameter of a presigned URL stands in it twice, so that there are two things that may have been signed.
    Repeated,
}

/// What is wrong with an `Authorization` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthorizationError {
    /// Without a space there is no scheme.
    Space,
    /// The scheme is that of Signature Version 2, and what follows is not `AKID:SIGNATURE`.
    Version2,
    /// A scheme that AWS does not have.
    Scheme,
    /// One of the three parts of Signature Version 4 is missing.
    Components,
    Credential,
}

/// What is wrong with a parameter of a presigned URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParameterError {
    Missing,
    Malformed,
    TooLong,
    Negative,
}

/// The longest life of a URL in Signature Version 4, in seconds: a week.
const MAX_LIFETIME: u64 = 604_800;

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
        let authorization = headers.get(AUTHORIZATION).map(latin_1).filter(|value| !value.trim().is_empty());
        if let Some(value) = authorization {
            return Self::of_header(value.trim(), headers).map(Some).map_err(SignerError::Authorization);
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
            let expires = expires.ok_or(SignerError::Parameter("Expires", ParameterError::Malformed))?;
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
        let required =
            |name: &'static str| parameter(name).ok_or(SignerError::Parameter(name, ParameterError::Missing));
        let malformed = |name: &'static str| SignerError::Parameter(name, ParameterError::Malformed);
        let credential = required("X-Amz-Credential")?;
        let mut signer = Self::of_credential(&credential).ok_or(malformed("X-Amz-Credential"))?;
        let date = amz_date(&required("X-Amz-Date")?).ok_or(malformed("X-Amz-Date"))?;
        let seconds = lifetime(&required("X-Amz-Expires")?)
            .map_err(|error| SignerError::Parameter("X-Amz-Expires", error))?;
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

    /// `AWS AKID:SIGNATURE`, without the scheme.
    fn of_version_2(credential: &str) -> Option<Self> {
        let (access_key_id, signature) = credential.split_once(':')?;
        if access_key_id.is_empty() || signature.is_empty() || signature.contains(':') {
            return None;
        }
        Some(Self { signature: signature.to_owned(), ..Self::version_2(access_key_id.to_owned()) })
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

    fn of_header(value: &str, headers: &HeaderMap) -> Result<Self, AuthorizationError> {
        let (scheme, rest) = value.split_once(' ').ok_or(AuthorizationError::Space)?;
        let mut signer = if scheme.eq_ignore_ascii_case("AWS") {
            Self::of_version_2(rest).ok_or(AuthorizationError::Version2)?
        } else if scheme.eq_ignore_ascii_case("AWS4-HMAC-SHA256") {
            Self { date: date::sent(headers).and_then(date::parse), ..Self::of_version_4(rest)? }
        } else {
            return Err(AuthorizationError::Scheme);
        };
        let token = headers.get("x-amz-security-token").and_then(|token| token.to_str().ok());
        signer.session_token = token.map(str::to_owned);
        Ok(signer)
    }

    /// `Credential=..., SignedHeaders=..., Signature=...`
    fn of_version_4(components: &str) -> Result<Self, AuthorizationError> {
        let component = |name: &str| {
            let found = components.split(',').find_map(|part| part.trim().strip_prefix(name));
            found.ok_or(AuthorizationError::Components)
        };
        let (credential, signed_headers, signature) =
            (component("Credential=")?, component("SignedHeaders=")?, component("Signature=")?);
        let signer = Self::of_credential(credential).ok_or(AuthorizationError::Credential)?;
        Ok(Self { signed_headers: names(signed_headers), signature: signature.to_owned(), ..signer })
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

/// `X-Amz-Expires`.
fn lifetime(seconds: &str) -> Result<u64, ParameterError> {
    let (sign, digits) = seconds.strip_prefix('-').map_or(("", seconds), |digits| ("-", digits));
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ParameterError::Malformed);
    }
    // What is too large for a number is too long as well.
    let number = digits.parse().unwrap_or(u64::MAX);
    match sign {
        "-" if number > 0 => Err(ParameterError::Negative),
        _ if number > MAX_LIFETIME => Err(ParameterError::TooLong),
        _ => Ok(number),
    }
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
    }

    #[test]
    fn takes_an_unsigned_request_for_anonymous_and_refuses_a_malformed_signature() {
        assert_eq!(Signer::of(&HeaderMap::new(), Some("prefix=a")), Ok(None));
        for (value, reason) in [
            ("garbage", AuthorizationError::Space),
            ("AWS4-HMAC-SHA256Credential=a/b/c/s3/aws4_request", AuthorizationError::Space),
            ("AWS HAHAHA", AuthorizationError::Version2),
            ("aws k:", AuthorizationError::Version2),
            ("AWS k:a:b", AuthorizationError::Version2),
            ("Basic abc", AuthorizationError::Scheme),
            ("Bearer x", AuthorizationError::Scheme),
            ("AWS4-HMAC-SHA256 Credential=a/b", AuthorizationError::Components),
            (
                "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00",
                AuthorizationError::Credential,
            ),
        ] {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
            assert_eq!(Signer::of(&headers, None), Err(SignerError::Authorization(reason)), "{value}");
        }
        for value in ["", " "] {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
            assert_eq!(Signer::of(&headers, None), Ok(None));
        }
    }

    #[test]
    fn the_parameters_of_a_presigned_url_are_read_strictly() {
        let url = |date: &str, expires: &str| {
            let query = format!(
                "X-Amz-Credential=a%2Fb%2Fc%2Fs3%2Faws4_request&X-Amz-Date={date}{expires}&X-Amz-Signature=00"
            );
            Signer::of(&HeaderMap::new(), Some(&query))
                .map(|signer| signer.unwrap().lifetime.unwrap().as_secs())
        };
        let fails = |name, error| Err(SignerError::Parameter(name, error));
        let now = "20260101T000000Z";
        assert_eq!(url("today", ""), fails("X-Amz-Date", ParameterError::Malformed));
        assert_eq!(url(now, ""), fails("X-Amz-Expires", ParameterError::Missing));
        for (expires, expected) in [
            ("0", Ok(0)),
            ("604800", Ok(604_800)),
            ("604801", Err(ParameterError::TooLong)),
            ("99999999999999999999", Err(ParameterError::TooLong)),
            ("-1", Err(ParameterError::Negative)),
            ("-99999999999999999999", Err(ParameterError::Negative)),
            ("1s", Err(ParameterError::Malformed)),
            ("%2B1", Err(ParameterError::Malformed)),
            ("-", Err(ParameterError::Malformed)),
            ("", Err(ParameterError::Malformed)),
        ] {
            let expected = expected.map_err(|error| SignerError::Parameter("X-Amz-Expires", error));
            assert_eq!(url(now, &format!("&X-Amz-Expires={expires}")), expected, "{expires}");
        }
    }

    #[test]
    fn the_date_of_a_signature_is_in_one_of_two_headers() {
        let epoch = SystemTime::UNIX_EPOCH + Duration::from_secs(crate::TEST_EPOCH_SECS);
        let value = "aws4-hmac-sha256 Credential=AKID/20260101/eu-west-1/s3/aws4_request,SignedHeaders=host,Signature=00";
        let http = "Thu, 01 Jan 2026 00:00:00 GMT";
        for (ours, standard, expected) in [
            (Some("20260101T000000Z"), Some("garbage"), Some(epoch)),
            (Some(http), None, Some(epoch)),
            (None, Some(http), Some(epoch)),
            (None, Some("20260101T000000Z"), Some(epoch)),
            (Some("garbage"), Some(http), None),
            (None, None, None),
        ] {
            let mut headers = HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
            ours.map(|date| headers.insert("x-amz-date", date.parse().unwrap()));
            standard.map(|date| headers.insert("date", date.parse().unwrap()));
            let signer = Signer::of(&headers, None).unwrap().unwrap();
            assert_eq!(signer.date, expected, "{ours:?} {standard:?}");
        }
    }
}
