//! Endpoints given in place of AWS's own.

use crate::error::ConfigurationError;
use std::fmt;
use std::str::FromStr;
use url::Url;

/// How a bucket's name enters the address of an S3 request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AddressingStyle {
    /// `https://host/bucket/key`, which every S3-compatible server understands.
    #[default]
    Path,
    /// `https://bucket.host/key`, which needs a name server that knows every bucket.
    VirtualHost,
}

/// A validated URL of a service, in place of the one that AWS's endpoint rules give: a fake, a local stack, a VPC
/// endpoint.
///
/// Requests to it are signed as ever, so it learns signatures and bodies, but no secret key.
///
/// ```
/// use innkeeper_aws::Endpoint;
///
/// let endpoint: Endpoint = "http://localhost:9000".parse()?;
/// assert_eq!(endpoint.as_str(), "http://localhost:9000/");
/// assert!("https://user:secret@localhost/".parse::<Endpoint>().is_err());
/// # Ok::<(), innkeeper_aws::ConfigurationError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    url: Url,
    style: AddressingStyle,
}

impl Endpoint {
    /// Checks `url`: `http` or `https`, with a host, and without user, password, query and fragment. Requests for S3
    /// are in [`AddressingStyle::Path`].
    ///
    /// # Errors
    ///
    /// [`ConfigurationError::Endpoint`], which shows the URL only if nothing in it could be a password.
    pub fn new(url: &str) -> Result<Self, ConfigurationError> {
        let refuse = |shown: &str, reason| ConfigurationError::Endpoint { url: shown.to_owned(), reason };
        // A URL with an `@` may hold a password, wherever it stands, and is not repeated.
        let shown = if url.contains('@') { "…@…" } else { url };
        let url = Url::parse(url).map_err(|_| refuse(shown, "it is not a URL"))?;
        let reason = if !matches!(url.scheme(), "http" | "https") {
            "its scheme is neither `http` nor `https`"
        } else if !url.username().is_empty() || url.password().is_some() {
            "it has a user name or a password"
        } else if url.query().is_some() {
            "it has a query"
        } else if url.fragment().is_some() {
            "it has a fragment"
        } else if url.host_str().is_none_or(str::is_empty) {
            "it has no host"
        } else {
            return Ok(Self { url, style: AddressingStyle::default() });
        };
        Err(refuse(shown, reason))
    }

    /// Sets how a bucket's name enters the address of an S3 request.
    #[must_use]
    pub fn with_style(mut self, style: AddressingStyle) -> Self {
        self.style = style;
        self
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// How a bucket's name enters the address of an S3 request.
    pub fn style(&self) -> AddressingStyle {
        self.style
    }
}

impl FromStr for Endpoint {
    type Err = ConfigurationError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        Self::new(url)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("url", &self.as_str()).field("style", &self.style).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_may_have_a_port_and_a_path() {
        let endpoint = Endpoint::new("https://gateway.example:8443/s3").unwrap();
        assert_eq!(endpoint.as_str(), "https://gateway.example:8443/s3");
        assert_eq!(endpoint.style(), AddressingStyle::Path);
        let endpoint = endpoint.with_style(AddressingStyle::VirtualHost);
        assert_eq!(endpoint.style(), AddressingStyle::VirtualHost);
    }

    #[test]
    fn errors_when_an_endpoint_is_more_than_a_place() {
        for hostile in [
            "",
            "localhost:9000",
            "ftp://host/",
            "file:///etc/passwd",
            "https://user@host/",
            "https://user:pass@host/",
            "https://:pass@host/",
            "https://host/?x=y",
            "https://host/#x",
            "https://",
            "http:///path",
        ] {
            // `http:///path` has `path` for a host, as a browser reads it.
            if hostile == "http:///path" {
                assert_eq!(Endpoint::new(hostile).unwrap().as_str(), "http://path/");
                continue;
            }
            assert!(Endpoint::new(hostile).is_err(), "{hostile}");
        }
    }

    #[test]
    fn a_refused_endpoint_does_not_show_its_password() {
        let error = Endpoint::new("https://user:hunter2@host/").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
