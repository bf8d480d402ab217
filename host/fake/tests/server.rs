//! The fake over real sockets: what only those can show. What the services answer is tested in `wire`.

// Where clippy looks for what may unwrap.
#![cfg(test)]

use std::time::Duration;

use innkeeper_fake::{Clock, FakeAws, Fault, NewMessage, Server};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A fake that listens for the length of a test.
struct Listening {
    fake: FakeAws,
    address: String,
    end: Option<oneshot::Sender<()>>,
    ended: JoinHandle<()>,
}

/// What came back, as text, and whether the connection was reset rather than closed.
#[derive(Debug)]
struct Answer {
    text: String,
    reset: bool,
}

async fn listening() -> Listening {
    let fake = FakeAws::builder().clock(Clock::real()).build();
    fake.s3().create_bucket("bucket").unwrap();
    fake.s3().put("bucket", "key", "x".repeat(1000)).unwrap();
    let server = Server::bind(&fake, "127.0.0.1:0").await.unwrap();
    let address = server.address().to_string();
    let (end, ending) = oneshot::channel();
    let ended = tokio::spawn(server.run(async { drop(ending.await) }));
    Listening { fake, address, end: Some(end), ended }
}

impl Listening {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).await.unwrap()
    }

    /// Sends a request as it stands and reads to the end of the connection.
    async fn raw(&self, request: &str) -> Answer {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        read(&mut stream).await
    }

    /// Sends a request of S3, signed by anyone.
    async fn s3(&self, method: &str, path: &str, host: &str) -> Answer {
        self.raw(&format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n{SIGNED}connection: close\r\n\r\n"))
            .await
    }

    async fn control(&self, method: &str, path: &str, body: &str) -> Answer {
        let length = body.len();
        self.raw(&format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await
    }
}

const SIGNED: &str = "authorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00\r\n";

async fn read(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let reset = stream.read_to_end(&mut bytes).await.is_err();
    Answer { text: String::from_utf8_lossy(&bytes).into_owned(), reset }
}

impl Answer {
    fn status(&self) -> &str {
        self.text.get(9..12).unwrap_or_default()
    }

    fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    fn json(&self) -> Value {
        serde_json::from_str(self.body()).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

#[tokio::test]
async fn answers_in_path_style_and_in_virtual_host_style() {
    let server = listening().await;
    for (path, host) in [
        ("/bucket/key", server.address.as_str()),
        ("/key", "bucket.localhost:4566"),
        ("/key", "bucket.s3.us-east-1.amazonaws.com"),
    ] {
        let answer = server.s3("GET", path, host).await;
        assert_eq!((answer.status(), answer.body().len()), ("200", 1000), "{host}: {answer:?}");
    }
    assert_eq!(server.fake.calls().len(), 3);
}

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let server = listening().await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream
            .write_all(format!("HEAD /bucket/key HTTP/1.1\r\nhost: localhost\r\n{SIGNED}\r\n").as_bytes())
            .await
            .unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("content-length: 1000\r\n"), "{head}");
    }
}

#[tokio::test]
async fn tells_a_client_that_waits_with_its_body_to_go_on() {
    let server = listening().await;
    let mut stream = server.connect().await;
    let head = format!(
        "PUT /bucket/new HTTP/1.1\r\nhost: localhost\r\n{SIGNED}connection: close\r\ncontent-length: 5\r\n\
         expect: 100-continue\r\nx-amz-content-sha256: UNSIGNED-PAYLOAD\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hello").await.unwrap();
    let answer = read(&mut stream).await;
    assert_eq!(answer.status(), "200", "{answer:?}");
    assert_eq!(server.fake.s3().get("bucket", "new").unwrap().body, "hello");
}

#[tokio::test]
async fn decodes_an_upload_in_chunks() {
    let server = listening().await;
    let request = |checksum: &str| {
        let body = format!("5\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n");
        format!(
            "PUT /bucket/new HTTP/1.1\r\nhost: localhost\r\n{SIGNED}connection: close\r\ncontent-length: {}\r\n\
             content-encoding: aws-chunked\r\nx-amz-decoded-content-length: 6\r\nx-amz-trailer: x-amz-checksum-crc32\r\n\
             x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n\r\n{body}",
            body.len(),
        )
    };
    let refused = server.raw(&request("AAAAAA==")).await;
    assert!(refused.text.contains("BadDigest"), "{refused:?}");
    // The CRC-32 of `hello!`.
    let answer = server.raw(&request("mobJYA==")).await;
    assert_eq!(answer.status(), "200", "{answer:?}");
    assert_eq!(server.fake.s3().get("bucket", "new").unwrap().body, "hello!");
}

