//! The box's own pages, as goipd answers them: a program that was written for a GoIP changes its
//! URL and works. What it sends is queued, so it never meets `busy` while there is room, and the
//! status that it reads is that of its own messages.
//!
//! The forms are those that were seen on boxes. Whatever differs is for the better and cannot
//! upset a client: heads end in CRLF and have a `Content-Length`.

use core::fmt::{self, Write};

use super::access::Right;
use crate::api::SendRequest;
use crate::engine::{LineState, LineView};
use crate::journal::ReceivedBody;
use crate::message::{ErrorCode, MessageId, ProblemCode, Refusal, State};

/// Lines that the status pages list, whether there are so many or not: as a small box does.
pub const LINES: usize = 8;

/// Slots of a line in the box's inbox.
pub const INBOX_SLOTS: usize = 20;

/// From this size on the inbox page shows no more messages: eight lines of usual texts take some
/// 30 KiB, and a router's RAM is small.
const INBOX_FULL_BYTES: usize = 192 * 1024;

/// With what a message's tag begins whose sender chose the job's key itself.
const KEY_TAG: &str = "smskey=";

/// The answer to a wrong login, as the box has it.
pub const BAD_LOGIN: &str = "\nERROR,user or password error\n";

/// A page of the box. There are no others here: its configuration, its reboot and its firmware
/// are out of reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// `send.html`: sends, with user and password among the fields.
    Send,
    /// `send_status.xml`: the same login; names jobs `idN`.
    SendStatus,
    /// `send_sms_status.xml`: Basic login; names jobs `smskeyN`.
    SmsStatus,
    /// `tools.html?type=sms`: the web form.
    SmsForm,
    /// `sms_info.html?type=sms`: what the web form sends to.
    SmsInfo,
    /// `tools.html?type=sms_inbox`.
    Inbox,
    /// `status.xml?type=list`: the lines.
    LineList,
}

impl Page {
    /// Below this lie all pages.
    pub const FOLDER: &str = "/default/en_US/";

    /// The page of that path, which begins with [`Self::FOLDER`], and of that field `type`.
    pub fn find(path: &str, kind: Option<&str>) -> Option<Self> {
        Some(match (path.strip_prefix(Self::FOLDER)?, kind) {
            ("send.html", _) => Self::Send,
            ("send_status.xml", _) => Self::SendStatus,
            ("send_sms_status.xml", _) => Self::SmsStatus,
            ("tools.html", Some("sms")) => Self::SmsForm,
            ("sms_info.html", Some("sms")) => Self::SmsInfo,
            ("tools.html", Some("sms_inbox")) => Self::Inbox,
            ("status.xml", Some("list")) => Self::LineList,
            _ => return None,
        })
    }

    /// What it asks for.
    pub(super) fn right(self) -> Right {
        match self {
            Self::Send | Self::SmsForm | Self::SmsInfo => Right::Send,
            Self::SendStatus | Self::SmsStatus | Self::LineList => Right::Read,
            Self::Inbox => Right::Inbox,
        }
    }

    /// Whether user and password come as the fields `u` and `p`; otherwise as a Basic login.
    pub fn has_login_fields(self) -> bool {
        matches!(self, Self::Send | Self::SendStatus)
    }
}

/// The line that a program names, from 1; the box's `l`. 0 or none is any line.
///
/// # Errors
/// `unknown_line` if it is no number.
pub fn line_number(l: Option<&str>) -> Result<Option<u16>, Refusal> {
    match l.filter(|l| !l.is_empty()) {
        None => Ok(None),
        Some(l) => match l.parse() {
            Ok(0) => Ok(None),
            Ok(line) => Ok(Some(line)),
            Err(_) => Err(unknown_line(l)),
        },
    }
}

fn unknown_line(l: &str) -> Refusal {
    let message = format!("{} is no line: write 1 for the first", crate::message::Quoted(l));
    Refusal::new(ErrorCode::UnknownLine, message)
}

/// The message that the fields of `send.html` ask for; `line` is the name of the line of `l`.
pub fn send_request<'a>(field: impl Fn(&str) -> Option<&'a str>, line: Option<String>) -> SendRequest {
    let text = |name| field(name).unwrap_or_default().to_owned();
    SendRequest { to: text("n"), text: text("m"), line, ..SendRequest::default() }
}

