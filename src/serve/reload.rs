//! Another configuration while the daemon runs.
//!
//! What concerns queue, journal and boxes is taken over as by a restart, so that there is one way
//! only to come from the journal to a queue: nothing more is given to the boxes, what is in their
//! hands is waited for, and then the core begins anew with all that the journal holds. Sockets,
//! clients and connections stay.

use std::path::PathBuf;

use super::socket::Socket;
use super::{Daemon, Flags, SOCKET, StartError};
use crate::config::{self, Config};
use crate::engine::{Choosing, Now};

/// How long what is in the hands of the boxes is waited for: the longest time-out of a request
/// (60 s), and some more. What is still open then is what a crash would have left open.
const WAIT_MS: u64 = 65_000;

/// Where the configuration is read from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// What errors call it, if it is a copy.
    pub shown_as: Option<String>,
}

/// A configuration that the core is to begin anew with.
#[derive(Debug)]
pub struct Waiting {
    config: Config,
    /// When it does so at the latest, in milliseconds since boot.
    until_ms: u64,
}

impl Daemon {
    /// Reads the configuration again. A bad one is refused as a whole.
    pub(super) fn reload(&mut self, now: Now) {
        let Source { path, shown_as } = &self.source;
        let config = match config::load(path, shown_as.as_deref()) {
            Ok(config) => config,
            Err(errors) => {
                errors.to_string().lines().for_each(|error| log::error!("{error}"));
                log::error!("the configuration was not reloaded, and the one before goes on");
                return;
            }
        };
        if is_for_core(&self.config, &config) {
            self.core.pause();
            self.waiting = Some(Waiting { config, until_ms: now.boot_ms + WAIT_MS });
        } else {
            self.drop_waiting();
            self.take_over(now, config);
        }
    }

    /// Whether requests have to wait now: the core is about to begin anew, and what was asked for
    /// before is still being written.
    pub(super) fn is_holding(&self) -> bool {
        self.waiting.is_some() && !self.core.is_asking()
    }

    /// When the core begins anew at the latest, in milliseconds since boot.
    pub(super) fn reload_ms(&self) -> Option<u64> {
        self.waiting.as_ref().map(|waiting| waiting.until_ms)
    }

    /// Begins anew with the configuration that waits, once nothing is in hand.
    ///
    /// # Errors
    /// The journal cannot be opened again.
    pub(super) fn settle_reload(mut self, now: Now) -> Result<Self, StartError> {
        let Some(Waiting { until_ms, .. }) = self.waiting else { return Ok(self) };
        let over = until_ms <= now.boot_ms;
        if self.core.is_asking() && !over {
            return Ok(self);
        }
        if !self.core.is_written(now) {
            if let Some(refusal) = self.core.stuck(now) {
                log::error!("the configuration was not reloaded, and the one before goes on: {refusal}");
                self.drop_waiting();
            }
            return Ok(self);
        }
        let Some(Waiting { config, .. }) = self.waiting.take() else { return Ok(self) };
        self.core.unwatch(&self.poller);
        let (core, failed) = self.core.restarted(&config, &self.config, now)?;
        self.core = core;
        self.core.watch(&self.poller).map_err(|e| StartError(format!("poller: {e}")))?;
        match failed {
            None => self.take_over(now, config),
            Some(error) => {
                log::error!("{error}");
                log::error!("the configuration was not reloaded, and the one before goes on");
            }
        }
        Ok(self)
    }

    fn drop_waiting(&mut self) {
        if self.waiting.take().is_some() {
            self.core.go_on();
        }
    }

    /// Has the doors and the log work with `config`, which the core does already.
    fn take_over(&mut self, now: Now, config: Config) {
        let changed = changed(&self.config, &config);
        log::set_max_level(config.log_level);
        if (&config.socket, config.socket_mode, &config.socket_group)
            != (&self.config.socket, self.config.socket_mode, &self.config.socket_group)
        {
            self.move_socket(&config);
        }
        self.web.reload(now, &self.config, &config, &self.core, &self.poller);
        let same_journal = self.config.state_dir == config.state_dir;
        self.webhooks.reload(now, &config, same_journal, &mut self.core);
        self.config = config;
        log::info!("configuration reloaded; changed: {changed}");
    }

