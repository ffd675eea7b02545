//! The last job of each line, as the records tell it. A line that shows another one shows that
//! the journal is not the newest: it was restored from a backup, or copied.

use super::Record;
use crate::message::{JobId, LineName, MessageId, State};

/// Lines that are remembered, those included that are not configured any more. The oldest news
/// goes first; there are at most 128 lines at a time.
const MAX_LINES: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq)]
struct LineJob {
    line: LineName,
    job: JobId,
    /// The message that is on the line.
    message: Option<MessageId>,
    /// Whether no other job of ours can show on the line; where the fence did not decide, an
    /// earlier message's job may still come.
    sure: bool,
}

/// The last job of each line, oldest news first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineJobs(Vec<LineJob>);

impl LineJobs {
    /// Learns from the next record.
    pub fn note(&mut self, record: &Record) {
        match record {
            Record::Line(line, job) => {
                // The message that is on the line stays there.
                let message = self.0.iter().find(|l| l.line == *line).and_then(|l| l.message);
                self.set(line, *job, message, true);
            }
            // No message is on the line then: the late end of the one before makes nothing sure.
            Record::LineOpen(line, job) => self.set(line, *job, None, false),
            Record::Submitting(s) => self.set(&s.line, s.fence.job, Some(s.id), s.fence.decides),
            // A job of its own that nobody has seen may still come.
            Record::Moved(m) if m.state == State::Unknown => {
                self.0.retain(|l| l.message != Some(m.id) || (!m.job.is_empty() && l.job == m.job));
            }
            Record::Moved(m) if !m.job.is_empty() || m.state == State::Sending => {
                if let Some(known) = self.0.iter_mut().find(|l| l.message == Some(m.id)) {
                    (known.job, known.sure) = (m.job, known.sure || !m.job.is_empty());
                }
            }
            Record::Kept(both) => {
                let (accepted, kept) = &**both;
                if let (Some(line), Some(fence)) = (&kept.line, kept.fence) {
                    let job = if kept.job.is_empty() { fence.job } else { kept.job };
                    let sure = fence.decides || !kept.job.is_empty();
                    self.set(line, job, Some(accepted.id), sure);
                }
            }
            _ => {}
        }
    }

    /// The last job of `line`; `None` if nothing is known for sure of the line.
    pub fn get(&self, line: &LineName) -> Option<JobId> {
        self.iter().find(|(name, _)| *name == line).map(|(_, job)| job)
    }

    /// The last job of every line of which it is known for sure.
    pub fn iter(&self) -> impl Iterator<Item = (&LineName, JobId)> {
        self.0.iter().filter(|l| l.sure).map(|l| (&l.line, l.job))
    }

    /// The lines on which a job of goipd's own may still show that no message tells.
    pub fn open(&self) -> impl Iterator<Item = &LineName> {
        self.0.iter().filter(|l| !l.sure && l.message.is_none()).map(|l| &l.line)
    }

