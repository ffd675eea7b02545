//! Why a message waits, and when it will go: what `explain` and `estimate` tell. Nothing here
//! decides anything; it looks at the same things as the choice of a line does.

use core::fmt::Write;

use super::choosing::{Candidate, Wish};
use super::index::Entry;
use super::limits::Full;
use super::line::Phase;
use super::{Engine, LineSet, NewMessage, Now};
use crate::calendar::{DAY_S, date};
use crate::journal::{Origin, TRUST_WAIT_MS, Window};
use crate::message::{At, LineId, MessageId, NumberMark, Priority, Problem, State};
use crate::zone::Zone;

/// A time that is further away than this is told with its day, in seconds.
const NEAR_S: u64 = 18 * 3_600;

/// Pauses are kept in whole seconds: so much later a message may go than its time says.
const ROUNDED_MS: u64 = 1_000;

/// Why a message is where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It waits no more, or not yet again: its state says all.
    Over(State, Option<Problem>),
    /// A box has it.
    Going(State),
    /// The clock is not set yet, so nobody knows how old the message is.
    Clock,
    /// The boxes have still to show that the journal is the newest.
    Proof,
    /// It failed for a while; the pause is its own.
    Pause(Option<Problem>),
    /// Its sender has asked for a later time.
    Time,
    /// It is not of high priority, and its sender has quiet hours.
    Quiet(Origin),
    /// Its number has had its messages of the hour.
    Number,
    /// No line takes it, by the configuration.
    NoLine,
    /// The limit of all lines.
    All(Full),
    /// The limit of its line.
    Line(Full),
    /// Its line or the line's device is held, left alone, or something else is done to it: the
    /// line's own reason.
    Held,
    /// Its line is busy with others.
    Busy,
    /// Its line makes a pause between two sends.
    Gap,
    /// Nothing holds it.
    Next,
}

/// What holds a message, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Why.
    pub why: Why,
    /// The line that it goes or went out on, or would.
    pub line: Option<LineId>,
    /// When it will go, in milliseconds from now, as far as that can be known.
    pub after_ms: Option<u64>,
    /// Messages that go before it on that line.
    pub ahead: u32,
}

/// A message that somebody thinks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thought {
    to: NumberMark,
    candidate: Candidate,
    /// Milliseconds since boot before which it is not to go.
    since_ms: u64,
}

impl Engine {
    /// Why message `id` is where it is; `None` if it is not kept.
    pub fn explain(&self, now: Now, id: MessageId) -> Option<Waiting> {
        let entry = self.index.get(id)?;
        let (why, after_ms) = match entry.state {
            state if state.is_final() => (Why::Over(state, entry.problem()), None),
            State::Queued => return Some(self.wait_of_entry(now, entry)),
            state => (Why::Going(state), None),
        };
        Some(Waiting { why, line: entry.line, after_ms, ahead: 0 })
    }

    /// A message of that kind, to be looked at with [`Self::estimate`].
    ///
    /// Of several receivers it is the first one's.
    pub fn thought(&self, now: Now, new: &NewMessage) -> Thought {
        let mark = self.mark_of(&new.to);
        let sticky = self.settings.choosing.sticky_h > 0;
        let wish = if sticky { Wish::of(self.last_line(now, mark)) } else { Wish::UNKNOWN };
        let (at_s, delay_s) = match new.at {
            None => (0, 0),
            Some(At::Time(at_s)) => (at_s, 0),
            Some(At::After(delay_s)) => (0, delay_s),
        };
        let (since_ms, _) = Self::times(now, at_s, delay_s, 0);
        let candidate = Candidate {
            choice: new.choice,
            origin: new.origin,
            priority: new.priority,
            segments: new.shape.segments,
            prefix: self.prefix_of(&new.to),
            wish,
        };
        Thought { to: mark, candidate, since_ms }
    }

