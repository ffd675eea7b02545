//! Lines and what the box calls its jobs.

use core::fmt;

use heapless::String;

/// A device's name: the name of its `device` section, `[A-Za-z0-9_]{1,32}`.
pub type DeviceName = String<32, u8>;

/// A line of a configured device: the device's place in the configuration and the line's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId {
    /// The device's index among the configured devices, from 0.
    pub device: u8,
    /// The line's number on the device, from 1, as the box counts.
    pub line: u8,
}

/// A line as people and the journal name it: `office/1`. It outlives a changed configuration,
/// which a [`LineId`] does not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LineName {
    /// The device's name.
    pub device: DeviceName,
    /// The line's number on the device, from 1.
    pub line: u8,
}

impl fmt::Display for LineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.device, self.line)
    }
}

/// A device, or one of its lines, as people and the journal name it: `office`, `office/1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Part {
    /// The device's name.
    pub device: DeviceName,
    /// The line's number on the device, from 1; `None` for the device itself.
    pub line: Option<u8>,
}

impl Part {
    /// The part of that name; `None` if it is no name of one.
    pub fn parse(name: &str) -> Option<Self> {
        let (device, line) = match name.split_once('/') {
            Some((device, line)) => (device, Some(line.parse().ok()?)),
            None => (name, None),
        };
        Some(Self { device: device.try_into().ok()?, line })
    }
}

impl From<&LineName> for Part {
    fn from(name: &LineName) -> Self {
        Self { device: name.device.clone(), line: Some(name.line) }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.device)?;
        self.line.map_or(Ok(()), |line| write!(f, "/{line}"))
    }
}

/// What the box calls a send: 8 hex digits as far as anybody has seen, some other word of at
/// most 15 bytes perhaps. Empty where a line has not sent since the box started.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct JobId {
    len: u8,
    bytes: [u8; Self::CAPACITY],
}

impl JobId {
    /// The most bytes of an id that are kept. The known forms have 8.
    pub const CAPACITY: usize = 15;

    /// No id: the line has sent nothing since the box started.
    pub const EMPTY: Self = Self { len: 0, bytes: [0; Self::CAPACITY] };

    /// The id in `text`, white space around it dropped, letters made small: the answer to a send
    /// and the status page are written by different code in the box.
    ///
    /// `None` if it is longer than [`Self::CAPACITY`] or holds anything but ASCII letters,
    /// digits, `-` and `_`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().as_bytes();
        let mut id = Self::EMPTY;
        for (to, &from) in id.bytes.iter_mut().zip(text) {
            *to = from.to_ascii_lowercase();
        }
        let plain = text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        (text.len() <= Self::CAPACITY && plain).then(|| {
            id.len = text.len() as u8;
            id
        })
    }

    /// What goipd itself calls a job: `1` and the first seven hex digits of `number`. As a Unix
    /// time that lies between 1978 and 1987, and no box counts so far, so no id that a box makes
    /// up looks like this; and a box that keeps its ids as numbers gives all eight digits back.
    pub fn key(number: u32) -> Self {
        let mut key = Self { len: 8, ..Self::EMPTY };
        let mut rest = 0x1000_0000 | number >> 4;
        for byte in key.bytes.iter_mut().take(8) {
            *byte = b"0123456789abcdef"[(rest >> 28) as usize];
            rest <<= 4;
        }
        key
    }

    /// Whether it has the form of a [`Self::key`]: then nobody else uses it again.
    pub fn is_key(&self) -> bool {
        let hex = |b: &u8| b.is_ascii_hexdigit();
        self.len == 8 && self.bytes[0] == b'1' && self.bytes.iter().take(8).all(hex)
    }

    /// The id's text; empty for [`Self::EMPTY`].
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or("")
    }

    /// Whether there is no id.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_id_is_the_same_whatever_its_case_and_the_blanks_around_it() {
        assert_eq!(JobId::parse(" 6A52ACC8\n"), JobId::parse("6a52acc8"));
        assert_eq!(JobId::parse("6a52acc8").unwrap().as_str(), "6a52acc8");
    }

    #[test]
    fn no_id_is_an_id_that_is_empty() {
        assert_eq!(JobId::parse("  "), Some(JobId::EMPTY));
        assert!(JobId::EMPTY.is_empty());
    }

    #[test]
    fn a_key_has_eight_digits_and_is_told_from_what_boxes_make_up() {
        for (number, key) in [(0, "10000000"), (u32::MAX, "1fffffff"), (0xabc0_12f0, "1abc012f")] {
            assert_eq!(JobId::key(number).as_str(), key);
            assert!(JobId::parse(key).unwrap().is_key());
        }
        for other in ["", "6a52acc8", "0000006d", "1abc012", "1abc012fe", "1abc012x"] {
            assert!(!JobId::parse(other).unwrap().is_key(), "{other}");
        }
    }

    #[test]
    fn a_part_is_found_by_its_own_name() {
        for name in ["office", "office/1", "a_b/64"] {
            assert_eq!(Part::parse(name).unwrap().to_string(), name);
        }
        for name in ["office/", "office/x", "office/256", &"x".repeat(33)] {
            assert_eq!(Part::parse(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_too_long_or_no_word_is_no_id() {
        assert_eq!(JobId::parse("0123456789abcdef"), None);
        assert_eq!(JobId::parse("<b>"), None);
        assert_eq!(JobId::parse("a b"), None);
    }
}
