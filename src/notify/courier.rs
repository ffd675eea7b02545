//! A webhook's way through the events: which one goes next and when, and what is made of the
//! receiver's answer. It knows neither clock nor network; what an event says is not its business.

use crate::journal::Seq;

/// The pause after the first try of an event that failed; each one after that is twice as long, …
pub const FIRST_PAUSE_MS: u64 = 10_000;

/// … up to this.
pub const MAX_PAUSE_MS: u64 = 3_600_000;

/// An event is given up after it has been tried for so long: a weekend.
pub const GIVE_UP_MS: u64 = 2 * 24 * 3_600_000;

/// So many events that are not for the webhook are passed over before that is written down. It has
/// to be less than the fewest events that are kept: after a restart none of them is missed.
pub const SKIP_NOTE: Seq = 64;

/// A webhook's place among the events, and its try under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Courier {
    /// The last event that it is done with.
    done: Seq,
    /// The one that is written down.
    noted: Seq,
    /// Until when the event behind `done` is tried, once it was.
    give_up_ms: Option<u64>,
    /// For how long it had been before the daemon's start.
    tried_ms: u64,
    /// The pause after the next failure.
    pause_ms: u64,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It looks for the next event that is for it.
    Looking,
    /// A request with the event is under way.
    Posting(Seq),
    /// The event failed, and is tried again from then on.
    Paused(u64),
}

/// What an answer comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The event was taken; `after` says that it had failed before.
    Taken {
        /// The event.
        seq: Seq,
        /// Whether it had failed before.
        again: bool,
    },
    /// It was not, and is tried again.
    Again {
        /// The event before it.
        done: Seq,
        /// For how long it has been tried by now.
        tried_s: u32,
        /// How soon it is tried again.
        pause_s: u32,
        /// Whether this was the first time.
        first: bool,
    },
    /// It was not, and is not tried any more.
    Dropped(Seq),
}

impl Courier {
    /// A webhook that is done with the events up to `seq`, and has tried the next one for
    /// `tried_s` seconds.
    pub fn new(seq: Seq, tried_s: u32) -> Self {
        Self {
            done: seq,
            noted: seq,
            give_up_ms: None,
            tried_ms: u64::from(tried_s) * 1000,
            pause_ms: FIRST_PAUSE_MS,
            phase: Phase::Looking,
        }
    }

    /// Behind which event it looks for the next one; `None` while it has to wait.
    pub fn wants(&self, now_ms: u64) -> Option<Seq> {
        match self.phase {
            Phase::Looking => Some(self.done),
            Phase::Paused(until_ms) if until_ms <= now_ms => Some(self.done),
            Phase::Posting(_) | Phase::Paused(_) => None,
        }
    }

    /// All events up to `seq` are not for it. Gives the place to be written down, if it is time.
    pub fn skipped(&mut self, seq: Seq) -> Option<Seq> {
        self.settle(seq);
        let due = seq.saturating_sub(self.noted) >= SKIP_NOTE;
        due.then(|| {
            self.noted = seq;
            seq
        })
    }

    /// A request with the event goes out.
    pub fn posting(&mut self, now_ms: u64, seq: Seq) {
        // What was tried for a while before the start is the event behind the place written down.
        if seq != self.done + 1 {
            self.settle(seq - 1);
        }
        let tried_ms = core::mem::take(&mut self.tried_ms);
        self.give_up_ms.get_or_insert((now_ms + GIVE_UP_MS).saturating_sub(tried_ms));
        self.phase = Phase::Posting(seq);
    }

    /// The request's end; `None` if there is none under way.
    pub fn answered(&mut self, now_ms: u64, taken: bool) -> Option<Outcome> {
        let Phase::Posting(seq) = self.phase else { return None };
        let give_up_ms = self.give_up_ms.unwrap_or(now_ms);
        let first = self.pause_ms == FIRST_PAUSE_MS;
        if taken || give_up_ms <= now_ms {
            self.settle(seq);
            self.noted = seq;
            return Some(if taken { Outcome::Taken { seq, again: !first } } else { Outcome::Dropped(seq) });
        }
        // The last try is at the very end.
        let until_ms = (now_ms + self.pause_ms).min(give_up_ms);
        self.pause_ms = (self.pause_ms * 2).min(MAX_PAUSE_MS);
        self.phase = Phase::Paused(until_ms);
        self.noted = self.done;
        let seconds = |ms: u64| u32::try_from(ms / 1000).unwrap_or(u32::MAX);
        Some(Outcome::Again {
            done: self.done,
            tried_s: seconds(GIVE_UP_MS.saturating_sub(give_up_ms - now_ms)),
            pause_s: seconds(until_ms - now_ms),
            first,
        })
    }

    /// The receiver may have changed: what was under way does not count, and what waits goes at
    /// once.
    pub fn anew(&mut self) {
        self.phase = Phase::Looking;
        self.pause_ms = FIRST_PAUSE_MS;
    }

    /// When it has something to do by itself, in milliseconds since boot.
    pub fn next_wake(&self) -> Option<u64> {
        match self.phase {
            Phase::Paused(until_ms) => Some(until_ms),
            Phase::Looking | Phase::Posting(_) => None,
        }
    }

