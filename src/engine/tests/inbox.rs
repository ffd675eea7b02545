//! Received messages: when the inbox is read, what is kept of it, and what a restart makes of it.

use super::*;
use crate::goip::{InboxEntry, InboxLine};
use crate::journal::{Bodies, EventKind, Subject};
use crate::message::LineName;

const INTERVAL_MS: u64 = 15_000;

fn reading() -> DeviceSettings {
    let inbox = InboxSettings { interval_s: 15, ..InboxSettings::default() };
    DeviceSettings { inbox, ..device("office", 1) }
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
