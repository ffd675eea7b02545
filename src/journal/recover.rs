//! Reading a journal back: which segments count, what in them is whole, and what is damage.
//!
//! A crash leaves a torn tail in the newest segment, and nothing else: whatever lies before was
//! durable when the next thing was written. So anything else that is not as it was written is
//! damage, and is said.

use core::fmt;
use std::collections::VecDeque;

use super::carried::Carried;
use super::codec::{self, Batch, Decoded};
use super::disk::{DiskError, Source, segment_name};
use super::events::{Entry, EventKind, PLACE_BITS, place_of};
use super::index::{Index, Place, Subject};
use super::segment::{Found, Frame, Frames, HEAD_BYTES, Head, Opening};
use super::{Events, Received, Record};
use crate::message::MessageId;

/// The most that is read of one segment: far more than is ever written to one, little enough to
/// hold in RAM.
pub const MAX_SEGMENT_BYTES: usize = 1024 * 1024;

/// Faults that are remembered one by one.
const MAX_FAULTS: usize = 16;

/// A segment that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its number.
    pub number: u32,
    /// How many of its bytes count.
    pub bytes: u32,
    /// Whether it is to be looked at rather than removed when it is not needed any more.
    pub damaged: bool,
}

/// What could be read of a journal.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Its id; `None` if there is no journal yet.
    pub journal: Option<u64>,
    /// The segments, the oldest first.
    pub segments: VecDeque<Segment>,
    /// Whether the newest of them can be written on.
    pub open: bool,
    /// Segments that hold nothing: their making was cut short.
    pub litter: Vec<u32>,
    /// The highest number of any segment.
    pub last_number: u32,
    /// Where the bodies lie.
    pub index: Index,
    /// The sequence number of the last record.
    pub sequence: u64,
    /// The newest message's id, also if it is not kept any more.
    pub last_id: MessageId,
    /// What the next segment begins with.
    pub carried: Carried,
    /// The first segment that tells of a number that opted out.
    pub opt_outs_from: Option<u32>,
    /// The newest events.
    pub events: Events,
    /// How many records were read.
    pub records: u64,
    /// The first faults.
    pub faults: Vec<Fault>,
    /// The highest segment with a fault: until it is gone, each start would meet the fault again.
    pub faulty: u32,
}

/// Damage, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The segment.
    pub segment: u32,
    /// The byte.
    pub at: u32,
    /// What is wrong there.
    pub what: Damage,
}

/// What can be wrong with a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Its head.
    Head,
    /// A record that is not as it was written.
    Record,
    /// A whole record that says something impossible.
    Malformed,
    /// It ends before the record that was its last.
    Short,
    /// The segment after this one.
    Missing,
    /// Records before this one are not there.
    Gap,
    /// It belongs to another journal.
    Foreign,
    /// It cannot be read: the system's words.
    Unreadable(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: ", segment_name(self.segment), self.at)?;
        match &self.what {
            Damage::Head => f.write_str("the head is damaged"),
            Damage::Record => f.write_str("a record is damaged"),
            Damage::Malformed => f.write_str("a record says something impossible"),
            Damage::Short => f.write_str("the file ends too early"),
            Damage::Missing => f.write_str("the segment after this one is missing"),
            Damage::Gap => f.write_str("records before this one are missing"),
            Damage::Foreign => f.write_str("the segment belongs to another journal"),
            Damage::Unreadable(words) => write!(f, "the file cannot be read: {words}"),
        }
    }
}

/// Why a journal cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecoverError {
    /// The directory cannot be read.
    Disk(DiskError),
    /// That segment was written by a later goipd in a way that this one does not understand.
    Newer(u32),
}

/// A segment to be read.
struct Reading {
    number: u32,
    opening: Opening,
    /// How many bytes count, if the segment after it says so.
    limit: Option<u32>,
    /// The one before it is missing.
    gap: bool,
}

/// Reads the journal on `disk` and calls `on` with every record, in the order of writing. Needs
/// memory for one segment, 16 bytes a message and 20 an event, and time in proportion to the bytes.
///
/// # Errors
/// See [`RecoverError`]; damage is no error.
pub fn recover(disk: &impl Source, mut on: impl FnMut(Record)) -> Result<Recovered, RecoverError> {
    let mut numbers = disk.list().map_err(RecoverError::Disk)?;
    numbers.sort_unstable();
    numbers.dedup();
    let mut recovered =
        Recovered { last_number: numbers.last().copied().unwrap_or(0), ..Recovered::default() };
    let mut bytes = Vec::new();
    let mut openings = Vec::with_capacity(numbers.len());
    for &number in &numbers {
        let opening = match disk.read(number, 0, super::segment::MAX_HEAD_BYTES, &mut bytes) {
            Ok(()) => Head::decode(number, &bytes),
            Err(_) => Opening::Bad,
        };
        if matches!(opening, Opening::Newer(_)) {
            return Err(RecoverError::Newer(number));
        }
        openings.push((number, opening));
    }
    drop_stillborn(disk, &mut openings, &mut recovered.litter, &mut bytes);
    let chain = chain(&openings, &mut recovered);
    recovered.journal = chain.iter().rev().find_map(|r| match r.opening {
        Opening::Head(head) => Some(head.journal),
        _ => None,
    });
    let mut reader = Reader { recovered, sequence: None, excused: false };
    for (place, reading) in chain.iter().enumerate() {
        reader.segment(disk, reading, place + 1 == chain.len(), &mut bytes, &mut on)?;
    }
    reader.recovered.sequence = reader.sequence.unwrap_or(0);
    Ok(reader.recovered)
}