#[tokio::test]
async fn metadata_may_be_in_the_encoding_that_http_once_had() {
    let listening = listening().await;
    let head = format!(
        "PUT /bucket/new HTTP/1.1\r\nhost: localhost\r\n{SIGNED}connection: close\r\ncontent-length: 0\r\n"
    );
    for (value, kept) in [(&b"caf\xe9"[..], "café"), ("café".as_bytes(), "café"), (b"\xff\x80", "ÿ\u{80}")]
    {
        let request = [head.as_bytes(), b"x-amz-meta-a: ", value, b"\r\n\r\n"].concat();
        let mut stream = listening.connect().await;
        stream.write_all(&request).await.unwrap();
        assert_eq!(read(&mut stream).await.status(), "200");
        assert_eq!(listening.fake.s3().get("bucket", "new").unwrap().metadata("a"), Some(kept));
    }
}

#[tokio::test]
async fn a_connection_is_cut_at_the_byte_that_a_fault_names() {
    let server = listening().await;
    server.fake.faults().push(Fault::cut_at(100));
    let cut = server.s3("GET", "/bucket/key", "localhost").await;
    assert_eq!((cut.status(), cut.body().len(), cut.reset), ("200", 100, true));
    assert!(cut.text.contains("content-length: 1000\r\n"), "{cut:?}");

    server.fake.faults().push(Fault::truncate(100));
    let short = server.s3("GET", "/bucket/key", "localhost").await;
    assert_eq!((short.status(), short.body().len(), short.reset), ("200", 100, false));

    let whole = server.s3("GET", "/bucket/key", "localhost").await;
    assert_eq!((whole.status(), whole.body().len(), whole.reset), ("200", 1000, false));
}

#[tokio::test]
async fn a_large_body_is_cut_at_its_byte_even_if_the_client_reads_slowly() {
    let server = listening().await;
    let megabytes = 8 << 20;
    server.fake.s3().put("bucket", "big", vec![b'x'; megabytes]).unwrap();
    server.fake.faults().push(Fault::truncate(megabytes as u64 - 1));
    let mut stream = server.connect().await;
    stream
        .write_all(format!("GET /bucket/big HTTP/1.1\r\nhost: localhost\r\n{SIGNED}\r\n").as_bytes())
        .await
        .unwrap();
    // The system takes no more than its buffers hold before anyone reads.
    stream.readable().await.unwrap();
    tokio::task::yield_now().await;
    let answer = read(&mut stream).await;
    assert_eq!(answer.body().len(), megabytes - 1);
}

#[tokio::test]
async fn a_connection_is_closed_without_an_answer_where_a_fault_says_so() {
    let server = listening().await;
    for fault in [Fault::cut_before(), Fault::lose_answer()] {
        server.fake.faults().push(fault);
        let answer = server.s3("GET", "/bucket/key", "localhost").await;
        assert_eq!(answer.text, "");
    }
    assert_eq!(server.fake.faults().remaining(), 0);
}

#[tokio::test]
async fn shows_everything_as_json_and_to_a_browser_as_a_page() {
    let server = listening().await;
    server.fake.sqs().create_queue("orders").unwrap();
    server.fake.sqs().send("orders", NewMessage::new("a message")).unwrap();
    server.fake.lambda().function("price", |_| async { Ok(json!(3)) }).unwrap();
    let mapping =
        json!({ "event-source-mappings": [{ "function": "price", "source": "orders", "enabled": false }] });
    server.fake.seed_inline(&serde_json::from_value(mapping).unwrap(), "seed").unwrap();
    server.s3("GET", "/bucket/none", "localhost").await;

    let state = server.control("GET", "/_innkeeper/state", "").await.json();
    assert_eq!(state["s3"]["buckets"][0]["objects"][0]["size"], json!(1000));
    assert_eq!(state["sqs"]["queues"][0]["messages"][0]["body"], json!("a message"));
    assert_eq!(state["sqs"]["queues"][0]["visible"], json!(1));
    assert_eq!(state["lambda"]["functions"], json!(["price"]));
    let mapping = &state["lambda"]["event_source_mappings"][0];
    assert_eq!((&mapping["function"], &mapping["state"]), (&json!("price"), &json!("Disabled")));
    assert_eq!(mapping["source"], json!("arn:aws:sqs:us-east-1:000000000000:orders"));
    assert_eq!(state["lambda"]["layers"], json!([]));
    assert_eq!(state["calls"][0]["error_code"], json!("NoSuchKey"));

    let page = server
        .raw("GET /_innkeeper/state HTTP/1.1\r\nhost: localhost\r\naccept: text/html,*/*\r\nconnection: close\r\n\r\n")
        .await;
    assert!(
        page.text.contains("content-type: text/html") && page.text.contains("content-security-policy:"),
        "{page:?}"
    );
    for text in ["a message", "NoSuchKey", "Event source mappings"] {
        assert!(page.body().contains(text), "{page:?}");
    }
    assert_eq!(server.fake.calls().len(), 1, "looking is no call");
}

