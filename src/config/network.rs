//! Whole networks of addresses: `192.168.1.0/24`, `fd00::/8`, or a single address.

use core::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::option::quoted;

/// What may stand there.
pub(super) const FORM: &str = "ADDR[/PREFIX]";

/// The addresses that begin with the same bits (RFC 4632 clause 3.1, RFC 4291 clause 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its first address: all bits behind the prefix are 0. Never IPv4 written as IPv6.
    first: IpAddr,
    /// How many bits its addresses have in common, 0 to 32 or 0 to 128.
    prefix_bits: u8,
}

impl Network {
    /// Whether `address` is one of it. IPv4 written as IPv6 (`::ffff:192.168.1.7`), as a socket
    /// for both reports it, is IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && masked(address, self.prefix_bits) == self.first
    }

    /// The network in `text`; an address without prefix is a network of its own.
    ///
    /// # Errors
    /// Problem and cure.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let shown = quoted(text);
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let Ok(address) = address.parse::<IpAddr>() else {
            return Err(format!("{shown} is no network; write one like '192.168.1.0/24' or 'fd00::/8'"));
        };
        if address.to_canonical() != address {
            let cure = quoted(&address.to_canonical().to_string());
            return Err(format!("{shown} is IPv4 written as IPv6; write it like {cure}"));
        }
        let most = width_bits(address);
        let digits = |p: &&str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
        let prefix_bits = match prefix {
            None => most,
            Some(prefix) => {
                let bits = Some(prefix).filter(digits).and_then(|p| p.parse().ok()).filter(|b| *b <= most);
                bits.ok_or_else(|| {
                    let cure = quoted(&format!("{address}/{most}"));
                    format!("{shown} has no prefix from 0 to {most}; a single address is {cure}")
                })?
            }
        };
        let network = Self { first: masked(address, prefix_bits), prefix_bits };
        if network.first != address {
            let cure = format!("write '{network}' for the network, or '{address}' for the one address");
            return Err(format!("{shown} has bits behind its prefix; {cure}"));
        }
        Ok(network)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix_bits)
    }
}

const fn width_bits(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// `address` with all bits behind the first `prefix_bits` taken out.
fn masked(address: IpAddr, prefix_bits: u8) -> IpAddr {
    let behind = u32::from(width_bits(address).saturating_sub(prefix_bits));
    match address {
        // A shift by the whole width is none at all to Rust, so it is named.
        IpAddr::V4(v4) => (v4 & Ipv4Addr::from(u32::MAX.checked_shl(behind).unwrap_or(0))).into(),
        IpAddr::V6(v6) => (v6 & Ipv6Addr::from(u128::MAX.checked_shl(behind).unwrap_or(0))).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_with_its_prefix() {
        for (network, inside, outside) in [
            (
                "192.168.1.0/24",
                "192.168.1.0 192.168.1.255 ::ffff:192.168.1.7",
                "192.168.2.0 192.168.0.255 ::192.168.1.7 c0a8:100::",
            ),
            ("192.168.1.7", "192.168.1.7 ::ffff:192.168.1.7", "192.168.1.6 192.168.1.8"),
            ("10.0.0.0/9", "10.127.255.255", "10.128.0.0 11.0.0.0"),
            ("0.0.0.0/0", "0.0.0.0 255.255.255.255 ::ffff:1.2.3.4", "::1 fd00::1"),
            ("fd00::/8", "fd00::1 fdff:ffff::1", "fe00::1 253.0.0.1 ::ffff:253.0.0.1"),
            ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"),
            ("::1", "::1", "::2 127.0.0.1"),
            ("::/0", "::1 fe80::1", "127.0.0.1 ::ffff:127.0.0.1"),
        ] {
            let parsed = Network::parse(network).unwrap();
            for address in inside.split(' ') {
                assert!(parsed.contains(address.parse().unwrap()), "{network} {address}");
            }
            for address in outside.split(' ') {
                assert!(!parsed.contains(address.parse().unwrap()), "{network} {address}");
            }
        }
    }

    #[test]
    fn every_mistake_has_its_own_cure() {
        for (text, expected) in [
            ("", "'' is no network; write one like '192.168.1.0/24' or 'fd00::/8'"),
            ("lan", "'lan' is no network; write one like '192.168.1.0/24' or 'fd00::/8'"),
            ("192.168.1", "'192.168.1' is no network; write one like '192.168.1.0/24' or 'fd00::/8'"),
            ("[::1]", "'[::1]' is no network; write one like '192.168.1.0/24' or 'fd00::/8'"),
            ("10.0.0.0/33", "'10.0.0.0/33' has no prefix from 0 to 32; a single address is '10.0.0.0/32'"),
            ("10.0.0.0/", "'10.0.0.0/' has no prefix from 0 to 32; a single address is '10.0.0.0/32'"),
            ("10.0.0.0/+8", "'10.0.0.0/+8' has no prefix from 0 to 32; a single address is '10.0.0.0/32'"),
            ("fd00::/129", "'fd00::/129' has no prefix from 0 to 128; a single address is 'fd00::/128'"),
            (
                "10.0.0.0/255.0.0.0",
                "'10.0.0.0/255.0.0.0' has no prefix from 0 to 32; a single address is '10.0.0.0/32'",
            ),
            (
                "192.168.1.5/24",
                "'192.168.1.5/24' has bits behind its prefix; write '192.168.1.0/24' for the network, or \
                 '192.168.1.5' for the one address",
            ),
            (
                "fd00::1/64",
                "'fd00::1/64' has bits behind its prefix; write 'fd00::/64' for the network, or 'fd00::1' \
                 for the one address",
            ),
            (
                "::ffff:10.0.0.1/128",
                "'::ffff:10.0.0.1/128' is IPv4 written as IPv6; write it like '10.0.0.1'",
            ),
        ] {
            assert_eq!(Network::parse(text), Err(expected.into()), "{text}");
        }
    }
}
