#![no_main]

use std::collections::BTreeMap;

use goipd::api::scan::{MAX_DEPTH, MAX_FIELDS, scan};
use serde_json::value::RawValue;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    goipd_fuzz::api::scan(bytes);
    if let Ok(text) = core::str::from_utf8(bytes) {
        compare(text);
    }
});

/// Lets a second strict parser judge the same text: both refuse it or both take it, but for what
/// only the scan refuses.
fn compare(text: &str) {
    let other = serde_json::from_str::<BTreeMap<String, &RawValue>>(text);
    match (scan(text), other) {
        (Ok(_), Ok(_)) | (Err(_), Err(_)) => {}
        (Ok(_), Err(error)) => panic!("the scan takes what is no JSON object: {error}: {text:?}"),
        (Err(refusal), Ok(_)) => {
            // The other parser does not look for surrogates in strings that it need not decode.
            let own = [
                format!("more than {MAX_FIELDS} fields"),
                format!("nested deeper than {MAX_DEPTH}"),
                "half a surrogate pair".into(),
            ];
            let expected = own.iter().any(|limit| refusal.message.ends_with(limit));
            assert!(expected, "the scan refuses a JSON object: {refusal}: {text:?}");
        }
    }
}
