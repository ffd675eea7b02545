//! `goipctl hooks`: runs programs for events. It is a client of the daemon like any other, with a
//! place among the events under the name `hooks`; the daemon itself never executes anything.
//!
//! One event after the other, and for each one hook after the other. An event is acknowledged when
//! all its hooks are done with it, so after a crash it comes again: each hook is run at least once.

mod child;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use signal_hook::consts::SIGCHLD;

use super::check;
use super::client::{Client, Request};
use super::output::Output;
use super::reply::Reply;
use super::{Exit, Failure, SOCKET_VARIABLE};
use crate::config::{self, Config, Hook, SectionName};
use crate::journal::Seq;
use crate::serve::logging;
use crate::serve::poller::{Flags, Poller};
use crate::serve::signals::{Signal, Signals};
use child::End;

/// The name of its place among the events.
const CONSUMER: &str = "hooks";

/// After a failed try, and while the daemon is away, it waits so long at first, …
const FIRST_PAUSE_MS: u64 = 1_000;

/// … and then always twice as long as before, up to this.
const MAX_PAUSE_MS: u64 = 30_000;

/// The pause after the first try of a hook that failed; each one after that is twice as long, …
const FIRST_RETRY_MS: u64 = 10_000;

/// … up to this: events behind it wait as well.
const MAX_RETRY_MS: u64 = 600_000;

/// So many events that no hook is run for are passed over before that is acknowledged: each time
/// wears the flash. It has to be less than the fewest events that are kept.
const SKIP_ACK: Seq = 64;

/// Under which numbers descriptors are watched.
const STOP: u32 = 0;
const RELOAD: u32 = 1;
const CHILD: u32 = 2;
const SOCKET: u32 = 3;
const OUTPUT: u32 = 4;
const INPUT: u32 = 5;

/// Where hooks and events come from.
#[derive(Debug)]
pub(super) struct Hooks {
    /// The configuration's file; the system's if absent.
    pub file: Option<PathBuf>,
    /// What errors call the file.
    pub shown_as: Option<String>,
}

/// Why a wait or an event has come to its end.
enum Pass {
    /// It has done what it was for.
    Done,
    /// The configuration is to be read again.
    Reload,
    /// The process is to end.
    Stop,
}

struct Runner {
    config: Config,
    signals: Signals,
    child_ended: Signal,
    poller: Poller,
    /// The last event that all hooks are done with.
    done: Seq,
    /// The last one that was acknowledged.
    acked: Seq,
    /// The event behind `done`, once hooks were run for it, and those of them that need not be run
    /// again.
    served: (Seq, Vec<SectionName>),
    /// SIGHUP came.
    reload: bool,
    /// The daemon has said something.
    heard: bool,
}

impl Hooks {
    /// Runs hooks until SIGTERM comes. `socket` goes before what the configuration says.
    ///
    /// # Errors
    /// `Refused` if the configuration has errors, `Unreachable` if the system lets it not wait.
    pub fn run(&self, socket: Option<OsString>, out: &mut Output) -> Result<(), Failure> {
        let no_wait = |error: std::io::Error| {
            Failure::new(Exit::Unreachable, format!("the system does not let it wait for events: {error}"))
        };
        // First: a signal that comes while the configuration is read would end it.
        let signals = Signals::take().map_err(no_wait)?;
        let path = self.file.clone().unwrap_or_else(|| config::default_path(Path::new("/")));
        let shown = self.shown_as.clone().unwrap_or_else(|| path.display().to_string());
        let load = || config::load(&path, Some(&shown));
        let config = match load() {
            Ok(config) => config,
            Err(errors) => {
                return check::refused("goipctl runs no hooks with", &shown, &errors.to_string(), out);
            }
        };
        logging::start(config.log_level);
        let mut runner = Runner::start(config, signals).map_err(no_wait)?;
        let mut pause_ms = FIRST_PAUSE_MS;
        loop {
            let named = socket.clone().or_else(|| std::env::var_os(SOCKET_VARIABLE));
            let socket = named.unwrap_or_else(|| runner.config.socket.clone().into());
            let pass = runner.serve(&socket, &mut pause_ms).unwrap_or_else(|failure| {
                let level = if pause_ms == FIRST_PAUSE_MS { log::Level::Warn } else { log::Level::Debug };
                log::log!(level, "{}; it is tried again", failure.message);
                let pass = runner.wait(pause_ms);
                pause_ms = (pause_ms * 2).min(MAX_PAUSE_MS);
                pass
            });
            match pass {
                Pass::Done => {}
                Pass::Stop => return Ok(()),
                Pass::Reload => match load() {
                    Ok(config) => {
                        log::set_max_level(config.log_level);
                        runner.config = config;
                        log::info!("configuration reloaded");
                    }
                    Err(errors) => {
                        errors.to_string().lines().for_each(|error| log::error!("{error}"));
                        log::error!("the configuration was not reloaded, and the one before goes on");
                    }
                },
            }
        }
    }
}

