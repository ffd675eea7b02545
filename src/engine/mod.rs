//! The sans-I/O core: the queue, the lines, what holds them back, time-outs and the fence.
//!
//! Requests, device reports and the journal's "durable" come in through methods that take `now`;
//! what is to be done comes out as [`Action`]s. There is no socket, file, clock or thread here:
//! the whole core runs in a simulation.
//!
//! The caller hands in everything that has happened and then calls [`Engine::turn`], which gives
//! messages to lines and requests to boxes; [`Engine::next_wake`] says when to call it again.

mod auto_reply;
mod breaker;
mod chances;
mod choosing;
mod conditions;
mod consumers;
mod control;
mod dispatch;
mod fence;
mod health;
pub mod inbox;
mod index;
mod joining;
mod limits;
mod line;
mod opt_out;
mod pace;
mod poll;
mod received;
mod requests;
mod restore;
mod sends;
mod settings;
mod shown;
mod stale;
mod states;
mod tend;
mod terms;
mod turn;
mod view;
mod waiting;

#[cfg(test)]
mod tests;

use crate::goip::{Act, AskError, ByForm, InboxLine, LinePage, LinePart, SendOutcome, StatusPage};
use crate::journal::{
    BootId, Consumers, DailyCounts, MAX_OPT_OUTS, Moved, OptOuts, Origin, Record, Replies, Stamp, Ticket,
    Usage,
};
use crate::message::{JobId, MessageId, Problem, ProblemCode, State};

use auto_reply::Recent;
use choosing::Tables;
use index::Index;
use line::{Device, Line, Phase};
use received::Inbox;
use restore::{Gap, Restoring};
use stale::Digest;
use tend::Tending;

pub use auto_reply::{Matches, ReplyRule, Senders};
pub use choosing::MAX_PREFIXES;
pub use consumers::Place;
pub use control::{CONTROL_WAIT_S, Wish};
pub use health::{BalanceRule, CanaryRule, HealthRules};
pub use limits::Full;
pub use line::{DeviceReason, LineReason};
pub use opt_out::OptOutRules;
pub use pace::MIN_GAP_MS as MIN_STATUS_GAP_MS;
pub use poll::InboxSettings;
pub use received::LineSet;
pub(crate) use requests::not_found;
pub use requests::{NewMessage, Receipt};
pub use settings::{Choice, Choosing, DeviceSettings, Limits, LineSettings, Policy, Rules, Settings};
pub use stale::{CallerRules, TermRules};
pub use terms::{Group, MAX_RECEIVERS};
pub use view::{Counters, LineState, LineView, StateCounts, View};
pub use waiting::{Thought, Waiting, Why};

/// The time, as the caller read it last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since the router booted; never goes back.
    pub boot_ms: u64,
    /// Wall time in Unix seconds, right or wrong.
    pub unix_s: u32,
    /// Whether the wall clock was set since boot.
    pub trusted: bool,
}

impl Now {
    /// Whether times of day go by the wall clock; see [`Stamp::is_dated`].
    pub fn is_dated(self) -> bool {
        self.stamp().is_dated()
    }

    /// The moment, as records carry it.
    pub fn stamp(self) -> Stamp {
        Stamp { unix_s: self.unix_s, trusted: self.trusted, boot_ms: self.boot_ms }
    }
}

/// What the engine wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Append the record to the journal under that ticket.
    Record(Ticket, Record),
    /// Give the request to that device's worker. A device has at most one in hand.
    Ask(u8, Ask),
    /// Have that device's worker do that, in the place of a request.
    Act(u8, Box<Act>),
}

/// A request to a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Send the message on that line (from 1). Its number and text are in the journal.
    Send(MessageId, u8),
    /// The same by the web form.
    SendByForm(MessageId, u8, ByForm),
    /// Read the status of all lines.
    Status,
    /// The same from the page that belongs to the web form.
    FormStatus,
    /// Read the inbox of all lines.
    Inbox,
    /// Delete what stands in a slot (from 0) of that line's inbox (from 1).
    Delete(u8, u8),
    /// Read what the box tells of its lines and itself.
    Lines(LinePart),
}

