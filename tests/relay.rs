//! The HTTP relay from outside: the real daemon, spoken to over TCP.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use common::relay::{ADMIN, Relay, TOKEN, listens_at, read_answer, request};
use common::{PATIENCE, quick_box, slow_box, wait_for};

#[test]
fn a_message_goes_through_and_is_waited_for() {
    let sim = quick_box();
    let relay = Relay::start(&sim);
    let accepted =
        relay.post(r#"{"to":"+4915112345678","text":"Pump 3 stopped","line":"office/1","tag":"x"}"#);
    assert_eq!((accepted.status, accepted.header("Location")), (202, Some("/v1/messages/1")));
    assert_eq!(accepted.body, r#"{"id":1,"state":"queued","segments":1,"encoding":"gsm7","tag":"x"}"#);
    let sent = relay.get("/v1/messages/1?wait=20");
    assert_eq!(sent.status, 200);
    assert!(sent.body.contains(r#""state":"sent","line":"office/1""#), "{}", sent.body);
    assert_eq!(sim.air().len(), 1);
    let list = relay.get("/v1/messages?state=sent&limit=1");
    assert!(list.body.starts_with(r#"{"messages":[{"id":1,"#) && list.body.ends_with(r#"],"next":1}"#));
}

#[test]
fn every_route_has_its_answer_and_every_mistake_its_code() {
    let sim = slow_box();
    let relay = Relay::start(&sim);
    assert_eq!(relay.post(r#"{"to":"12","text":"x"}"#).status, 202);
    for (method, target, body, status, error) in [
        ("GET", "/health", "", 200, ""),
        ("GET", "/openapi.json", "", 200, ""),
        ("GET", "/metrics", "", 200, ""),
        ("GET", "/v1/inbox", "", 200, ""),
        ("GET", "/v1/lines", "", 200, ""),
        ("GET", "/v1/messages", "", 200, ""),
        ("GET", "/v1/messages/1", "", 200, ""),
        ("OPTIONS", "/v1/messages", "", 204, ""),
        ("OPTIONS", "*", "", 204, ""),
        ("GET", "/v1/messages/2", "", 404, "not_found"),
        ("GET", "/v1/messages/x", "", 404, "not_found"),
        ("GET", "/", "", 404, "not_found"),
        ("PUT", "/v1/messages", "", 405, "method_not_allowed"),
        ("POST", "/v1/lines", "", 405, "method_not_allowed"),
        ("GET", "/v1/messages?limit=0", "", 400, "bad_request"),
        ("GET", "/v1/messages?x=1", "", 400, "bad_request"),
        ("GET", "/v1/messages/1?wait=61", "", 400, "bad_request"),
        ("POST", "/v1/messages", "", 400, "bad_request"),
        ("POST", "/v1/messages", "{", 400, "bad_request"),
        ("POST", "/v1/messages", r#"{"to":"12"}"#, 400, "bad_request"),
        ("POST", "/v1/messages", r#"{"to":"12x","text":"x"}"#, 422, "invalid_number"),
        ("POST", "/v1/messages", r#"{"to":"12","text":""}"#, 422, "empty_text"),
        ("POST", "/v1/messages", r#"{"to":"12","text":"x","line":"mast"}"#, 422, "unknown_line"),
        ("DELETE", "/v1/messages/1", "", 409, "too_late"),
        ("DELETE", "/v1/messages/9", "", 404, "not_found"),
    ] {
        let answer = relay.request(method, target, TOKEN, body);
        assert_eq!((answer.status, answer.error()), (status, error), "{method} {target} {body} {answer:?}");
        assert_eq!(answer.status == 405, answer.header("Allow").is_some() && status != 204, "{answer:?}");
    }
    let mut head = relay.connect();
    head.write_all(request("HEAD", "/health", TOKEN, "").as_bytes()).unwrap();
    head.write_all(request("GET", "/health", TOKEN, "").as_bytes()).unwrap();
    let mut text = String::new();
    while text.matches("HTTP/1.1 200").count() < 2 || !text.ends_with('}') {
        let mut bytes = [0; 512];
        let count = head.read(&mut bytes).unwrap();
        text.push_str(core::str::from_utf8(&bytes[..count]).unwrap());
    }
    assert_eq!(text.matches(r#"{"status":"ok"}"#).count(), 1, "HEAD has no body: {text}");
}

#[test]
fn who_may_not_is_told_so_and_sees_nothing_of_others() {
    let sim = slow_box();
    let relay = Relay::start(&sim);
    let without = relay.raw(b"GET /v1/messages HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!((without.status, without.header("WWW-Authenticate")), (401, Some("Bearer")));
    assert_eq!(relay.request("GET", "/v1/messages", "0123456789abcdeX", "").error(), "unauthorized");
    let elsewhere = relay.raw(b"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert_eq!(elsewhere.error(), "forbidden");
    let foreign = request("POST", "/v1/messages", TOKEN, r#"{"to":"12","text":"x"}"#)
        .replace("Host:", "Origin: http://evil.example\r\nHost:");
    assert_eq!(relay.raw(foreign.as_bytes()).error(), "forbidden");
    let own = relay.request("POST", "/v1/messages", ADMIN, r#"{"to":"12","text":"x"}"#);
    assert_eq!(own.status, 202);
    assert_eq!(relay.get("/v1/messages/1").error(), "not_found");
    assert_eq!(relay.request("DELETE", "/v1/messages/1", TOKEN, "").error(), "not_found");
    assert_eq!(relay.get("/v1/messages").body, r#"{"messages":[],"next":0}"#);
    assert_eq!(relay.post(r#"{"to":"12","text":"y"}"#).status, 202);
    assert_eq!(relay.request("GET", "/v1/messages/2", ADMIN, "").status, 200, "admin sees all");
}

#[test]
fn the_same_key_is_the_same_message_for_its_own_client() {
    let sim = slow_box();
    let relay = Relay::start(&sim);
    let send = |token, body: &str| {
        let request = request("POST", "/v1/messages", token, body);
        relay.raw(request.replace("Host:", "Idempotency-Key: k\r\nHost:").as_bytes())
    };
    assert!(send(TOKEN, r#"{"to":"12","text":"x"}"#).body.contains(r#""id":1"#));
    let again = send(TOKEN, r#"{"to":"12","text":"x"}"#);
    assert!(again.body.contains(r#""id":1"#) && again.body.ends_with(r#""replayed":true}"#), "{again:?}");
    assert_eq!(send(TOKEN, r#"{"to":"12","text":"y"}"#).error(), "duplicate_key");
    assert!(send(ADMIN, r#"{"to":"12","text":"y"}"#).body.contains(r#""id":2"#));
}

#[test]
fn a_share_ends_and_is_told_with_the_time_to_come_again() {
    let sim = slow_box();
    let relay = Relay::start_with(&sim, "", "option rate '2'");
    for status in [202, 202, 429] {
        let answer = relay.post(r#"{"to":"12","text":"x"}"#);
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("Retry-After").is_some(), status == 429);
    }
}

#[test]
fn a_days_share_is_remembered_over_a_restart() {
    let sim = slow_box();
    let mut relay = Relay::start_with(&sim, "", "option daily '2'");
    for status in [202, 202, 429] {
        assert_eq!(relay.post(r#"{"to":"12","text":"x"}"#).status, status);
    }
    relay.daemon.kill();
    let before = relay.daemon.out().len();
    relay.daemon.start_again();
    relay.address = listens_at(&relay.daemon, before);
    let refused = relay.post(r#"{"to":"12","text":"x"}"#);
    assert_eq!(refused.status, 429, "{refused:?}");
}

#[test]
fn a_program_that_was_written_for_a_goip_works_and_never_meets_busy() {
    let sim = quick_box();
    let relay = Relay::start(&sim);
    let login = format!("u=nagios&p={TOKEN}");
    for n in 1..=5 {
        let answer = relay.page(&format!("send.html?{login}&l=1&n=1234{n}&m=hello+{n}"));
        assert_eq!(answer, format!("\nSending,L1 Send SMS to:1234{n}; ID:{n:08x}\n"));
    }
    let start = Instant::now();
    let status = loop {
        let status = relay.page(&format!("send_status.xml?{login}"));
        if status.contains("<id1>00000005</id1>\n\t<status1>DONE</status1>\n\t<error1></error1>") {
            break status;
        }
        assert!(status.contains("<id1>00000005</id1>\n\t<status1>STARTED</status1>"), "{status}");
        assert!(start.elapsed() < PATIENCE, "{status}");
        thread::sleep(Duration::from_millis(20));
    };
    assert!(status.contains("<id8></id8>"), "as many lines as a small box: {status}");
    assert_eq!(sim.air().len(), 5);
    let other = relay.page(&format!("send_status.xml?u=boss&p={ADMIN}"));
    assert!(other.contains("<id1></id1>"), "everybody has a status of its own: {other}");
    for (target, answer) in [
        ("send.html?u=nagios&p=wrong&l=1&n=12&m=x".to_owned(), "\nERROR,user or password error\n"),
        ("send_status.xml?u=nagios".to_owned(), "\nERROR,user or password error\n"),
        (format!("send.html?{login}&l=1&n=12x&m=x"), "\nERROR,L1 invalid_number\n"),
        (format!("send.html?{login}&l=3&n=12&m=x"), "\nERROR,L3 unknown_line\n"),
    ] {
        assert_eq!(relay.page(&target), answer, "{target}");
    }
}

#[test]
fn a_form_in_the_body_is_as_good_as_a_query() {
    let sim = quick_box();
    let relay = Relay::start(&sim);
    let body = format!("u=nagios&p={TOKEN}&l=1&n=12345&m=Gr%C3%BC%C3%9Fe");
    for method in ["POST", "GET"] {
        let answer = relay.raw(
            format!(
                "{method} /default/en_US/send.html HTTP/1.1\r\nHost: localhost\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
            .as_bytes(),
        );
        assert!(answer.body.starts_with("\nSending,L1 Send SMS to:12345; ID:"), "{answer:?}");
    }
    let sent = relay.get("/v1/messages/2?wait=20");
    assert!(sent.body.contains("\"state\":\"sent\""), "{sent:?}");
    let air = sim.air();
    assert!(air.len() == 2 && air.iter().all(|sms| sms.text == "Grüße"), "{air:?}");
}

#[test]
fn the_web_form_reports_its_key_back() {
    let sim = quick_box();
    let relay = Relay::start(&sim);
    let basic = "Authorization: Basic bmFnaW9zOjAxMjM0NTY3ODlhYmNkZWY=";
    let page = |method: &str, target: &str, body: &str| {
        relay.raw(
            format!(
                "{method} /default/en_US/{target} HTTP/1.0\r\n{basic}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
            .as_bytes(),
        )
    };
    assert!(page("GET", "tools.html?type=sms", "").body.contains("name=\"smskey\" value=\""));
    let form = "line1=1&smskey=5fd36a4a&action=SMS&telnum=12345&smscontent=hello&send=Send";
    let sent = page("POST", "sms_info.html?type=sms", form);
    assert!(sent.body.contains("<td id=\"send1\">Line 1 Sending...</td>"), "{sent:?}");
    let status = page("GET", "send_sms_status.xml?line=&ajaxcachebust=1", "").body;
    assert!(status.contains("<smskey1>5fd36a4a</smskey1>"), "{status}");
    assert!(page("GET", "tools.html?type=sms_inbox", "").body.contains("sms_row_insert(l2_sms_store"));
    assert!(page("GET", "status.xml?type=list", "").body.contains("<l2_line_state>"));
    for gone in ["reboot.html", "config.html", "status.html", "tools.html?type=upgrade", "reset_config.html"]
    {
        assert_eq!(page("GET", gone, "").status, 404, "{gone}");
    }
    let denied = relay.raw(b"GET /default/en_US/send_sms_status.xml HTTP/1.0\r\n\r\n");
    assert_eq!((denied.status, denied.header("WWW-Authenticate")), (401, Some("Basic realm=\"goipd\"")));
}

#[test]
fn connections_that_send_a_byte_now_and_then_do_not_stop_a_good_client() {
    let sim = slow_box();
    let relay = Relay::start_with(&sim, "option max_connections '8'", "");
    let mut slow: Vec<TcpStream> = (0..40).map(|_| relay.connect()).collect();
    for stream in &mut slow {
        // Those that had to make room are closed already.
        let _ = stream.write_all(b"GET /v1/lin");
    }
    let start = Instant::now();
    assert_eq!(relay.get("/health").status, 200);
    assert!(start.elapsed() < PATIENCE);
}

#[test]
fn pipelined_requests_are_answered_in_order_and_smuggled_ones_not_at_all() {
    let sim = slow_box();
    let relay = Relay::start(&sim);
    let mut stream = relay.connect();
    let all = [
        request("POST", "/v1/messages", TOKEN, r#"{"to":"12","text":"x"}"#),
        request("GET", "/v1/messages/1", TOKEN, ""),
        request("GET", "/health", TOKEN, ""),
    ];
    stream.write_all(all.concat().as_bytes()).unwrap();
    let answers: Vec<u16> = (0..3).map(|_| read_answer(&mut stream).status).collect();
    assert_eq!(answers, [202, 200, 200]);
    let both = "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut stream = relay.connect();
    stream.write_all(both.as_bytes()).unwrap();
    assert_eq!(read_answer(&mut stream).status, 400);
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
}

/// Reads until the stream has shown `end`; all that came.
fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut bytes = [0; 4096];
    while !text.contains(end) {
        let count = stream.read(&mut bytes).unwrap();
        assert!(count > 0, "closed before {end}: {text}");
        text.push_str(core::str::from_utf8(&bytes[..count]).unwrap());
    }
    text
}

#[test]
fn events_come_as_they_happen_and_go_on_behind_the_last_one_seen() {
    let sim = quick_box();
    let relay = Relay::start(&sim);
    let stream_of = |token, headers: &str| {
        let mut stream = relay.connect();
        let head = format!(
            "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let (mut own, mut all) = (stream_of(TOKEN, ""), stream_of(ADMIN, ""));
    let begun = read_until(&mut own, "retry: 5000\n\n");
    assert!(begun.contains("Content-Type: text/event-stream\r\nCache-Control: no-store\r\n"), "{begun}");
    relay.request("POST", "/v1/messages", ADMIN, r#"{"to":"+4912","text":"not yours"}"#);
    relay.post(r#"{"to":"+4913","text":"yours"}"#);
    let told = read_until(&mut own, r#"{"event":"sent""#);
    assert!(told.contains(r#"data: {"event":"queued","#) && told.contains("\"text\":\"yours\""), "{told}");
    assert!(!told.contains("not yours"), "{told}");
    let told = read_until(&mut all, "\"id\":2,\"to\":\"+4913\",\"text\":\"yours\",\"state\":\"sent\"");
    assert!(told.contains("not yours"), "{told}");
    let id = |line: &str| line.strip_prefix("id: ").map(|id| id.parse::<u32>().unwrap());
    let ids: Vec<u32> = told.lines().filter_map(id).collect();
    assert!(ids.iter().copied().eq(1..=ids.len() as u32), "{told}");

    let last = ids.len() as u32;
    let again = read_until(&mut stream_of(ADMIN, &format!("Last-Event-ID: {}\r\n", last - 1)), "data: ");
    assert!(again.contains(&format!("\n\nid: {last}\ndata: ")), "{again}");
    let anew = read_until(&mut stream_of(ADMIN, "Last-Event-ID: 4000000000\r\n"), "\"event\":\"queued\"");
    assert!(
        anew.contains("id: 0\ndata: {\"event\":\"reset\",\"seq\":0,\"reset\":true}\n\nid: 1\n"),
        "{anew}"
    );
    let refused = relay.get("/v1/events?after=x");
    assert_eq!((refused.status, refused.error()), (400, "bad_request"));
}

#[test]
fn streams_leave_places_for_requests_that_are_answered_at_once() {
    let sim = quick_box();
    let relay = Relay::start_with(&sim, " option max_connections '8'\n", "");
    let head = request("GET", "/v1/events", TOKEN, "");
    let mut streams: Vec<TcpStream> = (0..7).map(|_| relay.connect()).collect();
    for stream in &mut streams[..6] {
        stream.write_all(head.as_bytes()).unwrap();
        read_until(stream, "retry: 5000\n\n");
    }
    streams[6].write_all(head.as_bytes()).unwrap();
    let one_more = read_answer(&mut streams[6]);
    assert_eq!((one_more.status, one_more.error()), (503, "too_many"));
    assert_eq!(one_more.header("Retry-After"), Some("5"));
    assert_eq!(relay.post(r#"{"to":"12","text":"x","line":"office/2"}"#).status, 202);
    let waits = relay.get("/v1/messages/1?wait=60");
    assert_eq!((waits.status, waits.error()), (503, "too_many"), "a wait takes such a place, too");
    assert_eq!(relay.get("/v1/lines").status, 200);
    // Who goes leaves a place.
    streams.truncate(5);
    wait_for("there is a place", || {
        relay.raw(request("HEAD", "/v1/events", TOKEN, "").as_bytes()).status == 200
    });
}

#[test]
fn told_to_stop_it_answers_who_waits() {
    let sim = slow_box();
    let relay = Relay::start(&sim);
    assert_eq!(relay.post(r#"{"to":"12","text":"x"}"#).status, 202);
    let mut waits = relay.connect();
    waits.write_all(request("GET", "/v1/messages/1?wait=60", TOKEN, "").as_bytes()).unwrap();
    // The answer of another shows that the one before has been read as well.
    assert_eq!(relay.get("/v1/messages/1").status, 200);
    relay.daemon.signal("TERM");
    assert_eq!(read_answer(&mut waits).status, 200);
}
