//! What goipd looks after by itself: balances, sick boxes, messages to itself.

use super::*;
use crate::goip::{Act, Deed, InboxEntry, InboxLine, LineFacts, LinePage};
use crate::journal::{Bodies, EventKind, Mark, Tended};
use crate::message::{Amount, LineId, Part, Pattern};
use JobStatus::Done;

const LINE: LineId = LineId { device: 0, line: 1 };

fn health() -> Settings {
    let balance = BalanceRule {
        line: LINE,
        ussd: "*100#".into(),
        pattern: Pattern::parse(r"Saldo (\S+)").unwrap(),
        interval_s: 7200,
        warn_below: Some(Amount(500)),
        pause: true,
    };
    let mut settings = settings(&[device("office", 1)]);
    settings.health.balances.push(balance);
    settings
}

fn told(rig: &Rig) -> Vec<&'static str> {
    let kinds = rig.records.iter().filter_map(|record| match record {
        Record::Condition(condition) => Some(condition.kind),
        _ => None,
    });
    kinds
        .filter(|k| !matches!(k, EventKind::DeviceDown | EventKind::DeviceUp))
        .map(EventKind::as_str)
        .collect()
}

fn marks(rig: &Rig, what: Tended) -> Vec<i32> {
    let value = |record: &Record| match record {
        Record::Mark(Mark { what: kind, value, .. }) if *kind == what => Some(*value),
        _ => None,
    };
    rig.records.iter().filter_map(value).collect()
}

impl Rig {
    /// Lets time pass, with a box that shows the same, until something is to be done there, for `ms`
    /// at most; says how long that took.
    fn until_act(&mut self, ms: u64) -> Option<u64> {
        // The job that it had last.
        self.until_act_showing(ms, |rig| {
            page(&[(rig.engine.lines[0].known.unwrap_or(id("0a")).as_str(), Done, "")])
        })
    }

    /// The same with a box that answers so when it is asked for its status.
    fn until_act_showing(&mut self, ms: u64, shown: fn(&Self) -> Answer) -> Option<u64> {
        let start = self.now.boot_ms;
        while self.act.is_none() {
            if let Some(Ask::Status | Ask::FormStatus) = self.asked[0] {
                self.answer(0, shown(self));
                continue;
            }
            let wake = self.engine.next_wake().expect("a box is asked again and again");
            if wake > start + ms {
                self.pass(start + ms - self.now.boot_ms);
                return None;
            }
            assert!(wake > self.now.boot_ms, "a wake-up that does nothing");
            self.pass(wake - self.now.boot_ms);
        }
        Some(self.now.boot_ms - start)
    }

    /// The box takes what was to be done.
    fn done(&mut self) -> Act {
        let act = self.act.take().expect("something was to be done");
        let taken = SendAnswer::Sending { line: None, id: JobId::EMPTY };
        self.engine.report(self.now, 0, Answer::Acted(SendOutcome::Answered(taken)));
        self.turn();
        act
    }

    /// The network answers the code that was dialled.
    fn network(&mut self, text: &str) {
        let act = self.done();
        let Deed::Ussd { code, form } = act.deed else { panic!("{act:?}") };
        assert_eq!(&*code, "*100#");
        self.until_asked(0);
        self.answer(0, page(&[(form.key.as_str(), Done, text)]));
    }
}

#[test]
fn a_balance_is_asked_for_told_and_pauses_its_line() {
    let mut rig = Rig::new(health());
    assert!(rig.until_act(120_000).is_some(), "at once");
    rig.network("Saldo 12,50 EUR");
    assert_eq!(rig.engine.balance(LINE), Some(Amount(1250)));
    assert_eq!(told(&rig), [""; 0]);
    let took_ms = rig.until_act(10_000_000).unwrap();
    assert!((7_190_000..7_210_000).contains(&took_ms), "{took_ms}");
    rig.network("Saldo 4,99 EUR");
    assert_eq!(told(&rig), ["balance_low"]);
    let id = rig.send("waits");
    rig.until_act(3_600_000);
    assert_eq!(rig.engine.view(id).unwrap().state, State::Queued);
    assert!(!rig.engine.lines(rig.now).next().unwrap().up);

    // It was told, and a restart knows: the line stays paused, and nothing is asked before its time.
    rig.restart(BootId([7; 16]), 1_000);
    assert_eq!(rig.until_act(3_000_000), None);
    assert_eq!(rig.engine.view(id).unwrap().state, State::Queued);
    assert!(rig.until_act(4_000_000).is_some());
    rig.network("Saldo 20,00 EUR");
    assert_eq!(told(&rig), ["balance_low", "line_down", "balance_ok"]);
    assert_eq!(marks(&rig, Tended::Balance)[1..], [1250, 1250, 499, 499, 2000]);
    rig.until_act(60_000);
    assert_ne!(rig.engine.view(id).unwrap().state, State::Queued);
}

