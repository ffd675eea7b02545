//! What callers ask for.

use super::*;
use crate::journal::Bodies;
use JobStatus::Done;

fn keyed(key: &str, text: &str) -> NewMessage {
    let mut new = new_message("+4915112345678", text);
    new.key = Some(key.into());
    new
}

#[test]
fn the_same_key_with_the_same_request_replays() {
    let mut rig = Rig::one_line();
    let first = rig.accept(keyed("pump3-17", "x")).unwrap();
    let again = rig.accept(keyed("pump3-17", "x")).unwrap();
    assert_eq!((again.id, again.replayed), (first.id, true));
    assert_eq!(rig.accept(keyed("pump3-18", "x")).unwrap().id, first.id + 1);
}

#[test]
fn the_same_key_with_another_request_is_refused() {
    let mut rig = Rig::one_line();
    rig.accept(keyed("k", "x")).unwrap();
    let mut other_line = keyed("k", "x");
    other_line.choice = Choice::Device(0);
    let mut other_number = keyed("k", "x");
    other_number.to = Number::parse("777").unwrap();
    for other in [keyed("k", "y"), other_line, other_number] {
        assert_eq!(rig.accept(other).unwrap_err().code.as_str(), "duplicate_key");
    }
}

#[test]
fn a_keyed_message_is_remembered_until_its_ttl_whatever_the_history_holds() {
    let mut rig = Rig::one_line();
    let mut new = keyed("k", "x");
    new.ttl_s = Some(3_600);
    let first = rig.accept(new.clone()).unwrap().id;
    rig.engine.cancel(rig.now, first).unwrap_err();
    rig.answer(0, sending("0b"));
    rig.show(&[("0b", Done, "")]);
    for _ in 0..30 {
        let message = rig.send("y");
        rig.engine.cancel(rig.now, message).ok();
        rig.turn();
        if rig.asked[0].is_some() {
            rig.answer(0, answered(SendAnswer::Busy));
            rig.engine.cancel(rig.now, message).unwrap();
        }
    }
    assert!(rig.engine.view(first).is_some());
    assert_eq!(rig.accept(new.clone()).unwrap().id, first);
    rig.pass(3_600_000);
    let message = rig.send("one more");
    rig.engine.cancel(rig.now, message).ok();
    rig.turn();
    assert_ne!(rig.accept(new).unwrap().id, first);
}

#[test]
fn the_queue_has_a_limit_and_its_last_fifth_is_for_the_local_socket_and_high() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    for n in 0..10 {
        assert_eq!(rig.send("x"), n + 1);
    }
    let refusal = rig.accept(new_message("777", "x")).unwrap_err();
    assert_eq!(refusal.code.as_str(), "queue_full");
    assert_eq!(refusal.message, "10 messages are waiting (queue_limit 10); try again later");
    rig.engine.cancel(rig.now, 1).unwrap();
    assert_eq!(rig.send("x"), 11);
}

#[test]
fn only_a_queued_message_can_be_cancelled_and_only_once_matters() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    let message = rig.send("x");
    for _ in 0..2 {
        rig.engine.cancel(rig.now, message).unwrap();
        rig.is(message, State::Cancelled, None);
    }
    assert_eq!(rig.engine.cancel(rig.now, 99).unwrap_err().code.as_str(), "not_found");
}

#[test]
fn only_a_failed_or_unknown_message_can_be_resent_and_it_has_its_whole_ttl_again() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    assert_eq!(rig.engine.resend(rig.now, message).unwrap_err().code.as_str(), "too_late");
    rig.answer(0, sending("0b"));
    rig.show(&[("0b", Done, "500")]);
    rig.is(message, State::Failed, Some(ProblemCode::Rejected));
    rig.pass(86_000_000);
    if rig.asked[0].is_some() {
        rig.answer(0, page(&[("0b", Done, "500")]));
    }
    rig.engine.resend(rig.now, message).unwrap();
    rig.pass(3_000_000);
    assert_eq!(rig.asked[0], Some(Ask::Status));
    rig.answer(0, page(&[("0b", Done, "500")]));
    assert_eq!(rig.asked[0], Some(Ask::Send(message, 1)));
    rig.answer(0, sending("0c"));
    rig.show(&[("0c", Done, "")]);
    rig.is(message, State::Sent, None);
    assert_eq!(rig.engine.view(message).unwrap().attempts, 2);
}

#[test]
fn high_goes_before_normal_before_low_and_older_before_newer() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    let mut order = Vec::new();
    for priority in [Priority::Low, Priority::Normal, Priority::High, Priority::Normal, Priority::High] {
        let mut new = new_message("777", "x");
        new.priority = priority;
        rig.accept(new).unwrap();
    }
    rig.answer(0, page(&[("", JobStatus::Empty, "")]));
    for n in 0..5 {
        rig.until_asked(0);
        let Some(Ask::Send(message, _)) = rig.asked[0] else { panic!("{:?}", rig.asked) };
        order.push(message);
        let job = format!("{:02x}", 0x10 + n);
        rig.answer(0, sending(&job));
        rig.show(&[(&job, Done, "")]);
    }
    assert_eq!(order, [3, 5, 2, 4, 1]);
}

