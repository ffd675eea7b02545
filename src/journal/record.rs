//! What is written down of a message's life. A record names lines by name, not by place: it
//! outlives the configuration.

mod received;

use super::{EventKind, LineUsage, Mark, Replies, Seq};
use crate::message::{
    ClientId, ConsumerName, JobId, LineName, MessageId, Number, OnUnknown, Part, Priority, Problem,
    ReceivedId, State,
};

pub use received::{InboxIds, InboxWindow, OptIn, OptOut, OptedOut, Received, ReceivedBody};

/// The kernel's boot id (`/proc/sys/kernel/random/boot_id`), as 16 bytes: two moments with the
/// same boot id can be compared by their monotonic clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BootId(pub [u8; 16]);

/// A moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Wall time, Unix seconds (to the year 2106).
    pub unix_s: u32,
    /// Whether the wall clock had been set since boot.
    pub trusted: bool,
    /// Milliseconds since boot.
    pub boot_ms: u64,
}

pub(super) const DAY_S: u32 = 86_400;

/// So long after boot a trusted wall clock is waited for, in milliseconds; a router that has a
/// network sets its clock within a minute or two.
pub const TRUST_WAIT_MS: u64 = 600_000;

/// A clock that shows an earlier time is wrong, 2026-01-01: goipd was not there then.
const EARLIEST_S: u32 = 1_767_225_600;

impl Stamp {
    /// Whether times of day go by the wall clock: it was set since boot, or it was waited for long
    /// enough and may be right. Where goipd was installed on a router that has run for long, nobody
    /// sees that its clock was set.
    pub fn is_dated(self) -> bool {
        self.trusted || self.boot_ms >= TRUST_WAIT_MS && self.unix_s >= EARLIEST_S
    }

    /// The UTC day, counted from 1970-01-01. A clock that was not set since boot is behind: it
    /// cannot make an earlier day of `newest`, the newest that is known.
    pub(super) fn day(self, newest: u32) -> u32 {
        let day = self.unix_s / DAY_S;
        if self.trusted { day } else { day.max(newest) }
    }
}

/// Whose message it is: idempotency keys and permissions belong to the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Whoever may open the local socket.
    #[default]
    Local,
    /// A client of the HTTP relay.
    Client(ClientId),
    /// goipd itself, which answers the received message with that id by itself; 0: which tells
    /// something of its own.
    Reply(ReceivedId),
    /// goipd itself, which says once to who has opted out that it has understood: the id of the
    /// received message.
    Confirm(ReceivedId),
}

/// Which lines a message may go out on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Any.
    Any,
    /// Any line of the device of that name.
    Device(crate::message::DeviceName),
    /// That line only.
    Line(LineName),
}

/// A message was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub id: MessageId,
    /// When.
    pub at: Stamp,
    /// Whose it is.
    pub origin: Origin,
    /// The receiver.
    pub to: Number,
    /// The text.
    pub text: Box<str>,
    /// The lines it may go out on.
    pub choice: Choice,
    /// Seconds from acceptance after which it is not sent any more.
    pub ttl_s: u32,
    /// Its rank.
    pub priority: Priority,
    /// What to do if its outcome cannot be known.
    pub on_unknown: OnUnknown,
    /// The caller's idempotency key.
    pub key: Option<Box<str>>,
    /// The caller's own note on it.
    pub tag: Option<Box<str>>,
    /// What else was asked for; of most messages nothing.
    pub terms: Option<Box<Terms>>,
}

/// When a message goes, and what it has to do with others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// It is not to be tried before, Unix seconds; 0 for at once.
    pub at_s: u32,
    /// It is not to be tried for so many seconds after it was accepted.
    pub delay_s: u32,
    /// What it collapses with: a newer message with the same takes its place.
    pub collapse: Option<Box<str>>,
    /// The queued message whose place it takes; 0 for none.
    pub replaces: MessageId,
    /// It is as old in the queue as this message; 0 for its own id.
    pub order: MessageId,
    /// How many messages it has replaced, and those that they had.
    pub collapsed: u32,
    /// It is the first message of several, to these receivers as they were asked for; behind a
    /// line feed those who get none.
    pub group: Option<Box<str>>,
    /// How many messages that are, with ids one behind the other; 0 for one alone.
    pub members: u8,
}

