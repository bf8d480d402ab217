//! Whatever there is in S3 is there again once it has been saved and seeded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::s3::{Bucket, Encryption, History, NewObject, ObjectOwnership, Objects};
use crate::{Clock, FakeAws};

/// A document of each configuration, as S3's API takes it.
const DOCUMENTS: [(&str, &str); 14] = [
    (
        "tagging",
        "<Tagging><TagSet><Tag><Key>team</Key><Value>sales &amp; more</Value></Tag></TagSet></Tagging>",
    ),
    (
        "cors",
        "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod>\
         <AllowedOrigin>*</AllowedOrigin><MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule></CORSConfiguration>",
    ),
    (
        "lifecycle",
        "<LifecycleConfiguration><Rule><ID>old</ID><Filter><Prefix>logs/</Prefix></Filter><Status>Enabled</Status>\
         <Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>",
    ),
    (
        "policy",
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}"#,
    ),
    (
        "public-access-block",
        "<PublicAccessBlockConfiguration><BlockPublicAcls>false</BlockPublicAcls></PublicAccessBlockConfiguration>",
    ),
    (
        "ownership-controls",
        "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>",
    ),
    (
        "encryption",
        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm>\
         </ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule>\
         </ServerSideEncryptionConfiguration>",
    ),
    (
        "logging",
        "<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket><TargetPrefix>a/</TargetPrefix>\
         </LoggingEnabled></BucketLoggingStatus>",
    ),
    (
        "notification",
        "<NotificationConfiguration><QueueConfiguration><Id>1</Id><Queue>arn:aws:sqs:eu-west-1:000000000000:q</Queue>\
         <Event>s3:ObjectCreated:*</Event></QueueConfiguration></NotificationConfiguration>",
    ),
    ("accelerate", "<AccelerateConfiguration><Status>Enabled</Status></AccelerateConfiguration>"),
    (
        "request-payment",
        "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>",
    ),
    (
        "website",
        "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>",
    ),
    (
        "replication",
        "<ReplicationConfiguration><Role>arn:aws:iam::000000000000:role/r</Role><Rule><ID>1</ID><Status>Enabled</Status>\
         <Prefix></Prefix><Destination><Bucket>arn:aws:s3:::other</Bucket></Destination></Rule></ReplicationConfiguration>",
    ),
    (
        "object-lock",
        "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>\
         <Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>",
    ),
];

/// Keys, of which some are no paths.
const KEYS: &[&str] = &["a", "a/b", "page.html", "../x", "é//", "."];

