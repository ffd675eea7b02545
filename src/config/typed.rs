//! The typed configuration. What the file says of it is in `sections` and `table`.

use core::fmt;
use std::path::PathBuf;

use log::LevelFilter;

use super::answers::{self, OptOut, Reply};
use super::notify::{Hook, Webhook};
use super::option::defaults;
use super::relay::{Client, Relay};
use super::table::{DEVICE, GOIPD};
use super::url;
use crate::engine::{CallerRules, Choosing, Group, HealthRules, Rules, TermRules};
use crate::goip::NumberFormat;
use crate::journal::Origin;
use crate::message::{DeviceName, Number, OnUnknown, Senders};
use crate::zone::{Hours, Zone};

/// The most devices. A site with more GoIPs than this has a server.
pub const MAX_DEVICES: usize = 16;

/// The most groups. Whoever has more people to tell has a list of its own.
pub const MAX_GROUPS: usize = 16;

/// The most lines of one device: what a status page is read for.
pub const MAX_LINES: usize = crate::goip::MAX_LINES;

/// The most lines of all devices together: the line tables have a fixed size.
pub const MAX_LINES_IN_ALL: usize = 128;

/// The most bytes of `USERNAME:PASSWORD`: the box decodes no more of a Basic login.
pub const MAX_LOGIN_BYTES: usize = 99;

/// The most bytes of the socket's path: a UNIX socket address has room for 108 with its NUL.
pub const MAX_SOCKET_PATH_BYTES: usize = 107;

/// The name of a section that something is named by, `[A-Za-z0-9_]{1,32}`.
pub type SectionName = heapless::String<32, u8>;

/// All that the file says, with the defaults for what it does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where the UNIX socket is made; absolute, at most [`MAX_SOCKET_PATH_BYTES`] bytes.
    pub socket: PathBuf,
    /// The socket's permission bits, 0 to 0o777.
    pub socket_mode: u32,
    /// The group that gets the socket; `None`: the daemon's own.
    pub socket_group: Option<String>,
    /// The directory of the journal; absolute.
    pub state_dir: PathBuf,
    /// Whether a `state_dir` in RAM is meant.
    pub volatile: bool,
    /// The most the journal takes, 128 to 65536 KiB; `None`: 512 KiB or a quarter of what is
    /// free, whichever is less.
    pub max_journal_kib: Option<u32>,
    /// The most messages that wait, 10 to 10000.
    pub queue_limit: usize,
    /// How long a message in its final state is kept, 60 to 31536000 s.
    pub keep_s: u32,
    /// The most messages in their final states that are kept, 10 to 10000.
    pub keep_messages: usize,
    /// The most events that are kept, 100 to 10000.
    pub keep_events: usize,
    /// The time to live of a message that names none, 60 to 2592000 s.
    pub ttl_s: u32,
    /// The most segments of one message, 1 to 15.
    pub max_segments: u8,
    /// What becomes of a message whose outcome cannot be known, if it does not say.
    pub on_unknown: OnUnknown,
    /// Whose messages reach webhooks, hooks and replies.
    pub senders: Senders,
    /// When local messages that are not of high priority wait.
    pub quiet: Option<Hours>,
    /// An outage that was longer makes routine messages stale, 60 to 2592000 s; 0: none does.
    pub stale_after_s: u32,
    /// Who is told of it.
    pub admin_number: Option<Number>,
    /// What is logged; never `Off`.
    pub log_level: LevelFilter,
    /// The boxes in the order of the file: 1 to [`MAX_DEVICES`], at most [`MAX_LINES_IN_ALL`]
    /// lines together, no two with the same host and port.
    pub devices: Vec<Device>,
    /// Which line a message gets, how much the lines may send, and the lines that have a section.
    pub choosing: Choosing,
    /// The HTTP relay.
    pub relay: Relay,
    /// Its clients in the order of the file, at most [`super::MAX_RELAY_CLIENTS`].
    pub clients: Vec<Client>,
    /// Who wants no more messages.
    pub opt_out: OptOut,
    /// What goipd answers by itself, in the order of the file, at most [`super::MAX_REPLIES`].
    pub replies: Vec<Reply>,
    /// The webhooks in the order of the file, at most [`super::MAX_WEBHOOKS`], no two of one name.
    pub webhooks: Vec<Webhook>,
    /// The hooks in the order of the file, at most [`super::MAX_HOOKS`].
    pub hooks: Vec<Hook>,
    /// The balances and canaries, at most [`super::MAX_TENDED`] of each.
    pub health: HealthRules,
    /// Receivers by one name, at most [`super::MAX_GROUPS`].
    pub groups: Vec<Group>,
}

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The name of its section, `[A-Za-z0-9_]{1,32}`.
    pub name: DeviceName,
    /// An IPv4 address, or a host name in small letters.
    pub host: String,
    /// The port of its web pages, from 1.
    pub port: u16,
    /// Its user; with the password and a `:` at most [`MAX_LOGIN_BYTES`] bytes; no `:`, no
    /// control characters.
    pub username: String,
    /// Its password; no control characters.
    pub password: Secret,
    /// How many lines it has, 1 to 64.
    pub lines: u8,
    /// How long one exchange may take, 1 to 60 s.
    pub timeout_s: u32,
    /// Whether all messages go out by its web form, and not by its api.
    pub form: bool,
    /// Whether nobody else sends on its lines.
    pub exclusive: bool,
    /// How its operator wants a number's `+`.
    pub number_format: NumberFormat,
    /// How often its inbox is read, 1 to 3600 s; `None`: never.
    pub inbox_interval_s: Option<u32>,
    /// Whether what is in an inbox before it was ever read is told as if it had come just then.
    pub inbox_first_events: bool,
    /// Whether what is stored of its inboxes is deleted there.
    pub inbox_delete: bool,
    /// Whether the parts of long messages are joined.
    pub join: bool,
    /// What its clock is ahead of UTC, -50400 to 50400 s.
    pub utc_offset_s: i32,
    /// How often an idle box is asked for its status, 1 to 3600 s; `None`: never.
    pub status_interval_s: Option<u32>,
    /// After how long without an answer, or with no line logged in, it is helped, 1 to 1440 min;
    /// `None`: never.
    pub watchdog_min: Option<u32>,
    /// How often in a day it is helped at most, 1 to 24.
    pub watchdog_a_day: u8,
    /// The telephone numbers of its SIM cards, as far as they are known, at most [`MAX_LINES`].
    pub own_numbers: Vec<Number>,
}

