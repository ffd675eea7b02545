//! The tables of the sections `optout` and `reply`.

use super::super::answers::{MAX_WORD_BYTES, MAX_WORDS, OptOut, Reply, senders};
use super::super::option::{Absent, Kind, Spec, has_control, quoted};
use crate::engine::{Matches, Senders};
use crate::message::{MAX_TEXT_BYTES, squeezed};

/// The longest prefix of numbers inside a country.
const MAX_TRUNK_DIGITS: usize = 3;

/// What stands for no prefix.
const NO_TRUNK: &str = "none";

/// The options of a section of type `optout`.
pub(in super::super) const OPT_OUT: &[Spec<OptOut>] = &[
    Spec {
        name: "enabled",
        absent: Absent::Default("0"),
        kind: Kind::Bool(|opt_out, yes| opt_out.enabled = yes),
    },
    Spec {
        name: "keyword",
        absent: Absent::Unset,
        kind: Kind::List { form: "text", add: |opt_out, text| word(&mut opt_out.keywords, text) },
    },
    Spec {
        name: "keyword_start",
        absent: Absent::Unset,
        kind: Kind::List { form: "text", add: |opt_out, text| word(&mut opt_out.start_keywords, text) },
    },
    Spec {
        name: "confirm",
        absent: Absent::Unset,
        kind: Kind::Own {
            form: "text",
            set: |opt_out, text| {
                opt_out.confirm = Some(answer(text)?);
                Ok(())
            },
        },
    },
    Spec {
        name: "country",
        absent: Absent::Unset,
        kind: Kind::Own {
            form: "1 to 3 digits",
            set: |opt_out, text| {
                let digits = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
                let code = text.try_into().ok().filter(|_| digits);
                let cure = "write it without '+' and '00', like '49'";
                opt_out.spelling.country =
                    code.ok_or_else(|| format!("{} is no country's code; {cure}", quoted(text)))?;
                Ok(())
            },
        },
    },
    Spec {
        name: "trunk",
        absent: Absent::Default("0"),
        kind: Kind::Own {
            form: "1 to 3 digits, none",
            set: |opt_out, text| {
                let none = text == NO_TRUNK;
                let digits = text.len() <= MAX_TRUNK_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
                let trunk = if none { "" } else { text }.try_into().ok().filter(|_| none || digits);
                opt_out.spelling.trunk = trunk
                    .ok_or_else(|| format!("{} is no prefix; write '0' or '{NO_TRUNK}'", quoted(text)))?;
                Ok(())
            },
        },
    },
    Spec {
        name: "local",
        absent: Absent::Default("1"),
        kind: Kind::Bool(|opt_out, yes| opt_out.local = yes),
    },
];

/// The options of a section of type `reply`.
pub(in super::super) const REPLY: &[Spec<Reply>] = &[
    Spec {
        name: "match",
        absent: Absent::Default("exact"),
        kind: Kind::Word {
            words: &["exact", "prefix", "any"],
            set: |reply, word| {
                reply.matches = match word {
                    "exact" => Matches::Exact,
                    "prefix" => Matches::Prefix,
                    "any" => Matches::Any,
                    _ => return None,
                };
                Some(())
            },
        },
    },
    Spec {
        name: "pattern",
        absent: Absent::Unset,
        kind: Kind::List { form: "text", add: |reply, text| word(&mut reply.patterns, text) },
    },
    Spec {
        name: "text",
        absent: Absent::Required("We are open from 9 to 17."),
        kind: Kind::Own {
            form: "text",
            set: |reply, text| {
                reply.text = answer(text)?;
                Ok(())
            },
        },
    },
    Spec {
        name: "from",
        absent: Absent::Unset,
        kind: Kind::List { form: "number or NUMBER*", add: |reply, text| sender(&mut reply.from, text) },
    },
    Spec {
        name: "not_from",
        absent: Absent::Unset,
        kind: Kind::List { form: "number or NUMBER*", add: |reply, text| sender(&mut reply.not_from, text) },
    },
    Spec {
        name: "per_number",
        absent: Absent::Default("3"),
        kind: Kind::Number { min: 1, max: 100, unit: "", set: |reply, count| reply.per_number = count as u8 },
    },
];

fn word(words: &mut Vec<String>, text: &str) -> Result<(), String> {
    if squeezed(text).is_empty() || text.len() > MAX_WORD_BYTES || has_control(text) {
        let cure = format!("write letters or digits, at most {MAX_WORD_BYTES} bytes");
        return Err(format!("{} can be no received text; {cure}", quoted(text)));
    }
    if words.len() == MAX_WORDS {
        return Err(format!("more than {MAX_WORDS} of them; remove some"));
    }
    words.push(text.into());
    Ok(())
}

fn answer(text: &str) -> Result<String, String> {
    if has_control(text) || text.len() > MAX_TEXT_BYTES {
        return Err(format!("{} holds a line's end or is too long; correct it", quoted(text)));
    }
    Ok(text.into())
}

fn sender(list: &mut Vec<Senders>, text: &str) -> Result<(), String> {
    if list.len() == MAX_WORDS {
        return Err(format!("more than {MAX_WORDS} of them; remove some"));
    }
    list.push(senders(text)?);
    Ok(())
}
