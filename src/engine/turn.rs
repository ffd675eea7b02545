//! The engine's own doing: ages, messages to lines, requests to boxes, and when to wake next.

use super::index::Entry;
use super::line::{DeviceReason, Flight, LineReason, Phase};
use super::pace::MIN_GAP_MS;
use super::{Action, Ask, Change, Engine, Now};
use crate::due::earliest;
use crate::goip::ByForm;
use crate::journal::{Record, TRUST_WAIT_MS};
use crate::message::{JobId, MessageId, Problem, ProblemCode, State};

/// A send has to leave this soon after its fence was made, or it gets a new one. Less than any
/// box takes to start anew.
const READY_MS: u64 = 10_000;

/// Messages that become too old in one turn, at most: the rest has to wait for the next, so that
/// no turn is long.
const AGES_A_TURN: usize = 32;

/// A message whose place was taken comes back if the newer one cannot be stored: it is kept while
/// that one is among so many newest.
const COME_BACK: MessageId = 256;

impl Engine {
    /// Does whatever can be done now. Call it after anything else was called, and when
    /// [`Self::next_wake`] says so.
    pub fn turn(&mut self, now: Now) {
        self.close_gap(now);
        let clock = [now.is_dated(), now.trusted];
        if clock != self.clock {
            self.clock = clock;
            self.quiet_ms = 0;
            self.schedule_all(now);
        }
        if self.quiet_ms <= now.boot_ms {
            self.look_at_hours(now);
        }
        self.tell_stale(now);
        if self.proof_ms <= now.boot_ms {
            self.proof_ms = 0;
        }
        if self.ages_ms <= now.boot_ms {
            self.ages(now);
        }
        self.lines_over(now);
        self.waits_over(now);
        self.controls_over(now);
        self.give_up_unreadable(now);
        if !self.closing {
            // Before a message takes the line: on one that is never idle a balance would never be asked for.
            self.tend(now);
            self.dispatch(now);
        }
        for device in 0..self.devices.len() {
            self.pump(now, device);
        }
    }

    /// When the next [`Self::turn`] is due if nothing else happens, in milliseconds since boot;
    /// `None` if only something else can make one due.
    pub fn next_wake(&self) -> Option<u64> {
        let ages = (self.ages_ms < u64::MAX).then_some(self.ages_ms);
        let gap = self.gap.map(|_| TRUST_WAIT_MS);
        let proof = (self.proof_ms > 0 && self.index.count(State::Queued) > 0).then_some(self.proof_ms);
        let blocked = (self.blocked_ms < u64::MAX).then_some(self.blocked_ms);
        let mut due = earliest(&[ages, gap, proof, blocked, self.tend_due(), self.terms_due()]);
        for (place, device) in self.devices.iter().enumerate() {
            if device.flight.is_none() {
                due = earliest(&[due, self.ask_due(place), self.inbox_due(place), self.states_due(place)]);
            }
            due = earliest(&[due, device.control.as_ref().and_then(|control| control.until_ms())]);
        }
        for line in &self.lines {
            let wait = line.waiting.as_ref().map(|waiting| waiting.until_ms);
            due = earliest(&[due, self.unreadable_from(line), line.told_ms(), wait]);
        }
        due
    }

    /// When something is due for the message: its own pause ends, it becomes too old to be sent,
    /// or too old to be kept.
    pub(super) fn due_ms(&self, now: Now, entry: &Entry) -> u64 {
        match entry.state {
            _ if self.is_from_before(entry) => TRUST_WAIT_MS,
            State::Queued if entry.since_ms > now.boot_ms => entry.since_ms.min(entry.deadline_ms),
            State::Queued => entry.deadline_ms,
            state if state.is_final() => {
                let kept = entry.since_ms + u64::from(self.settings.keep_s) * 1000;
                if entry.key == 0 { kept } else { kept.max(entry.deadline_ms) }
            }
            _ => u64::MAX,
        }
    }

    /// The newest message that must wait until every line has shown that the journal is the
    /// newest; 0 for none. A box that does not answer is not waited for longer than a while.
    pub(super) fn unproved_id(&self, now: Now) -> MessageId {
        let unproved = |line: &super::Line| {
            line.unproved && line.phase == Phase::Idle && self.devices[usize::from(line.id.device)].exclusive
        };
        let waiting = now.boot_ms < self.proof_ms && self.lines.iter().any(unproved);
        if waiting { self.restored_id } else { 0 }
    }

    /// The journal is known to be the newest: nobody else can have written since.
    pub fn trust_journal(&mut self) {
        self.proof_ms = 0;
    }

    /// Whether it cannot be known yet how old the message is.
    pub(super) fn is_from_before(&self, entry: &Entry) -> bool {
        self.gap.is_some_and(|gap| entry.id <= gap.last_id)
    }

