//! What is on the disk after a crash, as `docs/journal.md` has it.

use goipd::journal::{Record, RecoverError, Recovered, Slices, recover};

use super::check_sentence;

const MAGIC: &[u8] = b"goipdlog";
const HEAD_BYTES: usize = 48;
const FRAME_BYTES: usize = 16;
const MARK: u8 = 0xfe;

/// The journal: recovered without a surprise from any bytes. They are cut into segments where
/// one begins, and read as they are and with right sums: no fuzzer finds those by itself.
pub fn journal(bytes: &[u8]) {
    let heads = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(MAGIC));
    let ends = heads.clone().skip(1).chain([bytes.len()]);
    let mut segments: Vec<_> =
        heads.zip(ends).zip(1..).map(|((start, end), number)| (number, bytes[start..end].to_vec())).collect();
    check(&segments);
    let tail = segments.iter_mut().map(|(number, bytes)| repair(*number, bytes)).last();
    let Some((records, recovered)) = check(&segments) else { return };

    // A crash cuts the last record, and only that.
    let (Some(tail), Some((_, newest))) = (tail, segments.last_mut()) else { return };
    let lone = newest.get(tail + 1..).is_some_and(|rest| !rest.contains(&MARK));
    if recovered.faults.is_empty() && tail >= HEAD_BYTES && lone {
        newest.pop();
        let Some((whole, recovered)) = check(&segments) else { panic!("refused when its tail is torn") };
        assert_eq!(recovered.faults, [], "a torn tail is no damage");
        assert_eq!(whole, records[..whole.len()]);
        assert!(records.len() - whole.len() <= 1);
    }
}

/// Recovers the segments and asserts what holds of any; `None` if a later version wrote them.
fn check(segments: &[(u32, Vec<u8>)]) -> Option<(Vec<Record>, Recovered)> {
    let slices: Vec<_> = segments.iter().map(|(number, bytes)| (*number, bytes.as_slice())).collect();
    let mut records = Vec::new();
    let recovered = match recover(&Slices(&slices), |record| records.push(record)) {
        Ok(recovered) => recovered,
        Err(RecoverError::Newer(number)) => {
            assert!((1..=segments.len()).contains(&(number as usize)));
            return None;
        }
        Err(other) => unreachable!("{other:?} without a disk"),
    };
    assert_eq!(recovered.records, records.len() as u64);
    assert!(recovered.index.len() <= records.len());
    assert!(recovered.segments.len() + recovered.litter.len() <= segments.len());
    for segment in &recovered.segments {
        let Some((_, bytes)) = slices.get(segment.number as usize - 1) else { panic!("{segment:?}") };
        assert!(segment.bytes as usize <= bytes.len(), "{segment:?}");
    }
    assert!(!recovered.open || recovered.segments.back().is_some_and(|s| !s.damaged));
    assert_eq!(recovered.faults.is_empty(), recovered.faulty == 0);
    recovered.faults.iter().for_each(|fault| check_sentence(&fault.to_string()));
    Some((records, recovered))
}

/// Gives the segment its number, and its head and its records their sums and sequence numbers.
/// Gives the place where the last record begins, or the head.
fn repair(number: u32, bytes: &mut [u8]) -> usize {
    let Some(head) = bytes.get_mut(..HEAD_BYTES) else { return 0 };
    head[12..16].copy_from_slice(&number.to_le_bytes());
    let sum = crc32(head[..44].iter());
    head[44..].copy_from_slice(&sum.to_le_bytes());
    let mut sequence = u64::from_le_bytes(std::array::from_fn(|i| head[24 + i]));
    let (mut last, mut at) = (0, HEAD_BYTES);
    while let Some([MARK, _, low, high]) = bytes.get(at..at + 4) {
        let end = at + FRAME_BYTES + usize::from(u16::from_le_bytes([*low, *high]));
        let Some(frame) = bytes.get_mut(at..end) else { break };
        sequence = sequence.wrapping_add(1);
        frame[8..16].copy_from_slice(&sequence.to_le_bytes());
        let sum = crc32(number.to_le_bytes().iter().chain(&frame[..4]).chain(&frame[8..]));
        frame[4..8].copy_from_slice(&sum.to_le_bytes());
        (last, at) = (at, end);
    }
    last
}

/// CRC-32 (IEEE 802.3), bit by bit.
fn crc32<'a>(bytes: impl Iterator<Item = &'a u8>) -> u32 {
    !bytes.fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    })
}
