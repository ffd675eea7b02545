//! A hold belongs to what is sick, not to the message.

use super::*;
use JobStatus::{Done, Empty, Started};

#[test]
fn busy_holds_the_line_for_a_second() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    rig.answer(0, answered(SendAnswer::Busy));
    rig.is(message, State::Queued, Some(ProblemCode::Busy));
    assert_eq!(rig.until_asked(0), 1_000);
    rig.answer(0, page(&[("0a", Done, "")]));
    assert_eq!(rig.asked[0], Some(Ask::Send(message, 1)));
}

#[test]
fn a_line_on_which_somebody_elses_job_runs_is_left_alone() {
    let mut rig = Rig::one_line();
    rig.pass(3_000);
    let message = rig.send("x");
    for _ in 0..5 {
        rig.show(&[("0a", Started, "")]);
        rig.is(message, State::Queued, None);
    }
    rig.show(&[("0a", Done, "")]);
    assert_eq!(rig.asked[0], Some(Ask::Send(message, 1)));
}

#[test]
fn a_gsm_logout_holds_the_line_and_its_whole_queue_follows_in_order() {
    let mut rig = Rig::one_line();
    let first = rig.submitted("one");
    let second = rig.send("two");
    rig.answer(0, answered(SendAnswer::GsmLogout));
    rig.is(first, State::Queued, Some(ProblemCode::GsmLogout));
    assert_eq!(rig.until_asked(0), 5_000);
    let line = rig.engine.lines(rig.now).next().unwrap();
    assert_eq!(line.queued, 2);
    rig.answer(0, page(&[("0a", Done, "")]));
    assert_eq!(rig.asked[0], Some(Ask::Send(first, 1)));
    rig.answer(0, sending("0b"));
    rig.show(&[("0b", Done, "")]);
    assert_eq!(rig.asked[0], Some(Ask::Send(second, 1)));
}

#[test]
fn a_hold_that_goes_on_is_looked_at_ever_less_often_but_every_thirty_seconds() {
    let mut rig = Rig::one_line();
    rig.submitted("x");
    rig.answer(0, lost(Reached::NotConnected, false));
    let mut gaps = Vec::new();
    for _ in 0..20 {
        gaps.push(rig.until_asked(0) / 1000);
        rig.answer(0, Answer::Status(Err(AskError::Unreachable(Words::EMPTY))));
    }
    assert_eq!(gaps[0], 5);
    assert!(gaps.is_sorted(), "{gaps:?}");
    assert_eq!(gaps.last(), Some(&30));
}

#[test]
fn one_held_device_does_not_hold_another() {
    let mut rig = Rig::new(settings(&[device("dead", 1), device("alive", 1)]));
    rig.answer(0, Answer::Status(Err(AskError::Unreachable(Words::EMPTY))));
    rig.answer(1, page(&[("", Empty, "")]));
    let message = rig.send("x");
    assert_eq!(rig.asked[1], Some(Ask::Send(message, 1)));
    let lines: Vec<_> = rig.engine.lines(rig.now).collect();
    assert!(!lines[0].up && lines[1].up);
    assert_eq!(lines[0].reason.as_deref(), Some("the box cannot be reached or does not answer (for 0 s)"));
}

#[test]
fn unreachable_is_certainly_not_sent() {
    for phase in [Reached::NotConnected, Reached::Connected] {
        let mut rig = Rig::one_line();
        let message = rig.submitted("x");
        rig.answer(0, lost(phase, true));
        rig.is(message, State::Queued, Some(ProblemCode::Unreachable));
        rig.show(&[("0a", Done, "")]);
        assert_eq!(rig.asked[0], Some(Ask::Send(message, 1)));
    }
}

#[test]
fn the_third_equal_refusal_of_an_unknown_kind_fails_the_message() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    for words in ["L1 what", "L1 who", "L1 who"] {
        rig.answer(0, answered(SendAnswer::Refused(Words::new(words))));
        rig.is(message, State::Queued, Some(ProblemCode::Refused));
        rig.show(&[("0a", Done, "")]);
        assert_eq!(rig.asked[0], Some(Ask::Send(message, 1)));
    }
    rig.answer(0, answered(SendAnswer::Refused(Words::new("L1 who"))));
    rig.is(message, State::Failed, Some(ProblemCode::Refused));
}

#[test]
fn a_bad_login_holds_the_device_until_the_status_login_works() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    rig.answer(0, answered(SendAnswer::BadLogin));
    rig.is(message, State::Queued, Some(ProblemCode::BadLogin));
    assert_eq!(rig.until_asked(0), 5_000);
    rig.answer(0, Answer::Status(Err(AskError::BadLogin)));
    rig.show(&[("0a", Done, "")]);
    assert_eq!(rig.asked[0], Some(Ask::Send(message, 1)));
}

#[test]
fn a_line_that_the_box_does_not_show_is_held_by_itself() {
    let mut rig = Rig::seen(settings(&[device("office", 2)]), &[("0a", Done, "")]);
    let mut new = new_message("777", "x");
    new.choice = Choice::Line(LineId { device: 0, line: 2 });
    let waits = rig.accept(new).unwrap().id;
    let goes = rig.send("y");
    assert_eq!(rig.asked[0], Some(Ask::Send(goes, 1)));
    rig.is(waits, State::Queued, None);
    let lines: Vec<_> = rig.engine.lines(rig.now).collect();
    assert!(lines[0].up && !lines[1].up);
    assert!(lines[1].reason.as_deref().unwrap().contains("option 'lines'"));
}

#[test]
fn a_send_that_is_ready_when_its_device_falls_ill_is_taken_back() {
    let idle = [("0a", Done, ""), ("0b", Done, "")];
    let mut rig = Rig::seen(settings(&[device("office", 2)]), &idle);
    let first = rig.send("one");
    let second = rig.send("two");
    assert!(matches!(rig.asked[0], Some(Ask::Send(m, _)) if m == first));
    rig.is(second, State::Submitting, None);
    rig.answer(0, lost(Reached::NotConnected, false));
    rig.is(first, State::Queued, Some(ProblemCode::Unreachable));
    rig.is(second, State::Queued, None);
}

#[test]
fn a_line_that_stays_busy_is_tried_ever_less_often() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    let start = rig.now.boot_ms;
    let mut tries = 0;
    while rig.now.boot_ms - start < 3_600_000 {
        if rig.asked[0] == Some(Ask::Send(message, 1)) {
            tries += 1;
            rig.answer(0, answered(SendAnswer::Busy));
        } else {
            rig.answer(0, page(&[("0a", Done, "")]));
        }
        rig.until_asked(0);
    }
    assert!(tries < 200, "{tries} tries in an hour");
}

#[test]
fn a_message_that_the_journal_cannot_give_fails_and_holds_nobody_up() {
    let mut rig = Rig::one_line();
    let lost = rig.submitted("lost");
    let next = rig.send("next");
    rig.answer(0, Answer::NoBody);
    rig.is(lost, State::Failed, Some(ProblemCode::JournalDamaged));
    rig.until_asked(0);
    assert_eq!(rig.asked[0], Some(Ask::Send(next, 1)));
}
