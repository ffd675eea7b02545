//! What is spent, given back, and forgotten in time.

use super::super::testing::{BOOT, line, moved, submitting};
use super::super::{Started, Submitting};
use super::*;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

fn at(boot_ms: u64) -> Stamp {
    // 2026-11-22T07:00:00Z and on.
    Stamp { unix_s: 1_795_330_800 + (boot_ms / 1000) as u32, trusted: true, boot_ms }
}

fn started() -> Usage {
    let mut usage = Usage::default();
    usage.note(&Record::Started(Started { boot: BOOT, at: at(0) }));
    usage
}

fn submit(usage: &mut Usage, id: MessageId, segments: u8, at: Stamp) {
    usage.note(&Record::Submitting(Submitting { at, segments, ..submitting(id) }));
}

fn end(usage: &mut Usage, id: MessageId, state: State, at: Stamp) {
    usage.note(&Record::Moved(super::super::Moved { at, ..moved(id, state) }));
}

/// Sends one message of so many segments.
fn send(usage: &mut Usage, id: MessageId, segments: u8, at: Stamp) {
    submit(usage, id, segments, at);
    end(usage, id, State::Sent, at);
}

#[test]
fn segments_count_from_the_submission_on_for_the_line_and_for_all() {
    let mut usage = started();
    submit(&mut usage, 1, 3, at(5));
    assert_eq!(usage.used(at(5), Some(&line())), [3; 3]);
    assert_eq!(usage.used(at(5), None), [3; 3]);
    end(&mut usage, 1, State::Sending, at(6));
    end(&mut usage, 1, State::Unknown, at(7));
    let other = LineName { line: 2, ..line() };
    usage.note(&Record::Submitting(Submitting { line: other.clone(), at: at(8), ..submitting(2) }));
    assert_eq!(usage.used(at(8), Some(&line())), [3; 3]);
    assert_eq!((usage.used(at(8), Some(&other)), usage.used(at(8), None)), ([1; 3], [4; 3]));
}

#[test]
fn what_waits_again_is_given_back_and_what_was_unknown_is_not() {
    let mut usage = started();
    submit(&mut usage, 1, 3, at(5));
    end(&mut usage, 1, State::Queued, at(6));
    assert_eq!(usage.used(at(6), None), [0; 3]);
    submit(&mut usage, 1, 3, at(7));
    end(&mut usage, 1, State::Unknown, at(8));
    end(&mut usage, 1, State::Queued, at(8));
    assert_eq!(usage.used(at(8), Some(&line())), [3; 3]);
}

#[test]
fn no_hour_and_no_day_has_more_than_is_said_wherever_it_begins() {
    let mut usage = started();
    let mut sent = Vec::new();
    let mut random = 1u64;
    let mut now_ms = 0;
    for id in 1..4_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        now_ms += (random >> 33) % (30 * MINUTE_MS);
        let segments = 1 + (random >> 60) as u8 % 3;
        send(&mut usage, id, segments, at(now_ms));
        sent.push((now_ms, u32::from(segments)));
        for (window, back_ms, slack_ms) in [(0, HOUR_MS, 5 * MINUTE_MS), (1, 24 * HOUR_MS, HOUR_MS)] {
            let since = |ms: u64| {
                let newer = sent.iter().rev().take_while(|(at_ms, _)| at_ms + ms > now_ms);
                newer.map(|(_, segments)| segments).sum::<u32>()
            };
            let used = usage.used(at(now_ms), Some(&line()))[window];
            assert!(used >= since(back_ms) && used <= since(back_ms + slack_ms), "{used} at {now_ms}");
        }
    }
}

#[test]
fn it_is_known_when_there_is_room_again() {
    let mut usage = started();
    for (id, minute) in [(1, 7), (2, 22), (3, 23)] {
        send(&mut usage, id, 2, at(minute * MINUTE_MS));
    }
    let now = at(30 * MINUTE_MS);
    let until = |usage: &Usage, window, most| usage.until_ms(now, Some(&line()), window, most);
    assert_eq!(until(&usage, Window::Hour, 6), Some(now.boot_ms));
    assert_eq!(until(&usage, Window::Hour, 5), Some(70 * MINUTE_MS));
    assert_eq!(until(&usage, Window::Hour, 3), Some(85 * MINUTE_MS));
    assert_eq!(until(&usage, Window::Day, 3), Some(25 * HOUR_MS));
    // To 1 December, from 07:30 on 22 November.
    assert_eq!(until(&usage, Window::Month, 5), Some(now.boot_ms + (8 * 24 + 16) * HOUR_MS + 30 * MINUTE_MS));
    for (minute, used) in [(70, 4), (85, 0)] {
        assert_eq!(usage.used(at(minute * MINUTE_MS - 1), None)[0], used + if minute == 70 { 2 } else { 4 });
        assert_eq!(usage.used(at(minute * MINUTE_MS), None)[0], used);
    }
    submit(&mut usage, 4, 2, now);
    assert_eq!(until(&usage, Window::Hour, 1), None, "what is on its way may take for ever");
}