#[derive(Clone, Debug)]
enum Change {
    Put(&'static str, Written),
    Delete(&'static str),
    DeleteVersion(&'static str, usize),
    Versioning(bool),
    Document(usize),
    /// What a new bucket has is taken away.
    Without(&'static str),
    BucketAcl(Value),
    ObjectAcl(&'static str, Value),
    Lock(&'static str, Value),
    Restored(&'static str),
    Region(&'static str),
    Owner(&'static str),
}

#[derive(Clone, Debug)]
struct Written {
    size: usize,
    content_type: Option<&'static str>,
    metadata: Option<&'static str>,
    tag: Option<&'static str>,
    storage_class: Option<&'static str>,
    encryption: Encryption,
}

fn change() -> impl Strategy<Value = Change> {
    let written = (
        0..20usize,
        option::of(select(&["text/html", "image/png"][..])),
        option::of(select(&["ada", "é"][..])),
        option::of(select(&["red", ""][..])),
        option::of(select(&["STANDARD_IA", "GLACIER"][..])),
        select(vec![Encryption::default(), Encryption::kms("key"), Encryption::customer_key(&[7; 32])]),
    );
    let written = written.prop_map(|(size, content_type, metadata, tag, storage_class, encryption)| {
        Written { size, content_type, metadata, tag, storage_class, encryption }
    });
    let key = || select(KEYS);
    let lock = select(vec![
        json!({ "retention": { "mode": "GOVERNANCE", "until": "2030-01-01T00:00:00Z" } }),
        json!({ "retention": { "mode": "COMPLIANCE", "until": "2031-01-01T00:00:00Z" }, "legal-hold": true }),
        json!({ "legal-hold": false }),
    ]);
    prop_oneof![
        6 => (key(), written).prop_map(|(key, written)| Change::Put(key, written)),
        2 => key().prop_map(Change::Delete),
        1 => (key(), 0..4usize).prop_map(|(key, number)| Change::DeleteVersion(key, number)),
        2 => prop::bool::weighted(0.7).prop_map(Change::Versioning),
        2 => (0..DOCUMENTS.len()).prop_map(Change::Document),
        1 => select(&["public-access-block", "ownership-controls"][..]).prop_map(Change::Without),
        1 => acl().prop_map(Change::BucketAcl),
        1 => (key(), acl()).prop_map(|(key, acl)| Change::ObjectAcl(key, acl)),
        1 => (key(), lock).prop_map(|(key, lock)| Change::Lock(key, lock)),
        1 => key().prop_map(Change::Restored),
        1 => select(&["us-east-1", "eu-west-1"][..]).prop_map(Change::Region),
        1 => select(&["000000000000", "000000000001"][..]).prop_map(Change::Owner),
    ]
}

fn acl() -> impl Strategy<Value = Value> {
    let grantees = vec![json!({ "account": "ab" }), json!("all-users"), json!("log-delivery")];
    (select(grantees), select(&["FULL_CONTROL", "READ", "WRITE_ACP"][..])).prop_map(|(grantee, permission)| {
        json!({ "owner": "ab", "grants": [{ "grantee": grantee, "permission": permission }] })
    })
}

fn fake() -> FakeAws {
    let fake = FakeAws::builder().clock(Clock::real()).region("eu-west-1");
    fake.object_ownership(ObjectOwnership::BucketOwnerEnforced)
        .identity("one", "s")
        .identity("two", "s")
        .build()
}

impl Written {
    fn object(&self) -> NewObject {
        let mut object = NewObject::new(vec![b'x'; self.size]);
        object.headers.content_type = self.content_type.map(str::to_owned);
        object.headers.storage_class = self.storage_class.map(str::to_owned);
        if let Some(value) = self.metadata {
            object = object.metadata("owner", value);
        }
        if let Some(value) = self.tag {
            object = object.tag("colour", value);
        }
        object.encryption(self.encryption.clone())
    }
}

/// Makes a change. What it is of may not be there.
fn make(fake: &FakeAws, name: &str, change: &Change) {
    let (s3, shared) = (fake.s3(), fake.shared());
    let with = |change: &dyn Fn(&mut Bucket)| change(shared.store.lock().get_mut(name).unwrap());
    let with_object = |key: &str, change: &dyn Fn(&mut crate::Object)| {
        with(&|bucket| {
            let Some(mut object) = bucket.object(key).cloned() else { return };
            change(&mut object);
            bucket.replace(key, object);
        });
    };
    let read = |value: &Value| value.to_string();
    match change {
        Change::Put(key, written) => drop(s3.put(name, *key, written.object()).unwrap()),
        Change::Delete(key) => drop(s3.delete(name, key)),
        Change::DeleteVersion(key, number) => {
            if let Some(id) = s3.versions(name, key).get(*number) {
                with(&|bucket| drop(bucket.delete_version(key, id)));
            }
        }
        Change::Versioning(on) => {
            let versioning = json!(if *on { "Enabled" } else { "Suspended" });
            with(&|bucket| bucket.versioning = serde_json::from_value(versioning.clone()).unwrap());
        }
        Change::Document(number) => {
            let (document, text) = DOCUMENTS[*number];
            with(&|bucket| bucket.configuration.set_document(document, &json!(text)).unwrap());
        }
        Change::Without(document) => {
            with(&|bucket| bucket.configuration.set_document(document, &Value::Null).unwrap());
        }
        Change::BucketAcl(acl) => with(&|bucket| bucket.acl = serde_json::from_str(&read(acl)).unwrap()),
        Change::ObjectAcl(key, acl) => with_object(key, &|object| {
            object.acl = Some(Arc::new(serde_json::from_str(&read(acl)).unwrap()));
        }),
        Change::Lock(key, lock) => {
            with_object(key, &|object| object.lock = serde_json::from_str(&read(lock)).unwrap());
        }
        Change::Restored(key) => with_object(key, &|object| {
            let ready = object.last_modified;
            object.restore = Some(crate::Restore { ready, expires: ready + Duration::from_hours(1) });
        }),
        Change::Region(region) => with(&|bucket| bucket.region = Some((*region).to_owned())),
        Change::Owner(id) => {
            with(&|bucket| bucket.owner = Arc::clone(shared.accounts.with_id(id).unwrap()));
        }
    }
}

/// All that there is to see of a bucket but for unfinished uploads.
fn seen(fake: &FakeAws) -> BTreeMap<String, (Arc<Objects>, History, String)> {
    let buckets = fake.shared().store.lock();
    let seen = buckets.iter().map(|(name, bucket)| {
        let Bucket { created, region, owner, acl, versioning, configuration, .. } = bucket;
        let rest = format!("{:#?}", (created, region, owner, acl, versioning, configuration));
        (name.clone(), (Arc::clone(&bucket.objects), bucket.history.clone(), rest))
    });
    seen.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_saved_is_seeded(changes in vec((select(&["one", "two"][..]), change()), 0..30)) {
        let folder = tempfile::tempdir().unwrap();
        let saved = fake();
        for name in ["one", "two"] {
            saved.s3().create_bucket(name).unwrap();
        }
        for (name, change) in &changes {
            make(&saved, name, change);
        }
        saved.save(folder.path()).unwrap();
        let seeded = fake();
        seeded.seed(folder.path()).unwrap();
        prop_assert_eq!(seen(&seeded), seen(&saved));
        prop_assert_eq!(crate::server::s3_state(&seeded), crate::server::s3_state(&saved));
        // What comes later sorts behind what was there.
        let last = saved.shared().store.lock().values().flat_map(|it| it.version_ids().map(str::to_owned).collect::<Vec<_>>()).max();
        seeded.s3().enable_versioning("one").unwrap();
        let new = seeded.s3().put("one", "new", "x").unwrap();
        prop_assert!(new.version_id > last);
    }
}

#[test]
fn every_configuration_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let saved = fake();
    saved.s3().create_bucket("one").unwrap();
    for number in 0..DOCUMENTS.len() {
        make(&saved, "one", &Change::Document(number));
    }
    saved.save(folder.path()).unwrap();
    let text = std::fs::read_to_string(folder.path().join("s3/one/.innkeeper.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let names: Vec<_> = document["bucket"]["configuration"].as_object().unwrap().keys().cloned().collect();
    let mut expected = DOCUMENTS.map(|(name, _)| name);
    expected.sort_unstable();
    assert_eq!(names, expected);
    let seeded = fake();
    seeded.seed(folder.path()).unwrap();
    assert_eq!(seen(&seeded), seen(&saved));
}

#[test]
fn what_a_document_cannot_say_is_refused() {
    let refused = |document: Value| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("s3/one")).unwrap();
        std::fs::write(folder.path().join("s3/one/a"), "12345").unwrap();
        std::fs::write(folder.path().join("s3/one/.innkeeper.json"), document.to_string()).unwrap();
        let error = fake().seed(folder.path()).unwrap_err();
        assert!(error.to_string().contains(".innkeeper.json"), "{error}");
        std::error::Error::source(&error).unwrap().to_string()
    };
    let object = |kept: Value| json!({ "objects": { "a": { "kept": kept } } });
    assert!(refused(json!({ "bucket": { "owner": "123456789012" } })).contains("no identity of this fake"));
    assert!(
        refused(json!({ "bucket": { "configuration": { "cors": "<a" } } })).contains("`configuration.cors`")
    );
    assert!(
        refused(json!({ "bucket": { "configuration": { "colour": "red" } } }))
            .contains("no such configuration")
    );
    assert!(refused(object(json!({ "version-id": "../x" }))).contains("no version id"));
    assert!(refused(object(json!({ "etag": "a\r\nb" }))).contains("no entity tag"));
    assert!(
        refused(object(json!({ "parts": [{ "number": 1, "size": 6 }] }))).contains("as long as the object")
    );
    let most = json!([{ "number": 1, "size": u64::MAX }, { "number": 2, "size": 6 }]);
    assert!(refused(object(json!({ "parts": most }))).contains("as long as the object"));
    let outside = json!({ "versions": { "a": [{ "object": { "file": "../../../../etc/passwd" } }] } });
    assert!(refused(outside).contains("named by a number"));
}
