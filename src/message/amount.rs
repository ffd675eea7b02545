//! Amounts of money, in whole hundredths: whatever the currency, the operator means the same one
//! each time.

use core::fmt;

/// An amount, in hundredths of the currency's unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(pub i32);

impl Amount {
    /// The amount in `text`: digits with a `.` or `,` before one or two decimals, and with either
    /// between thousands. What stands around them is passed over, but a `-` before them counts.
    /// `None` without digits, or from ten million on.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let begin = bytes.iter().position(u8::is_ascii_digit)?;
        let end = bytes.iter().rposition(u8::is_ascii_digit)? + 1;
        let number = &bytes[begin..end];
        let decimals = number.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        let is_point = |b: &u8| matches!(b, b'.' | b',');
        let mut point = number.len();
        // Three digits behind one point are thousands, and so is whatever the first of two kinds of
        // points stands before.
        if decimals < number.len() {
            let last = number.len() - decimals - 1;
            let once = number.iter().filter(|b| **b == number[last]).count() == 1;
            let other = number[..last].iter().any(is_point);
            if once && is_point(&number[last]) && (decimals != 3 || other) {
                point = last;
            }
        }
        let mut whole: i32 = 0;
        for byte in &number[..point] {
            match byte {
                b'0'..=b'9' => whole = whole.checked_mul(10)?.checked_add(i32::from(byte - b'0'))?,
                b'.' | b',' | b' ' | b'\'' => {}
                _ => return None,
            }
        }
        let digit = |place: usize| number.get(point + place).map_or(0, |b| i32::from(b - b'0'));
        let hundredths = if point < number.len() { digit(1) * 10 + digit(2) } else { 0 };
        let amount = whole.checked_mul(100)?.checked_add(hundredths)?;
        (whole < 10_000_000).then_some(Self(if bytes[..begin].contains(&b'-') { -amount } else { amount }))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let amount = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", amount / 100, amount % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_operators_write_them() {
        for (text, shown) in [
            ("12.50", "12.50"),
            ("12,5", "12.50"),
            ("7", "7.00"),
            ("-3.20 EUR", "-3.20"),
            ("EUR 1.234,56", "1234.56"),
            ("1,234.56", "1234.56"),
            ("1.234", "1234.00"),
            ("1.234.567", "1234567.00"),
            ("1 234,00", "1234.00"),
            ("0.999", "999.00"),
            ("1,234.5678", "1234.56"),
            ("0,05", "0.05"),
            ("9999999.99", "9999999.99"),
        ] {
            assert_eq!(Amount::parse(text).map(|a| a.to_string()).as_deref(), Some(shown), "{text}");
        }
        for none in ["", "x", "-", "10000000", "99999999999999", "3 of 4", "1/2", "٣"] {
            assert_eq!(Amount::parse(none), None, "{none}");
        }
    }
}
