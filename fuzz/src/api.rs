//! What clients of the socket say.

use goipd::api::json::object;
use goipd::api::request::{From, MAX_KEY_BYTES, MAX_LIMIT, MAX_TAG_BYTES, MAX_TTL_S, MAX_WAIT_S, MIN_TTL_S};
use goipd::api::scan::{Field, MAX_FIELDS};
use goipd::api::{Form, OptOutAct, Request, SendRequest, parse_line, reply};
use goipd::message::{ErrorCode, Priority};

use super::check_sentence;

/// One line of a client: what was read is within its ranges and is read the same when it is
/// written anew; a refusal is one short line in the form of the request.
pub fn request(bytes: &[u8]) {
    let (form, request) = parse_line(bytes);
    assert_eq!(form == Form::Json, bytes.starts_with(b"{"));
    match request {
        Ok(request) => {
            check_ranges(form, &request);
            let written = write_json(&request);
            if matches!(&request, Request::Send(send) if send.text.contains('\0') || send.to.contains('\0')) {
                // In JSON a NUL is refused before anybody looks at the fields' meaning.
                assert_eq!(form, Form::Words);
                assert!(parse_line(written.as_bytes()).1.is_err());
            } else {
                assert_eq!(parse_line(written.as_bytes()), (Form::Json, Ok(request.clone())), "{written}");
            }
            if form == Form::Words {
                let written = write_words(&request);
                assert_eq!(parse_line(written.as_bytes()), (form, Ok(request)), "{written:?}");
            }
        }
        Err(refusal) => {
            assert_eq!(refusal.code, ErrorCode::BadRequest);
            check_sentence(&refusal.message);
            // The decoder takes every string that the scan has let through, and no other refusal
            // begins with a string in its double quotes.
            assert!(!refusal.message.starts_with("'\""), "{refusal}");
            let mut written = String::new();
            reply::refusal(&mut written, form, &refusal);
            assert!(!written.contains(char::is_control), "{written:?}");
            match form {
                Form::Words => assert!(written.starts_with("error bad_request ")),
                Form::Json => assert!(goipd::api::scan::scan(&written).is_ok_and(|f| f.len() == 3)),
            }
        }
    }
}

fn check_ranges(form: Form, request: &Request) {
    match request {
        Request::Send(send) => {
            assert!(send.ttl_s.is_none_or(|s| (MIN_TTL_S..=MAX_TTL_S).contains(&s)));
            assert!(send.key.as_ref().is_none_or(|key| (1..=MAX_KEY_BYTES).contains(&key.len())));
            assert!(send.tag.as_ref().is_none_or(|tag| tag.len() <= MAX_TAG_BYTES));
            let plain = SendRequest { to: send.to.clone(), text: send.text.clone(), ..Default::default() };
            assert!(form == Form::Json || *send == plain, "plain words have no more fields");
        }
        Request::Status { id }
        | Request::Cancel { id }
        | Request::Resend { id }
        | Request::Explain { id } => assert!(*id > 0),
        Request::Estimate(send) => assert!(send.ttl_s.is_none() && send.key.is_none()),
        Request::Wait { id, timeout_s } => assert!(*id > 0 && (1..=MAX_WAIT_S).contains(timeout_s)),
        Request::Inbox { limit, wait_s, .. } => {
            assert!((1..=MAX_LIMIT).contains(limit) && *wait_s <= MAX_WAIT_S);
        }
        Request::List { limit, .. } | Request::OptOuts { limit, .. } => {
            assert!((1..=MAX_LIMIT).contains(limit));
        }
        Request::OptOut { .. } | Request::OptOutAll { .. } => {}
        Request::Lines | Request::Events { .. } | Request::Ack { .. } | Request::Ping => {}
    }
}

