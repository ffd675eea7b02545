//! What status pages show, and what that makes of the messages.

use super::fence::{AGREE_MS, AIR_MS, Verdict, judge};
use super::line::{DeviceReason, LineReason, Phase, Seen, stuck_ms};
use super::pace::MIN_GAP_MS;
use super::stale::lasted_ms;
use super::{Change, Engine, Now};
use crate::goip::{AskError, JobStatus, LineStatus, StatusPage};
use crate::journal::{Fence, Record};
use crate::message::{JobId, MessageId, Problem, ProblemCode, State};

/// A box may show a new job a little later than it has answered for it.
const LAG_MS: u64 = 10_000;

/// How soon a job is looked at again whose outcome is open.
const OPEN_LOOK_MS: u64 = 1_000;

impl Engine {
    /// A whole status page, asked for at `asked_ms`.
    pub(super) fn shown(&mut self, now: Now, device: usize, asked_ms: u64, page: &StatusPage) {
        if let Some(hold) = self.devices[device].hold.take() {
            let seconds = (now.boot_ms - hold.since_ms.min(now.boot_ms)) / 1000;
            if hold.reason != DeviceReason::NotAsked {
                self.device_was_down(now, device, lasted_ms(now, hold.since_ms, hold.until_ms));
            }
            match hold.reason {
                DeviceReason::NotAsked => log::info!("device {} answers", self.devices[device].name),
                DeviceReason::TimedOut => {}
                _ => log::info!("device {} answers again after {seconds} s", self.devices[device].name),
            }
            if hold.reason != DeviceReason::TimedOut {
                self.devices[device].states.begin(now.boot_ms);
            }
        }
        self.device_up(now, device);
        self.devices[device].plain = page.plain;
        for place in self.devices[device].lines.clone() {
            match page.line(self.lines[place].id.line) {
                Some(seen) => self.line_shown(now, place, asked_ms, seen),
                None => self.line_hidden(now, place),
            }
        }
        self.ussd_shown(now, device, asked_ms, page);
    }

    /// No page.
    pub(super) fn not_shown(&mut self, now: Now, device: usize, error: &AskError) {
        let (reason, words) = DeviceReason::of(error);
        log::debug!("device {}: {reason} ({words})", self.devices[device].name);
        self.hold_device(now, device, reason);
    }

    /// A line's part of a status page.
    fn line_shown(&mut self, now: Now, place: usize, asked_ms: u64, seen: &LineStatus) {
        let line = &mut self.lines[place];
        line.seen = Some(Seen::next(line.seen, seen, asked_ms, now.boot_ms));
        if line.known == Some(seen.id) {
            line.unproved = false;
        }
        if let Some(hold) = line.hold.take_if(|h| h.reason == LineReason::NotShown) {
            self.line_was_down(now, place, lasted_ms(now, hold.since_ms, hold.until_ms));
            self.line_up(now, place);
        }
        self.late_truth(now, place, seen);
        match self.lines[place].phase {
            // Its request is about to leave or under way: what the page shows is from before.
            Phase::Storing { .. } | Phase::Ready { .. } | Phase::Acting { .. } | Phase::Controlled => {}
            Phase::Idle => self.idle_shown(now, place, seen),
            Phase::Open { .. } => self.open_shown(now, place, asked_ms, seen),
            Phase::Watching { .. } => self.job_shown(now, place, asked_ms, seen),
        }
    }

    /// The page says nothing of the line.
    fn line_hidden(&mut self, now: Now, place: usize) {
        self.hold_line(now, place, LineReason::NotShown);
        let line = &mut self.lines[place];
        if let Phase::Open { look_ms, .. } | Phase::Watching { look_ms, .. } = &mut line.phase {
            *look_ms = line.hold.map_or(now.boot_ms, |h| h.until_ms);
        }
    }

    /// A line without a message of ours: does somebody else send here, did the box start anew?
    fn idle_shown(&mut self, now: Now, place: usize, seen: &LineStatus) {
        let line = &mut self.lines[place];
        let exclusive = self.devices[usize::from(line.id.device)].exclusive;
        let unproved = core::mem::take(&mut line.unproved);
        match line.known {
            Some(known) if known == seen.id => {}
            // Asked for by goipd, and given up since.
            Some(_) if !seen.id.is_empty() && seen.id == line.fence.key => self.know(now, place, seen.id),
            None => self.know(now, place, seen.id),
            Some(_) if seen.id.is_empty() => {
                if seen.status == JobStatus::Empty {
                    log::info!("{}: the box has started anew", line.name);
                }
                self.know(now, place, JobId::EMPTY);
            }
            Some(known) if unproved && exclusive => {
                log::error!(
                    "{}: the box shows job {}, the journal knows only '{known}': it is not the newest",
                    line.name,
                    seen.id
                );
                self.know(now, place, seen.id);
                self.disown_all(now, ProblemCode::JournalRestored);
            }
            // Each such job is told once.
            Some(_) if line.fence.job == seen.id && !line.fence.decides => {}
            Some(_) => {
                if core::mem::take(&mut line.doubt) || !exclusive {
                    log::info!("{}: whose job {} is cannot be known", line.name, seen.id);
                } else {
                    log::warn!(
                        "{}: job {} was not caused by goipd; somebody else sends on this line (option exclusive '0' says that this is meant)",
                        line.name,
                        seen.id
                    );
                }
                line.fence = Fence { job: seen.id, decides: false, key: JobId::EMPTY };
                let name = line.name.clone();
                self.record(Record::Line(name, seen.id));
            }
        }
        let line = &self.lines[place];
        if line.wanted && line.seen.is_some_and(|s| s.is_running()) {
            self.hold_line(now, place, LineReason::Busy);
        }
    }