/// The lines that are ticked in the web form: `line1=1`, or `line=1` as a box with one line has
/// it.
pub fn ticked<'a>(field: impl Fn(&str) -> Option<&'a str>) -> impl Iterator<Item = u16> {
    let one = field("line").and_then(|line| line.parse().ok());
    let mut name = String::new();
    let many: heapless::Vec<u16, LINES> = (1..=LINES as u16)
        .filter(|&line| {
            name.clear();
            // Writing to a String does not fail.
            let _ = write!(name, "line{line}");
            field(&name).is_some_and(|value| !value.is_empty() && value != "0")
        })
        .collect();
    many.into_iter().chain(one)
}

/// The message that the web form asks for. The key under which its sender looks for it is kept
/// as its tag.
///
/// # Errors
/// `bad_request` if the key is too long.
pub fn form_request<'a>(
    field: impl Fn(&str) -> Option<&'a str>,
    line: Option<String>,
) -> Result<SendRequest, Refusal> {
    let text = |name| field(name).unwrap_or_default().to_owned();
    let key = field("smskey").unwrap_or_default();
    let most = crate::api::request::MAX_TAG_BYTES - KEY_TAG.len();
    if key.len() > most {
        let message = format!("the field 'smskey' is longer than {most} bytes");
        return Err(Refusal::new(ErrorCode::BadRequest, message));
    }
    Ok(SendRequest {
        to: text("telnum"),
        text: text("smscontent"),
        line,
        tag: (!key.is_empty()).then(|| format!("{KEY_TAG}{key}")),
        ..SendRequest::default()
    })
}

/// A message as a status page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job<'a> {
    /// Its id.
    pub id: MessageId,
    /// Its tag.
    pub tag: Option<&'a str>,
    /// Its state.
    pub state: State,
    /// What went wrong: the kind, and the box's own word for it, which may be empty.
    pub problem: Option<(ProblemCode, &'a str)>,
}

impl Job<'_> {
    fn status(&self) -> &'static str {
        match self.state {
            State::Queued | State::Submitting | State::Sending => "STARTED",
            _ => "DONE",
        }
    }

    /// Empty as long as all is well, and while it goes on: programs take any word for the end.
    fn error(&self) -> &str {
        match (self.state, self.problem) {
            (State::Queued | State::Submitting | State::Sending | State::Sent | State::Delivered, _) => "",
            (State::Failed, Some((_, device_code))) if !device_code.is_empty() => device_code,
            (State::Failed, Some((code, _))) => code.as_str(),
            (state, _) => state.as_str(),
        }
    }
}

/// Its id as the box writes one, or the key that its sender chose.
impl fmt::Display for Job<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tag.and_then(|tag| tag.strip_prefix(KEY_TAG)) {
            Some(key) => f.write_str(key),
            None => write!(f, "{:08x}", self.id),
        }
    }
}

/// The answer of `send.html` to a message that was accepted: `line` is the one asked for, or 1.
pub fn sending(line: u16, to: &str, id: MessageId) -> String {
    format!("\nSending,L{line} Send SMS to:{to}; ID:{id:08x}\n")
}

/// The answer of `send.html` to a refusal. A full queue is `busy`: every program knows to come
/// again then.
pub fn refused(line: u16, code: ErrorCode) -> String {
    let word = if code == ErrorCode::QueueFull { "busy" } else { code.as_str() };
    format!("\nERROR,L{line} {word}\n")
}

