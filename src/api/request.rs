//! What can be asked of goipd.

use super::fields::{Fields, required};
use super::{bad_request, rfc3339};
use crate::engine::Wish;
use crate::message::{
    At, ConsumerName, MAX_AHEAD_S, MAX_CONSUMER_BYTES, OnUnknown, Priority, Quoted, Refusal, State,
};

/// The longest key, in bytes: room for a UUID, a hash in hex, or a name with a date.
pub const MAX_KEY_BYTES: usize = 64;
/// The longest tag, in bytes: the same; what is longer belongs into the sender's own records.
pub const MAX_TAG_BYTES: usize = 64;
/// The shortest time to live, in seconds: below it a busy line alone would expire the message.
pub const MIN_TTL_S: u32 = 60;
/// The longest time to live, in seconds: 30 days.
pub const MAX_TTL_S: u32 = 2_592_000;
/// The longest wait, in seconds: a client that waits longer asks again, so that one which is gone
/// does not keep its place.
pub const MAX_WAIT_S: u32 = 60;
/// The most messages on a page of a list.
pub const MAX_LIMIT: u32 = 200;
/// The messages on a page of a list if the request does not say.
pub const DEFAULT_LIMIT: u32 = 50;

/// The longest USSD code, in bytes.
const MAX_CODE_BYTES: usize = 32;

/// The most numbers that are put on the list of opt-outs at once: their record stays small.
pub const MAX_NUMBERS: usize = 256;

/// Every operation, as an error lists them.
const OPS: &str = "send, status, wait, list, cancel, resend, inbox, lines, events, ack, optouts, optout, explain, estimate, line, ussd, device, ping";

/// The fields of a message to be sent.
pub(crate) const SEND_FIELDS: [&str; 10] =
    ["to", "text", "line", "ttl", "key", "tag", "on_unknown", "priority", "at", "collapse"];

/// Those of a message that is only thought of.
const ESTIMATE_FIELDS: [&str; 5] = ["to", "text", "line", "priority", "at"];

/// A request, its fields within their ranges. Ids are 1 or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Queue a message.
    Send(SendRequest),
    /// Show a message.
    Status {
        /// The message.
        id: u32,
    },
    /// Show a message as soon as its state is final or the time is up.
    Wait {
        /// The message.
        id: u32,
        /// How long to wait at most, 1 to [`MAX_WAIT_S`] seconds; that if the request does not say.
        timeout_s: u32,
    },
    /// Show a page of messages, the oldest first.
    List {
        /// Only messages in this state.
        state: Option<State>,
        /// Only messages with a higher id.
        after: Option<u32>,
        /// How many at most, 1 to [`MAX_LIMIT`].
        limit: u32,
    },
    /// Take back a message that has not been tried yet.
    Cancel {
        /// The message.
        id: u32,
    },
    /// Send again a message that failed or of which nobody knows.
    Resend {
        /// The message.
        id: u32,
    },
    /// Show a page of received messages, the oldest first.
    Inbox {
        /// Only messages with a higher id.
        after: Option<u32>,
        /// How many at most, 1 to [`MAX_LIMIT`].
        limit: u32,
        /// How long to wait at most until there is one, 1 to [`MAX_WAIT_S`] seconds; 0: not at all.
        wait_s: u32,
    },
    /// Show the lines.
    Lines,
    /// Show each event as it comes, until the client goes away.
    Events {
        /// From which event on.
        from: From,
    },
    /// A consumer is done with the events up to one.
    Ack {
        /// The consumer.
        consumer: ConsumerName,
        /// The event.
        seq: u32,
    },
    /// Show a page of the numbers that opted out, in their order.
    OptOuts {
        /// Only those behind this number.
        after: Option<String>,
        /// How many at most, 1 to [`MAX_LIMIT`].
        limit: u32,
    },
    /// Show, add or remove a number that opted out.
    OptOut {
        /// The number.
        number: String,
        /// What to do with it.
        act: OptOutAct,
    },
    /// Put up to [`MAX_NUMBERS`] numbers on the list of those that opted out, one a line.
    OptOutAll {
        /// The numbers.
        numbers: String,
    },
    /// Do something to a box or to one of its lines.
    Control {
        /// `DEVICE/N`; for a reboot `DEVICE`.
        target: String,
        /// What.
        wish: Wish,
    },
    /// Tell why a message waits, or what became of it.
    Explain {
        /// The message.
        id: u32,
    },
    /// Tell where a message would go and when; nothing is sent.
    Estimate(Box<SendRequest>),
    /// Show that goipd is there, and its counters.
    Ping,
}

