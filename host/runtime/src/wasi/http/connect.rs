//! From a host's name to a connection, by way of the addresses that it may have.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::grant::{Scheme, Target};

/// How many of a host's addresses are tried: the first that answers is taken, and a name can have thousands.
const MAX_ADDRESSES: usize = 8;

/// Finds the addresses of hosts that guests ask for.
///
/// Whatever it answers, an address is connected to only if the guest's grant permits it.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// The addresses of a host, in the order in which they are to be tried. Called within a guest's request, and given up with it.
    ///
    /// # Errors
    ///
    /// Where the host has none, or nobody can be asked.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// How guests' requests reach their hosts. One for all guests of a host.
pub(crate) struct Connector {
    resolver: Arc<dyn Resolver>,
    tls: OnceLock<TlsConnector>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("`{host}` has no address")]
    NoAddress { host: String },
    #[error("the addresses of `{host}` cannot be found")]
    Resolve { host: String, source: io::Error },
    #[error("no address that may be connected to answers")]
    Connect(#[source] io::Error),
    #[error("no encrypted connection can be made")]
    Tls(#[source] io::Error),
    #[error("there is no connection in time")]
    Time,
}

/// What a request goes through.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Connector {
    pub(crate) fn new(resolver: Arc<dyn Resolver>) -> Self {
        Self { resolver, tls: OnceLock::new() }
    }

    /// The addresses of a target, the first few of them.
    pub(super) async fn resolve(&self, target: &Target, by: Instant) -> Result<Vec<IpAddr>, ConnectError> {
        if let Some(address) = target.address() {
            return Ok(vec![address]);
        }
        let host = || target.host.clone();
        let found = timeout_at(by, self.resolver.resolve(&target.host)).await;
        let found = found.map_err(|_| ConnectError::Time)?;
        let mut addresses = found.map_err(|source| ConnectError::Resolve { host: host(), source })?;
        addresses.truncate(MAX_ADDRESSES);
        if addresses.is_empty() { Err(ConnectError::NoAddress { host: host() }) } else { Ok(addresses) }
    }

    /// A connection to the first of the addresses that answers. Nothing is looked up again: the addresses are those that were
    /// decided on.
    pub(super) async fn connect(
        &self,
        target: &Target,
        addresses: &[IpAddr],
        by: Instant,
    ) -> Result<(Box<dyn Stream>, IpAddr), ConnectError> {
        timeout_at(by, self.connect_to_first(target, addresses)).await.unwrap_or(Err(ConnectError::Time))
    }

    async fn connect_to_first(
        &self,
        target: &Target,
        addresses: &[IpAddr],
    ) -> Result<(Box<dyn Stream>, IpAddr), ConnectError> {
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in addresses {
            match TcpStream::connect(SocketAddr::new(*address, target.port)).await {
                Ok(stream) => return Ok((self.secure(target, stream).await?, *address)),
                Err(error) => last = error,
            }
        }
        Err(ConnectError::Connect(last))
    }

    async fn secure(&self, target: &Target, stream: TcpStream) -> Result<Box<dyn Stream>, ConnectError> {
        if target.scheme == Scheme::Http {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(target.host.clone());
        let name = name.map_err(|error| ConnectError::Tls(io::Error::other(error)))?;
        let connected = self.tls().map_err(ConnectError::Tls)?.connect(name, stream).await;
        Ok(Box::new(connected.map_err(ConnectError::Tls)?))
    }

    /// TLS with the certificates that the machine trusts, which are read with the first request that needs them.
    fn tls(&self) -> io::Result<&TlsConnector> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls);
        }
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(error = error as &dyn std::error::Error, "a trusted certificate cannot be read");
        }
        roots.add_parsable_certificates(found.certs);
        // Named, since a process may have several and then has no default.
        let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(self.tls.get_or_init(|| TlsConnector::from(Arc::new(config))))
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}
