//! The whole core in virtual time: the real engine, the real journal over a disk that forgets,
//! the real page parsers, and simulated boxes behind a network with latency. No socket, no
//! thread, no clock: a seed decides everything, and the daemon can be killed at any moment.

#![allow(
    dead_code,
    clippy::expect_used,
    reason = "a test's tool; simulation and benchmarks use different parts"
)]

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use goip_sim::{Accept, Model, Options, Step};
use goipd::engine::{
    Action, Answer, Ask, Choosing, DeviceSettings, Engine, InboxSettings, MIN_STATUS_GAP_MS, NewMessage, Now,
    Rules, Settings, TermRules,
};
use goipd::goip::{
    Act, AskError, ByForm, Deed, End, InboxReader, Phase, SendOutcome, parse_answer, parse_lines,
    parse_status,
};
use goipd::journal::{
    self, Bodies, BootId, Event as Told, Job, Limits, Log, Mark, Origin, Record, Seq, Subject, Ticket,
};
use goipd::message::{JobId, MessageId, Number, OnUnknown, Refusal, Words, check_text};

pub mod disk;
mod random;
mod store;

pub use disk::SimDisk;
pub use random::Random;
use store::Store;

/// Where the virtual clock begins, in ms since boot.
const START_MS: u64 = 60_000;

/// The wall clock at that moment: 2026-11-22 07:00:00 UTC.
const START_UNIX_S: u32 = 1_795_330_800;

/// Boxes, the engine, and all that is on its way between them.
pub struct World {
    pub now_ms: u64,
    /// What the wall clock is wrong by, in seconds.
    pub wall_error_s: i64,
    /// Whether the wall clock was set in this boot.
    pub trusted: bool,
    /// When the router booted, and for which time.
    boot_at_ms: u64,
    boots: u8,
    /// How often the daemon has started; what is left of an earlier one comes too late.
    lives: u32,
    pub engine: Engine,
    pub store: Store,
    pub disk: SimDisk,
    pub boxes: Vec<SimBox>,
    /// From the router to the box, and the same back.
    pub one_way_ms: u64,
    /// Until goipd gives an exchange up.
    pub timeout_ms: u64,
    /// What an fsync takes.
    pub fsync_ms: u64,
    /// How often the loop ran because of a timer.
    pub wakes: u64,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    order: u64,
    job: Option<Job>,
    /// Messages whose acceptance is not durable yet, and those of which it is: their senders
    /// were told.
    told_after: Vec<(MessageId, Ticket)>,
    pub told: Vec<MessageId>,
    /// Who wants no more messages, and since which ticket, 0 for before the last start.
    listed: BTreeMap<String, Ticket>,
    /// What goipd has done by itself, and when.
    pub marks: Vec<(u64, Mark)>,
    /// Every event that somebody was shown: when, what, and of whom.
    shown: BTreeMap<Seq, (u32, &'static str, String)>,
    actions: Vec<Action>,
}

/// What a connection to a box is for.
#[derive(Clone, Copy)]
enum Purpose {
    Ask(Ask),
    /// A deed; of a USSD code its key and line.
    Act(Option<(JobId, u8)>),
}

/// A simulated box, and what it is busy with.
pub struct SimBox {
    pub model: Model,
    /// Until when it serves an earlier connection.
    busy_until_ms: u64,
    /// The connection that goipd waits for.
    open: Option<Connection>,
    connections: u64,
    /// When it was last asked for its status.
    asked_ms: Option<u64>,
    /// What it was asked, by kind.
    pub sends: u64,
    pub questions: u64,
    pub inbox_reads: u64,
    /// What was done to it, and when that left.
    pub deeds: Vec<(u64, Act)>,
}

impl SimBox {
    fn new(options: Options) -> Self {
        Self {
            model: Model::new(options),
            busy_until_ms: 0,
            open: None,
            connections: 0,
            asked_ms: None,
            sends: 0,
            questions: 0,
            inbox_reads: 0,
            deeds: Vec::new(),
        }
    }
}

#[derive(Clone, Copy)]
struct Connection {
    number: u64,
    purpose: Purpose,
    begun_ms: u64,
}

/// Ordered by time, then by `order`; the content never decides.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The request is at the box.
    Arrive { device: usize, connection: u64, request: Vec<u8> },
    /// The box acts on it.
    Act { device: usize, connection: u64, reboots: u32, request: Vec<u8> },
    /// What the box wrote before it closed the connection has reached goipd.
    Closed { device: usize, connection: u64, bytes: Vec<u8> },
    /// The box refused the connection.
    Refused { device: usize, connection: u64 },
    /// goipd gives up.
    TimedOut { device: usize, connection: u64, some: bool },
    /// The disk has done the journal's job, if the daemon that gave it still lives.
    Written { life: u32 },
    /// Nothing; somebody wants to look at the world then.
    Look,
}

