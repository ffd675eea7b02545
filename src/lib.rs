//! goipd: an SMS daemon for routers, in front of GoIP GSM gateways.
//!
//! One small program with two names: `goipd`, the daemon that owns the box and keeps every
//! message it has accepted, and `goipctl`, its control program. Every room below says in its
//! first lines what lives there and what never does.

pub mod api;
mod calendar;
pub mod config;
pub mod ctl;
mod deque;
mod due;
pub mod engine;
pub mod goip;
pub mod journal;
pub mod mailbox;
pub mod message;
pub mod notify;
mod packed;
pub mod relay;
pub mod serve;
mod worker;
pub mod zone;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// The program: the control program if it was called `goipctl`, otherwise the daemon.
/// `arguments` begin with the program's name.
pub fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let name = arguments.next().unwrap_or_default();
    if Path::new(&name).file_name().is_some_and(|name| name == "goipctl") {
        ctl::main(arguments)
    } else {
        serve::main(arguments)
    }
}
