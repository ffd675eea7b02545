//! The clocks: the only place that reads them for the engine.

use std::hash::{BuildHasher, RandomState};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use std::{fs, io};

use crate::api::rfc3339;
use crate::engine::Now;
use crate::journal::BootId;
use crate::message::Quoted;
use crate::zone::Zone;

/// The wall clock has been set if it moved by more than this against the time since boot. Less
/// than the time that passes before goipd starts, because a router's clock stands still while it
/// is off; more than the daemon can be held up between two readings.
const STEP_S: u32 = 10;

/// How often it is looked whether the router is in another time zone now, at most: who changes it
/// tells nobody.
const ZONE_LOOK_MS: u64 = 60_000;

/// Reads the clocks.
///
/// The wall clock counts as trusted once it was seen to be set while the daemon runs, or if it is
/// ahead of the journal: a router without a battery begins with the time of its newest file, so
/// one that booted later than the journal's last write has its time from elsewhere.
///
/// Only std's clocks are read: on 32-bit MIPS the C library that a program is linked with and the
/// `libc` crate do not agree on the size of a second, and std alone gets it right.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    /// Milliseconds from boot to the start.
    started_ms: u64,
    /// The wall time at which the router booted, by the first reading.
    booted_s: u32,
    trusted: bool,
    /// The time zone, as it was read last.
    zone: String,
    /// When it is read again.
    zone_ms: u64,
    /// It was told that the clock was never seen to be set.
    told: bool,
}

impl Clock {
    /// A clock that has not seen the wall time being set; `written_s` is when the journal was
    /// written last, by the wall clock of then.
    pub fn new(written_s: Option<u32>) -> Self {
        let (started, started_ms) = (Instant::now(), uptime_ms());
        let booted_s = booted_s(started_ms, unix_s());
        let trusted = written_s.is_some_and(|written_s| booted_s > written_s.saturating_add(STEP_S));
        Self { started, started_ms, booted_s, trusted, zone: zone_text(), zone_ms: 0, told: false }
    }

    /// The time now.
    pub fn now(&mut self) -> Now {
        let run = self.started.elapsed();
        let run_ms = run.as_secs() * 1000 + u64::from(run.subsec_millis());
        self.notice(self.started_ms + run_ms, unix_s())
    }

    /// The time zone, if it is another than before; read once a minute at most.
    pub fn new_zone(&mut self, now: Now) -> Option<Zone> {
        if now.boot_ms < self.zone_ms {
            return None;
        }
        self.zone_ms = now.boot_ms + ZONE_LOOK_MS;
        let text = zone_text();
        (text != self.zone).then(|| {
            log::info!("the time zone is {} now", Quoted(&text));
            self.zone = text;
            parse_zone(&self.zone)
        })
    }

    fn notice(&mut self, boot_ms: u64, unix_s: u32) -> Now {
        let booted_s = booted_s(boot_ms, unix_s);
        if !self.trusted && booted_s.abs_diff(self.booted_s) > STEP_S {
            log::info!("the clock was set; it is {} now", rfc3339(unix_s));
            self.trusted = true;
        }
        let now = Now { boot_ms, unix_s, trusted: self.trusted };
        if now.is_dated() && !self.trusted && !self.told {
            log::info!("the clock was not seen being set, and counts as it stands: {}", rfc3339(unix_s));
            self.told = true;
        }
        now
    }
}

/// The wall time in Unix seconds.
pub fn unix_s() -> u32 {
    // A wall clock before 1970 is as wrong as one at 1970.
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since_1970.as_secs()).unwrap_or(u32::MAX)
}

/// The router's time zone: that of the variable `TZ`, or that of the system; UTC if there is none.
pub fn zone() -> Zone {
    parse_zone(&zone_text())
}

fn zone_text() -> String {
    let text = std::env::var("TZ").ok().filter(|text| !text.is_empty());
    let text = text.or_else(|| fs::read_to_string("/etc/TZ").ok()).unwrap_or_default();
    text.trim().into()
}

fn parse_zone(text: &str) -> Zone {
    Zone::parse(text).unwrap_or_else(|| {
        if !text.is_empty() {
            log::warn!("the time zone {} is not understood; quiet hours are in UTC", Quoted(text));
        }
        Zone::default()
    })
}

/// Milliseconds since boot, to the hundredth of a second. Without a `/proc` there is no boot id
/// either, so nothing is compared with it beyond this run.
fn uptime_ms() -> u64 {
    fs::read_to_string("/proc/uptime").ok().and_then(|text| parse_uptime(&text)).unwrap_or(0)
}

