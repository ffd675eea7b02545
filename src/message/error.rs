//! Why a request was refused: a code for programs, a sentence for people.

use core::fmt;

/// The codes of refused requests, the same on every door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// Not a request of a known form, an unknown field, or a NUL in a text.
    BadRequest,
    /// No login, or a wrong one.
    Unauthorized,
    /// Logged in, but not allowed to do this.
    Forbidden,
    /// No such message, page or consumer.
    NotFound,
    /// The page exists, the method does not.
    MethodNotAllowed,
    /// The key was used before with another request.
    DuplicateKey,
    /// The message is past the state in which this could be done.
    TooLate,
    /// The request is larger than the door takes.
    TooLarge,
    /// The request's head is larger than the door takes.
    HeadersTooLarge,
    /// Not a phone number.
    InvalidNumber,
    /// A text without a character.
    EmptyText,
    /// More bytes or segments than are allowed.
    TextTooLong,
    /// No such device or line is configured.
    UnknownLine,
    /// The number has asked for no more messages.
    OptedOut,
    /// The client has sent its share for now.
    RateLimited,
    /// A defect in goipd.
    Internal,
    /// The queue has no room.
    QueueFull,
    /// The journal cannot be written.
    Storage,
    /// More clients or waits than goipd serves at once.
    TooMany,
    /// The box did not do what it was to do.
    NotDone,
    /// The box may or may not have done what it was to do.
    Unknown,
}

impl ErrorCode {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::DuplicateKey,
        Self::TooLate,
        Self::TooLarge,
        Self::HeadersTooLarge,
        Self::InvalidNumber,
        Self::EmptyText,
        Self::TextTooLong,
        Self::UnknownLine,
        Self::OptedOut,
        Self::RateLimited,
        Self::Internal,
        Self::QueueFull,
        Self::Storage,
        Self::TooMany,
        Self::NotDone,
        Self::Unknown,
    ];

    /// The code's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::DuplicateKey => "duplicate_key",
            Self::TooLate => "too_late",
            Self::TooLarge => "too_large",
            Self::HeadersTooLarge => "headers_too_large",
            Self::InvalidNumber => "invalid_number",
            Self::EmptyText => "empty_text",
            Self::TextTooLong => "text_too_long",
            Self::UnknownLine => "unknown_line",
            Self::OptedOut => "opted_out",
            Self::RateLimited => "rate_limited",
            Self::Internal => "internal",
            Self::QueueFull => "queue_full",
            Self::Storage => "storage",
            Self::TooMany => "too_many",
            Self::NotDone => "not_done",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A refused request: nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For programs.
    pub code: ErrorCode,
    /// For people: the thing, the place and the cure, in one sentence without a full stop.
    pub message: String,
}

impl Refusal {
    /// A refusal with this code and sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}
