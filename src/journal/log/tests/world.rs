//! Random lives over a disk that fails and forgets, judged by a model.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::journal::testing::Random;
use crate::journal::testing::{moved, packed, submitting};
use crate::journal::{Cursor, Dropped, OptIn, OptOut, OptedOut};
use crate::message::{ConsumerName, PackedNumber};

/// Small enough that a short life sees many segments.
const LIMITS: Limits = Limits { total: 24 * 1024, segment: 1536 };

/// Who sends all messages.
const CLIENT: ClientId = ClientId(7);

/// Who reads the events.
fn consumer() -> ConsumerName {
    ConsumerName::parse("reader").unwrap()
}

/// Each message's last ticket: its whole state, as far as this test goes.
type Messages = BTreeMap<MessageId, u64>;

/// Few, so that a short life sees them go.
const KEEP_EVENTS: usize = 60;

/// What an event says: when, what, and of whom.
type Told = (u32, EventKind, String);

/// What was appended, in order.
#[derive(Clone, Copy, Debug)]
enum Event {
    Touched(MessageId),
    Forgotten(MessageId),
    Started,
    OptedOut(PackedNumber),
    OptedIn(PackedNumber),
    Other,
}

/// A daemon's whole life with its crashes.
struct World {
    random: Random,
    disk: SimDisk,
    log: Log<SimDisk>,
    job: Option<Job>,
    now_ms: u64,
    /// The messages as they were when the log was opened, and what has happened since.
    base: Messages,
    messages: Messages,
    events: Vec<Event>,
    /// Who had opted out when the log was opened.
    listed: BTreeSet<PackedNumber>,
    last_id: MessageId,
    /// What anybody may have been shown.
    shown: BTreeMap<Seq, Told>,
    /// How far the consumer has come for sure.
    cursor: Seq,
    accepted_today: u32,
}

impl World {
    fn new(seed: u64) -> Self {
        let disk = SimDisk::default();
        let (mut log, _) = Log::open(disk.clone(), LIMITS, 1, |_| ()).unwrap();
        log.keep_events(KEEP_EVENTS);
        Self {
            random: Random(seed),
            disk,
            log,
            job: None,
            now_ms: 0,
            base: Messages::new(),
            messages: Messages::new(),
            events: Vec::new(),
            listed: BTreeSet::new(),
            last_id: 0,
            shown: BTreeMap::new(),
            cursor: 0,
            accepted_today: 0,
        }
    }

    fn text(id: MessageId) -> String {
        format!("text of {id} ").repeat(1 + id as usize * 7 % 40)
    }

    fn append(&mut self, event: Event, record: &Record) {
        self.events.push(event);
        let stamp = self.stamp(self.events.len());
        apply(&mut self.messages, event, stamp);
        self.log.append(self.events.len() as Ticket, record);
    }

    /// What marks the record with that ticket: it differs from those before the last crash.
    fn stamp(&self, ticket: usize) -> u64 {
        self.now_ms / 1_000_000 * 1_000_000 + ticket as u64
    }

    fn at(&self) -> crate::journal::Stamp {
        let stamp = self.stamp(self.events.len() + 1);
        crate::journal::Stamp { unix_s: AT.unix_s + self.last_id, boot_ms: stamp, ..AT }
    }

    fn any_message(&mut self) -> Option<MessageId> {
        let place = self.random.below(self.messages.len().max(1));
        self.messages.keys().nth(place).copied()
    }

