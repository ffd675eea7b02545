//! Records to fields and back. `docs/journal.md` lists every tag and type.

mod batch;
mod inbox;
mod opt_outs;
mod tags;
mod terms;
mod values;

use super::fields::{Fields, Malformed, put, put_count, put_flag, put_number, put_text};
use super::{
    Accepted, Body, Choice, Condition, Cursor, Daily, Dropped, EventKind, InboxIds, InboxWindow, Kept,
    LineUsage, Mark, Moved, OptIn, OptOut, Origin, Record, Replies, Seq, Started, Submitting, Tended, Used,
};
use crate::message::{ClientId, Number, OnUnknown, PackedNumber, Priority};

pub(super) use batch::{Batch, encode_events};
pub(super) use inbox::read_received;
use inbox::{marks, put_marks, put_received, received};
use tags::{kind, tag};
use values::{
    FIRST_DAYS, boot, choice, consumer, fence, id, job, known, line, month_starts, part, problem, put_fence,
    put_job, put_line, put_part, put_problem, put_stamp, received_id, stamp, state,
};

/// What the fields of a whole record say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decoded {
    Record(Record),
    Events(Batch),
    /// A type that may be passed over.
    Optional,
    /// A type that must not be passed over, and is not known.
    Newer(u8),
}

/// Appends the record's fields; gives its type.
pub(super) fn encode(record: &Record, into: &mut Vec<u8>) -> u8 {
    match record {
        Record::Accepted(accepted) => {
            put_accepted(into, accepted);
            kind::ACCEPTED
        }
        Record::Submitting(submitting) => {
            put_count(into, tag::ID, submitting.id.into());
            put_stamp(into, tag::AT, submitting.at);
            put(into, tag::BOOT, &submitting.boot.0);
            put_line(into, &submitting.line);
            put_fence(into, submitting.fence);
            if submitting.segments != 1 {
                put_number(into, tag::SEGMENTS, submitting.segments.into());
            }
            if submitting.month_starts != FIRST_DAYS {
                put(into, tag::MONTH_STARTS, &submitting.month_starts);
            }
            kind::SUBMITTING
        }
        Record::Moved(moved) => {
            put_count(into, tag::ID, moved.id.into());
            put_stamp(into, tag::AT, moved.at);
            put_count(into, tag::STATE, moved.state as u64);
            put_job(into, moved.job);
            put_problem(into, moved.problem);
            put_count(into, tag::PAUSE_S, moved.pause_s.into());
            if let Some(ttl_s) = moved.ttl_s {
                put_number(into, tag::TTL_S, ttl_s.into());
            }
            kind::MOVED
        }
        Record::Forgotten(id) => {
            put_count(into, tag::ID, (*id).into());
            kind::FORGOTTEN
        }
        Record::Started(started) => {
            put(into, tag::BOOT, &started.boot.0);
            put_stamp(into, tag::AT, started.at);
            kind::STARTED
        }
        Record::Line(line, job) => {
            put_line(into, line);
            put_job(into, *job);
            kind::LINE
        }
        Record::LineOpen(line, job) => {
            put_line(into, line);
            put_job(into, *job);
            put_flag(into, tag::OPEN, true);
            kind::LINE
        }
        Record::Kept(both) => {
            let (accepted, kept) = &**both;
            put_accepted(into, accepted);
            put_kept(into, kept);
            kind::KEPT
        }
        Record::Daily(daily) => {
            put_count(into, tag::ID, daily.up_to.into());
            put_number(into, tag::CLIENT, daily.client.0.into());
            put_count(into, tag::DAY, daily.day.into());
            put_count(into, tag::COUNT, daily.count.into());
            kind::DAILY
        }
        Record::Mark(mark) => {
            put_stamp(into, tag::AT, mark.at);
            put_part(into, &mark.part);
            put_count(into, tag::TENDED, mark.what as u64);
            put_count(into, tag::VALUE, u64::from(mark.value.cast_unsigned()));
            kind::MARK
        }
        Record::Condition(condition) => {
            put_stamp(into, tag::AT, condition.at);
            put_part(into, &condition.part);
            match condition.kind {
                EventKind::LineUp | EventKind::DeviceUp => put_flag(into, tag::UP, true),
                EventKind::LineDown | EventKind::DeviceDown => {}
                other => {
                    put_count(into, tag::EVENT, other.code().into());
                    return kind::NOTICE;
                }
            }
            kind::CONDITION
        }
        Record::Cursor(cursor) => {
            put_text(into, tag::CONSUMER, cursor.consumer.as_str());
            if let Some(seq) = cursor.seq {
                put_number(into, tag::SEQ, seq.into());
            }
            put_count(into, tag::TRIED_S, cursor.tried_s.into());
            kind::CURSOR
        }
        Record::Dropped(dropped) => {
            put_stamp(into, tag::AT, dropped.at);
            put_text(into, tag::CONSUMER, dropped.webhook.as_str());
            // The record's own event has the other tag.
            put_count(into, tag::DROPPED, dropped.seq.into());
            kind::DROPPED
        }
        Record::Received(received) => {
            put_received(into, received);
            kind::RECEIVED
        }
        Record::InboxWindow(window) => {
            put_stamp(into, tag::AT, window.at);
            put_line(into, &window.line);
            put_flag(into, tag::KNOWN, window.known);
            put_flag(into, tag::SETTLED, window.settled);
            put_flag(into, tag::GAP, window.gap);
            put_marks(into, &window.marks);
            kind::INBOX_WINDOW
        }
        Record::InboxIds(ids) => {
            put_count(into, tag::RECEIVED_ID, ids.newest.into());
            put_count(into, tag::FORGOTTEN_TO, ids.forgotten.into());
            kind::INBOX_IDS
        }
        Record::OptOut(opt_out) => {
            opt_outs::put_asked_for(into, opt_out.at);
            opt_outs::put_numbers(into, &opt_out.numbers);
            kind::OPT_OUT
        }
        Record::OptIn(opt_in) => {
            opt_outs::put_asked_for(into, opt_in.at);
            put(into, tag::NUMBER, opt_in.number.as_bytes());
            kind::OPT_IN
        }
        Record::Replies(replies) => {
            put_count(into, tag::ID, replies.up_to().into());
            put_count(into, tag::DAY, replies.day().into());
            put(into, tag::REPLIES, &replies.encode());
            kind::REPLIES
        }
        Record::Usage(usage) => {
            if let Some(line) = &usage.line {
                put_line(into, line);
            }
            put(into, tag::USED, &usage.used.encode());
            put_count(into, tag::BASE_MS, usage.base_ms);
            kind::USAGE
        }
    }
}

