use super::*;

fn find<'a>(pattern: &str, text: &'a str) -> Option<&'a str> {
    Pattern::parse(pattern).unwrap_or_else(|e| panic!("{pattern}: {e}")).find(text)
}

#[test]
fn answers_of_operators_give_their_balance() {
    for (pattern, text, value) in [
        (r"([0-9]+[.,][0-9]{2})", "Saldo: 12,50 EUR. Valido", Some("12,50")),
        (r"[Bb]alance:? *(-?\d+(?:\.\d+)?)", "Your balance: -3.2 USD, 2 SMS", Some("-3.2")),
        (r"€\s*(\S+)", "Guthaben € 7,01 bis", Some("7,01")),
        (r"(?:bal|saldo)\D*(\d+)", "Ihr saldo beträgt 17 Euro", Some("17")),
        (r"^(\d+)$", "17", Some("17")),
        (r"^(\d+)$", "17 ", None),
        (r"\d+", "ab 345", Some("345")),
        (r"(\d+) SMS", "12 min 40 SMS", Some("40")),
        (r"баланс: (.+?) ?р", "Ваш баланс: 100.25 р", Some("100.25")),
    ] {
        assert_eq!(find(pattern, text), value, "{pattern} in {text}");
    }
}

#[test]
fn each_form_does_what_it_does_elsewhere() {
    for (pattern, text, value) in [
        ("", "abc", Some("")),
        ("b", "abc", Some("b")),
        ("a|bc|d", "xbcd", Some("bc")),
        ("(?:a|b|)c", "zbc", Some("bc")),
        ("a(b|)c", "zac", Some("")),
        ("ab*", "abbbc", Some("abbb")),
        ("ab*?", "abbbc", Some("a")),
        ("ab+?c", "abbbc", Some("abbbc")),
        ("ab?c", "ac", Some("ac")),
        ("a{3}", "aaaa", Some("aaa")),
        ("a{2,3}", "aaaa", Some("aaa")),
        ("a{2,3}?", "aaaa", Some("aa")),
        ("a{2,}", "aaaa", Some("aaaa")),
        ("a{0}b", "ab", Some("b")),
        ("(a*)*b", "aaab", Some("aaa")),
        ("(?:a*)+$", "aaa", Some("aaa")),
        ("[^a-c]", "abcd", Some("d")),
        ("[]a]+", "x]a]", Some("]a]")),
        ("[a-]+", "b-a", Some("-a")),
        (r"[\d.]+", "v1.2", Some("1.2")),
        (r"\W", "ab c", Some(" ")),
        (r"\.\(\$", "x.($", Some(".($")),
        ("(ab)+", "ababab", Some("ab")),
        ("x(a)|(b)", "b", Some("b")),
        ("x*", "", Some("")),
        (".", "ä", Some("ä")),
        ("x", "", None),
    ] {
        assert_eq!(find(pattern, text), value, "{pattern} in {text}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (pattern, error) in [
        ("(a", "has a '(' without its ')' (byte 3)"),
        ("a)", "has a ')' without its '(' (byte 2)"),
        ("[a", "has a '[' without its ']' (byte 3)"),
        ("[z-a]", "has a range whose end is before its beginning (byte 5)"),
        ("*a", "has a repeat with nothing before it (byte 2)"),
        ("a\\", "ends with a '\\' (byte 3)"),
        ("\\q", "has a '\\' before an unknown letter (byte 3)"),
        ("(?:a{99}){99}", "repeats too much (byte 14)"),
    ] {
        assert_eq!(Pattern::parse(pattern), Err(error.into()), "{pattern}");
    }
    assert!(Pattern::parse("a{x}").unwrap_err().starts_with("has a '{'"));
    assert!(Pattern::parse("a{3,2}").unwrap_err().starts_with("has a '{'"));
    assert!(Pattern::parse(&"(".repeat(9)).unwrap_err().starts_with("has groups too deep"));
    assert!(Pattern::parse(&"a".repeat(129)).is_err());
}

#[test]
fn no_pattern_takes_long_on_any_text() {
    let text = "a".repeat(2000);
    assert_eq!(find("(?:(?:a*)*)*b", &text), None);
    assert_eq!(find("(?:a?){30}a{30}$", &text), None, "what is behind the first thousand is not searched");
}

#[test]
fn any_text_is_a_pattern_or_an_error() {
    let alphabet: Vec<char> = r"ab0()[]{}|*+?^$\.,-:dDw2é".chars().collect();
    let mut random = 1u32;
    let mut pick = |n: usize| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as usize % n
    };
    let mut good = 0;
    for _ in 0..20_000 {
        let text: String = (0..pick(14)).map(|_| alphabet[pick(alphabet.len())]).collect();
        if let Ok(pattern) = Pattern::parse(&text) {
            good += 1;
            let _ = pattern.find("a0b(ab)00é,-:ddww2");
        }
    }
    assert!(good > 1000, "{good}");
}

#[test]
fn what_repeats_far_too_much_is_refused_and_no_more() {
    let problem = Pattern::parse("((a{99}){5}){0,99}").unwrap_err();
    assert!(problem.contains("repeats too much"), "{problem}");
}
