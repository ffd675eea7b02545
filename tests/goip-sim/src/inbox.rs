//! The inbox and outbox pages: what each line has received and sent, in twenty slots, on one page
//! for all lines.

use std::collections::VecDeque;

use crate::pages::calendar;

/// How many messages a line keeps; a new one pushes out the oldest.
const SLOTS: usize = 20;

/// In what the pages of one firmware differ from another's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InboxForm {
    /// Lines end in CRLF.
    pub crlf: bool,
    /// `pos=0;` stands between a line's list and its call.
    pub pos: bool,
    /// `&`, `<`, `>` and quotes in texts come as entities.
    pub entities: bool,
    /// There are other scripts around the lists.
    pub scripts: bool,
}

/// What a line has received, or sent.
#[derive(Clone, Debug, Default)]
struct Slots(VecDeque<Slot>);

#[derive(Clone, Debug)]
enum Slot {
    /// When by the box's clock, in Unix seconds, from or to whom, and what.
    Sms(u64, String, Vec<u8>),
    /// The slot as it stands on the page between its quotes.
    Raw(Vec<u8>),
}

/// Both stores of all lines.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    received: Vec<Slots>,
    sent: Vec<Slots>,
    pub(crate) form: InboxForm,
    /// How many seconds the box's clock is ahead of the right time.
    pub(crate) ahead_s: i64,
}

impl Store {
    pub(crate) fn new(lines: u8) -> Self {
        let empty = vec![Slots::default(); usize::from(lines)];
        Self { received: empty.clone(), sent: empty, form: InboxForm::default(), ahead_s: 0 }
    }

    /// A message has come on a line, or with `raw` something that stands on the page as it is.
    pub(crate) fn receive(
        &mut self,
        now_s: u64,
        line: u8,
        number: &str,
        text: &[u8],
        raw: bool,
    ) -> Result<(), String> {
        let at_s = now_s.saturating_add_signed(self.ahead_s);
        let slots = slots_of(&mut self.received, line)?;
        slots.push(if raw {
            Slot::Raw(text.to_vec())
        } else {
            Slot::Sms(at_s, number.into(), text.to_vec())
        });
        Ok(())
    }

    /// A line has sent a message.
    pub(crate) fn send(&mut self, now_s: u64, line: u8, number: &str, text: &str) {
        let at_s = now_s.saturating_add_signed(self.ahead_s);
        if let Ok(slots) = slots_of(&mut self.sent, line) {
            slots.push(Slot::Sms(at_s, number.into(), text.into()));
        }
    }

    /// Deletes a slot (from 0) or, without one, all of a line's or of all lines' inboxes.
    pub(crate) fn delete(&mut self, line: Option<u8>, slot: Option<usize>) -> Result<(), String> {
        delete(&mut self.received, line, slot)
    }

    /// The answer to `tools.html?type=sms_inbox` or, with `sent`, `type=sms_outbox`; with
    /// `action=del` something is deleted before. What stands in `line` and `pos` else is ignored.
    pub(crate) fn answer(&mut self, sent: bool, deletes: bool, line: &str, slot: &str) -> Vec<u8> {
        let stores = if sent { &mut self.sent } else { &mut self.received };
        if deletes {
            let number = |text: &str| text.parse::<i64>().ok();
            let _ = match (number(line), number(slot)) {
                (Some(-1), Some(-1)) => delete(stores, None, None),
                (Some(line), Some(-1)) => delete(stores, line.try_into().ok().or(Some(0)), None),
                (Some(line), Some(slot)) => match (line.try_into(), slot.try_into()) {
                    (Ok(line), Ok(slot)) => delete(stores, Some(line), Some(slot)),
                    _ => Ok(()),
                },
                _ => Ok(()),
            };
        }
        page(stores, self.form)
    }
}

impl Slots {
    fn push(&mut self, slot: Slot) {
        self.0.push_front(slot);
        self.0.truncate(SLOTS);
    }
}

fn slots_of(stores: &mut [Slots], line: u8) -> Result<&mut Slots, String> {
    usize::from(line)
        .checked_sub(1)
        .and_then(|place| stores.get_mut(place))
        .ok_or_else(|| format!("there is no line {line}"))
}

fn delete(stores: &mut [Slots], line: Option<u8>, slot: Option<usize>) -> Result<(), String> {
    match (line, slot) {
        (None, _) => stores.iter_mut().for_each(|slots| slots.0.clear()),
        (Some(line), None) => slots_of(stores, line)?.0.clear(),
        (Some(line), Some(slot)) => {
            slots_of(stores, line)?.0.remove(slot).ok_or_else(|| format!("slot {slot} is empty"))?;
        }
    }
    Ok(())
}

fn page(stores: &[Slots], form: InboxForm) -> Vec<u8> {
    let end = if form.crlf { "\r\n" } else { "\n" };
    let mut page = Vec::new();
    let mut put = |parts: &[&[u8]]| {
        parts.iter().for_each(|part| page.extend_from_slice(part));
        page.extend_from_slice(end.as_bytes());
    };
    put(&[b"<html><head><title>SMS</title>"]);
    if form.scripts {
        put(&[b"<script>function sms_row_insert(store, sms, pos, line) { if (sms == []) return; }</script>"]);
        put(&[b"<script>var l1_sms= [], x= [\"07-03 11:39:01,1,no\"]; it's('sms', 1);</script>"]);
    }
    put(&[b"<script language=\"javascript\">"]);
    put(&[b"var sms, pos;"]);
    for (slots, line) in stores.iter().zip(1_usize..) {
        let mut list = b"sms= [".to_vec();
        for place in 0..SLOTS {
            list.extend_from_slice(if place == 0 { b"\"" } else { b",\"" });
            if let Some(slot) = slots.0.get(place) {
                slot.put(&mut list, form.entities);
            }
            list.push(b'"');
        }
        put(&[&list, b"];"]);
        if form.pos {
            put(&[b"pos=0;"]);
        }
        if form.scripts {
            put(&[b"if (sms.length > 99) { alert('[' + pos + \"];\"); }"]);
        }
        put(&[format!("sms_row_insert(l{line}_sms_store, sms, pos, {line});").as_bytes()]);
    }
    put(&[b"</script></head><body></body></html>"]);
    page
}