    /// Where such a message would go now, and when.
    pub fn estimate(&self, now: Now, thought: &Thought) -> Waiting {
        let waiting = self.wait_of(now, &thought.candidate, MessageId::MAX);
        match self.number_full_ms(now, thought.to) {
            Some(ms) if ms > thought.since_ms => {
                Waiting { why: Why::Number, after_ms: Some(ms - now.boot_ms), ..waiting }
            }
            _ => self.wait_for_time(now, &thought.candidate, thought.since_ms, waiting),
        }
    }

    fn wait_of_entry(&self, now: Now, entry: &Entry) -> Waiting {
        let waiting = self.wait_of(now, &entry.candidate(), entry.id);
        let later = entry.since_ms.checked_sub(now.boot_ms).filter(|ms| *ms > 0);
        match later {
            _ if self.is_from_before(entry) => {
                let left_ms = TRUST_WAIT_MS.saturating_sub(now.boot_ms);
                Waiting { why: Why::Clock, after_ms: Some(left_ms), ..waiting }
            }
            _ if entry.id <= self.unproved_id(now) => {
                let left_ms = self.proof_ms.saturating_sub(now.boot_ms);
                Waiting { why: Why::Proof, after_ms: Some(left_ms), ..waiting }
            }
            Some(ms) if entry.tries.pauses() > 0 => {
                Waiting { why: Why::Pause(entry.problem()), after_ms: Some(ms), ..waiting }
            }
            // Its number's limit moves a message, but not the end of its time to live.
            Some(ms) if entry.since_ms + u64::from(entry.ttl_s) * 1000 > entry.deadline_ms + ROUNDED_MS => {
                Waiting { why: Why::Number, after_ms: Some(ms), ..waiting }
            }
            _ => self.wait_for_time(now, &entry.candidate(), entry.since_ms, waiting),
        }
    }

    /// What holds the candidate that is to go from `since_ms` on, and not in quiet hours.
    fn wait_for_time(&self, now: Now, candidate: &Candidate, since_ms: u64, waiting: Waiting) -> Waiting {
        let since_ms = since_ms.max(now.boot_ms);
        let quiet_ms = self.quiet_until_ms(now, candidate, since_ms);
        let why = match quiet_ms {
            _ if waiting.why == Why::NoLine => return waiting,
            _ if since_ms > now.boot_ms => Why::Time,
            Some(_) => Why::Quiet(candidate.origin),
            None => return waiting,
        };
        Waiting { why, after_ms: Some(quiet_ms.unwrap_or(since_ms) - now.boot_ms), ahead: 0, ..waiting }
    }

    /// What would hold the candidate, behind the messages before `id`.
    fn wait_of(&self, now: Now, candidate: &Candidate, id: MessageId) -> Waiting {
        let permitted = self.tables.permitted(candidate, &self.settings);
        if permitted.is_empty() {
            return Waiting { why: Why::NoLine, line: None, after_ms: None, ahead: 0 };
        }
        let mut usable = LineSet::NONE;
        let mut first: Option<(usize, Why, Option<u64>)> = None;
        for place in (0..self.lines.len()).filter(|&place| permitted.contains(place)) {
            let (why, until) = self.obstacle(now, place, candidate);
            if matches!(why, Why::Busy | Why::Gap | Why::Next) {
                usable.add(place);
            }
            let sooner = |&(_, _, best): &(usize, Why, Option<u64>)| match (until, best) {
                (Some(until), Some(best)) => until < best,
                (until, best) => until.is_some() && best.is_none(),
            };
            if first.as_ref().is_none_or(sooner) {
                first = Some((place, why, until));
            }
        }
        if !usable.is_empty() {
            let place = self.next_of(now, self.tables.best(candidate, usable));
            first = place.map(|place| {
                let (why, until) = self.obstacle(now, place, candidate);
                (place, why, until)
            });
        }
        let Some((place, mut why, mut until)) = first else {
            return Waiting { why: Why::NoLine, line: None, after_ms: None, ahead: 0 };
        };
        let (ahead, segments) = self.ahead_of(now, candidate, id, place);
        if let Some((full, all)) = self.full(now, None, candidate.priority, candidate.segments.into()) {
            (why, until) = (Why::All(full), all);
        } else if let Some(ms) = until.filter(|_| ahead > 0) {
            // Those before it take their time, and their part of the limits.
            let line = &self.lines[place];
            let gap_ms = self.own(place).map_or(0, |own| u64::from(own.gap_ms));
            let each_ms = line.pace.first_look_ms(1) * u64::from(segments) / u64::from(ahead);
            let mut then = Some(ms + u64::from(ahead) * each_ms.max(gap_ms));
            let needed = segments.saturating_add(candidate.segments.into());
            for of in [Some(place), None] {
                if let Some((_, later)) = self.full(now, of, candidate.priority, needed) {
                    then = then.zip(later).map(|(a, b)| a.max(b));
                }
            }
            until = then;
        }
        let after_ms = until.map(|ms| ms.saturating_sub(now.boot_ms));
        Waiting { why, line: Some(self.lines[place].id), after_ms, ahead }
    }

