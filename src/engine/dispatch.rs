//! Messages to lines: which goes out where, with which fence, and what is written down before it
//! leaves.

use super::choosing::Wish;
use super::index::Entry;
use super::limits::UNLIMITED;
use super::line::Phase;
use super::{Choice, Engine, Now, fence};
use crate::goip::JobStatus;
use crate::journal::{Fence, Record, Submitting};
use crate::message::{JobId, MessageId, NumberMark, Priority, State};

/// Numbers that have had their messages of the hour, at most, whose messages are put off in one
/// turn: each takes a look at all messages.
const DEFERRED_A_TURN: usize = 32;

/// The most lines: the configuration has no more.
const MAX_LINES: usize = 128;

/// Receivers whose last line is looked for in one turn, at most: each takes a look at all messages.
const LOOKED_UP_A_TURN: usize = 32;

impl Engine {
    /// Gives waiting messages to free lines, by priority and then by age.
    pub(super) fn dispatch(&mut self, now: Now) {
        for line in &mut self.lines {
            line.wanted = false;
        }
        self.blocked_ms = u64::MAX;
        if self.index.count(State::Queued) == 0 {
            return;
        }
        let unproved = self.unproved_id(now);
        let mut chances = self.chances(now);
        let (mut deferred, mut looked_up) = (0, 0);
        // Where so many messages may go in all, or to a number, the oldest of those that are alike comes
        // first, also if its line has to be looked at before.
        let choosing = &self.settings.choosing;
        let scarce = choosing.per_number_hour > 0 || !choosing.total.is_none();
        let mut first = heapless::Vec::<(NumberMark, Choice), MAX_LINES>::new();
        for priority in Priority::ALL {
            let mut after = 0;
            while !chances.open.is_empty() {
                let waiting = |e: &&Entry| {
                    e.state == State::Queued
                        && e.priority == priority
                        && e.since_ms <= now.boot_ms
                        && !self.is_from_before(e)
                        && e.id > unproved
                        && !self.is_quiet(e)
                };
                let fits = |e: &Entry| waiting(&e) && !chances.in_vain.contains(&e.candidate());
                let Some((order, next)) = self.index.in_order(after).find(|(_, e)| fits(e)) else { break };
                let (id, to, mut candidate) = (next.id, next.to, next.candidate());
                after = order;
                if self.settings.choosing.sticky_h > 0 && candidate.wish == Wish::UNKNOWN {
                    if looked_up == LOOKED_UP_A_TURN {
                        return self.wake_at(now.boot_ms + 1);
                    }
                    looked_up += 1;
                    candidate.wish = Wish::of(self.last_line(now, to));
                    if let Some(entry) = self.index.get_mut(id) {
                        entry.wish = candidate.wish;
                    }
                }
                if chances.total[usize::from(priority != Priority::High)] < candidate.segments.into() {
                    if self.settings.choosing.total.longest(priority) < candidate.segments.into() {
                        // It does not wait for anything.
                        let _ = chances.in_vain.push(candidate);
                        continue;
                    }
                    // Nothing overtakes what waits for the limit of all.
                    return self.wake_for_limit(now, None, priority, candidate.segments);
                }
                if first.contains(&(to, candidate.choice)) {
                    continue;
                }
                let Some(place) = self.choose_line(now, &mut chances, &candidate) else { continue };
                if let Some(until_ms) = self.number_full_ms(now, to) {
                    self.defer(now, to, until_ms);
                    deferred += 1;
                    if deferred == DEFERRED_A_TURN {
                        return self.wake_at(now.boot_ms + 1);
                    }
                    continue;
                }
                if self.release(now, to) {
                    // One of these may be older.
                    return self.wake_at(now.boot_ms + 1);
                }
                chances.open.remove(place);
                match self.fresh_fence(now, place) {
                    Some(fence) => {
                        for room in chances.total.iter_mut().filter(|room| **room != UNLIMITED) {
                            *room = room.saturating_sub(candidate.segments.into());
                        }
                        self.submit(now, place, id, fence);
                    }
                    None => {
                        self.lines[place].wanted = true;
                        if scarce {
                            // Each has taken a line.
                            let _ = first.push((to, candidate.choice));
                        }
                    }
                }
            }
        }
    }

