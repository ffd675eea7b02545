//! What the HTTP relay means: routes, the GoIP-compatible pages. No sockets and no framing here.

pub mod goip;
