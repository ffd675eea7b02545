//! Making room. The oldest segment is cleared: the messages in it that are still kept are copied
//! to the newest, each with its state in one record; once the copies are durable, the segment is
//! taken away. A message's other records lie behind the one that accepted it, so those in the
//! oldest segment concern messages that were copied, or are gone.
//!
//! A received message is copied as it is. What is remembered of a line's inbox begins with one record
//! and goes on with each message behind it: where that first record lies in the oldest segment, the
//! whole is written anew.
//!
//! Events that only the oldest segment tells are copied too, many in one record. Those who opted
//! out are copied all together, whenever the first segment is cleared that is needed for them.
//!
//! A crash in between leaves both the old records and the copy, and the copy counts: it comes
//! later and says everything.

use super::codec::Decoded;
use super::disk::{Disk, segment_name};
use super::events::Entry;
use super::index::Subject;
use super::job::Retire;
use super::log::Log;
use super::{Accepted, InboxWindow, Kept, OptOut, Received, Record, Urgency};
use crate::message::{LineName, MessageId, PackedNumber, ReceivedId};

/// Messages that are copied in one step, at most: their reading and encoding must not hold up
/// the loop, and they go to the disk with one sync.
const COPIES_A_STEP: usize = 16;

/// The same for events, of which one takes 13 bytes.
const EVENTS_A_STEP: usize = 128;

/// The same for numbers that opted out, of which one takes 15 bytes.
const OPT_OUTS_A_STEP: usize = 256;

/// How far the copying of those who opted out has come.
#[derive(Debug)]
pub(super) struct OptOutsCopy {
    /// No segment before this one is needed once all are copied.
    from: u32,
    /// The last number that was copied.
    last: Option<PackedNumber>,
}

impl<D: Disk> Log<D> {
    /// Takes a step in making room, if room is wanted; call it once a turn, after all records of
    /// the turn were appended. `state` tells a message's state at this moment, `None` if it is
    /// not kept any more; `window` what is remembered of a line's inbox at this moment.
    pub fn compact_step(
        &mut self,
        mut state: impl FnMut(MessageId) -> Option<Kept>,
        mut window: impl FnMut(&LineName) -> Option<InboxWindow>,
    ) {
        if self.copies.is_some_and(|serial| !self.is_durable(serial)) {
            return;
        }
        let Some(&oldest) = self.segments.front() else { return };
        let wanted = oldest.number <= self.clear_to || self.pressure().wants_compaction();
        if !wanted || self.is_current(oldest.number) {
            return;
        }
        let kept: heapless::Vec<Subject, COPIES_A_STEP> =
            self.index.in_segment(oldest.number).take(COPIES_A_STEP).collect();
        let done = kept.is_empty();
        // The counters in the next one's head are still needed, and it may not be there yet.
        let mut another = self.segments.len() > 1;
        for subject in kept {
            let record = match subject {
                Subject::Sent(id) => {
                    let Some(kept) = state(id) else {
                        self.index.remove(subject);
                        continue;
                    };
                    self.accepted(id).map(|accepted| Record::Kept(Box::new((accepted, kept))))
                }
                Subject::Received(id) => self.received_copy(id).map(Record::Received),
                Subject::Window(number) => {
                    let Some(window) = self.index.line(number).and_then(&mut window) else {
                        self.index.remove(subject);
                        continue;
                    };
                    Some(Record::InboxWindow(window))
                }
            };
            let Some(record) = record else {
                // The reading has said why. Perhaps somebody gets more out of the file.
                self.index.remove(subject);
                self.segments[0].damaged = true;
                continue;
            };
            self.counters.copied += 1;
            let serial = self.put(&record, Urgency::Now);
            self.copies = Some(serial);
            another = true;
        }
        if !another {
            return;
        }
        let events: heapless::Vec<Entry, EVENTS_A_STEP> =
            self.events.in_segment(oldest.number).take(EVENTS_A_STEP).collect();
        if !events.is_empty() {
            self.counters.records += 1;
            let (newest, ticket) = (self.seq, self.ticket);
            let serial = self.pending.push_events(newest, &events, &self.events, Urgency::Now, ticket);
            self.copies = Some(serial);
        } else if done && !self.copy_opt_outs(oldest.number) {
            self.segments.pop_front();
            self.retiring.push_back(Retire { segment: oldest.number, aside: oldest.damaged });
            log::debug!("journal: {} is not needed any more", segment_name(oldest.number));
        }
    }

    /// Copies some of those who opted out, if clearing that segment would lose any; says whether
    /// there were any left to copy. What changes meanwhile is told by records behind the copies
    /// that it concerns.
    fn copy_opt_outs(&mut self, oldest: u32) -> bool {
        if self.carried.opt_outs.is_empty() {
            (self.opt_outs_from, self.opt_outs_copy) = (None, None);
        }
        if self.opt_outs_from.is_none_or(|from| from > oldest) {
            return false;
        }
        let from = self.next_segment();
        let copy = self.opt_outs_copy.get_or_insert(OptOutsCopy { from, last: None });
        let rest = self.carried.opt_outs.after(copy.last);
        let numbers = rest[..rest.len().min(OPT_OUTS_A_STEP)].to_vec();
        let Some(last) = numbers.last() else {
            self.opt_outs_from = Some(copy.from);
            self.opt_outs_copy = None;
            return false;
        };
        copy.last = Some(last.number);
        let record = Record::OptOut(OptOut { at: None, numbers });
        self.copies = Some(self.put(&record, Urgency::Now));
        true
    }

    fn accepted(&self, id: MessageId) -> Option<Accepted> {
        match self.decoded(Subject::Sent(id))? {
            Decoded::Record(Record::Accepted(accepted)) => Some(accepted),
            Decoded::Record(Record::Kept(both)) => Some(both.0),
            _ => None,
        }
    }

    fn received_copy(&self, id: ReceivedId) -> Option<Received> {
        match self.decoded(Subject::Received(id))? {
            Decoded::Record(Record::Received(received)) => Some(Received { copied: true, ..received }),
            _ => None,
        }
    }
}
