//! A table for each rule of the syntax. Unless a comment says otherwise, libuci in its strict mode
//! reads the same.

use super::*;

/// What was read, on one line: `type name@line{option@line=value list@line=[item@line|item@line]}`,
/// an anonymous section's name in brackets, a replaced line behind `<`; or `error line:byte text`.
fn read(text: &[u8]) -> String {
    let sections = match parse(text) {
        Ok(sections) => sections,
        Err(e) => return format!("error {}:{} {}", e.line, e.byte, e.text),
    };
    let section = |s: &Section| {
        let name = if s.anonymous { format!("({})", s.name) } else { s.name.clone() };
        let options: Vec<_> = s.options.iter().map(option).collect();
        format!("{} {name}@{}{{{}}}", s.kind, s.line, options.join(" "))
    };
    fn option(o: &Opt) -> String {
        let replaced = o.replaced.map(|line| format!("<{line}")).unwrap_or_default();
        let value = match &o.value {
            Value::Single(value) => value.clone(),
            Value::List(items) => {
                let items: Vec<_> = items.iter().map(|i| format!("{}@{}", i.text, i.line)).collect();
                format!("[{}]", items.join("|"))
            }
        };
        format!("{}@{}{replaced}={value}", o.name, o.line)
    }
    sections.iter().map(section).collect::<Vec<_>>().join(" ")
}

/// The value of option `o` whose words stand in `argument`, behind `config t s` and `option o `.
fn value(argument: &str) -> String {
    let read = read(format!("config t s\noption o {argument}").as_bytes());
    match read.strip_prefix("t s@1{o@2=") {
        Some(rest) => rest.trim_end_matches('}').into(),
        None => read,
    }
}

fn check(table: &[(&str, &str)]) {
    for (input, expected) in table {
        assert_eq!(read(input.as_bytes()), *expected, "{input:?}");
    }
}

fn check_values(table: &[(&str, &str)]) {
    for (input, expected) in table {
        assert_eq!(value(input), *expected, "{input:?}");
    }
}

/// As [`check`], with the beginning of what was read.
fn check_starts(table: &[(&str, &str)]) {
    for (input, expected) in table {
        let read = read(input.as_bytes());
        assert!(read.starts_with(expected), "{input:?}: {read}");
    }
}

#[test]
fn rule_1_a_line_begins_with_one_of_four_keywords_or_its_first_letter() {
    check(&[
        ("", ""),
        ("\n \t\n# only a comment", ""),
        ("config t s\n\toption o v\n\tlist l i\n", "t s@1{o@2=v l@3=[i@3]}"),
        ("c t s\n o o v\n l l i", "t s@1{o@2=v l@3=[i@3]}"),
        ("package goipd\np go-ip\nconfig t s", "t s@3{}"),
        ("config\tt\ts", "t s@1{}"),
        (" config t s # comment", "t s@1{}"),
    ]);
    let none = "the line begins with none of";
    check_starts(&[
        ("config t s\nopt o v", &format!("error 2:1 {none}")),
        ("  'config' t s", &format!("error 1:3 {none}")),
        ("Config t s", &format!("error 1:1 {none}")),
        ("config\u{b}t s", &format!("error 1:1 {none}")),
        ("config#t s", &format!("error 1:1 {none}")),
        ("\\config t s", &format!("error 1:1 {none}")),
        (";config t s", &format!("error 1:1 {none}")),
        ("config\rt\r", &format!("error 1:1 {none}")),
        ("\u{feff}config t s", "error 1:1 the file begins with a byte order mark"),
        ("config", "error 1:1 'config' needs a section type"),
        ("config \n", "error 1:1 'config' needs a section type"),
        ("config t s\n option\n", "error 2:2 'option' needs a name"),
        ("config t s\nlist '' x", "error 2:1 'list' needs a name"),
        ("package # none", "error 1:1 'package' needs a name"),
        ("package a.b", "error 1:9 a package's name"),
        ("package a b", "error 1:11 too many words"),
    ]);
}

