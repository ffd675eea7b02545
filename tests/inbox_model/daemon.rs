//! The engine with its journal, over a disk that loses power.

use std::sync::atomic::{AtomicUsize, Ordering};

use goipd::engine::inbox::Mark;
use goipd::engine::{
    Action, Answer, Ask, Choosing, DeviceSettings, Engine, InboxSettings, LineSet, Now, Rules, Settings,
    TermRules,
};
use goipd::goip::{InboxEntry, InboxLine, LineStatus, StatusPage};
use goipd::journal::{self, Bodies, BootId, EventKind, Limits, Log, Record};
use goipd::message::{LineName, OnUnknown, ReceivedId};

use crate::life::{Goipd, Kept, Told};
use crate::random::Random;

#[allow(dead_code, reason = "each test uses a part")]
#[path = "../world/disk.rs"]
mod disk;

use disk::SimDisk;

/// A journal so small that segments go in every longer life; 16 KiB of it are kept back.
const LIMITS: Limits = Limits { total: 32 * 1024, segment: 2 * 1024 };

/// The same with room for a long message in a segment.
const JOINING_LIMITS: Limits = Limits { segment: 4 * 1024, ..LIMITS };

const PADDING_BYTES: usize = 100;

/// What a full part of a long message has.
const PART_BYTES: usize = 153;

/// Longer than anything waits for the rest of its message.
const WAITED_S: u32 = 91;

/// So few that some are forgotten in every longer life.
const KEEP_MESSAGES: u32 = 25;

const INTERVAL_S: u32 = 15;

static SEGMENTS_THAT_WENT: AtomicUsize = AtomicUsize::new(0);

/// How many segments were cleared and removed in all lives.
pub fn segments_that_went() -> usize {
    SEGMENTS_THAT_WENT.load(Ordering::Relaxed)
}

static JOINED: AtomicUsize = AtomicUsize::new(0);

/// How many messages were parts of others in all lives.
pub fn joined() -> usize {
    JOINED.load(Ordering::Relaxed)
}

/// Goipd as its journal makes it; whether it joins long messages.
pub struct Daemon<const JOINS: bool> {
    disk: SimDisk,
    engine: Engine,
    log: Log<SimDisk>,
    now: Now,
    /// Whether the box is asked for its inbox.
    asked: bool,
    actions: Vec<Action>,
    /// Every message that was stored but the joined ones, and when every gap was told.
    stored: Vec<ReceivedId>,
    gaps: Vec<u32>,
    /// How many of them no crash can take back.
    durable: (usize, usize),
    /// The number of the first segment, as last looked at.
    first_segment: Option<u32>,
}

impl<const JOINS: bool> Default for Daemon<JOINS> {
    fn default() -> Self {
        let disk = SimDisk::default();
        let (engine, log, _) = opened(&disk, JOINS);
        let now = Now { boot_ms: 1_000_000, unix_s: 1_800_000_000, trusted: true };
        let mut daemon = Self {
            disk,
            engine,
            log,
            now,
            asked: false,
            actions: Vec::new(),
            stored: Vec::new(),
            gaps: Vec::new(),
            durable: (0, 0),
            first_segment: None,
        };
        daemon.begin();
        daemon
    }
}

fn line() -> LineName {
    LineName { device: "office".try_into().expect("a short name"), line: 1 }
}

/// The engine and the journal as they are on the disk, and the newest message that is there.
fn opened(disk: &SimDisk, joins: bool) -> (Engine, Log<SimDisk>, ReceivedId) {
    let inbox = InboxSettings { interval_s: INTERVAL_S, join: joins, ..InboxSettings::default() };
    let device = DeviceSettings {
        name: line().device,
        lines: 1,
        exclusive: true,
        form: false,
        api_room: 600,
        status_interval_s: 0,
        inbox,
        watchdog_s: 0,
        watchdog_a_day: 0,
    };
    let mut engine = Engine::new(
        Settings {
            queue_limit: 10,
            keep_s: 31_536_000,
            keep_messages: KEEP_MESSAGES,
            ttl_s: 86_400,
            max_segments: 10,
            on_unknown: OnUnknown::Hold,
            devices: vec![device],
            rules: Rules::default(),
            health: Default::default(),
            choosing: Choosing::default(),
            terms: TermRules::default(),
        },
        BootId([1; 16]),
    );
    let mut newest = 0;
    let on = |record| {
        if let Record::Received(received) = &record {
            newest = newest.max(received.id);
        }
        engine.restore(record);
    };
    let (log, recovered) =
        Log::open(disk.clone(), if joins { JOINING_LIMITS } else { LIMITS }, 1, on).expect("a journal");
    assert_eq!(recovered.faults, [], "a crash is no damage");
    (engine, log, newest)
}

