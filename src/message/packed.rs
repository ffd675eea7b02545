//! A number in 11 bytes, for lists of thousands.

use super::Number;

/// A [`Number`] as it is kept in lists: two digits a byte, the first in the high bits, each 1 more
/// than it says; 0 where there is none; and in the last byte whether a `+` stands in front. So
/// they sort as in a telephone book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackedNumber([u8; Self::BYTES]);

impl PackedNumber {
    /// Its bytes.
    pub const BYTES: usize = Number::MAX_DIGITS / 2 + 1;

    /// The number in these bytes; `None` if they are none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let packed = Self(bytes.try_into().ok()?);
        // What was packed comes back the same.
        let number = Number::parse(&packed.text()).ok()?;
        (Self::from(&number) == packed).then_some(packed)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// The number as [`Number::as_str`] has it.
    pub fn text(&self) -> heapless::String<{ Number::CAPACITY }, u8> {
        let mut text = heapless::String::new();
        let plus = (self.0[Self::BYTES - 1] == 1).then_some('+');
        let digits = self.0[..Self::BYTES - 1].iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
        let digits = digits.take_while(|digit| *digit != 0).map(|digit| char::from(b'0' - 1 + digit));
        for c in plus.into_iter().chain(digits) {
            // A number has its place.
            let _ = text.push(c);
        }
        text
    }

    /// 40 bits that two numbers have in common only by chance: one pair in 10^12.
    pub fn mark(&self) -> NumberMark {
        // FNV-1a (draft-eastlake-fnv, section 2), its high bits folded into the others.
        let hash = self.0.iter().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
        });
        let [a, b, c, d, e, ..] = (hash ^ hash >> 40).to_le_bytes();
        NumberMark([a, b, c, d, e])
    }
}

/// What a number is recognised by where there is no room for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumberMark([u8; 5]);

impl NumberMark {
    /// The mark of these bytes.
    pub const fn from_bytes(bytes: [u8; 5]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn to_bytes(self) -> [u8; 5] {
        self.0
    }
}

impl From<&Number> for PackedNumber {
    fn from(number: &Number) -> Self {
        let mut bytes = [0; Self::BYTES];
        let digits = number.as_str().trim_start_matches('+');
        for (place, digit) in digits.bytes().enumerate() {
            bytes[place / 2] |= (digit - b'0' + 1) << if place % 2 == 0 { 4 } else { 0 };
        }
        bytes[Self::BYTES - 1] = u8::from(digits.len() < number.as_str().len());
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(text: &str) -> PackedNumber {
        PackedNumber::from(&Number::parse(text).unwrap())
    }

    #[test]
    fn a_number_comes_back_as_it_was() {
        for text in [
            "12",
            "777",
            "+4915112345678",
            "004915112345678",
            "01234567890123456789",
            "+12345678901234567890",
        ] {
            let packed = packed(text);
            assert_eq!(packed.text(), text);
            assert_eq!(PackedNumber::from_bytes(packed.as_bytes()), Some(packed));
        }
    }

    #[test]
    fn numbers_stand_in_the_order_of_their_digits() {
        let sorted = ["0151", "+0151", "110", "+49", "+491", "+4915", "50"].map(packed);
        assert!(sorted.is_sorted(), "{sorted:?}");
    }

    #[test]
    fn bytes_that_are_no_number_are_none() {
        for bytes in [&[][..], &[0; 11], &[0x22; 10], &[0x22; 11], &[0x2b; 11], b"\x20\0\0\0\0\0\0\0\0\0\0"] {
            assert_eq!(PackedNumber::from_bytes(bytes), None, "{bytes:?}");
        }
        let mut late = *packed("123").as_bytes();
        late[5] = 0x12;
        assert_eq!(PackedNumber::from_bytes(&late), None, "digits behind the end");
    }

    #[test]
    fn marks_of_numbers_differ() {
        let mut marks: Vec<_> = (0..100_000_u32).map(|n| packed(&format!("+49151{n:07}")).mark()).collect();
        marks.sort_unstable();
        assert!(marks.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
