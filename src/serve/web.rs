//! The relay's connections: who comes in, whose turn it is, and what is waited for. What a
//! request means says [`Door`].

mod stream;
mod visitor;

use std::net::{SocketAddr, TcpStream};

use self::visitor::{Desk, Visitor};
use super::core::Core;
use super::http::Timeouts;
use super::listeners::Listener;
use super::poller::{Flags, Poller};
use super::{FIRST_LISTENER, FIRST_VISITOR};
use crate::config::Config;
use crate::engine::Now;
use crate::message::ClientId;
use crate::relay::Hosts;
use crate::relay::door::{self, Door};

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
            let reads_on = visitor.reader().is_none_or(is_as_it_was);
            if !reads_on || addresses(new).all(|address| address != visitor.at) {
                visitor.leave(now);
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
        let places = self.visitors.iter().filter(|v| !v.is_leaving()).count();
        let was_full = core::mem::replace(&mut self.full, places >= self.max_connections);
        if self.full && !self.make_room() {
            if !was_full {
                log::warn!("relay: all {} connections are at work; more are dropped", self.max_connections);
            }
            return;
        }
        let visitor = Visitor::new(now, stream, peer, at, self.next_number(), self.timeouts);
        if self.visitors.len() >= self.max_connections + MAX_LEAVING || visitor.begin(poller).is_err() {
            log::debug!("relay: a connection was dropped: {} are there", self.visitors.len());
            return;
        }
        self.visitors.push(visitor);
    }

    fn make_room(&mut self) -> bool {
        let longest = (0..self.visitors.len())
            .filter_map(|place| Some((self.visitors[place].waiting_since()?, place)))
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
        if let Some(visitor) = self.visitors.iter_mut().find(|v| v.number == number) {
            visitor.take(now, flags);
        }
    }

    /// Answers what has been asked, and what was waited for.
    pub fn answer(&mut self, now: Now, core: &mut Core) {
        core.note_relay(self.visitors.len(), self.answered);
        let (visitors, mut desk) = self.turns(now, core);
        for visitor in visitors {
            visitor.turn(&mut desk);
        }
        if let Some(summary) = self.door.access().summary(now.boot_ms) {
            log::warn!("relay: {summary}");
        }
    }

    /// Refuses the messages that wait for the disk, if that writes nothing for a while.
    pub fn refuse_unstored(&mut self, now: Now, core: &mut Core) {
        let Some(refusal) = core.stuck(now) else { return };
        let (visitors, mut desk) = self.turns(now, core);
        for visitor in visitors {
            visitor.refuse_unstored(&mut desk, &refusal);
        }
    }

    /// Everybody, and whom their requests are handed to.
    fn turns<'a>(&'a mut self, now: Now, core: &'a mut Core) -> (&'a mut [Visitor], Desk<'a>) {
        let waits = self.visitors.iter().filter(|v| v.takes_long()).count();
        // The rest of the places stays for requests that are answered at once, alarms above all.
        let max_waits = self.max_connections / 4 * 3;
        let desk = Desk {
            now,
            door: &mut self.door,
            core,
            answered: &mut self.answered,
            free_waits: max_waits as isize - waits as isize,
            closing: self.closing,
        };
        (&mut self.visitors, desk)
    }

    /// Whether [`Self::answer`] has something to do at once.
    pub fn is_due(&self, now: Now, core: &Core) -> bool {
        self.visitors.iter().any(|visitor| visitor.is_due(now, core))
    }

    /// Sends what there is, shows out those whose time is over, and forgets those who have gone.
    pub fn flush(&mut self, now: Now) {
        let before = self.visitors.len();
        self.visitors.retain_mut(|visitor| visitor.flush(now));
        if self.visitors.len() < before {
            self.listeners.iter_mut().for_each(Listener::retry);
        }
    }

    /// Watches each connection for what can be done with it.
    pub fn watch(&mut self, poller: &Poller) {
        for visitor in &mut self.visitors {
            visitor.watch(poller);
        }
    }

    /// When something is due if nothing else happens, in milliseconds since boot.
    pub fn next_wake(&mut self) -> Option<u64> {
        let summary = self.door.access().summary_due_ms();
        let listeners = self.listeners.iter().filter_map(Listener::next_wake);
        self.visitors.iter().filter_map(Visitor::next_wake).chain(listeners).chain(summary).min()
    }

    /// Takes no more requests, and ends every wait.
    pub fn close(&mut self) {
        self.closing = true;
        self.listeners.clear();
    }

    /// Whether every connection has had its answers.
    pub fn are_flushed(&self) -> bool {
        self.visitors.iter().all(Visitor::is_flushed)
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
