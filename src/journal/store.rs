//! The daemon's journal: the log over the state directory, with its thread and its lock.

use core::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use super::disk::{Disk, DiskError, Files, Source, segment_name};
use super::job::{Done, Job};
use super::lock::{LockError, lock};
use super::log::{Counters, Log};
use super::recover::{Fault, RecoverError};
use super::space::{Limits, NoRoom, Pressure};
use super::{Bodies, Body, Events, InboxWindow, Kept, ReceivedBody, Record, Ticket, worker};
use crate::mailbox::{Sender, mailbox};
use crate::message::{LineName, MessageId, ReceivedId};

/// The journal in a state directory. The loop appends and asks; a thread of its own writes.
///
/// In every turn: [`append`](Self::append) the engine's records, then
/// [`compact_step`](Self::compact_step), then [`flush`](Self::flush).
pub struct Journal {
    log: Log<Files>,
    jobs: Option<Sender<Job>>,
    worker: Option<JoinHandle<()>>,
    _lock: File,
}

/// What was found at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The journal's id: 64 random bits from when it was made.
    pub journal: u64,
    /// Whether it was made just now.
    pub new: bool,
    /// How many records were read.
    pub records: u64,
    /// The newest message's id that may have been given out, kept or not; 0 if none.
    pub last_id: MessageId,
    /// What is damaged, the first places; empty after any usual life, crashes included. If there
    /// are any, records may be missing anywhere: no message that is not final may be sent.
    pub faults: Vec<Fault>,
}

