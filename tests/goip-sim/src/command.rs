//! What can be asked of the simulation in words: the lines of a script and of the control port.

use std::str::{FromStr, SplitAsciiWhitespace};

use crate::{Fault, Hang, InboxForm, Instead, LinesForm, Page, Radio, Rule};

/// The commands, for people.
pub const HELP: &str = include_str!("help.txt");

/// Something that is asked of the simulation itself and not of the box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A rule.
    Fault(Rule),
    /// Numbers that begin with `prefix` end `DONE` with `error`. The newest that fits counts.
    Error {
        /// How the number begins, as the box is given it.
        prefix: String,
        /// The error.
        error: String,
        /// Whether the message goes on the air all the same.
        aired: bool,
    },
    /// The SIM of a line, or of all, is logged out of the network.
    Logout {
        /// The line, from 1.
        line: Option<u8>,
        /// For how long, in ms.
        ms: u64,
    },
    /// Connections are refused.
    Refuse {
        /// For how long, in ms.
        ms: u64,
    },
    /// The box reboots: jobs are cut off, connections break, and none is taken for a while.
    Reboot {
        /// For how long, in ms.
        ms: u64,
    },
    /// Another program sends. Fails as the box would refuse it.
    Foreign {
        /// The line, from 1.
        line: u8,
        /// The number.
        number: String,
        /// The text.
        text: String,
    },
    /// A message comes. Fails if there is no such line.
    Sms {
        /// The line, from 1.
        line: u8,
        /// From whom.
        number: String,
        /// The text: any bytes.
        text: Vec<u8>,
    },
    /// A message comes that stands on the inbox page as these bytes, which need not be what a
    /// box can have meant.
    Slot {
        /// The line, from 1.
        line: u8,
        /// What stands between the quotes.
        bytes: Vec<u8>,
    },
    /// Received messages are deleted by somebody.
    Delete {
        /// The line, from 1; `None`: all lines.
        line: Option<u8>,
        /// The slot, from 0; `None`: all slots.
        slot: Option<usize>,
    },
    /// The form of the inbox and outbox pages from now on.
    Form(InboxForm),
    /// How `status.xml` is written from now on.
    Lines(LinesForm),
    /// The module or card of a line, or of all, is another from now on.
    Radio {
        /// The line, from 1.
        line: Option<u8>,
        /// What.
        set: Set,
    },
    /// The clock in times of messages is wrong from now on.
    Clock {
        /// Seconds ahead of the right time.
        ahead_s: i64,
    },
    /// Ends all faults and outages; a box that hangs goes on at once. Jobs stay as they are.
    Clear,
}

/// A change of a [`Radio`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Set {
    /// Whether the module has power.
    Module(bool),
    /// Whether there is a card.
    Sim(bool),
    /// Whether the card is in the network.
    Registered(bool),
    /// The signal.
    Signal(u8),
    /// The operator.
    Operator(String),
    /// What USSD codes are answered with; nothing: the network never answers.
    Ussd(String),
    /// The card's own number.
    Own(String),
}

impl Set {
    pub(crate) fn apply(&self, radio: &mut Radio) {
        match self {
            Self::Module(on) => radio.module = *on,
            Self::Sim(there) => radio.sim = *there,
            Self::Registered(yes) => radio.registered = *yes,
            Self::Signal(signal) => radio.signal = *signal,
            Self::Operator(name) => radio.operator.clone_from(name),
            Self::Ussd(answer) => radio.ussd = Some(answer.clone()),
            Self::Own(number) => radio.own.clone_from(number),
        }
    }
}

fn set(name: &str, words: &mut SplitAsciiWhitespace) -> Result<Command, String> {
    let line = if takes(words, "all") { None } else { Some(number(words, "LINE")?) };
    let mut yes = |word: &str, other: &str| match words.next() {
        Some(said) if said == word => Ok(true),
        Some(said) if said == other => Ok(false),
        _ => Err(format!("'{name}' needs {word} or {other}")),
    };
    let set = match name {
        "module" => Set::Module(yes("on", "off")?),
        "sim" => Set::Sim(yes("in", "out")?),
        "registered" => Set::Registered(yes("yes", "no")?),
        "signal" => Set::Signal(number(words, "SIGNAL")?),
        "own" => Set::Own(word(words, "NUMBER")?),
        _ => {
            let text = words.by_ref().collect::<Vec<_>>().join(" ");
            if name == "operator" { Set::Operator(text) } else { Set::Ussd(text) }
        }
    };
    Ok(Command::Radio { line, set })
}

