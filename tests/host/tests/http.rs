//! Outgoing HTTP: each program of `tests/programs` whose name begins with `http_` has its test here. The server is on the loopback
//! interface, so that it has to be named; what is not named is not reached.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use innkeeper::audit::{Outcome, Verdict};
use innkeeper::{Error, Problem, Resolver};
use innkeeper_tests::{PROGRAMS, TestHost, engine, has_a_test, program};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

// Does not compile where a program has no test of its name.
innkeeper_tests::foreach_http!(has_a_test);

/// A server that answers by the path, and knows what it was asked.
#[derive(Clone)]
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            connections: Arc::default(),
            heads: Arc::default(),
        };
        let this = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                this.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(this.clone().serve(stream));
            }
        });
        server
    }

    async fn serve(self, mut stream: TcpStream) -> io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        self.heads.lock().unwrap().push(head);
        match path.as_str() {
            "/large" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n").await?;
                stream.write_all(&vec![b'x'; 2_000_000]).await?;
            }
            "/endless" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
                loop {
                    stream.write_all(b"4000\r\n").await?;
                    stream.write_all(&[b'x'; 0x4000]).await?;
                    stream.write_all(b"\r\n").await?;
                }
            }
            "/silent" => std::future::pending().await,
            "/stalls" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfive.").await?;
                std::future::pending::<()>().await;
            }
            "/cut" => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfive.").await?,
            "/nonsense" => stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n").await?,
            "/headers" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
                for number in 0..100_000 {
                    stream.write_all(format!("x-{number}: {number}\r\n").as_bytes()).await?;
                }
            }
            "/elsewhere" => {
                let answer = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest/meta-data/\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(answer.as_bytes()).await?;
            }
            "/post" => {
                // Answers when it has all: the body comes in chunks, of which the last is empty.
                let mut body = Vec::new();
                while !body.ends_with(b"\r\n0\r\n\r\n") {
                    if stream.read_buf(&mut body).await? == 0 {
                        return Ok(());
                    }
                }
                stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n").await?;
            }
            _ => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await?,
        }
        stream.shutdown().await?;
        // What is still being sent is taken, so that the other side is not cut off before it has read the answer.
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.map(drop)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// What the server is called by.
    fn authority(&self, host: &str) -> String {
        format!("{host}:{}", self.port)
    }

    /// A host whose guest may GET and POST on the server.
    fn granted(&self) -> TestHost {
        self.with_grant(&format!(
            "hosts = [\"http://127.0.0.1:{}\"], methods = [\"GET\", \"POST\"]",
            self.port
        ))
    }

    #[expect(clippy::unused_self, reason = "a sentence about the server")]
    fn with_grant(&self, grant: &str) -> TestHost {
        TestHost::new().setting(&format!("wasi.http = [{{ {grant} }}]"))
    }

    fn get(&self, path: &str) -> Value {
        json!({ "authority": self.authority("127.0.0.1"), "path": path })
    }
}

async fn request(host: &TestHost, input: &Value) -> Value {
    host.call(program::HTTP_REQUEST, input).await
}

