//! A client's token, kept as its SHA-256 digest only: whoever reads the daemon's memory or the
//! configuration's `token_hash` has no login.

use core::fmt;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// The fewest characters of a token. 16 hex digits are 64 bits: beyond what can be guessed over a
/// network.
pub const MIN_TOKEN_CHARS: usize = 16;

/// The most characters of a token: four times what any use of it needs.
pub const MAX_TOKEN_CHARS: usize = 256;

/// The SHA-256 digest of a token (FIPS 180-4). It does not show itself.
#[derive(Clone, Copy, Default)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest of this token.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// The digest in 64 hex digits, great or small; `None` for anything else.
    pub(super) fn from_hex(text: &str) -> Option<Self> {
        let mut digest = [0; 32];
        let (digits, rest) = text.as_bytes().as_chunks::<2>();
        if digits.len() != digest.len() || !rest.is_empty() {
            return None;
        }
        let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
        for (to, [high, low]) in digest.iter_mut().zip(digits) {
            *to = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(digest))
    }
}

/// In a time that does not depend on where two digests differ.
impl ConstantTimeEq for TokenDigest {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl PartialEq for TokenDigest {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for TokenDigest {}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest")
    }
}

/// Whether that can be a token: [`MIN_TOKEN_CHARS`] to [`MAX_TOKEN_CHARS`] visible characters of
/// ASCII, which every header, form and command line carries unchanged.
pub(super) fn is_token(text: &str) -> bool {
    (MIN_TOKEN_CHARS..=MAX_TOKEN_CHARS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of FIPS 180-4, as NIST publishes them.
    #[test]
    fn a_digest_is_sha_256() {
        for (text, hex) in [
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248D6A61D20638B8E5C026930C3E6039A33CE45964FF2167F6ECEDD419DB06C1",
            ),
        ] {
            assert_eq!(Some(TokenDigest::of(text)), TokenDigest::from_hex(hex));
        }
        assert_ne!(TokenDigest::of("abc"), TokenDigest::of("abd"));
    }

    #[test]
    fn what_is_not_64_hex_digits_is_no_digest() {
        for text in ["", "ba78", &"g".repeat(64), &"0".repeat(63), &"0".repeat(65), &"0".repeat(66), "+1"] {
            assert_eq!(TokenDigest::from_hex(text), None, "{text}");
        }
        assert_eq!(TokenDigest::from_hex(&"é".repeat(32)), None);
    }

    #[test]
    fn a_token_is_16_to_256_visible_characters() {
        for (text, is) in [
            ("x".repeat(15), false),
            ("x".repeat(16), true),
            ("x".repeat(256), true),
            ("x".repeat(257), false),
            ("!~0123456789abcd".into(), true),
            ("has a blank in it".into(), false),
            ("has\ta\ttab\tin\tit".into(), false),
            ("umlautsäöüäöüäöü".into(), false),
        ] {
            assert_eq!(is_token(&text), is, "{text}");
        }
    }
}
