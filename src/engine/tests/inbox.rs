//! Received messages: when the inbox is read, what is kept of it, and what a restart makes of it.

use super::*;
use crate::goip::{InboxEntry, InboxLine};
use crate::journal::{Bodies, EventKind, Subject};
use crate::message::LineName;

const INTERVAL_MS: u64 = 15_000;

fn reading() -> DeviceSettings {
    let inbox = InboxSettings { interval_s: 15, ..InboxSettings::default() };
    // Nothing else is asked then.
    DeviceSettings { inbox, status_interval_s: 0, ..device("office", 1) }
}

fn rig() -> Rig {
    let mut rig = Rig::new(settings(&[reading()]));
    rig.answer(0, page(&[("0a", JobStatus::Done, "")]));
    rig
}

/// A list of messages, the newest first.
fn list(texts: &[&str]) -> Answer {
    let entry = |(slot, text): (usize, &&str)| InboxEntry {
        slot: slot as u8,
        device_time: "07-03 12:54:04".try_into().unwrap(),
        from: "+491511234567".try_into().unwrap(),
        text: (*text).into(),
    };
    Answer::InboxLine(InboxLine { line: 1, entries: texts.iter().enumerate().map(entry).collect() })
}

impl Rig {
    /// The box's inbox page, for which it was asked.
    fn inbox(&mut self, texts: &[&str]) {
        assert_eq!(self.asked[0], Some(Ask::Inbox));
        self.engine.report(self.now, 0, list(texts));
        self.answer(0, Answer::Inbox(Ok(())));
    }

    /// The texts that may be shown.
    fn received(&self) -> Vec<String> {
        let text = |id| self.journal.received(id, |body| body.text.to_owned()).unwrap();
        self.engine.received(0, LineSet::ALL).map(text).collect()
    }

    /// What was told of them.
    fn told(&self) -> Vec<(EventKind, u32)> {
        let told = |event: crate::journal::Event<'_>| match event.subject {
            Subject::Received(id) => Some((event.kind, id)),
            Subject::Part(_) if event.kind == EventKind::InboxGap => Some((event.kind, 0)),
            _ => None,
        };
        self.journal.events().after(0).filter_map(told).collect()
    }

    /// The daemon dies and starts again with these records; the box shows its status.
    fn restarted(&mut self, records: Vec<Record>, damaged: bool) {
        self.restart_from(records, BootId([7; 16]), 0, damaged);
        self.answer(0, page(&[("0a", JobStatus::Done, "")]));
    }
}

#[test]
fn an_inbox_is_read_at_once_and_then_each_interval() {
    let mut rig = rig();
    rig.inbox(&[]);
    assert_eq!(rig.asked[0], None);
    assert_eq!(rig.engine.next_wake(), Some(rig.now.boot_ms + INTERVAL_MS));
    rig.pass(INTERVAL_MS);
    rig.inbox(&[]);
    assert_eq!(rig.asked[0], None);
}

#[test]
fn what_was_there_before_is_old_and_what_comes_is_told() {
    let mut rig = rig();
    rig.inbox(&["b", "a"]);
    assert_eq!(rig.received(), ["a", "b"]);
    assert_eq!(rig.told(), []);
    rig.pass(INTERVAL_MS);
    rig.inbox(&["c", "b", "a"]);
    assert_eq!((rig.received().len(), rig.told()), (3, vec![(EventKind::Received, 3)]));
    rig.pass(INTERVAL_MS);
    rig.inbox(&["e", "d"]);
    let told = [(EventKind::InboxGap, 0), (EventKind::Received, 4), (EventKind::Received, 5)];
    assert_eq!(rig.told()[1..], told);
}

#[test]
fn the_first_page_is_told_where_that_is_asked_for() {
    let mut device = reading();
    device.inbox.first_events = true;
    let mut rig = Rig::new(settings(&[device]));
    rig.answer(0, page(&[("0a", JobStatus::Done, "")]));
    rig.inbox(&["b", "a"]);
    assert_eq!(rig.told(), [(EventKind::Received, 1), (EventKind::Received, 2)]);
}

