//! When messages go: a time, a place that is taken over, several as one, quiet hours, outages.

use super::*;
use crate::journal::{Bodies, TRUST_WAIT_MS};
use crate::message::{At, ErrorCode, MAX_AHEAD_S};
use crate::zone::{Hours, Zone};
use JobStatus::{Done, Empty};

const BOOT: BootId = BootId([7; 16]);
const NEXT_BOOT: BootId = BootId([8; 16]);
const HOUR_MS: u64 = 3_600_000;
const HOUR_S: u32 = 3_600;

/// The message that is given to the box next, and after how long; the box shows the job it has
/// shown before. The box never takes it: it says that the line is busy.
fn next_send(rig: &mut Rig) -> (MessageId, u64) {
    let start = rig.now.boot_ms;
    loop {
        match rig.asked[0] {
            Some(Ask::Send(message, _)) => return (message, rig.now.boot_ms - start),
            Some(_) => rig.answer(0, page(&[("0a", Done, "")])),
            None => {
                let wake = rig.engine.next_wake().expect("something is still to come");
                assert!(rig.now.boot_ms - start < 40 * 24 * HOUR_MS, "nothing is ever sent");
                rig.pass(wake.saturating_sub(rig.now.boot_ms));
            }
        }
    }
}

/// Sends what is next, successfully.
fn sent(rig: &mut Rig, job: &str) -> MessageId {
    let (message, _) = next_send(rig);
    rig.answer(0, sending(job));
    rig.until_asked(0);
    rig.answer(0, page(&[(job, Done, "")]));
    rig.is(message, State::Sent, None);
    message
}

fn at(rig: &mut Rig, at: At, ttl_s: u32) -> MessageId {
    let new = NewMessage { at: Some(at), ttl_s: Some(ttl_s), ..new_message("+4915112345678", "later") };
    rig.accept(new).unwrap().id
}

fn collapsing(text: &str, word: &str) -> NewMessage {
    NewMessage { collapse: Some(word.into()), ..new_message("+4915112345678", text) }
}

fn to_several(numbers: &[&str], asked: &str, key: Option<&str>) -> NewMessage {
    NewMessage {
        others: numbers[1..].iter().map(|number| Number::parse(number).unwrap()).collect(),
        group: Some(asked.into()),
        key: key.map(Into::into),
        ..new_message(numbers[0], "alarm")
    }
}

#[test]
fn a_message_with_a_time_goes_then_and_its_ttl_begins_then() {
    for asked in [At::Time(1_800_000_000 + HOUR_S + 60), At::After(HOUR_S)] {
        let mut rig = Rig::one_line();
        let wait_s = match asked {
            At::Time(at_s) => at_s - rig.now.unix_s,
            At::After(seconds) => seconds,
        };
        let message = at(&mut rig, asked, 60);
        let other = rig.send("at once");
        assert_eq!(next_send(&mut rig).0, other);
        rig.answer(0, answered(SendAnswer::Busy));
        rig.engine.cancel(rig.now, other).unwrap();
        let (first, after_ms) = next_send(&mut rig);
        assert_eq!(first, message);
        let wait_ms = u64::from(wait_s) * 1000;
        assert!((wait_ms - 1_000..wait_ms + 2_000).contains(&after_ms), "{after_ms} {wait_ms}");
        // The line stays in use until the ttl is over.
        rig.answer(0, answered(SendAnswer::Busy));
        for _ in 0..70 {
            if rig.asked[0].is_some_and(|ask| ask != Ask::Status) {
                rig.answer(0, answered(SendAnswer::Busy));
            } else if rig.asked[0].is_some() {
                rig.answer(0, page(&[("0a", Done, "")]));
            }
            rig.pass(1_000);
        }
        rig.is(message, State::Failed, Some(ProblemCode::Busy));
    }
}

#[test]
fn a_time_that_is_past_is_none_and_one_too_far_ahead_is_refused() {
    let mut rig = Rig::one_line();
    let late = rig.now.unix_s - 5;
    let message = at(&mut rig, At::Time(late), 60);
    assert_eq!(next_send(&mut rig).0, message);
    let far = At::Time(rig.now.unix_s + MAX_AHEAD_S + 10);
    let refused = rig.accept(NewMessage { at: Some(far), ..new_message("12", "x") }).unwrap_err();
    assert_eq!(refused.code, ErrorCode::BadRequest);
    assert_eq!(refused.message, "the field 'at' is more than 30 days ahead; send it later");
}