/// What to do with a number and the list of those that opted out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OptOutAct {
    /// Look whether it is there.
    #[default]
    Show,
    /// Put it there.
    Add,
    /// Take it away.
    Remove,
}

impl OptOutAct {
    /// The words of the field `do`.
    const WORDS: [&str; 3] = ["show", "add", "remove"];

    fn from_name(name: &str) -> Option<Self> {
        let place = Self::WORDS.iter().position(|word| *word == name)?;
        [Self::Show, Self::Add, Self::Remove].get(place).copied()
    }
}

/// From which event on somebody reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// The oldest that is kept.
    Oldest,
    /// The one behind this one.
    After(u32),
    /// Where the consumer of that name is.
    Consumer(ConsumerName),
}

/// A message to be queued, as its sender wrote it: whether `to`, `text` and `line` are
/// acceptable is for [`crate::message`] and the configuration to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendRequest {
    /// The receiver's number; or several numbers and `@GROUP`s with commas between or behind them.
    /// See [`super::receivers`].
    pub to: String,
    /// The text; see [`crate::message::check_text`]. Without a NUL if it came as JSON.
    pub text: String,
    /// `DEVICE` or `DEVICE/N`; any line if absent.
    pub line: Option<String>,
    /// Time to live in seconds, [`MIN_TTL_S`] to [`MAX_TTL_S`]; the configured one if absent.
    pub ttl_s: Option<u32>,
    /// 1 to [`MAX_KEY_BYTES`] bytes: the same key again is the same message.
    pub key: Option<String>,
    /// At most [`MAX_TAG_BYTES`] bytes, perhaps none, that come back with the message.
    pub tag: Option<String>,
    /// What to do if the outcome cannot be known; the configured rule if absent.
    pub on_unknown: Option<OnUnknown>,
    /// Its rank in the queue.
    pub priority: Priority,
    /// When it is to go; at once if absent.
    pub at: Option<At>,
    /// 1 to [`MAX_KEY_BYTES`] bytes: a newer message with the same takes the place of an older one
    /// to the same receiver.
    pub collapse: Option<String>,
}

impl SendRequest {
    fn from_fields(fields: &Fields<'_>) -> Result<Self, Refusal> {
        let [hold, resend] = [OnUnknown::Hold, OnUnknown::Resend].map(OnUnknown::as_str);
        let priorities = Priority::ALL.map(Priority::as_str);
        Ok(Self {
            to: required("to", fields.strings("to")?)?,
            text: required("text", fields.string("text")?)?,
            line: fields.string("line")?,
            ttl_s: fields.number("ttl", MIN_TTL_S..=MAX_TTL_S)?,
            key: fields.string_of("key", 1..=MAX_KEY_BYTES)?,
            tag: fields.string_of("tag", 0..=MAX_TAG_BYTES)?,
            on_unknown: fields.word("on_unknown", OnUnknown::from_name, &[hold, resend])?,
            priority: fields.word("priority", Priority::from_name, &priorities)?.unwrap_or_default(),
            at: fields.string("at")?.map(|text| at(&text)).transpose()?,
            collapse: fields.string_of("collapse", 1..=MAX_KEY_BYTES)?,
        })
    }
}

