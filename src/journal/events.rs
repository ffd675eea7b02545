//! The events: each change that a record tells, under a number that only grows. 20 bytes each in
//! RAM, in a ring that is rebuilt from the records. Who reads them pulls: nothing is kept for
//! anybody, so nobody's slowness costs memory.

use std::collections::VecDeque;

use super::{Record, Stamp};
use crate::deque;
use crate::message::{DeviceName, MessageId, PackedNumber, Part, ReceivedId, State};

/// The number of an event: from 1, in the order of the events, the same for ever. Some numbers
/// name no event: a crash took it before anybody was shown it.
pub type Seq = u32;

/// The most events that are ever kept.
pub const MAX_EVENTS: usize = 10_000;

/// Devices, lines, numbers and webhooks of which events are kept. Beyond that the oldest events
/// go, until one of them is in none any more.
const MAX_NAMES: usize = 1024;

/// The bits of a subject that are the place of a name; those above belong to the kind of event.
pub(super) const PLACE_BITS: u32 = 10;
const _: () = assert!(MAX_NAMES <= 1 << PLACE_BITS);

/// What an event takes where it is copied forward: its bytes, and its share of a record for
/// dozens of them.
const EVENT_BYTES: u64 = 14;

/// The same of a device, line or number, whose name has to go along.
const NAMED_EVENT_BYTES: u64 = 48;

/// What has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A message is in this state now.
    Message(State),
    /// A line works again.
    LineUp,
    /// A line has ceased to work.
    LineDown,
    /// A device answers again.
    DeviceUp,
    /// A device has ceased to answer.
    DeviceDown,
    /// A message was received.
    Received,
    /// Messages may have come to a line and gone unseen.
    InboxGap,
    /// A number wants no more messages.
    OptOut,
    /// A number wants messages again.
    OptIn,
    /// A balance has fallen below its limit.
    BalanceLow,
    /// It is above its limit again.
    BalanceOk,
    /// A message that goipd has sent to itself has not come in time.
    CanaryLost,
    /// One has come again.
    CanaryOk,
    /// A box was sick, and the watchdog helps it.
    Watchdog,
    /// A webhook did not take an event.
    WebhookDropped,
    /// A line's signal is weak.
    SignalLow,
    /// A line's signal is strong enough again.
    SignalOk,
    /// A line, or all lines together, have sent most of what they may.
    LimitNear,
}

impl EventKind {
    /// Those that are of no message that is sent, and what the journal writes for each.
    const OTHERS: [(Self, u8); 17] = [
        (Self::LineUp, 32),
        (Self::LineDown, 33),
        (Self::DeviceUp, 34),
        (Self::DeviceDown, 35),
        (Self::Received, 36),
        (Self::InboxGap, 37),
        (Self::OptOut, 40),
        (Self::OptIn, 41),
        (Self::WebhookDropped, 44),
        (Self::BalanceLow, 55),
        (Self::BalanceOk, 56),
        (Self::CanaryLost, 57),
        (Self::CanaryOk, 58),
        (Self::Watchdog, 59),
        (Self::SignalLow, 48),
        (Self::SignalOk, 49),
        (Self::LimitNear, 50),
    ];

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|kind| kind.as_str() == name)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        State::ALL.into_iter().map(Self::Message).chain(Self::OTHERS.into_iter().map(|(kind, _)| kind))
    }

    /// The event's name on every door.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message(state) => state.as_str(),
            Self::LineUp => "line_up",
            Self::LineDown => "line_down",
            Self::DeviceUp => "device_up",
            Self::DeviceDown => "device_down",
            Self::Received => "received",
            Self::InboxGap => "inbox_gap",
            Self::OptOut => "opt_out",
            Self::OptIn => "opt_in",
            Self::BalanceLow => "balance_low",
            Self::BalanceOk => "balance_ok",
            Self::CanaryLost => "canary_lost",
            Self::CanaryOk => "canary_ok",
            Self::Watchdog => "watchdog",
            Self::WebhookDropped => "webhook_dropped",
            Self::SignalLow => "signal_low",
            Self::SignalOk => "signal_ok",
            Self::LimitNear => "limit_near",
        }
    }

    pub(super) fn code(self) -> u8 {
        match self {
            Self::Message(state) => state as u8,
            other => Self::OTHERS.iter().find(|(kind, _)| *kind == other).map_or(0, |&(_, code)| code),
        }
    }

    pub(super) fn from_code(code: u8) -> Option<Self> {
        let state = State::ALL.into_iter().find(|&s| s as u8 == code).map(Self::Message);
        state.or_else(|| Self::OTHERS.iter().find(|(_, known)| *known == code).map(|&(kind, _)| kind))
    }

    /// For what lasts: what is told when it is over.
    pub const fn over(self) -> Option<Self> {
        match self {
            Self::LineDown => Some(Self::LineUp),
            Self::DeviceDown => Some(Self::DeviceUp),
            Self::BalanceLow => Some(Self::BalanceOk),
            Self::CanaryLost => Some(Self::CanaryOk),
            Self::SignalLow => Some(Self::SignalOk),
            _ => None,
        }
    }

    /// That the device or line works, or has ceased to.
    pub const fn of(part: &Part, up: bool) -> Self {
        match (part.line.is_some(), up) {
            (true, true) => Self::LineUp,
            (true, false) => Self::LineDown,
            (false, true) => Self::DeviceUp,
            (false, false) => Self::DeviceDown,
        }
    }

    const fn bytes(self) -> u64 {
        match self {
            Self::Message(_) | Self::Received => EVENT_BYTES,
            _ => NAMED_EVENT_BYTES,
        }
    }
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// A message, which may not be kept any more, and its state since then.
    Message(MessageId, State),
    /// A received message, which may not be kept any more.
    Received(ReceivedId),
    /// A device or line, which may not be configured any more.
    Part(&'a Part),
    /// A telephone number.
    Number(&'a str),
    /// A webhook, which may not be configured any more, and the event that it did not take.
    Webhook(&'a str, Seq),
}

/// A change that is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its number.
    pub seq: Seq,
    /// When, Unix seconds by the wall clock of then.
    pub unix_s: u32,
    /// What has changed.
    pub kind: EventKind,
    /// What it is about.
    pub subject: Subject<'a>,
}

/// An event as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub seq: Seq,
    pub unix_s: u32,
    /// The message's id, sent or received; or the place of the name, and above [`PLACE_BITS`] of it, where a
    /// webhook did not take an event, how far that event is behind this one.
    pub subject: u32,
    /// The segment with the record that tells it.
    pub segment: u32,
    pub kind: EventKind,
}

