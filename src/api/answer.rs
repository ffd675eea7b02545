//! What each request does. Every door comes through here; [`super::reply`] writes what is told.

use core::fmt::Write;

use super::request::From;
use super::{Request, SendRequest, bad_request, opt_outs};
use crate::engine::{
    CONTROL_WAIT_S, Choice, Engine, Group, LineSet, MAX_RECEIVERS, NewMessage, Now, Settings, Thought,
    not_found,
};
use crate::journal::{Bodies, Origin, Seq, Ticket};
use crate::message::{
    Encoding, ErrorCode, MessageId, Number, PackedNumber, Quoted, ReceivedId, Refusal, State, check_text,
    foreign,
};

/// What a request that was not refused is answered with. What an answer shows is read when it is
/// written, so that it is never older than the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A message was accepted, now or before under the same key.
    Accepted {
        /// The message, the first of several.
        id: MessageId,
        /// Whether it had been accepted before.
        replayed: bool,
    },
    /// A message as it is now.
    Message(MessageId),
    /// A message as it is once its state is final or the time is up, whichever comes first.
    Wait {
        /// The message.
        id: MessageId,
        /// Seconds to wait, from 1.
        timeout_s: u32,
    },
    /// A page of messages.
    Page {
        /// Only those of this one.
        owner: Option<Origin>,
        /// Only those in this state.
        state: Option<State>,
        /// Only those with a higher id.
        after: MessageId,
        /// So many at most.
        limit: u32,
    },
    /// A page of received messages, as it is once there is one or the time is up.
    Inbox(InboxPage),
    /// All lines.
    Lines,
    /// Each event as it comes; [`super::reply::Source::event`] writes them.
    Events {
        /// They begin behind this one.
        after: Seq,
        /// Events behind the one that was asked for are not kept any more, or it never was.
        reset: bool,
        /// The consumer was not known before.
        new: bool,
    },
    /// A consumer is done with the events up to this one.
    Acked(Seq),
    /// Whether a number has opted out.
    OptOut(PackedNumber),
    /// So many numbers were not on the list before.
    OptedOut(u32),
    /// A page of numbers that opted out.
    OptOuts {
        /// Only those behind this one.
        after: Option<PackedNumber>,
        /// So many at most.
        limit: u32,
    },
    /// What came of something that was to be done to a box, as soon as that is known.
    Control(u32),
    /// Why a message waits, or what became of it.
    Explained(MessageId),
    /// Where a message would go.
    Estimated(Estimate),
    /// The daemon itself.
    Daemon,
}

/// A message that is only thought of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// What its way depends on.
    pub thought: Thought,
    /// What its text comes to, to all receivers together.
    pub segments: u32,
    /// Of its text.
    pub encoding: Encoding,
    /// The first characters that are not in GSM-7, each once; the others are NUL.
    pub forcing: [char; FORCING],
}

/// So many characters that force UCS-2 are named.
const FORCING: usize = 10;

impl Answer {
    /// Seconds for which it is waited; 0 for not at all.
    pub fn wait_s(self) -> u32 {
        match self {
            Self::Wait { timeout_s, .. } => timeout_s,
            Self::Inbox(page) => page.wait_s,
            Self::Control(_) => CONTROL_WAIT_S,
            _ => 0,
        }
    }
}

/// A page of received messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxPage {
    /// Only those that came in on these lines.
    pub lines: LineSet,
    /// Only those with a higher id.
    pub after: ReceivedId,
    /// So many at most.
    pub limit: u32,
    /// Seconds to wait for one; 0 for not at all.
    pub wait_s: u32,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Whose messages its own are.
    pub origin: Origin,
    /// Whether it sees all messages; else it is as if there were only its own.
    pub all: bool,
    /// The lines of which it sees what they receive.
    pub inbox: LineSet,
}

impl Caller {
    /// Whoever may open the local socket.
    pub const LOCAL: Self = Self { origin: Origin::Local, all: true, inbox: LineSet::ALL };

    /// Whose messages it sees; `None` for all.
    pub fn owner(self) -> Option<Origin> {
        (!self.all).then_some(self.origin)
    }
}

