use std::io::Write;
use std::time::{Duration, Instant};

use super::super::report::JobStatus;
use super::super::testing::{answering_box, read_request, scripted_box, silent_box};
use super::*;

const PAGE: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<send-sms-status>\n\
    <id1>6a52acc8</id1><status1>DONE</status1><error1></error1>\n</send-sms-status>\n";

fn answer_to(page: &str) -> Result<StatusPage, AskError> {
    let (the_box, device) = answering_box(page.to_owned());
    let result = device.status();
    the_box.join().unwrap();
    result
}

fn unreachable(why: &str) -> Result<StatusPage, AskError> {
    Err(AskError::Unreachable(Words::new(why)))
}

#[test]
fn the_status_is_asked_with_the_login_in_the_query() {
    let (the_box, device) = answering_box(format!("HTTP/1.0 200 OK\nContent-Type: text/html\n\n{PAGE}"));
    let page = device.status().unwrap();
    assert_eq!(page.line(1).unwrap().status, JobStatus::Done);
    let request = the_box.join().unwrap();
    assert!(request.starts_with("GET /default/en_US/send_status.xml?u=admin&p=p%26w HTTP/1."), "{request}");
    assert!(!request.contains("Cookie"));
}

#[test]
fn the_forms_status_is_asked_with_a_basic_login() {
    let (the_box, device) = answering_box(format!("HTTP/1.0 200 OK\n\n{PAGE}"));
    assert_eq!(device.form_status().unwrap().line(1).unwrap().status, JobStatus::Done);
    let request = the_box.join().unwrap();
    let path = "GET /default/en_US/send_sms_status.xml?line=&ajaxcachebust=1 HTTP/1.";
    assert!(request.starts_with(path), "{request}");
    assert!(request.contains("\r\nAuthorization: Basic YWRtaW46cCZ3\r\n"), "{request}");
}

#[test]
fn a_page_is_read_whatever_ends_the_heads_lines() {
    for head in [
        "HTTP/1.0 200 OK\n\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", PAGE.len()),
    ] {
        assert!(answer_to(&format!("{head}{PAGE}")).is_ok(), "{head:?}");
    }
}

#[test]
fn a_wrong_login_is_told_from_a_page() {
    for answer in [
        "HTTP/1.0 401 Please Authenticate\nWWW-Authenticate: Basic realm=\"x\"\n\n\n",
        "HTTP/1.0 200 OK\n\n\nERROR,user or password error\n",
        "HTTP/1.0 200 OK\n\nerror,User or Password",
    ] {
        assert_eq!(answer_to(answer), Err(AskError::BadLogin), "{answer:?}");
    }
}

#[test]
fn what_is_no_status_page_is_named() {
    for (answer, why) in [
        ("HTTP/1.0 404 Not Found\nDate: x\n\n<html></html>", "HTTP 404"),
        ("HTTP/1.0 302 Found\nLocation: http://127.0.0.1:1/\n\n", "HTTP 302"),
        ("HTTP/1.0 503 Busy\nDate: x\n\n", "HTTP 503"),
        ("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n0\n\n", "chunked answer"),
        ("HTTP/1.0 200 OK\nContent-Length: many\n\n", "not an HTTP answer"),
        ("HTTP/1.0 200 OK\n\n<html><body>Login</body></html>", "no status page"),
        ("HTTP/1.0 200 OK\n\n<send-sms-status><id1>6a52acc8</id1>", "page cut off"),
    ] {
        assert_eq!(answer_to(answer), Err(not_understood(why)), "{answer:?}");
    }
}

#[test]
fn a_head_without_end_is_given_up() {
    let head = format!("HTTP/1.0 200 OK\r\n{}", "A: b\r\n".repeat(2000));
    let (_the_box, device) = scripted_box(move |mut stream| {
        read_request(&mut stream);
        // Fails where the other side gives up first, which is what it is to do.
        let _ = stream.write_all(head.as_bytes());
    });
    assert_eq!(device.status(), Err(not_understood("not an HTTP answer")));
}

#[test]
fn a_page_without_end_is_given_up() {
    let (the_box, device) = scripted_box(|mut stream| {
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.0 200 OK\n\n").unwrap();
        while stream.write_all(&[b' '; 1024]).is_ok() {}
    });
    assert_eq!(device.status(), Err(not_understood("page over 64 KiB")));
    the_box.join().unwrap();
}

#[test]
fn a_box_that_does_not_answer_is_unreachable() {
    let (listener, device) = silent_box();
    drop(listener);
    // Not which kind: an emulated connect names it otherwise (docs/building.md, "Traps").
    assert!(matches!(device.status(), Err(AskError::Unreachable(_))));
    assert_eq!(answer_to(""), unreachable("closed without answer"));
}

#[test]
fn a_box_that_hangs_is_unreachable_after_the_time_out() {
    let (_listener, mut device) = silent_box();
    device.timeout_s = 1;
    let start = Instant::now();
    assert_eq!(device.status(), unreachable("timed out"));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_box_that_hangs_within_its_page_is_unreachable_after_the_time_out() {
    let (the_box, mut device) = scripted_box(|mut stream| {
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.0 200 OK\n\n<send-sms-status>").unwrap();
        stream.read_to_end(&mut Vec::new()).is_ok()
    });
    device.timeout_s = 1;
    assert_eq!(device.status(), unreachable("timed out"));
    assert!(the_box.join().unwrap());
}

#[test]
fn a_name_that_nobody_knows_is_unreachable_and_its_error_has_no_login() {
    let (_listener, mut device) = silent_box();
    device.host = "no-such-box.invalid".into();
    device.password = "verysecret".into();
    let error = device.status().unwrap_err();
    assert!(matches!(error, AskError::Unreachable(_)));
    assert!(!format!("{error:?}").contains("verysecret"));
}
