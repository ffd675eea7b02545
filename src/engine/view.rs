//! What can be asked of the engine without changing it.

use super::index::Entry;
use super::line::{Line, Phase};
use super::states::WEAK;
use super::waiting::words;
use super::{Choice, Engine, LineSet, Now};
use crate::goip::{BoxFacts, LineFacts};
use crate::journal::Origin;
use crate::message::{Encoding, JobId, LineId, LineName, MessageId, Priority, Problem, State};

/// A message without what only the journal keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Its id.
    pub id: MessageId,
    /// Whose it is.
    pub origin: Origin,
    /// Where it stands.
    pub state: State,
    /// The line it goes or went out on.
    pub line: Option<LineId>,
    /// How its text is coded.
    pub encoding: Encoding,
    /// In how many segments.
    pub segments: u8,
    /// Its rank.
    pub priority: Priority,
    /// When it was accepted, Unix seconds.
    pub created_s: u32,
    /// When its state last changed, Unix seconds.
    pub updated_s: u32,
    /// How often it was submitted to a box.
    pub attempts: u16,
    /// How many messages, with ids from its own on, were accepted with it as one; 0 for it alone.
    pub members: u8,
    /// The box's id for its last job, or empty.
    pub job: JobId,
    /// What went wrong, as last known.
    pub problem: Option<Problem>,
}

/// What a line is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineState {
    /// Nothing.
    Idle,
    /// It sends a message.
    Sending(MessageId),
    /// It finds out what became of a message.
    Checking(MessageId),
    /// It, or its device, waits for something to heal.
    Held,
}

impl LineState {
    /// The state's word on every door.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Sending(_) => "sending",
            Self::Checking(_) => "checking",
            Self::Held => "held",
        }
    }
}

/// A line, as told to people and programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineView<'a> {
    /// Which line.
    pub line: LineId,
    /// Whether a message given to it now would be sent, as far as is known and its limits let it.
    pub up: bool,
    /// Queued messages that may go out on this line.
    pub queued: u32,
    /// What it is doing.
    pub state: LineState,
    /// Why it does not send, in words.
    pub reason: Option<String>,
    /// What its box tells of it.
    pub facts: &'a LineFacts,
    /// What its box tells of itself.
    pub device: Option<&'a BoxFacts>,
    /// Its limits in an hour, a day and a month, 0 for none, and what it has used of them, in
    /// segments.
    pub usage: [[u32; 3]; 2],
}

impl LineView<'_> {
    /// Whether its signal is weak, if that is known.
    pub fn weak(&self) -> Option<bool> {
        self.facts.signal.map(|signal| signal < WEAK)
    }
}

/// Messages in each state, in the order of [`State::ALL`].
pub type StateCounts = [u32; State::ALL.len()];

/// Figures of the whole daemon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Messages in each state, in the order of [`State::ALL`].
    pub by_state: StateCounts,
    /// The newest message's id; 0 before the first.
    pub last_id: MessageId,
}

impl Engine {
    /// Message `id`.
    pub fn view(&self, id: MessageId) -> Option<View> {
        self.index.get(id).map(view)
    }

    /// The kept messages with an id above `after`, in `state` and of `owner` if these are given,
    /// oldest first.
    pub fn list(
        &self,
        after: MessageId,
        state: Option<State>,
        owner: Option<Origin>,
    ) -> impl Iterator<Item = View> {
        let in_state = move |e: &&Entry| state.is_none_or(|s| s == e.state);
        let owned = move |e: &&Entry| owner.is_none_or(|o| o == e.origin());
        self.index.after(after).filter(in_state).filter(owned).map(view)
    }

