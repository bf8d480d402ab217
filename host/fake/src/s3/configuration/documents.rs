//! The configuration of a bucket as documents: each as S3's API takes it, in XML, the policy in JSON, and as plain text what is a
//! header there.

use std::collections::BTreeMap;

use s3s::dto::{
    AccelerateConfiguration, BucketLoggingStatus, RequestPaymentConfiguration, Tagging,
    TransitionDefaultMinimumObjectSize,
};
use s3s::xml::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::Configuration;
use super::lifecycle::check_minimum;
use super::policy::BucketPolicy;

/// Of the lifecycle, beside its document.
const TRANSITION_MINIMUM: &str = "transition-default-minimum-object-size";

impl Configuration {
    /// Everything that is otherwise than in a new bucket, by its name. What a new bucket has and this one has not is `null`.
    pub(crate) fn documents(&self, new: &Self) -> BTreeMap<String, Value> {
        let mut documents = BTreeMap::new();
        let mut add = |name: &str, document: Option<Value>, of_new: bool| {
            let document = document.or_else(|| of_new.then_some(Value::Null));
            documents.extend(document.map(|document| (name.to_owned(), document)));
        };
        let tags = self.tags.clone().map(|tag_set| Tagging { tag_set });
        let logging = self.logging.clone();
        let logging = logging.map(|logging| BucketLoggingStatus { logging_enabled: Some(logging) });
        let accelerate =
            self.accelerate.clone().map(|status| AccelerateConfiguration { status: Some(status) });
        let payer = self.payer.clone().map(|payer| RequestPaymentConfiguration { payer });
        add("tagging", xml(tags.as_ref()), false);
        add("cors", xml(self.cors.as_ref()), false);
        add("lifecycle", xml(self.lifecycle.as_ref()), false);
        let minimum = self.transition_minimum.as_ref().map(|minimum| minimum.as_str().into());
        add(TRANSITION_MINIMUM, minimum, false);
        add("policy", self.policy.as_ref().map(|policy| Value::String(policy.text.clone())), false);
        if self.public_access_block != new.public_access_block {
            add("public-access-block", xml(self.public_access_block.as_ref()), true);
        }
        if self.ownership != new.ownership {
            add("ownership-controls", xml(self.ownership.as_ref()), true);
        }
        add("encryption", xml(self.encryption.as_ref()), false);
        add("logging", xml(logging.as_ref()), false);
        add("notification", xml(self.notification.as_ref()), false);
        add("accelerate", xml(accelerate.as_ref()), false);
        add("request-payment", xml(payer.as_ref()), false);
        add("website", xml(self.website.as_ref()), false);
        add("replication", xml(self.replication.as_ref()), false);
        add("object-lock", xml(self.object_lock.as_ref()), false);
        documents.extend(self.identified.documents().map(|(kind, list)| (kind.to_owned(), list)));
        documents
    }

    /// Takes one of the [documents](Self::documents) over; `null` takes away what is there.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn set_document(&mut self, name: &str, document: &Value) -> Result<(), String> {
        match name {
            "tagging" => self.tags = read::<Tagging>(document)?.map(|tagging| tagging.tag_set),
            "cors" => self.cors = read(document)?,
            "lifecycle" => self.lifecycle = read(document)?,
            TRANSITION_MINIMUM => {
                self.transition_minimum = match document {
                    Value::Null => None,
                    Value::String(minimum) => {
                        check_minimum(minimum)?;
                        Some(TransitionDefaultMinimumObjectSize::from(minimum.clone()))
                    }
                    _ => return Err("it is neither a string nor `null`".to_owned()),
                };
            }
            "policy" => {
                let text = match document {
                    Value::Null => None,
                    Value::String(text) => Some(text.clone()),
                    document => Some(document.to_string()),
                };
                let policy = text.map(|text| BucketPolicy::read(text, None)).transpose();
                self.policy = policy.map_err(|reason| reason.to_string())?;
            }
            "public-access-block" => self.public_access_block = read(document)?,
            "ownership-controls" => self.ownership = read(document)?,
            "encryption" => self.encryption = read(document)?,
            "logging" => {
                self.logging =
                    read::<BucketLoggingStatus>(document)?.and_then(|status| status.logging_enabled);
            }
            "notification" => self.notification = read(document)?,
            "accelerate" => {
                self.accelerate = read::<AccelerateConfiguration>(document)?.and_then(|it| it.status);
            }
            "request-payment" => {
                self.payer = read::<RequestPaymentConfiguration>(document)?.map(|it| it.payer);
            }
            "website" => self.website = read(document)?,
            "replication" => self.replication = read(document)?,
            "object-lock" => self.object_lock = read(document)?,
            kind => {
                let set = self.identified.set_documents(kind, document);
                return set.unwrap_or_else(|| Err("a bucket has no such configuration".to_owned()));
            }
        }
        Ok(())
    }
}

pub(super) fn xml<T: Serialize>(document: Option<&T>) -> Option<Value> {
    let mut bytes = Vec::new();
    document?.serialize(&mut Serializer::new(&mut bytes)).ok()?;
    String::from_utf8(bytes).ok().map(Value::String)
}

pub(super) fn read<T: for<'xml> Deserialize<'xml>>(document: &Value) -> Result<Option<T>, String> {
    let text = match document {
        Value::Null => return Ok(None),
        Value::String(text) => text,
        _ => return Err("it is neither XML in a string nor `null`".to_owned()),
    };
    let mut deserializer = Deserializer::new(text.as_bytes());
    let read = T::deserialize(&mut deserializer).and_then(|read| deserializer.expect_eof().map(|()| read));
    read.map(Some).map_err(|error| error.to_string())
}
