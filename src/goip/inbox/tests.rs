use heapless::String;

use super::*;

/// A line's messages: slot, time, sender, text.
type Rows<'a> = &'a [(u8, &'a str, &'a str, &'a str)];

fn read(page: &[u8], piece: usize) -> (Vec<InboxLine>, Result<(), AskError>) {
    let (mut reader, mut lines) = (InboxReader::default(), Vec::new());
    for piece in page.chunks(piece.max(1)) {
        reader.read(piece, &mut |line| lines.push(line)).unwrap();
    }
    (lines, reader.end())
}

/// The lines of a page that has some, read in one piece and byte by byte.
#[track_caller]
fn lines(page: impl AsRef<[u8]>) -> Vec<InboxLine> {
    let page = page.as_ref();
    let (lines, end) = read(page, page.len());
    assert_eq!(end, Ok(()), "{}", page.escape_ascii());
    assert_eq!(read(page, 1), (lines.clone(), end), "byte by byte: {}", page.escape_ascii());
    lines
}

#[track_caller]
fn assert_line(shown: &InboxLine, line: u8, rows: Rows) {
    assert_eq!(shown.line, line);
    let entries = shown.entries.iter().map(|e| (e.slot, &*e.device_time, &*e.from, &*e.text));
    assert_eq!(entries.collect::<Vec<_>>(), rows);
}

/// The only line of a page with this list.
#[track_caller]
fn assert_list(list: impl AsRef<[u8]>, rows: Rows) {
    let page =
        [b"<script>\nsms= [", list.as_ref(), b"];\nsms_row_insert(l1_sms_store, sms, pos, 1);\n"].concat();
    let shown = lines(&page);
    assert_eq!(shown.len(), 1, "{}", page.escape_ascii());
    assert_line(&shown[0], 1, rows);
}

/// The text of the only message, where the box wrote it so.
#[track_caller]
fn assert_text(written: impl AsRef<[u8]>, text: &str) {
    let list = [b"\"07-03 12:54:04,777,", written.as_ref(), b"\",\"\""].concat();
    assert_list(list, &[(0, "07-03 12:54:04", "777", text)]);
}

const PAGE: &str = "<html><head><title>SMS Inbox</title>\n<script language=\"javascript\">\nvar sms, pos;\n\
     sms= [\"07-03 12:54:04,+51987654321,prueba\",\"07-03 11:39:01,777,Hola, con comas\",\"\",\"\"];\n\
     sms_row_insert(l1_sms_store, sms, pos, 1);\n\
     sms= [\"\",\"\",\"\",\"\"];\n\
     sms_row_insert(l2_sms_store, sms, pos, 2);\n</script></html>\n";

#[track_caller]
fn assert_page(page: impl AsRef<[u8]>) {
    let shown = lines(page);
    assert_eq!(shown.len(), 2);
    assert_line(
        &shown[0],
        1,
        &[(0, "07-03 12:54:04", "+51987654321", "prueba"), (1, "07-03 11:39:01", "777", "Hola, con comas")],
    );
    assert_line(&shown[1], 2, &[]);
}

#[test]
fn the_forms_that_firmware_differs_in_mean_the_same() {
    for (what, page) in [
        ("the box's own", PAGE.to_owned()),
        ("CRLF", PAGE.replace('\n', "\r\n")),
        ("bare CR", PAGE.replace('\n', "\r")),
        ("one line", PAGE.replace('\n', " ")),
        ("pos", PAGE.replace("];", "];\npos=0;")),
        ("pos with CRLF", PAGE.replace("];", "];\r\npos=17;")),
        ("blanks", PAGE.replace("sms= [", "sms  =\t[ ").replace("\",\"", "\" ,\n \"").replace("\"]", "\" ]")),
        ("no blanks", PAGE.replace("sms= [", "sms=[").replace("(l1_sms_store, sms, pos, 1)", "(a,b,c,1)")),
        ("a declared list", PAGE.replace("sms= [", "var sms = [")),
        ("a call with blanks", PAGE.replace("sms_row_insert(", "sms_row_insert ( ").replace("1);", "1 ) ;")),
        ("a line in quotes", PAGE.replace("pos, 1)", "pos, '1')")),
        ("no semicolons", PAGE.replace(';', "")),
        ("a comma at the end", PAGE.replace("\"]", "\",]")),
        (
            "scripts of its own",
            PAGE.replace(
                "var sms, pos;",
                "function sms_row_insert(store, sms, pos, line) { if (sms == [] || sms=1) return; }\n\
                 var l1_sms=['x'], sms_=[\"y\"], xsms=[1]; it's; sms_row_insert(1); sms_row_insert();",
            ),
        ),
        (
            "scripts between",
            PAGE.replace("];\n", "];\nif (sms.length > 3) { alert('(1)'); pos= [\"1\"]; }\n"),
        ),
        ("a list without a call", PAGE.replace("var sms, pos;", "sms= [\"07-03 12:54:04,1,no\"];")),
        ("a line shown twice", format!("{PAGE}sms= [\"07-04 00:00:00,1,x\"]; sms_row_insert(a, sms, 1);")),
        ("a call that comes twice", PAGE.replace("pos, 1);", "pos, 1); sms_row_insert(a, sms, pos, 9);")),
        (
            "a line that no box has",
            format!("sms=[\"a\"]; sms_row_insert(a, 65); sms_row_insert(a, 0);{PAGE}"),
        ),
    ] {
        println!("{what}");
        assert_page(page);
    }
}

#[test]
fn a_list_without_its_call_does_not_count() {
    let first = PAGE.find("1);").unwrap() + 2;
    let second = PAGE.find("2);").unwrap() + 2;
    for len in 0..PAGE.len() {
        let (lines, end) = read(&PAGE.as_bytes()[..len], 7);
        assert_eq!(lines.len(), usize::from(len >= first) + usize::from(len >= second), "{len}");
        assert_eq!(end.is_ok(), len >= first, "{len}");
    }
}

#[test]
fn a_page_without_a_whole_block_is_an_error() {
    for page in [
        "",
        "<html>login</html>",
        "sms= [\"07-03 12:54:04,777,x\"];",
        "sms= [\"07-03 12:54:04,777,x\"]; sms_row_insert(l1_sms_store, sms, pos, 1",
        "sms= [\"07-03 12:54:04,777,x\"; sms_row_insert(l1_sms_store, sms, pos, 1);",
        "sms= [12]; sms_row_insert(l1_sms_store, sms, pos, 1);",
        "sms= [\"a\" \"b\"]; sms_row_insert(l1_sms_store, sms, pos, x);",
        "sms_row_insert(l1_sms_store, sms, pos, 1);",
    ] {
        let refused = (Vec::new(), Err(not_understood("no whole inbox block")));
        assert_eq!(read(page.as_bytes(), page.len()), refused, "{page}");
    }
}

#[test]
fn a_broken_list_takes_no_other_line_with_it() {
    let shown = lines(PAGE.replace("\"prueba\"", "").replace("sms= [\"07", "sms= [07"));
    assert_eq!(shown.iter().map(|line| line.line).collect::<Vec<_>>(), [2]);
}

#[test]
fn an_empty_list_is_an_empty_inbox() {
    assert_list("", &[]);
    assert_list("\"\",\" \",\"\"", &[]);
}

#[test]
fn an_entry_names_the_slot_in_which_it_stands() {
    let row = |slot, text| (slot, "07-03 12:54:04", "777", text);
    assert_list("\"\",\"07-03 12:54:04,777,a\",\"\",\"07-03 12:54:04,777,b\"", &[row(1, "a"), row(3, "b")]);
}

#[test]
fn only_the_newest_slots_are_looked_at() {
    let list = vec!["\"07-03 12:54:04,777,x\""; MAX_SLOTS + 9].join(",");
    let rows: Vec<_> = (0..MAX_SLOTS as u8).map(|slot| (slot, "07-03 12:54:04", "777", "x")).collect();
    assert_list(&list, &rows);
    let far = format!("{},{list}", vec!["\"\""; 300].join(","));
    assert_list(far, &[]);
}

#[test]
fn a_slot_is_split_at_its_first_two_commas() {
    for (slot, time, from, text) in [
        ("07-03 12:54:04,MIR-1228,a,b,,c", "07-03 12:54:04", "MIR-1228", "a,b,,c"),
        ("07-03 12:54:04,+49171,", "07-03 12:54:04", "+49171", ""),
        ("07-03 12:54:04,,x", "07-03 12:54:04", "", "x"),
        (" 07-03 12:54:04 , 777 , x ", "07-03 12:54:04", "777", " x "),
        ("2026-07-03T12:54:04,777,x", "2026-07-03T12:54:04", "777", "x"),
        ("no commas at all", "", "", "no commas at all"),
        ("07-03 12:54:04,777", "", "", "07-03 12:54:04,777"),
        ("hello, dear, friend", "", "", "hello, dear, friend"),
        ("07-03 12:54:04 and so on for long,1,x", "", "", "07-03 12:54:04 and so on for long,1,x"),
        (
            "07-03 12:54:04,a name longer than any network has,x",
            "07-03 12:54:04",
            "a name longer than any network h",
            "x",
        ),
    ] {
        assert_list(format!("\"{slot}\""), &[(0, time, from, text)]);
    }
}

#[test]
fn escapes_are_those_of_json_and_broken_ones_stand() {
    for (written, text) in [
        (r#"say \"hi\""#, "say \"hi\""),
        (r"a\\b\/c\'d", "a\\b/c'd"),
        (r"\b\f\n\r\t", "\u{8}\u{c}\n\r\t"),
        (r"\u00e4\u20AC\u0000", "ä€\0"),
        (r"\ud83d\ude00!", "😀!"),
        (r"\ud83d", "\u{fffd}"),
        (r"\ud83dx\ude00", "\u{fffd}x\u{fffd}"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
        (r"\ud83d\n", "\u{fffd}\n"),
        (r"\u12", r"\u12"),
        (r"\u12g4", r"\u12g4"),
        (r"\uu0041", r"\uu0041"),
        (r"C:\dir \x41", r"C:\dir \x41"),
        (r"\u12\u0041", "\\u12A"),
        ("\\\u{e4}", "\\\u{e4}"),
    ] {
        assert_text(written, text);
    }
}

#[test]
fn a_quote_that_was_not_escaped_is_one_of_the_text() {
    for text in ["say \"hi\" now", "a\",b", "a\" , b", "\"a", "a\"", "\"\"", "a\"\"b", "a \" ;"] {
        assert_text(text, text);
    }
    // What a firmware cannot have meant as the text's end, unless it pads its lists.
    let padded = format!("\"07-03 12:54:04,777,a\"{}, \"\"", " ".repeat(100));
    assert_list(padded, &[(0, "07-03 12:54:04", "777", "a")]);
}

#[test]
fn what_is_no_utf8_is_replaced() {
    assert_text(b"M\xfcller \xc3\xa4 \xe2\x82", "M\u{fffd}ller ä \u{fffd}");
    assert_text(b"\xff\xfe\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}");
}

#[test]
fn entities_are_read_where_the_text_shows_that_the_box_writes_them() {
    for (written, text) in [
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("&quot;x&quot; &#39;y&apos; &#x20ac;&#228;", "\"x\" 'y' €ä"),
        ("&amp;lt;", "&lt;"),
        ("&lt;/script&gt;", "</script>"),
        ("a < b &amp; c", "a < b &amp; c"),
        ("you & me &amp; them", "you & me &amp; them"),
        ("R&B; &lt;", "R&B; &lt;"),
        ("&#xd800; &lt;", "&#xd800; &lt;"),
        ("&#99999999999;", "&#99999999999;"),
        ("&", "&"),
        ("&;", "&;"),
        ("&lt", "&lt"),
    ] {
        assert_text(written, text);
    }
}

/// As the box writes a text.
fn escaped(text: &str) -> String<8192, u16> {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' | '\\' => out.push('\\').and_then(|()| out.push(c)),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
        .unwrap();
    }
    out
}

#[test]
fn no_text_leads_out_of_its_slot() {
    let long = "€".repeat(1000);
    for text in [
        "\"];",
        "\"]; sms_row_insert(l1_sms_store, sms, pos, 1);",
        "\",\"07-03 11:39:01,777,forged",
        "]];;\"\",\"\"",
        "\"]; sms= [\"07-03 11:39:01,777,forged\"]; sms_row_insert(l2_sms_store, sms, pos, 2);",
        "</script><script>alert(1)</script>",
        "--> <!-- ' ` $(reboot) ; rm -rf / | & %00 ../",
        "a\nb\r\nc",
        "\0NUL\0",
        "\u{202e}\u{200f}\u{feff}\u{2028}",
        "\\\\\"\\",
        "\\",
        ",,,",
        "\u{1b}[2J",
        &long,
    ] {
        assert_text(&*escaped(text), text);
        let other = "\"07-03 11:39:01,1,x\"";
        let list = format!("\"07-03 12:54:04,777,{}\",{other}", escaped(text));
        let (time, from) = ("07-03 12:54:04", "777");
        assert_list(list, &[(0, time, from, text), (1, "07-03 11:39:01", "1", "x")]);
    }
}

#[test]
fn a_text_longer_than_any_is_cut_between_two_characters() {
    assert_text("ä".repeat(1501), &"ä".repeat(1500));
    assert_text("a".repeat(100_000), &"a".repeat(3000));
    assert_text(format!("a{}", "€".repeat(1000)), &format!("a{}", "€".repeat(999)));
}

#[test]
fn a_page_without_end_is_refused_and_its_whole_lines_stay() {
    let (mut reader, mut count) = (InboxReader::default(), 0);
    reader.read(PAGE.as_bytes(), &mut |_| count += 1).unwrap();
    let filler = [b'x'; 4096];
    let mut pieces = 0;
    let refusal = loop {
        match reader.read(&filler, &mut |_| count += 1) {
            Ok(()) => pieces += 1,
            Err(refusal) => break refusal,
        }
    };
    assert_eq!((refusal, pieces, count), (not_understood("inbox page over 1 MiB"), 255, 2));
    assert_eq!(reader.end(), Ok(()));
}

#[test]
fn a_list_without_end_takes_no_memory_without_end() {
    let mut reader = InboxReader::default();
    reader.read(b"sms= [\"", &mut |_| {}).unwrap();
    for _ in 0..200 {
        reader.read(&[b'"', b' ', b'x', b'\\'].repeat(1024), &mut |_| {}).unwrap();
    }
    assert!(reader.slot.capacity() <= 2 * SLOT_MAX_BYTES, "{}", reader.slot.capacity());
    let mut reader = InboxReader::default();
    reader.read(b"sms= [", &mut |_| {}).unwrap();
    for _ in 0..100 {
        reader.read(&b"\"x\",".repeat(1024), &mut |_| {}).unwrap();
    }
    assert_eq!(reader.entries.len(), MAX_SLOTS);
}

#[test]
fn the_simulated_boxs_pages_are_read_in_all_their_forms() {
    use goip_sim::{Command, InboxForm, Model, Options, Step};
    let text = "<\"1\"> & ]; 2\\ \n, end";
    for form in 0..16 {
        let is = |bit: u32| form & bit != 0;
        let form = InboxForm { crlf: is(1), pos: is(2), entities: is(4), scripts: is(8) };
        let mut model = Model::new(Options { lines: 3, ..Options::default() });
        let broken = br"07-03 12:54:04,1,\u12".to_vec();
        for command in [
            Command::Form(form),
            Command::Sms { line: 2, number: "777".into(), text: text.into() },
            Command::Sms { line: 2, number: "+49171".into(), text: b"M\xfcller".to_vec() },
            Command::Slot { line: 2, bytes: broken },
        ] {
            model.command(0, command).unwrap();
        }
        let request = b"GET /default/en_US/tools.html?type=sms_inbox HTTP/1.0\r\n\
                        Authorization: Basic YWRtaW46YWRtaW4=\r\n\r\n";
        let [Step::Write(answer)] = &model.request(0, request)[..] else { panic!("no answer") };
        let shown = lines(answer);
        assert_eq!(shown.iter().map(|line| line.line).collect::<Vec<_>>(), [1, 2, 3], "{form:?}");
        assert_line(
            &shown[1],
            2,
            &[
                (0, "07-03 12:54:04", "1", r"\u12"),
                (1, "11-22 07:00:00", "+49171", "M\u{fffd}ller"),
                (2, "11-22 07:00:00", "777", text),
            ],
        );
    }
}
