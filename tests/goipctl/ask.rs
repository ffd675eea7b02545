//! The questions, and the changes of one message.

use std::io::pipe;

use crate::run::{Daemon, Folder, Run, talk};

const MESSAGE: &str = concat!(
    r#"{"ok":true,"id":17,"to":"+4915112345678","text":"Pump 3\nstopped\u001b[2J","state":"failed","#,
    r#""line":"office/1","segments":1,"encoding":"gsm7","created":"2026-11-22T07:00:00Z","#,
    r#""updated":"2026-11-22T07:00:09Z","attempts":2,"device_id":"6a52acc8","tag":null,"#,
    r#""problem":{"code":"rejected","device_code":"2172","message":"no credit"},"later":[[{}]]}"#,
    "\n"
);

#[test]
fn a_message_is_shown_a_field_a_line() {
    let (run, requests) = talk(&["status", "17"], &[MESSAGE]);
    run.printed(
        "\
id           17
state        failed
to           +4915112345678
line         office/1
created      2026-11-22T07:00:00Z
updated      2026-11-22T07:00:09Z
attempts     2
segments     1
encoding     gsm7
device_id    6a52acc8
tag          -
at           -
collapsed    -
problem      rejected
device_code  2172
reason       no credit
text         Pump 3\\u{a}stopped\\u{1b}[2J
",
    );
    assert_eq!(requests, [r#"{"op":"status","id":17}"#]);
}

#[test]
fn fields_that_a_daemon_does_not_tell_are_dashes() {
    let (run, _) = talk(&["status", "17"], &["{\"ok\":true,\"id\":17,\"state\":\"queued\"}\n"]);
    assert_eq!((run.code, run.stdout.lines().count()), (0, 17));
    assert_eq!(run.stdout.lines().filter(|line| line.ends_with(" -")).count(), 15);
}

#[test]
fn cancel_and_resend_print_id_and_state() {
    for (op, state) in [("cancel", "cancelled"), ("resend", "queued")] {
        let reply = format!("{{\"ok\":true,\"id\":17,\"state\":\"{state}\"}}\n");
        let (run, requests) = talk(&[op, "17"], &[&reply]);
        run.printed(&format!("17 {state}\n"));
        assert_eq!(requests, [format!(r#"{{"op":"{op}","id":17}}"#)]);
        let (run, _) = talk(&[op, "--json", "17"], &[&reply]);
        run.printed(&reply);
    }
}

#[test]
fn a_change_that_comes_too_late_is_refused() {
    let reply = "{\"ok\":false,\"error\":\"too_late\",\"message\":\"message 17 is sent\"}\n";
    talk(&["cancel", "17"], &[reply]).0.failed(5, "goipctl: too_late message 17 is sent\n");
}

fn page(ids: &[u32], next: u32) -> String {
    let message = |id: &u32| {
        format!(
            r#"{{"id":{id},"to":"+49{id}","text":"a  b\n{id} sent","state":"sent","line":null,"created":"2026-11-22T07:00:00Z"}}"#
        )
    };
    let messages: Vec<_> = ids.iter().map(message).collect();
    format!("{{\"ok\":true,\"messages\":[{}],\"next\":{next}}}\n", messages.join(","))
}

#[test]
fn a_list_is_a_line_with_names_and_a_line_for_each_message() {
    let (run, requests) =
        talk(&["list"], &[&page(&[3, 4], 4), &page(&[1234567], 1234567), &page(&[], 1234567)]);
    run.printed(
        "\
ID     STATE       LINE       TO               CREATED              TEXT
3      sent        -          +493             2026-11-22T07:00:00Z a  b\\u{a}3 sent
4      sent        -          +494             2026-11-22T07:00:00Z a  b\\u{a}4 sent
1234567 sent        -          +491234567       2026-11-22T07:00:00Z a  b\\u{a}1234567 sent
",
    );
    assert_eq!(
        requests,
        [
            r#"{"op":"list","after":0,"limit":200}"#,
            r#"{"op":"list","after":4,"limit":200}"#,
            r#"{"op":"list","after":1234567,"limit":200}"#
        ]
    );
}

#[test]
fn a_list_is_as_long_as_asked_for() {
    let (run, requests) = talk(
        &["list", "--state", "sent", "--after", "2", "--limit", "3"],
        &[&page(&[3, 4], 4), &page(&[5], 5), "never asked for\n"],
    );
    assert_eq!((run.code, run.stdout.lines().count()), (0, 4));
    assert_eq!(
        requests,
        [
            r#"{"op":"list","state":"sent","after":2,"limit":3}"#,
            r#"{"op":"list","state":"sent","after":4,"limit":1}"#
        ]
    );
}

#[test]
fn an_empty_list_still_names_its_columns() {
    let (run, _) = talk(&["list"], &[&page(&[], 0)]);
    run.printed("ID     STATE       LINE       TO               CREATED              TEXT\n");
}

#[test]
fn json_prints_the_pages_that_hold_messages() {
    let (run, _) = talk(&["list", "--json"], &[&page(&[3], 3), &page(&[], 3)]);
    run.printed(&page(&[3], 3));
    talk(&["list", "--json"], &[&page(&[], 0)]).0.printed(&page(&[], 0));
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_list_in_peace() {
    let folder = Folder::new();
    let daemon = Daemon::at(&folder.path("sock"), &[&page(&[3], 3), &page(&[4], 4), &page(&[], 4)]);
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let run = Run::of(folder.goipctl(&["list"]).stdout(writer));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(daemon.requests().len(), 1);
}

#[test]
fn lines_are_shown_in_columns_of_one_word() {
    let reply = concat!(
        r#"{"ok":true,"lines":[{"line":"office/1","up":true,"state":"sending","queued":12,"#,
        r#""registered":true,"signal":9,"dbm":-95,"sim":true,"operator":"T-Mobile\u001b D","reason":null},"#,
        r#"{"line":"office/2","up":false,"state":"held","queued":0,"reason":"the box could not be reached (for 5 s)"}]}"#,
        "\n"
    );
    let (run, requests) = talk(&["lines"], &[reply]);
    run.printed(
        "\
LINE       UP  STATE    SIM REG SIGNAL    OPERATOR   QUEUED REASON
office/1   yes sending  yes yes 9/-95dBm  T-Mobile\\u{1b}_D 12     -
office/2   no  held     -   -   -         -          0      the box could not be reached (for 5 s)
",
    );
    assert_eq!(requests, [r#"{"op":"lines"}"#]);
}

#[test]
fn ping_shows_the_daemons_figures() {
    let reply = concat!(
        r#"{"ok":true,"version":"0.1.0","uptime":3600,"journal":"ab12","counters":{"queued":1,"submitting":0,"#,
        r#""sending":2,"sent":30,"delivered":0,"undelivered":0,"failed":4,"unknown":5,"expired":6,"#,
        r#""cancelled":7,"later":8,"last_id":99}}"#,
        "\n"
    );
    let (run, requests) = talk(&["ping"], &[reply]);
    run.printed(
        "\
version      0.1.0
uptime       3600
journal      ab12
queued       1
submitting   0
sending      2
sent         30
delivered    0
undelivered  0
failed       4
unknown      5
expired      6
cancelled    7
later        8
last_id      99
",
    );
    assert_eq!(requests, [r#"{"op":"ping"}"#]);
    talk(&["ping", "--json"], &[reply]).0.printed(reply);
}

#[test]
fn the_reply_of_a_later_version_may_have_many_fields() {
    let fields: String = (0..40).map(|n| format!(",\"field{n}\":{n}")).collect();
    let (run, _) = talk(&["ping"], &[&format!("{{\"ok\":true,\"version\":\"9.0\"{fields}}}\n")]);
    run.printed("version      9.0\nuptime       -\njournal      -\n");
}

const RECEIVED: &str = concat!(
    r#"{"ok":true,"messages":[{"id":4,"from":"MIR-1228","text":"Hola, con comas","line":"office/1","#,
    r#""received":"2026-11-22T07:00:00Z","device_time":"11-22 08:00:00","device_utc":null,"old":true},"#,
    r#"{"id":5,"from":"+49\u001b[31m151","text":"a\nb\u202e\u0000\u001b[2J","line":"office/2","#,
    r#""received":"2026-11-22T07:00:01Z","device_time":"","device_utc":null,"old":false}],"next":5}"#,
    "\n"
);

const NO_MORE: &str = "{\"ok\":true,\"messages\":[],\"next\":5}\n";

#[test]
fn received_messages_are_shown_a_line_each_and_drive_no_terminal() {
    let (run, requests) = talk(&["inbox", "--after", "3"], &[RECEIVED, NO_MORE]);
    run.printed(
        "\
ID     RECEIVED             LINE       FROM             OLD TEXT
4      2026-11-22T07:00:00Z office/1   MIR-1228         yes Hola, con comas
5      2026-11-22T07:00:01Z office/2   +49\\u{1b}[31m151 no  a\\u{a}b\\u{202e}\\u{0}\\u{1b}[2J
",
    );
    assert_eq!(
        requests,
        [r#"{"op":"inbox","after":3,"limit":200}"#, r#"{"op":"inbox","after":5,"limit":200}"#]
    );
}

#[test]
fn of_a_joined_message_a_reader_sees_the_whole_alone() {
    let page = r#"{"ok":true,"messages":[
        {"id":1,"from":"777","text":"Pump ","line":"office/1","received":"2026-11-22T07:00:00Z","old":false,"part_of":3},
        {"id":2,"from":"777","text":"3","line":"office/1","received":"2026-11-22T07:00:00Z","old":false,"part_of":3},
        {"id":3,"from":"777","text":"Pump 3","line":"office/1","received":"2026-11-22T07:00:00Z","old":false,"parts":[1,2]}
        ],"next":3}"#;
    let page = [&page.replace('\n', ""), "\n"].concat();
    let no_more = NO_MORE.replace('5', "3");
    let (run, _) = talk(&["inbox"], &[&page, &no_more]);
    run.printed(
        "\
ID     RECEIVED             LINE       FROM             OLD TEXT
3      2026-11-22T07:00:00Z office/1   777              no  Pump 3
",
    );
    let (run, _) = talk(&["--json", "inbox"], &[&page, &no_more]);
    run.printed(&page);
}

#[test]
fn who_follows_the_inbox_waits_for_each_message_until_the_daemon_goes() {
    let next = NO_MORE.replace("[]", r#"[{"id":6,"from":"777","text":"x","line":"office/1","old":false}]"#);
    let next = next.replace("\"next\":5", "\"next\":6");
    let (run, requests) = talk(&["inbox", "--follow", "--json"], &[RECEIVED, NO_MORE, &next]);
    assert_eq!((run.code, run.stdout), (4, [RECEIVED, &next].concat()));
    let asked: Vec<&str> = requests.iter().map(String::as_str).collect();
    assert_eq!(
        asked[..3],
        [
            r#"{"op":"inbox","after":0,"limit":200}"#,
            r#"{"op":"inbox","after":5,"limit":200}"#,
            r#"{"op":"inbox","after":5,"limit":200,"wait":60}"#,
        ]
    );
}
