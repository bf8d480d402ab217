use std::{fmt, time::SystemTime};

use crate::{
    action::{Action, ResourceType, Service},
    request::Context,
};

/// A key of IAM's conditions, or one of ours (`innkeeper:...`), that a policy can ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ConditionKey {
    /// `s3:prefix`, a string: the prefix of a listing.
    Prefix,
    /// `s3:delimiter`, a string: the delimiter of a listing.
    Delimiter,
    /// `s3:max-keys`, a number: the page size of a listing.
    MaxKeys,
    /// `s3:VersionId`, a string: the version of an object that is named.
    VersionId,
    /// `s3:x-amz-storage-class`, a string: the storage class that a write asks for.
    StorageClass,
    /// `s3:x-amz-server-side-encryption`, a string: the encryption that a write asks for, `AES256`, `aws:kms` or `aws:kms:dsse`.
    ServerSideEncryption,
    /// `s3:x-amz-copy-source`, a string: what is copied, `BUCKET/KEY`.
    CopySource,
    /// `s3:RequestObjectTag/<key>`, a string: the value of the tag of this key that a write sets.
    RequestObjectTag,
    /// `s3:RequestObjectTagKeys`, several strings: the keys of the tags that a write sets.
    RequestObjectTagKeys,
    /// `s3:ExistingObjectTag/<key>`, a string: the value of the tag of this key that the object has.
    ExistingObjectTag,
    /// `innkeeper:Guest`, a string: the guest's name in the manifest.
    Guest,
    /// `innkeeper:Trigger`, a string: what started the guest's call.
    Trigger,
    /// `innkeeper:ContentLength`, a number: the bytes that a put sends.
    ContentLength,
    /// `aws:RequestedRegion`, a string: the region that is called.
    RequestedRegion,
    /// `aws:CurrentTime`, a date.
    CurrentTime,
    /// `aws:SecureTransport`, a boolean: whether AWS is called over TLS.
    SecureTransport,
    /// `aws:ResourceAccount`, a string: the account that owns the queue or function. Not known of a bucket.
    ResourceAccount,
    /// `lambda:FunctionArn`, an ARN: the function that is called.
    FunctionArn,
}

/// What the values of a key are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    Text,
    Number,
    Date,
    Bool,
    Arn,
}

/// The value of a key in a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Text(&'a str),
    Number(f64),
    Date(SystemTime),
    Bool(bool),
    /// A text or an ARN, in pieces.
    Pieces([&'a str; 9]),
    /// Several texts, at least one.
    Texts(TagKeys<'a>),
}

/// The keys of the tags that a write sets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TagKeys<'a> {
    tags: &'a [(String, String)],
    keys: &'a [String],
}

impl<'a> TagKeys<'a> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let Self { tags, keys } = *self;
        tags.iter().map(|(key, _)| key.as_str()).chain(keys.iter().map(String::as_str))
    }
}

/// All that conditions can ask about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) guest: &'a str,
    pub(crate) context: &'a Context<'a>,
}

