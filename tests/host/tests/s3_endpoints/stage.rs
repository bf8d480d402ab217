//! Where a case runs: an S3, a bucket in it, and a guest that may do all with it.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, VersioningConfiguration,
};
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient as _, HttpConnector as _, HttpConnectorSettings, SharedHttpClient,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::shared::IntoShared as _;
use innkeeper_tests::TestHost;
use innkeeper_tests::s3::{client, client_at, with};
use serde_json::{Value, json};

pub(crate) struct Stage {
    pub(crate) host: TestHost,
    /// Somebody else, who is there before the guest and after it.
    pub(crate) client: Client,
    pub(crate) bucket: String,
    http: SharedHttpClient,
}

impl Stage {
    /// A bucket of the case's own: what listens at a URL may have others, and be used by other tests.
    pub(crate) async fn new(case: &str, url: Option<&str>) -> Self {
        static BUCKETS: AtomicU32 = AtomicU32::new(0);
        let number = BUCKETS.fetch_add(1, Ordering::Relaxed);
        let bucket = format!("{}-{}-{number}", case.replace('_', "-"), std::process::id());
        let host = TestHost::new()
            .allow("s3:*", &format!("arn:aws:s3:::{bucket}*"))
            .allow("s3:ListAllMyBuckets", "*")
            .setting("limits.timeout = \"5m\"");
        let (host, client, http) = if let Some(url) = url {
            let http = aws_smithy_http_client::Builder::new().build_http();
            (host.at(url), client_at(url).await, http)
        } else {
            let (client, http) = (client(host.aws()).await, host.aws().http_client().into_shared());
            (host, client, http)
        };
        let stage = Self { host, client, bucket, http };
        stage.create(&stage.bucket).await;
        stage
    }

    pub(crate) async fn create(&self, bucket: &str) {
        let region = BucketLocationConstraint::EuWest1;
        let configuration = CreateBucketConfiguration::builder().location_constraint(region).build();
        let create = self.client.create_bucket().bucket(bucket);
        create.create_bucket_configuration(configuration).send().await.unwrap();
    }

    pub(crate) async fn keep_versions(&self) {
        let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let put = self.client.put_bucket_versioning().bucket(&self.bucket);
        put.versioning_configuration(enabled).send().await.unwrap();
    }

    pub(crate) async fn put(&self, key: &str, body: &str) -> String {
        let put = self.client.put_object().bucket(&self.bucket).key(key).content_type("text/plain");
        let put = put.metadata("owner", "ada").body(body.to_owned().into_bytes().into());
        put.send().await.unwrap().e_tag.unwrap()
    }

    pub(crate) async fn get(&self, key: &str) -> Vec<u8> {
        let get = self.client.get_object().bucket(&self.bucket).key(key).send().await.unwrap();
        get.body.collect().await.unwrap().to_vec()
    }

    pub(crate) async fn keys(&self) -> Vec<String> {
        let listed = self.client.list_objects_v2().bucket(&self.bucket).send().await.unwrap();
        listed.contents.unwrap_or_default().into_iter().filter_map(|object| object.key).collect()
    }

    /// What a program answers that is called with the bucket and more.
    pub(crate) async fn call(&self, program: &str, more: Value) -> Value {
        self.host.call(program, &with(json!({ "bucket": self.bucket }), &more)).await
    }

    /// What it answers where it succeeds.
    pub(crate) async fn ok(&self, program: &str, more: Value) -> Value {
        let answer = self.call(program, more).await;
        answer.get("ok").unwrap_or_else(|| panic!("{program}: {answer}")).clone()
    }

    /// The error that it answers with where it fails.
    pub(crate) async fn error(&self, program: &str, more: Value) -> String {
        let answer = self.call(program, more).await;
        answer["error"].as_str().unwrap_or_else(|| panic!("{program}: {answer}")).to_owned()
    }

    /// Sends a request that was signed, as somebody who has no credential: the status and the body of the answer.
    pub(crate) async fn send(&self, signed: &Value, body: &'static [u8]) -> (u16, Vec<u8>) {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method(signed["method"].as_str().unwrap()).unwrap();
        request.set_uri(signed["url"].as_str().unwrap()).unwrap();
        let headers: Vec<(String, String)> = serde_json::from_value(signed["headers"].clone()).unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(name, value);
        }
        // A connector looks at the clock, of which the tests' own is none.
        let clock = Some(SystemTimeSource::new());
        let components = RuntimeComponentsBuilder::for_tests().with_time_source(clock).build().unwrap();
        let connector = self.http.http_connector(&HttpConnectorSettings::builder().build(), &components);
        let response = connector.call(request).await.unwrap();
        let status = response.status().as_u16();
        (status, ByteStream::new(response.into_body()).collect().await.unwrap().to_vec())
    }

    /// Removes what is left, as far as that is possible: what listens at a URL may be there for longer than the test.
    pub(crate) async fn clear(&self) {
        let Self { client, bucket, .. } = self;
        if let Ok(versions) = client.list_object_versions().bucket(bucket).send().await {
            let objects = versions.versions.unwrap_or_default().into_iter().map(|it| (it.key, it.version_id));
            let markers =
                versions.delete_markers.unwrap_or_default().into_iter().map(|it| (it.key, it.version_id));
            for (key, version) in objects.chain(markers) {
                let delete = client.delete_object().bucket(bucket).set_key(key).set_version_id(version);
                let _ = delete.send().await;
            }
        }
        if let Ok(uploads) = client.list_multipart_uploads().bucket(bucket).send().await {
            for upload in uploads.uploads.unwrap_or_default() {
                let abort = client.abort_multipart_upload().bucket(bucket).set_key(upload.key);
                let _ = abort.set_upload_id(upload.upload_id).send().await;
            }
        }
        let _ = client.delete_bucket().bucket(bucket).send().await;
    }
}
