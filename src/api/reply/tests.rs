use super::messages::MESSAGE_BYTES;
use super::*;
use crate::api::Caller;
use crate::api::testing::{NOW, World};
use crate::engine::LineSet;
use crate::journal::{Event, Origin};
use crate::message::{Problem, ProblemCode, Words};

#[test]
fn a_send_is_answered_with_what_became_of_it_so_far() {
    let mut world = World::new();
    assert_eq!(
        world.reply(r#"{"op":"send","to":"+49151","text":"Pump 3 stopped","key":"k","tag":"x"}"#),
        r#"{"ok":true,"id":1,"state":"queued","segments":1,"encoding":"gsm7","tag":"x"}"#
    );
    assert_eq!(
        world.reply(r#"{"op":"send","to":"+49151","text":"Pump 3 stopped","key":"k","tag":"y"}"#),
        r#"{"ok":true,"id":1,"state":"queued","segments":1,"encoding":"gsm7","tag":"x","replayed":true}"#
    );
    assert_eq!(
        world.reply(r#"{"op":"send","to":"12","text":"ć"}"#),
        r#"{"ok":true,"id":2,"state":"queued","segments":1,"encoding":"ucs2","tag":null}"#
    );
}

#[test]
fn a_message_has_every_field_in_every_state() {
    let mut world = World::new();
    world.reply(r#"{"op":"send","to":"+49 151","text":"\"hi\"\n","line":"office/1","tag":"x"}"#);
    assert_eq!(
        world.reply(r#"{"op":"status","id":1}"#),
        r#"{"ok":true,"id":1,"to":"+49151","text":"\"hi\"\n","state":"queued","line":null,"segments":1,"encoding":"gsm7","created":"2026-11-22T07:00:00Z","updated":"2026-11-22T07:00:00Z","attempts":0,"device_id":null,"tag":"x","at":null,"collapsed":0,"problem":null}"#
    );
    let later = Now { boot_ms: NOW.boot_ms + 1000, unix_s: NOW.unix_s + 1, ..NOW };
    world.submit(later);
    world.fail(later, "2172");
    assert_eq!(
        world.reply(r#"{"op":"wait","id":1}"#),
        r#"{"ok":true,"id":1,"to":"+49151","text":"\"hi\"\n","state":"failed","line":"office/1","segments":1,"encoding":"gsm7","created":"2026-11-22T07:00:00Z","updated":"2026-11-22T07:00:01Z","attempts":1,"device_id":"6a52acc8","tag":"x","at":null,"collapsed":0,"problem":{"code":"rejected","device_code":"2172","message":"the network or the module did not take it: error 2172 (a module maker's own number; often no credit or a barred SIM)"}}"#
    );
}

#[test]
fn plain_words_are_answered_with_plain_words() {
    let mut world = World::new();
    assert_eq!(world.reply("send +49151 Pump 3 stopped"), "ok 1");
    assert_eq!(world.reply("status 1"), "ok queued");
    assert_eq!(world.reply("cancel 1"), "ok cancelled");
    assert_eq!(world.reply("ping"), concat!("ok ", env!("CARGO_PKG_VERSION")));
    assert_eq!(
        world.reply("send 12x hello"),
        "error invalid_number '12x' is not a phone number: digits, and + in front, are allowed"
    );
}

#[test]
fn a_list_is_walked_from_page_to_page_by_its_next() {
    let mut world = World::new();
    for _ in 0..5 {
        world.reply("send 12 a");
    }
    world.reply("cancel 3");
    let ids =
        |page: &str| -> Vec<String> { page.split("{\"id\":").skip(1).map(|m| m[..1].to_owned()).collect() };
    let page = world.reply(r#"{"op":"list","limit":2}"#);
    assert_eq!(ids(&page), ["1", "2"]);
    assert!(page.ends_with(r#"],"next":2}"#), "{page}");
    let page = world.reply(r#"{"op":"list","after":2,"state":"queued"}"#);
    assert_eq!(ids(&page), ["4", "5"]);
    assert!(page.ends_with(r#"],"next":5}"#), "{page}");
    assert_eq!(world.reply(r#"{"op":"list","after":5}"#), r#"{"ok":true,"messages":[],"next":5}"#);
    assert_eq!(world.reply(r#"{"op":"list","state":"sent"}"#), r#"{"ok":true,"messages":[],"next":0}"#);
}

#[test]
fn a_page_ends_at_its_size_and_the_next_goes_on_there() {
    let mut world = World::new();
    let text = "\\u0001".repeat(670);
    for _ in 0..30 {
        let reply = world.reply(&format!(r#"{{"op":"send","to":"12","text":"{text}"}}"#));
        assert!(reply.starts_with("{\"ok\":true"), "{reply}");
    }
    let (mut after, mut pages) = (0, 0);
    while after < 30 {
        let page = world.reply(&format!(r#"{{"op":"list","after":{after},"limit":200}}"#));
        assert!(page.len() <= MAX_PAGE_BYTES + 64, "{}", page.len());
        let next = page.rsplit(':').next().unwrap().trim_end_matches('}').parse().unwrap();
        assert!(next > after);
        (after, pages) = (next, pages + 1);
    }
    assert_eq!(pages, 3);
}

#[test]
fn a_message_that_failed_for_want_of_time_says_so() {
    let mut world = World::new();
    world.reply("send 12 a");
    world.submit(NOW);
    world.fail(NOW, "38");
    let sentence = "the network could not take it: error 38 (the network is out of order)";
    assert!(world.reply(r#"{"op":"status","id":1}"#).contains(&format!(r#""message":"{sentence}""#)));
    world.engine.turn(Now { boot_ms: NOW.boot_ms + 3_600_000, ..NOW });
    let late = world.reply(r#"{"op":"status","id":1}"#);
    assert!(late.contains(r#""state":"failed""#), "{late}");
    assert!(late.contains(&format!(r#""message":"its ttl ran out; {sentence}""#)), "{late}");
}

#[test]
fn no_message_is_larger_than_a_page_counts_it() {
    let mut world = World::new();
    world.reply(r#"{"op":"send","to":"+12345678901234567890","text":"a","line":"office/1","tag":"t"}"#);
    world.submit(NOW);
    world.fail(NOW, "500");
    let fixed = world.reply(r#"{"op":"status","id":1}"#).len();
    let longest = ProblemCode::ALL
        .into_iter()
        .map(|code| Problem { code, device_code: Words::new(&"\"".repeat(23)) }.to_string().len())
        .max();
    // The device's longest name, and quotes in what the box said, which are written twice.
    assert!(fixed + longest.unwrap() + 32 + 2 * 23 <= MESSAGE_BYTES, "{fixed} {longest:?}");
}

#[test]
fn lines_tell_whether_a_message_would_be_sent_and_why_not() {
    let mut world = World::new();
    world.reply("send 12 a");
    let lines = world.reply(r#"{"op":"lines"}"#);
    assert!(
        lines.starts_with(
            r#"{"ok":true,"lines":[{"line":"office/1","up":false,"registered":null,"signal":null,"operator":null,"queued":1,"state":"held","reason":"not asked yet"#
        ),
        "{lines}"
    );
    assert_eq!(lines.matches("\"line\":").count(), 3);
}

#[test]
fn ping_tells_the_daemon_and_counts_the_messages() {
    let mut world = World::new();
    world.reply("send 12 a");
    assert_eq!(
        world.reply(r#"{"op":"ping"}"#),
        concat!(
            r#"{"ok":true,"version":""#,
            env!("CARGO_PKG_VERSION"),
            r#"","uptime":5,"journal":"j1","counters":{"queued":1,"submitting":0,"sending":0,"sent":0,"delivered":0,"undelivered":0,"failed":0,"unknown":0,"expired":0,"cancelled":0,"last_id":1,"optouts":0,"optouts_limit":10000,"optouts_missed":0,"journal_records":0,"journal_bytes":0,"journal_syncs":0,"journal_pages":0,"journal_failures":0}}"#
        )
    );
}

/// The events behind `after` as somebody gets them who sees `owner`'s messages.
fn events(world: &World, after: u32, owner: Option<Origin>) -> Vec<String> {
    let written = |event: Event<'_>| {
        let mut out = String::new();
        let caller = Caller { origin: owner.unwrap_or_default(), all: owner.is_none(), inbox: LineSet::ALL };
        world.source().event(&mut out, &event, caller).then_some(out)
    };
    world.journal.events().after(after).filter_map(written).collect()
}

#[test]
fn an_event_shows_its_message_in_the_state_of_then_and_otherwise_as_it_is() {
    let mut world = World::new();
    world.reply(r#"{"op":"send","to":"12","text":"a","tag":"x"}"#);
    world.submit(NOW);
    world.fail(NOW, "500");
    let message = world.reply(r#"{"op":"status","id":1}"#).replace(r#"{"ok":true,"#, "{");
    let all = events(&world, 0, None);
    let states = ["queued", "submitting", "sending", "failed"];
    assert_eq!(all.len(), states.len());
    for ((event, state), seq) in all.iter().zip(states).zip(1..) {
        let then = message.replace(r#""state":"failed""#, &format!(r#""state":"{state}""#));
        let start = format!(r#"{{"event":"{state}","seq":{seq},"time":"2026-11-22T07:00:00Z","message":"#);
        assert_eq!(*event, format!("{start}{then}}}"));
    }
    assert_eq!(events(&world, 2, None), all[2..]);
}

#[test]
fn of_a_message_that_is_not_kept_an_event_shows_id_and_state() {
    let mut world = World::new();
    world.reply("send 12 a");
    world.reply("cancel 1");
    world.engine.forget_oldest(1);
    world.record();
    assert_eq!(
        events(&world, 1, None),
        [
            r#"{"event":"cancelled","seq":2,"time":"2026-11-22T07:00:00Z","message":{"id":1,"state":"cancelled"}}"#
        ]
    );
    assert_eq!(events(&world, 0, Some(Origin::Local)), [""; 0], "nobody knows any more whose it was");
}

#[test]
fn events_of_messages_are_for_their_owner_and_those_of_lines_for_everybody() {
    let mut world = World::new();
    let theirs = Origin::Client(crate::message::ClientId(7));
    world.reply("send 12 a");
    world.caller.origin = theirs;
    world.reply("send 12 a");
    world.cannot_be_reached(NOW);
    let down = r#"{"event":"device_down","seq":3,"time":"2026-11-22T07:00:00Z","device":"office"}"#;
    for (owner, id) in [(Origin::Local, 1), (theirs, 2)] {
        let [message, line] = &events(&world, 0, Some(owner))[..] else { panic!("not two") };
        assert!(message.contains(&format!(r#""message":{{"id":{id},"#)), "{message}");
        assert_eq!(line, down);
    }
    assert_eq!(events(&world, 0, None).len(), 3);
}

#[test]
fn a_stream_begins_where_it_was_asked_for_or_says_that_it_does_not() {
    let mut world = World::new();
    let ask = |world: &mut World, fields: &str| world.reply(&format!(r#"{{"op":"events"{fields}}}"#));
    assert_eq!(ask(&mut world, ""), r#"{"ok":true,"after":0,"newest":0}"#);
    assert_eq!(ask(&mut world, r#","consumer":"hook""#), r#"{"ok":true,"after":0,"newest":0,"new":true}"#);
    for _ in 0..4 {
        world.reply("send 12 a");
    }
    world.journal.keep_events(3);
    assert_eq!(ask(&mut world, ""), r#"{"ok":true,"after":1,"newest":4}"#);
    assert_eq!(ask(&mut world, r#","after":1"#), r#"{"ok":true,"after":1,"newest":4}"#);
    assert_eq!(ask(&mut world, r#","after":4"#), r#"{"ok":true,"after":4,"newest":4}"#);
    let reset = r#"{"ok":true,"after":1,"newest":4,"reset":true}"#;
    assert_eq!(ask(&mut world, r#","after":0"#), reset);
    assert_eq!(ask(&mut world, r#","after":5"#), reset);
    assert_eq!(ask(&mut world, r#","consumer":"hook""#), reset);
    assert_eq!(world.reply(r#"{"op":"ack","consumer":"hook","seq":3}"#), r#"{"ok":true,"seq":3}"#);
    assert_eq!(world.reply(r#"{"op":"ack","consumer":"hook","seq":2}"#), r#"{"ok":true,"seq":3}"#);
    assert_eq!(ask(&mut world, r#","consumer":"hook""#), r#"{"ok":true,"after":3,"newest":4}"#);
}

#[test]
fn a_message_that_was_forgotten_meanwhile_is_not_found() {
    let world = World::new();
    let mut out = String::from("before");
    world.source().write(&mut out, Form::Words, Answer::Message(9));
    assert_eq!(out, "beforeerror not_found there is no message 9, or it is not kept any more");
}
