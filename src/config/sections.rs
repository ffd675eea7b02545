//! The types of sections, what becomes of each, and what holds between them. The single options are
//! in `table`.

use super::Faults;
use super::answers::{self, MAX_REPLIES};
use super::health;
use super::lines;
use super::notify;
use super::option::{instead, quoted, read};
use super::relay::{self, MAX_RELAY_CLIENTS};
use super::table::{DEVICE, GOIPD, GROUP};
use super::typed::{Config, Device, MAX_DEVICES, MAX_GROUPS, MAX_LINES_IN_ALL, MAX_LOGIN_BYTES, SectionName};
use super::uci::Section;
use crate::engine::Group;

const SECTION_TYPES: [&str; 12] = [
    "goipd", "device", "line", "relay", "client", "optout", "reply", "webhook", "hook", "balance", "canary",
    "group",
];

/// The configuration in `sections`; it holds only if nothing was added to `faults`.
pub(super) fn config(sections: &[Section], faults: &mut Faults) -> Config {
    let mut config = Config::default();
    let (mut general, mut relay, mut opt_out) = (None, None, None);
    let mut replies: Vec<&Section> = Vec::new();
    let mut own_lines: Vec<&Section> = Vec::new();
    let mut lines = 0;
    // The sections of the devices and clients so far; the places are those in `config`.
    let (mut devices, mut clients): (Vec<&Section>, Vec<&Section>) = (Vec::new(), Vec::new());
    let mut webhooks = Vec::new();
    let mut tended: Vec<&Section> = Vec::new();
    for section in sections {
        match section.kind.as_str() {
            "goipd" => {
                if is_first(section, &mut general, faults) {
                    read(section, GOIPD, &mut config, faults);
                }
            }
            "relay" => {
                if is_first(section, &mut relay, faults) {
                    config.relay = relay::relay(section, faults);
                }
            }
            "device" => {
                let device = device(section, faults);
                refuse_second_owner(section, &device, devices.iter().copied().zip(&config.devices), faults);
                refuse_more(section, devices.len(), MAX_DEVICES, "devices", faults);
                let before = lines;
                lines += usize::from(device.lines);
                if before <= MAX_LINES_IN_ALL && lines > MAX_LINES_IN_ALL {
                    let cure = "lower 'lines' to what the boxes have, or remove a device";
                    faults.add(
                        section.line,
                        format!("more than {MAX_LINES_IN_ALL} lines of all devices together; {cure}"),
                    );
                }
                devices.push(section);
                config.devices.push(device);
            }
            "line" => {
                refuse_more(section, own_lines.len(), MAX_LINES_IN_ALL, "lines", faults);
                config.choosing.lines.push(lines::line(section, faults));
                own_lines.push(section);
            }
            "client" => {
                let client = relay::client(section, faults);
                relay::refuse_twin(section, &client, clients.iter().copied().zip(&config.clients), faults);
                refuse_more(section, clients.len(), MAX_RELAY_CLIENTS, "clients", faults);
                clients.push(section);
                config.clients.push(client);
            }
            "optout" => {
                if is_first(section, &mut opt_out, faults) {
                    config.opt_out = answers::opt_out(section, faults);
                }
            }
            "reply" => {
                refuse_more(section, replies.len(), MAX_REPLIES, "replies", faults);
                config.replies.push(answers::reply(section, faults));
                replies.push(section);
            }
            "webhook" => {
                config.webhooks.push(notify::webhook(section, webhooks.len(), faults));
                webhooks.push(section);
            }
            "group" => {
                let name = name(section, "oncall", faults).as_str().into();
                refuse_more(section, config.groups.len(), MAX_GROUPS, "groups", faults);
                config.groups.push(Group { name, numbers: String::new() });
                read(section, GROUP, &mut config, faults);
            }
            "hook" => {
                let hook = notify::hook(section, config.hooks.len(), faults);
                config.hooks.push(hook);
            }
            "balance" | "canary" => tended.push(section),
            unknown => faults.add(
                section.line,
                format!("unknown section type {}; {}", quoted(unknown), instead(unknown, &SECTION_TYPES)),
            ),
        }
    }
    if devices.is_empty() {
        faults.add_for_file(
            "no device is configured; add a section: config device 'office', with the options url, username and password",
        );
    }
    for section in tended {
        if section.kind == "balance" {
            let count = config.health.balances.len();
            config.health.balances.push(health::balance(section, &config.devices, count, faults));
        } else {
            let count = config.health.canaries.len();
            config.health.canaries.push(health::canary(section, &config.devices, count, faults));
        }
    }
    for (section, client) in clients.iter().zip(&mut config.clients) {
        client.lines = relay::lines(section, &config.devices, faults);
    }
    lines::settle(&own_lines, &mut config, faults);
    if let Some(option) = general.and_then(|section| section.option("per_number_hour"))
        && config.choosing.per_number_hour > 0
        && config.keep_s < 3600
    {
        let problem = "the messages of an hour are counted among those that are kept";
        faults.add(option.line, format!("option 'per_number_hour': {problem}; raise 'keep' to 3600 or more"));
    }
    let max = config.max_segments;
    if let (Some(section), Some(text)) = (opt_out, &config.opt_out.confirm) {
        answers::check_segments(section, "confirm", text, max, faults);
    }
    for (section, reply) in replies.iter().zip(&config.replies) {
        answers::check_segments(section, "text", &reply.text, max, faults);
    }
    for (section, webhook) in webhooks.iter().zip(&mut config.webhooks) {
        webhook.clients = notify::clients(section, &config.clients, faults);
    }
    if let Some(section) = relay.filter(|_| clients.is_empty()) {
        relay::refuse_wildcard_without_client(section, faults);
    }
    config
}