/// When a message is to go.
fn at(text: &str) -> Result<At, Refusal> {
    let at = match text.strip_prefix('+') {
        None => rfc3339::parse(text).map(At::Time),
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().ok().filter(|seconds| (1..=MAX_AHEAD_S).contains(seconds)).map(At::After)
        }
        Some(_) => None,
    };
    at.ok_or_else(|| {
        bad_request(format!(
            "the field 'at' must be a time like 2026-12-01T07:00:00Z or +SECONDS, 1 to {MAX_AHEAD_S}, not {}",
            Quoted(text)
        ))
    })
}

/// The message in a JSON object such as `{"to":"+4915112345678","text":"Pump 3 stopped"}`: the
/// fields of a `send` without its `op`.
///
/// # Errors
/// As [`parse_json`].
pub fn parse_send(text: &str) -> Result<SendRequest, Refusal> {
    let fields = Fields::parse(text)?;
    if fields.string("op")?.is_some() {
        return Err(bad_request(format!("a message has no field 'op': it takes {}", SEND_FIELDS.join(", "))));
    }
    fields.only("send", &SEND_FIELDS)?;
    SendRequest::from_fields(&fields)
}

/// The same of a message that is only thought of.
///
/// # Errors
/// As [`parse_json`].
pub fn parse_estimate(text: &str) -> Result<SendRequest, Refusal> {
    let fields = Fields::parse(text)?;
    fields.only("estimate", &ESTIMATE_FIELDS)?;
    SendRequest::from_fields(&fields)
}

/// The request in a JSON object such as `{"op":"status","id":17}`. The order of the fields does
/// not matter; `null` is the same as leaving a field out.
///
/// # Errors
/// `bad_request` if it is not strict JSON (see [`super::scan`]), names no known operation, has a
/// field that the operation does not take or the same field twice, or if a field is missing, of
/// the wrong type, out of its range or holds a NUL. The sentence names the field.
pub fn parse_json(text: &str) -> Result<Request, Refusal> {
    let fields = Fields::parse(text)?;
    let Some(op) = fields.string("op")? else {
        return Err(bad_request(format!("the field 'op' is missing; known are {OPS}")));
    };
    let takes = |known: &[&str]| fields.only(&op, known);
    let id = || required("id", fields.number("id", 1..=u32::MAX)?);
    let only_id = || takes(&["id"]).and_then(|()| id());
    Ok(match op.as_str() {
        "send" => {
            takes(&SEND_FIELDS)?;
            Request::Send(SendRequest::from_fields(&fields)?)
        }
        "status" => Request::Status { id: only_id()? },
        "wait" => {
            takes(&["id", "timeout"])?;
            let timeout_s = fields.number("timeout", 1..=MAX_WAIT_S)?.unwrap_or(MAX_WAIT_S);
            Request::Wait { id: id()?, timeout_s }
        }
        "list" => {
            takes(&["state", "after", "limit"])?;
            Request::List {
                state: fields.word("state", State::from_name, &State::ALL.map(State::as_str))?,
                after: fields.number("after", 0..=u32::MAX)?,
                limit: fields.number("limit", 1..=MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT),
            }
        }
        "cancel" => Request::Cancel { id: only_id()? },
        "resend" => Request::Resend { id: only_id()? },
        "inbox" => {
            takes(&["after", "limit", "wait"])?;
            Request::Inbox {
                after: fields.number("after", 0..=u32::MAX)?,
                limit: fields.number("limit", 1..=MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT),
                wait_s: fields.number("wait", 1..=MAX_WAIT_S)?.unwrap_or(0),
            }
        }
        "lines" => takes(&[]).map(|()| Request::Lines)?,
        "events" => {
            takes(&["after", "consumer"])?;
            let from = match (fields.number("after", 0..=u32::MAX)?, consumer(&fields)?) {
                (None, None) => From::Oldest,
                (Some(after), None) => From::After(after),
                (None, Some(consumer)) => From::Consumer(consumer),
                (Some(_), Some(_)) => {
                    return Err(bad_request("'events' takes either 'after' or 'consumer', not both"));
                }
            };
            Request::Events { from }
        }
        "ack" => {
            takes(&["consumer", "seq"])?;
            Request::Ack {
                consumer: required("consumer", consumer(&fields)?)?,
                seq: required("seq", fields.number("seq", 0..=u32::MAX)?)?,
            }
        }
        "optouts" => {
            takes(&["after", "limit"])?;
            Request::OptOuts {
                after: fields.string("after")?,
                limit: fields.number("limit", 1..=MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT),
            }
        }
        "optout" => {
            takes(&["number", "numbers", "do"])?;
            let act = fields.word("do", OptOutAct::from_name, &OptOutAct::WORDS)?.unwrap_or_default();
            match (fields.string("numbers")?, act) {
                (None, act) => Request::OptOut { number: required("number", fields.string("number")?)?, act },
                (Some(numbers), OptOutAct::Add) if fields.string("number")?.is_none() => {
                    Request::OptOutAll { numbers }
                }
                (Some(_), _) => {
                    let message = "'optout' takes 'numbers' only with \"do\":\"add\" and without 'number'";
                    return Err(bad_request(message));
                }
            }
        }
        "line" | "ussd" | "device" => control(&op, &fields, None)?,
        "explain" => Request::Explain { id: only_id()? },
        "estimate" => {
            takes(&ESTIMATE_FIELDS)?;
            Request::Estimate(Box::new(SendRequest::from_fields(&fields)?))
        }
        "ping" => takes(&[]).map(|()| Request::Ping)?,
        _ => return Err(bad_request(format!("unknown op {}; known are {OPS}", Quoted(&op)))),
    })
}