    /// Lets what came from an earlier boot go on once it is known how long the router was off,
    /// or has been waited for long enough.
    fn close_gap(&mut self, now: Now) {
        let Some(gap) = self.gap.filter(|_| now.trusted || now.boot_ms >= TRUST_WAIT_MS) else { return };
        self.gap = None;
        self.ages_ms = now.boot_ms;
        if !now.trusted {
            log::warn!(
                "the clock is still not set: messages from before this boot count as no older than they were"
            );
            return;
        }
        let off_ms = gap.off_ms(now);
        for entry in self.index.iter_mut().filter(|e| e.id <= gap.last_id && !e.waits(now.boot_ms)) {
            entry.deadline_ms = entry.deadline_ms.saturating_sub(off_ms);
            entry.since_ms = entry.since_ms.saturating_sub(off_ms);
        }
        // Their times are counted before what waits for one is taken for stale.
        self.schedule_all(now);
        self.router_was_off(now, off_ms, gap.last_id);
    }

    /// Expires queued messages whose ttl is over and forgets final ones that are old enough.
    fn ages(&mut self, now: Now) {
        let mut due = heapless::Vec::<(MessageId, bool), AGES_A_TURN>::new();
        self.ages_ms = u64::MAX;
        for entry in self.index.iter() {
            let due_ms = self.due_ms(now, entry);
            if due_ms > now.boot_ms || due.push((entry.id, entry.state == State::Queued)).is_err() {
                self.ages_ms = self.ages_ms.min(due_ms);
            }
        }
        for (id, queued) in due {
            if queued { self.expire(now, id) } else { self.forget(id) }
        }
        self.received_ages(now);
    }

    fn expire(&mut self, now: Now, id: MessageId) {
        let tried = self.index.get(id).and_then(|e| e.problem().filter(|_| e.attempts > 0));
        let (state, problem) = match tried {
            Some(problem) => (State::Failed, problem),
            None => (State::Expired, Problem::new(ProblemCode::TtlExpired)),
        };
        self.move_to(now, id, state, Change::problem(problem));
        let state = self.index.get(id).map_or(state, |e| e.state);
        let why = if tried.is_some() { "its ttl ran out; " } else { "" };
        log::warn!("message {id} {state}: {why}{problem}");
    }

    pub(super) fn forget(&mut self, id: MessageId) {
        log::debug!("message {id} is not kept any longer");
        self.forget_late(id);
        self.index.remove(id);
        self.record(Record::Forgotten(id));
    }

    /// Forgets up to `count` of the oldest messages, final or received: the journal has no room for
    /// more.
    pub fn forget_oldest(&mut self, count: usize) {
        let mut oldest: heapless::Vec<MessageId, 32> = heapless::Vec::new();
        let mut received = 0;
        for entry in self.index.iter().filter(|e| e.state.is_final() && !self.may_come_back(e)) {
            let age = (entry.since_ms, entry.updated_s);
            while oldest.len() + received < count && self.inbox.age_key(received).is_some_and(|got| got < age)
            {
                received += 1;
            }
            if oldest.len() + received >= count || oldest.push(entry.id).is_err() {
                break;
            }
        }
        // As many of the received ones as are left, if there are no others.
        received = received.max(count.saturating_sub(oldest.len()));
        oldest.into_iter().for_each(|id| self.forget(id));
        self.forget_received(received);
    }

    /// Whether another message has just taken its place.
    fn may_come_back(&self, entry: &Entry) -> bool {
        let Some(problem) = entry.problem().filter(|p| p.code == ProblemCode::Collapsed) else {
            return false;
        };
        let newer = problem.device_code.as_str().parse::<MessageId>().unwrap_or(0);
        self.last_id < newer.saturating_add(COME_BACK)
            && self.index.get(newer).is_some_and(|e| !e.state.is_final())
    }

    /// Forgets the oldest final messages if there are more than are to be kept. One with a key is
    /// kept until its ttl is over: the same key may come again.
    pub(super) fn trim(&mut self, now: Now) {
        let final_messages = self.index.len() as u32 - self.index.working();
        let too_many = final_messages.saturating_sub(self.settings.keep_messages) as usize;
        if too_many == 0 {
            return;
        }
        let may_go = |e: &&Entry| {
            e.state.is_final() && (e.key == 0 || e.deadline_ms <= now.boot_ms) && !self.may_come_back(e)
        };
        let oldest: heapless::Vec<MessageId, AGES_A_TURN> =
            self.index.iter().filter(may_go).map(|e| e.id).take(too_many.min(AGES_A_TURN)).collect();
        oldest.into_iter().for_each(|id| self.forget(id));
    }

    /// A message that is with a box which cannot be read when its ttl runs out is `unknown`.
    fn give_up_unreadable(&mut self, now: Now) {
        for place in 0..self.lines.len() {
            let line = &self.lines[place];
            if self.unreadable_from(line).is_some_and(|ms| ms <= now.boot_ms)
                && let Some(message) = line.phase.message()
            {
                let problem = Problem::new(ProblemCode::Unreadable);
                self.settle(now, place, message, State::Unknown, Some(problem));
            }
        }
    }

