//! Observers of a task's calls.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use innkeeper_aws::{AttemptObserver, ClientFactory, Scope, observed};
use std::sync::Arc;
use support::{Answer, factory};

#[derive(Debug)]
struct Observer {
    verifies_objects: bool,
}

impl AttemptObserver for Observer {
    fn before_attempt(&self, _: &HttpRequest) -> Result<(), BoxError> {
        Ok(())
    }

    fn after_attempt(&self, _: &mut HttpResponse) {}

    fn verifies_objects(&self) -> bool {
        self.verifies_objects
    }
}

/// Reads an object to its end, and says whether the SDK found nothing wrong with it.
async fn read(factory: &ClientFactory) -> bool {
    let s3 = factory.s3(&Scope::builder().build().unwrap()).await.unwrap();
    let answer = s3.get_object().bucket("uploads").key("k").send().await.unwrap();
    assert_eq!(answer.checksum_crc32(), Some("AAAAAA=="));
    answer.body.collect().await.is_ok()
}

#[tokio::test]
async fn an_object_is_compared_with_its_checksum_once() {
    let (aws, factory) = factory();
    aws.respond(|asked| {
        let headers = vec![("x-amz-checksum-crc32", "AAAAAA==".to_owned())];
        asked.host.contains("s3").then(|| Answer::Http { status: 200, headers, body: "bytes".to_owned() })
    });
    assert!(!read(&factory).await, "nobody is told of it but the SDK");
    for verifies_objects in [false, true] {
        let read = observed(Arc::new(Observer { verifies_objects }), read(&factory)).await;
        assert_eq!(read, verifies_objects, "the SDK leaves it to who says that it does it");
        // It is asked for either way.
        assert_eq!(aws.asked().last().unwrap().headers["x-amz-checksum-mode"], "ENABLED");
    }
}
