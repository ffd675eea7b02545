//! Who wants no more messages gets none.

use super::*;
use crate::engine::opt_out::Heeded;
use crate::journal::{Bodies, OptIn, OptOut, OptedOut};
use crate::message::{ClientId, ErrorCode, PackedNumber, Spelling};

const NUMBER: &str = "+4915112345678";

pub fn rules() -> OptOutRules {
    OptOutRules {
        enabled: true,
        stop: vec!["stop".into(), "stopall".into()],
        start: vec!["start".into()],
        spelling: Spelling { country: "49".try_into().unwrap(), trunk: "0".try_into().unwrap() },
        ..OptOutRules::default()
    }
}

pub fn with(opt_out: OptOutRules) -> Rig {
    let mut settings = settings(&[device("office", 1)]);
    settings.rules.opt_out = opt_out;
    Rig::seen(settings, &[("0a", JobStatus::Done, "")])
}

fn packed(number: &str) -> PackedNumber {
    PackedNumber::from(&Number::parse(number).unwrap())
}

impl Rig {
    /// Somebody sends this, and the record of the message does not concern the test.
    fn heed(&mut self, from: &str, text: &str) -> Heeded {
        let heeded = self.engine.heed(self.now, from, text, false);
        self.turn();
        heeded
    }

    /// Another's message keeps the line busy.
    pub(super) fn keep_busy(&mut self) {
        let other = self.accept(new_message("+4917", "another's")).unwrap().id;
        assert_eq!(self.state(other), State::Submitting);
    }

    pub(super) fn listed_numbers(&self) -> usize {
        self.engine.opt_outs_after(None).len()
    }

    fn listed(&self) -> Vec<String> {
        self.engine.opt_outs_after(None).iter().map(|one| one.number.text().to_string()).collect()
    }

    fn refused(&mut self, to: &str) -> Option<ErrorCode> {
        self.accept(new_message(to, "hello")).err().map(|refusal| refusal.code)
    }
}

#[test]
fn a_keyword_alone_opts_its_sender_out_however_it_is_written() {
    for text in ["STOP", "stop", " Stop! ", "S T O P", "Stop all", "\"STOP\"\r\n"] {
        let mut rig = with(rules());
        assert_eq!(rig.heed(NUMBER, text), Heeded::Stopped, "{text}");
        assert_eq!(rig.refused(NUMBER), Some(ErrorCode::OptedOut));
    }
    for text in ["stop it", "please stop", "", "stopp", "START"] {
        let mut rig = with(rules());
        rig.heed(NUMBER, text);
        assert_eq!(rig.refused(NUMBER), None, "{text}");
    }
}

#[test]
fn another_spelling_is_the_same_number() {
    let mut rig = with(rules());
    rig.heed("015112345678", "STOP");
    assert_eq!(rig.listed(), [NUMBER]);
    for to in [NUMBER, "004915112345678", "0151 123-45678", "4915112345678"] {
        assert_eq!(rig.refused(to), Some(ErrorCode::OptedOut), "{to}");
    }
    assert_eq!(rig.refused("+4915112345679"), None);
}

#[test]
fn one_comes_back_with_the_other_keyword_and_each_change_is_written_down_once() {
    let mut rig = with(rules());
    let before = rig.records.len();
    assert_eq!(rig.heed(NUMBER, "STOP"), Heeded::Stopped);
    assert_eq!(rig.heed(NUMBER, "STOP"), Heeded::Known);
    assert_eq!(rig.heed(NUMBER, "START"), Heeded::Started);
    assert_eq!(rig.heed(NUMBER, "START"), Heeded::Started);
    assert_eq!(rig.refused(NUMBER), None);
    let at = Some(rig.now.stamp());
    let one = OptedOut { number: packed(NUMBER), since_s: rig.now.unix_s };
    let out = Record::OptOut(OptOut { at, numbers: vec![one] });
    let back = Record::OptIn(OptIn { at, number: one.number });
    assert_eq!(rig.records[before..before + 2], [out, back]);
    assert!(matches!(rig.records[before + 2], Record::Accepted(_)));
}

