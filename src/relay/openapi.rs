//! The description of the clean API, as it is served: `openapi.json` without its white space.

const SOURCE: &[u8] = include_bytes!("openapi.json");

/// The document (OpenAPI 3.1.0), as JSON.
pub static DOCUMENT: [u8; LEN] = minified::<LEN>().0;

const LEN: usize = minified::<0>().1;

/// The source without the white space between its tokens, while this is compiled; and its length.
const fn minified<const N: usize>() -> ([u8; N], usize) {
    let mut out = [0; N];
    let (mut len, mut at, mut quoted) = (0, 0, false);
    while at < SOURCE.len() {
        let byte = SOURCE[at];
        let escaped = at > 0 && SOURCE[at - 1] == b'\\';
        if byte == b'"' && !escaped {
            quoted = !quoted;
        }
        if quoted || !byte.is_ascii_whitespace() {
            if len < N {
                out[len] = byte;
            }
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
        let text = core::str::from_utf8(&DOCUMENT).unwrap();
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
        let text = core::str::from_utf8(&DOCUMENT).unwrap();
        let fields = text.matches(r#""in":"query""#).count();
        assert!(fields >= 4, "{fields}");
        assert_eq!(text.matches(r#""in":"query","allowEmptyValue":true"#).count(), fields);
    }

    #[test]
    fn it_lists_every_state_and_every_error() {
        let text = core::str::from_utf8(&DOCUMENT).unwrap();
        let states = State::ALL.map(|state| format!("\"{state}\"")).join(",");
        assert!(text.contains(&format!("\"enum\":[{states}]")), "{states}");
        let errors = ErrorCode::ALL.map(|code| format!("\"{code}\"")).join(",");
        assert!(text.contains(&format!("\"enum\":[{errors}]")), "{errors}");
    }
}
