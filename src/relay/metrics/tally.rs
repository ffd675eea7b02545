//! The requests to a box, counted by what was asked for and by how it ended.

use crate::engine::Answer;
use crate::goip::{AskError, SendAnswer, SendOutcome};

/// What a box was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To send.
    Send,
    /// For its status page.
    Status,
    /// For its inbox page.
    Inbox,
    /// To delete a received message.
    Delete,
    /// For a page of its lines.
    Lines,
    /// To switch a line, to ask the network, to start anew.
    Control,
}

impl Asked {
    pub const ALL: [Self; 6] =
        [Self::Send, Self::Status, Self::Inbox, Self::Delete, Self::Lines, Self::Control];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Status => "status",
            Self::Inbox => "inbox",
            Self::Delete => "delete",
            Self::Lines => "lines",
            Self::Control => "control",
        }
    }
}

/// How a request to a box ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It did what it was asked for.
    Ok,
    /// It said no, such as `busy`.
    Refused,
    /// It did not take the login.
    BadLogin,
    /// There was no whole answer.
    NoAnswer,
    /// The answer was not a GoIP's.
    NotUnderstood,
}

impl Outcome {
    pub const ALL: [Self; 5] = [Self::Ok, Self::Refused, Self::BadLogin, Self::NoAnswer, Self::NotUnderstood];

    const fn of(error: Option<&AskError>) -> Self {
        match error {
            None => Self::Ok,
            Some(AskError::Unreachable(_)) => Self::NoAnswer,
            Some(AskError::BadLogin) => Self::BadLogin,
            Some(AskError::NotUnderstood(_)) => Self::NotUnderstood,
        }
    }

    const fn of_send(outcome: &SendOutcome) -> Self {
        match outcome {
            SendOutcome::Answered(SendAnswer::Sending { .. }) => Self::Ok,
            SendOutcome::Answered(SendAnswer::Busy | SendAnswer::GsmLogout | SendAnswer::Refused(_)) => {
                Self::Refused
            }
            SendOutcome::Answered(SendAnswer::BadLogin) => Self::BadLogin,
            SendOutcome::Answered(SendAnswer::NotUnderstood(_) | SendAnswer::NotSaid) => Self::NotUnderstood,
            SendOutcome::Lost { .. } => Self::NoAnswer,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::BadLogin => "bad_login",
            Self::NoAnswer => "no_answer",
            Self::NotUnderstood => "not_understood",
        }
    }
}

/// The requests to one box since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub(super) counts: [[u32; Outcome::ALL.len()]; Asked::ALL.len()],
    /// How long they took together, in milliseconds.
    pub(super) millis: [u64; Asked::ALL.len()],
}

impl Tally {
    /// One more request has ended like that, and took so many milliseconds.
    pub fn answered(&mut self, answer: &Answer, ms: u64) {
        let (asked, outcome) = match answer {
            Answer::Send(outcome) => (Asked::Send, Outcome::of_send(outcome)),
            Answer::Acted(outcome) => (Asked::Control, Outcome::of_send(outcome)),
            Answer::Status(page) => (Asked::Status, Outcome::of(page.as_ref().err())),
            Answer::Lines(page) => (Asked::Lines, Outcome::of(page.as_ref().err())),
            Answer::Inbox(end) => (Asked::Inbox, Outcome::of(end.as_ref().err())),
            Answer::Deleted(end) => (Asked::Delete, Outcome::of(end.as_ref().err())),
            // No request was made, or it goes on.
            Answer::NoBody | Answer::InboxLine(_) => return,
        };
        self.add(asked, outcome, ms);
    }

    fn add(&mut self, asked: Asked, outcome: Outcome, ms: u64) {
        let count = &mut self.counts[asked as usize][outcome as usize];
        // A counter that is full starts anew: Prometheus expects that of counters.
        *count = count.wrapping_add(1);
        self.millis[asked as usize] += ms;
    }
}
