//! A request's head, from bytes to meaning (RFC 9112 clauses 2 to 6).

use httparse::{EMPTY_HEADER, Status};

use super::Refused;
use super::body::{Framing, MAX_BODY_BYTES, too_long};

/// The longest head, its empty line included. Browsers send below 2 KiB; the longest text in a
/// query, percent-encoded, is cut short by most clients and the box long before.
pub const MAX_HEAD_BYTES: usize = 8 * 1024;

/// The most header lines a head may have: no client sends a third of that.
pub const MAX_HEADERS: usize = 100;

/// What is to be done with a resource (RFC 9110 clause 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `HEAD`: as GET, but the response's body stays away.
    Head,
    /// `POST`.
    Post,
    /// `DELETE`.
    Delete,
    /// `PUT`.
    Put,
    /// `OPTIONS`.
    Options,
    /// Any other; no page of ours knows it.
    Other,
}

impl Method {
    fn of(name: &[u8]) -> Self {
        match name {
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"POST" => Self::Post,
            b"DELETE" => Self::Delete,
            b"PUT" => Self::Put,
            b"OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }
}

/// A request's head: its line, and those headers that mean something to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The method.
    pub method: Method,
    /// The path, as it was sent: from its `/` on, ASCII, not decoded; `*` only with OPTIONS.
    pub path: Box<str>,
    /// The query behind the `?`, as it was sent; empty if there is none. Any bytes but controls,
    /// blanks and `#`: programs written for a GoIP send texts without encoding them.
    pub query: Box<[u8]>,
    /// The host that is asked, with its port if that was sent: of the target if it has one,
    /// otherwise of the header `Host`. HTTP/1.0 may have none.
    pub host: Option<Box<str>>,
    /// The header `Authorization`.
    pub authorization: Option<Box<str>>,
    /// The header `Origin`.
    pub origin: Option<Box<str>>,
    /// The header `Content-Type`.
    pub content_type: Option<Box<str>>,
    /// The header `Idempotency-Key`.
    pub idempotency_key: Option<Box<str>>,
    /// The header `Last-Event-ID`.
    pub last_event_id: Option<Box<str>>,
    /// Whether the client speaks HTTP/1.0 only.
    pub(super) http10: bool,
    /// Whether it wants to ask more on this connection (RFC 9112 clause 9.3).
    pub(super) keep_alive: bool,
    /// Whether it sends the body only once it was told to (RFC 9110 clause 10.1.1).
    pub(super) expects_continue: bool,
    pub(super) framing: Framing,
}

/// The headers that may stand there once, and their places in [`Singles`].
const SINGLES: [&str; 9] = [
    "Host",
    "Content-Length",
    "Transfer-Encoding",
    "Expect",
    "Authorization",
    "Origin",
    "Content-Type",
    "Idempotency-Key",
    "Last-Event-ID",
];

/// Their values.
type Singles<'a> = [Option<&'a str>; SINGLES.len()];