#[test]
fn a_time_survives_restarts_and_the_router_being_off() {
    for (boot, off_ms) in [(BOOT, 5_000), (NEXT_BOOT, 3 * HOUR_MS)] {
        let mut rig = Rig::one_line();
        let at_s = rig.now.unix_s + 5 * HOUR_S;
        let [by_clock, by_wait] =
            [At::Time(at_s), At::After(5 * HOUR_S)].map(|asked| at(&mut rig, asked, 600));
        rig.restart(boot, off_ms);
        rig.engine.cancel(rig.now, by_wait).unwrap();
        let (message, _) = next_send(&mut rig);
        assert_eq!(message, by_clock);
        assert!(rig.now.unix_s.abs_diff(at_s) <= 2, "{} {at_s}", rig.now.unix_s);
    }
}

#[test]
fn a_time_of_the_clock_waits_until_that_is_set() {
    let mut rig = Rig::one_line();
    // The clock is an hour behind, and not set.
    rig.now.trusted = false;
    rig.restart_from(Vec::new(), NEXT_BOOT, 0, false);
    let at_s = rig.now.unix_s + HOUR_S + 120;
    let message = at(&mut rig, At::Time(at_s), HOUR_S);
    rig.pass(60_000);
    rig.is(message, State::Queued, None);
    (rig.now.unix_s, rig.now.trusted) = (rig.now.unix_s + HOUR_S, true);
    rig.turn();
    assert_eq!(next_send(&mut rig).0, message);
    assert!(rig.now.unix_s.abs_diff(at_s) <= 2);

    // Where it is never set, the clock as it stands has to do, after ten minutes.
    let mut rig = Rig::one_line();
    rig.now.trusted = false;
    rig.restart_from(Vec::new(), NEXT_BOOT, 0, false);
    let now_s = rig.now.unix_s;
    let message = at(&mut rig, At::Time(now_s), HOUR_S);
    assert_eq!(next_send(&mut rig).0, message);
    assert!(rig.now.boot_ms >= TRUST_WAIT_MS);
}

#[test]
fn a_newer_message_takes_the_place_of_an_older_one_and_counts_it() {
    let mut rig = Rig::one_line();
    // The line has something to do.
    rig.submitted("first");
    let old = rig.accept(collapsing("level 1", "pump3")).unwrap().id;
    let between = rig.send("between");
    let other = rig.accept(collapsing("door", "door")).unwrap().id;
    let elsewhere = NewMessage { to: Number::parse("12345").unwrap(), ..collapsing("level 1", "pump3") };
    let elsewhere = rig.accept(elsewhere).unwrap().id;
    let newer = rig.accept(collapsing("level 2", "pump3")).unwrap().id;
    let newest = rig.accept(collapsing("level 3", "pump3")).unwrap().id;
    rig.is(old, State::Cancelled, Some(ProblemCode::Collapsed));
    rig.is(newer, State::Cancelled, Some(ProblemCode::Collapsed));
    let problem = rig.engine.view(newer).unwrap().problem.unwrap();
    assert_eq!(problem.to_string(), format!("replaced by message {newest}"));
    assert_eq!(rig.journal.body(newest, |b| (b.collapsed, b.order)), Some((2, old)));
    // It goes where the first one stood, also after a restart.
    for again in [false, true] {
        if again {
            rig.restart(BOOT, 5_000);
            rig.show(&[("0b", Done, "")]);
        } else {
            rig.answer(0, sending("0b"));
            rig.until_asked(0);
            rig.answer(0, page(&[("0b", Done, "")]));
        }
        let mut order = Vec::new();
        let mut after = 0;
        while let Some((place, entry)) = rig.engine.index.in_order(after).find(|(_, e)| !e.state.is_final()) {
            order.push(entry.id);
            after = place;
        }
        assert_eq!(order, [newest, between, other, elsewhere]);
    }
}

