//! The daemon: one thread that owns the engine and polls everything else. Here are sockets,
//! clocks, signals and the log; what a request means is not known here.

mod client;
mod clients;
mod clock;
mod core;
mod devices;
pub mod http;
mod listeners;
pub(crate) mod logging;
mod options;
mod output;
pub(crate) mod poller;
mod reload;
pub(crate) mod signals;
mod socket;
mod spool;
mod wake;
mod web;
mod webhooks;

use std::fmt;
use std::io;

use crate::config::Config;
use crate::due::earliest;
use crate::engine::Now;

use clients::{Clients, MAX_CONNECTIONS};
use clock::Clock;
use core::Core;
use poller::{Event, Flags, Poller};
use reload::Waiting;
use signals::Signals;
use socket::Socket;
use web::Web;
use webhooks::Webhooks;

pub use client::{IDLE_MS, LEAVING_MS, MAX_LINE_BYTES, PARTIAL_LINE_MS, STALLED_MS};
pub use clients::{MAX_CLIENTS, MAX_WAITS};
pub use options::main;
pub use reload::Source;

/// How long the daemon takes, once it was told to stop, for what it has in hand: an exchange
/// with a box that answers, and the replies. Whoever stops it kills it after 5 s.
const STOP_MS: u64 = 1_500;

/// Why the daemon did not start: the thing, the place and the cure.
#[derive(Debug)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// The running daemon.
pub struct Daemon {
    clock: Clock,
    poller: Poller,
    signals: Signals,
    /// `None` once the daemon was told to stop.
    socket: Option<Socket>,
    core: Core,
    clients: Clients,
    web: Web,
    webhooks: Webhooks,
    /// What it works with.
    config: Config,
    source: Source,
    /// What it is to work with.
    waiting: Option<Waiting>,
    /// When it ends whatever is in hand, once it was told to stop.
    stop_ms: Option<u64>,
}

/// Under which numbers descriptors are watched: the relay's listeners have those from
/// [`FIRST_LISTENER`] on, clients those from [`FIRST_CLIENT`] and the relay's from
/// [`FIRST_VISITOR`] on.
const STOP: u32 = 0;
const RELOAD: u32 = 1;
const REPORTS: u32 = 2;
const SOCKET: u32 = 3;
const SPOOL: u32 = 4;
const WEBHOOKS: u32 = 5;
const FIRST_LISTENER: u32 = 6;
const FIRST_CLIENT: u32 = 16;
const FIRST_VISITOR: u32 = 1 << 31;

/// Events that are taken at once: usually there is one.
const EVENTS_AT_ONCE: usize = 16;

impl Daemon {
    /// Takes the socket and starts the boxes' threads. From here on clients can connect; they are
    /// answered by [`Self::run`]. `config` has come from `source`, from where it is read again when
    /// SIGHUP comes.
    ///
    /// # Errors
    /// Another daemon has the socket, or the system gives no socket, thread or descriptor.
    pub fn start(config: Config, source: Source, signals: Signals) -> Result<Self, StartError> {
        let mut clock = Clock::new(spool::written_s(&config.state_dir));
        let now = clock.now();
        let socket = Socket::claim(&config.socket, config.socket_mode, config.socket_group.as_deref())?;
        let mut core = Core::start(&config, now)?;
        let poller = Poller::new().map_err(|e| StartError(format!("poller: {e}")))?;
        [
            poller.add(&signals.stop, STOP, Flags::IN),
            poller.add(&signals.reload, RELOAD, Flags::IN),
            poller.add(&socket, SOCKET, Flags::IN),
            core.watch(&poller),
        ]
        .into_iter()
        .collect::<io::Result<()>>()
        .map_err(|e| StartError(format!("poller: {e}")))?;
        let devices: Vec<&str> = config.devices.iter().map(|d| d.name.as_str()).collect();
        log::info!(
            "goipd {} listens at {}; devices: {}",
            env!("CARGO_PKG_VERSION"),
            config.socket.display(),
            devices.join(", ")
        );
        let clients = Clients::default();
        let mut web = Web::new(&config, now, &core);
        web.open(now, &poller);
        let mut webhooks = Webhooks::new(&poller)?;
        webhooks.reload(now, &config, true, &mut core);
        Ok(Self {
            clock,
            poller,
            signals,
            socket: Some(socket),
            core,
            clients,
            web,
            webhooks,
            config,
            source,
            waiting: None,
            stop_ms: None,
        })
    }