    /// It is done with `seq`, and has not tried the next one.
    fn settle(&mut self, seq: Seq) {
        (self.done, self.give_up_ms, self.tried_ms) = (seq, None, 0);
        (self.pause_ms, self.phase) = (FIRST_PAUSE_MS, Phase::Looking);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 3_600_000;

    /// Fails until the event is dropped; gives the times of the tries, and the event.
    fn fail(courier: &mut Courier, mut now_ms: u64, seq: Seq) -> (Vec<u64>, Seq) {
        let mut tries = Vec::new();
        loop {
            assert_eq!(courier.wants(now_ms), Some(seq - 1));
            courier.posting(now_ms, seq);
            assert_eq!(courier.wants(u64::MAX), None, "one at a time");
            tries.push(now_ms);
            match courier.answered(now_ms, false).unwrap() {
                Outcome::Dropped(seq) => return (tries, seq),
                Outcome::Again { .. } => {}
                taken @ Outcome::Taken { .. } => panic!("{taken:?}"),
            }
            let wake_ms = courier.next_wake().unwrap();
            assert_eq!(courier.wants(wake_ms - 1), None);
            now_ms = wake_ms;
        }
    }

    #[test]
    fn an_event_is_tried_for_two_days_with_growing_pauses_and_then_dropped() {
        let mut courier = Courier::new(6, 0);
        let (tries, seq) = fail(&mut courier, 5_000, 7);
        assert_eq!(seq, 7);
        let pauses: Vec<u64> = tries.windows(2).map(|pair| (pair[1] - pair[0]) / 1000).collect();
        assert_eq!(pauses[..11], [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
        assert!(pauses[10..pauses.len() - 1].iter().all(|&s| s == 3600));
        assert_eq!(tries.last().unwrap() - tries[0], 48 * HOUR_MS);
        // The next one begins anew.
        assert_eq!(courier.wants(tries[0] + 48 * HOUR_MS), Some(7));
        assert_eq!(courier.next_wake(), None);
        let (again, _) = fail(&mut courier, 300 * HOUR_MS, 8);
        assert_eq!(again.len(), tries.len());
    }

    #[test]
    fn a_restart_does_not_give_an_event_two_more_days() {
        let mut courier = Courier::new(6, 0);
        courier.posting(0, 7);
        courier.answered(0, false);
        courier.posting(47 * HOUR_MS, 7);
        let Some(Outcome::Again { done, tried_s, .. }) = courier.answered(47 * HOUR_MS, false) else {
            panic!()
        };
        assert_eq!((done, tried_s), (6, 47 * 3600));
        // Soon after a boot, and sooner than it was tried before that.
        let (tries, _) = fail(&mut Courier::new(done, tried_s), 1_000, 7);
        assert_eq!((tries[0], *tries.last().unwrap()), (1_000, 1_000 + HOUR_MS));
        // Another event is another matter.
        let (tries, _) = fail(&mut { Courier::new(done, tried_s) }.after_skipping(7), 1_000, 8);
        assert_eq!(tries.last().unwrap() - tries[0], 48 * HOUR_MS);
        let mut late = Courier::new(6, u32::MAX);
        late.posting(1_000, 7);
        assert_eq!(late.answered(1_000, false), Some(Outcome::Dropped(7)));
    }

    impl Courier {
        fn after_skipping(mut self, seq: Seq) -> Self {
            self.skipped(seq);
            self
        }
    }

    #[test]
    fn what_is_taken_is_followed_by_the_next_at_once() {
        let mut courier = Courier::new(0, 0);
        for seq in 1..5 {
            courier.posting(7, seq);
            assert_eq!(courier.answered(7, true), Some(Outcome::Taken { seq, again: false }));
            assert_eq!(courier.wants(7), Some(seq));
        }
        courier.posting(7, 5);
        let again = Outcome::Again { done: 4, tried_s: 0, pause_s: 10, first: true };
        assert_eq!(courier.answered(7, false), Some(again));
        courier.posting(10_007, 5);
        let again = Outcome::Again { done: 4, tried_s: 10, pause_s: 20, first: false };
        assert_eq!(courier.answered(10_007, false), Some(again));
        courier.posting(40_000, 5);
        assert_eq!(courier.answered(40_000, true), Some(Outcome::Taken { seq: 5, again: true }));
    }

    #[test]
    fn an_answer_that_nobody_waits_for_changes_nothing() {
        let mut courier = Courier::new(3, 0);
        let before = courier.clone();
        assert_eq!(courier.answered(0, true), None);
        assert_eq!(courier, before);
    }

    #[test]
    fn numbers_that_name_no_event_do_not_matter() {
        let mut courier = Courier::new(3, 9);
        courier.posting(0, 20);
        let again = Outcome::Again { done: 19, tried_s: 0, pause_s: 10, first: true };
        assert_eq!(courier.answered(0, false), Some(again));
        assert_eq!(courier.wants(10_000), Some(19));
    }

    #[test]
    fn what_is_passed_over_is_written_down_now_and_then() {
        let mut courier = Courier::new(0, 0);
        let noted: Vec<Seq> = (1..=200).filter_map(|seq| courier.skipped(seq)).collect();
        assert_eq!(noted, [SKIP_NOTE, 2 * SKIP_NOTE, 3 * SKIP_NOTE]);
        courier.posting(0, 220);
        courier.answered(0, true);
        assert_eq!(courier.skipped(220 + SKIP_NOTE - 1), None);
        assert_eq!(courier.skipped(220 + SKIP_NOTE), Some(220 + SKIP_NOTE));
    }

    #[test]
    fn a_receiver_that_was_changed_is_tried_at_once() {
        let mut courier = Courier::new(0, 0);
        courier.posting(0, 1);
        courier.answered(0, false);
        assert_eq!(courier.wants(1), None);
        courier.anew();
        assert_eq!(courier.wants(1), Some(0));
        courier.posting(HOUR_MS, 1);
        let Some(Outcome::Again { tried_s, pause_s, .. }) = courier.answered(HOUR_MS, false) else {
            panic!()
        };
        assert_eq!((tried_s, pause_s), (3600, 10));
    }
}
