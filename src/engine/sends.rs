//! What came of a send, and what that makes of the message.

use super::line::{DeviceReason, Flight, LineReason, Phase};
use super::stale::lasted_ms;
use super::{Answer, Change, Engine, Now};
use crate::goip::{Phase as Reached, SendAnswer, SendOutcome};
use crate::message::{JobId, MessageId, OnUnknown, Problem, ProblemCode, State};

/// A message that the box refuses with the same words this often has failed.
const MAX_STRIKES: u8 = 3;

/// The pauses of a message with a temporary error, in seconds; the last one repeats.
const PAUSES_S: [u32; 5] = [30, 120, 600, 1800, 3600];

impl Engine {
    /// The device's worker has answered its last [`Ask`](super::Ask).
    pub fn report(&mut self, now: Now, device: u8, answer: Answer) {
        let place = usize::from(device);
        if let Answer::InboxLine(line) = answer {
            if self.devices.get(place).is_some_and(|d| d.flight == Some(Flight::Inbox)) {
                self.inbox_shown(now, place, line);
            }
            return;
        }
        let Some(flight) = self.devices.get_mut(place).and_then(|d| d.flight.take()) else { return };
        match (flight, answer) {
            (Flight::Send { line }, Answer::Send(outcome)) => self.sent(now, line, outcome),
            (Flight::Send { line }, Answer::NoBody) => self.bodiless(now, line),
            (Flight::Status { asked_ms }, Answer::Status(Ok(page))) => {
                self.shown(now, place, asked_ms, &page);
            }
            (Flight::Status { .. }, Answer::Status(Err(error))) => self.not_shown(now, place, &error),
            (Flight::Lines(part), Answer::Lines(page)) => self.states_shown(now, place, part, page),
            (Flight::Act, Answer::Acted(outcome)) => self.acted(now, place, outcome),
            (Flight::Inbox, Answer::Inbox(end)) => self.inbox_read(now, place, end),
            (Flight::Delete, Answer::Deleted(end)) => {
                if let Err(error) = end {
                    let (reason, words) = DeviceReason::of(&error);
                    let name = &self.devices[place].name;
                    log::debug!("device {name}: a slot of its inbox was not deleted: {reason} ({words})");
                }
            }
            _ => log::error!("device {place}: something else came than was asked for"),
        }
    }

    /// The message that was to be sent cannot be read from the journal: nothing has left, and
    /// nothing ever will.
    fn bodiless(&mut self, now: Now, place: usize) {
        let Phase::Acting { message } = self.lines[place].phase else { return };
        let problem = Problem::new(ProblemCode::JournalDamaged);
        self.settle(now, place, message, State::Failed, Some(problem));
    }

    /// A send came to its end.
    fn sent(&mut self, now: Now, place: usize, outcome: SendOutcome) {
        let line = &mut self.lines[place];
        let device = usize::from(line.id.device);
        let Phase::Acting { message } = line.phase else { return };
        // What was asked before the send's end says nothing of the time after it.
        line.floor_ms = now.boot_ms + 1;
        match outcome {
            SendOutcome::Answered(SendAnswer::Sending { line: named, id }) => {
                if named.is_some_and(|named| named != line.id.line) {
                    log::warn!("message {message}: {} answered for another line", line.name);
                }
                if let Some(hold) = line.hold.take() {
                    self.line_was_down(now, place, lasted_ms(now, hold.since_ms, hold.until_ms));
                }
                self.watch(now, place, message, id, Some(now.boot_ms));
            }
            SendOutcome::Answered(SendAnswer::Busy) => {
                self.hold_line(now, place, LineReason::Busy);
                self.requeue(now, place, message, Problem::new(ProblemCode::Busy), 0);
            }
            SendOutcome::Answered(SendAnswer::GsmLogout) => {
                self.hold_line(now, place, LineReason::GsmLogout);
                self.requeue(now, place, message, Problem::new(ProblemCode::GsmLogout), 0);
            }
            SendOutcome::Answered(SendAnswer::BadLogin) => {
                self.hold_device(now, device, DeviceReason::BadLogin);
                self.strike(now, place, message, Problem::new(ProblemCode::BadLogin));
            }
            SendOutcome::Answered(SendAnswer::Refused(words)) => {
                self.hold_line(now, place, LineReason::Refused);
                let problem = Problem { code: ProblemCode::Refused, device_code: words };
                self.strike(now, place, message, problem);
            }
            SendOutcome::Answered(SendAnswer::NotUnderstood(words)) => {
                log::warn!(
                    "message {message}: {} answered '{words}', which is no answer to a send",
                    line.name
                );
                let problem = Problem { code: ProblemCode::NotUnderstood, device_code: words };
                self.open(now, place, message, Some(problem));
            }
            // What the page says instead is not known; most likely the line is in use.
            SendOutcome::Answered(SendAnswer::NotSaid) => {
                self.open(now, place, message, Some(Problem::new(ProblemCode::Busy)));
            }
            SendOutcome::Lost { phase: Reached::NotConnected | Reached::Connected, .. } => {
                self.hold_device(now, device, DeviceReason::Unreachable);
                self.requeue(now, place, message, Problem::new(ProblemCode::Unreachable), 0);
            }
            SendOutcome::Lost { phase: Reached::Written | Reached::Answering, timed_out } => {
                let again = line.hold.is_some_and(|h| h.reason == LineReason::NoAnswer);
                let level = if again { log::Level::Debug } else { log::Level::Warn };
                log::log!(
                    level,
                    "message {message}: {} gave no whole answer; asking its status page",
                    line.name
                );
                self.open(now, place, message, None);
                if timed_out {
                    // No other message is handed to a box that may hang.
                    self.hold_device(now, device, DeviceReason::TimedOut);
                    self.look_now(now, device);
                }
            }
        }
    }

