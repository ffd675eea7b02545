//! When a line is left alone.

use super::*;
use JobStatus::Done;

/// Has a message fail on the only line.
fn fail(rig: &mut Rig, n: u32) -> MessageId {
    let message = rig.submitted("x");
    let job = format!("c{}", 100 + n);
    rig.answer(0, sending(&job));
    rig.show(&[(&job, Done, "2172")]);
    rig.is(message, State::Failed, Some(ProblemCode::Rejected));
    message
}

fn send_well(rig: &mut Rig, job: &str) {
    rig.answer(0, sending(job));
    rig.show(&[(job, Done, "")]);
}

fn events(rig: &Rig) -> Vec<EventKind> {
    let kind = |record: &Record| match record {
        Record::Condition(condition) => Some(condition.kind),
        _ => None,
    };
    rig.records.iter().filter_map(kind).collect()
}

#[test]
fn after_five_failed_messages_in_a_row_the_line_rests_ever_longer() {
    let mut rig = Rig::one_line();
    for n in 0..5 {
        fail(&mut rig, n);
    }
    let line = rig.engine.lines(rig.now).next().unwrap();
    assert!(!line.up);
    assert_eq!(line.state, LineState::Held);
    assert_eq!(
        line.reason.as_deref(),
        Some("5 messages in a row failed, the last with '2172'; the next is tried in 300 s")
    );
    assert_eq!(events(&rig), [EventKind::LineDown]);
    let mut rests = Vec::new();
    for n in 5..11 {
        let start_ms = rig.now.boot_ms;
        let message = rig.send("probe");
        while rig.asked[0] != Some(Ask::Send(message, 1)) {
            let shown = rig.engine.lines[0].seen.unwrap().job;
            match rig.asked[0] {
                Some(Ask::Status) => rig.answer(0, page(&[(shown.as_str(), Done, "")])),
                _ => drop(rig.until_asked(0)),
            }
        }
        rests.push((rig.now.boot_ms - start_ms) / 60_000);
        let job = format!("c{}", 100 + n);
        rig.answer(0, sending(&job));
        rig.show(&[(&job, Done, "2172")]);
        rig.is(message, State::Failed, Some(ProblemCode::Rejected));
    }
    assert_eq!(rests, [5, 10, 20, 40, 60, 60]);
    assert_eq!(events(&rig), [EventKind::LineDown], "it was told once");
    // One that is sent ends it.
    rig.pass(3_600_000);
    rig.answer(0, page(&[("c110", Done, "")]));
    rig.submitted("well");
    send_well(&mut rig, "d1");
    assert!(rig.engine.lines(rig.now).next().unwrap().up);
    assert_eq!(events(&rig), [EventKind::LineDown, EventKind::LineUp]);
    assert_eq!(rig.engine.lines[0].breaker.count(), 0);
}

#[test]
fn a_message_that_was_sent_between_breaks_the_row() {
    let mut rig = Rig::one_line();
    for n in 0..4 {
        fail(&mut rig, n);
    }
    rig.submitted("well");
    send_well(&mut rig, "d1");
    for n in 4..8 {
        fail(&mut rig, n);
    }
    assert!(rig.engine.lines(rig.now).next().unwrap().up);
}

#[test]
fn one_message_that_fails_again_and_again_is_one() {
    let mut breaker = crate::engine::breaker::Breaker::default();
    let problem = Problem::with_words(ProblemCode::Temporary, "38");
    for _ in 0..10 {
        assert!(!breaker.failed(0, 7, problem));
    }
    assert_eq!((breaker.count(), breaker.rest_until_ms(1)), (1, None));
    for message in 1..4 {
        assert!(!breaker.failed(0, message, problem));
    }
    assert!(breaker.failed(0, 4, problem));
    assert_eq!(breaker.rest_until_ms(1), Some(300_000));
    assert_eq!((breaker.rest_until_ms(300_000), breaker.is_tripped()), (None, true));
    // The one that is tried then may be one of them.
    assert!(breaker.failed(300_000, 7, problem));
    assert_eq!(breaker.rest_until_ms(300_001), Some(900_000));
}

#[test]
fn others_take_the_place_of_a_line_that_rests() {
    let mut settings = settings(&[device("office", 2)]);
    settings.choosing.policy = Policy::Failover;
    let mut rig = Rig::new(settings);
    rig.drain(2);
    let problem = Problem::with_words(ProblemCode::Rejected, "2172");
    for message in 100..105 {
        rig.engine.lines[0].breaker.failed(rig.now.boot_ms, message, problem);
    }
    let message = rig.send("x");
    assert_eq!(rig.drain(2), [(message, 2)]);
    rig.pass(300_000);
    let message = rig.send("y");
    assert_eq!(rig.drain(2), [(message, 1)], "it is tried again");
}
