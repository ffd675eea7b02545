//! The engine with what it works through: its journal and its boxes.

use super::StartError;
use super::clock;
use super::devices::{Devices, described};
use super::poller::{Flags, Poller};
use super::spool::Spool;
use super::{REPORTS, SPOOL};
use std::io;

use crate::api::reply::{Daemon, Source};
use crate::api::{self, Answer, Caller, Form, Request};
use crate::config::{self, Config};
use crate::due::earliest;
use crate::engine::{Action, DeviceSettings, Engine, InboxSettings, Now, Settings, TermRules};
use crate::journal::{Bodies, Event, Events, Origin, ReceivedBody, Ticket};
use crate::message::{MessageId, ReceivedId, Refusal};
use crate::relay::door::Desk;
use crate::relay::metrics::{Doors, Figures};

/// The engine, its journal and its boxes.
pub struct Core {
    engine: Engine,
    spool: Spool,
    devices: Devices,
    /// Takes turns with the engine's own list.
    actions: Vec<Action>,
    journal_id: Box<str>,
    /// The newest ticket from before the core has begun anew: the engine counts from 1 each time,
    /// and whoever waits knows none of that.
    earlier: Ticket,
    started_ms: u64,
    doors: Doors,
}

impl Core {
    /// Opens the journal, restores the engine from it, and starts the boxes' threads.
    ///
    /// # Errors
    /// There is no journal to work with, or the system starts no thread.
    pub fn start(config: &Config, now: Now) -> Result<Self, StartError> {
        let mut engine = Engine::new(settings(config), clock::boot_id());
        let spool = Spool::open(config, &mut engine, now)?;
        let devices = Devices::start(&config.devices).map_err(|e| StartError(format!("threads: {e}")))?;
        let journal_id = format!("{:016x}", spool.id()).into();
        Ok(Self {
            engine,
            spool,
            devices,
            actions: Vec::new(),
            journal_id,
            earlier: 0,
            started_ms: now.boot_ms,
            doors: Doors::default(),
        })
    }

    /// The core after a restart with `config`. If that fails, the one after a restart with
    /// `before`, and why. Everything has to be written, and nobody has to wait for a box.
    ///
    /// # Errors
    /// There is no journal to work with in either.
    pub fn restarted(
        self,
        config: &Config,
        before: &Config,
        now: Now,
    ) -> Result<(Self, Option<StartError>), StartError> {
        let earlier = self.earlier + self.engine.ticket();
        let (started_ms, doors) = (self.started_ms, self.doors);
        // Lets go of the journal.
        drop(self);
        let (mut core, failed) = match Self::start(config, now) {
            Ok(core) => (core, None),
            Err(error) => (Self::start(before, now)?, Some(error)),
        };
        if failed.is_some() || config.state_dir == before.state_dir {
            core.engine.trust_journal();
        }
        Ok((Self { earlier, started_ms, doors, ..core }, failed))
    }

    /// Waits for the boxes and the journal with `poller`.
    ///
    /// # Errors
    /// The system's.
    pub fn watch(&self, poller: &Poller) -> io::Result<()> {
        poller.add(&self.devices, REPORTS, Flags::IN)?;
        poller.add(&self.spool, SPOOL, Flags::IN)
    }

    /// Waits for them no more. A thread may still hold what they ring.
    pub fn unwatch(&self, poller: &Poller) {
        poller.remove(&self.devices);
        poller.remove(&self.spool);
    }

    /// Takes what the journal's thread has written.
    pub fn take_written(&mut self, now: Now) {
        self.spool.take_reports(now);
    }

    /// Hands what the boxes have reported to the engine.
    pub fn take_reports(&mut self, now: Now) {
        for (device, answer) in self.devices.reports(now) {
            self.engine.report(now, device, answer);
        }
    }

    /// Does what a client asks for. The reply is to be shown once the ticket is durable.
    ///
    /// # Errors
    /// The refusal.
    pub fn ask(&mut self, now: Now, request: Request, caller: Caller) -> Result<(Answer, Ticket), Refusal> {
        let answered = api::answer(request, caller, now, &mut self.engine, &self.spool);
        // The next request may look for what this one has led to.
        self.act(now);
        match &answered {
            // A consumer that loses this reads some events twice: no reason for a sync of its own.
            Ok((Answer::Acked(_), _)) | Err(_) => {}
            Ok((_, after)) => self.spool.hurry(*after),
        }
        // Ticket 0 waits for nothing.
        answered.map(|(answer, after)| (answer, if after > 0 { self.earlier + after } else { 0 }))
    }

