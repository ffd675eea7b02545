//! Reading JSON (RFC 8259), strictly: exactly one object, well-formed, of bounded depth. Its fields
//! are handed out undecoded; [`decode`] is for their strings. Nothing here recurses, so any input
//! takes the same small stack.

use std::borrow::Cow;

use heapless::Vec;

use super::bad_request;
use crate::message::Refusal;

/// How deep values may be nested, the request's own object included. No request of ours needs
/// more than 1; the rest is room for an error that names the field.
pub const MAX_DEPTH: usize = 8;

/// How many fields the object may have: twice as many as any request of ours takes.
pub const MAX_FIELDS: usize = 16;

/// A field of the object, undecoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name as a JSON string, quotes included.
    pub name: &'a str,
    /// The value: one well-formed JSON value without blanks around it.
    pub value: &'a str,
    /// Where the field begins, in bytes from the beginning of the request.
    pub at: usize,
}

/// The fields of the one object that `text` is.
///
/// # Errors
/// `bad_request` with the place (in bytes, from 0) and what is wrong there. What is not JSON by
/// RFC 8259 is refused, and so are lone surrogates, more than [`MAX_DEPTH`] and more than
/// [`MAX_FIELDS`]. `\u0000` passes: it is JSON, and an error about it can name the field.
pub fn scan(text: &str) -> Result<Vec<Field<'_>, MAX_FIELDS>, Refusal> {
    let mut fields = Vec::new();
    each_field(text, &mut |field| {
        let at = field.at;
        fields.push(field).map_err(|_| refused(at, format_args!("more than {MAX_FIELDS} fields")))
    })?;
    Ok(fields)
}

/// Hands each field of the one object that `text` is to `on`, however many there are.
///
/// # Errors
/// As for [`scan`], without its limit of fields; and those of `on`.
pub fn each_field<'a>(
    text: &'a str,
    on: &mut dyn FnMut(Field<'a>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.blanks();
    scanner.expect(b'{', "expected '{'")?;
    scanner.blanks();
    if scanner.accept(b'}') {
        return scanner.end();
    }
    loop {
        scanner.blanks();
        let at = scanner.at;
        let name = scanner.name()?;
        scanner.blanks();
        let value = scanner.value()?;
        on(Field { name, value, at })?;
        scanner.blanks();
        if scanner.accept(b'}') {
            return scanner.end();
        }
        scanner.expect(b',', "expected ',' or '}'")?;
    }
}

/// Hands each item of the one array that `text` is to `on`.
///
/// # Errors
/// As for [`scan`].
pub fn each_item<'a>(text: &'a str, on: &mut dyn FnMut(&'a str)) -> Result<(), Refusal> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.blanks();
    scanner.expect(b'[', "expected '['")?;
    scanner.blanks();
    if scanner.accept(b']') {
        return scanner.end();
    }
    loop {
        scanner.blanks();
        on(scanner.value()?);
        scanner.blanks();
        if scanner.accept(b']') {
            return scanner.end();
        }
        scanner.expect(b',', "expected ',' or ']'")?;
    }
}

/// The string that a JSON string stands for, quotes included, that has passed the scan. In what has
/// not, escapes that are none stand for themselves.
pub fn decode(json: &str) -> Cow<'_, str> {
    let inner = json.strip_prefix('"').unwrap_or(json);
    let mut rest = inner.strip_suffix('"').unwrap_or(inner);
    if !rest.contains('\\') {
        return Cow::Borrowed(rest);
    }
    let mut string = String::with_capacity(rest.len());
    while let Some((plain, escape)) = rest.split_once('\\') {
        string.push_str(plain);
        let (c, len) = unescaped(escape);
        string.extend(c);
        rest = &escape[len..];
    }
    string.push_str(rest);
    Cow::Owned(string)
}

/// The character of the escape that begins behind a backslash, and how many bytes it takes.
fn unescaped(escape: &str) -> (Option<char>, usize) {
    let unit = |at: usize| {
        let digits = escape.get(at..)?.strip_prefix('u')?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    if let Some(first) = unit(0) {
        // Of a pair the second half stands behind a backslash of its own.
        let units = [Some(first), unit(6).filter(|_| (0xd800..0xdc00).contains(&first))];
        let c = char::decode_utf16(units.into_iter().flatten()).next();
        return (
            c.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)),
            if units[1].is_some() { 11 } else { 5 },
        );
    }
    let Some(c) = escape.chars().next() else { return (None, 0) };
    let control = match c {
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        other => other,
    };
    (Some(control), c.len_utf8())
}

