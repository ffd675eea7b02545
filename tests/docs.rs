//! The documents say what the program does, as far as words and numbers can be compared.
//! (What they say of goipctl's commands is compared in `tests/goipctl/docs.rs`.)

#![allow(clippy::unwrap_used, reason = "a test may stop at any surprise")]

use goipd::api::{parse_line, reply, request};
use goipd::journal::{self, EventKind};
use goipd::message::{ErrorCode, MAX_CONSUMER_BYTES, MAX_TEXT_BYTES, Number, ProblemCode, State};
use goipd::relay;
use goipd::serve;
use goipd::{config, notify};

const MESSAGES: &str = include_str!("../docs/messages.md");
const SOCKET: &str = include_str!("../docs/socket.md");
const EVENTS: &str = include_str!("../docs/events.md");
const CONFIGURATION: &str = include_str!("../docs/configuration.md");
const HTTP: &str = include_str!("../docs/http.md");

/// What the socket can refuse a request with. The other codes belong to doors with a login or with
/// pages.
const SOCKET_CODES: [ErrorCode; 16] = [
    ErrorCode::BadRequest,
    ErrorCode::InvalidNumber,
    ErrorCode::EmptyText,
    ErrorCode::TextTooLong,
    ErrorCode::UnknownLine,
    ErrorCode::OptedOut,
    ErrorCode::DuplicateKey,
    ErrorCode::NotFound,
    ErrorCode::TooLate,
    ErrorCode::QueueFull,
    ErrorCode::Storage,
    ErrorCode::NotDone,
    ErrorCode::Unknown,
    ErrorCode::TooLarge,
    ErrorCode::TooMany,
    ErrorCode::Internal,
];

