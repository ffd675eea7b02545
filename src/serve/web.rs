//! The relay's connections: who comes in, whose turn it is, and what is waited for. What a
//! request means says [`Door`].

mod stream;

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};

use self::stream::Stream;
use super::core::Core;
use super::http::{Connection, Response, Step, Timeouts};
use super::listeners::Listener;
use super::poller::{Flags, Poller};
use super::{FIRST_LISTENER, FIRST_VISITOR};
use crate::config::Config;
use crate::engine::Now;
use crate::journal::Ticket;
use crate::message::{ClientId, ErrorCode, MessageId, Refusal};
use crate::relay::Hosts;
use crate::relay::door::{self, Admission, Door, Outcome, Stored};
use crate::relay::reply::Reply;

/// Bytes that are read from a connection at once.
const READ_BYTES: usize = 4096;

/// Requests of one connection that are answered before it is the next one's turn.
const REQUESTS_A_TURN: usize = 16;

/// Connections that were shown out and have not closed yet, beside those that have a place.
const MAX_LEAVING: usize = 8;

/// The relay, if it is there.
#[derive(Debug)]
pub struct Web {
    listeners: Vec<Listener>,
    door: Door,
    max_connections: usize,
    max_per_address: usize,
    timeouts: Timeouts,
    visitors: Vec<Visitor>,
    count: u32,
    /// The last one who came found no place.
    full: bool,
    /// No more requests are taken.
    closing: bool,
    /// Requests that were answered, by the status's first digit, from 1.
    answered: [u32; 5],
}

#[derive(Debug)]
struct Visitor {
    stream: TcpStream,
    peer: IpAddr,
    /// The configured address at which it came in.
    at: SocketAddr,
    /// Under which it is watched.
    number: u32,
    /// For what it is watched.
    watched: Flags,
    connection: Connection,
    /// What the head of the request at hand has shown.
    admission: Option<Admission>,
    /// The page that the request at hand comes from.
    origin: Option<Box<str>>,
    /// Whether it has logged in once.
    known: bool,
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
    Message { id: MessageId, until_ms: u64 },
}

impl Web {
    /// The relay of that configuration; nothing listens yet.
    pub fn new(config: &Config, now: Now, core: &Core) -> Self {
        let mut door = Door::new(config, hosts(config));
        door.restore(now, door::Desk::engine(core));
        Self {
            listeners: addresses(config).map(Listener::new).collect(),
            door,
            max_connections: config.relay.max_connections,
            max_per_address: config.relay.max_per_address,
            timeouts: timeouts(config),
            visitors: Vec::new(),
            count: 0,
            full: false,
            closing: false,
            answered: [0; 5],
        }
    }

    /// Listens at the addresses at which it does not yet, if it is time to try.
    pub fn open(&mut self, now: Now, poller: &Poller) {
        if self.closing {
            return;
        }
        for (number, listener) in (FIRST_LISTENER..).zip(&mut self.listeners) {
            if listener.open(now.boot_ms)
                && let Some(socket) = listener.socket()
                && let Err(error) = poller.add(socket, number, Flags::IN)
            {
                log::error!("relay: {} cannot be watched: {error}", listener.address());
            }
        }
        let due = |listener: &Listener| listener.next_wake().is_some_and(|ms| ms <= now.boot_ms);
        for place in 0..self.listeners.len() {
            if due(&self.listeners[place]) {
                self.accept(now, FIRST_LISTENER + place as u32, poller);
            }
        }
    }

