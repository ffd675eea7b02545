//! Asking: requests that change nothing, and may be made as often as needed; and a deletion, of
//! which the next question shows what became.

use std::io::{self, Read};

use minreq::ResponseLazy;

use super::device::{Authority, Device};
use super::encode::{Form, basic};
use super::inbox::{InboxLine, InboxReader};
use super::lines::{LinePage, LinePart, parse_lines};
use super::report::{AskError, StatusPage};
use super::status::{PAGE_MAX_BYTES, parse_status};
use crate::message::Words;

const STATUS_PATH: &str = "/default/en_US/send_status.xml";

/// The same behind the web form: it shows the keys of what the form sends.
const FORM_STATUS_PATH: &str = "/default/en_US/send_sms_status.xml";

const LINES_PATH: &str = "/default/en_US/status.xml";

const TOOLS_PATH: &str = "/default/en_US/tools.html";

/// What the page of tools is asked for.
const INBOX: (&str, &str) = ("type", "sms_inbox");

/// Bytes of a page that are read at once.
const READ_BYTES: usize = 1024;

/// The largest head of an answer that is read; the box's have some 200 bytes.
///
/// minreq 3.0.0 forgets the limit where a line that ends in a bare LF fills it to the very byte
/// (it takes CR LF off what is left, which goes below zero). No real head comes near; one made on
/// purpose is read until the time-out.
const HEAD_MAX_BYTES: usize = 4 * 1024;

/// The longest status line of an answer that is read.
const STATUS_LINE_MAX_BYTES: usize = 256;

impl Device {
    /// The status of every line's last job. Blocks for at most the device's time-out, and as long
    /// as the resolver takes for a name.
    ///
    /// The library behind this runs every request in a thread of its own, which outlives a
    /// request that timed out. It does so only for a moment, because every wait on its socket has
    /// the same end; a name lookup has none, so that is done before, here. So a box that hangs
    /// leaves no threads behind, as long as its questions are asked one after the other.
    ///
    /// # Errors
    /// [`AskError`]; none of them shows the login.
    pub fn status(&self) -> Result<StatusPage, AskError> {
        self.status_page(STATUS_PATH, Form(&[("u", &self.username), ("p", &self.password)]), None)
    }

    /// The same from the page that belongs to the web form.
    ///
    /// # Errors
    /// As those of [`Self::status`].
    pub fn form_status(&self) -> Result<StatusPage, AskError> {
        // As the form's own script asks; the second keeps caches away.
        let query = Form(&[("line", ""), ("ajaxcachebust", "1")]);
        self.status_page(FORM_STATUS_PATH, query, Some(self.login()))
    }

    fn status_page(
        &self,
        path: &str,
        query: Form<'_>,
        login: Option<String>,
    ) -> Result<StatusPage, AskError> {
        let page = self.page(path, query, login)?;
        // A wrong login is answered with HTTP status 200.
        if is_login_error(&page) { Err(AskError::BadLogin) } else { parse_status(&page) }
    }

    /// What the box tells of its lines and itself; of a page that is too large, what stands at its
    /// beginning. Blocks as [`Self::status`] does.
    ///
    /// # Errors
    /// As those of [`Self::status`].
    pub fn lines(&self, part: LinePart) -> Result<LinePage, AskError> {
        let query = Form(&[("type", part.as_str())]);
        parse_lines(&self.page(LINES_PATH, query, Some(self.login()))?)
    }

    /// The page at `path`; of one that is too large, one byte more than allowed, which tells it
    /// from one that just fits.
    fn page(&self, path: &str, query: Form<'_>, login: Option<String>) -> Result<Vec<u8>, AskError> {
        let mut answer = self.ask(path, query, login)?;
        let mut page = Vec::new();
        let limit = PAGE_MAX_BYTES as u64 + 1;
        answer.by_ref().take(limit).read_to_end(&mut page).map_err(|e| unreachable_box(&e))?;
        Ok(page)
    }

    /// Reads the inbox; `each` gets every line's list as soon as it is whole. Blocks as
    /// [`Self::status`] does.
    ///
    /// # Errors
    /// [`AskError`]; the lines that were whole are as good as ever.
    pub fn inbox(&self, each: &mut dyn FnMut(InboxLine)) -> Result<(), AskError> {
        let mut answer = self.ask(TOOLS_PATH, Form(&[INBOX]), Some(self.login()))?;
        let mut reader = InboxReader::default();
        let mut bytes = [0; READ_BYTES];
        loop {
            match answer.read(&mut bytes) {
                Ok(0) => return reader.end(),
                Ok(len) => reader.read(&bytes[..len], each)?,
                Err(error) => return Err(unreachable_box(&error)),
            }
        }
    }

    /// Deletes what stands in `slot` (from 0) of the inbox of `line` (from 1). Blocks as
    /// [`Self::status`] does. What the box says to it means nothing: the next page shows it.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn delete(&self, line: u8, slot: u8) -> Result<(), AskError> {
        let (line, slot) = (line.to_string(), slot.to_string());
        let query = Form(&[INBOX, ("action", "del"), ("line", &line), ("pos", &slot)]);
        self.ask(TOOLS_PATH, query, Some(self.login())).map(|_| ())
    }

    fn login(&self) -> String {
        basic(&self.username, &self.password)
    }

    /// The answer to the question for the page at `path`, with a Basic login if there is one; its
    /// body is still to be read.
    fn ask(&self, path: &str, form: Form<'_>, login: Option<String>) -> Result<ResponseLazy, AskError> {
        let address = self.resolve().map_err(|e| unreachable_box(&e))?;
        let mut url = format!("http://{}{path}?", Authority(address));
        form.write_to(&mut url);
        let mut request = minreq::get(url);
        if let Some(login) = login {
            request = request.with_header("Authorization", login);
        }
        let answer = request
            .with_header("Connection", "close")
            .with_timeout(self.timeout_s.into())
            .with_follow_redirects(false)
            .with_max_status_line_length(STATUS_LINE_MAX_BYTES)
            .with_max_headers_size(HEAD_MAX_BYTES)
            .send_lazy()
            .map_err(|e| match e {
                minreq::Error::IoError(e) => unreachable_box(&e),
                _ => not_understood("not an HTTP answer"),
            })?;
        match answer.status_code {
            200 => {}
            401 => return Err(AskError::BadLogin),
            // What the library makes of a connection that was closed without an answer.
            503 if answer.headers.is_empty() => {
                return Err(AskError::Unreachable(Words::new("closed without answer")));
            }
            code => return Err(not_understood(&format!("HTTP {code}"))),
        }
        // The box never does this, and the library reads what follows the chunks without a limit.
        if answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Transfer-Encoding")) {
            return Err(not_understood("chunked answer"));
        }
        Ok(answer)
    }
}

fn is_login_error(page: &[u8]) -> bool {
    const WORDS: &[u8] = b"ERROR,user or password";
    page.trim_ascii_start().get(..WORDS.len()).is_some_and(|start| start.eq_ignore_ascii_case(WORDS))
}

/// Only the kind: it says enough, and the login cannot be in it.
fn unreachable_box(error: &io::Error) -> AskError {
    AskError::Unreachable(Words::new(&error.kind().to_string()))
}

fn not_understood(why: &str) -> AskError {
    AskError::NotUnderstood(Words::new(why))
}

#[cfg(test)]
mod tests;
