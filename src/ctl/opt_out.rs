//! `goipctl optout`: the list of the numbers that want no more messages.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::client::Request;
use super::output::{Column, tell};
use super::reply::Reply;
use super::session::Session;
use super::{Exit, Failure};
use crate::api::request::{MAX_LIMIT, MAX_NUMBERS};
use crate::message::Number;

/// The longest file that is imported, in bytes: as many lines as the longest list has, with their
/// dates.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The most errors of a file that are told.
const MAX_ERRORS: usize = 20;

const COLUMNS: [Column; 2] = [("NUMBER", 21), ("SINCE", 0)];

/// What is to be done with the list.
#[derive(Debug)]
pub(super) enum OptOut {
    /// Print it.
    List,
    /// Print it so that it can be imported.
    Export,
    /// Show a number.
    Show(String),
    /// Put these on it.
    Add(Vec<String>),
    /// Take these from it.
    Remove(Vec<String>),
}

impl OptOut {
    /// What these words say; `None` if nothing.
    ///
    /// # Errors
    /// `Usage`: the file of an `import` cannot be read, or a line of it is no number.
    pub fn new(what: &str, words: &[String]) -> Result<Option<Self>, Failure> {
        Ok(Some(match (what, words) {
            ("list", []) => Self::List,
            ("export", []) => Self::Export,
            ("show", [number]) => Self::Show(number.clone()),
            ("add", [_, ..]) => Self::Add(words.to_vec()),
            ("remove", [_, ..]) => Self::Remove(words.to_vec()),
            ("import", [file]) => Self::Add(numbers_of(file)?),
            _ => return Ok(None),
        }))
    }
}

/// The numbers in a file, one a line.
fn numbers_of(file: &str) -> Result<Vec<String>, Failure> {
    let shown = if file == "-" { "standard input" } else { file };
    let failed = |why: &str| Failure::new(Exit::Usage, [shown, ": ", why].concat());
    let mut bytes = Vec::new();
    let read = if file == "-" {
        io::stdin().lock().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)
    } else {
        File::open(Path::new(file)).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| failed(&error.to_string()))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(failed("longer than 1 MiB; import it in parts"));
    }
    let text = String::from_utf8(bytes).map_err(|_| failed("not UTF-8; convert it (iconv -t utf-8)"))?;
    let (mut numbers, mut errors) = (Vec::new(), 0);
    for (place, line) in text.lines().enumerate() {
        let number = line.split('#').next().unwrap_or_default().trim();
        match Number::parse(number) {
            _ if number.is_empty() => {}
            Ok(number) => numbers.push(number.as_str().to_owned()),
            Err(refusal) => {
                errors += 1;
                if errors <= MAX_ERRORS {
                    tell(&format!("{shown}:{}: {}", place + 1, refusal.message));
                }
            }
        }
    }
    if errors > 0 {
        return Err(failed(&format!("{errors} of its lines are wrong; nothing was imported")));
    }
    Ok(numbers)
}

impl Session {
    pub(super) fn opt_out(&mut self, opt_out: &OptOut) -> Result<(), Failure> {
        match opt_out {
            OptOut::List => self.opt_outs(false),
            OptOut::Export => self.opt_outs(true),
            OptOut::Show(number) => self.one(&Request::asking("optout", |o| o.string("number", number))),
            OptOut::Remove(numbers) => numbers.iter().try_for_each(|number| {
                self.one(&Request::acting("optout", |o| {
                    o.string("number", number);
                    o.string("do", "remove");
                }))
            }),
            OptOut::Add(numbers) if numbers.len() == 1 => self.one(&Request::acting("optout", |o| {
                o.string("number", &numbers[0]);
                o.string("do", "add");
            })),
            OptOut::Add(numbers) => self.add_all(numbers),
        }
    }

    /// Prints the whole list, page by page.
    fn opt_outs(&mut self, export: bool) -> Result<(), Failure> {
        let mut after: Option<String> = None;
        if !export && !self.output.json {
            self.output.head(&COLUMNS)?;
        }
        while !self.output.gone {
            let request = Request::asking("optouts", |o| {
                o.optional("after", after.as_deref());
                o.number("limit", MAX_LIMIT);
            });
            let line = self.granted(&request)?;
            let page = Reply::parse(&line).map_err(|why| request.lost(&why))?;
            let numbers = page.list("optouts");
            if numbers.is_empty() && after.is_some() {
                break;
            }
            self.print(&line, |out| {
                numbers.iter().try_for_each(|one| {
                    if export {
                        let [number, since] =
                            ["number", "since"].map(|name| one.text(name).unwrap_or_default());
                        return out.line(&[&*number, " # since ", &*since].concat());
                    }
                    one.row(out, &COLUMNS, ["number", "since"])
                })
            })?;
            match page.text("next") {
                Some(next) if !numbers.is_empty() => after = Some(next.into_owned()),
                _ => break,
            }
        }
        Ok(())
    }

    /// Asks about one number, and prints what is true of it now.
    fn one(&mut self, request: &Request) -> Result<(), Failure> {
        let line = self.granted(request)?;
        let reply = Reply::parse(&line).map_err(|why| request.lost(&why))?;
        let number = reply.text("number").unwrap_or_default();
        let since = reply.text("since");
        let what =
            since.as_ref().map_or("not opted out".into(), |since| ["opted out since ", since].concat());
        self.print(&line, |out| out.line(&[&*number, " ", &what].concat()))
    }

    /// Adds many numbers, some at a time: if one request is refused, those before it stay added,
    /// and the same again adds the rest.
    fn add_all(&mut self, numbers: &[String]) -> Result<(), Failure> {
        let mut added = 0;
        for some in numbers.chunks(MAX_NUMBERS) {
            let request = Request::acting("optout", |o| {
                o.string("numbers", &some.join("\n"));
                o.string("do", "add");
            });
            let line = self.granted(&request)?;
            let reply = Reply::parse(&line).map_err(|why| request.lost(&why))?;
            added += reply.number("added").unwrap_or(0);
            if self.output.json {
                self.output.line(&line)?;
            }
        }
        if self.output.json {
            return Ok(());
        }
        self.output.line(&format!("{added} added, {} given", numbers.len()))
    }
}
