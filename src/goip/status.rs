//! The status page, from bytes to [`StatusPage`]. Pure: no socket, no clock.
//!
//! Nobody has seen every firmware's page, so the form is taken leniently. What it *means* is
//! not: a line of which not all is readable is not shown, because an error that was overlooked
//! would read as "sent".

use xmltree::{Element, XMLNode};

use super::report::{AskError, JobStatus, LineStatus, MAX_LINES, StatusPage};
use crate::message::{JobId, Words};

/// The largest page that is read. One of 64 lines has some 8 KiB.
pub(super) const PAGE_MAX_BYTES: usize = 64 * 1024;

/// How deep elements may nest, because the XML library's stack grows with them. The page has two
/// levels.
const MAX_DEPTH: usize = 16;

/// How many elements a page may have, because each becomes some 250 bytes of tree. 64 lines of
/// three have 193.
const MAX_ELEMENTS: usize = 1024;

/// What `page` says: the body of `send_status.xml` or `send_sms_status.xml`. Takes any bytes.
///
/// # Errors
/// [`AskError::NotUnderstood`] if it is too large, too deep, cut off, no XML, or no status page.
pub fn parse_status(page: &[u8]) -> Result<StatusPage, AskError> {
    if page.len() > PAGE_MAX_BYTES {
        return Err(not_understood("page over 64 KiB"));
    }
    let page = String::from_utf8_lossy(page);
    let xml = escape_stray(without_prolog(&page));
    check_shape(&xml)?;
    let nodes = Element::parse_all(xml.as_bytes()).map_err(|_| not_understood("broken or cut XML"))?;
    let mut roots = nodes.iter().filter_map(XMLNode::as_element);
    let (Some(root), None) = (roots.next(), roots.next()) else {
        return Err(not_understood("no XML page"));
    };
    read_lines(root)
}

/// What a tag of the page says of a line.
#[derive(Clone, Copy)]
enum Field {
    Id = 1,
    Status = 2,
    Error = 4,
}

/// The fields that make a line readable.
const ALL_FIELDS: u8 = Field::Id as u8 | Field::Status as u8 | Field::Error as u8;

/// Marks a line that is not to be shown, whatever else is said of it.
const UNREADABLE: u8 = 8;

fn read_lines(root: &Element) -> Result<StatusPage, AskError> {
    let mut lines = [LineStatus::default(); MAX_LINES];
    let mut seen = [0_u8; MAX_LINES];
    let (mut any_id, mut plain) = (false, true);
    for element in root.children.iter().filter_map(XMLNode::as_element) {
        let Some((field, index)) = field_of(&element.name) else { continue };
        any_id |= matches!(field, Field::Id);
        plain &= !element.name.ends_with(|c: char| c.is_ascii_digit());
        let before = lines[index];
        match read_field(element, field, &mut lines[index]) {
            Some(()) if seen[index] & field as u8 == 0 || before == lines[index] => {
                seen[index] |= field as u8;
            }
            // Not to be read, or said twice and differently.
            _ => seen[index] |= UNREADABLE,
        }
    }
    if !any_id {
        return Err(not_understood("no status page"));
    }
    let count = seen.iter().rposition(|s| *s != 0).map_or(0, |last| last + 1);
    let shown = lines.iter().zip(seen).map(|(line, seen)| (seen == ALL_FIELDS).then_some(*line));
    Ok(StatusPage { lines: shown.take(count).collect(), plain })
}

/// The field and the line's place for a tag: `id1`, `smskey1`, `status1`, `error1`, or without a
/// number on old boxes with one line.
fn field_of(tag: &str) -> Option<(Field, usize)> {
    let name = tag.trim_end_matches(|c: char| c.is_ascii_digit());
    let field =
        [("id", Field::Id), ("smskey", Field::Id), ("status", Field::Status), ("error", Field::Error)]
            .into_iter()
            .find_map(|(word, field)| name.eq_ignore_ascii_case(word).then_some(field))?;
    let number = &tag[name.len()..];
    let line: usize = if number.is_empty() { 1 } else { number.parse().ok()? };
    (1..=MAX_LINES).contains(&line).then(|| (field, line - 1))
}

