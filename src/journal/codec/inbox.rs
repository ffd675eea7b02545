//! Received messages, and the marks of what a box has shown.

use super::tags::tag;
use super::{known, line, put_line, put_stamp, received_id, stamp};
use crate::journal::fields::{Fields, Malformed, put, put_count, put_flag, put_text};
use crate::journal::{Received, ReceivedBody};
use crate::message::ReceivedId;

/// Calls `read` with the received message in a record's fields, if there is one.
pub fn read_received<R>(fields: &[u8], read: impl FnOnce(ReceivedBody<'_>) -> R) -> Option<R> {
    let f = Fields::parse(fields).ok()?;
    Some(read(ReceivedBody {
        id: received_id(&f).ok()?,
        unix_s: stamp(&f, tag::AT).ok()?.unix_s,
        line: line(&f).ok()??,
        from: f.text(tag::FROM).ok()?.unwrap_or_default(),
        device_time: f.text(tag::DEVICE_TIME).ok()?.unwrap_or_default(),
        text: f.text(tag::TEXT).ok()??,
        old: f.has(tag::OLD),
        part_of: f.count(tag::PART_OF).ok()?,
        parts: parts(&f).ok()?,
    }))
}

pub fn put_received(into: &mut Vec<u8>, received: &Received) {
    put_count(into, tag::RECEIVED_ID, received.id.into());
    put_stamp(into, tag::AT, received.at);
    put_line(into, &received.line);
    for (tag, text) in [(tag::FROM, received.from.as_str()), (tag::DEVICE_TIME, &received.device_time)] {
        if !text.is_empty() {
            put_text(into, tag, text);
        }
    }
    put_text(into, tag::TEXT, &received.text);
    put_flag(into, tag::OLD, received.old);
    put_flag(into, tag::COPIED, received.copied);
    put_count(into, tag::PART_OF, received.part_of.into());
    if !received.parts.is_empty() {
        let bytes: Vec<u8> = received.parts.iter().flat_map(|id| id.to_le_bytes()).collect();
        put(into, tag::PARTS, &bytes);
    }
}

fn parts(f: &Fields<'_>) -> Result<Vec<ReceivedId>, Malformed> {
    let (parts, []) = f.bytes(tag::PARTS).unwrap_or_default().as_chunks() else { return Err(Malformed) };
    Ok(parts.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
}

pub fn received(f: &Fields<'_>) -> Result<Received, Malformed> {
    let text = |tag| f.text(tag).map(Option::unwrap_or_default);
    Ok(Received {
        id: received_id(f)?,
        at: stamp(f, tag::AT)?,
        line: line(f)?.ok_or(Malformed)?,
        from: text(tag::FROM)?.try_into().map_err(|_| Malformed)?,
        device_time: text(tag::DEVICE_TIME)?.try_into().map_err(|_| Malformed)?,
        text: known(f.text(tag::TEXT)?)?.into(),
        old: f.has(tag::OLD),
        copied: f.has(tag::COPIED),
        part_of: f.count(tag::PART_OF)?,
        parts: parts(f)?,
    })
}

pub fn put_marks(into: &mut Vec<u8>, marks: &[u64]) {
    if !marks.is_empty() {
        let bytes: Vec<u8> = marks.iter().flat_map(|mark| mark.to_le_bytes()).collect();
        put(into, tag::MARKS, &bytes);
    }
}

pub fn marks(f: &Fields<'_>) -> Result<Vec<u64>, Malformed> {
    let (marks, []) = f.bytes(tag::MARKS).unwrap_or_default().as_chunks() else { return Err(Malformed) };
    Ok(marks.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect())
}
