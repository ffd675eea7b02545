//! The daemon as a process: the memory it takes and how often it wakes up.

use std::thread::sleep;
use std::time::{Duration, Instant};

use goip_sim::{Options, Sim};
use goipd::journal::SYNC_DELAY_MS;

use crate::common::{Daemon, PATIENCE};
use crate::program::{TEXT, number, queue, reached, resident_kb, threads};
use crate::row;

pub fn print() {
    memory();
    wake_ups();
}

fn memory() {
    const FIRST: u64 = 1_000;
    const MORE: u64 = 9_000;
    let sim = Sim::start(Options::default());
    let daemon = reached(&sim, "");
    row("resident memory, idle", format!("{} kB", resident_kb(&daemon)), "≤ 1024 kB");

    sim.command("refuse 3600000").expect("a command");
    queue(&daemon, FIRST as usize);
    let first_kb = resident_kb(&daemon);
    row(
        &format!("resident memory, {FIRST} messages of {} characters queued", TEXT.len()),
        format!("{first_kb} kB"),
        "≤ 2048 kB",
    );

    // The first ones also bring in code and buffers, which stay as large as they are.
    queue(&daemon, MORE as usize);
    let bytes = resident_kb(&daemon).saturating_sub(first_kb) * 1024 / MORE;
    row(
        &format!("memory a queued message, of the next {MORE}"),
        format!("{bytes} B"),
        "≤ 128 B, the text on disk",
    );
}

/// A minute of two idle daemons, side by side.
fn wake_ups() {
    let sims = [Sim::start(Options::default()), Sim::start(Options::default())];
    let silent = reached(&sims[0], "option status_interval '0'\n\toption inbox_interval '0'\n");
    let polling = reached(&sims[1], "option status_interval '60'\n");
    let before = [&silent, &polling].map(at_rest);
    let asked = sims[1].requests().len();
    sleep(Duration::from_secs(60));
    let [silent, polling] = [switches(&silent) - before[0], switches(&polling) - before[1]];
    let asked = sims[1].requests().len() - asked;
    row("wake-ups a minute, idle, status_interval 0", silent, "0");
    // A question has a thread of its own for its time-out. That one is gone before it is counted.
    row(&format!("wake-ups a minute, idle, status_interval 60: questions {asked}, switches"), polling, "-");
}

/// How often its threads have been switched to, once that has come to rest: it still sees the
/// last client off when it is asked for the first time.
fn at_rest(daemon: &Daemon) -> u64 {
    let start = Instant::now();
    let mut last = switches(daemon);
    loop {
        // Longer than the journal waits with what nobody waits for.
        sleep(Duration::from_millis(2 * SYNC_DELAY_MS));
        let now = switches(daemon);
        if now == last {
            return now;
        }
        assert!(start.elapsed() < PATIENCE, "goipd does not come to rest");
        last = now;
    }
}

/// How often its threads have been switched to.
fn switches(daemon: &Daemon) -> u64 {
    let both = ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"];
    threads(daemon.pid()).map(|status| both.map(|name| number(&status, name)).iter().sum::<u64>()).sum()
}
