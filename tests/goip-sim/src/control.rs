//! The control port: commands in lines of text, an answer for each. No meaning of a command.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::sleep;
use std::time::Duration;

use crate::serve::{POLL, Shared};
use crate::{Command, HELP, Job};

/// A line longer than any command.
const LINE_BYTES: usize = 8192;

/// A client that does not take its answer for so long is given up: it holds up all others.
const WRITE_LIMIT: Duration = Duration::from_secs(1);

/// A client, and what it has sent of its next line.
struct Client {
    stream: TcpStream,
    line: Vec<u8>,
}

/// Serves the control port until the simulation ends.
pub(crate) fn run(listener: &TcpListener, shared: &Shared) {
    let mut clients: Vec<Client> = Vec::new();
    while !shared.is_stopped() {
        if let Ok((stream, _)) = listener.accept()
            && stream.set_nonblocking(true).is_ok()
            && stream.set_write_timeout(Some(WRITE_LIMIT)).is_ok()
        {
            clients.push(Client { stream, line: Vec::new() });
        }
        clients.retain_mut(|client| client.serve(shared));
        sleep(POLL);
    }
}

impl Client {
    /// Reads what has come and answers it; `false` when the client is gone.
    fn serve(&mut self, shared: &Shared) -> bool {
        let mut chunk = [0; 1024];
        let stays = match self.stream.read(&mut chunk) {
            Ok(0) => false,
            Ok(count) => {
                self.line.extend_from_slice(&chunk[..count]);
                true
            }
            Err(error) => return matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        };
        while let Some(end) = self.line.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.line.drain(..=end).collect();
            let answer = answer(shared, String::from_utf8_lossy(&line).trim());
            if self.stream.set_nonblocking(false).is_err()
                || self.stream.write_all(answer.as_bytes()).is_err()
                || self.stream.set_nonblocking(true).is_err()
            {
                return false;
            }
        }
        stays && self.line.len() <= LINE_BYTES
    }
}

/// `ok …` or `error …`, and behind an `ok` the lines it announces.
fn answer(shared: &Shared, line: &str) -> String {
    match line {
        "help" => format!("ok {} lines\n{HELP}", HELP.lines().count()),
        "air" => list(&shared.settle(|model, _| model.air()), job),
        "jobs" => list(&shared.settle(|model, _| model.jobs()), job),
        "requests" => list(&shared.settle(|model, _| model.requests()), |request| {
            let (at, method) = (request.arrived_ms, &request.method);
            format!("{at} ms {method} {}?{} {:?}", request.path, request.query, request.body)
        }),
        _ => match line
            .parse::<Command>()
            .and_then(|c| shared.settle(|model, now_ms| model.command(now_ms, c)))
        {
            Ok(()) => format!("ok {line}\n"),
            Err(why) => format!("error {why}\n"),
        },
    }
}

fn list<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    let mut answer = format!("ok {} lines\n", items.len());
    for item in items {
        // Writing to a string does not fail.
        let _ = writeln!(answer, "{}", show(item));
    }
    answer
}

fn job(job: &Job) -> String {
    let ended = job.ended_ms.map_or_else(|| "…".to_owned(), |ms| ms.to_string());
    format!("{}-{ended} ms {job} {:?}", job.started_ms, job.end)
}
