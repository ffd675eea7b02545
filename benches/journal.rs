//! What the journal of the real program writes, how much it gets done, and how soon it is read
//! back.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use goip_sim::{Options, Sim};

use crate::common::{Daemon, Folder, field, quick_box};
use crate::program::{TEXT, burst, counter, queue, reached, resident_kb, start};
use crate::slow_disk::{SYNC_MS, SlowDisk};
use crate::{hundredths, row};

const SHORT_TEXT: &str = "Pump 3 stopped";

/// Longer than a fence is good for.
const REST: Duration = Duration::from_millis(2_500);

/// Messages in one piece, more than an alarm system sends at once.
const BURST: usize = 500;

pub fn print() {
    one_message();
    bursts();
    rate();
    recovery();
}

/// Messages as alarms come: each finds a line that has rested, so its fence has to be read anew
/// and it shares no sync with another.
fn one_message() {
    const MESSAGES: u64 = 5;
    let sim = quick_box();
    let daemon = reached(&sim, "");
    let written = || ["journal_bytes", "journal_syncs"].map(|name| counter(&daemon, name));
    // With the first one goes what the start has written.
    send(&daemon, 0);
    let before = written();
    for n in 1..=MESSAGES {
        sleep(REST);
        send(&daemon, n);
    }
    let after = written();
    let [bytes, syncs] = [0, 1].map(|n| (after[n] - before[n]) * 100 / MESSAGES);
    row(
        &format!("bytes a message that is sent; its text has {}, its key 8", SHORT_TEXT.len()),
        hundredths(bytes),
        &format!("≤ {}.00", 600 + SHORT_TEXT.len()),
    );
    row("syncs a message that is sent", hundredths(syncs), "≤ 3.00");
}

fn send(daemon: &Daemon, n: u64) {
    let request = r#"{"op":"send","to":"+4915112345678","#;
    let accepted = daemon.ask(&format!(r#"{request}"text":"{SHORT_TEXT}","key":"pump3-{n:02}"}}"#));
    // That it is sent is shown once it is durable.
    let sent = daemon.ask(&format!(r#"{{"op":"wait","id":{}}}"#, field(&accepted, "id")));
    assert_eq!(field(&sent, "state"), "sent", "{sent}");
}

/// A program that sends all it has to send in one piece.
fn bursts() {
    const BURSTS: usize = 5;
    let daemon = boxless(None);
    let slow = SlowDisk::of(daemon.pid());
    for text in [SHORT_TEXT, TEXT] {
        let figure = format!(
            "syncs, {BURST} messages of {} characters at once, {SYNC_MS} ms a sync, most of {BURSTS}",
            text.len()
        );
        if slow.is_none() {
            row(&figure, "-", "strace, and leave to trace, make the disk slow");
            continue;
        }
        let syncs = (0..BURSTS).map(|_| {
            let before = counter(&daemon, "journal_syncs");
            burst(&mut daemon.connect(), text, BURST);
            counter(&daemon, "journal_syncs") - before
        });
        row(&figure, syncs.max().unwrap_or_default(), "≤ 5");
    }
}

/// Where a sync costs nothing.
fn rate() {
    const MESSAGES: usize = 5_000;
    let figure = "messages accepted a second, one client, the journal in RAM";
    let Some(ram) = Ram::new() else {
        row(figure, "-", "no /dev/shm here");
        return;
    };
    let daemon = boxless(Some(&ram.0));
    let start = Instant::now();
    queue(&daemon, MESSAGES);
    let micros = start.elapsed().as_micros().max(1);
    row(figure, MESSAGES as u128 * 1_000_000 / micros, "-");
}

/// A start with a full queue.
fn recovery() {
    const MESSAGES: usize = 10_000;
    let folder = Folder::new();
    let mut daemon = boxless(Some(&folder.path("state")));
    queue(&daemon, MESSAGES);
    daemon.signal("TERM");
    assert!(daemon.end().success(), "it stops when it is told to");
    drop(daemon);

    let start = Instant::now();
    let daemon = boxless(Some(&folder.path("state")));
    assert_eq!(counter(&daemon, "queued"), MESSAGES as u64, "all are there again");
    let took_ms = start.elapsed().as_millis();
    row(
        &format!("from the start to the first answer, {MESSAGES} messages stored"),
        format!("{took_ms} ms"),
        "≤ 300 ms",
    );
    row("resident memory then", format!("{} kB", resident_kb(&daemon)), "≤ 3072 kB");
}

/// A daemon whose box is away.
fn boxless(state: Option<&Path>) -> Daemon {
    let sim = Sim::start(Options::default());
    sim.command("refuse 3600000").expect("a command");
    start(&sim, state, "")
}

/// A folder in RAM that is removed in the end.
pub struct Ram(PathBuf);

impl Ram {
    pub fn new() -> Option<Self> {
        let path = PathBuf::from(format!("/dev/shm/goipd-{}", std::process::id()));
        fs::create_dir(&path).ok().map(|()| Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Ram {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
