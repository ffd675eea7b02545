//! How often goipd has answered each number by itself today, as the records tell it. The messages
//! themselves may be forgotten before the day is over.

use super::{Origin, Record, Stamp};
use crate::message::{MessageId, NumberMark, PackedNumber};

/// The most numbers that are answered in a day, so that no count is ever forgotten for another's
/// sake: 6 bytes each in every segment.
pub const MAX_REPLIED: usize = 256;

/// What a number takes where it is written down: its mark and the count.
const REPLIED_BYTES: usize = 6;

/// The replies and confirmations that were accepted on the newest day on which there were any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replies {
    counts: Vec<(NumberMark, u8)>,
    /// UTC, counted from 1970-01-01.
    day: u32,
    /// The newest message that is counted, or is not to be.
    up_to: MessageId,
}

impl Replies {
    /// Learns from the next record. Each message is counted once, whatever comes again.
    pub fn note(&mut self, record: &Record) {
        match record {
            Record::Accepted(accepted) if accepted.id > self.up_to => {
                self.up_to = accepted.id;
                if matches!(accepted.origin, Origin::Reply(1..) | Origin::Confirm(_)) {
                    self.begin(accepted.at.day(self.day));
                    self.count_one(PackedNumber::from(&accepted.to).mark());
                }
            }
            Record::Replies(replies) => {
                let up_to = self.up_to.max(replies.up_to);
                *self = Self { up_to, ..replies.clone() };
            }
            _ => {}
        }
    }

    /// How many answers that number has had on the day of `at`; `None` if there is no room to
    /// count one more number.
    pub fn count(&self, at: Stamp, number: NumberMark) -> Option<u8> {
        if at.day(self.day) != self.day {
            return Some(0);
        }
        let known = self.counts.iter().find(|(known, _)| *known == number).map(|&(_, count)| count);
        known.or((self.counts.len() < MAX_REPLIED).then_some(0))
    }

    /// The record that tells all this without the messages; `None` if there is nothing to tell.
    pub fn record(&self) -> Option<Record> {
        (!self.counts.is_empty()).then(|| Record::Replies(self.clone()))
    }

    pub(super) fn day(&self) -> u32 {
        self.day
    }

    pub(super) fn up_to(&self) -> MessageId {
        self.up_to
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.counts.len() * REPLIED_BYTES);
        for (mark, count) in &self.counts {
            bytes.extend_from_slice(&mark.to_bytes());
            bytes.push(*count);
        }
        bytes
    }

    pub(super) fn decode(day: u32, up_to: MessageId, bytes: &[u8]) -> Option<Self> {
        let (items, []) = bytes.as_chunks::<REPLIED_BYTES>() else { return None };
        let item =
            |&[a, b, c, d, e, count]: &[u8; REPLIED_BYTES]| (NumberMark::from_bytes([a, b, c, d, e]), count);
        (items.len() <= MAX_REPLIED).then(|| Self { counts: items.iter().map(item).collect(), day, up_to })
    }

    /// Another day begins with nothing.
    fn begin(&mut self, day: u32) {
        if day != self.day {
            self.day = day;
            self.counts.clear();
        }
    }

    fn count_one(&mut self, number: NumberMark) {
        if let Some(known) = self.counts.iter_mut().find(|(known, _)| *known == number) {
            known.1 = known.1.saturating_add(1);
        } else if self.counts.len() < MAX_REPLIED {
            self.counts.push((number, 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Accepted;
    use super::super::record::DAY_S;
    use super::super::testing::{AT, accepted};
    use super::*;
    use crate::message::Number;

    fn reply(id: MessageId, to: &str, unix_s: u32) -> Record {
        let to = Number::parse(to).unwrap();
        let at = Stamp { unix_s, ..AT };
        Record::Accepted(Accepted { origin: Origin::Reply(id), to, at, ..accepted(id, "x") })
    }

    fn mark(number: &str) -> NumberMark {
        PackedNumber::from(&Number::parse(number).unwrap()).mark()
    }

    fn at(unix_s: u32) -> Stamp {
        Stamp { unix_s, ..AT }
    }

    #[test]
    fn each_number_is_counted_for_itself_and_anew_every_day() {
        let mut replies = Replies::default();
        let noon = 20_000 * DAY_S + DAY_S / 2;
        for (id, to) in [(1, "777"), (2, "888"), (3, "777")] {
            replies.note(&reply(id, to, noon));
        }
        replies.note(&reply(3, "777", noon));
        replies.note(&Record::Accepted(accepted(4, "not goipd's own")));
        let counts = |at| ["777", "888", "999"].map(|n| replies.count(at, mark(n)));
        assert_eq!(counts(at(noon)), [Some(2), Some(1), Some(0)]);
        assert_eq!(counts(at(noon + DAY_S)), [Some(0); 3]);
        let not_set = Stamp { trusted: false, ..at(5) };
        assert_eq!(counts(not_set), [Some(2), Some(1), Some(0)], "a clock that is not set yet");
    }

    #[test]
    fn what_is_carried_on_counts_no_message_twice() {
        let mut replies = Replies::default();
        replies.note(&reply(1, "777", DAY_S));
        replies.note(&reply(2, "777", DAY_S));
        let mut again = Replies::default();
        again.note(&replies.record().unwrap());
        again.note(&reply(2, "777", DAY_S));
        again.note(&reply(3, "777", DAY_S));
        assert_eq!(again.count(at(DAY_S), mark("777")), Some(3));
        assert_eq!(Replies::default().record(), None);
    }

    #[test]
    fn no_count_is_forgotten_for_another_number() {
        let mut replies = Replies::default();
        for id in 1..=MAX_REPLIED as u32 {
            replies.note(&reply(id, &(1_000 + id).to_string(), DAY_S));
        }
        assert_eq!(replies.count(at(DAY_S), mark("1001")), Some(1));
        assert_eq!(replies.count(at(DAY_S), mark("999")), None);
        assert_eq!(replies.count(at(2 * DAY_S), mark("999")), Some(0));
    }
}
