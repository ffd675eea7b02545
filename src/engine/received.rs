//! What is received: each message is kept and told of once, and forgotten when its time is over.
//! Texts lie in the journal.

mod index;
mod page;
mod restore;

use super::auto_reply::Question;
use super::inbox::{Mark, Window};
use super::poll::ROOM_BYTES;
use super::{Choice, Engine, Now};
use crate::journal::{InboxWindow, Received, Record, Stamp, TRUST_WAIT_MS};
use crate::message::{LineName, Number, Part, Quoted, ReceivedId};

use index::Entry;
pub(super) use index::Inbox;
pub use index::LineSet;

impl Engine {
    /// What the journal has room for, in bytes: a page that brings more is left to the box until
    /// there is.
    pub fn set_room(&mut self, bytes: usize) {
        let had_room = self.inbox.has_room(ROOM_BYTES);
        self.inbox.room_bytes = Some(bytes);
        if had_room && bytes < ROOM_BYTES && self.devices.iter().any(|d| d.inbox.settings.interval_s > 0) {
            log::warn!("the journal has no room for received messages: inboxes are not read for now");
        }
    }

    /// The received messages behind `after` on those lines, oldest first, each of them durable.
    pub fn received(&self, after: ReceivedId, lines: LineSet) -> impl DoubleEndedIterator<Item = ReceivedId> {
        self.inbox.after(after).filter(move |e| lines.has(e.line)).map(|e| e.id)
    }

    /// Whether somebody who sees the inboxes of those lines may be told of the received message.
    /// Whose it was is not known any more of one that is not kept.
    pub fn may_see_received(&self, id: ReceivedId, lines: LineSet) -> bool {
        let place = self.inbox.entries.binary_search_by_key(&id, |e| e.id);
        lines.has(place.ok().and_then(|place| self.inbox.entries[place].line))
    }

    /// Whether `part` is one of those lines.
    pub fn may_see_line(&self, part: &Part, lines: LineSet) -> bool {
        let place = self.lines.iter().position(|line| Part::from(&line.name) == *part);
        lines.has(place.map(|place| place as u8))
    }

    /// The lines that these choices mean; without choices all, also those of former days.
    pub fn line_set(&self, choices: &[Choice]) -> LineSet {
        if choices.is_empty() {
            return LineSet::ALL;
        }
        let mut set = LineSet::NONE;
        choices.iter().flat_map(|choice| self.places(*choice)).for_each(|place| set.add(place));
        set
    }

    /// What is remembered of a line's inbox, as a record.
    pub fn inbox_window(&self, line: &LineName) -> Option<InboxWindow> {
        self.inbox.window(line).map(|window| window_record(line, window, None))
    }

    /// Whether that received message was joined of parts.
    pub fn is_joined(&self, id: ReceivedId) -> bool {
        let place = self.inbox.entries.binary_search_by_key(&id, |e| e.id);
        place.is_ok_and(|place| self.inbox.entries[place].joined)
    }

    /// Keeps a new message.
    pub(super) fn receive(&mut self, now: Now, mut received: Received) {
        let id = received.id;
        let (old, is_whole, is_joined) = (received.old, received.part_of == 0, !received.parts.is_empty());
        if self.inbox.ids.newest == ReceivedId::MAX {
            log::error!("all 4294967295 ids of received messages are used up");
            return;
        }
        received.at = now.stamp();
        let place = self.place_of(&received.line);
        if !is_joined && let Some(place) = place {
            let count = &mut self.lines[place].received;
            *count = count.wrapping_add(1);
        }
        if !old && is_whole {
            let from = Number::parse(&received.from).map(|number| number.masked().to_string());
            let from = from.unwrap_or_else(|_| received.from.as_str().to_owned());
            log::info!("received message {id} on {} from {}", received.line, Quoted(&from));
        }
        self.note_mark(&received);
        self.inbox.ids.newest = self.inbox.ids.newest.max(id);
        self.inbox.put(Entry {
            id,
            unix_s: now.unix_s,
            trusted: now.trusted,
            joined: is_joined,
            since_ms: now.boot_ms,
            line: place.map(|place| place as u8),
        });
        if !is_whole {
            // The joined message is heeded.
            self.record(Record::Received(received));
            return;
        }
        // Before the message: if the daemon dies in between, it is read again.
        let heeded = self.heed(now, &received.from, &received.text, old);
        let (from, text) = (received.from.clone(), received.text.clone());
        self.record(Record::Received(received));
        if !old && let Some(place) = place {
            // Behind it: what is written down is not read again, so nobody is answered twice.
            let line = self.lines[place].id;
            self.respond(now, Question { id, line, from: &from, text: &text }, heeded);
        }
    }