/// The deed that the body of an HTTP request asks for; `op` and `target` stood in its path.
///
/// # Errors
/// As [`parse_json`].
pub fn parse_control(op: &str, target: &str, body: &str) -> Result<Request, Refusal> {
    let fields = Fields::parse(if body.trim().is_empty() { "{}" } else { body })?;
    control(op, &fields, Some(target))
}

/// The deeds: the operation, the field that names the target, and the one that says what is done.
/// Where the target is told elsewhere, that is a path, which says `reboot` too.
fn control(op: &str, fields: &Fields<'_>, target: Option<&str>) -> Result<Request, Refusal> {
    let (what, how) = match op {
        "line" => ("line", "power"),
        "ussd" => ("line", "code"),
        _ => ("device", "action"),
    };
    let known = [how, what];
    fields.only(
        op,
        if target.is_none() {
            &known
        } else if op == "device" {
            &[]
        } else {
            &known[..1]
        },
    )?;
    let target = match target {
        Some(target) => target.to_owned(),
        None => required(what, fields.string(what)?)?,
    };
    let word = match (fields.string(how)?, op) {
        (None, "device") => "reboot".to_owned(),
        (word, _) => required(how, word)?,
    };
    let wish = match (op, word.as_str()) {
        ("line", "on") => Wish::Power(true),
        ("line", "off") => Wish::Power(false),
        ("device", "reboot") => Wish::Reboot,
        ("ussd", code) if is_code(code) => Wish::Ussd(code.into()),
        _ => {
            let cure = match op {
                "line" => "'on' or 'off'",
                "ussd" => "1 to 32 of the characters 0-9 * # +",
                _ => "'reboot'",
            };
            return Err(bad_request(format!("the field '{how}' must be {cure}, not {}", Quoted(&word))));
        }
    };
    Ok(Request::Control { target, wish })
}

/// Whether a network can be asked with that.
fn is_code(code: &str) -> bool {
    (1..=MAX_CODE_BYTES).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'#' | b'+'))
}

