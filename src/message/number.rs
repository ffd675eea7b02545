//! The receiver's number.

use core::fmt;

use heapless::String;

use super::{ErrorCode, Quoted, Refusal};

/// A phone number in its one form: perhaps a `+`, then 2 to 20 ASCII digits. Two numbers are the
/// same number if they are equal here; whether `+49` and `0049` or `0` reach the same telephone
/// only an operator knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(String<{ Self::CAPACITY }, u8>);

impl Number {
    /// The fewest digits: the shortest service numbers have two.
    pub const MIN_DIGITS: usize = 2;
    /// The most digits: what the address field of an SMS holds (3GPP TS 23.040 clause 9.1.2.5).
    pub const MAX_DIGITS: usize = 20;
    /// Fewer digits behind a `+` are no telephone's: country code and subscriber number have more
    /// even on the smallest islands (ITU-T E.164).
    const SHORTEST_INTERNATIONAL: usize = 7;
    /// The most bytes of a number, its `+` included.
    pub const CAPACITY: usize = Self::MAX_DIGITS + 1;

    /// The number in `text`, without the marks by which people group digits.
    ///
    /// Dropped are blanks (also the no-break, thin and tabulator kinds that come with a copied
    /// number), round and square brackets, the invisible left-to-right marks that address books
    /// put around a number, and *between digits* `-`, `.`, `/` and the Unicode dashes and minus.
    /// Digits of other scripts are not digits here: the box would not dial them.
    ///
    /// # Errors
    /// `invalid_number` for anything else, for too few or too many digits, and for `(0)`, which
    /// is dialled inside the country and left out abroad, so that either choice might be wrong.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let refused = |why: fmt::Arguments<'_>| {
            let message = format!("{} is not a phone number: {why}", Quoted(text));
            Err(Refusal::new(ErrorCode::InvalidNumber, message))
        };
        let unknown = || refused(format_args!("digits, and + in front, are allowed"));

        let mut number = String::new();
        let mut digits = 0_usize;
        let mut after_dash = false;
        let mut bracket = None;
        for c in text.chars() {
            match c {
                '0'..='9' => {
                    // One too many is not kept but counted, so that the error can say how many.
                    let _ = number.push(c);
                    digits += 1;
                    after_dash = false;
                }
                '+' if number.is_empty() => {
                    let _ = number.push(c);
                }
                '(' | '[' => bracket = Some(number.len()),
                ')' | ']' => {
                    if bracket.take().is_some_and(|start| number.get(start..) == Some("0")) {
                        return refused(format_args!("write the number without '(0)'"));
                    }
                }
                '-' | '.' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}' if digits > 0 => after_dash = true,
                ' ' | '\t' | '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}' => {}
                '\u{200e}' | '\u{202a}' | '\u{202c}' | '\u{202d}' | '\u{2066}' | '\u{2069}' => {}
                _ => return unknown(),
            }
        }
        if after_dash || (digits == 0 && !text.is_empty()) {
            return unknown();
        }
        if !(Self::MIN_DIGITS..=Self::MAX_DIGITS).contains(&digits) {
            return refused(format_args!(
                "it has {digits} digit{}, {} to {} are needed",
                if digits == 1 { "" } else { "s" },
                Self::MIN_DIGITS,
                Self::MAX_DIGITS
            ));
        }
        Ok(Self(number))
    }

    /// Whether `number`, the word before a text, is only the beginning of a number that was written
    /// with blanks: `+49` before `151 12345678 hi`. No number in international form is that short,
    /// and few texts begin with a word of nothing but digits and what groups them.
    pub fn is_cut_off(number: &str, text: &str) -> bool {
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        let groups_digits = |c: char| matches!(c, '0'..='9' | '-' | '/' | '(' | ')' | '[' | ']');
        let mut words = text.split_ascii_whitespace();
        number.starts_with('+')
            && digits < Self::SHORTEST_INTERNATIONAL
            && words.next().is_some_and(|word| word.chars().all(groups_digits))
    }

    /// The number as it is stored, compared and shown: `+4915112345678`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as a log at level `info` or above may show it: `+49…678`.
    pub fn masked(&self) -> Masked<'_> {
        Masked(self.as_str())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A number of which only the beginning and the last three digits are shown; of one with fewer