impl<const JOINS: bool> Daemon<JOINS> {
    /// After a start: the box shows its status, and is then asked for its inbox.
    fn begin(&mut self) {
        self.asked = false;
        self.engine.restored(self.now, 0, false);
        self.turn();
        assert!(self.asked, "the inbox is read at once after a start");
    }

    /// What the loop does after anything has happened; the disk does nothing meanwhile.
    fn turn(&mut self) -> Vec<Record> {
        let mut records = Vec::new();
        loop {
            self.engine.durable(self.log.durable());
            self.engine.turn(self.now);
            if self.log.pressure().is_high() {
                self.engine.forget_oldest(16);
            }
            let mut actions = std::mem::take(&mut self.actions);
            self.engine.take_actions(&mut actions);
            let any = !actions.is_empty();
            for action in actions.drain(..) {
                match action {
                    Action::Record(ticket, record) => {
                        self.log.append(ticket, &record);
                        records.push(record);
                    }
                    Action::Ask(_, Ask::Status) => {
                        let lines = core::iter::once(Some(LineStatus::default())).collect();
                        let page = Ok(Box::new(StatusPage { lines, ..StatusPage::default() }));
                        self.engine.report(self.now, 0, Answer::Status(page));
                    }
                    Action::Ask(_, ask) => self.asked = ask == Ask::Inbox,
                    Action::Act(..) => unreachable!("nothing is done to the box"),
                }
            }
            self.actions = actions;
            let engine = &self.engine;
            self.log.compact_step(|_| None, |line| engine.inbox_window(line));
            if !any {
                return records;
            }
        }
    }

    fn pass(&mut self, s: u32) {
        self.now.boot_ms += u64::from(s) * 1000;
        self.now.unix_s += s;
    }

    /// Lets time pass until the box is asked for its inbox.
    fn wait_for_question(&mut self) -> Vec<Record> {
        self.pass(INTERVAL_S);
        let records = self.turn();
        if !self.asked {
            // The next page is compared with what is durable.
            self.settle();
        }
        assert!(self.asked, "the inbox is not read");
        records
    }

    /// The box shows a page.
    fn show(&mut self, page: &[Mark]) -> Vec<Record> {
        self.asked = false;
        let entries = (0..).zip(page).map(|(slot, &mark)| entry(slot, mark, JOINS)).collect();
        self.engine.report(self.now, 0, Answer::InboxLine(InboxLine { line: 1, entries }));
        self.engine.report(self.now, 0, Answer::Inbox(Ok(())));
        self.turn()
    }

    /// Takes down what these records say of a page.
    fn note(&mut self, told: &mut Told, records: &[Record]) {
        for record in records {
            match record {
                Record::Received(received) if received.parts.is_empty() => {
                    assert_eq!(received.old, told.old);
                    let number = received.text.split(' ').next().expect("a number");
                    told.new.push(Mark(u64::from_str_radix(number, 16).expect("a mark")));
                    self.stored.push(received.id);
                }
                Record::InboxWindow(window) if window.gap => {
                    told.gap = true;
                    self.gaps.push(window.at.unix_s);
                }
                _ => {}
            }
        }
    }

    /// The disk does one job, if there is one; says whether.
    fn work(&mut self) -> bool {
        let Some(job) = self.log.next_job(self.now.boot_ms) else { return false };
        let done = job.perform(&mut self.disk);
        if self.disk.is_dead() {
            return false;
        }
        self.log.done(self.now.boot_ms, done);
        self.turn();
        true
    }

