use super::writing::MIN_EVENTS;
use super::*;
use crate::journal::disk::DiskErrorKind;
use crate::journal::job::Job;
use crate::journal::testing::disk::SimDisk;
use crate::journal::testing::{AT, BOOT, accepted, kept, life};
use crate::journal::{
    Accepted, Bodies, Condition, DailyCounts, EventKind, Kept, Origin, SYNC_DELAY_MS, Started, Subject,
};
use crate::message::{ClientId, Part, State};

mod world;

/// A log over a simulated disk that does its work at once.
struct Rig {
    disk: SimDisk,
    log: Log<SimDisk>,
    now_ms: u64,
    ticket: Ticket,
    records: Vec<Record>,
    faults: usize,
}

impl Rig {
    fn new() -> Self {
        Self::open(SimDisk::default())
    }

    fn open(disk: SimDisk) -> Self {
        Self::with_limits(disk, Limits::new(128))
    }

    fn with_limits(disk: SimDisk, limits: Limits) -> Self {
        let mut records = Vec::new();
        let (log, recovered) = Log::open(disk.clone(), limits, 1, |record| records.push(record)).unwrap();
        Self { disk, log, now_ms: 0, ticket: 0, records, faults: recovered.faults.len() }
    }

    fn append(&mut self, record: &Record) {
        self.ticket += 1;
        self.log.append(self.ticket, record);
    }

    /// Lets the disk do all that is due.
    fn work(&mut self) {
        while let Some(job) = self.log.next_job(self.now_ms) {
            let done = job.perform(&mut self.disk.clone());
            drop(job);
            self.log.done(self.now_ms, done);
        }
    }

    fn send(&mut self, id: MessageId, text: &str) {
        self.append(&Record::Accepted(accepted(id, text)));
        self.work();
    }

    fn text(&self, id: MessageId) -> Option<String> {
        self.log.body(id, |body| body.text.to_owned())
    }

    fn compact(&mut self, keep: impl Fn(MessageId) -> bool) {
        for _ in 0..1000 {
            self.log.compact_step(|id| keep(id).then(kept), |_| None);
            self.work();
        }
    }
}

#[test]
fn a_record_that_somebody_waits_for_is_durable_at_once() {
    let mut rig = Rig::new();
    let [accepted, submitting, ..] = life(1);
    rig.append(&accepted);
    assert_eq!(rig.log.durable(), 0);
    rig.work();
    assert_eq!(rig.log.durable(), 1);
    rig.append(&submitting);
    rig.work();
    assert_eq!(rig.log.durable(), 2);
    assert!(rig.log.is_idle());
}

#[test]
fn an_outcome_waits_a_second_for_others_and_sending_for_ever() {
    let mut rig = Rig::new();
    let [.., sending, sent] = life(1);
    rig.append(&sending);
    rig.work();
    assert_eq!((rig.log.durable(), rig.log.next_due()), (0, None));
    rig.now_ms = 5_000;
    rig.append(&sent);
    rig.work();
    assert_eq!((rig.log.durable(), rig.log.next_due()), (0, Some(6_000)));
    rig.now_ms = 6_000;
    rig.work();
    assert_eq!(rig.log.durable(), 2);
}

#[test]
fn whoever_asks_for_it_or_closes_gets_any_record_at_once() {
    let mut rig = Rig::new();
    let [.., sending, sent] = life(1);
    rig.append(&sent);
    rig.log.hurry(1);
    rig.work();
    assert_eq!(rig.log.durable(), 1);
    rig.append(&sending);
    rig.log.close();
    rig.work();
    assert_eq!(rig.log.durable(), 2);
}

#[test]
fn what_comes_while_the_disk_is_busy_goes_together_afterwards() {
    let mut rig = Rig::new();
    rig.append(&life(1)[0]);
    let first = rig.log.next_job(0).unwrap();
    for id in 2..20 {
        rig.append(&life(id)[0]);
        assert_eq!(rig.log.next_job(0), None);
    }
    let done = first.perform(&mut rig.disk);
    rig.log.done(0, done);
    assert_eq!(rig.log.durable(), 1);
    rig.work();
    assert_eq!((rig.log.durable(), rig.log.counters().syncs), (19, 3));
}

