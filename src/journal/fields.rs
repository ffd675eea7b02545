//! A record's fields: tag, length, value. What they mean is the codec's.
//!
//! Numbers are little-endian without their high zero bytes; an absent field means nothing,
//! zero or the usual. So a field costs what it says, and fields can be added.

/// The tags below this one are known; a field with another is passed over.
const TAGS: usize = 100;

/// Milliseconds reach up to here, 139 years: so no journal holds so many that their sum overflows.
const MAX_MS: u64 = 1 << 42;

/// A record's fields as read. Of a tag that comes twice the last one counts.
pub(super) struct Fields<'a>([Option<&'a [u8]>; TAGS]);

/// A field is missing, or its value is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl<'a> Fields<'a> {
    pub fn parse(mut bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields = [None; TAGS];
        while let Some((&tag, rest)) = bytes.split_first() {
            let (len, rest) = length(rest).ok_or(Malformed)?;
            let (value, rest) = rest.split_at_checked(len).ok_or(Malformed)?;
            if let Some(field) = fields.get_mut(usize::from(tag)) {
                *field = Some(value);
            }
            bytes = rest;
        }
        Ok(Self(fields))
    }

    pub fn has(&self, tag: u8) -> bool {
        self.bytes(tag).is_some()
    }

    pub fn bytes(&self, tag: u8) -> Option<&'a [u8]> {
        self.0.get(usize::from(tag)).copied().flatten()
    }

    /// A number of any width; `None` if the field is absent.
    pub fn number<N: TryFrom<u64>>(&self, tag: u8) -> Result<Option<N>, Malformed> {
        self.wide(tag)?.map(N::try_from).transpose().map_err(|_| Malformed)
    }

    fn wide(&self, tag: u8) -> Result<Option<u64>, Malformed> {
        let Some(value) = self.bytes(tag) else { return Ok(None) };
        let mut wide = [0; 8];
        wide.get_mut(..value.len()).ok_or(Malformed)?.copy_from_slice(value);
        Ok(Some(u64::from_le_bytes(wide)))
    }

    /// A number that is 0 if the field is absent.
    pub fn count<N: TryFrom<u64> + Default>(&self, tag: u8) -> Result<N, Malformed> {
        Ok(self.number(tag)?.unwrap_or_default())
    }

    /// Milliseconds, below [`MAX_MS`]; 0 if the field is absent.
    pub fn millis(&self, tag: u8) -> Result<u64, Malformed> {
        let ms: u64 = self.count(tag)?;
        if ms < MAX_MS { Ok(ms) } else { Err(Malformed) }
    }

    pub fn text(&self, tag: u8) -> Result<Option<&'a str>, Malformed> {
        self.bytes(tag).map(|b| core::str::from_utf8(b).map_err(|_| Malformed)).transpose()
    }
}

/// A length of 7 bits a byte, the low ones first, the top bit set where another byte follows; at
/// most three bytes.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut len = 0;
    for (place, &byte) in bytes.iter().enumerate().take(3) {
        len |= usize::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((len, &bytes[place + 1..]));
        }
    }
    None
}

/// Appends a field.
pub(super) fn put(into: &mut Vec<u8>, tag: u8, value: &[u8]) {
    into.push(tag);
    let mut len = value.len();
    while len > 0x7F {
        into.push(len as u8 | 0x80);
        len >>= 7;
    }
    into.push(len as u8);
    into.extend_from_slice(value);
}

/// Appends a number, also 0.
pub(super) fn put_number(into: &mut Vec<u8>, tag: u8, value: u64) {
    let bytes = (u64::BITS - value.leading_zeros()).div_ceil(8) as usize;
    put(into, tag, &value.to_le_bytes()[..bytes]);
}

/// Appends a number unless it is 0.
pub(super) fn put_count(into: &mut Vec<u8>, tag: u8, value: u64) {
    if value != 0 {
        put_number(into, tag, value);
    }
}

/// Appends an empty field where `set`.
pub(super) fn put_flag(into: &mut Vec<u8>, tag: u8, set: bool) {
    if set {
        put(into, tag, &[]);
    }
}

/// Appends a text, also an empty one.
pub(super) fn put_text(into: &mut Vec<u8>, tag: u8, value: &str) {
    put(into, tag, value.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_takes_the_bytes_it_needs_and_comes_back() {
        for (value, bytes) in [
            (0, &[7, 0][..]),
            (1, &[7, 1, 1]),
            (0x1234, &[7, 2, 0x34, 0x12]),
            (0x80_0000, &[7, 3, 0, 0, 0x80]),
            (u64::MAX, &[7, 8, 255, 255, 255, 255, 255, 255, 255, 255]),
        ] {
            let mut buffer = Vec::new();
            put_number(&mut buffer, 7, value);
            assert_eq!(buffer, bytes);
            assert_eq!(Fields::parse(&buffer).unwrap().number(7), Ok(Some(value)));
        }
    }

    #[test]
    fn a_length_has_one_to_three_bytes() {
        for (len, head) in [
            (127, &[9, 127][..]),
            (128, &[9, 0x80, 1]),
            (16_383, &[9, 0xFF, 0x7F]),
            (16_384, &[9, 0x80, 0x80, 1]),
        ] {
            let mut buffer = Vec::new();
            put(&mut buffer, 9, &vec![b'x'; len]);
            assert_eq!(&buffer[..head.len()], head);
            assert_eq!(Fields::parse(&buffer).unwrap().bytes(9).map(<[u8]>::len), Some(len));
        }
    }

    #[test]
    fn what_is_cut_too_wide_or_no_text_is_malformed() {
        for bytes in [&[1][..], &[1, 2, 0], &[1, 0x80], &[1, 0x80, 0x80, 0x80, 0]] {
            assert!(Fields::parse(bytes).is_err(), "{bytes:?}");
        }
        assert_eq!(Fields::parse(&[1, 2, 0, 1]).unwrap().number::<u8>(1), Err(Malformed));
        assert_eq!(
            Fields::parse(&[1, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap().number::<u64>(1),
            Err(Malformed)
        );
        assert_eq!(Fields::parse(&[1, 1, 0xFF]).unwrap().text(1), Err(Malformed));
    }

    #[test]
    fn a_field_of_an_unknown_tag_is_passed_over() {
        let fields = Fields::parse(&[200, 3, 1, 2, 3, 1, 1, 5, 39, 0]).unwrap();
        assert_eq!(fields.count(1), Ok(5_u8));
        assert!(fields.has(39) && !fields.has(2));
    }
}