#[tokio::test]
async fn http_request() {
    let server = Server::start().await;
    let host = server.granted();
    let mut input = server.get("/a/b?token=t0k3n");
    input["headers"] = json!([["x-mine", "1"]]);
    let answer = request(&host, &input).await;
    assert_eq!((&answer["ok"]["status"], &answer["ok"]["body"]), (&json!(200), &json!("hello")));
    let head = server.heads().remove(0);
    assert!(head.starts_with("GET /a/b?token=t0k3n HTTP/1.1\r\n"), "{head}");
    assert!(
        head.contains(&format!("host: {}\r\n", server.authority("127.0.0.1")))
            && head.contains("x-mine: 1\r\n"),
        "{head}"
    );
    assert!(!head.to_lowercase().contains("authorization") && !head.contains("user-agent"), "{head}");

    let (decisions, requests) = (host.audit().http_decisions(), host.audit().http_requests());
    assert_eq!((decisions.len(), requests.len()), (1, 1));
    let Verdict::Allow { rule: Some(rule) } = &decisions[0].verdict else { panic!("{decisions:?}") };
    assert_eq!(rule.to_string(), "innkeeper.toml:6:14");
    let sent = &requests[0];
    assert_eq!((sent.id, sent.method.as_str()), (decisions[0].id, "GET"));
    assert_eq!(sent.url, format!("http://{}/a/b", server.authority("127.0.0.1")), "without the query");
    assert_eq!((sent.status, sent.bytes_received), (Some(200), 5));
    assert_eq!((sent.address, &sent.outcome), (Some("127.0.0.1".parse().unwrap()), &Outcome::Success));

    let mut post = server.get("/post");
    (post["method"], post["body"]) = (json!("POST"), json!(10_000));
    assert_eq!(request(&host, &post).await["ok"]["status"], 201);
    assert_eq!(host.audit().http_requests()[1].bytes_sent, 10_000);
}

#[tokio::test]
async fn what_no_grant_names_is_denied_and_nothing_is_sent() {
    let server = Server::start().await;
    let host = server.granted();
    let other = |change: &[(&str, Value)]| {
        let mut input = server.get("/");
        for (key, value) in change {
            input[*key] = value.clone();
        }
        input
    };
    for input in [
        other(&[("method", json!("DELETE"))]),
        other(&[("method", json!("get"))]),
        other(&[("method", json!("CONNECT"))]),
        other(&[("scheme", json!("https"))]),
        other(&[("authority", json!("127.0.0.1:1"))]),
        other(&[("authority", json!(server.authority("localhost")))]),
        other(&[("authority", json!(server.authority("127.1")))]),
        other(&[("authority", json!(server.authority("user@127.0.0.1")))]),
        other(&[("authority", json!(server.authority("0x7f.0.0.1")))]),
        other(&[("authority", json!(server.authority("2130706433")))]),
        other(&[("authority", json!("169.254.169.254"))]),
    ] {
        assert_eq!(request(&host, &input).await["error"], "ErrorCode::HttpRequestDenied", "{input}");
    }
    assert_eq!(server.connections(), 0);
    assert!(host.audit().http_requests().is_empty());
    let denied = host.audit().http_decisions().remove(0);
    let Verdict::Deny { rule: None, reason, suggestion } = denied.verdict else { panic!("{denied:?}") };
    assert_eq!(*reason, format!("no grant allows DELETE on `http://127.0.0.1:{}`", server.port));
    assert!(
        suggestion.starts_with("add `[[guest.guest.wasi.http]]` with `hosts = [\"http://127.0.0.1:"),
        "{suggestion}"
    );
}

/// Names that are wherever the test says.
struct Names(Vec<(&'static str, &'static str)>);

#[wasmtime_wasi::async_trait]
impl Resolver for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = self.0.iter().filter(|(name, _)| *name == host);
        Ok(found.map(|(_, address)| address.parse().unwrap()).collect())
    }
}

async fn request_with(host: &TestHost, names: &[(&'static str, &'static str)], input: &Value) -> Value {
    let manifest = host.manifest(Path::new(PROGRAMS), "http_request.wasm");
    let host = host.builder(manifest, engine()).resolver(Arc::new(Names(names.to_vec()))).build().unwrap();
    let guest = host.guest("guest").await.unwrap();
    serde_json::from_slice(&guest.run(input.to_string().as_bytes()).await.unwrap().output).unwrap()
}

