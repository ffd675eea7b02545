//! What is told of devices and lines, and readers that have a name.

use super::*;
use crate::journal::{Bodies, Condition, MAX_CONSUMERS, Seq};
use crate::message::{ClientId, ConsumerName, ErrorCode, LineName};
use JobStatus::{Done, Started};

/// The conditions that were told, in order.
fn told(rig: &Rig) -> Vec<String> {
    let condition = |record: &Record| match record {
        Record::Condition(Condition { part, kind, .. }) => Some(format!("{part} {}", kind.as_str())),
        _ => None,
    };
    rig.records.iter().filter_map(condition).collect()
}

fn unreachable() -> Answer {
    Answer::Status(Err(AskError::Unreachable(Words::new("closed"))))
}

#[test]
fn every_change_of_a_message_is_an_event_in_order() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    rig.answer(0, answered(SendAnswer::Busy));
    while rig.asked[0] != Some(Ask::Send(message, 1)) {
        rig.show(&[("0a", Done, "")]);
        rig.until_asked(0);
    }
    rig.answer(0, sending("0b"));
    rig.show(&[("0b", Done, "")]);
    let names: Vec<_> = rig.journal.events().after(0).map(|e| e.kind.as_str()).collect();
    assert_eq!(names, ["queued", "submitting", "queued", "submitting", "sending", "sent"]);
    let times: Vec<_> = rig.journal.events().after(0).map(|e| e.unix_s).collect();
    assert!(times.is_sorted() && times[0] < times[5]);
}

#[test]
fn a_device_is_down_once_however_often_it_does_not_answer_and_up_when_it_does() {
    let mut rig = Rig::one_line();
    assert_eq!(told(&rig), [""; 0], "what works from the beginning is not told");
    for _ in 0..5 {
        rig.until_asked(0);
        rig.answer(0, unreachable());
    }
    assert_eq!(told(&rig), ["office device_down"]);
    rig.show(&[("0a", Done, "")]);
    assert_eq!(told(&rig), ["office device_down", "office device_up"]);
}

#[test]
fn a_send_that_is_not_answered_in_time_does_not_make_a_device_down_unless_it_hangs() {
    let mut rig = Rig::one_line();
    rig.submitted("x");
    rig.answer(0, lost(Reached::Written, true));
    assert_eq!(told(&rig), [""; 0]);
    rig.until_asked(0);
    rig.answer(0, unreachable());
    assert_eq!(told(&rig), ["office device_down"]);
}

#[test]
fn a_line_that_is_in_use_is_not_down() {
    let mut rig = Rig::one_line();
    rig.submitted("x");
    rig.answer(0, answered(SendAnswer::Busy));
    rig.show(&[("0a", Started, "")]);
    rig.pass(10_000);
    assert_eq!(told(&rig), [""; 0]);
}

#[test]
fn a_line_is_up_again_when_it_sends() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    for _ in 0..3 {
        rig.answer(0, answered(SendAnswer::GsmLogout));
        while rig.asked[0] != Some(Ask::Send(message, 1)) {
            rig.show(&[("0a", Done, "")]);
            rig.until_asked(0);
        }
    }
    assert_eq!(told(&rig), ["office/1 line_down"]);
    rig.answer(0, sending("0b"));
    assert_eq!(told(&rig), ["office/1 line_down", "office/1 line_up"]);
}

#[test]
fn a_line_is_up_again_when_nothing_was_held_against_it_for_a_minute() {
    let mut without = device("office", 1);
    without.status_interval_s = 0;
    let mut rig = Rig::new(settings(&[without]));
    rig.answer(0, page(&[("0a", Done, "")]));
    let message = rig.submitted("x");
    rig.answer(0, answered(SendAnswer::GsmLogout));
    rig.engine.cancel(rig.now, message).unwrap();
    rig.turn();
    while let Some(wake) = rig.engine.next_wake().filter(|_| told(&rig).len() < 2) {
        rig.pass(wake - rig.now.boot_ms);
    }
    assert_eq!(told(&rig), ["office/1 line_down", "office/1 line_up"]);
}

#[test]
fn a_line_that_the_page_does_not_show_is_down_until_it_does() {
    let mut rig = Rig::seen(settings(&[device("office", 2)]), &[("0a", Done, ""), ("0a", Done, "")]);
    rig.show(&[("0a", Done, "")]);
    rig.show(&[("0a", Done, "")]);
    rig.show(&[("0a", Done, ""), ("0a", Done, "")]);
    assert_eq!(told(&rig), ["office/2 line_down", "office/2 line_up"]);
}

#[test]
fn what_was_told_before_a_restart_is_not_told_again() {
    let mut rig = Rig::one_line();
    rig.until_asked(0);
    rig.answer(0, unreachable());
    rig.restart(BootId([7; 16]), 1_000);
    rig.until_asked(0);
    rig.answer(0, unreachable());
    assert_eq!(told(&rig), ["office device_down"]);
    rig.restart(BootId([8; 16]), 1_000);
    rig.show(&[("0a", Done, "")]);
    assert_eq!(told(&rig), ["office device_down", "office device_up"]);
}

