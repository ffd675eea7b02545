//! What becomes of a message whose answer was lost.

use super::*;
use JobStatus::{Done, Empty, Started};

/// A message whose request was written, and whose answer was lost without a time-out.
fn lost_answer() -> (Rig, MessageId) {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    rig.answer(0, lost(Reached::Written, false));
    (rig, message)
}

#[test]
fn a_new_id_on_the_status_page_is_ours() {
    let (mut rig, message) = lost_answer();
    rig.show(&[("0b", Started, "")]);
    rig.is(message, State::Sending, None);
    assert_eq!(rig.engine.view(message).unwrap().job, id("0b"));
    rig.show(&[("0b", Done, "")]);
    rig.is(message, State::Sent, None);
}

#[test]
fn a_new_id_that_is_done_already_settles_the_message_at_once() {
    let (mut rig, message) = lost_answer();
    rig.show(&[("0b", Done, "500")]);
    rig.is(message, State::Failed, Some(ProblemCode::Rejected));
}

#[test]
fn the_old_id_means_that_the_box_did_not_take_it_and_it_goes_out_again() {
    let (mut rig, message) = lost_answer();
    rig.show(&[("0a", Done, "")]);
    rig.show(&[("0a", Done, "")]);
    rig.is(message, State::Queued, Some(ProblemCode::NoAnswer));
    rig.until_asked(0);
    assert_eq!(rig.asked[0], Some(Ask::Send(message, 1)));
    assert_eq!(rig.engine.view(message).unwrap().attempts, 2);
}

#[test]
fn two_equal_answers_three_seconds_apart_are_needed_whether_it_timed_out_or_broke_off() {
    for timed_out in [true, false] {
        let mut rig = Rig::one_line();
        let message = rig.submitted("x");
        rig.answer(0, lost(Reached::Written, timed_out));
        rig.show(&[("0a", Done, "")]);
        rig.is(message, State::Submitting, None);
        let waited = rig.until_asked(0);
        assert_eq!(waited, 3_000);
        rig.answer(0, page(&[("0a", Done, "")]));
        rig.is(message, State::Queued, Some(ProblemCode::NoAnswer));
    }
}

#[test]
fn a_request_that_the_box_reads_late_shows_between_the_two_answers() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    rig.answer(0, lost(Reached::Written, true));
    rig.show(&[("0a", Done, "")]);
    rig.show(&[("0b", Started, "")]);
    rig.is(message, State::Sending, None);
}

#[test]
fn while_an_outcome_is_open_nothing_else_goes_out_on_the_line_and_cancel_is_too_late() {
    let (mut rig, message) = lost_answer();
    let next = rig.send("next");
    for _ in 0..10 {
        rig.show(&[("0a", Started, "")]);
        rig.is(message, State::Submitting, None);
        rig.is(next, State::Queued, None);
    }
    let refusal = rig.engine.cancel(rig.now, message).unwrap_err();
    assert_eq!(refusal.code.as_str(), "too_late");
}

#[test]
fn another_line_goes_on_while_one_is_open() {
    let idle = [("0a", Done, ""), ("0b", Done, "")];
    let mut rig = Rig::seen(settings(&[device("office", 2)]), &idle);
    let first = rig.send("one");
    let Some(Ask::Send(_, line)) = rig.asked[0] else { panic!("{:?}", rig.asked) };
    rig.answer(0, lost(Reached::Written, true));
    rig.show(&idle);
    let second = rig.send("two");
    assert_eq!(rig.asked[0], Some(Ask::Send(second, 3 - line)));
    rig.is(first, State::Submitting, None);
}

#[test]
fn an_empty_page_where_there_was_an_id_means_a_reboot_and_unknown() {
    let (mut rig, message) = lost_answer();
    rig.show(&[("", Empty, "")]);
    rig.is(message, State::Unknown, Some(ProblemCode::Rebooted));
}

#[test]
fn empty_before_and_after_is_not_taken_for_twenty_seconds_and_unknown_later() {
    let fresh_box = || {
        let mut rig = Rig::new(settings(&[device("office", 1)]));
        rig.answer(0, page(&[("", Empty, "")]));
        let message = rig.submitted("x");
        rig.answer(0, lost(Reached::Written, false));
        (rig, message)
    };
    let (mut rig, message) = fresh_box();
    rig.show(&[("", Empty, "")]);
    rig.show(&[("", Empty, "")]);
    rig.is(message, State::Queued, Some(ProblemCode::NoAnswer));

    let (mut rig, message) = fresh_box();
    rig.until_asked(0);
    rig.pass(20_000);
    rig.answer(0, page(&[("", Empty, "")]));
    rig.is(message, State::Unknown, Some(ProblemCode::Undecided));
}

#[test]
fn an_id_that_goipd_did_not_cause_makes_the_fence_undecidable() {
    let mut rig = Rig::one_line();
    rig.pass(60_000);
    rig.answer(0, page(&[("0f", Done, "")]));
    let message = rig.submitted_over("x", "0f");
    rig.answer(0, lost(Reached::Written, false));
    rig.show(&[("0b", Started, "")]);
    rig.is(message, State::Unknown, Some(ProblemCode::Undecided));
}

#[test]
fn a_job_that_may_be_ours_decides_nothing_and_is_known_after_a_restart() {
    let mut rig = Rig::one_line();
    rig.pass(60_000);
    rig.answer(0, page(&[("0f", Done, "")]));
    let first = rig.submitted_over("x", "0f");
    rig.answer(0, lost(Reached::Written, false));
    rig.show(&[("0b", Done, "")]);
    rig.is(first, State::Unknown, Some(ProblemCode::Undecided));
    assert!(matches!(rig.records.last(), Some(Record::Line(_, job)) if *job == id("0b")));

    let second = rig.submitted("y");
    rig.answer(0, lost(Reached::Written, false));
    rig.show(&[("0b", Done, "")]);
    rig.is(second, State::Unknown, Some(ProblemCode::Undecided));

    rig.engine.close();
    let waits = rig.send("z");
    rig.restart(BootId([7; 16]), 60_000);
    rig.show(&[("0b", Done, "")]);
    rig.until_asked(0);
    assert_eq!(rig.asked[0], Some(Ask::Send(waits, 1)), "the journal is the newest");
}

