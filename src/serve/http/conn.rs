//! A connection: which request comes next, and what goes back.

mod reading;
mod times;

use core::mem;

use super::body::Body;
use super::head::{Head, MAX_HEAD_BYTES};
use super::response::{Manner, Response};
use super::{MAX_BODY_BYTES, Refused};
use crate::journal::Ticket;
use crate::serve::output::Output;

pub use times::{Overdue, Timeouts};

/// With so many bytes of responses waiting, the next request waits too until the client has
/// read: room for [`MAX_HELD_RESPONSES`] of the usual 250 bytes. One more response fits on top.
const FULL_OUTPUT_BYTES: usize = 16 * 1024;

/// With so many responses that wait for the disk, the next request waits, too. What comes while
/// one fsync lasts shares the next.
const MAX_HELD_RESPONSES: usize = 64;

/// The most bytes of a stream that wait for their reader: [`FULL_OUTPUT_BYTES`], and the longest
/// event on top. A reader behind which more gathers is dropped; it comes back, and says how far
/// it got.
pub const MAX_STREAM_BYTES: usize = 48 * 1024;

/// The most bytes that one connection may hold, in all its buffers and with the room that they
/// grow by, if not more than 4 KiB are given to it at once and responses have at most 48 KiB.
pub const MAX_CONNECTION_BYTES: usize =
    2 * (MAX_HEAD_BYTES + 4096 + MAX_BODY_BYTES + FULL_OUTPUT_BYTES + 50 * 1024);

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its head.
    pub head: Head,
    /// Its body, without its coding.
    pub body: Vec<u8>,
}

/// What a connection has for its door.
#[derive(Debug)]
pub enum Step<'a> {
    /// A head has come. The door either calls [`Connection::go_on`], or answers at once. Until it
    /// has done so, this step comes again.
    Head(&'a Head),
    /// The whole request; the door answers it, now or later.
    Request(Request),
    /// What came is no request; the door answers with that status.
    Refused(Refused),
}

/// A client's connection.
#[derive(Debug)]
pub struct Connection {
    timeouts: Timeouts,
    input: Vec<u8>,
    /// Bytes of the input behind which no head ends yet.
    searched: usize,
    /// The client sends nothing more.
    ended: bool,
    stage: Stage,
    stand: Stand,
    /// How the response to the request at hand goes.
    manner: Manner,
    output: Output,
    /// When the head's first byte or its turn came, or when the body's turn did.
    begun_ms: u64,
    /// Since when the client has no request at hand.
    waiting_ms: u64,
}

/// How far the request at hand is.
#[derive(Debug)]
enum Stage {
    /// There is none, or only a part of its head.
    Head,
    /// The door looks at the head.
    Judge(Head, Body),
    /// The body has not come in full.
    Body(Head, Body),
    /// It has come in full.
    Whole(Request),
    Refused(Refused),
    /// The door answers it.
    Answer,
    /// The answer has no end.
    Stream,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    Open,
    /// Nothing more is taken from it, but it gets its responses.
    Leaving,
    /// It has gone, but what it asked for before is done.
    HungUp,
    GivenUp,
}

impl Connection {
    /// The connection of a client that has just come.
    pub fn new(now_ms: u64, timeouts: Timeouts) -> Self {
        Self {
            timeouts,
            input: Vec::new(),
            searched: 0,
            ended: false,
            stage: Stage::Head,
            stand: Stand::Open,
            manner: Manner::LAST,
            output: Output::default(),
            begun_ms: now_ms,
            waiting_ms: now_ms,
        }
    }

    /// Takes bytes that the client has sent.
    pub fn received(&mut self, now_ms: u64, bytes: &[u8]) {
        // Nothing behind a stream's request is answered any more.
        if self.stand != Stand::Open || matches!(self.stage, Stage::Stream | Stage::Refused(_)) {
            return;
        }
        if self.input.is_empty() && matches!(self.stage, Stage::Head) {
            self.begun_ms = now_ms;
        }
        self.input.extend_from_slice(bytes);
        self.advance();
    }

    /// The client sends nothing more. It may still read; but of a client that reads a stream, this
    /// is how it closes.
    pub fn ended(&mut self) {
        self.ended = true;
        if matches!(self.stage, Stage::Stream) {
            self.give_up();
        }
    }

