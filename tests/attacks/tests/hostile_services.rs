//! A hostile SQS, Lambda and STS, and the operations of S3 that can fail after they have said that they succeed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use innkeeper::aws::StaticKeys;
use innkeeper_attacks::{Answer, Frames, HOSTILE_BUCKET, Sent, Siege, program};
use innkeeper_tests::SECRET;
use serde_json::{Value, json};

const QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/000000000000/jobs";

fn answer(status: u16, body: impl Into<bytes::Bytes>) -> Answer {
    http::Response::builder().status(status).body(Frames::whole(body)).unwrap()
}

fn siege() -> Siege {
    Siege::new()
        .allow_all_of_s3()
        .allow("sqs:*", "arn:aws:sqs:*:*:*")
        .allow("lambda:*", "arn:aws:lambda:*:*:function:*")
        .setting("limits.timeout = \"1h\"")
}

/// Every call of SQS and of Lambda that waits for an answer.
fn calls_of(service: &str) -> Vec<Value> {
    let function = "arn:aws:lambda:eu-west-1:000000000000:function:resize";
    match service {
        "sqs." => ["send", "receive", "attributes", "purge", "tag"]
            .map(|call| json!({ "do": format!("sqs.{call}"), "queue": QUEUE, "body": "x", "tags": [["a", "b"]] }))
            .to_vec(),
        _ => ["invoke", "stream", "dry-run", "configuration", "status"]
            .map(|call| json!({ "do": format!("lambda.{call}"), "function": function, "payload": "{}" }))
            .to_vec(),
    }
}

fn is_error(outcome: &Value) -> bool {
    outcome.as_str().is_some_and(|outcome| outcome.starts_with("error: "))
}

/// What each call of a service comes to while AWS answers all of them so.
async fn outcomes(
    service: &'static str,
    respond: impl Fn() -> Answer + Send + Sync + 'static,
) -> Vec<(Value, Value)> {
    let siege = siege().hostile_service(service, move |_, _| respond());
    let calls = calls_of(service);
    let outcomes = siege.attacker(program::TRIES).await.tries(calls.clone().into()).await;
    calls.into_iter().zip(outcomes).collect()
}

