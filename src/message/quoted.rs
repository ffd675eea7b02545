//! Input from outside as an error may repeat it: short, and harmless to a terminal or a log.

use core::fmt::{self, Write};

/// Shows a word from outside between single quotes: at most [`Self::MAX_CHARS`] characters, then
/// `…`; what a terminal would obey or not show stands as `\u{1b}`.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a str);

impl Quoted<'_> {
    /// Twice the longest number: enough to recognise one's own input by.
    pub const MAX_CHARS: usize = 40;
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('\'')?;
        let mut chars = self.0.chars();
        for c in chars.by_ref().take(Self::MAX_CHARS) {
            if is_unprintable(c) {
                write!(f, "\\u{{{:x}}}", u32::from(c))?;
            } else {
                f.write_char(c)?;
            }
        }
        f.write_str(if chars.next().is_some() { "…'" } else { "'" })
    }
}

/// Whether a terminal would obey or not show it: control characters, zero-width and direction marks
/// and the two Unicode line ends. They make one word look like another, or one log line like two.
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_in_quotes_and_a_long_one_is_cut() {
        assert_eq!(Quoted("12x").to_string(), "'12x'");
        assert_eq!(Quoted(&"ä".repeat(40)).to_string(), format!("'{}'", "ä".repeat(40)));
        assert_eq!(Quoted(&"ä".repeat(41)).to_string(), format!("'{}…'", "ä".repeat(40)));
    }

    #[test]
    fn what_a_terminal_would_obey_or_hide_is_spelt_out() {
        assert_eq!(Quoted("a\n\x1b[2J\u{85}\u{202e}").to_string(), r"'a\u{a}\u{1b}[2J\u{85}\u{202e}'");
    }
}
