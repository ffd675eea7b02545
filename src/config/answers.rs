//! What follows from received messages: opt-outs and answers. The types, and what holds between
//! their options; the single options are in `table::answers`.

use super::Faults;
use super::option::{defaults, quoted, read};
use super::table::{OPT_OUT, REPLY};
use super::uci::Section;
use crate::engine::{Matches, OptOutRules, ReplyRule, Rules, Senders};
use crate::message::{self, Number, Spelling, check_text, folded, squeezed};

/// The most words of one kind, and patterns of one reply: each received message is compared with
/// all of them.
pub const MAX_WORDS: usize = 64;

/// The most `reply` sections.
pub const MAX_REPLIES: usize = 16;

/// The longest word or pattern, in bytes: what one short message holds.
pub(super) const MAX_WORD_BYTES: usize = 160;

/// The longest name of a reply: with `reply:` before it a message's tag has room for it.
const MAX_NAME_BYTES: usize = 32;

/// By which words a number opts out, if none are configured: those that operators of short codes
/// have to obey.
const STOP: [&str; 6] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"];

/// By which words it comes back.
const START: [&str; 3] = ["START", "YES", "UNSTOP"];

/// Opt-outs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOut {
    /// Whether received messages change the list.
    pub enabled: bool,
    /// The words by which a number opts out, as written; empty: the usual ones.
    pub keywords: Vec<String>,
    /// The words by which it comes back; empty: the usual ones.
    pub start_keywords: Vec<String>,
    /// What who opts out is told once.
    pub confirm: Option<String>,
    /// The country's code, 1 to 3 digits, and what stands before a number inside the country.
    pub spelling: Spelling,
    /// Whether the list holds for the local socket.
    pub local: bool,
}

/// An answer that goipd gives by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The name of its section, at most 32 bytes.
    pub name: String,
    /// What a text must be.
    pub matches: Matches,
    /// The texts for that, as written; none exactly if `matches` is [`Matches::Any`].
    pub patterns: Vec<String>,
    /// The answer.
    pub text: String,
    /// Only to these; empty: to all.
    pub from: Vec<Senders>,
    /// Not to these.
    pub not_from: Vec<Senders>,
    /// Answers that a number is sent in a day, 1 to 100.
    pub per_number: u8,
}

impl Default for OptOut {
    fn default() -> Self {
        let mut opt_out = Self {
            enabled: false,
            keywords: Vec::new(),
            start_keywords: Vec::new(),
            confirm: None,
            spelling: Spelling::default(),
            local: false,
        };
        defaults(OPT_OUT, &mut opt_out);
        opt_out
    }
}

/// The engine's part of it. `own` are the boxes' own numbers.
pub(super) fn rules(opt_out: &OptOut, replies: &[Reply], own_numbers: Vec<Number>) -> Rules {
    let words = |configured: &[String], usual: &[&str], make: fn(&str) -> String| -> Vec<Box<str>> {
        let usual = usual.iter().copied().filter(|_| configured.is_empty());
        configured.iter().map(String::as_str).chain(usual).map(|word| make(word).into()).collect()
    };
    let reply = |reply: &Reply| ReplyRule {
        name: reply.name.as_str().into(),
        matches: reply.matches,
        patterns: words(&reply.patterns, &[], folded),
        text: reply.text.as_str().into(),
        from: reply.from.clone(),
        not_from: reply.not_from.clone(),
        per_number: reply.per_number,
    };
    Rules {
        opt_out: OptOutRules {
            enabled: opt_out.enabled,
            stop: words(&opt_out.keywords, &STOP, squeezed),
            start: words(&opt_out.start_keywords, &START, squeezed),
            confirm: opt_out.confirm.as_deref().map(Into::into),
            spelling: opt_out.spelling.clone(),
            local: opt_out.local,
            transactional: Vec::new(),
        },
        replies: replies.iter().map(reply).collect(),
        own_numbers,
        senders: message::Senders::default(),
    }
}

pub(super) fn opt_out(section: &Section, faults: &mut Faults) -> OptOut {
    let mut opt_out = OptOut::default();
    read(section, OPT_OUT, &mut opt_out, faults);
    let rules = rules(&opt_out, &[], Vec::new()).opt_out;
    if let Some(both) = rules.stop.iter().find(|word| rules.start.contains(word)) {
        let option = section.option("keyword_start").or_else(|| section.option("keyword"));
        let problem = format!("the word {} stands for both stop and start", quoted(both));
        faults.add(
            option.map_or(section.line, |o| o.line),
            format!("{problem}; remove it from one of the two"),
        );
    }
    opt_out
}

pub(super) fn reply(section: &Section, faults: &mut Faults) -> Reply {
    if section.anonymous {
        faults.add(section.line, "a reply needs a name; write it like: config reply 'hours'");
    } else if section.name.len() > MAX_NAME_BYTES {
        let problem =
            format!("the reply's name {} is longer than {MAX_NAME_BYTES} bytes", quoted(&section.name));
        faults.add(section.line, format!("{problem}; shorten it"));
    }
    let mut reply = Reply {
        name: section.name.clone(),
        matches: Matches::Any,
        patterns: Vec::new(),
        text: String::new(),
        from: Vec::new(),
        not_from: Vec::new(),
        per_number: 0,
    };
    defaults(REPLY, &mut reply);
    read(section, REPLY, &mut reply, faults);
    match section.option("pattern") {
        Some(option) if reply.matches == Matches::Any => {
            let cure = "remove it, or write option match 'exact' or 'prefix'";
            faults.add(option.line, format!("option 'pattern': 'any' matches every text; {cure}"));
        }
        None if reply.matches != Matches::Any => {
            let cure = "add a line: list pattern 'INFO', or write option match 'any'";
            faults.add(section.line, format!("the reply matches nothing; {cure}"));
        }
        _ => {}
    }
    reply
}

/// Refuses a text of option `name` that cannot be sent in so many segments.
pub(super) fn check_segments(section: &Section, name: &str, text: &str, max: u8, faults: &mut Faults) {
    if let Some(option) = section.option(name)
        && !text.is_empty()
        && let Err(refusal) = check_text(text, max)
    {
        faults.add(option.line, format!("option '{name}': {}", refusal.message));
    }
}

/// One number, or the beginning of some with a `*` behind it.
pub(super) fn senders(text: &str) -> Result<Senders, String> {
    let (number, prefix) = text.strip_suffix('*').map_or((text, false), |number| (number, true));
    let digits = number.strip_prefix('+').unwrap_or(number);
    if !digits.bytes().all(|b| b.is_ascii_digit()) || digits.len() > Number::MAX_DIGITS {
        let cure = "write one like '+4915112345678' or '+49*'";
        return Err(format!("{} is no number; {cure}", quoted(text)));
    }
    if !prefix {
        let number = Number::parse(text).map_err(|refusal| refusal.message)?;
        return Ok(Senders { number: number.as_str().into(), prefix });
    }
    Ok(Senders { number: number.into(), prefix })
}
