//! Helps boxes that are sick: switches modules off and on, or has the box start anew.

use crate::engine::control::Wish;
use crate::engine::health::{Dog, Help};
use crate::engine::line::{DeviceReason, LineReason};
use crate::engine::{Engine, Now};
use crate::journal::{EventKind, Tended};
use crate::message::Part;

/// Between switching a module off and on, in milliseconds; from each try to the next twice as long.
const OFF_MS: u64 = 5_000;

/// A module that cannot be switched on is tried so often: for an hour and a half.
const SWITCH_TRIES: u8 = 10;

/// One device's watchdog, and what it is about to do.
#[derive(Debug)]
pub(super) struct Watch {
    pub device: usize,
    pub dog: Dog,
    /// The line whose module is switched next, and whether on.
    next: Option<(usize, bool)>,
    next_ms: u64,
    tries: u8,
}

impl Watch {
    /// That one of the device at that place.
    pub fn new(device: usize, dog: Dog) -> Self {
        Self { device, dog, next: None, next_ms: 0, tries: 0 }
    }

    /// The line whose module is switched next, and when, in milliseconds since boot.
    pub fn next(&self) -> Option<(usize, u64)> {
        self.next.map(|(place, _)| (place, self.next_ms))
    }
}

impl Engine {
    /// Whether it is looked at how the box is: not while something is done to it, nor while its
    /// modules are being switched, unless it hangs meanwhile.
    pub(super) fn is_watched(&self, watch: &Watch) -> bool {
        let device = &self.devices[watch.device];
        device.control.is_none() && (watch.next.is_none() || device.hold.is_some())
    }

    fn is_logged_out(&self, place: usize) -> bool {
        self.lines[place].barred.is_some_and(|b| b.reason == LineReason::NotRegistered)
    }

    /// Looks after one device.
    pub(super) fn look_after(&mut self, now: Now, at: usize) {
        let Watch { device, next, next_ms, .. } = self.tending.dogs[at];
        if let Some((place, on)) = next
            && next_ms <= now.boot_ms
            && self.is_at_rest(place)
        {
            return self.switch(now, at, place, on);
        }
        if !self.is_watched(&self.tending.dogs[at]) {
            return;
        }
        let known = &self.devices[device];
        let hangs = known.hold.is_some_and(|hold| {
            !matches!(hold.reason, DeviceReason::NotAsked | DeviceReason::BadLogin | DeviceReason::Rebooting)
        });
        // Lines without a SIM or power are nobody's fault, but none may work.
        let out = known.lines.clone().find(|place| self.is_logged_out(*place));
        let none = self.lines[known.lines.clone()]
            .iter()
            .all(|line| line.barred.is_some_and(|b| b.reason != LineReason::LowBalance));
        let sick = hangs || (known.hold.is_none() && out.is_some() && none);
        let help = self.tending.dogs[at].dog.look(now.boot_ms, sick, !hangs);
        let Some(help) = help else { return };
        let name = &known.name;
        let count = self.tending.dogs[at].dog.count(now.boot_ms);
        let does = match help {
            Help::Spent => {
                log::error!(
                    "device {name}: the watchdog has helped {count} times in 24 h, and may not again (max_per_day)"
                );
                return;
            }
            Help::Modules => "switches the modules off and on",
            Help::Reboot => "has the box start anew",
        };
        let why = if hangs { "the box does not answer" } else { "no line is logged in" };
        log::warn!("device {name}: {why}: the watchdog {does} (no. {count} in 24 h)");
        let part = Part { device: name.clone(), line: None };
        self.tell(now, EventKind::Watchdog, part.clone());
        let ticket = self.mark(now, part, Tended::Watchdog, count.into());
        if help == Help::Reboot {
            self.force_reboot(now, device, ticket);
        } else {
            let watch = &mut self.tending.dogs[at];
            watch.next = out.map(|place| (place, false));
            // By then the journal knows of it.
            (watch.next_ms, watch.tries) = (now.boot_ms + OFF_MS, 0);
        }
    }

    /// Switches a module off, or on and goes on to the next that is logged out. One line after the
    /// other, so that a daemon that is killed leaves no more than one of them off.
    fn switch(&mut self, now: Now, at: usize, place: usize, on: bool) {
        // Until the box has said that it is done.
        let is_on = self.lines[place].off_ms.is_none();
        let logged_out = self.is_logged_out(place);
        let (device, line) = (self.tending.dogs[at].device, self.lines[place].id);
        if on && !is_on || !on && logged_out {
            let name = self.lines[place].name.to_string();
            // Where that is refused it is tried again as where the box does not answer.
            if self.control(now, &name, Wish::Power(on)).is_ok() && !on {
                // Whatever happens now, the next start switches it on.
                let ticket = self.mark(now, self.part_of(line), Tended::Switched, 0);
                if let Some(control) = &mut self.devices[device].control {
                    control.leave_after(ticket);
                }
            }
        }
        if on && is_on {
            self.mark(now, self.part_of(line), Tended::Switched, 1);
        }
        // One that has come back meanwhile is left alone.
        let skip = !on && !logged_out;
        let end = self.devices[device].lines.end;
        let after = (place + 1..end).find(|place| self.is_logged_out(*place)).map(|place| (place, false));
        let watch = &mut self.tending.dogs[at];
        watch.next_ms = now.boot_ms + (OFF_MS << watch.tries);
        watch.tries += 1;
        if on && !is_on && watch.tries < SWITCH_TRIES {
            return;
        }
        watch.tries = 0;
        watch.next = if on || skip { after } else { Some((place, true)) };
    }

    /// The watchdog has switched that line's module off, and was stopped before it was on again.
    pub(super) fn switch_on_again(&mut self, now: Now, part: &Part) {
        let Some(place) = self.lines.iter().position(|line| Part::from(&line.name) == *part) else { return };
        let device = usize::from(self.lines[place].id.device);
        let Some(watch) = self.tending.dogs.iter_mut().find(|watch| watch.device == device) else {
            let name = &self.lines[place].name;
            log::warn!("the watchdog may have left {name} off; 'goipctl line {name} on' switches it on");
            return;
        };
        // By then the box may have told that it is on.
        (watch.next, watch.next_ms) = (Some((place, true)), now.boot_ms + OFF_MS);
        self.lines[place].off_ms = Some(0);
    }

    /// How often each watchdog has helped in the last 24 hours, with its device.
    pub fn helps(&self, now: Now) -> impl Iterator<Item = (&str, u8)> {
        let name = |watch: &Watch| self.devices[watch.device].name.as_str();
        self.tending.dogs.iter().map(move |watch| (name(watch), watch.dog.count(now.boot_ms)))
    }
}