/// Does what `request` asks for. The answer may be shown once the ticket is durable.
///
/// Records that this has led to must have reached the journal before the answer is written: it
/// shows what they say.
///
/// # Errors
/// The refusal; nothing was changed.
pub fn answer(
    request: Request,
    caller: Caller,
    now: Now,
    engine: &mut Engine,
    bodies: &impl Bodies,
) -> Result<(Answer, Ticket), Refusal> {
    /// The ticket of whatever changes nothing.
    const AT_ONCE: Ticket = 0;
    Ok(match request {
        Request::Send(send) => {
            let new = check(send, caller.origin, engine.settings())?;
            let receipt = engine.accept(now, new, bodies)?;
            (Answer::Accepted { id: receipt.id, replayed: receipt.replayed }, receipt.after)
        }
        Request::Status { id } => (Answer::Message(known(engine, caller, id)?), AT_ONCE),
        Request::Wait { id, timeout_s } => {
            (Answer::Wait { id: known(engine, caller, id)?, timeout_s }, AT_ONCE)
        }
        Request::List { state, after, limit } => {
            let owner = caller.owner();
            (Answer::Page { owner, state, after: after.unwrap_or(0), limit }, AT_ONCE)
        }
        Request::Cancel { id } => {
            let id = known(engine, caller, id)?;
            (Answer::Message(id), engine.cancel(now, id)?.after)
        }
        Request::Resend { id } => {
            let id = known(engine, caller, id)?;
            (Answer::Message(id), engine.resend(now, id)?.after)
        }
        Request::Inbox { after, limit, wait_s } => {
            let page = InboxPage { lines: caller.inbox, after: after.unwrap_or(0), limit, wait_s };
            (Answer::Inbox(page), AT_ONCE)
        }
        Request::Lines => (Answer::Lines, AT_ONCE),
        Request::Control { target, wish } => (Answer::Control(engine.control(now, &target, wish)?), AT_ONCE),
        Request::Events { from } => {
            let events = bodies.events();
            let (after, new, ticket) = match from {
                From::Oldest => (None, false, AT_ONCE),
                From::After(after) => (Some(after), false, AT_ONCE),
                From::Consumer(consumer) => {
                    let place = engine.consumer(consumer, events)?;
                    (Some(place.seq), place.new, place.after)
                }
            };
            let (after, reset) = events.begin(after);
            (Answer::Events { after, reset, new }, ticket)
        }
        Request::Ack { consumer, seq } => {
            let (seq, ticket) = engine.ack(consumer, seq, bodies.events())?;
            (Answer::Acked(seq), ticket)
        }
        Request::OptOuts { after, limit } => {
            (Answer::OptOuts { after: opt_outs::after(after.as_deref(), engine)?, limit }, AT_ONCE)
        }
        Request::OptOut { number, act } => opt_outs::one(&number, act, now, engine, bodies)?,
        Request::OptOutAll { numbers } => opt_outs::all(&numbers, now, engine, bodies)?,
        Request::Explain { id } => (Answer::Explained(known(engine, caller, id)?), AT_ONCE),
        Request::Estimate(send) => (Answer::Estimated(estimate(*send, caller.origin, now, engine)?), AT_ONCE),
        Request::Ping => (Answer::Daemon, AT_ONCE),
    })
}

/// The message, if there is one that the caller sees.
fn known(engine: &Engine, caller: Caller, id: MessageId) -> Result<MessageId, Refusal> {
    let seen = engine.view(id).filter(|view| caller.owner().is_none_or(|owner| owner == view.origin));
    seen.map(|view| view.id).ok_or_else(|| not_found(id))
}

/// The message that `send` asks for, if number, text and line are acceptable.
fn check(send: SendRequest, origin: Origin, settings: &Settings) -> Result<NewMessage, Refusal> {
    let (mut others, group) = receivers(&send.to, settings)?;
    let to = others.remove(0);
    Ok(NewMessage {
        origin,
        to,
        shape: check_text(&send.text, settings.max_segments)?,
        text: send.text.into(),
        choice: choice(send.line.as_deref(), settings)?,
        ttl_s: send.ttl_s,
        key: send.key.map(Into::into),
        tag: send.tag.map(Into::into),
        on_unknown: send.on_unknown,
        priority: send.priority,
        at: send.at,
        collapse: send.collapse.map(Into::into),
        group,
        others,
    })
}

