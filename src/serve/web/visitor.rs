//! One connection of the relay: its socket, the request at hand, and what that waits for.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};

use super::stream::{self, Stream};
use crate::api::Answer;
use crate::engine::Now;
use crate::journal::Ticket;
use crate::message::{ClientId, ErrorCode, Refusal};
use crate::relay::door::{Admission, Door, Outcome, Stored};
use crate::relay::reply::Reply;
use crate::serve::core::Core;
use crate::serve::http::{Connection, Response, Step, Timeouts};
use crate::serve::poller::{Flags, Poller};

/// Bytes that are read from a connection at once.
const READ_BYTES: usize = 4096;

/// Requests of one connection that are answered before it is the next one's turn.
const REQUESTS_A_TURN: usize = 16;

/// No response is given to a connection before it is durable: until then it is pending.
const NO_TICKET: Ticket = 0;

/// A connection.
#[derive(Debug)]
pub(super) struct Visitor {
    stream: TcpStream,
    pub peer: IpAddr,
    /// The configured address at which it came in.
    pub at: SocketAddr,
    /// Under which it is watched.
    pub number: u32,
    /// For what it is watched.
    watched: Flags,
    connection: Connection,
    /// What the head of the request at hand has shown.
    admission: Option<Admission>,
    /// The page that the request at hand comes from.
    origin: Option<Box<str>>,
    /// Whether it has logged in once.
    pub known: bool,
    /// When it came, in milliseconds since boot.
    came_ms: u64,
    /// Whether it was answered before.
    answered: bool,
    pending: Option<Pending>,
    /// What it gets events of, while its connection streams.
    stream_of: Option<Stream>,
    /// It has hung up.
    gone: bool,
}

/// What a request's answer waits for.
#[derive(Debug)]
enum Pending {
    /// The disk.
    Stored(Stored),
    /// A message's end, or the time.
    Wait { client: Option<ClientId>, answer: Answer, until_ms: u64 },
}

/// Whom a request is handed to.
pub(super) struct Desk<'a> {
    pub now: Now,
    pub door: &'a mut Door,
    pub core: &'a mut Core,
    /// Requests that were answered, by the status's first digit, from 1.
    pub answered: &'a mut [u32; 5],
    /// Places for requests that are not answered at once.
    pub free_waits: isize,
    /// No more requests are taken.
    pub closing: bool,
}

impl Pending {
    fn is_over(&self, now: Now, core: &Core) -> bool {
        match self {
            Self::Stored(stored) => stored.after <= core.durable(),
            Self::Wait { answer, until_ms, .. } => *until_ms <= now.boot_ms || core.is_settled(*answer),
        }
    }
}

impl Visitor {
    /// One that has just come.
    pub fn new(
        now: Now,
        stream: TcpStream,
        peer: IpAddr,
        at: SocketAddr,
        number: u32,
        times: Timeouts,
    ) -> Self {
        Self {
            stream,
            peer,
            at,
            number,
            watched: Flags::IN,
            connection: Connection::new(now.boot_ms, times),
            admission: None,
            origin: None,
            known: false,
            came_ms: now.boot_ms,
            answered: false,
            pending: None,
            stream_of: None,
            gone: false,
        }
    }

    /// Watches it under its number.
    ///
    /// # Errors
    /// The system's.
    pub fn begin(&self, poller: &Poller) -> io::Result<()> {
        self.stream.set_nonblocking(true)?;
        self.stream.set_nodelay(true)?;
        poller.add(&self.stream, self.number, self.watched)
    }

    /// Since when it only holds its place, in milliseconds since boot; `None` if it is at work. Who
    /// has logged in with a head may take the time for its body.
    pub fn waiting_since(&self) -> Option<u64> {
        if self.admission.is_some_and(Admission::is_known) { None } else { self.connection.waiting_since() }
    }

    /// Whether nothing was done for it yet.
    pub fn is_new(&self) -> bool {
        !self.answered && !self.known
    }

    /// Since when it is there, in milliseconds since boot, if it was answered and has never logged
    /// in.
    pub fn stranger_since(&self) -> Option<u64> {
        (self.answered && !self.known && self.leaving_since().is_none()).then_some(self.came_ms)
    }

    /// Since when nothing more is taken from it, in milliseconds since boot; `None` if something
    /// is.
    pub fn leaving_since(&self) -> Option<u64> {
        self.connection.leaving_since()
    }

    /// Whether it is at work once what it has sent is read.
    pub fn is_useful(&mut self, now: Now) -> bool {
        if self.connection.wants_bytes() {
            self.receive(now);
        }
        self.waiting_since().is_none() && !self.connection.is_done()
    }

    /// Takes nothing more from it; it gets its responses.
    pub fn leave(&mut self, now: Now) {
        self.connection.leave(now.boot_ms);
    }

