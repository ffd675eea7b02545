//! The received messages that are kept, what is remembered of each line's inbox, and what a page
//! makes of both. Texts lie in the journal.

use std::collections::VecDeque;

use super::auto_reply::Question;
use super::inbox::{Mark, Window};
use super::joining::{Plan, Times, Waiting};
use super::poll::ROOM_BYTES;
use super::restore::TRUST_WAIT_MS;
use super::{Choice, Engine, Now};
use crate::goip::{InboxEntry, InboxLine, MAX_SLOTS};
use crate::journal::{BootId, InboxIds, InboxWindow, Received, Record, Stamp, Ticket};
use crate::message::{LineName, Number, Part, Quoted, ReceivedId};

/// What the record of a received message takes besides its texts, at most.
const RECEIVED_BYTES: usize = 128;

/// What the records of a line's windows take that one page can lead to.
const WINDOWS_BYTES: usize = 2 * 448;

/// Lines of whose inbox something is remembered, those included that are not configured any more;
/// as many as the journal keeps.
const MAX_WINDOWS: usize = 256;

/// After damage, ids may have been given out of which nothing is left: so many are left out.
const LOST_IDS: ReceivedId = 10_000;

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
    pub(super) fn one(place: usize) -> Self {
        let mut one = Self::NONE;
        one.add(place);
        one
    }

    /// Takes the line at that place away.
    pub(super) fn remove(&mut self, place: usize) {
        if let Some(bits) = self.0.get_mut(place / 32) {
            *bits &= !(1 << (place % 32));
        }
    }

    /// Whether the line at that place is among them.
    pub(super) fn contains(self, place: usize) -> bool {
        self.0.get(place / 32).is_some_and(|bits| bits >> (place % 32) & 1 == 1)
    }

    /// Those that are in both.
    pub(super) fn and(self, other: Self) -> Self {
        self.with(other, |a, b| a & b)
    }

    /// Those that are in either.
    pub(super) fn or(self, other: Self) -> Self {
        self.with(other, |a, b| a | b)
    }

    /// Those that are not in the other.
    pub(super) fn without(self, other: Self) -> Self {
        self.with(other, |a, b| a & !b)
    }

    pub(super) fn is_empty(self) -> bool {
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
struct Entry {
    id: ReceivedId,
    /// When, by the wall clock, and whether that was set.
    unix_s: u32,
    trusted: bool,
    /// It was joined of parts.
    joined: bool,
    /// When, in milliseconds since boot; 0 if it was in an earlier boot.
    since_ms: u64,
    /// The line's place; `None` if it is not configured any more.
    line: Option<u8>,
}

/// With its place in the journal's index, 128 bytes at most.
const _: () = assert!(size_of::<Entry>() <= 24);

/// All received messages, oldest first.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    entries: VecDeque<Entry>,
    ids: InboxIds,
    /// What is remembered of each line's inbox, by the records that were handed to the journal.
    windows: Vec<(LineName, Window)>,
    /// Up to which message all are durable, and the tickets with which more are.
    shown: ReceivedId,
    pending: Vec<(Ticket, ReceivedId)>,
    /// While records are restored: joined messages of which only parts were met.
    pub(super) cut: Vec<Received>,
    /// What the journal has room for, in bytes; `None`: for anything.
    room_bytes: Option<usize>,
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
    fn put(&mut self, entry: Entry) {
        if let Err(place) = self.entries.binary_search_by_key(&entry.id, |e| e.id) {
            self.entries.insert(place, entry);
        }
    }

    fn window(&self, line: &LineName) -> Option<&Window> {
        self.windows.iter().find(|(name, _)| name == line).map(|(_, window)| window)
    }

    fn set_window(&mut self, line: &LineName, window: Window) {
        if let Some((_, known)) = self.windows.iter_mut().find(|(name, _)| name == line) {
            *known = window;
        } else if self.windows.len() < MAX_WINDOWS {
            self.windows.push((line.clone(), window));
        }
    }

    /// The messages behind `after` that may be shown, oldest first.
    fn after(&self, after: ReceivedId) -> impl DoubleEndedIterator<Item = &Entry> {
        let start = self.entries.partition_point(|e| e.id <= after);
        let end = self.entries.partition_point(|e| e.id <= self.shown);
        self.entries.range(start.min(end)..end)
    }

    /// How long ago the oldest but `skip` was received, as a key to compare with others.
    pub fn age_key(&self, skip: usize) -> Option<(u64, u32)> {
        self.entries.get(skip).map(|e| (e.since_ms, e.unix_s))
    }
}

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

    /// One line's whole list of the inbox page.
    pub(super) fn inbox_shown(&mut self, now: Now, device: usize, page: InboxLine) {
        let lines = &self.devices[device].lines;
        let place = lines.start + usize::from(page.line) - 1;
        if !lines.contains(&place) {
            return;
        }
        let mut seen_ms = Times::new();
        if let Some(waiting) = self.lines[place].waiting.take() {
            if self.goes_on(place, &waiting.page, &page) {
                seen_ms = waiting.seen_ms;
            } else {
                // What waited is not there any more as it was: it is taken as it is.
                self.take_page(now, place, &waiting.page, None);
            }
        }
        if self.take_page(now, place, &page, Some(seen_ms)) {
            self.may_delete(now, device, &page);
        }
    }

    /// Whether a page shows all that was new on the one before, and more at most behind it.
    fn goes_on(&self, place: usize, before: &InboxLine, page: &InboxLine) -> bool {
        let Some(known) = self.inbox.window(&self.lines[place].name) else { return false };
        let (before, page) = (marks_of(before), marks_of(page));
        let (was, is) = (known.compare(&before), known.compare(&page));
        let same = |(a, b): (&u8, &u8)| before[usize::from(*a)] == page[usize::from(*b)];
        was.gap == is.gap && was.new.len() <= is.new.len() && was.new.iter().zip(&is.new).all(same)
    }

    /// Takes what is new on a page; says whether all of it is stored. With `seen_ms`, when its first
    /// new entries were seen, some may wait.
    pub(super) fn take_page(
        &mut self,
        now: Now,
        place: usize,
        page: &InboxLine,
        seen_ms: Option<Times>,
    ) -> bool {
        let device = usize::from(self.lines[place].id.device);
        let marks = marks_of(page);
        let name = self.lines[place].name.clone();
        let known = self.inbox.window(&name).cloned();
        let is_new = known.is_none();
        let known = known.unwrap_or_default();
        let seen = known.compare(&marks);
        if seen.new.is_empty() && !seen.gap && seen.before.is_none() && seen.behind.is_none() {
            return true;
        }
        let new = seen.new.iter().filter_map(|&slot| page.entries.get(usize::from(slot)));
        let new: heapless::Vec<&InboxEntry, MAX_SLOTS> = new.collect();
        let mut plan = if self.devices[device].inbox.settings.join && !seen.old {
            Plan::joined(now, &new)
        } else {
            Plan::single(new.len())
        };
        // What is written down behind a page stands for all of it.
        if let Some(mut seen_ms) = seen_ms.filter(|_| seen.behind.is_none() && self.waits(device)) {
            seen_ms.extend((seen_ms.len()..new.len()).map(|_| now.boot_ms));
            plan.wait(now, &new, &seen.new, &seen_ms);
            if plan.take < new.len() {
                let seen_ms = seen_ms[plan.take..].iter().copied().collect();
                let waiting = Waiting { page: page.clone(), seen_ms, until_ms: plan.until_ms };
                self.lines[place].waiting = Some(Box::new(waiting));
                if plan.take == 0 {
                    return false;
                }
            }
        }
        let taken = &new[..plan.take];
        let record_bytes = |(at, entry): (usize, &&InboxEntry)| {
            record_bytes(entry) * if plan.joined_behind(at).is_some() { 2 } else { 1 }
        };
        let bytes = taken.iter().enumerate().map(record_bytes).sum::<usize>() + WINDOWS_BYTES;
        if !self.inbox.has_room(bytes) {
            self.lines[place].waiting = None;
            if !core::mem::replace(&mut self.devices[device].inbox.short, true) {
                log::warn!(
                    "{name}: there is no room for what was received; it stays in the box until there is"
                );
            }
            return false;
        }
        self.devices[device].inbox.short = false;
        self.inbox.room_bytes = self.inbox.room_bytes.map(|room| room - bytes);
        if seen.gap {
            log::warn!("{name}: messages may have come and gone unseen: the inbox shows none that is known");
            self.lines[place].gaps = self.lines[place].gaps.wrapping_add(1);
        }
        // What is noted from here on stands behind a window, whatever the journal drops.
        let first = (is_new || seen.gap).then_some(known);
        if let Some(window) = seen.before.or(first) {
            self.put_window(&name, window, seen.gap.then(|| now.stamp()));
        }
        let old = seen.old && !self.devices[device].inbox.settings.first_events;
        let mut ids = heapless::Vec::<ReceivedId, MAX_SLOTS>::new();
        for (at, entry) in taken.iter().enumerate() {
            let own = self.inbox.ids.newest.saturating_add(1);
            // As many as the page has slots.
            let _ = ids.push(own);
            let part_of = plan.joined_behind(at).map_or(0, |behind| own.saturating_add(behind));
            let canary = self.canary_received(now, &entry.text);
            let received = Received {
                id: own,
                at: now.stamp(),
                line: name.clone(),
                from: entry.from.clone(),
                device_time: entry.device_time.clone(),
                text: entry.text.clone(),
                old: old || canary,
                copied: false,
                part_of,
                parts: Vec::new(),
            };
            self.receive(now, received);
            if part_of > 0 && plan.part(at).is_some() {
                let parts = (0..=at).filter(|&other| plan.is_one(other, at));
                let text: Vec<&str> = parts.clone().map(|part| &*taken[part].text).collect();
                let first = parts.clone().next().unwrap_or(at);
                self.receive(
                    now,
                    Received {
                        id: part_of,
                        at: now.stamp(),
                        line: name.clone(),
                        from: entry.from.clone(),
                        device_time: taken[first].device_time.clone(),
                        text: text.concat().into(),
                        old,
                        copied: false,
                        part_of: 0,
                        parts: parts.map(|part| ids[part]).collect(),
                    },
                );
            }
        }
        if old && !seen.new.is_empty() {
            log::info!("{name}: {} messages were in the inbox before", seen.new.len());
        }
        if let Some(window) = seen.behind {
            self.put_window(&name, window, None);
        }
        self.devices[device].inbox.ticket = self.ticket;
        self.inbox.pending.push((self.ticket, self.inbox.ids.newest));
        let too_many = self.inbox.entries.len().saturating_sub(self.settings.keep_messages as usize);
        self.forget_received(too_many);
        self.note_received_age(now);
        plan.take == new.len()
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

    /// Takes back what the journal kept of a received message, received in `boot`.
    pub(super) fn restore_received(&mut self, received: &Received, boot: BootId) {
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
    pub(super) fn restore_window(&mut self, record: &InboxWindow) {
        let marks: Vec<Mark> = record.marks.iter().map(|&mark| Mark(mark)).collect();
        self.inbox.set_window(&record.line, Window::new(record.known, record.settled, &marks));
    }

    /// Takes back how far received messages are numbered and forgotten.
    pub(super) fn restore_inbox_ids(&mut self, ids: InboxIds) {
        self.inbox.ids.newest = self.inbox.ids.newest.max(ids.newest);
        self.inbox.ids.forgotten = self.inbox.ids.forgotten.max(ids.forgotten);
        let gone = self.inbox.entries.partition_point(|e| e.id <= ids.forgotten);
        self.inbox.entries.drain(..gone);
    }

    /// All records were restored.
    pub(super) fn inbox_restored(&mut self, now: Now, damaged: bool) {
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

fn marks_of(page: &InboxLine) -> heapless::Vec<Mark, MAX_SLOTS> {
    page.entries.iter().take(MAX_SLOTS).map(Mark::from).collect()
}

fn record_bytes(entry: &InboxEntry) -> usize {
    entry.text.len() + entry.from.len() + entry.device_time.len() + RECEIVED_BYTES
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