#[test]
fn a_balance_that_is_not_found_or_not_answered_is_asked_for_in_an_hour_at_the_earliest() {
    let mut rig = Rig::new(health());
    rig.until_act(120_000);
    rig.network("try again later");
    assert_eq!(rig.engine.balance(LINE), None);
    assert!(rig.until_act(10_000_000).unwrap() > 7_190_000);
    rig.done();
    let start_ms = rig.now.boot_ms;
    assert_eq!(rig.until_act(3_590_000), None, "the network says nothing");
    assert!(rig.until_act(100_000).is_some_and(|_| rig.now.boot_ms >= start_ms + 3_599_000));
}

#[test]
fn after_a_new_boot_the_time_since_counts_once_the_clock_is_set() {
    let mut rig = Rig::new(health());
    rig.until_act(120_000);
    rig.network("Saldo 12,50 EUR");
    rig.now.trusted = false;
    rig.restart(BootId([8; 16]), 7_000_000);
    assert_eq!(rig.until_act(100_000), None);
    rig.now.trusted = true;
    assert!(rig.until_act(150_000).is_some());
}

#[test]
fn a_line_that_is_never_idle_is_asked_all_the_same() {
    let mut settings = health();
    settings.queue_limit = 100;
    let mut rig = Rig::new(settings);
    for n in 0..20 {
        rig.send(&n.to_string());
    }
    rig.answer(0, page(&[("0a", Done, "")]));
    assert!(rig.until_act(120_000).is_some_and(|ms| ms < 60_000));
}

fn watched() -> Settings {
    settings(&[DeviceSettings { watchdog_s: 600, watchdog_a_day: 3, ..device("office", 1) }])
}

#[test]
fn where_no_line_is_logged_in_the_modules_are_switched_and_then_the_box_starts_anew() {
    let mut rig = Rig::seen(watched(), &[("0a", Done, "")]);
    let out = LineFacts { module: Some(true), registered: Some(false), ..LineFacts::default() };
    rig.states = Some(LinePage { lines: vec![out], device: None });
    let took_ms = rig.until_act(1_000_000).unwrap();
    assert!((600_000..700_000).contains(&took_ms), "{took_ms}");
    assert_eq!(rig.done(), Act { line: 1, deed: Deed::Power(false) });
    assert!(rig.until_act(20_000).is_some_and(|ms| ms >= 4_000));
    assert_eq!(rig.done(), Act { line: 1, deed: Deed::Power(true) });
    let took_ms = rig.until_act(1_000_000).unwrap();
    assert!((500_000..700_000).contains(&took_ms), "{took_ms}");
    assert_eq!(rig.done().deed, Deed::Reboot);
    assert!(rig.until_act(1_000_000).is_some());
    assert_eq!(rig.done().deed, Deed::Reboot);
    assert_eq!(rig.until_act(20_000_000), None, "three times a day");
    assert_eq!(told(&rig).iter().filter(|name| **name == "watchdog").count(), 3);
    assert_eq!(marks(&rig, Tended::Watchdog), [1, 2, 3]);
    rig.restart(BootId([7; 16]), 1_000);
    assert_eq!(rig.until_act(10_000_000), None, "also after a restart");
}

