//! What the relay answers: status, headers and body, before they are bytes.

use std::borrow::Cow;

use super::denied::{Denied, status};
use crate::api::json;
use crate::message::{ErrorCode, Refusal};

/// The content type of every JSON body (RFC 8259 clause 11: it has no charset).
pub const JSON: &str = "application/json";

/// That of the box's own pages, without a charset: programs guess as they are used to.
pub const HTML: &str = "text/html";

/// Seconds after which a refusal that passes is worth another try, unless something better is
/// known.
const RETRY_AFTER_S: u32 = 5;

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// What the body is; empty if there is none.
    pub content_type: &'static str,
    /// Further headers.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// The body.
    pub body: Cow<'static, [u8]>,
}

impl Reply {
    /// A reply with this body.
    pub fn new(status: u16, content_type: &'static str, body: impl Into<Cow<'static, [u8]>>) -> Self {
        Self { status, content_type, headers: Vec::new(), body: body.into() }
    }

    /// A reply whose body is this JSON.
    pub fn json(status: u16, body: String) -> Self {
        Self::new(status, JSON, body.into_bytes())
    }

    /// One of the box's own pages.
    pub fn page(body: String) -> Self {
        Self::new(200, HTML, body.into_bytes())
    }

    /// A reply without a body.
    pub fn empty() -> Self {
        Self::new(204, "", &[][..])
    }

    /// The same with one more header.
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A refusal in the form of the clean API.
    pub fn refused(refusal: &Refusal) -> Self {
        Self::refused_as(status(refusal.code), refusal)
    }

    /// The same with another status.
    pub fn refused_as(status: u16, refusal: &Refusal) -> Self {
        let mut body = String::new();
        json::plain_refusal(&mut body, refusal);
        let reply = Self::json(status, body);
        match refusal.code {
            ErrorCode::QueueFull | ErrorCode::Storage | ErrorCode::TooMany => {
                reply.with("Retry-After", RETRY_AFTER_S.to_string())
            }
            // RFC 9110 clause 11.6.1: it has to name what would do.
            ErrorCode::Unauthorized => reply.with("WWW-Authenticate", "Bearer"),
            _ => reply,
        }
    }

    /// The refusal of who may not, or not now.
    pub fn denied(denied: &Denied) -> Self {
        let reply = Self::refused(&denied.refusal);
        match denied.retry_after_s {
            Some(seconds) => reply.with("Retry-After", seconds.to_string()),
            None => reply,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
        reply.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_ref())
    }

    #[test]
    fn a_refusal_has_its_status_and_the_headers_that_belong_to_it() {
        let refused = |code| Reply::refused(&Refusal::new(code, "why"));
        let full = refused(ErrorCode::QueueFull);
        assert_eq!((full.status, full.content_type), (503, JSON));
        assert_eq!(*full.body, *br#"{"error":"queue_full","message":"why"}"#);
        assert_eq!(header(&full, "Retry-After"), Some("5"));
        let login = refused(ErrorCode::Unauthorized);
        assert_eq!((login.status, header(&login, "WWW-Authenticate")), (401, Some("Bearer")));
        let number = refused(ErrorCode::InvalidNumber);
        assert_eq!((number.status, number.headers.len()), (422, 0));
    }

    #[test]
    fn who_comes_too_often_is_told_when_to_come_again() {
        let refusal = Refusal::new(ErrorCode::RateLimited, "too often");
        let reply = Reply::denied(&Denied { refusal, retry_after_s: Some(17) });
        assert_eq!((reply.status, header(&reply, "Retry-After")), (429, Some("17")));
        assert_eq!(reply.headers.len(), 1);
    }
}