/// A status page. `page` says how it names the jobs.
pub fn status(page: Page, jobs: &[Option<Job<'_>>; LINES]) -> String {
    let name = if page == Page::SendStatus { "id" } else { "smskey" };
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<send-sms-status>\n");
    for (line, job) in (1..).zip(jobs) {
        let (id, status, error) = match job {
            Some(job) => (escaped(&job.to_string()), job.status(), escaped(job.error())),
            None => Default::default(),
        };
        // Writing to a String does not fail.
        let _ = write!(
            out,
            "\t<{name}{line}>{id}</{name}{line}>\n\t<status{line}>{status}</status{line}>\n\t<error{line}>{error}</error{line}>\n"
        );
    }
    out.push_str("</send-sms-status>\n");
    out
}

/// The web form, with a key that nobody has used.
pub fn sms_form(key: u32) -> String {
    let mut out = String::from(
        "<html><head><title>SMS</title></head><body>\n\
         <form method=\"post\" action=\"sms_info.html?type=sms\">\n",
    );
    for line in 1..=LINES {
        // Writing to a String does not fail.
        let _ = writeln!(out, "<input type=\"checkbox\" name=\"line{line}\" value=\"1\">Line {line}");
    }
    let _ = write!(
        out,
        "<input type=\"hidden\" name=\"smskey\" value=\"{key:08x}\">\n\
         <input type=\"hidden\" name=\"action\" value=\"SMS\">\n\
         <input type=\"text\" name=\"telnum\">\n\
         <textarea name=\"smscontent\"></textarea>\n\
         <input type=\"submit\" name=\"send\" value=\"Send\">\n\
         </form></body></html>\n"
    );
    out
}

/// The answer to the web form: for each line that was ticked, that it sends, or why it does not.
pub fn sms_info(lines: impl Iterator<Item = (u16, Option<ErrorCode>)>) -> String {
    let mut out = String::from("<html><head><title>SMS</title></head><body><table>\n");
    for (line, refused) in lines {
        let what = refused.map_or("Sending...", ErrorCode::as_str);
        // Writing to a String does not fail.
        let _ = writeln!(out, "<tr><td id=\"send{line}\">Line {line} {what}</td></tr>");
    }
    out.push_str("</table></body></html>\n");
    out
}

/// The inbox of so many lines. `slots` gives the newest messages of a line (counted from 0), the
/// newest first, at most [`INBOX_SLOTS`].
pub fn inbox(lines: usize, slots: impl Fn(usize, &mut dyn FnMut(&ReceivedBody<'_>))) -> String {
    let mut out =
        String::from("<html><head><title>SMS Inbox</title></head><body>\n<script>\nvar sms, pos;\n");
    for line in 1..=lines {
        out.push_str("sms= [");
        let mut count = 0;
        slots(line - 1, &mut |body| {
            if out.len() < INBOX_FULL_BYTES {
                out.push_str(if count > 0 { ",\"" } else { "\"" });
                // A message that the box had in another form is all text.
                if !body.device_time.is_empty() || !body.from.is_empty() {
                    push_slot(&mut out, body.device_time);
                    out.push(',');
                    push_slot(&mut out, body.from);
                    out.push(',');
                }
                push_slot(&mut out, body.text);
                out.push('"');
                count += 1;
            }
        });
        for place in count..INBOX_SLOTS {
            out.push_str(if place > 0 { ",\"\"" } else { "\"\"" });
        }
        // Writing to a String does not fail.
        let _ = write!(out, "];\nsms_row_insert(l{line}_sms_store, sms, pos, {line});\n");
    }
    out.push_str("</script>\n</body></html>\n");
    out
}

/// Appends a part of a slot as it stands between quotes in a script: escaped as in JSON, as the box
/// does it. A text cannot end the script either (`</script`, `<!--`), nor a line of it.
fn push_slot(out: &mut String, text: &str) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let ends = c == '<' && matches!(chars.peek(), Some('/' | '!'));
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Writing to a String does not fail.
            c if ends || c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

/// The lines, as `status.xml?type=list` shows them.
pub fn line_list(lines: &mut dyn Iterator<Item = &LineView<'_>>) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<status>\n");
    let yes = |yes: bool| if yes { "Y" } else { "N" };
    for (n, line) in (1..).zip(lines) {
        let facts = line.facts;
        let busy = matches!(line.state, LineState::Sending(_) | LineState::Checking(_));
        // As a module says it that does not know.
        let signal = facts.signal.unwrap_or(99).to_string();
        for (name, value) in [
            ("module_status", yes(facts.module.unwrap_or(true))),
            ("gsm_sim", yes(facts.sim.unwrap_or(true))),
            ("gsm_status", yes(facts.registered.unwrap_or(line.up))),
            ("status_line", yes(facts.voip == Some(true))),
            ("gsm_signal", &signal),
            ("gsm_cur_oper", &escaped(facts.operator.as_str())),
            ("line_state", if busy { "BUSY" } else { "IDLE" }),
            ("sms_login", "N"),
            ("sim_remain", "NO LIMIT"),
            ("sms_count", "NO LIMIT"),
        ] {
            // Writing to a String does not fail.
            let _ = writeln!(out, "<l{n}_{name}>{value}</l{n}_{name}>");
        }
    }
    out.push_str("</status>\n");
    out
}

/// Text that stands in XML as itself; what XML cannot hold at all is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
