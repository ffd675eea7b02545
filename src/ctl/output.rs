//! What people and scripts see. Texts come from strangers, so nothing in them reaches a terminal
//! as a command, and no text makes one line look like two.

use core::fmt::Write as _;
use std::io::{self, ErrorKind, Write};

use rustix::termios::tcgetwinsize;

use super::{Exit, Failure};
use crate::message::is_unprintable;

/// A column's name, and the characters it is padded to. The last column is not padded and takes
/// the rest of the line; only there stand blanks.
pub(super) type Column = (&'static str, usize);

/// What the names of fields are padded to.
const FIELD_WIDTH: usize = 12;

/// Standard output.
pub(super) struct Output {
    /// Whether the daemon's replies are printed as they came.
    pub json: bool,
    /// How many characters a row may have: a terminal's width, unlimited elsewhere.
    width: Option<usize>,
    /// Whether the reader has gone, as `head` does: then there is nothing more to do.
    pub gone: bool,
}

impl Output {
    pub fn new(json: bool) -> Self {
        let width = tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col));
        Self { json, width: width.filter(|width| *width > 0), gone: false }
    }

    /// Writes `text` as it is.
    ///
    /// # Errors
    /// Anything but a reader that has gone: the caller of a script would miss what was done.
    pub fn text(&mut self, text: &str) -> Result<(), Failure> {
        if self.gone {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(())
            }
            Err(error) => {
                let mut message = format!("cannot write to standard output: {error}; unwritten is: ");
                message.push_str(text.trim_end());
                Err(Failure::new(Exit::Unknown, message))
            }
        }
    }

    /// Writes one line.
    pub fn line(&mut self, line: &str) -> Result<(), Failure> {
        self.text(&[line, "\n"].concat())
    }

    /// Writes what a stranger has written, on one line.
    pub fn shown(&mut self, text: &str) -> Result<(), Failure> {
        let mut line = String::new();
        push_shown(&mut line, text);
        self.line(&line)
    }

    /// Writes a field and its value; `-` for none.
    pub fn field(&mut self, name: &str, value: Option<&str>) -> Result<(), Failure> {
        let mut line = String::new();
        push_cell(&mut line, name, FIELD_WIDTH);
        push_shown(&mut line, or_dash(value));
        self.line(&line)
    }

    /// Writes the names of `columns`.
    pub fn head(&mut self, columns: &[Column]) -> Result<(), Failure> {
        let mut line = String::new();
        for (name, width) in columns {
            push_cell(&mut line, name, *width);
        }
        self.line(line.trim_end())
    }

    /// Writes a row, with `-` where there is no value; on a terminal no longer than its width.
    pub fn row(&mut self, columns: &[Column], cells: &[Option<&str>]) -> Result<(), Failure> {
        let mut line = String::new();
        for ((_, width), cell) in columns.iter().zip(cells) {
            match width {
                0 => push_shown(&mut line, or_dash(*cell)),
                _ => push_cell(&mut line, or_dash(*cell), *width),
            }
        }
        if let Some(width) = self.width {
            shorten(&mut line, width);
        }
        self.line(&line)
    }
}

/// Says on standard error what went wrong, in one line.
pub(super) fn complain(message: &str) {
    tell(&["goipctl: ", message].concat());
}

/// Writes one line to standard error.
pub(super) fn tell(message: &str) {
    let mut line = String::new();
    push_shown(&mut line, message);
    line.push('\n');
    // If nobody listens, the exit code still tells.
    let _ = io::stderr().write_all(line.as_bytes());
}

fn or_dash(value: Option<&str>) -> &str {
    value.filter(|value| !value.is_empty()).unwrap_or("-")
}

/// Appends `text` with what a terminal would obey or not show as `\u{1b}`.
fn push_shown(line: &mut String, text: &str) {
    for c in text.chars() {
        if is_unprintable(c) {
            // Writing to a String does not fail.
            let _ = write!(line, "\\u{{{:x}}}", u32::from(c));
        } else {
            line.push(c);
        }
    }
}

/// Appends `text` as one word, padded to `width` characters and a blank.
fn push_cell(line: &mut String, text: &str, width: usize) {
    let start = line.len();
    push_shown(line, &text.replace(char::is_whitespace, "_"));
    let length = line[start..].chars().count();
    line.extend(core::iter::repeat_n(' ', width.saturating_sub(length) + 1));
}

/// Cuts `line` to `width` characters, of which the last says that something is missing.
fn shorten(line: &mut String, width: usize) {
    if line.chars().count() > width {
        let end = line.char_indices().nth(width.saturating_sub(1)).map_or(0, |(at, _)| at);
        line.truncate(end);
        line.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_drive_the_terminal_nor_begin_a_line() {
        let mut line = String::new();
        push_shown(&mut line, "a b\n17 sent\r\x1b[2J\u{9b}\u{202e}\0é😀\\");
        assert_eq!(line, r"a b\u{a}17 sent\u{d}\u{1b}[2J\u{9b}\u{202e}\u{0}é😀\");
    }

    #[test]
    fn a_cell_is_one_word_and_a_blank_at_least() {
        for (text, cell) in [
            ("", "    "),
            ("ab", "ab  "),
            ("äöü", "äöü "),
            ("abcd", "abcd "),
            ("a b\tc\u{a0}d", "a_b_c_d "),
            ("\n", "_   "),
        ] {
            let mut line = String::new();
            push_cell(&mut line, text, 3);
            assert_eq!(line, cell);
        }
    }

    #[test]
    fn a_line_that_is_too_long_for_the_terminal_ends_in_a_mark() {
        for (width, expected) in [(5, "äbcde"), (6, "äbcde"), (4, "äbc…"), (1, "…")] {
            let mut line = String::from("äbcde");
            shorten(&mut line, width);
            assert_eq!(line, expected, "{width}");
        }
    }
}
