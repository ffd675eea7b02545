//! Opt-outs and answers from outside: the real daemon in front of a simulated box, at every door.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::relay::{ADMIN, Relay, SEND_ONLY, TOKEN};
use common::{Daemon, Folder, PATIENCE, Talk, config_with, field, wait_for};
use goip_sim::{Options, Sim};

const NUMBER: &str = "+4915112345678";

/// Ends with the password of every device.
const PASSWORD: &str = "option password 'admin'\n";

const OPT_OUT: &str =
    "config optout\n option enabled '1'\n option country '49'\n option confirm 'You get no more'\n";

/// Answers everything.
const REPLY: &str = "config reply 'hours'\n option match 'any'\n option text 'We call you back'\n";

fn a_box() -> Sim {
    Sim::start(Options { lines: 2, send_ms: 30, ..Options::default() })
}

/// Has the inboxes read each second, with these sections behind.
fn configure(folder: &Folder, sections: &str) {
    let path = folder.path("config");
    let config = fs::read_to_string(&path).unwrap();
    let often = format!("{PASSWORD}option inbox_interval '1'\n");
    fs::write(&path, config.replace(PASSWORD, &often) + sections).unwrap();
}

/// A daemon that has read both inboxes once, so that what comes from now on is new.
fn start(sim: &Sim, sections: &str) -> Daemon {
    let folder = Folder::new();
    config_with(&folder, "option volatile '1'", &[("office", &sim.url(), 2)]);
    configure(&folder, sections);
    let daemon = Daemon::start_in(folder);
    first_look(sim);
    daemon
}

fn relay(sim: &Sim, client: &str, sections: &str) -> Relay {
    let relay = Relay::start_with(sim, "", client);
    configure(relay.daemon.folder(), sections);
    relay.daemon.signal("HUP");
    relay.daemon.wait_for_out("configuration reloaded");
    first_look(sim);
    relay
}

fn first_look(sim: &Sim) {
    let looks = |model: &mut goip_sim::Model| {
        model.requests().iter().filter(|request| request.path.contains("tools.html")).count()
    };
    let before = sim.with(|model, _| looks(model));
    assert!(sim.wait_until(PATIENCE, |model| looks(model) >= before + 2), "the inbox was not read twice");
}

/// The next event of that name.
fn next_event(events: &mut Talk, name: &str) -> String {
    loop {
        let event = events.reply().unwrap();
        if field(&event, "event") == name {
            return event;
        }
    }
}

