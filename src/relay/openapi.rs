//! The description of the clean API: `openapi.json` as it is served, without its white space. What
//! it says again and again lies in the program once.

const SOURCE: &[u8] = include_bytes!("openapi.json");

/// What stands there often. Each is kept as one byte, its place from 1. Those that contain others
/// come first.
const PHRASES: [&str; 15] = [
    concat!(
        r##","405":{"$ref":"#/components/responses/MethodNotAllowed"},"##,
        r##""408":{"$ref":"#/components/responses/Timeout"},"##,
    ),
    concat!(
        r##""413":{"$ref":"#/components/responses/TooLarge"},"##,
        r##""429":{"$ref":"#/components/responses/RateLimited"},"##,
        r##""431":{"$ref":"#/components/responses/HeadersTooLarge"},"##,
        r##""500":{"$ref":"#/components/responses/Internal"},"##,
        r##""503":{"$ref":"#/components/responses/Unavailable"}}}"##,
    ),
    concat!(
        r##""400":{"$ref":"#/components/responses/BadRequest"},"##,
        r##""401":{"$ref":"#/components/responses/Unauthorized"},"##,
        r##""403":{"$ref":"#/components/responses/Forbidden"}"##,
    ),
    r##""content":{"application/json":{"schema":{"$ref":"#/components/schemas/"##,
    r##"{"$ref":"#/components/schemas/"##,
    r##"{"$ref":"#/components/responses/"##,
    r#""type":["string","null"]"#,
    r#""type":["boolean","null"]"#,
    r#""minimum":1,"maximum":4294967295"#,
    r#""minimum":0,"maximum":4294967295"#,
    r#","additionalProperties":false}"#,
    r#"{"type":"object","properties":{"#,
    r#"{"type":"string""#,
    r#"{"type":"integer""#,
    r#""description":""#,
];

#[allow(long_running_const_eval, reason = "as of LEN")]
static PACKED: [u8; LEN] = packed::<LEN>().0;

#[allow(long_running_const_eval, reason = "it looks for each phrase at each byte of some 60 000")]
const LEN: usize = packed::<0>().1;

/// The document (OpenAPI 3.1.0), as JSON.
pub fn document() -> Vec<u8> {
    let mut document = Vec::new();
    for byte in &PACKED {
        match PHRASES.get(usize::from(*byte).wrapping_sub(1)) {
            Some(phrase) => document.extend_from_slice(phrase.as_bytes()),
            None => document.push(*byte),
        }
    }
    document
}

/// The source without the white space between its tokens and with its phrases as bytes, while this
/// is compiled; and its length. No phrase has white space that is not quoted.
const fn packed<const N: usize>() -> ([u8; N], usize) {
    let (source, end) = minified();
    let mut out = [0; N];
    let (mut len, mut at) = (0, 0);
    while at < end {
        let (mut byte, mut taken, mut place) = (source[at], 1, 0);
        while place < PHRASES.len() {
            let phrase = PHRASES[place].as_bytes();
            place += 1;
            if stands_at(&source, at, phrase) {
                (byte, taken) = (place as u8, phrase.len());
                break;
            }
        }
        if len < N {
            out[len] = byte;
        }
        (len, at) = (len + 1, at + taken);
    }
    (out, len)
}

const fn stands_at(source: &[u8; SOURCE.len()], at: usize, phrase: &[u8]) -> bool {
    let mut place = 0;
    while place < phrase.len() {
        if at + place >= source.len() || source[at + place] != phrase[place] {
            return false;
        }
        place += 1;
    }
    true
}

const fn minified() -> ([u8; SOURCE.len()], usize) {
    let mut out = [0; SOURCE.len()];
    let (mut len, mut at, mut quoted) = (0, 0, false);
    while at < SOURCE.len() {
        let byte = SOURCE[at];
        let escaped = at > 0 && SOURCE[at - 1] == b'\\';
        if byte == b'"' && !escaped {
            quoted = !quoted;
        }
        if quoted || !byte.is_ascii_whitespace() {
            out[len] = byte;
            len += 1;
        }
        at += 1;
    }
    (out, len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{ErrorCode, State};

    #[test]
    fn the_document_is_the_source_without_white_space() {
        let text = String::from_utf8(document()).unwrap();
        let (source, len) = minified();
        assert_eq!(text.as_bytes(), &source[..len]);
        assert!(PACKED.len() * 2 < len, "{} of {len} bytes", PACKED.len());
        assert!(text.starts_with(r#"{"openapi":"3.1.0","info":{"title":"goipd","#), "{text}");
        assert!(text.ends_with("}}}") && text.contains("Take back a message that has not been tried."));
        assert!(
            !SOURCE.windows(2).any(|two| two == b"\\\\"),
            "an escaped backslash would end a string early"
        );
    }

    /// As `v1` takes them: an empty one is none.
    #[test]
    fn every_field_of_a_query_may_be_empty() {
        let text = String::from_utf8(document()).unwrap();
        let fields = text.matches(r#""in":"query""#).count();
        assert!(fields >= 4, "{fields}");
        assert_eq!(text.matches(r#""in":"query","allowEmptyValue":true"#).count(), fields);
    }

    #[test]
    fn every_phrase_is_of_use() {
        for place in 1..=PHRASES.len() {
            let count = PACKED.iter().filter(|byte| usize::from(**byte) == place).count();
            assert!(count >= 3, "{}: {count} times", PHRASES[place - 1]);
        }
    }

    #[test]
    fn it_lists_every_state_and_every_error() {
        let text = String::from_utf8(document()).unwrap();
        let states = State::ALL.map(|state| format!("\"{state}\"")).join(",");
        assert!(text.contains(&format!("\"enum\":[{states}]")), "{states}");
        let errors = ErrorCode::ALL.map(|code| format!("\"{code}\"")).join(",");
        assert!(text.contains(&format!("\"enum\":[{errors}]")), "{errors}");
    }
}
