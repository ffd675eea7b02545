//! What the boxes tell of their lines: when they are asked for it, and what follows. It only says
//! whether an idle line is given a message: what became of one that is under way, the status page
//! alone decides. A box without such a page sends as ever, because a line of which nothing is known
//! counts as up.

use super::line::{DeviceReason, Hold, LineReason, PROBE_FIRST_MS, PROBE_LAST_MS};
use super::pace::MIN_GAP_MS;
use super::{Ask, Engine, Now};
use crate::goip::{AskError, LineFacts, LinePage, LinePart};

/// A page that cannot be read is asked for at least this often.
const LAST_MS: u64 = 3_600_000;

/// After so many pages in a row that could not be read nothing is known any more.
const STALE: u8 = 2;

/// Between two questions that an error has hurried, at least.
const HURRY_MS: u64 = 5_000;

/// What the page says of a line's switch counts again so long after goipd has used it.
const SWITCH_MS: u64 = 60_000;

/// A signal below this is weak.
pub(super) const WEAK: u8 = 10;

/// From this on it is strong again: one that wavers around one value makes no events.
const STRONG: u8 = 12;

/// A signal has to be weak for so long before it is told, …
const LOW_MS: u64 = 60_000;

/// … and strong for so long.
const OK_MS: u64 = 120_000;

/// What is told of a line's signal.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Signal {
    /// It was told to be weak.
    pub low: bool,
    /// Since when it is the other way round.
    since_ms: Option<u64>,
}

impl Signal {
    /// The box tells this signal; whether that is to be told on.
    fn shown(&mut self, now_ms: u64, signal: Option<u8>) -> bool {
        let other = signal.is_some_and(|signal| if self.low { signal >= STRONG } else { signal < WEAK });
        if !other {
            self.since_ms = None;
            return false;
        }
        let since_ms = *self.since_ms.get_or_insert(now_ms);
        let lasts_ms = if self.low { OK_MS } else { LOW_MS };
        if now_ms < since_ms + lasts_ms {
            return false;
        }
        *self = Self { low: !self.low, since_ms: None };
        true
    }
}

/// The readings of one box's lines.
#[derive(Debug)]
pub(super) struct StatePoll {
    /// When the next page is asked for.
    due_ms: u64,
    /// Which one.
    part: LinePart,
    /// What does not change was asked for since the box answers.
    whole: bool,
    /// Pages in a row that could not be read.
    failures: u8,
    /// When the last one was asked for.
    pub asked_ms: Option<u64>,
}

impl Default for StatePoll {
    /// Of a box that was not asked yet: it is, as soon as it answers.
    fn default() -> Self {
        Self { due_ms: 0, part: LinePart::List, whole: false, failures: 0, asked_ms: None }
    }
}

impl StatePoll {
    /// The box answers, for the first time or again: all is asked for.
    pub fn begin(&mut self, now_ms: u64) {
        *self = Self { due_ms: now_ms, asked_ms: self.asked_ms, ..Self::default() };
    }
}

impl Engine {
    /// When the box is next asked for its lines, if nothing else happens; `None` if something has
    /// to.
    pub(super) fn states_due(&self, device: usize) -> Option<u64> {
        let device = &self.devices[device];
        if device.status_interval_ms.is_none() || device.hold.is_some() {
            return None;
        }
        let gap_ms = device.asked_ms.max(device.states.asked_ms).map_or(0, |ms| ms + MIN_GAP_MS);
        Some(self.patient_ms(device, device.states.due_ms).max(gap_ms))
    }

    /// Asks for the next page.
    pub(super) fn ask_states(&mut self, now: Now, device: usize) -> Ask {
        let device = &mut self.devices[device];
        let part = device.states.part;
        device.states.asked_ms = Some(now.boot_ms);
        device.flight = Some(super::line::Flight::Lines(part));
        Ask::Lines(part)
    }

    /// Something has gone wrong on the line, or was done to it: its box is asked soon, `in_ms` from
    /// now, unless that was done just now.
    pub(super) fn states_soon(&mut self, now: Now, place: usize, in_ms: u64) {
        let states = &mut self.devices[usize::from(self.lines[place].id.device)].states;
        let hurried_ms = states.asked_ms.map_or(0, |ms| ms + HURRY_MS);
        states.due_ms = states.due_ms.min(hurried_ms.max(now.boot_ms + in_ms));
    }

