//! The index of all messages that are kept: what the engine must know of each, and no more.
//! Numbers, texts, keys and tags lie in the journal.

use std::collections::VecDeque;

use super::Choice;
use super::choosing::{Candidate, Wish};
use crate::deque;
use crate::journal::{Origin, Stamp};
use crate::message::{
    ClientId, Encoding, JobId, LineId, MessageId, NumberMark, OnUnknown, Priority, Problem, State,
};

/// What the engine knows of one message.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub id: MessageId,
    /// Whose it is.
    pub whose: Whose,
    pub created_s: u32,
    pub updated_s: u32,
    pub ttl_s: u32,
    /// Milliseconds since boot after which it is not sent any more.
    pub deadline_ms: u64,
    /// While it is queued: not to be tried before. Once it is final: when it became so.
    pub since_ms: u64,
    /// Hash of its origin and idempotency key; 0 without one.
    pub key: u32,
    /// Of its receiver.
    pub to: NumberMark,
    pub job: JobId,
    /// Few have one, and it is large.
    pub problem: Option<Box<Problem>>,
    /// The line it goes or went out on.
    pub line: Option<LineId>,
    pub choice: Choice,
    /// The wall time before which it is not to be tried, Unix seconds; 0 without one.
    pub at_s: u32,
    /// Hash of what it collapses with; 0 without.
    pub collapse: u16,
    pub attempts: u16,
    pub state: State,
    pub priority: Priority,
    pub encoding: Encoding,
    pub segments: u8,
    /// What its text takes in a form, in bytes.
    pub form_bytes: u16,
    pub tries: Tries,
    /// Its outcome was unknown once: nobody can say any more that it was not sent.
    pub perhaps_sent: bool,
    /// Which of the configured prefixes its receiver has, and the line of the last message to it.
    pub prefix: u8,
    pub wish: Wish,
    /// It stands before its id in the order.
    pub early: bool,
    /// How many messages, with ids from its own on, were accepted with it as one; 0 for it alone.
    pub members: u8,
}

impl Entry {
    pub fn origin(&self) -> Origin {
        self.whose.origin()
    }

    pub fn problem(&self) -> Option<Problem> {
        self.problem.as_deref().copied()
    }

    pub fn set_problem(&mut self, problem: Option<Problem>) {
        self.problem = problem.map(Box::new);
    }

    /// What the choice of its line looks at.
    pub fn candidate(&self) -> Candidate {
        Candidate {
            choice: self.choice,
            origin: self.origin(),
            priority: self.priority,
            segments: self.segments,
            prefix: self.prefix,
            wish: self.wish,
        }
    }
}

/// An [`Origin`] without the gap that its alignment leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whose([u8; 5]);

impl From<Origin> for Whose {
    fn from(origin: Origin) -> Self {
        let (kind, id) = match origin {
            Origin::Local => (0, 0),
            Origin::Client(ClientId(id)) => (1, id),
            Origin::Reply(id) => (2, id),
            Origin::Confirm(id) => (3, id),
        };
        let [a, b, c, d] = id.to_le_bytes();
        Self([kind, a, b, c, d])
    }
}

impl Whose {
    fn origin(self) -> Origin {
        let [kind, a, b, c, d] = self.0;
        let id = u32::from_le_bytes([a, b, c, d]);
        match kind {
            0 => Origin::Local,
            1 => Origin::Client(ClientId(id)),
            2 => Origin::Reply(id),
            _ => Origin::Confirm(id),
        }
    }
}

/// What follows from its tries, in a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tries(u8);

impl Tries {
    /// The most that is counted: more changes nothing.
    const MAX_STRIKES: u8 = 7;
    const MAX_PAUSES: u8 = 15;
    const RESEND: u8 = 0x80;

    pub fn new(on_unknown: OnUnknown) -> Self {
        Self(if on_unknown == OnUnknown::Resend { Self::RESEND } else { 0 })
    }

    /// What to do with an unknown outcome.
    pub fn on_unknown(self) -> OnUnknown {
        if self.0 & Self::RESEND == 0 { OnUnknown::Hold } else { OnUnknown::Resend }
    }

    /// How often in a row the box refused it with the same words.
    pub fn strikes(self) -> u8 {
        self.0 >> 4 & Self::MAX_STRIKES
    }

    /// How many pauses of its own it has had.
    pub fn pauses(self) -> u8 {
        self.0 & Self::MAX_PAUSES
    }

    pub fn set_strikes(&mut self, strikes: u8) {
        self.set(strikes, self.pauses());
    }

    pub fn set_pauses(&mut self, pauses: u8) {
        self.set(self.strikes(), pauses);
    }

    pub fn set(&mut self, strikes: u8, pauses: u8) {
        let [strikes, pauses] = [strikes.min(Self::MAX_STRIKES), pauses.min(Self::MAX_PAUSES)];
        self.0 = self.0 & Self::RESEND | strikes << 4 | pauses;
    }
}