    /// When the line's message is given up if the box stays unreadable.
    fn unreadable_from(&self, line: &super::Line) -> Option<u64> {
        let (Phase::Open { message, .. } | Phase::Watching { message, .. }) = line.phase else {
            return None;
        };
        let hidden = line.hold.is_some_and(|h| h.reason == LineReason::NotShown);
        let device = &self.devices[usize::from(line.id.device)];
        let asked = device.hold.is_some_and(|h| h.reason != DeviceReason::NotAsked);
        if !asked && !hidden {
            return None;
        }
        self.index.get(message).map(|e| e.deadline_ms)
    }

    /// Gives the box its next request: the inbox if that is due or has waited long enough, a send
    /// that is ready, or the status if it is due.
    fn pump(&mut self, now: Now, device: usize) {
        if self.devices[device].flight.is_some() {
            return;
        }
        self.withdraw(now, device);
        if self.closing {
            return;
        }
        if self.act(now, device) {
            return;
        }
        let ready = self.devices[device].lines.clone().find_map(|place| match self.lines[place].phase {
            Phase::Ready { message } => Some((place, message)),
            _ => None,
        });
        let ask = if self.inbox_due(device).is_some_and(|due_ms| due_ms <= now.boot_ms) {
            self.devices[device].flight = Some(Flight::Inbox);
            Ask::Inbox
        } else if let Some((place, message)) = ready {
            self.lines[place].phase = Phase::Acting { message };
            let plain = self.devices[device].plain;
            self.devices[device].flight = Some(Flight::Send { line: place });
            let line = &mut self.lines[place];
            line.submitted_ms = Some(now.boot_ms);
            match line.fence.key {
                JobId::EMPTY => Ask::Send(message, line.id.line),
                key => Ask::SendByForm(message, line.id.line, ByForm { key, plain }),
            }
        } else if self.ask_due(device).is_some_and(|due_ms| due_ms <= now.boot_ms) {
            self.devices[device].flight = Some(Flight::Status { asked_ms: now.boot_ms });
            self.devices[device].asked_ms = Some(now.boot_ms);
            if self.looks_for_keys(device) { Ask::FormStatus } else { Ask::Status }
        } else if let Some((line, slot)) = self.take_delete(now, device) {
            self.devices[device].flight = Some(Flight::Delete);
            Ask::Delete(line, slot)
        } else if self.states_due(device).is_some_and(|due_ms| due_ms <= now.boot_ms) {
            self.ask_states(now, device)
        } else {
            return;
        };
        self.actions.push(Action::Ask(device as u8, ask));
    }

    /// Whether the device is asked by the form's page: what the form has sent shows there.
    fn looks_for_keys(&self, device: usize) -> bool {
        let device = &self.devices[device];
        let keyed = |line: &super::Line| {
            !line.fence.key.is_empty() && matches!(line.phase, Phase::Open { .. } | Phase::Watching { .. })
        };
        let asks = device.control.as_ref().is_some_and(|control| control.look_ms().is_some());
        device.form || asks || self.lines[device.lines.clone()].iter().any(keyed)
    }

    /// Takes back what was to leave next, if it must not: it stays queued.
    fn withdraw(&mut self, now: Now, device: usize) {
        let all = self.closing || self.devices[device].hold.is_some();
        if all {
            self.withdraw_control(now, device);
        }
        for place in self.devices[device].lines.clone() {
            if let Phase::Ready { message } = self.lines[place].phase
                && (all || self.is_stale(now, &self.lines[place], message))
            {
                self.lines[place].phase = Phase::Idle;
                self.move_to(now, message, State::Queued, Change::default());
            }
        }
    }

    /// Whether what was known when the message was submitted holds no more: the disk took its
    /// time, and the fence proves nothing, or the message is too old now, or its receiver has opted
    /// out.
    fn is_stale(&self, now: Now, line: &super::Line, message: MessageId) -> bool {
        line.submitted_ms.is_none_or(|ms| now.boot_ms > ms + READY_MS)
            || line.seen.is_none_or(|seen| seen.job != line.fence.job)
            || self.index.get(message).is_none_or(|e| e.deadline_ms <= now.boot_ms)
            || self.is_stopped(message)
    }

    /// When the box is next asked for its status: for the line that needs it first, or for its
    /// own sake; never more often than it can bear.
    fn ask_due(&self, device: usize) -> Option<u64> {
        let device = &self.devices[device];
        let due_ms = match device.hold {
            Some(hold) => Some(hold.until_ms),
            None => self.lines[device.lines.clone()]
                .iter()
                .filter_map(super::Line::look_ms)
                .chain(device.interval_ms())
                .chain(device.control.as_ref().and_then(|control| control.look_ms()))
                .min(),
        };
        // A fence is not waited for because something else was asked just now.
        let is_sending =
            |line: &super::Line| matches!(line.phase, Phase::Open { .. } | Phase::Watching { .. });
        let other_ms = if self.lines[device.lines.clone()].iter().any(is_sending) {
            device.states.asked_ms
        } else {
            None
        };
        let earliest_ms = device.asked_ms.max(other_ms).map_or(0, |ms| ms + MIN_GAP_MS);
        due_ms.map(|ms| ms.max(earliest_ms))
    }
}
