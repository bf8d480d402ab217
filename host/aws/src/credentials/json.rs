//! Credentials in JSON, as container endpoints, instance metadata and processes give them.

use super::load::credentials;
use crate::error::CredentialsError;
use aws_credential_types::Credentials;
use serde::Deserialize;
use std::time::SystemTime;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Keys {
    /// Instance metadata's outcome.
    code: Option<String>,
    /// The version of the format of `credential_process`.
    version: Option<u32>,
    access_key_id: Option<String>,
    secret_access_key: Option<Zeroizing<String>>,
    /// Container endpoints and instance metadata call it `Token`, processes `SessionToken`.
    #[serde(alias = "SessionToken")]
    token: Option<Zeroizing<String>>,
    expiration: Option<String>,
}

/// Who speaks, which decides what is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// A container endpoint or instance metadata: temporary keys, always.
    Metadata(&'static str),
    /// A `credential_process`: version 1, and keys that may be permanent.
    Process,
}

impl Speaker {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Metadata(name) => name,
            Self::Process => "the `credential_process`",
        }
    }
}

/// Reads credentials. No error repeats anything of the document.
pub(crate) fn parse(speaker: Speaker, document: &[u8]) -> Result<Credentials, CredentialsError> {
    let malformed = |reason| CredentialsError::Malformed { provider: speaker.name(), reason };
    let keys: Keys = serde_json::from_slice(document).map_err(|_| malformed("the answer is not JSON"))?;
    if keys.code.as_deref().is_some_and(|code| code != "Success") {
        return Err(malformed("its code is not `Success`"));
    }
    if speaker == Speaker::Process && keys.version != Some(1) {
        return Err(malformed("`Version` is not 1"));
    }
    let expiry = keys.expiration.as_deref().map(parse_time).transpose().map_err(malformed)?;
    let access_key_id = keys.access_key_id.ok_or_else(|| malformed("`AccessKeyId` is missing"))?;
    let secret = keys.secret_access_key.ok_or_else(|| malformed("`SecretAccessKey` is missing"))?;
    if access_key_id.is_empty() || secret.is_empty() {
        return Err(malformed("a key is empty"));
    }
    if matches!(speaker, Speaker::Metadata(_)) && (keys.token.is_none() || expiry.is_none()) {
        return Err(malformed("`Token` or `Expiration` is missing"));
    }
    let token = keys.token.map(|token| token.as_str().to_owned());
    Ok(credentials(access_key_id, secret.as_str().to_owned(), token, expiry, speaker.name()))
}

pub(crate) fn parse_time(time: &str) -> Result<SystemTime, &'static str> {
    OffsetDateTime::parse(time, &Rfc3339)
        .map(SystemTime::from)
        .map_err(|_| "a time is not in RFC 3339's form")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, UNIX_EPOCH};

    const METADATA: Speaker = Speaker::Metadata("instance metadata");

    #[test]
    fn reads_what_instance_metadata_gives() {
        let document =
            br#"{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"AKID","SecretAccessKey":"secret",
            "Token":"token","Expiration":"1970-01-01T00:01:00Z"}"#;
        let credentials = parse(METADATA, document).unwrap();
        assert_eq!(credentials.access_key_id(), "AKID");
        assert_eq!(credentials.session_token(), Some("token"));
        assert_eq!(credentials.expiry(), Some(UNIX_EPOCH + Duration::from_mins(1)));
    }

    #[test]
    fn reads_permanent_keys_of_a_process() {
        let document = br#"{"Version":1,"AccessKeyId":"AKID","SecretAccessKey":"secret"}"#;
        assert_eq!(parse(Speaker::Process, document).unwrap().expiry(), None);
        assert!(parse(METADATA, document).is_err());
    }

    #[test]
    fn errors_when_an_answer_is_not_complete() {
        for document in [
            "",
            "[]",
            "{}",
            "<html>",
            r#"{"Code":"AssumeRoleUnauthorizedAccess"}"#,
            r#"{"AccessKeyId":"AKID"}"#,
            r#"{"Version":2,"AccessKeyId":"AKID","SecretAccessKey":"secret"}"#,
            r#"{"Version":1,"AccessKeyId":"","SecretAccessKey":"secret"}"#,
            r#"{"Version":1,"AccessKeyId":"AKID","SecretAccessKey":"s","Expiration":"tomorrow"}"#,
        ] {
            assert!(parse(Speaker::Process, document.as_bytes()).is_err(), "{document}");
            assert!(parse(METADATA, document.as_bytes()).is_err(), "{document}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic_or_is_repeated(document in "\\PC{0,60}") {
            if let Err(error) = parse(METADATA, format!("hunter2{document}").as_bytes()) {
                let shown = format!("{error} {error:?}");
                prop_assert!(!shown.contains("hunter2"));
            }
        }
    }
}
