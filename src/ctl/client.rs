//! The connection to the daemon: a request line out, a reply line in. What they say is not
//! looked at.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::{Exit, Failure};
use crate::api::json::{Object, object};

/// How long the daemon may take to accept a connection and a request. Its loop never waits for
/// the disk, so one that takes longer hangs.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a reply may take, a wait's own time not counted. The reply to a `send` is held back
/// until the message is on flash, which takes seconds on a full jffs2.
const REPLY_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest reply that is read, in bytes. A page of a list ends at 48 KiB; the rest is room for
/// other versions.
const REPLY_MAX_BYTES: u64 = 128 * 1024;

/// A request as it goes over the socket.
pub(super) struct Request {
    line: String,
    /// Whether it changes something, so that a lost reply leaves open what was done.
    acts: bool,
    /// How long the daemon waits by request before it replies.
    wait: Duration,
}

impl Request {
    /// A request that changes nothing; `fill` writes its fields.
    pub fn asking(op: &str, fill: impl Fn(&mut Object<'_>)) -> Self {
        Self::filled(op, &fill, false)
    }

    /// [`Self::asking`] and [`Self::acting`], once for all that they are asked to write.
    fn filled(op: &str, fill: &dyn Fn(&mut Object<'_>), acts: bool) -> Self {
        let mut line = String::new();
        object(&mut line, |o| {
            o.string("op", op);
            fill(o);
        });
        line.push('\n');
        Self::of(line, acts)
    }

    /// The request that `line` is, its line feed included.
    pub fn of(line: String, acts: bool) -> Self {
        Self { line, acts, wait: Duration::ZERO }
    }

    /// A request that changes something.
    pub fn acting(op: &str, fill: impl Fn(&mut Object<'_>)) -> Self {
        Self::filled(op, &fill, true)
    }

    /// A request that the daemon answers after `timeout_s` seconds at the latest.
    pub fn waiting(id: u32, timeout_s: u32) -> Self {
        let request = Self::asking("wait", |o| {
            o.number("id", id);
            o.number("timeout", timeout_s);
        });
        request.within(timeout_s)
    }

    /// The same, which the daemon answers after `timeout_s` seconds at the latest.
    pub fn within(self, timeout_s: u32) -> Self {
        Self { wait: Duration::from_secs(timeout_s.into()), ..self }
    }

    /// The failure of a request that went out and whose reply did not come, or said nothing.
    pub fn lost(&self, why: &str) -> Failure {
        if self.acts {
            let cure = "whether it was done is not known; see 'goipctl list' and 'goipctl lines'";
            Failure::new(Exit::Unknown, format!("{why}: {cure}"))
        } else {
            Failure::new(Exit::Unreachable, why)
        }
    }
}

/// A connection to the daemon.
pub(super) struct Client {
    stream: BufReader<UnixStream>,
    reply_timeout: Duration,
}

impl Client {
    /// Connects to the socket at `path`.
    ///
    /// # Errors
    /// `Unreachable`, with the system's reason and what to do about it.
    pub fn connect(path: &OsStr) -> Result<Self, Failure> {
        open(path, SEND_TIMEOUT).map(|stream| Self::new(stream, REPLY_TIMEOUT)).map_err(|error| {
            let cure = match error.kind() {
                ErrorKind::PermissionDenied => "run it as root, or as a member of the socket's group",
                ErrorKind::WouldBlock => "it takes no connections; restart it (service goipd restart)",
                _ => "is it running? (service goipd start)",
            };
            let path = path.to_string_lossy();
            Failure::new(Exit::Unreachable, format!("cannot reach goipd at {path}: {error}; {cure}"))
        })
    }

    fn new(stream: UnixStream, reply_timeout: Duration) -> Self {
        Self { stream: BufReader::new(stream), reply_timeout }
    }

    /// Sends `request` and returns the reply line, without its line feed.
    ///
    /// # Errors
    /// `Unreachable` if the request did not reach the daemon whole, or was a question; else
    /// [`Request::lost`] if there was no whole reply.
    pub fn exchange(&mut self, request: &Request) -> Result<String, Failure> {
        // What could not be written whole is no request: its last byte is the last one of the line.
        if let Err(error) = self.stream.get_mut().write_all(request.line.as_bytes()) {
            // The daemon may have hung up behind a refusal, such as `too_many`.
            let hung_up = error.kind() != ErrorKind::WouldBlock;
            let refusal = if hung_up { self.read(Some(Duration::ZERO)).ok() } else { None };
            return refusal.ok_or_else(|| {
                Failure::new(Exit::Unreachable, format!("goipd does not take the request: {error}"))
            });
        }
        self.read(Some(request.wait)).map_err(|why| request.lost(&why))
    }

    /// Sends `request`; its reply comes among the lines that follow.
    ///
    /// # Errors
    /// `Unreachable`.
    pub fn tell(&mut self, request: &Request) -> Result<(), Failure> {
        self.stream.get_mut().write_all(request.line.as_bytes()).map_err(|error| {
            Failure::new(Exit::Unreachable, format!("goipd does not take the request: {error}"))
        })
    }

    /// The next line, however long it takes to come.
    ///
    /// # Errors
    /// `Unreachable` if none comes any more.
    pub fn listen(&mut self) -> Result<String, Failure> {
        self.read(None).map_err(|why| Failure::new(Exit::Unreachable, why))
    }

    /// The next line, of which a part has come.
    ///
    /// # Errors
    /// `Unreachable` if the rest does not come in time.
    pub fn take_line(&mut self) -> Result<String, Failure> {
        self.read(Some(Duration::ZERO)).map_err(|why| Failure::new(Exit::Unreachable, why))
    }

    /// Whether the next line is here already.
    pub fn has_line(&self) -> bool {
        self.stream.buffer().contains(&b'\n')
    }

    /// The next line, for which the daemon waits so long by request, or for ever. Every byte may take as long as the whole: a daemon that trickles is none of
    /// ours.
    fn read(&mut self, wait: Option<Duration>) -> Result<String, String> {
        let timeout = wait.map(|wait| wait + self.reply_timeout);
        let mut line = Vec::new();
        let read = self
            .stream
            .get_ref()
            .set_read_timeout(timeout)
            .and_then(|()| self.stream.by_ref().take(REPLY_MAX_BYTES).read_until(b'\n', &mut line));
        match read {
            Ok(_) if line.pop_if(|last| *last == b'\n').is_some() => {
                String::from_utf8(line).map_err(|_| "goipd's reply is not UTF-8".into())
            }
            Ok(0) => Err("goipd closed the connection without a reply".into()),
            Ok(length) if length as u64 == REPLY_MAX_BYTES => {
                Err(format!("goipd's reply is longer than {} KiB", REPLY_MAX_BYTES / 1024))
            }
            Ok(_) => Err("goipd's reply broke off".into()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                Err(format!("goipd did not reply within {} s", timeout.unwrap_or_default().as_secs()))
            }
            Err(error) => Err(format!("goipd's reply cannot be read: {error}")),
        }
    }
}

/// Readable when the daemon has said something.
impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.get_ref().as_fd()
    }
}

/// The socket is made by hand because the standard library's `connect` has no time-out, and waits
/// for ever on a daemon that hangs with a full backlog.
fn open(path: &OsStr, timeout: Duration) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(path)?;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&socket, Timeout::Send, Some(timeout))?;
    connect(&socket, &address)?;
    Ok(UnixStream::from(socket))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::{env, fs, process};

    use rustix::net::{bind, listen};

    use super::*;

    /// Enough for a machine under load, and over before anybody wonders.
    const SHORT: Duration = Duration::from_millis(50);

    #[test]
    fn a_daemon_that_does_not_reply_is_given_up() {
        let (stream, _daemon) = UnixStream::pair().unwrap();
        let mut client = Client::new(stream, SHORT);
        let question = client.exchange(&Request::asking("ping", |_| {})).unwrap_err();
        assert_eq!(question, Failure::new(Exit::Unreachable, "goipd did not reply within 0 s"));
        let change = client.exchange(&Request::acting("send", |_| {})).unwrap_err();
        assert_eq!(change.exit, Exit::Unknown);
    }

    #[test]
    fn a_daemon_that_does_not_read_is_given_up_without_doubt() {
        let (stream, _daemon) = UnixStream::pair().unwrap();
        stream.set_write_timeout(Some(SHORT)).unwrap();
        // More than any buffer of a socket holds.
        let request = Request::acting("send", |o| o.string("text", &"x".repeat(8 << 20)));
        let failure = Client::new(stream, SHORT).exchange(&request).unwrap_err();
        assert_eq!(failure.exit, Exit::Unreachable);
    }

    #[test]
    fn a_daemon_that_accepts_nobody_is_given_up() {
        let path = env::temp_dir().join(format!("goipctl-backlog-{}", process::id()));
        let _ = fs::remove_file(&path);
        let socket =
            socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
        bind(&socket, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        listen(&socket, 0).unwrap();
        let _listener = UnixListener::from(socket);
        let mut waiting = Vec::new();
        let error = loop {
            match open(path.as_os_str(), SHORT) {
                Ok(stream) => waiting.push(stream),
                Err(error) => break error,
            }
        };
        fs::remove_file(&path).unwrap();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
}
