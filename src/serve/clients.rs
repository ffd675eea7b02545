//! The clients of the UNIX socket: their connections, their turns, and what they wait for.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use super::client::{Client, Wait};
use super::core::Core;
use super::poller::{Flags, Poller};
use super::{FIRST_CLIENT, FIRST_VISITOR};
use crate::api::{Answer, Caller, Form, Request, reply};
use crate::engine::Now;
use crate::journal::Ticket;
use crate::message::{ErrorCode, MessageId, Refusal};

/// Clients at once: scripts come and go, and each program needs one.
pub const MAX_CLIENTS: usize = 32;

/// Clients that wait or get events at once; the rest of the places stays for requests that are answered at
/// once, alarms above all.
pub const MAX_WAITS: usize = 24;

/// Clients that were shown out and have not closed yet. Above this they are dropped.
const MAX_LEAVING: usize = 8;

/// The most connections there can be.
pub const MAX_CONNECTIONS: usize = MAX_CLIENTS + MAX_LEAVING;

/// Bytes that are read from a client at once.
const READ_BYTES: usize = 4096;

/// Requests of one client that are answered before it is the next one's turn.
const REQUESTS_A_TURN: usize = 16;

/// Events that a client is given before it is the next one's turn.
const EVENTS_A_TURN: usize = 16;

/// All clients.
#[derive(Debug, Default)]
pub struct Clients {
    connections: Vec<Connection>,
    /// The last one who came found no place.
    full: bool,
    /// How many there have been.
    count: u32,
    /// No more requests are taken.
    closing: bool,
}

#[derive(Debug)]
struct Connection {
    stream: UnixStream,
    /// Under which it is watched.
    number: u32,
    /// For what it is watched.
    watched: Flags,
    client: Client,
}

impl Clients {
    /// A new client, which is shown out if there is no place for it.
    pub fn admit(&mut self, now: Now, stream: UnixStream, poller: &Poller) {
        let places = self.connections.iter().filter(|c| !c.client.is_leaving()).count();
        let number = self.next_number();
        let watched = Flags::IN;
        let usable = || stream.set_nonblocking(true).and_then(|()| poller.add(&stream, number, watched));
        if self.connections.len() >= MAX_CONNECTIONS || usable().is_err() {
            log::warn!("a client was dropped: {} are connected", self.connections.len());
            return;
        }
        let mut client = Client::new(now.boot_ms);
        if places >= MAX_CLIENTS {
            if !self.full {
                log::warn!("{MAX_CLIENTS} clients are connected; more are refused");
            }
            // What it is going to write cannot be known yet; programs write JSON.
            show_out(&mut client, now, Form::Json, format!("{MAX_CLIENTS} clients are connected"));
        }
        self.full = places >= MAX_CLIENTS;
        self.connections.push(Connection { stream, number, watched, client });
    }

    /// A number under which nobody is watched.
    fn next_number(&mut self) -> u32 {
        loop {
            let number = FIRST_CLIENT + self.count;
            self.count = (self.count + 1) % (FIRST_VISITOR - FIRST_CLIENT);
            if self.connections.iter().all(|c| c.number != number) {
                return number;
            }
        }
    }

    /// Watches each client for what can be done with it.
    pub fn watch(&mut self, poller: &Poller, durable: Ticket) {
        for connection in &mut self.connections {
            let mut flags = Flags::empty();
            flags.set(Flags::IN, connection.client.wants_bytes());
            flags.set(Flags::OUT, !connection.client.sendable(durable).is_empty());
            if flags != connection.watched {
                connection.watched = flags;
                if let Err(error) = poller.change(&connection.stream, connection.number, flags) {
                    log::error!("a client cannot be watched: {error}");
                    connection.client.hung_up();
                }
            }
        }
    }

