//! Long messages: boxes show each part as an entry of its own, and not what belongs together.
//!
//! What is left to go by is that all parts but the last are full. A part holds 153 septets or 67
//! UTF-16 units, one less with the longer form of the header, and what no longer fits of a pair
//! goes to the next one (3GPP TS 23.040 clauses 9.2.3.24.1 and 9.2.3.24.8). Somebody who sends two
//! messages within the time, the first of exactly that length, finds them joined. Parts that came
//! in the wrong order are joined in that order: nothing shows it.

use crate::message::{Encoding, MAX_TEXT_BYTES, shape};

/// Two parts that follow each other came within so many seconds. The network sends a part in some
/// 5 s and tries again after a minute.
pub const JOIN_WITHIN_S: u32 = 90;

/// The most parts of a message: a long message of more is offered as several.
pub const MAX_PARTS: usize = 15;

/// What a part holds with the longer header; with the shorter one it is one unit more.
const fn full(encoding: Encoding) -> usize {
    match encoding {
        Encoding::Gsm7 => 152,
        Encoding::Ucs2 => 66,
    }
}

/// A received message that may be a part.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Its text.
    pub text: &'a str,
    /// When it came, in Unix seconds: by the box's clock, where that can be read, because goipd
    /// gets all that came while it was away at once.
    pub at_s: u32,
}

