//! How long a line's sends take, learned from status answers: ask little before the usual time,
//! often around it, seldom long after.
//!
//! A status answer never tells when a job ended, only that it had (`had_ended`) and, if an
//! earlier answer still said `STARTED`, that it had not yet. So each job leaves an interval in
//! which its end lies. Where the last intervals have a common part, the line is steady, and the
//! first look goes to the end of that part: one look a message, a few milliseconds late. Where
//! they have none, the times vary, and the looks begin at the earliest usual end.

/// The least time between two status requests to one box while a send is open: five a second.
pub const MIN_GAP_MS: u64 = 200;

/// The most time between two looks at a running job, however long it takes.
const MAX_GAP_MS: u64 = 5_000;

/// The first look on a line of which nothing is known: boxes are known to take 2 to 5 s.
const FIRST_GUESS_MS: u16 = 2_000;

/// Where the end of a steady line's jobs is known this closely, looking closer is not worth a
/// look that comes too early and costs a whole gap.
const CLOSE_MS: u16 = 32;

/// How many jobs are remembered: enough to tell steady from varying, few enough to follow a
/// line whose usual time changes.
const JOBS: usize = 12;

/// With fewer jobs than this, a time that came out long by chance would look like the rule.
const ENOUGH_JOBS: u8 = 4;

/// When one segment ended, in milliseconds after its start.
#[derive(Clone, Copy, Debug, Default)]
struct Interval {
    /// It had not ended yet; 0 if it was never seen running.
    running: u16,
    /// It had ended.
    had_ended: u16,
}

/// The usual time of one segment on one line.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    jobs: [Interval; JOBS],
    known: u8,
    next: u8,
    /// How many jobs in a row had ended at the first look.
    late_looks: u8,
}

impl Pace {
    /// Milliseconds after its start at which a job of `segments` segments is first asked for.
    pub fn first_look_ms(&self, segments: u8) -> u64 {
        (u64::from(self.first_look()) * u64::from(segments)).max(MIN_GAP_MS)
    }

    /// Milliseconds to the next look at a job that was still running `elapsed_ms` after its start.
    pub fn next_look_ms(&self, segments: u8, elapsed_ms: u64) -> u64 {
        let ends = || self.known_jobs().iter().map(|j| j.had_ended);
        let latest_ms = u64::from(ends().max().unwrap_or(FIRST_GUESS_MS)) * u64::from(segments);
        let range_ms = latest_ms - u64::from(ends().min().unwrap_or(0)) * u64::from(segments);
        let lateness_ms = elapsed_ms.saturating_sub(latest_ms);
        ((range_ms / 12).max(MIN_GAP_MS) + lateness_ms / 4).min(MAX_GAP_MS)
    }

    /// Learns from a job of `segments` segments that had ended `had_ended_ms` after its start
    /// and, if it was seen running, had not at `running_ms`.
    pub fn learn(&mut self, segments: u8, running_ms: Option<u64>, had_ended_ms: u64) {
        let each = |ms: u64| u16::try_from(ms / u64::from(segments.max(1))).unwrap_or(u16::MAX);
        self.late_looks = if running_ms.is_none() { self.late_looks.saturating_add(1) } else { 0 };
        self.jobs[usize::from(self.next)] =
            Interval { running: running_ms.map_or(0, each), had_ended: each(had_ended_ms) };
        self.next = (self.next + 1) % JOBS as u8;
        self.known = (self.known + 1).min(JOBS as u8);
    }

    fn known_jobs(&self) -> &[Interval] {
        &self.jobs[..usize::from(self.known)]
    }

