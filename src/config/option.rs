//! What an option may say: the form of the tables in `table`, and how a section is read by one.
//! Which options there are is not known here.

use std::path::PathBuf;

use super::Faults;
use super::uci::{Section, Value};
use crate::message::Number;

/// The most characters of a value that an error repeats.
const SHOWN_CHARS: usize = 64;

/// One option: a row of a table that drives reading, error texts and the check of the manual.
pub(super) struct Spec<T: 'static> {
    pub name: &'static str,
    pub absent: Absent,
    pub kind: Kind<T>,
}

/// What holds where the option does not stand.
#[derive(Clone, Copy)]
pub(super) enum Absent {
    /// This value.
    Default(&'static str),
    /// Something that no value says; the manual says it.
    Unset,
    /// An error; the cure shows this value.
    Required(&'static str),
}

/// What may stand there, and where it goes.
pub(super) enum Kind<T> {
    /// A yes or no in UCI's words.
    Bool(fn(&mut T, bool)),
    /// A whole number from `min` to `max`, of `unit` (empty: a count).
    Number { min: u32, max: u32, unit: &'static str, set: fn(&mut T, u32) },
    /// One of `words`. `set` knows all of them.
    Word { words: &'static [&'static str], set: fn(&mut T, &str) -> Option<()> },
    /// A form of its own, here in words. The error tells problem and cure, and repeats the value
    /// only if it cannot hold a password.
    Own { form: &'static str, set: fn(&mut T, &str) -> Result<(), String> },
    /// Any number of values of a form of its own, here in words; `add` takes one of them. Errors
    /// as for `Own`.
    List { form: &'static str, add: fn(&mut T, &str) -> Result<(), String> },
}

/// What may stand there, whatever it goes to.
#[derive(Clone, Copy)]
enum Form {
    Bool,
    Number { min: u32, max: u32, unit: &'static str },
    Word(&'static [&'static str]),
    Own(&'static str),
    List(&'static str),
}

impl<T> Kind<T> {
    const fn bare(&self) -> Form {
        match *self {
            Self::Bool(_) => Form::Bool,
            Self::Number { min, max, unit, .. } => Form::Number { min, max, unit },
            Self::Word { words, .. } => Form::Word(words),
            Self::Own { form, .. } => Form::Own(form),
            Self::List { form, .. } => Form::List(form),
        }
    }

    /// What may stand there, in words: for errors and the manual.
    pub fn form(&self) -> String {
        self.bare().words()
    }

    /// The word of UCI that such a value is written with.
    pub const fn keyword(&self) -> &'static str {
        self.bare().keyword()
    }

    /// Puts `text` where it belongs, or tells problem and cure.
    pub fn set(&self, into: &mut T, text: &str) -> Result<(), String> {
        let number = self.bare().check(text)?;
        match self {
            Self::Bool(set) => set(into, number != 0),
            Self::Number { set, .. } => set(into, number),
            Self::Word { set, .. } => set(into, text).ok_or_else(|| unknown(text, &self.form()))?,
            Self::Own { set, .. } | Self::List { add: set, .. } => set(into, text)?,
        }
        Ok(())
    }
}

impl Form {
    fn words(self) -> String {
        match self {
            Self::Bool => "bool".into(),
            Self::Number { min, max, unit: "" } => format!("{min} to {max}"),
            Self::Number { min, max, unit } => format!("{min} to {max} {unit}"),
            Self::Word(words) => words.join(", "),
            Self::Own(form) => form.into(),
            Self::List(form) => format!("list of {form}"),
        }
    }

    const fn keyword(self) -> &'static str {
        if matches!(self, Self::List(_)) { "list" } else { "option" }
    }

    /// The number that `text` says, 1 for a yes; 0 where the form asks for none.
    fn check(self, text: &str) -> Result<u32, String> {
        match self {
            Self::Bool => match text {
                "1" | "on" | "true" | "yes" | "enabled" => Ok(1),
                "0" | "off" | "false" | "no" | "disabled" => Ok(0),
                _ => Err(format!("{} is neither yes nor no; write '1' or '0'", quoted(text))),
            },
            Self::Number { min, max, .. } => {
                let (shown, form) = (quoted(text), self.words());
                if !text.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(format!("{shown} is no whole number; write {form} in digits only"));
                }
                text.parse()
                    .ok()
                    .filter(|number| (min..=max).contains(number))
                    .ok_or_else(|| format!("{shown} is out of range; write {form}"))
            }
            Self::Word(words) if !words.contains(&text) => Err(unknown(text, &self.words())),
            Self::Word(_) | Self::Own(_) | Self::List(_) => Ok(0),
        }
    }
}

fn unknown(text: &str, words: &str) -> String {
    format!("{} is not known; write one of: {words}", quoted(text))
}

/// Sets every default of `table`.
pub(super) fn defaults<T>(table: &[Spec<T>], into: &mut T) {
    for spec in table {
        if let Absent::Default(text) = spec.absent {
            // That none of them is refused is a test's business.
            let _ = spec.kind.set(into, text);
        }
    }
}

/// Reads `section`: what stands in it goes to `into`, what is wrong with it to `faults`.
pub(super) fn read<T>(section: &Section, table: &[Spec<T>], into: &mut T, faults: &mut Faults) {
    let row = |place: usize| table.get(place).map(|spec| (spec.name, spec.absent, spec.kind.keyword()));
    read_rows(section, &row, &mut |place, text| table[place].kind.set(into, text), faults);
}

/// An option's name, what holds without it, and the word it is written with.
type Row = (&'static str, Absent, &'static str);

/// [`read`], once for all tables: `row` gives what stands at a place of it, `set` takes the place of an
/// option and its value.
fn read_rows(
    section: &Section,
    row: &dyn Fn(usize) -> Option<Row>,
    set: &mut dyn FnMut(usize, &str) -> Result<(), String>,
    faults: &mut Faults,
) {
    let rows: Vec<Row> = (0..).map_while(row).collect();
    for opt in &section.options {
        let name = &opt.name;
        let Some(place) = rows.iter().position(|(known, ..)| known == name) else {
            let names: Vec<_> = rows.iter().map(|(known, ..)| *known).collect();
            faults.add(opt.line, format!("unknown option {}; {}", quoted(name), instead(name, &names)));
            continue;
        };
        let mut refuse = |line, problem: String| faults.add(line, format!("option '{name}': {problem}"));
        let is_list = rows[place].2 == "list";
        if matches!(opt.value, Value::List(_)) && !is_list {
            refuse(opt.line, "has one value; write it with 'option', not with 'list'".into());
        } else if let Some(line) = opt.replaced {
            let cure = if is_list { "write all its values with 'list'" } else { "remove one of the two" };
            refuse(opt.line, format!("stands in line {line} already; {cure}"));
        } else {
            for (line, text) in opt.values() {
                if let Err(problem) = set(place, text) {
                    refuse(line, problem);
                }
            }
        }
    }
    for (name, absent, keyword) in &rows {
        if let Absent::Required(example) = absent
            && section.option(name).is_none()
        {
            let kind = &section.kind;
            let problem = format!("option '{name}' is missing in this section of type '{kind}'");
            faults.add(section.line, format!("{problem}; add a line: {keyword} {name} '{example}'"));
        }
    }
}

/// A path from the root, without control characters.
pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    if !text.starts_with('/') || has_control(text) {
        return Err(format!("{} is no absolute path; begin it with '/'", quoted(text)));
    }
    Ok(text.into())
}

/// A telephone number.
pub(super) fn number(text: &str) -> Result<Number, String> {
    Number::parse(text).map_err(|refusal| refusal.message)
}

/// Whether `text` holds a NUL, a line's end or another control character.
pub(super) fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// `text` in quotes on one line, its beginning if it is long.
pub(super) fn quoted(text: &str) -> String {
    let mut shown = String::from("'");
    for (index, c) in text.chars().enumerate() {
        match c {
            _ if index == SHOWN_CHARS => {
                shown.push_str("...");
                break;
            }
            _ if c.is_control() => shown.extend(c.escape_default()),
            _ => shown.push(c),
        }
    }
    shown.push('\'');
    shown
}

/// The cure of an unknown `name`: the likeliest of `known` if one is near, and all of them.
pub(super) fn instead(name: &str, known: &[&str]) -> String {
    let list = known.join(", ");
    let nearest = known.iter().map(|k| (distance(name, k), k)).min();
    match nearest {
        Some((0..=2, nearest)) => format!("did you mean '{nearest}'? Known here: {list}"),
        _ => format!("known here: {list}"),
    }
}

/// How many letters must be put in, taken out or changed to make `b` of `a` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(kind: &Kind<u32>, text: &str) -> Result<u32, String> {
        let mut into = 0;
        kind.set(&mut into, text).map(|()| into)
    }

