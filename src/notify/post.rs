//! One request to a receiver, and what its answer says. Only the answer's status is read: a
//! receiver that says more, or nothing, or slowly, costs neither memory nor more than its time-out.

use core::fmt;
use std::io;
#[cfg(feature = "https")]
use std::path::PathBuf;

use super::sign::signature;
use crate::message::Words;

/// The largest head of an answer that is read.
pub const HEAD_MAX_BYTES: usize = 8 * 1024;

/// The longest status line of an answer that is read.
const STATUS_LINE_MAX_BYTES: usize = 256;

/// Where a webhook's requests go. `Debug` shows neither the address, whose path may be a secret,
/// nor what the requests are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Receiver {
    /// `http://` or, where that is built in, `https://`, in visible ASCII.
    pub url: Box<str>,
    /// What the requests are signed with.
    pub secret: Box<str>,
    /// How long one may take in all, from the lookup of the name on, in seconds.
    pub timeout_s: u32,
    /// The certificates of those who may vouch for an `https://` host.
    #[cfg(feature = "https")]
    pub ca_file: PathBuf,
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("timeout_s", &self.timeout_s).finish_non_exhaustive()
    }
}

/// The event of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its name.
    pub event: &'static str,
    /// Its number.
    pub seq: u32,
    /// The time of the request, Unix seconds.
    pub unix_s: u32,
    /// The event in JSON.
    pub body: Box<str>,
}

/// Why an event was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There was an answer, with this status.
    Status(u16),
    /// There was none.
    Lost(Words),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(code @ 300..400) => write!(f, "HTTP {code}; redirects are not followed"),
            Self::Status(code) => write!(f, "HTTP {code}"),
            Self::Lost(words) => f.write_str(words.as_str()),
        }
    }
}

impl Receiver {
    /// Hands the event over, once.
    ///
    /// # Errors
    /// The receiver has not said that it took it.
    pub fn post(&self, notice: Notice) -> Result<(), Trouble> {
        let timestamp = notice.unix_s.to_string();
        let parts = [timestamp.as_bytes(), b".", notice.body.as_bytes()];
        let signature = ["sha256=", &signature(self.secret.as_bytes(), &parts)].concat();
        let headers = [
            ("Content-Type", "application/json"),
            ("User-Agent", concat!("goipd/", env!("CARGO_PKG_VERSION"))),
            ("X-Goipd-Event", notice.event),
            ("X-Goipd-Seq", &notice.seq.to_string()),
            ("X-Goipd-Timestamp", &timestamp),
            ("X-Goipd-Signature", &signature),
        ];
        #[cfg(feature = "https")]
        if self.url.starts_with("https:") {
            return judged(super::https::post(self, &headers, &notice.body)?);
        }
        judged(self.plain(&headers, notice.body)?)
    }

    /// The status of the answer to a request without TLS.
    ///
    /// The library behind this runs it in a thread of its own, which only outlives a request that
    /// timed out where the lookup of a name hangs.
    fn plain(&self, headers: &[(&str, &str)], body: Box<str>) -> Result<u16, Trouble> {
        let mut request = minreq::post(&*self.url)
            .with_header("Connection", "close")
            .with_timeout(self.timeout_s.into())
            .with_follow_redirects(false)
            .with_max_status_line_length(STATUS_LINE_MAX_BYTES)
            .with_max_headers_size(HEAD_MAX_BYTES)
            .with_body(String::from(body));
        for (name, value) in headers {
            request = request.with_header(*name, *value);
        }
        let answer = request.send_lazy().map_err(|e| match e {
            minreq::Error::IoError(e) => lost(&e),
            _ => Trouble::Lost(Words::new("not an HTTP answer")),
        })?;
        match answer.status_code {
            // What the library makes of a connection that was closed without an answer.
            503 if answer.headers.is_empty() => Err(Trouble::Lost(Words::new("no answer"))),
            code => Ok(code),
        }
    }
}

fn judged(code: u16) -> Result<(), Trouble> {
    if (200..300).contains(&code) { Ok(()) } else { Err(Trouble::Status(code)) }
}

pub(super) fn lost(error: &io::Error) -> Trouble {
    Trouble::Lost(Words::new(&error.kind().to_string()))
}