/// Appends the number of the event that a record tells.
pub(super) fn put_seq(into: &mut Vec<u8>, seq: Seq) {
    put_count(into, tag::SEQ, seq.into());
}

/// The number of the event that a record with those fields tells; 0 for none.
pub(super) fn seq(fields: &[u8]) -> Result<Seq, Malformed> {
    Fields::parse(fields)?.count(tag::SEQ)
}

/// The record of type `kind` with those fields.
pub(super) fn decode(kind: u8, fields: &[u8]) -> Result<Decoded, Malformed> {
    let f = &Fields::parse(fields)?;
    Ok(Decoded::Record(match kind {
        kind::ACCEPTED => Record::Accepted(accepted(f)?),
        kind::SUBMITTING => Record::Submitting(Submitting {
            id: id(f)?,
            at: stamp(f, tag::AT)?,
            boot: boot(f)?,
            line: line(f)?.ok_or(Malformed)?,
            fence: fence(f)?.ok_or(Malformed)?,
            segments: f.number(tag::SEGMENTS)?.unwrap_or(1),
            month_starts: month_starts(f)?,
        }),
        kind::MOVED => Record::Moved(Moved {
            id: id(f)?,
            at: stamp(f, tag::AT)?,
            state: state(f)?,
            job: job(f, tag::JOB)?,
            problem: problem(f)?,
            pause_s: f.count(tag::PAUSE_S)?,
            ttl_s: f.number(tag::TTL_S)?,
        }),
        kind::FORGOTTEN => Record::Forgotten(id(f)?),
        kind::STARTED => Record::Started(Started { boot: boot(f)?, at: stamp(f, tag::AT)? }),
        kind::LINE => {
            let (line, job) = (line(f)?.ok_or(Malformed)?, job(f, tag::JOB)?);
            if f.has(tag::OPEN) { Record::LineOpen(line, job) } else { Record::Line(line, job) }
        }
        kind::KEPT => Record::Kept(Box::new((accepted(f)?, kept(f)?))),
        kind::DAILY => Record::Daily(Daily {
            client: ClientId(known(f.number(tag::CLIENT)?)?),
            day: f.count(tag::DAY)?,
            count: f.count(tag::COUNT)?,
            up_to: f.count(tag::ID)?,
        }),
        kind::CONDITION | kind::NOTICE => {
            let part = part(f)?;
            let kind = match kind {
                kind::CONDITION => EventKind::of(&part, f.has(tag::UP)),
                // One that is not known is of a later version, and may be passed over.
                _ => match EventKind::from_code(f.count(tag::EVENT)?) {
                    Some(kind) => kind,
                    None => return Ok(Decoded::Optional),
                },
            };
            Record::Condition(Condition { at: stamp(f, tag::AT)?, part, kind })
        }
        kind::MARK => {
            // What a later version does is passed over.
            let Some(what) = Tended::from_code(f.count(tag::TENDED)?) else { return Ok(Decoded::Optional) };
            let value = f.count::<u32>(tag::VALUE)?.cast_signed();
            Record::Mark(Mark { at: stamp(f, tag::AT)?, part: part(f)?, what, value })
        }
        kind::CURSOR => Record::Cursor(Cursor {
            consumer: consumer(f)?,
            seq: f.number(tag::SEQ)?,
            tried_s: f.count(tag::TRIED_S)?,
        }),
        kind::DROPPED => Record::Dropped(Dropped {
            at: stamp(f, tag::AT)?,
            webhook: consumer(f)?,
            seq: f.count(tag::DROPPED)?,
        }),
        kind::RECEIVED => Record::Received(received(f)?),
        kind::INBOX_WINDOW => Record::InboxWindow(InboxWindow {
            at: stamp(f, tag::AT)?,
            line: line(f)?.ok_or(Malformed)?,
            known: f.has(tag::KNOWN),
            settled: f.has(tag::SETTLED),
            marks: marks(f)?,
            gap: f.has(tag::GAP),
        }),
        kind::INBOX_IDS => Record::InboxIds(InboxIds {
            newest: f.count(tag::RECEIVED_ID)?,
            forgotten: f.count(tag::FORGOTTEN_TO)?,
        }),
        kind::OPT_OUT => {
            Record::OptOut(OptOut { at: opt_outs::asked_for(f)?, numbers: opt_outs::numbers(f)? })
        }
        kind::OPT_IN => Record::OptIn(OptIn {
            at: opt_outs::asked_for(f)?,
            number: known(f.bytes(tag::NUMBER).and_then(PackedNumber::from_bytes))?,
        }),
        kind::REPLIES => {
            let bytes = f.bytes(tag::REPLIES).unwrap_or_default();
            Record::Replies(known(Replies::decode(f.count(tag::DAY)?, f.count(tag::ID)?, bytes))?)
        }
        kind::USAGE => Record::Usage(Box::new(LineUsage {
            line: line(f)?,
            used: known(f.bytes(tag::USED).and_then(Used::decode))?,
            base_ms: f.millis(tag::BASE_MS)?,
        })),
        kind::EVENTS => return Ok(Decoded::Events(batch::batch(f)?)),
        newer if newer < kind::FIRST_OPTIONAL => return Ok(Decoded::Newer(newer)),
        _ => return Ok(Decoded::Optional),
    }))
}

