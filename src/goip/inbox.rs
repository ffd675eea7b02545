//! The inbox page, from bytes to [`InboxLine`]s. The outbox page has the same layout. Pure: no
//! socket, no clock.
//!
//! The messages of a line stand in a script: `sms= ["…","…"];`, perhaps `pos=0;`, then
//! `sms_row_insert(l1_sms_store, sms, pos, 1);`. Only with that call behind it is a line's list
//! whole: the page has no length, so it may be cut anywhere.
//!
//! The page is read as it comes in, because one of 32 lines can have some hundred KiB and the
//! router no room for it. What is held is one line's list: some 5 KiB as a rule, and never more
//! than [`MAX_SLOTS`] texts of [`MAX_TEXT_BYTES`], 94 KiB.
//!
//! Nobody has seen every firmware's page, so outside the list everything but the names above is
//! passed over. Inside it a text can hold anything, even a whole such script: only the string's
//! own end leads out of it.
//!
//! [`MAX_TEXT_BYTES`]: crate::message::MAX_TEXT_BYTES

mod slot;

use heapless::Vec as Array;

use super::report::{AskError, MAX_LINES};
use crate::message::{DeviceTime, Sender, Words};

/// The largest page that is read: 64 lines of 20 texts with 800 bytes each.
pub const INBOX_MAX_BYTES: usize = 1024 * 1024;

/// The most messages of a line that are looked at, the newest. A box has 20 slots a line.
pub const MAX_SLOTS: usize = 32;

/// The most bytes of a slot that are looked at: the longest text, its time and number, and some
/// room for entities. What stands behind them is dropped.
const SLOT_MAX_BYTES: usize = 4096;

/// The longest name that is looked for.
const NAME_MAX_BYTES: usize = 16;

/// White space that may stand between the end of a slot and the next one's beginning.
const PENDING_MAX_BYTES: usize = 32;

/// The longest list of arguments that can be a call's: `(l64_sms_store, sms, pos, 64)` has 29.
const CALL_MAX_BYTES: usize = 128;

/// A message in a line's inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxEntry {
    /// Its slot, from 0, as the box counts them.
    pub slot: u8,
    /// Its time as the box wrote it; empty where the slot has another form.
    pub device_time: DeviceTime,
    /// Its sender, a number or a name; empty where the slot has another form.
    pub from: Sender,
    /// Its text, at most [`MAX_TEXT_BYTES`](crate::message::MAX_TEXT_BYTES); what was no UTF-8
    /// shows as U+FFFD. Where the slot has another form, all that stands in it.
    pub text: Box<str>,
}

/// A line's whole inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxLine {
    /// The line, from 1.
    pub line: u8,
    /// Its messages, newest first, at most [`MAX_SLOTS`].
    pub entries: Vec<InboxEntry>,
}

/// Reads an inbox page.
#[derive(Debug, Default)]
pub struct InboxReader {
    state: State,
    /// How much of the page was read.
    len: usize,
    /// Which lines the page has shown; bit 0 is line 1.
    shown: u64,
    /// The name that is being read outside of lists; one that is too long is kept full.
    name: Array<u8, NAME_MAX_BYTES>,
    /// The line's list so far.
    entries: Vec<InboxEntry>,
    /// Slots of the list so far, empty ones too.
    slots: usize,
    /// Whether the list has ended and waits for its call.
    ended: bool,
    /// The slot that is being read, without its escapes.
    slot: Vec<u8>,
    /// The first half of a surrogate pair.
    high: Option<u16>,
    /// What came behind a quote of which it is not known yet whether it ends the slot, or the
    /// digits of an escape.
    pending: Array<u8, PENDING_MAX_BYTES>,
}

/// Where in the page the reader stands.
#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// Outside, where names are looked for.
    #[default]
    Between,
    /// Behind `sms`.
    Named,
    /// Behind `sms=`.
    Assigned,
    /// In a list, between its slots.
    List,
    /// In a slot.
    Slot,
    /// In a slot, behind a backslash.
    Escape,
    /// In a slot, behind `\u`.
    Hex,
    /// Behind a quote in a slot; whether a comma came behind it.
    Quote(bool),
    /// Behind `sms_row_insert`.
    Called,
    /// In its arguments: how many bytes of them there were, and the last one if it is a number.
    Arguments(usize, Option<u8>),
}

