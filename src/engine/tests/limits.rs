//! How much may go out.

use super::*;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

fn limited(lines: u8, per_hour: u32, reserve: u8) -> Settings {
    let mut settings = settings(&[device("office", lines)]);
    let limits = Limits { segments: [per_hour, 0, 0], month_start: 1, reserve };
    let line = LineId { device: 0, line: 1 };
    settings.choosing.lines = vec![LineSettings { line, limits, ..LineSettings::default() }];
    settings.queue_limit = 100;
    settings
}

fn rig(settings: Settings, lines: usize) -> Rig {
    let mut rig = Rig::new(settings);
    rig.drain(lines);
    rig
}

fn near(rig: &Rig) -> Vec<String> {
    let told = |record: &Record| match record {
        Record::Condition(c) if c.kind == EventKind::LimitNear => Some(c.part.to_string()),
        _ => None,
    };
    rig.records.iter().filter_map(told).collect()
}

#[test]
fn a_line_sends_what_it_may_in_an_hour_and_goes_on_by_itself() {
    let mut rig = rig(limited(1, 5, 0), 1);
    let messages: Vec<_> = (0..7).map(|n| rig.send(&format!("{n}"))).collect();
    let sent = rig.drain(1);
    assert_eq!(sent.len(), 5);
    let line = rig.engine.lines(rig.now).next().unwrap();
    assert_eq!((line.up, line.reason.as_deref()), (true, Some("5 of 5 segments used this hour")));
    let wait_ms = rig.engine.next_wake().unwrap() - rig.now.boot_ms;
    assert!(wait_ms <= 65 * MINUTE_MS);
    for _ in 0..58 {
        assert_eq!(rig.drain(1), []);
    }
    let mut later = Vec::new();
    for _ in 0..8 {
        later.extend(rig.drain(1));
    }
    assert_eq!(later, [(messages[5], 1), (messages[6], 1)]);
    assert_eq!(near(&rig), ["office/1"]);
}

#[test]
fn what_is_left_for_alarms_is_told_apart_and_a_limit_is_near_before_the_others_stand() {
    let mut rig = rig(limited(1, 10, 50), 1);
    for text in ["a", "b", "c"] {
        rig.send(text);
    }
    rig.drain(1);
    let reason = |rig: &Rig| rig.engine.lines(rig.now).next().unwrap().reason;
    assert_eq!((near(&rig).len(), reason(&rig)), (0, None));
    for text in ["d", "e"] {
        rig.send(text);
    }
    assert_eq!(rig.drain(1).len(), 2);
    assert_eq!(near(&rig), ["office/1"]);
    let told = "5 of 5 segments used this hour; the rest is for messages of high priority";
    assert_eq!(reason(&rig).as_deref(), Some(told));
}

#[test]
fn a_message_that_no_limit_ever_lets_go_keeps_no_other_back() {
    for of_all in [false, true] {
        let mut settings = limited(1, 3, 50);
        if of_all {
            settings.choosing.total = settings.choosing.lines[0].limits;
            settings.choosing.lines.clear();
        }
        let mut rig = rig(settings, 1);
        // Of three segments an hour one and a half are for others than those of high priority.
        let long = rig.send(&"x".repeat(300));
        let short = rig.send("short");
        assert_eq!(rig.drain(1), [(short, 1)], "{of_all}");
        rig.is(long, State::Queued, None);
    }
}

#[test]
fn a_message_that_waits_for_its_number_becomes_no_younger_by_a_restart() {
    for (boot, off_ms) in [(BootId([7; 16]), 1_000), (BootId([8; 16]), HOUR_MS)] {
        let mut settings = settings(&[device("office", 1)]);
        settings.choosing.per_number_hour = 1;
        let mut rig = rig(settings, 1);
        rig.send("first");
        let second = rig.accept(NewMessage { ttl_s: Some(3_000), ..new_message("+4915112345678", "x") });
        let id = second.unwrap().id;
        assert_eq!(rig.drain(1).len(), 1);
        rig.pass(60_000);
        assert!(rig.engine.index.get(id).unwrap().since_ms > rig.now.boot_ms + 3_000_000);
        let left_ms = rig.engine.index.get(id).unwrap().deadline_ms - rig.now.boot_ms;
        let kept = rig.engine.kept(rig.now, id).unwrap();
        let mut records = rig.records.clone();
        records.retain(|record| matches!(record, Record::Started(_)));
        let accepted = rig.records.iter().find_map(|record| match record {
            Record::Accepted(accepted) if accepted.id == id => Some(accepted.clone()),
            _ => None,
        });
        records.push(Record::Kept(Box::new((accepted.unwrap(), kept))));
        rig.restart_from(records, boot, off_ms, false);
        let entry = rig.engine.index.get(id).unwrap();
        let is_over = entry.state == State::Expired;
        assert_eq!(is_over, off_ms > left_ms, "{:?}", entry.deadline_ms.checked_sub(rig.now.boot_ms));
        assert!(is_over || entry.deadline_ms <= rig.now.boot_ms + left_ms - off_ms + 2_000);
    }
}

#[test]
fn a_long_message_is_not_overtaken_by_short_ones_that_would_fit() {
    let mut rig = rig(limited(1, 5, 0), 1);
    let first = [rig.send(&"x".repeat(400)), rig.send(&"y".repeat(400)), rig.send("short")];
    assert_eq!(rig.drain(1), [(first[0], 1)]);
    let high = NewMessage { priority: Priority::High, ..new_message("12", "z") };
    let high = rig.accept(high).unwrap().id;
    assert_eq!(rig.drain(1), [(high, 1)], "it comes before both");
    let mut later = Vec::new();
    for _ in 0..70 {
        later.extend(rig.drain(1));
    }
    assert_eq!(later, [(first[1], 1), (first[2], 1)]);
}