/// The login of the boxes: admin, admin.
const LOGIN: &str = "Authorization: Basic YWRtaW46YWRtaW4=";

/// The journal of a small router: segments of 16 KiB, so that they change often.
const JOURNAL_KIB: u32 = 128;

impl World {
    pub fn new(settings: Settings, boxes: Vec<Options>) -> Self {
        assert_eq!(settings.devices.len(), boxes.len());
        let boxes = boxes.into_iter().map(SimBox::new).collect();
        let disk = SimDisk::default();
        let (engine, store) = Self::wake_up(settings, &disk, BootId([1; 16]), Now::default());
        let mut world = Self {
            now_ms: START_MS,
            wall_error_s: 0,
            trusted: true,
            boot_at_ms: 0,
            boots: 1,
            lives: 0,
            engine,
            store,
            disk,
            boxes,
            one_way_ms: 20,
            timeout_ms: 10_000,
            fsync_ms: 0,
            wakes: 0,
            events: BinaryHeap::new(),
            order: 0,
            job: None,
            told_after: Vec::new(),
            told: Vec::new(),
            listed: BTreeMap::new(),
            marks: Vec::new(),
            shown: BTreeMap::new(),
            actions: Vec::new(),
        };
        world.start();
        world
    }

    fn wake_up(settings: Settings, disk: &SimDisk, boot: BootId, _: Now) -> (Engine, Store) {
        let mut engine = Engine::new(settings, boot);
        let opened = Log::open(disk.clone(), Limits::new(JOURNAL_KIB), 1, |record| engine.restore(record));
        let (log, recovered) = opened.expect("a journal that can be read");
        assert_eq!(recovered.faults, [], "a crash is no damage");
        (engine, Store { log, last_id: recovered.last_id })
    }

    fn start(&mut self) {
        let now = self.now();
        self.engine.restored(now, self.store.last_id, false);
        self.turn();
    }

    /// The daemon is killed, and at once starts again. False if nothing can be said of what
    /// comes then: it was killed between a failed sync and what follows that.
    pub fn kill(&mut self) -> bool {
        self.disk.survive() && {
            self.begin_a_new_life();
            true
        }
    }

    /// The router's power goes, and comes again `off_ms` later, with the wall clock at the time
    /// of the cut and not trusted; with `boxes` the boxes have no power either.
    pub fn cut_power(&mut self, random: &mut Random, off_ms: u64, boxes: bool) {
        self.disk.crash(random);
        for simbox in self.boxes.iter_mut().filter(|_| boxes) {
            let boot_ms = random.within(20_000..60_000);
            let off = goip_sim::Command::Reboot { ms: off_ms + boot_ms };
            simbox.model.command(self.now_ms, off).expect("a box that can reboot");
            simbox.busy_until_ms = 0;
        }
        // What was on its way to the boxes or back is gone.
        self.events.retain(|Reverse((_, _, event))| matches!(event, Event::Look));
        self.now_ms += off_ms;
        self.wall_error_s -= (off_ms / 1000) as i64;
        self.trusted = false;
        self.boot_at_ms = self.now_ms;
        self.boots += 1;
        // Until the daemon runs.
        self.now_ms += random.within(5_000..30_000);
        self.begin_a_new_life();
    }