#[test]
fn a_module_that_is_off_when_the_daemon_is_killed_is_switched_on_by_the_next() {
    let mut rig = Rig::seen(watched(), &[("0a", Done, "")]);
    let facts = |module, registered| LineFacts { module, registered, ..LineFacts::default() };
    let states = |module| Some(LinePage { lines: vec![facts(Some(module), Some(false))], device: None });
    rig.states = states(true);
    rig.until_act(1_000_000).unwrap();
    assert_eq!(marks(&rig, Tended::Switched), [0], "known before it is off");
    // It had not left, or the box has done it all the same.
    for (module, on) in [(true, false), (false, true)] {
        let (records, act) = (rig.records.clone(), rig.act.take());
        rig.states = states(module);
        rig.restart(BootId([7; 16]), 1_000);
        let deed = rig.until_act(120_000).map(|_| rig.done().deed);
        assert_eq!(deed, on.then_some(Deed::Power(true)));
        rig.states = states(true);
        assert_eq!(rig.until_act(30_000), None);
        assert_eq!(marks(&rig, Tended::Switched), [0, 1]);
        (rig.records, rig.act) = (records, act);
    }
}

#[test]
fn a_box_that_hangs_while_its_modules_are_switched_starts_anew_and_they_are_on_in_the_end() {
    let mut settings = watched();
    settings.devices[0].lines = 3;
    settings.devices[0].inbox.interval_s = 60;
    let mut rig = Rig::new(settings);
    let out = LineFacts { module: Some(true), registered: Some(false), ..LineFacts::default() };
    let empty = LineFacts { sim: Some(false), ..out.clone() };
    rig.states = Some(LinePage { lines: vec![empty, out.clone(), out], device: None });
    let (mut hangs, mut deeds) = (false, Vec::new());
    while deeds.len() < 6 && rig.now.boot_ms < 4_000_000 {
        if let Some(act) = &rig.act {
            let deed = (act.line, act.deed.clone());
            if !deeds.contains(&deed) {
                deeds.push(deed.clone());
            }
            // It hangs once the first module is off, and takes nothing but what starts it anew.
            if hangs && deed.1 != Deed::Reboot {
                rig.act = None;
                rig.engine.report(
                    rig.now,
                    0,
                    Answer::Acted(SendOutcome::Lost { phase: Reached::NotConnected, timed_out: false }),
                );
                rig.turn();
            } else {
                hangs = deed.1 == Deed::Power(false) && deeds.len() == 1;
                rig.done();
            }
        } else if rig.asked[0].is_some() {
            let silence = || AskError::Unreachable(Words::new("timed out"));
            let answer = match rig.asked[0] {
                Some(Ask::Inbox) if hangs => Answer::Inbox(Err(silence())),
                Some(Ask::Inbox) => Answer::Inbox(Ok(())),
                _ if hangs => Answer::Status(Err(silence())),
                _ => page(&[("0a", Done, ""), ("0b", Done, ""), ("0c", Done, "")]),
            };
            rig.answer(0, answer);
        } else {
            let wake = rig.engine.next_wake().unwrap();
            assert!(wake > rig.now.boot_ms, "a wake-up that does nothing");
            rig.pass(wake - rig.now.boot_ms);
        }
    }
    let [off, on] = [false, true].map(Deed::Power);
    let wanted = [(2, off.clone()), (2, on.clone()), (0, Deed::Reboot), (3, off), (3, on)];
    assert_eq!(deeds, wanted, "the first line has no card");
}

#[test]
fn a_line_whose_balance_is_low_stays_paused_when_its_module_is_switched() {
    let mut rig = Rig::new(health());
    rig.until_act(120_000);
    rig.network("Saldo 4,99 EUR");
    rig.until_act(20_000);
    for on in [false, true] {
        rig.engine.control(rig.now, "office/1", crate::engine::Wish::Power(on)).unwrap();
        rig.turn();
        rig.until_act(20_000);
        rig.done();
    }
    let line = rig.engine.lines(rig.now).next().unwrap();
    assert!(line.reason.as_deref().is_some_and(|r| r.contains("balance")), "{:?}", line.reason);
}

