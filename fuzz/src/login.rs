//! Who asks the HTTP relay, and by which name: the headers `Authorization`, `Host` and `Origin`.

use goipd::config::{self, Config};
use goipd::message::{ClientId, ErrorCode};
use goipd::relay::{Access, Denied, Hosts, Login};

use super::check_sentence;

/// The clients, and the names and pages of the relay.
const CONFIG: &[u8] =
    b"config device office\n option url http://10.0.0.1\n option username a\n option password b\n\
    config relay lan\n list name sms.example.org\n list cors_origin http://panel:3000\n\
    config client nagios\n option token 0123456789abcdef\n list allow send\n\
    config client boss\n option token s:0123456789abcdef\n list allow admin\n";

/// Their logins, the second of each encoded: `nagios:0123456789abcdef`, `boss:s:0123456789abcdef`.
const LOGINS: [(&str, [&str; 2]); 2] = [
    ("nagios", ["0123456789abcdef", "bmFnaW9zOjAxMjM0NTY3ODlhYmNkZWY="]),
    ("boss", ["s:0123456789abcdef", "Ym9zczpzOjAxMjM0NTY3ODlhYmNkZWY="]),
];

/// The names by which the relay may be called.
const NAMES: [&str; 9] = [
    "sms.example.org",
    "localhost",
    "openwrt",
    "openwrt.lan",
    "openwrt.local",
    "openwrt.home.arpa",
    "openwrt.internal",
    "openwrt.site.example",
    "openwrt.lan.site",
];

/// Three header values, a line each: a login is of a client only if it has that client's token,
/// whole and in its place; a host passes only if it is an address or one of the names; a page passes
/// only if it is of the same host, or configured.
pub fn login(bytes: &[u8]) {
    // A head with other bytes is refused before.
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let mut lines = text.splitn(3, '\n');
    let mut next = || lines.next().unwrap_or_default().trim_ascii();
    let (authorization, host, origin) = (next(), next(), next());
    let config = config::parse(CONFIG, "config").expect("a configuration");
    check_login(&config, authorization);
    let hosts = Hosts::new(&config.relay, "OpenWrt.lan.site", "search site.example\n");
    check_host(&hosts, host);
    check_origin(&hosts, origin, host);
}

fn check_login(config: &Config, header: &str) {
    let login = Login::from_header(header);
    let mut access = Access::default();
    access.configure(&config.clients);
    let peer = [192, 168, 1, 7].into();
    let found = access.login(0, peer, login.as_ref());
    let (scheme, rest) = header.split_once(' ').unwrap_or_default();
    let rest = rest.trim_ascii_start();
    let is_of = |encoded: usize, scheme_name: &str| {
        let client = LOGINS.iter().find(|(_, values)| values[encoded] == rest);
        client.filter(|_| scheme.eq_ignore_ascii_case(scheme_name)).map(|(name, _)| ClientId::of(name))
    };
    let expected = is_of(0, "Bearer").or(is_of(1, "Basic"));
    match found {
        Ok(id) => assert_eq!(Some(id), expected),
        Err(denied) => {
            assert_eq!(expected, None, "{header}");
            assert_eq!(denied.refusal.code, ErrorCode::Unauthorized);
            check_sentence(&denied.refusal.message);
        }
    }
    // Only what can be a login counts as a wrong one.
    assert_eq!(access.refused_logins() == 1, login.is_some() && expected.is_none());
}

fn check_host(hosts: &Hosts, host: &str) {
    let judged = hosts.check_host(Some(host));
    let lower = host.to_ascii_lowercase();
    assert_eq!(hosts.check_host(Some(&lower)).is_ok(), judged.is_ok(), "{host}");
    check_denied(&judged);
    if judged.is_ok() {
        let is_name = |name: &str| {
            let rest = lower.strip_prefix(name).map(|rest| rest.strip_prefix('.').unwrap_or(rest));
            rest.is_some_and(is_port)
        };
        assert!(NAMES.iter().any(|name| is_name(name)) || is_address(host), "{host}");
    }
}

fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
}

/// An address in the forms of the standard library, the port of any length or none.
fn is_address(host: &str) -> bool {
    let end = host.rfind(':').filter(|_| !host.ends_with(']')).unwrap_or(host.len());
    let (address, port) = host.split_at(end);
    let six = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let known = match six {
        Some(six) => six.parse::<core::net::Ipv6Addr>().is_ok(),
        None => address.parse::<core::net::Ipv4Addr>().is_ok(),
    };
    known && is_port(port)
}

fn check_origin(hosts: &Hosts, origin: &str, host: &str) {
    let judged = hosts.check_origin(Some(origin), Some(host));
    check_denied(&judged);
    assert_eq!(hosts.shares_with(origin), origin.eq_ignore_ascii_case("http://panel:3000"), "{origin}");
    if judged.is_ok() && !hosts.shares_with(origin) {
        let (_, page) = origin.split_once("://").expect("a page has a scheme");
        let name = |authority: &str| {
            let end = match authority.find(']') {
                Some(bracket) => bracket + 1,
                None => authority.find(':').unwrap_or(authority.len()),
            };
            authority[..end].to_ascii_lowercase()
        };
        assert_eq!(name(page), name(host), "{origin} {host}");
    }
}

fn check_denied(judged: &Result<(), Denied>) {
    if let Err(denied) = judged {
        assert_eq!(denied.refusal.code, ErrorCode::Forbidden);
        check_sentence(&denied.refusal.message);
    }
}