#[test]
fn a_line_that_was_down_before_a_restart_is_up_when_it_sends() {
    let mut rig = Rig::one_line();
    rig.submitted("x");
    rig.answer(0, answered(SendAnswer::GsmLogout));
    rig.restart(BootId([7; 16]), 1_000);
    let line = LineName { device: "office".try_into().unwrap(), line: 1 };
    assert_eq!(told(&rig), [format!("{line} line_down")]);
    while !matches!(rig.asked[0], Some(Ask::Send(..))) {
        rig.show(&[("0a", Done, "")]);
        rig.until_asked(0);
    }
    rig.answer(0, sending("0b"));
    assert_eq!(told(&rig).last(), Some(&format!("{line} line_up")));
}

fn name(name: &str) -> ConsumerName {
    ConsumerName::parse(name).unwrap()
}

/// Where the consumer goes on; its record reaches the journal.
fn attach(rig: &mut Rig, consumer: &str) -> Result<(Seq, bool), ErrorCode> {
    let place = rig.engine.consumer(name(consumer), rig.journal.events());
    rig.turn();
    place.map(|p| (p.seq, p.new)).map_err(|refusal| refusal.code)
}

fn ack(rig: &mut Rig, consumer: &str, seq: Seq) -> Result<Seq, ErrorCode> {
    let acked = rig.engine.ack(name(consumer), seq, rig.journal.events());
    rig.turn();
    acked.map(|(seq, _)| seq).map_err(|refusal| refusal.code)
}

#[test]
fn a_consumer_begins_at_the_newest_event_and_goes_on_where_it_was_also_after_a_restart() {
    let mut rig = Rig::one_line();
    rig.send("x");
    let newest = rig.journal.events().newest();
    assert_eq!(ack(&mut rig, "hook", 1), Err(ErrorCode::NotFound));
    assert_eq!(attach(&mut rig, "hook"), Ok((newest, true)));
    rig.send("y");
    assert_eq!(attach(&mut rig, "hook"), Ok((newest, false)));
    assert_eq!(ack(&mut rig, "hook", newest + 1), Ok(newest + 1));
    assert_eq!(ack(&mut rig, "hook", newest), Ok(newest + 1), "never back");
    assert_eq!(ack(&mut rig, "hook", newest + 2), Err(ErrorCode::BadRequest));
    rig.restart(BootId([7; 16]), 1_000);
    assert_eq!(attach(&mut rig, "hook"), Ok((newest + 1, false)));
}

#[test]
fn a_consumer_more_takes_the_place_of_one_that_has_lost_events_and_of_no_other() {
    let mut rig = Rig::one_line();
    for n in 0..MAX_CONSUMERS {
        assert_eq!(attach(&mut rig, &format!("c{n}")).map(|(_, new)| new), Ok(true));
    }
    assert_eq!(attach(&mut rig, "more"), Err(ErrorCode::TooMany));
    for _ in 0..5 {
        rig.send("x");
    }
    rig.journal.keep_events(2);
    for n in (0..MAX_CONSUMERS).filter(|&n| n != 7) {
        let newest = rig.journal.events().newest();
        ack(&mut rig, &format!("c{n}"), newest).unwrap();
    }
    assert_eq!(attach(&mut rig, "more").map(|(_, new)| new), Ok(true));
    assert_eq!(ack(&mut rig, "c7", 1), Err(ErrorCode::NotFound));
    assert_eq!(attach(&mut rig, "c7"), Err(ErrorCode::TooMany));
}

#[test]
fn an_ack_waits_for_its_own_record_and_for_nothing_that_has_time() {
    let mut rig = Rig::one_line();
    attach(&mut rig, "hook").unwrap();
    rig.submitted("x");
    let events = rig.journal.events();
    let (_, first) = rig.engine.ack(name("hook"), 2, events).unwrap();
    assert_eq!(first, rig.engine.ticket());
    rig.turn();
    rig.answer(0, sending("0b"));
    let (_, again) = rig.engine.ack(name("hook"), 1, rig.journal.events()).unwrap();
    assert_eq!(again, first);
    assert!(rig.engine.ticket() > first);
}

#[test]
fn what_a_client_has_sent_today_is_counted_over_restarts_and_forgotten_messages() {
    let mut rig = Rig::one_line();
    let client = ClientId(7);
    for origin in [Origin::Client(client), Origin::Local, Origin::Client(client)] {
        rig.accept(NewMessage { origin, ..new_message("12", "x") }).unwrap();
    }
    assert_eq!(rig.engine.accepted_today(rig.now, client), 2);
    rig.restart(BootId([7; 16]), 1_000);
    assert_eq!(rig.engine.accepted_today(rig.now, client), 2);
    assert_eq!(rig.engine.accepted_today(rig.now, ClientId(8)), 0);
    rig.pass(86_400_000);
    assert_eq!(rig.engine.accepted_today(rig.now, client), 0);
}
