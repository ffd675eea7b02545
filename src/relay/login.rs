//! Logins, as requests carry them.

use crate::config::{MAX_TOKEN_CHARS, TokenDigest};
use crate::message::ClientName;

/// The most bytes of a Basic login: a name of 32, the `:`, and a token.
const MAX_BASIC_BYTES: usize = 32 + 1 + MAX_TOKEN_CHARS;

/// What a request says of who it is from. The token itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The user's name, if the form of the login has one; empty if no client can have it.
    pub(super) name: Option<ClientName>,
    pub(super) token: TokenDigest,
}

impl Login {
    /// The login in the value of an `Authorization` field: `Bearer TOKEN` (RFC 6750 clause 2.1)
    /// or `Basic` with a client's name and token (RFC 7617). `None` if it is of neither form, or
    /// longer than any login can be.
    pub fn from_header(value: &str) -> Option<Self> {
        let (scheme, credentials) = value.trim_ascii().split_once(' ')?;
        let credentials = credentials.trim_ascii_start();
        if scheme.eq_ignore_ascii_case("Bearer") {
            return (credentials.len() <= MAX_TOKEN_CHARS)
                .then(|| Self { name: None, token: TokenDigest::of(credentials) });
        }
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let decoded = base64(credentials.as_bytes())?;
        let (user, password) = core::str::from_utf8(&decoded).ok()?.split_once(':')?;
        Some(Self::new(user, password))
    }

    /// The login of a form with a user and a password.
    pub fn new(user: &str, password: &str) -> Self {
        let name = ClientName::try_from(user).unwrap_or_default();
        // A longer one is nobody's, and the same as none.
        let password = Some(password).filter(|p| p.len() <= MAX_TOKEN_CHARS).unwrap_or_default();
        Self { name: Some(name), token: TokenDigest::of(password) }
    }
}

/// The bytes in a text of base64: the plain alphabet, padded, no bit of the last character left
/// over (RFC 4648 clauses 3.2, 3.5 and 4). One `match` is a tenth of what a crate for it weighs.
fn base64(text: &[u8]) -> Option<heapless::Vec<u8, MAX_BASIC_BYTES>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let unpadded = text.strip_suffix(b"=").unwrap_or(text);
    let unpadded = unpadded.strip_suffix(b"=").unwrap_or(unpadded);
    let mut bytes = heapless::Vec::new();
    // Bits that have not made a byte yet, and how many there are.
    let (mut rest, mut rest_bits) = (0_u16, 0);
    for &character in unpadded {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        rest = rest << 6 | u16::from(value);
        rest_bits += 6;
        if rest_bits >= 8 {
            rest_bits -= 8;
            bytes.push((rest >> rest_bits) as u8).ok()?;
            rest &= (1 << rest_bits) - 1;
        }
    }
    (rest == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(token: &str) -> Option<Login> {
        Some(Login { name: None, token: TokenDigest::of(token) })
    }

    /// The vectors of RFC 4648, clause 10, and what its clauses 3.2 and 3.5 refuse.
    #[test]
    fn base64_is_read_strictly() {
        for (text, expected) in [
            ("", Some("")),
            ("Zg==", Some("f")),
            ("Zm8=", Some("fo")),
            ("Zm9v", Some("foo")),
            ("Zm9vYg==", Some("foob")),
            ("Zm9vYmE=", Some("fooba")),
            ("Zm9vYmFy", Some("foobar")),
            ("fn5+fz8/", Some("~~~\x7f??")),
            ("Zg", None),
            ("Zg=", None),
            ("Zh==", None),
            ("Zm9=", None),
            ("Z===", None),
            ("====", None),
            ("Zg==Zg==", None),
            ("Zm 9v", None),
            ("Zm9-", None),
            ("Zm9\n", None),
        ] {
            let decoded = base64(text.as_bytes());
            assert_eq!(decoded.as_deref(), expected.map(str::as_bytes), "{text}");
        }
        assert_eq!(base64(&[b'A'; 384]).unwrap().len(), 288);
        assert_eq!(base64(&[b'A'; 388]), None);
    }

    #[test]
    fn a_header_carries_a_token_or_a_name_and_a_token() {
        for (value, expected) in [
            ("Bearer 0123456789abcdef", bearer("0123456789abcdef")),
            ("bearer  0123456789abcdef ", bearer("0123456789abcdef")),
            ("BASIC bmFnaW9zOnM6cw==", Some(Login::new("nagios", "s:s"))),
            ("Basic Og==", Some(Login::new("", ""))),
            ("Basic bmFnaW9z", None),
            ("Basic nagios:secret", None),
            ("Bearer", None),
            ("Digest username=\"nagios\"", None),
            ("0123456789abcdef", None),
            ("", None),
        ] {
            assert_eq!(Login::from_header(value), expected, "{value}");
        }
        // No UTF-8 in the base64.
        assert_eq!(Login::from_header("Basic /zp4"), None);
        let longest = "x".repeat(MAX_TOKEN_CHARS);
        assert_eq!(Login::from_header(&format!("Bearer {longest}")), bearer(&longest));
        assert_eq!(Login::from_header(&format!("Bearer {longest}x")), None);
    }

    #[test]
    fn what_no_client_can_have_is_no_clients_login() {
        let token = "x".repeat(MAX_TOKEN_CHARS);
        assert_eq!(Login::new("a", &format!("{token}y")), Login::new("a", ""));
        assert_eq!(Login::new(&"a".repeat(33), &token), Login::new("", &token));
        assert_ne!(Login::new("a", &token), Login::new("a", ""));
    }

    #[test]
    fn debug_shows_no_token() {
        assert!(!format!("{:?}", Login::new("nagios", "hush")).contains("hush"));
    }
}
