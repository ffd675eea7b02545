//! Records to fields and back. `docs/journal.md` lists every tag and type.

use heapless::String;

use super::events::Entry;
use super::fields::{Fields, Malformed, put, put_count, put_flag, put_number, put_text};
use super::{
    Accepted, Body, BootId, Choice, Condition, Cursor, Daily, EventKind, Events, Fence, Kept, Moved, Origin,
    Record, Seq, Stamp, Started, Submitting,
};
use crate::message::{
    ClientId, ConsumerName, JobId, LineName, MessageId, Number, OnUnknown, Part, Priority, Problem,
    ProblemCode, State, Words,
};

/// The types of records. From 128 on, one that is not known may be passed over; below, it means
/// that a newer goipd has written here.
mod kind {
    pub const ACCEPTED: u8 = 1;
    pub const SUBMITTING: u8 = 2;
    pub const MOVED: u8 = 3;
    pub const FORGOTTEN: u8 = 4;
    pub const STARTED: u8 = 5;
    pub const KEPT: u8 = 6;
    pub const LINE: u8 = 7;
    pub const FIRST_OPTIONAL: u8 = 128;
    pub const DAILY: u8 = 128;
    pub const CONDITION: u8 = 129;
    pub const CURSOR: u8 = 130;
    pub const EVENTS: u8 = 131;
}

/// The tags of fields, one meaning each in all records.
mod tag {
    pub const ID: u8 = 1;
    pub const AT: super::StampTags = super::StampTags { unix_s: 2, trusted: 3, boot_ms: 4 };
    pub const BOOT: u8 = 5;
    pub const CLIENT: u8 = 6;
    pub const TO: u8 = 7;
    pub const TEXT: u8 = 8;
    pub const CHOICE_DEVICE: u8 = 9;
    pub const CHOICE_LINE: u8 = 10;
    pub const TTL_S: u8 = 11;
    pub const PRIORITY: u8 = 12;
    pub const ON_UNKNOWN: u8 = 13;
    pub const KEY: u8 = 14;
    pub const TAG: u8 = 15;
    pub const DEVICE: u8 = 16;
    pub const LINE: u8 = 17;
    pub const FENCE_JOB: u8 = 18;
    pub const FENCE_DECIDES: u8 = 19;
    pub const STATE: u8 = 20;
    pub const JOB: u8 = 21;
    pub const PROBLEM: u8 = 22;
    pub const DEVICE_CODE: u8 = 23;
    pub const PAUSE_S: u8 = 24;
    pub const KEPT_AT: super::StampTags = super::StampTags { unix_s: 25, trusted: 26, boot_ms: 27 };
    pub const KEPT_TTL_S: u8 = 28;
    pub const AGE_MS: u8 = 29;
    pub const CHANGED_S: u8 = 30;
    pub const CHANGED_MS_AGO: u8 = 31;
    pub const SUBMITTED_MS_AGO: u8 = 32;
    pub const ATTEMPTS: u8 = 33;
    pub const STRIKES: u8 = 34;
    pub const PAUSES: u8 = 35;
    pub const PAUSE_MS: u8 = 36;
    pub const PERHAPS_SENT: u8 = 37;
    pub const DAY: u8 = 38;
    pub const COUNT: u8 = 39;
    pub const SEQ: u8 = 40;
    pub const UP: u8 = 41;
    pub const CONSUMER: u8 = 42;
    pub const EVENTS: u8 = 43;
    pub const NAMES: u8 = 44;
}

#[derive(Clone, Copy)]
struct StampTags {
    unix_s: u8,
    trusted: u8,
    boot_ms: u8,
}

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

/// Events that were copied forward, and how far events were numbered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// Numbers up to this one have been given out.
    pub newest: Seq,
    /// The events; the subject of a device's or line's is the place of its name.
    pub entries: Vec<Entry>,
    pub names: Vec<Part>,
}

