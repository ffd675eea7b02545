//! Times as every door shows them.

use core::fmt::Write;

use heapless::String;

use crate::date::{DAY_S, date};

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

#[cfg(test)]
mod tests {
    use super::*;

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
