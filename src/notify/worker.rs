//! A webhook's thread: one request after the other. It decides nothing and remembers nothing.

use std::io;

use super::post::{Notice, Receiver, Trouble};
use crate::mailbox::{Sender, mailbox};
use crate::worker;

/// The thread's stack in bytes. A plain request runs in a thread of the library's; one through TLS
/// runs here, and needs less than 64 KiB in a release build and less than 192 KiB in a debug build
/// (x86-64). What is not touched costs no memory.
pub const STACK_BYTES: usize = if cfg!(feature = "https") { 256 * 1024 } else { 64 * 1024 };

/// A request, with a number that comes back.
#[derive(Debug)]
pub struct Job {
    /// The number.
    pub serial: u32,
    /// The event.
    pub notice: Notice,
}

/// What came of a [`Job`].
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// The job's number.
    pub serial: u32,
    /// Whether the event was taken.
    pub result: Result<(), Trouble>,
}

/// Starts the thread for `receiver`, of which the system's lists show `name`. Every job gives one
/// report, in order. It ends after the job under way once what this gives is dropped.
///
/// # Errors
/// The system's, if it starts no thread.
pub fn spawn(receiver: Receiver, name: &str, report: Box<dyn Fn(Report) + Send>) -> io::Result<Sender<Job>> {
    let (jobs, todo) = mailbox();
    worker::start(
        name,
        STACK_BYTES,
        Box::new(move || {
            for Job { serial, notice } in todo.iter() {
                report(Report { serial, result: receiver.post(notice) });
            }
        }),
    )?;
    Ok(jobs)
}