    fn note_segments(&mut self) {
        let first = journal::Source::list(&self.disk).expect("a list").into_iter().min();
        if self.first_segment.replace(first.unwrap_or(0)).is_some_and(|before| Some(before) < first) {
            SEGMENTS_THAT_WENT.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<const JOINS: bool> Goipd for Daemon<JOINS> {
    fn memory(&self) -> [bool; 3] {
        let window = self.engine.inbox_window(&line());
        window.map_or([false; 3], |window| [window.known, window.settled, !window.marks.is_empty()])
    }

    fn remembers(&self, mark: Mark) -> bool {
        let mark = Mark::from(&entry(0, mark, JOINS)).0;
        self.engine.inbox_window(&line()).is_some_and(|window| window.marks.contains(&mark))
    }

    fn read(&mut self, page: &[Mark]) -> Told {
        self.wait_for_question();
        let mut told = Told { old: !self.memory()[0], ..Told::default() };
        let mut records = self.show(page);
        self.note(&mut told, &records);
        if JOINS {
            // The same page again, or one that shows nothing, or none; until nothing waits.
            let again = self.now.unix_s / INTERVAL_S % 3;
            if again > 0 {
                let mut more = self.wait_for_question();
                more.extend(self.show(if again == 1 { page } else { &[] }));
                self.note(&mut told, &more);
                records.append(&mut more);
            }
            self.pass(WAITED_S);
            let more = self.turn();
            self.note(&mut told, &more);
            records.extend(more);
            check_joins(&records);
        }
        told
    }

    fn settle(&mut self) {
        self.log.hurry(self.engine.ticket());
        while self.work() {}
        self.durable = (self.stored.len(), self.gaps.len());
        self.note_segments();
        let mut shown: Vec<ReceivedId> = self.engine.received(0, LineSet::ALL).collect();
        assert!(shown.len() <= KEEP_MESSAGES as usize);
        for &id in &shown {
            let part_of = self.log.received(id, |body| body.part_of).expect("a message that is kept");
            let names_it = |body: journal::ReceivedBody<'_>| body.parts.contains(&id);
            let named = part_of == 0 || self.log.received(part_of, names_it).expect("the whole of a part");
            assert!(named, "message {part_of} does not name its part {id}");
        }
        shown.retain(|&id| !self.engine.is_joined(id));
        assert!(self.stored.ends_with(&shown), "{shown:?} of {:?}", self.stored);
        let texts = shown.iter().all(|&id| self.log.received(id, |_| ()).is_some());
        assert!(texts, "every message that is kept can be read");
    }

    /// The journal does that by itself, when it is full.
    fn compact(&mut self) {
        self.settle();
    }

    fn restart(&mut self, random: &mut Random) -> Kept {
        let before = self.engine.inbox_window(&line());
        // It dies before one of the disk's next operations.
        self.disk.crash_at(self.disk.operations() + random.below(8));
        self.log.hurry(self.engine.ticket());
        while !self.disk.is_dead() && self.work() {}
        if random.one_in(2) || !self.disk.survive() {
            self.disk.crash(random);
        }
        let (engine, log, newest) = opened(&self.disk, JOINS);
        (self.engine, self.log) = (engine, log);
        self.begin();
        let messages = self.stored.partition_point(|&id| id <= newest).max(self.durable.0);
        let told = |at: &&u32| {
            let mut events = self.log.events().after(0);
            events.any(|event| event.kind == EventKind::InboxGap && event.unix_s == **at)
        };
        let gaps = self.gaps[self.durable.1..].iter().take_while(told).count() + self.durable.1;
        // At most one page was not durable.
        let cut = self.engine.inbox_window(&line()) != before;
        let cut_behind_gap = cut && gaps > self.durable.1;
        self.stored.truncate(messages);
        self.gaps.truncate(gaps);
        self.durable = (messages, gaps);
        Kept { messages, gaps, cut_behind_gap }
    }
}

/// Each joined message has the texts of its parts, and each part is joined.
fn check_joins(records: &[Record]) {
    let received =
        || records.iter().filter_map(|record| if let Record::Received(r) = record { Some(r) } else { None });
    let mut joined = 0;
    for whole in received().filter(|r| !r.parts.is_empty()) {
        let parts: Vec<_> = received().filter(|r| r.part_of == whole.id).collect();
        assert!(parts.iter().map(|part| part.id).eq(whole.parts.iter().copied()), "{whole:?}");
        assert_eq!(parts.iter().map(|part| &*part.text).collect::<String>(), *whole.text);
        joined += parts.len();
    }
    assert_eq!(received().filter(|r| r.part_of > 0).count(), joined);
    JOINED.fetch_add(joined, Ordering::Relaxed);
}

/// What stands in a slot: all that tells entries apart is in the text. Where messages are joined,
/// every other one may go on.
fn entry(slot: u8, mark: Mark, joins: bool) -> InboxEntry {
    let mut text = format!("{:x} ", mark.0);
    let padding = if joins && mark.0.is_multiple_of(2) { PART_BYTES - text.len() } else { PADDING_BYTES };
    text.push_str(&"x".repeat(padding));
    InboxEntry {
        slot,
        device_time: "07-03 12:54:04".try_into().expect("a short time"),
        from: "777".try_into().expect("a short name"),
        text: text.into(),
    }
}
