//! Replies as they are written: one line of JSON or of plain words, without its line feed.

mod messages;

use super::json::{Object, object};
use super::{Answer, Form, json, opt_outs, rfc3339, words};
use crate::engine::{Engine, Now, Waiting, not_found};
use crate::journal::{Bodies, Counters, Window};
use crate::message::{ErrorCode, Refusal, State};

pub use messages::MAX_PAGE_BYTES;

/// The daemon, as `ping` tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Daemon<'a> {
    /// Seconds that it has run.
    pub uptime_s: u32,
    /// The journal's id: with another journal the ids begin anew.
    pub journal: &'a str,
    /// What the journal has written since the start.
    pub written: Counters,
}

/// What an answer is read from when it is written.
pub struct Source<'a, B> {
    /// The time of the reply.
    pub now: Now,
    /// The messages and lines.
    pub engine: &'a Engine,
    /// The numbers, texts and tags.
    pub bodies: &'a B,
    /// The daemon itself.
    pub daemon: Daemon<'a>,
}

/// Writes the reply to a request that was refused.
pub fn refusal(out: &mut String, form: Form, refusal: &Refusal) {
    match form {
        Form::Json => json::refusal(out, refusal),
        Form::Words => words::refusal(out, refusal),
    }
}

impl<B: Bodies> Source<'_, B> {
    /// Writes `answer`; a [`Answer::Wait`] like the message that is waited for. A message that
    /// was forgotten meanwhile is `not_found`.
    pub fn write(&self, out: &mut String, form: Form, answer: Answer) {
        let start = out.len();
        let written = match form {
            Form::Json => object(out, |o| {
                o.bool("ok", true);
                self.fields(o, answer)
            }),
            Form::Words => self.words(out, answer),
        };
        if let Err(refused) = written {
            out.truncate(start);
            refusal(out, form, &refused);
        }
    }

    /// Writes `answer` as an object without `ok`, where something else says that all is well.
    ///
    /// # Errors
    /// `not_found` for a message that was forgotten meanwhile; then nothing is written.
    pub fn write_plain(&self, out: &mut String, answer: Answer) -> Result<(), Refusal> {
        let start = out.len();
        object(out, |o| self.fields(o, answer)).inspect_err(|_| out.truncate(start))
    }

    fn words(&self, out: &mut String, answer: Answer) -> Result<(), Refusal> {
        match answer {
            Answer::Accepted { id, .. } => words::ok(out, id),
            Answer::Message(id) | Answer::Wait { id, .. } => {
                words::ok(out, self.engine.view(id).ok_or_else(|| not_found(id))?.state);
            }
            // The words for these do not exist; their answers do.
            Answer::Page { .. } | Answer::Inbox(_) => words::ok(out, self.engine.counters().last_id),
            Answer::Lines => words::ok(out, self.engine.lines(self.now).count()),
            Answer::Events { after: seq, .. } | Answer::Acked(seq) => words::ok(out, seq),
            Answer::OptOut(number) => words::ok(out, number.text()),
            Answer::OptedOut(count) => words::ok(out, count),
            Answer::OptOuts { .. } => words::ok(out, self.engine.opt_out_counts()[0]),
            Answer::Control(number) => words::ok(out, self.control(number)?.1),
            Answer::Explained(id) => words::ok(out, id),
            Answer::Estimated(estimate) => words::ok(out, estimate.segments),
            Answer::Daemon => words::ok(out, env!("CARGO_PKG_VERSION")),
        }
        Ok(())
    }

    /// Writes the answer's own fields.
    fn fields(&self, o: &mut Object<'_>, answer: Answer) -> Result<(), Refusal> {
        match answer {
            Answer::Accepted { id, replayed } => {
                self.accepted(o, id, replayed).map_err(not_found)?;
            }
            Answer::Message(id) | Answer::Wait { id, .. } => {
                self.with_body(id, |view, body| self.message(o, view, body)).map_err(not_found)?;
            }
            Answer::Control(number) => {
                let (target, text) = self.control(number)?;
                o.string(if target.contains('/') { "line" } else { "device" }, target);
                o.string("text", text);
            }
            Answer::Page { owner, state, after, limit } => self.page(o, owner, state, after, limit),
            Answer::Inbox(page) => self.inbox(o, page),
            Answer::Lines => self.lines(o),
            Answer::Events { after, reset, new } => {
                o.number("after", after);
                o.number("newest", self.bodies.events().newest());
                for (name, set) in [("reset", reset), ("new", new)] {
                    if set {
                        o.bool(name, true);
                    }
                }
            }
            Answer::Acked(seq) => o.number("seq", seq),
            Answer::OptOut(number) => opt_outs::write_one(o, self.engine, number),
            Answer::OptedOut(count) => o.number("added", count),
            Answer::OptOuts { after, limit } => opt_outs::write_page(o, self.engine, after, limit),
            Answer::Explained(id) => {
                let view = self.engine.view(id).ok_or_else(|| not_found(id))?;
                let waiting = self.engine.explain(self.now, id).ok_or_else(|| not_found(id))?;
                o.number("id", id);
                o.string("state", view.state.as_str());
                self.waiting(o, &waiting);
            }
            Answer::Estimated(estimate) => {
                o.number("segments", estimate.segments);
                o.string("encoding", estimate.encoding.as_str());
                let forcing: String = estimate.forcing.into_iter().filter(|c| *c != '\0').collect();
                o.string("forcing", &forcing);
                self.waiting(o, &self.engine.estimate(self.now, &estimate.thought));
            }
            Answer::Daemon => self.daemon(o),
        }
        Ok(())
    }

    /// What came of a deed.
    fn control(&self, number: u32) -> Result<(&str, &str), Refusal> {
        self.engine.control_result(number).unwrap_or_else(|| {
            let message = "it is still under way; look at 'goipctl lines' before you ask again";
            Err(Refusal::new(ErrorCode::Unknown, message))
        })
    }

    fn lines(&self, o: &mut Object<'_>) {
        o.array("lines", |lines| {
            for line in self.engine.lines(self.now) {
                lines.object(|l| {
                    l.string("line", &self.engine.settings().line_name(line.line).to_string());
                    l.bool("up", line.up);
                    let facts = line.facts;
                    optional_bool(l, "registered", facts.registered);
                    optional_number(l, "signal", facts.signal.map(i32::from));
                    l.optional("operator", said(facts.operator.as_str()));
                    l.number("queued", line.queued);
                    l.string("state", line.state.as_str());
                    l.optional("reason", line.reason.as_deref());
                    for (name, flag) in [
                        ("module", facts.module),
                        ("sim", facts.sim),
                        ("voip", facts.voip),
                        ("weak", line.weak()),
                    ] {
                        optional_bool(l, name, flag);
                    }
                    optional_number(l, "dbm", facts.dbm());
                    let card = facts.identity.as_deref().copied().unwrap_or_default();
                    let device = line.device.copied().unwrap_or_default();
                    for (name, words) in [
                        ("call", facts.call),
                        ("number", card.number),
                        ("imei", card.imei),
                        ("imsi", card.imsi),
                        ("iccid", card.iccid),
                        ("model", device.model),
                        ("firmware", device.firmware),
                        ("serial", device.serial),
                    ] {
                        l.optional(name, said(words.as_str()));
                    }
                    let own = self.engine.settings().own(line.line);
                    let balance = self.engine.balance(line.line).map(|amount| amount.to_string());
                    l.optional("balance", balance.as_deref());
                    l.optional("label", own.map(|own| &*own.label).filter(|label| !label.is_empty()));
                    for (name, counts) in ["limits", "used"].into_iter().zip(line.usage) {
                        l.object(name, |u| {
                            for (window, count) in Window::ALL.into_iter().zip(counts) {
                                if count > 0 || name == "used" {
                                    u.number(window.as_str(), count);
                                }
                            }
                        });
                    }
                });
            }
        });
    }

    /// Writes what holds a message, and until when.
    fn waiting(&self, o: &mut Object<'_>, waiting: &Waiting) {
        o.string("explanation", &self.engine.told(self.now, waiting));
        let line = waiting.line.map(|line| self.engine.settings().line_name(line).to_string());
        o.optional("line", line.as_deref());
        // No time of day is known before the clock is set.
        let after_s = waiting.after_ms.map(|ms| ms.div_ceil(1000)).filter(|_| self.now.is_dated());
        let at_s = after_s.and_then(|s| self.now.unix_s.checked_add(u32::try_from(s).ok()?));
        o.optional("at", at_s.map(rfc3339).as_deref());
    }

    fn daemon(&self, o: &mut Object<'_>) {
        o.string("version", env!("CARGO_PKG_VERSION"));
        o.number("uptime", self.daemon.uptime_s);
        o.string("journal", self.daemon.journal);
        o.object("counters", |c| {
            let counters = self.engine.counters();
            for (state, count) in State::ALL.into_iter().zip(counters.by_state) {
                c.number(state.as_str(), count);
            }
            c.number("last_id", counters.last_id);
            let [opt_outs, max_opt_outs, missed] = self.engine.opt_out_counts();
            c.number("optouts", opt_outs);
            c.number("optouts_limit", max_opt_outs);
            c.number("optouts_missed", missed);
            let written = self.daemon.written;
            for (name, count) in [
                ("journal_records", written.records),
                ("journal_bytes", written.bytes),
                ("journal_syncs", written.syncs),
                ("journal_pages", written.pages),
                ("journal_failures", written.failures),
            ] {
                // A counter that is full starts anew, as in every other daemon.
                c.number(name, written_count(count));
            }
        });
    }
}

fn optional_bool(o: &mut Object<'_>, name: &str, value: Option<bool>) {
    match value {
        Some(value) => o.bool(name, value),
        None => o.null(name),
    }
}

fn optional_number(o: &mut Object<'_>, name: &str, value: Option<i32>) {
    match value {
        Some(value) => o.number(name, value),
        None => o.null(name),
    }
}

/// Replies have numbers of 32 bits.
fn written_count(count: u64) -> u32 {
    count as u32
}

/// What the box said, if it said anything.
fn said(words: &str) -> Option<&str> {
    Some(words).filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests;
