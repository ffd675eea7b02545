//! Readers of events that have a name, and so a place that outlives them and the daemon.

use super::Engine;
use super::Now;
use crate::journal::{Cursor, Dropped, Events, MAX_CONSUMERS, Record, Seq, Ticket};
use crate::message::{ConsumerName, ErrorCode, Refusal};

/// Where a consumer goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The last event that it is done with.
    pub seq: Seq,
    /// Whether it was not known before.
    pub new: bool,
    /// When this may be told.
    pub after: Ticket,
}

impl Engine {
    /// Where `consumer` goes on. One that is not known begins behind the newest event; if there
    /// are [`MAX_CONSUMERS`], it takes the place of one whose next event is not kept any more.
    ///
    /// # Errors
    /// `too_many` if there is none.
    pub fn consumer(&mut self, consumer: ConsumerName, events: &Events) -> Result<Place, Refusal> {
        if let Some(known) = self.consumers.get(&consumer) {
            return Ok(Place { seq: known.seq, new: false, after: self.cursor_ticket });
        }
        if let Some(last) = self.consumers.to_replace(&consumer) {
            if last.seq >= events.before_oldest() {
                return Err(self.too_many_consumers(&consumer));
            }
            log::warn!("consumer {} is forgotten: it is behind by more events than are kept", last.name);
            let last = last.name.clone();
            self.move_cursor(last, None, 0);
        }
        log::info!("consumer {consumer} is new");
        let seq = events.newest();
        let after = self.move_cursor(consumer, Some(seq), 0);
        Ok(Place { seq, new: true, after })
    }

    /// `consumer` is done with all events up to `seq`. Gives up to which it is: a cursor never
    /// goes back.
    ///
    /// # Errors
    /// `not_found` if the consumer is not known; `bad_request` for an event that is still to come.
    pub fn ack(
        &mut self,
        consumer: ConsumerName,
        seq: Seq,
        events: &Events,
    ) -> Result<(Seq, Ticket), Refusal> {
        let Some(before) = self.consumers.get(&consumer).map(|c| c.seq) else {
            let message = format!(
                "there is no consumer '{consumer}', or it is not known any more; 'events' with its name makes it"
            );
            return Err(Refusal::new(ErrorCode::NotFound, message));
        };
        if seq > events.newest() {
            let message = format!("there is no event {seq} yet: the newest is {}", events.newest());
            return Err(Refusal::new(ErrorCode::BadRequest, message));
        }
        if seq <= before {
            return Ok((before, self.cursor_ticket));
        }
        Ok((seq, self.move_cursor(consumer, Some(seq), 0)))
    }

    /// Where the webhook goes on, and for how many seconds the event there has been tried in
    /// vain. One that is not known begins behind the newest event.
    pub fn webhook(&mut self, webhook: &ConsumerName, events: &Events) -> (Seq, u32) {
        if let Some(known) = self.consumers.get(webhook) {
            return (known.seq, known.tried_s);
        }
        let seq = events.newest();
        self.move_cursor(webhook.clone(), Some(seq), 0);
        (seq, 0)
    }

    /// The webhook is done with all events up to `seq`, and the next has been tried in vain for
    /// `tried_s` seconds.
    pub fn webhook_at(&mut self, webhook: &ConsumerName, seq: Seq, tried_s: u32) {
        self.move_cursor(webhook.clone(), Some(seq), tried_s);
    }

    /// The webhook does not get the event `seq`, nor any before it any more; that is an event.
    pub fn webhook_dropped(&mut self, now: Now, webhook: &ConsumerName, seq: Seq) {
        let record = Record::Dropped(Dropped { at: now.stamp(), webhook: webhook.clone(), seq });
        self.consumers.note(&record);
        self.record(record);
    }

    /// Forgets the webhooks that are not among these.
    pub fn keep_webhooks(&mut self, kept: &[&ConsumerName]) {
        let is_gone = |name: &&ConsumerName| name.as_webhook().is_some() && !kept.contains(name);
        let gone: Vec<_> = self.consumers.iter().map(|c| &c.name).filter(is_gone).cloned().collect();
        for name in gone {
            self.move_cursor(name, None, 0);
        }
    }

    fn move_cursor(&mut self, consumer: ConsumerName, seq: Option<Seq>, tried_s: u32) -> Ticket {
        let record = Record::Cursor(Cursor { consumer, seq, tried_s });
        self.consumers.note(&record);
        self.cursor_ticket = self.record(record);
        self.cursor_ticket
    }

    fn too_many_consumers(&self, consumer: &ConsumerName) -> Refusal {
        let others = self.consumers.iter().filter(|c| c.name.as_webhook().is_none());
        let names: Vec<&str> = others.map(|c| c.name.as_str()).collect();
        let message = format!(
            "'{consumer}' would be one more than the {MAX_CONSUMERS} consumers that can be kept: {}",
            names.join(", ")
        );
        Refusal::new(ErrorCode::TooMany, message)
    }
}
