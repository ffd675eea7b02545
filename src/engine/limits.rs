//! How much may go out: segments of a line and of all together in an hour, a day and a month, the
//! gap between two sends of a line, and messages to one number.

use super::choosing::Wish;
use super::dispatch::mix;
use super::index::Entry;
use super::waiting::words;
use super::{Engine, Limits, Now};
use crate::journal::{EventKind, Window};
use crate::message::{LineName, MessageId, NumberMark, Part, Priority, State};

/// An hour, in milliseconds.
const HOUR_MS: u64 = 3_600_000;

/// From this much of what a limit leaves to messages not of high priority on it is told that it is
/// near, in percent; again only after less than half of that was used.
const NEAR_PERCENT: u32 = 80;

/// Room where there is no limit.
pub(super) const UNLIMITED: u32 = u32::MAX;

/// A wait of which nobody can say how long it is, such as for a clock, is looked at this often, in
/// milliseconds.
pub(super) const UNKNOWN_MS: u64 = 600_000;

/// The share by which a gap is longer or shorter than it is configured: a fifth.
const SPREAD: u64 = 5;

/// Why a limit does not let a message go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// Which limit.
    pub window: Window,
    /// What was used of it, in segments.
    pub used: u32,
    /// What there is for such a message.
    pub limit: u32,
    /// What the message needs.
    pub needs: u32,
}

impl Limits {
    /// What a message of that priority may use of a window; [`UNLIMITED`] for anything.
    fn share(&self, window: Window, high: bool) -> u32 {
        match self.segments[window as usize] {
            0 => UNLIMITED,
            // At most 1 000 000.
            limit if !high => limit * (100 - u32::from(self.reserve)) / 100,
            limit => limit,
        }
    }

    /// The longest message that they ever let go, in segments: a longer one waits until its ttl is
    /// over.
    pub(super) fn longest(&self, priority: Priority) -> u32 {
        let mut longest = UNLIMITED;
        for window in Window::ALL {
            longest = longest.min(self.share(window, priority == Priority::High));
        }
        longest
    }

    pub(super) fn is_none(&self) -> bool {
        self.segments == [0; 3]
    }
}

/// At most 1 000 000 are used, or there is no limit.
fn is_near(used: u32, limit: u32) -> bool {
    limit != UNLIMITED && used * 100 >= limit * NEAR_PERCENT
}

impl Engine {
    /// The limits of the line at that place, or of all.
    pub(super) fn limits_of(&self, place: Option<usize>) -> Limits {
        match place {
            None => self.settings.choosing.total,
            Some(place) => self.own(place).map_or(Limits::default(), |own| own.limits),
        }
    }

    fn usage_name(&self, place: Option<usize>) -> Option<&LineName> {
        place.map(|place| &self.lines[place].name)
    }

    /// The segments that the line at that place, or all, may still send: for messages of high
    /// priority, and for the others.
    pub(super) fn room(&self, now: Now, place: Option<usize>) -> [u32; 2] {
        let limits = self.limits_of(place);
        let mut room = [UNLIMITED; 2];
        if limits.is_none() {
            return room;
        }
        let used = self.usage.used(now.stamp(), self.usage_name(place));
        for window in Window::ALL {
            for (room, high) in room.iter_mut().zip([true, false]) {
                let share = limits.share(window, high);
                if share != UNLIMITED {
                    *room = (*room).min(share.saturating_sub(used[window as usize]));
                }
            }
        }
        room
    }

    /// The limit that keeps a message of so many segments from the line at that place, or from all,
    /// for longest, and until when, in milliseconds since boot, if that is known.
    pub(super) fn full(
        &self,
        now: Now,
        place: Option<usize>,
        priority: Priority,
        segments: u32,
    ) -> Option<(Full, Option<u64>)> {
        let limits = self.limits_of(place);
        let name = self.usage_name(place);
        let used = self.usage.used(now.stamp(), name);
        let mut worst: Option<(Full, Option<u64>)> = None;
        for window in Window::ALL {
            let limit = limits.share(window, priority == Priority::High);
            let full = Full { window, used: used[window as usize], limit, needs: segments };
            if limit == UNLIMITED || full.used.saturating_add(segments) <= limit {
                continue;
            }
            let most = limit.checked_sub(segments);
            let until = most.and_then(|most| self.usage.until_ms(now.stamp(), name, window, most));
            let later =
                |(_, before): (Full, Option<u64>)| before.is_some_and(|b| until.is_none_or(|u| u > b));
            if worst.is_none_or(later) {
                worst = Some((full, until));
            }
        }
        worst
    }

