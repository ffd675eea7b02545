//! The lines that have a section of their own: what holds between their options and the rest. The
//! single options are in `table::lines`.

use super::Faults;
use super::option::{defaults, instead, quoted, read};
use super::relay::Client;
use super::table::LINE;
use super::typed::{Config, Device};
use super::uci::Section;
use crate::engine::{LineSettings, MAX_PREFIXES};
use crate::journal::Origin;

/// The most `prefix` options of one line: an operator has a dozen.
pub const MAX_LINE_PREFIXES: usize = 32;

/// The longest label, in bytes: it has to fit into a table.
pub const MAX_LABEL_BYTES: usize = 64;

/// What option `client` calls the local socket.
const LOCAL: &str = "local";

/// The line of `section`, except for what names devices and clients.
pub(super) fn line(section: &Section, faults: &mut Faults) -> LineSettings {
    let mut line = LineSettings { name: section.name.as_str().into(), ..LineSettings::default() };
    defaults(LINE, &mut line);
    read(section, LINE, &mut line, faults);
    if line.only_prefix && line.prefixes.is_empty() && section.option("prefix").is_none() {
        let cure = "add a line: list prefix '+49'";
        let problem = "option 'only_prefix': without a prefix the line takes no message";
        faults.add(section.line, format!("{problem}; {cure}"));
    }
    line
}

/// Fills in what could be known only now that all sections are: `sections` are those of
/// `config.choosing.lines`.
pub(super) fn settle(sections: &[&Section], config: &mut Config, faults: &mut Faults) {
    let mut prefixes: Vec<&str> = Vec::new();
    for (place, section) in sections.iter().enumerate() {
        let line = &mut config.choosing.lines[place];
        line.line.device = device(section, line.line.line, &config.devices, faults);
        line.clients = clients(section, &config.clients, faults);
        let id = line.line;
        let earlier = &config.choosing.lines[..place];
        if let Some(first) = earlier.iter().position(|other| other.line == id)
            && section.option("device").is_some()
        {
            let problem = format!("the line of line {} already", sections[first].line);
            faults.add(section.line, format!("this is {problem}; keep one section for each"));
        }
    }
    for (section, line) in sections.iter().zip(&config.choosing.lines) {
        for prefix in &line.prefixes {
            if prefixes.contains(&&**prefix) {
                continue;
            }
            if prefixes.len() == MAX_PREFIXES {
                let problem = format!("more than {MAX_PREFIXES} different prefixes of all lines together");
                return faults.add(section.line, format!("{problem}; remove some"));
            }
            prefixes.push(prefix);
        }
    }
}

/// The place of the device that the section names, if it has that line.
fn device(section: &Section, number: u8, devices: &[Device], faults: &mut Faults) -> u8 {
    let Some(option) = section.option("device") else { return 0 };
    for (_, text) in option.values() {
        let Some(place) = devices.iter().position(|device| device.name == *text) else {
            let names: Vec<&str> = devices.iter().map(|device| device.name.as_str()).collect();
            let cure = instead(text, &names);
            faults.add(option.line, format!("option 'device': {} is no device; {cure}", quoted(text)));
            continue;
        };
        let lines = devices[place].lines;
        if number > lines {
            let line = section.option("number").map_or(section.line, |o| o.line);
            let problem = format!("option 'number': the device '{text}' has {lines} of them");
            faults.add(line, format!("{problem}; write 1 to {lines}, or raise its option 'lines'"));
        }
        return place as u8;
    }
    0
}

/// Whose messages the line takes.
fn clients(section: &Section, clients: &[Client], faults: &mut Faults) -> Vec<Origin> {
    let mut origins = Vec::new();
    for (line, text) in section.option("client").into_iter().flat_map(|option| option.values()) {
        if text == LOCAL {
            origins.push(Origin::Local);
        } else if let Some(client) = clients.iter().find(|client| client.name == *text) {
            origins.push(Origin::Client(client.id()));
        } else {
            let mut names: Vec<&str> = clients.iter().map(|client| client.name.as_str()).collect();
            names.push(LOCAL);
            let cure = instead(text, &names);
            faults.add(line, format!("option 'client': {} is no client; {cure}", quoted(text)));
        }
    }
    origins
}
