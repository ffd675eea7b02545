//! A response, from meaning to bytes (RFC 9112 clauses 4 to 6).

use std::io::Write;

/// A response, but for what its connection adds.
///
/// There is no `Date`: a router's clock stands wrong until it has heard of the time, and a server
/// without one sends none (RFC 9110 clause 6.6.1).
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    /// The status, one that [`reason`] knows.
    pub status: u16,
    /// What the body is; empty if there is none.
    pub content_type: &'a str,
    /// Further headers. Control characters in their values are sent as blanks.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

/// How a response fits into its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manner {
    /// The connection closes behind it.
    pub closes: bool,
    /// The client speaks HTTP/1.0 only, so it has to be told that the connection stays.
    pub http10: bool,
    /// Only the head is sent.
    pub head_only: bool,
    /// The body has no length: it goes on until the connection closes.
    pub endless: bool,
}

impl Manner {
    /// That of a response to what was no request.
    pub const LAST: Self = Self { closes: true, http10: false, head_only: false, endless: false };
}

impl Response<'_> {
    /// Writes all of it behind what is in `out`.
    pub(super) fn write(&self, out: &mut Vec<u8>, manner: Manner) {
        let bodiless = matches!(self.status, 204 | 304);
        line(out, &["HTTP/1.1 ", reason(self.status)]);
        header(out, "Server", "goipd");
        if !self.content_type.is_empty() {
            header(out, "Content-Type", self.content_type);
        }
        if !bodiless && !manner.endless {
            // Writing to memory does not fail.
            let _ = write!(out, "Content-Length: {}\r\n", self.body.len());
        }
        for (name, value) in self.headers {
            header(out, name, value);
        }
        if manner.closes {
            header(out, "Connection", "close");
        } else if manner.http10 {
            header(out, "Connection", "keep-alive");
        }
        out.extend_from_slice(b"\r\n");
        if !bodiless && !manner.head_only {
            out.extend_from_slice(self.body);
        }
    }
}

fn header(out: &mut Vec<u8>, name: &str, value: &str) {
    line(out, &[name, ": ", value]);
}

/// Writes one line. No part of it can end it early, wherever it came from.
fn line(out: &mut Vec<u8>, parts: &[&str]) {
    let bytes = parts.iter().flat_map(|part| part.bytes());
    out.extend(bytes.map(|byte| if byte.is_ascii_control() { b' ' } else { byte }));
    out.extend_from_slice(b"\r\n");
}

/// A status with its words (RFC 9110 clause 15, RFC 6585). One that is not known here is sent as
/// 500, so that no response is without words.
pub const fn reason(status: u16) -> &'static str {
    match status {
        200 => "200 OK",
        202 => "202 Accepted",
        204 => "204 No Content",
        303 => "303 See Other",
        304 => "304 Not Modified",
        400 => "400 Bad Request",
        401 => "401 Unauthorized",
        403 => "403 Forbidden",
        404 => "404 Not Found",
        405 => "405 Method Not Allowed",
        408 => "408 Request Timeout",
        409 => "409 Conflict",
        413 => "413 Content Too Large",
        415 => "415 Unsupported Media Type",
        417 => "417 Expectation Failed",
        422 => "422 Unprocessable Content",
        429 => "429 Too Many Requests",
        431 => "431 Request Header Fields Too Large",
        501 => "501 Not Implemented",
        502 => "502 Bad Gateway",
        503 => "503 Service Unavailable",
        504 => "504 Gateway Timeout",
        505 => "505 HTTP Version Not Supported",
        _ => "500 Internal Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAYS: Manner = Manner { closes: false, http10: false, head_only: false, endless: false };

    fn written(response: Response<'_>, manner: Manner) -> String {
        let mut out = Vec::new();
        response.write(&mut out, manner);
        String::from_utf8(out).unwrap()
    }

    const OK: Response<'_> =
        Response { status: 200, content_type: "text/plain", headers: &[("X", "y")], body: b"hello" };

    #[test]
    fn a_response_has_its_length_and_says_whether_the_connection_stays() {
        let head =
            "HTTP/1.1 200 OK\r\nServer: goipd\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nX: y\r\n";
        assert_eq!(written(OK, STAYS), format!("{head}\r\nhello"));
        let closes = Manner { closes: true, ..STAYS };
        assert_eq!(written(OK, closes), format!("{head}Connection: close\r\n\r\nhello"));
        let http10 = Manner { http10: true, ..STAYS };
        assert_eq!(written(OK, http10), format!("{head}Connection: keep-alive\r\n\r\nhello"));
        assert_eq!(written(OK, Manner { head_only: true, ..STAYS }), format!("{head}\r\n"));
    }

    #[test]
    fn a_status_without_a_body_has_no_length_either() {
        for status in [204, 304] {
            let response = Response { status, content_type: "", headers: &[], body: b"x" };
            let expected = format!("HTTP/1.1 {}\r\nServer: goipd\r\n\r\n", reason(status));
            assert_eq!(written(response, STAYS), expected);
        }
    }

    #[test]
    fn a_value_cannot_begin_a_line_of_its_own() {
        let headers = [("Location", "/a\r\nSet-Cookie: b\0")];
        let text = written(Response { headers: &headers, ..OK }, STAYS);
        assert!(text.contains("\r\nLocation: /a  Set-Cookie: b \r\n"), "{text}");
    }

    #[test]
    fn every_status_has_its_own_words_and_an_unknown_one_is_an_error_of_ours() {
        for status in (200..=505).filter(|s| reason(*s) != reason(500)) {
            assert!(reason(status).starts_with(&format!("{status} ")), "{status}");
        }
        assert_eq!(reason(299), "500 Internal Server Error");
    }
}
