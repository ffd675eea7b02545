//! The box: lines, jobs, logins, faults, and a reaction to each request. Time comes in as ms
//! since the simulation began; no sockets, no threads, no clock.

use std::collections::VecDeque;

use crate::fault::Rules;
use crate::http::{Parsed, var};
use crate::inbox::Store;
use crate::job::{Run, Trouble, shortest_ms};
use crate::radio::{LinesForm, Radio};
use crate::react::page_of;
use crate::rng::Rng;
use crate::{Command, End, Fault, Hang, Ids, Job, Options, Page, Rule, Step};

/// So many of the newest requests are remembered; a box that runs for days must not grow.
const KEPT_REQUESTS: usize = 10_000;

/// What the box does with a new connection. (It takes none while [`Model::is_listening`] says
/// so.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// It reads the request.
    Read,
    /// It reads nothing for so many ms, and then closes.
    Hang {
        /// How long.
        ms: u64,
    },
}

/// A request that the box read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// When it came, in ms.
    pub arrived_ms: u64,
    /// When the box got to it, in ms.
    pub acted_ms: u64,
    /// Which kind of page it was for; [`Page::Any`] for any other page.
    pub page: Page,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query as the box saw it: cut where the URL was too long.
    pub query: String,
    /// The body as far as the box read it.
    pub body: String,
}

impl Request {
    /// A variable of the query or the body, decoded.
    pub fn var(&self, name: &str) -> Option<String> {
        var(&self.query, name).or_else(|| var(&self.body, name))
    }
}

/// Numbers that fail.
#[derive(Clone, Debug)]
struct Refusal {
    prefix: String,
    error: String,
    aired: bool,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    /// Its last job since the box booted, as an index into the runs.
    pub(crate) job: Option<usize>,
    pub(crate) logged_out_until_ms: u64,
}

/// The box. `now_ms` must never go backwards from one call to the next.
#[derive(Clone, Debug)]
pub struct Model {
    pub(crate) options: Options,
    rng: Rng,
    pub(crate) lines: Vec<Line>,
    pub(crate) runs: Vec<Run>,
    /// The runs that went on the air, in that order.
    aired: Vec<usize>,
    /// The lines' modules and cards.
    pub(crate) radios: Vec<Radio>,
    pub(crate) lines_form: LinesForm,
    /// Inbox and outbox.
    pub(crate) store: Store,
    last_id: u32,
    pub(crate) rules: Rules,
    refusals: Vec<Refusal>,
    deaf_until_ms: u64,
    reboots: u32,
    clears: u32,
    /// Commands of the future, in no order.
    script: Vec<(u64, Command)>,
    requests: VecDeque<Request>,
    /// When the request came that is waiting to be acted on.
    arrived_ms: Option<u64>,
}

impl Model {
    /// A box that has just booted.
    pub fn new(options: Options) -> Self {
        Self {
            rng: Rng::new(options.seed),
            lines: vec![Line::default(); usize::from(options.lines)],
            radios: vec![Radio::default(); usize::from(options.lines)],
            lines_form: LinesForm::default(),
            store: Store::new(options.lines),
            options,
            runs: Vec::new(),
            aired: Vec::new(),
            last_id: 0,
            rules: Rules::default(),
            refusals: Vec::new(),
            deaf_until_ms: 0,
            reboots: 0,
            clears: 0,
            script: Vec::new(),
            requests: VecDeque::new(),
            arrived_ms: None,
        }
    }

    /// Lets everything happen that is due: messages go on the air, jobs end, the script goes on.
    /// Every call that takes a time does this first.
    pub fn tick(&mut self, now_ms: u64) {
        while let Some(due_ms) = self.next_event_ms().filter(|due_ms| *due_ms <= now_ms) {
            for line in &self.lines {
                let Some(index) = line.job else { continue };
                if self.runs[index].next_event_ms() == Some(due_ms) && self.runs[index].happen() {
                    self.aired.push(index);
                    let job = &self.runs[index].job;
                    let at_s = self.options.epoch_s + due_ms / 1000;
                    self.store.send(at_s, job.line, &job.number, &job.text);
                    let from = self.radios.get(usize::from(job.line) - 1).map_or("", |radio| &radio.own);
                    for (line, radio) in (1..).zip(&self.radios) {
                        if !radio.own.is_empty() && radio.own == job.number {
                            // A line of the box has an inbox.
                            let _ = self.store.receive(at_s, line, from, job.text.as_bytes(), false);
                        }
                    }
                }
            }
            let due = |(at_ms, _): &(u64, Command)| *at_ms <= due_ms;
            let (due, later) = std::mem::take(&mut self.script).into_iter().partition(due);
            self.script = later;
            let due: Vec<(u64, Command)> = due;
            for (_, command) in due {
                // A script has nobody to tell that a line was busy.
                let _ = self.obey(due_ms, command);
            }
        }
    }

