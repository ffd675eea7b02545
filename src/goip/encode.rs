//! Forms as the box reads them from a query or a body: `u=admin&m=Hi%20there`.

use core::fmt::Write;

/// A form's fields, in the order in which they are written: name and value.
pub(super) struct Form<'a, const N: usize>(pub [(char, &'a str); N]);

impl<const N: usize> Form<'_, N> {
    /// How many bytes [`Self::write_to`] adds.
    pub fn len(&self) -> usize {
        let values: usize = self.0.iter().map(|(_, value)| encoded_len(value)).sum();
        // A name, `=` and `&` for each; the last has no `&`.
        (values + 3 * N).saturating_sub(1)
    }

    /// Appends the form.
    pub fn write_to(&self, out: &mut String) {
        for (i, (name, value)) in self.0.iter().enumerate() {
            if i > 0 {
                out.push('&');
            }
            out.push(*name);
            out.push('=');
            encode(out, value);
        }
    }
}

/// Whether a byte stands for itself in every part of a URL (RFC 3986 clause 2.3, "unreserved").
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn encoded_len(text: &str) -> usize {
    text.bytes().map(|b| if is_plain(b) { 1 } else { 3 }).sum()
}

/// A space is `%20`, not `+`: that is right in a query and in a body.
fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if is_plain(byte) {
            out.push(byte.into());
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_the_unreserved_characters_are_encoded() {
        for (text, encoded) in [
            ("", ""),
            ("Az09-._~", "Az09-._~"),
            ("a b+c", "a%20b%2Bc"),
            ("&=%#?/;", "%26%3D%25%23%3F%2F%3B"),
            ("line\r\n\0", "line%0D%0A%00"),
            ("ü€", "%C3%BC%E2%82%AC"),
            ("😀[", "%F0%9F%98%80%5B"),
        ] {
            let mut out = String::new();
            encode(&mut out, text);
            assert_eq!(out, encoded);
            assert_eq!(encoded_len(text), encoded.len());
        }
    }

    #[test]
    fn a_form_is_as_long_as_it_says() {
        let form = Form([('u', "admin"), ('p', "a&b"), ('m', "")]);
        let mut out = String::new();
        form.write_to(&mut out);
        assert_eq!(out, "u=admin&p=a%26b&m=");
        assert_eq!(form.len(), out.len());
    }
}