#[tokio::test]
async fn is_emptied_on_request() {
    let server = listening().await;
    for path in ["/_innkeeper/reset", "/moto-api/reset"] {
        server.fake.s3().create_bucket("other").unwrap();
        server.fake.sqs().create_queue("orders").unwrap();
        server.fake.faults().push(Fault::cut_before());
        let answer = server.control("POST", path, "").await;
        assert_eq!((answer.status(), answer.json()), ("200", json!({ "status": "ok" })));
        assert!(server.fake.s3().buckets().is_empty() && server.fake.sqs().queues().is_empty());
        assert_eq!(server.fake.faults().remaining(), 0);
    }
}

#[tokio::test]
async fn takes_faults_and_lists_them() {
    let server = listening().await;
    let rules = r#"[{"error":"SlowDown","operation":"GetObject"},{"cut-before":true,"key":"b"}]"#;
    let listed = server.control("POST", "/_innkeeper/faults", rules).await.json();
    assert_eq!(listed["faults"][1], json!({ "cut-before": true, "key": "b", "times": 1 }));
    let answer = server.s3("GET", "/bucket/key", "localhost").await;
    assert_eq!(answer.status(), "503");
    assert!(answer.body().contains("<Code>SlowDown</Code>"), "{answer:?}");
    assert_eq!(
        server.control("GET", "/_innkeeper/faults", "").await.json()["faults"].as_array().unwrap().len(),
        1
    );
    assert_eq!(server.control("DELETE", "/_innkeeper/faults", "").await.json(), json!({ "faults": [] }));
}

#[tokio::test]
async fn takes_all_faults_of_a_list_or_none() {
    let server = listening().await;
    for (rules, said) in [
        (r#"[{"cut-before":true},{"cut-at":1,"truncate":2}]"#, "fault 2: "),
        (r#"{"cut-befor":true}"#, "unknown field `cut-befor`"),
        ("{", "EOF while parsing"),
    ] {
        let answer = server.control("POST", "/_innkeeper/faults", rules).await;
        assert_eq!(answer.status(), "400");
        assert!(answer.json()["error"].as_str().unwrap().contains(said), "{answer:?}");
    }
    assert_eq!(server.fake.faults().remaining(), 0);
}

#[tokio::test]
async fn changes_nothing_for_a_page_of_the_web() {
    let server = listening().await;
    let answer = server
        .raw("POST /_innkeeper/reset HTTP/1.1\r\nhost: localhost\r\norigin: https://evil.example\r\nconnection: close\r\n\r\n")
        .await;
    assert_eq!(answer.status(), "403");
    assert_eq!(server.fake.s3().buckets(), ["bucket"]);
}

#[tokio::test]
async fn says_what_there_is_instead_of_an_unknown_page() {
    let server = listening().await;
    assert_eq!(server.control("GET", "/_innkeeper/what", "").await.status(), "404");
    let answer = server.control("GET", "/_innkeeper/reset", "").await;
    assert_eq!(answer.status(), "405");
    assert!(answer.text.contains("allow: POST\r\n"), "{answer:?}");
}

#[tokio::test]
async fn the_key_of_an_object_is_no_page_of_the_fake() {
    let server = listening().await;
    server.fake.s3().put("bucket", "_innkeeper/state", "mine").unwrap();
    assert_eq!(server.s3("GET", "/_innkeeper/state", "bucket.localhost").await.body(), "mine");
}

#[tokio::test]
async fn ends_while_connections_are_open() {
    let mut server = listening().await;
    let mut idle = server.connect().await;
    // Until this is answered the connection may not have been accepted.
    idle.write_all(format!("HEAD /bucket HTTP/1.1\r\nhost: localhost\r\n{SIGNED}\r\n").as_bytes())
        .await
        .unwrap();
    idle.readable().await.unwrap();
    server.end.take().unwrap().send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(10), &mut server.ended).await.unwrap().unwrap();
    assert!(TcpStream::connect(&server.address).await.is_err());
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_keep_a_body_that_is_refused() {
    let server = listening().await;
    let ask = async |signature: &str| {
        let mut stream = server.connect().await;
        let request = format!(
            "PUT /bucket/new HTTP/1.1\r\nhost: localhost\r\n{signature}content-length: 5\r\nexpect: 100-continue\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    };
    let mut refused = String::new();
    // The connection ends: the body, or the beginning of it, may be under way.
    ask("").await.read_to_string(&mut refused).await.unwrap();
    assert!(
        refused.starts_with("HTTP/1.1 403 Forbidden\r\n") && refused.contains("connection: close\r\n"),
        "{refused}"
    );
    let mut interim = [0; 25];
    ask(SIGNED).await.read_exact(&mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
}
