//! A message from one own line to another: if it comes, messages come through.

use super::CanaryRule;
use crate::message::MessageId;

/// What the text of each begins with; eight hex digits follow that no other has.
const WORDS: &str = "goipd canary ";

/// One canary.
#[derive(Debug)]
pub struct Canary {
    pub rule: CanaryRule,
    /// When the next one flies, in milliseconds since boot.
    pub due_ms: u64,
    /// The one that is under way: its message, since when, and its number.
    pub flying: Option<(MessageId, u64)>,
    token: u32,
    /// The last did not come in time, and that was told.
    pub lost: bool,
    /// None was sent since the start, but before.
    pub restored: bool,
    /// How long the last one took that came, in milliseconds.
    pub took_ms: Option<u32>,
}

/// One has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub took_ms: u32,
    /// It was told that one was lost before.
    pub was_lost: bool,
}

/// Whether that is the text of one, whichever.
pub fn is_canary(text: &str) -> bool {
    let token = text.trim().strip_prefix(WORDS).unwrap_or("");
    token.len() == 8 && token.bytes().all(|b| b.is_ascii_hexdigit())
}

impl Canary {
    /// One of which none has flown yet: the first is due at once.
    pub fn new(rule: CanaryRule) -> Self {
        Self { rule, due_ms: 0, flying: None, token: 0, lost: false, restored: false, took_ms: None }
    }

    /// The last one left so long ago, before the daemon's start.
    pub fn restore(&mut self, now_ms: u64, ago_ms: u64, took_ms: i32) {
        self.restored = true;
        self.due_ms = now_ms + self.interval_ms().saturating_sub(ago_ms);
        self.took_ms = u32::try_from(took_ms).ok().filter(|ms| *ms > 0);
    }

    /// The text of the next one, which `token` tells from all others.
    pub fn text(&mut self, token: u32) -> String {
        self.token = token;
        format!("{WORDS}{token:08x}")
    }

    /// It was queued, or could not be.
    pub fn leave(&mut self, now_ms: u64, message: Option<MessageId>) {
        self.restored = false;
        self.due_ms = now_ms + self.interval_ms();
        self.flying = message.map(|message| (message, now_ms));
    }

    /// A received message: the one that is under way, late or not?
    pub fn received(&mut self, now_ms: u64, text: &str) -> Option<Arrival> {
        let (_, since_ms) = self.flying?;
        let token = text.trim().strip_prefix(WORDS)?;
        if u32::from_str_radix(token, 16) != Ok(self.token) {
            return None;
        }
        self.flying = None;
        let took_ms = u32::try_from(now_ms - since_ms).unwrap_or(u32::MAX).max(1);
        self.took_ms = Some(took_ms);
        Some(Arrival { took_ms, was_lost: core::mem::take(&mut self.lost) })
    }

    /// Whether the one under way has just become lost.
    pub fn is_lost_now(&mut self, now_ms: u64) -> bool {
        let late = self.over_ms().is_some_and(|ms| ms <= now_ms);
        late && !core::mem::replace(&mut self.lost, true)
    }

    /// When the one under way is lost; `None` if none is, or it is told.
    pub fn over_ms(&self) -> Option<u64> {
        let (_, since_ms) = self.flying.filter(|_| !self.lost)?;
        Some(since_ms + u64::from(self.rule.timeout_s) * 1000)
    }

    /// Until the next one: the one before has come or is lost by then.
    fn interval_ms(&self) -> u64 {
        (u64::from(self.rule.interval_h) * 3_600_000).max(u64::from(self.rule.timeout_s) * 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{LineId, Number};

    fn canary() -> Canary {
        let from = LineId { device: 0, line: 1 };
        Canary::new(CanaryRule { from, to: Number::parse("+49151").ok(), interval_h: 2, timeout_s: 60 })
    }

    #[test]
    fn one_that_comes_says_how_long_it_took_and_one_that_does_not_is_lost_once() {
        let mut canary = canary();
        let text = canary.text(0xbeef);
        assert_eq!(text, "goipd canary 0000beef");
        assert!(is_canary(&text) && !is_canary("goipd canary beef") && !is_canary("hello"));
        canary.leave(1_000, Some(7));
        assert_eq!((canary.over_ms(), canary.due_ms), (Some(61_000), 7_201_000));
        assert_eq!(canary.received(4_000, "goipd canary 0000beee"), None);
        assert_eq!(canary.received(4_000, &text), Some(Arrival { took_ms: 3_000, was_lost: false }));
        assert_eq!(canary.received(5_000, &text), None, "it has come");
        assert!(!canary.is_lost_now(100_000));

        let text = canary.text(0xcafe);
        canary.leave(200_000, Some(8));
        assert!(!canary.is_lost_now(259_999));
        assert!(canary.is_lost_now(260_000));
        assert!(!canary.is_lost_now(260_001), "it was told");
        assert_eq!(canary.received(290_000, &text), Some(Arrival { took_ms: 90_000, was_lost: true }));
    }

    #[test]
    fn the_next_one_waits_until_the_one_before_is_lost() {
        let mut canary = canary();
        canary.rule.timeout_s = 10_000;
        canary.leave(1_000, Some(7));
        assert_eq!((canary.over_ms(), canary.due_ms), (Some(10_001_000), 10_001_000));
    }

    #[test]
    fn a_start_sends_none_before_its_time() {
        let mut canary = canary();
        canary.restore(500, 3_600_000, 4_000);
        assert_eq!((canary.due_ms, canary.took_ms), (500 + 3_600_000, Some(4_000)));
        canary.restore(500, 0, 0);
        assert_eq!((canary.due_ms, canary.took_ms), (500 + 7_200_000, None));
    }
}