/// A password. It does not show itself.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The password, for the request that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Every default, no device and no client.
impl Default for Config {
    fn default() -> Self {
        let mut config = Self {
            socket: PathBuf::new(),
            socket_mode: 0,
            socket_group: None,
            state_dir: PathBuf::new(),
            volatile: false,
            max_journal_kib: None,
            queue_limit: 0,
            keep_s: 0,
            keep_messages: 0,
            keep_events: 0,
            ttl_s: 0,
            max_segments: 0,
            on_unknown: OnUnknown::Hold,
            senders: Senders::default(),
            log_level: LevelFilter::Info,
            devices: Vec::new(),
            choosing: Choosing::default(),
            relay: Relay::default(),
            clients: Vec::new(),
            opt_out: OptOut::default(),
            replies: Vec::new(),
            webhooks: Vec::new(),
            hooks: Vec::new(),
            health: HealthRules::default(),
            groups: Vec::new(),
            quiet: None,
            stale_after_s: 0,
            admin_number: None,
        };
        defaults(GOIPD, &mut config);
        config
    }
}

impl Config {
    /// What follows from received messages.
    pub fn rules(&self) -> Rules {
        let mut own_numbers: Vec<Number> = Vec::new();
        self.devices.iter().for_each(|device| own_numbers.extend_from_slice(&device.own_numbers));
        own_numbers.extend(self.choosing.lines.iter().filter_map(|line| line.own_number.clone()));
        let mut rules = answers::rules(&self.opt_out, &self.replies, own_numbers);
        let exempt = self.clients.iter().filter(|client| client.transactional);
        rules.opt_out.transactional = exempt.map(Client::id).collect();
        rules.senders = self.senders.clone();
        rules
    }
}

impl Config {
    /// When messages go, and to whom by one name; in UTC.
    pub fn terms(&self) -> TermRules {
        let local = CallerRules { origin: Origin::Local, name: "local".into(), quiet: self.quiet };
        let mut callers = vec![local];
        for client in &self.clients {
            let origin = Origin::Client(client.id());
            callers.push(CallerRules { origin, name: client.name.as_str().into(), quiet: client.quiet });
        }
        TermRules {
            groups: self.groups.clone(),
            callers,
            zone: Zone::default(),
            stale_after_s: self.stale_after_s,
            admin: self.admin_number.clone(),
        }
    }
}

impl Device {
    /// A device of that name with every default, without address and login.
    pub(super) fn new(name: DeviceName) -> Self {
        let mut device = Self {
            name,
            host: String::new(),
            port: 0,
            username: String::new(),
            password: Secret::default(),
            lines: 0,
            timeout_s: 0,
            form: false,
            exclusive: false,
            number_format: NumberFormat::Keep,
            inbox_interval_s: None,
            inbox_first_events: false,
            inbox_delete: false,
            join: false,
            utc_offset_s: 0,
            status_interval_s: None,
            watchdog_min: None,
            watchdog_a_day: 0,
            own_numbers: Vec::new(),
        };
        defaults(DEVICE, &mut device);
        device
    }

    /// Whether its messages go out by the web form: on a box that others use too only that tells
    /// whose job is whose.
    pub fn sends_by_form(&self) -> bool {
        self.form || !self.exclusive
    }

    /// Host and port as they stand in a URL: the port only if it is not 80.
    pub fn authority(&self) -> String {
        if self.port == url::HTTP_PORT { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }
}
