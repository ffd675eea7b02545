//! Every route of the relay and every code that it answers, over TCP. `tests/relay.rs` follows
//! what the routes do; here is who gets which answer, and what its head says.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::{Read, Write};
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::time::Instant;

use common::relay::{ADMIN, Answer, Relay, SEND_ONLY, TOKEN, addresses, read_answer, request};
use common::{PATIENCE, quick_box, slow_box, wait_for};

/// Of a client that may read and nothing else.
const READ_ONLY: &str = "a-token-for-panels";

const READ_ONLY_CLIENT: &str =
    "config client 'panel'\n option token 'a-token-for-panels'\n list allow 'read'";

/// Every route of the clean API that takes a login: method, target, what it takes of a client, and
/// its other methods.
const ROUTES: [(&str, &str, Need, &str); 7] = [
    ("POST", "/v1/messages", Need::Send, "GET, HEAD, POST, OPTIONS"),
    ("GET", "/v1/messages", Need::Read, "GET, HEAD, POST, OPTIONS"),
    ("GET", "/v1/messages/1", Need::Read, "GET, HEAD, DELETE, OPTIONS"),
    ("DELETE", "/v1/messages/1", Need::Send, "GET, HEAD, DELETE, OPTIONS"),
    ("GET", "/v1/inbox", Need::Inbox, "GET, HEAD, OPTIONS"),
    ("GET", "/v1/lines", Need::Read, "GET, HEAD, OPTIONS"),
    ("GET", "/metrics", Need::Read, "GET, HEAD, OPTIONS"),
];

/// Those that take none.
const OPEN: [&str; 2] = ["/health", "/openapi.json"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Send,
    Read,
    Inbox,
}

