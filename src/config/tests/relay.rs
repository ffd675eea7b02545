use std::net::SocketAddr;

use super::*;
use crate::engine::Choice;
use crate::message::{ClientId, LineId};

/// A client that is right.
pub(super) const NAGIOS: &str =
    "config client 'nagios'\n\toption token 'hush-0123456789ab'\n\tlist allow 'send'\n";

/// The SHA-256 digest of that token, as `sha256sum` prints it.
const NAGIOS_HASH: &str = "a27a46476744c9715d15a77b2d62da6d6b9f854fef7e1aa7d5b268053a0a0fe4";

/// The errors of `sections` behind [`OFFICE`], from line 5 on.
fn error_behind(sections: &str) -> String {
    errors(&format!("{OFFICE}{sections}"))
}

/// The only error of [`NAGIOS`] with `line` behind it, in line 8.
fn client_error(line: &str) -> String {
    let errors = error_behind(&format!("{NAGIOS}{line}\n"));
    errors.strip_prefix("goipd:8: ").unwrap_or(&errors).into()
}

/// The only error of a relay with `line` behind it, in line 9.
fn relay_error(line: &str) -> String {
    let errors = error_behind(&format!("{NAGIOS}config relay lan\n{line}\n"));
    errors.strip_prefix("goipd:9: ").unwrap_or(&errors).into()
}

fn with(sections: &str) -> Config {
    config(&format!("{OFFICE}{sections}"))
}

#[test]
fn without_its_section_there_is_no_relay() {
    let config = with("");
    assert_eq!((config.relay, config.clients), (Relay::default(), Vec::new()));
    let relay = with("config relay lan\n").relay;
    assert!(!relay.enabled && !relay.metrics_open);
    assert_eq!((relay.listen.len(), relay.names.len(), relay.cors_origins.len()), (0, 0, 0));
    assert_eq!((relay.max_connections, relay.max_per_address), (32, 8));
    assert_eq!((relay.head_timeout_s, relay.body_timeout_s, relay.idle_timeout_s), (10, 20, 60));
}

#[test]
fn every_option_of_the_relay_reaches_its_place() {
    let relay = with(
        "config relay lan\n option enabled 1\n\
        list listen 192.168.1.1:8037\n list listen '[fd00::1]:80'\n list listen 127.0.0.1:0\n\
        list name SMS.example.org\n list name goip\n list cors_origin HTTPS://panel:443\n\
        option metrics_open 1\n option max_connections 256\n option max_per_address 1\n\
        option head_timeout 1\n option body_timeout 120\n option idle_timeout 3600\n",
    )
    .relay;
    let listen: Vec<SocketAddr> =
        ["192.168.1.1:8037", "[fd00::1]:80", "127.0.0.1:0"].map(|a| a.parse().unwrap()).into();
    assert_eq!(
        relay,
        Relay {
            enabled: true,
            listen,
            names: vec!["sms.example.org".into(), "goip".into()],
            cors_origins: vec!["https://panel".into()],
            metrics_open: true,
            max_connections: 256,
            max_per_address: 1,
            head_timeout_s: 1,
            body_timeout_s: 120,
            idle_timeout_s: 3600,
        }
    );
}

#[test]
fn every_option_of_a_client_reaches_its_place() {
    let text = "config client 'a'\n option token 'hush-0123456789ab'\n\
        list allow send\n list allow read\n list allow inbox\n list allow admin\n\
        list from 192.168.1.0/24\n list from fd00::1\n list lines office\n list lines b/2\n\
        option rate 10000\n option daily 100000\n option ttl 2592000\n\
        config device b\n option url http://b\n option username u\n option password p\n option lines 2\n";
    let config = with(text);
    let client = &config.clients[0];
    assert_eq!((client.name.as_str(), client.id()), ("a", ClientId::of("a")));
    assert_eq!(client.token, TokenDigest::of("hush-0123456789ab"));
    assert_eq!(client.allow, Allow { send: true, read: true, inbox: true, admin: true });
    assert_eq!(
        client.from.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["192.168.1.0/24", "fd00::1/128"]
    );
    // Lines are found whether their device stands above or below.
    assert_eq!(client.lines, [Choice::Device(0), Choice::Line(LineId { device: 1, line: 2 })]);
    assert_eq!(
        (client.rate_per_min, client.daily, client.ttl_s),
        (Some(10_000), Some(100_000), Some(2_592_000))
    );

    let client = &with(NAGIOS).clients[0];
    assert_eq!(client.allow, Allow { send: true, ..Allow::default() });
    assert_eq!((client.from.len(), client.lines.len()), (0, 0));
    assert_eq!((client.rate_per_min, client.daily, client.ttl_s), (None, None, None));
}

