use super::*;

fn head(text: &str) -> Result<Head, u16> {
    Head::parse(text.as_bytes()).map_err(|refused| refused.status)
}

/// A head with that request line and those further header lines.
fn with(line: &str, headers: &str) -> Result<Head, u16> {
    head(&format!("{line}\r\nHost: a\r\n{headers}\r\n"))
}

fn get(headers: &str) -> Result<Head, u16> {
    with("GET / HTTP/1.1", headers)
}

/// The sentence of the refusal of that head.
fn sentence(text: &str) -> String {
    Head::parse(text.as_bytes()).unwrap_err().refusal.message
}

#[test]
fn the_line_and_the_headers_that_mean_something_are_kept() {
    let text = "POST /v1/messages?wait=5&x=%20+? HTTP/1.1\r\nhOST: box.lan:8037\r\nUser-Agent: curl\r\n\
                Authorization:Bearer  abc \r\nOrigin:\thttp://a\r\nContent-Type: application/json\r\n\
                Content-Length: 0017\r\nIdempotency-Key: \"ä 1\"\r\nLast-Event-ID: 7\r\nExpect: 100-Continue\r\n\
                Connection: Upgrade, CLOSE\r\nX-Empty:\r\n\r\n";
    let own = |text: &str| Some(Box::from(text));
    let expected = Head {
        method: Method::Post,
        path: "/v1/messages".into(),
        query: (*b"wait=5&x=%20+?").into(),
        host: own("box.lan:8037"),
        authorization: own("Bearer  abc"),
        origin: own("http://a"),
        content_type: own("application/json"),
        idempotency_key: own("\"ä 1\""),
        last_event_id: own("7"),
        http10: false,
        keep_alive: false,
        expects_continue: true,
        framing: Framing::Length(17),
    };
    assert_eq!(head(text), Ok(expected));
}

#[test]
fn methods_are_known_by_their_capital_letters() {
    for (name, method) in [
        ("GET", Method::Get),
        ("HEAD", Method::Head),
        ("POST", Method::Post),
        ("DELETE", Method::Delete),
        ("PUT", Method::Put),
        ("OPTIONS", Method::Options),
        ("PATCH", Method::Other),
        ("get", Method::Other),
        ("!#$%&'*+-.^_`|~9", Method::Other),
    ] {
        assert_eq!(with(&format!("{name} / HTTP/1.1"), "").map(|head| head.method), Ok(method), "{name}");
    }
}

#[test]
fn a_target_is_a_path_or_a_whole_url_whose_host_holds() {
    for (line, path, query, host) in [
        ("GET / HTTP/1.1", "/", "", "a"),
        ("GET /? HTTP/1.1", "/", "", "a"),
        ("GET //b/c HTTP/1.1", "//b/c", "", "a"),
        ("GET /%2e/%zz HTTP/1.1", "/%2e/%zz", "", "a"),
        ("GET /?m=Grüße HTTP/1.1", "/", "m=Grüße", "a"),
        ("GET /?u=http://x/ HTTP/1.1", "/", "u=http://x/", "a"),
        ("OPTIONS * HTTP/1.1", "*", "", "a"),
        ("GET http://b HTTP/1.1", "/", "", "b"),
        ("GET http://b? HTTP/1.1", "/", "", "b"),
        ("GET HTTP://b:8037?c/d HTTP/1.1", "/", "c/d", "b:8037"),
        ("GET http://[fd00::1]:80/x?y HTTP/1.0", "/x", "y", "[fd00::1]:80"),
    ] {
        let head = with(line, "").unwrap();
        let got = (&*head.path, core::str::from_utf8(&head.query), head.host.as_deref());
        assert_eq!(got, (path, Ok(query), Some(host)), "{line}");
    }
    let latin1 = Head::parse(b"GET /?m=gr\xfc\xdfe HTTP/1.0\r\n\r\n").unwrap();
    assert_eq!((&*latin1.query, latin1.host), (&b"m=gr\xfc\xdfe"[..], None));
}

