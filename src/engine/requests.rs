//! What callers ask for: accept, cancel, resend.

use core::hash::{Hash, Hasher};
use std::hash::DefaultHasher;

use super::choosing::Wish;
use super::index::{Entry, Tries};
use super::line::Phase;
use super::terms::collapse_hash;
use super::{Change, Choice, Engine, Now, opt_out};
use crate::goip::encoded_len;
use crate::journal::{self, Bodies, Body, Origin, Record, Terms, Ticket};
use crate::message::{
    At, ClientId, ErrorCode, JobId, MessageId, Number, OnUnknown, Priority, Refusal, Shape, State,
};

/// Messages that are remembered for their keys' sake beyond `keep_messages`, at most.
const KEYED_EXTRA: usize = 10_000;

/// A message to be accepted. Number, text and line have been checked.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Whose it is.
    pub origin: Origin,
    /// The receiver.
    pub to: Number,
    /// The text.
    pub text: Box<str>,
    /// What the text comes to.
    pub shape: Shape,
    /// The lines it may go out on.
    pub choice: Choice,
    /// Seconds to live, or the configured ones.
    pub ttl_s: Option<u32>,
    /// The caller's idempotency key.
    pub key: Option<Box<str>>,
    /// The caller's own note.
    pub tag: Option<Box<str>>,
    /// What to do if its outcome cannot be known, or what is configured.
    pub on_unknown: Option<OnUnknown>,
    /// Its rank.
    pub priority: Priority,
    /// When it is to go, if not at once.
    pub at: Option<At>,
    /// A newer message to the same receiver with the same word takes the place of this one.
    pub collapse: Option<Box<str>>,
    /// The receivers as they were asked for, if one message each is to go to several.
    pub group: Option<Box<str>>,
    /// Those besides `to`, without doubles; at most [`super::MAX_RECEIVERS`] with it.
    pub others: Vec<Number>,
}

impl NewMessage {
    /// A message of normal priority that may go at once on any line, with what is configured for all
    /// else.
    pub fn new(origin: Origin, to: Number, text: Box<str>, shape: Shape) -> Self {
        Self {
            origin,
            to,
            text,
            shape,
            choice: Choice::Any,
            ttl_s: None,
            key: None,
            tag: None,
            on_unknown: None,
            priority: Priority::Normal,
            at: None,
            collapse: None,
            group: None,
            others: Vec::new(),
        }
    }
}

/// A request was taken. The caller must hear of it only once `after` is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The message, the first of several.
    pub id: MessageId,
    /// Whether it had been accepted before, under the same key.
    pub replayed: bool,
    /// When the caller may be told.
    pub after: Ticket,
}

impl Engine {
    /// Accepts a message, or finds that it has been accepted before under its key. Of several all
    /// are accepted, but for those to receivers who want none; or none is.
    ///
    /// # Errors
    /// `duplicate_key` if the key was used with another receiver, text or line; `bad_request` if
    /// its time is too far ahead; `queue_full`; `storage` if the journal has no room for it;
    /// `opted_out`.
    pub fn accept(
        &mut self,
        now: Now,
        mut new: NewMessage,
        bodies: &impl Bodies,
    ) -> Result<Receipt, Refusal> {
        let choice = self.named_choice(new.choice);
        if let Some(receipt) = self.replay(&new, &choice, bodies)? {
            return Ok(receipt);
        }
        Self::check_at(now, &mut new)?;
        let skipped = self.leave_out(&mut new)?;
        let first = self.terms(&new, &new.to, bodies);
        let mut all = vec![(new.to.clone(), first)];
        for to in core::mem::take(&mut new.others) {
            let terms = self.terms(&new, &to, bodies);
            all.push((to, terms));
        }
        let replaced = all.iter().filter(|(_, terms)| terms.replaces > 0).count();
        self.check_room(&new, all.len(), replaced)?;
        let each = new.text.len() + len(&new.tag) + len(&new.collapse);
        bodies.room(each * all.len() + len(&new.key) + len(&new.group) + skipped.len())?;
        let members = all.len() as u8;
        if let Some(group) = &new.group {
            all[0].1.members = members;
            all[0].1.group = Some(if skipped.is_empty() {
                group.clone()
            } else {
                [group, "\n", &skipped].concat().into()
            });
        }
        let mut receipt = None;
        for (to, terms) in all {
            let next = self.queue(now, &new, to, &choice, terms)?;
            // One key is all of theirs.
            new.key = None;
            receipt = Some(Receipt { after: next.after, ..receipt.unwrap_or(next) });
        }
        receipt.ok_or_else(used_up)
    }

    /// Accepts a message of goipd's own, to one receiver. It has no key; that there is room for it
    /// in the journal has been seen to.
    ///
    /// # Errors
    /// `opted_out`, `queue_full`.
    pub(super) fn accept_own(&mut self, now: Now, new: NewMessage) -> Result<Receipt, Refusal> {
        let choice = self.named_choice(new.choice);
        self.check_opted_out(new.origin, &new.to)?;
        self.check_room(&new, 1, 0)?;
        self.queue(now, &new, new.to.clone(), &choice, Terms::default())
    }

