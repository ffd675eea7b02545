//! One client's side of HTTP/1 (RFC 9110, 9112), without its socket: bytes in, requests out;
//! responses in, bytes out. What a request means, and who may ask it, is not known here.
//!
//! It is stricter than it has to be wherever two readers could take the same bytes for different
//! requests: what is not certainly one request is refused, and its connection closed.

mod body;
mod conn;
mod head;
mod response;

pub use body::{MAX_BODY_BYTES, MAX_ENCODED_BYTES};
pub use conn::{Connection, MAX_CONNECTION_BYTES, MAX_STREAM_BYTES, Overdue, Request, Step, Timeouts};
pub use head::{Head, MAX_HEAD_BYTES, MAX_HEADERS, Method};
pub use response::{Response, reason};

use crate::message::{ErrorCode, Refusal};

/// A request that was refused before anybody looked at its meaning. Its connection closes after
/// the response, because where the next request begins is not certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The status of the response.
    pub status: u16,
    /// What its body has to say.
    pub refusal: Refusal,
}

impl Refused {
    fn new(status: u16, message: impl Into<String>) -> Self {
        let code = match status {
            413 => ErrorCode::TooLarge,
            431 => ErrorCode::HeadersTooLarge,
            _ => ErrorCode::BadRequest,
        };
        Self { status, refusal: Refusal::new(code, message) }
    }
}
