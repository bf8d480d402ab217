//! What a bucket policy can ask about a request: the values of its condition keys.

use std::borrow::Cow;

use http::HeaderMap;
use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use super::object::Encryption;
use super::store::Bucket;
use super::tags::Tags;
use crate::account::Caller;
use crate::fake::Shared;
use crate::layer::RequestContext;
use crate::resource_policy::{Client, Common, Facts, Principal};

const SSE: &str = "s3:x-amz-server-side-encryption";
const KMS_KEY: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";

/// A request to S3, as far as policies are concerned.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) context: &'a RequestContext,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) query: Option<&'a str>,
}

/// The facts of a request about a bucket, or about an object in it.
pub(super) struct RequestFacts<'a> {
    pub(super) operation: &'a str,
    pub(super) asked: Asked<'a>,
    pub(super) bucket: &'a Bucket,
    /// The version that is asked about, where one is named.
    pub(super) version: Option<&'a str>,
    /// The tags of the object that is there, where they count.
    pub(super) existing_tags: Option<&'a Tags>,
    /// The tags that the request sets.
    pub(super) request_tags: &'a [(String, String)],
    /// The prefix where the request names none: of a key that is asked for.
    pub(super) prefix: Option<&'a str>,
    /// What the upload is encrypted with that the request adds a part to.
    pub(super) upload: Option<&'a Encryption>,
    /// The user id and the ARN of whoever asks; none of whoever signs nothing.
    pub(super) identity: Option<(String, String)>,
}

impl<'a> Asked<'a> {
    pub(super) fn caller(&self) -> &'a Caller {
        &self.context.caller
    }

    pub(super) fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(name) || self.header(name).is_some()
    }

    /// The value of a parameter of the query.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let query = self.query.unwrap_or_default();
        let mut parameters = form_urlencoded::parse(query.as_bytes());
        parameters.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// A header that is text.
    fn text(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A header. A presigned URL may carry those of S3 as parameters.
    fn header(&self, name: &str) -> Option<Cow<'a, str>> {
        if self.headers.contains_key(name) {
            return self.text(name).map(Cow::Borrowed);
        }
        if !name.starts_with("x-amz-") {
            return None;
        }
        let mut parameters = form_urlencoded::parse(self.query.unwrap_or_default().as_bytes());
        parameters.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The tags that the request sets in a header.
    pub(super) fn tags(&self) -> Vec<(String, String)> {
        let header = self.header("x-amz-tagging").unwrap_or_default();
        form_urlencoded::parse(header.as_bytes()).into_owned().collect()
    }
}

impl RequestFacts<'_> {
    pub(super) fn principal(&self) -> Option<Principal<'_>> {
        match self.asked.caller() {
            Caller::Anonymous => None,
            Caller::Account(account) => Some(Principal {
                account: &account.id,
                arn: self.identity.as_ref().map_or("", |(_, arn)| arn),
                canonical_id: &account.canonical_id,
            }),
        }
    }

    /// Whether the operation makes an object: what begins an upload or adds a part to it does not. `None` for what does not need
    /// `s3:PutObject`.
    fn creates(&self) -> Option<bool> {
        match self.operation {
            "PutObject" | "CopyObject" | "CompleteMultipartUpload" => Some(true),
            "CreateMultipartUpload" | "UploadPart" | "UploadPartCopy" => Some(false),
            _ => None,
        }
    }

    /// Whether the operation can be one only where there is no object, or this one.
    fn writes(&self) -> bool {
        self.creates() == Some(true)
    }
}

/// Whether the key of a tag is what a policy asks for, in lower case.
fn is_same(tag: &str, asked: &str) -> bool {
    tag.to_lowercase() == asked
}

impl Facts for RequestFacts<'_> {
    fn values(&self, key: &str) -> Vec<Cow<'_, str>> {
        let asked = &self.asked;
        let common = Common {
            principal: self.principal(),
            now: asked.shared.clock.now(),
            region: &asked.context.region,
            resource_account: &self.bucket.owner.id,
            is_secure: asked.context.is_secure,
            client: Client {
                user_id: self.identity.as_ref().map(|(id, _)| id.as_str()),
                source_ip: asked.context.source_ip,
                user_agent: asked.text("user-agent"),
                referer: asked.text("referer"),
            },
        };
        if let Some(value) = common.value(key) {
            return vec![value];
        }
        let text = |text: Option<String>| text.map(Cow::Owned);
        let header = |name: &str| asked.header(name);
        if key == "s3:requestobjecttagkeys" {
            return self.request_tags.iter().map(|(key, _)| key.as_str().into()).collect();
        }
        let value: Option<Cow<'_, str>> = match key {
            "s3:prefix" => text(asked.parameter("prefix")).or(self.prefix.map(Cow::Borrowed)),
            "s3:delimiter" => text(asked.parameter("delimiter")),
            "s3:max-keys" => text(asked.parameter("max-keys")),
            "s3:versionid" => self.version.map(Cow::Borrowed),
            "s3:signatureversion" => asked.context.signature.map(|(version, _)| version.into()),
            "s3:authtype" => asked.context.signature.map(|(_, form)| form.into()),
            "s3:signatureage" => asked.context.presigned.map(|presigned| {
                let age = common.now.duration_since(presigned).unwrap_or_default();
                age.as_millis().to_string().into()
            }),
            "s3:x-amz-copy-source" => {
                let source = asked.header("x-amz-copy-source").unwrap_or_default();
                let source = percent_decode_str(source.strip_prefix('/').unwrap_or(&source));
                let source = source.decode_utf8_lossy().into_owned();
                text(Some(source).filter(|source| !source.is_empty()))
            }
            // A part has what its upload was begun with.
            SSE => header("x-amz-server-side-encryption")
                .or_else(|| text(Some(self.upload?.header()?.as_str().to_owned()))),
            KMS_KEY => header("x-amz-server-side-encryption-aws-kms-key-id")
                .or_else(|| text(self.upload?.kms_key_id.clone())),
            "s3:object-lock-mode" => header("x-amz-object-lock-mode"),
            "s3:object-lock-retain-until-date" => header("x-amz-object-lock-retain-until-date"),
            "s3:object-lock-legal-hold" => header("x-amz-object-lock-legal-hold"),
            "s3:if-match" if self.writes() || self.operation == "DeleteObject" => header("if-match"),
            "s3:if-none-match" if self.writes() => header("if-none-match"),
            "s3:objectcreationoperation" => self.creates().map(|creates| creates.to_string().into()),
            "s3:resourceaccount" => Some(self.bucket.owner.id.as_str().into()),
            _ => match key.split_once('/') {
                Some(("s3:existingobjecttag", tag)) => {
                    let found =
                        self.existing_tags.and_then(|tags| tags.iter().find(|(key, _)| is_same(key, tag)));
                    found.map(|(_, value)| value.as_str().into())
                }
                Some(("s3:requestobjecttag", tag)) => {
                    let found = self.request_tags.iter().find(|(key, _)| is_same(key, tag));
                    found.map(|(_, value)| value.as_str().into())
                }
                _ => key.strip_prefix("s3:").filter(|name| name.starts_with("x-amz-")).and_then(header),
            },
        };
        value.into_iter().collect()
    }
}
