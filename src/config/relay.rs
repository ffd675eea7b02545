//! The HTTP relay and its clients: the types, and what holds between their options. The single
//! options are in `table::relay`.

use std::net::SocketAddr;

use super::Faults;
use super::network::Network;
use super::option::{defaults, quoted, read};
use super::sections::name;
use super::table::{CLIENT, RELAY};
use super::token::TokenDigest;
use super::typed::Device;
use super::uci::Section;
use crate::engine::Choice;
use crate::message::{ClientId, ClientName, LineId};
use crate::zone::Hours;

/// The most addresses that the relay listens on. A router with more networks than this has a
/// firewall to let them reach one.
pub const MAX_LISTEN: usize = 8;

/// The most `client` sections: every login is compared with all of them.
pub const MAX_RELAY_CLIENTS: usize = 64;

/// The HTTP relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// Whether it is there at all.
    pub enabled: bool,
    /// Where it listens: at most [`MAX_LISTEN`] addresses, no two of them equal; at least one if
    /// `enabled`. Port 0 is any free one.
    pub listen: Vec<SocketAddr>,
    /// The host names by which it may be called, besides the router's own; in small letters.
    pub names: Vec<String>,
    /// The origins whose pages may use it: `http://HOST[:PORT]` or `https://HOST[:PORT]` as a
    /// browser sends them, in small letters and without the scheme's own port.
    pub cors_origins: Vec<String>,
    /// Whether `/metrics` is shown without a login.
    pub metrics_open: bool,
    /// The most connections, 4 to 256.
    pub max_connections: usize,
    /// The most connections of one address, other than loopback, that have not logged in: 1 to
    /// 256.
    pub max_per_address: usize,
    /// How long a request's head may take, 1 to 60 s.
    pub head_timeout_s: u32,
    /// How long a request's body may take, 1 to 120 s.
    pub body_timeout_s: u32,
    /// How long a connection is kept without a request, 1 to 3600 s.
    pub idle_timeout_s: u32,
}

/// A client of the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The name of its section, `[A-Za-z0-9_]{1,32}`. No two have the same [`ClientId`].
    pub name: ClientName,
    /// Of its token. No two clients have the same.
    pub token: TokenDigest,
    /// What it may do; never nothing.
    pub allow: Allow,
    /// The networks that it may log in from; empty: all.
    pub from: Vec<Network>,
    /// The lines that it may send on, in the order of the file: [`Choice::Device`] or
    /// [`Choice::Line`], all of them configured; empty: all.
    pub lines: Vec<Choice>,
    /// How many messages it may send in a minute, 1 to 10000; `None`: any number.
    pub rate_per_min: Option<u32>,
    /// How many messages it may send in a day, 1 to 100000; `None`: any number.
    pub daily: Option<u32>,
    /// The time to live of its messages that name none, 60 to 2592000 s; `None`: that of all.
    pub ttl_s: Option<u32>,
    /// When its messages that are not of high priority wait.
    pub quiet: Option<Hours>,
    /// Whether its messages go also to who wants no more messages.
    pub transactional: bool,
}

/// What a client may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// Send messages, and cancel its own.
    pub send: bool,
    /// Read its own messages' states, the lines' and the metrics.
    pub read: bool,
    /// Read the received messages.
    pub inbox: bool,
    /// All of that, and the messages of all others.
    pub admin: bool,
}

impl Client {
    /// How messages name it.
    pub fn id(&self) -> ClientId {
        ClientId::of(&self.name)
    }
}

/// Every default: the relay is not there.
impl Default for Relay {
    fn default() -> Self {
        let mut relay = Self {
            enabled: false,
            listen: Vec::new(),
            names: Vec::new(),
            cors_origins: Vec::new(),
            metrics_open: false,
            max_connections: 0,
            max_per_address: 0,
            head_timeout_s: 0,
            body_timeout_s: 0,
            idle_timeout_s: 0,
        };
        defaults(RELAY, &mut relay);
        relay
    }
}

pub(super) fn relay(section: &Section, faults: &mut Faults) -> Relay {
    let mut relay = Relay::default();
    read(section, RELAY, &mut relay, faults);
    if relay.enabled && section.option("listen").is_none() {
        let problem = "the relay is enabled and listens nowhere";
        faults.add(section.line, format!("{problem}; add a line: list listen '192.168.1.1:8037'"));
    }
    relay
}

