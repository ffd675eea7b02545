//! One time through all boots.
//!
//! Within a boot, ages are monotonic. Across boots they are counted by wall times that were
//! trusted on both sides, because a router without a battery begins each boot with the time of
//! its newest file. While this boot's wall clock is not trusted yet, nothing that came from an
//! earlier boot is sent or expired, for at most [`TRUST_WAIT_MS`]: a message that is ten hours
//! old must not go out if its ttl was four.

use crate::engine::Now;
use crate::journal::{BootId, Stamp, TRUST_WAIT_MS};
use crate::message::MessageId;

/// Where the timeline begins: so high that no age reaches below 0.
const BEGIN_MS: u64 = 1 << 48;

/// A moment at which the wall clock was trusted.
#[derive(Clone, Copy, Debug)]
struct Trusted {
    ms: u64,
    unix_s: u32,
    /// It was in the boot that the timeline is in now.
    this_boot: bool,
}

/// The time of the records, in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    now_ms: u64,
    boot: BootId,
    boot_ms: u64,
    trusted: Option<Trusted>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self { now_ms: BEGIN_MS, boot: BootId::default(), boot_ms: 0, trusted: None }
    }
}

impl Timeline {
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    pub fn boot(&self) -> BootId {
        self.boot
    }

    /// Goes on to the moment `at` in `boot`. Where the wall clock became trusted late, this
    /// jumps over the time that the router was off; gives how far.
    pub fn advance(&mut self, at: Stamp, boot: BootId) -> u64 {
        if boot != self.boot {
            // It was off for a time that is not known yet, and has been up for this.
            self.now_ms += at.boot_ms;
            (self.boot, self.boot_ms) = (boot, at.boot_ms);
            self.trusted = self.trusted.map(|t| Trusted { this_boot: false, ..t });
        } else if at.boot_ms < self.boot_ms {
            // A copy of an earlier record.
            return 0;
        } else {
            self.now_ms += at.boot_ms - self.boot_ms;
            self.boot_ms = at.boot_ms;
        }
        if !at.trusted {
            return 0;
        }
        let jump_ms = self.trusted.filter(|t| !t.this_boot).map_or(0, |t| {
            let by_wall_ms = t.ms + u64::from(at.unix_s.saturating_sub(t.unix_s)) * 1000;
            by_wall_ms.saturating_sub(self.now_ms)
        });
        self.now_ms += jump_ms;
        self.trusted = Some(Trusted { ms: self.now_ms, unix_s: at.unix_s, this_boot: true });
        jump_ms
    }

    /// A moment of the timeline, in milliseconds since this boot; 0 for any before it.
    pub fn in_this_boot(&self, now: Now, ms: u64) -> u64 {
        (now.boot_ms + ms).saturating_sub(self.now_ms)
    }

    /// What is to be waited for after the timeline went on from `self` to `after`, which is now:
    /// messages up to `last_id` are from earlier boots.
    pub fn gap(&self, after: &Self, now: Now, last_id: MessageId) -> Option<Gap> {
        let trusted = after.trusted.filter(|t| !t.this_boot && last_id > 0)?;
        (now.boot_ms < TRUST_WAIT_MS).then_some(Gap {
            last_id,
            trusted_s: trusted.unix_s,
            counted_ms: (after.now_ms - trusted.ms).saturating_sub(now.boot_ms),
        })
    }
}

/// How long the router was off is not known before its wall clock is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Gap {
    /// The messages up to this one are from before it.
    pub last_id: MessageId,
    /// The last trusted wall time before it, Unix seconds.
    trusted_s: u32,
    /// What was counted from then to the end of that boot.
    counted_ms: u64,
}

impl Gap {
    /// How much older than counted everything from before is, now that the wall clock is
    /// trusted.
    pub fn off_ms(&self, now: Now) -> u64 {
        let passed_ms = u64::from(now.unix_s.saturating_sub(self.trusted_s)) * 1000;
        passed_ms.saturating_sub(self.counted_ms + now.boot_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: BootId = BootId([1; 16]);
    const B: BootId = BootId([2; 16]);

    fn stamp(boot_ms: u64, unix_s: u32, trusted: bool) -> Stamp {
        Stamp { unix_s, trusted, boot_ms }
    }

    #[test]
    fn within_a_boot_only_the_monotonic_clock_counts() {
        let mut time = Timeline::default();
        time.advance(stamp(1_000, 5_000, true), A);
        let start = time.now_ms();
        assert_eq!(time.advance(stamp(3_000, 900_000, true), A), 0, "the clock was set");
        assert_eq!(time.advance(stamp(4_000, 10, true), A), 0, "and back");
        assert_eq!(time.now_ms() - start, 3_000);
    }

    #[test]
    fn across_boots_the_time_off_is_counted_by_trusted_clocks() {
        let mut time = Timeline::default();
        time.advance(stamp(1_000, 5_000, true), A);
        let start = time.now_ms();
        // Up for 60 s, and 1000 s later by the wall.
        assert_eq!(time.advance(stamp(60_000, 6_000, true), B), 1_000_000 - 60_000);
        assert_eq!(time.now_ms() - start, 1_000_000);
    }

    #[test]
    fn a_clock_that_becomes_trusted_late_jumps_then() {
        let mut time = Timeline::default();
        time.advance(stamp(1_000, 5_000, true), A);
        assert_eq!(time.advance(stamp(60_000, 5_001, false), B), 0);
        assert_eq!(time.advance(stamp(90_000, 6_000, true), B), 1_000_000 - 90_000);
        assert_eq!(time.advance(stamp(91_000, 6_001, true), B), 0, "only once");
    }

    #[test]
    fn without_trust_only_the_time_up_is_counted() {
        let mut time = Timeline::default();
        time.advance(stamp(1_000, 5_000, false), A);
        let start = time.now_ms();
        time.advance(stamp(60_000, 999_999, true), B);
        assert_eq!(time.now_ms() - start, 60_000);
    }

    #[test]
    fn a_gap_is_closed_by_the_first_trusted_time() {
        let mut time = Timeline::default();
        time.advance(stamp(1_000, 5_000, true), A);
        time.advance(stamp(11_000, 5_010, false), A);
        let before = time.clone();
        let now = Now { boot_ms: 30_000, unix_s: 5_010, trusted: false };
        time.advance(now.stamp(), B);
        let gap = before.gap(&time, now, 7).unwrap();
        // 10 s were counted in the old boot, 100 s now; by the wall it is 1000 s.
        assert_eq!(gap.off_ms(Now { boot_ms: 100_000, unix_s: 6_000, trusted: true }), 890_000);
        assert_eq!(gap.off_ms(Now { boot_ms: 100_000, unix_s: 5_000, trusted: true }), 0);
        let late = Now { boot_ms: TRUST_WAIT_MS, ..now };
        assert_eq!(before.gap(&time, late, 7), None, "it was waited for long enough");
    }
}
