//! The log's state: what is to be written next and where, what is durable, where bodies lie. It
//! reads from the disk, but writes only through [`Job`]s that others carry out, one at a time.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;

use super::carried::Carried;
use super::compact::OptOutsCopy;
use super::disk::{Disk, DiskError, DiskErrorKind, segment_name};
use super::events::{Entry, MAX_EVENTS};
use super::index::{Index, Place, Subject};
use super::job::{Done, Job, Retire, Write};
use super::pending::Pending;
use super::recover::{RecoverError, Recovered, Segment, recover};
use super::segment::{self, HEAD_BYTES, Head};
use super::space::{KEPT_BYTES, Limits, MIN_FREE_BYTES, NoRoom, OPT_OUT_BYTES, Pressure};
use super::{Events, Record, Seq, Ticket, Urgency};
use crate::due::earliest;
use crate::message::MessageId;

/// After a failed write, and while there is too little room, the disk is tried again this often.
pub const RETRY_MS: u64 = 5_000;

/// While writing fails and so many segments cannot even be taken away, nothing is written before
/// one could be: a disk that is read-only for days would leave another one every few seconds.
const MAX_LITTER: usize = 8;

/// After damage, ids may have been given out of which nothing is left: so many are left out.
const LOST_IDS: MessageId = 10_000;

/// So many events are kept, however full the journal is.
const MIN_EVENTS: usize = 100;

/// After damage, events may have been shown of which nothing is left: leave so many numbers out.
const LOST_SEQS: Seq = 10_000;

/// What flash is written by, as a measure of its wear.
const PAGE_BYTES: u32 = 4096;

/// What the journal has done since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Records that were appended, those copied forward included.
    pub records: u64,
    /// Of them, copied forward.
    pub copied: u64,
    /// Bytes that were written.
    pub bytes: u64,
    /// Pages of 4 KiB that they lie on, each counted as often as it was written.
    pub pages: u64,
    /// Syncs of a file or of the directory.
    pub syncs: u64,
    /// Work that the disk did not do.
    pub failures: u64,
}

/// What the disk is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flight {
    Write { segment: u32, at: u32, bytes: u32, sequence: u64 },
    Retire,
    Measure,
}

/// The log over a disk. `D` reads; what writes may be another handle to the same disk.
pub struct Log<D> {
    pub(super) disk: D,
    limits: Limits,
    journal: u64,
    pub(super) segments: VecDeque<Segment>,
    /// Whether the newest segment can be written on.
    open: bool,
    last_number: u32,
    pub(super) index: Index,
    pub(super) pending: Pending,
    flight: Option<Flight>,
    /// Segments to be taken away, in order; the first may not be passed by.
    pub(super) retiring: VecDeque<Retire>,
    retire_ms: u64,
    write_ms: u64,
    trouble: Option<DiskError>,
    free: Option<u64>,
    measure_ms: u64,
    /// Of the last durable record.
    sequence: u64,
    last_id: MessageId,
    /// What the next segment begins with.
    pub(super) carried: Carried,
    /// No segment before this one is needed for those who opted out; `None` if there are none.
    pub(super) opt_outs_from: Option<u32>,
    /// They are being copied forward.
    pub(super) opt_outs_copy: Option<OptOutsCopy>,
    /// The events that are durable, and the newest number that was given out.
    pub(super) events: Events,
    pub(super) seq: Seq,
    pub(super) ticket: Ticket,
    durable: Ticket,
    /// The last chunk that is durable.
    durable_serial: u64,
    /// Up to this segment all are to be cleared, because something in them is damaged.
    pub(super) clear_to: u32,
    /// The last chunk with records that were copied forward.
    pub(super) copies: Option<u64>,
    closing: bool,
    pub(super) counters: Counters,
    /// Room for bodies that are read.
    pub(super) buffer: Cell<Vec<u8>>,
}

impl<D: Disk> Log<D> {
    /// Recovers what is on the disk, calling `on` with every record. `fresh` is the id of the
    /// journal if there is none yet.
    ///
    /// # Errors
    /// What is on the disk cannot be read or made durable.
    pub fn open(
        mut disk: D,
        limits: Limits,
        fresh: u64,
        on: impl FnMut(Record),
    ) -> Result<(Self, Recovered), RecoverError> {
        let mut recovered = recover(&disk, on)?;
        if !recovered.faults.is_empty() {
            // The next segment's head tells it, so that it holds also after the next start.
            recovered.last_id = recovered.last_id.saturating_add(LOST_IDS);
        }
        if let Some(newest) = recovered.segments.back().filter(|s| !s.damaged) {
            // What was read may have been on its way to the disk only, when the last daemon died.
            disk.sync(newest.number).map_err(RecoverError::Disk)?;
        }
        disk.sync_dir().map_err(RecoverError::Disk)?;
        let free = disk.free().ok();
        let mut events = core::mem::take(&mut recovered.events);
        if !recovered.faults.is_empty() {
            // The newest may be among what is lost, and somebody may have been shown them.
            events.skip_to(events.newest().saturating_add(LOST_SEQS));
        }
        events.limit(MAX_EVENTS, limits.events());
        let log = Self {
            disk,
            limits,
            journal: recovered.journal.unwrap_or(fresh),
            segments: core::mem::take(&mut recovered.segments),
            open: recovered.open,
            last_number: recovered.last_number,
            index: core::mem::take(&mut recovered.index),
            pending: Pending::default(),
            flight: None,
            retiring: recovered.litter.iter().map(|&segment| Retire { segment, aside: false }).collect(),
            retire_ms: 0,
            write_ms: 0,
            trouble: None,
            free,
            measure_ms: 0,
            sequence: recovered.sequence,
            last_id: recovered.last_id,
            carried: core::mem::take(&mut recovered.carried),
            opt_outs_from: recovered.opt_outs_from,
            opt_outs_copy: None,
            seq: events.newest(),
            events,
            ticket: 0,
            durable: 0,
            durable_serial: 0,
            clear_to: recovered.faulty,
            copies: None,
            closing: false,
            counters: Counters::default(),
            buffer: Cell::default(),
        };
        Ok((log, recovered))
    }

