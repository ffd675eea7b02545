//! How much each client has sent today, as the records tell it. The messages themselves may be
//! forgotten before the day is over.

use super::{Daily, Origin, Record, Stamp};
use crate::message::{ClientId, MessageId};

/// Clients that are remembered, those included that are not configured any more. The one that
/// was first heard of goes first; each takes some 35 bytes of every segment.
const MAX_CLIENTS: usize = 64;

/// How many messages of each client were accepted on the newest day on which it sent any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DailyCounts {
    clients: Vec<(ClientId, u32)>,
    /// The day of all these counts.
    day: u32,
    /// The newest message that is counted, or is not to be.
    up_to: MessageId,
}

impl DailyCounts {
    /// Learns from the next record. Each message is counted once, whatever comes again.
    pub fn note(&mut self, record: &Record) {
        match record {
            Record::Accepted(accepted) if accepted.id > self.up_to => {
                self.up_to = accepted.id;
                if let Origin::Client(client) = accepted.origin {
                    self.begin(accepted.at.day(self.day));
                    let count = self.of(client).saturating_add(1);
                    self.set(client, count);
                }
            }
            Record::Daily(daily) => {
                self.up_to = self.up_to.max(daily.up_to);
                self.begin(daily.day);
                self.set(daily.client, daily.count);
            }
            _ => {}
        }
    }

    /// How many messages of `client` were accepted on the day of `at`.
    pub fn count(&self, at: Stamp, client: ClientId) -> u32 {
        if at.day(self.day) == self.day { self.of(client) } else { 0 }
    }

    /// The records that tell all this without the messages.
    pub fn records(&self) -> impl Iterator<Item = Daily> {
        let (day, up_to) = (self.day, self.up_to);
        self.clients.iter().map(move |&(client, count)| Daily { client, day, count, up_to })
    }

    /// Another day begins with nothing.
    fn begin(&mut self, day: u32) {
        if day != self.day {
            self.day = day;
            self.clients.clear();
        }
    }

    fn of(&self, client: ClientId) -> u32 {
        self.clients.iter().find(|(known, _)| *known == client).map_or(0, |&(_, count)| count)
    }

    fn set(&mut self, client: ClientId, count: u32) {
        if let Some(known) = self.clients.iter_mut().find(|(known, _)| *known == client) {
            known.1 = count;
            return;
        }
        if self.clients.len() >= MAX_CLIENTS {
            self.clients.remove(0);
        }
        self.clients.push((client, count));
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::DAY_S;
    use super::super::testing::{AT, accepted};
    use super::super::{Accepted, Daily};
    use super::*;

    const CLIENT: ClientId = ClientId(7);

    fn of(client: ClientId, id: MessageId, at: Stamp) -> Record {
        Record::Accepted(Accepted { origin: Origin::Client(client), at, ..accepted(id, "x") })
    }

    #[test]
    fn each_clients_messages_are_counted_once() {
        let mut counts = DailyCounts::default();
        counts.note(&Record::Accepted(accepted(1, "local")));
        for id in [2, 3, 3, 2] {
            counts.note(&of(CLIENT, id, AT));
        }
        counts.note(&of(ClientId(8), 4, AT));
        assert_eq!([7, 8, 9].map(|n| counts.count(AT, ClientId(n))), [2, 1, 0]);
    }

    #[test]
    fn a_day_ends_at_midnight_utc() {
        let mut counts = DailyCounts::default();
        let last_s = AT.unix_s / DAY_S * DAY_S + DAY_S - 1;
        let [before, after] = [0, 1].map(|s| Stamp { unix_s: last_s + s, ..AT });
        counts.note(&of(CLIENT, 1, before));
        assert_eq!((counts.count(before, CLIENT), counts.count(after, CLIENT)), (1, 0));
        counts.note(&of(CLIENT, 2, after));
        assert_eq!(counts.count(after, CLIENT), 1);
    }

    #[test]
    fn a_clock_that_is_not_set_begins_no_earlier_day() {
        let mut counts = DailyCounts::default();
        counts.note(&of(CLIENT, 1, AT));
        let unset = Stamp { unix_s: AT.unix_s - 3 * DAY_S, trusted: false, ..AT };
        assert_eq!(counts.count(unset, CLIENT), 1);
        counts.note(&of(CLIENT, 2, unset));
        assert_eq!(counts.count(AT, CLIENT), 2);
        assert_eq!(counts.count(Stamp { unix_s: AT.unix_s + DAY_S, ..unset }, CLIENT), 0);
        assert_eq!(counts.count(Stamp { trusted: true, ..unset }, CLIENT), 0, "the clock was set back");
    }

    #[test]
    fn the_records_tell_the_counts_also_before_the_messages_that_they_count() {
        let mut counts = DailyCounts::default();
        for id in 1..=3 {
            counts.note(&of(CLIENT, id, AT));
        }
        let mut read = DailyCounts::default();
        for record in counts.records().map(Record::Daily).chain([of(CLIENT, 3, AT), of(CLIENT, 4, AT)]) {
            read.note(&record);
        }
        assert_eq!(read.count(AT, CLIENT), 4);
        assert_eq!(counts.records().next(), Some(Daily { client: CLIENT, day: 20_779, count: 3, up_to: 3 }));
    }

    #[test]
    fn no_more_clients_are_remembered_than_there_is_room_for() {
        let mut counts = DailyCounts::default();
        for n in 0..=MAX_CLIENTS as u32 {
            counts.note(&of(ClientId(n), n + 1, AT));
        }
        assert_eq!(counts.records().count(), MAX_CLIENTS);
        assert_eq!(counts.count(AT, ClientId(0)), 0);
    }
}