fn read_field(element: &Element, field: Field, line: &mut LineStatus) -> Option<()> {
    // Text inside further tags is not what the box is known to write, and without it the field
    // would seem empty.
    if element.children.iter().any(|node| matches!(node, XMLNode::Element(_))) {
        return None;
    }
    let text = element.get_text();
    let text = text.as_deref().unwrap_or("").trim();
    match field {
        Field::Id => line.id = JobId::parse(text)?,
        Field::Status => line.status = job_status(text),
        Field::Error => {
            let error = Words::new(text);
            if error.is_empty() && !text.is_empty() {
                return None;
            }
            line.error = error;
        }
    }
    Some(())
}

fn job_status(text: &str) -> JobStatus {
    [("", JobStatus::Empty), ("STARTED", JobStatus::Started), ("DONE", JobStatus::Done)]
        .into_iter()
        .find_map(|(word, status)| text.eq_ignore_ascii_case(word).then_some(status))
        .unwrap_or(JobStatus::Other)
}

/// The page without what may stand before its root, which the XML library is strict about: it
/// wants nothing before `<?xml`, and refuses the encoding that some firmware names there.
fn without_prolog(page: &str) -> &str {
    let page = page.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    match page.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")) {
        Some((_, rest)) => rest,
        None => page,
    }
}

/// The page with every `&` that begins none of XML's own five entities written as `&amp;`, and
/// without the control characters that XML does not allow.
fn escape_stray(page: &str) -> String {
    const ENTITIES: [&str; 5] = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;"];
    let mut out = String::with_capacity(page.len() + 64);
    for (at, c) in page.char_indices() {
        match c {
            '&' if !ENTITIES.iter().any(|e| page[at..].starts_with(e)) => out.push_str("&amp;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Refuses what would cost the XML library too much stack or memory, before it sees it.
///
/// Counts tags as the library does where the page is well-formed. Where it is not, the two may
/// differ, but then the library stops at the error.
fn check_shape(xml: &str) -> Result<(), AskError> {
    let (mut depth, mut elements) = (0_usize, 0_usize);
    let mut rest = xml;
    while let Some((_, markup)) = rest.split_once('<') {
        rest = if let Some(comment) = markup.strip_prefix("!--") {
            behind(comment, "-->")?
        } else if let Some(data) = markup.strip_prefix("![CDATA[") {
            behind(data, "]]>")?
        } else if markup.starts_with('!') {
            // Declares entities, or says that this is HTML.
            return Err(not_understood("page with a DOCTYPE"));
        } else if let Some(instruction) = markup.strip_prefix('?') {
            behind(instruction, "?>")?
        } else if markup.starts_with('/') {
            depth = depth.saturating_sub(1);
            behind(markup, ">")?
        } else {
            let end = tag_end(markup).ok_or_else(cut_off)?;
            depth += 1;
            elements += 1;
            if depth > MAX_DEPTH || elements > MAX_ELEMENTS {
                return Err(not_understood("page too deep or large"));
            }
            if markup[..end].ends_with('/') {
                depth -= 1;
            }
            &markup[end..]
        };
    }
    Ok(())
}

/// Where the `>` of a start tag stands; one inside quotes is not it.
fn tag_end(markup: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in markup.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

fn behind<'a>(text: &'a str, end: &str) -> Result<&'a str, AskError> {
    text.split_once(end).map(|(_, rest)| rest).ok_or_else(cut_off)
}

fn cut_off() -> AskError {
    not_understood("page cut off")
}

fn not_understood(why: &str) -> AskError {
    AskError::NotUnderstood(Words::new(why))
}

#[cfg(test)]
mod tests;
