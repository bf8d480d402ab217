//! What an attempt was signed with.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use std::fmt;

/// What an attempt was signed with, kept until its answer is there: the request is gone by then. Only an answer that is an error has
/// something done with it.
pub(crate) struct Signed {
    authorization: String,
    token: Option<String>,
}

impl Storable for Signed {
    type Storer = StoreReplace<Self>;
}

impl Signed {
    /// Of a request that is about to be sent. `None` if it is not signed.
    pub(crate) fn of(request: &HttpRequest) -> Option<Self> {
        let headers = request.headers();
        let authorization = headers.get("authorization")?.to_owned();
        Some(Self { authorization, token: headers.get("x-amz-security-token").map(str::to_owned) })
    }

    /// The access key of a SigV4 `Authorization` header.
    pub(crate) fn access_key_id(&self) -> Option<&str> {
        let (_, credential) = self.authorization.split_once("Credential=")?;
        credential.split_once('/').map(|(access_key_id, _)| access_key_id)
    }

    /// The session token and the signature, as an answer may quote them.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let signature = self.authorization.split_once("Signature=").map(|(_, signature)| signature);
        let secrets = [self.token.as_deref(), signature].into_iter().flatten();
        // JSON may write `/`, which tokens have, as `\/`.
        let written = |secret: &str| [secret.to_owned(), secret.replace('/', "\\/")];
        secrets.filter(|secret| !secret.is_empty()).flat_map(written).collect()
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signed(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(authorization: &str, token: Option<&str>) -> Option<Signed> {
        let mut request = HttpRequest::empty();
        if !authorization.is_empty() {
            request.headers_mut().insert("authorization", authorization.to_owned());
        }
        if let Some(token) = token {
            request.headers_mut().insert("x-amz-security-token", token.to_owned());
        }
        Signed::of(&request)
    }

    #[test]
    fn the_access_key_is_found_in_the_authorization() {
        let header =
            "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host";
        assert_eq!(signed(header, None).unwrap().access_key_id(), Some("AKID"));
        assert_eq!(signed("Bearer x", None).unwrap().access_key_id(), None);
        assert!(signed("", None).is_none());
    }

    #[test]
    fn the_secrets_are_those_that_an_answer_may_quote() {
        let header = "AWS4-HMAC-SHA256 Credential=AKID/20260101, SignedHeaders=host, Signature=0af1";
        assert_eq!(signed(header, None).unwrap().secrets(), ["0af1", "0af1"]);
        let secrets = signed(header, Some("TO/KEN")).unwrap().secrets();
        assert_eq!(secrets, ["TO/KEN", "TO\\/KEN", "0af1", "0af1"]);
        assert_eq!(signed("Bearer x", Some("")).unwrap().secrets(), [""; 0]);
    }

    #[test]
    fn nothing_of_it_is_printed() {
        let shown = format!("{:?}", signed("Signature=0af1", Some("TOKEN")));
        assert!(!shown.contains("0af1") && !shown.contains("TOKEN"), "{shown}");
    }
}
