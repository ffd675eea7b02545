//! One slot of the inbox: `MM-DD HH:MM:SS,NUMBER,TEXT`.

use heapless::String;
use std::borrow::Cow;

use super::InboxEntry;
use crate::goip::markup::entity;
use crate::message::{DEVICE_TIME_MAX_BYTES, MAX_TEXT_BYTES};

/// The message in a slot whose escapes are gone; `None` if it is empty.
///
/// Split at the first two commas; a slot without them, or with something else where the time
/// stands, is all text: better odd than lost.
pub(super) fn entry(slot: u8, bytes: &[u8]) -> Option<InboxEntry> {
    let whole = std::string::String::from_utf8_lossy(bytes);
    if whole.trim().is_empty() {
        return None;
    }
    let mut parts = whole.splitn(3, ',');
    let (time, from, text) = match (parts.next(), parts.next(), parts.next()) {
        (Some(time), Some(from), Some(text)) if is_time(time.trim()) => (time.trim(), from.trim(), text),
        _ => ("", "", &*whole),
    };
    let text = without_entities(text);
    Some(InboxEntry {
        slot,
        device_time: start(time),
        from: start(&without_entities(from)),
        text: cut(&text, MAX_TEXT_BYTES).into(),
    })
}

/// Digits with something between them, no longer than is kept.
fn is_time(time: &str) -> bool {
    time.len() <= DEVICE_TIME_MAX_BYTES
        && time.starts_with(|c: char| c.is_ascii_digit())
        && time.bytes().all(|b| b.is_ascii_digit() || b" -/.:T".contains(&b))
}

fn cut(text: &str, max_bytes: usize) -> &str {
    let mut end = text.len().min(max_bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn start<const N: usize>(text: &str) -> String<N, u8> {
    String::try_from(cut(text, N)).unwrap_or_default()
}

/// The text behind HTML's entities.
///
/// Whether a box writes them is not known, so each text decides for itself: one with a `<`, a `>`
/// or an `&` that begins no entity was not written by a box that does. The answer must not hang on
/// the texts beside it, or a text would change when they do, and come as a new message.
fn without_entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') || text.contains(['<', '>']) {
        return text.into();
    }
    let mut out = std::string::String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, behind)) = rest.split_once('&') {
        let Some((c, behind)) = entity(behind) else { return text.into() };
        out.push_str(plain);
        out.push(c);
        rest = behind;
    }
    out.push_str(rest);
    out.into()
}