    /// What keeps the line at that place from the candidate, and until when, in milliseconds since
    /// boot.
    fn obstacle(&self, now: Now, place: usize, candidate: &Candidate) -> (Why, Option<u64>) {
        let line = &self.lines[place];
        let rest_ms = line.breaker.rest_until_ms(now.boot_ms);
        let device = &self.devices[usize::from(line.id.device)];
        if device.hold.is_some() || line.barred.is_some() || rest_ms.is_some() {
            return (Why::Held, rest_ms);
        }
        if let Some((full, until)) =
            self.full(now, Some(place), candidate.priority, candidate.segments.into())
        {
            return (Why::Line(full), until);
        }
        if line.hold.is_some_and(|hold| hold.is_on(now.boot_ms)) {
            return (Why::Held, None);
        }
        let free_ms = line.free_ms().max(now.boot_ms);
        match line.phase {
            Phase::Idle if line.gap_until_ms > now.boot_ms => (Why::Gap, Some(free_ms)),
            Phase::Idle => (Why::Next, Some(free_ms)),
            Phase::Controlled => (Why::Held, device.control.as_ref().and_then(|control| control.until_ms())),
            _ => (Why::Busy, Some(free_ms + line.pace.first_look_ms(1))),
        }
    }

    /// How many messages go before a message of that id and kind on the line at that place, and
    /// their segments.
    fn ahead_of(&self, now: Now, candidate: &Candidate, id: MessageId, place: usize) -> (u32, u32) {
        let (mut ahead, mut segments) = (0, 0u32);
        let rank = |priority: Priority| Priority::ALL.iter().position(|p| *p == priority);
        // One that took another's place has that one's turn.
        let mut turns = self.index.in_order(0);
        let turn = turns.find(|(_, entry)| entry.id == id).map_or(MessageId::MAX, |(turn, _)| turn);
        for (other, entry) in self.index.in_order(0) {
            let waits = entry.since_ms > now.boot_ms || self.is_quiet(entry);
            if entry.state != State::Queued || entry.id == id || waits {
                continue;
            }
            let before = match rank(entry.priority).cmp(&rank(candidate.priority)) {
                core::cmp::Ordering::Less => true,
                core::cmp::Ordering::Equal => other < turn,
                core::cmp::Ordering::Greater => false,
            };
            if before && self.tables.permitted(&entry.candidate(), &self.settings).contains(place) {
                ahead += 1;
                segments = segments.saturating_add(entry.segments.into());
            }
        }
        (ahead, segments)
    }

