//! A device's thread: it does one job after the other, because the box serves one connection at
//! a time. It decides nothing and remembers nothing.

use std::io;
use std::thread::JoinHandle;

use super::device::Device;
use super::inbox::InboxLine;
use super::lines::{LinePage, LinePart};
use super::report::{Act, AskError, ByForm, SendOutcome, StatusPage};
use crate::mailbox::Receiver;
use crate::worker;

/// The thread's stack in bytes. Less than 48 KiB of it are needed, in a debug build too (x86-64);
/// what is not touched costs no memory.
pub const STACK_BYTES: usize = 128 * 1024;

/// What a device's thread is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// Hand a message to the box, once.
    Send {
        /// Comes back in the report.
        message: u32,
        /// The line's number on the device, from 1.
        line: u8,
        /// `+` or not, and digits.
        number: heapless::String<21, u8>,
        /// At most 3000 bytes: the box reads no more than 10 240 of a body, encoded. By the api
        /// at most what [`Device::api_room`] says.
        text: Box<str>,
        /// By the web form.
        form: Option<ByForm>,
    },
    /// Read the status of all lines.
    Status,
    /// The same from the web form's page.
    FormStatus,
    /// Read the inbox of all lines.
    Inbox,
    /// Delete a slot (from 0) of a line's inbox.
    Delete {
        /// The line, from 1.
        line: u8,
        /// The slot.
        slot: u8,
    },
    /// Read what the box tells of its lines and itself.
    Lines(LinePart),
    /// Do something to the box, once.
    Act(Box<Act>),
}

/// What came of a [`Job`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// Of a [`Job::Send`].
    Send {
        /// The job's message.
        message: u32,
        /// The job's line.
        line: u8,
        /// What is known of it.
        outcome: SendOutcome,
    },
    /// Of a [`Job::Status`] or a [`Job::FormStatus`].
    Status {
        /// The page, or why there is none.
        page: Result<Box<StatusPage>, AskError>,
    },
    /// Of a [`Job::Inbox`], a line's whole list: it is reported as it comes in, so that the page is
    /// never held as a whole.
    InboxLine(InboxLine),
    /// Of a [`Job::Inbox`], how it ended.
    Inbox(Result<(), AskError>),
    /// Of a [`Job::Delete`].
    Deleted(Result<(), AskError>),
    /// Of a [`Job::Lines`].
    Lines(Result<Box<LinePage>, AskError>),
    /// Of a [`Job::Act`].
    Acted(SendOutcome),
}

/// Starts the thread of `device`; `name` is what the system's lists of threads show (of which
/// Linux keeps 15 bytes), without NUL. Every job gives one report, in order; that of an inbox comes
/// behind one for each line. The thread ends
/// after the job under way when the mailbox of `jobs` has no sender left.
///
/// # Errors
/// The system's, if it starts no thread.
pub fn spawn(
    device: Device,
    name: &str,
    jobs: Receiver<Job>,
    report: impl Fn(Report) + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let work = move || {
        for job in jobs.iter() {
            report(perform(&device, job, &report));
        }
    };
    worker::start(name, STACK_BYTES, Box::new(work))
}

fn perform(device: &Device, job: Job, report: &dyn Fn(Report)) -> Report {
    match job {
        Job::Send { message, line, number, text, form } => {
            Report::Send { message, line, outcome: device.send(line, &number, &text, form) }
        }
        Job::Status => Report::Status { page: device.status().map(Box::new) },
        Job::FormStatus => Report::Status { page: device.form_status().map(Box::new) },
        Job::Delete { line, slot } => Report::Deleted(device.delete(line, slot)),
        Job::Lines(part) => Report::Lines(device.lines(part).map(Box::new)),
        Job::Act(act) => Report::Acted(device.act(&act)),
        Job::Inbox => Report::Inbox(device.inbox(&mut |line| report(Report::InboxLine(line)))),
    }
}

#[cfg(test)]
mod tests;
