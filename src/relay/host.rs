//! By which names the relay may be called, and from which pages.
//!
//! A browser in the LAN runs the pages of strangers. One of them can ask any address in the LAN
//! under a name of its own, and read the answer, if it lets that name point there after it was
//! loaded (DNS rebinding); so names that are not the relay's are refused. And it can send forms to
//! any name without reading the answer; so what changes something is refused to pages from
//! elsewhere.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::denied::Denied;
use crate::config::Relay;
use crate::message::{ErrorCode, Quoted};

/// Domains that are nobody's on the internet, so that no stranger has a name there: OpenWrt's own,
/// mDNS (RFC 6762), home networks (RFC 8375), and the one reserved for private use.
const LOCAL_DOMAINS: [&str; 4] = ["lan", "local", "home.arpa", "internal"];

/// The relay's names, and the pages that may use it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    /// In small letters, without a dot at the end.
    names: Vec<String>,
    cors_origins: Vec<String>,
}

impl Hosts {
    /// The names and pages of the relay's section. The router's own names are `host_name`, as the
    /// kernel has it, its first label, and both in the domains of `resolv_conf`, the text of
    /// `/etc/resolv.conf`, and in those that are nobody's.
    pub fn new(relay: &Relay, host_name: &str, resolv_conf: &str) -> Self {
        let lower = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
        let host_name = lower(host_name.trim());
        let mut names = relay.names.iter().map(|name| lower(name)).collect::<Vec<_>>();
        names.push("localhost".into());
        if let Some(label) = host_name.split('.').next().filter(|label| !label.is_empty()) {
            names.push(label.into());
            let domains = LOCAL_DOMAINS.into_iter().chain(search_domains(resolv_conf)).map(lower);
            names.extend(domains.map(|domain| [label, ".", &domain].concat()));
            names.push(host_name);
        }
        Self { names, cors_origins: relay.cors_origins.clone() }
    }

    /// Whether a request may ask `host`, the value of its `Host` field or the authority of its
    /// target (RFC 9110 clause 7.2): an address, or one of the names. The port means nothing. A
    /// request of HTTP/1.0 may have none; no browser sends such a one.
    ///
    /// # Errors
    /// `forbidden`, with the option that would let it in.
    pub fn check_host(&self, host: Option<&str>) -> Result<(), Denied> {
        let Some(authority) = host else { return Ok(()) };
        let known = match host_of(authority) {
            Some(Host::Address) => true,
            Some(Host::Name(name)) => self.names.contains(&name),
            None => false,
        };
        if known {
            return Ok(());
        }
        let cure = "ask for an address, or add the name to the section of the relay with 'list name'";
        let message = format!("the relay is not called {}; {cure}", Quoted(authority));
        Err(Denied::new(ErrorCode::Forbidden, message))
    }

    /// Whether a page from `origin`, the value of the field `Origin` (RFC 6454 clause 7), may send
    /// a request that changes something to `host`: a page of the same host, whatever its port, or
    /// one of option `cors_origin`. Without `Origin` it is no page of another host that asks.
    ///
    /// # Errors
    /// `forbidden`, with the option that would let it in.
    pub fn check_origin(&self, origin: Option<&str>, host: Option<&str>) -> Result<(), Denied> {
        let Some(origin) = origin else { return Ok(()) };
        let page = origin.split_once("://").and_then(|(_, authority)| without_port(authority));
        let asked = host.and_then(without_port);
        let same_host = page.zip(asked).is_some_and(|(page, asked)| page.eq_ignore_ascii_case(asked));
        if same_host || self.shares_with(origin) {
            return Ok(());
        }
        let cure = "its origin would have to stand in the section of the relay as 'list cors_origin'";
        let message = format!("a page of {} may not do this; {cure}", Quoted(origin));
        Err(Denied::new(ErrorCode::Forbidden, message))
    }

    /// Whether a page from `origin` may read answers: then they carry it in
    /// `Access-Control-Allow-Origin`.
    pub fn shares_with(&self, origin: &str) -> bool {
        self.cors_origins.iter().any(|known| known.eq_ignore_ascii_case(origin))
    }
}

enum Host {
    /// An address: it cannot be made to point elsewhere.
    Address,
    /// In small letters, without a dot at the end.
    Name(String),
}

/// What `authority` names, its port left out; `None` if it names nothing.
fn host_of(authority: &str) -> Option<Host> {
    let host = without_port(authority)?;
    if host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok() {
        return Some(Host::Address);
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    (!name.is_empty()).then_some(Host::Name(name))
}

/// `HOST[:PORT]` without its port (RFC 3986 clause 3.2); an IPv6 address in its brackets. `None` if
/// it is not of that form.
fn without_port(authority: &str) -> Option<&str> {
    let end = match authority.strip_prefix('[') {
        Some(rest) => {
            let address = &rest[..rest.find(']')?];
            address.parse::<Ipv6Addr>().ok()?;
            address.len() + "[]".len()
        }
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(end);
    let is_port = |port: &str| port.strip_prefix(':').is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()));
    (port.is_empty() || is_port(port)).then_some(host)
}

