//! What clients of the HTTP relay send.

use goipd::api::form;
use goipd::message::ErrorCode;
use goipd::serve::http::{
    Connection, Head, MAX_BODY_BYTES, MAX_CONNECTION_BYTES, MAX_HEAD_BYTES, Method, Request, Response, Step,
    Timeouts, reason,
};

use super::check_sentence;

/// Bytes that are given to a connection at once, as the daemon reads them.
const READ_BYTES: usize = 4096;

/// What a connection had for its door.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Request(Request),
    Refused(u16, String),
}

/// All bytes that a client sends on one connection: the requests and the responses are the same
/// wherever the bytes were cut, and within their bounds; nothing follows a refusal; and who has
/// answered everything holds no buffers. The first byte says how large the pieces are.
pub fn connection(bytes: &[u8]) {
    let Some((size, bytes)) = bytes.split_first() else { return };
    let whole = conversation(bytes, READ_BYTES);
    for size in [1, 1 + usize::from(*size)] {
        assert_eq!(conversation(bytes, size), whole, "in pieces of {size}");
    }
    let (seen, responses) = whole;
    for (n, seen) in seen.iter().enumerate() {
        match seen {
            Seen::Request(request) => check_request(request),
            Seen::Refused(status, sentence) => {
                assert!(matches!(status, 400 | 413 | 417 | 431 | 505), "{status}");
                check_sentence(sentence);
                assert_eq!(n + 1, whole_count(&responses), "something follows a refusal");
            }
        }
    }
    assert_eq!(seen.len(), whole_count(&responses));
}

/// How many responses there are, but for those that only let the client go on.
fn whole_count(responses: &str) -> usize {
    responses.matches("HTTP/1.1 ").count() - responses.matches("HTTP/1.1 100 ").count()
}

/// What the door sees of a client that sends `bytes` in such pieces, and all that it answers.
fn conversation(bytes: &[u8], size: usize) -> (Vec<Seen>, String) {
    let mut connection = Connection::new(0, Timeouts::default());
    let (mut seen, mut sent) = (Vec::new(), String::new());
    for piece in bytes.chunks(size) {
        assert!(connection.wants_bytes());
        connection.received(0, piece);
        serve(&mut connection, &mut seen);
        assert!(connection.memory_bytes() <= MAX_CONNECTION_BYTES);
        let bytes = connection.sendable(0);
        let count = bytes.len();
        sent.push_str(core::str::from_utf8(bytes).expect("a response is UTF-8 here"));
        connection.sent(0, count);
        assert!(connection.is_flushed());
    }
    connection.ended();
    assert!(!connection.has_step() && connection.is_done());
    (seen, sent)
}

fn serve(connection: &mut Connection, seen: &mut Vec<Seen>) {
    while connection.has_step() {
        let status = match connection.next_step().expect("there is a step") {
            Step::Head(_) => {
                connection.go_on(0);
                continue;
            }
            Step::Request(request) => {
                seen.push(Seen::Request(request));
                204
            }
            Step::Refused(refused) => {
                assert_eq!(refused.status == 413, refused.refusal.code == ErrorCode::TooLarge);
                assert!(reason(refused.status).starts_with(&refused.status.to_string()));
                seen.push(Seen::Refused(refused.status, refused.refusal.message));
                refused.status
            }
        };
        connection.respond(0, &Response { status, content_type: "", headers: &[], body: b"" }, 0);
        // The client reads at once, so that it is never kept waiting for that.
    }
}

fn check_request(Request { head, body }: &Request) {
    assert!(body.len() <= MAX_BODY_BYTES);
    let Head { method, path, query, host, authorization, origin, content_type, .. } = head;
    assert!(path.starts_with('/') || *method == Method::Options && **path == *"*", "{path}");
    assert!(path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#')), "{path}");
    assert!(query.iter().all(|byte| (byte.is_ascii_graphic() || *byte >= 0x80) && *byte != b'#'));
    let kept = [host, authorization, origin, content_type, &head.idempotency_key, &head.last_event_id];
    let mut len = path.len() + query.len();
    for value in kept.into_iter().flatten() {
        assert!(!value.contains(['\r', '\n', '\0']) && value.trim_ascii() == &**value, "{value:?}");
        len += value.len();
    }
    assert!(len < MAX_HEAD_BYTES);
    let name = head.host_name().map(str::len);
    assert!(name <= host.as_deref().map(str::len));
}

/// A query or form: what is decoded is the same when it is encoded anew, and never longer than
/// what came.
pub fn form(bytes: &[u8]) {
    let fields: Vec<_> = form::fields(bytes).collect();
    let len: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(len <= bytes.len());

    let encoded = |bytes: &[u8]| bytes.iter().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let written: Vec<_> =
        fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    assert!(form::fields(written.join("&").as_bytes()).eq(fields.iter().cloned()));

    for (name, value) in &fields {
        let Ok(name) = core::str::from_utf8(name) else { continue };
        let first = fields.iter().find(|(known, _)| **known == *name.as_bytes()).map(|(_, value)| value);
        assert_eq!(form::field(bytes, name).as_ref(), first);
        match form::utf8("m", value.clone()) {
            Ok(text) => assert_eq!(text.as_bytes(), &**value),
            Err(refusal) => {
                assert_eq!(refusal.code, ErrorCode::BadRequest);
                assert!(core::str::from_utf8(value).is_err());
                check_sentence(&refusal.message);
            }
        }
    }
}
