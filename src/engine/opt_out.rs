//! Who wants no more messages: what a received message says of that, the list by hand, and what
//! both mean for the messages that wait.
//!
//! The list holds numbers in the one spelling that [`Spelling::canonical`] gives them. Whoever is
//! on it gets nothing, whether or not received messages change it. A number's record goes to the
//! journal before the message that asked for it: after a crash in between the message is read
//! again, and nothing is forgotten.

use super::{Change, Engine, Now};
use crate::journal::{Bodies, OptIn, OptOut, OptedOut, Origin, Record, Ticket};
use crate::message::{
    ClientId, ErrorCode, MessageId, Number, NumberMark, PackedNumber, Problem, ProblemCode, Refusal,
    Spelling, State, squeezed,
};

/// What is configured of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOutRules {
    /// Whether received messages change the list.
    pub enabled: bool,
    /// The words by which a number opts out, as [`squeezed`] makes them.
    pub stop: Vec<Box<str>>,
    /// The words by which it comes back.
    pub start: Vec<Box<str>>,
    /// What who opts out is told once.
    pub confirm: Option<Box<str>>,
    /// How numbers are written here.
    pub spelling: Spelling,
    /// Whether the list holds for the local socket.
    pub local: bool,
    /// The clients for which it does not hold.
    pub transactional: Vec<ClientId>,
}

impl Default for OptOutRules {
    fn default() -> Self {
        Self {
            enabled: false,
            stop: Vec::new(),
            start: Vec::new(),
            confirm: None,
            spelling: Spelling::default(),
            local: true,
            transactional: Vec::new(),
        }
    }
}

/// What a received message said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heeded {
    /// Nothing.
    Nothing,
    /// Its sender wants no more messages, and did before: nothing more is said.
    Known,
    /// Its sender wants no more messages from now on.
    Stopped,
    /// Its sender wants messages, again or still.
    Started,
}

impl Engine {
    /// Keeps so many numbers at most.
    pub fn limit_opt_outs(&mut self, most: usize) {
        self.max_opt_outs = most;
    }

    /// Takes from a received message, whose record comes next, what it says of this. Of an `old`
    /// one, which came before goipd, nobody is told.
    pub(super) fn heed(&mut self, now: Now, from: &str, text: &str, old: bool) -> Heeded {
        let rules = &self.settings.rules.opt_out;
        if !rules.enabled {
            return Heeded::Nothing;
        }
        let word = squeezed(text);
        let is_in = |words: &[Box<str>]| words.iter().any(|known| **known == *word);
        let stop = is_in(&rules.stop);
        if !stop && !is_in(&rules.start) {
            return Heeded::Nothing;
        }
        // A name cannot be sent to.
        let Ok(number) = Number::parse(from) else { return Heeded::Nothing };
        let number = rules.spelling.canonical(&number);
        let packed = PackedNumber::from(&number);
        let at = (!old).then(|| now.stamp());
        match (stop, self.opt_outs.since_s(packed).is_some()) {
            (true, true) => Heeded::Known,
            (false, false) => Heeded::Started,
            (false, true) => {
                log::info!("{} wants messages again", number.masked());
                self.note_opt(Record::OptIn(OptIn { at, number: packed }));
                Heeded::Started
            }
            (true, false) if self.opt_outs.len() >= self.max_opt_outs => {
                self.missed_opt_outs = self.missed_opt_outs.saturating_add(1);
                log::error!(
                    "{} wants no more messages, and the list is full with {}: it is still sent to; raise max_journal, or remove numbers with 'goipctl optout remove'",
                    number.masked(),
                    self.opt_outs.len()
                );
                Heeded::Known
            }
            (true, false) => {
                log::info!("{} wants no more messages", number.masked());
                let numbers = vec![OptedOut { number: packed, since_s: now.unix_s }];
                self.note_opt(Record::OptOut(OptOut { at, numbers }));
                self.stop_queued(now, &[packed.mark()]);
                Heeded::Stopped
            }
        }
    }

    /// Puts numbers on the list; gives how many were not there yet, and when they may be told. One
    /// number is an event, several are none.
    ///
    /// # Errors
    /// `storage` if the list or the journal has no room; then none is on it. The last tenth of the
    /// list is for those who ask for it themselves.
    pub fn opt_out(
        &mut self,
        now: Now,
        numbers: &[Number],
        bodies: &impl Bodies,
    ) -> Result<(usize, Ticket), Refusal> {
        let mut new: Vec<OptedOut> = Vec::new();
        for number in numbers {
            let number = PackedNumber::from(&self.settings.rules.opt_out.spelling.canonical(number));
            // A request has few of them, and to sort them would take more code than it is worth.
            if self.opt_outs.since_s(number).is_none() && !new.iter().any(|one| one.number == number) {
                new.push(OptedOut { number, since_s: now.unix_s });
            }
        }
        let count = new.len();
        if count == 0 {
            return Ok((0, self.ticket));
        }
        let most = self.max_opt_outs - self.max_opt_outs / 10;
        if self.opt_outs.len() + count > most {
            let message = format!(
                "the list of opt-outs has room for {most} numbers and holds {}; raise max_journal, or remove some",
                self.opt_outs.len()
            );
            return Err(Refusal::new(ErrorCode::Storage, message));
        }
        bodies.room(count * size_of::<OptedOut>())?;
        let marks: Vec<NumberMark> = new.iter().map(|one| one.number.mark()).collect();
        let at = (count == 1 && numbers.len() == 1).then(|| now.stamp());
        let after = self.note_opt(Record::OptOut(OptOut { at, numbers: new }));
        log::info!("{count} numbers opted out by request, {} in all", self.opt_outs.len());
        self.stop_queued(now, &marks);
        Ok((count, after))
    }