/// Refuses `section` if there are `most` of its type before it, which is said once; `what` names them.
pub(super) fn refuse_more(section: &Section, before: usize, most: usize, what: &str, faults: &mut Faults) {
    if before == most {
        faults.add(section.line, format!("more than {most} {what}; remove some"));
    }
}

/// Whether `section` is the first of its type, of which there can be one. `first` remembers it.
fn is_first<'a>(section: &'a Section, first: &mut Option<&'a Section>, faults: &mut Faults) -> bool {
    if let Some(first) = first {
        let problem = format!("a second section of type '{}'", section.kind);
        let cure = format!("put its options into the one of line {}", first.line);
        faults.add(section.line, format!("{problem}; {cure}"));
        return false;
    }
    *first = Some(section);
    true
}

/// The name of a section that has to have one, such as `example`.
pub(super) fn name(section: &Section, example: &str, faults: &mut Faults) -> SectionName {
    let (kind, name) = (&section.kind, SectionName::try_from(section.name.as_str()).unwrap_or_default());
    if section.anonymous {
        let problem = format!("a {kind} needs a name");
        faults.add(section.line, format!("{problem}; write it like: config {kind} '{example}'"));
    } else if name.is_empty() {
        let problem = format!("the {kind}'s name {} is longer than 32 bytes", quoted(&section.name));
        faults.add(section.line, format!("{problem}; shorten it"));
    }
    name
}

fn device(section: &Section, faults: &mut Faults) -> Device {
    let mut device = Device::new(name(section, "office", faults));
    read(section, DEVICE, &mut device, faults);
    // One byte for the ':' between the two.
    if device.username.len() + 1 + device.password.expose().len() > MAX_LOGIN_BYTES {
        let line = section.option("password").map_or(section.line, |o| o.line);
        let most = MAX_LOGIN_BYTES - 1;
        faults.add(
            line,
            format!(
                "option 'password': the box takes {most} bytes of username and password together; set a shorter one there"
            ),
        );
    }
    device
}

/// One box has one owner: two of them would take each other's jobs for a stranger's.
fn refuse_second_owner<'a>(
    section: &Section,
    device: &Device,
    mut others: impl Iterator<Item = (&'a Section, &'a Device)>,
    faults: &mut Faults,
) {
    let same = |other: &Device| other.host == device.host && other.port == device.port;
    let Some(url) = section.option("url").filter(|_| !device.host.is_empty()) else { return };
    if let Some((first, _)) = others.find(|(_, other)| same(other)) {
        let shown = quoted(&device.authority());
        let cure = "keep one of them and give it all 'lines'";
        faults.add(
            url.line,
            format!("option 'url': {shown} is the box of the device of line {} already; {cure}", first.line),
        );
    }
}
