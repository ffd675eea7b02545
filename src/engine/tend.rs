//! Does what goipd looks after by itself, where the rules in `health` say that it is due: asks for
//! balances, helps boxes that are sick, sends messages to itself.

mod balance;
mod canary;
mod watchdog;

use super::health::{Balance, Canary, Dog, ago_ms};
use super::line::Phase;
use super::{Engine, Now};
use crate::due::earliest;
use crate::journal::{EventKind, Mark, Marks, Record, Tended, Ticket};
use crate::message::{Amount, LineId, Part};
use watchdog::Watch;

/// No amount was found yet.
const NO_AMOUNT: i32 = i32::MIN;

/// All that is looked after.
#[derive(Debug, Default)]
pub(super) struct Tending {
    pub balances: Vec<Balance>,
    pub canaries: Vec<Canary>,
    dogs: Vec<Watch>,
    /// What was done before the start, while the clock does not say how long ago that was.
    before: Marks,
}

impl Tending {
    pub fn new(settings: &super::Settings) -> Self {
        let mut dogs = Vec::new();
        for (device, known) in settings.devices.iter().enumerate().filter(|(_, d)| d.watchdog_s > 0) {
            let dog = Dog::new(u64::from(known.watchdog_s) * 1000, known.watchdog_a_day);
            dogs.push(Watch::new(device, dog));
        }
        let health = &settings.health;
        Self {
            balances: health.balances.iter().cloned().map(Balance::new).collect(),
            canaries: health.canaries.iter().cloned().map(Canary::new).collect(),
            dogs,
            before: Marks::default(),
        }
    }
}

impl Engine {
    /// Does what is due.
    pub(super) fn tend(&mut self, now: Now) {
        if now.trusted && !self.tending.before.is_empty() {
            let before = core::mem::take(&mut self.tending.before);
            self.set_due(now, &before);
        }
        for at in 0..self.tending.balances.len() {
            if self.balance_due(at).is_some_and(|ms| ms <= now.boot_ms) {
                self.ask_balance(now, at);
            }
        }
        for at in 0..self.tending.dogs.len() {
            self.look_after(now, at);
        }
        for at in 0..self.tending.canaries.len() {
            let canary = &mut self.tending.canaries[at];
            if canary.is_lost_now(now.boot_ms) {
                let (line, timeout_s) = (canary.rule.from, canary.rule.timeout_s);
                let name = self.settings.line_name(line);
                log::warn!("{name}: its canary has not come within {timeout_s} s");
                self.tell_of(now, EventKind::CanaryLost, line);
            }
            if self.tending.canaries[at].due_ms <= now.boot_ms {
                self.send_canary(now, at);
            }
        }
    }

    /// When something is due, if nothing else happens.
    pub(super) fn tend_due(&self) -> Option<u64> {
        let mut due = None;
        if self.closing {
            return due;
        }
        for at in 0..self.tending.balances.len() {
            due = earliest(&[due, self.balance_due(at)]);
        }
        for watch in &self.tending.dogs {
            let next = watch.next().and_then(|(place, ms)| self.is_at_rest(place).then_some(ms));
            let looks = watch.dog.due_ms().filter(|_| self.is_watched(watch));
            due = earliest(&[due, looks, next]);
        }
        for canary in &self.tending.canaries {
            due = earliest(&[due, Some(canary.due_ms), canary.over_ms()]);
        }
        due
    }

    /// Learns what was done before the daemon's start.
    pub(super) fn restore_marks(&mut self, now: Now, marks: Marks) {
        let tending = &mut self.tending;
        tending.balances.iter_mut().for_each(|balance| balance.restored = true);
        tending.canaries.iter_mut().for_each(|canary| canary.restored = true);
        self.set_due(now, &marks);
        for mark in marks.iter().filter(|mark| mark.what == Tended::Switched) {
            self.switch_on_again(now, &mark.part);
        }
        for at in 0..self.tending.balances.len() {
            self.pause_by_balance(now, at);
        }
        if !now.trusted {
            self.tending.before = marks;
        }
    }

    /// When it is due what was done before the start, and not since.
    fn set_due(&mut self, now: Now, marks: &Marks) {
        for mark in marks.iter() {
            let (ago_ms, part) = (ago_ms(now, mark.at), &mark.part);
            let is_line = |line: LineId| Part::from(&self.settings.line_name(line)) == *part;
            let tending = &mut self.tending;
            match mark.what {
                Tended::Balance => {
                    for balance in tending.balances.iter_mut().filter(|b| b.restored && is_line(b.rule.line))
                    {
                        let amount = (mark.value != NO_AMOUNT).then_some(Amount(mark.value));
                        balance.restore(now.boot_ms, ago_ms, amount);
                    }
                }
                Tended::Canary => {
                    for canary in tending.canaries.iter_mut().filter(|c| c.restored && is_line(c.rule.from)) {
                        canary.restore(now.boot_ms, ago_ms, mark.value);
                    }
                }
                Tended::Switched => {}
                Tended::Watchdog => {
                    for watch in &mut tending.dogs {
                        if part.line.is_none() && self.devices[watch.device].name == part.device {
                            watch.dog.restore(now.boot_ms, ago_ms, mark.value);
                        }
                    }
                }
            }
        }
    }

    /// Learns that it lasts that the balance is low, or that no message to itself comes.
    pub(super) fn restore_tended(&mut self, line: LineId, kind: EventKind) {
        for balance in self.tending.balances.iter_mut().filter(|b| b.rule.line == line) {
            balance.low = match kind {
                EventKind::BalanceLow => balance.rule.warn_below.is_some(),
                EventKind::BalanceOk => false,
                _ => balance.low,
            };
        }
        for canary in self.tending.canaries.iter_mut().filter(|c| c.rule.from == line) {
            canary.lost = match kind {
                EventKind::CanaryLost => true,
                EventKind::CanaryOk => false,
                _ => canary.lost,
            };
        }
    }

    /// Whether nothing is under way on the line or done to its box.
    fn is_at_rest(&self, place: usize) -> bool {
        let line = &self.lines[place];
        let device = &self.devices[usize::from(line.id.device)];
        line.phase == Phase::Idle && device.hold.is_none() && device.control.is_none()
    }

    fn part_of(&self, line: LineId) -> Part {
        Part::from(&self.settings.line_name(line))
    }

    fn tell_of(&mut self, now: Now, kind: EventKind, line: LineId) {
        self.tell(now, kind, self.part_of(line));
    }

    fn mark(&mut self, now: Now, part: Part, what: Tended, value: i32) -> Ticket {
        self.record(Record::Mark(Mark { at: now.stamp(), part, what, value }))
    }
}
