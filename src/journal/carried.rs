//! What each segment begins with, because the segments that told it may be gone before this one
//! is read.

use super::{
    Conditions, Consumers, DailyCounts, InboxIds, LineJobs, Marks, OptOuts, Record, Replies, Started, Usage,
};

/// What the records so far come to, besides messages and events.
#[derive(Debug, Default)]
pub struct Carried {
    /// The last start.
    pub started: Option<Started>,
    /// The last job of each line.
    pub lines: LineJobs,
    /// How much each client has sent on the last day.
    pub daily: DailyCounts,
    /// What is down.
    pub conditions: Conditions,
    /// What goipd did last by itself.
    pub marks: Marks,
    /// How far the consumers have come.
    pub consumers: Consumers,
    /// How far received messages are numbered and forgotten.
    pub inbox: InboxIds,
    /// How often goipd has answered each number by itself on the last day.
    pub replies: Replies,
    /// How much each line was given lately.
    pub usage: Usage,
    /// Who wants no more messages. These are too many to stand in every segment, so they are
    /// copied forward.
    pub opt_outs: OptOuts,
}

impl Carried {
    /// Learns from the next record.
    pub fn note(&mut self, record: &Record) {
        if let Record::Started(started) = record {
            self.started = Some(*started);
        }
        self.inbox.note(record);
        self.lines.note(record);
        self.daily.note(record);
        self.conditions.note(record);
        self.marks.note(record);
        self.consumers.note(record);
        self.replies.note(record);
        self.usage.note(record);
        self.opt_outs.note(record);
    }

    /// Gives the records that tell all this again.
    pub fn each_record(&self, give: &mut dyn FnMut(Record)) {
        if let Some(started) = self.started {
            give(Record::Started(started));
        }
        for (line, job) in self.lines.iter() {
            give(Record::Line(line.clone(), job));
        }
        self.daily.records().for_each(|daily| give(Record::Daily(daily)));
        self.conditions.records().for_each(|condition| give(Record::Condition(condition)));
        self.marks.records().for_each(&mut *give);
        self.consumers.records().for_each(|cursor| give(Record::Cursor(cursor)));
        if self.inbox.newest > 0 {
            give(Record::InboxIds(self.inbox));
        }
        self.replies.record().into_iter().for_each(&mut *give);
        self.usage.each_record(give);
    }
}
