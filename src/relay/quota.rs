//! How much a client may send: in a minute, and in a day.

use crate::engine::Now;

/// One message, in the unit that credit is counted in: what one message a minute earns in a
/// millisecond.
const MESSAGE: u32 = 60_000;

const MINUTE_MS: u64 = 60_000;

const DAY_S: u32 = 86_400;

const DAY_MS: u64 = DAY_S as u64 * 1000;

/// Messages a minute: credit for so many at most, earned evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// 1 to 10000, so that two minutes' credit fits into 32 bits.
    per_min: u32,
    /// In parts of a [`MESSAGE`], as it was at `at_ms`.
    credit: u32,
    at_ms: u64,
}

impl Rate {
    /// A rate of 1 to 10000 messages a minute, with credit for all of them.
    pub fn new(per_min: u32) -> Self {
        let per_min = per_min.clamp(1, 10_000);
        Self { per_min, credit: per_min * MESSAGE, at_ms: 0 }
    }

    /// The same with another limit: a changed configuration gives no credit.
    #[must_use]
    pub fn with_limit(self, per_min: u32) -> Self {
        let new = Self::new(per_min);
        Self { credit: self.credit.min(new.credit), at_ms: self.at_ms, ..new }
    }

    /// Whether there is credit for `count` messages, at most 100.
    ///
    /// # Errors
    /// In how many seconds there will be, rounded up.
    pub fn check(&mut self, now_ms: u64, count: u32) -> Result<(), u32> {
        // Nothing is earned beyond a minute, so more time than that makes no difference.
        let earning_ms = now_ms.saturating_sub(self.at_ms).min(MINUTE_MS) as u32;
        self.credit = (self.credit + earning_ms * self.per_min).min(self.per_min * MESSAGE);
        self.at_ms = now_ms;
        match (MESSAGE * count).checked_sub(self.credit) {
            None | Some(0) => Ok(()),
            Some(lacking) => Err(lacking.div_ceil(self.per_min).div_ceil(1000)),
        }
    }

    /// Takes the credit of `count` messages.
    ///
    /// # Errors
    /// As [`Self::check`]; then nothing is taken.
    pub fn take(&mut self, now_ms: u64, count: u32) -> Result<(), u32> {
        self.check(now_ms, count)?;
        self.credit -= MESSAGE * count;
        Ok(())
    }
}

/// How many messages were sent in a day, for somebody who keeps it over a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// The day by UTC, in days since 1970; `None`: the time was never known.
    pub day: Option<u32>,
    /// The messages.
    pub messages: u32,
}

/// Messages a day: of UTC when the time is trusted, of 24 h since boot or since the last such day
/// otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Daily {
    limit: u32,
    count: Count,
    /// Those of `count` of which nobody knows yet to which day they belong.
    undated: u32,
    /// When the untrusted day began, in milliseconds since boot.
    began_ms: Option<u64>,
}

impl Daily {
    /// A limit of so many messages, none of them sent.
    pub const fn new(limit: u32) -> Self {
        Self { limit, count: Count { day: None, messages: 0 }, undated: 0, began_ms: None }
    }

    /// The same with another limit: a changed configuration forgets no message.
    #[must_use]
    pub const fn with_limit(self, limit: u32) -> Self {
        Self { limit, ..self }
    }

    /// Begins with what was counted before a restart.
    pub const fn restore(&mut self, count: Count) {
        self.count = count;
    }

    /// What is to be kept over a restart.
    pub const fn count(&self) -> Count {
        self.count
    }

    /// Whether there is room for `count` messages.
    ///
    /// # Errors
    /// In how many seconds the next day begins, rounded up.
    pub fn check(&mut self, now: Now, count: u32) -> Result<(), u32> {
        self.begin_day(now);
        if self.count.messages.saturating_add(count) <= self.limit {
            return Ok(());
        }
        Err(match self.began_ms {
            None => DAY_S - now.unix_s % DAY_S,
            Some(began_ms) => (began_ms + DAY_MS).saturating_sub(now.boot_ms).div_ceil(1000) as u32,
        })
    }

    /// Counts `count` messages.
    ///
    /// # Errors
    /// As [`Self::check`]; then it is not counted.
    pub fn take(&mut self, now: Now, count: u32) -> Result<(), u32> {
        self.check(now, count)?;
        self.count.messages += count;
        self.undated += if now.trusted { 0 } else { count };
        Ok(())
    }

