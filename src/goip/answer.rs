//! What the box answers to a send, from bytes to meaning. Pure: no socket, no clock.

use httparse::{EMPTY_HEADER, ParserConfig, Response, Status};

use super::report::SendAnswer;
use crate::message::{JobId, Words};

/// The most header lines an answer is read for. The box sends four or five.
const MAX_HEADERS: usize = 32;

/// How many hex digits the known job ids have: an id of that form is whole even where the
/// answer stops right behind it.
const JOB_ID_DIGITS: usize = 8;

/// How a refusal begins.
const ERROR: &str = "ERROR,";

/// What is known of an answer's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// More may come.
    Open,
    /// The box closed the connection, which is how it ends its answers.
    Closed,
    /// The connection was reset. A box that has not read all of a POST body ends its answer
    /// like that, but a cut answer can end like that, too.
    Reset,
}

/// The meaning of what came back on a send's connection: `bytes` from the first of the head on,
/// `end` what is known of the end, `form` the key and the line where the message went out by the
/// web form.
///
/// `None` if this is no whole answer, or not yet. Takes any bytes.
pub fn parse_answer(bytes: &[u8], end: End, form: Option<(JobId, u8)>) -> Option<SendAnswer> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut head = Response::new(&mut headers);
    let mut lenient = ParserConfig::default();
    lenient.ignore_invalid_headers_in_responses(true).allow_spaces_after_header_name_in_responses(true);
    let body = match lenient.parse_response(&mut head, bytes) {
        Ok(Status::Complete(len)) => &bytes[len..],
        Ok(Status::Partial) => return None,
        Err(_) => return (end == End::Closed).then(|| not_understood(bytes)),
    };
    let announced = head
        .headers
        .iter()
        .find(|h| h.name.eq_ignore_ascii_case("Content-Length"))
        .and_then(|h| core::str::from_utf8(h.value).ok()?.trim().parse::<usize>().ok());
    let (body, end) = match announced {
        Some(len) if body.len() >= len => (&body[..len], End::Closed),
        // A body that stops short of its length was cut, however it ended.
        Some(_) => (body, if end == End::Open { End::Open } else { End::Reset }),
        None => (body, end),
    };
    if end == End::Open {
        return None;
    }
    match head.code {
        Some(200) => match form.filter(|_| !is_error(body)) {
            Some((key, line)) => Some(parse_page(body, key, line)),
            None => parse_body(body, end),
        },
        Some(401) => Some(SendAnswer::BadLogin),
        code => Some(SendAnswer::NotUnderstood(Words::new(&format!("HTTP {}", code.unwrap_or(0))))),
    }
}

/// The page behind the web form: does it say `Line 1 Sending...`? Nobody has seen all there is,
/// and nothing hangs on it that the status page does not tell; so only what is known is believed.
fn parse_page(body: &[u8], key: JobId, line: u8) -> SendAnswer {
    let page = String::from_utf8_lossy(body).to_ascii_lowercase();
    let line = line.to_string();
    let says = |at: usize| {
        let before = page[..at].trim_end().strip_suffix(line.as_str());
        before.is_some_and(|before| before.trim_end().ends_with("line"))
    };
    if page.match_indices("sending").any(|(at, _)| says(at)) {
        SendAnswer::Sending { line: None, id: key }
    } else if ["smskey", "id=\"send"].iter().any(|mark| page.contains(mark)) {
        SendAnswer::NotSaid
    } else {
        not_understood(body.trim_ascii_start().split(|b| *b == b'\n').next().unwrap_or_default())
    }
}

/// Whether the answer is, or begins like, a refusal in the words of the api.
fn is_error(body: &[u8]) -> bool {
    body.trim_ascii_start()
        .get(..ERROR.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(ERROR.as_bytes()))
}

