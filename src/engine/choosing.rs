//! Which lines a message may go out on, and which of them it is to go out on. Nothing here knows
//! what the lines are doing: sets of lines come in, and sets come out.
//!
//! A message that names its line goes there. For all others the sections `line` say which lines
//! take them (`only_prefix`, `client`, `priority_only`), and among those that can be used now the
//! line of the receiver's last message comes first, then the longest prefix, then the policy.
//! A line that can be used and is busy is waited for where it is better than the others; where
//! lines take turns, none is better.

use super::{Choice, LineSet, LineSettings, Policy, Settings};
use crate::journal::Origin;
use crate::message::{LineId, Priority};

/// Different prefixes of all lines together, at most: a message remembers which it has in a byte.
pub const MAX_PREFIXES: usize = 250;

/// What the choice of a line looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub choice: Choice,
    pub origin: Origin,
    pub priority: Priority,
    pub segments: u8,
    /// The longest prefix that its receiver has; see [`Tables::prefix_of`].
    pub prefix: u8,
    /// The line that its receiver's last message had.
    pub wish: Wish,
}

/// The line of a receiver's last message, if it was looked for and there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wish(u8);

impl Wish {
    pub const UNKNOWN: Self = Self(0);
    const NONE: Self = Self(1);

    /// The line at that place, or none.
    pub fn of(place: Option<usize>) -> Self {
        // There are at most 128 lines.
        place.map_or(Self::NONE, |place| Self(place as u8 + 2))
    }

    fn place(self) -> Option<usize> {
        self.0.checked_sub(2).map(usize::from)
    }
}

/// What the configuration says, by sets of lines.
#[derive(Debug)]
pub(super) struct Tables {
    policy: Policy,
    /// The lines of each device, and all.
    devices: Vec<LineSet>,
    all: LineSet,
    /// The longest first.
    prefixes: Vec<Box<str>>,
    /// For a receiver without any of the prefixes, and for each of them: the lines that take it, by
    /// how much of the number they name, the best first.
    tiers: Vec<Vec<LineSet>>,
    high_only: LineSet,
    /// The lines that take messages of some only, and for each of these which.
    picky: LineSet,
    clients: Vec<(Origin, LineSet)>,
    /// The places of the lines in the order of the sections, then of the devices.
    order: Vec<u8>,
}

impl Tables {
    pub fn new(settings: &Settings) -> Self {
        let choosing = &settings.choosing;
        let mut tables = Self {
            policy: choosing.policy,
            devices: Vec::new(),
            all: LineSet::NONE,
            prefixes: Vec::new(),
            tiers: Vec::new(),
            high_only: LineSet::NONE,
            picky: LineSet::NONE,
            clients: Vec::new(),
            order: Vec::new(),
        };
        let mut count = 0;
        for device in &settings.devices {
            let mut lines = LineSet::NONE;
            (count..count + usize::from(device.lines)).for_each(|place| lines.add(place));
            count += usize::from(device.lines);
            tables.all = tables.all.or(lines);
            tables.devices.push(lines);
        }
        for own in &choosing.lines {
            let Some(place) = settings.place(own.line) else { continue };
            tables.order.push(place as u8);
            if own.priority_only {
                tables.high_only.add(place);
            }
            for &origin in &own.clients {
                tables.picky.add(place);
                match tables.clients.iter_mut().find(|(known, _)| *known == origin) {
                    Some((_, lines)) => lines.add(place),
                    None => tables.clients.push((origin, LineSet::one(place))),
                }
            }
            for prefix in &own.prefixes {
                if !tables.prefixes.contains(prefix) && tables.prefixes.len() < MAX_PREFIXES {
                    let longer = tables.prefixes.iter().take_while(|other| other.len() > prefix.len());
                    let place = longer.count();
                    tables.prefixes.insert(place, prefix.clone());
                }
            }
        }
        for place in 0..count as u8 {
            if !tables.order.contains(&place) {
                tables.order.push(place);
            }
        }
        tables.tiers.push(tiers("", settings, tables.all));
        for prefix in &tables.prefixes {
            tables.tiers.push(tiers(prefix, settings, tables.all));
        }
        tables
    }

