//! Everything that is in a fake, as a document.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::calls::Call;
use crate::fake::{FakeAws, Shared};
use crate::fault::FaultRule;
use crate::lambda::{EventSourceMapping, Invocation, Layer};
use crate::s3::{Bucket, BucketSettings, Object, Version};
use crate::sqs::QueueSnapshot;

/// How many of the last calls and invocations are shown.
const LAST: usize = 100;

/// `GET /_innkeeper/state`.
#[derive(Debug, Serialize)]
pub(super) struct State {
    pub(super) account_id: String,
    pub(super) time: String,
    pub(super) s3: S3State,
    pub(super) sqs: SqsState,
    pub(super) lambda: LambdaState,
    pub(super) sts: StsState,
    pub(super) faults: Vec<FaultRule>,
    /// The last of them, in order.
    pub(super) calls: Vec<Call>,
}

#[derive(Debug, Serialize)]
pub(super) struct S3State {
    pub(super) buckets: Vec<BucketState>,
}

#[derive(Debug, Serialize)]
pub(super) struct BucketState {
    pub(super) bucket: String,
    pub(super) settings: BucketSettings,
    pub(super) objects: Vec<ObjectState>,
    /// What is not current, by key, oldest first.
    pub(super) versions: BTreeMap<String, Vec<VersionState>>,
}

#[derive(Debug, Serialize)]
pub(super) struct VersionState {
    pub(super) version_id: String,
    pub(super) last_modified: String,
    /// None of a delete marker.
    pub(super) size: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct ObjectState {
    pub(super) key: String,
    pub(super) size: u64,
    pub(super) etag: String,
    pub(super) last_modified: String,
    pub(super) content_type: String,
    pub(super) storage_class: String,
    pub(super) version_id: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
pub(super) struct SqsState {
    pub(super) queues: Vec<QueueSnapshot>,
}

#[derive(Debug, Serialize)]
pub(super) struct LambdaState {
    /// By name, those of other accounts than the fake's own as `NAME@ACCOUNT`.
    pub(super) functions: Vec<String>,
    pub(super) layers: Vec<LayerState>,
    pub(super) event_source_mappings: Vec<MappingState>,
    /// The last of them, in order.
    pub(super) invocations: Vec<Invocation>,
}

#[derive(Debug, Serialize)]
pub(super) struct LayerState {
    pub(super) layer: String,
    pub(super) region: String,
    /// None of the fake's own.
    pub(super) account_id: Option<String>,
    /// The numbers of its versions, newest first.
    pub(super) versions: Vec<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct MappingState {
    pub(super) uuid: String,
    /// None of the fake's own.
    pub(super) account_id: Option<String>,
    pub(super) function: String,
    pub(super) qualifier: Option<String>,
    pub(super) source: String,
    pub(super) state: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct StsState {
    pub(super) sessions: Vec<SessionState>,
}

/// A session of a role; its secret and its token only its owner has.
#[derive(Debug, Serialize)]
pub(super) struct SessionState {
    pub(super) role_arn: String,
    pub(super) session_name: String,
    pub(super) access_key_id: String,
    pub(super) expires: String,
}

impl State {
    pub(super) fn of(fake: &FakeAws) -> Self {
        let shared = fake.shared();
        let buckets = {
            let buckets = shared.store.lock();
            buckets.iter().map(|(name, bucket)| BucketState::of(name, bucket, shared)).collect()
        };
        let lambda = fake.lambda();
        let sessions = fake.sts().sessions().into_iter().map(|session| SessionState {
            role_arn: session.role_arn,
            session_name: session.session_name,
            access_key_id: session.access_key_id,
            expires: rfc3339(session.expires),
        });
        Self {
            account_id: fake.account_id().to_owned(),
            time: rfc3339(fake.now()),
            s3: S3State { buckets },
            sqs: SqsState { queues: fake.sqs().snapshot().into_values().collect() },
            lambda: LambdaState {
                functions: shared.lambda.stems(),
                layers: shared.lambda.layers().all().map(LayerState::of).collect(),
                event_source_mappings: shared
                    .lambda
                    .mappings_at(fake.now())
                    .iter()
                    .map(|mapping| MappingState::of(mapping, fake.now()))
                    .collect(),
                invocations: last(lambda.invocations()),
            },
            sts: StsState { sessions: sessions.collect() },
            faults: fake.faults().rules(),
            calls: last(fake.calls()),
        }
    }
}

impl LayerState {
    fn of(layer: &Layer) -> Self {
        Self {
            layer: layer.name.clone(),
            region: layer.region.clone(),
            account_id: layer.account_id.clone(),
            versions: layer.numbers().collect(),
        }
    }
}

impl MappingState {
    fn of(mapping: &EventSourceMapping, now: SystemTime) -> Self {
        Self {
            uuid: mapping.uuid.clone(),
            account_id: mapping.function.account_id.clone(),
            function: mapping.function.name.clone(),
            qualifier: mapping.qualifier.clone(),
            source: mapping.source.arn().to_owned(),
            state: mapping.state(now),
        }
    }
}

impl BucketState {
    fn of(name: &str, bucket: &Bucket, shared: &Shared) -> Self {
        let objects = bucket.objects.iter().map(|(key, object)| ObjectState::of(object, key.clone()));
        let versions = bucket
            .history
            .iter()
            .map(|(key, older)| (key.clone(), older.iter().map(VersionState::of).collect()));
        Self {
            bucket: name.to_owned(),
            settings: BucketSettings::of(bucket, shared),
            objects: objects.collect(),
            versions: versions.collect(),
        }
    }
}

impl VersionState {
    fn of(version: &Version) -> Self {
        let (last_modified, size) = match version {
            Version::Object(object) => (object.last_modified, Some(object.size())),
            Version::DeleteMarker(marker) => (marker.last_modified, None),
        };
        Self { version_id: version.id().to_owned(), last_modified: rfc3339(last_modified), size }
    }
}

impl ObjectState {
    fn of(object: &Object, key: String) -> Self {
        Self {
            key,
            size: object.size(),
            etag: object.etag.clone(),
            last_modified: rfc3339(object.last_modified),
            content_type: object.content_type().to_owned(),
            storage_class: object.storage_class().to_owned(),
            version_id: object.version_id.clone(),
            metadata: object.headers.metadata.clone(),
            tags: object.tags.clone(),
        }
    }
}

fn last<T>(mut all: Vec<T>) -> Vec<T> {
    all.split_off(all.len().saturating_sub(LAST))
}

fn rfc3339(time: SystemTime) -> String {
    OffsetDateTime::from(time).format(&Rfc3339).unwrap_or_default()
}
