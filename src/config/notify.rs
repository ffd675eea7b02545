//! Webhooks and hooks: the types, and what holds between their options. The single options are in
//! `table::notify`.

use std::path::PathBuf;

use super::Faults;
use super::option::{defaults, quoted, read};
use super::relay::Client;
use super::sections::{name, refuse_more};
use super::table::{HOOK, WEBHOOK};
use super::typed::{Secret, SectionName};
use super::uci::{Opt, Section, Value};
use crate::journal::EventSet;
use crate::message::ClientId;

pub use crate::journal::MAX_WEBHOOKS;

/// The most `hook` sections. They run one after the other, so a site that needs more needs them in
/// one program.
pub const MAX_HOOKS: usize = 16;

/// Where OpenWrt's package `ca-bundle` has the certificates that are trusted.
pub const DEFAULT_CA_FILE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The event that hooks and webhooks get that name none.
const DEFAULT_EVENT: &str = "received";

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The name of its section, `[A-Za-z0-9_]{1,32}`.
    pub name: SectionName,
    /// Where its events go, in visible ASCII: `http://`, or `https://` where that is built in.
    /// Its path may be a secret.
    pub url: Secret,
    /// What its requests are signed with: 16 to 256 visible characters of ASCII.
    pub secret: Secret,
    /// The events that it gets; never none.
    pub events: EventSet,
    /// If there are any, it only gets the events of messages of these clients.
    pub clients: Vec<ClientId>,
    /// The certificates of those who may vouch for an `https://` host.
    pub ca_file: PathBuf,
    /// How long one request may take, 1 to 60 s.
    pub timeout_s: u32,
}

/// A hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The name of its section, `[A-Za-z0-9_]{1,32}`.
    pub name: SectionName,
    /// The program, an absolute path, and its arguments.
    pub command: Vec<String>,
    /// The events that it is run for; never none.
    pub events: EventSet,
    /// How long one run may take, 1 to 3600 s.
    pub timeout_s: u32,
    /// How often it is run for an event until it succeeds, 1 to 100.
    pub tries: u32,
}

impl Webhook {
    fn new(name: SectionName) -> Self {
        let mut webhook = Self {
            name,
            url: Secret::default(),
            secret: Secret::default(),
            events: EventSet::default(),
            clients: Vec::new(),
            ca_file: PathBuf::new(),
            timeout_s: 0,
        };
        defaults(WEBHOOK, &mut webhook);
        webhook
    }

    /// Whether it is reached through TLS.
    pub fn is_https(&self) -> bool {
        self.url.expose().starts_with("https:")
    }
}

impl Hook {
    fn new(name: SectionName) -> Self {
        let mut hook =
            Self { name, command: Vec::new(), events: EventSet::default(), timeout_s: 0, tries: 0 };
        defaults(HOOK, &mut hook);
        hook
    }
}

/// The webhook of `section`, except for its clients.
pub(super) fn webhook(section: &Section, count: usize, faults: &mut Faults) -> Webhook {
    let mut webhook = Webhook::new(name(section, "crm", faults));
    read(section, WEBHOOK, &mut webhook, faults);
    events(section, &mut webhook.events);
    if let Some(option) = section.option("ca_file").filter(|_| !webhook.is_https()) {
        faults.add(option.line, "option 'ca_file': the url is not https; remove this line");
    }
    refuse_more(section, count, MAX_WEBHOOKS, "webhooks", faults);
    webhook
}

/// The hook of `section`.
pub(super) fn hook(section: &Section, count: usize, faults: &mut Faults) -> Hook {
    let mut hook = Hook::new(name(section, "forward", faults));
    read(section, HOOK, &mut hook, faults);
    events(section, &mut hook.events);
    if let Some(Opt { value: Value::Single(text), .. }) = section.option("command") {
        hook.command = text.split_ascii_whitespace().map(Into::into).collect();
    }
    let program = hook.command.first().map_or("", String::as_str);
    if let Some(option) = section.option("command").filter(|_| !program.starts_with('/')) {
        let problem = format!("option 'command': {} is no absolute path", quoted(program));
        faults.add(option.line, format!("{problem}; begin it with '/'"));
    }
    refuse_more(section, count, MAX_HOOKS, "hooks", faults);
    hook
}

fn events(section: &Section, events: &mut EventSet) {
    if section.option("event").is_none() {
        events.add(DEFAULT_EVENT);
    }
}

/// The clients that `section` restricts its webhook to, once all are known.
pub(super) fn clients(section: &Section, clients: &[Client], faults: &mut Faults) -> Vec<ClientId> {
    let mut ids = Vec::new();
    for (line, text) in section.option("client").into_iter().flat_map(|o| o.values()) {
        if clients.iter().any(|client| client.name == text) {
            ids.push(ClientId::of(text));
        } else {
            let names: Vec<&str> = clients.iter().map(|client| client.name.as_str()).collect();
            let cure = match names.join(", ") {
                none if none.is_empty() => "no client is; write like: config client 'nagios'".into(),
                names => format!("the clients are: {names}"),
            };
            faults.add(line, format!("option 'client': {} is not configured; {cure}", quoted(text)));
        }
    }
    ids
}
