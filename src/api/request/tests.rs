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
        (r#"{"op":"list","state":"queued","after":0,"limit":200}"#, list(Some(State::Queued), Some(0), 200)),
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
    assert_eq!(refused(r#"{"to":"12","text":"hi","id":1}"#), format!("'send' has no field 'id': {fields}"));
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
        (r#"{"op":"send","to":"12","text":"a\u0000b"}"#, "the field 'text' holds a NUL character: remove it"),
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
