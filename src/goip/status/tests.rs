use super::*;

fn shown(id: &str, status: JobStatus, error: &str) -> Option<LineStatus> {
    Some(LineStatus { id: JobId::parse(id).unwrap(), status, error: Words::new(error) })
}

fn page(inner: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<send-sms-status>{inner}</send-sms-status>\n")
}

#[track_caller]
fn assert_lines(page: &str, lines: &[Option<LineStatus>]) {
    assert_eq!(parse_status(page.as_bytes()).as_ref().map(|p| &p.lines[..]), Ok(lines), "{page}");
}

#[track_caller]
fn assert_refused(page: impl AsRef<[u8]>, why: &str) {
    assert_eq!(parse_status(page.as_ref()), Err(not_understood(why)));
}

#[test]
fn every_line_of_the_boxs_own_page_is_read() {
    assert_lines(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<send-sms-status>\n\
         \t<id1>6a52acc8</id1>\n\t<status1>DONE</status1>\n\t<error1></error1>\n\
         \t<id2></id2>\n\t<status2></status2>\n\t<error2/>\n\
         \t<id3>0000006D</id3>\n\t<status3>STARTED</status3>\n\t<error3>38</error3>\n\
         \t<id4/>\n\t<status4>DONE</status4>\n\t<error4>GSM_LOGOUT</error4>\n\
         </send-sms-status>\n",
        &[
            shown("6a52acc8", JobStatus::Done, ""),
            shown("", JobStatus::Empty, ""),
            shown("0000006d", JobStatus::Started, "38"),
            shown("", JobStatus::Done, "GSM_LOGOUT"),
        ],
    );
}

#[test]
fn the_forms_that_firmware_differs_in_mean_the_same() {
    let done = [shown("6a52acc8", JobStatus::Done, "2172")];
    for inner in [
        "<smskey1>6a52acc8</smskey1><status1>DONE</status1><error1>2172</error1>",
        "<smskey>6a52acc8</smskey><status>DONE</status><error>2172</error>",
        "<id>6a52acc8</id><status>DONE</status><error>2172</error>",
        "<ID1>6A52ACC8</ID1><Status1> done\n</Status1><ERROR1>\t2172 </ERROR1>",
        "<error1>2172</error1><status1>DONE</status1><id1>6a52acc8</id1>",
        "<x y='>'>a &nbsp; b</x><id1 a=\"/>\">6a52acc8</id1><status1>DONE</status1><error1>2172</error1>",
        "<id1><![CDATA[6a52acc8]]></id1><!-- <id2> --><status1>DONE</status1><error1>2172</error1>",
        "<id0>1</id0><id65>2</id65><id999999999999>3</id999999999999><status999/>\
         <id1>6a52acc8</id1><status1>DONE</status1><error1>2172</error1>",
        "<id1>6a52acc8</id1><status1>DONE</status1><error1>2172</error1><error1>2172</error1>",
    ] {
        assert_lines(&page(inner), &done);
    }
}

#[test]
fn what_an_xml_library_is_strict_about_is_taken_as_well() {
    let inner = "<id1>6a52acc8</id1><status1>DO\u{1}NE</status1><error1>a & b &lt; c < 3</error1>";
    let done = [shown("6a52acc8", JobStatus::Done, "a & b < c < 3")];
    let root = format!("<send-sms-status>{inner}</send-sms-status>");
    for prolog in [
        "",
        "\r\n\n ",
        "<?xml version=\"1.0\" encoding=\"gb2312\"?>",
        "\n\n<?xml version='1.0' encoding='GB2312'?>\r\n",
        "\u{feff}<?xml version=\"1.0\"?>",
        "<?xml version=\"1.0\"?><!-- GoIP -->",
    ] {
        assert_lines(&format!("{prolog}{root}"), &done);
    }
}

#[test]
fn a_page_in_another_encoding_is_read_but_for_its_foreign_letters() {
    let bytes = b"<s><id1>17</id1><status1>DONE</status1><error1>\xb4\xed 500</error1></s>";
    let page = parse_status(bytes).unwrap();
    assert!(page.line(1).unwrap().error.as_str().ends_with("500"));
}

#[test]
fn a_status_that_is_not_known_is_other() {
    assert_lines(
        &page("<id1>17</id1><status1>ERRORDONE send</status1><error1/>"),
        &[shown("17", JobStatus::Other, "")],
    );
}

#[test]
fn a_line_of_which_not_all_is_readable_is_not_shown() {
    let second = "<id2>17</id2><status2>DONE</status2><error2/>";
    for first in [
        "",
        "<id1>17</id1>",
        "<id1>17</id1><status1>DONE</status1>",
        "<status1>DONE</status1><error1/>",
        "<id1>17</id1><error1/>",
        "<id1>0123456789abcdef</id1><status1>DONE</status1><error1/>",
        "<id1>a b</id1><status1>DONE</status1><error1/>",
        "<id1><b>17</b></id1><status1>DONE</status1><error1/>",
        "<id1>17</id1><status1>DONE</status1><error1><b>38</b></error1>",
        "<id1>17</id1><id1>18</id1><status1>DONE</status1><error1/>",
        "<id>17</id><smskey1>18</smskey1><status1>DONE</status1><error1/>",
        "<id1>a b</id1><id1>17</id1><status1>DONE</status1><error1/>",
    ] {
        assert_lines(&page(&format!("{first}{second}")), &[None, shown("17", JobStatus::Done, "")]);
    }
}

