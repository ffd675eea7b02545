//! Forms as the box reads them from a query or a body: `u=admin&m=Hi%20there`.

use core::fmt::Write;

/// A form's fields, in the order in which they are written: name and value.
#[derive(Clone, Copy)]
pub(super) struct Form<'a>(pub &'a [(&'a str, &'a str)]);

impl Form<'_> {
    /// How many bytes [`Self::write_to`] adds.
    pub fn len(&self) -> usize {
        // `=` and `&` for each; the last has no `&`.
        let fields = self.0.iter().map(|(name, value)| name.len() + encoded_len(value) + 2);
        fields.sum::<usize>().saturating_sub(1)
    }

    /// Appends the form.
    pub fn write_to(&self, out: &mut String) {
        for (i, (name, value)) in self.0.iter().enumerate() {
            if i > 0 {
                out.push('&');
            }
            out.push_str(name);
            out.push('=');
            encode(out, value);
        }
    }
}

/// The value of an `Authorization` header (RFC 7617): the box decodes up to 99 bytes of login.
pub(super) fn basic(username: &str, password: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let login = [username, ":", password].concat();
    let mut out = String::from("Basic ");
    for three in login.as_bytes().chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let known = digit <= three.len();
            let at = (bits >> (18 - 6 * digit) & 63) as usize;
            out.push(if known { DIGITS[at].into() } else { '=' });
        }
    }
    out
}

/// Whether a byte stands for itself in every part of a URL (RFC 3986 clause 2.3, "unreserved").
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// How many bytes `text` takes in a form.
pub fn encoded_len(text: &str) -> usize {
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
        let form = Form(&[("u", "admin"), ("pass", "a&b"), ("m", "")]);
        let mut out = String::new();
        form.write_to(&mut out);
        assert_eq!(out, "u=admin&pass=a%26b&m=");
        assert_eq!(form.len(), out.len());
    }

    #[test]
    fn a_basic_login_is_base64_with_padding() {
        for (username, password, code) in [
            ("admin", "admin", "Basic YWRtaW46YWRtaW4="),
            ("a", "", "Basic YTo="),
            ("", "", "Basic Og=="),
            ("ab", "\u{ff}\u{fe}?>", "Basic YWI6w7/Dvj8+"),
        ] {
            assert_eq!(basic(username, password), code);
        }
    }
}
