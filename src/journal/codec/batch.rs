//! Events that are copied forward, many in a record.

use super::known;
use super::tags::{kind, tag};
use crate::journal::events::{Entry, PLACE_BITS};
use crate::journal::fields::{Fields, Malformed, put, put_count, put_text};
use crate::journal::{EventKind, Events, Seq};
use crate::message::Part;

/// Events that were copied forward, and how far events were numbered.
#[derive(Debug, PartialEq, Eq)]
pub struct Batch {
    /// Numbers up to this one have been given out.
    pub newest: Seq,
    /// The events; the subject of a device's or line's is the place of its name.
    pub entries: Vec<Entry>,
    pub names: Vec<Part>,
}

/// What an event takes in a batch: number, time and subject, 4 bytes each, and the kind.
const ENTRY_BYTES: usize = 13;

/// Appends the fields of a batch of `entries`; gives its type. Numbers up to `newest` have been
/// given out.
pub fn encode_events(into: &mut Vec<u8>, newest: Seq, entries: &[Entry], events: &Events) -> u8 {
    put_count(into, tag::SEQ, newest.into());
    let mut names = Vec::new();
    let mut bytes = Vec::with_capacity(entries.len() * ENTRY_BYTES);
    for entry in entries {
        let mut subject = entry.subject;
        if !matches!(entry.kind, EventKind::Message(_) | EventKind::Received) {
            let Some(name) = events.name(subject) else { continue };
            let place = names.iter().position(|known| *known == name).unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            });
            subject = place as u32 | subject >> PLACE_BITS << PLACE_BITS;
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

/// The batch in those fields.
pub fn batch(f: &Fields<'_>) -> Result<Batch, Malformed> {
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
