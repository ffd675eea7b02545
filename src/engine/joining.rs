//! Long messages: which new entries of a page are taken now, which wait for more of their message,
//! and what becomes of one whose parts a crash has cut off. What waits is in memory alone: the box
//! still shows it after a restart, and if it does not, it is taken from here.

use super::inbox::{JOIN_WITHIN_S, MAX_PARTS, Piece, device_unix_s, joined, may_go_on};
use super::{Engine, Now};
use crate::goip::{InboxEntry, InboxLine, MAX_SLOTS};
use crate::journal::Received;

/// A box that is read less often, in seconds, is not waited for: the next part would be too late,
/// or the first one gone.
const WAIT_INTERVAL_S: u32 = JOIN_WITHIN_S / 3;

/// An entry that has so many before it waits no longer, so that none of the box's twenty is lost.
const WAIT_SLOTS: u8 = 10;

/// A page with longer texts than this waits for nothing, in bytes; twenty parts have some 4 KiB.
const WAIT_BYTES: usize = 8192;

/// Joins that a crash has cut off, at most: no page begins more.
const MAX_CUT: usize = MAX_SLOTS;

/// A page of a line of which not all is taken.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub page: InboxLine,
    /// When each entry that is not taken was first seen, the oldest message first.
    pub seen_ms: Times,
    /// When it is looked at again.
    pub until_ms: u64,
}

/// Milliseconds since boot, of new entries.
pub(super) type Times = heapless::Vec<u64, MAX_SLOTS>;

/// What is done with the new entries of a page, by their places among these, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Of each, the first part of its message.
    heads: heapless::Vec<u8, MAX_SLOTS>,
    /// So many are taken.
    pub take: usize,
    /// When the others are looked at again.
    pub until_ms: u64,
}

impl Plan {
    /// Each is a message of its own.
    pub fn single(count: usize) -> Self {
        Self { heads: (0..count as u8).collect(), take: count, until_ms: 0 }
    }

    /// Joins what belongs together.
    pub fn joined(now: Now, new: &[&InboxEntry]) -> Self {
        let mut heads: heapless::Vec<u8, MAX_SLOTS> = new.iter().map(|_| u8::MAX).collect();
        for first in 0..new.len() {
            if heads[first] != u8::MAX {
                continue;
            }
            heads[first] = first as u8;
            let same = |place: &usize| new[*place].from == new[first].from;
            let same: heapless::Vec<usize, MAX_SLOTS> = (first..new.len()).filter(same).collect();
            let piece = |&place: &usize| Piece {
                text: &new[place].text,
                at_s: device_unix_s(&new[place].device_time, 0, now.unix_s).unwrap_or(now.unix_s),
            };
            let pieces: heapless::Vec<Piece<'_>, MAX_SLOTS> = same.iter().map(piece).collect();
            let count = if new[first].from.is_empty() { 1 } else { joined(&pieces) };
            same.iter().take(count).for_each(|&place| heads[place] = first as u8);
        }
        Self { heads, take: new.len(), until_ms: u64::MAX }
    }

    /// Leaves what may go on, and all behind it. `slots` are the places on the page.
    pub fn wait(&mut self, now: Now, new: &[&InboxEntry], slots: &[u8], seen_ms: &[u64]) {
        let mut take = new.len();
        for last in 0..new.len() {
            let Some((count, _)) = self.part(last) else { continue };
            let until_ms = seen_ms[last] + u64::from(JOIN_WITHIN_S) * 1000;
            let is_newest = new[last + 1..].iter().all(|later| later.from != new[last].from);
            if is_newest
                && count < MAX_PARTS
                && until_ms > now.boot_ms
                && !new[last].from.is_empty()
                && may_go_on(&new[last].text)
            {
                take = take.min(usize::from(self.heads[last]));
                self.until_ms = self.until_ms.min(until_ms);
            }
        }
        // A message is taken whole.
        while let Some(&head) = self.heads[take..].iter().find(|&&head| usize::from(head) < take) {
            take = usize::from(head);
        }
        let bytes: usize = new.iter().map(|entry| entry.text.len()).sum();
        if bytes <= WAIT_BYTES && slots.get(take).is_some_and(|&slot| slot < WAIT_SLOTS) {
            self.take = take;
        }
    }

    /// If that entry is the last part of its message: how many parts that has, and the first.
    pub fn part(&self, place: usize) -> Option<(usize, usize)> {
        let head = self.heads[place];
        let is_last = !self.heads[place + 1..].contains(&head);
        is_last.then(|| (self.heads.iter().filter(|&&other| other == head).count(), usize::from(head)))
    }

    /// Whether both are parts of one message.
    pub fn is_one(&self, a: usize, b: usize) -> bool {
        self.heads[a] == self.heads[b]
    }

    /// If that entry is one part of several: how many ids behind its own the joined message gets.
    pub fn joined_behind(&self, place: usize) -> Option<u32> {
        let head = self.heads[place];
        let last = self.heads.iter().rposition(|&other| other == head)?;
        let several = self.heads.iter().filter(|&&other| other == head).count() > 1;
        let ends = |at: &usize| self.part(*at).is_some_and(|(count, _)| count > 1);
        several.then(|| (last - place + (place..last).filter(ends).count() + 1) as u32)
    }
}

impl Engine {
    /// Whether a line's new entries may wait for more.
    pub(super) fn waits(&self, device: usize) -> bool {
        let settings = &self.devices[device].inbox.settings;
        settings.join && settings.interval_s <= WAIT_INTERVAL_S
    }

    /// Looks again at the pages whose time is over.
    pub(super) fn waits_over(&mut self, now: Now) {
        for place in 0..self.lines.len() {
            let waiting = self.lines[place].waiting.take_if(|waiting| waiting.until_ms <= now.boot_ms);
            if let Some(waiting) = waiting {
                self.take_page(now, place, &waiting.page, Some(waiting.seen_ms));
            }
        }
    }

    /// Remembers a part until its joined message is there, when records are restored.
    pub(super) fn restore_part(&mut self, received: &Received) {
        let cut = &mut self.inbox.cut;
        if received.part_of == 0 {
            return cut.retain(|joined| joined.id != received.id);
        }
        match cut.iter_mut().find(|joined| joined.id == received.part_of) {
            Some(joined) => {
                joined.parts.push(received.id);
                joined.text = [&*joined.text, &*received.text].concat().into();
            }
            None => {
                if cut.len() >= MAX_CUT {
                    cut.remove(0);
                }
                let parts = vec![received.id];
                cut.push(Received { id: received.part_of, part_of: 0, parts, ..received.clone() });
            }
        }
    }

    /// Makes up for the joined messages that are missing behind their parts: they have those that
    /// are there. The others are read again.
    pub(super) fn make_up(&mut self, now: Now) {
        let mut cut = core::mem::take(&mut self.inbox.cut);
        cut.sort_unstable_by_key(|joined| joined.id);
        for joined in cut {
            self.receive(now, joined);
        }
    }
}
