//! From the journal's records back to the received messages and what is remembered of inboxes.

use super::index::Entry;
use crate::engine::inbox::{Mark, Window};
use crate::engine::{Engine, Now};
use crate::journal::{BootId, InboxIds, InboxWindow, Received, Record};
use crate::message::ReceivedId;

/// After damage, ids may have been given out of which nothing is left: so many are left out.
const LOST_IDS: ReceivedId = 10_000;

impl Engine {
    /// Takes back what the journal kept of a received message, received in `boot`.
    pub(in crate::engine) fn restore_received(&mut self, received: &Received, boot: BootId) {
        let ids = &mut self.inbox.ids;
        ids.newest = ids.newest.max(received.id);
        if !received.copied {
            self.note_mark(received);
            self.restore_part(received);
        }
        if !received.old && !received.copied && received.part_of == 0 {
            self.restore_heard(received.at.unix_s, &received.from, &received.text);
        }
        if received.id <= self.inbox.ids.forgotten {
            return;
        }
        let this_boot = boot == self.boot && !received.copied;
        let entry = Entry {
            id: received.id,
            unix_s: received.at.unix_s,
            trusted: received.at.trusted,
            joined: !received.parts.is_empty(),
            since_ms: if this_boot { received.at.boot_ms } else { 0 },
            line: self.place_of(&received.line).map(|place| place as u8),
        };
        self.inbox.put(entry);
    }

    /// Takes back what the journal kept of a line's inbox.
    pub(in crate::engine) fn restore_window(&mut self, record: &InboxWindow) {
        let marks: Vec<Mark> = record.marks.iter().map(|&mark| Mark(mark)).collect();
        self.inbox.set_window(&record.line, Window::new(record.known, record.settled, &marks));
    }

    /// Takes back how far received messages are numbered and forgotten.
    pub(in crate::engine) fn restore_inbox_ids(&mut self, ids: InboxIds) {
        self.inbox.ids.newest = self.inbox.ids.newest.max(ids.newest);
        self.inbox.ids.forgotten = self.inbox.ids.forgotten.max(ids.forgotten);
        let gone = self.inbox.entries.partition_point(|e| e.id <= ids.forgotten);
        self.inbox.entries.drain(..gone);
    }

    /// All records were restored.
    pub(in crate::engine) fn inbox_restored(&mut self, now: Now, damaged: bool) {
        if damaged && self.inbox.ids.newest > 0 {
            self.inbox.ids.newest = self.inbox.ids.newest.saturating_add(LOST_IDS);
            self.record(Record::InboxIds(self.inbox.ids));
            // Of what a line's inbox has shown, anything may be missing, so its order tells
            // nothing: what is alike is old, and a gap is told.
            for (name, window) in self.inbox.windows.clone() {
                self.put_window(&name, Window::new(window.is_known(), false, window.marks()), None);
            }
        }
        self.inbox.shown = self.inbox.ids.newest;
        self.make_up(now);
        self.inbox.pending.push((self.ticket, self.inbox.ids.newest));
        // That they were forgotten may not have been written any more, or fewer are kept now.
        let too_many = self.inbox.entries.len().saturating_sub(self.settings.keep_messages as usize);
        self.forget_received(too_many);
    }
}
