//! The text of a message: how it is encoded, and how many segments it takes.

use core::fmt;

use super::{ErrorCode, Quoted, Refusal, gsm7};

/// The most bytes of a text, in UTF-8: what the device's own protocol takes in one piece.
pub const MAX_TEXT_BYTES: usize = 3000;

/// How the characters of a text go over the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Encoding {
    /// The GSM 7-bit default alphabet with its extension table, no national ones.
    Gsm7 = 0,
    /// UCS-2, in fact UTF-16: one character outside the alphabet turns the whole text into this.
    Ucs2 = 1,
}

impl Encoding {
    /// The encoding's name on every door.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "gsm7",
            Self::Ucs2 => "ucs2",
        }
    }

    /// What `c` takes, in septets or UTF-16 units.
    pub(crate) fn units(self, c: char) -> usize {
        match self {
            Self::Gsm7 => gsm7::septets(c).unwrap_or(0),
            Self::Ucs2 => c.len_utf16(),
        }
    }

    /// What a text may take that is a segment by itself: 140 bytes (3GPP TS 23.040).
    const fn units_alone(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    /// What a segment of several holds: 140 bytes less a concatenation header of six
    /// (3GPP TS 23.040 clause 9.2.3.24.1).
    const fn units_of_several(self) -> usize {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 67,
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a text is on the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// How its characters are encoded.
    pub encoding: Encoding,
    /// How many short messages it takes, from 1; no text of [`MAX_TEXT_BYTES`] takes more than 45.
    /// Each is charged for.
    pub segments: u8,
}

/// What `text` is on the air, of whatever length: 255 stands for 255 segments or more.
///
/// No character is split between segments (3GPP TS 23.040 clause 9.2.3.24.1), neither an escape
/// pair of the extension table nor a surrogate pair; so a text can take a segment more than its
/// length alone would say.
pub fn shape(text: &str) -> Shape {
    let encoding = if foreign(text).is_none() { Encoding::Gsm7 } else { Encoding::Ucs2 };
    let units = || text.chars().map(|c| encoding.units(c));
    let mut segments = 1_u8;
    if units().sum::<usize>() > encoding.units_alone() {
        let mut filled = 0;
        for unit in units() {
            filled += unit;
            if filled > encoding.units_of_several() {
                segments = segments.saturating_add(1);
                filled = unit;
            }
        }
    }
    Shape { encoding, segments }
}

/// The first character that is not in the GSM alphabet.
pub(crate) fn foreign(text: &str) -> Option<char> {
    text.chars().find(|&c| gsm7::septets(c).is_none())
}

/// The shape of a text that may be sent in at most `max_segments` segments.
///
/// A text of blanks alone is a text: some devices are switched by one.
///
/// # Errors
/// * `empty_text`: there is no character in it.
/// * `bad_request`: it holds a NUL, which the box takes for the text's end.
/// * `text_too_long`: it has more than [`MAX_TEXT_BYTES`] or takes more than `max_segments`.
pub fn check_text(text: &str, max_segments: u8) -> Result<Shape, Refusal> {
    if text.is_empty() {
        return Err(Refusal::new(ErrorCode::EmptyText, "the text is empty: write at least one character"));
    }
    if text.len() > MAX_TEXT_BYTES {
        let message = format!(
            "the text has {} bytes, {MAX_TEXT_BYTES} are allowed: shorten it or send it in parts",
            text.len()
        );
        return Err(Refusal::new(ErrorCode::TextTooLong, message));
    }
    if let Some(at) = text.find('\0') {
        let message = format!("the text holds a NUL character at byte {at}: remove it");
        return Err(Refusal::new(ErrorCode::BadRequest, message));
    }
    let shape = shape(text);
    if shape.segments > max_segments {
        let mut message = format!(
            "the text takes {} segments of {} characters, {max_segments} are allowed: shorten it",
            shape.segments,
            shape.encoding.units_of_several()
        );
        if let Some(c) = foreign(text) {
            let c = Quoted(c.encode_utf8(&mut [0; 4])).to_string();
            message +=
                &format!(", or write it without {c} and the like: a segment holds 153 of plain characters");
        }
        return Err(Refusal::new(ErrorCode::TextTooLong, message));
    }
    Ok(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn gsm7(segments: u8) -> Shape {
        Shape { encoding: Encoding::Gsm7, segments }
    }

    const fn ucs2(segments: u8) -> Shape {
        Shape { encoding: Encoding::Ucs2, segments }
    }

    #[test]
    fn segments_are_counted_as_the_network_counts_them() {
        let a = |n: usize| "a".repeat(n);
        let c = |n: usize| "ć".repeat(n);
        for (what, text, shape) in [
            ("nothing", a(0), gsm7(1)),
            ("one septet", a(1), gsm7(1)),
            ("160 septets", a(160), gsm7(1)),
            ("161 septets", a(161), gsm7(2)),
            ("2 * 153 septets", a(306), gsm7(2)),
            ("2 * 153 + 1 septets", a(307), gsm7(3)),
            ("an escape pair that ends at 160", a(158) + "€", gsm7(1)),
            ("an escape pair that ends at 161", a(159) + "€", gsm7(2)),
            ("an escape pair that ends at 153", a(151) + "€" + &a(153), gsm7(2)),
            ("an escape pair across 153 of 306", a(152) + "€" + &a(152), gsm7(3)),
            ("an escape pair across 153 of 305", a(152) + "€" + &a(151), gsm7(2)),
            ("80 escape pairs", "€".repeat(80), gsm7(1)),
            ("81 escape pairs", "€".repeat(81), gsm7(2)),
            ("76 escape pairs a segment", "€".repeat(152), gsm7(2)),
            ("77 escape pairs in a segment", "€".repeat(153), gsm7(3)),
            ("70 units", c(70), ucs2(1)),
            ("71 units", c(71), ucs2(2)),
            ("2 * 67 units", c(134), ucs2(2)),
            ("2 * 67 + 1 units", c(135), ucs2(3)),
            ("a surrogate pair that ends at 70", c(68) + "😀", ucs2(1)),
            ("a surrogate pair that ends at 71", c(69) + "😀", ucs2(2)),
            ("a surrogate pair that ends at 67", c(65) + "😀" + &c(67), ucs2(2)),
            ("a surrogate pair across 67 of 134", c(66) + "😀" + &c(66), ucs2(3)),
            ("a surrogate pair across 67 of 133", c(66) + "😀" + &c(65), ucs2(2)),
            ("one foreign character", a(100) + "ć", ucs2(2)),
            ("the most segments of 3000 bytes", a(2998) + "ć", ucs2(45)),
            ("more than can be counted", c(67 * 300), ucs2(255)),
        ] {
            assert_eq!(super::shape(&text), shape, "{what}");
        }
    }

    #[test]
    fn a_text_has_1_to_3000_bytes() {
        assert_eq!(check_text(" ", 1), Ok(gsm7(1)));
        assert_eq!(check_text(&"a".repeat(3000), 20), Ok(gsm7(20)));
        let refusal = check_text("", 10).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::EmptyText);
        let refusal = check_text(&"ä".repeat(1501), 255).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::TextTooLong);
        assert_eq!(
            refusal.message,
            "the text has 3002 bytes, 3000 are allowed: shorten it or send it in parts"
        );
        assert!(check_text(&"a".repeat(3001), 255).unwrap_err().message.contains("3001 bytes"));
    }

    #[test]
    fn a_text_has_at_most_the_allowed_segments() {
        assert_eq!(check_text(&"a".repeat(1530), 10), Ok(gsm7(10)));
        let refusal = check_text(&"a".repeat(1531), 10).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::TextTooLong);
        assert_eq!(
            refusal.message,
            "the text takes 11 segments of 153 characters, 10 are allowed: shorten it"
        );
        let refusal = check_text(&("a".repeat(670) + "ć"), 10).unwrap_err();
        assert_eq!(
            refusal.message,
            "the text takes 11 segments of 67 characters, 10 are allowed: shorten it, \
             or write it without 'ć' and the like: a segment holds 153 of plain characters"
        );
    }

    #[test]
    fn a_nul_in_a_text_is_a_bad_request() {
        let refusal = check_text("ab\0c", 10).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::BadRequest);
        assert_eq!(refusal.message, "the text holds a NUL character at byte 2: remove it");
    }
}
