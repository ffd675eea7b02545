//! The real daemon with what its box tells of the lines, and with what is done to box and lines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use std::time::Instant;

use common::relay::{ADMIN, Relay, TOKEN};
use common::{Daemon, Folder, PATIENCE, config_with, field, wait_for};
use goip_sim::{Fault, Options, Page, Sim};

const LINES: &str = r#"{"op":"lines"}"#;

const DONE: &str = r#"{"ok":true,"line":"office/1","text":""}"#;

fn tell(sim: &Sim, command: &str) {
    sim.command(command).unwrap();
}

/// A box of so many lines that sends in no time and is back in no time.
fn sim(lines: u8) -> Sim {
    Sim::start(Options { lines, send_ms: 50, reboot_ms: 100, ..Options::default() })
}

/// A daemon that asks the box for its lines each second.
fn daemon(sim: &Sim, lines: u8) -> Daemon {
    let folder = Folder::new();
    let path = config_with(&folder, "option volatile '1'", &[("office", &sim.url(), lines)]);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text + "option status_interval '1'\noption inbox_interval '0'\noption timeout '2'\n",
    )
    .unwrap();
    Daemon::start_in(folder)
}

#[test]
fn what_the_box_tells_is_shown_and_a_line_without_a_network_is_given_nothing() {
    for form in ["tags", "escaped", "few"] {
        let sim = sim(2);
        tell(&sim, &format!("lines {form}"));
        tell(&sim, "signal 1 7");
        tell(&sim, "registered 2 no");
        let daemon = daemon(&sim, 2);
        let mut talk = daemon.connect();
        let reply = talk.ask_until(LINES, r#""registered":false"#);
        let first = r#""line":"office/1","up":true,"registered":true,"signal":7,"#;
        assert!(reply.contains(first), "{reply}");
        assert!(reply.contains(r#""weak":true,"dbm":-99"#), "{reply}");
        assert!(reply.contains("is not registered in the network"), "{reply}");
        let reply = talk.ask_until(LINES, r#""imei":"***********0001""#);
        assert!(reply.contains(r#""model":"GoIP-2","firmware":"GHSFVT-1.1-67-5""#), "{reply}");
        let operator = if form == "few" { r#""operator":null"# } else { r#""operator":"Plus""# };
        assert!(reply.contains(operator), "{reply}");
        talk.ask(r#"{"op":"send","to":"12","text":"waits","line":"office/2"}"#);
        assert_eq!(talk.ask("send 12 goes"), "ok 2");
        talk.ask_until(r#"{"op":"wait","id":2}"#, r#""state":"sent""#);
        let air = sim.air();
        assert_eq!((air.len(), air[0].line), (1, 1));
        assert_eq!(field(&talk.ask(r#"{"op":"status","id":1}"#), "attempts"), "0");
        tell(&sim, "registered 2 yes");
        talk.ask_until(r#"{"op":"wait","id":1}"#, r#""state":"sent""#);
    }
}

#[test]
fn a_box_without_the_page_sends_as_ever() {
    let sim = sim(1);
    tell(&sim, "lines none");
    let daemon = daemon(&sim, 1);
    let mut talk = daemon.connect();
    talk.ask_until(LINES, r#""up":true"#);
    for id in 1..4 {
        assert_eq!(talk.ask("send 12 x"), format!("ok {id}"));
        talk.ask_until(&format!(r#"{{"op":"wait","id":{id}}}"#), r#""state":"sent""#);
    }
    assert!(talk.ask(LINES).contains(r#""registered":null,"signal":null"#));
    let asked = sim.requests().iter().filter(|request| request.page == Page::Lines).count();
    assert!(asked <= 12, "{asked} times");
}

#[test]
fn a_line_that_was_switched_off_stays_off_until_it_is_switched_on() {
    let sim = sim(1);
    let daemon = daemon(&sim, 1);
    let mut talk = daemon.connect();
    talk.ask_until(LINES, r#""module":true"#);
    assert_eq!(talk.ask(r#"{"op":"line","line":"office/1","power":"off"}"#), DONE);
    let reply = talk.ask_until(LINES, r#""module":false"#);
    assert!(reply.contains("the line was switched off; see 'goipctl line'"), "{reply}");
    assert_eq!(talk.ask("send 12 x"), "ok 1");
    assert_eq!(talk.ask(r#"{"op":"line","line":"office/1","power":"on"}"#), DONE);
    talk.ask_until(r#"{"op":"wait","id":1}"#, r#""state":"sent""#);
    let control: Vec<_> = sim.requests().into_iter().filter(|r| r.page == Page::Control).collect();
    let queries: Vec<_> = control.iter().map(|r| r.query.as_str()).collect();
    assert_eq!(queries, ["type=list&down=1&line=1", "type=list&down=0&line=1"]);
}

#[test]
fn a_lost_answer_is_told_and_nothing_is_asked_twice() {
    let sim = sim(1);
    let daemon = daemon(&sim, 1);
    let mut talk = daemon.connect();
    talk.ask_until(LINES, r#""up":true"#);
    sim.fault(Fault::LostAfter.on(Page::Control));
    let reply = talk.ask(r#"{"op":"line","line":"office/1","power":"off"}"#);
    assert!(reply.contains(r#""error":"unknown""#) && reply.contains("may or may not"), "{reply}");
    talk.ask_until(LINES, r#""module":false"#);
    assert_eq!(sim.requests().iter().filter(|request| request.page == Page::Control).count(), 1);
}

#[test]
fn the_network_is_asked_and_its_answer_told_whole() {
    let sim = sim(1);
    let answer = "Ihr Guthaben beträgt 5,00 EUR & mehr; weiter mit 1, zurück mit 0, Ende mit 9";
    tell(&sim, &format!("ussd 1 {answer}"));
    let daemon = daemon(&sim, 1);
    let mut talk = daemon.connect();
    talk.ask_until(LINES, r#""up":true"#);
    let reply = talk.ask(r#"{"op":"ussd","line":"office/1","code":"*100#"}"#);
    assert_eq!(reply, format!(r#"{{"ok":true,"line":"office/1","text":"{answer}"}}"#));
    assert_eq!(talk.ask("send 12 x"), "ok 1");
    talk.ask_until(r#"{"op":"wait","id":1}"#, r#""state":"sent""#);
    for (request, error) in [
        (r#"{"op":"ussd","line":"office/1","code":"100; x"}"#, "bad_request"),
        (r#"{"op":"ussd","line":"office/1"}"#, "bad_request"),
        (r#"{"op":"ussd","line":"office","code":"1"}"#, "unknown_line"),
        (r#"{"op":"line","line":"office/1","power":"up"}"#, "bad_request"),
        (r#"{"op":"device","device":"office/1","action":"reboot"}"#, "unknown_line"),
        (r#"{"op":"device","device":"office","action":"reset"}"#, "bad_request"),
    ] {
        let reply = talk.ask(request);
        assert_eq!(field(&reply, "error"), error, "{reply}");
    }
    assert!(!daemon.err().contains("somebody else"), "{}", daemon.err());
}

#[test]
fn a_crash_while_the_network_is_asked_disowns_nothing() {
    let sim = Sim::start(Options { lines: 2, send_ms: 50, ..Options::default() });
    tell(&sim, "ussd 1");
    let folder = Folder::new();
    config_with(&folder, "", &[("office", &sim.url(), 2)]);
    let mut daemon = Daemon::start_in(folder);
    let mut talk = daemon.connect();
    talk.ask_until(LINES, r#""up":true"#);
    talk.send(b"{\"op\":\"ussd\",\"line\":\"office/1\",\"code\":\"*100#\"}\n");
    wait_for("the box has the code", || !sim.jobs().is_empty());
    let mut other = daemon.connect();
    other.ask(r#"{"op":"send","to":"12","text":"x","line":"office/1"}"#);
    daemon.kill();
    daemon.start_again();
    let mut talk = daemon.connect();
    let reply = talk.ask_until(r#"{"op":"status","id":1}"#, r#""state":"queued""#);
    assert!(!reply.contains("journal_restored"), "{reply}");
    assert!(talk.ask(r#"{"op":"send","to":"12","text":"y","line":"office/2"}"#).contains("\"id\":2"));
    talk.ask_until(r#"{"op":"wait","id":2}"#, r#""state":"sent""#);
    assert!(!daemon.err().contains("somebody else"), "{}", daemon.err());
}

#[test]
fn nothing_is_done_while_a_message_is_being_sent_and_a_reboot_holds_the_box() {
    let sim = Sim::start(Options { send_ms: 1_500, reboot_ms: 100, ..Options::default() });
    let daemon = daemon(&sim, 1);
    let mut talk = daemon.connect();
    talk.ask_until(LINES, r#""up":true"#);
    assert_eq!(talk.ask("send 12 x"), "ok 1");
    talk.ask_until(r#"{"op":"status","id":1}"#, r#""state":"sending""#);
    for request in [
        r#"{"op":"device","device":"office","action":"reboot"}"#,
        r#"{"op":"ussd","line":"office/1","code":"1"}"#,
        r#"{"op":"line","line":"office/1","power":"off"}"#,
    ] {
        let reply = talk.ask(request);
        assert!(reply.contains(r#""error":"too_late""#) && reply.contains("message 1 "), "{reply}");
    }
    talk.ask_until(r#"{"op":"wait","id":1}"#, r#""state":"sent""#);
    let reply = talk.ask(r#"{"op":"device","device":"office","action":"reboot"}"#);
    assert!(reply.contains(r#""ok":true"#) || reply.contains(r#""error":"unknown""#), "{reply}");
    let reply = talk.ask(LINES);
    assert!(reply.contains("told to start anew"), "{reply}");
    let reboots = sim.requests().iter().filter(|r| r.path.ends_with("reboot.html")).count();
    assert_eq!(reboots, 1);
}

#[test]
fn the_relay_shows_the_lines_and_lets_only_admins_do_something() {
    let sim = sim(2);
    tell(&sim, "operator all A & B");
    let relay = Relay::start_edited(&sim, "", "", "", |config| {
        config.replace("config relay", "option status_interval '1'\nconfig relay")
    });
    let start = Instant::now();
    loop {
        let answer = relay.get("/v1/lines");
        if answer.body.contains(r#""operator":"A & B""#) {
            assert!(
                answer.body.contains(r#""signal":21"#) && answer.body.contains(r#""dbm":-71"#),
                "{answer:?}"
            );
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{answer:?}");
    }
    let metrics = relay.get("/metrics").body;
    for line in ["goipd_line_signal{line=\"office/1\"} 21\n", "goipd_line_registered{line=\"office/2\"} 1\n"]
    {
        assert!(metrics.contains(line), "{metrics}");
    }
    let login = format!(
        "GET /default/en_US/status.xml?type=list HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    );
    let list = relay.raw(login.as_bytes());
    assert!(list.body.contains("<l1_gsm_signal>21</l1_gsm_signal>"), "{list:?}");
    assert!(list.body.contains("<l2_gsm_cur_oper>A &amp; B</l2_gsm_cur_oper>"), "{list:?}");

    let ussd = "/v1/lines/office/1/ussd";
    assert_eq!(relay.request("POST", ussd, TOKEN, r#"{"code":"*100#"}"#).status, 403);
    assert_eq!(relay.request("GET", ussd, ADMIN, "").status, 405);
    let answer = relay.request("POST", ussd, ADMIN, r#"{"code":"*100#"}"#);
    assert_eq!((answer.status, &*answer.body), (200, r#"{"line":"office/1","text":"Your balance is 5.00"}"#));
    let answer = relay.request("POST", "/v1/lines/office/2", ADMIN, r#"{"power":"off"}"#);
    assert_eq!((answer.status, &*answer.body), (200, r#"{"line":"office/2","text":""}"#));
    for (path, body, status, error) in [
        ("/v1/lines/office/2", r#"{"power":"up"}"#, 400, "bad_request"),
        ("/v1/lines/office/2", r#"{"line":"office/1","power":"on"}"#, 400, "bad_request"),
        ("/v1/lines/office/9", r#"{"power":"on"}"#, 404, "not_found"),
        ("/v1/lines/office/2/ussd", r#"{"code":"1"}"#, 502, "not_done"),
        ("/v1/devices/shop/reboot", "", 404, "not_found"),
    ] {
        let answer = relay.request("POST", path, ADMIN, body);
        assert_eq!((answer.status, answer.error()), (status, error), "{path} {answer:?}");
    }
    assert!([200, 504].contains(&relay.request("POST", "/v1/devices/office/reboot", ADMIN, "").status));
}
