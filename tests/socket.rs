//! The UNIX socket of the real daemon, in front of a simulated box.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use common::{Daemon, Folder, config, field, program, quick_box, refused, slow_box};

/// The error code of a refusal in JSON; panics for any other reply.
fn code(reply: &str) -> &str {
    assert!(reply.starts_with(r#"{"ok":false,"error":"#), "{reply}");
    field(reply, "error")
}

fn send(text: &str) -> String {
    format!(r#"{{"op":"send","to":"+4915112345678","text":"{text}"}}"#)
}

#[test]
fn a_message_is_accepted_sent_and_waited_for() {
    let sim = quick_box();
    let daemon = Daemon::start(&sim);
    let mut talk = daemon.connect();
    assert_eq!(
        talk.ask(r#"{"op":"send","to":"+49 151 / 123-456-78","text":"Pump 3 stopped","line":"office/1","ttl":3600,"key":"pump3-17","tag":"x"}"#),
        r#"{"ok":true,"id":1,"state":"queued","segments":1,"encoding":"gsm7","tag":"x"}"#
    );
    let reply = talk.ask(r#"{"op":"wait","id":1}"#);
    for (name, value) in [
        ("ok", "true"),
        ("id", "1"),
        ("to", "+4915112345678"),
        ("text", "Pump 3 stopped"),
        ("state", "sent"),
        ("line", "office/1"),
        ("segments", "1"),
        ("encoding", "gsm7"),
        ("attempts", "1"),
        ("tag", "x"),
        ("problem", "null"),
    ] {
        assert_eq!(field(&reply, name), value, "{reply}");
    }
    assert_eq!(field(&reply, "device_id").len(), 8, "{reply}");
    assert!(field(&reply, "created").ends_with('Z') && field(&reply, "updated").ends_with('Z'));
    assert_eq!(talk.ask(r#"{"op":"status","id":1}"#), reply);
    assert_eq!(sim.air().len(), 1);
}

#[test]
fn plain_words_are_enough_for_a_script() {
    let sim = quick_box();
    let daemon = Daemon::start(&sim);
    let mut talk = daemon.connect();
    assert_eq!(talk.ask("send +4915112345678 Pump 3 stopped"), "ok 1");
    talk.ask(r#"{"op":"wait","id":1}"#);
    assert_eq!(talk.ask("status 1"), "ok sent");
    assert!(talk.ask("cancel 1").starts_with("error too_late "));
    assert!(talk.ask("ping").starts_with("ok "));
    assert_eq!(
        talk.ask("send 12x hello"),
        "error invalid_number '12x' is not a phone number: digits, and + in front, are allowed"
    );
    assert!(talk.ask("").starts_with("error bad_request "));
    assert!(talk.ask("list").starts_with("error bad_request "));
}

#[test]
fn pipelined_requests_are_answered_in_order_and_the_last_needs_no_line_feed() {
    let sim = slow_box();
    let daemon = Daemon::start(&sim);
    let mut talk = daemon.connect();
    let mut requests = String::new();
    for _ in 0..100 {
        requests.push_str("send 12 a\nping\n");
    }
    requests.push_str("status 100");
    talk.send(requests.as_bytes());
    talk.end();
    let replies = talk.rest();
    let replies: Vec<&str> = replies.lines().collect();
    assert_eq!(replies.len(), 201);
    for (i, pair) in replies.chunks(2).take(100).enumerate() {
        assert_eq!(pair[0], format!("ok {}", i + 1));
    }
    assert_eq!(replies[200], "ok queued");
}

#[test]
fn what_a_client_asked_before_it_went_away_is_done() {
    let sim = slow_box();
    let daemon = Daemon::start(&sim);
    let mut talk = daemon.connect();
    talk.send(b"send 12 a\n{\"op\":\"wait\",\"id\":1}\nsend 12 b");
    drop(talk);
    let start = Instant::now();
    while daemon.ask("status 2") != "ok queued" {
        assert!(start.elapsed() < common::PATIENCE);
    }
}

#[test]
fn a_wait_holds_up_its_own_client_only_and_ends_with_its_time() {
    let sim = slow_box();
    let daemon = Daemon::start(&sim);
    let mut waiting = daemon.connect();
    assert_eq!(waiting.ask("send 12 a"), "ok 1");
    let start = Instant::now();
    waiting.send(b"{\"op\":\"wait\",\"id\":1,\"timeout\":1}\nping\n");
    assert!(daemon.ask("ping").starts_with("ok "));
    let reply = waiting.reply().unwrap();
    assert!(["queued", "submitting", "sending"].contains(&field(&reply, "state")), "{reply}");
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert!(waiting.reply().unwrap().starts_with("ok "));
}

#[test]
fn a_wait_ends_as_soon_as_somebody_else_cancels_the_message() {
    let sim = slow_box();
    let daemon = Daemon::start(&sim);
    let mut waiting = daemon.connect();
    // The box has one line, so the second message stays queued behind the first.
    assert_eq!(waiting.ask("send 12 a"), "ok 1");
    assert_eq!(waiting.ask("send 12 b"), "ok 2");
    waiting.send(b"{\"op\":\"wait\",\"id\":2,\"timeout\":60}\n");
    let reply = daemon.ask(r#"{"op":"cancel","id":2}"#);
    assert_eq!(field(&reply, "state"), "cancelled");
    assert_eq!(waiting.reply().unwrap(), reply);
}

#[test]
fn a_failed_message_can_be_sent_again() {
    let sim = quick_box();
    sim.command("fault error +49 2172").unwrap();
    let daemon = Daemon::start(&sim);
    let mut talk = daemon.connect();
    talk.ask(&send("a"));
    let reply = talk.ask(r#"{"op":"wait","id":1}"#);
    assert_eq!(field(&reply, "state"), "failed", "{reply}");
    assert!(reply.contains(r#""problem":{"code":"rejected","device_code":"2172","message":"#), "{reply}");
    sim.clear();
    let reply = talk.ask(r#"{"op":"resend","id":1}"#);
    assert_eq!((field(&reply, "id"), field(&reply, "state")), ("1", "queued"));
    let reply = talk.ask(r#"{"op":"wait","id":1}"#);
    assert_eq!((field(&reply, "state"), field(&reply, "attempts")), ("sent", "2"), "{reply}");
    assert_eq!(code(&talk.ask(r#"{"op":"resend","id":1}"#)), "too_late");
}

#[test]
fn messages_are_listed_page_by_page() {
    let sim = slow_box();
    let daemon = Daemon::start(&sim);
    let mut talk = daemon.connect();
    for text in ["a", "b", "c"] {
        talk.ask(&send(text));
    }
    let page = talk.ask(r#"{"op":"list","limit":2}"#);
    assert_eq!(page.matches("\"id\":").count(), 2);
    assert!(page.ends_with(r#"],"next":2}"#), "{page}");
    let page = talk.ask(r#"{"op":"list","after":2}"#);
    assert_eq!(field(&page, "text"), "c");
    assert!(page.ends_with(r#"],"next":3}"#), "{page}");
    assert_eq!(talk.ask(r#"{"op":"list","after":3}"#), r#"{"ok":true,"messages":[],"next":3}"#);
    talk.ask(r#"{"op":"cancel","id":3}"#);
    let page = talk.ask(r#"{"op":"list","state":"cancelled"}"#);
    assert_eq!(field(&page, "id"), "3");
}

#[test]
fn lines_are_up_once_the_box_has_answered() {
    let sim = quick_box();
    let daemon = Daemon::start(&sim);
    let mut talk = daemon.connect();
    let up = r#"{"ok":true,"lines":[{"line":"office/1","up":true,"registered":true,"signal":21,"operator":"Plus","queued":0,"state":"idle","reason":null,"module":true,"sim":true,"voip":false,"weak":false,"dbm":-71,"call":"IDLE","#;
    let start = Instant::now();
    while !talk.ask(r#"{"op":"lines"}"#).starts_with(up) {
        assert!(start.elapsed() < common::PATIENCE);
    }
}

#[test]
fn ping_tells_version_time_journal_and_counters() {
    let sim = slow_box();
    let daemon = Daemon::start(&sim);
    let mut talk = daemon.connect();
    talk.ask(&send("a"));
    talk.ask(&send("b"));
    let reply = talk.ask(r#"{"op":"ping"}"#);
    assert_eq!(field(&reply, "version"), env!("CARGO_PKG_VERSION"));
    assert!(field(&reply, "uptime").parse::<u32>().unwrap() < 60);
    assert!(!field(&reply, "journal").is_empty());
    assert_eq!(field(&reply, "last_id"), "2");
    assert_eq!(field(&talk.ask(r#"{"op":"ping"}"#), "journal"), field(&reply, "journal"));
}

#[test]
fn every_bad_request_is_refused_by_its_code() {
    let sim = slow_box();
    let daemon = Daemon::start(&sim);
    let mut talk = daemon.connect();
    let to = |number: &str| format!(r#"{{"op":"send","to":"{number}","text":"a"}}"#);
    let line = |line: &str| format!(r#"{{"op":"send","to":"12","text":"a","line":"{line}"}}"#);
    for (request, expected) in [
        (to("12x"), "invalid_number"),
        (to("+49 (0)151 1234567"), "invalid_number"),
        (to(""), "invalid_number"),
        (to(&"1".repeat(30)), "invalid_number"),
        (send(""), "empty_text"),
        (send(&"a".repeat(3001)), "text_too_long"),
        (send(&"a".repeat(1531)), "text_too_long"),
        (send("a\\u0000b"), "bad_request"),
        (line("depot"), "unknown_line"),
        (line("office/2"), "unknown_line"),
        (line("office/01x"), "unknown_line"),
        (r#"{"op":"send","text":"a"}"#.into(), "bad_request"),
        (r#"{"op":"send","to":12,"text":"a"}"#.into(), "bad_request"),
        (r#"{"op":"send","to":"12","text":"a","colour":"red"}"#.into(), "bad_request"),
        (r#"{"op":"send","to":"12","text":"a","ttl":59}"#.into(), "bad_request"),
        (r#"{"op":"ping"} rubbish"#.into(), "bad_request"),
        (r#"{"op":"fly"}"#.into(), "bad_request"),
        ("{}".into(), "bad_request"),
        ("{".into(), "bad_request"),
        (r#"{"op":"status","id":"1"}"#.into(), "bad_request"),
        (r#"{"op":"status","id":4294967296}"#.into(), "bad_request"),
        (r#"{"op":"status","id":99}"#.into(), "not_found"),
        (format!("{{\"a\":{}", "[".repeat(8000)), "bad_request"),
        (format!("{{\"op\":{}1{}}}", "[".repeat(4000), "]".repeat(4000)), "bad_request"),
    ] {
        let reply = talk.ask(&request);
        assert_eq!(code(&reply), expected, "{request}");
    }
    let reply = talk.ask(r#"{"op":"send","to":"12","text":"a","colour":"red"}"#);
    assert!(reply.contains("colour"), "{reply}");
    let reply = talk.ask(&line("depot"));
    assert!(reply.contains("there are office/1"), "{reply}");
    assert_eq!(field(&talk.ask(r#"{"op":"ping"}"#), "last_id"), "0", "nothing was accepted");
}

#[test]
fn the_same_key_replays_and_refuses_another_text() {
    let sim = slow_box();
    let daemon = Daemon::start(&sim);
    let request = r#"{"op":"send","to":"12","text":"a","key":"k"}"#;
    daemon.ask(request);
    let reply = daemon.ask(request);
    assert_eq!((field(&reply, "id"), field(&reply, "replayed")), ("1", "true"));
    assert_eq!(code(&daemon.ask(&request.replace("\"a\"", "\"b\""))), "duplicate_key");
}

#[test]
fn what_is_not_utf8_or_has_a_nul_is_refused_and_the_next_line_is_served() {
    let sim = slow_box();
    let daemon = Daemon::start(&sim);
    let mut talk = daemon.connect();
    talk.send(b"send 12 gr\xfc\xdf\nsend 12 a\0b\n{\"op\":\"\xff\"}\nping\n");
    for expected in
        ["error bad_request ", "error bad_request ", r#"{"ok":false,"error":"bad_request""#, "ok "]
    {
        let reply = talk.reply().unwrap();
        assert!(reply.starts_with(expected), "{reply}");
    }
}

#[test]
fn a_line_that_is_too_long_is_answered_once_and_the_connection_closed() {
    let sim = slow_box();
    let daemon = Daemon::start(&sim);
    for (byte, expected) in [(b'{', r#"{"ok":false,"error":"too_large""#), (b'x', "error too_large ")] {
        let mut talk = daemon.connect();
        talk.send(b"ping\n");
        talk.send(&vec![byte; 100_000]);
        talk.send(b"\nping\n");
        assert!(talk.reply().unwrap().starts_with("ok "));
        let reply = talk.reply().unwrap();
        assert!(reply.starts_with(expected), "{reply}");
        assert_eq!(talk.reply(), None);
    }
    assert!(daemon.ask("ping").starts_with("ok "));
}

#[test]
fn a_client_that_reads_late_gets_every_reply() {
    let sim = slow_box();
    let daemon = Daemon::start(&sim);
    let mut talk = daemon.connect();
    for _ in 0..20 {
        talk.ask(&send(&"long ".repeat(200)));
    }
    // Far more than socket and daemon hold back together.
    let lists = 100;
    talk.send("{\"op\":\"list\",\"limit\":20}\n".repeat(lists).as_bytes());
    assert!(daemon.ask("ping").starts_with("ok "), "others are served meanwhile");
    talk.end();
    assert_eq!(talk.rest().lines().filter(|reply| reply.ends_with("\"next\":20}")).count(), lists);
}

#[test]
fn the_client_after_the_32nd_is_told_that_there_are_too_many() {
    let sim = slow_box();
    let daemon = Daemon::start(&sim);
    let mut clients: Vec<_> = (0..32)
        .map(|_| {
            let mut talk = daemon.connect();
            assert!(talk.ask("ping").starts_with("ok "));
            talk
        })
        .collect();
    let mut one_more = daemon.connect();
    assert_eq!(code(&one_more.ask(r#"{"op":"ping"}"#)), "too_many");
    assert_eq!(one_more.reply(), None);
    assert!(clients[31].ask("ping").starts_with("ok "));
    clients.pop();
    let start = Instant::now();
    while code_or_ok(&daemon.ask(r#"{"op":"ping"}"#)) != "ok" {
        assert!(start.elapsed() < common::PATIENCE, "the place is not free again");
    }
}

fn code_or_ok(reply: &str) -> &str {
    if reply.starts_with(r#"{"ok":true"#) { "ok" } else { code(reply) }
}

#[test]
fn the_wait_after_the_24th_is_refused_and_its_client_shown_out() {
    let sim = slow_box();
    let daemon = Daemon::start(&sim);
    assert_eq!(daemon.ask("send 12 a"), "ok 1");
    let mut clients: Vec<_> = (0..24)
        .map(|_| {
            let mut talk = daemon.connect();
            // The reply shows that the wait behind it has been read as well: they come together.
            talk.send(b"ping\n{\"op\":\"wait\",\"id\":1}\n");
            assert!(talk.reply().unwrap().starts_with("ok "));
            talk
        })
        .collect();
    let mut one_more = daemon.connect();
    assert_eq!(code(&one_more.ask(r#"{"op":"wait","id":1}"#)), "too_many");
    assert_eq!(one_more.reply(), None);
    assert!(daemon.ask("ping").starts_with("ok "), "whoever does not wait is served");
    daemon.signal("TERM");
    for talk in &mut clients {
        assert_eq!(field(&talk.reply().unwrap(), "id"), "1");
    }
}

#[test]
fn the_socket_has_the_configured_mode() {
    let sim = slow_box();
    let daemon = Daemon::start_with(&sim, "option socket_mode '0640'\noption socket_group 'no_such_group'");
    let mode = fs::metadata(daemon.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert!(daemon.err().contains("warning: "), "the missing group is told: {}", daemon.err());
}

#[test]
fn a_stale_socket_is_replaced() {
    let sim = slow_box();
    let folder = Folder::new();
    drop(UnixListener::bind(folder.path("sock")).unwrap());
    config(&folder, &sim, "");
    let daemon = Daemon::start_in(folder);
    assert!(daemon.ask("ping").starts_with("ok "));
}

#[test]
fn what_lies_in_the_sockets_place_and_is_no_socket_is_left_alone() {
    let sim = slow_box();
    let folder = Folder::new();
    fs::write(folder.path("sock"), "mine").unwrap();
    config(&folder, &sim, "");
    assert!(refused(&folder, 1).contains("no socket lies there"));
    assert_eq!(fs::read_to_string(folder.path("sock")).unwrap(), "mine");
}

#[test]
fn a_second_daemon_says_that_one_runs_already_and_does_no_harm() {
    let sim = slow_box();
    let daemon = Daemon::start(&sim);
    let error = refused(daemon.folder(), 1);
    assert!(error.contains("already running, pid "), "{error}");
    assert!(daemon.ask("ping").starts_with("ok "));
}

#[test]
fn a_configuration_that_is_not_understood_is_told_line_by_line() {
    let sim = slow_box();
    let folder = Folder::new();
    let path = config(&folder, &sim, "option ttl '5'\noption colour 'red'");
    let output = program().arg("-c").arg(path).args(["--shown-as", "/etc/config/goipd"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors.lines().count(), 2, "{errors}");
    assert!(errors.lines().all(|line| line.starts_with("/etc/config/goipd:")), "{errors}");
}

#[test]
fn wrong_arguments_are_told_from_a_wrong_configuration_by_the_exit_code() {
    let output = program().arg("--colour").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let output = program().arg("--version").output().unwrap();
    assert_eq!(output.stdout, concat!("goipd ", env!("CARGO_PKG_VERSION"), "\n").as_bytes());
}

#[test]
fn told_to_stop_it_answers_whoever_waits_and_ends_within_two_seconds() {
    for signal in ["TERM", "INT"] {
        let sim = slow_box();
        let mut daemon = Daemon::start(&sim);
        let mut waiting = daemon.connect();
        assert_eq!(waiting.ask("send 12 a"), "ok 1");
        waiting.send(b"{\"op\":\"wait\",\"id\":1}\n");
        daemon.ask("ping");
        // An open connection is no reason to stay.
        let _idle = UnixStream::connect(daemon.socket()).unwrap();
        let start = Instant::now();
        daemon.signal(signal);
        assert!(daemon.end().success());
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        assert_eq!(field(&waiting.reply().unwrap(), "id"), "1");
        assert!(!daemon.socket().exists());
    }
}

#[test]
fn a_box_that_does_not_answer_does_not_hold_up_the_end() {
    let sim = quick_box();
    sim.command("fault any hang read 60000 always").unwrap();
    let mut daemon = Daemon::start(&sim);
    daemon.ask("send 12 a");
    let start = Instant::now();
    daemon.signal("TERM");
    assert!(daemon.end().success());
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn the_log_has_one_line_an_event_and_no_whole_number_in_it() {
    let sim = quick_box();
    let daemon = Daemon::start(&sim);
    let mut talk = daemon.connect();
    talk.ask(r#"{"op":"send","to":"+4915112345678","text":"secret words"}"#);
    talk.ask(r#"{"op":"wait","id":1}"#);
    daemon.wait_for_out("message 1 sent");
    let out = daemon.out();
    assert!(out.lines().any(|line| line.starts_with("message 1 queued: to +49…678")), "{out}");
    assert!(out.lines().any(|line| line.starts_with("message 1 sent on office/1")), "{out}");
    assert!(!out.contains("4915112345678") && !out.contains("secret words"), "{out}");
    assert_eq!(daemon.err(), "");
}
