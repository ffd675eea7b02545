//! The command line, from words to what is to be done.

use core::fmt::Display;
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

use super::check::Check;
use super::help::{COMMANDS, Spec, help};
use super::hooks::Hooks;
use super::opt_out::OptOut;
use super::rpcd::Wish;
use super::{Exit, Failure};
use crate::message::{ErrorCode, MAX_TEXT_BYTES, MessageId, Number, OnUnknown, Priority, Quoted, State};

/// What the command line says.
#[derive(Debug)]
pub(super) struct Invocation {
    pub socket: Option<OsString>,
    /// Whether replies are printed as they came.
    pub json: bool,
    pub task: Task,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Task {
    /// Print this and be done.
    Show(String),
    Check(Check),
    Hooks(Hooks),
    /// What only the daemon can do.
    Ask(Question),
    /// What rpcd asks for.
    Rpcd(Wish),
}

/// What the daemon is asked for.
#[derive(Debug)]
pub(super) enum Question {
    Send(NewMessage),
    Status(MessageId),
    List {
        state: Option<String>,
        after: Option<u32>,
        limit: Option<u32>,
    },
    Explain(MessageId),
    Estimate(NewMessage),
    Cancel(MessageId),
    Resend(MessageId),
    Inbox {
        after: Option<u32>,
        limit: Option<u32>,
        follow: bool,
    },
    Lines,
    Events {
        after: Option<u32>,
        consumer: Option<String>,
    },
    OptOut(OptOut),
    /// The operation, what it is done to, and how.
    Control(&'static str, [String; 2]),
    Ping,
}

/// A message to send. What its fields may hold is for the daemon to say.
#[derive(Debug)]
pub(super) struct NewMessage {
    pub to: String,
    pub text: String,
    pub line: Option<String>,
    pub ttl_s: Option<u32>,
    pub key: Option<String>,
    pub tag: Option<String>,
    pub priority: Option<String>,
    pub on_unknown: Option<String>,
    pub at: Option<String>,
    pub collapse: Option<String>,
    pub wait: Wait,
}

/// How long a `send` waits for the message's end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Wait {
    #[default]
    No,
    /// As long as it takes: the message's time to live bounds it.
    UntilFinal,
    /// So many seconds, from 1.
    AtMost(u32),
}

/// The options of all commands together; which of them a command takes stands in its [`Spec`].
#[derive(Default)]
struct Options {
    line: Option<String>,
    ttl_s: Option<u32>,
    key: Option<String>,
    tag: Option<String>,
    priority: Option<String>,
    on_unknown: Option<String>,
    at: Option<String>,
    collapse: Option<String>,
    wait: Wait,
    state: Option<String>,
    after: Option<u32>,
    limit: Option<u32>,
    consumer: Option<String>,
    live: bool,
    follow: bool,
    yes: bool,
    shown_as: Option<String>,
    /// `-c`.
    file: Option<String>,
}

/// Reads the arguments behind the program's name; for `send … -` the text from standard input too.
///
/// # Errors
/// `Usage`; `Refused` if the text on standard input is too long.
pub(super) fn parse(args: Vec<OsString>) -> Result<Invocation, Failure> {
    let mut parser = Parser::from_args(args);
    let (mut socket, mut json) = (None, false);
    let mut command: Option<&Spec> = None;
    let mut options = Options::default();
    let mut words = Vec::new();
    while let Some(arg) = parser.next().map_err(|e| usage(command, &e))? {
        let given = match arg {
            Arg::Value(word) => {
                let word = word.string().map_err(|e| usage(command, &e))?;
                match command {
                    Some(_) => words.push(word),
                    None => command = Some(find(&word)?),
                }
                continue;
            }
            Arg::Short('h') | Arg::Long("help") => {
                return Ok(Invocation { socket, json, task: Task::Show(help(command)) });
            }
            Arg::Long("version") => {
                let version = concat!("goipctl ", env!("CARGO_PKG_VERSION"), "\n");
                return Ok(Invocation { socket, json, task: Task::Show(version.to_owned()) });
            }
            Arg::Long("json") => {
                json = true;
                continue;
            }
            Arg::Long("socket") => {
                socket = Some(parser.value().map_err(|e| usage(command, &e))?);
                continue;
            }
            Arg::Long(name) => ["--", name].concat(),
            Arg::Short(letter) => format!("-{letter}"),
        };
        let is = |name: &str| given.strip_prefix("--").unwrap_or(&given) == name;
        let takes = |c: &Spec| c.options.iter().find(|name| is(name)).copied();
        match command.and_then(takes) {
            Some(name) => options.read(name, &mut parser).map_err(|e| usage(command, &e))?,
            None => return Err(unknown_option(command, &given)),
        }
    }
    let Some(command) = command else { return Err(usage(None, &"the COMMAND is missing")) };
    let task = task(command, &mut options, &words)?;
    Ok(Invocation { socket, json, task })
}

fn find(name: &str) -> Result<&'static Spec, Failure> {
    COMMANDS.iter().find(|c| c.name == name).ok_or_else(|| {
        let known = COMMANDS.each_ref().map(|c| c.name).join(", ");
        Failure::new(Exit::Usage, format!("unknown command {}; known are {known}", Quoted(name)))
    })
}

