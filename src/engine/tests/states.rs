//! What the box tells of its lines, what that does to idle lines, and what is told of it.

use super::*;
use crate::engine::line::LineReason;
use crate::goip::LineFacts;
use crate::journal::Condition;
use JobStatus::Done;

const ONE: &[(&str, JobStatus, &str)] = &[("0a", Done, "")];

fn facts(registered: bool, signal: u8) -> LineFacts {
    LineFacts {
        module: Some(true),
        sim: Some(true),
        registered: Some(registered),
        signal: Some(signal),
        ..LineFacts::default()
    }
}

fn told(rig: &Rig) -> Vec<String> {
    let condition = |record: &Record| match record {
        Record::Condition(Condition { part, kind, .. }) => Some(format!("{part} {}", kind.as_str())),
        _ => None,
    };
    rig.records.iter().filter_map(condition).collect()
}

/// From now on the box tells this of its line; it is asked after `ms` at the latest.
fn tells(rig: &mut Rig, facts: LineFacts, ms: u64) {
    rig.states = Some(LinePage { lines: vec![facts], device: None });
    goes_on(rig, ms);
}

/// Lets time pass; the status page shows no change.
fn goes_on(rig: &mut Rig, ms: u64) {
    let end_ms = rig.now.boot_ms + ms;
    while rig.now.boot_ms < end_ms {
        rig.pass(1_000);
        if rig.asked[0] == Some(Ask::Status) {
            rig.answer(0, page(ONE));
        }
    }
}

fn reason(rig: &Rig) -> Option<LineReason> {
    rig.engine.lines[0].barred.map(|barred| barred.reason)
}

#[test]
fn a_line_of_which_nothing_is_known_sends() {
    let mut rig = Rig::one_line();
    goes_on(&mut rig, 600_000);
    assert_eq!(reason(&rig), None);
    rig.submitted("x");
}

#[test]
fn a_line_that_cannot_send_is_given_nothing_until_the_box_says_otherwise() {
    for (facts, expected) in [
        (LineFacts { module: Some(false), ..facts(false, 20) }, LineReason::ModuleOff),
        (LineFacts { sim: Some(false), ..facts(false, 20) }, LineReason::NoSim),
        (facts(false, 20), LineReason::NotRegistered),
    ] {
        let mut rig = Rig::one_line();
        tells(&mut rig, facts, 70_000);
        assert_eq!(reason(&rig), Some(expected));
        let message = rig.send("x");
        goes_on(&mut rig, 100_000);
        rig.is(message, State::Queued, None);
        let view = rig.engine.lines(rig.now).next().unwrap();
        assert_eq!((view.up, view.state), (false, LineState::Held));
        assert!(view.reason.unwrap().contains(&expected.to_string()));
        rig.states = Some(LinePage { lines: vec![self::facts(true, 20)], device: None });
        while rig.asked[0] != Some(Ask::Send(message, 1)) {
            rig.pass(1_000);
            if rig.asked[0] == Some(Ask::Status) {
                rig.answer(0, page(ONE));
            }
        }
    }
}

#[test]
fn a_message_that_is_under_way_is_not_touched_by_what_the_box_tells_of_the_line() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    rig.answer(0, sending("0b"));
    rig.states = Some(LinePage { lines: vec![facts(false, 20)], device: None });
    // Sends go first, but not for ever.
    let start_ms = rig.now.boot_ms;
    while reason(&rig).is_none() {
        assert!(rig.now.boot_ms < start_ms + 120_000);
        if rig.asked[0] == Some(Ask::Status) {
            rig.answer(0, page(&[("0b", JobStatus::Started, "")]));
        }
        rig.pass(500);
    }
    rig.is(message, State::Sending, None);
    if rig.asked[0].is_none() {
        rig.until_asked(0);
    }
    rig.answer(0, page(&[("0b", Done, "")]));
    rig.is(message, State::Sent, None);
}