    /// A received message is known from now on. A joined one stands in no box.
    fn note_mark(&mut self, received: &Received) {
        let mut windows = self.inbox.windows.iter_mut();
        if received.parts.is_empty()
            && let Some((_, window)) = windows.find(|(name, _)| *name == received.line)
        {
            window.note(Mark::new(&received.device_time, &received.from, &received.text), received.old);
        }
    }

    fn put_window(&mut self, line: &LineName, window: Window, gap: Option<Stamp>) {
        let record = window_record(line, &window, gap);
        self.inbox.set_window(line, window);
        self.record(Record::InboxWindow(record));
    }

    /// Forgets the oldest `count` received messages. What is remembered of the inboxes stays.
    pub(super) fn forget_received(&mut self, count: usize) {
        let mut gone = self.inbox.entries.drain(..count.min(self.inbox.entries.len()));
        let Some(last) = gone.next_back() else { return };
        drop(gone);
        log::debug!("received messages up to {} are not kept any longer", last.id);
        self.inbox.ids.forgotten = last.id;
        self.record(Record::InboxIds(self.inbox.ids));
    }

    /// Forgets the received messages that are old enough.
    pub(super) fn received_ages(&mut self, now: Now) {
        let old = self.inbox.entries.partition_point(|e| self.is_old(now, e));
        self.forget_received(old);
        self.note_received_age(now);
    }

    fn is_old(&self, now: Now, entry: &Entry) -> bool {
        // Of an earlier boot only the wall clock tells how long ago it was.
        let by_wall = entry.since_ms == 0 && now.trusted && entry.trusted;
        by_wall && now.unix_s.saturating_sub(entry.unix_s) >= self.settings.keep_s
            || now.boot_ms >= entry.since_ms + u64::from(self.settings.keep_s) * 1000
    }

    /// Sees to it that the ages are looked at again when the oldest message is old enough.
    fn note_received_age(&mut self, now: Now) {
        let Some(oldest) = self.inbox.entries.front() else { return };
        let waits = oldest.since_ms == 0 && !now.trusted && now.boot_ms < TRUST_WAIT_MS;
        let keep_ms = u64::from(self.settings.keep_s) * 1000;
        let by_wall_s = (oldest.since_ms == 0 && now.trusted && oldest.trusted)
            .then(|| (oldest.unix_s.saturating_add(self.settings.keep_s)).saturating_sub(now.unix_s).max(1));
        let due_ms = by_wall_s.map_or(u64::MAX, |s| now.boot_ms + u64::from(s) * 1000);
        let due_ms = due_ms.min(oldest.since_ms + keep_ms);
        self.ages_ms = self.ages_ms.min(if waits { TRUST_WAIT_MS.min(due_ms) } else { due_ms });
    }
}

/// `gap` says when messages may have been missed.
fn window_record(line: &LineName, window: &Window, gap: Option<Stamp>) -> InboxWindow {
    InboxWindow {
        at: gap.unwrap_or_default(),
        line: line.clone(),
        known: window.is_known(),
        settled: window.is_settled(),
        marks: window.marks().iter().map(|mark| mark.0).collect(),
        gap: gap.is_some(),
    }
}
