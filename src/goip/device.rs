//! One box as the configuration describes it: where it is and how it is logged in to. What is
//! said to it lives in `act` and `ask`.

use core::fmt;
use std::borrow::Cow;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

/// The most bytes a user name or a password may have: the box keeps no more of either.
pub const LOGIN_MAX_BYTES: usize = 128;

/// The port that goes without saying in a URL and a `Host` line.
const HTTP_PORT: u16 = 80;

/// A box and the login to it. Neither `Debug` nor any error shows the login.
#[derive(Clone, PartialEq, Eq)]
pub struct Device {
    /// An IPv4 address or a name that resolves to one. (An IPv6 address is not possible: the
    /// library that asks the box cannot be given one.)
    pub host: Box<str>,
    /// The TCP port of the box's web server.
    pub port: u16,
    /// The web login's user, at most [`LOGIN_MAX_BYTES`].
    pub username: Box<str>,
    /// The web login's password, at most [`LOGIN_MAX_BYTES`].
    pub password: Box<str>,
    /// How long one exchange with the box may take in all, in seconds, from 1. The time that
    /// looking up a name takes comes on top: it has the resolver's own limits.
    pub timeout_s: u8,
    /// How the operator behind the box wants numbers that begin with `+`.
    pub number_format: NumberFormat,
}

impl Device {
    /// The address that the host stands for now: names are looked up anew every time, because
    /// a router's own DHCP server may move the box.
    ///
    /// # Errors
    /// What the resolver said, or `AddrNotAvailable` where it knows no IPv4 address.
    pub(super) fn resolve(&self) -> io::Result<SocketAddr> {
        (&*self.host, self.port)
            .to_socket_addrs()?
            .find(SocketAddr::is_ipv4)
            .ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }
}

/// The place without the login.
impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("timeout_s", &self.timeout_s)
            .field("number_format", &self.number_format)
            .finish_non_exhaustive()
    }
}

/// `at` as a URL and a `Host` line name it.
pub(super) struct Authority(pub SocketAddr);

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.port() == HTTP_PORT { self.0.ip().fmt(f) } else { self.0.fmt(f) }
    }
}

/// What a line's operator wants in the place of a number's `+`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumberFormat {
    /// The `+` as it is.
    #[default]
    Keep,
    /// `00`.
    DoubleZero,
    /// Nothing.
    Strip,
}

impl NumberFormat {
    /// The word in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::DoubleZero => "00",
            Self::Strip => "strip",
        }
    }

    /// What that word means.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Keep, Self::DoubleZero, Self::Strip].into_iter().find(|f| f.as_str() == name)
    }

    /// `number` as the box is to dial it. Numbers without `+` stay as they are.
    pub fn apply(self, number: &str) -> Cow<'_, str> {
        match (self, number.strip_prefix('+')) {
            (Self::DoubleZero, Some(digits)) => ["00", digits].concat().into(),
            (Self::Strip, Some(digits)) => digits.into(),
            _ => number.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(host: &str) -> Device {
        Device {
            host: host.into(),
            port: 80,
            username: "adminuser".into(),
            password: "verysecret".into(),
            timeout_s: 1,
            number_format: NumberFormat::Keep,
        }
    }

    #[test]
    fn a_device_never_shows_its_login() {
        let shown = format!("{:?} {:#?}", device("box"), device("box"));
        assert!(shown.contains("box"));
        assert!(!shown.contains("verysecret") && !shown.contains("adminuser"), "{shown}");
    }

    #[test]
    fn a_host_is_an_ipv4_address_or_a_name_for_one() {
        assert_eq!(device("192.168.8.1").resolve().unwrap().to_string(), "192.168.8.1:80");
        assert!(device("localhost").resolve().unwrap().is_ipv4());
        assert!(device("::1").resolve().is_err());
    }

    #[test]
    fn the_usual_port_is_not_named() {
        assert_eq!(Authority(([192, 168, 8, 1], 80).into()).to_string(), "192.168.8.1");
        assert_eq!(Authority(([192, 168, 8, 1], 8080).into()).to_string(), "192.168.8.1:8080");
    }

    #[test]
    fn the_plus_becomes_what_the_operator_wants() {
        for (format, plus, national) in [
            ("keep", "+4915112345678", "0151"),
            ("00", "004915112345678", "0151"),
            ("strip", "4915112345678", "0151"),
        ] {
            let format = NumberFormat::from_name(format).unwrap();
            assert_eq!(format.apply("+4915112345678"), plus);
            assert_eq!(format.apply("0151"), national);
        }
        assert_eq!(NumberFormat::from_name("none"), None);
    }
}
