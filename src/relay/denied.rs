//! A refusal as the relay tells it.

use crate::message::{ErrorCode, Refusal};

/// A refused request, and when it is worth another try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// Code and sentence.
    pub refusal: Refusal,
    /// After how many seconds it may be granted, from 1: for `Retry-After` (RFC 9110 clause
    /// 10.2.3). `None`: not by waiting.
    pub retry_after_s: Option<u32>,
}

impl Denied {
    /// A refusal that waiting does not change.
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { refusal: Refusal::new(code, message), retry_after_s: None }
    }

    /// `rate_limited` for so many seconds. The sentence ends in when to try again.
    pub(super) fn rate_limited(why: &str, retry_after_s: u32) -> Self {
        let message = format!("{why}; try again in {retry_after_s} s");
        let refusal = Refusal::new(ErrorCode::RateLimited, message);
        Self { refusal, retry_after_s: Some(retry_after_s) }
    }
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, retry_after_s: None }
    }
}

/// The status code of HTTP that tells of this error (RFC 9110 clause 15, RFC 6585).
pub const fn status(code: ErrorCode) -> u16 {
    match code {
        ErrorCode::BadRequest => 400,
        ErrorCode::Unauthorized => 401,
        ErrorCode::Forbidden => 403,
        ErrorCode::NotFound => 404,
        ErrorCode::MethodNotAllowed => 405,
        ErrorCode::DuplicateKey | ErrorCode::TooLate => 409,
        ErrorCode::TooLarge => 413,
        ErrorCode::InvalidNumber
        | ErrorCode::EmptyText
        | ErrorCode::TextTooLong
        | ErrorCode::UnknownLine
        | ErrorCode::OptedOut => 422,
        ErrorCode::RateLimited => 429,
        ErrorCode::HeadersTooLarge => 431,
        ErrorCode::Internal => 500,
        ErrorCode::NotDone => 502,
        ErrorCode::QueueFull | ErrorCode::Storage | ErrorCode::TooMany => 503,
        ErrorCode::Unknown => 504,
    }
}
