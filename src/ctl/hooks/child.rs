//! One run of a hook: its environment, the event on its standard input, what it says in the log,
//! and its end.

use std::borrow::Cow;
use std::ffi::CString;
use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal as Ignored};
use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process_group, waitpid};

use super::{CHILD, INPUT, OUTPUT, RELOAD, Runner, STOP, left_ms};
use crate::config::Hook;
use crate::ctl::reply::Reply;
use crate::serve::poller::Flags;

/// Where a hook's own programs are found; besides this and the event its environment is empty.
const PATH: &str = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";

/// A hook that is to end gets SIGTERM, and so much later SIGKILL. Whoever ends this process kills
/// it after 5 s.
const GRACE: Duration = Duration::from_secs(2);

/// The most bytes of a line of a hook's output that are told; the rest of the line is left out.
const LINE_MAX_BYTES: usize = 512;

/// The most lines of one run that are told.
const MAX_LINES: u32 = 50;

/// Bytes that are read from a hook at once.
const READ_BYTES: usize = 4096;

/// What a pipe holds (`pipe(7)`).
const PIPE_BYTES: usize = 64 * 1024;

/// How a run has ended.
pub(super) enum End {
    /// With exit code 0.
    Done,
    /// In any other way; in words that follow the hook's name.
    Failed(String),
    /// Because this process is to end.
    Stopped,
}

impl Runner {
    /// Runs the hook for the event, which came as `line`.
    pub(super) fn execute(&mut self, hook: &Hook, event: &Reply<'_>, line: &str) -> End {
        let (pid, input, mut output) = match start(hook, event) {
            Ok(started) => started,
            Err(error) => return End::Failed(format!("cannot be started: {error}")),
        };
        let watched = ioctl_fionbio(&output, true).map_err(io::Error::from).and_then(|()| {
            ioctl_fionbio(&input, true)?;
            self.poller.add(&output, OUTPUT, Flags::IN)?;
            self.poller.add(&input, INPUT, Flags::OUT)
        });
        let mut input = Some(input);
        // Why it is made to end.
        let mut end = watched.err().map(|error| End::Failed(format!("cannot be watched: {error}")));
        let timeout = Duration::from_secs(hook.timeout_s.into());
        let mut deadline = Instant::now() + if end.is_some() { Duration::ZERO } else { timeout };
        let mut lines = Lines { hook: &hook.name, line: Vec::new(), count: 0 };
        let mut rest = [line, "\n"].concat().into_bytes();
        let status = loop {
            let now = Instant::now();
            if deadline <= now {
                if end.is_some() {
                    signal(pid, Signal::KILL);
                    break wait(pid, WaitOptions::empty());
                }
                signal(pid, Signal::TERM);
                end = Some(End::Failed(format!("has not ended within {} s", hook.timeout_s)));
                deadline = now + GRACE;
            }
            let events = self.poller.wait::<8>(Some(left_ms(deadline))).unwrap_or_default();
            for (number, _) in events {
                match number {
                    STOP if self.signals.stop.came() => {
                        signal(pid, Signal::TERM);
                        (end, deadline) = (Some(End::Stopped), Instant::now() + GRACE);
                    }
                    RELOAD => self.reload |= self.signals.reload.came(),
                    CHILD => drop(self.child_ended.came()),
                    OUTPUT if !lines.read(&mut output) => self.poller.remove(&output),
                    INPUT => {
                        input = input.take().and_then(|mut pipe| write(&mut pipe, &mut rest).then_some(pipe))
                    }
                    _ => {}
                }
            }
            let ended = wait(pid, WaitOptions::NOHANG);
            if ended.is_some() {
                break ended;
            }
        };
        if end.is_some() {
            // What it may have left behind.
            signal(pid, Signal::KILL);
        }
        // What a program in the background goes on to say is not waited for.
        for _ in 0..PIPE_BYTES / READ_BYTES {
            if !lines.read(&mut output) {
                break;
            }
        }
        lines.finish();
        end.unwrap_or_else(|| judge(status))
    }
}

