//! Another configuration while the real daemon runs: SIGHUP.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;

use rustix::fs::OFlags;

use common::relay::addresses;
use common::{Daemon, Folder, PATIENCE, config, config_with, field, quick_box, slow_box, wait_for};

const TOKEN: &str = "0123456789abcdef";
const OTHER: &str = "fedcba9876543210";

fn send(text: &str) -> String {
    format!(r#"{{"op":"send","to":"+4915112345678","text":"{text}"}}"#)
}

/// Writes another configuration, with `more` sections behind it, and has it read; `told` says how
/// that ends.
fn reload(daemon: &Daemon, options: &str, devices: &[(&str, &str, u8)], more: &str, told: &str) {
    write_config(daemon.folder(), options, devices, more);
    let (out, err) = (daemon.out().len(), daemon.err().len());
    daemon.signal("HUP");
    wait_for(told, || daemon.out()[out..].contains(told) || daemon.err()[err..].contains(told));
}

fn write_config(folder: &Folder, options: &str, devices: &[(&str, &str, u8)], more: &str) {
    let path = config_with(folder, &format!("option volatile '1'\n{options}"), devices);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, text + more).unwrap();
}

/// The message's fields once its state is final.
fn end_of(daemon: &Daemon, id: u32) -> String {
    daemon.ask(&format!(r#"{{"op":"wait","id":{id},"timeout":20}}"#))
}

/// Relay sections that listen at these addresses, with these clients.
fn relay(listen: &[&str], clients: &[(&str, &str)]) -> String {
    let mut text = String::from("config relay 'lan'\n option enabled '1'\n");
    listen.iter().for_each(|address| text.push_str(&format!(" list listen '{address}'\n")));
    for (name, token) in clients {
        text.push_str(&format!(
            "config client '{name}'\n option token '{token}'\n list allow 'send'\n list allow 'read'\n"
        ));
    }
    text
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The status of the answer to a request for the lines; 0 if the connection was closed.
fn status(stream: &mut TcpStream, token: &str) -> u16 {
    let request =
        format!("GET /v1/lines HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n");
    let _ = stream.write_all(request.as_bytes());
    let mut bytes = [0; 4096];
    let count = stream.read(&mut bytes).unwrap_or(0);
    let text = String::from_utf8_lossy(&bytes[..count]);
    text.split(' ').nth(1).map_or(0, |status| status.parse().unwrap())
}

#[test]
fn a_bad_configuration_is_refused_as_a_whole_and_the_one_before_goes_on() {
    let sim = quick_box();
    let daemon = Daemon::start(&sim);
    let refused = "the configuration was not reloaded, and the one before goes on";
    reload(&daemon, "option log_level 'debug'\noption ttl '5'", &[("office", &sim.url(), 1)], "", refused);
    let err = daemon.err();
    assert!(err.contains("config:6: option 'ttl': '5' is out of range"), "{err}");
    fs::remove_file(daemon.folder().path("config")).unwrap();
    daemon.signal("HUP");
    daemon.wait_for_err("cannot be read");
    daemon.ask(&send("still here"));
    assert_eq!(field(&end_of(&daemon, 1), "state"), "sent");
    assert!(!daemon.out().contains("debug: "), "{}", daemon.out());
}

#[test]
fn a_signal_that_comes_while_it_starts_is_obeyed_once_it_runs() {
    let sim = quick_box();
    for signal in ["HUP", "TERM"] {
        let folder = Folder::new();
        let path = config(&folder, &sim, "");
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let mut daemon = Daemon::spawn_in(folder);
        // It starts for as long as its configuration is not written to the end.
        let mut pipe = None;
        wait_for("it reads its configuration", || {
            let flags = OFlags::NONBLOCK.bits() as i32;
            pipe = File::options().write(true).custom_flags(flags).open(&path).ok();
            pipe.is_some()
        });
        daemon.signal(signal);
        fs::remove_file(&path).unwrap();
        config(daemon.folder(), &sim, "option queue_limit '77'");
        pipe.unwrap().write_all(text.as_bytes()).unwrap();
        match signal {
            "HUP" => daemon.wait_for_out("configuration reloaded; changed: goipd"),
            _ => assert!(daemon.end().success()),
        }
    }
}

#[test]
fn messages_that_wait_go_to_the_box_at_its_new_address() {
    let away = quick_box();
    let url = away.url();
    drop(away);
    let folder = Folder::new();
    write_config(&folder, "", &[("office", &url, 1)], "");
    let daemon = Daemon::start_in(folder);
    let mut talk = daemon.connect();
    let mut events = daemon.connect();
    events.ask(r#"{"op":"events"}"#);
    for text in ["one", "two"] {
        assert_eq!(field(&talk.ask(&send(text)), "state"), "queued");
    }
    let sim = quick_box();
    reload(&daemon, "", &[("office", &sim.url(), 1)], "", "reloaded; changed: device 'office'");
    // Who was connected is so still, and its requests are numbered on.
    let third = talk.ask(&send("three"));
    assert_eq!((field(&third, "id"), field(&third, "state")), ("3", "queued"));
    for id in 1..=3 {
        assert_eq!(field(&end_of(&daemon, id), "state"), "sent");
    }
    let texts: Vec<String> = sim.air().into_iter().map(|job| job.text).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    // A reader of events misses none and gets none twice.
    for seq in 1.. {
        let event = events.reply().unwrap();
        assert_eq!(field(&event, "seq"), seq.to_string());
        if event.contains("\"id\":3,") && field(&event, "event") == "sent" {
            break;
        }
    }
}

#[test]
fn a_message_that_is_on_its_way_is_sent_once() {
    let sim = goip_sim::Sim::start(goip_sim::Options { send_ms: 1_500, lines: 2, ..Default::default() });
    let folder = Folder::new();
    write_config(&folder, "", &[("office", &sim.url(), 1)], "");
    let daemon = Daemon::start_in(folder);
    daemon.ask(&send("once"));
    daemon.ask(&send("later"));
    wait_for("it is sent", || field(&daemon.ask(r#"{"op":"status","id":1}"#), "state") == "sending");
    for limit in 501..504 {
        let option = format!("option queue_limit '{limit}'");
        reload(&daemon, &option, &[("office", &sim.url(), 2)], "", "configuration reloaded");
    }
    assert!(daemon.ask(r#"{"op":"lines"}"#).contains("office/2"));
    for id in [1, 2] {
        assert_eq!(field(&end_of(&daemon, id), "state"), "sent");
    }
    let mut texts: Vec<String> = sim.air().into_iter().map(|job| job.text).collect();
    texts.sort();
    assert_eq!(texts, ["later", "once"]);
}

#[test]
fn a_box_that_hangs_does_not_keep_the_configuration_and_nobody_waits_for_it_meanwhile() {
    let sim = quick_box();
    let daemon = Daemon::start(&sim);
    daemon.ask(&send("first"));
    assert_eq!(field(&end_of(&daemon, 1), "state"), "sent");
    sim.command("fault send hang read 60000 1").unwrap();
    daemon.ask(&send("hangs"));
    wait_for("it hangs", || field(&daemon.ask(r#"{"op":"status","id":2}"#), "state") == "submitting");
    write_config(daemon.folder(), "option queue_limit '77'", &[("office", &sim.url(), 1)], "");
    daemon.signal("HUP");
    // While the box is waited for, everything else goes on.
    assert_eq!(field(&daemon.ask(&send("meanwhile")), "id"), "3");
    sim.clear();
    wait_for("reloaded", || daemon.out().contains("configuration reloaded; changed: goipd"));
    assert_eq!(field(&daemon.ask(&send("after")), "id"), "4");
    for id in 3..=4 {
        assert_eq!(field(&end_of(&daemon, id), "state"), "sent");
    }
}

#[test]
fn a_box_that_is_away_delays_nothing_on_the_others_after_a_reload() {
    let (dead, sim) = (quick_box(), slow_box());
    let (away, url) = (dead.url(), sim.url());
    let devices = [("mast", away.as_str(), 1), ("office", url.as_str(), 2)];
    let folder = Folder::new();
    write_config(&folder, "", &devices, "");
    let daemon = Daemon::start_in(folder);
    let send = |text: &str, line: &str| {
        daemon.ask(&format!(r#"{{"op":"send","to":"12","text":"{text}","line":"{line}"}}"#))
    };
    // The journal knows what the box showed last, which it will not show again.
    send("seen", "mast");
    assert_eq!(field(&end_of(&daemon, 1), "state"), "sent");
    dead.command("refuse 3600000").unwrap();
    send("first", "office/1");
    send("second", "office/1");
    wait_for("the first is sent", || field(&daemon.ask(r#"{"op":"status","id":2}"#), "state") == "sending");
    reload(&daemon, "option queue_limit '501'", &devices, "", "configuration reloaded");
    daemon.connect().ask_until(r#"{"op":"explain","id":3}"#, "waits for office/1, which is busy");
}

#[test]
fn listeners_and_clients_come_and_go_and_the_others_do_not_notice() {
    let sim = slow_box();
    let url = sim.url();
    let devices = [("office", url.as_str(), 1)];
    let folder = Folder::new();
    let before = relay(&["127.0.0.1:0", "127.0.0.2:0"], &[("nagios", TOKEN), ("gone", OTHER)]);
    write_config(&folder, "", &devices, &before);
    let daemon = Daemon::start_in(folder);
    let first = addresses(&daemon, 0, 2);
    let [kept, dropped] = [0, 1].map(|place| first[place].clone());
    let (mut stays, mut goes) = (connect(&kept), connect(&dropped));
    assert_eq!((status(&mut stays, TOKEN), status(&mut goes, TOKEN)), (200, 200));
    assert_eq!(status(&mut stays, OTHER), 200);
    let mut reader = connect(&kept);
    let stream = format!("GET /v1/events HTTP/1.0\r\nAuthorization: Bearer {OTHER}\r\n\r\n");
    reader.write_all(stream.as_bytes()).unwrap();

    let after = relay(&["127.0.0.3:0", "127.0.0.1:0"], &[("nagios", TOKEN)]);
    reload(&daemon, "", &devices, &after, "reloaded; changed: relay, client 'gone' (gone)");
    assert_eq!(status(&mut connect(&addresses(&daemon, 0, 3)[2]), TOKEN), 200);
    assert_eq!(status(&mut stays, TOKEN), 200);
    assert_eq!(status(&mut connect(&kept), OTHER), 401);
    assert_eq!(status(&mut goes, TOKEN), 0);
    assert!(TcpStream::connect(&dropped).is_err());
    // The stream of who may no more has ended.
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("retry: 5000"), "{rest}");

    reload(&daemon, "", &devices, "", "reloaded; changed: relay, client 'nagios' (gone)");
    assert_eq!(status(&mut stays, TOKEN), 0);
    assert!(TcpStream::connect(&kept).is_err());
}

#[test]
fn the_log_and_the_socket_follow_and_who_is_connected_stays() {
    let sim = slow_box();
    let url = sim.url();
    let devices = [("office", url.as_str(), 1)];
    let folder = Folder::new();
    write_config(&folder, "", &devices, "");
    let daemon = Daemon::start_in(folder);
    let mut talk = daemon.connect();
    reload(&daemon, "option log_level 'debug'", &devices, "", "reloaded; changed: goipd");
    reload(&daemon, "option log_level 'debug'", &devices, "", "reloaded; changed: nothing");
    let moved = daemon.folder().path("elsewhere");
    let config = daemon.folder().path("config");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("/sock'", "/elsewhere'")).unwrap();
    daemon.signal("HUP");
    wait_for("the new socket", || common::Talk::try_connect(&moved).is_ok());
    assert!(common::Talk::connect(&moved).ask("ping").starts_with("ok"));
    assert!(talk.ask("ping").starts_with("ok"));
    wait_for("the old one is gone", || !daemon.socket().exists());
}