fn number<T: FromStr>(words: &mut SplitAsciiWhitespace, what: &str) -> Result<T, String> {
    let word = words.next().ok_or_else(|| format!("{what} is missing"))?;
    word.parse().map_err(|_| format!("{what}: '{word}' is not a number in its range"))
}

fn word(words: &mut SplitAsciiWhitespace, what: &str) -> Result<String, String> {
    words.next().map(str::to_owned).ok_or_else(|| format!("{what} is missing"))
}

/// Takes the next word if it is `wanted`.
fn takes(words: &mut SplitAsciiWhitespace, wanted: &str) -> bool {
    let mut ahead = words.clone();
    let is_wanted = ahead.next() == Some(wanted);
    if is_wanted {
        *words = ahead;
    }
    is_wanted
}

fn end(words: &mut SplitAsciiWhitespace) -> Result<(), String> {
    words.next().map_or(Ok(()), |word| Err(format!("'{word}' is too much")))
}

fn rule(words: &mut SplitAsciiWhitespace) -> Result<Rule, String> {
    let page = [
        ("any", Page::Any),
        ("send", Page::Send),
        ("status", Page::Status),
        ("inbox", Page::Inbox),
        ("lines", Page::Lines),
        ("control", Page::Control),
    ];
    let page = page.into_iter().find(|(name, _)| takes(words, name)).map(|(_, page)| page);
    let name = word(words, "the fault's name")?;
    let mut instead = |what| Fault::Instead { what, taken: takes(words, "taken") };
    let fault = match name.as_str() {
        "busy" => Fault::Busy,
        "logout" => Fault::Logout,
        "says" => {
            let mut said: Vec<&str> = words.by_ref().collect();
            let times = said.pop_if(|last| said_times(last).is_some());
            let rule = Rule::from(Fault::Says(said.join(" ")));
            return Ok(times.and_then(said_times).map_or(rule.clone(), |left| Rule { left, ..rule }));
        }
        "lost-before" => Fault::LostBefore,
        "lost-after" => Fault::LostAfter,
        "late" => Fault::Late { ms: number(words, "MS")? },
        "hang" => {
            let at = word(words, "where it hangs")?;
            let at = match at.as_str() {
                "accept" => Hang::Accepted,
                "read" => Hang::Read,
                "taken" => Hang::Taken,
                "head" => Hang::Head,
                _ => return Err(format!("'{at}': it hangs at accept, read, taken or head")),
            };
            Fault::Hang { at, ms: number(words, "MS")? }
        }
        "trickle" => Fault::Trickle { ms: number(words, "MS")? },
        "truncated" => Fault::Truncated { bytes: number(words, "BYTES")? },
        "garbage" => instead(Instead::Garbage),
        "401" => instead(Instead::Unauthorized),
        "500" => instead(Instead::ServerError),
        "nested" => instead(Instead::Nested),
        "endless" => instead(Instead::Endless),
        "empty-id" => Fault::EmptyId,
        "stuck" => Fault::Stuck { busy: takes(words, "busy") },
        "early-error" => Fault::EarlyError { error: word(words, "CODE")?, stays: takes(words, "stays") },
        "reboot-during" => {
            Fault::RebootDuring { after_ms: number(words, "AFTER_MS")?, down_ms: number(words, "DOWN_MS")? }
        }
        "no-post" => Fault::PostIgnored,
        _ => return Err(format!("no fault is called '{name}'; 'help' lists them")),
    };
    let rule = Rule::from(fault);
    let rule = page.map_or(rule.clone(), |page| rule.on(page));
    let Some(times) = words.next() else { return Ok(rule) };
    let left = said_times(times).ok_or_else(|| format!("'{times}' is neither a count nor 'always'"))?;
    Ok(Rule { left, ..rule })
}

