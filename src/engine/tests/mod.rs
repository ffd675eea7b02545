//! The life of a message, transition by transition, with a box that answers what the test says.

mod auto_reply;
mod breaker;
mod choosing;
mod control;
mod events;
mod fence;
mod form;
mod holds;
mod inbox;
mod life;
mod limits;
mod opt_out;
mod requests;
mod restore;
mod states;
mod tend;
mod terms;
mod waiting;

use super::*;
use crate::goip::{JobStatus, LineStatus, Phase as Reached, SendAnswer};
use crate::journal::{EventKind, Memory, Origin};
use crate::message::{LineId, Number, OnUnknown, Priority, ProblemCode, Refusal, Words, check_text};

/// An engine with its journal, and a clock that the test moves.
pub(super) struct Rig {
    pub engine: Engine,
    pub journal: Memory,
    pub now: Now,
    /// Every record so far.
    pub records: Vec<Record>,
    /// What each device was last asked and has not answered.
    pub asked: Vec<Option<Ask>>,
    /// Whether records become durable at once.
    pub disk: bool,
    /// What the box tells of its lines; it has no such page if that is `None`.
    pub states: Option<LinePage>,
    /// What was to be done and has no answer yet.
    pub act: Option<Act>,
    actions: Vec<Action>,
}

pub(super) fn device(name: &str, lines: u8) -> DeviceSettings {
    DeviceSettings {
        name: name.try_into().unwrap(),
        lines,
        exclusive: true,
        form: false,
        api_room: 600,
        status_interval_s: 60,
        inbox: InboxSettings::default(),
        watchdog_s: 0,
        watchdog_a_day: 0,
    }
}

pub(super) fn settings(devices: &[DeviceSettings]) -> Settings {
    Settings {
        queue_limit: 10,
        keep_s: 604_800,
        keep_messages: 20,
        ttl_s: 86_400,
        max_segments: 10,
        on_unknown: OnUnknown::Hold,
        devices: devices.to_vec(),
        rules: Rules::default(),
        health: Default::default(),
        choosing: Choosing::default(),
        terms: TermRules::default(),
    }
}

pub(super) fn id(text: &str) -> JobId {
    JobId::parse(text).unwrap()
}

/// A page whose lines show these jobs: id, status, error.
pub(super) fn page(lines: &[(&str, JobStatus, &str)]) -> Answer {
    let line = |&(job, status, error): &(&str, JobStatus, &str)| {
        Some(LineStatus { id: id(job), status, error: Words::new(error) })
    };
    Answer::Status(Ok(Box::new(StatusPage {
        lines: lines.iter().map(line).collect(),
        ..StatusPage::default()
    })))
}

pub(super) fn sending(job: &str) -> Answer {
    Answer::Send(SendOutcome::Answered(SendAnswer::Sending { line: None, id: id(job) }))
}

pub(super) fn answered(answer: SendAnswer) -> Answer {
    Answer::Send(SendOutcome::Answered(answer))
}

pub(super) fn lost(phase: Reached, timed_out: bool) -> Answer {
    Answer::Send(SendOutcome::Lost { phase, timed_out })
}

pub(super) fn new_message(to: &str, text: &str) -> NewMessage {
    let shape = check_text(text, 10).unwrap();
    NewMessage::new(Origin::Local, Number::parse(to).unwrap(), text.into(), shape)
}

impl Rig {
    pub fn new(settings: Settings) -> Self {
        let devices = settings.devices.len();
        let now = Now { boot_ms: 1_000_000, unix_s: 1_800_000_000, trusted: true };
        let mut rig = Self {
            engine: Engine::new(settings, BootId([7; 16])),
            journal: Memory::new(),
            now,
            records: Vec::new(),
            asked: vec![None; devices],
            disk: true,
            states: None,
            act: None,
            actions: Vec::new(),
        };
        rig.engine.restored(now, 0, false);
        rig.turn();
        rig
    }

    /// One box with one line, which has answered: it has sent job `0a` some time before.
    pub fn one_line() -> Self {
        Self::seen(settings(&[device("office", 1)]), &[("0a", JobStatus::Done, "")])
    }

    /// One box, which has shown these jobs for a minute, the last time just now.
    pub fn seen(settings: Settings, lines: &[(&str, JobStatus, &str)]) -> Self {
        let mut rig = Self::new(settings);
        rig.answer(0, page(lines));
        rig.show(lines);
        rig
    }

    pub fn turn(&mut self) {
        loop {
            self.engine.turn(self.now);
            self.engine.take_actions(&mut self.actions);
            if self.actions.is_empty() {
                return;
            }
            for action in self.actions.drain(..) {
                match action {
                    Action::Record(ticket, record) => {
                        self.records.push(record.clone());
                        self.journal.append(ticket, record);
                    }
                    Action::Ask(device, Ask::Lines(_)) => {
                        let none = || AskError::NotUnderstood(Words::new("HTTP 404"));
                        let page = self.states.clone().map(Box::new).ok_or_else(none);
                        self.engine.report(self.now, device, Answer::Lines(page));
                    }
                    Action::Act(_, act) => {
                        assert_eq!(self.act, None, "a device does one thing at a time");
                        self.act = Some(*act);
                    }
                    Action::Ask(device, ask) => {
                        let place = &mut self.asked[usize::from(device)];
                        assert_eq!(*place, None, "a device has one request in hand");
                        *place = Some(ask);
                    }
                }
            }
            if self.disk {
                self.engine.durable(self.journal.durable());
            }
        }
    }

