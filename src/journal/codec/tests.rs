use super::*;
use crate::journal::Events;
use crate::journal::events::Entry;
use crate::journal::testing::{accepted, life, samples};
use crate::message::Part;

fn fields(record: &Record) -> (u8, Vec<u8>) {
    let mut bytes = Vec::new();
    let kind = encode(record, &mut bytes);
    (kind, bytes)
}

#[test]
fn every_record_comes_back_as_it_was() {
    for record in samples() {
        let (kind, bytes) = fields(&record);
        assert_eq!(decode(kind, &bytes), Ok(Decoded::Record(record)));
    }
}

#[test]
fn a_field_that_a_later_version_added_is_passed_over() {
    for record in samples() {
        let (kind, mut bytes) = fields(&record);
        put_text(&mut bytes, 59, "added");
        put_text(&mut bytes, 250, "added");
        assert_eq!(decode(kind, &bytes), Ok(Decoded::Record(record)));
    }
}

#[test]
fn a_type_that_is_not_known_may_be_passed_over_only_if_it_says_so() {
    assert_eq!(decode(30, &[]), Ok(Decoded::Newer(30)));
    assert_eq!(decode(0, &[]), Ok(Decoded::Newer(0)));
    assert_eq!(decode(127, &[]), Ok(Decoded::Newer(127)));
    assert_eq!(decode(160, &[]), Ok(Decoded::Optional));
    assert_eq!(decode(255, &[1, 1, 1]), Ok(Decoded::Optional));
}

#[test]
fn a_value_that_means_nothing_is_malformed() {
    let with = |record: &Record, tag, value: &[u8]| {
        let (kind, mut bytes) = fields(record);
        put(&mut bytes, tag, value);
        decode(kind, &bytes)
    };
    let [accepted, submitting, moved, _] = &life(1);
    for (record, tag, value) in [
        (accepted, tag::ID, &[][..]),
        (accepted, tag::ID, &[0, 0, 0, 0, 1]),
        (accepted, tag::TO, b"12x"),
        (accepted, tag::TEXT, b"\xFF"),
        (accepted, tag::PRIORITY, &[3]),
        (accepted, tag::ON_UNKNOWN, &[2]),
        (accepted, tag::CHOICE_LINE, &[1]),
        (submitting, tag::BOOT, &[0; 15]),
        (submitting, tag::DEVICE, &[b'a'; 33]),
        (submitting, tag::FENCE_JOB, b"<b>"),
        (moved, tag::STATE, &[10]),
        (moved, tag::PROBLEM, &[0]),
        (moved, tag::PAUSE_S, &[0; 9]),
        (moved, tag::AT.boot_ms, &[0, 0, 0, 0, 0, 4]),
    ] {
        assert_eq!(with(record, tag, value), Err(Malformed), "{record:?} with {tag} {value:?}");
    }
    assert_eq!(decode(kind::SUBMITTING, &[]), Err(Malformed));
    assert_eq!(decode(kind::STARTED, &[]), Err(Malformed));
}

#[test]
fn a_body_is_read_from_whichever_record_holds_it() {
    for record in samples() {
        let (_, bytes) = fields(&record);
        let expected = match &record {
            Record::Accepted(accepted) => Some(accepted),
            Record::Kept(both) => Some(&both.0),
            _ => None,
        };
        let Some(a) = expected else { continue };
        let t = a.terms.as_deref().cloned().unwrap_or_default();
        let same = read_body(&bytes, |body| {
            body == Body {
                to: a.to.as_str(),
                text: &a.text,
                origin: a.origin,
                choice: &a.choice,
                key: a.key.as_deref(),
                tag: a.tag.as_deref(),
                at_s: if t.delay_s > 0 { a.at.unix_s + t.delay_s } else { t.at_s },
                collapse: t.collapse.as_deref(),
                order: t.order,
                collapsed: t.collapsed,
                group: t.group.as_deref(),
            }
        });
        assert_eq!(same, Some(true), "{record:?}");
    }
    assert_eq!(read_body(&[], |_| ()), None);
}

/// The events that these records tell, from number 7 on.
fn told(events: &mut Events, records: &[Record]) -> Vec<Entry> {
    (7..).zip(records).filter_map(|(seq, record)| events.entry(record, seq)).collect()
}

#[test]
fn a_batch_of_events_comes_back_as_it_was_whatever_it_is_about() {
    let mut events = Events::default();
    let entries = told(&mut events, &samples());
    assert!(entries.len() > 10);
    let mut bytes = Vec::new();
    let kind = encode_events(&mut bytes, 99, &entries, &events);
    let webhook = "x".repeat(32);
    let names = ["+4915112345678", "777", "office", "office/64", "office/1", &webhook];
    let names = names.map(|name| Part::parse(name).unwrap());
    assert_eq!(decode(kind, &bytes), Ok(Decoded::Events(Batch { newest: 99, entries, names: names.into() })));

    bytes.clear();
    let kind = encode_events(&mut bytes, 99, &[], &events);
    assert_eq!(bytes.len(), 3);
    let none = Batch { newest: 99, entries: vec![], names: vec![] };
    assert_eq!(decode(kind, &bytes), Ok(Decoded::Events(none)));
}

#[test]
fn a_batch_that_says_something_impossible_is_malformed() {
    let mut events = Events::default();
    let entries = told(&mut events, &life(1));
    for (tag, value) in [
        (tag::EVENTS, &[0; 13][..]),
        (tag::EVENTS, &[1; 12]),
        (tag::NAMES, b"office/x"),
        (tag::NAMES, b"\xFF"),
        (tag::SEQ, &[0; 9]),
    ] {
        let mut bytes = Vec::new();
        let kind = encode_events(&mut bytes, 99, &entries, &events);
        put(&mut bytes, tag, value);
        assert_eq!(decode(kind, &bytes), Err(Malformed), "{tag} {value:?}");
    }
    let mut bytes = Vec::new();
    put(&mut bytes, tag::EVENTS, &[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 200]);
    let later = Batch { newest: 0, entries: vec![], names: vec![] };
    assert_eq!(decode(kind::EVENTS, &bytes), Ok(Decoded::Events(later)), "a kind of a later version");
}

#[test]
fn bytes_in_the_order_of_the_format_on_every_machine() {
    let record = Record::Accepted(Accepted { key: None, ..accepted(0x0102_0304, "Hi") });
    let expected = [
        &[1, 4, 4, 3, 2, 1][..],
        &[2, 4, 0xF0, 0x92, 0x02, 0x6B],
        &[3, 0],
        &[4, 4, 0x7B, 0x5C, 0x26, 0x05],
        &[7, 14],
        b"+4915112345678",
        &[8, 2, b'H', b'i'],
        &[11, 3, 0x80, 0x51, 0x01],
    ]
    .concat();
    assert_eq!(fields(&record), (kind::ACCEPTED, expected));
}
