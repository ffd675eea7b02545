//! Records for the journal's tests, and a disk that forgets.

#[path = "../../tests/world/disk.rs"]
pub mod disk;
#[path = "../../tests/world/random.rs"]
mod random;

pub use random::Random;

use super::{
    Accepted, BootId, Choice, Condition, Cursor, Daily, Dropped, EventKind, Fence, InboxIds, InboxWindow,
    Kept, Mark, Moved, OptIn, OptOut, OptedOut, Origin, Received, Record, Replies, Stamp, Started,
    Submitting, Tended, Terms, Usage,
};
use crate::journal;
use crate::message::{
    ClientId, ConsumerName, JobId, LineName, MessageId, Number, OnUnknown, PackedNumber, Part, Priority,
    Problem, ProblemCode, ReceivedId, State, Words,
};

pub const BOOT: BootId = BootId(*b"boot of the test");

pub const AT: Stamp = Stamp { unix_s: 1_795_330_800, trusted: true, boot_ms: 86_400_123 };

pub fn accepted(id: MessageId, text: &str) -> Accepted {
    Accepted {
        id,
        at: AT,
        origin: Origin::Local,
        to: Number::parse("+4915112345678").unwrap(),
        text: text.into(),
        choice: Choice::Any,
        ttl_s: 86_400,
        priority: Priority::Normal,
        on_unknown: OnUnknown::Hold,
        key: Some("pump3-17".into()),
        tag: None,
        terms: None,
    }
}

pub fn packed(number: &str) -> PackedNumber {
    PackedNumber::from(&Number::parse(number).unwrap())
}

pub fn line() -> LineName {
    LineName { device: "office".try_into().unwrap(), line: 1 }
}

pub fn submitting(id: MessageId) -> Submitting {
    let fence = Fence { job: JobId::parse("6a52acc8").unwrap(), decides: true, key: JobId::EMPTY };
    Submitting { id, at: AT, boot: BOOT, line: line(), fence, segments: 1, month_starts: [1, 1] }
}

pub fn moved(id: MessageId, state: State) -> Moved {
    let job = JobId::parse("6a52acc9").unwrap();
    Moved { id, at: AT, state, job, problem: None, pause_s: 0, ttl_s: None }
}

/// A message's state with as many fields as it can have.
pub fn kept() -> Kept {
    Kept {
        at: AT,
        boot: BOOT,
        state: State::Unknown,
        age_ms: 5_000_000_000,
        ttl_s: 2_592_000,
        changed_s: AT.unix_s - 1,
        changed_ms_ago: 1_234_567,
        line: Some(line()),
        fence: Some(submitting(1).fence),
        submitted_ms_ago: Some(0),
        job: JobId::parse("6a52acc9").unwrap(),
        problem: Some(Problem {
            code: ProblemCode::Refused,
            device_code: Words::new("ERROR,too sunny today"),
        }),
        attempts: 300,
        strikes: 2,
        pauses: 255,
        pause_ms: 3_600_000,
        perhaps_sent: true,
    }
}

pub fn received(id: ReceivedId, from: &str, text: &str) -> Received {
    Received {
        id,
        at: AT,
        line: line(),
        from: from.try_into().unwrap(),
        device_time: if from.is_empty() { "" } else { "07-03 12:54:04" }.try_into().unwrap(),
        text: text.into(),
        old: false,
        copied: false,
        part_of: 0,
        parts: Vec::new(),
    }
}

/// The records of a message that goes out as it should.
pub fn life(id: MessageId) -> [Record; 4] {
    [
        Record::Accepted(accepted(id, "Pump 3 stopped")),
        Record::Submitting(submitting(id)),
        Record::Moved(moved(id, State::Sending)),
        Record::Moved(moved(id, State::Sent)),
    ]
}

