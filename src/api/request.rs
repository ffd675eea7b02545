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
mod tests;
