//! A line and a device as the engine sees them: what runs there, what holds them back, what the
//! status page showed last.

use core::fmt;

use super::breaker::Breaker;
use super::conditions::Told;
use super::control::{Control, Done};
use super::joining::Waiting;
use super::pace::Pace;
use super::poll::Poll;
use super::states::{Signal, StatePoll};
use crate::goip::{AskError, BoxFacts, JobStatus, LineFacts, LinePart, LineStatus};
use crate::journal::{Fence, Ticket};
use crate::message::{DeviceName, JobId, LineId, LineName, MessageId};

/// A held line or device is looked at again after this long, …
pub(super) const PROBE_FIRST_MS: u64 = 5_000;

/// … later after a quarter of the time the hold has lasted, but at least this often.
pub(super) const PROBE_LAST_MS: u64 = 30_000;

/// Ids are Unix seconds on newer firmware: two jobs that begin within one second may have the
/// same id, and then no fence could tell them apart. So they are kept this far apart.
const SAME_ID_MS: u64 = 1_100;

/// After this long without it, a cause of a hold counts as a new one.
pub(super) const OVER_MS: u64 = 60_000;

/// Why a device is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceReason {
    /// Nothing was asked yet.
    NotAsked,
    /// It did not answer the last request in time; its status tells whether it hangs.
    TimedOut,
    /// It cannot be reached, or does not answer.
    Unreachable,
    /// It does not take the configured login.
    BadLogin,
    /// It answers, but not like a GoIP.
    NotUnderstood,
    /// It was told to start anew.
    Rebooting,
}

impl DeviceReason {
    /// Why a page could not be read, and the words for what exactly.
    pub(super) fn of(error: &AskError) -> (Self, &str) {
        match error {
            AskError::Unreachable(words) => (Self::Unreachable, words.as_str()),
            AskError::BadLogin => (Self::BadLogin, "HTTP 401"),
            AskError::NotUnderstood(words) => (Self::NotUnderstood, words.as_str()),
        }
    }
}

impl fmt::Display for DeviceReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAsked => "not asked yet",
            Self::TimedOut => "the box did not answer the last request in time",
            Self::Unreachable => "the box cannot be reached or does not answer",
            Self::BadLogin => "the box does not take the configured username and password",
            Self::NotUnderstood => "the box does not answer like a GoIP; is the url right?",
            Self::Rebooting => "the box was told to start anew",
        })
    }
}

/// Why a line is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineReason {
    /// It is in use, by a call or by somebody else's message.
    Busy,
    /// Its SIM is not logged in to the network.
    GsmLogout,
    /// The box refused the last message.
    Refused,
    /// The box gave no answer to the last send, and did not take it.
    NoAnswer,
    /// The box gave an answer to the last send that is not a GoIP's, and did not take it.
    NotUnderstood,
    /// The box's status page does not show it.
    NotShown,
    /// It was switched off on request.
    SwitchedOff,
    /// Its module has no power.
    ModuleOff,
    /// The module sees no SIM.
    NoSim,
    /// The SIM is not in the network, as the box says.
    NotRegistered,
    /// Its balance is low, and it is to be given no messages then.
    LowBalance,
}

impl fmt::Display for LineReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "the line is in use",
            Self::GsmLogout => "the line's SIM is not logged in to the network",
            Self::Refused => "the box refused the last message",
            Self::NoAnswer => "the box did not answer the last send and did not take it",
            Self::NotUnderstood => "the box's answer to the last send was not a GoIP's",
            Self::NotShown => "the box's status page does not show this line; is option 'lines' right?",
            Self::SwitchedOff => "the line was switched off; see 'goipctl line'",
            Self::ModuleOff => "the line's module is off",
            Self::NoSim => "the box sees no SIM in this line",
            Self::NotRegistered => "the line's SIM is not registered in the network",
            Self::LowBalance => "the balance of the line's SIM is low",
        })
    }
}

/// Something sick is left alone until the next look at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold<R> {
    pub reason: R,
    pub since_ms: u64,
    pub until_ms: u64,
}

impl<R: Copy + PartialEq> Hold<R> {
    /// Whether it still lasts; afterwards the next message shows whether the cause is gone.
    pub fn is_on(&self, now_ms: u64) -> bool {
        now_ms < self.until_ms
    }

    /// The hold after `reason` was met at `now_ms`: a new one lasts `first_ms`; one that goes on
    /// lasts longer the longer it has lasted. Also says whether it is new.
    pub fn next(before: Option<Self>, reason: R, now_ms: u64, first_ms: u64) -> (Self, bool) {
        // What was over for a while does not go on.
        let before = before.filter(|b| b.reason == reason && now_ms <= b.until_ms + OVER_MS);
        let new = before.is_none();
        let since_ms = before.map_or(now_ms, |b| b.since_ms);
        let gap_ms = ((now_ms - since_ms) / 4).clamp(first_ms, PROBE_LAST_MS.max(first_ms));
        (Self { reason, since_ms, until_ms: now_ms + gap_ms }, new)
    }
}