/// The newest segments without a head and without a record: their making was cut short.
fn drop_stillborn(
    disk: &impl Source,
    openings: &mut Vec<(u32, Opening)>,
    litter: &mut Vec<u32>,
    bytes: &mut Vec<u8>,
) {
    while let Some(&(number, Opening::Bad)) = openings.last() {
        if disk.read(number, 0, MAX_SEGMENT_BYTES, bytes).is_err() {
            return;
        }
        match Frames::new(number, bytes, 0).next() {
            Some(Found::Record(_) | Found::Bad { followed: true, .. }) => return,
            Some(Found::Bad { followed: false, .. }) | None => {}
        }
        litter.push(number);
        openings.pop();
    }
}

/// The segments that count, the oldest first: from the newest on each names the one before it.
/// The others were given up after a failed write, and all they held was written again.
fn chain(openings: &[(u32, Opening)], recovered: &mut Recovered) -> Vec<Reading> {
    let mut chain = Vec::new();
    let mut rest = openings;
    let mut limit = None;
    while let Some((&(number, opening), before)) = rest.split_last() {
        let mut gap = false;
        let (previous, mut previous_limit) = match opening {
            Opening::Head(head) => (head.previous, Some(head.previous_bytes)),
            _ => (before.last().map_or(0, |&(number, _)| number), None),
        };
        let end = before.partition_point(|&(number, _)| number <= previous);
        recovered.litter.extend(before[end..].iter().map(|&(number, _)| number));
        rest = &before[..end];
        if let Some(&(lower, _)) = rest.last()
            && lower != previous
        {
            previous_limit = None;
            gap = true;
            recovered.fault(lower, 0, Damage::Missing);
        }
        chain.push(Reading { number, opening, limit, gap });
        limit = previous_limit;
    }
    chain.reverse();
    chain
}

impl Recovered {
    fn fault(&mut self, segment: u32, at: usize, what: Damage) {
        self.faulty = self.faulty.max(segment);
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { segment, at: at as u32, what });
        }
    }
}

/// Goes through the segments in order.
struct Reader {
    recovered: Recovered,
    /// The last record's; `None` before anything is known of it.
    sequence: Option<u64>,
    /// A gap is explained by damage that has been met.
    excused: bool,
}

impl Reader {
    fn segment(
        &mut self,
        disk: &impl Source,
        reading: &Reading,
        newest: bool,
        bytes: &mut Vec<u8>,
        on: &mut impl FnMut(Record),
    ) -> Result<(), RecoverError> {
        let number = reading.number;
        let limit = reading.limit.map_or(MAX_SEGMENT_BYTES, |l| MAX_SEGMENT_BYTES.min(l as usize));
        self.excused |= reading.gap;
        let mut segment = Segment { number, bytes: 0, damaged: false };
        let mut open = newest;
        if let Err(error) = disk.read(number, 0, limit, bytes) {
            bytes.clear();
            self.damage(&mut segment, 0, Damage::Unreadable(error.words));
        } else if reading.limit.is_some() && bytes.len() < limit {
            self.damage(&mut segment, bytes.len(), Damage::Short);
        }
        segment.bytes = bytes.len() as u32;
        let mut start = 0;
        match reading.opening {
            Opening::Head(head) if Some(head.journal) != self.recovered.journal => {
                self.damage(&mut segment, 0, Damage::Foreign);
                start = bytes.len();
            }
            Opening::Head(head) => {
                start = HEAD_BYTES;
                self.expect(&mut segment, 0, head.sequence);
                self.recovered.last_id = self.recovered.last_id.max(head.last_id);
            }
            _ if segment.damaged => {}
            _ => self.damage(&mut segment, 0, Damage::Head),
        }
        for found in Frames::new(number, bytes, start) {
            match found {
                Found::Record(frame) => self.record(&mut segment, frame, on)?,
                Found::Bad { at: 0, .. } => {}
                Found::Bad { at, followed: false } if newest => {
                    segment.bytes = at as u32;
                    open = false;
                }
                Found::Bad { at, .. } => self.damage(&mut segment, at, Damage::Record),
            }
        }
        self.recovered.open = open && !segment.damaged;
        self.recovered.segments.push_back(segment);
        Ok(())
    }