#[test]
fn a_token_and_its_digest_come_to_the_same() {
    let hashed = NAGIOS.replace("token 'hush-0123456789ab'", &format!("token_hash '{NAGIOS_HASH}'"));
    assert_eq!(with(&hashed), with(NAGIOS));
}

#[test]
fn a_list_of_one_may_stand_as_an_option() {
    assert_eq!(with(&NAGIOS.replace("list allow", "option allow")), with(NAGIOS));
}

#[test]
fn every_bad_value_of_the_relay_is_named_with_its_cure() {
    for (line, expected) in [
        ("list listen 8037", "option 'listen': '8037' has no address; write '127.0.0.1:8037'"),
        ("list listen :8037", "option 'listen': ':8037' has no address; write '127.0.0.1:8037'"),
        ("list listen 192.168.1.1", "option 'listen': '192.168.1.1' has no port; write '192.168.1.1:8037'"),
        ("list listen fd00::1", "option 'listen': 'fd00::1' has no port; write '[fd00::1]:8037'"),
        (
            "list listen '[::ffff:10.0.0.1]:80'",
            "option 'listen': '[::ffff:10.0.0.1]:80' is IPv4 written as IPv6; write '10.0.0.1:80'",
        ),
        (
            "list listen localhost:8037",
            "option 'listen': 'localhost:8037' is no address with a port; write one like '192.168.1.1:8037' or \
             '[fd00::1]:8037'",
        ),
        (
            "list listen ''",
            "option 'listen': '' is no address with a port; write one like '192.168.1.1:8037' or '[fd00::1]:8037'",
        ),
        (
            "list listen 10.0.0.1:1\nlist listen 10.0.0.1:1\nlist listen 10.0.0.2:1",
            "goipd:10: option 'listen': '10.0.0.1:1' stands there twice; remove one",
        ),
        (
            "list listen 10.0.0.1:1\noption listen 10.0.0.2:1",
            "goipd:10: option 'listen': stands in line 9 already; write all its values with 'list'",
        ),
        (
            "option enabled 1",
            "goipd:8: the relay is enabled and listens nowhere; add a line: list listen '192.168.1.1:8037'",
        ),
        (
            "list name sms.lan:80",
            "option 'name': 'sms.lan:80' is no host name; write a name without scheme and port, like 'sms.example.org'",
        ),
        (
            "list cors_origin panel",
            "option 'cors_origin': 'panel' is no origin; write one like 'https://panel.example.org'",
        ),
        ("option max_connections 3", "option 'max_connections': '3' is out of range; write 4 to 256"),
        ("option max_connections 257", "option 'max_connections': '257' is out of range; write 4 to 256"),
        ("option head_timeout 0", "option 'head_timeout': '0' is out of range; write 1 to 60 s"),
        ("config relay wan", "a second section of type 'relay'; put its options into the one of line 8"),
    ] {
        assert_eq!(relay_error(line), expected, "{line}");
    }
}

#[test]
fn the_relay_listens_on_8_addresses_at_most() {
    let listen =
        |count: u16| (1..=count).map(|port| format!("list listen 10.0.0.1:{port}\n")).collect::<String>();
    let text = |count| format!("config relay lan\n{}", listen(count));
    assert_eq!(with(&text(8)).relay.listen.len(), MAX_LISTEN);
    assert_eq!(error_behind(&text(9)), "goipd:14: option 'listen': more than 8 addresses; remove some");
}

#[test]
fn a_wildcard_address_needs_a_client() {
    for address in ["0.0.0.0:8037", "[::]:8037"] {
        for enabled in [0, 1] {
            let relay = format!(
                "config relay lan\noption enabled {enabled}\nlist listen 10.0.0.1:80\nlist listen {address}\n"
            );
            assert_eq!(
                error_behind(&relay),
                format!(
                    "goipd:8: option 'listen': '{address}' is every address, and there is no client; add a section: \
                     config client 'NAME', or listen on the address of one network"
                )
            );
            assert_eq!(with(&format!("{relay}{NAGIOS}")).relay.listen.len(), 2);
        }
    }
}

