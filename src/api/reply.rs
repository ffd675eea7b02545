//! Replies as they are written: one line of JSON or of plain words, without its line feed.

use super::json::{Object, object};
use super::{Answer, Form, json, rfc3339, words};
use crate::engine::{Engine, Now, View, not_found};
use crate::journal::{Bodies, Body, Counters, Origin};
use crate::message::{MessageId, Refusal, State};

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
        if let Err(id) = written {
            out.truncate(start);
            refusal(out, form, &not_found(id));
        }
    }

    /// Writes `answer` as an object without `ok`, where something else says that all is well.
    ///
    /// # Errors
    /// `not_found` for a message that was forgotten meanwhile; then nothing is written.
    pub fn write_plain(&self, out: &mut String, answer: Answer) -> Result<(), Refusal> {
        let start = out.len();
        object(out, |o| self.fields(o, answer)).map_err(|id| {
            out.truncate(start);
            not_found(id)
        })
    }

    fn words(&self, out: &mut String, answer: Answer) -> Result<(), MessageId> {
        match answer {
            Answer::Accepted { id, .. } => words::ok(out, id),
            Answer::Message(id) | Answer::Wait { id, .. } => {
                words::ok(out, self.engine.view(id).ok_or(id)?.state);
            }
            // The words for these two do not exist; their answers do.
            Answer::Page { .. } => words::ok(out, self.engine.counters().last_id),
            Answer::Lines => words::ok(out, self.engine.lines(self.now).count()),
            Answer::Daemon => words::ok(out, env!("CARGO_PKG_VERSION")),
        }
        Ok(())
    }

    /// Writes the answer's own fields.
    fn fields(&self, o: &mut Object<'_>, answer: Answer) -> Result<(), MessageId> {
        match answer {
            Answer::Accepted { id, replayed } => return self.accepted(o, id, replayed),
            Answer::Message(id) | Answer::Wait { id, .. } => {
                return self.with_body(id, |view, body| self.message(o, view, body));
            }
            Answer::Page { owner, state, after, limit } => self.page(o, owner, state, after, limit),
            Answer::Lines => self.lines(o),
            Answer::Daemon => self.daemon(o),
        }
        Ok(())
    }

    /// Calls `write` with message `id`, or gives the id back.
    fn with_body(&self, id: MessageId, write: impl FnOnce(&View, &Body<'_>)) -> Result<(), MessageId> {
        let view = self.engine.view(id).ok_or(id)?;
        self.bodies.body(id, |body| write(&view, &body)).ok_or(id)
    }

    fn accepted(&self, o: &mut Object<'_>, id: MessageId, replayed: bool) -> Result<(), MessageId> {
        self.with_body(id, |view, body| {
            o.number("id", view.id);
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
                    // The boxes are not asked for these three yet.
                    l.null("registered");
                    l.null("signal");
                    l.null("operator");
                    l.number("queued", line.queued);
                    l.string("state", line.state.as_str());
                    l.optional("reason", line.reason.as_deref());
                });
            }
        });
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

/// Replies have numbers of 32 bits.
fn written_count(count: u64) -> u32 {
    count as u32
}