#[test]
fn a_message_is_shown_only_once_it_is_durable_and_the_next_page_waits_for_that() {
    let mut rig = rig();
    rig.disk = false;
    rig.inbox(&["a"]);
    assert_eq!(rig.received(), [""; 0]);
    rig.pass(INTERVAL_MS);
    assert_eq!(rig.asked[0], None);
    rig.disk = true;
    rig.engine.durable(rig.journal.durable());
    rig.turn();
    assert_eq!(rig.received(), ["a"]);
    rig.inbox(&["a"]);
}

#[test]
fn a_restart_changes_nothing_wherever_the_records_end() {
    let mut rig = rig();
    for page in [&["b", "a"][..], &["d", "c", "b", "a"], &["f", "e"], &["f", "e"]] {
        rig.inbox(page);
        rig.pass(INTERVAL_MS);
    }
    let told = rig.told().len();
    let all = rig.records.clone();
    for end in 0..=all.len() {
        let mut again = Rig::new(settings(&[reading()]));
        again.restarted(all[..end].to_vec(), false);
        let received = |r: &Record| matches!(r, Record::Received(_));
        let before = all[..end].iter().filter(|r| received(r)).count();
        again.records.clear();
        again.inbox(&["f", "e"]);
        let new = again.records.iter().filter(|r| received(r)).count();
        assert!(before + new <= 6, "{end}: {before} and {new}");
    }
    rig.restarted(all, false);
    rig.inbox(&["f", "e"]);
    assert_eq!(rig.told().len(), told);
}

#[test]
fn sends_go_first_but_not_for_ever() {
    let mut rig = rig();
    rig.inbox(&[]);
    rig.pass(INTERVAL_MS - 1_000);
    rig.send("x");
    rig.answer(0, page(&[("0a", JobStatus::Done, "")]));
    assert_eq!(rig.asked[0], Some(Ask::Send(1, 1)));
    rig.answer(0, sending("0b"));
    let start_ms = rig.now.boot_ms;
    while rig.asked[0] != Some(Ask::Inbox) {
        if rig.asked[0] == Some(Ask::Status) {
            rig.answer(0, page(&[("0b", JobStatus::Started, "")]));
        }
        rig.pass(500);
        assert!(rig.now.boot_ms < start_ms + 40_000, "the inbox starves");
    }
    assert!(rig.now.boot_ms >= start_ms + 30_000, "{}", rig.now.boot_ms - start_ms);
}

#[test]
fn an_inbox_that_cannot_be_read_holds_no_send() {
    let mut rig = rig();
    rig.answer(0, Answer::Inbox(Err(AskError::NotUnderstood(Words::new("HTTP 404")))));
    assert!(rig.engine.lines(rig.now).all(|line| line.up));
    rig.pass(INTERVAL_MS);
    // Whether it hangs tells the status.
    rig.answer(0, Answer::Inbox(Err(AskError::Unreachable(Words::new("timed out")))));
    assert_eq!(rig.asked[0], Some(Ask::Status));
    rig.answer(0, page(&[("0a", JobStatus::Done, "")]));
    assert!(rig.engine.lines(rig.now).all(|line| line.up));
    assert_eq!(rig.asked[0], None);
}

#[test]
fn old_messages_are_forgotten_by_number_age_and_room_and_the_box_is_still_known() {
    let mut rig = rig();
    let texts: Vec<String> = (0..30).map(|n| n.to_string()).collect();
    let shown =
        |end: usize| -> Vec<&str> { texts[..end].iter().rev().take(20).map(String::as_str).collect() };
    for end in [10, 25, 30] {
        rig.inbox(&shown(end));
        rig.pass(INTERVAL_MS);
    }
    assert_eq!(rig.received(), texts[10..]);
    rig.engine.forget_oldest(5);
    rig.turn();
    assert_eq!(rig.received(), texts[15..]);
    rig.pass(604_800_000);
    assert_eq!(rig.received(), [""; 0]);
    rig.restarted(rig.records.clone(), false);
    let told = rig.told().len();
    rig.inbox(&shown(30));
    assert_eq!((rig.received().len(), rig.told().len()), (0, told));
}