/// Why there is no journal to work with.
#[derive(Debug)]
pub enum OpenError {
    /// The directory is not there and cannot be made.
    NoDirectory(PathBuf, io::Error),
    /// It cannot be written, or not be read.
    NotUsable(PathBuf, DiskError),
    /// Another daemon has it, with that pid if it is known.
    Locked(PathBuf, Option<u32>),
    /// That file was written by a later goipd.
    Newer(PathBuf),
    /// The system gives no thread or no random number.
    System(io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDirectory(path, error) => write!(
                f,
                "{}: the state directory cannot be made: {error}; make it, or set option 'state_dir'",
                path.display()
            ),
            Self::NotUsable(path, error) => write!(
                f,
                "{}: the journal cannot be read and written: {error}; check the directory's owner, \
                 or set option 'state_dir' to a disk that works",
                path.display()
            ),
            Self::Locked(path, pid) => {
                write!(f, "{}: another goipd works here", path.display())?;
                pid.map_or(Ok(()), |pid| write!(f, " (pid {pid})"))?;
                f.write_str("; stop it, or give each its own option 'state_dir'")
            }
            Self::Newer(path) => write!(
                f,
                "{}: written by a later version of goipd; install that, or move the journal away",
                path.display()
            ),
            Self::System(error) => write!(f, "the journal cannot be started: {error}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl Journal {
    /// Opens the journal in `dir`, or makes one. `max_kib` is its size; without one it depends on
    /// the room there is. `on` gets every record that was kept, in the order of writing, while
    /// this call lasts; `report` is called in the journal's thread after each piece of work, and
    /// what it is given has to come back in [`Self::report`].
    ///
    /// # Errors
    /// See [`OpenError`]. Damage is none, but see [`Recovery::faults`].
    pub fn open(
        dir: &Path,
        max_kib: Option<u32>,
        on: impl FnMut(Record),
        report: impl Fn(Done) + Send + 'static,
    ) -> Result<(Self, Recovery), OpenError> {
        let not_usable = |error| OpenError::NotUsable(dir.to_owned(), error);
        let files = Files::new(dir).map_err(|error| OpenError::NoDirectory(dir.to_owned(), error))?;
        let lock = lock(dir).map_err(|error| match error {
            LockError::Held(pid) => OpenError::Locked(dir.to_owned(), pid),
            LockError::Io(error) => not_usable(error.into()),
        })?;
        let limits = match max_kib {
            Some(kib) => Limits::new(kib),
            None => Limits::usual(available(&files).map_err(not_usable)?),
        };
        let fresh = random().map_err(OpenError::System)?;
        let writer = files.again();
        let (log, recovered) = Log::open(files, limits, fresh, on).map_err(|error| match error {
            RecoverError::Disk(error) => not_usable(error),
            RecoverError::Newer(segment) => OpenError::Newer(dir.join(segment_name(segment))),
        })?;
        for fault in &recovered.faults {
            log::error!("the journal is damaged: {}/{fault}", dir.display());
        }
        let (jobs, receiver) = mailbox();
        let worker = worker::spawn(writer, receiver, report).map_err(OpenError::System)?;
        let recovery = Recovery {
            journal: log.id(),
            new: recovered.journal.is_none(),
            records: recovered.records,
            last_id: recovered.last_id,
            faults: recovered.faults,
        };
        Ok((Self { log, jobs: Some(jobs), worker: Some(worker), _lock: lock }, recovery))
    }

    /// The journal's id.
    pub fn id(&self) -> u64 {
        self.log.id()
    }

    /// Keeps so many events at most; fewer if they would take more than an eighth of the journal,
    /// or the room for messages.
    pub fn keep_events(&mut self, count: usize) {
        self.log.keep_events(count);
    }

    /// Takes the record with that ticket. Tickets come in order, from 1 at each start.
    pub fn append(&mut self, ticket: Ticket, record: &Record) {
        self.log.append(ticket, record);
    }

    /// Somebody waits until that ticket is durable: no dallying with it, whatever the record's
    /// own [`urgency`](Record::urgency).
    pub fn hurry(&mut self, ticket: Ticket) {
        self.log.hurry(ticket);
    }

    /// Gives the thread what is due. Call it at the end of each turn, and when
    /// [`Self::next_sync`] says so.
    pub fn flush(&mut self, now_ms: u64) {
        if let (Some(jobs), Some(job)) = (&self.jobs, self.log.next_job(now_ms)) {
            // Without the thread the job is never reported, so nothing is ever called durable.
            if jobs.send(job).is_err() {
                log::error!("the journal's thread has ended: nothing is written any more");
            }
        }
    }

    /// When the next [`Self::flush`] is due if nothing else happens, in milliseconds since boot.
    pub fn next_sync(&self) -> Option<u64> {
        self.log.next_due()
    }

    /// The thread has reported. What is durable now says [`Self::durable`].
    pub fn report(&mut self, now_ms: u64, done: Done) {
        self.log.done(now_ms, done);
    }

    /// The newest ticket that is durable, with all before it; 0 for none.
    pub fn durable(&self) -> Ticket {
        self.log.durable()
    }

    /// Whether a message can be taken whose text, key and tag have `bytes` together. For the
    /// other records there is always room.
    ///
    /// # Errors
    /// Why it cannot; the door says `storage`.
    pub fn can_accept(&self, bytes: usize) -> Result<(), NoRoom> {
        self.log.can_accept(bytes)
    }

    /// What could be received and stored now, in bytes.
    pub fn free_bytes(&self) -> usize {
        self.log.free_bytes()
    }

    /// How many numbers that opted out there is room for.
    pub fn max_opt_outs(&self) -> usize {
        self.log.max_opt_outs()
    }

    /// Why nothing is written for a while; `None` while all is well and while the next try is
    /// under way.
    pub fn stuck(&self, now_ms: u64) -> Option<NoRoom> {
        self.log.stuck(now_ms)
    }

    /// How full the journal is. While it [is high](Pressure::is_high), old messages that are
    /// final should be forgotten.
    pub fn pressure(&self) -> Pressure {
        self.log.pressure()
    }

    /// Takes a step in making room, if room is wanted. Call it once a turn, after all records of
    /// the turn were appended: `state` tells a message's state as it is now, `None` if it is not
    /// kept any more, and `window` what is remembered of a line's inbox.
    pub fn compact_step(
        &mut self,
        state: impl FnMut(MessageId) -> Option<Kept>,
        window: impl FnMut(&LineName) -> Option<InboxWindow>,
    ) {
        self.log.compact_step(state, window);
    }

    /// What has been written.
    pub fn counters(&self) -> Counters {
        self.log.counters()
    }

    /// No record waits for others any more: the daemon is about to stop. Go on with
    /// [`Self::flush`] and [`Self::report`] until [`Self::is_idle`].
    pub fn close(&mut self) {
        self.log.close();
    }

    /// Whether all that was appended is durable.
    pub fn is_idle(&self) -> bool {
        self.log.is_idle()
    }
}

/// The lock is let go of when nobody writes any more.
impl Drop for Journal {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(worker) = self.worker.take()
            && worker.join().is_err()
        {
            log::error!("the journal's thread has panicked");
        }
    }
}

impl Bodies for Journal {
    fn body<R>(&self, id: MessageId, read: impl FnOnce(Body<'_>) -> R) -> Option<R> {
        self.log.body(id, read)
    }

    fn received<R>(&self, id: ReceivedId, read: impl FnOnce(ReceivedBody<'_>) -> R) -> Option<R> {
        self.log.received(id, read)
    }

    fn events(&self) -> &Events {
        self.log.events()
    }
}

/// What a journal could take here: what is free, and what it has already.
fn available(files: &Files) -> Result<u64, DiskError> {
    let own = files.list()?.into_iter().map(|segment| std::fs::metadata(files.path(segment)));
    let own: u64 = own.filter_map(Result::ok).map(|file| file.len()).sum();
    Ok(files.free()?.saturating_add(own))
}

fn random() -> io::Result<u64> {
    let mut bytes = [0; 8];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests;
