//! What is done to a box besides sending.

use super::*;
use crate::goip::{Deed, LineFacts};
use crate::message::ErrorCode;
use JobStatus::{Done, Started};

const ONE: &[(&str, JobStatus, &str)] = &[("0a", Done, "")];

fn page_said() -> SendOutcome {
    SendOutcome::Answered(SendAnswer::NotUnderstood(Words::new("<html>")))
}

/// Begins a deed, and brings it to the box.
fn begin(rig: &mut Rig, target: &str, wish: Wish) -> u32 {
    let number = rig.engine.control(rig.now, target, wish).unwrap();
    rig.turn();
    assert!(rig.act.is_some(), "it has left");
    assert_eq!(rig.engine.control_result(number), None);
    number
}

fn acted(rig: &mut Rig, outcome: SendOutcome) {
    rig.act = None;
    rig.engine.report(rig.now, 0, Answer::Acted(outcome));
    rig.turn();
}

fn code(result: Option<Result<(&str, &str), Refusal>>) -> Option<ErrorCode> {
    result?.err().map(|refusal| refusal.code)
}

fn ussd() -> Wish {
    Wish::Ussd("*100#".into())
}

/// Begins to ask the network; gives the deed's number and the job's key.
fn asked(rig: &mut Rig) -> (u32, String) {
    let number = begin(rig, "office/1", ussd());
    let Some(Act { line: 1, deed: Deed::Ussd { form, .. } }) = &rig.act else { panic!("{:?}", rig.act) };
    let key = form.key.as_str().to_owned();
    acted(rig, SendOutcome::Answered(SendAnswer::Sending { line: None, id: id(&key) }));
    (number, key)
}

fn shows(rig: &mut Rig, lines: &[(&str, JobStatus, &str)]) {
    rig.until_asked(0);
    assert!(matches!(rig.asked[0], Some(Ask::FormStatus | Ask::Status)));
    rig.answer(0, page(lines));
}

/// The message leaves, sooner or later.
fn leaves(rig: &mut Rig, message: MessageId, lines: &[(&str, JobStatus, &str)]) {
    loop {
        rig.until_asked(0);
        if rig.asked[0] == Some(Ask::Send(message, 1)) {
            return;
        }
        shows(rig, lines);
    }
}

#[test]
fn a_line_that_was_switched_off_gets_nothing_until_it_is_switched_on() {
    let mut rig = Rig::one_line();
    let off = begin(&mut rig, "office/1", Wish::Power(false));
    assert_eq!(rig.act, Some(Act { line: 1, deed: Deed::Power(false) }));
    acted(&mut rig, page_said());
    assert_eq!(rig.engine.control_result(off), Some(Ok(("office/1", ""))));
    let message = rig.send("x");
    let on_page = LineFacts { module: Some(false), ..LineFacts::default() };
    rig.states = Some(LinePage { lines: vec![on_page], device: None });
    for _ in 0..200 {
        rig.pass(1_000);
        if rig.asked[0].is_some() {
            rig.answer(0, page(ONE));
        }
    }
    rig.is(message, State::Queued, None);
    let reason = rig.engine.lines(rig.now).next().unwrap().reason.unwrap();
    assert!(reason.contains("goipctl line"), "{reason}");
    rig.states = None;
    begin(&mut rig, "office/1", Wish::Power(true));
    acted(&mut rig, page_said());
    leaves(&mut rig, message, ONE);
}

#[test]
fn a_lost_answer_may_have_done_it_and_is_not_tried_again() {
    for (outcome, expected) in [
        (SendOutcome::Lost { phase: Reached::Connected, timed_out: true }, ErrorCode::NotDone),
        (SendOutcome::Lost { phase: Reached::Written, timed_out: true }, ErrorCode::Unknown),
        (SendOutcome::Lost { phase: Reached::Answering, timed_out: false }, ErrorCode::Unknown),
        (SendOutcome::Answered(SendAnswer::BadLogin), ErrorCode::NotDone),
        (SendOutcome::Answered(SendAnswer::NotUnderstood(Words::new("HTTP 404"))), ErrorCode::NotDone),
        (SendOutcome::Answered(SendAnswer::NotUnderstood(Words::new("HTTP 500"))), ErrorCode::Unknown),
    ] {
        let mut rig = Rig::one_line();
        let number = begin(&mut rig, "office/1", Wish::Power(true));
        acted(&mut rig, outcome);
        assert_eq!(code(rig.engine.control_result(number)), Some(expected), "{outcome:?}");
        rig.pass(600_000);
        assert_eq!(rig.act, None);
    }
}

#[test]
fn nothing_is_done_where_a_message_is_on_the_line_or_its_outcome_is_open() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    let refused = |rig: &mut Rig| {
        for (target, wish) in
            [("office/1", Wish::Power(false)), ("office/1", ussd()), ("office", Wish::Reboot)]
        {
            let refusal = rig.engine.control(rig.now, target, wish).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::TooLate);
            assert!(refusal.message.contains(&format!("message {message} ")), "{refusal}");
        }
    };
    refused(&mut rig);
    rig.answer(0, lost(Reached::Written, false));
    refused(&mut rig);
    shows(&mut rig, &[("0b", Started, "")]);
    refused(&mut rig);
    shows(&mut rig, &[("0b", Done, "")]);
    rig.is(message, State::Sent, None);
    begin(&mut rig, "office", Wish::Reboot);
}

