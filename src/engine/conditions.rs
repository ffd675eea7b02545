//! Which devices and lines are told to be down, and when they are told to be up again. This is
//! for people and programs: what is given to a line depends on its holds alone.

use super::line::OVER_MS;
use super::{Engine, Now};
use crate::journal::{Condition, EventKind, Record};
use crate::message::{LineName, Part};

impl Engine {
    /// The device answers.
    pub(super) fn device_up(&mut self, now: Now, device: usize) {
        if core::mem::take(&mut self.devices[device].down) {
            self.tell_device(now, device, true);
        }
    }

    /// The device does not answer as it should.
    pub(super) fn device_down(&mut self, now: Now, device: usize) {
        if !core::mem::replace(&mut self.devices[device].down, true) {
            self.tell_device(now, device, false);
        }
    }

    /// The line works.
    pub(super) fn line_up(&mut self, now: Now, place: usize) {
        if self.lines[place].down_ms.take().is_some() {
            self.tell_line(now, place, true);
        }
    }

    /// The line is held for something that does not pass by itself.
    pub(super) fn line_down(&mut self, now: Now, place: usize) {
        let line = &mut self.lines[place];
        let until_ms = line.hold.map_or(now.boot_ms, |h| h.until_ms);
        if line.down_ms.replace(until_ms + OVER_MS).is_none() {
            self.tell_line(now, place, false);
        }
    }

    /// Tells of the lines against which nothing was held for a while.
    pub(super) fn lines_over(&mut self, now: Now) {
        for place in 0..self.lines.len() {
            let line = &self.lines[place];
            if line.down_ms.is_some_and(|ms| ms <= now.boot_ms) && !line.breaker.is_tripped() {
                self.line_up(now, place);
            }
        }
    }

    /// Takes back what was told before the daemon's start.
    pub(super) fn restore_condition(&mut self, condition: &Condition) {
        let Part { device, line } = &condition.part;
        if condition.kind == EventKind::LimitNear {
            return;
        }
        let down = matches!(condition.kind, EventKind::LineDown | EventKind::DeviceDown);
        if let Some(line) = *line {
            if let Some(place) = self.place_of(&LineName { device: device.clone(), line }) {
                self.lines[place].down_ms = down.then_some(0);
            }
        } else if let Some(known) = self.devices.iter_mut().find(|d| d.name == *device) {
            known.down = down;
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

    /// Tells an event of a device or line.
    pub(super) fn tell(&mut self, now: Now, kind: EventKind, part: Part) {
        self.record(Record::Condition(Condition { at: now.stamp(), part, kind }));
    }
}