    /// All lines, in the configuration's order.
    pub fn lines(&self, now: Now) -> impl Iterator<Item = LineView<'_>> {
        let queued = self.queued_for_lines();
        self.lines.iter().zip(queued).map(move |(line, queued)| self.line_view(now, line, queued))
    }

    /// Figures of the whole daemon.
    pub fn counters(&self) -> Counters {
        Counters { by_state: State::ALL.map(|s| self.index.count(s)), last_id: self.last_id }
    }

    /// The newest message of `owner` on that line: it goes or went out there, or is to. What may
    /// go out on any line belongs to none before its first attempt.
    pub fn newest_on(&self, owner: Origin, line: LineId) -> Option<View> {
        let there = |entry: &&Entry| {
            entry.line == Some(line) || entry.line.is_none() && entry.choice == Choice::Line(line)
        };
        self.index.iter().rev().filter(|entry| entry.origin() == owner).find(there).map(view)
    }

    /// The newest message of `owner` that has no line yet and may have any.
    pub fn newest_anywhere(&self, owner: Origin) -> Option<View> {
        let anywhere = |entry: &&Entry| entry.line.is_none() && !matches!(entry.choice, Choice::Line(_));
        self.index.iter().rev().filter(|entry| entry.origin() == owner).find(anywhere).map(view)
    }

    /// Messages in each state, in the order of [`State::ALL`]: for each line those whose last
    /// attempt was there, and those that were never tried.
    pub fn counts_by_line(&self) -> (Vec<(&LineName, StateCounts)>, StateCounts) {
        let mut lines: Vec<_> = self.lines.iter().map(|line| (&line.name, StateCounts::default())).collect();
        let mut without = StateCounts::default();
        for entry in self.index.iter() {
            let place = entry.line.and_then(|line| self.places(Choice::Line(line)).next());
            let counts = place.map_or(&mut without, |place| &mut lines[place].1);
            counts[entry.state as usize] += 1;
        }
        (lines, without)
    }

    /// For each line how many messages it has received since the start, and how often some may have
    /// gone unseen.
    pub fn received_by_line(&self) -> impl Iterator<Item = (&LineName, [u32; 2])> {
        self.lines.iter().map(|line| (&line.name, [line.received, line.gaps]))
    }

    /// For how long the oldest message whose outcome is still to come has waited, in seconds; 0
    /// if there is none.
    pub fn oldest_s(&self, now: Now) -> u32 {
        let mut oldest_ms = 0;
        for entry in self.index.iter().filter(|entry| !entry.state.is_final()) {
            let ttl_ms = u64::from(entry.ttl_s) * 1000;
            // One whose time is still to come does not wait yet.
            oldest_ms = oldest_ms.max((now.boot_ms + ttl_ms).saturating_sub(entry.deadline_ms));
        }
        (oldest_ms / 1000) as u32
    }

    /// The engine's part of the configuration.
    pub fn settings(&self) -> &super::Settings {
        &self.settings
    }

    /// How many queued messages may go out on each line; in one pass, because there may be ten
    /// thousand of them and a hundred lines.
    fn queued_for_lines(&self) -> Vec<u32> {
        // Most of them may go out on the same lines.
        let mut alike: Vec<(LineSet, u32)> = Vec::new();
        for entry in self.index.iter().filter(|e| e.state == State::Queued) {
            let lines = self.tables.permitted(&entry.candidate(), &self.settings);
            match alike.iter_mut().find(|(known, _)| *known == lines) {
                Some((_, count)) => *count += 1,
                None => alike.push((lines, 1)),
            }
        }
        let count =
            |place| alike.iter().filter(|(lines, _)| lines.contains(place)).map(|(_, count)| count).sum();
        (0..self.lines.len()).map(count).collect()
    }

    pub(super) fn line_view<'a>(&'a self, now: Now, line: &'a Line, queued: u32) -> LineView<'a> {
        let device = &self.devices[usize::from(line.id.device)];
        let place = self.settings.place(line.id);
        let held = line.barred.or(line.hold.filter(|h| h.is_on(now.boot_ms)));
        let rest = line.breaker.rest_until_ms(now.boot_ms);
        let state = match line.phase {
            Phase::Open { message, .. } => LineState::Checking(message),
            Phase::Controlled => LineState::Held,
            Phase::Idle if device.hold.is_some() || held.is_some() || rest.is_some() => LineState::Held,
            Phase::Idle => LineState::Idle,
            Phase::Storing { message, .. }
            | Phase::Ready { message }
            | Phase::Acting { message }
            | Phase::Watching { message, .. } => LineState::Sending(message),
        };
        let reason = match (device.hold, held, state) {
            (Some(hold), _, _) => Some(told(&hold.reason, hold.since_ms, now)),
            (None, Some(hold), _) => Some(told(&hold.reason, hold.since_ms, now)),
            (None, None, LineState::Checking(message)) => {
                Some(format!("the answer to message {message} was lost; the status page has to tell"))
            }
            _ if line.phase == Phase::Controlled => {
                device.control.as_ref().map(|control| control.words().into())
            }
            _ => match rest {
                Some(until_ms) => Some(line.breaker.told((until_ms - now.boot_ms).div_ceil(1000))),
                None => match self.full(now, place, Priority::High, 1) {
                    Some((full, _)) => Some(words(full)),
                    None => self
                        .full(now, place, Priority::Normal, 1)
                        .filter(|(full, _)| full.limit > 0)
                        .map(|(full, _)| {
                            [&words(full), "; the rest is for messages of high priority"].concat()
                        }),
                },
            },
        };
        LineView {
            line: line.id,
            up: device.hold.is_none() && held.is_none() && rest.is_none(),
            queued,
            state,
            reason,
            facts: &line.facts,
            device: device.facts.as_deref(),
            usage: self.usage_of(now, place),
        }
    }
}

/// A reason, and for how long it has been one; 0 is since the start.
fn told(reason: &impl core::fmt::Display, since_ms: u64, now: Now) -> String {
    if since_ms == 0 {
        return reason.to_string();
    }
    let for_s = now.boot_ms.saturating_sub(since_ms) / 1000;
    let (count, unit) = if for_s < 600 { (for_s, "s") } else { (for_s / 60, "min") };
    format!("{reason} (for {count} {unit})")
}

fn view(entry: &Entry) -> View {
    View {
        id: entry.id,
        origin: entry.origin(),
        state: entry.state,
        line: entry.line,
        encoding: entry.encoding,
        segments: entry.segments,
        priority: entry.priority,
        created_s: entry.created_s,
        updated_s: entry.updated_s,
        attempts: entry.attempts,
        members: entry.members,
        job: entry.job,
        problem: entry.problem(),
    }
}