#[test]
fn sixty_four_lines_are_read_and_no_more() {
    let all: String =
        (1..=70).map(|n| format!("<id{n}>{n}</id{n}><status{n}>DONE</status{n}><error{n}/>")).collect();
    let page = parse_status(page(&all).as_bytes()).unwrap();
    assert_eq!(page.lines.len(), MAX_LINES);
    assert_eq!(page.line(64).unwrap().id.as_str(), "64");
    assert_eq!(page.line(65), None);
}

#[test]
fn a_page_cut_anywhere_is_refused() {
    let whole = page(
        "<id1>6a52acc8</id1><status1>DONE</status1><error1/>\
         <id2>6a52acc9</id2><status2>DONE</status2><error2>38</error2>",
    );
    for len in 0..whole.trim_end().len() {
        assert!(parse_status(&whole.as_bytes()[..len]).is_err(), "cut at {len}");
    }
    assert!(parse_status(whole.as_bytes()).is_ok());
}

#[test]
fn another_page_is_refused() {
    assert_refused("", "no XML page");
    assert_refused("Sending,L1", "no XML page");
    assert_refused("<!-- nothing -->", "no XML page");
    assert_refused("<id1>1</id1> OK", "no XML page");
    assert_refused("<a><id1>1</a></id1>", "broken XML");
    assert_refused("<html><body><p>Login</p></body></html>", "no status page");
    assert_refused("<!DOCTYPE html><html></html>", "page with a DOCTYPE");
    assert_refused("<status><l1_gsm_sim>Y</l1_gsm_sim></status>", "no status page");
    assert_refused(page("<status1>DONE</status1><error1/>"), "no status page");
    assert_refused("<a><id1>1</id1></a><a><id1>1</id1></a>", "no XML page");
    assert_refused(b"\xff\xfe\x00<", "no XML page");
}

#[test]
fn a_page_that_would_cost_too_much_is_refused_before_it_is_read() {
    assert_refused(" ".repeat(PAGE_MAX_BYTES + 1), "page over 64 KiB");
    assert_refused("<a>".repeat(20_000), "page too deep");
    // Neither quotes, comments nor closing tags of another kind hide the depth.
    for hidden in ["<a b='/'>", "<a b=\"/>\">", "<a><!-- </a> -->", "<a><![CDATA[</a>]]>", "<a><?x </a>?>"] {
        assert_refused(hidden.repeat(1000), "page too deep");
    }
    let deep = |n: usize| page(&format!("{}{}<id1/>", "<a>".repeat(n), "</a>".repeat(n)));
    assert!(parse_status(deep(MAX_DEPTH - 1).as_bytes()).is_ok());
    assert_refused(deep(MAX_DEPTH), "page too deep");
}

/// What a strict XML library makes of a page: the same fields, taken by the same rules.
fn by_the_judge(page: &str) -> Option<Result<StatusPage, &'static str>> {
    let root = xmltree::Element::parse(page.as_bytes()).ok()?;
    let mut lines = Lines::default();
    for element in root.children.iter().filter_map(xmltree::XMLNode::as_element) {
        let flat = element.children.iter().all(|node| node.as_element().is_none());
        lines.take(
            &element.name,
            flat.then(|| element.get_text().unwrap_or_default().trim().to_owned()).as_deref(),
        );
    }
    Some(lines.page())
}

#[test]
fn every_page_that_a_strict_library_takes_is_read_the_same() {
    const PIECES: [&str; 24] = [
        "<id1>",
        "</id1>",
        "<id1/>",
        "<status1>",
        "</status1>",
        "<error1>",
        "</error1>",
        "<error1/>",
        "<x>",
        "</x>",
        "<id1 a='>'>",
        "<!-- <id1> -->",
        "<![CDATA[a&b]]>",
        "17",
        "DONE",
        "STARTED",
        "a b",
        "&amp;",
        "&lt;",
        "&#65;",
        " ",
        "\n",
        "<?x y?>",
        "<status1 >",
    ];
    let (mut taken, mut read) = (0, 0);
    for seed in 1..=20_000_u64 {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut pick = |below: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random % below as u64).unwrap()
        };
        let mut inner = String::from("<id1>17</id1><status1>DONE</status1><error1>38</error1>");
        for _ in 0..=pick(4) {
            let tags: Vec<usize> = (0..=inner.len()).filter(|&at| inner.is_char_boundary(at)).collect();
            let at = tags[pick(tags.len())];
            inner.insert_str(at, PIECES[pick(PIECES.len())]);
        }
        let page = page(&inner);
        if let Some(expected) = by_the_judge(&page) {
            taken += 1;
            read += usize::from(expected.as_ref().is_ok_and(|page| page.line(1).is_some()));
            assert_eq!(
                parse_status(page.as_bytes()),
                expected.map_err(not_understood),
                "seed {seed}: {page}"
            );
        }
    }
    assert!(taken > 1000 && read > 100, "{taken} pages were taken, of which {read} show a line");
}

#[test]
fn a_long_error_is_kept_whole_beside_its_beginning() {
    let answer = "Your balance is 5.00 EUR & more. Dial *101# for the rest.";
    let page = parse_status(
        format!("<s><smskey1>0a</smskey1><status1>DONE</status1><error1>{answer}</error1><smskey2/><status2/><error2/></s>")
            .as_bytes(),
    )
    .unwrap();
    assert_eq!(page.error(1), answer);
    assert!(answer.starts_with(page.line(1).unwrap().error.as_str()));
    assert_eq!((page.error(2), page.error(3)), ("", ""));
    let endless =
        format!("<s><id1>0a</id1><status1>DONE</status1><error1>{}</error1></s>", "ä ".repeat(9000));
    assert!(parse_status(endless.as_bytes()).unwrap().error(1).len() <= 1024);
}