#[test]
fn a_box_that_hangs_is_told_to_start_anew_and_its_message_is_judged_as_ever() {
    let mut rig = Rig::seen(watched(), &[("0a", Done, "")]);
    let id = rig.submitted("hello");
    rig.answer(0, lost(Reached::Written, true));
    let silence = |_: &Rig| Answer::Status(Err(AskError::Unreachable(Words::new("timed out"))));
    let took_ms = rig.until_act_showing(1_000_000, silence).unwrap();
    assert!((600_000..700_000).contains(&took_ms), "{took_ms}");
    assert_eq!(rig.done().deed, Deed::Reboot);
    assert_eq!(rig.engine.view(id).unwrap().state, State::Submitting, "nothing is known of it yet");
    rig.until_asked(0);
    rig.answer(0, page(&[("", JobStatus::Empty, "")]));
    rig.until_asked(0);
    rig.answer(0, page(&[("", JobStatus::Empty, "")]));
    assert_eq!(rig.engine.view(id).unwrap().state, State::Unknown);
}

fn canary() -> Settings {
    let inbox = InboxSettings { interval_s: 15, first_events: true, ..InboxSettings::default() };
    let mut settings = settings(&[DeviceSettings { inbox, ..device("office", 1) }]);
    let to = Number::parse("+4915112345678").ok();
    settings.health.canaries.push(CanaryRule { from: LINE, to, interval_h: 1, timeout_s: 300 });
    settings
}

/// An inbox with this one message.
fn inbox(rig: &mut Rig, text: &str) {
    let entry = InboxEntry {
        slot: 0,
        device_time: "07-03 12:54:04".try_into().unwrap(),
        from: "+491511234567".try_into().unwrap(),
        text: text.into(),
    };
    rig.engine.report(
        rig.now,
        0,
        Answer::InboxLine(InboxLine { line: 1, entries: [entry].into_iter().collect() }),
    );
    rig.answer(0, Answer::Inbox(Ok(())));
}

/// The text of the newest message that goipd has made.
fn newest_text(rig: &Rig) -> String {
    let text = |record: &Record| match record {
        Record::Accepted(accepted) => Some(accepted.text.to_string()),
        _ => None,
    };
    rig.records.iter().rev().find_map(text).unwrap()
}

#[test]
fn a_message_to_itself_is_timed_told_to_nobody_and_missed_when_it_does_not_come() {
    let mut rig = Rig::new(canary());
    let first = newest_text(&rig);
    assert!(first.starts_with("goipd canary "), "{first}");
    while rig.asked[0] != Some(Ask::Inbox) {
        match rig.asked[0] {
            Some(Ask::Status) => rig.answer(0, page(&[("0b", Done, "")])),
            Some(_) => rig.answer(0, sending("0b")),
            None => drop(rig.until_asked(0)),
        }
    }
    inbox(&mut rig, &first);
    let took_ms = rig.engine.canaries().next().unwrap().1.unwrap();
    assert!(u64::from(took_ms) <= (rig.now.boot_ms - 1_000_000).max(1), "{took_ms}");
    let is_received = |e: crate::journal::Event<'_>| e.kind == EventKind::Received;
    assert!(!rig.journal.events().after(0).any(is_received), "nobody is told");

    // The next one does not come.
    let start_ms = rig.now.boot_ms;
    while told(&rig).is_empty() {
        match rig.asked[0] {
            Some(Ask::Status) => rig.answer(0, page(&[("0b", Done, "")])),
            Some(Ask::Inbox) => inbox(&mut rig, &first),
            Some(_) => rig.answer(0, sending("0b")),
            None => drop(rig.until_asked(0)),
        }
        assert!(rig.now.boot_ms < start_ms + 5_000_000);
    }
    assert_eq!(told(&rig), ["canary_lost"]);
    let late_ms = rig.now.boot_ms - start_ms;
    assert!((3_600_000 + 200_000..3_600_000 + 320_000).contains(&late_ms), "{late_ms}");
    assert_ne!(newest_text(&rig), first);
    assert_eq!(marks(&rig, Tended::Canary).len(), 2);
    let part = Part::parse("office/1").unwrap();
    let of_line = |record: &Record| matches!(record, Record::Mark(mark) if mark.part == part);
    assert_eq!(rig.records.iter().filter(|r| of_line(r)).count(), 2);
}