    #[test]
    fn a_bool_is_one_of_ucis_ten_words_and_no_other() {
        let kind = Kind::Bool(|n, yes| *n = u32::from(yes));
        for yes in ["1", "on", "true", "yes", "enabled"] {
            assert_eq!(set(&kind, yes), Ok(1), "{yes}");
        }
        for no in ["0", "off", "false", "no", "disabled"] {
            assert_eq!(set(&kind, no), Ok(0), "{no}");
        }
        for neither in ["maybe", "Yes", "TRUE", "2", "1 ", "01"] {
            let expected = format!("'{neither}' is neither yes nor no; write '1' or '0'");
            assert_eq!(set(&kind, neither), Err(expected));
        }
    }

    #[test]
    fn a_number_is_digits_within_its_range() {
        let kind = Kind::Number { min: 2, max: 60, unit: "s", set: |n, v| *n = v };
        assert_eq!(set(&kind, "2"), Ok(2));
        assert_eq!(set(&kind, "60"), Ok(60));
        for outside in ["1", "61", "4294967298", "99999999999999999999"] {
            let expected = format!("'{outside}' is out of range; write 2 to 60 s");
            assert_eq!(set(&kind, outside), Err(expected));
        }
        for none in ["+5", "-5", "5s", "0x5", "5.0", " 5", "٥"] {
            let expected = format!("'{none}' is no whole number; write 2 to 60 s in digits only");
            assert_eq!(set(&kind, none), Err(expected));
        }
    }

    #[test]
    fn a_shown_value_is_one_line_and_not_long() {
        assert_eq!(quoted("a\nb\u{7f}ä"), "'a\\nb\\u{7f}ä'");
        assert_eq!(quoted(&"x".repeat(1000)).len(), SHOWN_CHARS + "'...'".len());
    }

    #[test]
    fn a_name_is_suggested_only_if_it_is_near() {
        let known = ["url", "password", "lines"];
        assert!(instead("pasword", &known).starts_with("did you mean 'password'?"));
        assert!(instead("line", &known).starts_with("did you mean 'lines'?"));
        assert!(instead("token", &known).starts_with("known here: url"));
    }

    #[test]
    fn distance_counts_single_letters() {
        for (a, b, expected) in [("", "", 0), ("", "ab", 2), ("ab", "", 2), ("kitten", "sitting", 3)] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
