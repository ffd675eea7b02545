//! How often the core asks for memory for a message, from its line at the socket to its end, and
//! whether memory grows. What the threads of the boxes and of the journal do is not in it, nor is
//! the text that is logged.

use allocation_counter::{AllocationInfo, measure};
use goipd::api::reply::{Daemon, Source};
use goipd::api::{self, Caller, parse_line};
use goipd::engine::{Action, Answer, Ask, Engine, Now};
use goipd::goip::{JobStatus, LineStatus, SendAnswer, SendOutcome, StatusPage};
use goipd::journal::{BootId, Counters, Limits, Log};
use goipd::message::{JobId, State, Words};

use crate::world::{SimDisk, settings};
use crate::{hundredths, row};

/// Messages that are queued all the time.
const QUEUED: u32 = 100;

/// Final messages that are kept, so that soon each new one takes an old one's place.
const KEPT: u32 = 100;

/// So small that it is compacted before the first thousand is over, in KiB.
const JOURNAL_KIB: u32 = 128;

const STEP: u32 = 1_000;
const MESSAGES: u32 = 10_000;

const SEND_MS: u64 = 3_000;
const EXCHANGE_MS: u64 = 40;

pub fn print() {
    let mut core = Core::new();
    core.fill();
    core.send(STEP);
    core.on_disk = AllocationInfo::default();
    let mut steps = Vec::with_capacity((MESSAGES / STEP) as usize);
    let all = measure(|| steps.extend((1..MESSAGES / STEP).map(|_| core.send(STEP))));
    for (name, count) in [("the second thousand", steps.first()), ("the tenth thousand", steps.last())] {
        row(
            &format!("allocations a message, {name}, without the threads'"),
            hundredths(count.copied().unwrap_or_default() * 100 / u64::from(STEP)),
            "≤ 20.00",
        );
    }
    let bytes = all.bytes_current - core.on_disk.bytes_current;
    row("heap after the tenth thousand more than after the first", format!("{bytes} B"), "0 B");
}

/// The core with a box of one line that is always well.
struct Core {
    now_ms: u64,
    engine: Engine,
    log: Log<SimDisk>,
    disk: SimDisk,
    /// What the simulated disk took for what was written.
    on_disk: AllocationInfo,
    actions: Vec<Action>,
    asked: Option<Ask>,
    /// The box's last job.
    job: LineStatus,
    jobs: u32,
    ends_ms: u64,
    /// What was counted so far.
    counted: u64,
}

impl Core {
    fn new() -> Self {
        let mut settings = settings(&[("office", 1)]);
        settings.keep_messages = KEPT;
        let disk = SimDisk::default();
        let (log, recovered) =
            Log::open(disk.clone(), Limits::new(JOURNAL_KIB), 1, |_| {}).expect("an empty disk");
        let mut core = Self {
            now_ms: 60_000,
            engine: Engine::new(settings, BootId([1; 16])),
            log,
            disk,
            on_disk: AllocationInfo::default(),
            actions: Vec::new(),
            asked: None,
            job: LineStatus::default(),
            jobs: 0,
            ends_ms: 0,
            counted: 0,
        };
        core.engine.restored(core.now(), recovered.last_id, false);
        core
    }

    fn now(&self) -> Now {
        Now { boot_ms: self.now_ms, unix_s: 1_795_330_800 + (self.now_ms / 1000) as u32, trusted: true }
    }

    fn fill(&mut self) {
        (0..QUEUED).for_each(|_| self.accept());
    }

    /// Sends `count` messages, each followed by a new one; says how often memory was asked for.
    fn send(&mut self, count: u32) -> u64 {
        let (before, last) = (self.allocations(), self.engine.counters().last_id);
        while self.engine.counters().last_id < last + count {
            self.go_on();
            if self.engine.counters().by_state[State::Queued as usize] < QUEUED {
                self.accept();
            }
        }
        // What is on its way to the disk is of another size each time.
        while !self.log.is_idle() {
            self.go_on();
        }
        self.allocations() - before
    }

