use super::*;
use crate::serve::http::Method;

mod end;
mod stream;

/// Events of a test: what its door saw and did.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// Method, path, and the body as text.
    Request(Method, String, String),
    Refused(u16),
}

fn request(method: Method, path: &str, body: &str) -> Seen {
    Seen::Request(method, path.into(), body.into())
}

const OK: Response<'_> = Response { status: 200, content_type: "", headers: &[], body: b"ok" };

const HEAD_OF_OK: &str = "HTTP/1.1 200 OK\r\nServer: goipd\r\nContent-Length: 2\r\n";

fn ok() -> String {
    format!("{HEAD_OF_OK}\r\nok")
}

fn last_ok() -> String {
    format!("{HEAD_OF_OK}Connection: close\r\n\r\nok")
}

fn empty(status: u16) -> Response<'static> {
    Response { status, content_type: "", headers: &[], body: b"" }
}

fn connection(bytes: &[u8]) -> Connection {
    let mut connection = Connection::new(0, Timeouts::default());
    connection.received(0, bytes);
    connection
}

/// Answers everything that is there at once, and says what it was.
fn serve(connection: &mut Connection) -> Vec<Seen> {
    let mut seen = Vec::new();
    while let Some(step) = connection.next_step() {
        match step {
            Step::Head(_) => connection.go_on(0),
            Step::Request(Request { head, body }) => {
                seen.push(request(head.method, &head.path, str::from_utf8(&body).unwrap()));
                connection.respond(0, &OK, 0);
            }
            Step::Refused(refused) => {
                seen.push(Seen::Refused(refused.status));
                connection.respond(0, &empty(refused.status), 0);
            }
        }
    }
    seen
}

/// Takes all that may be sent now.
fn read(connection: &mut Connection, durable: Ticket) -> String {
    let text = String::from_utf8(connection.sendable(durable).to_vec()).unwrap();
    if !text.is_empty() {
        connection.sent(0, text.len());
    }
    text
}

/// The head of the request at hand is let pass, and the whole request taken.
fn take(connection: &mut Connection) -> Request {
    assert!(matches!(connection.next_step(), Some(Step::Head(_))));
    connection.go_on(0);
    let Some(Step::Request(request)) = connection.next_step() else { panic!("no request") };
    request
}

/// What a door sees that gets those pieces, all that is sent to the client, and whether the
/// client was shown out.
fn conversation<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Seen>, String, bool) {
    let mut connection = Connection::new(0, Timeouts::default());
    let (mut seen, mut sent) = (Vec::new(), String::new());
    for piece in pieces {
        connection.received(0, piece);
        seen.extend(serve(&mut connection));
        sent += &read(&mut connection, 0);
        let waits = matches!(connection.stage, Stage::Head) && connection.input.is_empty();
        assert!(!waits || connection.memory_bytes() == 0, "{} bytes", connection.memory_bytes());
        assert!(connection.memory_bytes() <= MAX_CONNECTION_BYTES || piece.len() > 4096);
    }
    (seen, sent, connection.is_shown_out())
}

/// What the door sees of those bytes, which has to be the same wherever they were cut; and
/// whether the client was shown out.
fn seen(bytes: &[u8]) -> (Vec<Seen>, bool) {
    let whole = conversation(core::iter::once(bytes));
    // Longer ones are cut at some places only.
    let step = 1 + bytes.len() / 500;
    for at in (0..bytes.len()).step_by(step) {
        let (first, second) = bytes.split_at(at);
        assert_eq!(conversation([first, second].into_iter()), whole, "cut at {at}");
    }
    for size in [1, 2, 3, 7, 4096] {
        assert_eq!(conversation(bytes.chunks(size)), whole, "in pieces of {size}");
    }
    (whole.0, whole.2)
}