    /// Queues a message to `to` that was found acceptable.
    fn queue(
        &mut self,
        now: Now,
        new: &NewMessage,
        to: Number,
        choice: &journal::Choice,
        terms: Terms,
    ) -> Result<Receipt, Refusal> {
        let id = self.last_id.checked_add(1).ok_or_else(used_up)?;
        self.last_id = id;
        let ttl_s = new.ttl_s.unwrap_or(self.settings.ttl_s);
        let on_unknown = new.on_unknown.unwrap_or(self.settings.on_unknown);
        log::info!(
            "message {id} queued: to {}, {} segment{} ({}){}",
            to.masked(),
            new.shape.segments,
            if new.shape.segments == 1 { "" } else { "s" },
            new.shape.encoding.as_str(),
            if new.priority == Priority::High { ", priority high" } else { "" },
        );
        log::debug!("message {id} is to {to}");
        let (since_ms, deadline_ms) = Self::times(now, terms.at_s, terms.delay_s, ttl_s);
        self.index.push(Entry {
            id,
            form_bytes: form_bytes(&new.text),
            whose: new.origin.into(),
            created_s: now.unix_s,
            updated_s: now.unix_s,
            ttl_s,
            deadline_ms,
            since_ms,
            key: new.key.as_deref().map_or(0, |key| hash_key(new.origin, key)),
            to: self.mark_of(&to),
            job: JobId::EMPTY,
            problem: None,
            line: None,
            choice: new.choice,
            at_s: terms.at_s,
            collapse: new.collapse.as_deref().map_or(0, |word| collapse_hash(new.origin, word)),
            attempts: 0,
            state: State::Queued,
            priority: new.priority,
            encoding: new.shape.encoding,
            segments: new.shape.segments,
            tries: Tries::new(on_unknown),
            perhaps_sent: false,
            prefix: self.prefix_of(&to),
            wish: Wish::UNKNOWN,
            early: false,
            members: terms.members,
        });
        self.index.set_order(id, terms.order);
        self.note_age(now, id);
        let replaces = terms.replaces;
        let plain = new.at.is_none() && new.collapse.is_none() && terms.members == 0;
        let record = Record::Accepted(journal::Accepted {
            id,
            at: now.stamp(),
            origin: new.origin,
            to,
            text: new.text.clone(),
            choice: choice.clone(),
            ttl_s,
            priority: new.priority,
            on_unknown,
            key: new.key.clone(),
            tag: new.tag.clone(),
            terms: (!plain).then(|| terms.into()),
        });
        self.daily.note(&record);
        self.replies.note(&record);
        let after = self.record(record);
        if replaces > 0 {
            self.collapse(now, replaces, id);
        }
        Ok(Receipt { id, replayed: false, after })
    }

    /// Takes back a message that is still queued. Again for one that was taken back already is
    /// no error.
    ///
    /// # Errors
    /// `not_found`; `too_late` if it has been tried or is final.
    pub fn cancel(&mut self, now: Now, id: MessageId) -> Result<Receipt, Refusal> {
        match self.state_of(id)? {
            State::Queued => {
                log::info!("message {id} cancelled");
                self.move_to(now, id, State::Cancelled, Change::default());
            }
            State::Cancelled => {}
            state => {
                return Err(Refusal::new(
                    ErrorCode::TooLate,
                    format!("message {id} is {state}; only a queued message can be cancelled"),
                ));
            }
        }
        Ok(Receipt { id, replayed: false, after: self.ticket })
    }

    /// Queues a message again whose outcome is `failed` or `unknown`, with its whole ttl. This
    /// is the one way in which a message can be sent twice, and somebody asked for it.
    ///
    /// # Errors
    /// `not_found`; `too_late` in any other state; `opted_out`; `queue_full`.
    pub fn resend(&mut self, now: Now, id: MessageId) -> Result<Receipt, Refusal> {
        let state = self.state_of(id)?;
        if !matches!(state, State::Failed | State::Unknown) {
            return Err(Refusal::new(
                ErrorCode::TooLate,
                format!("message {id} is {state}; only a failed or unknown message can be resent"),
            ));
        }
        if self.is_stopped(id) {
            return Err(opt_out::refused("its receiver"));
        }
        if self.index.working() >= self.settings.queue_limit {
            return Err(self.queue_full());
        }
        log::info!("message {id} queued again: resend was asked for (it was {state})");
        self.forget_late(id);
        let mut ttl_s = self.settings.ttl_s;
        if let Some(entry) = self.index.get_mut(id) {
            entry.tries.set(0, 0);
            ttl_s = entry.ttl_s;
        }
        self.move_to(
            now,
            id,
            State::Queued,
            Change { job: Some(JobId::EMPTY), ttl_s: Some(ttl_s), ..Change::default() },
        );
        Ok(Receipt { id, replayed: false, after: self.ticket })
    }

    /// Takes a message back of which nobody was told, because its record cannot be written, and
    /// those that were accepted with it: they are forgotten, and their key is free again. Says
    /// whether there is none of them any more.
    pub fn take_back(&mut self, now: Now, id: MessageId) -> bool {
        let members = self.index.get(id).map_or(1, |entry| entry.members.max(1));
        let mut gone = true;
        for id in id..id.saturating_add(members.into()) {
            gone &= self.take_one_back(now, id);
        }
        gone
    }

