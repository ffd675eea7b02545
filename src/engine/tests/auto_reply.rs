//! Answers that goipd gives by itself, and the loops that it does not get into.

use super::opt_out::{rules, with};
use super::*;
use crate::engine::auto_reply::Question;
use crate::engine::opt_out::Heeded;
use crate::goip::{InboxEntry, InboxLine};
use crate::journal::{self, Bodies, MAX_REPLIED};
use crate::message::State;

const NUMBER: &str = "+4915112345678";

const DAY_MS: u64 = 86_400_000;

fn rule(matches: Matches, patterns: &[&str], text: &str) -> ReplyRule {
    ReplyRule {
        name: "hours".into(),
        matches,
        patterns: patterns.iter().map(|&pattern| pattern.into()).collect(),
        text: text.into(),
        from: Vec::new(),
        not_from: Vec::new(),
        per_number: 3,
    }
}

fn senders(pattern: &str) -> Senders {
    let prefix = pattern.ends_with('*');
    Senders { number: pattern.trim_end_matches('*').into(), prefix }
}

fn replying(replies: Vec<ReplyRule>) -> Rig {
    let mut settings = settings(&[device("office", 2)]);
    settings.queue_limit = 1_000;
    settings.rules = Rules {
        opt_out: rules(),
        replies,
        own_numbers: vec![Number::parse("0170 1111111").unwrap()],
        ..Rules::default()
    };
    Rig::seen(settings, &[("0a", JobStatus::Done, ""), ("0b", JobStatus::Done, "")])
}

fn always() -> Rig {
    replying(vec![rule(Matches::Any, &[], "We call you back")])
}

impl Rig {
    /// Somebody sends this; gives the answer's text.
    fn asked(&mut self, from: &str, text: &str) -> Option<String> {
        let before = self.records.len();
        let heeded = self.engine.heed(self.now, from, text, false);
        let line = LineId { device: 0, line: 1 };
        self.engine.respond(self.now, Question { id: 5, line, from, text }, heeded);
        self.turn();
        self.records[before..].iter().find_map(|record| match record {
            Record::Accepted(a) => Some(a.text.to_string()),
            _ => None,
        })
    }
}

#[test]
fn who_is_denied_everywhere_is_not_answered_and_may_opt_out() {
    let mut rig = always();
    rig.engine.settings.rules.senders.deny.push("+4917*".into());
    assert_eq!(rig.asked("+49171222222", "Hello"), None);
    assert_eq!(rig.asked("+49151222222", "Hello").as_deref(), Some("We call you back"));
    let heeded = rig.engine.heed(rig.now, "+49171222222", "STOP", false);
    assert!(matches!(heeded, crate::engine::opt_out::Heeded::Stopped));
}

#[test]
fn the_first_rule_that_fits_answers_on_the_line_that_was_asked() {
    let mut rig = replying(vec![
        rule(Matches::Exact, &["info", "hilfe"], "exact"),
        rule(Matches::Prefix, &["price "], "prefix"),
        rule(Matches::Any, &[], "any"),
    ]);
    for (text, answer) in
        [("Info!", "exact"), (" HILFE", "exact"), ("Price  of eggs", "prefix"), ("Prices", "any")]
    {
        assert_eq!(
            rig.asked(&format!("+49151000000{}", text.len()), text).as_deref(),
            Some(answer),
            "{text}"
        );
    }
    let accepted = rig.records.iter().rev().find_map(|record| match record {
        Record::Accepted(accepted) => Some(accepted),
        _ => None,
    });
    let accepted = accepted.unwrap();
    assert_eq!(accepted.origin, Origin::Reply(5));
    assert_eq!(accepted.tag.as_deref(), Some("reply:hours"));
    assert_eq!(
        accepted.choice,
        journal::Choice::Line(rig.engine.settings.line_name(LineId { device: 0, line: 1 }))
    );
}

#[test]
fn only_some_are_answered_if_it_is_said_so() {
    let mut some = rule(Matches::Any, &[], "hello");
    some.from = vec![senders("+49*"), senders("+43664123456")];
    some.not_from = vec![senders("0151*"), senders("+491701")];
    some.not_from.push(senders("01761234567"));
    let mut rig = replying(vec![some]);
    for (from, answered) in [
        ("+491601234567", true),
        ("01601234567", true),
        ("+43664123456", true),
        ("+43664123457", false),
        ("015112345678", false),
        ("+491761234567", false),
    ] {
        rig.pass(DAY_MS);
        assert_eq!(rig.asked(from, "hi").is_some(), answered, "{from}");
    }
}