const _: () = assert!(size_of::<Entry>() <= 20);

/// The events that are kept and durable, the oldest first.
#[derive(Clone, Debug)]
pub struct Events {
    ring: VecDeque<Entry>,
    /// What events are about that are of no message, and the newest event of each. A number stands
    /// here as a device does.
    names: Vec<(Part, Seq)>,
    /// Events up to this one are not kept any more.
    dropped: Seq,
    /// So many at most, …
    limit: usize,
    /// … that take so many bytes where they are copied forward.
    limit_bytes: u64,
    bytes: u64,
    newest: Seq,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            ring: VecDeque::new(),
            names: Vec::new(),
            dropped: 0,
            limit: MAX_EVENTS,
            limit_bytes: u64::MAX,
            bytes: 0,
            newest: 0,
        }
    }
}

impl Events {
    /// The number of the newest event; 0 before the first.
    pub fn newest(&self) -> Seq {
        self.newest
    }

    /// The number before that of the oldest event that is kept.
    pub fn before_oldest(&self) -> Seq {
        self.ring.front().map_or(self.newest, |e| e.seq - 1)
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    /// Behind which event somebody goes on who has come up to `after`, from the oldest that is
    /// kept if that is `None`. True if there is no going on: events behind `after` are not kept
    /// any more, or it is from the future; then all that are kept follow.
    pub fn begin(&self, after: Option<Seq>) -> (Seq, bool) {
        let oldest = self.before_oldest();
        match after {
            Some(after) if (oldest..=self.newest).contains(&after) => (after, false),
            _ => (oldest, after.is_some()),
        }
    }

    /// The events behind `after`, the oldest first.
    pub fn after(&self, after: Seq) -> impl Iterator<Item = Event<'_>> {
        let start = self.ring.partition_point(|e| e.seq <= after);
        self.ring.range(start..).filter_map(|entry| {
            let subject = match entry.kind {
                EventKind::Message(state) => Subject::Message(entry.subject, state),
                EventKind::Received => Subject::Received(entry.subject),
                EventKind::OptOut | EventKind::OptIn => Subject::Number(&self.name(entry.subject)?.device),
                EventKind::WebhookDropped => {
                    let dropped = entry.seq.saturating_sub(entry.subject >> PLACE_BITS);
                    Subject::Webhook(&self.name(entry.subject)?.device, dropped)
                }
                _ => Subject::Part(self.name(entry.subject)?),
            };
            Some(Event { seq: entry.seq, unix_s: entry.unix_s, kind: entry.kind, subject })
        })
    }

    /// Keeps so many at most, and fewer if they would take more than `bytes` of the journal.
    pub(super) fn limit(&mut self, count: usize, bytes: u64) {
        (self.limit, self.limit_bytes) = (count.min(MAX_EVENTS), bytes);
        while self.is_over() {
            self.drop_oldest();
        }
        self.ring.shrink_to_fit();
    }