fn events(daemon: &Daemon) -> Talk {
    let mut talk = daemon.connect();
    talk.ask(r#"{"op":"events"}"#);
    talk
}

fn aired(sim: &Sim, to: &str) -> Vec<(u8, String)> {
    sim.air().into_iter().filter(|job| job.number == to).map(|job| (job.line, job.text)).collect()
}

fn wait_until_aired(sim: &Sim, to: &str, count: usize) {
    wait_for(&format!("{count} messages to {to}"), || aired(sim, to).len() >= count);
}

#[test]
fn stop_by_sms_refuses_the_next_send_and_start_lets_it_go_out() {
    let sim = a_box();
    let mut daemon = start(&sim, OPT_OUT);
    let mut told = events(&daemon);
    sim.command(&format!("sms 2 {NUMBER}  stop! ")).unwrap();
    assert_eq!(field(&next_event(&mut told, "opt_out"), "number"), NUMBER);
    wait_until_aired(&sim, NUMBER, 1);
    assert_eq!(aired(&sim, NUMBER), [(2, "You get no more".to_owned())]);
    for to in [NUMBER, "0151-12345678"] {
        let refused = daemon.ask(&format!("send {to} hello"));
        assert!(
            refused.starts_with("error opted_out ") && refused.contains("goipctl optout remove"),
            "{refused}"
        );
    }
    assert!(daemon.ask("send +4915112345679 hello").starts_with("ok "));

    // Once more, and after a crash, nothing more is said.
    daemon.kill();
    daemon.start_again();
    let mut told = events(&daemon);
    sim.command(&format!("sms 1 {NUMBER} STOP")).unwrap();
    next_event(&mut told, "received");
    next_event(&mut told, "received");
    assert!(daemon.ask(&format!("send {NUMBER} hello")).starts_with("error opted_out "));
    sim.command(&format!("sms 1 {NUMBER} Start")).unwrap();
    assert_eq!(field(&next_event(&mut told, "opt_in"), "number"), NUMBER);
    assert!(daemon.ask(&format!("send {NUMBER} back again")).starts_with("ok "));
    wait_until_aired(&sim, NUMBER, 2);
    assert_eq!(aired(&sim, NUMBER)[1].1, "back again");
}

#[test]
fn what_waits_for_who_opts_out_is_taken_back() {
    let sim = a_box();
    let daemon = start(&sim, OPT_OUT);
    sim.command("logout all 600000").unwrap();
    assert_eq!(daemon.ask(&format!("send {NUMBER} waits")), "ok 1");
    sim.command(&format!("sms 1 {NUMBER} STOP")).unwrap();
    let ended = daemon.ask(r#"{"op":"wait","id":1,"timeout":20}"#);
    assert_eq!((field(&ended, "state"), field(&ended, "code")), ("cancelled", "opted_out"), "{ended}");
}

#[test]
fn the_list_by_hand_is_shown_page_by_page_and_outlives_a_crash() {
    let sim = a_box();
    let mut daemon = start(&sim, "");
    let mut talk = daemon.connect();
    let added = talk.ask(r#"{"op":"optout","do":"add","number":"0049 151 12345678"}"#);
    let since = field(&added, "since").to_owned();
    assert_eq!(added, format!(r#"{{"ok":true,"number":"{NUMBER}","opted_out":true,"since":"{since}"}}"#));
    let many =
        talk.ask(&format!(r#"{{"op":"optout","do":"add","numbers":"777\n{NUMBER}\n+49 170 1\n888"}}"#));
    assert_eq!(many, r#"{"ok":true,"added":3}"#);
    daemon.kill();
    daemon.start_again();
    let mut talk = daemon.connect();
    let page = talk.ask(r#"{"op":"optouts","limit":2}"#);
    assert!(
        page.starts_with(&format!(r#"{{"ok":true,"optouts":[{{"number":"{NUMBER}","since":"{since}"}}"#)),
        "{page}"
    );
    assert!(page.ends_with(r#""}],"next":"+491701"}"#), "{page}");
    let page = talk.ask(r#"{"op":"optouts","after":"+491701"}"#);
    assert_eq!((page.matches("\"number\"").count(), field(&page, "next")), (2, "888"), "{page}");
    assert_eq!(talk.ask(r#"{"op":"optouts","after":"888"}"#), r#"{"ok":true,"optouts":[],"next":"888"}"#);
    assert!(talk.ask("send 777 hello").starts_with("error opted_out "), "also without the section");
    let removed = r#"{"ok":true,"number":"777","opted_out":false,"since":null}"#;
    for _ in 0..2 {
        assert_eq!(talk.ask(r#"{"op":"optout","do":"remove","number":"777"}"#), removed);
    }
    let shown = talk.ask(r#"{"op":"optout","number":"777"}"#);
    assert_eq!(shown, r#"{"ok":false,"error":"not_found","message":"777 has not opted out"}"#);
    assert!(talk.ask("send 777 hello").starts_with("ok "));
    for (request, code) in [
        (r#"{"op":"optout","do":"add","number":"12x"}"#, "invalid_number"),
        (r#"{"op":"optout","do":"add","numbers":"12\n12x"}"#, "invalid_number"),
        (r#"{"op":"optout","numbers":"12"}"#, "bad_request"),
        (r#"{"op":"optout","do":"add","number":"12","numbers":"12"}"#, "bad_request"),
        (r#"{"op":"optout","do":"forget","number":"12"}"#, "bad_request"),
        (r#"{"op":"optout"}"#, "bad_request"),
        (r#"{"op":"optouts","after":"x"}"#, "invalid_number"),
    ] {
        assert_eq!(field(&talk.ask(request), "error"), code, "{request}");
    }
}

#[test]
fn at_the_relay_sends_are_refused_and_admins_change_the_list() {
    let sim = a_box();
    let relay = relay(&sim, "", OPT_OUT);
    let path = "/v1/optouts/+4915112345678";
    let added = relay.request("PUT", path, ADMIN, "");
    assert_eq!((added.status, field(&added.body, "opted_out")), (200, "true"), "{added:?}");
    let refused = relay.post(&format!(r#"{{"to":"{NUMBER}","text":"hello"}}"#));
    assert_eq!((refused.status, refused.error()), (422, "opted_out"));
    let page = relay.page(&format!("send.html?u=nagios&p={TOKEN}&l=1&n=%2B4915112345678&m=hello"));
    assert_eq!(page, "\nERROR,L1 opted_out\n");
    let list = relay.request("GET", "/v1/optouts?limit=1", ADMIN, "");
    assert_eq!((list.status, field(&list.body, "number"), field(&list.body, "next")), (200, NUMBER, NUMBER));
    let behind = relay.request("GET", "/v1/optouts?after=+4915112345678", ADMIN, "");
    assert_eq!(behind.body, format!(r#"{{"optouts":[],"next":"{NUMBER}"}}"#));
    assert_eq!(relay.request("GET", "/v1/optouts/015112345678", ADMIN, "").status, 200);
    for (method, path) in [("GET", "/v1/optouts"), ("GET", path), ("PUT", path), ("DELETE", path)] {
        for token in [TOKEN, SEND_ONLY] {
            assert_eq!(relay.request(method, path, token, "").error(), "forbidden", "{method} {path}");
        }
    }
    let removed = relay.request("DELETE", path, ADMIN, "");
    assert_eq!((removed.status, field(&removed.body, "opted_out")), (200, "false"));
    let gone = relay.request("GET", path, ADMIN, "");
    assert_eq!((gone.status, gone.error()), (404, "not_found"));
    assert_eq!(relay.request("PUT", "/v1/optouts/12x", ADMIN, "").error(), "invalid_number");
    assert_eq!(relay.post(&format!(r#"{{"to":"{NUMBER}","text":"hello"}}"#)).status, 202);
}

#[test]
fn a_transactional_client_sends_to_everybody_from_the_reload_that_says_so() {
    let sim = a_box();
    let relay = relay(&sim, "", OPT_OUT);
    relay.request("PUT", "/v1/optouts/+4915112345678", ADMIN, "");
    let body = format!(r#"{{"to":"{NUMBER}","text":"your code"}}"#);
    assert_eq!(relay.post(&body).error(), "opted_out");
    let path = relay.daemon.folder().path("config");
    let config = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        config.replace(
            "list allow 'send'\n list allow 'read'",
            "list allow 'send'\n list allow 'read'\n option transactional '1'",
        ),
    )
    .unwrap();
    relay.daemon.signal("HUP");
    relay.daemon.wait_for_out("changed: client 'nagios'");
    assert_eq!(relay.post(&body).status, 202);
    assert_eq!(relay.request("POST", "/v1/messages", SEND_ONLY, &body).error(), "opted_out");
}

#[test]
fn a_reply_goes_out_on_the_line_that_was_asked_and_two_robots_stop() {
    let sim = a_box();
    let mut daemon = start(&sim, REPLY);
    // The other one answers every answer, each time with another text.
    for round in 1..=3 {
        sim.command(&format!("sms 2 {NUMBER} I am a robot, answer {round}")).unwrap();
        wait_until_aired(&sim, NUMBER, round);
        if round == 2 {
            daemon.kill();
            daemon.start_again();
        }
    }
    let mut told = events(&daemon);
    sim.command(&format!("sms 2 {NUMBER} I am a robot, answer 4")).unwrap();
    sim.command("sms 1 +4915199999999 a person").unwrap();
    for _ in 0..5 {
        next_event(&mut told, "received");
    }
    wait_until_aired(&sim, "+4915199999999", 1);
    assert_eq!(aired(&sim, NUMBER), vec![(2, "We call you back".to_owned()); 3]);
    assert_eq!(aired(&sim, "+4915199999999")[0].0, 1);
    let listed = daemon.ask(r#"{"op":"list","limit":1}"#);
    assert_eq!(field(&listed, "tag"), "reply:hours", "{listed}");
}
