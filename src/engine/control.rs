//! What is done to a box besides sending: a line is switched on or off, the network is asked with
//! a USSD code, the box starts anew. One deed a box at a time, never while a message is on the
//! lines that it is about, and never twice: where the box's answer is lost, that is the answer.
//!
//! A USSD code becomes a job on its line, under a key that goipd makes up. The journal says so
//! before the request leaves, so that neither this run nor the next takes it for somebody else's.

use super::fence::AGREE_MS;
use super::line::{DeviceReason, Flight, Hold, LineReason, Phase};
use super::shown::is_logout;
use super::{Action, Choice, Engine, Now};
use crate::goip::{Act, ByForm, Deed, JobStatus, Phase as Reached, SendAnswer, SendOutcome, StatusPage};
use crate::journal::{Fence, Record, Ticket};
use crate::message::{ErrorCode, JobId, LineId, Refusal, Words};

/// Seconds after which whoever asked for a deed is answered at the latest: it waits for a request
/// that the box has in hand, takes one of its own, and the network may take its time.
pub const CONTROL_WAIT_S: u32 = 90;

/// A deed has to leave within this: who asked for it is told soon, and must not be surprised later.
const LEAVE_MS: u64 = 15_000;

/// The network has to answer a code within this; operators give up a session sooner.
const NETWORK_MS: u64 = 60_000;

/// A job that the box has taken shows within this.
const TAKEN_MS: u64 = 10_000;

/// Between two looks for the network's answer.
const LOOK_MS: u64 = 1_000;

/// A box that starts anew is not asked before: it goes on for a moment, and then takes longer.
const REBOOT_MS: u64 = 15_000;

/// After a switch the page tells the new state within this.
const SWITCH_MS: u64 = 2_000;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A line is to be on, or off.
    Power(bool),
    /// The network is to be asked with that code.
    Ussd(Box<str>),
    /// The box is to start anew.
    Reboot,
}

/// What came of a deed: words, perhaps none, or why it was not done.
#[derive(Debug)]
pub(super) struct Done {
    number: u32,
    target: Box<str>,
    result: Result<Box<str>, Refusal>,
}

/// A deed that is under way.
#[derive(Debug)]
pub(super) struct Control {
    number: u32,
    target: Box<str>,
    /// The lines that it is about.
    places: core::ops::Range<usize>,
    act: Act,
    stage: Stage,
    /// It is done whatever is known of the box.
    forced: bool,
    began_ms: u64,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// The journal has to know first.
    Storing(Ticket),
    Ready,
    Acting,
    /// The box may have the code; its status page tells the answer.
    Looking {
        acted_ms: u64,
        look_ms: u64,
        /// It has shown the code's job.
        shown: bool,
        /// It did not say that it takes the code.
        unsaid: bool,
    },
}

impl Control {
    /// When to look for the network's answer.
    pub fn look_ms(&self) -> Option<u64> {
        match self.stage {
            Stage::Looking { look_ms, .. } => Some(look_ms),
            _ => None,
        }
    }

    /// When it is given up: it has not left, or the network does not answer.
    pub fn until_ms(&self) -> Option<u64> {
        match self.stage {
            Stage::Looking { acted_ms, .. } => Some(acted_ms + NETWORK_MS),
            Stage::Acting => None,
            // Whatever the box has in hand ends.
            Stage::Ready if self.forced => None,
            _ => Some(self.began_ms + LEAVE_MS),
        }
    }

    /// It leaves when the journal knows that as well.
    pub(super) fn leave_after(&mut self, ticket: Ticket) {
        self.stage = Stage::Storing(ticket);
    }

    fn has_left(&self) -> bool {
        !matches!(self.stage, Stage::Storing(_) | Stage::Ready)
    }

    /// What is being done, in words.
    pub fn words(&self) -> &'static str {
        match self.act.deed {
            Deed::Power(true) => "it is being switched on",
            Deed::Power(false) => "it is being switched off",
            Deed::Ussd { .. } => "the network is being asked with a USSD code",
            Deed::Reboot => "the box is told to start anew",
        }
    }
}

fn not_done(why: &str) -> Refusal {
    Refusal::new(ErrorCode::NotDone, ["nothing was done: ", why].concat())
}

