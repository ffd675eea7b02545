//! The daemon's replies, read field by field. The daemon may be of another version: fields that
//! are not known are passed over, and any field may be missing.

use std::borrow::Cow;

use super::Failure;
use super::output::{Column, Output};
use crate::api::scan::decode;
use crate::api::scan::{each_field, each_item};
use crate::message::{MessageId, Quoted};

/// The columns of a list of messages.
pub(super) const MESSAGE_COLUMNS: [Column; 6] =
    [("ID", 6), ("STATE", 11), ("LINE", 10), ("TO", 16), ("CREATED", 20), ("TEXT", 0)];

/// The columns of the received messages.
pub(super) const INBOX_COLUMNS: [Column; 6] =
    [("ID", 6), ("RECEIVED", 20), ("LINE", 10), ("FROM", 16), ("OLD", 3), ("TEXT", 0)];

/// The columns of the events.
pub(super) const EVENT_COLUMNS: [Column; 7] =
    [("SEQ", 6), ("TIME", 20), ("EVENT", 11), ("ID", 6), ("LINE", 10), ("TO", 16), ("TEXT", 0)];

/// The columns of the lines: a terminal of 80 columns has 20 for the reason.
const LINE_COLUMNS: [Column; 9] = [
    ("LINE", 10),
    ("UP", 3),
    ("STATE", 8),
    ("SIM", 3),
    ("REG", 3),
    ("SIGNAL", 9),
    ("OPERATOR", 10),
    ("QUEUED", 6),
    ("REASON", 0),
];

/// A reply, or an object in one: its fields, well-formed.
pub(super) struct Reply<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Reply<'a> {
    /// Reads the object that `text` is.
    ///
    /// # Errors
    /// It is no JSON object, or its `id` is no message's id.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        let mut fields = Vec::new();
        let read = each_field(text, &mut |field| {
            fields.push((decode(field.name), field.value));
            Ok(())
        });
        read.map_err(|_| "goipd's reply is not understood (not a JSON object)".to_owned())?;
        let reply = Self(fields);
        match reply.value("id") {
            Some(id) if id.parse::<MessageId>().is_err() => {
                Err(format!("goipd's reply is not understood ({} is no message's id)", Quoted(id)))
            }
            _ => Ok(reply),
        }
    }

    /// The field `name` as it stands there; `null` is the same as none.
    fn value(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        (*value != "null").then_some(*value)
    }

    /// The field `name` for people: a string's characters, anything else as it stands there.
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.value(name).map(shown)
    }

    /// The number `name`.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.value(name)?.parse().ok()
    }

    /// The flag `name`.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.value(name)?.parse().ok()
    }

    /// The object `name`.
    pub fn object(&self, name: &str) -> Option<Self> {
        Self::parse(self.value(name)?).ok()
    }

    /// The objects in the array `name`.
    pub fn list(&self, name: &str) -> Vec<Self> {
        let mut list = Vec::new();
        if let Some(array) = self.value(name) {
            // What is no array has no items, and what is no object is passed over.
            let _ = each_item(array, &mut |item| list.extend(Self::parse(item)));
        }
        list
    }

    /// The sentence of the problem that the message had.
    pub fn reason(&self) -> Option<Cow<'a, str>> {
        self.object("problem")?.text("message")
    }

    /// The message, a field a line.
    pub fn show_message(&self, out: &mut Output) -> Result<(), Failure> {
        for name in [
            "id",
            "state",
            "to",
            "line",
            "created",
            "updated",
            "attempts",
            "segments",
            "encoding",
            "device_id",
            "tag",
            "at",
            "collapsed",
        ] {
            out.field(name, self.text(name).as_deref())?;
        }
        let problem = self.object("problem");
        for (name, field) in [("problem", "code"), ("device_code", "device_code"), ("reason", "message")] {
            out.field(name, problem.as_ref().and_then(|p| p.text(field)).as_deref())?;
        }
        out.field("text", self.text("text").as_deref())
    }

    /// The message as a row of [`MESSAGE_COLUMNS`].
    pub fn show_message_row(&self, out: &mut Output) -> Result<(), Failure> {
        self.row(out, &MESSAGE_COLUMNS, ["id", "state", "line", "to", "created", "text"])
    }

    /// The received message as a row of [`INBOX_COLUMNS`].
    pub fn show_received_row(&self, out: &mut Output) -> Result<(), Failure> {
        // A part stands in its joined message, which comes behind it.
        if self.number("part_of").is_some() {
            return Ok(());
        }
        self.row(out, &INBOX_COLUMNS, ["id", "received", "line", "from", "old", "text"])
    }

    /// The event as a row of [`EVENT_COLUMNS`].
    pub fn show_event_row(&self, out: &mut Output) -> Result<(), Failure> {
        let message = self.object("message");
        let of_message = |name: &str| message.as_ref().and_then(|m| m.text(name));
        let part = ["line", "device", "webhook"].into_iter().find_map(|name| self.text(name));
        let part = part.or_else(|| of_message("line"));
        let [seq, time, event] = ["seq", "time", "event"].map(|name| self.text(name));
        let [id, to, text] = ["id", "to", "text"].map(of_message);
        let to = to.or_else(|| of_message("from"));
        let to = to.or_else(|| self.text("number"));
        let cells = [seq, time, event, id, part, to, text];
        out.row(&EVENT_COLUMNS, &cells.each_ref().map(Option::as_deref))
    }

    /// The lines, one a row.
    pub fn show_lines(&self, out: &mut Output) -> Result<(), Failure> {
        out.head(&LINE_COLUMNS)?;
        self.list("lines").iter().try_for_each(|line| {
            let names =
                ["line", "up", "state", "sim", "registered", "signal", "operator", "queued", "reason"];
            let mut texts = names.map(|name| line.word(name));
            if let (Some(signal), Some(dbm)) = (&mut texts[5], line.text("dbm")) {
                signal.to_mut().extend(["/", &*dbm, "dBm"]);
            }
            out.row(&LINE_COLUMNS, &texts.each_ref().map(Option::as_deref))
        })
    }

    /// What holds a message, in a sentence; before it what an estimate says of its text.
    pub fn show_waiting(&self, out: &mut Output) -> Result<(), Failure> {
        if self.value("segments").is_some() {
            for name in ["segments", "encoding", "forcing", "line", "at"] {
                out.field(name, self.text(name).as_deref())?;
            }
        }
        out.line(&self.text("explanation").unwrap_or_default())
    }

    /// The daemon's figures, one a line.
    pub fn show_daemon(&self, out: &mut Output) -> Result<(), Failure> {
        for name in ["version", "uptime", "journal"] {
            out.field(name, self.text(name).as_deref())?;
        }
        let counters = self.object("counters").map_or_else(Vec::new, |counters| counters.0);
        counters.iter().try_for_each(|(name, value)| out.field(name, Some(&shown(value))))
    }

    /// The field `name` as it stands in a table.
    fn word(&self, name: &str) -> Option<Cow<'a, str>> {
        match self.flag(name) {
            Some(flag) => Some(Cow::Borrowed(if flag { "yes" } else { "no" })),
            None => self.text(name),
        }
    }

    pub fn row<const N: usize>(
        &self,
        out: &mut Output,
        columns: &[Column; N],
        names: [&str; N],
    ) -> Result<(), Failure> {
        let texts = names.map(|name| self.word(name));
        out.row(columns, &texts.each_ref().map(Option::as_deref))
    }
}

/// A value for people.
fn shown(value: &str) -> Cow<'_, str> {
    if value.starts_with('"') { decode(value) } else { Cow::Borrowed(value) }
}
