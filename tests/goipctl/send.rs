//! `send`, and waiting for a message's end.

use std::fs::File;
use std::io::{Write, pipe};
use std::process::Stdio;

use crate::run::{Daemon, Folder, Run, talk};

const QUEUED: &str = "{\"ok\":true,\"id\":17,\"state\":\"queued\",\"segments\":1,\"encoding\":\"gsm7\"}\n";

fn status(state: &str) -> String {
    format!("{{\"ok\":true,\"id\":17,\"state\":\"{state}\"}}\n")
}

#[test]
fn a_message_is_queued_and_its_id_and_state_are_printed() {
    let (run, requests) = talk(&["send", "+4915112345678", "Pump", "3", "stopped"], &[QUEUED]);
    run.printed("17 queued\n");
    assert_eq!(requests, [r#"{"op":"send","to":"+4915112345678","text":"Pump 3 stopped"}"#]);
}

#[test]
fn every_option_becomes_a_field_of_the_request() {
    let (run, requests) = talk(
        &[
            "send",
            "--line=office/1",
            "--ttl",
            "3600",
            "12",
            "--key",
            "pump3-17",
            "--tag=",
            "--priority",
            "high",
            "hi",
            "--on-unknown",
            "resend",
        ],
        &[QUEUED],
    );
    run.printed("17 queued\n");
    let expected = concat!(
        r#"{"op":"send","to":"12","text":"hi","line":"office/1","key":"pump3-17","tag":"","#,
        r#""priority":"high","on_unknown":"resend","ttl":3600}"#
    );
    assert_eq!(requests, [expected]);
}

#[test]
fn a_text_reaches_the_daemon_character_by_character() {
    let text = "\"quoted\" \\n \n\t\u{1b}[2J 😀 ' $HOME ";
    let (run, requests) = talk(&["send", "12", text], &[QUEUED]);
    run.printed("17 queued\n");
    assert_eq!(requests, [r#"{"op":"send","to":"12","text":"\"quoted\" \\n \n\t\u001b[2J 😀 ' $HOME "}"#]);
}

#[test]
fn behind_two_dashes_nothing_is_an_option() {
    let (run, requests) = talk(&["send", "--", "12", "-5", "--wait", "-"], &[QUEUED]);
    run.printed("17 queued\n");
    assert_eq!(requests, [r#"{"op":"send","to":"12","text":"-5 --wait -"}"#]);
}

#[test]
fn a_number_that_was_cut_off_at_a_blank_is_wrong_usage_and_the_daemon_is_not_asked() {
    let folder = Folder::new();
    let run = Run::of(&mut folder.goipctl(&["send", "+49", "151", "12345678", "hi"]));
    let sentence = "NUMBER ends with '+49'; write the number in one word, without blanks, or in quotes; see 'goipctl send --help'";
    run.failed(2, sentence);
}

fn send_from_stdin(text: &[u8], replies: &[&str]) -> (Run, Vec<String>) {
    let folder = Folder::new();
    let daemon = (!replies.is_empty()).then(|| Daemon::at(&folder.path("sock"), replies));
    let (reader, mut writer) = pipe().unwrap();
    // At most 3002 bytes: less than a pipe holds, so nobody waits.
    writer.write_all(text).unwrap();
    drop(writer);
    let run = Run::of(folder.goipctl(&["send", "12", "-"]).stdin(reader));
    (run, daemon.map(Daemon::requests).unwrap_or_default())
}

#[test]
fn a_text_on_standard_input_loses_one_line_feed_at_its_end() {
    for (text, sent) in [("a\nb\n\n", r"a\nb\n"), ("ä", "ä"), ("\n", ""), ("x\r\n", r"x\r")] {
        let (run, requests) = send_from_stdin(text.as_bytes(), &[QUEUED]);
        run.printed("17 queued\n");
        assert_eq!(requests, [format!(r#"{{"op":"send","to":"12","text":"{sent}"}}"#)]);
    }
}

#[test]
fn a_text_on_standard_input_has_3000_bytes_at_most() {
    let mut text = vec![b'x'; 3000];
    text.push(b'\n');
    send_from_stdin(&text, &[QUEUED]).0.printed("17 queued\n");
    text.push(b'\n');
    let (run, _) = send_from_stdin(&text, &[]);
    run.failed(5, "text_too_long standard input has more than 3000 bytes");
}

#[test]
fn standard_input_without_an_end_is_not_read_to_the_end() {
    let folder = Folder::new();
    let run = Run::of(folder.goipctl(&["send", "12", "-"]).stdin(File::open("/dev/zero").unwrap()));
    run.failed(5, "text_too_long");
}

#[test]
fn standard_input_in_another_encoding_is_wrong_usage() {
    let (run, _) = send_from_stdin(b"gr\xfc\xdfe", &[]);
    run.failed(2, "standard input is not UTF-8 at byte 2");
}

#[test]
fn a_refusal_is_told_with_code_and_sentence() {
    let refusal = "{\"ok\":false,\"error\":\"invalid_number\",\"message\":\"'12x' is not a phone number\"}\n";
    let (run, _) = talk(&["send", "12x", "hi"], &[refusal]);
    run.failed(5, "goipctl: invalid_number '12x' is not a phone number\n");
    assert_eq!(run.stdout, "");
    let (run, _) = talk(&["--json", "send", "12x", "hi"], &[refusal]);
    run.failed(5, "invalid_number");
    assert_eq!(run.stdout, refusal);
}

#[test]
fn a_key_that_was_used_before_is_told() {
    let reply = "{\"ok\":true,\"id\":9,\"state\":\"sent\",\"replayed\":true}\n";
    let (run, _) = talk(&["send", "--key", "k", "12", "hi"], &[reply]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "9 sent\n"));
    assert_eq!(run.stderr, "goipctl: this key was used before, for message 9; nothing new was queued\n");
}

#[test]
fn waiting_ends_with_the_message_and_the_exit_code_tells_how() {
    for (state, code, sentence) in [
        ("sent", 0, ""),
        ("delivered", 0, ""),
        ("failed", 1, "message 17 failed: no credit"),
        ("undelivered", 1, "message 17 is undelivered: no credit"),
        ("expired", 1, "message 17 expired: no credit"),
        ("cancelled", 1, "message 17 is cancelled: no credit"),
        ("unknown", 3, "nobody knows whether message 17 was sent: no credit; 'goipctl resend 17'"),
        ("teleported", 3, "the state of message 17 is not known to this goipctl"),
    ] {
        let problem = "\"problem\":{\"code\":\"rejected\",\"device_code\":null,\"message\":\"no credit\"}";
        let end = format!("{{\"ok\":true,\"id\":17,\"state\":\"{state}\",{problem}}}\n");
        let (run, requests) = talk(&["send", "--wait", "12", "hi"], &[QUEUED, &end]);
        assert_eq!((run.code, run.stdout), (code, format!("17 queued\n17 {state}\n")), "{state}");
        assert!(run.stderr.contains(sentence) && run.stderr.is_empty() == (code == 0), "{}", run.stderr);
        assert_eq!(requests[1], r#"{"op":"wait","id":17,"timeout":60}"#);
    }
}

#[test]
fn waiting_is_renewed_until_the_message_is_final() {
    let (run, requests) =
        talk(&["send", "12", "hi", "--wait"], &[QUEUED, &status("sending"), &status("sent")]);
    run.printed("17 queued\n17 sent\n");
    assert_eq!(requests[1..], [r#"{"op":"wait","id":17,"timeout":60}"#; 2]);
}

#[test]
fn waiting_for_so_many_seconds_ends_after_them() {
    let still = status("sending");
    let (run, requests) = talk(&["send", "--wait=1", "12", "hi"], &[QUEUED, &still, &still, &still]);
    run.failed(6, "message 17 is sending after 1 s; goipd goes on with it, see 'goipctl status 17'");
    assert_eq!(run.stdout, "17 queued\n");
    assert!(requests[1..].iter().all(|r| r == r#"{"op":"wait","id":17,"timeout":1}"#), "{requests:?}");
}

#[test]
fn waiting_longer_than_the_daemon_allows_is_asked_for_in_parts() {
    let (_, requests) = talk(&["send", "--wait=600", "12", "hi"], &[QUEUED, &status("sent")]);
    assert_eq!(requests[1], r#"{"op":"wait","id":17,"timeout":60}"#);
}

#[test]
fn json_prints_the_replies_as_they_came() {
    let end = "{\"ok\":true,\"id\":17,\"state\":\"sent\",\"new_field\":[{\"a\":{}}]}\n";
    let (run, _) = talk(&["send", "--json", "--wait", "12", "hi"], &[QUEUED, end]);
    run.printed(&[QUEUED, end].concat());
}

#[test]
fn what_cannot_be_printed_stands_in_the_complaint() {
    let folder = Folder::new();
    let daemon = Daemon::at(&folder.path("sock"), &[QUEUED]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = folder.goipctl(&["send", "12", "hi"]);
    let output = command.stdout(full).stderr(Stdio::piped()).output().unwrap();
    daemon.requests();
    assert_eq!(output.status.code(), Some(3));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("cannot write to standard output") && stderr.contains("17 queued"), "{stderr}");
}
