//! Numbers that opted out, many in a record.

use super::tags::tag;
use super::{known, put_stamp, stamp};
use crate::journal::fields::{Fields, Malformed, put, put_flag};
use crate::journal::{OptedOut, Stamp};
use crate::message::PackedNumber;

/// What a number that opted out takes: since when, and the number.
const OPTED_OUT_BYTES: usize = 4 + PackedNumber::BYTES;

/// When it was asked for, if it is an event.
pub fn put_asked_for(into: &mut Vec<u8>, at: Option<Stamp>) {
    put_flag(into, tag::ASKED_FOR, at.is_some());
    if let Some(at) = at {
        put_stamp(into, tag::AT, at);
    }
}

/// The same, read.
pub fn asked_for(f: &Fields<'_>) -> Result<Option<Stamp>, Malformed> {
    f.has(tag::ASKED_FOR).then(|| stamp(f, tag::AT)).transpose()
}

/// The numbers, each with its date.
pub fn numbers(f: &Fields<'_>) -> Result<Vec<OptedOut>, Malformed> {
    let bytes = f.bytes(tag::OPTED_OUT).ok_or(Malformed)?;
    let (items, []) = bytes.as_chunks::<OPTED_OUT_BYTES>() else { return Err(Malformed) };
    let item = |item: &[u8; OPTED_OUT_BYTES]| {
        let (since, number) = item.split_first_chunk::<4>().ok_or(Malformed)?;
        let number = known(PackedNumber::from_bytes(number))?;
        Ok(OptedOut { number, since_s: u32::from_le_bytes(*since) })
    };
    items.iter().map(item).collect()
}

/// Appends the numbers.
pub fn put_numbers(into: &mut Vec<u8>, numbers: &[OptedOut]) {
    let mut bytes = Vec::with_capacity(numbers.len() * OPTED_OUT_BYTES);
    for one in numbers {
        bytes.extend_from_slice(&one.since_s.to_le_bytes());
        bytes.extend_from_slice(one.number.as_bytes());
    }
    put(into, tag::OPTED_OUT, &bytes);
}
