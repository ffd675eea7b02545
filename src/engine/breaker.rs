//! When a line on which one message after another fails is left alone. A failed message is lost to
//! its sender, so a line that has lost its credit or its network must not take the whole queue
//! with it. This is in memory alone: after a restart a line begins anew.

use crate::message::{MessageId, Problem};

/// So many messages in a row have to fail: one can have a wrong number, a list of five seldom has
/// five.
const FAILURES: usize = 5;

/// How long the line is left alone at first, and at last, in milliseconds.
const FIRST_MS: u64 = 300_000;
const LAST_MS: u64 = 3_600_000;

/// The messages that failed in a row on one line.
#[derive(Clone, Debug, Default)]
pub(super) struct Breaker {
    /// Each of them once.
    failed: heapless::Vec<MessageId, FAILURES>,
    problem: Option<Problem>,
    /// Since when the line is left alone, for how long, and how often it was in a row.
    since_ms: u64,
    rest_ms: u64,
}

impl Breaker {
    /// A message was sent.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// A message has certainly failed; says whether the line is left alone from now on.
    pub fn failed(&mut self, now_ms: u64, message: MessageId, problem: Problem) -> bool {
        self.problem = Some(problem);
        // The one that is tried after a rest may be the first that failed: it was not told apart
        // from the others then.
        if self.rest_ms == 0 && !self.failed.contains(&message) && self.failed.push(message).is_err() {
            return false;
        }
        if self.failed.len() < FAILURES {
            return false;
        }
        self.since_ms = now_ms;
        self.rest_ms = if self.rest_ms == 0 { FIRST_MS } else { (2 * self.rest_ms).min(LAST_MS) };
        true
    }

    /// Whether it is not as it should be: the next message shows whether the cause is gone.
    pub fn is_tripped(&self) -> bool {
        self.rest_ms > 0
    }

    /// Until when the line is left alone, if it is.
    pub fn rest_until_ms(&self, now_ms: u64) -> Option<u64> {
        let until_ms = self.since_ms + self.rest_ms;
        (now_ms < until_ms).then_some(until_ms)
    }

    /// Why the line is left alone for so many seconds more, in words.
    pub fn told(&self, left_s: u64) -> String {
        let last = self.problem.as_ref().map_or("", |problem| problem.device_code.as_str());
        let count = self.failed.len();
        format!("{count} messages in a row failed, the last with '{last}'; the next is tried in {left_s} s")
    }

    /// How many messages have failed in a row; more are not counted.
    pub fn count(&self) -> usize {
        self.failed.len()
    }
}
