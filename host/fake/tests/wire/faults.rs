use std::time::Duration;

use aws_sdk_s3::config::StalledStreamProtectionConfig;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use http::StatusCode;
use innkeeper_fake::{FakeAws, Fault, Service};

use crate::aws::{HOUR, bucket, client_of, coded, config, error, one_attempt, timeouts};

fn with_key() -> FakeAws {
    let (fake, _) = bucket();
    fake.s3().put("bucket", "key", "hello").unwrap();
    fake
}

#[tokio::test(start_paused = true)]
async fn errors_have_the_status_of_their_code() {
    let fake = with_key();
    let client = one_attempt(&fake);
    for (code, status) in [
        ("SlowDown", 503),
        ("InternalError", 500),
        ("ServiceUnavailable", 503),
        ("AccessDenied", 403),
        ("ExpiredToken", 400),
        ("RequestTimeout", 400),
        ("ConditionalRequestConflict", 409),
        ("Unheard", 400),
    ] {
        fake.faults().push(Fault::error(code));
        let get = client.get_object().bucket("bucket").key("key").send().await;
        assert_eq!(error(get), coded(status, code));
    }
    fake.faults()
        .push(Fault::error("Odd").with_status(StatusCode::IM_A_TEAPOT).with_message("short and stout"));
    let get = client.get_object().bucket("bucket").key("key").send().await;
    let message = get.as_ref().unwrap_err().as_service_error().unwrap().meta().message().map(str::to_owned);
    assert_eq!(message.as_deref(), Some("short and stout"));
    assert_eq!(error(get), coded(418, "Odd"));
    fake.faults().push(Fault::error("PermanentRedirect").with_header("x-amz-bucket-region", "us-west-2"));
    let get = client.get_object().bucket("bucket").key("key").send().await;
    let raw = get.as_ref().unwrap_err().raw_response().unwrap();
    assert_eq!(raw.headers().get("x-amz-bucket-region"), Some("us-west-2"));
    assert_eq!(error(get), coded(301, "PermanentRedirect"));
    assert_eq!(fake.faults().remaining(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_bare_status_has_no_code() {
    let fake = with_key();
    fake.faults().push(Fault::status(StatusCode::BAD_GATEWAY));
    let get = one_attempt(&fake).get_object().bucket("bucket").key("key").send().await;
    assert_eq!(error(get), (502, None));
}

#[tokio::test(start_paused = true)]
async fn meets_only_the_calls_it_is_for() {
    let fake = with_key();
    fake.s3().create_bucket("other").unwrap();
    let client = one_attempt(&fake);
    let fault = Fault::error("AccessDenied").service(Service::S3).on("PutObject").bucket("bucket").key("no");
    fake.faults().push(fault.skip(1).times(2));
    let put = |bucket: &str, key: &str| {
        client.put_object().bucket(bucket).key(key).body(ByteStream::from_static(b"x")).send()
    };
    put("other", "no").await.unwrap();
    put("bucket", "yes").await.unwrap();
    client.head_bucket().bucket("bucket").send().await.unwrap();
    put("bucket", "no").await.unwrap();
    for _ in 0..2 {
        assert_eq!(error(put("bucket", "no").await), coded(403, "AccessDenied"));
    }
    put("bucket", "no").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn always_lasts_until_cleared() {
    let fake = with_key();
    let client = one_attempt(&fake);
    fake.faults().push(Fault::error("AccessDenied").always());
    for _ in 0..5 {
        assert_eq!(
            error(client.get_object().bucket("bucket").key("key").send().await),
            coded(403, "AccessDenied")
        );
    }
    fake.faults().clear();
    client.get_object().bucket("bucket").key("key").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_backoff_takes_no_time() {
    let fake = with_key();
    fake.faults().push(Fault::error("SlowDown").times(8));
    let retry = RetryConfig::standard()
        .with_max_attempts(10)
        .with_initial_backoff(Duration::from_mins(15))
        .with_max_backoff(HOUR);
    let client = client_of(config(&fake).retry_config(retry));
    let (real, start) = (std::time::Instant::now(), fake.now());
    let get = client.get_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(get.body.collect().await.unwrap().to_vec(), b"hello");
    assert!(fake.now().duration_since(start).unwrap() > HOUR);
    assert!(real.elapsed() < Duration::from_secs(10));
    let attempts: Vec<_> = fake.calls().iter().filter_map(|call| call.attempt).collect();
    assert_eq!(attempts, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    // Signed anew each time: nothing an hour old is refused.
    assert!(fake.calls().iter().all(|call| call.access_key_id.is_some()));
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_meets_the_read_timeout() {
    let fake = with_key();
    fake.faults().push(Fault::delay(HOUR).on("PutObject"));
    let read = timeouts(|timeout| {
        timeout.set_read_timeout(Some(Duration::from_secs(5)));
    });
    let client = client_of(config(&fake).retry_config(RetryConfig::disabled()).timeout_config(read));
    let put =
        client.put_object().bucket("bucket").key("new").body(ByteStream::from_static(b"x")).send().await;
    assert!(matches!(&put, Err(SdkError::DispatchFailure(failure)) if failure.is_timeout()), "{put:?}");
    assert!(fake.s3().get("bucket", "new").is_none());
    let call = fake.calls().pop().unwrap();
    assert_eq!((call.status, call.faulted), (None, true));
}

#[tokio::test(start_paused = true)]
async fn a_slow_connection_meets_the_connect_timeout() {
    let fake = with_key();
    fake.faults().push(Fault::connect_delay(Duration::from_secs(10)));
    let connect = timeouts(|timeout| {
        timeout.set_connect_timeout(Some(Duration::from_secs(3)));
    });
    let client = client_of(config(&fake).retry_config(RetryConfig::disabled()).timeout_config(connect));
    let start = fake.now();
    let get = client.get_object().bucket("bucket").key("key").send().await;
    assert!(matches!(&get, Err(SdkError::DispatchFailure(failure)) if failure.is_timeout()), "{get:?}");
    assert_eq!(fake.now().duration_since(start).unwrap().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_meets_the_operation_timeout() {
    let fake = with_key();
    fake.faults().push(Fault::delay(HOUR).always());
    let operation = timeouts(|timeout| {
        timeout.set_operation_timeout(Some(Duration::from_secs(30)));
    });
    let get = client_of(config(&fake).timeout_config(operation))
        .get_object()
        .bucket("bucket")
        .key("key")
        .send()
        .await;
    assert!(matches!(get, Err(SdkError::TimeoutError(_))), "{get:?}");
}

#[tokio::test(start_paused = true)]
async fn a_delay_below_the_timeout_is_only_a_delay() {
    let fake = with_key();
    let start = fake.now();
    fake.faults().push(Fault::delay(Duration::from_secs(2)));
    one_attempt(&fake).get_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(fake.now().duration_since(start).unwrap().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cut_connection_is_an_io_failure() {
    let fake = with_key();
    let client = one_attempt(&fake);
    let put =
        |key: &str| client.put_object().bucket("bucket").key(key).body(ByteStream::from_static(b"x")).send();
    fake.faults().push(Fault::cut_before());
    let cut = put("before").await;
    assert!(matches!(&cut, Err(SdkError::DispatchFailure(failure)) if failure.is_io()), "{cut:?}");
    assert!(fake.s3().get("bucket", "before").is_none());
    fake.faults().push(Fault::lose_answer());
    let cut = put("lost").await;
    assert!(matches!(&cut, Err(SdkError::DispatchFailure(failure)) if failure.is_io()), "{cut:?}");
    assert!(fake.s3().get("bucket", "lost").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_download_is_cut_at_the_byte() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", vec![7; 200_000]).unwrap();
    for byte in [0, 1, 65_536, 100_000, 199_999, 200_000] {
        fake.faults().push(Fault::cut_at(byte).on("GetObject"));
        let mut body = client.get_object().bucket("bucket").key("key").send().await.unwrap().body;
        let mut read = 0;
        let failure = loop {
            match body.next().await {
                Some(Ok(piece)) => read += piece.len() as u64,
                Some(Err(error)) => break Some(error),
                None => break None,
            }
        };
        assert_eq!(read, byte);
        assert!(failure.is_some(), "cut at {byte}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_truncated_download_is_noticed() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", vec![7; 100_000]).unwrap();
    for byte in [0, 1, 70_000, 99_999] {
        fake.faults().push(Fault::truncate(byte).on("GetObject"));
        let get = client.get_object().bucket("bucket").key("key").send().await.unwrap();
        assert_eq!(get.content_length(), Some(100_000));
        assert!(get.body.collect().await.is_err(), "truncated at {byte}");
    }
}

#[tokio::test(start_paused = true)]
async fn stalled_stream_protection_sees_virtual_time() {
    let fake = with_key();
    let protection = StalledStreamProtectionConfig::enabled().grace_period(Duration::from_secs(20)).build();
    let client = client_of(config(&fake).stalled_stream_protection(protection));
    // An upload that is read at once is none, however much virtual time the answer takes.
    fake.faults().push(Fault::delay(Duration::from_secs(3)));
    client
        .put_object()
        .bucket("bucket")
        .key("k")
        .body(ByteStream::from(vec![0; 100_000]))
        .send()
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn names_can_be_patterns() {
    let fake = with_key();
    fake.s3().put("bucket", "logs/a.gz", "x").unwrap();
    let client = one_attempt(&fake);
    fake.faults().push(Fault::error("AccessDenied").bucket("b*t").key("logs/*.??").always());
    let get = |key: &str| client.get_object().bucket("bucket").key(key).send();
    assert_eq!(error(get("logs/a.gz").await), coded(403, "AccessDenied"));
    get("key").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn meets_the_nth_call() {
    let fake = with_key();
    let client = one_attempt(&fake);
    fake.faults().push(Fault::throttle().on("HeadObject").nth(3));
    let mut met = Vec::new();
    for number in 1..=5 {
        if client.head_object().bucket("bucket").key("key").send().await.is_err() {
            met.push(number);
        }
    }
    assert_eq!(met, [3]);
    assert_eq!(fake.faults().remaining(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_probability_meets_the_same_calls_in_every_run() {
    let run = |seed: u64| async move {
        let fake = with_key();
        let client = one_attempt(&fake);
        fake.faults().push(Fault::throttle().probability(0.3).seed(seed).always());
        let mut met = Vec::new();
        for number in 0..200 {
            if client.get_object().bucket("bucket").key("key").send().await.is_err() {
                met.push(number);
            }
        }
        met
    };
    let first = run(7).await;
    assert!((35..=85).contains(&first.len()), "{}", first.len());
    assert_eq!(run(7).await, first);
    assert_ne!(run(8).await, first);
}

#[tokio::test(start_paused = true)]
async fn a_throttling_is_that_of_its_service() {
    let fake = with_key();
    fake.faults().push(Fault::throttle());
    let get = one_attempt(&fake).get_object().bucket("bucket").key("key").send().await;
    assert_eq!(error(get), coded(503, "SlowDown"));
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_comes_in_its_time_and_whole() {
    let fake = with_key();
    fake.s3().put("bucket", "big", vec![7; 1000]).unwrap();
    fake.faults().push(Fault::drip(100).on("GetObject"));
    let client =
        client_of(config(&fake).stalled_stream_protection(StalledStreamProtectionConfig::disabled()));
    let before = tokio::time::Instant::now();
    let get = client.get_object().bucket("bucket").key("big").send().await.unwrap();
    assert_eq!(get.content_length(), Some(1000));
    let body = get.body.collect().await.unwrap().to_vec();
    assert_eq!(body, [7; 1000]);
    let took = before.elapsed();
    assert!((Duration::from_secs(9)..Duration::from_secs(11)).contains(&took), "{took:?}");
}
