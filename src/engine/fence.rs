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

/// No box has a message on the air in less than this after it was asked to send it: 2 s are usual.
/// What has come and gone within it has sent nothing.
pub const AIR_MS: u64 = 1_000;

/// Judges by `seen`, a complete answer on a connection that was opened after the send's own had
/// ended, `age_ms` after the message became `submitting` in the same boot. `before` is the id of
/// an earlier answer from which the box had not taken it, `keeps_keys` whether the box is known
/// to show jobs under the keys it is given.
pub fn judge(
    fence: &Fence,
    seen: &LineStatus,
    age_ms: u64,
    before: Option<JobId>,
    keeps_keys: bool,
) -> Verdict {
    let same = seen.id == fence.job;
    let keyed = !fence.key.is_empty();
    // Whatever the line shows now, ours cannot have been sent before it.
    let in_time = age_ms < AIR_MS || before == Some(seen.id);
    match (same, seen.id.is_empty()) {
        _ if keyed && seen.id == fence.key => Verdict::Taken(seen.id),
        // Somebody else sends here too: no id proves anything.
        _ if !keyed && !fence.decides => Verdict::Unknown(ProblemCode::Undecided),
        _ if seen.status == JobStatus::Started && (same || seen.id.is_empty()) => Verdict::Wait,
        // A job ended here and the box does not say which: it may have been ours.
        (_, true) if seen.status == JobStatus::Done => Verdict::Unknown(ProblemCode::IdLost),
        (false, true) => Verdict::Unknown(ProblemCode::Rebooted),
        (true, true) if age_ms < BOOT_MS => Verdict::NotTaken,
        (true, true) => Verdict::Unknown(ProblemCode::Undecided),
        (false, false) if !keyed => Verdict::Taken(seen.id),
        // Another program may use one key over and over.
        (true, false) if fence.decides || seen.id.is_key() || in_time => Verdict::NotTaken,
        // A box that does not keep keys would show ours like that.
        (false, false) if keeps_keys && in_time => Verdict::NotTaken,
        _ => Verdict::Unknown(ProblemCode::Undecided),
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
            let fence = Fence { job: id(fence), decides, key: JobId::EMPTY };
            let seen = LineStatus { id: id(job), status, error: Words::EMPTY };
            for (before, keeps_keys) in [(None, false), (Some(seen.id), true)] {
                let judged = judge(&fence, &seen, age_ms, before, keeps_keys);
                assert_eq!(judged, verdict, "{fence:?} {seen:?} {age_ms}");
            }
        }
    }

    #[test]
    fn each_rule_of_the_fence_with_a_key() {
        use JobStatus::{Done, Empty, Started};
        use Verdict::{NotTaken, Taken, Unknown, Wait};
        let undecided = Unknown(ProblemCode::Undecided);
        let ours = "1000000a";
        let key = id("1000000b");
        // fence's job, decides, job seen, its status, age, seen before, box keeps keys, verdict
        let table = [
            ("0a", false, "1000000b", Started, 9, None, false, Taken(key)),
            ("0a", true, "1000000b", Done, 90_000, None, false, Taken(key)),
            ("", false, "1000000b", Done, 90_000, None, false, Taken(key)),
            // The same id: nobody uses goipd's own again, and nobody else's where goipd is alone.
            ("0a", true, "0a", Done, 90_000, None, false, NotTaken),
            (ours, false, ours, Done, u64::MAX, None, false, NotTaken),
            ("0a", false, "0a", Done, 999, None, false, NotTaken),
            ("0a", false, "0a", Done, 1_000, None, true, undecided),
            ("0a", false, "0a", Done, 4_000, Some("0a"), false, NotTaken),
            ("0a", false, "0a", Started, 9, None, true, Wait),
            // Another id.
            ("0a", true, "0c", Started, 9, None, false, undecided),
            ("0a", true, "0c", Started, 999, None, true, NotTaken),
            ("0a", false, "0c", Done, 999, None, true, NotTaken),
            ("0a", false, "0c", Done, 1_000, None, true, undecided),
            ("0a", false, "0c", Done, 4_000, Some("0c"), true, NotTaken),
            ("0a", false, "0d", Done, 4_000, Some("0c"), true, undecided),
            // No id.
            ("0a", false, "", Empty, 9, None, true, Unknown(ProblemCode::Rebooted)),
            ("0a", false, "", Done, 9, None, true, Unknown(ProblemCode::IdLost)),
            ("0a", false, "", Started, 9, None, true, Wait),
            ("", false, "", Empty, 19_999, None, false, NotTaken),
            ("", false, "", Empty, 20_000, None, true, undecided),
        ];
        for (fence, decides, job, status, age_ms, before, keeps_keys, verdict) in table {
            let fence = Fence { job: id(fence), decides, key };
            let seen = LineStatus { id: id(job), status, error: Words::EMPTY };
            let judged = judge(&fence, &seen, age_ms, before.map(id), keeps_keys);
            assert_eq!(judged, verdict, "{fence:?} {seen:?} {age_ms} {before:?}");
        }
    }
}