impl Slot {
    /// Writes it as it stands between the quotes.
    fn put(&self, into: &mut Vec<u8>, entities: bool) {
        let (at_s, number, text) = match self {
            Self::Raw(raw) => return into.extend_from_slice(raw),
            Self::Sms(at_s, number, text) => (at_s, number, text),
        };
        let ((_, month, day), second) = (calendar(*at_s), at_s % 86_400);
        let time = format!(
            "{:02}-{day:02} {:02}:{:02}:{:02},{number},",
            month + 1,
            second / 3600,
            second / 60 % 60,
            second % 60
        );
        into.extend_from_slice(time.as_bytes());
        for &byte in text {
            match byte {
                b'&' if entities => into.extend_from_slice(b"&amp;"),
                b'<' if entities => into.extend_from_slice(b"&lt;"),
                b'>' if entities => into.extend_from_slice(b"&gt;"),
                b'"' if entities => into.extend_from_slice(b"&quot;"),
                b'"' | b'\\' => into.extend_from_slice(&[b'\\', byte]),
                b'\n' => into.extend_from_slice(b"\\n"),
                b'\r' => into.extend_from_slice(b"\\r"),
                0 => into.extend_from_slice(b"\\u0000"),
                byte => into.push(byte),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(store: &mut Store, sent: bool) -> String {
        String::from_utf8(store.answer(sent, false, "", "")).unwrap()
    }

    /// The list of a line, without its empty slots.
    fn list(store: &mut Store, line: usize) -> String {
        let page = shown(store, false);
        let row = page.lines().filter(|row| row.starts_with("sms= [")).nth(line - 1).unwrap();
        row.replace(",\"\"", "")
    }

    #[test]
    fn a_message_stands_on_its_lines_page_newest_first() {
        let mut store = Store::new(2);
        store.receive(1_795_330_800, 2, "777", b"Hola, con comas", false).unwrap();
        store.receive(1_795_330_801, 2, "+49171", b"\"]; \\ \n\0", false).unwrap();
        let page = shown(&mut store, false);
        assert!(page.contains("\nsms= [\"\",\"\","), "{page}");
        assert!(page.contains("];\nsms_row_insert(l1_sms_store, sms, pos, 1);\nsms= [\"11-22"), "{page}");
        assert_eq!(
            list(&mut store, 2),
            r#"sms= ["11-22 07:00:01,+49171,\"]; \\ \n\u0000","11-22 07:00:00,777,Hola, con comas"];"#
        );
        assert_eq!(store.receive(0, 3, "1", b"x", false), Err("there is no line 3".into()));
    }

    #[test]
    fn the_window_has_twenty_slots_and_slots_can_be_deleted() {
        let mut store = Store::new(1);
        for n in 0..25 {
            store.receive(0, 1, "1", format!("<{n}>").as_bytes(), false).unwrap();
        }
        let page = list(&mut store, 1);
        assert!(page.contains("<5>") && page.contains("<24>") && !page.contains("<4>"), "{page}");
        store.delete(Some(1), Some(1)).unwrap();
        let page = list(&mut store, 1);
        assert!(page.contains("<24>\",\"01-01 00:00:00,1,<22>"), "{page}");
        for (deletes, line, slot, left) in
            [(true, "1", "0", 18), (false, "1", "0", 18), (true, "1", "19", 18), (true, "x", "", 18)]
        {
            store.answer(false, deletes, line, slot);
            assert_eq!(list(&mut store, 1).matches('<').count(), left, "{line} {slot}");
        }
        store.answer(false, true, "-1", "-1");
        assert_eq!(list(&mut store, 1), "sms= [\"\"];");
        assert_eq!(store.delete(Some(1), Some(0)), Err("slot 0 is empty".into()));
    }

    #[test]
    fn the_outbox_is_a_page_of_its_own_and_the_clock_may_be_wrong() {
        let mut store = Store::new(1);
        store.ahead_s = -3600;
        store.send(1_795_330_800, 1, "777", "out");
        assert!(shown(&mut store, true).contains("[\"11-22 06:00:00,777,out\""));
        assert!(!shown(&mut store, false).contains("out"));
        store.answer(true, true, "1", "-1");
        assert!(!shown(&mut store, true).contains("out"));
    }

    #[test]
    fn firmware_has_its_own_forms() {
        let mut store = Store::new(1);
        store.form = InboxForm { crlf: true, pos: true, entities: true, scripts: true };
        store.receive(0, 1, "1", b"<a> & \"b\"", false).unwrap();
        store.receive(0, 1, "1", b"broken \\u12", true).unwrap();
        let page = shown(&mut store, false);
        assert_eq!(page.matches('\n').count(), page.matches("\r\n").count());
        assert!(page.contains("];\r\npos=0;\r\n"), "{page}");
        assert!(
            page.contains("[\"broken \\u12\",\"01-01 00:00:00,1,&lt;a&gt; &amp; &quot;b&quot;\""),
            "{page}"
        );
    }
}