/// What the box said, if it said anything.
fn said(words: &str) -> Option<&str> {
    Some(words).filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::testing::{NOW, World};
    use crate::message::{Problem, ProblemCode, Words};

    #[test]
    fn a_send_is_answered_with_what_became_of_it_so_far() {
        let mut world = World::new();
        assert_eq!(
            world.reply(r#"{"op":"send","to":"+49151","text":"Pump 3 stopped","key":"k","tag":"x"}"#),
            r#"{"ok":true,"id":1,"state":"queued","segments":1,"encoding":"gsm7","tag":"x"}"#
        );
        assert_eq!(
            world.reply(r#"{"op":"send","to":"+49151","text":"Pump 3 stopped","key":"k","tag":"y"}"#),
            r#"{"ok":true,"id":1,"state":"queued","segments":1,"encoding":"gsm7","tag":"x","replayed":true}"#
        );
        assert_eq!(
            world.reply(r#"{"op":"send","to":"12","text":"ć"}"#),
            r#"{"ok":true,"id":2,"state":"queued","segments":1,"encoding":"ucs2","tag":null}"#
        );
    }

    #[test]
    fn a_message_has_every_field_in_every_state() {
        let mut world = World::new();
        world.reply(r#"{"op":"send","to":"+49 151","text":"\"hi\"\n","line":"office/1","tag":"x"}"#);
        assert_eq!(
            world.reply(r#"{"op":"status","id":1}"#),
            r#"{"ok":true,"id":1,"to":"+49151","text":"\"hi\"\n","state":"queued","line":null,"segments":1,"encoding":"gsm7","created":"2026-11-22T07:00:00Z","updated":"2026-11-22T07:00:00Z","attempts":0,"device_id":null,"tag":"x","problem":null}"#
        );
        let later = Now { boot_ms: NOW.boot_ms + 1000, unix_s: NOW.unix_s + 1, ..NOW };
        world.submit(later);
        world.fail(later, "2172");
        assert_eq!(
            world.reply(r#"{"op":"wait","id":1}"#),
            r#"{"ok":true,"id":1,"to":"+49151","text":"\"hi\"\n","state":"failed","line":"office/1","segments":1,"encoding":"gsm7","created":"2026-11-22T07:00:00Z","updated":"2026-11-22T07:00:01Z","attempts":1,"device_id":"6a52acc8","tag":"x","problem":{"code":"rejected","device_code":"2172","message":"the network or the module did not take it: error 2172 (a module maker's own number; often no credit or a barred SIM)"}}"#
        );
    }

    #[test]
    fn plain_words_are_answered_with_plain_words() {
        let mut world = World::new();
        assert_eq!(world.reply("send +49151 Pump 3 stopped"), "ok 1");
        assert_eq!(world.reply("status 1"), "ok queued");
        assert_eq!(world.reply("cancel 1"), "ok cancelled");
        assert_eq!(world.reply("ping"), concat!("ok ", env!("CARGO_PKG_VERSION")));
        assert_eq!(
            world.reply("send 12x hello"),
            "error invalid_number '12x' is not a phone number: digits, and + in front, are allowed"
        );
    }

    #[test]
    fn a_list_is_walked_from_page_to_page_by_its_next() {
        let mut world = World::new();
        for _ in 0..5 {
            world.reply("send 12 a");
        }
        world.reply("cancel 3");
        let ids = |page: &str| -> Vec<String> {
            page.split("{\"id\":").skip(1).map(|m| m[..1].to_owned()).collect()
        };
        let page = world.reply(r#"{"op":"list","limit":2}"#);
        assert_eq!(ids(&page), ["1", "2"]);
        assert!(page.ends_with(r#"],"next":2}"#), "{page}");
        let page = world.reply(r#"{"op":"list","after":2,"state":"queued"}"#);
        assert_eq!(ids(&page), ["4", "5"]);
        assert!(page.ends_with(r#"],"next":5}"#), "{page}");
        assert_eq!(world.reply(r#"{"op":"list","after":5}"#), r#"{"ok":true,"messages":[],"next":5}"#);
        assert_eq!(world.reply(r#"{"op":"list","state":"sent"}"#), r#"{"ok":true,"messages":[],"next":0}"#);
    }

    #[test]
    fn a_page_ends_at_its_size_and_the_next_goes_on_there() {
        let mut world = World::new();
        let text = "\\u0001".repeat(670);
        for _ in 0..30 {
            let reply = world.reply(&format!(r#"{{"op":"send","to":"12","text":"{text}"}}"#));
            assert!(reply.starts_with("{\"ok\":true"), "{reply}");
        }
        let (mut after, mut pages) = (0, 0);
        while after < 30 {
            let page = world.reply(&format!(r#"{{"op":"list","after":{after},"limit":200}}"#));
            assert!(page.len() <= MAX_PAGE_BYTES + 64, "{}", page.len());
            let next = page.rsplit(':').next().unwrap().trim_end_matches('}').parse().unwrap();
            assert!(next > after);
            (after, pages) = (next, pages + 1);
        }
        assert_eq!(pages, 3);
    }

    #[test]
    fn a_message_that_failed_for_want_of_time_says_so() {
        let mut world = World::new();
        world.reply("send 12 a");
        world.submit(NOW);
        world.fail(NOW, "38");
        let sentence = "the network could not take it: error 38 (the network is out of order)";
        assert!(world.reply(r#"{"op":"status","id":1}"#).contains(&format!(r#""message":"{sentence}""#)));
        world.engine.turn(Now { boot_ms: NOW.boot_ms + 3_600_000, ..NOW });
        let late = world.reply(r#"{"op":"status","id":1}"#);
        assert!(late.contains(r#""state":"failed""#), "{late}");
        assert!(late.contains(&format!(r#""message":"its ttl ran out; {sentence}""#)), "{late}");
    }

    #[test]
    fn no_message_is_larger_than_a_page_counts_it() {
        let mut world = World::new();
        world.reply(r#"{"op":"send","to":"+12345678901234567890","text":"a","line":"office/1","tag":"t"}"#);
        world.submit(NOW);
        world.fail(NOW, "500");
        let fixed = world.reply(r#"{"op":"status","id":1}"#).len();
        let longest = ProblemCode::ALL
            .into_iter()
            .map(|code| Problem { code, device_code: Words::new(&"\"".repeat(23)) }.to_string().len())
            .max();
        // The device's longest name, and quotes in what the box said, which are written twice.
        assert!(fixed + longest.unwrap() + 32 + 2 * 23 <= MESSAGE_BYTES, "{fixed} {longest:?}");
    }

    #[test]
    fn lines_tell_whether_a_message_would_be_sent_and_why_not() {
        let mut world = World::new();
        world.reply("send 12 a");
        let lines = world.reply(r#"{"op":"lines"}"#);
        assert!(
            lines.starts_with(
                r#"{"ok":true,"lines":[{"line":"office/1","up":false,"registered":null,"signal":null,"operator":null,"queued":1,"state":"held","reason":"not asked yet"#
            ),
            "{lines}"
        );
        assert_eq!(lines.matches("\"line\":").count(), 3);
    }

    #[test]
    fn ping_tells_the_daemon_and_counts_the_messages() {
        let mut world = World::new();
        world.reply("send 12 a");
        assert_eq!(
            world.reply(r#"{"op":"ping"}"#),
            concat!(
                r#"{"ok":true,"version":""#,
                env!("CARGO_PKG_VERSION"),
                r#"","uptime":5,"journal":"j1","counters":{"queued":1,"submitting":0,"sending":0,"sent":0,"delivered":0,"undelivered":0,"failed":0,"unknown":0,"expired":0,"cancelled":0,"last_id":1,"journal_records":0,"journal_bytes":0,"journal_syncs":0,"journal_pages":0,"journal_failures":0}}"#
            )
        );
    }

    #[test]
    fn a_message_that_was_forgotten_meanwhile_is_not_found() {
        let world = World::new();
        let mut out = String::from("before");
        world.source().write(&mut out, Form::Words, Answer::Message(9));
        assert_eq!(out, "beforeerror not_found there is no message 9, or it is not kept any more");
    }
}
