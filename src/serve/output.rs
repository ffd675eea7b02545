//! Bytes on their way to a client: in order, and those that wait for the disk no earlier.

use std::collections::VecDeque;

use crate::journal::Ticket;

/// A client whose socket is full has to take so many bytes in its time, or all there are: one
/// that takes a byte now and then keeps its place for ever.
const PROGRESS_BYTES: usize = 1024;

/// Bytes that wait to be sent.
#[derive(Debug, Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    held: VecDeque<Held>,
    /// Since when the client does not take what it could.
    blocked_ms: Option<u64>,
    /// How many bytes it has taken since then.
    progress: usize,
}

/// From byte `start` on the bytes may be shown only once `after` is durable.
#[derive(Clone, Copy, Debug)]
struct Held {
    start: usize,
    after: Ticket,
}

impl Output {
    /// Where to add bytes that may be shown once `after` is durable.
    pub(super) fn add(&mut self, after: Ticket) -> &mut Vec<u8> {
        if self.held.back().map_or(0, |last| last.after) < after {
            self.held.push_back(Held { start: self.bytes.len(), after });
        }
        &mut self.bytes
    }

    /// The bytes that may be shown now that everything up to `durable` is.
    pub(super) fn sendable(&self, durable: Ticket) -> &[u8] {
        let end = self.held.iter().find(|h| h.after > durable).map_or(self.bytes.len(), |h| h.start);
        &self.bytes[..end]
    }

    /// The client has taken the first `count` of them; 0 if its socket is full.
    pub(super) fn sent(&mut self, now_ms: u64, count: usize) {
        if count == 0 {
            if self.blocked_ms.is_none() {
                self.blocked_ms = Some(now_ms);
                self.progress = 0;
            }
            return;
        }
        while self.held.front().is_some_and(|h| h.start < count) {
            self.held.pop_front();
        }
        for held in &mut self.held {
            held.start -= count;
        }
        self.bytes.drain(..count);
        self.progress += count;
        if self.bytes.is_empty() {
            self.clear();
        } else if self.progress >= PROGRESS_BYTES {
            self.blocked_ms = None;
            self.progress = 0;
        }
    }

    /// Forgets all bytes, and gives back their room.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// How many times bytes wait for the disk.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// Since when the client does not take what it could.
    pub(super) fn blocked_ms(&self) -> Option<u64> {
        self.blocked_ms
    }

    /// How much room it takes, in bytes.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity() + self.held.capacity() * size_of::<Held>()
    }
}
