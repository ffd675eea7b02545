use super::*;
use crate::journal::Started;
use crate::journal::testing::{AT, BOOT, life, samples};

const HEAD: Head = Head {
    number: 7,
    journal: 0x0123_4567_89AB_CDEF,
    sequence: 41,
    last_id: 16,
    previous: 5,
    previous_bytes: 65_500,
};

/// A segment with the records of a message's life, and where each begins; its end last.
fn segment() -> (Vec<u8>, Vec<usize>) {
    let mut records = Vec::new();
    let mut starts = vec![HEAD_BYTES];
    for record in life(17) {
        push(&mut records, &record);
        starts.push(HEAD_BYTES + records.len());
    }
    assert_eq!(stamp(&mut records, HEAD.number, HEAD.sequence), 45);
    ([&HEAD.encode()[..], &records].concat(), starts)
}

fn frames(bytes: &[u8]) -> Vec<Found<'_>> {
    Frames::new(HEAD.number, bytes, HEAD_BYTES).collect()
}

#[test]
fn a_head_comes_back_and_any_changed_byte_makes_it_bad() {
    let bytes = HEAD.encode();
    assert_eq!(Head::decode(7, &bytes), Opening::Head(HEAD));
    assert_eq!(Head::decode(8, &bytes), Opening::Bad);
    for at in 0..HEAD_BYTES {
        let mut bytes = bytes;
        bytes[at] ^= 0x20;
        assert_eq!(Head::decode(7, &bytes), Opening::Bad, "byte {at}");
        assert_eq!(Head::decode(7, &bytes[..at]), Opening::Bad, "{at} bytes");
    }
}

#[test]
fn a_head_of_a_later_format_is_known_as_such_whatever_its_length() {
    let mut bytes = HEAD.encode().to_vec();
    bytes[8] = 2;
    bytes[10] = 60;
    bytes.resize(56, 0x55);
    let crc = crc32(&[&bytes]);
    bytes.extend_from_slice(&crc.to_le_bytes());
    assert_eq!(Head::decode(7, &bytes), Opening::Newer(2));
}

#[test]
fn records_come_back_numbered() {
    let mut bytes = Vec::new();
    for record in samples() {
        push(&mut bytes, &record);
    }
    stamp(&mut bytes, 7, 99);
    let mut sequence = 99;
    let records = Frames::new(7, &bytes, 0).map(|found| match found {
        Found::Record(frame) => {
            sequence += 1;
            assert_eq!(frame.sequence, sequence);
            codec::decode(frame.kind, frame.fields).unwrap()
        }
        bad => panic!("{bad:?}"),
    });
    assert!(records.eq(samples().into_iter().map(codec::Decoded::Record)));
}

#[test]
fn a_torn_tail_is_followed_by_nothing_wherever_it_is_torn() {
    let (bytes, starts) = segment();
    for len in HEAD_BYTES..bytes.len() {
        let whole = starts.iter().filter(|&&s| s <= len).count() - 1;
        let found = frames(&bytes[..len]);
        let records = found.iter().filter(|f| matches!(f, Found::Record(_))).count();
        assert_eq!(records, whole, "{len} bytes");
        match found.last() {
            Some(&Found::Bad { at, followed: false }) => assert_eq!(at, starts[whole]),
            _ => assert!(starts.contains(&len), "{len} bytes"),
        }
    }
}

#[test]
fn damage_at_any_byte_costs_its_record_and_is_seen_to_be_followed() {
    let (bytes, starts) = segment();
    let last = starts[starts.len() - 2];
    for at in HEAD_BYTES..last {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x40;
        let found = frames(&bytes);
        let start = *starts.iter().rfind(|&&s| s <= at).unwrap();
        assert!(found.contains(&Found::Bad { at: start, followed: true }), "byte {at}");
        assert_eq!(found.iter().filter(|f| matches!(f, Found::Record(_))).count(), 3, "byte {at}");
    }
}

#[test]
fn a_record_means_nothing_in_another_segment() {
    let (bytes, _) = segment();
    assert_eq!(
        Frames::new(8, &bytes, HEAD_BYTES).next(),
        Some(Found::Bad { at: HEAD_BYTES, followed: false })
    );
}

#[test]
fn bytes_full_of_beginnings_are_given_up_in_time() {
    // Every fourth byte begins a record of 16 KiB whose sum is wrong.
    let bytes = [MARK, 1, 0, 0x40].repeat(16 * 1024);
    let mut frames = Frames::new(7, &bytes, 0);
    assert_eq!(frames.next(), Some(Found::Bad { at: 0, followed: true }));
    assert!(frames.searched <= bytes.len() * SEARCH_FACTOR + MAX_FIELDS_BYTES + FRAME_BYTES);
    assert_eq!(frames.next(), None);
}

/// 16 bytes a line: where, hexadecimal, what is printable.
fn dump(bytes: &[u8]) -> String {
    let line = |(place, line): (usize, &[u8])| {
        let hex: String = line.iter().map(|b| format!(" {b:02x}")).collect();
        let shown = |&b: &u8| if b.is_ascii_graphic() || b == b' ' { char::from(b) } else { '.' };
        let text: String = line.iter().map(shown).collect();
        format!("{:04x} {hex:48}  {text}\n", place * 16)
    };
    bytes.chunks(16).enumerate().map(line).collect()
}

#[test]
fn the_example_in_the_document_is_what_is_written() {
    let mut records = Vec::new();
    push(&mut records, &Record::Started(Started { boot: BOOT, at: AT }));
    for (seq, record) in (1..).zip(life(1)) {
        push_event(&mut records, &record, seq);
    }
    stamp(&mut records, 1, 0);
    let journal = 0x0123_4567_89AB_CDEF;
    let head = Head { number: 1, journal, sequence: 0, last_id: 0, previous: 0, previous_bytes: 0 };
    let dump = dump(&[&head.encode()[..], &records].concat());
    let document = include_str!("../../../docs/journal.md");
    assert!(document.contains(&format!("```\n{dump}```\n")), "the example should be:\n{dump}");
}