impl ConditionKey {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Prefix,
        Self::Delimiter,
        Self::MaxKeys,
        Self::VersionId,
        Self::StorageClass,
        Self::ServerSideEncryption,
        Self::CopySource,
        Self::RequestObjectTag,
        Self::RequestObjectTagKeys,
        Self::ExistingObjectTag,
        Self::Guest,
        Self::Trigger,
        Self::ContentLength,
        Self::RequestedRegion,
        Self::CurrentTime,
        Self::SecureTransport,
        Self::ResourceAccount,
        Self::FunctionArn,
    ];

    /// The key's name in a policy. Of those that are about one tag it ends with `/<key>`, where a policy has the tag's key.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prefix => "s3:prefix",
            Self::Delimiter => "s3:delimiter",
            Self::MaxKeys => "s3:max-keys",
            Self::VersionId => "s3:VersionId",
            Self::StorageClass => "s3:x-amz-storage-class",
            Self::ServerSideEncryption => "s3:x-amz-server-side-encryption",
            Self::CopySource => "s3:x-amz-copy-source",
            Self::RequestObjectTag => "s3:RequestObjectTag/<key>",
            Self::RequestObjectTagKeys => "s3:RequestObjectTagKeys",
            Self::ExistingObjectTag => "s3:ExistingObjectTag/<key>",
            Self::Guest => "innkeeper:Guest",
            Self::Trigger => "innkeeper:Trigger",
            Self::ContentLength => "innkeeper:ContentLength",
            Self::RequestedRegion => "aws:RequestedRegion",
            Self::CurrentTime => "aws:CurrentTime",
            Self::SecureTransport => "aws:SecureTransport",
            Self::ResourceAccount => "aws:ResourceAccount",
            Self::FunctionArn => "lambda:FunctionArn",
        }
    }

    /// The key of this name, without regard to case, as IAM compares them.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::parse(name).map(|(key, _)| key)
    }

    /// The key of this name, and the key of the tag that it is about, if it is about one.
    pub(crate) fn parse(name: &str) -> Option<(Self, Option<&str>)> {
        let mut all = Self::ALL.iter().copied();
        // A tag's key may have slashes in it.
        let (head, tag) = name.split_once('/').map_or((name, None), |(head, tag)| (head, Some(tag)));
        let key = all.find(|key| match key.as_str().strip_suffix("/<key>") {
            Some(known) => tag.is_some_and(|tag| !tag.is_empty()) && known.eq_ignore_ascii_case(head),
            None => tag.is_none() && key.as_str().eq_ignore_ascii_case(name),
        })?;
        Some((key, tag))
    }

    /// Whether the value comes from the host's surroundings and not from the operation, so that a policy can only ask about
    /// it if the host has promised it: [`PolicyBuilder::provides`](crate::PolicyBuilder::provides).
    pub const fn is_provided_by_host(self) -> bool {
        match self {
            Self::Prefix
            | Self::Delimiter
            | Self::MaxKeys
            | Self::VersionId
            | Self::StorageClass
            | Self::ServerSideEncryption
            | Self::CopySource
            | Self::RequestObjectTag
            | Self::RequestObjectTagKeys
            | Self::ContentLength
            | Self::Guest => false,
            Self::ExistingObjectTag
            | Self::Trigger
            | Self::RequestedRegion
            | Self::CurrentTime
            | Self::SecureTransport
            | Self::ResourceAccount
            | Self::FunctionArn => true,
        }
    }

    pub(crate) const fn value_type(self) -> ValueType {
        match self {
            Self::Prefix
            | Self::Delimiter
            | Self::VersionId
            | Self::StorageClass
            | Self::ServerSideEncryption
            | Self::CopySource
            | Self::RequestObjectTag
            | Self::RequestObjectTagKeys
            | Self::ExistingObjectTag
            | Self::Guest
            | Self::Trigger
            | Self::RequestedRegion
            | Self::ResourceAccount => ValueType::Text,
            Self::MaxKeys | Self::ContentLength => ValueType::Number,
            Self::CurrentTime => ValueType::Date,
            Self::SecureTransport => ValueType::Bool,
            Self::FunctionArn => ValueType::Arn,
        }
    }

    /// Whether AWS has the key in requests for an action that carries it here, and so can check a condition on it.
    ///
    /// AWS: `lambda:FunctionArn` is in those about event source mappings alone, and the keys of listings are in those of objects and
    /// versions. <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
    pub(crate) fn is_checked_by_aws(self, action: Action) -> bool {
        match self {
            Self::Guest | Self::Trigger | Self::ContentLength | Self::FunctionArn => false,
            Self::Prefix | Self::Delimiter | Self::MaxKeys => action != Action::S3ListBucketMultipartUploads,
            _ => true,
        }
    }

    /// Whether a request for this action can have a value for the key.
    pub(crate) fn is_carried_by(self, action: Action) -> bool {
        match self {
            Self::Prefix | Self::Delimiter | Self::MaxKeys => matches!(
                action,
                Action::S3ListBucket | Action::S3ListBucketVersions | Action::S3ListBucketMultipartUploads
            ),
            Self::VersionId => matches!(
                action,
                Action::S3GetObjectVersion
                    | Action::S3GetObjectVersionAttributes
                    | Action::S3DeleteObjectVersion
                    | Action::S3GetObjectVersionTagging
                    | Action::S3PutObjectVersionTagging
                    | Action::S3DeleteObjectVersionTagging
            ),
            Self::StorageClass | Self::ServerSideEncryption | Self::CopySource | Self::ContentLength => {
                action == Action::S3PutObject
            }
            Self::RequestObjectTag | Self::RequestObjectTagKeys => matches!(
                action,
                Action::S3PutObject | Action::S3PutObjectTagging | Action::S3PutObjectVersionTagging
            ),
            // AWS's list, which has neither what overwrites nor what deletes an object.
            Self::ExistingObjectTag => matches!(
                action,
                Action::S3GetObject
                    | Action::S3GetObjectVersion
                    | Action::S3GetObjectAttributes
                    | Action::S3GetObjectVersionAttributes
                    | Action::S3GetObjectTagging
                    | Action::S3GetObjectVersionTagging
                    | Action::S3PutObjectTagging
                    | Action::S3PutObjectVersionTagging
                    | Action::S3DeleteObjectTagging
                    | Action::S3DeleteObjectVersionTagging
            ),
            // The ARN of a queue or function has it, that of a bucket has not.
            Self::ResourceAccount => action.service() != Service::S3,
            Self::FunctionArn => {
                action.service() == Service::Lambda && action.resource_type() == ResourceType::Function
            }
            Self::Guest
            | Self::Trigger
            | Self::RequestedRegion
            | Self::CurrentTime
            | Self::SecureTransport => true,
        }
    }

    /// Whether a statement has to be about actions alone that carry the key. A request for another action has no value that
    /// the host could know, though the thing itself has one: a denial would pass over it in silence.
    pub(crate) const fn has_to_be_carried_by_all(self) -> bool {
        matches!(self, Self::ResourceAccount)
    }

    /// Whether a request can have several values of the key.
    pub(crate) const fn has_several_values(self) -> bool {
        matches!(self, Self::RequestObjectTagKeys)
    }

    /// Whether the key is about one tag, whose key stands in its name.
    pub(crate) const fn is_about_one_tag(self) -> bool {
        matches!(self, Self::RequestObjectTag | Self::ExistingObjectTag)
    }

    /// The actions that carry the key.
    pub(crate) fn carriers(self) -> impl Iterator<Item = Action> {
        Action::ALL.iter().copied().filter(move |&action| self.is_carried_by(action))
    }
}

