//! Which line a message gets, and how much lines may send, from outside: the real daemon in front of
//! a simulated box.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use common::relay::{Relay, TOKEN};
use common::{Daemon, Folder, PATIENCE, config_with, field};
use goip_sim::{Options, Sim};

fn a_box(lines: u8) -> Sim {
    Sim::start(Options { lines, send_ms: 30, ..Options::default() })
}

/// The section of a line of the device, with these options.
fn line(number: u8, options: &str) -> String {
    format!("config line\n option device 'office'\n option number '{number}'\n{options}\n")
}

/// A daemon with such options of section `goipd`, and these sections behind.
fn start(sim: &Sim, lines: u8, options: &str, sections: &str) -> Daemon {
    let folder = Folder::new();
    let path =
        config_with(&folder, &format!("option volatile '1'\n{options}"), &[("office", &sim.url(), lines)]);
    let config = fs::read_to_string(&path).unwrap();
    fs::write(&path, config + sections).unwrap();
    Daemon::start_in(folder)
}

/// Queues a message with these more fields; gives its id.
fn send(daemon: &Daemon, to: &str, more: &str) -> String {
    let reply = daemon.ask(&format!(r#"{{"op":"send","to":"{to}","text":"x"{more}}}"#));
    field(&reply, "id").to_owned()
}

/// Sends a message to its end; gives the line that it went out on.
fn sent_on(daemon: &Daemon, to: &str, more: &str) -> String {
    line_of(daemon, &send(daemon, to, more))
}

/// The line that a message went out on, once it was sent.
fn line_of(daemon: &Daemon, id: &str) -> String {
    let reply = daemon.ask(&format!(r#"{{"op":"wait","id":{id}}}"#));
    assert!(reply.contains(r#""state":"sent""#), "{reply}");
    field(&reply, "line").trim_matches('"').to_owned()
}

/// The line that a message was given to.
fn given_to(daemon: &Daemon, id: &str) -> String {
    let end = Instant::now() + PATIENCE;
    loop {
        let reply = daemon.ask(&format!(r#"{{"op":"explain","id":{id}}}"#));
        if !reply.contains(r#""state":"queued""#) {
            return field(&reply, "line").trim_matches('"').to_owned();
        }
        assert!(Instant::now() < end, "{reply}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until the box has answered.
fn wait_until_known(daemon: &Daemon) {
    let end = Instant::now() + PATIENCE;
    while daemon.ask(r#"{"op":"lines"}"#).contains(r#""up":false"#) {
        assert!(Instant::now() < end, "the box does not answer");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until `explain` of the message says this.
fn wait_for(daemon: &Daemon, id: &str, said: &str) -> String {
    let end = Instant::now() + PATIENCE;
    loop {
        let reply = daemon.ask(&format!(r#"{{"op":"explain","id":{id}}}"#));
        if reply.contains(said) {
            return reply;
        }
        assert!(Instant::now() < end, "{said} is not in {reply}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn lines_take_their_prefixes_clients_and_priorities_and_failover_has_an_order() {
    let sim = a_box(4);
    let sections = [
        line(4, " list prefix '+49'\n option only_prefix '1'\n"),
        line(3, " option priority_only '1'\n"),
        line(2, " list client 'nagios'\n"),
    ];
    let client = format!("config client 'nagios'\n option token '{TOKEN}'\n list allow 'send'\n");
    let daemon = start(&sim, 4, "option policy 'failover'", &(sections.concat() + &client));
    let all = [
        ("+4915112345", "", "office/4"),
        ("110", r#","priority":"high""#, "office/3"),
        ("110", "", "office/1"),
        ("110", r#","line":"office""#, "office/1"),
        ("110", r#","line":"office/2""#, "office/2"),
    ];
    let ids = all.map(|(to, more, _)| send(&daemon, to, more));
    for ((to, more, on), id) in all.into_iter().zip(ids) {
        assert_eq!(given_to(&daemon, &id), on, "{to} {more}");
    }
}

#[test]
fn lines_take_turns_by_weight_and_a_receiver_keeps_its_own() {
    let sim = a_box(2);
    let daemon = start(&sim, 2, "option sticky '1'", &line(2, " option weight '2'\n"));
    let mut on: Vec<_> = (0..2).map(|n| sent_on(&daemon, &format!("11{n}"), "")).collect();
    on.push(given_to(&daemon, &send(&daemon, "112", "")));
    assert_eq!(on.iter().filter(|line| *line == "office/2").count(), 2, "{on:?}");
    let seldom = on.iter().position(|line| line == "office/1").unwrap();
    let often = (seldom + 1) % 3;
    let ids = [seldom, often].map(|n| send(&daemon, &format!("11{n}"), ""));
    assert_eq!(ids.map(|id| given_to(&daemon, &id)), ["office/1", "office/2"]);
}

#[test]
fn the_least_used_line_is_next() {
    let sim = a_box(2);
    let daemon = start(&sim, 2, "option policy 'least_used'", "");
    let long = format!(r#"{{"op":"send","to":"110","text":"{}","line":"office/2"}}"#, "x".repeat(200));
    let id = field(&daemon.ask(&long), "id").to_owned();
    assert_eq!(line_of(&daemon, &id), "office/2");
    // In turn the second would get line 2.
    assert_eq!(sent_on(&daemon, "110", ""), "office/1");
    let next = daemon.ask(r#"{"op":"estimate","to":"110","text":"x"}"#);
    assert!(next.contains(r#""line":"office/1","at":"#), "{next}");
}

#[test]
fn what_was_used_of_a_limit_survives_a_kill_and_more_is_sent_only_when_it_is_raised() {
    let sim = a_box(1);
    let sections = line(1, " option per_hour '2'\n option reserve '50'\n option label 'prepaid'\n");
    let mut daemon = start(&sim, 1, "", &sections);
    sent_on(&daemon, "110", "");
    let waits = send(&daemon, "110", "");
    let reply = wait_for(&daemon, &waits, "1 of 1 segments used this hour; next ");
    assert!(reply.contains(r#""state":"queued""#) && reply.contains(r#""line":"office/1","at":"#), "{reply}");
    daemon.kill();
    daemon.start_again();
    wait_for(&daemon, &waits, "1 of 1 segments used this hour");
    sent_on(&daemon, "110", r#","priority":"high""#);
    let lines = daemon.ask(r#"{"op":"lines"}"#);
    let used = r#""label":"prepaid","limits":{"hour":2},"used":{"hour":2,"day":2,"month":2}}"#;
    assert!(lines.contains(used), "{lines}");
    let path = daemon.folder().path("config");
    let config = fs::read_to_string(&path).unwrap();
    fs::write(&path, config.replace("per_hour '2'", "per_hour '40'")).unwrap();
    daemon.signal("HUP");
    wait_for(&daemon, &waits, "on its way on office/1");
}

#[test]
fn all_lines_together_and_each_number_have_limits_too() {
    let sim = a_box(2);
    let options =
        "option per_day '3'\n option per_month '100'\n option month_start '2'\n option per_number_hour '2'";
    let daemon = start(&sim, 2, options, "");
    let [_, _, third] = [0; 3].map(|_| send(&daemon, "110", ""));
    wait_for(&daemon, &third, "its number has had the 2 messages of an hour");
    sent_on(&daemon, "112", "");
    let fourth = send(&daemon, "113", "");
    wait_for(&daemon, &fourth, "waits for the limit of all lines: 3 of 3 segments used in a day");
    let mut events = daemon.connect();
    events.send(b"{\"op\":\"events\"}\n");
    while !events.reply().unwrap().contains(r#""event":"limit_near""#) {}
}

#[test]
fn a_line_makes_a_pause_between_two_messages() {
    let sim = a_box(1);
    let daemon = start(&sim, 1, "", &line(1, " option gap_ms '4000'\n"));
    let start = Instant::now();
    let ids = [0; 2].map(|_| send(&daemon, "110", ""));
    // What the box does with a message is first looked at after two seconds.
    wait_for(&daemon, &ids[0], "sent on office/1");
    wait_for(&daemon, &ids[1], "which makes a pause");
    wait_for(&daemon, &ids[1], "on its way on office/1");
    assert!(start.elapsed() > Duration::from_millis(3_000), "a fifth of a pause is left to chance");
}

#[test]
fn an_estimate_tells_what_a_text_takes_and_where_it_would_go() {
    let sim = a_box(2);
    let daemon = start(&sim, 2, "", &line(2, " list prefix '+49'\n"));
    wait_until_known(&daemon);
    let reply = daemon.ask(r#"{"op":"estimate","to":"+4915112345","text":"✓ Tür ✓ ł"}"#);
    let expected = r#"{"ok":true,"segments":1,"encoding":"ucs2","forcing":"✓ł","explanation":"goes out on office/2, now","line":"office/2","at":"#;
    assert!(reply.starts_with(expected), "{reply}");
    let refused = daemon.ask(r#"{"op":"estimate","to":"110","text":"x","line":"depot"}"#);
    assert!(refused.contains("unknown_line"), "{refused}");
    assert_eq!(sim.air().len(), 0);
}

#[test]
fn the_relay_explains_a_clients_own_messages() {
    let sim = a_box(1);
    let relay = Relay::start(&sim);
    let answer = relay.post(r#"{"to":"110","text":"x"}"#);
    assert_eq!(answer.status, 202);
    let explained = relay.get("/v1/messages/1/explain");
    assert_eq!(explained.status, 200);
    assert!(explained.body.starts_with(r#"{"id":1,"state":""#), "{}", explained.body);
    assert_eq!(relay.get("/v1/messages/2/explain").status, 404);
    let estimate = relay.request("POST", "/v1/estimate", TOKEN, r#"{"to":"110","text":"€"}"#);
    assert!(
        estimate.body.starts_with(r#"{"segments":1,"encoding":"gsm7","forcing":"","#),
        "{}",
        estimate.body
    );
    let keyed = relay.request("POST", "/v1/estimate", TOKEN, r#"{"to":"110","text":"x","key":"k"}"#);
    assert_eq!((keyed.status, keyed.error()), (400, "bad_request"));
    assert!(
        relay.get("/metrics").body.contains(r#"goipd_line_used_segments{line="office/1",window="hour"} "#)
    );
}