#[test]
fn requests_are_the_same_however_their_bytes_were_cut() {
    use Method::{Get, Head, Options, Post};
    let cases: [(&str, &[Seen]); 12] = [
        ("GET /a HTTP/1.1\r\nHost: a\r\n\r\n", &[request(Get, "/a", "")]),
        ("GET http://b/c?d HTTP/1.1\r\nHost: a\r\n\r\n", &[request(Get, "/c", "")]),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", &[request(Options, "*", "")]),
        ("\r\n\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n\r\n", &[request(Get, "/a", "")]),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na\r\n", &[request(Post, "/", "a\r\n")]),
        (
            "GET /send.html HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\nu=a&p=b",
            &[request(Get, "/send.html", "u=a&p=b")],
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\nT: u\r\n\r\n",
            &[request(Post, "/", "abc")],
        ),
        (
            "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
            &[request(Get, "/1", ""), request(Head, "/2", ""), request(Get, "/3", "")],
        ),
        (
            "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab\r\n\
             POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nc\r\n0\r\n\r\n\
             GET /3 HTTP/1.1\r\nHost: a\r\n\r\nGET",
            &[request(Post, "/1", "ab"), request(Post, "/2", "c"), request(Get, "/3", "")],
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
            &[request(Post, "/", "x")],
        ),
        (
            "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            &[request(Get, "/1", ""), request(Get, "/2", "")],
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\n", &[]),
    ];
    for (bytes, expected) in cases {
        let (got, shown_out) = seen(bytes.as_bytes());
        assert_eq!(got, expected, "{bytes:?}");
        assert!(!shown_out, "{bytes:?}");
    }
}

#[test]
fn nothing_is_taken_behind_the_last_request() {
    for head in ["GET /1 HTTP/1.0\r\n\r\n", "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"] {
        let bytes = format!("{head}GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(seen(bytes.as_bytes()), (vec![request(Method::Get, "/1", "")], true));
    }
}

#[test]
fn what_is_not_certainly_one_request_is_refused_and_nothing_behind_it_taken() {
    let next = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    for (bytes, status) in [
        // What one reader takes for a body and another for the next request.
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
            400,
        ),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 44\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x10\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n", 413),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nb\r\n0\r\n\r\n", 400),
        ("GET / HTTP/1.1\nHost: a\n\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
        ("GET / HTTP/1.1\rHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n X: y\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET /\r\n\r\n", 400),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("POST / HTTP/1.1\r\nHost: a\r\nExpect: a pony\r\nContent-Length: 2\r\n\r\n", 417),
        ("\x16\x03\x01\x02\0\x01\0\x01\x7c\x03\x03", 400),
    ] {
        let bytes = format!("{bytes}{next}");
        assert_eq!(seen(bytes.as_bytes()), (vec![Seen::Refused(status)], true), "{bytes:?}");
        let bytes = format!("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n{bytes}");
        let expected = vec![request(Method::Get, "/1", ""), Seen::Refused(status)];
        assert_eq!(seen(bytes.as_bytes()), (expected, true), "{bytes:?}");
    }
}

#[test]
fn heads_and_bodies_have_their_greatest_length() {
    let start = "POST / HTTP/1.1\r\nHost: a\r\n";
    let lines = |count: usize| format!("{start}{}\r\n", "A: b\r\n".repeat(count - 1));
    let wide = |len: usize| format!("{start}X: {}\r\n\r\n", "x".repeat(len - start.len() - 7));
    let body = "b".repeat(MAX_BODY_BYTES);
    let known = |len: usize| format!("{start}Content-Length: {len}\r\n\r\n{body}b");
    let chunks = format!("{start}Transfer-Encoding: chunked\r\n\r\n4000\r\n{body}\r\n");
    let post = |body: &str| vec![request(Method::Post, "/", body)];

    assert_eq!(seen(lines(100).as_bytes()), (post(""), false));
    assert_eq!(seen(lines(101).as_bytes()), (vec![Seen::Refused(431)], true));
    assert_eq!(seen(wide(MAX_HEAD_BYTES).as_bytes()), (post(""), false));
    assert_eq!(seen(wide(MAX_HEAD_BYTES + 1).as_bytes()), (vec![Seen::Refused(431)], true));
    assert_eq!(seen(&b"x".repeat(MAX_HEAD_BYTES + 1)), (vec![Seen::Refused(431)], true));
    assert_eq!(seen(known(MAX_BODY_BYTES).as_bytes()), (post(&body), false));
    assert_eq!(seen(known(MAX_BODY_BYTES + 1).as_bytes()), (vec![Seen::Refused(413)], true));
    assert_eq!(seen(format!("{chunks}0\r\n\r\n").as_bytes()), (post(&body), false));
    assert_eq!(seen(format!("{chunks}1\r\n").as_bytes()), (vec![Seen::Refused(413)], true));
}

const GET: &[u8] = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";

const POST: &[u8] = b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab";

#[test]
fn the_next_request_waits_for_the_answer_to_the_one_before() {
    let mut connection = connection(&[GET, POST].concat());
    take(&mut connection);
    assert!(connection.next_step().is_none() && !connection.has_step());
    assert_eq!(connection.deadline_ms(), None, "the door may take its time");
    connection.respond(0, &OK, 0);
    assert_eq!(take(&mut connection).body, b"ab");
}

#[test]
fn responses_are_shown_in_order_once_the_disk_has_what_they_speak_of() {
    let mut connection = connection(&[POST, POST, GET].concat());
    for after in [7, 9, 0] {
        take(&mut connection);
        connection.respond(0, &OK, after);
    }
    assert_eq!(read(&mut connection, 6), "");
    assert_eq!(connection.deadline_ms(), None, "the disk may take its time");
    assert_eq!(read(&mut connection, 8), ok());
    assert_eq!(read(&mut connection, 9), [ok(), ok()].concat());
    assert!(connection.is_flushed());
}

#[test]
fn a_client_that_waits_for_100_continue_gets_it_when_its_head_has_passed() {
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    let mut one = connection(head);
    assert_eq!(read(&mut one, 0), "");
    assert_eq!(serve(&mut one), []);
    assert_eq!(read(&mut one, 0), "HTTP/1.1 100 Continue\r\n\r\n");
    one.received(0, b"ab");
    assert_eq!(serve(&mut one), [request(Method::Post, "/", "ab")]);
    assert_eq!(read(&mut one, 0), ok());

    let mut refused = connection(head);
    refused.respond(0, &OK, 0);
    assert_eq!(read(&mut refused, 0), last_ok(), "the body may come or not, so nothing can follow");
    assert!(refused.is_shown_out());

    for head in [
        &b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n"[..],
        b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
    ] {
        let mut none = connection(head);
        none.go_on(0);
        assert_eq!(read(&mut none, 0), "");
    }
}

#[test]
fn who_is_answered_before_its_body_has_come_asks_nothing_more() {
    let mut whole = connection(&[POST, GET].concat());
    whole.respond(0, &OK, 0);
    assert_eq!(read(&mut whole, 0), ok());
    assert_eq!(serve(&mut whole), [request(Method::Get, "/1", "")]);

    let mut cut = connection(&POST[..POST.len() - 1]);
    cut.respond(0, &OK, 0);
    cut.received(0, b"bGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(read(&mut cut, 0), last_ok());
    assert_eq!(serve(&mut cut), []);
    assert!(cut.wants_bytes(), "the rest is read and thrown away");

    let mut on_its_way = connection(&POST[..POST.len() - 1]);
    on_its_way.go_on(0);
    on_its_way.respond(0, &OK, 0);
    assert_eq!(read(&mut on_its_way, 0), last_ok());
}

#[test]
fn without_a_request_no_response_goes_out() {
    let mut connection = connection(b"GET");
    connection.respond(0, &OK, 0);
    connection.begin_stream(0, &OK, 0);
    connection.push_event(b"x", 0);
    connection.go_on(0);
    assert_eq!(read(&mut connection, 0), "");
    connection.received(0, b" / HTTP/1.0\r\n\r\n");
    assert_eq!(serve(&mut connection), [request(Method::Get, "/", "")]);
}

#[test]
fn head_gets_the_length_and_no_body_and_http_1_0_hears_whether_it_may_stay() {
    for (bytes, expected) in [
        ("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", format!("{HEAD_OF_OK}\r\n")),
        ("HEAD / HTTP/1.0\r\n\r\n", format!("{HEAD_OF_OK}Connection: close\r\n\r\n")),
        ("GET / HTTP/1.0\r\n\r\n", last_ok()),
        (
            "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            format!("{HEAD_OF_OK}Connection: keep-alive\r\n\r\nok"),
        ),
    ] {
        let mut connection = connection(bytes.as_bytes());
        serve(&mut connection);
        assert_eq!(read(&mut connection, 0), expected, "{bytes:?}");
    }
}

#[test]
fn a_refusal_behind_a_head_request_has_its_body() {
    let mut connection = connection(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n");
    take(&mut connection);
    connection.respond(0, &OK, 0);
    assert!(matches!(connection.next_step(), Some(Step::Refused(_))));
    connection.respond(0, &OK, 0);
    assert_eq!(read(&mut connection, 0), format!("{HEAD_OF_OK}\r\n{}", last_ok()));
}

#[test]
fn a_client_that_does_not_read_is_not_answered() {
    let mut connection = connection(&GET.repeat(3));
    let long = Response { body: &vec![b'x'; FULL_OUTPUT_BYTES], ..OK };
    take(&mut connection);
    connection.respond(0, &long, 0);
    assert!(connection.next_step().is_none() && !connection.has_step() && !connection.has_room());
    connection.received(0, &GET.repeat(400));
    assert!(!connection.wants_bytes());
    let surplus = connection.sendable(0).len() - FULL_OUTPUT_BYTES;
    connection.sent(0, surplus);
    assert!(!connection.has_step());
    connection.sent(0, 1);
    assert!(connection.has_step() && connection.has_room());
}

#[test]
fn only_so_many_responses_wait_for_the_disk() {
    let mut connection = connection(&GET.repeat(MAX_HELD_RESPONSES + 1));
    for ticket in 1..=MAX_HELD_RESPONSES {
        take(&mut connection);
        connection.respond(0, &empty(204), ticket as Ticket);
    }
    assert!(!connection.has_step());
    read(&mut connection, 1);
    assert!(connection.has_step());
}
