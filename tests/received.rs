//! Received messages from outside: the real daemon in front of a simulated box, at every door.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use common::relay::{ADMIN, Relay, SEND_ONLY, TOKEN};
use common::{Daemon, Folder, Talk, config_with, field};
use goip_sim::{Options, Sim};

/// Ends with the password of every device.
const PASSWORD: &str = "option password 'admin'\n";

/// Has the inboxes read each second.
fn reads_often(config: String) -> String {
    config.replace(PASSWORD, &format!("{PASSWORD}option inbox_interval '1'\n"))
}

fn a_box() -> Sim {
    Sim::start(Options { lines: 2, send_ms: 50, ..Options::default() })
}

fn start(sim: &Sim) -> Daemon {
    let folder = Folder::new();
    let path = config_with(&folder, "option volatile '1'", &[("office", &sim.url(), 2)]);
    fs::write(&path, reads_often(fs::read_to_string(&path).unwrap())).unwrap();
    Daemon::start_in(folder)
}

/// Waits for a received message behind `after`.
fn inbox(talk: &mut Talk, after: u32) -> String {
    talk.ask(&format!(r#"{{"op":"inbox","after":{after},"wait":20}}"#))
}

/// Lets the daemon read both inboxes once, so that what comes from now on is new.
fn first_look(sim: &Sim) {
    let looked = |model: &mut goip_sim::Model| {
        model.requests().iter().filter(|request| request.path.contains("tools.html")).count() >= 2
    };
    assert!(sim.wait_until(common::PATIENCE, looked), "the inbox was not read twice");
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < common::PATIENCE, "{what} did not come");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_message_is_told_once_through_restarts_and_reloads() {
    let sim = a_box();
    sim.command("sms 1 777 from before").unwrap();
    let mut daemon = start(&sim);
    let old = inbox(&mut daemon.connect(), 0);
    assert_eq!((field(&old, "text"), field(&old, "old")), ("from before", "true"));
    first_look(&sim);

    let mut events = daemon.connect();
    events.ask(r#"{"op":"events"}"#);
    sim.command("sms 2 +51987654321 Hola, con comas").unwrap();
    let event = events.reply().unwrap();
    assert_eq!((field(&event, "event"), field(&event, "seq")), ("received", "1"));
    let shown = inbox(&mut daemon.connect(), 1);
    let message = shown.split_once("\"messages\":[").unwrap().1.rsplit_once("],\"next\":2}").unwrap().0;
    assert!(event.ends_with(&format!("\"message\":{message}}}")), "{event} {shown}");
    for (name, value) in [("from", "+51987654321"), ("text", "Hola, con comas"), ("line", "office/2")] {
        assert_eq!(field(message, name), value);
    }
    assert_eq!(field(message, "device_time").len(), "07-03 12:54:04".len());
    assert!(field(message, "device_utc").ends_with('Z'), "{message}");

    for round in 0..2 {
        if round == 0 {
            daemon.kill();
            daemon.start_again();
        } else {
            let path = daemon.folder().path("config");
            let config = fs::read_to_string(&path).unwrap();
            fs::write(&path, config.replace("option lines '2'", "option lines '2'\noption timeout '9'"))
                .unwrap();
            daemon.signal("HUP");
            wait_until("the reload", || daemon.out().contains("configuration reloaded"));
        }
        sim.command(&format!("sms 1 777 round {round}")).unwrap();
        let next = inbox(&mut daemon.connect(), 2 + round);
        assert_eq!(next.matches("\"id\":").count(), 1, "{next}");
        assert_eq!(field(&next, "text"), format!("round {round}"));
    }
    let mut events = daemon.connect();
    events.ask(r#"{"op":"events"}"#);
    let all: Vec<String> = (0..3).map(|_| events.reply().unwrap()).collect();
    assert!(all.iter().map(|event| field(event, "event")).eq(["received"; 3]), "{all:?}");
}

#[test]
fn a_wipe_between_two_looks_is_told_as_a_gap() {
    let sim = a_box();
    sim.command("sms 1 777 a").unwrap();
    let daemon = start(&sim);
    inbox(&mut daemon.connect(), 0);
    first_look(&sim);
    let mut events = daemon.connect();
    events.ask(r#"{"op":"events"}"#);
    sim.with(|model, now_ms| {
        for command in ["wipe 1", "sms 1 777 b"] {
            model.command(now_ms, command.parse().unwrap()).unwrap();
        }
    });
    let gap = events.reply().unwrap();
    assert_eq!((field(&gap, "event"), field(&gap, "line")), ("inbox_gap", "office/1"));
    assert_eq!(field(&events.reply().unwrap(), "text"), "b");
    daemon.wait_for_err("office/1: messages may have come and gone unseen");
}

#[test]
fn hostile_texts_come_through_every_door_as_they_are_and_drive_nothing() {
    let sim = a_box();
    let relay = Relay::start_edited(&sim, "", "", "", reads_often);
    first_look(&sim);
    let long = "x".repeat(3000);
    let texts: [&[u8]; 10] = [
        b"\"];alert(1);//",
        b"</script><script>alert(1)</script>",
        b"$(reboot) `reboot`; reboot | reboot & %0a",
        b"two\nlines\r\nand a\ttab",
        b"NUL \0 and \x1b[2J\x1b]0;title\x07",
        "right \u{202e}to left \u{2028} \u{feff}".as_bytes(),
        b"no UTF-8 \xff\xc0\xaf",
        "{\"ok\":false,\"error\":\"x\"}".as_bytes(),
        b"[2026-01-01T00:00:00Z ERROR goipd] forged",
        long.as_bytes(),
    ];
    let mut talk = relay.daemon.connect();
    for (text, after) in texts.iter().zip(0..) {
        let encoded: String = text.iter().map(|byte| format!("%{byte:02X}")).collect();
        sim.command(&format!("sms 1 MIR-1228 {encoded}")).unwrap();
        let shown = inbox(&mut talk, after);
        let expected = String::from_utf8_lossy(text);
        let json = {
            let mut out = String::new();
            goipd::api::json::object(&mut out, |o| o.string("text", &expected));
            out[1..out.len() - 1].to_owned()
        };
        assert!(shown.contains(&json), "{shown}");
        assert!(!shown.contains(|c: char| c.is_control()), "{shown}");
        let http = relay.get(&format!("/v1/inbox?after={after}"));
        assert!(http.body.contains(&json), "{http:?}");
    }
    let page = relay.raw(
        b"GET /default/en_US/tools.html?type=sms_inbox HTTP/1.0\r\nAuthorization: Basic bmFnaW9zOjAxMjM0NTY3ODlhYmNkZWY=\r\n\r\n",
    );
    assert_eq!((page.status, page.body.matches("</script").count()), (200, 1), "{page:?}");
    let (mut reader, mut lines) = (goipd::goip::InboxReader::default(), Vec::new());
    reader.read(page.body.as_bytes(), &mut |line| lines.push(line)).unwrap();
    let got: Vec<&str> = lines[0].entries.iter().rev().map(|entry| &*entry.text).collect();
    assert!(got.iter().copied().eq(texts.iter().map(|t| String::from_utf8_lossy(t).into_owned())), "{got:?}");
    assert_eq!(lines[1].entries, []);
    let log = relay.daemon.out() + &relay.daemon.err();
    assert!(!log.contains(|c: char| c.is_control() && c != '\n'), "{log}");
    assert!(
        !log.contains("forged") && !log.contains("reboot") && log.contains("received message 10"),
        "{log}"
    );
}

#[test]
fn over_http_each_client_reads_what_its_lines_receive_and_waits_for_it() {
    let sim = a_box();
    let relay = Relay::start_edited(&sim, "", "", " list lines 'office/2'\n", reads_often);
    first_look(&sim);
    let refused = relay.request("GET", "/v1/inbox", SEND_ONLY, "");
    assert_eq!((refused.status, refused.error()), (403, "forbidden"));
    assert_eq!(relay.get("/v1/inbox").body, r#"{"messages":[],"next":0}"#);
    assert_eq!(relay.get("/v1/inbox?wait=61").status, 400);

    let stream_of = |token: &str| {
        let mut stream = relay.connect();
        let head =
            format!("GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let mut mine = stream_of(TOKEN);
    let waits = {
        let mut waits = relay.connect();
        let request = common::relay::request("GET", "/v1/inbox?wait=20", TOKEN, "");
        waits.write_all(request.as_bytes()).unwrap();
        waits
    };
    sim.command("sms 1 777 not for nagios").unwrap();
    let all = relay.request("GET", "/v1/inbox?wait=20", ADMIN, "");
    assert_eq!((all.status, field(&all.body, "text")), (200, "not for nagios"));
    sim.command("sms 2 777 for nagios").unwrap();
    let got = common::relay::read_answer(&mut { waits });
    assert_eq!(got.body.matches("\"id\":").count(), 1, "{got:?}");
    assert_eq!((field(&got.body, "text"), field(&got.body, "line")), ("for nagios", "office/2"));
    let told = read_until(&mut mine, "for nagios");
    assert!(!told.contains("not for nagios") && told.contains("\"event\":\"received\""), "{told}");
    let metrics = relay.get("/metrics").body;
    for line in ["goipd_received_total{line=\"office/1\"} 1", "goipd_inbox_gaps_total{line=\"office/2\"} 0"] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

fn read_until(stream: &mut impl Read, text: &str) -> String {
    let mut got = Vec::new();
    let mut bytes = [0; 512];
    while !String::from_utf8_lossy(&got).contains(text) {
        let count = stream.read(&mut bytes).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&got));
        got.extend_from_slice(&bytes[..count]);
    }
    String::from_utf8(got).unwrap()
}

#[test]
fn sends_go_on_where_the_inbox_cannot_be_read() {
    let sim = a_box();
    let daemon = start(&sim);
    first_look(&sim);
    sim.command("fault inbox garbage always").unwrap();
    daemon.wait_for_err("its inbox cannot be read");
    assert_eq!(daemon.ask("send 110 still there"), "ok 1");
    assert!(sim.wait_until(common::PATIENCE, |model| !model.air().is_empty()));
    let lines = daemon.ask(r#"{"op":"lines"}"#);
    assert!(!lines.contains("\"up\":false"), "{lines}");
}

#[test]
fn what_is_stored_is_deleted_in_the_box_where_that_is_asked_for() {
    let sim = a_box();
    for n in 0..10 {
        sim.command(&format!("sms 1 777 message {n}")).unwrap();
    }
    let relay = Relay::start_edited(&sim, "", "", "", |config| {
        reads_often(config).replace(PASSWORD, &format!("{PASSWORD}option inbox_delete '1'\n"))
    });
    let deleted = |model: &mut goip_sim::Model| {
        let requests = model.requests().into_iter().filter(|r| r.query.contains("action=del"));
        requests.map(|r| r.query).collect::<Vec<_>>()
    };
    assert!(sim.wait_until(common::PATIENCE, |model| deleted(model).len() >= 2));
    first_look(&sim);
    let slots = sim.with(|model, _| deleted(model));
    assert!(slots[0].ends_with("line=1&pos=9") && slots[1].ends_with("line=1&pos=8"), "{slots:?}");
    assert_eq!(slots.len(), 2, "the newest eight stay");
    sim.command("sms 1 777 message 10").unwrap();
    let shown = inbox(&mut relay.daemon.connect(), 10);
    assert_eq!((field(&shown, "text"), field(&shown, "id")), ("message 10", "11"));
    assert!(!relay.daemon.ask(r#"{"op":"events"}"#).contains("gap"));
}

#[test]
fn the_parts_of_a_long_message_are_joined_where_that_is_asked_for() {
    let sim = a_box();
    let mut relay = Relay::start_edited(&sim, "", "", "", |config| {
        reads_often(config).replace(PASSWORD, &format!("{PASSWORD}option join '1'\n"))
    });
    first_look(&sim);
    let (first, second) = ("a".repeat(153), "b".repeat(153));
    sim.command(&format!("sms 1 777 {first}")).unwrap();
    first_look(&sim);
    assert!(relay.daemon.ask(r#"{"op":"inbox"}"#).contains("\"messages\":[]"), "it waits");
    // A restart finds it in the box again.
    relay.daemon.kill();
    relay.daemon.start_again();
    sim.command(&format!("sms 1 777 {second}")).unwrap();
    sim.command("sms 1 777 end").unwrap();
    let shown = inbox(&mut relay.daemon.connect(), 3);
    assert_eq!((field(&shown, "id"), field(&shown, "text")), ("4", &*[&*first, &*second, "end"].concat()));
    assert!(shown.contains("\"parts\":[1,2,3]") && shown.contains("\"next\":4"), "{shown}");
    let all = relay.daemon.ask(r#"{"op":"inbox"}"#);
    assert_eq!(all.matches("\"part_of\":4").count(), 3, "{all}");
    let mut events = relay.daemon.connect();
    events.ask(r#"{"op":"events"}"#);
    let event = events.reply().unwrap();
    assert!(event.contains("\"event\":\"received\"") && event.contains("\"id\":4"), "{event}");
}
