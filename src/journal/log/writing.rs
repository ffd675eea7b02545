//! What goes to the disk and when, and what follows from how it went.

use std::sync::Arc;

use super::Log;
use crate::due::earliest;
use crate::journal::disk::{Disk, DiskError, DiskErrorKind, segment_name};
use crate::journal::events::Entry;
use crate::journal::index::Place;
use crate::journal::job::{Done, Job, Retire, Write};
use crate::journal::recover::Segment;
use crate::journal::segment::{self, HEAD_BYTES, Head};
use crate::journal::space::{MIN_FREE_BYTES, NoRoom};

/// After a failed write, and while there is too little room, the disk is tried again this often.
pub const RETRY_MS: u64 = 5_000;

/// While writing fails and so many segments cannot even be taken away, nothing is written before
/// one could be: a disk that is read-only for days would leave another one every few seconds.
const MAX_LITTER: usize = 8;

/// So many events are kept, however full the journal is.
pub(super) const MIN_EVENTS: usize = 100;

/// What flash is written by, as a measure of its wear.
const PAGE_BYTES: u32 = 4096;

/// What the disk is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flight {
    Write { segment: u32, at: u32, bytes: u32, sequence: u64 },
    Retire,
    Measure,
}

impl<D: Disk> Log<D> {
    /// Why nothing is written for a while: the disk has failed, and failed again where that
    /// promised anything. `None` while all is well and while the next try is under way.
    pub fn stuck(&self, now_ms: u64) -> Option<NoRoom> {
        let waits = self.flight.is_none() && self.write_ms > now_ms;
        self.trouble.clone().filter(|_| waits).map(NoRoom::Disk)
    }

    /// What the disk is to do now; its [`Done`] goes to [`Self::done`]. One at a time: `None`
    /// until then, and where nothing is due.
    pub fn next_job(&mut self, now_ms: u64) -> Option<Job> {
        self.pending.look(now_ms);
        if self.next_due()? > now_ms {
            return None;
        }
        if let Some(&retire) = self.retiring.front().filter(|_| self.retire_ms <= now_ms) {
            self.flight = Some(Flight::Retire);
            return Some(Job::Retire(retire));
        }
        if self.write_due().is_some_and(|due_ms| due_ms <= now_ms) {
            return self.write();
        }
        self.flight = Some(Flight::Measure);
        Some(Job::Measure)
    }

    /// When [`Self::next_job`] has something to do if nothing else happens, in milliseconds since
    /// boot.
    pub fn next_due(&self) -> Option<u64> {
        if self.flight.is_some() {
            return None;
        }
        let retire = (!self.retiring.is_empty()).then_some(self.retire_ms);
        let low = self.free.is_some_and(|free| free < MIN_FREE_BYTES);
        let measure = low.then_some(self.measure_ms);
        earliest(&[retire, self.write_due(), measure])
    }

    pub(super) fn write_due(&self) -> Option<u64> {
        let due_ms = if self.closing && !self.is_idle() { 0 } else { self.pending.due_ms()? };
        if self.trouble.is_some() && self.retiring.len() >= MAX_LITTER {
            return None;
        }
        Some(due_ms.max(self.write_ms))
    }

    fn write(&mut self) -> Option<Job> {
        let first = self.pending.first_bytes() as u32;
        let newest = self.segments.back().filter(|_| self.open);
        let (number, at, head, sequence) = match newest.filter(|s| s.bytes + first <= self.limits.segment) {
            Some(newest) => (newest.number, newest.bytes, None, self.sequence),
            None => {
                self.last_number += 1;
                let previous = self.segments.back();
                let head = Head {
                    number: self.last_number,
                    journal: self.journal,
                    sequence: self.sequence,
                    last_id: self.last_id,
                    previous: previous.map_or(0, |s| s.number),
                    previous_bytes: previous.map_or(0, |s| s.bytes),
                };
                let mut bytes = head.encode().to_vec();
                let mut sequence = self.sequence;
                self.carried.each_record(&mut |record| {
                    segment::push(&mut bytes, &record);
                });
                segment::push_events(&mut bytes, self.seq, &[], &self.events);
                sequence = segment::stamp(&mut bytes[HEAD_BYTES..], head.number, sequence);
                (head.number, bytes.len() as u32, Some(bytes), sequence)
            }
        };
        let chunk = self.pending.begin(self.limits.segment.saturating_sub(at) as usize)?;
        let bytes: &mut Vec<u8> = Arc::make_mut(&mut chunk.bytes);
        let len = bytes.len() as u32;
        let sequence = segment::stamp(bytes, number, sequence);
        self.flight = Some(Flight::Write { segment: number, at, bytes: len, sequence });
        Some(Job::Write(Write { segment: number, head, at, bytes: Arc::clone(&chunk.bytes) }))
    }

