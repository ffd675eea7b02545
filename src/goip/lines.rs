//! The pages that tell of the lines and the box itself, from bytes to [`LinePage`]. Pure: no
//! socket, no clock.
//!
//! These pages are XML by hand at its worst: raw `&` in links, tags or escaped tags inside values,
//! a named encoding that is not theirs, fields that some firmware leaves out. Nothing of what they say decides
//! about a message that is under way, so whatever can be read is taken, and what cannot be is
//! not known.

use super::markup::{Piece, Pieces, head_of, push_text};
use super::report::{AskError, MAX_LINES};
use crate::message::Words;

/// The most characters of an operator's name or a call's state that are kept.
const NAME_CHARS: usize = 16;

/// The most bytes of a value that are looked at; the longest known, with its tags, has some 80.
const VALUE_MAX_BYTES: usize = 256;

/// So many digits of a number that tells a card or a box from all others are shown.
const SHOWN_DIGITS: usize = 4;

/// The highest signal that a module tells (3GPP TS 27.007, 8.5); what is above is not known.
const MAX_SIGNAL: u32 = 31;

/// Which of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinePart {
    /// The lines' states, which change.
    List,
    /// The box.
    Base,
    /// The lines' modules and cards.
    Gsm,
}

impl LinePart {
    /// What the page is asked for as.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Base => "base",
            Self::Gsm => "gsm",
        }
    }
}

/// What tells a card or a module from others. Each is empty where it is not known; all but the
/// number are masked up to the last four digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The card's own telephone number, as the box has it.
    pub number: Words,
    /// The module's serial number.
    pub imei: Words,
    /// The subscriber's number.
    pub imsi: Words,
    /// The card's serial number.
    pub iccid: Words,
}

/// A box. Each is empty where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BoxFacts {
    /// Its model.
    pub model: Words,
    /// Its firmware.
    pub firmware: Words,
    /// Its serial number, masked up to the last four characters.
    pub serial: Words,
}

/// What is known of a line. What rarely is known lies in a box of its own: 128 lines stay small.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineFacts {
    /// Whether its module has power.
    pub module: Option<bool>,
    /// Whether a SIM is seen.
    pub sim: Option<bool>,
    /// Whether the SIM is logged in to the network.
    pub registered: Option<bool>,
    /// Whether the line is logged in to its VoIP server.
    pub voip: Option<bool>,
    /// The signal, 0 to 31.
    pub signal: Option<u8>,
    /// The operator; empty where it is not known.
    pub operator: Words,
    /// The call's state, such as `IDLE`, without a number; empty where it is not known.
    pub call: Words,
    /// Module and card.
    pub identity: Option<Box<Identity>>,
}

impl LineFacts {
    /// The signal's strength in dBm.
    pub fn dbm(&self) -> Option<i32> {
        self.signal.map(|signal| 2 * i32::from(signal) - 113)
    }
}

/// What a page tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinePage {
    /// A place for every line from 1.
    pub lines: Vec<LineFacts>,
    /// The box.
    pub device: Option<Box<BoxFacts>>,
}

/// What a field tells.
#[derive(Clone, Copy)]
enum Fact {
    Module,
    Sim,
    Registered,
    Voip,
    Signal,
    Operator,
    Call,
    Number,
    Imei,
    Imsi,
    Iccid,
    Model,
    Firmware,
    Serial,
}

/// The fields that are read; those of a line have `l1_` and the like in front, on old boxes with
/// one line perhaps nothing.
const FACTS: [(&str, Fact); 14] = [
    ("module_status", Fact::Module),
    ("gsm_sim", Fact::Sim),
    ("gsm_status", Fact::Registered),
    ("status_line", Fact::Voip),
    ("gsm_signal", Fact::Signal),
    ("gsm_cur_oper", Fact::Operator),
    ("line_state", Fact::Call),
    ("gsm_number", Fact::Number),
    ("gsm_imei", Fact::Imei),
    ("sim_imsi", Fact::Imsi),
    ("sim_iccid", Fact::Iccid),
    ("model", Fact::Model),
    ("version", Fact::Firmware),
    ("sn", Fact::Serial),
];