#[test]
fn without_room_messages_stay_in_the_box() {
    let mut rig = rig();
    rig.engine.set_room(5_000);
    rig.inbox(&["x".repeat(3000).as_str(), "y".repeat(3000).as_str()]);
    assert_eq!(rig.received(), [""; 0]);
    rig.pass(INTERVAL_MS);
    rig.engine.set_room(10_000);
    rig.inbox(&["x".repeat(3000).as_str(), "y".repeat(3000).as_str()]);
    assert_eq!(rig.received().len(), 2);
    rig.engine.set_room(100);
    rig.pass(INTERVAL_MS);
    assert_eq!(rig.asked[0], None);
}

#[test]
fn after_damage_what_is_alike_is_old_and_ids_leave_room() {
    let mut rig = rig();
    rig.inbox(&["b", "a"]);
    rig.restarted(rig.records.clone(), true);
    rig.inbox(&["c", "b", "a"]);
    assert_eq!(rig.told(), [(EventKind::InboxGap, 0), (EventKind::Received, 10_003)]);
    let window = rig.engine.inbox_window(&LineName { device: "office".try_into().unwrap(), line: 1 });
    assert!(window.unwrap().settled);
}

#[test]
fn stored_messages_are_deleted_one_with_each_page_and_never_the_newest() {
    let mut device = reading();
    device.inbox.delete = true;
    let mut rig = Rig::new(settings(&[device]));
    rig.answer(0, page(&[("0a", JobStatus::Done, "")]));
    let texts: Vec<String> = (0..10).map(|n| n.to_string()).collect();
    let all: Vec<&str> = texts.iter().map(String::as_str).collect();
    rig.inbox(&all);
    assert_eq!(rig.asked[0], Some(Ask::Delete(1, 9)));
    // Whether it was done, only the next page tells.
    rig.answer(0, Answer::Deleted(Err(AskError::Unreachable(Words::new("timed out")))));
    assert_eq!(rig.asked[0], None);
    for (shown, deleted) in [(10, Some(Ask::Delete(1, 9))), (9, Some(Ask::Delete(1, 8))), (8, None)] {
        rig.pass(INTERVAL_MS);
        rig.inbox(&all[..shown]);
        assert_eq!(rig.asked[0], deleted);
        if deleted.is_some() {
            rig.answer(0, Answer::Deleted(Ok(())));
        }
    }
    assert_eq!((rig.received().len(), rig.told()), (10, vec![]));
}

#[test]
fn what_is_not_durable_is_not_deleted_and_an_old_page_deletes_nothing() {
    let mut device = reading();
    device.inbox.delete = true;
    let mut rig = Rig::new(settings(&[device]));
    rig.answer(0, page(&[("0a", JobStatus::Done, "")]));
    rig.disk = false;
    let all = ["j", "i", "h", "g", "f", "e", "d", "c", "b", "a"];
    rig.inbox(&all);
    assert_eq!(rig.asked[0], None);
    rig.pass(6_000);
    rig.disk = true;
    rig.engine.durable(rig.journal.durable());
    rig.turn();
    assert_eq!(rig.asked[0], None);
    rig.pass(INTERVAL_MS);
    rig.inbox(&all);
    assert_eq!(rig.asked[0], Some(Ask::Delete(1, 9)));
}

/// A full part of a long message.
fn part(letter: &str) -> String {
    letter.repeat(153)
}

fn joining() -> Rig {
    let mut device = reading();
    device.inbox.join = true;
    let mut rig = Rig::new(settings(&[device]));
    rig.answer(0, page(&[("0a", JobStatus::Done, "")]));
    rig.inbox(&["x"]);
    rig.pass(INTERVAL_MS);
    rig
}

impl Rig {
    /// Of each received message behind the first: its id, its text's first and last letter, which
    /// it is a part of, and its parts.
    fn parts(&self) -> Vec<(u32, String, u32, Vec<u32>)> {
        let ends = |text: &str| [&text[..1], &text[text.len() - 1..]].concat();
        let one = |id| self.journal.received(id, |b| (id, ends(b.text), b.part_of, b.parts.clone())).unwrap();
        self.engine.received(1, LineSet::ALL).map(one).collect()
    }

