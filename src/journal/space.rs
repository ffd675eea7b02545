//! How much room the journal has, and what it is kept for.

use core::fmt;

use super::MAX_OPT_OUTS;
use super::disk::{DiskError, DiskErrorKind};

/// The smallest journal in KiB; below it the reserves would be most of it.
pub const MIN_JOURNAL_KIB: u32 = 128;

/// The largest in KiB: recovery reads it all, and a router's flash gives some MB a second.
pub const MAX_JOURNAL_KIB: u32 = 65_536;

/// What a journal takes that nobody gave a limit, in KiB, where there is room for it.
const USUAL_JOURNAL_KIB: u32 = 512;

/// Below this much free on its file system the journal takes no message: the router's own
/// configuration has to be written there too.
pub const MIN_FREE_BYTES: u64 = 64 * 1024;

/// Kept back for what becomes of messages that were accepted: 64 lines, each with a message that
/// is submitted, sent and settled (3 records of less than 80 bytes).
const OUTCOMES_BYTES: u64 = 16 * 1024;

/// What the state of a message adds to its record when it is copied forward, at most in practice.
pub const KEPT_BYTES: u64 = 160;

/// What a number that opted out takes where it is copied forward: its bytes, and its share of a
/// record for hundreds of them.
pub const OPT_OUT_BYTES: u64 = 16;

/// A record of an accepted message without its text, key and tag, at most.
const ACCEPTED_BYTES: u64 = 160;

/// What may wait to be written. More means that the disk is slower than the callers.
const MAX_PENDING_BYTES: u64 = 128 * 1024;

/// How large the journal and its segments may become, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All segments together.
    pub total: u64,
    /// One segment, as long as no single write is longer.
    pub segment: u32,
}

impl Limits {
    /// The limits of a journal of `kib` KiB, brought into [`MIN_JOURNAL_KIB`] to
    /// [`MAX_JOURNAL_KIB`]. An eighth of it is a segment, so that compaction moves little at a
    /// time, but 16 to 64 KiB, so that there are neither many files nor long ones.
    pub fn new(kib: u32) -> Self {
        let total = u64::from(kib.clamp(MIN_JOURNAL_KIB, MAX_JOURNAL_KIB)) * 1024;
        Self { total, segment: (total / 8).clamp(16 * 1024, 64 * 1024) as u32 }
    }

    /// The limits where none were configured and the journal could take `available` bytes: its
    /// own and those that are free. A quarter of them, but no more than is usual.
    pub fn usual(available: u64) -> Self {
        Self::new((available / 4 / 1024).min(USUAL_JOURNAL_KIB.into()) as u32)
    }

    /// What the events may take that are copied forward.
    pub(super) fn events(self) -> u64 {
        self.total / 8
    }

    /// How many numbers that opted out may be kept: a quarter of what there is for messages and
    /// events, so that a long list leaves room for the daemon's purpose.
    pub(super) fn opt_outs(self) -> usize {
        MAX_OPT_OUTS.min((self.live() / 4 / OPT_OUT_BYTES) as usize)
    }

    /// What may be filled before outcomes need their reserve.
    fn open(self) -> u64 {
        self.total.saturating_sub(OUTCOMES_BYTES)
    }

    /// What may be taken by all that is kept: so much that there is always a segment to copy to and
    /// one that is being filled.
    pub(super) fn live(self) -> u64 {
        self.open().saturating_sub(2 * u64::from(self.segment))
    }

    /// As many segments as compaction lets there be, also if they are short.
    fn segments(self) -> usize {
        (self.total / u64::from(self.segment)) as usize * 2
    }
}

/// How full the journal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pressure {
    /// Bytes in all segments and on the way there.
    pub used: u64,
    /// Bytes that all that is kept needs.
    pub live: u64,
    /// How many segments there are.
    pub segments: usize,
    /// The limits.
    pub limits: Limits,
}

impl Pressure {
    /// Whether old messages should be forgotten, so that new ones find room: three quarters of
    /// what may be kept are.
    pub fn is_high(&self) -> bool {
        self.live > self.limits.live() / 4 * 3
    }