    /// The client has gone: nobody reads the responses any more.
    pub fn hung_up(&mut self) {
        if self.stand != Stand::Open || matches!(self.stage, Stage::Stream) {
            self.give_up();
        } else {
            self.stand = Stand::HungUp;
        }
        self.ended = true;
        self.output.clear();
    }

    /// Takes nothing more from the client; it gets the responses that it still has to get, that to
    /// the request at hand too.
    pub fn leave(&mut self, now_ms: u64) {
        self.manner.closes = true;
        match self.stage {
            Stage::Whole(_) | Stage::Refused(_) | Stage::Answer if self.stand == Stand::Open => {}
            _ => self.close(now_ms),
        }
    }

    /// Closes at once, without a word.
    pub fn give_up(&mut self) {
        self.stand = Stand::GivenUp;
        self.stage = Stage::Head;
        self.input = Vec::new();
        self.output.clear();
    }

    /// What there is to do, if [`Self::has_step`].
    pub fn next_step(&mut self) -> Option<Step<'_>> {
        if !self.has_step() {
            return None;
        }
        if !matches!(self.stage, Stage::Judge(..)) {
            return match mem::replace(&mut self.stage, Stage::Answer) {
                Stage::Whole(request) => Some(Step::Request(request)),
                Stage::Refused(refused) => Some(Step::Refused(refused)),
                _ => None,
            };
        }
        if let Stage::Judge(head, _) = &self.stage { Some(Step::Head(head)) } else { None }
    }

    /// Whether there is a step, and it is its turn: a client that does not read its responses has
    /// to do that first.
    pub fn has_step(&self) -> bool {
        let heard = matches!(self.stand, Stand::Open | Stand::HungUp) && !self.is_full();
        heard && matches!(self.stage, Stage::Judge(..) | Stage::Whole(_) | Stage::Refused(_))
    }

    /// Takes the body that belongs to the head; the client is told to send it if it waits for
    /// that.
    pub fn go_on(&mut self, now_ms: u64) {
        match mem::replace(&mut self.stage, Stage::Head) {
            Stage::Judge(head, body) => {
                // Told always, even if a part has come already: so it does not depend on where
                // the bytes were cut (RFC 9110 clause 10.1.1 lets us choose).
                if head.expects_continue && !body.is_done() && self.stand == Stand::Open {
                    self.output.add(0).extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                }
                self.begun_ms = now_ms;
                self.stage = Stage::Body(head, body);
                self.advance();
            }
            other => self.stage = other,
        }
    }

    /// Answers the request at hand; the response may be shown once `after` is durable. Without a
    /// request nothing is sent.
    ///
    /// If its body has not come in full, the connection closes behind it: what comes then can be
    /// the body, or the next request of a client that has not sent it.
    pub fn respond(&mut self, now_ms: u64, response: &Response<'_>, after: Ticket) {
        if !self.begin_response() {
            return;
        }
        if self.stand != Stand::HungUp {
            response.write(self.output.add(after), self.manner);
        }
        if self.manner.closes {
            self.close(now_ms);
            return;
        }
        (self.stage, self.manner) = (Stage::Head, Manner::LAST);
        (self.begun_ms, self.waiting_ms) = (now_ms, now_ms);
        self.advance();
    }

    /// Answers the request at hand with a response that goes on for as long as the client reads;
    /// the response's body is its beginning. May be shown once `after` is durable.
    ///
    /// Its end is the connection's, in HTTP/1.1 too: an event has an end of its own, so a reader
    /// knows without chunks whether the last one is whole, and HTTP/1.0 has no chunks.
    pub fn begin_stream(&mut self, now_ms: u64, response: &Response<'_>, after: Ticket) {
        if !self.begin_response() {
            return;
        }
        self.manner.closes = true;
        if self.stand == Stand::HungUp || self.ended {
            self.give_up();
            return;
        }
        response.write(self.output.add(after), Manner { endless: true, ..self.manner });
        if self.manner.head_only {
            self.close(now_ms);
            return;
        }
        self.stage = Stage::Stream;
        self.input = Vec::new();
    }

    /// Adds an event to the stream, to be shown once `after` is durable. A reader behind which more
    /// than [`MAX_STREAM_BYTES`] gather is given up.
    pub fn push_event(&mut self, event: &[u8], after: Ticket) {
        if !self.is_streaming() {
            return;
        }
        if self.output.len() + event.len() > MAX_STREAM_BYTES {
            self.give_up();
        } else {
            self.output.add(after).extend_from_slice(event);
        }
    }

    /// Whether it has a stream, which [`Self::leave`] ends.
    pub fn is_streaming(&self) -> bool {
        matches!(self.stage, Stage::Stream)
    }

    /// Whether another response or event has its place now: who adds to a stream only then never
    /// loses its reader.
    pub fn has_room(&self) -> bool {
        !self.is_full()
    }

    /// Whether the client sends nothing more. If the door has not answered it yet, most likely
    /// nobody waits for that.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The bytes that may be sent now that everything up to `durable` is on disk.
    pub fn sendable(&self, durable: Ticket) -> &[u8] {
        self.output.sendable(durable)
    }

    /// The client has taken the first `count` of them; 0 if its socket is full.
    pub fn sent(&mut self, now_ms: u64, count: usize) {
        self.output.sent(now_ms, count);
        if self.output.is_empty() && matches!(self.stage, Stage::Head) {
            self.waiting_ms = now_ms;
        }
    }

    /// Whether bytes from the client have a place now. They have one while its request is at work,
    /// so that its end is noticed.
    pub fn wants_bytes(&self) -> bool {
        let room = self.stand == Stand::Open && self.input.len() <= MAX_HEAD_BYTES;
        !self.ended && (room || self.stand == Stand::Leaving)
    }

    /// Whether every response was taken by the client.
    pub fn is_flushed(&self) -> bool {
        self.output.is_empty()
    }

    /// Whether nothing more is taken from it.
    pub fn is_leaving(&self) -> bool {
        matches!(self.stand, Stand::Leaving | Stand::GivenUp)
    }

    /// Whether it has had its last response and only has to close. Our side is closed then, and
    /// what still comes is read: otherwise its system might throw the response away before it was
    /// read (RFC 9112 clause 9.6).
    pub fn is_shown_out(&self) -> bool {
        self.stand == Stand::Leaving && self.is_flushed()
    }

    /// Whether there is nothing more to do for it.
    pub fn is_done(&self) -> bool {
        let at_work = !matches!(self.stage, Stage::Head | Stage::Body(..));
        self.stand == Stand::GivenUp || self.ended && !at_work && self.is_flushed()
    }

    /// How many bytes its buffers take: at most [`MAX_CONNECTION_BYTES`], and none while it only
    /// waits.
    pub fn memory_bytes(&self) -> usize {
        let body = match &self.stage {
            Stage::Judge(_, body) | Stage::Body(_, body) => body.capacity(),
            Stage::Whole(request) => request.body.capacity(),
            _ => 0,
        };
        self.input.capacity() + body + self.output.capacity()
    }

    /// Whether there is a request to respond to. If its body has not come in full, it is the last.
    fn begin_response(&mut self) -> bool {
        match mem::replace(&mut self.stage, Stage::Answer) {
            Stage::Judge(_, mut body) => {
                self.manner.closes |= !matches!(self.take_body(&mut body), Ok(true));
                true
            }
            Stage::Body(..) => {
                self.manner.closes = true;
                true
            }
            Stage::Whole(_) | Stage::Refused(_) | Stage::Answer => true,
            other => {
                self.stage = other;
                false
            }
        }
    }

    /// Takes nothing more.
    fn close(&mut self, now_ms: u64) {
        self.stand = match self.stand {
            Stand::Open | Stand::Leaving => Stand::Leaving,
            Stand::HungUp | Stand::GivenUp => Stand::GivenUp,
        };
        self.stage = Stage::Head;
        self.waiting_ms = now_ms;
        self.input = Vec::new();
        self.searched = 0;
    }

    fn is_full(&self) -> bool {
        self.output.len() >= FULL_OUTPUT_BYTES || self.output.held() >= MAX_HELD_RESPONSES
    }
}

#[cfg(test)]
mod tests;
