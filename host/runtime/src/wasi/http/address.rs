//! Which addresses a guest's request may reach.
//!
//! A host name says nothing: whoever runs its DNS can point it at the loopback interface, the metadata service, or the printer next
//! door, and at something else a moment later. So each address is looked at when it is about to be connected to, and what is
//! connected to is the address that was looked at.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Where clouds keep the keys of the machine. A range that happens to hold one of them does not name it.
const METADATA: [IpAddr; 9] = [
    // EC2's instance metadata, and the same address in other clouds.
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    // ECS's credentials.
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    // EKS's pod identity.
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    // Azure's wire server.
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    // Google's.
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    // Alibaba's.
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    // Oracle's.
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
];

/// IPv4 that is not for everybody, by IANA's registry of special-purpose addresses.
const SPECIAL_V4: &[(Ipv4Addr, u8)] = &[
    // "This network": Linux takes 0.0.0.0 for the loopback interface.
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Between a provider and its customers; some clouds use it for services of their own.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    // The relays of 6to4, which end who knows where.
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, reserved, broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// What IPv6 has of the kind within 2000::/3. Outside of that nothing is for everybody.
const SPECIAL_V6: &[(Ipv6Addr, u8)] = &[
    // Of the IETF, among it Teredo, whose addresses hold an IPv4 address of anyone's choice.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // 6to4, which holds an IPv4 address too.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// The addresses of everybody.
const GLOBAL_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// A translator (NAT64) makes an IPv4 address of the last 32 bits.
const NAT64: (Ipv6Addr, u8) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// So do translators of a network's own, in a range below this one.
const LOCAL_NAT64: (Ipv6Addr, u8) = (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48);

/// Addresses that a grant names: `10.1.2.3`, `10.1.0.0/16`, `fd00::/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRange {
    first: IpAddr,
    bits: u8,
}

/// Why a text is no address and no range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressRangeError {
    /// It has not the form of one.
    #[error("`{}` is no address and no range, such as `10.1.2.3` or `10.1.0.0/16`", .0.escape_debug())]
    Form(String),
    /// It names an address in the middle of a range.
    #[error("`{written}` is no range: its first address is `{first}`")]
    NotFirst {
        /// What was written.
        written: String,
        /// The first address of the range that was most likely meant.
        first: IpAddr,
    },
}

impl AddressRange {
    /// One address.
    pub(super) fn only(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { first: address, bits: width(address) }
    }

    /// Whether it names this address.
    fn names(&self, address: IpAddr) -> bool {
        if is_metadata(address) {
            return self.first == address && self.bits == width(address);
        }
        network(address, self.bits).is_some_and(|first| first == self.first)
    }
}

impl FromStr for AddressRange {
    type Err = AddressRangeError;

    fn from_str(text: &str) -> Result<Self, AddressRangeError> {
        let form = || AddressRangeError::Form(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().map_err(|_| form())?;
        let Some(bits) = bits else { return Ok(Self::only(written)) };
        let is_number = !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit());
        let bits: u8 = bits.parse().ok().filter(|_| is_number).ok_or_else(form)?;
        match network(written, bits) {
            Some(first) if first == written => Ok(Self { first, bits }),
            Some(first) => Err(AddressRangeError::NotFirst { written: text.to_owned(), first }),
            None => Err(form()),
        }
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        if self.bits == width(self.first) { Ok(()) } else { write!(f, "/{}", self.bits) }
    }
}

/// Whether an address may be connected to by a grant that names these.
pub(super) fn is_permitted(address: IpAddr, named: &[AddressRange]) -> bool {
    // `::ffff:127.0.0.1` is 127.0.0.1 in other words, and the operating system connects to the same.
    let address = address.to_canonical();
    named.iter().any(|range| range.names(address)) || is_everybodys(address)
}

/// Whether an address is on the public internet.
fn is_everybodys(address: IpAddr) -> bool {
    if is_metadata(address) {
        return false;
    }
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|(first, bits)| within_v4(address, *first, *bits)),
        IpAddr::V6(address) if within_v6(address, NAT64) => is_everybodys(translated(address).into()),
        IpAddr::V6(address) => {
            within_v6(address, GLOBAL_V6) && !SPECIAL_V6.iter().any(|range| within_v6(address, *range))
        }
    }
}

/// Whether an address, or what a translator makes of it, is one at which a cloud keeps keys.
fn is_metadata(address: IpAddr) -> bool {
    let translated = match address {
        IpAddr::V6(address) if within_v6(address, NAT64) || within_v6(address, LOCAL_NAT64) => {
            Some(IpAddr::V4(translated(address)))
        }
        _ => None,
    };
    METADATA.contains(&address) || translated.is_some_and(|address| METADATA.contains(&address))
}

/// What a translator makes of an address.
fn translated(address: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}

fn within_v4(address: Ipv4Addr, first: Ipv4Addr, bits: u8) -> bool {
    network(address.into(), bits) == Some(first.into())
}