    /// Begins a new day if it is one.
    fn begin_day(&mut self, now: Now) {
        if now.trusted {
            let today = now.unix_s / DAY_S;
            // Messages without a day count for the one on which the time becomes known.
            if self.count.day.is_some_and(|day| day != today) {
                self.count.messages = self.undated;
            }
            self.count.day = Some(today);
            (self.undated, self.began_ms) = (0, None);
            return;
        }
        let began_ms = *self.began_ms.get_or_insert(now.boot_ms);
        if now.boot_ms.saturating_sub(began_ms) >= DAY_MS {
            *self = Self { began_ms: Some(now.boot_ms), ..Self::new(self.limit) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_gives_a_burst_and_then_one_after_the_other() {
        let mut rate = Rate::new(3);
        let steps = [
            // A minute's messages at once; then one in 20 s.
            (1_000, Ok(())),
            (1_000, Ok(())),
            (1_000, Ok(())),
            (1_000, Err(20)),
            (1_001, Err(20)),
            (20_999, Err(1)),
            (21_000, Ok(())),
            (21_000, Err(20)),
            // What was not used is kept for a minute, not longer.
            (1_000_000, Ok(())),
            (1_000_000, Ok(())),
            (1_000_000, Ok(())),
            (1_000_000, Err(20)),
        ];
        for (now_ms, expected) in steps {
            assert_eq!(rate.check(now_ms, 1), expected, "{now_ms}");
            assert_eq!(rate.take(now_ms, 1), expected, "{now_ms}");
        }
    }

    #[test]
    fn a_rate_holds_however_often_it_is_asked() {
        for per_min in [1, 7, 60, 10_000] {
            let mut rate = Rate::new(per_min);
            let taken = (0..600_000).filter(|now_ms| rate.take(*now_ms, 1).is_ok()).count();
            assert_eq!(taken as u32, per_min * 11 - 1, "{per_min}");
        }
    }

    #[test]
    fn the_highest_rate_fits_its_counter() {
        let mut rate = Rate::new(10_000);
        assert_eq!(rate.take(u64::MAX, 1), Ok(()));
        assert_eq!(Rate::new(0), Rate::new(1));
        assert_eq!(Rate::new(u32::MAX), Rate::new(10_000));
    }

    #[test]
    fn another_limit_gives_no_credit() {
        let mut rate = Rate::new(2);
        assert_eq!((rate.take(0, 1), rate.take(0, 1)), (Ok(()), Ok(())));
        assert_eq!(rate.with_limit(60).check(0, 1), Err(1));
        assert_eq!(Rate::new(60).with_limit(1), Rate::new(1));
    }

    const fn trusted(unix_s: u32) -> Now {
        Now { boot_ms: 5_000, unix_s, trusted: true }
    }

    const fn untrusted(boot_ms: u64) -> Now {
        Now { boot_ms, unix_s: 0, trusted: false }
    }

    #[test]
    fn a_day_ends_at_midnight_utc() {
        let mut daily = Daily::new(2);
        let noon = 20_000 * DAY_S + DAY_S / 2;
        assert_eq!(daily.take(trusted(noon), 1), Ok(()));
        assert_eq!(daily.take(trusted(noon + 1), 1), Ok(()));
        assert_eq!(daily.take(trusted(noon + 2), 1), Err(DAY_S / 2 - 2));
        assert_eq!(daily.take(trusted(20_001 * DAY_S - 1), 1), Err(1));
        assert_eq!(daily.count(), Count { day: Some(20_000), messages: 2 });
        assert_eq!(daily.take(trusted(20_001 * DAY_S), 1), Ok(()));
        assert_eq!(daily.count(), Count { day: Some(20_001), messages: 1 });
    }

    #[test]
    fn without_the_time_a_day_has_24_hours() {
        let mut daily = Daily::new(1);
        assert_eq!(daily.take(untrusted(7_000), 1), Ok(()));
        assert_eq!(daily.take(untrusted(7_001), 1), Err(DAY_S));
        assert_eq!(daily.take(untrusted(7_000 + DAY_MS - 1), 1), Err(1));
        assert_eq!(daily.take(untrusted(7_000 + DAY_MS), 1), Ok(()));
        assert_eq!(daily.take(untrusted(7_000 + DAY_MS), 1), Err(DAY_S));
        assert_eq!(daily.count(), Count { day: None, messages: 1 });
    }

    #[test]
    fn a_restart_forgets_nothing_of_its_day() {
        let kept = Count { day: Some(20_000), messages: 9 };
        let restored = || {
            let mut daily = Daily::new(10);
            daily.restore(kept);
            daily
        };
        let today = trusted(20_000 * DAY_S + 60);
        let mut daily = restored();
        assert_eq!(daily.take(today, 1), Ok(()));
        assert_eq!(daily.take(today, 1), Err(DAY_S - 60));

        // On the next day it counts from the beginning.
        let tomorrow = trusted(20_001 * DAY_S);
        assert_eq!((restored().take(tomorrow, 1), restored().count()), (Ok(()), kept));

        // As long as the day is not known, it may be the same.
        let mut daily = restored();
        assert_eq!(daily.take(untrusted(1), 1), Ok(()));
        assert_eq!(daily.take(untrusted(2), 1), Err(DAY_S));
        // When it is another, those of this boot are of it.
        let mut other = daily;
        assert_eq!(other.check(tomorrow, 1), Ok(()));
        assert_eq!(other.count(), Count { day: Some(20_001), messages: 1 });
        assert_eq!(daily.check(today, 1), Err(DAY_S - 60));
    }

    #[test]
    fn messages_from_before_the_clock_was_set_count_for_the_day_it_shows() {
        let mut daily = Daily::new(2);
        assert_eq!(daily.take(untrusted(1), 1), Ok(()));
        assert_eq!(daily.take(trusted(20_000 * DAY_S), 1), Ok(()));
        assert_eq!(daily.take(trusted(20_000 * DAY_S), 1), Err(DAY_S));
        assert_eq!(daily.count(), Count { day: Some(20_000), messages: 2 });
    }

    #[test]
    fn another_limit_forgets_no_message() {
        let mut daily = Daily::new(5);
        (0..3).for_each(|_| assert_eq!(daily.take(trusted(0), 1), Ok(())));
        assert_eq!(daily.with_limit(3).check(trusted(0), 1), Err(DAY_S));
        assert_eq!(daily.with_limit(4).check(trusted(0), 1), Ok(()));
    }
}
