//! What the box does with a request that it has read: the pages' meaning, and the faults that
//! come in between.

use crate::http::Parsed;
use crate::model::Line;
use crate::pages::{self, Answer};
use crate::radio;
use crate::{Command, Fault, Hang, Instead, Model, Page, Tags};

/// One thing that the box does with a connection. Behind the last one it closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It writes these bytes.
    Write(Vec<u8>),
    /// It writes these bytes again and again until its client hangs up.
    Repeat(Vec<u8>),
    /// It waits so many ms, whatever its client does.
    Pause(u64),
    /// It hangs so many ms, or until its client hangs up.
    Hang(u64),
}

impl Model {
    /// What the box does with a request for `page`, faults included.
    pub(crate) fn react(&mut self, now_ms: u64, page: Page, parsed: &Parsed) -> Vec<Step> {
        let now_s = self.unix_s(now_ms);
        let fits = |fault: &Fault| {
            !fault.is_of_jobs()
                && !matches!(
                    fault,
                    Fault::Late { .. } | Fault::PostIgnored | Fault::Hang { at: Hang::Accepted, .. }
                )
        };
        let Some(fault) = self.rules.hit(page, fits) else {
            return vec![Step::Write(self.answer(now_ms, parsed).bytes())];
        };
        let by_form = parsed.path.ends_with("/sms_info.html");
        let unsaid = || vec![Step::Write(self.form_answer("sms", &[], now_s).bytes())];
        let on_line = |words: &str| {
            let line = parsed.var("l").unwrap_or_else(|| "1".into());
            vec![Step::Write(Answer::text(&format!("ERROR,L{line} {words}"), now_s).bytes())]
        };
        match fault {
            Fault::Busy | Fault::Logout | Fault::Says(_) if by_form => unsaid(),
            Fault::Busy => on_line("busy"),
            Fault::Logout => on_line("GSM logout"),
            Fault::Says(words) => vec![Step::Write(Answer::text(&format!("ERROR,{words}"), now_s).bytes())],
            Fault::LostAfter => {
                self.answer(now_ms, parsed);
                Vec::new()
            }
            Fault::Hang { at: Hang::Read, ms } => vec![Step::Hang(ms)],
            Fault::Hang { at, ms } => {
                let mut head = self.answer(now_ms, parsed).head.into_bytes();
                if at == Hang::Taken {
                    head.clear();
                }
                vec![Step::Write(head), Step::Hang(ms)]
            }
            Fault::Trickle { ms } => {
                let bytes = self.answer(now_ms, parsed).bytes();
                bytes.into_iter().flat_map(|byte| [Step::Write(vec![byte]), Step::Pause(ms)]).collect()
            }
            Fault::Truncated { bytes } => {
                let answer = self.answer(now_ms, parsed);
                let mut whole = answer.bytes();
                whole.truncate(answer.head.len() + bytes);
                vec![Step::Write(whole)]
            }
            Fault::Instead { what, taken } => {
                if taken {
                    self.answer(now_ms, parsed);
                }
                instead(what, page, now_s)
            }
            // All that is left closes without an answer: `LostBefore`.
            _ => Vec::new(),
        }
    }

    /// What the box answers by itself, and does.
    fn answer(&mut self, now_ms: u64, parsed: &Parsed) -> Answer {
        let now_s = self.unix_s(now_ms);
        if !matches!(parsed.method.as_str(), "GET" | "POST") {
            return Answer::unsupported_method();
        }
        let Some(name) = parsed.path.strip_prefix("/default/en_US/") else {
            return Answer::http_error("404 Not Found", now_s);
        };
        let given = |name: &str| parsed.var(name).unwrap_or_default();
        let logged_in = given("u") == self.options.user && given("p") == self.options.password;
        match name {
            "send.html" | "send_status.xml" if !logged_in => {
                Answer::text("ERROR,user or password error", now_s)
            }
            "send.html" => {
                let line = parsed.var("l").unwrap_or_else(|| "1".into());
                let text = match self.start(now_ms, &line, &given("n"), &given("m"), None, false) {
                    Ok(id) => format!("Sending,L{line} Send SMS to:{}; ID:{id}", given("n")),
                    Err(words) => format!("ERROR,{words}"),
                };
                Answer::text(&text, now_s)
            }
            "send_status.xml" => Answer::page(self.status_page("id"), now_s),
            "send_sms_status.xml"
            | "tools.html"
            | "sms_info.html"
            | "ussd_info.html"
            | "status.xml"
            | "status.html"
            | "reboot.html"
                if !self.has_basic_login(parsed) =>
            {
                Answer::please_authenticate(now_s)
            }
            "send_sms_status.xml" => Answer::page(self.status_page("smskey"), now_s),
            "tools.html" if matches!(given("type").as_str(), "sms_inbox" | "sms_outbox") => {
                let (sent, deletes) = (given("type") == "sms_outbox", given("action") == "del");
                Answer::page(self.store.answer(sent, deletes, &given("line"), &given("pos")), now_s)
            }
            "tools.html" if matches!(given("type").as_str(), "sms" | "ussd") => {
                self.form_answer(&given("type"), &[], now_s)
            }
            "sms_info.html" if given("type") == "sms" => self.form_sends(now_ms, parsed, "sms"),
            "status.xml" => match self.lines_page(now_ms, &given("type")) {
                Some(page) => Answer::page(page, now_s),
                None => Answer::http_error("404 Not Found", now_s),
            },
            "status.html" if given("type") == "list" => {
                let line = given("line").parse().unwrap_or(0_usize);
                if let (Some(radio), Ok(down)) = (
                    line.checked_sub(1).and_then(|place| self.radios.get_mut(place)),
                    given("down").parse::<u8>(),
                ) {
                    radio.module = down == 0;
                }
                Answer::page("<html><head><title>Summary</title></head><body></body></html>\n", now_s)
            }
            "reboot.html" => {
                self.schedule(now_ms + 1, Command::Reboot { ms: self.options.reboot_ms });
                Answer::page("<html><body>The device is rebooting...</body></html>\n", now_s)
            }
            "ussd_info.html" if given("type") == "ussd" => self.form_sends(now_ms, parsed, "ussd"),
            _ => Answer::http_error("404 Not Found", now_s),
        }
    }