fn open(why: &str) -> Refusal {
    let cure = ": it may or may not have been done; look at 'goipctl lines'";
    Refusal::new(ErrorCode::Unknown, [why, cure].concat())
}

impl Engine {
    /// Begins to do `wish` to `target`, `DEVICE/N` or for a reboot `DEVICE`; gives the number under
    /// which [`Self::control_result`] tells what came of it.
    ///
    /// # Errors
    /// `unknown_line`; `too_late` while a message is on a line that it is about; `too_many` while
    /// something is done to the box already; `not_done` if the box or the line cannot do it now.
    pub fn control(&mut self, now: Now, target: &str, wish: Wish) -> Result<u32, Refusal> {
        let (device, places) = self.controlled(target, wish == Wish::Reboot)?;
        if self.closing || self.devices[device].control.is_some() {
            let what = match &self.devices[device].control {
                Some(control) => format!("{}: {}; try again", control.target, control.words()),
                None => "goipd is about to stop; try again".into(),
            };
            return Err(Refusal::new(ErrorCode::TooMany, what));
        }
        for line in &self.lines[places.clone()] {
            if let Some(message) = line.phase.message() {
                let message = format!(
                    "message {message} is on {}; try again when 'goipctl status {message}' shows its end",
                    line.name
                );
                return Err(Refusal::new(ErrorCode::TooLate, message));
            }
        }
        if let Some(hold) = self.devices[device].hold {
            return Err(not_done(&hold.reason.to_string()));
        }
        self.last_control = self.last_control.wrapping_add(1).max(now.boot_ms as u32);
        let number = self.last_control;
        let place = places.start;
        let mut stage = Stage::Ready;
        let deed = match wish {
            Wish::Power(on) => Deed::Power(on),
            Wish::Reboot => Deed::Reboot,
            Wish::Ussd(code) => {
                let line = &self.lines[place];
                let Some(seen) = line.seen.filter(|seen| !seen.is_running()) else {
                    return Err(not_done(&LineReason::Busy.to_string()));
                };
                let hidden = line.hold.filter(|h| h.reason == LineReason::NotShown);
                // A low balance is asked for until it is not low.
                let barred = line.barred.filter(|b| b.reason != LineReason::LowBalance);
                if let Some(hold) = barred.or(hidden) {
                    return Err(not_done(&hold.reason.to_string()));
                }
                let key = self.new_key(now, number);
                let line = &mut self.lines[place];
                line.fence = Fence { job: seen.job, decides: false, key };
                let name = line.name.clone();
                stage = Stage::Storing(self.record(Record::LineOpen(name, seen.job)));
                Deed::Ussd { code, form: ByForm { key, plain: self.devices[device].plain } }
            }
        };
        for line in &mut self.lines[places.clone()] {
            line.phase = Phase::Controlled;
        }
        let act = Act { line: self.lines[place].id.line, deed };
        self.devices[device].control = Some(Box::new(Control {
            number,
            target: target.into(),
            places,
            act,
            stage,
            began_ms: now.boot_ms,
            forced: false,
        }));
        Ok(number)
    }

    /// Has the box start anew, also one that does not answer, and whatever is on its lines: what
    /// becomes of that the status page has to tell afterwards.
    /// It leaves when the journal knows what belongs to `ticket`.
    pub(super) fn force_reboot(&mut self, now: Now, device: usize, ticket: Ticket) {
        self.last_control = self.last_control.wrapping_add(1).max(now.boot_ms as u32);
        let (number, act) = (self.last_control, Act { line: 0, deed: Deed::Reboot });
        let target = self.devices[device].name.as_str().into();
        let (stage, began_ms) = (Stage::Storing(ticket), now.boot_ms);
        let control = Control { number, target, places: 0..0, act, stage, began_ms, forced: true };
        self.devices[device].control = Some(Box::new(control));
    }

    /// The device, and the places of the lines that a deed there is about.
    fn controlled(&self, target: &str, whole: bool) -> Result<(usize, core::ops::Range<usize>), Refusal> {
        let choice = self.settings.choice(target);
        let device = match choice {
            Some(Choice::Device(device)) if whole => device,
            Some(Choice::Line(LineId { device, .. })) if !whole => device,
            _ => {
                let what = if whole { "device; known are " } else { "line; write DEVICE/N, devices are " };
                let message = format!(
                    "{} is no {what}{}",
                    crate::message::Quoted(target),
                    self.settings.device_names()
                );
                return Err(Refusal::new(ErrorCode::UnknownLine, message));
            }
        };
        Ok((usize::from(device), self.places(choice.unwrap_or(Choice::Any))))
    }

