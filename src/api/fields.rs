//! The fields of a JSON request, decoded one by one, with errors that name the field.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use heapless::Vec;

use super::bad_request;
use super::scan::{self, decode};
use crate::message::{Quoted, Refusal};

/// A request's fields. `null` is the same as leaving a field out.
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, &'a str), { scan::MAX_FIELDS }>);

impl<'a> Fields<'a> {
    /// The fields of the object in `text`: well-formed, and no name twice.
    pub(super) fn parse(text: &'a str) -> Result<Self, Refusal> {
        let mut fields = Self(Vec::new());
        for field in scan::scan(text)? {
            let name = decode(field.name);
            if fields.0.iter().any(|(known, _)| *known == name) {
                let at = field.at;
                return Err(bad_request(format!(
                    "the field {} stands there again at byte {at}",
                    Quoted(&name)
                )));
            }
            // The scan has bounded their number.
            let _ = fields.0.push((name, field.value));
        }
        Ok(fields)
    }

    /// Refuses every field that is neither `op` nor in `known`.
    pub(super) fn only(&self, op: &str, known: &[&str]) -> Result<(), Refusal> {
        let foreign = self.0.iter().find(|(name, _)| name != "op" && !known.contains(&name.as_ref()));
        let Some((name, _)) = foreign else { return Ok(()) };
        let known = if known.is_empty() { "no fields" } else { &known.join(", ") };
        Err(bad_request(format!("'{op}' has no field {}: it takes {known}", Quoted(name))))
    }

    /// The undecoded value of `name`, if it is there and not `null`.
    fn value(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        (*value != "null").then_some(*value)
    }

    /// The string `name`, of any length; without a NUL.
    pub(super) fn string(&self, name: &str) -> Result<Option<String>, Refusal> {
        let Some(value) = self.value(name) else { return Ok(None) };
        if !value.starts_with('"') {
            return Err(wrong_type(name, "a string in double quotes", value));
        }
        let string = decode(value).into_owned();
        if string.contains('\0') {
            return Err(bad_request(format!("the field '{name}' holds a NUL character: remove it")));
        }
        Ok(Some(string))
    }

    /// The string `name`, or those of the array `name` with a comma behind each; without a NUL.
    pub(super) fn strings(&self, name: &str) -> Result<Option<String>, Refusal> {
        let Some(value) = self.value(name).filter(|value| value.starts_with('[')) else {
            return self.string(name);
        };
        let (mut strings, mut wrong) = (String::new(), None);
        scan::each_item(value, &mut |item| {
            if item.starts_with('"') && !item.contains("\\u0000") {
                strings.push_str(&decode(item));
                strings.push(',');
            } else {
                wrong = Some(item);
            }
        })?;
        match wrong {
            Some(item) => Err(wrong_type(name, "a string, or an array of strings", item)),
            None => Ok(Some(strings)),
        }
    }

    /// The string `name`, of so many bytes.
    pub(super) fn string_of(
        &self,
        name: &str,
        bytes: RangeInclusive<usize>,
    ) -> Result<Option<String>, Refusal> {
        let string = self.string(name)?;
        match string.as_ref().map(String::len) {
            Some(len) if !bytes.contains(&len) => Err(bad_request(format!(
                "the field '{name}' has {len} bytes, {} to {} are allowed",
                bytes.start(),
                bytes.end()
            ))),
            _ => Ok(string),
        }
    }

    /// The word `name`, as one of those that `meaning` knows; `known` lists them.
    pub(super) fn word<T>(
        &self,
        name: &str,
        meaning: fn(&str) -> Option<T>,
        known: &[&str],
    ) -> Result<Option<T>, Refusal> {
        let Some(word) = self.string(name)? else { return Ok(None) };
        meaning(&word).map(Some).ok_or_else(|| {
            let known = known.join(", ");
            bad_request(format!("the field '{name}' must be one of {known}, not {}", Quoted(&word)))
        })
    }

    /// The number `name`, within `range`; written with digits alone.
    pub(super) fn number(&self, name: &str, range: RangeInclusive<u32>) -> Result<Option<u32>, Refusal> {
        let Some(value) = self.value(name) else { return Ok(None) };
        match value.parse() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => {
                let expected = format!("a whole number from {} to {}", range.start(), range.end());
                Err(wrong_type(name, &expected, value))
            }
        }
    }
}

/// The value of a field that must be there.
pub(super) fn required<T>(name: &str, value: Option<T>) -> Result<T, Refusal> {
    value.ok_or_else(|| bad_request(format!("the field '{name}' is missing")))
}

fn wrong_type(name: &str, expected: &str, value: &str) -> Refusal {
    let found = match value.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        _ => return bad_request(format!("the field '{name}' must be {expected}, not {}", Quoted(value))),
    };
    bad_request(format!("the field '{name}' must be {expected}, not {found}"))
}