/// Numbers and groups in one request, at most.
const MAX_LISTED: usize = 16;

/// The receivers that the field `to` means, at least one and without doubles; and, unless it is one
/// number alone, how they were asked for.
///
/// # Errors
/// `invalid_number`; `bad_request` if there are too many.
pub fn receivers(to: &str, settings: &Settings) -> Result<(Vec<Number>, Option<Box<str>>), Refusal> {
    if !to.contains([',', '@']) {
        return Ok((vec![Number::parse(to)?], None));
    }
    let mut numbers: Vec<Number> = Vec::new();
    let mut asked = String::new();
    for (place, item) in to.split_terminator(',').enumerate() {
        asked.push_str(if place > 0 { "," } else { "" });
        let item = item.trim_ascii();
        let list = match item.strip_prefix('@') {
            Some(name) => {
                asked.push_str(item);
                &group(name, settings)?.numbers
            }
            None => item,
        };
        for text in list.split_terminator(',') {
            let number = Number::parse(text)?;
            if list == item {
                asked.push_str(number.as_str());
            }
            let spelling = &settings.rules.opt_out.spelling;
            if !numbers.iter().any(|known| spelling.canonical(known) == spelling.canonical(&number)) {
                numbers.push(number);
            }
        }
        if place >= MAX_LISTED || numbers.len() > MAX_RECEIVERS {
            return Err(bad_request(format!(
                "the field 'to' takes {MAX_LISTED} numbers and groups, and {MAX_RECEIVERS} receivers in all; send twice"
            )));
        }
    }
    if numbers.is_empty() {
        return Err(bad_request("the field 'to' names no receiver; write a number or @GROUP"));
    }
    Ok((numbers, Some(asked.into())))
}

fn group<'a>(name: &str, settings: &'a Settings) -> Result<&'a Group, Refusal> {
    settings.terms.groups.iter().find(|group| *group.name == *name).ok_or_else(|| {
        let mut known = String::new();
        for group in &settings.terms.groups {
            known.push_str(if known.is_empty() { "; there are @" } else { ", @" });
            known.push_str(&group.name);
        }
        let message = format!("no group {} is configured{known}", Quoted(name));
        Refusal::new(ErrorCode::InvalidNumber, message)
    })
}

/// What is known of a message that is only thought of.
fn estimate(send: SendRequest, origin: Origin, now: Now, engine: &Engine) -> Result<Estimate, Refusal> {
    let (mut forcing, mut rest) = (['\0'; FORCING], send.text.as_str());
    let mut place = 0;
    while let Some(c) = foreign(rest).filter(|_| place < FORCING) {
        if !forcing.contains(&c) {
            forcing[place] = c;
            place += 1;
        }
        rest = rest.split_once(c).map_or("", |(_, behind)| behind);
    }
    let mut new = check(send, origin, engine.settings())?;
    Engine::check_at(now, &mut new)?;
    let segments = u32::from(new.shape.segments) * (1 + new.others.len() as u32);
    Ok(Estimate { thought: engine.thought(now, &new), segments, encoding: new.shape.encoding, forcing })
}

/// The lines that the field `line` means.
///
/// # Errors
/// `unknown_line`, with those that there are.
pub fn choice(line: Option<&str>, settings: &Settings) -> Result<Choice, Refusal> {
    match line {
        None => Ok(Choice::Any),
        Some(name) => settings.choice(name).ok_or_else(|| unknown_line(name, settings)),
    }
}

fn unknown_line(name: &str, settings: &Settings) -> Refusal {
    let mut message = format!("no line {} is configured; there are", Quoted(name));
    for (place, device) in settings.devices.iter().enumerate() {
        // Writing to a String does not fail.
        let _ = write!(message, "{} {}/1", if place > 0 { "," } else { "" }, device.name);
        if device.lines > 1 {
            let _ = write!(message, " to {}/{}", device.name, device.lines);
        }
    }
    Refusal::new(ErrorCode::UnknownLine, message)
}

#[cfg(test)]
mod tests;