#[test]
fn other_request_lines_are_refused() {
    for line in [
        "",
        "GET",
        "GET /",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET\t/ HTTP/1.1",
        " / HTTP/1.1",
        "G(T / HTTP/1.1",
        "G\u{e4}T / HTTP/1.1",
        "GET / HTTP/1",
        "GET / http/1.1",
        "GET / HTTP/1.10",
        "GET / HTTP/1.1\t",
        "GET x HTTP/1.1",
        "GET * HTTP/1.1",
        "OPTIONS *? HTTP/1.1",
        "CONNECT a:80 HTTP/1.1",
        "GET https://b/ HTTP/1.1",
        "GET http:/b HTTP/1.1",
        "GET http:// HTTP/1.1",
        "GET http:///x HTTP/1.1",
        "GET http://admin:hush@b/ HTTP/1.1",
        "GET http://b\\c/ HTTP/1.1",
        "GET /a#b HTTP/1.1",
        "GET /a?b#c HTTP/1.1",
        "GET /\u{e4} HTTP/1.1",
        "GET /?\u{7f} HTTP/1.1",
        "GET /?a\tb HTTP/1.1",
    ] {
        assert_eq!(with(line, ""), Err(400), "{line:?}");
    }
    for version in ["0.9", "1.2", "2.0", "3.0"] {
        assert_eq!(with(&format!("GET / HTTP/{version}"), ""), Err(505), "{version}");
    }
}

#[test]
fn header_lines_that_two_readers_could_take_differently_are_refused() {
    for headers in [
        "A : b\r\n",
        " A: b\r\n",
        "A: b\r\n c\r\n",
        "A: b\r\n\tc\r\n",
        "A\r\n",
        ": b\r\n",
        "A B: c\r\n",
        "\u{c4}: c\r\n",
        "A: b\0\r\n",
        "A: b\rc\r\n",
        "A: b\x7f\r\n",
        "A(: b\r\n",
    ] {
        assert_eq!(get(headers), Err(400), "{headers:?}");
    }
    let cut = sentence("GET / HTTP/1.1\r\nHost: a\r\n");
    assert_eq!(cut, "the request's head has no end: an empty line ends it");
}