impl InboxReader {
    /// Reads the page's next bytes, however it is cut into pieces. `each` gets every line as soon
    /// as it is whole, and each line once: what a page says of it a second time is passed over.
    ///
    /// # Errors
    /// [`AskError::NotUnderstood`] if the page is larger than [`INBOX_MAX_BYTES`]; the lines that
    /// were whole are as good as ever.
    pub fn read(&mut self, bytes: &[u8], each: &mut dyn FnMut(InboxLine)) -> Result<(), AskError> {
        self.len = self.len.saturating_add(bytes.len());
        if self.len > INBOX_MAX_BYTES {
            return Err(not_understood("inbox page over 1 MiB"));
        }
        for &byte in bytes {
            // A byte that ends one thing can begin another.
            while self.step(byte, each) {}
        }
        Ok(())
    }

    /// The page has ended.
    ///
    /// # Errors
    /// [`AskError::NotUnderstood`] if not one line was whole: that is no inbox page, or a cut
    /// one, and nothing can be said of any line.
    pub fn end(self) -> Result<(), AskError> {
        if self.shown == 0 { Err(not_understood("no whole inbox block")) } else { Ok(()) }
    }

    /// Takes a byte. `true`: the state has changed, and the byte is to be taken again.
    fn step(&mut self, byte: u8, each: &mut dyn FnMut(InboxLine)) -> bool {
        let blank = byte.is_ascii_whitespace();
        match self.state {
            State::Between => self.between(byte),
            State::Named | State::Assigned | State::Called if blank => {}
            State::Named if byte == b'=' => self.state = State::Assigned,
            State::Assigned if byte == b'[' => self.begin_list(),
            State::Called if byte == b'(' => self.state = State::Arguments(0, Some(0)),
            State::List if blank || byte == b',' => {}
            State::List if byte == b'"' => self.state = State::Slot,
            State::List if byte == b']' => self.end_list(),
            State::Named | State::Assigned | State::Called | State::List => {
                self.state = State::Between;
                return true;
            }
            State::Slot => match byte {
                b'"' => {
                    self.pending.clear();
                    self.state = State::Quote(false);
                }
                b'\\' => self.state = State::Escape,
                byte => self.push(&[byte]),
            },
            State::Escape => return self.escape(byte),
            State::Hex => return self.hex(byte),
            State::Quote(comma) => return self.quote(byte, comma),
            State::Arguments(len, number) => self.argument(byte, len, number, each),
        }
        false
    }

