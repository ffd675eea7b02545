//! The description of the clean API: `openapi.json` as it is served, without its white space. It lies
//! in the program packed.

use crate::packed;

static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// The document (OpenAPI 3.1.0), as JSON.
pub fn document() -> Vec<u8> {
    packed::bytes(PACKED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{ErrorCode, State};

    const SOURCE: &str = include_str!("openapi.json");

    /// The source without the white space between its tokens.
    fn minified() -> String {
        let (mut quoted, mut before) = (false, ' ');
        let kept = |c: &char| {
            quoted ^= *c == '"' && before != '\\';
            before = *c;
            quoted || !c.is_ascii_whitespace()
        };
        SOURCE.chars().filter(kept).collect()
    }

    #[test]
    fn the_document_is_the_source_without_white_space() {
        let text = String::from_utf8(document()).unwrap();
        let source = minified();
        assert_eq!(text, source);
        assert!(PACKED.len() * 4 < source.len(), "{} of {} bytes", PACKED.len(), source.len());
        assert!(text.starts_with(r#"{"openapi":"3.1.0","info":{"title":"goipd","#), "{text}");
        assert!(text.ends_with("}}}") && text.contains("Take back a message that has not been tried."));
        assert!(!SOURCE.contains(r"\\"), "an escaped backslash would end a string early");
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
    fn it_lists_every_state_and_every_error() {
        let text = String::from_utf8(document()).unwrap();
        let states = State::ALL.map(|state| format!("\"{state}\"")).join(",");
        assert!(text.contains(&format!("\"enum\":[{states}]")), "{states}");
        let errors = ErrorCode::ALL.map(|code| format!("\"{code}\"")).join(",");
        assert!(text.contains(&format!("\"enum\":[{errors}]")), "{errors}");
    }
}
