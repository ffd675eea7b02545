//! The tables of the sections `relay` and `client`.

use std::net::{IpAddr, SocketAddr};

use super::super::network::{self, Network};
use super::super::option::{Absent, Kind, Spec, quoted};
use super::super::relay::{Client, MAX_LISTEN, Relay};
use super::super::token::{MAX_TOKEN_CHARS, MIN_TOKEN_CHARS, TokenDigest, is_token};
use super::super::url;
use super::{QUIET_FORM, quiet};

/// The port of examples: what the relay listens on is always written out.
const EXAMPLE_PORT: u16 = 8037;

/// The options of a section of type `relay`.
pub(in super::super) const RELAY: &[Spec<Relay>] = &[
    Spec {
        name: "enabled",
        absent: Absent::Default("0"),
        kind: Kind::Bool(|relay, yes| relay.enabled = yes),
    },
    Spec {
        name: "listen",
        absent: Absent::Unset,
        kind: Kind::List {
            form: "ADDR:PORT",
            add: |relay, text| {
                let address = listen_address(text)?;
                if relay.listen.contains(&address) {
                    return Err(format!("{} stands there twice; remove one", quoted(text)));
                }
                if relay.listen.len() == MAX_LISTEN {
                    return Err(format!("more than {MAX_LISTEN} addresses; remove some"));
                }
                relay.listen.push(address);
                Ok(())
            },
        },
    },
    Spec {
        name: "name",
        absent: Absent::Unset,
        kind: Kind::List {
            form: "host name",
            add: |relay, text| {
                if !url::is_host(text) {
                    let cure = "write a name without scheme and port, like 'sms.example.org'";
                    return Err(format!("{} is no host name; {cure}", quoted(text)));
                }
                relay.names.push(text.to_ascii_lowercase());
                Ok(())
            },
        },
    },
    Spec {
        name: "cors_origin",
        absent: Absent::Unset,
        kind: Kind::List {
            form: url::ORIGIN_FORM,
            add: |relay, text| {
                relay.cors_origins.push(url::origin(text)?);
                Ok(())
            },
        },
    },
    Spec {
        name: "metrics_open",
        absent: Absent::Default("0"),
        kind: Kind::Bool(|relay, yes| relay.metrics_open = yes),
    },
    Spec {
        name: "max_connections",
        absent: Absent::Default("32"),
        kind: Kind::Number {
            min: 4,
            max: 256,
            unit: "",
            set: |relay, count| relay.max_connections = count as usize,
        },
    },
    Spec {
        name: "max_per_address",
        absent: Absent::Default("8"),
        kind: Kind::Number {
            min: 1,
            max: 256,
            unit: "",
            set: |relay, count| relay.max_per_address = count as usize,
        },
    },
    Spec {
        name: "head_timeout",
        absent: Absent::Default("10"),
        kind: Kind::Number { min: 1, max: 60, unit: "s", set: |relay, s| relay.head_timeout_s = s },
    },
    Spec {
        name: "body_timeout",
        absent: Absent::Default("20"),
        kind: Kind::Number { min: 1, max: 120, unit: "s", set: |relay, s| relay.body_timeout_s = s },
    },
    Spec {
        name: "idle_timeout",
        absent: Absent::Default("60"),
        kind: Kind::Number { min: 1, max: 3600, unit: "s", set: |relay, s| relay.idle_timeout_s = s },
    },
];

/// The options of a section of type `client`.
pub(in super::super) const CLIENT: &[Spec<Client>] = &[
    Spec {
        name: "token",
        absent: Absent::Unset,
        kind: Kind::Own {
            form: "text",
            set: |client, text| {
                if !is_token(text) {
                    return Err(format!(
                        "is no token; write {MIN_TOKEN_CHARS} to {MAX_TOKEN_CHARS} letters, digits and signs of \
                         ASCII, without blanks"
                    ));
                }
                client.token = TokenDigest::of(text);
                Ok(())
            },
        },
    },
    Spec {
        name: "token_hash",
        absent: Absent::Unset,
        kind: Kind::Own {
            form: "64 hex digits",
            set: |client, text| {
                // What stands here may be the token itself, by mistake.
                let problem = "is no SHA-256 digest; write the 64 hex digits of: printf %s TOKEN | sha256sum";
                client.token = TokenDigest::from_hex(text).ok_or(problem)?;
                Ok(())
            },
        },
    },
    Spec {
        name: "allow",
        absent: Absent::Required("send"),
        kind: Kind::List {
            form: "send, read, inbox, admin",
            add: |client, word| {
                match word {
                    "send" => client.allow.send = true,
                    "read" => client.allow.read = true,
                    "inbox" => client.allow.inbox = true,
                    "admin" => client.allow.admin = true,
                    _ => {
                        let cure = "write one of send, read, inbox, admin in each 'list allow' line";
                        return Err(format!("{} is not known; {cure}", quoted(word)));
                    }
                }
                Ok(())
            },
        },
    },
    Spec {
        name: "from",
        absent: Absent::Unset,
        kind: Kind::List {
            form: network::FORM,
            add: |client, text| {
                client.from.push(Network::parse(text)?);
                Ok(())
            },
        },
    },
    Spec {
        name: "lines",
        absent: Absent::Unset,
        // Whether there is such a line is seen when all devices are known.
        kind: Kind::List { form: "DEVICE[/N]", add: |_, _| Ok(()) },
    },
    Spec {
        name: "rate",
        absent: Absent::Unset,
        kind: Kind::Number {
            min: 1,
            max: 10_000,
            unit: "",
            set: |client, count| client.rate_per_min = Some(count),
        },
    },
    Spec {
        name: "daily",
        absent: Absent::Unset,
        kind: Kind::Number {
            min: 1,
            max: 100_000,
            unit: "",
            set: |client, count| client.daily = Some(count),
        },
    },
    Spec {
        name: "ttl",
        absent: Absent::Unset,
        kind: Kind::Number { min: 60, max: 2_592_000, unit: "s", set: |client, s| client.ttl_s = Some(s) },
    },
    Spec {
        name: "quiet",
        absent: Absent::Unset,
        kind: Kind::Own {
            form: QUIET_FORM,
            set: |client, text| {
                client.quiet = Some(quiet(text)?);
                Ok(())
            },
        },
    },
    Spec {
        name: "transactional",
        absent: Absent::Default("0"),
        kind: Kind::Bool(|client, yes| client.transactional = yes),
    },
];

/// A literal address with a port. Names are not looked up: what the relay listens on must not
/// depend on a server of names.
fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let shown = quoted(text);
    let (problem, cure) = match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().to_canonical() == address.ip() => return Ok(address),
        Ok(address) => {
            let v4 = SocketAddr::new(address.ip().to_canonical(), address.port());
            ("is IPv4 written as IPv6", v4.to_string())
        }
        Err(_) => {
            if let Ok(address) = text.parse::<IpAddr>() {
                ("has no port", SocketAddr::new(address, EXAMPLE_PORT).to_string())
            } else if let Ok(port) = text.trim_start_matches(':').parse::<u16>() {
                ("has no address", format!("127.0.0.1:{port}"))
            } else {
                let cure = "write one like '192.168.1.1:8037' or '[fd00::1]:8037'";
                return Err(format!("{shown} is no address with a port; {cure}"));
            }
        }
    };
    Err(format!("{shown} {problem}; write '{cure}'"))
}
