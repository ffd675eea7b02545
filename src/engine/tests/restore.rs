//! What a new daemon makes of what the old one wrote down.

use super::*;
use crate::journal::{Accepted, TRUST_WAIT_MS};
use JobStatus::{Done, Empty, Started};

const BOOT: BootId = BootId([7; 16]);
const NEXT_BOOT: BootId = BootId([8; 16]);
const HOUR_MS: u64 = 3_600_000;

#[test]
fn what_was_queued_goes_out_after_a_restart_and_new_ids_go_on() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    let first = rig.send("one");
    rig.restart(BOOT, 5_000);
    rig.is(first, State::Queued, None);
    let second = rig.send("two");
    assert_eq!(second, first + 1);
    rig.show(&[("", Empty, "")]);
    assert_eq!(rig.asked[0], Some(Ask::Send(first, 1)));
}

/// A message that was on its way when the daemon died.
fn dead_while_submitting() -> (Rig, MessageId) {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    (rig, message)
}

#[test]
fn a_message_that_was_on_its_way_is_decided_by_the_fence() {
    // what the page shows after the restart, what becomes of the message
    let table = [
        (("0b", Started), State::Sending),
        (("0b", Done), State::Sent),
        (("0a", Done), State::Submitting),
        (("", Empty), State::Unknown),
    ];
    for ((job, status), state) in table {
        let (mut rig, message) = dead_while_submitting();
        rig.restart(BOOT, 5_000);
        rig.is(message, State::Submitting, None);
        rig.show(&[(job, status, "")]);
        assert_eq!(rig.state(message), state, "{job} {status:?}");
    }
}

#[test]
fn not_taken_before_the_restart_needs_two_equal_answers_and_then_it_goes_out_once_more() {
    let (mut rig, message) = dead_while_submitting();
    rig.restart(BOOT, 5_000);
    rig.show(&[("0a", Done, "")]);
    assert_eq!(rig.until_asked(0), 3_000);
    rig.answer(0, page(&[("0a", Done, "")]));
    rig.is(message, State::Queued, Some(ProblemCode::NoAnswer));
    rig.until_asked(0);
    assert_eq!(rig.asked[0], Some(Ask::Send(message, 1)));
    assert_eq!(rig.engine.view(message).unwrap().attempts, 2);
}

#[test]
fn an_empty_page_before_and_after_a_power_cut_decides_nothing() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    rig.answer(0, page(&[("", Empty, "")]));
    let message = rig.submitted("x");
    rig.restart(NEXT_BOOT, 30_000);
    rig.show(&[("", Empty, "")]);
    rig.is(message, State::Unknown, Some(ProblemCode::Undecided));
}

#[test]
fn a_job_that_was_running_is_followed_to_its_end() {
    let (mut rig, message) = dead_while_submitting();
    rig.answer(0, sending("0b"));
    rig.restart(BOOT, 60_000);
    rig.is(message, State::Sending, None);
    rig.show(&[("0b", Done, "2172")]);
    rig.is(message, State::Failed, Some(ProblemCode::Rejected));
}

#[test]
fn a_line_that_shows_a_job_which_the_journal_does_not_know_disowns_everything() {
    let mut rig = Rig::one_line();
    let sent = rig.submitted("one");
    let old = rig.records.clone();
    rig.answer(0, sending("0b"));
    rig.show(&[("0b", Done, "")]);
    rig.is(sent, State::Sent, None);
    // The records of before come back, with a message that waits.
    let mut backup = Rig::one_line();
    backup.records = old.into_iter().filter(|r| !matches!(r, Record::Submitting(_))).collect();
    backup.restart(BOOT, HOUR_MS);
    backup.is(sent, State::Queued, None);
    backup.show(&[("0b", Done, "")]);
    backup.is(sent, State::Unknown, Some(ProblemCode::JournalRestored));
    let later = backup.send("later");
    backup.until_asked(0);
    assert_eq!(backup.asked[0], Some(Ask::Send(later, 1)), "what is accepted now goes out");
}

#[test]
fn a_job_that_the_journal_knows_disowns_nothing() {
    let (mut rig, first) = dead_while_submitting();
    rig.answer(0, sending("0b"));
    rig.show(&[("0b", Done, "")]);
    rig.is(first, State::Sent, None);
    rig.engine.close();
    let waits = rig.send("two");
    rig.restart(BOOT, 60_000);
    rig.show(&[("0b", Done, "")]);
    rig.until_asked(0);
    assert_eq!(rig.asked[0], Some(Ask::Send(waits, 1)));
}

#[test]
fn a_box_that_others_use_too_disowns_nothing() {
    let mut shared = device("office", 1);
    shared.exclusive = false;
    let mut rig = Rig::new(settings(&[shared]));
    rig.answer(0, page(&[("0a", Done, "")]));
    rig.engine.close();
    let waits = rig.send("x");
    rig.restart(BOOT, 60_000);
    rig.show(&[("0f", Done, "")]);
    rig.is(waits, State::Queued, None);
}

