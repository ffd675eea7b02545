//! The journal as the loop sees it: opened over the state directory, with what its thread
//! reports, and its figures in the log once a day.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use super::StartError;
use super::wake::Wake;
use crate::config::Config;
use crate::engine::{Engine, Now};
use crate::journal::{Bodies, Body, Counters, Done, Events, Journal, NoRoom, ReceivedBody, Record, Ticket};
use crate::mailbox::{Receiver, mailbox};
use crate::message::{ErrorCode, MessageId, ReceivedId, Refusal};

/// What the journal has written is told this often.
const FIGURES_MS: u64 = 24 * 3_600_000;

/// `f_type` of the file systems that are lost when the router is switched off (`statfs(2)`).
const RAM_FILE_SYSTEMS: [u32; 2] = [0x0102_1994, 0x8584_58f6];

/// Messages that are forgotten in one turn to make room, at most.
const FORGET_A_TURN: usize = 16;

/// The journal, and what comes from its thread.
pub struct Spool {
    journal: Journal,
    reports: Receiver<Done>,
    wake: Wake,
    told_ms: u64,
}

impl Spool {
    /// Opens the journal of `config` and restores `engine` from it.
    ///
    /// # Errors
    /// There is no journal to work with; the sentence says why, and the cure.
    pub fn open(config: &Config, engine: &mut Engine, now: Now) -> Result<Self, StartError> {
        let wake = Wake::new().map_err(|e| StartError(format!("eventfd: {e}")))?;
        let (report, reports) = mailbox();
        let bell = wake.clone();
        let told = move |done| {
            // If nobody listens any more, the daemon is about to end.
            let _ = report.send(done);
            bell.ring();
        };
        let (mut journal, recovery) =
            Journal::open(&config.state_dir, config.max_journal_kib, |record| engine.restore(record), told)
                .map_err(|e| StartError(e.to_string()))?;
        journal.keep_events(config.keep_events);
        warn_of_ram(&config.state_dir, config.volatile);
        engine.limit_opt_outs(journal.max_opt_outs());
        engine.restored(now, recovery.last_id, !recovery.faults.is_empty());
        Ok(Self { journal, reports, wake, told_ms: now.boot_ms })
    }

    /// The journal's id.
    pub fn id(&self) -> u64 {
        self.journal.id()
    }

    /// What has been written since the start.
    pub fn counters(&self) -> Counters {
        self.journal.counters()
    }

    /// Takes a record of the engine's.
    pub fn append(&mut self, ticket: Ticket, record: &Record) {
        self.journal.append(ticket, record);
    }

    /// Somebody waits until that ticket is durable.
    pub fn hurry(&mut self, ticket: Ticket) {
        self.journal.hurry(ticket);
    }

    /// The newest durable ticket.
    pub fn durable(&self) -> Ticket {
        self.journal.durable()
    }

    /// The refusal for whoever waits for the disk, if nothing is written for a while.
    pub fn stuck(&self, now: Now) -> Option<Refusal> {
        self.journal.stuck(now.boot_ms).map(refusal)
    }

    /// Takes what the thread has reported.
    pub fn take_reports(&mut self, now: Now) {
        self.wake.reset();
        for done in self.reports.try_iter() {
            self.journal.report(now.boot_ms, done);
        }
    }

    /// Gives the thread what is due, after all records of a turn: makes room where it is wanted,
    /// and has old history forgotten where there is too little.
    pub fn flush(&mut self, now: Now, engine: &mut Engine) {
        if self.journal.pressure().is_high() {
            engine.forget_oldest(FORGET_A_TURN);
        }
        self.journal.compact_step(|id| engine.kept(now, id), |line| engine.inbox_window(line));
        self.journal.flush(now.boot_ms);
        if now.boot_ms >= self.told_ms + FIGURES_MS {
            self.told_ms = now.boot_ms;
            let Counters { records, bytes, pages, syncs, failures, .. } = self.journal.counters();
            log::info!(
                "journal since the start: {records} records, {bytes} bytes, {syncs} syncs, {pages} flash pages of 4 KiB, {failures} failures"
            );
        }
    }

    /// What could be received and stored now, in bytes.
    pub fn free_bytes(&self) -> usize {
        self.journal.free_bytes()
    }

    /// When to [`Self::flush`] next if nothing else happens, in milliseconds since boot.
    pub fn next_wake(&self) -> Option<u64> {
        self.journal.next_sync()
    }

    /// No record waits for others any more.
    pub fn close(&mut self) {
        self.journal.close();
    }

    /// Whether everything is durable.
    pub fn is_idle(&self) -> bool {
        self.journal.is_idle()
    }
}

impl Bodies for Spool {
    fn body<R>(&self, id: MessageId, read: impl FnOnce(Body<'_>) -> R) -> Option<R> {
        self.journal.body(id, read)
    }

    fn received<R>(&self, id: ReceivedId, read: impl FnOnce(ReceivedBody<'_>) -> R) -> Option<R> {
        self.journal.received(id, read)
    }

    fn events(&self) -> &Events {
        self.journal.events()
    }

    fn room(&self, bytes: usize) -> Result<(), Refusal> {
        self.journal.can_accept(bytes).map_err(refusal)
    }
}

fn refusal(why: NoRoom) -> Refusal {
    Refusal::new(ErrorCode::Storage, why.to_string())
}

/// Readable when the thread has reported.
impl AsFd for Spool {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

/// When the journal in `dir` was written last, by the wall clock of then; `None` if there is
/// none.
pub fn written_s(dir: &Path) -> Option<u32> {
    let files = std::fs::read_dir(dir).ok()?.filter_map(Result::ok);
    let segments = files.filter(|file| file.file_name().to_string_lossy().starts_with("journal-"));
    let times = segments.filter_map(|file| file.metadata().ok()?.modified().ok());
    let newest = times.max()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    u32::try_from(newest.as_secs()).ok()
}

/// A state directory in RAM keeps nothing through a power cut; that has to be meant.
fn warn_of_ram(dir: &Path, meant: bool) {
    let in_ram = rustix::fs::statfs(dir).is_ok_and(|fs| RAM_FILE_SYSTEMS.contains(&(fs.f_type as u32)));
    if in_ram && !meant {
        log::warn!(
            "{} lies in RAM: what is queued is lost when the router is switched off; set option 'state_dir' to flash or a disk, or option 'volatile' to '1' if that is meant",
            dir.display()
        );
    }
}