    /// The box is sending the message, as `job`, since `started_ms` if that is known.
    pub(super) fn watch(
        &mut self,
        now: Now,
        place: usize,
        message: MessageId,
        job: JobId,
        started_ms: Option<u64>,
    ) {
        self.follow(now, place, message, job, started_ms);
        let line = &mut self.lines[place];
        // The new job takes the place of the late one on the status page.
        line.late = None;
        line.know(job, now.boot_ms);
        let name = &line.name;
        log::info!("message {message} sending on {name}, job {job}");
        if !line.breaker.is_tripped() {
            self.line_up(now, place);
        }
        self.move_to(now, message, State::Sending, Change { job: Some(job), ..Change::default() });
    }

    /// Looks for the job's end from now on.
    pub(super) fn follow(
        &mut self,
        now: Now,
        place: usize,
        message: MessageId,
        job: JobId,
        started_ms: Option<u64>,
    ) {
        let segments = self.index.get(message).map_or(1, |e| e.segments);
        let line = &mut self.lines[place];
        // A job with a key is looked at once before: what fails at once has sent nothing.
        let early = !line.fence.key.is_empty();
        let look_ms =
            started_ms.filter(|_| !early).map_or(now.boot_ms, |ms| ms + line.pace.first_look_ms(segments));
        line.phase = Phase::Watching {
            message,
            job,
            started_ms: started_ms.unwrap_or(now.boot_ms),
            timed: started_ms.is_some(),
            look_ms,
            running_ms: None,
        };
    }

    /// Whether the box took the message has to be found out.
    fn open(&mut self, now: Now, place: usize, message: MessageId, problem: Option<Problem>) {
        if let Some(entry) = self.index.get_mut(message) {
            // How an earlier answer looked says nothing of this one.
            let of_answer = |p: &Problem| matches!(p.code, ProblemCode::NotUnderstood | ProblemCode::Busy);
            let before = entry.problem().filter(|p| !of_answer(p));
            entry.set_problem(problem.or(before));
        }
        self.lines[place].phase = Phase::Open { message, look_ms: now.boot_ms, first: None };
    }

    /// The message was certainly not sent: it waits for its next turn, at the earliest after
    /// `pause_s`.
    pub(super) fn requeue(
        &mut self,
        now: Now,
        place: usize,
        message: MessageId,
        problem: Problem,
        pause_s: u32,
    ) {
        let line = &mut self.lines[place];
        line.phase = Phase::Idle;
        let first_time = self.index.get(message).is_some_and(|e| e.problem() != Some(problem));
        // A pause is told each time: it is long, and longer each time.
        let level = if first_time || pause_s > 0 { log::Level::Info } else { log::Level::Debug };
        let wait = if pause_s > 0 { format!(" for at least {pause_s} s") } else { String::new() };
        log::log!(level, "message {message} queued again{wait}: {problem}");
        self.move_to(now, message, State::Queued, Change { pause_s, ..Change::problem(problem) });
    }

    /// The box refused the message; with the same words for the third time, it has failed.
    fn strike(&mut self, now: Now, place: usize, message: MessageId, problem: Problem) {
        let Some(entry) = self.index.get_mut(message) else { return };
        let strikes = if entry.problem() == Some(problem) { entry.tries.strikes() + 1 } else { 1 };
        entry.tries.set_strikes(strikes);
        if strikes >= MAX_STRIKES {
            self.failed(now, place, message, problem);
        } else {
            self.requeue(now, place, message, problem, 0);
        }
    }

