//! What the engine is told by the configuration.

use super::line::{Device, DeviceReason, Hold, Line};
use super::poll::{InboxSettings, Poll};
use super::{HealthRules, OptOutRules, ReplyRule, TermRules};
use crate::journal::Origin;
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
    /// What is looked after.
    pub health: HealthRules,
    /// Which line a message gets, and how much each may send.
    pub choosing: Choosing,
    /// When messages go, and to whom by one name.
    pub terms: TermRules,
}

/// Which line a message gets that does not name one, and how much the lines may send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choosing {
    /// How it is chosen among lines that are equally good.
    pub policy: Policy,
    /// For how many hours a receiver keeps the line of its last message, 0–720; 0: not at all.
    pub sticky_h: u32,
    /// Messages to one number in an hour, 0–1000; 0: any number.
    pub per_number_hour: u32,
    /// What all lines together may send.
    pub total: Limits,
    /// The lines with a section of their own, in the configuration's order; one each at most.
    pub lines: Vec<LineSettings>,
}

/// How a line is chosen among those that are equally good for a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// In turn, by their weights.
    #[default]
    RoundRobin,
    /// The first that can be used, in the order of the sections.
    Failover,
    /// The one that has sent the fewest segments in the last hour.
    LeastUsed,
}

impl Policy {
    /// The words of option `policy`, in the order of the kinds.
    pub const WORDS: [&str; 3] = ["round_robin", "failover", "least_used"];

    /// The policy of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        let place = Self::WORDS.iter().position(|word| *word == name)?;
        [Self::RoundRobin, Self::Failover, Self::LeastUsed].get(place).copied()
    }
}

/// How many segments may go out; 0 for any number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// In an hour, a day and a month: at most 10 000, 50 000 and 1 000 000.
    pub segments: [u32; 3],
    /// The day on which a month begins, 1–28; 0 is as good as 1.
    pub month_start: u8,
    /// Percent of each that are left for messages of high priority, 0–90.
    pub reserve: u8,
}

/// One line, where it has a section of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineSettings {
    /// The section's name.
    pub name: Box<str>,
    /// Which line.
    pub line: LineId,
    /// Its telephone number, if it is known.
    pub own_number: Option<Number>,
    /// What people call it; may be empty.
    pub label: Box<str>,
    /// Its share where lines take turns, 1–100.
    pub weight: u8,
    /// How the numbers begin that it is best for.
    pub prefixes: Vec<Box<str>>,
    /// Whose messages it takes; empty: all.
    pub clients: Vec<Origin>,
    /// It takes messages of high priority only.
    pub priority_only: bool,
    /// It takes messages to its prefixes only.
    pub only_prefix: bool,
    /// How much it may send.
    pub limits: Limits,
    /// Milliseconds from one send to the next, more or less; 0–600000.
    pub gap_ms: u32,
}

/// A line as it is without a section, and not known which.
impl Default for LineSettings {
    fn default() -> Self {
        Self {
            name: Box::default(),
            line: LineId { device: 0, line: 0 },
            own_number: None,
            label: Box::default(),
            weight: 1,
            prefixes: Vec::new(),
            clients: Vec::new(),
            priority_only: false,
            only_prefix: false,
            limits: Limits::default(),
            gap_ms: 0,
        }
    }
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
    /// Seconds without an answer, or with no line logged in, after which it is helped; 0 for never.
    pub watchdog_s: u32,
    /// How often it is helped in a day, at most.
    pub watchdog_a_day: u8,
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
                let own = self.choosing.lines.iter().position(|own| own.line == id);
                Line::new(id, self.line_name(id), own.map(|place| place as u8))
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
                told: Default::default(),
                good_ms: None,
                states: Default::default(),
                facts: None,
                control: None,
                done: None,
            });
        }
        (devices, lines)
    }
}