#[test]
fn a_burst_of_more_than_a_chunk_goes_to_the_disk_in_one_piece_as_far_as_the_segment_has_room() {
    const BURST: MessageId = 500;
    let mut rig = Rig::with_limits(SimDisk::default(), Limits::new(1024));
    for id in 1..=BURST {
        rig.append(&Record::Accepted(accepted(id, &format!("{id} {}", "x".repeat(100)))));
    }
    rig.work();
    assert_eq!(rig.log.durable(), u64::from(BURST));
    // Two segments, each with its directory.
    assert_eq!((rig.log.segments.len(), rig.log.counters().syncs), (2, 4));
    for id in [1, 2, BURST / 2, BURST] {
        assert!(rig.text(id).unwrap().starts_with(&format!("{id} ")));
    }
    let rig = Rig::open(rig.disk);
    assert_eq!((rig.records.len(), rig.faults), (BURST as usize, 0));
}

#[test]
fn a_usual_message_costs_three_syncs_and_few_bytes() {
    let mut rig = Rig::new();
    rig.send(1, "the first makes the segment");
    let before = rig.log.counters();
    let text = "Pump 3 stopped";
    for record in life(2) {
        rig.append(&record);
        rig.work();
        rig.now_ms += SYNC_DELAY_MS;
        rig.work();
    }
    assert!(rig.log.is_idle());
    let after = rig.log.counters();
    assert_eq!(after.syncs - before.syncs, 3);
    assert_eq!(after.bytes - before.bytes - text.len() as u64, 244);
}

#[test]
fn a_body_can_be_read_before_and_after_it_is_on_the_disk() {
    let mut rig = Rig::new();
    rig.append(&life(1)[0]);
    assert_eq!(rig.text(1).as_deref(), Some("Pump 3 stopped"));
    let job = rig.log.next_job(0).unwrap();
    assert_eq!(rig.text(1).as_deref(), Some("Pump 3 stopped"));
    rig.append(&Record::Accepted(accepted(2, "other")));
    let done = job.perform(&mut rig.disk);
    rig.log.done(0, done);
    assert_eq!(rig.text(1).as_deref(), Some("Pump 3 stopped"));
    assert_eq!(rig.text(2).as_deref(), Some("other"));
    let both = rig.log.body(1, |_| rig.text(2));
    assert_eq!(both, Some(Some("other".to_owned())), "one body may be read while another is");
    rig.append(&Record::Forgotten(1));
    assert_eq!((rig.text(1), rig.text(3)), (None, None));
}

#[test]
fn a_body_that_is_damaged_is_none() {
    let mut rig = Rig::new();
    rig.send(1, "text");
    rig.disk.damage(1, rig.disk.used() - 1);
    assert_eq!(rig.text(1), None);
}

#[test]
fn after_a_failed_write_or_sync_the_records_go_to_a_new_segment() {
    for operations in 0..2 {
        let mut rig = Rig::new();
        rig.send(1, "one");
        rig.disk.fail_after(operations, DiskErrorKind::Other);
        rig.send(2, "two");
        rig.send(3, "three");
        assert_eq!(rig.log.durable(), 3);
        let rig = Rig::open(rig.disk);
        assert_eq!((rig.faults, rig.log.segments.len()), (0, 2));
        assert_eq!(rig.records.len(), 3);
        assert_eq!(rig.text(2).as_deref(), Some("two"));
    }
}

#[test]
fn a_disk_that_goes_on_failing_is_left_alone_for_a_while() {
    let mut rig = Rig::new();
    rig.send(1, "one");
    rig.append(&life(2)[0]);
    for due_ms in [0, RETRY_MS] {
        rig.disk.fail_after(0, DiskErrorKind::Other);
        let job = rig.log.next_job(0).unwrap();
        assert!(matches!(job, Job::Write(_)));
        let done = job.perform(&mut rig.disk);
        rig.log.done(0, done);
        assert_eq!(rig.log.write_due(), Some(due_ms));
        assert_eq!(rig.log.stuck(0).is_some(), due_ms > 0);
    }
    assert!(rig.log.stuck(RETRY_MS).is_none(), "the next try is due");
    rig.log.next_job(RETRY_MS).unwrap();
    assert!(rig.log.stuck(0).is_none(), "it is under way");
}