/// One record of every kind, and of the kinds that differ within one.
pub fn samples() -> Vec<Record> {
    let mut all = life(17).to_vec();
    let device = Choice::Device(line().device);
    for choice in [device, Choice::Line(line())] {
        let full = Accepted {
            choice,
            text: "ä€😀\n".repeat(40).into(),
            priority: Priority::High,
            on_unknown: OnUnknown::Resend,
            key: None,
            tag: Some("".into()),
            ..accepted(u32::MAX, "")
        };
        all.push(Record::Accepted(full));
    }
    for terms in [
        Terms { at_s: 1_796_000_000, collapse: Some("pump3".into()), ..Terms::default() },
        Terms { replaces: 7, order: 3, collapsed: 12, ..Terms::default() },
        Terms { delay_s: 60, group: Some("@oncall,+49\n12".into()), members: 3, ..Terms::default() },
    ] {
        all.push(Record::Accepted(Accepted { terms: Some(terms.into()), ..accepted(21, "terms") }));
    }
    let theirs = Accepted { origin: Origin::Client(ClientId(0x811c_9dc5)), ..accepted(18, "theirs") };
    all.push(Record::Accepted(theirs.clone()));
    let mut replies = Replies::default();
    for origin in [Origin::Reply(1), Origin::Confirm(u32::MAX)] {
        let own = Record::Accepted(Accepted { origin, ..accepted(19, "our own") });
        replies.note(&own);
        all.push(own);
    }
    all.push(Record::Replies(replies));
    let mut usage = Usage::default();
    for id in [1, 2] {
        let submitting = Submitting { segments: 15, month_starts: [28, 1], ..submitting(id) };
        all.push(Record::Submitting(submitting.clone()));
        usage.note(&Record::Submitting(submitting));
    }
    usage.each_record(&mut |record| all.push(record));
    let number = packed("+4915112345678");
    let one = OptedOut { number, since_s: AT.unix_s };
    all.push(Record::OptOut(OptOut { at: Some(AT), numbers: vec![one] }));
    all.push(Record::OptOut(OptOut { at: None, numbers: vec![one, OptedOut { since_s: 0, ..one }] }));
    for at in [Some(AT), None] {
        all.push(Record::OptIn(OptIn { at, number: packed("777") }));
    }
    all.push(Record::Kept(Box::new((theirs, kept()))));
    all.push(Record::Daily(Daily { client: ClientId(0), day: 20_779, count: 300, up_to: 0 }));
    let untimed = Stamp::default();
    for key in [JobId::EMPTY, JobId::key(7)] {
        let fence = Fence { job: JobId::EMPTY, decides: false, key };
        all.push(Record::Submitting(Submitting { at: untimed, fence, ..submitting(1) }));
    }
    for state in State::ALL {
        let problem = ProblemCode::ALL[state as usize];
        all.push(Record::Moved(Moved {
            job: JobId::EMPTY,
            problem: Some(Problem::new(problem)),
            pause_s: 30,
            ttl_s: Some(0),
            ..moved(1, state)
        }));
    }
    for (part, up) in [("office", true), ("office/64", false)] {
        let part = Part::parse(part).unwrap();
        let kind = EventKind::of(&part, up);
        let marks =
            [(Tended::Balance, -1), (Tended::Canary, i32::MAX), (Tended::Watchdog, 0), (Tended::Switched, 1)];
        for (what, value) in marks {
            all.push(Record::Mark(Mark { at: AT, part: part.clone(), what, value }));
        }
        all.push(Record::Condition(Condition { at: AT, part, kind }));
    }
    for seq in [Some(0), Some(u32::MAX), None] {
        let consumer = ConsumerName::parse("a.b-c_1").unwrap();
        all.push(Record::Cursor(Cursor { consumer, seq, tried_s: 0 }));
    }
    for (from, text, old, copied) in [("+51987654321", "a\0b \u{202e}€", false, false), ("", "", true, true)]
    {
        all.push(Record::Received(Received { old, copied, ..received(u32::MAX, from, text) }));
    }
    for (part_of, parts) in [(u32::MAX, vec![]), (0, vec![1, 300, u32::MAX - 1])] {
        all.push(Record::Received(Received { part_of, parts, ..received(7, "777", "a") }));
    }
    for (marks, gap) in [(vec![], true), (vec![0, 1, u64::MAX], false)] {
        let at = if gap { AT } else { Stamp::default() };
        all.push(Record::InboxWindow(InboxWindow {
            at,
            line: line(),
            known: gap,
            settled: !gap,
            marks,
            gap,
        }));
    }
    for (newest, forgotten) in [(0, 0), (u32::MAX, 7)] {
        all.push(Record::InboxIds(InboxIds { newest, forgotten }));
    }
    let webhook = ConsumerName::webhook(&"x".repeat(32)).unwrap();
    all.push(Record::Cursor(Cursor { consumer: webhook.clone(), seq: Some(7), tried_s: 172_800 }));
    all.push(Record::Dropped(Dropped { at: AT, webhook, seq: 8 }));
    all.push(Record::Forgotten(258));
    all.push(Record::Started(Started { boot: BOOT, at: AT }));
    for job in ["0b", ""] {
        all.push(Record::LineOpen(line(), JobId::parse(job).unwrap()));
        all.push(Record::Line(line(), JobId::parse(job).unwrap()));
    }
    all.push(Record::Kept(Box::new((accepted(3, "Pump 3 stopped"), kept()))));
    let bare = Kept {
        state: State::Queued,
        line: None,
        fence: None,
        submitted_ms_ago: None,
        job: JobId::EMPTY,
        problem: None,
        perhaps_sent: false,
        ..kept()
    };
    all.push(Record::Kept(Box::new((Accepted { priority: Priority::Low, ..accepted(4, "x") }, bare))));
    all
}