impl Runner {
    fn start(config: Config, signals: Signals) -> std::io::Result<Self> {
        let (child_ended, poller) = (Signal::of(&[SIGCHLD])?, Poller::new()?);
        poller.add(&signals.stop, STOP, Flags::IN)?;
        poller.add(&signals.reload, RELOAD, Flags::IN)?;
        poller.add(&child_ended, CHILD, Flags::IN)?;
        Ok(Self {
            config,
            signals,
            child_ended,
            poller,
            done: 0,
            acked: 0,
            served: (0, Vec::new()),
            reload: false,
            heard: false,
        })
    }

    /// Takes events from the daemon at `socket` until it goes away or a signal comes.
    ///
    /// # Errors
    /// The daemon cannot be reached, has refused, or is gone.
    fn serve(&mut self, socket: &std::ffi::OsStr, pause_ms: &mut u64) -> Result<Pass, Failure> {
        let mut client = Client::connect(socket)?;
        let request = Request::asking("events", |o| o.string("consumer", CONSUMER));
        self.begin(&client.exchange(&request)?)?;
        *pause_ms = FIRST_PAUSE_MS;
        if self.acked < self.done {
            self.ack(&mut client)?;
        }
        loop {
            match self.look(&client) {
                Pass::Done => {}
                pass => return Ok(pass),
            }
            let line = client.take_line()?;
            let event = Reply::parse(&line).map_err(|why| Failure::new(Exit::Unreachable, why))?;
            let Some(seq) = event.number("seq").filter(|_| event.flag("ok").is_none()) else {
                self.replied(&event)?;
                continue;
            };
            if seq <= self.done {
                continue;
            }
            // They are back before anybody looks at them.
            let hooks = core::mem::take(&mut self.config.hooks);
            let pass = self.handle(seq, &hooks, &event, &line);
            self.config.hooks = hooks;
            match pass {
                Pass::Done => self.done = seq,
                pass => return Ok(pass),
            }
            if self.served.0 == seq || seq - self.acked >= SKIP_ACK {
                self.ack(&mut client)?;
            }
        }
    }

    /// Takes the daemon's first line.
    fn begin(&mut self, line: &str) -> Result<(), Failure> {
        let reply = Reply::parse(line).map_err(|why| Failure::new(Exit::Unreachable, why))?;
        self.replied(&reply)?;
        let (after, newest) = (reply.number("after").unwrap_or(0), reply.number("newest").unwrap_or(0));
        self.acked = after;
        // What was done is known better here, if this is the same journal.
        if self.done > newest || self.done < after || reply.flag("new") == Some(true) {
            self.done = after;
        }
        Ok(())
    }

    /// Takes a reply among the events.
    fn replied(&mut self, reply: &Reply<'_>) -> Result<(), Failure> {
        if reply.flag("ok") != Some(true) {
            let [code, sentence] = ["error", "message"].map(|name| reply.text(name).unwrap_or_default());
            return Err(Failure::new(Exit::Refused, [&*code, " ", &*sentence].concat()));
        }
        if reply.flag("reset") == Some(true) {
            log::error!("events have been missed: they are not kept any more");
            self.done = reply.number("after").unwrap_or(0);
        }
        Ok(())
    }