#[test]
fn every_bad_value_of_a_client_is_named_with_its_cure() {
    for (line, expected) in [
        (
            "list allow write",
            "option 'allow': 'write' is not known; write one of send, read, inbox, admin in each 'list allow' line",
        ),
        (
            "list allow 'read inbox'",
            "option 'allow': 'read inbox' is not known; write one of send, read, inbox, admin in each 'list allow' line",
        ),
        (
            "list from 192.168.1.5/24",
            "option 'from': '192.168.1.5/24' has bits behind its prefix; write '192.168.1.0/24' for the network, or \
             '192.168.1.5' for the one address",
        ),
        ("list lines lab", "option 'lines': 'lab' is not configured; the devices are: office"),
        ("list lines office/2", "option 'lines': 'office/2' is not configured; its only line is 'office/1'"),
        (
            "list lines office/+1",
            "option 'lines': 'office/+1' is not configured; its only line is 'office/1'",
        ),
        (
            "list lines office/0\nlist lines office",
            "option 'lines': 'office/0' is not configured; its only line is 'office/1'",
        ),
        ("option rate 0", "option 'rate': '0' is out of range; write 1 to 10000"),
        ("option daily 100001", "option 'daily': '100001' is out of range; write 1 to 100000"),
        ("option ttl 59", "option 'ttl': '59' is out of range; write 60 to 2592000 s"),
        (&format!("option token_hash {NAGIOS_HASH}"), "both 'token' and 'token_hash'; remove one of the two"),
        (
            "option tokn x",
            "unknown option 'tokn'; did you mean 'token'? Known here: token, token_hash, allow, from, lines, rate, \
             daily, ttl, quiet, transactional",
        ),
    ] {
        assert_eq!(client_error(line), expected, "{line}");
    }
    assert_eq!(
        error_behind(&NAGIOS.replace("hush-0123456789ab", "hush-0123456789")),
        "goipd:6: option 'token': is no token; write 16 to 256 letters, digits and signs of ASCII, without blanks"
    );
    assert_eq!(
        error_behind(&NAGIOS.replace("option token", "option token_hash")),
        "goipd:6: option 'token_hash': is no SHA-256 digest; write the 64 hex digits of: printf %s TOKEN | sha256sum"
    );
}

#[test]
fn a_client_needs_a_name_a_token_and_something_it_may_do() {
    assert_eq!(
        error_behind("config client a\n"),
        "goipd:5: option 'allow' is missing in this section of type 'client'; add a line: list allow 'send'\n\
         goipd:5: a client needs a token; add a line: option token '...', with 16 or more characters"
    );
    assert_eq!(
        error_behind(&NAGIOS.replace(" 'nagios'", "")),
        "goipd:5: a client needs a name; write it like: config client 'nagios'"
    );
    with(&NAGIOS.replace("nagios", &"n".repeat(32)));
    let long = error_behind(&NAGIOS.replace("nagios", &"n".repeat(33)));
    assert!(long.ends_with("is longer than 32 bytes; shorten it"), "{long}");
}

#[test]
fn two_clients_differ_in_what_messages_and_logins_tell_them_by() {
    let two = |name: &str, token: &str| {
        let first = NAGIOS.replace("nagios", "costarring");
        let second = NAGIOS.replace("nagios", name).replace("hush-0123456789ab", token);
        format!("{first}{second}")
    };
    with(&two("fluid", "another-0123456789"));
    // Two words with one FNV-1a hash.
    assert_eq!(
        error_behind(&two("liquid", "another-0123456789")),
        "goipd:8: messages cannot tell the client 'liquid' from 'costarring' of line 5; rename one"
    );
    assert_eq!(
        error_behind(&two("fluid", "hush-0123456789ab")),
        "goipd:9: option 'token': is that of the client of line 5 already; give each its own"
    );
}

#[test]
fn there_are_at_most_64_clients() {
    let clients = |count: usize| -> String {
        (0..count)
            .map(|n| format!("config client c{n}\noption token token-0123456789-{n}\nlist allow read\n"))
            .collect()
    };
    assert_eq!(with(&clients(MAX_RELAY_CLIENTS)).clients.len(), MAX_RELAY_CLIENTS);
    assert_eq!(error_behind(&clients(MAX_RELAY_CLIENTS + 1)), "goipd:197: more than 64 clients; remove some");
}

#[test]
fn neither_an_error_nor_debug_shows_a_token() {
    assert_eq!(format!("{:?}", TokenDigest::of("hush")), "TokenDigest");
    assert!(!format!("{:?}", with(NAGIOS)).contains("hush"));
    for text in [
        NAGIOS.replace("option token", "option tokn"),
        NAGIOS.replace("option token", "list token"),
        NAGIOS.replace("option token", "option token_hash"),
        NAGIOS.replace("0123456789ab", "short"),
        NAGIOS.replace("0123456789ab", "0123456789ab\u{e4}"),
        NAGIOS.replace("0123456789ab", &"hush".repeat(99)),
        format!("{NAGIOS}option token hush-hush-hush-hush"),
        format!("{NAGIOS}{}", NAGIOS.replace("nagios", "b")),
    ] {
        let error = parse(format!("{OFFICE}{text}").as_bytes(), "goipd").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
    }
}