    /// Works with the configuration `new` from here on, and no more with `old`. Addresses that are
    /// in both go on listening. A request at hand is still answered; then those who came in at an
    /// address that is gone are shown out, and so are, at once, the readers of events whose client
    /// is not as it was.
    pub fn reload(&mut self, now: Now, old: &Config, new: &Config, core: &Core, poller: &Poller) {
        self.door.configure(new, hosts(new));
        self.door.restore(now, door::Desk::engine(core));
        self.max_connections = new.relay.max_connections;
        self.max_per_address = new.relay.max_per_address;
        self.timeouts = timeouts(new);
        let mut before = core::mem::take(&mut self.listeners);
        let mut kept = |address| {
            let place = before.iter().position(|listener| listener.address() == address);
            place.map(|place| before.swap_remove(place))
        };
        self.listeners =
            addresses(new).map(|address| kept(address).unwrap_or_else(|| Listener::new(address))).collect();
        drop(before);
        for (number, listener) in (FIRST_LISTENER..).zip(&self.listeners) {
            // Its place in the list may be another.
            let flags = if listener.wants_clients() { Flags::IN } else { Flags::empty() };
            if let Some(socket) = listener.socket()
                && let Err(error) = poller.change(socket, number, flags)
            {
                log::error!("relay: {} cannot be watched: {error}", listener.address());
            }
        }
        let is_as_it_was = |id: ClientId| {
            let client = |config: &Config| config.clients.iter().find(|c| c.id() == id).cloned();
            client(old) == client(new)
        };
        for visitor in &mut self.visitors {
            let stream = visitor.stream_of.as_ref();
            let reads_on = stream.and_then(Stream::client).is_none_or(is_as_it_was);
            if !reads_on || addresses(new).all(|address| address != visitor.at) {
                visitor.connection.leave(now.boot_ms);
            }
        }
        self.open(now, poller);
    }

    /// Lets in who waits at the listener that is watched under `number`.
    pub fn accept(&mut self, now: Now, number: u32, poller: &Poller) {
        let Some(place) = number.checked_sub(FIRST_LISTENER).map(|place| place as usize) else { return };
        // As many as there can be at all: who is left comes at the next wait.
        for _ in 0..self.max_connections {
            let Some(listener) = self.listeners.get_mut(place) else { return };
            let Some((stream, peer)) = listener.accept(now.boot_ms) else { break };
            let at = listener.address();
            self.admit(now, stream, peer, at, poller);
        }
        let Some(listener) = self.listeners.get(place) else { return };
        let flags = if listener.wants_clients() { Flags::IN } else { Flags::empty() };
        if let Some(socket) = listener.socket()
            && let Err(error) = poller.change(socket, number, flags)
        {
            log::error!("relay: {} cannot be watched: {error}", listener.address());
        }
    }

    /// A new connection. Where all places are taken, the one that has waited longest without a
    /// whole head of a request makes room.
    fn admit(&mut self, now: Now, stream: TcpStream, peer: SocketAddr, at: SocketAddr, poller: &Poller) {
        let peer = peer.ip().to_canonical();
        let strangers = self.visitors.iter().filter(|v| v.peer == peer && !v.known).count();
        if !peer.is_loopback() && strangers >= self.max_per_address {
            log::debug!("relay: a connection was dropped: {peer} has {strangers} without a login");
            return;
        }
        let places = self.visitors.iter().filter(|v| !v.connection.is_leaving()).count();
        let was_full = core::mem::replace(&mut self.full, places >= self.max_connections);
        if self.full && !self.make_room() {
            if !was_full {
                log::warn!("relay: all {} connections are at work; more are dropped", self.max_connections);
            }
            return;
        }
        let number = self.next_number();
        let watched = Flags::IN;
        let usable = stream
            .set_nonblocking(true)
            .and_then(|()| stream.set_nodelay(true))
            .and_then(|()| poller.add(&stream, number, watched));
        if self.visitors.len() >= self.max_connections + MAX_LEAVING || usable.is_err() {
            log::debug!("relay: a connection was dropped: {} are there", self.visitors.len());
            return;
        }
        let connection = Connection::new(now.boot_ms, self.timeouts);
        self.visitors.push(Visitor {
            stream,
            peer,
            at,
            number,
            watched,
            connection,
            admission: None,
            origin: None,
            known: false,
            pending: None,
            stream_of: None,
            gone: false,
        });
    }

    fn make_room(&mut self) -> bool {
        let waiting = |visitor: &Visitor| visitor.connection.waiting_since();
        let longest = (0..self.visitors.len())
            .filter_map(|place| Some((waiting(&self.visitors[place])?, place)))
            .min()
            .map(|(_, place)| place);
        longest.map(|place| self.visitors.swap_remove(place)).is_some()
    }

    /// A number under which nobody is watched.
    fn next_number(&mut self) -> u32 {
        loop {
            let number = FIRST_VISITOR + self.count;
            self.count = (self.count + 1) % (u32::MAX - FIRST_VISITOR);
            if self.visitors.iter().all(|v| v.number != number) {
                return number;
            }
        }
    }