/// The part of a document below that heading, up to the next one of its kind.
fn section<'a>(document: &'a str, heading: &str) -> &'a str {
    let (_, rest) = document.split_once(&format!("\n## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap()
}

/// The words in code type in the first column of a section's tables.
fn first_column(section: &str) -> Vec<&str> {
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    cells.flat_map(|cell| cell.split(", ")).map(|word| word.trim_matches('`')).collect()
}

fn sorted(mut words: Vec<&str>) -> Vec<&str> {
    words.sort_unstable();
    words
}

/// 16384 as the documents write it: `16 384`.
fn grouped(number: usize) -> String {
    format!("{} {:03}", number / 1000, number % 1000)
}

#[test]
fn every_state_is_explained_and_no_other() {
    let table = section(MESSAGES, "States").split("\n\n| from").next().unwrap();
    assert_eq!(sorted(first_column(table)), sorted(State::ALL.map(State::as_str).into()));
}

#[test]
fn every_problem_is_explained_and_no_other() {
    let codes = ProblemCode::ALL.map(ProblemCode::as_str);
    assert_eq!(sorted(first_column(section(MESSAGES, "Problems"))), sorted(codes.into()));
}

#[test]
fn every_error_code_of_the_socket_is_explained_and_no_other() {
    let codes = SOCKET_CODES.map(ErrorCode::as_str);
    assert_eq!(sorted(first_column(section(SOCKET, "Error codes"))), sorted(codes.into()));
}

#[test]
fn every_error_code_of_the_relay_is_explained_with_its_status_and_no_other() {
    let codes = section(HTTP, "Error codes");
    assert_eq!(sorted(first_column(codes)), sorted(ErrorCode::ALL.map(ErrorCode::as_str).into()));
    for code in ErrorCode::ALL {
        let row = format!("\n| `{code}` | {} | ", relay::status(code));
        assert!(codes.contains(&row), "docs/http.md does not say: {row}");
    }
}

#[test]
fn every_operation_has_a_heading_and_no_other() {
    let refusal = parse_line(b"{}").1.unwrap_err().message;
    let known = refusal.rsplit("known are ").next().unwrap();
    let headings = SOCKET.lines().filter_map(|line| line.strip_prefix("### `")?.split('`').next());
    assert_eq!(sorted(headings.collect()), sorted(known.split(", ").collect()));
}

#[test]
fn every_event_is_explained_and_no_other() {
    let (_, rest) = SOCKET.split_once("\n### An event\n").unwrap();
    let table = rest.split("\n## ").next().unwrap().rsplit("| event |").next().unwrap();
    let others = EventKind::all().filter(|kind| !matches!(kind, EventKind::Message(_)));
    assert_eq!(sorted(first_column(table)), sorted(others.map(EventKind::as_str).collect()));
    assert!(rest.contains("a state's name"));
}

#[test]
fn every_event_is_among_those_for_hooks_and_webhooks() {
    let (_, rest) = EVENTS.split_once("Names of events").unwrap();
    let list = rest.split("\n## ").next().unwrap();
    let words: Vec<&str> = list.split(|c: char| !c.is_ascii_lowercase() && c != '_').collect();
    for kind in EventKind::all() {
        assert!(words.contains(&kind.as_str()), "{}", kind.as_str());
    }
}

#[test]
fn pauses_and_limits_of_webhooks_are_those_of_the_program() {
    let (first_s, max_s) = (notify::FIRST_PAUSE_MS / 1000, notify::MAX_PAUSE_MS / 1000);
    assert_eq!((first_s, max_s, notify::GIVE_UP_MS / 1000), (10, 3600, 2 * 86_400));
    assert!(EVENTS.contains("after 10 s, 20 s, 40 s and so on, at most an hour apart. After two days"));
    assert!(CONFIGURATION.contains(&format!("There can be {} webhooks", journal::MAX_WEBHOOKS)));
    assert!(CONFIGURATION.contains(&format!("There can be {} hooks", config::MAX_HOOKS)));
}

#[test]
fn every_field_of_a_send_is_explained_and_no_other() {
    let refusal = parse_line(br#"{"op":"send","x":1}"#).1.unwrap_err().message;
    let known = refusal.rsplit("it takes ").next().unwrap();
    let (_, rest) = SOCKET.split_once("\n### `send`").unwrap();
    let table = rest.split("\n### ").next().unwrap();
    assert_eq!(sorted(first_column(table)), sorted(known.split(", ").collect()));
}

#[test]
fn limits_are_those_of_the_program() {
    for sentence in [
        format!("without its line feed | {} bytes |", grouped(serve::MAX_LINE_BYTES)),
        format!("| clients at once | {} |", serve::MAX_CLIENTS),
        format!("| clients that `wait` or get `events` at once | {} |", serve::MAX_WAITS),
        format!("string, 1 to {MAX_CONSUMER_BYTES} letters"),
        format!("up to {} numbers, one a line", request::MAX_NUMBERS),
        format!("There can be {} consumers", journal::MAX_CONSUMERS),
        format!("to its line feed | {} s |", serve::PARTIAL_LINE_MS / 1000),
        format!("does not take | {} s |", serve::STALLED_MS / 1000),
        format!("nothing waited for | {} h |", serve::IDLE_MS / 3_600_000),
        format!("| a page of a list | {} KiB |", reply::MAX_PAGE_BYTES / 1024),
        format!("| `ttl` | number, {} to {} s |", request::MIN_TTL_S, request::MAX_TTL_S),
        format!("| `key` | string, 1 to {} bytes |", request::MAX_KEY_BYTES),
        format!("| `tag` | string, 0 to {} bytes |", request::MAX_TAG_BYTES),
        format!("| `wait` | number, 1 to {} s |", request::MAX_WAIT_S),
        format!("| `timeout` | number, 1 to {0} s | {0} if absent |", request::MAX_WAIT_S),
        format!("| `limit` | number, 1 to {} | {} if absent |", request::MAX_LIMIT, request::DEFAULT_LIMIT),
        format!("then {} to {} digits", Number::MIN_DIGITS, Number::MAX_DIGITS),
        format!("1 to {MAX_TEXT_BYTES} bytes of UTF-8"),
    ] {
        assert!(SOCKET.contains(&sentence), "docs/socket.md does not say: {sentence}");
    }
}