fn write_json(request: &Request) -> String {
    let mut out = String::new();
    object(&mut out, |o| {
        o.string("op", op(request));
        match request {
            Request::Send(send) => {
                o.string("to", &send.to);
                o.string("text", &send.text);
                o.optional("line", send.line.as_deref());
                o.optional("key", send.key.as_deref());
                o.optional("tag", send.tag.as_deref());
                o.optional("on_unknown", send.on_unknown.map(|o| o.as_str()));
                let priority = Some(send.priority).filter(|p| *p != Priority::default());
                o.optional("priority", priority.map(Priority::as_str));
                match send.ttl_s {
                    Some(ttl) => o.number("ttl", ttl),
                    None => o.null("ttl"),
                }
            }
            Request::Estimate(send) => {
                o.string("to", &send.to);
                o.string("text", &send.text);
                o.optional("line", send.line.as_deref());
                o.string("priority", send.priority.as_str());
            }
            Request::Status { id }
            | Request::Cancel { id }
            | Request::Resend { id }
            | Request::Explain { id } => o.number("id", *id),
            Request::Wait { id, timeout_s } => {
                o.number("id", *id);
                o.number("timeout", *timeout_s);
            }
            Request::List { state, after, limit } => {
                o.optional("state", state.map(|s| s.as_str()));
                if let Some(after) = after {
                    o.number("after", *after);
                }
                o.number("limit", *limit);
            }
            Request::Inbox { after, limit, wait_s } => {
                if let Some(after) = after {
                    o.number("after", *after);
                }
                o.number("limit", *limit);
                if *wait_s > 0 {
                    o.number("wait", *wait_s);
                }
            }
            Request::Events { from: From::Oldest } | Request::Lines | Request::Ping => {}
            Request::Events { from: From::After(after) } => o.number("after", *after),
            Request::Events { from: From::Consumer(consumer) } => o.string("consumer", consumer.as_str()),
            Request::Ack { consumer, seq } => {
                o.string("consumer", consumer.as_str());
                o.number("seq", *seq);
            }
            Request::OptOuts { after, limit } => {
                o.optional("after", after.as_deref());
                o.number("limit", *limit);
            }
            Request::OptOut { number, act } => {
                o.string("number", number);
                let words = ["show", "add", "remove"];
                let acts = [OptOutAct::Show, OptOutAct::Add, OptOutAct::Remove];
                let word = acts.iter().position(|known| known == act).map(|place| words[place]);
                o.optional("do", word);
            }
            Request::OptOutAll { numbers } => {
                o.string("numbers", numbers);
                o.string("do", "add");
            }
        }
    });
    out
}

/// A request that came in plain words. The line ends in a carriage return, so that one that
/// belongs to the text stays.
fn write_words(request: &Request) -> String {
    match request {
        Request::Send(send) => format!("send {} {}\r", send.to, send.text),
        Request::Status { id } | Request::Cancel { id } => format!("{} {id}\r", op(request)),
        _ => format!("{}\r", op(request)),
    }
}

fn op(request: &Request) -> &'static str {
    match request {
        Request::Send(_) => "send",
        Request::Status { .. } => "status",
        Request::Wait { .. } => "wait",
        Request::List { .. } => "list",
        Request::Cancel { .. } => "cancel",
        Request::Resend { .. } => "resend",
        Request::Inbox { .. } => "inbox",
        Request::Lines => "lines",
        Request::Events { .. } => "events",
        Request::Ack { .. } => "ack",
        Request::OptOuts { .. } => "optouts",
        Request::OptOut { .. } | Request::OptOutAll { .. } => "optout",
        Request::Explain { .. } => "explain",
        Request::Estimate(_) => "estimate",
        Request::Ping => "ping",
    }
}

/// The strict look at JSON: fields stand where the scan says, are the same when they are written
/// anew, and no beginning of an object is an object.
pub fn scan(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let fields = match goipd::api::scan::scan(text) {
        Ok(fields) => fields,
        Err(refusal) => {
            assert_eq!(refusal.code, ErrorCode::BadRequest);
            return check_sentence(&refusal.message);
        }
    };
    assert!(fields.len() <= MAX_FIELDS);
    let mut end = 0;
    for Field { name, value, at } in &fields {
        assert!(*at > end && text[*at..].starts_with(name), "{name} at {at}");
        assert!(name.len() >= 2 && name.starts_with('"') && name.ends_with('"'), "{name}");
        assert!(!value.is_empty() && value.trim_ascii() == *value, "{value}");
        end = at + name.len() + value.len();
    }
    assert!(end < text.len());

    let fields: Vec<_> = fields.iter().map(|f| (f.name, f.value)).collect();
    let written: Vec<_> = fields.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    let written = format!("{{{}}}", written.join(","));
    let again = goipd::api::scan::scan(&written);
    assert!(again.is_ok_and(|again| again.iter().map(|f| (f.name, f.value)).eq(fields)), "{written}");

    let whole = text.trim_ascii_end();
    for at in whole.char_indices().map(|(at, _)| at).rev().take(64) {
        assert!(goipd::api::scan::scan(&whole[..at]).is_err(), "cut at {at}: {whole}");
    }
    assert!(goipd::api::scan::scan(&[whole, "}"].concat()).is_err());
}