    /// The line's last job is known, and no message tells it.
    pub(super) fn know(&mut self, now: Now, place: usize, job: JobId) {
        let line = &mut self.lines[place];
        line.know(job, now.boot_ms);
        let name = line.name.clone();
        self.record(Record::Line(name, job));
    }

    /// The end of a job that had been given up.
    fn late_truth(&mut self, now: Now, place: usize, seen: &LineStatus) {
        let Some((message, job)) = self.lines[place].late else { return };
        if seen.id.is_empty() && seen.status == JobStatus::Empty {
            // The box has started anew and forgotten it.
            self.lines[place].late = None;
        }
        if seen.id != job {
            return;
        }
        if self.lines[place].phase == Phase::Idle && self.lines[place].known != Some(job) {
            self.know(now, place, job);
        }
        if seen.status != JobStatus::Done {
            return;
        }
        self.lines[place].late = None;
        let Some(entry) = self.index.get_mut(message).filter(|e| e.state == State::Unknown) else { return };
        // This was its only try, so that it was not sent is the whole truth.
        entry.perhaps_sent &= entry.attempts > 1;
        let (state, problem) = match outcome(seen.error.as_str(), 2) {
            Outcome::Sent => (State::Sent, None),
            Outcome::Failed(problem) | Outcome::Again(problem) => (State::Failed, Some(problem)),
            Outcome::Unknown(_) => return,
        };
        log::info!("message {message} {state} after all: {} shows its end late", self.lines[place].name);
        self.move_to(now, message, state, Change { problem, job: Some(job), ..Change::default() });
    }

    /// Did the box take the message whose answer was lost?
    fn open_shown(&mut self, now: Now, place: usize, asked_ms: u64, seen: &LineStatus) {
        let line = &mut self.lines[place];
        let Phase::Open { message, ref mut look_ms, ref mut first } = line.phase else { return };
        // In an earlier boot is longer ago than any limit.
        let age_ms = line.submitted_ms.map_or(u64::MAX, |ms| now.boot_ms.saturating_sub(ms));
        let (segments, problem) = self.index.get(message).map_or((1, None), |e| (e.segments, e.problem()));
        let device = &mut self.devices[usize::from(line.id.device)];
        let before = first.map(|(job, _, _)| job);
        match judge(&line.fence, seen, age_ms, before, device.keeps_keys) {
            Verdict::Taken(job) => {
                device.keeps_keys |= job == line.fence.key;
                self.watch(now, place, message, job, None);
                self.job_shown(now, place, asked_ms, seen);
            }
            // The box may read a request late, or show a job late: both would show between two.
            Verdict::NotTaken => match *first {
                Some((job, status, at_ms))
                    if job == seen.id && (status == seen.status || job != line.fence.job) =>
                {
                    if asked_ms >= at_ms + AGREE_MS {
                        self.not_taken(now, place, message, problem);
                    } else {
                        *look_ms = at_ms + AGREE_MS;
                    }
                }
                _ => {
                    *first = Some((seen.id, seen.status, asked_ms));
                    *look_ms = asked_ms + AGREE_MS;
                }
            },
            Verdict::Wait if age_ms > stuck_ms(segments) => {
                let problem = Problem::new(ProblemCode::Undecided);
                self.settle(now, place, message, State::Unknown, Some(problem));
            }
            Verdict::Wait => {
                *first = None;
                *look_ms = now.boot_ms + OPEN_LOOK_MS;
            }
            Verdict::Unknown(code) => {
                if line.fence.key.is_empty() {
                    // The job may be this message's own, so it says nothing of the journal's age.
                    line.unproved = false;
                }
                self.settle(now, place, message, State::Unknown, Some(Problem::new(code)));
                self.idle_shown(now, place, seen);
            }
        }
    }

