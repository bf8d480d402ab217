//! Connections: real ones, to this machine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use http_body_util::Empty;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use innkeeper_aws::{Class, ClientFactory, Endpoint, Environment, Identity, Region, Scope, StaticKeys};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

/// Answers everything with 200, and counts its connections and requests.
async fn serve() -> (Endpoint, Arc<Counts>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let counts = Arc::<Counts>::default();
    let counters = Arc::clone(&counts);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            counters.connections.fetch_add(1, Ordering::SeqCst);
            let counters = Arc::clone(&counters);
            let answer = service_fn(move |_| {
                counters.requests.fetch_add(1, Ordering::SeqCst);
                async { Ok::<_, Infallible>(http::Response::new(Empty::<bytes::Bytes>::new())) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
    (endpoint, counts)
}

#[tokio::test]
async fn the_clients_of_all_guests_share_connections() {
    let (endpoint, counts) = serve().await;
    let files: [(&str, &str); 0] = [];
    let environment = Environment::fixed([("HOME", "/h")], files);
    let region = Region::new("eu-west-1").unwrap();
    let factory = ClientFactory::builder().environment(environment).region(region).build().unwrap();
    for guest in 0..20 {
        let keys = StaticKeys::new(format!("AKID{guest}"), "secret");
        for class in [Class::STANDARD, Class::DATA, Class::PROBE] {
            let scope = Scope::builder()
                .identity(Identity::Static(keys.clone()))
                .endpoint(endpoint.clone())
                .guest(format!("guest{guest}"))
                .class(class)
                .build()
                .unwrap();
            let s3 = factory.s3(&scope).await.unwrap();
            s3.put_object().bucket("bucket").key("k").send().await.unwrap();
        }
    }
    assert_eq!(counts.connections.load(Ordering::SeqCst), 1);
    assert_eq!(counts.requests.load(Ordering::SeqCst), 60);
}