/// The answer stands in the first line that is not blank.
fn parse_body(body: &[u8], end: End) -> Option<SendAnswer> {
    let body = body.trim_ascii_start();
    let (line, terminated) = match body.iter().position(|b| *b == b'\n') {
        Some(at) => (&body[..at], true),
        None => (body, false),
    };
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end();
    if let Some(rest) = strip_prefix_ignoring_case(text, "Sending") {
        return parse_sending(rest, terminated).map(|a| a.unwrap_or_else(|| not_understood(line)));
    }
    let cut_keyword =
        || ["Sending", ERROR].iter().any(|word| strip_prefix_ignoring_case(word, text).is_some());
    if !terminated && (end != End::Closed || cut_keyword()) {
        return None;
    }
    Some(match strip_prefix_ignoring_case(text, ERROR) {
        Some(reason) => parse_error(reason),
        None => not_understood(line),
    })
}

/// What stands behind `Sending`: `,L1 Send SMS to:51987654321; ID:6a52acc8`. The outer `None` is
/// an answer that was cut, the inner one an answer without an id.
///
/// The beginning of an id must never be taken for the id: the message would be looked for under
/// a name that the box does not know.
fn parse_sending(rest: &str, terminated: bool) -> Option<Option<SendAnswer>> {
    let Some(at) = rest.to_ascii_uppercase().rfind("ID:") else {
        return terminated.then_some(None);
    };
    let tail = rest[at + "ID:".len()..].trim_start();
    let id_len =
        tail.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(tail.len());
    let id = &tail[..id_len];
    let full_form = id.len() == JOB_ID_DIGITS && id.bytes().all(|b| b.is_ascii_hexdigit());
    if !(terminated || id.len() < tail.len() || full_form) {
        return None;
    }
    let id = JobId::parse(id).filter(|id| !id.is_empty());
    let line = split_line(rest.trim_start_matches([',', ' '])).0;
    Some(id.map(|id| SendAnswer::Sending { line, id }))
}

fn parse_error(reason: &str) -> SendAnswer {
    let words = split_line(reason.trim()).1;
    let small = words.to_ascii_lowercase();
    if small.contains("user or password") {
        SendAnswer::BadLogin
    } else if small.contains("busy") {
        SendAnswer::Busy
    } else if small.contains("gsm") && small.contains("logout") {
        SendAnswer::GsmLogout
    } else {
        SendAnswer::Refused(Words::new(words))
    }
}