    fn set(&mut self, line: &LineName, job: JobId, message: Option<MessageId>, sure: bool) {
        self.0.retain(|l| l.line != *line);
        // A message is on one line at a time.
        for other in self.0.iter_mut().filter(|l| l.message.is_some() && l.message == message) {
            other.message = None;
        }
        if self.0.len() >= MAX_LINES {
            self.0.remove(0);
        }
        self.0.push(LineJob { line: line.clone(), job, message, sure });
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{line, moved, submitting};
    use super::*;

    fn job(text: &str) -> JobId {
        JobId::parse(text).unwrap()
    }

    #[test]
    fn a_lines_last_job_is_what_its_last_message_became() {
        let mut jobs = LineJobs::default();
        assert_eq!(jobs.get(&line()), None);
        let submitting = submitting(7);
        jobs.note(&Record::Submitting(submitting.clone()));
        assert_eq!(jobs.get(&line()), Some(submitting.fence.job));
        let mut sending = moved(7, State::Sending);
        sending.job = job("0b");
        jobs.note(&Record::Moved(sending));
        assert_eq!(jobs.get(&line()), Some(job("0b")));
        let mut other = moved(8, State::Sent);
        other.job = job("0c");
        jobs.note(&Record::Moved(other));
        assert_eq!(jobs.get(&line()), Some(job("0b")), "another line's message");
        jobs.note(&Record::Line(line(), job("0d")));
        assert_eq!(jobs.get(&line()), Some(job("0d")));
    }

    #[test]
    fn where_the_fence_does_not_decide_nothing_is_known_until_the_job_shows() {
        let mut jobs = LineJobs::default();
        let mut submitting = submitting(7);
        submitting.fence.decides = false;
        jobs.note(&Record::Submitting(submitting));
        let mut queued = moved(7, State::Queued);
        queued.job = JobId::EMPTY;
        jobs.note(&Record::Moved(queued));
        assert_eq!(jobs.get(&line()), None, "the job of a message before may still come");
        let mut sending = moved(7, State::Sending);
        sending.job = job("0b");
        jobs.note(&Record::Moved(sending));
        assert_eq!(jobs.get(&line()), Some(job("0b")));
    }

    #[test]
    fn a_key_that_may_still_show_is_no_last_job_and_none_else_is() {
        let mut jobs = LineJobs::default();
        let mut submitting = submitting(7);
        submitting.fence.key = JobId::key(1);
        let mut unknown = moved(7, State::Unknown);
        unknown.job = submitting.fence.key;
        jobs.note(&Record::Submitting(submitting.clone()));
        jobs.note(&Record::Moved(unknown.clone()));
        assert_eq!(jobs.get(&line()), None);
        jobs.note(&Record::Submitting(submitting));
        jobs.note(&Record::Moved(super::super::Moved { state: State::Sending, ..unknown.clone() }));
        jobs.note(&Record::Moved(unknown.clone()));
        assert_eq!(jobs.get(&line()), Some(unknown.job), "it was seen");
    }

    #[test]
    fn while_the_network_is_asked_something_nothing_is_known_for_sure() {
        let mut jobs = LineJobs::default();
        jobs.note(&Record::Line(line(), job("0a")));
        jobs.note(&Record::LineOpen(line(), job("0a")));
        assert_eq!((jobs.get(&line()), jobs.open().count()), (None, 1));
        jobs.note(&Record::Line(line(), job("0b")));
        assert_eq!(jobs.open().count(), 0);
        assert_eq!(jobs.get(&line()), Some(job("0b")));
    }

    #[test]
    fn the_late_end_of_a_message_says_nothing_of_what_is_asked_since() {
        let mut jobs = LineJobs::default();
        jobs.note(&Record::Submitting(submitting(7)));
        let mut late = moved(7, State::Unknown);
        late.job = job("0a");
        jobs.note(&Record::Moved(super::super::Moved { state: State::Sending, ..late.clone() }));
        jobs.note(&Record::Moved(late.clone()));
        jobs.note(&Record::LineOpen(line(), job("0a")));
        jobs.note(&Record::Moved(super::super::Moved { state: State::Sent, ..late }));
        assert_eq!(jobs.get(&line()), None);
    }

    #[test]
    fn a_message_that_went_to_another_line_tells_nothing_of_the_first() {
        let mut jobs = LineJobs::default();
        let first = submitting(7);
        let second = LineName { line: 2, ..line() };
        jobs.note(&Record::Submitting(first.clone()));
        jobs.note(&Record::Submitting(super::super::Submitting { line: second.clone(), ..first.clone() }));
        let mut sending = moved(7, State::Sending);
        sending.job = job("0b");
        jobs.note(&Record::Moved(sending));
        assert_eq!(jobs.get(&first.line), Some(first.fence.job));
        assert_eq!(jobs.get(&second), Some(job("0b")));
    }

    #[test]
    fn no_more_lines_are_remembered_than_there_is_room_for() {
        let mut jobs = LineJobs::default();
        for n in 0..=MAX_LINES {
            let device = format!("box{n}").as_str().try_into().unwrap();
            jobs.note(&Record::Line(LineName { device, line: 1 }, job("0a")));
        }
        assert_eq!(jobs.iter().count(), MAX_LINES);
        assert_eq!(jobs.iter().next().unwrap().0.to_string(), "box1/1");
    }
}
