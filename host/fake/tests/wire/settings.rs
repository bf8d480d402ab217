//! What a bucket is configured with, and what errors say about it.

use aws_sdk_s3::types::{
    AccelerateConfiguration, BucketAccelerateStatus, BucketLoggingStatus, IndexDocument,
    InventoryConfiguration, InventoryDestination, InventoryFormat, InventoryFrequency,
    InventoryIncludedObjectVersions, InventoryS3BucketDestination, InventorySchedule, LoggingEnabled,
    MetricsConfiguration, Payer, RequestPaymentConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    WebsiteConfiguration,
};
use innkeeper_fake::FakeAws;

use crate::aws::{bucket, client, client_of, coded, config, error, send, text};

#[tokio::test(start_paused = true)]
async fn keeps_what_it_is_given() {
    let (fake, client) = bucket();
    fake.s3().create_bucket("logs").unwrap();
    let website = || client.get_bucket_website().bucket("bucket").send();
    assert_eq!(error(website().await), coded(404, "NoSuchWebsiteConfiguration"));
    let index = IndexDocument::builder().suffix("index.html").build().unwrap();
    let configuration = WebsiteConfiguration::builder().index_document(index).build();
    client.put_bucket_website().bucket("bucket").website_configuration(configuration).send().await.unwrap();
    assert_eq!(website().await.unwrap().index_document().unwrap().suffix(), "index.html");
    client.delete_bucket_website().bucket("bucket").send().await.unwrap();
    assert_eq!(error(website().await), coded(404, "NoSuchWebsiteConfiguration"));

    let payment = RequestPaymentConfiguration::builder().payer(Payer::Requester).build().unwrap();
    client
        .put_bucket_request_payment()
        .bucket("bucket")
        .request_payment_configuration(payment)
        .send()
        .await
        .unwrap();
    let payer = client.get_bucket_request_payment().bucket("bucket").send().await.unwrap();
    assert_eq!(payer.payer(), Some(&Payer::Requester));

    let accelerate = |status| {
        let configuration = AccelerateConfiguration::builder().status(status).build();
        client
            .put_bucket_accelerate_configuration()
            .bucket("bucket")
            .accelerate_configuration(configuration)
            .send()
    };
    let accelerated = async || {
        let got = client.get_bucket_accelerate_configuration().bucket("bucket").send().await.unwrap();
        got.status().cloned()
    };
    accelerate(BucketAccelerateStatus::Suspended).await.unwrap();
    assert_eq!(accelerated().await, None);
    accelerate(BucketAccelerateStatus::Enabled).await.unwrap();
    assert_eq!(accelerated().await, Some(BucketAccelerateStatus::Enabled));

    let log = |target: &str| {
        let enabled = LoggingEnabled::builder().target_bucket(target).target_prefix("p/").build().unwrap();
        let status = BucketLoggingStatus::builder().logging_enabled(enabled).build();
        client.put_bucket_logging().bucket("bucket").bucket_logging_status(status).send()
    };
    assert_eq!(error(log("missing").await), coded(400, "InvalidTargetBucketForLogging"));
    log("logs").await.unwrap();
    let logging = client.get_bucket_logging().bucket("bucket").send().await.unwrap();
    assert_eq!(logging.logging_enabled().unwrap().target_bucket(), "logs");
}

#[tokio::test(start_paused = true)]
async fn encrypts_by_default_as_the_bucket_says() {
    let (fake, client) = bucket();
    let by_default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::AwsKms)
        .kms_master_key_id("1234")
        .build()
        .unwrap();
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(by_default)
        .bucket_key_enabled(true)
        .build();
    let configuration = ServerSideEncryptionConfiguration::builder().rules(rule).build().unwrap();
    client
        .put_bucket_encryption()
        .bucket("bucket")
        .server_side_encryption_configuration(configuration)
        .send()
        .await
        .unwrap();
    client.put_object().bucket("bucket").key("key").send().await.unwrap();
    let head = client.head_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(head.server_side_encryption(), Some(&ServerSideEncryption::AwsKms));
    assert_eq!(head.ssekms_key_id(), Some("arn:aws:kms:eu-west-1:000000000000:key/1234"));
    assert_eq!(head.bucket_key_enabled(), Some(true));
    // What the writer says goes before.
    let own =
        client.put_object().bucket("bucket").key("own").server_side_encryption(ServerSideEncryption::Aes256);
    own.send().await.unwrap();
    assert_eq!(fake.s3().get("bucket", "own").unwrap().encryption.algorithm, "AES256");
}