impl Options {
    fn read(&mut self, name: &str, parser: &mut Parser) -> Result<(), String> {
        if name == "wait" {
            self.wait = match parser.optional_value() {
                None => Wait::UntilFinal,
                Some(value) => Wait::AtMost(number("--wait", &text("--wait", value)?, 1)?),
            };
            return Ok(());
        }
        if let Some(flag) = match name {
            "live" => Some(&mut self.live),
            "follow" => Some(&mut self.follow),
            "yes" => Some(&mut self.yes),
            _ => None,
        } {
            *flag = true;
            return Ok(());
        }
        let option = if name.starts_with('-') { name.into() } else { ["--", name].concat() };
        let value = text(&option, parser.value().map_err(|e| e.to_string())?)?;
        match name {
            "ttl" => self.ttl_s = Some(number(&option, &value, 1)?),
            "after" => self.after = Some(number(&option, &value, 0)?),
            "limit" => self.limit = Some(number(&option, &value, 1)?),
            "priority" => self.priority = Some(word(&option, value, &Priority::ALL.map(Priority::as_str))?),
            "state" => self.state = Some(word(&option, value, &State::ALL.map(State::as_str))?),
            "on-unknown" => {
                let known = [OnUnknown::Hold, OnUnknown::Resend].map(OnUnknown::as_str);
                self.on_unknown = Some(word(&option, value, &known)?);
            }
            "at" => self.at = Some(value),
            "collapse" => self.collapse = Some(value),
            "line" => self.line = Some(value),
            "key" => self.key = Some(value),
            "tag" => self.tag = Some(value),
            "consumer" => self.consumer = Some(value),
            "-c" => self.file = Some(value),
            _ => self.shown_as = Some(value),
        }
        Ok(())
    }
}