/// Starts the hook; gives it with its standard input, and its output.
///
/// This is `posix_spawn` by itself: the standard library's `Command` can do more, and takes 25 KiB
/// on a router.
fn start(hook: &Hook, event: &Reply<'_>) -> io::Result<(Pid, PipeWriter, PipeReader)> {
    let (output, writer) = io::pipe()?;
    let (reader, input) = io::pipe()?;
    let mut files = PosixSpawnFileActions::init()?;
    for (fd, place) in [(reader.as_raw_fd(), 0), (writer.as_raw_fd(), 1), (writer.as_raw_fd(), 2)] {
        files.add_dup2(fd, place)?;
    }
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_flags(PosixSpawnFlags::POSIX_SPAWN_SETPGROUP | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF)?;
    // A group of its own.
    attributes.set_pgroup(nix::unistd::Pid::from_raw(0))?;
    // Ignored in every program of Rust's; whoever writes to `head` has to be ended by it.
    let mut signals = SigSet::empty();
    signals.add(Ignored::SIGPIPE);
    attributes.set_sigdefault(&signals)?;
    let mut arguments = Vec::new();
    for word in &hook.command {
        arguments.push(CString::new(word.as_str())?);
    }
    let program = arguments.first().ok_or(ErrorKind::InvalidInput)?;
    let pid = posix_spawn(program.as_c_str(), &files, &attributes, &arguments, &environment(event))?;
    let pid = Pid::from_raw(pid.as_raw()).ok_or(ErrorKind::InvalidData)?;
    Ok((pid, input, output))
}

fn environment(event: &Reply<'_>) -> Vec<CString> {
    let message = event.object("message");
    let of_message = |name: &str| message.as_ref().and_then(|m| m.text(name));
    let part = ["line", "device"].into_iter().find_map(|name| event.text(name));
    let mut environment = vec![PATH.to_owned()];
    for (name, value) in [
        ("GOIP_EVENT=", event.text("event")),
        ("GOIP_SEQ=", event.text("seq")),
        ("GOIP_ID=", of_message("id")),
        ("GOIP_FROM=", of_message("from")),
        ("GOIP_TO=", of_message("to")),
        ("GOIP_TEXT=", of_message("text")),
        ("GOIP_STATE=", of_message("state")),
        ("GOIP_LINE=", of_message("line").or(part)),
    ] {
        environment.push([name, &value.unwrap_or(Cow::Borrowed(""))].concat());
    }
    let mut variables = Vec::new();
    for mut variable in environment {
        // No environment can hold a NUL.
        variable.retain(|c| c != '\0');
        variables.extend(CString::new(variable));
    }
    variables
}

/// Sends the signal to the hook and all that it has started.
fn signal(hook: Pid, signal: Signal) {
    // They may have ended.
    let _ = kill_process_group(hook, signal);
}

/// How the hook has ended, if it has.
fn wait(hook: Pid, options: WaitOptions) -> Option<WaitStatus> {
    loop {
        match waitpid(Some(hook), options) {
            Err(rustix::io::Errno::INTR) => {}
            ended => return ended.ok().flatten().map(|(_, status)| status),
        }
    }
}

fn judge(status: Option<WaitStatus>) -> End {
    let code = status.and_then(WaitStatus::exit_status);
    let signal = status.and_then(WaitStatus::terminating_signal);
    match (code, signal) {
        (Some(0), _) => End::Done,
        (Some(code), _) => End::Failed(format!("has ended with exit code {code}")),
        (None, signal) => End::Failed(format!("was ended by signal {}", signal.unwrap_or_default())),
    }
}

/// Writes what the pipe takes; says whether there is more to write.
fn write(pipe: &mut PipeWriter, rest: &mut Vec<u8>) -> bool {
    match pipe.write(rest) {
        Ok(count) => drop(rest.drain(..count)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
        // It does not want to know.
        Err(_) => rest.clear(),
    }
    !rest.is_empty()
}

/// What a hook says, on its way to the log.
struct Lines<'a> {
    hook: &'a str,
    /// The line so far.
    line: Vec<u8>,
    count: u32,
}

impl Lines<'_> {
    /// Takes what is there; says whether more may come.
    fn read(&mut self, output: &mut PipeReader) -> bool {
        let mut bytes = [0; READ_BYTES];
        match output.read(&mut bytes) {
            Ok(count) => {
                self.take(&bytes[..count]);
                count > 0
            }
            Err(error) => error.kind() == ErrorKind::Interrupted,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' {
                self.end();
            } else if self.line.len() < LINE_MAX_BYTES {
                self.line.push(byte);
            }
        }
    }

    fn end(&mut self) {
        if self.line.is_empty() {
            return;
        }
        if self.count < MAX_LINES {
            log::info!("hook '{}': {}", self.hook, String::from_utf8_lossy(&self.line));
        }
        self.count = self.count.saturating_add(1);
        self.line.clear();
    }

    fn finish(&mut self) {
        self.end();
        if self.count > MAX_LINES {
            log::info!("hook '{}': and {} more lines", self.hook, self.count - MAX_LINES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_that_never_stops_talking_does_not_end_the_process() {
        let mut lines = Lines { hook: "chatty", line: Vec::new(), count: u32::MAX - 1 };
        lines.take(b"y\ny\ny\n");
        lines.finish();
        assert_eq!(lines.count, u32::MAX);
    }
}
