//! Messages that go out by the web form, under a key of goipd's own.

use super::*;
use crate::goip::ByForm;
use JobStatus::{Done, Empty, Started};

const BOOT: BootId = BootId([7; 16]);

/// A box with one line, by its form, that shows `job`; `exclusive` says whether nobody else
/// sends there.
fn form_box(exclusive: bool, job: &str) -> Rig {
    let device = DeviceSettings { form: true, exclusive, ..device("office", 1) };
    let status = if job.is_empty() { Empty } else { Done };
    let mut rig = Rig::new(settings(&[device]));
    rig.answer(0, page(&[(job, status, "")]));
    show(&mut rig, &[(job, status, "")]);
    rig
}

/// Answers the next question for the status, which is the form's.
fn show(rig: &mut Rig, lines: &[(&str, JobStatus, &str)]) {
    rig.until_asked(0);
    assert_eq!(rig.asked[0], Some(Ask::FormStatus));
    rig.answer(0, page(lines));
}

/// Brings a message to the box, which has shown `job`; gives it and its key.
fn submitted(rig: &mut Rig, text: &str, job: &str) -> (MessageId, String) {
    let message = rig.send(text);
    rig.until_asked(0);
    if rig.asked[0] == Some(Ask::FormStatus) {
        rig.answer(0, page(&[(job, Done, "")]));
    }
    (message, key_of(rig, message))
}

