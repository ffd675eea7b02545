//! The Gregorian calendar, as far as times are read by it. Whole numbers only.

/// Days from 1 March of the year 0 to 1 January 1970.
const DAYS_TO_1970: i32 = 719_468;

/// Days from 1970 to a date of the years 0 to 9999. Years begin in March here, so that the leap day
/// is the last of its year; from there on the months have 31 30 31 30 31 days again and again.
pub fn days_to(year: i32, month: i32, day: i32) -> i32 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - DAYS_TO_1970
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
