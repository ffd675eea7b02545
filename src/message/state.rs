//! What can have become of a message, and how its sender ranked it.

use core::fmt;

/// Where a message stands in its life. The transitions are the engine's; see
/// `docs/messages.md` for the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// Accepted and waiting for its turn.
    Queued = 0,
    /// Chosen for a line; the request is about to leave, is under way, or its answer was lost.
    Submitting = 1,
    /// The box said that it is sending, or showed it.
    Sending = 2,
    /// The box reported the job done without an error.
    Sent = 3,
    /// A delivery report said that it arrived.
    Delivered = 4,
    /// A delivery report said that it did not.
    Undelivered = 5,
    /// Certainly not sent, and not to be tried again without an operator's word.
    Failed = 6,
    /// It may have been sent or not: nobody can know.
    Unknown = 7,
    /// Its time to live ran out before it was tried.
    Expired = 8,
    /// Taken back by its sender before it was tried.
    Cancelled = 9,
}

impl State {
    /// Every state, in the order of a message's life.
    pub const ALL: [Self; 10] = [
        Self::Queued,
        Self::Submitting,
        Self::Sending,
        Self::Sent,
        Self::Delivered,
        Self::Undelivered,
        Self::Failed,
        Self::Unknown,
        Self::Expired,
        Self::Cancelled,
    ];

    /// The state's name on every door and in the journal's documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Submitting => "submitting",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// Whether goipd does nothing more for the message by itself. A later truth can still turn
    /// `sent` into `delivered`, or `unknown` into `sent` or `failed`.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Submitting | Self::Sending)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which of two waiting messages goes first; within one priority the older does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Priority {
    /// Before all others, and with the reserved fifth of the queue.
    High = 0,
    /// What a message has that says nothing.
    #[default]
    Normal = 1,
    /// After all others.
    Low = 2,
}

impl Priority {
    /// Every priority, the most urgent first.
    pub const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

    /// The priority's name on every door.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }

    /// The priority of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == name)
    }
}

/// What to do with a message whose outcome cannot be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum OnUnknown {
    /// Leave it `unknown`: it is sent at most once.
    #[default]
    Hold = 0,
    /// Queue it again: it arrives at least once, perhaps twice.
    Resend = 1,
}

impl OnUnknown {
    /// The word in requests and in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Resend => "resend",
        }
    }

    /// What that word means.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Hold, Self::Resend].into_iter().find(|o| o.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_found_by_its_own_name() {
        for state in State::ALL {
            assert_eq!(State::from_name(state.as_str()), Some(state));
        }
        assert_eq!(State::from_name("Sent"), None);
    }

    #[test]
    fn only_the_three_working_states_are_not_final() {
        let working: Vec<_> = State::ALL.into_iter().filter(|s| !s.is_final()).collect();
        assert_eq!(working, [State::Queued, State::Submitting, State::Sending]);
    }

    #[test]
    fn high_goes_before_normal_before_low() {
        assert!(Priority::High < Priority::Normal && Priority::Normal < Priority::Low);
        for priority in Priority::ALL {
            assert_eq!(Priority::from_name(priority.as_str()), Some(priority));
        }
    }
}