#[tokio::test(start_paused = true)]
async fn malformed_json() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let deep_unknown = format!("{{\"x\":{}1{}}}", "{\"x\":".repeat(100_000), "}".repeat(100_000));
    let malformed =
        ["<xml/>", "{", "{\"MessageId\":", "[1,2", "\"\\ud800\"", "\0\0\0\0", "nul", &deep, &deep_unknown];
    let of_sqs = ["{\"Messages\":[{\"Body\":1}]}", "{\"Attributes\":{\"VisibilityTimeout\":[]}}"];
    for body in malformed.into_iter().chain(of_sqs) {
        let owned = body.to_owned();
        for (call, outcome) in outcomes("sqs.", move || answer(200, owned.clone())).await {
            // What has no answer to be read has nothing to be wrong; and no message is an answer too.
            let reads_nothing = matches!(call["do"].as_str(), Some("sqs.purge" | "sqs.tag"));
            let is_nothing = outcome == json!([]) || outcome == json!(0);
            assert!(is_error(&outcome) || reads_nothing || is_nothing, "{body:.40} of {call}: {outcome}");
        }
    }
    let of_lambda = [
        "{\"MemorySize\":\"x\",\"State\":1,\"Configuration\":[]}",
        "{\"Configuration\":{\"Architectures\":{}},\"Architectures\":{},\"State\":{}}",
    ];
    for body in malformed.into_iter().chain(of_lambda) {
        let owned = body.to_owned();
        for (call, outcome) in outcomes("lambda.", move || answer(200, owned.clone())).await {
            // The payload of an invocation is the function's, whatever it is.
            let takes_bytes = matches!(call["do"].as_str(), Some("lambda.invoke"));
            let reads_nothing = matches!(call["do"].as_str(), Some("lambda.dry-run"));
            assert!(is_error(&outcome) || takes_bytes || reads_nothing, "{body:.40} of {call}: {outcome}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn json_that_is_well_formed_and_says_nothing_or_too_much() {
    for body in [
        "{}",
        "null",
        "{\"MessageId\":null}",
        "{\"Messages\":null}",
        "{\"Messages\":[]}",
        "{\"Messages\":[{}]}",
        "{\"Messages\":[{\"ReceiptHandle\":\"r\"}]}",
        "{\"Attributes\":{\"VisibilityTimeout\":\"99999999999999999999\"}}",
        "{\"Attributes\":{\"ApproximateNumberOfMessages\":\"-1\",\"CreatedTimestamp\":\"x\"}}",
        "{\"Configuration\":{\"MemorySize\":-1,\"Timeout\":-1,\"CodeSize\":-1,\"LastModified\":\"never\"}}",
        "{\"MemorySize\":-1,\"Timeout\":2147483648,\"CodeSize\":1e300,\"State\":\"\\u0000\"}",
    ] {
        for service in ["sqs.", "lambda."] {
            let owned = body.to_owned();
            // Whatever comes of it, it comes to an end, and the guest can go on.
            assert!(outcomes(service, move || answer(200, owned.clone())).await.len() >= 4);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn more_messages_than_were_asked_for() {
    let message = "{\"MessageId\":\"m\",\"ReceiptHandle\":\"r\",\"Body\":\"x\",\"MD5OfBody\":\"9dd4e461268c8034f5c8564e155c67a6\"}";
    let body = format!("{{\"Messages\":[{}]}}", vec![message; 5_000].join(","));
    let siege = siege().hostile_service("sqs.", move |_, _| answer(200, body.clone()));
    let receive = json!({ "do": "sqs.receive", "queue": QUEUE, "max": 3 });
    let outcome = siege.attacker(program::TRIES).await.tries_one(receive).await;
    let received = outcome.as_array().map_or(0, Vec::len);
    assert!(is_error(&outcome) || received <= 3, "{received} messages where three were asked for");
}

#[tokio::test(start_paused = true)]
async fn a_message_with_another_checksum() {
    for body in ["changed", "", "\u{1f512}"] {
        let body = json!({ "Messages": [{
            "MessageId": "m", "ReceiptHandle": "r", "Body": body, "MD5OfBody": "9dd4e461268c8034f5c8564e155c67a6",
        }] });
        let siege = siege().hostile_service("sqs.", move |_, _| answer(200, body.to_string()));
        let receive = json!({ "do": "sqs.receive", "queue": QUEUE });
        assert_eq!(siege.attacker(program::TRIES).await.tries_one(receive).await, "error: Integrity");
    }
    let sent = json!({ "MessageId": "m", "MD5OfMessageBody": "9dd4e461268c8034f5c8564e155c67a6" });
    let siege = siege().hostile_service("sqs.", move |_, _| answer(200, sent.to_string()));
    let send = json!({ "do": "sqs.send", "queue": QUEUE, "body": "another" });
    assert_eq!(siege.attacker(program::TRIES).await.tries_one(send).await, "error: Integrity");
}

#[tokio::test(start_paused = true)]
async fn an_endless_answer() {
    // 64 KiB at a time; none of these has more than 64 MiB to say.
    for service in ["sqs.", "lambda."] {
        for status in [200, 400, 500] {
            for beginning in ["", "{\"MessageId\":\"", "{\"Messages\":[{\"Body\":\""] {
                let respond = move || {
                    http::Response::builder()
                        .status(status)
                        .body(Frames::endless(beginning, vec![b'x'; 64 << 10], 1_024))
                        .unwrap()
                };
                for (call, outcome) in outcomes(service, respond).await {
                    assert!(is_error(&outcome), "{status} {beginning} of {call}: {outcome:.60}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_of_a_response_stream_that_says_it_has_gigabytes() {
    let function = "arn:aws:lambda:eu-west-1:000000000000:function:resize";
    // Each message begins with its length. Of one that is too long nothing may be kept: the host may not take more of it than the longest
    // message has, 16 MiB.
    let lengths = ["\u{7f}\u{7f}\u{7f}\u{7f}", "\u{2}\0\0\0", "\u{1}\u{2}\0\u{11}"];
    for length in lengths {
        let respond = move || {
            http::Response::builder()
                .header("content-type", "application/vnd.amazon.eventstream")
                .body(Frames::endless(length, vec![0; 64 << 10], 256))
                .unwrap()
        };
        let siege = siege().hostile_service("lambda.", move |_, _| respond());
        let stream = json!({ "do": "lambda.stream", "function": function });
        let outcome = siege.attacker(program::TRIES).await.tries_one(stream).await;
        assert!(is_error(&outcome), "{length:?}: {outcome}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_to_somewhere_else() {
    for (service, target) in [
        ("sqs.", "http://169.254.169.254/latest/meta-data/"),
        ("sqs.", "https://evil.example/"),
        ("lambda.", "http://[fd00:ec2::254]/"),
        ("lambda.", "file:///etc/passwd"),
    ] {
        for status in [301, 302, 303, 307, 308] {
            let siege = siege().hostile_service(service, move |_, _| {
                http::Response::builder()
                    .status(status)
                    .header("location", target)
                    .body(Frames::whole(""))
                    .unwrap()
            });
            let outcomes = siege.attacker(program::TRIES).await.tries(calls_of(service).into()).await;
            assert!(outcomes.iter().all(is_error), "{status}: {outcomes:?}");
            let elsewhere: Vec<Sent> =
                siege.sent().into_iter().filter(|sent| !sent.host().starts_with(service)).collect();
            assert_eq!(elsewhere, []);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_said_to_be_at_another_host() {
    // `GetQueueUrl` names another host, account and queue. Nothing is sent there: the URL is a name, and the host calls its own endpoint.
    for url in ["https://evil.example/000000000000/jobs", "http://169.254.169.254/", "", "\r\n", "x"] {
        let body = json!({ "QueueUrl": url, "MessageId": "m" }).to_string();
        let siege = siege().hostile_service("sqs.", move |_, _| answer(200, body.clone()));
        let send =
            json!({ "do": "sqs.send", "queue": "arn:aws:sqs:eu-west-1:000000000000:jobs", "body": "x" });
        siege.attacker(program::TRIES).await.tries_one(send).await;
        let hosts: Vec<String> = siege.sent().iter().map(|sent| sent.host().to_owned()).collect();
        assert!(
            !hosts.is_empty() && hosts.iter().all(|host| host == "sqs.eu-west-1.amazonaws.com"),
            "{hosts:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn success_with_an_error_in_it() {
    // `CopyObject` and `CompleteMultipartUpload` answer 200 before they are done, and may then end in an error.
    let error =
        "<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code><Message>We failed.</Message></Error>";
    for error in [error.to_owned(), format!("{}{error}", " ".repeat(1_000)), String::new()] {
        let owned = error.clone();
        let siege = siege().hostile_aws(move |_, url| {
            if url.contains("uploads") {
                return answer(
                    200,
                    "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
                );
            }
            if url.contains("partNumber") {
                return http::Response::builder().header("etag", "\"e\"").body(Frames::whole("")).unwrap();
            }
            answer(200, owned.clone())
        });
        let besieged = siege.attacker(program::TRIES).await;
        let upload = json!({ "do": "s3.upload", "bucket": HOSTILE_BUCKET, "key": "k", "bytes": 6 << 20 });
        let copy = json!({
            "do": "s3.copy", "bucket": HOSTILE_BUCKET, "key": "k", "source-bucket": "innocent", "source-key": "letter",
            "replace-tags": true,
        });
        for call in [upload, copy] {
            let outcome = besieged.tries_one(call.clone()).await;
            assert!(is_error(&outcome), "an error is no object: {call}: {outcome} ({error:?})");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_id_of_a_megabyte() {
    let siege = siege().hostile_aws(|_, _| {
        let id = "u".repeat(1 << 20);
        answer(
            200,
            format!(
                "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
            ),
        )
    });
    let upload = json!({ "do": "s3.upload", "bucket": HOSTILE_BUCKET, "key": "k", "bytes": 6 << 20 });
    let outcome = siege.attacker(program::TRIES).await.tries_one(upload).await;
    assert!(is_error(&outcome), "{outcome}");
    assert!(siege.sent().iter().all(|sent| sent.url.len() < 10_000));
}

#[tokio::test(start_paused = true)]
async fn an_sts_that_makes_no_sense() {
    let deep = "<a>".repeat(100_000);
    for body in [
        "",
        "not xml",
        "<AssumeRoleResponse>",
        "<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>",
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId></Credentials></AssumeRoleResult></AssumeRoleResponse>",
        "{\"AccessKeyId\":\"A\"}",
        &deep,
    ] {
        for status in [200, 302, 403, 500] {
            let owned = body.to_owned();
            let siege = siege()
                .keys(StaticKeys::new("AKIDEXAMPLE", SECRET))
                .setting("role-arn = \"arn:aws:iam::000000000000:role/r\"")
                .hostile_service("sts.", move |_, _| answer(status, owned.clone()));
            let read = json!({ "do": "s3.read", "bucket": "innocent", "key": "letter" });
            let outcome = siege.attacker(program::TRIES).await.tries_one(read).await;
            assert_eq!(outcome, "error: Credentials", "{status} {body:.40}");
            assert!(
                siege.sent().iter().all(|sent| sent.host().starts_with("sts.")),
                "nothing goes out unsigned"
            );
        }
    }
    // Without an end.
    let siege = siege()
        .keys(StaticKeys::new("AKIDEXAMPLE", SECRET))
        .setting("role-arn = \"arn:aws:iam::000000000000:role/r\"")
        .hostile_service("sts.", |_, _| {
            http::Response::new(Frames::endless("<AssumeRoleResponse>", vec![b'x'; 64 << 10], 1_024))
        });
    let read = json!({ "do": "s3.read", "bucket": "innocent", "key": "letter" });
    assert_eq!(siege.attacker(program::TRIES).await.tries_one(read).await, "error: Credentials");
}
