//! Why a message waits, and when it will go.

use super::*;

const MINUTE_MS: u64 = 60_000;

fn told(rig: &Rig, message: MessageId) -> String {
    let waiting = rig.engine.explain(rig.now, message).unwrap();
    rig.engine.told(rig.now, &waiting, 3_600)
}

fn with_line(own: LineSettings) -> Settings {
    let mut settings = settings(&[device("office", 2)]);
    settings.choosing.lines = vec![LineSettings { line: LineId { device: 0, line: 1 }, ..own }];
    settings
}

fn on_first(rig: &mut Rig, text: &str) -> MessageId {
    let choice = Choice::Line(LineId { device: 0, line: 1 });
    rig.accept(NewMessage { choice, ..new_message("12", text) }).unwrap().id
}

fn guess(rig: &Rig, text: &str, choice: Choice) -> Waiting {
    let to = Number::parse("12").unwrap();
    let shape = check_text(text, 10).unwrap();
    let thought = rig.engine.thought(rig.now, &to, shape, choice, Priority::Normal, Origin::Local);
    rig.engine.estimate(rig.now, &thought)
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
fn a_limit_is_told_with_the_time_at_which_there_is_room() {
    let limits = Limits { segments: [2, 0, 0], month_start: 1, reserve: 0 };
    let mut rig = Rig::new(with_line(LineSettings { limits, ..LineSettings::default() }));
    rig.drain(2);
    let messages: Vec<_> = (0..4).map(|n| on_first(&mut rig, &format!("{n}"))).collect();
    rig.drain(2);
    let waiting = rig.engine.explain(rig.now, messages[2]).unwrap();
    assert_eq!(waiting.why, Why::Line(Full { window: crate::journal::Window::Hour, used: 2, limit: 2 }));
    let after_ms = waiting.after_ms.unwrap();
    let told = rig.engine.told(rig.now, &waiting, 3_600);
    let at_s = rig.now.unix_s + 3_600 + after_ms.div_ceil(1000) as u32;
    let clock = format!("{:02}:{:02}", at_s % 86_400 / 3_600, at_s / 60 % 60);
    assert_eq!(told, format!("waits for office/1: 2 of 2 segments used this hour; next at {clock}"));
    assert!(
        rig.engine
            .told(rig.now, &rig.engine.explain(rig.now, messages[3]).unwrap(), 0)
            .contains("; 1 message before it")
    );
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
