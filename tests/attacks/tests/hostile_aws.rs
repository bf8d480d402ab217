//! A hostile AWS, or one that is broken.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use innkeeper::CallError;
use innkeeper::audit::Outcome;
use innkeeper_attacks::{Answer, Component, Frames, HOSTILE_BUCKET, Siege, program};
use innkeeper_fake::Fault;
use innkeeper_tests::program as test_program;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const PAGE: &str = "<?xml version=\"1.0\"?><ListBucketResult><Name>hostile</Name>";
const ENTRY: &str = "<Contents><Key>k</Key><Size>1</Size></Contents>";

fn answer(status: u16, frames: Frames) -> Answer {
    http::Response::builder().status(status).body(frames).unwrap()
}

fn siege(respond: impl Fn(u64, &str) -> Answer + Send + Sync + 'static) -> Siege {
    Siege::new().allow_all_of_s3().setting("limits.timeout = \"1h\"").hostile_aws(respond)
}

fn input() -> Value {
    json!({ "bucket": HOSTILE_BUCKET, "key": "k", "body": "body" })
}

/// What each kind of call answers while AWS answers all with this.
async fn errors(
    respond: impl Fn(u64, &str) -> Answer + Send + Sync + Clone + 'static,
) -> Vec<(&'static str, Value)> {
    let mut errors = Vec::new();
    for program in [
        test_program::S3_GET_OBJECT,
        test_program::S3_READ_OBJECT,
        test_program::S3_HEAD_OBJECT,
        test_program::S3_PUT_OBJECT,
        test_program::S3_DELETE_OBJECT,
        test_program::S3_LIST_OBJECTS,
    ] {
        let besieged = siege(respond.clone()).attacker(Component::test(program)).await;
        errors.push((program, besieged.attack_with(&input()).await));
    }
    errors
}

// Listings

#[tokio::test(start_paused = true)]
async fn an_endless_answer_to_a_listing() {
    // 64 KiB at a time; nothing that S3 says of a thousand keys is longer than 64 MiB.
    let piece = ENTRY.repeat((64 << 10) / ENTRY.len());
    let siege = siege(move |_, _| answer(200, Frames::endless(PAGE, piece.clone(), 1_024)));
    let answered = siege.attacker(program::TURN_PAGES).await.attack_with(&input()).await;
    assert!(answered["error"].is_string(), "{answered}");
}