    /// Writes the reply.
    pub fn write(&self, now: Now, out: &mut String, form: Form, answer: Answer) {
        self.source(now).write(out, form, answer);
    }

    fn source(&self, now: Now) -> Source<'_, Spool> {
        let written = self.spool.counters();
        let daemon = Daemon { uptime_s: self.uptime_s(now), journal: &self.journal_id, written };
        Source { now, engine: &self.engine, bodies: &self.spool, daemon }
    }

    fn uptime_s(&self, now: Now) -> u32 {
        (now.boot_ms.saturating_sub(self.started_ms) / 1000) as u32
    }

    /// How many clients the UNIX socket has.
    pub fn note_clients(&mut self, count: usize) {
        self.doors.socket_connections = count as u32;
    }

    /// How many connections the relay has, and how many requests it has answered.
    pub fn note_relay(&mut self, connections: usize, answered: [u32; 5]) {
        (self.doors.http_connections, self.doors.http_requests) = (connections as u32, answered);
    }

    /// Has the engine do something that no request asks for.
    pub fn change<R>(&mut self, now: Now, change: impl FnOnce(&mut Engine, &Events) -> R) -> R {
        let result = change(&mut self.engine, self.spool.events());
        self.act(now);
        result
    }

    /// Whose message that is, if it is kept.
    pub fn origin(&self, id: MessageId) -> Option<Origin> {
        self.engine.view(id).map(|view| view.origin)
    }

    /// Calls `read` with a received message, if it is kept.
    pub fn received<R>(&self, id: ReceivedId, read: impl FnOnce(ReceivedBody<'_>) -> R) -> Option<R> {
        self.spool.received(id, read)
    }

    /// The events, to pull from.
    pub fn events(&self) -> &Events {
        self.spool.events()
    }

    /// Writes an event.
    pub fn write_event(&self, now: Now, out: &mut String, event: &Event<'_>, caller: Caller) -> bool {
        self.source(now).event(out, event, caller)
    }

    /// Whether nobody has to wait for the answer any longer: the message's state is final, or it is
    /// not kept any more; or there is a received message to be shown.
    pub fn is_settled(&self, answer: Answer) -> bool {
        match answer {
            Answer::Wait { id, .. } => self.engine.view(id).is_none_or(|view| view.state.is_final()),
            Answer::Inbox(page) => self.engine.received(page.after, page.lines).next().is_some(),
            Answer::Control(number) => self.engine.control_result(number).is_some(),
            _ => true,
        }
    }

    /// Everything that has happened so far is durable with this, and somebody waits for it.
    pub fn wanted_ticket(&mut self) -> Ticket {
        let ticket = self.engine.ticket();
        self.spool.hurry(ticket);
        self.earlier + ticket
    }

    /// What is durable.
    pub fn durable(&self) -> Ticket {
        self.earlier + self.spool.durable()
    }

    /// The refusal for whoever waits for the disk, if nothing is written for a while.
    pub fn stuck(&self, now: Now) -> Option<Refusal> {
        self.spool.stuck(now)
    }

    /// Takes a message back that nobody was told of and that is not on the disk; says whether it
    /// is gone.
    pub fn take_back(&mut self, now: Now, id: MessageId) -> bool {
        let gone = self.engine.take_back(now, id);
        self.act(now);
        gone
    }

    /// Lets the engine do whatever can be done now.
    pub fn settle(&mut self, now: Now) {
        loop {
            self.engine.durable(self.spool.durable());
            self.engine.turn(now);
            if !self.act(now) {
                break;
            }
        }
        self.spool.flush(now, &mut self.engine);
        // What was forgotten to make room.
        self.act(now);
        self.engine.set_room(self.spool.free_bytes());
    }

    /// When to [`Self::settle`] next if nothing else happens, in milliseconds since boot.
    pub fn next_wake(&self, stopping: bool) -> Option<u64> {
        let engine = self.engine.next_wake().filter(|_| !stopping);
        earliest(&[engine, self.spool.next_wake()])
    }

    /// Gives no further request to a box.
    pub fn close(&mut self) {
        self.engine.close();
        self.spool.close();
    }

    /// Gives no further request to a box for now, and has everything written.
    pub fn pause(&mut self) {
        self.engine.close();
    }

    /// Goes on after all.
    pub fn go_on(&mut self) {
        self.engine.reopen();
    }

    /// Whether a box has a request in hand.
    pub fn is_asking(&self) -> bool {
        self.engine.is_asking()
    }

    /// Whether everything is written; if not, that is hurried.
    pub fn is_written(&mut self, now: Now) -> bool {
        self.wanted_ticket();
        self.spool.flush(now, &mut self.engine);
        self.spool.is_idle()
    }

    /// Whether no box has a request in hand and everything is written.
    pub fn is_done(&self) -> bool {
        !self.engine.is_asking() && self.spool.is_idle()
    }

    /// Does what the engine wants done; says whether there was anything.
    fn act(&mut self, now: Now) -> bool {
        self.engine.take_actions(&mut self.actions);
        let any = !self.actions.is_empty();
        for action in self.actions.drain(..) {
            match action {
                Action::Record(ticket, record) => self.spool.append(ticket, &record),
                Action::Act(device, act) => {
                    if let Err(answer) = self.devices.act(now, device, act) {
                        self.engine.report(now, device, answer);
                    }
                }
                Action::Ask(device, ask) => {
                    if let Err(answer) = self.devices.ask(now, device, ask, &self.spool) {
                        self.engine.report(now, device, answer);
                    }
                }
            }
        }
        any
    }
}