#[test]
fn a_boot_forgets_nothing_that_may_be_less_than_an_hour_old() {
    let mut usage = started();
    send(&mut usage, 1, 5, at(50 * MINUTE_MS));
    usage.note(&Record::Started(Started { boot: BootId([9; 16]), at: at(MINUTE_MS) }));
    assert_eq!(usage.used(at(59 * MINUTE_MS), None)[0], 5);
    assert_eq!(usage.used(at(66 * MINUTE_MS), None)[0], 0);
}

#[test]
fn a_month_moves_only_forward_and_by_a_trusted_clock_alone() {
    let mut usage = started();
    send(&mut usage, 1, 5, at(1));
    let month = |usage: &Usage, unix_s: u32, trusted| {
        usage.used(Stamp { unix_s, trusted, boot_ms: 2 }, Some(&line()))[2]
    };
    let (november, december) = (1_795_330_800, 1_796_100_000);
    assert_eq!((month(&usage, november, true), month(&usage, december, true)), (5, 0));
    assert_eq!(month(&usage, december, false), 5, "the clock is not set");
    let later = Stamp { unix_s: december, trusted: false, boot_ms: 10 * MINUTE_MS };
    assert_eq!(usage.used(later, Some(&line()))[2], 0, "it is not set either, but counts by now");
    assert_eq!(month(&usage, 1_700_000_000, true), 5, "it was set back");
    // What was sent by a clock that was not set may have been sent in December.
    send(&mut usage, 2, 3, Stamp { unix_s: 5, trusted: false, boot_ms: 3 });
    assert_eq!((month(&usage, november, true), month(&usage, december, true)), (8, 3));
    send(&mut usage, 3, 1, Stamp { unix_s: december, trusted: true, boot_ms: 4 });
    assert_eq!((month(&usage, december, true), month(&usage, november, true)), (4, 4));
}

#[test]
fn the_records_tell_all_of_it_again() {
    let mut usage = started();
    for (id, hour) in [(1, 1), (2, 5), (3, 29)] {
        send(&mut usage, id, 2, at(hour * HOUR_MS));
    }
    submit(&mut usage, 4, 7, at(29 * HOUR_MS + 1));
    let mut again = started();
    usage.each_record(&mut |record| again.note(&record));
    let now = at(29 * HOUR_MS + 2);
    for name in [None, Some(&line())] {
        assert_eq!(again.used(now, name), usage.used(now, name));
    }
    assert_eq!(again.used(now, None), [9, 11, 13]);
    end(&mut again, 4, State::Queued, now);
    assert_eq!(again.used(now, None), [2, 4, 6]);
    Usage::default().each_record(&mut |record| panic!("{record:?}"));
}

#[test]
fn what_a_segment_begins_with_may_come_again_in_its_records() {
    let mut usage = started();
    submit(&mut usage, 1, 3, at(5));
    let mut again = started();
    usage.each_record(&mut |record| again.note(&record));
    submit(&mut again, 1, 3, at(5));
    end(&mut again, 1, State::Sent, at(6));
    end(&mut again, 1, State::Sent, at(6));
    assert_eq!(again.used(at(6), None), [3; 3]);
}

#[test]
fn no_more_lines_are_remembered_than_there_is_room_for() {
    let mut usage = started();
    for n in 0..=MAX_LINES as u32 {
        let name = LineName { device: format!("box{n}").as_str().try_into().unwrap(), line: 1 };
        let at = at(u64::from(n) * BUCKET_MS);
        usage.note(&Record::Submitting(Submitting { line: name, at, ..submitting(n + 1) }));
        end(&mut usage, n + 1, State::Sent, at);
    }
    assert_eq!(usage.lines.len(), MAX_LINES);
    assert!(!usage.lines.iter().any(|(name, _)| name.device == "box0"));
}

#[test]
fn bytes_that_are_no_counts_are_refused() {
    let used = Used { open: 3, message: 7, newest: 400, ..Used::default() };
    let bytes = used.encode();
    assert_eq!(Used::decode(&bytes), Some(used));
    for len in 0..bytes.len() {
        assert_eq!(Used::decode(&bytes[..len]), None);
    }
    assert_eq!(Used::decode(&[&bytes[..], &[38, 1, 0]].concat()), None, "there is no such bucket");
}
