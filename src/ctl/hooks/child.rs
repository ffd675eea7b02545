//! One run of a hook: its environment, the event on its standard input, what it says in the log,
//! and its end.

use std::borrow::Cow;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, Signal, kill_process_group};

use super::{CHILD, INPUT, OUTPUT, RELOAD, Runner, STOP, left_ms};
use crate::config::Hook;
use crate::ctl::reply::Reply;
use crate::serve::poller::Flags;

/// Where a hook's own programs are found; besides this and the event its environment is empty.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

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
        let (mut child, mut output) = match start(hook, event) {
            Ok(started) => started,
            Err(error) => return End::Failed(format!("cannot be started: {error}")),
        };
        let mut input = child.stdin.take();
        let watched = ioctl_fionbio(&output, true).map_err(io::Error::from).and_then(|()| {
            self.poller.add(&output, OUTPUT, Flags::IN)?;
            let Some(input) = &input else { return Ok(()) };
            ioctl_fionbio(input, true)?;
            self.poller.add(input, INPUT, Flags::OUT)
        });
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
                    signal(&child, Signal::KILL);
                    break child.wait();
                }
                signal(&child, Signal::TERM);
                end = Some(End::Failed(format!("has not ended within {} s", hook.timeout_s)));
                deadline = now + GRACE;
            }
            let events = self.poller.wait::<8>(Some(left_ms(deadline))).unwrap_or_default();
            for (number, _) in events {
                match number {
                    STOP if self.signals.stop.came() => {
                        signal(&child, Signal::TERM);
                        (end, deadline) = (Some(End::Stopped), Instant::now() + GRACE);
                    }
                    RELOAD => self.reload |= self.signals.reload.came(),
                    CHILD => drop(self.child_ended.came()),
                    OUTPUT if !lines.read(&mut output) => self.poller.remove(&output),
                    INPUT => input = input.take().filter(|pipe| write(pipe, &mut rest)),
                    _ => {}
                }
            }
            match child.try_wait() {
                Ok(None) => {}
                Ok(Some(status)) => break Ok(status),
                Err(error) => break Err(error),
            }
        };
        if end.is_some() {
            // What it may have left behind.
            signal(&child, Signal::KILL);
        }
        // What a program in the background goes on to say is not waited for.
        for _ in 0..PIPE_BYTES / READ_BYTES {
            if !lines.read(&mut output) {
                break;
            }
        }
        lines.finish();
        end.unwrap_or_else(|| status.map_or_else(|error| End::Failed(error.to_string()), judge))
    }
}

fn start(hook: &Hook, event: &Reply<'_>) -> io::Result<(Child, io::PipeReader)> {
    let (output, writer) = io::pipe()?;
    let (program, arguments) = hook.command.split_first().ok_or(ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", PATH);
    let message = event.object("message");
    let of_message = |name: &str| message.as_ref().and_then(|m| m.text(name));
    let part = ["line", "device"].into_iter().find_map(|name| event.text(name));
    for (name, value) in [
        ("GOIP_EVENT", event.text("event")),
        ("GOIP_SEQ", event.text("seq")),
        ("GOIP_ID", of_message("id")),
        ("GOIP_FROM", of_message("from")),
        ("GOIP_TO", of_message("to")),
        ("GOIP_TEXT", of_message("text")),
        ("GOIP_STATE", of_message("state")),
        ("GOIP_LINE", of_message("line").or(part)),
    ] {
        // No environment can hold a NUL.
        let value = value.unwrap_or(Cow::Borrowed("")).replace('\0', "");
        command.env(name, value);
    }
    command.stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer).process_group(0);
    Ok((command.spawn()?, output))
}

/// Sends the signal to the hook and all that it has started.
fn signal(child: &Child, signal: Signal) {
    // They may have ended.
    let _ = kill_process_group(Pid::from_child(child), signal);
}

fn judge(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(0), _) => End::Done,
        (Some(code), _) => End::Failed(format!("has ended with exit code {code}")),
        (None, signal) => End::Failed(format!("was ended by signal {}", signal.unwrap_or_default())),
    }
}

/// Writes what the pipe takes; says whether there is more to write.
fn write(mut pipe: &std::process::ChildStdin, rest: &mut Vec<u8>) -> bool {
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
    fn read(&mut self, output: &mut io::PipeReader) -> bool {
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
        self.count += 1;
        self.line.clear();
    }

    fn finish(&mut self) {
        self.end();
        if self.count > MAX_LINES {
            log::info!("hook '{}': and {} more lines", self.hook, self.count - MAX_LINES);
        }
    }
}
