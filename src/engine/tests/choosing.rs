//! Which line a message gets.

use super::*;
use crate::message::ClientId;

const CLIENT: Origin = Origin::Client(ClientId(7));

/// A box with three lines, the first of which has this section and the second that.
fn rig(policy: Policy, first: LineSettings, second: LineSettings) -> Rig {
    let mut settings = settings(&[device("office", 3)]);
    let line = |line| LineId { device: 0, line };
    settings.choosing.policy = policy;
    settings.choosing.lines =
        vec![LineSettings { line: line(2), ..second }, LineSettings { line: line(1), ..first }];
    let mut rig = Rig::new(settings);
    rig.drain(3);
    rig
}

fn usual() -> LineSettings {
    LineSettings::default()
}

fn prefixes(prefixes: &[&str], only_prefix: bool) -> LineSettings {
    LineSettings { prefixes: prefixes.iter().map(|&p| p.into()).collect(), only_prefix, ..usual() }
}

/// Sends a message to each number, one after the other; gives the lines.
fn lines(rig: &mut Rig, numbers: &[&str]) -> Vec<u8> {
    let one = |number: &&str| {
        rig.accept(new_message(number, "x")).unwrap();
        let sent = rig.drain(3);
        assert_eq!(sent.len(), 1, "{number}");
        sent[0].1
    };
    numbers.iter().map(one).collect()
}

/// Has the line refuse a message of its own, so that it is held for a while.
fn log_out(rig: &mut Rig, line: u8) {
    let place = usize::from(line) - 1;
    rig.engine.lines[place].hold(LineReason::GsmLogout, rig.now.boot_ms + 3_600_000);
    rig.engine.lines[place].hold.as_mut().unwrap().until_ms = rig.now.boot_ms + 3_600_000;
}

#[test]
fn lines_take_turns_by_their_weights() {
    let mut rig = rig(Policy::RoundRobin, LineSettings { weight: 3, ..usual() }, usual());
    let lines = lines(&mut rig, &["12"; 20]);
    let count = |line| lines.iter().filter(|&&l| l == line).count();
    assert_eq!([1, 2, 3].map(count), [12, 4, 4], "{lines:?}");
}

#[test]
fn not_all_receivers_are_looked_up_in_one_turn() {
    let mut rig = rig(Policy::RoundRobin, usual(), prefixes(&["+33"], true));
    rig.engine.settings.choosing.sticky_h = 1;
    rig.engine.settings.queue_limit = 200;
    // Only the second line can be used, and takes none of them.
    log_out(&mut rig, 1);
    log_out(&mut rig, 3);
    for place in [0, 2] {
        rig.engine.lines[place].phase = Phase::Controlled;
    }
    for number in 100..200 {
        rig.engine.accept(rig.now, new_message(&number.to_string(), "x"), &rig.journal).unwrap();
    }
    let looked_up = |rig: &Rig| {
        rig.engine.index.iter().filter(|e| e.wish != crate::engine::choosing::Wish::UNKNOWN).count()
    };
    let before = looked_up(&rig);
    rig.turn();
    assert!((1..100).contains(&(looked_up(&rig) - before)));
    rig.pass(1);
    rig.pass(1);
    rig.pass(1);
    assert_eq!(looked_up(&rig) - before, 100);
}

#[test]
fn failover_takes_the_first_that_can_be_used_in_the_order_of_the_sections() {
    let mut rig = rig(Policy::Failover, usual(), usual());
    assert_eq!(lines(&mut rig, &["12", "13"]), [2, 2]);
    // It is busy, and waited for.
    let messages = [rig.send("a"), rig.send("b")];
    assert_eq!(rig.drain(3), [(messages[0], 2), (messages[1], 2)]);
    log_out(&mut rig, 2);
    assert_eq!(lines(&mut rig, &["12", "13"]), [1, 1]);
    log_out(&mut rig, 1);
    assert_eq!(lines(&mut rig, &["12"]), [3]);
}

#[test]
fn the_least_used_line_is_the_one_with_the_fewest_segments_of_the_hour() {
    let mut rig = rig(Policy::LeastUsed, usual(), usual());
    let mut long = new_message("12", &"x".repeat(400));
    long.choice = Choice::Line(LineId { device: 0, line: 1 });
    rig.accept(long).unwrap();
    rig.drain(3);
    let lines = lines(&mut rig, &["12"; 7]);
    assert_eq!(lines.iter().filter(|&&line| line == 1).count(), 1, "{lines:?}");
}

#[test]
fn the_longest_prefix_is_preferred_and_others_help_out() {
    let mut rig = rig(Policy::RoundRobin, prefixes(&["+49", "+33"], false), prefixes(&["+4915"], true));
    assert_eq!(lines(&mut rig, &["+49151", "+49171", "+331", "+49152"]), [2, 1, 1, 2]);
    // A line is not kept for its prefixes unless it says so.
    let others = lines(&mut rig, &["110", "110", "110", "110"]);
    assert!(!others.contains(&2), "{others:?}");
    assert!(others.contains(&3));
    log_out(&mut rig, 2);
    assert_eq!(lines(&mut rig, &["+49151", "+49151"]), [1, 1]);
    log_out(&mut rig, 1);
    assert_eq!(lines(&mut rig, &["+49151", "+49151"]), [3, 3]);
}

#[test]
fn a_line_takes_its_clients_and_its_priority_only() {
    let first = LineSettings { clients: vec![CLIENT], ..usual() };
    let mut rig = rig(Policy::Failover, first, LineSettings { priority_only: true, ..usual() });
    let mut sent = |origin, priority, choice| {
        rig.accept(NewMessage { origin, priority, choice, ..new_message("12", "x") }).unwrap();
        rig.drain(3)[0].1
    };
    assert_eq!(sent(Origin::Local, Priority::Normal, Choice::Any), 3);
    assert_eq!(sent(Origin::Local, Priority::High, Choice::Device(0)), 2);
    assert_eq!(sent(CLIENT, Priority::Low, Choice::Any), 1);
    // Whoever names a line means it.
    assert_eq!(sent(Origin::Local, Priority::Low, Choice::Line(LineId { device: 0, line: 2 })), 2);
}

#[test]
fn a_receiver_keeps_its_line_for_some_hours() {
    let mut rig = rig(Policy::RoundRobin, usual(), usual());
    rig.engine.settings.choosing.sticky_h = 2;
    let first = lines(&mut rig, &["12", "13", "14"]);
    assert_eq!(lines(&mut rig, &["14", "13", "12", "12"]), [first[2], first[1], first[0], first[0]]);
    log_out(&mut rig, first[0]);
    let other = lines(&mut rig, &["12"])[0];
    assert_ne!(other, first[0]);
    rig.engine.lines[usize::from(first[0]) - 1].hold = None;
    assert_eq!(lines(&mut rig, &["12"]), [other], "it has moved");
    rig.pass(2 * 3_600_000);
    let later = lines(&mut rig, &["12", "12", "12"]);
    assert_eq!(later[1..], [later[0]; 2]);
}

#[test]
fn what_waits_for_its_line_holds_up_no_other() {
    let mut rig = rig(Policy::RoundRobin, usual(), prefixes(&["+49"], true));
    log_out(&mut rig, 2);
    let waits = rig
        .accept(NewMessage { choice: Choice::Line(LineId { device: 0, line: 2 }), ..new_message("12", "x") });
    let goes = rig.send("y");
    let sent = rig.drain(3);
    assert_eq!(sent.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [goes]);
    rig.is(waits.unwrap().id, State::Queued, None);
}