    /// The client that gets events here.
    pub fn reader(&self) -> Option<ClientId> {
        self.stream_of.as_ref().and_then(Stream::client)
    }

    /// Whether every answer was taken.
    pub fn is_flushed(&self) -> bool {
        self.pending.is_none() && self.connection.is_flushed()
    }

    /// Takes what came from it.
    pub fn take(&mut self, now: Now, flags: Flags) {
        if flags.contains(Flags::IN) {
            self.receive(now);
        }
        if flags.intersects(Flags::HUP | Flags::ERR) {
            self.hung_up();
        }
    }

    /// Its turn: answers what it has asked, and what it has waited for.
    pub fn turn(&mut self, desk: &mut Desk<'_>) {
        desk.free_waits += isize::from(self.resume(desk));
        for _ in 0..REQUESTS_A_TURN {
            let before = self.takes_long();
            if !self.step(desk) {
                break;
            }
            desk.free_waits -= isize::from(self.takes_long() && !before);
        }
        if let Some(stream) = &mut self.stream_of {
            stream.pour(&mut self.connection, desk.now, desk.core);
        }
        if desk.closing {
            self.leave(desk.now);
        }
    }

    /// Refuses the messages of its request, if they wait for the disk and can be taken back.
    pub fn refuse_unstored(&mut self, desk: &mut Desk<'_>, refusal: &Refusal) {
        let Some(Pending::Stored(stored)) = &self.pending else { return };
        if !stored.accepted.is_empty()
            && stored.after > desk.core.durable()
            && stored.accepted.iter().all(|id| desk.core.take_back(desk.now, *id))
        {
            let reply = stored.refused(refusal);
            self.pending = None;
            self.respond(desk, reply);
        }
    }

    /// Whether [`Self::turn`] has something to do at once.
    pub fn is_due(&self, now: Now, core: &Core) -> bool {
        match &self.pending {
            Some(pending) => pending.is_over(now, core),
            None => self.connection.has_step() || self.stream().is_some_and(|s| s.is_due(now, core)),
        }
    }

    /// When something is due if nothing else happens, in milliseconds since boot.
    pub fn next_wake(&self) -> Option<u64> {
        match self.pending {
            Some(Pending::Wait { until_ms, .. }) => Some(until_ms),
            _ => [self.connection.deadline_ms(), self.stream().map(Stream::next_wake)]
                .into_iter()
                .flatten()
                .min(),
        }
    }

    /// Sends what there is, and shows it out if its time is over; whether it is still there.
    pub fn flush(&mut self, now: Now) -> bool {
        self.send(now);
        if let Some(why) = self.connection.expire(now.boot_ms) {
            log::debug!("relay: a connection is ended: {}", why.as_str());
        }
        !self.connection.is_done()
    }

    /// Watches it for what can be done with it.
    pub fn watch(&mut self, poller: &Poller) {
        let mut flags = Flags::empty();
        flags.set(Flags::IN, self.connection.wants_bytes());
        flags.set(Flags::OUT, !self.connection.sendable(NO_TICKET).is_empty());
        if flags != self.watched {
            self.watched = flags;
            if let Err(error) = poller.change(&self.stream, self.number, flags) {
                log::error!("relay: a connection cannot be watched: {error}");
                self.connection.give_up();
            }
        }
    }

    /// Whether it waits for something to be told.
    fn waits(&self) -> bool {
        matches!(self.pending, Some(Pending::Wait { .. }))
    }

    /// The events that it gets, unless it has to read first what it has.
    fn stream(&self) -> Option<&Stream> {
        let stream = self.stream_of.as_ref();
        stream.filter(|_| self.connection.is_streaming() && self.connection.has_room())
    }

    /// Whether its request has a place among those that are not answered at once.
    pub fn takes_long(&self) -> bool {
        self.waits() || self.connection.is_streaming()
    }

    /// Answers what was pending, if that is over; says whether that was a wait.
    fn resume(&mut self, desk: &mut Desk<'_>) -> bool {
        let waited = self.waits();
        // Nobody is there any more to be told.
        let alone = waited && self.connection.has_ended();
        let over = |pending: &Pending| pending.is_over(desk.now, desk.core);
        let told = desk.closing && waited || alone;
        if !self.pending.as_ref().is_some_and(|pending| over(pending) || told) {
            return false;
        }
        match self.pending.take() {
            Some(Pending::Stored(stored)) => self.respond(desk, stored.reply),
            Some(Pending::Wait { client, answer, .. }) => {
                let after = desk.core.wanted_ticket();
                let outcome = desk.door.waited(desk.now, client, answer, after, desk.core);
                self.settle(desk, outcome, true);
            }
            None => {}
        }
        waited
    }

