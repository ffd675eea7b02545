//! The log's state: what is to be written next and where, what is durable, where bodies lie. It
//! reads from the disk, but writes only through [`Job`](super::Job)s that others carry out, one at a
//! time.

mod writing;

use std::cell::Cell;
use std::collections::VecDeque;

use super::carried::Carried;
use super::compact::OptOutsCopy;
use super::disk::{Disk, DiskError};
use super::events::MAX_EVENTS;
use super::index::{Index, Place, Subject};
use super::job::Retire;
use super::pending::Pending;
use super::recover::{RecoverError, Recovered, Segment, recover};
use super::space::{KEPT_BYTES, Limits, MIN_FREE_BYTES, NoRoom, OPT_OUT_BYTES, Pressure};
use super::{Events, Record, Seq, Ticket, Urgency};
use crate::message::MessageId;

use writing::Flight;
pub use writing::RETRY_MS;

/// After damage, ids may have been given out of which nothing is left: so many are left out.
const LOST_IDS: MessageId = 10_000;

/// After damage, events may have been shown of which nothing is left: leave so many numbers out.
const LOST_SEQS: Seq = 10_000;

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
