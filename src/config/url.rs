//! The address of a box: `http://HOST[:PORT]` and nothing more.

use std::net::Ipv4Addr;

use super::option::quoted;

/// What may stand there.
pub(super) const FORM: &str = "http://HOST[:PORT]";

/// The port of `http`.
pub(super) const HTTP_PORT: u16 = 80;

/// Host and port of `text`: an IPv4 address, or a host name in small letters. A GoIP speaks IPv4
/// only.
///
/// # Errors
/// Problem and cure. What could be a login in a URL is not repeated.
pub(super) fn parse(text: &str) -> Result<(String, u16), String> {
    // Which of the parts around an '@' is the password cannot be known in a URL that is wrong.
    if text.contains('@') {
        return Err(format!(
            "the URL holds a login; write only {FORM}, and the login in 'username' and 'password'"
        ));
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, text),
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (shown, cure) = (quoted(authority), quoted(&format!("http://{authority}")));
    match scheme.map(str::to_ascii_lowercase).as_deref() {
        Some("http") => {}
        Some("https") => {
            let cure = quoted(&format!("http://{}", host_of(authority)));
            return Err(format!("{shown} with https: the box speaks plain http only; write {cure}"));
        }
        Some(_) => return Err(format!("the scheme is not http; write {cure}")),
        None => return Err(format!("{shown} has no scheme; write {cure}")),
    }
    if !matches!(path, "" | "/") {
        let what = if path.starts_with('/') { "path" } else { "query" };
        return Err(format!("the URL has a {what}, and goipd knows the box's pages; write only {cure}"));
    }
    if authority.starts_with('[') || authority.matches(':').count() > 1 {
        return Err(format!("{shown} is an IPv6 address, and a GoIP has none; write its IPv4 address"));
    }
    let host = host_of(authority);
    if !is_host(host) {
        return Err(format!("{shown} is no host; write an address like '192.168.8.1' or a host name"));
    }
    let (host, port) = (host.to_ascii_lowercase(), &authority[host.len()..]);
    if port.is_empty() {
        return Ok((host, HTTP_PORT));
    }
    match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => match digits.parse() {
            Ok(port @ 1..) => Ok((host, port)),
            _ => Err(format!("{shown} has no port from 1 to 65535; leave it out for {HTTP_PORT}")),
        },
        _ => Err(format!("{shown} has rubbish behind the host; write only {FORM}")),
    }
}

/// What stands before the port.
fn host_of(authority: &str) -> &str {
    authority.split(':').next().unwrap_or_default()
}

/// Whether `host` is an IPv4 address or a host name. A last label of digits is of an address (RFC
/// 3696 clause 2), so `192.168.8.300` is not taken for a name that nobody can resolve.
fn is_host(host: &str) -> bool {
    let label = |l: &str| {
        let plain = l.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        plain && (1..=63).contains(&l.len()) && !l.starts_with('-') && !l.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    host.len() <= 253 && host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_taken_apart() {
        for (text, host, port) in [
            ("http://192.168.8.1", "192.168.8.1", 80),
            ("http://192.168.8.1/", "192.168.8.1", 80),
            ("HTTP://192.168.8.1:8080/", "192.168.8.1", 8080),
            ("http://127.0.0.1:65535", "127.0.0.1", 65535),
            ("http://GoIP-4_b.lan", "goip-4_b.lan", 80),
            ("http://goip", "goip", 80),
        ] {
            assert_eq!(parse(text), Ok((host.into(), port)), "{text}");
        }
    }

    #[test]
    fn every_mistake_has_its_own_cure() {
        for (text, expected) in [
            ("192.168.8.1", "'192.168.8.1' has no scheme; write 'http://192.168.8.1'"),
            ("192.168.8.1:81/x", "'192.168.8.1:81' has no scheme; write 'http://192.168.8.1:81'"),
            (
                "https://192.168.8.1:443/x",
                "'192.168.8.1:443' with https: the box speaks plain http only; write 'http://192.168.8.1'",
            ),
            ("ftp://goip", "the scheme is not http; write 'http://goip'"),
            (
                "http://goip/default/en_US/send.html",
                "the URL has a path, and goipd knows the box's pages; write only 'http://goip'",
            ),
            (
                "http://goip?u=admin",
                "the URL has a query, and goipd knows the box's pages; write only 'http://goip'",
            ),
            (
                "http://admin:hush@goip",
                "the URL holds a login; write only http://HOST[:PORT], and the login in 'username' and 'password'",
            ),
            ("http://", "'' is no host; write an address like '192.168.8.1' or a host name"),
            ("http://:80", "':80' is no host; write an address like '192.168.8.1' or a host name"),
            (
                "http://192.168.8.300",
                "'192.168.8.300' is no host; write an address like '192.168.8.1' or a host name",
            ),
            ("http://go ip", "'go ip' is no host; write an address like '192.168.8.1' or a host name"),
            ("http://a..b", "'a..b' is no host; write an address like '192.168.8.1' or a host name"),
            ("http://fd00::8", "'fd00::8' is an IPv6 address, and a GoIP has none; write its IPv4 address"),
            (
                "http://[fd00::8]:80",
                "'[fd00::8]:80' is an IPv6 address, and a GoIP has none; write its IPv4 address",
            ),
            ("http://goip:0", "'goip:0' has no port from 1 to 65535; leave it out for 80"),
            ("http://goip:65536", "'goip:65536' has no port from 1 to 65535; leave it out for 80"),
            ("http://goip:", "'goip:' has no port from 1 to 65535; leave it out for 80"),
            ("http://goip:+80", "'goip:+80' has rubbish behind the host; write only http://HOST[:PORT]"),
        ] {
            assert_eq!(parse(text), Err(expected.into()), "{text}");
        }
    }

    #[test]
    fn what_could_be_a_password_is_never_repeated() {
        for text in [
            "http://admin:hush@goip",
            "http://admin:hu/sh@goip",
            "http://goip?p=hush",
            "https://goip/send.html?p=hush",
            "goip/send.html?u=a@b&p=hush",
            "admin:hush@goip",
        ] {
            let error = parse(text).unwrap_err();
            assert!(!error.contains("hu"), "{text}: {error}");
        }
    }
}
