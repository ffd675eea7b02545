//! Acting: a request that must not be made twice. The socket is our own, so that it is always
//! known whether the box can have heard of the message.

use core::fmt::Write as _;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_linger;

use super::answer::{End, parse_answer};
use super::device::{Authority, Device};
use super::encode::{Form, basic};
use super::report::{Act, ByForm, Deed, Phase, SendAnswer, SendOutcome};
use crate::message::{JobId, Words};

const SEND_PATH: &str = "/default/en_US/send.html";

/// The web form, by which any text can go: a body may have 10 240 bytes.
const FORM_PATH: &str = "/default/en_US/sms_info.html?type=sms";

/// The same for the codes that ask the network.
const USSD_PATH: &str = "/default/en_US/ussd_info.html?type=ussd";

/// Follows the link of the summary's column `M`: `down=1` switches a line's module off.
const POWER_PATH: &str = "/default/en_US/status.html?type=list&down=";

/// A plain GET starts the box anew.
const REBOOT_PATH: &str = "/default/en_US/reboot.html";

/// The longest request line of the api. The box cuts it at 1024 bytes without a word, and the
/// text stands at its end.
const REQUEST_LINE_MAX_BYTES: usize = 1000;

/// The longest number, and the longest line.
const LONGEST_NUMBER: &str = "+12345678901234567890";
const LONGEST_LINE: &str = "64";

/// What the head needs besides form and login, with room to spare: it makes the request's buffer
/// large enough at once.
const HEAD_ROOM_BYTES: usize = 224;

/// The largest answer of the api that is read. The box's have some 200 bytes; a router's login
/// page in its place may be larger, and need not be read.
const ANSWER_MAX_BYTES: usize = 8 * 1024;

/// The same of the form: a whole page of HTML with its scripts.
const PAGE_MAX_BYTES: usize = 32 * 1024;

impl Device {
    /// How many bytes a text may have, as [`encoded_len`](super::encoded_len) counts, to go out
    /// by the api, whatever its number and line.
    pub fn api_room(&self) -> usize {
        let fields = self.api_fields(LONGEST_LINE, LONGEST_NUMBER, "");
        let taken = "GET ? HTTP/1.0".len() + SEND_PATH.len() + Form(&fields).len();
        REQUEST_LINE_MAX_BYTES.saturating_sub(taken)
    }

    /// Asks the box to send `text` to `number` on `line` (from 1), by its api or by its web form,
    /// and says what is known then. Blocks for at most the device's time-out, and as long as the
    /// resolver takes for a name.
    ///
    /// Never call this twice for a message without knowing that the first call did nothing: see
    /// [`SendOutcome`].
    pub fn send(&self, line: u8, number: &str, text: &str, form: Option<ByForm>) -> SendOutcome {
        self.send_within(Duration::from_secs(self.timeout_s.into()), line, number, text, form)
    }

    fn send_within(
        &self,
        time: Duration,
        line: u8,
        number: &str,
        text: &str,
        form: Option<ByForm>,
    ) -> SendOutcome {
        let form_line = form.map(|form| (form.key, line));
        let bytes = |host: &Authority| self.send_request(host, line, number, text, form);
        self.outcome(time, form_line, &bytes)
    }

    /// Does `act`, and says what is known then. Blocks as [`Self::send`] does, and as that is never
    /// to be called twice. An answer that is no form's page says [`SendAnswer::NotUnderstood`],
    /// but was a page if it says nothing of HTTP.
    pub fn act(&self, act: &Act) -> SendOutcome {
        let form_line = match &act.deed {
            Deed::Ussd { form, .. } => Some((form.key, act.line)),
            _ => None,
        };
        let time = Duration::from_secs(self.timeout_s.into());
        self.outcome(time, form_line, &|host| self.act_request(host, act))
    }

    fn outcome(
        &self,
        time: Duration,
        form: Option<(JobId, u8)>,
        bytes: &dyn Fn(&Authority) -> Vec<u8>,
    ) -> SendOutcome {
        let mut phase = Phase::NotConnected;
        match self.submit(time, form, bytes, &mut phase) {
            Ok(answer) => SendOutcome::Answered(answer),
            Err(error) => SendOutcome::Lost { phase, timed_out: is_timeout(&error) },
        }
    }

    fn submit(
        &self,
        time: Duration,
        form: Option<(JobId, u8)>,
        bytes: &dyn Fn(&Authority) -> Vec<u8>,
        phase: &mut Phase,
    ) -> io::Result<SendAnswer> {
        let address = self.resolve()?;
        let deadline = Deadline::after(time);
        let request = Request { bytes: bytes(&Authority(address)), form };
        let stream = TcpStream::connect_timeout(&address, deadline.left()?)?;
        *phase = Phase::Connected;
        let result = exchange(&stream, &request, &deadline, phase);
        if result.as_ref().is_err_and(is_timeout) {
            // The box works off one connection after the other. A reset takes ours out of its
            // way, and what it has not been given yet it will never get. If the option cannot
            // be set, the close is an ordinary one, and the outcome is as open as before.
            let _ = set_socket_linger(&stream, Some(Duration::ZERO));
        }
        result
    }

