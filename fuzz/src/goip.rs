//! What the box says.

use core::fmt::Write;

use goipd::goip::{
    AskError, End, JobStatus, LineStatus, MAX_LINES, SendAnswer, StatusPage, parse_answer, parse_lines,
    parse_status,
};
use goipd::message::{JobId, Words};

/// Answers up to this length are cut at every byte.
const CUT_EVERYWHERE_BYTES: usize = 256;

/// The answer to a send by the api and by the form: with every end, whole and cut.
pub fn answer(bytes: &[u8]) {
    let key = JobId::key(7);
    for form in [None, Some((key, 1))] {
        check_ends(bytes, form);
    }
    // The form's page is believed where it says that our line sends, and names our key alone.
    if let Some(SendAnswer::Sending { line, id }) = parse_answer(bytes, End::Closed, Some((key, 1))) {
        let says = |word: &[u8]| bytes.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
        assert!(line.is_none() && id == key && says(b"line") && says(b"sending"));
    }
}

fn check_ends(bytes: &[u8], form: Option<(JobId, u8)>) {
    let [open, reset, closed] =
        [End::Open, End::Reset, End::Closed].map(|end| parse_answer(bytes, end, form));
    // What is whole stays what it is, however the connection ends.
    assert!(open.is_none() || open == reset, "{open:?} then {reset:?}");
    assert!(reset.is_none() || reset == closed, "{reset:?} or {closed:?}");
    if let (Some(answer), None) = (&closed, form) {
        check_answer(bytes, answer);
    }

    for len in cuts(bytes) {
        let cut = &bytes[..len];
        if let Some(early) = parse_answer(cut, End::Open, form) {
            assert_eq!(Some(early), open, "whole after {len} bytes");
        }
        // A message is sent again after a refusal, so a cut must not make one out of `Sending`,
        // nor hide one: that message would be waited for.
        for end in [End::Reset, End::Closed] {
            match (parse_answer(cut, end, form), closed) {
                (Some(early), Some(whole)) if is_refusal(&early) || is_refusal(&whole) => {
                    assert!(!is_sending(&early) && !is_sending(&whole), "{early:?} at {len}: {whole:?}");
                }
                _ => {}
            }
        }
    }
}

/// Where to cut: everywhere, or in the middle and near the ends.
fn cuts(bytes: &[u8]) -> impl Iterator<Item = usize> + use<> {
    let len = bytes.len();
    (0..len).filter(move |at| {
        len <= CUT_EVERYWHERE_BYTES || len - at <= 16 || *at == len / 2 || at % (len / 16) == 0
    })
}

/// Whether the answer says that nothing was sent.
fn is_refusal(answer: &SendAnswer) -> bool {
    matches!(answer, SendAnswer::Busy | SendAnswer::GsmLogout | SendAnswer::BadLogin | SendAnswer::Refused(_))
}

fn is_sending(answer: &SendAnswer) -> bool {
    matches!(answer, SendAnswer::Sending { .. })
}

fn check_answer(bytes: &[u8], answer: &SendAnswer) {
    let says = |word: &[u8]| bytes.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    match answer {
        SendAnswer::Sending { line, id } => {
            assert!(!id.is_empty() && *line != Some(0), "{answer:?}");
            check_id(*id);
            assert!(says(b"HTTP/") && says(b"Sending") && says(id.as_str().as_bytes()), "{answer:?}");
        }
        SendAnswer::Busy => assert!(says(b"ERROR,") && says(b"busy")),
        SendAnswer::GsmLogout => assert!(says(b"ERROR,") && says(b"logout")),
        SendAnswer::BadLogin => assert!(says(b" 401") || says(b"ERROR,")),
        SendAnswer::Refused(words) => {
            assert!(says(b"HTTP/") && says(b"ERROR,"), "{answer:?}");
            check_words(*words);
        }
        SendAnswer::NotUnderstood(words) => check_words(*words),
        SendAnswer::NotSaid => unreachable!("not by the api"),
    }
}

/// A status page: what was read is within its bounds and is read the same when it is written
/// anew; a page cut anywhere is refused, or only rubbish behind it was cut.
pub fn status(bytes: &[u8]) {
    let page = match parse_status(bytes) {
        Ok(page) => page,
        Err(AskError::NotUnderstood(why)) => return assert!(!why.is_empty()),
        Err(other) => unreachable!("{other:?} without a connection"),
    };
    assert!((1..=MAX_LINES).contains(&page.lines.len()));
    for line in page.lines.iter().flatten() {
        check_id(line.id);
        check_words(line.error);
    }
    let written = write_page(&page);
    assert_eq!(parse_status(written.as_bytes()).as_ref(), Ok(&page), "{written}");

    let tags = bytes.iter().enumerate().filter(|(_, b)| **b == b'>').map(|(at, _)| at + 1);
    for len in tags.rev().take(8) {
        if let Ok(early) = parse_status(&bytes[..len]) {
            assert_eq!(early, page, "cut at {len}");
        }
    }
}

/// A page of lines: what was read is within its bounds, and nothing in it is more than a word.
pub fn lines(bytes: &[u8]) {
    let page = match parse_lines(bytes) {
        Ok(page) => page,
        Err(AskError::NotUnderstood(why)) => return assert!(!why.is_empty()),
        Err(other) => unreachable!("{other:?} without a connection"),
    };
    assert!(page.lines.len() <= MAX_LINES);
    for facts in &page.lines {
        assert!(facts.signal.is_none_or(|signal| signal <= 31));
        check_words(facts.operator);
        check_words(facts.call);
        let card = facts.identity.as_deref().copied().unwrap_or_default();
        for words in [card.number, card.imei, card.imsi, card.iccid] {
            check_words(words);
        }
        for masked in [card.imei, card.imsi, card.iccid] {
            assert!(masked.as_str().trim_start_matches('*').chars().count() <= 4, "{masked}");
        }
    }
}

/// The page as the box writes it. Of a line that is not shown stands an id alone, which is not
/// enough to show it.
fn write_page(page: &StatusPage) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<send-sms-status>\n");
    for (line, number) in page.lines.iter().zip(1..) {
        let n = if page.plain { String::new() } else { number.to_string() };
        let _ = match line {
            None => writeln!(xml, "<id{n}/>"),
            Some(LineStatus { id, status, .. }) => {
                let status = match status {
                    JobStatus::Empty => "",
                    JobStatus::Started => "STARTED",
                    JobStatus::Done => "DONE",
                    JobStatus::Other => "ERRORDONE",
                };
                let error =
                    page.error(number).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                writeln!(
                    xml,
                    "<id{n}>{id}</id{n}><status{n}>{status}</status{n}><error{n}>{error}</error{n}>"
                )
            }
        };
    }
    xml + "</send-sms-status>\n"
}

fn check_id(id: JobId) {
    assert!(id.as_str().len() <= JobId::CAPACITY, "{id:?}");
    assert_eq!(JobId::parse(id.as_str()), Some(id));
}

fn check_words(words: Words) {
    assert!(words.as_str().len() <= Words::CAPACITY, "{words:?}");
    assert!(!words.as_str().contains(char::is_control), "{words:?}");
    assert_eq!(Words::new(words.as_str()), words);
}