#[test]
fn a_full_or_read_only_disk_is_told_in_words_and_heals_by_itself() {
    let mut rig = Rig::new();
    rig.send(1, "one");
    for heal in
        [(|rig: &mut Rig, sick: bool| rig.disk.set_read_only(sick)) as fn(&mut Rig, bool), |rig, sick| {
            rig.disk.set_capacity(sick.then(|| rig.disk.used() + 20))
        }]
    {
        heal(&mut rig, true);
        let before = rig.log.durable();
        rig.append(&life(2)[1]);
        rig.work();
        assert_eq!(rig.log.durable(), before);
        let words = rig.log.can_accept(10).unwrap_err().to_string();
        assert!(words.starts_with("the journal's disk "), "{words}");
        heal(&mut rig, false);
        assert_eq!(rig.log.next_due(), Some(rig.now_ms + RETRY_MS));
        rig.now_ms += RETRY_MS;
        rig.work();
        assert_eq!((rig.log.durable(), rig.log.can_accept(10)), (before + 1, Ok(())));
    }
}

#[test]
fn a_file_system_that_others_filled_takes_no_message_until_there_is_room() {
    let mut rig = Rig::new();
    rig.disk.set_capacity(Some(MIN_FREE_BYTES as usize + 100));
    rig.send(1, "one");
    assert!(matches!(rig.log.can_accept(10), Err(NoRoom::FileSystem(_))));
    rig.disk.set_capacity(None);
    rig.now_ms = rig.log.next_due().unwrap();
    rig.work();
    assert_eq!(rig.log.can_accept(10), Ok(()));
}

#[test]
fn a_journal_full_of_messages_takes_none_but_still_their_outcomes() {
    let mut rig = Rig::new();
    let mut id = 0;
    let text = "x".repeat(500);
    while rig.log.can_accept(500).is_ok() {
        id += 1;
        rig.send(id, &text);
        rig.compact(|_| true);
    }
    assert!(id > 80, "{id}");
    assert!(matches!(rig.log.can_accept(500), Err(NoRoom::Journal(_))));
    assert!(rig.log.pressure().is_high());
    for _ in 0..64 {
        for record in &life(id)[1..] {
            rig.append(record);
        }
        rig.work();
        rig.log.compact_step(|_| Some(kept()), |_| None);
    }
    rig.now_ms += SYNC_DELAY_MS;
    rig.work();
    assert!(rig.log.is_idle() && rig.disk.used() < 128 * 1024, "{}", rig.disk.used());
    for id in 1..=id {
        assert_eq!(rig.text(id).as_ref(), Some(&text));
    }
}

#[test]
fn compaction_keeps_what_is_kept_and_bounds_the_rest() {
    let mut rig = Rig::new();
    for id in 1..3000 {
        for record in life(id) {
            rig.append(&record);
        }
        rig.now_ms += SYNC_DELAY_MS;
        rig.work();
        if id > 10 && id % 100 != 0 {
            rig.append(&Record::Forgotten(id - 10));
        }
        rig.log.compact_step(|_| Some(kept()), |_| None);
        rig.work();
        assert!(rig.disk.used() < 128 * 1024 - 16 * 1024 + 2 * 16 * 1024);
    }
    let rig = Rig::open(rig.disk);
    assert_eq!(rig.faults, 0);
    assert_eq!(rig.text(90).as_deref(), Some("Pump 3 stopped"));
    assert!(rig.records.iter().any(|r| matches!(r, Record::Kept(both) if both.0.id == 90)));
    assert_eq!(rig.log.last_id, 2999);
    assert!(rig.log.segments[0].number > 10);
}