    fn told_ids(&self) -> Vec<u32> {
        self.told().into_iter().map(|(_, id)| id).collect()
    }
}

#[test]
fn parts_that_are_there_at_once_are_joined_and_the_whole_is_told() {
    let mut rig = joining();
    let (a, b) = (part("a"), part("b"));
    rig.inbox(&["c", &b, &a, "x"]);
    let own = |id, text: &str| (id, text.to_owned(), 5, vec![]);
    assert_eq!(rig.parts(), [own(2, "aa"), own(3, "bb"), own(4, "cc"), (5, "ac".into(), 0, vec![2, 3, 4])]);
    assert_eq!(rig.told_ids(), [5]);
    assert_eq!(rig.received()[4], [&*a, &*b, "c"].concat());
    assert!(rig.engine.is_joined(5) && !rig.engine.is_joined(4));
    rig.pass(INTERVAL_MS);
    rig.inbox(&["c", &b, &a, "x"]);
    assert_eq!(rig.told_ids(), [5]);
}

#[test]
fn without_the_option_or_on_the_first_page_nothing_is_joined() {
    let mut rig = rig();
    rig.inbox(&["x"]);
    rig.pass(INTERVAL_MS);
    rig.inbox(&["b", &part("a"), "x"]);
    assert_eq!(rig.told_ids(), [2, 3]);
    let mut device = reading();
    device.inbox.join = true;
    let mut rig = Rig::new(settings(&[device]));
    rig.answer(0, page(&[("0a", JobStatus::Done, "")]));
    rig.inbox(&["b", &part("a")]);
    assert_eq!((rig.received().len(), rig.told_ids()), (2, vec![]));
}

#[test]
fn a_full_part_waits_for_the_next_page_and_no_longer_than_its_time() {
    let mut rig = joining();
    let a = part("a");
    rig.inbox(&[&a, "x"]);
    assert_eq!(rig.told_ids(), [0; 0]);
    rig.pass(INTERVAL_MS);
    rig.inbox(&["b", &a, "x"]);
    assert_eq!(rig.told_ids(), [4]);
    rig.pass(INTERVAL_MS);

    rig.inbox(&[&a, "b", &a, "x"]);
    // No other page comes, and the time passes.
    rig.pass(89_000);
    assert_eq!(rig.told_ids(), [4]);
    let wake_ms = rig.engine.next_wake().unwrap();
    assert!(wake_ms <= rig.now.boot_ms + 1_000);
    rig.pass(1_000);
    assert_eq!(rig.told_ids(), [4, 5]);
    assert_eq!(rig.parts()[3], (5, "aa".into(), 0, vec![]));
    rig.inbox(&[&a, "b", &a, "x"]);
    assert_eq!(rig.told_ids(), [4, 5]);
}

#[test]
fn what_waits_is_stored_although_the_box_was_wiped_meanwhile() {
    for page in [&[][..], &["y"], &["y", "x"]] {
        let mut rig = joining();
        rig.inbox(&["c", &part("a"), "x"]);
        assert_eq!(rig.told_ids(), [4]);
        rig.pass(INTERVAL_MS);
        rig.inbox(&[&part("b"), "c", &part("a"), "x"]);
        assert_eq!(rig.received().len(), 4);
        rig.pass(INTERVAL_MS);
        rig.inbox(page);
        assert!(rig.received().contains(&part("b")), "{page:?}");
    }
}