#[test]
fn after_damage_nothing_that_is_not_final_is_sent() {
    let mut rig = Rig::one_line();
    let sent = rig.submitted("one");
    let waits = rig.send("two");
    rig.answer(0, sending("0b"));
    rig.show(&[("0b", Done, "")]);
    let records = rig.records.clone();
    rig.restart_from(records, BOOT, 1_000, true);
    rig.is(sent, State::Sent, None);
    rig.is(waits, State::Unknown, Some(ProblemCode::JournalDamaged));
}

#[test]
fn keys_replay_and_history_is_kept_across_restarts() {
    let mut rig = Rig::one_line();
    let mut new = new_message("777", "x");
    new.key = Some("k".into());
    let first = rig.accept(new.clone()).unwrap().id;
    rig.answer(0, sending("0b"));
    rig.show(&[("0b", Done, "")]);
    rig.restart(NEXT_BOOT, HOUR_MS);
    rig.is(first, State::Sent, None);
    let again = rig.accept(new.clone()).unwrap();
    assert_eq!((again.id, again.replayed), (first, true));
    new.text = "y".into();
    assert_eq!(rig.accept(new).unwrap_err().code.as_str(), "duplicate_key");
}

#[test]
fn a_message_for_a_line_that_is_gone_has_failed() {
    let mut rig = Rig::new(settings(&[device("office", 2)]));
    let mut new = new_message("777", "x");
    new.choice = Choice::Line(LineId { device: 0, line: 2 });
    let message = rig.accept(new).unwrap().id;
    rig.engine.settings = settings(&[device("office", 1)]);
    rig.restart(BOOT, 1_000);
    rig.is(message, State::Failed, Some(ProblemCode::LineGone));
}

#[test]
fn a_message_on_its_way_on_a_line_that_is_gone_is_unknown() {
    let (mut rig, message) = dead_while_submitting();
    rig.engine.settings = settings(&[device("mast", 1)]);
    rig.restart(BOOT, 1_000);
    rig.is(message, State::Unknown, Some(ProblemCode::Undecided));
}

/// A message with a ttl of four hours, accepted while the clock was right; then a power cut.
fn four_hours_to_live() -> (Rig, MessageId) {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    let mut new = new_message("777", "x");
    new.ttl_s = Some(4 * 3600);
    let message = rig.accept(new).unwrap().id;
    (rig, message)
}

#[test]
fn a_message_that_became_too_old_while_the_router_was_off_does_not_go_out() {
    let (mut rig, message) = four_hours_to_live();
    let right_s = rig.now.unix_s + 10 * 3600;
    rig.now.trusted = false;
    rig.restart(NEXT_BOOT, 0);
    rig.show(&[("", Empty, "")]);
    rig.is(message, State::Queued, None);
    rig.pass(30_000);
    assert_ne!(rig.asked[0], Some(Ask::Send(message, 1)));
    (rig.now.unix_s, rig.now.trusted) = (right_s, true);
    rig.turn();
    rig.is(message, State::Expired, Some(ProblemCode::TtlExpired));
}

#[test]
fn a_message_that_is_young_enough_goes_out_as_soon_as_the_clock_is_right() {
    let (mut rig, message) = four_hours_to_live();
    let right_s = rig.now.unix_s + 3600;
    rig.now.trusted = false;
    rig.restart(NEXT_BOOT, 0);
    rig.show(&[("", Empty, "")]);
    rig.is(message, State::Queued, None);
    (rig.now.unix_s, rig.now.trusted) = (right_s, true);
    rig.turn();
    rig.is(message, State::Submitting, None);
}

#[test]
fn a_clock_that_is_never_set_is_waited_for_ten_minutes_and_what_is_new_does_not_wait() {
    let (mut rig, message) = four_hours_to_live();
    rig.now.trusted = false;
    rig.restart(NEXT_BOOT, 10 * HOUR_MS);
    rig.show(&[("", Empty, "")]);
    let new = rig.send("new");
    rig.is(new, State::Submitting, None);
    rig.answer(0, sending("0b"));
    rig.show(&[("0b", Done, "")]);
    rig.is(message, State::Queued, None);
    while rig.now.boot_ms < TRUST_WAIT_MS {
        rig.is(message, State::Queued, None);
        let wake = rig.engine.next_wake().unwrap();
        rig.pass(wake - rig.now.boot_ms);
        if rig.asked[0] == Some(Ask::Status) {
            rig.answer(0, page(&[("0b", Done, "")]));
        }
    }
    rig.until_asked(0);
    assert!(rig.now.boot_ms < TRUST_WAIT_MS + 60_000);
}

#[test]
fn a_boot_that_never_trusted_its_clock_is_not_waited_for() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    rig.now.trusted = false;
    rig.restart_from(Vec::new(), BOOT, 0, false);
    let message = rig.send("x");
    rig.records.retain(|r| !matches!(r, Record::Started(s) if s.at.trusted));
    let records = rig.records.clone();
    rig.restart_from(records, NEXT_BOOT, 10 * HOUR_MS, false);
    rig.show(&[("", Empty, "")]);
    rig.is(message, State::Submitting, None);
}

