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
mod tests;