    /// Takes what came from the connection that is watched under `number`.
    pub fn receive(&mut self, now: Now, number: u32, flags: Flags) {
        let Some(visitor) = self.visitors.iter_mut().find(|v| v.number == number) else { return };
        if flags.contains(Flags::IN) {
            visitor.receive(now);
        }
        if flags.intersects(Flags::HUP | Flags::ERR) {
            visitor.hung_up();
        }
    }

    /// Answers what has been asked, and what was waited for.
    pub fn answer(&mut self, now: Now, core: &mut Core) {
        core.note_relay(self.visitors.len(), self.answered);
        let mut waits = self.visitors.iter().filter(|v| v.takes_long()).count();
        // The rest of the places stays for requests that are answered at once, alarms above all.
        let max_waits = self.max_connections / 4 * 3;
        let mut desk = Desk { now, door: &mut self.door, core, answered: &mut self.answered };
        for visitor in &mut self.visitors {
            waits -= usize::from(visitor.resume(&mut desk, self.closing));
            for _ in 0..REQUESTS_A_TURN {
                let before = visitor.takes_long();
                if !visitor.step(&mut desk, waits < max_waits) {
                    break;
                }
                waits += usize::from(visitor.takes_long() && !before);
            }
            if let Some(stream) = &mut visitor.stream_of {
                stream.pour(&mut visitor.connection, now, desk.core);
            }
            if self.closing {
                visitor.connection.leave(now.boot_ms);
            }
        }
        if let Some(summary) = self.door.access().summary(now.boot_ms) {
            log::warn!("relay: {summary}");
        }
    }

    /// Refuses the messages that wait for the disk, if that writes nothing for a while.
    pub fn refuse_unstored(&mut self, now: Now, core: &mut Core) {
        let Some(refusal) = core.stuck(now) else { return };
        let mut desk = Desk { now, door: &mut self.door, core, answered: &mut self.answered };
        for visitor in &mut self.visitors {
            let Some(Pending::Stored(stored)) = &visitor.pending else { continue };
            if !stored.accepted.is_empty()
                && stored.after > desk.core.durable()
                && stored.accepted.iter().all(|id| desk.core.take_back(now, *id))
            {
                let reply = stored.refused(&refusal);
                visitor.pending = None;
                visitor.respond(&mut desk, reply);
            }
        }
    }

    /// Whether [`Self::answer`] has something to do at once.
    pub fn is_due(&self, now: Now, core: &Core) -> bool {
        self.visitors.iter().any(|visitor| match &visitor.pending {
            Some(pending) => pending.is_over(now, core),
            None => visitor.connection.has_step() || visitor.stream().is_some_and(|s| s.is_due(now, core)),
        })
    }

    /// Sends what there is, shows out those whose time is over, and forgets those who have gone.
    pub fn flush(&mut self, now: Now) {
        let before = self.visitors.len();
        self.visitors.retain_mut(|visitor| {
            visitor.send(now);
            if let Some(why) = visitor.connection.expire(now.boot_ms) {
                log::debug!("relay: a connection is ended: {}", why.as_str());
            }
            !visitor.connection.is_done()
        });
        if self.visitors.len() < before {
            self.listeners.iter_mut().for_each(Listener::retry);
        }
    }

    /// Watches each connection for what can be done with it.
    pub fn watch(&mut self, poller: &Poller) {
        for visitor in &mut self.visitors {
            let mut flags = Flags::empty();
            flags.set(Flags::IN, visitor.connection.wants_bytes());
            flags.set(Flags::OUT, !visitor.connection.sendable(NO_TICKET).is_empty());
            if flags != visitor.watched {
                visitor.watched = flags;
                if let Err(error) = poller.change(&visitor.stream, visitor.number, flags) {
                    log::error!("relay: a connection cannot be watched: {error}");
                    visitor.connection.give_up();
                }
            }
        }
    }

    /// When something is due if nothing else happens, in milliseconds since boot.
    pub fn next_wake(&mut self) -> Option<u64> {
        let summary = self.door.access().summary_due_ms();
        let listeners = self.listeners.iter().filter_map(Listener::next_wake);
        let ends = |visitor: &Visitor| match visitor.pending {
            Some(Pending::Message { until_ms, .. }) => Some(until_ms),
            _ => [visitor.connection.deadline_ms(), visitor.stream().map(Stream::next_wake)]
                .into_iter()
                .flatten()
                .min(),
        };
        self.visitors.iter().filter_map(ends).chain(listeners).chain(summary).min()
    }

