//! What the real daemon does by itself after a minute at the earliest: its watchdog helps a box, and
//! a message to itself is lost.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use std::thread;
use std::time::{Duration, Instant};

use common::{Daemon, Folder, config_with, wait_for};
use goip_sim::{Options, Sim};

/// The least that `watchdog` and `timeout` can be, with some time for an emulator.
const MINUTE: Duration = Duration::from_secs(90);

fn wait_a_minute_for(what: &str, mut condition: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < MINUTE, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(100));
    }
    start.elapsed()
}

/// A daemon that asks the box for its two lines each second, with these options of the device and
/// these sections.
fn daemon(sim: &Sim, options: &str, sections: &str) -> Daemon {
    let folder = Folder::new();
    let path = config_with(&folder, "", &[("office", &sim.url(), 2)]);
    let text = std::fs::read_to_string(&path).unwrap();
    let options = format!("option lines '2'\noption status_interval '1'\n{options}");
    std::fs::write(path, text.replace("option lines '2'", &options) + sections).unwrap();
    Daemon::start_in(folder)
}

fn sim() -> Sim {
    Sim::start(Options { lines: 2, send_ms: 50, ..Options::default() })
}

fn lines(daemon: &Daemon) -> String {
    daemon.ask(r#"{"op":"lines"}"#)
}

/// How often the box was asked for a page with these words in its path or behind it.
fn asked(sim: &Sim, words: &str) -> usize {
    let requests = sim.requests();
    requests.iter().filter(|r| r.path.contains(words) || r.query.contains(words)).count()
}

/// Waits until an event with these words was told.
fn wait_for_event(daemon: &Daemon, words: [&str; 2]) {
    let mut events = daemon.connect();
    events.ask(r#"{"op":"events","after":0}"#);
    while !events.reply().is_some_and(|event| words.iter().all(|words| event.contains(words))) {}
}

#[test]
fn where_no_line_is_logged_in_a_module_is_switched_off_and_on_though_the_daemon_is_killed_in_between() {
    let sim = sim();
    sim.command("registered all no").unwrap();
    let mut daemon = daemon(&sim, "option watchdog '1'", "");
    let mut off = String::new();
    wait_a_minute_for("a module is off", || {
        off = lines(&daemon);
        off.contains(r#""module":false"#)
    });
    assert_eq!(off.matches(r#""module":true"#).count(), 1, "one at a time: {off}");
    daemon.kill();
    daemon.start_again();
    wait_for("it is on again", || lines(&daemon).matches(r#""module":true"#).count() == 2);
    assert_eq!(["down=1", "down=0", "reboot"].map(|words| asked(&sim, words)), [1, 1, 0]);
    wait_for_event(&daemon, [r#""event":"watchdog""#, r#""device":"office""#]);
}

#[test]
fn a_box_that_does_not_answer_is_told_to_start_anew() {
    let sim = sim();
    let daemon = daemon(&sim, "option watchdog '1'\noption max_per_day '1'\noption inbox_interval '0'", "");
    wait_for("the lines are up", || lines(&daemon).matches(r#""up":true"#).count() == 2);
    for page in ["status", "lines"] {
        sim.command(&format!("fault {page} lost-before always")).unwrap();
    }
    let took = wait_a_minute_for("it is told to", || asked(&sim, "reboot") == 1);
    assert!(took > Duration::from_secs(50), "{took:?}");
    sim.clear();
    wait_for("the lines are up again", || lines(&daemon).matches(r#""up":true"#).count() == 2);
    assert_eq!(asked(&sim, "reboot"), 1);
    assert!(daemon.err().contains(
        "device office: the box does not answer: the watchdog has the box start anew (no. 1 in 24 h)"
    ));
}

#[test]
fn a_canary_that_does_not_come_is_lost_and_told_once() {
    let sim = sim();
    sim.command("own 1 +491511111111").unwrap();
    // Nobody has the other number.
    let canary = "config canary\noption from 'office/1'\noption to '+491512222222'\noption timeout '60'\n";
    let daemon = daemon(&sim, "option inbox_interval '1'", canary);
    wait_for("the canary is sent", || !sim.air().is_empty());
    let took = wait_a_minute_for("it is lost", || {
        daemon.err().contains("office/1: its canary has not come within 60 s")
    });
    assert!(took > Duration::from_secs(40), "{took:?}");
    wait_for_event(&daemon, [r#""event":"canary_lost""#, r#""line":"office/1""#]);
}
