//! Why a message waits, and when it will go.

use super::*;
use crate::engine::CallerRules;
use crate::goip::LineFacts;
use crate::message::At;
use crate::zone::{Hours, Zone};

const MINUTE_MS: u64 = 60_000;

fn told(rig: &Rig, message: MessageId) -> String {
    let waiting = rig.engine.explain(rig.now, message).unwrap();
    rig.engine.told(rig.now, &waiting)
}

fn with_line(own: LineSettings) -> Settings {
    let mut settings = settings(&[device("office", 2)]);
    settings.terms.zone = Zone::parse("CET-1").unwrap();
    settings.choosing.lines = vec![LineSettings { line: LineId { device: 0, line: 1 }, ..own }];
    settings
}

fn on_first(rig: &mut Rig, text: &str) -> MessageId {
    let choice = Choice::Line(LineId { device: 0, line: 1 });
    rig.accept(NewMessage { choice, ..new_message("12", text) }).unwrap().id
}

fn guess(rig: &Rig, text: &str, choice: Choice) -> Waiting {
    estimate(rig, &NewMessage { choice, ..new_message("12", text) })
}

fn estimate(rig: &Rig, new: &NewMessage) -> Waiting {
    rig.engine.estimate(rig.now, &rig.engine.thought(rig.now, new))
}

#[test]
fn a_message_with_a_box_or_at_its_end_says_so() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    assert_eq!(told(&rig, message), "on its way on office/1 (submitting)");
    rig.answer(0, sending("0b"));
    assert_eq!(told(&rig, message), "on its way on office/1 (sending)");
    let next = rig.send("next");
    assert_eq!(told(&rig, next).split("; ").next(), Some("waits for office/1, which is busy"));
    rig.show(&[("0b", JobStatus::Done, "2172")]);
    let failed = told(&rig, message);
    assert!(failed.starts_with("failed on office/1: ") && failed.contains("2172"), "{failed}");
    assert_eq!(rig.engine.explain(rig.now, 99), None);
}

#[test]
fn what_is_longer_than_a_limit_is_told_to_go_never() {
    let limits = Limits { segments: [0, 3, 0], month_start: 1, reserve: 50 };
    let mut rig = Rig::new(with_line(LineSettings { limits, ..LineSettings::default() }));
    rig.drain(2);
    let text = "x".repeat(200);
    let wanted = "waits for office/1: a message of 2 segments never fits into 1 a day; raise that limit or shorten the text";
    let first = Choice::Line(LineId { device: 0, line: 1 });
    assert_eq!(rig.engine.told(rig.now, &guess(&rig, &text, first)), wanted);
    assert_eq!(guess(&rig, &text, Choice::Any).line, Some(LineId { device: 0, line: 2 }));
    let long = on_first(&mut rig, &text);
    assert_eq!(told(&rig, long), wanted);
}

#[test]
fn a_message_counts_as_queued_where_it_may_go_out() {
    let own = LineSettings { priority_only: true, ..LineSettings::default() };
    let mut rig = Rig::new(with_line(own));
    for priority in [Priority::Normal, Priority::High, Priority::Low] {
        rig.accept(NewMessage { priority, ..new_message("12", "x") }).unwrap();
    }
    on_first(&mut rig, "x");
    let queued: Vec<u32> = rig.engine.lines(rig.now).map(|line| line.queued).collect();
    assert_eq!(queued, [2, 3]);
}

#[test]
fn a_limit_is_told_with_the_time_at_which_there_is_room() {
    let limits = Limits { segments: [2, 0, 0], month_start: 1, reserve: 0 };
    let mut rig = Rig::new(with_line(LineSettings { limits, ..LineSettings::default() }));
    rig.drain(2);
    let messages: Vec<_> = (0..4).map(|n| on_first(&mut rig, &format!("{n}"))).collect();
    rig.drain(2);
    let waiting = rig.engine.explain(rig.now, messages[2]).unwrap();
    assert_eq!(
        waiting.why,
        Why::Line(Full { window: crate::journal::Window::Hour, used: 2, limit: 2, needs: 1 })
    );
    let after_ms = waiting.after_ms.unwrap();
    let told = rig.engine.told(rig.now, &waiting);
    let at_s = rig.now.unix_s + 3_600 + after_ms.div_ceil(1000) as u32;
    let clock = format!("{:02}:{:02}", at_s % 86_400 / 3_600, at_s / 60 % 60);
    assert_eq!(told, format!("waits for office/1: 2 of 2 segments used this hour; next at {clock}"));
    assert!(self::told(&rig, messages[3]).contains("; 1 message before it"));
    // It goes when it was said.
    rig.pass(after_ms - 2_000);
    rig.is(messages[2], State::Queued, None);
    rig.pass(2_000);
    let sent: Vec<_> = rig.drain(2).into_iter().map(|(id, _)| id).collect();
    assert!(sent.contains(&messages[2]), "{sent:?}");
    // A message that could take another line would.
    assert_eq!(guess(&rig, "x", Choice::Any).line, Some(LineId { device: 0, line: 2 }));
    assert_eq!(guess(&rig, "x", Choice::Any).why, Why::Next);
}

