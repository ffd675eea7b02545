//! One client's side of the line protocol, without its socket: bytes in, requests out; replies
//! in, bytes out, in order, and those that wait for the disk no earlier.

use std::collections::VecDeque;

use crate::api::{Answer, Form, Request, parse_line, reply};
use crate::journal::{Seq, Ticket};
use crate::message::{ErrorCode, MessageId, Refusal};

/// The longest request, without its line feed: the longest text, every character of it escaped
/// as `\uXXXX` where that is usual, and room for the other fields.
pub const MAX_LINE_BYTES: usize = 16 * 1024;

/// With so many bytes of replies waiting, a client is not read from until it has read: room for
/// [`MAX_HELD_REPLIES`] of the usual 100 bytes. One more reply fits on top, at most a page of a
/// list; all 32 clients at their worst take 1 MiB and a page each.
const FULL_OUTPUT_BYTES: usize = 32 * 1024;

/// With so many replies that wait for the disk, a client is not read from either. A burst of some
/// hundred messages becomes safe with a few fsyncs, because what comes while one lasts shares the
/// next; 16 bytes a reply are 5 KiB a client, 160 KiB for all.
const MAX_HELD_REPLIES: usize = 320;

/// As long as so many bytes wait for it, a stream gets no more events: they stay where they are
/// kept. One more fits on top; 24 streams at their worst take half a MiB.
const FULL_STREAM_BYTES: usize = 4 * 1024;

/// A request's line has to end this long after it began: no program needs longer, and who types
/// by hand types less.
pub const PARTIAL_LINE_MS: u64 = 30_000;

/// A client that takes no byte of its replies for this long is given up.
pub const STALLED_MS: u64 = 30_000;

/// A client that asks nothing and waits for nothing may stay this long: a day's alarms may share
/// a connection, a forgotten one does not keep its place for ever.
pub const IDLE_MS: u64 = 24 * 3_600_000;

/// A client that was shown out may take this long to read its last reply and close. Closing
/// first would let its next write fail before it has read why.
pub const LEAVING_MS: u64 = 2_000;

/// A client.
#[derive(Debug)]
pub struct Client {
    input: Vec<u8>,
    /// Bytes of the input that were worked off.
    taken: usize,
    /// Bytes behind those in which there is no line feed.
    searched: usize,
    /// When the line began of which only a part has come.
    line_ms: u64,
    /// The client sends nothing more.
    ended: bool,
    output: Vec<u8>,
    held: VecDeque<Held>,
    /// Since when the client does not take what it could.
    blocked_ms: Option<u64>,
    wait: Option<Wait>,
    /// It gets the events behind this one as they come.
    stream: Option<Seq>,
    stand: Stand,
    /// When it last got or sent something.
    active_ms: u64,
}

/// From byte `start` on the output may be shown only once `after` is durable.
#[derive(Clone, Copy, Debug)]
struct Held {
    start: usize,
    after: Ticket,
    /// The message that the reply there says to be accepted; 0 if it says something else.
    accepted: MessageId,
}

/// What a client waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// What is told then.
    pub answer: Answer,
    /// How the reply goes.
    pub form: Form,
    /// When it is given all the same, in milliseconds since boot.
    pub until_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    Open,
    /// Nothing more is taken from it, but it gets its replies.
    Leaving,
    /// It has gone, but what it asked for before is done.
    HungUp,
    GivenUp,
}

/// Why a client was shown out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// [`IDLE_MS`].
    Idle,
    /// [`PARTIAL_LINE_MS`].
    PartialLine,
    /// [`STALLED_MS`].
    Stalled,
    /// [`LEAVING_MS`].
    Leaving,
}

impl Overdue {
    /// The reason in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "it has asked nothing for a day",
            Self::PartialLine => "its request did not end",
            Self::Stalled => "it does not take its replies",
            Self::Leaving => "it did not close in time",
        }
    }
}

impl Client {
    /// A client that has just connected.
    pub fn new(now_ms: u64) -> Self {
        Self {
            input: Vec::new(),
            taken: 0,
            searched: 0,
            line_ms: now_ms,
            ended: false,
            output: Vec::new(),
            held: VecDeque::new(),
            blocked_ms: None,
            wait: None,
            stream: None,
            stand: Stand::Open,
            active_ms: now_ms,
        }
    }

    /// Takes bytes that the client has sent.
    pub fn received(&mut self, now_ms: u64, bytes: &[u8]) {
        if !self.may_ask() {
            return;
        }
        if self.taken == self.input.len() {
            self.line_ms = now_ms;
        }
        self.active_ms = now_ms;
        self.input.drain(..self.taken);
        self.taken = 0;
        self.input.extend_from_slice(bytes);
    }

    /// The client sends nothing more: what it has sent without a line feed is its last line.
    pub fn ended(&mut self) {
        self.ended = true;
    }

