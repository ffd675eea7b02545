//! The Gregorian calendar, as far as times are read and told by it. Whole numbers only.

/// Seconds of a day.
pub const DAY_S: u32 = 86_400;
/// Days from 1 March of the year 0 to 1 January 1970, in the Gregorian calendar.
const DAYS_TO_1970: u32 = 719_468;
/// Days in 400 years, after which the calendar repeats itself.
const DAYS_IN_400_YEARS: u32 = 146_097;

/// Year, month and day of `unix_s`, in seconds since 1970 without leap seconds.
pub fn date(unix_s: u32) -> [u32; 3] {
    let days = unix_s / DAY_S + DAYS_TO_1970;
    // Years begin in March here, so that the leap day is the last of its year.
    let (era, day) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
    // 1460 is the last day of 4 years, 36 524 of 100, 146 096 of 400: the leap days to take out.
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // From March on the months have 31 30 31 30 31 days again and again: 153 in five of them.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    if month < 10 { [400 * era + year, month + 3, day] } else { [400 * era + year + 1, month - 9, day] }
}

/// The month that `unix_s` is in, counted from the year 0, where months begin on day `start`, 1–28.
pub fn month(unix_s: u32, start: u8) -> u32 {
    let [year, month, day] = date(unix_s);
    12 * year + month - u32::from(day < u32::from(start))
}

/// When the month after that begins, Unix seconds.
pub fn next_month_s(unix_s: u32, start: u8) -> u32 {
    let this = month(unix_s, start);
    let mut day_s = unix_s / DAY_S * DAY_S;
    while month(day_s, start) == this {
        day_s = day_s.saturating_add(DAY_S);
    }
    day_s
}

/// Days from 1970 to a date of the years 0 to 9999. Years begin in March here, so that the leap day
/// is the last of its year; from there on the months have 31 30 31 30 31 days again and again.
pub fn days_to(year: i32, month: i32, day: i32) -> i32 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - DAYS_TO_1970 as i32
}

/// Whether the year has a 29 February.
pub fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// How many days that month has; 0 where there is no such month.
pub fn days_in(year: i32, month: i32) -> i32 {
    match month {
        2 => 28 + i32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_on_their_day() {
        // 2026-11-22T07:00:00Z
        let at_s = 1_795_330_800;
        assert_eq!(date(at_s), [2026, 11, 22]);
        let of = |start| month(at_s, start) - 12 * 2026;
        assert_eq!([1, 22, 23, 28].map(of), [11, 11, 10, 10]);
        let next = |start| date(next_month_s(at_s, start));
        assert_eq!([1, 22, 23].map(next), [[2026, 12, 1], [2026, 12, 22], [2026, 11, 23]]);
        let last_s = next_month_s(at_s, 1) - 1;
        assert_eq!(
            (month(last_s, 1) + 1, month(last_s + 1, 1)),
            (month(last_s + 1, 1), of(1) + 12 * 2026 + 1)
        );
    }
}