/// What `page` tells: the body of `status.xml`, or as much of it as was read. Takes any bytes.
///
/// # Errors
/// [`AskError::NotUnderstood`] if there is not one field in it.
pub fn parse_lines(page: &[u8]) -> Result<LinePage, AskError> {
    let page = String::from_utf8_lossy(page);
    let mut pieces = Pieces::of(&page);
    let mut told = LinePage::default();
    let mut any = false;
    // The field that is being read, and its text.
    let mut open: Option<(&str, usize, Fact)> = None;
    let mut text = String::new();
    // Behind a tag that does not end, or a DOCTYPE, nothing can be told apart.
    while let Ok(Some(piece)) = pieces.next() {
        match piece {
            Piece::Start { name, empty } => {
                if let Some((line, fact)) = field_of(name) {
                    any = true;
                    open = (!empty).then_some((name, line, fact));
                    text.clear();
                }
            }
            Piece::Text(value) if open.is_some() && text.len() < VALUE_MAX_BYTES => {
                push_text(&mut text, head_of(value, VALUE_MAX_BYTES));
            }
            Piece::Data(value) if open.is_some() && text.len() < VALUE_MAX_BYTES => {
                text.push_str(head_of(value, VALUE_MAX_BYTES));
            }
            Piece::End(name) => {
                if let Some((_, line, fact)) = open.take_if(|(known, ..)| *known == name) {
                    told.take(line, fact, &plain(&text));
                }
            }
            Piece::Text(_) | Piece::Data(_) => {}
        }
    }
    if any { Ok(told) } else { Err(AskError::NotUnderstood(Words::new("no page of lines"))) }
}

/// The line's place and the field for a tag.
fn field_of(tag: &str) -> Option<(usize, Fact)> {
    let (line, name) = match tag.strip_prefix(['l', 'L']).and_then(|rest| rest.split_once('_')) {
        Some((number, name)) if number.bytes().all(|b| b.is_ascii_digit()) => (number.parse().ok()?, name),
        _ => (1, tag),
    };
    let (_, fact) = FACTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    (1..=MAX_LINES as u32).contains(&line).then(|| (line as usize - 1, *fact))
}

/// `text` without tags in it, and without what was not to be decoded.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            char::REPLACEMENT_CHARACTER => {}
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out.trim().to_owned()
}

impl LinePage {
    fn take(&mut self, line: usize, fact: Fact, text: &str) {
        if let Fact::Model | Fact::Firmware | Fact::Serial = fact {
            let device = self.device.get_or_insert_default();
            match fact {
                Fact::Model => device.model = Words::new(text),
                Fact::Firmware => device.firmware = Words::new(text),
                _ => device.serial = masked(text),
            }
            return;
        }
        if self.lines.len() <= line {
            self.lines.resize_with(line + 1, LineFacts::default);
        }
        let facts = &mut self.lines[line];
        match fact {
            Fact::Module => facts.module = yes(text),
            Fact::Sim => facts.sim = yes(text),
            Fact::Registered => facts.registered = yes(text),
            Fact::Voip => facts.voip = yes(text),
            Fact::Signal => {
                let signal = text.parse::<u32>().ok().filter(|signal| *signal <= MAX_SIGNAL);
                facts.signal = signal.map(|signal| signal as u8);
            }
            Fact::Operator => facts.operator = name(text),
            // Who is called is nobody's business here.
            Fact::Call => facts.call = name(text.split(':').next().unwrap_or_default()),
            _ if text.is_empty() => {}
            _ => {
                let identity = facts.identity.get_or_insert_default();
                match fact {
                    Fact::Number => identity.number = Words::new(text),
                    Fact::Imei => identity.imei = masked(text),
                    Fact::Imsi => identity.imsi = masked(text),
                    _ => identity.iccid = masked(text),
                }
            }
        }
    }
}

/// `Y` or `N`; `LOGIN` and `LOGOUT` are other words for it.
fn yes(text: &str) -> Option<bool> {
    for (word, meaning) in [("Y", true), ("N", false), ("LOGIN", true), ("LOGOUT", false)] {
        if text.eq_ignore_ascii_case(word) {
            return Some(meaning);
        }
    }
    None
}

fn name(text: &str) -> Words {
    let end = text.char_indices().nth(NAME_CHARS).map_or(text.len(), |(at, _)| at);
    Words::new(&text[..end])
}

/// A star for every character but the last few.
fn masked(text: &str) -> Words {
    let hidden = text.chars().count().saturating_sub(SHOWN_DIGITS);
    let mut out = String::new();
    for (place, c) in text.chars().enumerate().take(Words::CAPACITY) {
        out.push(if place < hidden { '*' } else { c });
    }
    Words::new(&out)
}

#[cfg(test)]
mod tests;