    /// Keeps so many at most.
    pub(super) fn keep(&mut self, count: usize) {
        self.limit(count, self.limit_bytes);
    }

    /// What they take at most where they are copied forward.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What the record tells, under that number; `None` if it tells no change.
    pub(super) fn entry(&mut self, record: &Record, seq: Seq) -> Option<Entry> {
        let (at, kind, subject): (Stamp, _, _) = match record {
            Record::Accepted(a) => (a.at, EventKind::Message(State::Queued), a.id),
            Record::Submitting(s) => (s.at, EventKind::Message(State::Submitting), s.id),
            Record::Moved(m) => (m.at, EventKind::Message(m.state), m.id),
            Record::Received(r) if !r.old && !r.copied && r.part_of == 0 => (r.at, EventKind::Received, r.id),
            Record::InboxWindow(w) if w.gap => {
                (w.at, EventKind::InboxGap, self.place(&Part::from(&w.line), seq)?)
            }
            Record::Condition(c) => (c.at, c.kind, self.place(&c.part, seq)?),
            Record::Dropped(d) => {
                let device = DeviceName::try_from(d.webhook.as_webhook()?).ok()?;
                let place = self.place(&Part { device, line: None }, seq)?;
                let behind = seq.saturating_sub(d.seq).min(u32::MAX >> PLACE_BITS);
                (d.at, EventKind::WebhookDropped, place | behind << PLACE_BITS)
            }
            Record::OptOut(o) => match o.numbers.as_slice() {
                [one] => (o.at?, EventKind::OptOut, self.number(one.number, seq)?),
                _ => return None,
            },
            Record::OptIn(o) => (o.at?, EventKind::OptIn, self.number(o.number, seq)?),
            _ => return None,
        };
        Some(Entry { seq, unix_s: at.unix_s, subject, segment: 0, kind })
    }

    /// The place of a name, for the event with that number; `None` if there is room for no other.
    pub(super) fn place(&mut self, part: &Part, seq: Seq) -> Option<u32> {
        let place = match self.names.iter().position(|(known, _)| known == part) {
            Some(place) => place,
            None if self.names.len() < MAX_NAMES => {
                self.names.push((part.clone(), seq));
                self.names.len() - 1
            }
            None => loop {
                if let Some(place) = self.names.iter().position(|(_, newest)| *newest <= self.dropped) {
                    self.names[place] = (part.clone(), seq);
                    break place;
                }
                if self.ring.is_empty() {
                    return None;
                }
                self.drop_oldest();
            },
        };
        let newest = &mut self.names[place].1;
        *newest = seq.max(*newest);
        u32::try_from(place).ok()
    }

    fn number(&mut self, number: PackedNumber, seq: Seq) -> Option<u32> {
        // A number is shorter than a device's name may be.
        let device = number.text().as_str().try_into().ok()?;
        self.place(&Part { device, line: None }, seq)
    }

    /// The name that a subject has.
    pub(super) fn name(&self, subject: u32) -> Option<&Part> {
        self.names.get(place_of(subject)).map(|(name, _)| name)
    }

    /// Adds an event, or takes its new place if it is there.
    pub(super) fn put(&mut self, entry: Entry) {
        self.newest = self.newest.max(entry.seq);
        if entry.seq <= self.dropped {
            return;
        }
        let place = self.ring.partition_point(|e| e.seq < entry.seq);
        let full = self.ring.len() >= self.limit;
        match self.ring.get_mut(place).filter(|e| e.seq == entry.seq) {
            Some(known) => known.segment = entry.segment,
            // Older than all that had to make room.
            None if place == 0 && full => {}
            None => {
                self.bytes += entry.kind.bytes();
                deque::insert(&mut self.ring, place, entry);
            }
        }
        while self.is_over() {
            self.drop_oldest();
        }
    }

    /// Numbers up to this one have been given out.
    pub(super) fn skip_to(&mut self, seq: Seq) {
        self.newest = self.newest.max(seq);
    }

    pub(super) fn drop_oldest(&mut self) {
        if let Some(entry) = self.ring.pop_front() {
            self.bytes -= entry.kind.bytes();
            self.dropped = self.dropped.max(entry.seq);
        }
    }

    /// The events that only this segment tells.
    pub(super) fn in_segment(&self, segment: u32) -> impl Iterator<Item = Entry> {
        self.ring.iter().filter(move |e| e.segment == segment).copied()
    }

    fn is_over(&self) -> bool {
        self.ring.len() > self.limit || self.bytes > self.limit_bytes
    }
}

/// The place of the name that a subject has.
pub(super) const fn place_of(subject: u32) -> usize {
    (subject & ((1 << PLACE_BITS) - 1)) as usize
}

#[cfg(test)]
mod tests;
