//! Settings and arguments that S3 refuses, each beside one that it takes.

use aws_sdk_s3::types::{
    BucketLoggingStatus, CorsConfiguration, CorsRule, ErrorDocument, Event, IndexDocument, LoggingEnabled,
    NotificationConfiguration, PartitionDateSource, PartitionedPrefix, QueueConfiguration,
    RedirectAllRequestsTo, TargetObjectKeyFormat, WebsiteConfiguration,
};
use innkeeper_fake::{FakeAws, ObjectOwnership};
use pretty_assertions::assert_eq;

use crate::aws::{bucket, coded, error, send, text};

const BUCKET: &str = "https://bucket.s3.eu-west-1.amazonaws.com/";

/// What an error document says in these elements.
fn said<const N: usize>(document: &str, elements: [&str; N]) -> [String; N] {
    let document = document.replace("&quot;", "\"").replace("&apos;", "'");
    elements.map(|name| {
        let (_, rest) = document.split_once(&format!("<{name}>")).unwrap_or_default();
        rest.split_once(&format!("</{name}>")).unwrap_or_default().0.to_owned()
    })
}

async fn refused(
    fake: &FakeAws,
    method: &str,
    uri: &str,
    headers: &[(&'static str, &str)],
    body: &str,
) -> String {
    let length = body.len().to_string();
    let mut headers = headers.to_vec();
    headers.push(("content-length", &length));
    let answer = send(fake, method, uri, &headers, body).await;
    let status = answer.status().as_u16();
    let document = text(answer).await;
    assert!(status >= 400, "{method} {uri}: {document}");
    document
}

#[tokio::test(start_paused = true)]
async fn a_redirect_leads_to_a_key_or_to_a_url() {
    let (fake, client) = bucket();
    let put = |location: &str| {
        client.put_object().bucket("bucket").key("key").website_redirect_location(location).send()
    };
    let upload = client.create_multipart_upload().bucket("bucket").key("key");
    let upload = upload.website_redirect_location("foo").send().await;
    assert_eq!(error(upload), coded(400, "InvalidRedirectLocation"));
    for location in ["foo", "ftp://x/", "http:/x"] {
        assert_eq!(error(put(location).await), coded(400, "InvalidRedirectLocation"), "{location}");
    }
    assert!(fake.s3().keys("bucket").is_empty());
    for location in ["/other", "http://example.com/", "https://example.com/"] {
        put(location).await.unwrap();
        let kept = fake.s3().get("bucket", "key").unwrap();
        assert_eq!(kept.headers.website_redirect_location.as_deref(), Some(location));
    }
}

#[tokio::test(start_paused = true)]
async fn a_website_redirects_everything_or_has_documents() {
    let (_fake, client) = bucket();
    let put = |website: WebsiteConfiguration| {
        client.put_bucket_website().bucket("bucket").website_configuration(website).send()
    };
    let redirect = || RedirectAllRequestsTo::builder().host_name("example.com").build().unwrap();
    let index = |suffix: &str| IndexDocument::builder().suffix(suffix).build().unwrap();
    let website = WebsiteConfiguration::builder;
    let missing = ErrorDocument::builder().key("missing.html").build().unwrap();
    for refused in [
        website().redirect_all_requests_to(redirect()).index_document(index("index.html")),
        website().redirect_all_requests_to(redirect()).error_document(missing.clone()),
        website().index_document(index("")),
        website().index_document(index("a/b")),
        website().error_document(missing.clone()),
    ] {
        assert_eq!(error(put(refused.build()).await), coded(400, "InvalidArgument"));
    }
    let read = client.get_bucket_website().bucket("bucket").send().await;
    assert_eq!(error(read), coded(404, "NoSuchWebsiteConfiguration"));
    put(website().redirect_all_requests_to(redirect()).build()).await.unwrap();
    put(website().index_document(index("index.html")).error_document(missing).build()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_origin_has_one_wildcard_at_most() {
    let (_fake, client) = bucket();
    let put = |rule: aws_sdk_s3::types::builders::CorsRuleBuilder| {
        let rule = rule.allowed_methods("GET").build().unwrap();
        let configuration = CorsConfiguration::builder().cors_rules(rule).build().unwrap();
        client.put_bucket_cors().bucket("bucket").cors_configuration(configuration).send()
    };
    let rule = || CorsRule::builder().allowed_origins("http://*.example.com").allowed_headers("x-*");
    for refused in [
        rule().allowed_origins("http://*.*.com"),
        rule().allowed_headers("x-*-*"),
        rule().expose_headers("x-*"),
    ] {
        assert_eq!(error(put(refused).await), coded(400, "InvalidRequest"));
    }
    put(rule().expose_headers("x-amz-request-id")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_notification_is_of_an_event_that_there_is() {
    let (_fake, client) = bucket();
    let put = |event: &str| {
        let queue = QueueConfiguration::builder()
            .queue_arn("arn:aws:sqs:eu-west-1:000000000000:q")
            .events(Event::from(event))
            .build()
            .unwrap();
        let configuration = NotificationConfiguration::builder().queue_configurations(queue).build();
        let put = client.put_bucket_notification_configuration().bucket("bucket");
        // The queue is not there.
        put.notification_configuration(configuration).skip_destination_validation(true).send()
    };
    for event in ["s3:Foo", "s3:ObjectCreated", "ObjectCreated:*"] {
        assert_eq!(error(put(event).await), coded(400, "InvalidArgument"), "{event}");
    }
    let get = || client.get_bucket_notification_configuration().bucket("bucket").send();
    assert!(get().await.unwrap().queue_configurations().is_empty());
    put("s3:ObjectCreated:*").await.unwrap();
    assert_eq!(get().await.unwrap().queue_configurations()[0].events(), [Event::S3ObjectCreated]);
}

#[tokio::test(start_paused = true)]
async fn logs_are_named_by_one_of_two_dates() {
    let (fake, client) = bucket();
    fake.s3().create_bucket("logs").unwrap();
    let put = |source: PartitionDateSource| {
        let prefix = PartitionedPrefix::builder().partition_date_source(source).build();
        let format = TargetObjectKeyFormat::builder().partitioned_prefix(prefix).build();
        let logging = LoggingEnabled::builder().target_bucket("logs").target_prefix("");
        let logging = logging.target_object_key_format(format).build().unwrap();
        let status = BucketLoggingStatus::builder().logging_enabled(logging).build();
        client.put_bucket_logging().bucket("bucket").bucket_logging_status(status).send()
    };
    assert_eq!(error(put(PartitionDateSource::from("kaboom")).await), coded(400, "MalformedXML"));
    let get = || client.get_bucket_logging().bucket("bucket").send();
    assert!(get().await.unwrap().logging_enabled().is_none());
    put(PartitionDateSource::EventTime).await.unwrap();
    assert!(get().await.unwrap().logging_enabled().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_checksum_that_is_not_verified_is_not_taken() {
    let (fake, _) = bucket();
    let unknown = "The algorithm type you specified in x-amz-checksum- header is invalid.";
    let fakes = "the fake does not implement checksums of SHA512";
    let uri = format!("{BUCKET}key");
    for (header, value, code, message) in [
        ("x-amz-checksum-sha512", "AAAA", "NotImplemented", fakes),
        ("x-amz-checksum-foo", "AAAA", "InvalidRequest", unknown),
        ("x-amz-sdk-checksum-algorithm", "sha512", "NotImplemented", fakes),
        (
            "x-amz-sdk-checksum-algorithm",
            "FOO",
            "InvalidRequest",
            "Value for x-amz-sdk-checksum-algorithm header is invalid.",
        ),
        ("x-amz-trailer", "x-amz-checksum-sha512", "NotImplemented", fakes),
        (
            "x-amz-trailer",
            "x-amz-checksum-foo",
            "InvalidRequest",
            "The value specified in the x-amz-trailer header is not supported",
        ),
    ] {
        let document = refused(&fake, "PUT", &uri, &[(header, value)], "hello").await;
        assert_eq!(said(&document, ["Code", "Message"]), [code, message], "{header}: {value}");
    }
    assert!(fake.s3().keys("bucket").is_empty());
    for headers in [
        [("x-amz-checksum-crc32", "NhCmhg=="), ("x-amz-sdk-checksum-algorithm", "CRC32")],
        [("x-amz-checksum-type", "FULL_OBJECT"), ("x-amz-sdk-checksum-algorithm", "crc64nvme")],
    ] {
        let headers = [&headers[..], &[("content-length", "5")]].concat();
        let answer = send(&fake, "PUT", &uri, &headers, "hello").await;
        assert_eq!(answer.status().as_u16(), 200, "{headers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn errors_are_in_the_words_of_s3() {
    let (fake, _) = bucket();
    fake.s3().put("bucket", "key", "hello").unwrap();
    let source = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
    let elements = ["Code", "Message", "ArgumentName", "ArgumentValue"];
    for (copied, message) in [
        ("bucket", source),
        ("bucket/", source),
        ("Bad_Bucket/key", "Invalid copy source bucket name"),
        ("bucket/%FF", "Invalid copy source encoding."),
    ] {
        for uri in [format!("{BUCKET}copy"), format!("{BUCKET}copy?partNumber=1&uploadId=u")] {
            let document = refused(&fake, "PUT", &uri, &[("x-amz-copy-source", copied)], "").await;
            let expected = ["InvalidArgument", message, "x-amz-copy-source", copied];
            assert_eq!(said(&document, elements), expected, "{uri}");
        }
    }
    for (query, name, value) in [
        ("max-keys=abc", "max-keys", "abc"),
        ("list-type=2&max-keys=4294967296", "max-keys", "4294967296"),
        ("versions&max-keys=1.5", "max-keys", "1.5"),
        ("uploads&max-uploads=x", "max-uploads", "x"),
    ] {
        let document = refused(&fake, "GET", &format!("{BUCKET}?{query}"), &[], "").await;
        let message = format!("Provided {name} not an integer or within integer range");
        assert_eq!(said(&document, elements), ["InvalidArgument", &message, name, value], "{query}");
    }
    for (query, message, name, value) in [
        ("max-keys=-1", "Argument maxKeys must be an integer between 0 and 2147483647", "maxKeys", "-1"),
        ("encoding-type=x", "Invalid Encoding Method specified in Request", "encoding-type", "x"),
    ] {
        let document = refused(&fake, "GET", &format!("{BUCKET}?{query}"), &[], "").await;
        assert_eq!(said(&document, elements), ["InvalidArgument", message, name, value]);
    }
    // The bucket that is missing is the source's.
    let document =
        refused(&fake, "PUT", &format!("{BUCKET}copy"), &[("x-amz-copy-source", "gone/k")], "").await;
    assert_eq!(said(&document, ["Code", "BucketName"]), ["NoSuchBucket", "gone"]);
    assert_eq!(fake.s3().keys("bucket"), ["key"]);
}

#[tokio::test(start_paused = true)]
async fn a_malformed_acl_and_a_name_that_is_taken_are_said_to_be_so() {
    let fake = FakeAws::builder()
        .object_ownership(ObjectOwnership::ObjectWriter)
        .identity("AKIDEXAMPLE", "secret")
        .identity("AKIDOTHER", "secret")
        .build();
    let client_of = |id: &str| {
        let credentials = aws_sdk_s3::config::Credentials::from_keys(id, "secret", None);
        crate::aws::client_of(crate::aws::config(&fake).credentials_provider(credentials))
    };
    fake.s3().create_bucket("bucket").unwrap();
    let configuration = aws_sdk_s3::types::CreateBucketConfiguration::builder()
        .location_constraint(aws_sdk_s3::types::BucketLocationConstraint::EuWest1)
        .build();
    let create = client_of("AKIDOTHER").create_bucket().bucket("bucket");
    let taken = create.create_bucket_configuration(configuration).send().await.unwrap_err();
    let taken = taken.into_service_error();
    assert_eq!(taken.meta().code(), Some("BucketAlreadyExists"));
    assert!(taken.meta().message().unwrap().starts_with("The requested bucket name is not available."));

    let fake = FakeAws::builder().object_ownership(ObjectOwnership::ObjectWriter).build();
    fake.s3().create_bucket("bucket").unwrap();
    let namespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
    let empty = format!("<AccessControlPolicy {namespace}></AccessControlPolicy>");
    let document = refused(&fake, "PUT", &format!("{BUCKET}?acl"), &[], &empty).await;
    let message = "The XML you provided was not well-formed or did not validate against our published schema";
    assert_eq!(said(&document, ["Code", "Message"]), ["MalformedACLError", message]);
}
