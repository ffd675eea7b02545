use super::*;

fn one(page: &str) -> LineFacts {
    parse_lines(page.as_bytes()).unwrap().lines.first().cloned().unwrap_or_default()
}

/// As it was seen on a box.
const SEEN: &str = "\r\n<?xml version=\"1.0\" encoding=\"gb2312\"?>
<status>
<l1_module_status><a href=\"?type=list&down=1&line=1\">Y</a></l1_module_status>
<l1_gsm_sim>Y</l1_gsm_sim>
<l1_gsm_status>&lt;font color=\"#FF0000\">N&lt;/font></l1_gsm_status>
<l1_gsm_signal>31</l1_gsm_signal>
<l1_gsm_cur_oper>Plus</l1_gsm_cur_oper>
<l1_line_state>IDLE</l1_line_state>
<l1_status_line>&lt;font color=\"#FF0000\"&gt;N&lt;/font&gt;</l1_status_line>
<l1_sms_login/>
<l1_sim_remain>NO LIMIT</l1_sim_remain>
<l3_module_status><a href=\"?type=list&down=0&line=3\"><font color=\"#FF0000\">N</font></a></l3_module_status>
<l3_gsm_signal>99</l3_gsm_signal>
</status>
";

#[test]
fn a_page_as_a_box_writes_it_is_read() {
    let page = parse_lines(SEEN.as_bytes()).unwrap();
    let [first, second, third] = &page.lines[..] else { panic!("{page:?}") };
    assert_eq!((first.module, first.sim, first.registered), (Some(true), Some(true), Some(false)));
    assert_eq!((first.signal, first.dbm(), first.voip), (Some(31), Some(-51), Some(false)));
    assert_eq!((first.operator.as_str(), first.call.as_str()), ("Plus", "IDLE"));
    assert_eq!(*second, LineFacts::default());
    assert_eq!((third.module, third.signal), (Some(false), None));
}

#[test]
fn each_value_is_taken_as_far_as_it_can_be_read() {
    for (value, registered) in [
        ("Y", Some(true)),
        (" n\n", Some(false)),
        ("LOGIN", Some(true)),
        ("logout", Some(false)),
        ("<b>Y</b>", Some(true)),
        ("&lt;b&gt;Y", Some(true)),
        ("<![CDATA[Y]]>", Some(true)),
        ("", None),
        ("?", None),
        ("YES", None),
    ] {
        let page = format!("<l1_gsm_status>{value}</l1_gsm_status>");
        assert_eq!(one(&page).registered, registered, "{value}");
    }
    for (value, signal) in
        [("0", Some(0)), ("31", Some(31)), ("32", None), ("99", None), ("-5", None), ("", None), ("x", None)]
    {
        assert_eq!(one(&format!("<l1_gsm_signal>{value}</l1_gsm_signal>")).signal, signal, "{value}");
    }
    for (value, operator) in [
        ("T-Mobile D", "T-Mobile D"),
        ("AT&T & Co", "AT&T & Co"),
        ("&lt;font color=red&gt;O2&lt;/font&gt;", "O2"),
        ("12345678901234567890", "1234567890123456"),
        ("\u{1}a\u{7f}", "a"),
    ] {
        assert_eq!(one(&format!("<l1_gsm_cur_oper>{value}</l1_gsm_cur_oper>")).operator.as_str(), operator);
    }
    assert_eq!(one("<l1_line_state>DIALING:0151123</l1_line_state>").call.as_str(), "DIALING");
    let gb =
        parse_lines(b"<l1_gsm_cur_oper>\xd6\xd0\xb9\xfa</l1_gsm_cur_oper><l1_gsm_signal>9</l1_gsm_signal>");
    assert_eq!(gb.unwrap().lines[0].signal, Some(9));
}