/// Calls `read` with the body in a record's fields, if it has one.
pub(super) fn read_body<R>(fields: &[u8], read: impl FnOnce(Body<'_>) -> R) -> Option<R> {
    let f = Fields::parse(fields).ok()?;
    let choice = choice(&f).ok()?;
    body(&f, &choice).ok().map(read)
}

fn body<'a>(f: &Fields<'a>, choice: &'a Choice) -> Result<Body<'a>, Malformed> {
    let [_, order, collapsed] = terms::chain(f)?;
    Ok(Body {
        to: known(f.text(tag::TO)?)?,
        text: known(f.text(tag::TEXT)?)?,
        origin: origin(f)?,
        choice,
        key: f.text(tag::KEY)?,
        tag: f.text(tag::TAG)?,
        at_s: terms::at_s(f, stamp(f, tag::AT)?.unix_s)?,
        collapse: f.text(tag::COLLAPSE)?,
        order,
        collapsed,
        group: f.text(tag::GROUP)?,
    })
}

fn put_accepted(into: &mut Vec<u8>, accepted: &Accepted) {
    put_count(into, tag::ID, accepted.id.into());
    put_stamp(into, tag::AT, accepted.at);
    match accepted.origin {
        Origin::Local => {}
        Origin::Client(client) => put_number(into, tag::CLIENT, client.0.into()),
        Origin::Reply(received) => put_number(into, tag::REPLY_TO, received.into()),
        Origin::Confirm(received) => put_number(into, tag::CONFIRM_TO, received.into()),
    }
    put_text(into, tag::TO, accepted.to.as_str());
    put_text(into, tag::TEXT, &accepted.text);
    match &accepted.choice {
        Choice::Any => {}
        Choice::Device(device) => put_text(into, tag::CHOICE_DEVICE, device),
        Choice::Line(line) => {
            put_text(into, tag::CHOICE_DEVICE, &line.device);
            put_number(into, tag::CHOICE_LINE, line.line.into());
        }
    }
    put_count(into, tag::TTL_S, accepted.ttl_s.into());
    if accepted.priority != Priority::Normal {
        put_number(into, tag::PRIORITY, accepted.priority as u64);
    }
    put_count(into, tag::ON_UNKNOWN, accepted.on_unknown as u64);
    for (tag, text) in [(tag::KEY, &accepted.key), (tag::TAG, &accepted.tag)] {
        if let Some(text) = text {
            put_text(into, tag, text);
        }
    }
    if let Some(terms) = &accepted.terms {
        terms::put_terms(into, terms);
    }
}

fn accepted(f: &Fields<'_>) -> Result<Accepted, Malformed> {
    let boxed = |tag| f.text(tag).map(|text| text.map(Box::from));
    let priority = match f.number::<u8>(tag::PRIORITY)? {
        None => Priority::Normal,
        Some(value) => known(Priority::ALL.into_iter().find(|&p| p as u8 == value))?,
    };
    let on_unknown = f.count::<u8>(tag::ON_UNKNOWN)?;
    Ok(Accepted {
        id: id(f)?,
        at: stamp(f, tag::AT)?,
        origin: origin(f)?,
        to: known(f.text(tag::TO)?.and_then(|to| Number::parse(to).ok()))?,
        text: known(boxed(tag::TEXT)?)?,
        choice: choice(f)?,
        ttl_s: f.count(tag::TTL_S)?,
        priority,
        on_unknown: known([OnUnknown::Hold, OnUnknown::Resend].into_iter().find(|&o| o as u8 == on_unknown))?,
        key: boxed(tag::KEY)?,
        tag: boxed(tag::TAG)?,
        terms: terms::terms(f)?,
    })
}

fn origin(f: &Fields<'_>) -> Result<Origin, Malformed> {
    let client = f.number(tag::CLIENT)?.map(|client| Origin::Client(ClientId(client)));
    let reply = f.number(tag::REPLY_TO)?.map(Origin::Reply);
    let confirm = f.number(tag::CONFIRM_TO)?.map(Origin::Confirm);
    Ok(client.or(reply).or(confirm).unwrap_or_default())
}

fn put_kept(into: &mut Vec<u8>, kept: &Kept) {
    put_stamp(into, tag::KEPT_AT, kept.at);
    put(into, tag::BOOT, &kept.boot.0);
    put_count(into, tag::STATE, kept.state as u64);
    put_count(into, tag::AGE_MS, kept.age_ms);
    put_count(into, tag::KEPT_TTL_S, kept.ttl_s.into());
    put_count(into, tag::CHANGED_S, kept.changed_s.into());
    put_count(into, tag::CHANGED_MS_AGO, kept.changed_ms_ago);
    if let Some(line) = &kept.line {
        put_line(into, line);
    }
    if let Some(fence) = kept.fence {
        put_fence(into, fence);
    }
    if let Some(ms) = kept.submitted_ms_ago {
        put_number(into, tag::SUBMITTED_MS_AGO, ms);
    }
    put_job(into, kept.job);
    put_problem(into, kept.problem);
    put_count(into, tag::ATTEMPTS, kept.attempts.into());
    put_count(into, tag::STRIKES, kept.strikes.into());
    put_count(into, tag::PAUSES, kept.pauses.into());
    put_count(into, tag::PAUSE_MS, kept.pause_ms);
    put_flag(into, tag::PERHAPS_SENT, kept.perhaps_sent);
}

fn kept(f: &Fields<'_>) -> Result<Kept, Malformed> {
    Ok(Kept {
        at: stamp(f, tag::KEPT_AT)?,
        boot: boot(f)?,
        state: state(f)?,
        age_ms: f.millis(tag::AGE_MS)?,
        ttl_s: f.count(tag::KEPT_TTL_S)?,
        changed_s: f.count(tag::CHANGED_S)?,
        changed_ms_ago: f.millis(tag::CHANGED_MS_AGO)?,
        line: line(f)?,
        fence: fence(f)?,
        submitted_ms_ago: f
            .has(tag::SUBMITTED_MS_AGO)
            .then(|| f.millis(tag::SUBMITTED_MS_AGO))
            .transpose()?,
        job: job(f, tag::JOB)?,
        problem: problem(f)?,
        attempts: f.count(tag::ATTEMPTS)?,
        strikes: f.count(tag::STRIKES)?,
        pauses: f.count(tag::PAUSES)?,
        pause_ms: f.millis(tag::PAUSE_MS)?,
        perhaps_sent: f.has(tag::PERHAPS_SENT),
    })
}

#[cfg(test)]
mod tests;
