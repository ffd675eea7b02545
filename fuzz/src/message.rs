//! The nouns that come as text: numbers, and the texts themselves.

use goipd::message::{
    Encoding, ErrorCode, MAX_TEXT_BYTES, Number, PackedNumber, Shape, Spelling, check_text, folded, shape,
    squeezed,
};

use super::check_sentence;

/// A phone number: its one form, which is read as itself and holds the digits as they were written.
pub fn number(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let number = match Number::parse(&text) {
        Ok(number) => number,
        Err(refusal) => {
            assert_eq!(refusal.code, ErrorCode::InvalidNumber);
            return check_sentence(&refusal.message);
        }
    };
    assert_eq!(Number::parse(number.as_str()).as_ref(), Ok(&number));
    assert_eq!(Number::parse(&format!(" {text} ")).as_ref(), Ok(&number), "blanks around it");
    let digits = number.as_str().strip_prefix('+').unwrap_or(number.as_str());
    assert!((Number::MIN_DIGITS..=Number::MAX_DIGITS).contains(&digits.len()), "{number}");
    assert!(text.chars().filter(char::is_ascii_digit).eq(digits.chars()), "{number} of {text:?}");
    assert_eq!(number.as_str().starts_with('+'), text.contains('+'));

    let packed = PackedNumber::from(&number);
    assert_eq!(packed.text(), number.as_str());
    assert_eq!(PackedNumber::from_bytes(packed.as_bytes()), Some(packed));
    for (country, trunk) in [("", "0"), ("49", "0"), ("1", "1"), ("7", "8"), ("36", "06"), ("39", "")] {
        let short = |text: &str| text.try_into().unwrap_or_default();
        let spelling = Spelling { country: short(country), trunk: short(trunk) };
        let one = spelling.canonical(&number);
        assert_eq!(spelling.canonical(&one), one, "{number} in {country}");
        assert!(one == number || one.as_str().starts_with('+'), "{one} of {number}");
    }
    let any = bytes.get(..PackedNumber::BYTES).and_then(PackedNumber::from_bytes);
    assert!(any.is_none_or(|any| Number::parse(&any.text()).is_ok_and(|n| PackedNumber::from(&n) == any)));

    let shown = number.masked().to_string().chars().filter(char::is_ascii_digit).count();
    assert!(shown <= 5 && shown * 3 <= digits.len() * 2, "{} of {number}", number.masked());
}

/// What takes two septets (3GPP TS 23.038 clause 6.2.1.1).
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// A text: its segments are as many as its units need, and it is taken only within the limits.
pub fn text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let once = folded(&text);
    assert_eq!(folded(&once), once, "{text:?}");
    assert!(!squeezed(&text).contains(' ') && squeezed(&once) == squeezed(&text), "{text:?}");
    assert_eq!(folded(&text.to_ascii_uppercase()), once, "{text:?}");
    let Shape { encoding, segments } = shape(&text);
    let foreign = |c: char| shape(c.encode_utf8(&mut [0; 4])).encoding == Encoding::Ucs2;
    assert_eq!(encoding == Encoding::Ucs2, text.chars().any(foreign));

    let (alone, of_several) = if encoding == Encoding::Gsm7 { (160, 153) } else { (70, 67) };
    let units: usize = match encoding {
        Encoding::Gsm7 => text.chars().map(|c| 1 + usize::from(EXTENSION.contains(c))).sum(),
        Encoding::Ucs2 => text.encode_utf16().count(),
    };
    match usize::from(segments) {
        1 => assert!(units <= alone),
        // It stands for any greater number, too.
        255 => assert!(units > 254 * (of_several - 1)),
        // A pair of units that does not fit leaves at most one place of a segment empty.
        n => assert!(units > alone && units <= n * of_several && units > (n - 1) * (of_several - 1)),
    }
    let longer = shape(&format!("{text}a")).segments;
    assert!(longer == segments || longer == segments.saturating_add(1), "{segments} and {longer}");

    for max_segments in [1, 10, 15, u8::MAX] {
        let refused = match &*text {
            "" => Some(ErrorCode::EmptyText),
            text if text.len() > MAX_TEXT_BYTES => Some(ErrorCode::TextTooLong),
            text if text.contains('\0') => Some(ErrorCode::BadRequest),
            _ if segments > max_segments => Some(ErrorCode::TextTooLong),
            _ => None,
        };
        match check_text(&text, max_segments) {
            Ok(taken) => assert_eq!((taken, refused), (Shape { encoding, segments }, None)),
            Err(refusal) => {
                assert_eq!(Some(refusal.code), refused, "{}", refusal.message);
                check_sentence(&refusal.message);
            }
        }
    }
}