/// The domains in which the resolver looks for names (resolv.conf(5)).
fn search_domains(resolv_conf: &str) -> impl Iterator<Item = &str> {
    let lines = resolv_conf.lines().map(str::split_ascii_whitespace);
    let lists = lines.filter_map(|mut words| matches!(words.next()?, "search" | "domain").then_some(words));
    lists.flatten().filter(|domain| domain.contains(|c| c != '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Hosts {
        let relay = Relay {
            names: vec!["sms.example.org".into()],
            cors_origins: vec!["https://panel.example.org".into(), "http://panel:3000".into()],
            ..Relay::default()
        };
        let resolv_conf =
            "# made by netifd\nsearch site.example. .\ndomain\toffice.example\nnameserver 127.0.0.1\n";
        Hosts::new(&relay, "OpenWrt\n", resolv_conf)
    }

    #[test]
    fn the_relay_is_called_by_addresses_and_its_names_at_any_port() {
        for host in [
            "192.168.1.1",
            "192.168.1.1:8037",
            "8.8.8.8",
            "[fd00::1]",
            "[fd00::1]:8037",
            "[::ffff:10.0.0.1]:1",
            "localhost",
            "LOCALHOST:8037",
            "openwrt",
            "OpenWrt:8037",
            "openwrt.lan",
            "openwrt.lan.:80",
            "openwrt.local",
            "openwrt.home.arpa",
            "openwrt.site.example",
            "openwrt.office.example:",
            "sms.example.org:443",
        ] {
            assert_eq!(hosts().check_host(Some(host)), Ok(()), "{host}");
        }
        assert_eq!(hosts().check_host(None), Ok(()));
    }

    #[test]
    fn other_names_and_what_is_no_name_are_refused() {
        for host in [
            "",
            ":8037",
            ".",
            "evil.example",
            "openwrt.evil.example",
            "openwrt.com",
            "openwrt.lan.evil.example",
            "sms.example.org.evil.example",
            "192.168.1.1.evil.example",
            "evil.example:192.168.1.1",
            "localhost:80:80",
            "localhost:x",
            "localhost..",
            "user@localhost",
            "192.168.1",
            "0x7f000001",
            "::1",
            "[::1",
            "[::1]80",
            "[]",
            "[localhost]",
            "[fe80::1%1]",
            "localhost,evil.example",
        ] {
            assert!(hosts().check_host(Some(host)).is_err(), "{host}");
        }
        assert_eq!(
            hosts().check_host(Some("evil.example:80")).unwrap_err().refusal.to_string(),
            "forbidden the relay is not called 'evil.example:80'; ask for an address, or add the name to the \
             section of the relay with 'list name'"
        );
    }

    #[test]
    fn a_router_whose_name_has_a_domain_is_called_with_and_without_it() {
        let hosts = |name: &str| Hosts::new(&Relay::default(), name, "");
        let long = hosts("gw.site.example");
        for (host, known) in [
            ("gw", true),
            ("gw.site.example", true),
            ("gw.lan", true),
            ("gw.site", false),
            ("site.example", false),
        ] {
            assert_eq!(long.check_host(Some(host)).is_ok(), known, "{host}");
        }
        for name in ["", "\n", "."] {
            assert!(hosts(name).check_host(Some("localhost")).is_ok());
            for host in ["", "lan", ".lan"] {
                assert!(hosts(name).check_host(Some(host)).is_err(), "{name:?} {host}");
            }
        }
    }

    #[test]
    fn a_page_changes_things_on_its_own_host_or_if_it_is_configured() {
        for (origin, host, may) in [
            (None, Some("192.168.1.1:8037"), true),
            (None, None, true),
            (Some("http://192.168.1.1"), Some("192.168.1.1:8037"), true),
            (Some("https://192.168.1.1:8443"), Some("192.168.1.1:8037"), true),
            (Some("http://[fd00::1]:80"), Some("[fd00::1]:8037"), true),
            (Some("http://OpenWrt"), Some("openwrt:8037"), true),
            (Some("https://panel.example.org"), Some("192.168.1.1"), true),
            (Some("HTTPS://Panel.example.org"), None, true),
            (Some("http://panel:3000"), Some("192.168.1.1"), true),
            (Some("http://panel.example.org"), Some("192.168.1.1"), false),
            (Some("http://panel"), Some("192.168.1.1"), false),
            (Some("http://192.168.1.2"), Some("192.168.1.1"), false),
            (Some("http://192.168.1.1.evil.example"), Some("192.168.1.1"), false),
            (Some("http://evil.example"), Some("192.168.1.1"), false),
            (Some("http://192.168.1.1"), None, false),
            (Some("192.168.1.1"), Some("192.168.1.1"), false),
            (Some("null"), Some("null"), false),
            (Some("null"), Some("192.168.1.1"), false),
            (Some(""), Some(""), false),
            (Some("http://[x"), Some("[x"), false),
        ] {
            assert_eq!(hosts().check_origin(origin, host).is_ok(), may, "{origin:?} {host:?}");
        }
        assert_eq!(
            hosts().check_origin(Some("http://evil.example"), Some("a")).unwrap_err().refusal.to_string(),
            "forbidden a page of 'http://evil.example' may not do this; its origin would have to stand in the \
             section of the relay as 'list cors_origin'"
        );
    }

    #[test]
    fn answers_are_shared_with_configured_pages_only() {
        for (origin, shared) in [
            ("https://panel.example.org", true),
            ("http://panel:3000", true),
            ("http://panel.example.org", false),
            ("http://192.168.1.1", false),
            ("null", false),
        ] {
            assert_eq!(hosts().shares_with(origin), shared, "{origin}");
        }
        assert!(!Hosts::new(&Relay::default(), "openwrt", "").shares_with("http://openwrt"));
    }
}
