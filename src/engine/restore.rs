//! From the journal's records back to where the engine was, in this boot or another.
//!
//! [`Engine::restore`] takes the records one by one, on one timeline through all boots;
//! [`Engine::restored`] then puts everything into this boot's time and goes on with what was
//! under way.

mod message;
mod timeline;

use super::fence::AGREE_MS;
use super::index::Entry;
use super::line::Phase;
use super::{Change, Engine, Now};
use crate::journal::{Accepted, BootId, Fence, LineJobs, Marks, Record, Stamp, Started};
use crate::message::{LineName, MessageId, Problem, ProblemCode, State};

pub(super) use timeline::Gap;
use timeline::Timeline;

/// So long every box is waited for before messages from before go out elsewhere: a line that
/// shows an unknown job proves that the journal is not the newest.
const PROOF_MS: u64 = 60_000;

/// What is known only while records are restored.
#[derive(Debug, Default)]
pub(super) struct Restoring {
    /// What goipd did last by itself.
    marks: Marks,
    time: Timeline,
    /// The messages that were on their way, and how they left.
    under_way: Vec<UnderWay>,
    lines: LineJobs,
    /// Queued messages whose line is not configured any more.
    homeless: Vec<MessageId>,
    /// The newest message of earlier boots.
    earlier_id: MessageId,
    /// The messages whose place was taken, and by which.
    replaced: Vec<(MessageId, MessageId)>,
    /// Of messages that were accepted as one, the first, the next that has to come and the end.
    torn: Option<[MessageId; 3]>,
}

/// A message that was on its way.
#[derive(Debug)]
struct UnderWay {
    id: MessageId,
    line: LineName,
    fence: Fence,
    submitted_ms: u64,
    boot: BootId,
}

impl Restoring {
    /// Whether all have come that were accepted as one: their records stand one behind the other.
    fn note_member(&mut self, accepted: &Accepted) {
        let members = accepted.terms.as_ref().map_or(0, |terms| terms.members);
        self.torn = match self.torn {
            Some([first, next, end]) if next == accepted.id => Some([first, next.saturating_add(1), end]),
            torn if members == 0 => torn,
            _ => {
                let (first, next) = (accepted.id, accepted.id.saturating_add(1));
                Some([first, next, first.saturating_add(members.into())])
            }
        };
        self.torn = self.torn.filter(|[_, next, end]| next < end);
    }
}

impl Engine {
    /// Takes a record that the journal kept. All of them, in the order of writing, come before
    /// anything else; then comes [`Self::restored`].
    pub fn restore(&mut self, record: Record) {
        let mut r = self.restoring.take().unwrap_or_default();
        r.lines.note(&record);
        r.marks.note(&record);
        self.daily.note(&record);
        self.consumers.note(&record);
        self.opt_outs.note(&record);
        self.replies.note(&record);
        self.usage.note(&record);
        match record {
            Record::Started(Started { boot, at }) => {
                if boot != r.time.boot() {
                    r.earlier_id = self.index.last_id();
                }
                self.pass(&mut r, at, boot);
            }
            Record::Accepted(accepted) => {
                let boot = r.time.boot();
                let at_ms = self.pass(&mut r, accepted.at, boot);
                let entry = self.entry(&mut r, &accepted, at_ms);
                self.index.put(entry);
                r.note_member(&accepted);
                self.restore_order(&mut r, &accepted);
            }
            Record::Submitting(submitting) => self.restore_submitting(&mut r, submitting),
            Record::Moved(moved) => self.restore_moved(&mut r, &moved),
            Record::Kept(both) => {
                let (accepted, kept) = *both;
                self.restore_kept(&mut r, &accepted, kept);
            }
            Record::Forgotten(id) => {
                self.index.remove(id);
                r.torn = r.torn.filter(|torn| torn[0] != id);
                r.under_way.retain(|u| u.id != id);
            }
            Record::Condition(condition) => self.restore_condition(&condition),
            Record::Received(received) => {
                let boot = r.time.boot();
                if !received.copied {
                    self.pass(&mut r, received.at, boot);
                }
                self.restore_received(&received, boot);
            }
            Record::InboxWindow(window) => self.restore_window(&window),
            Record::InboxIds(ids) => self.restore_inbox_ids(ids),
            Record::Line(..)
            | Record::LineOpen(..)
            | Record::Mark(_)
            | Record::Daily(_)
            | Record::Cursor(_)
            | Record::Dropped(_)
            | Record::OptOut(_)
            | Record::OptIn(_)
            | Record::Replies(_)
            | Record::Usage(_) => {}
        }
        self.restoring = Some(r);
    }