/// Without clients nobody can use the relay, so one that everybody reaches is a mistake: most
/// likely the sections of the clients are missing.
pub(super) fn refuse_wildcard_without_client(section: &Section, faults: &mut Faults) {
    let wildcard = |text: &str| text.parse().is_ok_and(|a: SocketAddr| a.ip().is_unspecified());
    let values = section.option("listen").into_iter().flat_map(|o| o.values());
    for (line, text) in values.filter(|(_, text)| wildcard(text)) {
        let cure = "add a section: config client 'NAME', or listen on the address of one network";
        let shown = quoted(text);
        faults
            .add(line, format!("option 'listen': {shown} is every address, and there is no client; {cure}"));
    }
}

/// The client of `section`, except for its lines.
pub(super) fn client(section: &Section, faults: &mut Faults) -> Client {
    let mut client = Client {
        name: name(section, "nagios", faults),
        token: TokenDigest::default(),
        allow: Allow::default(),
        from: Vec::new(),
        lines: Vec::new(),
        rate_per_min: None,
        daily: None,
        ttl_s: None,
        quiet: None,
        transactional: false,
    };
    defaults(CLIENT, &mut client);
    read(section, CLIENT, &mut client, faults);
    match (section.option("token"), section.option("token_hash")) {
        (Some(token), Some(hash)) => {
            faults.add(token.line.max(hash.line), "both 'token' and 'token_hash'; remove one of the two")
        }
        (None, None) => faults.add(
            section.line,
            "a client needs a token; add a line: option token '...', with 16 or more characters",
        ),
        _ => {}
    }
    client
}

/// A login must tell its client, and a message whose it is.
pub(super) fn refuse_twin<'a>(
    section: &Section,
    client: &Client,
    mut others: impl Iterator<Item = (&'a Section, &'a Client)> + Clone,
    faults: &mut Faults,
) {
    let same_id = |other: &Client| !client.name.is_empty() && other.id() == client.id();
    if let Some((first, other)) = others.clone().find(|(_, other)| same_id(other)) {
        let problem = format!("messages cannot tell the client '{}' from '{}'", client.name, other.name);
        faults.add(section.line, format!("{problem} of line {}; rename one", first.line));
    }
    let token = section.option("token").or_else(|| section.option("token_hash"));
    if let Some(token) = token.filter(|_| client.token != TokenDigest::default())
        && let Some((first, _)) = others.find(|(_, other)| other.token == client.token)
    {
        let problem = format!("is that of the client of line {} already", first.line);
        faults.add(token.line, format!("option '{}': {problem}; give each its own", token.name));
    }
}

/// The lines that `section` restricts its client to, once all devices are known.
pub(super) fn lines(section: &Section, devices: &[Device], faults: &mut Faults) -> Vec<Choice> {
    let mut lines = Vec::new();
    for (line, text) in section.option("lines").into_iter().flat_map(|o| o.values()) {
        match choice(text, devices) {
            Ok(choice) => lines.push(choice),
            Err(cure) => {
                faults.add(line, format!("option 'lines': {} is not configured; {cure}", quoted(text)));
            }
        }
    }
    lines
}

/// What `DEVICE` or `DEVICE/N` means.
///
/// # Errors
/// There is no such line; the cure.
pub(super) fn choice(text: &str, devices: &[Device]) -> Result<Choice, String> {
    let (name, number) = match text.split_once('/') {
        Some((name, number)) => (name, Some(number)),
        None => (text, None),
    };
    // At most 16 devices have places.
    let Some((place, device)) = (0..).zip(devices).find(|(_, device)| device.name == name) else {
        let names: Vec<&str> = devices.iter().map(|d| d.name.as_str()).collect();
        return Err(format!("the devices are: {}", names.join(", ")));
    };
    let Some(number) = number else { return Ok(Choice::Device(place)) };
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    match number.parse() {
        Ok(line) if digits && (1..=device.lines).contains(&line) => {
            Ok(Choice::Line(LineId { device: place, line }))
        }
        _ if device.lines == 1 => Err(format!("its only line is '{name}/1'")),
        _ => Err(format!("its lines are '{name}/1' to '{name}/{}'", device.lines)),
    }
}
