//! The router's local time: POSIX time zones, and hours of the day. Pure arithmetic; the text comes
//! from outside.

use core::num::NonZeroU16;

use crate::calendar::{days_in, days_to, is_leap};

const DAY_S: i64 = 86_400;

const DAY_MIN: u32 = 1440;

/// The longest text of a zone: what OpenWrt has is below 60 bytes.
const MAX_BYTES: usize = 128;

/// A time zone (IEEE Std 1003.1, clause 8.3, the second form of `TZ`). Its default is UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    /// What local time is ahead of UTC in winter, in seconds.
    ahead_s: i32,
    summer: Option<Summer>,
}

/// Daylight saving time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Summer {
    ahead_s: i32,
    /// By the local time that holds before.
    begins: Change,
    ends: Change,
}

/// When the clocks are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    day: Day,
    /// Seconds after that day's midnight.
    time_s: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    /// Month, week (5: the last) and weekday (0: Sunday).
    Week(i32, i32, i32),
    /// Of a year without 29 February, from 1.
    NoLeap(i32),
    /// Of the year, from 0.
    OfYear(i32),
}

impl Change {
    /// Seconds from 1970 to the change in that year, by the clock that holds before.
    fn in_year(self, year: i32) -> i64 {
        let first = days_to(year, 1, 1);
        let day = match self.day {
            Day::Week(month, week, weekday) => {
                let first = days_to(year, month, 1);
                // 1 January 1970 was a Thursday.
                let ahead = (weekday - (first + 4)).rem_euclid(7);
                let day = ahead + 7 * (week - 1);
                first + if day < days_in(year, month) { day } else { day - 7 }
            }
            Day::NoLeap(day) => first + day - 1 + i32::from(is_leap(year) && day > 59),
            Day::OfYear(day) => first + day,
        };
        i64::from(day) * DAY_S + i64::from(self.time_s)
    }
}

impl Zone {
    /// The zone that `text` means, such as `CET-1CEST,M3.5.0,M10.5.0/3`; `None` if it has another
    /// form. Summer time needs its rule.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = Rest(text.as_bytes().get(..text.len().min(MAX_BYTES + 1))?);
        if rest.0.len() > MAX_BYTES {
            return None;
        }
        rest.name()?;
        let ahead_s = -rest.time(24)?;
        if rest.0.is_empty() {
            return Some(Self { ahead_s, summer: None });
        }
        rest.name()?;
        let summer_s = if rest.0.first() == Some(&b',') { ahead_s + 3600 } else { -rest.time(24)? };
        let (begins, ends) = (rest.change()?, rest.change()?);
        rest.0
            .is_empty()
            .then_some(Self { ahead_s, summer: Some(Summer { ahead_s: summer_s, begins, ends }) })
    }

    /// What local time is ahead of UTC then, in seconds.
    pub fn ahead_s(&self, unix_s: u32) -> i32 {
        let Some(summer) = self.summer else { return self.ahead_s };
        let utc_s = i64::from(unix_s);
        let day = ((utc_s + i64::from(self.ahead_s)).div_euclid(DAY_S)) as i32;
        let mut year = 1970 + day.div_euclid(366);
        while days_to(year + 1, 1, 1) <= day {
            year += 1;
        }
        let begins = summer.begins.in_year(year) - i64::from(self.ahead_s);
        let ends = summer.ends.in_year(year) - i64::from(summer.ahead_s);
        let is_summer =
            if begins <= ends { (begins..ends).contains(&utc_s) } else { !(ends..begins).contains(&utc_s) };
        if is_summer { summer.ahead_s } else { self.ahead_s }
    }

    /// The minute of the local day, 0 to 1439.
    pub fn minute(&self, unix_s: u32) -> u32 {
        let local_s = i64::from(unix_s) + i64::from(self.ahead_s(unix_s));
        (local_s.rem_euclid(DAY_S) / 60) as u32
    }
}

