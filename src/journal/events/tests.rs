use super::super::testing::{life, moved};
use super::*;
use crate::journal::{Condition, OptIn, OptOut, OptedOut};
use crate::message::Number;

fn entry(seq: Seq) -> Entry {
    let kind = EventKind::Message(State::Sent);
    Entry { seq, unix_s: seq, subject: 1, segment: 1, kind }
}

fn seqs(events: &Events, after: Seq) -> Vec<Seq> {
    events.after(after).map(|e| e.seq).collect()
}

#[test]
fn every_kind_has_a_code_and_a_name_of_its_own() {
    let mut names = Vec::new();
    for kind in EventKind::all() {
        assert_eq!(EventKind::from_code(kind.code()), Some(kind));
        assert_eq!(EventKind::from_name(kind.as_str()), Some(kind));
        assert!(!names.contains(&kind.as_str()));
        names.push(kind.as_str());
    }
    assert_eq!(EventKind::from_code(10), None);
}

#[test]
fn each_record_of_a_life_tells_a_change() {
    let mut events = Events::default();
    for (seq, record) in (1..).zip(life(7)) {
        let entry = events.entry(&record, seq).unwrap();
        events.put(entry);
    }
    let subjects: Vec<_> = events.after(0).map(|e| e.subject).collect();
    let states = [State::Queued, State::Submitting, State::Sending, State::Sent];
    assert_eq!(subjects, states.map(|state| Subject::Message(7, state)));
    assert_eq!(events.entry(&Record::Forgotten(7), 5), None);
}

#[test]
fn a_line_is_named_whatever_the_configuration() {
    let mut events = Events::default();
    for (seq, (name, up)) in (1..).zip([("a/1", false), ("a", false), ("a", true), ("a/1", true)]) {
        let part = Part::parse(name).unwrap();
        let kind = EventKind::of(&part, up);
        let record = Record::Condition(Condition { at: Stamp::default(), part, kind });
        let entry = events.entry(&record, seq).unwrap();
        events.put(entry);
    }
    let shown = |e: Event<'_>| match e.subject {
        Subject::Part(part) => format!("{} {part}", e.kind.as_str()),
        _ => panic!("{}", e.kind.as_str()),
    };
    let shown: Vec<String> = events.after(0).map(shown).collect();
    assert_eq!(shown, ["line_down a/1", "device_down a", "device_up a", "line_up a/1"]);
    assert_eq!(events.names.len(), 2);
}

fn opt_out(number: u32) -> Record {
    let number = PackedNumber::from(&Number::parse(&number.to_string()).unwrap());
    Record::OptOut(OptOut { at: Some(Stamp::default()), numbers: vec![OptedOut { number, since_s: 1 }] })
}

#[test]
fn a_number_that_opts_out_or_in_is_named_and_a_list_of_them_is_not() {
    let mut events = Events::default();
    let number = PackedNumber::from(&Number::parse("+49151").unwrap());
    let one = Record::OptIn(OptIn { at: Some(Stamp::default()), number });
    for (seq, record) in (1..).zip([opt_out(777), one]) {
        let entry = events.entry(&record, seq).unwrap();
        events.put(entry);
    }
    let told: Vec<_> = events.after(0).map(|e| (e.kind, e.subject)).collect();
    let (out, back) = (Subject::Number("777"), Subject::Number("+49151"));
    assert_eq!(told, [(EventKind::OptOut, out), (EventKind::OptIn, back)]);
    let listed = OptedOut { number, since_s: 1 };
    for (at, numbers) in [(None, vec![listed]), (Some(Stamp::default()), vec![listed, listed])] {
        assert_eq!(events.entry(&Record::OptOut(OptOut { at, numbers }), 3), None);
    }
}

#[test]
fn more_names_than_there_is_room_for_take_the_place_of_those_in_the_oldest_events() {
    let mut events = Events::default();
    let names = MAX_NAMES as u32;
    for seq in 1..=names + 5 {
        let entry = events.entry(&opt_out(1_000 + seq), seq).unwrap();
        events.put(entry);
    }
    assert_eq!((events.before_oldest(), events.len()), (5, MAX_NAMES));
    // One that was dropped does not come back under another's name.
    events.put(Entry { subject: 0, kind: EventKind::OptOut, ..entry(1) });
    for event in events.after(0) {
        assert_eq!(event.subject, Subject::Number(&(1_000 + event.seq).to_string()));
    }
    let again = events.entry(&opt_out(1_000 + 6), names + 6).unwrap();
    events.put(again);
    assert_eq!(events.before_oldest(), 5, "a name that is there takes no room");
}

#[test]
fn they_are_found_by_number_whatever_gaps_there_are() {
    let mut events = Events::default();
    for seq in [5, 6, 10, 8] {
        events.put(entry(seq));
    }
    assert_eq!(seqs(&events, 0), [5, 6, 8, 10]);
    assert_eq!(seqs(&events, 6), [8, 10]);
    assert_eq!(seqs(&events, 7), [8, 10]);
    assert_eq!(seqs(&events, 10), []);
    assert_eq!((events.before_oldest(), events.newest()), (4, 10));
}

#[test]
fn the_oldest_go_first_and_do_not_come_back() {
    let mut events = Events::default();
    events.limit(3, u64::MAX);
    (1..=5).for_each(|seq| events.put(entry(seq)));
    events.put(entry(2));
    events.put(Entry { segment: 9, ..entry(3) });
    assert_eq!(seqs(&events, 0), [3, 4, 5]);
    assert!(events.in_segment(9).map(|e| e.seq).eq([3]));
    events.limit(3, 2 * EVENT_BYTES);
    assert_eq!((seqs(&events, 0), events.bytes()), (vec![4, 5], 2 * EVENT_BYTES));
}

#[test]
fn whoever_is_too_far_behind_or_ahead_begins_anew() {
    let mut events = Events::default();
    assert_eq!(events.begin(Some(0)), (0, false));
    assert_eq!(events.begin(None), (0, false));
    events.limit(3, u64::MAX);
    (1..=5).for_each(|seq| events.put(entry(seq)));
    for (after, expected) in [
        (None, (2, false)),
        (Some(0), (2, true)),
        (Some(1), (2, true)),
        (Some(2), (2, false)),
        (Some(5), (5, false)),
        (Some(6), (2, true)),
    ] {
        assert_eq!(events.begin(after), expected, "{after:?}");
    }
}

#[test]
fn numbers_that_were_given_out_are_not_given_again() {
    let mut events = Events::default();
    events.put(entry(2));
    events.skip_to(9);
    assert_eq!((events.newest(), events.begin(Some(7))), (9, (7, false)));
    assert_eq!(events.entry(&Record::Moved(moved(1, State::Sent)), 10).unwrap().segment, 0);
}
