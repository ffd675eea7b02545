//! What the box writes: heads that end in bare LF, and pages without a length. No decisions.

use crate::{Options, Tags};

/// A status page lists at least so many lines, whatever the box has.
const LISTED_LINES: u8 = 8;
/// Deeper than any reader that recurses can go on a small stack.
const NESTED_DEPTH: usize = 20_000;

/// The year, the month and the day of the month, the last two from 0 and 1.
pub(crate) fn calendar(unix_s: u64) -> (u64, usize, u64) {
    let days = unix_s / 86_400;
    let leap = |year: u64| (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    let (mut year, mut day) = (1970, days);
    while day >= 365 + u64::from(leap(year)) {
        day -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 0;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    (year, month, day + 1)
}

/// `Sun, 22 Nov 2026 07:00:00 GMT`
fn http_date(unix_s: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let ((year, month, day), second) = (calendar(unix_s), unix_s % 86_400);
    format!(
        "{}, {:02} {} {year} {:02}:{:02}:{:02} GMT",
        DAYS[(unix_s / 86_400 % 7) as usize],
        day,
        MONTHS[month],
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// An answer with its head and its body apart, since a fault can fall between them.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    fn new(status: &str, more: &str, body: impl Into<Vec<u8>>, unix_s: u64) -> Self {
        let date = http_date(unix_s);
        Self {
            head: format!("HTTP/1.0 {status}\nDate: {date}\n{more}Content-Type: text/html\n\n"),
            body: body.into(),
        }
    }

    /// A page, HTTP status 200.
    pub(crate) fn page(body: impl Into<Vec<u8>>, unix_s: u64) -> Self {
        Self::new("200 OK", "", body, unix_s)
    }

    /// Text as `send.html` gives it: with a newline before and after.
    pub(crate) fn text(text: &str, unix_s: u64) -> Self {
        Self::page(format!("\n{text}\n"), unix_s)
    }

    /// HTTP status 401.
    pub(crate) fn please_authenticate(unix_s: u64) -> Self {
        let realm = "WWW-Authenticate: Basic realm=\"GoIP\"\n";
        Self::new("401 Please Authenticate", realm, "\n", unix_s)
    }

    /// HTTP status 404 or 500, with a small page.
    pub(crate) fn http_error(status: &str, unix_s: u64) -> Self {
        let body =
            format!("<html><head><title>{status}</title></head>\n<body><h1>{status}</h1></body></html>\n");
        Self::new(status, "", body, unix_s)
    }

    /// What comes for a method that is neither GET nor POST: no head at all.
    pub(crate) fn unsupported_method() -> Self {
        Self { head: String::new(), body: "Unsupported method\n".into() }
    }

    /// The whole answer.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), &self.body].concat()
    }
}

/// The page with the web form: `said` stands beside each line, `key` is the one it proposes.
pub(crate) fn form(options: &Options, kind: &str, key: &str, said: &[String]) -> String {
    let mut page = format!(
        "<html>\n<head><title>GoIP</title></head>\n<body>\n\
         <form name=\"{kind}\" method=\"post\" action=\"{kind}_info.html?type={kind}\">\n\
         <input type=\"hidden\" name=\"smskey\" value=\"{key}\">\n\
         <input type=\"hidden\" name=\"action\" value=\"{}\">\n<table>\n",
        kind.to_uppercase()
    );
    for line in 1..=options.lines {
        let name = if options.tags == Tags::Plain { String::new() } else { line.to_string() };
        let words = said.get(usize::from(line) - 1).map_or("", String::as_str);
        page += &format!(
            "<tr><td><input type=\"checkbox\" name=\"line{name}\" value=\"1\"></td>\n\
             <td id=\"send{line}\">{words}</td></tr>\n"
        );
    }
    page += "</table>\n<input name=\"telnum\"><textarea name=\"smscontent\"></textarea>\n\
             <input type=\"submit\" name=\"send\" value=\"Send\">\n</form>\n</body>\n</html>\n";
    page
}

/// A page that is none of the box's: HTML in place of the line or the XML.
pub(crate) fn garbage() -> String {
    "<html>\n<head><title>Login</title></head>\n<body>\n<p>Sending, please wait... DONE &nbsp; <b>100%\n</html>\n".into()
}

/// A page nested deeper than any that is meant.
pub(crate) fn nested() -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{}{}\n",
        "<a>".repeat(NESTED_DEPTH),
        "</a>".repeat(NESTED_DEPTH)
    )
}

/// The status page. `key` is what its ids are called, `jobs` the id, status and error of every
/// line that the box has.
pub(crate) fn status(options: &Options, key: &str, jobs: &[[&str; 3]]) -> String {
    let mut page = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<send-sms-status>\n");
    let mut element = |name: &str, line: &str, value: &str| {
        page += &if options.self_closing && value.is_empty() {
            format!("\t<{name}{line}/>\n")
        } else {
            format!("\t<{name}{line}>{value}</{name}{line}>\n")
        };
    };
    let listed = match options.tags {
        Tags::Numbered => options.lines.max(LISTED_LINES),
        Tags::Plain => 1,
    };
    for line in 1..=listed {
        let [id, status, error] = jobs.get(usize::from(line) - 1).copied().unwrap_or_default();
        let number = if options.tags == Tags::Plain { String::new() } else { line.to_string() };
        for (name, value) in [(key, id), ("status", status), ("error", error)] {
            element(name, &number, value);
        }
    }
    page + "</send-sms-status>\n"
}

#[cfg(test)]
mod tests {
    use super::http_date;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (unix_s, date) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_795_330_800, "Sun, 22 Nov 2026 07:00:00 GMT"),
            (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT"),
        ] {
            assert_eq!(http_date(unix_s), date);
        }
    }
}
