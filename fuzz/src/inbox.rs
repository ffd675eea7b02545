//! What the box has received.

use core::fmt::Write;

use goipd::goip::{AskError, InboxEntry, InboxLine, InboxReader, MAX_LINES, MAX_SLOTS};
use goipd::message::{DEVICE_TIME_MAX_BYTES, MAX_TEXT_BYTES, SENDER_MAX_BYTES};

/// A slot that is written so long may be cut when it is read.
const SLOT_BYTES: usize = 4000;

/// An inbox page: it is read the same however it is cut into pieces; what was read is within its
/// bounds and is read the same when it is written anew; and a page cut anywhere shows the lines
/// that were whole and no other.
pub fn inbox(bytes: &[u8]) {
    let (lines, end) = read(bytes, bytes.len());
    for piece in [1, 7] {
        assert_eq!(read(bytes, piece), (lines.clone(), end.clone()), "in pieces of {piece}");
    }
    assert_eq!(end.is_ok(), !lines.is_empty());
    for (place, line) in lines.iter().enumerate() {
        assert!((1..=MAX_LINES).contains(&usize::from(line.line)), "line {}", line.line);
        assert!(lines[..place].iter().all(|other| other.line != line.line), "line {} twice", line.line);
        assert!(line.entries.len() <= MAX_SLOTS);
        assert!(line.entries.windows(2).all(|pair| pair[0].slot < pair[1].slot), "slots in order");
        line.entries.iter().for_each(check_entry);
    }
    if let Some(page) = write_page(&lines) {
        assert_eq!(read(page.as_bytes(), page.len()).0, lines, "{page}");
    }
    for len in [bytes.len() / 2, bytes.len().saturating_sub(1)] {
        let (early, _) = read(&bytes[..len], len);
        assert!(lines.starts_with(&early), "cut at {len}");
    }
}

fn read(page: &[u8], piece: usize) -> (Vec<InboxLine>, Result<(), AskError>) {
    let (mut reader, mut lines) = (InboxReader::default(), Vec::new());
    for piece in page.chunks(piece.max(1)) {
        if let Err(why) = reader.read(piece, &mut |line| lines.push(line)) {
            unreachable!("{why:?} of a short page");
        }
    }
    (lines, reader.end())
}

fn check_entry(entry: &InboxEntry) {
    assert!(entry.device_time.len() <= DEVICE_TIME_MAX_BYTES && entry.from.len() <= SENDER_MAX_BYTES);
    assert!(entry.text.len() <= MAX_TEXT_BYTES);
    assert!(!entry.device_time.is_empty() || (entry.from.is_empty() && !entry.text.is_empty()), "{entry:?}");
}

/// The page as a box writes it that writes entities; `None` if a slot would be too long.
fn write_page(lines: &[InboxLine]) -> Option<String> {
    let mut page = String::from("var sms, pos;\n");
    for InboxLine { line, entries } in lines {
        let mut slots = vec![String::new(); entries.last().map_or(0, |last| usize::from(last.slot) + 1)];
        for entry in entries {
            let slot = &mut slots[usize::from(entry.slot)];
            if !entry.device_time.is_empty() {
                slot.push_str(&entry.device_time);
                slot.push(',');
                entry.from.chars().for_each(|c| put(slot, c, true));
                slot.push(',');
            }
            for (at, c) in entry.text.chars().enumerate() {
                // What is all text must not begin with a time, nor be all blank.
                put(slot, c, at == 0 && entry.device_time.is_empty());
            }
            if slot.len() > SLOT_BYTES {
                return None;
            }
        }
        let _ = writeln!(
            page,
            "sms= [\"{}\"];\nsms_row_insert(l{line}_sms_store, sms, pos, {line});",
            slots.join("\",\"")
        );
    }
    Some(page)
}

/// Writes a character, as a number if it could mean something else.
fn put(slot: &mut String, c: char, as_number: bool) {
    let _ = match c {
        '&' | '<' | '>' => write!(slot, "&#{};", u32::from(c)),
        c if as_number => write!(slot, "&#x{:X};", u32::from(c)),
        '"' | '\\' => write!(slot, "\\{c}"),
        c if c.is_control() => write!(slot, "\\u{:04x}", u32::from(c)),
        c => write!(slot, "{c}"),
    };
}