/// What an event takes in a batch: number, time and subject, 4 bytes each, and the kind.
const ENTRY_BYTES: usize = 13;

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
        Record::Condition(condition) => {
            put_stamp(into, tag::AT, condition.at);
            put_text(into, tag::DEVICE, &condition.part.device);
            if let Some(line) = condition.part.line {
                put_number(into, tag::LINE, line.into());
            }
            put_flag(into, tag::UP, condition.up);
            kind::CONDITION
        }
        Record::Cursor(cursor) => {
            put_text(into, tag::CONSUMER, cursor.consumer.as_str());
            if let Some(seq) = cursor.seq {
                put_number(into, tag::SEQ, seq.into());
            }
            kind::CURSOR
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

/// Appends the fields of a batch of `entries`; gives its type. Numbers up to `newest` have been
/// given out.
pub(super) fn encode_events(into: &mut Vec<u8>, newest: Seq, entries: &[Entry], events: &Events) -> u8 {
    put_count(into, tag::SEQ, newest.into());
    let mut names = Vec::new();
    let mut bytes = Vec::with_capacity(entries.len() * ENTRY_BYTES);
    for entry in entries {
        let mut subject = entry.subject;
        if !matches!(entry.kind, EventKind::Message(_)) {
            let Some(name) = events.name(subject) else { continue };
            let place = names.iter().position(|known| *known == name).unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            });
            subject = place as u32;
        }
        for number in [entry.seq, entry.unix_s, subject] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.push(entry.kind.code());
    }
    if !bytes.is_empty() {
        put(into, tag::EVENTS, &bytes);
    }
    if !names.is_empty() {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        put_text(into, tag::NAMES, &names.join(" "));
    }
    kind::EVENTS
}

fn batch(f: &Fields<'_>) -> Result<Batch, Malformed> {
    let bytes = f.bytes(tag::EVENTS).unwrap_or_default();
    let (items, []) = bytes.as_chunks::<ENTRY_BYTES>() else { return Err(Malformed) };
    let names = f.text(tag::NAMES)?.unwrap_or_default().split_terminator(' ');
    let names = names.map(|name| known(Part::parse(name))).collect::<Result<Vec<_>, _>>()?;
    let mut entries = Vec::with_capacity(items.len());
    for &[s0, s1, s2, s3, t0, t1, t2, t3, i0, i1, i2, i3, code] in items {
        let seq = u32::from_le_bytes([s0, s1, s2, s3]);
        let unix_s = u32::from_le_bytes([t0, t1, t2, t3]);
        let subject = u32::from_le_bytes([i0, i1, i2, i3]);
        if seq == 0 {
            return Err(Malformed);
        }
        // A later version may have kinds of its own.
        entries.extend(EventKind::from_code(code).map(|kind| Entry {
            seq,
            unix_s,
            subject,
            segment: 0,
            kind,
        }));
    }
    Ok(Batch { newest: f.count(tag::SEQ)?, entries, names })
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
        kind::LINE => Record::Line(line(f)?.ok_or(Malformed)?, job(f, tag::JOB)?),
        kind::KEPT => Record::Kept(Box::new((accepted(f)?, kept(f)?))),
        kind::DAILY => Record::Daily(Daily {
            client: ClientId(known(f.number(tag::CLIENT)?)?),
            day: f.count(tag::DAY)?,
            count: f.count(tag::COUNT)?,
            up_to: f.count(tag::ID)?,
        }),
        kind::CONDITION => Record::Condition(Condition {
            at: stamp(f, tag::AT)?,
            part: Part { device: known(device_name(f, tag::DEVICE)?)?, line: f.number(tag::LINE)? },
            up: f.has(tag::UP),
        }),
        kind::CURSOR => Record::Cursor(Cursor {
            consumer: known(f.text(tag::CONSUMER)?.and_then(ConsumerName::parse))?,
            seq: f.number(tag::SEQ)?,
        }),
        kind::EVENTS => return Ok(Decoded::Events(batch(f)?)),
        newer if newer < kind::FIRST_OPTIONAL => return Ok(Decoded::Newer(newer)),
        _ => return Ok(Decoded::Optional),
    }))
}

/// Calls `read` with the body in a record's fields, if it has one.
pub(super) fn read_body<R>(fields: &[u8], read: impl FnOnce(Body<'_>) -> R) -> Option<R> {
    let f = Fields::parse(fields).ok()?;
    let choice = choice(&f).ok()?;
    Some(read(Body {
        to: f.text(tag::TO).ok()??,
        text: f.text(tag::TEXT).ok()??,
        origin: origin(&f).ok()?,
        choice: &choice,
        key: f.text(tag::KEY).ok()?,
        tag: f.text(tag::TAG).ok()?,
    }))
}

fn put_accepted(into: &mut Vec<u8>, accepted: &Accepted) {
    put_count(into, tag::ID, accepted.id.into());
    put_stamp(into, tag::AT, accepted.at);
    match accepted.origin {
        Origin::Local => {}
        Origin::Client(client) => put_number(into, tag::CLIENT, client.0.into()),
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
    })
}