    /// Takes what came from the client that is watched under `number`.
    pub fn receive(&mut self, now: Now, number: u32, flags: Flags) {
        let Some(connection) = self.connections.iter_mut().find(|c| c.number == number) else { return };
        if flags.contains(Flags::IN) {
            connection.receive(now);
        }
        if flags.intersects(Flags::HUP | Flags::ERR) {
            connection.client.hung_up();
        }
    }

    /// Answers what has been asked, and what was waited for.
    pub fn answer(&mut self, now: Now, core: &mut Core) {
        core.note_clients(self.connections.len());
        let waiting = |c: &&Connection| c.client.waits_for().is_some() || c.client.is_streaming();
        let mut waits = self.connections.iter().filter(waiting).count();
        for Connection { client, .. } in &mut self.connections {
            if let Some(wait) = client.waits_for().filter(|&wait| is_over(wait, now, core)) {
                waits -= 1;
                client.waited(now.boot_ms);
                let after = core.wanted_ticket();
                show(client, now, core, wait.form, wait.answer, after);
            }
            if self.closing {
                client.leave(now.boot_ms);
                continue;
            }
            for _ in 0..REQUESTS_A_TURN {
                let Some((form, request)) = client.next_request(now.boot_ms) else { break };
                let waiting = answer(client, now, core, form, request, waits < MAX_WAITS);
                waits += usize::from(waiting);
            }
            pour(client, now, core);
        }
    }

    /// Refuses the messages that wait for the disk, if that writes nothing for a while: to keep
    /// their senders waiting would be no better than to take them into RAM.
    pub fn refuse_unstored(&mut self, now: Now, core: &mut Core) {
        let Some(refusal) = core.stuck(now) else { return };
        for Connection { client, .. } in &mut self.connections {
            let held: Vec<MessageId> = client.held_messages(core.durable()).collect();
            for id in held {
                if core.take_back(now, id) {
                    client.refuse_held(id, &refusal);
                }
            }
        }
    }

    /// Whether [`Self::answer`] has something to do at once.
    pub fn is_due(&self, now: Now, core: &Core) -> bool {
        self.connections.iter().any(|Connection { client, .. }| {
            let more = |after| core.events().newest() > after;
            client.has_request()
                || client.waits_for().is_some_and(|wait| is_over(wait, now, core))
                || client.wants_event().is_some_and(more)
        })
    }

    /// Sends what may be shown, shows out those whose time is over, and forgets those who have
    /// gone; says whether there were any.
    pub fn flush(&mut self, now: Now, durable: Ticket) -> bool {
        let before = self.connections.len();
        self.connections.retain_mut(|connection| {
            connection.send(now, durable);
            if let Some(why) = connection.client.expire(now.boot_ms) {
                log::debug!("a client was shown out: {}", why.as_str());
                connection.send(now, durable);
            }
            !connection.client.is_done()
        });
        self.connections.len() < before
    }

    /// When something is due if nothing else happens, in milliseconds since boot.
    pub fn next_wake(&self) -> Option<u64> {
        let ends = |client: &Client| client.waits_for().map(|wait| wait.until_ms).or(client.deadline_ms());
        self.connections.iter().filter_map(|c| ends(&c.client)).min()
    }

    /// Takes no more requests, and ends every wait.
    pub fn close(&mut self) {
        self.closing = true;
        self.connections.iter_mut().for_each(|c| c.client.hasten());
    }

    /// Whether every client has had its replies.
    pub fn are_flushed(&self) -> bool {
        self.connections.iter().all(|c| c.client.is_flushed())
    }
}

impl Connection {
    fn receive(&mut self, now: Now) {
        let mut bytes = [0; READ_BYTES];
        match self.stream.read(&mut bytes) {
            Ok(0) => self.client.ended(),
            Ok(count) => self.client.received(now.boot_ms, &bytes[..count]),
            Err(error) if is_passing(error.kind()) => {}
            Err(_) => {
                self.client.ended();
                self.client.hung_up();
            }
        }
    }

