//! Where each message's body lies, and what is remembered of each line's inbox. 16 bytes a message:
//! with what the engine knows of it, 128.

use std::collections::VecDeque;

use crate::deque;
use crate::message::{LineName, MessageId, ReceivedId};

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

/// What is kept until it is forgotten, and is copied forward until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A message that is sent.
    Sent(MessageId),
    /// A received message.
    Received(ReceivedId),
    /// What is remembered of a line's inbox: from this record on. The line's place among the names.
    Window(u32),
}

/// Lines of whose inbox something is remembered, those included that are not configured any more.
/// At most 128 are at a time.
const MAX_LINES: usize = 256;

/// What a window becomes behind its record, at most, without its line's name: 40 marks.
const WINDOW_BYTES: u64 = 384;

/// The places of everything that is kept.
#[derive(Debug, Default)]
pub struct Index {
    sent: Places,
    received: Places,
    windows: Places,
    names: Vec<LineName>,
}

impl Index {
    /// How many messages there are, sent and received.
    pub fn len(&self) -> usize {
        self.sent() + self.received.entries.len()
    }

    /// How many messages there are that are sent.
    pub fn sent(&self) -> usize {
        self.sent.entries.len()
    }

    /// What all that takes where it is copied forward, without what has become of the messages.
    pub fn bytes(&self) -> u64 {
        self.sent.bytes + self.received.bytes + self.windows.entries.len() as u64 * WINDOW_BYTES
    }

    pub fn get(&self, subject: Subject) -> Option<Place> {
        let (places, id) = match subject {
            Subject::Sent(id) => (&self.sent, id),
            Subject::Received(id) => (&self.received, id),
            Subject::Window(id) => (&self.windows, id),
        };
        places.get(id)
    }

    /// Adds it, or moves it if it is there.
    pub fn set(&mut self, subject: Subject, place: Place) {
        let (places, id) = self.places(subject);
        places.set(id, place);
    }

    pub fn remove(&mut self, subject: Subject) {
        let (places, id) = self.places(subject);
        places.remove(id);
    }

    /// Received messages up to that one are not kept any more.
    pub fn forget_received(&mut self, up_to: ReceivedId) {
        while let Some(first) = self.received.entries.front().map(|e| e.id).filter(|&id| id <= up_to) {
            self.received.remove(first);
        }
    }

    /// What lies in that segment: messages, the smallest ids first, then windows.
    pub fn in_segment(&self, segment: u32) -> impl Iterator<Item = Subject> {
        let sent = self.sent.in_segment(segment).map(Subject::Sent);
        let received = self.received.in_segment(segment).map(Subject::Received);
        let windows = self.windows.in_segment(segment).map(Subject::Window);
        sent.chain(received).chain(windows)
    }

    /// A line's window as a subject; `None` if there is room for no other line.
    pub fn window(&mut self, line: &LineName) -> Option<Subject> {
        let place = self.names.iter().position(|known| known == line).or_else(|| {
            let room = self.names.len() < MAX_LINES;
            room.then(|| self.names.push(line.clone()))?;
            Some(self.names.len() - 1)
        });
        place.map(|place| Subject::Window(place as u32))
    }

    /// The line of the window with that number.
    pub fn line(&self, window: u32) -> Option<&LineName> {
        self.names.get(window as usize)
    }

    fn places(&mut self, subject: Subject) -> (&mut Places, u32) {
        match subject {
            Subject::Sent(id) => (&mut self.sent, id),
            Subject::Received(id) => (&mut self.received, id),
            Subject::Window(id) => (&mut self.windows, id),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    id: u32,
    place: Place,
}

const _: () = assert!(size_of::<Entry>() <= 16);

/// The places of one kind, by id.
#[derive(Debug, Default)]
struct Places {
    entries: VecDeque<Entry>,
    /// The lengths of all their records, summed up.
    bytes: u64,
}

impl Places {
    fn get(&self, id: u32) -> Option<Place> {
        self.find(id).ok().map(|place| self.entries[place].place)
    }

    fn set(&mut self, id: u32, place: Place) {
        match self.find(id) {
            Ok(at) => {
                self.bytes -= u64::from(self.entries[at].place.len);
                self.entries[at].place = place;
            }
            // Ids grow: but for the recovery of copied ones this is the end.
            Err(at) => deque::insert(&mut self.entries, at, Entry { id, place }),
        }
        self.bytes += u64::from(place.len);
    }

    fn remove(&mut self, id: u32) {
        if let Some(entry) = self.find(id).ok().and_then(|at| deque::remove(&mut self.entries, at)) {
            self.bytes -= u64::from(entry.place.len);
        }
    }

    fn in_segment(&self, segment: u32) -> impl Iterator<Item = u32> {
        self.entries.iter().filter(move |e| e.place.segment == segment).map(|e| e.id)
    }

    fn find(&self, id: u32) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&id, |e| e.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn place(segment: u32, at: u32, len: u16) -> Place {
        Place { segment, at, len }
    }

    #[test]
    fn messages_are_found_by_id_in_whatever_order_they_came() {
        let mut index = Index::default();
        for id in [5, 9, 7, 6] {
            index.set(Subject::Sent(id), place(id / 7, 1, 100));
        }
        index.set(Subject::Sent(9), place(3, 2, 50));
        index.remove(Subject::Sent(6));
        index.remove(Subject::Sent(6));
        assert_eq!(index.get(Subject::Sent(9)), Some(place(3, 2, 50)));
        assert_eq!(index.get(Subject::Sent(6)), None);
        assert_eq!((index.sent(), index.bytes()), (3, 250));
        assert!(index.in_segment(1).eq([Subject::Sent(7)]));
    }

    #[test]
    fn received_messages_are_counted_by_themselves_and_forgotten_from_the_oldest_on() {
        let mut index = Index::default();
        for id in 1..=5 {
            index.set(Subject::Received(id), place(1, id, 10));
        }
        index.set(Subject::Sent(3), place(1, 9, 100));
        index.forget_received(3);
        let left = [Subject::Sent(3), Subject::Received(4), Subject::Received(5)];
        assert!(index.in_segment(1).eq(left));
        assert_eq!((index.sent(), index.bytes()), (1, 120));
    }

    #[test]
    fn a_window_belongs_to_its_line_and_there_is_room_for_so_many() {
        let mut index = Index::default();
        let line = |n: usize| LineName { device: format!("box{n}").as_str().try_into().unwrap(), line: 1 };
        for n in 0..MAX_LINES {
            assert_eq!(index.window(&line(n)), Some(Subject::Window(n as u32)));
        }
        assert_eq!(index.window(&line(7)), Some(Subject::Window(7)));
        assert_eq!(index.window(&line(MAX_LINES)), None);
        assert_eq!(index.line(7), Some(&line(7)));
    }
}
