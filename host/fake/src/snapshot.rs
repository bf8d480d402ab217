use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use crate::lambda::Invocation;
use crate::s3::{Bucket, Object, Objects, Store};
use crate::sqs::{self, QueueSnapshot, Queues, SqsChanges};

/// The state of a fake at one moment. Shares everything with the fake that has not changed since.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    buckets: BTreeMap<String, Arc<Objects>>,
    queues: Queues,
    invocations: Vec<Invocation>,
}

/// What differs between two snapshots. Serialises as the CLI shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Changes {
    /// Changes in S3.
    pub s3: S3Changes,
    /// Changes in SQS.
    pub sqs: SqsChanges,
    /// What has been asked of Lambda.
    pub lambda: LambdaChanges,
}

/// What has been asked of Lambda. Functions are code, which no run changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LambdaChanges {
    /// The invocations since, in the order of their arrival.
    pub invocations: Vec<Invocation>,
}

/// What differs in S3.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct S3Changes {
    /// Buckets that are new, sorted.
    pub buckets_created: Vec<String>,
    /// Buckets that are gone, sorted.
    pub buckets_removed: Vec<String>,
    /// Objects that differ, by bucket and key. Objects of new and removed buckets are among them.
    pub objects: Vec<ObjectChange>,
}

/// An object that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ObjectChange {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Its size in bytes before; none if it was not there.
    pub size_before: Option<u64>,
    /// Its size in bytes after; none if it is gone.
    pub size_after: Option<u64>,
    /// The object as it is after; none if it is gone.
    #[serde(skip)]
    pub object: Option<Arc<Object>>,
}

/// What happened to an object, a queue or a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// Of an object, its bytes, content headers, metadata, tags or encryption are others, and writing the same again is no change; of a
    /// queue, its attributes or messages; of a message, its state.
    Changed,
    /// It is not there any more.
    Removed,
}

impl Snapshot {
    pub(crate) fn of(store: &Store, queues: Queues, invocations: Vec<Invocation>) -> Self {
        Self::of_buckets(&store.lock(), queues, invocations)
    }

    pub(crate) fn of_buckets(
        buckets: &BTreeMap<String, Bucket>,
        queues: Queues,
        invocations: Vec<Invocation>,
    ) -> Self {
        Self {
            buckets: buckets
                .iter()
                .map(|(name, bucket)| (name.clone(), Arc::clone(&bucket.objects)))
                .collect(),
            queues,
            invocations,
        }
    }

    /// The queues with their messages, by name.
    pub fn queues(&self) -> impl Iterator<Item = &QueueSnapshot> {
        self.queues.values()
    }

    /// The invocations so far, in the order of their arrival.
    pub fn invocations(&self) -> &[Invocation] {
        &self.invocations
    }

    /// What has happened between this snapshot and a later one.
    pub fn changes_to(&self, after: &Self) -> Changes {
        let mut s3 = S3Changes {
            buckets_created: missing(&after.buckets, &self.buckets),
            buckets_removed: missing(&self.buckets, &after.buckets),
            objects: Vec::new(),
        };
        let empty = Objects::new();
        let names: BTreeSet<_> = self.buckets.keys().chain(after.buckets.keys()).collect();
        for name in names {
            let (old, new) = (self.buckets.get(name), after.buckets.get(name));
            if let (Some(old), Some(new)) = (old, new)
                && Arc::ptr_eq(old, new)
            {
                continue;
            }
            let (old, new) = (old.map_or(&empty, Arc::as_ref), new.map_or(&empty, Arc::as_ref));
            let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
            for key in keys {
                match (old.get(key), new.get(key)) {
                    (Some(before), Some(after)) if same(before, after) => {}
                    (before, after) => s3.objects.push(change(name, key, before, after)),
                }
            }
        }
        let last = self.invocations.last().map_or(0, |invocation| invocation.number);
        let invocations =
            after.invocations.iter().filter(|invocation| invocation.number > last).cloned().collect();
        Changes { s3, sqs: sqs::changes(&self.queues, &after.queues), lambda: LambdaChanges { invocations } }
    }
}

impl Changes {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The same to whoever reads it: the time of writing is no change.
fn same(before: &Arc<Object>, after: &Arc<Object>) -> bool {
    Arc::ptr_eq(before, after)
        || (before.body == after.body
            && before.headers == after.headers
            && before.tags == after.tags
            && before.encryption == after.encryption)
}

fn change(
    bucket: &str,
    key: &str,
    before: Option<&Arc<Object>>,
    after: Option<&Arc<Object>>,
) -> ObjectChange {
    ObjectChange {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        kind: match (before, after) {
            (_, None) => ChangeKind::Removed,
            (None, Some(_)) => ChangeKind::Added,
            (Some(_), Some(_)) => ChangeKind::Changed,
        },
        size_before: before.map(|object| object.size()),
        size_after: after.map(|object| object.size()),
        object: after.cloned(),
    }
}

fn missing<V>(from: &BTreeMap<String, V>, in_: &BTreeMap<String, V>) -> Vec<String> {
    from.keys().filter(|name| !in_.contains_key(*name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::{FakeAws, NewObject};

    #[test]
    fn lists_what_was_added_changed_and_removed() {
        let fake = FakeAws::new();
        let s3 = fake.s3();
        for bucket in ["gone", "kept", "still"] {
            s3.create_bucket(bucket).unwrap();
        }
        s3.put("gone", "a", "1").unwrap();
        s3.put("kept", "removed", "12").unwrap();
        s3.put("kept", "changed", "1").unwrap();
        s3.put("kept", "same", "1").unwrap();
        s3.put("kept", "typed", "1").unwrap();
        let before = fake.snapshot();
        s3.delete_bucket("gone");
        s3.delete("kept", "removed");
        s3.put("kept", "changed", "123").unwrap();
        s3.put("kept", "same", "1").unwrap();
        s3.put("kept", "typed", NewObject::new("1").content_type("text/plain")).unwrap();
        s3.create_bucket("new").unwrap();
        s3.put("new", "b", "1234").unwrap();

        let changes = before.changes_to(&fake.snapshot());
        assert_eq!(changes.s3.buckets_created, ["new"]);
        assert_eq!(changes.s3.buckets_removed, ["gone"]);
        let objects: Vec<_> = changes
            .s3
            .objects
            .iter()
            .map(|c| (&*c.bucket, &*c.key, c.kind, c.size_before, c.size_after))
            .collect();
        assert_eq!(
            objects,
            [
                ("gone", "a", ChangeKind::Removed, Some(1), None),
                ("kept", "changed", ChangeKind::Changed, Some(1), Some(3)),
                ("kept", "removed", ChangeKind::Removed, Some(2), None),
                ("kept", "typed", ChangeKind::Changed, Some(1), Some(1)),
                ("new", "b", ChangeKind::Added, None, Some(4)),
            ]
        );
        let json = serde_json::to_value(&changes).unwrap();
        assert_eq!(
            json["s3"]["objects"][4],
            serde_json::json!({ "bucket": "new", "key": "b", "kind": "added", "size_before": null, "size_after": 4 })
        );
    }

    #[test]
    fn nothing_differs_from_itself() {
        let fake = FakeAws::new();
        fake.s3().create_bucket("bucket").unwrap();
        let before = fake.snapshot();
        assert!(before.changes_to(&fake.snapshot()).is_empty());
    }
}