#[test]
fn names_cannot_opt_out_and_nobody_does_where_it_is_turned_off() {
    let mut rig = with(rules());
    assert_eq!(rig.heed("MIR-1228", "STOP"), Heeded::Nothing);
    let mut rig = with(OptOutRules { enabled: false, ..rules() });
    assert_eq!(rig.heed(NUMBER, "STOP"), Heeded::Nothing);
    // The list holds all the same.
    rig.engine.opt_out(rig.now, &[Number::parse(NUMBER).unwrap()], &rig.journal).unwrap();
    rig.turn();
    assert_eq!(rig.refused(NUMBER), Some(ErrorCode::OptedOut));
}

#[test]
fn what_waits_is_taken_back_and_what_is_under_way_goes_on() {
    let mut rig = with(rules());
    let leaving = rig.submitted("leaving");
    let waiting = rig.send("waiting");
    let other = rig.accept(new_message("+4917", "another's")).unwrap().id;
    rig.heed(NUMBER, "STOP");
    rig.is(waiting, State::Cancelled, Some(ProblemCode::OptedOut));
    rig.is(other, State::Queued, None);
    assert_eq!(rig.state(leaving), State::Submitting);
    rig.answer(0, sending("0b"));
    rig.pass(60_000);
    rig.answer(0, page(&[("0b", JobStatus::Done, "")]));
    rig.is(leaving, State::Sent, None);
}

#[test]
fn what_comes_back_unsent_is_not_tried_again() {
    let mut rig = with(rules());
    let message = rig.submitted("busy line");
    rig.heed(NUMBER, "STOP");
    rig.answer(0, answered(SendAnswer::Busy));
    rig.is(message, State::Cancelled, Some(ProblemCode::OptedOut));
    assert_eq!(rig.engine.cancel(rig.now, message).unwrap().id, message);
}

#[test]
fn a_message_that_is_ready_to_leave_does_not_leave() {
    let mut rig = with(rules());
    rig.disk = false;
    let message = rig.send("about to leave");
    assert_eq!(rig.state(message), State::Submitting);
    rig.heed(NUMBER, "STOP");
    rig.engine.durable(rig.journal.durable());
    rig.turn();
    rig.is(message, State::Cancelled, Some(ProblemCode::OptedOut));
}

#[test]
fn a_failed_message_is_not_resent_to_who_has_opted_out() {
    let mut rig = with(rules());
    let message = rig.submitted("fails");
    rig.answer(0, sending("0b"));
    rig.pass(60_000);
    rig.answer(0, page(&[("0b", JobStatus::Done, "2172")]));
    rig.is(message, State::Failed, Some(ProblemCode::Rejected));
    rig.heed(NUMBER, "STOP");
    assert_eq!(rig.engine.resend(rig.now, message).unwrap_err().code, ErrorCode::OptedOut);
    rig.heed(NUMBER, "START");
    assert!(rig.engine.resend(rig.now, message).is_ok());
}

#[test]
fn clients_and_the_local_socket_are_exempt_if_it_is_said_so() {
    let [bank, shop] = ["bank", "shop"].map(ClientId::of);
    let mut rig = with(OptOutRules { transactional: vec![bank], local: false, ..rules() });
    rig.keep_busy();
    let from = |client| NewMessage { origin: Origin::Client(client), ..new_message(NUMBER, "code 123") };
    let waiting = [
        rig.accept(from(bank)).unwrap().id,
        rig.accept(from(shop)).unwrap().id,
        rig.accept(new_message(NUMBER, "local")).unwrap().id,
    ];
    rig.heed(NUMBER, "STOP");
    assert_eq!(waiting.map(|id| rig.state(id)), [State::Queued, State::Cancelled, State::Queued]);
    assert!(rig.accept(from(bank)).is_ok());
    assert_eq!(rig.accept(from(shop)).unwrap_err().code, ErrorCode::OptedOut);
    assert_eq!(rig.refused(NUMBER), None);
}

#[test]
fn a_key_that_was_used_before_replays_what_was_taken_back() {
    let mut rig = with(rules());
    rig.keep_busy();
    let keyed = || NewMessage { key: Some("k".into()), ..new_message(NUMBER, "hello") };
    let id = rig.accept(keyed()).unwrap().id;
    rig.heed(NUMBER, "STOP");
    let again = rig.accept(keyed()).unwrap();
    assert_eq!((again.id, again.replayed), (id, true));
    rig.is(id, State::Cancelled, Some(ProblemCode::OptedOut));
}