    /// Takes the next step of the request at hand; says whether there was one.
    fn step(&mut self, desk: &mut Desk<'_>) -> bool {
        if self.pending.is_some() {
            return false;
        }
        let now = desk.now;
        match self.connection.next_step() {
            None => return false,
            Some(Step::Head(head)) => {
                self.origin = head.origin.clone();
                match desk.door.judge(now, self.peer, head) {
                    Ok(admission) => {
                        self.known |= admission.is_known();
                        self.admission = Some(admission);
                        self.connection.go_on(now.boot_ms);
                    }
                    Err(reply) => self.respond(desk, reply),
                }
            }
            Some(Step::Request(request)) => {
                let Some(mut admission) = self.admission.take() else { return false };
                let outcome = desk.door.answer(now, self.peer, &mut admission, &request, desk.core);
                self.known |= admission.is_known();
                let may_wait = desk.free_waits > 0;
                self.settle(desk, outcome, may_wait);
            }
            Some(Step::Refused(refused)) => {
                let reply = Reply::refused_as(refused.status, &refused.refusal);
                self.respond(desk, reply);
            }
        }
        true
    }

    fn settle(&mut self, desk: &mut Desk<'_>, outcome: Outcome, may_wait: bool) {
        let now = desk.now;
        match outcome {
            // It is the engine's by now.
            Outcome::Stored(_) | Outcome::Wait { .. } if self.gone => self.connection.give_up(),
            Outcome::Reply(reply) => self.respond(desk, reply),
            Outcome::Stored(stored) if stored.after <= desk.core.durable() => {
                self.respond(desk, stored.reply);
            }
            Outcome::Stored(stored) => self.pending = Some(Pending::Stored(stored)),
            // What is done already is told; there is at most one a box.
            Outcome::Wait { answer, .. } if !may_wait && !matches!(answer, Answer::Control(_)) => {
                self.respond(desk, too_many());
            }
            Outcome::Stream { .. } if !may_wait => {
                self.respond(desk, too_many());
            }
            Outcome::Wait { client, answer } => {
                let until_ms = now.boot_ms + u64::from(answer.wait_s()) * 1000;
                self.pending = Some(Pending::Wait { client, answer, until_ms });
            }
            Outcome::Stream { client, caller, after, reset } => {
                self.stream_of = Some(Stream::new(now, client, caller, after));
                self.respond(desk, stream::beginning(after, reset));
            }
        }
    }

    fn respond(&mut self, desk: &mut Desk<'_>, reply: Reply) {
        self.answered = true;
        let reply = match self.origin.take() {
            Some(origin) => desk.door.share(&origin, reply),
            None => reply,
        };
        if let Some(count) = desk.answered.get_mut(usize::from(reply.status / 100).wrapping_sub(1)) {
            *count = count.wrapping_add(1);
        }
        let headers: Vec<(&str, &str)> =
            reply.headers.iter().map(|(name, value)| (*name, value.as_ref())).collect();
        let response = Response {
            status: reply.status,
            content_type: reply.content_type,
            headers: &headers,
            body: &reply.body,
        };
        if reply.content_type == stream::CONTENT_TYPE {
            self.connection.begin_stream(desk.now.boot_ms, &response, NO_TICKET);
        } else {
            self.connection.respond(desk.now.boot_ms, &response, NO_TICKET);
        }
    }

    fn receive(&mut self, now: Now) {
        let mut bytes = [0; READ_BYTES];
        match self.stream.read(&mut bytes) {
            Ok(0) => self.connection.ended(),
            Ok(count) => self.connection.received(now.boot_ms, &bytes[..count]),
            Err(error) if is_passing(error.kind()) => {}
            Err(_) => self.hung_up(),
        }
    }

    /// Nobody reads the answers any more. What it asked for before is done, but not waited for.
    fn hung_up(&mut self) {
        self.gone = true;
        if self.pending.take().is_some() {
            self.connection.give_up();
        } else {
            self.connection.hung_up();
        }
    }

    fn send(&mut self, now: Now) {
        loop {
            let bytes = self.connection.sendable(NO_TICKET);
            if bytes.is_empty() {
                break;
            }
            match self.stream.write(bytes) {
                Ok(count) => self.connection.sent(now.boot_ms, count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_passing(error.kind()) => {
                    self.connection.sent(now.boot_ms, 0);
                    return;
                }
                Err(_) => {
                    self.hung_up();
                    return;
                }
            }
        }
        if self.connection.is_shown_out() {
            // It may have closed already.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
    }
}

fn too_many() -> Reply {
    Reply::refused(&Refusal::new(ErrorCode::TooMany, "too many requests wait; try again later"))
}

fn is_passing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
