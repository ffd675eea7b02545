//! The webhooks as the loop sees them: their places among the events, their threads, and a
//! descriptor to poll. What is decided about a try is [`Courier`]'s.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use super::core::Core;
use super::poller::{Flags, Poller};
use super::wake::Wake;
use super::{StartError, WEBHOOKS};
use crate::api::Caller;
use crate::config::{Config, Webhook};
use crate::engine::Now;
use crate::journal::{Event, Events, Origin, Subject};
use crate::mailbox::{self, mailbox};
use crate::message::{ConsumerName, Senders, Words};
use crate::notify::{self, Courier, Job, Notice, Outcome, Receiver, Report};

/// Events that are looked at for a webhook before it is the next one's turn.
const EVENTS_A_TURN: usize = 64;

/// All webhooks.
pub struct Webhooks {
    list: Vec<Hook>,
    reports: mailbox::Receiver<Report>,
    report: mailbox::Sender<Report>,
    wake: Wake,
    /// Of the last job.
    serial: u32,
}

struct Hook {
    config: Webhook,
    name: ConsumerName,
    courier: Courier,
    /// `None` if the system has started no thread.
    jobs: Option<mailbox::Sender<Job>>,
    /// Of the job under way.
    serial: u32,
    /// What came of it, until that is taken.
    report: Option<Report>,
}

impl Webhooks {
    /// No webhook; [`Self::reload`] begins with those of the configuration.
    ///
    /// # Errors
    /// The system gives no descriptor.
    pub fn new(poller: &Poller) -> Result<Self, StartError> {
        let wake = Wake::new().and_then(|wake| poller.add(&wake, WEBHOOKS, Flags::IN).map(|()| wake));
        let wake = wake.map_err(|e| StartError(format!("eventfd: {e}")))?;
        let (report, reports) = mailbox();
        Ok(Self { list: Vec::new(), reports, report, wake, serial: 0 })
    }

    /// Goes on with the webhooks of `config`. Those that are as they were stay what they are, if
    /// the journal is the same.
    pub fn reload(&mut self, now: Now, config: &Config, same_journal: bool, core: &mut Core) {
        let mut old = core::mem::take(&mut self.list);
        for webhook in &config.webhooks {
            let before = old.iter().position(|hook| hook.config.name == webhook.name);
            let before = before.map(|place| old.swap_remove(place)).filter(|_| same_journal);
            let Some(name) = ConsumerName::webhook(&webhook.name) else { continue };
            let hook = match before {
                Some(hook) if hook.config == *webhook => hook,
                before => {
                    let courier = before.map(|hook| hook.courier);
                    let mut courier = courier.unwrap_or_else(|| {
                        let (seq, tried_s) = core.change(now, |engine, events| engine.webhook(&name, events));
                        Courier::new(seq, tried_s)
                    });
                    courier.anew();
                    let jobs = self.start(webhook);
                    Hook { config: webhook.clone(), name, courier, jobs, serial: 0, report: None }
                }
            };
            self.list.push(hook);
        }
        let kept: Vec<&ConsumerName> = self.list.iter().map(|hook| &hook.name).collect();
        core.change(now, |engine, _| engine.keep_webhooks(&kept));
    }

    fn start(&self, webhook: &Webhook) -> Option<mailbox::Sender<Job>> {
        let (report, wake) = (self.report.clone(), self.wake.clone());
        let told = move |done| {
            // If nobody listens any more, the daemon is about to end.
            let _ = report.send(done);
            wake.ring();
        };
        let receiver = Receiver {
            url: webhook.url.expose().into(),
            secret: webhook.secret.expose().into(),
            timeout_s: webhook.timeout_s,
            #[cfg(feature = "https")]
            ca_file: webhook.ca_file.clone(),
        };
        let started: io::Result<_> = notify::spawn(receiver, &webhook.name, Box::new(told));
        started.inspect_err(|e| log::error!("webhook '{}' has no thread: {e}", webhook.name)).ok()
    }

    /// Takes what the threads have reported.
    pub fn take_reports(&mut self) {
        self.wake.reset();
        for report in self.reports.try_iter() {
            if let Some(hook) = self.list.iter_mut().find(|hook| hook.serial == report.serial) {
                hook.report = Some(report);
            }
        }
    }

    /// Does with each webhook what can be done now. Received messages are passed on if `senders` let
    /// them.
    pub fn turn(&mut self, now: Now, core: &mut Core, senders: &Senders) {
        for hook in &mut self.list {
            if let Some(report) = hook.report.take() {
                hook.judge(now, core, report);
            }
            hook.next(now, core, senders, &mut self.serial);
        }
    }