    /// Sees to it that there is a turn when a limit lets such a message go.
    pub(super) fn wake_for_limit(
        &mut self,
        now: Now,
        place: Option<usize>,
        priority: Priority,
        segments: u8,
    ) {
        let until = self.full(now, place, priority, segments.into()).and_then(|(_, until)| until);
        self.wake_at(until.unwrap_or(now.boot_ms + UNKNOWN_MS));
    }

    /// Sees to it that there is a turn then.
    pub(super) fn wake_at(&mut self, ms: u64) {
        self.blocked_ms = self.blocked_ms.min(ms);
    }

    /// A message was submitted on that line: begins its gap, and tells if a limit is near.
    pub(super) fn spent(&mut self, now: Now, place: usize, message: MessageId) {
        let gap_ms = self.own(place).map_or(0, |own| u64::from(own.gap_ms));
        let random = u64::from(mix(message ^ (place as u32) << 24 ^ now.boot_ms as u32));
        let spread_ms = gap_ms / SPREAD;
        self.lines[place].gap_until_ms = now.boot_ms + gap_ms - spread_ms + random % (2 * spread_ms + 1);
        for of in [Some(place), None] {
            self.tell_near(now, of, place);
        }
    }

    /// Tells of the limits of which most is used: those of the line, and those of all together,
    /// which are told of the device that has sent last.
    fn tell_near(&mut self, now: Now, of: Option<usize>, place: usize) {
        let limits = self.limits_of(of);
        let used = self.usage.used(now.stamp(), self.usage_name(of));
        let mut near = of.map_or(self.near, |place| self.lines[place].near);
        let mut most = None;
        for window in Window::ALL {
            let (bit, used, limit) = (1 << window as u8, used[window as usize], limits.share(window, false));
            if limit == UNLIMITED || used < limit / 2 {
                near &= !bit;
            } else if is_near(used, limit) && near & bit == 0 {
                near |= bit;
                most =
                    most.or(Some(Full { window, used, limit: limits.segments[window as usize], needs: 0 }));
            }
        }
        match of {
            Some(place) => self.lines[place].near = near,
            None => self.near = near,
        }
        if let Some(most) = most.filter(|_| self.restoring.is_none()) {
            let mut part = Part::from(&self.lines[place].name);
            if of.is_none() {
                part.line = None;
            }
            log::warn!("{part}: {}", words(most));
            self.tell(now, EventKind::LimitNear, part);
        }
    }

    /// After a restart: what was told is not told again, and no gap is cut short.
    pub(super) fn limits_restored(&mut self, now: Now) {
        for place in 0..self.lines.len() {
            let gap_ms = self.own(place).map_or(0, |own| u64::from(own.gap_ms));
            self.lines[place].gap_until_ms = now.boot_ms + gap_ms + gap_ms / SPREAD;
            self.lines[place].near = self.near_now(now, Some(place));
        }
        self.near = self.near_now(now, None);
    }

    fn near_now(&self, now: Now, of: Option<usize>) -> u8 {
        let limits = self.limits_of(of);
        let used = self.usage.used(now.stamp(), self.usage_name(of));
        let mut near = 0;
        for window in Window::ALL {
            if is_near(used[window as usize], limits.share(window, false)) {
                near |= 1 << window as u8;
            }
        }
        near
    }

