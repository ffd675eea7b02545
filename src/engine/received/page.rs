//! What a page of a box's inbox brings: what is new on it is taken, as far as there is room, and
//! its parts joined.

use crate::engine::inbox::Mark;
use crate::engine::joining::{Plan, Times, Waiting};
use crate::engine::{Engine, Now};
use crate::goip::{InboxEntry, InboxLine, MAX_SLOTS};
use crate::journal::Received;
use crate::message::ReceivedId;

/// What the record of a received message takes besides its texts, at most.
const RECEIVED_BYTES: usize = 128;

/// What the records of a line's windows take that one page can lead to.
const WINDOWS_BYTES: usize = 2 * 448;

impl Engine {
    /// One line's whole list of the inbox page.
    pub(in crate::engine) fn inbox_shown(&mut self, now: Now, device: usize, page: InboxLine) {
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
    pub(in crate::engine) fn take_page(
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
}

fn marks_of(page: &InboxLine) -> heapless::Vec<Mark, MAX_SLOTS> {
    page.entries.iter().take(MAX_SLOTS).map(Mark::from).collect()
}

fn record_bytes(entry: &InboxEntry) -> usize {
    entry.text.len() + entry.from.len() + entry.device_time.len() + RECEIVED_BYTES
}
