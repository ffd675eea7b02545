//! Webhooks: events that go out as requests, each webhook with a thread of its own that does
//! nothing but these. When which event goes is decided here without I/O; whose turn it is, what
//! stands in the journal and the threads' ends are the loop's.

mod courier;
#[cfg(feature = "https")]
mod https;
mod post;
mod sign;
mod worker;

pub use courier::{Courier, FIRST_PAUSE_MS, GIVE_UP_MS, MAX_PAUSE_MS, Outcome, SKIP_NOTE};
pub use post::{HEAD_MAX_BYTES, Notice, Receiver, Trouble};
pub use sign::signature;
pub use worker::{Job, Report, STACK_BYTES, spawn};