#[test]
fn a_message_is_copied_once_however_long_the_disk_takes() {
    let mut rig = Rig::new();
    for id in 1..130 {
        rig.send(id, &"x".repeat(if id > 3 { 800 } else { 10 }));
        if id > 3 {
            rig.append(&Record::Forgotten(id));
        }
    }
    rig.log.compact_step(|_| Some(kept()), |_| None);
    let job = rig.log.next_job(0).unwrap();
    for _ in 0..5 {
        rig.log.compact_step(|_| Some(kept()), |_| None);
    }
    assert!(rig.log.segments[0].number == 1 && rig.log.retiring.is_empty());
    let done = job.perform(&mut rig.disk);
    rig.log.done(0, done);
    rig.log.compact_step(|_| Some(kept()), |_| None);
    assert_eq!((rig.log.counters().copied, rig.log.retiring.len()), (3, 1));
}

#[test]
fn the_newest_id_is_known_also_when_its_message_is_long_gone() {
    let mut rig = Rig::new();
    rig.send(1000, "text");
    rig.append(&Record::Forgotten(1000));
    for _ in 0..3000 {
        rig.append(&life(1)[1]);
        rig.work();
        rig.log.compact_step(|_| None, |_| None);
    }
    rig.work();
    let rig = Rig::open(rig.disk);
    assert!(rig.log.segments[0].number > 1);
    assert_eq!(rig.log.last_id, 1000);
}

#[test]
fn every_segment_says_in_which_boot_it_was_written() {
    let mut rig = Rig::new();
    let started = Started { boot: BOOT, at: AT };
    rig.append(&Record::Started(started));
    for id in 1..1000 {
        rig.send(id, &"x".repeat(100));
        rig.append(&Record::Forgotten(id));
        rig.compact(|_| false);
    }
    let rig = Rig::open(rig.disk);
    assert!(rig.log.segments[0].number > 1);
    assert_eq!(rig.records[0], Record::Started(started));
}

#[test]
fn what_a_client_has_sent_today_is_known_also_when_the_messages_are_long_gone() {
    let mut rig = Rig::new();
    let client = ClientId(7);
    for id in 1..=1000 {
        let origin = if id % 10 == 0 && id <= 500 { Origin::Client(client) } else { Origin::Local };
        rig.append(&Record::Accepted(Accepted { origin, ..accepted(id, &"x".repeat(100)) }));
        rig.append(&Record::Forgotten(id));
        rig.work();
        rig.compact(|_| false);
    }
    let rig = Rig::open(rig.disk);
    assert!(rig.log.segments[0].number > 5);
    assert_eq!(rig.log.carried.daily.count(AT, client), 50);
    let mut told = DailyCounts::default();
    rig.records.iter().for_each(|record| told.note(record));
    assert_eq!(told, rig.log.carried.daily);
}

#[test]
fn events_are_shown_once_they_are_durable_and_stay_when_their_segments_go() {
    let mut rig = Rig::new();
    let part = Part::parse("office/1").unwrap();
    let down = Condition { at: AT, part, kind: EventKind::LineDown };
    rig.append(&Record::Condition(down));
    rig.append(&life(1)[0]);
    let webhook = crate::message::ConsumerName::webhook("crm").unwrap();
    rig.append(&Record::Dropped(crate::journal::Dropped { at: AT, webhook, seq: 1 }));
    assert_eq!(rig.log.events().newest(), 0, "nobody may see it yet");
    rig.work();
    assert_eq!(rig.log.events().newest(), 3);
    for id in 2..=400 {
        rig.send(id, &"x".repeat(500));
        rig.append(&Record::Forgotten(id));
        rig.compact(|_| true);
    }
    assert!(rig.log.segments[0].number > 5);
    for rig in [Rig::open(rig.disk.clone()), rig] {
        let events: Vec<_> = rig.log.events().after(0).map(|e| (e.seq, e.kind.as_str(), e.subject)).collect();
        assert_eq!(events.len(), 402);
        let office = Part::parse("office/1").unwrap();
        assert_eq!(events[0], (1, "line_down", Subject::Part(&office)));
        assert_eq!(events[1], (2, "queued", Subject::Message(1, State::Queued)));
        assert_eq!(events[2], (3, "webhook_dropped", Subject::Webhook("crm", 1)));
        for (seq, event) in (4..).zip(&events[3..]) {
            assert_eq!(*event, (seq, "queued", Subject::Message(seq - 2, State::Queued)));
        }
        assert!(rig.log.carried.conditions.is_on(&office, EventKind::LineDown));
    }
}