    fn step(&mut self) {
        self.now_ms += self.random.below(1500) as u64;
        match self.random.below(18) {
            16 => {
                // Few, so that they come and go.
                let number = packed(&(100 + self.random.below(40)).to_string());
                let at = Some(self.at());
                let numbers = vec![OptedOut { number, since_s: 1 }];
                self.append(Event::OptedOut(number), &Record::OptOut(OptOut { at, numbers }));
            }
            17 => {
                let number = packed(&(100 + self.random.below(40)).to_string());
                let at = Some(self.at()).filter(|_| self.random.one_in(2));
                self.append(Event::OptedIn(number), &Record::OptIn(OptIn { at, number }));
            }
            0..5 => {
                let text = Self::text(self.last_id + 1);
                if self.log.can_accept(text.len() + 8).is_ok() {
                    self.last_id += 1;
                    let origin = Origin::Client(CLIENT);
                    let accepted = Accepted { at: self.at(), origin, ..accepted(self.last_id, &text) };
                    self.append(Event::Touched(self.last_id), &Record::Accepted(accepted));
                }
            }
            5..9 => {
                let state = State::ALL[self.random.below(State::ALL.len())];
                let at = self.at();
                if let Some(id) = self.any_message() {
                    let record = match state {
                        State::Submitting => {
                            Record::Submitting(crate::journal::Submitting { at, ..submitting(id) })
                        }
                        _ => Record::Moved(crate::journal::Moved { at, ..moved(id, state) }),
                    };
                    self.append(Event::Touched(id), &record);
                }
            }
            9..11 => {
                if let Some(id) = self.any_message() {
                    self.append(Event::Forgotten(id), &Record::Forgotten(id));
                }
            }
            11 => self.append(Event::Started, &Record::Started(Started { boot: BOOT, at: AT })),
            12 => {
                let kind = [DiskErrorKind::Other, DiskErrorKind::Full][self.random.below(2)];
                if self.random.one_in(3) {
                    self.disk.fail_after(self.random.below(7), kind);
                }
            }
            13 => {
                let room = self.disk.used() + self.random.below(4000);
                let capacity = self.random.one_in(5).then_some(room);
                self.disk.set_capacity(capacity);
            }
            14 => {
                let part =
                    Part { device: "a".try_into().unwrap(), line: [None, Some(1)][self.random.below(2)] };
                let kind = EventKind::of(&part, self.random.one_in(2));
                let condition = Condition { at: self.at(), part, kind };
                self.append(Event::Other, &Record::Condition(condition));
                let seq = Some(self.log.events().newest());
                self.append(Event::Other, &Record::Cursor(Cursor { consumer: consumer(), seq, tried_s: 0 }));
                if self.random.one_in(2) {
                    let webhook = ConsumerName::webhook(["crm", "a"][self.random.below(2)]).unwrap();
                    let seq = self.log.events().newest().saturating_sub(self.random.below(3) as Seq);
                    self.append(Event::Other, &Record::Dropped(Dropped { at: self.at(), webhook, seq }));
                }
            }
            _ => self.log.hurry(self.events.len() as Ticket),
        }
        self.log.compact_step(
            |id| {
                let touched = *self.messages.get(&id)?;
                Some(Kept { changed_ms_ago: touched, ..kept() })
            },
            |_| None,
        );
        // Sometimes the disk is slow, and several turns go by before it has done its job.
        if self.random.one_in(2) {
            self.work();
        }
        if let Some(id) = self.any_message() {
            assert_eq!(self.log.body(id, |b| b.text.to_owned()), Some(Self::text(id)));
        }
        assert!(self.log.durable() <= self.events.len() as Ticket);
        self.show();
    }

    /// Somebody reads the events: none ever says anything else than before.
    fn show(&mut self) {
        for event in self.log.events().after(0) {
            let subject = match event.subject {
                Subject::Message(id, _) | Subject::Received(id) => id.to_string(),
                Subject::Part(part) => part.to_string(),
                Subject::Number(number) => number.to_owned(),
                Subject::Webhook(name, seq) => format!("{name} {seq}"),
            };
            let told = (event.unix_s, event.kind, subject);
            let before = self.shown.entry(event.seq).or_insert_with(|| told.clone());
            assert_eq!(*before, told, "event {}", event.seq);
        }
        let kept: Vec<Seq> = self.log.events().after(0).map(|e| e.seq).collect();
        let last = self.shown.len().saturating_sub(KEEP_EVENTS);
        assert!(self.shown.keys().skip(last).eq(&kept), "{:?}\n{kept:?}", self.shown);
        if self.log.is_idle() {
            self.cursor = self.log.carried.consumers.get(&consumer()).map_or(0, |c| c.seq);
            self.accepted_today = self.log.carried.daily.count(AT, CLIENT);
        }
    }

    fn work(&mut self) {
        if self.job.is_none() {
            self.job = self.log.next_job(self.now_ms);
        }
        if let Some(job) = self.job.take() {
            let done = job.perform(&mut self.disk.clone());
            drop(job);
            if self.disk.is_dead() {
                return;
            }
            self.log.done(self.now_ms, done);
        }
    }

    /// The power goes and comes back.
    fn crash(&mut self) {
        self.disk.crash(&mut self.random);
        self.restart();
    }

