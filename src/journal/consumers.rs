//! How far each consumer has come with the events, as the records tell it.

use super::{Cursor, Record, Seq};
use crate::message::ConsumerName;

/// Consumers at once: hooks, webhooks and programs that must miss no event. Each takes some 30
/// to 60 bytes of every segment.
pub const MAX_CONSUMERS: usize = 16;

/// The consumers and their cursors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consumers(Vec<(ConsumerName, Seq)>);

impl Consumers {
    /// Learns from the next record. A cursor only goes forward, whatever comes again.
    pub fn note(&mut self, record: &Record) {
        let Record::Cursor(Cursor { consumer, seq }) = record else { return };
        let known = self.0.iter().position(|(name, _)| name == consumer);
        match (known, seq) {
            (Some(place), Some(seq)) => self.0[place].1 = self.0[place].1.max(*seq),
            (Some(place), None) => drop(self.0.remove(place)),
            // Whoever makes room writes that down first.
            (None, Some(seq)) if self.0.len() < MAX_CONSUMERS => self.0.push((consumer.clone(), *seq)),
            (None, _) => {}
        }
    }

    /// The last event that the consumer is done with.
    pub fn get(&self, consumer: &ConsumerName) -> Option<Seq> {
        self.0.iter().find(|(name, _)| name == consumer).map(|&(_, seq)| seq)
    }

    /// The consumer that is furthest behind, if there is room for no other.
    pub fn to_replace(&self) -> Option<&(ConsumerName, Seq)> {
        self.0.iter().min_by_key(|(_, seq)| *seq).filter(|_| self.0.len() >= MAX_CONSUMERS)
    }

    /// All consumers and their cursors, the oldest consumer first.
    pub fn iter(&self) -> impl Iterator<Item = &(ConsumerName, Seq)> {
        self.0.iter()
    }

    /// The records that tell all this again.
    pub fn records(&self) -> impl Iterator<Item = Cursor> {
        self.0.iter().map(|(name, seq)| Cursor { consumer: name.clone(), seq: Some(*seq) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(name: &str, seq: Option<Seq>) -> Record {
        Record::Cursor(Cursor { consumer: ConsumerName::parse(name).unwrap(), seq })
    }

    fn all(consumers: &Consumers) -> Vec<(&str, Seq)> {
        consumers.0.iter().map(|(name, seq)| (name.as_str(), *seq)).collect()
    }

    #[test]
    fn a_cursor_only_goes_forward_and_is_told_again_by_records() {
        let mut consumers = Consumers::default();
        for (name, seq) in [("a", Some(7)), ("b", Some(0)), ("a", Some(3)), ("c", Some(1)), ("c", None)] {
            consumers.note(&cursor(name, seq));
        }
        assert_eq!(all(&consumers), [("a", 7), ("b", 0)]);
        assert_eq!(consumers.get(&ConsumerName::parse("b").unwrap()), Some(0));
        let mut again = Consumers::default();
        consumers.records().for_each(|cursor| again.note(&Record::Cursor(cursor)));
        assert_eq!(again, consumers);
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let mut consumers = Consumers::default();
        for n in 0..MAX_CONSUMERS as u32 {
            assert_eq!(consumers.to_replace(), None);
            consumers.note(&cursor(&format!("c{n}"), Some(100 - n)));
        }
        consumers.note(&cursor("more", Some(1)));
        assert_eq!(consumers.0.len(), MAX_CONSUMERS);
        assert_eq!(consumers.to_replace().unwrap().0.as_str(), "c15");
    }
}
