//! One message: from its records back to its entry, and from its entry to the record that stands for
//! them all.

use super::{Restoring, UnderWay};
use crate::engine::choosing::Wish;
use crate::engine::index::{Entry, Tries};
use crate::engine::requests::{form_bytes, hash_key};
use crate::engine::terms::collapse_hash;
use crate::engine::{Choice, Engine, Now};
use crate::journal::{self, Accepted, BootId, Kept, Moved, Submitting, Terms};
use crate::message::{JobId, LineId, MessageId, ProblemCode, State, shape};

impl Engine {
    /// Where a message stands in the order, and whose place it has taken.
    pub(super) fn restore_order(&mut self, r: &mut Restoring, accepted: &Accepted) {
        let Some(terms) = &accepted.terms else { return };
        if self.index.get(accepted.id).is_some_and(|entry| !entry.state.is_final()) {
            self.index.set_order(accepted.id, terms.order);
        }
        if terms.replaces > 0 {
            r.replaced.push((terms.replaces, accepted.id));
        }
    }

    pub(super) fn entry(&mut self, r: &mut Restoring, accepted: &Accepted, at_ms: u64) -> Entry {
        let shape = shape(&accepted.text);
        let none = Terms::default();
        let terms = accepted.terms.as_deref().unwrap_or(&none);
        let since_ms = at_ms + u64::from(terms.delay_s) * 1000;
        let choice = self.choice_of(&accepted.choice).unwrap_or_else(|| {
            r.homeless.push(accepted.id);
            Choice::Any
        });
        Entry {
            id: accepted.id,
            form_bytes: form_bytes(&accepted.text),
            whose: accepted.origin.into(),
            created_s: accepted.at.unix_s,
            updated_s: accepted.at.unix_s,
            ttl_s: accepted.ttl_s,
            deadline_ms: since_ms + u64::from(accepted.ttl_s) * 1000,
            since_ms,
            key: accepted.key.as_deref().map_or(0, |key| hash_key(accepted.origin, key)),
            to: self.mark_of(&accepted.to),
            job: JobId::EMPTY,
            problem: None,
            line: None,
            choice,
            at_s: terms.at_s,
            collapse: terms.collapse.as_deref().map_or(0, |word| collapse_hash(accepted.origin, word)),
            attempts: 0,
            state: State::Queued,
            priority: accepted.priority,
            encoding: shape.encoding,
            segments: shape.segments,
            tries: Tries::new(accepted.on_unknown),
            perhaps_sent: false,
            prefix: self.prefix_of(&accepted.to),
            wish: Wish::UNKNOWN,
            early: false,
            members: terms.members,
        }
    }

    pub(super) fn restore_submitting(&mut self, r: &mut Restoring, submitting: Submitting) {
        let at_ms = self.pass(r, submitting.at, submitting.boot);
        let line = self.place_of(&submitting.line).map(|place| self.lines[place].id);
        let Some(entry) = self.index.get_mut(submitting.id) else { return };
        entry.line = line;
        entry.job = JobId::EMPTY;
        entry.attempts = entry.attempts.saturating_add(1);
        self.index.set_state(submitting.id, State::Submitting, submitting.at);
        if let Some(entry) = self.index.get_mut(submitting.id) {
            entry.since_ms = at_ms;
        }
        r.under_way.retain(|u| u.id != submitting.id);
        r.under_way.push(UnderWay {
            id: submitting.id,
            line: submitting.line,
            fence: submitting.fence,
            submitted_ms: at_ms,
            boot: submitting.boot,
        });
    }

    pub(super) fn restore_moved(&mut self, r: &mut Restoring, moved: &Moved) {
        let boot = r.time.boot();
        let at_ms = self.pass(r, moved.at, boot);
        if moved.state != State::Sending {
            r.under_way.retain(|u| u.id != moved.id);
        }
        let Some(entry) = self.index.get_mut(moved.id) else { return };
        let refused = moved.state == State::Queued
            && moved.problem.is_some_and(|p| matches!(p.code, ProblemCode::Refused | ProblemCode::BadLogin));
        if refused {
            entry.tries.set_strikes(if entry.problem() == moved.problem {
                entry.tries.strikes() + 1
            } else {
                1
            });
        }
        entry.tries.set_pauses(entry.tries.pauses() + u8::from(moved.pause_s > 0));
        if let Some(ttl_s) = moved.ttl_s {
            entry.ttl_s = ttl_s;
            entry.deadline_ms = at_ms + u64::from(ttl_s) * 1000;
            entry.tries.set(0, 0);
        }
        entry.perhaps_sent = match moved.state {
            State::Unknown => true,
            // It is never said of a message that may have been sent.
            State::Failed | State::Expired | State::Cancelled => false,
            _ => entry.perhaps_sent,
        };
        entry.job = moved.job;
        entry.set_problem(moved.problem);
        self.index.set_state(moved.id, moved.state, moved.at);
        if let Some(entry) = self.index.get_mut(moved.id) {
            entry.since_ms = at_ms + u64::from(moved.pause_s) * 1000;
        }
    }

