//! What the fuzz targets do: one function for every parser of bytes from outside. Each takes any
//! bytes, lets the parser read them, and asserts what has to hold whatever they were. No fuzzer
//! here: `fuzz_targets/` runs these functions under libFuzzer, and `tests/parsers.rs` runs them
//! on every platform, over the seeds and random mutations of them.

pub mod api;
pub mod config;
pub mod goip;
pub mod http;
pub mod inbox;
pub mod journal;
pub mod login;
pub mod message;
pub mod time;

/// A function that panics where a parser is wrong.
pub type Body = fn(&[u8]);

/// Every target, under the name of its seeds.
pub const TARGETS: [(&str, Body); 15] = [
    ("answer", goip::answer),
    ("status", goip::status),
    ("lines", goip::lines),
    ("inbox", inbox::inbox),
    ("uci", config::uci),
    ("config", config::config),
    ("journal", journal::journal),
    ("request", api::request),
    ("scan", api::scan),
    ("connection", http::connection),
    ("form", http::form),
    ("login", login::login),
    ("number", message::number),
    ("text", message::text),
    ("time", time::time),
];

/// How long an error's sentence may be, in bytes, whatever the input was: the longest lists all
/// options of a section behind a quoted value.
const SENTENCE_MAX_BYTES: usize = 1024;

/// Asserts that a sentence of an error is short, and harmless to a terminal and a log.
fn check_sentence(sentence: &str) {
    assert!(!sentence.is_empty());
    assert!(sentence.len() <= SENTENCE_MAX_BYTES, "{} bytes: {sentence}", sentence.len());
    assert!(!sentence.contains(char::is_control), "a control character: {sentence:?}");
}