/// How many of the first of these messages are one, at least 1 (0 of none). They came on one line
/// from one number, in this order, with none from that number left out.
///
/// Each but the last is as full as its encoding lets it be, and the next one came within
/// [`JOIN_WITHIN_S`]; all fit the GSM alphabet, or one at least does not; there are at most
/// [`MAX_PARTS`] with at most [`MAX_TEXT_BYTES`] in all. Their texts one behind the other are the
/// message's.
pub fn joined(pieces: &[Piece<'_>]) -> usize {
    let plain = |piece: &Piece| shape(piece.text).encoding == Encoding::Gsm7;
    let septets = chained(pieces, Encoding::Gsm7, plain);
    let units = chained(pieces, Encoding::Ucs2, |_| true);
    if pieces[..units].iter().all(plain) { septets } else { septets.max(units) }
}

/// Whether another part may come behind a message with this text, so that it is worth waiting
/// [`JOIN_WITHIN_S`] for it.
pub fn may_go_on(text: &str) -> bool {
    [Encoding::Gsm7, Encoding::Ucs2].into_iter().any(|encoding| goes_on(text, encoding, 2))
}

/// The longest chain of parts in `encoding` from the first message on.
fn chained(pieces: &[Piece<'_>], encoding: Encoding, fits: impl Fn(&Piece<'_>) -> bool) -> usize {
    let mut bytes = pieces.first().map_or(0, |first| first.text.len());
    let follows = |pair: &&[Piece]| {
        let [last, next] = pair else { return false };
        bytes += next.text.len();
        let first = next.text.chars().next().map_or(0, |c| encoding.units(c));
        next.at_s.abs_diff(last.at_s) <= JOIN_WITHIN_S
            && bytes <= MAX_TEXT_BYTES
            && goes_on(last.text, encoding, first)
            && len(next.text, encoding) <= full(encoding) + 1
            && fits(last)
            && fits(next)
    };
    let most = pieces.len().min(MAX_PARTS);
    pieces[..most].windows(2).take_while(follows).count() + most.min(1)
}

/// Whether a part with this text is full if `first` units come next.
fn goes_on(text: &str, encoding: Encoding, first: usize) -> bool {
    let len = len(text, encoding);
    len <= full(encoding) + 1 && len + first > full(encoding)
}

fn len(text: &str, encoding: Encoding) -> usize {
    text.chars().map(|c| encoding.units(c)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined_at(pieces: &[(&str, u32)]) -> usize {
        joined(&pieces.iter().map(|&(text, at_s)| Piece { text, at_s }).collect::<Vec<_>>())
    }

    /// How many are joined of messages that all came at once.
    fn joined_of(texts: &[&str]) -> usize {
        joined_at(&texts.iter().map(|&text| (text, 7)).collect::<Vec<_>>())
    }

    #[test]
    fn full_parts_and_a_last_one_are_one_message() {
        let (a152, a153, a151) = (&"a".repeat(152)[..], &"a".repeat(153)[..], &"a".repeat(151)[..]);
        let (c66, c67, c65) = (&"ć".repeat(66)[..], &"ć".repeat(67)[..], &"ć".repeat(65)[..]);
        let a67 = &"a".repeat(67)[..];
        for (what, texts, count) in [
            ("nothing", &[][..], 0),
            ("one", &["a"], 1),
            ("two that are not full", &["a", "b"], 1),
            ("a full one alone", &[a153], 1),
            ("a full one and the rest", &[a153, "b"], 2),
            ("two full ones and the rest, and another", &[a153, a153, "b", "c"], 3),
            ("the longer header", &[a152, "b"], 2),
            ("a pair that did not fit", &[a151, "€uro"], 2),
            ("a character that did fit", &[a151, "b"], 1),
            ("more than a part holds", &[&"a".repeat(154), "b"], 1),
            ("what follows is more than a part holds", &[a153, &"b".repeat(154)], 1),
            ("UCS-2", &[c67, "ć"], 2),
            ("UCS-2, the longer header", &[c66, c66, c66], 3),
            ("a surrogate pair that did not fit", &[c65, "😀"], 2),
            ("a unit that did fit", &[c65, "ć"], 1),
            ("UCS-2 with plain parts", &[a67, a67, "ć"], 3),
            ("plain parts of that length alone", &[a67, a67, "a"], 1),
            ("two encodings", &[a153, "ć"], 1),
            ("an empty one behind", &[a153, ""], 2),
        ] {
            assert_eq!(joined_of(texts), count, "{what}");
        }
    }

    #[test]
    fn parts_come_soon_after_each_other_by_whatever_clock() {
        let full = &"a".repeat(153)[..];
        for (times, count) in [
            ([1000, 1000, 1000], 3),
            ([1000, 1090, 1180], 3),
            ([1000, 1090, 1181], 2),
            ([1000, 1091, 1091], 1),
            ([1000, 990, 1000], 3),
        ] {
            assert_eq!(joined_at(&[(full, times[0]), (full, times[1]), ("a", times[2])]), count);
        }
    }

    #[test]
    fn a_joined_message_has_its_bounds() {
        assert_eq!(joined_of(&[&*"a".repeat(153); 40]), MAX_PARTS);
        // Three bytes a character.
        let euros = "€".repeat(76);
        assert_eq!(joined_of(&[&*euros; 40]), MAX_TEXT_BYTES / euros.len());
    }

    #[test]
    fn only_behind_a_full_part_is_another_one_waited_for() {
        for (text, goes_on) in [
            ("a".repeat(150), false),
            ("a".repeat(151), true),
            ("a".repeat(153), true),
            ("a".repeat(154), false),
            ("a".repeat(64), false),
            ("a".repeat(65), true),
            ("ć".repeat(67), true),
            ("ć".repeat(68), false),
            (String::new(), false),
        ] {
            assert_eq!(may_go_on(&text), goes_on, "{text}");
        }
    }

    #[test]
    fn a_long_text_cut_as_the_network_cuts_it_is_joined_again() {
        let text = "Größe €5 [x] ".repeat(60);
        let mut parts = vec![String::new()];
        for c in text.chars() {
            let last = parts.last().unwrap();
            if len(last, Encoding::Gsm7) + Encoding::Gsm7.units(c) > 153 {
                parts.push(String::new());
            }
            parts.last_mut().unwrap().push(c);
        }
        let pieces: Vec<_> = parts.iter().map(|text| Piece { text, at_s: 0 }).collect();
        assert_eq!(joined(&pieces), parts.len());
        assert!(parts.len() > 4);
        for (part, last) in parts.iter().zip((1..).map(|n| n == parts.len())) {
            assert!(last || may_go_on(part));
        }
    }
}
