//! What helps a box that does not answer, or whose lines are all logged out.

/// What counts as a day, in milliseconds of running time.
const DAY_MS: u64 = 86_400_000;

/// One box's watchdog.
#[derive(Debug)]
pub struct Dog {
    /// After how long it helps, in milliseconds.
    after_ms: u64,
    /// How often in a day at most.
    a_day: u8,
    /// Since when the box is sick, and what was tried last.
    sick_ms: Option<u64>,
    last: Option<Help>,
    /// Since when it is well after it was sick: what was tried last may have helped for a moment only.
    well_ms: Option<u64>,
    /// When the day began in which it helped so often.
    day_ms: u64,
    count: u8,
    /// It was told that it may not help any more on this day.
    told: bool,
}

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Help {
    /// The modules of all its lines, off and on.
    Modules,
    /// A new start of the box.
    Reboot,
    /// Nothing, because too much was tried today. It is said once a day.
    Spent,
}

impl Dog {
    /// One that helps after `after_ms`.
    pub fn new(after_ms: u64, a_day: u8) -> Self {
        Self { after_ms, a_day, sick_ms: None, last: None, well_ms: None, day_ms: 0, count: 0, told: false }
    }

    /// The day of its helps began so long ago, with so many since.
    pub fn restore(&mut self, now_ms: u64, ago_ms: u64, count: i32) {
        // A time before this boot is 0: the day ends later then, so that less is done.
        self.day_ms = now_ms.saturating_sub(ago_ms);
        self.count = if ago_ms < DAY_MS { u8::try_from(count).unwrap_or(u8::MAX) } else { 0 };
    }

    /// How often it has helped since its day began.
    pub fn count(&self) -> u8 {
        self.count
    }

    /// How the box is now: whether it is sick, and whether its modules can be reached. Says what is
    /// to be tried.
    pub fn look(&mut self, now_ms: u64, sick: bool, answers: bool) -> Option<Help> {
        if !sick {
            let well_ms = *self.well_ms.get_or_insert(now_ms);
            self.sick_ms = None;
            self.last = self.last.filter(|_| now_ms < well_ms + self.after_ms);
            return None;
        }
        self.well_ms = None;
        let since_ms = *self.sick_ms.get_or_insert(now_ms);
        if now_ms < since_ms + self.after_ms {
            return None;
        }
        // Whatever is tried gets as long to work.
        self.sick_ms = Some(now_ms);
        if now_ms >= self.day_ms + DAY_MS {
            (self.count, self.told) = (0, false);
        }
        if self.count >= self.a_day {
            return (!core::mem::replace(&mut self.told, true)).then_some(Help::Spent);
        }
        if self.count == 0 {
            self.day_ms = now_ms;
        }
        self.count += 1;
        let help = if answers && self.last.is_none() { Help::Modules } else { Help::Reboot };
        self.last = Some(help);
        Some(help)
    }

    /// When it looks again, while the box is sick.
    pub fn due_ms(&self) -> Option<u64> {
        self.sick_ms.map(|ms| ms + self.after_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: u64 = 60_000;

    /// What it does in so many minutes from `from` on, looked at each minute.
    fn helps(dog: &mut Dog, from: u64, minutes: u64, answers: bool) -> Vec<(u64, Help)> {
        let looks = (from..from + minutes).filter_map(|m| Some((m, dog.look(m * MIN, true, answers)?)));
        looks.collect()
    }

    #[test]
    fn modules_first_then_the_box_and_no_more_than_allowed() {
        let mut dog = Dog::new(10 * MIN, 3);
        let done = helps(&mut dog, 0, 120, true);
        assert_eq!(done, [(10, Help::Modules), (20, Help::Reboot), (30, Help::Reboot), (40, Help::Spent)]);
        assert_eq!(helps(&mut dog, 120, 24 * 60, true)[..1], [(1450, Help::Reboot)]);
    }

    #[test]
    fn a_box_that_does_not_answer_is_started_anew_at_once() {
        let mut dog = Dog::new(10 * MIN, 3);
        assert_eq!(helps(&mut dog, 0, 15, false), [(10, Help::Reboot)]);
    }

    #[test]
    fn whoever_is_well_in_between_begins_anew() {
        let mut dog = Dog::new(10 * MIN, 3);
        assert_eq!(helps(&mut dog, 0, 9, true), []);
        assert_eq!(dog.look(9 * MIN, false, true), None);
        assert_eq!(dog.due_ms(), None);
        assert_eq!(helps(&mut dog, 10, 11, true), [(20, Help::Modules)]);
        assert_eq!(dog.look(21 * MIN, false, true), None);
        assert_eq!(helps(&mut dog, 22, 11, true), [(32, Help::Reboot)], "it has helped for a moment");
        for minute in [33, 43] {
            assert_eq!(dog.look(minute * MIN, false, true), None);
        }
        assert_eq!(helps(&mut dog, 44, 11, true), [(54, Help::Modules)]);
        assert_eq!(dog.count(), 3);
    }

    #[test]
    fn what_was_done_before_a_restart_counts() {
        let mut dog = Dog::new(10 * MIN, 3);
        dog.restore(0, 60 * MIN, 3);
        assert_eq!(helps(&mut dog, 0, 30, true), [(10, Help::Spent)]);
        let mut dog = Dog::new(10 * MIN, 3);
        dog.restore(0, DAY_MS, 3);
        assert_eq!(helps(&mut dog, 0, 15, true), [(10, Help::Modules)]);
    }
}