    /// All records were restored: goes on from there. `last_id` is the newest id that may have
    /// been given out; `damaged` says that records may be missing anywhere.
    pub fn restored(&mut self, now: Now, last_id: MessageId, damaged: bool) {
        let mut r = self.restoring.take().unwrap_or_default();
        if self.boot != r.time.boot() {
            r.earlier_id = self.index.last_id();
        }
        let newest_id = self.index.last_id();
        let before = r.time.clone();
        self.pass(&mut r, now.stamp(), self.boot);
        self.gap = before.gap(&r.time, now, r.earlier_id);
        // In this boot's time nothing is older than the boot, so this has to be seen to now.
        let off_ms = r.time.now_ms() - before.now_ms();
        let new_boot = self.boot != before.boot();
        let keep_ms = u64::from(self.settings.keep_s) * 1000;
        let too_old = |e: &&Entry| {
            let keyed = e.key != 0 && e.deadline_ms > r.time.now_ms();
            e.state.is_final() && !keyed && e.since_ms + keep_ms <= r.time.now_ms()
        };
        let old: Vec<MessageId> = self.index.iter().filter(too_old).map(|e| e.id).collect();
        old.into_iter().for_each(|id| self.forget(id));
        for entry in self.index.iter_mut() {
            entry.deadline_ms = r.time.in_this_boot(now, entry.deadline_ms);
            entry.since_ms = r.time.in_this_boot(now, entry.since_ms);
        }
        self.schedule_all(now);
        self.last_id = last_id.max(newest_id);
        self.restored_id = self.last_id;
        self.proof_ms = now.boot_ms + PROOF_MS;
        self.record(Record::Started(Started { boot: self.boot, at: now.stamp() }));
        for (name, job) in r.lines.iter() {
            if let Some(place) = self.place_of(name) {
                let line = &mut self.lines[place];
                line.know(job, now.boot_ms);
                line.unproved = true;
            }
        }
        for name in r.lines.open() {
            if let Some(place) = self.place_of(name) {
                // What the line shows before that may be from before the job.
                self.lines[place].floor_ms = now.boot_ms + AGREE_MS;
            }
        }
        self.restore_late();
        self.restore_marks(now, core::mem::take(&mut r.marks));
        self.limits_restored(now);
        self.conditions_restored(now);
        self.inbox_restored(now, damaged);
        self.ages_ms = now.boot_ms;
        if damaged {
            self.opt_outs_restored(now);
            return self.disown_all(now, ProblemCode::JournalDamaged);
        }
        if let Some([first, next, _]) = r.torn {
            self.forget_torn(first, next);
        }
        for (old, new) in r.replaced {
            if self.index.get(new).is_some() {
                self.collapse(now, old, new);
            }
        }
        for id in r.homeless {
            if self.index.get(id).is_some_and(|e| e.state == State::Queued) {
                let problem = Problem::new(ProblemCode::LineGone);
                log::warn!("message {id} failed: {problem}");
                self.move_to(now, id, State::Failed, Change::problem(problem));
            }
        }
        for under_way in r.under_way {
            self.go_on(now, &r.time, &under_way);
        }
        self.opt_outs_restored(now);
        if new_boot && self.gap.is_none() {
            self.router_was_off(now, off_ms, r.earlier_id);
        }
        let working = self.index.working();
        if working > 0 {
            log::info!("{working} messages from before go on");
        }
    }