#[test]
fn what_waits_for_a_limit_holds_up_nothing_that_may_go_elsewhere() {
    let mut rig = rig(limited(2, 1, 0), 2);
    let mut on_first = |text| {
        let choice = Choice::Line(LineId { device: 0, line: 1 });
        rig.accept(NewMessage { choice, ..new_message("12", text) }).unwrap().id
    };
    let (goes, waits) = (on_first("a"), on_first("b"));
    let others = [rig.send("c"), rig.send("d")];
    let mut sent = rig.drain(2);
    sent.sort_unstable();
    assert_eq!(sent, [(goes, 1), (others[0], 2), (others[1], 2)]);
    rig.is(waits, State::Queued, None);
}

#[test]
fn a_share_is_left_for_what_is_urgent() {
    let mut rig = rig(limited(1, 10, 30), 1);
    for n in 0..9 {
        rig.send(&format!("{n}"));
    }
    assert_eq!(rig.drain(1).len(), 7);
    let mut urgent =
        || rig.accept(NewMessage { priority: Priority::High, ..new_message("12", "z") }).unwrap().id;
    let urgent = [urgent(), urgent(), urgent(), urgent()];
    let sent: Vec<_> = rig.drain(1).into_iter().map(|(id, _)| id).collect();
    assert_eq!(sent, urgent[..3]);
}

#[test]
fn the_limit_of_all_lines_is_that_of_all_together() {
    let mut settings = limited(2, 0, 0);
    settings.choosing.total = Limits { segments: [0, 4, 0], month_start: 1, reserve: 0 };
    let mut rig = rig(settings, 2);
    for n in 0..6 {
        rig.send(&format!("{n}"));
    }
    assert_eq!(rig.drain(2).len(), 4);
    assert_eq!(near(&rig), ["office"], "it is told of the device that has sent last");
    rig.pass(23 * HOUR_MS);
    assert_eq!(rig.drain(2), []);
}

#[test]
fn what_was_certainly_not_sent_is_not_counted() {
    let mut rig = Rig::seen(limited(1, 2, 0), &[("0a", JobStatus::Done, "")]);
    let message = rig.submitted("x");
    for _ in 0..10 {
        rig.answer(0, answered(SendAnswer::Busy));
        rig.until_asked(0);
        while rig.asked[0] != Some(Ask::Send(message, 1)) {
            rig.answer(0, page(&[("0a", JobStatus::Done, "")]));
            rig.until_asked(0);
        }
    }
    assert_eq!(rig.engine.usage.used(rig.now.stamp(), None)[0], 1);
}

#[test]
fn a_restart_forgets_no_segment() {
    let mut rig = rig(limited(1, 5, 0), 1);
    for n in 0..3 {
        rig.send(&format!("{n}"));
    }
    assert_eq!(rig.drain(1).len(), 3);
    rig.send("under way");
    while !matches!(rig.asked[0], Some(Ask::Send(..))) {
        rig.until_asked(0);
        if rig.asked[0] == Some(Ask::Status) {
            rig.answer(0, page(&[("b103", JobStatus::Done, "")]));
        }
    }
    for boot in [rig.engine.boot, BootId([9; 16])] {
        rig.restart(boot, 1_000);
        assert_eq!(rig.engine.usage.used(rig.now.stamp(), None)[0], 4);
    }
    for n in 0..3 {
        rig.send(&format!("later {n}"));
    }
    assert_eq!(near(&rig), ["office/1"], "and is told of it once");
}

#[test]
fn a_line_makes_a_pause_after_each_send() {
    let mut settings = limited(1, 0, 0);
    settings.choosing.lines[0].gap_ms = 60_000;
    let mut rig = rig(settings, 1);
    rig.pass(72_000);
    let start = rig.now.boot_ms;
    let mut at = Vec::new();
    for n in 0..5 {
        rig.send(&format!("{n}"));
        while !matches!(rig.asked[0], Some(Ask::Send(..))) {
            if rig.asked[0] == Some(Ask::Status) {
                let job = if n == 0 { "00".into() } else { format!("e{n}") };
                rig.answer(0, page(&[(&job, JobStatus::Done, "")]));
            }
            rig.until_asked(0);
        }
        at.push(rig.now.boot_ms - start);
        rig.answer(0, sending(&format!("e{}", n + 1)));
    }
    let gaps: Vec<_> = at.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(gaps.iter().all(|gap| (48_000..=73_000).contains(gap)), "{gaps:?}");
    assert!(gaps.windows(2).any(|two| two[0] != two[1]), "{gaps:?}");
}

#[test]
fn a_number_gets_so_many_messages_in_an_hour_and_the_others_theirs() {
    let mut settings = settings(&[device("office", 1)]);
    settings.choosing.per_number_hour = 2;
    let mut rig = rig(settings, 1);
    let to = |rig: &mut Rig, number: &str| rig.accept(new_message(number, "x")).unwrap().id;
    let first = [to(&mut rig, "12"), to(&mut rig, "12"), to(&mut rig, "12"), to(&mut rig, "13")];
    let sent: Vec<_> = rig.drain(1).into_iter().map(|(id, _)| id).collect();
    assert_eq!(sent, [first[0], first[1], first[3]]);
    let mut later = Vec::new();
    for minute in 0..62 {
        later.extend(rig.drain(1).into_iter().map(|(id, _)| (id, minute > 57)));
    }
    assert_eq!(later, [(first[2], true)]);
}
