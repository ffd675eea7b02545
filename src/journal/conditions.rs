//! What does not work, as the records tell it. A device or line counts as working until it is
//! said that it does not.

use super::{Condition, Record, Stamp};
use crate::message::Part;

/// Devices and lines that are remembered, those included that are not configured any more. The
/// oldest news goes first; there are at most 16 devices and 128 lines at a time.
const MAX_PARTS: usize = 256;

/// The devices and lines that are down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions(Vec<Part>);

impl Conditions {
    /// Learns from the next record.
    pub fn note(&mut self, record: &Record) {
        let Record::Condition(condition) = record else { return };
        self.0.retain(|part| *part != condition.part);
        if condition.up {
            return;
        }
        if self.0.len() >= MAX_PARTS {
            self.0.remove(0);
        }
        self.0.push(condition.part.clone());
    }

    /// Whether it is down.
    pub fn is_down(&self, part: &Part) -> bool {
        self.0.contains(part)
    }

    /// The records that tell all this again.
    pub fn records(&self) -> impl Iterator<Item = Condition> {
        self.0.iter().map(|part| Condition { at: Stamp::default(), part: part.clone(), up: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(name: &str, up: bool) -> Record {
        Record::Condition(Condition { at: Stamp::default(), part: Part::parse(name).unwrap(), up })
    }

    #[test]
    fn what_was_said_last_counts() {
        let mut conditions = Conditions::default();
        for (name, up) in [("a", false), ("a/1", false), ("a", true), ("b/2", false), ("b/2", false)] {
            conditions.note(&condition(name, up));
        }
        let down: Vec<String> = conditions.records().map(|c| c.part.to_string()).collect();
        assert_eq!(down, ["a/1", "b/2"]);
        assert!(conditions.is_down(&Part::parse("a/1").unwrap()));
        assert!(!conditions.is_down(&Part::parse("a").unwrap()));
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let mut conditions = Conditions::default();
        for n in 0..=MAX_PARTS {
            conditions.note(&condition(&format!("box{n}"), false));
        }
        assert_eq!(conditions.records().count(), MAX_PARTS);
        assert!(!conditions.is_down(&Part::parse("box0").unwrap()));
    }
}