    /// The end of a message that was given up may still show, if its job has a key, which no other
    /// ever has. A box that counts its jobs gives their ids again after it has started anew.
    fn restore_late(&mut self) {
        for entry in self.index.iter().filter(|e| e.state == State::Unknown && e.job.is_key()) {
            // Of these nobody knows what was sent since.
            let lost =
                |p: Problem| matches!(p.code, ProblemCode::JournalRestored | ProblemCode::JournalDamaged);
            if entry.problem().is_some_and(lost) {
                continue;
            }
            if let Some(line) = self.lines.iter_mut().find(|line| Some(line.id) == entry.line) {
                line.late = Some((entry.id, entry.job));
            }
        }
    }

    /// Goes on with a message that was on its way.
    fn go_on(&mut self, now: Now, time: &Timeline, under_way: &UnderWay) {
        let id = under_way.id;
        let Some(entry) = self.index.get(id).filter(|e| !e.state.is_final()) else { return };
        let job = entry.job;
        let place = self.place_of(&under_way.line).filter(|&p| self.lines[p].phase == Phase::Idle);
        let Some(place) = place else {
            let problem = Problem::new(ProblemCode::Undecided);
            log::warn!(
                "message {id} unknown: it was on its way on {}, which is not there any more",
                under_way.line
            );
            return self.move_to(now, id, State::Unknown, Change::problem(problem));
        };
        let line = &mut self.lines[place];
        line.fence = under_way.fence;
        line.submitted_ms =
            (under_way.boot == self.boot).then(|| time.in_this_boot(now, under_way.submitted_ms));
        let line_id = line.id;
        if job.is_empty() {
            log::info!("message {id} was on its way on {}: asking the box what became of it", line.name);
            line.phase = Phase::Open { message: id, look_ms: now.boot_ms, first: None };
        } else {
            self.follow(now, place, id, job, None);
        }
        if let Some(entry) = self.index.get_mut(id) {
            entry.line = Some(line_id);
        }
    }

    /// Nothing is known for certain any more: every message that is not final is `unknown`, and
    /// stays so even if it asked to be sent again.
    pub(super) fn disown_all(&mut self, now: Now, why: ProblemCode) {
        let working: Vec<MessageId> = self
            .index
            .after(0)
            .take_while(|e| e.id <= self.restored_id)
            .filter(|e| !e.state.is_final())
            .map(|e| e.id)
            .collect();
        if working.is_empty() {
            return;
        }
        let problem = Problem::new(why);
        for line in &mut self.lines {
            if line.phase.message().is_some_and(|id| id <= self.restored_id) {
                line.phase = Phase::Idle;
                line.doubt = true;
            }
        }
        for &id in &working {
            self.move_to(now, id, State::Unknown, Change::problem(problem));
        }
        log::error!("{} messages are unknown: {problem}", working.len());
    }

    /// Goes on to a moment of a record; gives it on the timeline.
    fn pass(&mut self, r: &mut Restoring, at: Stamp, boot: BootId) -> u64 {
        let jump_ms = r.time.advance(at, boot);
        if jump_ms > 0 {
            // What was accepted in this boot is as old as before; what is from earlier ones has
            // aged by the time that the router was off, which is no time that one was to wait.
            let before_ms = r.time.now_ms() - jump_ms;
            for entry in self.index.iter_mut().filter(|e| e.id > r.earlier_id || e.waits(before_ms)) {
                entry.deadline_ms += jump_ms;
                entry.since_ms += jump_ms;
            }
        }
        r.time.now_ms()
    }

    pub(super) fn place_of(&self, name: &LineName) -> Option<usize> {
        self.lines.iter().position(|l| l.name == *name)
    }
}
