//! Writing JSON: appended to a `String`, always balanced, each object on one line.

use core::fmt::Write;
use core::mem;

use nanoserde::{SerJson, SerJsonState};

use crate::message::Refusal;

/// Appends an object; `fill` writes its fields, and what it gives is given.
///
/// ```
/// let mut out = String::new();
/// goipd::api::json::object(&mut out, |o| {
///     o.bool("ok", true);
///     o.number("id", 17_u32);
/// });
/// assert_eq!(out, r#"{"ok":true,"id":17}"#);
/// ```
pub fn object<R>(out: &mut String, fill: impl FnOnce(&mut Object<'_>) -> R) -> R {
    out.push('{');
    let result = fill(&mut Object { out, first: true });
    out.push('}');
    result
}

/// Appends `{"ok":false,"error":CODE,"message":…}`, the reply to a refused request.
pub fn refusal(out: &mut String, refusal: &Refusal) {
    object(out, |o| {
        o.bool("ok", false);
        refusal_fields(o, refusal);
    });
}

/// Appends `{"error":CODE,"message":…}`, where something else says that it is a refusal.
pub fn plain_refusal(out: &mut String, refusal: &Refusal) {
    object(out, |o| refusal_fields(o, refusal));
}

fn refusal_fields(o: &mut Object<'_>, refusal: &Refusal) {
    o.string("error", refusal.code.as_str());
    o.string("message", &refusal.message);
}

/// An object that is being written. The caller sees to it that no name comes twice.
pub struct Object<'a> {
    out: &'a mut String,
    first: bool,
}

impl Object<'_> {
    /// A field with a string.
    pub fn string(&mut self, name: &str, value: &str) {
        self.name(name);
        push_string(self.out, value);
    }

    /// A field with a string, or `null`.
    pub fn optional(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.string(name, value),
            None => self.null(name),
        }
    }

    /// A field with a whole number.
    pub fn number(&mut self, name: &str, value: impl Into<i64>) {
        self.name(name);
        // Writing to a String does not fail.
        let _ = write!(self.out, "{}", value.into());
    }

    /// A field with `true` or `false`.
    pub fn bool(&mut self, name: &str, value: bool) {
        self.name(name);
        self.out.push_str(if value { "true" } else { "false" });
    }

    /// A field with `null`.
    pub fn null(&mut self, name: &str) {
        self.name(name);
        self.out.push_str("null");
    }

    /// A field with an object; `fill` writes its fields.
    pub fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
        self.name(name);
        object(self.out, fill);
    }

    /// A field with an array; `fill` writes what is in it.
    pub fn array(&mut self, name: &str, fill: impl FnOnce(&mut Array<'_>)) {
        self.name(name);
        self.out.push('[');
        let start = self.out.len();
        fill(&mut Array { out: self.out, start });
        self.out.push(']');
    }

    fn name(&mut self, name: &str) {
        if !self.first {
            self.out.push(',');
        }
        self.first = false;
        push_string(self.out, name);
        self.out.push(':');
    }
}

/// An array of objects or numbers that is being written.
pub struct Array<'a> {
    out: &'a mut String,
    start: usize,
}

impl Array<'_> {
    /// One more object; `fill` writes its fields.
    pub fn object(&mut self, fill: impl FnOnce(&mut Object<'_>)) {
        if self.out.len() > self.start {
            self.out.push(',');
        }
        object(self.out, fill);
    }

    /// One more whole number.
    pub fn number(&mut self, value: u32) {
        if self.out.len() > self.start {
            self.out.push(',');
        }
        // Writing to a String does not fail.
        let _ = write!(self.out, "{value}");
    }

    /// One more string.
    pub fn string(&mut self, value: &str) {
        if self.out.len() > self.start {
            self.out.push(',');
        }
        push_string(self.out, value);
    }

    /// How many bytes the array has so far, without its brackets: a page ends by size.
    pub fn len_bytes(&self) -> usize {
        self.out.len() - self.start
    }
}

/// Appends a string in quotes. What RFC 8259 clause 7 demands is escaped, and DEL; other characters
/// stay UTF-8.
fn push_string(out: &mut String, string: &str) {
    let mut state = SerJsonState::new(mem::take(out));
    string.ser_json(0, &mut state);
    *out = state.out;
}

#[cfg(test)]
mod tests {
    use nanoserde::DeJson;

    use super::*;
    use crate::api::scan::{decode, scan};
    use crate::message::ErrorCode;

    #[test]
    fn an_object_is_written_with_commas_only_between_its_fields() {
        let mut out = String::new();
        object(&mut out, |o| {
            o.number("id", u32::MAX);
            o.number("signal", -1);
            o.optional("tag", None);
            o.optional("line", Some("office/1"));
            o.object("problem", |p| p.string("code", "busy"));
            o.array("none", |_| {});
            o.array("messages", |a| {
                assert_eq!(a.len_bytes(), 0);
                a.object(|m| m.bool("old", false));
                assert_eq!(a.len_bytes(), 13);
                a.object(|_| {});
            });
        });
        assert_eq!(
            out,
            r#"{"id":4294967295,"signal":-1,"tag":null,"line":"office/1","problem":{"code":"busy"},"none":[],"messages":[{"old":false},{}]}"#
        );
    }

    #[test]
    fn any_string_comes_back_from_the_scan_and_the_decoder_as_it_was() {
        let string: String = ('\0'..='\u{ff}').chain(['\u{2028}', '\u{fffd}', '😀']).collect();
        let mut out = String::new();
        object(&mut out, |o| o.string("s", &string));
        let fields = scan(&out).unwrap();
        assert_eq!(decode(fields[0].value), string);
        assert_eq!(String::deserialize_json(fields[0].value).unwrap(), string);
        assert!(!out.contains('\n'));
    }

    #[test]
    fn a_refusal_names_its_code_and_its_sentence() {
        let mut out = String::new();
        refusal(&mut out, &Refusal::new(ErrorCode::InvalidNumber, "'1\"2' is no number"));
        assert_eq!(out, r#"{"ok":false,"error":"invalid_number","message":"'1\"2' is no number"}"#);
    }
}