#[test]
fn one_record_of_a_message_restores_as_much_as_all_its_records() {
    let mut rig = Rig::seen(settings(&[device("office", 2)]), &[("0a", Done, ""), ("0b", Done, "")]);
    let mut keyed = new_message("777", "keyed");
    keyed.key = Some("k".into());
    keyed.priority = Priority::High;
    let texts = ["on its way", "running", "paused", "failed", "unknown", "waits"];
    let first = rig.accept(keyed).unwrap().id;
    rig.answer(0, sending("0c"));
    for text in texts {
        rig.send(text);
    }
    rig.pass(10_000);
    let all = rig.records.clone();
    let last = rig.engine.last_id;
    let kept: Vec<Record> = all
        .iter()
        .filter_map(|record| match record {
            Record::Accepted(accepted) => {
                let kept = rig.engine.kept(rig.now, accepted.id)?;
                Some(Record::Kept(Box::new((Accepted::clone(accepted), kept))))
            }
            Record::Line(..) | Record::Started(_) => Some(record.clone()),
            _ => None,
        })
        .collect();
    let mut states = Vec::new();
    for records in [all, kept] {
        rig.restart_from(records, BOOT, 0, false);
        let seen: Vec<_> = (first..=last)
            .map(|id| {
                (rig.engine.kept(rig.now, id), rig.engine.view(id), rig.engine.index.get(id).unwrap().key)
            })
            .collect();
        states.push(seen);
    }
    for (by_all, by_one) in states[0].iter().zip(&states[1]) {
        assert_eq!(by_all, by_one);
    }
}

#[test]
fn what_was_restored_waits_until_every_box_has_shown_that_the_journal_is_the_newest() {
    let both = [device("office", 1), device("mast", 1)];
    let mut rig = Rig::new(settings(&both));
    rig.answer(0, page(&[("0a", Done, "")]));
    rig.answer(1, page(&[("0b", Done, "")]));
    rig.engine.close();
    let waits = rig.send("from before");
    rig.restart(BOOT, HOUR_MS);
    rig.answer(0, page(&[("0a", Done, "")]));
    assert_eq!(rig.asked[0], None, "the other box has not been seen");
    let fresh = rig.send("fresh");
    rig.until_asked(0);
    if rig.asked[0] == Some(Ask::Status) {
        rig.answer(0, page(&[("0a", Done, "")]));
    }
    assert_eq!(rig.asked[0], Some(Ask::Send(fresh, 1)), "what is new does not wait");
    rig.answer(1, page(&[("0f", Done, "")]));
    rig.is(waits, State::Unknown, Some(ProblemCode::JournalRestored));
    rig.is(fresh, State::Submitting, None);
}

#[test]
fn a_job_whose_id_was_never_seen_does_not_look_like_a_restored_journal() {
    let mut rig = Rig::one_line();
    let mut new = new_message("777", "x");
    new.ttl_s = Some(60);
    let first = rig.accept(new).unwrap().id;
    rig.answer(0, lost(Reached::Written, false));
    while !rig.state(first).is_final() {
        rig.until_asked(0);
        rig.answer(0, Answer::Status(Err(AskError::Unreachable(Words::EMPTY))));
    }
    rig.is(first, State::Unknown, Some(ProblemCode::Unreadable));
    let waits = rig.send("waits");
    rig.restart(BOOT, 5_000);
    rig.show(&[("0b", Done, "")]);
    assert!(!rig.state(waits).is_final(), "{:?}", rig.problem(waits));
}

#[test]
fn a_late_job_behind_one_that_ended_nameless_does_not_look_like_a_restored_journal() {
    let mut rig = Rig::one_line();
    let first = rig.submitted("one");
    rig.answer(0, sending("0b"));
    rig.show(&[("", Done, "")]);
    rig.is(first, State::Unknown, Some(ProblemCode::IdLost));
    let second = rig.send("two");
    let waits = rig.send("three");
    while rig.asked[0] != Some(Ask::Send(second, 1)) {
        if rig.asked[0] == Some(Ask::Status) {
            rig.answer(0, page(&[("", Done, "")]));
        } else {
            rig.until_asked(0);
        }
    }
    rig.restart(BOOT, 5_000);
    rig.show(&[("0c", Started, "")]);
    rig.is(second, State::Unknown, Some(ProblemCode::Undecided));
    rig.is(waits, State::Queued, None);
}

#[test]
fn history_that_is_old_enough_is_forgotten_also_if_it_aged_over_many_boots() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    rig.answer(0, sending("0b"));
    rig.show(&[("0b", Done, "")]);
    rig.is(message, State::Sent, None);
    // Kept for a week.
    for day in 1..=8 {
        rig.restart(BootId([10 + day; 16]), 24 * HOUR_MS);
        assert_eq!(rig.engine.view(message).is_some(), day < 7, "day {day}");
    }
    assert_eq!(rig.send("next"), message + 1, "its id is not used again");
}