#[tokio::test]
async fn a_name_that_stands_for_an_address_near_the_host_is_not_connected_to() {
    let server = Server::start().await;
    let host = server.with_grant("hosts = [\"http://*:*\"], methods = [\"GET\"]");
    let input = json!({ "authority": server.authority("api.example"), "path": "/" });
    for address in [
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "0.0.0.0",
        "::",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "fd00:ec2::254",
        "fe80::1",
        "224.0.0.1",
    ] {
        let answer = request_with(&host, &[("api.example", address)], &input).await;
        assert_eq!(answer["error"], "ErrorCode::DestinationIpProhibited", "{address}");
    }
    // The resolver of the machine, and its own ways of writing an address.
    for name in ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:7f00:1]"] {
        let input = json!({ "authority": server.authority(name), "path": "/" });
        let answer = request(&host, &input).await;
        let error = answer["error"].as_str().unwrap();
        assert!(error.contains("DestinationIpProhibited") || error.contains("DnsError"), "{name}: {answer}");
    }
    assert_eq!(server.connections(), 0);
    let denied = host.audit().http_decisions().remove(0);
    assert_eq!(denied.address, Some("127.0.0.1".parse().unwrap()));
    let Verdict::Deny { rule: Some(_), suggestion, .. } = denied.verdict else { panic!("{denied:?}") };
    assert_eq!(&*suggestion, "name it: `addresses = [\"127.0.0.1\"]`");
}

#[tokio::test]
async fn an_address_that_the_grant_names_is_connected_to() {
    let server = Server::start().await;
    let input = json!({ "authority": server.authority("api.example"), "path": "/" });
    let names = [("api.example", "127.0.0.2"), ("api.example", "127.0.0.1")];
    let grant = "hosts = [\"http://api.example:*\"], methods = [\"GET\"], addresses = [\"127.0.0.1\"]";
    let host = server.with_grant(grant);
    assert_eq!(request_with(&host, &names, &input).await["ok"]["body"], "hello");
    assert_eq!(
        host.audit().http_requests()[0].address,
        Some("127.0.0.1".parse().unwrap()),
        "and not the other"
    );
    let range = server
        .with_grant("hosts = [\"http://*.example:*\"], methods = [\"*\"], addresses = [\"127.0.0.0/8\"]");
    let below = json!({ "authority": server.authority("a.example"), "path": "/" });
    assert_eq!(request_with(&range, &[("a.example", "127.0.0.1")], &below).await["ok"]["body"], "hello");
}

#[tokio::test]
async fn a_name_without_an_address_is_an_error() {
    let server = Server::start().await;
    let host = server.with_grant("hosts = [\"http://api.example\"], methods = [\"GET\"]");
    let answer = request_with(&host, &[], &json!({ "authority": "api.example", "path": "/" })).await;
    assert!(answer["error"].as_str().unwrap().contains("DnsError"), "{answer}");
    let Outcome::Failure { error: "DNS-error", cause } = &host.audit().http_requests()[0].outcome else {
        panic!()
    };
    assert_eq!(cause, "`api.example` has no address");
}

#[tokio::test]
async fn a_redirect_is_the_guests_own_business_and_is_decided_on_anew() {
    let server = Server::start().await;
    let host = server.with_grant(&format!(
        "hosts = [\"http://127.0.0.1:{}\", \"http://*\"], methods = [\"GET\"]",
        server.port
    ));
    let answer = request(&host, &server.get("/elsewhere")).await;
    assert_eq!(answer["ok"]["status"], 302);
    assert_eq!(server.connections(), 1);
    let follow = json!({ "authority": "169.254.169.254", "path": "/latest/meta-data/" });
    assert_eq!(request(&host, &follow).await["error"], "ErrorCode::DestinationIpProhibited");
}