/// than eight digits only the last third, because a beginning would give away half of it.
#[derive(Clone, Copy)]
pub struct Masked<'a>(&'a str);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.trim_start_matches('+');
        let plus = if digits.len() < self.0.len() { "+" } else { "" };
        let (head, tail) = if digits.len() < 8 { (0, digits.len() / 3) } else { (2, 3) };
        write!(f, "{plus}{}…{}", &digits[..head], &digits[digits.len() - tail..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_loses_what_groups_its_digits_and_nothing_else() {
        for (written, number) in [
            ("+4915112345678", "+4915112345678"),
            ("110", "110"),
            ("12", "12"),
            ("0049 151 / 123-45.678", "004915112345678"),
            ("(0151) 12345678", "015112345678"),
            ("[+49] 151", "+49151"),
            ("+ 49 151", "+49151"),
            (" 0151\t12 ", "015112"),
            ("0151 (00) 12", "01510012"),
            ("(030)", "030"),
            ("+49\u{a0}151\u{202f}12\u{2013}34\u{2212}5", "+4915112345"),
            ("\u{202d}+49151\u{202c}", "+49151"),
            ("12345678901234567890", "12345678901234567890"),
            ("+12345678901234567890", "+12345678901234567890"),
        ] {
            let parsed = Number::parse(written).unwrap();
            assert_eq!(parsed.as_str(), number);
            assert_eq!(Number::parse(parsed.as_str()), Ok(parsed));
        }
    }

    #[test]
    fn what_is_no_number_is_refused_with_the_reason() {
        for (written, message) in [
            ("12x", "'12x' is not a phone number: digits, and + in front, are allowed"),
            ("+", "'+' is not a phone number: digits, and + in front, are allowed"),
            (" ", "' ' is not a phone number: digits, and + in front, are allowed"),
            ("49+151", "'49+151' is not a phone number: digits, and + in front, are allowed"),
            ("++49", "'++49' is not a phone number: digits, and + in front, are allowed"),
            ("-49", "'-49' is not a phone number: digits, and + in front, are allowed"),
            ("0151-", "'0151-' is not a phone number: digits, and + in front, are allowed"),
            ("12\n34", r"'12\u{a}34' is not a phone number: digits, and + in front, are allowed"),
            ("\u{202e}21", r"'\u{202e}21' is not a phone number: digits, and + in front, are allowed"),
            ("٠١٢", "'٠١٢' is not a phone number: digits, and + in front, are allowed"),
            ("+49(0)151", "'+49(0)151' is not a phone number: write the number without '(0)'"),
            ("+49 [ 0 ] 151", "'+49 [ 0 ] 151' is not a phone number: write the number without '(0)'"),
            ("", "'' is not a phone number: it has 0 digits, 2 to 20 are needed"),
            ("+1", "'+1' is not a phone number: it has 1 digit, 2 to 20 are needed"),
            (
                "123456789012345678901234567890",
                "'123456789012345678901234567890' is not a phone number: it has 30 digits, 2 to 20 are needed",
            ),
        ] {
            let refusal = Number::parse(written).unwrap_err();
            assert_eq!(refusal, Refusal::new(ErrorCode::InvalidNumber, message));
        }
    }

    #[test]
    fn a_number_that_goes_on_in_the_text_is_noticed() {
        for (number, text, cut_off) in [
            ("+49", "151 12345678 hi", true),
            ("+49", " 151", true),
            ("+49", "(0)151-12345678", true),
            ("+49151", "/ 123 45 678 hi", true),
            ("+4915112", "345678", false),
            ("+49", "Pump 3 stopped", false),
            ("+49", "3rd pump stopped", false),
            ("+49", "", false),
            ("110", "3", false),
        ] {
            assert_eq!(Number::is_cut_off(number, text), cut_off, "{number} {text}");
        }
    }

    #[test]
    fn an_over_long_input_is_not_repeated_whole() {
        let refusal = Number::parse(&"7".repeat(10_000)).unwrap_err();
        assert_eq!(
            refusal.message,
            format!("'{}…' is not a phone number: it has 10000 digits, 2 to 20 are needed", "7".repeat(40))
        );
    }

    #[test]
    fn a_masked_number_tells_the_country_but_not_the_person() {
        for (number, masked) in [
            ("+4915112345678", "+49…678"),
            ("015112345678", "01…678"),
            ("12345678", "12…678"),
            ("+1234567", "+…67"),
            ("777", "…7"),
            ("12", "…"),
        ] {
            assert_eq!(Number::parse(number).unwrap().masked().to_string(), masked);
        }
    }
}