#[test]
fn on_a_box_that_others_use_too_a_lost_answer_is_unknown() {
    let mut shared = device("office", 1);
    // By the api; the form decides more, see `form`.
    shared.exclusive = false;
    let mut rig = Rig::new(settings(&[shared]));
    rig.answer(0, page(&[("0a", Done, "")]));
    let message = rig.submitted("x");
    rig.answer(0, lost(Reached::Answering, false));
    rig.show(&[("0a", Done, "")]);
    rig.is(message, State::Unknown, Some(ProblemCode::Undecided));
}

#[test]
fn an_answer_that_is_not_a_goips_leaves_the_outcome_to_the_page_and_the_message_to_a_pause() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    let next = rig.send("next");
    rig.answer(0, answered(SendAnswer::NotUnderstood(Words::new("<html>"))));
    rig.is(message, State::Submitting, Some(ProblemCode::NotUnderstood));
    rig.show(&[("0a", Done, "")]);
    rig.show(&[("0a", Done, "")]);
    rig.is(message, State::Queued, Some(ProblemCode::NotUnderstood));
    let line = rig.engine.lines(rig.now).next().unwrap();
    assert!(line.reason.unwrap().starts_with("the box's answer to the last send was not a GoIP's"));
    rig.until_asked(0);
    assert_eq!(rig.asked[0], Some(Ask::Send(next, 1)), "others go before it");
}

#[test]
fn an_answer_that_was_not_a_goips_says_nothing_of_the_next_try() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    rig.answer(0, answered(SendAnswer::NotUnderstood(Words::new("<html>"))));
    rig.show(&[("0a", Done, "")]);
    rig.show(&[("0a", Done, "")]);
    rig.is(message, State::Queued, Some(ProblemCode::NotUnderstood));
    while rig.asked[0] != Some(Ask::Send(message, 1)) {
        rig.show(&[("0a", Done, "")]);
        rig.until_asked(0);
    }
    rig.answer(0, lost(Reached::Written, false));
    rig.show(&[("0a", Done, "")]);
    rig.show(&[("0a", Done, "")]);
    rig.is(message, State::Queued, Some(ProblemCode::NoAnswer));
}

#[test]
fn an_outcome_that_cannot_be_read_until_the_ttl_is_unknown() {
    let (mut rig, message) = lost_answer();
    for _ in 0..5_000 {
        rig.until_asked(0);
        if rig.state(message).is_final() {
            break;
        }
        rig.answer(0, Answer::Status(Err(AskError::Unreachable(Words::EMPTY))));
    }
    rig.is(message, State::Unknown, Some(ProblemCode::Unreadable));
    let view = rig.engine.view(message).unwrap();
    assert_eq!(view.updated_s - view.created_s, 86_400);
}

#[test]
fn unknown_with_resend_is_queued_again_and_never_again_called_unsent() {
    let mut rig = Rig::one_line();
    let mut new = new_message("777", "x");
    new.on_unknown = Some(OnUnknown::Resend);
    new.ttl_s = Some(60);
    let message = rig.accept(new).unwrap().id;
    rig.answer(0, lost(Reached::Written, false));
    rig.show(&[("", Empty, "")]);
    rig.is(message, State::Queued, Some(ProblemCode::Rebooted));
    let states: Vec<State> = rig
        .records
        .iter()
        .filter_map(|r| if let Record::Moved(moved) = r { Some(moved.state) } else { None })
        .collect();
    assert_eq!(states, [State::Unknown, State::Queued], "both are told");
    rig.pass(60_000);
    rig.is(message, State::Unknown, Some(ProblemCode::Rebooted));
}

#[test]
fn a_send_whose_record_took_long_gets_a_new_fence() {
    let mut rig = Rig::one_line();
    rig.disk = false;
    let message = rig.send("x");
    rig.is(message, State::Submitting, None);
    rig.pass(11_000);
    rig.disk = true;
    rig.engine.durable(rig.engine.ticket());
    rig.turn();
    rig.is(message, State::Queued, None);
    rig.show(&[("0a", Done, "")]);
    assert_eq!(rig.asked[0], Some(Ask::Send(message, 1)));
}

#[test]
fn a_page_that_shows_another_job_takes_back_what_was_to_leave() {
    let mut settings = settings(&[device("office", 1)]);
    settings.devices[0].status_interval_s = 1;
    let mut rig = Rig::seen(settings, &[("0a", Done, "")]);
    rig.disk = false;
    let message = rig.send("x");
    rig.show(&[("", Empty, "")]);
    rig.disk = true;
    rig.engine.durable(rig.engine.ticket());
    rig.turn();
    assert_eq!(rig.engine.view(message).unwrap().attempts, 2, "it was submitted anew");
    assert_eq!(rig.engine.lines[0].fence.job, JobId::EMPTY);
}

#[test]
fn a_box_that_takes_long_to_show_its_page_sends_all_the_same() {
    let mut rig = Rig::one_line();
    rig.pass(10_000);
    let message = rig.send("x");
    assert_eq!(rig.asked[0], Some(Ask::Status));
    rig.pass(5_000);
    rig.answer(0, page(&[("0a", Done, "")]));
    assert_eq!(rig.asked[0], Some(Ask::Send(message, 1)));
}
