use super::*;
use crate::journal::Started;
use crate::journal::segment::{push, stamp};
use crate::journal::testing::{AT, BOOT, Random, accepted, kept, life, moved};
use crate::message::State;

/// A segment with those records, behind `previous`.
fn segment(number: u32, previous: &[u8], sequence: u64, records: &[Record]) -> Vec<u8> {
    let head = Head {
        number,
        journal: 99,
        sequence,
        last_id: 7,
        previous: if previous.is_empty() { 0 } else { number - 1 },
        previous_bytes: previous.len() as u32,
    };
    let mut bytes = Vec::new();
    for record in records {
        push(&mut bytes, record);
    }
    stamp(&mut bytes, number, sequence);
    [&head.encode()[..], &bytes].concat()
}

fn three() -> [Vec<u8>; 3] {
    let one = segment(1, &[], 0, &life(1));
    let two = segment(2, &one, 4, &life(2));
    let three = segment(3, &two, 8, &life(3));
    [one, two, three]
}

fn read(segments: &[(u32, &[u8])]) -> (Vec<Record>, Recovered) {
    let mut records = Vec::new();
    let recovered = recover(&Slices(segments), |record| records.push(record)).unwrap();
    (records, recovered)
}

fn ids(records: &[Record]) -> Vec<MessageId> {
    records.iter().filter_map(|r| if let Record::Accepted(a) = r { Some(a.id) } else { None }).collect()
}

#[test]
fn records_come_back_in_the_order_of_writing() {
    let [one, two, three] = three();
    let (records, recovered) = read(&[(2, &two), (3, &three), (1, &one)]);
    assert_eq!(records, [life(1), life(2), life(3)].concat());
    assert_eq!(recovered.faults, []);
    assert!(recovered.open);
    assert_eq!((recovered.journal, recovered.sequence, recovered.last_id), (Some(99), 12, 7));
    assert_eq!((recovered.records, recovered.index.len(), recovered.last_number), (12, 3, 3));
}

#[test]
fn nothing_at_all_is_an_empty_journal() {
    let (records, recovered) = read(&[]);
    assert_eq!((records, recovered.journal, recovered.open), (vec![], None, false));
}

#[test]
fn a_tail_torn_at_any_byte_of_the_newest_segment_is_cut_and_no_damage() {
    let [one, two, three] = three();
    for len in 0..three.len() {
        let (records, recovered) = read(&[(1, &one), (2, &two), (3, &three[..len])]);
        assert_eq!(recovered.faults, [], "{len} bytes");
        assert_eq!(records, [life(1), life(2), life(3)].concat()[..records.len()]);
        assert!(records.len() >= 8);
        assert_eq!(recovered.litter, if len < HEAD_BYTES { vec![3] } else { vec![] });
        let end = recovered.segments.back().unwrap().bytes as usize;
        assert_eq!(recovered.open, len < HEAD_BYTES || end == len, "{len} bytes");
    }
    let zeros = [&three[..three.len() - 20], &[0; 500]].concat();
    assert_eq!(read(&[(1, &one), (2, &two), (3, &zeros)]).1.faults, []);
}

#[test]
fn damage_at_any_byte_of_an_older_segment_is_said_and_costs_one_record() {
    let [one, two, three] = three();
    for at in 0..two.len() {
        let mut two = two.clone();
        two[at] ^= 0x10;
        let (records, recovered) = read(&[(1, &one), (2, &two), (3, &three)]);
        assert_eq!(recovered.faults.len(), 1, "byte {at}: {:?}", recovered.faults);
        assert_eq!(recovered.faults[0].segment, 2);
        assert!(recovered.faults[0].at as usize <= at);
        assert_eq!(recovered.faulty, 2);
        assert!(recovered.segments[1].damaged && !recovered.segments[2].damaged);
        assert_eq!(records.len(), if at < HEAD_BYTES { 12 } else { 11 }, "byte {at}");
    }
}

#[test]
fn damage_before_the_last_record_of_the_newest_segment_is_said_too() {
    let [one, two, mut three] = three();
    three[HEAD_BYTES + 20] ^= 1;
    let (records, recovered) = read(&[(1, &one), (2, &two), (3, &three)]);
    assert_eq!(recovered.faults, [Fault { segment: 3, at: 48, what: Damage::Record }]);
    assert_eq!(records.len(), 11);
    assert!(!recovered.open);
}

#[test]
fn an_older_segment_that_is_too_short_or_missing_is_damage() {
    let [one, two, three] = three();
    for len in 0..two.len() {
        let (_, recovered) = read(&[(1, &one), (2, &two[..len]), (3, &three)]);
        assert!(recovered.faults.iter().any(|f| f.segment == 2), "{len} bytes");
        assert_eq!(recovered.faulty, 2);
    }
    let (records, recovered) = read(&[(1, &one), (3, &three)]);
    assert_eq!(ids(&records), [1, 3]);
    assert_eq!(recovered.faults[0], Fault { segment: 1, at: 0, what: Damage::Missing });
    assert_eq!((recovered.faulty, recovered.faults.len()), (1, 1));
}

