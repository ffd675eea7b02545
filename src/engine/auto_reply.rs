//! Answers that goipd gives by itself, and what keeps it from talking with robots.
//!
//! A received message is answered at most once, whatever crashes: the answer's record comes behind
//! the message's own, which is written once.

use super::inbox::{JOIN_WITHIN_S, Mark, may_go_on};
use super::opt_out::Heeded;
use super::{Choice, Engine, NewMessage, Now};
use crate::journal::Origin;
use crate::message::{
    LineId, Number, NumberMark, PackedNumber, Priority, ReceivedId, Spelling, check_text, folded,
};

/// A text that comes from one number so often within [`REPEATED_WITHIN_S`] is a robot's.
const ROBOT_TIMES: usize = 3;

/// See [`ROBOT_TIMES`].
const REPEATED_WITHIN_S: u32 = 3_600;

/// Received messages that are remembered for [`ROBOT_TIMES`], at most. Beyond them only the count
/// of a day bounds a loop.
const REMEMBERED: usize = 128;

/// Confirmations of opt-outs that a number is sent in a day, at most: robots may change their
/// minds for ever.
const CONFIRMS_A_DAY: u8 = 3;

/// How long an answer may wait, in seconds: later nobody remembers the question.
const TTL_S: u32 = 3_600;

/// What the record of an answer takes besides its text and tag, and its later states, at most.
const OWN_BYTES: usize = 320;

/// When goipd answers by itself, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyRule {
    /// Its section's name, which is the messages' tag.
    pub name: Box<str>,
    /// What a text must be.
    pub matches: Matches,
    /// The texts for that, as [`folded`] makes them.
    pub patterns: Vec<Box<str>>,
    /// The answer.
    pub text: Box<str>,
    /// Only to these; empty: to all.
    pub from: Vec<Senders>,
    /// Not to these.
    pub not_from: Vec<Senders>,
    /// Answers that a number is sent in a day, at most, whichever rules they come from.
    pub per_number: u8,
}

/// How a text is compared with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matches {
    /// It is the pattern.
    Exact,
    /// It begins with the pattern.
    Prefix,
    /// Anything.
    Any,
}

/// One number, or all that begin alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Senders {
    /// The number or its beginning.
    pub number: Box<str>,
    /// Whether it is a beginning.
    pub prefix: bool,
}

impl Senders {
    /// Whether `number` is one of them, in either spelling.
    fn has(&self, number: &Number, spelling: &Spelling) -> bool {
        let canonical = spelling.canonical(number);
        if self.prefix {
            return [number, &canonical].into_iter().any(|n| n.as_str().starts_with(&*self.number));
        }
        Number::parse(&self.number).is_ok_and(|own| spelling.canonical(&own) == canonical)
    }
}

impl ReplyRule {
    fn fits(&self, number: &Number, text: &str, spelling: &Spelling) -> bool {
        let has = |senders: &[Senders]| senders.iter().any(|senders| senders.has(number, spelling));
        let fits = |pattern: &str| match self.matches {
            Matches::Exact => text == pattern,
            Matches::Prefix => text.starts_with(pattern),
            Matches::Any => true,
        };
        let text_fits = self.matches == Matches::Any || self.patterns.iter().any(|pattern| fits(pattern));
        text_fits && (self.from.is_empty() || has(&self.from)) && !has(&self.not_from)
    }
}

/// A message as it was received.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub id: ReceivedId,
    pub line: LineId,
    pub from: &'a str,
    pub text: &'a str,
}

/// What was received lately.
#[derive(Debug, Default)]
pub(super) struct Recent(Vec<Heard>);

#[derive(Clone, Copy, Debug)]
struct Heard {
    from: NumberMark,
    text: Mark,
    at_s: u32,
    /// It was as long as a part of a long message.
    full: bool,
}

