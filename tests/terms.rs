//! When messages go, from outside: the real daemon in front of a simulated box, each option once.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use common::relay::Relay;
use common::{Daemon, Folder, PATIENCE, config, field};
use goip_sim::{Options, Sim};

const NUMBER: &str = "+4915112345678";

/// A group, and who is in it.
const ONCALL: &str = "config group 'oncall'\n list number '+49151111'\n list number '+49151222'\n";

fn a_box() -> Sim {
    Sim::start(Options { send_ms: 30, ..Options::default() })
}

fn wait_until_aired(sim: &Sim, count: usize) -> Vec<(String, String)> {
    assert!(sim.wait_until(PATIENCE, |model| model.air().len() >= count), "{:?}", sim.air());
    sim.air().into_iter().map(|job| (job.number, job.text)).collect()
}

fn unix_s() -> u32 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() as u32
}

/// Starts a daemon again whose journal is older than this boot, so that it trusts the clock.
fn start_again_with_the_time(daemon: &mut Daemon) {
    daemon.signal("TERM");
    assert!(daemon.end().success());
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    for entry in fs::read_dir(daemon.folder().path("state")).unwrap() {
        File::options().append(true).open(entry.unwrap().path()).unwrap().set_modified(old).unwrap();
    }
    daemon.start_again();
}