/// What came of an [`Ask`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Of a send.
    Send(SendOutcome),
    /// Of a send whose number and text the journal could not give.
    NoBody,
    /// Of a question for the status.
    Status(Result<Box<StatusPage>, AskError>),
    /// Of a question for the inbox, a line's whole list. There may be more; the last answer is
    /// [`Self::Inbox`].
    InboxLine(InboxLine),
    /// Of a question for the inbox, how it ended.
    Inbox(Result<(), AskError>),
    /// Of a deletion. What became of it shows the next page.
    Deleted(Result<(), AskError>),
    /// Of a question for the lines.
    Lines(Result<Box<LinePage>, AskError>),
    /// Of an [`Action::Act`].
    Acted(SendOutcome),
}

/// The core. See the module's documentation.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    boot: BootId,
    index: Index,
    /// What is looked after.
    tending: Tending,
    devices: Vec<Device>,
    lines: Vec<Line>,
    last_id: MessageId,
    /// How much each client has sent today.
    daily: DailyCounts,
    /// What was received.
    inbox: Inbox,
    /// How far each consumer has come with the events.
    consumers: Consumers,
    /// The last record of theirs.
    cursor_ticket: Ticket,
    /// Who wants no more messages, how many there may be, and how many asked for it in vain.
    opt_outs: OptOuts,
    max_opt_outs: usize,
    missed_opt_outs: u32,
    /// How often each number was answered by goipd itself today, and what was received lately.
    replies: Replies,
    recent: Recent,
    /// The newest ticket given out, and the newest that is durable.
    ticket: Ticket,
    durable: Ticket,
    /// The number of the last deed that was asked for.
    last_control: u32,
    /// What was sent lately.
    usage: Usage,
    /// Which lines take what.
    tables: Tables,
    /// The line at which the next choice among equal ones begins.
    next_line: usize,
    /// The turns of the line that was chosen last; see [`Line::turns`].
    turns: u64,
    /// See [`Line::near`], of all lines together.
    near: u8,
    /// When there may be room for what waits for a limit, or a line's rest is over.
    blocked_ms: u64,
    /// When the next message becomes too old to be sent or kept; a bound, never too late.
    ages_ms: u64,
    /// While records are restored.
    restoring: Option<Restoring>,
    /// The time that the router was off is not known yet.
    gap: Option<Gap>,
    /// The newest message that was restored.
    restored_id: MessageId,
    /// Until when a restored message waits for every line to be seen; 0 afterwards.
    proof_ms: u64,
    /// The wall clock as it was by the last turn: whether times of day go by it, and whether it was
    /// set. The times of all messages are counted by it from there on.
    clock: [bool; 2],
    /// Whose routine messages wait now, and when that is to be looked at again.
    quiet: Vec<Origin>,
    quiet_ms: u64,
    /// What has become stale and is still to be told.
    digest: Option<Digest>,
    /// No message is given to a line any more.
    closing: bool,
    actions: Vec<Action>,
}

impl Engine {
    /// A core with an empty queue, in the boot `boot`.
    pub fn new(settings: Settings, boot: BootId) -> Self {
        let (devices, lines) = settings.build();
        let tending = Tending::new(&settings);
        let tables = Tables::new(&settings);
        Self {
            settings,
            boot,
            index: Index::default(),
            tending,
            devices,
            lines,
            last_id: 0,
            daily: DailyCounts::default(),
            inbox: Inbox::default(),
            consumers: Consumers::default(),
            cursor_ticket: 0,
            opt_outs: OptOuts::default(),
            max_opt_outs: MAX_OPT_OUTS,
            missed_opt_outs: 0,
            replies: Replies::default(),
            recent: Recent::default(),
            ticket: 0,
            durable: 0,
            last_control: 0,
            usage: Usage::default(),
            tables,
            next_line: 0,
            turns: 0,
            near: 0,
            blocked_ms: u64::MAX,
            ages_ms: u64::MAX,
            restoring: None,
            gap: None,
            restored_id: 0,
            proof_ms: 0,
            clock: [false; 2],
            quiet: Vec::new(),
            quiet_ms: 0,
            digest: None,
            closing: false,
            actions: Vec::with_capacity(Self::USUAL_ACTIONS),
        }
    }

