//! Who may do what: logins, permissions and quotas of the relay's clients.

mod refused;

use std::net::IpAddr;

use subtle::ConstantTimeEq;

use super::denied::Denied;
use super::login::Login;
use super::quota::{Count, Daily, Rate};
use super::slowdown::Slowdown;
use crate::config;
use crate::engine::{Choice, Now};
use crate::message::{ClientId, ErrorCode, Number};
use refused::Refused;

/// What a route asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Send messages, and cancel own ones.
    Send,
    /// Read own messages' states, the lines and the metrics.
    Read,
    /// Read the received messages.
    Inbox,
    /// What is nobody's own.
    Admin,
}

impl Right {
    /// The word of option `allow`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Read => "read",
            Self::Inbox => "inbox",
            Self::Admin => "admin",
        }
    }
}

/// The clients of the relay, and what is known of failed logins.
#[derive(Debug, Default)]
pub struct Access {
    clients: Vec<Client>,
    slowdown: Slowdown,
    refused: Refused,
}

impl Access {
    /// Lets these clients in, and no others. Those that were there before keep what they have
    /// used of their quotas; an address that waits goes on waiting.
    pub fn configure(&mut self, clients: &[config::Client]) {
        let before = std::mem::take(&mut self.clients);
        let new = clients.iter().map(|client| {
            let old = before.iter().find(|c| c.id == client.id());
            Client::new(client.clone(), old)
        });
        self.clients = new.collect();
    }

    /// The client that this login is of. `peer` is the address that the connection comes from;
    /// `login` is `None` if the request has none, or none of a known form. Every login is compared
    /// with all clients, in a time that does not depend on which one it is.
    ///
    /// # Errors
    /// * `unauthorized`: there is no login, or a wrong one.
    /// * `forbidden`: the client's option `from` does not have this address.
    /// * `rate_limited`: too many wrong ones have come from this address, so this one is not
    ///   looked at, though it may be right.
    pub fn login(&mut self, now_ms: u64, peer: IpAddr, login: Option<&Login>) -> Result<ClientId, Denied> {
        let Some(login) = login else {
            let cure = "send 'Authorization: Bearer TOKEN' with the token of a client section";
            return Err(Denied::new(ErrorCode::Unauthorized, format!("a login is needed; {cure}")));
        };
        let peer = peer.to_canonical();
        let wait_s = self.slowdown.wait_s(now_ms, peer);
        if wait_s > 0 {
            self.refused.note(now_ms, peer, self.named(login));
            return Err(Denied::rate_limited("too many wrong logins came from this address", wait_s));
        }
        let Some(client) = self.find(login) else {
            self.slowdown.failed(now_ms, peer);
            self.refused.note(now_ms, peer, self.named(login));
            let message = if login.name.is_some() {
                "wrong user or password: they are the name and the token of a client section"
            } else {
                "wrong token: it is not that of any client section"
            };
            return Err(Denied::new(ErrorCode::Unauthorized, message));
        };
        let (id, from) = (client.id, &client.config.from);
        if !from.is_empty() && !from.iter().any(|network| network.contains(peer)) {
            let problem = format!("client '{}' may not log in from {peer}", client.name());
            self.refused.note(now_ms, peer, Some(id));
            let message = format!("{problem}; its section would have to say: list from '{peer}'");
            return Err(Denied::new(ErrorCode::Forbidden, message));
        }
        Ok(id)
    }

    /// The client of that id; `None` if it is not configured any more.
    pub fn client(&mut self, id: ClientId) -> Option<&mut Client> {
        self.clients.iter_mut().find(|c| c.id == id)
    }

    /// All clients, in the configuration's order.
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// How many logins were refused since the start. It begins anew after 2^32.
    pub const fn refused_logins(&self) -> u32 {
        self.refused.in_all()
    }

    /// When [`Self::summary`] has something to say, in milliseconds since boot; `None`: no login
    /// was refused since it was asked last.
    pub fn summary_due_ms(&self) -> Option<u64> {
        self.refused.due_ms()
    }

    /// What the log is told of refused logins: nothing before it is due, so once a minute at
    /// most. No token is in it, and no name but those of clients.
    pub fn summary(&mut self, now_ms: u64) -> Option<String> {
        let summary = self.refused.take(now_ms)?;
        let client = self.clients.iter().find(|c| Some(c.id) == summary.client);
        let whose = client.map_or(String::new(), |c| format!(" as '{}'", c.name()));
        let (count, address) = (summary.count, summary.address);
        Some(format!("refused logins: {count} in the last minute, last from {address}{whose}"))
    }

    fn find(&self, login: &Login) -> Option<&Client> {
        let mut found = None;
        for client in &self.clients {
            let named = login.name.as_ref().is_none_or(|name| *name == client.config.name);
            if bool::from(client.config.token.ct_eq(&login.token)) & named {
                found = Some(client);
            }
        }
        found
    }

    /// The client that the login names. Any other name is not for the log: it may be a token, put
    /// in the wrong place.
    fn named(&self, login: &Login) -> Option<ClientId> {
        let name = login.name.as_ref()?;
        self.clients.iter().find(|c| c.config.name == *name).map(|c| c.id)
    }
}

/// A client of the relay.
#[derive(Debug)]
pub struct Client {
    id: ClientId,
    config: config::Client,
    rate: Option<Rate>,
    daily: Option<Daily>,
}