/// A relay with one message, which is on its way for as long as a test lasts.
fn relay() -> (goip_sim::Sim, Relay) {
    let sim = slow_box();
    let relay = Relay::start_with(&sim, "", READ_ONLY_CLIENT);
    assert_eq!(relay.post(r#"{"to":"12","text":"x","line":"office/1"}"#).status, 202);
    wait_for("it is sent", || relay.get("/v1/messages/1").body.contains(r#""state":"sending""#));
    (sim, relay)
}

fn told(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.error())
}

/// A request with one more line in its head.
fn with(line: &str, request: &str) -> String {
    request.replacen("Host:", &format!("{line}\r\nHost:"), 1)
}

/// A page of the box with a Basic login: `panel`, `siren` and `nagios` with their tokens.
fn basic(method: &str, page: &str, login: &str, body: &str) -> String {
    let len = body.len();
    let login = if login.is_empty() { String::new() } else { format!("Authorization: Basic {login}\r\n") };
    format!(
        "{method} /default/en_US/{page} HTTP/1.1\r\nHost: localhost\r\n{login}Content-Length: {len}\r\n\r\n{body}"
    )
}

const NAGIOS: &str = "bmFnaW9zOjAxMjM0NTY3ODlhYmNkZWY=";
const PANEL: &str = "cGFuZWw6YS10b2tlbi1mb3ItcGFuZWxz";
const SIREN: &str = "c2lyZW46YS10b2tlbi1mb3ItYWxhcm1z";

#[test]
fn whoever_has_no_login_or_not_the_right_is_told_so_at_every_route() {
    let (_sim, relay) = relay();
    for (method, target, need, _) in ROUTES {
        let bare = relay.raw(format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
        assert_eq!(told(&bare), (401, "unauthorized"), "{method} {target}");
        assert_eq!(bare.header("WWW-Authenticate"), Some("Bearer"), "{method} {target}");
        let (without, word) = match need {
            Need::Send => (READ_ONLY, "'send'"),
            Need::Read => (SEND_ONLY, "'read'"),
            Need::Inbox => (READ_ONLY, "'inbox'"),
        };
        let denied = relay.request(method, target, without, "");
        assert_eq!(told(&denied), (403, "forbidden"), "{method} {target}");
        assert!(denied.body.contains(&format!("list allow {word}")), "{denied:?}");
    }
    let denied = relay.request("GET", "/v1/events", SEND_ONLY, "");
    assert_eq!(told(&denied), (403, "forbidden"));
    let bare = relay.raw(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(told(&bare), (401, "unauthorized"));
    for target in OPEN {
        let bare = relay.raw(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
        assert_eq!(bare.status, 200, "{target}");
    }
}

#[test]
fn every_route_names_its_methods_and_refuses_the_others() {
    let (_sim, relay) = relay();
    let known = ROUTES.iter().map(|(_, target, _, allow)| (*target, *allow));
    let more = [
        ("/v1/events", "GET, HEAD, OPTIONS"),
        ("/health", "GET, HEAD, OPTIONS"),
        ("/openapi.json", "GET, HEAD, OPTIONS"),
        ("/default/en_US/send.html", "GET, HEAD, POST, OPTIONS"),
        ("/default/en_US/send_status.xml", "GET, HEAD, POST, OPTIONS"),
        ("/default/en_US/send_sms_status.xml", "GET, HEAD, OPTIONS"),
        ("/default/en_US/tools.html?type=sms", "GET, HEAD, OPTIONS"),
        ("/default/en_US/tools.html?type=sms_inbox", "GET, HEAD, OPTIONS"),
        ("/default/en_US/sms_info.html?type=sms", "POST, OPTIONS"),
        ("/default/en_US/status.xml?type=list", "GET, HEAD, OPTIONS"),
    ];
    for (target, allow) in known.chain(more) {
        let options = relay.request("OPTIONS", target, TOKEN, "");
        assert_eq!((options.status, options.header("Allow")), (204, Some(allow)), "{target}");
        assert_eq!(options.header("Access-Control-Allow-Methods"), None, "{target}");
        for method in ["PUT", "PATCH", "POST", "DELETE", "TRACE"] {
            if allow.split(", ").any(|known| known == method) {
                continue;
            }
            let refused = relay.request(method, target, TOKEN, "");
            assert_eq!(told(&refused), (405, "method_not_allowed"), "{method} {target}");
            assert_eq!(refused.header("Allow"), Some(allow), "{method} {target}");
        }
    }
    for target in
        ["/", "/v1", "/v1/messages/", "/v1/nothing", "/default/en_US/", "/default/en_US/reboot.html"]
    {
        for method in ["GET", "POST", "OPTIONS", "PUT"] {
            let refused = relay.request(method, target, TOKEN, "");
            assert_eq!(told(&refused), (404, "not_found"), "{method} {target}");
        }
    }
}

#[test]
fn head_is_answered_as_get_without_the_body() {
    let (_sim, relay) = relay();
    let status = format!("/default/en_US/send_status.xml?u=nagios&p={TOKEN}");
    for target in
        ["/v1/messages", "/v1/messages/1", "/v1/messages/9", "/v1/lines", "/openapi.json", "/health", &status]
    {
        let start = Instant::now();
        loop {
            let get = relay.get(target);
            let mut stream = relay.connect();
            let asked = request("HEAD", target, TOKEN, "")
                + &with("Connection: close", &request("GET", "/health", TOKEN, ""));
            stream.write_all(asked.as_bytes()).unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            let (head, rest) = text.split_once("\r\n\r\n").unwrap();
            assert!(rest.starts_with("HTTP/1.1 200 OK\r\n"), "{target}: {rest}");
            let head = format!("{head}\r\n\r\n");
            if head == get.head {
                break;
            }
            // The message may have gone on between the two.
            assert!(start.elapsed() < PATIENCE, "{target}: {head} is not {}", get.head);
        }
    }
}

#[test]
fn by_another_name_or_from_another_page_no_route_can_be_used() {
    let (_sim, relay) = relay();
    let targets = ROUTES.iter().map(|(method, target, ..)| (*method, *target));
    let more =
        [("GET", "/health"), ("GET", "/v1/events"), ("GET", "/default/en_US/send.html"), ("GET", "/nothing")];
    for (method, target) in targets.chain(more) {
        let asked = request(method, target, TOKEN, "").replace("Host: localhost", "Host: evil.example");
        let refused = relay.raw(asked.as_bytes());
        assert_eq!(told(&refused), (403, "forbidden"), "{method} {target}");
        assert!(refused.body.contains("list name"), "{refused:?}");
    }
    let form = basic("POST", "sms_info.html?type=sms", NAGIOS, "line1=1&telnum=12&smscontent=x");
    let send = format!("send.html?u=nagios&p={TOKEN}&n=12&m=x");
    for asked in [
        request("POST", "/v1/messages", TOKEN, r#"{"to":"12","text":"x"}"#),
        request("DELETE", "/v1/messages/1", TOKEN, ""),
        form,
        basic("GET", &send, "", ""),
        basic("POST", &send, "", ""),
    ] {
        for origin in ["http://evil.example", "null", "http://localhost.evil.example"] {
            let refused = relay.raw(with(&format!("Origin: {origin}"), &asked).as_bytes());
            assert_eq!(told(&refused), (403, "forbidden"), "{origin}: {asked}");
        }
        // A page of the relay itself, or of another port of its host.
        let own = relay.raw(with("Origin: http://localhost:3000", &asked).as_bytes());
        assert_ne!(own.status, 403, "{own:?}");
        assert_eq!(own.header("Access-Control-Allow-Origin"), None);
    }
    let read =
        relay.raw(with("Origin: http://evil.example", &request("GET", "/v1/lines", TOKEN, "")).as_bytes());
    assert_eq!(
        (read.status, read.header("Access-Control-Allow-Origin")),
        (200, None),
        "its browser hides it"
    );
}

#[test]
fn a_configured_page_may_use_the_relay_from_a_browser() {
    let sim = quick_box();
    let relay = Relay::start_with(&sim, "list cors_origin 'https://panel.example.org'", "");
    let from =
        |origin: &str, request: &str| relay.raw(with(&format!("Origin: {origin}"), request).as_bytes());
    let preflight =
        "OPTIONS /v1/messages HTTP/1.1\r\nHost: localhost\r\nAccess-Control-Request-Method: POST\r\n\r\n";
    let send = request("POST", "/v1/messages", TOKEN, r#"{"to":"12","text":"x"}"#);
    let wrong = request("GET", "/v1/lines", "0123456789abcdeX", "");
    for (asked, status) in [(preflight, 204), (&*send, 202), (&*wrong, 401)] {
        let answer = from("https://panel.example.org", asked);
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("Access-Control-Allow-Origin"), Some("https://panel.example.org"));
        assert_eq!(answer.header("Vary"), Some("Origin"));
        assert_eq!(answer.header("Access-Control-Allow-Credentials"), None);
        let foreign = from("https://evil.example", asked);
        assert!(!foreign.head.contains("Access-Control-"), "{foreign:?}");
    }
    let allowed = from("https://panel.example.org", preflight);
    assert_eq!(allowed.header("Access-Control-Allow-Methods"), Some("GET, HEAD, POST, OPTIONS"));
    let headers = allowed.header("Access-Control-Allow-Headers").unwrap();
    for name in ["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"] {
        assert!(headers.split(", ").any(|known| known == name), "{headers}");
    }
}

#[test]
fn every_mistake_in_a_query_or_body_has_its_code() {
    let (_sim, relay) = relay();
    let long = format!(r#"{{"to":"12","text":"{}"}}"#, "x".repeat(3001));
    let segments = format!(r#"{{"to":"12","text":"{}"}}"#, "x".repeat(10 * 153 + 1));
    for (method, target, body, status, error) in [
        ("GET", "/v1/messages?state=gone", "", 400, "bad_request"),
        ("GET", "/v1/messages?limit=201", "", 400, "bad_request"),
        ("GET", "/v1/messages?after=-1", "", 400, "bad_request"),
        ("GET", "/v1/messages?limit=1&limit=2", "", 400, "bad_request"),
        ("GET", "/v1/messages?state=%FF", "", 400, "bad_request"),
        ("GET", "/v1/messages/1?x=1", "", 400, "bad_request"),
        ("GET", "/v1/messages/1?wait=0", "", 400, "bad_request"),
        ("GET", "/v1/messages/2", "", 404, "not_found"),
        ("GET", "/v1/messages/0", "", 404, "not_found"),
        ("DELETE", "/v1/messages/1?x=1", "", 400, "bad_request"),
        ("DELETE", "/v1/messages/1", "", 409, "too_late"),
        ("DELETE", "/v1/messages/2", "", 404, "not_found"),
        ("GET", "/v1/lines?x=1", "", 400, "bad_request"),
        ("GET", "/v1/events?x=1", "", 400, "bad_request"),
        ("GET", "/v1/events?after=x", "", 400, "bad_request"),
        ("POST", "/v1/messages?x=1", r#"{"to":"12","text":"x"}"#, 400, "bad_request"),
        ("POST", "/v1/messages", r#"{"to":"12","text":"x","colour":"red"}"#, 400, "bad_request"),
        ("POST", "/v1/messages", r#"{"to":"12","text":"x\u0000"}"#, 400, "bad_request"),
        ("POST", "/v1/messages", r#"{"to":"12","text":"x","ttl":0}"#, 400, "bad_request"),
        ("POST", "/v1/messages", r#"["to","12"]"#, 400, "bad_request"),
        ("POST", "/v1/messages", r#"{"to":"(0)12","text":"x"}"#, 422, "invalid_number"),
        ("POST", "/v1/messages", r#"{"to":"12","text":"x","line":"office/3"}"#, 422, "unknown_line"),
        ("POST", "/v1/messages", &long, 422, "text_too_long"),
        ("POST", "/v1/messages", &segments, 422, "text_too_long"),
    ] {
        let answer = relay.request(method, target, TOKEN, body);
        assert_eq!(told(&answer), (status, error), "{method} {target} {body} {answer:?}");
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
    }
    let key = relay.raw(
        with(
            &format!("Idempotency-Key: {}", "k".repeat(65)),
            &request("POST", "/v1/messages", TOKEN, r#"{"to":"12","text":"x"}"#),
        )
        .as_bytes(),
    );
    assert_eq!(told(&key), (400, "bad_request"));
    let last = relay.raw(with("Last-Event-ID: x", &request("GET", "/v1/events", TOKEN, "")).as_bytes());
    assert_eq!(told(&last), (400, "bad_request"));
    let not_utf8 = relay.raw(b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer 0123456789abcdef\r\nContent-Length: 2\r\n\r\n\xff\xfe");
    assert_eq!(told(&not_utf8), (400, "bad_request"));
}

#[test]
fn what_is_too_much_or_no_request_is_refused_and_its_connection_closed() {
    let (_sim, relay) = relay();
    let head = |lines: &str| format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n");
    for (asked, status, error) in [
        (request("POST", "/v1/messages", TOKEN, &"x".repeat(16 * 1024 + 1)), 413, "too_large"),
        (head("Content-Length: 99999999999999999999\r\n"), 413, "too_large"),
        (head(&format!("X: {}\r\n", "x".repeat(8192))), 431, "headers_too_large"),
        (head(&"X: y\r\n".repeat(101)), 431, "headers_too_large"),
        (head("Expect: a miracle\r\n"), 417, "bad_request"),
        (head("").replace("HTTP/1.1", "HTTP/2.0"), 505, "bad_request"),
        (head("Content-Length: 1\r\nContent-Length: 1\r\n"), 400, "bad_request"),
        (head("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400, "bad_request"),
        (head("X: y\r\n folded\r\n"), 400, "bad_request"),
        (head("Host: localhost\r\n"), 400, "bad_request"),
        (head("").replace("Host: localhost\r\n", ""), 400, "bad_request"),
        (head("").replace("\r\n", "\n"), 400, "bad_request"),
        (head("X: a\rb\r\n"), 400, "bad_request"),
        (head("X: a\0b\r\n"), 400, "bad_request"),
        (head("").replace("GET /health", "GET /health /x"), 400, "bad_request"),
        (head("").replace("/health", "ftp://localhost/health"), 400, "bad_request"),
        ("\x16\x03\x01\0\r\n\r\n".to_owned(), 400, "bad_request"),
    ] {
        let mut stream = relay.connect();
        // It may be refused before all of it was sent.
        let _ = stream.write_all(asked.as_bytes());
        let answer = read_answer(&mut stream);
        let shown = &asked[..asked.len().min(99)];
        assert_eq!(told(&answer), (status, error), "{shown} {answer:?}");
        assert_eq!(answer.header("Connection"), Some("close"), "{shown}");
        assert!(is_closed(&mut stream), "{shown}");
    }
    assert_eq!(relay.raw(head(&"X: y\r\n".repeat(99)).as_bytes()).status, 200, "100 lines are not too many");
    // The target's host holds, whatever the header says.
    let absolute = head("")
        .replace("/health", "http://localhost/health")
        .replace("Host: localhost", "Host: evil.example");
    assert_eq!(relay.raw(absolute.as_bytes()).status, 200);
}

/// Reads to the end; whether nothing more comes.
fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    // What was not read any more resets the connection in the end.
    let _ = stream.read_to_end(&mut rest);
    rest.is_empty()
}

#[test]
fn a_body_may_be_announced_or_come_in_chunks() {
    let (_sim, relay) = relay();
    let mut stream = relay.connect();
    let head = format!("POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n");
    stream.write_all(format!("{head}Expect: 100-continue\r\nContent-Length: 22\r\n\r\n").as_bytes()).unwrap();
    let mut told = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    stream.read_exact(&mut told).unwrap();
    assert_eq!(told, *b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(br#"{"to":"12","text":"x"}"#).unwrap();
    assert_eq!(read_answer(&mut stream).status, 202);
    let chunks = "5\r\n{\"to\"\r\n11;x=y\r\n:\"12\",\"text\":\"x\"}\r\n0\r\nTrailer: z\r\n\r\n";
    stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunks}").as_bytes()).unwrap();
    assert_eq!(read_answer(&mut stream).status, 202);
    // Who may not send is told so before the body.
    let refused =
        format!("{head}Expect: 100-continue\r\nContent-Length: 22\r\n\r\n").replace(TOKEN, READ_ONLY);
    stream.write_all(refused.as_bytes()).unwrap();
    assert_eq!(read_answer(&mut stream).status, 403);
    assert!(is_closed(&mut stream), "what comes next may be the body");
}

#[test]
fn what_does_not_end_in_time_is_told_so_and_who_asks_nothing_is_closed() {
    let sim = slow_box();
    let times = "option head_timeout '1'\n option body_timeout '2'\n option idle_timeout '1'";
    let relay = Relay::start_with(&sim, times, "");
    let start = Instant::now();
    let [mut head, mut body, mut idle] = [(); 3].map(|()| relay.connect());
    head.write_all(b"GET /health HTTP/1.1\r\n").unwrap();
    let asked = request("POST", "/v1/messages", TOKEN, "xx");
    body.write_all(&asked.as_bytes()[..asked.len() - 1]).unwrap();
    for (stream, part, seconds) in [(&mut head, "head", 1), (&mut body, "body", 2)] {
        let answer = read_answer(stream);
        assert_eq!(told(&answer), (408, "bad_request"));
        assert!(
            answer.body.contains(&format!("the request's {part} did not end within {seconds} s")),
            "{answer:?}"
        );
        assert!(start.elapsed().as_secs() >= seconds && is_closed(stream), "{part}");
    }
    assert!(is_closed(&mut idle));
    assert!(start.elapsed() < PATIENCE);
}

#[test]
fn who_guesses_tokens_waits_and_the_log_tells_of_it_once() {
    let (_sim, relay) = relay();
    let wrong = |n: usize| relay.request("GET", "/v1/lines", &format!("0123456789abcde{n}"), "");
    for n in 0..5 {
        assert_eq!(wrong(n).status, 401);
    }
    let slowed = relay.get("/v1/lines");
    assert_eq!(told(&slowed), (429, "rate_limited"), "even with a right one");
    assert!(slowed.header("Retry-After").unwrap().parse::<u32>().unwrap() >= 1);
    let page = relay.page(&format!("send.html?u=nagios&p={TOKEN}&n=12&m=x"));
    assert_eq!(page, "\nERROR,L1 rate_limited\n");
    assert_eq!(relay.request("GET", "/health", "", "").status, 200, "that takes no login");
    relay.daemon.wait_for_err("refused logins: ");
    assert_eq!(relay.daemon.err().matches("refused logins: ").count(), 1);
    let token =
        relay.daemon.err().contains("0123456789abcde") || relay.daemon.out().contains("0123456789abcde");
    assert!(!token, "no token is told");
    wait_for("the wait ends", || relay.get("/v1/lines").status == 200);
}

#[test]
fn an_address_outside_of_from_is_refused_by_name() {
    let sim = slow_box();
    let relay = Relay::start_with(&sim, "", "list from '192.0.2.0/24'\n list from 'fd00::/8'");
    let refused = relay.get("/v1/lines");
    assert_eq!(told(&refused), (403, "forbidden"));
    assert!(refused.body.contains("list from '127.0.0.1'"), "{refused:?}");
    let page = relay.page(&format!("send.html?u=nagios&p={TOKEN}&n=12&m=x"));
    assert_eq!(page, "\nERROR,L1 forbidden\n");
    assert_eq!(relay.request("GET", "/v1/lines", ADMIN, "").status, 200);
}

#[test]
fn several_addresses_of_both_families_are_listened_at() {
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        // No IPv6 here.
        return;
    }
    let sim = slow_box();
    let listen = "list listen '127.0.0.2:0'\n list listen '[::1]:0'";
    let relay = Relay::start_with(&sim, listen, "list from '::1'\n list from '127.0.0.3/32'");
    let addresses = addresses(&relay.daemon, 0, 3);
    assert_eq!(addresses.len(), 3, "{addresses:?}");
    for (address, status) in addresses.into_iter().zip([403, 403, 200]) {
        let mut stream = TcpStream::connect(&address).unwrap();
        let asked =
            request("GET", "/v1/lines", TOKEN, "").replace("Host: localhost", &format!("Host: {address}"));
        stream.write_all(asked.as_bytes()).unwrap();
        assert_eq!(read_answer(&mut stream).status, status, "{address}");
    }
}

#[test]
fn a_client_with_the_digest_of_its_token_sends_on_its_own_lines() {
    let sim = slow_box();
    let hashed = format!("config client 'hashed'\n list allow 'send'\n option token_hash '{HASH}'");
    let relay = Relay::start_with(&sim, "", &format!("list lines 'office/2'\n{hashed}"));
    let body = r#"{"to":"12","text":"x","line":"office/1"}"#;
    assert_eq!(told(&relay.post(body)), (403, "forbidden"), "not on another's");
    assert_eq!(relay.request("POST", "/v1/messages", HASHED, body).status, 202);
    assert_eq!(relay.request("POST", "/v1/messages", HASH, body).status, 401, "the digest is no token");
    assert_eq!(relay.post(r#"{"to":"12","text":"x"}"#).status, 202);
    let own = relay.raw(request("GET", "/v1/messages/2?wait=1", TOKEN, "").as_bytes());
    assert!(own.body.contains(r#""line":"office/2""#), "{own:?}");
    // Its first line in the box's own words.
    let page = relay.page(&format!("send.html?u=nagios&p={TOKEN}&l=1&n=12&m=x"));
    assert!(page.starts_with("\nSending,L1 Send SMS to:12; ID:"), "{page}");
    assert_eq!(
        relay.page(&format!("send.html?u=nagios&p={TOKEN}&l=2&n=12&m=x")),
        "\nERROR,L2 unknown_line\n"
    );
}

/// Of a client whose section has only the digest.
const HASHED: &str = "a-token-that-is-kept-as-a-digest";

/// By `sha256sum`.
const HASH: &str = "87cd8b38dd249b6efc9afd290ec839c124685347cf311521dac896cc23508b08";

#[test]
fn a_repeated_key_is_answered_as_the_first_time_even_when_the_share_is_used_up() {
    let sim = slow_box();
    let relay = Relay::start_with(&sim, "", "option rate '1'\n option daily '1'");
    let send = |key: &str, text: &str| {
        let body = format!(r#"{{"to":"12","text":"{text}"}}"#);
        relay.raw(
            with(&format!("Idempotency-Key: {key}"), &request("POST", "/v1/messages", TOKEN, &body))
                .as_bytes(),
        )
    };
    let first = send("a", "x");
    assert_eq!((first.status, first.header("Location")), (202, Some("/v1/messages/1")));
    let again = send("a", "x");
    assert_eq!((again.status, again.header("Location")), (202, Some("/v1/messages/1")));
    assert!(again.body.ends_with(r#""replayed":true}"#), "{again:?}");
    assert_eq!(told(&send("a", "y")), (409, "duplicate_key"));
    let refused = send("b", "x");
    assert_eq!(told(&refused), (429, "rate_limited"));
    assert!(refused.body.contains("option 'daily'"), "the longer wait is told: {refused:?}");
    assert!(refused.header("Retry-After").unwrap().parse::<u32>().unwrap() > 0);
    let page = relay.page(&format!("send.html?u=nagios&p={TOKEN}&n=12&m=x"));
    assert_eq!(page, "\nERROR,L1 rate_limited\n");
}

#[test]
fn a_full_queue_and_a_full_journal_say_when_to_come_again() {
    let sim = slow_box();
    let relay = Relay::start_as(&sim, "option queue_limit '10'", "", "");
    for _ in 0..8 {
        assert_eq!(relay.post(r#"{"to":"12","text":"x"}"#).status, 202);
    }
    let full = relay.post(r#"{"to":"12","text":"x"}"#);
    assert_eq!((told(&full), full.header("Retry-After")), ((503, "queue_full"), Some("5")));
    assert_eq!(relay.page(&format!("send.html?u=nagios&p={TOKEN}&l=2&n=12&m=x")), "\nERROR,L2 busy\n");
    let high = relay.post(r#"{"to":"12","text":"x","priority":"high"}"#);
    assert_eq!(high.status, 202, "the last fifth is for these");

    let relay = Relay::start_as(&sim, "option max_journal '128'", "", "");
    let start = Instant::now();
    // First what is long, then what still fits behind that.
    for len in [1500, 1] {
        let body = format!(r#"{{"to":"12","text":"{}"}}"#, "x".repeat(len));
        let full = loop {
            let answer = relay.post(&body);
            if answer.status != 202 {
                break answer;
            }
            assert!(start.elapsed() < PATIENCE);
        };
        assert_eq!((told(&full), full.header("Retry-After")), ((503, "storage"), Some("5")));
    }
    let ill = relay.get("/health");
    assert_eq!((told(&ill), ill.header("Retry-After")), ((503, "storage"), Some("5")));
    assert_eq!(relay.page(&format!("send.html?u=nagios&p={TOKEN}&l=1&n=12&m=x")), "\nERROR,L1 storage\n");
}

#[test]
fn every_page_of_the_box_has_its_answer_and_every_mistake_its_word() {
    let (_sim, relay) = relay();
    let login = format!("u=nagios&p={TOKEN}");
    let long = "x".repeat(3001);
    for (page, answer) in [
        (format!("send.html?{login}&l=1&n=12&m="), "\nERROR,L1 empty_text\n"),
        (format!("send.html?{login}&l=1&n=12"), "\nERROR,L1 empty_text\n"),
        (format!("send.html?{login}&l=1&m=x"), "\nERROR,L1 invalid_number\n"),
        (format!("send.html?{login}&l=x&n=12&m=x"), "\nERROR,L1 unknown_line\n"),
        (format!("send.html?{login}&l=9&n=12&m=x"), "\nERROR,L9 unknown_line\n"),
        (format!("send.html?{login}&l=1&n=12&m={long}"), "\nERROR,L1 text_too_long\n"),
        (format!("send.html?{login}&l=1&n=12&m=%00"), "\nERROR,L1 bad_request\n"),
        (format!("send.html?{login}&l=1&n=12&m=%FF"), "\nERROR,L1 bad_request\n"),
        (format!("send.html?u=panel&p={READ_ONLY}&l=2&n=12&m=x"), "\nERROR,L1 forbidden\n"),
        ("send.html?l=1&n=12&m=x".to_owned(), "\nERROR,user or password error\n"),
        (format!("send.html?u=panel&p={TOKEN}&l=1&n=12&m=x"), "\nERROR,user or password error\n"),
        (format!("send_status.xml?u=siren&p={SEND_ONLY}"), "\nERROR,L1 forbidden\n"),
    ] {
        assert_eq!(relay.page(&page), answer, "{page}");
    }
    for (method, page, without, needs) in [
        ("GET", "send_sms_status.xml", SIREN, "'read'"),
        ("GET", "tools.html?type=sms", PANEL, "'send'"),
        ("POST", "sms_info.html?type=sms", PANEL, "'send'"),
        ("GET", "tools.html?type=sms_inbox", PANEL, "'inbox'"),
        ("GET", "status.xml?type=list", SIREN, "'read'"),
    ] {
        let bare = relay.raw(basic(method, page, "", "").as_bytes());
        let asks = Some("Basic realm=\"goipd\"");
        assert_eq!((bare.status, bare.header("WWW-Authenticate")), (401, asks), "{page}");
        let denied = relay.raw(basic(method, page, without, "").as_bytes());
        assert_eq!(told(&denied), (403, "forbidden"), "{page}");
        assert!(denied.body.contains(&format!("list allow {needs}")), "{page} {denied:?}");
        let answer = relay.raw(basic(method, page, NAGIOS, "").as_bytes());
        assert_eq!(answer.status, 200, "{page} {answer:?}");
        let kind = if page.starts_with("send_") { "text/xml" } else { "text/html" };
        assert_eq!(answer.header("Content-Type"), Some(kind), "{page}");
    }
    for (form, words) in [
        ("line1=1&line2=1&telnum=12&smscontent=x", &["Line 1 Sending...", "Line 2 Sending..."][..]),
        ("line=2&telnum=12&smscontent=x", &["Line 2 Sending..."]),
        ("line1=1&telnum=12x&smscontent=x", &["Line 1 invalid_number"]),
        ("line1=1&telnum=12&smscontent=", &["Line 1 empty_text"]),
        ("line7=1&telnum=12&smscontent=x", &["Line 7 unknown_line"]),
    ] {
        let page = relay.raw(basic("POST", "sms_info.html?type=sms", NAGIOS, form).as_bytes());
        for word in words {
            assert!(page.body.contains(word), "{form}: {page:?}");
        }
    }
}

#[test]
fn metrics_are_open_where_they_are_configured_so() {
    let sim = slow_box();
    let relay = Relay::start_with(&sim, "option metrics_open '1'", "");
    let open = relay.raw(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(
        (open.status, open.header("Content-Type")),
        (200, Some("text/plain; version=0.0.4; charset=utf-8"))
    );
    assert!(open.body.contains("\ngoipd_connections{door=\"http\"} 1\n"), "{open:?}");
}

#[test]
fn pages_of_a_list_follow_each_other_by_their_cursor() {
    let (_sim, relay) = relay();
    for _ in 0..4 {
        assert_eq!(relay.post(r#"{"to":"12","text":"x"}"#).status, 202);
    }
    let (mut ids, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let page = relay.get(&format!("/v1/messages?limit=2&after={after}"));
        let found: Vec<_> = page
            .body
            .split("{\"id\":")
            .skip(1)
            .map(|rest| rest.split(',').next().unwrap().to_owned())
            .collect();
        let (_, next) = page.body.rsplit_once("\"next\":").unwrap();
        after = next.trim_end_matches('}').to_owned();
        if found.is_empty() {
            break;
        }
        assert!(found.len() <= 2 && found.last() == Some(&after), "{page:?}");
        ids.extend(found);
    }
    assert_eq!(ids, ["1", "2", "3", "4", "5"]);
    assert_eq!(after, "5", "from there on it goes on");
}