    /// The client has gone: nobody reads its replies any more.
    pub fn hung_up(&mut self) {
        if self.stand == Stand::Open {
            self.stand = Stand::HungUp;
        } else if self.stand == Stand::Leaving {
            self.stand = Stand::GivenUp;
        }
        self.hasten();
        self.stream = None;
        self.output = Vec::new();
        self.held = VecDeque::new();
        self.blocked_ms = None;
    }

    /// Takes nothing more from the client; it gets the replies that it still has to get.
    pub fn leave(&mut self, now_ms: u64) {
        if self.stand == Stand::Open {
            self.stand = Stand::Leaving;
            self.active_ms = now_ms;
        } else if self.stand == Stand::HungUp {
            self.stand = Stand::GivenUp;
        }
        self.stream = None;
        self.input = Vec::new();
        (self.taken, self.searched) = (0, 0);
    }

    /// The next request, refused or not, if [`Self::has_request`].
    pub fn next_request(&mut self, now_ms: u64) -> Option<(Form, Result<Request, Refusal>)> {
        if !self.is_heard() {
            return None;
        }
        let Some(len) = self.next_line() else {
            self.searched = self.input.len() - self.taken;
            return None;
        };
        let rest = &self.input[self.taken..];
        if len > MAX_LINE_BYTES {
            let form = parse_line(&rest[..1]).0;
            self.leave(now_ms);
            return Some((form, Err(too_long())));
        }
        let parsed = parse_line(&rest[..len]);
        // The last line may have no line feed.
        self.taken = (self.taken + len + 1).min(self.input.len());
        self.searched = 0;
        self.line_ms = now_ms;
        if self.taken == self.input.len() {
            self.input = Vec::new();
            self.taken = 0;
        }
        Some(parsed)
    }

    /// Whether there is a whole request and it is its turn: a client that waits, or does not
    /// read its replies, has to do that first.
    pub fn has_request(&self) -> bool {
        self.is_heard() && self.next_line().is_some()
    }

    /// The length of the first line that was not worked off.
    fn next_line(&self) -> Option<usize> {
        let rest = &self.input[self.taken..];
        let end = rest[self.searched..].iter().position(|&b| b == b'\n').map(|n| self.searched + n);
        let whole = rest.len() > MAX_LINE_BYTES || self.ended && !rest.is_empty();
        end.or_else(|| whole.then_some(rest.len()))
    }

    /// Adds a reply, without its line feed, that may be shown once `after` is durable.
    pub fn reply(&mut self, reply: &str, after: Ticket) {
        self.push(reply, after, 0);
    }

    /// Adds the reply that says that the message is accepted.
    pub fn reply_accepted(&mut self, reply: &str, after: Ticket, id: MessageId) {
        self.push(reply, after, id);
    }

    /// The messages of which the client is told once the disk has them, the oldest first.
    pub fn held_messages(&self, durable: Ticket) -> impl Iterator<Item = MessageId> {
        self.held.iter().filter(move |h| h.after > durable && h.accepted != 0).map(|h| h.accepted)
    }

    /// Tells the client, in the place of the reply that it was accepted, that the message is
    /// refused.
    pub fn refuse_held(&mut self, id: MessageId, refusal: &Refusal) {
        while let Some(place) = self.held.iter().position(|h| h.accepted == id) {
            let start = self.held[place].start;
            let Some(len) = self.output[start..].iter().position(|&b| b == b'\n') else { return };
            let form = parse_line(&self.output[start..=start]).0;
            let mut text = String::new();
            reply::refusal(&mut text, form, refusal);
            self.output.splice(start..start + len, text.bytes());
            for held in self.held.iter_mut().skip(place + 1) {
                held.start = held.start + text.len() - len;
            }
            self.held[place] = Held { start, after: 0, accepted: 0 };
        }
    }

    fn push(&mut self, reply: &str, after: Ticket, accepted: MessageId) {
        if !self.may_be_told() {
            return;
        }
        // What stands behind a reply that may be replaced has a hold of its own.
        let covered = |last: &Held| last.accepted == 0 && last.after >= after;
        if accepted != 0 || after > 0 && !self.held.back().is_some_and(covered) {
            self.held.push_back(Held { start: self.output.len(), after, accepted });
        }
        self.output.extend_from_slice(reply.as_bytes());
        self.output.push(b'\n');
    }

    /// Lets later requests wait until the message is final.
    pub fn wait(&mut self, wait: Wait) {
        self.wait = Some(wait);
    }

    /// What the client waits for.
    pub fn waits_for(&self) -> Option<Wait> {
        self.wait
    }

    /// The wait is over; its reply comes next.
    pub fn waited(&mut self, now_ms: u64) {
        self.wait = None;
        self.active_ms = now_ms;
        self.line_ms = now_ms;
    }

    /// Gives it the events behind `after` from now on.
    pub fn stream(&mut self, after: Seq) {
        if self.may_be_told() {
            self.stream = Some(after);
        }
    }

    /// Whether it gets events.
    pub fn is_streaming(&self) -> bool {
        self.stream.is_some()
    }