/// The key under which the message leaves.
fn key_of(rig: &Rig, message: MessageId) -> String {
    match rig.asked[0] {
        Some(Ask::SendByForm(id, 1, ByForm { key, plain: false })) if id == message => key.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Sends a message to its end, so that the box is known to keep keys; gives its key.
fn sent(rig: &mut Rig, job: &str) -> String {
    let (message, key) = submitted(rig, "before", job);
    rig.answer(0, sending(&key));
    show(rig, &[(&key, Started, "")]);
    show(rig, &[(&key, Done, "")]);
    rig.is(message, State::Sent, None);
    key
}

#[test]
fn the_key_is_written_down_before_the_request_leaves_and_is_new_each_time() {
    let mut rig = form_box(true, "0a");
    let mut keys = Vec::new();
    for job in 0..5 {
        rig.disk = false;
        let message = rig.send("x");
        while rig.state(message) != State::Submitting {
            rig.pass(100);
            if rig.asked[0].is_some() {
                let shown = keys.last().map_or("0a", String::as_str);
                rig.answer(0, page(&[(shown, Done, "")]));
            }
        }
        let Some(Record::Submitting(submitting)) = rig.records.last() else { panic!("not told") };
        let key = submitting.fence.key.to_string();
        assert!(submitting.fence.key.is_key() && !keys.contains(&key), "{job}: {key}");
        assert_eq!(rig.asked[0], None, "it waits for the disk");
        rig.disk = true;
        rig.engine.durable(rig.engine.ticket());
        rig.turn();
        assert_eq!(key_of(&rig, message), key);
        rig.answer(0, sending(&key));
        show(&mut rig, &[(&key, Done, "")]);
        rig.is(message, State::Sent, None);
        assert_eq!(rig.engine.view(message).unwrap().job.as_str(), key);
        keys.push(key);
    }
}

#[test]
fn long_texts_go_by_the_form_of_a_box_with_the_api_and_are_looked_for_on_its_page() {
    let mut rig = Rig::one_line();
    let short = rig.send(&"x".repeat(600));
    rig.until_asked(0);
    assert_eq!(rig.asked[0], Some(Ask::Send(short, 1)));
    rig.answer(0, sending("0b"));
    rig.show(&[("0b", Done, "")]);
    rig.is(short, State::Sent, None);
    // 101 letters of six bytes in a form.
    let long = rig.send(&"я".repeat(101));
    rig.until_asked(0);
    let key = key_of(&rig, long);
    rig.answer(0, sending(&key));
    show(&mut rig, &[(&key, Started, "")]);
    show(&mut rig, &[(&key, Done, "")]);
    rig.is(long, State::Sent, None);
    rig.pass(60_000);
    assert_eq!(rig.asked[0], Some(Ask::Status), "by the api again");
}

#[test]
fn an_old_box_with_one_line_has_a_form_without_numbers() {
    let mut rig = form_box(true, "");
    rig.pass(60_000);
    let Answer::Status(Ok(mut shown)) = page(&[("0a", Done, "")]) else { panic!("a page") };
    shown.plain = true;
    rig.answer(0, Answer::Status(Ok(shown)));
    let message = rig.send("x");
    let Some(Ask::SendByForm(id, 1, form)) = rig.asked[0] else { panic!("{:?}", rig.asked) };
    assert!(id == message && form.plain);
}

#[test]
fn our_key_on_the_page_is_ours_also_where_others_send_and_after_a_restart() {
    for restarts in [false, true] {
        let mut rig = form_box(false, "0f");
        let (message, key) = submitted(&mut rig, "x", "0f");
        if restarts {
            rig.restart(BOOT, 3_600_000);
        } else {
            rig.answer(0, lost(Reached::Written, true));
        }
        show(&mut rig, &[(&key, Started, "")]);
        rig.is(message, State::Sending, None);
        show(&mut rig, &[(&key, Done, "")]);
        rig.is(message, State::Sent, None);
    }
}

#[test]
fn goipds_own_last_key_still_there_means_not_taken_however_late() {
    let mut rig = form_box(false, "0f");
    let own = sent(&mut rig, "0f");
    let (message, key) = submitted(&mut rig, "x", &own);
    rig.restart(BOOT, 3_600_000);
    show(&mut rig, &[(&own, Done, "")]);
    show(&mut rig, &[(&own, Done, "")]);
    rig.is(message, State::Queued, Some(ProblemCode::NoAnswer));
    rig.until_asked(0);
    if rig.asked[0] == Some(Ask::FormStatus) {
        rig.answer(0, page(&[(own.as_str(), Done, "")]));
    }
    assert_ne!(key_of(&rig, message), key, "each try has a key of its own");
}

#[test]
fn somebody_elses_id_still_there_decides_at_once_and_not_later() {
    let mut rig = form_box(false, "0f");
    let (message, _) = submitted(&mut rig, "x", "0f");
    rig.answer(0, lost(Reached::Written, false));
    show(&mut rig, &[("0f", Done, "")]);
    show(&mut rig, &[("0f", Done, "")]);
    rig.is(message, State::Queued, Some(ProblemCode::NoAnswer));

    let mut rig = form_box(false, "0f");
    let (message, _) = submitted(&mut rig, "x", "0f");
    rig.pass(10_000);
    rig.answer(0, lost(Reached::Written, true));
    show(&mut rig, &[("0f", Done, "")]);
    rig.is(message, State::Unknown, Some(ProblemCode::Undecided));
}

#[test]
fn a_strangers_new_job_at_once_is_in_our_place_if_the_box_is_known_to_keep_keys() {
    let mut rig = form_box(false, "0f");
    let own = sent(&mut rig, "0f");
    let (message, _) = submitted(&mut rig, "x", &own);
    rig.answer(0, answered(SendAnswer::NotSaid));
    show(&mut rig, &[("0c", Started, "")]);
    show(&mut rig, &[("0c", Done, "")]);
    rig.is(message, State::Queued, Some(ProblemCode::Busy));

    let mut rig = form_box(false, "0f");
    let (message, _) = submitted(&mut rig, "x", "0f");
    rig.answer(0, answered(SendAnswer::NotSaid));
    show(&mut rig, &[("0c", Started, "")]);
    rig.is(message, State::Unknown, Some(ProblemCode::Undecided));
}

#[test]
fn a_strangers_job_after_a_while_may_stand_where_ours_stood() {
    let mut rig = form_box(false, "0f");
    let own = sent(&mut rig, "0f");
    let (message, key) = submitted(&mut rig, "x", &own);
    rig.pass(1_000);
    rig.answer(0, lost(Reached::Written, false));
    show(&mut rig, &[("0c", Done, "")]);
    rig.is(message, State::Unknown, Some(ProblemCode::Undecided));
    assert_eq!(rig.engine.view(message).unwrap().job.as_str(), key, "what to look for");
}

#[test]
fn a_page_without_sending_and_without_our_job_means_a_line_in_use() {
    let mut rig = form_box(true, "0a");
    let (message, _) = submitted(&mut rig, "x", "0a");
    rig.answer(0, answered(SendAnswer::NotSaid));
    rig.is(message, State::Submitting, Some(ProblemCode::Busy));
    show(&mut rig, &[("0a", Done, "")]);
    rig.is(message, State::Submitting, Some(ProblemCode::Busy));
    show(&mut rig, &[("0a", Done, "")]);
    rig.is(message, State::Queued, Some(ProblemCode::Busy));
    rig.until_asked(0);
    assert!(rig.asked[0].is_some(), "it is tried again");
}

#[test]
fn sending_was_said_and_our_job_never_shows_is_unknown() {
    let mut rig = form_box(true, "0a");
    let (message, key) = submitted(&mut rig, "x", "0a");
    rig.answer(0, sending(&key));
    rig.is(message, State::Sending, None);
    for _ in 0..100 {
        if rig.state(message).is_final() {
            break;
        }
        show(&mut rig, &[("0a", Done, "")]);
    }
    rig.is(message, State::Unknown, Some(ProblemCode::Replaced));
}

#[test]
fn a_long_message_that_ends_at_once_for_want_of_a_network_goes_out_again() {
    let mut rig = form_box(true, "0a");
    let (message, key) = submitted(&mut rig, &"x".repeat(400), "0a");
    assert_eq!(rig.engine.view(message).unwrap().segments, 3);
    rig.answer(0, sending(&key));
    assert!(rig.until_asked(0) < 1_000, "it is looked at once");
    rig.answer(0, page(&[(key.as_str(), Done, "GSM_LOGOUT")]));
    rig.is(message, State::Queued, Some(ProblemCode::GsmLogout));
    assert_eq!(rig.engine.lines(rig.now).next().unwrap().state, LineState::Held);
}

#[test]
fn a_box_that_started_anew_or_lost_the_name_leaves_it_unknown() {
    for (shown, problem) in [(("", Empty), ProblemCode::Rebooted), (("", Done), ProblemCode::IdLost)] {
        let mut rig = form_box(false, "0a");
        let (message, _) = submitted(&mut rig, "x", "0a");
        rig.answer(0, lost(Reached::Written, false));
        show(&mut rig, &[(shown.0, shown.1, "")]);
        rig.is(message, State::Unknown, Some(problem));
    }
}

#[test]
fn a_login_that_the_form_does_not_take_holds_the_device_and_fails_the_message_the_third_time() {
    let mut rig = form_box(true, "0a");
    let message = rig.send("x");
    for _ in 0..3 {
        while !matches!(rig.asked[0], Some(Ask::SendByForm(..))) {
            if rig.asked[0].is_some() {
                rig.answer(0, page(&[("0a", Done, "")]));
            }
            rig.until_asked(0);
        }
        rig.answer(0, answered(SendAnswer::BadLogin));
    }
    rig.is(message, State::Failed, Some(ProblemCode::BadLogin));
}

#[test]
fn the_end_of_a_message_that_was_given_up_shows_under_its_key_also_after_restarts() {
    for (restarts, compacted) in [(false, false), (true, false), (true, true)] {
        let mut rig = form_box(true, "0a");
        let mut new = new_message("777", "x");
        new.ttl_s = Some(60);
        let message = rig.accept(new).unwrap().id;
        let key = key_of(&rig, message);
        rig.answer(0, lost(Reached::Written, true));
        while !rig.state(message).is_final() {
            rig.until_asked(0);
            rig.answer(0, Answer::Status(Err(AskError::Unreachable(Words::EMPTY))));
        }
        rig.is(message, State::Unknown, Some(ProblemCode::Unreadable));
        let waits = rig.send("waits");
        if compacted {
            let kept = rig.engine.kept(rig.now, message).unwrap();
            let (mut first, mut rest): (Vec<_>, Vec<_>) = rig
                .records
                .iter()
                .cloned()
                .partition(|r| matches!(r, Record::Accepted(a) if a.id == message));
            let Some(Record::Accepted(accepted)) = first.pop() else { panic!("not accepted") };
            rest.retain(|r| !matches!(r, Record::Submitting(s) if s.id == message));
            rest.retain(|r| !matches!(r, Record::Moved(m) if m.id == message));
            rest.push(Record::Kept(Box::new((accepted, kept))));
            rig.records = rest;
        }
        if restarts {
            rig.restart(BOOT, 5_000);
        }
        show(&mut rig, &[(&key, Done, "")]);
        rig.is(message, State::Sent, None);
        assert_eq!(rig.engine.view(message).unwrap().job.as_str(), key);
        assert!(!rig.state(waits).is_final(), "the journal is the newest");
    }
}

#[test]
fn a_box_that_started_anew_may_give_an_id_again_and_that_is_no_late_end() {
    let mut rig = Rig::one_line();
    let first = rig.submitted("x");
    rig.answer(0, sending("0b"));
    rig.pass(60_000);
    rig.show(&[("", Empty, "")]);
    rig.is(first, State::Unknown, Some(ProblemCode::Rebooted));
    for restarts in [false, true] {
        if restarts {
            rig.restart(BOOT, 5_000);
            rig.show(&[("", Empty, "")]);
        }
        let second = rig.submitted_over("y", "");
        rig.answer(0, lost(Reached::Written, false));
        rig.show(&[("0b", Done, "")]);
        rig.is(second, State::Sent, None);
        rig.is(first, State::Unknown, Some(ProblemCode::Rebooted));
    }
}

#[test]
fn a_journal_from_the_past_is_noticed_also_on_a_line_with_a_message_under_way() {
    let mut rig = form_box(true, "0a");
    let (message, _) = submitted(&mut rig, "x", "0a");
    let waits = rig.send("waits");
    rig.restart(BOOT, 3_600_000);
    show(&mut rig, &[("0c", Done, "")]);
    rig.is(message, State::Unknown, Some(ProblemCode::Undecided));
    rig.is(waits, State::Unknown, Some(ProblemCode::JournalRestored));
}
