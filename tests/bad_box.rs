//! The real daemon in front of boxes that answer rubbish, or nothing at all.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::{Daemon, Folder, config_with, field, quick_box};
use goip_sim::{Fault, Hang, Instead, Page, Sim};

/// A daemon that gives an exchange up after a second.
fn impatient(sim: &Sim) -> Daemon {
    let folder = Folder::new();
    let path = config_with(&folder, "option volatile '1'", &[("office", &sim.url(), 1)]);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + "option timeout '1'\n").unwrap();
    Daemon::start_in(folder)
}

#[test]
fn html_in_place_of_the_answer_leaves_the_message_queued_and_says_why() {
    let sim = quick_box();
    let daemon = Daemon::start(&sim);
    let mut talk = daemon.connect();
    talk.ask_until(r#"{"op":"lines"}"#, r#""up":true"#);
    sim.fault(Fault::Instead { what: Instead::Garbage, taken: false }.on(Page::Send));
    assert_eq!(talk.ask("send +4915112345678 one"), "ok 1");
    let reply = talk.ask_until(r#"{"op":"status","id":1}"#, r#""code":"not_understood""#);
    assert!(["queued", "submitting"].contains(&field(&reply, "state")), "{reply}");
    // Others go before it, and arrive.
    assert_eq!(talk.ask("send +4915112345678 two"), "ok 2");
    talk.ask_until(r#"{"op":"wait","id":2}"#, r#""state":"sent""#);
    assert_eq!(sim.air().len(), 1);
}

#[test]
fn html_in_place_of_the_answer_from_a_box_that_took_the_message_is_no_second_try() {
    let sim = quick_box();
    let daemon = Daemon::start(&sim);
    let mut talk = daemon.connect();
    talk.ask_until(r#"{"op":"lines"}"#, r#""up":true"#);
    sim.fault(Fault::Instead { what: Instead::Garbage, taken: true }.on(Page::Send));
    assert_eq!(talk.ask("send +4915112345678 one"), "ok 1");
    let reply = talk.ask_until(r#"{"op":"wait","id":1}"#, r#""state":"sent""#);
    assert_eq!(field(&reply, "attempts"), "1", "{reply}");
    assert_eq!(sim.air().len(), 1);
}

#[test]
fn a_status_page_nested_twenty_thousand_deep_holds_the_device_and_nothing_else() {
    let sim = quick_box();
    sim.fault(Fault::Instead { what: Instead::Nested, taken: false }.on(Page::Status).always());
    let mut daemon = Daemon::start(&sim);
    let mut talk = daemon.connect();
    assert_eq!(talk.ask("send +4915112345678 one"), "ok 1");
    talk.ask_until(r#"{"op":"lines"}"#, "does not answer like a GoIP");
    assert!(daemon.is_running());
    assert_eq!(field(&talk.ask(r#"{"op":"status","id":1}"#), "state"), "queued");
    sim.clear();
    talk.ask_until(r#"{"op":"wait","id":1}"#, r#""state":"sent""#);
}

#[test]
fn a_box_that_takes_the_message_and_never_answers_has_sent_it_once() {
    let sim = quick_box();
    let daemon = impatient(&sim);
    let mut talk = daemon.connect();
    talk.ask_until(r#"{"op":"lines"}"#, r#""up":true"#);
    sim.fault(Fault::Hang { at: Hang::Taken, ms: 60_000 }.on(Page::Send));
    assert_eq!(talk.ask("send +4915112345678 one"), "ok 1");
    let reply = talk.ask_until(r#"{"op":"wait","id":1}"#, r#""state":"sent""#);
    assert_eq!(field(&reply, "attempts"), "1", "{reply}");
    assert_eq!(sim.air().len(), 1);
}
