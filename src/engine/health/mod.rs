//! What goipd looks after by itself: the balance of SIM cards, boxes that hang, and whether
//! messages still come through. Here is when something is due and what its outcome means; nothing
//! is asked or sent here.

mod balance;
mod canary;
mod watchdog;

use super::Now;
use crate::journal::Stamp;
use crate::message::{Amount, LineId, Number, Pattern};

pub(super) use balance::{Balance, Change};
pub(super) use canary::{Arrival, Canary, is_canary};
pub(super) use watchdog::{Dog, Help};

/// A balance that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceRule {
    /// The line whose SIM card it is of.
    pub line: LineId,
    /// What is dialled for it, 1 to 32 bytes.
    pub ussd: Box<str>,
    /// What finds it in the answer.
    pub pattern: Pattern,
    /// How often it is asked for, 3600 to 2592000 s.
    pub interval_s: u32,
    /// Below this it is told to be low.
    pub warn_below: Option<Amount>,
    /// Whether a line whose balance is low is given no messages.
    pub pause: bool,
}

/// A message that goipd sends to itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanaryRule {
    /// The line it goes out on.
    pub from: LineId,
    /// The number it goes to, of another line; `None` only where the configuration is refused.
    pub to: Option<Number>,
    /// How often, 1 to 168 h.
    pub interval_h: u32,
    /// How long it may take, 60 to 86400 s.
    pub timeout_s: u32,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthRules {
    /// The balances, at most one a line.
    pub balances: Vec<BalanceRule>,
    /// The messages to itself.
    pub canaries: Vec<CanaryRule>,
}

/// How long ago `then` was, in milliseconds. Where the clock was not set it counts as just now, so
/// that nothing is done too often.
pub(super) fn ago_ms(now: Now, then: Stamp) -> u64 {
    let known = now.trusted && then.trusted;
    if known { u64::from(now.unix_s.saturating_sub(then.unix_s)) * 1000 } else { 0 }
}
