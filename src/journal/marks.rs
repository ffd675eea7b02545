//! What goipd did last by itself for a device or line, and what came of it, as the records tell it:
//! nothing is done more often than configured because the router was started anew.

use super::{Record, Stamp};
use crate::message::Part;

/// Marks that are remembered, those included of what is not configured any more. The oldest goes
/// first; there are at most 128 lines at a time, of which most have one.
const MAX_MARKS: usize = 160;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tended {
    /// The balance was asked for. The value is the amount in hundredths; without an answer, or where
    /// none was found in it, the one before.
    Balance = 1,
    /// A message to another own line was queued. The value is how long the one before took in
    /// milliseconds, or 0.
    Canary = 2,
    /// The watchdog helped. The value is how often it has in the last 24 hours.
    Watchdog = 3,
    /// The watchdog switches the line's module off. The value is 0; it is 1 once the module is on
    /// again, and then this need not be remembered.
    Switched = 4,
}

impl Tended {
    pub(super) fn from_code(code: u8) -> Option<Self> {
        [Self::Balance, Self::Canary, Self::Watchdog, Self::Switched]
            .into_iter()
            .find(|tended| *tended as u8 == code)
    }
}

/// Something was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub at: Stamp,
    /// For which device or line.
    pub part: Part,
    /// What.
    pub what: Tended,
    /// Its figure.
    pub value: i32,
}

/// The last mark of each kind and part, oldest news first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks(Vec<Mark>);

impl Marks {
    /// Learns from the next record.
    pub fn note(&mut self, record: &Record) {
        let Record::Mark(mark) = record else { return };
        self.0.retain(|known| known.part != mark.part || known.what != mark.what);
        if mark.what == Tended::Switched && mark.value != 0 {
            return;
        }
        if self.0.len() >= MAX_MARKS {
            self.0.remove(0);
        }
        self.0.push(mark.clone());
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Mark> {
        self.0.iter()
    }

    /// The records that tell all this again.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        self.0.iter().cloned().map(Record::Mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(name: &str, what: Tended, value: i32) -> Record {
        Record::Mark(Mark { at: Stamp::default(), part: Part::parse(name).unwrap(), what, value })
    }

    #[test]
    fn the_last_of_each_kind_and_part_counts() {
        let mut marks = Marks::default();
        let told = [
            mark("a/1", Tended::Balance, 1),
            mark("a/1", Tended::Canary, 2),
            mark("a/2", Tended::Balance, 3),
            mark("a/1", Tended::Balance, -4),
        ];
        told.iter().for_each(|record| marks.note(record));
        let kept: Vec<Record> = marks.records().collect();
        assert_eq!(kept, told[1..]);
    }

    #[test]
    fn a_module_that_is_on_again_is_no_news() {
        let mut marks = Marks::default();
        for (value, count) in [(1, 0), (0, 1), (0, 1), (1, 0)] {
            marks.note(&mark("a/1", Tended::Switched, value));
            assert_eq!(marks.iter().count(), count);
        }
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let mut marks = Marks::default();
        for n in 0..=MAX_MARKS {
            marks.note(&mark(&format!("box{n}"), Tended::Watchdog, 1));
        }
        assert_eq!(marks.records().count(), MAX_MARKS);
        assert_eq!(marks.records().next(), Some(mark("box1", Tended::Watchdog, 1)));
    }
}