#[test]
fn a_message_that_is_longer_than_its_limit_has_no_time() {
    let limits = Limits { segments: [2, 0, 0], month_start: 1, reserve: 0 };
    let rig = Rig::new(with_line(LineSettings { limits, ..LineSettings::default() }));
    let waiting = guess(&rig, &"x".repeat(400), Choice::Line(LineId { device: 0, line: 1 }));
    assert!(matches!(waiting.why, Why::Held | Why::Line(_)));
    assert_eq!(waiting.after_ms, None);
}

#[test]
fn what_no_line_takes_is_told() {
    let mut settings = with_line(LineSettings { priority_only: true, ..LineSettings::default() });
    settings.devices[0].lines = 1;
    let mut rig = Rig::new(settings);
    rig.drain(1);
    let message = rig.send("x");
    assert_eq!(
        told(&rig, message),
        "waits, but no line takes it: see prefix, client and priority_only of the lines"
    );
    assert_eq!(rig.drain(1), []);
}

#[test]
fn holds_pauses_gaps_and_numbers_are_told() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    rig.answer(0, answered(SendAnswer::GsmLogout));
    assert_eq!(
        told(&rig, message),
        "waits for office/1: the line's SIM is not logged in to the network (for 0 s)"
    );
    rig.show(&[("0a", JobStatus::Done, "")]);
    rig.answer(0, sending("0b"));
    rig.show(&[("0b", JobStatus::Done, "38")]);
    let paused = told(&rig, message);
    assert!(paused.starts_with("waits for its next try: ") && paused.ends_with("; next in 30 s"), "{paused}");

    let gap = LineSettings { gap_ms: 100_000, ..LineSettings::default() };
    let mut rig = Rig::new(with_line(gap));
    rig.pass(2 * MINUTE_MS);
    rig.drain(2);
    on_first(&mut rig, "a");
    rig.drain(2);
    let message = on_first(&mut rig, "b");
    assert!(
        told(&rig, message)
            .starts_with("waits for office/1, which makes a pause between two messages; next in ")
    );

    let mut settings = settings(&[device("office", 1)]);
    settings.choosing.per_number_hour = 1;
    let mut rig = Rig::new(settings);
    rig.drain(1);
    let messages = [rig.send("a"), rig.send("b")];
    rig.drain(1);
    let told = told(&rig, messages[1]);
    assert!(
        told.starts_with("waits because its number has had the 1 messages of an hour; next at "),
        "{told}"
    );
    assert_eq!(guess(&rig, "x", Choice::Any).why, Why::Next, "another number");
}

/// 2026-12-01 22:30 in Berlin.
const EVENING_S: u32 = 1_796_160_600;

