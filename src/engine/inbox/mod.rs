//! Received messages: which entries of a box's inbox page are new, when they came, and which of
//! them are the parts of one long message. Pure: what is known goes in, what follows comes out;
//! writing it down is the caller's.
//!
//! * [`Window`] is what goipd remembers of a line's inbox. It is made of records alone: what is in
//!   memory is what the same records make after a restart. See there for how.
//! * [`device_unix_s`] gives the box's time its year.
//! * [`joined`] finds long messages among their parts.
//!
//! What this promises, and what no program can know, is in `docs/inbox.md`.

mod join;
mod time;
mod window;

pub use join::{JOIN_WITHIN_S, MAX_PARTS, Piece, joined, may_go_on};
pub use time::device_unix_s;
pub use window::{FULL_SLOTS, Mark, REMEMBERED, Seen, Window};