    fn take_one_back(&mut self, now: Now, id: MessageId) -> bool {
        let stored = |phase: Phase| matches!(phase, Phase::Storing { message, .. } if message == id);
        if let Some(line) = self.lines.iter_mut().find(|line| stored(line.phase)) {
            line.phase = Phase::Idle;
            self.move_to(now, id, State::Queued, Change::default());
        }
        match self.index.get(id).map(|entry| entry.state) {
            Some(State::Queued) => {
                log::warn!("message {id} is refused after all: it cannot be stored");
                self.forget(id);
                self.uncollapse(now, id);
                true
            }
            state => state.is_none(),
        }
    }

    /// How many messages of `client` were accepted today, by the best that is known of the time.
    pub fn accepted_today(&self, now: Now, client: ClientId) -> u32 {
        self.daily.count(now.stamp(), client)
    }

    /// Whether a message was accepted under that key: one more is that one, or refused.
    pub fn knows_key(&self, origin: Origin, key: &str) -> bool {
        self.index.with_key(hash_key(origin, key)).next().is_some()
    }

    fn state_of(&self, id: MessageId) -> Result<State, Refusal> {
        self.index.get(id).map(|e| e.state).ok_or_else(|| not_found(id))
    }

    /// The message accepted before under the same key, if there is one.
    fn replay(
        &self,
        new: &NewMessage,
        choice: &journal::Choice,
        bodies: &impl Bodies,
    ) -> Result<Option<Receipt>, Refusal> {
        let Some(key) = new.key.as_deref() else { return Ok(None) };
        for entry in self.index.with_key(hash_key(new.origin, key)) {
            let same_key = |b: &Body<'_>| b.key == Some(key) && b.origin == new.origin;
            let same_request = |b: &Body<'_>| {
                let group = b.group.map(|group| group.split('\n').next().unwrap_or_default());
                let same_to = new.group.is_some() || b.to == new.to.as_str();
                group == new.group.as_deref() && same_to && b.text == &*new.text && b.choice == choice
            };
            match bodies.body(entry.id, |b| same_key(&b).then(|| same_request(&b))).flatten() {
                Some(true) => {
                    return Ok(Some(Receipt { id: entry.id, replayed: true, after: self.ticket }));
                }
                Some(false) => {
                    return Err(Refusal::new(
                        ErrorCode::DuplicateKey,
                        format!(
                            "this key was used for message {} with another number, text or line; a new message needs a new key",
                            entry.id
                        ),
                    ));
                }
                None => {}
            }
        }
        Ok(None)
    }

    /// Whether there is room for so many messages like `new`, of which some replace others.
    fn check_room(&self, new: &NewMessage, count: usize, replaced: usize) -> Result<(), Refusal> {
        let limit = self.settings.queue_limit;
        let open_to_all = limit - limit / 5;
        let reserved = new.origin == Origin::Local || new.priority == Priority::High;
        let kept = (limit + self.settings.keep_messages) as usize + KEYED_EXTRA;
        let more = (count - replaced) as u32;
        if more > 0 && self.index.working() + more > if reserved { limit } else { open_to_all } {
            return Err(self.queue_full());
        }
        if new.key.is_some() && self.index.len() >= kept {
            return Err(Refusal::new(
                ErrorCode::QueueFull,
                "too many messages are remembered for their keys; use a shorter ttl or fewer keys",
            ));
        }
        Ok(())
    }

    fn queue_full(&self) -> Refusal {
        Refusal::new(
            ErrorCode::QueueFull,
            format!(
                "{} messages are waiting (queue_limit {}); try again later",
                self.index.working(),
                self.settings.queue_limit
            ),
        )
    }

    fn named_choice(&self, choice: Choice) -> journal::Choice {
        match choice {
            Choice::Any => journal::Choice::Any,
            Choice::Device(device) => journal::Choice::Device(
                self.devices.get(usize::from(device)).map(|d| d.name.clone()).unwrap_or_default(),
            ),
            Choice::Line(line) => journal::Choice::Line(self.settings.line_name(line)),
        }
    }
}

fn used_up() -> Refusal {
    Refusal::new(ErrorCode::Internal, "all 4294967295 message ids are used up")
}

/// What the text takes in a form.
pub(super) fn form_bytes(text: &str) -> u16 {
    u16::try_from(encoded_len(text)).unwrap_or(u16::MAX)
}

fn len(text: &Option<Box<str>>) -> usize {
    text.as_ref().map_or(0, |text| text.len())
}

/// The refusal for an id that no kept message has.
pub(crate) fn not_found(id: MessageId) -> Refusal {
    Refusal::new(ErrorCode::NotFound, format!("there is no message {id}, or it is not kept any more"))
}

/// A hash to find the key by; never 0, which means none. Equal hashes are compared in full.
pub(super) fn hash_key(origin: Origin, key: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    (origin, key).hash(&mut hasher);
    (hasher.finish() as u32).max(1)
}
