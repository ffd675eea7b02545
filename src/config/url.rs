//! The address of a box, `http://HOST[:PORT]` and nothing more; and the origin of a page in a
//! browser, which has the same form.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::option::quoted;

/// What may stand there.
pub(super) const FORM: &str = "http://HOST[:PORT]";

/// What may stand for a webhook.
pub(super) const WEBHOOK_FORM: &str = "http[s]://HOST[:PORT][/PATH]";

/// The package with the daemon that speaks https.
const HTTPS_PACKAGE: &str = "goipd-https";

/// What may stand for an origin.
pub(super) const ORIGIN_FORM: &str = "http[s]://HOST[:PORT]";

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

/// The origin in `text` as a browser sends it (RFC 6454 clause 6.2): in small letters, without
/// the scheme's own port.
///
/// # Errors
/// Problem and cure.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let shown = quoted(text);
    let lower = text.to_ascii_lowercase();
    if matches!(lower.as_str(), "*" | "null") {
        return Err(format!("{shown} would be every page of every site; name the page's own origin"));
    }
    let refused = || format!("{shown} is no origin; write one like 'https://panel.example.org'");
    let (scheme, rest) = lower.split_once("://").ok_or_else(refused)?;
    let own_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return Err(refused()),
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['/', '?', '#']) {
        let (authority, _) = authority.split_at(authority.find(['/', '?', '#']).unwrap_or(authority.len()));
        let cure = quoted(&format!("{scheme}://{authority}"));
        return Err(format!("{shown} has a path; write only {cure}"));
    }
    let (host, port) = match authority.strip_prefix('[').and_then(|a| a.split_once(']')) {
        Some((address, port)) if address.parse::<Ipv6Addr>().is_ok() => {
            (&authority[..authority.len() - port.len()], port)
        }
        Some(_) => return Err(refused()),
        None => {
            let host = host_of(authority);
            (is_host(host).then_some(host).ok_or_else(refused)?, &authority[host.len()..])
        }
    };
    let is_port = |p: &str| matches!(p.parse(), Ok(1_u16..)) && p.bytes().all(|b| b.is_ascii_digit());
    if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
        return Err(refused());
    }
    let port = if port == own_port { "" } else { port };
    Ok([scheme, "://", host, port].concat())
}

/// The URL of a webhook: host and port as in [`origin`], then a path, or `/` if there is none.
///
/// # Errors
/// Problem and cure. Neither a login nor the path is repeated: it may be a secret.
pub(super) fn webhook(text: &str) -> Result<String, String> {
    let scheme = text.find("://").map_or(0, |at| at + 3);
    let (start, path) =
        text.split_at(text[scheme..].find(['/', '?', '#']).map_or(text.len(), |at| scheme + at));
    if start.contains('@') {
        return Err("the URL holds a login; remove it, and have the receiver check the signature".into());
    }
    let shown = quoted(start);
    let Ok(base) = origin(start) else {
        return Err(format!(
            "{shown} is no address of a web server; write one like 'http://192.168.1.9/sms'"
        ));
    };
    if base.starts_with("https:") && !cfg!(feature = "https") {
        return Err(format!("{shown}: this goipd speaks no https; install the package '{HTTPS_PACKAGE}'"));
    }
    if base.starts_with("http://[") {
        return Err(format!("{shown} is an IPv6 address, which is not possible here; write a host name"));
    }
    if path.contains('#') || !path.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(
            "the path holds a '#', a blank or a letter outside of ASCII; write it as '%23', '%20', …".into(),
        );
    }
    Ok([base.as_str(), if path.starts_with('/') { "" } else { "/" }, path].concat())
}

/// What stands before the port.
fn host_of(authority: &str) -> &str {
    authority.split(':').next().unwrap_or_default()
}

/// Whether `host` is an IPv4 address or a host name. A last label of digits is of an address (RFC
/// 3696 clause 2), so `192.168.8.300` is not taken for a name that nobody can resolve.
pub(super) fn is_host(host: &str) -> bool {
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

    #[test]
    fn a_webhook_has_a_host_and_a_path() {
        for (text, expected) in [
            ("http://Crm.lan", "http://crm.lan/"),
            ("http://192.168.1.9:80/Sms/in?k=V", "http://192.168.1.9/Sms/in?k=V"),
            ("HTTP://crm:8080?x", "http://crm:8080/?x"),
        ] {
            assert_eq!(webhook(text), Ok(expected.into()), "{text}");
        }
        let path = "the path holds a '#', a blank or a letter outside of ASCII; write it as '%23', '%20', …";
        for (text, expected) in [
            ("crm/s3cret", "'crm' is no address of a web server; write one like 'http://192.168.1.9/sms'"),
            (
                "ftp://crm",
                "'ftp://crm' is no address of a web server; write one like 'http://192.168.1.9/sms'",
            ),
            (
                "http://a b/s3cret",
                "'http://a b' is no address of a web server; write one like 'http://192.168.1.9/sms'",
            ),
            (
                "http://me:s3cret@crm/",
                "the URL holds a login; remove it, and have the receiver check the signature",
            ),
            (
                "http://[fd00::1]/",
                "'http://[fd00::1]' is an IPv6 address, which is not possible here; write a host name",
            ),
            ("http://crm/a#s3cret", path),
            ("http://crm/a s3cret", path),
            ("http://crm/ä", path),
            ("http://crm/\r\nX: y", path),
        ] {
            assert_eq!(webhook(text), Err(expected.into()), "{text}");
        }
    }

    #[test]
    fn https_needs_a_goipd_that_speaks_it() {
        let expected = if cfg!(feature = "https") {
            Ok("https://crm.example.org/s3cret".into())
        } else {
            Err("'https://crm.example.org': this goipd speaks no https; install the package 'goipd-https'"
                .into())
        };
        assert_eq!(webhook("https://crm.example.org/s3cret"), expected);
    }

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for (text, expected) in [
            ("https://Panel.Example.org", "https://panel.example.org"),
            ("https://panel.example.org:443/", "https://panel.example.org"),
            ("http://panel:80", "http://panel"),
            ("http://panel:443", "http://panel:443"),
            ("HTTP://192.168.1.9:3000", "http://192.168.1.9:3000"),
            ("http://[fd00::1]", "http://[fd00::1]"),
            ("https://[fd00::1]:8443", "https://[fd00::1]:8443"),
        ] {
            assert_eq!(origin(text), Ok(expected.into()), "{text}");
        }
        for text in
            ["panel", "ftp://panel", "http://", "http://a b", "http://a:0", "http://a:b", "http://[x]"]
        {
            let expected = format!("'{text}' is no origin; write one like 'https://panel.example.org'");
            assert_eq!(origin(text), Err(expected), "{text}");
        }
        assert_eq!(
            origin("https://panel/x?y"),
            Err("'https://panel/x?y' has a path; write only 'https://panel'".into())
        );
        assert_eq!(
            origin("https://panel\n/x"),
            Err(r"'https://panel\n/x' has a path; write only 'https://panel\n'".into())
        );
        for text in ["*", "null"] {
            let expected = format!("'{text}' would be every page of every site; name the page's own origin");
            assert_eq!(origin(text), Err(expected));
        }
    }
}
