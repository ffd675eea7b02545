//! The device: requests out, pages in. *Acting* (a send) goes over a socket of our own, so that
//! it is known how far the request got; *asking* (the status) is idempotent and goes through an
//! HTTP library. No queueing here, and no rule about messages.

mod act;
mod answer;
mod ask;
mod device;
mod encode;
mod inbox;
mod lines;
mod markup;
mod report;
mod status;
#[cfg(test)]
mod testing;
mod worker;

pub use answer::{End, parse_answer};
pub use device::{Device, LOGIN_MAX_BYTES, NumberFormat};
pub use encode::encoded_len;
pub use inbox::{INBOX_MAX_BYTES, InboxEntry, InboxLine, InboxReader, MAX_SLOTS};
pub use lines::{BoxFacts, Identity, LineFacts, LinePage, LinePart, parse_lines};
pub use report::{
    Act, AskError, ByForm, Deed, JobStatus, LineStatus, MAX_LINES, Phase, SendAnswer, SendOutcome, StatusPage,
};
pub use status::parse_status;
pub use worker::{Job, Report, STACK_BYTES, spawn};
