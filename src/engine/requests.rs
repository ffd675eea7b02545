//! What callers ask for: accept, cancel, resend.

use core::hash::{Hash, Hasher};
use std::hash::DefaultHasher;

use super::choosing::Wish;
use super::index::{Entry, Tries};
use super::line::Phase;
use super::{Change, Choice, Engine, Now, opt_out};
use crate::goip::encoded_len;
use crate::journal::{self, Bodies, Body, Origin, Record, Ticket};
use crate::message::{
    ClientId, ErrorCode, JobId, MessageId, Number, OnUnknown, Priority, Refusal, Shape, State,
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
}

/// A request was taken. The caller must hear of it only once `after` is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The message.
    pub id: MessageId,
    /// Whether it had been accepted before, under the same key.
    pub replayed: bool,
    /// When the caller may be told.
    pub after: Ticket,
}

impl Engine {
    /// Accepts a message, or finds that it has been accepted before under its key.
    ///
    /// # Errors
    /// `duplicate_key` if the key was used with another receiver, text or line; `queue_full`;
    /// `storage` if the journal has no room for it; `opted_out`.
    pub fn accept(&mut self, now: Now, new: NewMessage, bodies: &impl Bodies) -> Result<Receipt, Refusal> {
        let choice = self.named_choice(new.choice);
        let key_hash = new.key.as_deref().map_or(0, |key| hash_key(new.origin, key));
        if let Some(key) = new.key.as_deref()
            && let Some(receipt) = self.replay(&new, key, key_hash, &choice, bodies)?
        {
            return Ok(receipt);
        }
        self.check_opted_out(new.origin, &new.to)?;
        self.check_room(&new)?;
        bodies.room(new.text.len() + len(&new.key) + len(&new.tag))?;
        self.queue(now, new, choice, key_hash)
    }

    /// Accepts a message of goipd's own. It has no key; that there is room for it in the journal
    /// has been seen to.
    ///
    /// # Errors
    /// `opted_out`, `queue_full`.
    pub(super) fn accept_own(&mut self, now: Now, new: NewMessage) -> Result<Receipt, Refusal> {
        let choice = self.named_choice(new.choice);
        self.check_opted_out(new.origin, &new.to)?;
        self.check_room(&new)?;
        self.queue(now, new, choice, 0)
    }

    /// Queues a message that was found acceptable.
    fn queue(
        &mut self,
        now: Now,
        new: NewMessage,
        choice: journal::Choice,
        key_hash: u64,
    ) -> Result<Receipt, Refusal> {
        let Some(id) = self.last_id.checked_add(1) else {
            return Err(Refusal::new(ErrorCode::Internal, "all 4294967295 message ids are used up"));
        };
        self.last_id = id;
        let ttl_s = new.ttl_s.unwrap_or(self.settings.ttl_s);
        let on_unknown = new.on_unknown.unwrap_or(self.settings.on_unknown);
        log::info!(
            "message {id} queued: to {}, {} segment{} ({}){}",
            new.to.masked(),
            new.shape.segments,
            if new.shape.segments == 1 { "" } else { "s" },
            new.shape.encoding.as_str(),
            if new.priority == Priority::High { ", priority high" } else { "" },
        );
        log::debug!("message {id} is to {}", new.to);
        self.index.push(Entry {
            id,
            form_bytes: form_bytes(&new.text),
            origin: new.origin,
            created_s: now.unix_s,
            updated_s: now.unix_s,
            ttl_s,
            deadline_ms: now.boot_ms + u64::from(ttl_s) * 1000,
            since_ms: now.boot_ms,
            key: key_hash,
            to: self.mark_of(&new.to),
            job: JobId::EMPTY,
            problem: None,
            line: None,
            choice: new.choice,
            attempts: 0,
            state: State::Queued,
            priority: new.priority,
            encoding: new.shape.encoding,
            segments: new.shape.segments,
            tries: Tries::new(on_unknown),
            perhaps_sent: false,
            prefix: self.prefix_of(&new.to),
            wish: Wish::UNKNOWN,
        });
        self.note_age(now, id);
        let record = Record::Accepted(journal::Accepted {
            id,
            at: now.stamp(),
            origin: new.origin,
            to: new.to,
            text: new.text,
            choice,
            ttl_s,
            priority: new.priority,
            on_unknown,
            key: new.key,
            tag: new.tag,
        });
        self.daily.note(&record);
        self.replies.note(&record);
        let after = self.record(record);
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

    /// Takes a message back of which nobody was told, because its record cannot be written: it is
    /// forgotten, and its key is free again. Says whether there is no such message any more.
    pub fn take_back(&mut self, now: Now, id: MessageId) -> bool {
        let stored = |phase: Phase| matches!(phase, Phase::Storing { message, .. } if message == id);
        if let Some(line) = self.lines.iter_mut().find(|line| stored(line.phase)) {
            line.phase = Phase::Idle;
            self.move_to(now, id, State::Queued, Change::default());
        }
        match self.index.get(id).map(|entry| entry.state) {
            Some(State::Queued) => {
                log::warn!("message {id} is refused after all: it cannot be stored");
                self.forget(id);
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
        key: &str,
        key_hash: u64,
        choice: &journal::Choice,
        bodies: &impl Bodies,
    ) -> Result<Option<Receipt>, Refusal> {
        for entry in self.index.with_key(key_hash) {
            let same_key = |b: &Body<'_>| b.key == Some(key) && b.origin == new.origin;
            let same_request =
                |b: &Body<'_>| b.to == new.to.as_str() && b.text == &*new.text && b.choice == choice;
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

    fn check_room(&self, new: &NewMessage) -> Result<(), Refusal> {
        let limit = self.settings.queue_limit;
        let open_to_all = limit - limit / 5;
        let reserved = new.origin == Origin::Local || new.priority == Priority::High;
        let kept = (limit + self.settings.keep_messages) as usize + KEYED_EXTRA;
        if self.index.working() >= if reserved { limit } else { open_to_all } {
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
pub(super) fn hash_key(origin: Origin, key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (origin, key).hash(&mut hasher);
    hasher.finish().max(1)
}
