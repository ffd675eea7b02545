//! When messages go, and what they have to do with others: a time, a place that is taken over,
//! several messages that are accepted as one.

use super::index::Entry;
use super::requests::hash_key;
use super::{Change, Engine, NewMessage, Now, opt_out};
use crate::journal::{Bodies, Body, TRUST_WAIT_MS, Terms};
use crate::message::{
    At, ErrorCode, MAX_AHEAD_S, MessageId, Number, Problem, ProblemCode, Refusal, State, Words,
};

/// Receivers of one request, at most.
pub const MAX_RECEIVERS: usize = 32;

/// Receivers by one name, with their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its section's name.
    pub name: Box<str>,
    /// 1 to [`MAX_RECEIVERS`], each with a comma behind it.
    pub numbers: String,
}

impl Engine {
    /// Refuses a time that is too far ahead; one that is past is none. What is told here is not
    /// known before the clock is set.
    ///
    /// # Errors
    /// `bad_request`.
    pub fn check_at(now: Now, new: &mut NewMessage) -> Result<(), Refusal> {
        if let Some(At::Time(at_s)) = new.at
            && now.is_dated()
        {
            if at_s <= now.unix_s {
                new.at = None;
            } else if at_s - now.unix_s > MAX_AHEAD_S {
                let days = MAX_AHEAD_S / 86_400;
                let message = format!("the field 'at' is more than {days} days ahead; send it later");
                return Err(Refusal::new(ErrorCode::BadRequest, message));
            }
        }
        Ok(())
    }

    /// When a message may be tried, and until when, in milliseconds since boot.
    pub(super) fn times(now: Now, at_s: u32, delay_s: u32, ttl_s: u32) -> (u64, u64) {
        let (ttl_ms, delay_ms) = (u64::from(ttl_s) * 1000, u64::from(delay_s) * 1000);
        if at_s == 0 {
            return (now.boot_ms + delay_ms, now.boot_ms + delay_ms + ttl_ms);
        }
        let ahead_ms = u64::from(at_s.saturating_sub(now.unix_s).min(MAX_AHEAD_S)) * 1000;
        let since_ms = now.boot_ms + ahead_ms;
        if !now.is_dated() {
            // The clock can only be behind. It is waited for, as for the age of old messages.
            let since_ms = since_ms.max(TRUST_WAIT_MS);
            return (since_ms, since_ms + ttl_ms);
        }
        let late_ms = u64::from(now.unix_s.saturating_sub(at_s)) * 1000;
        (since_ms, (since_ms + ttl_ms).saturating_sub(late_ms))
    }

    /// Counts the times of messages by the clock as it is now.
    pub(super) fn schedule_all(&mut self, now: Now) {
        for entry in self.index.iter_mut() {
            if entry.at_s > 0 && entry.state == State::Queued && entry.attempts == 0 {
                (entry.since_ms, entry.deadline_ms) = Self::times(now, entry.at_s, 0, entry.ttl_s);
            }
        }
        self.ages_ms = now.boot_ms;
    }

    /// What the journal keeps of a message to `to`; which message it replaces stands there.
    pub(super) fn terms(&self, new: &NewMessage, to: &Number, bodies: &impl Bodies) -> Terms {
        let mut terms = Terms { collapse: new.collapse.clone(), ..Terms::default() };
        match new.at {
            None => {}
            Some(At::Time(at_s)) => terms.at_s = at_s,
            Some(At::After(delay_s)) => terms.delay_s = delay_s,
        }
        let Some(collapse) = new.collapse.as_deref() else { return terms };
        let (hash, mark) = (collapse_hash(new.origin, collapse), self.mark_of(to));
        let older =
            |e: &&Entry| e.collapse == hash && e.to == mark && e.state == State::Queued && e.attempts == 0;
        for entry in self.index.iter().filter(older) {
            let chain = |b: Body<'_>| {
                let same = b.collapse == Some(collapse) && b.origin == new.origin;
                same.then_some((b.order, b.collapsed))
            };
            if let Some((order, collapsed)) = bodies.body(entry.id, chain).flatten() {
                terms.replaces = entry.id;
                terms.order = if order > 0 { order } else { entry.id };
                terms.collapsed = collapsed.saturating_add(1);
            }
        }
        terms
    }

    /// A newer message has taken the place of `old`, if that was not tried yet.
    pub(super) fn collapse(&mut self, now: Now, old: MessageId, new: MessageId) {
        if self.index.get(old).is_some_and(|e| e.state == State::Queued) {
            log::info!("message {old} cancelled: message {new} takes its place");
            let problem = Problem::with_words(ProblemCode::Collapsed, &new.to_string());
            self.move_to(now, old, State::Cancelled, Change::problem(problem));
        }
    }

    /// Puts back what `new` has replaced, because that is taken back itself.
    pub(super) fn uncollapse(&mut self, now: Now, new: MessageId) {
        let words = Words::new(&new.to_string());
        let replaced = Problem { code: ProblemCode::Collapsed, device_code: words };
        let Some(entry) = self.index.iter_mut().find(|e| e.problem() == Some(replaced)) else { return };
        entry.problem = None;
        // Its ttl counts from the time at which it is to go.
        let since_ms = entry.deadline_ms.saturating_sub(u64::from(entry.ttl_s) * 1000);
        let pause_s = since_ms.saturating_sub(now.boot_ms).div_ceil(1000) as u32;
        let old = entry.id;
        self.move_to(now, old, State::Queued, Change { pause_s, ..Change::default() });
    }

    /// Takes out of the receivers those who want no messages; gives them, one behind the other.
    ///
    /// # Errors
    /// `opted_out` if nobody is left.
    pub(super) fn leave_out(&self, new: &mut NewMessage) -> Result<String, Refusal> {
        let mut skipped = String::new();
        let mut left = Vec::new();
        for number in core::iter::once(&new.to).chain(&new.others) {
            if self.check_opted_out(new.origin, number).is_ok() {
                left.push(number.clone());
                continue;
            }
            skipped.push_str(if skipped.is_empty() { "" } else { "," });
            skipped.push_str(number.as_str());
        }
        if left.is_empty() {
            return Err(opt_out::refused(&skipped));
        }
        new.to = left.remove(0);
        new.others = left;
        Ok(skipped)
    }

    /// Forgets messages that were accepted as one, but of which a crash has lost some: nobody was
    /// told of them.
    pub(super) fn forget_torn(&mut self, first: MessageId, end: MessageId) {
        log::warn!("messages from {first} on are forgotten: they were not stored as a whole");
        // The first one last: it alone tells that they belong together, if there is a crash meanwhile.
        for id in (first..end).rev() {
            self.forget(id);
        }
    }
}

/// What a message is found by that may collapse with another; never 0, which means none.
pub(super) fn collapse_hash(origin: crate::journal::Origin, collapse: &str) -> u16 {
    (hash_key(origin, collapse) as u16).max(1)
}