#[test]
fn a_message_whose_ttl_runs_out_untried_has_expired_and_one_that_was_tried_has_failed() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    let mut new = new_message("777", "x");
    new.ttl_s = Some(60);
    let untried = rig.accept(new.clone()).unwrap().id;
    rig.pass(59_999);
    rig.is(untried, State::Queued, None);
    rig.pass(1);
    rig.is(untried, State::Expired, Some(ProblemCode::TtlExpired));

    let mut rig = Rig::one_line();
    let tried = rig.accept(new).unwrap().id;
    rig.answer(0, lost(Reached::NotConnected, false));
    rig.pass(60_000);
    rig.is(tried, State::Failed, Some(ProblemCode::Unreachable));
}

#[test]
fn many_messages_that_expire_at_once_take_several_turns_but_all_expire() {
    let mut settings = settings(&[device("office", 1)]);
    settings.queue_limit = 100;
    settings.keep_messages = 100;
    let mut rig = Rig::new(settings);
    let mut new = new_message("777", "x");
    new.ttl_s = Some(60);
    for _ in 0..100 {
        rig.accept(new.clone()).unwrap();
    }
    rig.pass(60_000);
    assert_eq!(rig.engine.counters().by_state[State::Expired as usize], 100);
}

#[test]
fn final_messages_are_kept_for_a_while_and_up_to_a_number() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    for _ in 0..25 {
        let message = rig.send("x");
        rig.engine.cancel(rig.now, message).unwrap();
    }
    rig.turn();
    let kept: Vec<_> = rig.engine.list(0, None, None).map(|v| v.id).collect();
    assert_eq!(kept, (6..=25).collect::<Vec<_>>());
    assert!(rig.journal.body(5, |_| ()).is_none() && rig.journal.body(6, |_| ()).is_some());
    rig.pass(604_800_000);
    assert_eq!(rig.engine.list(0, None, None).count(), 0);
}

#[test]
fn a_list_begins_behind_its_cursor_and_can_be_of_one_state() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    for _ in 0..4 {
        rig.send("x");
    }
    rig.engine.cancel(rig.now, 2).unwrap();
    let ids = |after, state| rig.engine.list(after, state, None).map(|v| v.id).collect::<Vec<_>>();
    assert_eq!(ids(0, None), [1, 2, 3, 4]);
    assert_eq!(ids(2, None), [3, 4]);
    assert_eq!(ids(0, Some(State::Queued)), [1, 3, 4]);
    assert_eq!(ids(9, None), [0u32; 0]);
}

#[test]
fn lines_are_named_by_device_and_number() {
    let settings = settings(&[device("office", 2), device("mast", 1)]);
    let line = |device, line| Some(Choice::Line(LineId { device, line }));
    let table = [
        ("office", Some(Choice::Device(0))),
        ("mast", Some(Choice::Device(1))),
        ("office/1", line(0, 1)),
        ("office/2", line(0, 2)),
        ("mast/1", line(1, 1)),
        ("office/3", None),
        ("office/0", None),
        ("office/+1", None),
        ("office/", None),
        ("attic", None),
        ("", None),
    ];
    for (name, choice) in table {
        assert_eq!(settings.choice(name), choice, "{name}");
    }
}

#[test]
fn a_daemon_that_stops_gives_nothing_more_to_a_line() {
    let mut rig = Rig::one_line();
    rig.engine.close();
    let message = rig.send("x");
    rig.is(message, State::Queued, None);
    rig.pass(120_000);
    assert_eq!(rig.asked[0], None);
}

#[test]
fn a_message_that_cannot_be_stored_is_taken_back_and_its_key_is_free_again() {
    let mut rig = Rig::one_line();
    rig.disk = false;
    let waiting = rig.accept(keyed("k", "x")).unwrap().id;
    rig.is(waiting, State::Submitting, None);
    assert!(rig.engine.take_back(rig.now, waiting));
    assert!(rig.engine.take_back(rig.now, waiting), "it is gone already");
    assert!(rig.engine.view(waiting).is_none());
    rig.turn();
    assert_eq!(rig.records.last(), Some(&Record::Forgotten(waiting)));
    let other = rig.accept(keyed("k", "y")).unwrap();
    assert_eq!((other.id, other.replayed), (waiting + 1, false));
}

#[test]
fn a_message_that_a_box_may_have_is_not_taken_back() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    assert!(!rig.engine.take_back(rig.now, message));
    rig.is(message, State::Submitting, None);
}
