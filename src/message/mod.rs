//! The nouns: a message, its number and text, its state, the line it goes out on, and the
//! errors with their codes. Nothing here does I/O, reads a clock or knows a transport.

mod amount;
mod at;
mod client;
mod consumer;
mod error;
mod fold;
mod gsm7;
mod line;
mod number;
mod packed;
mod pattern;
mod problem;
mod quoted;
mod received;
mod senders;
mod spelling;
mod state;
mod text;

pub use amount::Amount;
pub use at::{At, MAX_AHEAD_S};
pub use client::{ClientId, ClientName};
pub use consumer::{ConsumerName, MAX_CONSUMER_BYTES};
pub use error::{ErrorCode, Refusal};
pub use fold::{folded, squeezed};
pub use line::{DeviceName, JobId, LineId, LineName, Part};
pub use number::{Masked, Number};
pub use packed::{NumberMark, PackedNumber};
pub use pattern::{MAX_PATTERN_BYTES, Pattern};
pub use problem::{Problem, ProblemCode, Words};
pub use quoted::{Quoted, is_unprintable};
pub use received::{DEVICE_TIME_MAX_BYTES, DeviceTime, ReceivedId, SENDER_MAX_BYTES, Sender};
pub use senders::Senders;
pub use spelling::Spelling;
pub use state::{OnUnknown, Priority, State};
pub(crate) use text::foreign;
pub use text::{Encoding, MAX_TEXT_BYTES, Shape, check_text, shape};

/// The id of an accepted message: from 1, only ever growing, also across restarts.
pub type MessageId = u32;