    /// Whether the oldest segment should be cleared: there is no room for another one, and at
    /// least one segment's worth of bytes is of no use any more.
    pub(super) fn wants_compaction(&self) -> bool {
        let segment = u64::from(self.limits.segment);
        let full = self.used + segment > self.limits.open() || self.segments > self.limits.segments();
        // Without that, a copy would free no more than it takes.
        full && self.used >= self.live + segment
    }

    /// What can be taken besides: what fits between all that is kept and its limit, and between what
    /// waits to be written and its own.
    pub(super) fn free_bytes(&self, pending: u64) -> usize {
        let kept = self.limits.live().saturating_sub(self.live);
        let written = self.limits.open().saturating_sub(self.used);
        kept.min(written).min(MAX_PENDING_BYTES.saturating_sub(pending)) as usize
    }

    /// Whether a message with `bytes` of text, key and tag can be taken.
    pub(super) fn check(&self, bytes: usize, pending: u64) -> Result<(), NoRoom> {
        let record = bytes as u64 + ACCEPTED_BYTES;
        if self.live + record + KEPT_BYTES > self.limits.live() {
            return Err(NoRoom::Journal(self.limits.total));
        }
        if pending + record > MAX_PENDING_BYTES || self.used + record > self.limits.open() {
            return Err(NoRoom::Behind);
        }
        Ok(())
    }
}

/// Why no message can be taken. It heals by itself unless the sentence asks for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoRoom {
    /// The messages that are kept take all that the journal may have, in bytes.
    Journal(u64),
    /// The disk is behind with what it was given.
    Behind,
    /// The file system has only so many bytes free.
    FileSystem(u64),
    /// The last write failed.
    Disk(DiskError),
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(total) => write!(
                f,
                "the journal's {} KiB are full of messages; raise max_journal or lower keep_messages",
                total / 1024
            ),
            Self::Behind => f.write_str("the disk is behind with the journal; try again in some seconds"),
            Self::FileSystem(free) => write!(
                f,
                "only {} KiB are free where the journal lies, {} are left alone; remove something there",
                free / 1024,
                MIN_FREE_BYTES / 1024
            ),
            Self::Disk(error) => match error.kind {
                DiskErrorKind::Full => {
                    write!(f, "the journal's disk is full ({error}); remove something there")
                }
                DiskErrorKind::ReadOnly => {
                    write!(f, "the journal's disk can only be read ({error}); it may be worn out")
                }
                DiskErrorKind::Other => write!(f, "the journal cannot be written: {error}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_has_an_eighth_a_segment_and_never_more_than_the_range() {
        for (kib, total_kib, segment_kib) in
            [(0, 128, 16), (128, 128, 16), (256, 256, 32), (512, 512, 64), (u32::MAX, 65_536, 64)]
        {
            let limits = Limits::new(kib);
            assert_eq!((limits.total, limits.segment), (total_kib * 1024, segment_kib * 1024));
        }
    }

    #[test]
    fn without_a_limit_a_journal_takes_a_quarter_of_the_room_up_to_half_a_megabyte() {
        for (available_kib, total_kib) in [(0, 128), (1000, 250), (2048, 512), (u64::MAX / 1024, 512)] {
            assert_eq!(Limits::usual(available_kib * 1024).total, total_kib * 1024);
        }
    }

    #[test]
    fn where_nothing_is_to_be_gained_compaction_is_not_wanted() {
        let limits = Limits::new(128);
        // More is kept than the journal, made smaller meanwhile, would take now.
        let full = Pressure { used: 600_000, live: 590_000, segments: 40, limits };
        assert!(!full.wants_compaction());
        assert!(Pressure { live: 500_000, ..full }.wants_compaction());
    }

    #[test]
    fn where_compaction_is_wanted_it_gains_a_segment_whatever_was_taken() {
        for kib in [128, 300, 512, 65_536] {
            let limits = Limits::new(kib);
            let mut pressure = Pressure { used: 0, live: limits.live(), segments: 1, limits };
            while !pressure.wants_compaction() {
                pressure.used += 1024;
            }
            assert!(pressure.used <= limits.open() && pressure.check(0, 0).is_err());
        }
    }
}