fn origin(f: &Fields<'_>) -> Result<Origin, Malformed> {
    Ok(f.number(tag::CLIENT)?.map_or(Origin::Local, |client| Origin::Client(ClientId(client))))
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
        age_ms: f.count(tag::AGE_MS)?,
        ttl_s: f.count(tag::KEPT_TTL_S)?,
        changed_s: f.count(tag::CHANGED_S)?,
        changed_ms_ago: f.count(tag::CHANGED_MS_AGO)?,
        line: line(f)?,
        fence: fence(f)?,
        submitted_ms_ago: f.number(tag::SUBMITTED_MS_AGO)?,
        job: job(f, tag::JOB)?,
        problem: problem(f)?,
        attempts: f.count(tag::ATTEMPTS)?,
        strikes: f.count(tag::STRIKES)?,
        pauses: f.count(tag::PAUSES)?,
        pause_ms: f.count(tag::PAUSE_MS)?,
        perhaps_sent: f.has(tag::PERHAPS_SENT),
    })
}

fn put_stamp(into: &mut Vec<u8>, tags: StampTags, at: Stamp) {
    put_count(into, tags.unix_s, at.unix_s.into());
    put_flag(into, tags.trusted, at.trusted);
    put_count(into, tags.boot_ms, at.boot_ms);
}

fn stamp(f: &Fields<'_>, tags: StampTags) -> Result<Stamp, Malformed> {
    Ok(Stamp { unix_s: f.count(tags.unix_s)?, trusted: f.has(tags.trusted), boot_ms: f.count(tags.boot_ms)? })
}

fn put_line(into: &mut Vec<u8>, line: &LineName) {
    put_text(into, tag::DEVICE, &line.device);
    put_number(into, tag::LINE, line.line.into());
}

fn line(f: &Fields<'_>) -> Result<Option<LineName>, Malformed> {
    line_name(f, tag::DEVICE, tag::LINE)
}

fn line_name(f: &Fields<'_>, device: u8, line: u8) -> Result<Option<LineName>, Malformed> {
    let Some(line) = f.number(line)? else { return Ok(None) };
    Ok(Some(LineName { device: known(device_name(f, device)?)?, line }))
}

fn device_name(f: &Fields<'_>, tag: u8) -> Result<Option<String<32, u8>>, Malformed> {
    f.text(tag)?.map(|name| String::try_from(name).map_err(|_| Malformed)).transpose()
}

fn choice(f: &Fields<'_>) -> Result<Choice, Malformed> {
    if let Some(line) = line_name(f, tag::CHOICE_DEVICE, tag::CHOICE_LINE)? {
        return Ok(Choice::Line(line));
    }
    Ok(device_name(f, tag::CHOICE_DEVICE)?.map_or(Choice::Any, Choice::Device))
}

fn put_fence(into: &mut Vec<u8>, fence: Fence) {
    put_text(into, tag::FENCE_JOB, fence.job.as_str());
    put_flag(into, tag::FENCE_DECIDES, fence.decides);
}

fn fence(f: &Fields<'_>) -> Result<Option<Fence>, Malformed> {
    if !f.has(tag::FENCE_JOB) {
        return Ok(None);
    }
    Ok(Some(Fence { job: job(f, tag::FENCE_JOB)?, decides: f.has(tag::FENCE_DECIDES) }))
}

fn put_job(into: &mut Vec<u8>, job: JobId) {
    if !job.is_empty() {
        put_text(into, tag::JOB, job.as_str());
    }
}

fn job(f: &Fields<'_>, tag: u8) -> Result<JobId, Malformed> {
    f.text(tag)?.map_or(Ok(JobId::EMPTY), |text| known(JobId::parse(text)))
}

fn put_problem(into: &mut Vec<u8>, problem: Option<Problem>) {
    let Some(problem) = problem else { return };
    put_number(into, tag::PROBLEM, problem.code as u64);
    if !problem.device_code.is_empty() {
        put_text(into, tag::DEVICE_CODE, problem.device_code.as_str());
    }
}

fn problem(f: &Fields<'_>) -> Result<Option<Problem>, Malformed> {
    let Some(code) = f.number::<u8>(tag::PROBLEM)? else { return Ok(None) };
    Ok(Some(Problem {
        code: known(ProblemCode::ALL.into_iter().find(|&c| c as u8 == code))?,
        device_code: Words::new(f.text(tag::DEVICE_CODE)?.unwrap_or("")),
    }))
}

fn id(f: &Fields<'_>) -> Result<MessageId, Malformed> {
    known(f.number(tag::ID)?.filter(|&id| id != 0))
}

fn state(f: &Fields<'_>) -> Result<State, Malformed> {
    let value = f.count::<u8>(tag::STATE)?;
    known(State::ALL.into_iter().find(|&s| s as u8 == value))
}

fn boot(f: &Fields<'_>) -> Result<BootId, Malformed> {
    known(f.bytes(tag::BOOT).and_then(|bytes| bytes.try_into().ok())).map(BootId)
}

fn known<T>(value: Option<T>) -> Result<T, Malformed> {
    value.ok_or(Malformed)
}

#[cfg(test)]
mod tests;
