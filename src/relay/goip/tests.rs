use super::*;
use crate::goip::LineFacts;
use crate::goip::{End, JobStatus, SendAnswer, parse_answer, parse_status};
use crate::goip::{InboxLine, InboxReader};
use crate::message::{LineId, LineName, Words};

type Pairs = &'static [(&'static str, &'static str)];

/// The fields by name.
fn fields(pairs: Pairs) -> impl Fn(&str) -> Option<&'static str> + Copy {
    move |name| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
}

fn job(id: MessageId, state: State, problem: Option<(ProblemCode, &'static str)>) -> Option<Job<'static>> {
    Some(Job { id, tag: None, state, problem })
}

#[test]
fn pages_are_found_by_path_and_type_and_no_other_page_is() {
    for (path, kind, page) in [
        ("send.html", None, Some(Page::Send)),
        ("send.html", Some("x"), Some(Page::Send)),
        ("send_status.xml", None, Some(Page::SendStatus)),
        ("send_sms_status.xml", None, Some(Page::SmsStatus)),
        ("tools.html", Some("sms"), Some(Page::SmsForm)),
        ("tools.html", Some("sms_inbox"), Some(Page::Inbox)),
        ("sms_info.html", Some("sms"), Some(Page::SmsInfo)),
        ("status.xml", Some("list"), Some(Page::LineList)),
        ("tools.html", None, None),
        ("tools.html", Some("reboot"), None),
        ("status.html", Some("list"), None),
        ("config.html", None, None),
        ("reboot.html", None, None),
        ("../reboot.html", None, None),
    ] {
        assert_eq!(Page::find(&format!("{}{path}", Page::FOLDER), kind), page, "{path} {kind:?}");
    }
    assert_eq!(Page::find("/send.html", None), None);
}

#[test]
fn a_line_is_a_number_and_0_is_any() {
    assert_eq!(line_number(None), Ok(None));
    assert_eq!(line_number(Some("")), Ok(None));
    assert_eq!(line_number(Some("0")), Ok(None));
    assert_eq!(line_number(Some("8")), Ok(Some(8)));
    for bad in ["-1", "L1", "1 ", "99999"] {
        assert_eq!(line_number(Some(bad)).unwrap_err().code, ErrorCode::UnknownLine, "{bad}");
    }
}

#[test]
fn answers_are_what_our_own_client_of_the_box_understands() {
    let answer =
        |body: String| parse_answer(format!("HTTP/1.0 200 OK\n\n{body}").as_bytes(), End::Closed, None);
    assert!(matches!(
        answer(sending(1, "51987654321", 0x6d)),
        Some(SendAnswer::Sending { id, .. }) if id.as_str() == "0000006d"
    ));
    assert_eq!(sending(2, "12", 1), "\nSending,L2 Send SMS to:12; ID:00000001\n");
    assert_eq!(answer(refused(1, ErrorCode::QueueFull)), Some(SendAnswer::Busy));
    assert_eq!(refused(3, ErrorCode::InvalidNumber), "\nERROR,L3 invalid_number\n");
    assert_eq!(answer(BAD_LOGIN.to_owned()), Some(SendAnswer::BadLogin));
}

#[test]
fn a_status_page_is_what_our_own_client_of_the_box_understands() {
    let mut jobs = [const { None }; LINES];
    jobs[0] = job(1, State::Queued, Some((ProblemCode::Busy, "")));
    jobs[1] = job(2, State::Sending, None);
    jobs[2] = job(3, State::Delivered, None);
    jobs[3] = job(4, State::Failed, Some((ProblemCode::Rejected, "2172")));
    jobs[4] = job(5, State::Expired, Some((ProblemCode::TtlExpired, "")));
    jobs[5] = job(6, State::Unknown, Some((ProblemCode::Rebooted, "")));
    let key = Some("smskey=5fd36a4a");
    jobs[6] = Some(Job { id: 7, tag: key, state: State::Sent, problem: None });
    let expected = [
        ("00000001", JobStatus::Started, ""),
        ("00000002", JobStatus::Started, ""),
        ("00000003", JobStatus::Done, ""),
        ("00000004", JobStatus::Done, "2172"),
        ("00000005", JobStatus::Done, "expired"),
        ("00000006", JobStatus::Done, "unknown"),
        ("5fd36a4a", JobStatus::Done, ""),
        ("", JobStatus::Empty, ""),
    ];
    for page in [Page::SendStatus, Page::SmsStatus] {
        let text = status(page, &jobs);
        let shown = parse_status(text.as_bytes()).unwrap();
        assert_eq!(shown.lines.len(), LINES);
        for (line, (id, status, error)) in shown.lines.iter().flatten().zip(expected) {
            assert_eq!((line.id.as_str(), line.status, line.error.as_str()), (id, status, error), "{text}");
        }
        assert_eq!(text.contains("<id8></id8>"), page == Page::SendStatus);
        assert_eq!(text.contains("<smskey8></smskey8>"), page == Page::SmsStatus);
    }
}

#[test]
fn a_key_that_is_no_xml_is_escaped() {
    let mut jobs = [const { None }; LINES];
    jobs[0] = Some(Job { id: 7, tag: Some("smskey=<a & b>\u{1}"), state: State::Sent, problem: None });
    assert!(status(Page::SmsStatus, &jobs).contains("<smskey1>&lt;a &amp; b&gt;</smskey1>"));
}

#[test]
fn the_web_form_sends_once_for_each_line_that_is_ticked() {
    let lines = |pairs: Pairs| ticked(fields(pairs)).collect::<Vec<_>>();
    assert_eq!(lines(&[("line1", "1")]), [1]);
    assert_eq!(lines(&[("line", "1")]), [1]);
    assert_eq!(lines(&[("line2", "1"), ("line8", "on"), ("line3", "0"), ("line4", "")]), [2, 8]);
    assert_eq!(lines(&[("line9", "1")]), [0_u16; 0]);
    let all = fields(&[("telnum", "+49151"), ("smscontent", "a & b"), ("smskey", "5fd36a4a")]);
    let request = form_request(all, Some("office/1".into())).unwrap();
    assert_eq!((request.to.as_str(), request.text.as_str()), ("+49151", "a & b"));
    assert_eq!(
        (request.line.as_deref(), request.tag.as_deref()),
        (Some("office/1"), Some("smskey=5fd36a4a"))
    );
    assert_eq!(form_request(fields(&[("telnum", "12")]), None).unwrap().tag, None);
    let long = "1234567890123456789012345678901234567890123456789012345678";
    let refused = form_request(|name| (name == "smskey").then_some(long), None).unwrap_err();
    assert_eq!(refused.to_string(), "bad_request the field 'smskey' is longer than 57 bytes");
}

#[test]
fn the_forms_key_is_found_as_clients_look_for_it() {
    assert!(sms_form(0x5fd3_6a4a).contains("name=\"smskey\" value=\"5fd36a4a\""));
    let info = sms_info([(1, None), (2, Some(ErrorCode::QueueFull))].into_iter());
    assert!(info.contains("<td id=\"send1\">Line 1 Sending...</td>"), "{info}");
    assert!(info.contains("<td id=\"send2\">Line 2 queue_full</td>"), "{info}");
}

#[test]
fn the_inbox_has_twenty_slots_for_each_line() {
    let page = inbox(2, |_, _| {});
    assert_eq!(page.matches("\"\"").count(), 40);
    assert!(page.contains("sms_row_insert(l2_sms_store, sms, pos, 2);\n"), "{page}");
    let one = inbox(1, |_, slot| slot(&received("07-03 11:39:01", "777", "Hola, con comas")));
    assert!(one.contains("sms= [\"07-03 11:39:01,777,Hola, con comas\",\"\","), "{one}");
    assert_eq!(one.matches("\"\"").count(), 19);
}

fn received<'a>(device_time: &'a str, from: &'a str, text: &'a str) -> ReceivedBody<'a> {
    let line = LineName { device: "office".try_into().unwrap(), line: 1 };
    ReceivedBody {
        id: 1,
        unix_s: 0,
        line,
        from,
        device_time,
        text,
        old: false,
        part_of: 0,
        parts: Vec::new(),
    }
}

