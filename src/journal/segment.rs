//! A segment's bytes: its head, and the frames of the records behind it. `docs/journal.md` has
//! both byte by byte.

use super::codec;
use super::crc::crc32;
use super::events::Entry;
use super::record::Record;
use super::{Events, Seq};
use crate::message::MessageId;

/// The format written here. What a program of this version would misread gets another.
pub const FORMAT: u16 = 1;

/// Bytes of a head of this format. A later one may be longer.
pub const HEAD_BYTES: usize = 48;

/// Bytes of a record before its fields.
pub const FRAME_BYTES: usize = 16;

/// The fields of one record, at most: more than any request can ask for (a line of 16 KiB, of
/// which the text may have 3000 bytes and key and tag 64 each).
pub const MAX_FIELDS_BYTES: usize = 16 * 1024;

const MAGIC: [u8; 8] = *b"goipdlog";

/// The longest head that is believed, so that a damaged length leads nowhere.
pub const MAX_HEAD_BYTES: usize = 256;

/// Where a record begins. The byte stands in no UTF-8 text, so no message can look like a
/// record, and it is not what erased flash reads as.
const MARK: u8 = 0xFE;

/// After damage, records are looked for until this many times the segment's length was summed
/// up. Only bytes made on purpose come near it.
const SEARCH_FACTOR: usize = 8;

/// What a segment's first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number, as in its name.
    pub number: u32,
    /// The journal it belongs to.
    pub journal: u64,
    /// The sequence number of the last record before it.
    pub sequence: u64,
    /// The newest message's id when it was made.
    pub last_id: MessageId,
    /// The segment before it; 0 for the first of all.
    pub previous: u32,
    /// How many bytes of that one count: what lies behind them was never acknowledged.
    pub previous_bytes: u32,
}

/// What can be made of a segment's first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// A head of this format.
    Head(Head),
    /// A whole head of a later format.
    Newer(u16),
    /// None, or a damaged one.
    Bad,
}

impl Head {
    /// The head's bytes.
    pub fn encode(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[10..12].copy_from_slice(&(HEAD_BYTES as u16).to_le_bytes());
        bytes[12..16].copy_from_slice(&self.number.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.journal.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.last_id.to_le_bytes());
        bytes[36..40].copy_from_slice(&self.previous.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.previous_bytes.to_le_bytes());
        let crc = crc32(&[&bytes[..HEAD_BYTES - 4]]);
        bytes[44..48].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// What the first bytes of segment `number` say.
    pub fn decode(number: u32, bytes: &[u8]) -> Opening {
        let (Some(format), Some(len)) = (u16_at(bytes, 8), u16_at(bytes, 10)) else { return Opening::Bad };
        let len = usize::from(len);
        if !bytes.starts_with(&MAGIC) || !(HEAD_BYTES..=MAX_HEAD_BYTES).contains(&len) {
            return Opening::Bad;
        }
        let Some((summed, crc)) = bytes.get(..len).and_then(|b| b.split_last_chunk::<4>()) else {
            return Opening::Bad;
        };
        if crc32(&[summed]) != u32::from_le_bytes(*crc) {
            return Opening::Bad;
        }
        if format > FORMAT {
            return Opening::Newer(format);
        }
        let u32_at = |at| chunk(bytes, at).map_or(0, u32::from_le_bytes);
        let head = Self {
            number: u32_at(12),
            journal: chunk(bytes, 16).map_or(0, u64::from_le_bytes),
            sequence: chunk(bytes, 24).map_or(0, u64::from_le_bytes),
            last_id: u32_at(32),
            previous: u32_at(36),
            previous_bytes: u32_at(40),
        };
        let sound = len == HEAD_BYTES && head.number == number && head.previous < number;
        if sound { Opening::Head(head) } else { Opening::Bad }
    }
}

/// A record as it lies in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Where it begins.
    pub at: usize,
    /// Where it ends.
    pub end: usize,
    /// Its type.
    pub kind: u8,
    /// Its number in the journal.
    pub sequence: u64,
    /// Its fields.
    pub fields: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The whole and undamaged record at `at` of segment `number`. `summed` grows by the bytes
    /// that had to be looked at.
    fn read(number: u32, bytes: &'a [u8], at: usize, summed: &mut usize) -> Option<Self> {
        let head: [u8; FRAME_BYTES] = chunk(bytes, at)?;
        let len = usize::from(u16_at(&head, 2)?);
        if head[0] != MARK || len > MAX_FIELDS_BYTES {
            return None;
        }
        let fields = bytes.get(at + FRAME_BYTES..at + FRAME_BYTES + len)?;
        *summed += FRAME_BYTES + len;
        let crc = chunk(&head, 4).map(u32::from_le_bytes)?;
        (crc == frame_crc(number, &head, fields)).then_some(Self {
            at,
            end: at + FRAME_BYTES + len,
            kind: head[1],
            sequence: chunk(&head, 8).map(u64::from_le_bytes)?,
            fields,
        })
    }

