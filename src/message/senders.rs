//! Whose messages reach hooks, webhooks and replies.

/// Two lists of senders, each an exact number or name, or the beginning of some with a `*` behind
/// it. Letters count as the same in either case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Senders {
    /// If there are any, only these pass.
    pub allow: Vec<Box<str>>,
    /// These do not, whatever `allow` says.
    pub deny: Vec<Box<str>>,
}

impl Senders {
    /// Whether `text` is a sender, or the beginning of some with a `*` behind it.
    pub fn is_pattern(text: &str) -> bool {
        let name = text.strip_suffix('*').unwrap_or(text);
        !text.is_empty() && !name.contains(|c: char| c == '*' || c.is_control()) && name.trim() == name
    }

    /// Whether what `from` has sent is passed on. `from` is the sender as the box shows it.
    pub fn pass(&self, from: &str) -> bool {
        let is_in = |list: &[Box<str>]| list.iter().any(|pattern| matches(pattern, from));
        !is_in(&self.deny) && (self.allow.is_empty() || is_in(&self.allow))
    }
}

fn matches(pattern: &str, from: &str) -> bool {
    let (pattern, from) = (pattern.as_bytes(), from.as_bytes());
    match pattern.strip_suffix(b"*") {
        Some(start) => from.get(..start.len()).is_some_and(|from| from.eq_ignore_ascii_case(start)),
        None => pattern.eq_ignore_ascii_case(from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn senders(allow: &[&str], deny: &[&str]) -> Senders {
        let list = |texts: &[&str]| texts.iter().map(|&text| text.into()).collect();
        Senders { allow: list(allow), deny: list(deny) }
    }

    #[test]
    fn without_lists_everybody_passes() {
        assert!(senders(&[], &[]).pass("+4915112345678") && senders(&[], &[]).pass(""));
    }

    #[test]
    fn a_number_is_meant_as_a_whole_and_a_star_stands_for_any_end() {
        let some = senders(&["+4915112345678", "+43*", "Bank"], &[]);
        for (from, passes) in [
            ("+4915112345678", true),
            ("+49151123456789", false),
            ("+491511234567", false),
            ("4915112345678", false),
            ("+43", true),
            ("+436601", true),
            ("+44", false),
            ("+4", false),
            ("BANK", true),
            ("bank", true),
            ("Bankers", false),
            ("", false),
        ] {
            assert_eq!(some.pass(from), passes, "{from}");
        }
        assert!(senders(&["*"], &[]).pass(""));
    }

    #[test]
    fn who_is_denied_does_not_pass_though_allowed() {
        let some = senders(&["+49*"], &["+4915*", "INFO"]);
        assert!(some.pass("+4930123") && !some.pass("+49151") && !some.pass("info"));
        let all_but = senders(&[], &["77*"]);
        assert!(all_but.pass("78") && !all_but.pass("777"));
    }

    #[test]
    fn what_begins_with_a_cut_character_is_no_panic() {
        assert!(!senders(&["ä*"], &[]).pass("\u{e5}") && senders(&["ä*"], &[]).pass("ärzte"));
    }

    #[test]
    fn a_star_stands_only_at_the_end() {
        for (text, is) in
            [("+49*", true), ("*", true), ("Bank 24", true), ("", false), ("*9", false), ("**", false)]
        {
            assert_eq!(Senders::is_pattern(text), is, "{text}");
        }
        assert!(!Senders::is_pattern("a\nb") && !Senders::is_pattern(" 12") && !Senders::is_pattern("12 *"));
    }
}
