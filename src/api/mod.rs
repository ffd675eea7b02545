//! The meaning of requests and replies, the same at every door: JSON and plain words in, JSON
//! and plain words out. No transport here: no sockets, no framing, no HTTP status.
//!
//! A request is read in three steps. [`scan`] is strict about JSON and bounded in depth, so that
//! nothing it lets through can upset what comes after; `fields` decodes single values and knows
//! their types; [`request`] knows the operations. Whether a number, text or line is acceptable is
//! told by `message` and the configuration, not here.

mod answer;
pub(crate) mod fields;
pub mod form;
pub mod json;
mod opt_outs;
pub mod reply;
pub mod request;
pub mod rfc3339;
pub mod scan;
#[cfg(test)]
pub(crate) mod testing;
pub mod words;

pub use answer::{Answer, Caller, InboxPage, answer, choice, receivers};
pub use request::{OptOutAct, Request, SendRequest};
pub use rfc3339::rfc3339;

use crate::message::{ErrorCode, Refusal};

/// In what a request came, and so in what its reply goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A JSON object; the reply is one.
    Json,
    /// Plain words; the reply begins with `ok` or `error`.
    Words,
}

/// Reads one line without its line feed. A line that begins with `{` is JSON, any other is plain
/// words, the empty one too. The form is known even if the request is refused.
///
/// # Errors
/// `bad_request` if it is not UTF-8 or not a known request; see [`request::parse_json`] and
/// [`words::parse`].
pub fn parse_line(line: &[u8]) -> (Form, Result<Request, Refusal>) {
    let form = if line.first() == Some(&b'{') { Form::Json } else { Form::Words };
    let request = utf8(line).and_then(|line| match form {
        Form::Json => request::parse_json(line),
        Form::Words => words::parse(line),
    });
    (form, request)
}

fn utf8(line: &[u8]) -> Result<&str, Refusal> {
    core::str::from_utf8(line).map_err(|error| {
        let at = error.valid_up_to();
        bad_request(format!(
            "the request is not UTF-8 at byte {at}: the byte {:#04x} is out of place",
            line[at]
        ))
    })
}

/// A refusal of a request that is not of a known form.
fn bad_request(message: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::BadRequest, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_begins_with_a_brace_is_json_and_any_other_is_words() {
        assert_eq!(parse_line(br#"{"op":"ping"}"#), (Form::Json, Ok(Request::Ping)));
        assert_eq!(parse_line(b"ping"), (Form::Words, Ok(Request::Ping)));
        assert_eq!(parse_line(b"{").0, Form::Json);
        assert_eq!(parse_line(br#" {"op":"ping"}"#).0, Form::Words);
        assert_eq!(parse_line(b"").0, Form::Words);
    }

    #[test]
    fn a_line_that_is_not_utf8_is_refused_in_its_own_form() {
        let (form, request) = parse_line(b"send 110 gr\xfc\xdf");
        assert_eq!(form, Form::Words);
        assert_eq!(
            request,
            Err(bad_request("the request is not UTF-8 at byte 11: the byte 0xfc is out of place"))
        );
        let (form, request) = parse_line(b"{\"op\":\"ping\xe2\x82");
        assert_eq!(form, Form::Json);
        assert_eq!(
            request,
            Err(bad_request("the request is not UTF-8 at byte 11: the byte 0xe2 is out of place"))
        );
    }
}