    /// The places of the lines that a choice allows.
    pub(super) fn places(&self, choice: Choice) -> core::ops::Range<usize> {
        let device = |device: u8| self.devices.get(usize::from(device)).map_or(0..0, |d| d.lines.clone());
        match choice {
            Choice::Any => 0..self.lines.len(),
            Choice::Device(place) => device(place),
            Choice::Line(line) => {
                let lines = device(line.device);
                let place = lines.start + usize::from(line.line) - 1;
                if lines.contains(&place) { place..place + 1 } else { 0..0 }
            }
        }
    }

    /// The line's fence, if the line may send and its last status answer is fresh.
    pub(super) fn fresh_fence(&self, now: Now, place: usize) -> Option<Fence> {
        let line = &self.lines[place];
        let seen = line.seen.filter(|s| {
            s.asked_ms >= line.floor_ms && now.boot_ms <= s.shown_ms + fence::FRESH_MS && !s.is_running()
        })?;
        let exclusive = self.devices[usize::from(line.id.device)].exclusive;
        // A job that ended without an id cannot be told from the next one that does.
        let named = !seen.job.is_empty() || seen.status == JobStatus::Empty;
        let decides = exclusive && named && line.known == Some(seen.job);
        line.is_free(now.boot_ms).then_some(Fence { job: seen.job, decides, key: JobId::EMPTY })
    }

    /// A key for the message's next job: none that any kept message or line has or shows. The
    /// boot makes it differ from those of other routers.
    pub(super) fn new_key(&self, now: Now, message: MessageId) -> JobId {
        let boot = self.boot.0.iter().fold(0, |sum, byte| mix(sum ^ u32::from(*byte)));
        let mut number = mix(boot ^ message) ^ now.boot_ms as u32;
        loop {
            number = mix(number.wrapping_add(1));
            let key = JobId::key(number);
            let on_line = |line: &super::Line| {
                line.fence.key == key || line.fence.job == key || line.seen.is_some_and(|s| s.job == key)
            };
            if !self.lines.iter().any(on_line) && !self.index.iter().any(|e| e.job == key) {
                return key;
            }
        }
    }

    fn submit(&mut self, now: Now, place: usize, message: MessageId, mut fence: Fence) {
        let device = &self.devices[usize::from(self.lines[place].id.device)];
        if device.form || self.index.get(message).is_some_and(|e| e.form_bytes > device.api_room) {
            fence.key = self.new_key(now, message);
        }
        let line = &mut self.lines[place];
        let (id, name) = (line.id, line.name.clone());
        let held = line.hold.is_some();
        line.fence = fence;
        line.submitted_ms = Some(now.boot_ms);
        line.doubt = false;
        self.next_line = (place + 1) % self.lines.len();
        self.take_turn(place);
        let mut segments = 1;
        if let Some(entry) = self.index.get_mut(message) {
            // A hold that goes on is tried every few seconds, perhaps for days.
            let again = held && entry.problem.is_some();
            let level = if again { log::Level::Debug } else { log::Level::Info };
            log::log!(level, "message {message} submitting on {name}");
            segments = entry.segments;
            entry.line = Some(id);
            entry.job = JobId::EMPTY;
            entry.attempts = entry.attempts.saturating_add(1);
        }
        self.index.set_state(message, State::Submitting, now.stamp());
        let ticket = self.record(Record::Submitting(Submitting {
            id: message,
            at: now.stamp(),
            boot: self.boot,
            line: name,
            fence,
            segments,
            month_starts: [self.own(place).map(|own| own.limits), Some(self.settings.choosing.total)]
                .map(|limits| limits.map_or(1, |limits| limits.month_start.max(1))),
        }));
        self.lines[place].phase = Phase::Storing { message, ticket };
        self.spent(now, place, message);
        self.forget_wishes(message);
        self.keep_line(message, place);
    }
}

/// Scatters numbers: none gives what another gives (the finalizer of MurmurHash3).
pub(super) const fn mix(mut number: u32) -> u32 {
    number = (number ^ number >> 16).wrapping_mul(0x85eb_ca6b);
    number = (number ^ number >> 13).wrapping_mul(0xc2b2_ae35);
    number ^ number >> 16
}
