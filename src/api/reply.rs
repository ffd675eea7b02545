//! Replies as they are written: one line of JSON or of plain words, without its line feed.

use super::json::{Object, object};
use super::{Answer, Caller, Form, InboxPage, json, opt_outs, rfc3339, words};
use crate::engine::inbox::device_unix_s;
use crate::engine::{Engine, Now, View, Waiting, not_found};
use crate::journal::{Bodies, Body, Counters, Event, EventKind, Origin, ReceivedBody, Subject, Window};
use crate::message::{ErrorCode, MessageId, Refusal, State};

/// A page of a list ends before it is larger than this: what a client has to have room for.
pub const MAX_PAGE_BYTES: usize = 48 * 1024;

/// What a message takes in JSON beside its text and tag, at most: names, ids, times, the number
/// and a problem's sentence.
const MESSAGE_BYTES: usize = 768;

/// What the longest escape makes of one byte: `\u001f`.
const ESCAPE_BYTES: usize = 6;

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

    /// Calls `write` with message `id`, or gives the id back.
    fn with_body(&self, id: MessageId, write: impl FnOnce(&View, &Body<'_>)) -> Result<(), MessageId> {
        let view = self.engine.view(id).ok_or(id)?;
        self.bodies.body(id, |body| write(&view, &body)).ok_or(id)
    }

    fn accepted(&self, o: &mut Object<'_>, id: MessageId, replayed: bool) -> Result<(), MessageId> {
        self.with_body(id, |view, body| {
            o.number("id", view.id);
            if view.members > 0 {
                o.array("ids", |a| (0..view.members).for_each(|place| a.number(id + u32::from(place))));
                if let Some((_, skipped)) = body.group.and_then(|group| group.split_once('\n')) {
                    o.array("skipped", |a| skipped.split(',').for_each(|number| a.string(number)));
                }
            }
            o.string("state", view.state.as_str());
            o.number("segments", view.segments);
            o.string("encoding", view.encoding.as_str());
            o.optional("tag", body.tag);
            if replayed {
                o.bool("replayed", true);
            }
        })
    }

    /// Writes a message's fields.
    pub fn message(&self, o: &mut Object<'_>, view: &View, body: &Body<'_>) {
        o.number("id", view.id);
        o.string("to", body.to);
        o.string("text", body.text);
        o.string("state", view.state.as_str());
        match view.line {
            Some(line) => o.string("line", &self.engine.settings().line_name(line).to_string()),
            None => o.null("line"),
        }
        o.number("segments", view.segments);
        o.string("encoding", view.encoding.as_str());
        o.string("created", &rfc3339(view.created_s));
        o.string("updated", &rfc3339(view.updated_s));
        o.number("attempts", view.attempts);
        o.optional("device_id", said(view.job.as_str()));
        o.optional("tag", body.tag);
        match body.at_s {
            0 => o.null("at"),
            at_s => o.string("at", &rfc3339(at_s)),
        }
        o.number("collapsed", body.collapsed);
        match view.problem {
            Some(problem) => o.object("problem", |p| {
                p.string("code", problem.code.as_str());
                p.optional("device_code", said(problem.device_code.as_str()));
                let too_late = view.state == State::Failed && problem.code.passes();
                let why = if too_late { "its ttl ran out; " } else { "" };
                p.string("message", &format!("{why}{problem}"));
            }),
            None => o.null("problem"),
        }
    }

    /// Writes an event as an object, if it is for that caller; says whether it is. A message is
    /// shown in the state that it had then, and otherwise as it is now; of one that is not kept any
    /// more, only id and state. What was received is for those who see that line's inbox.
    pub fn event(&self, out: &mut String, event: &Event<'_>, caller: Caller) -> bool {
        let mut view = None;
        let ours = match event.subject {
            Subject::Message(id, state) => {
                view = self.engine.view(id).map(|view| View { state, ..view });
                let owner = caller.owner();
                owner.is_none() || owner == view.map(|view| view.origin)
            }
            Subject::Received(id) => self.engine.may_see_received(id, caller.inbox),
            Subject::Part(part) if event.kind == EventKind::InboxGap => {
                self.engine.may_see_line(part, caller.inbox)
            }
            Subject::Part(_) | Subject::Webhook(..) => true,
            Subject::Number(_) => caller.all,
        };
        if !ours {
            return false;
        }
        object(out, |o| {
            o.string("event", event.kind.as_str());
            o.number("seq", event.seq);
            o.string("time", &rfc3339(event.unix_s));
            match event.subject {
                Subject::Message(id, state) => o.object("message", |m| {
                    let written =
                        view.and_then(|view| self.bodies.body(id, |body| self.message(m, &view, &body)));
                    if written.is_none() {
                        m.number("id", id);
                        m.string("state", state.as_str());
                    }
                }),
                Subject::Received(id) => o.object("message", |m| {
                    if self.bodies.received(id, |body| self.received(m, &body)).is_none() {
                        m.number("id", id);
                    }
                }),
                Subject::Part(part) => {
                    let name = if part.line.is_some() { "line" } else { "device" };
                    o.string(name, &part.to_string());
                }
                Subject::Number(number) => o.string("number", number),
                Subject::Webhook(name, seq) => {
                    o.string("webhook", name);
                    o.number("dropped", seq);
                }
            }
        });
        true
    }

    /// Writes a received message's fields.
    pub fn received(&self, o: &mut Object<'_>, body: &ReceivedBody<'_>) {
        o.number("id", body.id);
        o.string("from", body.from);
        o.string("text", body.text);
        o.string("line", &body.line.to_string());
        o.string("received", &rfc3339(body.unix_s));
        o.string("device_time", body.device_time);
        let offset_s = self.engine.settings().utc_offset_s(&body.line);
        let device_utc = device_unix_s(body.device_time, offset_s, body.unix_s).map(rfc3339);
        o.optional("device_utc", device_utc.as_deref());
        o.bool("old", body.old);
        if body.part_of > 0 {
            o.number("part_of", body.part_of);
        }
        if !body.parts.is_empty() {
            o.array("parts", |list| body.parts.iter().for_each(|&id| list.number(id)));
        }
    }

    fn inbox(&self, o: &mut Object<'_>, asked: InboxPage) {
        let mut next = asked.after;
        o.array("messages", |page| {
            for id in self.engine.received(asked.after, asked.lines).take(asked.limit as usize) {
                let fits = self.bodies.received(id, |body| {
                    let strings = body.text.len() + body.from.len();
                    let fits = page.len_bytes() + MESSAGE_BYTES + ESCAPE_BYTES * strings <= MAX_PAGE_BYTES;
                    if fits {
                        page.object(|m| self.received(m, &body));
                    }
                    fits
                });
                if fits == Some(false) {
                    break;
                }
                next = id;
            }
        });
        o.number("next", next);
    }

    fn page(
        &self,
        o: &mut Object<'_>,
        owner: Option<Origin>,
        state: Option<State>,
        after: MessageId,
        limit: u32,
    ) {
        let mut next = after;
        o.array("messages", |page| {
            for view in self.engine.list(after, state, owner).take(limit as usize) {
                let fits = self.bodies.body(view.id, |body| {
                    let strings = body.text.len() + body.tag.map_or(0, str::len);
                    let fits = page.len_bytes() + MESSAGE_BYTES + ESCAPE_BYTES * strings <= MAX_PAGE_BYTES;
                    if fits {
                        page.object(|m| self.message(m, &view, &body));
                    }
                    fits
                });
                if fits == Some(false) {
                    break;
                }
                next = view.id;
            }
        });
        o.number("next", next);
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
        let after_s = waiting.after_ms.map(|ms| ms.div_ceil(1000)).filter(|_| self.now.trusted);
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