#[tokio::test]
async fn a_request_that_has_no_end_has_one() {
    let server = Server::start().await;
    let host = server
        .granted()
        .setting("limits.http-body-bytes = \"1000KB\"")
        .setting("limits.http-timeout = \"2s\"");
    let error =
        async |path: &str| request(&host, &server.get(path)).await["error"].as_str().unwrap().to_owned();
    // What `wasmtime-wasi-http` makes of an error within a body is no case of `error-code`; its text is all that there is.
    let of_body = |message: &str| format!("ErrorCode::InternalError(Some({message:?}))");
    let too_large = of_body("HTTP response body size exceeds limit: 1000000 bytes");
    assert_eq!(error("/large").await, too_large);
    assert_eq!(error("/endless").await, too_large);
    assert_eq!(error("/silent").await, "ErrorCode::ConnectionReadTimeout");
    assert_eq!(error("/stalls").await, of_body("HTTP response timeout"));

    let mut wish = server.get("/silent");
    wish["first-byte"] = json!(10);
    assert_eq!(request(&host, &wish).await["error"], "ErrorCode::ConnectionReadTimeout");
    let mut wish = server.get("/stalls");
    wish["between-bytes"] = json!(10);
    assert_eq!(request(&host, &wish).await["error"], of_body("connection read timeout"));

    let mut post = server.get("/post");
    (post["method"], post["body"]) = (json!("POST"), json!(1_000_000));
    assert_eq!(request(&host, &post).await["ok"]["status"], 201, "at the limit");
    assert_eq!(host.audit().http_requests().last().unwrap().bytes_sent, 1_000_000);
    post["body"] = json!(1_000_001);
    assert_eq!(request(&host, &post).await["error"], "ErrorCode::HttpRequestBodySize(Some(1000000))");
}

#[tokio::test]
async fn an_answer_that_is_none_is_an_error() {
    let server = Server::start().await;
    let host = server.granted();
    for path in ["/cut", "/nonsense", "/headers"] {
        let answer = request(&host, &server.get(path)).await;
        assert!(answer["error"].is_string(), "{path}: {answer}");
        assert!(matches!(host.audit().http_requests().last().unwrap().outcome, Outcome::Failure { .. }));
    }
    // TLS with somebody who does not speak it.
    let host =
        server.with_grant(&format!("hosts = [\"https://127.0.0.1:{}\"], methods = [\"GET\"]", server.port));
    let mut input = server.get("/");
    input["scheme"] = json!("https");
    // The server waits for a head that never ends; the guest does not.
    let host = host.setting("limits.http-timeout = \"300ms\"");
    assert!(request(&host, &input).await["error"].is_string());
}

#[tokio::test]
async fn http_hold() {
    let server = Server::start().await;
    let host = server.granted().setting("limits.http-requests = 3");
    let mut input = server.get("/stalls");
    input["times"] = json!(3);
    let answer = host.call(program::HTTP_HOLD, &input).await;
    assert_eq!(answer["ok"], json!({ "held": 3, "refused": null, "again": 200 }));
    input["times"] = json!(4);
    let answer = host.call(program::HTTP_HOLD, &input).await;
    assert_eq!(answer["ok"]["refused"], "ErrorCode::ConnectionLimitReached");
    assert_eq!((&answer["ok"]["held"], &answer["ok"]["again"]), (&json!(3), &json!(200)));
    let cancelled = host.audit().http_requests();
    assert!(cancelled.iter().all(|request| request.outcome == Outcome::Cancelled), "{cancelled:?}");
}

#[tokio::test]
async fn a_call_that_is_dropped_ends_its_requests() {
    let server = Server::start().await;
    let host = server.granted();
    let guest = host.guest(program::HTTP_REQUEST).await;
    let input = server.get("/silent").to_string();
    let call = guest.run(input.as_bytes());
    assert!(tokio::time::timeout(Duration::from_millis(200), call).await.is_err());
    // At once, whenever its task may end.
    assert_eq!(host.audit().http_requests()[0].outcome, Outcome::Cancelled);
}

#[tokio::test]
async fn a_guest_that_imports_http_and_is_granted_none_does_not_start() {
    let host = TestHost::new().host(Path::new(PROGRAMS), "http_request.wasm");
    let Error::Component(error) = host.guest("guest").await.unwrap_err() else {
        panic!("no component error")
    };
    assert!(
        matches!(&error.problem, Problem::UngrantedHttp { import } if import.starts_with("wasi:http/outgoing-handler@0.2.")),
        "{error}"
    );
}
