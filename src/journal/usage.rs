//! How many segments each line was given, as the records tell it, in the last hour and day and in
//! this month: they are spent before the request leaves, and given back only where a record says
//! that the message waits again, so certainly was not sent.
//!
//! Hours and days count the time that the router was up: within a boot by its monotonic clock; the
//! time that it was off counts as none, so that nothing is forgotten too early. Months count by
//! the wall clock, where times of day go by that, and move only forward; what was sent while the clock was not set counts
//! for the month after as well.

use super::{BootId, Record, Stamp};
use crate::calendar::{month, next_month_s};
use crate::message::{LineName, MessageId, State};

/// Lines that are remembered, those included that are not configured any more. The one that has
/// sent nothing for longest goes first; there are at most 128 lines at a time.
const MAX_LINES: usize = 160;

/// What a segment's time is rounded to, in milliseconds.
const BUCKET_MS: u64 = 300_000;

/// What is remembered of an hour, and of a day in buckets twelve times as long: one more than
/// there are in it, so that the oldest one is wholly outside.
const HOUR: usize = 13;
const DAY: usize = 25;
const BUCKETS_AN_HOUR: u32 = 12;

/// The number of the first bucket: so high that no age reaches below 0.
const FIRST: u32 = DAY as u32 * BUCKETS_AN_HOUR;

/// What a count takes where it is written down: its place and itself.
const COUNT_BYTES: usize = 3;

/// How long is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A month by the calendar.
    Month,
}

impl Window {
    /// All of them, in the order of every list of three.
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Month];

    /// The word on every door.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// What one line was given, or all together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// Rings: the bucket with the number n stands at n modulo their length.
    hour: [u16; HOUR],
    day: [u16; DAY],
    /// The newest bucket.
    newest: u32,
    /// The newest month that was seen, counted from the year 0; 0 for none.
    month: u32,
    month_start: u8,
    in_month: u32,
    /// Those of them that were sent since the time was trusted last.
    loose: u32,
    /// What is on the line: the message, and its segments; 0 for nothing.
    message: MessageId,
    open: u8,
}

impl Default for Used {
    fn default() -> Self {
        Self {
            hour: [0; HOUR],
            day: [0; DAY],
            newest: 0,
            month: 0,
            month_start: 1,
            in_month: 0,
            loose: 0,
            message: 0,
            open: 0,
        }
    }
}

impl Used {
    fn add(&mut self, at: Stamp, bucket: u32, segments: u8) {
        if bucket > self.newest {
            for n in 0..(bucket - self.newest).min(HOUR as u32) {
                self.hour[(bucket - n) as usize % HOUR] = 0;
            }
            let [new, old] = [bucket, self.newest].map(|bucket| bucket / BUCKETS_AN_HOUR);
            for n in 0..(new - old).min(DAY as u32) {
                self.day[(new - n) as usize % DAY] = 0;
            }
            self.newest = bucket;
        }
        let places = [
            &mut self.hour[self.newest as usize % HOUR],
            &mut self.day[(self.newest / BUCKETS_AN_HOUR) as usize % DAY],
        ];
        for count in places {
            *count = count.saturating_add(segments.into());
        }
        if at.is_dated() {
            let month = month(at.unix_s, self.month_start);
            if month > self.month {
                (self.month, self.in_month) = (month, self.loose);
            }
            self.loose = 0;
        } else {
            self.loose = self.loose.saturating_add(segments.into());
        }
        self.in_month = self.in_month.saturating_add(segments.into());
    }

    /// The counts of a ring that still count at `bucket`, the oldest first: how many buckets each
    /// is older than the newest, and itself. `per` buckets of the clock are one of the ring.
    fn counting(ring: &[u16], newest: u32, bucket: u32, per: u32) -> impl Iterator<Item = (u32, u32)> {
        let newest = newest / per;
        let len = ring.len() as u32;
        let age = (bucket / per).saturating_sub(newest).min(len);
        (0..len - age).rev().map(move |back| {
            let place = newest.wrapping_sub(back) as usize % ring.len();
            (back, ring[place].into())
        })
    }