/// The relay's requests.
impl Desk for Core {
    fn ask(&mut self, now: Now, request: Request, caller: Caller) -> Result<(Answer, Ticket), Refusal> {
        Self::ask(self, now, request, caller)
    }

    fn describe(&self, now: Now, out: &mut String, answer: Answer) -> Result<(), Refusal> {
        self.source(now).write_plain(out, answer)
    }

    fn health(&self) -> Result<(), Refusal> {
        self.spool.room(0)
    }

    fn metrics(&self, now: Now, refused_logins: u32) -> String {
        let mut out = String::new();
        Figures {
            now,
            engine: &self.engine,
            written: self.spool.counters(),
            devices: self.devices.tallies(),
            doors: Doors { refused_logins, ..self.doors },
            uptime_s: self.uptime_s(now),
        }
        .write(&mut out);
        out
    }

    fn received(&self, id: ReceivedId, read: &mut dyn FnMut(&ReceivedBody<'_>)) {
        self.spool.received(id, |body| read(&body));
    }

    fn tag(&self, id: MessageId) -> Option<Box<str>> {
        self.spool.body(id, |body| body.tag.map(Into::into)).flatten()
    }

    fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// The engine's part of the configuration.
fn settings(config: &Config) -> Settings {
    // The configuration's ranges are far below what 32 bits hold.
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Settings {
        queue_limit: count(config.queue_limit),
        keep_s: config.keep_s,
        keep_messages: count(config.keep_messages),
        ttl_s: config.ttl_s,
        max_segments: config.max_segments,
        on_unknown: config.on_unknown,
        devices: config.devices.iter().map(device_settings).collect(),
        rules: config.rules(),
        health: config.health.clone(),
        choosing: config.choosing.clone(),
        terms: TermRules { zone: clock::zone(), ..config.terms() },
    }
}

fn device_settings(device: &config::Device) -> DeviceSettings {
    DeviceSettings {
        name: device.name.clone(),
        lines: device.lines,
        exclusive: device.exclusive,
        form: device.sends_by_form(),
        api_room: u16::try_from(described(device).api_room()).unwrap_or(u16::MAX),
        status_interval_s: device.status_interval_s.unwrap_or(0),
        inbox: InboxSettings {
            interval_s: device.inbox_interval_s.unwrap_or(0),
            first_events: device.inbox_first_events,
            delete: device.inbox_delete,
            join: device.join,
            utc_offset_s: device.utc_offset_s,
        },
        watchdog_s: device.watchdog_min.unwrap_or(0) * 60,
        watchdog_a_day: device.watchdog_a_day,
    }
}
