//! When a box's inbox is read, and what holds that back.

use super::line::{Device, DeviceReason, Hold, Phase};
use super::{Engine, Now};
use crate::goip::{AskError, InboxLine};
use crate::journal::Ticket;

/// So long the inbox waits for messages that are on their way through the same box, which serves
/// one connection at a time. More than twenty messages in that time would go unseen; no line
/// receives so many.
const PATIENCE_MS: u64 = 30_000;

/// After a page that could not be read the next try comes after this long, …
const PROBE_MS: u64 = 5_000;

/// What is asked for a page needs at least so much room in the journal: a message of the longest
/// kind, and what is remembered.
pub(super) const ROOM_BYTES: usize = 4096;

/// The newest slots of a line, which are never deleted: the next page is compared with them, and
/// what comes between a page and a deletion moves the others on. More than so many messages would
/// have to come in that moment for one to be deleted that is not stored.
pub(super) const KEPT_SLOTS: u8 = 8;

/// A deletion has to leave so soon after its page was read, or another page is read first.
const DELETE_MS: u64 = 5_000;

/// How a box's inbox is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InboxSettings {
    /// Seconds between two readings; 0 for none at all.
    pub interval_s: u32,
    /// What is there before the first reading is told as if it had come just then.
    pub first_events: bool,
    /// What is stored is deleted in the box, but for the newest slots.
    pub delete: bool,
    /// The parts of long messages are joined.
    pub join: bool,
    /// Seconds that the box's clock is ahead of UTC.
    pub utc_offset_s: i32,
}

/// The readings of one box's inbox.
#[derive(Debug)]
pub(super) struct Poll {
    pub settings: InboxSettings,
    /// When it is read next, in milliseconds since boot.
    due_ms: u64,
    /// Why the last page could not be read.
    hold: Option<Hold<DeviceReason>>,
    /// The last record that a page has led to: the next page is compared with what is durable.
    pub ticket: Ticket,
    /// It was told that there is no room.
    pub short: bool,
    /// The line and the slot that the page just read lets be deleted, and until when.
    delete: Option<(u8, u8)>,
    delete_until_ms: u64,
}

impl Poll {
    /// Of a box that was not read yet: it is, at once.
    pub fn new(settings: InboxSettings) -> Self {
        Self { settings, due_ms: 0, hold: None, ticket: 0, short: false, delete: None, delete_until_ms: 0 }
    }
}

impl Engine {
    /// When the box's inbox is read next, if nothing else happens; `None` if something has to.
    pub(super) fn inbox_due(&self, device: usize) -> Option<u64> {
        let device = &self.devices[device];
        let Poll { settings, due_ms, ticket, .. } = device.inbox;
        if settings.interval_s == 0
            || device.hold.is_some()
            || ticket > self.durable
            || !self.inbox.has_room(ROOM_BYTES)
        {
            return None;
        }
        Some(self.patient_ms(device, due_ms))
    }

    /// When something is asked that was due at `due_ms`: sends go first, but not for ever.
    pub(super) fn patient_ms(&self, device: &Device, due_ms: u64) -> u64 {
        for line in &self.lines[device.lines.clone()] {
            if line.phase != Phase::Idle || line.look_ms().is_some_and(|look_ms| look_ms <= due_ms) {
                return due_ms + PATIENCE_MS;
            }
        }
        due_ms
    }

    /// A line's list was read, and all that is on it is known. Its oldest slot may go, if that is
    /// wanted: one for each page.
    pub(super) fn may_delete(&mut self, now: Now, device: usize, page: &InboxLine) {
        let poll = &mut self.devices[device].inbox;
        let oldest = page.entries.last().map(|entry| entry.slot).filter(|&slot| slot >= KEPT_SLOTS);
        if let Some(slot) = oldest
            && poll.settings.delete
        {
            poll.delete = Some((page.line, slot));
            poll.delete_until_ms = now.boot_ms + DELETE_MS;
        }
    }

    /// The slot that may be deleted now, once: all that was on its page is durable, and it was read
    /// just now.
    pub(super) fn take_delete(&mut self, now: Now, device: usize) -> Option<(u8, u8)> {
        let durable = self.durable;
        let device = &mut self.devices[device];
        let poll = &mut device.inbox;
        if now.boot_ms > poll.delete_until_ms || device.hold.is_some() {
            poll.delete = None;
        }
        poll.delete.take_if(|_| poll.ticket <= durable)
    }

    /// The page has come to its end, or there is none.
    pub(super) fn inbox_read(&mut self, now: Now, place: usize, end: Result<(), AskError>) {
        let device = &mut self.devices[place];
        let interval_ms = u64::from(device.inbox.settings.interval_s) * 1000;
        let Err(error) = end else {
            device.inbox.due_ms = now.boot_ms + interval_ms;
            if device.inbox.hold.take().is_some() {
                log::info!("device {}: its inbox can be read again", device.name);
            }
            return;
        };
        let (reason, words) = DeviceReason::of(&error);
        let first_ms = PROBE_MS.max(interval_ms);
        let (hold, new) = Hold::next(device.inbox.hold, reason, now.boot_ms, first_ms);
        device.inbox.hold = Some(hold);
        device.inbox.due_ms = hold.until_ms;
        let level = if new { log::Level::Warn } else { log::Level::Debug };
        log::log!(level, "device {}: its inbox cannot be read: {reason} ({words})", device.name);
        if reason == DeviceReason::Unreachable {
            // Whether messages can be sent tells the status page.
            self.hold_device(now, place, DeviceReason::TimedOut);
            self.look_now(now, place);
        }
    }
}