    /// The wall clock is set.
    pub fn set_clock(&mut self) {
        (self.wall_error_s, self.trusted) = (0, true);
        self.turn();
    }

    fn begin_a_new_life(&mut self) {
        self.lives += 1;
        let durable = self.store.log.durable();
        self.listed.retain(|_, ticket| *ticket <= durable);
        self.listed.values_mut().for_each(|ticket| *ticket = 0);
        self.job = None;
        self.told_after.clear();
        for simbox in &mut self.boxes {
            (simbox.open, simbox.asked_ms) = (None, None);
        }
        let settings = self.engine.settings().clone();
        let boot = BootId([self.boots; 16]);
        (self.engine, self.store) = Self::wake_up(settings, &self.disk, boot, self.now());
        self.check_events();
        self.start();
    }

    /// Somebody reads the events that are new.
    fn show_events(&mut self) {
        let last = self.shown.last_key_value().map_or(0, |(&seq, _)| seq);
        self.shown.extend(self.store.events().after(last).map(|event| (event.seq, content(&event))));
    }

    /// After a crash every event that somebody was shown is what it was, and is still there if it
    /// is not too old.
    fn check_events(&self) {
        /// As many as always have room.
        const KEPT: usize = 300;
        let events = self.store.events();
        let kept: BTreeMap<Seq, _> = events.after(0).map(|event| (event.seq, content(&event))).collect();
        let old = self.shown.len().saturating_sub(KEPT);
        for (place, (seq, shown)) in self.shown.iter().enumerate() {
            match kept.get(seq) {
                Some(event) => assert_eq!(event, shown, "event {seq} is another one"),
                None => assert!(place < old && *seq <= events.before_oldest(), "event {seq} is lost"),
            }
        }
    }

