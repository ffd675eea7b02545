//! Who reads events, by name.

use core::fmt;

use heapless::String;

/// The longest name of a consumer, in bytes.
pub const MAX_CONSUMER_BYTES: usize = 32;

/// What the names of webhooks begin with. No name that a client may give has a `/`.
const WEBHOOK: &str = "webhook/";

/// The name under which a reader of events has its place among them: `[A-Za-z0-9_.-]{1,32}` of a
/// client, `webhook/NAME` of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConsumerName(String<{ WEBHOOK.len() + MAX_CONSUMER_BYTES }, u8>);

impl ConsumerName {
    /// The name, if a client may give it.
    pub fn parse(name: &str) -> Option<Self> {
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
        if !plain || !(1..=MAX_CONSUMER_BYTES).contains(&name.len()) {
            return None;
        }
        name.try_into().ok().map(Self)
    }

    /// The name of the webhook of that name; `None` if that is none.
    pub fn webhook(name: &str) -> Option<Self> {
        let Self(name) = Self::parse(name)?;
        let mut full = String::try_from(WEBHOOK).ok()?;
        full.push_str(&name).ok()?;
        Some(Self(full))
    }

    /// The name as it is written down: one of either kind.
    pub fn stored(name: &str) -> Option<Self> {
        name.strip_prefix(WEBHOOK).map_or_else(|| Self::parse(name), Self::webhook)
    }

    /// The webhook's own name, of a webhook.
    pub fn as_webhook(&self) -> Option<&str> {
        self.0.strip_prefix(WEBHOOK)
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

    #[test]
    fn a_webhooks_name_is_one_that_no_client_may_give() {
        let longest = "x".repeat(32);
        for name in ["crm", &longest] {
            let consumer = ConsumerName::webhook(name).unwrap();
            assert_eq!(consumer.as_webhook(), Some(name));
            assert_eq!(ConsumerName::stored(consumer.as_str()), Some(consumer.clone()));
            assert_eq!(ConsumerName::parse(consumer.as_str()), None);
        }
        assert_eq!(ConsumerName::stored("hooks"), ConsumerName::parse("hooks"));
        assert_eq!(ConsumerName::parse("hooks").unwrap().as_webhook(), None);
        for name in ["webhook/", "webhook/a/b", "a/b"] {
            assert_eq!(ConsumerName::stored(name), None, "{name}");
        }
    }
}
