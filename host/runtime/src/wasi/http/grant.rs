//! Which outgoing requests the manifest grants: by scheme, host, port and method.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::uri::Authority;
use http::{Method, Uri};
use innkeeper_policy::Location;

use super::address::{self, AddressRange};

/// One `[[guest.NAME.wasi.http]]`: any of the methods, on any of the hosts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpGrant {
    /// `hosts`.
    pub hosts: Vec<HostPattern>,
    /// `methods`.
    pub methods: Vec<MethodPattern>,
    /// `addresses`: those that may be connected to although they are not on the public internet.
    pub addresses: Vec<AddressRange>,
    /// Where in the manifest it is written.
    pub location: Option<Location>,
}

/// A method that is granted: one, by its name, or `*` for all but CONNECT, which would make a tunnel of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MethodPattern {
    /// `*`
    Any,
    /// `GET`
    Only(Method),
}

/// Hosts that are granted: `api.example.com`, `*.example.com`, `http://localhost:8080`, `https://[2001:db8::1]`, `*`.
///
/// Without a scheme it is `https`, without a port the scheme's own; `:*` is any port. `*.` stands for one label or more, and not for
/// none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    scheme: Scheme,
    host: Host,
    port: Port,
}

/// The scheme of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Any,
    /// In lower case.
    Name(String),
    /// In lower case, with the dot that it begins with.
    Below(String),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    Any,
    Only(u16),
}

/// Why a text is no pattern of hosts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no host, such as `api.example.com`, `*.example.com` or `http://localhost:8080`: {reason}", .written.escape_debug())]
pub struct HostPatternError {
    written: String,
    reason: &'static str,
}

/// Why a text is no method.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MethodPatternError {
    /// It has not the form of one.
    #[error("`{}` is no method, such as `GET`, and not `*`", .0.escape_debug())]
    Form(String),
    /// Methods are compared with regard to case, and nobody has methods in lower case.
    #[error("`{written}` is no method of HTTP; did you mean `{}`?", .written.to_ascii_uppercase())]
    LowerCase {
        /// What was written.
        written: String,
    },
    /// It would make a tunnel, through which anything goes.
    #[error("`CONNECT` cannot be granted: it makes a tunnel, through which anything goes")]
    Connect,
}

/// Where a request wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) scheme: Scheme,
    /// In lower case, without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Target {
    /// What a URI names; `None` for one that no request can go to.
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        let scheme = match uri.scheme_str()? {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return None,
        };
        let authority = uri.authority()?;
        // `https://api.example.com@evil.example/`: what stands before the `@` is no host, and nothing that a request needs.
        if authority.as_str().contains('@') {
            return None;
        }
        let host = authority.host();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let port = port_of(authority, scheme)?;
        Some(Self { scheme, host: host.to_ascii_lowercase(), port }).filter(|target| !target.host.is_empty())
    }

    /// The address, where the host is one.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

/// The port, or the scheme's own. `None` where what stands behind the colon is none.
fn port_of(authority: &Authority, scheme: Scheme) -> Option<u16> {
    let (_, behind) = authority.as_str().split_at_checked(authority.host().len())?;
    match behind.strip_prefix(':') {
        None => Some(scheme.port()),
        Some(_) => authority.port_u16().filter(|port| *port != 0),
    }
}

/// `https://api.example.com`, `http://localhost:8080`: as a grant would name it.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme.as_str())?;
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        if self.port == self.scheme.port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

impl Scheme {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl HttpGrant {
    /// Whether it allows a method on a target.
    pub(super) fn allows(&self, method: &Method, target: &Target) -> bool {
        self.methods.iter().any(|granted| granted.matches(method))
            && self.hosts.iter().any(|granted| granted.matches(target))
    }

    /// Whether an address may be connected to for a target that the grant allows: one on the public internet, one that `addresses`
    /// names, or one that `hosts` names by itself.
    pub(super) fn permits(&self, target: &Target, address: IpAddr) -> bool {
        let is_named = |pattern: &HostPattern| {
            pattern.matches(target)
                && matches!(pattern.host, Host::Address(named)
                    if address::is_permitted(address, &[AddressRange::only(named)]))
        };
        address::is_permitted(address, &self.addresses) || self.hosts.iter().any(is_named)
    }
}

impl MethodPattern {
    fn matches(&self, method: &Method) -> bool {
        match self {
            Self::Any => *method != Method::CONNECT,
            Self::Only(granted) => granted == method,
        }
    }
}

impl FromStr for MethodPattern {
    type Err = MethodPatternError;