#[test]
fn what_waits_deep_in_the_box_or_is_seldom_looked_at_is_taken_at_once() {
    let mut rig = joining();
    let from = |from: &str, text: &str| InboxEntry {
        slot: 0,
        device_time: "07-03 12:54:04".try_into().unwrap(),
        from: from.try_into().unwrap(),
        text: text.into(),
    };
    let mut entries = vec![from("+491511234567", "x")];
    entries.insert(0, from("+1", &part("a")));
    for n in 0..9 {
        entries.insert(0, from("+2", &n.to_string()));
    }
    let show = |rig: &mut Rig, entries: &[InboxEntry]| {
        assert_eq!(rig.asked[0], Some(Ask::Inbox));
        let page = InboxLine { line: 1, entries: entries.to_vec() };
        rig.engine.report(rig.now, 0, Answer::InboxLine(page));
        rig.answer(0, Answer::Inbox(Ok(())));
    };
    show(&mut rig, &entries);
    assert_eq!(rig.told_ids(), [0; 0]);
    rig.pass(INTERVAL_MS);
    entries.insert(0, from("+2", "9"));
    show(&mut rig, &entries);
    assert_eq!(rig.told_ids().len(), 11);

    let mut device = reading();
    (device.inbox.join, device.inbox.interval_s) = (true, 60);
    let mut rig = Rig::new(settings(&[device]));
    rig.answer(0, page(&[("0a", JobStatus::Done, "")]));
    rig.inbox(&["x"]);
    rig.pass(60_000);
    rig.inbox(&[&part("a"), "x"]);
    assert_eq!(rig.told_ids(), [2]);
}

/// Parts from two senders, one between the others.
fn interleaved() -> Answer {
    let texts = [("+1", "d".to_owned()), ("+2", "c".to_owned()), ("+1", part("b")), ("+2", part("a"))];
    let entry = |(from, text): (&str, String)| InboxEntry {
        slot: 0,
        device_time: "07-03 12:54:04".try_into().unwrap(),
        from: from.try_into().unwrap(),
        text: text.into(),
    };
    let x = InboxEntry { from: "+491511234567".try_into().unwrap(), ..entry(("", "x".to_owned())) };
    Answer::InboxLine(InboxLine { line: 1, entries: texts.into_iter().map(entry).chain([x]).collect() })
}

#[test]
fn senders_between_each_other_are_joined_each_for_itself_wherever_a_crash_comes() {
    let mut rig = joining();
    let before = rig.records.len();
    rig.engine.report(rig.now, 0, interleaved());
    rig.answer(0, Answer::Inbox(Ok(())));
    let part = |id, text: &str, of| (id, text.to_owned(), of, vec![]);
    let whole = [
        part(2, "aa", 5),
        part(3, "bb", 7),
        part(4, "cc", 5),
        (5, "ac".into(), 0, vec![2, 4]),
        part(6, "dd", 7),
        (7, "bd".into(), 0, vec![3, 6]),
    ];
    assert_eq!((rig.parts(), rig.told_ids()), (whole.to_vec(), vec![5, 7]));
    let all = rig.records.clone();
    for end in before..=all.len() {
        let mut device = reading();
        device.inbox.join = true;
        let mut again = Rig::new(settings(&[device]));
        again.restarted(all[..end].to_vec(), false);
        again.engine.report(again.now, 0, interleaved());
        again.answer(0, Answer::Inbox(Ok(())));
        // A part may wait for one that will not come.
        again.pass(90_000);
        let stored = again.parts();
        let mut letters: Vec<String> =
            stored.iter().filter(|m| m.3.is_empty()).map(|m| m.1.clone()).collect();
        letters.sort();
        assert_eq!(letters, ["aa", "bb", "cc", "dd"], "{end}: each is stored once");
        let told = again.told_ids();
        let whole: Vec<u32> = stored.iter().filter(|m| m.2 == 0).map(|m| m.0).collect();
        assert_eq!(told, whole, "{end}: {stored:?}");
        for (id, _, of, _) in &stored {
            let names = |m: &&(u32, String, u32, Vec<u32>)| m.3.contains(id);
            let named: Vec<u32> = stored.iter().filter(names).map(|m| m.0).collect();
            assert_eq!(named, if *of == 0 { vec![] } else { vec![*of] }, "{end}: {stored:?}");
        }
        let records = again.records.clone();
        again.restarted([&all[..end], &records].concat(), false);
        assert_eq!((again.parts(), again.told_ids()), (stored, told), "{end}: as it was");
    }
}
