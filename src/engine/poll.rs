//! When a box's inbox is read, and what holds that back.

use super::line::{DeviceReason, Hold, Phase};
use super::{Engine, Now};
use crate::goip::AskError;
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

/// How a box's inbox is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InboxSettings {
    /// Seconds between two readings; 0 for none at all.
    pub interval_s: u32,
    /// What is there before the first reading is told as if it had come just then.
    pub first_events: bool,
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
}

impl Poll {
    /// Of a box that was not read yet: it is, at once.
    pub fn new(settings: InboxSettings) -> Self {
        Self { settings, due_ms: 0, hold: None, ticket: 0, short: false }
    }
}

impl Engine {
    /// When the box's inbox is read next, if nothing else happens; `None` if something has to.
    /// Sends go first, but not for ever.
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
        let is_busy = |line: &super::Line| {
            line.phase != Phase::Idle || line.look_ms().is_some_and(|look_ms| look_ms <= due_ms)
        };
        let busy = self.lines[device.lines.clone()].iter().any(is_busy);
        Some(if busy { due_ms + PATIENCE_MS } else { due_ms })
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
