//! Records that are not yet durable: chunks, each of which goes to the disk in one piece.

use std::collections::VecDeque;
use std::sync::Arc;

use super::events::Entry;
use super::index::{Place, Subject};
use super::segment::{self, Frame};
use super::{Events, Record, SYNC_DELAY_MS, Seq, Ticket, Urgency};

/// From here on a chunk takes no more: four pages of flash. Where several wait, they go to the
/// disk in one piece all the same; a copy of so much is nothing beside a sync.
const CHUNK_BYTES: usize = 16 * 1024;

/// Records that go to the disk together.
#[derive(Debug)]
pub struct Chunk {
    /// The records. Shared with the disk's work while that is under way.
    pub bytes: Arc<Vec<u8>>,
    /// Where in them the bodies lie.
    pub bodies: Vec<(Subject, Place)>,
    /// The events that they tell.
    pub events: Vec<Entry>,
    /// The newest ticket in it.
    pub ticket: Ticket,
    /// Its number in the order of all chunks, from 1.
    pub serial: u64,
    urgency: Urgency,
    /// When it has to be written, in milliseconds since boot.
    due_ms: u64,
}

impl Chunk {
    /// Takes all that the chunk after it has.
    fn join(&mut self, next: Self) {
        let before = self.bytes.len() as u32;
        Arc::make_mut(&mut self.bytes).extend_from_slice(&next.bytes);
        let moved = |(subject, place): (_, Place)| (subject, Place { at: before + place.at, ..place });
        self.bodies.extend(next.bodies.into_iter().map(moved));
        self.events.extend(next.events);
        self.ticket = next.ticket;
        self.serial = next.serial;
    }
}

/// The chunks, in the order of writing.
#[derive(Debug, Default)]
pub struct Pending {
    chunks: VecDeque<Chunk>,
    /// The first one is with the disk and takes no more.
    writing: bool,
    /// The newest chunk's.
    serial: u64,
    /// A buffer that was used before.
    spare: Vec<u8>,
}

impl Pending {
    /// Appends a record, with what it keeps and the event that it tells; gives its length and the
    /// serial of its chunk.
    pub fn push(
        &mut self,
        record: &Record,
        subject: Option<Subject>,
        event: Option<Entry>,
        urgency: Urgency,
        ticket: Ticket,
    ) -> (u16, u64) {
        let Some(chunk) = self.chunk(urgency, ticket) else { return (0, self.serial) };
        let bytes: &mut Vec<u8> = Arc::make_mut(&mut chunk.bytes);
        let at = bytes.len() as u32;
        let len = segment::push_event(bytes, record, event.map_or(0, |e| e.seq)) as u16;
        chunk.bodies.extend(subject.map(|subject| (subject, Place { segment: 0, at, len })));
        chunk.events.extend(event);
        (len, self.serial)
    }

    /// Appends copies of events; gives the serial of the chunk.
    pub fn push_events(
        &mut self,
        newest: Seq,
        entries: &[Entry],
        events: &Events,
        urgency: Urgency,
        ticket: Ticket,
    ) -> u64 {
        if let Some(chunk) = self.chunk(urgency, ticket) {
            segment::push_events(Arc::make_mut(&mut chunk.bytes), newest, entries, events);
            chunk.events.extend_from_slice(entries);
        }
        self.serial
    }

    /// The chunk that takes the next record.
    fn chunk(&mut self, urgency: Urgency, ticket: Ticket) -> Option<&mut Chunk> {
        let taken = usize::from(self.writing);
        let full = |chunk: &Chunk| chunk.bytes.len() >= CHUNK_BYTES;
        if self.chunks.len() == taken || self.chunks.back().is_some_and(full) {
            self.serial += 1;
            self.chunks.push_back(Chunk {
                bytes: Arc::new(core::mem::take(&mut self.spare)),
                bodies: Vec::new(),
                events: Vec::new(),
                ticket,
                serial: self.serial,
                urgency,
                due_ms: u64::MAX,
            });
        }
        let chunk = self.chunks.back_mut()?;
        chunk.ticket = ticket;
        chunk.urgency = chunk.urgency.max(urgency);
        Some(chunk)
    }

    /// Somebody waits for that ticket.
    pub fn hurry(&mut self, ticket: Ticket) {
        if let Some(chunk) = self.chunks.iter_mut().find(|c| c.ticket >= ticket) {
            chunk.urgency = Urgency::Now;
        }
    }

    /// What is urgent becomes due.
    pub fn look(&mut self, now_ms: u64) {
        for chunk in &mut self.chunks {
            match chunk.urgency {
                Urgency::Now => chunk.due_ms = 0,
                Urgency::Soon => chunk.due_ms = chunk.due_ms.min(now_ms + SYNC_DELAY_MS),
                Urgency::Whenever => {}
            }
        }
    }

    /// When the first chunk is due, in milliseconds since boot; `None` if there is none or if it
    /// can wait for ever.
    pub fn due_ms(&self) -> Option<u64> {
        let due_ms = if self.chunks.len() > 1 { 0 } else { self.chunks.front()?.due_ms };
        (due_ms < u64::MAX).then_some(due_ms)
    }

    /// The first chunk's bytes; 0 if there is none.
    pub fn first_bytes(&self) -> usize {
        self.chunks.front().map_or(0, |chunk| chunk.bytes.len())
    }

    /// The first chunk, with all of those behind it that fit into `room` bytes together; it is
    /// with the disk from now on. A burst of 500 short messages shares few syncs by that.
    pub fn begin(&mut self, room: usize) -> Option<&mut Chunk> {
        let mut first = self.chunks.pop_front()?;
        let fits = |first: &Chunk, next: &Chunk| first.bytes.len() + next.bytes.len() <= room;
        while self.chunks.front().is_some_and(|next| fits(&first, next)) {
            self.chunks.pop_front().into_iter().for_each(|next| first.join(next));
        }
        self.writing = true;
        self.chunks.push_front(first);
        self.chunks.front_mut()
    }

    /// The first chunk comes back: durable, then it is given out, or to be written again.
    pub fn end(&mut self, durable: bool) -> Option<Chunk> {
        self.writing = false;
        if durable { self.chunks.pop_front() } else { None }
    }

    /// A chunk's buffer for the next one, unless somebody still has it.
    pub fn recycle(&mut self, bytes: Arc<Vec<u8>>) {
        if let Ok(mut bytes) = Arc::try_unwrap(bytes) {
            bytes.clear();
            self.spare = bytes;
        }
    }

    /// The newest record that keeps `subject`.
    pub fn body(&self, subject: Subject) -> Option<Frame<'_>> {
        self.chunks.iter().rev().find_map(|chunk| {
            let (_, place) = chunk.bodies.iter().find(|(kept, _)| *kept == subject)?;
            Frame::pending(&chunk.bytes, place.at as usize)
        })
    }

    /// All their bytes.
    pub fn bytes(&self) -> u64 {
        self.chunks.iter().map(|c| c.bytes.len() as u64).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
}
