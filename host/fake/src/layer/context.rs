//! What the services are told of a request beside its input.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use crate::account::Caller;

/// The region of a request that names none.
pub(crate) const DEFAULT_REGION: &str = "us-east-1";

/// What the operations need to know about a request besides its input. Travels in the request's extensions.
#[derive(Clone, Debug)]
pub(crate) struct RequestContext {
    /// The region of the endpoint, if it is one of AWS's own.
    pub(crate) endpoint_region: Option<String>,
    /// The region of the endpoint, or of the signature where the endpoint has none.
    pub(crate) region: String,
    pub(crate) caller: Caller,
    /// By which the answer is known.
    pub(crate) request_id: String,
    /// Of the signature, if there is one.
    pub(crate) access_key_id: Option<Arc<str>>,
    /// How it is signed, as the condition keys `s3:signatureversion` and `s3:authType` name it.
    pub(crate) signature: Option<(&'static str, &'static str)>,
    /// When it was signed, of a presigned URL or form.
    pub(crate) presigned: Option<SystemTime>,
    /// Whether it came over https.
    pub(crate) is_secure: bool,
    /// The address that it came from, where it came over a network.
    pub(crate) source_ip: Option<IpAddr>,
}

/// The address that a request came from. Travels in the request's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SourceIp(pub(crate) IpAddr);

impl Default for RequestContext {
    /// That of a request of which nothing is known.
    fn default() -> Self {
        Self {
            endpoint_region: None,
            region: DEFAULT_REGION.to_owned(),
            caller: Caller::Anonymous,
            request_id: String::new(),
            access_key_id: None,
            signature: None,
            presigned: None,
            is_secure: false,
            source_ip: None,
        }
    }
}