    /// Takes no more requests, and ends every wait.
    pub fn close(&mut self) {
        self.closing = true;
        self.listeners.clear();
    }

    /// Whether every connection has had its answers.
    pub fn are_flushed(&self) -> bool {
        self.visitors.iter().all(|v| v.pending.is_none() && v.connection.is_flushed())
    }
}

/// No response is given to a connection before it is durable: until then it is pending.
const NO_TICKET: Ticket = 0;

/// Whom a request is handed to.
struct Desk<'a> {
    now: Now,
    door: &'a mut Door,
    core: &'a mut Core,
    answered: &'a mut [u32; 5],
}

impl Pending {
    fn is_over(&self, now: Now, core: &Core) -> bool {
        match self {
            Self::Stored(stored) => stored.after <= core.durable(),
            Self::Message { id, until_ms } => *until_ms <= now.boot_ms || core.is_settled(*id),
        }
    }
}

impl Visitor {
    /// The message that it waits for.
    fn waits_for(&self) -> Option<MessageId> {
        match self.pending {
            Some(Pending::Message { id, .. }) => Some(id),
            _ => None,
        }
    }

    /// The events that it gets, unless it has to read first what it has.
    fn stream(&self) -> Option<&Stream> {
        let stream = self.stream_of.as_ref();
        stream.filter(|_| self.connection.is_streaming() && self.connection.has_room())
    }

    /// Whether its request has a place among those that are not answered at once.
    fn takes_long(&self) -> bool {
        self.waits_for().is_some() || self.connection.is_streaming()
    }

    /// Answers what was pending, if that is over; says whether that was a wait for a message.
    fn resume(&mut self, desk: &mut Desk<'_>, closing: bool) -> bool {
        let waited = self.waits_for();
        // Nobody is there any more to be told.
        let alone = waited.is_some() && self.connection.has_ended();
        let over = |pending: &Pending| pending.is_over(desk.now, desk.core);
        if !self.pending.as_ref().is_some_and(|pending| over(pending) || closing && waited.is_some() || alone)
        {
            return false;
        }
        match self.pending.take() {
            Some(Pending::Stored(stored)) => self.respond(desk, stored.reply),
            Some(Pending::Message { id, .. }) => {
                let after = desk.core.wanted_ticket();
                let outcome = desk.door.waited(desk.now, id, after, desk.core);
                self.settle(desk, outcome, true);
            }
            None => {}
        }
        waited.is_some()
    }

    /// Takes the next step of the request at hand; says whether there was one.
    fn step(&mut self, desk: &mut Desk<'_>, may_wait: bool) -> bool {
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
                let Some(admission) = self.admission.take() else { return false };
                let outcome = desk.door.answer(now, self.peer, admission, &request, desk.core);
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
            Outcome::Wait { .. } | Outcome::Stream { .. } if !may_wait => {
                let refusal = Refusal::new(ErrorCode::TooMany, "too many requests wait; try again later");
                self.respond(desk, Reply::refused(&refusal));
            }
            Outcome::Wait { id, timeout_s } => {
                let until_ms = now.boot_ms + u64::from(timeout_s) * 1000;
                self.pending = Some(Pending::Message { id, until_ms });
            }
            Outcome::Stream { client, owner, after, reset } => {
                self.stream_of = Some(Stream::new(now, client, owner, after));
                self.respond(desk, stream::beginning(after, reset));
            }
        }
    }

    fn respond(&mut self, desk: &mut Desk<'_>, reply: Reply) {
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

/// Where to listen: nowhere, unless the relay is turned on.
fn addresses(config: &Config) -> impl Iterator<Item = SocketAddr> {
    config.relay.listen.iter().copied().filter(|_| config.relay.enabled)
}

fn timeouts(config: &Config) -> Timeouts {
    let ms = |s: u32| u64::from(s) * 1000;
    Timeouts {
        head_ms: ms(config.relay.head_timeout_s),
        body_ms: ms(config.relay.body_timeout_s),
        idle_ms: ms(config.relay.idle_timeout_s),
        ..Timeouts::default()
    }
}

/// The names by which the relay may be called. What cannot be read names nothing.
fn hosts(config: &Config) -> Hosts {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    Hosts::new(&config.relay, &read("/proc/sys/kernel/hostname"), &read("/etc/resolv.conf"))
}

fn is_passing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