    /// Room for the actions of a usual turn; a list that was once longer keeps its room.
    const USUAL_ACTIONS: usize = 32;

    /// Puts the actions since the last call into `into`, which loses what it held: two lists
    /// take turns, so that none is ever allocated anew. Records come before the requests that
    /// need them.
    pub fn take_actions(&mut self, into: &mut Vec<Action>) {
        into.clear();
        core::mem::swap(&mut self.actions, into);
    }

    /// The newest ticket: whoever waits for it waits for all that has happened so far.
    pub fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// The journal has made everything up to `ticket` durable.
    pub fn durable(&mut self, ticket: Ticket) {
        self.durable = self.durable.max(ticket);
        self.inbox.durable(self.durable);
        self.controls_durable();
        for line in &mut self.lines {
            if let Phase::Storing { message, ticket } = line.phase
                && ticket <= self.durable
            {
                line.phase = Phase::Ready { message };
            }
        }
    }

    /// Gives no further message to a line: the daemon is about to stop, or to begin anew.
    pub fn close(&mut self) {
        self.closing = true;
    }

    /// Goes on after all.
    pub fn reopen(&mut self) {
        self.closing = false;
    }

    /// Whether a request to a box is under way.
    pub fn is_asking(&self) -> bool {
        self.devices.iter().any(|d| d.flight.is_some())
    }

    fn record(&mut self, record: Record) -> Ticket {
        self.ticket += 1;
        self.usage.note(&record);
        self.actions.push(Action::Record(self.ticket, record));
        self.ticket
    }

    /// Moves a message to `state` and writes it down.
    ///
    /// Once its outcome was unknown, a message can still become `sent`, but never again be said
    /// not to have been sent. What would wait for somebody who has opted out is taken back.
    fn move_to(&mut self, now: Now, id: MessageId, mut state: State, mut change: Change) {
        if state == State::Queued && self.is_stopped(id) {
            log::warn!("message {id} is not tried again: its receiver has opted out");
            state = State::Cancelled;
            change = Change { problem: Some(Problem::new(ProblemCode::OptedOut)), pause_s: 0, ..change };
        }
        let Some(entry) = self.index.get_mut(id) else { return };
        let state = match state {
            State::Failed | State::Expired | State::Cancelled if entry.perhaps_sent => State::Unknown,
            state => state,
        };
        entry.perhaps_sent |= state == State::Unknown;
        if let Some(job) = change.job {
            entry.job = job;
        }
        entry.set_problem(change.problem.or(entry.problem()).filter(|_| state != State::Sent));
        if let Some(ttl_s) = change.ttl_s {
            entry.ttl_s = ttl_s;
            entry.deadline_ms = now.boot_ms + u64::from(ttl_s) * 1000;
        }
        let (job, problem) = (entry.job, entry.problem());
        self.index.set_state(id, state, now.stamp());
        if state == State::Queued
            && let Some(entry) = self.index.get_mut(id)
        {
            entry.since_ms = now.boot_ms + u64::from(change.pause_s) * 1000;
            self.forget_wishes(id);
        }
        self.record(Record::Moved(Moved {
            id,
            at: now.stamp(),
            state,
            job,
            problem,
            pause_s: change.pause_s,
            ttl_s: change.ttl_s,
        }));
        self.note_age(now, id);
        if state.is_final() {
            self.trim(now);
        }
    }

    /// Sees to it that the ages are looked at again when something is due for the message.
    fn note_age(&mut self, now: Now, id: MessageId) {
        if let Some(entry) = self.index.get(id) {
            self.ages_ms = self.ages_ms.min(self.due_ms(now, entry));
        }
    }
}

/// What changes along with a message's state.
#[derive(Clone, Copy, Debug, Default)]
struct Change {
    job: Option<JobId>,
    problem: Option<Problem>,
    pause_s: u32,
    ttl_s: Option<u32>,
}

impl Change {
    fn problem(problem: Problem) -> Self {
        Self { problem: Some(problem), ..Self::default() }
    }
}
