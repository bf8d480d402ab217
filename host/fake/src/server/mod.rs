//! The fake over HTTP/1.1, for clients in other processes and other languages.

mod connection;
mod control;
mod page;
mod state;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use s3s::Body;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::task::JoinSet;

use self::connection::{Line, Outgoing, Socket};
use crate::fake::FakeAws;
use crate::layer::{NoAnswer, SourceIp};

/// What `GET /_innkeeper/state` shows of S3.
#[cfg(test)]
pub(crate) fn s3_state(fake: &FakeAws) -> serde_json::Value {
    serde_json::to_value(state::State::of(fake).s3).unwrap()
}

/// How long requests that are under way when the server is to end may still take. A long poll would take up to 20 s.
const GRACE: Duration = Duration::from_secs(1);
/// How long to wait when the system has no more file descriptors, which only other connections' ends can change.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A [`FakeAws`] that listens: all of its services on one port, over HTTP/1.1 and without TLS.
///
/// Requests are answered as those of [`FakeAws::http_client`] are, faults included: one that cuts the connection cuts a
/// real one. Which service a request is for is told by its host where that is one of AWS's, and otherwise by its
/// signature. S3 takes path style (`http://127.0.0.1:4566/bucket/key`) and virtual-host style (`bucket.localhost:4566`,
/// `bucket.s3.eu-west-1.amazonaws.com`).
///
/// Beside AWS there are:
///
/// | request | does |
/// |---|---|
/// | `GET /_innkeeper/state` | shows everything that is in the fake, as JSON, or as a page to a browser |
/// | `POST /_innkeeper/reset` | [`FakeAws::reset`]; so does `POST /moto-api/reset`, which tests written for moto call |
/// | `GET /_innkeeper/faults` | lists the faults that are still to come |
/// | `POST /_innkeeper/faults` | adds one, or a list: documents of [`FaultRule`](crate::FaultRule) |
/// | `DELETE /_innkeeper/faults` | removes all |
///
/// A fake that listens wants [`Clock::real`](crate::Clock::real): sockets know no other, and clients sign with theirs.
/// Whoever can reach the port can read and change everything, so it should be one of the loopback interface.
///
/// ```no_run
/// use innkeeper_fake::{Clock, FakeAws, Server};
///
/// # async fn example() -> std::io::Result<()> {
/// let fake = FakeAws::builder().clock(Clock::real()).build();
/// let server = Server::bind(&fake, "127.0.0.1:0").await?;
/// println!("{}", server.url());
/// server.run(std::future::pending()).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    fake: FakeAws,
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes a port; port 0 is any that is free. From here on the system accepts connections, and [`run`](Self::run)
    /// answers them.
    ///
    /// # Errors
    ///
    /// The address cannot be resolved or is not this machine's, or the port is taken or not allowed.
    pub async fn bind(fake: &FakeAws, address: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { address: listener.local_addr()?, listener, fake: fake.clone() })
    }

    /// The address and the port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The endpoint URL for clients on this machine, such as `http://127.0.0.1:4566`.
    pub fn url(&self) -> String {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        format!("http://{}", SocketAddr::new(ip, self.address.port()))
    }

    /// Answers requests until `shutdown` is ready. Then no more connections are accepted, requests that are under way
    /// have another second, and idle connections are closed.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        let source = SourceIp(peer.ip());
                        connections.spawn(serve(self.fake.clone(), stream, source, graceful.watcher()));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(self.listener);
        let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
        connections.shutdown().await;
    }
}

async fn serve(fake: FakeAws, stream: TcpStream, source: SourceIp, watcher: Watcher) {
    // Answers are written in few pieces; none should wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let line = Line::default();
    let socket = Socket::new(stream, line.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(source);
        answer(fake.clone(), line.clone(), request)
    });
    // Header names as clients of HTTP/1.1 see them from AWS: S3's own are in lower case, and so are ours.
    let connection = http1::Builder::new().serve_connection(socket, service);
    if let Err(error) = watcher.watch(connection).await {
        // The client went away, spoke no HTTP, or a fault ended the connection.
        tracing::debug!(%error, "connection ended");
    }
}

type Answered = Response<Either<Outgoing, Full<Bytes>>>;

async fn answer(fake: FakeAws, line: Line, request: Request<Incoming>) -> Result<Answered, NoAnswer> {
    let request = match control::Control::of(request) {
        Ok(control) => return Ok(control.answer(&fake).await.map(Either::Right)),
        Err(request) => *request,
    };
    let layer = fake.layer();
    let exchange = layer.receive(request.map(Body::from)).await;
    layer.connect(&exchange).await;
    let answer = layer.answer(exchange).await?;
    Ok(answer.map(|body| Either::Left(Outgoing::new(body, line))))
}