#[test]
fn rule_2_words_are_runs_of_pieces_between_white_space() {
    check_values(&[
        ("foo'bar'\"baz\"", "foobarbaz"),
        ("'a b'c", "a bc"),
        ("\u{b}\u{c} v", "v"),
        ("v\r", "v"),
        ("v\u{b}", "v"),
        ("ä€", "ä€"),
    ]);
    check(&[("config t s\r\n\toption o 'v'\r\n\r\n", "t s@1{o@2=v}")]);
}

#[test]
fn rule_3_outside_of_quotes_a_backslash_escapes_and_a_hash_begins_a_comment() {
    check_values(&[
        ("a\\ b", "a b"),
        ("a\\'b", "a'b"),
        ("\\#a", "#a"),
        ("a\\;b", "a;b"),
        ("a\\\\b", "a\\b"),
        ("a\\nb", "anb"),
        ("a\\\nb", "ab"),
        ("a\\\r\nb", "ab"),
        ("a\\", "a"),
        ("foo#bar", "foo"),
        ("foo'#'bar # x", "foo#bar"),
        ("'foo'#bar", "foo"),
        ("foo # it's a comment", "foo"),
        ("foo #\\\n", "foo"),
    ]);
}

#[test]
fn rule_4_in_double_quotes_a_backslash_escapes_and_in_single_ones_nothing_does() {
    check_values(&[
        (r#""a\"b\\c\nd""#, "a\"b\\cnd"),
        ("\"a\\\nb\"", "ab"),
        ("\"a\\\r\nb\"", "ab"),
        ("\"a\nb\"", "a\nb"),
        ("\"a#b;c'd\"", "a#b;c'd"),
        (r"'a\b'", r"a\b"),
        (r"'a\'", r"a\"),
        ("'a\nb'", "a\nb"),
        ("'a\"#;b'", "a\"#;b"),
    ]);
    // Lines inside of quotes are counted, and a command has the line on which it begins.
    check(&[("config t s\noption a 'x\ny\n'\noption b z", "t s@1{a@2=x\ny\n b@5=z}")]);
}

#[test]
fn rule_5_an_unterminated_quote_a_nul_and_a_bare_semicolon_are_errors() {
    check_starts(&[
        ("config t s\n option o 'v\n option p v\n", "error 2:11 this quote is never closed; write another '"),
        ("config t s\noption o a\"v", "error 2:11 this quote is never closed; write another \""),
        ("config t s\noption o \"v\\\"", "error 2:10 this quote is never closed"),
        ("config t s\noption o 'a\0b'", "error 2:12 a NUL byte"),
        // To libuci these three are no errors: what stands behind the NUL is lost.
        ("config t s\noption o a\0b", "error 2:11 a NUL byte"),
        ("config t s # \0", "error 1:14 a NUL byte"),
        ("\0", "error 1:1 a NUL byte"),
        // To libuci these two are two commands on one line, or lose the second.
        ("config t s; option o v", "error 1:11 a ';' outside of quotes"),
        ("config t s\noption o v ;", "error 2:12 a ';' outside of quotes"),
    ]);
}

#[test]
fn rule_6_a_section_has_a_type_and_a_name_and_can_be_opened_again() {
    check(&[
        ("config a-b.c! N_1", "a-b.c! N_1@1{}"),
        ("config t a\noption x 1\nconfig t b\nconfig t a\noption y 2", "t a@1{x@2=1 y@5=2} t b@3{}"),
    ]);
    check_starts(&[
        ("config 't x' s", "error 1:8 a section's type"),
        ("config tä s", "error 1:8 a section's type"),
        ("config t my-office", "error 1:10 a section's name has only letters, digits and '_'; no dash"),
        ("config t a.b", "error 1:10 a section's name"),
        ("config t s\nconfig u s", "error 2:10 the section of line 1 has this name and another type"),
        ("config t s x", "error 1:12 too many words"),
    ]);
}

#[test]
fn rule_7_an_anonymous_section_has_a_name_of_its_number_and_type() {
    check(&[
        ("config goip", "goip (cfg0170b4)@1{}"),
        ("config goip ''", "goip (cfg0170b4)@1{}"),
        ("config goip 'a'\nconfig goip\nconfig goip", "goip a@1{} goip (cfg0270b4)@2{} goip (cfg0370b4)@3{}"),
        ("config goip a\nconfig goip a\nconfig goip", "goip a@1{} goip (cfg0270b4)@3{}"),
    ]);
}

#[test]
fn rule_8_of_an_option_the_last_value_wins_and_an_empty_one_is_none() {
    let with = |rest: &str| read(format!("config t s\n{rest}").as_bytes());
    for (rest, expected) in [
        ("option o a\noption o b", "t s@1{o@3<2=b}"),
        ("option o a\noption p x\noption o b", "t s@1{o@4<2=b p@3=x}"),
        ("option o ''", "t s@1{}"),
        ("option o", "t s@1{}"),
        ("option o #v", "t s@1{}"),
        ("option o a\noption o ''", "t s@1{o@2=a}"),
        ("list o a\noption o b", "t s@1{o@3<2=b}"),
        (
            "option a-b v",
            "error 2:8 an option's name has only letters, digits and '_'; no dash, dot or blank",
        ),
    ] {
        assert_eq!(with(rest), expected, "{rest:?}");
    }
    check_starts(&[
        ("option o v", "error 1:1 an option before the first section"),
        ("package p\n list o v", "error 2:2 an option before the first section"),
    ]);
}

#[test]
fn rule_9_a_list_collects_and_keeps_what_an_option_had_set() {
    let with = |rest: &str| read(format!("config t s\n{rest}").as_bytes());
    for (rest, expected) in [
        ("list o a\nlist o b", "t s@1{o@3=[a@2|b@3]}"),
        ("list o a\nlist o\nlist o ''", "t s@1{o@4=[a@2|@3|@4]}"),
        ("option o a\nlist o b", "t s@1{o@3=[a@2|b@3]}"),
        ("list o a b", "error 2:10 too many words; put a value with blanks in quotes"),
        ("option o a b", "error 2:12 too many words; put a value with blanks in quotes"),
        // libuci passes over one empty word too many.
        ("option o a ''", "error 2:12 too many words; put a value with blanks in quotes"),
    ] {
        assert_eq!(with(rest), expected, "{rest:?}");
    }
}

#[test]
fn rule_10_the_first_error_refuses_the_file_and_says_where() {
    check_starts(&[("config t s\n\toption a-b 'x'\nnonsense\n", "error 2:9 an option's name")]);
}

#[test]
fn bytes_that_are_not_utf_8_are_refused_in_words_and_passed_over_in_comments() {
    assert_eq!(
        read(b"config t s\noption o 'B\xfcro'"),
        "error 2:10 a word is not UTF-8; save the file as UTF-8"
    );
    assert_eq!(read(b"config t s # B\xfcro"), "t s@1{}");
}

#[test]
fn a_file_beyond_the_limits_is_refused() {
    let of = |n: usize, line: &str| line.repeat(n);
    assert!(read(of(MAX_SECTIONS, "c t\n").as_bytes()).starts_with("t (cfg01"));
    assert_eq!(
        read(of(MAX_SECTIONS + 1, "c t\n").as_bytes()),
        "error 129:1 more than 128 sections; remove some"
    );
    let list = format!("c t\n{}", of(MAX_VALUES, "l a\n"));
    assert!(read(list.as_bytes()).starts_with("t (cfg01"));
    assert_eq!(read(format!("{list}l a").as_bytes()), "error 1026:1 more than 1024 options; remove some");
    assert_eq!(read(&[b'\n'; MAX_FILE_BYTES]), "");
    assert_eq!(
        read(&[b'\n'; MAX_FILE_BYTES + 1]),
        "error 1:1 the file is longer than 65536 bytes; shorten it"
    );
}

#[test]
fn no_error_repeats_a_value() {
    for text in [
        "config t s\noption password hush hush2",
        "config t s\noption password 'hush",
        "config t s\noption password hush;hush2",
        "config t s\noption password 'a'\nhush\n",
        "config t s\noption 'hush-hush' x",
    ] {
        let read = read(text.as_bytes());
        assert!(read.starts_with("error") && !read.contains("hush"), "{text:?}: {read}");
    }
}
