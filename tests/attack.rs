//! The relay under attack: who only holds places does not keep a well-behaved client from its own.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use goipd::serve::http::MAX_CONNECTION_BYTES;
use rustix::net::{AddressFamily, SocketType};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use common::relay::{Relay, SEND_ONLY, TOKEN, addresses, read_answer, request};
use common::{PATIENCE, slow_box, wait_for};

const ATTACKERS: usize = 500;

/// Option `max_connections` where nothing else is said.
const PLACES: usize = 32;

/// Those that were shown out and have not closed yet, beside those that have a place.
const LEAVING: usize = 8;

/// What an attacker sends a byte of each second: a head without an end, and the body of a form that
/// would have its login at its end.
const HEAD: &[u8] = b"GET /v1/lines HTTP/1.1\r\nHost: localhost\r\nX: xxxxxxxxxxxxxxxx";
const FORM: &[u8] =
    b"POST /default/en_US/send.html HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n";

/// A connection that comes from `source`.
fn connect(source: Ipv4Addr, relay: &str) -> TcpStream {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&socket, &SocketAddrV4::new(source, 0)).unwrap();
    rustix::net::connect(&socket, &relay.parse::<SocketAddr>().unwrap()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_nonblocking(true).unwrap();
    stream
}

/// Has this process hold as many connections as the system lets it; most often a process has to
/// say that it means more than 1024.
fn allow_descriptors() {
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }).unwrap();
}