    fn from_str(text: &str) -> Result<Self, MethodPatternError> {
        match text {
            "*" => return Ok(Self::Any),
            _ if text.eq_ignore_ascii_case("CONNECT") => return Err(MethodPatternError::Connect),
            _ => {}
        }
        let is_plain =
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
        match Method::from_bytes(text.as_bytes()) {
            Ok(_) if is_plain && text.bytes().any(|byte| byte.is_ascii_lowercase()) => {
                Err(MethodPatternError::LowerCase { written: text.to_owned() })
            }
            Ok(method) if is_plain => Ok(Self::Only(method)),
            _ => Err(MethodPatternError::Form(text.to_owned())),
        }
    }
}

impl HostPattern {
    fn matches(&self, target: &Target) -> bool {
        let port = match self.port {
            Port::Any => true,
            Port::Only(port) => port == target.port,
        };
        let host = match &self.host {
            Host::Any => true,
            Host::Name(name) => *name == target.host,
            Host::Below(suffix) => {
                // A name below, not an address that happens to end so.
                target.address().is_none()
                    && target.host.strip_suffix(suffix.as_str()).is_some_and(|below| !below.is_empty())
            }
            Host::Address(address) => target.address().is_some_and(|found| found.to_canonical() == *address),
        };
        self.scheme == target.scheme && port && host
    }
}

impl FromStr for HostPattern {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, HostPatternError> {
        let wrong = |reason| HostPatternError { written: text.to_owned(), reason };
        let (scheme, rest) = match text.split_once("://") {
            Some(("https", rest)) => (Scheme::Https, rest),
            Some(("http", rest)) => (Scheme::Http, rest),
            Some(_) => return Err(wrong("the scheme has to be `https` or `http`")),
            None => (Scheme::Https, text),
        };
        if rest.contains(['/', '?', '#']) {
            return Err(wrong("a grant is for the whole of a host, so it can name no path"));
        }
        if rest.contains('@') {
            return Err(wrong("a host has no user before it"));
        }
        let (host, port) = split_port(rest);
        let port = match port {
            None => Port::Only(scheme.port()),
            Some("*") => Port::Any,
            Some(port) => Port::Only(
                port.parse()
                    .ok()
                    .filter(|number| *number != 0 && port.bytes().all(|byte| byte.is_ascii_digit()))
                    .ok_or_else(|| wrong("the port has to be a number from 1 to 65535, or `*`"))?,
            ),
        };
        let host = read_host(host).map_err(wrong)?;
        Ok(Self { scheme, host, port })
    }
}

/// Splits a port off, and leaves the colons of an IPv6 address in brackets.
fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    }
}

