//! The servers, each in a process of its own: an S3 of objects that nobody stores, made up as they are read and digested as they are
//! written, which can cap its connections; and the built-in fake over HTTP.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest};
use http::{Method, Request, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use innkeeper_fake::{Clock, FakeAws};
use percent_encoding::percent_decode_str;
use tokio::net::TcpListener;

use crate::capped::Capped;
use crate::process::end_with_parent;

/// What a connection may carry where it is capped, in bytes a second.
const CAP: u64 = 80_000_000;

/// The other process: `capped`, `uncapped`, or `fake`. Says where it listens, and ends when nobody is left at the other end of its input.
pub(crate) fn run(which: &str) {
    end_with_parent();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        match which {
            "fake" => {
                let fake = FakeAws::builder().clock(Clock::real()).build();
                fake.s3().create_bucket(crate::side::BUCKET).unwrap();
                let server = innkeeper_fake::Server::bind(&fake, "127.0.0.1:0").await.unwrap();
                println!("{}", server.url());
                server.run(std::future::pending()).await;
            }
            "capped" => listen(Some(CAP)).await,
            _ => listen(None).await,
        }
    });
}

async fn listen(cap: Option<u64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    let store = Arc::new(Store::new());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&store), request));
            // A client that goes away is none of the server's business.
            let _ =
                http1::Builder::new().serve_connection(TokioIo::new(Capped::new(stream, cap)), service).await;
        });
    }
}

/// What is known of the objects: how long they are.
struct Store {
    sizes: Mutex<HashMap<String, u64>>,
    /// Of the uploads under way, by key: there is one at a time.
    parts: Mutex<HashMap<String, u64>>,
    block: Bytes,
}

impl Store {
    fn new() -> Self {
        let block: Vec<u8> =
            (0..1_u32 << 20).map(|at| (at ^ (at >> 8) ^ (at >> 16)).to_le_bytes()[0]).collect();
        Self { sizes: Mutex::default(), parts: Mutex::default(), block: block.into() }
    }
}

type Answer = Response<Either<MadeUp, Full<Bytes>>>;

async fn answer(store: Arc<Store>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let (parts, body) = request.into_parts();
    let key = parts.uri.path().trim_start_matches('/').split_once('/').map(|(_, key)| key.to_owned());
    let key = key.unwrap_or_default();
    let query: HashMap<String, String> = parts.uri.query().unwrap_or_default().split('&').map(pair).collect();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    if parts.method == Method::GET || parts.method == Method::HEAD {
        return Ok(if query.contains_key("list-type") {
            list(&query)
        } else {
            get(&store, &key, header("range"), &parts.method)
        });
    }
    let received = match receive(body, header("x-amz-checksum-crc32")).await {
        Ok(received) => received,
        Err(status) => return Ok(empty(status)),
    };
    let size = header("x-amz-decoded-content-length").and_then(|size| size.parse().ok()).unwrap_or(received);
    let document = |text: &str| Response::new(Either::Right(Full::from(text.to_owned())));
    Ok(match (&parts.method, query.contains_key("uploadId")) {
        (&Method::PUT, true) => {
            *store.parts.lock().unwrap().entry(key).or_default() += size;
            stored()
        }
        (&Method::PUT, false) => {
            store.sizes.lock().unwrap().insert(key, size);
            stored()
        }
        (&Method::POST, true) => {
            let size = store.parts.lock().unwrap().remove(&key).unwrap_or(0);
            store.sizes.lock().unwrap().insert(key, size);
            document("<CompleteMultipartUploadResult><ETag>\"e\"</ETag></CompleteMultipartUploadResult>")
        }
        (&Method::POST, false) => {
            document("<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
        }
        _ => empty(StatusCode::NO_CONTENT),
    })
}

fn pair(pair: &str) -> (String, String) {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    (name.to_owned(), percent_decode_str(value).decode_utf8_lossy().into_owned())
}

fn empty(status: StatusCode) -> Answer {
    Response::builder().status(status).body(Either::Right(Full::default())).unwrap()
}

fn stored() -> Answer {
    Response::builder().header(header::ETAG, "\"e\"").body(Either::Right(Full::default())).unwrap()
}

/// Takes a body in, keeps nothing of it, and holds it to its checksum.
async fn receive(mut body: Incoming, checksum: Option<&str>) -> Result<u64, StatusCode> {
    let mut digest = Digest::new(CrcAlgorithm::Crc32IsoHdlc);
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
        if let Some(data) = frame.data_ref() {
            length += data.len() as u64;
            if checksum.is_some() {
                digest.update(data);
            }
        }
    }
    let crc = u32::try_from(digest.finalize()).unwrap();
    match checksum {
        Some(checksum) if STANDARD.encode(crc.to_be_bytes()) != checksum => Err(StatusCode::BAD_REQUEST),
        _ => Ok(length),
    }
}