    /// The journal's id: another journal has another.
    pub fn id(&self) -> u64 {
        self.journal
    }

    /// Takes the record with that ticket. Tickets come in order.
    pub fn append(&mut self, ticket: Ticket, record: &Record) {
        debug_assert!(ticket > self.ticket, "ticket {ticket} after {}", self.ticket);
        self.ticket = ticket;
        self.put(record, record.urgency());
    }

    /// Appends a record that nobody waits for by ticket; gives the serial of its chunk.
    pub(super) fn put(&mut self, record: &Record, urgency: Urgency) -> u64 {
        let event = self.seq.checked_add(1).and_then(|seq| self.events.entry(record, seq));
        self.seq = event.map_or(self.seq, |event| event.seq);
        let subject = match record {
            Record::Accepted(accepted) => Some(Subject::Sent(accepted.id)),
            Record::Kept(both) => Some(Subject::Sent(both.0.id)),
            Record::Received(received) => Some(Subject::Received(received.id)),
            Record::InboxWindow(window) => self.index.window(&window.line),
            _ => None,
        };
        if let Some(window @ Subject::Window(_)) = subject
            && self.index.get(window).is_none()
        {
            self.index.set(window, Place::pending(0));
        }
        let (len, serial) = self.pending.push(record, subject, event, urgency, self.ticket);
        self.counters.records += 1;
        match record {
            Record::Accepted(accepted) => {
                self.last_id = self.last_id.max(accepted.id);
                self.index.set(Subject::Sent(accepted.id), Place::pending(len));
            }
            Record::Received(received) if !received.copied => {
                self.index.set(Subject::Received(received.id), Place::pending(len));
            }
            Record::Forgotten(id) => self.index.remove(Subject::Sent(*id)),
            Record::InboxIds(ids) => self.index.forget_received(ids.forgotten),
            Record::OptOut(_) => {
                let from = self.next_segment();
                self.opt_outs_from.get_or_insert(from);
            }
            // A copy counts once it is durable; until then the old place does.
            _ => {}
        }
        self.carried.note(record);
        serial
    }

    /// Somebody waits until that ticket is durable.
    pub fn hurry(&mut self, ticket: Ticket) {
        if ticket > self.durable {
            self.pending.hurry(ticket);
        }
    }

    /// Nothing waits for others any more: the daemon is about to stop.
    pub fn close(&mut self) {
        self.closing = true;
    }

    /// Whether all that was appended is durable.
    pub fn is_idle(&self) -> bool {
        self.pending.is_empty()
    }

    /// The newest ticket that is durable, with all before it.
    pub fn durable(&self) -> Ticket {
        self.durable
    }

    /// What has been done.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// How full the journal is.
    pub fn pressure(&self) -> Pressure {
        let segments: u64 = self.segments.iter().map(|s| u64::from(s.bytes)).sum();
        Pressure {
            used: segments + self.pending.bytes(),
            live: self.live(),
            segments: self.segments.len(),
            limits: self.limits,
        }
    }

    /// Bytes that are needed of all that is kept.
    fn live(&self) -> u64 {
        self.index.bytes()
            + self.index.sent() as u64 * KEPT_BYTES
            + self.events.bytes()
            + self.carried.opt_outs.len() as u64 * OPT_OUT_BYTES
    }

    /// How many numbers that opted out can be kept.
    pub fn max_opt_outs(&self) -> usize {
        self.limits.opt_outs()
    }

    /// What is appended now goes to this segment, or to a later one.
    pub(super) fn next_segment(&self) -> u32 {
        self.segments.back().filter(|_| self.open).map_or(self.last_number + 1, |s| s.number)
    }

    /// Keeps so many events at most.
    pub fn keep_events(&mut self, count: usize) {
        self.events.keep(count);
    }

    /// Whether a message can be taken whose text, key and tag have `bytes` together. The other
    /// records need no leave: there is room kept back for them.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn can_accept(&self, bytes: usize) -> Result<(), NoRoom> {
        if let Some(error) = &self.trouble {
            return Err(NoRoom::Disk(error.clone()));
        }
        if let Some(free) = self.free.filter(|&free| free < MIN_FREE_BYTES) {
            return Err(NoRoom::FileSystem(free));
        }
        self.pressure().check(bytes, self.pending.bytes())
    }

    /// What could be received and stored now, in bytes: 0 where the disk gives no room, and while it
    /// fails.
    pub fn free_bytes(&self) -> usize {
        let low = self.free.is_some_and(|free| free < MIN_FREE_BYTES);
        if low || self.trouble.is_some() { 0 } else { self.pressure().free_bytes(self.pending.bytes()) }
    }

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

    fn write_due(&self) -> Option<u64> {
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

    /// Whether records may still go to that segment.
    pub(super) fn is_current(&self, segment: u32) -> bool {
        self.open && self.segments.back().is_some_and(|s| s.number == segment)
    }

    /// Whether that chunk is durable.
    pub(super) fn is_durable(&self, serial: u64) -> bool {
        serial <= self.durable_serial
    }
}

#[cfg(test)]
mod tests;