#[test]
fn what_has_been_tried_does_not_collapse() {
    let mut rig = Rig::one_line();
    let old = rig.accept(collapsing("level 1", "pump3")).unwrap().id;
    assert_eq!(next_send(&mut rig).0, old);
    rig.answer(0, answered(SendAnswer::Busy));
    rig.is(old, State::Queued, Some(ProblemCode::Busy));
    let newer = rig.accept(collapsing("level 2", "pump3")).unwrap().id;
    rig.is(old, State::Queued, Some(ProblemCode::Busy));
    assert_eq!(rig.journal.body(newer, |b| b.collapsed), Some(0));
}

#[test]
fn a_crash_between_the_two_records_leaves_the_newer_one() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    let old = rig.accept(collapsing("level 1", "pump3")).unwrap().id;
    let newer = rig.accept(collapsing("level 2", "pump3")).unwrap().id;
    let accepted = |record: &Record| matches!(record, Record::Accepted(a) if a.id == newer);
    let place = rig.records.iter().position(accepted).unwrap();
    rig.restart_from(rig.records[..=place].to_vec(), BOOT, 5_000, false);
    rig.is(old, State::Cancelled, Some(ProblemCode::Collapsed));
    rig.is(newer, State::Queued, None);
    // And that is written down now.
    assert!(rig.records.iter().any(|record| matches!(record, Record::Moved(m) if m.id == old)));
}

#[test]
fn what_cannot_be_stored_gives_the_place_back() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    let delayed = NewMessage { at: Some(At::After(HOUR_S)), ..collapsing("level 1", "pump3") };
    let old = rig.accept(delayed).unwrap().id;
    let newer = rig.accept(collapsing("level 2", "pump3")).unwrap().id;
    assert!(rig.engine.take_back(rig.now, newer));
    rig.is(old, State::Queued, None);
    rig.turn();
    rig.restart(BOOT, 5_000);
    rig.is(old, State::Queued, None);
    assert!(rig.engine.index.get(old).unwrap().since_ms > rig.now.boot_ms + HOUR_MS / 2);
}

#[test]
fn a_place_is_given_back_however_few_messages_are_kept() {
    let mut settings = settings(&[device("office", 1)]);
    settings.keep_messages = 0;
    let mut rig = Rig::new(settings);
    let old = rig.accept(collapsing("old", "w")).unwrap().id;
    rig.disk = false;
    let new = rig.accept(collapsing("new", "w")).unwrap().id;
    rig.engine.forget_oldest(1);
    assert!(rig.engine.take_back(rig.now, new));
    rig.is(old, State::Queued, None);

    // It does not stay for ever.
    let new = rig.accept(collapsing("new", "w")).unwrap().id;
    rig.engine.cancel(rig.now, new).unwrap();
    rig.engine.forget_oldest(2);
    assert!(rig.engine.view(old).is_none());
}

#[test]
fn a_full_queue_still_takes_what_replaces_something() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    for n in 0..9 {
        rig.send(&format!("text {n}"));
    }
    rig.accept(collapsing("level 1", "pump3")).unwrap();
    assert_eq!(rig.accept(new_message("12", "x")).unwrap_err().code, ErrorCode::QueueFull);
    rig.accept(collapsing("level 2", "pump3")).unwrap();
}

#[test]
fn several_receivers_get_a_message_each_and_a_key_gives_the_same_again() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    let new = || to_several(&["111", "222", "333"], "@oncall", Some("k"));
    let first = rig.accept(new()).unwrap();
    assert_eq!((first.id, first.replayed), (1, false));
    assert_eq!(first.after, rig.engine.ticket(), "all of them are to be durable");
    let to = |id| rig.journal.body(id, |b| b.to.to_owned());
    assert_eq!([1, 2, 3, 4].map(to), [Some("111".into()), Some("222".into()), Some("333".into()), None]);
    assert_eq!(rig.engine.view(1).unwrap().members, 3);
    let again = rig.accept(new()).unwrap();
    assert_eq!((again.id, again.replayed), (1, true));
    for other in [
        to_several(&["111", "222"], "111,222", Some("k")),
        NewMessage { key: Some("k".into()), ..new_message("111", "alarm") },
    ] {
        assert_eq!(rig.accept(other).unwrap_err().code, ErrorCode::DuplicateKey);
    }
    rig.engine.cancel(rig.now, 2).unwrap();
    rig.is(1, State::Queued, None);
}