/// One line, in an evening in Berlin, with quiet hours of the local messages.
fn evening_rig() -> Rig {
    let mut settings = settings(&[device("office", 1)]);
    settings.terms.zone = Zone::parse("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let quiet = Hours::parse("22:00-07:00");
    settings.terms.callers = vec![CallerRules { origin: Origin::Local, name: "nagios".into(), quiet }];
    let mut rig = Rig::seen(settings, &[("0a", JobStatus::Done, "")]);
    rig.now.unix_s = EVENING_S;
    rig.engine.quiet_ms = 0;
    rig.turn();
    rig
}

fn high(at: Option<At>) -> NewMessage {
    NewMessage { at, priority: Priority::High, ..new_message("12", "x") }
}

#[test]
fn a_time_and_quiet_hours_are_told_in_the_time_zone_of_the_router() {
    let mut rig = evening_rig();
    let quiet = rig.send("x");
    assert_eq!(told(&rig, quiet), "waits for the end of quiet hours of nagios, at 07:00");
    // 2026-12-02 22:29 UTC, which is in quiet hours if they hold for it.
    let tomorrow = Some(At::Time(EVENING_S + 90_000 - 60));
    let timed = rig.accept(high(tomorrow)).unwrap().id;
    assert_eq!(told(&rig, timed), "waits for its time, at 2026-12-02 23:29");
    let routine = rig.accept(NewMessage { at: tomorrow, ..new_message("12", "x") }).unwrap().id;
    assert_eq!(told(&rig, routine), "waits for its time, at 2026-12-03 07:00");
    let delayed = rig.accept(high(Some(At::After(600)))).unwrap().id;
    assert_eq!(told(&rig, delayed), "waits for its time, at 22:40");
    // None of them goes before one that may go now.
    let last = estimate(&rig, &NewMessage { priority: Priority::High, ..new_message("12", "x") });
    assert_eq!((last.why, last.ahead), (Why::Next, 0));
    assert_eq!(estimate(&rig, &high(tomorrow)), rig.engine.explain(rig.now, timed).unwrap());
    assert_eq!(estimate(&rig, &new_message("12", "x")).why, Why::Quiet(Origin::Local));
    // It goes when it was said.
    let after_ms = rig.engine.explain(rig.now, delayed).unwrap().after_ms.unwrap();
    assert_eq!(after_ms, 600_000);
    rig.pass(after_ms);
    assert_eq!(rig.engine.explain(rig.now, delayed).map(|w| w.why).filter(|w| *w == Why::Time), None);
}

#[test]
fn the_limit_of_a_number_is_not_a_time_and_a_time_is_not_a_limit() {
    let mut settings = settings(&[device("office", 1)]);
    settings.choosing.per_number_hour = 1;
    let mut rig = Rig::new(settings);
    rig.drain(1);
    let [_, limited] = [0; 2].map(|_| rig.accept(new_message("12", "x")).unwrap().id);
    let later = Some(At::After(7_200));
    let timed = rig.accept(NewMessage { at: later, ..new_message("12", "x") }).unwrap().id;
    rig.drain(1);
    let why = |rig: &Rig, id| rig.engine.explain(rig.now, id).unwrap().why;
    assert_eq!((why(&rig, limited), why(&rig, timed)), (Why::Number, Why::Time));
    assert_eq!(estimate(&rig, &high(None)).why, Why::Number);
    assert_eq!(estimate(&rig, &high(later)).why, Why::Time);
}

#[test]
fn a_line_that_is_barred_or_asks_the_network_says_so() {
    for (facts, expected) in [
        (LineFacts { module: Some(false), ..LineFacts::default() }, LineReason::ModuleOff),
        (LineFacts { module: Some(true), sim: Some(false), ..LineFacts::default() }, LineReason::NoSim),
        (
            LineFacts { module: Some(true), registered: Some(false), ..LineFacts::default() },
            LineReason::NotRegistered,
        ),
    ] {
        let mut rig = Rig::seen(settings(&[device("office", 1)]), &[("0a", JobStatus::Done, "")]);
        rig.states = Some(LinePage { lines: vec![facts], device: None });
        while rig.engine.lines[0].barred.is_none() {
            rig.until_asked(0);
            rig.answer(0, page(&[("0a", JobStatus::Done, "")]));
        }
        let message = rig.send("x");
        let told = told(&rig, message);
        assert!(told.starts_with(&format!("waits for office/1: {expected} (for ")), "{told}");
    }
    let mut rig = Rig::seen(settings(&[device("office", 1)]), &[("0a", JobStatus::Done, "")]);
    rig.engine.control(rig.now, "office/1", Wish::Ussd("*100#".into())).unwrap();
    rig.turn();
    let message = rig.send("x");
    assert_eq!(told(&rig, message), "waits for office/1: the network is being asked with a USSD code");
}

#[test]
fn what_took_anothers_place_has_its_turn_and_the_other_says_by_what() {
    let mut rig = Rig::one_line();
    rig.submitted("busy");
    let collapsing = |text: &str| NewMessage { collapse: Some("level".into()), ..new_message("12", text) };
    let old = rig.accept(collapsing("low")).unwrap().id;
    let between = rig.send("between");
    let new = rig.accept(collapsing("lower")).unwrap().id;
    assert_eq!(told(&rig, old), format!("cancelled: replaced by message {new}"));
    let ahead = [new, between].map(|id| rig.engine.explain(rig.now, id).unwrap().ahead);
    assert_eq!(ahead, [0, 1]);
}