/// The words that are left, one blank between them, `%0A` standing for that byte.
fn bytes(words: &mut SplitAsciiWhitespace) -> Vec<u8> {
    let text = words.by_ref().collect::<Vec<_>>().join(" ");
    let (text, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while let Some(&byte) = text.get(at) {
        let hex = text.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = hex.filter(|_| byte == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(escaped.unwrap_or(byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    out
}

fn form(words: &mut SplitAsciiWhitespace) -> Result<InboxForm, String> {
    let mut form = InboxForm::default();
    for word in words {
        match word {
            "plain" => {}
            "crlf" => form.crlf = true,
            "pos" => form.pos = true,
            "entities" => form.entities = true,
            "scripts" => form.scripts = true,
            _ => return Err(format!("'{word}': a form is plain, crlf, pos, entities or scripts")),
        }
    }
    Ok(form)
}

/// How often a rule hits: a count, or no end.
fn said_times(word: &str) -> Option<Option<u32>> {
    if word == "always" { Some(None) } else { word.parse().ok().map(Some) }
}

/// A command in words, as [`HELP`] lists them (without those that only list something).
impl FromStr for Command {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let words = &mut line.split_ascii_whitespace();
        let name = word(words, "the command")?;
        let command = match name.as_str() {
            "fault" if takes(words, "error") => Self::Error {
                prefix: word(words, "PREFIX")?,
                error: word(words, "CODE")?,
                aired: takes(words, "aired"),
            },
            "fault" => Self::Fault(rule(words)?),
            "logout" => {
                let line = if takes(words, "all") { None } else { Some(number(words, "LINE")?) };
                Self::Logout { line, ms: number(words, "MS")? }
            }
            "refuse" => Self::Refuse { ms: number(words, "MS")? },
            "reboot" => Self::Reboot { ms: number(words, "MS")? },
            "foreign" => Self::Foreign {
                line: number(words, "LINE")?,
                number: word(words, "NUMBER")?,
                text: words.by_ref().collect::<Vec<_>>().join(" "),
            },
            "sms" => {
                Self::Sms { line: number(words, "LINE")?, number: word(words, "NUMBER")?, text: bytes(words) }
            }
            "slot" => Self::Slot { line: number(words, "LINE")?, bytes: bytes(words) },
            "wipe" => {
                let line = if takes(words, "all") { None } else { Some(number(words, "LINE")?) };
                Self::Delete { line, slot: None }
            }
            "delete" => {
                Self::Delete { line: Some(number(words, "LINE")?), slot: Some(number(words, "SLOT")?) }
            }
            "form" => Self::Form(form(words)?),
            "lines" => {
                let word = word(words, "the form")?;
                let form = LinesForm::ALL.into_iter().find(|(known, _)| *known == word);
                Self::Lines(
                    form.ok_or_else(|| format!("'{word}': a form is tags, escaped, few, bare or none"))?.1,
                )
            }
            "module" | "sim" | "registered" | "signal" | "operator" | "ussd" | "own" => set(&name, words)?,
            "clock" => Self::Clock { ahead_s: number(words, "SECONDS")? },
            "clear" => Self::Clear,
            _ => return Err(format!("no command is called '{name}'; 'help' lists them")),
        };
        end(words)?;
        Ok(command)
    }
}

/// A script: lines of `AT_MS COMMAND`; empty lines and those that begin with `#` are skipped.
/// The error names the line.
pub fn script(text: &str) -> Result<Vec<(u64, Command)>, String> {
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let parsed = lines.map(|(at, line)| {
        let (time, command) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let time = time.parse().map_err(|_| format!("'{time}' is not a time in ms"));
        let both = time.and_then(|time| Ok((time, command.parse()?)));
        both.map_err(|why: String| format!("line {}: {why}", at + 1))
    });
    parsed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_in_words_mean_what_the_help_says() {
        let instead = |what, taken| Fault::Instead { what, taken };
        let early = |stays| Fault::EarlyError { error: "38".into(), stays };
        for (line, rule) in [
            ("fault busy", Rule::from(Fault::Busy)),
            ("fault send busy 3", Fault::Busy.times(3)),
            ("fault logout always", Fault::Logout.always()),
            ("fault says L1 no way 2", Fault::Says("L1 no way".into()).times(2)),
            ("fault lost-before", Fault::LostBefore.into()),
            ("fault send lost-after 2", Fault::LostAfter.on(Page::Send).times(2)),
            ("fault late 500", Fault::Late { ms: 500 }.into()),
            ("fault hang accept 9", Fault::Hang { at: Hang::Accepted, ms: 9 }.into()),
            ("fault status hang head 9 1", Fault::Hang { at: Hang::Head, ms: 9 }.on(Page::Status)),
            ("fault inbox truncated 9 always", Fault::Truncated { bytes: 9 }.on(Page::Inbox).always()),
            ("fault any trickle 20 always", Fault::Trickle { ms: 20 }.always()),
            ("fault truncated 7", Fault::Truncated { bytes: 7 }.into()),
            ("fault garbage", instead(Instead::Garbage, false).into()),
            ("fault send 500 taken 4", instead(Instead::ServerError, true).on(Page::Send).times(4)),
            ("fault 401 3", instead(Instead::Unauthorized, false).times(3)),
            ("fault empty-id", Fault::EmptyId.into()),
            ("fault stuck", Fault::Stuck { busy: false }.into()),
            ("fault stuck busy 2", Fault::Stuck { busy: true }.times(2)),
            ("fault early-error 38", early(false).into()),
            ("fault early-error 38 stays 2", early(true).times(2)),
            ("fault reboot-during 5 6", Fault::RebootDuring { after_ms: 5, down_ms: 6 }.into()),
            ("fault no-post always", Fault::PostIgnored.always()),
        ] {
            assert_eq!(line.parse(), Ok(Command::Fault(rule)), "{line}");
        }
        let error = |aired| Command::Error { prefix: "+4917".into(), error: "2172".into(), aired };
        let foreign = Command::Foreign { line: 1, number: "777".into(), text: "a b".into() };
        for (line, command) in [
            ("fault error +4917 2172", error(false)),
            ("fault error +4917 2172 aired", error(true)),
            ("logout all 5", Command::Logout { line: None, ms: 5 }),
            ("logout 2 5", Command::Logout { line: Some(2), ms: 5 }),
            ("refuse 5", Command::Refuse { ms: 5 }),
            ("reboot 5000", Command::Reboot { ms: 5000 }),
            ("foreign 1 777 a b", foreign),
            (
                "sms 1 777 a  b%0a%ff%",
                Command::Sms { line: 1, number: "777".into(), text: b"a b\n\xff%".into() },
            ),
            ("slot 2 \\u12%zz", Command::Slot { line: 2, bytes: b"\\u12%zz".into() }),
            ("wipe all", Command::Delete { line: None, slot: None }),
            ("wipe 2", Command::Delete { line: Some(2), slot: None }),
            ("delete 2 0", Command::Delete { line: Some(2), slot: Some(0) }),
            ("form plain", Command::Form(InboxForm::default())),
            ("form pos crlf", Command::Form(InboxForm { pos: true, crlf: true, ..InboxForm::default() })),
            ("clock -3600", Command::Clock { ahead_s: -3600 }),
            ("lines few", Command::Lines(LinesForm::Few)),
            ("module 2 off", Command::Radio { line: Some(2), set: Set::Module(false) }),
            ("sim all out", Command::Radio { line: None, set: Set::Sim(false) }),
            ("registered 1 no", Command::Radio { line: Some(1), set: Set::Registered(false) }),
            ("signal 1 7", Command::Radio { line: Some(1), set: Set::Signal(7) }),
            ("operator 1 T & M", Command::Radio { line: Some(1), set: Set::Operator("T & M".into()) }),
            ("ussd 1", Command::Radio { line: Some(1), set: Set::Ussd(String::new()) }),
            ("clear", Command::Clear),
        ] {
            assert_eq!(line.parse(), Ok(command), "{line}");
        }
    }

    #[test]
    fn what_is_no_command_is_refused_with_the_reason() {
        for (line, why) in [
            ("", "the command is missing"),
            ("dance", "no command is called 'dance'; 'help' lists them"),
            ("fault send dance", "no fault is called 'dance'; 'help' lists them"),
            ("fault late", "MS is missing"),
            ("fault late x", "MS: 'x' is not a number in its range"),
            ("fault busy often", "'often' is neither a count nor 'always'"),
            ("fault hang here 5", "'here': it hangs at accept, read, taken or head"),
            ("reboot 5 6", "'6' is too much"),
            ("form odd", "'odd': a form is plain, crlf, pos, entities or scripts"),
            ("lines odd", "'odd': a form is tags, escaped, few, bare or none"),
            ("module 1 up", "'module' needs on or off"),
            ("wipe", "LINE is missing"),
        ] {
            assert_eq!(line.parse::<Command>(), Err(why.to_owned()), "{line}");
        }
    }

    #[test]
    fn a_script_has_times_and_names_the_line_of_a_mistake() {
        let commands = script("# a bad day\n\n100 reboot 5\n200\tclear\n");
        assert_eq!(commands, Ok(vec![(100, Command::Reboot { ms: 5 }), (200, Command::Clear)]));
        assert_eq!(script("1 clear\nclear").unwrap_err(), "line 2: 'clear' is not a time in ms");
    }
}
