use std::time::SystemTime;

use s3s::dto::Event;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::format_description;
use url::form_urlencoded;

use crate::fake::Shared;
use crate::layer::RequestContext;
use crate::region::partition;
use crate::s3::object::Object;
use crate::s3::store::Bucket;
use crate::sts;

/// The entity tag of no bytes, which a delete marker has here.
const ETAG_OF_NOTHING: &str = "d41d8cd98f00b204e9800998ecf8427e";

/// What has become of an object.
#[derive(Debug)]
pub(crate) struct Happening {
    /// Its name among the events, without `s3:`.
    name: &'static str,
    pub(super) key: String,
    size: Option<u64>,
    etag: Option<String>,
    /// None where the bucket has no versions.
    version_id: Option<String>,
}

impl Happening {
    /// An object has been made, in the way that the event is named after.
    pub(crate) fn created(name: &'static str, key: &str, object: &Object) -> Self {
        Self { size: Some(object.size()), ..Self::changed(name, key, object) }
    }

    /// Something beside the bytes of an object has been changed.
    pub(crate) fn changed(name: &'static str, key: &str, object: &Object) -> Self {
        Self {
            name,
            key: key.to_owned(),
            size: None,
            etag: Some(object.etag.clone()),
            version_id: object.version_id.clone(),
        }
    }

    /// An object or a version of it has gone.
    pub(crate) fn removed(key: &str, version_id: Option<String>) -> Self {
        Self { name: "ObjectRemoved:Delete", key: key.to_owned(), size: None, etag: None, version_id }
    }

    /// A delete marker has been put before an object.
    pub(crate) fn marked(key: &str, version_id: Option<String>) -> Self {
        Self {
            name: "ObjectRemoved:DeleteMarkerCreated",
            etag: Some(ETAG_OF_NOTHING.to_owned()),
            ..Self::removed(key, version_id)
        }
    }

    /// Whether one of the events is this, or is all of its kind.
    pub(super) fn is_one_of(&self, events: &[Event]) -> bool {
        let names = events.iter().map(<Event as AsRef<str>>::as_ref);
        names.filter_map(|event| event.strip_prefix("s3:")).any(|event| {
            event == self.name || event.strip_suffix('*').is_some_and(|kind| self.name.starts_with(kind))
        })
    }

    /// What is told, for the configuration of this id.
    pub(super) fn record(
        &self,
        shared: &Shared,
        context: &RequestContext,
        name: &str,
        bucket: &Bucket,
        id: &str,
    ) -> String {
        let region = bucket.region.as_ref().unwrap_or(&context.region);
        // Of what is made and removed, which has an order; what is changed has a newer record instead.
        let in_order = self.name.starts_with("ObjectCreated:") || self.name.starts_with("ObjectRemoved:");
        let mut object = Map::new();
        // As a form would have it, but for the slashes.
        let key: String = form_urlencoded::byte_serialize(self.key.as_bytes()).collect();
        object.insert("key".to_owned(), key.replace("%2F", "/").into());
        object.extend(self.size.map(|size| ("size".to_owned(), size.into())));
        object.extend(self.etag.clone().map(|etag| ("eTag".to_owned(), etag.into())));
        object.extend(self.version_id.clone().map(|id| ("versionId".to_owned(), id.into())));
        if in_order {
            let sequencer = format!("00{}", shared.ids.sequenced("sequencer", 16)).to_ascii_uppercase();
            object.insert("sequencer".to_owned(), sequencer.into());
        }
        let ip = context.source_ip.map_or_else(|| "127.0.0.1".to_owned(), |ip| ip.to_string());
        let user = context.access_key_id.as_deref().map(|id| sts::caller_of(shared, id).0);
        let user = user.map_or_else(|| "Anonymous".to_owned(), |id| format!("AWS:{id}"));
        let record = json!({
            "eventVersion": if in_order { "2.1" } else { "2.3" },
            "eventSource": "aws:s3",
            "awsRegion": region,
            "eventTime": timestamp(shared.clock.now()),
            "eventName": self.name,
            "userIdentity": { "principalId": user },
            "requestParameters": { "sourceIPAddress": ip },
            "responseElements": {
                "x-amz-request-id": context.request_id,
                "x-amz-id-2": shared.ids.host_id(&context.request_id),
            },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": id,
                "bucket": {
                    "name": name,
                    "ownerIdentity": { "principalId": customer_id(&bucket.owner.canonical_id) },
                    "arn": format!("arn:{}:s3:::{name}", partition(region)),
                },
                "object": Value::Object(object),
            },
        });
        json!({ "Records": [record] }).to_string()
    }
}

/// The customer that an owner is to S3: fourteen letters and digits.
fn customer_id(canonical_id: &str) -> String {
    format!("A{}", canonical_id.get(..13).unwrap_or(canonical_id)).to_ascii_uppercase()
}

/// A time as events have it.
pub(super) fn timestamp(time: SystemTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    OffsetDateTime::from(time).format(&format).unwrap_or_default()
}