#[tokio::test(start_paused = true)]
async fn errors_name_what_they_are_about() {
    let (fake, client) = bucket();
    client.put_object().bucket("bucket").key("a&b").body(b"hello".to_vec().into()).send().await.unwrap();
    let base = "https://bucket.s3.eu-west-1.amazonaws.com";
    for (method, uri, headers, expected) in [
        ("GET", format!("{base}/no%3Ckey"), &[][..], "<Key>no&lt;key</Key>"),
        (
            "GET",
            "https://missing.s3.eu-west-1.amazonaws.com/".to_owned(),
            &[],
            "<BucketName>missing</BucketName>",
        ),
        ("GET", format!("{base}/?website"), &[], "<BucketName>bucket</BucketName>"),
        ("GET", format!("{base}/a%26b?uploadId=none"), &[], "<UploadId>none</UploadId>"),
        ("GET", format!("{base}/a%26b"), &[("if-match", "\"x\"")], "<Condition>If-Match</Condition>"),
        (
            "PUT",
            format!("{base}/a%26b"),
            &[("if-none-match", "*"), ("content-length", "0")],
            "<Condition>If-None-Match</Condition>",
        ),
        (
            "GET",
            format!("{base}/a%26b"),
            &[("range", "bytes=9-")],
            "<ActualObjectSize>5</ActualObjectSize><RangeRequested>bytes=9-</RangeRequested>",
        ),
        (
            "PUT",
            format!("{base}/a%26b?partNumber=10001&uploadId=u"),
            &[("content-length", "0")],
            "<ArgumentName>partNumber</ArgumentName><ArgumentValue>10001</ArgumentValue>",
        ),
    ] {
        let answer = send(&fake, method, &uri, headers, "").await;
        assert!(answer.headers().get("x-innkeeper-error-detail").is_none());
        let document = text(answer).await;
        assert!(document.contains(expected), "{method} {uri}: {document}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_range_that_cannot_be_meant_is_none() {
    let fake = FakeAws::new();
    fake.s3().create_bucket("bucket").unwrap();
    fake.s3().put("bucket", "key", "hello").unwrap();
    let client = client(&fake);
    for range in ["bytes=3-1", "bytes=0-1,3-4", "bytes=-", "bytes=-1-", "bytes=a-b", "0-1"] {
        let whole = client.get_object().bucket("bucket").key("key").range(range).send().await.unwrap();
        assert_eq!((whole.content_length(), whole.content_range()), (Some(5), None), "{range}");
    }
    let part = client.get_object().bucket("bucket").key("key").range("bytes=-2").send().await.unwrap();
    assert_eq!(part.content_range(), Some("bytes 3-4/5"));
}

#[tokio::test(start_paused = true)]
async fn keeps_configurations_by_their_ids() {
    let (fake, client) = bucket();
    let inventory = |id: &str| {
        let target = InventoryS3BucketDestination::builder().bucket("arn:aws:s3:::bucket");
        let target = target.format(InventoryFormat::Csv).build().unwrap();
        InventoryConfiguration::builder()
            .destination(InventoryDestination::builder().s3_bucket_destination(target).build())
            .is_enabled(true)
            .id(id)
            .included_object_versions(InventoryIncludedObjectVersions::All)
            .schedule(InventorySchedule::builder().frequency(InventoryFrequency::Daily).build().unwrap())
            .build()
            .unwrap()
    };
    let put = |id: &str, of_document: &str| {
        let put = client.put_bucket_inventory_configuration().bucket("bucket").id(id);
        put.inventory_configuration(inventory(of_document)).send()
    };
    let get = |id: &str| client.get_bucket_inventory_configuration().bucket("bucket").id(id).send();
    let delete = |id: &str| client.delete_bucket_inventory_configuration().bucket("bucket").id(id).send();
    assert_eq!(error(get("a").await), coded(404, "NoSuchConfiguration"));
    for id in ["b", "a"] {
        put(id, id).await.unwrap();
    }
    assert_eq!(error(put("c", "d").await), coded(400, "IdMismatch"));
    assert_eq!(get("a").await.unwrap().inventory_configuration(), Some(&inventory("a")));
    let metrics = client.put_bucket_metrics_configuration().bucket("bucket").id("all");
    let metrics = metrics.metrics_configuration(MetricsConfiguration::builder().id("all").build().unwrap());
    metrics.send().await.unwrap();

    let dir = tempfile::tempdir().unwrap();
    fake.save(dir.path()).unwrap();
    let again = FakeAws::new();
    again.seed(dir.path()).unwrap();
    for fake in [&fake, &again] {
        let client = client_of(config(fake));
        let listed = client.list_bucket_inventory_configurations().bucket("bucket").send().await.unwrap();
        assert_eq!(listed.inventory_configuration_list(), [inventory("a"), inventory("b")]);
        assert_eq!(fake.calls().pop().unwrap().operation, "ListBucketInventoryConfigurations");
        let listed = client.list_bucket_metrics_configurations().bucket("bucket").send().await.unwrap();
        assert_eq!(listed.metrics_configuration_list()[0].id(), "all");
        // Of the other kinds there are none.
        let listed = client.list_bucket_analytics_configurations().bucket("bucket").send().await.unwrap();
        assert!(listed.analytics_configuration_list().is_empty());
        let listed = client.list_bucket_intelligent_tiering_configurations().bucket("bucket");
        assert!(listed.send().await.unwrap().intelligent_tiering_configuration_list().is_empty());
    }
    delete("a").await.unwrap();
    assert_eq!(error(delete("a").await), coded(404, "NoSuchConfiguration"));
}
