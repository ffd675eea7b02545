//! The clean API's requests: what stands in their paths, queries, heads and bodies, as the
//! requests that every door has.

use core::ops::RangeInclusive;

use super::route;
use crate::api::request::{
    DEFAULT_LIMIT, From, MAX_KEY_BYTES, MAX_LIMIT, MAX_WAIT_S, Request, SendRequest, parse_control,
    parse_estimate, parse_send,
};
use crate::message::{ErrorCode, MessageId, Quoted, Refusal, State};

/// Below this path lie the messages.
pub const MESSAGES: &str = "/v1/messages";

/// A query's fields, decoded.
pub type Query = [(String, String)];

/// The message to be sent: the body's fields, with the key of the head's `Idempotency-Key`.
///
/// # Errors
/// `bad_request`: of the body, see [`parse_send`]; or there are two keys.
pub fn send(body: &[u8], key: Option<&str>) -> Result<SendRequest, Refusal> {
    let mut send = parse_send(utf8(body)?)?;
    if let Some(key) = key {
        if !(1..=MAX_KEY_BYTES).contains(&key.len()) {
            let len = key.len();
            let message =
                format!("the header Idempotency-Key has {len} bytes, 1 to {MAX_KEY_BYTES} are allowed");
            return Err(bad_request(message));
        }
        if send.key.as_deref().is_some_and(|other| other != key) {
            return Err(bad_request(
                "the header Idempotency-Key and the field 'key' differ: send one of them",
            ));
        }
        send.key = Some(key.to_owned());
    }
    Ok(send)
}

/// The text of a body.
fn utf8(body: &[u8]) -> Result<&str, Refusal> {
    core::str::from_utf8(body).map_err(|error| {
        let at = error.valid_up_to();
        bad_request(format!("the body is not UTF-8 at byte {at}: the byte {:#04x} is out of place", body[at]))
    })
}

/// What is to be done to a line or a device: the path says to which, the body says what.
///
/// # Errors
/// `bad_request`, see [`parse_control`].
pub fn control(path: &str, body: &[u8]) -> Result<Request, Refusal> {
    let Some((deed, target)) = route::Deed::find(path) else { return Err(bad_request("no such path")) };
    parse_control(deed.as_str(), target, utf8(body)?)
}

/// `POST /v1/estimate`.
///
/// # Errors
/// `bad_request`.
pub fn estimate(body: &[u8]) -> Result<SendRequest, Refusal> {
    parse_estimate(utf8(body)?)
}

/// `GET /v1/messages/ID?wait=S`.
///
/// # Errors
/// `bad_request` naming the field.
pub fn message(id: MessageId, query: &Query) -> Result<Request, Refusal> {
    only(query, &["wait"])?;
    Ok(match number(query, "wait", 1..=MAX_WAIT_S)? {
        Some(timeout_s) => Request::Wait { id, timeout_s },
        None => Request::Status { id },
    })
}

/// `GET /v1/messages?state=&after=&limit=`.
///
/// # Errors
/// `bad_request` naming the field.
pub fn list(query: &Query) -> Result<Request, Refusal> {
    only(query, &["state", "after", "limit"])?;
    let state = match field(query, "state")? {
        None => None,
        Some(word) => Some(State::from_name(word).ok_or_else(|| {
            let known = State::ALL.map(State::as_str).join(", ");
            bad_request(format!("the query field 'state' must be one of {known}, not {}", Quoted(word)))
        })?),
    };
    Ok(Request::List {
        state,
        after: number(query, "after", 0..=u32::MAX)?,
        limit: number(query, "limit", 1..=MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT),
    })
}

/// `GET /v1/inbox?after=&limit=&wait=`.
///
/// # Errors
/// `bad_request` naming the field.
pub fn inbox(query: &Query) -> Result<Request, Refusal> {
    only(query, &["after", "limit", "wait"])?;
    Ok(Request::Inbox {
        after: number(query, "after", 0..=u32::MAX)?,
        limit: number(query, "limit", 1..=MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT),
        wait_s: number(query, "wait", 1..=MAX_WAIT_S)?.unwrap_or(0),
    })
}

/// `GET /v1/optouts?after=&limit=`.
///
/// # Errors
/// `bad_request` naming the field; `invalid_number`.
pub fn opt_outs(query: &Query) -> Result<Request, Refusal> {
    only(query, &["after", "limit"])?;
    // A '+' that was not encoded has become a blank.
    let after = match field(query, "after")? {
        Some(text) => {
            let digits = text.strip_prefix(' ').map(|digits| ["+", digits].concat());
            Some(route::number(digits.as_deref().unwrap_or(text))?.text().as_str().into())
        }
        None => None,
    };
    Ok(Request::OptOuts { after, limit: number(query, "limit", 1..=MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT) })
}

/// `GET /v1/events?after=`, with the head's `Last-Event-ID`. That goes before the field: a browser
/// that comes back has the newer one there, and the address as it was.
///
/// # Errors
/// `bad_request` naming the field or the header.
pub fn events(query: &Query, last: Option<&str>) -> Result<Request, Refusal> {
    only(query, &["after"])?;
    let asked = number(query, "after", 0..=u32::MAX)?;
    let last = match last.filter(|last| !last.is_empty()) {
        Some(last) => Some(whole(last).ok_or_else(|| {
            let last = Quoted(last);
            bad_request(format!("the header Last-Event-ID must be the id of an event, not {last}"))
        })?),
        None => None,
    };
    Ok(Request::Events { from: last.or(asked).map_or(From::Oldest, From::After) })
}