    /// The state of a message by the last event that was shown of it.
    pub fn shown_state(&self, id: MessageId) -> Option<&'static str> {
        let of = |subject: &str| subject == id.to_string();
        self.shown.values().rev().find(|(_, _, subject)| of(subject)).map(|&(_, name, _)| name)
    }

    /// How often an event of that name was shown.
    pub fn shown_times(&self, name: &str) -> usize {
        self.shown.values().filter(|(_, shown, _)| *shown == name).count()
    }

    pub fn now(&self) -> Now {
        let wall = i64::from(START_UNIX_S) + ((self.now_ms - START_MS) / 1000) as i64 + self.wall_error_s;
        let boot_ms = self.now_ms - self.boot_at_ms;
        Now { boot_ms, unix_s: u32::try_from(wall).unwrap_or(0), trusted: self.trusted }
    }

    pub fn accept(&mut self, new: NewMessage) -> Result<MessageId, Refusal> {
        let now = self.now();
        let receipt = self.engine.accept(now, new, &self.store);
        if let Ok(receipt) = &receipt {
            self.told_after.push((receipt.id, receipt.after));
            self.store.log.hurry(receipt.after);
        }
        self.turn();
        receipt.map(|r| r.id)
    }

    /// Lets the world go on until `until_ms`, or until `done` says so; says whether it did.
    pub fn run(&mut self, until_ms: u64, mut done: impl FnMut(&Self) -> bool) -> bool {
        self.push(until_ms, Event::Look);
        while self.now_ms < until_ms {
            if done(self) {
                return true;
            }
            let event_ms = self.events.peek().map_or(u64::MAX, |e| e.0.0);
            let wake_ms = self.engine.next_wake().into_iter().chain(self.store.log.next_due()).min();
            match wake_ms.map(|ms| self.boot_at_ms + ms) {
                Some(wake_ms) if wake_ms < event_ms => {
                    assert!(wake_ms > self.now_ms, "a wake-up at {} that does nothing", self.now_ms);
                    if wake_ms >= until_ms {
                        self.now_ms = until_ms;
                        return done(self);
                    }
                    self.now_ms = wake_ms;
                    self.wakes += 1;
                    self.turn();
                }
                _ => {
                    let Some(Reverse((at_ms, _, event))) = self.events.pop() else { break };
                    self.now_ms = self.now_ms.max(at_ms);
                    self.happen(event);
                    self.turn();
                }
            }
        }
        done(self)
    }

    fn push(&mut self, at_ms: u64, event: Event) {
        self.order += 1;
        self.events.push(Reverse((at_ms, self.order, event)));
    }

    /// What the loop does after anything has happened.
    fn turn(&mut self) {
        loop {
            let now = self.now();
            self.engine.durable(self.store.log.durable());
            self.engine.turn(now);
            let mut any = self.act();
            if self.store.log.pressure().is_high() {
                self.engine.forget_oldest(16);
                any |= self.act();
            }
            let engine = &self.engine;
            self.store.log.compact_step(|id| engine.kept(now, id), |line| engine.inbox_window(line));
            if self.job.is_none()
                && let Some(job) = self.store.log.next_job(now.boot_ms)
            {
                self.job = Some(job);
                if self.fsync_ms > 0 {
                    self.push(self.now_ms + self.fsync_ms, Event::Written { life: self.lives });
                } else {
                    self.written();
                    any = true;
                }
            }
            self.show_events();
            if !any {
                return;
            }
        }
    }

    /// Does what the engine wants done; says whether there was anything.
    fn act(&mut self) -> bool {
        let mut actions = std::mem::take(&mut self.actions);
        self.engine.take_actions(&mut actions);
        let any = !actions.is_empty();
        for action in actions.drain(..) {
            match action {
                Action::Record(ticket, record) => {
                    match &record {
                        Record::OptOut(opt_out) => {
                            for one in &opt_out.numbers {
                                self.listed.entry(one.number.text().to_string()).or_insert(ticket);
                            }
                        }
                        Record::Mark(mark) => self.marks.push((self.now_ms, mark.clone())),
                        Record::OptIn(opt_in) => drop(self.listed.remove(opt_in.number.text().as_str())),
                        _ => {}
                    }
                    self.store.log.append(ticket, &record);
                }
                Action::Act(device, act) => self.connect_to_act(usize::from(device), *act),
                Action::Ask(device, ask) => self.connect(usize::from(device), ask),
            }
        }
        self.actions = actions;
        any
    }

    /// The disk does the journal's job.
    fn written(&mut self) {
        let Some(job) = self.job.take() else { return };
        let done = job.perform(&mut self.disk);
        drop(job);
        let now_ms = self.now().boot_ms;
        self.store.log.done(now_ms, done);
        let durable = self.store.log.durable();
        self.told.extend(self.told_after.extract_if(.., |(_, after)| *after <= durable).map(|(id, _)| id));
    }

    /// The message's number and text as a form writes them.
    fn encoded_body(&self, message: MessageId) -> [String; 2] {
        let body = self.store.log.body(message, |body| [encoded(body.to), encoded(body.text)]);
        body.expect("a message that is sent has a body")
    }

    fn connect(&mut self, device: usize, ask: Ask) {
        log::debug!("{}: box {device} is asked for {ask:?}", self.now_ms);
        let request = match ask {
            Ask::Status => "GET /default/en_US/send_status.xml?u=admin&p=admin HTTP/1.0\r\n\r\n".to_owned(),
            Ask::Delete(line, slot) => format!(
                "GET /default/en_US/tools.html?type=sms_inbox&action=del&line={line}&pos={slot} HTTP/1.0\r\n{LOGIN}\r\n\r\n"
            ),
            Ask::Inbox => {
                format!("GET /default/en_US/tools.html?type=sms_inbox HTTP/1.0\r\n{LOGIN}\r\n\r\n")
            }
            Ask::Lines(part) => {
                format!("GET /default/en_US/status.xml?type={} HTTP/1.0\r\n{LOGIN}\r\n\r\n", part.as_str())
            }
            Ask::FormStatus => format!("GET /default/en_US/send_sms_status.xml HTTP/1.0\r\n{LOGIN}\r\n\r\n"),
            Ask::Send(message, line) => {
                let [number, text] = self.encoded_body(message);
                format!(
                    "GET /default/en_US/send.html?u=admin&p=admin&l={line}&n={number}&m={text} HTTP/1.0\r\n\r\n"
                )
            }
            Ask::SendByForm(message, line, ByForm { key, plain }) => {
                let [number, text] = self.encoded_body(message);
                let name = if plain { "line".to_owned() } else { format!("line{line}") };
                let body =
                    format!("{name}=1&smskey={key}&action=SMS&telnum={number}&smscontent={text}&send=Send");
                format!(
                    "POST /default/en_US/sms_info.html?type=sms HTTP/1.0\r\n{LOGIN}\r\n\
                     Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
            }
        };
        if let Ask::Send(message, _) = ask {
            self.check_wanted(message);
        }
        let now_ms = self.now_ms;
        let simbox = &mut self.boxes[device];
        match ask {
            Ask::Send(..) | Ask::SendByForm(..) => simbox.sends += 1,
            Ask::Inbox => simbox.inbox_reads += 1,
            Ask::Delete(..) | Ask::Lines(_) => {}
            Ask::Status | Ask::FormStatus => {
                simbox.questions += 1;
                let gap_ms = simbox.asked_ms.replace(now_ms).map_or(u64::MAX, |ms| now_ms - ms);
                assert!(gap_ms >= MIN_STATUS_GAP_MS, "asked again after {gap_ms} ms");
            }
        }
        self.ask_box(device, Purpose::Ask(ask), request);
    }

    /// Has the box do something.
    fn connect_to_act(&mut self, device: usize, act: Act) {
        let line = act.line;
        let mut key = None;
        let request = match &act.deed {
            Deed::Power(on) => format!(
                "GET /default/en_US/status.html?type=list&down={}&line={line} HTTP/1.0\r\n{LOGIN}\r\n\r\n",
                u8::from(!on)
            ),
            Deed::Reboot => format!("GET /default/en_US/reboot.html HTTP/1.0\r\n{LOGIN}\r\n\r\n"),
            Deed::Ussd { code, form } => {
                key = Some((form.key, line));
                let name = if form.plain { "line".to_owned() } else { format!("line{line}") };
                let (key, code) = (form.key, encoded(code));
                let body = format!("{name}=1&smskey={key}&action=USSD&telnum={code}&send=Send");
                format!(
                    "POST /default/en_US/ussd_info.html?type=ussd HTTP/1.0\r\n{LOGIN}\r\n\
                     Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
            }
        };
        log::debug!("{}: box {device} is to do {act:?}", self.now_ms);
        self.boxes[device].deeds.push((self.now_ms, act));
        self.ask_box(device, Purpose::Act(key), request);
    }

    fn ask_box(&mut self, device: usize, purpose: Purpose, request: String) {
        let (now_ms, timeout_ms) = (self.now_ms, self.timeout_ms);
        let simbox = &mut self.boxes[device];
        assert!(simbox.open.is_none(), "one request to a box at a time");
        simbox.connections += 1;
        let connection = simbox.connections;
        simbox.open = Some(Connection { number: connection, purpose, begun_ms: now_ms });
        self.push(now_ms + self.one_way_ms, Event::Arrive { device, connection, request: request.into() });
        self.push(now_ms + timeout_ms, Event::TimedOut { device, connection, some: false });
    }

    /// Nothing leaves for who has opted out, once that is durable.
    fn check_wanted(&self, message: MessageId) {
        let read = |body: journal::Body<'_>| (body.to.to_owned(), body.origin);
        let (to, origin) = self.store.log.body(message, read).expect("a message that is sent has a body");
        let durable = self.store.log.durable();
        let listed = self.listed.get(&to).is_some_and(|ticket| *ticket <= durable);
        let confirms = matches!(origin, Origin::Confirm(_));
        assert!(!listed || confirms, "message {message} leaves for {to}, who wants none");
    }

    fn happen(&mut self, event: Event) {
        let now_ms = self.now_ms;
        match event {
            Event::Look => {}
            Event::Written { life } if life == self.lives => self.written(),
            Event::Written { .. } => {}
            Event::Arrive { device, connection, request } => {
                let simbox = &mut self.boxes[device];
                if !simbox.model.is_listening(now_ms) {
                    self.push(now_ms + self.one_way_ms, Event::Refused { device, connection });
                } else if simbox.busy_until_ms > now_ms {
                    let at_ms = simbox.busy_until_ms;
                    self.push(at_ms, Event::Arrive { device, connection, request });
                } else {
                    match simbox.model.accept(now_ms) {
                        Accept::Read => {
                            let late_ms = simbox.model.lateness_ms(now_ms, &request);
                            simbox.busy_until_ms = now_ms + late_ms;
                            let reboots = simbox.model.reboots();
                            self.push(now_ms + late_ms, Event::Act { device, connection, reboots, request });
                        }
                        Accept::Hang { ms } => {
                            simbox.busy_until_ms = now_ms + ms;
                            let closed = Event::Closed { device, connection, bytes: Vec::new() };
                            self.push(now_ms + ms + self.one_way_ms, closed);
                        }
                    }
                }
            }
            Event::Act { device, connection, reboots, request } => {
                self.boxes[device].model.tick(now_ms);
                if self.boxes[device].model.reboots() == reboots {
                    self.box_acts(device, connection, &request);
                } else {
                    // What the box had not got to is gone with its memory.
                    self.push(now_ms, Event::Closed { device, connection, bytes: Vec::new() });
                }
            }
            Event::Refused { device, connection } => {
                let lost = SendOutcome::Lost { phase: Phase::NotConnected, timed_out: false };
                self.end(device, connection, lost, Err(AskError::Unreachable(Words::new("refused"))));
            }
            Event::Closed { device, connection, bytes } => {
                let form = match self.boxes[device].open.map(|open| open.purpose) {
                    Some(Purpose::Ask(Ask::SendByForm(_, line, form))) => Some((form.key, line)),
                    Some(Purpose::Act(form)) => form,
                    _ => None,
                };
                let outcome = match parse_answer(&bytes, End::Closed, form) {
                    Some(answer) => SendOutcome::Answered(answer),
                    None => SendOutcome::Lost { phase: Phase::Written, timed_out: false },
                };
                self.end(device, connection, outcome, Ok(&bytes));
            }
            Event::TimedOut { device, connection, some } => {
                let phase = if some { Phase::Answering } else { Phase::Written };
                let lost = SendOutcome::Lost { phase, timed_out: true };
                self.end(device, connection, lost, Err(AskError::Unreachable(Words::new("timed out"))));
            }
        }
    }

    /// The box acts on a request, even if goipd has given it up.
    fn box_acts(&mut self, device: usize, connection: u64, request: &[u8]) {
        let simbox = &mut self.boxes[device];
        let waiting = simbox.open.filter(|c| c.number == connection);
        let gone_ms = waiting.map_or(self.now_ms, |c| c.begun_ms + self.timeout_ms);
        let mut at_ms = self.now_ms;
        let mut bytes = Vec::new();
        for step in simbox.model.request(self.now_ms, request) {
            match step {
                Step::Write(more) => bytes.extend(more),
                Step::Repeat(more) => {
                    bytes.extend(more.iter().cycle().take(70_000));
                }
                Step::Pause(ms) => at_ms += ms,
                Step::Hang(ms) => at_ms = (at_ms + ms).min(gone_ms.max(at_ms)),
            }
        }
        simbox.busy_until_ms = at_ms;
        if let Some(open) = simbox.open.filter(|c| c.number == connection)
            && at_ms + self.one_way_ms > open.begun_ms + self.timeout_ms
        {
            let some = !bytes.is_empty();
            self.push(open.begun_ms + self.timeout_ms, Event::TimedOut { device, connection, some });
            return;
        }
        self.push(at_ms + self.one_way_ms, Event::Closed { device, connection, bytes });
    }

    /// The connection is over, unless it was before.
    fn end(&mut self, device: usize, connection: u64, outcome: SendOutcome, answer: Result<&[u8], AskError>) {
        let simbox = &mut self.boxes[device];
        let Some(open) = simbox.open.filter(|c| c.number == connection) else { return };
        simbox.open = None;
        log::debug!("{}: box {device} answers: {outcome:?}", self.now_ms);
        let now = self.now();
        let Purpose::Ask(ask) = open.purpose else {
            return self.engine.report(now, device as u8, Answer::Acted(outcome));
        };
        let answer = match ask {
            Ask::Send(..) | Ask::SendByForm(..) => Answer::Send(outcome),
            Ask::Status | Ask::FormStatus => Answer::Status(answer.and_then(page).map(Box::new)),
            Ask::Lines(_) => Answer::Lines(answer.and_then(body).and_then(parse_lines).map(Box::new)),
            Ask::Delete(..) => Answer::Deleted(answer.and_then(body).map(|_| ())),
            Ask::Inbox => Answer::Inbox(answer.and_then(|bytes| {
                let mut reader = InboxReader::default();
                let engine = &mut self.engine;
                let each = &mut |line| engine.report(now, device as u8, Answer::InboxLine(line));
                reader.read(body(bytes)?, each).and_then(|()| reader.end())
            })),
        };
        self.engine.report(now, device as u8, answer);
    }
}

/// What an event says.
fn content(event: &Told<'_>) -> (u32, &'static str, String) {
    let subject = match event.subject {
        Subject::Message(id, _) => id.to_string(),
        Subject::Received(id) => format!("received {id}"),
        Subject::Part(part) => part.to_string(),
        Subject::Number(number) => number.to_owned(),
        Subject::Webhook(name, seq) => format!("{name} {seq}"),
    };
    (event.unix_s, event.kind.as_str(), subject)
}

/// The status page in an answer's bytes, as asking reads it.
fn page(bytes: &[u8]) -> Result<goipd::goip::StatusPage, AskError> {
    let body = body(bytes)?;
    if body.trim_ascii_start().starts_with(b"ERROR,user") {
        return Err(AskError::BadLogin);
    }
    parse_status(body)
}

/// What stands behind the head of an answer that is a page.
fn body(bytes: &[u8]) -> Result<&[u8], AskError> {
    let Some(end) = bytes.windows(2).position(|two| two == b"\n\n") else {
        return Err(AskError::Unreachable(Words::new("closed")));
    };
    match bytes[..end].split(|byte| *byte == b' ').nth(1) {
        Some(b"200") => Ok(&bytes[end + 2..]),
        Some(b"401") => Err(AskError::BadLogin),
        _ => Err(AskError::NotUnderstood(Words::new("HTTP"))),
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// A configuration with room for everything.
pub fn settings(devices: &[(&str, u8)]) -> Settings {
    Settings {
        queue_limit: 10_000,
        keep_s: 31_536_000,
        keep_messages: 10_000,
        ttl_s: 86_400,
        max_segments: 10,
        on_unknown: OnUnknown::Hold,
        devices: devices
            .iter()
            .map(|&(name, lines)| DeviceSettings {
                name: name.try_into().expect("a short name"),
                lines,
                exclusive: true,
                form: false,
                api_room: 600,
                status_interval_s: 60,
                inbox: InboxSettings::default(),
                watchdog_s: 0,
                watchdog_a_day: 0,
            })
            .collect(),
        rules: Rules::default(),
        health: Default::default(),
        choosing: Choosing::default(),
        terms: TermRules::default(),
    }
}

/// A message to `to` that may go out on any line.
pub fn message(to: &str, text: &str) -> NewMessage {
    let shape = check_text(text, 10).expect("a text");
    NewMessage::new(Origin::Local, Number::parse(to).expect("a number"), text.into(), shape)
}