/// What of the text is still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn accept(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    /// Three letters or more, or more signs in angle brackets.
    fn name(&mut self) -> Option<()> {
        let quoted = self.accept(b'<').is_some();
        let fits = |b: &u8| b.is_ascii_alphabetic() || quoted && (b.is_ascii_digit() || b"+-".contains(b));
        let len = self.0.iter().take_while(|b| fits(b)).count();
        self.0 = &self.0[len..];
        if quoted {
            self.accept(b'>')?;
        }
        (len >= 3).then_some(())
    }

    /// Digits, up to `most`.
    fn number(&mut self, most: i32) -> Option<i32> {
        let mut number = 0;
        let len = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
        for digit in self.0.get(..len).filter(|digits| (1..=3).contains(&digits.len()))? {
            number = number * 10 + i32::from(digit - b'0');
        }
        self.0 = &self.0[len..];
        (number <= most).then_some(number)
    }

    /// `[+-]H[:MM[:SS]]` in seconds.
    fn time(&mut self, most_h: i32) -> Option<i32> {
        let sign = match self.0.first()? {
            b'-' => -1,
            _ => 1,
        };
        if matches!(self.0[0], b'+' | b'-') {
            self.0 = &self.0[1..];
        }
        let mut seconds = self.number(most_h)? * 3600;
        for unit_s in [60, 1] {
            if self.accept(b':').is_none() {
                break;
            }
            seconds += self.number(59)? * unit_s;
        }
        Some(sign * seconds)
    }

    /// `,DATE[/TIME]`.
    fn change(&mut self) -> Option<Change> {
        self.accept(b',')?;
        let day = if self.accept(b'M').is_some() {
            let month = self.number(12).filter(|&month| month > 0)?;
            self.accept(b'.')?;
            let week = self.number(5).filter(|&week| week > 0)?;
            self.accept(b'.')?;
            Day::Week(month, week, self.number(6)?)
        } else if self.accept(b'J').is_some() {
            Day::NoLeap(self.number(365).filter(|&day| day > 0)?)
        } else {
            Day::OfYear(self.number(365)?)
        };
        let time_s = if self.accept(b'/').is_some() { self.time(167)? } else { 2 * 3600 };
        Some(Change { day, time_s })
    }
}

/// Hours of the day in local time, such as `22:00-07:00`: from one minute on, and up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    from_min: u16,
    /// How long they last, in minutes, less than a day.
    minutes: NonZeroU16,
}