    fn ring(&self, window: Window) -> (&[u16], u32) {
        if window == Window::Day { (&self.day, BUCKETS_AN_HOUR) } else { (&self.hour, 1) }
    }

    fn counted(&self, at: Stamp, bucket: u32, window: Window) -> u32 {
        if window == Window::Month {
            let over = at.is_dated() && month(at.unix_s, self.month_start) > self.month;
            return if over { self.loose } else { self.in_month };
        }
        let (ring, per) = self.ring(window);
        Self::counting(ring, self.newest, bucket, per).map(|(_, count)| count).sum()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![self.month_start, self.open];
        for number in [self.message, self.newest, self.month, self.in_month, self.loose] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for (place, count) in (0..).zip(self.hour.iter().chain(&self.day)) {
            if *count > 0 {
                bytes.push(place);
                bytes.extend_from_slice(&count.to_le_bytes());
            }
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&[month_start, open], rest) = bytes.split_first_chunk()?;
        let (numbers, rest) = rest.split_first_chunk::<20>()?;
        let mut used = Self { month_start: month_start.clamp(1, 28), open, ..Self::default() };
        let (numbers, _) = numbers.as_chunks::<4>();
        for (place, bytes) in numbers.iter().enumerate() {
            let number = u32::from_le_bytes(*bytes);
            match place {
                0 => used.message = number,
                1 => used.newest = number,
                2 => used.month = number,
                3 => used.in_month = number,
                _ => used.loose = number,
            }
        }
        let (counts, []) = rest.as_chunks::<COUNT_BYTES>() else { return None };
        for &[place, low, high] in counts {
            let place = usize::from(place);
            let count = if place < HOUR { used.hour.get_mut(place) } else { used.day.get_mut(place - HOUR) };
            *count? = u16::from_le_bytes([low, high]);
        }
        Some(used)
    }
}

/// What a line was given, as a segment tells it again; without a line, what all were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineUsage {
    /// The line.
    pub line: Option<LineName>,
    /// What it was given.
    pub used: Used,
    /// How far the running time is ahead of this boot's clock, in milliseconds.
    pub base_ms: u64,
}

/// What all lines were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    lines: Vec<(LineName, Used)>,
    total: Used,
    /// The running time at the begin of the boot.
    base_ms: u64,
    boot: BootId,
    /// The newest moment of it.
    boot_ms: u64,
}

impl Usage {
    /// Learns from the next record.
    pub fn note(&mut self, record: &Record) {
        match record {
            Record::Started(started) => {
                if started.boot != self.boot {
                    self.base_ms += self.boot_ms;
                    (self.boot, self.boot_ms) = (started.boot, 0);
                }
                self.pass(started.at);
            }
            Record::Submitting(submitting) => {
                self.pass(submitting.at);
                let place = self.place(&submitting.line);
                // A segment may begin with what its own first records tell again.
                if self.lines[place].1.message != submitting.id {
                    self.settle(place, submitting.at);
                }
                let [own, all] = submitting.month_starts;
                self.total.month_start = all;
                let used = &mut self.lines[place].1;
                used.month_start = own;
                (used.message, used.open) = (submitting.id, submitting.segments);
            }
            Record::Moved(moved) if moved.state != State::Sending => {
                let mine = |(_, used): &(LineName, Used)| used.open > 0 && used.message == moved.id;
                let Some(place) = self.lines.iter().position(mine) else { return };
                self.pass(moved.at);
                if moved.state == State::Queued {
                    self.lines[place].1.open = 0;
                }
                self.settle(place, moved.at);
            }
            Record::Usage(usage) => {
                self.base_ms = usage.base_ms;
                match &usage.line {
                    Some(line) => {
                        let place = self.place(line);
                        self.lines[place].1 = usage.used.clone();
                    }
                    None => self.total = usage.used.clone(),
                }
            }
            _ => {}
        }
    }