    /// Behind which event the next one for it stands, if it has room for one.
    pub fn wants_event(&self) -> Option<Seq> {
        self.stream.filter(|_| self.output.len() < FULL_STREAM_BYTES)
    }

    /// Ends the wait, if there is one, at the next look at it.
    pub fn hasten(&mut self) {
        if let Some(wait) = &mut self.wait {
            wait.until_ms = 0;
        }
    }

    /// The replies that may be shown now that everything up to `durable` is.
    pub fn sendable(&self, durable: Ticket) -> &[u8] {
        let end = self.held.iter().find(|h| h.after > durable).map_or(self.output.len(), |h| h.start);
        &self.output[..end]
    }

    /// The client has taken the first `bytes` of what could be shown; 0 if its socket is full.
    pub fn sent(&mut self, now_ms: u64, bytes: usize) {
        if bytes == 0 {
            self.blocked_ms.get_or_insert(now_ms);
            return;
        }
        self.blocked_ms = None;
        self.active_ms = now_ms;
        while self.held.front().is_some_and(|h| h.start < bytes) {
            self.held.pop_front();
        }
        for held in &mut self.held {
            held.start -= bytes;
        }
        self.output.drain(..bytes);
        if self.output.is_empty() {
            self.output = Vec::new();
            self.held = VecDeque::new();
        }
    }

    /// Whether bytes from the client have a place now.
    pub fn wants_bytes(&self) -> bool {
        let room = self.input.len() - self.taken <= MAX_LINE_BYTES && self.is_heard();
        !self.ended && (self.stand == Stand::Leaving || room)
    }

    /// Whether every reply was taken by the client.
    pub fn is_flushed(&self) -> bool {
        self.output.is_empty()
    }

    /// Whether nothing more is taken from it.
    pub fn is_leaving(&self) -> bool {
        matches!(self.stand, Stand::Leaving | Stand::GivenUp)
    }

    /// Whether it has had its last reply and only has to close.
    pub fn is_shown_out(&self) -> bool {
        self.stand == Stand::Leaving && self.is_flushed()
    }

    /// Whether there is nothing more to do for it.
    pub fn is_done(&self) -> bool {
        let waits = self.wait.is_some() || self.stream.is_some();
        let nothing_left = self.taken == self.input.len() && !waits && self.is_flushed();
        self.stand == Stand::GivenUp || self.ended && nothing_left
    }

    /// When its patience or ours ends, in milliseconds since boot. While it waits, or the disk
    /// is waited for, there is no such time.
    pub fn deadline_ms(&self) -> Option<u64> {
        self.due().map(|(ms, _)| ms)
    }

    fn due(&self) -> Option<(u64, Overdue)> {
        if let Some(ms) = self.blocked_ms {
            Some((ms + STALLED_MS, Overdue::Stalled))
        } else if self.wait.is_some() || self.stream.is_some() || !self.is_flushed() {
            None
        } else if self.stand == Stand::Leaving {
            Some((self.active_ms + LEAVING_MS, Overdue::Leaving))
        } else if self.taken < self.input.len() {
            Some((self.line_ms + PARTIAL_LINE_MS, Overdue::PartialLine))
        } else {
            Some((self.active_ms + IDLE_MS, Overdue::Idle))
        }
    }

    /// Shows the client out if its time is over.
    pub fn expire(&mut self, now_ms: u64) -> Option<Overdue> {
        let (_, overdue) = self.due().filter(|&(ms, _)| ms <= now_ms)?;
        if overdue == Overdue::PartialLine {
            let (form, _) = parse_line(&self.input[self.taken..=self.taken]);
            let mut text = String::new();
            let seconds = PARTIAL_LINE_MS / 1000;
            let message = format!("the request did not end within {seconds} s: end it with a line feed");
            reply::refusal(&mut text, form, &Refusal::new(ErrorCode::BadRequest, message));
            self.leave(now_ms);
            self.reply(&text, 0);
        } else {
            self.stand = Stand::GivenUp;
        }
        Some(overdue)
    }

    /// Whether requests of it are taken.
    fn may_ask(&self) -> bool {
        matches!(self.stand, Stand::Open | Stand::HungUp)
    }

    /// Whether its next request may be worked off now.
    fn is_heard(&self) -> bool {
        self.may_ask() && self.wait.is_none() && !self.is_full()
    }

    /// Whether replies to it can still be read.
    fn may_be_told(&self) -> bool {
        !matches!(self.stand, Stand::HungUp | Stand::GivenUp)
    }

    fn is_full(&self) -> bool {
        self.output.len() >= FULL_OUTPUT_BYTES || self.held.len() >= MAX_HELD_REPLIES
    }
}

fn too_long() -> Refusal {
    let message = format!("the request is longer than {MAX_LINE_BYTES} bytes: send less at once");
    Refusal::new(ErrorCode::TooLarge, message)
}

#[cfg(test)]
mod tests;
