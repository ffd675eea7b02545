//! Where each message's body lies. 16 bytes a message: with what the engine knows of it, 128.

use std::collections::VecDeque;

use crate::message::MessageId;

/// A record in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The segment; 0 while the record is not yet durable.
    pub segment: u32,
    /// Its first byte.
    pub at: u32,
    /// Its bytes.
    pub len: u16,
}

impl Place {
    /// The place of a record that is not yet durable and has `len` bytes.
    pub const fn pending(len: u16) -> Self {
        Self { segment: 0, at: 0, len }
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    id: MessageId,
    place: Place,
}

const _: () = assert!(size_of::<Entry>() <= 16);

/// The places of all bodies, by id.
#[derive(Debug, Default)]
pub struct Index {
    entries: VecDeque<Entry>,
    bytes: u64,
}

impl Index {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The lengths of all records with a body, summed up.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn get(&self, id: MessageId) -> Option<Place> {
        self.find(id).ok().map(|place| self.entries[place].place)
    }

    /// Adds a message, or moves it if it is there.
    pub fn set(&mut self, id: MessageId, place: Place) {
        match self.find(id) {
            Ok(at) => {
                self.bytes -= u64::from(self.entries[at].place.len);
                self.entries[at].place = place;
            }
            // Ids grow: but for the recovery of copied ones this is the end.
            Err(at) => self.entries.insert(at, Entry { id, place }),
        }
        self.bytes += u64::from(place.len);
    }

    pub fn remove(&mut self, id: MessageId) {
        if let Some(entry) = self.find(id).ok().and_then(|at| self.entries.remove(at)) {
            self.bytes -= u64::from(entry.place.len);
        }
    }

    /// The ids of the messages in that segment, the smallest first.
    pub fn in_segment(&self, segment: u32) -> impl Iterator<Item = MessageId> {
        self.entries.iter().filter(move |e| e.place.segment == segment).map(|e| e.id)
    }

    fn find(&self, id: MessageId) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&id, |e| e.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_by_id_in_whatever_order_they_came() {
        let mut index = Index::default();
        for id in [5, 9, 7, 6] {
            index.set(id, Place { segment: id / 7, at: 1, len: 100 });
        }
        index.set(9, Place { segment: 3, at: 2, len: 50 });
        index.remove(6);
        index.remove(6);
        assert_eq!(index.get(9), Some(Place { segment: 3, at: 2, len: 50 }));
        assert_eq!(index.get(6), None);
        assert_eq!((index.len(), index.bytes()), (3, 250));
        assert!(index.in_segment(1).eq([7]));
    }
}