    /// The request: head and body. Holds the password: never to be logged.
    fn send_request(
        &self,
        host: &Authority,
        line: u8,
        number: &str,
        text: &str,
        form: Option<ByForm>,
    ) -> Vec<u8> {
        let number = self.number_format.apply(number);
        let mut digits = heapless::String::<3>::new();
        // Three digits hold every u8, and writing to a String cannot fail.
        let _ = write!(digits, "{line}");
        let mut out = String::new();
        let Some(ByForm { key, plain }) = form else {
            let fields = self.api_fields(&digits, &number, text);
            let query = Form(&fields);
            out.reserve_exact(HEAD_ROOM_BYTES + query.len());
            out.push_str("GET ");
            out.push_str(SEND_PATH);
            out.push('?');
            query.write_to(&mut out);
            write_head(&mut out, host);
            out.push_str("\r\n");
            return out.into_bytes();
        };
        let box_name = ["line", if plain { "" } else { &digits }].concat();
        let fields = [
            (box_name.as_str(), "1"),
            ("smskey", key.as_str()),
            ("action", "SMS"),
            ("telnum", &number),
            ("smscontent", text),
            ("send", "Send"),
        ];
        self.post(host, FORM_PATH, Form(&fields))
    }

    /// The request that fills in a form.
    fn post(&self, host: &Authority, path: &str, body: Form<'_>) -> Vec<u8> {
        let login = basic(&self.username, &self.password);
        let mut out = String::new();
        out.reserve_exact(HEAD_ROOM_BYTES + login.len() + body.len());
        out.push_str("POST ");
        out.push_str(path);
        write_head(&mut out, host);
        // With a charset behind the type, the box does not read the body.
        let _ = write!(
            out,
            "Authorization: {login}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        body.write_to(&mut out);
        out.into_bytes()
    }

    /// The request for `act`. Holds the password: never to be logged.
    fn act_request(&self, host: &Authority, act: &Act) -> Vec<u8> {
        let line = act.line.to_string();
        let mut out = String::from("GET ");
        match &act.deed {
            Deed::Ussd { code, form } => {
                let box_name = ["line", if form.plain { "" } else { &line }].concat();
                let fields = [
                    (box_name.as_str(), "1"),
                    ("smskey", form.key.as_str()),
                    ("action", "USSD"),
                    ("telnum", code),
                    ("send", "Send"),
                ];
                return self.post(host, USSD_PATH, Form(&fields));
            }
            Deed::Power(on) => {
                for piece in [POWER_PATH, if *on { "0" } else { "1" }, "&line=", &line] {
                    out.push_str(piece);
                }
            }
            Deed::Reboot => out.push_str(REBOOT_PATH),
        }
        write_head(&mut out, host);
        for piece in ["Authorization: ", &basic(&self.username, &self.password), "\r\n\r\n"] {
            out.push_str(piece);
        }
        out.into_bytes()
    }

    /// The fields of `send.html`, the text last.
    fn api_fields<'a>(&'a self, line: &'a str, number: &'a str, text: &'a str) -> [(&'a str, &'a str); 5] {
        [("u", &self.username), ("p", &self.password), ("l", line), ("n", number), ("m", text)]
    }
}

/// The head from behind the path on. HTTP/1.0 is what the box speaks, and what forbids a chunked
/// answer.
fn write_head(out: &mut String, host: &Authority) {
    let _ = write!(out, " HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n");
}

struct Request {
    /// Holds the password: never to be logged.
    bytes: Vec<u8>,
    /// The key and the line, where it is the form's.
    form: Option<(JobId, u8)>,
}

/// Writes the request and reads the answer; `phase` follows how far it got.
fn exchange(
    mut stream: &TcpStream,
    request: &Request,
    deadline: &Deadline,
    phase: &mut Phase,
) -> io::Result<SendAnswer> {
    let mut unsent = &request.bytes[..];
    while !unsent.is_empty() {
        stream.set_write_timeout(Some(deadline.left()?))?;
        match stream.write(unsent) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => {
                *phase = Phase::Written;
                unsent = &unsent[n..];
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let mut answer = vec![0; if request.form.is_some() { PAGE_MAX_BYTES } else { ANSWER_MAX_BYTES }];
    let mut len = 0;
    loop {
        stream.set_read_timeout(Some(deadline.left()?))?;
        let end = match stream.read(&mut answer[len..]) {
            Ok(0) => End::Closed,
            Ok(n) => {
                *phase = Phase::Answering;
                len += n;
                End::Open
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(e) if e.kind() == ErrorKind::ConnectionReset => End::Reset,
            Err(e) => return Err(e),
        };
        if let Some(answer) = parse_answer(&answer[..len], end, request.form) {
            return Ok(answer);
        }
        match end {
            End::Open if len == answer.len() => {
                return Ok(SendAnswer::NotUnderstood(Words::new("answer too large")));
            }
            End::Open => {}
            End::Closed => return Err(ErrorKind::UnexpectedEof.into()),
            End::Reset => return Err(ErrorKind::ConnectionReset.into()),
        }
    }
}

/// `WouldBlock` is how a socket says that its time-out ran out.
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}

/// The end of all that one exchange may take, however slowly its bytes trickle.
struct Deadline(Instant);

impl Deadline {
    fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// The time that is left, never nothing: a socket's time-out must not be zero.
    fn left(&self) -> io::Result<Duration> {
        let left = self.0.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

#[cfg(test)]
mod tests;
