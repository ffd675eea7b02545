//! What the device said, as the engine hears it.

use heapless::Vec;

use crate::message::{JobId, Words};

/// The most lines a status page is read for: the largest box has 32, and 64 leaves room.
pub const MAX_LINES: usize = 64;

/// How far a send's request got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No connection: the box has not heard of the message.
    NotConnected,
    /// Connected, but not one byte of the request left: the box has not heard of it either.
    Connected,
    /// At least one byte was written: the box may have the message.
    Written,
    /// A part of an answer came, but not a whole one.
    Answering,
}

/// How a message goes out by the box's web form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByForm {
    /// What the job is to be called.
    pub key: JobId,
    /// Whether the form's line has no number, as on old boxes with one line.
    pub plain: bool,
}

/// What is done to a box besides sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A line's module is switched on or off.
    Power(bool),
    /// The network is asked with a USSD code, by the web form.
    Ussd {
        /// The code.
        code: Box<str>,
        /// What the job is to be called.
        form: ByForm,
    },
    /// The box starts anew.
    Reboot,
}

/// A deed, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// The line, from 1; of no meaning to a box as a whole.
    pub line: u8,
    /// What is done.
    pub deed: Deed,
}

/// What a send led to. Only [`SendAnswer`]'s `ERROR,` kinds and the phases before the first
/// written byte mean *certainly not sent*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// A whole answer.
    Answered(SendAnswer),
    /// No whole answer.
    Lost {
        /// How far it got.
        phase: Phase,
        /// Whether our own time-out ended it: then the box may still work the request off later.
        timed_out: bool,
    },
}

/// The box's whole answer to a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendAnswer {
    /// `Sending,L1 Send SMS to:…; ID:…`, or `Line 1 Sending...` in the form's page: sending
    /// started.
    Sending {
        /// The line it named, if it could be read.
        line: Option<u8>,
        /// The job's id, or the key that it was given; never empty.
        id: JobId,
    },
    /// `ERROR,L1 busy`.
    Busy,
    /// `ERROR,L1 GSM logout`.
    GsmLogout,
    /// `ERROR,user or password error`, or HTTP status 401.
    BadLogin,
    /// `ERROR,` and anything else: what stands behind the comma.
    Refused(Words),
    /// The form's page, which does not say that it sends; that alone proves nothing.
    NotSaid,
    /// Anything else: the beginning of it, or the HTTP status.
    NotUnderstood(Words),
}

/// What a job's status says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JobStatus {
    /// Nothing: the line has not sent since the box started.
    #[default]
    Empty,
    /// `STARTED`.
    Started,
    /// `DONE`.
    Done,
    /// A word that is not known.
    Other,
}

/// A line's last job as the status page shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineStatus {
    /// The job's id, or empty.
    pub id: JobId,
    /// How far the job is.
    pub status: JobStatus,
    /// The job's error; means something only with [`JobStatus::Done`].
    pub error: Words,
}

/// A whole status page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusPage {
    /// A place for every line from 1; `None` where the page says nothing of that line.
    pub lines: Vec<Option<LineStatus>, MAX_LINES>,
    /// Whether its tags have no numbers: an old box with one line.
    pub plain: bool,
    /// Errors that are longer than [`LineStatus::error`] keeps, with their lines: where the network was
    /// asked something, its answer stands there.
    pub long: std::vec::Vec<(u8, Box<str>)>,
}

impl StatusPage {
    /// What the page says of line `line` (from 1).
    pub fn line(&self, line: u8) -> Option<&LineStatus> {
        self.lines.get(usize::from(line).checked_sub(1)?)?.as_ref()
    }

    /// The whole error of line `line` (from 1), as far as it is known.
    pub fn error(&self, line: u8) -> &str {
        for (known, text) in &self.long {
            if *known == line {
                return text;
            }
        }
        self.line(line).map_or("", |shown| shown.error.as_str())
    }
}

/// Why asking gave no page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskError {
    /// No connection, no answer in time, or one that broke off.
    Unreachable(Words),
    /// The box did not take the login.
    BadLogin,
    /// An answer that is not the page: too large, too deep, another page, cut off.
    NotUnderstood(Words),
}
