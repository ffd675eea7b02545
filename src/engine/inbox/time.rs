//! The box's time.

use crate::calendar::{days_in, days_to, is_leap};

/// A year of the Gregorian calendar in days, on average.
const YEAR_S: i64 = 31_556_952;

/// How many years around now are tried: 29 February may be four away.
const TRIED_YEARS: i32 = 4;

/// What `MM-DD HH:MM:SS` means in Unix seconds: the box writes no year, so it is the one that
/// brings it nearest to `now_s`, goipd's own time in Unix seconds. `utc_offset_s` is what the
/// box's clock is ahead of UTC, in seconds.
///
/// `None` if `device_time` has another form, is no date (29 February counts as the nearest one),
/// or lies outside of what 32 bits hold. It is for people: a box's clock may be wrong, so
/// nothing is decided by it.
pub fn device_unix_s(device_time: &str, utc_offset_s: i32, now_s: u32) -> Option<u32> {
    let [month, day, hour, minute, second] = fields(device_time)?;
    let in_day = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    let this_year = 1970 + (i64::from(now_s) / YEAR_S) as i32;
    let at = |year: i32| {
        let days = i64::from(days_to(year, month.into(), day.into()));
        let real = (month, day) != (2, 29) || is_leap(year);
        real.then(|| days * 86_400 + in_day - i64::from(utc_offset_s))
    };
    let tried = (this_year - TRIED_YEARS..=this_year + TRIED_YEARS).filter_map(at);
    tried.min_by_key(|unix_s| (unix_s - i64::from(now_s)).abs())?.try_into().ok()
}

/// Month, day, hour, minute and second, each in its range.
fn fields(text: &str) -> Option<[u8; 5]> {
    let text: &[u8; 14] = text.as_bytes().try_into().ok()?;
    let number = |at: usize| {
        let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
        (tens <= 9 && ones <= 9).then(|| tens * 10 + ones)
    };
    let marks = [(2, b'-'), (5, b' '), (8, b':'), (11, b':')];
    if marks.iter().any(|&(at, mark)| text[at] != mark) {
        return None;
    }
    let [month, day, hour, minute, second] = [number(0)?, number(3)?, number(6)?, number(9)?, number(12)?];
    // Of a year with a 29 February. 60: a leap second.
    ((1..=days_in(2000, month.into())).contains(&day.into()) && hour <= 23 && minute <= 59 && second <= 60)
        .then_some([month, day, hour, minute, second])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::rfc3339;

    /// 2026-11-22 07:00:00 UTC.
    const NOW_S: u32 = 1_795_330_800;

    #[track_caller]
    fn assert_time(device_time: &str, utc_offset_s: i32, now_s: u32, shown: &str) {
        let unix_s = device_unix_s(device_time, utc_offset_s, now_s);
        assert_eq!(unix_s.map(rfc3339).as_deref(), Some(shown), "{device_time} near {}", rfc3339(now_s));
    }

    #[test]
    fn the_year_is_the_one_that_is_nearest() {
        for (device_time, shown) in [
            ("11-22 07:00:00", "2026-11-22T07:00:00Z"),
            ("11-22 07:00:01", "2026-11-22T07:00:01Z"),
            ("07-03 12:54:04", "2026-07-03T12:54:04Z"),
            ("12-31 23:59:59", "2026-12-31T23:59:59Z"),
            ("01-01 00:00:00", "2027-01-01T00:00:00Z"),
            ("05-23 18:00:00", "2027-05-23T18:00:00Z"),
            ("05-23 20:00:00", "2026-05-23T20:00:00Z"),
            ("02-29 12:00:00", "2028-02-29T12:00:00Z"),
        ] {
            assert_time(device_time, 0, NOW_S, shown);
        }
        // New Year's Eve, and the box is a little ahead or behind.
        assert_time("01-01 00:00:03", 0, 1_798_761_599, "2027-01-01T00:00:03Z");
        assert_time("12-31 23:59:58", 0, 1_798_761_600, "2026-12-31T23:59:58Z");
        // A router whose clock was never set.
        assert_time("01-01 00:00:03", 0, 0, "1970-01-01T00:00:03Z");
        assert_eq!(device_unix_s("12-31 23:59:58", 0, 0), None);
        assert_eq!(device_unix_s("03-01 00:00:00", 0, u32::MAX), None);
    }

    #[test]
    fn the_offset_says_what_the_boxs_clock_is_ahead_of_utc() {
        assert_time("11-22 08:00:00", 3600, NOW_S, "2026-11-22T07:00:00Z");
        assert_time("11-22 02:00:00", -18_000, NOW_S, "2026-11-22T07:00:00Z");
        assert_time("01-01 02:00:00", 10_800, 1_798_761_600, "2026-12-31T23:00:00Z");
    }

    #[test]
    fn every_day_of_some_years_is_found_from_half_a_year_away() {
        for day in 0..4 * 366 {
            let unix_s = 1_767_225_600 + day * 86_400 + 45_296;
            let text = rfc3339(unix_s);
            let device_time = format!("{} {}", &text[5..10], &text[11..19]);
            for now_s in [unix_s - 180 * 86_400, unix_s, unix_s + 180 * 86_400] {
                assert_eq!(device_unix_s(&device_time, 0, now_s), Some(unix_s), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_time_has_none() {
        for text in [
            "",
            "2026-07-03 12:54:04",
            "07/03 12:54:04",
            "7-3 12:54:04",
            "00-03 12:54:04",
            "13-03 12:54:04",
            "07-00 12:54:04",
            "07-32 12:54:04",
            "04-31 12:54:04",
            "02-30 12:54:04",
            "07-03 24:54:04",
            "07-03 12:60:04",
            "07-03 12:54:61",
            "+7-03 12:54:04",
            "07-03 12:54:0ä",
        ] {
            assert_eq!(device_unix_s(text, 0, NOW_S), None, "{text}");
        }
    }
}