impl Hours {
    /// The hours that `HH:MM-HH:MM` means; `None` if it has another form, or none of them.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let minute = |text: &str| {
            let mut rest = Rest(text.as_bytes());
            let hour = rest.number(23)?;
            rest.accept(b':')?;
            let minute = rest.number(59).filter(|_| rest.0.is_empty() && text.len() == 5)?;
            Some(hour * 60 + minute)
        };
        let (from, to) = (minute(from)?, minute(to)?);
        let minutes = NonZeroU16::new((to - from).rem_euclid(DAY_MIN as i32) as u16)?;
        Some(Self { from_min: from as u16, minutes })
    }

    /// Whether that minute of the day is one of them, and after how many minutes, from 1, that
    /// changes.
    pub fn at(self, minute: u32) -> (bool, u32) {
        let minutes = u32::from(self.minutes.get());
        let since = (minute + DAY_MIN - u32::from(self.from_min)) % DAY_MIN;
        if since < minutes { (true, minutes - since) } else { (false, DAY_MIN - since) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::rfc3339;

    fn local(zone: &str, utc: &str) -> i32 {
        Zone::parse(zone).unwrap().ahead_s(rfc3339::parse(utc).unwrap())
    }

    #[test]
    fn clocks_are_changed_at_their_second() {
        let [berlin, sydney, new_york] =
            ["CET-1CEST,M3.5.0,M10.5.0/3", "AEST-10AEDT,M10.1.0,M4.1.0/3", "EST5EDT,M3.2.0,M11.1.0"];
        for (zone, utc, hours) in [
            (berlin, "2026-03-29T00:59:59Z", 1),
            (berlin, "2026-03-29T01:00:00Z", 2),
            (berlin, "2026-10-25T00:59:59Z", 2),
            (berlin, "2026-10-25T01:00:00Z", 1),
            (berlin, "2026-12-31T23:30:00Z", 1),
            (berlin, "2027-01-01T00:30:00Z", 1),
            (sydney, "2026-04-04T15:59:59Z", 11),
            (sydney, "2026-04-04T16:00:00Z", 10),
            (sydney, "2026-10-03T15:59:59Z", 10),
            (sydney, "2026-10-03T16:00:00Z", 11),
            (sydney, "2026-12-31T13:30:00Z", 11),
            (new_york, "2026-03-08T06:59:59Z", -5),
            (new_york, "2026-03-08T07:00:00Z", -4),
            (new_york, "2026-11-01T05:59:59Z", -4),
            (new_york, "2026-11-01T06:00:00Z", -5),
            // 29 February moves the day of the year, but not the one that leaves it out.
            ("AAA0BBB,J60/0,J300/0", "2028-03-01T00:00:00Z", 1),
            ("AAA0BBB,J60/0,J300/0", "2028-02-29T23:59:59Z", 0),
            ("AAA0BBB,59/0,300/0", "2028-02-29T00:00:00Z", 1),
            ("AAA0BBB,59/0,300/0", "2027-03-01T00:00:00Z", 1),
            ("UTC0", "2026-07-01T00:00:00Z", 0),
            ("<+03>-3", "2026-07-01T00:00:00Z", 3),
        ] {
            assert_eq!(local(zone, utc), hours * 3600, "{zone} {utc}");
        }
        assert_eq!(local("<+0545>-5:45", "2026-01-01T00:00:00Z"), 20_700);
        assert_eq!(local("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-07-01T00:00:00Z"), 3600, "winter time");
        // Jerusalem changes on the Friday before the last Sunday of March, by a time beyond a day.
        let jerusalem = "IST-2IDT,M3.4.4/26,M10.5.0";
        assert_eq!(local(jerusalem, "2026-03-26T23:59:59Z"), 7200);
        assert_eq!(local(jerusalem, "2026-03-27T00:00:00Z"), 10_800);
    }

    #[test]
    fn every_zone_lasts_for_all_of_32_bits() {
        for zone in ["CET-1CEST,M3.5.0,M10.5.0/3", "AAA-24BBB-24,J1/-167,365/167", "AAA24BBB24,0/167,J1"] {
            let zone = Zone::parse(zone).unwrap();
            for unix_s in (0..=u32::MAX).step_by(4_000_037) {
                assert!(zone.ahead_s(unix_s).abs() <= 90_000 && zone.minute(unix_s) < 1440);
            }
            assert!(zone.minute(u32::MAX) < 1440);
        }
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for text in [
            "",
            "CET",
            "Europe/Berlin",
            ":/etc/localtime",
            "CE-1",
            "CET-25",
            "CET-1:60",
            "CET-1CEST",
            "CET-1CEST,M3.5.0",
            "CET-1CEST,M3.5.0,M10.5.0/3,",
            "CET-1CEST,M13.5.0,M10.5.0",
            "CET-1CEST,M3.6.0,M10.5.0",
            "CET-1CEST,M3.5.7,M10.5.0",
            "CET-1CEST,M3.5.0,M10.5.0/168",
            "CET-1CEST,J0,J365",
            "CET-1CEST,0,366",
            "<CET-1",
            "CET-1 ",
            "\u{e9}\u{e9}\u{e9}-1",
            "CET-",
        ] {
            assert_eq!(Zone::parse(text), None, "{text:?}");
        }
        assert_eq!(Zone::parse(&"A".repeat(200)), None);
        assert_eq!(Zone::parse(&["A".repeat(127).as_str(), "\u{e9}"].concat()), None, "cut in a letter");
    }

    #[test]
    fn hours_go_over_midnight() {
        let hours = Hours::parse("22:00-07:00").unwrap();
        for (minute, expected) in
            [(1319, (false, 1)), (1320, (true, 540)), (0, (true, 420)), (419, (true, 1)), (420, (false, 900))]
        {
            assert_eq!(hours.at(minute), expected, "{minute}");
        }
        assert_eq!(Hours::parse("12:00-13:30").unwrap().at(750), (true, 60));
        for text in ["", "22:00", "22:00-22:00", "24:00-07:00", "22:60-07:00", "9:00-10:00", "22:00-07:00 "] {
            assert_eq!(Hours::parse(text), None, "{text}");
        }
    }
}
