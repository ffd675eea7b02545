//! The commands that ask the daemon: the request, what is shown of the reply, and the exit code.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::args::{NewMessage, Question, Wait};
use super::client::{Client, Request};
use super::output::{Column, Output, complain};
use super::reply::{EVENT_COLUMNS, INBOX_COLUMNS, MESSAGE_COLUMNS, Reply};
use super::{Exit, Failure};
use crate::api::request::{MAX_LIMIT, MAX_WAIT_S};
use crate::engine::CONTROL_WAIT_S;
use crate::message::{ErrorCode, MessageId, State};

/// The least time from one wait to the next, should a daemon end its waits at once.
const WAIT_PAUSE: Duration = Duration::from_secs(1);

/// A connection, and where its answers are shown.
pub(super) struct Session {
    client: Client,
    pub(super) output: Output,
}

impl Session {
    pub fn new(client: Client, output: Output) -> Self {
        Self { client, output }
    }

    /// Does what is asked for and shows the answer.
    ///
    /// # Errors
    /// Everything that makes an exit code other than `Done`.
    pub fn ask(mut self, question: Question) -> Result<(), Failure> {
        match &question {
            Question::Send(new) => self.send(new),
            Question::Status(id) => {
                self.show(&Request::asking("status", |o| o.number("id", *id)), |r, out| r.show_message(out))
            }
            Question::Explain(id) => {
                self.show(&Request::asking("explain", |o| o.number("id", *id)), |r, out| r.show_waiting(out))
            }
            Question::Estimate(new) => {
                let request = Request::asking("estimate", |o| {
                    o.string("to", &new.to);
                    o.string("text", &new.text);
                    for (name, value) in [("line", &new.line), ("priority", &new.priority), ("at", &new.at)] {
                        if let Some(value) = value {
                            o.string(name, value);
                        }
                    }
                });
                self.show(&request, |r, out| r.show_waiting(out))
            }
            Question::List { state, after, limit } => self.list(state.as_deref(), *after, *limit),
            Question::Cancel(id) => {
                self.change(&Request::acting("cancel", |o| o.number("id", *id))).map(|_| ())
            }
            Question::Resend(id) => {
                self.change(&Request::acting("resend", |o| o.number("id", *id))).map(|_| ())
            }
            Question::Events { after, consumer } => self.events(*after, consumer.as_deref()),
            Question::Inbox { after, limit, follow } => self.inbox(*after, *limit, *follow),
            Question::Lines => self.show(&Request::asking("lines", |_| {}), |r, out| r.show_lines(out)),
            Question::OptOut(opt_out) => self.opt_out(opt_out),
            Question::Control(op, [target, how]) => self.control(op, target, how),
            Question::Ping => self.show(&Request::asking("ping", |_| {}), |r, out| r.show_daemon(out)),
        }
    }

    fn send(&mut self, new: &NewMessage) -> Result<(), Failure> {
        let request = Request::acting("send", |o| {
            o.string("to", &new.to);
            o.string("text", &new.text);
            for (name, value) in [
                ("line", &new.line),
                ("key", &new.key),
                ("tag", &new.tag),
                ("priority", &new.priority),
                ("on_unknown", &new.on_unknown),
                ("at", &new.at),
                ("collapse", &new.collapse),
            ] {
                if let Some(value) = value {
                    o.string(name, value);
                }
            }
            if let Some(ttl_s) = new.ttl_s {
                o.number("ttl", ttl_s);
            }
        });
        let (id, count, replayed) = self.change(&request)?;
        if replayed {
            complain(&format!("this key was used before, for message {id}; nothing new was queued"));
        }
        let limit_s = match new.wait {
            Wait::No => return Ok(()),
            Wait::UntilFinal => None,
            Wait::AtMost(limit_s) => Some(limit_s),
        };
        // The first that went wrong counts, and all are waited for.
        let mut result = Ok(());
        for id in id..id.saturating_add(count) {
            let end = self.wait(id, limit_s);
            result = result.and(end);
        }
        result
    }