#[test]
fn each_of_several_goes_by_its_own_prefix() {
    let mut settings = settings(&[device("office", 2)]);
    let own = |line, prefix: &str| LineSettings {
        line: LineId { device: 0, line },
        prefixes: vec![prefix.into()],
        only_prefix: true,
        ..LineSettings::default()
    };
    settings.choosing.lines = vec![own(1, "+49"), own(2, "+33")];
    let mut rig = Rig::new(settings);
    rig.drain(2);
    let id = rig.accept(to_several(&["+491511", "+33611"], "+491511,+33611", None)).unwrap().id;
    let mut sent = rig.drain(2);
    sent.sort_unstable();
    assert_eq!(sent, [(id, 1), (id + 1, 2)]);
}

#[test]
fn there_is_room_for_all_of_them_or_for_none() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    for n in 0..8 {
        rig.send(&format!("text {n}"));
    }
    let three = to_several(&["111", "222", "333"], "@oncall", None);
    assert_eq!(rig.accept(three.clone()).unwrap_err().code, ErrorCode::QueueFull);
    assert_eq!(rig.engine.counters().last_id, 8);
    rig.engine.cancel(rig.now, 1).unwrap();
    rig.accept(three).unwrap();
}

#[test]
fn who_has_opted_out_is_left_out_and_named() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    let out = Number::parse("222").unwrap();
    rig.engine.opt_out(rig.now, core::slice::from_ref(&out), &rig.journal).unwrap();
    let first = rig.accept(to_several(&["111", "222", "333"], "@oncall", None)).unwrap().id;
    assert_eq!(rig.engine.view(first).unwrap().members, 2);
    let asked = rig.journal.body(first, |b| b.group.map(str::to_owned)).flatten();
    assert_eq!(asked.as_deref(), Some("@oncall\n222"));
    let all = to_several(&["222"], "@oncall", None);
    assert_eq!(rig.accept(all).unwrap_err().code, ErrorCode::OptedOut);
}

#[test]
fn a_crash_leaves_all_of_them_or_none() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    rig.accept(to_several(&["111", "222", "333"], "@oncall", Some("k"))).unwrap();
    let place = |id| rig.records.iter().position(|r| matches!(r, Record::Accepted(a) if a.id == id)).unwrap();
    for (id, left) in [(1, 0), (2, 0), (3, 3)] {
        let records = rig.records[..=place(id)].to_vec();
        let mut torn = Rig::new(settings(&[device("office", 1)]));
        torn.restart_from(records, BOOT, 5_000, false);
        assert_eq!(torn.engine.counters().by_state[State::Queued as usize], left, "{id}");
        // What comes then is no part of them, also for the next daemon.
        let own = torn.send("another");
        torn.records.splice(0..0, rig.records[..=place(id)].to_vec());
        torn.restart(BOOT, 5_000);
        torn.is(own, State::Queued, None);
        let again = torn.accept(to_several(&["111", "222", "333"], "@oncall", Some("k"))).unwrap();
        assert_eq!(again.replayed, left > 0);
    }
}

#[test]
fn a_crash_while_they_are_forgotten_leaves_none_either() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    rig.accept(to_several(&["111", "222", "333"], "@oncall", None)).unwrap();
    let accepted = |record: &&Record| matches!(record, Record::Accepted(_));
    let stored: Vec<_> = rig.records.iter().filter(accepted).take(2).cloned().collect();
    rig.records.clear();
    rig.restart_from(stored.clone(), BOOT, 5_000, false);
    let first = rig.records.iter().position(|r| matches!(r, Record::Forgotten(_))).unwrap();
    let records = [&stored, &rig.records[..=first]].concat();
    rig.restart_from(records, BOOT, 5_000, false);
    assert_eq!(rig.engine.counters().by_state[State::Queued as usize], 0);
}

#[test]
fn what_was_accepted_as_one_is_taken_back_as_one() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    rig.disk = false;
    let first = rig.accept(to_several(&["111", "222", "333"], "@oncall", Some("k"))).unwrap().id;
    assert!(rig.engine.take_back(rig.now, first));
    assert_eq!(rig.engine.counters().by_state[State::Queued as usize], 0);
}