#[test]
fn no_received_text_leads_out_of_its_slot_and_each_comes_back_as_it_was() {
    let long = "€".repeat(1000);
    let all: String = ('\u{1}'..='\u{ff}').filter(|c| *c != '&').collect();
    for text in [
        "\"];alert(1);//",
        "</script><script>alert(1)</script>",
        "<!-- <a href='x'> -->",
        "sms_row_insert(l1_sms_store, sms, pos, 1);",
        "\"\",\"07-03 12:54:04,1,x\"",
        "a\0b\r\nc\u{2028}\u{2029}\u{202e}\u{200f}",
        "\\\"\\u0022\\",
        "$(reboot) `reboot` ; | & > \u{fffd}",
        "\u{1b}[2J",
        &long,
        &all,
    ] {
        let page = inbox(1, |_, slot| slot(&received("07-03 12:54:04", "MIR-1228", text)));
        let empty = inbox(1, |_, _| {});
        for mark in ["</", "<!"] {
            assert_eq!(page.matches(mark).count(), empty.matches(mark).count(), "{text}");
        }
        assert!(!page.contains(|c: char| c.is_control() && c != '\n'), "{text}");
        assert_eq!(page.lines().count(), empty.lines().count(), "{text}");
        let (mut reader, mut lines) = (InboxReader::default(), Vec::new());
        reader.read(page.as_bytes(), &mut |line| lines.push(line)).unwrap();
        let [InboxLine { line: 1, entries }] = &lines[..] else { panic!("{lines:?}") };
        let [entry] = &entries[..] else { panic!("{entries:?}") };
        assert_eq!((&*entry.text, entry.from.as_str()), (text, "MIR-1228"));
        assert_eq!(entry.device_time, "07-03 12:54:04");
    }
    // Such a slot had another form in the box.
    let page = inbox(1, |_, slot| slot(&received("", "", "memory full")));
    assert!(page.contains("sms= [\"memory full\",\"\""), "{page}");
}

