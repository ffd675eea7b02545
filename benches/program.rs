//! The real program in front of a simulated box, and what the system says of it. `GOIPD_BIN` names
//! the program, which has to be the static one: with another libc or profile the figures say
//! nothing about a router.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use goip_sim::Sim;

use crate::common::{Daemon, Folder, PATIENCE, Talk, config, field};

/// Room for all messages that are queued here.
const OPTIONS: &str = "option queue_limit '10000'\noption keep_messages '10000'\noption max_journal '8192'\n";

/// 60 characters, of which GSM-7 makes one segment.
pub const TEXT: &str = "Pump 3 on the island has stopped, water at 1.82 m and rising";

/// Whether the static program is here.
pub fn is_there() -> bool {
    Path::new(&std::env::var_os("GOIPD_BIN").unwrap_or_default()).is_file()
}

/// A daemon with its journal in `state`, or in its own folder. `options` are the device's.
pub fn start(sim: &Sim, state: Option<&Path>, options: &str) -> Daemon {
    let folder = Folder::new();
    let path = config(&folder, sim, OPTIONS);
    let mut text = fs::read_to_string(&path).expect("the configuration");
    if let Some(state) = state {
        text = text.replace(&folder.path("state").display().to_string(), &state.display().to_string());
    }
    fs::write(&path, text + options).expect("the configuration");
    Daemon::start_in(folder)
}

/// A daemon that has reached its box.
pub fn reached(sim: &Sim, options: &str) -> Daemon {
    let daemon = start(sim, None, options);
    let start = Instant::now();
    while !daemon.ask(r#"{"op":"lines"}"#).contains(r#""up":true"#) {
        assert!(start.elapsed() < PATIENCE, "goipd does not reach the box");
        sleep(Duration::from_millis(5));
    }
    daemon
}

/// Sends `count` requests with that text in one piece, which has to fit into the buffers of the
/// socket, and takes the replies.
pub fn burst(talk: &mut Talk, text: &str, count: usize) {
    talk.send(format!("send +4915112345678 {text}\n").repeat(count).as_bytes());
    for _ in 0..count {
        let reply = talk.reply().expect("a reply");
        assert!(reply.starts_with("ok "), "{reply}");
    }
}

/// Has `count` more messages queued.
pub fn queue(daemon: &Daemon, count: usize) {
    const AT_ONCE: usize = 500;
    let mut talk = daemon.connect();
    (0..count / AT_ONCE).for_each(|_| burst(&mut talk, TEXT, AT_ONCE));
}

/// One of the counters in ping.
pub fn counter(daemon: &Daemon, name: &str) -> u64 {
    field(&daemon.ask(r#"{"op":"ping"}"#), name).parse().expect("a number")
}

/// The memory it has now.
pub fn resident_kb(daemon: &Daemon) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).expect("it runs");
    number(&status, "VmRSS:")
}

/// What `/proc` says of each of its threads.
pub fn threads(pid: u32) -> impl Iterator<Item = String> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
    // A thread may end while it is looked at.
    threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("status")).ok())
}

/// The number in the line of `status` that begins with `name`.
pub fn number(status: &str, name: &str) -> u64 {
    let value = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of that name");
    value.trim().trim_end_matches(" kB").parse().expect("a number")
}