#[test]
fn what_cannot_be_meant_or_done_is_refused() {
    let mut rig = Rig::one_line();
    for (target, wish) in [
        ("office", Wish::Power(true)),
        ("office/2", ussd()),
        ("shop", Wish::Reboot),
        ("office/1", Wish::Reboot),
    ] {
        let refusal = rig.engine.control(rig.now, target, wish).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::UnknownLine, "{target}");
    }
    begin(&mut rig, "office/1", Wish::Power(true));
    let refusal = rig.engine.control(rig.now, "office/1", ussd()).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::TooMany, "one at a time");
    let mut unseen = Rig::new(settings(&[device("office", 1)]));
    let refusal = unseen.engine.control(unseen.now, "office/1", ussd()).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::NotDone);
}

#[test]
fn a_code_is_in_the_journal_before_it_leaves() {
    let mut rig = Rig::one_line();
    rig.disk = false;
    rig.engine.control(rig.now, "office/1", ussd()).unwrap();
    rig.turn();
    assert_eq!(rig.act, None);
    assert!(matches!(rig.records.last(), Some(Record::LineOpen(..))));
    rig.engine.durable(rig.engine.ticket());
    rig.turn();
    assert!(rig.act.is_some());
}

#[test]
fn the_networks_answer_is_told_whole_and_no_message_goes_out_meanwhile() {
    let mut rig = Rig::one_line();
    let (number, key) = asked(&mut rig);
    let message = rig.send("x");
    shows(&mut rig, &[(&key, Started, "")]);
    rig.pass(900);
    rig.is(message, State::Queued, None);
    let long = "Your balance is 5.00 EUR. For more dial *101#.";
    rig.until_asked(0);
    assert_eq!(rig.asked[0], Some(Ask::FormStatus));
    let Answer::Status(Ok(mut shown)) = page(&[(&key, Done, long)]) else { panic!() };
    shown.long.push((1, long.into()));
    rig.answer(0, Answer::Status(Ok(shown)));
    assert_eq!(rig.engine.control_result(number), Some(Ok(("office/1", long))));
    // The job is goipd's own: the next message's fence decides.
    leaves(&mut rig, message, &[(&key, Done, long)]);
    assert!(rig.engine.lines[0].fence.decides);
}

#[test]
fn a_code_that_nobody_answers_is_given_up_and_its_job_stays_goipds_own() {
    let mut rig = Rig::one_line();
    let (number, key) = asked(&mut rig);
    while rig.engine.control_result(number).is_none() {
        shows(&mut rig, &[(&key, Started, "")]);
        rig.pass(1_000);
    }
    assert_eq!(code(rig.engine.control_result(number)), Some(ErrorCode::Unknown));
    rig.until_asked(0);
    rig.answer(0, page(&[(&key, Done, "late")]));
    assert_eq!(rig.engine.lines[0].known, Some(id(&key)));
}

#[test]
fn a_code_that_the_box_did_not_take_is_told_so() {
    for (outcome, expected) in [
        (SendOutcome::Answered(SendAnswer::NotSaid), ErrorCode::NotDone),
        (SendOutcome::Lost { phase: Reached::Written, timed_out: false }, ErrorCode::Unknown),
    ] {
        let mut rig = Rig::one_line();
        let number = begin(&mut rig, "office/1", ussd());
        acted(&mut rig, outcome);
        while rig.engine.control_result(number).is_none() {
            shows(&mut rig, ONE);
        }
        assert_eq!(code(rig.engine.control_result(number)), Some(expected));
        let message = rig.send("x");
        leaves(&mut rig, message, ONE);
    }
}

#[test]
fn a_job_of_a_code_is_nobody_elses_after_a_crash_either() {
    for boot in [BootId([7; 16]), BootId([8; 16])] {
        for (shown, status) in [("0a", Done), ("", Started), ("", Done)] {
            let mut rig = Rig::one_line();
            let (_, key) = asked(&mut rig);
            let message = rig.send("x");
            rig.restart(boot, 1_000);
            let job = if shown.is_empty() { key.as_str() } else { shown };
            shows(&mut rig, &[(job, status, "")]);
            rig.is(message, State::Queued, None);
            assert_eq!(rig.engine.lines[0].known, Some(id(job)));
            leaves(&mut rig, message, &[(job, Done, "")]);
            assert!(rig.engine.lines[0].fence.decides);
        }
    }
}

#[test]
fn a_box_that_starts_anew_is_left_alone_until_it_answers() {
    let mut rig = Rig::one_line();
    let number = begin(&mut rig, "office", Wish::Reboot);
    acted(&mut rig, page_said());
    assert_eq!(rig.engine.control_result(number), Some(Ok(("office", ""))));
    let message = rig.send("x");
    assert!(rig.until_asked(0) >= 10_000);
    rig.is(message, State::Queued, None);
    rig.answer(0, page(&[("", JobStatus::Empty, "")]));
    assert_eq!(rig.asked[0], Some(Ask::Send(message, 1)));
}

#[test]
fn what_cannot_leave_for_a_while_is_not_done_later() {
    let mut rig = Rig::one_line();
    rig.disk = false;
    let number = rig.engine.control(rig.now, "office/1", ussd()).unwrap();
    rig.turn();
    rig.pass(15_000);
    assert_eq!(code(rig.engine.control_result(number)), Some(ErrorCode::NotDone));
    rig.disk = true;
    rig.engine.durable(rig.engine.ticket());
    rig.pass(60_000);
    assert_eq!(rig.act, None);
}

#[test]
fn what_has_not_left_when_goipd_stops_is_not_done() {
    let mut rig = Rig::one_line();
    rig.disk = false;
    let number = rig.engine.control(rig.now, "office/1", ussd()).unwrap();
    rig.engine.close();
    rig.turn();
    assert_eq!(code(rig.engine.control_result(number)), Some(ErrorCode::NotDone));
    assert_eq!(rig.act, None);
    assert_eq!(code(rig.engine.control_result(number.wrapping_add(1))), Some(ErrorCode::Unknown));
}
