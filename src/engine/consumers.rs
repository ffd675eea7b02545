//! Readers of events that have a name, and so a place that outlives them and the daemon.

use super::Engine;
use crate::journal::{Cursor, Events, MAX_CONSUMERS, Record, Seq, Ticket};
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
        if let Some(seq) = self.consumers.get(&consumer) {
            return Ok(Place { seq, new: false, after: self.cursor_ticket });
        }
        if let Some((last, seq)) = self.consumers.to_replace() {
            if *seq >= events.before_oldest() {
                return Err(self.too_many_consumers(&consumer));
            }
            log::warn!("consumer {last} is forgotten: it is behind by more events than are kept");
            let last = last.clone();
            self.move_cursor(last, None);
        }
        log::info!("consumer {consumer} is new");
        let seq = events.newest();
        let after = self.move_cursor(consumer, Some(seq));
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
        let Some(before) = self.consumers.get(&consumer) else {
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
        Ok((seq, self.move_cursor(consumer, Some(seq))))
    }

    fn move_cursor(&mut self, consumer: ConsumerName, seq: Option<Seq>) -> Ticket {
        let record = Record::Cursor(Cursor { consumer, seq });
        self.consumers.note(&record);
        self.cursor_ticket = self.record(record);
        self.cursor_ticket
    }

    fn too_many_consumers(&self, consumer: &ConsumerName) -> Refusal {
        let names: Vec<&str> = self.consumers.iter().map(|(name, _)| name.as_str()).collect();
        let message = format!(
            "'{consumer}' would be one more than the {MAX_CONSUMERS} consumers that can be kept: {}",
            names.join(", ")
        );
        Refusal::new(ErrorCode::TooMany, message)
    }
}