    fn record(
        &mut self,
        segment: &mut Segment,
        frame: Frame<'_>,
        on: &mut impl FnMut(Record),
    ) -> Result<(), RecoverError> {
        if self.sequence.is_some_and(|last| frame.sequence <= last) {
            // Written again after a failed write.
            return Ok(());
        }
        self.expect(segment, frame.at, frame.sequence.saturating_sub(1));
        self.sequence = Some(frame.sequence);
        let record = match codec::decode(frame.kind, frame.fields) {
            Ok(Decoded::Record(record)) => record,
            Ok(Decoded::Events(batch)) => {
                self.recovered.batch(batch, segment.number);
                return Ok(());
            }
            Ok(Decoded::Optional) => return Ok(()),
            Ok(Decoded::Newer(_)) => return Err(RecoverError::Newer(segment.number)),
            Err(_) => {
                self.damage(segment, frame.at, Damage::Malformed);
                return Ok(());
            }
        };
        let recovered = &mut self.recovered;
        recovered.records += 1;
        match &record {
            Record::Accepted(accepted) => recovered.body(accepted.id, segment.number, frame),
            Record::Kept(both) => recovered.body(both.0.id, segment.number, frame),
            Record::Received(Received { id, .. }) if *id > recovered.carried.inbox.forgotten => {
                recovered.kept(Subject::Received(*id), segment.number, frame);
            }
            Record::InboxWindow(window) => {
                if let Some(window) = recovered.index.window(&window.line) {
                    recovered.kept(window, segment.number, frame);
                }
            }
            Record::Forgotten(id) => recovered.index.remove(Subject::Sent(*id)),
            Record::InboxIds(ids) => recovered.index.forget_received(ids.forgotten),
            Record::OptOut(_) => {
                recovered.opt_outs_from.get_or_insert(segment.number);
            }
            _ => {}
        }
        if let Ok(seq @ 1..) = codec::seq(frame.fields)
            && let Some(entry) = recovered.events.entry(&record, seq)
        {
            recovered.events.put(Entry { segment: segment.number, ..entry });
        }
        recovered.carried.note(&record);
        on(record);
        Ok(())
    }

    /// The last record should have had the number `sequence`.
    fn expect(&mut self, segment: &mut Segment, at: usize, sequence: u64) {
        if self.sequence.is_some_and(|last| last < sequence) && !self.excused {
            self.damage(segment, at, Damage::Gap);
        }
        self.excused &= self.sequence.is_some_and(|last| last >= sequence);
        self.sequence = self.sequence.max(Some(sequence));
    }

    fn damage(&mut self, segment: &mut Segment, at: usize, what: Damage) {
        segment.damaged = true;
        self.excused = true;
        self.recovered.fault(segment.number, at, what);
    }
}

impl Recovered {
    fn body(&mut self, id: MessageId, segment: u32, frame: Frame<'_>) {
        self.kept(Subject::Sent(id), segment, frame);
        self.last_id = self.last_id.max(id);
    }

    fn kept(&mut self, subject: Subject, segment: u32, frame: Frame<'_>) {
        let len = (frame.end - frame.at) as u16;
        self.index.set(subject, Place { segment, at: frame.at as u32, len });
    }

    fn batch(&mut self, batch: Batch, segment: u32) {
        self.events.skip_to(batch.newest);
        for entry in batch.entries {
            let subject = match entry.kind {
                EventKind::Message(_) | EventKind::Received => Some(entry.subject),
                _ => {
                    let name = batch.names.get(place_of(entry.subject));
                    let above = entry.subject >> PLACE_BITS << PLACE_BITS;
                    name.and_then(|name| self.events.place(name, entry.seq)).map(|place| place | above)
                }
            };
            if let Some(subject) = subject {
                self.events.put(Entry { segment, subject, ..entry });
            }
        }
    }
}

/// A journal's segments in memory, each with its number.
#[derive(Clone, Copy, Debug)]
pub struct Slices<'a>(pub &'a [(u32, &'a [u8])]);

impl Source for Slices<'_> {
    fn list(&self) -> Result<Vec<u32>, DiskError> {
        Ok(self.0.iter().map(|(number, _)| *number).filter(|&number| number != 0).collect())
    }

    fn read(&self, segment: u32, at: u32, len: usize, into: &mut Vec<u8>) -> Result<(), DiskError> {
        let found = self.0.iter().find(|(number, _)| *number == segment);
        let bytes = found.and_then(|(_, bytes)| bytes.get(at as usize..)).unwrap_or(&[]);
        into.clear();
        into.extend_from_slice(&bytes[..len.min(bytes.len())]);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
