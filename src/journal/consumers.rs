//! How far each consumer has come with the events, as the records tell it.

use super::{Cursor, Dropped, Record, Seq};
use crate::message::ConsumerName;

/// Consumers at once, besides webhooks: hooks, and programs that must miss no event. Each takes
/// some 30 to 60 bytes of every segment.
pub const MAX_CONSUMERS: usize = 16;

/// Webhooks at once: each has a thread and a connection of its own.
pub const MAX_WEBHOOKS: usize = 8;

/// A consumer and its cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumer {
    /// Its name.
    pub name: ConsumerName,
    /// The last event that it is done with.
    pub seq: Seq,
    /// For how many seconds the event behind that one has been tried in vain.
    pub tried_s: u32,
}

/// The consumers and their cursors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consumers(Vec<Consumer>);

impl Consumers {
    /// Learns from the next record. A cursor only goes forward, whatever comes again.
    pub fn note(&mut self, record: &Record) {
        let (name, seq, tried_s) = match record {
            Record::Cursor(Cursor { consumer, seq, tried_s }) => (consumer, *seq, *tried_s),
            Record::Dropped(Dropped { webhook, seq, .. }) => (webhook, Some(*seq), 0),
            _ => return,
        };
        let known = self.0.iter().position(|c| c.name == *name);
        match (known, seq) {
            (Some(place), Some(seq)) if self.0[place].seq <= seq => {
                (self.0[place].seq, self.0[place].tried_s) = (seq, tried_s);
            }
            (Some(_), Some(_)) => {}
            (Some(place), None) => drop(self.0.remove(place)),
            // Whoever makes room writes that down first.
            (None, Some(seq)) if !self.is_full(name) => {
                self.0.push(Consumer { name: name.clone(), seq, tried_s });
            }
            (None, _) => {}
        }
    }

    /// Whether there is room for no other consumer of the kind of `name`.
    fn is_full(&self, name: &ConsumerName) -> bool {
        let is_webhook = name.as_webhook().is_some();
        let count = self.0.iter().filter(|c| c.name.as_webhook().is_some() == is_webhook).count();
        count >= if is_webhook { MAX_WEBHOOKS } else { MAX_CONSUMERS }
    }

    /// How far that consumer has come.
    pub fn get(&self, name: &ConsumerName) -> Option<&Consumer> {
        self.0.iter().find(|c| c.name == *name)
    }

    /// The consumer that is furthest behind, if there is room for no other like `new`.
    pub fn to_replace(&self, new: &ConsumerName) -> Option<&Consumer> {
        let likes = self.0.iter().filter(|c| c.name.as_webhook().is_some() == new.as_webhook().is_some());
        likes.min_by_key(|c| c.seq).filter(|_| self.is_full(new))
    }

    /// All consumers, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Consumer> {
        self.0.iter()
    }

    /// The records that tell all this again.
    pub fn records(&self) -> impl Iterator<Item = Cursor> {
        self.0.iter().map(|c| Cursor { consumer: c.name.clone(), seq: Some(c.seq), tried_s: c.tried_s })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(name: &str, seq: Option<Seq>) -> Record {
        Record::Cursor(Cursor { consumer: ConsumerName::stored(name).unwrap(), seq, tried_s: 0 })
    }

    fn all(consumers: &Consumers) -> Vec<(&str, Seq)> {
        consumers.0.iter().map(|c| (c.name.as_str(), c.seq)).collect()
    }

    #[test]
    fn a_cursor_only_goes_forward_and_is_told_again_by_records() {
        let mut consumers = Consumers::default();
        for (name, seq) in [("a", Some(7)), ("b", Some(0)), ("a", Some(3)), ("c", Some(1)), ("c", None)] {
            consumers.note(&cursor(name, seq));
        }
        assert_eq!(all(&consumers), [("a", 7), ("b", 0)]);
        assert_eq!(consumers.get(&ConsumerName::parse("b").unwrap()).unwrap().seq, 0);
        let mut again = Consumers::default();
        consumers.records().for_each(|cursor| again.note(&Record::Cursor(cursor)));
        assert_eq!(again, consumers);
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let mut consumers = Consumers::default();
        for (kind, limit) in [("", MAX_CONSUMERS), ("webhook/", MAX_WEBHOOKS)] {
            let new = ConsumerName::stored(&format!("{kind}more")).unwrap();
            for n in 0..limit as u32 {
                assert_eq!(consumers.to_replace(&new), None);
                consumers.note(&cursor(&format!("{kind}c{n}"), Some(100 - n)));
            }
            consumers.note(&cursor(new.as_str(), Some(1)));
            assert_eq!(consumers.get(&new), None);
            let last = format!("{kind}c{}", limit - 1);
            assert_eq!(consumers.to_replace(&new).unwrap().name.as_str(), last);
        }
        assert_eq!(consumers.0.len(), MAX_CONSUMERS + MAX_WEBHOOKS);
    }

    #[test]
    fn how_long_an_event_was_tried_is_known_until_the_next() {
        let mut consumers = Consumers::default();
        let name = ConsumerName::webhook("crm").unwrap();
        let tried = |seq, tried_s| Record::Cursor(Cursor { consumer: name.clone(), seq: Some(seq), tried_s });
        for record in [tried(6, 0), tried(6, 30), tried(5, 99)] {
            consumers.note(&record);
        }
        assert_eq!((consumers.0[0].seq, consumers.0[0].tried_s), (6, 30));
        let mut again = Consumers::default();
        consumers.records().for_each(|cursor| again.note(&Record::Cursor(cursor)));
        assert_eq!(again, consumers);
        let at = crate::journal::Stamp::default();
        consumers.note(&Record::Dropped(Dropped { at, webhook: name.clone(), seq: 7 }));
        assert_eq!((consumers.0[0].seq, consumers.0[0].tried_s), (7, 0));
    }
}
