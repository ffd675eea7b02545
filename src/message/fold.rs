//! Texts as they are compared: what people write differently without meaning anything by it is
//! made alike.

/// `text` in small letters, with one blank where blanks, line ends and invisible marks stand, and
/// none of them nor `. , ; : ! ? " '` at its beginning and end.
///
/// Letters are those of Latin, Greek and Cyrillic that the languages of Europe have; of the
/// Turkish four kinds of `i` all are one. Tables of all others would take more room than they are
/// worth: scripts without two cases need none.
pub fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = false;
    for c in text.trim_matches(is_edge).chars() {
        if is_blank(c) {
            blank = true;
            continue;
        }
        if core::mem::take(&mut blank) {
            out.push(' ');
        }
        out.push(small(c));
    }
    out
}

/// The same with no blank at all: `S T O P` is `stop`.
pub fn squeezed(text: &str) -> String {
    let mut out = folded(text);
    out.retain(|c| c != ' ');
    out
}

fn is_edge(c: char) -> bool {
    is_blank(c) || matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '"' | '\'')
}

/// White space, control characters, and marks that nobody sees.
fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\0'..=' ' | '\u{7f}'..='\u{a0}' | '\u{ad}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}'
            | '\u{205f}'..='\u{2069}' | '\u{3000}' | '\u{feff}'
    )
}

/// The small letter.
fn small(c: char) -> char {
    let code = u32::from(c);
    let small = match c {
        'A'..='Z' | 'À'..='Ö' | 'Ø'..='Þ' | 'Α'..='Ρ' | 'Σ'..='Ϋ' | 'А'..='Я' => code + 32,
        'Ѐ'..='Џ' => code + 80,
        'İ' | 'ı' => u32::from('i'),
        'Ÿ' => u32::from('ÿ'),
        'ς' => u32::from('σ'),
        'Ά' => u32::from('ά'),
        'Έ'..='Ί' => code + 37,
        'Ό' => u32::from('ό'),
        'Ύ' | 'Ώ' => code + 63,
        // In pairs, the capital first: with even numbers here, …
        'Ā'..='ķ' | 'Ŋ'..='ŷ' | 'Ș'..='ț' | 'Ґ' => code | 1,
        // … and with odd ones here.
        'Ĺ'..='ň' | 'Ź'..='ž' => code + (code & 1),
        _ => code,
    };
    char::from_u32(small).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_blanks_and_marks_around_a_text_mean_nothing() {
        for same in [
            "STOP",
            "stop",
            " Stop.",
            "'stop'!",
            "\u{feff}sToP\r\n",
            "\"STOP\"",
            "Stop…".trim_end_matches('…'),
        ] {
            assert_eq!(folded(same), "stop");
        }
        assert_eq!(folded(" Opt \n\u{a0} OUT "), "opt out");
        assert_eq!(squeezed(" S t\u{200b}o P "), "stop");
        assert_eq!(squeezed("Opt out!"), "optout");
        assert_eq!(folded("stop, please"), "stop, please");
        assert_eq!([folded(""), folded(" ?! ")], ["", ""]);
    }

    #[test]
    fn capitals_of_europe_become_small() {
        for (capital, small) in [
            ("ÄÖÜÉÑØÞ×÷ß", "äöüéñøþ×÷ß"),
            ("ĄĆĘŁŃÓŚŹŻ", "ąćęłńóśźż"),
            ("ČĎĚŇŘŠŤŮŽĹĽ", "čďěňřšťůžĺľ"),
            ("ŐŰĞŞİIıĂȘȚĀĒĪŪ", "őűğşiiiășțāēīū"),
            ("ΣΤΟΠς ΆΈΉΊΌΎΏ", "στοπσ άέήίόύώ"),
            ("СТОП ЁЂЇЄІҐ", "стоп ёђїєіґ"),
            ("退订 ٠ عربي", "退订 ٠ عربي"),
        ] {
            assert_eq!(folded(capital), small);
            assert_eq!(folded(small), small.replace('ı', "i"));
        }
    }

    #[test]
    fn what_is_folded_stays_so() {
        for c in ('\0'..='\u{600}').chain('\u{2000}'..'\u{2100}') {
            let once = folded(&format!("x{c}y"));
            assert_eq!(folded(&once), once, "{c:?}");
        }
    }
}
