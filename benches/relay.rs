//! What the HTTP relay gets done. The client takes its part of the machine's time, so each figure is
//! the best of some runs.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use goip_sim::{Options, Sim};

use crate::common::relay::{TOKEN, listens_at, read_answer, request};
use crate::common::{Daemon, PATIENCE};
use crate::journal::Ram;
use crate::program::{resident_kb, start};
use crate::{hundredths, row};

const RUNS: usize = 5;

/// What `option max_connections` is when nothing else is said.
const CONNECTIONS: usize = 32;

pub fn print() {
    let (daemon, address) = with_relay(None);
    let accepted = post(&mut connect(&address));
    assert_eq!(accepted, 202, "there is a message to ask for");
    reads(&address);
    memory(&daemon, &address);
    writes();
}

/// A daemon with a relay, whose box is away, and where it listens.
fn with_relay(ram: Option<&Ram>) -> (Daemon, String) {
    let sim = Sim::start(Options::default());
    sim.command("refuse 3600000").expect("a command");
    let relay = format!(
        "config relay 'lan'\n option enabled '1'\n list listen '127.0.0.1:0'\n\
         config client 'nagios'\n option token '{TOKEN}'\n list allow 'send'\n list allow 'read'\n"
    );
    let daemon = start(&sim, ram.map(Ram::path), &relay);
    let address = listens_at(&daemon, 0);
    (daemon, address)
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_nodelay(true).expect("a socket");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    stream
}

fn post(stream: &mut TcpStream) -> u16 {
    let body = r#"{"to":"+4915112345678","text":"Pump 3 stopped"}"#;
    stream.write_all(request("POST", "/v1/messages", TOKEN, body).as_bytes()).expect("it reads");
    read_answer(stream).status
}

/// `GET /v1/messages/1` as fast as it goes, by wrk.
fn reads(address: &str) {
    for (connections, target, target_99) in [(1, "≥ 10000", "-"), (16, "≥ 20000", "≤ 5.00 ms")] {
        let runs: Vec<Wrk> = (0..RUNS).filter_map(|_| Wrk::run(address, connections)).collect();
        let figure = format!("relay, GET of a message, {connections} connections kept alive");
        let best = |percentile: fn(&Wrk) -> u64| runs.iter().map(percentile).min();
        let (Some(rate), Some(half_us), Some(most_us)) =
            (runs.iter().map(|run| run.rate).max(), best(|run| run.half_us), best(|run| run.most_us))
        else {
            row(&figure, "-", "wrk is not here");
            continue;
        };
        row(&format!("{figure}, a second"), rate, target);
        row(&format!("{figure}, 50 %"), millis(half_us), "-");
        row(&format!("{figure}, 99 %"), millis(most_us), target_99);
    }
}

fn millis(us: u64) -> String {
    format!("{} ms", hundredths(us.div_ceil(10)))
}

/// What wrk says of a run.
struct Wrk {
    /// Answers a second.
    rate: u64,
    /// Half of them took no longer, in microseconds.
    half_us: u64,
    /// 99 of 100 took no longer, in microseconds.
    most_us: u64,
}

impl Wrk {
    /// `None` where there is no wrk.
    fn run(address: &str, connections: usize) -> Option<Self> {
        let output = Command::new("wrk")
            .args(["-t", "1", "-d", "2s", "--latency", "-c", &connections.to_string()])
            .args(["-H", &format!("Authorization: Bearer {TOKEN}")])
            .arg(format!("http://{address}/v1/messages/1"))
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && !text.contains("Non-2xx"), "{text}");
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
            line.expect("wrk says it").trim().to_owned()
        };
        let micros = |name: &str| {
            let text = value(name);
            let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
            let number: f64 = text[..text.len() - unit.len()].parse().expect("a number");
            let factor = match unit {
                "us" => 1.0,
                "ms" => 1e3,
                _ => 1e6,
            };
            (number * factor) as u64
        };
        let rate: f64 = value("Requests/sec:").parse().expect("a number");
        Some(Self { rate: rate as u64, half_us: micros("50%"), most_us: micros("99%") })
    }
}

fn memory(daemon: &Daemon, address: &str) {
    let mut streams: Vec<TcpStream> = (0..CONNECTIONS).map(|_| connect(address)).collect();
    for stream in &mut streams {
        stream.write_all(request("GET", "/v1/messages/1", TOKEN, "").as_bytes()).expect("it reads");
        assert_eq!(read_answer(stream).status, 200);
    }
    let figure = format!("relay, resident memory with {CONNECTIONS} connections open");
    row(&figure, format!("{} kB", resident_kb(daemon)), "≤ 2048 kB");
}

/// Messages that are accepted, where a sync costs nothing.
fn writes() {
    /// The runs of one daemon fit into what clients may have waiting: four fifths of 10 000.
    const MESSAGES: usize = 1_200;
    for connections in [1, 16] {
        let figure = format!("relay, accepted POSTs, {connections} connections, the journal in RAM");
        let Some(ram) = Ram::new() else {
            row(&figure, "-", "no /dev/shm here");
            continue;
        };
        let (daemon, address) = with_relay(Some(&ram));
        let mut best: Option<(u128, Vec<Duration>)> = None;
        for _ in 0..RUNS {
            let start = Instant::now();
            let times = many_posts(&address, connections, MESSAGES / connections);
            let rate = times.len() as u128 * 1_000_000 / start.elapsed().as_micros().max(1);
            if best.as_ref().is_none_or(|(known, _)| rate > *known) {
                best = Some((rate, times));
            }
        }
        drop(daemon);
        let (rate, mut times) = best.expect("a run");
        times.sort_unstable();
        row(&format!("{figure}, a second"), rate, "-");
        for percent in [50, 99] {
            let us = times[times.len() * percent / 100].as_micros() as u64;
            row(&format!("{figure}, {percent} %"), millis(us), "-");
        }
    }
}

/// How long each of so many POSTs took on each connection.
fn many_posts(address: &str, connections: usize, each: usize) -> Vec<Duration> {
    thread::scope(|scope| {
        let clients: Vec<_> = (0..connections)
            .map(|_| {
                scope.spawn(move || {
                    let mut stream = connect(address);
                    let mut times = Vec::with_capacity(each);
                    for _ in 0..each {
                        let start = Instant::now();
                        assert_eq!(post(&mut stream), 202);
                        times.push(start.elapsed());
                    }
                    times
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().expect("a client")).collect()
    })
}
