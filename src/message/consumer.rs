//! Who reads events, by name.

use core::fmt;

use heapless::String;

/// The longest name of a consumer, in bytes.
pub const MAX_CONSUMER_BYTES: usize = 32;

/// The name under which a reader of events has its place among them: `[A-Za-z0-9_.-]{1,32}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConsumerName(String<MAX_CONSUMER_BYTES, u8>);

impl ConsumerName {
    /// The name, if it is one.
    pub fn parse(name: &str) -> Option<Self> {
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
        if name.is_empty() || !plain {
            return None;
        }
        name.try_into().ok().map(Self)
    }

    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConsumerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_32_plain_characters() {
        for name in ["a", "hook-1", "Web_2.x", &"x".repeat(32)] {
            assert_eq!(ConsumerName::parse(name).unwrap().as_str(), name);
        }
        for name in ["", " ", "a b", "a/b", "ä", "a\n", &"x".repeat(33)] {
            assert_eq!(ConsumerName::parse(name), None, "{name}");
        }
    }
}
