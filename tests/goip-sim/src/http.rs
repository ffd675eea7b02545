//! A request as the box reads it, with the box's own limits. No page's meaning.

/// The box cuts the URL, query included, after so many bytes and says nothing.
const URL_BYTES: usize = 1024;
/// The most bytes of a body that it reads.
const BODY_BYTES: usize = 10_240;
/// The longest `user:password` that it decodes.
const LOGIN_BYTES: usize = 99;
/// The only type of a body that it reads, to the letter.
const FORM: &str = "application/x-www-form-urlencoded";

/// A request with its head taken apart.
pub(crate) struct Parsed {
    pub method: String,
    pub path: String,
    pub query: String,
    /// The part of the body that the box reads; empty where it ignores it.
    pub body: Vec<u8>,
    headers: Vec<(String, String)>,
}

/// Where the head ends, behind its blank line.
fn head_end(bytes: &[u8]) -> Option<usize> {
    let behind =
        |blank: &[u8]| bytes.windows(blank.len()).position(|w| w == blank).map(|at| at + blank.len());
    [behind(b"\r\n\r\n"), behind(b"\n\n")].into_iter().flatten().min()
}

fn headers(head: &str) -> Vec<(String, String)> {
    let split = |line: &str| line.split_once(": ").map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned()));
    head.lines().skip(1).filter_map(split).collect()
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

/// Whether `bytes` are all that the box reads before it acts: the head with its blank line, and
/// of a body as many bytes as `Content-Length` says, 10 240 at most.
pub fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = head_end(bytes) else { return false };
    let headers = headers(&String::from_utf8_lossy(&bytes[..end]));
    let length = header(&headers, "content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
    bytes.len() - end >= BODY_BYTES.min(length)
}

impl Parsed {
    /// The request in `bytes`; `None` without a blank line or a URL.
    pub(crate) fn new(bytes: &[u8], reads_posts: bool) -> Option<Self> {
        let end = head_end(bytes)?;
        let head = &bytes[..end];
        let mut words = head.split(|b| b.is_ascii_whitespace());
        let method = String::from_utf8_lossy(words.next()?);
        let url = words.next()?;
        let url = String::from_utf8_lossy(&url[..url.len().min(URL_BYTES)]);
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        let headers = headers(&String::from_utf8_lossy(head));
        let form = method == "POST" && header(&headers, "content-type") == Some(FORM) && reads_posts;
        let length = header(&headers, "content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
        let read = bytes.len().min(end + BODY_BYTES.min(length));
        Some(Self {
            method: method.into_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            body: if form { bytes[end..read].to_vec() } else { Vec::new() },
            headers,
        })
    }

    /// A variable of the query or, failing that, of the body.
    pub(crate) fn var(&self, name: &str) -> Option<String> {
        var(&self.query, name).or_else(|| var(&String::from_utf8_lossy(&self.body), name))
    }

    /// User and password of `Authorization: Basic`.
    pub(crate) fn basic_login(&self) -> Option<(String, String)> {
        let code = header(&self.headers, "authorization")?.strip_prefix("Basic ")?;
        let login = base64(code)?;
        if login.len() > LOGIN_BYTES {
            return None;
        }
        let login = String::from_utf8(login).ok()?;
        login.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
    }

    /// Whether there is a cookie that the box stumbles over.
    pub(crate) fn has_bad_cookie(&self) -> bool {
        header(&self.headers, "cookie").is_some_and(|cookie| !cookie.contains('='))
    }
}

/// The first variable `name` in a form.
pub(crate) fn var(form: &str, name: &str) -> Option<String> {
    let mut pairs = form.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.find(|(n, _)| *n == name).map(|(_, value)| percent_decode(value))
}

/// A value of a form: `+` is a blank, `%41` an `A`. An escape that is none stands for itself, and
/// what is no UTF-8 becomes U+FFFD.
pub fn percent_decode(value: &str) -> String {
    let bytes = value.as_bytes();
    let hex = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = if bytes[at] == b'%' { hex(at + 1).zip(hex(at + 2)) } else { None };
        match (bytes[at], escaped) {
            (_, Some((high, low))) => {
                out.push((high * 16 + low) as u8);
                at += 3;
                continue;
            }
            (b'+', None) => out.push(b' '),
            (byte, None) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The bytes behind base64 text; `None` if it is none.
fn base64(text: &str) -> Option<Vec<u8>> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.trim_end().trim_end_matches('=').bytes() {
        let digit = DIGITS.iter().position(|d| *d == byte)?;
        bits = (bits << 6 | digit as u32) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_whole_with_its_blank_line_and_its_body() {
        for (bytes, whole) in [
            ("GET / HTTP/1.0\r\n", false),
            ("GET / HTTP/1.0\r\n\r\n", true),
            ("GET / HTTP/1.0\n\n", true),
            ("POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nab", false),
            ("POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", true),
        ] {
            assert_eq!(is_whole(bytes.as_bytes()), whole, "{bytes:?}");
        }
    }

    #[test]
    fn percent_escapes_are_decoded_and_broken_ones_stand() {
        for (coded, plain) in [
            ("a+b%20c", "a b c"),
            ("%C3%A4", "ä"),
            ("50%", "50%"),
            ("%4", "%4"),
            ("%zz", "%zz"),
            ("%C3", "\u{fffd}"),
        ] {
            assert_eq!(percent_decode(coded), plain);
        }
    }

    #[test]
    fn base64_is_decoded() {
        for (code, plain) in [("YWRtaW46YWRtaW4=", "admin:admin"), ("YTo=", "a:"), ("", "")] {
            assert_eq!(base64(code).unwrap(), plain.as_bytes());
        }
        assert_eq!(base64("?"), None);
    }
}
