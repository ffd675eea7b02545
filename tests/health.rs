//! The real daemon that looks after balances, and sends messages to itself. What takes a minute at
//! least, watchdogs and lost canaries, is in `minutes.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use std::time::Instant;

use common::relay::{ADMIN, Relay};
use common::{PATIENCE, field, wait_for};
use goip_sim::{Options, Page, Sim};

const LINES: &str = r#"{"op":"lines"}"#;

const BALANCE: &str = "config balance\noption line 'office/1'\noption ussd '*100#'\n\
    option pattern 'Saldo:? (\\S+)'\noption warn_below '5'\noption pause '1'\n";

fn tell(sim: &Sim, command: &str) {
    sim.command(command).unwrap();
}

/// A box of two lines whose network answers each code so.
fn sim(answer: &str) -> Sim {
    let sim = Sim::start(Options { lines: 2, send_ms: 50, ..Options::default() });
    tell(&sim, &format!("ussd all {answer}"));
    sim
}

/// A daemon with these sections in front of it; it asks the box for its lines each second.
fn relay(sim: &Sim, inbox_s: u32, sections: &str) -> Relay {
    Relay::start_edited(sim, "", "", "", |config| {
        let asked = format!(
            "option lines '2'\noption status_interval '1'\noption inbox_interval '{inbox_s}'\noption inbox_first 'events'"
        );
        config.replace("option lines '2'", &asked) + sections
    })
}

/// How often the network was asked.
fn asked(sim: &Sim) -> usize {
    sim.requests().iter().filter(|request| request.path.contains("ussd_info")).count()
}

/// All that was told until now.
fn events(relay: &Relay) -> String {
    let mut talk = relay.daemon.connect();
    let begun = talk.ask(r#"{"op":"events","after":0}"#);
    let newest = field(&begun, "newest");
    let mut told = String::new();
    if newest == "0" {
        return told;
    }
    loop {
        let event = talk.reply().unwrap();
        told += &event;
        if field(&event, "seq") == newest {
            return told;
        }
    }
}

fn figure(relay: &Relay, name: &str) -> Option<String> {
    let metrics = relay.request("GET", "/metrics", ADMIN, "").body;
    metrics.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
}

#[test]
fn a_balance_that_is_low_pauses_its_line_until_it_is_topped_up_and_is_not_asked_for_at_each_start() {
    let sim = sim("Saldo: 12,50 EUR");
    let mut relay = relay(&sim, 0, BALANCE);
    let mut talk = relay.daemon.connect();
    talk.ask_until(LINES, r#""balance":"12.50""#);
    assert_eq!(figure(&relay, r#"goipd_line_balance{line="office/1"}"#).as_deref(), Some("12.50"));
    assert_eq!(figure(&relay, r#"goipd_line_balance{line="office/2"}"#), None);
    assert_eq!(asked(&sim), 1);

    // Whoever asks, the answer counts.
    tell(&sim, "ussd 1 Saldo 4,99 EUR");
    let ask = r#"{"op":"ussd","line":"office/1","code":"*100#"}"#;
    assert!(talk.ask_until(ask, r#""ok":true"#).contains("Saldo 4,99 EUR"));
    let lines = talk.ask_until(LINES, r#""balance":"4.99""#);
    assert!(lines.contains("the balance of the line's SIM is low"), "{lines}");
    assert_eq!(events(&relay).matches("balance_low").count(), 1);
    talk.ask(r#"{"op":"send","to":"12","text":"waits","line":"office/1"}"#);
    talk.ask(r#"{"op":"send","to":"12","text":"goes","line":"office/2"}"#);
    talk.ask_until(r#"{"op":"wait","id":2}"#, r#""state":"sent""#);
    let why = talk.ask(r#"{"op":"explain","id":1}"#);
    assert!(why.contains("balance") && why.contains(r#""state":"queued""#), "{why}");

    // A crash forgets neither the pause nor when the network was asked.
    relay.daemon.kill();
    relay.daemon.start_again();
    let mut talk = relay.daemon.connect();
    let pages = sim.requests().iter().filter(|request| request.page == Page::Lines).count();
    wait_for("the box is asked for its lines", || {
        sim.requests().iter().filter(|request| request.page == Page::Lines).count() >= pages + 2
    });
    let lines = talk.ask(LINES);
    assert!(lines.contains(r#""balance":"4.99""#) && lines.contains("SIM is low"), "{lines}");
    assert_eq!(asked(&sim), 2);
    assert!(talk.ask(r#"{"op":"status","id":1}"#).contains(r#""state":"queued""#));

    tell(&sim, "ussd 1 Saldo: 20.00");
    talk.ask_until(ask, r#""ok":true"#);
    talk.ask_until(r#"{"op":"wait","id":1}"#, r#""state":"sent""#);
    assert_eq!(events(&relay).matches("balance_ok").count(), 1);
    assert_eq!((asked(&sim), sim.air().len()), (3, 2));
}

#[test]
fn an_answer_without_an_amount_changes_nothing() {
    let sim = sim("Service not available");
    let relay = relay(&sim, 0, BALANCE);
    let mut talk = relay.daemon.connect();
    relay.daemon.wait_for_err("finds no amount");
    assert!(talk.ask(LINES).contains(r#""balance":null"#));
    assert!(!events(&relay).contains("balance_"));
    assert_eq!(talk.ask("send 12 x"), "ok 1");
    talk.ask_until(r#"{"op":"wait","id":1}"#, r#""state":"sent""#);
    assert_eq!(asked(&sim), 1);
}

#[test]
fn a_canary_that_comes_is_timed_and_stored_and_nobody_is_told() {
    let sim = sim("");
    tell(&sim, "own 1 +491511111111");
    tell(&sim, "own 2 +491512222222");
    let canary = "config canary\noption from 'office/1'\noption to '+491512222222'\n";
    let relay = relay(&sim, 2, canary);
    let mut talk = relay.daemon.connect();
    let start = Instant::now();
    let took = loop {
        if let Some(took) = figure(&relay, r#"goipd_canary_seconds{line="office/1"}"#) {
            break took;
        }
        assert!(start.elapsed() < PATIENCE, "no canary comes: {:?}", sim.air());
        std::thread::yield_now();
    };
    let (seconds, thousandths) = took.split_once('.').unwrap();
    assert!(seconds.parse::<u64>().unwrap() <= start.elapsed().as_secs() + 5 && thousandths.len() == 3);
    assert_eq!((sim.air().len(), sim.air()[0].line), (1, 1));
    let inbox = talk.ask_until(r#"{"op":"inbox"}"#, "goipd canary ");
    assert!(inbox.contains("office/2") && inbox.contains(r#""old":true"#), "{inbox}");
    let told = events(&relay);
    assert!(!told.contains(r#""event":"received""#) && !told.contains("canary_"), "{told}");
    assert!(told.contains(r#""event":"sent""#) && told.contains(r#""tag":"canary""#), "{told}");
}