fn within_v6(address: Ipv6Addr, (first, bits): (Ipv6Addr, u8)) -> bool {
    network(address.into(), bits) == Some(first.into())
}

/// The first address of the range of so many bits that an address is in; `None` for more bits than it has.
fn network(address: IpAddr, bits: u8) -> Option<IpAddr> {
    let left = u32::from(width(address).checked_sub(bits)?);
    // A shift by all of the bits, for a range of none, leaves nothing.
    Some(match address {
        IpAddr::V4(address) => {
            Ipv4Addr::from_bits(address.to_bits() & u32::MAX.checked_shl(left).unwrap_or(0)).into()
        }
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & u128::MAX.checked_shl(left).unwrap_or(0)).into()
        }
    })
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permitted(address: &str, named: &[&str]) -> bool {
        let named: Vec<AddressRange> = named.iter().map(|range| range.parse().unwrap()).collect();
        is_permitted(address.parse().unwrap(), &named)
    }

    #[test]
    fn the_public_internet_is_permitted() {
        for address in [
            "1.1.1.1",
            "52.94.5.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "223.255.255.255",
        ] {
            assert!(permitted(address, &[]), "{address}");
        }
        for address in ["2606:4700:4700::1111", "2a05:d018::1", "64:ff9b::101:101", "::ffff:1.1.1.1"] {
            assert!(permitted(address, &[]), "{address}");
        }
    }

    #[test]
    fn what_is_near_the_host_is_not() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.0.1",
            "169.254.169.254",
            "169.254.170.2",
            "168.63.129.16",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            assert!(!permitted(address, &[]), "{address}");
            assert!(!permitted(&format!("::ffff:{address}"), &[]), "mapped {address}");
            assert!(!permitted(&format!("64:ff9b::{address}"), &[]), "translated {address}");
            assert!(!permitted(&format!("::{address}"), &[]), "compatible {address}");
        }
        for address in [
            "::",
            "::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "fc00::1",
            "fd00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2001:0:7f00:1::",
            "64:ff9b:1::1",
            "100::1",
            "3fff::1",
            "5f00::1",
            "4000::1",
        ] {
            assert!(!permitted(address, &[]), "{address}");
        }
    }

    #[test]
    fn what_is_named_is_permitted_and_nothing_beside_it() {
        assert!(permitted("127.0.0.1", &["127.0.0.1"]));
        assert!(permitted("::ffff:127.0.0.1", &["127.0.0.1"]));
        assert!(permitted("127.0.0.1", &["::ffff:127.0.0.1"]));
        assert!(!permitted("127.0.0.2", &["127.0.0.1"]));
        assert!(permitted("10.1.255.255", &["10.1.0.0/16"]) && !permitted("10.2.0.0", &["10.1.0.0/16"]));
        assert!(permitted("fd12::1", &["fd00::/8"]) && !permitted("fc12::1", &["fd00::/8"]));
        assert!(permitted("fe80::1", &["::/0"]) && !permitted("127.0.0.1", &["::/0"]));
    }

    #[test]
    fn a_range_does_not_name_the_metadata_service() {
        assert!(!permitted("169.254.169.254", &["169.254.0.0/16", "0.0.0.0/0"]));
        assert!(!permitted("fd00:ec2::254", &["fd00::/8", "::/0"]));
        assert!(!permitted("fd20:ce::254", &["fd00::/8"]));
        assert!(!permitted("100.100.100.200", &["100.64.0.0/10"]));
        assert!(!permitted("192.0.0.192", &["192.0.0.0/24"]));
        // Nor what a translator makes it of.
        for range in ["64:ff9b::/96", "::/0"] {
            assert!(!permitted("64:ff9b::a9fe:a9fe", &[range]), "{range}");
            assert!(permitted("64:ff9b::a00:1", &[range]), "{range}");
        }
        assert!(!permitted("64:ff9b:1::a9fe:a9fe", &["64:ff9b:1::/48"]));
        assert!(permitted("64:ff9b::a9fe:a9fe", &["64:ff9b::a9fe:a9fe"]));
        assert!(permitted("169.254.169.254", &["169.254.169.254"]));
        assert!(permitted("169.254.169.254", &["169.254.169.254/32"]));
    }

    #[test]
    fn ranges_are_read_and_shown() {
        for text in ["10.0.0.0/8", "10.1.2.3", "fd00::/8", "::1"] {
            assert_eq!(text.parse::<AddressRange>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "localhost",
            "10",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "::/129",
            "10.0.0.0/8/8",
            "010.0.0.1",
        ] {
            assert_eq!(text.parse::<AddressRange>(), Err(AddressRangeError::Form(text.to_owned())), "{text}");
        }
        let error = "10.1.2.3/8".parse::<AddressRange>().unwrap_err();
        assert_eq!(error.to_string(), "`10.1.2.3/8` is no range: its first address is `10.0.0.0`");
    }
}