impl fmt::Display for ConditionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ValueType {
    pub(crate) const fn singular(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Number => "a number",
            Self::Date => "a date",
            Self::Bool => "a boolean",
            Self::Arn => "an ARN",
        }
    }

    pub(crate) const fn plural(self) -> &'static str {
        match self {
            Self::Text => "strings",
            Self::Number => "numbers",
            Self::Date => "dates",
            Self::Bool => "booleans",
            Self::Arn => "ARNs",
        }
    }
}

impl<'a> Facts<'a> {
    /// The tags that a key about one tag is about one of; none for other keys.
    pub(crate) fn tags(&self, key: ConditionKey) -> &'a [(String, String)] {
        match key {
            ConditionKey::RequestObjectTag => self.context.request_tags,
            ConditionKey::ExistingObjectTag => self.context.existing_tags,
            _ => &[],
        }
    }

    /// The value of a key; `None` if the request does not carry it.
    pub(crate) fn value(&self, key: ConditionKey) -> Option<Value<'a>> {
        let context = self.context;
        match key {
            ConditionKey::Prefix => context.prefix.map(Value::Text),
            ConditionKey::Delimiter => context.delimiter.map(Value::Text),
            ConditionKey::MaxKeys => context.max_keys.map(|keys| Value::Number(keys.into())),
            ConditionKey::VersionId => context.version_id.map(Value::Text),
            ConditionKey::StorageClass => context.storage_class.map(Value::Text),
            ConditionKey::ServerSideEncryption => context.server_side_encryption.map(Value::Text),
            ConditionKey::CopySource => context.copy_source.map(|source| Value::Pieces(source.segments())),
            // They have a value for each tag.
            ConditionKey::RequestObjectTag | ConditionKey::ExistingObjectTag => None,
            ConditionKey::RequestObjectTagKeys => {
                let (tags, keys) = (context.request_tags, context.request_tag_keys);
                (!tags.is_empty() || !keys.is_empty()).then_some(Value::Texts(TagKeys { tags, keys }))
            }
            ConditionKey::Guest => Some(Value::Text(self.guest)),
            ConditionKey::Trigger => context.trigger.map(Value::Text),
            ConditionKey::ContentLength => context.content_length.map(|bytes| Value::Number(number(bytes))),
            ConditionKey::RequestedRegion => context.requested_region.map(Value::Text),
            ConditionKey::CurrentTime => context.current_time.map(Value::Date),
            ConditionKey::SecureTransport => context.secure_transport.map(Value::Bool),
            ConditionKey::ResourceAccount => context.resource_account.map(Value::Text),
            ConditionKey::FunctionArn => context.function_arn.map(|arn| Value::Pieces(arn.segments())),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 8 PiB, and nothing that S3 takes comes near")]
const fn number(bytes: u64) -> f64 {
    bytes as f64
}