    /// The message has certainly failed on the line, and perhaps not by its own fault.
    pub(super) fn failed(&mut self, now: Now, place: usize, message: MessageId, problem: Problem) {
        self.settle(now, place, message, State::Failed, Some(problem));
        self.failed_on(now, place, message, problem);
    }

    /// The line has failed with a message; after several of them in a row it is left alone.
    pub(super) fn failed_on(&mut self, now: Now, place: usize, message: MessageId, problem: Problem) {
        let line = &mut self.lines[place];
        if line.breaker.failed(now.boot_ms, message, problem) {
            let name = &line.name;
            log::error!(
                "{name} is left alone for a while: {} messages in a row failed",
                line.breaker.count()
            );
            self.line_down(now, place);
        }
    }

    /// The message waits for a while of its own, each time longer.
    pub(super) fn pause(&mut self, now: Now, place: usize, message: MessageId, problem: Problem) {
        let Some(entry) = self.index.get_mut(message) else { return };
        let step = usize::from(entry.tries.pauses()).min(PAUSES_S.len() - 1);
        entry.tries.set_pauses(entry.tries.pauses() + 1);
        self.requeue(now, place, message, problem, PAUSES_S[step]);
    }

    /// The line is done with the message, and this is what became of it.
    pub(super) fn settle(
        &mut self,
        now: Now,
        place: usize,
        message: MessageId,
        state: State,
        problem: Option<Problem>,
    ) {
        let line = &mut self.lines[place];
        line.phase = Phase::Idle;
        line.doubt = state == State::Unknown;
        if state == State::Sent {
            let was_tripped = line.breaker.is_tripped();
            line.breaker.succeeded();
            if was_tripped {
                self.line_up(now, place);
            }
        }
        let line = &self.lines[place];
        match (state, problem) {
            (State::Sent, _) => log::info!("message {message} sent on {}", line.name),
            (state, Some(problem)) => log::warn!("message {message} {state} on {}: {problem}", line.name),
            (state, None) => log::warn!("message {message} {state} on {}", line.name),
        }
        let key = line.fence.key;
        let Some(entry) = self.index.get(message) else { return };
        // If the box has it after all, this is how it will show it.
        let job = if entry.job.is_empty() && state == State::Unknown { key } else { entry.job };
        let on_unknown = entry.tries.on_unknown();
        self.move_to(now, message, state, Change { problem, job: Some(job), ..Change::default() });
        if state != State::Unknown {
            return;
        }
        if on_unknown == OnUnknown::Resend {
            log::warn!("message {message} is sent again although it may have been sent: on_unknown 'resend'");
            let problem = problem.unwrap_or(Problem::new(ProblemCode::Undecided));
            self.pause(now, place, message, problem);
        } else if !job.is_empty() && problem.is_none_or(|p| p.code != ProblemCode::Rebooted) {
            self.lines[place].late = Some((message, job));
        }
    }

    pub(super) fn hold_line(&mut self, now: Now, place: usize, reason: LineReason) {
        let line = &mut self.lines[place];
        let new = line.hold(reason, now.boot_ms);
        match reason {
            _ if !new => {}
            // Usual where the line is also used for calls.
            LineReason::Busy => log::info!("{} is held: {reason}", line.name),
            _ => log::warn!("{} is held: {reason}", line.name),
        }
        if reason != LineReason::Busy {
            self.line_down(now, place);
        }
        if new && matches!(reason, LineReason::GsmLogout | LineReason::Refused) {
            self.states_soon(now, place, 0);
        }
    }

    pub(super) fn hold_device(&mut self, now: Now, place: usize, reason: DeviceReason) {
        let device = &mut self.devices[place];
        let new = device.hold(reason, now.boot_ms);
        // A time-out has been told of already; if the box hangs, the next answer is missing too.
        if reason == DeviceReason::TimedOut {
            return;
        }
        if new {
            log::warn!("device {} is held: {reason}", device.name);
        }
        self.device_down(now, place);
    }

    /// Asks the device at the next turn rather than when its hold says.
    pub(super) fn look_now(&mut self, now: Now, device: usize) {
        if let Some(hold) = &mut self.devices[device].hold {
            hold.until_ms = now.boot_ms;
        }
    }

    /// The message's late end does not matter any more.
    pub(super) fn forget_late(&mut self, message: MessageId) {
        for line in &mut self.lines {
            line.late = line.late.filter(|(id, _)| *id != message);
        }
    }
}