#[test]
fn pages_that_stay_away_are_forgotten_and_asked_for_ever_less_often() {
    let mut rig = Rig::one_line();
    tells(&mut rig, facts(false, 20), 70_000);
    assert!(reason(&rig).is_some());
    rig.states = None;
    goes_on(&mut rig, 200_000);
    assert_eq!(reason(&rig), None, "nothing is known any more");
    assert!(rig.engine.devices[0].hold.is_none());
    goes_on(&mut rig, 7_200_000);
    let before_ms = rig.engine.devices[0].states.asked_ms;
    goes_on(&mut rig, 1_800_000);
    assert_eq!(rig.engine.devices[0].states.asked_ms, before_ms);
}

#[test]
fn a_line_that_is_down_is_told_once_that_has_lasted_and_so_is_that_it_is_up() {
    let mut rig = Rig::one_line();
    tells(&mut rig, facts(true, 20), 70_000);
    tells(&mut rig, facts(false, 20), 100_000);
    tells(&mut rig, facts(true, 20), 20_000);
    assert_eq!(told(&rig), ["office/1 line_down"]);
    rig.restart(BootId([7; 16]), 1_000);
    goes_on(&mut rig, 100_000);
    assert_eq!(told(&rig), ["office/1 line_down", "office/1 line_up"]);
}

#[test]
fn a_line_that_rests_and_cannot_send_either_makes_no_wake_up_that_does_nothing() {
    let mut rig = Rig::one_line();
    let line = &mut rig.engine.lines[0];
    for message in 1..=5 {
        line.breaker.failed(rig.now.boot_ms, message, Problem::new(ProblemCode::Rejected));
    }
    assert!(line.breaker.is_tripped());
    tells(&mut rig, facts(false, 20), 120_000);
    assert_eq!(reason(&rig), Some(LineReason::NotRegistered));
    rig.turn();
    let wake_ms = rig.engine.next_wake().unwrap();
    assert!(wake_ms > rig.now.boot_ms, "{wake_ms} {}", rig.now.boot_ms);
    assert_eq!(told(&rig), ["office/1 line_down"]);
}

#[test]
fn a_line_that_comes_and_goes_makes_few_events() {
    let mut rig = Rig::one_line();
    for _ in 0..50 {
        tells(&mut rig, facts(false, 20), 120_000);
        tells(&mut rig, facts(true, 20), 120_000);
    }
    let told = told(&rig);
    assert!(told.len() <= 6, "{told:?}");
}

#[test]
fn a_box_that_comes_and_goes_makes_few_events() {
    let mut rig = Rig::one_line();
    for _ in 0..100 {
        rig.until_asked(0);
        rig.answer(0, Answer::Status(Err(AskError::BadLogin)));
        rig.until_asked(0);
        rig.answer(0, page(ONE));
    }
    let told = told(&rig);
    assert!(told.len() <= 8, "{told:?}");
    goes_on(&mut rig, 3_600_000);
    assert!(!rig.engine.devices[0].down);
}

#[test]
fn a_weak_signal_is_told_once_and_again_when_it_is_clearly_better() {
    let mut rig = Rig::one_line();
    tells(&mut rig, facts(true, 20), 70_000);
    tells(&mut rig, facts(true, 9), 60_000);
    tells(&mut rig, facts(true, 10), 60_000);
    assert_eq!(told(&rig), [""; 0], "it did not last");
    tells(&mut rig, facts(true, 9), 200_000);
    assert_eq!(told(&rig), ["office/1 signal_low"]);
    rig.restart(BootId([7; 16]), 1_000);
    for signal in [11, 9, 11, 9] {
        tells(&mut rig, facts(true, signal), 200_000);
    }
    tells(&mut rig, LineFacts { signal: None, ..facts(true, 0) }, 300_000);
    assert_eq!(told(&rig), ["office/1 signal_low"]);
    tells(&mut rig, facts(true, 12), 300_000);
    assert_eq!(told(&rig), ["office/1 signal_low", "office/1 signal_ok"]);
}

#[test]
fn the_lines_are_asked_for_soon_after_a_logout() {
    let mut rig = Rig::one_line();
    tells(&mut rig, facts(true, 20), 70_000);
    rig.submitted("x");
    rig.states = Some(LinePage { lines: vec![facts(false, 20)], device: None });
    rig.answer(0, answered(SendAnswer::GsmLogout));
    goes_on(&mut rig, 6_000);
    assert_eq!(reason(&rig), Some(LineReason::NotRegistered));
}
