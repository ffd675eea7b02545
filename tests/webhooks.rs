//! Webhooks of the real daemon: receivers that take events, that do not, and that try to harm it.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::receiver::{Receiver, Request, status};
use common::relay::listens_at;
use common::{Daemon, Folder, config, field, quick_box, slow_box, wait_for};
use goip_sim::Sim;

const SECRET: &str = "0123456789abcdef";

const EVENTS: &str = include_str!("../docs/events.md");

fn send(text: &str) -> String {
    format!(r#"{{"op":"send","to":"+4915112345678","text":"{text}"}}"#)
}

/// A section for a webhook to `receiver`.
fn section(name: &str, receiver: &Receiver, more: &str) -> String {
    format!("config webhook '{name}'\n option url '{}'\n option secret '{SECRET}'\n{more}\n", receiver.url())
}

/// A daemon in front of `sim` with these sections.
fn daemon(sim: &Sim, options: &str, sections: &str) -> Daemon {
    let folder = Folder::new();
    let path = config(&folder, sim, options);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, text + sections).unwrap();
    Daemon::start_in(folder)
}

/// Has the daemon read a configuration in which `from` is `to`.
fn reload(daemon: &Daemon, from: &str, to: &str) {
    let path = daemon.folder().path("config");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from));
    fs::write(path, text.replace(from, to)).unwrap();
    let before = daemon.out().matches("configuration reloaded").count();
    daemon.signal("HUP");
    wait_for("it is reloaded", || daemon.out().matches("configuration reloaded").count() > before);
}

fn seq(request: &Request) -> u32 {
    request.header("X-Goipd-Seq").parse().unwrap()
}