    /// The disk has done, or not done, what [`Self::next_job`] gave.
    pub fn done(&mut self, now_ms: u64, done: Done) {
        self.free = done.free.or(self.free);
        let failed = done.result.err();
        self.counters.failures += u64::from(failed.is_some());
        match self.flight.take() {
            Some(Flight::Write { segment, at, bytes, sequence }) => match failed {
                None => self.written(segment, at, bytes, sequence),
                Some(error) => self.not_written(now_ms, segment, error),
            },
            Some(Flight::Retire) => {
                self.counters.syncs += 1;
                if let Some(error) = failed {
                    let level = if self.retire_ms == 0 { log::Level::Warn } else { log::Level::Debug };
                    log::log!(level, "journal: an old segment cannot be taken away yet: {error}");
                    self.retire_ms = now_ms + RETRY_MS;
                } else {
                    self.retiring.pop_front();
                    self.retire_ms = 0;
                }
            }
            Some(Flight::Measure) => self.measure_ms = now_ms + RETRY_MS,
            None => {}
        }
    }

    fn written(&mut self, segment: u32, at: u32, bytes: u32, sequence: u64) {
        let Some(chunk) = self.pending.end(true) else { return };
        let (from, end) = match self.segments.back_mut().filter(|s| s.number == segment) {
            Some(newest) => {
                newest.bytes = at + bytes;
                self.counters.syncs += 1;
                (at, at + bytes)
            }
            None => {
                self.segments.push_back(Segment { number: segment, bytes: at + bytes, damaged: false });
                self.counters.syncs += 2;
                (0, at + bytes)
            }
        };
        self.open = true;
        self.counters.bytes += u64::from(end - from);
        self.counters.pages += u64::from(end.div_ceil(PAGE_BYTES) - from / PAGE_BYTES);
        for (subject, place) in chunk.bodies {
            if self.index.get(subject).is_some() {
                self.index.set(subject, Place { segment, at: at + place.at, len: place.len });
            }
        }
        for event in chunk.events {
            self.events.put(Entry { segment, ..event });
        }
        // Messages go before events.
        while self.events.len() > MIN_EVENTS && self.live() > self.limits.live() {
            self.events.drop_oldest();
        }
        self.sequence = sequence;
        self.durable = chunk.ticket;
        self.durable_serial = chunk.serial;
        self.pending.recycle(chunk.bytes);
        if self.trouble.take().is_some() {
            log::warn!("journal: the disk can be written again");
        }
    }

    /// That segment is never written again: nobody knows what of the last write is in it. What
    /// was not acknowledged goes to a new one.
    fn not_written(&mut self, now_ms: u64, segment: u32, error: DiskError) {
        self.pending.end(false);
        self.open = false;
        if self.segments.back().is_none_or(|s| s.number != segment) {
            self.retiring.push_front(Retire { segment, aside: false });
        }
        // A sick sector deserves one try elsewhere at once, a full disk does not.
        let at_once = self.trouble.is_none() && error.kind == DiskErrorKind::Other;
        self.write_ms = if at_once { now_ms } else { now_ms + RETRY_MS };
        if self.trouble.is_none() {
            log::error!("{}: {}", segment_name(segment), NoRoom::Disk(error.clone()));
        }
        self.trouble = Some(error);
    }
}