    /// Takes a number from the list, if it is there; gives when that may be told.
    pub fn opt_in(&mut self, now: Now, number: &Number) -> Ticket {
        let number = PackedNumber::from(&self.settings.rules.opt_out.spelling.canonical(number));
        if self.opt_outs.since_s(number).is_none() {
            return self.ticket;
        }
        log::info!("a number opted in by request, {} are still out", self.opt_outs.len() - 1);
        self.note_opt(Record::OptIn(OptIn { at: Some(now.stamp()), number }))
    }

    /// Whether `number` is on the list: how it stands there, and since when.
    pub fn opted_out(&self, number: &Number) -> Option<OptedOut> {
        let number = PackedNumber::from(&self.settings.rules.opt_out.spelling.canonical(number));
        self.opt_outs.since_s(number).map(|since_s| OptedOut { number, since_s })
    }

    /// The list behind that number, or from its beginning.
    pub fn opt_outs_after(&self, number: Option<PackedNumber>) -> &[OptedOut] {
        self.opt_outs.after(number)
    }

    /// How many numbers there are on the list, how many there may be, and how many asked in vain
    /// since the start.
    pub fn opt_out_counts(&self) -> [u32; 3] {
        [self.opt_outs.len() as u32, self.max_opt_outs as u32, self.missed_opt_outs]
    }

    /// Refuses a message of `origin` to a number that wants none.
    pub(super) fn check_opted_out(&self, origin: Origin, to: &Number) -> Result<(), Refusal> {
        if self.is_exempt(origin) {
            return Ok(());
        }
        match self.opted_out(to) {
            None => Ok(()),
            Some(_) => Err(refused(to.as_str())),
        }
    }

    /// Whether a message that is not final must not go out any more.
    pub(super) fn is_stopped(&self, id: MessageId) -> bool {
        let listed = |mark| self.opt_outs.after(None).iter().any(|one| one.number.mark() == mark);
        self.index.get(id).is_some_and(|entry| !self.is_exempt(entry.origin()) && listed(entry.to))
    }

    /// The mark of a receiver, as the index has it.
    pub(super) fn mark_of(&self, to: &Number) -> NumberMark {
        PackedNumber::from(&self.settings.rules.opt_out.spelling.canonical(to)).mark()
    }

    /// Which of the configured prefixes a receiver has.
    pub(super) fn prefix_of(&self, to: &Number) -> u8 {
        self.tables.prefix_of(self.settings.rules.opt_out.spelling.canonical(to).as_str())
    }

    /// All records were restored: brings the list into the spelling that is configured now, and
    /// takes back what was not taken back before the crash.
    pub(super) fn opt_outs_restored(&mut self, now: Now) {
        let spelling = &self.settings.rules.opt_out.spelling;
        let respelt = |one: &OptedOut| {
            let number = PackedNumber::from(&spelling.canonical(&Number::parse(&one.number.text()).ok()?));
            (number != one.number).then_some((one.number, OptedOut { number, ..*one }))
        };
        let respelt: Vec<_> = self.opt_outs.after(None).iter().filter_map(respelt).collect();
        for (old, new) in respelt {
            self.note_opt(Record::OptOut(OptOut { at: None, numbers: vec![new] }));
            self.note_opt(Record::OptIn(OptIn { at: None, number: old }));
        }
        let marks: Vec<NumberMark> = self.opt_outs.after(None).iter().map(|one| one.number.mark()).collect();
        self.stop_queued(now, &marks);
    }

    /// Takes back what waits for numbers with those marks.
    fn stop_queued(&mut self, now: Now, marks: &[NumberMark]) {
        let stopped = |entry: &&super::index::Entry| {
            entry.state == State::Queued && marks.contains(&entry.to) && !self.is_exempt(entry.origin())
        };
        let stopped: Vec<MessageId> = self.index.iter().filter(stopped).map(|entry| entry.id).collect();
        for id in stopped {
            log::warn!("message {id} cancelled: its receiver has opted out");
            let problem = Problem::new(ProblemCode::OptedOut);
            self.move_to(now, id, State::Cancelled, Change::problem(problem));
        }
    }

    /// Whether the list does not hold for messages of `origin`.
    fn is_exempt(&self, origin: Origin) -> bool {
        let rules = &self.settings.rules.opt_out;
        match origin {
            Origin::Local => !rules.local,
            Origin::Client(client) => rules.transactional.contains(&client),
            Origin::Reply(_) => false,
            // It says that nothing more will come.
            Origin::Confirm(_) => true,
        }
    }

    fn note_opt(&mut self, record: Record) -> Ticket {
        self.opt_outs.note(&record);
        self.record(record)
    }
}

/// The refusal of a message to that number.
pub(super) fn refused(to: &str) -> Refusal {
    let cure = "'goipctl optout remove' takes it from the list";
    let message = format!("{to} has asked for no more messages; if it wants them again, {cure}");
    Refusal::new(ErrorCode::OptedOut, message)
}