    /// The record at `at` of bytes that were just made, whose sums are not there yet.
    pub fn pending(bytes: &'a [u8], at: usize) -> Option<Self> {
        let head: [u8; FRAME_BYTES] = chunk(bytes, at)?;
        let end = at + FRAME_BYTES + usize::from(u16_at(&head, 2)?);
        let fields = bytes.get(at + FRAME_BYTES..end)?;
        Some(Self { at, end, kind: head[1], sequence: 0, fields })
    }
}

/// The sum covers the segment's number too: a record's bytes mean nothing in another segment,
/// whatever a file system may show of files that were there before.
fn frame_crc(number: u32, head: &[u8; FRAME_BYTES], fields: &[u8]) -> u32 {
    crc32(&[&number.to_le_bytes(), &head[..4], &head[8..], fields])
}

/// Appends a record, still without sequence number and sum; [`stamp`] adds them when it is known
/// where the record goes. Gives its length.
pub fn push(into: &mut Vec<u8>, record: &Record) -> usize {
    push_with(into, |into| codec::encode(record, into))
}

/// The same for a record that tells the event with that number, or none if it is 0.
pub fn push_event(into: &mut Vec<u8>, record: &Record, seq: Seq) -> usize {
    push_with(into, |into| {
        let kind = codec::encode(record, into);
        if seq != 0 {
            codec::put_seq(into, seq);
        }
        kind
    })
}

/// The same for events that are copied forward; without any it says how far they are numbered.
pub fn push_events(into: &mut Vec<u8>, newest: Seq, entries: &[Entry], events: &Events) -> usize {
    push_with(into, |into| codec::encode_events(into, newest, entries, events))
}

/// The same for whatever `encode` appends as fields; it gives the type.
fn push_with(into: &mut Vec<u8>, encode: impl FnOnce(&mut Vec<u8>) -> u8) -> usize {
    let start = into.len();
    into.extend_from_slice(&[0; FRAME_BYTES]);
    let kind = encode(into);
    let len = into.len() - start - FRAME_BYTES;
    debug_assert!(len <= MAX_FIELDS_BYTES, "a record of {len} bytes");
    into[start] = MARK;
    into[start + 1] = kind;
    into[start + 2..start + 4].copy_from_slice(&(len as u16).to_le_bytes());
    into.len() - start
}

/// Numbers the records in `bytes` from behind `sequence` and sums them up for segment `number`.
/// Gives the last sequence number.
pub fn stamp(bytes: &mut [u8], number: u32, mut sequence: u64) -> u64 {
    let mut at = 0;
    while let Some(end) = Frame::pending(bytes, at).map(|f| f.end) {
        sequence += 1;
        let (head, fields) = bytes[at..end].split_at_mut(FRAME_BYTES);
        head[8..16].copy_from_slice(&sequence.to_le_bytes());
        if let Some(head) = head.first_chunk_mut() {
            let crc = frame_crc(number, head, fields);
            head[4..8].copy_from_slice(&crc.to_le_bytes());
        }
        at = end;
    }
    sequence
}

/// What comes next in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A record.
    Record(Frame<'a>),
    /// Bytes from here on that are no record, and whether a record follows them.
    Bad {
        /// Where they begin.
        at: usize,
        /// Whether something valid lies behind them, or whether that took too long to find out.
        followed: bool,
    },
}

/// The records of segment `number`, whose bytes from `at` on they should be.
pub struct Frames<'a> {
    number: u32,
    bytes: &'a [u8],
    at: usize,
    searched: usize,
}

impl<'a> Frames<'a> {
    /// Of the segment's whole bytes, from `at` on.
    pub fn new(number: u32, bytes: &'a [u8], at: usize) -> Self {
        Self { number, bytes, at: at.min(bytes.len()), searched: 0 }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        let at = self.at;
        if at == self.bytes.len() {
            return None;
        }
        if let Some(frame) = Frame::read(self.number, self.bytes, at, &mut 0) {
            self.at = frame.end;
            return Some(Found::Record(frame));
        }
        let limit = self.bytes.len() * SEARCH_FACTOR;
        self.at = self.bytes.len();
        for place in at + 1..self.bytes.len() {
            if self.searched > limit {
                return Some(Found::Bad { at, followed: true });
            }
            if Frame::read(self.number, self.bytes, place, &mut self.searched).is_some() {
                self.at = place;
                return Some(Found::Bad { at, followed: true });
            }
        }
        Some(Found::Bad { at, followed: false })
    }
}

fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    chunk(bytes, at).map(u16::from_le_bytes)
}

#[cfg(test)]
mod tests;