#[test]
fn an_event_comes_as_at_the_socket_and_signed() {
    let (sim, receiver) = (quick_box(), Receiver::willing());
    let daemon = daemon(&sim, "", &section("crm", &receiver, "list event 'sent'\nlist event 'queued'"));
    let mut stream = daemon.connect();
    stream.ask(r#"{"op":"events"}"#);
    daemon.ask(&send("Pump 3 stopped"));
    for name in ["queued", "sent"] {
        let request = receiver.next();
        let event = loop {
            let event = stream.reply().unwrap();
            if field(&event, "event") == name {
                break event;
            }
        };
        // What else is said of the message is as it was then.
        for what in ["event", "seq", "time", "id", "to", "text", "state"] {
            assert_eq!(field(&request.body, what), field(&event, what));
        }
        assert!(request.head.starts_with("POST /sms?k=1 HTTP/1.1\r\n"), "{}", request.head);
        assert_eq!(request.header("Host"), receiver.address.to_string());
        assert_eq!(request.header("Content-Type"), "application/json");
        assert_eq!(request.header("X-Goipd-Event"), name);
        assert_eq!(request.header("X-Goipd-Seq"), field(&event, "seq"));
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let then: u64 = request.header("X-Goipd-Timestamp").parse().unwrap();
        assert!((now - 20..=now + 1).contains(&then));
        assert!(request.is_signed(SECRET) && !request.is_signed("0123456789abcdeF"));
    }
}

#[test]
fn events_that_are_not_asked_for_do_not_come_and_all_others_in_order() {
    let (sim, receiver) = (quick_box(), Receiver::willing());
    let daemon = daemon(&sim, "", &section("crm", &receiver, "list event 'queued'"));
    for n in 1..=150 {
        daemon.ask(&send(&format!("n{n}")));
    }
    let mut last = 0;
    for n in 1..=150 {
        let request = receiver.next();
        assert_eq!(
            (field(&request.body, "event"), field(&request.body, "text")),
            ("queued", &*format!("n{n}"))
        );
        assert!(seq(&request) > last);
        last = seq(&request);
    }
}

#[test]
fn a_webhook_of_a_client_gets_the_events_of_its_messages_alone() {
    let (sim, receiver) = (quick_box(), Receiver::willing());
    let clients = "config relay 'lan'\n option enabled '1'\n list listen '127.0.0.1:0'\n\
        config client 'nagios'\n option token 'token-of-nagios-0'\n list allow 'send'\n\
        config client 'shop'\n option token 'token-of-shop-000'\n list allow 'send'\n";
    let more = "list event 'queued'\nlist event 'device_down'\nlist client 'nagios'";
    let daemon = daemon(&sim, "", &(clients.to_owned() + &section("crm", &receiver, more)));
    let address = listens_at(&daemon, 0);
    let port = address.rsplit(':').next().unwrap().parse::<u16>().unwrap();
    daemon.ask(&send("local"));
    for (token, text) in [("token-of-shop-000", "shop"), ("token-of-nagios-0", "nagios")] {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let body = format!(r#"{{"to":"12","text":"{text}"}}"#);
        write!(
            stream,
            "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    }
    assert_eq!(field(&receiver.next().body, "text"), "nagios");
    assert!(receiver.rest().is_empty());
}

#[test]
fn what_a_receiver_refuses_comes_again_and_nothing_overtakes_it() {
    let sim = slow_box();
    let receiver = Receiver::start(|n, stream| {
        status(stream, if n == 0 { "500 Internal Server Error" } else { "200 OK" });
    });
    let daemon = daemon(&sim, "", &section("crm", &receiver, "list event 'queued'"));
    daemon.ask(&send("first"));
    daemon.ask(&send("second"));
    let texts: Vec<String> = (0..3).map(|_| field(&receiver.next().body, "text").to_owned()).collect();
    assert_eq!(texts, ["first", "first", "second"]);
    daemon.wait_for_err("webhook 'crm' did not take event 1 (HTTP 500); it is tried again in 10 s");
    daemon.wait_for_out("webhook 'crm' takes events again, from 1 on");
}

#[test]
fn a_webhook_goes_on_after_a_crash_where_it_was() {
    let sim = slow_box();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let receiver = Receiver::at(listener, |n, stream| {
        if n == 0 {
            status(stream, "200 OK");
        }
        // Any other gets no answer.
    });
    let mut daemon = daemon(&sim, "", &section("crm", &receiver, "list event 'queued'"));
    daemon.ask(&send("a"));
    assert_eq!(field(&receiver.next().body, "text"), "a");
    daemon.ask(&send("b"));
    assert_eq!(field(&receiver.next().body, "text"), "b");
    daemon.wait_for_err("webhook 'crm' did not take event");
    daemon.ask(&send("c"));
    // What was acknowledged is on the disk within a second.
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(1500) {
        daemon.ask("ping");
        thread::sleep(Duration::from_millis(50));
    }
    daemon.kill();
    daemon.start_again();
    let request = receiver.next();
    assert_eq!(field(&request.body, "text"), "b", "not what was taken, and all that was not");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let other = Receiver::at(listener, |_, stream| status(stream, "200 OK"));
    reload(&daemon, &address.to_string(), &other.address.to_string());
    let texts: Vec<String> = (0..2).map(|_| field(&other.next().body, "text").to_owned()).collect();
    assert_eq!(texts, ["b", "c"], "at once after its address was corrected");
    daemon.wait_for_out("changed: webhook 'crm'");
}

#[test]
fn a_new_webhook_gets_what_happens_from_then_on_and_one_that_is_gone_nothing() {
    let (sim, receiver) = (slow_box(), Receiver::willing());
    let webhook = section("crm", &receiver, "list event 'queued'");
    let daemon = daemon(&sim, "", "");
    daemon.ask(&send("before"));
    let (end, with_webhook) = ("config device 'office'", format!("{webhook}config device 'office'"));
    reload(&daemon, end, &with_webhook);
    daemon.ask(&send("with"));
    assert_eq!(field(&receiver.next().body, "text"), "with");
    reload(&daemon, &with_webhook, end);
    daemon.ask(&send("without"));
    reload(&daemon, end, &with_webhook);
    daemon.ask(&send("with again"));
    assert_eq!(field(&receiver.next().body, "text"), "with again");
}

/// What a hostile or broken receiver does with a connection.
fn harm(kind: &'static str) -> Receiver {
    Receiver::start(move |_, stream| match kind {
        "redirect" => {
            let _ = stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n");
        }
        "hang" => {
            let _ = stream.read_to_end(&mut Vec::new());
        }
        "trickle" => {
            for byte in b"HTTP/1.1 200 OK\r\nX: ".iter().chain(std::iter::repeat(&b'x')) {
                if stream.write_all(&[*byte]).is_err() {
                    break;
                }
                thread::sleep(Duration::from_millis(50));
            }
        }
        "head" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
            for _ in 0..10_000 {
                if stream.write_all(&b"X-Large: ".repeat(100)).is_err() {
                    break;
                }
            }
        }
        "body" => {
            let _ = stream.write_all(b"HTTP/1.1 500 No\r\nContent-Length: 10485760\r\n\r\n");
            for _ in 0..160 {
                if stream.write_all(&[b'x'; 65_536]).is_err() {
                    break;
                }
            }
        }
        _ => {
            let _ = stream.write_all(b"220 mail.example.org ESMTP\r\n");
        }
    })
}

/// The most memory that a process has had in RAM, in KiB.
fn peak_kib(pid: u32) -> u32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn receivers_that_fail_in_any_way_delay_nobody_and_cost_no_memory() {
    let (sim, good) = (quick_box(), Receiver::willing());
    let kinds = ["redirect", "hang", "trickle", "head", "body", "mail"];
    let bad: Vec<Receiver> = kinds.into_iter().map(harm).collect();
    let mut sections = String::new();
    for (kind, receiver) in kinds.iter().zip(&bad) {
        sections.push_str(&section(kind, receiver, "option timeout '2'\nlist event 'queued'"));
    }
    sections.push_str(&section("good", &good, "list event 'queued'\nlist event 'sent'"));
    let daemon = daemon(&sim, "", &sections);
    let before = peak_kib(daemon.pid());
    for n in 0..5 {
        daemon.ask(&send(&format!("n{n}")));
    }
    let names: Vec<String> = (0..10).map(|_| field(&good.next().body, "event").to_owned()).collect();
    assert_eq!(names.iter().filter(|name| *name == "sent").count(), 5, "{names:?}");
    assert_eq!(field(&daemon.ask(r#"{"op":"status","id":5}"#), "state"), "sent");
    for (kind, why) in [
        ("redirect", "HTTP 302; redirects are not followed"),
        ("hang", "timed out"),
        ("trickle", "timed out"),
        ("head", "not an HTTP answer"),
        ("body", "HTTP 500"),
        ("mail", "no answer"),
    ] {
        daemon.wait_for_err(&format!(
            "webhook '{kind}' did not take event 1 ({why}); it is tried again in 10 s"
        ));
    }
    for receiver in bad {
        let requests = receiver.rest();
        assert!(!requests.is_empty() && requests.iter().all(|request| seq(request) == 1), "one at a time");
    }
    let grown = peak_kib(daemon.pid()) - before;
    // Of an emulated program the memory is mostly the emulator's.
    let emulated = std::env::var_os("GOIPD_RUNNER").is_some();
    assert!(emulated || grown < 2048, "{grown} KiB");
}

/// The program in the document's only block of that language.
fn documented(language: &str) -> &'static str {
    let (_, rest) = EVENTS.split_once(&format!("```{language}\n")).unwrap();
    rest.split("```").next().unwrap()
}

/// The exit code of a program that gets `input`.
fn run(command: &mut Command, input: &str) -> Option<i32> {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // It may refuse before it has read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait().unwrap().code()
}

#[test]
fn the_verifiers_of_the_document_take_what_goipd_signs_and_nothing_else() {
    let (sim, receiver) = (slow_box(), Receiver::willing());
    let daemon = daemon(&sim, "", &section("crm", &receiver, "list event 'queued'"));
    daemon.ask(&send("signed: ä\\n€ 'x'"));
    let request = receiver.next();
    let path = daemon.folder().path("verify.sh");
    fs::write(&path, documented("sh")).unwrap();
    let python = "import sys\nsecret, timestamp, signature = sys.argv[1:]\n\
        headers = {'X-Goipd-Timestamp': timestamp, 'X-Goipd-Signature': signature}\n\
        sys.exit(0 if is_from_goipd(secret, headers, sys.stdin.buffer.read()) else 1)\n";
    let python = documented("python").to_owned() + python;
    let (timestamp, signature) = (request.header("X-Goipd-Timestamp"), request.header("X-Goipd-Signature"));
    let old = (timestamp.parse::<u64>().unwrap() - 400).to_string();
    let parts = [old.as_bytes(), b".", request.body.as_bytes()];
    let old_signature = format!("sha256={}", goipd::notify::signature(SECRET.as_bytes(), &parts));
    let changed = request.body.replace("signed", "singed");
    for (secret, timestamp, signature, body, expected) in [
        (SECRET, timestamp, signature, request.body.as_str(), 0),
        ("fedcba9876543210", timestamp, signature, &request.body, 1),
        (SECRET, timestamp, signature, &changed, 1),
        (SECRET, timestamp, &signature.replace("sha256=", ""), &request.body, 1),
        (SECRET, &old, &old_signature, &request.body, 1),
    ] {
        let arguments = [secret, timestamp, signature];
        assert_eq!(run(Command::new("sh").arg(&path).args(arguments), body), Some(expected), "{arguments:?}");
        let mut python_run = Command::new("python3");
        assert_eq!(
            run(python_run.args(["-c", &python]).args(arguments), body),
            Some(expected),
            "{arguments:?}"
        );
    }
}

#[test]
fn received_messages_are_told_if_their_senders_pass() {
    let (sim, receiver, plain) = (quick_box(), Receiver::willing(), Receiver::willing());
    let options = "list allow_from '+49*'\nlist allow_from 'Bank'\nlist deny_from '+4930*'";
    let clients = "config client 'shop'\n option token 'token-of-shop-000'\n list allow 'send'\n";
    let sections =
        section("crm", &receiver, "") + clients + &section("of_shop", &plain, "list client 'shop'");
    let daemon = daemon(&sim, &format!("{options}\n"), &sections);
    reload(
        &daemon,
        "option lines '1'",
        "option lines '1'\noption inbox_interval '1'\noption inbox_first 'events'",
    );
    let [first, second] = ["+49151 first", "+49152 \"];</script>%0a$(reboot)%e2%80%ae"];
    for sms in ["+4930 denied", "777 not allowed", first, "+44 not allowed", "BANK by name", second] {
        sim.command(&format!("sms 1 {sms}")).unwrap();
    }
    for (from, text) in
        [("+49151", "first"), ("BANK", "by name"), ("+49152", "\"];</script>\n$(reboot)\u{202e}")]
    {
        let request = receiver.next();
        assert_eq!(request.header("X-Goipd-Event"), "received");
        assert!(request.is_signed(SECRET) && !request.body.contains('\n'));
        let fields = goipd::api::scan::scan(&request.body).unwrap();
        let message = fields.iter().find(|f| f.name == r#""message""#).unwrap().value;
        let message = goipd::api::scan::scan(message).unwrap();
        let value = |name: &str| {
            let field = message.iter().find(|f| f.name.trim_matches('"') == name).unwrap();
            goipd::api::scan::decode(field.value).into_owned()
        };
        assert_eq!((value("from").as_str(), value("text").as_str()), (from, text));
        assert_eq!(value("line"), "office/1");
    }
    let inbox = daemon.ask(r#"{"op":"inbox"}"#);
    assert_eq!(inbox.matches("\"from\":").count(), 6, "the inbox has them all: {inbox}");
    assert!(receiver.rest().is_empty() && plain.rest().is_empty());
}

#[test]
fn no_text_breaks_out_of_its_event() {
    let (sim, receiver) = (slow_box(), Receiver::willing());
    let daemon = daemon(&sim, "option max_segments '15'", &section("crm", &receiver, "list event 'queued'"));
    for text in common::HOSTILE_TEXTS {
        let text = text.replace('\0', "");
        let mut request = String::new();
        goipd::api::json::object(&mut request, |o| {
            o.string("op", "send");
            o.string("to", "12");
            o.string("text", &text);
        });
        let reply = daemon.ask(&request);
        assert_eq!(field(&reply, "ok"), "true", "{reply}");
        let body = receiver.next().body;
        assert!(!body.contains(['\n', '\r', '\0']), "{body}");
        let fields = goipd::api::scan::scan(&body).unwrap();
        let message = fields.iter().find(|f| f.name == r#""message""#).unwrap().value;
        let fields = goipd::api::scan::scan(message).unwrap();
        let value = fields.iter().find(|f| f.name.trim_matches('"') == "text").unwrap().value;
        assert_eq!(goipd::api::scan::decode(value), text);
    }
}
