//! Which devices and lines are told to be down, and when they are told to be up again. This is
//! for people and programs: what is given to a line depends on its holds alone.

use super::line::{Line, OVER_MS};
use super::{Engine, Now};
use crate::journal::{Condition, EventKind, Record};
use crate::message::{LineName, Part};

/// What has changed again so soon after it was told to be well is told to be well later, …
const FLAP_MS: u64 = 1_800_000;

/// … and twice as late each time, at most so often: half an hour.
const MAX_FLAPS: u8 = 5;

/// A line that the box calls unable to send is told to be down after so long.
const BARRED_MS: u64 = 30_000;

/// How often what is told of a line or device has changed lately.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    flaps: u8,
    /// When it was last told to be up.
    up_ms: Option<u64>,
}

impl Told {
    fn down(&mut self, now_ms: u64) {
        let soon = self.up_ms.is_some_and(|ms| now_ms < ms + FLAP_MS);
        self.flaps = if soon { (self.flaps + 1).min(MAX_FLAPS) } else { 0 };
    }

    fn up(&mut self, now_ms: u64) {
        self.up_ms = Some(now_ms);
    }

    /// How long all has to be well before that is told.
    fn lasting_ms(self) -> u64 {
        OVER_MS << self.flaps
    }
}

impl Line {
    /// When something may have to be told of it next.
    pub fn told_ms(&self) -> Option<u64> {
        match self.barred {
            Some(barred) => self.down_ms.or(Some(barred.since_ms + BARRED_MS)),
            None => self.down_ms.filter(|_| !self.breaker.is_tripped()),
        }
    }
}

impl Engine {
    /// The device answers. One that comes and goes has to do so for a while before that is told.
    pub(super) fn device_up(&mut self, now: Now, device: usize) {
        let known = &mut self.devices[device];
        let good_ms = *known.good_ms.get_or_insert(now.boot_ms);
        if !known.down || known.told.flaps > 0 && now.boot_ms < good_ms + known.told.lasting_ms() {
            return;
        }
        known.down = false;
        known.told.up(now.boot_ms);
        self.tell_device(now, device, true);
    }

    /// The device does not answer as it should.
    pub(super) fn device_down(&mut self, now: Now, device: usize) {
        let known = &mut self.devices[device];
        known.good_ms = None;
        if !core::mem::replace(&mut known.down, true) {
            known.told.down(now.boot_ms);
            self.tell_device(now, device, false);
        }
    }

    /// The line works. One that comes and goes has to do so for a while before that is told.
    pub(super) fn line_up(&mut self, now: Now, place: usize) {
        let line = &mut self.lines[place];
        if line.told.flaps > 0 || line.barred.is_some() {
            return;
        }
        self.tell_up(now, place);
    }

    fn tell_up(&mut self, now: Now, place: usize) {
        let line = &mut self.lines[place];
        if line.down_ms.take().is_some() {
            line.told.up(now.boot_ms);
            self.tell_line(now, place, true);
        }
    }

    /// The line is held for something that does not pass by itself.
    pub(super) fn line_down(&mut self, now: Now, place: usize) {
        let line = &mut self.lines[place];
        let until_ms = line.hold.map_or(now.boot_ms, |h| h.until_ms);
        if line.down_ms.is_none() {
            line.told.down(now.boot_ms);
            self.tell_line(now, place, false);
        }
        let line = &mut self.lines[place];
        line.down_ms = Some(until_ms + line.told.lasting_ms());
    }

    /// The box calls the line able to send again, or tells nothing of it any more.
    pub(super) fn line_unbarred(&mut self, now: Now, place: usize) {
        let line = &mut self.lines[place];
        line.down_ms = line.down_ms.map(|_| now.boot_ms + line.told.lasting_ms());
    }

    /// Tells of the lines that the box calls unable to send for a while, and of those against
    /// which nothing was held for a while.
    pub(super) fn lines_over(&mut self, now: Now) {
        for place in 0..self.lines.len() {
            let line = &mut self.lines[place];
            if line.told_ms().is_none_or(|ms| ms > now.boot_ms) {
                continue;
            }
            if line.barred.is_some() {
                self.line_down(now, place);
                let line = &mut self.lines[place];
                line.down_ms = Some(now.boot_ms + line.told.lasting_ms());
            } else {
                self.tell_up(now, place);
            }
        }
    }

    /// Takes back what was told before the daemon's start.
    pub(super) fn restore_condition(&mut self, condition: &Condition) {
        let Part { device, line } = &condition.part;
        if let Some(line) = *line {
            let Some(place) = self.place_of(&LineName { device: device.clone(), line }) else { return };
            self.restore_tended(self.lines[place].id, condition.kind);
            let line = &mut self.lines[place];
            match condition.kind {
                EventKind::LineDown => line.down_ms = Some(0),
                EventKind::LineUp => line.down_ms = None,
                EventKind::SignalLow => line.signal.low = true,
                EventKind::SignalOk => line.signal.low = false,
                _ => {}
            }
        } else if let Some(known) = self.devices.iter_mut().find(|d| d.name == *device) {
            match condition.kind {
                EventKind::DeviceDown => known.down = true,
                EventKind::DeviceUp => known.down = false,
                _ => {}
            }
        }
    }

    /// All of that was taken back: whether a line that was down still is, has to show.
    pub(super) fn conditions_restored(&mut self, now: Now) {
        for line in &mut self.lines {
            line.down_ms = line.down_ms.map(|_| now.boot_ms + OVER_MS);
        }
    }

    fn tell_device(&mut self, now: Now, device: usize, up: bool) {
        let part = Part { device: self.devices[device].name.clone(), line: None };
        self.tell(now, EventKind::of(&part, up), part);
    }

    fn tell_line(&mut self, now: Now, place: usize, up: bool) {
        let part = Part::from(&self.lines[place].name);
        self.tell(now, EventKind::of(&part, up), part);
    }

    /// Tells whether the line's signal is weak.
    pub(super) fn tell_signal(&mut self, now: Now, place: usize, low: bool) {
        let kind = if low { EventKind::SignalLow } else { EventKind::SignalOk };
        self.tell(now, kind, Part::from(&self.lines[place].name));
    }

    /// Tells an event of a device or line.
    pub(super) fn tell(&mut self, now: Now, kind: EventKind, part: Part) {
        self.record(Record::Condition(Condition { at: now.stamp(), part, kind }));
    }
}
