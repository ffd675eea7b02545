//! The events as they come.

use std::io::pipe;

use crate::run::{Daemon, Folder, Run, talk};

const FIRST: &str = "{\"ok\":true,\"after\":89,\"newest\":91}\n";

const EVENTS: &str = concat!(
    r#"{"event":"sent","seq":90,"time":"2026-11-22T07:00:00Z","message":{"id":17,"to":"+49151","#,
    r#""text":"Pump 3\nstopped","state":"sent","line":"office/1","tag":null}}"#,
    "\n",
    r#"{"event":"line_down","seq":91,"time":"2026-11-22T07:00:01Z","line":"office/1"}"#,
    "\n",
    r#"{"event":"device_up","seq":92,"time":"2026-11-22T07:00:01Z","device":"office"}"#,
    "\n",
    r#"{"event":"expired","seq":93,"time":"2026-11-22T07:00:02Z","message":{"id":16,"state":"expired"}}"#,
    "\n",
);

const SHOWN: &str = "\
SEQ    TIME                 EVENT       ID     LINE       TO               TEXT
90     2026-11-22T07:00:00Z sent        17     office/1   +49151           Pump 3\\u{a}stopped
91     2026-11-22T07:00:01Z line_down   -      office/1   -                -
92     2026-11-22T07:00:01Z device_up   -      office     -                -
93     2026-11-22T07:00:02Z expired     16     -          -                -
";

#[test]
fn events_are_shown_one_a_line_until_the_daemon_goes() {
    let (run, requests) = talk(&["events"], &[&[FIRST, EVENTS].concat()]);
    run.failed(4, "goipctl: goipd closed the connection");
    assert_eq!(run.stdout, SHOWN);
    assert_eq!(requests, [r#"{"op":"events"}"#]);
}

#[test]
fn json_prints_the_events_as_they_came() {
    let (run, requests) = talk(&["events", "--json", "--after", "89"], &[&[FIRST, EVENTS].concat()]);
    assert_eq!((run.code, run.stdout.as_str()), (4, EVENTS));
    assert_eq!(requests, [r#"{"op":"events","after":89}"#]);
}

#[test]
fn a_consumer_acknowledges_what_was_printed() {
    let [first, second] = [0, 1].map(|n| format!("{}\n", EVENTS.lines().nth(n).unwrap()));
    let acked = |seq: u32| format!("{{\"ok\":true,\"seq\":{seq}}}\n");
    let replies = [[FIRST, &first].concat(), [acked(90), second].concat(), acked(91)];
    let replies: Vec<&str> = replies.iter().map(String::as_str).collect();
    let (run, requests) = talk(&["events", "--consumer", "log"], &replies);
    assert_eq!(run.stdout.lines().collect::<Vec<_>>(), SHOWN.lines().take(3).collect::<Vec<_>>());
    assert_eq!(
        requests,
        [
            r#"{"op":"events","consumer":"log"}"#,
            r#"{"op":"ack","consumer":"log","seq":90}"#,
            r#"{"op":"ack","consumer":"log","seq":91}"#
        ]
    );
}

#[test]
fn many_events_at_once_are_acknowledged_once() {
    let (_, requests) = talk(&["events", "--consumer", "log"], &[&[FIRST, EVENTS].concat(), ""]);
    assert_eq!(requests[1..], [r#"{"op":"ack","consumer":"log","seq":93}"#]);
}

#[test]
fn events_that_were_missed_are_told() {
    let reset = "{\"ok\":true,\"after\":89,\"newest\":91,\"reset\":true}\n";
    let (run, _) = talk(&["events", "--after", "5"], &[&[reset, EVENTS, reset].concat()]);
    assert_eq!(run.stdout, SHOWN);
    let told = "goipctl: events have been missed: they are not kept any more\n";
    assert!(run.stderr.starts_with(&told.repeat(2)), "{}", run.stderr);
}

#[test]
fn a_refusal_ends_it_also_in_the_middle() {
    let refusal = "{\"ok\":false,\"error\":\"not_found\",\"message\":\"there is no consumer\"}\n";
    talk(&["events"], &[refusal]).0.failed(5, "goipctl: not_found there is no consumer\n");
    let (run, _) = talk(&["events", "--consumer", "log"], &[&[FIRST, EVENTS].concat(), refusal]);
    run.failed(5, "goipctl: not_found there is no consumer\n");
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_events_in_peace_and_acknowledges_none() {
    let folder = Folder::new();
    let daemon = Daemon::at(&folder.path("sock"), &[[FIRST, EVENTS].concat(), String::new()]);
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let run = Run::of(folder.goipctl(&["events", "--consumer", "log"]).stdout(writer));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(daemon.requests().len(), 1);
}