    /// Until when one more message to that number would be too many, in milliseconds since boot;
    /// `None` if it would not. Only messages that are kept are counted.
    pub(super) fn number_full_ms(&self, now: Now, to: NumberMark) -> Option<u64> {
        let most = self.settings.choosing.per_number_hour as usize;
        if most == 0 {
            return None;
        }
        let mut left_ms: Vec<u64> = Vec::new();
        for entry in self.index.iter().filter(|entry| entry.to == to && has_left(entry)) {
            let until_ms = if entry.state.is_final() { entry.since_ms } else { now.boot_ms } + HOUR_MS;
            if until_ms > now.boot_ms {
                let place = left_ms.partition_point(|ms| *ms < until_ms);
                left_ms.insert(place, until_ms);
            }
        }
        // So many have to be older than an hour.
        left_ms.len().checked_sub(most).map(|place| left_ms[place])
    }

    /// Has all that wait for that number wait until then, but for pauses of their own: what is said
    /// last counts, or a message that came later would go before one that was told a later time.
    pub(super) fn defer(&mut self, now: Now, to: NumberMark, until_ms: u64) {
        for entry in self.index.iter_mut().filter(|e| e.state == State::Queued && e.to == to) {
            entry.since_ms = match entry.tries.pauses() {
                0 => earliest_ms(entry).max(until_ms),
                _ => entry.since_ms.max(until_ms),
            };
            // Its receiver may have got another line until then.
            entry.wish = Wish::UNKNOWN;
        }
        self.ages_ms = self.ages_ms.min(until_ms.max(now.boot_ms + 1));
    }

    /// There is room for that number: lets go what was told to wait longer, because one that counted
    /// was not sent after all. Says whether there was any.
    pub(super) fn release(&mut self, now: Now, to: NumberMark) -> bool {
        let mut any = false;
        if self.settings.choosing.per_number_hour > 0 {
            for entry in self.index.iter_mut().filter(|e| e.state == State::Queued && e.to == to) {
                let waits = entry.tries.pauses() == 0 && entry.since_ms > now.boot_ms;
                if waits && earliest_ms(entry) <= now.boot_ms {
                    entry.since_ms = now.boot_ms;
                    any = true;
                }
            }
        }
        any
    }

    /// The message goes out, or did not after all: whatever waits for its receiver looks anew for the
    /// line of the last one, or what came first would still wait for another.
    pub(super) fn forget_wishes(&mut self, message: MessageId) {
        let Some(to) = self.index.get(message).map(|entry| entry.to) else { return };
        if self.settings.choosing.sticky_h > 0 {
            for entry in self.index.iter_mut().filter(|e| e.state == State::Queued && e.to == to) {
                entry.wish = Wish::UNKNOWN;
            }
        }
    }

    /// The place of the line that the last message to that number had, if lines are kept for so
    /// long.
    pub(super) fn last_line(&self, now: Now, to: NumberMark) -> Option<usize> {
        let kept_ms = u64::from(self.settings.choosing.sticky_h) * HOUR_MS;
        let mut last = self.index.iter().rev().filter(|entry| entry.to == to && has_left(entry));
        let entry = last.next().filter(|entry| entry.since_ms + kept_ms > now.boot_ms)?;
        self.settings.place(entry.line?)
    }

    /// The limits of a line, and what it has used of them, in the order of [`Window::ALL`].
    pub fn usage_of(&self, now: Now, place: Option<usize>) -> [[u32; 3]; 2] {
        [self.limits_of(place).segments, self.usage.used(now.stamp(), self.usage_name(place))]
    }

    /// The section of the line at that place.
    pub(super) fn own(&self, place: usize) -> Option<&super::LineSettings> {
        self.settings.choosing.lines.get(usize::from(self.lines[place].own?))
    }
}

/// When a message may go by its own time: its time to live counts from there, and no limit moves
/// that.
fn earliest_ms(entry: &Entry) -> u64 {
    entry.deadline_ms.saturating_sub(u64::from(entry.ttl_s) * 1000)
}

/// Whether the message left for its receiver, as far as can be known.
fn has_left(entry: &Entry) -> bool {
    !matches!(entry.state, State::Queued | State::Failed | State::Expired | State::Cancelled)
}