    /// All that in one sentence. Times of day are those of the router's time zone.
    pub fn told(&self, now: Now, waiting: &Waiting) -> String {
        let name = waiting.line.map(|line| self.settings.line_name(line).to_string()).unwrap_or_default();
        let mut told = String::new();
        let on = if waiting.line.is_some() { [" on ", &name].concat() } else { String::new() };
        let problem = |problem: Option<Problem>| problem.map_or(String::new(), |p| format!(": {p}"));
        // Writing to a String does not fail.
        let _ = match waiting.why {
            Why::Over(state, why) => return [state.as_str(), &on, &problem(why)].concat(),
            Why::Going(state) => return ["on its way", &on, " (", state.as_str(), ")"].concat(),
            Why::NoLine => {
                return "waits, but no line takes it: see prefix, client and priority_only of the lines"
                    .into();
            }
            Why::Clock => told.write_str("waits for the router's clock to be set"),
            Why::Proof => told.write_str("waits until every box was seen after the start"),
            Why::Pause(why) => write!(told, "waits for its next try{}", problem(why)),
            Why::Time => told.write_str("waits for its time"),
            Why::Quiet(origin) => {
                let callers = &self.settings.terms.callers;
                let name = callers.iter().find(|caller| caller.origin == origin);
                write!(
                    told,
                    "waits for the end of quiet hours of {}",
                    name.map_or("", |caller| &*caller.name)
                )
            }
            Why::Number => write!(
                told,
                "waits because its number has had the {} messages of an hour",
                self.settings.choosing.per_number_hour
            ),
            Why::All(full) => write!(told, "waits for the limit of all lines: {}", words(full)),
            Why::Line(full) => write!(told, "waits for {name}: {}", words(full)),
            Why::Held => {
                let line = self.lines.iter().find(|line| Some(line.id) == waiting.line);
                let reason = line.and_then(|line| self.line_view(now, line, 0).reason);
                write!(told, "waits for {name}: {}", reason.unwrap_or_default())
            }
            Why::Busy => write!(told, "waits for {name}, which is busy"),
            Why::Gap => write!(told, "waits for {name}, which makes a pause between two messages"),
            Why::Next => write!(told, "goes out on {name}"),
        };
        if waiting.ahead > 0 {
            let s = if waiting.ahead == 1 { "" } else { "s" };
            let _ = write!(told, "; {} message{s} before it", waiting.ahead);
        }
        if let Some(after_ms) = waiting.after_ms {
            let is_its_own = matches!(waiting.why, Why::Next | Why::Time | Why::Quiet(_));
            told.push_str(if is_its_own && waiting.ahead == 0 { ", " } else { "; next " });
            told.push_str(&when(now, after_ms, &self.settings.terms.zone));
        }
        told
    }
}

/// How much of a limit is used, in words.
pub(super) fn words(full: Full) -> String {
    let Full { window, used, limit, needs } = full;
    if needs > limit {
        let (s, a) = (if needs == 1 { "" } else { "s" }, if window == Window::Hour { "an" } else { "a" });
        return format!(
            "a message of {needs} segment{s} never fits into {limit} {a} {}; raise that limit or shorten the text",
            window.as_str()
        );
    }
    let of = if window == Window::Day { "in a" } else { "this" };
    format!("{used} of {limit} segments used {of} {}", window.as_str())
}

/// A time of day, or a while where the clock is not set.
fn when(now: Now, after_ms: u64, zone: &Zone) -> String {
    let after_s = after_ms.div_ceil(1000);
    if after_s < 60 {
        return if after_s <= 2 { "now".into() } else { format!("in {after_s} s") };
    }
    if !now.is_dated() {
        return format!("in {} min", after_s.div_ceil(60));
    }
    let utc_s = now.unix_s.saturating_add(after_s.min(u32::MAX.into()) as u32);
    let at_s = utc_s.saturating_add_signed(zone.ahead_s(utc_s));
    let (hour, minute) = (at_s % DAY_S / 3600, at_s / 60 % 60);
    if after_s < NEAR_S {
        return format!("at {hour:02}:{minute:02}");
    }
    let [year, month, day] = date(at_s);
    format!("at {year}-{month:02}-{day:02} {hour:02}:{minute:02}")
}