#[test]
fn nobody_is_answered_who_cannot_be_or_would_answer_back() {
    for (from, why) in [
        ("MIR-1228", "a name"),
        ("777", "a short code"),
        ("+123456", "one with a plus"),
        ("+491701111111", "one of our own lines"),
    ] {
        assert_eq!(always().asked(from, "hi"), None, "{why}");
    }
    let mut rig = always();
    rig.asked(NUMBER, "STOP");
    assert_eq!(rig.asked(NUMBER, "hi"), None, "who has opted out");
    assert_eq!(always().asked(NUMBER, "we call  you BACK!"), None, "what we say ourselves");
}

#[test]
fn a_number_has_so_many_answers_a_day_whatever_rule_they_come_from_and_whatever_crashes() {
    let mut twice = rule(Matches::Exact, &["info"], "we open at nine");
    twice.per_number = 2;
    let mut rig = replying(vec![twice, rule(Matches::Any, &[], "any")]);
    let ask = |rig: &mut Rig, text: &str| rig.asked(NUMBER, text);
    assert_eq!(ask(&mut rig, "one").as_deref(), Some("any"));
    rig.restart(BootId([8; 16]), 1_000);
    assert_eq!(ask(&mut rig, "info").as_deref(), Some("we open at nine"));
    rig.restart(BootId([8; 16]), 1_000);
    assert_eq!(ask(&mut rig, "Info"), None, "its own rule's limit");
    assert_eq!(ask(&mut rig, "two").as_deref(), Some("any"));
    rig.restart(BootId([9; 16]), 1_000);
    assert_eq!(ask(&mut rig, "three"), None);
    assert_eq!(rig.asked("+4915112345679", "three").as_deref(), Some("any"), "another number");
    rig.pass(DAY_MS);
    assert_eq!(rig.asked(NUMBER, "four").as_deref(), Some("any"));
}

#[test]
fn the_same_text_for_the_third_time_within_an_hour_is_a_robots() {
    let mut often = rule(Matches::Any, &[], "hello");
    often.per_number = 100;
    let mut rig = replying(vec![often]);
    assert!(rig.asked(NUMBER, "Out of office.").is_some());
    assert!(rig.asked(NUMBER, "out of  OFFICE").is_some());
    assert_eq!(rig.asked(NUMBER, "Out of office"), None);
    assert!(rig.asked(NUMBER, "Another text").is_some());
    rig.pass(3_601_000);
    assert!(rig.asked(NUMBER, "Out of office").is_some());
}

#[test]
fn the_parts_of_a_long_message_have_one_answer() {
    let mut rig = always();
    let part = "a".repeat(153);
    assert!(rig.asked(NUMBER, &part).is_some());
    assert_eq!(rig.asked(NUMBER, &"b".repeat(153)), None);
    assert_eq!(rig.asked(NUMBER, "the end"), None);
    rig.pass(1_000);
    assert!(rig.asked(NUMBER, "another").is_some());
}

#[test]
fn who_opts_out_is_told_so_once() {
    let mut rig = with(OptOutRules { confirm: Some("You get no more".into()), ..rules() });
    rig.keep_busy();
    assert_eq!(rig.asked(NUMBER, "STOP").as_deref(), Some("You get no more"));
    let message = rig.engine.counters().last_id;
    assert_eq!(rig.state(message), State::Queued, "it is not taken back itself");
    assert_eq!(rig.asked(NUMBER, "STOP"), None);
    rig.restart(BootId([8; 16]), 1_000);
    assert_eq!(rig.state(message), State::Queued);
    assert_eq!(rig.asked(NUMBER, "STOP"), None);
    assert_eq!(rig.asked("777", "STOP"), None, "a short code");
    assert_eq!(rig.listed_numbers(), 2);
}

#[test]
fn a_robot_that_cannot_make_up_its_mind_is_told_three_times_a_day() {
    let mut rig = with(OptOutRules { confirm: Some("You get no more".into()), ..rules() });
    let mut told = 0;
    for _ in 0..10 {
        told += usize::from(rig.asked(NUMBER, "STOP").is_some());
        told += usize::from(rig.asked(NUMBER, "START").is_some());
    }
    assert_eq!(told, 3);
}

#[test]
fn two_that_answer_each_other_stop() {
    let mut rig = always();
    let mut answers = 0;
    for n in 0..50 {
        answers += usize::from(rig.asked(NUMBER, &format!("I am robot, this is answer {n}")).is_some());
    }
    assert_eq!(answers, 3);
}

#[test]
fn no_more_numbers_are_answered_in_a_day_than_can_be_counted() {
    let mut rig = always();
    let from = |n: usize| format!("+4915100{n:06}");
    for n in 0..MAX_REPLIED {
        assert!(rig.asked(&from(n), "hi").is_some(), "{n}");
    }
    assert_eq!(rig.asked(&from(MAX_REPLIED), "hi"), None);
    assert!(rig.asked(&from(0), "hi again").is_some());
}