    /// Waits until the message is final, or for `limit_s` seconds.
    fn wait(&mut self, id: MessageId, limit_s: Option<u32>) -> Result<(), Failure> {
        let start = Instant::now();
        let mut left_s = limit_s.unwrap_or(MAX_WAIT_S);
        loop {
            let asked = Instant::now();
            let request = Request::waiting(id, left_s.min(MAX_WAIT_S));
            let line = self.granted(&request).map_err(|failure| {
                // The message is accepted: no exit code may say that it is not.
                let message = &failure.message;
                let message = format!("message {id} is queued, but {message}; see 'goipctl status {id}'");
                Failure::new(Exit::Unknown, message)
            })?;
            let message = Reply::parse(&line).map_err(|why| request.lost(&why))?;
            let state = message.text("state").unwrap_or("-".into());
            let known = State::from_name(&state);
            if known.is_none_or(State::is_final) {
                self.print(&line, |out| out.line(&format!("{id} {state}")))?;
                return outcome(id, known, &message);
            }
            if let Some(limit_s) = limit_s {
                left_s = u32::try_from(start.elapsed().as_secs()).map_or(0, |s| limit_s.saturating_sub(s));
                if left_s == 0 {
                    let message = format!(
                        "message {id} is {state} after {limit_s} s; goipd goes on with it, see 'goipctl status {id}'"
                    );
                    return Err(Failure::new(Exit::WaitRanOut, message));
                }
            }
            sleep(WAIT_PAUSE.saturating_sub(asked.elapsed()));
        }
    }

    /// Shows at most `limit` messages, page by page.
    fn list(&mut self, state: Option<&str>, after: Option<u32>, limit: Option<u32>) -> Result<(), Failure> {
        let mut after = after.unwrap_or(0);
        let mut left = limit.unwrap_or(u32::MAX);
        let mut head = Some(&MESSAGE_COLUMNS[..]);
        while left > 0 && !self.output.gone {
            let request = Request::asking("list", |o| {
                if let Some(state) = state {
                    o.string("state", state);
                }
                o.number("after", after);
                o.number("limit", left.min(MAX_LIMIT));
            });
            let (count, next) =
                self.page(&request, head.take(), |message, out| message.show_message_row(out))?;
            // A page can be short because its texts are long, so only a cursor that stands still
            // is the end.
            match next {
                Some(next) if next > after => after = next,
                _ => break,
            }
            left = left.saturating_sub(count);
        }
        Ok(())
    }

    /// Shows at most `limit` received messages, page by page; with `follow` goes on with each as it
    /// comes, until goipd or the reader goes away.
    fn inbox(&mut self, after: Option<u32>, limit: Option<u32>, follow: bool) -> Result<(), Failure> {
        let mut after = after.unwrap_or(0);
        let mut left = limit.unwrap_or(u32::MAX);
        let (mut head, mut wait_s) = (Some(&INBOX_COLUMNS[..]), 0);
        while left > 0 && !self.output.gone {
            let asked = Instant::now();
            let request = Request::asking("inbox", |o| {
                o.number("after", after);
                o.number("limit", left.min(MAX_LIMIT));
                if wait_s > 0 {
                    o.number("wait", wait_s);
                }
            });
            let request = request.within(wait_s);
            let (count, next) =
                self.page(&request, head.take(), |message, out| message.show_received_row(out))?;
            match next {
                Some(next) if next > after => after = next,
                _ if !follow => break,
                _ if wait_s > 0 => sleep(WAIT_PAUSE.saturating_sub(asked.elapsed())),
                _ => wait_s = MAX_WAIT_S,
            }
            left = left.saturating_sub(count);
        }
        Ok(())
    }

