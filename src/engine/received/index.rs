//! Which received messages are kept, and on which lines: an index in memory, with what is remembered
//! of each line's inbox.

use std::collections::VecDeque;

use crate::engine::inbox::Window;
use crate::journal::{InboxIds, Received, Ticket};
use crate::message::{LineName, ReceivedId};

/// Lines of whose inbox something is remembered, those included that are not configured any more;
/// as many as the journal keeps.
const MAX_WINDOWS: usize = 256;

/// Some of the lines, by their places among all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineSet([u32; 4]);

impl LineSet {
    /// All, those included that are not configured any more.
    pub const ALL: Self = Self([u32::MAX; 4]);
    /// None.
    pub const NONE: Self = Self([0; 4]);

    /// Adds the line at that place.
    pub fn add(&mut self, place: usize) {
        if let Some(bits) = self.0.get_mut(place / 32) {
            *bits |= 1 << (place % 32);
        }
    }

    /// The one line at that place.
    pub(in crate::engine) fn one(place: usize) -> Self {
        let mut one = Self::NONE;
        one.add(place);
        one
    }

    /// Takes the line at that place away.
    pub(in crate::engine) fn remove(&mut self, place: usize) {
        if let Some(bits) = self.0.get_mut(place / 32) {
            *bits &= !(1 << (place % 32));
        }
    }

    /// Whether the line at that place is among them.
    pub(in crate::engine) fn contains(self, place: usize) -> bool {
        self.0.get(place / 32).is_some_and(|bits| bits >> (place % 32) & 1 == 1)
    }

    /// Those that are in both.
    pub(in crate::engine) fn and(self, other: Self) -> Self {
        self.with(other, |a, b| a & b)
    }

    /// Those that are in either.
    pub(in crate::engine) fn or(self, other: Self) -> Self {
        self.with(other, |a, b| a | b)
    }

    /// Those that are not in the other.
    pub(in crate::engine) fn without(self, other: Self) -> Self {
        self.with(other, |a, b| a & !b)
    }

    pub(in crate::engine) fn is_empty(self) -> bool {
        self == Self::NONE
    }

    fn with(self, other: Self, join: fn(u32, u32) -> u32) -> Self {
        let mut joined = Self::NONE;
        for (place, bits) in joined.0.iter_mut().enumerate() {
            *bits = join(self.0[place], other.0[place]);
        }
        joined
    }

    /// Whether the line at that place is among them; `None`: one that is not configured any more.
    pub fn has(self, place: Option<u8>) -> bool {
        match place {
            Some(place) => {
                self.0.get(usize::from(place) / 32).is_some_and(|bits| bits >> (place % 32) & 1 == 1)
            }
            None => self == Self::ALL,
        }
    }
}

/// A received message, without what only the journal keeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub id: ReceivedId,
    /// When, by the wall clock, and whether that was set.
    pub unix_s: u32,
    pub trusted: bool,
    /// It was joined of parts.
    pub joined: bool,
    /// When, in milliseconds since boot; 0 if it was in an earlier boot.
    pub since_ms: u64,
    /// The line's place; `None` if it is not configured any more.
    pub line: Option<u8>,
}

/// With its place in the journal's index, 128 bytes at most.
const _: () = assert!(size_of::<Entry>() <= 24);

/// All received messages, oldest first.
#[derive(Debug, Default)]
pub(in crate::engine) struct Inbox {
    pub(super) entries: VecDeque<Entry>,
    pub(super) ids: InboxIds,
    /// What is remembered of each line's inbox, by the records that were handed to the journal.
    pub(super) windows: Vec<(LineName, Window)>,
    /// Up to which message all are durable, and the tickets with which more are.
    pub(super) shown: ReceivedId,
    pub(super) pending: Vec<(Ticket, ReceivedId)>,
    /// While records are restored: joined messages of which only parts were met.
    pub(in crate::engine) cut: Vec<Received>,
    /// What the journal has room for, in bytes; `None`: for anything.
    pub(super) room_bytes: Option<usize>,
}

impl Inbox {
    /// A received message is only shown when it is durable.
    pub fn durable(&mut self, durable: Ticket) {
        let done = self.pending.partition_point(|(ticket, _)| *ticket <= durable);
        if let Some((_, id)) = self.pending.drain(..done).next_back() {
            self.shown = id;
        }
    }

    /// Whether there is room for so many bytes.
    pub fn has_room(&self, bytes: usize) -> bool {
        self.room_bytes.is_none_or(|room| room >= bytes)
    }

    /// Takes room for so many bytes, if there is.
    pub fn take_room(&mut self, bytes: usize) -> bool {
        let left = self.room_bytes.map_or(Some(None), |room| room.checked_sub(bytes).map(Some));
        self.room_bytes = left.unwrap_or(self.room_bytes);
        left.is_some()
    }

    /// Ids grow, but for copies that are restored.
    pub(super) fn put(&mut self, entry: Entry) {
        if let Err(place) = self.entries.binary_search_by_key(&entry.id, |e| e.id) {
            self.entries.insert(place, entry);
        }
    }

    pub(super) fn window(&self, line: &LineName) -> Option<&Window> {
        self.windows.iter().find(|(name, _)| name == line).map(|(_, window)| window)
    }

    pub(super) fn set_window(&mut self, line: &LineName, window: Window) {
        if let Some((_, known)) = self.windows.iter_mut().find(|(name, _)| name == line) {
            *known = window;
        } else if self.windows.len() < MAX_WINDOWS {
            self.windows.push((line.clone(), window));
        }
    }

    /// The messages behind `after` that may be shown, oldest first.
    pub(super) fn after(&self, after: ReceivedId) -> impl DoubleEndedIterator<Item = &Entry> {
        let start = self.entries.partition_point(|e| e.id <= after);
        let end = self.entries.partition_point(|e| e.id <= self.shown);
        self.entries.range(start.min(end)..end)
    }

    /// How long ago the oldest but `skip` was received, as a key to compare with others.
    pub fn age_key(&self, skip: usize) -> Option<(u64, u32)> {
        self.entries.get(skip).map(|e| (e.since_ms, e.unix_s))
    }
}