/// An object of which the key says how long it is, or that was written.
fn get(store: &Store, key: &str, range: Option<&str>, method: &Method) -> Answer {
    let told = key.strip_prefix("bytes-").and_then(|size| size.parse().ok());
    let Some(size) = told.or_else(|| store.sizes.lock().unwrap().get(key).copied()) else {
        return empty(StatusCode::NOT_FOUND);
    };
    let range = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let range = range.map(|(first, last)| {
        let last = last.parse().unwrap_or(u64::MAX).min(size.saturating_sub(1));
        first.parse::<u64>().unwrap_or(0)..last + 1
    });
    let builder = Response::builder()
        .header(header::ETAG, "\"e\"")
        .header(header::LAST_MODIFIED, "Fri, 21 Dec 2012 00:00:00 GMT")
        .header(header::ACCEPT_RANGES, "bytes");
    let (builder, range) = match range {
        Some(range) => {
            let content_range = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
            (builder.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, content_range), range)
        }
        None => (builder, 0..size),
    };
    if method == Method::HEAD {
        return builder.header(header::CONTENT_LENGTH, size).body(Either::Right(Full::default())).unwrap();
    }
    let body = MadeUp { block: store.block.clone(), next: range.start, end: range.end };
    builder.body(Either::Left(body)).unwrap()
}

/// Bytes that come from nowhere.
pub(crate) struct MadeUp {
    block: Bytes,
    next: u64,
    end: u64,
}

impl MadeUp {
    pub(crate) fn new(length: u64) -> Self {
        Self { block: Store::new().block, next: 0, end: length }
    }
}

impl Body for MadeUp {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        const FRAME: u64 = 64 << 10;
        let left = self.end - self.next;
        if left == 0 {
            return Poll::Ready(None);
        }
        let at = self.next % self.block.len() as u64;
        let length = left.min(FRAME).min(self.block.len() as u64 - at);
        self.next += length;
        let at = usize::try_from(at).unwrap();
        let frame = self.block.slice(at..at + usize::try_from(length).unwrap());
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.next == self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end - self.next)
    }
}

/// A page of as many keys as the prefix says: `keys-1000000/`.
fn list(query: &HashMap<String, String>) -> Answer {
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let prefix = text("prefix");
    let keys: u64 = prefix.trim_start_matches("keys-").trim_end_matches('/').parse().unwrap_or(0);
    let first: u64 = text("continuation-token").parse().unwrap_or(0);
    let size = text("max-keys").parse().unwrap_or(1_000_u64).min(1_000);
    let end = (first + size).min(keys);
    let mut xml = format!("<ListBucketResult><Prefix>{prefix}</Prefix><KeyCount>{}</KeyCount>", end - first);
    for key in first..end {
        let _ = write!(
            xml,
            "<Contents><Key>{prefix}{key:09}</Key><LastModified>2012-12-21T00:00:00.000Z</LastModified>\
             <ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>{key}</Size>\
             <StorageClass>STANDARD</StorageClass></Contents>"
        );
    }
    if end < keys {
        let _ = write!(xml, "<NextContinuationToken>{end}</NextContinuationToken>");
    }
    let _ = write!(xml, "<IsTruncated>{}</IsTruncated></ListBucketResult>", end < keys);
    Response::new(Either::Right(Full::from(xml)))
}