/// What a status answer showed for a line before a send, and what the send's job is to be
/// called: by it is judged whether the box took the message if the answer is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The line's last job, or empty.
    pub job: JobId,
    /// Whether a job that appears later can only be ours: false where somebody else sends on
    /// the line too.
    pub decides: bool,
    /// The key that goipd gives the job, if the message goes out by the web form; empty where
    /// the box makes up the id.
    pub key: JobId,
}

/// A message was chosen for a line and its request is about to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitting {
    /// Its id.
    pub id: MessageId,
    /// When.
    pub at: Stamp,
    /// In which boot.
    pub boot: BootId,
    /// The line.
    pub line: LineName,
    /// The line's state before.
    pub fence: Fence,
    /// How many segments the line is given.
    pub segments: u8,
    /// The days on which months begin, for the line and for all together, 1–28.
    pub month_starts: [u8; 2],
}

/// A message's state changed otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its id.
    pub id: MessageId,
    /// When.
    pub at: Stamp,
    /// The new state.
    pub state: State,
    /// The box's id for the job, or empty.
    pub job: JobId,
    /// What went wrong, as last known.
    pub problem: Option<Problem>,
    /// Seconds after `at` before which it is not tried again; 0 unless `queued`.
    pub pause_s: u32,
    /// Its new ttl in seconds after `at`, if it got one (a resend).
    pub ttl_s: Option<u32>,
}

/// The daemon has started. Monotonic times of the records behind it belong to this boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started {
    /// Which boot.
    pub boot: BootId,
    /// When.
    pub at: Stamp,
}

/// How many messages of a client were accepted on a day, up to one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Daily {
    /// The client.
    pub client: ClientId,
    /// The day: UTC, counted from 1970-01-01.
    pub day: u32,
    /// How many messages.
    pub count: u32,
    /// The newest message that was looked at, whosever it is: later ones are not in the count.
    pub up_to: MessageId,
}

/// A device or a line has begun or ceased to work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// When; nothing where a segment only repeats what is down.
    pub at: Stamp,
    /// Which one.
    pub part: Part,
    /// What has begun or ceased.
    pub kind: EventKind,
}

/// How far a consumer has come with the events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The consumer.
    pub consumer: ConsumerName,
    /// The last event that it is done with; `None` if it is not known any more.
    pub seq: Option<Seq>,
    /// For how many seconds the event behind that one has been tried in vain.
    pub tried_s: u32,
}

/// A webhook was given up on an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// When.
    pub at: Stamp,
    /// The webhook.
    pub webhook: ConsumerName,
    /// The event. The webhook is done with it, and with all before.
    pub seq: Seq,
}