#[test]
fn events_make_room_for_each_other_and_for_messages() {
    let mut rig = Rig::new();
    let lines: Vec<Part> = (1..=64).map(|n| Part::parse(&format!("box{n}/{n}")).unwrap()).collect();
    for n in 0..2_000 {
        let part = lines[n % lines.len()].clone();
        let kind = EventKind::of(&part, n / 64 % 2 == 1);
        rig.append(&Record::Condition(Condition { at: AT, part, kind }));
        rig.now_ms += SYNC_DELAY_MS;
        rig.compact(|_| true);
    }
    let events = rig.log.events();
    assert!(events.bytes() <= 16 * 1024 && events.len() > 300, "{}", events.len());
    assert!(rig.disk.used() < 128 * 1024, "{}", rig.disk.used());
    let mut id = 0;
    while rig.log.can_accept(500).is_ok() {
        id += 1;
        rig.send(id, &"x".repeat(500));
        rig.compact(|_| true);
    }
    for _ in 0..20 {
        rig.append(&life(id)[2]);
        rig.append(&life(id)[3]);
        rig.now_ms += SYNC_DELAY_MS;
        rig.compact(|_| true);
    }
    assert!(rig.log.live() <= rig.log.limits.live());
    assert!(rig.log.events().len() >= MIN_EVENTS);
    let newest = rig.log.events().newest();
    let rig = Rig::open(rig.disk);
    assert_eq!(rig.log.events().newest(), newest);
}

#[test]
fn numbers_of_events_are_left_out_after_damage_and_no_others() {
    let mut rig = Rig::new();
    rig.send(1, "one");
    rig.send(2, "two");
    let mut again = Rig::open(rig.disk.clone());
    again.send(3, "three");
    assert_eq!(again.log.events().newest(), 3);
    again.disk.damage(1, 60);
    let mut again = Rig::open(again.disk);
    again.send(4, "four");
    assert_eq!(again.log.events().newest(), 3 + LOST_SEQS + 1);
}

#[test]
fn a_damaged_segment_is_cleared_and_set_aside_and_not_met_again() {
    let limits = Limits { total: 128 * 1024, segment: 400 };
    let mut rig = Rig::with_limits(SimDisk::default(), limits);
    for id in 1..10 {
        rig.send(id, "Pump 3 stopped");
    }
    assert!(rig.log.segments.len() > 2);
    rig.disk.damage(2, 100);
    let mut rig = Rig::with_limits(rig.disk, limits);
    assert_eq!((rig.faults, rig.records.len()), (1, 8));
    let kept: Vec<MessageId> = (1..10).filter(|&id| rig.text(id).is_some()).collect();
    assert_eq!(kept.len(), 8);
    let beyond_what_was_lost = 9 + LOST_IDS;
    assert_eq!(rig.log.last_id, beyond_what_was_lost);
    rig.compact(|_| true);
    assert_eq!(rig.disk.aside(), [2]);
    let rig = Rig::with_limits(rig.disk, limits);
    assert_eq!((rig.faults, rig.log.last_id), (0, beyond_what_was_lost), "once and for all");
    for id in kept {
        assert_eq!(rig.text(id).as_deref(), Some("Pump 3 stopped"));
    }
}

#[test]
fn a_single_damaged_segment_is_kept_until_another_holds_the_counters() {
    let mut rig = Rig::new();
    rig.send(7, "one");
    rig.send(8, "two");
    rig.disk.damage(1, 60);
    let mut rig = Rig::open(rig.disk);
    assert_eq!(rig.faults, 1);
    rig.compact(|_| false);
    assert_eq!(rig.disk.aside(), []);
    rig.send(9, "three");
    rig.compact(|_| true);
    assert_eq!(rig.disk.aside(), [1]);
    let rig = Rig::open(rig.disk);
    assert_eq!((rig.faults, rig.log.last_id, rig.records.len()), (0, 8 + LOST_IDS, 1));
}