    /// What came of a deed: the line or device, and the network's answer if there is one; `None` while
    /// it is under way.
    ///
    /// # Errors
    /// `not_done`; `unknown` if it may or may not have been done.
    pub fn control_result(&self, number: u32) -> Option<Result<(&str, &str), Refusal>> {
        for device in &self.devices {
            if let Some(done) = device.done.as_ref().filter(|done| done.number == number) {
                return Some(match &done.result {
                    Ok(text) => Ok((&*done.target, &**text)),
                    Err(refusal) => Err(refusal.clone()),
                });
            }
            if device.control.as_ref().is_some_and(|control| control.number == number) {
                return None;
            }
        }
        Some(Err(open("goipd has begun anew")))
    }

    /// The journal knows more.
    pub(super) fn controls_durable(&mut self) {
        for device in &mut self.devices {
            if let Some(control) = &mut device.control
                && let Stage::Storing(ticket) = control.stage
                && ticket <= self.durable
            {
                control.stage = Stage::Ready;
            }
        }
    }

    /// Has the box do what is ready to be done; says whether there was anything.
    pub(super) fn act(&mut self, now: Now, device: usize) -> bool {
        let known = &mut self.devices[device];
        let Some(control) = known.control.as_mut().filter(|c| matches!(c.stage, Stage::Ready)) else {
            return false;
        };
        control.stage = Stage::Acting;
        known.flight = Some(Flight::Act);
        if let Deed::Ussd { .. } = control.act.deed {
            known.asked_ms = Some(now.boot_ms);
        }
        log::info!("{}: {}", control.target, control.words());
        let act = Box::new(control.act.clone());
        self.actions.push(Action::Act(device as u8, act));
        true
    }

    /// What has not begun is not done any more: the box is held, or goipd stops.
    pub(super) fn withdraw_control(&mut self, now: Now, device: usize) {
        let known = &self.devices[device];
        let forced = |control: &Control| control.forced && !self.closing;
        if known.control.as_ref().is_some_and(|control| !control.has_left() && !forced(control)) {
            let why = known.hold.map_or("goipd stops".to_owned(), |hold| hold.reason.to_string());
            self.finish(now, device, Err(not_done(&why)));
        }
    }

    /// The box has answered, or not.
    pub(super) fn acted(&mut self, now: Now, device: usize, outcome: SendOutcome) {
        let Some(control) = &mut self.devices[device].control else { return };
        let refused = |words: Words| not_done(&["the box answered ", words.as_str()].concat());
        let (sure, unsaid) = match outcome {
            SendOutcome::Lost { phase: Reached::NotConnected | Reached::Connected, .. } => {
                (Some(Err(not_done(&DeviceReason::Unreachable.to_string()))), false)
            }
            SendOutcome::Lost { .. } => (None, false),
            SendOutcome::Answered(answer) => match answer {
                SendAnswer::BadLogin => (Some(Err(not_done(&DeviceReason::BadLogin.to_string()))), false),
                SendAnswer::Refused(words) => (Some(Err(refused(words))), false),
                SendAnswer::NotUnderstood(words) if words.as_str().starts_with("HTTP 4") => {
                    (Some(Err(refused(words))), false)
                }
                SendAnswer::NotUnderstood(words) if words.as_str().starts_with("HTTP ") => (None, false),
                SendAnswer::Sending { .. } => (Some(Ok(())), false),
                SendAnswer::Busy | SendAnswer::GsmLogout => {
                    (Some(Err(not_done(&LineReason::Busy.to_string()))), false)
                }
                SendAnswer::NotSaid | SendAnswer::NotUnderstood(_) => (Some(Ok(())), true),
            },
        };
        if let Some(Err(refusal)) = sure {
            return self.finish(now, device, Err(refusal));
        }
        let place = control.places.start;
        match control.act.deed {
            Deed::Ussd { .. } => {
                let acted_ms = now.boot_ms;
                control.stage = Stage::Looking { acted_ms, look_ms: acted_ms, shown: false, unsaid };
                return;
            }
            Deed::Power(on) => {
                let line = &mut self.lines[place];
                line.off_ms = (!on).then_some(now.boot_ms);
                let identity = line.facts.identity.take();
                line.facts = crate::goip::LineFacts { identity, ..Default::default() };
                let paused = line.paused.then_some(LineReason::LowBalance);
                self.bar(now, place, if on { paused } else { Some(LineReason::SwitchedOff) });
                self.states_soon(now, place, SWITCH_MS);
            }
            Deed::Reboot => {
                self.devices[device].hold = Some(Hold {
                    reason: DeviceReason::Rebooting,
                    since_ms: now.boot_ms,
                    until_ms: now.boot_ms + REBOOT_MS,
                });
            }
        }
        let result = if sure.is_some() { Ok("".into()) } else { Err(open("the box gave no whole answer")) };
        self.finish(now, device, result);
    }