#[test]
fn what_was_removed_from_the_front_is_not_missed() {
    let [_, two, three] = three();
    let (records, recovered) = read(&[(2, &two), (3, &three)]);
    assert_eq!((ids(&records), recovered.faults), (vec![2, 3], vec![]));
}

#[test]
fn what_lies_behind_the_bytes_that_count_was_written_again() {
    let whole = segment(1, &[], 0, &[&life(1)[..], &life(2)].concat());
    let counts = segment(1, &[], 0, &life(1));
    let two = segment(2, &counts, 4, &[&life(2)[..], &life(3)].concat());
    let garbage = [&whole[..], b"rubbish"].concat();
    for one in [&whole, &garbage] {
        let (records, recovered) = read(&[(1, one), (2, &two)]);
        assert_eq!(records, [life(1), life(2), life(3)].concat());
        assert_eq!(recovered.faults, []);
    }
}

#[test]
fn what_was_written_twice_is_read_once_also_without_the_head_that_says_so() {
    let one = segment(1, &[], 0, &[&life(1)[..], &life(2)].concat());
    let mut two = segment(2, &one, 4, &[&life(2)[..], &life(3)].concat());
    two[0] ^= 1;
    let (records, recovered) = read(&[(1, &one), (2, &two)]);
    assert_eq!(records, [life(1), life(2), life(3)].concat());
    assert_eq!(recovered.faults, [Fault { segment: 2, at: 0, what: Damage::Head }]);
}

#[test]
fn a_segment_that_was_given_up_is_litter() {
    let [one, two, _] = three();
    let mut head = Head { number: 3, journal: 99, sequence: 4, last_id: 1, previous: 1, previous_bytes: 0 };
    head.previous_bytes = one.len() as u32;
    let (records, recovered) = read(&[(1, &one), (2, &two), (3, &head.encode())]);
    assert_eq!((ids(&records), recovered.faults), (vec![1], vec![]));
    assert_eq!((recovered.litter, recovered.segments.len()), (vec![2], 2));
}

#[test]
fn a_copy_counts_again_and_moves_the_body() {
    let copy = Record::Kept(Box::new((accepted(1, "Pump 3 stopped"), kept())));
    let one = segment(1, &[], 0, &life(1));
    let two = segment(2, &one, 4, &[copy.clone(), Record::Forgotten(5)]);
    let (records, recovered) = read(&[(1, &one), (2, &two)]);
    assert_eq!(records[4], copy);
    assert_eq!(recovered.index.get(Subject::Sent(1)).map(|p| (p.segment, p.at)), Some((2, 48)));
}

#[test]
fn a_segment_of_another_journal_is_damage_and_not_read() {
    let [one, two, three] = three();
    let mut head = Head { number: 2, journal: 98, sequence: 4, last_id: 1, previous: 1, previous_bytes: 0 };
    head.previous_bytes = one.len() as u32;
    let foreign = [&head.encode()[..], &two[HEAD_BYTES..]].concat();
    let (records, recovered) = read(&[(1, &one), (2, &foreign), (3, &three)]);
    assert_eq!(ids(&records), [1, 3]);
    assert_eq!(recovered.faults[0], Fault { segment: 2, at: 0, what: Damage::Foreign });
}

#[test]
fn what_a_later_version_wrote_is_refused() {
    let mut bytes = Vec::new();
    push(&mut bytes, &Record::Started(Started { boot: BOOT, at: AT }));
    bytes[1] = 127;
    stamp(&mut bytes, 1, 0);
    let one = [&segment(1, &[], 0, &[])[..], &bytes].concat();
    assert_eq!(recover(&Slices(&[(1, &one)]), |_| ()).unwrap_err(), RecoverError::Newer(1));
}

#[test]
fn a_record_that_says_something_impossible_is_damage() {
    let mut bytes = Vec::new();
    push(&mut bytes, &Record::Forgotten(0));
    push(&mut bytes, &Record::Moved(moved(1, State::Sent)));
    stamp(&mut bytes, 1, 0);
    let one = [&segment(1, &[], 0, &[])[..], &bytes].concat();
    let (records, recovered) = read(&[(1, &one)]);
    assert_eq!(recovered.faults, [Fault { segment: 1, at: 48, what: Damage::Malformed }]);
    assert_eq!(records, [Record::Moved(moved(1, State::Sent))]);
}

#[test]
fn any_bytes_are_read_without_harm() {
    let mut random = Random(1);
    let whole = three();
    for _ in 0..2000 {
        let mut segments = whole.clone();
        for bytes in &mut segments {
            for _ in 0..random.below(4) {
                let at = random.below(bytes.len());
                match random.below(3) {
                    0 => bytes[at] = random.next() as u8,
                    1 => bytes.truncate(at.max(1)),
                    _ => bytes.splice(at..at, [0xFE, 2, 9, 0, 1, 2, 3]).for_each(drop),
                }
            }
        }
        let numbers = [1 + random.below(4) as u32, 2 + random.below(2) as u32, 3];
        let [one, two, three] = &segments;
        let (records, _) = read(&[(numbers[0], one), (numbers[1], two), (numbers[2], three)]);
        let all = [life(1), life(2), life(3)].concat();
        assert!(records.iter().all(|r| all.contains(r)), "nothing is invented");
    }
}