    pub(super) fn restore_kept(&mut self, r: &mut Restoring, accepted: &Accepted, kept: Kept) {
        let at_ms = self.pass(r, kept.at, kept.boot);
        let mut entry = self.entry(r, accepted, at_ms);
        entry.updated_s = kept.changed_s;
        entry.ttl_s = kept.ttl_s;
        entry.deadline_ms = (at_ms + u64::from(kept.ttl_s) * 1000).saturating_sub(kept.age_ms);
        entry.since_ms = match kept.state {
            State::Queued => at_ms + kept.pause_ms,
            _ => at_ms.saturating_sub(kept.changed_ms_ago),
        };
        if kept.state == State::Queued && kept.attempts == 0 && kept.pause_ms > 0 && kept.age_ms == 0 {
            // Its ttl has not begun.
            entry.deadline_ms = entry.since_ms + u64::from(kept.ttl_s) * 1000;
        }
        entry.line =
            kept.line.as_ref().and_then(|name| self.place_of(name)).map(|place| self.lines[place].id);
        entry.job = kept.job;
        entry.set_problem(kept.problem);
        entry.attempts = kept.attempts;
        entry.state = kept.state;
        entry.tries.set(kept.strikes, kept.pauses);
        entry.perhaps_sent = kept.perhaps_sent;
        self.index.put(entry);
        self.restore_order(r, accepted);
        r.under_way.retain(|u| u.id != accepted.id);
        if let (Some(line), Some(fence)) = (kept.line, kept.fence)
            && !kept.state.is_final()
        {
            let submitted_ms = at_ms.saturating_sub(kept.submitted_ms_ago.unwrap_or(u64::MAX));
            // Longer ago than this boot is as good as in another.
            let boot = if kept.submitted_ms_ago.is_some() { kept.boot } else { BootId::default() };
            r.under_way.push(UnderWay { id: accepted.id, line, fence, submitted_ms, boot });
        }
    }

    /// All that has to be known to restore message `id` as it is now; `None` if it is not kept.
    pub fn kept(&self, now: Now, id: MessageId) -> Option<Kept> {
        let entry = self.index.get(id)?;
        let on_line = self.lines.iter().find(|l| l.phase.message() == Some(id));
        let queued = entry.state == State::Queued;
        let ttl_ms = u64::from(entry.ttl_s) * 1000;
        Some(Kept {
            at: now.stamp(),
            boot: self.boot,
            state: entry.state,
            age_ms: (now.boot_ms + ttl_ms).saturating_sub(entry.deadline_ms),
            ttl_s: entry.ttl_s,
            changed_s: entry.updated_s,
            changed_ms_ago: if queued { 0 } else { now.boot_ms.saturating_sub(entry.since_ms) },
            line: entry.line.map(|line| self.settings.line_name(line)),
            fence: on_line.map(|l| l.fence),
            submitted_ms_ago: on_line.and_then(|l| l.submitted_ms).map(|ms| now.boot_ms.saturating_sub(ms)),
            job: entry.job,
            problem: entry.problem(),
            attempts: entry.attempts,
            strikes: entry.tries.strikes(),
            pauses: entry.tries.pauses(),
            pause_ms: if queued { entry.since_ms.saturating_sub(now.boot_ms) } else { 0 },
            perhaps_sent: entry.perhaps_sent,
        })
    }

    fn choice_of(&self, choice: &journal::Choice) -> Option<Choice> {
        match choice {
            journal::Choice::Any => Some(Choice::Any),
            journal::Choice::Device(name) => {
                self.devices.iter().position(|d| d.name == *name).map(|place| Choice::Device(place as u8))
            }
            journal::Choice::Line(name) => {
                self.place_of(name).map(|place| self.lines[place].id).map(|line: LineId| Choice::Line(line))
            }
        }
    }
}
