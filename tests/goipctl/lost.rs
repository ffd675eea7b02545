//! Daemons that are away, hang up, or are something else.

use std::io::Write;
use std::os::unix::net::UnixListener;
use std::thread::spawn;

use crate::run::{Daemon, Folder, Run, alone, talk};

#[test]
fn without_a_socket_the_daemon_is_not_reachable() {
    let folder = Folder::new();
    let run = Run::of(&mut folder.goipctl(&["send", "12", "hi"]));
    let path = folder.path("sock").display().to_string();
    run.failed(4, &format!("goipctl: cannot reach goipd at {path}: No such file or directory"));
    run.failed(4, "; is it running? (service goipd start)\n");
}

#[test]
fn on_a_socket_that_nobody_serves_the_daemon_is_not_reachable() {
    let folder = Folder::new();
    drop(UnixListener::bind(folder.path("sock")).unwrap());
    Run::of(&mut folder.goipctl(&["ping"])).failed(4, "Connection refused");
}

#[test]
fn a_path_that_is_too_long_for_a_socket_is_told() {
    alone(&["--socket", &"x".repeat(200), "ping"]).failed(4, "cannot reach goipd at xxx");
}

#[test]
fn the_option_socket_goes_before_the_environment() {
    let folder = Folder::new();
    let path = folder.path("other");
    let daemon = Daemon::at(&path, &["{\"ok\":true}\n"]);
    let run = Run::of(&mut folder.goipctl(&["ping", "--socket", path.to_str().unwrap()]));
    assert_eq!((run.code, daemon.requests().len()), (0, 1));
}

/// What no daemon of ours replies; each with a part of the sentence about it.
const NO_REPLIES: [(&str, &str); 14] = [
    ("", "closed the connection without a reply"),
    ("{\"ok\":true,\"id\":17,\"sta", "broke off"),
    ("{\"ok\":true,\"id\":17,\"state\":\"queued\"}", "broke off"),
    ("\n", "not understood"),
    ("HTTP/1.0 400 Bad Request\r\n", "not understood"),
    ("[]\n", "not understood"),
    ("{\"id\":17,\"state\":\"queued\"}\n", "no field 'ok'"),
    ("{\"ok\":1,\"id\":17}\n", "not understood"),
    ("{\"ok\":true,\"id\":4294967296,\"state\":\"sent\"}\n", "not understood"),
    ("{\"ok\":true,\"id\":-1,\"state\":\"sent\"}\n", "not understood"),
    ("{\"ok\":true,\"id\":\"17\",\"state\":\"sent\"}\n", "not understood"),
    ("{\"ok\":true,\"x\":[{}\n", "not understood"),
    ("{\"ok\":true,\"x\":,\"id\":17}\n", "not understood"),
    ("{\"ok\":true},\"x\":{}\n", "not understood"),
];

#[test]
fn a_question_without_an_answer_counts_as_not_reachable() {
    for (reply, sentence) in NO_REPLIES {
        talk(&["status", "17"], &[reply]).0.failed(4, sentence);
    }
}

#[test]
fn a_change_without_an_answer_is_not_known() {
    for (reply, sentence) in NO_REPLIES {
        for args in [["send", "12", "hi"].as_slice(), &["cancel", "17"], &["resend", "17"]] {
            let (run, _) = talk(args, &[reply]);
            run.failed(3, sentence);
            run.failed(3, ": whether it was done is not known; see 'goipctl list'");
            assert_eq!(run.stdout, "");
        }
    }
}

#[test]
fn a_reply_that_tells_no_id_does_not_pass_for_an_accepted_message() {
    talk(&["send", "12", "hi"], &["{\"ok\":true}\n"]).0.failed(3, "tells no id and state");
}

#[test]
fn a_message_whose_wait_fails_is_still_told_as_queued() {
    let queued = "{\"ok\":true,\"id\":17,\"state\":\"queued\"}\n";
    for (reply, sentence) in [
        (
            "",
            "message 17 is queued, but goipd closed the connection without a reply; see 'goipctl status 17'",
        ),
        (
            "{\"ok\":false,\"error\":\"too_many\",\"message\":\"24 clients wait\"}\n",
            "message 17 is queued, but too_many 24 clients wait; see",
        ),
    ] {
        let (run, _) = talk(&["send", "--wait", "12", "hi"], &[queued, reply]);
        run.failed(3, sentence);
        assert_eq!(run.stdout, "17 queued\n");
    }
}

#[test]
fn a_reply_of_any_length_and_depth_is_survived() {
    let deep = format!("{{\"ok\":true,\"x\":{}\n", "[".repeat(60_000));
    talk(&["ping"], &[&deep]).0.failed(4, "not understood");
    let long = format!("{{\"ok\":true,\"x\":\"{}\"}}\n", "x".repeat(200_000));
    talk(&["ping"], &[&long]).0.failed(4, "longer than 128 KiB");
}

#[test]
fn a_reply_in_another_encoding_is_not_understood() {
    let folder = Folder::new();
    let daemon = Daemon::at(&folder.path("sock"), &[b"{\"ok\":true,\"version\":\"\xff\"}\n"]);
    Run::of(&mut folder.goipctl(&["ping"])).failed(4, "not UTF-8");
    daemon.requests();
}

#[test]
fn a_refusal_before_the_request_is_read_is_told() {
    let folder = Folder::new();
    let listener = UnixListener::bind(folder.path("sock")).unwrap();
    let daemon = spawn(move || {
        let mut client = listener.accept().unwrap().0;
        client.write_all(b"{\"ok\":false,\"error\":\"too_many\",\"message\":\"32 clients\"}\n").unwrap();
    });
    Run::of(&mut folder.goipctl(&["send", "12", "hi"])).failed(5, "too_many 32 clients");
    daemon.join().unwrap();
}

#[test]
fn a_refusal_cannot_forge_a_line() {
    let reply = "{\"ok\":false,\"error\":\"bad_request\",\"message\":\"a\\ngoipctl: b\\u001b[2J\"}\n";
    talk(&["ping"], &[reply]).0.failed(5, "bad_request a\\u{a}goipctl: b\\u{1b}[2J\n");
}