    /// The daemon is gone and starts again: all that was durable is there, in order, and of the
    /// rest only the beginning.
    fn restart(&mut self) {
        let mut found = Messages::new();
        let (log, recovered) = Log::open(self.disk.clone(), LIMITS, 1, |record| match record {
            Record::Accepted(a) => drop(found.insert(a.id, a.at.boot_ms)),
            Record::Kept(both) => drop(found.insert(both.0.id, both.1.changed_ms_ago)),
            // Of a message that was forgotten, records may be left over.
            Record::Moved(m) => drop(found.get_mut(&m.id).map(|touched| *touched = m.at.boot_ms)),
            Record::Submitting(s) => drop(found.get_mut(&s.id).map(|touched| *touched = s.at.boot_ms)),
            Record::Forgotten(id) => drop(found.remove(&id)),
            Record::Started(_)
            | Record::Line(..)
            | Record::LineOpen(..)
            | Record::Daily(_)
            | Record::Condition(_)
            | Record::Mark(_)
            | Record::Cursor(_)
            | Record::Dropped(_)
            | Record::Received(_)
            | Record::InboxWindow(_)
            | Record::InboxIds(_)
            | Record::OptOut(_)
            | Record::OptIn(_)
            | Record::Replies(_)
            | Record::Usage(_) => {}
        })
        .unwrap();
        assert_eq!(recovered.faults, [], "a crash is no damage");
        let durable = self.log.durable() as usize;
        let listed: BTreeSet<_> = log.carried.opt_outs.after(None).iter().map(|one| one.number).collect();
        let end = (durable..=self.events.len()).find(|&end| {
            self.state_after(end) == self.without_forgotten(end, &found) && self.listed_after(end) == listed
        });
        let Some(end) = end else {
            panic!("durable {durable} of {:?}\nbase {:?}\nfound {found:?}", self.events, self.base);
        };
        let accepted = self.state_after(end).keys().last().copied().unwrap_or(0);
        assert!(recovered.last_id >= accepted && recovered.last_id <= self.last_id);
        for &id in found.keys() {
            assert_eq!(log.body(id, |b| b.text.to_owned()), Some(Self::text(id)));
        }
        self.log = log;
        self.log.keep_events(KEEP_EVENTS);
        // Nothing is lost of the count, and what was not acknowledged may be in it.
        let accepted_today = self.log.carried.daily.count(AT, CLIENT);
        assert!((self.accepted_today..=self.last_id).contains(&accepted_today));
        let cursor = self.log.carried.consumers.get(&consumer()).map_or(0, |c| c.seq);
        assert!(cursor >= self.cursor && cursor <= self.log.events().newest());
        self.job = None;
        self.events.clear();
        self.base.clone_from(&found);
        self.listed = listed;
        self.messages = found;
        self.last_id = self.last_id.max(recovered.last_id);
        self.show();
        self.now_ms = (self.now_ms / 1_000_000 + 1) * 1_000_000;
    }

    /// Who had opted out after the first `end` events.
    fn listed_after(&self, end: usize) -> BTreeSet<PackedNumber> {
        let mut listed = self.listed.clone();
        for event in &self.events[..end] {
            match event {
                Event::OptedOut(number) => drop(listed.insert(*number)),
                Event::OptedIn(number) => drop(listed.remove(number)),
                _ => {}
            }
        }
        listed
    }

    /// The messages after the first `end` events, without those that were forgotten later: their
    /// bodies may be gone before that is durable.
    fn state_after(&self, end: usize) -> Messages {
        let mut messages = self.base.clone();
        for (place, &event) in self.events[..end].iter().enumerate() {
            apply(&mut messages, event, self.stamp(place + 1));
        }
        self.without_forgotten(end, &messages)
    }

    fn without_forgotten(&self, end: usize, messages: &Messages) -> Messages {
        let mut messages = messages.clone();
        for event in &self.events[end..] {
            if let Event::Forgotten(id) = event {
                messages.remove(id);
            }
        }
        messages
    }
}

fn apply(messages: &mut Messages, event: Event, stamp: u64) {
    match event {
        Event::Touched(id) => drop(messages.insert(id, stamp)),
        Event::Forgotten(id) => drop(messages.remove(&id)),
        Event::Started | Event::OptedOut(_) | Event::OptedIn(_) | Event::Other => {}
    }
}

#[test]
fn whatever_the_disk_does_what_was_durable_comes_back_in_order() {
    let mut copied = 0;
    let mut failures = 0;
    for seed in 0..500 {
        let mut world = World::new(seed);
        for _ in 0..3 {
            for _ in 0..world.random.below(150) {
                world.step();
            }
            copied += world.log.counters().copied;
            failures += world.log.counters().failures;
            if world.random.one_in(3) {
                world.disk.heal();
                world.restart();
            } else {
                world.crash();
            }
        }
    }
    assert!(copied > 1000 && failures > 1000, "{copied} copied, {failures} failures");
}

#[test]
fn the_power_or_the_daemon_may_go_before_any_operation_of_the_disk() {
    let steps = 250;
    let mut whole = World::new(7);
    for _ in 0..steps {
        whole.step();
    }
    let retired = whole.log.segments[0].number > 1;
    assert!(retired && whole.log.counters().copied > 0, "the life has everything in it");
    for (operation, killed) in (1..whole.disk.operations()).flat_map(|at| [(at, false), (at, true)]) {
        let mut world = World::new(7);
        world.disk.crash_at(operation);
        for _ in 0..steps {
            world.step();
            if world.disk.is_dead() {
                break;
            }
        }
        if killed && world.disk.survive() {
            world.restart();
        } else {
            world.crash();
        }
        for _ in 0..world.random.below(20) {
            world.step();
        }
        world.crash();
    }
}