/// All that is known of a message at one moment, besides what was accepted: it stands for every
/// record about the message before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The moment.
    pub at: Stamp,
    /// In which boot.
    pub boot: BootId,
    /// Its state.
    pub state: State,
    /// Milliseconds of its ttl that had passed at `at`.
    pub age_ms: u64,
    /// Its ttl in seconds.
    pub ttl_s: u32,
    /// When its state last changed, Unix seconds.
    pub changed_s: u32,
    /// The same in milliseconds before `at`.
    pub changed_ms_ago: u64,
    /// The line it goes or went out on.
    pub line: Option<LineName>,
    /// The line's state before its last submission, while that still matters.
    pub fence: Option<Fence>,
    /// Milliseconds from its last submission to `at`, while that still matters.
    pub submitted_ms_ago: Option<u64>,
    /// The box's id for its last job, or empty.
    pub job: JobId,
    /// What went wrong, as last known.
    pub problem: Option<Problem>,
    /// How often it was submitted to a box.
    pub attempts: u16,
    /// How often in a row the box refused it with the same words.
    pub strikes: u8,
    /// How many pauses of its own it has had.
    pub pauses: u8,
    /// Milliseconds after `at` before which it is not tried again.
    pub pause_ms: u64,
    /// Its outcome was unknown once.
    pub perhaps_sent: bool,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A message was accepted.
    Accepted(Accepted),
    /// It is about to leave.
    Submitting(Submitting),
    /// Its state changed.
    Moved(Moved),
    /// It was dropped from the history: its body is not needed any more.
    Forgotten(MessageId),
    /// The daemon has started.
    Started(Started),
    /// A line's last job, where no message tells it: what the line showed when it was first seen,
    /// or somebody else's job.
    Line(LineName, JobId),
    /// The line's last job, and that another one of goipd's own may follow that no message tells: the
    /// network is about to be asked something.
    LineOpen(LineName, JobId),
    /// What was accepted and what has become of it, in one record: an old message, copied
    /// forward. It comes again for a message that is known, and for one that is not.
    Kept(Box<(Accepted, Kept)>),
    /// How much a client has sent on a day, where the messages that tell it may be gone.
    Daily(Daily),
    /// A device or a line has begun or ceased to work.
    Condition(Condition),
    /// goipd did something by itself.
    Mark(Mark),
    /// A consumer has come so far.
    Cursor(Cursor),
    /// A message was received.
    Received(Received),
    /// What is remembered of a line's inbox; perhaps that messages are missing there.
    InboxWindow(InboxWindow),
    /// How far received messages are numbered and forgotten.
    InboxIds(InboxIds),
    /// Numbers want no more messages.
    OptOut(OptOut),
    /// A number wants messages again.
    OptIn(OptIn),
    /// How often goipd has answered by itself on a day, where the messages that tell it may be
    /// gone.
    Replies(Replies),
    /// An event was not taken by a webhook.
    Dropped(Dropped),
    /// What a line was given, where the records that tell it may be gone.
    Usage(Box<LineUsage>),
}

/// How soon a record has to be on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// With the next one that has to be: after a crash the fence finds out the same.
    Whenever,
    /// Within [`SYNC_DELAY_MS`](super::SYNC_DELAY_MS): nobody waits, but it should not be lost.
    Soon,
    /// At once: a caller or a send waits for it.
    Now,
}

impl Record {
    /// How soon it has to be on the disk if nobody asks for more.
    pub fn urgency(&self) -> Urgency {
        match self {
            Self::Accepted(_) | Self::Submitting(_) | Self::LineOpen(..) | Self::Received(_) => Urgency::Now,
            Self::Moved(moved) if moved.state == State::Sending => Urgency::Whenever,
            Self::Moved(_)
            | Self::Kept(_)
            | Self::Started(_)
            | Self::Condition(_)
            | Self::Mark(_)
            | Self::Cursor(_)
            | Self::Dropped(_)
            | Self::InboxWindow(_)
            | Self::OptOut(_)
            | Self::OptIn(_) => Urgency::Soon,
            Self::Forgotten(_)
            | Self::Line(..)
            | Self::Daily(_)
            | Self::InboxIds(_)
            | Self::Replies(_)
            | Self::Usage(_) => Urgency::Whenever,
        }
    }
}

/// The parts of a message that only the journal keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body<'a> {
    /// The receiver, as normalised.
    pub to: &'a str,
    /// The text.
    pub text: &'a str,
    /// Whose it is.
    pub origin: Origin,
    /// The lines it may go out on.
    pub choice: &'a Choice,
    /// The caller's idempotency key.
    pub key: Option<&'a str>,
    /// The caller's own note on it.
    pub tag: Option<&'a str>,
    /// The time before which it is not to be tried, Unix seconds; 0 for none.
    pub at_s: u32,
    /// What it collapses with.
    pub collapse: Option<&'a str>,
    /// [`Terms::order`].
    pub order: MessageId,
    /// [`Terms::collapsed`].
    pub collapsed: u32,
    /// [`Terms::group`].
    pub group: Option<&'a str>,
}
