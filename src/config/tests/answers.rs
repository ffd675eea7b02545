//! The sections `optout` and `reply`.

use super::*;
use crate::engine::{Matches, Senders};
use crate::message::ClientId;

/// A reply that is right.
pub(super) const HOURS: &str =
    "config reply 'hours'\n\tlist pattern 'HOURS'\n\toption text 'We are open from 9 to 17.'\n";

/// The only error of [`OFFICE`] with these lines behind it, from line 5 on.
fn error(lines: &str) -> String {
    let errors = errors(&format!("{OFFICE}{lines}\n"));
    errors.strip_prefix("goipd:").unwrap_or(&errors).into()
}

#[test]
fn without_the_sections_nothing_follows_from_what_is_received() {
    let rules = config(OFFICE).rules();
    assert!(!rules.opt_out.enabled && rules.opt_out.local && rules.replies.is_empty());
    assert_eq!((rules.opt_out.spelling.country.as_str(), rules.opt_out.spelling.trunk.as_str()), ("", "0"));
}

#[test]
fn the_usual_words_hold_until_others_are_written() {
    let rules = config(&format!("{OFFICE}config optout\n\toption enabled '1'\n")).rules().opt_out;
    assert!(rules.enabled);
    assert_eq!(rules.stop.join(" "), "stop stopall unsubscribe cancel end quit");
    assert_eq!(rules.start.join(" "), "start yes unstop");
    let own = "config optout\n\toption enabled '1'\n\tlist keyword 'STOP'\n\tlist keyword 'Στοπ'\n\tlist keyword 'opt out'\n\tlist keyword_start 'START'\n\toption country '36'\n\toption trunk '06'\n\toption confirm 'You get no more.'\n\toption local '0'\n";
    let rules = config(&format!("{OFFICE}{own}")).rules().opt_out;
    assert_eq!(rules.stop.join(" "), "stop στοπ optout");
    assert_eq!(rules.start.join(" "), "start");
    assert_eq!((rules.spelling.country.as_str(), rules.spelling.trunk.as_str()), ("36", "06"));
    assert_eq!((rules.confirm.as_deref(), rules.local), (Some("You get no more."), false));
    assert_eq!(config(&format!("{OFFICE}config optout\n\toption trunk 'none'\n")).opt_out.spelling.trunk, "");
}

#[test]
fn a_reply_says_to_what_and_whom_it_is() {
    let more =
        "\toption match 'prefix'\n\tlist from '+49*'\n\tlist not_from '0151 123'\n\toption per_number '5'\n";
    let text =
        format!("{OFFICE}\tlist own_number '0170-1111111'\n{HOURS}{}", more.replace("0151 123", "0151123"));
    let rules = config(&text).rules();
    let [reply] = rules.replies.as_slice() else { panic!("one reply") };
    assert_eq!((&*reply.name, &*reply.text, reply.per_number), ("hours", "We are open from 9 to 17.", 5));
    assert_eq!((reply.matches, reply.patterns.join(" ")), (Matches::Prefix, "hours".into()));
    assert_eq!(reply.from, [Senders { number: "+49".into(), prefix: true }]);
    assert_eq!(reply.not_from, [Senders { number: "0151123".into(), prefix: false }]);
    assert_eq!(rules.own_numbers[0].as_str(), "01701111111");
    let any = "config reply 'x'\n\toption match 'any'\n\toption text 'y'\n";
    let reply = &config(&format!("{OFFICE}{any}")).rules().replies[0];
    assert_eq!((reply.matches, reply.patterns.len(), reply.per_number), (Matches::Any, 0, 3));
}

#[test]
fn clients_whose_messages_all_must_get_are_named_to_the_engine() {
    let text = format!("{OFFICE}{}\toption transactional '1'\n", relay::NAGIOS);
    assert_eq!(config(&text).rules().opt_out.transactional, [ClientId::of("nagios")]);
    assert_eq!(config(&format!("{OFFICE}{}", relay::NAGIOS)).rules().opt_out.transactional, []);
}

#[test]
fn what_is_wrong_is_told_with_the_cure() {
    for (lines, message) in [
        (
            "config optout\noption country '+49'",
            "6: option 'country': '+49' is no country's code; write it without '+' and '00', like '49'",
        ),
        (
            "config optout\noption country '049'",
            "6: option 'country': '049' is no country's code; write it without '+' and '00', like '49'",
        ),
        ("config optout\noption trunk 'x'", "6: option 'trunk': 'x' is no prefix; write '0' or 'none'"),
        (
            "config optout\nlist keyword '!!'",
            "6: option 'keyword': '!!' can be no received text; write letters or digits, at most 160 bytes",
        ),
        (
            "config optout\nlist keyword 'Yes'",
            "6: the word 'yes' stands for both stop and start; remove it from one of the two",
        ),
        (
            "config reply\nlist pattern 'x'\noption text 'y'",
            "5: a reply needs a name; write it like: config reply 'hours'",
        ),
        (
            "config reply 'x'\noption text 'y'",
            "5: the reply matches nothing; add a line: list pattern 'INFO', or write option match 'any'",
        ),
        (
            "config reply 'x'\noption match 'any'\nlist pattern 'y'\noption text 'z'",
            "7: option 'pattern': 'any' matches every text; remove it, or write option match 'exact' or 'prefix'",
        ),
        (
            "config reply 'x'\nlist pattern 'y'\noption text 'z'\nlist from '49x'",
            "8: option 'from': '49x' is no number; write one like '+4915112345678' or '+49*'",
        ),
        (
            "list own_number 'x'",
            "5: option 'own_number': 'x' is not a phone number: digits, and + in front, are allowed",
        ),
    ] {
        assert_eq!(error(lines), message);
    }
    let long = "a".repeat(1531);
    for (lines, option) in [
        (format!("config optout\noption confirm '{long}'"), "confirm"),
        (format!("config reply 'x'\noption match 'any'\noption text '{long}'"), "text"),
    ] {
        assert!(
            error(&lines).contains(&format!("option '{option}': the text takes 11 segments")),
            "{}",
            error(&lines)
        );
    }
    let many = (0..17).map(|n| HOURS.replace("hours", &format!("hours{n}"))).collect::<String>();
    assert!(error(&many).contains("more than 16 replies; remove some"), "{}", error(&many));
}
