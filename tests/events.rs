//! The events at the socket of the real daemon: streams, cursors that outlive it, and readers
//! that do not keep up.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Daemon, Talk, field, quick_box, slow_box};

const EVENTS: &str = r#"{"op":"events"}"#;

fn send(text: &str) -> String {
    format!(r#"{{"op":"send","to":"+4915112345678","text":"{text}"}}"#)
}

/// The next event; panics for any other line.
fn event(talk: &mut Talk) -> String {
    let line = talk.reply().unwrap();
    assert!(line.starts_with(r#"{"event":""#), "{line}");
    line
}

fn seq(line: &str) -> u32 {
    field(line, "seq").parse().unwrap()
}

/// Reads events up to the one with this name; gives all of them.
fn until(talk: &mut Talk, name: &str) -> Vec<String> {
    let mut events: Vec<String> = Vec::new();
    while events.last().is_none_or(|last| field(last, "event") != name) {
        events.push(event(talk));
    }
    events
}

#[test]
fn every_step_of_a_message_is_an_event() {
    let sim = quick_box();
    let daemon = Daemon::start(&sim);
    let mut stream = daemon.connect();
    assert_eq!(stream.ask(EVENTS), r#"{"ok":true,"after":0,"newest":0}"#);
    let mut talk = daemon.connect();
    talk.ask(&send("Pump 3 stopped"));
    let events = until(&mut stream, "sent");
    let names: Vec<&str> = events.iter().map(|e| field(e, "event")).collect();
    assert_eq!(names, ["queued", "submitting", "sending", "sent"]);
    for (event, n) in events.iter().zip(1..) {
        assert_eq!((seq(event), field(event, "id"), field(event, "text")), (n, "1", "Pump 3 stopped"));
        assert_eq!(field(event, "state"), field(event, "event"));
        assert!(field(event, "time").ends_with('Z'));
    }
    let message = talk.ask(r#"{"op":"status","id":1}"#).replace(r#""ok":true,"#, "");
    assert!(events[3].ends_with(&format!(r#","message":{message}}}"#)), "{}", events[3]);

    // Whoever comes later gets the same.
    let mut later = daemon.connect();
    assert_eq!(later.ask(EVENTS), r#"{"ok":true,"after":0,"newest":4}"#);
    assert_eq!(field(&until(&mut later, "sent")[0], "seq"), "1");
    let mut later = daemon.connect();
    assert_eq!(later.ask(r#"{"op":"events","after":3}"#), r#"{"ok":true,"after":3,"newest":4}"#);
    assert_eq!(event(&mut later), events[3]);
}

#[test]
fn a_box_that_does_not_answer_and_does_again_is_told() {
    let sim = quick_box();
    sim.command("refuse 1000").unwrap();
    let daemon = Daemon::start(&sim);
    let mut stream = daemon.connect();
    stream.ask(EVENTS);
    for name in ["device_down", "device_up"] {
        let event = event(&mut stream);
        assert_eq!((field(&event, "event"), field(&event, "device")), (name, "office"), "{event}");
    }
}

#[test]
fn numbers_go_on_and_events_stay_after_a_crash() {
    let sim = quick_box();
    let mut daemon = Daemon::start(&sim);
    let mut stream = daemon.connect();
    stream.ask(EVENTS);
    daemon.ask(&send("a"));
    let before = until(&mut stream, "sent");
    daemon.kill();
    daemon.start_again();
    let mut stream = daemon.connect();
    let first = stream.ask(EVENTS);
    assert_eq!(field(&first, "after"), "0", "{first}");
    daemon.ask(&send("b"));
    let after = until(&mut stream, "sent");
    // What else is shown of the message is as it is now.
    let then =
        |event: &String| ["seq", "event", "time", "id", "state"].map(|name| field(event, name).to_owned());
    assert!(after.iter().map(then).eq(before.iter().map(then)), "{after:?}");
    let next = until(&mut stream, "sent");
    assert!(seq(&next[0]) > seq(&before[3]), "{next:?}");
    assert_eq!(field(&next[0], "id"), "2");
}

#[test]
fn a_consumer_goes_on_behind_what_it_has_acknowledged() {
    let sim = slow_box();
    let mut daemon = Daemon::start(&sim);
    daemon.ask(&send("before it came"));
    let consumer = r#"{"op":"events","consumer":"hook-1"}"#;
    let ack = |seq: u32| format!(r#"{{"op":"ack","consumer":"hook-1","seq":{seq}}}"#);
    assert_eq!(field(&daemon.ask(&ack(1)), "error"), "not_found");
    let mut stream = daemon.connect();
    let first = stream.ask(consumer);
    assert!(first.ends_with(r#","new":true}"#), "{first}");
    assert_eq!(field(&first, "after"), field(&first, "newest"));
    for text in ["b", "c", "d"] {
        daemon.ask(&send(text));
    }
    let texts = |stream: &mut Talk, count: usize| -> Vec<(u32, String)> {
        let mut queued = Vec::new();
        while queued.len() < count {
            let event = event(stream);
            if field(&event, "event") == "queued" {
                queued.push((seq(&event), field(&event, "text").to_owned()));
            }
        }
        queued
    };
    let read = texts(&mut stream, 3);
    assert!(read.iter().map(|(_, text)| text.as_str()).eq(["b", "c", "d"]));
    // On the same connection, among the events.
    stream.send(format!("{}\n", ack(read[1].0)).as_bytes());
    let mut line = stream.reply().unwrap();
    while line.starts_with(r#"{"event":"#) {
        line = stream.reply().unwrap();
    }
    assert_eq!(line, format!(r#"{{"ok":true,"seq":{}}}"#, read[1].0));
    assert_eq!(field(&daemon.ask(&ack(1)), "seq"), read[1].0.to_string(), "it never goes back");
    assert_eq!(field(&daemon.ask(&ack(1_000_000)), "error"), "bad_request");

    daemon.kill();
    daemon.start_again();
    let mut stream = daemon.connect();
    assert_eq!(field(&stream.ask(consumer), "after"), read[1].0.to_string());
    assert_eq!(texts(&mut stream, 1), [read[2].clone()]);
}

#[test]
fn on_a_connection_with_events_nothing_else_can_be_asked() {
    let sim = slow_box();
    let daemon = Daemon::start(&sim);
    let mut stream = daemon.connect();
    stream.send(b"{\"op\":\"events\",\"after\":0}\n{\"op\":\"ping\"}\nping\n{\"op\":\"events\"}\n");
    assert_eq!(field(&stream.reply().unwrap(), "ok"), "true");
    assert_eq!(field(&stream.reply().unwrap(), "error"), "bad_request");
    assert!(stream.reply().unwrap().starts_with("error bad_request "));
    assert_eq!(field(&stream.reply().unwrap(), "error"), "bad_request");
    daemon.ask(&send("a"));
    assert_eq!(field(&event(&mut stream), "event"), "queued");
    assert!(daemon.ask("events").starts_with("error bad_request unknown request 'events'"));
}

#[test]
fn a_reader_that_does_not_keep_up_is_told_what_it_has_missed_and_costs_no_memory() {
    let sim = slow_box();
    let options = "option keep_events '100'\noption max_journal '4096'\noption queue_limit '2000'";
    let daemon = Daemon::start_with(&sim, options);
    let mut stream = daemon.connect();
    stream.ask(EVENTS);
    // Far more than the socket holds.
    let count = 600;
    let mut talk = daemon.connect();
    for _ in 0..count {
        let reply = talk.ask(&send(&"long ".repeat(250)));
        assert_eq!(field(&reply, "ok"), "true", "{reply}");
    }
    let (mut last, mut resets, mut queued) = (0, 0, 0);
    while queued < count {
        let line = stream.reply().unwrap();
        if line.contains(r#""reset":true"#) {
            assert!(field(&line, "after").parse::<u32>().unwrap() > last, "{line}");
            resets += 1;
            continue;
        }
        assert!(seq(&line) > last, "{line}");
        last = seq(&line);
        queued = field(&line, "id").parse::<u32>().unwrap().max(queued);
    }
    assert_eq!(resets, 1);
    let mut late = daemon.connect();
    assert!(late.ask(r#"{"op":"events","after":1}"#).ends_with(r#","reset":true}"#));
    assert_eq!(seq(&event(&mut late)), last - 99);
}

#[test]
fn streams_and_waits_share_their_places() {
    let sim = slow_box();
    let mut daemon = Daemon::start(&sim);
    let mut streams: Vec<Talk> = (0..24)
        .map(|_| {
            let mut talk = daemon.connect();
            assert_eq!(field(&talk.ask(EVENTS), "ok"), "true");
            talk
        })
        .collect();
    daemon.ask("send 12 a");
    for request in [EVENTS, r#"{"op":"wait","id":1}"#] {
        let mut one_more = daemon.connect();
        assert_eq!(field(&one_more.ask(request), "error"), "too_many");
        assert_eq!(one_more.reply(), None);
    }
    streams.pop();
    let start = std::time::Instant::now();
    while field(&daemon.ask(EVENTS), "ok") != "true" {
        assert!(start.elapsed() < common::PATIENCE, "the place is not free again");
    }
    daemon.signal("TERM");
    assert!(daemon.end().success());
    for stream in &mut streams {
        assert!(stream.rest().lines().all(|line| line.starts_with(r#"{"event":"#)));
    }
}
