//! Acting: a request that must not be made twice. The socket is our own, so that it is always
//! known whether the box can have heard of the message.

use core::fmt::Write as _;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_linger;

use super::answer::{End, parse_answer};
use super::device::{Authority, Device};
use super::encode::Form;
use super::report::{Phase, SendAnswer, SendOutcome};
use crate::message::Words;

const SEND_PATH: &str = "/default/en_US/send.html";

/// The longest request line that goes out as a GET. The box cuts it at 1024 bytes without a
/// word, and the text stands at its end.
const REQUEST_LINE_MAX_BYTES: usize = 1000;

/// What the head needs besides the form and the host's name, with room to spare: it makes the
/// request's buffer large enough at once.
const HEAD_ROOM_BYTES: usize = 224;

/// The largest answer that is read. The box's have some 200 bytes; a router's login page in its
/// place may be larger, and need not be read.
const ANSWER_MAX_BYTES: usize = 8 * 1024;

impl Device {
    /// Asks the box to send `text` to `number` on `line` (from 1), and says what is known then.
    /// Blocks for at most the device's time-out, and as long as the resolver takes for a name.
    ///
    /// Never call this twice for a message without knowing that the first call did nothing: see
    /// [`SendOutcome`].
    pub fn send(&self, line: u8, number: &str, text: &str) -> SendOutcome {
        self.send_within(Duration::from_secs(self.timeout_s.into()), line, number, text)
    }

    fn send_within(&self, time: Duration, line: u8, number: &str, text: &str) -> SendOutcome {
        let mut phase = Phase::NotConnected;
        match self.submit(time, line, number, text, &mut phase) {
            Ok(answer) => SendOutcome::Answered(answer),
            Err(error) => SendOutcome::Lost { phase, timed_out: is_timeout(&error) },
        }
    }

    fn submit(
        &self,
        time: Duration,
        line: u8,
        number: &str,
        text: &str,
        phase: &mut Phase,
    ) -> io::Result<SendAnswer> {
        let address = self.resolve()?;
        let deadline = Deadline::after(time);
        let request = self.send_request(&Authority(address), line, number, text);
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

    /// The request, in the one buffer that a send needs.
    fn send_request(&self, host: &Authority, line: u8, number: &str, text: &str) -> Request {
        let mut line_digits = heapless::String::<3>::new();
        // Three digits hold every u8, and writing to a String cannot fail.
        let _ = write!(line_digits, "{line}");
        let number = self.number_format.apply(number);
        let form = Form([
            ('u', &self.username),
            ('p', &self.password),
            ('l', &line_digits),
            ('n', &number),
            ('m', text),
        ]);
        let form_len = form.len();
        let request_line_len = "GET ? HTTP/1.0".len() + SEND_PATH.len() + form_len;
        let posted = request_line_len > REQUEST_LINE_MAX_BYTES;
        let mut out = String::with_capacity(HEAD_ROOM_BYTES + form_len);
        out.push_str(if posted { "POST " } else { "GET " });
        out.push_str(SEND_PATH);
        if !posted {
            out.push('?');
            form.write_to(&mut out);
        }
        // HTTP/1.0 is what the box speaks, and what forbids a chunked answer.
        let _ = write!(out, " HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n");
        if posted {
            // With a charset behind the type, the box does not read the body.
            out.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
            let _ = write!(out, "Content-Length: {form_len}\r\n\r\n");
            form.write_to(&mut out);
        } else {
            out.push_str("\r\n");
        }
        Request { bytes: out.into_bytes(), posted }
    }
}

struct Request {
    /// Head and body. Holds the password: never to be logged.
    bytes: Vec<u8>,
    /// Whether the form stands in the body.
    posted: bool,
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
    let mut answer = [0; ANSWER_MAX_BYTES];
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
        if let Some(answer) = parse_answer(&answer[..len], end, request.posted) {
            return Ok(answer);
        }
        match end {
            End::Open if len == answer.len() => {
                return Ok(SendAnswer::NotUnderstood(Words::new("answer over 8 KiB")));
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