#[test]
fn an_inbox_of_the_longest_texts_is_no_larger_than_a_router_can_bear() {
    let text = "\u{1}".repeat(3000);
    let page = inbox(8, |_, slot| {
        (0..INBOX_SLOTS).for_each(|_| slot(&received("07-03 12:54:04", "777", &text)));
    });
    assert!(page.len() < INBOX_FULL_BYTES + 24 * 1024, "{}", page.len());
    assert!(page.contains("sms_row_insert(l8_sms_store, sms, pos, 8);\n"));
}

#[test]
fn the_line_list_is_well_formed_xml_with_a_boxs_names() {
    let unknown = LineFacts::default();
    let known = LineFacts {
        module: Some(true),
        registered: Some(false),
        signal: Some(7),
        operator: Words::new("T & M"),
        ..LineFacts::default()
    };
    let view = |facts, up, state| LineView {
        line: LineId { device: 0, line: 1 },
        up,
        queued: 0,
        state,
        reason: None,
        facts,
        device: None,
        usage: [[0; 3]; 2],
    };
    let lines = [view(&unknown, true, LineState::Idle), view(&known, false, LineState::Sending(1))];
    let page = line_list(&mut lines.iter());
    let xml = xmltree::Element::parse(page.as_bytes()).unwrap();
    let text = |name: &str| xml.get_child(name).unwrap().get_text().unwrap_or_default().into_owned();
    assert_eq!((text("l1_gsm_status"), text("l1_line_state")), ("Y".into(), "IDLE".into()));
    assert_eq!((text("l2_gsm_status"), text("l2_line_state")), ("N".into(), "BUSY".into()));
    assert_eq!((text("l1_gsm_cur_oper"), text("l1_gsm_signal")), ("".into(), "99".into()));
    assert_eq!((text("l2_gsm_cur_oper"), text("l2_gsm_signal")), ("T & M".into(), "7".into()));
    // As the box's own page it is read.
    let read = crate::goip::parse_lines(page.as_bytes()).unwrap();
    assert_eq!((read.lines[1].signal, read.lines[1].registered), (Some(7), Some(false)));
}