    fn ack(&mut self, client: &mut Client) -> Result<(), Failure> {
        self.acked = self.done;
        client.tell(&Request::asking("ack", |o| {
            o.string("consumer", CONSUMER);
            o.number("seq", self.done);
        }))
    }

    fn wants(&self, hook: &Hook, event: &Reply<'_>) -> bool {
        let Some(name) = event.text("event") else { return false };
        let from = event.object("message").and_then(|message| message.text("from").map(String::from));
        hook.events.has_name(&name) && from.is_none_or(|from| self.config.senders.pass(&from))
    }

    /// Runs the hooks of an event, those again that fail, until all are done or given up.
    fn handle(&mut self, seq: Seq, hooks: &[Hook], event: &Reply<'_>, line: &str) -> Pass {
        let mut left: Vec<&Hook> = hooks.iter().filter(|hook| self.wants(hook, event)).collect();
        if left.is_empty() {
            return Pass::Done;
        }
        if self.served.0 != seq {
            self.served = (seq, Vec::new());
        }
        left.retain(|hook| !self.served.1.contains(&hook.name));
        let mut pause_ms = FIRST_RETRY_MS;
        for tried in 1.. {
            let mut failed = Vec::new();
            for hook in left {
                let name = &hook.name;
                match self.execute(hook, event, line) {
                    End::Done => {}
                    End::Stopped => return Pass::Stop,
                    End::Failed(why) if tried < hook.tries => {
                        let pause_s = pause_ms / 1000;
                        log::warn!("hook '{name}' {why} for event {seq}; it is run again in {pause_s} s");
                        failed.push(hook);
                        continue;
                    }
                    End::Failed(why) => {
                        log::error!(
                            "hook '{name}' {why}: it is given up for event {seq} after {tried} tries"
                        );
                    }
                }
                self.served.1.push(name.clone());
            }
            left = failed;
            if left.is_empty() {
                break;
            }
            match self.wait(pause_ms) {
                Pass::Done => {}
                pass => return pass,
            }
            pause_ms = (pause_ms * 2).min(MAX_RETRY_MS);
        }
        Pass::Done
    }

    /// Waits for so long, if no signal comes.
    fn wait(&mut self, ms: u64) -> Pass {
        let until = Instant::now() + Duration::from_millis(ms);
        loop {
            match self.signal(Some(left_ms(until))) {
                Pass::Done if until <= Instant::now() => return Pass::Done,
                Pass::Done => {}
                pass => return pass,
            }
        }
    }

    /// Waits until the daemon has said something, if no signal comes. Signals are looked at also
    /// while events come one upon the other.
    fn look(&mut self, client: &Client) -> Pass {
        if self.poller.add(client, SOCKET, Flags::IN).is_err() {
            return Pass::Done;
        }
        self.heard = client.has_line();
        let pass = loop {
            match self.signal(if self.heard { Some(0) } else { None }) {
                // A signal of no interest has ended the wait.
                Pass::Done if !self.heard => {}
                pass => break pass,
            }
        };
        // Nobody looks at it while hooks run.
        self.poller.remove(client);
        pass
    }

    /// Waits for whatever is watched, and tells of a signal.
    fn signal(&mut self, timeout_ms: Option<u64>) -> Pass {
        for (number, _) in self.poller.wait::<4>(timeout_ms).unwrap_or_default() {
            match number {
                STOP if self.signals.stop.came() => return Pass::Stop,
                RELOAD => self.reload |= self.signals.reload.came(),
                CHILD => drop(self.child_ended.came()),
                SOCKET => self.heard = true,
                _ => {}
            }
        }
        if core::mem::take(&mut self.reload) { Pass::Reload } else { Pass::Done }
    }
}

/// The milliseconds up to then, rounded up.
fn left_ms(until: Instant) -> u64 {
    let left = until.saturating_duration_since(Instant::now());
    left.as_secs() * 1000 + u64::from(left.subsec_nanos().div_ceil(1_000_000))
}
