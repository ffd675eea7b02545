//! Who wants no more messages, as the records tell it.

use super::{OptOut, OptedOut, Record};
use crate::message::PackedNumber;

/// The most numbers, where the journal has room for so many: 16 bytes each in RAM, twice, are 320
/// KiB. A site with more has a server.
pub const MAX_OPT_OUTS: usize = 10_000;

/// The numbers, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptOuts(Vec<OptedOut>);

impl OptOuts {
    /// Learns from the next record. A number that comes again has opted out since the first time.
    pub fn note(&mut self, record: &Record) {
        match record {
            Record::OptOut(OptOut { numbers, .. }) => numbers.iter().for_each(|one| self.add(*one)),
            Record::OptIn(opt_in) => {
                if let Ok(place) = self.place(opt_in.number) {
                    self.0.remove(place);
                }
            }
            _ => {}
        }
    }

    /// Whether and since when the number has opted out, in Unix seconds.
    pub fn since_s(&self, number: PackedNumber) -> Option<u32> {
        self.place(number).ok().map(|place| self.0[place].since_s)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The numbers behind that one, or all.
    pub fn after(&self, number: Option<PackedNumber>) -> &[OptedOut] {
        let start = match number.map(|number| self.place(number)) {
            None => 0,
            Some(Ok(place)) => place + 1,
            Some(Err(place)) => place,
        };
        &self.0[start..]
    }

    fn add(&mut self, one: OptedOut) {
        // Whoever makes a record sees to the limit; this holds for a journal that does not.
        if let Err(place) = self.place(one.number)
            && self.0.len() < MAX_OPT_OUTS
        {
            self.0.insert(place, one);
        }
    }

    fn place(&self, number: PackedNumber) -> Result<usize, usize> {
        self.0.binary_search_by_key(&number, |one| one.number)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{OptIn, testing::packed};
    use super::*;

    fn out(numbers: &[(&str, u32)]) -> Record {
        let numbers = numbers.iter().map(|&(n, since_s)| OptedOut { number: packed(n), since_s }).collect();
        Record::OptOut(OptOut { at: None, numbers })
    }

    #[test]
    fn numbers_are_listed_in_order_and_once() {
        let mut list = OptOuts::default();
        list.note(&out(&[("+4915", 5), ("777", 6), ("+4914", 7)]));
        list.note(&out(&[("777", 9)]));
        let shown: Vec<_> = list.after(None).iter().map(|one| (one.number.text(), one.since_s)).collect();
        let shown: Vec<_> = shown.iter().map(|(number, since_s)| (number.as_str(), *since_s)).collect();
        assert_eq!(shown, [("+4914", 7), ("+4915", 5), ("777", 6)]);
        assert_eq!(list.since_s(packed("777")), Some(6));
        assert_eq!(list.since_s(packed("+777")), None);
    }

    #[test]
    fn a_page_goes_on_behind_a_number_that_is_there_no_more() {
        let mut list = OptOuts::default();
        list.note(&out(&[("11", 1), ("22", 1), ("33", 1)]));
        assert_eq!(list.after(Some(packed("22"))).len(), 1);
        list.note(&Record::OptIn(OptIn { at: None, number: packed("22") }));
        assert_eq!(list.after(Some(packed("22"))).len(), 1);
        assert_eq!((list.after(Some(packed("33"))).len(), list.len()), (0, 2));
    }

    #[test]
    fn the_list_ends_where_it_is_full() {
        let mut list = OptOuts::default();
        let many: Vec<_> = (10_000..30_000).map(|n: u32| n.to_string()).collect();
        list.note(&out(&many.iter().map(|n| (n.as_str(), 1)).collect::<Vec<_>>()));
        assert_eq!(list.len(), MAX_OPT_OUTS);
    }
}
