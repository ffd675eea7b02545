//! What helps a box that does not answer, or whose lines are all logged out.

/// What counts as a day, in milliseconds of running time.
const DAY_MS: u64 = 86_400_000;

/// The most helps in a day that an option can allow.
const MAX_A_DAY: usize = 24;

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
    /// When it helped in the last 24 hours, oldest first.
    helps: heapless::Vec<u64, MAX_A_DAY>,
    /// It has helped since the start.
    has_helped: bool,
    /// It was told that it may not help any more now.
    told: bool,
}

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Help {
    /// The modules of all its lines, off and on.
    Modules,
    /// A new start of the box.
    Reboot,
    /// Nothing, because too much was tried in the last 24 hours. It is said once.
    Spent,
}

impl Dog {
    /// One that helps after `after_ms`.
    pub fn new(after_ms: u64, a_day: u8) -> Self {
        Self {
            after_ms,
            a_day,
            sick_ms: None,
            last: None,
            well_ms: None,
            helps: heapless::Vec::new(),
            has_helped: false,
            told: false,
        }
    }

    /// It helped so often before the start, and so long ago for the last time. Nothing once it has
    /// helped since.
    pub fn restore(&mut self, now_ms: u64, ago_ms: u64, count: i32) {
        if self.has_helped {
            return;
        }
        self.helps.clear();
        // All count from the last one on, and that from the boot on: so less is done.
        let last_ms = now_ms.saturating_sub(ago_ms);
        let count = if ago_ms < DAY_MS { usize::try_from(count).unwrap_or(0) } else { 0 };
        let _ = self.helps.resize(count.min(MAX_A_DAY), last_ms);
    }

    /// How often it has helped in the last 24 hours.
    pub fn count(&self, now_ms: u64) -> u8 {
        self.helps.iter().filter(|ms| now_ms < **ms + DAY_MS).count() as u8
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
        while self.helps.first().is_some_and(|ms| now_ms >= ms + DAY_MS) {
            self.helps.remove(0);
            self.told = false;
        }
        if self.helps.len() >= usize::from(self.a_day) || self.helps.push(now_ms).is_err() {
            return (!core::mem::replace(&mut self.told, true)).then_some(Help::Spent);
        }
        self.has_helped = true;
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
        let done = helps(&mut dog, 120, 24 * 60, true);
        let again = [1450, 1460, 1470].map(|minute| (minute, Help::Reboot));
        assert_eq!((&done[..3], &done[3..]), (&again[..], &[(1480, Help::Spent)][..]), "in any 24 hours");
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
        assert_eq!((dog.count(54 * MIN), dog.count(24 * 60 * MIN + 25 * MIN)), (3, 2));
    }

    #[test]
    fn what_was_done_before_a_restart_counts() {
        let mut dog = Dog::new(10 * MIN, 3);
        dog.restore(0, 60 * MIN, 3);
        assert_eq!(helps(&mut dog, 0, 30, true), [(10, Help::Spent)]);
        let mut dog = Dog::new(10 * MIN, 3);
        dog.restore(0, DAY_MS, 3);
        assert_eq!(helps(&mut dog, 0, 15, true), [(10, Help::Modules)]);
        dog.restore(16 * MIN, 0, 3);
        assert_eq!(dog.count(16 * MIN), 1, "it has helped since");
    }
}
