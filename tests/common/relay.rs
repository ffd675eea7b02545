//! The daemon with its relay, and a client that speaks HTTP over TCP.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use goip_sim::Sim;

use super::{Daemon, Folder, PATIENCE, config_with};

/// Of the client `nagios`, which may do what programs do: send, read, and read the inbox.
pub const TOKEN: &str = "0123456789abcdef";
/// Of the client `boss`, which may do everything.
pub const ADMIN: &str = "fedcba9876543210";

/// Of the client `siren`, which may send and nothing else.
pub const SEND_ONLY: &str = "a-token-for-alarms";

/// A daemon with a relay in front of `sim`, as if it had two lines.
pub struct Relay {
    pub daemon: Daemon,
    pub address: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub fn error(&self) -> &str {
        let (_, rest) = self.body.split_once("\"error\":\"").unwrap_or_default();
        rest.split('"').next().unwrap_or_default()
    }
}

impl Relay {
    pub fn start(sim: &Sim) -> Self {
        Self::start_with(sim, "", "")
    }

    /// The same with more lines in the section of the relay, and in that of its first client.
    pub fn start_with(sim: &Sim, relay: &str, client: &str) -> Self {
        Self::start_as(sim, "", relay, client)
    }

    /// The same with more lines in the section of the daemon, too.
    pub fn start_as(sim: &Sim, daemon: &str, relay: &str, client: &str) -> Self {
        Self::start_edited(sim, daemon, relay, client, |config| config)
    }

    /// The same with what `edit` makes of the configuration.
    pub fn start_edited(
        sim: &Sim,
        daemon: &str,
        relay: &str,
        client: &str,
        edit: impl Fn(String) -> String,
    ) -> Self {
        let folder = Folder::new();
        let options = format!("option volatile '1'\n{daemon}");
        let path = config_with(&folder, &options, &[("office", &sim.url(), 2)]);
        let mut text = fs::read_to_string(&path).unwrap();
        text.push_str(&format!(
            "config relay 'lan'\n option enabled '1'\n list listen '127.0.0.1:0'\n{relay}\n\
             config client 'nagios'\n option token '{TOKEN}'\n list allow 'send'\n list allow 'read'\n list allow 'inbox'\n{client}\n\
             config client 'boss'\n option token '{ADMIN}'\n list allow 'admin'\n\
             config client 'siren'\n option token '{SEND_ONLY}'\n list allow 'send'\n"
        ));
        fs::write(&path, edit(text)).unwrap();
        let daemon = Daemon::start_in(folder);
        let address = listens_at(&daemon, 0);
        Self { daemon, address }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// The answer to these bytes, on a connection of its own.
    pub fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        read_answer(&mut stream)
    }

    pub fn request(&self, method: &str, target: &str, token: &str, body: &str) -> Answer {
        self.raw(request(method, target, token, body).as_bytes())
    }

    pub fn get(&self, target: &str) -> Answer {
        self.request("GET", target, TOKEN, "")
    }

    pub fn post(&self, body: &str) -> Answer {
        self.request("POST", "/v1/messages", TOKEN, body)
    }

    /// One of the box's pages.
    pub fn page(&self, target: &str) -> String {
        let answer = self.raw(format!("GET /default/en_US/{target} HTTP/1.0\r\n\r\n").as_bytes());
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }
}

/// Where the relay listens first, by what the daemon has told from byte `from` on.
pub fn listens_at(daemon: &Daemon, from: usize) -> String {
    addresses(daemon, from, 1).remove(0)
}

/// Where the relay listens, at `count` addresses or more, in the order in which the daemon has told so
/// from byte `from` on.
pub fn addresses(daemon: &Daemon, from: usize, count: usize) -> Vec<String> {
    let start = Instant::now();
    loop {
        let out = daemon.out();
        let whole = out[from..].split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        let told = whole.filter_map(|line| line.strip_prefix("relay: listens at "));
        let addresses: Vec<String> = told.map(str::to_owned).collect();
        if addresses.len() >= count {
            return addresses;
        }
        assert!(start.elapsed() < PATIENCE, "the relay listens at {addresses:?} only");
        thread::sleep(Duration::from_millis(5));
    }
}

pub fn request(method: &str, target: &str, token: &str, body: &str) -> String {
    format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Reads one answer by its length.
pub fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let end = loop {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "closed: {}", String::from_utf8_lossy(&bytes));
        bytes.push(byte[0]);
        if bytes.ends_with(b"\r\n\r\n") {
            break bytes.len();
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut answer = Answer { status, head, body: String::new() };
    let length = answer.header("Content-Length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    answer.body = String::from_utf8(body).unwrap();
    answer
}