    /// The page has come, or there is none.
    pub(super) fn states_shown(
        &mut self,
        now: Now,
        place: usize,
        part: LinePart,
        page: Result<Box<LinePage>, AskError>,
    ) {
        let device = &mut self.devices[place];
        let lines = device.lines.clone();
        let interval_ms = device.status_interval_ms.unwrap_or(LAST_MS);
        let states = &mut device.states;
        let (next, whole) = match part {
            LinePart::List if !states.whole => (LinePart::Base, false),
            LinePart::Base => (LinePart::Gsm, false),
            LinePart::List | LinePart::Gsm => (LinePart::List, true),
        };
        (states.part, states.whole) = (next, whole);
        states.due_ms = if whole { now.boot_ms + interval_ms } else { now.boot_ms };
        match page {
            Ok(mut page) => {
                if let Some(facts) = page.device.take() {
                    device.facts = Some(facts);
                }
                if part == LinePart::List {
                    device.states.failures = 0;
                }
                for (n, line) in lines.enumerate() {
                    let told = page.lines.get_mut(n).map(core::mem::take);
                    self.line_told(now, line, part, told.unwrap_or_default());
                }
                self.probe_barred(now, place);
            }
            Err(error) if part == LinePart::List => {
                states.failures = states.failures.saturating_add(1);
                let failures = states.failures;
                let wait_ms = interval_ms << u32::from(failures - 1).min(16);
                (states.part, states.whole) = (LinePart::List, true);
                states.due_ms = now.boot_ms + wait_ms.min(LAST_MS.max(interval_ms));
                let (reason, words) = DeviceReason::of(&error);
                log::debug!("device {}: its lines' states cannot be read: {reason} ({words})", device.name);
                if failures >= STALE {
                    for line in lines {
                        self.line_told(now, line, part, LineFacts::default());
                    }
                }
            }
            // A box may have the one page and not the other.
            Err(_) => {}
        }
    }

    /// Looks sooner at lines that cannot send, as long as that has not lasted.
    fn probe_barred(&mut self, now: Now, device: usize) {
        let device = &mut self.devices[device];
        for line in &self.lines[device.lines.clone()] {
            if let Some(barred) =
                line.barred.filter(|b| !matches!(b.reason, LineReason::SwitchedOff | LineReason::LowBalance))
            {
                let age_ms = now.boot_ms - barred.since_ms;
                let wait_ms = (age_ms / 4).max(PROBE_FIRST_MS);
                if wait_ms <= PROBE_LAST_MS {
                    device.states.due_ms = device.states.due_ms.min(now.boot_ms + wait_ms);
                }
            }
        }
    }

    /// The box tells this of the line.
    fn line_told(&mut self, now: Now, place: usize, part: LinePart, told: LineFacts) {
        let line = &mut self.lines[place];
        if told.identity.is_some() {
            line.facts.identity = told.identity;
        }
        if part != LinePart::List {
            return;
        }
        let identity = line.facts.identity.take();
        line.facts = LineFacts { identity, ..told };
        let facts = &line.facts;
        if facts.module == Some(true) {
            // Somebody else has switched it on.
            line.off_ms = line.off_ms.filter(|ms| now.boot_ms < ms + SWITCH_MS);
        }
        let reason = if line.off_ms.is_some() {
            Some(LineReason::SwitchedOff)
        } else if facts.module == Some(false) {
            Some(LineReason::ModuleOff)
        } else if facts.sim == Some(false) {
            Some(LineReason::NoSim)
        } else if facts.registered == Some(false) {
            Some(LineReason::NotRegistered)
        } else {
            line.paused.then_some(LineReason::LowBalance)
        };
        let signal = facts.signal;
        self.bar(now, place, reason);
        if self.lines[place].signal.shown(now.boot_ms, signal) {
            let low = self.lines[place].signal.low;
            self.tell_signal(now, place, low);
        }
    }

    /// Gives the line no messages because of that, or gives it some again.
    pub(super) fn bar(&mut self, now: Now, place: usize, reason: Option<LineReason>) {
        let line = &mut self.lines[place];
        let before = line.barred;
        line.barred = reason.map(|reason| Hold {
            reason,
            since_ms: before.map_or(now.boot_ms, |b| b.since_ms),
            until_ms: u64::MAX,
        });
        match (before, reason) {
            (None, Some(reason)) => log::warn!("{} is held: {reason}", line.name),
            (Some(_), None) => {
                log::info!("{} is held no longer", line.name);
                // What it was held for before was the same.
                line.hold = line.hold.filter(|h| h.reason != LineReason::GsmLogout);
                self.line_unbarred(now, place);
            }
            _ => {}
        }
    }
}