/// The line's number in front of `text`, as in `L1 busy`, and what stands behind it.
fn split_line(text: &str) -> (Option<u8>, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    match strip_prefix_ignoring_case(word, "L").and_then(|digits| digits.parse().ok()) {
        Some(line) if line > 0 => (Some(line), rest.trim_start()),
        _ => (None, text),
    }
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn not_understood(bytes: &[u8]) -> SendAnswer {
    // A character has at most four bytes, and more than `Words` keeps need not be decoded.
    let start = bytes.trim_ascii_start();
    let start = &start[..start.len().min(4 * Words::CAPACITY)];
    SendAnswer::NotUnderstood(Words::new(&String::from_utf8_lossy(start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LF_HEAD: &str = "HTTP/1.0 200 OK\nDate: Thu, 01 Jan 1970 00:00:00 GMT\nContent-Type: text/html\n\n";

    fn sending(line: Option<u8>, id: &str) -> SendAnswer {
        SendAnswer::Sending { line, id: JobId::parse(id).unwrap() }
    }

    fn refused(words: &str) -> SendAnswer {
        SendAnswer::Refused(Words::new(words))
    }

    fn odd(words: &str) -> SendAnswer {
        SendAnswer::NotUnderstood(Words::new(words))
    }

    #[test]
    fn a_closed_answer_means_what_its_first_line_says() {
        let bad_login = SendAnswer::BadLogin;
        for (body, meaning) in [
            ("\nSending,L1 Send SMS to:51987654321; ID:6a52acc8\n", sending(Some(1), "6a52acc8")),
            ("Sending,L12 Send SMS to:777; ID:0000006D\r\n", sending(Some(12), "0000006d")),
            ("sending, L3 Send SMS to:+49; id: 7 \n", sending(Some(3), "7")),
            ("Sending Send SMS; ID:6a52acc8<br>", sending(None, "6a52acc8")),
            ("Sending,L0 Send SMS; ID:6a52acc8", sending(None, "6a52acc8")),
            ("Sending,L1 Send SMS to:777\n", odd("Sending,L1 Send SMS to:777")),
            ("Sending,L1 Send SMS to:7; ID:\n", odd("Sending,L1 Send SMS to:7; ID:")),
            ("Sending,L1 ID:0123456789abcdef0\n", odd("Sending,L1 ID:0123456789abcdef0")),
            ("\nERROR,L1 busy\n", SendAnswer::Busy),
            ("error, l2  BUSY", SendAnswer::Busy),
            ("\r\nERROR,L1 GSM logout\r\n", SendAnswer::GsmLogout),
            ("ERROR,L1 gsm_LOGOUT", SendAnswer::GsmLogout),
            ("ERROR,user or password error\n", bad_login),
            ("ERROR,User or Password Error", bad_login),
            ("ERROR,L1 no such line\n", refused("no such line")),
            ("ERROR,Lost module\n", refused("Lost module")),
            ("ERROR,L300 hm\n", refused("L300 hm")),
            ("ERROR,\n", refused("")),
            ("<html><body>Login</body>\n", odd("<html><body>Login</body>")),
            ("ERRORS\n", odd("ERRORS")),
            ("\u{fc}\n", odd("\u{fc}")),
        ] {
            let answer = format!("{LF_HEAD}{body}");
            assert_eq!(parse_answer(answer.as_bytes(), End::Closed, None), Some(meaning), "{body:?}");
            let crlf = format!("{}{body}", LF_HEAD.replace('\n', "\r\n"));
            assert_eq!(parse_answer(crlf.as_bytes(), End::Closed, None), Some(meaning), "{body:?}");
        }
    }

    #[test]
    fn another_http_status_is_not_an_answer_but_401_is_a_bad_login() {
        for (head, meaning) in [
            ("HTTP/1.0 401 Please Authenticate\n\n\n", SendAnswer::BadLogin),
            ("HTTP/1.0 404 Not Found\n\nERROR,L1 busy\n", odd("HTTP 404")),
            ("HTTP/1.1 302\r\nLocation: /\r\n\r\n", odd("HTTP 302")),
        ] {
            assert_eq!(parse_answer(head.as_bytes(), End::Closed, None), Some(meaning), "{head:?}");
            assert_eq!(parse_answer(head.as_bytes(), End::Reset, None), Some(meaning), "{head:?}");
        }
    }

    #[test]
    fn an_answer_without_a_head_is_not_understood() {
        let bytes = b"ERROR,user or password error\n";
        assert_eq!(parse_answer(bytes, End::Closed, None), Some(odd("ERROR,user or password error")));
        assert_eq!(parse_answer(bytes, End::Open, None), None);
        assert_eq!(parse_answer(b"\xff\xfe", End::Closed, None), Some(odd("\u{fffd}\u{fffd}")));
    }

    #[test]
    fn a_head_with_odd_lines_is_read_all_the_same() {
        let answer = b"HTTP/1.0 200 OK\nno colon here\nDate : x\nEmpty:\n\nERROR,L1 busy\n";
        assert_eq!(parse_answer(answer, End::Closed, None), Some(SendAnswer::Busy));
    }

    #[test]
    fn nothing_is_whole_before_its_end_but_a_body_of_known_length() {
        let known = b"HTTP/1.0 200 OK\ncontent-length: 14\n\nERROR,L1 busy\n";
        assert_eq!(parse_answer(known, End::Open, None), Some(SendAnswer::Busy));
        for len in 0..known.len() {
            for end in [End::Open, End::Closed] {
                let cut = parse_answer(&known[..len], end, None);
                assert!(
                    matches!(cut, None | Some(SendAnswer::Refused(_) | SendAnswer::Busy)),
                    "{len}: {cut:?}"
                );
            }
            assert_eq!(parse_answer(&known[..len], End::Open, None), None, "{len}");
        }
        let unknown = format!("{LF_HEAD}ERROR,L1 busy\n");
        assert_eq!(parse_answer(unknown.as_bytes(), End::Open, None), None);
    }

    #[test]
    fn a_body_shorter_than_its_length_says_nothing() {
        let short = b"HTTP/1.0 200 OK\nContent-Length: 99\n\nERROR,L1 bu";
        assert_eq!(parse_answer(short, End::Closed, None), None);
    }

    #[test]
    fn a_job_id_is_never_read_from_a_cut_answer() {
        for id in ["6a52acc8", "0000006d", "17"] {
            let whole = format!("{LF_HEAD}\nSending,L1 Send SMS to:51987654321; ID:{id}\n");
            for len in 0..whole.len() {
                for end in [End::Open, End::Closed, End::Reset] {
                    let got = parse_answer(&whole.as_bytes()[..len], end, None);
                    assert!(got.is_none() || got == Some(sending(Some(1), id)), "{len} {end:?}: {got:?}");
                }
            }
            assert_eq!(parse_answer(whole.as_bytes(), End::Reset, None), Some(sending(Some(1), id)));
        }
    }

    #[test]
    fn a_cut_refusal_is_never_anything_but_a_refusal() {
        let whole = format!("{LF_HEAD}\nERROR,L1 GSM logout\n");
        for len in 0..whole.len() {
            let cut = &whole.as_bytes()[..len];
            let got = parse_answer(cut, End::Closed, None);
            assert!(
                matches!(got, None | Some(SendAnswer::Refused(_) | SendAnswer::GsmLogout)),
                "{len}: {got:?}"
            );
            assert_eq!(parse_answer(cut, End::Reset, None), None, "{len}");
        }
        assert_eq!(parse_answer(whole.as_bytes(), End::Reset, None), Some(SendAnswer::GsmLogout));
    }

    #[test]
    fn the_forms_page_is_believed_where_it_says_what_is_known() {
        let key = JobId::key(1);
        let sending = SendAnswer::Sending { line: None, id: key };
        for (body, meaning) in [
            ("<html><td id=\"send2\">Line 2 Sending...</td>", sending),
            ("<td>LINE  2\n SENDING", sending),
            ("<td id=\"send2\"><b>Line 1 sending...</b>Line 2 Sending", sending),
            ("<td id=\"send1\">Line 12 Sending...", SendAnswer::NotSaid),
            ("<td id=\"send2\">Line 2 busy", SendAnswer::NotSaid),
            ("<input name=\"smskey\" value=\"5fd36a4a\">", SendAnswer::NotSaid),
            ("<p>Sending, please wait... DONE", odd("<p>Sending, please wait")),
            ("\nERROR,L2 busy\nLine 2 Sending", SendAnswer::Busy),
            ("Sending,L2 Send SMS to:7; ID:6a52acc8\n", odd("Sending,L2 Send SMS to:")),
            ("\nERROR,user or password error\n", SendAnswer::BadLogin),
        ] {
            let answer = format!("{LF_HEAD}{body}");
            let got = parse_answer(answer.as_bytes(), End::Closed, Some((key, 2)));
            assert_eq!(got, Some(meaning), "{body:?}");
        }
        let cut = format!("{LF_HEAD}<td id=\"send2\">Line 2 Sending...");
        assert_eq!(parse_answer(cut.as_bytes(), End::Open, Some((key, 2))), None, "more may come");
        assert_eq!(parse_answer(cut.as_bytes(), End::Reset, Some((key, 2))), Some(sending));
    }
}
