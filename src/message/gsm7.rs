//! The GSM 7-bit default alphabet, as far as counting needs it (3GPP TS 23.038 clause 6.2.1).

/// The characters of the basic table outside ASCII, sorted for the search.
const BASIC: [char; 39] = [
    '¡', '£', '¤', '¥', '§', '¿', 'Ä', 'Å', 'Æ', 'Ç', 'É', 'Ñ', 'Ö', 'Ø', 'Ü', 'ß', 'à', 'ä', 'å', 'æ', 'è',
    'é', 'ì', 'ñ', 'ò', 'ö', 'ø', 'ù', 'ü', 'Γ', 'Δ', 'Θ', 'Λ', 'Ξ', 'Π', 'Σ', 'Φ', 'Ψ', 'Ω',
];

/// How many septets `c` takes: 1 in the basic table, 2 in the extension table (the escape and the
/// character), `None` in neither.
pub(super) fn septets(c: char) -> Option<usize> {
    match c {
        '\x0c' | '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' => Some(2),
        '\n' | '\r' => Some(1),
        '`' => None,
        ' '..='~' => Some(1),
        _ => BASIC.binary_search(&c).ok().map(|_| 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The basic table in the order of its codes, 0x00 to 0x7f without the escape 0x1b.
    const TABLE: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
        ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    const EXTENSION: &str = "\x0c^{}\\[~]|€";

    #[test]
    fn every_character_of_the_two_tables_and_no_other_has_septets() {
        assert_eq!(TABLE.chars().count(), 127);
        assert_eq!(EXTENSION.chars().count(), 10);
        for c in '\0'..=char::MAX {
            let expected = if TABLE.contains(c) {
                Some(1)
            } else if EXTENSION.contains(c) {
                Some(2)
            } else {
                None
            };
            assert_eq!(septets(c), expected, "{c:?}");
        }
    }
}