    /// The segments that a line was given, or all lines, by the length of [`Window::ALL`]. What is
    /// on its way counts.
    pub fn used(&self, at: Stamp, line: Option<&LineName>) -> [u32; 3] {
        let Some((used, open)) = self.of(line) else { return [0; 3] };
        let bucket = self.bucket(at);
        Window::ALL.map(|window| used.counted(at, bucket, window).saturating_add(open))
    }

    /// When a line, or all, will have been given no more than `most` segments in a window, in
    /// milliseconds since boot, if nothing more is sent; `None` if that is not known.
    pub fn until_ms(&self, at: Stamp, line: Option<&LineName>, window: Window, most: u32) -> Option<u64> {
        let (used, open) = self.of(line)?;
        let bucket = self.bucket(at);
        let mut sum = used.counted(at, bucket, window).saturating_add(open);
        if sum <= most {
            return Some(at.boot_ms);
        }
        if window == Window::Month {
            let left_s = next_month_s(at.unix_s, used.month_start).saturating_sub(at.unix_s);
            let ahead = month(at.unix_s, used.month_start) < used.month;
            return (at.is_dated() && !ahead).then_some(at.boot_ms + u64::from(left_s) * 1000);
        }
        let (ring, per) = used.ring(window);
        for (back, count) in Used::counting(ring, used.newest, bucket, per) {
            sum -= count;
            if sum <= most {
                let over = (used.newest / per + ring.len() as u32).saturating_sub(back) * per;
                let running_ms = u64::from(over.saturating_sub(FIRST)) * BUCKET_MS;
                return Some(running_ms.saturating_sub(self.base_ms).max(at.boot_ms + 1));
            }
        }
        None
    }

    /// Gives the records that tell all this again.
    pub fn each_record(&self, give: &mut dyn FnMut(Record)) {
        let mut tell = |line: Option<&LineName>, used: &Used| {
            let (line, used) = (line.cloned(), used.clone());
            give(Record::Usage(Box::new(LineUsage { line, used, base_ms: self.base_ms })));
        };
        if !self.lines.is_empty() {
            tell(None, &self.total);
        }
        self.lines.iter().for_each(|(line, used)| tell(Some(line), used));
    }

    fn of(&self, line: Option<&LineName>) -> Option<(&Used, u32)> {
        match line {
            None => Some((&self.total, self.lines.iter().map(|(_, used)| u32::from(used.open)).sum())),
            Some(line) => {
                let (_, used) = self.lines.iter().find(|(known, _)| known == line)?;
                Some((used, used.open.into()))
            }
        }
    }

    /// What is on the line becomes what it was given.
    fn settle(&mut self, place: usize, at: Stamp) {
        let bucket = self.bucket(at);
        let used = &mut self.lines[place].1;
        let open = core::mem::take(&mut used.open);
        if open > 0 {
            used.add(at, bucket, open);
            self.total.add(at, bucket, open);
        }
    }

    fn pass(&mut self, at: Stamp) {
        self.boot_ms = self.boot_ms.max(at.boot_ms);
    }

    fn bucket(&self, at: Stamp) -> u32 {
        ((self.base_ms + at.boot_ms) / BUCKET_MS) as u32 + FIRST
    }

    /// The line's place; it gets one if it has none.
    fn place(&mut self, line: &LineName) -> usize {
        if let Some(place) = self.lines.iter().position(|(known, _)| known == line) {
            return place;
        }
        if self.lines.len() < MAX_LINES {
            self.lines.push((line.clone(), Used::default()));
            return self.lines.len() - 1;
        }
        let mut oldest = 0;
        for (place, (_, used)) in self.lines.iter().enumerate() {
            if used.open == 0 && used.newest < self.lines[oldest].1.newest {
                oldest = place;
            }
        }
        self.lines[oldest] = (line.clone(), Used::default());
        oldest
    }
}

#[cfg(test)]
mod tests;
