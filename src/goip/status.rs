//! The status page, from bytes to [`StatusPage`]. Pure: no socket, no clock.
//!
//! Nobody has seen every firmware's page, so the form is taken leniently. What it *means* is
//! not: a line of which not all is readable is not shown, because an error that was overlooked
//! would read as "sent".

use heapless::Vec as Array;

use super::markup::{CUT_OFF, MAX_DEPTH, Piece, Pieces, head_of, push_text};
use super::report::{AskError, JobStatus, LineStatus, MAX_LINES, StatusPage};
use crate::message::{JobId, Words};

/// The largest page that is read. One of 64 lines has some 8 KiB.
pub(super) const PAGE_MAX_BYTES: usize = 64 * 1024;

/// What `page` says: the body of `send_status.xml` or `send_sms_status.xml`. Takes any bytes.
///
/// # Errors
/// [`AskError::NotUnderstood`] if it is too large, too deep, cut off, no XML, or no status page.
pub fn parse_status(page: &[u8]) -> Result<StatusPage, AskError> {
    if page.len() > PAGE_MAX_BYTES {
        return Err(not_understood("page over 64 KiB"));
    }
    read(&String::from_utf8_lossy(page)).map_err(not_understood)
}

/// Reads the elements of the one root; an error in words.
fn read(page: &str) -> Result<StatusPage, &'static str> {
    let mut pieces = Pieces::of(page);
    let mut lines = Lines::default();
    let mut open = Array::<&str, MAX_DEPTH>::new();
    let mut roots = 0;
    // Of the root's element that is being read: its text, and whether there are tags inside it.
    let (mut text, mut nested) = (String::new(), false);
    while let Some(piece) = pieces.next()? {
        let closed = match piece {
            Piece::Text(between) | Piece::Data(between) if open.is_empty() => {
                if between.contains(|c: char| !c.is_whitespace() && !c.is_control() && c != '\u{feff}') {
                    return Err(NO_PAGE);
                }
                false
            }
            Piece::Text(value) => {
                push_text(&mut text, value);
                false
            }
            Piece::Data(value) => {
                text.push_str(value);
                false
            }
            Piece::Start { name, empty } => {
                roots += u32::from(open.is_empty());
                open.push(name).map_err(|_| "page too deep")?;
                nested = open.len() > FIELD_DEPTH;
                if !nested {
                    text.clear();
                }
                empty
            }
            Piece::End(name) if open.last() == Some(&name) => true,
            Piece::End(_) => return Err("broken XML"),
        };
        if closed {
            let depth = open.len();
            if let Some(name) = open.pop()
                && depth == FIELD_DEPTH
            {
                lines.take(name, (!nested).then_some(text.trim()));
            }
        }
    }
    if !open.is_empty() {
        return Err(CUT_OFF);
    }
    if roots != 1 {
        return Err(NO_PAGE);
    }
    lines.page()
}

/// So much of a long error is kept: four parts of a USSD answer, of 182 characters each.
const ERROR_MAX_BYTES: usize = 1024;

/// How many tags are open inside a field: the root and its own.
const FIELD_DEPTH: usize = 2;

/// Why a page is refused that is something else.
const NO_PAGE: &str = "no XML page";

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

/// What was read of a page so far.
struct Lines {
    lines: [LineStatus; MAX_LINES],
    /// The fields that were read of each line.
    seen: [u8; MAX_LINES],
    any_id: bool,
    plain: bool,
    long: Vec<(u8, Box<str>)>,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            lines: [LineStatus::default(); MAX_LINES],
            seen: [0; MAX_LINES],
            any_id: false,
            plain: true,
            long: Vec::new(),
        }
    }
}

impl Lines {
    /// Takes the text of the element `tag`; `None` if there are further tags inside it. That is not
    /// what the box is known to write, and without their text the field would seem empty.
    fn take(&mut self, tag: &str, text: Option<&str>) {
        let Some((field, index)) = field_of(tag) else { return };
        self.any_id |= matches!(field, Field::Id);
        self.plain &= !tag.ends_with(|c: char| c.is_ascii_digit());
        let (line, seen) = (&mut self.lines[index], &mut self.seen[index]);
        let before = *line;
        match text.and_then(|text| read_field(text, field, line)) {
            Some(()) if *seen & field as u8 == 0 || before == *line => {
                let new = *seen & field as u8 == 0;
                *seen |= field as u8;
                let long = head_of(text.unwrap_or_default(), ERROR_MAX_BYTES).trim_end();
                if new && matches!(field, Field::Error) && long.len() > Words::CAPACITY {
                    self.long.push((index as u8 + 1, long.into()));
                }
            }
            // Not to be read, or said twice and differently.
            _ => *seen |= UNREADABLE,
        }
    }

    fn page(self) -> Result<StatusPage, &'static str> {
        if !self.any_id {
            return Err("no status page");
        }
        let count = self.seen.iter().rposition(|s| *s != 0).map_or(0, |last| last + 1);
        let all = self.lines.iter().zip(self.seen);
        let mut long = self.long;
        long.retain(|(line, _)| self.seen[usize::from(*line) - 1] == ALL_FIELDS);
        let shown = all.map(|(line, seen)| (seen == ALL_FIELDS).then_some(*line));
        Ok(StatusPage { lines: shown.take(count).collect(), plain: self.plain, long })
    }
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

fn read_field(text: &str, field: Field, line: &mut LineStatus) -> Option<()> {
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

fn not_understood(why: &str) -> AskError {
    AskError::NotUnderstood(Words::new(why))
}

#[cfg(test)]
mod tests;