    fn send(&mut self, now: Now, durable: Ticket) {
        loop {
            let bytes = self.client.sendable(durable);
            if bytes.is_empty() {
                break;
            }
            match self.stream.write(bytes) {
                Ok(count) => self.client.sent(now.boot_ms, count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_passing(error.kind()) => {
                    self.client.sent(now.boot_ms, 0);
                    return;
                }
                Err(_) => {
                    self.client.hung_up();
                    return;
                }
            }
        }
        if self.client.is_shown_out() {
            // It may have closed already.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
    }
}

fn is_passing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn is_over(wait: Wait, now: Now, core: &Core) -> bool {
    wait.until_ms <= now.boot_ms || core.is_settled(wait.answer)
}

/// Answers one request; says whether its client waits now.
fn answer(
    client: &mut Client,
    now: Now,
    core: &mut Core,
    form: Form,
    request: Result<Request, Refusal>,
    may_wait: bool,
) -> bool {
    let request = match request {
        Ok(request) if client.is_streaming() && !matches!(request, Request::Ack { .. }) => Err(streams()),
        request => request,
    };
    match request.and_then(|request| core.ask(now, request, Caller::LOCAL)) {
        Ok((answer @ Answer::Events { after, .. }, ticket)) => {
            if !may_wait {
                show_out(client, now, form, format!("{MAX_WAITS} clients wait"));
                return false;
            }
            show(client, now, core, form, answer, ticket);
            client.stream(after);
            client.is_streaming()
        }
        Ok((answer, _)) if answer.wait_s() > 0 && !core.is_settled(answer) => {
            // What is done already is told; there is at most one a box.
            if !may_wait && !matches!(answer, Answer::Control(_)) {
                show_out(client, now, form, format!("{MAX_WAITS} clients wait"));
                return false;
            }
            let until_ms = now.boot_ms + u64::from(answer.wait_s()) * 1000;
            client.wait(Wait { answer, form, until_ms });
            true
        }
        Ok((answer, after)) => {
            // Whoever waited for a state acts on it, so it has to be safe.
            let after = if matches!(answer, Answer::Wait { .. }) { core.wanted_ticket() } else { after };
            show(client, now, core, form, answer, after);
            false
        }
        Err(refusal) => {
            refuse(client, form, &refusal);
            false
        }
    }
}

/// Gives a client the events that it has room for. Whom they have overtaken is told so.
fn pour(client: &mut Client, now: Now, core: &Core) {
    for _ in 0..EVENTS_A_TURN {
        let Some(after) = client.wants_event() else { break };
        let (after, reset) = core.events().begin(Some(after));
        if reset {
            show(client, now, core, Form::Json, Answer::Events { after, reset, new: false }, 0);
        }
        let Some(event) = core.events().after(after).next() else {
            // Numbers may have been left out.
            client.stream(core.events().newest());
            break;
        };
        let mut text = String::new();
        core.write_event(now, &mut text, &event, Caller::LOCAL);
        client.reply(&text, 0);
        client.stream(event.seq);
    }
}

fn streams() -> Refusal {
    let message = "this connection gets events, and only 'ack' can be asked here; use another";
    Refusal::new(ErrorCode::BadRequest, message)
}

fn show(client: &mut Client, now: Now, core: &Core, form: Form, answer: Answer, after: Ticket) {
    let mut text = String::new();
    core.write(now, &mut text, form, answer);
    match answer {
        Answer::Accepted { id, .. } => client.reply_accepted(&text, after, id),
        _ => client.reply(&text, after),
    }
}

fn refuse(client: &mut Client, form: Form, refusal: &Refusal) {
    let mut text = String::new();
    reply::refusal(&mut text, form, refusal);
    client.reply(&text, 0);
}

/// Lets the client know that there are too many, and takes nothing more from it.
fn show_out(client: &mut Client, now: Now, form: Form, what: String) {
    let refusal = Refusal::new(ErrorCode::TooMany, format!("{what}, and no more can; try again later"));
    refuse(client, form, &refusal);
    client.leave(now.boot_ms);
}
