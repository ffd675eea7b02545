//! What lasts, as the records tell it: a device or line that does not work, and the like. All is
//! well until it is said that it is not.

use super::{Condition, EventKind, Record, Stamp};
use crate::message::Part;

/// Conditions that are remembered, those included of what is not configured any more. The oldest
/// goes first; there are at most 16 devices and 128 lines at a time.
const MAX_CONDITIONS: usize = 512;

/// What has begun and is not over yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions(Vec<(Part, EventKind)>);

impl Conditions {
    /// Learns from the next record.
    pub fn note(&mut self, record: &Record) {
        let Record::Condition(Condition { part, kind, .. }) = record else { return };
        self.0.retain(|(p, k)| p != part || k != kind && k.over() != Some(*kind));
        if kind.over().is_none() {
            return;
        }
        if self.0.len() >= MAX_CONDITIONS {
            self.0.remove(0);
        }
        self.0.push((part.clone(), *kind));
    }

    /// Whether it lasts.
    pub fn is_on(&self, part: &Part, kind: EventKind) -> bool {
        self.0.iter().any(|(p, k)| p == part && *k == kind)
    }

    /// The records that tell all this again.
    pub fn records(&self) -> impl Iterator<Item = Condition> {
        let again = |(part, kind): &(Part, EventKind)| Condition {
            at: Stamp::default(),
            part: part.clone(),
            kind: *kind,
        };
        self.0.iter().map(again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(name: &str, up: bool) -> Record {
        let part = Part::parse(name).unwrap();
        let kind = EventKind::of(&part, up);
        Record::Condition(Condition { at: Stamp::default(), part, kind })
    }

    fn is_down(conditions: &Conditions, name: &str) -> bool {
        let part = Part::parse(name).unwrap();
        conditions.is_on(&part, EventKind::of(&part, false))
    }

    #[test]
    fn what_was_said_last_counts() {
        let mut conditions = Conditions::default();
        for (name, up) in [("a", false), ("a/1", false), ("a", true), ("b/2", false), ("b/2", false)] {
            conditions.note(&condition(name, up));
        }
        let down: Vec<String> = conditions.records().map(|c| c.part.to_string()).collect();
        assert_eq!(down, ["a/1", "b/2"]);
        assert!(is_down(&conditions, "a/1"));
        assert!(!is_down(&conditions, "a"));
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let mut conditions = Conditions::default();
        for n in 0..=MAX_CONDITIONS {
            conditions.note(&condition(&format!("box{n}"), false));
        }
        assert_eq!(conditions.records().count(), MAX_CONDITIONS);
        assert!(!is_down(&conditions, "box0"));
    }
}
