use nanoserde::DeJson;

use super::*;

fn values(text: &str) -> std::vec::Vec<&str> {
    scan(text).unwrap_or_else(|e| panic!("{text}: {e}")).iter().map(|f| f.value).collect()
}

#[test]
fn every_escape_is_decoded_as_another_decoder_does_it() {
    for json in [
        r#""""#,
        r#""plain, grün""#,
        r#""\"\\\/\b\f\n\r\t""#,
        r#""\u00fc\u20AC \ud83d\ude00!""#,
        r#""\u0000\\u0041""#,
        r#""\\""#,
    ] {
        assert!(each_field(&format!("{{\"a\":{json}}}"), &mut |_| Ok(())).is_ok(), "{json}");
        assert_eq!(decode(json), String::deserialize_json(json).unwrap(), "{json}");
    }
}

#[test]
fn what_has_not_passed_the_scan_is_decoded_somehow() {
    for (json, string) in [
        ("\"", ""),
        ("a", "a"),
        (r#""\""#, ""),
        (r#""\x\u12""#, "xu12"),
        (r#""\ud83dx\ude00""#, "\u{fffd}x\u{fffd}"),
        (r#""\ud83d\u0041""#, "\u{fffd}"),
        ("\"\\ü\"", "ü"),
    ] {
        assert_eq!(decode(json), string, "{json}");
    }
}

#[test]
fn every_kind_of_value_is_handed_out_as_it_stands() {
    let text = "\t{ \"a\" : -0.5e+7 ,\"b\":[ ] , \"c\":{ }, \"d\":[1,{\"e\":[null ,true]},\"]\"],\r\n\"f\":0,\"g\":\"\\\"}\"} ";
    assert_eq!(values(text), ["-0.5e+7", "[ ]", "{ }", "[1,{\"e\":[null ,true]},\"]\"]", "0", "\"\\\"}\""]);
    assert_eq!(values("{}"), [""; 0]);
    assert_eq!(values(r#"{"a":"\u0000\ud83d\ude00\/\b\f\n\r\t\\"}"#).len(), 1);
}

#[test]
fn a_field_is_handed_out_with_its_place() {
    let fields = scan(r#"{"ä":1, "b":2}"#).unwrap();
    assert_eq!(fields[1], Field { name: "\"b\"", value: "2", at: 9 });
}

#[test]
fn what_is_not_one_strict_object_is_refused_with_its_place() {
    for (text, at, what) in [
        ("", 0, "expected '{'"),
        ("[]", 0, "expected '{'"),
        ("{", 1, "expected a field's name in double quotes"),
        ("{a:1}", 1, "expected a field's name in double quotes"),
        ("{'a':1}", 1, "expected a field's name in double quotes"),
        (r#"{"a" 1}"#, 5, "expected ':'"),
        (r#"{"a":}"#, 5, "expected a value"),
        (r#"{"a":1,}"#, 7, "expected a field's name in double quotes"),
        (r#"{"a":1 "b":2}"#, 7, "expected ',' or '}'"),
        (r#"{"a":1"#, 6, "expected ',' or '}'"),
        (r#"{"a":1}}"#, 7, "nothing may follow the object"),
        (r#"{"a":1} {"b":2}"#, 8, "nothing may follow the object"),
        (r#"{"a":1} // no"#, 8, "nothing may follow the object"),
        (r#"{"a":/**/1}"#, 5, "expected a value"),
        (r#"{"a":[1,]}"#, 8, "expected a value"),
        (r#"{"a":[1}"#, 7, "expected ',' or the closing bracket"),
        (r#"{"a":[,1]}"#, 6, "expected a value"),
        (r#"{"a":{"b"}}"#, 9, "expected ':'"),
        (r#"{"a":{,}}"#, 6, "expected a field's name in double quotes"),
        (r#"{"a":{"b":1,}}"#, 12, "expected a field's name in double quotes"),
        (r#"{"a":01}"#, 6, "expected ',' or '}'"),
        (r#"{"a":-}"#, 6, "expected a digit"),
        (r#"{"a":1.}"#, 7, "expected a digit"),
        (r#"{"a":1e+}"#, 8, "expected a digit"),
        (r#"{"a":+1}"#, 5, "expected a value"),
        (r#"{"a":.5}"#, 5, "expected a value"),
        (r#"{"a":NaN}"#, 5, "expected a value"),
        (r#"{"a":nul"#, 5, "expected a value"),
        (r#"{"a":True}"#, 5, "expected a value"),
        (r#"{"a":nullx}"#, 9, "expected ',' or '}'"),
        (r#"{"a":"b}"#, 5, "the string that begins here has no end"),
        (r#"{"a":"b\"#, 7, "an unknown escape"),
        (r#"{"a":"\q"}"#, 6, "an unknown escape"),
        (r#"{"a":"\0"}"#, 6, "an unknown escape"),
        (r#"{"a":"\u12"}"#, 6, "'\\u' needs four hex digits"),
        (r#"{"a":"\u+123"}"#, 6, "'\\u' needs four hex digits"),
        (r#"{"a":"\u12ä4"}"#, 6, "'\\u' needs four hex digits"),
        (r#"{"a":"\u"#, 6, "'\\u' needs four hex digits"),
        (r#"{"a":"\ud83d"}"#, 6, "half a surrogate pair"),
        (r#"{"a":"\ud83dx"}"#, 6, "half a surrogate pair"),
        (r#"{"a":"\ud83d\n"}"#, 6, "half a surrogate pair"),
        (r#"{"a":"\ud83d\ud83d"}"#, 6, "half a surrogate pair"),
        (r#"{"a":"\ude00\ud83d"}"#, 6, "half a surrogate pair"),
        ("{\"a\":\"b\nc\"}", 7, "a raw control character; write it as an escape"),
        ("{\"a\":\"b\0\"}", 7, "a raw control character; write it as an escape"),
        ("{\"a\":\u{a0}1}", 5, "expected a value"),
    ] {
        let message = format!("the request is not valid JSON at byte {at}: {what}");
        assert_eq!(scan(text), Err(bad_request(message)), "{text}");
    }
}

#[test]
fn eight_levels_pass_and_thousands_are_refused_at_the_ninth() {
    let nested = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
    assert_eq!(values(&nested(7)), ["[[[[[[[]]]]]]]"]);
    let refusal = bad_request("the request is not valid JSON at byte 12: nested deeper than 8");
    assert_eq!(scan(&nested(8)), Err(refusal.clone()));
    assert_eq!(scan(&nested(8000)), Err(refusal.clone()));
    assert_eq!(scan(&format!("{{\"a\":{}", "[".repeat(8000))), Err(refusal));
    assert!(scan(&"{\"a\":".repeat(3000)).unwrap_err().message.ends_with("at byte 40: nested deeper than 8"));
}

#[test]
fn sixteen_fields_pass_and_one_more_does_not() {
    let object = |n: usize| {
        let fields: std::vec::Vec<_> = (0..n).map(|i| format!("\"{i}\":{i}")).collect();
        format!("{{{}}}", fields.join(","))
    };
    assert_eq!(values(&object(16)).len(), 16);
    assert!(scan(&object(17)).unwrap_err().message.ends_with("more than 16 fields"));
}

#[test]
fn no_cut_of_a_request_passes_or_panics() {
    let text = r#"{"op":"send","n":[-1.5e3,{"x":true}],"t":"ä\ud83d\ude00"}"#;
    for end in (0..text.len()).filter(|&end| text.is_char_boundary(end)) {
        assert!(scan(&text[..end]).is_err(), "{}", &text[..end]);
    }
}
