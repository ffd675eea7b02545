//! Times as every door shows and takes them.

use core::fmt::Write;

use heapless::String;

use crate::calendar::{DAY_S, date, days_in, days_to};

/// `unix_s`, in seconds since 1970 without leap seconds, as RFC 3339 in UTC:
/// `2026-11-22T07:00:00Z`. 32 bits last until 2106-02-07T06:28:15Z.
pub fn rfc3339(unix_s: u32) -> String<20, u8> {
    let ([year, month, day], second) = (date(unix_s), unix_s % DAY_S);
    let mut text = String::new();
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    // Twenty bytes hold it for every 32-bit time.
    let _ = write!(text, "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
    text
}

/// Unix seconds of a time in RFC 3339, such as `2026-12-01T07:00:00Z` or
/// `2026-12-01T08:00:00.5+01:00`; fractions of a second are passed over. `None` if it has another
/// form, is no date, or lies outside of what 32 bits hold.
pub fn parse(text: &str) -> Option<u32> {
    let (moment, mut rest) = text.as_bytes().split_at_checked(19)?;
    let [year, month, day] = [number(moment, 0, 4)?, number(moment, 5, 2)?, number(moment, 8, 2)?];
    let in_day = clock(moment, 11)? * 60 + number(moment, 17, 2).filter(|&s| s <= 60)?;
    let marks = [moment[4], moment[7], moment[10].to_ascii_uppercase(), moment[16]];
    if marks != *b"--T:" || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    if let [b'.', digits @ ..] = rest {
        let end = digits.iter().position(|b| !b.is_ascii_digit()).filter(|&end| end > 0)?;
        rest = &digits[end..];
    }
    let offset_min = match rest {
        b"Z" | b"z" => 0,
        [b'+', ..] if rest.len() == 6 => clock(rest, 1)?,
        [b'-', ..] if rest.len() == 6 => -clock(rest, 1)?,
        _ => return None,
    };
    let seconds = i64::from(days_to(year, month, day)) * i64::from(DAY_S) + i64::from(in_day);
    u32::try_from(seconds - i64::from(offset_min) * 60).ok()
}

/// The minutes of `HH:MM`.
fn clock(text: &[u8], at: usize) -> Option<i32> {
    let (hour, minute) = (number(text, at, 2)?, number(text, at + 3, 2)?);
    (hour < 24 && minute < 60 && text.get(at + 2) == Some(&b':')).then_some(hour * 60 + minute)
}

fn number(text: &[u8], at: usize, digits: usize) -> Option<i32> {
    let mut number = 0;
    for byte in text.get(at..at + digits)? {
        number = number * 10 + i32::from(byte.wrapping_sub(b'0'));
        if !byte.is_ascii_digit() {
            return None;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_any_zone_and_with_fractions() {
        for (text, shown) in [
            ("2026-12-01T07:00:00Z", "2026-12-01T07:00:00Z"),
            ("2026-12-01t07:00:00z", "2026-12-01T07:00:00Z"),
            ("2026-12-01T07:00:00.999999999999Z", "2026-12-01T07:00:00Z"),
            ("2026-12-01T00:30:00+01:00", "2026-11-30T23:30:00Z"),
            ("2026-12-31T23:30:00-05:30", "2027-01-01T05:00:00Z"),
            ("2028-02-29T12:00:00.0+00:00", "2028-02-29T12:00:00Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("2106-02-07T06:28:15Z", "2106-02-07T06:28:15Z"),
        ] {
            assert_eq!(parse(text).map(rfc3339).as_deref(), Some(shown), "{text}");
        }
        for unix_s in (0..=u32::MAX).step_by(86_399) {
            assert_eq!(parse(&rfc3339(unix_s)), Some(unix_s));
        }
    }

    #[test]
    fn what_is_no_such_time_is_none() {
        for text in [
            "",
            "now",
            "2026-12-01",
            "2026-12-01T07:00:00",
            "2026-12-01 07:00:00Z",
            "2026-12-01T07:00Z",
            "2026-12-01T07:00:00.Z",
            "2026-12-01T07:00:00.5",
            "2026-12-01T07:00:00+0100",
            "2026-12-01T07:00:00+24:00",
            "2026-12-01T07:00:00+1:000",
            "2026-12-01T24:00:00Z",
            "2026-12-01T07:60:00Z",
            "2026-12-01T07:00:61Z",
            "2026-02-29T07:00:00Z",
            "2026-13-01T07:00:00Z",
            "2026-00-01T07:00:00Z",
            "2026-04-31T07:00:00Z",
            "2026-12-01T07:00:00ZZ",
            "1969-12-31T23:59:59Z",
            "2106-02-07T06:28:16Z",
            "9999-12-31T23:59:59Z",
            "2O26-12-01T07:00:00Z",
            "2026-12-01T07:00:0\u{e9}Z",
            "+026-12-01T07:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn known_times_are_shown_as_they_are_known() {
        for (unix_s, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (68_169_599, "1972-02-28T23:59:59Z"),
            (68_169_600, "1972-02-29T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (978_307_199, "2000-12-31T23:59:59Z"),
            (1_000_000_000, "2001-09-09T01:46:40Z"),
            (1_795_330_800, "2026-11-22T07:00:00Z"),
            (2_147_483_647, "2038-01-19T03:14:07Z"),
            (2_147_483_648, "2038-01-19T03:14:08Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (u32::MAX, "2106-02-07T06:28:15Z"),
        ] {
            assert_eq!(rfc3339(unix_s), text);
        }
    }

    #[test]
    fn every_day_until_2106_follows_the_one_before() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for unix_s in (0..=u32::MAX).step_by(DAY_S as usize) {
            let expected = format!("{year}-{month:02}-{day:02}T00:00:00Z");
            assert_eq!(rfc3339(unix_s), expected.as_str());
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let days = match month {
                2 => 28 + u32::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > days {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }
}