#[tokio::test(start_paused = true)]
async fn an_endless_answer_without_meaning() {
    for status in [200, 204, 404, 500] {
        let respond = move |_: u64, _: &str| answer(status, Frames::endless("", vec![b' '; 64 << 10], 2_048));
        for program in
            [test_program::S3_PUT_OBJECT, test_program::S3_DELETE_OBJECT, test_program::S3_LIST_OBJECTS]
        {
            let answered =
                siege(respond).attacker(Component::test(program)).await.attack_with(&input()).await;
            assert!(answered["error"].is_string(), "{status} {program}: {answered}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_with_a_million_keys_on_a_page() {
    let thousand = ENTRY.repeat(1_000);
    let siege = siege(move |_, _| answer(200, Frames::repeated(PAGE, thousand.clone(), 1_000)));
    let besieged = siege.attacker(program::TURN_PAGES).await;
    // The guest has no room for it, and the host does not have to have it.
    match besieged.attack(input().to_string().as_bytes()).await {
        Ok(reply) => assert!(String::from_utf8(reply.output).unwrap().contains("error")),
        Err(error) => assert!(matches!(error, CallError::Limit { .. } | CallError::Trap { .. }), "{error}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_continuation_token_for_ever() {
    let page =
        "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>";
    let siege = siege(move |_, _| answer(200, Frames::whole(format!("{PAGE}{ENTRY}{page}"))));
    let answered = siege.attacker(program::TURN_PAGES).await.attack_with(&input()).await;
    assert_eq!(answered["error"], "Other(\"the listing does not advance\")", "{answered}");
    assert_eq!(siege.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn continuation_tokens_that_go_in_a_circle() {
    // Two tokens in turn: the host cannot tell it from a large bucket. The guest's time ends it.
    let siege = Siege::new().allow_all_of_s3().setting("limits.cpu-time = \"300ms\"").hostile_aws(|number, _| {
        let token = if number % 2 == 0 { "a" } else { "b" };
        let page = format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken></ListBucketResult>");
        answer(200, Frames::whole(format!("{PAGE}{ENTRY}{page}")))
    });
    let error =
        siege.attacker(program::TURN_PAGES).await.attack(input().to_string().as_bytes()).await.unwrap_err();
    assert!(matches!(error, CallError::Limit { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_continuation_token_of_a_megabyte() {
    let token = "t".repeat(1 << 20);
    let page = format!(
        "{PAGE}<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken></ListBucketResult>"
    );
    let siege = siege(move |_, uri| {
        // The address would be as long; a real connection refuses it.
        if uri.len() > 100_000 {
            answer(414, Frames::whole(""))
        } else {
            answer(200, Frames::whole(page.clone()))
        }
    });
    let answered = siege.attacker(program::TURN_PAGES).await.attack_with(&input()).await;
    assert!(answered["error"].is_string(), "{answered}");
}

// Answers without sense

#[tokio::test(start_paused = true)]
async fn malformed_xml() {
    let deep = format!("{PAGE}{}", "<a>".repeat(200_000));
    let bomb = format!(
        "<!DOCTYPE l [<!ENTITY a \"{}\"><!ENTITY b \"{}\">]><ListBucketResult><Name>&b;</Name></ListBucketResult>",
        "x".repeat(1_000),
        "&a;".repeat(1_000)
    );
    for body in [
        "",
        "<",
        "not xml",
        "<ListBucketResult>",
        "<ListBucketResult></Other>",
        "<Other/>",
        "\0\0\0\0",
        "{\"json\": true}",
        "<?xml version=\"1.0\" encoding=\"utf-16\"?><ListBucketResult>",
        "<ListBucketResult><Contents><Size>99999999999999999999</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><LastModified>yesterday</LastModified></Contents></ListBucketResult>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><ListBucketResult><Name>&x;</Name></ListBucketResult>",
        &deep,
        &bomb,
    ] {
        let owned = body.to_owned();
        let siege = siege(move |_, _| answer(200, Frames::whole(owned.clone())));
        let answered = siege.attacker(program::TURN_PAGES).await.attack_with(&input()).await;
        assert!(answered["error"].is_string(), "{body:.60}: {answered}");
        assert!(!answered.to_string().contains("root:"), "{answered}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_no_unicode() {
    let page = format!(
        "{PAGE}<EncodingType>url</EncodingType><Contents><Key>%ff%fe%00a%2F..</Key></Contents></ListBucketResult>"
    );
    let siege = siege(move |_, _| answer(200, Frames::whole(page.clone())));
    let answered =
        siege.attacker(Component::test(test_program::S3_LIST_OBJECTS)).await.attack_with(&input()).await;
    assert!(answered["ok"].is_object() || answered["error"].is_string(), "{answered}");
}

#[tokio::test(start_paused = true)]
async fn success_with_an_error_in_it() {
    let body = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    let siege = siege(move |_, _| answer(200, Frames::whole(body)));
    let answered =
        siege.attacker(Component::test(test_program::S3_LIST_OBJECTS)).await.attack_with(&input()).await;
    assert!(answered["error"].is_string(), "an error is not an empty listing: {answered}");
}

#[tokio::test(start_paused = true)]
async fn a_status_that_there_is_not() {
    for status in [100, 101, 199, 206, 299, 300, 399, 418, 451, 599, 999] {
        for (program, answered) in errors(move |_, _| answer(status, Frames::whole(""))).await {
            assert!(answered.is_object(), "{status} of {program}: {answered}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_code_of_a_megabyte_with_line_breaks() {
    let code = format!("Evil\r\n\u{1b}[31m{}", "x".repeat(900_000));
    let body = format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>");
    let siege = siege(move |_, _| answer(400, Frames::whole(body.clone())));
    let answered =
        siege.attacker(Component::test(test_program::S3_PUT_OBJECT)).await.attack_with(&input()).await;
    let error = answered["error"].as_str().unwrap();
    assert!(error.len() < 10_000, "the guest is told a name, not a megabyte: {} bytes", error.len());
    let call = siege.audit().calls().into_iter().find(|call| call.resource.contains(HOSTILE_BUCKET)).unwrap();
    let Outcome::Failure { cause, .. } = call.outcome else { panic!("{:?}", call.outcome) };
    assert!(cause.len() < 100_000, "nor is the operator: {} bytes", cause.len());
}

#[tokio::test(start_paused = true)]
async fn headers_without_sense() {
    for (name, value) in [
        ("last-modified", "Thu, 01 Jan 0001 00:00:00 GMT"),
        ("last-modified", "Wed, 31 Dec 1969 23:59:59 GMT"),
        ("last-modified", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ("last-modified", "never"),
        ("content-length", "-1"),
        ("content-length", "18446744073709551616"),
        ("content-range", "bytes 0-18446744073709551615/0"),
        ("content-range", "bytes 5-0/-1"),
        ("x-amz-missing-meta", "-5"),
        ("x-amz-delete-marker", "perhaps"),
        ("x-amz-checksum-sha256", "!"),
        ("x-amz-checksum-crc32", "AAAA"),
        ("x-amz-mp-parts-count", "-1"),
        ("content-encoding", "aws-chunked"),
        ("etag", ""),
    ] {
        for (program, answered) in errors(move |_, _| {
            http::Response::builder().header(name, value).body(Frames::whole("body")).unwrap()
        })
        .await
        {
            assert!(answered.is_object(), "{name}: {value} of {program}: {answered}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_of_another_length_or_with_another_checksum() {
    for (header, value) in [
        ("content-length", "3"),
        ("content-length", "5"),
        ("content-length", "99999999999"),
        ("x-amz-checksum-crc32", "AAAAAA=="),
        ("x-amz-checksum-sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
    ] {
        for program in [test_program::S3_GET_OBJECT, test_program::S3_READ_OBJECT] {
            let siege = siege(move |_, _| {
                http::Response::builder()
                    .header("etag", "\"e\"")
                    .header(header, value)
                    .body(Frames::whole("body"))
                    .unwrap()
            });
            let answered = siege.attacker(Component::test(program)).await.attack_with(&input()).await;
            assert!(answered["error"].is_string(), "{header}: {value} of {program}: {answered}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_cut_short_or_changed_on_the_way() {
    // No two pieces of it are the same.
    let body: String =
        (0..50_000).flat_map(|number| format!("{number:06}").into_bytes()).map(char::from).collect();
    for (fault, may_be_resumed) in
        [(Fault::truncate(100_000), true), (Fault::cut_at(100_000), true), (Fault::corrupt_body(), false)]
    {
        for program in [test_program::S3_GET_OBJECT, test_program::S3_READ_OBJECT] {
            let siege = Siege::new().allow_all_of_s3().setting("limits.timeout = \"1h\"");
            siege.aws().s3().put("uploads", "k", body.clone()).unwrap();
            siege.aws().faults().push(fault.clone().bucket("uploads").always());
            let answered = siege
                .attacker(Component::test(program))
                .await
                .attack_with(&json!({ "bucket": "uploads", "key": "k" }))
                .await;
            // The rest is asked for once more, of the same object. The guest has all of it, or is told that it has not.
            let is_whole = may_be_resumed && answered["ok"]["body"] == body;
            assert!(answered["error"].is_string() || is_whole, "{fault:?} of {program}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_gzip_bomb() {
    // 10 MiB of zeros in 10 KiB: the guest gets the 10 KiB, as they are stored.
    let bomb = gzip_of_zeros();
    let length = bomb.len();
    let siege = siege(move |_, _| {
        http::Response::builder()
            .header("content-encoding", "gzip")
            .header("content-length", length)
            .body(Frames::whole(bomb.clone()))
            .unwrap()
    });
    let answered = siege.attacker(program::READ_ON).await.attack_with(&input()).await;
    assert_eq!(answered["ok"]["bytes"], length, "{answered}");

    let bomb = gzip_of_zeros();
    let siege = self::siege(move |_, _| {
        http::Response::builder()
            .header("content-encoding", "gzip")
            .body(Frames::whole(bomb.clone()))
            .unwrap()
    });
    let answered = siege.attacker(program::TURN_PAGES).await.attack_with(&input()).await;
    assert!(answered["error"].is_string(), "it is no XML: {answered}");
}

/// Ten mebibytes of zeros as gzip has them, made of blocks of its format by hand: each run of 258 is one bit of length, one of
/// distance.
fn gzip_of_zeros() -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    // A fixed block: literal 0, then matches of length 258 at distance 1.
    let mut bits: Vec<bool> = vec![true, true, false];
    bits.extend([false, false, true, true, false, false, false, false]);
    for _ in 0..40_645 {
        bits.extend([true, true, false, false, false, true, false, true, false, false, false, false, false]);
    }
    bits.extend([false; 7]);
    for chunk in bits.chunks(8) {
        bytes.push(chunk.iter().enumerate().fold(0, |byte, (index, bit)| byte | (u8::from(*bit) << index)));
    }
    bytes.extend([0; 8]);
    bytes
}

// Retries

#[tokio::test(start_paused = true)]
async fn errors_for_ever_are_not_tried_again_for_ever() {
    for fault in
        [Fault::error("SlowDown"), Fault::error("InternalError"), Fault::cut_before(), Fault::lose_answer()]
    {
        let siege = Siege::new().allow_all_of_s3().setting("limits.timeout = \"1h\"");
        siege.aws().faults().push(fault.clone().bucket("uploads").always());
        let besieged = siege.attacker(Component::test(test_program::S3_PUT_OBJECT)).await;
        let answered = besieged.attack_with(&json!({ "bucket": "uploads", "key": "k", "body": "x" })).await;
        assert!(answered["error"].is_string(), "{answered}");
        assert!(siege.requests_about("uploads") <= 10, "{fault:?}: {}", siege.requests_about("uploads"));
    }
}

// Redirects, over real connections

/// A server on loopback that answers every connection with these bytes, and counts the connections.
async fn server(answer: Vec<u8>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.windows(4).any(|window| window == b"\r\n\r\n") {
                    let mut buffer = [0; 4096];
                    match stream.read(&mut buffer).await {
                        Ok(read @ 1..) => request.extend_from_slice(&buffer[..read]),
                        _ => return,
                    }
                }
                // Whoever was sent it may hang up.
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    (url, connections)
}

#[tokio::test]
async fn a_redirect_to_somewhere_else() {
    let (elsewhere, visits) =
        server(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\netag: \"e\"\r\n\r\nsecret".to_vec()).await;
    for target in [
        elsewhere.as_str(),
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "file:///etc/passwd",
    ] {
        for status in [301, 302, 303, 307, 308] {
            let redirect = format!(
                "HTTP/1.1 {status} Moved\r\nlocation: {target}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            let (url, connections) = server(redirect.into_bytes()).await;
            let siege = Siege::new().allow_all_of_s3().server(&url);
            let answered = siege
                .attacker(Component::test(test_program::S3_READ_OBJECT))
                .await
                .attack_with(&input())
                .await;
            // S3 redirects with two of them; the others it has no use for, and the host has none either.
            let expected = match status {
                301 | 307 => "WrongRegion".to_owned(),
                _ => format!("Other(\"status {status}\")"),
            };
            assert_eq!(answered["error"], expected, "{answered}");
            assert_eq!(connections.load(Ordering::SeqCst), 1, "{status}");
        }
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0, "nobody goes where the redirect points");
}

#[tokio::test]
async fn answers_that_are_no_http() {
    let headers: String = (0..5_000).map(|number| format!("x-header-{number}: v\r\n")).collect();
    let long = "v".repeat(2 << 20);
    for answer in [
        String::new(),
        "\0\0\0\0".to_owned(),
        "SSH-2.0-OpenSSH_9.9\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nbody".to_owned(),
        // The chunks are what counts, and there are fewer bytes in them than there should be; or they do not end.
        "HTTP/1.1 200 OK\r\ncontent-length: 6\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
            .to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 6\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\nx".to_owned(),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\nx".to_owned(),
        format!("HTTP/1.1 200 OK\r\n{headers}\r\nbody"),
        format!("HTTP/1.1 200 OK\r\nx-header: {long}\r\n\r\nbody"),
        "HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000),
    ] {
        let (url, _) = server(answer.clone().into_bytes()).await;
        let siege = Siege::new().allow_all_of_s3().server(&url);
        let answered =
            siege.attacker(Component::test(test_program::S3_READ_OBJECT)).await.attack_with(&input()).await;
        assert!(answered["error"].is_string(), "{answer:.60?}: {answered}");
    }
}