/// A queued message, its place in the journal's index and all, may cost 128 bytes of RAM.
const _: () = assert!(size_of::<Entry>() <= 96);

impl Entry {
    /// Whether its sender has asked for a time that is still to come. The ttl begins then, to the
    /// second; where it has begun before, the message waits for something else.
    pub fn waits(&self, now_ms: u64) -> bool {
        let begins = self.since_ms + u64::from(self.ttl_s) * 1000 < self.deadline_ms + 1000;
        self.state == State::Queued && self.attempts == 0 && self.since_ms > now_ms && begins
    }
}

/// All messages, oldest first.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: VecDeque<Entry>,
    counts: [u32; State::ALL.len()],
    /// Messages that took the place of older ones: those places, in their order, and who is there.
    early: Vec<(MessageId, MessageId)>,
}

impl Index {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many messages are in that state.
    pub fn count(&self, state: State) -> u32 {
        self.counts[state as usize]
    }

    /// How many messages are not final.
    pub fn working(&self) -> u32 {
        State::ALL.into_iter().filter(|s| !s.is_final()).map(|s| self.count(s)).sum()
    }

    /// Adds a message with the highest id of all.
    pub fn push(&mut self, entry: Entry) {
        self.counts[entry.state as usize] += 1;
        self.entries.push_back(entry);
    }

    /// Adds a message of any id, or puts it in the place of the one with its id.
    pub fn put(&mut self, entry: Entry) {
        self.counts[entry.state as usize] += 1;
        match self.place(entry.id) {
            Ok(place) => {
                let before = core::mem::replace(&mut self.entries[place], entry);
                self.counts[before.state as usize] -= 1;
            }
            Err(place) => deque::insert(&mut self.entries, place, entry),
        }
    }

    /// The highest id; 0 without a message.
    pub fn last_id(&self) -> MessageId {
        self.entries.back().map_or(0, |e| e.id)
    }

    pub fn get(&self, id: MessageId) -> Option<&Entry> {
        self.entries.get(self.place(id).ok()?)
    }

    /// For everything but the state, which only [`Self::set_state`] changes.
    pub fn get_mut(&mut self, id: MessageId) -> Option<&mut Entry> {
        let place = self.place(id).ok()?;
        self.entries.get_mut(place)
    }

    pub fn set_state(&mut self, id: MessageId, state: State, at: Stamp) {
        if state.is_final() {
            self.set_order(id, 0);
        }
        if let Ok(place) = self.place(id) {
            let entry = &mut self.entries[place];
            self.counts[entry.state as usize] -= 1;
            self.counts[state as usize] += 1;
            entry.state = state;
            entry.updated_s = at.unix_s;
            entry.since_ms = at.boot_ms;
        }
    }

    pub fn remove(&mut self, id: MessageId) {
        self.set_order(id, 0);
        if let Some(entry) = self.place(id).ok().and_then(|place| deque::remove(&mut self.entries, place)) {
            self.counts[entry.state as usize] -= 1;
        }
    }

    /// All messages, oldest first; not to change a state.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut()
    }

    /// All messages, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The messages with an id above `after`, oldest first.
    pub fn after(&self, after: MessageId) -> impl Iterator<Item = &Entry> {
        let start = match self.place(after) {
            Ok(place) => place + 1,
            Err(place) => place,
        };
        self.entries.range(start..)
    }

    /// Puts a message where an older one, `order`, stood; 0: where its id stands.
    pub fn set_order(&mut self, id: MessageId, order: MessageId) {
        let Some(entry) = self.get_mut(id).filter(|e| e.early || order > 0) else { return };
        entry.early = order > 0;
        self.early.retain(|&(_, known)| known != id);
        if order > 0 {
            let place = self.early.partition_point(|&early| early < (order, id));
            self.early.insert(place, (order, id));
        }
    }

    /// The messages behind the place `after`, in the order in which they are to go, with their
    /// places.
    pub fn in_order(&self, after: MessageId) -> impl Iterator<Item = (MessageId, &Entry)> {
        let mut place = match self.place(after) {
            Ok(place) => place + 1,
            Err(place) => place,
        };
        let mut early = self.early.partition_point(|&(order, _)| order <= after);
        core::iter::from_fn(move || {
            while self.entries.get(place).is_some_and(|e| e.early) {
                place += 1;
            }
            let own = self.entries.get(place);
            match self.early.get(early) {
                Some(&(order, id)) if own.is_none_or(|e| order < e.id) => {
                    early += 1;
                    Some((order, self.get(id)?))
                }
                _ => {
                    place += 1;
                    own.map(|e| (e.id, e))
                }
            }
        })
    }

    /// The messages with that hash of origin and key.
    pub fn with_key(&self, key: u32) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |e| e.key == key)
    }

    fn place(&self, id: MessageId) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&id, |e| e.id)
    }
}