    /// The daemon dies and starts again, `off_ms` later in the boot `boot`, with all that was
    /// written down.
    pub fn restart(&mut self, boot: BootId, off_ms: u64) {
        self.restart_from(self.records.clone(), boot, off_ms, false);
    }

    pub fn restart_from(&mut self, records: Vec<Record>, boot: BootId, off_ms: u64, damaged: bool) {
        let wall_s = (off_ms / 1000) as u32;
        if boot == self.engine.boot {
            self.now.boot_ms += off_ms;
        } else {
            self.now.boot_ms = 20_000;
        }
        self.now.unix_s += wall_s;
        let settings = self.engine.settings.clone();
        self.engine = Engine::new(settings, boot);
        self.journal = Memory::new();
        let mut last_id = 0;
        for (ticket, record) in (1..).zip(records) {
            if let Record::Accepted(accepted) = &record {
                last_id = last_id.max(accepted.id);
            }
            self.journal.append(ticket, record.clone());
            self.engine.restore(record);
        }
        self.asked.fill(None);
        self.engine.restored(self.now, last_id, damaged);
        self.turn();
    }

    pub fn pass(&mut self, ms: u64) {
        let before_s = self.now.boot_ms / 1000;
        self.now.boot_ms += ms;
        self.now.unix_s += (self.now.boot_ms / 1000 - before_s) as u32;
        self.turn();
    }

    /// Lets time pass until the device is asked something; returns how long that took.
    pub fn until_asked(&mut self, device: usize) -> u64 {
        let start = self.now.boot_ms;
        while self.asked[device].is_none() {
            let wake = self.engine.next_wake().expect("somebody waits for the device");
            assert!(wake > self.now.boot_ms, "a wake-up that does nothing");
            self.pass(wake - self.now.boot_ms);
        }
        self.now.boot_ms - start
    }

    pub fn answer(&mut self, device: u8, answer: Answer) {
        assert!(self.asked[usize::from(device)].take().is_some(), "nothing was asked");
        self.engine.report(self.now, device, answer);
        self.turn();
    }

    /// Waits for the next question for the status and answers it.
    pub fn show(&mut self, lines: &[(&str, JobStatus, &str)]) {
        self.until_asked(0);
        assert_eq!(self.asked[0], Some(Ask::Status));
        self.answer(0, page(lines));
    }

    pub fn accept(&mut self, new: NewMessage) -> Result<Receipt, Refusal> {
        let receipt = self.engine.accept(self.now, new, &self.journal);
        self.turn();
        receipt
    }

    pub fn send(&mut self, text: &str) -> MessageId {
        self.accept(new_message("+4915112345678", text)).unwrap().id
    }

    /// Accepts a message and brings it to the box, which shows the job that it showed last.
    pub fn submitted(&mut self, text: &str) -> MessageId {
        let job = self.engine.lines[0].seen.unwrap().job;
        self.submitted_over(text, job.as_str())
    }

    /// Accepts a message and brings it to the box, which shows `job` as the one before.
    pub fn submitted_over(&mut self, text: &str, job: &str) -> MessageId {
        let message = self.send(text);
        self.until_asked(0);
        if self.asked[0] == Some(Ask::Status) {
            let status = if job.is_empty() { JobStatus::Empty } else { JobStatus::Done };
            self.answer(0, page(&[(job, status, "")]));
        }
        assert_eq!(self.asked[0], Some(Ask::Send(message, 1)));
        message
    }

    pub fn state(&self, message: MessageId) -> State {
        self.engine.view(message).unwrap().state
    }

    pub fn problem(&self, message: MessageId) -> Option<ProblemCode> {
        self.engine.view(message).unwrap().problem.map(|p| p.code)
    }

    /// Sees to it that the messages that wait go out one by one, all of them well, until none is
    /// sent for a minute; gives the lines that they went out on, in their order.
    pub fn drain(&mut self, lines: usize) -> Vec<(MessageId, u8)> {
        let mut jobs: Vec<(String, JobStatus)> =
            (0..lines).map(|n| (format!("0{n}"), JobStatus::Done)).collect();
        let mut sent = Vec::new();
        let end_ms = self.now.boot_ms + 60_000;
        while self.now.boot_ms < end_ms {
            match self.asked[0] {
                Some(Ask::Send(message, line)) => {
                    let job = format!("b{}", 100 + message);
                    jobs[usize::from(line) - 1].0.clone_from(&job);
                    sent.push((message, line));
                    self.answer(0, sending(&job));
                }
                Some(Ask::Status) => {
                    let shown: Vec<_> =
                        jobs.iter().map(|(job, status)| (job.as_str(), *status, "")).collect();
                    self.answer(0, page(&shown));
                }
                _ => self.pass(500),
            }
        }
        sent
    }

    /// Checks state and problem at once.
    #[track_caller]
    pub fn is(&self, message: MessageId, state: State, problem: Option<ProblemCode>) {
        assert_eq!((self.state(message), self.problem(message)), (state, problem));
    }
}
