//! A message that the box took: what it was, and what really became of it.

use std::fmt;

use crate::Options;

/// A message that the box took. Times are in ms since the simulation began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The line, from 1.
    pub line: u8,
    /// The number as the box was given it.
    pub number: String,
    /// The text; what was no UTF-8 (cut off in the URL) shows as U+FFFD.
    pub text: String,
    /// What the box calls it: 8 hex digits.
    pub id: String,
    /// Whether another program asked for it and none of the box's tested clients.
    pub foreign: bool,
    /// When the box took it.
    pub started_ms: u64,
    /// When it went on the air; `None` if it did not, or not yet.
    pub aired_ms: Option<u64>,
    /// When the line was done with it.
    pub ended_ms: Option<u64>,
    /// What became of it.
    pub end: End,
}

/// What became of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It is still under way.
    Running,
    /// `DONE`, no error.
    Sent,
    /// `DONE` with this error.
    Failed(String),
    /// The box rebooted in the middle of it.
    CutOff,
}

impl fmt::Display for Job {
    /// `line 1 to +49171 "text" id 6a52acc8`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} to {} {:?} id {}", self.line, self.number, self.text, self.id)?;
        if self.foreign { f.write_str(" (another program's)") } else { Ok(()) }
    }
}

/// What is to go wrong with a job that was taken and answered as usual.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trouble {
    /// It ends with this error.
    pub error: Option<String>,
    /// The error shows from the start on, and not only at the end.
    pub early: Option<String>,
    /// It does not go on the air.
    pub silent: bool,
    /// Its id is gone when it is done.
    pub empty_id: bool,
    /// The status page shows `STARTED` for ever; with `true` the line stays busy as well.
    pub stuck: Option<bool>,
}

/// A job as the model runs it.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub job: Job,
    air_at_ms: u64,
    end_at_ms: u64,
    trouble: Trouble,
}

impl Run {
    /// `job` begins now, and takes `took_ms`.
    pub(crate) fn new(job: Job, took_ms: u64, trouble: Trouble) -> Self {
        let start = job.started_ms;
        Self { job, air_at_ms: start + took_ms / 2, end_at_ms: start + took_ms, trouble }
    }

    /// When something happens to it by itself.
    pub(crate) fn next_event_ms(&self) -> Option<u64> {
        if self.job.ended_ms.is_some() {
            return None;
        }
        let airs = self.job.aired_ms.is_none() && !self.trouble.silent;
        Some(if airs { self.air_at_ms } else { self.end_at_ms })
    }

    /// Its next event has come. `true`: it goes on the air.
    pub(crate) fn happen(&mut self) -> bool {
        if self.job.aired_ms.is_none() && !self.trouble.silent {
            self.job.aired_ms = Some(self.air_at_ms);
            return true;
        }
        self.job.ended_ms = Some(self.end_at_ms);
        if self.trouble.stuck.is_none() {
            self.job.end = self.trouble.error.clone().map_or(End::Sent, End::Failed);
        }
        false
    }

    /// It is a USSD code that the network answers so, or not at all.
    pub(crate) fn make_ussd(&mut self, answer: Option<String>) {
        let stuck = if answer.is_some() { None } else { Some(false) };
        // A line that is not in the network says so instead.
        let error = self.trouble.error.take().or(answer);
        self.trouble = Trouble { error, silent: true, stuck, ..Trouble::default() };
    }

    /// The box reboots.
    pub(crate) fn cut_off(&mut self, now_ms: u64) {
        if self.job.end == End::Running {
            self.job.ended_ms = Some(now_ms);
            self.job.end = End::CutOff;
        }
    }

    /// Whether its line takes nothing else.
    pub(crate) fn is_busy(&self) -> bool {
        self.job.ended_ms.is_none() || (self.trouble.stuck == Some(true) && self.job.end == End::Running)
    }

    /// Its id, status and error on a status page.
    pub(crate) fn shown(&self) -> [&str; 3] {
        match &self.job.end {
            End::Running => [&self.job.id, "STARTED", self.trouble.early.as_deref().unwrap_or("")],
            End::Sent if self.trouble.empty_id => ["", "DONE", ""],
            End::Sent => [&self.job.id, "DONE", ""],
            End::Failed(error) if self.trouble.empty_id => ["", "DONE", error],
            End::Failed(error) => [&self.job.id, "DONE", error],
            End::CutOff => ["", "", ""],
        }
    }
}

/// How long a message takes without its spread, never so short that it ends as it begins.
pub(crate) fn shortest_ms(options: &Options) -> u64 {
    options.send_ms.max(2)
}
