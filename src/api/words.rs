//! Requests and replies in plain words, for `socat` and shell scripts. They offer little; who
//! needs more writes JSON.

use core::fmt::{Display, Write};

use super::{Request, SendRequest, bad_request};
use crate::message::{Number, Quoted, Refusal};

const KNOWN: &str = "known are 'send NUMBER TEXT', 'status ID', 'cancel ID', 'ping', or JSON";

/// The request in a line of plain words. The text of a `send` is all that stands behind the one
/// blank after the number, as it stands; the number can hold no blanks here. One carriage return
/// at the end belongs to the line's end, not to the text.
///
/// # Errors
/// `bad_request` for anything but the four known requests, and for a number that goes on behind
/// the blank.
pub fn parse(line: &str) -> Result<Request, Refusal> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "" => Err(bad_request(format!("no request at the line's beginning; {KNOWN}"))),
        "send" => match rest.split_once(' ') {
            Some((to, text)) if Number::is_cut_off(to, text) => Err(bad_request(format!(
                "the number ends at the first blank, with {}; write the number in one word, without blanks",
                Quoted(to)
            ))),
            Some((to, text)) if !to.is_empty() => {
                let (to, text) = (to.to_owned(), text.to_owned());
                Ok(Request::Send(SendRequest { to, text, ..SendRequest::default() }))
            }
            _ => Err(bad_request(
                "'send' needs a number and a text with one blank between: 'send NUMBER TEXT'",
            )),
        },
        "status" => Ok(Request::Status { id: id(word, rest)? }),
        "cancel" => Ok(Request::Cancel { id: id(word, rest)? }),
        "ping" if rest.trim_ascii().is_empty() => Ok(Request::Ping),
        "ping" => Err(bad_request(format!("'ping' stands alone, without {}", Quoted(rest)))),
        _ => Err(bad_request(format!("unknown request {}; {KNOWN}", Quoted(word)))),
    }
}

fn id(word: &str, rest: &str) -> Result<u32, Refusal> {
    let digits = rest.trim_ascii();
    match digits.parse() {
        Ok(id) if id > 0 && !digits.starts_with('+') => Ok(id),
        _ => Err(bad_request(format!(
            "'{word}' needs a message's id, a whole number from 1 to {}, not {}",
            u32::MAX,
            Quoted(digits)
        ))),
    }
}

/// Writes `ok WHAT`, without the line's end: `ok 17`, `ok sent`.
pub fn ok(out: &mut String, what: impl Display) {
    // Writing to a String does not fail.
    let _ = write!(out, "ok {what}");
}

/// Writes `error CODE SENTENCE`, on one line whatever the sentence holds, without the line's end.
pub fn refusal(out: &mut String, refusal: &Refusal) {
    out.push_str("error ");
    out.push_str(refusal.code.as_str());
    out.push(' ');
    out.extend(refusal.message.chars().map(|c| if c.is_control() { ' ' } else { c }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::ErrorCode;

    fn send(to: &str, text: &str) -> Result<Request, Refusal> {
        Ok(Request::Send(SendRequest { to: to.into(), text: text.into(), ..SendRequest::default() }))
    }

    #[test]
    fn the_text_of_a_send_is_the_rest_of_the_line_as_it_stands() {
        for (line, to, text) in [
            ("send +4915112345678 Pump 3 stopped", "+4915112345678", "Pump 3 stopped"),
            ("send 12 a  \"b\" \\n ", "12", "a  \"b\" \\n "),
            ("send 12  x", "12", " x"),
            ("send 12 ", "12", ""),
            ("send 12x hello", "12x", "hello"),
            ("send 12 x\r", "12", "x"),
            ("send 12 x\r\r", "12", "x\r"),
        ] {
            assert_eq!(parse(line), send(to, text), "{line:?}");
        }
    }

    #[test]
    fn the_other_words_take_an_id_or_nothing() {
        assert_eq!(parse("status 17"), Ok(Request::Status { id: 17 }));
        assert_eq!(parse("status  17 \r"), Ok(Request::Status { id: 17 }));
        assert_eq!(parse("cancel 4294967295"), Ok(Request::Cancel { id: u32::MAX }));
        assert_eq!(parse("ping"), Ok(Request::Ping));
        assert_eq!(parse("ping \r"), Ok(Request::Ping));
    }

    #[test]
    fn anything_else_is_refused_with_what_is_known() {
        let known = "known are 'send NUMBER TEXT', 'status ID', 'cancel ID', 'ping', or JSON";
        for line in ["", "\r", " ping"] {
            let message = format!("no request at the line's beginning; {known}");
            assert_eq!(parse(line), Err(bad_request(message)), "{line:?}");
        }
        for (line, word) in
            [("list", "list"), ("Send 12 x", "Send"), ("[1]", "[1]"), ("GET / HTTP/1.1", "GET")]
        {
            assert_eq!(parse(line), Err(bad_request(format!("unknown request '{word}'; {known}"))));
        }
        for line in ["send", "send ", "send 12", "send  12 x"] {
            let message = "'send' needs a number and a text with one blank between: 'send NUMBER TEXT'";
            assert_eq!(parse(line), Err(bad_request(message)), "{line:?}");
        }
        for (line, word, id) in [
            ("status", "status", ""),
            ("status 0", "status", "0"),
            ("status +1", "status", "+1"),
            ("cancel 4294967296", "cancel", "4294967296"),
            ("cancel 1 2", "cancel", "1 2"),
        ] {
            let message =
                format!("'{word}' needs a message's id, a whole number from 1 to 4294967295, not '{id}'");
            assert_eq!(parse(line), Err(bad_request(message)));
        }
        assert_eq!(
            parse("send +49 151 12345678 hi"),
            Err(bad_request(
                "the number ends at the first blank, with '+49'; write the number in one word, without blanks"
            ))
        );
        assert_eq!(parse("ping 1"), Err(bad_request("'ping' stands alone, without '1'")));
    }

    #[test]
    fn a_reply_is_one_line() {
        let mut out = String::new();
        ok(&mut out, 17);
        assert_eq!(out, "ok 17");
        out.clear();
        refusal(&mut out, &Refusal::new(ErrorCode::Storage, "no space\nleft\r\0here"));
        assert_eq!(out, "error storage no space left  here");
    }
}
