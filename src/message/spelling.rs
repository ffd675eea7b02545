//! Which spellings are one number.
//!
//! The same telephone is written `+4915112345678`, `004915112345678`, `4915112345678` or, inside
//! the country, `015112345678`. What is sent keeps the spelling that its sender gave it; where
//! numbers are compared for the receiver's sake, they are first brought into one.

use heapless::String;

use super::Number;

/// How numbers are written where the boxes are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spelling {
    /// The country's code, such as `49`; empty: not known.
    pub country: String<3, u8>,
    /// What stands before a number inside the country and not behind the code, such as `0`; empty:
    /// nothing.
    pub trunk: String<3, u8>,
}

impl Spelling {
    /// No more digits are a service's number, which means nothing abroad.
    pub const SHORT_DIGITS: usize = 6;

    /// A number that begins with the country's own code is one with its code from so many digits
    /// on.
    const WITH_OWN_CODE_DIGITS: usize = 10;

    /// A number with neither `+` nor the sign of one inside the country is one with the code of
    /// another from so many digits on (ITU-T E.164).
    const WITH_CODE_DIGITS: usize = 11;

    /// The one spelling of `number`: with `+` where that can be known. The spelling of what comes
    /// out is itself.
    pub fn canonical(&self, number: &Number) -> Number {
        let text = number.as_str();
        if text.starts_with('+') || text.len() <= Self::SHORT_DIGITS {
            return number.clone();
        }
        let (country, trunk) = (self.country.as_str(), self.trunk.as_str());
        // Where nothing tells a number inside the country, some have eleven digits.
        let with_code = Self::WITH_CODE_DIGITS + usize::from(!country.is_empty() && trunk.is_empty());
        let (code, rest) =
            if let Some(rest) = text.strip_prefix("00").filter(|r| r.len() > Self::SHORT_DIGITS) {
                ("", rest)
            } else if !country.is_empty() {
                let own = text.starts_with(country) && text.len() >= Self::WITH_OWN_CODE_DIGITS;
                match text.strip_prefix(trunk).filter(|_| !trunk.is_empty()) {
                    Some(rest) => (country, rest),
                    None if own || text.len() >= with_code => ("", text),
                    None => (country, text),
                }
            } else if text.len() >= with_code && !text.starts_with('0') {
                ("", text)
            } else {
                return number.clone();
            };
        // One that gets too long so is left as it is.
        Number::parse(&["+", code, rest].concat()).unwrap_or_else(|_| number.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelt(country: &str, trunk: &str, text: &str) -> std::string::String {
        let spelling = Spelling { country: country.try_into().unwrap(), trunk: trunk.try_into().unwrap() };
        let number = spelling.canonical(&Number::parse(text).unwrap());
        assert_eq!(spelling.canonical(&number), number, "{text}");
        number.to_string()
    }

    #[test]
    fn one_telephone_has_one_spelling_in_the_country_of_the_boxes() {
        for (country, trunk, spellings) in [
            ("49", "0", &["+4915112345678", "004915112345678", "4915112345678", "015112345678"][..]),
            ("49", "0", &["+436641234567", "00436641234567", "436641234567"]),
            ("1", "1", &["+12125551234", "0012125551234", "12125551234", "2125551234"]),
            ("34", "", &["+34612345678", "0034612345678", "34612345678", "612345678"]),
            ("39", "", &["+390612345678", "0612345678"]),
            ("39", "", &["+393471234567", "393471234567", "3471234567"]),
            ("7", "8", &["+79161234567", "89161234567", "79161234567", "9161234567"]),
            ("36", "06", &["+36201234567", "06201234567", "36201234567", "201234567"]),
            ("45", "", &["+4545123456", "45123456", "4545123456"]),
            ("86", "", &["+8613812345678", "13812345678", "008613812345678", "8613812345678"]),
        ] {
            for spelling in spellings {
                assert_eq!(spelt(country, trunk, spelling), spellings[0], "{spelling} in {country}");
            }
        }
    }

    #[test]
    fn without_a_country_only_spellings_with_its_code_are_one() {
        for spelling in ["+4915112345678", "004915112345678", "4915112345678"] {
            assert_eq!(spelt("", "0", spelling), "+4915112345678");
        }
        for alone in ["015112345678", "15112345", "2125551234", "0611234"] {
            assert_eq!(spelt("", "0", alone), alone);
        }
    }

    #[test]
    fn services_keep_their_numbers_everywhere() {
        for short in ["777", "110", "+777", "007777", "012345", "49123"] {
            assert_eq!(spelt("49", "0", short), short);
            assert_eq!(spelt("34", "", short), short);
        }
    }

    #[test]
    fn what_would_get_too_long_stays_as_it_is() {
        assert_eq!(spelt("49", "0", "01234567890123456789"), "01234567890123456789");
    }
}