fn read_host(text: &str) -> Result<Host, &'static str> {
    if text == "*" {
        return Ok(Host::Any);
    }
    if let Some(address) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        let address: IpAddr = address.parse().map_err(|_| "there is no address in the brackets")?;
        return Ok(Host::Address(address.to_canonical()));
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return if address.is_ipv4() {
            Ok(Host::Address(address))
        } else {
            Err("an IPv6 address stands in brackets")
        };
    }
    let (name, is_below) = match text.strip_prefix("*.") {
        Some(name) => (name, true),
        None => (text, false),
    };
    let is_label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !label.is_empty() && label.len() <= 63 && label.bytes().all(plain)
    };
    if name.contains('*') {
        return Err("a `*` stands for whole labels at the beginning, `*.example.com`, or for all hosts");
    }
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Err("a name is made of letters, digits and `-`, in labels with dots between them");
    }
    // The resolver of the operating system takes `127.1`, `0x7f.1` and `2130706433` for addresses.
    if name.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit())) {
        return Err("the last label of a name begins with no digit, and this is no address");
    }
    let name = name.to_ascii_lowercase();
    Ok(if is_below { Host::Below(format!(".{name}")) } else { Host::Name(name) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(hosts: &[&str], methods: &[&str]) -> HttpGrant {
        HttpGrant {
            hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(),
            methods: methods.iter().map(|method| method.parse().unwrap()).collect(),
            addresses: Vec::new(),
            location: None,
        }
    }

    fn allows(hosts: &[&str], uri: &str) -> bool {
        let target = uri.parse().ok().and_then(|uri| Target::of(&uri));
        target.is_some_and(|target| grant(hosts, &["GET"]).allows(&Method::GET, &target))
    }

    #[test]
    fn a_name_is_that_name_on_that_port() {
        for uri in ["https://api.example.com/", "https://API.example.COM:443/a?b", "https://api.example.com"]
        {
            assert!(allows(&["api.example.com"], uri), "{uri}");
        }
        for uri in [
            "http://api.example.com/",
            "https://api.example.com:8443/",
            "https://example.com/",
            "https://xapi.example.com/",
            "https://api.example.com.evil.example/",
            "https://api.example.com./",
            "https://api.example.com@evil.example/",
            "https://user@api.example.com/",
            "https://api.example.com:0/",
            "https://api.example.com:/",
            "https://api.example.com:99999/",
            "ftp://api.example.com/",
            "/",
        ] {
            assert!(!allows(&["api.example.com"], uri), "{uri}");
        }
    }

    #[test]
    fn a_star_is_one_label_or_more() {
        for uri in ["https://a.example.com/", "https://a.b.example.com/"] {
            assert!(allows(&["*.example.com"], uri), "{uri}");
        }
        for uri in ["https://example.com/", "https://evilexample.com/", "https://a.example.com.evil/"] {
            assert!(!allows(&["*.example.com"], uri), "{uri}");
        }
        assert!(allows(&["*"], "https://anything.example/") && !allows(&["*"], "http://anything.example/"));
        assert!(allows(&["http://*:*"], "http://anything.example:1234/"));
    }

    #[test]
    fn an_address_is_that_address_however_it_is_written() {
        assert!(allows(&["http://127.0.0.1:8080"], "http://127.0.0.1:8080/"));
        assert!(allows(&["http://127.0.0.1"], "http://[::ffff:127.0.0.1]/"));
        assert!(allows(&["http://[::1]:8080"], "http://[0:0:0:0:0:0:0:1]:8080/"));
        assert!(!allows(&["http://127.0.0.1"], "http://127.1/"));
        assert!(!allows(&["http://127.0.0.1"], "http://127.0.0.2/"));
    }

    #[test]
    fn a_method_is_granted_by_its_name() {
        let target = Target::of(&"https://a.example/".parse().unwrap()).unwrap();
        let allows =
            |methods: &[&str], method: Method| grant(&["a.example"], methods).allows(&method, &target);
        assert!(allows(&["GET", "PUT"], Method::PUT) && !allows(&["GET", "PUT"], Method::POST));
        assert!(allows(&["*"], Method::DELETE) && !allows(&["*"], Method::CONNECT));
        assert!(allows(&["PURGE"], Method::from_bytes(b"PURGE").unwrap()));
        assert!(!allows(&["GET"], Method::from_bytes(b"get").unwrap()));
    }

    #[test]
    fn an_address_that_a_host_names_is_permitted_for_it_alone() {
        let grant = grant(&["http://127.0.0.1", "http://*"], &["GET"]);
        let target = |uri: &str| Target::of(&uri.parse().unwrap()).unwrap();
        let loopback = "127.0.0.1".parse().unwrap();
        assert!(grant.permits(&target("http://127.0.0.1/"), loopback));
        assert!(!grant.permits(&target("http://rebinding.example/"), loopback));
        assert!(grant.permits(&target("http://rebinding.example/"), "1.1.1.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_a_reason() {
        for text in [
            "",
            "https://",
            "ftp://a.example",
            "a.example/path",
            "user@a.example",
            "a..example",
            "*a.example",
            "a.*.example",
            "a.example:0",
            "a.example:x",
            "a.example:+80",
            "a.example:65536",
            "::1",
            "[::1",
            "[localhost]",
            "127.1",
            "2130706433",
            "bücher.example",
            "a b.example",
            ".example",
            "a.example.",
        ] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
        assert_eq!("connect".parse::<MethodPattern>(), Err(MethodPatternError::Connect));
        assert_eq!(
            "get".parse::<MethodPattern>(),
            Err(MethodPatternError::LowerCase { written: "get".to_owned() })
        );
        for text in ["", "G ET", "GET\r\n", "É"] {
            assert_eq!(
                text.parse::<MethodPattern>(),
                Err(MethodPatternError::Form(text.to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn a_target_is_shown_as_a_grant_would_name_it() {
        for text in ["https://a.example", "http://localhost:8080", "https://[2001:db8::1]"] {
            assert_eq!(Target::of(&text.parse().unwrap()).unwrap().to_string(), text);
        }
    }
}