fn parse_uptime(text: &str) -> Option<u64> {
    let (seconds, rest) = text.split_once('.')?;
    let hundredths: u64 = rest.get(..2)?.parse().ok()?;
    Some(seconds.parse::<u64>().ok()? * 1000 + hundredths * 10)
}

fn booted_s(boot_ms: u64, unix_s: u32) -> u32 {
    unix_s.saturating_sub((boot_ms / 1000) as u32)
}

/// The kernel's id of this boot; where there is none, one made up: then no other run of the
/// daemon seems to have been in the same boot, which is the careful error.
pub fn boot_id() -> BootId {
    let read = fs::read_to_string("/proc/sys/kernel/random/boot_id");
    read.and_then(|text| parse(&text).ok_or_else(|| io::ErrorKind::InvalidData.into())).unwrap_or_else(
        |error| {
            log::warn!(
                "/proc/sys/kernel/random/boot_id cannot be read ({error}); every start counts as a boot"
            );
            let mut id = [0; 16];
            id[..8].copy_from_slice(&random().to_be_bytes());
            id[8..].copy_from_slice(&random().to_be_bytes());
            BootId(id)
        },
    )
}

/// A UUID in its usual form.
fn parse(text: &str) -> Option<BootId> {
    let digits = text.trim().replace('-', "");
    let plain = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let number = u128::from_str_radix(&digits, 16).ok().filter(|_| plain)?;
    Some(BootId(number.to_be_bytes()))
}

/// A number that no other run of the daemon has; not for secrets.
pub fn random() -> u64 {
    RandomState::new().hash_one(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_ahead_of_the_journal_at_boot_is_trusted() {
        let booted_s = Clock::new(None).booted_s;
        assert!(Clock::new(Some(booted_s - STEP_S - 5)).trusted);
        assert!(!Clock::new(Some(booted_s)).trusted, "it may be the journal's own time");
        assert!(!Clock::new(Some(booted_s + 3_600)).trusted, "written in this boot");
    }

    #[test]
    fn the_time_since_boot_never_goes_back() {
        let mut clock = Clock::new(None);
        let first = clock.now();
        let second = clock.now();
        assert!(first.boot_ms > 0 && second.boot_ms >= first.boot_ms);
        assert!(first.unix_s > 1_700_000_000);
        assert!(!second.trusted);
    }

    #[test]
    fn the_uptime_is_read_to_the_hundredth() {
        assert_eq!(parse_uptime("12345.67 54321.00\n"), Some(12_345_670));
        assert_eq!(parse_uptime("0.05 0.00\n"), Some(50));
        for text in ["", "12", "12.3", "x.00", "-1.00 0"] {
            assert_eq!(parse_uptime(text), None, "{text}");
        }
    }

    #[test]
    fn the_wall_clock_is_trusted_once_it_was_set() {
        let mut clock = Clock { booted_s: 1_000, ..Clock::new(None) };
        assert!(!clock.notice(5_000, 1_005).trusted);
        assert!(!clock.notice(60_000, 1_069).trusted, "drift is no step");
        assert!(clock.notice(61_000, 1_795_330_800).trusted);
        assert!(clock.notice(62_000, 1_795_330_801).trusted, "and stays so");
    }

    #[test]
    fn a_clock_that_was_set_back_was_set() {
        let mut clock = Clock { booted_s: 1_795_330_800, ..Clock::new(None) };
        assert!(clock.notice(5_000, 1_000).trusted);
    }

    #[test]
    fn another_time_zone_is_seen_once_and_looked_for_once_a_minute() {
        let mut clock = Clock { zone: "<+14>-14".into(), ..Clock::new(None) };
        let at = |boot_ms| Now { boot_ms, unix_s: 1_000, trusted: true };
        assert_eq!(clock.new_zone(at(5_000)), Some(zone()));
        clock.zone = "<+14>-14".into();
        assert_eq!(clock.new_zone(at(64_999)), None);
        assert_eq!(clock.new_zone(at(65_000)), Some(zone()));
        assert_eq!(clock.new_zone(at(200_000)), None);
    }

    #[test]
    fn a_boot_id_is_a_uuid() {
        assert_eq!(
            parse("00112233-4455-6677-8899-aabbccddeeff\n"),
            Some(BootId([
                0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff
            ]))
        );
        assert_eq!(parse("0011"), None);
        assert_eq!(parse("+0112233-4455-6677-8899-aabbccddeeff"), None);
        assert_eq!(boot_id(), boot_id());
    }
}
