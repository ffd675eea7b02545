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
use crate::due::earliest;
use crate::engine::Now;
use crate::message::ClientId;
use crate::relay::Hosts;
use crate::relay::door::{self, Door};

/// Connections that were shown out and have not closed yet, or have come just now, beside those that
/// have a place.
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
    /// It was told that there is no place.
    told_full: bool,
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
            told_full: false,
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
        let lines = |config: &Config| -> Vec<_> {
            config.devices.iter().map(|device| (device.name.clone(), device.lines)).collect()
        };
        // Which lines a client may read is told by their places.
        let same_lines = lines(old) == lines(new);
        let is_as_it_was = |id: ClientId| {
            let client = |config: &Config| config.clients.iter().find(|c| c.id() == id).cloned();
            let after = client(new);
            (same_lines || after.as_ref().is_some_and(|c| c.lines.is_empty())) && client(old) == after
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
            if !self.has_standing_room(now) {
                break;
            }
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

    /// A new connection. Where its address has all that it may have without a login, the one of
    /// these that has waited longest makes room.
    fn admit(&mut self, now: Now, stream: TcpStream, peer: SocketAddr, at: SocketAddr, poller: &Poller) {
        let peer = peer.ip().to_canonical();
        let is_stranger = |visitor: &Visitor| visitor.peer == peer && !visitor.known;
        let strangers = self.visitors.iter().filter(|v| is_stranger(v)).count();
        if !peer.is_loopback() && strangers >= self.max_per_address && !self.make_room(now, &is_stranger) {
            log::debug!("relay: a connection was dropped: {peer} has {strangers} without a login");
            return;
        }
        let visitor = Visitor::new(now, stream, peer, at, self.next_number(), self.timeouts);
        match visitor.begin(poller) {
            Ok(()) => self.visitors.push(visitor),
            Err(error) => log::debug!("relay: a connection was dropped: {error}"),
        }
    }

    /// Whether there is room for one more at all: where all places are taken, a newcomer stands
    /// among those who leave until it is seen who is at work.
    fn has_standing_room(&mut self, now: Now) -> bool {
        if self.visitors.len() < self.max_connections + MAX_LEAVING {
            return true;
        }
        match first(&self.visitors, &Visitor::leaving_since) {
            Some(place) => drop(self.visitors.remove(place)),
            None => return self.make_room(now, &|_| true),
        }
        true
    }

    /// Leaves no more connections than there are places.
    fn keep_places(&mut self, now: Now) {
        let has_place = |visitor: &Visitor| visitor.leaving_since().is_none();
        loop {
            let taken = self.visitors.iter().filter(|v| has_place(v)).count();
            self.told_full &= taken >= self.max_connections;
            if taken <= self.max_connections {
                return;
            }
            if self.make_room(now, &|_| true) {
                continue;
            }
            let Some(newest) = self.visitors.iter().rposition(|v| has_place(v) && v.is_new()) else { return };
            self.visitors.remove(newest);
            if !self.told_full {
                log::warn!("relay: all {} connections are at work; more are dropped", self.max_connections);
            }
            self.told_full = true;
        }
    }

    /// Closes the connection that has waited longest of those that `may_go`, or the oldest that was
    /// answered without a login; says whether there was one. What has come from it and was not read
    /// yet may be a whole request: then it waits no more.
    fn make_room(&mut self, now: Now, may_go: &dyn Fn(&Visitor) -> bool) -> bool {
        let since = |visitor: &Visitor| visitor.waiting_since().filter(|_| may_go(visitor));
        while let Some(place) = first(&self.visitors, &since) {
            if !self.visitors[place].is_useful(now) {
                self.visitors.remove(place);
                return true;
            }
        }
        // What needs no login can be asked for without end.
        let since = |visitor: &Visitor| visitor.stranger_since().filter(|_| may_go(visitor));
        first(&self.visitors, &since).map(|place| self.visitors.remove(place)).is_some()
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
        self.keep_places(now);
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
        let mut due = self.door.access().summary_due_ms();
        for listener in &self.listeners {
            due = earliest(&[due, listener.next_wake()]);
        }
        for visitor in &mut self.visitors {
            due = earliest(&[due, visitor.next_wake()]);
        }
        due
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

/// The place of the one for which that time is the earliest.
fn first(visitors: &[Visitor], since: &dyn Fn(&Visitor) -> Option<u64>) -> Option<usize> {
    let times = visitors.iter().enumerate().filter_map(|(place, visitor)| Some((since(visitor)?, place)));
    times.min().map(|(_, place)| place)
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
