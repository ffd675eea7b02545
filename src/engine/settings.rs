//! What the engine is told by the configuration.

use super::line::{Device, DeviceReason, Hold, Line};
use super::poll::{InboxSettings, Poll};
use super::{OptOutRules, ReplyRule, TermRules};
use crate::message::{DeviceName, LineId, LineName, Number, OnUnknown, Senders};

/// The engine's part of the configuration. Ranges are the configuration's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Messages that are not final, at most.
    pub queue_limit: u32,
    /// Seconds for which a final message is kept.
    pub keep_s: u32,
    /// Final messages that are kept, at most.
    pub keep_messages: u32,
    /// Seconds to live of a message that does not say.
    pub ttl_s: u32,
    /// Segments of a message, at most.
    pub max_segments: u8,
    /// What to do with an unknown outcome if the message does not say.
    pub on_unknown: OnUnknown,
    /// The boxes, in the configuration's order.
    pub devices: Vec<DeviceSettings>,
    /// Who must not be sent to, and who is answered.
    pub rules: Rules,
    /// When messages go, and to whom by one name.
    pub terms: TermRules,
}

/// What follows from received messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Who wants no more messages.
    pub opt_out: OptOutRules,
    /// What is answered; the first rule that fits decides.
    pub replies: Vec<ReplyRule>,
    /// The boxes' own numbers, as far as they are known.
    pub own_numbers: Vec<Number>,
    /// Whose messages are answered at all.
    pub senders: Senders,
}

/// One box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSettings {
    /// Its section's name.
    pub name: DeviceName,
    /// How many lines it has, 1–64.
    pub lines: u8,
    /// Whether nobody but goipd sends through it.
    pub exclusive: bool,
    /// Whether all messages go out by its web form.
    pub form: bool,
    /// How many bytes a text may have, as a form writes it, to go out by the api; a longer one
    /// goes by the form.
    pub api_room: u16,
    /// Seconds between two looks at it while nothing is being sent; 0 for none.
    pub status_interval_s: u32,
    /// How its inbox is read.
    pub inbox: InboxSettings,
}

/// Which lines a message may go out on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Any.
    Any,
    /// Any line of the device at that place of the configuration.
    Device(u8),
    /// That line only.
    Line(LineId),
}

impl Settings {
    /// The choice that `DEVICE` or `DEVICE/N` means; `None` if no such line is configured.
    pub fn choice(&self, name: &str) -> Option<Choice> {
        let (device_name, line) = match name.split_once('/') {
            Some((device, line)) => (device, Some(line)),
            None => (name, None),
        };
        let place = self.devices.iter().position(|d| d.name == device_name)?;
        let device = u8::try_from(place).ok()?;
        let Some(line) = line else { return Some(Choice::Device(device)) };
        let number = line.parse::<u8>().ok().filter(|_| line.bytes().all(|b| b.is_ascii_digit()))?;
        (1..=self.devices[place].lines)
            .contains(&number)
            .then_some(Choice::Line(LineId { device, line: number }))
    }

    /// The name of a choice, as [`Self::choice`] reads it; `None` for any line.
    pub fn choice_name(&self, choice: Choice) -> Option<String> {
        match choice {
            Choice::Any => None,
            Choice::Device(place) => self.devices.get(usize::from(place)).map(|d| d.name.to_string()),
            Choice::Line(line) => Some(self.line_name(line).to_string()),
        }
    }

    /// A line as people name it.
    pub fn line_name(&self, line: LineId) -> LineName {
        let device = self.devices.get(usize::from(line.device)).map(|d| d.name.clone());
        LineName { device: device.unwrap_or_default(), line: line.line }
    }

    /// Seconds that the clock of that line's box is ahead of UTC; 0 if it is not configured any more.
    pub fn utc_offset_s(&self, line: &LineName) -> i32 {
        self.devices.iter().find(|d| d.name == line.device).map_or(0, |d| d.inbox.utc_offset_s)
    }

    /// The names of all devices, for an error's cure.
    pub fn device_names(&self) -> String {
        let names: Vec<&str> = self.devices.iter().map(|d| d.name.as_str()).collect();
        names.join(", ")
    }

    pub(super) fn build(&self) -> (Vec<Device>, Vec<Line>) {
        let mut devices = Vec::with_capacity(self.devices.len());
        let mut lines = Vec::new();
        for (place, device) in self.devices.iter().enumerate() {
            let first = lines.len();
            lines.extend((1..=device.lines).map(|line| {
                let id = LineId { device: place as u8, line };
                Line::new(id, self.line_name(id))
            }));
            devices.push(Device {
                name: device.name.clone(),
                lines: first..lines.len(),
                exclusive: device.exclusive,
                form: device.form,
                api_room: device.api_room,
                plain: false,
                keeps_keys: false,
                status_interval_ms: (device.status_interval_s > 0)
                    .then_some(u64::from(device.status_interval_s) * 1000),
                flight: None,
                hold: Some(Hold { reason: DeviceReason::NotAsked, since_ms: 0, until_ms: 0 }),
                asked_ms: None,
                inbox: Poll::new(device.inbox),
                down: false,
            });
        }
        (devices, lines)
    }
}