    fn first_look(&self) -> u16 {
        let jobs = self.known_jobs();
        let Some(earliest_end) = jobs.iter().map(|j| j.had_ended).min() else { return FIRST_GUESS_MS };
        if self.known < ENOUGH_JOBS {
            return self.early_end().min(FIRST_GUESS_MS);
        }
        let latest_running = jobs.iter().map(|j| j.running).max().filter(|&ms| ms > 0);
        // The looks have only ever come late: feel for the true time below, ever more boldly.
        let below = (MIN_GAP_MS as u16) << (self.late_looks / 6).min(4);
        let from = latest_running.unwrap_or(earliest_end.saturating_sub(below));
        match earliest_end.checked_sub(from) {
            Some(1..=CLOSE_MS) => earliest_end,
            Some(range @ 1..) => from + range - range / 4,
            _ => self.early_end(),
        }
    }

    /// Where the times vary: before this, only the odd job ends.
    fn early_end(&self) -> u16 {
        let jobs = self.known_jobs();
        let ends = || jobs.iter().map(|j| j.had_ended);
        let range = ends().max().unwrap_or(0) - ends().min().unwrap_or(0);
        let unseen = (range / 6).max(MIN_GAP_MS as u16);
        let mut early = [u16::MAX; JOBS];
        for (early, job) in early.iter_mut().zip(jobs) {
            // Where only the end was seen, it came some part of the usual range earlier.
            let seen = job.running > 0;
            let from =
                if seen { job.running.min(job.had_ended) } else { job.had_ended.saturating_sub(unseen) };
            *early = from + (job.had_ended - from) / 2;
        }
        early.sort_unstable();
        early[usize::from(self.known) / 8]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs one job that takes `takes_ms`; returns how many looks it took and the delay of the
    /// last behind the job's end.
    fn run(pace: &mut Pace, takes_ms: u64) -> (u32, u64) {
        let mut at = pace.first_look_ms(1);
        let (mut looks, mut lower) = (1, None);
        while at < takes_ms {
            lower = Some(at);
            looks += 1;
            at += pace.next_look_ms(1, at);
        }
        pace.learn(1, lower, at);
        (looks, at - takes_ms)
    }

    #[test]
    fn a_steady_line_is_met_by_few_looks_shortly_after_its_end() {
        let mut pace = Pace::default();
        for _ in 0..30 {
            run(&mut pace, 3_000);
        }
        let (mut looks, mut late) = (0, 0);
        for _ in 0..100 {
            let (l, d) = run(&mut pace, 3_000);
            looks += l;
            late += d;
        }
        assert!(looks <= 130, "{looks} looks for 100 jobs");
        assert!(late <= 100 * 40, "{late} ms late in 100 jobs");
    }

    #[test]
    fn a_line_that_became_slower_is_learned_anew() {
        let mut pace = Pace::default();
        for _ in 0..50 {
            run(&mut pace, 2_000);
        }
        for _ in 0..50 {
            run(&mut pace, 6_000);
        }
        let (looks, late) = run(&mut pace, 6_000);
        assert!(looks <= 3 && late <= 200, "{looks} looks, {late} ms late");
    }

    #[test]
    fn a_line_whose_times_vary_by_a_third_needs_five_looks_a_job() {
        let mut pace = Pace::default();
        let (mut looks, mut late, jobs) = (0, 0, 500);
        let mut random = 1u64;
        for _ in 0..jobs {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (l, d) = run(&mut pace, 2_000 + (random >> 33) % 2_000);
            looks += l;
            late += d;
        }
        assert!(u64::from(looks) <= jobs * 5, "{looks} looks for {jobs} jobs");
        assert!(late <= jobs * 150, "{late} ms late in {jobs} jobs");
    }

    #[test]
    fn a_job_that_never_ends_is_asked_for_ever_less_often() {
        let pace = Pace::default();
        assert_eq!(pace.next_look_ms(1, 60_000), MAX_GAP_MS);
    }

    #[test]
    fn looks_are_never_closer_than_the_box_can_bear() {
        let mut pace = Pace::default();
        for _ in 0..20 {
            run(&mut pace, 1);
        }
        assert!(pace.first_look_ms(1) >= MIN_GAP_MS);
        assert!(pace.next_look_ms(1, 0) >= MIN_GAP_MS);
    }
}
