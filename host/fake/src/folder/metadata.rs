use std::collections::BTreeMap;
use std::time::SystemTime;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::instant;
use crate::s3::{BucketSettings, Encryption, NewObject, Object, ObjectHeaders, ObjectSettings};

/// The name of the document in a bucket's folder, and in that of Lambda. No key is written with a dot in front, so none can take its place.
pub(super) const FILE: &str = ".innkeeper.json";

/// What is said about a bucket and its objects besides their bytes.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct BucketDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bucket: Option<BucketSettings>,
    /// By key.
    pub(super) objects: BTreeMap<String, ObjectDocument>,
    /// What is not current, by key, oldest first.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) versions: BTreeMap<String, Vec<VersionDocument>>,
}

/// A version that is not current.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(super) enum VersionDocument {
    DeleteMarker {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version_id: Option<String>,
        #[serde(with = "instant")]
        last_modified: SystemTime,
    },
    Object {
        /// The name of the file with its bytes, a number, in the folder of versions.
        file: String,
        #[serde(default)]
        object: Box<ObjectDocument>,
    },
}

impl BucketDocument {
    pub(super) fn is_empty(&self) -> bool {
        self.bucket.is_none() && self.objects.is_empty() && self.versions.is_empty()
    }
}

/// What is said about an object besides its bytes.
#[derive(Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ObjectDocument {
    /// Left out, it is that of the extension; `null`, there is none.
    #[serde(skip_serializing_if = "ContentType::is_left_out")]
    content_type: ContentType,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    website_redirect_location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_id: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    bucket_key_enabled: bool,
    /// Of the key that the object can only be read with.
    #[serde(deserialize_with = "base64_md5", skip_serializing_if = "Option::is_none")]
    customer_key_md5: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
    /// What S3 says of it, where the whole state is saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kept: Option<ObjectSettings>,
}

impl ObjectDocument {
    /// What the file of an object does not say by itself; none if that is nothing.
    pub(super) fn of(object: &Object, guessed_type: Option<&str>) -> Option<Self> {
        let headers = object.headers.clone();
        let encrypted = object.encryption != Encryption::default();
        let document = Self {
            content_type: if headers.content_type.as_deref() == guessed_type {
                ContentType::LeftOut
            } else {
                ContentType::Given(headers.content_type)
            },
            content_encoding: headers.content_encoding,
            content_language: headers.content_language,
            content_disposition: headers.content_disposition,
            cache_control: headers.cache_control,
            expires: headers.expires,
            website_redirect_location: headers.website_redirect_location,
            storage_class: headers.storage_class,
            encryption: encrypted.then(|| object.encryption.algorithm.clone()),
            kms_key_id: object.encryption.kms_key_id.clone(),
            bucket_key_enabled: object.encryption.bucket_key_enabled,
            customer_key_md5: object.encryption.customer_key_md5.clone(),
            metadata: headers.metadata,
            tags: object.tags.clone(),
            kept: None,
        };
        (document != Self::default()).then_some(document)
    }

    /// Says it about an object that has been read from its file.
    pub(super) fn describe(self, object: NewObject) -> NewObject {
        let NewObject { body, headers: of_file, .. } = object;
        let headers = ObjectHeaders {
            content_type: match self.content_type {
                ContentType::LeftOut => of_file.content_type,
                ContentType::Given(content_type) => content_type,
            },
            content_encoding: self.content_encoding,
            content_language: self.content_language,
            content_disposition: self.content_disposition,
            cache_control: self.cache_control,
            expires: self.expires,
            website_redirect_location: self.website_redirect_location,
            storage_class: self.storage_class,
            metadata: self.metadata,
        };
        let default = Encryption::default();
        let encryption = Encryption {
            algorithm: self.encryption.unwrap_or(default.algorithm),
            kms_key_id: self.kms_key_id,
            bucket_key_enabled: self.bucket_key_enabled,
            customer_key_md5: self.customer_key_md5,
        };
        NewObject { body, headers, tags: self.tags, encryption }
    }
}

/// The MD5 of a key. With anything else the object would be nobody's to read, and nobody would know why.
fn base64_md5<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let is_md5 = |text: &String| BASE64_STANDARD.decode(text).is_ok_and(|digest| digest.len() == 16);
    match text {
        Some(text) if !is_md5(&text) => Err(D::Error::custom(format!("`{text}` is no MD5 in base64"))),
        text => Ok(text),
    }
}

/// Whether the document has a content type, be it `null`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(from = "Option<String>", into = "Option<String>")]
enum ContentType {
    #[default]
    LeftOut,
    Given(Option<String>),
}

impl ContentType {
    fn is_left_out(&self) -> bool {
        *self == Self::LeftOut
    }
}

impl From<Option<String>> for ContentType {
    fn from(content_type: Option<String>) -> Self {
        Self::Given(content_type)
    }
}

impl From<ContentType> for Option<String> {
    fn from(content_type: ContentType) -> Self {
        match content_type {
            ContentType::LeftOut => None,
            ContentType::Given(content_type) => content_type,
        }
    }
}