    fn between(&mut self, byte: u8) {
        if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' {
            // A name that does not fit is none of ours.
            let _ = self.name.push(byte);
            return;
        }
        let state = match self.name.as_slice() {
            b"sms" => State::Named,
            b"sms_row_insert" => State::Called,
            _ => State::Between,
        };
        self.name.clear();
        self.state = match (state, byte) {
            (State::Named, b'=') => State::Assigned,
            (State::Called, b'(') => State::Arguments(0, Some(0)),
            (state, byte) if byte.is_ascii_whitespace() => state,
            _ => State::Between,
        };
    }

    fn begin_list(&mut self) {
        self.entries.clear();
        self.slots = 0;
        self.ended = false;
        self.slot.clear();
        self.high = None;
        self.state = State::List;
    }

    fn end_list(&mut self) {
        self.ended = true;
        self.state = State::Between;
    }

    /// Adds to the slot what stands for itself.
    fn push(&mut self, bytes: &[u8]) {
        if self.high.take().is_some() {
            self.push(REPLACEMENT);
        }
        if self.slot.len() + bytes.len() <= SLOT_MAX_BYTES {
            self.slot.extend_from_slice(bytes);
        }
    }

    /// An escape as in JSON (RFC 8259 clause 7); one that is none stands for itself.
    fn escape(&mut self, byte: u8) -> bool {
        self.state = State::Slot;
        let plain = match byte {
            b'"' | b'\\' | b'/' | b'\'' => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                self.pending.clear();
                self.state = State::Hex;
                return false;
            }
            _ => {
                self.push(b"\\");
                return true;
            }
        };
        self.push(&[plain]);
        false
    }

    fn hex(&mut self, byte: u8) -> bool {
        if !byte.is_ascii_hexdigit() {
            self.state = State::Slot;
            let digits = core::mem::take(&mut self.pending);
            self.push(b"\\u");
            self.push(&digits);
            return true;
        }
        // Four digits fit.
        let _ = self.pending.push(byte);
        if self.pending.len() == 4 {
            self.state = State::Slot;
            let digit = |d: &u8| char::from(*d).to_digit(16).unwrap_or(0) as u16;
            self.unit(self.pending.iter().map(digit).fold(0, |unit, digit| unit << 4 | digit));
        }
        false
    }

    /// A UTF-16 unit; half of a pair alone becomes U+FFFD.
    fn unit(&mut self, unit: u16) {
        let mut bytes = [0; 4];
        match (self.high.take(), unit) {
            (Some(high), 0xDC00..=0xDFFF) => {
                let pair = 0x10000 + (u32::from(high - 0xD800) << 10) + u32::from(unit - 0xDC00);
                let c = char::from_u32(pair).unwrap_or(char::REPLACEMENT_CHARACTER);
                self.push(c.encode_utf8(&mut bytes).as_bytes());
            }
            (Some(_), _) => {
                self.push(REPLACEMENT);
                self.unit(unit);
            }
            (None, 0xD800..=0xDBFF) => self.high = Some(unit),
            (None, _) => {
                let c = char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER);
                self.push(c.encode_utf8(&mut bytes).as_bytes());
            }
        }
    }

    /// A quote ends the slot if the list ends or the next slot begins behind it. Any other one is
    /// a quote that was not escaped.
    fn quote(&mut self, byte: u8, comma: bool) -> bool {
        match byte {
            b']' => {
                self.end_slot();
                self.end_list();
                return false;
            }
            b'"' if comma => {
                self.end_slot();
                self.state = State::Slot;
                return false;
            }
            b',' if !comma => self.state = State::Quote(true),
            byte if byte.is_ascii_whitespace() => {}
            _ => {
                self.state = State::Slot;
                let pending = core::mem::take(&mut self.pending);
                self.push(b"\"");
                self.push(&pending);
                return true;
            }
        }
        if self.pending.push(byte).is_err() {
            // No text goes on so far behind a quote.
            self.end_slot();
            self.state = State::List;
        }
        false
    }

    fn end_slot(&mut self) {
        self.push(&[]);
        if self.entries.len() < MAX_SLOTS
            && let Ok(place) = self.slots.try_into()
            && let Some(entry) = slot::entry(place, &self.slot)
        {
            self.entries.push(entry);
        }
        self.slots += 1;
        self.slot.clear();
    }

    /// The call's last argument is the line.
    fn argument(&mut self, byte: u8, len: usize, number: Option<u8>, each: &mut dyn FnMut(InboxLine)) {
        let number = match byte {
            b')' => {
                self.state = State::Between;
                if let Some(line @ 1..) = number {
                    self.end_block(line, each);
                }
                return;
            }
            b',' => Some(0),
            b'0'..=b'9' => number.and_then(|n| n.checked_mul(10)?.checked_add(byte - b'0')),
            b'"' | b'\'' => number,
            byte if byte.is_ascii_whitespace() => number,
            _ => None,
        };
        self.state = if len < CALL_MAX_BYTES { State::Arguments(len + 1, number) } else { State::Between };
    }

    /// The call that makes a list whole. A list belongs to one call.
    fn end_block(&mut self, line: u8, each: &mut dyn FnMut(InboxLine)) {
        if !core::mem::take(&mut self.ended) || usize::from(line) > MAX_LINES {
            return;
        }
        let bit = 1 << (line - 1);
        let entries = core::mem::take(&mut self.entries);
        if self.shown & bit == 0 {
            self.shown |= bit;
            each(InboxLine { line, entries });
        }
    }
}

/// U+FFFD in UTF-8.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

fn not_understood(why: &str) -> AskError {
    AskError::NotUnderstood(Words::new(why))
}

#[cfg(test)]
mod tests;