#[test]
fn the_list_outlives_the_daemon_and_so_does_what_follows_from_it() {
    let mut rig = with(rules());
    rig.keep_busy();
    let waiting = rig.send("waiting");
    rig.heed(NUMBER, "STOP");
    // It died before it had taken the message back.
    let cut = rig.records.iter().rposition(|record| matches!(record, Record::OptOut(_))).unwrap();
    let records = rig.records[..=cut].to_vec();
    rig.restart_from(records, BootId([8; 16]), 5_000, false);
    rig.is(waiting, State::Cancelled, Some(ProblemCode::OptedOut));
    assert_eq!(rig.refused(NUMBER), Some(ErrorCode::OptedOut));
    rig.heed(NUMBER, "START");
    rig.restart(BootId([9; 16]), 5_000);
    assert_eq!(rig.refused(NUMBER), None);
}

#[test]
fn a_country_that_is_configured_later_brings_the_list_into_its_spelling() {
    let mut rig = with(OptOutRules { spelling: Spelling::default(), ..rules() });
    rig.heed("015112345678", "STOP");
    rig.heed("+491761234567", "STOP");
    assert_eq!(rig.listed(), ["015112345678", "+491761234567"]);
    rig.engine.settings.rules.opt_out = rules();
    for _ in 0..2 {
        rig.restart(BootId([8; 16]), 5_000);
        assert_eq!(rig.listed(), [NUMBER, "+491761234567"]);
        assert_eq!(rig.refused(NUMBER), Some(ErrorCode::OptedOut));
    }
    // It can be taken off for good.
    rig.heed("0151 12345678", "START");
    rig.restart(BootId([9; 16]), 5_000);
    assert_eq!(rig.listed(), ["+491761234567"]);
}

#[test]
fn a_full_list_refuses_what_is_asked_by_hand_and_keeps_room_for_who_asks_itself() {
    let mut rig = with(rules());
    rig.engine.limit_opt_outs(20);
    let number = |n: u32| Number::parse(&format!("+4915100{n:05}")).unwrap();
    let many: Vec<Number> = (0..18).map(number).collect();
    assert_eq!(rig.engine.opt_out(rig.now, &many, &rig.journal).unwrap().0, 18);
    assert_eq!(rig.engine.opt_out(rig.now, &many, &rig.journal).unwrap().0, 0, "again is no more");
    let refusal = rig.engine.opt_out(rig.now, &[number(18)], &rig.journal).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::Storage);
    assert!(refusal.message.contains("room for 18 numbers and holds 18"), "{}", refusal.message);
    for n in 18..20 {
        assert_eq!(rig.heed(number(n).as_str(), "STOP"), Heeded::Stopped);
    }
    // Nothing is forgotten for another's sake, and what is missed is counted.
    assert_eq!(rig.heed(number(20).as_str(), "STOP"), Heeded::Known);
    assert_eq!(rig.engine.opt_out_counts(), [20, 20, 1]);
    assert_eq!(rig.refused(number(0).as_str()), Some(ErrorCode::OptedOut));
}

#[test]
fn one_number_by_hand_is_an_event_and_several_are_none() {
    let mut rig = with(rules());
    let numbers = ["+49151", "+49152", "0151"].map(|n| Number::parse(n).unwrap());
    let told = |rig: &Rig| rig.journal.events().after(0).map(|e| e.kind.as_str()).collect::<Vec<_>>();
    assert_eq!(rig.engine.opt_out(rig.now, &numbers, &rig.journal).unwrap().0, 3);
    rig.turn();
    assert_eq!(told(&rig), [] as [&str; 0]);
    let one = Number::parse("+49153").unwrap();
    assert_eq!(rig.engine.opt_out(rig.now, std::slice::from_ref(&one), &rig.journal).unwrap().0, 1);
    rig.engine.opt_in(rig.now, &one);
    rig.engine.opt_in(rig.now, &one);
    rig.turn();
    assert_eq!(told(&rig), ["opt_out", "opt_in"]);
}