    /// Which prefix a number has; of several the longest.
    pub fn prefix_of(&self, number: &str) -> u8 {
        let place = self.prefixes.iter().position(|prefix| number.starts_with(&**prefix));
        place.map_or(0, |place| place as u8 + 1)
    }

    /// The lines that a choice means.
    fn chosen(&self, choice: Choice, settings: &Settings) -> LineSet {
        match choice {
            Choice::Any => self.all,
            Choice::Device(device) => self.devices.get(usize::from(device)).copied().unwrap_or(LineSet::NONE),
            Choice::Line(line) => settings.place(line).map_or(LineSet::NONE, LineSet::one),
        }
    }

    /// The lines that take the message.
    pub fn permitted(&self, candidate: &Candidate, settings: &Settings) -> LineSet {
        let chosen = self.chosen(candidate.choice, settings);
        if matches!(candidate.choice, Choice::Line(_)) {
            return chosen;
        }
        let mut lines = LineSet::NONE;
        for tier in self.tiers_of(candidate) {
            lines = lines.or(*tier);
        }
        lines = lines.and(chosen);
        if candidate.priority != Priority::High {
            lines = lines.without(self.high_only);
        }
        let own = self.clients.iter().find(|(origin, _)| *origin == candidate.origin);
        let others = self.picky.without(own.map_or(LineSet::NONE, |(_, lines)| *lines));
        lines.without(others)
    }

    /// Those of `lines`, which can be used and take the message, that are best for it.
    pub fn best(&self, candidate: &Candidate, lines: LineSet) -> LineSet {
        if let Some(place) = candidate.wish.place()
            && lines.contains(place)
        {
            return LineSet::one(place);
        }
        let mut best = lines;
        for tier in self.tiers_of(candidate) {
            let fitting = tier.and(lines);
            if !fitting.is_empty() {
                best = fitting;
                break;
            }
        }
        if self.policy == Policy::Failover {
            let first = self.order.iter().map(|&place| usize::from(place)).find(|&p| best.contains(p));
            return first.map_or(best, LineSet::one);
        }
        best
    }

    fn tiers_of(&self, candidate: &Candidate) -> &[LineSet] {
        self.tiers.get(usize::from(candidate.prefix)).map_or(&[], Vec::as_slice)
    }
}

/// The lines of `all` that take numbers with that prefix, and no longer one that any line has.
fn tiers(prefix: &str, settings: &Settings, all: LineSet) -> Vec<LineSet> {
    let mut found: Vec<(usize, LineSet)> = vec![(0, all)];
    for own in &settings.choosing.lines {
        let Some(place) = settings.place(own.line) else { continue };
        let len = own.prefixes.iter().filter(|own| prefix.starts_with(&***own)).map(|own| own.len()).max();
        if len.is_none() && !own.only_prefix {
            continue;
        }
        // The last are those that name nothing of it.
        if let Some((_, rest)) = found.last_mut() {
            rest.remove(place);
        }
        let Some(len) = len else { continue };
        match found.iter_mut().find(|(known, _)| *known == len) {
            Some((_, lines)) => lines.add(place),
            None => {
                let longer = found.iter().take_while(|(other, _)| *other > len).count();
                found.insert(longer, (len, LineSet::one(place)));
            }
        }
    }
    found.into_iter().map(|(_, lines)| lines).collect()
}

impl Settings {
    /// A line's place among all; `None` if it is not configured any more.
    pub(super) fn place(&self, line: LineId) -> Option<usize> {
        let device = usize::from(line.device);
        let lines = self.devices.get(device)?.lines;
        let before: usize = self.devices[..device].iter().map(|device| usize::from(device.lines)).sum();
        (1..=lines).contains(&line.line).then(|| before + usize::from(line.line) - 1)
    }

    /// The section of a line, if it has one.
    pub fn own(&self, line: LineId) -> Option<&LineSettings> {
        self.choosing.lines.iter().find(|own| own.line == line)
    }
}