impl Head {
    /// Reads a whole head up to the end that [`find_end`] has found.
    ///
    /// # Errors
    /// 400 for what is not a head by RFC 9112, or more than one reading of it is thinkable; 413
    /// for a body above [`MAX_BODY_BYTES`], 417 for an unknown expectation, 431 for more than
    /// [`MAX_HEADERS`], 505 for a version other than 1.0 and 1.1.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        let (line, rest) = match bytes.windows(2).position(|pair| pair == b"\r\n") {
            Some(at) => (&bytes[..at], &bytes[at + 2..]),
            None => (bytes, &[][..]),
        };
        let mut words = line.split(|byte| *byte == b' ');
        let (Some(name), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(refused("the request line is not 'METHOD TARGET HTTP/1.1' with single blanks"));
        };
        if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
            return Err(refused("the request's method is not a word"));
        }
        let http10 = match version {
            b"HTTP/1.1" => false,
            b"HTTP/1.0" => true,
            [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
                return Err(Refused::new(505, "only HTTP/1.0 and HTTP/1.1 are spoken here"));
            }
            _ => return Err(refused("the request line does not end in 'HTTP/1.1'")),
        };
        let method = Method::of(name);
        let Target { authority, path, query } = Target::parse(method, target)?;

        let (singles, connection) = headers(rest)?;
        let [host, length, coding, expect, authorization, origin, content_type, key, last] = singles;
        if host.is_none() && !http10 {
            return Err(refused("the header 'Host' is missing: HTTP/1.1 takes it"));
        }
        if host.is_some_and(|host| !is_authority(host)) {
            return Err(refused("the header 'Host' is not 'HOST' or 'HOST:PORT'"));
        }
        // RFC 9112 clause 3.2.2: the target's host holds, whatever the header says.
        let host = authority.or(host);
        let expects_continue = match expect {
            // RFC 9110 clause 10.1.1: an HTTP/1.0 client cannot mean it.
            _ if http10 => false,
            None => false,
            Some(value) if value.eq_ignore_ascii_case("100-continue") => true,
            Some(_) => return Err(Refused::new(417, "the only known expectation is '100-continue'")),
        };
        let own = |value: Option<&str>| value.map(Box::from);
        Ok(Self {
            method,
            path: path.into(),
            query: query.into(),
            host: own(host),
            authorization: own(authorization),
            origin: own(origin),
            content_type: own(content_type),
            idempotency_key: own(key),
            last_event_id: own(last),
            http10,
            keep_alive: !connection.close && (!http10 || connection.keep_alive),
            expects_continue,
            framing: framing(length, coding, http10)?,
        })
    }

    /// The host that is asked without its port: `[::1]` of `[::1]:8037`.
    pub fn host_name(&self) -> Option<&str> {
        let host = self.host.as_deref()?;
        let end = if host.starts_with('[') { host.find(']').map(|at| at + 1) } else { host.find(':') };
        Some(&host[..end.unwrap_or(host.len())])
    }
}

/// Looks for the end of a head from byte `from` on, before which there is none: how many bytes
/// the head has with its empty line. Two bytes are an empty line and no head.
///
/// A line feed alone ends no line here, although RFC 9112 clause 2.2 allows to take it for an
/// end: whoever stands between the client and us may not take it for one, and then reads another
/// request than we do.
///
/// # Errors
/// The first that makes these bytes no head: 400 for a line end other than CR LF and for a
/// control character, 431 for more than [`MAX_HEAD_BYTES`].
pub(super) fn find_end(bytes: &[u8], from: usize) -> Result<Option<usize>, Refused> {
    for at in from..bytes.len() {
        let before = &bytes[..at];
        let after_cr = before.last() == Some(&b'\r');
        match bytes[at] {
            _ if at == MAX_HEAD_BYTES => {
                let message = format!("the request's head is longer than {MAX_HEAD_BYTES} bytes: send less");
                return Err(Refused::new(431, message));
            }
            b'\n' if !after_cr => return Err(bad_byte("line feed without a carriage return", at)),
            b'\n' if at == 1 || before.ends_with(b"\r\n\r") => return Ok(Some(at + 1)),
            b'\n' => {}
            _ if after_cr => return Err(bad_byte("carriage return without a line feed", at - 1)),
            b'\r' | b'\t' | 0x20..=0x7e | 0x80.. => {}
            _ => return Err(bad_byte("control character", at)),
        }
    }
    Ok(None)
}

/// What `Connection` asks for.
#[derive(Default)]
struct Wishes {
    close: bool,
    keep_alive: bool,
}

