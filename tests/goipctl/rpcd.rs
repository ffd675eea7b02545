//! What rpcd gets: one JSON object, whatever happens.

use std::io::Write;
use std::process::Stdio;

use crate::run::{Daemon, Folder, Run, alone};

/// Has rpcd call `method`; answers with what it got, which is one line.
#[track_caller]
fn call(folder: &Folder, method: &str, arguments: &str) -> String {
    let mut command = folder.goipctl(&["rpcd", "call", method]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // It need not read what it refuses.
    let _ = child.stdin.take().unwrap().write_all(arguments.as_bytes());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(line.starts_with('{') && line.ends_with("}\n") && line.lines().count() == 1, "{line}");
    line.trim_end().into()
}

/// The same with a daemon that has `reply`; answers also with the request that it got.
#[track_caller]
fn asked(method: &str, arguments: &str, reply: &str) -> (String, String) {
    let folder = Folder::new();
    let daemon = Daemon::at(&folder.path("sock"), &[reply]);
    let answer = call(&folder, method, arguments);
    (daemon.requests().remove(0), answer)
}

#[test]
fn the_methods_are_listed_with_their_arguments() {
    let run = alone(&["rpcd", "list"]);
    assert_eq!(run.code, 0);
    for method in ["status", "send", "message", "list", "lines", "cancel", "check"] {
        assert!(run.stdout.contains(&format!("\"{method}\":{{")), "{method}: {run:?}");
    }
    assert_eq!(run.stdout.lines().count(), 1);
}

#[test]
fn a_call_is_a_request_and_the_reply_its_answer() {
    for (method, arguments, request, reply, answer) in [
        (
            "send",
            "{\"ubus_rpc_session\":\"00ff\",\"to\":\"+4915112345678\",\"text\":\"a\\nb\"}",
            r#"{"op":"send","to":"+4915112345678","text":"a\nb"}"#,
            "{\"ok\":true,\"id\":17,\"state\":\"queued\"}\n",
            r#"{"id":17,"state":"queued"}"#,
        ),
        (
            "message",
            r#"{"id":17}"#,
            r#"{"op":"status","id":17}"#,
            "{\"ok\":true,\"id\":17}\n",
            r#"{"id":17}"#,
        ),
        ("status", "{}", r#"{"op":"ping"}"#, "{\"ok\":true,\"uptime\":3}\n", r#"{"uptime":3}"#),
        ("lines", "", r#"{"op":"lines"}"#, "{\"ok\":true,\"lines\":[]}\n", r#"{"lines":[]}"#),
        (
            "cancel",
            r#"{"id":3}"#,
            r#"{"op":"cancel","id":3}"#,
            "{\"ok\":false,\"error\":\"too_late\",\"message\":\"message 3 is sent\"}\n",
            r#"{"error":"too_late","message":"message 3 is sent"}"#,
        ),
    ] {
        assert_eq!(asked(method, arguments, reply), (request.into(), answer.into()), "{method}");
    }
}

#[test]
fn what_cannot_be_done_is_told_as_an_object_too() {
    let folder = Folder::new();
    let long = format!("{{\"text\":\"{}\"}}", "x".repeat(20_000));
    for (method, arguments, code) in [
        ("lines", "{}", "unreachable"),
        ("reboot", "{}", "bad_request"),
        ("message", r#"{"id":1,"op":"cancel"}"#, "bad_request"),
        ("send", "to=1", "bad_request"),
        ("send", &long, "too_large"),
    ] {
        let answer = call(&folder, method, arguments);
        let start = format!("{{\"error\":\"{code}\",\"message\":\"");
        assert!(answer.starts_with(&start), "{method}: {answer}");
    }
}

#[test]
fn an_answer_that_is_lost_leaves_open_whether_it_was_done() {
    let (_, send) = asked("send", r#"{"to":"12","text":"x"}"#, "");
    assert!(send.starts_with(r#"{"error":"unknown","#), "{send}");
    let (_, lines) = asked("lines", "{}", "");
    assert!(lines.starts_with(r#"{"error":"unreachable","#), "{lines}");
}

#[test]
fn without_a_command_that_it_knows_it_says_how_it_is_used() {
    for args in [&["rpcd"][..], &["rpcd", "call"], &["rpcd", "list", "x"], &["rpcd", "show", "x"]] {
        Run::of(&mut Folder::new().goipctl(args)).failed(2, "Usage: goipctl rpcd list | call METHOD");
    }
}