    /// When something happens next without a request, in ms; may lie in the past.
    pub fn next_event_ms(&self) -> Option<u64> {
        let jobs = self.lines.iter().filter_map(|line| self.runs[line.job?].next_event_ms());
        jobs.chain(self.script.iter().map(|(at_ms, _)| *at_ms)).min()
    }

    /// Puts a command into the script, to be done at `at_ms`.
    pub fn schedule(&mut self, at_ms: u64, command: Command) {
        self.script.push((at_ms, command));
    }

    /// What kind of box it is.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Puts a rule into force.
    pub fn fault(&mut self, rule: impl Into<Rule>) {
        self.rules.add(rule.into());
    }

    /// Does what a command says. The error is a sentence.
    pub fn command(&mut self, now_ms: u64, command: Command) -> Result<(), String> {
        self.tick(now_ms);
        self.obey(now_ms, command)
    }

    fn obey(&mut self, now_ms: u64, command: Command) -> Result<(), String> {
        match command {
            Command::Fault(rule) => self.rules.add(rule),
            Command::Error { prefix, error, aired } => {
                self.refusals.insert(0, Refusal { prefix, error, aired })
            }
            Command::Logout { line, ms } => {
                let place = line.map(|line| usize::from(line.wrapping_sub(1)));
                for (at, line) in self.lines.iter_mut().enumerate() {
                    if place.is_none_or(|place| place == at) {
                        line.logged_out_until_ms = now_ms.saturating_add(ms);
                    }
                }
            }
            Command::Refuse { ms } => self.deaf_until_ms = self.deaf_until_ms.max(now_ms.saturating_add(ms)),
            Command::Reboot { ms } => self.reboot(now_ms, ms),
            Command::Foreign { line, number, text } => {
                let key = self.options.foreign_key.clone();
                self.start(now_ms, &line.to_string(), &number, &text, key.as_deref(), true)?;
            }
            Command::Sms { line, number, text } => {
                self.store.receive(self.unix_s(now_ms), line, &number, &text, false)?;
            }
            Command::Slot { line, bytes } => self.store.receive(0, line, "", &bytes, true)?,
            Command::Delete { line, slot } => self.store.delete(line, slot)?,
            Command::Form(form) => self.store.form = form,
            Command::Lines(form) => self.lines_form = form,
            Command::Radio { line, set } => {
                for (n, radio) in (1..).zip(&mut self.radios) {
                    if line.is_none_or(|line| line == n) {
                        set.apply(radio);
                    }
                }
            }
            Command::Clock { ahead_s } => self.store.ahead_s = ahead_s,
            Command::Clear => {
                self.rules.clear();
                self.refusals.clear();
                self.lines.iter_mut().for_each(|line| line.logged_out_until_ms = 0);
                self.deaf_until_ms = 0;
                self.clears += 1;
            }
        }
        Ok(())
    }

    fn reboot(&mut self, now_ms: u64, down_ms: u64) {
        for line in &mut self.lines {
            if let Some(index) = line.job.take() {
                self.runs[index].cut_off(now_ms);
            }
        }
        if self.options.ids == Ids::Counter && self.options.counter_restarts {
            self.last_id = 0;
        }
        self.deaf_until_ms = self.deaf_until_ms.max(now_ms.saturating_add(down_ms));
        self.reboots += 1;
    }

    /// Whether the box takes connections: not while it reboots or refuses them.
    pub fn is_listening(&mut self, now_ms: u64) -> bool {
        self.tick(now_ms);
        now_ms >= self.deaf_until_ms
    }