/// Reads the header lines, with the empty one behind them.
fn headers(bytes: &[u8]) -> Result<(Singles<'_>, Wishes), Refused> {
    let mut places = [EMPTY_HEADER; MAX_HEADERS];
    let headers = match httparse::parse_headers(bytes, &mut places) {
        Ok(Status::Complete((_, headers))) => headers,
        Ok(Status::Partial) => return Err(refused("the request's head has no end: an empty line ends it")),
        Err(httparse::Error::TooManyHeaders) => {
            return Err(Refused::new(431, format!("more than {MAX_HEADERS} header lines: send fewer")));
        }
        Err(_) => {
            let cure = "no blank before the colon, no folded line, no control character";
            return Err(refused(format!("a header line is not 'NAME: VALUE': {cure}")));
        }
    };
    let (mut singles, mut wishes) = (Singles::default(), Wishes::default());
    for header in headers {
        if header.name.eq_ignore_ascii_case("Connection") {
            for word in header.value.split(|byte| *byte == b',') {
                let word = word.trim_ascii();
                wishes.close |= word.eq_ignore_ascii_case(b"close");
                wishes.keep_alive |= word.eq_ignore_ascii_case(b"keep-alive");
            }
        }
        let known = SINGLES.iter().zip(&mut singles).find(|(name, _)| name.eq_ignore_ascii_case(header.name));
        let Some((name, place)) = known else { continue };
        let Ok(value) = core::str::from_utf8(header.value) else {
            return Err(refused(format!("the header '{name}' is not UTF-8")));
        };
        if place.replace(value).is_some() {
            return Err(refused(format!("the header '{name}' stands there twice: send it once")));
        }
    }
    Ok((singles, wishes))
}

/// How the body's end is known (RFC 9112 clause 6.3). What could be read in two ways is refused.
fn framing(length: Option<&str>, coding: Option<&str>, http10: bool) -> Result<Framing, Refused> {
    match (length, coding) {
        (None, None) => Ok(Framing::Length(0)),
        (Some(_), Some(_)) => {
            Err(refused("the request has both 'Content-Length' and 'Transfer-Encoding': send one"))
        }
        (None, Some(_)) if http10 => {
            Err(refused("HTTP/1.0 has no 'Transfer-Encoding': send 'Content-Length'"))
        }
        (None, Some(coding)) if coding.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked),
        (None, Some(_)) => Err(refused("the only known 'Transfer-Encoding' is 'chunked'")),
        (Some(digits), None) => {
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(refused("the header 'Content-Length' is not a number of digits alone"));
            }
            // More digits than a number has are too many bytes as well.
            let length = digits.parse().ok().filter(|length| *length <= MAX_BODY_BYTES);
            length.map(Framing::Length).ok_or_else(too_long)
        }
    }
}

/// What is asked (RFC 9112 clause 3.2).
struct Target<'a> {
    authority: Option<&'a str>,
    path: &'a str,
    query: &'a [u8],
}

impl<'a> Target<'a> {
    fn parse(method: Method, target: &'a [u8]) -> Result<Self, Refused> {
        if target.iter().any(|byte| matches!(byte, 0..=b' ' | b'#' | 0x7f)) {
            return Err(refused(
                "the request's target holds a '#' or a control character: percent-encode it",
            ));
        }
        let (path, query) = match target.iter().position(|byte| *byte == b'?') {
            Some(at) => (&target[..at], &target[at + 1..]),
            None => (target, &[][..]),
        };
        let path = core::str::from_utf8(path)
            .ok()
            .filter(|path| path.is_ascii())
            .ok_or_else(|| refused("the request's path is not ASCII: percent-encode it"))?;
        if path.starts_with('/') || target == b"*" && method == Method::Options {
            return Ok(Self { authority: None, path, query });
        }
        let absolute = path.split_at_checked("http://".len());
        let Some((_, rest)) = absolute.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("http://")) else {
            return Err(refused("the request's target is neither '/PATH' nor 'http://HOST/PATH'"));
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.is_empty() || !is_authority(authority) {
            return Err(refused("the request's target has no host, or more than 'HOST:PORT' for it"));
        }
        Ok(Self { authority: Some(authority), path: if path.is_empty() { "/" } else { path }, query })
    }
}

/// Whether `text` has only what a host and a port are made of (RFC 3986 clause 3.2.2); a login in
/// front of them is none of those (RFC 9110 clause 4.2.4).
fn is_authority(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&byte);
    text.bytes().all(allowed)
}

/// Whether a method may hold that byte (RFC 9110 clause 5.6.2).
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

fn bad_byte(what: &str, at: usize) -> Refused {
    refused(format!("the request's head holds a {what} at byte {at}: its lines end in CR LF"))
}

fn refused(message: impl Into<String>) -> Refused {
    Refused::new(400, message)
}

#[cfg(test)]
mod tests;