    /// What was counted, without the disk's own.
    fn allocations(&self) -> u64 {
        self.counted - self.on_disk.count_total
    }

    /// Calls `part` of the core and counts.
    fn count(&mut self, part: impl FnOnce(&mut Self)) {
        let counted = measure(|| part(&mut *self));
        self.counted += counted.count_total;
    }

    /// A client's request and its reply.
    fn accept(&mut self) {
        const LINE: &str = r#"{"op":"send","to":"+4915112345678","text":"Pump 3 on the island has stopped, water at 1.82 m and rising"}"#;
        self.count(|core| {
            let now = core.now();
            let (form, request) = parse_line(LINE.as_bytes());
            let (answer, _) = request
                .and_then(|r| api::answer(r, Caller::LOCAL, now, &mut core.engine, &core.log))
                .expect("there is room");
            core.act();
            let daemon = Daemon { uptime_s: 0, journal: "", written: Counters::default() };
            let mut reply = String::new();
            Source { now, engine: &core.engine, bodies: &core.log, daemon }.write(&mut reply, form, answer);
        });
    }

    /// The next thing that happens: the box's answer, or a timer.
    fn go_on(&mut self) {
        self.count(Self::turn);
        match self.asked.take() {
            Some(ask) => {
                self.now_ms += EXCHANGE_MS;
                let answer = self.answer(ask);
                self.count(|core| core.engine.report(core.now(), 0, answer));
            }
            None => {
                let wakes = self.engine.next_wake().into_iter().chain(self.log.next_due());
                self.now_ms = wakes.min().expect("messages wait");
            }
        }
    }

    fn turn(&mut self) {
        loop {
            self.engine.durable(self.log.durable());
            self.engine.turn(self.now());
            let acted = self.act();
            let now = self.now();
            self.log.compact_step(|id| self.engine.kept(now, id), |line| self.engine.inbox_window(line));
            if !self.write() && !acted {
                return;
            }
        }
    }

    /// Has the disk do what the journal wants; says whether there was anything.
    fn write(&mut self) -> bool {
        let Some(job) = self.log.next_job(self.now_ms) else { return false };
        let mut done = None;
        let counted = measure(|| done = Some(job.perform(&mut self.disk)));
        self.on_disk += counted;
        drop(job);
        self.log.done(self.now_ms, done.expect("it was done"));
        true
    }

    /// Does what the engine wants done; says whether there was anything.
    fn act(&mut self) -> bool {
        self.engine.take_actions(&mut self.actions);
        let any = !self.actions.is_empty();
        for action in self.actions.drain(..) {
            match action {
                Action::Record(ticket, record) => self.log.append(ticket, &record),
                Action::Ask(_, ask) => self.asked = Some(ask),
                Action::Act(..) => unreachable!("nothing but sends is asked for"),
            }
        }
        any
    }

    /// The box.
    fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Send(..) | Ask::SendByForm(..) => {
                self.jobs += 1;
                let id = JobId::parse(&format!("{:08x}", self.jobs)).expect("an id");
                self.job = LineStatus { id, status: JobStatus::Started, error: Words::EMPTY };
                self.ends_ms = self.now_ms + SEND_MS;
                Answer::Send(SendOutcome::Answered(SendAnswer::Sending { line: Some(1), id }))
            }
            Ask::Status | Ask::FormStatus => {
                if self.job.status == JobStatus::Started && self.ends_ms <= self.now_ms {
                    self.job.status = JobStatus::Done;
                }
                let mut page = Box::<StatusPage>::default();
                page.lines.push(Some(self.job)).expect("a page has a line");
                Answer::Status(Ok(page))
            }
            Ask::Inbox => Answer::Inbox(Ok(())),
            Ask::Lines(_) => Answer::Lines(Ok(Box::default())),
            Ask::Delete(..) => Answer::Deleted(Ok(())),
        }
    }
}