#[test]
fn what_tells_a_card_from_all_others_is_masked() {
    let page = parse_lines(
        b"<status><sn>GOIP8C12345678</sn><version>GHSFVT-1.1-67</version><model>GoIP-8</model>\
          <l2_gsm_number>+4915112345678</l2_gsm_number><l2_gsm_imei>356789012345678</l2_gsm_imei>\
          <l2_sim_imsi>262011234567890</l2_sim_imsi><l2_sim_iccid>89490200001234567890</l2_sim_iccid>\
          <l1_gsm_imei></l1_gsm_imei></status>",
    )
    .unwrap();
    let device = page.device.unwrap();
    assert_eq!((device.model.as_str(), device.firmware.as_str()), ("GoIP-8", "GHSFVT-1.1-67"));
    assert_eq!(device.serial.as_str(), "**********5678");
    assert_eq!(page.lines[0].identity, None);
    let identity = page.lines[1].identity.as_ref().unwrap();
    assert_eq!(identity.number.as_str(), "+4915112345678");
    assert_eq!(identity.imei.as_str(), "***********5678");
    assert_eq!(identity.imsi.as_str(), "***********7890");
    assert_eq!(identity.iccid.as_str(), "****************7890");
}

#[test]
fn old_boxes_with_one_line_have_their_fields_without_a_number() {
    for page in
        ["<gsm_signal>7</gsm_signal>", "<l1_gsm_signal>7</l1_gsm_signal>", "<L1_GSM_SIGNAL>7</L1_GSM_SIGNAL>"]
    {
        assert_eq!(one(page).signal, Some(7), "{page}");
    }
}

#[test]
fn one_field_that_is_broken_costs_no_other() {
    for broken in [
        "<l1_gsm_sim>Y",
        "<l1_gsm_sim>Y</l1_gsm_sin>",
        "<l1_gsm_sim>Y</font></b>",
        "</x><l1_gsm_sim>&&&;</l1_gsm_sim>",
        "<l0_gsm_sim>N</l0_gsm_sim><l65_gsm_sim>N</l65_gsm_sim><l99999999999_gsm_sim>N</l99999999999_gsm_sim>",
        "<l1_gsm_sim/><!-- -->",
    ] {
        let page = format!("<status>{broken}<l1_gsm_signal>7</l1_gsm_signal><l2_gsm_sim>N</l2_gsm_sim>");
        let page = parse_lines(page.as_bytes()).unwrap();
        assert_eq!((page.lines[0].signal, page.lines[1].sim), (Some(7), Some(false)), "{broken}");
    }
    // What comes before a page's cut is as good as ever.
    assert_eq!(one("<l1_gsm_signal>7</l1_gsm_signal><l1_gsm_sim").signal, Some(7));
}

#[test]
fn a_page_without_one_field_is_no_page_of_lines() {
    for page in ["", "<html><body>Login</body></html>", "<!DOCTYPE html><l1_gsm_sim>Y</l1_gsm_sim>", "404"] {
        assert!(parse_lines(page.as_bytes()).is_err(), "{page}");
    }
}

#[test]
fn whatever_comes_is_read_within_its_bounds() {
    let mut random = 1_u32;
    let mut below = |n: usize| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as usize % n
    };
    for _ in 0..2000 {
        let mut page = SEEN.as_bytes().to_vec();
        for _ in 0..1 + below(8) {
            let at = below(page.len());
            match below(3) {
                0 => drop(page.drain(at..(at + below(40)).min(page.len()))),
                1 => page.insert(at, b"<>&;\"/\xff1"[below(8)]),
                _ => {
                    let piece = page[at..(at + below(60)).min(page.len())].to_vec();
                    page.splice(at..at, piece);
                }
            }
            page.push(b' ');
        }
        if let Ok(told) = parse_lines(&page) {
            assert!(told.lines.len() <= MAX_LINES);
            for facts in told.lines {
                assert!(facts.signal.is_none_or(|signal| signal <= 31));
                assert!(facts.operator.as_str().chars().count() <= NAME_CHARS);
                assert!(!facts.operator.as_str().contains(['<', '\n']));
            }
        }
    }
}
