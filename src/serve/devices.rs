//! The boxes' threads, as the loop sees them: jobs out, reports in, and a descriptor to poll.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use super::wake::Wake;
use crate::config;
use crate::engine::{Answer, Ask, Now};
use crate::goip::{self, Act, AskError, ByForm, Job, Phase, Report, SendOutcome};
use crate::journal::Bodies;
use crate::mailbox::{Receiver, Sender, mailbox};
use crate::message::{MessageId, Words};
use crate::relay::metrics::Tally;

/// The threads, one for each device.
#[derive(Debug)]
pub struct Devices {
    jobs: Vec<Sender<Job>>,
    reports: Receiver<(u8, Report)>,
    /// Rung for every report.
    wake: Wake,
    /// What each box was asked and how that ended.
    tallies: Vec<Tally>,
    /// When each box was asked last.
    asked_ms: Vec<u64>,
}

impl Devices {
    /// Starts a thread for each of `devices`, in their order. The threads end with this value,
    /// each after the exchange that it has in hand.
    ///
    /// # Errors
    /// The system's.
    pub fn start(devices: &[config::Device]) -> io::Result<Self> {
        let wake = Wake::new()?;
        let (report, reports) = mailbox();
        let mut jobs = Vec::with_capacity(devices.len());
        for (place, device) in devices.iter().enumerate() {
            let (job, worker_jobs) = mailbox();
            let (report, wake) = (report.clone(), wake.clone());
            goip::spawn(described(device), &device.name, worker_jobs, move |told| {
                // If nobody listens any more, the daemon is about to end.
                let _ = report.send((place as u8, told));
                wake.ring();
            })?;
            jobs.push(job);
        }
        let count = jobs.len();
        Ok(Self { jobs, reports, wake, tallies: vec![Tally::default(); count], asked_ms: vec![0; count] })
    }

    /// Gives the request to the device's thread.
    ///
    /// # Errors
    /// The answer, if it cannot be given to the thread: nothing has left.
    pub fn ask(&mut self, now: Now, device: u8, ask: Ask, bodies: &impl Bodies) -> Result<(), Answer> {
        if let Some(asked_ms) = self.asked_ms.get_mut(usize::from(device)) {
            *asked_ms = now.boot_ms;
        }
        let job = match ask {
            Ask::Status => Job::Status,
            Ask::FormStatus => Job::FormStatus,
            Ask::Inbox => Job::Inbox,
            Ask::Delete(line, slot) => Job::Delete { line, slot },
            Ask::Lines(part) => Job::Lines(part),
            Ask::Send(message, line) => send(message, line, None, bodies)?,
            Ask::SendByForm(message, line, form) => send(message, line, Some(form), bodies)?,
        };
        if self.give(device, job) {
            return Ok(());
        }
        Err(match ask {
            Ask::Send(..) | Ask::SendByForm(..) => {
                Answer::Send(SendOutcome::Lost { phase: Phase::NotConnected, timed_out: false })
            }
            Ask::Status | Ask::FormStatus => {
                Answer::Status(Err(AskError::Unreachable(Words::new("no thread"))))
            }
            Ask::Lines(_) => Answer::Lines(Err(AskError::Unreachable(Words::new("no thread")))),
            Ask::Inbox => Answer::Inbox(Err(AskError::Unreachable(Words::new("no thread")))),
            Ask::Delete(..) => Answer::Deleted(Err(AskError::Unreachable(Words::new("no thread")))),
        })
    }

    /// Has the device's thread do that.
    ///
    /// # Errors
    /// The answer, if it cannot be given to the thread: nothing has left.
    pub fn act(&mut self, now: Now, device: u8, act: Box<Act>) -> Result<(), Answer> {
        if let Some(asked_ms) = self.asked_ms.get_mut(usize::from(device)) {
            *asked_ms = now.boot_ms;
        }
        if self.give(device, Job::Act(act)) {
            return Ok(());
        }
        Err(Answer::Acted(SendOutcome::Lost { phase: Phase::NotConnected, timed_out: false }))
    }

    fn give(&self, device: u8, job: Job) -> bool {
        let given = self.jobs.get(usize::from(device)).is_some_and(|thread| thread.send(job).is_ok());
        if !given {
            log::error!("device {device}: its thread has ended");
        }
        given
    }

    /// The reports that have come in, each with its device's place.
    pub fn reports(&mut self, now: Now) -> impl Iterator<Item = (u8, Answer)> {
        self.wake.reset();
        let (tallies, asked_ms) = (&mut self.tallies, &self.asked_ms);
        self.reports.try_iter().map(move |(device, report)| {
            let answer = match report {
                Report::Send { outcome, .. } => Answer::Send(outcome),
                Report::Status { page } => Answer::Status(page),
                Report::InboxLine(line) => Answer::InboxLine(line),
                Report::Inbox(end) => Answer::Inbox(end),
                Report::Deleted(end) => Answer::Deleted(end),
                Report::Lines(page) => Answer::Lines(page),
                Report::Acted(outcome) => Answer::Acted(outcome),
            };
            let place = usize::from(device);
            if let (Some(tally), Some(ms)) = (tallies.get_mut(place), asked_ms.get(place)) {
                tally.answered(&answer, now.boot_ms.saturating_sub(*ms));
            }
            (device, answer)
        })
    }

    /// How the requests to each box ended, in the configuration's order.
    pub fn tallies(&self) -> &[Tally] {
        &self.tallies
    }
}

/// Readable when a report has come in.
impl AsFd for Devices {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

/// The job of sending `message`, with its number and text from the journal.
fn send(message: MessageId, line: u8, form: Option<ByForm>, bodies: &impl Bodies) -> Result<Job, Answer> {
    let job = bodies.body(message, |body| {
        let number = body.to.try_into().ok()?;
        Some(Job::Send { message, line, number, text: body.text.into(), form })
    });
    job.flatten().ok_or_else(|| {
        log::error!("message {message} cannot be read from the journal");
        Answer::NoBody
    })
}

/// The device as the room that talks to it wants it.
pub fn described(device: &config::Device) -> goip::Device {
    goip::Device {
        host: device.host.as_str().into(),
        port: device.port,
        username: device.username.as_str().into(),
        password: device.password.expose().into(),
        timeout_s: u8::try_from(device.timeout_s).unwrap_or(u8::MAX),
        number_format: device.number_format,
    }
}