/// One line, and quiet hours of the local messages in Berlin; it is that time in UTC there.
fn quiet_rig(hours: &str, unix_s: u32) -> Rig {
    let mut settings = settings(&[device("office", 1)]);
    settings.terms.zone = Zone::parse("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let quiet = Hours::parse(hours);
    settings.terms.callers = vec![CallerRules { origin: Origin::Local, name: "local".into(), quiet }];
    let mut rig = Rig::seen(settings, &[("0a", Done, "")]);
    rig.now.unix_s = unix_s;
    // The clock was set, which is seen within a quarter of an hour.
    rig.engine.quiet_ms = 0;
    rig.turn();
    rig
}

/// 2026-12-01 22:30 in Berlin.
const EVENING_S: u32 = 1_796_160_600;

#[test]
fn routine_messages_wait_until_the_quiet_hours_are_over() {
    let mut rig = quiet_rig("22:00-07:00", EVENING_S);
    let message = rig.send("routine");
    let urgent = NewMessage { priority: Priority::High, ..new_message("12", "urgent") };
    let urgent = rig.accept(urgent).unwrap().id;
    assert_eq!(sent(&mut rig, "0b"), urgent);
    // What is not local has no quiet hours here.
    let theirs =
        NewMessage { origin: Origin::Client(crate::message::ClientId(7)), ..new_message("12", "theirs") };
    let theirs = rig.accept(theirs).unwrap().id;
    assert_eq!(sent(&mut rig, "0c"), theirs);
    assert_eq!(next_send(&mut rig).0, message);
    let morning_s = EVENING_S + 8 * HOUR_S + HOUR_S / 2;
    assert!((morning_s..morning_s + 2).contains(&rig.now.unix_s), "{}", rig.now.unix_s - EVENING_S);
}

#[test]
fn in_another_time_zone_the_hours_are_others_at_once() {
    let mut rig = quiet_rig("22:00-07:00", EVENING_S);
    let message = rig.send("routine");
    rig.engine.set_zone(Zone::parse("GMT0BST,M3.5.0/1,M10.5.0").unwrap());
    rig.turn();
    assert_eq!(sent(&mut rig, "0b"), message, "it is half past nine in London");
}

#[test]
fn quiet_hours_end_by_the_clock_on_the_wall_when_that_is_changed() {
    // 2026-03-28 22:30 in Berlin; the clocks go forward in that night.
    let evening_s = 1_774_733_400;
    let mut rig = quiet_rig("22:00-07:00", evening_s);
    rig.send("routine");
    next_send(&mut rig);
    let morning_s = evening_s + 7 * HOUR_S + HOUR_S / 2;
    assert!((morning_s..morning_s + 2).contains(&rig.now.unix_s), "{}", rig.now.unix_s - evening_s);
}

#[test]
fn nobody_is_quiet_by_a_clock_that_was_not_set_and_a_ttl_goes_on() {
    let mut rig = quiet_rig("22:00-07:00", EVENING_S);
    let message = rig.accept(NewMessage { ttl_s: Some(600), ..new_message("12", "x") }).unwrap().id;
    rig.pass(600_000);
    rig.is(message, State::Expired, Some(ProblemCode::TtlExpired));

    // Not set yet; then not seen to be set for ten minutes, and right, or wrong for certain.
    for (unix_s, pass_ms, held) in
        [(EVENING_S, 0, false), (EVENING_S, 600_000, true), (80_000, 600_000, false)]
    {
        let mut rig = quiet_rig("22:00-07:00", unix_s);
        rig.now.trusted = false;
        rig.restart_from(Vec::new(), NEXT_BOOT, 0, false);
        rig.pass(pass_ms);
        let message = rig.send("x");
        let why = rig.engine.explain(rig.now, message).unwrap().why;
        assert_eq!(matches!(why, Why::Quiet(_)), held, "{why:?}");
    }
}

#[test]
fn a_time_too_far_ahead_is_refused_once_the_clock_counts() {
    let mut new = NewMessage { at: Some(At::Time(EVENING_S + 400 * 86_400)), ..new_message("12", "x") };
    let mut check = |boot_ms| Engine::check_at(Now { boot_ms, unix_s: EVENING_S, trusted: false }, &mut new);
    assert_eq!(check(599_999), Ok(()));
    assert_eq!(check(600_000).unwrap_err().code, ErrorCode::BadRequest);
}

/// Messages become stale after an hour, and that number is told.
fn stale_settings() -> Settings {
    let mut settings = settings(&[device("office", 1)]);
    settings.terms.stale_after_s = HOUR_S;
    settings.terms.admin = Some(Number::parse("+4915199999").unwrap());
    let local = CallerRules { origin: Origin::Local, name: "local".into(), quiet: None };
    let nagios = CallerRules {
        origin: Origin::Client(crate::message::ClientId(7)),
        name: "nagios".into(),
        quiet: None,
    };
    settings.terms.callers = vec![local, nagios];
    settings
}

/// The texts of goipd's own messages.
fn told(rig: &Rig) -> Vec<String> {
    let own = |record: &Record| match record {
        Record::Accepted(a) if a.origin == Origin::Reply(0) => {
            assert_eq!((a.priority, a.to.as_str()), (Priority::High, "+4915199999"));
            Some(a.text.to_string())
        }
        _ => None,
    };
    rig.records.iter().filter_map(own).collect()
}

#[test]
fn after_the_router_was_off_for_long_routine_messages_are_stale_and_one_digest_tells_it() {
    let mut rig = Rig::seen(stale_settings(), &[("0a", Done, "")]);
    rig.disk = false;
    let low = rig.accept(NewMessage { priority: Priority::Low, ..new_message("12", "low") }).unwrap().id;
    let theirs =
        NewMessage { origin: Origin::Client(crate::message::ClientId(7)), ..new_message("12", "theirs") };
    let theirs = rig.accept(theirs).unwrap().id;
    let high = NewMessage { priority: Priority::High, ..new_message("12", "high") };
    let high = rig.accept(high).unwrap().id;
    let later = at(&mut rig, At::After(5 * HOUR_S), 600);
    rig.records.retain(|record| !matches!(record, Record::Submitting(_)));
    rig.disk = true;
    rig.restart(NEXT_BOOT, 2 * HOUR_MS);
    for stale in [low, theirs] {
        rig.is(stale, State::Expired, Some(ProblemCode::Stale));
    }
    for kept in [high, later] {
        rig.is(kept, State::Queued, None);
    }
    assert_eq!(told(&rig), [""; 0], "others may follow");
    rig.pass(31_000);
    let told = told(&rig);
    assert_eq!(
        told,
        ["goipd: 2 messages expired after an outage, waiting since 2027-01-15T08:01:00Z: local 1, nagios 1"]
    );
}

#[test]
fn a_short_outage_makes_nothing_stale() {
    let mut rig = Rig::new(stale_settings());
    let message = rig.send("x");
    rig.restart(NEXT_BOOT, HOUR_MS - 60_000);
    rig.pass(31_000);
    rig.is(message, State::Queued, None);
    assert_eq!(told(&rig), [""; 0]);
}

#[test]
fn after_the_box_was_away_for_long_routine_messages_are_stale() {
    use crate::goip::AskError;
    for (outage_ms, stale) in [(HOUR_MS / 2, false), (2 * HOUR_MS, true)] {
        let mut rig = Rig::seen(stale_settings(), &[("0a", Done, "")]);
        let away = || Answer::Status(Err(AskError::Unreachable(Words::new(""))));
        let start = rig.now.boot_ms;
        let mut message = None;
        while rig.now.boot_ms < start + outage_ms {
            rig.until_asked(0);
            rig.answer(0, away());
            message = message.or_else(|| Some(rig.send("x")));
        }
        rig.until_asked(0);
        rig.answer(0, page(&[("0a", Done, "")]));
        let message = message.unwrap();
        assert_eq!(rig.state(message) == State::Expired, stale, "{outage_ms}");
        if stale {
            rig.is(message, State::Expired, Some(ProblemCode::Stale));
            rig.pass(31_000);
            assert!(told(&rig)[0].starts_with("goipd: 1 message expired"), "{:?}", told(&rig));
        }
    }
}

#[test]
fn a_daemon_that_has_just_started_calls_no_box_away() {
    let mut rig = Rig::new(stale_settings());
    rig.now.boot_ms += 10 * HOUR_MS;
    let message = rig.send("x");
    rig.restart(BOOT, 5_000);
    rig.answer(0, page(&[("", Empty, "")]));
    assert_ne!(rig.state(message), State::Expired);
}