    /// Runs until a signal ends it.
    ///
    /// # Errors
    /// The system does not let the daemon wait, or the journal cannot be opened again after a
    /// reload.
    pub fn run(mut self) -> Result<(), StartError> {
        let mut now = self.clock.now();
        loop {
            self.core.settle(now);
            if self.waiting.is_some() {
                self = self.settle_reload(now)?;
            }
            if !self.is_holding() {
                self.clients.answer(now, &mut self.core);
                self.web.answer(now, &mut self.core);
                if self.stop_ms.is_none() {
                    self.webhooks.turn(now, &mut self.core, &self.config.senders);
                }
                // What was asked just now goes out at once.
                self.core.settle(now);
            }
            self.clients.refuse_unstored(now, &mut self.core);
            self.web.refuse_unstored(now, &mut self.core);
            if self.clients.flush(now, self.core.durable())
                && let Some(socket) = &mut self.socket
            {
                socket.retry();
            }
            self.web.flush(now);
            if self.is_over(now) {
                log::info!("stopped");
                return Ok(());
            }
            self.clients.watch(&self.poller, self.core.durable());
            self.web.watch(&self.poller);
            let timeout_ms = self.timeout_ms(now);
            let events = self.poller.wait::<EVENTS_AT_ONCE>(timeout_ms);
            let events = events
                .map_err(|error| StartError(format!("the daemon cannot wait for its clients: {error}")))?;
            now = self.clock.now();
            if let Some(zone) = self.clock.new_zone(now) {
                self.core.change(now, |engine, _| engine.set_zone(zone));
            }
            events.into_iter().for_each(|event| self.receive(now, event));
            self.resume_accepting(now);
            self.web.open(now, &self.poller);
        }
    }

    /// Takes what has come in.
    fn receive(&mut self, now: Now, (number, flags): Event) {
        match number {
            STOP if self.signals.stop.came() && self.stop_ms.is_none() => {
                log::info!("stopping");
                self.waiting = None;
                self.stop_ms = Some(now.boot_ms + STOP_MS);
                self.socket = None;
                self.core.close();
                self.clients.close();
                self.web.close();
            }
            STOP => {}
            RELOAD if self.signals.reload.came() && self.stop_ms.is_none() => self.reload(now),
            RELOAD => {}
            REPORTS => self.core.take_reports(now),
            SPOOL => self.core.take_written(now),
            WEBHOOKS => self.webhooks.take_reports(),
            SOCKET => self.accept(now),
            FIRST_LISTENER..FIRST_CLIENT => self.web.accept(now, number, &self.poller),
            FIRST_CLIENT..FIRST_VISITOR => self.clients.receive(now, number, flags),
            _ => self.web.receive(now, number, flags),
        }
    }

    fn accept(&mut self, now: Now) {
        let Some(socket) = &mut self.socket else { return };
        // As many as there can be at all: who is left comes at the next wait.
        for _ in 0..MAX_CONNECTIONS {
            let Some(stream) = socket.accept(now.boot_ms) else { break };
            self.clients.admit(now, stream, &self.poller);
        }
        let flags = if socket.next_wake().is_some() { Flags::empty() } else { Flags::IN };
        if let Err(error) = self.poller.change(socket, SOCKET, flags) {
            log::error!("the socket cannot be watched: {error}");
        }
    }

    /// Accepts again if that has failed some time ago.
    fn resume_accepting(&mut self, now: Now) {
        let pause_ms = self.socket.as_ref().and_then(Socket::next_wake);
        if pause_ms.is_some_and(|ms| ms <= now.boot_ms) {
            self.accept(now);
        }
    }

    /// Whether the daemon has been told to stop and has nothing in hand, or not the time for it.
    fn is_over(&self, now: Now) -> bool {
        let done = || self.core.is_done() && self.clients.are_flushed() && self.web.are_flushed();
        self.stop_ms.is_some_and(|ms| ms <= now.boot_ms || done())
    }

    /// For how long nothing is to be done by itself; `None` for ever.
    fn timeout_ms(&mut self, now: Now) -> Option<u64> {
        let hooks_due = || self.stop_ms.is_none() && self.webhooks.is_due(now, self.core.events());
        let due = self.clients.is_due(now, &self.core) || self.web.is_due(now, &self.core) || hooks_due();
        if due && !self.is_holding() {
            return Some(0);
        }
        let core = self.core.next_wake(self.stop_ms.is_some() || self.waiting.is_some());
        let socket = self.socket.as_ref().and_then(Socket::next_wake);
        let webhooks = self.webhooks.next_wake().filter(|_| self.stop_ms.is_none() && !self.is_holding());
        let wake = earliest(&[
            core,
            self.clients.next_wake(),
            self.web.next_wake(),
            webhooks,
            socket,
            self.stop_ms,
            self.reload_ms(),
        ]);
        wake.map(|ms| ms.saturating_sub(now.boot_ms))
    }
}