#[test]
fn http_1_1_takes_exactly_one_host() {
    assert_eq!(head("GET / HTTP/1.1\r\n\r\n"), Err(400));
    assert_eq!(head("GET http://b/ HTTP/1.1\r\n\r\n"), Err(400));
    assert_eq!(head("GET / HTTP/1.1\r\nHost:\r\n\r\n").unwrap().host.as_deref(), Some(""));
    assert_eq!(head("GET / HTTP/1.0\r\n\r\n").unwrap().host, None);
    for host in ["Host: b\r\n", "host: a\r\n"] {
        assert_eq!(get(host), Err(400), "{host:?}");
    }
    for host in ["a b", "u@a", "a/b", "a,\u{e4}", "\"a\"", "a?"] {
        assert_eq!(head(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")), Err(400), "{host}");
    }
}

#[test]
fn the_port_does_not_belong_to_the_hosts_name() {
    for (host, name) in [
        ("box.lan", "box.lan"),
        ("box.lan:8037", "box.lan"),
        ("192.168.1.1:", "192.168.1.1"),
        ("[::1]:8037", "[::1]"),
        ("[::1]", "[::1]"),
        ("[::1", "[::1"),
        ("", ""),
    ] {
        let head = head(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).unwrap();
        assert_eq!(head.host_name(), Some(name), "{host}");
    }
}

#[test]
fn the_bodys_end_is_known_for_certain_or_the_request_refused() {
    assert_eq!(get("").unwrap().framing, Framing::Length(0));
    assert_eq!(get("Content-Length: 0\r\n").unwrap().framing, Framing::Length(0));
    assert_eq!(get("Content-Length: 16384\r\n").unwrap().framing, Framing::Length(MAX_BODY_BYTES));
    assert_eq!(get("Transfer-Encoding: Chunked\r\n").unwrap().framing, Framing::Chunked);
    for (headers, status) in [
        ("Content-Length: 16385\r\n", 413),
        ("Content-Length: 99999999999999999999999999999\r\n", 413),
        ("Content-Length: 18446744073709551621\r\n", 413),
        ("Content-Length:\r\n", 400),
        ("Content-Length: +5\r\n", 400),
        ("Content-Length: -5\r\n", 400),
        ("Content-Length: 5, 5\r\n", 400),
        ("Content-Length: 0x5\r\n", 400),
        ("Content-Length: 5 5\r\n", 400),
        ("Content-Length: 5.0\r\n", 400),
        ("Content-Length: ٥\r\n", 400),
        ("Content-Length: 5\r\nContent-Length: 6\r\n", 400),
        ("Content-Length: 5\r\ncontent-length: 5\r\n", 400),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400),
        ("Transfer-Encoding: chunked, identity\r\n", 400),
        ("Transfer-Encoding: gzip, chunked\r\n", 400),
        ("Transfer-Encoding: identity\r\n", 400),
        ("Transfer-Encoding: xchunked\r\n", 400),
        ("Transfer-Encoding: \"chunked\"\r\n", 400),
        ("Transfer-Encoding: chunked;a=b\r\n", 400),
        ("Transfer-Encoding: \u{b}chunked\r\n", 400),
        ("Transfer-Encoding:\r\n", 400),
        ("Transfer-Encoding : chunked\r\n", 400),
        ("Transfer-Encoding\r\n : chunked\r\n", 400),
    ] {
        assert_eq!(get(headers), Err(status), "{headers:?}");
    }
    assert_eq!(with("POST / HTTP/1.0", "Transfer-Encoding: chunked\r\n"), Err(400));
}

#[test]
fn a_header_that_decides_something_stands_there_once() {
    for name in ["Authorization", "Origin", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Expect"] {
        let twice = format!("{name}: 100-continue\r\n{name}: 100-continue\r\n");
        assert_eq!(get(&twice), Err(400), "{name}");
    }
    let text = "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n";
    assert_eq!(sentence(text), "the header 'Host' stands there twice: send it once");
    assert!(get("Accept: a\r\nAccept: b\r\nX: \u{e4}\r\n").is_ok());
    assert_eq!(Head::parse(b"GET / HTTP/1.0\r\nOrigin: \xe4\r\n\r\n").unwrap_err().status, 400);
    assert!(Head::parse(b"GET / HTTP/1.0\r\nX-Other: \xe4\r\n\r\n").is_ok());
}

#[test]
fn a_connection_stays_as_its_version_has_it() {
    for (version, headers, stays) in [
        ("1.1", "", true),
        ("1.1", "Connection: keep-alive\r\n", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: TE , Close\r\n", false),
        ("1.1", "Connection: TE\r\nConnection: close\r\n", false),
        ("1.1", "Connection: closed\r\n", true),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false),
    ] {
        let head = with(&format!("GET / HTTP/{version}"), headers).unwrap();
        assert_eq!(head.keep_alive, stays, "{version} {headers:?}");
    }
}

#[test]
fn only_one_expectation_is_known_and_none_in_http_1_0() {
    assert!(get("Expect: 100-CONTINUE\r\n").unwrap().expects_continue);
    assert_eq!(get("Expect: 200-ok\r\n"), Err(417));
    for value in ["100-continue", "200-ok"] {
        let head = with("POST / HTTP/1.0", &format!("Expect: {value}\r\n")).unwrap();
        assert!(!head.expects_continue);
    }
}

#[test]
fn a_head_has_at_most_100_header_lines() {
    let host = "Host: a\r\n";
    let lines = |count: usize| format!("GET / HTTP/1.1\r\n{host}{}\r\n", "A: b\r\n".repeat(count - 1));
    assert!(head(&lines(MAX_HEADERS)).is_ok());
    assert_eq!(head(&lines(MAX_HEADERS + 1)), Err(431));
}

#[test]
fn a_heads_end_is_an_empty_line_and_every_line_ends_in_cr_lf() {
    let text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let found = |text: &str| find_end(text.as_bytes(), 0).map_err(|refused| refused.refusal.message);
    assert_eq!(found(&format!("{text}\0\n")), Ok(Some(text.len())));
    assert_eq!(found("\r\nGET"), Ok(Some(2)));
    for len in 0..text.len() {
        assert_eq!(found(&text[..len]), Ok(None), "{len}");
        assert_eq!(find_end(text.as_bytes(), len), Ok(Some(text.len())), "from {len}");
    }
    for (text, what) in [
        ("\n", "line feed without a carriage return at byte 0"),
        ("GET / HTTP/1.1\nHost: a\n\n", "line feed without a carriage return at byte 14"),
        ("a\r\n\n", "line feed without a carriage return at byte 3"),
        ("a\rb", "carriage return without a line feed at byte 1"),
        ("a\r\r\n", "carriage return without a line feed at byte 1"),
        ("\x16\x03\x01", "control character at byte 0"),
        ("a\0", "control character at byte 1"),
        ("a\x7f", "control character at byte 1"),
    ] {
        let expected = format!("the request's head holds a {what}: its lines end in CR LF");
        assert_eq!(found(text), Err(expected), "{text:?}");
    }
}

#[test]
fn a_head_of_the_greatest_length_passes_and_a_longer_one_does_not() {
    let of = |len: usize| {
        let (front, back) = ("GET /", " HTTP/1.1\r\nHost: a\r\n\r\n");
        format!("{front}{}{back}", "x".repeat(len - front.len() - back.len()))
    };
    assert_eq!(find_end(of(MAX_HEAD_BYTES).as_bytes(), 0), Ok(Some(MAX_HEAD_BYTES)));
    assert_eq!(find_end(of(MAX_HEAD_BYTES + 1).as_bytes(), 0).unwrap_err().status, 431);
    assert_eq!(find_end(&of(MAX_HEAD_BYTES + 1).as_bytes()[..MAX_HEAD_BYTES], 0), Ok(None));
}