/// What `goipctl` prints.
fn goipctl(daemon: &Daemon, arguments: &[&str]) -> String {
    let link = daemon.folder().path("goipctl");
    if !link.exists() {
        symlink(env!("CARGO_BIN_EXE_goipd"), &link).unwrap();
    }
    let output = Command::new(link).arg("--socket").arg(daemon.socket()).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_message_with_a_time_goes_then_also_over_a_kill() {
    let sim = a_box();
    let mut daemon = Daemon::start(&sim);
    start_again_with_the_time(&mut daemon);
    let start = Instant::now();
    let at = goipd::api::rfc3339(unix_s() + 4);
    let by_clock = daemon.ask(&format!(
        r#"{{"op":"send","to":"{NUMBER}","text":"by the clock","at":"{}"}}"#,
        at.replace('Z', ".25+00:00")
    ));
    assert_eq!(goipctl(&daemon, &["send", "--at", "+3", NUMBER, "by the wait"]), "2 queued\n");
    daemon.ask(&format!("send {NUMBER} at once"));
    wait_until_aired(&sim, 1);
    daemon.kill();
    daemon.start_again();
    let shown = daemon.ask(&format!(r#"{{"op":"status","id":{}}}"#, field(&by_clock, "id")));
    assert_eq!((field(&shown, "at"), field(&shown, "state")), (at.as_str(), "queued"));
    let texts: Vec<_> = wait_until_aired(&sim, 2).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts[..2], ["at once", "by the wait"]);
    assert!(start.elapsed() >= Duration::from_millis(2_900), "{:?}", start.elapsed());
    assert_eq!(goipctl(&daemon, &["cancel", "1"]), "1 cancelled\n");
}

#[test]
fn a_newer_message_collapses_an_older_one_and_the_count_is_told() {
    let sim = a_box();
    let mut daemon = Daemon::start(&sim);
    let send = |daemon: &Daemon, text: &str| {
        daemon
            .ask(&format!(r#"{{"op":"send","to":"{NUMBER}","text":"{text}","collapse":"pump3","at":"+2"}}"#))
    };
    assert_eq!(field(&send(&daemon, "level 1"), "id"), "1");
    assert_eq!(field(&send(&daemon, "level 2"), "id"), "2");
    daemon.kill();
    daemon.start_again();
    assert_eq!(field(&send(&daemon, "level 3"), "id"), "3");
    let old = daemon.ask(r#"{"op":"status","id":2}"#);
    assert_eq!((field(&old, "state"), field(&old, "code")), ("cancelled", "collapsed"));
    assert!(old.contains(r#""message":"replaced by message 3""#), "{old}");
    let shown = goipctl(&daemon, &["status", "3"]);
    assert!(shown.lines().any(|line| line.split_whitespace().eq(["collapsed", "2"])), "{shown}");
    assert_eq!(wait_until_aired(&sim, 1), [(NUMBER.to_owned(), "level 3".to_owned())]);
}

#[test]
fn a_group_gets_a_message_each_at_every_door() {
    let sim = Sim::start(Options { lines: 2, send_ms: 30, ..Options::default() });
    let relay = Relay::start_edited(&sim, "", "", "", |config| config + ONCALL);
    let body = r#"{"to":["@oncall","+49 151-333","+49151222"],"text":"alarm","key":"k"}"#;
    let accepted = relay.post(body);
    assert_eq!((accepted.status, accepted.header("Location")), (202, Some("/v1/messages/1")));
    assert!(accepted.body.starts_with(r#"{"id":1,"ids":[1,2,3],"state":"#), "{}", accepted.body);
    let again = relay.post(body);
    assert!(again.body.starts_with(r#"{"id":1,"ids":[1,2,3],"#), "{}", again.body);
    assert!(again.body.contains(r#""replayed":true"#), "{}", again.body);
    assert_eq!(relay.post(r#"{"to":"@nobody","text":"x"}"#).error(), "invalid_number");
    let page = relay.page("send.html?u=nagios&p=0123456789abcdef&l=1&n=@oncall&m=x");
    assert!(page.contains("ERROR,L1 invalid_number"), "{page}");

    let daemon = &relay.daemon;
    assert_eq!(daemon.ask("send @oncall test"), "ok 4");
    assert_eq!(goipctl(daemon, &["send", "@oncall,112", "drill"]), "6 queued\n7 queued\n8 queued\n");
    let mut aired = wait_until_aired(&sim, 8);
    aired.sort();
    let to = |number: &str| aired.iter().filter(|(to, _)| to == number).count();
    assert_eq!(["+49151111", "+49151222", "+49151333", "112"].map(to), [3, 3, 1, 1]);
}

#[test]
fn routine_messages_wait_for_the_end_of_quiet_hours_in_the_time_zone_of_the_router() {
    let sim = a_box();
    let folder = Folder::new();
    // Half an hour before and behind now, where it is five hours later than in UTC.
    let clock = |s: u32| format!("{:02}:{:02}", s / 3600 % 24, s / 60 % 60);
    let local_s = unix_s() + 5 * 3600;
    let hours = format!("{}-{}", clock(local_s - 1800), clock(local_s + 1800));
    config(&folder, &sim, &format!("option quiet '{hours}'"));
    fs::write(folder.path("tz"), "<+05>-5").unwrap();
    let mut daemon = Daemon::start_in(folder);
    start_again_with_the_time(&mut daemon);
    daemon.ask(&format!("send {NUMBER} routine"));
    daemon.ask(&format!(r#"{{"op":"send","to":"{NUMBER}","text":"urgent","priority":"high"}}"#));
    let texts: Vec<_> = wait_until_aired(&sim, 1).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["urgent"]);
    assert_eq!(daemon.ask("status 1"), "ok queued");
}

#[test]
fn after_an_outage_of_the_box_routine_messages_are_stale() {
    let sim = a_box();
    let daemon = Daemon::start_with(&sim, "option stale_after '2'\n option admin_number '+4915199999'");
    daemon.ask(&format!("send {NUMBER} before"));
    wait_until_aired(&sim, 1);
    sim.command("refuse 3000").unwrap();
    daemon.ask(&format!("send {NUMBER} old news"));
    daemon.ask(&format!(r#"{{"op":"send","to":"{NUMBER}","text":"urgent","priority":"high"}}"#));
    wait_until_aired(&sim, 2);
    let stale = daemon.ask(r#"{"op":"status","id":2}"#);
    assert_eq!((field(&stale, "state"), field(&stale, "code")), ("expired", "stale"));
    assert_eq!(sim.air()[1].text, "urgent");
}