impl Recent {
    /// Takes one more; says whether it is the part of the one before, and how often the same has
    /// come within the time, this one included.
    fn note(&mut self, number: &Number, text: &str, at_s: u32) -> (bool, usize) {
        let from = PackedNumber::from(number).mark();
        let mark = Mark::new("", number.as_str(), &folded(text));
        let within = |heard: &Heard, s| at_s.abs_diff(heard.at_s) <= s;
        let before = self.0.iter().rev().find(|heard| heard.from == from);
        let goes_on = before.is_some_and(|before| before.full && within(before, JOIN_WITHIN_S));
        if self.0.len() >= REMEMBERED {
            self.0.remove(0);
        }
        self.0.push(Heard { from, text: mark, at_s, full: may_go_on(text) });
        let same =
            |heard: &&Heard| heard.from == from && heard.text == mark && within(heard, REPEATED_WITHIN_S);
        (goes_on, self.0.iter().filter(same).count())
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Engine {
    /// Answers a received message, whose record was the last one, if a rule says so. It must be a
    /// new one.
    pub(super) fn respond(&mut self, now: Now, asked: Question<'_>, heeded: Heeded) {
        let Some((number, repeated)) = self.hear(now.unix_s, asked.from, asked.text) else { return };
        match heeded {
            Heeded::Stopped => self.confirm(now, asked, number),
            Heeded::Known | Heeded::Started => {}
            Heeded::Nothing if !self.settings.rules.senders.pass(asked.from) => {}
            Heeded::Nothing => match self.answer_to(now, &asked, &number, repeated) {
                Ok(Some(rule)) => {
                    let ReplyRule { name, text, .. } = &self.settings.rules.replies[rule];
                    let (name, text) = (name.clone(), text.clone());
                    let tag = ["reply:", &name].concat();
                    self.say(now, Choice::Line(asked.line), Origin::Reply(asked.id), number, text, &tag);
                }
                Ok(None) => {}
                Err(why) => log::info!("received message {} is not answered: {why}", asked.id),
            },
        }
    }

    /// Remembers a new received message, as [`Self::respond`] does, when its record is restored.
    pub(super) fn restore_heard(&mut self, at_s: u32, from: &str, text: &str) {
        self.hear(at_s, from, text);
    }

    /// The number that `from` is in its one spelling, and what [`Recent::note`] says; `None` where
    /// nothing is ever answered.
    fn hear(&mut self, at_s: u32, from: &str, text: &str) -> Option<(Number, (bool, usize))> {
        let rules = &self.settings.rules;
        if rules.replies.is_empty() && rules.opt_out.confirm.is_none() {
            return None;
        }
        // A name cannot be sent to.
        let number = Number::parse(from).ok()?;
        let canonical = rules.opt_out.spelling.canonical(&number);
        let repeated = self.recent.note(&canonical, text, at_s);
        Some((number, repeated))
    }

    /// The rule by which a message is answered.
    ///
    /// # Errors
    /// There is a rule, but also a reason not to.
    fn answer_to(
        &self,
        now: Now,
        asked: &Question<'_>,
        number: &Number,
        (goes_on, times): (bool, usize),
    ) -> Result<Option<usize>, &'static str> {
        let rules = &self.settings.rules;
        let text = folded(asked.text);
        let fits = |rule: &ReplyRule| rule.fits(number, &text, &rules.opt_out.spelling);
        let Some(place) = rules.replies.iter().position(fits) else { return Ok(None) };
        self.may_answer(number)?;
        if goes_on {
            return Err("it is the part of a long one");
        }
        let ours = rules.replies.iter().map(|rule| &rule.text).chain(&rules.opt_out.confirm);
        if ours.into_iter().any(|ours| folded(ours) == text) {
            return Err("it is what goipd would answer itself");
        }
        if times >= ROBOT_TIMES {
            return Err("the same came from this number again and again, as from a robot");
        }
        self.check_count(now, number, rules.replies[place].per_number)?;
        Ok(Some(place))
    }

    /// Tells who has opted out that this was understood.
    fn confirm(&mut self, now: Now, asked: Question<'_>, number: Number) {
        let Some(text) = self.settings.rules.opt_out.confirm.clone() else { return };
        let checked =
            self.may_be_sent_to(&number).and_then(|()| self.check_count(now, &number, CONFIRMS_A_DAY));
        match checked {
            Ok(()) => {
                self.say(now, Choice::Line(asked.line), Origin::Confirm(asked.id), number, text, "optout");
            }
            Err(why) => log::info!("the opt-out in received message {} is not confirmed: {why}", asked.id),
        }
    }

    /// The loop guard, as far as it concerns the number.
    fn may_answer(&self, number: &Number) -> Result<(), &'static str> {
        self.may_be_sent_to(number)?;
        if self.opted_out(number).is_some() { Err("its sender has opted out") } else { Ok(()) }
    }

    fn may_be_sent_to(&self, number: &Number) -> Result<(), &'static str> {
        if number.as_str().trim_start_matches('+').len() <= Spelling::SHORT_DIGITS {
            return Err("its sender is a short code");
        }
        let rules = &self.settings.rules;
        let spelling = &rules.opt_out.spelling;
        let canonical = spelling.canonical(number);
        if rules.own_numbers.iter().any(|own| spelling.canonical(own) == canonical) {
            return Err("its sender is one of the boxes' own lines");
        }
        Ok(())
    }

    fn check_count(&self, now: Now, number: &Number, most: u8) -> Result<(), &'static str> {
        match self.replies.count(now.stamp(), PackedNumber::from(number).mark()) {
            Some(count) if count < most => Ok(()),
            Some(_) => Err("its sender has had its answers of today"),
            None => Err("so many numbers were answered today that no more can be counted"),
        }
    }

    /// Sends a message of goipd's own; one that answers nothing is of high priority.
    pub(super) fn say(
        &mut self,
        now: Now,
        choice: Choice,
        origin: Origin,
        to: Number,
        text: Box<str>,
        tag: &str,
    ) {
        if !self.inbox.take_room(text.len() + tag.len() + OWN_BYTES) {
            log::warn!("goipd's own message '{tag}' is not sent: the journal has no room");
            return;
        }
        let high = origin == Origin::Reply(0);
        let accepted = check_text(&text, self.settings.max_segments).and_then(|shape| {
            let new = NewMessage {
                choice,
                ttl_s: (!high).then_some(TTL_S),
                tag: Some(tag.into()),
                priority: if high { Priority::High } else { Priority::Normal },
                ..NewMessage::new(origin, to, text, shape)
            };
            self.accept_own(now, new)
        });
        if let Err(refusal) = accepted {
            log::warn!("goipd's own message '{tag}' is not sent: {refusal}");
        }
    }
}