    /// How often the box has rebooted. A connection that was under way then is gone.
    pub fn reboots(&self) -> u32 {
        self.reboots
    }

    /// How often the faults were cleared. A box that was waiting then goes on at once: what is
    /// left of a [`Step::Pause`], [`Step::Hang`] or [`Step::Repeat`] is skipped.
    pub fn clears(&self) -> u32 {
        self.clears
    }

    /// What the box does with the connection that it accepts now.
    pub fn accept(&mut self, now_ms: u64) -> Accept {
        self.tick(now_ms);
        let unread = |fault: &Fault| matches!(fault, Fault::Hang { at: Hang::Accepted, .. });
        match self.rules.hit(Page::Any, unread) {
            Some(Fault::Hang { ms, .. }) => Accept::Hang { ms },
            _ => Accept::Read,
        }
    }

    /// A request has come: how many ms the box takes to get to it. The caller lets that time
    /// pass, and then calls [`Model::request`] with the same bytes, even if the client has hung
    /// up. A caller that leaves this out has a box that is never late.
    pub fn lateness_ms(&mut self, now_ms: u64, request: &[u8]) -> u64 {
        self.tick(now_ms);
        self.arrived_ms = Some(now_ms);
        let page = Parsed::new(request, true).map_or(Page::Any, |parsed| page_of(&parsed.path));
        match self.rules.hit(page, |fault| matches!(fault, Fault::Late { .. })) {
            Some(Fault::Late { ms }) => ms,
            _ => 0,
        }
    }

    /// The box acts on a whole request (see [`is_whole`](crate::is_whole)): what it does with the
    /// connection before it closes it.
    pub fn request(&mut self, now_ms: u64, request: &[u8]) -> Vec<Step> {
        self.tick(now_ms);
        let arrived_ms = self.arrived_ms.take().unwrap_or(now_ms);
        let Some(mut parsed) = Parsed::new(request, true) else { return Vec::new() };
        let page = page_of(&parsed.path);
        if parsed.method == "POST" && self.rules.hit(page, |fault| *fault == Fault::PostIgnored).is_some() {
            parsed.body.clear();
        }
        if self.requests.len() == KEPT_REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(Request {
            arrived_ms,
            acted_ms: now_ms,
            page,
            method: parsed.method.clone(),
            path: parsed.path.clone(),
            query: parsed.query.clone(),
            body: String::from_utf8_lossy(&parsed.body).into_owned(),
        });
        if parsed.has_bad_cookie() {
            return Vec::new();
        }
        self.react(now_ms, page, &parsed)
    }

