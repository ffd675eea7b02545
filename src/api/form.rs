//! Queries and forms, `a=b&c=d+e%20`: the WHATWG's URL standard, clause 5.1.
//!
//! Values are bytes here. Which characters they are is decided by who knows the client: most send
//! UTF-8, and programs written for a GoIP may send what their own system has.

use std::borrow::Cow;

use super::bad_request;
use crate::message::Refusal;

/// The fields of a query or form in their order, decoded: names and values. A field without `=`
/// has an empty value, and what is empty between two `&` is no field.
pub fn fields(form: &[u8]) -> impl Iterator<Item = (Cow<'_, [u8]>, Cow<'_, [u8]>)> {
    form.split(|byte| *byte == b'&').filter(|field| !field.is_empty()).map(|field| {
        let end = field.iter().position(|byte| *byte == b'=').unwrap_or(field.len());
        (decode(&field[..end]), decode(field.get(end + 1..).unwrap_or_default()))
    })
}

/// The value of the first field of that name.
pub fn field<'a>(form: &'a [u8], name: &str) -> Option<Cow<'a, [u8]>> {
    fields(form).find(|(known, _)| **known == *name.as_bytes()).map(|(_, value)| value)
}

/// What an encoded name or value stands for: `+` is a blank and `%20`, too. A `%` without two
/// hexadecimal digits behind it stands for itself, as in browsers: "100%" is a
/// usual text of programs that do not encode.
pub fn decode(encoded: &[u8]) -> Cow<'_, [u8]> {
    if !encoded.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return Cow::Borrowed(encoded);
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let [first, behind @ ..] = rest {
        rest = behind;
        bytes.push(match (first, behind) {
            (b'+', _) => b' ',
            (b'%', [high, low, behind @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    rest = behind;
                    16 * high + low
                }
                _ => b'%',
            },
            _ => *first,
        });
    }
    Cow::Owned(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// The text that the value of the field `name` is.
///
/// # Errors
/// `bad_request` naming the field, if it is not UTF-8.
pub fn utf8(name: &str, value: Cow<'_, [u8]>) -> Result<String, Refusal> {
    String::from_utf8(value.into_owned()).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let byte = error.as_bytes()[at];
        bad_request(format!(
            "the field '{name}' is not UTF-8 at byte {at}: the byte {byte:#04x} is out of place"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(form: &str) -> Vec<(String, String)> {
        let text = |bytes: Cow<'_, [u8]>| String::from_utf8(bytes.into_owned()).unwrap();
        fields(form.as_bytes()).map(|(name, value)| (text(name), text(value))).collect()
    }

    #[test]
    fn fields_are_taken_apart_and_decoded() {
        let cases: [(&str, &[(&str, &str)]); 12] = [
            ("", &[]),
            ("&&", &[]),
            ("a=b&c=d+e%20", &[("a", "b"), ("c", "d e ")]),
            ("a", &[("a", "")]),
            ("a=", &[("a", "")]),
            ("=b&=", &[("", "b"), ("", "")]),
            ("a=b=c&a=d", &[("a", "b=c"), ("a", "d")]),
            ("%61%3D=%26%2b%2B", &[("a=", "&++")]),
            ("m=Gr%C3%BC%c3%9Fe&n=%2B49", &[("m", "Grüße"), ("n", "+49")]),
            ("m=Grüße;x", &[("m", "Grüße;x")]),
            ("m=100%&n=%4&o=%zz%%41%+1", &[("m", "100%"), ("n", "%4"), ("o", "%zz%A% 1")]),
            ("m=a%00b%0D%0Ac", &[("m", "a\0b\r\nc")]),
        ];
        for (form, expected) in cases {
            let got = decoded(form);
            let got: Vec<_> = got.iter().map(|(name, value)| (&**name, &**value)).collect();
            assert_eq!(got, expected, "{form:?}");
        }
    }

    #[test]
    fn the_first_field_of_a_name_is_the_one() {
        let form = b"u=admin&p=&l=1&l=2&%6d=text";
        assert_eq!(field(form, "u").as_deref(), Some(&b"admin"[..]));
        assert_eq!(field(form, "p").as_deref(), Some(&b""[..]));
        assert_eq!(field(form, "l").as_deref(), Some(&b"1"[..]));
        assert_eq!(field(form, "m").as_deref(), Some(&b"text"[..]));
        assert_eq!(field(form, "U"), None);
    }

    #[test]
    fn what_needs_no_decoding_is_not_copied() {
        assert!(matches!(decode(b"gr\xfc\xdfe"), Cow::Borrowed(b"gr\xfc\xdfe")));
        assert_eq!(*decode(b"gr%fc%DFe"), *b"gr\xfc\xdfe");
    }

    #[test]
    fn what_is_not_utf8_is_refused_with_the_fields_name() {
        assert_eq!(utf8("m", decode(b"gr%c3%bc")), Ok("grü".into()));
        let refusal = utf8("m", decode(b"gr%fc")).unwrap_err();
        assert_eq!(
            refusal,
            bad_request("the field 'm' is not UTF-8 at byte 2: the byte 0xfc is out of place")
        );
    }
}