    /// Whether [`Self::turn`] has something to do at once.
    pub fn is_due(&self, now: Now, events: &Events) -> bool {
        let due = |hook: &Hook| {
            hook.report.is_some() || hook.courier.wants(now.boot_ms).is_some_and(|seq| events.newest() > seq)
        };
        self.list.iter().any(due)
    }

    /// When it has if nothing else happens, in milliseconds since boot.
    pub fn next_wake(&self) -> Option<u64> {
        self.list.iter().filter_map(|hook| hook.courier.next_wake()).min()
    }
}

impl Hook {
    /// Makes of a try's end what is to be made of it.
    fn judge(&mut self, now: Now, core: &mut Core, report: Report) {
        let Some(outcome) = self.courier.answered(now.boot_ms, report.result.is_ok()) else { return };
        let name = &self.config.name;
        let trouble = report.result.err().map(|trouble| trouble.to_string()).unwrap_or_default();
        match outcome {
            Outcome::Taken { seq, again } => {
                if again {
                    log::info!("webhook '{name}' takes events again, from {seq} on");
                }
                core.change(now, |engine, _| engine.webhook_at(&self.name, seq, 0));
            }
            Outcome::Again { done, tried_s, pause_s, first } => {
                let level = if first { log::Level::Warn } else { log::Level::Debug };
                log::log!(
                    level,
                    "webhook '{name}' did not take event {} ({trouble}); it is tried again in {pause_s} s",
                    done + 1
                );
                core.change(now, |engine, _| engine.webhook_at(&self.name, done, tried_s));
            }
            Outcome::Dropped(seq) => {
                log::error!(
                    "webhook '{name}' has not taken event {seq} for two days ({trouble}): it is dropped"
                );
                core.change(now, |engine, _| engine.webhook_dropped(now, &self.name, seq));
            }
        }
    }

    /// Looks for the next event that is for it, and gives it to its thread.
    fn next(&mut self, now: Now, core: &mut Core, senders: &Senders, serial: &mut u32) {
        for _ in 0..EVENTS_A_TURN {
            let Some(after) = self.courier.wants(now.boot_ms) else { return };
            let (oldest, missed) = core.events().begin(Some(after));
            if missed {
                log::error!(
                    "webhook '{}' misses events up to {oldest}: they are not kept any more",
                    self.config.name
                );
                self.courier.skipped(oldest);
                core.change(now, |engine, _| engine.webhook_dropped(now, &self.name, oldest));
                continue;
            }
            let Some(event) = core.events().after(after).next() else {
                // Numbers may have been left out.
                let newest = core.events().newest();
                if newest > after {
                    self.skip(now, core, newest);
                }
                return;
            };
            let seq = event.seq;
            if !self.wants(core, senders, &event) {
                self.skip(now, core, seq);
                continue;
            }
            let mut body = String::new();
            core.write_event(now, &mut body, &event, Caller::LOCAL);
            let notice = Notice { event: event.kind.as_str(), seq, unix_s: now.unix_s, body: body.into() };
            *serial = serial.wrapping_add(1).max(1);
            self.serial = *serial;
            self.courier.posting(now.boot_ms, seq);
            let job = Job { serial: self.serial, notice };
            if self.jobs.as_ref().is_none_or(|jobs| jobs.send(job).is_err()) {
                let result = Err(notify::Trouble::Lost(Words::new("no thread")));
                self.report = Some(Report { serial: self.serial, result });
            }
            return;
        }
    }

    fn skip(&mut self, now: Now, core: &mut Core, seq: u32) {
        if let Some(seq) = self.courier.skipped(seq) {
            core.change(now, |engine, _| engine.webhook_at(&self.name, seq, 0));
        }
    }

    /// Whether the event is for it.
    fn wants(&self, core: &Core, senders: &Senders, event: &Event<'_>) -> bool {
        if !self.config.events.has(event.kind) {
            return false;
        }
        match event.subject {
            // That would be an event for every event that it does not take.
            Subject::Webhook(name, _) if name == self.config.name => false,
            Subject::Message(id, _) if !self.config.clients.is_empty() => {
                let origin = core.origin(id);
                self.config.clients.iter().any(|&client| origin == Some(Origin::Client(client)))
            }
            // Of a message that is not kept any more nobody knows the sender.
            Subject::Received(id) if self.config.clients.is_empty() => {
                core.received(id, |body| senders.pass(body.from)).unwrap_or(true)
            }
            _ => self.config.clients.is_empty(),
        }
    }
}

/// Readable when a thread has reported.
impl AsFd for Webhooks {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}
