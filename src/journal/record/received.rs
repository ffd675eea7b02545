//! What is written down of what is received: the messages, what was seen of the inboxes, and who
//! wants no more messages.

use super::{Record, Stamp};
use crate::message::{DeviceTime, LineName, PackedNumber, ReceivedId, Sender};

/// A message was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its id.
    pub id: ReceivedId,
    /// When it was read from the box.
    pub at: Stamp,
    /// The line that it came in on.
    pub line: LineName,
    /// Its sender, as the network delivered it; may be empty.
    pub from: Sender,
    /// Its time, as the box wrote it; may be empty.
    pub device_time: DeviceTime,
    /// Its text.
    pub text: Box<str>,
    /// It was there before goipd looked for the first time: nobody is told of it.
    pub old: bool,
    /// It was copied forward: that it came has been told before.
    pub copied: bool,
    /// It is a part of that message, which stands behind its last part and is told for all of
    /// them; 0 if it is none.
    pub part_of: ReceivedId,
    /// The parts that it was joined of; empty if it came as it is.
    pub parts: Vec<ReceivedId>,
}

/// A received message, as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedBody<'a> {
    /// Its id.
    pub id: ReceivedId,
    /// When it was read from the box, Unix seconds.
    pub unix_s: u32,
    /// The line that it came in on.
    pub line: LineName,
    /// Its sender; may be empty.
    pub from: &'a str,
    /// Its time, as the box wrote it; may be empty.
    pub device_time: &'a str,
    /// Its text.
    pub text: &'a str,
    /// It was there before goipd looked for the first time.
    pub old: bool,
    /// It is a part of that message; 0 if it is none.
    pub part_of: ReceivedId,
    /// The parts that it was joined of; empty if it came as it is.
    pub parts: Vec<ReceivedId>,
}

/// What is remembered of a line's inbox, in the place of what was remembered before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxWindow {
    /// When; nothing unless there is a gap.
    pub at: Stamp,
    /// The line.
    pub line: LineName,
    /// Whether the line's inbox was read to its end once.
    pub known: bool,
    /// Whether the marks stand in the box's order.
    pub settled: bool,
    /// What the entries are recognised by, the oldest first.
    pub marks: Vec<u64>,
    /// Messages may have come and gone unseen.
    pub gap: bool,
}

/// How far received messages are numbered and forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InboxIds {
    /// The newest id that was given out.
    pub newest: ReceivedId,
    /// Messages up to this one are not kept any more.
    pub forgotten: ReceivedId,
}

impl InboxIds {
    /// Learns from the next record. Both only grow, whatever comes again.
    pub fn note(&mut self, record: &Record) {
        let ids = match record {
            Record::Received(received) => Self { newest: received.id, forgotten: 0 },
            Record::InboxIds(ids) => *ids,
            _ => return,
        };
        self.newest = self.newest.max(ids.newest);
        self.forgotten = self.forgotten.max(ids.forgotten);
    }
}

/// A number that wants no more messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptedOut {
    /// The number.
    pub number: PackedNumber,
    /// Since when, Unix seconds by the wall clock of then.
    pub since_s: u32,
}

/// Numbers want no more messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOut {
    /// When, if it is an event, which is of one number; nothing where a list was imported, or is
    /// copied forward.
    pub at: Option<Stamp>,
    /// The numbers.
    pub numbers: Vec<OptedOut>,
}

/// A number wants messages again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptIn {
    /// When, if it is an event.
    pub at: Option<Stamp>,
    /// The number.
    pub number: PackedNumber,
}