/// Whether the daemon has not closed it; what it has answered is read on the way.
fn is_open(mut stream: &TcpStream) -> bool {
    let mut bytes = [0; 4096];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

/// Descriptors that the daemon has.
fn descriptors(relay: &Relay) -> usize {
    fs::read_dir(format!("/proc/{}/fd", relay.daemon.pid())).unwrap().count()
}

/// Bytes of memory that the daemon has; not told of where an emulator has its own.
fn resident_bytes(relay: &Relay) -> Option<usize> {
    if std::env::var_os("GOIPD_RUNNER").is_some() {
        return None;
    }
    let status = fs::read_to_string(format!("/proc/{}/status", relay.daemon.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    Some(line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024)
}

/// A client that asks as it should.
fn is_served(relay: &Relay) {
    let start = Instant::now();
    assert_eq!(relay.get("/v1/lines").status, 200);
    assert_eq!(relay.request("POST", "/v1/messages", SEND_ONLY, r#"{"to":"13","text":"y"}"#).status, 202);
    assert!(start.elapsed() < PATIENCE);
}

/// What holds before and during the attack.
struct Bounds {
    descriptors: usize,
    resident_bytes: Option<usize>,
}

impl Bounds {
    fn before(relay: &Relay) -> Self {
        is_served(relay);
        Self { descriptors: descriptors(relay), resident_bytes: resident_bytes(relay) }
    }

    fn hold(&self, relay: &Relay) {
        let now = descriptors(relay);
        // One more while it is seen whether it has a place.
        let most = self.descriptors + PLACES + LEAVING + 1;
        assert!(now <= most, "{now} descriptors, {} before", self.descriptors);
        let (Some(now), Some(before)) = (resident_bytes(relay), self.resident_bytes) else { return };
        let most = before + (PLACES + LEAVING) * MAX_CONNECTION_BYTES;
        assert!(now <= most, "{now} bytes, {before} before");
    }
}

/// Five seconds of [`ATTACKERS`] connections that send one byte a second. Some of those that were
/// closed come again each second, but not enough to fill all places at a time.
fn attack(sources: &[Ipv4Addr], sends_forms: impl Fn(usize) -> bool) {
    const AGAIN: usize = PLACES / 2;
    let sim = slow_box();
    let relay = Relay::start(&sim);
    let bounds = Bounds::before(&relay);
    allow_descriptors();
    let source = |n: usize| sources[n % sources.len()];
    let mut attackers: Vec<(TcpStream, usize)> =
        (0..ATTACKERS).map(|n| (connect(source(n), &relay.address), 0)).collect();
    for second in 1..=5_u64 {
        let start = Instant::now();
        let mut again = 0;
        for (n, (stream, sent)) in attackers.iter_mut().enumerate() {
            if !is_open(stream) {
                if again == AGAIN {
                    continue;
                }
                again += 1;
                (*stream, *sent) = (connect(source(n), &relay.address), 0);
            }
            let bytes = match (sends_forms(n), *sent) {
                (false, _) => &HEAD[*sent % HEAD.len()..][..1],
                // Its head comes at once.
                (true, 0) => FORM,
                (true, _) => b"x",
            };
            // It may have been closed just now.
            *sent += stream.write(bytes).unwrap_or_default();
        }
        is_served(&relay);
        bounds.hold(&relay);
        assert!(second == 1 || again > 0, "nobody had to make room");
        thread::sleep(Duration::from_secs(1).saturating_sub(start.elapsed()));
    }
    is_served(&relay);
}

#[test]
fn five_hundred_connections_of_one_address_that_send_a_byte_a_second_stop_nobody() {
    attack(&[Ipv4Addr::LOCALHOST], |n| n % 2 == 0);
}

#[test]
fn nor_do_five_hundred_of_as_many_addresses_that_have_sent_a_head() {
    let sources: Vec<Ipv4Addr> =
        (0..ATTACKERS).map(|n| Ipv4Addr::new(127, 0, (n / 250) as u8, (2 + n % 250) as u8)).collect();
    attack(&sources, |_| true);
}

#[test]
fn the_one_that_has_waited_longest_makes_room() {
    let sim = slow_box();
    let relay = Relay::start(&sim);
    allow_descriptors();
    let mut visitors: Vec<TcpStream> = Vec::new();
    for n in 0..ATTACKERS {
        let mut stream = connect(Ipv4Addr::LOCALHOST, &relay.address);
        stream.write_all(&HEAD[..1 + n % 20]).unwrap();
        visitors.push(stream);
    }
    // The daemon has seen the last of them once those before are closed.
    wait_for("those before are closed", || !visitors[..ATTACKERS - PLACES].iter().any(is_open));
    assert!(visitors[ATTACKERS - PLACES..].iter().all(is_open), "no more than that");
    is_served(&relay);
    assert!(visitors[ATTACKERS - PLACES + 2..].iter().all(is_open), "two requests, two places");
}

#[test]
fn who_does_not_read_makes_room_too() {
    let sim = slow_box();
    let relay = Relay::start(&sim);
    let bounds = Bounds::before(&relay);
    // Far more than a socket holds, and nothing of it read.
    let many = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(80);
    let mut readers = Vec::new();
    for _ in 0..3 * PLACES {
        let mut stream = connect(Ipv4Addr::LOCALHOST, &relay.address);
        let start = Instant::now();
        // Until nothing more is taken: it has answers that it does not take, or has made room.
        while stream.write(many.as_bytes()).is_ok() {
            assert!(start.elapsed() < PATIENCE);
        }
        readers.push(stream);
        if readers.len() % PLACES == 0 {
            is_served(&relay);
            bounds.hold(&relay);
        }
    }
}

#[test]
fn who_was_shown_out_and_does_not_close_makes_room_too() {
    let sim = slow_box();
    let relay = Relay::start(&sim);
    let bounds = Bounds::before(&relay);
    let mut shown_out = Vec::new();
    for _ in 0..3 * PLACES {
        let mut stream = relay.connect();
        stream.write_all(b"no request\r\n\r\n").unwrap();
        assert_eq!(read_answer(&mut stream).status, 400);
        shown_out.push(stream);
        bounds.hold(&relay);
    }
    is_served(&relay);
}

/// This machine's own address in its network, if it has one.
fn own_address() -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // Nothing is sent: this only asks for the way there (RFC 5737 clause 3).
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    match socket.local_addr().ok()? {
        SocketAddr::V4(address) if !address.ip().is_loopback() => Some(*address.ip()),
        _ => None,
    }
}

#[test]
fn an_address_has_few_connections_without_a_login_and_its_newest_ones() {
    let sim = slow_box();
    let Some(own) = own_address() else { return };
    let relay = Relay::start_with(&sim, &format!("option max_per_address '4'\n list listen '{own}:0'"), "");
    let there = addresses(&relay.daemon, 0, 2).remove(1);
    assert!(there.starts_with(&own.to_string()), "{there}");
    let come = || {
        let stream = TcpStream::connect(&there).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    // Who has logged in is not counted, and stays.
    let mut known: Vec<TcpStream> = (0..6)
        .map(|n| {
            let mut stream = come();
            let page = format!(
                "GET /default/en_US/send_status.xml?u=nagios&p={TOKEN} HTTP/1.1\r\nHost: localhost\r\n\r\n"
            );
            let asked = if n % 2 == 0 { request("GET", "/v1/lines", TOKEN, "") } else { page };
            stream.write_all(asked.as_bytes()).unwrap();
            assert_eq!(read_answer(&mut stream).status, 200);
            stream
        })
        .collect();
    let mut strangers: Vec<TcpStream> = (0..20).map(|_| come()).collect();
    let last = strangers.len() - 4;
    for stream in &mut strangers[..last] {
        let closed = stream.read(&mut [0]);
        assert!(
            closed.as_ref().is_ok_and(|count| *count == 0)
                || closed.is_err_and(|e| e.kind() == ErrorKind::ConnectionReset)
        );
    }
    for stream in strangers[last..].iter_mut().chain(&mut known) {
        stream.write_all(request("GET", "/health", TOKEN, "").as_bytes()).unwrap();
        assert_eq!(read_answer(stream).status, 200);
    }
    // Loopback has no such limit.
    let mut local: Vec<TcpStream> = (0..8).map(|_| relay.connect()).collect();
    for stream in &mut local {
        stream.write_all(request("GET", "/health", TOKEN, "").as_bytes()).unwrap();
        assert_eq!(read_answer(stream).status, 200);
    }
}
