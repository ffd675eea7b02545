//! A journal that lives as long as the process: bodies in RAM, everything durable at once.

use std::collections::VecDeque;

use super::{Accepted, Bodies, Body, Events, Received, ReceivedBody, Record, Terms, Ticket};
use crate::message::{MessageId, ReceivedId};

/// Messages' bodies in RAM, oldest first.
#[derive(Debug, Default)]
pub struct Memory {
    accepted: VecDeque<Box<Accepted>>,
    received: VecDeque<Box<Received>>,
    events: Events,
    newest: Ticket,
}

impl Memory {
    /// An empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the record with that ticket. Tickets come in order.
    pub fn append(&mut self, ticket: Ticket, record: Record) {
        self.newest = ticket;
        if let Some(event) = self.events.entry(&record, self.events.newest() + 1) {
            self.events.put(event);
        }
        match record {
            Record::Accepted(accepted) => self.accepted.push_back(Box::new(accepted)),
            Record::Forgotten(id) => {
                if let Ok(place) = self.place(id) {
                    self.accepted.remove(place);
                }
            }
            Record::Received(received) => self.received.push_back(Box::new(received)),
            Record::InboxIds(ids) => {
                while self.received.front().is_some_and(|r| r.id <= ids.forgotten) {
                    self.received.pop_front();
                }
            }
            // The engine's own index holds what these say; nothing is ever copied forward.
            Record::Submitting(_)
            | Record::Moved(_)
            | Record::Line(..)
            | Record::LineOpen(..)
            | Record::Started(_)
            | Record::Kept(_)
            | Record::Daily(_)
            | Record::Condition(_)
            | Record::Mark(_)
            | Record::Cursor(_)
            | Record::Dropped(_)
            | Record::InboxWindow(_)
            | Record::OptOut(_)
            | Record::OptIn(_)
            | Record::Replies(_)
            | Record::Usage(_) => {}
        }
    }

    /// Keeps so many events at most.
    pub fn keep_events(&mut self, count: usize) {
        self.events.keep(count);
    }

    /// The newest ticket that is safe: here, every one that was taken.
    pub fn durable(&self) -> Ticket {
        self.newest
    }

    fn place(&self, id: MessageId) -> Result<usize, usize> {
        self.accepted.binary_search_by_key(&id, |a| a.id)
    }
}

impl Bodies for Memory {
    fn body<R>(&self, id: MessageId, read: impl FnOnce(Body<'_>) -> R) -> Option<R> {
        let accepted = self.accepted.get(self.place(id).ok()?)?;
        let none = Terms::default();
        let terms = accepted.terms.as_deref().unwrap_or(&none);
        Some(read(Body {
            to: accepted.to.as_str(),
            text: &accepted.text,
            origin: accepted.origin,
            choice: &accepted.choice,
            key: accepted.key.as_deref(),
            tag: accepted.tag.as_deref(),
            at_s: match (terms.at_s, terms.delay_s) {
                (at_s, 0) => at_s,
                (_, delay_s) => accepted.at.unix_s.saturating_add(delay_s),
            },
            collapse: terms.collapse.as_deref(),
            order: terms.order,
            collapsed: terms.collapsed,
            group: terms.group.as_deref(),
        }))
    }

    fn received<R>(&self, id: ReceivedId, read: impl FnOnce(ReceivedBody<'_>) -> R) -> Option<R> {
        let place = self.received.binary_search_by_key(&id, |r| r.id).ok()?;
        let received = self.received.get(place)?;
        Some(read(ReceivedBody {
            id,
            unix_s: received.at.unix_s,
            line: received.line.clone(),
            from: &received.from,
            device_time: &received.device_time,
            text: &received.text,
            old: received.old,
            part_of: received.part_of,
            parts: received.parts.clone(),
        }))
    }

    fn events(&self) -> &Events {
        &self.events
    }
}
