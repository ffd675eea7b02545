use std::sync::mpsc;

use super::super::device::NumberFormat;
use super::super::testing::{answering_box, device_at, read_request, scripted_box, silent_box};
use super::*;
use crate::message::JobId;

/// Short enough for a test that waits for it, long enough for a busy machine to connect.
const SHORT: Duration = Duration::from_millis(300);

const SENDING: &str =
    "HTTP/1.0 200 OK\nContent-Type: text/html\n\n\nSending,L2 Send SMS to:+4915; ID:6a52acc8\n";

fn lost(phase: Phase, timed_out: bool) -> SendOutcome {
    SendOutcome::Lost { phase, timed_out }
}

fn sending() -> SendOutcome {
    let id = JobId::parse("6a52acc8").unwrap();
    SendOutcome::Answered(SendAnswer::Sending { line: Some(2), id })
}

#[test]
fn a_send_is_one_get_with_everything_encoded() {
    let (the_box, device) = answering_box(SENDING);
    assert_eq!(device.send(2, "+4915", "Pump 3 & ü", None), sending());
    let port = device.port;
    assert_eq!(
        the_box.join().unwrap(),
        format!(
            "GET /default/en_US/send.html?u=admin&p=p%26w&l=2&n=%2B4915&m=Pump%203%20%26%20%C3%BC HTTP/1.0\r\n\
             Host: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        )
    );
}

#[test]
fn the_form_is_one_post_with_all_that_belongs_to_it() {
    let key = JobId::parse("1abc012f").unwrap();
    for (plain, box_name) in [(false, "line2"), (true, "line")] {
        let (the_box, device) = answering_box("HTTP/1.0 200 OK\n\n<td id=\"send2\">Line 2 Sending...");
        let answer = device.send(2, "+4915", &"€".repeat(1000), Some(ByForm { key, plain }));
        assert_eq!(answer, SendOutcome::Answered(SendAnswer::Sending { line: None, id: key }));
        let request = the_box.join().unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let text = "%E2%82%AC".repeat(1000);
        assert_eq!(
            body,
            format!("{box_name}=1&smskey=1abc012f&action=SMS&telnum=%2B4915&smscontent={text}&send=Send")
        );
        assert_eq!(
            head,
            format!(
                "POST /default/en_US/sms_info.html?type=sms HTTP/1.0\r\nHost: 127.0.0.1:{}\r\n\
                 Connection: close\r\nAuthorization: Basic YWRtaW46cCZ3\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}",
                device.port,
                body.len()
            )
        );
    }
}

#[test]
fn a_text_that_has_room_in_the_api_is_never_cut_by_the_box() {
    let mut device = device_at(80);
    let host = Authority(([127, 0, 0, 1], 80).into());
    for (username, password) in [("a", "b"), ("admin", "p&w"), (&*"&".repeat(49), &*"ü".repeat(24))] {
        (device.username, device.password) = (username.into(), password.into());
        let request = device.send_request(&host, 64, LONGEST_NUMBER, &"x".repeat(device.api_room()), None);
        assert_eq!(request.iter().position(|b| *b == b'\r'), Some(REQUEST_LINE_MAX_BYTES));
    }
}

#[test]
fn a_request_fits_into_the_buffer_made_for_it() {
    let mut device = device_at(65535);
    device.username = "ü".repeat(64).into();
    device.password = "&".repeat(128).into();
    let host = Authority(([255, 255, 255, 255], 65535).into());
    for text in ["x".into(), "€".repeat(1000)] {
        for form in [None, Some(ByForm { key: JobId::key(1), plain: false })] {
            let request = device.send_request(&host, 255, LONGEST_NUMBER, &text, form);
            let body = request.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
            assert!(request.len() <= request.capacity() && request.capacity() < body + 9500);
            assert!(form.is_none() || request.len() - body <= 10_240, "the box reads no more");
        }
    }
}

#[test]
fn the_number_goes_out_as_the_operator_wants_it() {
    let (the_box, mut device) = answering_box(SENDING);
    device.number_format = NumberFormat::DoubleZero;
    device.send(2, "+4915", "x", None);
    assert!(the_box.join().unwrap().contains("&n=004915&"));
}

#[test]
fn a_refused_connection_is_not_connected() {
    let (listener, device) = silent_box();
    drop(listener);
    assert_eq!(device.send(1, "777", "x", None), lost(Phase::NotConnected, false));
}

#[test]
fn a_name_that_nobody_knows_is_not_connected() {
    let mut device = device_at(80);
    device.host = "no-such-box.invalid".into();
    assert!(matches!(device.send(1, "777", "x", None), SendOutcome::Lost { phase: Phase::NotConnected, .. }));
}

#[test]
fn a_time_out_before_the_connection_stands_is_not_connected() {
    let (_listener, device) = silent_box();
    assert_eq!(device.send_within(Duration::ZERO, 1, "777", "x", None), lost(Phase::NotConnected, true));
}

#[test]
fn a_time_out_before_the_first_byte_is_connected_and_nothing_left() {
    let (the_box, device) = scripted_box(|mut stream| {
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        heard
    });
    let stream = TcpStream::connect((&*device.host, device.port)).unwrap();
    let request = Request { bytes: b"GET".into(), form: None };
    let mut phase = Phase::Connected;
    let error = exchange(&stream, &request, &Deadline::after(Duration::ZERO), &mut phase).unwrap_err();
    assert!(is_timeout(&error));
    assert_eq!(phase, Phase::Connected);
    drop(stream);
    assert_eq!(the_box.join().unwrap(), b"");
}

#[test]
fn a_box_that_hangs_up_without_reading_may_have_the_message() {
    let (the_box, device) = scripted_box(drop);
    let outcome = device.send(1, "777", "x", None);
    the_box.join().unwrap();
    // Which of the two it is depends on who was faster: the first byte or the reset.
    assert!([lost(Phase::Written, false), lost(Phase::Connected, false)].contains(&outcome), "{outcome:?}");
}

#[test]
fn a_box_that_hangs_up_after_reading_may_have_the_message() {
    let (_the_box, device) = answering_box("");
    assert_eq!(device.send(1, "777", "x", None), lost(Phase::Written, false));
}

#[test]
fn a_box_that_never_accepts_may_have_the_message() {
    let (_listener, device) = silent_box();
    assert_eq!(device.send_within(SHORT, 1, "777", "x", None), lost(Phase::Written, true));
}

#[test]
fn after_a_time_out_the_connection_is_reset() {
    let (the_box, device) = scripted_box(|mut stream| {
        read_request(&mut stream);
        stream.read(&mut [0]).map_err(|e| e.kind())
    });
    assert_eq!(device.send_within(SHORT, 1, "777", "x", None), lost(Phase::Written, true));
    assert_eq!(the_box.join().unwrap(), Err(ErrorKind::ConnectionReset));
}

#[test]
fn a_trickling_box_does_not_outlive_the_time_out() {
    let (the_box, device) = scripted_box(|mut stream| {
        read_request(&mut stream);
        let (_never, pause) = mpsc::channel::<()>();
        let mut written = 0;
        // Slower than the socket's own time-out ever could be, were it started anew every time.
        while written < 1000 && stream.write_all(b"H").is_ok() {
            written += 1;
            let _ = pause.recv_timeout(SHORT / 20);
        }
        written
    });
    let start = Instant::now();
    assert_eq!(device.send_within(SHORT, 1, "777", "x", None), lost(Phase::Answering, true));
    assert!(start.elapsed() < SHORT * 10);
    assert!(the_box.join().unwrap() < 1000);
}

#[test]
fn an_endless_answer_is_not_read_to_its_end() {
    let (the_box, device) = scripted_box(|mut stream| {
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.0 200 OK\n\n").unwrap();
        while stream.write_all(&[b'x'; 1024]).is_ok() {}
    });
    assert_eq!(
        device.send(1, "777", "x", None),
        SendOutcome::Answered(SendAnswer::NotUnderstood(Words::new("answer too large")))
    );
    the_box.join().unwrap();
}

#[test]
fn an_answer_of_known_length_does_not_wait_for_the_close() {
    let (the_box, device) = scripted_box(|mut stream| {
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nERROR,L1 busy\n").unwrap();
        // Until the other side closes.
        stream.read(&mut [0]).map_err(|e| e.kind())
    });
    assert_eq!(device.send(1, "777", "x", None), SendOutcome::Answered(SendAnswer::Busy));
    assert_eq!(the_box.join().unwrap(), Ok(0));
}

#[test]
fn a_box_that_does_not_read_the_body_is_heard_through_its_reset() {
    let (the_box, device) = scripted_box(|mut stream| {
        let mut start = [0; 64];
        stream.read_exact(&mut start).unwrap();
        stream.write_all(b"HTTP/1.0 200 OK\n\nERROR,user or password error\n").unwrap();
        // Closing with something unread is what resets the connection.
    });
    assert_eq!(
        device.send(1, "777", &"€".repeat(1000), Some(ByForm { key: JobId::key(1), plain: false })),
        SendOutcome::Answered(SendAnswer::BadLogin)
    );
    the_box.join().unwrap();
}

#[test]
fn an_answer_means_the_same_wherever_it_is_split() {
    for answer in [SENDING.to_owned(), SENDING.replace('\n', "\r\n")] {
        for at in (1..answer.len()).step_by(7) {
            let (start, rest) = answer.split_at(at);
            let (start, rest) = (start.to_owned(), rest.to_owned());
            let (the_box, device) = scripted_box(move |mut stream| {
                stream.set_nodelay(true).unwrap();
                read_request(&mut stream);
                stream.write_all(start.as_bytes()).unwrap();
                stream.write_all(rest.as_bytes()).unwrap();
            });
            assert_eq!(device.send(2, "+4915", "x", None), sending(), "split at {at}");
            the_box.join().unwrap();
        }
    }
}

#[test]
fn an_answer_cut_at_any_byte_is_lost_or_what_it_would_have_been() {
    let whole_from = SENDING.len() - 1;
    for at in (1..=SENDING.len()).rev().step_by(9).chain([whole_from - 1, whole_from]) {
        let (the_box, device) = answering_box(&SENDING[..at]);
        let expected = if at < whole_from { lost(Phase::Answering, false) } else { sending() };
        assert_eq!(device.send(2, "+4915", "x", None), expected, "cut at {at}");
        the_box.join().unwrap();
    }
}