/// Where a line is with its one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Idle,
    /// Something else than a message is done with it: the device's [`Control`] says what.
    Controlled,
    /// The `submitting` record is being written.
    Storing {
        message: MessageId,
        ticket: Ticket,
    },
    /// The record is safe; the request leaves as soon as the box is free.
    Ready {
        message: MessageId,
    },
    /// The request is under way.
    Acting {
        message: MessageId,
    },
    /// The answer was lost: the status page has to decide.
    Open {
        message: MessageId,
        /// When to look next.
        look_ms: u64,
        /// The first of the two answers that have to agree.
        first: Option<(JobId, JobStatus, u64)>,
    },
    /// The box is sending.
    Watching {
        message: MessageId,
        job: JobId,
        started_ms: u64,
        /// Whether `started_ms` is exact enough to learn the line's pace from.
        timed: bool,
        look_ms: u64,
        /// The last time it was seen running.
        running_ms: Option<u64>,
    },
}

impl Phase {
    pub fn message(&self) -> Option<MessageId> {
        match *self {
            Self::Idle | Self::Controlled => None,
            Self::Storing { message, .. }
            | Self::Ready { message }
            | Self::Acting { message }
            | Self::Open { message, .. }
            | Self::Watching { message, .. } => Some(message),
        }
    }
}

/// Longer than this, and a `STARTED` does not end any more: the time for one message, and what
/// each segment adds.
const STUCK_MS: u64 = 60_000;
const STUCK_SEGMENT_MS: u64 = 15_000;

/// A message of that many segments is not being sent any more after this long.
pub(super) fn stuck_ms(segments: u8) -> u64 {
    STUCK_MS + STUCK_SEGMENT_MS * u64::from(segments)
}

/// What the status page showed for a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub job: JobId,
    pub status: JobStatus,
    /// When it was asked.
    pub asked_ms: u64,
    /// When it came.
    pub shown_ms: u64,
    /// Since when it has shown the same.
    pub since_ms: u64,
}

impl Seen {
    /// What `shown` says, asked at `asked_ms` and here at `shown_ms`, after `before`.
    pub fn next(before: Option<Self>, shown: &LineStatus, asked_ms: u64, shown_ms: u64) -> Self {
        let same = before.filter(|b| (b.job, b.status) == (shown.id, shown.status));
        let since_ms = same.map_or(asked_ms, |b| b.since_ms);
        Self { job: shown.id, status: shown.status, asked_ms, shown_ms, since_ms }
    }

    /// Whether a job runs on the line. A `STARTED` that does not end is a defect of the box: the
    /// next send shows whether the line is free.
    pub fn is_running(&self) -> bool {
        self.status == JobStatus::Started && self.asked_ms - self.since_ms <= stuck_ms(1)
    }
}

#[derive(Debug)]
pub(super) struct Line {
    pub id: LineId,
    pub name: LineName,
    pub phase: Phase,
    pub hold: Option<Hold<LineReason>>,
    pub seen: Option<Seen>,
    /// What the page showed before the current message; kept until the next one.
    pub fence: Fence,
    /// Since when the current message is `submitting`; `None` if that was in an earlier boot.
    pub submitted_ms: Option<u64>,
    /// A fence is made only from what was asked from here on: the line's last job had ended.
    pub floor_ms: u64,
    /// The last job that goipd knows of on this line; `None` before the first look.
    pub known: Option<JobId>,
    /// Before this the line may give its next job the same id as its last.
    pub next_id_ms: u64,
    /// What is known is from the journal, and the box has not been seen since.
    pub unproved: bool,
    /// A message waits for this line, but its fence is not fresh.
    pub wanted: bool,
    /// A message that was given up as `unknown`, and its job: its end may still be seen.
    pub late: Option<(MessageId, JobId)>,
    /// The last message was given up as `unknown`: a new job on the page may be its own.
    pub doubt: bool,
    /// It was told to be down; from then on it counts as up if nothing is held against it.
    pub down_ms: Option<u64>,
    pub told: Told,
    /// What the box tells of it.
    pub facts: LineFacts,
    /// Why it cannot send, by that.
    pub barred: Option<Hold<LineReason>>,
    /// When it was switched off on request.
    pub off_ms: Option<u64>,
    /// Its balance is low, and so it is given no messages.
    pub paused: bool,
    pub signal: Signal,
    pub pace: Pace,
    /// Messages that were received, and gaps that were told, since the start. They begin anew after
    /// 2^32.
    pub received: u32,
    pub gaps: u32,
    /// What its inbox showed and is not taken yet.
    pub waiting: Option<Box<Waiting>>,
    /// The place of its section among those of lines.
    pub own: Option<u8>,
    /// The messages that failed on it in a row.
    pub breaker: Breaker,
    /// The next message leaves it alone before that.
    pub gap_until_ms: u64,
    /// What its limits left at the begin of this turn, in segments: for messages of high priority,
    /// and for the others.
    pub room: [u32; 2],
    /// The windows, as bits, of whose limits it was told that they are near.
    pub near: u8,
    /// Where lines take turns: the one with the least is next. Each message adds what the line's
    /// weight says.
    pub turns: u64,
}