    /// Starts a job and gives its id, or the words behind `ERROR,`. The web form brings a `key`
    /// of its own.
    pub(crate) fn start(
        &mut self,
        now_ms: u64,
        line: &str,
        number: &str,
        text: &str,
        key: Option<&str>,
        foreign: bool,
    ) -> Result<String, String> {
        let lines = 1..=self.options.lines;
        let line = line.parse().ok().filter(|line| lines.contains(line)).ok_or("line error")?;
        if number.is_empty() {
            return Err("number error".into());
        }
        let place = usize::from(line) - 1;
        let logged_out = !self.is_in_network(now_ms, &self.lines[place], &self.radios[place]);
        if logged_out && key.is_none() {
            return Err(format!("L{line} GSM logout"));
        }
        if self.lines[place].job.is_some_and(|index| self.runs[index].is_busy()) {
            return Err(format!("L{line} busy"));
        }
        let word =
            |key: &&str| (1..=15).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric());
        let id = match key.filter(word).filter(|_| !self.options.own_keys) {
            Some(key) => key.to_owned(),
            None => self.next_id(now_ms),
        };
        let mut trouble = self.trouble(now_ms, number, text, foreign);
        let mut took_ms = shortest_ms(&self.options).saturating_add(self.rng.up_to(self.options.spread_ms));
        if logged_out {
            trouble = Trouble { error: Some("GSM_LOGOUT".into()), silent: true, ..Trouble::default() };
            took_ms = 2;
        }
        let job = Job {
            line,
            number: number.to_owned(),
            text: text.to_owned(),
            id: id.clone(),
            foreign,
            started_ms: now_ms,
            aired_ms: None,
            ended_ms: None,
            end: End::Running,
        };
        self.lines[place].job = Some(self.runs.len());
        self.runs.push(Run::new(job, took_ms, trouble));
        Ok(id)
    }

    pub(crate) fn is_in_network(&self, now_ms: u64, line: &Line, radio: &Radio) -> bool {
        now_ms >= line.logged_out_until_ms && radio.is_in_network()
    }

    /// Asks the network with a USSD code; says whether the line was free.
    pub(crate) fn start_ussd(&mut self, now_ms: u64, line: &str, code: &str, key: &str) -> bool {
        if self.start(now_ms, line, code, "", Some(key), false).is_err() {
            return false;
        }
        let place = line.parse::<usize>().map_or(0, |line| line.saturating_sub(1));
        let answer = self.radios.get(place).and_then(|radio| radio.ussd.clone());
        let answer = Some(answer.unwrap_or_else(|| self.options.ussd.clone()));
        let answer = answer.filter(|answer| !answer.is_empty());
        if let Some(run) = self.runs.last_mut() {
            run.make_ussd(answer);
        }
        true
    }

    /// What is to go wrong with a job that starts now.
    fn trouble(&mut self, now_ms: u64, number: &str, text: &str, foreign: bool) -> Trouble {
        let mut trouble = Trouble::default();
        if self.options.brackets_fail && text.starts_with('[') {
            trouble = Trouble { error: Some("500".into()), silent: true, ..trouble };
        }
        if let Some(refusal) = self.refusals.iter().find(|refusal| number.starts_with(&refusal.prefix)) {
            trouble = Trouble { error: Some(refusal.error.clone()), silent: !refusal.aired, ..trouble };
        }
        let fault = if foreign { None } else { self.rules.hit(Page::Send, Fault::is_of_jobs) };
        match fault {
            Some(Fault::EmptyId) => trouble.empty_id = true,
            Some(Fault::Stuck { busy }) => trouble.stuck = Some(busy),
            Some(Fault::EarlyError { error, stays }) => {
                trouble.early = Some(error.clone());
                if stays {
                    trouble = Trouble { error: Some(error), silent: true, ..trouble };
                }
            }
            Some(Fault::RebootDuring { after_ms, down_ms }) => {
                self.schedule(now_ms.saturating_add(after_ms), Command::Reboot { ms: down_ms });
            }
            _ => {}
        }
        trouble
    }

    fn next_id(&mut self, now_ms: u64) -> String {
        let now_s = self.unix_s(now_ms) as u32;
        self.last_id = match self.options.ids {
            Ids::Time => now_s.max(self.last_id.wrapping_add(1)),
            Ids::TimeExact => now_s,
            Ids::Counter => self.last_id.wrapping_add(1),
        };
        format!("{:08x}", self.last_id)
    }

    pub(crate) fn unix_s(&self, now_ms: u64) -> u64 {
        self.options.epoch_s + now_ms / 1000
    }

    /// Every message that went on the air, in that order: what the world got.
    pub fn air(&self) -> Vec<Job> {
        self.air_after(0)
    }

    /// [`Model::air`] without its first `seen`.
    pub fn air_after(&self, seen: usize) -> Vec<Job> {
        self.aired.iter().skip(seen).map(|index| self.runs[*index].job.clone()).collect()
    }

    /// Every message that the box took, in that order, whatever became of it.
    pub fn jobs(&self) -> Vec<Job> {
        self.runs.iter().map(|run| run.job.clone()).collect()
    }

    /// The requests that the box read, oldest first; of very many the newest 10 000.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.iter().cloned().collect()
    }

    /// The most requests for `page` that came within any one second ([`Page::Any`]: of all).
    pub fn most_per_second(&self, page: Page) -> usize {
        let counts = |request: &&Request| page == Page::Any || request.page == page;
        let times: Vec<u64> = self.requests.iter().filter(counts).map(|request| request.arrived_ms).collect();
        let until = |start: usize| times[start..].iter().take_while(|at| **at < times[start] + 1000).count();
        (0..times.len()).map(until).max().unwrap_or(0)
    }
}