    /// The answer was lost, and the box did not take the message.
    fn not_taken(&mut self, now: Now, place: usize, message: MessageId, problem: Option<Problem>) {
        match problem {
            Some(problem) if problem.code == ProblemCode::NotUnderstood => {
                self.hold_line(now, place, LineReason::NotUnderstood);
                // Perhaps it is this message that upsets the box: let others go before it.
                self.pause(now, place, message, problem);
            }
            Some(problem) if problem.code == ProblemCode::Busy => {
                self.hold_line(now, place, LineReason::Busy);
                self.requeue(now, place, message, problem, 0);
            }
            _ => {
                self.hold_line(now, place, LineReason::NoAnswer);
                self.requeue(now, place, message, Problem::new(ProblemCode::NoAnswer), 0);
            }
        }
    }

    /// How far is the job that the box is sending?
    fn job_shown(&mut self, now: Now, place: usize, asked_ms: u64, seen: &LineStatus) {
        let line = &mut self.lines[place];
        let Phase::Watching { message, job, started_ms, timed, ref mut look_ms, ref mut running_ms } =
            line.phase
        else {
            return;
        };
        let segments = self.index.get(message).map_or(1, |e| e.segments);
        let age_ms = now.boot_ms.saturating_sub(started_ms);
        let keyed = job == line.fence.key;
        if keyed && seen.id == job {
            self.devices[usize::from(line.id.device)].keeps_keys = true;
        }
        let unknown = |code| Outcome::Unknown(Problem::new(code));
        // Where nothing had been sent since the box's start, an end without an id is no older one.
        let nameless_end = line.fence.decides && line.fence.job.is_empty() && seen.status == JobStatus::Done;
        let lags = seen.id == line.fence.job && age_ms < LAG_MS && !nameless_end;
        let outcome = if seen.id == job && seen.status == JobStatus::Done {
            let lower_ms = running_ms.map(|ms| ms.saturating_sub(started_ms));
            if timed {
                line.pace.learn(segments, lower_ms, asked_ms.saturating_sub(started_ms));
            }
            // What ended at once has sent none of its segments.
            let at_once = line.submitted_ms.is_some_and(|ms| now.boot_ms < ms + AIR_MS);
            outcome(seen.error.as_str(), if at_once { 1 } else { segments })
        } else if seen.id == job || lags {
            if age_ms > stuck_ms(segments) {
                unknown(ProblemCode::Stuck)
            } else if keyed && timed && asked_ms < started_ms + line.pace.first_look_ms(segments) {
                // The look at once does not count for the pace.
                *look_ms = started_ms + line.pace.first_look_ms(segments);
                return;
            } else {
                *running_ms = Some(asked_ms);
                *look_ms = asked_ms + line.pace.next_look_ms(segments, age_ms).max(MIN_GAP_MS);
                return;
            }
        } else if seen.id.is_empty() && seen.status == JobStatus::Done {
            unknown(ProblemCode::IdLost)
        } else if seen.id.is_empty() {
            unknown(ProblemCode::Rebooted)
        } else {
            unknown(ProblemCode::Replaced)
        };
        // This answer was asked for after the job had ended, so it serves as the next fence.
        line.floor_ms = asked_ms;
        match outcome {
            Outcome::Sent => self.settle(now, place, message, State::Sent, None),
            Outcome::Failed(problem) => self.failed(now, place, message, problem),
            Outcome::Unknown(problem) => {
                self.settle(now, place, message, State::Unknown, Some(problem));
                self.idle_shown(now, place, seen);
            }
            Outcome::Again(problem) => {
                if problem.code == ProblemCode::GsmLogout {
                    self.hold_line(now, place, LineReason::GsmLogout);
                    self.requeue(now, place, message, problem, 0);
                } else {
                    self.pause(now, place, message, problem);
                    self.failed_on(now, place, message, problem);
                }
            }
        }
    }
}

/// What a `DONE` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Sent,
    Failed(Problem),
    /// Not sent, and worth another try.
    Again(Problem),
    Unknown(Problem),
}

/// What a `DONE` with that error means for a message of that many segments. Of several segments
/// some may be out, so a temporary error does not lead to another try.
fn outcome(error: &str, segments: u8) -> Outcome {
    let problem = |code| Problem::with_words(code, error);
    let again = |code| {
        if segments == 1 {
            Outcome::Again(problem(code))
        } else {
            Outcome::Failed(problem(ProblemCode::Rejected))
        }
    };
    match error {
        "" => Outcome::Sent,
        "332" => Outcome::Unknown(problem(ProblemCode::NetworkTimeout)),
        "38" | "41" | "42" | "47" | "331" => again(ProblemCode::Temporary),
        _ if is_logout(error) => again(ProblemCode::GsmLogout),
        _ => Outcome::Failed(problem(ProblemCode::Rejected)),
    }
}

/// `GSM_LOGOUT`, as the box writes it in one place or the other.
pub(super) fn is_logout(error: &str) -> bool {
    error.eq_ignore_ascii_case("GSM_LOGOUT") || error.eq_ignore_ascii_case("GSM logout")
}
