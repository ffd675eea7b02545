//! What the lines can do in a turn, and which of them is given a message: the engine's side of
//! `choosing`.

use super::choosing::{Candidate, Wish};
use super::line::Phase;
use super::{Engine, LineSet, Now, Policy};
use crate::message::{MessageId, Priority, State};

/// What a message adds to the turns of a line with weight 1; every weight is a whole part of it, or
/// nearly.
const WHOLE_TURN: u64 = 100_000;

/// Messages of so many kinds that wait for a line are remembered in a turn, so that the others of
/// their kind need not be looked at.
const IN_VAIN: usize = 8;

/// What lines can do in one turn.
pub(super) struct Chances {
    /// They can be used, if not at once.
    pub up: LineSet,
    /// They could, but for a hold.
    pub held: LineSet,
    /// They are idle, and no message of this turn has them yet.
    pub open: LineSet,
    /// A limit is so near that it has to be looked at for each message.
    pub tight: LineSet,
    /// What the limits of all leave, in segments: for messages of high priority, and for the others.
    pub total: [u32; 2],
    /// There is no line for such messages in this turn.
    pub in_vain: heapless::Vec<Candidate, IN_VAIN>,
}

impl Engine {
    /// What the lines can do in this turn.
    pub(super) fn chances(&mut self, now: Now) -> Chances {
        let none = LineSet::NONE;
        let total = self.room(now, None);
        let mut chances =
            Chances { up: none, held: none, open: none, tight: none, total, in_vain: heapless::Vec::new() };
        for place in 0..self.lines.len() {
            let room = self.room(now, Some(place));
            let line = &mut self.lines[place];
            line.room = room;
            if self.devices[usize::from(line.id.device)].hold.is_some() || line.barred.is_some() {
                continue;
            }
            if let Some(until_ms) = line.breaker.rest_until_ms(now.boot_ms) {
                self.wake_at(until_ms);
                continue;
            }
            let (idle, held) = (line.phase == Phase::Idle, line.hold.is_some_and(|h| h.is_on(now.boot_ms)));
            if room[0] == 0 {
                self.wake_for_limit(now, Some(place), Priority::High, 1);
                continue;
            }
            if room[1] < u32::from(self.settings.max_segments) {
                chances.tight.add(place);
            }
            if held {
                chances.held.add(place);
            } else {
                chances.up.add(place);
            }
            if idle {
                chances.open.add(place);
            }
        }
        chances
    }

    /// The line for a message, if there is one now.
    pub(super) fn choose_line(
        &mut self,
        now: Now,
        chances: &mut Chances,
        candidate: &Candidate,
    ) -> Option<usize> {
        let permitted = self.tables.permitted(candidate, &self.settings);
        let tight = permitted.and(chances.tight);
        let rest = usize::from(candidate.priority != Priority::High);
        let mut full = LineSet::NONE;
        if !tight.is_empty() {
            for (place, line) in self.lines.iter().enumerate() {
                if tight.contains(place) && line.room[rest] < candidate.segments.into() {
                    full.add(place);
                }
            }
        }
        let lines = permitted.without(full);
        let usable = lines.and(chances.up);
        let set = match usable.is_empty() {
            false => self.tables.best(candidate, usable),
            true => lines.and(chances.held),
        };
        let place = self.next_of(now, set.and(chances.open));
        if place.is_none() {
            if usable.is_empty() {
                // What is left of a limit is not for those behind it.
                for place in 0..self.lines.len() {
                    let longest = self.limits_of(Some(place)).longest(candidate.priority);
                    if full.contains(place) && longest >= candidate.segments.into() {
                        chances.open.remove(place);
                        self.wake_for_limit(now, Some(place), candidate.priority, candidate.segments);
                    }
                }
            }
            // Beyond that many kinds of messages each is looked at.
            let _ = chances.in_vain.push(*candidate);
        }
        place
    }

    /// Of these lines, all of which are idle, the one whose turn it is: those before the others
    /// that can send at once, and those whose hold goes on last.
    pub(super) fn next_of(&self, now: Now, lines: LineSet) -> Option<usize> {
        let count = self.lines.len();
        let least_used = self.settings.choosing.policy == Policy::LeastUsed;
        let mut next = None;
        for (place, line) in self.lines.iter().enumerate().filter(|(place, _)| lines.contains(*place)) {
            let used = if least_used { self.usage.used(now.stamp(), Some(&line.name))[0] } else { 0 };
            let ready = self.fresh_fence(now, place).is_some();
            let in_turn = (place + count - self.next_line) % count;
            let key = (!line.is_free(now.boot_ms), used, !ready, line.turns.max(self.turns), in_turn);
            if next.is_none_or(|(_, best)| key < best) {
                next = Some((place, key));
            }
        }
        next.map(|(place, _)| place)
    }

    /// The line has had its turn.
    pub(super) fn take_turn(&mut self, place: usize) {
        let weight = self.own(place).map_or(1, |own| own.weight);
        let line = &mut self.lines[place];
        self.turns = line.turns.max(self.turns);
        line.turns = self.turns + WHOLE_TURN / u64::from(weight);
    }

    /// What waits for the same receiver is to go out there too.
    pub(super) fn keep_line(&mut self, message: MessageId, place: usize) {
        if self.settings.choosing.sticky_h == 0 {
            return;
        }
        let Some(to) = self.index.get(message).map(|entry| entry.to) else { return };
        for entry in self.index.iter_mut().filter(|e| e.state == State::Queued && e.to == to) {
            entry.wish = Wish::of(Some(place));
        }
    }
}
