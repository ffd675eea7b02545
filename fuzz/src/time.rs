//! Times: of a message, of the router's zone, of the day.

use goipd::api::rfc3339;
use goipd::zone::{Hours, Zone};

/// A time that is read is shown, and read again, as the same one. A zone is never further from UTC
/// than a day and two hours, and gives a minute of the day for any time. Hours change when they
/// say so.
pub fn time(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(unix_s) = rfc3339::parse(&text) {
        assert_eq!(rfc3339::parse(&rfc3339(unix_s)), Some(unix_s), "{text}");
    }
    if let Some(zone) = Zone::parse(&text) {
        for unix_s in [0, 1, 86_399, 951_868_799, 1_795_330_800, 2_147_483_648, u32::MAX] {
            assert!(zone.ahead_s(unix_s).abs() < 26 * 3600, "{text} at {unix_s}");
            assert!(zone.minute(unix_s) < 1440, "{text} at {unix_s}");
        }
    }
    if let Some(hours) = Hours::parse(&text) {
        for minute in 0..1440 {
            let (inside, more) = hours.at(minute);
            assert!((1..1440).contains(&more), "{text} at {minute}");
            let (then, _) = hours.at((minute + more) % 1440);
            assert_ne!(inside, then, "{text} at {minute}");
        }
    }
}