#[test]
fn a_full_queue_answers_nobody() {
    let mut rig = always();
    rig.engine.settings.queue_limit = 10;
    (0..8).for_each(|_| assert!(rig.send("waiting") > 0));
    assert_eq!(rig.asked(NUMBER, "hi"), None, "the last fifth is for alarms");
}

#[test]
fn where_nothing_is_answered_nothing_is_remembered() {
    let mut rig = with(rules());
    rig.asked(NUMBER, "hi");
    assert_eq!(rig.engine.heed(rig.now, NUMBER, "hi", false), Heeded::Nothing);
    assert!(rig.engine.recent.is_empty());
}

/// The inbox page of line 1, newest first.
fn inbox(messages: &[(&str, &str)]) -> Answer {
    let entry = |(slot, (from, text)): (usize, &(&str, &str))| InboxEntry {
        slot: slot as u8,
        device_time: "07-03 12:54:04".try_into().unwrap(),
        from: (*from).try_into().unwrap(),
        text: (*text).into(),
    };
    Answer::InboxLine(InboxLine { line: 1, entries: messages.iter().enumerate().map(entry).collect() })
}

impl Rig {
    /// Waits for the box's inbox to be read, which shows these messages.
    fn inbox_has(&mut self, messages: &[(&str, &str)]) {
        while self.asked[0] != Some(Ask::Inbox) {
            match self.asked[0] {
                None => drop(self.until_asked(0)),
                Some(Ask::Status) => self.answer(0, page(&[("0a", JobStatus::Done, "")])),
                // What was sent is lost before it came to the box.
                Some(_) => self.answer(0, lost(Reached::NotConnected, false)),
            }
        }
        self.engine.report(self.now, 0, inbox(messages));
        self.answer(0, Answer::Inbox(Ok(())));
    }

    fn answers(&self) -> Vec<(String, String)> {
        let answers = self.records.iter().filter_map(|record| match record {
            Record::Accepted(a) => Some((a.to.to_string(), a.text.to_string())),
            _ => None,
        });
        answers.collect()
    }
}

#[test]
fn wherever_the_daemon_dies_no_opt_out_is_lost_and_nobody_is_answered_twice() {
    const OTHER: &str = "+4915112345679";
    let mut settings = settings(&[device("office", 1)]);
    settings.devices[0].inbox = InboxSettings { interval_s: 15, ..InboxSettings::default() };
    let confirm = Some("You get no more".into());
    settings.rules = Rules {
        opt_out: OptOutRules { confirm, ..rules() },
        replies: vec![rule(Matches::Any, &[], "We call you back")],
        ..Rules::default()
    };
    let mut rig = Rig::new(settings);
    rig.inbox_has(&[]);
    let before = rig.records.len();
    let now = [
        (OTHER, "STOP"),
        (OTHER, "START"),
        (OTHER, "STOP"),
        (NUMBER, "hello"),
        (NUMBER, "STOP"),
        (OTHER, "hi"),
    ];
    rig.inbox_has(&now);
    let whole = rig.records.clone();
    let said = |to: &str, text: &str| (to.to_owned(), text.to_owned());
    let all = [
        said(OTHER, "We call you back"),
        said(NUMBER, "You get no more"),
        said(OTHER, "You get no more"),
        said(OTHER, "You get no more"),
    ];
    assert_eq!(rig.answers(), all);
    for cut in before..=whole.len() {
        rig.records.clear();
        rig.restart_from(whole[..cut].to_vec(), BootId([7; 16]), 1_000, false);
        rig.records = [&whole[..cut], &rig.records].concat();
        rig.inbox_has(&now);
        rig.inbox_has(&now);
        assert_eq!(rig.listed_numbers(), 2, "cut at {cut}");
        for one in &all {
            let count = |answers: &[(String, String)]| answers.iter().filter(|other| *other == one).count();
            assert!(count(&rig.answers()) <= count(&all), "cut at {cut}: {one:?} again");
        }
    }
}

#[test]
fn what_was_in_the_box_before_opts_out_without_a_word() {
    let mut settings = settings(&[device("office", 1)]);
    settings.devices[0].inbox = InboxSettings { interval_s: 15, ..InboxSettings::default() };
    let confirm = Some("You get no more".into());
    settings.rules = Rules {
        opt_out: OptOutRules { confirm, ..rules() },
        replies: vec![rule(Matches::Any, &[], "We call you back")],
        ..Rules::default()
    };
    let mut rig = Rig::new(settings);
    rig.inbox_has(&[
        ("+4915112345679", "START"),
        (NUMBER, "STOP"),
        ("+4915112345679", "STOP"),
        (NUMBER, "hello"),
    ]);
    assert_eq!((rig.listed_numbers(), rig.answers().len()), (1, 0));
    assert_eq!(rig.journal.events().len(), 0);
}