    /// Looks for the network's answer on a whole status page.
    pub(super) fn ussd_shown(&mut self, now: Now, device: usize, asked_ms: u64, page: &StatusPage) {
        let Some(control) = &mut self.devices[device].control else { return };
        let (
            Deed::Ussd { form: ByForm { key, .. }, .. },
            Stage::Looking { acted_ms, look_ms, shown, unsaid },
        ) = (&control.act.deed, &mut control.stage)
        else {
            return;
        };
        let (key, acted_ms, unsaid) = (*key, *acted_ms, *unsaid);
        let (place, number) = (control.places.start, control.act.line);
        *look_ms = now.boot_ms + LOOK_MS;
        let seen = page.line(number).filter(|_| asked_ms >= acted_ms);
        let Some(seen) = seen else { return };
        if seen.id == key {
            let new = !core::mem::replace(shown, true);
            if new {
                self.know(now, place, key);
            }
            if seen.status == JobStatus::Done {
                let text = page.error(number);
                let result = if is_logout(text) {
                    Err(not_done(&LineReason::GsmLogout.to_string()))
                } else {
                    Ok(text.into())
                };
                self.finish(now, device, result);
                // This page was asked for after the job had ended.
                self.lines[place].floor_ms = asked_ms;
            }
        } else if *shown || asked_ms >= acted_ms + TAKEN_MS {
            let result = match (*shown, unsaid) {
                (true, _) => open("the box shows the code no longer"),
                (false, true) => not_done("the box did not take the code; is the line in use?"),
                (false, false) => open("the box does not show the code"),
            };
            self.finish(now, device, Err(result));
        }
    }

    /// Gives up what does not leave, and what the network does not answer.
    pub(super) fn controls_over(&mut self, now: Now) {
        for device in 0..self.devices.len() {
            let Some(control) = &self.devices[device].control else { continue };
            if control.until_ms().is_none_or(|ms| ms > now.boot_ms) {
                continue;
            }
            let refusal = if control.has_left() {
                Refusal::new(ErrorCode::Unknown, "the network gave no answer within 60 s")
            } else {
                not_done("the box or the disk was busy for too long")
            };
            self.finish(now, device, Err(refusal));
        }
    }

    /// The deed is over, and its lines are free.
    fn finish(&mut self, now: Now, device: usize, result: Result<Box<str>, Refusal>) {
        let Some(control) = self.devices[device].control.take() else { return };
        // A job that the box has taken and does not show yet would show by then.
        let acted = control.has_left();
        let is_ussd = matches!(control.act.deed, Deed::Ussd { .. });
        let lasts_ms = if is_ussd && acted { AGREE_MS } else { 1 };
        for line in &mut self.lines[control.places.clone()] {
            line.phase = Phase::Idle;
            line.floor_ms = now.boot_ms + lasts_ms;
        }
        if is_ussd && !acted {
            // Nothing can follow the job that the line shows.
            let place = control.places.start;
            let job = self.lines[place].fence.job;
            self.lines[place].fence.key = JobId::EMPTY;
            self.know(now, place, job);
        }
        match (&result, &control.act.deed) {
            (Err(refusal), _) => log::warn!("{}: {}", control.target, refusal.message),
            (Ok(text), Deed::Ussd { code, .. }) => {
                self.ussd_answered(now, control.places.start, code, text);
            }
            _ => {}
        }
        self.devices[device].done =
            Some(Box::new(Done { number: control.number, target: control.target, result }));
    }
}
