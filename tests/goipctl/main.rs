//! goipctl as scripts meet it: the real program, in front of a daemon that replies by a script.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at any surprise")]

mod ask;
mod check;
mod command_line;
mod docs;
mod events;
mod lost;
mod opt_out;
mod rpcd;
mod run;
mod send;
