//! Whether the box took a message whose answer was lost.
//!
//! The fence is what the status page showed for the line before the send. A box keeps only the
//! last job of each line, so whatever the page shows afterwards, compared with the fence, decides.

use crate::goip::{JobStatus, LineStatus};
use crate::journal::Fence;
use crate::message::{JobId, ProblemCode};

/// A fence is made only from a status answer that is at most this old.
pub const FRESH_MS: u64 = 2_000;

/// Two equal answers at least this far apart are needed to say that a message was not taken: the
/// box serves one connection at a time, so a request that it reads late would show between them,
/// and so would a job that its page shows late.
pub const AGREE_MS: u64 = 3_000;

/// No box starts anew in less than this, so within it an empty page means that the line has
/// still sent nothing.
pub const BOOT_MS: u64 = 20_000;

/// What a status answer says of a message whose outcome is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The box took it, as this job.
    Taken(JobId),
    /// The box did not take it.
    NotTaken,
    /// Not to be told from this answer.
    Wait,
    /// Not to be told any more.
    Unknown(ProblemCode),
}

/// Judges by `seen`, a complete answer on a connection that was opened after the send's own had
/// ended, `age_ms` after the message became `submitting` in the same boot.
pub fn judge(fence: &Fence, seen: &LineStatus, age_ms: u64) -> Verdict {
    let same = seen.id == fence.job;
    match (same, seen.id.is_empty()) {
        // Somebody else sends here too: no id proves anything.
        _ if !fence.decides => Verdict::Unknown(ProblemCode::Undecided),
        (_, _) if seen.status == JobStatus::Started && (same || seen.id.is_empty()) => Verdict::Wait,
        // A job ended here and the box does not say which: it may have been ours.
        (_, true) if seen.status == JobStatus::Done => Verdict::Unknown(ProblemCode::IdLost),
        (false, false) => Verdict::Taken(seen.id),
        (false, true) => Verdict::Unknown(ProblemCode::Rebooted),
        (true, false) => Verdict::NotTaken,
        (true, true) if age_ms < BOOT_MS => Verdict::NotTaken,
        (true, true) => Verdict::Unknown(ProblemCode::Undecided),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Words;

    fn id(text: &str) -> JobId {
        JobId::parse(text).unwrap()
    }

    #[test]
    fn each_rule_of_the_fence() {
        use JobStatus::{Done, Empty, Started};
        use Verdict::{NotTaken, Taken, Unknown, Wait};
        // fence's job, decides, job seen, its status, age, verdict
        let table = [
            ("0a", true, "0b", Started, 1, Taken(id("0b"))),
            ("0a", true, "0b", Done, 1, Taken(id("0b"))),
            ("", true, "0b", Done, 1, Taken(id("0b"))),
            ("0a", true, "0a", Done, 1, NotTaken),
            ("0a", true, "0a", Done, 90_000, NotTaken),
            ("0a", true, "0a", Started, 1, Wait),
            ("0a", true, "", Empty, 1, Unknown(ProblemCode::Rebooted)),
            ("", true, "", Empty, 19_999, NotTaken),
            ("", true, "", Empty, 20_000, Unknown(ProblemCode::Undecided)),
            ("", true, "", Started, 1, Wait),
            ("", true, "", Done, 1, Unknown(ProblemCode::IdLost)),
            ("0a", true, "", Done, 1, Unknown(ProblemCode::IdLost)),
            ("0a", false, "0b", Done, 1, Unknown(ProblemCode::Undecided)),
            ("0a", false, "0a", Done, 1, Unknown(ProblemCode::Undecided)),
        ];
        for (fence, decides, job, status, age_ms, verdict) in table {
            let fence = Fence { job: id(fence), decides };
            let seen = LineStatus { id: id(job), status, error: Words::EMPTY };
            assert_eq!(judge(&fence, &seen, age_ms), verdict, "{fence:?} {seen:?} {age_ms}");
        }
    }
}