    /// Listens at the socket of `config`. Who is connected stays.
    fn move_socket(&mut self, config: &Config) {
        let claim = |config: &Config| {
            Socket::claim(&config.socket, config.socket_mode, config.socket_group.as_deref())
        };
        // At the same place there can be one only.
        let old = self.socket.take().filter(|_| config.socket != self.config.socket);
        let claimed = claim(config).or_else(|error| {
            log::error!("{error}; the socket before goes on until the next reload");
            old.map_or_else(|| claim(&self.config), Ok)
        });
        match claimed {
            Ok(socket) => {
                // It may be watched already.
                let watched = self.poller.add(&socket, SOCKET, Flags::IN);
                if let Err(error) = watched.or_else(|_| self.poller.change(&socket, SOCKET, Flags::IN)) {
                    log::error!("the socket cannot be watched: {error}");
                }
                self.socket = Some(socket);
            }
            Err(error) => log::error!("{error}; there is no socket until the next reload"),
        }
    }
}

/// Whether queue, journal or boxes have to know.
fn is_for_core(old: &Config, new: &Config) -> bool {
    let doors_of = |from: &Config, to: &Config| Config {
        socket: to.socket.clone(),
        socket_mode: to.socket_mode,
        socket_group: to.socket_group.clone(),
        log_level: to.log_level,
        relay: to.relay.clone(),
        clients: to.clients.clone(),
        webhooks: to.webhooks.clone(),
        hooks: to.hooks.clone(),
        ..from.clone()
    };
    // The rules name the clients for which they do not hold, and when those are to be quiet.
    doors_of(old, new) != *new || old.rules() != new.rules() || are_other_hours(old, new)
}

/// Whether the clients, or their quiet hours, are others.
fn are_other_hours(old: &Config, new: &Config) -> bool {
    if old.clients.len() != new.clients.len() {
        return true;
    }
    old.clients.iter().zip(&new.clients).any(|(old, new)| old.name != new.name || old.quiet != new.quiet)
}

/// What differs, by type and name of the sections.
fn changed(old: &Config, new: &Config) -> String {
    let mut parts = Vec::new();
    let main = |from: &Config, to: &Config| Config {
        devices: to.devices.clone(),
        choosing: Choosing { lines: to.choosing.lines.clone(), ..from.choosing.clone() },
        relay: to.relay.clone(),
        clients: to.clients.clone(),
        opt_out: to.opt_out.clone(),
        replies: to.replies.clone(),
        webhooks: to.webhooks.clone(),
        hooks: to.hooks.clone(),
        groups: to.groups.clone(),
        ..from.clone()
    };
    if main(old, new) != *new {
        parts.push("goipd".to_owned());
    }
    named("device", &old.devices, &new.devices, |device| device.name.as_str(), &mut parts);
    named("line", &old.choosing.lines, &new.choosing.lines, |line| &line.name, &mut parts);
    if old.relay != new.relay {
        parts.push("relay".to_owned());
    }
    named("group", &old.groups, &new.groups, |group| &group.name, &mut parts);
    named("client", &old.clients, &new.clients, |client| client.name.as_str(), &mut parts);
    if old.opt_out != new.opt_out {
        parts.push("optout".to_owned());
    }
    named("reply", &old.replies, &new.replies, |reply| reply.name.as_str(), &mut parts);
    named("webhook", &old.webhooks, &new.webhooks, |webhook| webhook.name.as_str(), &mut parts);
    named("hook", &old.hooks, &new.hooks, |hook| hook.name.as_str(), &mut parts);
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

/// The sections of one type that are new, gone or not as they were.
fn named<T: PartialEq>(kind: &str, old: &[T], new: &[T], name: impl Fn(&T) -> &str, parts: &mut Vec<String>) {
    let differs = |section: &&T, others: &[T]| !others.contains(section);
    let gone = |section: &&T| !new.iter().any(|other| name(other) == name(section));
    let new = new.iter().filter(|section| differs(section, old));
    parts.extend(new.map(|section| format!("{kind} '{}'", name(section))));
    parts.extend(old.iter().filter(gone).map(|section| format!("{kind} '{}' (gone)", name(section))));
}