fn consumer(fields: &Fields<'_>) -> Result<Option<ConsumerName>, Refusal> {
    let Some(name) = fields.string("consumer")? else { return Ok(None) };
    ConsumerName::parse(&name).map(Some).ok_or_else(|| {
        bad_request(format!(
            "the field 'consumer' must have 1 to {MAX_CONSUMER_BYTES} letters, digits, '_', '.' or '-', not {}",
            Quoted(&name)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader() -> ConsumerName {
        ConsumerName::parse("a.b-c_1").unwrap()
    }

    #[test]
    fn every_op_is_read_with_its_fields() {
        let list = |state, after, limit| Request::List { state, after, limit };
        for (text, request) in [
            (r#"{"op":"status","id":17}"#, Request::Status { id: 17 }),
            (r#"{"id":4294967295,"op":"status"}"#, Request::Status { id: u32::MAX }),
            (r#"{"op":"wait","id":1,"timeout":1}"#, Request::Wait { id: 1, timeout_s: 1 }),
            (r#"{"op":"wait","id":1}"#, Request::Wait { id: 1, timeout_s: 60 }),
            (r#"{"op":"list"}"#, list(None, None, 50)),
            (
                r#"{"op":"list","state":"queued","after":0,"limit":200}"#,
                list(Some(State::Queued), Some(0), 200),
            ),
            (r#"{"op":"list","state":null,"after":null,"limit":null}"#, list(None, None, 50)),
            (r#"{"op":"cancel","id":2}"#, Request::Cancel { id: 2 }),
            (r#"{"op":"resend","id":3}"#, Request::Resend { id: 3 }),
            (r#"{"op":"inbox"}"#, Request::Inbox { after: None, limit: 50, wait_s: 0 }),
            (
                r#"{"op":"inbox","after":7,"limit":1,"wait":60}"#,
                Request::Inbox { after: Some(7), limit: 1, wait_s: 60 },
            ),
            (r#"{"op":"lines"}"#, Request::Lines),
            (r#"{"op":"events"}"#, Request::Events { from: From::Oldest }),
            (r#"{"op":"events","after":0}"#, Request::Events { from: From::After(0) }),
            (r#"{"op":"events","consumer":"a.b-c_1"}"#, Request::Events { from: From::Consumer(reader()) }),
            (r#"{"op":"ack","consumer":"a.b-c_1","seq":7}"#, Request::Ack { consumer: reader(), seq: 7 }),
            (r#" { "op" : "ping" } "#, Request::Ping),
            (r#"{"\u006fp":"\u0070ing"}"#, Request::Ping),
        ] {
            assert_eq!(parse_json(text), Ok(request), "{text}");
        }
    }

    #[test]
    fn a_send_has_two_fields_that_must_be_there_and_eight_that_may() {
        let short = SendRequest { to: "12".into(), text: "hi".into(), ..SendRequest::default() };
        assert_eq!(parse_json(r#"{"op":"send","to":"12","text":"hi"}"#), Ok(Request::Send(short.clone())));
        assert_eq!(
            parse_json(
                r#"{"tag":null,"key":null,"text":"hi","ttl":null,"op":"send","line":null,"to":"12","on_unknown":null,"priority":null}"#
            ),
            Ok(Request::Send(short))
        );
        assert_eq!(
            parse_json(
                r#"{"op":"send","to":"+4915112345678","text":"Pump 3 stopped","line":"office/1","ttl":3600,
                    "key":"pump3-17","tag":"","on_unknown":"resend","priority":"high",
                    "at":"+60","collapse":"pump3"}"#
            ),
            Ok(Request::Send(SendRequest {
                to: "+4915112345678".into(),
                text: "Pump 3 stopped".into(),
                line: Some("office/1".into()),
                ttl_s: Some(3600),
                key: Some("pump3-17".into()),
                tag: Some(String::new()),
                on_unknown: Some(OnUnknown::Resend),
                priority: Priority::High,
                at: Some(At::After(60)),
                collapse: Some("pump3".into()),
            }))
        );
    }

    #[test]
    fn a_message_by_itself_is_a_send_without_its_op() {
        let send = parse_send(r#"{"to":"12","text":"hi","priority":"low"}"#).unwrap();
        assert_eq!((send.to.as_str(), send.text.as_str(), send.priority), ("12", "hi", Priority::Low));
        let refused = |text| parse_send(text).unwrap_err().message;
        let fields = "it takes to, text, line, ttl, key, tag, on_unknown, priority, at, collapse";
        let op = refused(r#"{"op":"send","to":"12","text":"hi"}"#);
        assert_eq!(op, format!("a message has no field 'op': {fields}"));
        assert_eq!(
            refused(r#"{"to":"12","text":"hi","id":1}"#),
            format!("'send' has no field 'id': {fields}")
        );
        assert_eq!(refused(r#"{"to":"12"}"#), "the field 'text' is missing");
    }

    #[test]
    fn escapes_in_a_text_become_their_characters() {
        let text = r#"{"op":"send","to":"12","text":"\"\\\/\b\f\n\r\t\u00e4ä\ud83d\ude00😀\""}"#;
        let Ok(Request::Send(send)) = parse_json(text) else { panic!("{:?}", parse_json(text)) };
        assert_eq!(send.text, "\"\\/\u{8}\u{c}\n\r\tää😀😀\"");
    }

    #[test]
    fn ranges_and_lengths_hold_at_their_borders() {
        let send = |field: &str| parse_json(&format!(r#"{{"op":"send","to":"12","text":"x",{field}}}"#));
        let (k64, k65) = ("k".repeat(64), "k".repeat(65));
        for (field, allowed) in [
            (r#""ttl":59"#.to_owned(), false),
            (r#""ttl":60"#.to_owned(), true),
            (r#""ttl":2592000"#.to_owned(), true),
            (r#""ttl":2592001"#.to_owned(), false),
            (r#""key":"""#.to_owned(), false),
            (format!(r#""key":"{k64}""#), true),
            (format!(r#""key":"{k65}""#), false),
            (r#""tag":"""#.to_owned(), true),
            (format!(r#""tag":"{k64}""#), true),
            (format!(r#""tag":"{k65}""#), false),
        ] {
            assert_eq!(send(&field).is_ok(), allowed, "{field}");
        }
        for (text, allowed) in [
            (r#"{"op":"status","id":0}"#, false),
            (r#"{"op":"status","id":4294967296}"#, false),
            (r#"{"op":"wait","id":1,"timeout":0}"#, false),
            (r#"{"op":"wait","id":1,"timeout":60}"#, true),
            (r#"{"op":"wait","id":1,"timeout":61}"#, false),
            (r#"{"op":"list","limit":0}"#, false),
            (r#"{"op":"list","limit":1}"#, true),
            (r#"{"op":"list","limit":201}"#, false),
        ] {
            assert_eq!(parse_json(text).is_ok(), allowed, "{text}");
        }
    }

    #[test]
    fn bad_input_is_refused_by_name() {
        for (text, message) in [
            (
                "{}",
                "the field 'op' is missing; known are send, status, wait, list, cancel, resend, inbox, lines, events, ack, optouts, optout, explain, estimate, line, ussd, device, ping",
            ),
            (
                r#"{"op":"outbox"}"#,
                "unknown op 'outbox'; known are send, status, wait, list, cancel, resend, inbox, lines, events, ack, optouts, optout, explain, estimate, line, ussd, device, ping",
            ),
            (r#"{"op":7}"#, "the field 'op' must be a string in double quotes, not '7'"),
            (r#"{"op":"send","text":"x"}"#, "the field 'to' is missing"),
            (r#"{"op":"send","to":"12"}"#, "the field 'text' is missing"),
            (r#"{"op":"send","to":"12","text":null}"#, "the field 'text' is missing"),
            (r#"{"op":"cancel"}"#, "the field 'id' is missing"),
            (
                r#"{"op":"send","to":4912,"text":"x"}"#,
                "the field 'to' must be a string in double quotes, not '4912'",
            ),
            (
                r#"{"op":"send","to":["12",7],"text":"x"}"#,
                "the field 'to' must be a string, or an array of strings, not '7'",
            ),
            (
                r#"{"op":"send","to":[["12"]],"text":"x"}"#,
                "the field 'to' must be a string, or an array of strings, not an array",
            ),
            (
                r#"{"op":"send","to":"12","text":"x","at":"tomorrow"}"#,
                "the field 'at' must be a time like 2026-12-01T07:00:00Z or +SECONDS, 1 to 2592000, not 'tomorrow'",
            ),
            (
                r#"{"op":"send","to":"12","text":"x","at":"+2592001"}"#,
                "the field 'at' must be a time like 2026-12-01T07:00:00Z or +SECONDS, 1 to 2592000, not '+2592001'",
            ),
            (
                r#"{"op":"send","to":"12","text":"x","collapse":""}"#,
                "the field 'collapse' has 0 bytes, 1 to 64 are allowed",
            ),
            (
                r#"{"op":"send","to":"12","text":{"a":1}}"#,
                "the field 'text' must be a string in double quotes, not an object",
            ),
            (
                r#"{"op":"status","id":"17"}"#,
                "the field 'id' must be a whole number from 1 to 4294967295, not a string",
            ),
            (
                r#"{"op":"status","id":-1}"#,
                "the field 'id' must be a whole number from 1 to 4294967295, not '-1'",
            ),
            (
                r#"{"op":"status","id":17.0}"#,
                "the field 'id' must be a whole number from 1 to 4294967295, not '17.0'",
            ),
            (
                r#"{"op":"status","id":true}"#,
                "the field 'id' must be a whole number from 1 to 4294967295, not 'true'",
            ),
            (
                r#"{"op":"send","to":"12","text":"x","priority":"urgent"}"#,
                "the field 'priority' must be one of high, normal, low, not 'urgent'",
            ),
            (
                r#"{"op":"send","to":"12","text":"x","on_unknown":"drop"}"#,
                "the field 'on_unknown' must be one of hold, resend, not 'drop'",
            ),
            (
                r#"{"op":"send","to":"12","text":"x","key":""}"#,
                "the field 'key' has 0 bytes, 1 to 64 are allowed",
            ),
            (
                r#"{"op":"send","to":"12","text":"x","prio":1}"#,
                "'send' has no field 'prio': it takes to, text, line, ttl, key, tag, on_unknown, priority, at, collapse",
            ),
            (r#"{"op":"status","id":1,"ttl":60}"#, "'status' has no field 'ttl': it takes id"),
            (r#"{"op":"ping","id":1}"#, "'ping' has no field 'id': it takes no fields"),
            (r#"{"op":"ping","a\u001b":[[1]]}"#, r"'ping' has no field 'a\u{1b}': it takes no fields"),
            (r#"{"op":"ping","op":"ping"}"#, "the field 'op' stands there again at byte 13"),
            (r#"{"op":"ping","\u006fp":"lines"}"#, "the field 'op' stands there again at byte 13"),
            (
                r#"{"op":"send","to":"12","text":"a\u0000b"}"#,
                "the field 'text' holds a NUL character: remove it",
            ),
            (r#"{"op":"ack","consumer":"a"}"#, "the field 'seq' is missing"),
            (r#"{"op":"ack","seq":1}"#, "the field 'consumer' is missing"),
            (
                r#"{"op":"events","consumer":"a b"}"#,
                "the field 'consumer' must have 1 to 32 letters, digits, '_', '.' or '-', not 'a b'",
            ),
            (
                r#"{"op":"events","consumer":"a","after":1}"#,
                "'events' takes either 'after' or 'consumer', not both",
            ),
            (r#"{"op":"events","limit":1}"#, "'events' has no field 'limit': it takes after, consumer"),
            (r#"{"op":"ping"}x"#, "the request is not valid JSON at byte 13: nothing may follow the object"),
            (
                r#"{"op":"send","to":"12","text":"\udc00"}"#,
                "the request is not valid JSON at byte 31: half a surrogate pair",
            ),
        ] {
            assert_eq!(parse_json(text), Err(bad_request(message)), "{text}");
        }
    }
}
