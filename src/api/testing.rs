//! An engine with two boxes and a journal in RAM, for the tests of this room.

use super::reply::{Daemon, Source};
use super::{Answer, Caller, answer, parse_line, reply};
use crate::engine::{
    Action, Answer as Reported, Choosing, DeviceSettings, Engine, InboxSettings, Now, Rules, Settings,
    TermRules,
};
use crate::goip::{AskError, JobStatus, LineStatus, SendAnswer, SendOutcome, StatusPage};
use crate::journal::{BootId, Counters, Memory, Ticket};
use crate::message::{JobId, OnUnknown, Refusal, Words};

/// 2026-11-22 07:00:00 UTC, ten seconds after boot.
pub const NOW: Now = Now { boot_ms: 10_000, unix_s: 1_795_330_800, trusted: false };

pub struct World {
    pub engine: Engine,
    /// Who asks.
    pub caller: Caller,
    pub journal: Memory,
}

impl World {
    pub fn new() -> Self {
        let device = |name: &str, lines| DeviceSettings {
            name: name.try_into().unwrap(),
            lines,
            exclusive: true,
            form: false,
            api_room: 600,
            status_interval_s: 60,
            inbox: InboxSettings::default(),
            watchdog_s: 0,
            watchdog_a_day: 0,
        };
        let settings = Settings {
            queue_limit: 1000,
            keep_s: 3600,
            keep_messages: 1000,
            ttl_s: 3600,
            max_segments: 10,
            on_unknown: OnUnknown::Hold,
            devices: vec![device("office", 2), device("depot", 1)],
            rules: Rules::default(),
            health: Default::default(),
            choosing: Choosing::default(),
            terms: TermRules::default(),
        };
        Self {
            engine: Engine::new(settings, BootId::default()),
            caller: Caller::LOCAL,
            journal: Memory::new(),
        }
    }

    /// What the request's line leads to; its records are in the journal afterwards.
    pub fn answer(&mut self, line: &str) -> Result<(Answer, Ticket), Refusal> {
        let request = parse_line(line.as_bytes()).1?;
        let answered = answer(request, self.caller, NOW, &mut self.engine, &self.journal);
        self.record();
        answered
    }

    /// The reply to the request's line.
    pub fn reply(&mut self, line: &str) -> String {
        let form = parse_line(line.as_bytes()).0;
        let mut out = String::new();
        match self.answer(line) {
            Ok((answer, _)) => self.source().write(&mut out, form, answer),
            Err(refusal) => reply::refusal(&mut out, form, &refusal),
        }
        out
    }

    pub fn source(&self) -> Source<'_, Memory> {
        let daemon = Daemon { uptime_s: 5, journal: "j1", written: Counters::default() };
        Source { now: NOW, engine: &self.engine, bodies: &self.journal, daemon }
    }

    /// Hands the one queued message to the first box, which takes it as job `6a52acc8`.
    pub fn submit(&mut self, now: Now) {
        self.turn(now);
        self.report(now, Reported::Status(Ok(Box::new(page("", JobStatus::Empty, "")))));
        let id = JobId::parse("6a52acc8").unwrap();
        let sending = SendAnswer::Sending { line: Some(1), id };
        self.report(now, Reported::Send(SendOutcome::Answered(sending)));
    }

    /// The first box does not answer.
    pub fn cannot_be_reached(&mut self, now: Now) {
        self.turn(now);
        self.report(now, Reported::Status(Err(AskError::Unreachable(Words::new("")))));
    }

    /// The box shows the job done with that error.
    pub fn fail(&mut self, now: Now, error: &str) {
        let later = Now { boot_ms: now.boot_ms + 60_000, ..now };
        self.turn(later);
        self.report(later, Reported::Status(Ok(Box::new(page("6a52acc8", JobStatus::Done, error)))));
    }

    fn report(&mut self, now: Now, reported: Reported) {
        self.engine.report(now, 0, reported);
        self.turn(now);
    }

    /// Turns until every record is durable and nothing is left to do.
    fn turn(&mut self, now: Now) {
        self.engine.turn(now);
        while self.record() {
            self.engine.durable(self.journal.durable());
            self.engine.turn(now);
        }
    }

    /// Hands the engine's records to the journal; says whether there were any.
    pub fn record(&mut self) -> bool {
        let mut actions = Vec::new();
        self.engine.take_actions(&mut actions);
        let any = !actions.is_empty();
        for action in actions {
            if let Action::Record(ticket, record) = action {
                self.journal.append(ticket, record);
            }
        }
        any
    }
}

fn page(id: &str, status: JobStatus, error: &str) -> StatusPage {
    let first = LineStatus { id: JobId::parse(id).unwrap(), status, error: Words::new(error) };
    let mut page = StatusPage::default();
    page.lines.push(Some(first)).unwrap();
    page.lines.push(Some(LineStatus::default())).unwrap();
    page
}
