//! The journal's thread: it does for the log what has to wait for the disk. It decides nothing.

use std::io;
use std::thread::JoinHandle;

use super::disk::Disk;
use super::job::{Done, Job};
use crate::mailbox::Receiver;
use crate::worker;

/// The thread's stack in bytes: it only calls the system, and formats an error.
pub const STACK_BYTES: usize = 64 * 1024;

/// Starts the thread. Every job gives one report, in order. It ends after the job under way when
/// the mailbox of `jobs` has no sender left.
///
/// # Errors
/// The system's, if it starts no thread.
pub fn spawn(
    mut disk: impl Disk + Send + 'static,
    jobs: Receiver<Job>,
    report: impl Fn(Done) + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let work = move || {
        for job in jobs.iter() {
            let done = job.perform(&mut disk);
            // Before the report: with it the log takes the records' buffer back.
            drop(job);
            report(done);
        }
    };
    worker::start("journal", STACK_BYTES, Box::new(work))
}
