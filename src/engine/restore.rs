//! From the journal's records back to where the engine was, in this boot or another.
//!
//! [`Engine::restore`] takes the records one by one, on one timeline through all boots;
//! [`Engine::restored`] then puts everything into this boot's time and goes on with what was
//! under way.

mod timeline;

use super::choosing::Wish;
use super::fence::AGREE_MS;
use super::index::{Entry, Tries};
use super::line::Phase;
use super::requests::{form_bytes, hash_key};
use super::terms::collapse_hash;
use super::{Change, Choice, Engine, Now};
use crate::journal::{
    self, Accepted, BootId, Fence, Kept, LineJobs, Marks, Moved, Record, Stamp, Started, Submitting, Terms,
};
use crate::message::{JobId, LineId, LineName, MessageId, Problem, ProblemCode, State, shape};

pub(super) use timeline::Gap;
pub use timeline::TRUST_WAIT_MS;
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
            if entry.problem.is_some_and(lost) {
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

    /// Where a message stands in the order, and whose place it has taken.
    fn restore_order(&mut self, r: &mut Restoring, accepted: &Accepted) {
        let Some(terms) = &accepted.terms else { return };
        if self.index.get(accepted.id).is_some_and(|entry| !entry.state.is_final()) {
            self.index.set_order(accepted.id, terms.order);
        }
        if terms.replaces > 0 {
            r.replaced.push((terms.replaces, accepted.id));
        }
    }

    fn entry(&mut self, r: &mut Restoring, accepted: &Accepted, at_ms: u64) -> Entry {
        let shape = shape(&accepted.text);
        let none = Terms::default();
        let terms = accepted.terms.as_deref().unwrap_or(&none);
        let since_ms = at_ms + u64::from(terms.delay_s) * 1000;
        let choice = self.choice_of(&accepted.choice).unwrap_or_else(|| {
            r.homeless.push(accepted.id);
            Choice::Any
        });
        Entry {
            id: accepted.id,
            form_bytes: form_bytes(&accepted.text),
            origin: accepted.origin,
            created_s: accepted.at.unix_s,
            updated_s: accepted.at.unix_s,
            ttl_s: accepted.ttl_s,
            deadline_ms: since_ms + u64::from(accepted.ttl_s) * 1000,
            since_ms,
            key: accepted.key.as_deref().map_or(0, |key| hash_key(accepted.origin, key)),
            to: self.mark_of(&accepted.to),
            job: JobId::EMPTY,
            problem: None,
            line: None,
            choice,
            at_s: terms.at_s,
            collapse: terms.collapse.as_deref().map_or(0, |word| collapse_hash(accepted.origin, word)),
            attempts: 0,
            state: State::Queued,
            priority: accepted.priority,
            encoding: shape.encoding,
            segments: shape.segments,
            tries: Tries::new(accepted.on_unknown),
            perhaps_sent: false,
            prefix: self.prefix_of(&accepted.to),
            wish: Wish::UNKNOWN,
            early: false,
            members: terms.members,
        }
    }

    fn restore_submitting(&mut self, r: &mut Restoring, submitting: Submitting) {
        let at_ms = self.pass(r, submitting.at, submitting.boot);
        let line = self.place_of(&submitting.line).map(|place| self.lines[place].id);
        let Some(entry) = self.index.get_mut(submitting.id) else { return };
        entry.line = line;
        entry.job = JobId::EMPTY;
        entry.attempts = entry.attempts.saturating_add(1);
        self.index.set_state(submitting.id, State::Submitting, submitting.at);
        if let Some(entry) = self.index.get_mut(submitting.id) {
            entry.since_ms = at_ms;
        }
        r.under_way.retain(|u| u.id != submitting.id);
        r.under_way.push(UnderWay {
            id: submitting.id,
            line: submitting.line,
            fence: submitting.fence,
            submitted_ms: at_ms,
            boot: submitting.boot,
        });
    }

    fn restore_moved(&mut self, r: &mut Restoring, moved: &Moved) {
        let boot = r.time.boot();
        let at_ms = self.pass(r, moved.at, boot);
        if moved.state != State::Sending {
            r.under_way.retain(|u| u.id != moved.id);
        }
        let Some(entry) = self.index.get_mut(moved.id) else { return };
        let refused = moved.state == State::Queued
            && moved.problem.is_some_and(|p| matches!(p.code, ProblemCode::Refused | ProblemCode::BadLogin));
        if refused {
            entry.tries.set_strikes(if entry.problem == moved.problem {
                entry.tries.strikes() + 1
            } else {
                1
            });
        }
        entry.tries.set_pauses(entry.tries.pauses() + u8::from(moved.pause_s > 0));
        if let Some(ttl_s) = moved.ttl_s {
            entry.ttl_s = ttl_s;
            entry.deadline_ms = at_ms + u64::from(ttl_s) * 1000;
            entry.tries.set(0, 0);
        }
        entry.perhaps_sent = match moved.state {
            State::Unknown => true,
            // It is never said of a message that may have been sent.
            State::Failed | State::Expired | State::Cancelled => false,
            _ => entry.perhaps_sent,
        };
        entry.job = moved.job;
        entry.problem = moved.problem;
        self.index.set_state(moved.id, moved.state, moved.at);
        if let Some(entry) = self.index.get_mut(moved.id) {
            entry.since_ms = at_ms + u64::from(moved.pause_s) * 1000;
        }
    }

    fn restore_kept(&mut self, r: &mut Restoring, accepted: &Accepted, kept: Kept) {
        let at_ms = self.pass(r, kept.at, kept.boot);
        let mut entry = self.entry(r, accepted, at_ms);
        entry.updated_s = kept.changed_s;
        entry.ttl_s = kept.ttl_s;
        entry.deadline_ms = (at_ms + u64::from(kept.ttl_s) * 1000).saturating_sub(kept.age_ms);
        entry.since_ms = match kept.state {
            State::Queued => at_ms + kept.pause_ms,
            _ => at_ms.saturating_sub(kept.changed_ms_ago),
        };
        if kept.state == State::Queued && kept.attempts == 0 && kept.pause_ms > 0 && kept.age_ms == 0 {
            // Its ttl has not begun.
            entry.deadline_ms = entry.since_ms + u64::from(kept.ttl_s) * 1000;
        }
        entry.line =
            kept.line.as_ref().and_then(|name| self.place_of(name)).map(|place| self.lines[place].id);
        entry.job = kept.job;
        entry.problem = kept.problem;
        entry.attempts = kept.attempts;
        entry.state = kept.state;
        entry.tries.set(kept.strikes, kept.pauses);
        entry.perhaps_sent = kept.perhaps_sent;
        self.index.put(entry);
        self.restore_order(r, accepted);
        r.under_way.retain(|u| u.id != accepted.id);
        if let (Some(line), Some(fence)) = (kept.line, kept.fence)
            && !kept.state.is_final()
        {
            let submitted_ms = at_ms.saturating_sub(kept.submitted_ms_ago.unwrap_or(u64::MAX));
            // Longer ago than this boot is as good as in another.
            let boot = if kept.submitted_ms_ago.is_some() { kept.boot } else { BootId::default() };
            r.under_way.push(UnderWay { id: accepted.id, line, fence, submitted_ms, boot });
        }
    }

    /// All that has to be known to restore message `id` as it is now; `None` if it is not kept.
    pub fn kept(&self, now: Now, id: MessageId) -> Option<Kept> {
        let entry = self.index.get(id)?;
        let on_line = self.lines.iter().find(|l| l.phase.message() == Some(id));
        let queued = entry.state == State::Queued;
        let ttl_ms = u64::from(entry.ttl_s) * 1000;
        Some(Kept {
            at: now.stamp(),
            boot: self.boot,
            state: entry.state,
            age_ms: (now.boot_ms + ttl_ms).saturating_sub(entry.deadline_ms),
            ttl_s: entry.ttl_s,
            changed_s: entry.updated_s,
            changed_ms_ago: if queued { 0 } else { now.boot_ms.saturating_sub(entry.since_ms) },
            line: entry.line.map(|line| self.settings.line_name(line)),
            fence: on_line.map(|l| l.fence),
            submitted_ms_ago: on_line.and_then(|l| l.submitted_ms).map(|ms| now.boot_ms.saturating_sub(ms)),
            job: entry.job,
            problem: entry.problem,
            attempts: entry.attempts,
            strikes: entry.tries.strikes(),
            pauses: entry.tries.pauses(),
            pause_ms: if queued { entry.since_ms.saturating_sub(now.boot_ms) } else { 0 },
            perhaps_sent: entry.perhaps_sent,
        })
    }

    pub(super) fn place_of(&self, name: &LineName) -> Option<usize> {
        self.lines.iter().position(|l| l.name == *name)
    }

    fn choice_of(&self, choice: &journal::Choice) -> Option<Choice> {
        match choice {
            journal::Choice::Any => Some(Choice::Any),
            journal::Choice::Device(name) => {
                self.devices.iter().position(|d| d.name == *name).map(|place| Choice::Device(place as u8))
            }
            journal::Choice::Line(name) => {
                self.place_of(name).map(|place| self.lines[place].id).map(|line: LineId| Choice::Line(line))
            }
        }
    }
}
