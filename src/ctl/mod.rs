//! goipctl, the control program: its command line, its talk with the daemon, and how it shows
//! what it hears. What a request means is for the daemon to say, and nothing is kept here.

mod args;
mod check;
mod client;
mod help;
mod hooks;
mod opt_out;
mod output;
mod reply;
mod rpcd;
mod session;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use args::{Invocation, Task};
use client::Client;
use output::Output;
use session::Session;

/// Where goipd listens if nothing else is configured or asked for.
const DEFAULT_SOCKET: &str = "/var/run/goipd/goipd.sock";

/// The environment variable that says where goipd listens; `--socket` goes before it.
const SOCKET_VARIABLE: &str = "GOIPD_SOCKET";

/// How a run that is not done ends, as scripts see it; `goipctl --help` lists the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Exit {
    /// The message failed, expired or was cancelled, or a box did not pass `check --live`.
    Failed = 1,
    /// The command line is wrong; goipd was not asked.
    Usage = 2,
    /// Nobody knows: the message's state is `unknown`, or the answer to a request that changes
    /// something was lost.
    Unknown = 3,
    /// goipd did not get the request, or a question stayed without an answer.
    Unreachable = 4,
    /// goipd refused the request, or the configuration has errors.
    Refused = 5,
    /// The time of `--wait` is up; goipd goes on with the message.
    WaitRanOut = 6,
}

/// Why a run ends early.
#[derive(Debug, PartialEq, Eq)]
struct Failure {
    exit: Exit,
    /// For people, without a full stop.
    message: String,
}

impl Failure {
    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }
}

/// Runs goipctl with the arguments behind the program's name and returns its exit code. Answers
/// go to standard output, sentences about what went wrong to standard error.
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    match run(args.collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure.message);
            ExitCode::from(failure.exit as u8)
        }
    }
}

fn run(args: Vec<OsString>) -> Result<(), Failure> {
    let Invocation { socket, json, task } = args::parse(args)?;
    let mut output = Output::new(json);
    let socket = socket.or_else(|| env::var_os(SOCKET_VARIABLE));
    match task {
        Task::Show(text) => output.text(&text),
        Task::Check(check) => check.run(&mut output),
        Task::Hooks(hooks) => hooks.run(socket, &mut output),
        Task::Ask(question) => {
            let socket = socket.unwrap_or_else(|| DEFAULT_SOCKET.into());
            Session::new(Client::connect(&socket)?, output).ask(question)
        }
        Task::Rpcd(wish) => wish.run(socket),
    }
}
