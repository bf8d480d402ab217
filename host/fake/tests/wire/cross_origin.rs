//! What a browser is told of another origin's bucket.

use std::time::Duration;

use aws_sdk_s3::config::Credentials;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::{CorsConfiguration, CorsRule};
use innkeeper_fake::FakeAws;

use crate::aws::{bucket, client_of, config, send, text};

const URI: &str = "https://bucket.s3.eu-west-1.amazonaws.com/key";

fn rule(origin: &str, method: &str) -> CorsRule {
    let rule = CorsRule::builder().allowed_origins(origin).allowed_methods(method);
    rule.allowed_headers("x-amz-meta-*").expose_headers("etag").max_age_seconds(60).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn answers_by_the_first_rule_that_fits() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", "x").unwrap();
    let allowed = async |method: &str, headers: &[(&'static str, &str)]| {
        let answer = send(&fake, method, URI, headers, "").await;
        let header = |name: &str| answer.headers().get(name).map(str::to_owned);
        let status = answer.status().as_u16();
        (status, header("access-control-allow-origin"), header("access-control-allow-methods"))
    };
    let preflight = |origin: &'static str, method: &'static str| {
        [("origin", origin), ("access-control-request-method", method)]
    };
    assert_eq!(allowed("GET", &[("origin", "http://a.example")]).await, (200, None, None));
    assert_eq!(allowed("OPTIONS", &preflight("http://a.example", "GET")).await, (403, None, None));

    let rules =
        CorsConfiguration::builder().cors_rules(rule("http://*.example", "GET")).cors_rules(rule("*", "PUT"));
    client
        .put_bucket_cors()
        .bucket("bucket")
        .cors_configuration(rules.build().unwrap())
        .send()
        .await
        .unwrap();
    let some = |text: &str| Some(text.to_owned());
    let answered = (200, some("http://a.example"), some("GET"));
    assert_eq!(allowed("GET", &[("origin", "http://a.example")]).await, answered);
    assert_eq!(allowed("OPTIONS", &preflight("http://a.example", "GET")).await, answered);
    assert_eq!(allowed("OPTIONS", &preflight("http://b.test", "PUT")).await, (200, some("*"), some("PUT")));
    assert_eq!(allowed("GET", &[("origin", "http://b.test")]).await, (200, None, None));
    assert_eq!(allowed("GET", &[]).await, (200, None, None));
    assert_eq!(allowed("OPTIONS", &preflight("http://b.test", "DELETE")).await, (403, None, None));

    let mut asked = preflight("http://a.example", "GET").to_vec();
    asked.push(("access-control-request-headers", "x-amz-meta-a, X-Amz-Meta-B"));
    assert_eq!(allowed("OPTIONS", &asked).await, answered);
    asked.push(("access-control-request-headers", "x-other"));
    let other = [asked[0], asked[1], ("access-control-request-headers", "x-other")];
    assert_eq!(allowed("OPTIONS", &other).await, (403, None, None));
}

#[tokio::test(start_paused = true)]
async fn a_preflight_of_a_presigned_url_is_not_what_is_signed() {
    let fake = FakeAws::builder().region("eu-west-1").identity("AKIDONE", "one-secret").build();
    fake.s3().create_bucket("bucket").unwrap();
    let credentials = Credentials::from_keys("AKIDONE", "one-secret", None);
    let client = client_of(config(&fake).credentials_provider(credentials));
    let rules = CorsConfiguration::builder().cors_rules(rule("http://a.example", "PUT")).build().unwrap();
    client.put_bucket_cors().bucket("bucket").cors_configuration(rules).send().await.unwrap();
    let minute = PresigningConfig::builder().start_time(fake.now()).expires_in(Duration::from_mins(1));
    let minute = minute.build().unwrap();
    let put = client.put_object().bucket("bucket").key("key").presigned(minute.clone()).await.unwrap();
    let part = client.upload_part().bucket("bucket").key("key").upload_id("id").part_number(1);
    let part = part.presigned(minute).await.unwrap();
    for uri in [put.uri(), part.uri()] {
        let ask = async |origin: &str| {
            let headers = [("origin", origin), ("access-control-request-method", "PUT")];
            send(&fake, "OPTIONS", uri, &headers, "").await.status().as_u16()
        };
        assert_eq!(ask("http://a.example").await, 200, "{uri}");
        assert_eq!(ask("http://b.example").await, 403, "{uri}");
        assert_eq!(send(&fake, "OPTIONS", uri, &[], "").await.status().as_u16(), 400, "{uri}");
    }
    // It is for what is to follow that there has to be a signature.
    assert_eq!(send(&fake, "GET", put.uri(), &[], "").await.status().as_u16(), 403);
}

#[tokio::test(start_paused = true)]
async fn a_preflight_has_to_say_what_is_to_follow() {
    let (fake, _client) = bucket();
    for headers in [&[][..], &[("origin", "http://a.example")]] {
        let answer = send(&fake, "OPTIONS", URI, headers, "").await;
        assert_eq!(answer.status().as_u16(), 400);
        assert!(text(answer).await.contains("<Code>BadRequest</Code>"));
    }
}