/// What `command` is to do with `words`.
fn task(command: &Spec, options: &mut Options, words: &[String]) -> Result<Task, Failure> {
    let id = |word: &str| number("ID", word, 1).map_err(|why| usage(Some(command), &why));
    let question = match (command.name, words) {
        (name @ ("send" | "estimate"), [to, first, rest @ ..]) => {
            let from_input = rest.is_empty() && first == "-";
            if !from_input && Number::is_cut_off(to, first) {
                let cure = "write the number in one word, without blanks, or in quotes";
                return Err(usage(Some(command), &format_args!("NUMBER ends with {}; {cure}", Quoted(to))));
            }
            let text = if from_input { standard_input()? } else { words[1..].join(" ") };
            let new = NewMessage {
                to: to.clone(),
                text,
                line: options.line.take(),
                ttl_s: options.ttl_s,
                key: options.key.take(),
                tag: options.tag.take(),
                priority: options.priority.take(),
                on_unknown: options.on_unknown.take(),
                at: options.at.take(),
                collapse: options.collapse.take(),
                wait: options.wait,
            };
            if name == "send" { Question::Send(new) } else { Question::Estimate(new) }
        }
        ("status", [word]) => Question::Status(id(word)?),
        ("explain", [word]) => Question::Explain(id(word)?),
        ("cancel", [word]) => Question::Cancel(id(word)?),
        ("resend", [word]) => Question::Resend(id(word)?),
        ("list", []) => {
            Question::List { state: options.state.take(), after: options.after, limit: options.limit }
        }
        ("inbox", []) => {
            Question::Inbox { after: options.after, limit: options.limit, follow: options.follow }
        }
        ("lines", []) => Question::Lines,
        ("events", []) => Question::Events { after: options.after, consumer: options.consumer.take() },
        ("optout", [what, numbers @ ..]) => match OptOut::new(what, numbers)? {
            Some(opt_out) => Question::OptOut(opt_out),
            None => return Err(wrong_words(command)),
        },
        ("device", [_, _]) if !options.yes => {
            let why = "this stops every line of the box for minutes; add --yes if that is meant";
            return Err(usage(Some(command), &why));
        }
        ("line" | "ussd" | "device", [target, what]) => {
            Question::Control(command.name, [target.clone(), what.clone()])
        }
        ("ping", []) => Question::Ping,
        ("rpcd", [word]) if word == "list" => return Ok(Task::Rpcd(Wish::List)),
        ("rpcd", [word, method]) if word == "call" => return Ok(Task::Rpcd(Wish::Call(method.clone()))),
        ("check", [] | [_]) => {
            let file = words.first().map(PathBuf::from);
            return Ok(Task::Check(Check {
                file,
                live: options.live,
                shown_as: options.shown_as.take(),
                within_s: None,
            }));
        }
        ("hooks", []) => {
            let file = options.file.take().map(PathBuf::from);
            return Ok(Task::Hooks(Hooks { file, shown_as: options.shown_as.take() }));
        }
        _ => return Err(wrong_words(command)),
    };
    Ok(Task::Ask(question))
}

fn wrong_words(command: &Spec) -> Failure {
    let help = help(Some(command));
    let form = help.lines().next().unwrap_or_default();
    usage(Some(command), &["too few or too many arguments; ", form].concat())
}

/// The text on standard input, without the line feed at its end.
fn standard_input() -> Result<String, Failure> {
    // Room for the line feed, and one byte more to tell a text that is too long.
    let limit = MAX_TEXT_BYTES as u64 + 2;
    let mut text = Vec::new();
    io::stdin()
        .lock()
        .take(limit)
        .read_to_end(&mut text)
        .map_err(|error| Failure::new(Exit::Usage, format!("standard input cannot be read: {error}")))?;
    text.pop_if(|last| *last == b'\n');
    if text.len() > MAX_TEXT_BYTES {
        let code = ErrorCode::TextTooLong;
        let message = format!("{code} standard input has more than {MAX_TEXT_BYTES} bytes; shorten the text");
        return Err(Failure::new(Exit::Refused, message));
    }
    String::from_utf8(text).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::new(
            Exit::Usage,
            format!("standard input is not UTF-8 at byte {at}; convert it (iconv -t utf-8)"),
        )
    })
}

fn text(option: &str, value: OsString) -> Result<String, String> {
    value.into_string().map_err(|_| format!("the value of {option} is not UTF-8"))
}

fn number(name: &str, value: &str, least: u32) -> Result<u32, String> {
    match value.parse() {
        Ok(number) if number >= least && !value.starts_with('+') => Ok(number),
        _ => Err(format!("{name} needs a whole number from {least} to {}, not {}", u32::MAX, Quoted(value))),
    }
}

fn word(option: &str, value: String, known: &[&str]) -> Result<String, String> {
    if known.contains(&value.as_str()) {
        return Ok(value);
    }
    Err(format!("{option} needs one of {}, not {}", known.join(", "), Quoted(&value)))
}

fn unknown_option(command: Option<&Spec>, given: &str) -> Failure {
    let cure = match command {
        Some(Spec { name: "send", .. }) => "; a text that begins with '-' goes behind '--'",
        _ => "",
    };
    usage(command, &format_args!("unknown option {}{cure}", Quoted(given)))
}

/// A wrong command line, and where the right one is told.
fn usage(command: Option<&Spec>, why: &dyn Display) -> Failure {
    let (name, blank) = command.map_or(("", ""), |c| (c.name, " "));
    Failure::new(Exit::Usage, format!("{why}; see 'goipctl {name}{blank}--help'"))
}
