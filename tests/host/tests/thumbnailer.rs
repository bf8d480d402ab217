//! The example guest `guests/rust/thumbnailer`, with its own manifest and its own photographs, on the built-in AWS and on moto_server.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_sdk_s3::types::CreateBucketConfiguration;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use innkeeper::audit::AuditLog;
use innkeeper::aws::{ClientFactory, Endpoint, Environment, Identity, Scope, StaticKeys};
use innkeeper::policy::Source;
use innkeeper::{Host, Manifest};
use innkeeper_conformance::moto::Moto;
use innkeeper_tests::{SECRET, THUMBNAILER, TestHost, engine};
use serde_json::Value;

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/rust/thumbnailer")
}

/// The example's manifest, with the component that these tests have built.
fn manifest() -> Manifest {
    let text = std::fs::read_to_string(example().join("innkeeper.toml")).unwrap();
    let folder =
        Dir::open_ambient_dir(Path::new(THUMBNAILER).parent().unwrap(), ambient_authority()).unwrap();
    Manifest::parse(Source::new("innkeeper.toml", text), folder).unwrap()
}

const INPUT: &[u8] = br#"{"bucket":"uploads","prefix":"incoming/"}"#;

/// A bucket: its keys, each with the length of its object.
type Keys = BTreeMap<String, u64>;

/// What has to be true of the report, wherever it was made.
fn check(report: &Value) {
    let outcome = |key: &str| {
        let entry = report["objects"].as_array().unwrap().iter().find(|object| object["key"] == key);
        entry.map_or(Value::Null, |entry| entry["outcome"].clone())
    };
    assert_eq!(outcome("incoming/private/retina.jpg"), "denied", "{report:#}");
    assert_eq!(outcome("incoming/notes.txt"), "skipped");
    assert_eq!(outcome("incoming/rocket.jpg"), "thumbnail");
    assert!(report["pages"].as_u64() > Some(2), "the listing has several pages");
    for object in
        report["objects"].as_array().unwrap().iter().filter(|object| object["outcome"] == "thumbnail")
    {
        let side = |name: &str| object[name].as_u64().unwrap();
        assert!(side("width").max(side("height")) <= 256, "{object}");
        assert!(object["thumbnail"].as_str().unwrap().starts_with("thumbs/"), "{object}");
    }
}

#[tokio::test]
async fn makes_thumbnails_on_the_fake() {
    let test = TestHost::new();
    test.aws().seed(example().join("aws")).unwrap();
    let before = test.aws().snapshot();
    let guest = test.host_of(manifest()).guest("thumbnailer").await.unwrap();
    let report: Value = serde_json::from_slice(&guest.run(INPUT).await.unwrap().output).unwrap();
    check(&report);

    let changes = before.changes_to(&test.aws().snapshot());
    assert_eq!(changes.s3.objects.len() as u64, report["totals"]["thumbnails"].as_u64().unwrap());
    for change in &changes.s3.objects {
        let object = change.object.as_ref().unwrap();
        assert!(change.key.starts_with("thumbs/"), "{}", change.key);
        assert!(object.content_type().starts_with("image/"), "{}: {}", change.key, object.content_type());
        assert!(!object.headers.metadata.is_empty(), "{} has no metadata", change.key);
    }
    let denials = test.audit().denials();
    assert_eq!(denials.len(), 1);
    assert_eq!(&*denials[0].resource, "arn:aws:s3:::uploads/incoming/private/retina.jpg");
}

#[tokio::test]
async fn reports_what_is_wrong_with_its_input() {
    let guest = TestHost::new().host_of(manifest()).guest("thumbnailer").await.unwrap();
    let error = guest.run(b"uploads").await.unwrap_err();
    assert!(error.to_string().contains("it should be like"), "{error}");
}

#[tokio::test]
async fn makes_the_same_thumbnails_on_moto_server() {
    let Some(moto) = Moto::start() else { return };
    let nothing: [(&str, &str); 0] = [];
    let factory = ClientFactory::builder().environment(Environment::fixed(nothing, nothing)).build().unwrap();
    let identity = Identity::Static(StaticKeys::new("AKIDEXAMPLE", SECRET));
    let endpoint = Endpoint::new(moto.url()).unwrap();
    let audit = Arc::new(AuditLog::new());
    let host = Host::builder(manifest())
        .engine(engine())
        .factory(factory.clone())
        .identity(identity.clone())
        .endpoint(endpoint.clone())
        .audit(audit.clone())
        .build()
        .unwrap();

    // The same objects as on the fake, put there by the bare SDK.
    let on_fake = TestHost::new();
    on_fake.aws().seed(example().join("aws")).unwrap();
    let region = "eu-west-1".parse::<innkeeper::aws::Region>().unwrap();
    let scope = Scope::builder().identity(identity).endpoint(endpoint).region(region).build().unwrap();
    let s3 = factory.s3(&scope).await.unwrap();
    let configuration = CreateBucketConfiguration::builder().location_constraint("eu-west-1".into()).build();
    s3.create_bucket().bucket("uploads").create_bucket_configuration(configuration).send().await.unwrap();
    for key in on_fake.aws().s3().keys("uploads") {
        let object = on_fake.aws().s3().get("uploads", &key).unwrap();
        s3.put_object().bucket("uploads").key(key).body(object.body.clone().into()).send().await.unwrap();
    }

    let guest = host.guest("thumbnailer").await.unwrap();
    let report: Value = serde_json::from_slice(&guest.run(INPUT).await.unwrap().output).unwrap();
    check(&report);
    assert_eq!(audit.denials().len(), 1);

    let guest = on_fake.host_of(manifest()).guest("thumbnailer").await.unwrap();
    let expected: Value = serde_json::from_slice(&guest.run(INPUT).await.unwrap().output).unwrap();
    assert_eq!(report, expected, "moto and the fake agree");

    let listed = s3.list_objects_v2().bucket("uploads").send().await.unwrap();
    let on_moto: Keys = listed
        .contents()
        .iter()
        .map(|object| (object.key().unwrap().to_owned(), u64::try_from(object.size().unwrap()).unwrap()))
        .collect();
    let fake = on_fake.aws().s3();
    let on_fake: Keys = fake
        .keys("uploads")
        .into_iter()
        .map(|key| (key.clone(), fake.get("uploads", &key).unwrap().size()))
        .collect();
    assert_eq!(on_moto, on_fake);
}
