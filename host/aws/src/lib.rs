//! AWS clients for a host of guests: cached, lazy, with an identity per guest.
//!
//! [`ClientFactory`] is the one place where credentials, regions and AWS clients exist. A caller describes what a guest's
//! calls run under in a [`Scope`], and gets the SDK's own clients for it:
//!
//! ```no_run
//! use innkeeper_aws::{Class, ClientFactory, Identity, Scope, Service};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let factory = ClientFactory::builder().region("eu-west-1".parse::<innkeeper_aws::Region>()?).build()?;
//!
//! let role = Identity::Profile("prod".into()).assume_role("arn:aws:iam::123456789012:role/thumbnailer");
//! let thumbnailer = Scope::builder().identity(role).guest("thumbnailer").build()?;
//! let bodies = thumbnailer.with_class(Class::of(Service::S3, "GetObject"));
//!
//! let caller = factory.caller_identity(&thumbnailer).await?;
//! println!("{} in {}", caller.arn, caller.region);
//!
//! let object = factory.s3(&bodies).await?.get_object().bucket("uploads").key("cat.jpg").send().await?;
//! println!("{:?} bytes", object.content_length());
//! # Ok(())
//! # }
//! ```
//!
//! # What holds
//!
//! - Two scopes that differ in identity (role, external id, session policy, ...), region, endpoint, class or guest never
//!   share a client. Keys hold secrets only as SHA-256 digests.
//! - Equal identities share credentials, whatever the guest. Temporary ones are replaced five minutes before they expire,
//!   in the background of a call and once for all; if that fails, the old ones are used until they expire.
//! - Credentials that AWS rejects as expired are loaded again once, and the call is tried again. What is rejected then is
//!   reported.
//! - Every guest has a retry budget of its own in every service and region.
//! - Instance metadata is never asked unless [`Compute::OnAws`] was said.
//! - A key pair of which one half is missing, a profile that does not exist, or a region that is no region is an error,
//!   and never a reason to use something else.
//!
//! # Secrets
//!
//! No `Display` and no `Debug` of this crate's types shows a secret key, a session token or a signature, and neither does
//! any log, at trace level either:
//!
//! - The SDK redacts `Authorization` and `x-amz-security-token` in what it logs of requests.
//! - Loads of credentials are not traced at all, because the SDK logs the bodies of requests, and those hold tokens.
//! - Error answers, which may quote the token and the signature of their request, are scrubbed before the SDK sees them.
//!
//! What the SDK does log at trace level is the bodies of guests' requests and answers: a host that must not keep those
//! sets `aws_smithy_runtime=debug` in its filter.

mod bounded;
mod builder;
mod cache;
mod caller;
mod class;
mod client;
mod credentials;
mod digest;
mod endpoint;
mod environment;
mod error;
mod event_stream;
mod factory;
mod host;
mod identity;
mod observe;
mod profiles;
mod region;
mod region_chain;
mod rejection;
mod scope;
mod scrub;
mod service;
mod service_endpoint;
mod service_http;
mod session;
mod signed;
mod stats;
mod xml_ends;

pub use builder::ClientFactoryBuilder;
pub use caller::CallerIdentity;
pub use class::{Class, ClassConfig, Classes, RetryMode, StallProtection};
pub use endpoint::{AddressingStyle, Endpoint};
pub use environment::{Compute, Environment};
pub use error::{
    ConfigurationError, CredentialsError, Error, ExternalId, Looked, ProfileFile, ProfileFileState,
    RegionError, RoleError, Source, SsoSessionState,
};
pub use factory::{ClientFactory, Filter};
pub use identity::{AssumeRole, Identity, StaticKeys, WebIdentity};
pub use observe::{AttemptObserver, observed};
pub use region::{Partition, Region};
pub use scope::{Scope, ScopeBuilder};
pub use service::Service;
pub use stats::Stats;
