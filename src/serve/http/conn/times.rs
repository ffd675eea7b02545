//! How long a connection may take for what.

use super::super::Refused;
use super::{Connection, Stage, Stand};
use crate::serve::LEAVING_MS;

/// How patient a connection is, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// A head has to end this long after its first byte came, or its turn.
    pub head_ms: u64,
    /// A body has to end this long after its head.
    pub body_ms: u64,
    /// A client that asks nothing may stay this long.
    pub idle_ms: u64,
    /// A client that does not read what it asked for may stay this long.
    pub stalled_ms: u64,
}

impl Default for Timeouts {
    /// A head fits into a packet or a few and a body into a dozen, even over a slow modem; who
    /// asks every minute keeps its connection.
    fn default() -> Self {
        Self { head_ms: 10_000, body_ms: 20_000, idle_ms: 75_000, stalled_ms: 30_000 }
    }
}

/// Why a connection is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// [`Timeouts::head_ms`].
    Head,
    /// [`Timeouts::body_ms`].
    Body,
    /// [`Timeouts::idle_ms`].
    Idle,
    /// [`Timeouts::stalled_ms`].
    Stalled,
    /// It was shown out and did not close.
    Leaving,
}

impl Overdue {
    /// The reason in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Head => "its request's head did not end",
            Self::Body => "its request's body did not end",
            Self::Idle => "it asks nothing",
            Self::Stalled => "it does not take its responses",
            Self::Leaving => "it did not close in time",
        }
    }
}

impl Connection {
    /// Since when it is the client's turn, in milliseconds since boot: to send a whole request, or
    /// to take its responses. `None` while it is ours. Where all places are taken, the client for
    /// which this is longest ago makes room.
    pub fn waiting_since(&self) -> Option<u64> {
        if self.stand != Stand::Open {
            return None;
        }
        let asks = matches!(self.stage, Stage::Head | Stage::Body(..)) && self.is_flushed();
        self.output.blocked_ms().or(asks.then_some(self.waiting_ms))
    }

    /// Since when nothing more is taken from it, in milliseconds since boot; `None` if something
    /// is.
    pub fn leaving_since(&self) -> Option<u64> {
        self.is_leaving().then_some(self.waiting_ms)
    }

    /// When its patience or ours ends, in milliseconds since boot. While the door or the disk is
    /// waited for, there is no such time.
    pub fn deadline_ms(&self) -> Option<u64> {
        self.due().map(|(ms, _)| ms)
    }

    fn due(&self) -> Option<(u64, Overdue)> {
        let times = &self.timeouts;
        if let Some(ms) = self.output.blocked_ms() {
            return Some((ms + times.stalled_ms, Overdue::Stalled));
        } else if !self.is_flushed() {
            return None;
        } else if self.stand == Stand::Leaving {
            return Some((self.waiting_ms + LEAVING_MS, Overdue::Leaving));
        }
        match self.stage {
            Stage::Head if self.input.is_empty() => Some((self.waiting_ms + times.idle_ms, Overdue::Idle)),
            Stage::Head => Some((self.begun_ms + times.head_ms, Overdue::Head)),
            Stage::Body(..) => Some((self.begun_ms + times.body_ms, Overdue::Body)),
            _ => None,
        }
    }

    /// Ends what is overdue. A request that did not end becomes a step that refuses it.
    pub fn expire(&mut self, now_ms: u64) -> Option<Overdue> {
        let (_, overdue) = self.due().filter(|&(ms, _)| ms <= now_ms)?;
        let (part, ms) = match overdue {
            Overdue::Head => ("head", self.timeouts.head_ms),
            Overdue::Body => ("body", self.timeouts.body_ms),
            _ => {
                self.give_up();
                return Some(overdue);
            }
        };
        let message = format!("the request's {part} did not end within {} s: send it at once", ms / 1000);
        self.refuse(Refused::new(408, message));
        Some(overdue)
    }
}