impl Client {
    fn new(config: config::Client, old: Option<&Self>) -> Self {
        let old_rate = old.and_then(|o| o.rate);
        let rate = config.rate_per_min.map(|n| old_rate.map_or(Rate::new(n), |r| r.with_limit(n)));
        let old_daily = old.and_then(|o| o.daily);
        let daily = config.daily.map(|n| old_daily.map_or(Daily::new(n), |d| d.with_limit(n)));
        Self { id: config.id(), config, rate, daily }
    }

    /// How messages name it.
    pub const fn id(&self) -> ClientId {
        self.id
    }

    /// The name of its section.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// The time to live of its messages that name none, in seconds; `None`: that of all messages.
    pub const fn ttl_s(&self) -> Option<u32> {
        self.config.ttl_s
    }

    /// The lines that it may send on; empty: all.
    pub fn lines(&self) -> &[Choice] {
        &self.config.lines
    }

    /// Whether it sees the messages of others, and may cancel them.
    pub const fn sees_all(&self) -> bool {
        self.config.allow.admin
    }

    /// Whether it may do this.
    ///
    /// # Errors
    /// `forbidden`, with the word that its section lacks.
    pub fn may(&self, right: Right) -> Result<(), Denied> {
        let allow = self.config.allow;
        let allowed = match right {
            Right::Send => allow.send,
            Right::Read => allow.read,
            Right::Inbox => allow.inbox,
            Right::Admin => false,
        };
        if allowed || allow.admin {
            return Ok(());
        }
        let (name, word) = (self.name(), right.as_str());
        let message =
            format!("client '{name}' may not do this; its section would have to say: list allow '{word}'");
        Err(Denied::new(ErrorCode::Forbidden, message))
    }

    /// Those of the `wanted` lines that the client may send on. If they are no single device or
    /// line, one of them is chosen by the recipient: the same every time, so that a repeated
    /// request is the same message, and a number hears from one sender.
    ///
    /// # Errors
    /// `forbidden` if there are none.
    pub fn narrow(&self, wanted: Choice, to: &Number) -> Result<Choice, Denied> {
        let mine = self.config.lines.as_slice();
        if mine.is_empty() {
            return Ok(wanted);
        }
        let fitting = || mine.iter().filter_map(|mine| both(*mine, wanted));
        // Whoever has the whole device has each of its lines.
        if fitting().any(|choice| choice == wanted) {
            return Ok(wanted);
        }
        let place = ClientId::of(to.as_str()).0 as usize % fitting().count().max(1);
        fitting().nth(place).ok_or_else(|| {
            let problem = format!("client '{}' may not send on this line", self.name());
            let message = format!("{problem}; its section names those it may, with 'list lines'");
            Denied::new(ErrorCode::Forbidden, message)
        })
    }

    /// Whether there is room for `count` more messages in the client's minute and day. They are
    /// counted once they are accepted, by [`Self::sent`].
    ///
    /// # Errors
    /// `rate_limited`, with the option and the time.
    pub fn check_quota(&mut self, now: Now, count: u32) -> Result<(), Denied> {
        let daily = self.daily.as_mut().map_or(Ok(()), |d| d.check(now, count));
        let rate = self.rate.as_mut().map_or(Ok(()), |r| r.check(now.boot_ms, count));
        // The day is told first: who waits for the minute only would come in vain.
        let (limit, unit, option, wait_s) = match (daily, rate) {
            (Ok(()), Ok(())) => return Ok(()),
            (Err(wait_s), _) => (self.config.daily, "day", "daily", wait_s),
            (_, Err(wait_s)) => (self.config.rate_per_min, "minute", "rate", wait_s),
        };
        let (name, limit) = (self.name(), limit.unwrap_or_default());
        let why = format!("client '{name}' may send {limit} messages a {unit} (option '{option}')");
        Err(Denied::rate_limited(&why, wait_s))
    }

    /// Counts accepted messages; a replayed one is none.
    pub fn sent(&mut self, now: Now, count: u32) {
        // Both have room: they were asked before the message was accepted.
        if let Some(rate) = &mut self.rate {
            let _ = rate.take(now.boot_ms, count);
        }
        if let Some(daily) = &mut self.daily {
            let _ = daily.take(now, count);
        }
    }

    /// What is to be kept of its day over a restart; `None`: it has no limit a day.
    pub fn count(&self) -> Option<Count> {
        self.daily.map(|d| d.count())
    }

    /// Begins with what was counted before a restart.
    pub const fn restore(&mut self, count: Count) {
        if let Some(daily) = &mut self.daily {
            daily.restore(count);
        }
    }
}

/// The lines that are in both; `None` if there are none.
fn both(mine: Choice, wanted: Choice) -> Option<Choice> {
    match (mine, wanted) {
        (Choice::Any, choice) | (choice, Choice::Any) => Some(choice),
        (Choice::Device(mine), Choice::Device(wanted)) => (mine == wanted).then_some(Choice::Device(mine)),
        (Choice::Line(mine), Choice::Line(wanted)) => (mine == wanted).then_some(Choice::Line(mine)),
        (Choice::Device(device), Choice::Line(line)) | (Choice::Line(line), Choice::Device(device)) => {
            (line.device == device).then_some(Choice::Line(line))
        }
    }
}

#[cfg(test)]
mod tests;