    fn has_basic_login(&self, parsed: &Parsed) -> bool {
        let login = parsed.basic_login();
        login.is_some_and(|(user, password)| user == self.options.user && password == self.options.password)
    }

    /// The page with the web form, which proposes the time as a key.
    fn form_answer(&self, kind: &str, said: &[String], now_s: u64) -> Answer {
        Answer::page(pages::form(&self.options, kind, &format!("{:08x}", now_s as u32), said), now_s)
    }

    /// What the form does when it is sent: each line that is ticked sends.
    fn form_sends(&mut self, now_ms: u64, parsed: &Parsed, kind: &str) -> Answer {
        let given = |name: &str| parsed.var(name).unwrap_or_default();
        let asked = given("action") == kind.to_uppercase() && !given("send").is_empty();
        let mut said = vec![String::new(); usize::from(self.options.lines)];
        for (words, line) in said.iter_mut().zip(1_u8..) {
            let line = line.to_string();
            let name =
                if self.options.tags == Tags::Plain { "line".to_owned() } else { format!("line{line}") };
            if !asked || given(&name) != "1" {
                continue;
            }
            let (number, text, key) = (given("telnum"), given("smscontent"), given("smskey"));
            let taken = match kind {
                "ussd" => self.start_ussd(now_ms, &line, &number, &key),
                _ => self.start(now_ms, &line, &number, &text, Some(&key), false).is_ok(),
            };
            if taken || self.options.form_lies {
                *words = format!("Line {line} Sending...");
            }
        }
        self.form_answer(kind, &said, self.unix_s(now_ms))
    }

    fn lines_page(&self, now_ms: u64, kind: &str) -> Option<String> {
        let shown: Vec<radio::Shown<'_>> = (self.lines.iter().zip(&self.radios))
            .map(|(line, radio)| radio::Shown {
                radio,
                registered: self.is_in_network(now_ms, line, radio),
                busy: line.job.is_some_and(|index| self.runs[index].is_busy()),
            })
            .collect();
        radio::page(&self.options, self.lines_form, kind, &shown)
    }

    fn status_page(&self, key: &str) -> String {
        let shown = |line: &Line| line.job.map_or([""; 3], |index| self.runs[index].shown());
        let jobs: Vec<[&str; 3]> = self.lines.iter().map(shown).collect();
        pages::status(&self.options, key, &jobs)
    }
}

/// Which kind of page a path is for.
pub(crate) fn page_of(path: &str) -> Page {
    match path.rsplit('/').next() {
        Some("send.html" | "sms_info.html") => Page::Send,
        Some("send_status.xml" | "send_sms_status.xml") => Page::Status,
        Some("tools.html") => Page::Inbox,
        Some("status.xml") => Page::Lines,
        Some("status.html" | "ussd_info.html" | "reboot.html") => Page::Control,
        _ => Page::Any,
    }
}

fn instead(what: Instead, page: Page, now_s: u64) -> Vec<Step> {
    let answer = match what {
        Instead::Garbage => Answer::page(pages::garbage(), now_s),
        Instead::Unauthorized => Answer::please_authenticate(now_s),
        Instead::ServerError => Answer::http_error("500 Internal Server Error", now_s),
        Instead::Nested => Answer::page(pages::nested(), now_s),
        Instead::Endless => {
            let (start, again) = if page == Page::Status {
                (
                    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<send-sms-status>\n",
                    "\t<id1></id1>\n".repeat(100),
                )
            } else {
                ("\nSending,L1 Send SMS to:", "0".repeat(1000))
            };
            let start = Answer::page(start, now_s).bytes();
            return vec![Step::Write(start), Step::Repeat(again.into_bytes())];
        }
    };
    vec![Step::Write(answer.bytes())]
}
