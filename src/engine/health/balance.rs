//! The balance of one SIM card.

use super::BalanceRule;
use crate::message::Amount;

/// Never is a balance asked for more often than this, whatever comes of it: operators block who
/// does, and some take money for it.
const LEAST_MS: u64 = 3_600_000;

/// A balance, as far as it is known.
#[derive(Debug)]
pub struct Balance {
    pub rule: BalanceRule,
    /// When it is asked for next, in milliseconds since boot.
    pub due_ms: u64,
    /// The last amount that was found.
    pub amount: Option<Amount>,
    /// It was told to be low.
    pub low: bool,
    /// It was not asked for since the start, but before.
    pub restored: bool,
}

/// What an answer changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing that is told.
    None,
    /// It is low now.
    Low,
    /// It is not low any more.
    Ok,
}

impl Balance {
    /// One that was never asked for: that is due at once.
    pub fn new(rule: BalanceRule) -> Self {
        Self { rule, due_ms: 0, amount: None, low: false, restored: false }
    }

    /// It was asked for so long ago, before the daemon's start.
    pub fn restore(&mut self, now_ms: u64, ago_ms: u64, amount: Option<Amount>) {
        self.restored = true;
        self.amount = amount;
        self.due_ms = now_ms + self.interval_ms().saturating_sub(ago_ms);
    }

    /// It is being asked for; an answer comes or does not.
    pub fn ask(&mut self, now_ms: u64) {
        self.restored = false;
        self.due_ms = now_ms + LEAST_MS;
    }

    /// An answer, whoever asked. `Err` if no amount is found in it.
    pub fn answered(&mut self, now_ms: u64, text: &str) -> Result<(Amount, Change), ()> {
        self.restored = false;
        self.due_ms = now_ms + self.interval_ms();
        let amount = self.rule.pattern.find(text).and_then(Amount::parse).ok_or(())?;
        self.amount = Some(amount);
        let low = self.rule.warn_below.is_some_and(|limit| amount < limit);
        let change = match (core::mem::replace(&mut self.low, low), low) {
            (false, true) => Change::Low,
            (true, false) => Change::Ok,
            _ => Change::None,
        };
        Ok((amount, change))
    }

    /// Whether its line is given no messages.
    pub fn pauses(&self) -> bool {
        self.low && self.rule.pause
    }

    fn interval_ms(&self) -> u64 {
        (u64::from(self.rule.interval_s) * 1000).max(LEAST_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{LineId, Pattern};

    fn balance() -> Balance {
        Balance::new(BalanceRule {
            line: LineId { device: 0, line: 1 },
            ussd: "*100#".into(),
            pattern: Pattern::parse(r"Saldo (\S+)").unwrap(),
            interval_s: 7200,
            warn_below: Some(Amount(500)),
            pause: true,
        })
    }

    #[test]
    fn what_falls_below_the_limit_is_told_once_and_again_when_it_is_over() {
        let mut balance = balance();
        for (text, amount, change, pauses) in [
            ("Saldo 12,50", 1250, Change::None, false),
            ("Saldo 5.00", 500, Change::None, false),
            ("Saldo 4,99 EUR", 499, Change::Low, true),
            ("Saldo 3", 300, Change::None, true),
            ("Saldo 20", 2000, Change::Ok, false),
        ] {
            assert_eq!(balance.answered(0, text), Ok((Amount(amount), change)), "{text}");
            assert_eq!(balance.pauses(), pauses, "{text}");
        }
        assert_eq!(balance.answered(0, "try later"), Err(()));
        assert_eq!(balance.amount, Some(Amount(2000)), "the last that was found");
    }

    #[test]
    fn it_is_asked_for_at_once_then_in_its_interval_and_after_silence_in_an_hour() {
        let mut balance = balance();
        assert_eq!(balance.due_ms, 0);
        balance.ask(1_000);
        assert_eq!(balance.due_ms, 1_000 + 3_600_000);
        let _ = balance.answered(5_000, "Saldo 7");
        assert_eq!(balance.due_ms, 5_000 + 7_200_000);
        balance.restore(1_000, 3_200_000, Some(Amount(700)));
        assert_eq!(balance.due_ms, 1_000 + 4_000_000);
        balance.restore(1_000, 9_000_000, None);
        assert_eq!(balance.due_ms, 1_000);
    }
}