impl Line {
    pub fn new(id: LineId, name: LineName, own: Option<u8>) -> Self {
        Self {
            id,
            name,
            own,
            breaker: Breaker::default(),
            gap_until_ms: 0,
            room: [0; 2],
            near: 0,
            turns: 0,
            phase: Phase::Idle,
            hold: None,
            seen: None,
            fence: Fence { job: JobId::EMPTY, decides: false, key: JobId::EMPTY },
            submitted_ms: None,
            unproved: false,
            floor_ms: 0,
            known: None,
            next_id_ms: 0,
            wanted: false,
            late: None,
            doubt: false,
            down_ms: None,
            told: Told::default(),
            facts: LineFacts::default(),
            barred: None,
            off_ms: None,
            paused: false,
            signal: Signal::default(),
            pace: Pace::default(),
            received: 0,
            gaps: 0,
            waiting: None,
        }
    }

    /// Whether a message could be given to the line, its fence aside.
    pub fn is_free(&self, now_ms: u64) -> bool {
        self.phase == Phase::Idle && self.free_ms() <= now_ms
    }

    /// Until when the line is left alone.
    pub fn free_ms(&self) -> u64 {
        self.hold.map_or(0, |h| h.until_ms).max(self.next_id_ms).max(self.gap_until_ms)
    }

    /// The line's last job is `job`, which existed at `now_ms`.
    pub fn know(&mut self, job: JobId, now_ms: u64) {
        self.known = Some(job);
        self.unproved = false;
        if !job.is_empty() {
            self.next_id_ms = now_ms + SAME_ID_MS;
        }
    }

    /// Holds the line; says whether that is new.
    pub fn hold(&mut self, reason: LineReason, now_ms: u64) -> bool {
        let first_ms = match reason {
            LineReason::Busy | LineReason::NoAnswer | LineReason::NotUnderstood => 1_000,
            _ => PROBE_FIRST_MS,
        };
        let (hold, new) = Hold::next(self.hold, reason, now_ms, first_ms);
        self.hold = Some(hold);
        new
    }

    /// When the line next needs a status answer.
    pub fn look_ms(&self) -> Option<u64> {
        match self.phase {
            Phase::Open { look_ms, .. } | Phase::Watching { look_ms, .. } => Some(look_ms),
            Phase::Idle if self.wanted => Some(self.free_ms()),
            _ => None,
        }
    }
}

/// The one request that a box has in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flight {
    /// A send for the line at this index.
    Send { line: usize },
    /// A question for the status.
    Status { asked_ms: u64 },
    /// A question for the inbox.
    Inbox,
    /// A deletion in the inbox.
    Delete,
    /// A question for the lines.
    Lines(LinePart),
    /// The device's [`Control`].
    Act,
}

#[derive(Debug)]
pub(super) struct Device {
    pub name: DeviceName,
    /// The places of its lines among all lines.
    pub lines: core::ops::Range<usize>,
    pub exclusive: bool,
    /// All messages go out by its web form.
    pub form: bool,
    /// The longest text that goes out by the api, in bytes as a form writes it.
    pub api_room: u16,
    /// Its status page has no numbers: an old box with one line.
    pub plain: bool,
    /// It has shown a job of ours under the key that goipd gave it, since the daemon's start.
    pub keeps_keys: bool,
    pub status_interval_ms: Option<u64>,
    pub flight: Option<Flight>,
    pub hold: Option<Hold<DeviceReason>>,
    /// When the last question for the status was begun.
    pub asked_ms: Option<u64>,
    /// The readings of its inbox.
    pub inbox: Poll,
    /// It was told to be down.
    pub down: bool,
    pub told: Told,
    /// Since when it answers.
    pub good_ms: Option<u64>,
    /// The readings of its lines' states.
    pub states: StatePoll,
    /// What it tells of itself.
    pub facts: Option<Box<BoxFacts>>,
    /// What is to be done with it or with one of its lines, and what came of the one before.
    pub control: Option<Box<Control>>,
    pub done: Option<Box<Done>>,
}

impl Device {
    /// Holds the device; says whether that is new.
    pub fn hold(&mut self, reason: DeviceReason, now_ms: u64) -> bool {
        let (hold, new) = Hold::next(self.hold, reason, now_ms, PROBE_FIRST_MS);
        self.hold = Some(hold);
        new
    }

    /// When the configured polling asks next.
    pub fn interval_ms(&self) -> Option<u64> {
        Some(self.asked_ms? + self.status_interval_ms?)
    }
}