/// Refuses every field but those.
///
/// # Errors
/// `bad_request` naming the field.
pub fn only(query: &Query, known: &[&str]) -> Result<(), Refusal> {
    let Some((name, _)) = query.iter().find(|(name, _)| !known.contains(&name.as_str())) else {
        return Ok(());
    };
    let known = if known.is_empty() { "none" } else { &known.join(", ") };
    Err(bad_request(format!("there is no query field {} here: known are {known}", Quoted(name))))
}

/// The one field of that name; empty is the same as leaving it out.
fn field<'a>(query: &'a Query, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut values = query.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let value = values.next();
    if values.next().is_some() {
        return Err(bad_request(format!("the query field '{name}' comes twice")));
    }
    Ok(value.filter(|value| !value.is_empty()))
}

fn number(query: &Query, name: &str, range: RangeInclusive<u32>) -> Result<Option<u32>, Refusal> {
    let Some(value) = field(query, name)? else { return Ok(None) };
    whole(value).filter(|n| range.contains(n)).map(Some).ok_or_else(|| {
        let (from, to) = (range.start(), range.end());
        let value = Quoted(value);
        bad_request(format!(
            "the query field '{name}' must be a whole number from {from} to {to}, not {value}"
        ))
    })
}

/// Digits without a sign.
fn whole(value: &str) -> Option<u32> {
    value.parse().ok().filter(|_| value.bytes().all(|b| b.is_ascii_digit()))
}

fn bad_request(message: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::BadRequest, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn the_key_may_stand_in_the_head_or_in_the_body() {
        let key = |body: &str, head| send(body.as_bytes(), head).map(|send| send.key);
        let (without, with) = (r#"{"to":"12","text":"x"}"#, r#"{"to":"12","text":"x","key":"a"}"#);
        assert_eq!(key(without, None), Ok(None));
        assert_eq!(key(without, Some("a")), Ok(Some("a".into())));
        assert_eq!(key(with, None), Ok(Some("a".into())));
        assert_eq!(key(with, Some("a")), Ok(Some("a".into())));
        for (head, message) in [
            ("b", "the header Idempotency-Key and the field 'key' differ: send one of them"),
            ("", "the header Idempotency-Key has 0 bytes, 1 to 64 are allowed"),
        ] {
            assert_eq!(key(with, Some(head)).unwrap_err().message, message);
        }
        assert!(key(without, Some(&"k".repeat(65))).is_err());
        assert_eq!(
            send(b"{\"to\":\"\xFC\"}", None).unwrap_err().message,
            "the body is not UTF-8 at byte 7: the byte 0xfc is out of place"
        );
    }

    #[test]
    fn a_message_is_shown_at_once_or_waited_for() {
        assert_eq!(message(17, &[]), Ok(Request::Status { id: 17 }));
        assert_eq!(message(17, &query(&[("wait", "60")])), Ok(Request::Wait { id: 17, timeout_s: 60 }));
        for (name, value, refused) in [
            ("wait", "0", "the query field 'wait' must be a whole number from 1 to 60, not '0'"),
            ("wait", "+5", "the query field 'wait' must be a whole number from 1 to 60, not '+5'"),
            ("Wait", "5", "there is no query field 'Wait' here: known are wait"),
        ] {
            assert_eq!(message(17, &query(&[(name, value)])).unwrap_err().message, refused);
        }
    }

    #[test]
    fn an_inbox_is_shown_at_once_or_waited_for() {
        let asked = |after, limit, wait_s| Ok(Request::Inbox { after, limit, wait_s });
        assert_eq!(inbox(&[]), asked(None, 50, 0));
        assert_eq!(inbox(&query(&[("after", "0"), ("limit", "1"), ("wait", "60")])), asked(Some(0), 1, 60));
        assert!(inbox(&query(&[("wait", "61")])).is_err());
        assert!(inbox(&query(&[("state", "sent")])).is_err());
    }

    #[test]
    fn events_go_on_behind_the_last_one_seen() {
        let from = |from| Ok(Request::Events { from });
        assert_eq!(events(&[], None), from(From::Oldest));
        assert_eq!(events(&query(&[("after", "5")]), None), from(From::After(5)));
        assert_eq!(events(&query(&[("after", "5")]), Some("")), from(From::After(5)));
        assert_eq!(events(&query(&[("after", "5")]), Some("91")), from(From::After(91)));
        assert_eq!(
            events(&[], Some("-1")).unwrap_err().message,
            "the header Last-Event-ID must be the id of an event, not '-1'"
        );
        assert!(events(&query(&[("consumer", "x")]), None).is_err());
    }

    #[test]
    fn a_list_has_three_fields_each_of_which_may_be_left_out_or_empty() {
        let usual = Request::List { state: None, after: None, limit: 50 };
        assert_eq!(list(&[]), Ok(usual.clone()));
        assert_eq!(list(&query(&[("state", ""), ("after", ""), ("limit", "")])), Ok(usual));
        assert_eq!(
            list(&query(&[("state", "sent"), ("after", "17"), ("limit", "200")])),
            Ok(Request::List { state: Some(State::Sent), after: Some(17), limit: 200 })
        );
        for (pairs, refused) in [
            (
                &[("limit", "201")][..],
                "the query field 'limit' must be a whole number from 1 to 200, not '201'",
            ),
            (&[("limit", "5"), ("limit", "6")], "the query field 'limit' comes twice"),
            (&[("x", "")], "there is no query field 'x' here: known are state, after, limit"),
        ] {
            assert_eq!(list(&query(pairs)).unwrap_err().message, refused);
        }
        assert!(list(&query(&[("state", "gone")])).unwrap_err().message.ends_with("not 'gone'"));
        assert_eq!(
            only(&query(&[("x", "")]), &[]).unwrap_err().message,
            "there is no query field 'x' here: known are none"
        );
    }
}
