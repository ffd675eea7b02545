//! Messages and events as they are written, one or a page of them.

use super::{Source, said};
use crate::api::json::{Object, object};
use crate::api::{Caller, InboxPage, rfc3339};
use crate::engine::View;
use crate::engine::inbox::device_unix_s;
use crate::journal::{Bodies, Body, Event, EventKind, Origin, ReceivedBody, Subject};
use crate::message::{MessageId, State};

/// A page of a list ends before it is larger than this: what a client has to have room for.
pub const MAX_PAGE_BYTES: usize = 48 * 1024;

/// What a message takes in JSON beside its text and tag, at most: names, ids, times, the number
/// and a problem's sentence.
pub(super) const MESSAGE_BYTES: usize = 768;

/// What the longest escape makes of one byte: `\u001f`.
const ESCAPE_BYTES: usize = 6;

impl<B: Bodies> Source<'_, B> {
    /// Calls `write` with message `id`, or gives the id back.
    pub(super) fn with_body(
        &self,
        id: MessageId,
        write: impl FnOnce(&View, &Body<'_>),
    ) -> Result<(), MessageId> {
        let view = self.engine.view(id).ok_or(id)?;
        self.bodies.body(id, |body| write(&view, &body)).ok_or(id)
    }

    pub(super) fn accepted(
        &self,
        o: &mut Object<'_>,
        id: MessageId,
        replayed: bool,
    ) -> Result<(), MessageId> {
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

    pub(super) fn inbox(&self, o: &mut Object<'_>, asked: InboxPage) {
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

    pub(super) fn page(
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
}
