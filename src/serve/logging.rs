//! The log: one line an event, so that whatever collects the two streams (on a router procd)
//! knows what to make of it. Warnings and errors go to standard error, the rest to standard
//! output.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal, Write};

use env_logger::fmt::Formatter;
use env_logger::{Builder, Logger, Target};
use log::{Level, LevelFilter, Log, Metadata, Record};

use super::clock::unix_s;
use crate::api::rfc3339;
use crate::message::is_unprintable;

/// Sends events to one of the two streams.
struct Streams {
    out: Logger,
    err: Logger,
}

impl Streams {
    fn of(&self, level: Level) -> &Logger {
        if level <= Level::Warn { &self.err } else { &self.out }
    }
}

impl Log for Streams {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.of(metadata.level()).enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        self.of(record.level()).log(record);
    }

    fn flush(&self) {}
}

/// Logs from here on, at `level` and what is graver. Does nothing but set the level if the
/// program logs already.
pub fn start(level: LevelFilter) {
    let streams = Streams {
        out: logger(Target::Stdout, io::stdout().is_terminal()),
        err: logger(Target::Stderr, io::stderr().is_terminal()),
    };
    let _ = log::set_boxed_logger(Box::new(streams));
    log::set_max_level(level);
}

/// A terminal sees the time of each event; whatever else reads the log adds its own.
fn logger(target: Target, with_time: bool) -> Logger {
    Builder::new()
        // What is logged is decided before, by log's own maximum.
        .filter_level(LevelFilter::Trace)
        .target(target)
        .format(move |buffer, record| line(buffer, record, with_time))
        .build()
}

fn line(buffer: &mut Formatter, record: &Record<'_>, with_time: bool) -> io::Result<()> {
    if with_time {
        write!(buffer, "{} ", rfc3339(unix_s()))?;
    }
    writeln!(buffer, "{}{}", mark(record.level()), OneLine(record.args()))
}

/// What stands before an event that is not merely told. The two streams have only one priority
/// each where they are collected.
fn mark(level: Level) -> &'static str {
    match level {
        Level::Error => "error: ",
        Level::Warn => "warning: ",
        Level::Info => "",
        Level::Debug => "debug: ",
        Level::Trace => "trace: ",
    }
}

/// An event's text; a line's end or another control character in it is spelt out, so that
/// nothing that a box or client says can look like an event of its own.
struct OneLine<'a>(&'a fmt::Arguments<'a>);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(is_unprintable) {
            match part.chars().next_back().filter(|&c| is_unprintable(c)) {
                Some(c) => {
                    self.0.write_str(&part[..part.len() - c.len_utf8()])?;
                    write!(self.0, "{}", c.escape_default())?;
                }
                None => self.0.write_str(part)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_it_says() {
        let (first, second) = ("a\nb", "\r\n\u{85}ä\x1b[2J\u{202e}");
        assert_eq!(
            OneLine(&format_args!("{first}|{second}")).to_string(),
            r"a\nb|\r\n\u{85}ä\u{1b}[2J\u{202e}"
        );
        assert_eq!(OneLine(&format_args!("")).to_string(), "");
    }

    #[test]
    fn warnings_and_errors_are_marked() {
        assert_eq!([Level::Error, Level::Warn, Level::Info].map(mark), ["error: ", "warning: ", ""]);
    }
}