fn refused(at: usize, what: core::fmt::Arguments<'_>) -> Refusal {
    bad_request(format!("the request is not valid JSON at byte {at}: {what}"))
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error(&self, what: &str) -> Refusal {
        refused(self.at, format_args!("{what}"))
    }

    fn accept(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8, otherwise: &str) -> Result<(), Refusal> {
        if self.accept(byte) { Ok(()) } else { Err(self.error(otherwise)) }
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn end(&mut self) -> Result<(), Refusal> {
        self.blanks();
        if self.peek().is_none() { Ok(()) } else { Err(self.error("nothing may follow the object")) }
    }

    /// A field's name and the colon behind it.
    fn name(&mut self) -> Result<&'a str, Refusal> {
        if self.peek() != Some(b'"') {
            return Err(self.error("expected a field's name in double quotes"));
        }
        let name = self.string()?;
        self.blanks();
        self.expect(b':', "expected ':'")?;
        Ok(name)
    }

    /// One value, whatever it holds.
    fn value(&mut self) -> Result<&'a str, Refusal> {
        let start = self.at;
        // The closing bracket of every array and object that is open here.
        let mut open: Vec<u8, { MAX_DEPTH - 1 }> = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                Some(bracket @ (b'{' | b'[')) => {
                    let close = if bracket == b'{' { b'}' } else { b']' };
                    if open.push(close).is_err() {
                        return Err(refused(self.at, format_args!("nested deeper than {MAX_DEPTH}")));
                    }
                    self.at += 1;
                    self.blanks();
                    if self.peek() != Some(close) {
                        if close == b'}' {
                            self.name()?;
                        }
                        continue;
                    }
                }
                Some(b'"') => {
                    self.string()?;
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                _ => self.literal()?,
            }
            loop {
                let Some(&close) = open.last() else { return Ok(&self.text[start..self.at]) };
                self.blanks();
                if self.accept(close) {
                    open.pop();
                    continue;
                }
                self.expect(b',', "expected ',' or the closing bracket")?;
                if close == b'}' {
                    self.blanks();
                    self.name()?;
                }
                break;
            }
        }
    }

    /// A string, quotes included.
    fn string(&mut self) -> Result<&'a str, Refusal> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                None => return Err(refused(start, format_args!("the string that begins here has no end"))),
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(..=0x1f) => return Err(self.error("a raw control character; write it as an escape")),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(&self.text[start..self.at])
    }

    fn escape(&mut self) -> Result<(), Refusal> {
        let start = self.at;
        let lone = || refused(start, format_args!("half a surrogate pair"));
        match self.code_unit()? {
            None => Ok(()),
            Some(0xd800..=0xdbff) if self.peek() == Some(b'\\') => match self.code_unit()? {
                Some(0xdc00..=0xdfff) => Ok(()),
                _ => Err(lone()),
            },
            Some(0xd800..=0xdfff) => Err(lone()),
            Some(_) => Ok(()),
        }
    }

    /// One escape; its number if it is of the form `\uXXXX`.
    fn code_unit(&mut self) -> Result<Option<u32>, Refusal> {
        let bytes = self.text.as_bytes();
        match bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(None)
            }
            Some(b'u') => {
                let unit = bytes.get(self.at + 2..self.at + 6).and_then(|digits| {
                    digits.iter().try_fold(0, |unit, &d| Some(unit * 16 + char::from(d).to_digit(16)?))
                });
                match unit {
                    Some(_) => self.at += 6,
                    None => return Err(self.error("'\\u' needs four hex digits")),
                }
                Ok(unit)
            }
            _ => Err(self.error("an unknown escape")),
        }
    }

    fn digits(&mut self) -> Result<(), Refusal> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.error("expected a digit"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Refusal> {
        self.accept(b'-');
        if !self.accept(b'0') {
            self.digits()?;
        }
        if self.accept(b'.') {
            self.digits()?;
        }
        if self.accept(b'e') || self.accept(b'E') {
            if !self.accept(b'+') {
                self.accept(b'-');
            }
            self.digits()?;
        }
        Ok(())
    }

    fn literal(&mut self) -> Result<(), Refusal> {
        for literal in ["true", "false", "null"] {
            if self.text.as_bytes()[self.at..].starts_with(literal.as_bytes()) {
                self.at += literal.len();
                return Ok(());
            }
        }
        Err(self.error("expected a value"))
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(
            values(text),
            ["-0.5e+7", "[ ]", "{ }", "[1,{\"e\":[null ,true]},\"]\"]", "0", "\"\\\"}\""]
        );
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
        assert!(
            scan(&"{\"a\":".repeat(3000)).unwrap_err().message.ends_with("at byte 40: nested deeper than 8")
        );
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
}