    /// Prints a page of messages, beneath `head` if that is given; says how many there are, and the
    /// cursor behind them.
    fn page(
        &mut self,
        request: &Request,
        head: Option<&[Column]>,
        row: fn(&Reply<'_>, &mut Output) -> Result<(), Failure>,
    ) -> Result<(u32, Option<u32>), Failure> {
        let line = self.granted(request)?;
        let page = Reply::parse(&line).map_err(|why| request.lost(&why))?;
        let messages = page.list("messages");
        if head.is_some() || !messages.is_empty() {
            self.print(&line, |out| {
                head.map_or(Ok(()), |head| out.head(head))?;
                messages.iter().try_for_each(|message| row(message, out))
            })?;
        }
        Ok((messages.len() as u32, page.number("next")))
    }

    /// Shows each event as it comes, until goipd or the reader goes away.
    fn events(&mut self, after: Option<u32>, consumer: Option<&str>) -> Result<(), Failure> {
        let request = Request::asking("events", |o| {
            if let Some(after) = after {
                o.number("after", after);
            }
            if let Some(consumer) = consumer {
                o.string("consumer", consumer);
            }
        });
        let mut line = self.granted(&request)?;
        if !self.output.json {
            self.output.head(&EVENT_COLUMNS)?;
        }
        // The newest one that was printed, and is not acknowledged yet.
        let mut printed = None;
        loop {
            let reply = Reply::parse(&line).map_err(|why| request.lost(&why))?;
            match reply.flag("ok") {
                // An event.
                None => {
                    self.print(&line, |out| reply.show_event_row(out))?;
                    printed = reply.number("seq");
                }
                Some(true) if reply.flag("reset") == Some(true) => {
                    complain("events have been missed: they are not kept any more");
                }
                Some(true) => {}
                Some(false) => return Err(self.refused(&line, &reply)),
            }
            if self.output.gone {
                return Ok(());
            }
            if let (Some(consumer), Some(seq), false) = (consumer, printed, self.client.has_line()) {
                printed = None;
                self.client.tell(&Request::asking("ack", |o| {
                    o.string("consumer", consumer);
                    o.number("seq", seq);
                }))?;
            }
            drop(reply);
            line = self.client.listen()?;
        }
    }

    /// Asks for a change of a message and shows its id and its state; says whether that had been
    /// asked for before.
    fn change(&mut self, request: &Request) -> Result<(MessageId, u32, bool), Failure> {
        let line = self.granted(request)?;
        let message = Reply::parse(&line).map_err(|why| request.lost(&why))?;
        let (Some(id), Some(state)) = (message.number("id"), message.text("state")) else {
            return Err(request.lost("goipd's reply tells no id and state"));
        };
        // Several have ids one behind the other.
        let count = message.text("ids").map_or(1, |ids| ids.split(',').count() as u32);
        self.print(&line, |out| {
            (id..id.saturating_add(count)).try_for_each(|id| out.line(&format!("{id} {state}")))
        })?;
        if let Some(skipped) = message.text("skipped") {
            complain(&format!("left out, because they have opted out: {skipped}"));
        }
        Ok((id, count, message.flag("replayed") == Some(true)))
    }

    /// Has something done to a box, and prints what that answers.
    fn control(&mut self, op: &str, target: &str, how: &str) -> Result<(), Failure> {
        let names = match op {
            "line" => ["line", "power"],
            "ussd" => ["line", "code"],
            _ => ["device", "action"],
        };
        let request = Request::acting(op, |o| {
            o.string(names[0], target);
            o.string(names[1], how);
        });
        let request = request.within(CONTROL_WAIT_S);
        let line = self.granted(&request)?;
        let reply = Reply::parse(&line).map_err(|why| request.lost(&why))?;
        let text = reply.text("text").unwrap_or_default();
        self.print(&line, |out| if text.is_empty() { out.line("ok") } else { out.shown(&text) })
    }

    fn show(
        &mut self,
        request: &Request,
        show: fn(&Reply<'_>, &mut Output) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let line = self.granted(request)?;
        let reply = Reply::parse(&line).map_err(|why| request.lost(&why))?;
        self.print(&line, |out| show(&reply, out))
    }

    /// Prints the reply as it came if that is asked for, or what `show` makes of it.
    pub(super) fn print(
        &mut self,
        line: &str,
        show: impl FnOnce(&mut Output) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if self.output.json { self.output.line(line) } else { show(&mut self.output) }
    }

    /// The reply line to `request`, if that is not refused.
    pub(super) fn granted(&mut self, request: &Request) -> Result<String, Failure> {
        let line = self.client.exchange(request)?;
        let reply = Reply::parse(&line).map_err(|why| request.lost(&why))?;
        match reply.flag("ok") {
            Some(true) => {}
            Some(false) => return Err(self.refused(&line, &reply)),
            None => return Err(request.lost("goipd's reply is not understood (no field 'ok')")),
        }
        drop(reply);
        Ok(line)
    }

    /// The failure that a refusal is; with `--json` it is printed too.
    fn refused(&mut self, line: &str, reply: &Reply<'_>) -> Failure {
        if self.output.json
            && let Err(failure) = self.output.line(line)
        {
            return failure;
        }
        let [code, sentence] = ["error", "message"].map(|name| reply.text(name).unwrap_or_default());
        let exit = if code == ErrorCode::Unknown.as_str() { Exit::Unknown } else { Exit::Refused };
        Failure::new(exit, [&*code, " ", &*sentence].concat())
    }
}

/// What a final state means to whom waited for it; `None` is a state that this goipctl does not
/// know.
fn outcome(id: MessageId, state: Option<State>, message: &Reply<'_>) -> Result<(), Failure> {
    let reason = message.reason();
    let colon = if reason.is_some() { ": " } else { "" };
    let reason = reason.unwrap_or_default();
    match state {
        Some(State::Sent | State::Delivered) => Ok(()),
        Some(State::Unknown) => {
            let cure = format!("'goipctl resend {id}' sends it, perhaps a second time");
            let message = format!("nobody knows whether message {id} was sent{colon}{reason}; {cure}");
            Err(Failure::new(Exit::Unknown, message))
        }
        Some(state) => {
            let is = if matches!(state, State::Failed | State::Expired) { "" } else { "is " };
            let message = format!("message {id} {is}{state}{colon}{reason}");
            Err(Failure::new(Exit::Failed, message))
        }
        None => {
            let message = format!("the state of message {id} is not known to this goipctl; is goipd newer?");
            Err(Failure::new(Exit::Unknown, message))
        }
    }
}
